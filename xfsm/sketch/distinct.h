/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef XFSM_SKETCH_DISTINCT_H
#define XFSM_SKETCH_DISTINCT_H 1

/* Distinct count per key: "how many different X per K?"
 *
 * Window: an estimate covers the window that it is and the one before, so
 * between one and two windows of time.  Every key counts twice: what it met
 * since its last window began, and what it met since this one began.  When a
 * key is touched in a new window the second count becomes the first and a
 * count from nothing begins; two windows without a touch are forgotten.  So
 * each count only ever grows while it is in use, which is what makes the
 * estimator below possible (sketches of two windows could be merged, but not
 * by it).
 *
 * Few elements: the first 16 elements of a key are kept themselves, 24 bits
 * of each, with a mark for those of this window.  The count is exact, but
 * for two elements that agree in 24 bits: among 16, once in 140,000 keys.
 *
 * Many elements: HyperLogLog registers (Flajolet, Fusy, Gandouet and Meunier,
 * "HyperLogLog", 2007) read by the martingale estimate (Ting, "Streamed
 * approximate counting of distinct elements", 2014; Cohen, "All-distances
 * sketches, revisited: HIP estimators", 2014): whenever an element changes
 * the registers, the estimate grows by 1 over the chance that a new element
 * had of doing so.  It is unbiased, reading it costs nothing, and it has 20 %
 * less error than HyperLogLog's own.  A register needs 4 bits: by how much the
 * highest rank it met exceeds a base common to all; the base is the lowest of
 * them and rises with it (a register more than 15 above it, one among 6,000,
 * forgets by how much; what that adds to the estimate is too little to
 * measure).  16 registers fill a word, 20 words 160 bytes: 320 registers.
 *
 * Error: with r registers the standard error tends to sqrt(ln 2 / r), here
 * 4.65 %; measured (test-distinct.c, where the limit is 5 %):
 *
 *     elements          30     100    300    1000   3000   >= 10,000
 *     320 registers     3.2 %  3.3 %  3.5 %  3.9 %  4.4 %  4.7 %
 *     32 registers      11 %   12 %   14 %   14 %   15 %   15 %
 *
 * Layout: the record of a key, in a key table (keytable.h), is 56 bytes, so
 * that with its one-word key it fills a cache line:
 *
 *     bytes 0..7    window number of the last touch, 40 bits; how many
 *                   elements, or which kind of registers, 8 bits; marks of
 *                   this window's elements, 16 bits
 *     bytes 8..55   16 elements: 16 bits of each, then 8 bits of each; or:
 *                   two estimates with base and chance, 8 bytes each, and 32
 *                   registers for each, 16 bytes each, or the number of a
 *                   sketch in place of the second of these
 *
 * and a sketch is 320 bytes, 320 registers for each of the two counts, whose
 * words alternate so that both are updated in one line.  Sketches come from a
 * pool of fixed size.  A sketch that its key has not touched for two windows
 * is free again; one of an evicted key is at once.  Where a look at
 * XFSM_DISTINCT_SEARCH of them finds none that is free, that is counted
 * ('crowded') and the key makes do with the 32 registers in its record, until
 * it gets a sketch at the start of a later window.
 *
 * Cost: one cache line of the record while elements are few, one more of the
 * sketch when they are many; and the bucket lines of the key table.  Memory
 * is stated at creation and never exceeded; untouched parts of it cost
 * nothing.  Nothing takes longer than a look-up but xfsm_distinct_foreach()
 * and xfsm_distinct_get_stats().  Thread-safety: none. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "xfsm/base/state-io.h"
#include "xfsm/sketch/keytable.h"
#include "xfsm/sketch/window.h"

#define XFSM_DISTINCT_SKETCHES_MAX ((size_t) 1 << 24)
#define XFSM_DISTINCT_SEARCH 64

/* Shorter windows could wear out their numbers.  1 ms. */
#define XFSM_DISTINCT_WINDOW_MIN UINT64_C(1000000)

/* Private to distinct.c: five cache lines. */
struct xfsm_distinct_sketch {
    uint64_t word[20][2];       /* Of both windows, of this one. */
} __attribute__((aligned(64)));

/* Private to distinct.c.  A sketch is in use if its generation is the current
 * one and its window is this one or the last. */
struct xfsm_distinct_owner {
    uint32_t window;            /* Low half of the number. */
    uint32_t generation;
};

/* Private to distinct.c, but for the functions that are inline below. */
struct xfsm_distinct {
    struct xfsm_keytable *table;
    struct xfsm_distinct_sketch *sketches;
    struct xfsm_distinct_owner *owners;     /* Of each sketch. */
    uint32_t n_sketches;
    uint32_t hand;              /* Where the next search begins. */
    uint32_t generation;        /* Counts resets; 0 is never in use. */
    struct xfsm_window window;
    uint64_t promotions;
    uint64_t crowded;
};

/* Creates a distinct count for at least 'capacity' keys of up to 'key_words'
 * words (limits as in xfsm_keytable_create()), with 'n_sketches' sketches (1
 * to XFSM_DISTINCT_SKETCHES_MAX) for keys with many elements, and windows of
 * 'window' ns (XFSM_DISTINCT_WINDOW_MIN at least, or 0: nothing is ever
 * forgotten).  Returns NULL and stores it in '*distinctp', or an error that
 * the caller frees. */
char *xfsm_distinct_create(unsigned int key_words, size_t capacity,
                           size_t n_sketches, uint64_t window,
                           struct xfsm_distinct **distinctp);
void xfsm_distinct_destroy(struct xfsm_distinct *);

/* Brings the lines that finding the key of 'hash' will touch.  'hash' is
 * xfsm_hash_words() of the key, here and below. */
static inline void
xfsm_distinct_prefetch(const struct xfsm_distinct *d, uint64_t hash)
{
    xfsm_keytable_prefetch(d->table, hash);
}

/* Brings the line of its record: a second step, for when these are there. */
static inline void
xfsm_distinct_prefetch_slot(const struct xfsm_distinct *d, uint64_t hash)
{
    xfsm_keytable_prefetch_slot(d->table, hash);
}

/* Adds 'element', which is xfsm_hash_words() of the element, to 'key' ('n'
 * words) at packet time 'now' (ns).  Returns what xfsm_distinct_get() says
 * after that.  Where another key must go for this one, that is counted. */
double xfsm_distinct_add(struct xfsm_distinct *, uint64_t hash,
                         const uint64_t *key, unsigned int n,
                         uint64_t element, uint64_t now);

/* The distinct elements of 'key' in the window of 'now' (ns) and the one
 * before: an integer while it is 16 or less, and exact then.  0 for a key
 * that is not there. */
double xfsm_distinct_get(const struct xfsm_distinct *, uint64_t hash,
                         const uint64_t *key, unsigned int n, uint64_t now);

/* Forgets 'key'.  Returns false if it was not there. */
bool xfsm_distinct_reset_key(struct xfsm_distinct *, uint64_t hash,
                             const uint64_t *key, unsigned int n);

/* Forgets every key, at once. */
void xfsm_distinct_reset(struct xfsm_distinct *);

/* Calls 'cb' for each key with its estimate at 'now', until it returns false.
 * For introspection: walks all slots. */
void xfsm_distinct_foreach(const struct xfsm_distinct *, uint64_t now,
                           bool (*cb)(const uint64_t *key, unsigned int n,
                                      double estimate, void *aux),
                           void *aux);

struct xfsm_distinct_stats {
    uint64_t n;                 /* Keys, forgotten ones included. */
    uint64_t capacity;          /* Keys that there is room for. */
    uint64_t evictions;         /* Keys thrown out to make room. */
    uint64_t n_sketches;        /* In the pool. */
    uint64_t used;              /* Of them, in use. */
    uint64_t promotions;        /* Keys that got more than 16 elements. */
    uint64_t crowded;           /* Times no free sketch was found. */
    uint64_t bytes;             /* Address space, the most it can use. */
};

/* For introspection: walks the pool. */
void xfsm_distinct_get_stats(const struct xfsm_distinct *,
                             struct xfsm_distinct_stats *);

/* Writes or reads its counts (state-io.h). */
void xfsm_distinct_state(struct xfsm_distinct *, struct xfsm_state_io *);

#endif /* xfsm/sketch/distinct.h */
