/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include "xfsm/engine-private.h"
#include "xfsm/packet/fragments.h"
#include "xfsm/sketch/topk.h"

static void
add_replaced(const struct xfsm_topk *topk, struct xfsm_engine_stats *stats)
{
    if (topk) {
        struct xfsm_topk_stats list;

        xfsm_topk_get_stats(topk, &list);
        stats->topk_replaced += list.replaced;
    }
}

void
xfsm_engine_add_evictions(const struct xfsm_instance *p,
                          struct xfsm_engine_stats *stats)
{
    struct xfsm_keytable_stats table;

    xfsm_keytable_get_stats(p->states, &table);
    stats->state_evictions += table.evictions;
    stats->state_expired += table.expired;
    stats->state_refused += table.refused;
    for (uint32_t i = 0; i < p->image.n_metrics; i++) {
        const struct xfsm_keytable *keys = p->metrics[i].counters;

        if (p->metrics[i].summary) {
            keys = xfsm_summary_table(p->metrics[i].summary);
            add_replaced(xfsm_summary_topk(p->metrics[i].summary), stats);
        }
        if (keys) {
            xfsm_keytable_get_stats(keys, &table);
            stats->counter_evictions += table.evictions;
            stats->counter_refused += table.refused;
        }
    }
    for (uint32_t i = 0; i < p->image.n_tables; i++) {
        if (p->tables[i]) {
            xfsm_keytable_get_stats(p->tables[i], &table);
            stats->table_evictions += table.evictions;
            stats->table_refused += table.refused;
        }
    }
}

void
xfsm_engine_get_stats(const struct xfsm_engine *e,
                      struct xfsm_engine_stats *stats)
{
    const struct xfsm_fragments_stats *fragments =
        xfsm_fragments_stats(e->fragments);

    *stats = e->exec.stats;
    stats->fragments_resolved = e->retired.fragments_resolved
                                + fragments->resolved;
    stats->fragments_unknown = e->retired.fragments_unknown
                               + fragments->unknown;
    stats->fragments_evicted = e->retired.fragments_evicted
                               + fragments->evicted;
    stats->state_evictions = e->retired.state_evictions;
    stats->state_expired = e->retired.state_expired;
    stats->state_refused = e->retired.state_refused;
    stats->counter_evictions = e->retired.counter_evictions;
    stats->counter_refused = e->retired.counter_refused;
    stats->topk_replaced = e->retired.topk_replaced;
    stats->table_evictions = e->retired.table_evictions;
    stats->table_refused = e->retired.table_refused;
    for (unsigned int i = 0; i < e->n; i++) {
        xfsm_engine_add_evictions(e->programs[i], stats);
    }
}

bool
xfsm_engine_get_program(const struct xfsm_engine *e, unsigned int i,
                        struct xfsm_program_info *info)
{
    const struct xfsm_instance *p;
    struct xfsm_keytable_stats states;

    if (i >= e->n) {
        return false;
    }
    p = e->programs[i];
    xfsm_keytable_get_stats(p->states, &states);
    info->name = p->name;
    info->version = &p->image.strings[p->image.header->version];
    info->description = &p->image.strings[p->image.header->description];
    info->backend = p->native.handlers ? "native" : "interpreter";
    info->handled = p->handled;
    info->events = p->events;
    info->keys = states.n + (p->own.state != 0);
    info->timers = 0;
    if (p->timers) {
        struct xfsm_timers_stats timers;

        xfsm_timers_get_stats(p->timers, &timers);
        info->timers = timers.n;
    }
    info->bytes = xfsm_instance_bytes(p);
    info->n_states = (int) p->image.n_states;
    info->state_names = p->state_names;
    info->state_keys = p->state_keys;
    return true;
}
