/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include <config.h>
#include "ovsdb-schema/ovs-compat.h"

#include "ovs-plugin/backoff.h"

#include <sys/wait.h>

enum xfsm_exit
xfsm_exit_classify(int status)
{
    if (WIFEXITED(status)) {
        switch (WEXITSTATUS(status)) {
        case XFSM_EXIT_STOP:
            return XFSM_EXITED_STOP;
        case XFSM_EXIT_RETRY:
            return XFSM_EXITED_RETRY;
        case XFSM_EXIT_CONFIG:
            return XFSM_EXITED_CONFIG;
        }
    }
    return XFSM_EXITED_FAILED;
}

long long int
xfsm_backoff_next(struct xfsm_backoff *b, long long int healthy)
{
    if (!b->delay || healthy >= XFSM_BACKOFF_HEALTHY) {
        b->delay = XFSM_BACKOFF_MIN;
    } else if (b->delay < XFSM_BACKOFF_MAX / 2) {
        b->delay *= 2;
    } else {
        b->delay = XFSM_BACKOFF_MAX;
    }
    return b->delay;
}

void
xfsm_backoff_reset(struct xfsm_backoff *b)
{
    b->delay = 0;
}
