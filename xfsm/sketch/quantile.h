/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef XFSM_SKETCH_QUANTILE_H
#define XFSM_SKETCH_QUANTILE_H 1

/* Quantiles per key: "what value do 99 % of the packets of this key not
 * exceed?"
 *
 * Idea: DDSketch (Masson, Rim and Lee, "DDSketch: a fast and fully-mergeable
 * quantile sketch with relative-error guarantees", 2019).  Values are counted
 * in buckets whose bounds grow by the factor (1 + a) / (1 - a), a being the
 * accuracy: the harmonic middle of a bucket's bounds is within a, relative, of
 * every value in it.
 *
 * The logarithm that finds the bucket is the paper's cubic one: between powers
 * of two, (6 s^3 - 21 s^2 + 50 s) / 35 in place of log2(1 + s).  Its slope is
 * nowhere too small, so that the bound holds; it takes 1 % more buckets and
 * no libm.  A value below 2^-32 counts as 0, one of 2^64 and more as just
 * less.
 *
 * Fixed memory: a key has B buckets, for the B highest bucket numbers it has
 * met; what is lower counts in the lowest of them.  With a = 2 % there are
 * 17.5 buckets for each factor of 2: B = 64 span a factor of 12, 128 of 158,
 * 256 of 25,000.
 *
 * Error: a quantile is within a, relative, of a value that has that rank, if
 * it is above the highest value of its key over that factor; below that the
 * answer is the low end of the span, which is too high.  Counts stop at
 * 2^32 - 1.
 *
 * Window: an answer is about the window that it is and the one before, so
 * between one and two windows of time: a key has two sets of buckets, and
 * goes on to the other when it is touched in a new window.
 *
 * Layout of a record, in a key table (keytable.h): window number of the last
 * touch, 8 bytes; then one set, or with windows two:
 *
 *     bytes 0..3    highest bucket number met
 *     bytes 4..7    values in the buckets, all together
 *     bytes 8..11   values that are 0
 *     bytes 12..15  values that were too low for the span
 *     bytes 16..    B counts of 4 bytes, that of bucket i in place i mod B
 *
 * Where memory is short the key longest untouched is evicted; that is
 * counted.
 *
 * Cost: adding, three cache lines and the bucket lines of the key table, but
 * up to B steps when the span has to move up; reading, B steps (2 B with
 * windows).  Thread-safety: none. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "xfsm/base/state-io.h"
#include "xfsm/sketch/keytable.h"
#include "xfsm/sketch/window.h"

/* Powers of two. */
#define XFSM_QUANTILE_BUCKETS_MIN 16
#define XFSM_QUANTILE_BUCKETS_MAX 256

#define XFSM_QUANTILE_ACCURACY_MIN 0.005
#define XFSM_QUANTILE_ACCURACY_MAX 0.1

/* Private to quantile.c, but for the functions that are inline below. */
struct xfsm_quantile {
    struct xfsm_keytable *table;
    struct xfsm_window window;
    unsigned int n_buckets;
    unsigned int n_sets;        /* 2 with windows, else 1. */
    double scale;               /* Buckets for each factor of 2. */
    double *values;             /* The value that stands for each bucket. */
    uint32_t n_values;
};

/* Creates quantiles for at least 'capacity' keys of up to 'key_words' words
 * (limits as in xfsm_keytable_create()), of relative accuracy 'accuracy'
 * (XFSM_QUANTILE_ACCURACY_MIN to _MAX) with 'n_buckets' buckets for each key
 * (a power of two, XFSM_QUANTILE_BUCKETS_MIN to _MAX), and windows of 'window'
 * ns (0: nothing is ever forgotten).  A key of 0 words serves for one sketch
 * of everything.  Returns NULL and stores it in '*quantilep', or an error
 * that the caller frees. */
char *xfsm_quantile_create(unsigned int key_words, size_t capacity,
                           double accuracy, unsigned int n_buckets,
                           uint64_t window,
                           struct xfsm_quantile **quantilep);
void xfsm_quantile_destroy(struct xfsm_quantile *);

/* Brings the lines that finding the key of 'hash' will touch.  'hash' is
 * xfsm_hash_words() of the key, here and below. */
static inline void
xfsm_quantile_prefetch(const struct xfsm_quantile *q, uint64_t hash)
{
    xfsm_keytable_prefetch(q->table, hash);
}

/* Brings the first line of its record: a second step, for when these are
 * there. */
static inline void
xfsm_quantile_prefetch_slot(const struct xfsm_quantile *q, uint64_t hash)
{
    xfsm_keytable_prefetch_slot(q->table, hash);
}

/* Adds 'value' to 'key' ('n' words) at packet time 'now' (ns).  A negative
 * one counts as 0, and what is not a number as nothing. */
void xfsm_quantile_add(struct xfsm_quantile *, uint64_t hash,
                       const uint64_t *key, unsigned int n, double value,
                       uint64_t now);

/* Stores in '*value' the quantile 'p' (0 to 1; anything else is taken as the
 * nearer of these, and what is not a number as 0) of 'key' in the window of
 * 'now' (ns) and the one before: the value of rank p * (count - 1), rounded
 * down, counted from 0.  Returns false, '*value' being as it was, if there is
 * no value. */
bool xfsm_quantile_get(const struct xfsm_quantile *, uint64_t hash,
                       const uint64_t *key, unsigned int n, double p,
                       uint64_t now, double *value);

/* How many values 'key' has in that time, and how many of them were too low
 * for its span ('*low', unless NULL). */
uint64_t xfsm_quantile_count(const struct xfsm_quantile *, uint64_t hash,
                             const uint64_t *key, unsigned int n,
                             uint64_t now, uint64_t *low);

/* Forgets 'key'.  Returns false if it was not there. */
bool xfsm_quantile_reset_key(struct xfsm_quantile *, uint64_t hash,
                             const uint64_t *key, unsigned int n);

/* Forgets every key, at once. */
void xfsm_quantile_reset(struct xfsm_quantile *);

/* Keys and evictions, and memory: see keytable.h. */
void xfsm_quantile_get_stats(const struct xfsm_quantile *,
                             struct xfsm_keytable_stats *);

/* Writes or reads its counts (state-io.h). */
void xfsm_quantile_state(struct xfsm_quantile *, struct xfsm_state_io *);

#endif /* xfsm/sketch/quantile.h */
