/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef XFSM_SKETCH_KEYTABLE_H
#define XFSM_SKETCH_KEYTABLE_H 1

/* An exact key -> record table of fixed memory.
 *
 * It serves the state table, per-key counters ("dleft" monitors) and the
 * tables of a program: whatever must answer exactly for a key.
 *
 * Layout: a power of two of buckets of XFSM_KEYTABLE_WAYS slots, half of them
 * left and half right.  What a look-up needs of a bucket is one cache line:
 * a 16-bit tag, a 32-bit touch time and a key length for each slot, how many
 * are in use, and the epoch (below).  The slots lie elsewhere: full key, then
 * record, each slot a multiple of 8 bytes.  A look-up compares the tags, all
 * 8 at once, then the whole key: no two keys are ever taken for one.
 *
 * A key has two candidate buckets, one left and one right (d-left hashing
 * with d = 2: Broder and Mitzenmacher, "Using multiple hash functions to
 * improve IP lookups", 2001): a new key goes into the emptier, the left one on
 * a tie.  A table filled to 70 % of its slots has evicted nothing (measured up
 * to 2^22 slots, see test-keytable.c), at 80 % it has evicted 0.004 % of the
 * keys, at 90 % 0.5 %: who wants no eviction asks for half as many slots
 * again as there are keys.
 *
 * There is no resize and no operation but xfsm_keytable_foreach() whose cost
 * depends on the number of keys.  Where both buckets are full, room is made by
 * policy: a key whose deadline has passed goes first; else, by the table's
 * choice, the key with the oldest touch time goes or the new one is refused.
 * Each case has its counter.  To forget everything is to count an epoch: a
 * bucket of an older one is empty.  Each new epoch also visits one bucket in
 * turn and clears it if it has fallen behind, so that 32 bits of epoch can
 * never come round to a bucket that still holds keys.
 *
 * Cost, at worst: a look-up compares 16 tags, and the key of each slot whose
 * tag is the same, which by a secret seed is one in 65,000; an insertion into
 * full buckets also looks at 16 touch times.  That is four lines of buckets
 * and slots, or what a long key or record takes, and with all of them in
 * memory less than a microsecond.  Forgetting everything clears 8 KB and one
 * bucket.
 *
 * A deadline is a touch time and a lifetime.  A table has up to
 * XFSM_KEYTABLE_LIFETIMES of them, and 3 bits beside the length of a key say
 * which is its own: that of all keys at first is the table's "ttl".
 *
 * Most tables of the engine hold few keys, and most look-ups miss.  So a table
 * counts its keys by 13 bits of their hash, in 8 KB that stay in the cache:
 * where the count is 0, no line of the table is touched.  (Fan et al.,
 * "Summary cache", 2000, with one hash function.)  A count that reaches 255
 * stays there, and that of a key which made room stays as it is, for nobody
 * has its hash: after many evictions look-ups touch the table again, until it
 * is cleared.
 *
 * Memory is stated at creation and never exceeded; untouched parts of it cost
 * nothing (mem.h).  Thread-safety: none. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "xfsm/base/hash.h"
#include "xfsm/base/state-io.h"

#define XFSM_KEYTABLE_WAYS 8
#define XFSM_KEYTABLE_RECORD_MAX 4096
#define XFSM_KEYTABLE_CAPACITY_MAX ((size_t) 1 << 26)
#define XFSM_KEYTABLE_LIFETIMES 8

/* What is done where there is no room. */
enum xfsm_keytable_full {
    XFSM_KEYTABLE_EVICT,        /* The key with the oldest touch goes. */
    XFSM_KEYTABLE_REFUSE,       /* The new key is not taken. */
    XFSM_KEYTABLE_N_FULL
};

/* Of n_key[] below: the words. */
#define XFSM_KEYTABLE_N_KEY 31u

/* Private to keytable.c, but for the functions that are inline below: one
 * cache line. */
struct xfsm_keytable_bucket {
    uint16_t tag[XFSM_KEYTABLE_WAYS];       /* 0: the slot is free. */
    uint32_t touch[XFSM_KEYTABLE_WAYS];
    uint8_t n_key[XFSM_KEYTABLE_WAYS];      /* Words, and the number of the
                                             * lifetime in the upper bits. */
    uint32_t n;                             /* Slots in use. */
    uint32_t epoch;             /* Empty unless this is the table's. */
} __attribute__((aligned(64)));

#define XFSM_KEYTABLE_COUNTS 8192

/* Private to keytable.c, but for the functions that are inline below. */
struct xfsm_keytable {
    struct xfsm_keytable_bucket *buckets;   /* The left half comes first. */
    uint8_t *slots;             /* Of bucket 0, then bucket 1, ... */
    size_t slot_size;           /* Bytes. */
    uint32_t half;              /* Buckets in each half, a power of two. */
    uint32_t epoch;
    uint32_t scrub;             /* The bucket to visit at the next epoch. */
    unsigned int key_words;
    size_t record_size;
    uint64_t n;                 /* Keys. */
    uint64_t evictions;
    uint64_t expired;
    uint64_t refused;
    enum xfsm_keytable_full on_full;
    uint32_t lifetimes[XFSM_KEYTABLE_LIFETIMES];    /* 0: for ever.  The
                                                     * first is the ttl. */
    uint8_t counts[XFSM_KEYTABLE_COUNTS];   /* Of keys, 255: or more. */
};

struct xfsm_keytable_stats {
    uint64_t n;                 /* Keys in the table. */
    uint64_t capacity;          /* Slots. */
    uint64_t evictions;         /* Live keys thrown out to make room. */
    uint64_t expired;           /* Keys that made room after their deadline. */
    uint64_t refused;           /* New keys for which there was no room. */
    uint64_t bytes;             /* Address space, the most it can use. */
};

/* Creates a table for keys of up to 'key_words' words (1 to XFSM_KEY_WORDS)
 * and records of 'record_size' bytes (1 to XFSM_KEYTABLE_RECORD_MAX), with at
 * least 'capacity' slots (1 to XFSM_KEYTABLE_CAPACITY_MAX).  Returns NULL and
 * stores it in '*tablep', or an error that the caller frees. */
char *xfsm_keytable_create(unsigned int key_words, size_t record_size,
                           size_t capacity, struct xfsm_keytable **tablep);
void xfsm_keytable_destroy(struct xfsm_keytable *);

/* Are both laid out alike, with the same policy and lifetimes, so that one can
 * stand for the other? */
bool xfsm_keytable_like(const struct xfsm_keytable *,
                        const struct xfsm_keytable *);

/* Address space of such a table, in bytes. */
uint64_t xfsm_keytable_footprint(unsigned int key_words, size_t record_size,
                                 size_t capacity);

/* Sets what is done where there is no room, and how long a key lives after it
 * was touched, in the unit of touch times (0: for ever); to be set while the
 * table is empty.  New tables evict, and their keys live for ever. */
void xfsm_keytable_set_policy(struct xfsm_keytable *,
                              enum xfsm_keytable_full on_full, uint32_t ttl);

/* Sets the lifetime number 'which' (1 to XFSM_KEYTABLE_LIFETIMES - 1), for
 * xfsm_keytable_stamp(). */
void xfsm_keytable_set_lifetime(struct xfsm_keytable *, unsigned int which,
                                uint32_t lifetime);

/* The numbers of the candidate buckets of 'hash'. */
static inline size_t
xfsm_keytable_left(const struct xfsm_keytable *t, uint64_t hash)
{
    return hash & (t->half - 1);
}

static inline size_t
xfsm_keytable_right(const struct xfsm_keytable *t, uint64_t hash)
{
    return t->half + (hash >> 24 & (t->half - 1));
}

/* Which of 'counts' counts the key of 'hash'. */
static inline size_t
xfsm_keytable_count_index(uint64_t hash)
{
    return hash >> 35 & (XFSM_KEYTABLE_COUNTS - 1);
}

/* False: there is no key of 'hash'. */
static inline bool
xfsm_keytable_may_have(const struct xfsm_keytable *t, uint64_t hash)
{
    return t->counts[xfsm_keytable_count_index(hash)] != 0;
}

/* Brings the two bucket lines that a look-up of 'hash' will touch.  'hash' is
 * xfsm_hash_words() of the key, here and below. */
static inline void
xfsm_keytable_prefetch(const struct xfsm_keytable *t, uint64_t hash)
{
    __builtin_prefetch(&t->buckets[xfsm_keytable_left(t, hash)], 1);
    __builtin_prefetch(&t->buckets[xfsm_keytable_right(t, hash)], 1);
}

/* Private to keytable.c: xfsm_keytable_prefetch_slot() of a hash of which
 * there may be a key. */
uint32_t xfsm_keytable_prefetch_tagged(const struct xfsm_keytable *,
                                       uint64_t hash);

/* Brings the ends of the slot that a look-up of 'hash' will probably touch,
 * which for all but long keys is the whole: a second step, for when the
 * bucket lines are there.  Returns the number of the slot, for
 * xfsm_keytable_find_at(); any number if there is none. */
static inline uint32_t
xfsm_keytable_prefetch_slot(const struct xfsm_keytable *t, uint64_t hash)
{
    return (xfsm_keytable_may_have(t, hash)
            ? xfsm_keytable_prefetch_tagged(t, hash) : 0);
}

/* Private to keytable.c and the functions that are inline here: the words of
 * slot number 'slot', of the key and then of the record. */
static inline uint64_t *
xfsm_keytable_slot(const struct xfsm_keytable *t, uint32_t slot)
{
    return (uint64_t *) (void *) (t->slots + slot * t->slot_size);
}

/* Private likewise: has a slot that is not free the key? */
static inline bool
xfsm_keytable_slot_has(const struct xfsm_keytable *t, uint32_t slot,
                       const uint64_t *key, unsigned int n)
{
    const struct xfsm_keytable_bucket *bucket
        = &t->buckets[slot / XFSM_KEYTABLE_WAYS];
    const uint64_t *words = xfsm_keytable_slot(t, slot);
    uint64_t differences = ((bucket->n_key[slot % XFSM_KEYTABLE_WAYS]
                             & XFSM_KEYTABLE_N_KEY) ^ n);

    for (unsigned int i = 0; i < n; i++) {
        differences |= words[i] ^ key[i];
    }
    return !differences;
}

/* What is where slot number 'slot' has its record, which may be that of
 * another key or of none: a guess at what a look-up will find. */
static inline const void *
xfsm_keytable_guess(const struct xfsm_keytable *t, uint32_t slot)
{
    return xfsm_keytable_slot(t, slot) + t->key_words;
}

/* Returns the record of 'key' ('n' words, at most 'key_words'; keys of
 * different length differ), or NULL. */
void *xfsm_keytable_find(const struct xfsm_keytable *, uint64_t hash,
                         const uint64_t *key, unsigned int n);

/* The same, but looks into slot number 'slot' of the table first.  That the
 * key has moved or gone since the number was told does no harm. */
static inline void *
xfsm_keytable_find_at(const struct xfsm_keytable *t, uint32_t slot,
                      uint64_t hash, const uint64_t *key, unsigned int n)
{
    const struct xfsm_keytable_bucket *bucket
        = &t->buckets[slot / XFSM_KEYTABLE_WAYS];

    return (bucket->epoch == t->epoch && bucket->tag[slot % XFSM_KEYTABLE_WAYS]
            && xfsm_keytable_slot_has(t, slot, key, n)
            ? xfsm_keytable_slot(t, slot) + t->key_words
            : xfsm_keytable_find(t, hash, key, n));
}

/* The same, but NULL for a key whose deadline has passed at 'now'. */
void *xfsm_keytable_find_live(const struct xfsm_keytable *, uint64_t hash,
                              const uint64_t *key, unsigned int n,
                              uint32_t now);

/* Returns the record of 'key', made (zeroed) if it was not there, which
 * '*created' tells.  'now' is a touch time: any slowly growing number, in the
 * engine seconds of packet time; it also marks an existing key as touched (a
 * late 'now' leaves its touch time alone).  If another key had to go for it,
 * that is counted.  NULL, and counted, if the table is full and refuses keys.
 * The pointer is good until the next insertion or removal. */
void *xfsm_keytable_insert(struct xfsm_keytable *, uint64_t hash,
                           const uint64_t *key, unsigned int n, uint32_t now,
                           bool *created);

/* A key that had to go. */
struct xfsm_keytable_gone {
    void *record;               /* Its record is copied there. */
    unsigned int n;             /* Words of the key; 0: none had to go. */
    uint64_t key[XFSM_KEY_WORDS];
};

/* The same; if another key had to go, it is copied to 'gone', of which
 * 'record' and 'n', 0, are to be set before, and so is the key itself if it
 * starts anew because its deadline had passed. */
void *xfsm_keytable_insert_evict(struct xfsm_keytable *, uint64_t hash,
                                 const uint64_t *key, unsigned int n,
                                 uint32_t now, bool *created,
                                 struct xfsm_keytable_gone *gone);

/* Touches the key of 'record', which is in the table, at 'now', and gives it
 * the lifetime number 'which' (0: the ttl). */
void xfsm_keytable_stamp(struct xfsm_keytable *, void *record, uint32_t now,
                         unsigned int which);

/* Removes 'key'.  Returns false if it was not there. */
bool xfsm_keytable_remove(struct xfsm_keytable *, uint64_t hash,
                          const uint64_t *key, unsigned int n);

/* Forgets every key, at once. */
void xfsm_keytable_clear(struct xfsm_keytable *);

/* Calls 'cb' for each key until it returns false.  For introspection: walks
 * all slots. */
void xfsm_keytable_foreach(const struct xfsm_keytable *,
                           bool (*cb)(const uint64_t *key, unsigned int n,
                                      void *record, void *aux),
                           void *aux);

/* The same for the 'n' buckets from '*bucket' on, and moves '*bucket' behind
 * them; false if that is the end.  Keys that come and go between two calls may
 * be left out, and one that comes again be told twice. */
bool xfsm_keytable_walk(const struct xfsm_keytable *, size_t *bucket,
                        size_t n,
                        bool (*cb)(const uint64_t *key, unsigned int n,
                                   void *record, void *aux),
                        void *aux);

/* When the key of 'record' may make room, a touch time; 0: never. */
uint64_t xfsm_keytable_deadline(const struct xfsm_keytable *,
                                const void *record);

void xfsm_keytable_get_stats(const struct xfsm_keytable *,
                             struct xfsm_keytable_stats *);

/* Writes or reads its keys (state-io.h), each to the slot it was in.  What is
 * read must be of a table laid out alike, and each record as 'good', if that
 * is not NULL, wants it.  A table that is read into must be empty. */
void xfsm_keytable_state(struct xfsm_keytable *, struct xfsm_state_io *,
                         bool (*good)(const void *record, void *aux),
                         void *aux);

#endif /* xfsm/sketch/keytable.h */
