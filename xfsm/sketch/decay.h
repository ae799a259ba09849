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

/* Added to a number below 2^31 it leaves that number, rounded to an integer,
 * in the lowest bits of the sum: shorter than converting there and back. */
#define XFSM_DECAY_ROUND 0x1.8p52

/* 2^(-i/32). */
extern const double xfsm_decay_table[32];

/* 2^-'y', for 'y' not negative. */
static inline double
xfsm_decay(double y)
{
    double rounded = y * 32 + XFSM_DECAY_ROUND;
    double x, power, series;
    uint64_t n, bits;

    if (!(y < XFSM_DECAY_END)) {
        return 0;
    }
    memcpy(&n, &rounded, sizeof n);
    x = ((rounded - XFSM_DECAY_ROUND) * (1 / 32.0) - y)
        * 0x1.62e42fefa39efp-1;
    series = (1 + x) + (x * x) * ((1 / 2.0 + x * (1 / 6.0))
                                  + (x * x) * (1 / 24.0 + x * (1 / 120.0)));

    /* The power, from 1/2 to 1 in the table, times 2 to the -n/32: at least
     * 2^-1001, and so normal. */
    memcpy(&bits, &xfsm_decay_table[n % 32], sizeof bits);
    bits -= (n / 32 & 0x7ff) << 52;
    memcpy(&power, &bits, sizeof power);
    return series * power;
}

#endif /* xfsm/sketch/decay.h */
