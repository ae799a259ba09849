/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include <config.h>
#include "ovsdb-schema/ovs-compat.h"

#include "ovs-plugin/hub-share.h"

#include "util.h"

/* Halves what all had, once for each second that has passed. */
static void
forget(struct xfsm_hub_share *s, long long int now)
{
    long long int passed = MIN(MAX(now / 1000 - s->second, 0), 31);
    size_t i;

    s->second += passed ? now / 1000 - s->second : 0;
    for (i = 0; passed && i < XFSM_HUB_SHARES; i++) {
        s->had[i] >>= passed;
    }
}

/* What each may have if there comes one more. */
static unsigned int
fair_share(const struct xfsm_hub_share *s, unsigned int rate, uint32_t slot)
{
    unsigned int n = 1 + !s->had[slot];
    size_t i;

    for (i = 0; i < XFSM_HUB_SHARES; i++) {
        n += s->had[i] > 0;
    }
    return rate / n;
}

bool
xfsm_hub_share_take(struct xfsm_hub_share *s, unsigned int rate,
                    uint32_t who, long long int now)
{
    uint32_t slot = who % XFSM_HUB_SHARES;
    double left;

    if (!rate) {
        return true;
    }
    forget(s, now);
    left = xfsm_hub_bucket_fill(&s->bucket, rate, now);
    if (left < rate / (double) XFSM_HUB_SHARE_RESERVE
        && s->had[slot] >= fair_share(s, rate, slot)) {
        return false;
    }
    if (!xfsm_hub_bucket_take(&s->bucket, rate, now)) {
        return false;
    }
    s->had[slot]++;
    return true;
}
