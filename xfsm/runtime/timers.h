/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef XFSM_RUNTIME_TIMERS_H
#define XFSM_RUNTIME_TIMERS_H 1

/* Timers of a program, in packet time.
 *
 * A timer is known by its class and key; setting an armed timer moves it.
 * Each carries a payload that the caller lays out (the fields of the packet
 * that armed it).  Timers live in a fixed pool, are found by (class, key)
 * through a hash index, and expire through a hierarchical timing wheel
 * (Varghese and Lauck, "Hashed and hierarchical timing wheels", 1987): 4
 * levels of 512 slots with ticks of 2^20 ns (about 1 ms), so that setting,
 * moving and removing cost O(1) and any delay up to 52 days is exact to its
 * nanosecond: a slot's timers are put in order of (deadline, arming order)
 * when the slot comes due, by a heap of the timers of that tick.  A longer
 * delay is rounded down to the limit.  Empty slots cost nothing, however long
 * time jumps: a bit for each slot tells them.
 *
 * Timers fire in order of deadline; timers with the same deadline in the
 * order in which they were armed (moving a timer arms it anew).
 *
 * A timer is handed down at most 3 levels before it fires.  Not in one go:
 * the usual wheel stands still for as long as it takes to move the millions of
 * timers that may be in one slot of 68 s, when time enters it.  Here each
 * level has room for the slot after that of now, so its timers are moved
 * while time is in the slot before: up to 32 timers (some 5 us) each 33
 * us, by xfsm_timers_pop(), which xfsm_timers_next() asks for.  What is to be
 * moved beyond that before the next timer can fire is due within the tick, or
 * was left because time jumped, or because over a million a second is due.
 * That can be every timer of the pool; so an xfsm_timers_pop() does as much of
 * it as takes some 5 us, and has to be called again where it was not enough.
 * Timers that are due cost O(log n) each, n being those of the tick.
 *
 * The pool has a cap: where it is full, setting a new timer fails and is
 * counted.  Thread-safety: none. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "xfsm/base/hash.h"

struct xfsm_timers;

/* Longest delay, in ns. */
#define XFSM_TIMER_DELAY_MAX ((UINT64_C(1) << 52) - 1)

#define XFSM_TIMERS_CAPACITY_MAX ((size_t) 1 << 24)
#define XFSM_TIMERS_PAYLOAD_MAX 8192

struct xfsm_timers_stats {
    uint64_t n;                 /* Armed now. */
    uint64_t capacity;
    uint64_t fired;
    uint64_t refused;           /* Not armed because the pool was full. */
    uint64_t bytes;             /* Address space. */
};

/* Creates a pool of 'capacity' timers (1 to XFSM_TIMERS_CAPACITY_MAX) for keys
 * of up to 'key_words' words (1 to XFSM_KEY_WORDS) and payloads of
 * 'payload_size' bytes (0 to XFSM_TIMERS_PAYLOAD_MAX).  Returns NULL and
 * stores it in '*timersp', or an error that the caller frees. */
char *xfsm_timers_create(size_t capacity, unsigned int key_words,
                         size_t payload_size, struct xfsm_timers **timersp);
void xfsm_timers_destroy(struct xfsm_timers *);

/* Arms (class, key) to fire 'delay' ns after 'now' or moves it there.
 * Returns its payload (zeroed when new, as it was when moved), or NULL if the
 * pool is full.  'hash' is xfsm_hash_words() of the key.  The payload is
 * aligned for words, and good until the timer is cancelled or fires. */
void *xfsm_timers_set(struct xfsm_timers *, uint16_t class, uint64_t hash,
                      const uint64_t *key, unsigned int n, uint64_t now,
                      uint64_t delay);

/* Removes a timer; false if it was not armed.  For one that has just been
 * taken by xfsm_timers_pop() this is false too, but forgets its payload. */
bool xfsm_timers_cancel(struct xfsm_timers *, uint16_t class, uint64_t hash,
                        const uint64_t *key, unsigned int n);

/* A timer that fired: valid until the next xfsm_timers_ call but for
 * xfsm_timers_set() and xfsm_timers_cancel() on *other* timers; the caller
 * copies what it needs before it sets or cancels this very one. */
struct xfsm_timer_fired {
    uint16_t class;
    const uint64_t *key;
    unsigned int n_key;
    uint64_t hash;
    uint64_t deadline;          /* ns; it may fire late, never early. */
    uint64_t delay;             /* What it was set to, ns. */
    void *payload;
};

/* If a timer is due at 'now', takes the first one out of the wheel (it is no
 * longer armed, and its slot in the pool stays reserved until the next call
 * of this function), describes it in '*fired' and returns true.  To fire
 * again, it must be set again; xfsm_timers_set() on the same (class, key)
 * then finds the same payload unchanged.
 *
 * False: either xfsm_timers_next() is after 'now', and no timer is due; or it
 * is not, and more timers are to be moved than one call does: call again. */
bool xfsm_timers_pop(struct xfsm_timers *, uint64_t now,
                     struct xfsm_timer_fired *fired);

/* Deadline of the earliest timer in ns, or UINT64_MAX.  May be early: where
 * timers are to be moved ahead of time, by less than two slots of the wheel's
 * level that it is in (three, where the delay is within one slot of the
 * limit), or by being an earlier deadline of a timer that was moved to later
 * since; never late.  xfsm_timers_pop() at that time makes it
 * more exact.  A single load, to be asked once per packet. */
static inline uint64_t
xfsm_timers_next(const struct xfsm_timers *t)
{
    uint64_t next;

    memcpy(&next, t, sizeof next);      /* Its first member. */
    return next;
}

/* Are both pools laid out alike, so that one can stand for the other? */
bool xfsm_timers_like(const struct xfsm_timers *, const struct xfsm_timers *);

/* Words of its longest key. */
unsigned int xfsm_timers_key_words(const struct xfsm_timers *);

/* Calls 'cb' for each armed timer until it returns false, in no order.
 * 'order' grows with each arming.  For introspection and copies: walks the
 * pool. */
void xfsm_timers_foreach(const struct xfsm_timers *,
                         bool (*cb)(const struct xfsm_timer_fired *,
                                    uint64_t order, void *aux),
                         void *aux);

/* Describes an armed timer in '*armed', as xfsm_timers_foreach() does; false
 * if it is not armed. */
bool xfsm_timers_find(const struct xfsm_timers *, uint16_t class,
                      uint64_t hash, const uint64_t *key, unsigned int n,
                      struct xfsm_timer_fired *armed);

/* Arms a timer as another pool had it: all members but 'payload' say how.
 * Returns its payload, to be filled in, or NULL if the pool is full or has a
 * timer of that class and key. */
void *xfsm_timers_restore(struct xfsm_timers *,
                          const struct xfsm_timer_fired *, uint64_t order,
                          uint64_t now);

/* Removes all timers. */
void xfsm_timers_clear(struct xfsm_timers *);

void xfsm_timers_get_stats(const struct xfsm_timers *,
                           struct xfsm_timers_stats *);

#endif /* xfsm/runtime/timers.h */
