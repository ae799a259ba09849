/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include "xfsm/program/codegen.h"

#include <stdlib.h>

/* Where a missing table entry jumps to while the innermost comparison is
 * being generated; -1 where it just reads 0. */
struct context {
    struct xfsm_codegen *cg;
    int miss;
};

static void generate(struct context *, const struct xfsm_expr *, int dst);

struct xfsm_insn *
xfsm_codegen_emit(struct xfsm_codegen *cg, enum xfsm_opcode op)
{
    uint32_t index = xfsm_builder_add(cg->b, XFSM_S_CODE, 1);
    struct xfsm_insn *insn = xfsm_builder_at(cg->b, XFSM_S_CODE, index);

    insn->op = (uint8_t) op;
    if (index >= XFSM_MAX_CODE) {
        cg->b->overflow = "instructions";
    }
    return insn;
}

int
xfsm_codegen_label(struct xfsm_codegen *cg)
{
    if (cg->n_labels >= XFSM_CODEGEN_LABELS) {
        cg->b->overflow = "jumps in one handler";
        return 0;
    }
    return cg->n_labels++;
}

void
xfsm_codegen_bind(struct xfsm_codegen *cg, int label)
{
    cg->labels[label] = (uint32_t) cg->b->sections[XFSM_S_CODE].n;
}

void
xfsm_codegen_resolve(struct xfsm_codegen *cg)
{
    uint32_t n = (uint32_t) cg->b->sections[XFSM_S_CODE].n;

    for (uint32_t i = cg->start; i < n; i++) {
        struct xfsm_insn *insn = xfsm_builder_at(cg->b, XFSM_S_CODE, i);

        if (xfsm_opcode_jumps(insn->op)) {
            insn->c = (uint16_t) cg->labels[insn->c];
        }
    }
    cg->n_labels = 0;
}

static bool
reads_table(const struct xfsm_expr *e)
{
    if (e->kind == XFSM_EX_TABLE) {
        return true;
    }
    for (int i = 0; i < e->n_args; i++) {
        if (reads_table(e->args[i])) {
            return true;
        }
    }
    return false;
}

static void
load_constant(struct xfsm_codegen *cg, int dst, double value)
{
    struct xfsm_insn *insn = xfsm_codegen_emit(cg, XFSM_I_LDI);

    insn->a = (uint8_t) dst;
    insn->k.f = value;
}

static void
load_register(struct xfsm_codegen *cg, int dst, int reg)
{
    struct xfsm_insn *insn;

    if (reg < 0) {
        load_constant(cg, dst, 0);
        return;
    }
    insn = xfsm_codegen_emit(cg, XFSM_I_MOV);
    insn->a = (uint8_t) dst;
    insn->b = (uint16_t) reg;
}

static void
load_table(struct context *ctx, const struct xfsm_expr *e, int dst)
{
    int next = ctx->miss < 0 ? xfsm_codegen_label(ctx->cg) : ctx->miss;
    uint16_t key = xfsm_builder_key(ctx->cg->b, &e->key);
    struct xfsm_insn *insn = xfsm_codegen_emit(ctx->cg, XFSM_I_TGET);

    insn->a = (uint8_t) dst;
    insn->b = e->index;
    insn->c = (uint16_t) next;
    insn->d = key;
    if (ctx->miss < 0) {
        xfsm_codegen_bind(ctx->cg, next);
    }
}

static void
compare_text(struct xfsm_codegen *cg, const struct xfsm_expr *e, int dst)
{
    uint16_t text = xfsm_codegen_text(cg, e->text);
    uint16_t key = xfsm_builder_key(cg->b, &e->key);
    struct xfsm_insn *insn = xfsm_codegen_emit(cg, XFSM_I_TIS);

    insn->a = (uint8_t) dst;
    insn->b = e->index;
    insn->c = text;
    insn->d = key;
    insn->k.u = e->op == XFSM_OP_NE;
}

/* 'and', 'or': the right side only where the left leaves it open. */
static void
generate_logic(struct context *ctx, const struct xfsm_expr *e, int dst)
{
    struct context inner = { ctx->cg, -1 };
    int end = xfsm_codegen_label(ctx->cg);
    struct xfsm_insn *insn;

    generate(&inner, e->args[0], dst);
    insn = xfsm_codegen_emit(ctx->cg, XFSM_I_BOOL);
    insn->a = (uint8_t) dst;
    insn->b = (uint16_t) dst;
    insn = xfsm_codegen_emit(ctx->cg, e->op == XFSM_OP_AND ? XFSM_I_JZ
                                                           : XFSM_I_JNZ);
    insn->a = (uint8_t) dst;
    insn->c = (uint16_t) end;
    generate(&inner, e->args[1], dst);
    insn = xfsm_codegen_emit(ctx->cg, XFSM_I_BOOL);
    insn->a = (uint8_t) dst;
    insn->b = (uint16_t) dst;
    xfsm_codegen_bind(ctx->cg, end);
}

static enum xfsm_opcode
opcode_of(enum xfsm_expr_op op)
{
    switch (op) {
    case XFSM_OP_NEG: return XFSM_I_NEG;
    case XFSM_OP_NOT: return XFSM_I_NOT;
    case XFSM_OP_ADD: return XFSM_I_ADD;
    case XFSM_OP_SUB: return XFSM_I_SUB;
    case XFSM_OP_MUL: return XFSM_I_MUL;
    case XFSM_OP_DIV: return XFSM_I_DIV;
    case XFSM_OP_MOD: return XFSM_I_MOD;
    case XFSM_OP_EQ: return XFSM_I_EQ;
    case XFSM_OP_NE: return XFSM_I_NE;
    case XFSM_OP_LT: return XFSM_I_LT;
    case XFSM_OP_LE: return XFSM_I_LE;
    case XFSM_OP_GT: return XFSM_I_GT;
    case XFSM_OP_GE: return XFSM_I_GE;
    case XFSM_OP_ABS: return XFSM_I_ABS;
    case XFSM_OP_MIN: return XFSM_I_FMIN;
    case XFSM_OP_MAX: return XFSM_I_FMAX;
    case XFSM_OP_LOG: return XFSM_I_LOG;
    case XFSM_OP_LOG2: return XFSM_I_LOG2;
    case XFSM_OP_EXP: return XFSM_I_EXP;
    case XFSM_OP_SQRT: return XFSM_I_SQRT;
    case XFSM_OP_POW: return XFSM_I_POW;
    case XFSM_OP_FLOOR: return XFSM_I_FLOOR;
    case XFSM_OP_CEIL: return XFSM_I_CEIL;
    case XFSM_OP_AND:
    case XFSM_OP_OR:
    case XFSM_N_EXPR_OPS:
        break;
    }
    abort();
}

static bool
is_comparison(enum xfsm_expr_op op)
{
    return op >= XFSM_OP_EQ && op <= XFSM_OP_GE;
}

/* The register that holds 'e' already, or -1. */
static int
register_of(const struct xfsm_codegen *cg, const struct xfsm_expr *e)
{
    return e->kind == XFSM_EX_FEATURE ? cg->feature_reg[e->index]
           : e->kind == XFSM_EX_METRIC ? cg->metric_reg[e->index]
           : -1;
}

/* Generates an operand, into 'dst' unless some register holds it already.
 * Returns the register it is in. */
static int
generate_operand(struct context *ctx, const struct xfsm_expr *e, int dst)
{
    int reg = register_of(ctx->cg, e);

    if (reg < 0) {
        generate(ctx, e, dst);
        reg = dst;
    }
    return reg;
}

static void
generate_operator(struct context *ctx, const struct xfsm_expr *e, int dst)
{
    struct xfsm_codegen *cg = ctx->cg;
    bool guarded = is_comparison(e->op) && reads_table(e);
    struct context inner = { cg, guarded ? xfsm_codegen_label(cg)
                             : e->op == XFSM_OP_NOT ? -1 : ctx->miss };
    int first, second = cg->n_regs;
    struct xfsm_insn *insn;

    first = generate_operand(&inner, e->args[0], dst);
    if (e->n_args > 1) {
        if (second >= XFSM_MAX_REGS) {
            cg->b->overflow = "registers in one handler";
            return;
        }
        cg->n_regs++;
        second = generate_operand(&inner, e->args[1], second);
        cg->n_regs--;
    }
    insn = xfsm_codegen_emit(cg, opcode_of(e->op));
    insn->a = (uint8_t) dst;
    insn->b = (uint16_t) first;
    insn->c = (uint16_t) (e->n_args > 1 ? second : 0);

    if (guarded) {
        int end = xfsm_codegen_label(cg);

        insn = xfsm_codegen_emit(cg, XFSM_I_JUMP);
        insn->c = (uint16_t) end;
        xfsm_codegen_bind(cg, inner.miss);
        load_constant(cg, dst, 0);
        xfsm_codegen_bind(cg, end);
    }
}

static void
generate(struct context *ctx, const struct xfsm_expr *e, int dst)
{
    struct xfsm_codegen *cg = ctx->cg;
    uint16_t field;
    struct xfsm_insn *insn;

    switch (e->kind) {
    case XFSM_EX_NUMBER:
        load_constant(cg, dst, e->number);
        break;
    case XFSM_EX_FEATURE:
        load_register(cg, dst, cg->feature_reg[e->index]);
        break;
    case XFSM_EX_METRIC:
        load_register(cg, dst, cg->metric_reg[e->index]);
        break;
    case XFSM_EX_FIELD:
        field = xfsm_builder_field(cg->b, (uint8_t) e->index);
        insn = xfsm_codegen_emit(cg, XFSM_I_LDF);
        insn->a = (uint8_t) dst;
        insn->b = field;
        break;
    case XFSM_EX_TABLE:
        load_table(ctx, e, dst);
        break;
    case XFSM_EX_TABLE_IS:
        compare_text(cg, e, dst);
        break;
    case XFSM_EX_UNARY:
    case XFSM_EX_BINARY:
    case XFSM_EX_CALL:
        if (e->op == XFSM_OP_AND || e->op == XFSM_OP_OR) {
            generate_logic(ctx, e, dst);
        } else {
            generate_operator(ctx, e, dst);
        }
        break;
    }
}

void
xfsm_codegen_expr(struct xfsm_codegen *cg, const struct xfsm_expr *e, int dst)
{
    struct context ctx = { cg, -1 };

    generate(&ctx, e, dst);
}
