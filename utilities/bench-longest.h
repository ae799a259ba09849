/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef UTILITIES_BENCH_LONGEST_H
#define UTILITIES_BENCH_LONGEST_H 1

/* How long single operations of tables, sketches and timers take at most: for
 * "xfsm bench --structures".  Averages (bench-structures.h) do not show an
 * operation that now and then clears, moves or sorts all there is.
 *
 * Each operation is timed by itself, by the time stamp counter where there is
 * one, less what timing nothing takes.  Keys come in random order and nothing
 * is prefetched, so this is what it takes from memory.  All of it was touched
 * in a first round that does not count.
 *
 * A machine takes the processor away for interrupts, other processes and other
 * virtual machines, by far longer than an operation takes.  Operations during
 * which the kernel switched to another thread are left out.  For the rest,
 * there are rounds of 4096 operations, after each of which nothing is timed
 * for as long as it took: the longest gap is what the machine alone does to an
 * operation.  And the longest operation of the quietest round is what the code
 * does each time.  (What it does once in a million operations would not show
 * there; the unit tests count the work of single operations for that.)
 *
 * Thread-safety: none, one measurement at a time in a process. */

#include <stddef.h>

struct xfsm_longest {
    const char *name;           /* Of the operation. */
    size_t n_keys;
    double mean;                /* ns, over all rounds. */
    double p9999;               /* ns: of 10,000 operations, 1 took longer. */
    double quiet;               /* ns: the longest, in the quietest round. */
    double longest;             /* ns: the longest of all. */
    double gap;                 /* ns: the longest one while doing nothing. */
};

typedef void xfsm_longest_cb(const struct xfsm_longest *, void *aux);

/* Measures all operations with 'n_keys' keys (1 to XFSM_STRUCTURES_KEYS_MAX).
 * Returns NULL, or an error that the caller frees. */
char *xfsm_longest_bench(size_t n_keys, xfsm_longest_cb *cb, void *aux);

#endif /* utilities/bench-longest.h */
