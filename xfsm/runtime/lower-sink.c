/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include "xfsm/runtime/lower.h"

#include <string.h>

#include "xfsm/runtime/instance.h"

/* Does 'op', of handler 'handler', read or write register 'reg'? */
static bool
mentions(const struct xfsm_image *image, uint32_t handler,
         const struct xfsm_op *op, uint8_t reg)
{
    struct xfsm_op_access access;

    xfsm_op_find_access(image, handler, op, &access);
    return xfsm_registers_has(&access.reads, reg)
           || xfsm_registers_has(&access.writes, reg)
           || xfsm_registers_has(&access.may_write, reg);
}

static bool
is_conditional_jump(const struct xfsm_op *op)
{
    return op->code == XFSM_L_JZ || op->code == XFSM_L_JNZ
           || (op->code >= XFSM_L_JNEQ_K && op->code <= XFSM_L_JNGE_K);
}

/* Does 'op' change the rates 'memory'?  Not so EFFECT, which anything may be
 * behind. */
static bool
changes(const struct xfsm_op *op, const void *memory)
{
    return op->m.memory == memory
           && (op->code == XFSM_L_TEWMA_ADD || op->code == XFSM_L_TEWMA_UPDATE
               || op->code == XFSM_L_TEWMA_UPDATE_NEW
               || op->code == XFSM_L_TEWMA_UPDATE_EITHER);
}

/* The last of the jumps to the END behind operation 'i', a read, that this can
 * move behind; 'i' if there is none.  'led_to' tells where jumps lead. */
static uint32_t
find_place(const struct xfsm_instance *p, uint32_t handler,
           const uint32_t *led_to, uint32_t i)
{
    const struct xfsm_lowered *lowered = &p->lowered;
    const struct xfsm_op *get = &lowered->ops[i];
    uint32_t place = i;

    for (uint32_t j = i + 1; j < lowered->n_ops && !led_to[j]; j++) {
        const struct xfsm_op *op = &lowered->ops[j];

        if (op->code == XFSM_L_END || op->code == XFSM_L_JUMP
            || op->code == XFSM_L_TGET || op->code == XFSM_L_EFFECT
            || mentions(&p->image, handler, op, get->a)
            || changes(op, get->m.memory)) {
            break;
        } else if (is_conditional_jump(op)) {
            if (lowered->ops[op->target].code != XFSM_L_END) {
                break;
            }
            place = j;
        }
    }
    return place;
}

/* The primary key of the packets that handler 'handler' is for, or XFSM_NONE
 * if it is for none. */
static uint16_t
primary_of(const struct xfsm_image *image, uint32_t handler)
{
    const struct xfsm_img_event *event
        = &image->events[image->handlers[handler].event];

    return event->type == XFSM_EV_PACKET ? event->primary : XFSM_NONE;
}

/* The end of the operations of handler 'handler'. */
static uint32_t
end_of(const struct xfsm_instance *p, uint32_t handler)
{
    return handler + 1 < p->image.n_handlers
           ? p->lowered.handlers[handler + 1] : p->lowered.n_ops;
}

/* From the last read to the first, so that those that move behind the same
 * jump stay in order. */
static void
sink_in_handler(struct xfsm_instance *p, uint32_t handler,
                const uint32_t *led_to)
{
    struct xfsm_op *ops = p->lowered.ops;
    uint16_t primary = primary_of(&p->image, handler);
    uint32_t first = p->lowered.handlers[handler];

    if (primary == XFSM_NONE) {
        return;
    }
    for (uint32_t i = end_of(p, handler); i-- > first; ) {
        struct xfsm_op get = ops[i];
        uint32_t place;

        if (get.code != XFSM_L_TEWMA_GET || get.key != primary) {
            continue;
        }
        place = find_place(p, handler, led_to, i);
        if (place > i) {
            memmove(&ops[i], &ops[i + 1], (place - i) * sizeof *ops);
            get.sunk = true;
            ops[place] = get;
        }
    }
}

void
xfsm_sink_reads(struct xfsm_instance *p, const uint32_t *led_to)
{
    for (uint32_t i = 0; i < p->image.n_handlers; i++) {
        sink_in_handler(p, i, led_to);
    }
}

uint64_t
xfsm_sunk_metrics(const struct xfsm_instance *p, uint32_t handler)
{
    const struct xfsm_img_handler *h = &p->image.handlers[handler];
    uint16_t primary = primary_of(&p->image, handler);
    uint64_t sunk = 0, other = 0;

    for (uint32_t i = p->lowered.handlers[handler]; i < end_of(p, handler);
         i++) {
        const struct xfsm_op *op = &p->lowered.ops[i];

        if (op->code == XFSM_L_TEWMA_GET && op->key == primary) {
            *(op->sunk ? &sunk : &other) |= UINT64_C(1) << op->b;
        }
    }
    for (uint32_t i = h->code; sunk && i < h->code + h->n_code; i++) {
        const struct xfsm_insn *insn = &p->image.code[i];

        if (insn->op == XFSM_I_VMADD && insn->d == primary) {
            other |= UINT64_C(1) << insn->b;
        }
    }
    return sunk & ~other;
}
