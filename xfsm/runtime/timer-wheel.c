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

_Static_assert(XFSM_TIMER_SLOTS == 2 << LEVEL_BITS, "two blocks a level");
_Static_assert(WORDS == 8, "a byte says which words are in use");
_Static_assert((XFSM_TIMER_DELAY_MAX >> XFSM_TIMER_TICK_BITS)
               >> (LEVEL_BITS * XFSM_TIMER_LEVELS) == 0,
               "the wheel spans the longest delay");

/* The number of the slot of 'level' that has 'tick', counted from time 0. */
static inline uint64_t
level_slot(unsigned int level, uint64_t tick)
{
    return tick >> (LEVEL_BITS * level);
}

static inline uint32_t
slot_number(unsigned int level, uint64_t tick)
{
    return level * XFSM_TIMER_SLOTS
           + (uint32_t) (level_slot(level, tick) % XFSM_TIMER_SLOTS);
}

/* The slot that a timer belongs into, or DUE. */
static uint32_t
choose_slot(const struct xfsm_timer_wheel *w, uint64_t deadline)
{
    uint64_t tick = deadline >> XFSM_TIMER_TICK_BITS;
    uint64_t last;
    unsigned int level;

    if (tick <= w->now_tick) {
        return DUE;
    }
    for (level = 0; level < TOP; level++) {
        if (level_slot(level + 1, tick) - level_slot(level + 1, w->now_tick)
            <= 1) {
            return slot_number(level, tick);
        }
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
    uint32_t word = slot / 64;

    timer->where = XFSM_TIMER_WHEEL;
    timer->place = slot;
    timer->prev = 0;
    timer->next = head;
    if (head) {
        t->timers[head].prev = id;
    }
    w->head[slot] = id;
    w->used[word] |= UINT64_C(1) << slot % 64;
    w->summary[word / WORDS] |= (uint8_t) (1u << word % WORDS);
}

static void
mark_empty(struct xfsm_timer_wheel *w, uint32_t slot)
{
    uint32_t word = slot / 64;

    w->used[word] &= ~(UINT64_C(1) << slot % 64);
    if (!w->used[word]) {
        w->summary[word / WORDS] &= (uint8_t) ~(1u << word % WORDS);
    }
}

void
xfsm_timer_wheel_place(struct xfsm_timers *t, uint32_t id)
{
    uint32_t slot = choose_slot(&t->wheel, t->timers[id].deadline);

    t->n_placed++;
    if (slot == DUE) {
        xfsm_timer_heap_add(t, id);
    } else {
        t->work++;
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

/* The tick at which the first slot in use of 'level', which has one, begins.
 * It lies after that of now_tick, which is never in use. */
static uint64_t
next_of_level(const struct xfsm_timer_wheel *w, unsigned int level)
{
    const uint64_t *used = &w->used[level * WORDS];
    uint64_t here = level_slot(level, w->now_tick);
    uint32_t from = (uint32_t) ((here + 1) % XFSM_TIMER_SLOTS);
    uint32_t word = from / 64;
    uint64_t bits = used[word] & UINT64_MAX << from % 64;

    if (!bits) {
        unsigned int summary = w->summary[level];

        /* Bit i is word 1 + i after this one, round the ring to this one. */
        summary = (summary >> (word + 1) | summary << (WORDS - 1 - word))
                  & 0xff;
        word = (word + 1 + (uint32_t) __builtin_ctz(summary)) % WORDS;
        bits = used[word];
    }
    here += (word * 64 + (uint64_t) __builtin_ctzll(bits) - here)
            % XFSM_TIMER_SLOTS;
    return here << (LEVEL_BITS * level);
}

uint64_t
xfsm_timer_wheel_next(const struct xfsm_timer_wheel *w, uint64_t *aheadp)
{
    uint64_t next = UINT64_MAX, ahead = UINT64_MAX;
    unsigned int level;

    for (level = 0; level < XFSM_TIMER_LEVELS; level++) {
        if (w->summary[level]) {
            uint64_t begin = next_of_level(w, level);

            next = begin < next ? begin : next;
            begin -= UINT64_C(1) << (LEVEL_BITS * level);
            ahead = level && begin < ahead ? begin : ahead;
        }
    }
    if (aheadp) {
        *aheadp = ahead;
    }
    return next;
}

/* Places timers of 'slot' again, until the work is 'until'.  Returns true if
 * none is left. */
static bool
lower_timers(struct xfsm_timers *t, uint32_t slot, uint64_t until)
{
    struct xfsm_timer_wheel *w = &t->wheel;
    uint32_t id = w->head[slot];

    if (!id) {
        return true;
    }
    while (id && t->work < until) {
        uint32_t next = t->timers[id].next;

        __builtin_prefetch(&t->timers[next]);
        w->head[slot] = next;
        xfsm_timer_wheel_place(t, id);
        id = next;
    }
    if (id) {
        t->timers[id].prev = 0;
    } else {
        mark_empty(w, slot);
    }
    return !id;
}

bool
xfsm_timer_wheel_advance(struct xfsm_timers *t, uint64_t tick)
{
    struct xfsm_timer_wheel *w = &t->wheel;
    uint64_t begin = xfsm_timer_wheel_next(w, NULL);

    if (begin > tick) {
        w->now_tick = tick > w->now_tick ? tick : w->now_tick;
        return false;
    }
    w->now_tick = begin;
    w->settling = true;
    return true;
}

bool
xfsm_timer_wheel_settle(struct xfsm_timers *t, uint64_t until)
{
    struct xfsm_timer_wheel *w = &t->wheel;
    unsigned int level;

    for (level = XFSM_TIMER_LEVELS; w->settling && level-- > 0; ) {
        uint64_t slot = level_slot(level, w->now_tick);

        if (slot << (LEVEL_BITS * level) == w->now_tick
            && !lower_timers(t, slot_number(level, w->now_tick), until)) {
            return false;
        }
    }
    w->settling = false;
    return true;
}

/* The slot of 'level' after that of now_tick: what it has belongs lower. */
static inline uint32_t
slot_ahead(const struct xfsm_timer_wheel *w, unsigned int level)
{
    uint64_t slot = level_slot(level, w->now_tick) + 1;

    return level * XFSM_TIMER_SLOTS + (uint32_t) (slot % XFSM_TIMER_SLOTS);
}

void
xfsm_timer_wheel_step(struct xfsm_timers *t, uint64_t tick, uint64_t until)
{
    struct xfsm_timer_wheel *w = &t->wheel;
    unsigned int level;

    if (tick > w->now_tick && tick < xfsm_timer_wheel_next(w, NULL)) {
        w->now_tick = tick;
    }
    for (level = 1; level < XFSM_TIMER_LEVELS; level++) {
        lower_timers(t, slot_ahead(w, level), until);
    }
}
