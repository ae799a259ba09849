/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include "xfsm/sketch/topk-private.h"

/* Places of the heap play a tournament (Knuth, volume 3, section 5.2.3): node
 * i of a binary tree has the better one of nodes 2i and 2i + 1, and the leaves
 * are the places in order.  Node 1 has the best of all; when it is taken, the
 * nodes above its leaf play again. */
#define N_LEAVES 1024
#define NO_PLACE UINT16_MAX

struct tournament {
    const struct xfsm_topk *t;
    const struct xfsm_topk_list *list;
    uint32_t leaves;            /* A power of two. */
    uint16_t best[2 * N_LEAVES];        /* A place, or NO_PLACE. */
};

_Static_assert(N_LEAVES >= XFSM_TOPK_MAX && !(N_LEAVES & (N_LEAVES - 1))
               && N_LEAVES < NO_PLACE, "a leaf for each place");

/* Does the key at place 'a' come first, by count, then by the words? */
static inline bool
goes_before(const struct tournament *g, uint32_t a, uint32_t b)
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
play(struct tournament *g, uint32_t node)
{
    uint16_t a = g->best[2 * node], b = g->best[2 * node + 1];

    g->best[node] = (b == NO_PLACE || (a != NO_PLACE && goes_before(g, a, b))
                     ? a : b);
}

static void
play_all(struct tournament *g)
{
    uint32_t i;

    for (g->leaves = 1; g->leaves < g->list->n; g->leaves *= 2) {
        continue;
    }
    for (i = 0; i < g->leaves; i++) {
        g->best[g->leaves + i] = i < g->list->n ? (uint16_t) i : NO_PLACE;
    }
    for (i = g->leaves - 1; i > 0; i--) {
        play(g, i);
    }
}

/* Takes the best of all out.  Returns its place, or NO_PLACE. */
static uint32_t
take_best(struct tournament *g)
{
    uint32_t best = g->best[1];
    uint32_t i;

    if (best != NO_PLACE) {
        i = g->leaves + best;
        g->best[i] = NO_PLACE;
        while (i /= 2) {
            play(g, i);
        }
    }
    return best;
}

unsigned int
xfsm_topk_list(const struct xfsm_topk *t, bool before, uint64_t now,
               unsigned int max, struct xfsm_topk_hitter *hitters)
{
    struct tournament g;
    unsigned int n = 0;

    g.t = t;
    g.list = xfsm_topk_find_list(t, before, now);
    if (!g.list || !max) {
        return 0;
    }
    play_all(&g);
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
