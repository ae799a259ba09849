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
#include "xfsm/base/hash.h"
#include "xfsm/sketch/topk.h"

#define SECOND UINT64_C(1000000000)
#define T0 (UINT64_C(1700000000) * SECOND)

/* Windows begin at multiples of this, T0 being one. */
#define WINDOW (10 * SECOND)

static struct xfsm_topk_hitter hitters[XFSM_TOPK_MAX];

static struct xfsm_topk *
create(unsigned int k, uint64_t window)
{
    struct xfsm_topk *t = NULL;

    assert_null(xfsm_topk_create(2, k, window, &t));
    assert_non_null(t);
    return t;
}

/* Few hashes, so that keys share places of the hash table and tags. */
static uint64_t crowding = UINT64_MAX;

static uint64_t
hash_of(uint64_t i)
{
    return random_next(&i) & crowding;
}

static double
add(struct xfsm_topk *t, uint64_t key, double q, uint64_t now)
{
    xfsm_topk_prefetch(t, hash_of(key));
    return xfsm_topk_add(t, hash_of(key), &key, 1, q, now);
}

/* -1 if it is not in the list. */
static double
get(const struct xfsm_topk *t, uint64_t key, uint64_t now)
{
    struct xfsm_topk_hitter hitter = { NULL, 0, -1, 0 };
    bool found = xfsm_topk_get(t, hash_of(key), &key, 1, now, &hitter);

    assert_int_equal(found, hitter.count != -1);
    assert_true(!found || *hitter.key == key);
    return hitter.count;
}

/* The whole list is in 'hitters' then. */
static unsigned int
list_of(const struct xfsm_topk *t, bool before, uint64_t now)
{
    return xfsm_topk_list(t, before, now, XFSM_TOPK_MAX, hitters);
}

static struct xfsm_topk_stats
stats_of(const struct xfsm_topk *t)
{
    struct xfsm_topk_stats stats;

    xfsm_topk_get_stats(t, &stats);
    return stats;
}

static void
refuse(unsigned int key_words, unsigned int k, const char *expected)
{
    struct xfsm_topk *t = NULL;
    char *error = xfsm_topk_create(key_words, k, 0, &t);

    assert_non_null(error);
    assert_string_equal(error, expected);
    assert_null(t);
    free(error);
}

static void
test_limits(void **state)
{
    uint64_t key[XFSM_KEY_WORDS] = { 0 };
    struct xfsm_topk *t = NULL;
    uint64_t i;

    (void) state;
    refuse(0, 8, "a key has 1 to 16 words, not 0");
    refuse(17, 8, "a key has 1 to 16 words, not 17");
    refuse(1, 0, "there are 1 to 1024 heavy hitters, not 0");
    refuse(1, XFSM_TOPK_MAX + 1, "there are 1 to 1024 heavy hitters, not "
           "1025");

    assert_null(xfsm_topk_create(XFSM_KEY_WORDS, XFSM_TOPK_MAX, 0, &t));
    for (i = 0; i <= XFSM_TOPK_MAX; i++) {
        key[XFSM_KEY_WORDS - 1] = i;
        assert_int_equal(stats_of(t).replaced, 0);
        xfsm_topk_add(t, hash_of(i), key, XFSM_KEY_WORDS, 1, T0);
    }
    assert_int_equal(stats_of(t).replaced, 1);
    assert_int_equal(list_of(t, false, T0), XFSM_TOPK_MAX);
    assert_int_equal(hitters[0].key[XFSM_KEY_WORDS - 1], XFSM_TOPK_MAX);
    assert_true(hitters[0].count == 2);
    assert_true(hitters[0].error == 1);
    xfsm_topk_destroy(t);

    t = create(1, 1);
    assert_true(add(t, 1, 3, 0) == 3);
    assert_true(add(t, 2, 1, 0) == 4);
    assert_true(get(t, 1, 0) == -1);
    assert_int_equal(list_of(t, false, 0), 1);
    assert_true(add(t, 2, 1, UINT64_MAX) == 1);
    assert_true(add(t, 2, 1, UINT64_MAX) == 2);
    xfsm_topk_destroy(t);
    xfsm_topk_destroy(NULL);
}

/* Checks all that the header promises of each key, the sums of the keys being
 * 'truth'. */
static void
check_bounds(const struct xfsm_topk *t, const double *truth, uint64_t n_keys)
{
    struct xfsm_topk_stats stats = stats_of(t);
    unsigned int n = list_of(t, false, T0);
    uint64_t found = 0;
    unsigned int i;
    uint64_t key;

    assert_int_equal(n, stats.n);
    assert_true(stats.lowest <= stats.total / (double) stats.k);
    for (i = 0; i < n; i++) {
        assert_int_equal(hitters[i].n, 1);
        assert_true(*hitters[i].key < n_keys);
        assert_true(truth[*hitters[i].key] <= hitters[i].count);
        assert_true(truth[*hitters[i].key]
                    >= hitters[i].count - hitters[i].error);
        assert_true(hitters[i].error <= stats.lowest);
        assert_true(!i || hitters[i].count <= hitters[i - 1].count);
    }
    assert_true(n < stats.k || hitters[n - 1].count == stats.lowest);
    for (key = 0; key < n_keys; key++) {
        double count = get(t, key, T0);

        found += count != -1;
        assert_true(count != -1 || truth[key] <= stats.lowest);
        assert_true(truth[key] <= stats.total / (double) stats.k
                    || count != -1);
    }
    assert_int_equal(found, n);
}

/* The same, and their sum. */
static void
check_list(const struct xfsm_topk *t, const double *truth, uint64_t n_keys)
{
    double total = 0;
    uint64_t key;

    check_bounds(t, truth, n_keys);
    for (key = 0; key < n_keys; key++) {
        total += truth[key];
    }
    assert_true(total == stats_of(t).total);
}

static void
check_zipf(unsigned int k, uint64_t n_keys, double s, uint64_t n,
           bool amounts)
{
    struct xfsm_topk *t = create(k, 0);
    double *truth = calloc(n_keys, sizeof *truth);
    uint64_t random = k;
    struct zipf zipf;
    uint64_t i;

    assert_non_null(truth);
    assert_true(zipf_init(&zipf, n_keys, s));
    for (i = 0; i < n; i++) {
        uint64_t key = zipf_draw(&zipf, &random);
        double q = amounts ? 1 + (double) random_below(&random, 1500) : 1;

        truth[key] += q;
        assert_true(add(t, key, q, T0) >= truth[key]);
        if (i % (n / 7) == 0) {
            check_list(t, truth, n_keys);
        }
    }
    check_list(t, truth, n_keys);

    /* By Zipf's law the first ones are the first ones. */
    for (i = 0; s >= 1 && i < k / 10; i++) {
        assert_true(get(t, i, T0) - truth[i] <= .01 * truth[i]);
    }
    free(zipf.sums);
    free(truth);
    xfsm_topk_destroy(t);
}

static void
test_zipf(void **state)
{
    (void) state;
    check_zipf(1024, 100000, 1.1, 1000000, false);
    check_zipf(1024, 100000, 1, 500000, true);
    check_zipf(100, 100000, 1.1, 300000, false);
    check_zipf(100, 50, 1, 100000, true);
    check_zipf(64, 10000, 0, 200000, true);
    check_zipf(1, 100, 0, 10000, false);
    check_zipf(2, 100, 0, 10000, true);
}

/* The hash table, when hashes are the same for many keys. */
static void
test_crowding(void **state)
{
    (void) state;
    crowding = 7;
    check_zipf(60, 500, .5, 30000, true);
    crowding = UINT64_C(0x3f0000000000003f);
    check_zipf(200, 1000, .5, 100000, false);
    crowding = 0;
    check_zipf(30, 100, .5, 5000, true);
    crowding = UINT64_MAX;
}

/* A heavy key survives a flood of keys that come once. */
static void
test_flood(void **state)
{
    struct xfsm_topk *t = create(100, 0);
    struct xfsm_topk_hitter hitter;
    uint64_t heavy = 1;
    uint64_t i;

    (void) state;
    for (i = 0; i < 1000000; i++) {
        add(t, i % 50 ? i + 2 : heavy, 1, T0);
    }
    assert_true(xfsm_topk_get(t, hash_of(heavy), &heavy, 1, T0, &hitter));
    assert_true(hitter.count - hitter.error >= 19000);
    assert_true(hitter.count >= 20000);
    list_of(t, false, T0);
    assert_int_equal(*hitters[0].key, heavy);
    assert_int_equal(stats_of(t).replaced + 100, 1000000 - 20000 + 1);
    xfsm_topk_destroy(t);
}

/* A list cut short is the beginning of the whole one. */
static void
test_max(void **state)
{
    static const unsigned int maxima[] = { 0, 1, 2, 3, 20, 99, 100, 101 };
    struct xfsm_topk *t = create(100, 0);
    uint64_t random = 1;
    unsigned int i, j;

    (void) state;
    for (i = 0; i < 5000; i++) {
        add(t, random_below(&random, 150), 1 + random_below(&random, 3), T0);
    }
    assert_int_equal(list_of(t, false, T0), 100);
    for (i = 1; i < 100; i++) {
        const struct xfsm_topk_hitter *h = &hitters[i];

        assert_true(h->count < h[-1].count
                    || (h->count == h[-1].count && *h->key > *h[-1].key));
    }
    for (i = 0; i < sizeof maxima / sizeof *maxima; i++) {
        struct xfsm_topk_hitter first[101];
        unsigned int n = xfsm_topk_list(t, false, T0, maxima[i], first);

        assert_int_equal(n, maxima[i] < 100 ? maxima[i] : 100);
        for (j = 0; j < n; j++) {
            assert_ptr_equal(first[j].key, hitters[j].key);
            assert_true(first[j].count == hitters[j].count);
        }
    }
    xfsm_topk_destroy(t);
}

/* The bounds hold for what a key had since it was forgotten. */
static void
check_resets(unsigned int k, uint64_t n_keys, unsigned int every)
{
    struct xfsm_topk *t = create(k, 0);
    double *truth = calloc(n_keys, sizeof *truth);
    uint64_t random = k;
    uint64_t i, key;

    assert_non_null(truth);
    for (i = 0; i < 100000; i++) {
        key = random_below(&random, (uint32_t) n_keys);
        if (random_below(&random, every)) {
            double q = 1 + (double) random_below(&random, 5);

            truth[key] += q;
            assert_true(add(t, key, q, T0) >= truth[key]);
        } else {
            truth[key] = 0;
            xfsm_topk_reset_key(t, hash_of(key), &key, 1);
            assert_true(get(t, key, T0) == -1);
        }
        if (i % 997 == 0) {
            check_bounds(t, truth, n_keys);
        }
    }
    free(truth);
    xfsm_topk_destroy(t);
}

static void
test_reset_key(void **state)
{
    struct xfsm_topk *t;
    uint64_t key;

    (void) state;
    check_resets(1, 20, 5);
    check_resets(50, 40, 5);
    check_resets(64, 1000, 10);
    check_resets(200, 1000, 2);
    crowding = 7;
    check_resets(30, 100, 4);
    crowding = UINT64_MAX;

    /* In both windows, and nothing else. */
    t = create(4, WINDOW);
    for (key = 1; key <= 3; key++) {
        add(t, key, (double) key, T0);
    }
    for (key = 1; key <= 3; key++) {
        add(t, key + 1, (double) key, T0 + WINDOW);
    }
    key = 2;
    xfsm_topk_reset_key(t, hash_of(key), &key, 1);
    key = 9;
    xfsm_topk_reset_key(t, hash_of(key), &key, 1);
    assert_int_equal(list_of(t, false, T0 + WINDOW), 2);
    assert_int_equal(*hitters[0].key, 4);
    assert_int_equal(*hitters[1].key, 3);
    assert_int_equal(list_of(t, true, T0 + WINDOW), 2);
    assert_int_equal(*hitters[0].key, 3);
    assert_int_equal(*hitters[1].key, 1);

    /* All had a counter, the lowest 1: another key may have had that. */
    add(t, 5, 1, T0 + WINDOW);
    add(t, 6, 1, T0 + WINDOW);
    assert_true(stats_of(t).lowest == 1);
    key = 4;
    xfsm_topk_reset_key(t, hash_of(key), &key, 1);
    assert_true(stats_of(t).lowest == 1);
    assert_true(add(t, 7, 5, T0 + WINDOW) == 6);
    assert_int_equal(list_of(t, false, T0 + WINDOW), 4);
    assert_int_equal(*hitters[0].key, 7);
    assert_true(hitters[0].error == 1);
    xfsm_topk_reset(t);
    assert_true(stats_of(t).lowest == 0);
    assert_true(add(t, 7, 5, T0 + WINDOW) == 5);
    xfsm_topk_destroy(t);
}

/* ## State ## */

static uint8_t saved[1 << 20];
static size_t n_saved;
static struct xfsm_seed seed;

static bool
save_bytes(const void *data, size_t len, void *aux)
{
    (void) aux;
    assert_true(n_saved + len <= sizeof saved);
    memcpy(saved + n_saved, data, len);
    n_saved += len;
    return true;
}

/* Saves 't', and restores that into 'copy'.  Returns the error. */
static char *
copy_state(struct xfsm_topk *t, struct xfsm_topk *copy)
{
    struct xfsm_state_io io;

    n_saved = 0;
    xfsm_state_begin_write(&io, save_bytes, NULL);
    xfsm_topk_state(t, &io);
    assert_null(xfsm_state_end(&io));
    xfsm_state_begin_read(&io, saved, n_saved);
    io.seed = &seed;
    io.tweak = 7;
    xfsm_topk_state(copy, &io);
    return xfsm_state_end(&io);
}

static double
add_hashed(struct xfsm_topk *t, uint64_t key, double q, uint64_t now)
{
    return xfsm_topk_add(t, xfsm_hash_words(&seed, 7, &key, 1), &key, 1, q,
                         now);
}

/* Whoever goes on with the state lets the same keys go. */
static void
test_state(void **state)
{
    struct xfsm_topk *t = create(20, WINDOW), *copy = create(20, WINDOW);
    struct xfsm_topk_hitter other[20];
    uint64_t random = 3;
    unsigned int i, j;

    (void) state;
    for (i = 0; i < 3000; i++) {
        uint64_t now = T0 + i * (WINDOW / 500);
        uint64_t key = random_below(&random, 60);
        uint64_t hash = xfsm_hash_words(&seed, 7, &key, 1);
        bool before = i % 2;
        unsigned int n;

        if (i % 100 == 50) {
            char *error;

            xfsm_topk_reset_key(t, hash, &key, 1);
            xfsm_topk_destroy(copy);
            copy = create(20, WINDOW);
            error = copy_state(t, copy);
            assert_null(error);
        }
        assert_true(add_hashed(t, key, 1, now)
                    == add_hashed(copy, key, 1, now) || i < 50);
        if (i < 50) {
            continue;
        }
        n = list_of(t, before, now);
        assert_int_equal(xfsm_topk_list(copy, before, now, 20, other), n);
        for (j = 0; j < n; j++) {
            assert_int_equal(*other[j].key, *hitters[j].key);
            assert_true(other[j].count == hitters[j].count);
            assert_true(other[j].error == hitters[j].error);
        }
        assert_true(stats_of(copy).total == stats_of(t).total);
        assert_true(stats_of(copy).lowest == stats_of(t).lowest);
    }
    assert_true(stats_of(t).replaced > 100);
    xfsm_topk_destroy(t);
    xfsm_topk_destroy(copy);
}

/* Saves 't', which is not as it should be: that must be noticed. */
static void
refuse_state(struct xfsm_topk *t, const char *what)
{
    struct xfsm_topk *copy = create(4, WINDOW);
    char *error = copy_state(t, copy);

    assert_non_null(error);
    if (!strstr(error, what)) {
        fail_msg("%s, not %s", error, what);
    }
    free(error);
    xfsm_topk_destroy(copy);
}

static void
test_bad_state(void **state)
{
    static const double counts[] = { -1, NAN, INFINITY, 2e300 };
    struct xfsm_topk *t = create(4, WINDOW);
    struct xfsm_topk_list *list;
    size_t i;

    (void) state;
    for (i = 1; i <= 4; i++) {
        add_hashed(t, i, (double) i, T0);
    }
    list = &t->lists[t->current];
#define BREAK(MEMBER, VALUE, WHAT) \
    do { \
        __typeof__(MEMBER) old_ = MEMBER; \
        \
        MEMBER = VALUE; \
        refuse_state(t, WHAT); \
        MEMBER = old_; \
    } while (0)

    for (i = 0; i < sizeof counts / sizeof *counts; i++) {
        BREAK(list->heap[1].count, counts[i], "a heavy hitter's count");
        BREAK(list->total, counts[i], "a list of heavy hitters");
        BREAK(list->floor, counts[i], "a list of heavy hitters");
        BREAK(list->entries[0].error, counts[i], "a heavy hitter's count");
    }
    BREAK(list->heap[0].count, 3, "a heavy hitter's count");    /* No heap. */
    BREAK(list->entries[0].error, 1.5, "a heavy hitter's count");
    BREAK(list->floor, 1.5, "a heavy hitter's count");
    BREAK(list->entries[1].n, 3, "a heavy hitter's key");
    BREAK(list->keys[t->key_words], 1, "a heavy hitter is there twice");
    BREAK(t->k, 5, "the number of heavy hitters");
    BREAK(t->window.width, WINDOW + 1, "the width of a window");
    xfsm_topk_destroy(t);
    t = create(5, WINDOW);
    for (i = 1; i <= 5; i++) {
        add_hashed(t, i, (double) i, T0);
    }
    BREAK(t->k, 4, "a list of heavy hitters");
    xfsm_topk_destroy(t);
}

/* Keys that differ in length only; and the order of equal counts. */
static void
test_keys(void **state)
{
    const uint64_t key[2] = { 5, 0 };
    struct xfsm_topk *t = create(10, 0);

    (void) state;
    xfsm_topk_add(t, 1, key, 2, 1, T0);
    xfsm_topk_add(t, 1, key, 1, 1, T0);
    xfsm_topk_add(t, 1, key, 0, 1, T0);
    xfsm_topk_add(t, 1, key + 1, 1, 1, T0);
    assert_int_equal(list_of(t, false, T0), 4);
    assert_int_equal(hitters[0].n, 0);
    assert_int_equal(hitters[1].n, 1);
    assert_int_equal(hitters[1].key[0], 0);
    assert_int_equal(hitters[2].n, 1);
    assert_int_equal(hitters[2].key[0], 5);
    assert_int_equal(hitters[3].n, 2);
    xfsm_topk_destroy(t);
}

static void
test_windows(void **state)
{
    struct xfsm_topk *t = create(10, WINDOW);

    (void) state;
    add(t, 1, 5, T0);
    add(t, 2, 7, T0);
    assert_int_equal(list_of(t, true, T0), 0);

    /* Asked from later, without a packet. */
    assert_true(get(t, 1, T0 + WINDOW) == -1);
    assert_int_equal(list_of(t, false, T0 + WINDOW), 0);
    assert_int_equal(list_of(t, true, T0 + WINDOW), 2);
    assert_int_equal(*hitters[0].key, 2);
    assert_int_equal(list_of(t, true, T0 + 2 * WINDOW), 0);

    assert_true(add(t, 1, 1, T0 + WINDOW) == 1);
    assert_int_equal(list_of(t, true, T0 + WINDOW), 2);
    assert_true(hitters[0].count == 7);
    assert_true(add(t, 3, 1, T0) == 1);         /* Late. */
    assert_int_equal(list_of(t, false, T0), 2);
    assert_int_equal(stats_of(t).n, 2);
    assert_true(stats_of(t).total == 2);

    /* A window without anything, then one more. */
    add(t, 4, 1, T0 + 3 * WINDOW);
    assert_int_equal(list_of(t, true, T0 + 3 * WINDOW), 0);
    add(t, 5, 1, T0 + 4 * WINDOW);
    assert_int_equal(list_of(t, true, 0), 1);
    assert_int_equal(*hitters[0].key, 4);
    assert_true(get(t, 4, 0) == -1);
    assert_true(get(t, 5, 0) == 1);

    xfsm_topk_reset(t);
    assert_int_equal(list_of(t, true, 0), 0);
    assert_int_equal(list_of(t, false, 0), 0);
    assert_true(get(t, 5, 0) == -1);
    assert_true(add(t, 5, 2, 0) == 2);
    xfsm_topk_destroy(t);
}

static void
test_strange(void **state)
{
    static const double amounts[] = { 0, -1, -INFINITY, INFINITY, NAN };
    struct xfsm_topk *t = create(2, 0);
    size_t i;

    (void) state;
    add(t, 1, 5, T0);
    for (i = 0; i < sizeof amounts / sizeof *amounts; i++) {
        assert_true(add(t, 1, amounts[i], T0) == 5);
        assert_true(add(t, 2, amounts[i], T0) == 0);
    }
    assert_int_equal(stats_of(t).n, 1);
    assert_true(add(t, 1, DBL_MAX, T0) == 1e300);
    assert_true(add(t, 1, DBL_MAX, T0) == 1e300);
    assert_true(add(t, 2, DBL_MAX, T0) == 1e300);
    assert_true(add(t, 3, 1, T0) == 1e300);
    assert_true(stats_of(t).total == 1e300);
    xfsm_topk_destroy(t);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_zipf),
        cmocka_unit_test(test_crowding),
        cmocka_unit_test(test_flood),
        cmocka_unit_test(test_max),
        cmocka_unit_test(test_reset_key),
        cmocka_unit_test(test_state),
        cmocka_unit_test(test_bad_state),
        cmocka_unit_test(test_keys),
        cmocka_unit_test(test_windows),
        cmocka_unit_test(test_strange),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
