/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef XFSM_SKETCH_WINDOW_H
#define XFSM_SKETCH_WINDOW_H 1

/* Packet time cut into windows.
 *
 * Window number i is the time from i * width to just before (i + 1) * width,
 * counted from the epoch of the timestamps: two machines that see the same
 * packets agree on it.  A clock only moves forward: a timestamp before the
 * window that it is in is late, and counts as the start of that window.
 *
 * Usually nothing happens, which costs one comparison; a division is needed
 * only when a window ends.
 *
 * Private to the sketches.  Thread-safety: none. */

#include <stdbool.h>
#include <stdint.h>

#include "xfsm/base/state-io.h"

struct xfsm_window {
    uint64_t width;             /* ns; 0: one window that never ends. */
    uint64_t number;            /* Of the window that it is. */
    uint64_t start;             /* ns. */
    uint64_t end;               /* ns, the start of the next one. */
};

static inline void
xfsm_window_init(struct xfsm_window *w, uint64_t width)
{
    w->width = width;
    w->number = 0;
    w->start = 0;
    w->end = width ? width : UINT64_MAX;
}

/* The number of the window that it is at 'now'. */
static inline uint64_t
xfsm_window_at(const struct xfsm_window *w, uint64_t now)
{
    return now < w->end || !w->width ? w->number : now / w->width;
}

/* Moves the clock on to 'now'.  Returns true if another window began. */
static inline bool
xfsm_window_advance(struct xfsm_window *w, uint64_t now)
{
    uint64_t number;

    if (now < w->end) {
        return false;
    }
    number = xfsm_window_at(w, now);
    if (number == w->number) {
        return false;           /* The last one of all. */
    }
    w->number = number;
    w->start = number * w->width;
    w->end = w->start + w->width;
    if (w->end < w->start) {
        w->end = UINT64_MAX;
    }
    return true;
}

/* Writes or reads what window it is. */
static inline void
xfsm_window_state(struct xfsm_window *w, struct xfsm_state_io *io)
{
    uint64_t number = w->number;

    xfsm_state_same(io, w->width, "the width of a window");
    xfsm_state_u64(io, &number);
    if (xfsm_state_reads(io)) {
        bool good = w->width ? number <= UINT64_MAX / w->width : !number;

        xfsm_state_check(io, good, "the time of a window");
        xfsm_window_init(w, w->width);
        if (w->width && good) {
            xfsm_window_advance(w, number * w->width);
        }
    }
}

#endif /* xfsm/sketch/window.h */
