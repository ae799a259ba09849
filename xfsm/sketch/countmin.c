/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include "xfsm/sketch/countmin.h"

#include <float.h>
#include <stdlib.h>
#include <string.h>

#include "xfsm/base/error.h"
#include "xfsm/base/mem.h"

#define CELL_MAX 1e300

/* How many epochs make a line forget everything. */
#define FORGET 2

_Static_assert(sizeof(struct xfsm_countmin_line) == 64,
               "a line is one cache line");
_Static_assert(2 * XFSM_COUNTMIN_WINDOW_CELLS <= XFSM_COUNTMIN_CELLS,
               "two windows");

/* What a line says of a key: of this window, and of the one before. */
struct sums {
    double this;
    double last;
};

static inline double
min2(double a, double b)
{
    return a < b ? a : b;
}

static inline double
max2(double a, double b)
{
    return a > b ? a : b;
}

static inline unsigned int
choose_cell(const struct xfsm_countmin *c, uint64_t hash)
{
    return (unsigned int) ((uint64_t) (uint32_t) hash * c->n_cells >> 32);
}

static inline struct sums
read_line(const struct xfsm_countmin *c,
          const struct xfsm_countmin_line *line, unsigned int cell,
          uint64_t epoch)
{
    uint64_t age = epoch - line->epoch;
    struct sums sums = { 0, 0 };

    if (!age) {
        sums.this = line->cell[cell];
        if (c->window.width) {
            sums.last = line->cell[XFSM_COUNTMIN_WINDOW_CELLS + cell];
        }
    } else if (age < FORGET) {
        sums.last = line->cell[cell];
    }
    return sums;
}

static inline void
refresh_line(struct xfsm_countmin_line *line, uint64_t epoch)
{
    uint64_t age = epoch - line->epoch;
    unsigned int i;

    if (!age) {
        return;
    }
    if (age < FORGET) {
        for (i = 0; i < XFSM_COUNTMIN_WINDOW_CELLS; i++) {
            line->cell[XFSM_COUNTMIN_WINDOW_CELLS + i] = line->cell[i];
            line->cell[i] = 0;
        }
    } else {
        memset(line->cell, 0, sizeof line->cell);
    }
    line->epoch = epoch;
}

static size_t
lines_size(const struct xfsm_countmin *c)
{
    return 2 * c->n_lines * sizeof *c->lines;
}

char *
xfsm_countmin_create(unsigned int size, uint64_t window,
                     struct xfsm_countmin **countminp)
{
    const unsigned int per_pair = 2 * XFSM_COUNTMIN_CELLS;
    struct xfsm_countmin *c;
    char *error;

    if (size < XFSM_COUNTMIN_SIZE_MIN || size > XFSM_COUNTMIN_SIZE_MAX) {
        return xfsm_error("the size of a count-min sketch is %d to %d (log2 "
                          "of cells), not %u", XFSM_COUNTMIN_SIZE_MIN,
                          XFSM_COUNTMIN_SIZE_MAX, size);
    }
    c = calloc(1, sizeof *c);
    if (!c) {
        return xfsm_error("no memory for a count-min sketch");
    }
    c->n_lines = ((UINT64_C(1) << size) + per_pair - 1) / per_pair;
    c->n_cells = window ? XFSM_COUNTMIN_WINDOW_CELLS : XFSM_COUNTMIN_CELLS;
    xfsm_window_init(&c->window, window);
    c->lines = xfsm_mem_map(lines_size(c), false);
    if (!c->lines) {
        error = xfsm_error("no address space for a count-min sketch of %zu "
                           "bytes", lines_size(c));
        xfsm_countmin_destroy(c);
        return error;
    }
    *countminp = c;
    return NULL;
}

void
xfsm_countmin_destroy(struct xfsm_countmin *c)
{
    if (c) {
        xfsm_mem_unmap(c->lines, lines_size(c));
        free(c);
    }
}

double
xfsm_countmin_add(struct xfsm_countmin *c, uint64_t hash, double q,
                  uint64_t now)
{
    uint64_t rehash = xfsm_countmin_rehash(hash);
    struct xfsm_countmin_line *lines[2] = {
        xfsm_countmin_line(c, 0, hash), xfsm_countmin_line(c, 1, rehash),
    };
    unsigned int cells[2] = { choose_cell(c, hash), choose_cell(c, rehash) };
    uint64_t epoch;
    struct sums a, b;
    double value;

    xfsm_window_advance(&c->window, now);
    epoch = c->window.number + c->offset;
    refresh_line(lines[0], epoch);
    refresh_line(lines[1], epoch);
    a = read_line(c, lines[0], cells[0], epoch);
    b = read_line(c, lines[1], cells[1], epoch);
    value = min2(a.this, b.this);
    if (q > 0 && q <= DBL_MAX) {
        value = min2(value + q, CELL_MAX);
        lines[0]->cell[cells[0]] = max2(a.this, value);
        lines[1]->cell[cells[1]] = max2(b.this, value);
    }
    return value + min2(a.last, b.last);
}

double
xfsm_countmin_get(const struct xfsm_countmin *c, uint64_t hash, uint64_t now)
{
    uint64_t rehash = xfsm_countmin_rehash(hash);
    uint64_t epoch = xfsm_window_at(&c->window, now) + c->offset;
    struct sums a = read_line(c, xfsm_countmin_line(c, 0, hash),
                              choose_cell(c, hash), epoch);
    struct sums b = read_line(c, xfsm_countmin_line(c, 1, rehash),
                              choose_cell(c, rehash), epoch);

    return min2(a.this, b.this) + min2(a.last, b.last);
}

static void
reset_cell(const struct xfsm_countmin *c, struct xfsm_countmin_line *line,
           unsigned int cell)
{
    line->cell[cell] = 0;
    if (c->window.width) {
        line->cell[XFSM_COUNTMIN_WINDOW_CELLS + cell] = 0;
    }
}

void
xfsm_countmin_reset_key(struct xfsm_countmin *c, uint64_t hash)
{
    uint64_t rehash = xfsm_countmin_rehash(hash);

    reset_cell(c, xfsm_countmin_line(c, 0, hash), choose_cell(c, hash));
    reset_cell(c, xfsm_countmin_line(c, 1, rehash), choose_cell(c, rehash));
}

void
xfsm_countmin_reset(struct xfsm_countmin *c)
{
    c->offset += FORGET;
}

uint64_t
xfsm_countmin_cells(const struct xfsm_countmin *c)
{
    return c->n_lines * c->n_cells;
}

uint64_t
xfsm_countmin_bytes(const struct xfsm_countmin *c)
{
    return sizeof *c + lines_size(c);
}

static bool
line_good(const void *line_)
{
    const struct xfsm_countmin_line *line = line_;

    return xfsm_state_doubles_good(line->cell, XFSM_COUNTMIN_CELLS, CELL_MAX);
}

void
xfsm_countmin_state(struct xfsm_countmin *c, struct xfsm_state_io *io)
{
    xfsm_state_same(io, c->n_lines, "the size of a count-min sketch");
    xfsm_window_state(&c->window, io);
    xfsm_state_u64(io, &c->offset);
    xfsm_state_sparse(io, c->lines, 2 * c->n_lines, sizeof *c->lines,
                      line_good);
}
