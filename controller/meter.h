/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef CONTROLLER_METER_H
#define CONTROLLER_METER_H 1

/* How much comes a second, of counters that are looked at from time to time.
 *
 * Counters that are read where they are kept begin anew when they are less
 * than before: all that they have is new.  Sums of such counters may also be
 * less since one of them is gone, so then nothing is.
 *
 * Sums that somebody else writes now and then change all at once: what comes a
 * second is then spread over the time since they did so before, and stays the
 * same until they change again, or have not for longer than they should.
 *
 * Functions here are pure. */

#include <stdbool.h>
#include <stdint.h>

/* Counters of a meter. */
#define XFSM_METER_N 4

struct xfsm_meter {
    bool started;
    bool sums;                  /* Set by the caller. */
    long long int hold;         /* The same: milliseconds without a change
                                 * after which there is none. */
    long long int since;        /* When they changed, in milliseconds. */
    int64_t counters[XFSM_METER_N];
    float rates[XFSM_METER_N];  /* Not a number at first. */
};

/* Takes 'counters' as they are at 'now', and updates the rates. */
void xfsm_meter_read(struct xfsm_meter *,
                     const int64_t counters[XFSM_METER_N],
                     long long int now);

#endif /* controller/meter.h */
