/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include "tests/unit/reference-private.h"
#include "xfsm/runtime/clock.h"

/* How far the clock of packets, at 'ts', is ahead of time. */
static int64_t
ahead(const struct reference *r, uint64_t ts)
{
    return (int64_t) (ts + r->shift - r->now);
}

bool
ref_clock_follows(const struct reference *r, uint64_t ts)
{
    return ahead(r, ts) >= 0 && ts + r->shift <= XFSM_CLOCK_MAX;
}

void
ref_clock_consider(struct reference *r, uint64_t ts)
{
    const int64_t limit = (int64_t) XFSM_CLOCK_BEHIND;

    if (ref_clock_follows(r, ts)
        || (ahead(r, ts) < 0 && ahead(r, ts) >= -limit)) {
        r->n_strays = 0;
        return;
    }
    if (r->n_strays) {
        uint64_t last = r->strays[r->n_strays - 1];

        if (ts > last ? ts - last > XFSM_CLOCK_BEHIND
                      : last - ts > XFSM_CLOCK_BEHIND) {
            r->n_strays = 0;
        }
    }
    r->strays[r->n_strays++] = ts;
    if (r->n_strays == XFSM_CLOCK_CONFIRM) {
        r->shift = r->now - ts;
        r->n_strays = 0;
    }
}
