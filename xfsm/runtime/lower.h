/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef XFSM_RUNTIME_LOWER_H
#define XFSM_RUNTIME_LOWER_H 1

/* Lowered code: what an instance runs instead of the image's instructions.
 *
 * The image is portable: it names fields, metrics and tables by index.  When
 * an instance is made, its code is translated once into operations in which
 * every such reference is an address or an offset already, and in which runs
 * of instructions that compilers emit together are one:
 *
 *     vd_get, vd_set               one look at the detector's line
 *     [jnz,] ldi, vm_add, vm_get   one look at the monitor's
 *     ldi, jz, ldi, vm_add, vm_get the same, where the amount of a rate
 *                                  depends on what the detector says
 *     [jnz,] vm_item, vm_get       the same
 *     ldi, compare, jz             a comparison with a constant
 *
 * Registers and results are exactly those of the image's instructions, one by
 * one, where anything can see them.  An instruction that a jump leads to is
 * swallowed by the one before it only together with that jump.
 *
 * A rate that is read before a jump to the END, and used behind it only, is
 * read behind it: most packets end there, so that neither they nor what sends
 * for memory ahead need to touch it.  That is so for rates under the event's
 * primary key, which every packet of a handler has, so that nothing is counted
 * where they are not read.
 *
 * What is rare or long (publishing, timers, resets) stays an instruction of
 * the image, done by xfsm_effect().
 *
 * Internal to the engine.  Thread-safety: read-only once made. */

#include <stdbool.h>
#include <stdint.h>

#include "xfsm/base/hash.h"
#include "xfsm/packet/packet.h"
#include "xfsm/program/image.h"

struct xfsm_instance;

/* ## Handlers ## */

/* L(ID): lowered operations.  Those that share their name with an instruction
 * of image.h do the same. */
#define XFSM_LOWERED_OPS(L) \
    L(END) L(JUMP) L(JZ) L(JNZ) L(EFFECT) \
    L(DETECTOR_GET) L(DETECTOR_SET) L(DETECTOR_UPDATE) \
    L(TEWMA_ADD) L(TEWMA_GET) L(TEWMA_UPDATE) L(TEWMA_UPDATE_NEW) \
    L(TEWMA_UPDATE_EITHER) \
    L(COUNTER_ADD) L(COUNTER_GET) L(COUNTER_UPDATE) L(COUNTER_UPDATE_NEW) \
    L(SIMPLE_ADD) L(SIMPLE_GET) \
    L(SUMMARY_ADD) L(SUMMARY_GET) L(SUMMARY_UPDATE) L(SUMMARY_UPDATE_NEW) \
    L(SUMMARY_ITEM) L(SUMMARY_ITEM_UPDATE) L(SUMMARY_ITEM_UPDATE_NEW) \
    L(TGET) L(TSET) L(LDI) L(LDF) \
    L(JNEQ_K) L(JNNE_K) L(JNLT_K) L(JNLE_K) L(JNGT_K) L(JNGE_K) \
    L(MOV) L(NEG) L(NOT) L(BOOL) L(ADD) L(SUB) L(MUL) L(DIV) L(MOD) \
    L(EQ) L(NE) L(LT) L(LE) L(GT) L(GE) L(ABS) L(FMIN) L(FMAX) \
    L(LOG) L(LOG2) L(EXP) L(SQRT) L(POW) L(FLOOR) L(CEIL)

enum xfsm_lowered_code {
#define XFSM_LOWERED_ENUM(ID) XFSM_L_##ID,
    XFSM_LOWERED_OPS(XFSM_LOWERED_ENUM)
#undef XFSM_LOWERED_ENUM
    XFSM_N_LOWERED
};

struct xfsm_op {
    uint8_t code;               /* enum xfsm_lowered_code. */
    uint8_t a;                  /* Register. */
    uint8_t b, c;               /* Registers; 'b' of TEWMA_GET: metric. */
    uint16_t key;               /* Key, where one is used. */
    uint16_t target;            /* Of a jump: index of an operation; of
                                 * SUMMARY_ITEM...: key of the item. */
    union {
        void *memory;           /* Detector, sketch, table or number. */
        const struct xfsm_insn *insn;       /* EFFECT. */
        uint64_t field;         /* LDF: enum xfsm_field_id. */
    } m;
    double k;                   /* Constant. */
    double other;               /* TEWMA_UPDATE_EITHER: what is added instead
                                 * where register 'b' is not 0. */
    bool sunk;                  /* TEWMA_GET: comes behind a jump that it stood
                                 * before. */
};

/* ## Matcher ## */

struct xfsm_match_op {
    uint8_t code;               /* enum xfsm_opcode, the M instructions. */
    uint8_t compare;            /* enum xfsm_expr_op. */
    uint8_t width;              /* Bytes of the field. */
    uint8_t word;               /* Which word of 'present'... */
    uint64_t bit;               /* ...and which bit tells of the field. */
    uint16_t offset;            /* Of the field in struct xfsm_packet. */
    uint16_t target;            /* Where to go if the test fails. */
    uint16_t event;             /* MEVENT. */
    uint16_t key;               /* MIN. */
    union {
        uint64_t value;         /* MUINT. */
        const struct xfsm_img_prefix *prefix;       /* MADDR. */
        const char *text;       /* MSTR. */
        const void *table;      /* MIN. */
    } m;
    uint32_t len;               /* MSTR. */
};

/* ## Keys ## */

/* How a key is built: steps that copy words. */
struct xfsm_key_plan {
    struct xfsm_fieldset needs; /* Fields without which there is no key. */
    uint8_t n_steps;
    uint8_t n_words;
    bool has_prefixes;
    struct {
        uint16_t offset;        /* In struct xfsm_packet. */
        uint8_t width;          /* 1, 2, 4, 8; 16 an address; 0 a string. */
        struct xfsm_prefix_lengths prefix;
    } steps[XFSM_MAX_KEY_FIELDS];
};

/* The lowered code of an instance. */
struct xfsm_lowered {
    struct xfsm_op *ops;
    uint32_t n_ops;
    uint32_t *handlers;         /* First operation of each handler. */
    struct xfsm_match_op *matcher;
    struct xfsm_key_plan *keys;
};

/* A set of registers of a handler. */
#define XFSM_REGISTER_WORDS (XFSM_MAX_REGS / 64)

struct xfsm_registers {
    uint64_t w[XFSM_REGISTER_WORDS];
};

static inline void
xfsm_registers_add(struct xfsm_registers *set, unsigned int reg)
{
    set->w[reg / 64] |= UINT64_C(1) << reg % 64;
}

static inline bool
xfsm_registers_has(const struct xfsm_registers *set, unsigned int reg)
{
    return set->w[reg / 64] >> reg % 64 & 1;
}

/* What an operation does with registers. */
struct xfsm_op_access {
    struct xfsm_registers reads;
    struct xfsm_registers writes;       /* Whatever happens... */
    struct xfsm_registers may_write;    /* ...and what else. */
};

/* Tells that of an operation of handler 'handler'.  An effect that is not
 * known reads everything. */
void xfsm_op_find_access(const struct xfsm_image *, uint32_t handler,
                         const struct xfsm_op *, struct xfsm_op_access *);

/* Moves reads of rates behind the jumps to the END that most packets take, in
 * the handlers of 'p', which are lowered.  'led_to' tells for each operation
 * whether a jump leads to it. */
void xfsm_sink_reads(struct xfsm_instance *p, const uint32_t *led_to);

/* The metrics, as a bit map, whose rates of the event's primary key handler
 * 'handler' touches behind such a jump alone. */
uint64_t xfsm_sunk_metrics(const struct xfsm_instance *p, uint32_t handler);

/* Translates the code of 'p', whose memory is allocated, into 'p->lowered'.
 * Returns false if there is no memory. */
bool xfsm_lower(struct xfsm_instance *p);
void xfsm_lowered_destroy(struct xfsm_lowered *);

#endif /* xfsm/runtime/lower.h */
