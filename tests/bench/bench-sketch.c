/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

/* What the operations of the sketches and timers cost, in ns, at 10,000 and
 * 1,000,000 keys: the median of 5 rounds over keys in random order, each
 * operation prefetched BATCH keys ahead as the engine does it.  Prints and
 * passes; decides nothing. */

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "tests/unit/random.h"
#include "xfsm/base/hash.h"
#include "xfsm/runtime/timers.h"
#include "xfsm/sketch/countmin.h"
#include "xfsm/sketch/detector.h"
#include "xfsm/sketch/distinct.h"
#include "xfsm/sketch/keytable.h"
#include "xfsm/sketch/quantile.h"
#include "xfsm/sketch/ratewindow.h"
#include "xfsm/sketch/tewma.h"
#include "xfsm/sketch/topk.h"

#define ROUNDS 5
#define BATCH 32
#define OPS (1 << 21)

static struct xfsm_seed seed;
static struct xfsm_keytable *table;
static struct xfsm_detector *detector;
static struct xfsm_tewma *tewma;
static struct xfsm_timers *timers;
static struct xfsm_distinct *few;
static struct xfsm_distinct *many;
static struct xfsm_countmin *countmin;
static struct xfsm_ratewindow *rate;
static struct xfsm_quantile *quantile;
static struct xfsm_topk *topk;
static uint64_t keys[OPS];
static uint64_t hashes[OPS];
static uint64_t now = UINT64_C(1700000000000000000);
static volatile uint64_t sink;

/* An operation on key number 'i', and what prefetches for it. */
struct op {
    const char *name;
    uint64_t (*run)(size_t i);
    void (*prefetch)(size_t i);
};

static uint64_t
run_hash(size_t i)
{
    return xfsm_hash_words(&seed, 0, &keys[i], 1);
}

static uint64_t
run_insert(size_t i)
{
    static uint32_t touch;
    bool created;
    uint64_t *record = xfsm_keytable_insert(table, hashes[i], &keys[i], 1,
                                            ++touch, &created);

    return ++*record;
}

static uint64_t
run_find(size_t i)
{
    uint64_t *record = xfsm_keytable_find(table, hashes[i], &keys[i], 1);

    return record ? *record : 0;
}

static void
prefetch_table(size_t i)
{
    xfsm_keytable_prefetch(table, hashes[i]);
    if (i >= BATCH / 2) {
        xfsm_keytable_prefetch_slot(table, hashes[i - BATCH / 2]);
    }
}

static uint64_t
run_detector_get(size_t i)
{
    return xfsm_detector_get(detector, hashes[i], now);
}

static uint64_t
run_detector_update(size_t i)
{
    return xfsm_detector_update(detector, hashes[i], now);
}

static void
prefetch_detector(size_t i)
{
    xfsm_detector_prefetch(detector, hashes[i]);
}

static uint64_t
run_tewma_add(size_t i)
{
    return (uint64_t) xfsm_tewma_add(tewma, hashes[i], 1, now += 100);
}

static uint64_t
run_tewma_get(size_t i)
{
    return (uint64_t) xfsm_tewma_get(tewma, hashes[i], now);
}

static void
prefetch_tewma(size_t i)
{
    xfsm_tewma_prefetch(tewma, hashes[i]);
}

/* A timeout of 30 s that each packet of a key puts off; few fire. */
static uint64_t
run_timer(size_t i)
{
    struct xfsm_timer_fired fired;

    now += 100;
    while (xfsm_timers_next(timers) <= now
           && xfsm_timers_pop(timers, now, &fired)) {
        sink++;
    }
    return xfsm_timers_set(timers, 1, hashes[i], &keys[i], 1, now,
                           UINT64_C(30000000000)) != NULL;
}

/* A timeout that fires: set once, popped once. */
static uint64_t
run_timer_fire(size_t i)
{
    struct xfsm_timer_fired fired;

    now += 100;
    while (xfsm_timers_next(timers) <= now
           && xfsm_timers_pop(timers, now, &fired)) {
        sink++;
    }
    return xfsm_timers_set(timers, 2, hashes[i], &keys[i], 1, now,
                           1 + hashes[i] % 10000000) != NULL;
}

/* Up to 8 elements a key. */
static uint64_t
run_distinct_few(size_t i)
{
    return (uint64_t) xfsm_distinct_add(few, hashes[i], &keys[i], 1,
                                        keys[i] * 8 + i % 8, now);
}

static void
prefetch_few(size_t i)
{
    xfsm_distinct_prefetch(few, hashes[i]);
    if (i >= BATCH / 2) {
        xfsm_distinct_prefetch_slot(few, hashes[i - BATCH / 2]);
    }
}

/* New elements always, for 10,000 keys. */
static uint64_t
run_distinct_many(size_t i)
{
    static uint64_t random = 1;
    uint64_t key = keys[i] % 10000;

    return (uint64_t) xfsm_distinct_add(
        many, xfsm_hash_words(&seed, 0, &key, 1), &key, 1,
        random_next(&random), now);
}

static uint64_t
run_countmin(size_t i)
{
    return (uint64_t) xfsm_countmin_add(countmin, hashes[i], 1, now += 100);
}

static void
prefetch_countmin(size_t i)
{
    xfsm_countmin_prefetch(countmin, hashes[i]);
}

static uint64_t
run_rate(size_t i)
{
    return (uint64_t) xfsm_ratewindow_add(rate, hashes[i], &keys[i], 1, 1,
                                          now += 100);
}

static void
prefetch_rate(size_t i)
{
    xfsm_ratewindow_prefetch(rate, hashes[i]);
    if (i >= BATCH / 2) {
        xfsm_ratewindow_prefetch_slot(rate, hashes[i - BATCH / 2]);
    }
}

static uint64_t
run_quantile_add(size_t i)
{
    xfsm_quantile_add(quantile, hashes[i], &keys[i], 1,
                      (double) (60 + i % 1440), now);
    return 0;
}

static uint64_t
run_quantile_get(size_t i)
{
    double value = 0;

    xfsm_quantile_get(quantile, hashes[i], &keys[i], 1, .99, now, &value);
    return (uint64_t) value;
}

static void
prefetch_quantile(size_t i)
{
    xfsm_quantile_prefetch(quantile, hashes[i]);
    if (i >= BATCH / 2) {
        xfsm_quantile_prefetch_slot(quantile, hashes[i - BATCH / 2]);
    }
}

/* Keys of even frequency: nearly each one replaces another. */
static uint64_t
run_topk_new(size_t i)
{
    return (uint64_t) xfsm_topk_add(topk, hashes[i], &keys[i], 1, 1, now);
}

/* Half of the packets are of 256 keys. */
static uint64_t
run_topk_skewed(size_t i)
{
    uint64_t key = hashes[i] >> 63 ? keys[i] : keys[i] % 256;

    return (uint64_t) xfsm_topk_add(
        topk, xfsm_hash_words(&seed, 0, &key, 1), &key, 1, 1, now);
}

static void
prefetch_nothing(size_t i)
{
    (void) i;
}

static const struct op ops[] = {
    { "hash_words, 1 word", run_hash, prefetch_nothing },
    { "keytable insert or touch", run_insert, prefetch_table },
    { "keytable find", run_find, prefetch_table },
    { "detector get", run_detector_get, prefetch_detector },
    { "detector update", run_detector_update, prefetch_detector },
    { "tewma add", run_tewma_add, prefetch_tewma },
    { "tewma get", run_tewma_get, prefetch_tewma },
    { "timer moved", run_timer, prefetch_nothing },
    { "timer set and fired", run_timer_fire, prefetch_nothing },
    { "distinct add, few", run_distinct_few, prefetch_few },
    { "distinct add, many", run_distinct_many, prefetch_nothing },
    { "countmin add", run_countmin, prefetch_countmin },
    { "rate add, 5 parts", run_rate, prefetch_rate },
    { "quantile add, 64 buckets", run_quantile_add, prefetch_quantile },
    { "quantile get, 64 buckets", run_quantile_get, prefetch_quantile },
    { "topk add, all new", run_topk_new, prefetch_nothing },
    { "topk add, half are heavy", run_topk_skewed, prefetch_nothing },
};

static double
measure(const struct op *op)
{
    struct timespec begin, end;
    uint64_t sum = 0;
    size_t i;

    clock_gettime(CLOCK_MONOTONIC, &begin);
    for (i = 0; i < OPS; i++) {
        if (i + BATCH < OPS) {
            op->prefetch(i + BATCH);
        }
        sum += op->run(i);
    }
    clock_gettime(CLOCK_MONOTONIC, &end);
    sink += sum;
    return ((double) (end.tv_sec - begin.tv_sec) * 1e9
            + (double) (end.tv_nsec - begin.tv_nsec)) / OPS;
}

static int
compare_doubles(const void *a_, const void *b_)
{
    const double *a = a_;
    const double *b = b_;

    return (*a > *b) - (*a < *b);
}

/* Exits on an error, which a bench may. */
static void
check(char *error)
{
    if (error) {
        fprintf(stderr, "bench-sketch: %s\n", error);
        exit(EXIT_FAILURE);
    }
}

static void
create_others(size_t n_keys)
{
    const uint64_t minute = UINT64_C(60000000000);

    check(xfsm_distinct_create(1, n_keys * 3 / 2, 1000, minute, &few));
    check(xfsm_distinct_create(1, 15000, 15000, minute, &many));
    check(xfsm_countmin_create(n_keys < 100000 ? 17 : 23, minute,
                               &countmin));
    check(xfsm_ratewindow_create(1, n_keys * 3 / 2, minute, 5, &rate));
    check(xfsm_quantile_create(1, n_keys * 3 / 2, 0.02, 64, 0, &quantile));
    check(xfsm_topk_create(1, 1024, minute, &topk));
}

static void
bench(size_t n_keys)
{
    uint64_t random = 1;
    size_t i;

    check(xfsm_keytable_create(1, 8, n_keys * 3 / 2, &table));
    check(xfsm_detector_create(n_keys < 100000 ? 17 : 24, 8, 0, &detector));
    check(xfsm_tewma_create(n_keys < 100000 ? 17 : 23, 60, &tewma));
    check(xfsm_timers_create(2 * n_keys, 1, 64, &timers));
    create_others(n_keys);
    for (i = 0; i < OPS; i++) {
        keys[i] = random_below(&random, n_keys);
        hashes[i] = xfsm_hash_words(&seed, 0, &keys[i], 1);
    }
    for (i = 0; i < sizeof ops / sizeof *ops; i++) {
        double ns[ROUNDS];
        size_t j;

        measure(&ops[i]);
        for (j = 0; j < ROUNDS; j++) {
            ns[j] = measure(&ops[i]);
        }
        qsort(ns, ROUNDS, sizeof *ns, compare_doubles);
        printf("%-26s %8zu keys %7.1f ns\n", ops[i].name, n_keys,
               ns[ROUNDS / 2]);
    }
    xfsm_keytable_destroy(table);
    xfsm_detector_destroy(detector);
    xfsm_tewma_destroy(tewma);
    xfsm_timers_destroy(timers);
    xfsm_distinct_destroy(few);
    xfsm_distinct_destroy(many);
    xfsm_countmin_destroy(countmin);
    xfsm_ratewindow_destroy(rate);
    xfsm_quantile_destroy(quantile);
    xfsm_topk_destroy(topk);
}

int
main(void)
{
    const uint8_t entropy[16] = "bench";

    xfsm_seed_init(&seed, entropy);
    bench(10000);
    bench(1000000);
    return 0;
}
