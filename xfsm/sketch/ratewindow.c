/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include "xfsm/sketch/ratewindow.h"

#include <float.h>
#include <stdlib.h>

#include "xfsm/base/error.h"

#define NS_PER_S UINT64_C(1000000000)
#define SUM_MAX 1e300

struct record {
    uint64_t part;              /* Number of the part of the last touch. */
    double sum[];
};

/* A moment: its part, the place of that in the rings, and how much of it has
 * passed, 0 to 1. */
struct moment {
    uint64_t part;
    unsigned int place;
    double passed;
};

static struct moment
find_moment(const struct xfsm_ratewindow *r, uint64_t now)
{
    struct moment moment = { r->part.number, r->place, 0 };
    uint64_t start = r->part.start;

    if (now >= r->part.end) {
        moment.part = now / r->part.width;
        moment.place = (unsigned int) (moment.part % (r->n_parts + 1));
        start = moment.part * r->part.width;
    }
    if (now > start) {
        moment.passed = (double) (now - start) * r->per_part;
    }
    return moment;
}

/* The rate: the sums of the parts that the ring still has and that are not
 * older than the window. */
static double
read_record(const struct xfsm_ratewindow *r, const struct record *record,
            const struct moment *moment)
{
    uint64_t age = moment->part - record->part;
    unsigned int n = r->n_parts;
    unsigned int place;
    unsigned int i;
    double sum = 0;

    if (age > n) {
        return 0;
    }
    place = moment->place + (n + 1) - (unsigned int) age;
    place = place > n ? place - (n + 1) : place;
    for (i = (unsigned int) age; i < n; i++) {
        sum += record->sum[place];
        place = place ? place - 1 : n;
    }
    sum += record->sum[place] * (1 - moment->passed);
    return sum * r->per_window;
}

/* Empties the sums of the parts since the last touch. */
static void
refresh_record(const struct xfsm_ratewindow *r, struct record *record)
{
    uint64_t age = r->part.number - record->part;
    unsigned int place = r->place;
    unsigned int i;

    for (i = 0; i < age && i <= r->n_parts; i++) {
        record->sum[place] = 0;
        place = place ? place - 1 : r->n_parts;
    }
    record->part = r->part.number;
}

static char *
check_limits(uint64_t window, unsigned int n_parts)
{
    if (!n_parts || n_parts > XFSM_RATEWINDOW_PARTS_MAX) {
        return xfsm_error("the window of a rate has 1 to %d parts, not %u",
                          XFSM_RATEWINDOW_PARTS_MAX, n_parts);
    }
    if (window < n_parts) {
        return xfsm_error("the window of a rate is at least as many ns as it "
                          "has parts (%u), not %llu", n_parts,
                          (unsigned long long) window);
    }
    return NULL;
}

char *
xfsm_ratewindow_create(unsigned int key_words, size_t capacity,
                       uint64_t window, unsigned int n_parts,
                       struct xfsm_ratewindow **ratep)
{
    char *error = check_limits(window, n_parts);
    struct xfsm_ratewindow *r;

    if (error) {
        return error;
    }
    r = calloc(1, sizeof *r);
    if (!r) {
        return xfsm_error("no memory for a rate");
    }
    xfsm_window_init(&r->part, window / n_parts);
    r->n_parts = n_parts;
    r->per_part = 1 / (double) r->part.width;
    r->per_window = (double) NS_PER_S / ((double) r->part.width * n_parts);
    error = xfsm_keytable_create(key_words,
                                 sizeof(struct record)
                                 + (n_parts + 1) * sizeof(double),
                                 capacity, &r->table);
    if (error) {
        xfsm_ratewindow_destroy(r);
        return error;
    }
    *ratep = r;
    return NULL;
}

void
xfsm_ratewindow_destroy(struct xfsm_ratewindow *r)
{
    if (r) {
        xfsm_keytable_destroy(r->table);
        free(r);
    }
}

double
xfsm_ratewindow_add(struct xfsm_ratewindow *r, uint64_t hash,
                    const uint64_t *key, unsigned int n, double q,
                    uint64_t now)
{
    struct record *record;
    struct moment moment;
    bool created;

    if (xfsm_window_advance(&r->part, now)) {
        r->place = (unsigned int) (r->part.number % (r->n_parts + 1));
    }
    moment = find_moment(r, now);
    record = xfsm_keytable_insert(r->table, hash, key, n,
                                  (uint32_t) (now / NS_PER_S), &created);
    if (!record) {
        return 0;
    } else if (created) {
        record->part = r->part.number;
    } else if (record->part != r->part.number) {
        refresh_record(r, record);
    }
    if (q > 0 && q <= DBL_MAX) {
        double *sum = &record->sum[r->place];

        *sum = *sum + q < SUM_MAX ? *sum + q : SUM_MAX;
    }
    return read_record(r, record, &moment);
}

double
xfsm_ratewindow_get(const struct xfsm_ratewindow *r, uint64_t hash,
                    const uint64_t *key, unsigned int n, uint64_t now)
{
    const struct record *record = xfsm_keytable_find_live(
        r->table, hash, key, n, (uint32_t) (now / NS_PER_S));
    struct moment moment = find_moment(r, now);

    return record ? read_record(r, record, &moment) : 0;
}

bool
xfsm_ratewindow_reset_key(struct xfsm_ratewindow *r, uint64_t hash,
                          const uint64_t *key, unsigned int n)
{
    return xfsm_keytable_remove(r->table, hash, key, n);
}

void
xfsm_ratewindow_reset(struct xfsm_ratewindow *r)
{
    xfsm_keytable_clear(r->table);
}

/* What xfsm_ratewindow_foreach() was called with. */
struct walk {
    const struct xfsm_ratewindow *rate;
    struct moment moment;
    bool (*cb)(const uint64_t *key, unsigned int n, double rate, void *aux);
    void *aux;
};

static bool
walk_record(const uint64_t *key, unsigned int n, void *record, void *walk_)
{
    const struct walk *walk = walk_;

    return walk->cb(key, n, read_record(walk->rate, record, &walk->moment),
                    walk->aux);
}

void
xfsm_ratewindow_foreach(const struct xfsm_ratewindow *r, uint64_t now,
                        bool (*cb)(const uint64_t *key, unsigned int n,
                                   double rate, void *aux),
                        void *aux)
{
    struct walk walk = { r, find_moment(r, now), cb, aux };

    xfsm_keytable_foreach(r->table, walk_record, &walk);
}

void
xfsm_ratewindow_get_stats(const struct xfsm_ratewindow *r,
                          struct xfsm_keytable_stats *stats)
{
    xfsm_keytable_get_stats(r->table, stats);
}

static bool
record_good(const void *record_, void *r_)
{
    const struct record *record = record_;
    const struct xfsm_ratewindow *r = r_;

    return xfsm_state_doubles_good(record->sum, r->n_parts + 1, SUM_MAX);
}

void
xfsm_ratewindow_state(struct xfsm_ratewindow *r, struct xfsm_state_io *io)
{
    xfsm_state_same(io, r->n_parts, "the parts of a rate");
    xfsm_window_state(&r->part, io);
    if (xfsm_state_reads(io)) {
        r->place = (unsigned int) (r->part.number % (r->n_parts + 1));
    }
    xfsm_keytable_state(r->table, io, record_good, r);
}
