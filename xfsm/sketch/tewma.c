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

#ifdef __x86_64__
#include <immintrin.h>
#endif

#define NS_PER_S 1e9

/* Cells that fall below the first are set to 0, before they could become
 * subnormal; none rises above the second. */
#define CELL_MIN 1e-290
#define CELL_MAX 1e300

_Static_assert(sizeof(struct xfsm_tewma_line) == 64,
               "a line is one cache line");

/* Every choice of 3 cells of a line, and the bytes of a word that stand for
 * them, the lowest one standing for the line's time. */
struct choice {
    uint8_t cell[3];
    uint64_t lanes;
};

#define N_CHOICES 35
#define LANE(CELL) (UINT64_C(0xff) << 8 * ((CELL) + 1))
#define CHOICE(A, B, C) { { A, B, C }, LANE(A) | LANE(B) | LANE(C) }
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

typedef double pair_of_cells __attribute__((vector_size(16), may_alias));
typedef int64_t pair_of_masks __attribute__((vector_size(16)));

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

static bool
has_wide(void)
{
#ifdef __x86_64__
    return __builtin_cpu_supports("avx2");
#else
    return false;
#endif
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
    t->wide = has_wide();
    t->gain = -log_beta(window);
    t->speed = t->gain / M_LN2 / NS_PER_S;
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

/* The smallest of the three cells as they are in memory. */
static inline double
smallest(const struct xfsm_tewma_line *line, const struct choice *choice)
{
    return min3(line->cell[choice->cell[0]], line->cell[choice->cell[1]],
                line->cell[choice->cell[2]]);
}

/* 'value' after adding 'q', or 0 if 'q' is nothing to add. */
static inline double
raise(const struct xfsm_tewma *t, double value, double q)
{
    if (!(q > 0 && q <= DBL_MAX)) {
        return 0;
    }
    value += q * t->gain;
    return value < CELL_MAX ? value : CELL_MAX;
}

static inline void
raise_cells(struct xfsm_tewma_line *line, const struct choice *choice,
            double value)
{
    for (int i = 0; i < 3; i++) {
        double *cell = &line->cell[choice->cell[i]];

        *cell = max2(*cell, value);
    }
}

#ifdef __x86_64__

/* Multiplies four numbers as scale_pair() does, then raises those that
 * 'lanes' has a byte for to 'value'. */
static inline __attribute__((target("avx2"))) __m256d
wide_scale(__m256d numbers, __m256d factor, uint32_t lanes, __m256d value)
{
    __m256i which = _mm256_cvtepi8_epi64(_mm_cvtsi32_si128((int) lanes));
    __m256d scaled = _mm256_mul_pd(numbers, factor);
    __m256d keep = _mm256_cmp_pd(scaled, _mm256_set1_pd(CELL_MIN),
                                 _CMP_GE_OQ);

    return _mm256_max_pd(_mm256_and_pd(scaled, keep),
                         _mm256_and_pd(_mm256_castsi256_pd(which), value));
}

/* A line as two vectors: all cells are decayed and the three raised at once,
 * and none is read back.  What is not decayed is multiplied by 1. */
static __attribute__((target("avx2"))) double
wide_add(struct xfsm_tewma *t, uint64_t hash, double q, uint64_t now)
{
    struct xfsm_tewma_line *line = xfsm_tewma_line(t, hash);
    const struct choice *choice = choose_cells(hash);
    double *numbers = (double *) line;
    double low, factor, value, raised;
    __m256d factors, first, values;
    uint64_t time;

    if (is_forgotten(t, line)) {
        refresh_line(t, line);
    }
    low = smallest(line, choice);
    time = now > line->time ? now : line->time;
    factor = decay_between(t, line->time, time);
    factors = _mm256_set1_pd(factor);
    value = low * factor;
    value = value >= CELL_MIN ? value : 0;
    raised = raise(t, value, q);
    values = _mm256_set1_pd(raised);
    first = _mm256_blend_pd(_mm256_load_pd(numbers), _mm256_setzero_pd(), 1);
    first = wide_scale(first, factors, (uint32_t) choice->lanes, values);
    first = _mm256_blend_pd(
        first, _mm256_castsi256_pd(_mm256_set1_epi64x((int64_t) time)), 1);
    _mm256_store_pd(numbers, first);
    _mm256_store_pd(numbers + 4,
                    wide_scale(_mm256_load_pd(numbers + 4), factors,
                               (uint32_t) (choice->lanes >> 32), values));
    return raised > 0 ? raised : value;
}

#endif

static double
narrow_add(struct xfsm_tewma *t, uint64_t hash, double q, uint64_t now)
{
    struct xfsm_tewma_line *line = xfsm_tewma_line(t, hash);
    const struct choice *choice = choose_cells(hash);
    double value, raised;

    if (is_forgotten(t, line)) {
        refresh_line(t, line);
    }
    if (now > line->time) {
        scale_line(line, decay_between(t, line->time, now));
        line->time = now;
    }
    value = smallest(line, choice);
    raised = raise(t, value, q);
    raise_cells(line, choice, raised);
    return raised > 0 ? raised : value;
}

double
xfsm_tewma_add(struct xfsm_tewma *t, uint64_t hash, double q, uint64_t now)
{
#ifdef __x86_64__
    if (t->wide) {
        return wide_add(t, hash, q, now);
    }
#endif
    return narrow_add(t, hash, q, now);
}

double
xfsm_tewma_get(const struct xfsm_tewma *t, uint64_t hash, uint64_t now)
{
    const struct xfsm_tewma_line *line = xfsm_tewma_line(t, hash);

    if (is_forgotten(t, line)) {
        return 0;
    }
    return decay_between(t, line->time, now)
           * smallest(line, choose_cells(hash));
}

double
xfsm_tewma_get_above(const struct xfsm_tewma *t, uint64_t hash, uint64_t now,
                     double limit)
{
    double low = smallest(xfsm_tewma_line(t, hash), choose_cells(hash));

    return low <= limit ? low : xfsm_tewma_get(t, hash, now);
}

void
xfsm_tewma_reset_key(struct xfsm_tewma *t, uint64_t hash)
{
    struct xfsm_tewma_line *line = xfsm_tewma_line(t, hash);
    const struct choice *choice = choose_cells(hash);

    for (int i = 0; i < 3; i++) {
        line->cell[choice->cell[i]] = 0;
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
    xfsm_state_u32(io, &t->generation);
    xfsm_state_u32(io, &t->scrub);
    xfsm_state_check(io, t->scrub < t->n_lines, "a line of a rate sketch");
    xfsm_state_sparse(io, t->lines, t->n_lines, sizeof *t->lines, line_good);
    xfsm_state_sparse(io, t->generations, t->n_lines,
                      sizeof *t->generations, NULL);
}
