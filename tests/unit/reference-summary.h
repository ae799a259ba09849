/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef XFSM_TESTS_REFERENCE_SUMMARY_H
#define XFSM_TESTS_REFERENCE_SUMMARY_H 1

/* Monitors of dialect 2, exact and simple: all that was ever added is kept,
 * and a question goes through all of it.
 *
 * The sketches of the engine say the same where they are exact: a distinct up
 * to 16 items, a countmin without collisions, a rate always, a topk with no
 * more keys than counters; a quantile is within 2 %.
 *
 * Ownership: keys passed in are copied.  Thread-safety: none. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "xfsm/program/model.h"

/* The value of a key: its fields, one after the other.  A text is led by its
 * length. */
struct ref_key {
    size_t len;
    uint8_t *bytes;             /* From malloc(). */
};

/* Something that was added. */
struct ref_sample {
    struct ref_sample *next;
    struct ref_key key, item;
    double value;
    uint64_t window;            /* Number of the window, or part of one. */
};

struct ref_summary {
    enum xfsm_monitor_type type;
    double quantile;
    uint64_t width;             /* ns: of a window, of a rate's part. */
    uint64_t number;            /* The latest window in which one was added. */
    struct ref_sample *samples; /* The latest first. */
};

void ref_summary_init(struct ref_summary *, const struct xfsm_metric *);

/* 'item' is NULL where the type has none. */
void ref_summary_add(struct ref_summary *, const struct ref_key *key,
                     const struct ref_key *item, double value, uint64_t now);
double ref_summary_get(const struct ref_summary *, const struct ref_key *key,
                       uint64_t now);

/* A key of a list. */
struct ref_hitter {
    const struct ref_key *key;  /* A sample's. */
    double sum;
};

/* The keys of a topk in the window of 'now', or if 'before' in the one before
 * that, the highest sums first; equal ones in the order of their words.
 * Returns how many there are and stores them in '*hittersp', which the caller
 * frees. */
size_t ref_summary_list(const struct ref_summary *, bool before, uint64_t now,
                        struct ref_hitter **hittersp);

/* Forgets 'key', or all if it is NULL. */
void ref_summary_reset(struct ref_summary *, const struct ref_key *key);

#endif /* tests/unit/reference-summary.h */
