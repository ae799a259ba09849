/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef UTILITIES_BENCH_RANDOM_H
#define UTILITIES_BENCH_RANDOM_H 1

/* Numbers for measurements: random to look at, the same in each run.
 * SplitMix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number
 * generators", 2014). */

#include <stdint.h>

static inline uint64_t
xfsm_bench_random(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

/* Below 'n', which is at most 2^32. */
static inline uint64_t
xfsm_bench_random_below(uint64_t *state, uint64_t n)
{
    return (xfsm_bench_random(state) >> 32) * n >> 32;
}

#endif /* utilities/bench-random.h */
