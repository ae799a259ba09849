/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef XFSM_SKETCH_COUNTMIN_H
#define XFSM_SKETCH_COUNTMIN_H 1

/* Sum per key, of any number of keys in fixed memory: "how much?"
 *
 * Idea: a count-min sketch (Cormode and Muthukrishnan, "An improved data
 * stream summary", 2005) of two rows, with conservative update (Estan and
 * Varghese, "New directions in traffic measurement and accounting", 2002): a
 * key has a cell in each row, its sum is the smaller one, and adding to it
 * raises each of them no further than to the new sum.  No key is stored, so
 * none is ever evicted: what many keys cost is precision.
 *
 * Window: a sum covers the window that it is and the one before, so between
 * one and two windows of time.  Each line holds cells for both and is brought
 * up to date when it is touched.  Without windows sums only grow.
 *
 * Layout: a row is cut into lines of 64 bytes; a key uses one line of each
 * row, chosen by different parts of its hash.  A line is
 *
 *     bytes 0..7    epoch of its last write
 *     bytes 8..63   7 doubles: with windows, 3 cells of that window, 3 of the
 *                   one before, and one unused; else 7 cells
 *
 * Error: never below the true sum (but for rounding of fractions; integers
 * are exact up to 2^53).  With N the sum of all keys in that time and w the
 * cells of a row,
 *
 *     w = 2^size * 3/14 with windows, 2^size / 2 without,
 *
 * a row reads too much by N/w on average, and by more than t * N/w for at
 * most 1/t of the keys (Markov); both rows, which are independent, for at
 * most 1/t^2 of them: over 10 * N/w too much for 1 % of the keys.
 * Conservative update makes it far less; measured with as many keys as a row
 * has cells (test-countmin.c):
 *
 *     keys drawn          too much, on average    over 10 * N/w
 *     evenly              0.15 N/w                none
 *     by Zipf's law       0.07 N/w                under 0.01 %
 *
 * Cost: two cache lines.  Thread-safety: none. */

#include <stdint.h>

#include "xfsm/base/hash.h"
#include "xfsm/base/state-io.h"
#include "xfsm/sketch/window.h"

#define XFSM_COUNTMIN_SIZE_MIN 4
#define XFSM_COUNTMIN_SIZE_MAX 26

#define XFSM_COUNTMIN_CELLS 7
#define XFSM_COUNTMIN_WINDOW_CELLS 3

/* Private to countmin.c: one cache line. */
struct xfsm_countmin_line {
    uint64_t epoch;
    double cell[XFSM_COUNTMIN_CELLS];
} __attribute__((aligned(64)));

/* Private to countmin.c, but for the functions that are inline below. */
struct xfsm_countmin {
    struct xfsm_countmin_line *lines;       /* Of row 0, then of row 1. */
    uint64_t n_lines;           /* In a row, less than 2^32. */
    uint64_t n_cells;           /* In a line, for one window. */
    struct xfsm_window window;
    uint64_t offset;            /* Window number to epoch: grows by resets. */
};

/* Creates a sketch of 2^'size' doubles for windows of 'window' ns (0: nothing
 * is ever forgotten).  Returns NULL and stores it in '*countminp', or an error
 * that the caller frees. */
char *xfsm_countmin_create(unsigned int size, uint64_t window,
                           struct xfsm_countmin **countminp);
void xfsm_countmin_destroy(struct xfsm_countmin *);

#define XFSM_COUNTMIN_REHASH UINT64_C(0x9e3779b97f4a7c15)

/* The hash of 'hash' that serves row 1. */
static inline uint64_t
xfsm_countmin_rehash(uint64_t hash)
{
    return xfsm_hash_fold(hash, XFSM_COUNTMIN_REHASH);
}

/* The line that row 'row' has for 'hash', which is rehashed if that is 1. */
static inline struct xfsm_countmin_line *
xfsm_countmin_line(const struct xfsm_countmin *c, unsigned int row,
                   uint64_t hash)
{
    return &c->lines[row * c->n_lines + ((hash >> 32) * c->n_lines >> 32)];
}

/* Brings the two cache lines that the other functions will touch.  'hash' is
 * xfsm_hash_words() of the key, here and below. */
static inline void
xfsm_countmin_prefetch(const struct xfsm_countmin *c, uint64_t hash)
{
    __builtin_prefetch(xfsm_countmin_line(c, 0, hash), 1);
    __builtin_prefetch(xfsm_countmin_line(c, 1, xfsm_countmin_rehash(hash)),
                       1);
}

/* Adds 'q' (finite and not negative; anything else counts as 0) to the key of
 * 'hash' at packet time 'now' (ns).  Returns what xfsm_countmin_get() says
 * after that.  A cell stays at 1e300 when it gets there. */
double xfsm_countmin_add(struct xfsm_countmin *, uint64_t hash, double q,
                         uint64_t now);

/* The sum of the key of 'hash' in the window of 'now' (ns) and the one
 * before. */
double xfsm_countmin_get(const struct xfsm_countmin *, uint64_t hash,
                         uint64_t now);

/* Forgets one key as far as a sketch can: sets its cells to 0.  Keys that
 * share a cell may read less afterwards. */
void xfsm_countmin_reset_key(struct xfsm_countmin *, uint64_t hash);

/* Forgets every key, at once. */
void xfsm_countmin_reset(struct xfsm_countmin *);

/* Cells of a row: the w of the error. */
uint64_t xfsm_countmin_cells(const struct xfsm_countmin *);

/* Address space in bytes. */
uint64_t xfsm_countmin_bytes(const struct xfsm_countmin *);

/* Writes or reads its counts (state-io.h). */
void xfsm_countmin_state(struct xfsm_countmin *, struct xfsm_state_io *);

#endif /* xfsm/sketch/countmin.h */
