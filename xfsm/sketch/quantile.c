/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include "xfsm/sketch/quantile.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "xfsm/base/error.h"
#include "xfsm/base/mem.h"

#define NS_PER_S UINT64_C(1000000000)

/* Values from 2^-32 to 2^64 have buckets. */
#define EXPONENT_MIN (-32)
#define OCTAVES 96
#define VALUE_MIN 0x1p-32
#define VALUE_MAX 0x1.fffffffffffffp63

/* The cubic logarithm is this part of the natural one, where it is
 * flattest: its slope there is 10/7. */
#define FLATTEST 0.7

struct set {
    uint32_t top;               /* Highest bucket number met. */
    uint32_t n;                 /* Values in the buckets. */
    uint32_t n_zero;            /* Values that are 0. */
    uint32_t n_low;             /* Values too low for the span, in 'n'. */
    uint32_t count[];
};

struct record {
    uint64_t window;            /* Number of that of the last touch. */
    uint64_t sets[];            /* This window's, and the one's before. */
};

_Static_assert(sizeof(uint64_t)
               + 2 * (sizeof(struct set)
                      + XFSM_QUANTILE_BUCKETS_MAX * sizeof(uint32_t))
               <= XFSM_KEYTABLE_RECORD_MAX, "a record fits");

static inline size_t
set_size(const struct xfsm_quantile *q)
{
    return sizeof(struct set) + q->n_buckets * sizeof(uint32_t);
}

static inline struct set *
record_set(const struct xfsm_quantile *q, struct record *record,
           unsigned int i)
{
    return (void *) ((uint8_t *) record->sets + i * set_size(q));
}

static inline const struct set *
record_set_const(const struct xfsm_quantile *q, const struct record *record,
                 unsigned int i)
{
    return (const void *) ((const uint8_t *) record->sets
                           + i * set_size(q));
}

/* The cubic logarithm of 1 + 's'. */
static inline double
cubic(double s)
{
    return ((6 * s - 21) * s + 50) * s * (1 / 35.0);
}

/* The bucket of 'value', which is in range. */
static inline uint32_t
find_bucket(const struct xfsm_quantile *q, double value)
{
    uint64_t bits;
    int exponent;
    double fraction;

    memcpy(&bits, &value, sizeof bits);
    exponent = (int) (bits >> 52) - 1023 - EXPONENT_MIN;
    bits = (bits & ((UINT64_C(1) << 52) - 1)) | UINT64_C(1023) << 52;
    memcpy(&fraction, &bits, sizeof fraction);
    return (uint32_t) ((exponent + cubic(fraction - 1)) * q->scale);
}

/* The value where bucket 'i' begins: the inverse of the above. */
static double
bucket_start(const struct xfsm_quantile *q, uint32_t i)
{
    double log = i / q->scale;
    int octave = (int) log;
    double low = 0;
    double high = 1;
    int step;

    for (step = 0; step < 60; step++) {
        double middle = (low + high) / 2;

        if (octave + cubic(middle) < log) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return ldexp(1 + low, octave + EXPONENT_MIN);
}

static inline uint32_t
add_counts(uint32_t a, uint32_t b)
{
    return a < UINT32_MAX - b ? a + b : UINT32_MAX;
}

/* Moves the span of 's' up, so that it ends with 'bucket': what falls off its
 * low end counts in the bucket that is the lowest then. */
static void __attribute__((noinline))
raise_top(struct set *s, uint32_t n_buckets, uint32_t bucket)
{
    uint32_t mask = n_buckets - 1;
    uint32_t by = bucket - s->top;
    uint32_t lost = 0;
    uint32_t i;

    /* The places above the old top are those of the lowest ones. */
    for (i = 1; i <= n_buckets && i <= by; i++) {
        uint32_t *count = &s->count[(s->top + i) & mask];

        lost = add_counts(lost, *count);
        *count = 0;
    }
    s->top = bucket;
    s->n_low = lost;            /* Those from before were in there. */
    s->count[(bucket + 1) & mask] = add_counts(s->count[(bucket + 1) & mask],
                                               lost);
}

static void
set_add(const struct xfsm_quantile *q, struct set *s, double value)
{
    uint32_t mask = q->n_buckets - 1;
    uint32_t bucket;
    uint32_t *count;

    if (!(value >= VALUE_MIN)) {
        s->n_zero = add_counts(s->n_zero, 1);
        return;
    }
    bucket = find_bucket(q, value < VALUE_MAX ? value : VALUE_MAX);
    if (!s->n) {
        s->top = bucket;
    } else if (bucket > s->top) {
        raise_top(s, q->n_buckets, bucket);
    } else if (s->top - bucket > mask) {
        bucket = s->top + 1;    /* That is also the place of the lowest. */
        s->n_low = add_counts(s->n_low, 1);
    }
    count = &s->count[bucket & mask];
    *count = add_counts(*count, 1);
    s->n = add_counts(s->n, 1);
}

/* Brings a record that was last touched in another window up to this one. */
static void
rotate_record(const struct xfsm_quantile *q, struct record *record)
{
    uint64_t age = q->window.number - record->window;

    if (age == 1) {
        memcpy(record_set(q, record, 1), record_set(q, record, 0),
               set_size(q));
    } else {
        memset(record_set(q, record, 1), 0, set_size(q));
    }
    memset(record_set(q, record, 0), 0, set_size(q));
    record->window = q->window.number;
}

/* The sets of 'key' that count at 'now': up to two.  Returns how many. */
static unsigned int
find_sets(const struct xfsm_quantile *q, uint64_t hash, const uint64_t *key,
          unsigned int n, uint64_t now, const struct set *sets[2])
{
    const struct record *record = xfsm_keytable_find_live(
        q->table, hash, key, n, (uint32_t) (now / NS_PER_S));
    uint64_t age;

    if (!record) {
        return 0;
    }
    age = xfsm_window_at(&q->window, now) - record->window;
    if (age > 1) {
        return 0;
    }
    sets[0] = record_set_const(q, record, 0);
    if (age || q->n_sets == 1) {
        return 1;
    }
    sets[1] = record_set_const(q, record, 1);
    return 2;
}

static inline uint32_t
set_lowest(const struct xfsm_quantile *q, const struct set *s)
{
    return s->top < q->n_buckets ? 0 : s->top - q->n_buckets + 1;
}

/* The bucket of the value of rank 'rank' among those that have one. */
static uint32_t
find_rank(const struct xfsm_quantile *q, const struct set *const sets[],
          unsigned int n_sets, uint64_t rank)
{
    uint32_t bucket = UINT32_MAX;
    uint32_t top = 0;
    uint64_t below = 0;
    unsigned int i;

    for (i = 0; i < n_sets; i++) {
        if (sets[i]->n) {
            uint32_t lowest = set_lowest(q, sets[i]);

            bucket = lowest < bucket ? lowest : bucket;
            top = sets[i]->top > top ? sets[i]->top : top;
        }
    }
    for (; bucket < top; bucket++) {
        for (i = 0; i < n_sets; i++) {
            const struct set *s = sets[i];

            if (s->n && bucket <= s->top && s->top - bucket < q->n_buckets) {
                below += s->count[bucket & (q->n_buckets - 1)];
            }
        }
        if (below > rank) {
            break;
        }
    }
    return bucket;
}

static char *
check_limits(double accuracy, unsigned int n_buckets)
{
    if (!(accuracy >= XFSM_QUANTILE_ACCURACY_MIN
          && accuracy <= XFSM_QUANTILE_ACCURACY_MAX)) {
        return xfsm_error("the accuracy of a quantile is %g to %g, not %g",
                          XFSM_QUANTILE_ACCURACY_MIN,
                          XFSM_QUANTILE_ACCURACY_MAX, accuracy);
    }
    if (n_buckets < XFSM_QUANTILE_BUCKETS_MIN
        || n_buckets > XFSM_QUANTILE_BUCKETS_MAX
        || n_buckets & (n_buckets - 1)) {
        return xfsm_error("a quantile has %d to %d buckets, a power of two, "
                          "not %u", XFSM_QUANTILE_BUCKETS_MIN,
                          XFSM_QUANTILE_BUCKETS_MAX, n_buckets);
    }
    return NULL;
}

static size_t
values_size(const struct xfsm_quantile *q)
{
    return q->n_values * sizeof *q->values;
}

/* Computes what stands for each bucket: its harmonic middle, which is equally
 * far, relatively, from both ends. */
static bool
make_values(struct xfsm_quantile *q)
{
    double start = VALUE_MIN;
    uint32_t i;

    q->n_values = (uint32_t) (OCTAVES * q->scale) + 1;
    q->values = xfsm_mem_map(values_size(q), false);
    if (!q->values) {
        return false;
    }
    for (i = 0; i < q->n_values; i++) {
        double end = bucket_start(q, i + 1);

        q->values[i] = 2 * start * end / (start + end);
        start = end;
    }
    return true;
}

char *
xfsm_quantile_create(unsigned int key_words, size_t capacity,
                     double accuracy, unsigned int n_buckets,
                     uint64_t window, struct xfsm_quantile **quantilep)
{
    char *error = check_limits(accuracy, n_buckets);
    struct xfsm_quantile *q;

    if (error) {
        return error;
    }
    q = calloc(1, sizeof *q);
    if (!q) {
        return xfsm_error("no memory for a quantile");
    }
    xfsm_window_init(&q->window, window);
    q->n_buckets = n_buckets;
    q->n_sets = window ? 2 : 1;
    q->scale = FLATTEST / (log1p(accuracy) - log1p(-accuracy));
    error = xfsm_keytable_create(key_words,
                                 sizeof(struct record)
                                 + q->n_sets * set_size(q),
                                 capacity, &q->table);
    if (!error && !make_values(q)) {
        error = xfsm_error("no address space for a quantile");
    }
    if (error) {
        xfsm_quantile_destroy(q);
        return error;
    }
    *quantilep = q;
    return NULL;
}

void
xfsm_quantile_destroy(struct xfsm_quantile *q)
{
    if (q) {
        xfsm_keytable_destroy(q->table);
        xfsm_mem_unmap(q->values, values_size(q));
        free(q);
    }
}

void
xfsm_quantile_add(struct xfsm_quantile *q, uint64_t hash,
                  const uint64_t *key, unsigned int n, double value,
                  uint64_t now)
{
    struct record *record;
    bool created;

    if (value != value) {
        return;
    }
    xfsm_window_advance(&q->window, now);
    record = xfsm_keytable_insert(q->table, hash, key, n,
                                  (uint32_t) (now / NS_PER_S), &created);
    if (!record) {
        return;
    } else if (created) {
        record->window = q->window.number;
    } else if (record->window != q->window.number) {
        rotate_record(q, record);
    }
    set_add(q, record_set(q, record, 0), value);
}

bool
xfsm_quantile_get(const struct xfsm_quantile *q, uint64_t hash,
                  const uint64_t *key, unsigned int n, double p,
                  uint64_t now, double *value)
{
    const struct set *sets[2];
    unsigned int n_sets = find_sets(q, hash, key, n, now, sets);
    uint64_t zeros = 0;
    uint64_t total = 0;
    uint64_t rank;
    unsigned int i;

    for (i = 0; i < n_sets; i++) {
        zeros += sets[i]->n_zero;
        total += (uint64_t) sets[i]->n + sets[i]->n_zero;
    }
    if (!total) {
        return false;
    }
    p = p > 0 ? p < 1 ? p : 1 : 0;
    rank = (uint64_t) (p * (double) (total - 1));
    *value = (rank < zeros
              ? 0
              : q->values[find_rank(q, sets, n_sets, rank - zeros)]);
    return true;
}

uint64_t
xfsm_quantile_count(const struct xfsm_quantile *q, uint64_t hash,
                    const uint64_t *key, unsigned int n, uint64_t now,
                    uint64_t *low)
{
    const struct set *sets[2];
    unsigned int n_sets = find_sets(q, hash, key, n, now, sets);
    uint64_t total = 0;
    uint64_t lost = 0;
    unsigned int i;

    for (i = 0; i < n_sets; i++) {
        total += (uint64_t) sets[i]->n + sets[i]->n_zero;
        lost += sets[i]->n_low;
    }
    if (low) {
        *low = lost;
    }
    return total;
}

bool
xfsm_quantile_reset_key(struct xfsm_quantile *q, uint64_t hash,
                        const uint64_t *key, unsigned int n)
{
    return xfsm_keytable_remove(q->table, hash, key, n);
}

void
xfsm_quantile_reset(struct xfsm_quantile *q)
{
    xfsm_keytable_clear(q->table);
}

void
xfsm_quantile_get_stats(const struct xfsm_quantile *q,
                        struct xfsm_keytable_stats *stats)
{
    xfsm_keytable_get_stats(q->table, stats);
    stats->bytes += sizeof *q + values_size(q);
}

static bool
record_good(const void *record_, void *q_)
{
    const struct record *record = record_;
    const struct xfsm_quantile *q = q_;
    unsigned int i;

    for (i = 0; i < q->n_sets; i++) {
        if (record_set_const(q, record, i)->top >= q->n_values) {
            return false;
        }
    }
    return true;
}

void
xfsm_quantile_state(struct xfsm_quantile *q, struct xfsm_state_io *io)
{
    xfsm_state_same(io, q->n_buckets, "the buckets of a quantile");
    xfsm_window_state(&q->window, io);
    xfsm_keytable_state(q->table, io, record_good, q);
}
