/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include "xfsm/program/model.h"

#include "xfsm/base/arena.h"

void
xfsm_program_destroy(struct xfsm_program *program)
{
    if (program) {
        xfsm_arena_destroy(program->arena);
    }
}
