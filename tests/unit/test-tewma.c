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
#include "xfsm/sketch/decay.h"
#include "xfsm/sketch/tewma.h"

#define SECOND UINT64_C(1000000000)
#define T0 (UINT64_C(1700000000) * SECOND)

/* Rounding, after any number of operations in these tests. */
#define ROUNDING 1e-9

static struct xfsm_tewma *
create(unsigned int size, double window)
{
    struct xfsm_tewma *t = NULL;

    assert_null(xfsm_tewma_create(size, window, &t));
    assert_non_null(t);
    return t;
}

static uint64_t
key_hash(uint64_t i)
{
    return random_next(&i);
}

static void
assert_near(double value, double expected, double relative)
{
    if (!(fabs(value - expected) <= relative * fabs(expected))) {
        fail_msg("%.17g is not %.17g", value, expected);
    }
}

static void
refuse(unsigned int size, double window, const char *expected)
{
    struct xfsm_tewma *t = NULL;
    char *error = xfsm_tewma_create(size, window, &t);

    assert_non_null(error);
    assert_string_equal(error, expected);
    assert_null(t);
    free(error);
}

static void
test_limits(void **state)
{
    static const double windows[] = { DBL_MIN, 1e-9, 1, 1e9, DBL_MAX };
    struct xfsm_tewma *t;
    size_t i;

    (void) state;
    refuse(XFSM_TEWMA_SIZE_MIN - 1, 60,
           "the size of a rate sketch is 3 to 26 (log2 of cells), not 2");
    refuse(XFSM_TEWMA_SIZE_MAX + 1, 60,
           "the size of a rate sketch is 3 to 26 (log2 of cells), not 27");
    refuse(20, 0, "the window of a rate sketch is a positive number of "
           "seconds, not 0");
    refuse(20, -1, "the window of a rate sketch is a positive number of "
           "seconds, not -1");
    refuse(20, INFINITY, "the window of a rate sketch is a positive number "
           "of seconds, not inf");
    refuse(20, NAN, "the window of a rate sketch is a positive number of "
           "seconds, not nan");

    t = create(XFSM_TEWMA_SIZE_MIN, 60);
    assert_in_range(xfsm_tewma_bytes(t), 2 * 68, 2 * 68 + 256);
    xfsm_tewma_destroy(t);
    t = create(XFSM_TEWMA_SIZE_MAX, 60);
    assert_in_range(xfsm_tewma_bytes(t), (UINT64_C(68) << 26) / 7,
                    (UINT64_C(68) << 26) / 7 + 256);
    assert_true(xfsm_tewma_add(t, UINT64_MAX, 1, T0) > 0);
    xfsm_tewma_destroy(t);
    for (i = 0; i < sizeof windows / sizeof *windows; i++) {
        t = create(10, windows[i]);
        assert_true(xfsm_tewma_add(t, 5, 1, T0) > 0);
        assert_true(xfsm_tewma_add(t, 5, 1, UINT64_MAX) > 0);
        xfsm_tewma_reset(t);
        assert_true(xfsm_tewma_get(t, 5, UINT64_MAX) == 0);
        xfsm_tewma_destroy(t);
    }
    xfsm_tewma_destroy(NULL);
}

static void
test_decay(void **state)
{
    uint64_t random = 1;
    double worst = 0;
    int i;

    (void) state;
    assert_true(xfsm_decay(0) == 1);
    assert_true(xfsm_decay(1) == 0.5);
    assert_true(xfsm_decay(999) == ldexp(1, -999));
    assert_true(xfsm_decay(XFSM_DECAY_END) == 0);
    assert_true(xfsm_decay(INFINITY) == 0);
    for (i = 0; i < 1000000; i++) {
        double range = ldexp(1, (int) random_below(&random, 50) - 40);
        double y = range * (double) random_below(&random, 1000000) / 1e6;
        double expected = (double) exp2l(-(long double) y);

        if (y < XFSM_DECAY_END) {
            worst = fmax(worst, fabs(xfsm_decay(y) / expected - 1));
        }
    }
    assert_true(worst < 1e-14);
    for (i = 0; i < 64 * 999; i++) {
        double y = i / 64.0;
        double below = nextafter(y, 0);

        assert_near(xfsm_decay(y), exp2(-y), 1e-14);
        assert_near(xfsm_decay(below), exp2(-below), 1e-14);
    }
}

static double
beta_of(double window)
{
    return window > 6 ? 1 - 2 / (window / 6 + 1) : exp(-1 / window);
}

/* The formula, for both kinds of window. */
static void
test_formula(void **state)
{
    static const double windows[] = { 0.5, 1, 3, 6, 6.5, 7, 60, 3600, 1e6 };
    size_t i;

    (void) state;
    for (i = 0; i < sizeof windows / sizeof *windows; i++) {
        struct xfsm_tewma *t = create(10, windows[i]);
        double beta = beta_of(windows[i]);
        double first = 5 * -log(beta);

        assert_near(xfsm_tewma_add(t, 77, 5, T0), first, ROUNDING);
        assert_near(xfsm_tewma_get(t, 77, T0), first, ROUNDING);
        assert_near(xfsm_tewma_get(t, 77, T0 + SECOND), first * beta,
                    ROUNDING);
        assert_near(xfsm_tewma_get(t, 77, T0 + SECOND / 4),
                    first * pow(beta, 0.25), ROUNDING);
        assert_near(xfsm_tewma_add(t, 77, 2, T0 + 3 * SECOND),
                    first * pow(beta, 3) - 2 * log(beta), ROUNDING);
        xfsm_tewma_destroy(t);
    }

    /* Just above 6 the first form is 0 in floating point. */
    {
        struct xfsm_tewma *t = create(10, nextafter(6, 7));

        assert_near(xfsm_tewma_add(t, 1, 6, T0), 1, ROUNDING);
        xfsm_tewma_destroy(t);
    }
}

static void
check_steady(double window, uint64_t rate, uint64_t seconds)
{
    struct xfsm_tewma *t = create(10, window);
    uint64_t step = SECOND / rate;
    uint64_t i;

    for (i = 0; i < rate * seconds; i++) {
        xfsm_tewma_add(t, 123, 1, T0 + i * step);
    }
    assert_near(xfsm_tewma_get(t, 123, T0 + i * step - step / 2),
                (double) rate, 0.01);
    xfsm_tewma_destroy(t);
}

/* A regular stream reads its rate, halfway between two events. */
static void
test_steady_rates(void **state)
{
    (void) state;
    check_steady(60, 1, 60);
    check_steady(60, 1000, 60);
    check_steady(60, 1000000, 25);
    check_steady(5, 10, 60);
    check_steady(1, 1000, 10);
}

/* Keys of a test, with their exact sums. */
struct exact {
    long double sum;
    uint64_t time;
};

static long double
exact_get(const struct exact *exact, double beta, uint64_t now)
{
    long double dt = now > exact->time ? now - exact->time : 0;

    return exact->sum * powl(beta, dt / SECOND);
}

static void
exact_add(struct exact *exact, double beta, double q, uint64_t now)
{
    exact->sum = exact_get(exact, beta, now) - q * logl(beta);
    exact->time = now > exact->time ? now : exact->time;
}

/* One key is exact, with late timestamps and pauses of any length. */
static void
test_one_key(void **state)
{
    static const double windows[] = { 2, 60, 86400 };
    uint64_t random = 4;
    size_t w;

    (void) state;
    for (w = 0; w < sizeof windows / sizeof *windows; w++) {
        struct xfsm_tewma *t = create(10, windows[w]);
        double beta = beta_of(windows[w]);
        struct exact exact = { 0, 0 };
        uint64_t now = T0;
        int i;

        for (i = 0; i < 100000; i++) {
            double q = (double) random_below(&random, 1500);
            uint64_t late = random_below(&random, 8)
                            ? 0 : random_below(&random, SECOND);

            now += random_next(&random) >> (34 + random_below(&random, 30));
            exact_add(&exact, beta, q, now - late);
            assert_near(xfsm_tewma_add(t, 99, q, now - late),
                        (double) exact_get(&exact, beta, now - late),
                        ROUNDING);
        }
        xfsm_tewma_destroy(t);
    }
}

/* Many keys: never below the truth, and not far above it.  Returns the mean
 * of what is too much, relative to the mean rate; stores in '*share' the
 * part of keys that read more than 1 % too much. */
static double
check_many(unsigned int size, uint64_t n_keys, bool poisson, double *share)
{
    struct xfsm_tewma *t = create(size, 60);
    struct exact *exact = calloc(n_keys, sizeof *exact);
    double beta = beta_of(60);
    double excess = 0;
    double total = 0;
    uint64_t random = n_keys;
    uint64_t now = T0;
    uint64_t above = 0;
    uint64_t i;

    assert_non_null(exact);
    for (i = 0; i < n_keys * 60; i++) {
        uint64_t k = poisson ? random_below(&random, n_keys) : i % n_keys;

        now += SECOND / n_keys;
        exact_add(&exact[k], beta, 1, now);
        xfsm_tewma_add(t, key_hash(k), 1, now);
    }
    for (i = 0; i < n_keys; i++) {
        double truth = (double) exact_get(&exact[i], beta, now);
        double value = xfsm_tewma_get(t, key_hash(i), now);

        assert_true(value >= truth * (1 - ROUNDING));
        above += value > truth * 1.01;
        excess += value - truth;
        total += truth;
    }
    free(exact);
    xfsm_tewma_destroy(t);
    *share = (double) above / (double) n_keys;
    return excess / total;
}

/* The bounds that the header states, with 2^16 / 7 lines. */
static void
test_many_keys(void **state)
{
    const uint64_t lines = 9363;
    double share;

    (void) state;
    assert_true(check_many(16, lines / 4, false, &share) <= 0.01);
    assert_true(share <= 0.015);
    assert_true(check_many(16, lines, false, &share) <= 0.06);
    assert_true(share <= 0.11);
    assert_true(check_many(16, lines, true, &share) <= 0.06);
    assert_true(share <= 0.11);
    assert_true(check_many(16, 4 * lines, true, &share) <= 0.5);
    assert_true(share <= 0.65);
}

/* A comparison with 'limit' comes out the same, and what is above it is
 * exact. */
static void
check_above(struct xfsm_tewma *t, uint64_t hash, uint64_t now,
            double limit)
{
    double value = xfsm_tewma_get(t, hash, now);
    double limits[] = { limit, value, nextafter(value, 0), NAN };

    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
        double above = xfsm_tewma_get_above(t, hash, now, limits[i]);

        assert_true(value > limits[i] ? above == value
                                      : !(above > limits[i]));
    }
}

/* Random reads, writes and resets of few cells: never below the truth. */
static void
test_never_below(void **state)
{
    enum { KEYS = 64 };
    struct xfsm_tewma *t = create(6, 10);
    static struct exact exact[KEYS];
    double beta = beta_of(10);
    uint64_t random = 11;
    uint64_t now = T0;
    int i;

    (void) state;
    for (i = 0; i < 500000; i++) {
        uint64_t k = random_below(&random, KEYS);
        uint64_t late = random_below(&random, 4) ? 0 : SECOND / 3;
        double q = (double) random_below(&random, 1000) / 8;

        now += random_next(&random) >> (34 + random_below(&random, 30));
        if (random_below(&random, 2)) {
            exact_add(&exact[k], beta, q, now - late);
            xfsm_tewma_add(t, key_hash(k), q, now - late);
        }
        assert_true(xfsm_tewma_get(t, key_hash(k), now)
                    >= (double) exact_get(&exact[k], beta, now)
                       * (1 - ROUNDING));
        check_above(t, key_hash(k), now, q);
        if (!random_below(&random, 20000)) {
            uint64_t j;

            xfsm_tewma_reset(t);
            memset(exact, 0, sizeof exact);
            for (j = 0; j < KEYS; j++) {
                assert_true(xfsm_tewma_get(t, key_hash(j), now) == 0);
            }
        }
    }
    xfsm_tewma_destroy(t);
}

static void
test_late(void **state)
{
    struct xfsm_tewma *t = create(10, 60);
    double value;

    (void) state;
    value = xfsm_tewma_add(t, 4, 10, T0);
    assert_true(xfsm_tewma_get(t, 4, T0 - 100 * SECOND) == value);
    assert_true(xfsm_tewma_get(t, 4, 0) == value);
    assert_near(xfsm_tewma_add(t, 4, 10, T0 - 1), 2 * value, ROUNDING);
    assert_near(xfsm_tewma_get(t, 4, T0 + SECOND), 2 * value * beta_of(60),
                ROUNDING);
    xfsm_tewma_destroy(t);
}

static void
test_strange_amounts(void **state)
{
    struct xfsm_tewma *t = create(10, 60);
    double value = xfsm_tewma_add(t, 4, 10, T0);

    (void) state;
    assert_true(xfsm_tewma_add(t, 4, 0, T0) == value);
    assert_true(xfsm_tewma_add(t, 4, -1, T0) == value);
    assert_true(xfsm_tewma_add(t, 4, NAN, T0) == value);
    assert_true(xfsm_tewma_add(t, 4, INFINITY, T0) == value);
    assert_true(xfsm_tewma_add(t, 4, -INFINITY, T0) == value);
    value = xfsm_tewma_add(t, 4, DBL_MAX, T0);
    assert_true(value >= 5e279 && value <= 1e299);
    assert_true(xfsm_tewma_add(t, 4, DBL_MAX, T0) == value);
    assert_true(xfsm_tewma_add(t, 4, 0, UINT64_MAX) == 0);

    /* Nothing subnormal stays in a cell, however slowly it decays. */
    xfsm_tewma_reset(t);
    xfsm_tewma_add(t, 4, 1e-280, T0);
    {
        uint64_t now = T0;
        int i;

        for (i = 0; i < 10000; i++) {
            value = xfsm_tewma_add(t, 4, 0, now += SECOND / 10);
            assert_true(value == 0 || value >= 1e-300);
        }
        assert_true(value == 0);
    }
    xfsm_tewma_destroy(t);
}

static void
test_reset_key(void **state)
{
    struct xfsm_tewma *t = create(20, 60);

    (void) state;
    xfsm_tewma_add(t, key_hash(1), 10, T0);
    xfsm_tewma_add(t, key_hash(2), 10, T0);
    xfsm_tewma_reset_key(t, key_hash(1));
    assert_true(xfsm_tewma_get(t, key_hash(1), T0) == 0);
    assert_true(xfsm_tewma_get(t, key_hash(2), T0) > 0);
    xfsm_tewma_destroy(t);
}

/* A reset forgets, and time goes on at its usual pace after it, however many
 * there were and however long the window is. */
static void
test_reset(void **state)
{
    static const double windows[] = { 1, 60, 1e7, 1e12 };
    size_t w;

    (void) state;
    for (w = 0; w < sizeof windows / sizeof *windows; w++) {
        struct xfsm_tewma *t = create(12, windows[w]);
        double gain = -log1p(-2 / (windows[w] / 6 + 1));
        uint64_t now = T0;
        int i;

        if (windows[w] <= 6) {
            gain = 1 / windows[w];
        }
        for (i = 0; i < 1000; i++) {
            double value;

            now += SECOND;
            xfsm_tewma_add(t, 8, 1, now);
            xfsm_tewma_add(t, 9, 1e200, now);
            xfsm_tewma_reset(t);
            assert_true(xfsm_tewma_get(t, 8, now) == 0);
            assert_true(xfsm_tewma_get(t, 9, now - SECOND) == 0);
            value = xfsm_tewma_add(t, 8, 3, now);
            assert_near(value, 3 * gain, ROUNDING);
            assert_near(xfsm_tewma_get(t, 8, now + SECOND),
                        value * exp(-gain), ROUNDING);
        }
        xfsm_tewma_destroy(t);
    }
}

/* No reset, and no addition, clears more than one line, also where the
 * generations come round.  What is in a line is of this round, so that none
 * of the last one can be taken for it. */
static void
test_reset_is_bounded(void **state)
{
    static const struct xfsm_tewma_line nothing;
    struct xfsm_tewma *t = create(12, 1e12);
    uint64_t hash = key_hash(8);
    uint64_t other = hash ^ UINT64_C(1) << 63;
    uint64_t before;
    uint64_t i;

    (void) state;
    for (i = 0; i < t->n_lines; i++) {
        xfsm_tewma_add(t, (i << 32) / t->n_lines << 32, 1, T0);
    }
    xfsm_tewma_add(t, hash, 1, T0);
    t->generation = UINT32_MAX - (uint32_t) t->n_lines;
    for (i = 0; i < t->n_lines; i++) {
        t->generations[i] = t->generation;
    }
    assert_true(xfsm_tewma_get(t, hash, T0) > 0);
    for (i = 0; i < 2 * t->n_lines; i++) {
        before = t->n_cleared;
        xfsm_tewma_reset(t);
        assert_true(t->n_cleared - before <= 1);
        assert_true(xfsm_tewma_get(t, hash, T0) == 0);
        before = t->n_cleared;
        assert_true(xfsm_tewma_add(t, other, 1, T0) > 0);
        assert_true(t->n_cleared - before <= 1);
    }
    assert_in_range(t->generation, 1, UINT32_MAX / 2);
    for (i = 0; i < t->n_lines; i++) {
        assert_true(t->generations[i] <= t->generation
                    || !memcmp(&t->lines[i], &nothing, sizeof nothing));
    }
    xfsm_tewma_destroy(t);
}

/* Right to 1e-14 and what the rounding of a window may add, over blocks and
 * epochs, at the beginning and the end of each. */
static void
test_precision(void **state)
{
    static const double windows[] = { 1e-5, 0.5, 60, 3600, 1e6 };
    uint64_t random = 3;

    (void) state;
    for (size_t w = 0; w < sizeof windows / sizeof *windows; w++) {
        struct xfsm_tewma *t = create(10, windows[w]);
        long double slope = (long double) t->gain / SECOND;

        for (int i = 0; i < 30000; i++) {
            uint64_t block = UINT64_C(1) << t->shift;
            uint64_t from = T0 / block * block
                            + random_below(&random, 1 << 20) * block;
            uint64_t blocks = random_next(&random)
                              >> (48 + random_below(&random, 16));
            uint64_t to = from + blocks * block;
            long double halvings;
            double value;

            from -= random_below(&random, 3);
            to += random_below(&random, 3);
            value = xfsm_tewma_add(t, 4, 1, from);
            assert_near(value, t->gain, 2e-14);
            halvings = (long double) (to > from ? to - from : 0) * slope
                       / M_LN2;
            value = xfsm_tewma_get(t, 4, to);
            if (halvings < 800) {
                assert_near(value, (double) (t->gain * exp2l(-halvings)),
                            2e-14 + (double) halvings * 4e-15);
            } else {
                assert_true(value < t->gain * 0x1p-799);
            }
            xfsm_tewma_reset(t);
        }
        xfsm_tewma_destroy(t);
    }
}

/* Which block is at hand makes no difference to the bit, nor does what was
 * asked before. */
static void
test_blocks(void **state)
{
    static const double amounts[] = { 1, 0.25, 1500, 0, -1, NAN, 1e-300,
                                      1e299 };
    struct xfsm_tewma *t = create(8, 60);
    struct xfsm_tewma *other = create(8, 60);
    uint64_t now = T0, random = 1;

    (void) state;
    for (int i = 0; i < 300000; i++) {
        uint64_t r = random_next(&random);
        uint64_t hash = key_hash(r % 500);
        double amount = amounts[r >> 20 & (r >> 30 & 15 ? 1 : 7)];
        double a, b;

        /* Bursts, steady traffic, and now and then a long silence. */
        now += (r >> 40 & 3) * ((r >> 44 & 1023) ? r >> 54 << 12
                                                 : r >> 54 << 34);
        xfsm_tewma_get(other, key_hash(i % 7), random_next(&random));
        a = xfsm_tewma_add(t, hash, amount, now);
        b = xfsm_tewma_add(other, hash, amount, now);
        assert_memory_equal(&a, &b, sizeof a);
        assert_true(a == xfsm_tewma_get(t, hash, now));
        xfsm_tewma_get(other, hash, now - (r & 0xffffff));
        assert_true(a == xfsm_tewma_get(other, hash, now));
    }
    assert_memory_equal(t->lines, other->lines,
                        t->n_lines * sizeof *t->lines);
    xfsm_tewma_destroy(t);
    xfsm_tewma_destroy(other);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_decay),
        cmocka_unit_test(test_formula),
        cmocka_unit_test(test_steady_rates),
        cmocka_unit_test(test_one_key),
        cmocka_unit_test(test_many_keys),
        cmocka_unit_test(test_never_below),
        cmocka_unit_test(test_late),
        cmocka_unit_test(test_strange_amounts),
        cmocka_unit_test(test_reset_key),
        cmocka_unit_test(test_reset),
        cmocka_unit_test(test_reset_is_bounded),
        cmocka_unit_test(test_precision),
        cmocka_unit_test(test_blocks),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
