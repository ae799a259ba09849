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
#include "xfsm/sketch/quantile.h"

#define SECOND UINT64_C(1000000000)
#define T0 (UINT64_C(1700000000) * SECOND)

/* Windows begin at multiples of this, T0 being one. */
#define WINDOW (10 * SECOND)

/* Rounding, of the logarithm and of the table of values. */
#define ROUNDING 1e-9

static struct xfsm_quantile *
create(size_t capacity, double accuracy, unsigned int n_buckets,
       uint64_t window)
{
    struct xfsm_quantile *q = NULL;

    assert_null(xfsm_quantile_create(1, capacity, accuracy, n_buckets,
                                     window, &q));
    assert_non_null(q);
    return q;
}

static uint64_t
hash_of(uint64_t i)
{
    return random_next(&i);
}

static void
add(struct xfsm_quantile *q, uint64_t key, double value, uint64_t now)
{
    xfsm_quantile_prefetch(q, hash_of(key));
    xfsm_quantile_prefetch_slot(q, hash_of(key));
    xfsm_quantile_add(q, hash_of(key), &key, 1, value, now);
}

/* -1 if there is none. */
static double
get(const struct xfsm_quantile *q, uint64_t key, double p, uint64_t now)
{
    double value = -1;
    bool found = xfsm_quantile_get(q, hash_of(key), &key, 1, p, now, &value);

    assert_int_equal(found, value != -1);
    return value;
}

static uint64_t
count(const struct xfsm_quantile *q, uint64_t key, uint64_t now,
      uint64_t *low)
{
    return xfsm_quantile_count(q, hash_of(key), &key, 1, now, low);
}

static struct xfsm_keytable_stats
stats_of(const struct xfsm_quantile *q)
{
    struct xfsm_keytable_stats stats;

    xfsm_quantile_get_stats(q, &stats);
    return stats;
}

static void
assert_near(double value, double truth, double accuracy)
{
    if (!(fabs(value - truth) <= (accuracy + ROUNDING) * truth)) {
        fail_msg("%.17g is not within %g of %.17g", value, accuracy, truth);
    }
}

static void
refuse(size_t capacity, double accuracy, unsigned int n_buckets,
       const char *expected)
{
    struct xfsm_quantile *q = NULL;
    char *error = xfsm_quantile_create(1, capacity, accuracy, n_buckets, 0,
                                       &q);

    assert_non_null(error);
    assert_string_equal(error, expected);
    assert_null(q);
    free(error);
}

static void
test_limits(void **state)
{
    static const double accuracies[] = {
        XFSM_QUANTILE_ACCURACY_MIN, XFSM_QUANTILE_ACCURACY_MAX
    };
    size_t i;

    (void) state;
    refuse(8, .00499, 64, "the accuracy of a quantile is 0.005 to 0.1, not "
           "0.00499");
    refuse(8, .101, 64, "the accuracy of a quantile is 0.005 to 0.1, not "
           "0.101");
    refuse(8, NAN, 64, "the accuracy of a quantile is 0.005 to 0.1, not nan");
    refuse(8, .02, 8, "a quantile has 16 to 256 buckets, a power of two, not "
           "8");
    refuse(8, .02, 512, "a quantile has 16 to 256 buckets, a power of two, "
           "not 512");
    refuse(8, .02, 100, "a quantile has 16 to 256 buckets, a power of two, "
           "not 100");
    refuse(0, .02, 64, "a key table has 1 to 67108864 slots, not 0");

    for (i = 0; i < 2; i++) {
        struct xfsm_quantile *q = create(1, accuracies[i],
                                         (i ? XFSM_QUANTILE_BUCKETS_MIN
                                          : XFSM_QUANTILE_BUCKETS_MAX), 1);

        assert_true(get(q, 1, .5, T0) == -1);
        add(q, 1, 7, UINT64_MAX);
        assert_near(get(q, 1, .5, UINT64_MAX), 7, accuracies[i]);
        xfsm_quantile_destroy(q);
    }
    xfsm_quantile_destroy(NULL);
}

/* Every value that has a bucket is found within the accuracy, those at the
 * ends of the range too. */
static void
test_accuracy(void **state)
{
    static const double accuracies[] = { .005, .02, .1 };
    static const double edges[] = {
        0x1p-32, 0x1.0000000000001p-32, 1, 0x1.fffffffffffffp-1,
        0x1.0000000000001p0, 0x1p63, 0x1.fffffffffffffp63
    };
    uint64_t random = 3;
    size_t a;

    (void) state;
    for (a = 0; a < 3; a++) {
        struct xfsm_quantile *q = create(16, accuracies[a], 16, 0);
        int i;

        for (i = 0; i < 100000; i++) {
            double value = ldexp(1 + (double) random_below(&random, 1 << 30)
                                     * 0x1p-30,
                                 (int) random_below(&random, 96) - 32);

            value = i < 7 ? edges[i] : value;
            xfsm_quantile_reset(q);
            add(q, 1, value, T0);
            assert_near(get(q, 1, .3, T0), value, accuracies[a]);
        }
        xfsm_quantile_destroy(q);
    }
}

static int
compare_doubles(const void *a_, const void *b_)
{
    const double *a = a_;
    const double *b = b_;

    return (*a > *b) - (*a < *b);
}

enum { MAX_VALUES = 20000 };

/* Checks every answer about 'key' against 'values', which it sorts: within
 * 'accuracy' where the span reaches, else the low end of the span. */
static void
check_all(const struct xfsm_quantile *q, uint64_t key, uint64_t now,
          double *values, size_t n, double factor)
{
    static const double ps[] = {
        0, .001, .01, .05, .1, .25, .5, .75, .9, .95, .99, .999, 1
    };
    double low;
    size_t i;

    qsort(values, n, sizeof *values, compare_doubles);
    low = n ? values[n - 1] / factor : 0;
    assert_int_equal(count(q, key, now, NULL), n);
    for (i = 0; i < sizeof ps / sizeof *ps; i++) {
        double truth = n ? values[(size_t) (ps[i] * (double) (n - 1))] : -1;
        double value = get(q, key, ps[i], now);

        if (!n || truth == 0) {
            assert_true(value == truth);
        } else if (truth > low) {
            assert_near(value, truth, .02);
        } else {
            assert_near(value, low, .07);
        }
    }
}

static double
draw_value(uint64_t *random, int kind)
{
    double x = (double) (random_next(random) >> 11) * 0x1p-53;

    switch (kind) {
    case 0:
        return 40 + floor(x * 1460);            /* Packet lengths. */
    case 1:
        return exp(4 * x) - 1;
    case 2:
        return 1 / (1.0001 - x);                /* A long tail. */
    default:
        return random_below(random, 3) ? pow(10, 18 * x - 8) : 0;
    }
}

/* Several distributions and numbers of buckets, by the exact quantiles. */
static void
test_quantiles(void **state)
{
    static const unsigned int buckets[] = { 16, 64, 128, 256 };
    static const size_t numbers[] = { 1, 2, 10, 1000, MAX_VALUES };
    double *values = malloc(MAX_VALUES * sizeof *values);
    uint64_t random = 5;
    int b, kind, m;

    (void) state;
    assert_non_null(values);
    for (b = 0; b < 4; b++) {
        struct xfsm_quantile *q = create(100, .02, buckets[b], 0);
        double factor = exp2((buckets[b] - 1) / 17.5);

        for (kind = 0; kind < 4; kind++) {
            for (m = 0; m < 5; m++) {
                uint64_t key = (uint64_t) (kind * 5 + m);
                size_t i;

                for (i = 0; i < numbers[m]; i++) {
                    values[i] = draw_value(&random, kind);
                    add(q, key, values[i], T0);
                }
                check_all(q, key, T0, values, numbers[m], factor);
            }
        }
        xfsm_quantile_destroy(q);
    }
    free(values);
}

/* Values of two windows count, with pauses and late timestamps. */
static void
test_windows(void **state)
{
    struct xfsm_quantile *q = create(16, .02, 256, WINDOW);
    double *values = malloc(2 * MAX_VALUES * sizeof *values);
    double *both = malloc(2 * MAX_VALUES * sizeof *values);
    size_t n_last = 0;
    size_t n = 0;
    uint64_t window = 0;
    uint64_t random = 6;
    uint64_t now = T0;
    int i;

    (void) state;
    assert_non_null(values);
    assert_non_null(both);
    for (i = 0; i < MAX_VALUES; i++) {
        uint64_t late = random_below(&random, 8)
                        ? 0 : random_below(&random, 3 * WINDOW);
        uint64_t pause = random_below(&random, 500) ? WINDOW / 100
                                                    : 4 * WINDOW;

        now += random_below(&random, pause);
        if ((now - late) / WINDOW > window) {
            bool next = (now - late) / WINDOW == window + 1;

            /* 'values' has those of the last window, then of this one. */
            memmove(values, values + n_last, (n - n_last) * sizeof *values);
            n -= n_last;
            n_last = n = next ? n : 0;
            window = (now - late) / WINDOW;
        }
        values[n] = draw_value(&random, 0) * (double) (1 + window % 5);
        add(q, 9, values[n++], now - late);
        if (!random_below(&random, 50)) {
            memcpy(both, values, n * sizeof *both);
            check_all(q, 9, window * WINDOW, both, n, 1e4);
            memcpy(both, values + n_last, (n - n_last) * sizeof *both);
            check_all(q, 9, (window + 1) * WINDOW, both, n - n_last, 1e4);
            check_all(q, 9, (window + 2) * WINDOW, both, 0, 1e4);
        }
    }
    free(values);
    free(both);
    xfsm_quantile_destroy(q);
}

/* What falls off the low end is counted, once each. */
static void
test_low(void **state)
{
    struct xfsm_quantile *q = create(16, .02, 16, 0);
    uint64_t low;
    double end;
    int i;

    (void) state;
    for (i = 0; i < 100; i++) {
        add(q, 1, 1, T0);
    }
    assert_int_equal(count(q, 1, T0, &low), 100);
    assert_int_equal(low, 0);
    add(q, 1, 1.9, T0);
    assert_int_equal(count(q, 1, T0, &low), 101);
    assert_int_equal(low, 100);
    add(q, 1, 3.6, T0);
    assert_int_equal(count(q, 1, T0, &low), 102);
    assert_int_equal(low, 101);
    add(q, 1, 1, T0);
    assert_int_equal(count(q, 1, T0, &low), 103);
    assert_int_equal(low, 102);
    assert_near(get(q, 1, 1, T0), 3.6, .02);
    end = get(q, 1, .5, T0);
    assert_near(end, 3.6 / exp2(15 / 17.5), .07);
    for (i = 0; i < 200; i++) {
        add(q, 1, 1, T0);
        assert_true(get(q, 1, .5, T0) == end);
    }
    add(q, 1, 1e9, T0);
    assert_int_equal(count(q, 1, T0, &low), 304);
    assert_int_equal(low, 303);
    xfsm_quantile_destroy(q);
}

static void
test_strange(void **state)
{
    struct xfsm_quantile *q = create(16, .02, 256, 0);

    (void) state;
    add(q, 1, NAN, T0);
    assert_int_equal(count(q, 1, T0, NULL), 0);
    assert_true(get(q, 1, .5, T0) == -1);
    add(q, 1, 0, T0);
    add(q, 1, -5, T0);
    add(q, 1, -INFINITY, T0);
    add(q, 1, DBL_MIN, T0);
    add(q, 1, 0x1.fffffffffffffp-33, T0);
    assert_true(get(q, 1, 1, T0) == 0);
    add(q, 1, INFINITY, T0);
    assert_near(get(q, 1, 1, T0), 0x1p64, .02);
    assert_near(get(q, 1, 2, T0), 0x1p64, .02);
    assert_near(get(q, 1, INFINITY, T0), 0x1p64, .02);
    assert_true(get(q, 1, -1, T0) == 0);
    assert_true(get(q, 1, NAN, T0) == 0);
    add(q, 1, DBL_MAX, T0);
    assert_near(get(q, 1, 1, T0), 0x1p64, .02);
    assert_int_equal(count(q, 1, UINT64_MAX, NULL), 7);
    xfsm_quantile_destroy(q);
}

/* One sketch of everything, under the key of no words. */
static void
test_global(void **state)
{
    struct xfsm_quantile *q = create(1, .02, 256, 0);
    double value = 0;
    int i;

    (void) state;
    for (i = 1; i <= 10000; i++) {
        xfsm_quantile_add(q, 0, NULL, 0, i, T0);
    }
    assert_true(xfsm_quantile_get(q, 0, NULL, 0, .99, T0, &value));
    assert_near(value, 9900, .02);
    xfsm_quantile_destroy(q);
}

static void
test_resets(void **state)
{
    struct xfsm_quantile *q = create(16, .02, 64, WINDOW);
    uint64_t key = 1;
    uint64_t i;

    (void) state;
    assert_false(xfsm_quantile_reset_key(q, hash_of(1), &key, 1));
    add(q, 1, 5, T0);
    add(q, 2, 5, T0);
    assert_true(xfsm_quantile_reset_key(q, hash_of(1), &key, 1));
    assert_true(get(q, 1, .5, T0) == -1);
    assert_near(get(q, 2, .5, T0), 5, .02);
    xfsm_quantile_reset(q);
    assert_true(get(q, 2, .5, T0) == -1);
    add(q, 2, 50, T0);
    assert_near(get(q, 2, 0, T0), 50, .02);

    /* Full: evictions are counted, and what remains is right. */
    for (i = 0; i < 1000; i++) {
        add(q, i + 10, (double) i + 1, T0 + i * SECOND / 100);
        assert_near(get(q, i + 10, .5, T0), (double) i + 1, .02);
    }
    assert_int_equal(stats_of(q).n, 16);
    assert_in_range(stats_of(q).evictions, 1000 - 16, 1001 - 16);
    assert_near(get(q, 1009, .5, T0), 1000, .02);
    xfsm_quantile_destroy(q);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_accuracy),
        cmocka_unit_test(test_quantiles),
        cmocka_unit_test(test_windows),
        cmocka_unit_test(test_low),
        cmocka_unit_test(test_strange),
        cmocka_unit_test(test_global),
        cmocka_unit_test(test_resets),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
