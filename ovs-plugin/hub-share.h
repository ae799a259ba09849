/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef OVS_PLUGIN_HUB_SHARE_H
#define OVS_PLUGIN_HUB_SHARE_H 1

/* A token bucket that several draw on, of whom none can use up what others
 * need.
 *
 * The last quarter of the tokens (XFSM_HUB_SHARE_RESERVE) is for those who
 * have had less than their fair share of late, which is the rate over one more
 * than there are now.  So one alone has the whole rate, all but the reserve at
 * once, and whoever comes late finds something left, and half of its share
 * each second, whatever others want.
 *
 * What somebody had of late is remembered in one of XFSM_HUB_SHARES slots,
 * which a hash with a secret picks, and halved each second: two in the same
 * slot count as one.
 *
 * Thread-safety: none needed, all state is the caller's. */

#include <stdbool.h>
#include <stdint.h>

#include "ovs-plugin/hub-source.h"

#define XFSM_HUB_SHARES 32
#define XFSM_HUB_SHARE_RESERVE 4        /* One in so many tokens. */

struct xfsm_hub_share {
    struct xfsm_hub_bucket bucket;
    long long int second;       /* Of the last halving, monotonic. */
    uint32_t had[XFSM_HUB_SHARES];
};

/* Takes a token of 'rate' a second, 0: any number, for who has the hash 'who'.
 * 'now' is in monotonic ms.  Returns false if there is none for it. */
bool xfsm_hub_share_take(struct xfsm_hub_share *, unsigned int rate,
                         uint32_t who, long long int now);

#endif /* ovs-plugin/hub-share.h */
