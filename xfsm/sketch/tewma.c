/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include "xfsm/sketch/tewma.h"

#include <float.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#include "xfsm/base/error.h"
#include "xfsm/base/mem.h"
#include "xfsm/sketch/decay.h"

#define NS_PER_S 1e9

/* Cells that fall below the first are set to 0, before they could become
 * subnormal; none rises above the second. */
#define CELL_MIN 1e-290
#define CELL_MAX 1e300

/* Resets may move the clock on by this much, in ns, before a reset has to
 * clear the memory. */
#define OFFSET_MAX (UINT64_C(1) << 62)

_Static_assert(sizeof(struct xfsm_tewma_line) == 64,
               "a line is one cache line");

/* Every choice of 3 cells of a line. */
#define N_CHOICES 35
static const uint8_t choices[N_CHOICES][3] = {
    { 0, 1, 2 }, { 0, 1, 3 }, { 0, 1, 4 }, { 0, 1, 5 }, { 0, 1, 6 },
    { 0, 2, 3 }, { 0, 2, 4 }, { 0, 2, 5 }, { 0, 2, 6 }, { 0, 3, 4 },
    { 0, 3, 5 }, { 0, 3, 6 }, { 0, 4, 5 }, { 0, 4, 6 }, { 0, 5, 6 },
    { 1, 2, 3 }, { 1, 2, 4 }, { 1, 2, 5 }, { 1, 2, 6 }, { 1, 3, 4 },
    { 1, 3, 5 }, { 1, 3, 6 }, { 1, 4, 5 }, { 1, 4, 6 }, { 1, 5, 6 },
    { 2, 3, 4 }, { 2, 3, 5 }, { 2, 3, 6 }, { 2, 4, 5 }, { 2, 4, 6 },
    { 2, 5, 6 }, { 3, 4, 5 }, { 3, 4, 6 }, { 3, 5, 6 }, { 4, 5, 6 },
};

typedef double pair_of_cells __attribute__((vector_size(16), may_alias));
typedef int64_t pair_of_masks __attribute__((vector_size(16)));

static inline const uint8_t *
choose_cells(uint64_t hash)
{
    return choices[(uint64_t) (uint32_t) hash * N_CHOICES >> 32];
}

static inline uint64_t
read_clock(const struct xfsm_tewma *t, uint64_t now)
{
    uint64_t time = now + t->offset;

    if (time < now) {
        time = UINT64_MAX;
    }
    return time > t->floor ? time : t->floor;
}

static inline double
decay_between(const struct xfsm_tewma *t, uint64_t from, uint64_t to)
{
    uint64_t dt = to - from;

    if (to <= from) {
        return 1;
    }

    /* A signed number is the faster one to convert.  No cell has waited for
     * 292 years but one that was never written. */
    dt = dt < INT64_MAX ? dt : INT64_MAX;
    return xfsm_decay((double) (int64_t) dt * t->speed);
}

/* Without a branch: whether a cell is 0 is hard to guess. */
static inline pair_of_cells
scale_pair(pair_of_cells cells, double factor)
{
    pair_of_cells scaled = cells * factor;
    pair_of_masks keep = scaled >= CELL_MIN;

    return (pair_of_cells) ((pair_of_masks) scaled & keep);
}

/* Multiplies all cells.  Cells 1 to 6 are aligned pairs. */
static inline void
scale_line(struct xfsm_tewma_line *line, double factor)
{
    pair_of_cells first = { line->cell[0], line->cell[0] };
    pair_of_cells *pairs = (void *) &line->cell[1];

    _Static_assert(XFSM_TEWMA_CELLS == 7, "one cell and three pairs");
    line->cell[0] = scale_pair(first, factor)[0];
    pairs[0] = scale_pair(pairs[0], factor);
    pairs[1] = scale_pair(pairs[1], factor);
    pairs[2] = scale_pair(pairs[2], factor);
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

static size_t
lines_size(const struct xfsm_tewma *t)
{
    return t->n_lines * sizeof *t->lines;
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
    double forget;

    if (error) {
        return error;
    }
    t = calloc(1, sizeof *t);
    if (!t) {
        return xfsm_error("no memory for a rate sketch");
    }
    t->gain = -log_beta(window);
    t->speed = t->gain / M_LN2 / NS_PER_S;
    forget = XFSM_DECAY_END / t->speed;
    t->forget = forget < (double) OFFSET_MAX ? (uint64_t) forget + 1
                                             : UINT64_MAX;
    t->n_lines = ((UINT64_C(1) << size) + XFSM_TEWMA_CELLS - 1)
                 / XFSM_TEWMA_CELLS;
    t->lines = xfsm_mem_map(lines_size(t), false);
    if (!t->lines) {
        error = xfsm_error("no address space for a rate sketch of %zu bytes",
                           lines_size(t));
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
        free(t);
    }
}

double
xfsm_tewma_add(struct xfsm_tewma *t, uint64_t hash, double q, uint64_t now)
{
    struct xfsm_tewma_line *line = xfsm_tewma_line(t, hash);
    const uint8_t *choice = choose_cells(hash);
    double *a = &line->cell[choice[0]];
    double *b = &line->cell[choice[1]];
    double *c = &line->cell[choice[2]];
    uint64_t time = read_clock(t, now);
    double value;

    if (time > line->time) {
        scale_line(line, decay_between(t, line->time, time));
        line->time = time;
        t->latest = time > t->latest ? time : t->latest;
    }
    value = min3(*a, *b, *c);
    if (q > 0 && q <= DBL_MAX) {
        value += q * t->gain;
        value = value < CELL_MAX ? value : CELL_MAX;
        *a = max2(*a, value);
        *b = max2(*b, value);
        *c = max2(*c, value);
    }
    return value;
}

double
xfsm_tewma_get(const struct xfsm_tewma *t, uint64_t hash, uint64_t now)
{
    const struct xfsm_tewma_line *line = xfsm_tewma_line(t, hash);
    const uint8_t *choice = choose_cells(hash);

    return decay_between(t, line->time, read_clock(t, now))
           * min3(line->cell[choice[0]], line->cell[choice[1]],
                  line->cell[choice[2]]);
}

void
xfsm_tewma_reset_key(struct xfsm_tewma *t, uint64_t hash)
{
    struct xfsm_tewma_line *line = xfsm_tewma_line(t, hash);
    const uint8_t *choice = choose_cells(hash);

    line->cell[choice[0]] = 0;
    line->cell[choice[1]] = 0;
    line->cell[choice[2]] = 0;
}

void
xfsm_tewma_reset(struct xfsm_tewma *t)
{
    uint64_t offset = t->offset + t->forget;
    uint64_t floor = t->latest + t->forget;

    if (offset < t->forget || offset > OFFSET_MAX || floor < t->latest) {
        xfsm_mem_clear(t->lines, lines_size(t));
        t->offset = 0;
        t->floor = 0;
        t->latest = 0;
    } else {
        t->offset = offset;
        t->floor = floor;
    }
}

uint64_t
xfsm_tewma_bytes(const struct xfsm_tewma *t)
{
    return sizeof *t + lines_size(t);
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
    xfsm_state_u64(io, &t->offset);
    xfsm_state_u64(io, &t->floor);
    xfsm_state_u64(io, &t->latest);
    xfsm_state_sparse(io, t->lines, t->n_lines, sizeof *t->lines, line_good);
}
