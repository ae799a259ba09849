/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

/* Which registers of a handler are read later.  Jumps lead forward only, so
 * one pass from the last operation to the first tells. */

#include "xfsm/runtime/native-private.h"

#include <string.h>

static void
add_all(struct xfsm_registers *set, const struct xfsm_registers *other)
{
    for (int i = 0; i < XFSM_REGISTER_WORDS; i++) {
        set->w[i] |= other->w[i];
    }
}

void
xfsm_native_find_live(const struct xfsm_instance *p, uint32_t handler,
                      uint32_t first, uint32_t end,
                      struct xfsm_registers *before,
                      struct xfsm_registers *after)
{
    for (uint32_t i = end - first; i-- > 0; ) {
        const struct xfsm_op *op = &p->lowered.ops[first + i];
        struct xfsm_op_access access;

        memset(&after[i], 0, sizeof after[i]);
        if (op->code != XFSM_L_END && op->code != XFSM_L_JUMP) {
            add_all(&after[i], &before[i + 1]);
        }
        if (xfsm_native_jumps(op)) {
            add_all(&after[i], &before[op->target - first]);
        }
        xfsm_op_find_access(&p->image, handler, op, &access);
        for (int j = 0; j < XFSM_REGISTER_WORDS; j++) {
            before[i].w[j] = (after[i].w[j] & ~access.writes.w[j])
                             | access.reads.w[j];
        }
    }
}
