/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include <config.h>
#include "ovsdb-schema/ovs-compat.h"

#include "controller/history.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "openvswitch/shash.h"
#include "util.h"

static const struct range {
    const char *name;
    int64_t period;
    size_t n;
} ranges[] = {
#define RANGE(ID, NAME, PERIOD, POINTS) { NAME, PERIOD, POINTS },
    XFSM_HISTORY_RANGES(RANGE)
#undef RANGE
};

/* The points of one range.  Slot S, the time from S * period on, is at S
 * modulo the number of points. */
struct ring {
    int64_t first, last;        /* Slots that are there. */
    unsigned int samples[XFSM_HISTORY_VALUES];  /* In the last one. */
    float *points;
};

struct series {
    size_t n_values;
    struct ring rings[XFSM_HISTORY_N_RANGES];
};

struct xfsm_history {
    size_t max_series;
    struct shash series;        /* struct series. */
    uint64_t refused;
};

struct xfsm_history *
xfsm_history_create(size_t max_series)
{
    struct xfsm_history *history = xzalloc(sizeof *history);

    history->max_series = max_series;
    shash_init(&history->series);
    return history;
}

static void
free_series(struct series *series)
{
    size_t i;

    for (i = 0; i < XFSM_HISTORY_N_RANGES; i++) {
        free(series->rings[i].points);
    }
    free(series);
}

void
xfsm_history_destroy(struct xfsm_history *history)
{
    if (history) {
        struct shash_node *node;

        SHASH_FOR_EACH (node, &history->series) {
            free_series(node->data);
        }
        shash_destroy(&history->series);
        free(history);
    }
}

static float *
get_point(const struct series *series, size_t range, int64_t slot)
{
    return &series->rings[range].points[slot % ranges[range].n
                                        * series->n_values];
}

static void
clear_point(struct series *series, size_t range, int64_t slot)
{
    float *point = get_point(series, range, slot);
    size_t i;

    for (i = 0; i < series->n_values; i++) {
        point[i] = NAN;
    }
}

/* Goes on to 'slot', which is not before the last one. */
static void
advance(struct series *series, size_t range, int64_t slot)
{
    struct ring *ring = &series->rings[range];
    int64_t n = ranges[range].n;

    if (slot - ring->last >= n) {
        ring->first = slot;
        ring->last = slot - 1;
    }
    while (ring->last < slot) {
        clear_point(series, range, ++ring->last);
        memset(ring->samples, 0, sizeof ring->samples);
    }
    ring->first = MAX(ring->first, slot - n + 1);
}

static void
add_to_ring(struct series *series, size_t range, const float values[],
            int64_t now)
{
    struct ring *ring = &series->rings[range];
    int64_t slot = now / ranges[range].period;
    float *point;
    size_t i;

    if (slot < ring->last && ring->last - slot < (int64_t) ranges[range].n) {
        return;
    } else if (slot < ring->last) {
        ring->first = slot;
        ring->last = slot - 1;
    }
    advance(series, range, slot);
    point = get_point(series, range, slot);
    for (i = 0; i < series->n_values; i++) {
        if (!isnan(values[i])) {
            unsigned int n = ++ring->samples[i];

            point[i] = n == 1 ? values[i]
                              : point[i] + (values[i] - point[i]) / n;
        }
    }
}

static struct series *
add_series(struct xfsm_history *history, const char *name, size_t n,
           int64_t now)
{
    struct series *series = xzalloc(sizeof *series);
    size_t i;

    series->n_values = n;
    for (i = 0; i < XFSM_HISTORY_N_RANGES; i++) {
        struct ring *ring = &series->rings[i];

        ring->points = xcalloc(ranges[i].n * n, sizeof *ring->points);
        ring->first = now / ranges[i].period;
        ring->last = ring->first - 1;
    }
    shash_add(&history->series, name, series);
    return series;
}

bool
xfsm_history_add(struct xfsm_history *history, const char *name,
                 const float values[], size_t n, int64_t now)
{
    struct series *series = shash_find_data(&history->series, name);
    size_t i;

    if (!series) {
        if (shash_count(&history->series) >= history->max_series) {
            history->refused++;
            return false;
        }
        series = add_series(history, name, n, now);
    }
    ovs_assert(series->n_values == n && n <= XFSM_HISTORY_VALUES);
    for (i = 0; i < XFSM_HISTORY_N_RANGES; i++) {
        add_to_ring(series, i, values, now);
    }
    return true;
}

void
xfsm_history_expire(struct xfsm_history *history, int64_t now)
{
    const size_t longest = XFSM_HISTORY_N_RANGES - 1;
    int64_t oldest = (now / ranges[longest].period
                      - (int64_t) ranges[longest].n);
    struct shash_node *node;

    SHASH_FOR_EACH_SAFE (node, &history->series) {
        struct series *series = node->data;

        if (series->rings[longest].last <= oldest) {
            free_series(series);
            shash_delete(&history->series, node);
        }
    }
}

size_t
xfsm_history_read(const struct xfsm_history *history, const char *name,
                  enum xfsm_history_range range, float **pointsp,
                  size_t *n_values, int64_t *first)
{
    const struct series *series = shash_find_data(&history->series, name);
    const struct ring *ring = series ? &series->rings[range] : NULL;
    size_t n = ring ? ring->last - ring->first + 1 : 0;
    size_t i;

    if (!n) {
        *pointsp = NULL;
        return 0;
    }
    *n_values = series->n_values;
    *first = ring->first * ranges[range].period;
    *pointsp = xcalloc(n * series->n_values, sizeof **pointsp);
    for (i = 0; i < n; i++) {
        memcpy(*pointsp + i * series->n_values,
               get_point(series, range, ring->first + i),
               series->n_values * sizeof **pointsp);
    }
    return n;
}

bool
xfsm_history_find_range(const char *name, enum xfsm_history_range *range)
{
    size_t i;

    for (i = 0; i < XFSM_HISTORY_N_RANGES; i++) {
        if (!strcmp(ranges[i].name, name)) {
            *range = i;
            return true;
        }
    }
    return false;
}

const char *
xfsm_history_range_name(enum xfsm_history_range range)
{
    return ranges[range].name;
}

int64_t
xfsm_history_period(enum xfsm_history_range range)
{
    return ranges[range].period;
}

size_t
xfsm_history_count(const struct xfsm_history *history)
{
    return shash_count(&history->series);
}

uint64_t
xfsm_history_refused(const struct xfsm_history *history)
{
    return history->refused;
}
