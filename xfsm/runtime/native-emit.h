/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef XFSM_RUNTIME_NATIVE_EMIT_H
#define XFSM_RUNTIME_NATIVE_EMIT_H 1

/* An assembler for the few x86-64 instructions that the native back end uses
 * (Intel, "64 and IA-32 Architectures Software Developer's Manual", volume
 * 2).  SSE2 and the base set alone: every x86-64 has them.
 *
 * Code grows in ordinary memory and refers to itself by relative jumps to
 * labels, so it may be copied anywhere before it runs.  Running out of memory
 * is remembered and told at the end.
 *
 * Private to the native back end.  Thread-safety: none. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum xfsm_reg {
    XFSM_RAX, XFSM_RCX, XFSM_RDX, XFSM_RBX, XFSM_RSP, XFSM_RBP, XFSM_RSI,
    XFSM_RDI, XFSM_R8, XFSM_R9, XFSM_R10, XFSM_R11, XFSM_R12, XFSM_R13,
    XFSM_R14, XFSM_R15,
};

enum xfsm_xmm {
    XFSM_XMM0, XFSM_XMM1, XFSM_XMM2,
};

/* Condition codes of jumps; the lowest bit negates. */
enum xfsm_cc {
    XFSM_CC_B = 2, XFSM_CC_AE = 3, XFSM_CC_E = 4, XFSM_CC_NE = 5,
    XFSM_CC_BE = 6, XFSM_CC_A = 7, XFSM_CC_S = 8, XFSM_CC_P = 10,
};

/* Opcodes of OP r64, r64 (destination first here). */
enum xfsm_alu {
    XFSM_ADD = 0x01, XFSM_OR = 0x09, XFSM_AND = 0x21, XFSM_XOR = 0x31,
    XFSM_CMP = 0x39, XFSM_TEST = 0x85, XFSM_MOV = 0x89,
};

/* Second bytes of SSE2 instructions on a double, prefixes F2 and 66. */
enum xfsm_sse {
    XFSM_ADDSD = 0x58, XFSM_MULSD = 0x59, XFSM_SUBSD = 0x5c,
    XFSM_DIVSD = 0x5e,
};

/* Predicates of cmpsd. */
enum xfsm_sse_compare {
    XFSM_SSE_EQ = 0, XFSM_SSE_LT = 1, XFSM_SSE_LE = 2, XFSM_SSE_NEQ = 4,
};

/* A jump whose distance is not known yet. */
struct xfsm_emit_fix {
    uint32_t at;                /* Where its 4 bytes are. */
    uint32_t label;
};

struct xfsm_emit {
    uint8_t *code;
    size_t n, allocated;
    uint32_t *labels;           /* Places; UINT32_MAX: not known yet. */
    uint32_t n_labels, allocated_labels;
    struct xfsm_emit_fix *fixes;
    size_t n_fixes, allocated_fixes;
    bool failed;                /* Out of memory, or too long. */
};

void xfsm_emit_init(struct xfsm_emit *);
void xfsm_emit_destroy(struct xfsm_emit *);

/* Fills in the jumps.  False if anything failed. */
bool xfsm_emit_finish(struct xfsm_emit *);

/* Makes 'n' labels and returns the first; places one here. */
uint32_t xfsm_emit_labels(struct xfsm_emit *, uint32_t n);
void xfsm_emit_bind(struct xfsm_emit *, uint32_t label);

void xfsm_emit_align(struct xfsm_emit *, unsigned int to);
void xfsm_emit_push(struct xfsm_emit *, enum xfsm_reg);
void xfsm_emit_pop(struct xfsm_emit *, enum xfsm_reg);
void xfsm_emit_ret(struct xfsm_emit *);
void xfsm_emit_jmp(struct xfsm_emit *, uint32_t label);
void xfsm_emit_jcc(struct xfsm_emit *, enum xfsm_cc, uint32_t label);
void xfsm_emit_call(struct xfsm_emit *, const void *function);  /* Uses RAX. */

void xfsm_emit_mov_imm(struct xfsm_emit *, enum xfsm_reg, uint64_t);
void xfsm_emit_alu(struct xfsm_emit *, enum xfsm_alu, enum xfsm_reg to,
                   enum xfsm_reg from);
void xfsm_emit_xor_imm(struct xfsm_emit *, enum xfsm_reg, int32_t);
void xfsm_emit_cmp_imm(struct xfsm_emit *, enum xfsm_reg, int32_t);
void xfsm_emit_test32_imm(struct xfsm_emit *, enum xfsm_reg, uint32_t);
void xfsm_emit_and32_imm(struct xfsm_emit *, enum xfsm_reg, uint32_t);
void xfsm_emit_and_imm8(struct xfsm_emit *, enum xfsm_reg, int8_t);
void xfsm_emit_not(struct xfsm_emit *, enum xfsm_reg);
void xfsm_emit_neg(struct xfsm_emit *, enum xfsm_reg);
void xfsm_emit_shl(struct xfsm_emit *, enum xfsm_reg, uint8_t);
void xfsm_emit_shr(struct xfsm_emit *, enum xfsm_reg, uint8_t);
void xfsm_emit_cmovne(struct xfsm_emit *, enum xfsm_reg to,
                      enum xfsm_reg from);
void xfsm_emit_bts(struct xfsm_emit *, enum xfsm_reg, uint8_t bit);
void xfsm_emit_movzx8(struct xfsm_emit *, enum xfsm_reg, enum xfsm_reg);

/* 'to' = 'from' * 'k'. */
void xfsm_emit_imul(struct xfsm_emit *, enum xfsm_reg to, enum xfsm_reg from,
                    int32_t k);

/* RDX:RAX = RAX * 'by'. */
void xfsm_emit_mul(struct xfsm_emit *, enum xfsm_reg by);

/* Memory is at 'base' + 'disp'.  A load of 'width' 1, 2, 4 or 8 bytes extends
 * with zeros; a store has 8. */
void xfsm_emit_load(struct xfsm_emit *, enum xfsm_reg to, enum xfsm_reg base,
                    int32_t disp, unsigned int width);
void xfsm_emit_store(struct xfsm_emit *, enum xfsm_reg base, int32_t disp,
                     enum xfsm_reg from);
void xfsm_emit_xor_mem(struct xfsm_emit *, enum xfsm_reg to,
                       enum xfsm_reg base, int32_t disp);
void xfsm_emit_lea(struct xfsm_emit *, enum xfsm_reg to, enum xfsm_reg base,
                   int32_t disp);
void xfsm_emit_test8_mem(struct xfsm_emit *, enum xfsm_reg base, int32_t disp,
                         uint8_t mask);
void xfsm_emit_bt_mem(struct xfsm_emit *, enum xfsm_reg base, int32_t disp,
                      uint8_t bit);     /* Into the carry: XFSM_CC_B. */
void xfsm_emit_inc_mem(struct xfsm_emit *, enum xfsm_reg base, int32_t disp);

/* At 'base' + 'index', neither of which is RSP, RBP or R13. */
void xfsm_emit_prefetch(struct xfsm_emit *, enum xfsm_reg base,
                        enum xfsm_reg index);
void xfsm_emit_cmp8_mem(struct xfsm_emit *, enum xfsm_reg base,
                        enum xfsm_reg index, uint8_t value);

/* Doubles. */
void xfsm_emit_loadsd(struct xfsm_emit *, enum xfsm_xmm, enum xfsm_reg base,
                      int32_t disp);
void xfsm_emit_storesd(struct xfsm_emit *, enum xfsm_reg base, int32_t disp,
                       enum xfsm_xmm);
void xfsm_emit_sse_mem(struct xfsm_emit *, enum xfsm_sse, enum xfsm_xmm,
                       enum xfsm_reg base, int32_t disp);
void xfsm_emit_zero(struct xfsm_emit *, enum xfsm_xmm);
void xfsm_emit_ucomisd(struct xfsm_emit *, enum xfsm_xmm, enum xfsm_xmm);
void xfsm_emit_cmpsd(struct xfsm_emit *, enum xfsm_xmm, enum xfsm_xmm,
                     enum xfsm_sse_compare);
void xfsm_emit_movq_to_xmm(struct xfsm_emit *, enum xfsm_xmm, enum xfsm_reg);
void xfsm_emit_movq_from_xmm(struct xfsm_emit *, enum xfsm_reg,
                             enum xfsm_xmm);
void xfsm_emit_cvtsi2sd(struct xfsm_emit *, enum xfsm_xmm, enum xfsm_reg);

#endif /* xfsm/runtime/native-emit.h */
