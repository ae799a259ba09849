/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include "xfsm/runtime/timers-private.h"

#define LEVEL_BITS 8
#define TOP (XFSM_TIMER_LEVELS - 1)
#define WORDS (XFSM_TIMER_SLOTS / 64)

/* Not the number of a slot: the timer belongs into the heap. */
#define DUE UINT32_MAX

_Static_assert(XFSM_TIMER_SLOTS == 1 << LEVEL_BITS, "a byte a level");
_Static_assert((XFSM_TIMER_DELAY_MAX >> XFSM_TIMER_TICK_BITS)
               >> (LEVEL_BITS * XFSM_TIMER_LEVELS) == 0,
               "the wheel spans the longest delay");

static inline uint32_t
slot_number(unsigned int level, uint64_t tick)
{
    uint64_t slot = tick >> (LEVEL_BITS * level);

    return level * XFSM_TIMER_SLOTS + (uint32_t) (slot % XFSM_TIMER_SLOTS);
}

/* The slot that a timer belongs into, or DUE. */
static uint32_t
choose_slot(const struct xfsm_timer_wheel *w, uint64_t deadline)
{
    uint64_t tick = deadline >> XFSM_TIMER_TICK_BITS;
    uint64_t differ = tick ^ w->now_tick;
    uint64_t last;

    if (tick <= w->now_tick) {
        return DUE;
    }
    if (differ < UINT64_C(1) << (LEVEL_BITS * TOP)) {
        unsigned int high = 63 - (unsigned int) __builtin_clzll(differ);

        return slot_number(high / LEVEL_BITS, tick);
    }
    last = w->now_tick
           + ((uint64_t) (XFSM_TIMER_SLOTS - 1) << (LEVEL_BITS * TOP));
    return slot_number(TOP, tick < last ? tick : last);
}

static void
link_timer(struct xfsm_timers *t, uint32_t id, uint32_t slot)
{
    struct xfsm_timer_wheel *w = &t->wheel;
    struct xfsm_timer *timer = &t->timers[id];
    uint32_t head = w->head[slot];

    timer->where = XFSM_TIMER_WHEEL;
    timer->place = slot;
    timer->prev = 0;
    timer->next = head;
    if (head) {
        t->timers[head].prev = id;
    }
    w->head[slot] = id;
    w->used[slot / 64] |= UINT64_C(1) << slot % 64;
    w->summary |= UINT32_C(1) << slot / 64;
}

static void
mark_empty(struct xfsm_timer_wheel *w, uint32_t slot)
{
    w->used[slot / 64] &= ~(UINT64_C(1) << slot % 64);
    if (!w->used[slot / 64]) {
        w->summary &= ~(UINT32_C(1) << slot / 64);
    }
}

void
xfsm_timer_wheel_place(struct xfsm_timers *t, uint32_t id)
{
    uint32_t slot = choose_slot(&t->wheel, t->timers[id].deadline);

    if (slot == DUE) {
        xfsm_timer_heap_add(t, id);
    } else {
        link_timer(t, id, slot);
    }
}

void
xfsm_timer_wheel_remove(struct xfsm_timers *t, uint32_t id)
{
    const struct xfsm_timer *timer = &t->timers[id];

    if (timer->next) {
        t->timers[timer->next].prev = timer->prev;
    }
    if (timer->prev) {
        t->timers[timer->prev].next = timer->next;
        return;
    }
    t->wheel.head[timer->place] = timer->next;
    if (!timer->next) {
        mark_empty(&t->wheel, timer->place);
    }
}

/* The first slot in use of level 3 after that of now_tick, which is never in
 * use itself, and the tick at which it begins. */
static uint32_t
next_top_slot(const struct xfsm_timer_wheel *w, uint64_t *tick)
{
    const uint64_t *used = &w->used[TOP * WORDS];
    uint64_t here = w->now_tick >> (LEVEL_BITS * TOP);
    uint32_t from = (uint32_t) ((here + 1) % XFSM_TIMER_SLOTS);
    uint32_t word = from / 64;
    uint64_t bits = used[word] & UINT64_MAX << from % 64;
    uint32_t slot;

    while (!bits) {
        word = (word + 1) % WORDS;
        bits = used[word];
    }
    slot = word * 64 + (uint32_t) __builtin_ctzll(bits);
    here += (slot - here) % XFSM_TIMER_SLOTS;
    *tick = here << (LEVEL_BITS * TOP);
    return TOP * XFSM_TIMER_SLOTS + slot;
}

/* The next slot in use, of which there must be one, and the tick at which it
 * begins. */
static uint32_t
next_slot(const struct xfsm_timer_wheel *w, uint64_t *tick)
{
    uint32_t word = (uint32_t) __builtin_ctz(w->summary);
    uint32_t level = word / WORDS;
    uint32_t slot;
    unsigned int shift;

    if (level == TOP) {
        return next_top_slot(w, tick);
    }
    slot = word * 64 + (uint32_t) __builtin_ctzll(w->used[word]);
    shift = LEVEL_BITS * (level + 1);
    *tick = (w->now_tick >> shift << shift)
            | (uint64_t) (slot % XFSM_TIMER_SLOTS) << (shift - LEVEL_BITS);
    return slot;
}

bool
xfsm_timer_wheel_advance(struct xfsm_timers *t, uint64_t tick)
{
    struct xfsm_timer_wheel *w = &t->wheel;
    uint64_t begin = UINT64_MAX;
    uint32_t slot = w->summary ? next_slot(w, &begin) : 0;
    uint32_t id;

    if (begin > tick) {
        w->now_tick = tick > w->now_tick ? tick : w->now_tick;
        return false;
    }
    w->now_tick = begin;
    id = w->head[slot];
    w->head[slot] = 0;
    mark_empty(w, slot);
    while (id) {
        uint32_t next = t->timers[id].next;

        __builtin_prefetch(&t->timers[next]);
        xfsm_timer_wheel_place(t, id);
        id = next;
    }
    return true;
}

uint64_t
xfsm_timer_wheel_next(const struct xfsm_timer_wheel *w)
{
    uint64_t tick = UINT64_MAX;

    if (w->summary) {
        next_slot(w, &tick);
    }
    return tick;
}
