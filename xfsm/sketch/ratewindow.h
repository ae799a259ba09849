/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef XFSM_SKETCH_RATEWINDOW_H
#define XFSM_SKETCH_RATEWINDOW_H 1

/* Rate per key over a sliding window: "how many per second, during the last
 * W seconds?"
 *
 * Idea: time is cut into parts of W / p; a key has a ring of p + 1 sums, of
 * the part that it is and of the p before it.  The window begins somewhere
 * within the oldest of these, which counts with the share of it that lies in
 * the window.  All others are exact.  (A tewma, tewma.h, is smoother and needs
 * no record for each key; this one knows nothing that is older than W.)
 *
 * Error: at most the sum of that one part, which is where the window begins:
 * nothing for a steady stream; for any other, 1/p of the window is sharp to
 * no more than that.  Keys are exact (keytable.h); where memory is short, the
 * longest untouched is evicted, and that is counted.  Integers are exact up
 * to 2^53.
 *
 * A timestamp of an earlier part than the latest one seen is late and counts
 * as the start of that.
 *
 * Layout of a record: number of the part of the last touch, 8 bytes; p + 1
 * doubles, the sum of part i in place i mod (p + 1).  With p = 5 and one word
 * of key a slot of the key table fills a cache line.
 *
 * Cost: one or two cache lines of the record, and the bucket lines of the key
 * table; time grows with p.  Thread-safety: none. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "xfsm/base/state-io.h"
#include "xfsm/sketch/keytable.h"
#include "xfsm/sketch/window.h"

#define XFSM_RATEWINDOW_PARTS_MAX 60

/* Private to ratewindow.c, but for the functions that are inline below. */
struct xfsm_ratewindow {
    struct xfsm_keytable *table;
    struct xfsm_window part;    /* Its width is that of a part. */
    unsigned int n_parts;       /* The p of above. */
    unsigned int place;         /* Of the part that it is, in any ring. */
    double per_part;            /* 1 / ns. */
    double per_window;          /* 1 / seconds. */
};

/* Creates a rate for at least 'capacity' keys of up to 'key_words' words
 * (limits as in xfsm_keytable_create()), over 'window' ns, in 'n_parts' parts
 * (1 to XFSM_RATEWINDOW_PARTS_MAX, and at most one each ns).  A window that
 * they do not divide is shortened to one that they do.  Returns NULL and
 * stores it in '*ratep', or an error that the caller frees. */
char *xfsm_ratewindow_create(unsigned int key_words, size_t capacity,
                             uint64_t window, unsigned int n_parts,
                             struct xfsm_ratewindow **ratep);
void xfsm_ratewindow_destroy(struct xfsm_ratewindow *);

/* Brings the lines that finding the key of 'hash' will touch.  'hash' is
 * xfsm_hash_words() of the key, here and below. */
static inline void
xfsm_ratewindow_prefetch(const struct xfsm_ratewindow *r, uint64_t hash)
{
    xfsm_keytable_prefetch(r->table, hash);
}

/* Brings the first line of its record: a second step, for when these are
 * there. */
static inline void
xfsm_ratewindow_prefetch_slot(const struct xfsm_ratewindow *r, uint64_t hash)
{
    xfsm_keytable_prefetch_slot(r->table, hash);
}

/* Adds 'q' (finite and not negative; anything else counts as 0) to 'key' ('n'
 * words) at packet time 'now' (ns).  Returns what xfsm_ratewindow_get() says
 * after that.  A sum stays at 1e300 when it gets there. */
double xfsm_ratewindow_add(struct xfsm_ratewindow *, uint64_t hash,
                           const uint64_t *key, unsigned int n, double q,
                           uint64_t now);

/* The rate per second of 'key' during the window before 'now' (ns).  0 for a
 * key that is not there. */
double xfsm_ratewindow_get(const struct xfsm_ratewindow *, uint64_t hash,
                           const uint64_t *key, unsigned int n, uint64_t now);

/* Forgets 'key'.  Returns false if it was not there. */
bool xfsm_ratewindow_reset_key(struct xfsm_ratewindow *, uint64_t hash,
                               const uint64_t *key, unsigned int n);

/* Forgets every key, at once. */
void xfsm_ratewindow_reset(struct xfsm_ratewindow *);

/* Calls 'cb' for each key with its rate at 'now', until it returns false.
 * For introspection: walks all slots. */
void xfsm_ratewindow_foreach(const struct xfsm_ratewindow *, uint64_t now,
                             bool (*cb)(const uint64_t *key, unsigned int n,
                                        double rate, void *aux),
                             void *aux);

/* Keys, evictions and memory: see keytable.h. */
void xfsm_ratewindow_get_stats(const struct xfsm_ratewindow *,
                               struct xfsm_keytable_stats *);

/* Writes or reads its rates (state-io.h). */
void xfsm_ratewindow_state(struct xfsm_ratewindow *, struct xfsm_state_io *);

#endif /* xfsm/sketch/ratewindow.h */
