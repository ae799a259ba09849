/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef XFSM_RUNTIME_TIMERS_PRIVATE_H
#define XFSM_RUNTIME_TIMERS_PRIVATE_H 1

/* How timers are kept: private to timers.c, timer-wheel.c, timer-heap.c and
 * their test.
 *
 * A timer is a number from 1 to the capacity, 0 being none.  It is armed
 * either in the wheel or in the heap.  With 'tick' its deadline in ticks and
 * 'now_tick' the tick that the wheel has reached:
 *
 *   - tick <= now_tick: in the heap, ordered by (deadline, arming order).
 *
 *   - otherwise in the wheel, at level 0, 1 or 2 where tick and now_tick
 *     differ in their lowest 8, 16 or 24 bits only, at level 3 else, in the
 *     slot that these bits of tick name.  So every slot in use at levels 0 to
 *     2 lies after that of now_tick, levels do not overlap in time, and the
 *     lowest bit of the lowest level in use is the next slot.  Level 3 goes
 *     round: a timer too far ahead for it waits in its last slot, and is
 *     placed again from there.
 *
 * A timer whose deadline moves to later stays where it is, so a slot is where
 * to look again, not always where to fire: that is what a timeout costs that
 * each packet puts off.  One that moves to earlier is placed at once.
 *
 * Moving now_tick to the start of the next slot in use and placing its timers
 * again brings each one down, at last into the heap. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "xfsm/runtime/timers.h"

#define XFSM_TIMER_TICK_BITS 20
#define XFSM_TIMER_LEVELS 4
#define XFSM_TIMER_SLOTS 256

enum xfsm_timer_where {
    XFSM_TIMER_FREE,
    XFSM_TIMER_WHEEL,
    XFSM_TIMER_HEAP,
    XFSM_TIMER_FIRED            /* Taken by the last xfsm_timers_pop(). */
};

/* One cache line.  Its key and payload are in 'items'. */
struct xfsm_timer {
    uint64_t deadline;          /* ns. */
    uint64_t order;             /* Grows with each arming. */
    uint64_t hash;              /* Of the key. */
    uint64_t delay;             /* ns. */
    uint32_t next;              /* In its slot, or in the free list. */
    uint32_t prev;              /* In its slot. */
    uint32_t chain;             /* Next of the same index bucket. */
    uint32_t place;             /* Number of its slot, or place in the heap. */
    uint16_t class;
    uint8_t n_key;
    uint8_t where;              /* enum xfsm_timer_where. */
} __attribute__((aligned(64)));

/* A copy of what orders the heap, so that sifting stays within it. */
struct xfsm_timer_heap_entry {
    uint64_t deadline;
    uint64_t order;
    uint32_t id;
};

struct xfsm_timer_wheel {
    uint64_t now_tick;
    uint32_t summary;           /* Which of 'used' are not 0: bit 4 * level
                                 * + word. */
    uint64_t used[XFSM_TIMER_LEVELS * XFSM_TIMER_SLOTS / 64];
    uint32_t head[XFSM_TIMER_LEVELS * XFSM_TIMER_SLOTS];
};

struct xfsm_timers {
    uint64_t next;              /* What xfsm_timers_next() returns. */
    struct xfsm_timer *timers;  /* [0] is unused. */
    uint8_t *items;             /* Key, then payload, of each timer. */
    size_t item_size;
    unsigned int key_words;
    size_t payload_size;

    uint32_t *index;            /* First timer of each bucket. */
    unsigned int index_bits;

    struct xfsm_timer_heap_entry *heap;
    uint32_t n_heap;

    uint32_t capacity;
    uint32_t n;                 /* Armed. */
    uint32_t n_touched;         /* Timers 1 to this were used before. */
    uint32_t free;              /* First of those that are free. */
    uint32_t fired;             /* The one in XFSM_TIMER_FIRED, or 0. */
    uint64_t order;             /* Of the next arming. */
    uint64_t n_fired;
    uint64_t n_refused;
    struct xfsm_timer_wheel wheel;
};

/* timer-heap.c. */
void xfsm_timer_heap_add(struct xfsm_timers *, uint32_t id);
void xfsm_timer_heap_remove(struct xfsm_timers *, uint32_t id);

/* timer-wheel.c. */

/* Puts a timer that is in neither into the wheel or the heap. */
void xfsm_timer_wheel_place(struct xfsm_timers *, uint32_t id);

void xfsm_timer_wheel_remove(struct xfsm_timers *, uint32_t id);

/* Moves on to the next slot in use, if that begins at or before 'tick', and
 * places its timers again; otherwise moves on to 'tick' and returns false. */
bool xfsm_timer_wheel_advance(struct xfsm_timers *, uint64_t tick);

/* The tick at which the next slot in use begins, or UINT64_MAX. */
uint64_t xfsm_timer_wheel_next(const struct xfsm_timer_wheel *);

#endif /* xfsm/runtime/timers-private.h */
