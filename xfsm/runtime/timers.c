/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include "xfsm/runtime/timers.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "xfsm/base/error.h"
#include "xfsm/base/mem.h"
#include "xfsm/runtime/timers-private.h"

_Static_assert(sizeof(struct xfsm_timer) == 64, "a timer is one cache line");
_Static_assert(!offsetof(struct xfsm_timers, next), "as in timers.h");

static size_t
timers_size(const struct xfsm_timers *t)
{
    return ((size_t) t->capacity + 1) * sizeof *t->timers;
}

static size_t
items_size(const struct xfsm_timers *t)
{
    return ((size_t) t->capacity + 1) * t->item_size;
}

static size_t
index_size(const struct xfsm_timers *t)
{
    return sizeof *t->index << t->index_bits;
}

static size_t
heap_size(const struct xfsm_timers *t)
{
    return (size_t) t->capacity * sizeof *t->heap;
}

static inline uint64_t *
timer_key(const struct xfsm_timers *t, uint32_t id)
{
    return (uint64_t *) (void *) (t->items + id * t->item_size);
}

static inline void *
timer_payload(const struct xfsm_timers *t, uint32_t id)
{
    return timer_key(t, id) + t->key_words;
}

static inline bool
keys_equal(const uint64_t *a, const uint64_t *b, unsigned int n)
{
    unsigned int i;

    for (i = 0; i < n; i++) {
        if (a[i] != b[i]) {
            return false;
        }
    }
    return true;
}

static uint32_t
find_timer(const struct xfsm_timers *t, uint16_t class, uint64_t hash,
           const uint64_t *key, unsigned int n)
{
    uint32_t id;

    for (id = *xfsm_timers_bucket(t, class, hash); id;
         id = t->timers[id].chain) {
        const struct xfsm_timer *timer = &t->timers[id];

        if (timer->hash == hash && timer->class == class && timer->n_key == n
            && keys_equal(timer_key(t, id), key, n)) {
            break;
        }
    }
    return id;
}

static uint32_t
allocate_timer(struct xfsm_timers *t)
{
    uint32_t id = t->free;

    if (id) {
        t->free = t->timers[id].next;
    } else if (t->n_touched < t->capacity) {
        id = ++t->n_touched;
    }
    return id;
}

/* Makes a timer that is neither in the wheel nor in the heap; 0 if the pool
 * is full. */
static uint32_t
create_timer(struct xfsm_timers *t, uint16_t class, uint64_t hash,
             const uint64_t *key, unsigned int n)
{
    uint32_t id = allocate_timer(t);
    uint32_t *bucket = xfsm_timers_bucket(t, class, hash);
    struct xfsm_timer *timer = &t->timers[id];
    uint64_t *item = timer_key(t, id);
    unsigned int i;

    if (!id) {
        t->n_refused++;
        return 0;
    }
    timer->class = class;
    timer->hash = hash;
    timer->n_key = (uint8_t) n;
    timer->chain = *bucket;
    *bucket = id;
    for (i = 0; i < n; i++) {
        item[i] = key[i];
    }
    memset(timer_payload(t, id), 0, t->payload_size);
    t->n++;
    return id;
}

/* Gives a timer that is neither in the wheel nor in the heap back to the
 * pool. */
static void
release_timer(struct xfsm_timers *t, uint32_t id)
{
    struct xfsm_timer *timer = &t->timers[id];
    uint32_t *link = xfsm_timers_bucket(t, timer->class, timer->hash);

    while (*link != id) {
        link = &t->timers[*link].chain;
    }
    *link = timer->chain;
    timer->where = XFSM_TIMER_FREE;
    timer->next = t->free;
    t->free = id;
}

static void
release_fired(struct xfsm_timers *t)
{
    if (t->fired) {
        release_timer(t, t->fired);
        t->fired = 0;
    }
}

/* Works out 'next'; it is 'now'. */
static void
update_next(struct xfsm_timers *t, uint64_t now)
{
    uint64_t soon = now + (UINT64_C(1) << XFSM_TIMER_STEP_BITS);
    uint64_t *step_at = &t->wheel.step_at;
    uint64_t ahead;
    uint64_t tick = xfsm_timer_wheel_next(&t->wheel, &ahead);

    t->next = (t->n_heap ? t->heap[0].deadline
               : tick == UINT64_MAX ? tick : tick << XFSM_TIMER_TICK_BITS);
    if (ahead <= t->wheel.now_tick) {
        *step_at = *step_at < soon ? *step_at : soon;
    } else {
        *step_at = ahead == UINT64_MAX ? ahead
                   : ahead << XFSM_TIMER_TICK_BITS;
    }
    t->next = *step_at < t->next ? *step_at : t->next;
    if (t->wheel.settling) {
        uint64_t begin = t->wheel.now_tick << XFSM_TIMER_TICK_BITS;

        t->next = begin < t->next ? begin : t->next;
    }
}

/* Keeps the wheel near 'now', so that timers are not placed too high, as long
 * as it passes no slot in use by that.  An empty wheel starts anew, be it
 * backwards. */
static inline void
follow_time(struct xfsm_timers *t, uint64_t now)
{
    uint64_t tick = now >> XFSM_TIMER_TICK_BITS;

    if (!t->n || (now < t->next && tick > t->wheel.now_tick)) {
        bool enters = tick >> 8 != t->wheel.now_tick >> 8;

        t->wheel.now_tick = tick;
        if (enters) {
            update_next(t, now);
        }
    }
}

static char *
check_limits(size_t capacity, unsigned int key_words, size_t payload_size)
{
    if (!capacity || capacity > XFSM_TIMERS_CAPACITY_MAX) {
        return xfsm_error("a timer pool has 1 to %zu timers, not %zu",
                          XFSM_TIMERS_CAPACITY_MAX, capacity);
    }
    if (!key_words || key_words > XFSM_KEY_WORDS) {
        return xfsm_error("a timer's key has 1 to %d words, not %u",
                          XFSM_KEY_WORDS, key_words);
    }
    if (payload_size > XFSM_TIMERS_PAYLOAD_MAX) {
        return xfsm_error("a timer's payload has up to %d bytes, not %zu",
                          XFSM_TIMERS_PAYLOAD_MAX, payload_size);
    }
    return NULL;
}

char *
xfsm_timers_create(size_t capacity, unsigned int key_words,
                   size_t payload_size, struct xfsm_timers **timersp)
{
    char *error = check_limits(capacity, key_words, payload_size);
    struct xfsm_timers *t;

    if (error) {
        return error;
    }
    t = calloc(1, sizeof *t);
    if (!t) {
        return xfsm_error("no memory for timers");
    }
    t->capacity = (uint32_t) capacity;
    t->key_words = key_words;
    t->payload_size = payload_size;
    t->item_size = key_words * sizeof(uint64_t) + (payload_size + 7) / 8 * 8;
    t->index_bits = 1;
    while ((size_t) 1 << t->index_bits < capacity) {
        t->index_bits++;
    }
    t->next = UINT64_MAX;
    t->wheel.step_at = UINT64_MAX;
    t->timers = xfsm_mem_map(timers_size(t), false);
    t->items = xfsm_mem_map(items_size(t), false);
    t->index = xfsm_mem_map(index_size(t), false);
    t->heap = xfsm_mem_map(heap_size(t), false);
    if (!t->timers || !t->items || !t->index || !t->heap) {
        xfsm_timers_destroy(t);
        return xfsm_error("no address space for %zu timers", capacity);
    }
    *timersp = t;
    return NULL;
}

void
xfsm_timers_destroy(struct xfsm_timers *t)
{
    if (t) {
        xfsm_mem_unmap(t->timers, timers_size(t));
        xfsm_mem_unmap(t->items, items_size(t));
        xfsm_mem_unmap(t->index, index_size(t));
        xfsm_mem_unmap(t->heap, heap_size(t));
        free(t);
    }
}

/* Is it plain that a timer just placed leaves 'next' as it is? */
static inline bool
is_behind_next(const struct xfsm_timers *t, const struct xfsm_timer *timer)
{
    unsigned int level = timer->place / XFSM_TIMER_SLOTS;
    unsigned int shift = XFSM_TIMER_TICK_BITS + 8 * level;

    return timer->where == XFSM_TIMER_WHEEL
           && level < XFSM_TIMER_LEVELS - 1
           && ((timer->deadline >> shift) - (level > 0)) << shift >= t->next;
}

/* Gives timer 'id' its new deadline and puts it where it belongs. */
static void
arm_timer(struct xfsm_timers *t, uint32_t id, uint64_t now,
          uint64_t deadline)
{
    struct xfsm_timer *timer = &t->timers[id];
    bool later = deadline >= timer->deadline;

    timer->deadline = deadline;
    timer->order = t->order++;
    switch ((enum xfsm_timer_where) timer->where) {
    case XFSM_TIMER_WHEEL:
        if (later) {
            /* Its slot comes due before it, which is early enough to place it
             * again: once a delay, not once a packet. */
            return;
        }
        xfsm_timer_wheel_remove(t, id);
        xfsm_timer_wheel_place(t, id);
        break;

    case XFSM_TIMER_HEAP:
        xfsm_timer_heap_remove(t, id);
        xfsm_timer_wheel_place(t, id);
        break;

    case XFSM_TIMER_FIRED:
        t->fired = 0;
        t->n++;
        xfsm_timer_wheel_place(t, id);
        break;

    case XFSM_TIMER_FREE:
        xfsm_timer_wheel_place(t, id);
        break;
    }
    if (!is_behind_next(t, timer)) {
        update_next(t, now);
    }
}

void *
xfsm_timers_set(struct xfsm_timers *t, uint16_t class, uint64_t hash,
                const uint64_t *key, unsigned int n, uint64_t now,
                uint64_t delay)
{
    struct xfsm_timer *timer;
    uint32_t id;

    assert(n <= t->key_words);
    follow_time(t, now);
    id = find_timer(t, class, hash, key, n);
    if (!id) {
        id = create_timer(t, class, hash, key, n);
        if (!id) {
            return NULL;
        }
    }
    timer = &t->timers[id];
    timer->delay = delay < XFSM_TIMER_DELAY_MAX ? delay : XFSM_TIMER_DELAY_MAX;
    arm_timer(t, id, now,
              (now < UINT64_MAX - 1 - timer->delay
               ? now + timer->delay : UINT64_MAX - 1));
    return timer_payload(t, id);
}

bool
xfsm_timers_cancel(struct xfsm_timers *t, uint16_t class, uint64_t hash,
                   const uint64_t *key, unsigned int n)
{
    uint32_t id = find_timer(t, class, hash, key, n);

    if (!id) {
        return false;
    }
    if (id == t->fired) {
        release_fired(t);
        return false;
    }
    if (t->timers[id].where == XFSM_TIMER_HEAP) {
        xfsm_timer_heap_remove(t, id);
    } else {
        xfsm_timer_wheel_remove(t, id);
    }
    release_timer(t, id);
    t->n--;
    update_next(t, t->wheel.now_tick << XFSM_TIMER_TICK_BITS);
    return true;
}

/* Takes the first timer out of the heap and describes it. */
static void
fire_first(struct xfsm_timers *t, struct xfsm_timer_fired *fired)
{
    uint32_t id = t->heap[0].id;
    struct xfsm_timer *timer = &t->timers[id];

    xfsm_timer_heap_remove(t, id);
    timer->where = XFSM_TIMER_FIRED;
    t->fired = id;
    t->n--;
    t->n_fired++;

    fired->class = timer->class;
    fired->key = timer_key(t, id);
    fired->n_key = timer->n_key;
    fired->hash = timer->hash;
    fired->deadline = timer->deadline;
    fired->delay = timer->delay;
    fired->payload = timer_payload(t, id);
}

bool
xfsm_timers_pop(struct xfsm_timers *t, uint64_t now,
                struct xfsm_timer_fired *fired)
{
    uint64_t until = t->work + XFSM_TIMER_STEP;
    uint64_t tick = now >> XFSM_TIMER_TICK_BITS;
    bool found;

    release_fired(t);
    if (t->next > now) {
        return false;
    }
    if (t->wheel.step_at <= now && !t->wheel.settling) {
        xfsm_timer_wheel_step(t, tick, until);
        t->wheel.step_at = UINT64_MAX;
    }
    while (xfsm_timer_wheel_settle(t, until) && !t->n_heap
           && xfsm_timer_wheel_advance(t, tick)) {
        continue;
    }
    found = !t->wheel.settling && t->n_heap && t->heap[0].deadline <= now;
    if (found) {
        fire_first(t, fired);
    }
    update_next(t, now);
    return found;
}

bool
xfsm_timers_like(const struct xfsm_timers *a, const struct xfsm_timers *b)
{
    return (a->capacity == b->capacity && a->key_words == b->key_words
            && a->payload_size == b->payload_size);
}

unsigned int
xfsm_timers_key_words(const struct xfsm_timers *t)
{
    return t->key_words;
}

/* Describes timer 'id'; false if it is not armed. */
static bool
describe(const struct xfsm_timers *t, uint32_t id,
         struct xfsm_timer_fired *armed)
{
    const struct xfsm_timer *timer = &t->timers[id];

    *armed = (struct xfsm_timer_fired) {
        .class = timer->class,
        .key = timer_key(t, id),
        .n_key = timer->n_key,
        .hash = timer->hash,
        .deadline = timer->deadline,
        .delay = timer->delay,
        .payload = timer_payload(t, id),
    };
    return timer->where == XFSM_TIMER_WHEEL
           || timer->where == XFSM_TIMER_HEAP;
}

void
xfsm_timers_foreach(const struct xfsm_timers *t,
                    bool (*cb)(const struct xfsm_timer_fired *,
                               uint64_t order, void *aux),
                    void *aux)
{
    uint32_t id;

    for (id = 1; id <= t->n_touched; id++) {
        struct xfsm_timer_fired armed;

        if (describe(t, id, &armed)
            && !cb(&armed, t->timers[id].order, aux)) {
            return;
        }
    }
}

bool
xfsm_timers_find(const struct xfsm_timers *t, uint16_t class, uint64_t hash,
                 const uint64_t *key, unsigned int n,
                 struct xfsm_timer_fired *armed)
{
    uint32_t id = find_timer(t, class, hash, key, n);

    return id && describe(t, id, armed);
}

void *
xfsm_timers_restore(struct xfsm_timers *t,
                    const struct xfsm_timer_fired *timer, uint64_t order,
                    uint64_t now)
{
    uint64_t next = t->order > order ? t->order : order + 1;
    uint32_t id;

    assert(timer->n_key <= t->key_words);
    if (find_timer(t, timer->class, timer->hash, timer->key, timer->n_key)) {
        return NULL;
    }
    follow_time(t, now);
    id = create_timer(t, timer->class, timer->hash, timer->key,
                      timer->n_key);
    if (!id) {
        return NULL;
    }
    t->timers[id].delay = timer->delay;
    t->order = order;
    arm_timer(t, id, now, timer->deadline);
    t->order = next;
    return timer_payload(t, id);
}

void
xfsm_timers_clear(struct xfsm_timers *t)
{
    uint64_t now_tick = t->wheel.now_tick;

    memset(&t->wheel, 0, sizeof t->wheel);
    t->wheel.now_tick = now_tick;
    t->wheel.step_at = UINT64_MAX;
    xfsm_mem_clear(t->index, index_size(t));

    /* A timer is read only where its number is in use, but for 'where'. */
    xfsm_mem_clear(t->timers, timers_size(t));
    t->n_touched = 0;
    t->free = 0;
    t->fired = 0;
    t->n = 0;
    t->n_heap = 0;
    t->next = UINT64_MAX;
}

void
xfsm_timers_get_stats(const struct xfsm_timers *t,
                      struct xfsm_timers_stats *stats)
{
    stats->n = t->n;
    stats->capacity = t->capacity;
    stats->fired = t->n_fired;
    stats->refused = t->n_refused;
    stats->bytes = sizeof *t + timers_size(t) + items_size(t) + index_size(t)
                   + heap_size(t);
}
