/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include "utilities/bench-structures.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

#include "utilities/bench-random.h"
#include "xfsm/base/error.h"
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

#define BATCH 32
#define OPS (1 << 21)

/* Sketches with a record of some 100 bytes for each key are measured up to
 * here, so that this does not take gigabytes. */
#define SMALL_KEYS 1000000

#define MINUTE UINT64_C(60000000000)

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
static uint64_t *keys;          /* OPS of them, and their hashes. */
static uint64_t *hashes;
static uint64_t now = UINT64_C(1700000000000000000);
static volatile uint64_t sink;

/* An operation on key number 'i', and what prefetches for it. */
struct op {
    const char *name;
    uint64_t (*run)(size_t i);
    void (*prefetch)(size_t i);
    bool small;                 /* Not with more keys than SMALL_KEYS. */
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
        xfsm_bench_random(&random), now);
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
    { "hash_words, 1 word", run_hash, prefetch_nothing, false },
    { "keytable insert or touch", run_insert, prefetch_table, false },
    { "keytable find", run_find, prefetch_table, false },
    { "detector get", run_detector_get, prefetch_detector, false },
    { "detector update", run_detector_update, prefetch_detector, false },
    { "tewma add", run_tewma_add, prefetch_tewma, false },
    { "tewma get", run_tewma_get, prefetch_tewma, false },
    { "timer moved", run_timer, prefetch_nothing, false },
    { "timer set and fired", run_timer_fire, prefetch_nothing, false },
    { "distinct add, few", run_distinct_few, prefetch_few, true },
    { "distinct add, many", run_distinct_many, prefetch_nothing, false },
    { "countmin add", run_countmin, prefetch_countmin, false },
    { "rate add, 5 parts", run_rate, prefetch_rate, true },
    { "quantile add, 64 buckets", run_quantile_add, prefetch_quantile, true },
    { "quantile get, 64 buckets", run_quantile_get, prefetch_quantile, true },
    { "topk add, all new", run_topk_new, prefetch_nothing, false },
    { "topk add, half are heavy", run_topk_skewed, prefetch_nothing, false },
};

static double
read_clock(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
    return (double) ts.tv_sec * 1e9 + (double) ts.tv_nsec;
}

static double
measure_once(const struct op *op)
{
    double start = read_clock();
    uint64_t sum = 0;
    size_t i;

    for (i = 0; i < OPS; i++) {
        if (i + BATCH < OPS) {
            op->prefetch(i + BATCH);
        }
        sum += op->run(i);
    }
    sink += sum;
    return (read_clock() - start) / OPS;
}

static int
compare_doubles(const void *a_, const void *b_)
{
    const double *a = a_;
    const double *b = b_;

    return (*a > *b) - (*a < *b);
}

/* The median of 'rounds' rounds, after one that does not count. */
static double
measure(const struct op *op, long rounds)
{
    double ns[XFSM_STRUCTURES_ROUNDS_MAX];
    long i;

    measure_once(op);
    for (i = 0; i < rounds; i++) {
        ns[i] = measure_once(op);
    }
    qsort(ns, (size_t) rounds, sizeof *ns, compare_doubles);
    return ns[rounds / 2];
}

static void
hash_keys(void)
{
    size_t i;

    for (i = 0; i < OPS; i++) {
        hashes[i] = xfsm_hash_words(&seed, 0, &keys[i], 1);
    }
}

/* Draws keys below 'n_keys'. */
static void
draw_keys(size_t n_keys)
{
    uint64_t random = 1;
    size_t i;

    for (i = 0; i < OPS; i++) {
        keys[i] = xfsm_bench_random_below(&random, n_keys);
    }
    hash_keys();
}

static void
fill_table(size_t n_keys)
{
    uint64_t key;
    bool created;

    for (key = 0; key < n_keys; key++) {
        xfsm_keytable_insert(table, xfsm_hash_words(&seed, 0, &key, 1), &key,
                             1, 0, &created);
    }
}

unsigned int
xfsm_structures_sketch_size(size_t n_keys)
{
    unsigned int size = 10;

    while (((size_t) 1 << size) < 8 * n_keys) {
        size++;
    }
    return size;
}

/* Those with a record for each key. */
static char *
create_small(size_t n_keys)
{
    size_t capacity = n_keys * 3 / 2;
    char *error;

    error = xfsm_distinct_create(1, capacity, 1000, MINUTE, &few);
    if (!error) {
        error = xfsm_ratewindow_create(1, capacity, MINUTE, 5, &rate);
    }
    if (!error) {
        error = xfsm_quantile_create(1, capacity, 0.02, 64, 0, &quantile);
    }
    return error;
}

static char *
create_structures(size_t n_keys)
{
    unsigned int size = xfsm_structures_sketch_size(n_keys);
    char *error;

    error = xfsm_keytable_create(1, 8, n_keys * 3 / 2, &table);
    if (!error) {
        error = xfsm_detector_create(size, 8, 0, &detector);
    }
    if (!error) {
        error = xfsm_tewma_create(size, 60, &tewma);
    }
    if (!error) {
        error = xfsm_timers_create(2 * n_keys, 1, 64, &timers);
    }
    if (!error) {
        error = xfsm_countmin_create(size, MINUTE, &countmin);
    }
    if (!error) {
        error = xfsm_distinct_create(1, 15000, 15000, MINUTE, &many);
    }
    if (!error) {
        error = xfsm_topk_create(1, 1024, MINUTE, &topk);
    }
    if (!error && n_keys <= SMALL_KEYS) {
        error = create_small(n_keys);
    }
    return error;
}

static void
destroy_structures(void)
{
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
    table = NULL;
    detector = NULL;
    tewma = NULL;
    timers = NULL;
    few = NULL;
    many = NULL;
    countmin = NULL;
    rate = NULL;
    quantile = NULL;
    topk = NULL;
}

static char *
begin(const char *entropy)
{
    uint8_t bytes[16] = { 0 };
    size_t i;

    for (i = 0; i < sizeof bytes && entropy[i]; i++) {
        bytes[i] = (uint8_t) entropy[i];
    }
    xfsm_seed_init(&seed, bytes);
    keys = malloc(OPS * sizeof *keys);
    hashes = malloc(OPS * sizeof *hashes);
    return keys && hashes ? NULL : xfsm_error("no memory for keys");
}

static void
end(void)
{
    destroy_structures();
    free(keys);
    free(hashes);
    keys = NULL;
    hashes = NULL;
}

char *
xfsm_structures_bench(size_t n_keys, long rounds, xfsm_structures_cb *cb,
                      void *aux)
{
    char *error = begin("a secret");
    size_t i;

    error = error ? error : create_structures(n_keys);
    if (!error) {
        draw_keys(n_keys);
        fill_table(n_keys);
        for (i = 0; i < sizeof ops / sizeof *ops; i++) {
            if (n_keys <= SMALL_KEYS || !ops[i].small) {
                cb(ops[i].name, n_keys, measure(&ops[i], rounds), aux);
            }
        }
    }
    end();
    return error;
}

/* ## Colliding keys ## */

#define CROWD 512               /* Keys. */
#define CROWD_SLOTS 1024        /* Of the table: half full. */

/* Makes CROWD keys, whose hashes under 'seed' all lead to the bucket pair of
 * the first if 'colliding', and repeats them in turn. */
static void
draw_crowd(bool colliding)
{
    uint64_t key = 1;
    uint64_t first = xfsm_hash_words(&seed, 0, &key, 1);
    size_t n;

    for (n = 0; n < CROWD; key++) {
        uint64_t hash = xfsm_hash_words(&seed, 0, &key, 1);

        if (!colliding
            || (xfsm_keytable_left(table, hash)
                == xfsm_keytable_left(table, first)
                && xfsm_keytable_right(table, hash)
                   == xfsm_keytable_right(table, first))) {
            keys[n++] = key;
        }
    }
    for (; n < OPS; n++) {
        keys[n] = keys[n - CROWD];
    }
    hash_keys();
}

static void
measure_crowd(const char *name, long rounds, xfsm_structures_cb *cb,
              void *aux)
{
    const struct op op = { name, run_insert, prefetch_table, false };

    xfsm_keytable_clear(table);
    cb(name, CROWD, measure(&op, rounds), aux);
}

char *
xfsm_structures_bench_collisions(long rounds, xfsm_structures_cb *cb,
                                 void *aux)
{
    char *error = begin("");

    error = error ? error : xfsm_keytable_create(1, 8, CROWD_SLOTS, &table);
    if (!error) {
        const uint8_t secret[16] = "a secret";

        draw_crowd(false);
        measure_crowd("keytable insert, any keys", rounds, cb, aux);
        draw_crowd(true);
        measure_crowd("... colliding, seed known", rounds, cb, aux);
        xfsm_seed_init(&seed, secret);
        hash_keys();
        measure_crowd("... colliding, seed secret", rounds, cb, aux);
    }
    end();
    return error;
}
