/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef XFSM_TESTS_REFERENCE_STORE_H
#define XFSM_TESTS_REFERENCE_STORE_H 1

/* What the reference executor remembers: exact, unbounded, simple.
 *
 * Where the engine has sketches and tables of fixed size, these are binary
 * trees of whole keys (tsearch()).  Semantics are those of the language, with
 * the two rules of the detector's header that a program can see: when the
 * filters swap.
 *
 * Ownership: keys passed in are copied.  Thread-safety: none. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "xfsm/packet/packet.h"
#include "tests/unit/reference-summary.h"
#include "xfsm/program/model.h"

/* Builds the value of 'key' in 'packet'; false if a field is absent. */
bool ref_key_build(const struct xfsm_key *key, const struct xfsm_packet *,
                   struct ref_key *value);

/* Same, from the text of a table's entry. */
bool ref_key_parse(const struct xfsm_key *key, const char *text,
                   struct ref_key *value);
void ref_key_copy(struct ref_key *to, const struct ref_key *from);
bool ref_key_equal(const struct ref_key *, const struct ref_key *);
void ref_key_free(struct ref_key *);

/* A map from keys to what is known of one: whoever has the map decides which
 * of the members mean something. */
struct ref_node {
    struct ref_key key;
    double value;
    char text[XFSM_MAX_TABLE_TEXT + 1];     /* Of a table of texts... */
    size_t len;                 /* ...and its length. */
    uint64_t time;              /* ns. */
    uint64_t touch;             /* Of the last write, in whole s. */
    bool declared;              /* Never forgotten. */
    uint16_t state;
};

struct ref_map {
    void *root;
    size_t n;
};

/* The same as ref_map_find() and ref_map_add(), but for keys that are
 * forgotten 'ttl' s after they were written; 0: never. */
struct ref_node *ref_map_find_live(const struct ref_map *,
                                   const struct ref_key *, uint64_t ttl,
                                   uint64_t now);
struct ref_node *ref_map_write(struct ref_map *, const struct ref_key *,
                               uint64_t ttl, uint64_t now);

struct ref_node *ref_map_find(const struct ref_map *, const struct ref_key *);

/* Finds or adds, zeroed. */
struct ref_node *ref_map_add(struct ref_map *, const struct ref_key *);
void ref_map_remove(struct ref_map *, const struct ref_key *);
void ref_map_clear(struct ref_map *);

/* Variation detector: two sets. */
struct ref_detector {
    struct ref_map learning, detecting;
    size_t design;              /* Keys at which they swap. */
    uint64_t reset_after;       /* ns, 0: never by time. */
    uint64_t last_swap;
    bool started;               /* 'last_swap' means something. */
    struct ref_detector *slave; /* Or NULL. */
    bool swapping;              /* Ends a ring of slaves. */
};

void ref_detector_init(struct ref_detector *, const struct xfsm_metric *);
bool ref_detector_get(struct ref_detector *, const struct ref_key *,
                      uint64_t now);
void ref_detector_set(struct ref_detector *, const struct ref_key *,
                      uint64_t now);
void ref_detector_reset(struct ref_detector *);

/* Variation monitor. */
struct ref_monitor {
    enum xfsm_monitor_type type;
    double log_beta;            /* Decay per second. */
    struct ref_map keys;
    uint64_t ttl;               /* s, 0: none. */
    double simple;
    struct ref_summary summary; /* Those of dialect 2. */
};

void ref_monitor_init(struct ref_monitor *, const struct xfsm_metric *);

/* 'key' is NULL where the packet lacks a field of it, here and below, and so
 * is 'item'. */
void ref_monitor_add_item(struct ref_monitor *, const struct ref_key *key,
                          const struct ref_key *item, uint64_t now);
void ref_monitor_add(struct ref_monitor *, const struct ref_key *key,
                     double q, uint64_t now);
double ref_monitor_get(const struct ref_monitor *, const struct ref_key *key,
                       uint64_t now);
void ref_monitor_reset_key(struct ref_monitor *, const struct ref_key *key);
void ref_monitor_reset(struct ref_monitor *);

#endif /* tests/unit/reference-store.h */
