/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef XFSM_SKETCH_TOPK_PRIVATE_H
#define XFSM_SKETCH_TOPK_PRIVATE_H 1

/* What the files of topk.h share: topk.c counts and saves, topk-list.c puts
 * the list in order. */

#include "xfsm/sketch/topk.h"

static inline uint64_t *
xfsm_topk_entry_key(const struct xfsm_topk *t,
                    const struct xfsm_topk_list *list, uint32_t entry)
{
    return &list->keys[(size_t) entry * t->key_words];
}

/* The list of the window of 'now', or if 'before' that of the one before it;
 * NULL if it is empty. */
static inline const struct xfsm_topk_list *
xfsm_topk_find_list(const struct xfsm_topk *t, bool before, uint64_t now)
{
    uint64_t ahead = xfsm_window_at(&t->window, now) - t->window.number;

    if (ahead > before) {
        return NULL;
    }
    return &t->lists[before && !ahead ? !t->current : t->current];
}

static inline struct xfsm_topk_hitter
xfsm_topk_make_hitter(const struct xfsm_topk *t,
                      const struct xfsm_topk_list *list, uint32_t entry)
{
    const struct xfsm_topk_entry *e = &list->entries[entry];

    return (struct xfsm_topk_hitter) {
        xfsm_topk_entry_key(t, list, entry), e->n,
        list->heap[e->place].count, e->error
    };
}

#endif /* xfsm/sketch/topk-private.h */
