/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef XFSM_SKETCH_TOPK_H
#define XFSM_SKETCH_TOPK_H 1

/* Heavy hitters: "which keys have the most?"
 *
 * Idea: Space-Saving (Metwally, Agrawal and El Abbadi, "Efficient computation
 * of frequent and top-k elements in data streams", 2005), with amounts
 * instead of ones.  k keys have a counter.  A key that has none takes over the
 * lowest counter, count and all, and remembers that count as its error.  It
 * is deterministic: no luck of an attacker's makes a heavy key vanish.
 *
 * Error: with N the sum of all amounts, and m the lowest count (0 until k
 * keys were met),
 *
 *     count - error <= true sum <= count,  error <= m <= N / k
 *
 * for a key in the list, and a true sum of at most m for one that is not: so
 * every key with more than N / k is in the list.  In the list's order, the
 * first j keys are certainly the true first j if the (j+1)th count is not
 * above the lowest count - error of theirs.
 *
 * Forgetting one key gives its counter back.  What keys without one may have
 * had until then, the lowest count, stays as the *floor*: a key that takes a
 * free counter begins with it, as count and as error, so that the bounds hold.
 *
 * Window: with windows there are two lists, one of the window that it is, one
 * of the window before, complete.  So a report of what a minute had is there
 * for a minute after it.
 *
 * Layout: counters form a heap by count, 4 children each (Johnson, 1975), the
 * lowest count first, 16 bytes each so that siblings fill a cache line; an
 * open hash table of at least 4 k places (4 bytes: 16 bits of the hash, the
 * number of the entry) finds an entry, which has hash, error, place in the
 * heap, and key.  All of it is about (48 + 8 key words) k bytes a list.
 *
 * Cost: adding takes at most log4(k) steps of the heap, 5 for k = 1024, in
 * the processor's first two caches; a new window clears the hash table (16 k
 * bytes or up to twice that).  Listing the first n compares k pairs of counts,
 * and log2(k), at most 10, for each of the n, whatever the counts are: it is a
 * tournament, of whose winners each is replaced.  Thread-safety: none. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "xfsm/base/state-io.h"
#include "xfsm/sketch/window.h"

#define XFSM_TOPK_MAX 1024

/* Private to topk.c. */
struct xfsm_topk_counter {
    double count;
    uint64_t entry;             /* Which entry's. */
};

/* Private to topk.c.  Its key is elsewhere. */
struct xfsm_topk_entry {
    uint64_t hash;
    double error;
    uint32_t place;             /* In the heap. */
    uint32_t n;                 /* Words of the key. */
};

/* Private to topk.c. */
struct xfsm_topk_list {
    struct xfsm_topk_counter *heap;
    struct xfsm_topk_entry *entries;
    uint64_t *keys;             /* 'key_words' for each entry. */
    uint32_t *cells;            /* The hash table. */
    uint32_t n;                 /* Entries. */
    double total;               /* N. */
    double floor;               /* See above. */
};

/* Private to topk.c, but for the function that is inline below. */
struct xfsm_topk {
    struct xfsm_topk_list lists[2];
    unsigned int current;       /* Which of them is of this window. */
    unsigned int key_words;
    uint32_t k;
    uint32_t n_cells;           /* A power of two. */
    struct xfsm_window window;
    uint64_t replaced;          /* Since creation. */
    void *memory;
    size_t memory_size;
};

/* Creates heavy hitters of 'k' counters (1 to XFSM_TOPK_MAX) for keys of up to
 * 'key_words' words (1 to XFSM_KEY_WORDS), and windows of 'window' ns (0: one
 * that never ends).  Returns NULL and stores it in '*topkp', or an error that
 * the caller frees. */
char *xfsm_topk_create(unsigned int key_words, unsigned int k,
                       uint64_t window, struct xfsm_topk **topkp);
void xfsm_topk_destroy(struct xfsm_topk *);

/* Bytes that the lists of such heavy hitters take. */
size_t xfsm_topk_footprint(unsigned int key_words, unsigned int k);

/* Brings the line of the hash table that 'hash' needs first.  'hash' is
 * xfsm_hash_words() of the key, here and below. */
static inline void
xfsm_topk_prefetch(const struct xfsm_topk *t, uint64_t hash)
{
    __builtin_prefetch(
        &t->lists[t->current].cells[hash & (t->n_cells - 1)]);
}

/* Adds 'q' (positive and finite; anything else changes nothing but time) to
 * 'key' ('n' words) at packet time 'now' (ns).  Returns the key's count after
 * that, 0 if it has none.  A count stays at 1e300 when it gets there. */
double xfsm_topk_add(struct xfsm_topk *, uint64_t hash, const uint64_t *key,
                     unsigned int n, double q, uint64_t now);

/* A key of the list. */
struct xfsm_topk_hitter {
    const uint64_t *key;        /* Good until the next change. */
    unsigned int n;             /* Words. */
    double count;
    double error;               /* At most so much of 'count' is not its. */
};

/* Stores in '*hitter' what the window of 'now' (ns) says about 'key' so far.
 * Returns false if it is not in the list. */
bool xfsm_topk_get(const struct xfsm_topk *, uint64_t hash,
                   const uint64_t *key, unsigned int n, uint64_t now,
                   struct xfsm_topk_hitter *hitter);

/* Stores in 'hitters' the list of the window of 'now' (ns) so far, or if
 * 'before' of the window before it: the highest counts first, at most 'max'
 * keys, those of the same count in the order of their words.  Returns how many
 * there are. */
unsigned int xfsm_topk_list(const struct xfsm_topk *, bool before,
                            uint64_t now, unsigned int max,
                            struct xfsm_topk_hitter *hitters);

/* Forgets 'key' in both windows. */
void xfsm_topk_reset_key(struct xfsm_topk *, uint64_t hash,
                         const uint64_t *key, unsigned int n);

/* Forgets every key in both windows. */
void xfsm_topk_reset(struct xfsm_topk *);

/* Writes or reads both lists (state-io.h): order included, so that what is
 * replaced from then on is what would have been.  'replaced' is not in it. */
void xfsm_topk_state(struct xfsm_topk *, struct xfsm_state_io *);

struct xfsm_topk_stats {
    uint64_t n;                 /* Keys in the list. */
    uint64_t k;
    double total;               /* N of the window so far. */
    double lowest;              /* m: no key that is not listed has more. */
    uint64_t replaced;          /* Keys that lost their counter, ever. */
    uint64_t bytes;             /* Address space. */
};

/* About the window of the latest addition. */
void xfsm_topk_get_stats(const struct xfsm_topk *, struct xfsm_topk_stats *);

#endif /* xfsm/sketch/topk.h */
