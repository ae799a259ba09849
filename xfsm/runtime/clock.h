/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef XFSM_RUNTIME_CLOCK_H
#define XFSM_RUNTIME_CLOCK_H 1

/* The engine's clock, which packets drive.
 *
 * States, timers and sketches count on a time that never goes back, and
 * packets come from clocks that do: a capture card without a battery, a host
 * whose clock is set, captures joined in the wrong order, a forged timestamp.
 * Were engine time simply the latest timestamp so far, one packet from 2100
 * would stop all decay, windows and timers for good.
 *
 * So engine time is packet time plus an offset, 0 at first:
 *
 *   - A packet at or after engine time moves it forward, however far: a gap
 *     of days in quiet traffic is nothing strange.
 *
 *   - An earlier packet counts as of now (time_backward).
 *
 *   - XFSM_CLOCK_CONFIRM packets in a row that are behind by more than
 *     XFSM_CLOCK_BEHIND, each within that of the one before, are right about
 *     the time, and engine time is wrong about it: from the last of them on
 *     the offset is such that engine time goes on, from where it is, at the
 *     pace of packets (time_rebased).  So a wrong timestamp costs one jump of
 *     engine time, as a long silence would, and never more than
 *     XFSM_CLOCK_CONFIRM packets of standstill once timestamps agree again.
 *     A clock that is set back by less than XFSM_CLOCK_BEHIND makes time
 *     stand still for as long.
 *
 *   - No packet takes engine time beyond XFSM_CLOCK_MAX, in the year 2106,
 *     where the 32-bit seconds of key tables end: one that would counts as one
 *     that is far behind, so that no number of wrong timestamps uses time up.
 *
 * Distances are signed 64-bit numbers: any two timestamps less than 292 years
 * apart compare as one expects.  Outside, in events and in what programs read,
 * only packet time is seen.
 *
 * Internal to the engine.  Thread-safety: none. */

#include <stdbool.h>
#include <stdint.h>

#define XFSM_CLOCK_BEHIND UINT64_C(60000000000)     /* ns. */
#define XFSM_CLOCK_CONFIRM 16                       /* Packets. */
#define XFSM_CLOCK_MAX (UINT32_MAX * UINT64_C(1000000000))  /* ns. */

struct xfsm_clock {
    uint64_t now;               /* Engine time, ns; never goes back. */
    uint64_t offset;            /* Plus packet time is engine time; modulo. */
    uint64_t last;              /* Packet time of the last one far behind. */
    unsigned int n_behind;      /* Of these in a row. */
};

/* A packet of time 'ts' that may not move time to where it is.  Returns true
 * if the clock was rebased on it. */
bool xfsm_clock_hold(struct xfsm_clock *, uint64_t ts);

/* Moves time to packet time 'ts'; false if that is in the past or beyond all
 * time. */
static inline bool
xfsm_clock_advance(struct xfsm_clock *clock, uint64_t ts)
{
    uint64_t now = ts + clock->offset;

    if (now >= clock->now && now <= XFSM_CLOCK_MAX) {
        clock->now = now;
        return true;
    }
    return false;
}

/* Packet time of engine time 'ns'. */
static inline uint64_t
xfsm_clock_shown(const struct xfsm_clock *clock, uint64_t ns)
{
    return ns - clock->offset;
}

#endif /* xfsm/runtime/clock.h */
