/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include "xfsm/runtime/native-emit.h"

#include <stdlib.h>
#include <string.h>

#define CODE_MAX ((size_t) 64 << 20)

#define REX 0x40
#define REX_W 0x48
#define NO_PREFIX 0

/* ## Memory ## */

/* Makes room for 'n' more items of 'size' bytes; false if there is none. */
static bool
reserve(struct xfsm_emit *e, void **array, size_t *allocated, size_t used,
        size_t n, size_t size)
{
    size_t want = *allocated ? *allocated : 64;
    void *p;

    if (used + n <= *allocated) {
        return true;
    }
    while (want < used + n) {
        want *= 2;
    }
    p = want * size <= CODE_MAX ? realloc(*array, want * size) : NULL;
    if (!p) {
        e->failed = true;
        return false;
    }
    *array = p;
    *allocated = want;
    return true;
}

static void
bytes(struct xfsm_emit *e, const void *p, size_t n)
{
    void *code = e->code;

    if (reserve(e, &code, &e->allocated, e->n, n, 1)) {
        e->code = code;
        memcpy(e->code + e->n, p, n);
        e->n += n;
    }
}

static void
byte(struct xfsm_emit *e, unsigned int value)
{
    uint8_t b = (uint8_t) value;

    bytes(e, &b, 1);
}

static void
imm32(struct xfsm_emit *e, uint32_t value)
{
    bytes(e, &value, sizeof value);
}

void
xfsm_emit_init(struct xfsm_emit *e)
{
    memset(e, 0, sizeof *e);
}

void
xfsm_emit_destroy(struct xfsm_emit *e)
{
    free(e->code);
    free(e->labels);
    free(e->fixes);
}

/* ## Labels ## */

uint32_t
xfsm_emit_labels(struct xfsm_emit *e, uint32_t n)
{
    uint32_t first = e->n_labels;
    size_t allocated = e->allocated_labels;
    void *labels = e->labels;

    if (!reserve(e, &labels, &allocated, e->n_labels, n,
                 sizeof *e->labels)) {
        return 0;
    }
    e->labels = labels;
    e->allocated_labels = (uint32_t) allocated;
    memset(e->labels + first, 0xff, n * sizeof *e->labels);
    e->n_labels += n;
    return first;
}

void
xfsm_emit_bind(struct xfsm_emit *e, uint32_t label)
{
    if (!e->failed) {
        e->labels[label] = (uint32_t) e->n;
    }
}

/* The distance of a jump to 'label', to be filled in. */
static void
distance(struct xfsm_emit *e, uint32_t label)
{
    void *fixes = e->fixes;

    if (reserve(e, &fixes, &e->allocated_fixes, e->n_fixes, 1,
                sizeof *e->fixes)) {
        e->fixes = fixes;
        e->fixes[e->n_fixes].at = (uint32_t) e->n;
        e->fixes[e->n_fixes++].label = label;
    }
    imm32(e, 0);
}

bool
xfsm_emit_finish(struct xfsm_emit *e)
{
    if (e->failed) {
        return false;
    }
    for (size_t i = 0; i < e->n_fixes; i++) {
        const struct xfsm_emit_fix *fix = &e->fixes[i];
        uint32_t to = e->labels[fix->label];
        uint32_t rel = to - (fix->at + 4);

        if (to == UINT32_MAX) {
            return false;
        }
        memcpy(e->code + fix->at, &rel, sizeof rel);
    }
    return true;
}

/* ## Forms ## */

/* [prefix] REX [0F] opcode modrm, between two registers: 'reg' is in the
 * middle field of the modrm byte, 'rm' in the lower one. */
static void
form_rr(struct xfsm_emit *e, unsigned int prefix, unsigned int rex,
        unsigned int opcode, unsigned int reg, unsigned int rm)
{
    if (prefix) {
        byte(e, prefix);
    }
    rex |= (reg >> 3) << 2 | rm >> 3;
    if (rex) {
        byte(e, REX | rex);
    }
    if (opcode > 0xff) {
        byte(e, opcode >> 8);
    }
    byte(e, opcode);
    byte(e, 0xc0 | (reg & 7) << 3 | (rm & 7));
}

/* The same with memory. */
static void
form_rm(struct xfsm_emit *e, unsigned int prefix, unsigned int rex,
        unsigned int opcode, unsigned int reg, enum xfsm_reg base,
        int32_t disp)
{
    bool small = disp >= -128 && disp <= 127;
    bool none = !disp && (base & 7) != XFSM_RBP;

    if (prefix) {
        byte(e, prefix);
    }
    rex |= (reg >> 3) << 2 | base >> 3;
    if (rex) {
        byte(e, REX | rex);
    }
    if (opcode > 0xff) {
        byte(e, opcode >> 8);
    }
    byte(e, opcode);
    byte(e, (none ? 0 : small ? 0x40 : 0x80) | (reg & 7) << 3 | (base & 7));
    if ((base & 7) == XFSM_RSP) {
        byte(e, 0x24);          /* No index. */
    }
    if (small && !none) {
        byte(e, (uint8_t) disp);
    } else if (!none) {
        imm32(e, (uint32_t) disp);
    }
}

#define W (REX_W & ~REX)

/* REX [0F] opcode modrm sib, with memory at 'base' + 'index'. */
static void
form_sib(struct xfsm_emit *e, unsigned int opcode, unsigned int reg,
         enum xfsm_reg base, enum xfsm_reg index)
{
    unsigned int rex = (index >> 3) << 1 | base >> 3;

    if (rex) {
        byte(e, REX | rex);
    }
    if (opcode > 0xff) {
        byte(e, opcode >> 8);
    }
    byte(e, opcode);
    byte(e, (reg & 7) << 3 | 4);
    byte(e, (index & 7) << 3 | (base & 7));
}

/* ## Flow ## */

void
xfsm_emit_align(struct xfsm_emit *e, unsigned int to)
{
    while (e->n % to && !e->failed) {
        byte(e, 0xcc);
    }
}

void
xfsm_emit_push(struct xfsm_emit *e, enum xfsm_reg reg)
{
    if (reg >> 3) {
        byte(e, REX | 1);
    }
    byte(e, 0x50 | (reg & 7));
}

void
xfsm_emit_pop(struct xfsm_emit *e, enum xfsm_reg reg)
{
    if (reg >> 3) {
        byte(e, REX | 1);
    }
    byte(e, 0x58 | (reg & 7));
}

void
xfsm_emit_ret(struct xfsm_emit *e)
{
    byte(e, 0xc3);
}

void
xfsm_emit_jmp(struct xfsm_emit *e, uint32_t label)
{
    byte(e, 0xe9);
    distance(e, label);
}

void
xfsm_emit_jcc(struct xfsm_emit *e, enum xfsm_cc cc, uint32_t label)
{
    byte(e, 0x0f);
    byte(e, 0x80 | (unsigned int) cc);
    distance(e, label);
}

void
xfsm_emit_call(struct xfsm_emit *e, const void *function)
{
    xfsm_emit_mov_imm(e, XFSM_RAX, (uint64_t) (uintptr_t) function);
    form_rr(e, NO_PREFIX, 0, 0xff, 2, XFSM_RAX);
}

/* ## Integers ## */

void
xfsm_emit_mov_imm(struct xfsm_emit *e, enum xfsm_reg to, uint64_t value)
{
    bool small = value <= UINT32_MAX;
    unsigned int rex = (small ? 0 : W) | to >> 3;

    if (rex) {
        byte(e, REX | rex);
    }
    byte(e, 0xb8 | (to & 7));
    bytes(e, &value, small ? 4 : 8);
}

void
xfsm_emit_alu(struct xfsm_emit *e, enum xfsm_alu op, enum xfsm_reg to,
              enum xfsm_reg from)
{
    form_rr(e, NO_PREFIX, W, op, from, to);
}

void
xfsm_emit_xor_imm(struct xfsm_emit *e, enum xfsm_reg reg, int32_t value)
{
    form_rr(e, NO_PREFIX, W, 0x81, 6, reg);
    imm32(e, (uint32_t) value);
}

void
xfsm_emit_cmp_imm(struct xfsm_emit *e, enum xfsm_reg reg, int32_t value)
{
    form_rr(e, NO_PREFIX, W, 0x81, 7, reg);
    imm32(e, (uint32_t) value);
}

void
xfsm_emit_test32_imm(struct xfsm_emit *e, enum xfsm_reg reg, uint32_t mask)
{
    form_rr(e, NO_PREFIX, 0, 0xf7, 0, reg);
    imm32(e, mask);
}

void
xfsm_emit_and32_imm(struct xfsm_emit *e, enum xfsm_reg reg, uint32_t mask)
{
    form_rr(e, NO_PREFIX, 0, 0x81, 4, reg);
    imm32(e, mask);
}

/* The mask is extended with its sign. */
void
xfsm_emit_and_imm8(struct xfsm_emit *e, enum xfsm_reg reg, int8_t mask)
{
    form_rr(e, NO_PREFIX, W, 0x83, 4, reg);
    byte(e, (uint8_t) mask);
}

void
xfsm_emit_not(struct xfsm_emit *e, enum xfsm_reg reg)
{
    form_rr(e, NO_PREFIX, W, 0xf7, 2, reg);
}

void
xfsm_emit_neg(struct xfsm_emit *e, enum xfsm_reg reg)
{
    form_rr(e, NO_PREFIX, W, 0xf7, 3, reg);
}

void
xfsm_emit_shl(struct xfsm_emit *e, enum xfsm_reg reg, uint8_t by)
{
    form_rr(e, NO_PREFIX, W, 0xc1, 4, reg);
    byte(e, by);
}

void
xfsm_emit_shr(struct xfsm_emit *e, enum xfsm_reg reg, uint8_t by)
{
    form_rr(e, NO_PREFIX, W, 0xc1, 5, reg);
    byte(e, by);
}

void
xfsm_emit_cmovne(struct xfsm_emit *e, enum xfsm_reg to, enum xfsm_reg from)
{
    form_rr(e, NO_PREFIX, W, 0x0f45, to, from);
}

void
xfsm_emit_bts(struct xfsm_emit *e, enum xfsm_reg reg, uint8_t bit)
{
    form_rr(e, NO_PREFIX, W, 0x0fba, 5, reg);
    byte(e, bit);
}

/* 'from' is RAX to RDX: others would need a REX prefix to mean their low
 * byte. */
void
xfsm_emit_movzx8(struct xfsm_emit *e, enum xfsm_reg to, enum xfsm_reg from)
{
    form_rr(e, NO_PREFIX, 0, 0x0fb6, to, from);
}

void
xfsm_emit_imul(struct xfsm_emit *e, enum xfsm_reg to, enum xfsm_reg from,
               int32_t k)
{
    form_rr(e, NO_PREFIX, W, 0x69, to, from);
    imm32(e, (uint32_t) k);
}

void
xfsm_emit_mul(struct xfsm_emit *e, enum xfsm_reg by)
{
    form_rr(e, NO_PREFIX, W, 0xf7, 4, by);
}

/* ## Memory operands ## */

void
xfsm_emit_load(struct xfsm_emit *e, enum xfsm_reg to, enum xfsm_reg base,
               int32_t disp, unsigned int width)
{
    unsigned int opcode = width == 1 ? 0x0fb6 : width == 2 ? 0x0fb7 : 0x8b;

    form_rm(e, NO_PREFIX, width == 8 ? W : 0, opcode, to, base, disp);
}

void
xfsm_emit_store(struct xfsm_emit *e, enum xfsm_reg base, int32_t disp,
                enum xfsm_reg from)
{
    form_rm(e, NO_PREFIX, W, 0x89, from, base, disp);
}

void
xfsm_emit_xor_mem(struct xfsm_emit *e, enum xfsm_reg to, enum xfsm_reg base,
                  int32_t disp)
{
    form_rm(e, NO_PREFIX, W, 0x33, to, base, disp);
}

void
xfsm_emit_lea(struct xfsm_emit *e, enum xfsm_reg to, enum xfsm_reg base,
              int32_t disp)
{
    form_rm(e, NO_PREFIX, W, 0x8d, to, base, disp);
}

void
xfsm_emit_test8_mem(struct xfsm_emit *e, enum xfsm_reg base, int32_t disp,
                    uint8_t mask)
{
    form_rm(e, NO_PREFIX, 0, 0xf6, 0, base, disp);
    byte(e, mask);
}

void
xfsm_emit_bt_mem(struct xfsm_emit *e, enum xfsm_reg base, int32_t disp,
                 uint8_t bit)
{
    form_rm(e, NO_PREFIX, W, 0x0fba, 4, base, disp);
    byte(e, bit);
}

void
xfsm_emit_inc_mem(struct xfsm_emit *e, enum xfsm_reg base, int32_t disp)
{
    form_rm(e, NO_PREFIX, W, 0xff, 0, base, disp);
}

void
xfsm_emit_prefetch(struct xfsm_emit *e, enum xfsm_reg base,
                   enum xfsm_reg index)
{
    form_sib(e, 0x0f18, 1, base, index);
}

void
xfsm_emit_cmp8_mem(struct xfsm_emit *e, enum xfsm_reg base,
                   enum xfsm_reg index, uint8_t value)
{
    form_sib(e, 0x80, 7, base, index);
    byte(e, value);
}

/* ## Doubles ## */

void
xfsm_emit_loadsd(struct xfsm_emit *e, enum xfsm_xmm to, enum xfsm_reg base,
                 int32_t disp)
{
    form_rm(e, 0xf2, 0, 0x0f10, to, base, disp);
}

void
xfsm_emit_storesd(struct xfsm_emit *e, enum xfsm_reg base, int32_t disp,
                  enum xfsm_xmm from)
{
    form_rm(e, 0xf2, 0, 0x0f11, from, base, disp);
}

void
xfsm_emit_sse_mem(struct xfsm_emit *e, enum xfsm_sse op, enum xfsm_xmm to,
                  enum xfsm_reg base, int32_t disp)
{
    form_rm(e, 0xf2, 0, 0x0f00 | op, to, base, disp);
}

void
xfsm_emit_zero(struct xfsm_emit *e, enum xfsm_xmm x)
{
    form_rr(e, 0x66, 0, 0x0fef, x, x);
}

void
xfsm_emit_ucomisd(struct xfsm_emit *e, enum xfsm_xmm a, enum xfsm_xmm b)
{
    form_rr(e, 0x66, 0, 0x0f2e, a, b);
}

void
xfsm_emit_cmpsd(struct xfsm_emit *e, enum xfsm_xmm to, enum xfsm_xmm with,
                enum xfsm_sse_compare predicate)
{
    form_rr(e, 0xf2, 0, 0x0fc2, to, with);
    byte(e, predicate);
}

void
xfsm_emit_movq_to_xmm(struct xfsm_emit *e, enum xfsm_xmm to,
                      enum xfsm_reg from)
{
    form_rr(e, 0x66, W, 0x0f6e, to, from);
}

void
xfsm_emit_movq_from_xmm(struct xfsm_emit *e, enum xfsm_reg to,
                        enum xfsm_xmm from)
{
    form_rr(e, 0x66, W, 0x0f7e, from, to);
}

void
xfsm_emit_cvtsi2sd(struct xfsm_emit *e, enum xfsm_xmm to, enum xfsm_reg from)
{
    form_rr(e, 0xf2, W, 0x0f2a, to, from);
}
