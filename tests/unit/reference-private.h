/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef XFSM_TESTS_REFERENCE_PRIVATE_H
#define XFSM_TESTS_REFERENCE_PRIVATE_H 1

/* What the files of the reference executor share: reference.c runs events,
 * handlers and timers, reference-eval.c walks selectors, expressions and
 * texts. */

#include "tests/unit/reference-store.h"
#include "tests/unit/reference.h"
#include "xfsm/packet/fragments.h"
#include "xfsm/runtime/clock.h"

struct ref_timer {
    struct ref_timer *next;
    uint16_t class;
    struct ref_key key, primary;
    struct xfsm_key shape;      /* Fields of 'primary'. */
    uint64_t deadline, delay;   /* ns. */
    uint64_t order;             /* Of arming. */
    struct xfsm_packet packet;  /* That armed it, data and scratch owned. */
};

struct reference {
    const struct xfsm_program *program;
    const struct xfsm_identity *identity;
    struct eh_lines events;

    struct xfsm_seed seed;      /* Zeros: of 'fragments' alone. */
    struct xfsm_fragments *fragments;
    uint64_t now;               /* ns; never goes back. */
    uint64_t shift;             /* 'now' less the clock of packets. */
    uint64_t strays[XFSM_CLOCK_CONFIRM];    /* Clocks far behind, in a row. */
    int n_strays;
    uint64_t packet_no;
    struct ref_map states;
    struct ref_map tables[XFSM_MAX_TABLES];
    struct ref_detector detectors[XFSM_MAX_METRICS];
    struct ref_monitor monitors[XFSM_MAX_METRICS];
    struct ref_timer *timers;
    uint64_t order;             /* Of the timer armed last. */
    uint64_t n_timeouts;
    bool started;
    uint64_t due[XFSM_MAX_EVENTS];      /* Of events of type period. */
    unsigned int hops;          /* Of what is published now. */
};

/* A handler being run. */
struct ref_run {
    struct reference *r;
    const struct xfsm_handler *handler;
    const struct xfsm_packet *packet;   /* Decoded. */
    const struct ref_key *primary;
    const struct xfsm_key *shape;       /* Fields of 'primary'. */
    uint64_t now;               /* ns: of the packet or the timer. */
    size_t raw_max;             /* Bytes that a raw event carries. */
    uint16_t next_state;        /* That the key enters, or XFSM_NONE. */
    bool suspect;
    double metrics[XFSM_MAX_METRICS];
    double features[XFSM_MAX_FEATURES];
};

/* Does the packet pass?  NULL passes all. */
bool ref_select(const struct reference *, const struct xfsm_selector *,
                const struct xfsm_packet *);

/* Value of an expression. */
double ref_eval(const struct ref_run *, const struct xfsm_expr *);

/* Text with everything substituted, cut at the limit; the caller frees it. */
char *ref_text(const struct ref_run *, const struct xfsm_text *,
               size_t *lenp);

/* Puts 'text' together as the value of a table.  Returns its length. */
size_t ref_table_text(const struct ref_run *, const struct xfsm_text *text,
                      char value[XFSM_MAX_TABLE_TEXT + 1]);

/* Does an action of a table of texts. */
void ref_set_text(const struct ref_run *, const struct xfsm_action *);

/* What a table of texts has at 'run->now'; NULL if it has none for the key in
 * this packet. */
const struct ref_node *ref_table_find(const struct reference *,
                                      uint16_t table, const struct xfsm_key *,
                                      const struct xfsm_packet *,
                                      uint64_t now);

/* A table's value at 'now' (ns); false if it has none for the key in this
 * packet. */
bool ref_table_get(const struct reference *, uint16_t table,
                   const struct xfsm_key *key, const struct xfsm_packet *,
                   uint64_t now, double *value);

/* ## Time (xfsm/runtime/clock.h) ## */

/* May the clock of packets, at 'ts' (ns), move time? */
bool ref_clock_follows(const struct reference *, uint64_t ts);

/* Looks at the time of a packet.  Believes packets that are far behind if
 * there are enough of them and each is near the one before. */
void ref_clock_consider(struct reference *, uint64_t ts);

#endif /* tests/unit/reference-private.h */
