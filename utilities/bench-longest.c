/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include "utilities/bench-longest.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#ifdef __x86_64__
#include <x86intrin.h>
#endif

#include "utilities/bench-random.h"
#include "utilities/bench-structures.h"
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

/* Operations in a round, and in all. */
#define ROUND_OPS (1 << 12)
#define OPS (1 << 19)

/* Sketches with a record of some 100 bytes for each key are measured up to
 * here, so that this does not take gigabytes. */
#define SMALL_KEYS 1000000

#define SECOND UINT64_C(1000000000)
#define MINUTE (60 * SECOND)

/* ## Time ## */

/* Gaps from here on may be a switch to another thread.  In cycles, about
 * 2 us. */
#define SUSPICIOUS 5000

/* Times by their 7 highest bits: right to 1 %. */
#define BUCKET_BITS 6
#define BUCKETS ((64 - BUCKET_BITS) << BUCKET_BITS)

struct times {
    uint64_t n[BUCKETS];
    uint64_t total;             /* Times, */
    uint64_t sum;               /* cycles. */
    uint64_t round;             /* Times of this round. */
    uint64_t longest;           /* Of this round. */
    uint64_t quiet;             /* The longest of the quietest round... */
    uint64_t noisy;             /* ...and of the noisiest one. */
    long switches;              /* Of this thread, when last looked at. */
};

static inline uint64_t
read_clock(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t) ts.tv_sec * SECOND + (uint64_t) ts.tv_nsec;
}

/* Nothing of what is timed begins before this, or ends after it. */
static inline uint64_t
read_cycles(void)
{
#ifdef __x86_64__
    uint64_t cycles;

    _mm_lfence();
    cycles = __rdtsc();
    _mm_lfence();
    return cycles;
#else
    return read_clock();
#endif
}

static long
count_switches(void)
{
    struct rusage usage;

    getrusage(RUSAGE_THREAD, &usage);
    return usage.ru_nvcsw + usage.ru_nivcsw;
}

static void
times_init(struct times *t)
{
    memset(t, 0, sizeof *t);
    t->quiet = UINT64_MAX;
    t->switches = count_switches();
}

static void
times_end_round(struct times *t)
{
    if (t->round >= ROUND_OPS / 2 && t->longest < t->quiet) {
        t->quiet = t->longest;
    }
    t->noisy = t->longest > t->noisy ? t->longest : t->noisy;
    t->longest = 0;
    t->round = 0;
}

static unsigned int
find_bucket(uint64_t cycles)
{
    unsigned int shift = 63 - (unsigned int) __builtin_clzll(
        cycles | 1 << BUCKET_BITS) - BUCKET_BITS;

    return (shift << BUCKET_BITS) + (unsigned int) (cycles >> shift);
}

static inline void
times_add(struct times *t, uint64_t cycles)
{
    if (cycles >= SUSPICIOUS) {
        long switches = count_switches();

        if (switches != t->switches) {
            t->switches = switches;
            return;
        }
    }
    t->n[find_bucket(cycles)]++;
    t->total++;
    t->round++;
    t->sum += cycles;
    t->longest = cycles > t->longest ? cycles : t->longest;
}

/* The time that 1 in 'one_in' takes longer than. */
static uint64_t
times_quantile(const struct times *t, uint64_t one_in)
{
    uint64_t left = t->total / one_in;
    unsigned int i = BUCKETS - 1;

    while (i && left >= t->n[i]) {
        left -= t->n[i--];
    }
    if (i < 2 << BUCKET_BITS) {
        return i;
    }
    return ((i & ((1u << BUCKET_BITS) - 1)) + (UINT64_C(1) << BUCKET_BITS))
           << ((i >> BUCKET_BITS) - 1);
}

/* ## Operations ## */

static struct xfsm_seed seed;
static struct xfsm_keytable *table;     /* Has all keys... */
static struct xfsm_keytable *full;      /* ...has others, and no room. */
static struct xfsm_detector *detector;
static struct xfsm_tewma *tewma;
static struct xfsm_timers *timers;
static struct xfsm_distinct *distinct;
static struct xfsm_countmin *countmin;
static struct xfsm_ratewindow *rate;
static struct xfsm_quantile *quantile;
static struct xfsm_topk *topk;
static uint64_t *keys;          /* OPS of them, and their hashes. */
static uint64_t *hashes;
static size_t n_timers;
static uint64_t now = UINT64_C(1700000000) * SECOND;
static uint64_t fresh;          /* The last key that was new. */
static volatile uint64_t sink;

/* An operation on key number 'i', which is false where there was nothing to
 * do, and what goes before the first. */
struct op {
    const char *name;
    bool (*run)(size_t i);
    void (*begin)(void);        /* Or NULL. */
    bool small;                 /* Not with more keys than SMALL_KEYS. */
};

static bool
run_nothing(size_t i)
{
    (void) i;
    return true;
}

static bool
run_find(size_t i)
{
    sink = (uintptr_t) xfsm_keytable_find(table, hashes[i], &keys[i], 1);
    return true;
}

static bool
run_touch(size_t i)
{
    bool created;

    xfsm_keytable_insert(table, hashes[i], &keys[i], 1, (uint32_t) i,
                         &created);
    return true;
}

static void
insert_fresh(void)
{
    uint64_t key = ++fresh << 32;
    bool created;

    xfsm_keytable_insert(full, xfsm_hash_words(&seed, 0, &key, 1), &key, 1,
                         (uint32_t) fresh, &created);
}

static void
begin_evict(void)
{
    struct xfsm_keytable_stats stats;

    do {
        for (unsigned int i = 0; i < 1024; i++) {
            insert_fresh();
        }
        xfsm_keytable_get_stats(full, &stats);
    } while (stats.n < stats.capacity - stats.capacity / 1024);
}

static bool
run_evict(size_t i)
{
    (void) i;
    insert_fresh();
    return true;
}

static bool
run_forget(size_t i)
{
    (void) i;
    xfsm_keytable_clear(full);
    insert_fresh();
    return true;
}

static bool
run_detector(size_t i)
{
    sink = xfsm_detector_update(detector, hashes[i], now);
    return true;
}

static bool
run_detector_swap(size_t i)
{
    sink = xfsm_detector_update(detector, hashes[i], now += MINUTE);
    return true;
}

static bool
run_detector_reset(size_t i)
{
    xfsm_detector_reset(detector);
    sink = xfsm_detector_update(detector, hashes[i], now);
    return true;
}

static bool
run_tewma(size_t i)
{
    xfsm_tewma_add(tewma, hashes[i], 1, now += 100);
    return true;
}

static bool
run_tewma_reset(size_t i)
{
    xfsm_tewma_reset(tewma);
    xfsm_tewma_add(tewma, hashes[i], 1, now += 100);
    return true;
}

static bool
run_countmin(size_t i)
{
    xfsm_countmin_add(countmin, hashes[i], 1, now += 100);
    return true;
}

static bool
run_countmin_window(size_t i)
{
    xfsm_countmin_add(countmin, hashes[i], 1, now += MINUTE);
    return true;
}

static bool
run_countmin_reset(size_t i)
{
    xfsm_countmin_reset(countmin);
    xfsm_countmin_add(countmin, hashes[i], 1, now);
    return true;
}

/* For half of the keys few elements, for 10,000 many. */
static bool
run_distinct(size_t i)
{
    uint64_t key = i % 2 ? keys[i] : keys[i] % 10000;

    xfsm_distinct_add(distinct, xfsm_hash_words(&seed, 0, &key, 1), &key, 1,
                      hashes[i], now += 100);
    return true;
}

/* A window goes by for every 1024 operations. */
static bool
run_distinct_window(size_t i)
{
    now += MINUTE / 1024;
    run_distinct(i);
    return true;
}

static bool
run_distinct_reset(size_t i)
{
    xfsm_distinct_reset(distinct);
    run_distinct(i);
    return true;
}

static bool
run_rate(size_t i)
{
    xfsm_ratewindow_add(rate, hashes[i], &keys[i], 1, 1, now += 100);
    return true;
}

static bool
run_rate_window(size_t i)
{
    xfsm_ratewindow_add(rate, hashes[i], &keys[i], 1, 1, now += MINUTE);
    return true;
}

static bool
run_rate_reset(size_t i)
{
    xfsm_ratewindow_reset(rate);
    run_rate(i);
    return true;
}

static bool
run_quantile(size_t i)
{
    xfsm_quantile_add(quantile, hashes[i], &keys[i], 1,
                      (double) (1 + hashes[i] % 1000000), now += 100);
    return true;
}

static bool
run_quantile_window(size_t i)
{
    now += MINUTE / 2;
    run_quantile(i);
    return true;
}

static bool
run_quantile_get(size_t i)
{
    double value = 0;

    xfsm_quantile_get(quantile, hashes[i], &keys[i], 1, .99, now, &value);
    sink = (uint64_t) value;
    return true;
}

static bool
run_quantile_reset(size_t i)
{
    xfsm_quantile_reset(quantile);
    run_quantile(i);
    return true;
}

static bool
run_topk(size_t i)
{
    xfsm_topk_add(topk, hashes[i], &keys[i], 1, 1, now += 100);
    return true;
}

static bool
run_topk_window(size_t i)
{
    now += MINUTE / 2;
    run_topk(i);
    return true;
}

static void
begin_timers(void)
{
    xfsm_timers_clear(timers);
}

/* Timers of 10 ms to 10 s. */
static void
set_timer(size_t i)
{
    xfsm_timers_set(timers, 1, hashes[i], &keys[i], 1, now,
                    SECOND / 100 + hashes[i] % (10 * SECOND));
}

static bool
run_timer_set(size_t i)
{
    now += 100;
    set_timer(i);
    return true;
}

static void
begin_timers_armed(void)
{
    begin_timers();
    for (size_t i = 0; i < n_timers; i++) {
        set_timer(i);
    }
}

/* As packets do it: time goes on by what lies between two timers. */
static bool
run_timer_pop(size_t i)
{
    struct xfsm_timer_fired fired;

    (void) i;
    now += 10 * SECOND / n_timers;
    if (xfsm_timers_next(timers) > now) {
        return false;
    }
    sink = xfsm_timers_pop(timers, now, &fired);
    return true;
}

/* All at one time, far away. */
static void
begin_timers_crowd(void)
{
    begin_timers();
    for (size_t i = 0; i < n_timers; i++) {
        xfsm_timers_set(timers, 1, hashes[i], &keys[i], 1, now,
                        5 * 24 * 60 * MINUTE);
    }
    now += 5 * 24 * 60 * MINUTE;
}

static bool
run_timer_crowd(size_t i)
{
    struct xfsm_timer_fired fired;

    (void) i;
    if (xfsm_timers_next(timers) > now) {
        return false;
    }
    sink = xfsm_timers_pop(timers, now, &fired);
    return true;
}

static const struct op ops[] = {
    { "nothing", run_nothing, NULL, false },
    { "keytable find", run_find, NULL, false },
    { "keytable touch", run_touch, NULL, false },
    { "keytable insert, evicting", run_evict, begin_evict, false },
    { "keytable clear, insert", run_forget, NULL, false },
    { "timer set", run_timer_set, begin_timers, false },
    { "timer popped", run_timer_pop, begin_timers_armed, false },
    { "timer popped of a crowd", run_timer_crowd, begin_timers_crowd, false },
    { "detector update", run_detector, NULL, false },
    { "detector swap, update", run_detector_swap, NULL, false },
    { "detector reset, update", run_detector_reset, NULL, false },
    { "tewma add", run_tewma, NULL, false },
    { "tewma reset, add", run_tewma_reset, NULL, false },
    { "countmin add", run_countmin, NULL, false },
    { "countmin window, add", run_countmin_window, NULL, false },
    { "countmin reset, add", run_countmin_reset, NULL, false },
    { "topk add", run_topk, NULL, false },
    { "topk window, add", run_topk_window, NULL, false },
    { "distinct add", run_distinct, NULL, true },
    { "distinct window, add", run_distinct_window, NULL, true },
    { "distinct reset, add", run_distinct_reset, NULL, true },
    { "rate add", run_rate, NULL, true },
    { "rate window, add", run_rate_window, NULL, true },
    { "rate reset, add", run_rate_reset, NULL, true },
    { "quantile add", run_quantile, NULL, true },
    { "quantile window, add", run_quantile_window, NULL, true },
    { "quantile get", run_quantile_get, NULL, true },
    { "quantile reset, add", run_quantile_reset, NULL, true },
};

/* ## Measuring ## */

/* What timing nothing takes, usually. */
static uint64_t
measure_overhead(void)
{
    static struct times t;

    times_init(&t);
    for (size_t i = 0; i < OPS; i++) {
        uint64_t start = read_cycles();

        times_add(&t, read_cycles() - start);
    }
    return times_quantile(&t, 2);
}

/* A round of operations, 'first' and on.  Returns the cycles that it took. */
static uint64_t
run_ops(const struct op *op, size_t first, uint64_t overhead,
        struct times *t)
{
    uint64_t begin = read_cycles();

    for (size_t i = first; i < first + ROUND_OPS; i++) {
        uint64_t start = read_cycles();
        bool done = op->run(i);
        uint64_t cycles = read_cycles() - start;

        if (done) {
            times_add(t, cycles > overhead ? cycles - overhead : 0);
        }
    }
    times_end_round(t);
    return read_cycles() - begin;
}

/* A round of nothing, for 'cycles'. */
static void
run_gaps(uint64_t cycles, uint64_t overhead, struct times *t)
{
    uint64_t begin = read_cycles();
    uint64_t last = begin;

    while (last - begin < cycles) {
        uint64_t gap = read_cycles() - last;

        last += gap;
        times_add(t, gap > overhead ? gap - overhead : 0);
    }
    times_end_round(t);
}

static struct xfsm_longest
measure(const struct op *op, size_t n_keys, uint64_t overhead)
{
    static struct times times, gaps;
    uint64_t start_ns, start;
    double ns;

    for (int pass = 0; pass < 2; pass++) {
        if (op->begin) {
            op->begin();
        }
        times_init(&times);
        times_init(&gaps);
        start_ns = read_clock();
        start = read_cycles();
        for (size_t i = 0; i < OPS; i += ROUND_OPS) {
            uint64_t cycles = run_ops(op, i, overhead, &times);

            if (pass) {         /* The first is for the page faults. */
                run_gaps(cycles, overhead, &gaps);
            }
        }
    }
    ns = (double) (read_clock() - start_ns)
         / (double) (read_cycles() - start);
    return (struct xfsm_longest) {
        .name = op->name,
        .n_keys = n_keys,
        .mean = (double) times.sum / (double) times.total * ns,
        .p9999 = (double) times_quantile(&times, 10000) * ns,
        .quiet = (double) times.quiet * ns,
        .longest = (double) times.noisy * ns,
        .gap = (double) gaps.noisy * ns,
    };
}

/* ## Set-up ## */

/* Those with a record for each key. */
static char *
create_small(size_t n_keys)
{
    size_t capacity = n_keys * 3 / 2;
    char *error;

    error = xfsm_distinct_create(1, capacity, 15000, MINUTE, &distinct);
    if (!error) {
        error = xfsm_ratewindow_create(1, capacity, MINUTE, 5, &rate);
    }
    if (!error) {
        error = xfsm_quantile_create(1, capacity, 0.02, 64, MINUTE,
                                     &quantile);
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
        error = xfsm_keytable_create(1, 8, n_keys, &full);
    }
    if (!error) {
        error = xfsm_detector_create(size, 8, MINUTE, &detector);
    }
    if (!error) {
        error = xfsm_tewma_create(size, 60, &tewma);
    }
    if (!error) {
        error = xfsm_timers_create(n_keys, 1, 64, &timers);
    }
    if (!error) {
        error = xfsm_countmin_create(size, MINUTE, &countmin);
    }
    if (!error) {
        error = xfsm_topk_create(1, 1024, MINUTE, &topk);
    }
    if (!error && n_keys <= SMALL_KEYS) {
        error = create_small(n_keys);
    }
    return error;
}

static char *
begin(size_t n_keys)
{
    static const uint8_t secret[16] = "a secret";
    uint64_t random = 1;

    xfsm_seed_init(&seed, secret);
    n_timers = n_keys < OPS ? n_keys : OPS;
    keys = malloc(OPS * sizeof *keys);
    hashes = malloc(OPS * sizeof *hashes);
    if (!keys || !hashes) {
        return xfsm_error("no memory for keys");
    }
    for (size_t i = 0; i < OPS; i++) {
        keys[i] = xfsm_bench_random_below(&random, n_keys);
        hashes[i] = xfsm_hash_words(&seed, 0, &keys[i], 1);
    }
    return create_structures(n_keys);
}

static void
end(void)
{
    xfsm_keytable_destroy(table);
    xfsm_keytable_destroy(full);
    xfsm_detector_destroy(detector);
    xfsm_tewma_destroy(tewma);
    xfsm_timers_destroy(timers);
    xfsm_distinct_destroy(distinct);
    xfsm_countmin_destroy(countmin);
    xfsm_ratewindow_destroy(rate);
    xfsm_quantile_destroy(quantile);
    xfsm_topk_destroy(topk);
    table = full = NULL;
    detector = NULL;
    tewma = NULL;
    timers = NULL;
    distinct = NULL;
    countmin = NULL;
    rate = NULL;
    quantile = NULL;
    topk = NULL;
    free(keys);
    free(hashes);
    keys = hashes = NULL;
}

char *
xfsm_longest_bench(size_t n_keys, xfsm_longest_cb *cb, void *aux)
{
    char *error = begin(n_keys);

    if (!error) {
        uint64_t overhead = measure_overhead();

        for (uint64_t key = 0; key < n_keys; key++) {
            bool created;

            xfsm_keytable_insert(table, xfsm_hash_words(&seed, 0, &key, 1),
                                 &key, 1, 0, &created);
        }
        for (size_t i = 0; i < sizeof ops / sizeof *ops; i++) {
            if (n_keys <= SMALL_KEYS || !ops[i].small) {
                struct xfsm_longest r = measure(&ops[i], n_keys, overhead);

                cb(&r, aux);
            }
        }
    }
    end();
    return error;
}
