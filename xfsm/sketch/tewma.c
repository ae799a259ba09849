/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include "xfsm/sketch/tewma.h"

#include <float.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "xfsm/base/error.h"
#include "xfsm/base/mem.h"
#include "xfsm/sketch/decay.h"

#define NS_PER_S 1e9

/* An epoch is 2^6 halvings of all cells; a pace is a fixed-point number of
 * halvings with 60 bits behind the point, so that of a product of 128 bits,
 * bit 66 is an epoch. */
#define EPOCH_SHIFT 6
#define POINT 60

/* A block is as long as cells shrink by a factor between exp(-2^-11) and
 * exp(-2^-10), if that is a nanosecond at least and not much of all time. */
#define BLOCK_RATE 0x1p-10
#define BLOCK_SHIFT_MAX 62

/* Cells that fall below the first when their line is next written in another
 * epoch are set to 0, before they could become subnormal; none rises above the
 * second. */
#define CELL_MIN 1e-288
#define CELL_MAX 1e299

_Static_assert(sizeof(struct xfsm_tewma_line) == 64,
               "a line is one cache line");

/* Every choice of 3 cells of a line: where in a line they are, in bytes. */
struct choice {
    uint8_t offset[4];          /* The last one is not used. */
};

#define N_CHOICES 35
#define OFFSET(CELL) (((CELL) + 1) * sizeof(double))
#define CHOICE(A, B, C) { { OFFSET(A), OFFSET(B), OFFSET(C), 0 } }
static const struct choice choices[N_CHOICES] = {
    CHOICE(0, 1, 2), CHOICE(0, 1, 3), CHOICE(0, 1, 4), CHOICE(0, 1, 5),
    CHOICE(0, 1, 6), CHOICE(0, 2, 3), CHOICE(0, 2, 4), CHOICE(0, 2, 5),
    CHOICE(0, 2, 6), CHOICE(0, 3, 4), CHOICE(0, 3, 5), CHOICE(0, 3, 6),
    CHOICE(0, 4, 5), CHOICE(0, 4, 6), CHOICE(0, 5, 6), CHOICE(1, 2, 3),
    CHOICE(1, 2, 4), CHOICE(1, 2, 5), CHOICE(1, 2, 6), CHOICE(1, 3, 4),
    CHOICE(1, 3, 5), CHOICE(1, 3, 6), CHOICE(1, 4, 5), CHOICE(1, 4, 6),
    CHOICE(1, 5, 6), CHOICE(2, 3, 4), CHOICE(2, 3, 5), CHOICE(2, 3, 6),
    CHOICE(2, 4, 5), CHOICE(2, 4, 6), CHOICE(2, 5, 6), CHOICE(3, 4, 5),
    CHOICE(3, 4, 6), CHOICE(3, 5, 6), CHOICE(4, 5, 6),
};

static inline const struct choice *
choose_cells(uint64_t hash)
{
    return &choices[(uint64_t) (uint32_t) hash * N_CHOICES >> 32];
}

static inline uint32_t *
line_generation(const struct xfsm_tewma *t,
                const struct xfsm_tewma_line *line)
{
    return &t->generations[line - t->lines];
}

/* Was it last written before the last reset?  Most sketches are never reset,
 * and know without looking. */
static inline bool
is_forgotten(const struct xfsm_tewma *t, const struct xfsm_tewma_line *line)
{
    return __builtin_expect(t->generation != 0, 0)
           && *line_generation(t, line) != t->generation;
}

/* Makes a line that is forgotten one that was never written. */
static __attribute__((noinline)) void
refresh_line(struct xfsm_tewma *t, struct xfsm_tewma_line *line)
{
    memset(line, 0, sizeof *line);
    *line_generation(t, line) = t->generation;
    t->n_cleared++;
}

/* Halvings until the block, in fixed point. */
static inline unsigned __int128
block_halvings(const struct xfsm_tewma *t, uint64_t block)
{
    return (unsigned __int128) block * t->pace;
}

static uint64_t
time_epoch(const struct xfsm_tewma *t, uint64_t time)
{
    return (uint64_t) (block_halvings(t, time >> t->shift)
                       >> (POINT + EPOCH_SHIFT));
}

/* When the epoch begins: with the first block that is of it. */
static uint64_t
epoch_start(const struct xfsm_tewma *t, uint64_t epoch)
{
    unsigned __int128 halvings = ((unsigned __int128) epoch
                                  << (POINT + EPOCH_SHIFT));

    return (epoch
            ? (uint64_t) ((halvings + t->pace - 1) / t->pace) << t->shift : 0);
}

/* Makes a block the one at hand. */
static void
enter_block(struct xfsm_tewma *t, uint64_t block)
{
    unsigned __int128 halvings = block_halvings(t, block);
    uint64_t epoch = (uint64_t) (halvings >> (POINT + EPOCH_SHIFT));
    uint64_t whole = (uint64_t) (halvings >> POINT);
    uint64_t rest = (uint64_t) halvings & ((UINT64_C(1) << POINT) - 1);

    if (epoch != t->epoch) {
        t->epoch = epoch;
        t->start = epoch_start(t, epoch);
    }
    t->middle = (block << t->shift) + t->half;
    t->up = (2 * xfsm_decay(1 - (double) rest * 0x1p-60)
             * (double) (UINT64_C(1) << whole % (1 << EPOCH_SHIFT)));
    t->down = 1 / t->up;
    t->most = t->down * (1 + 2 * BLOCK_RATE);
}

static inline double
min3(double a, double b, double c)
{
    double ab = a < b ? a : b;

    return ab < c ? ab : c;
}

static inline double
max2(double a, double b)
{
    return a > b ? a : b;
}

/* Decay by the window: see the header. */
static double
log_beta(double window)
{
    if (window > 6) {
        double lost = 2 / (window / 6 + 1);

        if (lost < 1) {
            return log1p(-lost);
        }
    }
    return -1 / window;
}

/* Cuts time into blocks by 'gain', what is lost in a second. */
static void
set_pace(struct xfsm_tewma *t)
{
    double pace;

    t->slope = t->gain / NS_PER_S;
    while (t->shift < BLOCK_SHIFT_MAX
           && ldexp(t->slope, (int) t->shift + 1) <= BLOCK_RATE) {
        t->shift++;
    }
    t->length = UINT64_C(1) << t->shift;
    t->half = t->length / 2;
    pace = ldexp(t->slope / M_LN2, (int) t->shift + POINT);
    t->pace = pace < 0x1p64 ? (uint64_t) pace : UINT64_MAX;
}

static size_t
lines_size(const struct xfsm_tewma *t)
{
    return t->n_lines * sizeof *t->lines;
}

static size_t
generations_size(const struct xfsm_tewma *t)
{
    return t->n_lines * sizeof *t->generations;
}

static char *
check_limits(unsigned int size, double window)
{
    if (size < XFSM_TEWMA_SIZE_MIN || size > XFSM_TEWMA_SIZE_MAX) {
        return xfsm_error("the size of a rate sketch is %d to %d (log2 of "
                          "cells), not %u", XFSM_TEWMA_SIZE_MIN,
                          XFSM_TEWMA_SIZE_MAX, size);
    }
    if (!(window >= DBL_MIN && window <= DBL_MAX)) {
        return xfsm_error("the window of a rate sketch is a positive number "
                          "of seconds, not %g", window);
    }
    return NULL;
}

char *
xfsm_tewma_create(unsigned int size, double window,
                  struct xfsm_tewma **tewmap)
{
    char *error = check_limits(size, window);
    struct xfsm_tewma *t;

    if (error) {
        return error;
    }
    t = calloc(1, sizeof *t);
    if (!t) {
        return xfsm_error("no memory for a rate sketch");
    }
    t->gain = -log_beta(window);
    set_pace(t);
    enter_block(t, 0);
    t->n_lines = ((UINT64_C(1) << size) + XFSM_TEWMA_CELLS - 1)
                 / XFSM_TEWMA_CELLS;
    t->lines = xfsm_mem_map(lines_size(t), false);
    t->generations = xfsm_mem_map(generations_size(t), false);
    if (!t->lines || !t->generations) {
        error = xfsm_error("no address space for a rate sketch of %zu bytes",
                           lines_size(t) + generations_size(t));
        xfsm_tewma_destroy(t);
        return error;
    }
    *tewmap = t;
    return NULL;
}

void
xfsm_tewma_destroy(struct xfsm_tewma *t)
{
    if (t) {
        xfsm_mem_unmap(t->lines, lines_size(t));
        xfsm_mem_unmap(t->generations, generations_size(t));
        free(t);
    }
}

static inline double *
cell_at(struct xfsm_tewma_line *line, const struct choice *choice, int i)
{
    return (double *) (void *) ((char *) line + choice->offset[i]);
}

static inline double
cell_of(const struct xfsm_tewma_line *line, const struct choice *choice, int i)
{
    return *(const double *) (const void *) ((const char *) line
                                             + choice->offset[i]);
}

/* The smallest of the three cells as they are in memory. */
static inline double
smallest(const struct xfsm_tewma_line *line, const struct choice *choice)
{
    return min3(cell_of(line, choice, 0), cell_of(line, choice, 1),
                cell_of(line, choice, 2));
}

/* Is 'now' in the block at hand? */
static inline bool
is_at_hand(const struct xfsm_tewma *t, uint64_t now)
{
    return now - t->middle + t->half < t->length;
}

/* And the line of its epoch and not of a later time? */
static inline bool
is_usual(const struct xfsm_tewma *t, const struct xfsm_tewma_line *line,
         uint64_t now)
{
    return is_at_hand(t, now) && line->time <= now && line->time >= t->start;
}

/* What all cells of a line are multiplied by when they get from the epoch of
 * its time to the one at hand, which 'now' is in: a power of 2, or 0 where it
 * has been too long. */
static double
epoch_factor(const struct xfsm_tewma *t, const struct xfsm_tewma_line *line,
             uint64_t now)
{
    uint64_t epochs = t->epoch - time_epoch(t, line->time);

    if (!epochs) {
        return 1;
    }
    return ((double) (now - line->time) * t->slope < XFSM_DECAY_END * M_LN2
            ? ldexp(1, -(int) (epochs << EPOCH_SHIFT)) : 0);
}

/* Makes a line that is not usual so, by way of the block of 'now', or of the
 * line's time if that is later; returns which it is. */
static uint64_t
bring_line(struct xfsm_tewma *t, struct xfsm_tewma_line *line, uint64_t now)
{
    double factor;

    now = now > line->time ? now : line->time;
    enter_block(t, now >> t->shift);
    factor = epoch_factor(t, line, now);
    for (int i = 0; factor < 1 && i < XFSM_TEWMA_CELLS; i++) {
        double cell = line->cell[i] * factor;

        line->cell[i] = cell >= CELL_MIN ? cell : 0;
    }
    return now;
}

/* How cells grow and shrink from the middle of the block at hand to 'now' in
 * it: exp(x) and exp(-x) are even + odd and even - odd. */
struct growth {
    double even, odd;
};

static inline struct growth
growth_at(const struct xfsm_tewma *t, uint64_t now)
{
    double x = (double) (int64_t) (now - t->middle) * t->slope;
    double xx = x * x;

    return (struct growth) { 1 + xx * (1 / 2.0), x + x * (xx * (1 / 6.0)) };
}

/* Adds to a line that is usual. */
static inline double
add_to(struct xfsm_tewma *t, struct xfsm_tewma_line *line,
       const struct choice *choice, double q, uint64_t now)
{
    struct growth growth = growth_at(t, now);
    double amount = q > 0 && q <= DBL_MAX ? q * t->gain : 0;
    double *a = cell_at(line, choice, 0);
    double *b = cell_at(line, choice, 1);
    double *c = cell_at(line, choice, 2);
    double old_a = *a, old_b = *b, old_c = *c;
    double value = (min3(old_a, old_b, old_c)
                    + amount * (t->up * (growth.even + growth.odd)));

    value = value < CELL_MAX ? value : CELL_MAX;
    *a = max2(old_a, value);
    *b = max2(old_b, value);
    *c = max2(old_c, value);
    line->time = now;
    return value * (t->down * (growth.even - growth.odd));
}

/* Apart, so that the usual case stays short. */
static __attribute__((noinline)) double
add_unusual(struct xfsm_tewma *t, uint64_t hash, double q, uint64_t now)
{
    struct xfsm_tewma_line *line = xfsm_tewma_line(t, hash);

    if (is_forgotten(t, line)) {
        refresh_line(t, line);
    }
    now = bring_line(t, line, now);
    return add_to(t, line, choose_cells(hash), q, now);
}

double
xfsm_tewma_add(struct xfsm_tewma *t, uint64_t hash, double q, uint64_t now)
{
    struct xfsm_tewma_line *line = xfsm_tewma_line(t, hash);

    if (__builtin_expect(is_forgotten(t, line) || !is_usual(t, line, now),
                         0)) {
        return add_unusual(t, hash, q, now);
    }
    return add_to(t, line, choose_cells(hash), q, now);
}

/* The rate of a cell that is of the epoch at hand. */
static inline double
rate_of(const struct xfsm_tewma *t, double cell, uint64_t now)
{
    struct growth growth = growth_at(t, now);

    return cell * (t->down * (growth.even - growth.odd));
}

static __attribute__((noinline)) double
get_unusual(struct xfsm_tewma *t, uint64_t hash, uint64_t now)
{
    const struct xfsm_tewma_line *line = xfsm_tewma_line(t, hash);
    double cell = smallest(line, choose_cells(hash));

    if (is_forgotten(t, line)) {
        return 0;
    }
    now = now > line->time ? now : line->time;
    enter_block(t, now >> t->shift);
    return rate_of(t, cell * epoch_factor(t, line, now), now);
}

double
xfsm_tewma_get(struct xfsm_tewma *t, uint64_t hash, uint64_t now)
{
    const struct xfsm_tewma_line *line = xfsm_tewma_line(t, hash);
    double cell = smallest(line, choose_cells(hash));

    if (cell == 0) {
        return 0;               /* In a line of any time, forgotten or not. */
    }
    if (__builtin_expect(is_forgotten(t, line) || !is_usual(t, line, now),
                         0)) {
        return get_unusual(t, hash, now);
    }
    return rate_of(t, cell, now);
}

double
xfsm_tewma_get_above(struct xfsm_tewma *t, uint64_t hash, uint64_t now,
                     double limit)
{
    const struct xfsm_tewma_line *line = xfsm_tewma_line(t, hash);
    double most = smallest(line, choose_cells(hash)) * t->most;

    return (most <= limit && is_at_hand(t, now) && line->time <= now
            ? most : xfsm_tewma_get(t, hash, now));
}

void
xfsm_tewma_reset_key(struct xfsm_tewma *t, uint64_t hash)
{
    struct xfsm_tewma_line *line = xfsm_tewma_line(t, hash);
    const struct choice *choice = choose_cells(hash);

    for (int i = 0; i < 3; i++) {
        *cell_at(line, choice, i) = 0;
    }
}

/* Clears the line whose turn it is, if it is old.  One that holds nothing is
 * left alone whatever its generation: it says the same in any, and writing to
 * it would make memory real that no key has touched. */
static void
scrub_line(struct xfsm_tewma *t)
{
    static const struct xfsm_tewma_line nothing;
    struct xfsm_tewma_line *line = &t->lines[t->scrub];

    if (is_forgotten(t, line) && memcmp(line, &nothing, sizeof nothing)) {
        refresh_line(t, line);
    }
    t->scrub = t->scrub + 1 < t->n_lines ? t->scrub + 1 : 0;
}

void
xfsm_tewma_reset(struct xfsm_tewma *t)
{
    t->generation = t->generation < UINT32_MAX ? t->generation + 1 : 1;
    scrub_line(t);
}

uint64_t
xfsm_tewma_bytes(const struct xfsm_tewma *t)
{
    return sizeof *t + lines_size(t) + generations_size(t);
}

static bool
line_good(const void *line_)
{
    const struct xfsm_tewma_line *line = line_;

    return xfsm_state_doubles_good(line->cell, XFSM_TEWMA_CELLS, CELL_MAX);
}

void
xfsm_tewma_state(struct xfsm_tewma *t, struct xfsm_state_io *io)
{
    xfsm_state_same(io, t->n_lines, "the size of a rate sketch");
    xfsm_state_same(io, t->pace, "the window of a rate sketch");
    xfsm_state_same(io, t->shift, "the window of a rate sketch");
    xfsm_state_u32(io, &t->generation);
    xfsm_state_u32(io, &t->scrub);
    xfsm_state_check(io, t->scrub < t->n_lines, "a line of a rate sketch");
    xfsm_state_sparse(io, t->lines, t->n_lines, sizeof *t->lines, line_good);
    xfsm_state_sparse(io, t->generations, t->n_lines,
                      sizeof *t->generations, NULL);
}
