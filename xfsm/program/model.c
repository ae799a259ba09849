/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include "xfsm/program/model.h"

#include <stdio.h>

#include "xfsm/base/arena.h"
#include "xfsm/sketch/topk.h"

_Static_assert(1 << 10 == XFSM_TOPK_MAX, "the largest size of a topk");

const struct xfsm_monitor_sizes xfsm_monitor_sizes[XFSM_N_MONITORS] = {
    [XFSM_MON_DLEFT] = { 3, 26, 20 },
    [XFSM_MON_TEWMA] = { 3, 26, 20 },
    [XFSM_MON_SIMPLE] = { 3, 26, 20 },
    [XFSM_MON_DISTINCT] = { 3, 22, 16 },
    [XFSM_MON_COUNTMIN] = { 4, 26, 20 },
    [XFSM_MON_RATE] = { 3, 24, 16 },
    [XFSM_MON_QUANTILE] = { 3, 18, 12 },
    [XFSM_MON_TOPK] = { 3, 10, 10 },
};

void
xfsm_program_destroy(struct xfsm_program *program)
{
    if (program) {
        xfsm_arena_destroy(program->arena);
    }
}

const char *
xfsm_handler_path(const struct xfsm_program *program,
                  const struct xfsm_event_decl *event,
                  const struct xfsm_handler *handler,
                  char buf[XFSM_HANDLER_PATH_MAX])
{
    int i = (int) (handler - event->handlers) + 1;

    snprintf(buf, XFSM_HANDLER_PATH_MAX, "event[%d]/state[%d] \"%s\"",
             event->index, i, program->states[handler->state].name);
    return buf;
}
