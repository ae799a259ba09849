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
 *   - otherwise in the wheel.  A slot of level k spans 256^k ticks, and each
 *     level is a ring of two blocks of 256 slots: the block that now_tick is
 *     in and the one after it, which are two slots of the level above.  A
 *     timer goes into the lowest level whose two blocks have its tick.  A
 *     timer too far ahead for level 3 waits in its last slot, and is placed
 *     again from there.
 *
 * Every slot in use lies after that of now_tick.  A slot is emptied, and its
 * timers are placed again, at the latest when now_tick comes to its begin.
 * But from when now_tick enters the slot before it, its timers have a place at
 * the level below, so the time of one slot is there to move them, a few at a
 * time (xfsm_timer_wheel_step()).
 *
 * A timer whose deadline moves to later stays where it is, so a slot is where
 * to look again, not always where to fire: that is what a timeout costs that
 * each packet puts off.  One that moves to earlier is placed at once.
 *
 * Moving now_tick to the start of the next slot in use and placing its timers
 * again brings each one down, at last into the heap.  While some of them are
 * still in the slots that begin at now_tick (of several levels, where these
 * begin at the same time), the wheel is *settling*: no timer fires, because
 * one of those may be the first; what is set meanwhile goes where it belongs,
 * which is never one of these slots. */

/* Work done at once: timers placed, and moved within the heap.  Some 5 us
 * where they have to come from memory.  Ahead of time it is done in steps so
 * far apart: for 1 million timers a second. */
#define XFSM_TIMER_STEP 32
#define XFSM_TIMER_STEP_BITS 15         /* 2^15 ns. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "xfsm/runtime/timers.h"

#define XFSM_TIMER_TICK_BITS 20
#define XFSM_TIMER_LEVELS 4
#define XFSM_TIMER_SLOTS 512

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
    uint64_t step_at;           /* ns: when to move timers ahead of time. */
    bool settling;
    uint8_t summary[XFSM_TIMER_LEVELS]; /* Which of 'used' are not 0. */
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
    uint64_t n_placed;          /* Times that timers were placed... */
    uint64_t work;              /* ...and moved in the heap, too. */
    struct xfsm_timer_wheel wheel;
};

/* The bucket of a timer in the index: the head of a chain. */
static inline uint32_t *
xfsm_timers_bucket(const struct xfsm_timers *t, uint16_t class,
                   uint64_t hash)
{
    uint64_t mixed = (hash ^ class * UINT64_C(0x9e3779b97f4a7c15))
                     * UINT64_C(0xc2b2ae3d27d4eb4f);

    return &t->index[mixed >> (64 - t->index_bits)];
}

/* timer-heap.c. */
void xfsm_timer_heap_add(struct xfsm_timers *, uint32_t id);
void xfsm_timer_heap_remove(struct xfsm_timers *, uint32_t id);

/* timer-wheel.c. */

/* Puts a timer that is in neither into the wheel or the heap. */
void xfsm_timer_wheel_place(struct xfsm_timers *, uint32_t id);

void xfsm_timer_wheel_remove(struct xfsm_timers *, uint32_t id);

/* Moves on to the next slot in use, if that begins at or before 'tick', and
 * makes the wheel settle there; otherwise moves on to 'tick' and returns
 * false.  The wheel must have settled. */
bool xfsm_timer_wheel_advance(struct xfsm_timers *, uint64_t tick);

/* Places timers of the slots that begin at now_tick again, until the work is
 * 'until'.  Returns true if the wheel has settled. */
bool xfsm_timer_wheel_settle(struct xfsm_timers *, uint64_t until);

/* Moves timers ahead of time, until the work is 'until'.  It is 'tick', and
 * the wheel has settled. */
void xfsm_timer_wheel_step(struct xfsm_timers *, uint64_t tick,
                           uint64_t until);

/* The tick at which the next slot in use begins, and in '*aheadp', unless it
 * is NULL, the tick from which on timers can be moved ahead of time; each may
 * be UINT64_MAX. */
uint64_t xfsm_timer_wheel_next(const struct xfsm_timer_wheel *,
                               uint64_t *aheadp);

#endif /* xfsm/runtime/timers-private.h */
