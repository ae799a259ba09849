/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef TESTS_UNIT_RANDOM_H
#define TESTS_UNIT_RANDOM_H 1

/* Numbers for tests: random to look at, the same in each run, and the same
 * that "xfsm bench" has. */

#include "utilities/bench-random.h"

static inline uint64_t
random_next(uint64_t *state)
{
    return xfsm_bench_random(state);
}

/* Below 'n', which is at most 2^32. */
static inline uint64_t
random_below(uint64_t *state, uint64_t n)
{
    return xfsm_bench_random_below(state, n);
}

#endif /* tests/unit/random.h */
