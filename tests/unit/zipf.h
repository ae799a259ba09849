/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef TESTS_UNIT_ZIPF_H
#define TESTS_UNIT_ZIPF_H 1

/* Numbers for tests by Zipf's law: number i, from 0 on, is drawn with a
 * probability proportional to 1 / (i + 1)^s. */

#include <math.h>
#include <stdint.h>
#include <stdlib.h>

#include "tests/unit/random.h"

struct zipf {
    double *sums;               /* Of the probabilities, not normalised. */
    uint64_t n;
};

/* Returns false if there is no memory. */
static inline bool
zipf_init(struct zipf *z, uint64_t n, double s)
{
    double sum = 0;
    uint64_t i;

    z->n = n;
    z->sums = malloc(n * sizeof *z->sums);
    for (i = 0; z->sums && i < n; i++) {
        sum += pow((double) (i + 1), -s);
        z->sums[i] = sum;
    }
    return z->sums != NULL;
}

static inline uint64_t
zipf_draw(const struct zipf *z, uint64_t *random)
{
    double x = (double) (random_next(random) >> 11) * 0x1p-53
               * z->sums[z->n - 1];
    uint64_t low = 0;
    uint64_t high = z->n - 1;

    while (low < high) {
        uint64_t middle = (low + high) / 2;

        if (z->sums[middle] > x) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return low;
}

#endif /* tests/unit/zipf.h */
