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
#include <math.h>

#include "tests/unit/random.h"
#include "xfsm/sketch/distinct-private.h"
#include "xfsm/sketch/distinct.h"

#define SECOND UINT64_C(1000000000)
#define T0 (UINT64_C(1700000000) * SECOND)

/* Windows begin at multiples of this, T0 being one. */
#define WINDOW (10 * SECOND)

static struct xfsm_distinct *
create(size_t capacity, size_t n_sketches, uint64_t window)
{
    struct xfsm_distinct *d = NULL;

    assert_null(xfsm_distinct_create(1, capacity, n_sketches, window, &d));
    assert_non_null(d);
    return d;
}

static uint64_t
hash_of(uint64_t i)
{
    return random_next(&i);
}

static double
add(struct xfsm_distinct *d, uint64_t key, uint64_t element, uint64_t now)
{
    xfsm_distinct_prefetch(d, hash_of(key));
    xfsm_distinct_prefetch_slot(d, hash_of(key));
    return xfsm_distinct_add(d, hash_of(key), &key, 1, hash_of(element),
                             now);
}

static double
get(const struct xfsm_distinct *d, uint64_t key, uint64_t now)
{
    return xfsm_distinct_get(d, hash_of(key), &key, 1, now);
}

static bool
reset_key(struct xfsm_distinct *d, uint64_t key)
{
    return xfsm_distinct_reset_key(d, hash_of(key), &key, 1);
}

static struct xfsm_distinct_stats
stats_of(const struct xfsm_distinct *d)
{
    struct xfsm_distinct_stats stats;

    xfsm_distinct_get_stats(d, &stats);
    return stats;
}

static void
refuse(unsigned int key_words, size_t capacity, size_t n_sketches,
       uint64_t window, const char *expected)
{
    struct xfsm_distinct *d = NULL;
    char *error = xfsm_distinct_create(key_words, capacity, n_sketches,
                                       window, &d);

    assert_non_null(error);
    assert_string_equal(error, expected);
    assert_null(d);
    free(error);
}

static void
test_limits(void **state)
{
    struct xfsm_distinct *d = NULL;

    (void) state;
    refuse(0, 8, 8, 0, "a key has 1 to 16 words, not 0");
    refuse(17, 8, 8, 0, "a key has 1 to 16 words, not 17");
    refuse(1, 0, 8, 0, "a key table has 1 to 67108864 slots, not 0");
    refuse(1, 8, 0, 0, "a distinct count has 1 to 16777216 sketches, not 0");
    refuse(1, 8, XFSM_DISTINCT_SKETCHES_MAX + 1, 0,
           "a distinct count has 1 to 16777216 sketches, not 16777217");
    refuse(1, 8, 8, XFSM_DISTINCT_WINDOW_MIN - 1,
           "the window of a distinct count is at least 1 ms, not 999999 ns");

    d = create(1, 1, XFSM_DISTINCT_WINDOW_MIN);
    assert_int_equal(stats_of(d).capacity, 2 * XFSM_KEYTABLE_WAYS);
    assert_int_equal(stats_of(d).n_sketches, 1);
    xfsm_distinct_destroy(d);
    assert_null(xfsm_distinct_create(XFSM_KEY_WORDS, 1000,
                                     XFSM_DISTINCT_SKETCHES_MAX, 0, &d));
    assert_in_range(stats_of(d).bytes, UINT64_C(328) << 24,
                    (UINT64_C(328) << 24) + (1 << 20));
    xfsm_distinct_destroy(d);
    xfsm_distinct_destroy(NULL);
}

/* The vector version of the comparison is the portable one. */
static void
test_match(void **state)
{
    uint64_t random = 1;
    int i;

    (void) state;
    for (i = 0; i < 100000; i++) {
        struct xfsm_distinct_small s;
        uint64_t element = random_next(&random) & UINT64_C(0xfff003ff0003);
        unsigned int j;

        for (j = 0; j < XFSM_DISTINCT_SMALL; j++) {
            uint64_t other = random_next(&random);

            s.low[j] = (uint16_t) (other & 3);
            s.high[j] = (uint8_t) (other >> 32 & 3);
        }
        assert_int_equal(xfsm_distinct_match(&s, element),
                         xfsm_distinct_match_portable(&s, element));
        element = s.low[i % 16] | (uint64_t) s.high[i % 16] << 16;
        assert_true(xfsm_distinct_match(&s, element) >> i % 16 & 1);
    }
}

/* Registers and the chance of a change are what they should be, with ranks as
 * no hash would give them, so that many registers get full; and an element
 * that comes again changes nothing unless its register forgot its rank. */
static void
test_counter(void **state)
{
    enum { WORDS = 2, REGISTERS = 32, FULL = XFSM_DISTINCT_REGISTER_MAX };
    uint64_t random = 4;
    int round;

    (void) state;
    for (round = 0; round < 2000; round++) {
        uint64_t words[WORDS] = { 0, 0 };
        struct xfsm_distinct_registers r = { words, 1, WORDS };
        struct xfsm_distinct_counter c;
        unsigned int known[REGISTERS] = { 0 };
        unsigned int base = 0;
        int i;

        xfsm_distinct_counter_init(&c, WORDS, 0);
        for (i = 0; i < 300; i++) {
            unsigned int index = (unsigned int) random_below(&random,
                                                             REGISTERS);
            unsigned int rank = 1 + (unsigned int) random_below(
                &random, 1 + random_below(&random, 49));
            unsigned int lowest = 255;
            unsigned int open = 0;
            unsigned int j;

            /* Rank 49 is that of no bit at all. */
            xfsm_distinct_counter_add(&c, r,
                                      index << 11
                                      | (rank < 49 ? UINT64_C(1)
                                                     << (15 + rank) : 0));
            rank = rank < base + FULL ? rank : base + FULL;
            known[index] = known[index] > rank ? known[index] : rank;
            for (j = 0; j < REGISTERS; j++) {
                lowest = lowest < known[j] ? lowest : known[j];
            }
            base = lowest;
            assert_int_equal(c.base, base);
            for (j = 0; j < REGISTERS; j++) {
                unsigned int value = words[j / 16] >> j % 16 * 4 & 15;

                assert_int_equal(value, known[j] - base);
                open += value < FULL ? 1u << (14 - value) : 0;
            }
            assert_int_equal(c.open, open);
        }
    }
}

/* The oracle: for each key and element, one more than the window in which it
 * was last met. */
enum { KEYS = 50, ELEMENTS = 16 };
static uint64_t met[KEYS][ELEMENTS];

static int
count_met(uint64_t key, uint64_t window)
{
    int n = 0;
    int i;

    for (i = 0; i < ELEMENTS; i++) {
        n += met[key][i] && met[key][i] + 1 > window;
    }
    return n;
}

/* Up to 16 elements in two windows are exact, with pauses of any length and
 * late timestamps. */
static void
test_few(void **state)
{
    struct xfsm_distinct *d = create(1000, 10, WINDOW);
    uint64_t random = 2;
    uint64_t now = T0;
    uint64_t latest = 0;
    int i;

    (void) state;
    memset(met, 0, sizeof met);
    for (i = 0; i < 500000; i++) {
        uint64_t key = random_below(&random, KEYS);
        uint64_t element = random_below(&random,
                                        1 + random_below(&random, ELEMENTS));
        uint64_t late = random_below(&random, 8)
                        ? 0 : random_below(&random, 3 * WINDOW);
        uint64_t window;

        now += random_next(&random) >> (30 + random_below(&random, 34));
        window = (now - late) / WINDOW;
        latest = window > latest ? window : latest;
        met[key][element] = latest + 1;
        assert_true(add(d, key, element, now - late)
                    == count_met(key, latest));
        key = random_below(&random, KEYS);
        assert_true(get(d, key, now - late) == count_met(key, latest));
        assert_true(get(d, key, now + WINDOW)
                    == count_met(key, (now > latest * WINDOW
                                       ? now / WINDOW : latest) + 1)
                    || (now + WINDOW) / WINDOW <= latest);
    }
    assert_int_equal(stats_of(d).promotions, 0);
    assert_int_equal(stats_of(d).evictions, 0);
    xfsm_distinct_destroy(d);
}

/* Errors of estimates, relative. */
struct errors {
    double sum;
    double squares;
    unsigned int n;
};

static void
take_error(struct errors *errors, double estimate, double truth)
{
    double error = estimate / truth - 1;

    errors->sum += error;
    errors->squares += error * error;
    errors->n++;
}

/* The standard error is at most 'limit', and the mean no further from 0 than
 * chance makes it (4 sigma). */
static void
check_errors(const struct errors *errors, double limit)
{
    double root = sqrt(errors->squares / errors->n);

    if (root > limit) {
        fail_msg("standard error %g, not %g", root, limit);
    }
    if (fabs(errors->sum / errors->n) > 4 * limit / sqrt(errors->n)) {
        fail_msg("mean error %g", errors->sum / errors->n);
    }
}

/* Errors at several numbers of elements, over 'n_keys' keys that each meet
 * elements of their own. */
static void
check_many(size_t n_keys, size_t n_sketches, const double *limits)
{
    static const uint64_t points[] = { 17, 30, 100, 1000, 10000, 50000 };
    struct xfsm_distinct *d = create(2 * n_keys, n_sketches, WINDOW);
    struct errors errors[6] = { { 0, 0, 0 } };
    size_t key;

    for (key = 0; key < n_keys; key++) {
        uint64_t i = 0;
        size_t p;

        for (p = 0; p < 6; p++) {
            double estimate = 0;

            for (; i < points[p]; i++) {
                estimate = add(d, key, key << 32 | i, T0);
            }
            assert_true(estimate == get(d, key, T0));
            assert_true(add(d, key, key << 32, T0) == estimate);
            take_error(&errors[p], estimate, (double) i);
        }
    }
    for (key = 0; key < 6; key++) {
        check_errors(&errors[key], limits[key]);
    }
    assert_int_equal(stats_of(d).promotions, n_keys);
    xfsm_distinct_destroy(d);
}

/* The table of errors in the header, with what chance may add to 500. */
static void
test_many(void **state)
{
    static const double full[] = { .025, .035, .036, .042, .05, .05 };
    static const double mini[] = { .06, .12, .14, .16, .165, .165 };
    struct xfsm_distinct *d;

    (void) state;
    check_many(500, 500, full);

    /* All but one make do without a sketch. */
    check_many(500, 1, mini);

    d = create(1, 1, 0);
    {
        struct errors errors = { 0, 0, 0 };
        uint64_t i;

        for (i = 0; i < 3000000; i++) {
            add(d, 1, i, T0);
        }
        take_error(&errors, get(d, 1, T0), (double) i);
        check_errors(&errors, 4 * .05);
    }
    xfsm_distinct_destroy(d);
}

/* Elements come again and new ones come, over several windows: always those
 * of two windows count.  Window w has elements w * step to w * step + many,
 * in no order. */
static void
check_windows(size_t n_sketches, uint64_t many, uint64_t step, double limit)
{
    enum { N_KEYS = 300, N_WINDOWS = 5 };
    struct xfsm_distinct *d = create(2 * N_KEYS, n_sketches, WINDOW);
    struct errors both = { 0, 0, 0 };
    struct errors last = { 0, 0, 0 };
    uint64_t random = many;
    uint64_t w;

    for (w = 0; w < N_WINDOWS; w++) {
        uint64_t now = T0 + w * WINDOW;
        uint64_t key;

        for (key = 0; key < N_KEYS; key++) {
            uint64_t start = random_below(&random, many);
            uint64_t i;

            for (i = 0; i < 2 * many; i++) {
                uint64_t element = w * step + (start + i * 7) % many;

                add(d, key, key << 32 | element, now + i);
            }
            take_error(&both, get(d, key, now + WINDOW - 1),
                       (double) (w ? many + step : many));
            take_error(&last, get(d, key, now + WINDOW), (double) many);
            assert_true(get(d, key, now + 2 * WINDOW) == 0);
        }
    }
    check_errors(&both, limit);
    check_errors(&last, limit);
    assert_int_equal(stats_of(d).used,
                     many > 16 && n_sketches >= N_KEYS ? N_KEYS
                     : many > 16 ? n_sketches : 0);

    /* Two windows later all sketches are free. */
    add(d, N_KEYS, 1, T0 + (N_WINDOWS + 1) * WINDOW);
    assert_int_equal(stats_of(d).used, 0);
    assert_true(get(d, 0, T0) == 0);
    assert_true(add(d, 0, 5, T0) == 1);
    xfsm_distinct_destroy(d);
}

static void
test_windows(void **state)
{
    (void) state;
    check_windows(300, 8, 8, 0);
    check_windows(300, 100, 100, .05);
    check_windows(300, 1000, 300, .05);
    check_windows(300, 1000, 0, .05);
    check_windows(1, 1000, 300, .165);
}

/* When a key gets more than 16 elements, those of the window before do not
 * count in this one until they come again. */
static void
test_promotion(void **state)
{
    struct xfsm_distinct *d = create(16, 1, WINDOW);
    double estimate;
    uint64_t i;

    (void) state;
    for (i = 0; i < 16; i++) {
        add(d, 1, i, T0);
    }
    add(d, 1, 3, T0 + WINDOW);
    estimate = add(d, 1, 16, T0 + WINDOW);
    assert_true(fabs(estimate - 17) < 1.5);
    assert_true(fabs(get(d, 1, T0 + 2 * WINDOW) - 2) < 1.5);
    for (i = 0; i < 17; i++) {
        assert_true(add(d, 1, i, T0 + WINDOW) == estimate);
    }
    assert_true(fabs(get(d, 1, T0 + 2 * WINDOW) - 17) < 2);
    xfsm_distinct_destroy(d);
}

/* A key without a sketch gets one when there is one, and is precise two
 * windows later. */
static void
test_upgrade(void **state)
{
    struct errors errors = { 0, 0, 0 };
    uint64_t round;

    (void) state;
    for (round = 0; round < 300; round++) {
        struct xfsm_distinct *d = create(16, 1, WINDOW);
        uint64_t w, i;

        for (i = 0; i < 17; i++) {
            add(d, 1, i, T0);
        }
        for (w = 0; w < 5; w++) {
            for (i = 0; i < 1000; i++) {
                add(d, 2, (round << 3 | w) << 32 | i, T0 + w * WINDOW);
            }

            /* The sketch of key 1 is free from the third window on. */
            assert_int_equal(stats_of(d).crowded, w ? 2 : 1);
        }
        assert_int_equal(stats_of(d).used, 1);
        take_error(&errors, get(d, 2, T0 + 4 * WINDOW), 2000);
        xfsm_distinct_destroy(d);
    }
    check_errors(&errors, .05);
}

static void
test_resets(void **state)
{
    struct xfsm_distinct *d = create(100, 2, WINDOW);
    uint64_t i;

    (void) state;
    assert_false(reset_key(d, 1));
    for (i = 0; i < 1000; i++) {
        add(d, 1, i, T0);
        add(d, 2, i, T0);
    }
    add(d, 3, 1, T0);
    assert_int_equal(stats_of(d).used, 2);
    assert_true(reset_key(d, 1));
    assert_true(reset_key(d, 3));
    assert_int_equal(stats_of(d).used, 1);
    assert_true(get(d, 1, T0) == 0);
    assert_true(get(d, 2, T0) > 700);
    assert_true(add(d, 1, 1, T0) == 1);
    for (i = 0; i < 17; i++) {
        add(d, 1, i, T0);
    }
    assert_int_equal(stats_of(d).used, 2);
    assert_int_equal(stats_of(d).crowded, 0);
    xfsm_distinct_reset(d);
    assert_int_equal(stats_of(d).used, 0);
    assert_int_equal(stats_of(d).n, 0);
    assert_true(get(d, 1, T0) == 0);
    assert_true(get(d, 2, T0) == 0);
    for (i = 0; i < 17; i++) {
        assert_true(add(d, 2, i, T0) >= (double) i + 1);
        add(d, 1, i, T0);
    }
    assert_int_equal(stats_of(d).used, 2);
    xfsm_distinct_destroy(d);
}

/* A key that is forgotten, but still there, does not free the sketch that it
 * once had. */
static void
test_stale(void **state)
{
    struct xfsm_distinct *d = create(16, 1, WINDOW);
    uint64_t i;

    (void) state;
    for (i = 0; i < 17; i++) {
        add(d, 1, i, T0);
    }
    for (i = 0; i < 17; i++) {
        add(d, 2, i, T0 + 2 * WINDOW);
    }
    assert_int_equal(stats_of(d).crowded, 0);
    assert_int_equal(stats_of(d).used, 1);
    assert_true(reset_key(d, 1));
    assert_int_equal(stats_of(d).used, 1);
    assert_true(reset_key(d, 2));
    assert_int_equal(stats_of(d).used, 0);
    xfsm_distinct_destroy(d);
}

/* Keys come and go at random, in too small a table with too few sketches: no
 * sketch serves two keys, and none is lost. */
static void
test_crowd(void **state)
{
    struct xfsm_distinct *d = create(16, 8, WINDOW);
    uint64_t random = 9;
    uint64_t now = T0;
    int i;

    (void) state;
    for (i = 0; i < 20000; i++) {
        uint64_t key = random_below(&random, 40);
        uint64_t n = 1 + random_below(&random, 60);
        double before = get(d, key, now);
        uint64_t j;

        for (j = 0; j < n; j++) {
            uint64_t element = key << 32 | random_below(&random, 100);
            double estimate = add(d, key, element, now);

            assert_true(estimate >= 1 && estimate < 400);
        }
        assert_true(get(d, key, now) >= before);
        assert_true(stats_of(d).used <= 8);
        if (!random_below(&random, 50)) {
            reset_key(d, key);
        }
        if (!random_below(&random, 1000)) {
            xfsm_distinct_reset(d);
            assert_int_equal(stats_of(d).used, 0);
        }
        now += random_below(&random, WINDOW / 10);
    }
    assert_true(stats_of(d).evictions > 1000);
    assert_true(stats_of(d).crowded > 1000);
    assert_true(stats_of(d).promotions > 1000);

    /* All sketches can be had again. */
    xfsm_distinct_reset(d);
    for (i = 0; i < 8 * 17; i++) {
        add(d, 100 + (uint64_t) i / 17, (uint64_t) i, now);
    }
    assert_int_equal(stats_of(d).used, 8);
    xfsm_distinct_destroy(d);
}

/* An evicted key's sketch is free at once. */
static void
test_eviction(void **state)
{
    struct xfsm_distinct *d = create(16, 16, 0);
    uint64_t key, i;

    (void) state;
    for (key = 0; key < 1000; key++) {
        for (i = 0; i < 17; i++) {
            add(d, key, i, T0 + key * SECOND);
        }
    }
    assert_int_equal(stats_of(d).n, 16);
    assert_int_equal(stats_of(d).used, 16);
    assert_int_equal(stats_of(d).evictions, 1000 - 16);
    assert_int_equal(stats_of(d).crowded, 0);
    xfsm_distinct_destroy(d);
}

/* Without windows nothing is forgotten, and time may be anything. */
static void
test_times(void **state)
{
    static const uint64_t times[] = { 0, T0, 1, UINT64_MAX, T0, 0 };
    struct xfsm_distinct *d = create(16, 1, 0);
    int i;

    (void) state;
    for (i = 0; i < 6; i++) {
        assert_true(add(d, 1, (uint64_t) i, times[i]) == i + 1);
        assert_true(get(d, 1, UINT64_MAX) == i + 1);
    }
    xfsm_distinct_destroy(d);

    d = create(16, 1, XFSM_DISTINCT_WINDOW_MIN);
    assert_true(add(d, 1, 1, UINT64_MAX) == 1);
    assert_true(add(d, 1, 2, UINT64_MAX) == 2);
    assert_true(add(d, 1, 3, 0) == 3);
    assert_true(get(d, 1, UINT64_MAX) == 3);
    xfsm_distinct_destroy(d);
}

static bool
sum_keys(const uint64_t *key, unsigned int n, double estimate, void *sum_)
{
    double *sum = sum_;

    assert_int_equal(n, 1);
    *sum += 1000 * (double) *key + estimate;
    return *key != 3;
}

static void
test_foreach(void **state)
{
    struct xfsm_distinct *d = create(16, 1, WINDOW);
    double sum = 0;
    uint64_t i;

    (void) state;
    for (i = 0; i < 10; i++) {
        add(d, 1 + i / 5, i, T0 + i / 5 * WINDOW);
    }
    xfsm_distinct_foreach(d, T0, sum_keys, &sum);
    assert_true(sum == 3010);
    sum = 0;
    xfsm_distinct_foreach(d, T0 + 2 * WINDOW, sum_keys, &sum);
    assert_true(sum == 3005);
    xfsm_distinct_destroy(d);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_match),
        cmocka_unit_test(test_counter),
        cmocka_unit_test(test_few),
        cmocka_unit_test(test_many),
        cmocka_unit_test(test_windows),
        cmocka_unit_test(test_promotion),
        cmocka_unit_test(test_upgrade),
        cmocka_unit_test(test_resets),
        cmocka_unit_test(test_stale),
        cmocka_unit_test(test_crowd),
        cmocka_unit_test(test_eviction),
        cmocka_unit_test(test_times),
        cmocka_unit_test(test_foreach),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
