/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include "xfsm/sketch/topk-private.h"

/* The order of the list. */
static bool
goes_before(const struct xfsm_topk_hitter *a,
            const struct xfsm_topk_hitter *b)
{
    unsigned int i;

    if (a->count != b->count) {
        return a->count > b->count;
    }
    for (i = 0; i < a->n && i < b->n; i++) {
        if (a->key[i] != b->key[i]) {
            return a->key[i] < b->key[i];
        }
    }
    return a->n < b->n;
}

/* Moves the hitter at the root of the heap of the 'n' at 'hitters', the last
 * in the list's order first, to where it belongs. */
static void
sink_hitter(struct xfsm_topk_hitter *hitters, unsigned int n)
{
    struct xfsm_topk_hitter hitter = hitters[0];
    unsigned int i = 0;

    for (;;) {
        unsigned int child = 2 * i + 1;

        if (child >= n) {
            break;
        }
        child += child + 1 < n && goes_before(&hitters[child],
                                              &hitters[child + 1]);
        if (!goes_before(&hitter, &hitters[child])) {
            break;
        }
        hitters[i] = hitters[child];
        i = child;
    }
    hitters[i] = hitter;
}

/* Adds 'hitter' to the heap of 'n' others. */
static void
lift_hitter(struct xfsm_topk_hitter *hitters, unsigned int n,
            struct xfsm_topk_hitter hitter)
{
    while (n && goes_before(&hitters[(n - 1) / 2], &hitter)) {
        hitters[n] = hitters[(n - 1) / 2];
        n = (n - 1) / 2;
    }
    hitters[n] = hitter;
}

/* Makes the heap a list. */
static void
sort_hitters(struct xfsm_topk_hitter *hitters, unsigned int n)
{
    while (n > 1) {
        struct xfsm_topk_hitter last = hitters[0];

        hitters[0] = hitters[--n];
        hitters[n] = last;
        sink_hitter(hitters, n);
    }
}

unsigned int
xfsm_topk_list(const struct xfsm_topk *t, bool before, uint64_t now,
               unsigned int max, struct xfsm_topk_hitter *hitters)
{
    const struct xfsm_topk_list *list = xfsm_topk_find_list(t, before, now);
    unsigned int n = 0;
    uint32_t i;

    for (i = 0; list && max && i < list->n; i++) {
        struct xfsm_topk_hitter hitter;

        if (n == max && list->heap[i].count < hitters[0].count) {
            continue;
        }
        hitter = xfsm_topk_make_hitter(t, list,
                                       (uint32_t) list->heap[i].entry);
        if (n < max) {
            lift_hitter(hitters, n++, hitter);
        } else if (goes_before(&hitter, &hitters[0])) {
            hitters[0] = hitter;
            sink_hitter(hitters, n);
        }
    }
    sort_hitters(hitters, n);
    return n;
}
