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
#include "tests/unit/random.h"
#include "xfsm/base/hash.h"
#include "xfsm/sketch/keytable.h"
#include "xfsm/sketch/tags.h"

#define MAX_WORDS 5

static struct xfsm_seed seed;

static int
set_up(void **state)
{
    uint8_t entropy[16] = "keytable";

    (void) state;
    xfsm_seed_init(&seed, entropy);
    return 0;
}

static struct xfsm_keytable *
create(unsigned int key_words, size_t record_size, size_t capacity)
{
    struct xfsm_keytable *t = NULL;

    assert_null(xfsm_keytable_create(key_words, record_size, capacity, &t));
    assert_non_null(t);
    return t;
}

/* Key number 'i': 0 to MAX_WORDS words, some keys being others followed by
 * zeros. */
static unsigned int
make_key(uint64_t i, uint64_t key[MAX_WORDS])
{
    memset(key, 0, MAX_WORDS * sizeof *key);
    if (!i) {
        return 0;
    }
    key[0] = i / MAX_WORDS;
    return 1 + (unsigned int) (i % MAX_WORDS);
}

static uint64_t
hash_key(const uint64_t *key, unsigned int n)
{
    return xfsm_hash_words(&seed, 0, key, n);
}

static uint64_t *
insert(struct xfsm_keytable *t, uint64_t i, uint32_t now, bool *created)
{
    uint64_t key[MAX_WORDS];
    unsigned int n = make_key(i, key);

    return xfsm_keytable_insert(t, hash_key(key, n), key, n, now, created);
}

static uint64_t *
find(const struct xfsm_keytable *t, uint64_t i)
{
    uint64_t key[MAX_WORDS];
    unsigned int n = make_key(i, key);

    uint64_t hash = hash_key(key, n);
    uint64_t *record = xfsm_keytable_find(t, hash, key, n);
    uint32_t slot;

    xfsm_keytable_prefetch(t, hash);
    slot = xfsm_keytable_prefetch_slot(t, hash);
    assert_ptr_equal(xfsm_keytable_find_at(t, slot, hash, key, n), record);
    slot = (uint32_t) (hash % (2 * XFSM_KEYTABLE_WAYS * t->half));
    assert_ptr_equal(xfsm_keytable_find_at(t, slot, hash, key, n), record);
    return record;
}

static bool
drop(struct xfsm_keytable *t, uint64_t i)
{
    uint64_t key[MAX_WORDS];
    unsigned int n = make_key(i, key);

    return xfsm_keytable_remove(t, hash_key(key, n), key, n);
}

static struct xfsm_keytable_stats
stats_of(const struct xfsm_keytable *t)
{
    struct xfsm_keytable_stats stats;

    xfsm_keytable_get_stats(t, &stats);
    return stats;
}

static bool
count_key(const uint64_t *key, unsigned int n, void *record, void *aux)
{
    uint64_t *count = aux;

    (void) key;
    assert_true(n <= MAX_WORDS);
    assert_non_null(record);
    return ++*count != 1000000007;
}

static uint64_t
count_keys(const struct xfsm_keytable *t)
{
    uint64_t count = 0;

    xfsm_keytable_foreach(t, count_key, &count);
    return count;
}

static void
refuse(unsigned int key_words, size_t record_size, size_t capacity,
       const char *expected)
{
    struct xfsm_keytable *t = (void *) &seed;
    char *error = xfsm_keytable_create(key_words, record_size, capacity, &t);

    assert_non_null(error);
    assert_string_equal(error, expected);
    assert_ptr_equal(t, &seed);
    free(error);
}

static void
test_limits(void **state)
{
    struct xfsm_keytable *t;

    (void) state;
    refuse(0, 8, 8, "a key has 1 to 16 words, not 0");
    refuse(XFSM_KEY_WORDS + 1, 8, 8, "a key has 1 to 16 words, not 17");
    refuse(1, 0, 8, "a record has 1 to 4096 bytes, not 0");
    refuse(1, XFSM_KEYTABLE_RECORD_MAX + 1, 8,
           "a record has 1 to 4096 bytes, not 4097");
    refuse(1, 8, 0, "a key table has 1 to 67108864 slots, not 0");
    refuse(1, 8, XFSM_KEYTABLE_CAPACITY_MAX + 1,
           "a key table has 1 to 67108864 slots, not 67108865");

    t = create(1, 1, 1);
    assert_int_equal(stats_of(t).capacity, 2 * XFSM_KEYTABLE_WAYS);
    xfsm_keytable_destroy(t);
    t = create(1, 1, XFSM_KEYTABLE_CAPACITY_MAX);
    assert_int_equal(stats_of(t).capacity, XFSM_KEYTABLE_CAPACITY_MAX);
    xfsm_keytable_destroy(t);
    t = create(1, 1, 1025);
    assert_int_equal(stats_of(t).capacity, 2048);
    assert_in_range(stats_of(t).bytes, 2048 * 24 + XFSM_KEYTABLE_COUNTS,
                    2048 * 24 + XFSM_KEYTABLE_COUNTS + 4096);
    xfsm_keytable_destroy(t);
    xfsm_keytable_destroy(NULL);
}

/* The largest key and record: the last byte of each is kept apart from its
 * neighbours. */
static void
test_largest(void **state)
{
    struct xfsm_keytable *t = create(XFSM_KEY_WORDS,
                                     XFSM_KEYTABLE_RECORD_MAX, 64);
    uint64_t key[XFSM_KEY_WORDS] = { 0 };
    uint64_t i;

    (void) state;
    for (i = 0; i < 40; i++) {
        bool created;
        uint8_t *record;

        key[XFSM_KEY_WORDS - 1] = i;
        record = xfsm_keytable_insert(t, hash_key(key, XFSM_KEY_WORDS), key,
                                      XFSM_KEY_WORDS, 1, &created);
        assert_true(created);
        memset(record, (int) i, XFSM_KEYTABLE_RECORD_MAX);
    }
    for (i = 0; i < 40; i++) {
        const uint8_t *record;

        key[XFSM_KEY_WORDS - 1] = i;
        record = xfsm_keytable_find(t, hash_key(key, XFSM_KEY_WORDS), key,
                                    XFSM_KEY_WORDS);
        assert_non_null(record);
        assert_int_equal(record[0], i);
        assert_int_equal(record[XFSM_KEYTABLE_RECORD_MAX - 1], i);
    }
    assert_null(xfsm_keytable_find(t, hash_key(key, 1), key, 1));
    xfsm_keytable_destroy(t);
}

/* Random operations, compared with an array. */
static void
test_oracle(void **state)
{
    enum { CAPACITY = 1 << 14, KEYS = CAPACITY * 7 / 10, OPS = 2000000 };
    struct xfsm_keytable *t = create(MAX_WORDS, 12, CAPACITY);
    static uint64_t oracle[KEYS];           /* 0: not there. */
    uint64_t random = 1;
    uint64_t present = 0;
    uint64_t op;
    uint64_t i;

    (void) state;
    for (op = 1; op <= OPS; op++) {
        uint64_t *record;
        bool created;

        i = random_below(&random, KEYS);
        switch (random_below(&random, 4)) {
        case 0:
        case 1:
            record = insert(t, i, (uint32_t) op, &created);
            assert_int_equal(created, !oracle[i]);
            assert_int_equal(*record, oracle[i]);
            present += created;
            *record = oracle[i] = op;
            break;

        case 2:
            record = find(t, i);
            assert_int_equal(record ? *record : 0, oracle[i]);
            break;

        case 3:
            assert_int_equal(drop(t, i), oracle[i] != 0);
            present -= oracle[i] != 0;
            oracle[i] = 0;
            break;
        }
        if (!(op % (OPS / 4))) {
            assert_int_equal(count_keys(t), present);
            xfsm_keytable_clear(t);
            memset(oracle, 0, sizeof oracle);
            present = 0;
            assert_int_equal(count_keys(t), 0);
        }
        assert_int_equal(t->n, present);
    }
    assert_int_equal(stats_of(t).evictions, 0);
    xfsm_keytable_destroy(t);
}

/* No eviction up to the load that the header promises. */
static void
test_load(void **state)
{
    enum { CAPACITY = 1 << 20 };
    struct xfsm_keytable *t = create(2, 8, CAPACITY);
    uint64_t i;

    (void) state;
    for (i = 0; i < CAPACITY * UINT64_C(9) / 10; i++) {
        uint64_t key[2] = { i, ~i };
        bool created;

        xfsm_keytable_insert(t, hash_key(key, 2), key, 2, 0, &created);
        assert_true(created);
        if (i == CAPACITY * UINT64_C(7) / 10) {
            assert_int_equal(stats_of(t).evictions, 0);
        } else if (i == CAPACITY * UINT64_C(8) / 10) {
            assert_in_range(stats_of(t).evictions, 0, CAPACITY / 10000);
        }
    }
    assert_in_range(stats_of(t).evictions, 1, CAPACITY / 100);
    assert_int_equal(stats_of(t).n + stats_of(t).evictions, i);
    xfsm_keytable_destroy(t);
}

/* Forced full: each key that was received is there or was evicted. */
static void
test_full(void **state)
{
    enum { CAPACITY = 1 << 12, KEYS = CAPACITY * 4 };
    struct xfsm_keytable *t = create(MAX_WORDS, 8, CAPACITY);
    struct xfsm_keytable_stats stats;
    uint64_t present = 0;
    uint64_t last_quarter = 0;
    uint64_t i;

    (void) state;
    for (i = 0; i < KEYS; i++) {
        bool created;

        *insert(t, i, (uint32_t) i, &created) = i;
        assert_true(created);
        assert_int_equal(*find(t, i), i);
    }
    for (i = 0; i < KEYS; i++) {
        const uint64_t *record = find(t, i);

        if (record) {
            assert_int_equal(*record, i);
            present++;
            last_quarter += i >= KEYS * 3 / 4;
        }
    }
    stats = stats_of(t);
    assert_int_equal(stats.n, present);
    assert_int_equal(count_keys(t), present);
    assert_int_equal(present + stats.evictions, KEYS);
    assert_int_equal(present, CAPACITY);

    /* The oldest of 16 goes, so that the young ones stay. */
    assert_true(last_quarter > CAPACITY * 8 / 10);
    xfsm_keytable_destroy(t);
}

/* 16 slots, where the order of eviction can be told. */
static void
test_eviction_order(void **state)
{
    enum { SLOTS = 2 * XFSM_KEYTABLE_WAYS };
    struct xfsm_keytable *t = create(MAX_WORDS, 8, 1);
    bool created;
    uint64_t i;

    (void) state;
    for (i = 0; i < SLOTS; i++) {
        insert(t, i, (uint32_t) (100 + i), &created);
    }
    assert_int_equal(stats_of(t).evictions, 0);

    insert(t, 0, 200, &created);            /* Touched: now the youngest. */
    assert_false(created);
    insert(t, 5, 1, &created);              /* Late: remains as it was. */
    assert_false(created);
    assert_non_null(find(t, 1));            /* A look-up is no touch. */
    for (i = 0; i < SLOTS; i++) {
        uint64_t gone = i + 1 < SLOTS ? i + 1 : 0;

        assert_non_null(find(t, gone));
        *insert(t, SLOTS + i, 300, &created) = 1;
        assert_true(created);
        assert_null(find(t, gone));
        assert_int_equal(stats_of(t).evictions, i + 1);
        assert_int_equal(stats_of(t).n, SLOTS);
    }

    assert_true(drop(t, SLOTS));
    assert_false(drop(t, SLOTS));
    assert_int_equal(*insert(t, 99, 300, &created), 0);
    assert_int_equal(stats_of(t).evictions, SLOTS);
    xfsm_keytable_destroy(t);
}

/* What goes is handed out, and only when something goes; also where its
 * lifetime is not the usual one. */
static void
test_evicted_record(void **state)
{
    enum { SLOTS = 2 * XFSM_KEYTABLE_WAYS };
    struct xfsm_keytable *t = create(1, 8, 1);
    uint64_t key;

    (void) state;
    xfsm_keytable_set_lifetime(t, 3, 1000000);
    for (key = 0; key < 3 * SLOTS; key++) {
        uint64_t evicted = UINT64_MAX;
        struct xfsm_keytable_gone gone = { .record = &evicted };
        uint64_t *record;
        bool created;

        record = xfsm_keytable_insert_evict(t, hash_key(&key, 1), &key, 1,
                                            (uint32_t) key, &created, &gone);
        assert_true(created);
        assert_int_equal(*record, 0);
        *record = key + 1000;
        xfsm_keytable_stamp(t, record, (uint32_t) key, 3);
        if (key < SLOTS) {
            assert_true(evicted == UINT64_MAX);
            assert_int_equal(gone.n, 0);
        } else {
            assert_int_equal(evicted, key - SLOTS + 1000);
            assert_int_equal(gone.n, 1);
            assert_int_equal(gone.key[0], key - SLOTS);
        }
        evicted = UINT64_MAX;
        gone.n = 0;
        xfsm_keytable_insert_evict(t, hash_key(&key, 1), &key, 1, 0,
                                   &created, &gone);
        assert_false(created);
        assert_int_equal(gone.n, 0);
        assert_true(evicted == UINT64_MAX);
    }
    xfsm_keytable_destroy(t);
}

/* One hash for all: the keys still tell them apart. */
static void
test_colliding_hashes(void **state)
{
    static const uint64_t hashes[] = { 0, UINT64_MAX, 1 };
    size_t h;

    (void) state;
    for (h = 0; h < sizeof hashes / sizeof *hashes; h++) {
        struct xfsm_keytable *t = create(2, 8, 1 << 10);
        uint64_t key[2] = { 0, 0 };
        uint64_t i;

        for (i = 0; i < 2 * XFSM_KEYTABLE_WAYS; i++) {
            bool created;
            uint64_t *record;

            key[0] = i / 2;
            record = xfsm_keytable_insert(t, hashes[h], key, 1 + i % 2, 0,
                                          &created);
            assert_true(created);
            *record = i;
        }
        for (i = 0; i < 2 * XFSM_KEYTABLE_WAYS; i++) {
            const uint64_t *record;

            key[0] = i / 2;
            record = xfsm_keytable_find(t, hashes[h], key, 1 + i % 2);
            assert_non_null(record);
            assert_int_equal(*record, i);
        }
        key[0] = i;
        assert_null(xfsm_keytable_find(t, hashes[h], key, 1));
        xfsm_keytable_destroy(t);
    }
}

/* A new key goes into the emptier bucket, the left on a tie. */
static void
test_placement(void **state)
{
    struct xfsm_keytable *t = create(1, 8, 1);
    uint64_t key;

    (void) state;
    for (key = 0; key < 2 * XFSM_KEYTABLE_WAYS; key++) {
        bool created;

        xfsm_keytable_insert(t, 0, &key, 1, 0, &created);
        assert_int_equal(t->buckets[0].n, key / 2 + 1);
        assert_int_equal(t->buckets[1].n, (key + 1) / 2);
    }
    for (key = 1; key < 2 * XFSM_KEYTABLE_WAYS; key += 2) {
        assert_true(xfsm_keytable_remove(t, 0, &key, 1));
    }
    assert_int_equal(t->buckets[0].n, XFSM_KEYTABLE_WAYS);
    assert_int_equal(t->buckets[1].n, 0);
    xfsm_keytable_destroy(t);
}

/* Epochs go round without an old key coming back, for each one visits a
 * bucket: one clearing for each of the 8 buckets leaves none with old keys. */
static void
test_clear_wraps(void **state)
{
    struct xfsm_keytable *t = create(MAX_WORDS, 8, 64);
    uint32_t n_buckets = 2 * t->half;
    bool created;

    (void) state;
    for (uint64_t key = 0; key < 1000; key++) {
        insert(t, key, 0, &created);
    }
    for (uint32_t i = 0; i < n_buckets; i++) {
        assert_int_not_equal(t->buckets[i].n, 0);
    }
    for (uint32_t i = 0; i < n_buckets; i++) {
        xfsm_keytable_clear(t);
        assert_int_equal(t->buckets[i].n, 0);
        assert_int_equal(count_keys(t), 0);
    }
    assert_int_equal(t->scrub, 0);

    /* As if the rest of the 2^32 had been. */
    t->epoch = UINT32_MAX;
    insert(t, 4, 0, &created);
    assert_true(created);
    xfsm_keytable_clear(t);
    assert_int_equal(t->epoch, 0);
    for (uint64_t key = 0; key < 1000; key++) {
        assert_null(find(t, key));
    }
    insert(t, 3, 0, &created);
    assert_true(created);
    assert_int_equal(count_keys(t), 1);
    xfsm_keytable_destroy(t);
}

/* The counts may say that a key is there when it is not, never the other way
 * round: through full buckets, removal and clearing. */
static void
test_counts(void **state)
{
    struct xfsm_keytable *t = create(MAX_WORDS, 8, 64);
    uint64_t random = 1, i;
    bool created;

    (void) state;
    for (i = 0; i < 200000; i++) {
        uint64_t key[MAX_WORDS];
        uint64_t number = 1 + random % 300;
        unsigned int n = make_key(number, key);

        random = random * UINT64_C(6364136223846793005) + 1442695040888963407;
        if (random >> 63) {
            insert(t, number, (uint32_t) i, &created);
            assert_true(xfsm_keytable_may_have(t, hash_key(key, n)));
            assert_non_null(find(t, number));
        } else if (drop(t, number)) {
            assert_null(find(t, number));
        }
        random ^= random >> 29;
    }
    assert_true(stats_of(t).evictions > 0);
    for (i = 1; i <= 300; i++) {
        drop(t, i);
    }
    assert_int_equal(stats_of(t).n, 0);
    xfsm_keytable_clear(t);
    for (i = 0; i < XFSM_KEYTABLE_COUNTS; i++) {
        assert_int_equal(t->counts[i], 0);
    }
    xfsm_keytable_destroy(t);
}

/* The number of a slot, after what was there has gone. */
static void
test_stale_slot(void **state)
{
    struct xfsm_keytable *t;
    uint64_t key[] = { 1, 2 };
    uint64_t hash = hash_key(key, 2);
    uint64_t shorter = hash_key(key, 1);
    uint32_t slot;
    bool created;
    void *record;

    (void) state;
    assert_null(xfsm_keytable_create(2, 8, 64, &t));
    record = xfsm_keytable_insert(t, hash, key, 2, 0, &created);
    slot = xfsm_keytable_prefetch_slot(t, hash);
    assert_ptr_equal(t->slots + slot * t->slot_size
                     + t->key_words * sizeof *key, record);
    assert_ptr_equal(xfsm_keytable_find_at(t, slot, hash, key, 2), record);
    assert_null(xfsm_keytable_find_at(t, slot, shorter, key, 1));
    assert_true(xfsm_keytable_remove(t, hash, key, 2));
    assert_null(xfsm_keytable_find_at(t, slot, hash, key, 2));

    assert_ptr_equal(xfsm_keytable_insert(t, hash, key, 2, 0, &created),
                     record);
    xfsm_keytable_clear(t);
    assert_null(xfsm_keytable_find_at(t, slot, hash, key, 2));

    /* Also where forgetting has not come to the key's bucket yet. */
    for (key[0] = 0; key[0] < 20; key[0]++) {
        hash = hash_key(key, 2);
        xfsm_keytable_insert(t, hash, key, 2, 0, &created);
        slot = xfsm_keytable_prefetch_slot(t, hash);
        xfsm_keytable_clear(t);
        assert_null(xfsm_keytable_find_at(t, slot, hash, key, 2));
    }
    xfsm_keytable_destroy(t);
}

static void
test_foreach_stops(void **state)
{
    struct xfsm_keytable *t = create(MAX_WORDS, 8, 64);
    uint64_t count = 1000000007 - 3;
    uint64_t i;

    (void) state;
    for (i = 0; i < 10; i++) {
        bool created;

        insert(t, i, 0, &created);
    }
    xfsm_keytable_foreach(t, count_key, &count);
    assert_int_equal(count, 1000000007);
    xfsm_keytable_destroy(t);
}

/* A walk in steps sees what xfsm_keytable_foreach() does, and ends. */
static void
test_walk(void **state)
{
    struct xfsm_keytable *t = create(MAX_WORDS, 8, 64);
    size_t steps[] = { 1, 3, 8, 9, SIZE_MAX };
    uint64_t i;

    (void) state;
    for (i = 0; i < 20; i++) {
        bool created;

        insert(t, i, 0, &created);
    }
    for (i = 0; i < sizeof steps / sizeof *steps; i++) {
        size_t bucket = 0;
        uint64_t count = 0;
        size_t n = 1;

        while (xfsm_keytable_walk(t, &bucket, steps[i], count_key, &count)) {
            n++;
        }
        assert_int_equal(count, 20);
        assert_int_equal(bucket, 8);
        assert_int_equal(n, steps[i] == SIZE_MAX ? 1 : 7 / steps[i] + 1);
        assert_false(xfsm_keytable_walk(t, &bucket, 1, count_key, &count));
        assert_int_equal(count, 20);
    }
    xfsm_keytable_destroy(t);
}

static void
test_deadline(void **state)
{
    struct xfsm_keytable *t = create(MAX_WORDS, 8, 64);
    bool created;
    void *record;

    (void) state;
    xfsm_keytable_set_policy(t, XFSM_KEYTABLE_EVICT, 30);
    xfsm_keytable_set_lifetime(t, 1, 0);
    record = insert(t, 1, UINT32_MAX - 1, &created);
    assert_int_equal(xfsm_keytable_deadline(t, record),
                     (uint64_t) UINT32_MAX + 29);
    xfsm_keytable_stamp(t, record, UINT32_MAX, 1);
    assert_int_equal(xfsm_keytable_deadline(t, record), 0);
    xfsm_keytable_destroy(t);
}

static void
test_tags(void **state)
{
    uint64_t random = 5;
    int round;

    (void) state;
    for (round = 0; round < 100000; round++) {
        uint16_t tags[XFSM_TAGS] __attribute__((aligned(16)));
        uint16_t tag = (uint16_t) (random_below(&random, 4) * 0x5555);
        unsigned int i;

        for (i = 0; i < XFSM_TAGS; i++) {
            tags[i] = (uint16_t) (random_below(&random, 4) * 0x5555);
        }
        assert_int_equal(xfsm_tags_match(tags, tag),
                         xfsm_tags_match_portable(tags, tag));
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_largest),
        cmocka_unit_test(test_oracle),
        cmocka_unit_test(test_load),
        cmocka_unit_test(test_full),
        cmocka_unit_test(test_eviction_order),
        cmocka_unit_test(test_evicted_record),
        cmocka_unit_test(test_colliding_hashes),
        cmocka_unit_test(test_placement),
        cmocka_unit_test(test_clear_wraps),
        cmocka_unit_test(test_counts),
        cmocka_unit_test(test_stale_slot),
        cmocka_unit_test(test_foreach_stops),
        cmocka_unit_test(test_walk),
        cmocka_unit_test(test_deadline),
        cmocka_unit_test(test_tags),
    };

    return cmocka_run_group_tests(tests, set_up, NULL);
}
