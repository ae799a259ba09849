/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include "xfsm/runtime/lower.h"

#include <string.h>

/* The registers that a text shows. */
static void
add_text(struct xfsm_registers *set, const struct xfsm_image *image,
         uint16_t text)
{
    const struct xfsm_img_text *t = &image->texts[text];

    for (uint32_t i = 0; i < t->n; i++) {
        const struct xfsm_img_part *part = &image->parts[t->first + i];

        if (part->kind == XFSM_PART_REG) {
            xfsm_registers_add(set, part->index);
        }
    }
}

/* xfsm_effect().  What is not known may read everything. */
static void
effect_access(const struct xfsm_image *image, uint32_t handler,
              const struct xfsm_insn *insn, struct xfsm_op_access *access)
{
    const struct xfsm_img_handler *h = &image->handlers[handler];

    switch (insn->op) {
    case XFSM_I_TIS:
        add_text(&access->reads, image, insn->c);
        xfsm_registers_add(&access->writes, insn->a);
        break;
    case XFSM_I_TTEXT:
        add_text(&access->reads, image, insn->c);
        break;
    case XFSM_I_PUBLISH:
    case XFSM_I_MITIGATE:
        add_text(&access->reads, image, insn->b);
        break;
    case XFSM_I_EXPORT:
        for (uint32_t i = 0; i < h->n_features; i++) {
            xfsm_registers_add(&access->reads,
                          image->features[h->first_feature + i].reg);
        }
        break;
    case XFSM_I_PUBRAW: case XFSM_I_SUSPECT: case XFSM_I_TIMER:
    case XFSM_I_CANCEL: case XFSM_I_STATE: case XFSM_I_RESET:
    case XFSM_I_RESETK: case XFSM_I_TRESET:
        break;
    default:
        memset(&access->reads, 0xff, sizeof access->reads);
        break;
    }
}

void
xfsm_op_find_access(const struct xfsm_image *image, uint32_t handler,
                    const struct xfsm_op *op, struct xfsm_op_access *access)
{
    memset(access, 0, sizeof *access);
    switch (op->code) {
    case XFSM_L_END: case XFSM_L_JUMP: case XFSM_L_DETECTOR_SET:
    case XFSM_L_SUMMARY_ITEM:
        break;
    case XFSM_L_EFFECT:
        effect_access(image, handler, op->m.insn, access);
        break;
    case XFSM_L_JZ: case XFSM_L_JNZ: case XFSM_L_TEWMA_ADD:
    case XFSM_L_COUNTER_ADD: case XFSM_L_SIMPLE_ADD: case XFSM_L_SUMMARY_ADD:
    case XFSM_L_TSET:
        xfsm_registers_add(&access->reads, op->a);
        break;
    case XFSM_L_LDI: case XFSM_L_LDF: case XFSM_L_DETECTOR_GET:
    case XFSM_L_DETECTOR_UPDATE: case XFSM_L_TEWMA_GET:
    case XFSM_L_COUNTER_GET: case XFSM_L_SIMPLE_GET: case XFSM_L_SUMMARY_GET:
    case XFSM_L_SUMMARY_ITEM_UPDATE: case XFSM_L_TGET:
        xfsm_registers_add(&access->writes, op->a);
        break;
    case XFSM_L_TEWMA_UPDATE: case XFSM_L_COUNTER_UPDATE:
    case XFSM_L_SUMMARY_UPDATE:
        xfsm_registers_add(&access->writes, op->a);
        xfsm_registers_add(&access->writes, op->c);
        break;
    case XFSM_L_TEWMA_UPDATE_NEW: case XFSM_L_COUNTER_UPDATE_NEW:
    case XFSM_L_SUMMARY_UPDATE_NEW:
        xfsm_registers_add(&access->may_write, op->c);
        /* Fall through. */
    case XFSM_L_SUMMARY_ITEM_UPDATE_NEW:
        xfsm_registers_add(&access->reads, op->b);
        xfsm_registers_add(&access->writes, op->a);
        break;
    case XFSM_L_TEWMA_UPDATE_EITHER:
    case XFSM_L_JNEQ_K: case XFSM_L_JNNE_K: case XFSM_L_JNLT_K:
    case XFSM_L_JNLE_K: case XFSM_L_JNGT_K: case XFSM_L_JNGE_K:
        xfsm_registers_add(&access->reads, op->b);
        xfsm_registers_add(&access->writes, op->a);
        xfsm_registers_add(&access->writes, op->c);
        break;
    case XFSM_L_MOV: case XFSM_L_NEG: case XFSM_L_NOT: case XFSM_L_BOOL:
    case XFSM_L_ABS: case XFSM_L_LOG: case XFSM_L_LOG2: case XFSM_L_EXP:
    case XFSM_L_SQRT: case XFSM_L_FLOOR: case XFSM_L_CEIL:
        xfsm_registers_add(&access->reads, op->b);
        xfsm_registers_add(&access->writes, op->a);
        break;
    default:
        xfsm_registers_add(&access->reads, op->b);
        xfsm_registers_add(&access->reads, op->c);
        xfsm_registers_add(&access->writes, op->a);
        break;
    }
}
