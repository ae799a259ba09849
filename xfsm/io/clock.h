/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef XFSM_IO_CLOCK_H
#define XFSM_IO_CLOCK_H 1

/* The clock that time limits and retries go by: monotonic, in ms.  Never that
 * of packets or events. */

#include <stdint.h>
#include <time.h>

static inline int64_t
xfsm_now_ms(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return ts.tv_sec * INT64_C(1000) + ts.tv_nsec / 1000000;
}

#endif /* xfsm/io/clock.h */
