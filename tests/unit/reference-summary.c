/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include "tests/unit/reference-summary.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/reference-store.h"

#define RATE_PARTS 5

void
ref_summary_init(struct ref_summary *s, const struct xfsm_metric *metric)
{
    memset(s, 0, sizeof *s);
    s->type = metric->vm_type;
    s->quantile = metric->vm_quantile;
    s->width = metric->vm_window;
    if (s->type == XFSM_MON_RATE) {
        s->width /= RATE_PARTS;
    }
}

/* Time does not go back: a late 'now' is in the latest window. */
static uint64_t
window_at(const struct ref_summary *s, uint64_t now)
{
    return now / s->width > s->number ? now / s->width : s->number;
}

void
ref_summary_add(struct ref_summary *s, const struct ref_key *key,
                const struct ref_key *item, double value, uint64_t now)
{
    struct ref_sample *sample = calloc(1, sizeof *sample);

    if (!sample) {
        abort();
    }
    s->number = window_at(s, now);
    sample->window = s->number;
    sample->value = value > 0 && isfinite(value) ? value : 0;
    ref_key_copy(&sample->key, key);
    if (item) {
        ref_key_copy(&sample->item, item);
    }
    sample->next = s->samples;
    s->samples = sample;
}

/* The next sample of 'key', from 'sample' on, that is not older than
 * 'oldest'.  The newest come first. */
static const struct ref_sample *
find(const struct ref_sample *sample, const struct ref_key *key,
     uint64_t oldest)
{
    while (sample && sample->window >= oldest) {
        if (ref_key_equal(&sample->key, key)) {
            return sample;
        }
        sample = sample->next;
    }
    return NULL;
}

#define FOR_EACH_SAMPLE(SAMPLE, SUMMARY, KEY, OLDEST) \
    for ((SAMPLE) = find((SUMMARY)->samples, KEY, OLDEST); (SAMPLE); \
         (SAMPLE) = find((SAMPLE)->next, KEY, OLDEST))

static double
count_items(const struct ref_summary *s, const struct ref_key *key,
            uint64_t oldest)
{
    const struct ref_sample *sample;
    struct ref_map items;
    size_t n;

    memset(&items, 0, sizeof items);
    FOR_EACH_SAMPLE (sample, s, key, oldest) {
        ref_map_add(&items, &sample->item);
    }
    n = items.n;
    ref_map_clear(&items);
    return (double) n;
}

static double
add_up(const struct ref_summary *s, const struct ref_key *key,
       uint64_t oldest)
{
    const struct ref_sample *sample;
    double sum = 0;

    FOR_EACH_SAMPLE (sample, s, key, oldest) {
        sum += sample->value;
    }
    return sum;
}

/* The oldest part counts with the share of it that the window has. */
static double
find_rate(const struct ref_summary *s, const struct ref_key *key,
          uint64_t now)
{
    uint64_t part = window_at(s, now);
    uint64_t start = part * s->width;
    double passed = now > start ? (double) (now - start) / (double) s->width
                                : 0;
    double all = add_up(s, key, part - RATE_PARTS);
    double whole = add_up(s, key, part - RATE_PARTS + 1);

    return (whole + (all - whole) * (1 - passed))
           / ((double) s->width * RATE_PARTS / 1e9);
}

static int
compare_numbers(const void *a_, const void *b_)
{
    const double *a = a_;
    const double *b = b_;

    return (*a > *b) - (*a < *b);
}

static double
find_quantile(const struct ref_summary *s, const struct ref_key *key,
              uint64_t oldest)
{
    const struct ref_sample *sample;
    double *values = NULL;
    double value = 0;
    size_t n = 0;

    FOR_EACH_SAMPLE (sample, s, key, oldest) {
        values = realloc(values, (n + 1) * sizeof *values);
        if (!values) {
            abort();
        }
        values[n++] = sample->value;
    }
    if (n) {
        qsort(values, n, sizeof *values, compare_numbers);
        value = values[(size_t) (s->quantile * (double) (n - 1))];
    }
    free(values);
    return value;
}

/* Words as the engine has them: a key of a list has no text. */
static int
compare_hitters(const void *a_, const void *b_)
{
    const struct ref_hitter *a = a_;
    const struct ref_hitter *b = b_;

    if (a->sum != b->sum) {
        return a->sum < b->sum ? 1 : -1;
    }
    for (size_t i = 0; i < a->key->len; i += sizeof(uint64_t)) {
        uint64_t x, y;

        memcpy(&x, a->key->bytes + i, sizeof x);
        memcpy(&y, b->key->bytes + i, sizeof y);
        if (x != y) {
            return x < y ? -1 : 1;
        }
    }
    return 0;
}

size_t
ref_summary_list(const struct ref_summary *s, bool before, uint64_t now,
                 struct ref_hitter **hittersp)
{
    uint64_t window = window_at(s, now) - before;
    struct ref_hitter *hitters = NULL;
    const struct ref_sample *sample;
    size_t n = 0;

    for (sample = s->samples; sample && sample->window >= window;
         sample = sample->next) {
        size_t i = 0;

        if (sample->window != window || sample->value == 0) {
            continue;
        }
        while (i < n && !ref_key_equal(hitters[i].key, &sample->key)) {
            i++;
        }
        if (i == n) {
            hitters = realloc(hitters, ++n * sizeof *hitters);
            if (!hitters) {
                abort();
            }
            hitters[i] = (struct ref_hitter) { &sample->key, 0 };
        }
        hitters[i].sum += sample->value;
    }
    if (n) {
        qsort(hitters, n, sizeof *hitters, compare_hitters);
    }
    *hittersp = hitters;
    return n;
}

double
ref_summary_get(const struct ref_summary *s, const struct ref_key *key,
                uint64_t now)
{
    uint64_t window = window_at(s, now);
    uint64_t oldest = window ? window - 1 : 0;

    switch ((int) s->type) {
    case XFSM_MON_DISTINCT: return count_items(s, key, oldest);
    case XFSM_MON_COUNTMIN: return add_up(s, key, oldest);
    case XFSM_MON_RATE: return find_rate(s, key, now);
    case XFSM_MON_QUANTILE: return find_quantile(s, key, oldest);
    case XFSM_MON_TOPK: return add_up(s, key, window);
    default: abort();
    }
}

void
ref_summary_reset(struct ref_summary *s, const struct ref_key *key)
{
    struct ref_sample **link = &s->samples;

    while (*link) {
        struct ref_sample *sample = *link;

        if (key && !ref_key_equal(&sample->key, key)) {
            link = &sample->next;
            continue;
        }
        *link = sample->next;
        ref_key_free(&sample->key);
        ref_key_free(&sample->item);
        free(sample);
    }
}
