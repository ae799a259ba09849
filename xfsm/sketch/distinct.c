/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include "xfsm/sketch/distinct.h"

#include <float.h>
#include <stdlib.h>
#include <string.h>

#include "xfsm/base/error.h"
#include "xfsm/base/mem.h"
#include "xfsm/sketch/distinct-private.h"

#define NS_PER_S UINT64_C(1000000000)

#define SKETCH_WORDS 20
#define MINI_WORDS 2
#define NO_SKETCH UINT32_MAX

/* Kinds of a record.  Up to XFSM_DISTINCT_SMALL it is exact, the kind being
 * the number of elements. */
enum {
    /* Both counts use registers in the record... */
    KIND_MINI = XFSM_DISTINCT_SMALL + 1,

    /* ...or only that of both windows does, while that of this window has
     * the second half of a sketch (a state that lasts until the next
     * window)... */
    KIND_MIXED,

    /* ...or both have a sketch. */
    KIND_FULL,
};

/* The counts of a key. */
enum { BOTH, THIS };

struct big {
    struct xfsm_distinct_counter both;      /* Of both windows. */
    struct xfsm_distinct_counter this;      /* Of this window. */
    uint64_t mini_both[MINI_WORDS];         /* Unless KIND_FULL. */
    union {
        uint64_t mini_this[MINI_WORDS];     /* If KIND_MINI. */
        uint32_t sketch;                    /* Otherwise. */
    };
};

/* 'head' is, from its lowest bit: the window number (40 bits), the kind (8),
 * and for each exact element whether this window has met it (16). */
struct record {
    uint64_t head;
    union {
        struct xfsm_distinct_small small;
        struct big big;
    };
};

#define HEAD_WINDOW ((UINT64_C(1) << 40) - 1)

_Static_assert(sizeof(struct record) == 56, "a line, with one word of key");
_Static_assert(sizeof(struct xfsm_distinct_sketch)
               == 2 * SKETCH_WORDS * sizeof(uint64_t),
               "a sketch has two counts");

static inline unsigned int
head_kind(uint64_t head)
{
    return (uint8_t) (head >> 40);
}

static inline unsigned int
head_marks(uint64_t head)
{
    return (unsigned int) (head >> 48);
}

static inline uint64_t
make_head(uint64_t window, unsigned int kind, unsigned int marks)
{
    return ((window & HEAD_WINDOW) | (uint64_t) kind << 40
            | (uint64_t) marks << 48);
}

/* How many windows before number 'window' the record was touched. */
static inline uint64_t
head_age(uint64_t head, uint64_t window)
{
    return (window - head) & HEAD_WINDOW;
}

static inline struct xfsm_distinct_registers
sketch_registers(const struct xfsm_distinct *d, uint32_t sketch,
                 unsigned int which)
{
    return (struct xfsm_distinct_registers) {
        &d->sketches[sketch].word[0][which], 2, SKETCH_WORDS
    };
}

static inline struct xfsm_distinct_registers
registers_of_both(const struct xfsm_distinct *d, struct record *record)
{
    if (__builtin_expect(head_kind(record->head) == KIND_FULL, 1)) {
        return sketch_registers(d, record->big.sketch, BOTH);
    }
    return (struct xfsm_distinct_registers) {
        record->big.mini_both, 1, MINI_WORDS
    };
}

static inline struct xfsm_distinct_registers
registers_of_this(const struct xfsm_distinct *d, struct record *record)
{
    if (__builtin_expect(head_kind(record->head) != KIND_MINI, 1)) {
        return sketch_registers(d, record->big.sketch, THIS);
    }
    return (struct xfsm_distinct_registers) {
        record->big.mini_this, 1, MINI_WORDS
    };
}

static bool
owner_is_live(const struct xfsm_distinct *d,
              const struct xfsm_distinct_owner *owner)
{
    uint32_t age = (uint32_t) d->window.number - owner->window;

    return owner->generation == d->generation && age < 2;
}

static void
own_sketch(struct xfsm_distinct *d, uint32_t sketch)
{
    d->owners[sketch].window = (uint32_t) d->window.number;
    d->owners[sketch].generation = d->generation;
}

/* Returns a free sketch, zeroed, or NO_SKETCH. */
static uint32_t
take_sketch(struct xfsm_distinct *d)
{
    uint32_t i;

    for (i = 0; i < XFSM_DISTINCT_SEARCH && i < d->n_sketches; i++) {
        uint32_t sketch = d->hand;

        d->hand = d->hand + 1 < d->n_sketches ? d->hand + 1 : 0;
        if (!owner_is_live(d, &d->owners[sketch])) {
            own_sketch(d, sketch);
            memset(&d->sketches[sketch], 0, sizeof d->sketches[sketch]);
            return sketch;
        }
    }
    d->crowded++;
    return NO_SKETCH;
}

/* Gives back the sketch of a record that goes.  An old record's sketch is
 * free anyway, and may be another key's by now. */
static void
release_sketch(struct xfsm_distinct *d, const struct record *record)
{
    if (head_kind(record->head) >= KIND_MIXED
        && head_age(record->head, d->window.number) < 2) {
        d->owners[record->big.sketch].generation = 0;
    }
}

/* Keeps the elements that had a mark, which none has now. */
static void
rotate_small(struct record *record, uint64_t window)
{
    struct xfsm_distinct_small *s = &record->small;
    unsigned int marks = head_marks(record->head);
    unsigned int n = 0;

    for (; marks; marks &= marks - 1) {
        unsigned int i = (unsigned int) __builtin_ctz(marks);

        s->low[n] = s->low[i];
        s->high[n] = s->high[i];
        n++;
    }
    record->head = make_head(window, n, 0);
}

/* The two halves of rotate_big(): from registers in the record... */
static void
rotate_mini(struct xfsm_distinct *d, struct record *record)
{
    struct big *big = &record->big;
    uint32_t sketch = take_sketch(d);
    bool mixed = sketch != NO_SKETCH;

    memcpy(big->mini_both, big->mini_this, sizeof big->mini_both);
    memset(big->mini_this, 0, sizeof big->mini_this);
    if (mixed) {
        big->sketch = sketch;
    }
    xfsm_distinct_counter_init(&big->this, mixed ? SKETCH_WORDS : MINI_WORDS,
                               0);
    record->head = make_head(d->window.number,
                             mixed ? KIND_MIXED : KIND_MINI, 0);
}

/* ...and from registers in a sketch. */
static void
rotate_sketch(struct xfsm_distinct *d, struct record *record)
{
    struct big *big = &record->big;
    struct xfsm_distinct_sketch *sketch = &d->sketches[big->sketch];
    unsigned int i;

    for (i = 0; i < SKETCH_WORDS; i++) {
        sketch->word[i][BOTH] = sketch->word[i][THIS];
        sketch->word[i][THIS] = 0;
    }
    own_sketch(d, big->sketch);
    xfsm_distinct_counter_init(&big->this, SKETCH_WORDS, 0);
    record->head = make_head(d->window.number, KIND_FULL, 0);
}

/* Makes the count of this window that of both, and begins a new one. */
static void
rotate_big(struct xfsm_distinct *d, struct record *record)
{
    record->big.both = record->big.this;
    if (head_kind(record->head) == KIND_MINI) {
        rotate_mini(d, record);
    } else {
        rotate_sketch(d, record);
    }
}

/* Brings a record that was last touched in another window up to this one. */
static void
rotate_record(struct xfsm_distinct *d, struct record *record)
{
    uint64_t window = d->window.number;

    if (head_age(record->head, window) > 1) {
        record->head = make_head(window, 0, 0);
    } else if (head_kind(record->head) <= XFSM_DISTINCT_SMALL) {
        rotate_small(record, window);
    } else {
        rotate_big(d, record);
    }
}

static inline void
add_big(struct xfsm_distinct *d, struct record *record, uint64_t element)
{
    xfsm_distinct_counter_add(&record->big.both,
                              registers_of_both(d, record), element);
    xfsm_distinct_counter_add(&record->big.this,
                              registers_of_this(d, record), element);
}

/* Goes over to registers.  How many elements there are is known, so the
 * estimates begin with that. */
static void
promote(struct xfsm_distinct *d, struct record *record)
{
    struct xfsm_distinct_small small = record->small;
    unsigned int marks = head_marks(record->head);
    uint32_t sketch = take_sketch(d);
    bool full = sketch != NO_SKETCH;
    unsigned int n_words = full ? SKETCH_WORDS : MINI_WORDS;
    struct big *big = &record->big;
    unsigned int i;

    d->promotions++;
    memset(big, 0, sizeof *big);
    if (full) {
        big->sketch = sketch;
    }
    record->head = make_head(d->window.number, full ? KIND_FULL : KIND_MINI,
                             0);
    xfsm_distinct_counter_init(&big->both, n_words, 0);
    xfsm_distinct_counter_init(&big->this, n_words, 0);
    for (i = 0; i < XFSM_DISTINCT_SMALL; i++) {
        uint64_t element = small.low[i] | (uint64_t) small.high[i] << 16;

        xfsm_distinct_counter_add(&big->both, registers_of_both(d, record),
                                  element);
        if (marks >> i & 1) {
            xfsm_distinct_counter_add(&big->this,
                                      registers_of_this(d, record), element);
        }
    }
    big->both.estimate = XFSM_DISTINCT_SMALL;
    big->this.estimate = (float) __builtin_popcount(marks);
}

/* Takes an element that is exact or will be, if there is room.  Returns false
 * if there is none. */
static inline bool
add_small(struct record *record, uint64_t element)
{
    struct xfsm_distinct_small *s = &record->small;
    unsigned int n = head_kind(record->head);
    unsigned int mask = xfsm_distinct_match(s, element) & ((1u << n) - 1);

    if (!mask) {
        if (n == XFSM_DISTINCT_SMALL) {
            return false;
        }
        s->low[n] = (uint16_t) element;
        s->high[n] = (uint8_t) (element >> 16);
        mask = 1u << n;
        record->head += UINT64_C(1) << 40;
    }
    record->head |= (uint64_t) mask << 48;
    return true;
}

static double
read_record(const struct record *record, uint64_t window)
{
    uint64_t age = head_age(record->head, window);
    unsigned int kind = head_kind(record->head);

    if (age > 1) {
        return 0;
    } else if (kind > XFSM_DISTINCT_SMALL) {
        return age ? record->big.this.estimate : record->big.both.estimate;
    }
    return age ? __builtin_popcount(head_marks(record->head)) : (int) kind;
}

static char *
check_limits(size_t n_sketches, uint64_t window)
{
    if (!n_sketches || n_sketches > XFSM_DISTINCT_SKETCHES_MAX) {
        return xfsm_error("a distinct count has 1 to %zu sketches, not %zu",
                          XFSM_DISTINCT_SKETCHES_MAX, n_sketches);
    }
    if (window && window < XFSM_DISTINCT_WINDOW_MIN) {
        return xfsm_error("the window of a distinct count is at least "
                          "1 ms, not %llu ns", (unsigned long long) window);
    }
    return NULL;
}

static size_t
sketches_size(const struct xfsm_distinct *d)
{
    return d->n_sketches * sizeof *d->sketches;
}

static size_t
owners_size(const struct xfsm_distinct *d)
{
    return d->n_sketches * sizeof *d->owners;
}

char *
xfsm_distinct_create(unsigned int key_words, size_t capacity,
                     size_t n_sketches, uint64_t window,
                     struct xfsm_distinct **distinctp)
{
    char *error = check_limits(n_sketches, window);
    struct xfsm_distinct *d;

    if (error) {
        return error;
    }
    d = calloc(1, sizeof *d);
    if (!d) {
        return xfsm_error("no memory for a distinct count");
    }
    d->n_sketches = (uint32_t) n_sketches;
    d->generation = 1;
    xfsm_window_init(&d->window, window);
    error = xfsm_keytable_create(key_words, sizeof(struct record), capacity,
                                 &d->table);
    if (!error) {
        d->sketches = xfsm_mem_map(sketches_size(d), false);
        d->owners = xfsm_mem_map(owners_size(d), false);
        if (!d->sketches || !d->owners) {
            error = xfsm_error("no address space for %zu sketches",
                               n_sketches);
        }
    }
    if (error) {
        xfsm_distinct_destroy(d);
        return error;
    }
    *distinctp = d;
    return NULL;
}

void
xfsm_distinct_destroy(struct xfsm_distinct *d)
{
    if (d) {
        xfsm_keytable_destroy(d->table);
        xfsm_mem_unmap(d->sketches, sketches_size(d));
        xfsm_mem_unmap(d->owners, owners_size(d));
        free(d);
    }
}

/* The record of 'key', made if need be, in the window that it is; NULL if
 * there is no room. */
static inline struct record *
touch_record(struct xfsm_distinct *d, uint64_t hash, const uint64_t *key,
             unsigned int n, uint64_t now)
{
    struct record evicted = { .head = 0 };
    struct xfsm_keytable_gone gone;
    struct record *record;
    bool created;

    gone.record = &evicted;
    gone.n = 0;
    record = xfsm_keytable_insert_evict(d->table, hash, key, n,
                                        (uint32_t) (now / NS_PER_S),
                                        &created, &gone);
    if (!record) {
        return NULL;
    } else if (created) {
        record->head = make_head(d->window.number, 0, 0);
        release_sketch(d, &evicted);
    } else if (head_age(record->head, d->window.number)) {
        rotate_record(d, record);
    }
    return record;
}

double
xfsm_distinct_add(struct xfsm_distinct *d, uint64_t hash,
                  const uint64_t *key, unsigned int n, uint64_t element,
                  uint64_t now)
{
    struct record *record;

    xfsm_window_advance(&d->window, now);
    record = touch_record(d, hash, key, n, now);
    if (!record) {
        return 0;
    }
    if (head_kind(record->head) <= XFSM_DISTINCT_SMALL) {
        if (add_small(record, element)) {
            return head_kind(record->head);
        }
        promote(d, record);
    }
    add_big(d, record, element);
    return record->big.both.estimate;
}

double
xfsm_distinct_get(const struct xfsm_distinct *d, uint64_t hash,
                  const uint64_t *key, unsigned int n, uint64_t now)
{
    const struct record *record = xfsm_keytable_find_live(
        d->table, hash, key, n, (uint32_t) (now / NS_PER_S));

    return record ? read_record(record, xfsm_window_at(&d->window, now)) : 0;
}

bool
xfsm_distinct_reset_key(struct xfsm_distinct *d, uint64_t hash,
                        const uint64_t *key, unsigned int n)
{
    const struct record *record = xfsm_keytable_find(d->table, hash, key, n);

    if (record) {
        release_sketch(d, record);
        xfsm_keytable_remove(d->table, hash, key, n);
    }
    return record != NULL;
}

void
xfsm_distinct_reset(struct xfsm_distinct *d)
{
    xfsm_keytable_clear(d->table);
    d->generation++;
    if (!d->generation) {
        d->generation = 1;
    }
}

/* What xfsm_distinct_foreach() was called with. */
struct walk {
    bool (*cb)(const uint64_t *key, unsigned int n, double estimate,
               void *aux);
    void *aux;
    uint64_t window;
};

static bool
walk_record(const uint64_t *key, unsigned int n, void *record, void *walk_)
{
    const struct walk *walk = walk_;

    return walk->cb(key, n, read_record(record, walk->window), walk->aux);
}

void
xfsm_distinct_foreach(const struct xfsm_distinct *d, uint64_t now,
                      bool (*cb)(const uint64_t *key, unsigned int n,
                                 double estimate, void *aux),
                      void *aux)
{
    struct walk walk = { cb, aux, xfsm_window_at(&d->window, now) };

    xfsm_keytable_foreach(d->table, walk_record, &walk);
}

void
xfsm_distinct_get_stats(const struct xfsm_distinct *d,
                        struct xfsm_distinct_stats *stats)
{
    struct xfsm_keytable_stats table;
    uint32_t i;

    xfsm_keytable_get_stats(d->table, &table);
    stats->n = table.n;
    stats->capacity = table.capacity;
    stats->evictions = table.evictions;
    stats->n_sketches = d->n_sketches;
    stats->used = 0;
    for (i = 0; i < d->n_sketches; i++) {
        stats->used += owner_is_live(d, &d->owners[i]);
    }
    stats->promotions = d->promotions;
    stats->crowded = d->crowded;
    stats->bytes = (sizeof *d + table.bytes + sketches_size(d)
                    + owners_size(d));
}

/* The chance that a new element changes a register is computed with 2^(14 +
 * base). */
static bool
counter_good(const struct xfsm_distinct_counter *c)
{
    return c->base <= 48 && c->estimate >= 0 && c->estimate <= FLT_MAX;
}

static bool
record_good(const void *record_, void *d_)
{
    const struct record *record = record_;
    const struct xfsm_distinct *d = d_;
    unsigned int kind = head_kind(record->head);

    return (kind <= XFSM_DISTINCT_SMALL
            || (kind <= KIND_FULL && counter_good(&record->big.both)
                && counter_good(&record->big.this)
                && (kind == KIND_MINI
                    || record->big.sketch < d->n_sketches)));
}

void
xfsm_distinct_state(struct xfsm_distinct *d, struct xfsm_state_io *io)
{
    xfsm_state_same(io, d->n_sketches, "the sketches of a distinct count");
    xfsm_window_state(&d->window, io);
    xfsm_state_u32(io, &d->hand);
    xfsm_state_u32(io, &d->generation);
    xfsm_state_u64(io, &d->promotions);
    xfsm_state_u64(io, &d->crowded);
    xfsm_state_check(io, d->hand < d->n_sketches && d->generation,
                     "a sketch of a distinct count");
    xfsm_state_sparse(io, d->sketches, d->n_sketches, sizeof *d->sketches,
                      NULL);
    xfsm_state_sparse(io, d->owners, d->n_sketches, sizeof *d->owners, NULL);
    xfsm_keytable_state(d->table, io, record_good, d);
}
