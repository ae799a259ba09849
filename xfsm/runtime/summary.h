/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef XFSM_RUNTIME_SUMMARY_H
#define XFSM_RUNTIME_SUMMARY_H 1

/* Monitors of dialect 2: one face for the sketches behind them.
 *
 *     distinct    distinct.h: how many different items; exact up to 16
 *     countmin    countmin.h: sum of values
 *     rate        ratewindow.h: values a second, in 5 parts of the window
 *     quantile    quantile.h: one quantile of values, to 2 %
 *     topk        topk.h: the keys with the largest sums of values
 *
 * What a metric's "size" means: log2 of the keys that there is room for, or
 * of the cells of a countmin, which stores no keys.  For every 8 keys that a
 * distinct has room for it has one sketch for a key with many items.
 *
 * Internal to the engine.  Thread-safety: none. */

#include <stdint.h>

#include "xfsm/base/state-io.h"
#include "xfsm/program/image.h"
#include "xfsm/runtime/key-value.h"

struct xfsm_countmin;
struct xfsm_keytable;
struct xfsm_summary;
struct xfsm_topk;

/* Makes the monitor of 'metric', which is on, verified and of one of these
 * types.  Returns NULL and stores it in '*summaryp', or an error that the
 * caller frees. */
char *xfsm_summary_create(const struct xfsm_img_metric *metric,
                          struct xfsm_summary **summaryp);
void xfsm_summary_destroy(struct xfsm_summary *);

/* Adds 'q' to 'key' at packet time 'now' (ns); nothing to a distinct. */
void xfsm_summary_add(struct xfsm_summary *, const struct xfsm_key_value *key,
                      double q, uint64_t now);

/* Adds 'item' to the set of 'key', which must be a distinct's. */
void xfsm_summary_add_item(struct xfsm_summary *,
                           const struct xfsm_key_value *key,
                           const struct xfsm_key_value *item, uint64_t now);

/* The same, and returns what xfsm_summary_get() says after that: for less
 * than both. */
double xfsm_summary_update(struct xfsm_summary *,
                           const struct xfsm_key_value *key, double q,
                           uint64_t now);
double xfsm_summary_update_item(struct xfsm_summary *,
                                const struct xfsm_key_value *key,
                                const struct xfsm_key_value *item,
                                uint64_t now);

/* What the monitor says of 'key'.  0 for a key that is not there. */
double xfsm_summary_get(const struct xfsm_summary *,
                        const struct xfsm_key_value *key, uint64_t now);

void xfsm_summary_reset_key(struct xfsm_summary *,
                            const struct xfsm_key_value *key);
void xfsm_summary_reset(struct xfsm_summary *);

/* Address space, in bytes. */
uint64_t xfsm_summary_bytes(const struct xfsm_summary *);

/* Where keys are found, for those who fetch ahead, count or list: one of
 * these, the others are NULL. */
const struct xfsm_keytable *xfsm_summary_table(const struct xfsm_summary *);
const struct xfsm_countmin *xfsm_summary_countmin(
    const struct xfsm_summary *);
const struct xfsm_topk *xfsm_summary_topk(const struct xfsm_summary *);

/* Writes or reads what it holds (state-io.h). */
void xfsm_summary_state(struct xfsm_summary *, struct xfsm_state_io *);

#endif /* xfsm/runtime/summary.h */
