/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include "tests/unit/random.h"
#include "xfsm/runtime/timers-private.h"
#include "xfsm/runtime/timers.h"

#define MS UINT64_C(1000000)
#define SECOND (1000 * MS)
#define DAY (86400 * SECOND)
#define CROWD 4000000u
#define T0 (UINT64_C(1700000000) * SECOND)

static struct xfsm_timers *
create(size_t capacity, unsigned int key_words, size_t payload_size)
{
    struct xfsm_timers *t = NULL;

    assert_null(xfsm_timers_create(capacity, key_words, payload_size, &t));
    assert_non_null(t);
    return t;
}

static struct xfsm_timers_stats
stats_of(const struct xfsm_timers *t)
{
    struct xfsm_timers_stats stats;

    xfsm_timers_get_stats(t, &stats);
    return stats;
}

static uint64_t
key_hash(uint64_t i)
{
    return random_next(&i);
}

/* Timers of these tests have class i % 4 and one or two words of key, so that
 * keys repeat between classes and lengths. */
static void *
set(struct xfsm_timers *t, uint64_t i, uint64_t now, uint64_t delay)
{
    uint64_t key[2] = { i / 8, 0 };

    return xfsm_timers_set(t, i % 4, key_hash(key[0]), key, 1 + i / 4 % 2,
                           now, delay);
}

static bool
cancel(struct xfsm_timers *t, uint64_t i)
{
    uint64_t key[2] = { i / 8, 0 };

    return xfsm_timers_cancel(t, i % 4, key_hash(key[0]), key,
                              1 + i / 4 % 2);
}

static uint64_t
fired_id(const struct xfsm_timer_fired *fired)
{
    assert_true(fired->n_key == 1 || fired->key[1] == 0);
    assert_int_equal(fired->hash, key_hash(fired->key[0]));
    return fired->key[0] * 8 + (fired->n_key - 1) * 4 + fired->class;
}

static void
refuse(size_t capacity, unsigned int key_words, size_t payload_size,
       const char *expected)
{
    struct xfsm_timers *t = NULL;
    char *error = xfsm_timers_create(capacity, key_words, payload_size, &t);

    assert_non_null(error);
    assert_string_equal(error, expected);
    assert_null(t);
    free(error);
}

static void
test_limits(void **state)
{
    uint64_t key[XFSM_KEY_WORDS] = { 1 };
    struct xfsm_timers *t;
    uint8_t *payload;

    (void) state;
    refuse(0, 1, 8, "a timer pool has 1 to 16777216 timers, not 0");
    refuse(XFSM_TIMERS_CAPACITY_MAX + 1, 1, 8,
           "a timer pool has 1 to 16777216 timers, not 16777217");
    refuse(1, 0, 8, "a timer's key has 1 to 16 words, not 0");
    refuse(1, XFSM_KEY_WORDS + 1, 8, "a timer's key has 1 to 16 words, not "
           "17");
    refuse(1, 1, XFSM_TIMERS_PAYLOAD_MAX + 1,
           "a timer's payload has up to 8192 bytes, not 8193");

    t = create(XFSM_TIMERS_CAPACITY_MAX, XFSM_KEY_WORDS,
               XFSM_TIMERS_PAYLOAD_MAX);
    assert_int_equal(stats_of(t).capacity, XFSM_TIMERS_CAPACITY_MAX);
    assert_true(stats_of(t).bytes
                > XFSM_TIMERS_CAPACITY_MAX * (8192 + 128 + 64));
    payload = xfsm_timers_set(t, UINT16_MAX, 1, key, XFSM_KEY_WORDS, T0, 0);
    assert_int_equal(payload[XFSM_TIMERS_PAYLOAD_MAX - 1], 0);
    memset(payload, 1, XFSM_TIMERS_PAYLOAD_MAX);
    xfsm_timers_destroy(t);
    t = create(1, 1, 0);
    assert_non_null(set(t, 1, T0, 5));
    xfsm_timers_destroy(t);
    xfsm_timers_destroy(NULL);
}

/* The oracle: what is armed, and a binary heap of every arming, of which
 * those that are out of date are skipped. */
#define KEYS 4096
#define ARMINGS (1 << 22)

struct arming {
    uint64_t deadline;
    uint64_t order;             /* 0: none. */
    uint64_t id;
};

static struct oracle {
    struct arming armed[KEYS];
    uint64_t payload[KEYS];
    struct arming heap[ARMINGS];
    size_t n_heap;
    uint64_t order;
    uint64_t n;
} oracle;

static bool
before(const struct arming *a, const struct arming *b)
{
    return (a->deadline != b->deadline
            ? a->deadline < b->deadline : a->order < b->order);
}

static void
oracle_set(uint64_t id, uint64_t deadline)
{
    struct arming arming = { deadline, ++oracle.order, id };
    size_t i = oracle.n_heap++;

    assert_true(i < ARMINGS);
    oracle.n += !oracle.armed[id].order;
    oracle.armed[id] = arming;
    for (; i && before(&arming, &oracle.heap[(i - 1) / 2]); i = (i - 1) / 2) {
        oracle.heap[i] = oracle.heap[(i - 1) / 2];
    }
    oracle.heap[i] = arming;
}

static bool
oracle_cancel(uint64_t id)
{
    bool armed = oracle.armed[id].order != 0;

    oracle.n -= armed;
    oracle.armed[id].order = 0;
    return armed;
}

static void
oracle_drop_first(void)
{
    struct arming last = oracle.heap[--oracle.n_heap];
    size_t i = 0;

    for (;;) {
        size_t child = 2 * i + 1;

        if (child >= oracle.n_heap) {
            break;
        }
        if (child + 1 < oracle.n_heap
            && before(&oracle.heap[child + 1], &oracle.heap[child])) {
            child++;
        }
        if (!before(&oracle.heap[child], &last)) {
            break;
        }
        oracle.heap[i] = oracle.heap[child];
        i = child;
    }
    oracle.heap[i] = last;
}

/* The first arming that is up to date, or NULL. */
static const struct arming *
oracle_first(void)
{
    while (oracle.n_heap) {
        const struct arming *first = &oracle.heap[0];

        if (oracle.armed[first->id].order == first->order) {
            return first;
        }
        oracle_drop_first();
    }
    return NULL;
}

/* Until a timer is due or none is. */
static bool
pop(struct xfsm_timers *t, uint64_t now, struct xfsm_timer_fired *fired)
{
    while (!xfsm_timers_pop(t, now, fired)) {
        if (xfsm_timers_next(t) > now) {
            return false;
        }
    }
    return true;
}

/* Whatever becomes of timers while others are on the move counts. */
static void
disturb(struct xfsm_timers *t, uint64_t now, uint64_t *random)
{
    uint64_t id = random_below(random, KEYS);
    uint64_t delay = 1 + random_below(random, 3 * MS);

    if (random_below(random, 2)) {
        assert_int_equal(cancel(t, id), oracle_cancel(id));
    } else if (oracle.n_heap + 1 < ARMINGS) {
        uint64_t *payload = set(t, id, now, delay);

        assert_non_null(payload);
        *payload = oracle.payload[id] = random_next(random);
        oracle_set(id, now + delay);
    }
}

/* Takes all that is due, comparing each with the oracle; arms some of them
 * again. */
static uint64_t
compare_due(struct xfsm_timers *t, uint64_t now, uint64_t *random)
{
    struct xfsm_timer_fired fired;
    const struct arming *first;
    uint64_t n = 0;

    for (;;) {
        bool found = xfsm_timers_pop(t, now, &fired);
        uint64_t id;

        if (!found && xfsm_timers_next(t) > now) {
            break;
        } else if (!found) {
            disturb(t, now, random);
            continue;
        }
        id = fired_id(&fired);
        first = oracle_first();
        assert_non_null(first);
        assert_int_equal(id, first->id);
        assert_int_equal(fired.deadline, first->deadline);
        assert_true(fired.deadline <= now);
        assert_int_equal(*(uint64_t *) fired.payload, oracle.payload[id]);
        oracle_cancel(id);
        n++;
        if (!random_below(random, 4) && oracle.n_heap + 1 < ARMINGS) {
            uint64_t delay = fired.delay + 1;
            void *payload = fired.payload;

            /* At its deadline, which is late, as a program does. */
            assert_ptr_equal(set(t, id, fired.deadline, delay), payload);
            assert_int_equal(*(uint64_t *) payload, oracle.payload[id]);
            oracle_set(id, fired.deadline + delay);
        } else if (!random_below(random, 8)) {
            assert_false(cancel(t, id));
        }
    }
    first = oracle_first();
    assert_true(!first || first->deadline > now);
    return n;
}

static void
compare_next(const struct xfsm_timers *t)
{
    const struct arming *first = oracle_first();
    uint64_t next = xfsm_timers_next(t);

    assert_int_equal(stats_of(t).n, oracle.n);
    if (first) {
        assert_true(next <= first->deadline);
    } else {
        assert_int_equal(next, UINT64_MAX);
    }
}

/* Delays and steps of every size. */
static uint64_t
random_time(uint64_t *random, unsigned int bits)
{
    return random_next(random) >> (64 - bits + random_below(random, bits));
}

/* 'delay_bits' and 'step_bits' tell the longest delay and step of time. */
static void
check_oracle(unsigned int delay_bits, unsigned int step_bits, uint64_t ops)
{
    struct xfsm_timers *t = create(KEYS, 2, 8);
    uint64_t random = delay_bits * 100 + step_bits;
    uint64_t now = T0;
    uint64_t fired = 0;
    uint64_t op;

    memset(&oracle, 0, sizeof oracle);
    for (op = 0; op < ops; op++) {
        uint64_t id = random_below(&random, KEYS);
        uint64_t late = random_below(&random, 16) ? 0 : 3 * MS;
        uint64_t delay;
        uint64_t *payload;
        bool known;

        switch (random_below(&random, 8)) {
        default:
            delay = random_time(&random, delay_bits);
            known = oracle.armed[id].order;
            payload = set(t, id, now - late, delay);
            assert_non_null(payload);
            assert_int_equal(*payload, known ? oracle.payload[id] : 0);
            *payload = oracle.payload[id] = op;
            oracle_set(id, now - late + delay);
            break;

        case 5:
        case 6:
            assert_int_equal(cancel(t, id), oracle_cancel(id));
            break;

        case 7:
            now += random_time(&random, step_bits);
            fired += compare_due(t, now - late, &random);
            break;
        }
        compare_next(t);
    }
    assert_true(fired > ops / 200);
    assert_int_equal(stats_of(t).fired, fired);
    assert_int_equal(stats_of(t).refused, 0);
    xfsm_timers_destroy(t);
}

static void
test_oracle(void **state)
{
    (void) state;
    check_oracle(52, 52, 500000);       /* Up to 52 days. */
    check_oracle(40, 36, 1000000);      /* Minutes. */
    check_oracle(33, 30, 1000000);      /* Seconds. */
    check_oracle(21, 20, 1000000);      /* Around one tick. */
    check_oracle(8, 6, 500000);         /* Many with the same deadline. */
    check_oracle(30, 51, 200000);       /* Long jumps. */
}

/* Timers with one deadline fire in the order in which they were armed, from
 * whatever distance. */
static void
test_same_deadline(void **state)
{
    enum { N = 1000 };
    struct xfsm_timers *t = create(N, 2, 8);
    struct xfsm_timer_fired fired;
    uint64_t deadline = T0 + DAY;
    uint64_t i;

    (void) state;
    for (i = 0; i < N; i++) {
        uint64_t now = T0 + DAY / N * i;

        assert_false(xfsm_timers_pop(t, now, &fired));
        assert_non_null(set(t, i, now, deadline - now));
    }
    set(t, 0, deadline - 1, 1);             /* Armed anew: the last. */
    assert_false(xfsm_timers_pop(t, deadline - 1, &fired));
    for (i = 1; i <= N; i++) {
        assert_true(pop(t, deadline, &fired));
        assert_int_equal(fired_id(&fired), i % N);
        assert_int_equal(fired.deadline, deadline);
    }
    assert_false(xfsm_timers_pop(t, UINT64_MAX, &fired));
    xfsm_timers_destroy(t);
}

/* Follows xfsm_timers_next() until timer 'id', the only one, fires at
 * 'deadline'.  Each step gets nearer, and 6 are enough: it is handed down
 * through the levels, after having been looked for in vain once. */
static void
check_next(struct xfsm_timers *t, uint64_t id, uint64_t deadline)
{
    struct xfsm_timer_fired fired;
    uint64_t next = 0;
    int steps = 0;

    while (xfsm_timers_next(t) < deadline) {
        assert_true(xfsm_timers_next(t) > next);
        next = xfsm_timers_next(t);
        assert_false(xfsm_timers_pop(t, next, &fired));
        steps++;
    }
    assert_in_range(steps, 0, 6);
    assert_int_equal(xfsm_timers_next(t), deadline);
    assert_false(xfsm_timers_pop(t, deadline - 1, &fired));
    assert_true(xfsm_timers_pop(t, deadline, &fired));
    assert_int_equal(fired_id(&fired), id);
    assert_int_equal(xfsm_timers_next(t), UINT64_MAX);
}

static void
test_next(void **state)
{
    struct xfsm_timers *t = create(2, 2, 8);
    uint64_t random = 8;
    uint64_t now = T0;
    int round;

    (void) state;
    assert_int_equal(xfsm_timers_next(t), UINT64_MAX);
    for (round = 0; round < 10000; round++) {
        uint64_t delay = 1 + random_time(&random, 52) / 2;
        uint64_t begin = now;

        set(t, 7, now, delay);
        assert_in_range(now + delay - xfsm_timers_next(t), 0,
                        (UINT64_C(2) << (XFSM_TIMER_TICK_BITS + 24)) - 1);
        assert_true(xfsm_timers_next(t) >> XFSM_TIMER_TICK_BITS
                    > now >> XFSM_TIMER_TICK_BITS
                    || xfsm_timers_next(t) == now + delay);

        /* Every other time it is put off before it fires. */
        while (round % 2 && now - begin < delay * 9 / 10) {
            now += 1 + delay / 20;
            set(t, 7, now, delay);
        }
        check_next(t, 7, now + delay);
        now += delay;
    }
    xfsm_timers_destroy(t);
}

static void
test_longest_delay(void **state)
{
    static const uint64_t starts[] = {
        0, 1, (UINT64_C(1) << 52) - 1, T0, T0 + 12345678901
    };
    size_t s;

    (void) state;
    for (s = 0; s < sizeof starts / sizeof *starts; s++) {
        struct xfsm_timers *t = create(4, 2, 8);
        struct xfsm_timer_fired fired;
        uint64_t end = starts[s] + XFSM_TIMER_DELAY_MAX;
        uint64_t next;
        int steps = 0;

        assert_non_null(set(t, 1, starts[s], XFSM_TIMER_DELAY_MAX));
        assert_non_null(set(t, 2, starts[s], XFSM_TIMER_DELAY_MAX + 1));
        assert_non_null(set(t, 3, starts[s], UINT64_MAX));

        /* Following xfsm_timers_next() gets there in a few steps. */
        while ((next = xfsm_timers_next(t)) < end) {
            assert_false(xfsm_timers_pop(t, next, &fired));
            assert_true(xfsm_timers_next(t) > next);
            steps++;
        }
        assert_true(steps <= 6);
        assert_int_equal(next, end);
        assert_false(xfsm_timers_pop(t, end - 1, &fired));
        for (next = 1; next <= 3; next++) {
            assert_true(xfsm_timers_pop(t, end, &fired));
            assert_int_equal(fired_id(&fired), next);
            assert_int_equal(fired.deadline, end);
            assert_int_equal(fired.delay, XFSM_TIMER_DELAY_MAX);
        }
        xfsm_timers_destroy(t);
    }
}

/* The end of time. */
static void
test_overflow(void **state)
{
    struct xfsm_timers *t = create(4, 2, 8);
    struct xfsm_timer_fired fired;

    (void) state;
    set(t, 1, UINT64_MAX, 5);
    set(t, 2, UINT64_MAX - 10, XFSM_TIMER_DELAY_MAX);
    assert_int_equal(xfsm_timers_next(t), UINT64_MAX - 1);
    assert_true(xfsm_timers_pop(t, UINT64_MAX, &fired));
    assert_int_equal(fired_id(&fired), 1);
    assert_true(xfsm_timers_pop(t, UINT64_MAX, &fired));
    assert_int_equal(fired_id(&fired), 2);

    /* An empty wheel goes back to where time is. */
    set(t, 3, T0, SECOND);
    assert_true(xfsm_timers_next(t) > T0);
    assert_false(xfsm_timers_pop(t, T0 + SECOND - 1, &fired));
    assert_true(xfsm_timers_pop(t, T0 + SECOND, &fired));
    xfsm_timers_destroy(t);
}

static void
test_full(void **state)
{
    enum { N = 100 };
    struct xfsm_timers *t = create(N, 2, 8);
    struct xfsm_timer_fired fired;
    uint64_t i;

    (void) state;
    for (i = 0; i < N; i++) {
        assert_non_null(set(t, i, T0, SECOND + i));
    }
    assert_int_equal(stats_of(t).n, N);
    assert_int_equal(stats_of(t).refused, 0);
    assert_null(set(t, N, T0, 1));
    assert_null(set(t, N + 1, T0, 1));
    assert_int_equal(stats_of(t).refused, 2);
    assert_non_null(set(t, 5, T0, 2 * SECOND));     /* Moving goes on. */

    assert_true(cancel(t, 50));
    assert_non_null(set(t, N, T0, 3 * SECOND));
    assert_null(set(t, 50, T0, 1));

    /* One that fired keeps its place until the next call. */
    assert_true(pop(t, T0 + SECOND, &fired));
    assert_int_equal(stats_of(t).n, N - 1);
    assert_null(set(t, 50, T0, 1));
    assert_false(xfsm_timers_pop(t, T0 + SECOND, &fired));
    assert_non_null(set(t, 50, T0, SECOND));
    assert_int_equal(stats_of(t).refused, 4);
    xfsm_timers_destroy(t);
}

static void
test_payload(void **state)
{
    struct xfsm_timers *t = create(2, 2, 8);
    struct xfsm_timer_fired fired;
    uint64_t *payload = set(t, 1, T0, SECOND);

    (void) state;
    assert_int_equal(*payload, 0);
    *payload = 42;
    assert_ptr_equal(set(t, 1, T0, 2 * SECOND), payload);
    assert_int_equal(*payload, 42);

    /* Set again after it fired, with another timer set in between. */
    assert_true(xfsm_timers_pop(t, T0 + 2 * SECOND, &fired));
    assert_ptr_equal(fired.payload, payload);
    assert_int_equal(fired.delay, 2 * SECOND);
    assert_non_null(set(t, 2, T0, 9 * SECOND));
    assert_int_equal(fired_id(&fired), 1);
    assert_ptr_equal(set(t, 1, fired.deadline, fired.delay), payload);
    assert_int_equal(*payload, 42);
    assert_int_equal(stats_of(t).n, 2);

    /* Not set again: forgotten at the next call. */
    assert_true(xfsm_timers_pop(t, T0 + 4 * SECOND, &fired));
    assert_false(xfsm_timers_pop(t, T0 + 4 * SECOND, &fired));
    payload = set(t, 1, T0, SECOND);
    assert_int_equal(*payload, 0);

    /* Cancelled while it fires: forgotten at once. */
    *payload = 43;
    assert_true(xfsm_timers_pop(t, T0 + 4 * SECOND, &fired));
    assert_false(cancel(t, 1));
    assert_int_equal(*(uint64_t *) set(t, 1, T0, SECOND), 0);
    assert_int_equal(stats_of(t).n, 2);
    xfsm_timers_destroy(t);
}

static void
test_find(void **state)
{
    struct xfsm_timer_fired timer;
    uint64_t key[2] = { 7, 8 };
    struct xfsm_timers *t;

    (void) state;
    assert_null(xfsm_timers_create(4, 2, 8, &t));
    assert_false(xfsm_timers_find(t, 1, key_hash(7), key, 2, &timer));
    xfsm_timers_set(t, 1, key_hash(7), key, 2, 1000, 500);
    assert_true(xfsm_timers_find(t, 1, key_hash(7), key, 2, &timer));
    assert_int_equal(timer.deadline, 1500);
    assert_int_equal(timer.delay, 500);
    assert_int_equal(timer.n_key, 2);
    assert_false(xfsm_timers_find(t, 2, key_hash(7), key, 2, &timer));
    assert_false(xfsm_timers_find(t, 1, key_hash(7), key, 1, &timer));

    /* One that fires is not armed. */
    assert_true(xfsm_timers_pop(t, 1500, &timer));
    assert_false(xfsm_timers_find(t, 1, key_hash(7), key, 2, &timer));
    xfsm_timers_destroy(t);
}

static void
test_clear(void **state)
{
    struct xfsm_timers *t = create(1000, 2, 8);
    struct xfsm_timer_fired fired;
    uint64_t round, i;

    (void) state;
    for (round = 0; round < 3; round++) {
        for (i = 0; i < 1000; i++) {
            uint64_t *payload = set(t, i, T0, i * i * SECOND);

            assert_int_equal(*payload, 0);
            *payload = 1;
        }
        assert_true(pop(t, T0 + 5 * SECOND, &fired));
        xfsm_timers_clear(t);
        assert_int_equal(stats_of(t).n, 0);
        assert_int_equal(xfsm_timers_next(t), UINT64_MAX);
        assert_false(cancel(t, 7));
        assert_false(xfsm_timers_pop(t, UINT64_MAX, &fired));
    }
    assert_int_equal(stats_of(t).fired, 3);
    xfsm_timers_destroy(t);
}

/* Time that jumps does not walk over ticks: a step of 10 years, and a million
 * steps of a day, with a timer that stays armed, take no time worth
 * measuring; a loop over ticks would take hours. */
static void
test_jumps(void **state)
{
    struct xfsm_timers *t = create(2, 2, 8);
    struct xfsm_timer_fired fired;
    uint64_t now = 3650 * DAY;
    uint64_t i;

    (void) state;
    set(t, 1, 0, SECOND);
    assert_true(xfsm_timers_pop(t, now, &fired));
    assert_int_equal(fired.deadline, SECOND);
    for (i = 0; i < 100000; i++) {
        set(t, 1, now, DAY);
        set(t, 2, now, 50 * DAY);
        assert_false(xfsm_timers_pop(t, now + DAY - 1, &fired));
        now += DAY;
        assert_true(xfsm_timers_pop(t, now, &fired));
        assert_int_equal(fired_id(&fired), 1);
    }
    xfsm_timers_destroy(t);
}

/* Timers that are all due within some seconds, far from now. */
static struct xfsm_timers *
crowd(size_t n, uint64_t delay, uint64_t width)
{
    struct xfsm_timers *t = create(n, 1, 0);
    uint64_t random = 7;

    for (uint64_t key = 0; key < n; key++) {
        assert_non_null(xfsm_timers_set(
            t, 0, key_hash(key), &key, 1, T0,
            delay + random_next(&random) % width));
    }
    return t;
}

/* An xfsm_timers_pop() may end with a timer that goes up the heap, and with
 * one that is taken out of it: 13 levels of 4^13 timers each, at most. */
#define POP_WORK_MAX (XFSM_TIMER_STEP + 2 * 13)

/* Lets time go on in steps of 'step', as packets would, until all fired in
 * order.  Returns the most work that was done at once. */
static uint64_t
most_work(struct xfsm_timers *t, uint64_t end, uint64_t step)
{
    uint64_t armed = stats_of(t).n;
    uint64_t last = 0, most = 0;

    for (uint64_t now = T0; now <= end; now += step) {
        struct xfsm_timer_fired fired;
        bool found;

        while (xfsm_timers_next(t) <= now) {
            uint64_t work = t->work;

            found = xfsm_timers_pop(t, now, &fired);
            work = t->work - work;
            most = work > most ? work : most;
            assert_true(!found || (fired.deadline >= last
                                   && fired.deadline <= now));
            last = found ? fired.deadline : last;
        }
    }
    assert_int_equal(stats_of(t).fired, armed);
    assert_int_equal(stats_of(t).n, 0);
    return most;
}

/* No operation moves the millions of timers of a slot: each is moved ahead of
 * time, few at once. */
static void
test_crowd(void **state)
{
    struct xfsm_timers *t = crowd(CROWD, 70 * SECOND, 20 * SECOND);

    (void) state;
    assert_true(t->n_placed == CROWD);
    assert_in_range(most_work(t, T0 + 90 * SECOND, MS / 10), 2,
                    POP_WORK_MAX);
    assert_true(t->n_placed <= 4 * CROWD);
    xfsm_timers_destroy(t);
}

/* Where time jumps past all of them they still fire, in order, and no
 * operation takes longer for it: neither from a slot far away, nor from one
 * tick, of which each goes all the way up the heap, nor at one time. */
static void
test_crowd_and_jump(void **state)
{
    static const uint64_t widths[] = { 20 * SECOND, MS, 1 };

    (void) state;
    for (size_t i = 0; i < sizeof widths / sizeof *widths; i++) {
        struct xfsm_timers *t = crowd(CROWD / 64, 5 * DAY, widths[i]);

        assert_in_range(most_work(t, T0 + 20 * DAY, 10 * DAY),
                        XFSM_TIMER_STEP, POP_WORK_MAX);
        xfsm_timers_destroy(t);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_oracle),
        cmocka_unit_test(test_same_deadline),
        cmocka_unit_test(test_next),
        cmocka_unit_test(test_longest_delay),
        cmocka_unit_test(test_overflow),
        cmocka_unit_test(test_full),
        cmocka_unit_test(test_payload),
        cmocka_unit_test(test_find),
        cmocka_unit_test(test_clear),
        cmocka_unit_test(test_jumps),
        cmocka_unit_test(test_crowd),
        cmocka_unit_test(test_crowd_and_jump),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
