/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef XFSM_ENGINE_PRIVATE_H
#define XFSM_ENGINE_PRIVATE_H 1

/* What an engine is, for the files that make it up: engine.c runs packets,
 * engine-load.c has programs come and go, engine-state.c saves and restores,
 * engine-info.c tells what it counted. */

#include "xfsm/engine.h"
#include "xfsm/runtime/exec.h"

struct xfsm_engine {
    struct xfsm_exec exec;
    struct xfsm_fieldset wants; /* By any program. */
    unsigned int n;             /* Programs. */
    struct xfsm_instance *programs[XFSM_MAX_PROGRAMS];
    struct xfsm_match *matches[XFSM_MAX_PROGRAMS];      /* XFSM_BATCH each. */
    struct xfsm_fragments *fragments;   /* Ports of IP fragments. */
    char *identity;             /* Text of the options' identity. */
    struct xfsm_str in_port, bridge;    /* In it. */
    struct xfsm_fieldset port_fields;   /* Of these two, what is wanted and
                                         * known... */
    bool names_port;                    /* ...and whether there is any. */
    uint64_t packet_no;
    struct xfsm_engine_stats retired;   /* Of programs that are gone. */

    /* Where xfsm_engine_run_some() left off, before a packet: how many from
     * that one on are decoded, and counted; and whether these lack what is
     * wanted since. */
    size_t n_decoded;
    bool redecode;

    bool overdue;               /* xfsm_engine_advance_some() left off. */
};

/* Index of the program called 'name', or e->n. */
unsigned int xfsm_engine_find(const struct xfsm_engine *, const char *name);

/* Runs the stop events of a program, and lets the others hear of it. */
void xfsm_engine_stop_program(struct xfsm_engine *, unsigned int i);

/* Frees those of a program, or NULL. */
void xfsm_engine_destroy_matches(struct xfsm_match *);

/* Adds what the tables of a program count to 'stats'. */
void xfsm_engine_add_evictions(const struct xfsm_instance *,
                               struct xfsm_engine_stats *stats);

#endif /* xfsm/engine-private.h */
