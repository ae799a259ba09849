/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef XFSM_SKETCH_TEWMA_H
#define XFSM_SKETCH_TEWMA_H 1

/* Time-decaying rate per key: "how fast?"
 *
 * Idea: exponentially decaying sums (TEWMA: Bianchi et al., "On-demand
 * time-decaying Bloom filters for telemarketer detection", 2011) in a
 * count-min layout (Cormode and Muthukrishnan, 2005) with conservative update
 * (Estan and Varghese, 2002).  A cell read dt seconds after it was written
 * yields c * beta^dt.  With W the window in seconds,
 *
 *     beta = 1 - 2 / (W / 6 + 1)     for W > 6
 *     beta = exp(-1 / W)             for 0 < W <= 6, where the first is
 *                                    not positive
 *
 * Adding q raises a cell by -q * ln(beta), so that a steady stream of r per
 * second reads r: on average over the time between two additions, that is; a
 * little more right after one, a little less right before.  Time is in
 * nanoseconds inside; a timestamp older than the cell's counts as the cell's.
 *
 * Cells are not decayed when they are touched: instead, what is added grows
 * (forward decay: Cormode et al., "Forward decay: a practical time decay model
 * for streaming systems", 2009).  A cell holds its rate times up(time), the
 * growth since the beginning of its epoch of 64 halvings, and is divided by
 * that when it is read; where a line gets to a new epoch, its cells are
 * multiplied by 2^-64 for each that has passed, which is exact.  So an update
 * changes three cells, and how much things have grown does not depend on the
 * line: it can be worked out while the line is on its way.
 *
 * Time is divided into blocks, a power of 2 of nanoseconds so long that what
 * decays loses a thousandth or half of that (4.2 ms at a window of 60 s; a
 * nanosecond at least).  For the block at hand, up() and 1 / up() are kept;
 * within it four terms of the series of exp() do.  Halvings until a block are
 * counted in integers, so that neither precision nor result depends on how
 * far from zero time is, or on which times were seen before.  The exponential
 * is our own, of adds and multiplications only, right to 1e-14: the same on
 * every machine, if compiled without contraction (-ffp-contract=off).  After
 * 1000 halvings nothing is left.  Nothing decays by more than 16 halvings in a
 * nanosecond, which is a window of 0.09 ns.
 *
 * Layout: one 64-byte line holds one 64-bit time and 7 doubles; a key uses 3
 * of the 7 cells of one line.
 *
 * To forget everything is to count a generation: a line of an older one is
 * empty, and is cleared when it is next written, so that a reset costs one
 * line whatever the size.  The generations of lines are numbers of 32 bits in
 * an array of their own, which is not looked at before the first reset: there
 * is no room in a line.  Each reset also visits one line in turn and clears it
 * if it is old, so that the numbers can never come round to a line that still
 * holds something.
 *
 * Error: never below the true decayed sum (but for rounding); above it by
 * what other keys that share all 3 cells of the line add.  With n active keys
 * in L = 2^size / 7 lines, a key shares a line with n/L others on average.
 * Measured with equal rates (test-tewma.c):
 *
 *     n / L    too much, on average    keys that read over 1 % too much
 *     1/4      0.6 %                   0.9 %
 *     1        5 %                     10 %
 *     4        44 %                    60 %
 *
 * Thread-safety: none. */

#include <stdbool.h>
#include <stdint.h>

#include "xfsm/base/state-io.h"

#define XFSM_TEWMA_SIZE_MIN 3
#define XFSM_TEWMA_SIZE_MAX 26

#define XFSM_TEWMA_CELLS 7

/* Private to tewma.c: one cache line. */
struct xfsm_tewma_line {
    uint64_t time;              /* Of the last addition, packet time in ns. */
    double cell[XFSM_TEWMA_CELLS];      /* In terms of that time's epoch. */
} __attribute__((aligned(64)));

/* Private to tewma.c, but for the function that is inline below. */
struct xfsm_tewma {
    struct xfsm_tewma_line *lines;
    uint64_t n_lines;           /* Less than 2^32. */
    double gain;                /* -ln(beta). */
    double slope;               /* The same per ns. */
    unsigned int shift;         /* A block is 2^shift ns... */
    uint64_t length, half;      /* ...which is this, and half of it... */
    uint64_t pace;              /* ...in which so many times 2^-60 halvings
                                 * happen. */

    /* The block at hand: that of the last touch. */
    uint64_t middle;            /* ns; that of a block of 1 ns is its time. */
    uint64_t epoch;             /* That it is of, and... */
    uint64_t start;             /* ...when that began, ns. */
    double up, down;            /* up(middle) and 1 / up(middle). */
    double most;                /* No less than 1 / up() of its times. */

    uint32_t *generations;      /* Of each line. */
    uint32_t generation;        /* Counts resets; 0 before the first. */
    uint32_t scrub;             /* The line to visit at the next reset. */
    uint64_t n_cleared;         /* Lines, by resets and after them. */
};

/* Creates a rate sketch of 2^'size' cells for a window of 'window' seconds
 * (> 0, finite).  Returns NULL and stores it in '*tewmap', or an error that
 * the caller frees. */
char *xfsm_tewma_create(unsigned int size, double window,
                        struct xfsm_tewma **tewmap);
void xfsm_tewma_destroy(struct xfsm_tewma *);

/* The line of 'hash', which is xfsm_hash_words() of the key, here and
 * below. */
static inline struct xfsm_tewma_line *
xfsm_tewma_line(const struct xfsm_tewma *t, uint64_t hash)
{
    return &t->lines[(hash >> 32) * t->n_lines >> 32];
}

/* Brings the cache line that the other functions will touch. */
static inline void
xfsm_tewma_prefetch(const struct xfsm_tewma *t, uint64_t hash)
{
    __builtin_prefetch(xfsm_tewma_line(t, hash), 1);
}

/* Adds 'q' (finite and not negative; anything else counts as 0) for the key
 * of 'hash' at packet time 'now' (ns).  Returns what xfsm_tewma_get() says
 * after that.  No rate gets above 1e299; one of 5e279 may not get higher. */
double xfsm_tewma_add(struct xfsm_tewma *, uint64_t hash, double q,
                      uint64_t now);

/* The rate per second of the key of 'hash' at packet time 'now' (ns). */
double xfsm_tewma_get(struct xfsm_tewma *, uint64_t hash, uint64_t now);

/* The same where it is above 'limit'; otherwise any number that is not, for
 * less. */
double xfsm_tewma_get_above(struct xfsm_tewma *, uint64_t hash, uint64_t now,
                            double limit);

/* Forgets one key as far as a sketch can: sets its cells to 0.  Keys that
 * share a cell may read less afterwards. */
void xfsm_tewma_reset_key(struct xfsm_tewma *, uint64_t hash);

/* Forgets every key, at once. */
void xfsm_tewma_reset(struct xfsm_tewma *);

/* Address space in bytes. */
uint64_t xfsm_tewma_bytes(const struct xfsm_tewma *);

/* Writes or reads its rates (state-io.h). */
void xfsm_tewma_state(struct xfsm_tewma *, struct xfsm_state_io *);

#endif /* xfsm/sketch/tewma.h */
