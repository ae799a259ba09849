/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef XFSM_SKETCH_DETECTOR_H
#define XFSM_SKETCH_DETECTOR_H 1

/* Variation detector: "was this key seen before?"
 *
 * Idea: a pair of Bloom filters (Bloom, 1970), one learning, one detecting,
 * as in StreaMon (Bianchi et al., "On-demand time-decaying Bloom filters for
 * telemarketer detection", 2011, and "StreaMon", 2014).  A key is *seen* if
 * it is in either; keys are set in the learning one; when that has taken as
 * many keys as it was designed for, the two change roles and the new learning
 * filter is empty.  So a key is remembered for between one and two fillings.
 *
 * Layout: the filter is blocked (Putze, Sanders and Singler, "Cache-, hash-
 * and space-efficient Bloom filters", 2007), and both filters of a key share
 * one 64-byte line:
 *
 *     bytes 0..3    epoch of the line's last use
 *     bytes 4..33   240 bits, filter of the even epochs
 *     bytes 34..63  240 bits, filter of the odd epochs
 *
 * The filter of the current epoch learns.  A swap only increments the epoch:
 * what a line holds from older epochs is ignored when it is read, and cleared
 * when it is next written (the half that is to learn, or both where the line
 * is two or more epochs behind).  So neither swapping nor forgetting ever
 * pauses for longer than one line.  Each new epoch also visits one line in
 * turn and clears it if it has fallen behind, so that 32 bits of epoch can
 * never come round to a line that still holds bits.
 *
 * Error: 'size' and 'nhash' keep their meaning of the original, a filter of
 * m = 2^size bits for m * ln 2 / nhash keys, rounded down, at least 1.  From
 * that number of keys on the layout is our own: XFSM_DETECTOR_PROBES bits a
 * key whatever 'nhash' says, and one line for each XFSM_DETECTOR_LINE_KEYS
 * keys.  These come from computing, not from the usual formula, which is too
 * kind to blocked filters: the keys of a line are Poisson distributed; for
 * each count j of them, the distribution of how many of the 240 bits are set
 * after j * probes throws follows by dynamic programming, and with it the
 * mean of (bits / 240)^probes, the false positives of one filter.  6 probes
 * and 15 keys give 0.32 % for the pair when both filters are at the design
 * load, below the promised 0.4 % with room for the chance of one filling;
 * 8 probes would save 4 % of the memory for a third more work.
 * test-detector.c repeats the computation, and measures.  No false negatives
 * within one filling.
 *
 * Cost: one cache line per operation.  Thread-safety: none. */

#include <stdbool.h>
#include <stdint.h>

#include "xfsm/base/state-io.h"

#define XFSM_DETECTOR_SIZE_MIN 6
#define XFSM_DETECTOR_SIZE_MAX 28
#define XFSM_DETECTOR_NHASH_MAX 16

#define XFSM_DETECTOR_PROBES 6
#define XFSM_DETECTOR_LINE_KEYS 15

/* Private to detector.c: one cache line. */
struct xfsm_detector_line {
    uint32_t epoch;             /* Of its last write. */
    uint8_t filter[2][30];      /* Of the even epochs, of the odd ones. */
} __attribute__((aligned(64)));

/* Private to detector.c, but for the function that is inline below. */
struct xfsm_detector {
    struct xfsm_detector_line *lines;
    uint32_t n_lines;
    uint32_t epoch;
    uint32_t n;                 /* Keys in the learning filter. */
    uint32_t design;            /* Keys at which the filters swap. */
    uint64_t reset_after;       /* ns; 0: never by time. */
    uint64_t last_swap;         /* Packet time in ns, once 'started'. */
    uint64_t look_at;           /* Packet time from which on to look whether
                                 * 'reset_after' has passed. */
    uint64_t swaps;
    struct xfsm_detector *slave;            /* Or NULL. */
    uint32_t scrub;             /* The line to visit at the next epoch. */
    bool wide;                  /* AVX2: faster, and the same results. */
    bool started;               /* A time was seen since the last reset. */
    bool swapping;              /* Is being swapped: ends a ring of slaves. */
};

/* Creates a detector for 2^'size' bits and 'nhash' hash functions (1 to
 * XFSM_DETECTOR_NHASH_MAX), whose filters also swap when 'reset_after'
 * nanoseconds have passed since the last swap (0: never by time).  Returns
 * NULL and stores it in '*detectorp', or an error that the caller frees. */
char *xfsm_detector_create(unsigned int size, unsigned int nhash,
                           uint64_t reset_after,
                           struct xfsm_detector **detectorp);
void xfsm_detector_destroy(struct xfsm_detector *);

/* Makes 'slave' swap whenever 'master' does.  A detector has one slave, which
 * a later call replaces and NULL removes.  A slave may serve several masters
 * and have a slave of its own; a ring is allowed, each of it swaps once.  The
 * slave must live as long as it is one. */
void xfsm_detector_set_slave(struct xfsm_detector *master,
                             struct xfsm_detector *slave);

/* The line of 'hash', which is xfsm_hash_words() of the key, here and
 * below. */
static inline struct xfsm_detector_line *
xfsm_detector_line(const struct xfsm_detector *d, uint64_t hash)
{
    return &d->lines[(hash >> 32) * d->n_lines >> 32];
}

/* Brings the cache line that the other functions will touch. */
static inline void
xfsm_detector_prefetch(const struct xfsm_detector *d, uint64_t hash)
{
    __builtin_prefetch(xfsm_detector_line(d, hash), 1);
}

/* Was the key of 'hash' set before?  'now' is packet time in ns: where
 * 'reset_after' has passed since the last swap (since the first call, if
 * there was none), the filters swap first, as often as it has passed.  A
 * 'now' before the last swap is late and counts as that time. */
bool xfsm_detector_get(struct xfsm_detector *, uint64_t hash, uint64_t now);

/* Sets the key of 'hash'.  Only a key that is new to the learning filter
 * counts as a key it has taken. */
void xfsm_detector_set(struct xfsm_detector *, uint64_t hash, uint64_t now);

/* xfsm_detector_get(), then xfsm_detector_set(), for less than both cost. */
bool xfsm_detector_update(struct xfsm_detector *, uint64_t hash,
                          uint64_t now);

/* A function that does so for this detector in the shortest way. */
typedef bool xfsm_detector_updates(struct xfsm_detector *, uint64_t hash,
                                   uint64_t now);
xfsm_detector_updates *xfsm_detector_updater(const struct xfsm_detector *);

/* Forgets every key, at once.  Not a swap: a slave stays as it is. */
void xfsm_detector_reset(struct xfsm_detector *);

struct xfsm_detector_stats {
    uint64_t n;                 /* Keys set in the learning filter. */
    uint64_t design;            /* Keys at which the filters swap. */
    uint64_t swaps;             /* So far. */
    uint64_t bytes;             /* Address space. */
};
void xfsm_detector_get_stats(const struct xfsm_detector *,
                             struct xfsm_detector_stats *);

/* Writes or reads what it saw (state-io.h). */
void xfsm_detector_state(struct xfsm_detector *, struct xfsm_state_io *);

#endif /* xfsm/sketch/detector.h */
