/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

/* Handlers.  RBX is the struct xfsm_run, R12 the row of keys, R13 its values;
 * calls leave them alone.  A program's registers are in the run's array, as
 * for the interpreter, but for the one that the last operation wrote: that is
 * in XMM0, or in RAX if it is the truth of a detector, and gets to the array
 * when another operation takes its place, if it is read later at all. */

#include "xfsm/runtime/native-private.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "xfsm/runtime/run.h"

#define RUN_TS ((int32_t) offsetof(struct xfsm_run, ts))
#define RUN_PACKET ((int32_t) offsetof(struct xfsm_run, packet))
#define ROW_COMPLETE ((int32_t) offsetof(struct xfsm_key_row, complete))
#define ROW_VALUES ((int32_t) offsetof(struct xfsm_key_row, values))
#define VALUE_HASH ((int32_t) offsetof(struct xfsm_key_value, hash))

/* 1.0, and the sign, in binary64. */
#define ONE UINT64_C(0x3ff0000000000000)
#define SIGN UINT64_C(0x8000000000000000)

#define NO_REG -1

/* One handler being written. */
struct handler {
    struct xfsm_emit *e;
    const struct xfsm_instance *p;
    uint32_t first, end;        /* Its operations. */
    struct xfsm_registers *before, *after;   /* What is live around each. */
    int in_xmm0;                /* Register that XMM0 has, or NO_REG... */
    bool unsaved;               /* ...and the array has not. */
    int in_rax;                 /* Register of which RAX has the truth: not 0
                                 * if it is true.  The array has it if it is
                                 * read by more than the next operation. */
    uint16_t sure_key;          /* That every packet has, or XFSM_NONE. */
    uint32_t labels;            /* One for each of them. */
    uint32_t slow;              /* One for each, behind the last END... */
    uint32_t back;              /* ...and one to come back to. */
    struct slow {               /* Of each: is there anything there?  Does it
                                 * end with the result where the usual way
                                 * leaves it? */
        bool exists;
        bool to_xmm0, to_rax;
    } *ways;
    bool *led_to;               /* Does a jump lead to it? */
};

static inline int32_t
reg(unsigned int n)
{
    return (int32_t) (offsetof(struct xfsm_run, regs) + n * sizeof(double));
}

static inline uint64_t
address(const void *p)
{
    return (uint64_t) (uintptr_t) p;
}

static uint64_t
double_bits(double value)
{
    uint64_t bits;

    memcpy(&bits, &value, sizeof bits);
    return bits;
}

/* The number of an operation in the handler. */
static uint32_t
number(const struct handler *h, const struct xfsm_op *op)
{
    return (uint32_t) (op - h->p->lowered.ops) - h->first;
}

/* What is live where a jump leads. */
static const struct xfsm_registers *
live_at_target(const struct handler *h, const struct xfsm_op *op)
{
    return &h->before[op->target - h->first];
}

/* Saves what XMM0 has, if 'live' has a use for it. */
static void
save(struct handler *h, const struct xfsm_registers *live)
{
    if (h->unsaved && xfsm_registers_has(live, (unsigned int) h->in_xmm0)) {
        xfsm_emit_storesd(h->e, XFSM_RBX, reg((unsigned int) h->in_xmm0),
                          XFSM_XMM0);
        h->unsaved = false;
    }
}

/* Nothing is in XMM0 and RAX from here on. */
static void
forget(struct handler *h)
{
    h->in_xmm0 = h->in_rax = NO_REG;
    h->unsaved = false;
}

/* The operation has left its result, register 'a', in XMM0. */
static void
result_in_xmm0(struct handler *h, const struct xfsm_op *op)
{
    h->in_xmm0 = op->a;
    h->unsaved = true;
    h->in_rax = NO_REG;
}

/* Has XMM0 register 'r' of the program, which operation 'op' reads; everything
 * else that was in XMM0 and RAX is saved. */
static void
load_xmm0(struct handler *h, const struct xfsm_op *op, unsigned int r)
{
    if (h->in_xmm0 != (int) r) {
        save(h, &h->before[number(h, op)]);
        forget(h);
        xfsm_emit_loadsd(h->e, XFSM_XMM0, XFSM_RBX, reg(r));
    }
}

static uint32_t
target(const struct handler *h, const struct xfsm_op *op)
{
    return h->labels + op->target - h->first;
}

/* ## Numbers ## */

/* Turns the mask in 'x', all ones or all zeros, into 1 or 0 and stores it in
 * register 'to' of the program; RAX has those bits afterwards. */
static void
store_truth(struct xfsm_emit *e, enum xfsm_xmm x, unsigned int to)
{
    xfsm_emit_movq_from_xmm(e, XFSM_RAX, x);
    xfsm_emit_mov_imm(e, XFSM_RCX, ONE);
    xfsm_emit_alu(e, XFSM_AND, XFSM_RAX, XFSM_RCX);
    xfsm_emit_store(e, XFSM_RBX, reg(to), XFSM_RAX);
}

/* Compares XMM0 with XMM1 as operation EQ to GE, given by its distance from
 * EQ, does, and stores the outcome like store_truth(). */
static void
emit_compare(struct xfsm_emit *e, unsigned int which, unsigned int to)
{
    static const enum xfsm_sse_compare predicates[] = {
        XFSM_SSE_EQ, XFSM_SSE_NEQ, XFSM_SSE_LT, XFSM_SSE_LE, XFSM_SSE_LT,
        XFSM_SSE_LE,
    };
    bool swap = which >= XFSM_L_GT - XFSM_L_EQ;
    enum xfsm_xmm a = swap ? XFSM_XMM1 : XFSM_XMM0;
    enum xfsm_xmm b = swap ? XFSM_XMM0 : XFSM_XMM1;

    xfsm_emit_cmpsd(e, a, b, predicates[which]);
    store_truth(e, a, to);
}

_Static_assert(XFSM_L_NE == XFSM_L_EQ + 1 && XFSM_L_LT == XFSM_L_EQ + 2
               && XFSM_L_LE == XFSM_L_EQ + 3 && XFSM_L_GT == XFSM_L_EQ + 4
               && XFSM_L_GE == XFSM_L_EQ + 5,
               "comparisons are in the order of 'predicates'");

static void
store_constant(struct xfsm_emit *e, unsigned int to, double value)
{
    xfsm_emit_mov_imm(e, XFSM_RAX, double_bits(value));
    xfsm_emit_store(e, XFSM_RBX, reg(to), XFSM_RAX);
}

/* Jumps unless register 'b' compares with the constant as it should.  Of what
 * this writes, the array gets before the jump what is read where that leads,
 * and behind it what is read there. */
static void
emit_jump_compare(struct handler *h, const struct xfsm_op *op)
{
    static const enum xfsm_cc fails[] = {
        XFSM_CC_NE, XFSM_CC_E, XFSM_CC_BE, XFSM_CC_B, XFSM_CC_BE, XFSM_CC_B,
    };
    const struct xfsm_registers *there = live_at_target(h, op);
    const struct xfsm_registers *here = &h->before[number(h, op) + 1];
    unsigned int which = (unsigned int) (op->code - XFSM_L_JNEQ_K);
    bool less = op->code == XFSM_L_JNLT_K || op->code == XFSM_L_JNLE_K;
    enum xfsm_xmm a = less ? XFSM_XMM1 : XFSM_XMM0;
    enum xfsm_xmm b = less ? XFSM_XMM0 : XFSM_XMM1;
    struct xfsm_emit *e = h->e;
    uint32_t over = xfsm_emit_labels(e, 1);

    load_xmm0(h, op, op->b);
    if (op->a == op->b || op->c == op->b) {
        forget(h);
    }
    save(h, there);
    if (xfsm_registers_has(there, op->c) && op->c != op->a) {
        store_constant(e, op->c, op->k);
    }
    if (xfsm_registers_has(there, op->a)) {
        store_constant(e, op->a, 0);
    }
    xfsm_emit_mov_imm(e, XFSM_RAX, double_bits(op->k));
    xfsm_emit_movq_to_xmm(e, XFSM_XMM1, XFSM_RAX);
    xfsm_emit_ucomisd(e, a, b);
    if (op->code == XFSM_L_JNEQ_K) {
        xfsm_emit_jcc(e, XFSM_CC_P, target(h, op));
    } else if (op->code == XFSM_L_JNNE_K) {
        xfsm_emit_jcc(e, XFSM_CC_P, over);
    }
    xfsm_emit_jcc(e, fails[which], target(h, op));
    xfsm_emit_bind(e, over);
    if (xfsm_registers_has(here, op->c) && op->c != op->a
        && !xfsm_registers_has(there, op->c)) {
        store_constant(e, op->c, op->k);
    }
    if (xfsm_registers_has(here, op->a)) {
        store_constant(e, op->a, 1);
    }
    h->in_rax = NO_REG;
}

/* Jumps to 'label' if register 'r' of the program is 0 (which -0 is too, and
 * NaN is not), or if it is not. */
static void
emit_jump_zero(struct xfsm_emit *e, unsigned int r, bool zero, uint32_t label)
{
    uint32_t over = xfsm_emit_labels(e, 1);

    xfsm_emit_loadsd(e, XFSM_XMM0, XFSM_RBX, reg(r));
    xfsm_emit_zero(e, XFSM_XMM1);
    xfsm_emit_ucomisd(e, XFSM_XMM0, XFSM_XMM1);
    xfsm_emit_jcc(e, XFSM_CC_P, zero ? over : label);
    xfsm_emit_jcc(e, zero ? XFSM_CC_E : XFSM_CC_NE, label);
    xfsm_emit_bind(e, over);
}

/* Leaves its outcome in XMM0. */
static void
emit_arithmetic(struct handler *h, const struct xfsm_op *op,
                enum xfsm_sse sse)
{
    load_xmm0(h, op, op->b);
    save(h, op->b == op->c ? &h->before[number(h, op)]
            : &h->after[number(h, op)]);
    xfsm_emit_sse_mem(h->e, sse, XFSM_XMM0, XFSM_RBX, reg(op->c));
    result_in_xmm0(h, op);
}

static void
emit_divide(struct handler *h, const struct xfsm_op *op)
{
    struct xfsm_emit *e = h->e;
    uint32_t divide = xfsm_emit_labels(e, 2);
    uint32_t done = divide + 1;

    emit_jump_zero(e, op->c, false, divide);
    xfsm_emit_load(e, XFSM_RAX, XFSM_RBX, offsetof(struct xfsm_run, x), 8);
    xfsm_emit_inc_mem(e, XFSM_RAX,
                      offsetof(struct xfsm_exec, stats.div_by_zero));
    xfsm_emit_mov_imm(e, XFSM_RAX, 0);
    xfsm_emit_store(e, XFSM_RBX, reg(op->a), XFSM_RAX);
    xfsm_emit_jmp(e, done);
    xfsm_emit_bind(e, divide);
    xfsm_emit_loadsd(e, XFSM_XMM0, XFSM_RBX, reg(op->b));
    xfsm_emit_sse_mem(e, XFSM_DIVSD, XFSM_XMM0, XFSM_RBX, reg(op->c));
    xfsm_emit_storesd(e, XFSM_RBX, reg(op->a), XFSM_XMM0);
    xfsm_emit_bind(e, done);
}

/* -b and fabs(b) change one bit, whatever b is. */
static void
emit_sign(struct xfsm_emit *e, const struct xfsm_op *op)
{
    bool negate = op->code == XFSM_L_NEG;

    xfsm_emit_load(e, XFSM_RAX, XFSM_RBX, reg(op->b), 8);
    xfsm_emit_mov_imm(e, XFSM_RCX, negate ? SIGN : ~SIGN);
    xfsm_emit_alu(e, negate ? XFSM_XOR : XFSM_AND, XFSM_RAX, XFSM_RCX);
    xfsm_emit_store(e, XFSM_RBX, reg(op->a), XFSM_RAX);
}

static void
emit_truth(struct xfsm_emit *e, const struct xfsm_op *op)
{
    xfsm_emit_loadsd(e, XFSM_XMM0, XFSM_RBX, reg(op->b));
    xfsm_emit_zero(e, XFSM_XMM1);
    emit_compare(e, op->code == XFSM_L_NOT ? 0 : 1, op->a);
}

/* What is in XMM0 already stays there, under another number. */
static void
emit_copy(struct handler *h, const struct xfsm_op *op)
{
    struct xfsm_emit *e = h->e;

    if (h->in_xmm0 == op->b) {
        save(h, &h->after[number(h, op)]);
        result_in_xmm0(h, op);
    } else {
        save(h, &h->after[number(h, op)]);
        forget(h);
        xfsm_emit_load(e, XFSM_RAX, XFSM_RBX, reg(op->b), 8);
        xfsm_emit_store(e, XFSM_RBX, reg(op->a), XFSM_RAX);
    }
}

/* ## Calls ## */

/* xfsm_interpret_op(): AL tells what it returns. */
static void
emit_interpret(struct xfsm_emit *e, const struct xfsm_op *op)
{
    xfsm_emit_alu(e, XFSM_MOV, XFSM_RDI, XFSM_RBX);
    xfsm_emit_mov_imm(e, XFSM_RSI, address(op));
    xfsm_emit_call(e, (const void *) (uintptr_t) xfsm_interpret_op);
}

static void
emit_table_get(struct handler *h, const struct xfsm_op *op)
{
    emit_interpret(h->e, op);
    xfsm_emit_movzx8(h->e, XFSM_RAX, XFSM_RAX);
    xfsm_emit_alu(h->e, XFSM_TEST, XFSM_RAX, XFSM_RAX);
    xfsm_emit_jcc(h->e, XFSM_CC_E, target(h, op));
}

/* Unsigned numbers of 64 bits do not fit a signed conversion: they are left
 * to C. */
static void
emit_field(struct handler *h, const struct xfsm_op *op)
{
    const struct xfsm_field *f = &xfsm_fields[op->m.field];
    unsigned int bit = (unsigned int) op->m.field;
    struct xfsm_emit *e = h->e;
    uint32_t absent = xfsm_emit_labels(e, 1);

    if (f->width == 8) {
        emit_interpret(e, op);
        return;
    }
    xfsm_emit_zero(e, XFSM_XMM0);
    xfsm_emit_load(e, XFSM_RCX, XFSM_RBX, RUN_PACKET, 8);
    xfsm_emit_test8_mem(e, XFSM_RCX,
                        (int32_t) (offsetof(struct xfsm_packet, present)
                                   + bit / 8), (uint8_t) (1u << bit % 8));
    xfsm_emit_jcc(e, XFSM_CC_E, absent);
    xfsm_emit_load(e, XFSM_RAX, XFSM_RCX, f->offset, f->width);
    xfsm_emit_cvtsi2sd(e, XFSM_XMM0, XFSM_RAX);
    xfsm_emit_bind(e, absent);
    xfsm_emit_storesd(e, XFSM_RBX, reg(op->a), XFSM_XMM0);
}

/* Sets the arguments of a sketch's function but XMM0: the sketch, the hash of
 * the key and, last, the time.  Where the key is not built, or not complete,
 * the interpreter sees to the operation.  Leaves RAX and XMM0 alone. */
static void
emit_sketch(struct handler *h, const struct xfsm_op *op)
{
    struct xfsm_emit *e = h->e;

    if (op->key != h->sure_key) {
        uint32_t i = number(h, op);

        h->ways[i].exists = true;
        xfsm_emit_bt_mem(e, XFSM_R12, ROW_COMPLETE, (uint8_t) op->key);
        xfsm_emit_jcc(e, XFSM_CC_AE, h->slow + i);
    }
    xfsm_emit_mov_imm(e, XFSM_RDI, address(op->m.memory));
    xfsm_emit_load(e, XFSM_RSI, XFSM_R13,
                   h->p->key_offsets[op->key] + VALUE_HASH, 8);
    xfsm_emit_load(e, XFSM_RDX, XFSM_RBX, RUN_TS, 8);
}

/* Does the next operation ask for nothing but the truth of what 'op' writes,
 * in RAX, and nobody after it? */
static bool
is_asked_at_once(const struct handler *h, const struct xfsm_op *op)
{
    uint32_t i = number(h, op);
    const struct xfsm_op *next = op + 1;

    return h->first + i + 1 < h->end && !h->led_to[i + 1]
           && !xfsm_registers_has(&h->after[i + 1], op->a)
           && (next->code == XFSM_L_TEWMA_UPDATE_NEW
               || next->code == XFSM_L_TEWMA_UPDATE_EITHER)
           && next->b == op->a && next->key == h->sure_key;
}

static void
emit_detector(struct handler *h, const struct xfsm_op *op)
{
    struct xfsm_emit *e = h->e;
    bool update = op->code == XFSM_L_DETECTOR_UPDATE;

    emit_sketch(h, op);
    if (op->code == XFSM_L_DETECTOR_SET) {
        xfsm_emit_call(e, (const void *) (uintptr_t) xfsm_detector_set);
        return;
    }
    xfsm_emit_call(e, update
                      ? (const void *) (uintptr_t) xfsm_detector_updater(
                          op->m.memory)
                      : (const void *) (uintptr_t) xfsm_detector_get);
    xfsm_emit_movzx8(e, XFSM_RAX, XFSM_RAX);
    if (!is_asked_at_once(h, op)) {
        xfsm_emit_neg(e, XFSM_RAX);
        xfsm_emit_mov_imm(e, XFSM_RCX, ONE);
        xfsm_emit_alu(e, XFSM_AND, XFSM_RAX, XFSM_RCX);
        xfsm_emit_store(e, XFSM_RBX, reg(op->a), XFSM_RAX);
    }
    h->ways[number(h, op)].to_rax = true;
    h->in_rax = op->a;
}

/* RAX is not 0 if register 'r' of the program is true. */
static void
load_truth(struct handler *h, unsigned int r)
{
    struct xfsm_emit *e = h->e;

    if (h->in_rax != (int) r) {
        xfsm_emit_loadsd(e, XFSM_XMM0, XFSM_RBX, reg(r));
        xfsm_emit_zero(e, XFSM_XMM1);
        xfsm_emit_cmpsd(e, XFSM_XMM0, XFSM_XMM1, XFSM_SSE_NEQ);
        xfsm_emit_movq_from_xmm(e, XFSM_RAX, XFSM_XMM0);
    }
}

/* Is all that the rate is for to tell whether it is above a number, and to be
 * there if it is?  That is so where the handler ends if it is not. */
static bool
asks_if_above(const struct handler *h, const struct xfsm_op *op)
{
    const struct xfsm_op *ops = h->p->lowered.ops;
    const struct xfsm_op *next = op + 1;

    return next < &ops[h->end] && next->code == XFSM_L_JNGT_K
           && next->b == op->a && ops[next->target].code == XFSM_L_END;
}

static void
emit_tewma_get(struct handler *h, const struct xfsm_op *op)
{
    emit_sketch(h, op);
    if (asks_if_above(h, op)) {
        xfsm_emit_mov_imm(h->e, XFSM_RAX, double_bits(op[1].k));
        xfsm_emit_movq_to_xmm(h->e, XFSM_XMM0, XFSM_RAX);
        xfsm_emit_call(h->e,
                       (const void *) (uintptr_t) xfsm_tewma_get_above);
    } else {
        xfsm_emit_call(h->e, (const void *) (uintptr_t) xfsm_tewma_get);
    }
}

/* Adds the amount in RAX, which register 'c' gets, too. */
static void
emit_tewma_update(struct handler *h, const struct xfsm_op *op)
{
    struct xfsm_emit *e = h->e;

    if (xfsm_registers_has(&h->after[number(h, op)], op->c)
        && op->c != op->a) {
        xfsm_emit_store(e, XFSM_RBX, reg(op->c), XFSM_RAX);
    }
    xfsm_emit_movq_to_xmm(e, XFSM_XMM0, XFSM_RAX);
    xfsm_emit_call(e, (const void *) (uintptr_t) xfsm_tewma_add);
}

/* A new key adds, a known one is only looked at. */
static void
emit_tewma_update_new(struct handler *h, const struct xfsm_op *op)
{
    struct xfsm_emit *e = h->e;
    uint32_t get = xfsm_emit_labels(e, 2);
    uint32_t done = get + 1;

    load_truth(h, op->b);
    xfsm_emit_alu(e, XFSM_TEST, XFSM_RAX, XFSM_RAX);
    xfsm_emit_jcc(e, XFSM_CC_NE, get);
    emit_sketch(h, op);
    xfsm_emit_mov_imm(e, XFSM_RAX, double_bits(op->k));
    emit_tewma_update(h, op);
    xfsm_emit_jmp(e, done);
    xfsm_emit_bind(e, get);
    emit_tewma_get(h, op);
    xfsm_emit_bind(e, done);
}

/* The amount depends on register 'b', whether or not the processor can guess
 * that: there is no jump. */
static void
emit_tewma_update_either(struct handler *h, const struct xfsm_op *op)
{
    struct xfsm_emit *e = h->e;

    load_truth(h, op->b);
    emit_sketch(h, op);
    xfsm_emit_alu(e, XFSM_TEST, XFSM_RAX, XFSM_RAX);
    xfsm_emit_mov_imm(e, XFSM_RAX, double_bits(op->k));
    xfsm_emit_mov_imm(e, XFSM_RCX, double_bits(op->other));
    xfsm_emit_cmovne(e, XFSM_RAX, XFSM_RCX);
    emit_tewma_update(h, op);
}

static void
emit_tewma(struct handler *h, const struct xfsm_op *op)
{
    struct xfsm_emit *e = h->e;

    switch (op->code) {
    case XFSM_L_TEWMA_ADD:
        emit_sketch(h, op);
        xfsm_emit_loadsd(e, XFSM_XMM0, XFSM_RBX, reg(op->a));
        xfsm_emit_call(e, (const void *) (uintptr_t) xfsm_tewma_add);
        forget(h);
        return;
    case XFSM_L_TEWMA_GET:
        emit_tewma_get(h, op);
        break;
    case XFSM_L_TEWMA_UPDATE_NEW:
        emit_tewma_update_new(h, op);
        break;
    case XFSM_L_TEWMA_UPDATE_EITHER:
        emit_tewma_update_either(h, op);
        break;
    default:
        emit_sketch(h, op);
        xfsm_emit_mov_imm(e, XFSM_RAX, double_bits(op->k));
        emit_tewma_update(h, op);
        break;
    }
    h->ways[number(h, op)].to_xmm0 = true;
    result_in_xmm0(h, op);
}

/* ## A handler ## */

static void
emit_end(struct xfsm_emit *e)
{
    xfsm_emit_pop(e, XFSM_R13);
    xfsm_emit_pop(e, XFSM_R12);
    xfsm_emit_pop(e, XFSM_RBX);
    xfsm_emit_ret(e);
}

/* Numbers and fields. */
static void
emit_number(struct handler *h, const struct xfsm_op *op)
{
    struct xfsm_emit *e = h->e;

    switch (op->code) {
    case XFSM_L_LDI: store_constant(e, op->a, op->k); break;
    case XFSM_L_LDF: emit_field(h, op); break;
    case XFSM_L_NEG: case XFSM_L_ABS: emit_sign(e, op); break;
    case XFSM_L_NOT: case XFSM_L_BOOL: emit_truth(e, op); break;
    case XFSM_L_DIV: emit_divide(h, op); break;
    case XFSM_L_EQ: case XFSM_L_NE: case XFSM_L_LT: case XFSM_L_LE:
    case XFSM_L_GT: case XFSM_L_GE:
        xfsm_emit_loadsd(e, XFSM_XMM0, XFSM_RBX, reg(op->b));
        xfsm_emit_loadsd(e, XFSM_XMM1, XFSM_RBX, reg(op->c));
        emit_compare(e, (unsigned int) (op->code - XFSM_L_EQ), op->a);
        break;
    case XFSM_L_SIMPLE_GET:
        xfsm_emit_mov_imm(e, XFSM_RCX, address(op->m.memory));
        xfsm_emit_load(e, XFSM_RAX, XFSM_RCX, 0, 8);
        xfsm_emit_store(e, XFSM_RBX, reg(op->a), XFSM_RAX);
        break;
    case XFSM_L_SIMPLE_ADD:
        xfsm_emit_mov_imm(e, XFSM_RCX, address(op->m.memory));
        xfsm_emit_loadsd(e, XFSM_XMM0, XFSM_RCX, 0);
        xfsm_emit_sse_mem(e, XFSM_ADDSD, XFSM_XMM0, XFSM_RBX, reg(op->a));
        xfsm_emit_storesd(e, XFSM_RCX, 0, XFSM_XMM0);
        break;
    default:
        emit_interpret(e, op);
        break;
    }
}

/* An operation that takes and leaves registers in the array. */
static void
emit_plain(struct handler *h, const struct xfsm_op *op)
{
    struct xfsm_emit *e = h->e;

    save(h, &h->before[number(h, op)]);
    forget(h);
    switch (op->code) {
    case XFSM_L_END:
        emit_end(e);
        break;
    case XFSM_L_JUMP:
        xfsm_emit_jmp(e, target(h, op));
        break;
    case XFSM_L_JZ:
    case XFSM_L_JNZ:
        emit_jump_zero(e, op->a, op->code == XFSM_L_JZ, target(h, op));
        break;
    case XFSM_L_TGET:
        emit_table_get(h, op);
        break;
    case XFSM_L_EFFECT:
        xfsm_emit_alu(e, XFSM_MOV, XFSM_RDI, XFSM_RBX);
        xfsm_emit_mov_imm(e, XFSM_RSI, address(op->m.insn));
        xfsm_emit_call(e, (const void *) (uintptr_t) xfsm_effect);
        break;
    default:
        emit_number(h, op);
        break;
    }
}

static void
emit_op(struct handler *h, const struct xfsm_op *op)
{
    switch (op->code) {
    case XFSM_L_MOV: emit_copy(h, op); break;
    case XFSM_L_ADD: emit_arithmetic(h, op, XFSM_ADDSD); break;
    case XFSM_L_SUB: emit_arithmetic(h, op, XFSM_SUBSD); break;
    case XFSM_L_MUL: emit_arithmetic(h, op, XFSM_MULSD); break;
    case XFSM_L_JNEQ_K: case XFSM_L_JNNE_K: case XFSM_L_JNLT_K:
    case XFSM_L_JNLE_K: case XFSM_L_JNGT_K: case XFSM_L_JNGE_K:
        emit_jump_compare(h, op);
        break;
    case XFSM_L_DETECTOR_GET: case XFSM_L_DETECTOR_SET:
    case XFSM_L_DETECTOR_UPDATE:
        save(h, &h->before[number(h, op)]);
        forget(h);
        emit_detector(h, op);
        break;
    case XFSM_L_TEWMA_ADD: case XFSM_L_TEWMA_GET: case XFSM_L_TEWMA_UPDATE:
    case XFSM_L_TEWMA_UPDATE_NEW: case XFSM_L_TEWMA_UPDATE_EITHER:
        save(h, &h->before[number(h, op)]);
        h->in_xmm0 = NO_REG;
        h->unsaved = false;
        emit_tewma(h, op);
        break;
    default:
        emit_plain(h, op);
        break;
    }
}

/* What stands behind the handler: operations whose key was not ready, done by
 * the interpreter, each with a way back. */
static void
emit_slow_ways(struct handler *h)
{
    struct xfsm_emit *e = h->e;

    for (uint32_t i = 0; i < h->end - h->first; i++) {
        const struct xfsm_op *op = &h->p->lowered.ops[h->first + i];

        if (h->ways[i].exists) {
            xfsm_emit_bind(e, h->slow + i);
            emit_interpret(e, op);
            if (h->ways[i].to_xmm0) {
                xfsm_emit_loadsd(e, XFSM_XMM0, XFSM_RBX, reg(op->a));
            } else if (h->ways[i].to_rax) {
                xfsm_emit_load(e, XFSM_RAX, XFSM_RBX, reg(op->a), 8);
            }
            xfsm_emit_jmp(e, h->back + i);
        }
    }
}

/* Allocates what is told of each operation; false if there is no memory. */
static bool
begin_handler(struct handler *h, uint32_t handler)
{
    const struct xfsm_image *image = &h->p->image;
    const struct xfsm_op *ops = &h->p->lowered.ops[h->first];
    const struct xfsm_img_event *event = &image->events[
        image->handlers[handler].event];
    uint32_t n = h->end - h->first;

    h->ways = calloc(n + 1, sizeof *h->ways);
    h->led_to = calloc(n + 1, sizeof *h->led_to);
    h->before = calloc(n + 1, sizeof *h->before);
    h->after = calloc(n + 1, sizeof *h->after);
    if (!h->ways || !h->led_to || !h->before || !h->after) {
        return false;
    }
    for (uint32_t i = 0; i < n; i++) {
        if (xfsm_native_jumps(&ops[i])) {
            h->led_to[ops[i].target - h->first] = true;
        }
    }
    xfsm_native_find_live(h->p, handler, h->first, h->end, h->before,
                          h->after);
    h->sure_key = event->type == XFSM_EV_PACKET ? event->primary : XFSM_NONE;
    h->labels = xfsm_emit_labels(h->e, 3 * n);
    h->slow = h->labels + n;
    h->back = h->slow + n;
    return true;
}

static void
end_handler(struct handler *h)
{
    free(h->ways);
    free(h->led_to);
    free(h->before);
    free(h->after);
}

uint32_t
xfsm_native_emit_handler(struct xfsm_emit *e, const struct xfsm_instance *p,
                         uint32_t handler)
{
    const struct xfsm_lowered *lowered = &p->lowered;
    uint32_t start = xfsm_native_begin(e);
    struct handler h = {
        .e = e,
        .p = p,
        .first = lowered->handlers[handler],
        .end = handler + 1 < p->image.n_handlers
               ? lowered->handlers[handler + 1] : lowered->n_ops,
    };

    if (!begin_handler(&h, handler)) {
        end_handler(&h);
        e->failed = true;
        return start;
    }
    xfsm_emit_push(e, XFSM_RBX);
    xfsm_emit_push(e, XFSM_R12);
    xfsm_emit_push(e, XFSM_R13);
    xfsm_emit_alu(e, XFSM_MOV, XFSM_RBX, XFSM_RDI);
    xfsm_emit_alu(e, XFSM_MOV, XFSM_R12, XFSM_RSI);
    xfsm_emit_load(e, XFSM_R13, XFSM_R12, ROW_VALUES, 8);
    forget(&h);
    for (uint32_t i = 0; i < h.end - h.first; i++) {
        if (h.led_to[i]) {
            save(&h, &h.before[i]);
            forget(&h);
        }
        xfsm_emit_bind(e, h.labels + i);
        emit_op(&h, &lowered->ops[h.first + i]);
        xfsm_emit_bind(e, h.back + i);
    }
    emit_slow_ways(&h);
    end_handler(&h);
    return start;
}
