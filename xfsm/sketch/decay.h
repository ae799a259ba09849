/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef XFSM_SKETCH_DECAY_H
#define XFSM_SKETCH_DECAY_H 1

/* 2^-y, fast and the same everywhere.
 *
 * y is split into n/32 and a rest of at most 1/64: 2^-n comes from a table of
 * 32 powers and the exponent's bits, the rest from the series of exp() up to
 * the fifth power, whose remainder is below 3e-15.  No libm, so that two
 * machines agree to the bit (with contraction off).
 *
 * Private to the sketches.  Thread-safety: any thread. */

#include <stdint.h>
#include <string.h>

/* From here on 2^-y is taken as 0: it would soon be subnormal, which is slow
 * and useless. */
#define XFSM_DECAY_END 1000.0

/* 2^(-i/32). */
extern const double xfsm_decay_table[32];

/* 2^-'y', for 'y' not negative. */
static inline double
xfsm_decay(double y)
{
    uint32_t n;
    double x;
    double series;
    uint64_t bits;

    if (!(y < XFSM_DECAY_END)) {
        return 0;
    }
    n = (uint32_t) (y * 32 + 0.5);
    x = (n * (1 / 32.0) - y) * 0x1.62e42fefa39efp-1;
    series = 1 + x + x * x * (1 / 2.0 + x * (1 / 6.0)
                              + x * x * (1 / 24.0 + x * (1 / 120.0)));
    series *= xfsm_decay_table[n % 32];

    /* Now in (0.49, 1.02): what is left is a power of two. */
    memcpy(&bits, &series, sizeof bits);
    bits -= (uint64_t) (n / 32) << 52;
    memcpy(&series, &bits, sizeof bits);
    return series;
}

#endif /* xfsm/sketch/decay.h */
