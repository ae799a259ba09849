/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include "xfsm/runtime/summary.h"

#include <stdlib.h>

#include "xfsm/base/error.h"
#include "xfsm/program/footprint.h"
#include "xfsm/sketch/countmin.h"
#include "xfsm/sketch/distinct.h"
#include "xfsm/sketch/quantile.h"
#include "xfsm/sketch/ratewindow.h"
#include "xfsm/sketch/topk.h"

/* One of the sketches is there, by the type. */
struct xfsm_summary {
    enum xfsm_monitor_type type;
    double quantile;
    struct xfsm_distinct *distinct;
    struct xfsm_countmin *countmin;
    struct xfsm_ratewindow *rate;
    struct xfsm_quantile *quantiles;
    struct xfsm_topk *topk;
};

static char *
create_sketch(struct xfsm_summary *s, const struct xfsm_img_metric *m)
{
    unsigned int words = m->key_words ? m->key_words : 1;
    size_t size = (size_t) 1 << m->vm_size;

    switch (s->type) {
    case XFSM_MON_DISTINCT:
        return xfsm_distinct_create(words, size,
                                    size / XFSM_DISTINCT_KEYS_A_SKETCH,
                                    m->vm_window,
                                    &s->distinct);
    case XFSM_MON_COUNTMIN:
        return xfsm_countmin_create(m->vm_size, m->vm_window, &s->countmin);
    case XFSM_MON_RATE:
        return xfsm_ratewindow_create(words, size, m->vm_window,
                                      XFSM_RATE_PARTS, &s->rate);
    case XFSM_MON_QUANTILE:
        return xfsm_quantile_create(words, size, XFSM_QUANTILE_ACCURACY,
                                    XFSM_QUANTILE_BUCKETS, m->vm_window,
                                    &s->quantiles);
    case XFSM_MON_TOPK:
        return xfsm_topk_create(words, (unsigned int) size, m->vm_window,
                                &s->topk);
    case XFSM_MON_DLEFT:
    case XFSM_MON_TEWMA:
    case XFSM_MON_SIMPLE:
    case XFSM_N_MONITORS:
    default:
        return xfsm_error("no such type of monitor: %d", (int) s->type);
    }
}

static struct xfsm_keytable *
table_of(const struct xfsm_summary *s)
{
    return s->distinct ? s->distinct->table
           : s->rate ? s->rate->table
           : s->quantiles ? s->quantiles->table : NULL;
}

char *
xfsm_summary_create(const struct xfsm_img_metric *metric,
                    struct xfsm_summary **summaryp)
{
    struct xfsm_summary *s = calloc(1, sizeof *s);
    char *error;

    if (!s) {
        return xfsm_error("out of memory");
    }
    s->type = metric->vm_type;
    s->quantile = metric->vm_quantile;
    error = create_sketch(s, metric);
    if (error) {
        xfsm_summary_destroy(s);
        return error;
    }
    if (table_of(s)) {
        xfsm_keytable_set_policy(table_of(s), metric->vm_on_full, 0);
    }
    *summaryp = s;
    return NULL;
}

void
xfsm_summary_destroy(struct xfsm_summary *s)
{
    if (s) {
        xfsm_distinct_destroy(s->distinct);
        xfsm_countmin_destroy(s->countmin);
        xfsm_ratewindow_destroy(s->rate);
        xfsm_quantile_destroy(s->quantiles);
        xfsm_topk_destroy(s->topk);
        free(s);
    }
}

void
xfsm_summary_add(struct xfsm_summary *s, const struct xfsm_key_value *key,
                 double q, uint64_t now)
{
    if (s->quantiles) {
        xfsm_quantile_add(s->quantiles, key->hash, key->w, key->n, q, now);
    } else {
        xfsm_summary_update(s, key, q, now);
    }
}

void
xfsm_summary_add_item(struct xfsm_summary *s,
                      const struct xfsm_key_value *key,
                      const struct xfsm_key_value *item, uint64_t now)
{
    xfsm_summary_update_item(s, key, item, now);
}

double
xfsm_summary_update(struct xfsm_summary *s, const struct xfsm_key_value *key,
                    double q, uint64_t now)
{
    if (s->countmin) {
        return xfsm_countmin_add(s->countmin, key->hash, q, now);
    } else if (s->rate) {
        return xfsm_ratewindow_add(s->rate, key->hash, key->w, key->n, q,
                                   now);
    } else if (s->topk) {
        return xfsm_topk_add(s->topk, key->hash, key->w, key->n, q, now);
    } else if (s->quantiles) {
        xfsm_quantile_add(s->quantiles, key->hash, key->w, key->n, q, now);
    }
    return xfsm_summary_get(s, key, now);
}

double
xfsm_summary_update_item(struct xfsm_summary *s,
                         const struct xfsm_key_value *key,
                         const struct xfsm_key_value *item, uint64_t now)
{
    return xfsm_distinct_add(s->distinct, key->hash, key->w, key->n,
                             item->hash, now);
}

double
xfsm_summary_get(const struct xfsm_summary *s,
                 const struct xfsm_key_value *key, uint64_t now)
{
    double value = 0;

    if (s->distinct) {
        return xfsm_distinct_get(s->distinct, key->hash, key->w, key->n, now);
    } else if (s->countmin) {
        return xfsm_countmin_get(s->countmin, key->hash, now);
    } else if (s->rate) {
        return xfsm_ratewindow_get(s->rate, key->hash, key->w, key->n, now);
    } else if (s->topk) {
        struct xfsm_topk_hitter hitter;

        return xfsm_topk_get(s->topk, key->hash, key->w, key->n, now, &hitter)
               ? hitter.count : 0;
    }
    xfsm_quantile_get(s->quantiles, key->hash, key->w, key->n, s->quantile,
                      now, &value);
    return value;
}

void
xfsm_summary_reset_key(struct xfsm_summary *s,
                       const struct xfsm_key_value *key)
{
    if (s->distinct) {
        xfsm_distinct_reset_key(s->distinct, key->hash, key->w, key->n);
    } else if (s->countmin) {
        xfsm_countmin_reset_key(s->countmin, key->hash);
    } else if (s->rate) {
        xfsm_ratewindow_reset_key(s->rate, key->hash, key->w, key->n);
    } else if (s->topk) {
        xfsm_topk_reset_key(s->topk, key->hash, key->w, key->n);
    } else {
        xfsm_quantile_reset_key(s->quantiles, key->hash, key->w, key->n);
    }
}

void
xfsm_summary_reset(struct xfsm_summary *s)
{
    if (s->distinct) {
        xfsm_distinct_reset(s->distinct);
    } else if (s->countmin) {
        xfsm_countmin_reset(s->countmin);
    } else if (s->rate) {
        xfsm_ratewindow_reset(s->rate);
    } else if (s->topk) {
        xfsm_topk_reset(s->topk);
    } else {
        xfsm_quantile_reset(s->quantiles);
    }
}

uint64_t
xfsm_summary_bytes(const struct xfsm_summary *s)
{
    struct xfsm_keytable_stats table;

    if (s->distinct) {
        struct xfsm_distinct_stats stats;

        xfsm_distinct_get_stats(s->distinct, &stats);
        return stats.bytes;
    } else if (s->countmin) {
        return xfsm_countmin_bytes(s->countmin);
    } else if (s->topk) {
        struct xfsm_topk_stats stats;

        xfsm_topk_get_stats(s->topk, &stats);
        return stats.bytes;
    } else if (s->rate) {
        xfsm_ratewindow_get_stats(s->rate, &table);
    } else {
        xfsm_quantile_get_stats(s->quantiles, &table);
    }
    return table.bytes;
}

const struct xfsm_keytable *
xfsm_summary_table(const struct xfsm_summary *s)
{
    return table_of(s);
}

const struct xfsm_countmin *
xfsm_summary_countmin(const struct xfsm_summary *s)
{
    return s->countmin;
}

const struct xfsm_topk *
xfsm_summary_topk(const struct xfsm_summary *s)
{
    return s->topk;
}

void
xfsm_summary_state(struct xfsm_summary *s, struct xfsm_state_io *io)
{
    if (s->distinct) {
        xfsm_distinct_state(s->distinct, io);
    } else if (s->countmin) {
        xfsm_countmin_state(s->countmin, io);
    } else if (s->rate) {
        xfsm_ratewindow_state(s->rate, io);
    } else if (s->quantiles) {
        xfsm_quantile_state(s->quantiles, io);
    } else if (s->topk) {
        xfsm_topk_state(s->topk, io);
    }
}
