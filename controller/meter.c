/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include <config.h>
#include "ovsdb-schema/ovs-compat.h"

#include "controller/meter.h"

#include <math.h>
#include <string.h>

#include "util.h"

static int64_t
increase(int64_t before, int64_t after, bool sums)
{
    return after >= before ? after - before : sums ? 0 : after;
}

void
xfsm_meter_read(struct xfsm_meter *meter,
                const int64_t counters[XFSM_METER_N], long long int now)
{
    long long int elapsed = now - meter->since;
    bool changed = memcmp(counters, meter->counters, sizeof meter->counters);
    size_t i;

    if (meter->started
        && (elapsed <= 0 || (!changed && elapsed < meter->hold))) {
        return;
    }
    for (i = 0; i < XFSM_METER_N; i++) {
        meter->rates[i] = (meter->started
                           ? increase(meter->counters[i], counters[i],
                                      meter->sums) * 1000.0 / elapsed
                           : NAN);
        meter->counters[i] = counters[i];
    }
    meter->started = true;
    meter->since = now;
}
