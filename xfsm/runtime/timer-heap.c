/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include "xfsm/runtime/timers-private.h"

/* Children of each entry: 4 make it half as deep as 2 do. */
#define FAN 4

static inline bool
fires_before(const struct xfsm_timer_heap_entry *a,
             const struct xfsm_timer_heap_entry *b)
{
    return (a->deadline != b->deadline
            ? a->deadline < b->deadline
            : a->order < b->order);
}

static inline void
put_entry(struct xfsm_timers *t, uint32_t place,
          const struct xfsm_timer_heap_entry *entry)
{
    t->heap[place] = *entry;
    t->timers[entry->id].place = place;
    t->work++;
}

/* Puts 'entry' at 'place' or nearer to the top. */
static void
sift_up(struct xfsm_timers *t, uint32_t place,
        struct xfsm_timer_heap_entry entry)
{
    while (place) {
        uint32_t parent = (place - 1) / FAN;

        if (!fires_before(&entry, &t->heap[parent])) {
            break;
        }
        put_entry(t, place, &t->heap[parent]);
        place = parent;
    }
    put_entry(t, place, &entry);
}

/* The child of 'place' that fires first; 0 if there is none. */
static uint32_t
first_child(const struct xfsm_timers *t, uint32_t place)
{
    uint64_t child = (uint64_t) place * FAN + 1;
    uint64_t end = child + FAN < t->n_heap ? child + FAN : t->n_heap;
    uint64_t first = child < end ? child : 0;

    while (++child < end) {
        if (fires_before(&t->heap[child], &t->heap[first])) {
            first = child;
        }
    }
    return (uint32_t) first;
}

/* Puts 'entry' at 'place' or farther from the top. */
static void
sift_down(struct xfsm_timers *t, uint32_t place,
          struct xfsm_timer_heap_entry entry)
{
    uint32_t child;

    while ((child = first_child(t, place))
           && fires_before(&t->heap[child], &entry)) {
        put_entry(t, place, &t->heap[child]);
        place = child;
    }
    put_entry(t, place, &entry);
}

void
xfsm_timer_heap_add(struct xfsm_timers *t, uint32_t id)
{
    struct xfsm_timer *timer = &t->timers[id];
    struct xfsm_timer_heap_entry entry = {
        timer->deadline, timer->order, id
    };

    timer->where = XFSM_TIMER_HEAP;
    sift_up(t, t->n_heap++, entry);
}

void
xfsm_timer_heap_remove(struct xfsm_timers *t, uint32_t id)
{
    uint32_t place = t->timers[id].place;
    struct xfsm_timer_heap_entry last = t->heap[--t->n_heap];

    if (place == t->n_heap) {
        return;
    }
    if (place && fires_before(&last, &t->heap[(place - 1) / FAN])) {
        sift_up(t, place, last);
    } else {
        sift_down(t, place, last);
    }
}
