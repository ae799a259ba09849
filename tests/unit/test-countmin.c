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
#include "tests/unit/zipf.h"
#include "xfsm/sketch/countmin.h"

#define SECOND UINT64_C(1000000000)
#define T0 (UINT64_C(1700000000) * SECOND)

/* Windows begin at multiples of this, T0 being one. */
#define WINDOW (10 * SECOND)

static struct xfsm_countmin *
create(unsigned int size, uint64_t window)
{
    struct xfsm_countmin *c = NULL;

    assert_null(xfsm_countmin_create(size, window, &c));
    assert_non_null(c);
    return c;
}

static uint64_t
hash_of(uint64_t i)
{
    return random_next(&i);
}

static void
refuse(unsigned int size, const char *expected)
{
    struct xfsm_countmin *c = NULL;
    char *error = xfsm_countmin_create(size, 0, &c);

    assert_non_null(error);
    assert_string_equal(error, expected);
    assert_null(c);
    free(error);
}

static void
test_limits(void **state)
{
    struct xfsm_countmin *c;

    (void) state;
    refuse(XFSM_COUNTMIN_SIZE_MIN - 1, "the size of a count-min sketch is 4 "
           "to 26 (log2 of cells), not 3");
    refuse(XFSM_COUNTMIN_SIZE_MAX + 1, "the size of a count-min sketch is 4 "
           "to 26 (log2 of cells), not 27");

    c = create(XFSM_COUNTMIN_SIZE_MIN, 1);
    assert_in_range(xfsm_countmin_bytes(c), 4 * 64, 4 * 64 + 256);
    assert_int_equal(xfsm_countmin_cells(c), 6);
    xfsm_countmin_destroy(c);
    c = create(XFSM_COUNTMIN_SIZE_MAX, 0);
    assert_in_range(xfsm_countmin_bytes(c), (UINT64_C(64) << 26) / 7,
                    (UINT64_C(64) << 26) / 7 + 512);
    assert_in_range(xfsm_countmin_cells(c), 1 << 25, (1 << 25) + 7);
    assert_true(xfsm_countmin_add(c, UINT64_MAX, 1, T0) == 1);
    assert_true(xfsm_countmin_add(c, 0, 1, T0) == 1);
    xfsm_countmin_destroy(c);
    xfsm_countmin_destroy(NULL);
}

/* What a run measures: of what is too much, in units of N/w, the mean, and
 * the share of keys with more than 10. */
struct excess {
    double mean;
    double share;
};

/* Adds 'n' ones for 'n_keys' keys in the course of two windows, drawn by
 * Zipf's law of exponent 's'. */
static struct excess
check_error(unsigned int size, uint64_t window, uint64_t n_keys, double s,
            uint64_t n)
{
    struct xfsm_countmin *c = create(size, window);
    double *truth = calloc(n_keys, sizeof *truth);
    struct excess excess = { 0, 0 };
    uint64_t random = n_keys;
    double unit = (double) n / (double) xfsm_countmin_cells(c);
    uint64_t now = T0;
    struct zipf zipf;
    uint64_t i;

    assert_non_null(truth);
    assert_true(zipf_init(&zipf, n_keys, s));
    for (i = 0; i < n; i++) {
        uint64_t key = zipf_draw(&zipf, &random);

        now = T0 + 2 * i / n * WINDOW;
        truth[key]++;
        xfsm_countmin_prefetch(c, hash_of(key));
        assert_true(xfsm_countmin_add(c, hash_of(key), 1, now)
                    >= truth[key]);
    }
    for (i = 0; i < n_keys; i++) {
        double value = xfsm_countmin_get(c, hash_of(i), now);

        assert_true(value >= truth[i]);
        excess.mean += (value - truth[i]) / unit / (double) n_keys;
        excess.share += (value - truth[i] > 10 * unit) / (double) n_keys;
    }
    free(zipf.sums);
    free(truth);
    xfsm_countmin_destroy(c);
    return excess;
}

static void
check_excess(struct excess excess, double mean, double share)
{
    if (excess.mean > mean || excess.share > share) {
        fail_msg("mean %g (at most %g), share %g (at most %g)", excess.mean,
                 mean, excess.share, share);
    }
}

/* The bounds of the header: what it proves, and what it says was measured
 * with as many keys as a row has cells. */
static void
test_error(void **state)
{
    uint64_t cells = (UINT64_C(1) << 16) * 3 / 14;

    (void) state;
    check_excess(check_error(16, WINDOW, cells, 0, 30 * cells), .16, 0);
    check_excess(check_error(16, WINDOW, cells, 1, 30 * cells), .08, .0001);
    check_excess(check_error(16, WINDOW, cells, 1.3, 30 * cells), .05, .001);
    check_excess(check_error(16, 0, 1 << 15, 1, 30 << 15), .1, .0005);
    check_excess(check_error(12, WINDOW, 10 * cells, 1, 30 * cells), 1, .01);
    check_excess(check_error(12, 0, 10 * cells, 0, 30 * cells), 1, .01);
}

/* The oracle of one key: its sums by window. */
struct exact {
    uint64_t window;
    double this;
    double last;
};

static void
exact_rotate(struct exact *exact, uint64_t window)
{
    if (window > exact->window) {
        exact->last = window == exact->window + 1 ? exact->this : 0;
        exact->this = 0;
        exact->window = window;
    }
}

/* Alone in the sketch, a key is exact, with pauses of any length and late
 * timestamps; also after resets, and looked at from later. */
static void
test_one_key(void **state)
{
    struct xfsm_countmin *c = create(20, WINDOW);
    struct exact exact = { 0, 0, 0 };
    uint64_t random = 3;
    uint64_t now = T0;
    int i;

    (void) state;
    for (i = 0; i < 300000; i++) {
        double q = (double) random_below(&random, 1500);
        uint64_t late = random_below(&random, 8)
                        ? 0 : random_below(&random, 3 * WINDOW);
        struct exact later;

        now += random_next(&random) >> (30 + random_below(&random, 34));
        exact_rotate(&exact, (now - late) / WINDOW);
        exact.this += q;
        assert_true(xfsm_countmin_add(c, 99, q, now - late)
                    == exact.this + exact.last);
        assert_true(xfsm_countmin_get(c, 99, 0) == exact.this + exact.last);
        later = exact;
        exact_rotate(&later, now / WINDOW + 1);
        assert_true(xfsm_countmin_get(c, 99, now + WINDOW)
                    == later.this + later.last);
        if (!random_below(&random, 1000)) {
            xfsm_countmin_reset(c);
            exact.this = exact.last = 0;
        } else if (!random_below(&random, 1000)) {
            xfsm_countmin_reset_key(c, 99);
            exact.this = exact.last = 0;
        }
        assert_true(xfsm_countmin_get(c, 99, 0) == exact.this + exact.last);
    }
    xfsm_countmin_destroy(c);
}

/* The smallest sketch with far too many keys: never below the truth. */
static void
test_full(void **state)
{
    enum { KEYS = 500 };
    static struct exact exact[KEYS];
    struct xfsm_countmin *c = create(XFSM_COUNTMIN_SIZE_MIN, WINDOW);
    uint64_t random = 8;
    uint64_t now = T0;
    int i;

    (void) state;
    memset(exact, 0, sizeof exact);
    for (i = 0; i < 300000; i++) {
        uint64_t key = random_below(&random, KEYS);
        double q = (double) random_below(&random, 100) / 8;

        now += random_below(&random, WINDOW / 100);
        exact_rotate(&exact[key], now / WINDOW);
        exact[key].this += q;
        assert_true(xfsm_countmin_add(c, hash_of(key), q, now)
                    >= exact[key].this + exact[key].last);
        key = random_below(&random, KEYS);
        exact_rotate(&exact[key], now / WINDOW);
        assert_true(xfsm_countmin_get(c, hash_of(key), now)
                    >= exact[key].this + exact[key].last);
    }
    xfsm_countmin_destroy(c);
}

static void
test_strange(void **state)
{
    static const double amounts[] = { 0, -1, -INFINITY, INFINITY, NAN };
    struct xfsm_countmin *c = create(10, 0);
    size_t i;

    (void) state;
    xfsm_countmin_add(c, 4, 10, T0);
    for (i = 0; i < sizeof amounts / sizeof *amounts; i++) {
        assert_true(xfsm_countmin_add(c, 4, amounts[i], T0) == 10);
    }
    assert_true(xfsm_countmin_add(c, 4, 1, UINT64_MAX) == 11);
    assert_true(xfsm_countmin_add(c, 4, DBL_MAX, 0) == 1e300);
    assert_true(xfsm_countmin_add(c, 4, DBL_MAX, 0) == 1e300);
    xfsm_countmin_reset(c);
    assert_true(xfsm_countmin_get(c, 4, UINT64_MAX) == 0);
    xfsm_countmin_destroy(c);

    /* The narrowest windows, and the last one there is. */
    c = create(10, 1);
    assert_true(xfsm_countmin_add(c, 4, 1, UINT64_MAX - 1) == 1);
    assert_true(xfsm_countmin_add(c, 4, 1, UINT64_MAX) == 2);
    assert_true(xfsm_countmin_add(c, 4, 1, 0) == 3);
    xfsm_countmin_destroy(c);
}

static void
test_resets(void **state)
{
    static const uint64_t windows[] = { 0, WINDOW };
    int w;

    (void) state;
    for (w = 0; w < 2; w++) {
        struct xfsm_countmin *c = create(16, windows[w]);
        uint64_t i;

        for (i = 0; i < 1000; i++) {
            xfsm_countmin_add(c, hash_of(i), 5, T0);
        }
        xfsm_countmin_reset_key(c, hash_of(1));
        assert_true(xfsm_countmin_get(c, hash_of(1), T0) == 0);
        assert_true(xfsm_countmin_get(c, hash_of(2), T0) == 5);
        xfsm_countmin_reset(c);
        for (i = 0; i < 1000; i++) {
            assert_true(xfsm_countmin_get(c, hash_of(i), T0) == 0);
        }
        assert_true(xfsm_countmin_add(c, hash_of(1), 2, T0) == 2);
        xfsm_countmin_destroy(c);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_error),
        cmocka_unit_test(test_one_key),
        cmocka_unit_test(test_full),
        cmocka_unit_test(test_strange),
        cmocka_unit_test(test_resets),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
