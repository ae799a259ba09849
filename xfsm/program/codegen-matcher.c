/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include "xfsm/program/codegen.h"

#include <string.h>

/* Emits one test: falls through where it holds, jumps to label 'no' where it
 * does not. */
static void
generate_test(struct xfsm_codegen *cg, const struct xfsm_selector *s, int no)
{
    struct xfsm_builder *b = cg->b;
    uint16_t field = 0, key = 0;
    struct xfsm_insn *insn;

    if (s->kind == XFSM_SEL_IN) {
        key = xfsm_builder_key(b, &s->key);
        insn = xfsm_codegen_emit(cg, XFSM_I_MIN);
        insn->b = s->table;
        insn->d = key;
        insn->c = (uint16_t) no;
        return;
    }

    field = xfsm_builder_field(b, s->field);
    if (s->kind == XFSM_SEL_ADDR) {
        key = xfsm_builder_prefix(b, &s->addr, s->prefix);
    }
    insn = xfsm_codegen_emit(cg, s->kind == XFSM_SEL_UINT ? XFSM_I_MUINT
                             : s->kind == XFSM_SEL_ADDR ? XFSM_I_MADDR
                             : XFSM_I_MSTR);
    insn->a = (uint8_t) s->op;
    insn->b = field;
    insn->c = (uint16_t) no;
    insn->d = key;
    if (s->kind == XFSM_SEL_UINT) {
        insn->k.u = s->value;
    } else if (s->kind == XFSM_SEL_STR) {
        insn->k.s.off = xfsm_builder_string(b, s->string);
        insn->k.s.len = (uint32_t) strlen(s->string);
    }
}

static void
generate_selector(struct xfsm_codegen *cg, const struct xfsm_selector *s,
                  int no)
{
    switch (s->kind) {
    case XFSM_SEL_AND:
        generate_selector(cg, s->a, no);
        generate_selector(cg, s->b, no);
        break;
    case XFSM_SEL_OR: {
        int other = xfsm_codegen_label(cg);
        int yes = xfsm_codegen_label(cg);

        generate_selector(cg, s->a, other);
        xfsm_codegen_emit(cg, XFSM_I_MJUMP)->c = (uint16_t) yes;
        xfsm_codegen_bind(cg, other);
        generate_selector(cg, s->b, no);
        xfsm_codegen_bind(cg, yes);
        break;
    }
    case XFSM_SEL_UINT:
    case XFSM_SEL_ADDR:
    case XFSM_SEL_STR:
    case XFSM_SEL_IN:
        generate_test(cg, s, no);
        break;
    }
}

void
xfsm_codegen_matcher(struct xfsm_codegen *cg)
{
    const struct xfsm_program *p = cg->program;

    cg->start = (uint32_t) cg->b->sections[XFSM_S_CODE].n;
    for (int i = 0; i < p->n_events; i++) {
        const struct xfsm_event_decl *event = &p->events[i];
        int next = xfsm_codegen_label(cg);

        if (event->type != XFSM_EV_PACKET) {
            xfsm_codegen_bind(cg, next);
            continue;
        }
        if (event->selector) {
            generate_selector(cg, event->selector, next);
        }
        xfsm_codegen_emit(cg, XFSM_I_MEVENT)->b = (uint16_t) i;
        xfsm_codegen_bind(cg, next);
    }
    xfsm_codegen_emit(cg, XFSM_I_MNONE);
    xfsm_codegen_resolve(cg);
}
