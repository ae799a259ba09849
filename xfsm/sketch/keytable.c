/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include "xfsm/sketch/keytable.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "xfsm/base/error.h"
#include "xfsm/base/mem.h"
#include "xfsm/sketch/tags.h"

_Static_assert(sizeof(struct xfsm_keytable_bucket) == 64,
               "a bucket is one cache line");
_Static_assert(XFSM_KEYTABLE_WAYS == XFSM_TAGS, "all tags at once");
_Static_assert(2 * XFSM_KEYTABLE_CAPACITY_MAX / XFSM_KEYTABLE_WAYS
               < UINT32_MAX, "no bucket waits for 2^32 epochs");

/* Of n_key[]: the words, and where the number of the lifetime is. */
#define WORDS_MASK XFSM_KEYTABLE_N_KEY
#define LIFETIME_SHIFT 5

_Static_assert(XFSM_KEY_WORDS <= WORDS_MASK
               && XFSM_KEYTABLE_LIFETIMES <= 1 << (8 - LIFETIME_SHIFT),
               "both fit a byte");

/* A slot: where its bucket keeps it, and which of the bucket's it is. */
struct place {
    struct xfsm_keytable_bucket *bucket;
    unsigned int way;
};

static size_t
n_slots(const struct xfsm_keytable *t)
{
    return (size_t) t->half * 2 * XFSM_KEYTABLE_WAYS;
}

static size_t
buckets_size(const struct xfsm_keytable *t)
{
    return (size_t) t->half * 2 * sizeof *t->buckets;
}

static size_t
slots_size(const struct xfsm_keytable *t)
{
    return n_slots(t) * t->slot_size;
}

static inline uint64_t *
slot_key(const struct xfsm_keytable *t,
         const struct xfsm_keytable_bucket *bucket, unsigned int way)
{
    size_t index = (size_t) (bucket - t->buckets) * XFSM_KEYTABLE_WAYS + way;

    return (uint64_t *) (void *) (t->slots + index * t->slot_size);
}

static inline void *
slot_record(const struct xfsm_keytable *t,
            const struct xfsm_keytable_bucket *bucket, unsigned int way)
{
    return slot_key(t, bucket, way) + t->key_words;
}

/* Never 0, which marks a free slot. */
static inline uint16_t
hash_tag(uint64_t hash)
{
    uint16_t tag = (uint16_t) (hash >> 48);

    return tag ? tag : 1;
}

/* Which of the 16 slots that 'hash' may be in have its tag: those of the left
 * bucket in bits 0 to 7, those of the right one in bits 8 to 15.  Without
 * branches, because which bucket a key is in is a coin toss. */
static inline unsigned int
match_tags(const struct xfsm_keytable *t, uint64_t hash)
{
    const struct xfsm_keytable_bucket *left
        = &t->buckets[xfsm_keytable_left(t, hash)];
    const struct xfsm_keytable_bucket *right
        = &t->buckets[xfsm_keytable_right(t, hash)];
    uint16_t tag = hash_tag(hash);
    unsigned int in_left = xfsm_tags_match(left->tag, tag);
    unsigned int in_right = xfsm_tags_match(right->tag, tag);

    in_left &= -(unsigned int) (left->epoch == t->epoch);
    in_right &= -(unsigned int) (right->epoch == t->epoch);
    return in_left | in_right << XFSM_KEYTABLE_WAYS;
}

/* The number of the slot of the lowest bit of such a mask. */
static inline uint32_t
first_slot(const struct xfsm_keytable *t, uint64_t hash, unsigned int mask)
{
    unsigned int bit = (unsigned int) __builtin_ctz(mask);
    size_t bucket = bit < XFSM_KEYTABLE_WAYS ? xfsm_keytable_left(t, hash)
                    : xfsm_keytable_right(t, hash);

    return (uint32_t) (bucket * XFSM_KEYTABLE_WAYS
                       + bit % XFSM_KEYTABLE_WAYS);
}

static inline struct place
slot_place(const struct xfsm_keytable *t, uint32_t slot)
{
    struct place place = {
        &t->buckets[slot / XFSM_KEYTABLE_WAYS], slot % XFSM_KEYTABLE_WAYS
    };

    return place;
}

static inline bool
place_has_key(const struct xfsm_keytable *t, struct place place,
              const uint64_t *key, unsigned int n)
{
    const uint64_t *slot = slot_key(t, place.bucket, place.way);
    unsigned int i;

    if ((place.bucket->n_key[place.way] & WORDS_MASK) != n) {
        return false;
    }
    for (i = 0; i < n; i++) {
        if (slot[i] != key[i]) {
            return false;
        }
    }
    return true;
}

static inline bool
find_place(const struct xfsm_keytable *t, uint64_t hash, const uint64_t *key,
           unsigned int n, struct place *place)
{
    unsigned int mask;

    if (!xfsm_keytable_may_have(t, hash)) {
        return false;
    }
    for (mask = match_tags(t, hash); mask; mask &= mask - 1) {
        *place = slot_place(t, first_slot(t, hash, mask));
        if (place_has_key(t, *place, key, n)) {
            return true;
        }
    }
    return false;
}

static inline void
refresh_bucket(const struct xfsm_keytable *t,
               struct xfsm_keytable_bucket *bucket)
{
    if (bucket->epoch != t->epoch) {
        memset(bucket, 0, sizeof *bucket);
        bucket->epoch = t->epoch;
    }
}

/* Has the key's deadline passed? */
static inline bool
is_expired(const struct xfsm_keytable *t, struct place place, uint32_t now)
{
    unsigned int which = place.bucket->n_key[place.way] >> LIFETIME_SHIFT;
    uint32_t touch = place.bucket->touch[place.way];

    return (t->lifetimes[which]
            && now > touch && now - touch > t->lifetimes[which]);
}

/* Of two full buckets, the slot of the first key whose deadline has passed,
 * which '*expired' tells, else of that with the oldest touch time. */
static struct place
poorest_place(const struct xfsm_keytable *t,
              struct xfsm_keytable_bucket *left,
              struct xfsm_keytable_bucket *right, uint32_t now,
              bool *expired)
{
    struct place oldest = { left, 0 };
    unsigned int i;

    for (i = 0; i < 2 * XFSM_KEYTABLE_WAYS; i++) {
        struct place place = {
            i < XFSM_KEYTABLE_WAYS ? left : right, i % XFSM_KEYTABLE_WAYS
        };

        *expired = is_expired(t, place, now);
        if (*expired) {
            return place;
        }
        if (place.bucket->touch[place.way]
            < oldest.bucket->touch[oldest.way]) {
            oldest = place;
        }
    }
    return oldest;
}

/* Finds a slot for a new key, and makes it count as taken.  '*reused' tells
 * whether another key has to go for it.  False if there is none. */
static bool
take_place(struct xfsm_keytable *t, uint64_t hash, uint32_t now,
           struct place *place, bool *reused)
{
    struct xfsm_keytable_bucket *left
        = &t->buckets[xfsm_keytable_left(t, hash)];
    struct xfsm_keytable_bucket *right
        = &t->buckets[xfsm_keytable_right(t, hash)];
    bool expired;

    refresh_bucket(t, left);
    refresh_bucket(t, right);
    place->bucket = right->n < left->n ? right : left;
    *reused = place->bucket->n == XFSM_KEYTABLE_WAYS;
    if (!*reused) {
        place->way = (unsigned int) __builtin_ctz(
            xfsm_tags_match(place->bucket->tag, 0));
        place->bucket->n++;
        t->n++;
        return true;
    }
    *place = poorest_place(t, left, right, now, &expired);
    if (expired) {
        t->expired++;
    } else if (t->on_full == XFSM_KEYTABLE_REFUSE) {
        t->refused++;
        return false;
    } else {
        t->evictions++;
    }
    return true;
}

static char *
check_limits(unsigned int key_words, size_t record_size, size_t capacity)
{
    if (!key_words || key_words > XFSM_KEY_WORDS) {
        return xfsm_error("a key has 1 to %d words, not %u", XFSM_KEY_WORDS,
                          key_words);
    }
    if (!record_size || record_size > XFSM_KEYTABLE_RECORD_MAX) {
        return xfsm_error("a record has 1 to %d bytes, not %zu",
                          XFSM_KEYTABLE_RECORD_MAX, record_size);
    }
    if (!capacity || capacity > XFSM_KEYTABLE_CAPACITY_MAX) {
        return xfsm_error("a key table has 1 to %zu slots, not %zu",
                          XFSM_KEYTABLE_CAPACITY_MAX, capacity);
    }
    return NULL;
}

static void
lay_out(struct xfsm_keytable *t, unsigned int key_words, size_t record_size,
        size_t capacity)
{
    t->key_words = key_words;
    t->record_size = record_size;
    t->slot_size = key_words * sizeof(uint64_t) + (record_size + 7) / 8 * 8;
    t->half = 1;
    while (n_slots(t) < capacity) {
        t->half *= 2;
    }
}

static uint64_t
table_bytes(const struct xfsm_keytable *t)
{
    return sizeof *t + buckets_size(t) + slots_size(t);
}

uint64_t
xfsm_keytable_footprint(unsigned int key_words, size_t record_size,
                        size_t capacity)
{
    struct xfsm_keytable t;

    lay_out(&t, key_words, record_size, capacity);
    return table_bytes(&t);
}

char *
xfsm_keytable_create(unsigned int key_words, size_t record_size,
                     size_t capacity, struct xfsm_keytable **tablep)
{
    char *error = check_limits(key_words, record_size, capacity);
    struct xfsm_keytable *t;

    if (error) {
        return error;
    }
    t = calloc(1, sizeof *t);
    if (!t) {
        return xfsm_error("no memory for a key table");
    }
    lay_out(t, key_words, record_size, capacity);
    t->buckets = xfsm_mem_map(buckets_size(t), false);
    t->slots = xfsm_mem_map(slots_size(t), false);
    if (!t->buckets || !t->slots) {
        error = xfsm_error("no address space for a key table of %zu bytes",
                           buckets_size(t) + slots_size(t));
        xfsm_keytable_destroy(t);
        return error;
    }
    *tablep = t;
    return NULL;
}

void
xfsm_keytable_destroy(struct xfsm_keytable *t)
{
    if (t) {
        xfsm_mem_unmap(t->buckets, buckets_size(t));
        xfsm_mem_unmap(t->slots, slots_size(t));
        free(t);
    }
}

bool
xfsm_keytable_like(const struct xfsm_keytable *a,
                   const struct xfsm_keytable *b)
{
    return (a->key_words == b->key_words && a->record_size == b->record_size
            && a->half == b->half && a->on_full == b->on_full
            && !memcmp(a->lifetimes, b->lifetimes, sizeof a->lifetimes));
}

void
xfsm_keytable_set_policy(struct xfsm_keytable *t,
                         enum xfsm_keytable_full on_full, uint32_t ttl)
{
    t->on_full = on_full;
    t->lifetimes[0] = ttl;
}

void
xfsm_keytable_set_lifetime(struct xfsm_keytable *t, unsigned int which,
                           uint32_t lifetime)
{
    assert(which && which < XFSM_KEYTABLE_LIFETIMES);
    t->lifetimes[which] = lifetime;
}

uint32_t
xfsm_keytable_prefetch_tagged(const struct xfsm_keytable *t, uint64_t hash)
{
    unsigned int mask = match_tags(t, hash);
    const uint8_t *slot;
    uint32_t number;

    if (!mask) {
        return 0;
    }
    number = first_slot(t, hash, mask);
    slot = t->slots + number * t->slot_size;

    /* Many slots lie across two lines, key here and record there. */
    __builtin_prefetch(slot, 1);
    __builtin_prefetch(slot + t->slot_size - 1, 1);
    return number;
}

void *
xfsm_keytable_find(const struct xfsm_keytable *t, uint64_t hash,
                   const uint64_t *key, unsigned int n)
{
    unsigned int mask = (xfsm_keytable_may_have(t, hash)
                         ? match_tags(t, hash) : 0);

    for (; mask; mask &= mask - 1) {
        uint32_t slot = first_slot(t, hash, mask);

        if (xfsm_keytable_slot_has(t, slot, key, n)) {
            return xfsm_keytable_slot(t, slot) + t->key_words;
        }
    }
    return NULL;
}

void *
xfsm_keytable_find_live(const struct xfsm_keytable *t, uint64_t hash,
                        const uint64_t *key, unsigned int n, uint32_t now)
{
    struct place place;

    return (find_place(t, hash, key, n, &place)
            && !is_expired(t, place, now)
            ? slot_record(t, place.bucket, place.way)
            : NULL);
}

/* Tells which key is at 'place'. */
static __attribute__((noinline, cold)) void
put_gone(const struct xfsm_keytable *t, struct place place,
         struct xfsm_keytable_gone *gone)
{
    const uint64_t *slot = slot_key(t, place.bucket, place.way);

    gone->n = place.bucket->n_key[place.way] & WORDS_MASK;
    memcpy(gone->key, slot, gone->n * sizeof *slot);
    memcpy(gone->record, slot + t->key_words, t->record_size);
}

/* Marks 'key' as touched and returns its record, or NULL.  'created' tells
 * whether it starts anew. */
static inline void *
touch_key(struct xfsm_keytable *t, uint64_t hash, const uint64_t *key,
          unsigned int n, uint32_t now, bool *created,
          struct xfsm_keytable_gone *gone)
{
    struct place place;
    uint32_t *touch;
    void *record;

    assert(n <= t->key_words);
    *created = false;
    if (!find_place(t, hash, key, n, &place)) {
        return NULL;
    }
    touch = &place.bucket->touch[place.way];
    record = slot_record(t, place.bucket, place.way);
    if (is_expired(t, place, now)) {
        *created = true;
        if (gone) {
            put_gone(t, place, gone);
        }
        memset(record, 0, t->record_size);
    }
    if (*touch < now) {
        *touch = now;
    }
    return record;
}

/* Adds 'key', which is not there; 'gone' may be NULL.  Apart, so that the
 * usual case, an old key, stays short. */
static void * __attribute__((noinline))
add_key(struct xfsm_keytable *t, uint64_t hash, const uint64_t *key,
        unsigned int n, uint32_t now, struct xfsm_keytable_gone *gone)
{
    uint8_t *count = &t->counts[xfsm_keytable_count_index(hash)];
    struct place place;
    uint64_t *slot;
    bool reused;
    unsigned int i;

    if (!take_place(t, hash, now, &place, &reused)) {
        return NULL;
    }
    slot = slot_key(t, place.bucket, place.way);
    if (gone && reused) {
        put_gone(t, place, gone);
    }
    *count += *count != UINT8_MAX;
    place.bucket->tag[place.way] = hash_tag(hash);
    place.bucket->touch[place.way] = now;
    place.bucket->n_key[place.way] = (uint8_t) n;
    for (i = 0; i < n; i++) {
        slot[i] = key[i];
    }
    return memset(slot + t->key_words, 0, t->record_size);
}

void *
xfsm_keytable_insert(struct xfsm_keytable *t, uint64_t hash,
                     const uint64_t *key, unsigned int n, uint32_t now,
                     bool *created)
{
    return xfsm_keytable_insert_evict(t, hash, key, n, now, created, NULL);
}

void *
xfsm_keytable_insert_evict(struct xfsm_keytable *t, uint64_t hash,
                           const uint64_t *key, unsigned int n, uint32_t now,
                           bool *created, struct xfsm_keytable_gone *gone)
{
    void *record = touch_key(t, hash, key, n, now, created, gone);

    if (!record) {
        record = add_key(t, hash, key, n, now, gone);
        *created = record != NULL;
    }
    return record;
}

void
xfsm_keytable_stamp(struct xfsm_keytable *t, void *record, uint32_t now,
                    unsigned int which)
{
    size_t index = (size_t) ((uint8_t *) record - t->slots) / t->slot_size;
    struct xfsm_keytable_bucket *bucket
        = &t->buckets[index / XFSM_KEYTABLE_WAYS];
    unsigned int way = index % XFSM_KEYTABLE_WAYS;

    if (bucket->touch[way] < now) {
        bucket->touch[way] = now;
    }
    bucket->n_key[way] = (uint8_t) ((bucket->n_key[way] & WORDS_MASK)
                                    | which << LIFETIME_SHIFT);
}

bool
xfsm_keytable_remove(struct xfsm_keytable *t, uint64_t hash,
                     const uint64_t *key, unsigned int n)
{
    struct place place;
    uint8_t *count;

    if (!find_place(t, hash, key, n, &place)) {
        return false;
    }
    count = &t->counts[xfsm_keytable_count_index(hash)];
    *count -= *count != UINT8_MAX;
    place.bucket->tag[place.way] = 0;
    place.bucket->n--;
    t->n--;
    return true;
}

/* Clears the bucket whose turn it is, if it is old.  One without keys is left
 * alone whatever its epoch: it says the same in any, and writing to it would
 * make memory real that no key has touched. */
static void
scrub_bucket(struct xfsm_keytable *t)
{
    struct xfsm_keytable_bucket *bucket = &t->buckets[t->scrub];

    if (bucket->n && bucket->epoch != t->epoch) {
        memset(bucket, 0, sizeof *bucket);
    }
    t->scrub = (t->scrub + 1) & (2 * t->half - 1);
}

void
xfsm_keytable_clear(struct xfsm_keytable *t)
{
    t->n = 0;
    memset(t->counts, 0, sizeof t->counts);
    t->epoch++;
    scrub_bucket(t);
}

void
xfsm_keytable_foreach(const struct xfsm_keytable *t,
                      bool (*cb)(const uint64_t *key, unsigned int n,
                                 void *record, void *aux),
                      void *aux)
{
    size_t bucket = 0;

    xfsm_keytable_walk(t, &bucket, SIZE_MAX, cb, aux);
}

bool
xfsm_keytable_walk(const struct xfsm_keytable *t, size_t *bucketp, size_t n,
                   bool (*cb)(const uint64_t *key, unsigned int n,
                              void *record, void *aux),
                   void *aux)
{
    size_t start = *bucketp;
    size_t end = (size_t) t->half * 2;
    size_t i;

    if (start < end && n < end - start) {
        end = start + n;
    }
    *bucketp = end;
    for (i = start; i < end; i++) {
        const struct xfsm_keytable_bucket *bucket = &t->buckets[i];
        unsigned int way;

        if (bucket->epoch != t->epoch) {
            continue;
        }
        for (way = 0; way < XFSM_KEYTABLE_WAYS; way++) {
            if (bucket->tag[way]
                && !cb(slot_key(t, bucket, way),
                       bucket->n_key[way] & WORDS_MASK,
                       slot_record(t, bucket, way), aux)) {
                return false;
            }
        }
    }
    return end < (size_t) t->half * 2;
}

uint64_t
xfsm_keytable_deadline(const struct xfsm_keytable *t, const void *record)
{
    size_t index = (size_t) ((const uint8_t *) record - t->slots)
                   / t->slot_size;
    const struct xfsm_keytable_bucket *bucket
        = &t->buckets[index / XFSM_KEYTABLE_WAYS];
    unsigned int way = index % XFSM_KEYTABLE_WAYS;
    uint32_t lifetime = t->lifetimes[bucket->n_key[way] >> LIFETIME_SHIFT];

    return lifetime ? (uint64_t) bucket->touch[way] + lifetime : 0;
}

void
xfsm_keytable_get_stats(const struct xfsm_keytable *t,
                        struct xfsm_keytable_stats *stats)
{
    stats->n = t->n;
    stats->capacity = n_slots(t);
    stats->evictions = t->evictions;
    stats->expired = t->expired;
    stats->refused = t->refused;
    stats->bytes = table_bytes(t);
}

/* ## State ## */

/* Where a key is, and what its bucket says of it. */
struct saved_place {
    uint32_t bucket;
    uint32_t touch;
    uint8_t way;
    uint8_t n_key;
    uint8_t reserved[6];
};

static void
write_keys(struct xfsm_keytable *t, struct xfsm_state_io *io)
{
    size_t i;

    for (i = 0; i < (size_t) t->half * 2; i++) {
        struct xfsm_keytable_bucket *bucket = &t->buckets[i];
        unsigned int way;

        if (bucket->epoch != t->epoch) {
            continue;
        }
        for (way = 0; way < XFSM_KEYTABLE_WAYS; way++) {
            struct saved_place saved = {
                .bucket = (uint32_t) i,
                .touch = bucket->touch[way],
                .way = (uint8_t) way,
                .n_key = bucket->n_key[way],
            };

            if (bucket->tag[way]) {
                xfsm_state_bytes(io, &saved, sizeof saved);
                xfsm_state_bytes(io, slot_key(t, bucket, way),
                                 t->slot_size);
            }
        }
    }
}

/* Reads a key to its slot.  False if that cannot be its own. */
static bool
read_key(struct xfsm_keytable *t, struct xfsm_state_io *io)
{
    struct xfsm_keytable_bucket *bucket;
    struct saved_place saved;
    unsigned int n;
    uint64_t hash;
    uint8_t *count;

    xfsm_state_bytes(io, &saved, sizeof saved);
    n = saved.n_key & WORDS_MASK;
    if (saved.bucket >= (size_t) t->half * 2 || !n || n > t->key_words
        || saved.way >= XFSM_KEYTABLE_WAYS) {
        return false;
    }
    bucket = &t->buckets[saved.bucket];
    refresh_bucket(t, bucket);
    if (bucket->tag[saved.way]) {
        return false;
    }
    xfsm_state_bytes(io, slot_key(t, bucket, saved.way), t->slot_size);
    hash = xfsm_hash_words(io->seed, io->tweak,
                           slot_key(t, bucket, saved.way), n);
    if (saved.bucket != xfsm_keytable_left(t, hash)
        && saved.bucket != xfsm_keytable_right(t, hash)) {
        return false;
    }
    count = &t->counts[xfsm_keytable_count_index(hash)];
    *count += *count != UINT8_MAX;
    bucket->tag[saved.way] = hash_tag(hash);
    bucket->touch[saved.way] = saved.touch;
    bucket->n_key[saved.way] = saved.n_key;
    bucket->n++;
    t->n++;
    return true;
}

/* What each record is checked with. */
struct record_check {
    struct xfsm_state_io *io;
    bool (*good)(const void *record, void *aux);
    void *aux;
};

static bool
check_record(const uint64_t *key, unsigned int n, void *record, void *check_)
{
    const struct record_check *check = check_;

    (void) key;
    (void) n;
    xfsm_state_check(check->io, check->good(record, check->aux),
                     "a record of a table is wrong");
    return xfsm_state_ok(check->io);
}

void
xfsm_keytable_state(struct xfsm_keytable *t, struct xfsm_state_io *io,
                    bool (*good)(const void *record, void *aux), void *aux)
{
    struct record_check check = { io, good, aux };
    uint64_t n = t->n;
    uint64_t i;

    xfsm_state_same(io, t->half, "the size of a table");
    xfsm_state_same(io, t->slot_size, "the records of a table");
    xfsm_state_u64(io, &n);
    if (!xfsm_state_reads(io)) {
        write_keys(t, io);
        return;
    }
    xfsm_state_check(io, n <= n_slots(t), "a table has too many keys");
    for (i = 0; i < n && xfsm_state_ok(io); i++) {
        xfsm_state_check(io, read_key(t, io), "a key is in the wrong place");
    }
    if (good && xfsm_state_ok(io)) {
        xfsm_keytable_foreach(t, check_record, &check);
    }
}
