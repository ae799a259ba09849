/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef UTILITIES_BENCH_STRUCTURES_H
#define UTILITIES_BENCH_STRUCTURES_H 1

/* What the operations of tables, sketches and timers cost, apart from the
 * engine: for "xfsm bench --structures" and tests/bench/bench-sketch.
 *
 * Keys come in random order, each operation prefetched a batch ahead as the
 * engine does it.  Times are processor time, medians of the rounds.
 *
 * Thread-safety: none, one measurement at a time in a process. */

#include <stddef.h>

#define XFSM_STRUCTURES_ROUNDS_MAX 99
#define XFSM_STRUCTURES_KEYS_MAX ((size_t) 1 << 23)

/* Takes the result of one operation on a structure of 'n_keys' keys: 'ns' for
 * each. */
typedef void xfsm_structures_cb(const char *name, size_t n_keys, double ns,
                                void *aux);

/* Measures all operations with 'n_keys' keys (1 to XFSM_STRUCTURES_KEYS_MAX),
 * in 'rounds' rounds (1 to XFSM_STRUCTURES_ROUNDS_MAX).  The exact table holds
 * all keys before the first.  Returns NULL, or an error that the caller
 * frees. */
char *xfsm_structures_bench(size_t n_keys, long rounds,
                            xfsm_structures_cb *cb, void *aux);

/* Measures what keys do to the exact table that were made to fall into one
 * bucket pair under the seed of zeros: with that seed, and with a secret one;
 * beside keys that were not.  Returns as above. */
char *xfsm_structures_bench_collisions(long rounds, xfsm_structures_cb *cb,
                                       void *aux);

/* The size N of a sketch of 2^N cells, so that there are 8 to 16 for each of
 * 'n_keys' keys. */
unsigned int xfsm_structures_sketch_size(size_t n_keys);

#endif /* utilities/bench-structures.h */
