/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include "xfsm/program/model.h"

#include "xfsm/base/arena.h"

const struct xfsm_monitor_sizes xfsm_monitor_sizes[XFSM_N_MONITORS] = {
    [XFSM_MON_DLEFT] = { 3, 26, 20 },
    [XFSM_MON_TEWMA] = { 3, 26, 20 },
    [XFSM_MON_SIMPLE] = { 3, 26, 20 },
    [XFSM_MON_DISTINCT] = { 3, 22, 16 },
    [XFSM_MON_COUNTMIN] = { 4, 26, 20 },
    [XFSM_MON_RATE] = { 3, 24, 16 },
    [XFSM_MON_QUANTILE] = { 3, 18, 12 },
};

void
xfsm_program_destroy(struct xfsm_program *program)
{
    if (program) {
        xfsm_arena_destroy(program->arena);
    }
}
