/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include "xfsm/runtime/clock.h"

bool
xfsm_clock_hold(struct xfsm_clock *clock, uint64_t ts)
{
    uint64_t behind = clock->now - (ts + clock->offset);
    uint64_t apart = ts > clock->last ? ts - clock->last : clock->last - ts;

    if (behind <= XFSM_CLOCK_BEHIND) {
        clock->n_behind = 0;
        return false;
    }
    clock->n_behind = clock->n_behind && apart <= XFSM_CLOCK_BEHIND
                      ? clock->n_behind + 1 : 1;
    clock->last = ts;
    if (clock->n_behind < XFSM_CLOCK_CONFIRM) {
        return false;
    }
    clock->offset = clock->now - ts;
    clock->n_behind = 0;
    return true;
}
