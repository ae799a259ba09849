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
#include <float.h>
#include <math.h>

#include "tests/unit/random.h"
#include "xfsm/sketch/ratewindow.h"

#define SECOND UINT64_C(1000000000)
#define T0 (UINT64_C(1700000000) * SECOND)
#define WINDOW (10 * SECOND)

static struct xfsm_ratewindow *
create(size_t capacity, uint64_t window, unsigned int n_parts)
{
    struct xfsm_ratewindow *r = NULL;

    assert_null(xfsm_ratewindow_create(1, capacity, window, n_parts, &r));
    assert_non_null(r);
    return r;
}

static uint64_t
hash_of(uint64_t i)
{
    return random_next(&i);
}

static double
add(struct xfsm_ratewindow *r, uint64_t key, double q, uint64_t now)
{
    xfsm_ratewindow_prefetch(r, hash_of(key));
    xfsm_ratewindow_prefetch_slot(r, hash_of(key));
    return xfsm_ratewindow_add(r, hash_of(key), &key, 1, q, now);
}

static double
get(const struct xfsm_ratewindow *r, uint64_t key, uint64_t now)
{
    return xfsm_ratewindow_get(r, hash_of(key), &key, 1, now);
}

static struct xfsm_keytable_stats
stats_of(const struct xfsm_ratewindow *r)
{
    struct xfsm_keytable_stats stats;

    xfsm_ratewindow_get_stats(r, &stats);
    return stats;
}

static void
refuse(size_t capacity, uint64_t window, unsigned int n_parts,
       const char *expected)
{
    struct xfsm_ratewindow *r = NULL;
    char *error = xfsm_ratewindow_create(1, capacity, window, n_parts, &r);

    assert_non_null(error);
    assert_string_equal(error, expected);
    assert_null(r);
    free(error);
}

static void
test_limits(void **state)
{
    struct xfsm_ratewindow *r;

    (void) state;
    refuse(8, WINDOW, 0, "the window of a rate has 1 to 60 parts, not 0");
    refuse(8, WINDOW, XFSM_RATEWINDOW_PARTS_MAX + 1,
           "the window of a rate has 1 to 60 parts, not 61");
    refuse(8, 4, 5, "the window of a rate is at least as many ns as it has "
           "parts (5), not 4");
    refuse(8, 0, 1, "the window of a rate is at least as many ns as it has "
           "parts (1), not 0");
    refuse(0, WINDOW, 5, "a key table has 1 to 67108864 slots, not 0");

    r = create(1, XFSM_RATEWINDOW_PARTS_MAX, XFSM_RATEWINDOW_PARTS_MAX);
    assert_int_equal(stats_of(r).capacity, 2 * XFSM_KEYTABLE_WAYS);
    assert_true(add(r, 1, 6, UINT64_MAX) > 0);
    assert_true(add(r, 1, 6, 0) > 0);
    xfsm_ratewindow_destroy(r);
    r = create(1, UINT64_MAX, 1);
    assert_true(add(r, 1, 1, UINT64_MAX) > 0);
    xfsm_ratewindow_destroy(r);
    xfsm_ratewindow_destroy(NULL);
}

/* A steady stream reads its rate, wherever in a part it is asked. */
static void
test_steady(void **state)
{
    static const unsigned int parts[] = { 1, 5, 10, 60 };
    size_t p;

    (void) state;
    for (p = 0; p < 4; p++) {
        struct xfsm_ratewindow *r = create(16, 60 * SECOND, parts[p]);
        uint64_t i;

        for (i = 0; i < 200 * 1000; i++) {
            double rate = add(r, 7, 1, T0 + i * SECOND / 1000);

            if (i > 120 * 1000) {
                assert_true(fabs(rate - 1000) < .1);
            }
        }
        xfsm_ratewindow_destroy(r);
    }
}

/* The oracle: every addition of every key. */
enum { KEYS = 20, ADDITIONS = 20000 };
static struct { uint64_t key; uint64_t time; double q; } all[ADDITIONS];

/* The sum for 'key' of what came after 'from', of the first 'n'. */
static double
sum_after(uint64_t key, uint64_t from, int n)
{
    double sum = 0;

    while (n && all[n - 1].time > from) {
        n--;
        sum += all[n].key == key ? all[n].q : 0;
    }
    return sum;
}

/* Between the sums of a window that has one part less at its old end and one
 * that has one part more, and the right mix of two that begin with whole
 * parts. */
static void
check_exact(unsigned int n_parts, bool pauses)
{
    struct xfsm_ratewindow *r = create(100, WINDOW, n_parts);
    uint64_t part = WINDOW / n_parts;
    double seconds = (double) (part * n_parts) / 1e9;
    uint64_t random = n_parts;
    uint64_t now = T0;
    int i;

    for (i = 0; i < ADDITIONS; i++) {
        uint64_t key = random_below(&random, KEYS);
        double q = (double) random_below(&random, 1500);
        uint64_t late = random_below(&random, 8)
                        ? 0 : random_below(&random, 3 * WINDOW);
        uint64_t start, from;
        double oldest, passed, sum, whole;

        now += (pauses
                ? random_next(&random) >> (30 + random_below(&random, 34))
                : random_below(&random, SECOND / 10));

        /* What is late counts as the start of the latest part. */
        start = i ? all[i - 1].time / part * part : 0;
        all[i].key = key;
        all[i].q = q;
        all[i].time = now - late > start ? now - late : start;
        sum = add(r, key, q, now - late) * seconds;
        if (i && all[i].time < all[i - 1].time) {
            /* Time within a part may go back, but not in the oracle. */
            all[i].time = all[i - 1].time;
            continue;
        }
        start = all[i].time / part * part;
        passed = (double) (all[i].time - start) / (double) part;
        from = start - part * n_parts;
        whole = sum_after(key, from + part - 1, i + 1);
        oldest = sum_after(key, from - 1, i + 1) - whole;
        assert_true(fabs(sum - (whole + oldest * (1 - passed))) < 1e-6);

        /* Against the true sliding window: less than the oldest part off. */
        assert_true(fabs(sum - sum_after(key, all[i].time - part * n_parts,
                                         i + 1)) <= oldest + 1e-6);
        assert_true(fabs(get(r, key, all[i].time) * seconds - sum) < 1e-6);
    }

    /* And later, as time passes without anything. */
    for (i = 0; i < 200; i++) {
        uint64_t then = now + (uint64_t) i * WINDOW / 100;
        uint64_t start = then / part * part;
        uint64_t from = start - part * n_parts;
        double whole = sum_after(3, from + part - 1, ADDITIONS);
        double oldest = sum_after(3, from - 1, ADDITIONS) - whole;
        double passed = (double) (then - start) / (double) part;

        assert_true(fabs(get(r, 3, then) * seconds
                         - (whole + oldest * (1 - passed))) < 1e-6);
    }
    assert_true(get(r, 3, now + 3 * WINDOW) == 0);
    assert_true(get(r, 3, UINT64_MAX) == 0);
    xfsm_ratewindow_destroy(r);
}

static void
test_exact(void **state)
{
    (void) state;
    check_exact(1, false);
    check_exact(5, false);
    check_exact(5, true);
    check_exact(7, false);
    check_exact(60, true);
}

static void
test_strange(void **state)
{
    static const double amounts[] = { 0, -1, -INFINITY, INFINITY, NAN };
    struct xfsm_ratewindow *r = create(16, WINDOW, 5);
    size_t i;

    (void) state;
    assert_true(get(r, 4, T0) == 0);
    assert_true(add(r, 4, 10, T0) == 1);
    for (i = 0; i < sizeof amounts / sizeof *amounts; i++) {
        assert_true(add(r, 4, amounts[i], T0) == 1);
    }
    assert_true(add(r, 4, DBL_MAX, T0) == 1e299);
    assert_true(add(r, 4, DBL_MAX, T0) == 1e299);
    xfsm_ratewindow_destroy(r);
}

static void
test_resets(void **state)
{
    struct xfsm_ratewindow *r = create(100, WINDOW, 5);
    uint64_t key = 1;
    uint64_t i;

    (void) state;
    assert_false(xfsm_ratewindow_reset_key(r, hash_of(1), &key, 1));
    for (i = 0; i < 50; i++) {
        add(r, i, 10, T0);
    }
    assert_true(xfsm_ratewindow_reset_key(r, hash_of(1), &key, 1));
    assert_true(get(r, 1, T0) == 0);
    assert_true(get(r, 2, T0) == 1);
    assert_int_equal(stats_of(r).n, 49);
    xfsm_ratewindow_reset(r);
    assert_true(get(r, 2, T0) == 0);
    assert_true(add(r, 2, 20, T0) == 2);
    assert_int_equal(stats_of(r).n, 1);
    xfsm_ratewindow_destroy(r);
}

/* Full: the longest untouched goes, the others stay exact. */
static void
test_full(void **state)
{
    struct xfsm_ratewindow *r = create(16, 100 * SECOND, 5);
    uint64_t i;

    (void) state;
    for (i = 0; i < 1000; i++) {
        assert_true(add(r, i, 100, T0 + i * SECOND / 100) == 1);
    }
    assert_int_equal(stats_of(r).n, 16);
    assert_int_equal(stats_of(r).evictions, 1000 - 16);
    assert_true(get(r, 999, T0 + 10 * SECOND) == 1);
    assert_true(get(r, 1, T0 + 10 * SECOND) == 0);
    xfsm_ratewindow_destroy(r);
}

static bool
sum_keys(const uint64_t *key, unsigned int n, double rate, void *sum_)
{
    double *sum = sum_;

    assert_int_equal(n, 1);
    *sum += 1000 * (double) *key + rate;
    return *sum < 2000;
}

static void
test_foreach(void **state)
{
    struct xfsm_ratewindow *r = create(16, WINDOW, 5);
    double sum = 0;

    (void) state;
    add(r, 1, 10, T0);
    add(r, 2, 20, T0);
    xfsm_ratewindow_foreach(r, T0, sum_keys, &sum);
    assert_true(sum == 3003 || sum == 2002);
    sum = -1000;
    xfsm_ratewindow_foreach(r, T0 + 2 * WINDOW, sum_keys, &sum);
    assert_true(sum == 2000);
    xfsm_ratewindow_destroy(r);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_steady),
        cmocka_unit_test(test_exact),
        cmocka_unit_test(test_strange),
        cmocka_unit_test(test_resets),
        cmocka_unit_test(test_full),
        cmocka_unit_test(test_foreach),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
