/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include "xfsm/sketch/topk-private.h"

/* Counters are looked at in groups of so many places of the heap. */
#define GROUP 32
#define N_GROUPS ((XFSM_TOPK_MAX + GROUP - 1) / GROUP)
#define NO_PLACE UINT32_MAX

/* The best of each group that is not in the list yet. */
struct groups {
    const struct xfsm_topk *t;
    const struct xfsm_topk_list *list;
    uint32_t n;
    uint32_t best[N_GROUPS];    /* Its place, or NO_PLACE. */
    uint32_t taken[N_GROUPS];   /* Bit i: the i'th of the group is in. */
};

_Static_assert(GROUP == 32, "a bit for each place of a group");

/* Does the key at place 'a' come first, by count, then by the words? */
static inline bool
goes_before(const struct groups *g, uint32_t a, uint32_t b)
{
    const struct xfsm_topk_counter *x = &g->list->heap[a];
    const struct xfsm_topk_counter *y = &g->list->heap[b];
    const struct xfsm_topk_entry *d = &g->list->entries[x->entry];
    const struct xfsm_topk_entry *e = &g->list->entries[y->entry];
    const uint64_t *key, *other;
    uint32_t i;

    if (x->count != y->count) {
        return x->count > y->count;
    }
    key = xfsm_topk_entry_key(g->t, g->list, (uint32_t) x->entry);
    other = xfsm_topk_entry_key(g->t, g->list, (uint32_t) y->entry);
    for (i = 0; i < d->n && i < e->n; i++) {
        if (key[i] != other[i]) {
            return key[i] < other[i];
        }
    }
    return d->n < e->n;
}

static void
find_best(struct groups *g, uint32_t group)
{
    uint32_t start = group * GROUP;
    uint32_t best = NO_PLACE;
    uint32_t i;

    for (i = 0; i < GROUP && start + i < g->list->n; i++) {
        if (!(g->taken[group] >> i & 1)
            && (best == NO_PLACE || goes_before(g, start + i, best))) {
            best = start + i;
        }
    }
    g->best[group] = best;
}

/* Takes the best of all out of its group.  Returns its place, or NO_PLACE. */
static uint32_t
take_best(struct groups *g)
{
    uint32_t best = NO_PLACE;
    uint32_t i;

    for (i = 0; i < g->n; i++) {
        if (g->best[i] != NO_PLACE
            && (best == NO_PLACE || goes_before(g, g->best[i], best))) {
            best = g->best[i];
        }
    }
    if (best != NO_PLACE) {
        g->taken[best / GROUP] |= UINT32_C(1) << best % GROUP;
        find_best(g, best / GROUP);
    }
    return best;
}

unsigned int
xfsm_topk_list(const struct xfsm_topk *t, bool before, uint64_t now,
               unsigned int max, struct xfsm_topk_hitter *hitters)
{
    struct groups g = {
        .t = t, .list = xfsm_topk_find_list(t, before, now),
    };
    unsigned int n = 0;

    if (!g.list || !max) {
        return 0;
    }
    for (; g.n * GROUP < g.list->n; g.n++) {
        find_best(&g, g.n);
    }
    while (n < max) {
        uint32_t place = take_best(&g);

        if (place == NO_PLACE) {
            break;
        }
        hitters[n++] = xfsm_topk_make_hitter(
            t, g.list, (uint32_t) g.list->heap[place].entry);
    }
    return n;
}
