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
#include "xfsm/sketch/detector.h"

#define SECOND UINT64_C(1000000000)

/* What the header promises of the pair at the design load. */
#define PROMISE 0.004

static struct xfsm_detector *
create(unsigned int size, unsigned int nhash, uint64_t reset_after)
{
    struct xfsm_detector *d = NULL;

    assert_null(xfsm_detector_create(size, nhash, reset_after, &d));
    assert_non_null(d);
    return d;
}

static struct xfsm_detector_stats
stats_of(const struct xfsm_detector *d)
{
    struct xfsm_detector_stats stats;

    xfsm_detector_get_stats(d, &stats);
    return stats;
}

static void
refuse(unsigned int size, unsigned int nhash, const char *expected)
{
    struct xfsm_detector *d = NULL;
    char *error = xfsm_detector_create(size, nhash, 0, &d);

    assert_non_null(error);
    assert_string_equal(error, expected);
    assert_null(d);
    free(error);
}

static void
test_limits(void **state)
{
    static const unsigned int sizes[] = {
        XFSM_DETECTOR_SIZE_MIN, 20, XFSM_DETECTOR_SIZE_MAX
    };
    static const unsigned int nhashes[] = { 1, 8, XFSM_DETECTOR_NHASH_MAX };
    size_t i, j;

    (void) state;
    refuse(XFSM_DETECTOR_SIZE_MIN - 1, 8,
           "the size of a detector is 6 to 28 (log2 of bits), not 5");
    refuse(XFSM_DETECTOR_SIZE_MAX + 1, 8,
           "the size of a detector is 6 to 28 (log2 of bits), not 29");
    refuse(20, 0, "a detector has 1 to 16 hash functions, not 0");
    refuse(20, XFSM_DETECTOR_NHASH_MAX + 1,
           "a detector has 1 to 16 hash functions, not 17");

    for (i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        for (j = 0; j < sizeof nhashes / sizeof *nhashes; j++) {
            struct xfsm_detector *d = create(sizes[i], nhashes[j], 0);
            uint64_t design = (uint64_t) (ldexp(1, (int) sizes[i]) * M_LN2
                                          / nhashes[j]);

            assert_int_equal(stats_of(d).design, design);
            assert_true(stats_of(d).bytes >= design * 64 / 15);
            assert_true(stats_of(d).bytes <= design * 64 / 15 + 256);
            xfsm_detector_update(d, UINT64_MAX, 0);
            assert_true(xfsm_detector_get(d, UINT64_MAX, 0));
            assert_false(xfsm_detector_get(d, 0, 0));
            xfsm_detector_destroy(d);
        }
    }
    xfsm_detector_destroy(NULL);
}

/* Computes what the header says it does: the false positives of a pair of
 * filters of 240 bits with 6 probes, whose lines hold 15 keys on average. */
static double
compute_pair(double line_keys)
{
    enum { BITS = 240, KEYS = 80 };
    double set[BITS + 2] = { 1 };       /* Distribution of bits set. */
    double poisson = exp(-line_keys);
    double one = 0;
    int keys, probe, bits;

    for (keys = 0; keys < KEYS; keys++) {
        for (bits = 0; bits <= BITS; bits++) {
            one += poisson * set[bits]
                   * pow((double) bits / BITS, XFSM_DETECTOR_PROBES);
        }
        poisson *= line_keys / (keys + 1);
        for (probe = 0; probe < XFSM_DETECTOR_PROBES; probe++) {
            for (bits = BITS; bits >= 0; bits--) {
                set[bits] = set[bits] * bits / BITS
                            + (bits ? set[bits - 1] * (BITS - bits + 1) / BITS
                               : 0);
            }
        }
    }
    return 1 - (1 - one) * (1 - one);
}

static void
test_computed_errors(void **state)
{
    double pair = compute_pair(XFSM_DETECTOR_LINE_KEYS);

    (void) state;
    assert_true(pair > 0.0030 && pair < 0.0035);
    assert_true(compute_pair(XFSM_DETECTOR_LINE_KEYS + 1) > PROMISE);
}

/* Fills both filters to one key below the next swap. */
static void
fill_both(struct xfsm_detector *d, uint64_t *random)
{
    uint64_t design = stats_of(d).design;
    uint64_t swaps = stats_of(d).swaps;

    while (stats_of(d).swaps < swaps + 1 || stats_of(d).n < design - 1) {
        xfsm_detector_set(d, random_next(random), 0);
    }
}

static double
measure_pair(unsigned int size, unsigned int nhash, unsigned int fillings)
{
    enum { LOOKUPS = 1 << 20 };
    struct xfsm_detector *d = create(size, nhash, 0);
    uint64_t random = size * 100 + nhash;
    uint64_t seen = 0;
    uint64_t n = 0;
    unsigned int i, j;

    for (i = 0; i < fillings; i++) {
        fill_both(d, &random);
        for (j = 0; j < LOOKUPS / fillings; j++) {
            seen += xfsm_detector_get(d, random_next(&random), 0);
            n++;
        }
    }
    xfsm_detector_destroy(d);
    return (double) seen / (double) n;
}

static void
test_measured_errors(void **state)
{
    (void) state;
    assert_true(measure_pair(10, 4, 2048) <= PROMISE);
    assert_true(measure_pair(10, 8, 2048) <= PROMISE);
    assert_true(measure_pair(16, 4, 64) <= PROMISE);
    assert_true(measure_pair(16, 8, 64) <= PROMISE);
    assert_true(measure_pair(20, 4, 1) <= PROMISE);
    assert_true(measure_pair(20, 8, 1) <= PROMISE);

    /* And no lower than computed, or the computation means nothing. */
    assert_true(measure_pair(20, 8, 1) >= 0.0028);
}

/* The pair as it would be with exact sets, for keys 0 to KEYS - 1. */
#define KEYS 3000
struct oracle {
    uint64_t when[KEYS];        /* 1 + swaps when last set, 0: never. */
};

static uint64_t
key_hash(uint64_t i)
{
    return random_next(&i);
}

static void
test_no_false_negatives(void **state)
{
    struct xfsm_detector *d = create(12, 4, 0);
    static struct oracle oracle;
    uint64_t random = 1;
    uint64_t false_positives = 0;
    uint64_t negatives = 0;
    int op;

    (void) state;
    for (op = 0; op < 2000000; op++) {
        uint64_t i = random_below(&random, KEYS);
        bool known = (oracle.when[i]
                      && stats_of(d).swaps + 1 - oracle.when[i] <= 1);
        uint64_t swaps;
        bool seen;

        switch (random_below(&random, 16)) {
        case 0:
            swaps = stats_of(d).swaps;
            xfsm_detector_set(d, key_hash(i), 0);
            oracle.when[i] = 1 + swaps;
            break;

        case 1:
            swaps = stats_of(d).swaps;
            seen = xfsm_detector_update(d, key_hash(i), 0);
            assert_true(seen || !known);
            oracle.when[i] = 1 + swaps;
            break;

        default:
            seen = xfsm_detector_get(d, key_hash(i), 0);
            assert_true(seen || !known);
            negatives += !known;
            false_positives += seen && !known;
            break;
        }
        if (!random_below(&random, 100000)) {
            xfsm_detector_reset(d);
            assert_int_equal(stats_of(d).n, 0);
            memset(&oracle, 0, sizeof oracle);
        }
    }
    assert_true(stats_of(d).swaps > 50);
    assert_true(negatives > 10000);
    assert_true((double) false_positives
                <= PROMISE * (double) negatives);
    xfsm_detector_destroy(d);
}

/* A key is new to the count only once a filling, and the swap comes with the
 * key that fills. */
static void
test_filling(void **state)
{
    struct xfsm_detector *d = create(10, 8, 0);
    uint64_t design = stats_of(d).design;
    uint64_t i = 0;

    (void) state;
    assert_int_equal(design, 88);
    xfsm_detector_set(d, key_hash(i), 0);
    xfsm_detector_set(d, key_hash(i), 0);
    assert_int_equal(stats_of(d).n, 1);
    while (stats_of(d).n < design - 1) {
        xfsm_detector_set(d, key_hash(++i), 0);
    }
    assert_int_equal(stats_of(d).swaps, 0);
    while (!stats_of(d).swaps) {
        xfsm_detector_set(d, key_hash(++i), 0);
    }
    assert_int_equal(stats_of(d).n, 0);
    do {
        assert_true(xfsm_detector_get(d, key_hash(i), 0));
    } while (i--);
    xfsm_detector_destroy(d);
}

static void
test_reset_after(void **state)
{
    struct xfsm_detector *d = create(16, 8, 10 * SECOND);
    const uint64_t t0 = 5000 * SECOND;

    (void) state;
    assert_false(xfsm_detector_get(d, 1, t0));
    xfsm_detector_set(d, 1, t0 + 1);
    assert_true(xfsm_detector_get(d, 1, t0 + 10 * SECOND - 1));
    assert_int_equal(stats_of(d).swaps, 0);
    assert_true(xfsm_detector_get(d, 1, t0 + 10 * SECOND));
    assert_int_equal(stats_of(d).swaps, 1);

    /* Late timestamps change nothing. */
    assert_true(xfsm_detector_get(d, 1, 0));
    assert_true(xfsm_detector_get(d, 1, t0));
    assert_false(xfsm_detector_update(d, 2, t0));
    assert_int_equal(stats_of(d).swaps, 1);

    assert_false(xfsm_detector_get(d, 1, t0 + 20 * SECOND));
    assert_true(xfsm_detector_get(d, 2, t0 + 29 * SECOND));
    assert_int_equal(stats_of(d).swaps, 2);

    /* A long silence is as many swaps, and keeps the rhythm. */
    assert_false(xfsm_detector_get(d, 2, t0 + 1005 * SECOND));
    assert_int_equal(stats_of(d).swaps, 100);
    xfsm_detector_set(d, 3, t0 + 1005 * SECOND);
    assert_true(xfsm_detector_get(d, 3, t0 + 1019 * SECOND));
    assert_int_equal(stats_of(d).swaps, 101);
    assert_false(xfsm_detector_get(d, 3, UINT64_MAX));
    xfsm_detector_destroy(d);
}

static void
test_reset(void **state)
{
    struct xfsm_detector *d = create(10, 8, 0);
    uint64_t i;

    (void) state;
    for (i = 0; i < 3 * stats_of(d).design / 2; i++) {
        xfsm_detector_set(d, key_hash(i), 0);
    }
    assert_int_equal(stats_of(d).swaps, 1);
    xfsm_detector_reset(d);
    assert_int_equal(stats_of(d).swaps, 1);
    while (i--) {
        assert_false(xfsm_detector_get(d, key_hash(i), 0));
    }
    xfsm_detector_set(d, 7, 0);
    assert_true(xfsm_detector_get(d, 7, 0));
    assert_int_equal(stats_of(d).n, 1);
    xfsm_detector_destroy(d);
}

/* The number of epochs has 32 bits: it goes round, and no old bit comes
 * back, even to a line that nobody has touched for all of it. */
static void
test_epochs_wrap(void **state)
{
    struct xfsm_detector *d = create(10, 8, 0);
    uint32_t start;
    uint64_t i;

    (void) state;
    d->epoch = UINT32_MAX - 1;
    for (i = 0; i < 40; i++) {
        xfsm_detector_set(d, key_hash(i), 0);
    }
    for (i = 0; i < 40; i++) {
        assert_true(xfsm_detector_get(d, key_hash(i), 0));
    }
    start = d->epoch;
    xfsm_detector_reset(d);
    assert_int_equal(d->epoch, 0);
    for (i = 0; i < d->n_lines; i++) {
        xfsm_detector_reset(d);
    }
    d->epoch = start;
    for (i = 0; i < 40; i++) {
        assert_false(xfsm_detector_get(d, key_hash(i), 0));
    }
    xfsm_detector_destroy(d);
}

static void
fill_once(struct xfsm_detector *d)
{
    uint64_t swaps = stats_of(d).swaps;
    uint64_t i = 1000;

    while (stats_of(d).swaps == swaps) {
        xfsm_detector_set(d, key_hash(i++), 0);
    }
}

static void
test_slaves(void **state)
{
    struct xfsm_detector *a = create(8, 8, SECOND);
    struct xfsm_detector *b = create(16, 8, 0);
    struct xfsm_detector *c = create(16, 8, 0);

    (void) state;
    xfsm_detector_set_slave(a, b);
    xfsm_detector_set(b, 1, 0);
    fill_once(a);
    assert_int_equal(stats_of(b).swaps, 1);
    assert_int_equal(stats_of(b).n, 0);
    assert_true(xfsm_detector_get(b, 1, 0));
    fill_once(a);
    assert_false(xfsm_detector_get(b, 1, 0));

    /* By time, and down a chain. */
    xfsm_detector_set_slave(b, c);
    xfsm_detector_get(a, 1, SECOND);
    assert_int_equal(stats_of(a).swaps, 3);
    assert_int_equal(stats_of(b).swaps, 3);
    assert_int_equal(stats_of(c).swaps, 1);

    /* Not upwards. */
    fill_once(b);
    assert_int_equal(stats_of(a).swaps, 3);
    assert_int_equal(stats_of(c).swaps, 2);

    /* A ring, and a ring that the first is not in. */
    xfsm_detector_set_slave(c, b);
    fill_once(a);
    assert_int_equal(stats_of(a).swaps, 4);
    assert_int_equal(stats_of(b).swaps, 5);
    assert_int_equal(stats_of(c).swaps, 3);
    xfsm_detector_set_slave(c, a);
    fill_once(a);
    assert_int_equal(stats_of(a).swaps, 5);
    assert_int_equal(stats_of(b).swaps, 6);
    assert_int_equal(stats_of(c).swaps, 4);

    xfsm_detector_set_slave(a, NULL);
    fill_once(a);
    assert_int_equal(stats_of(b).swaps, 6);
    xfsm_detector_destroy(a);
    xfsm_detector_destroy(b);
    xfsm_detector_destroy(c);
}

/* With vectors and without: the same answers and the same lines, where filters
 * are full before it is time to swap them, and where they are not. */
static void
test_wide(void **state)
{
    struct xfsm_detector *wide = create(12, 4, SECOND);
    struct xfsm_detector *narrow = create(12, 4, SECOND);
    uint64_t random = 1, now = SECOND, i;

    (void) state;
    if (!wide->wide) {
        print_message("no AVX2 here: skipped\n");
        skip();
    }
    narrow->wide = false;
    for (i = 0; i < 300000; i++) {
        uint64_t hash = (random >> 40) % (i < 200000 ? 2000 : 300)
                        * UINT64_C(0x9e3779b97f4a7c15);

        random = random * UINT64_C(6364136223846793005) + 1442695040888963407;
        now += random >> 44;
        assert_int_equal(xfsm_detector_update(wide, hash, now),
                         xfsm_detector_update(narrow, hash, now));
    }
    assert_true(stats_of(wide).swaps > 10);
    assert_memory_equal(wide->lines, narrow->lines,
                        wide->n_lines * sizeof *wide->lines);
    assert_int_equal(wide->n, narrow->n);
    assert_int_equal(stats_of(wide).swaps, stats_of(narrow).swaps);
    xfsm_detector_destroy(wide);
    xfsm_detector_destroy(narrow);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_computed_errors),
        cmocka_unit_test(test_measured_errors),
        cmocka_unit_test(test_no_false_negatives),
        cmocka_unit_test(test_filling),
        cmocka_unit_test(test_reset_after),
        cmocka_unit_test(test_reset),
        cmocka_unit_test(test_epochs_wrap),
        cmocka_unit_test(test_slaves),
        cmocka_unit_test(test_wide),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
