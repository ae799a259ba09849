/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef XFSM_RUNTIME_HISTORY_H
#define XFSM_RUNTIME_HISTORY_H 1

/* The last transitions of a program: why its keys are where they are.
 *
 * A ring of XFSM_HISTORY_ENTRIES transitions, the newest in the place of the
 * oldest.  A transition is recorded where a key comes into another state than
 * it was in, which is rare; a key that stays costs nothing.  What is recorded
 * is a place in the program's code, from which its reason is found when
 * someone asks.  To look for a key is to walk the ring, newest first: some 3
 * us.
 *
 * A key that makes room for another one in a full state table, or whose time
 * was up when its place was wanted, goes to the default state by
 * XFSM_CAUSE_GONE: in a flood of new keys that is one transition more for each
 * of them.
 *
 * Memory: 32 bytes and the longest key of the program for each entry, 256 KiB
 * for a pair of addresses; what was never written costs nothing (mem.h).
 *
 * Internal to the engine.  Thread-safety: none. */

#include <stdint.h>

#include "xfsm/runtime/key-value.h"

#define XFSM_HISTORY_ENTRIES 4096

/* Causes that are no instruction. */
#define XFSM_CAUSE_TIMEOUT UINT32_MAX           /* That of the state. */
#define XFSM_CAUSE_NONE (UINT32_MAX - 1)        /* Nothing to record. */
#define XFSM_CAUSE_GONE (UINT32_MAX - 2)        /* Its place was wanted. */

struct xfsm_history;

struct xfsm_transition {
    uint64_t ts;                /* Engine time, ns. */
    uint64_t hash;              /* Of the key. */
    uint32_t cause;             /* Index of the STATE instruction, or one of
                                 * the above. */
    uint16_t from, to;          /* States. */
    uint32_t n;                 /* Words of the key, which is... */
    uint32_t reserved;
    uint64_t key[];             /* ...this. */
};

/* Makes a ring for keys of up to 'key_words' words; NULL if there is no
 * memory. */
struct xfsm_history *xfsm_history_create(unsigned int key_words);
void xfsm_history_destroy(struct xfsm_history *);

/* Records that 'key' went from one state to another at 'ts'. */
void xfsm_history_add(struct xfsm_history *, const struct xfsm_key_value *key,
                      uint64_t ts, uint16_t from, uint16_t to,
                      uint32_t cause);

/* Transitions recorded, those that are forgotten too. */
uint64_t xfsm_history_count(const struct xfsm_history *);

/* The newest transition of 'key' before the one numbered '*cursor', or NULL;
 * '*cursor' is then its number.  Begin with UINT64_MAX.  Good until one is
 * added. */
const struct xfsm_transition *xfsm_history_find(
    const struct xfsm_history *, const struct xfsm_key_value *key,
    uint64_t *cursor);

/* When the oldest one that is remembered was, engine time; 0 if there is
 * none. */
uint64_t xfsm_history_oldest(const struct xfsm_history *);

/* Address space of such a ring, in bytes. */
uint64_t xfsm_history_bytes(const struct xfsm_history *);

#endif /* xfsm/runtime/history.h */
