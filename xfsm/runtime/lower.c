/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include "xfsm/runtime/lower.h"

#include <stdlib.h>
#include <string.h>

#include "xfsm/runtime/instance.h"

/* One translation. */
struct lowering {
    struct xfsm_instance *p;
    const struct xfsm_insn *code;
    uint32_t n;                 /* Instructions. */
    uint32_t *led_to;           /* Ways to an instruction but from above. */
    uint32_t *place;            /* Its operation. */
    uint32_t n_ops;
};

/* ## Fusing ## */

/* Are instructions 'i' + 1 to 'i' + 'n' there and reached from above only? */
static bool
straight(const struct lowering *l, uint32_t i, uint32_t n)
{
    if (i + n >= l->n) {
        return false;
    }
    for (uint32_t j = i + 1; j <= i + n; j++) {
        if (l->led_to[j]) {
            return false;
        }
    }
    return true;
}

static bool
same_metric(const struct xfsm_insn *x, const struct xfsm_insn *y)
{
    return x->b == y->b && x->d == y->d;
}

/* vd_get, vd_set of one key: swallows 1. */
static bool
is_detector_update(const struct lowering *l, uint32_t i)
{
    const struct xfsm_insn *x = &l->code[i];

    return straight(l, i, 1) && x->op == XFSM_I_VDGET
           && x[1].op == XFSM_I_VDSET && same_metric(x, x + 1);
}

/* ldi, vm_add, vm_get of one key: swallows 2. */
static bool
is_monitor_update(const struct lowering *l, uint32_t i)
{
    const struct xfsm_insn *x = &l->code[i];

    return straight(l, i, 2) && x->op == XFSM_I_LDI
           && x[1].op == XFSM_I_VMADD && x[1].a == x->a
           && x[2].op == XFSM_I_VMGET && same_metric(x + 1, x + 2);
}

/* jnz to the vm_get, ldi, vm_add, vm_get: swallows 3.  The vm_get is led to,
 * by that jump alone. */
static bool
is_monitor_update_new(const struct lowering *l, uint32_t i)
{
    const struct xfsm_insn *x = &l->code[i];

    return straight(l, i, 2) && i + 3 < l->n && l->led_to[i + 3] == 1
           && x->op == XFSM_I_JNZ && x->c == i + 3
           && x[1].op == XFSM_I_LDI
           && x[2].op == XFSM_I_VMADD && x[2].a == x[1].a
           && x[3].op == XFSM_I_VMGET && same_metric(x + 2, x + 3);
}

/* ldi, jz to the vm_add, ldi, vm_add, vm_get: swallows 4.  The vm_add is led
 * to, by that jump alone. */
static bool
is_monitor_update_either(const struct lowering *l, uint32_t i)
{
    const struct xfsm_insn *x = &l->code[i];

    return straight(l, i, 2) && i + 4 < l->n && l->led_to[i + 3] == 1
           && !l->led_to[i + 4]
           && x->op == XFSM_I_LDI
           && x[1].op == XFSM_I_JZ && x[1].c == i + 3 && x[1].a != x->a
           && x[2].op == XFSM_I_LDI && x[2].a == x->a
           && x[3].op == XFSM_I_VMADD && x[3].a == x->a
           && x[4].op == XFSM_I_VMGET && same_metric(x + 3, x + 4);
}

/* vm_item, vm_get of one key: swallows 1. */
static bool
is_item_update(const struct lowering *l, uint32_t i)
{
    const struct xfsm_insn *x = &l->code[i];

    return straight(l, i, 1) && x->op == XFSM_I_VMITEM
           && x[1].op == XFSM_I_VMGET && same_metric(x, x + 1);
}

/* jnz to the vm_get, vm_item, vm_get: swallows 2. */
static bool
is_item_update_new(const struct lowering *l, uint32_t i)
{
    const struct xfsm_insn *x = &l->code[i];

    return straight(l, i, 1) && i + 2 < l->n && l->led_to[i + 2] == 1
           && x->op == XFSM_I_JNZ && x->c == i + 2
           && x[1].op == XFSM_I_VMITEM
           && x[2].op == XFSM_I_VMGET && same_metric(x + 1, x + 2);
}

/* compare, bool of the outcome, which it is already: swallows 1. */
static bool
is_compare_bool(const struct lowering *l, uint32_t i)
{
    const struct xfsm_insn *x = &l->code[i];

    return straight(l, i, 1) && x->op >= XFSM_I_EQ && x->op <= XFSM_I_GE
           && x[1].op == XFSM_I_BOOL && x[1].a == x->a && x[1].b == x->a;
}

/* ldi, compare with it, perhaps bool, jz on the outcome: which of the
 * instructions that is, or 0. */
static uint32_t
find_compare_jump(const struct lowering *l, uint32_t i)
{
    const struct xfsm_insn *x = &l->code[i];
    uint32_t n = straight(l, i, 1) && is_compare_bool(l, i + 1) ? 3 : 2;

    return straight(l, i, n) && x->op == XFSM_I_LDI
           && x[1].op >= XFSM_I_EQ && x[1].op <= XFSM_I_GE
           && x[1].c == x->a && x[1].b != x->a && x[1].a != x->a
           && x[n].op == XFSM_I_JZ && x[n].a == x[1].a ? n : 0;
}

/* ## Translation ## */

/* The operation on a monitor of the given type. */
static uint8_t
monitor_code(const struct xfsm_metric_memory *m, uint8_t tewma,
             uint8_t counter, uint8_t summary, uint8_t simple)
{
    return m->tewma ? tewma : m->counters ? counter
           : m->summary ? summary : simple;
}

static void *
monitor_memory(struct xfsm_metric_memory *m)
{
    return m->tewma ? (void *) m->tewma
           : m->counters ? (void *) m->counters
           : m->summary ? (void *) m->summary
           : (void *) &m->simple;
}

static void
lower_monitor(struct lowering *l, const struct xfsm_insn *insn,
              struct xfsm_op *op)
{
    struct xfsm_metric_memory *m = &l->p->metrics[insn->b];

    op->m.memory = monitor_memory(m);
    switch (insn->op) {
    case XFSM_I_VMADD:
        op->code = monitor_code(m, XFSM_L_TEWMA_ADD, XFSM_L_COUNTER_ADD,
                                XFSM_L_SUMMARY_ADD, XFSM_L_SIMPLE_ADD);
        break;
    case XFSM_I_VMITEM:
        op->code = XFSM_L_SUMMARY_ITEM;
        break;
    default:
        op->code = monitor_code(m, XFSM_L_TEWMA_GET, XFSM_L_COUNTER_GET,
                                XFSM_L_SUMMARY_GET, XFSM_L_SIMPLE_GET);
        break;
    }
}

/* Translates one instruction as it stands. */
static void
lower_single(struct lowering *l, const struct xfsm_insn *insn,
             struct xfsm_op *op)
{
    struct xfsm_instance *p = l->p;

    op->a = insn->a;
    op->b = (uint8_t) insn->b;
    op->c = (uint8_t) insn->c;
    op->key = insn->d;
    op->target = insn->c;
    switch (insn->op) {
    case XFSM_I_END: op->code = XFSM_L_END; break;
    case XFSM_I_JUMP: op->code = XFSM_L_JUMP; break;
    case XFSM_I_JZ: op->code = XFSM_L_JZ; break;
    case XFSM_I_JNZ: op->code = XFSM_L_JNZ; break;
    case XFSM_I_VDGET:
    case XFSM_I_VDSET:
        op->code = insn->op == XFSM_I_VDGET ? XFSM_L_DETECTOR_GET
                                            : XFSM_L_DETECTOR_SET;
        op->m.memory = p->metrics[insn->b].detector;
        break;
    case XFSM_I_VMADD:
    case XFSM_I_VMITEM:
    case XFSM_I_VMGET:
        lower_monitor(l, insn, op);
        break;
    case XFSM_I_TGET:
    case XFSM_I_TSET:
        op->code = insn->op == XFSM_I_TGET ? XFSM_L_TGET : XFSM_L_TSET;
        op->m.memory = p->tables[insn->b];
        break;
    case XFSM_I_LDI:
        op->code = XFSM_L_LDI;
        op->k = insn->k.f;
        break;
    case XFSM_I_LDF:
        op->code = XFSM_L_LDF;
        op->m.field = p->image.field_ids[insn->b];
        break;
    default:
        if (insn->op >= XFSM_I_MOV && insn->op <= XFSM_I_CEIL) {
            op->code = (uint8_t) (XFSM_L_MOV + insn->op - XFSM_I_MOV);
        } else {
            op->code = XFSM_L_EFFECT;
            op->m.insn = insn;
        }
        break;
    }
}

_Static_assert(XFSM_L_CEIL - XFSM_L_MOV == XFSM_I_CEIL - XFSM_I_MOV,
               "arithmetic has one order in both lists");
_Static_assert(XFSM_L_JNGE_K - XFSM_L_JNEQ_K == XFSM_I_GE - XFSM_I_EQ,
               "comparisons have one order in both lists");

/* Translates what begins at instruction 'i' into '*op' and returns how many
 * instructions that was. */
static uint32_t
lower_next(struct lowering *l, uint32_t i, struct xfsm_op *op)
{
    const struct xfsm_insn *x = &l->code[i];
    uint32_t jump = find_compare_jump(l, i);

    if (is_detector_update(l, i)) {
        lower_single(l, x, op);
        op->code = XFSM_L_DETECTOR_UPDATE;
        return 2;
    }
    if (is_monitor_update_new(l, i)) {
        struct xfsm_metric_memory *m = &l->p->metrics[x[3].b];

        if (m->tewma || m->counters || m->summary) {
            op->code = monitor_code(m, XFSM_L_TEWMA_UPDATE_NEW,
                                    XFSM_L_COUNTER_UPDATE_NEW,
                                    XFSM_L_SUMMARY_UPDATE_NEW, 0);
            op->a = x[3].a;
            op->b = x->a;
            op->c = x[1].a;
            op->key = x[3].d;
            op->k = x[1].k.f;
            op->m.memory = monitor_memory(m);
            return 4;
        }
    }
    if (is_monitor_update_either(l, i) && l->p->metrics[x[4].b].tewma) {
        lower_single(l, x + 4, op);
        op->code = XFSM_L_TEWMA_UPDATE_EITHER;
        op->b = x[1].a;
        op->c = x->a;
        op->k = x->k.f;
        op->other = x[2].k.f;
        return 5;
    }
    if (is_monitor_update(l, i)) {
        struct xfsm_metric_memory *m = &l->p->metrics[x[2].b];

        if (m->tewma || m->counters || m->summary) {
            op->code = monitor_code(m, XFSM_L_TEWMA_UPDATE,
                                    XFSM_L_COUNTER_UPDATE,
                                    XFSM_L_SUMMARY_UPDATE, 0);
            op->a = x[2].a;
            op->c = x->a;
            op->key = x[2].d;
            op->k = x->k.f;
            op->m.memory = monitor_memory(m);
            return 3;
        }
    }
    if (is_item_update(l, i)) {
        lower_single(l, x, op);
        op->code = XFSM_L_SUMMARY_ITEM_UPDATE;
        op->a = x[1].a;
        return 2;
    }
    if (is_item_update_new(l, i)) {
        lower_single(l, x + 1, op);
        op->code = XFSM_L_SUMMARY_ITEM_UPDATE_NEW;
        op->a = x[2].a;
        op->b = x->a;
        return 3;
    }
    if (jump) {
        op->code = (uint8_t) (XFSM_L_JNEQ_K + x[1].op - XFSM_I_EQ);
        op->a = x[1].a;
        op->b = (uint8_t) x[1].b;
        op->c = x->a;
        op->k = x->k.f;
        op->target = x[jump].c;
        return jump + 1;
    }
    lower_single(l, x, op);
    return is_compare_bool(l, i) ? 2 : 1;
}

/* Where a jump leads that is taken with register 'op->a' 0: not to another
 * one that will be taken for that, nor, where the 0 is that of a comparison
 * and has no sign, to what would make it one. */
static uint16_t
thread(const struct xfsm_op *ops, const struct xfsm_op *op)
{
    uint16_t target = op->target;

    for (;;) {
        const struct xfsm_op *next = &ops[target];

        if (next->code == XFSM_L_JZ && next->a == op->a) {
            target = next->target;
        } else if (next->code == XFSM_L_BOOL && next->a == op->a
                   && next->b == op->a && op->code != XFSM_L_JZ) {
            target++;
        } else {
            return target;
        }
    }
}

static void
thread_jumps(struct xfsm_lowered *lowered)
{
    for (uint32_t i = lowered->n_ops; i-- > 0;) {
        struct xfsm_op *op = &lowered->ops[i];

        if (op->code == XFSM_L_JZ
            || (op->code >= XFSM_L_JNEQ_K && op->code <= XFSM_L_JNGE_K)) {
            op->target = thread(lowered->ops, op);
        }
    }
}

static bool
is_jump(uint8_t code)
{
    switch (code) {
    case XFSM_L_JUMP: case XFSM_L_JZ: case XFSM_L_JNZ: case XFSM_L_TGET:
    case XFSM_L_JNEQ_K: case XFSM_L_JNNE_K: case XFSM_L_JNLT_K:
    case XFSM_L_JNLE_K: case XFSM_L_JNGT_K: case XFSM_L_JNGE_K:
        return true;
    default:
        return false;
    }
}

/* Moves reads, once each operation is where it was and jumps are threaded. */
static void
sink_reads(struct lowering *l)
{
    const struct xfsm_lowered *lowered = &l->p->lowered;

    memset(l->led_to, 0, l->n * sizeof *l->led_to);
    for (uint32_t i = 0; i < lowered->n_ops; i++) {
        if (is_jump(lowered->ops[i].code)) {
            l->led_to[lowered->ops[i].target]++;
        }
    }
    xfsm_sink_reads(l->p, l->led_to);
}

static void
lower_handlers(struct lowering *l)
{
    struct xfsm_lowered *lowered = &l->p->lowered;
    uint32_t i = l->p->image.header->matcher_len;

    while (i < l->n) {
        uint32_t n = lower_next(l, i, &lowered->ops[l->n_ops]);

        for (uint32_t j = 0; j < n; j++) {
            l->place[i + j] = l->n_ops;
        }
        l->n_ops++;
        i += n;
    }
    for (uint32_t j = 0; j < l->n_ops; j++) {
        struct xfsm_op *op = &lowered->ops[j];

        if (is_jump(op->code)) {
            op->target = (uint16_t) l->place[op->target];
        }
    }
    lowered->n_ops = l->n_ops;
    thread_jumps(lowered);
    for (uint32_t j = 0; j < l->p->image.n_handlers; j++) {
        lowered->handlers[j] = l->place[l->p->image.handlers[j].code];
    }
    sink_reads(l);
}

static void
lower_matcher(struct xfsm_instance *p)
{
    const struct xfsm_image *image = &p->image;

    for (uint32_t i = 0; i < image->header->matcher_len; i++) {
        const struct xfsm_insn *insn = &image->code[i];
        struct xfsm_match_op *op = &p->lowered.matcher[i];

        op->code = insn->op;
        op->target = insn->c;
        op->compare = insn->a;
        op->event = insn->b;
        op->key = insn->d;
        op->m.value = insn->k.u;
        if (insn->op == XFSM_I_MIN) {
            op->m.table = p->tables[insn->b];
        } else if (insn->op == XFSM_I_MUINT || insn->op == XFSM_I_MADDR
                   || insn->op == XFSM_I_MSTR) {
            unsigned int id = image->field_ids[insn->b];

            op->width = xfsm_fields[id].width;
            op->offset = xfsm_fields[id].offset;
            op->word = (uint8_t) (id / 64);
            op->bit = UINT64_C(1) << (id % 64);
        }
        if (insn->op == XFSM_I_MADDR) {
            op->m.prefix = &image->prefixes[insn->d];
        } else if (insn->op == XFSM_I_MSTR) {
            op->m.text = &image->strings[insn->k.s.off];
            op->len = insn->k.s.len;
        }
    }
}

static void
plan_keys(struct xfsm_instance *p)
{
    for (uint32_t i = 0; i < p->image.n_keys; i++) {
        const struct xfsm_img_key *key = &p->image.keys[i];
        struct xfsm_key_plan *plan = &p->lowered.keys[i];

        plan->n_words = (uint8_t) xfsm_image_key_words(&p->image,
                                                       (uint16_t) i);
        for (unsigned int j = 0; j < key->n; j++) {
            unsigned int id = p->image.field_ids[key->fields[j]];
            const struct xfsm_field *f = &xfsm_fields[id];

            xfsm_fieldset_add(&plan->needs, id);
            plan->steps[plan->n_steps].offset = f->offset;
            plan->steps[plan->n_steps].width =
                f->type == XFSM_FT_STR ? 0 : f->width;
            plan->steps[plan->n_steps].prefix = key->prefixes[j];
            plan->has_prefixes |= key->prefixes[j].ip4 != 0;
            plan->n_steps++;
        }
    }
}

bool
xfsm_lower(struct xfsm_instance *p)
{
    const struct xfsm_image *image = &p->image;
    struct xfsm_lowered *lowered = &p->lowered;
    struct lowering l = {
        .p = p,
        .code = image->code,
        .n = image->n_code,
        .led_to = calloc(image->n_code, sizeof *l.led_to),
        .place = calloc(image->n_code, sizeof *l.place),
    };
    bool ok;

    lowered->ops = calloc(image->n_code, sizeof *lowered->ops);
    lowered->handlers = calloc(image->n_handlers + 1,
                               sizeof *lowered->handlers);
    lowered->matcher = calloc(image->header->matcher_len,
                              sizeof *lowered->matcher);
    lowered->keys = calloc(image->n_keys + 1, sizeof *lowered->keys);
    ok = l.led_to && l.place && lowered->ops && lowered->handlers
         && lowered->matcher && lowered->keys;
    if (ok) {
        for (uint32_t i = image->header->matcher_len; i < l.n; i++) {
            if (xfsm_opcode_jumps(l.code[i].op)) {
                l.led_to[l.code[i].c]++;
            }
        }
        for (uint32_t i = 0; i < image->n_handlers; i++) {
            l.led_to[image->handlers[i].code] += 2;
        }
        lower_handlers(&l);
        lower_matcher(p);
        plan_keys(p);
    }
    free(l.led_to);
    free(l.place);
    return ok;
}

void
xfsm_lowered_destroy(struct xfsm_lowered *lowered)
{
    free(lowered->ops);
    free(lowered->handlers);
    free(lowered->matcher);
    free(lowered->keys);
}
