/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef XFSM_RUNTIME_NATIVE_PRIVATE_H
#define XFSM_RUNTIME_NATIVE_PRIVATE_H 1

/* What the parts of the native back end call each other for: native.c makes
 * the code executable, native-match.c and native-key.c write the code for a
 * packet before its turn, native-handler.c that for its turn, for which
 * native-live.c tells what need not be kept.
 *
 * Nobody else includes it.  Thread-safety: none. */

#include "xfsm/runtime/native-emit.h"
#include "xfsm/runtime/instance.h"

/* Each returns where in the code its function begins. */
uint32_t xfsm_native_emit_prepare(struct xfsm_emit *,
                                  const struct xfsm_instance *);
uint32_t xfsm_native_emit_match(struct xfsm_emit *,
                                const struct xfsm_instance *);
uint32_t xfsm_native_emit_key(struct xfsm_emit *,
                              const struct xfsm_instance *, uint16_t key);
uint32_t xfsm_native_emit_handler(struct xfsm_emit *,
                                  const struct xfsm_instance *,
                                  uint32_t handler);

/* native-live.c: for each operation 'first' to 'end' of a handler, which
 * registers are read by it or later, 'before', and later, 'after'. */
void xfsm_native_find_live(const struct xfsm_instance *, uint32_t handler,
                           uint32_t first, uint32_t end,
                           struct xfsm_registers *before,
                           struct xfsm_registers *after);

/* Has the operation a target? */
static inline bool
xfsm_native_jumps(const struct xfsm_op *op)
{
    return op->code == XFSM_L_JUMP || op->code == XFSM_L_JZ
           || op->code == XFSM_L_JNZ || op->code == XFSM_L_TGET
           || (op->code >= XFSM_L_JNEQ_K && op->code <= XFSM_L_JNGE_K);
}

/* Where things are while a packet is prepared: in registers that nobody else
 * wants to keep, because most of it is done without a call. */
#define XFSM_NATIVE_PACKET XFSM_RDI
#define XFSM_NATIVE_ROW XFSM_R9
#define XFSM_NATIVE_VALUES XFSM_R10     /* Of the row. */
#define XFSM_NATIVE_SHARED XFSM_R11     /* Hash of what the keys begin with,
                                         * or which keys are complete. */

/* Where a word of a key comes from. */
struct xfsm_native_source {
    int32_t offset;             /* In the packet. */
    unsigned int width;
};

/* The hash of the first words of a key that was built before, an even number
 * of them, unfinished: keys that begin alike share it. */
struct xfsm_native_prefix {
    enum xfsm_reg reg;          /* That has it; unless 'n' is 0. */
    struct xfsm_native_source words[XFSM_KEY_WORDS];
    unsigned int n;
};

/* native-key.c: jumps to 'label' unless the packet has all fields in 'set'. */
void xfsm_native_emit_needs(struct xfsm_emit *,
                            const struct xfsm_fieldset *set, uint32_t label);

/* native-key.c: builds the hash of the key's value at 'base' + 'disp', which
 * is in RAX, too; the packet has all of its fields.  'prefix' is used where
 * the key begins with it, and is the key's afterwards where it was empty; NULL
 * if there is none.  Uses RAX, RCX, RDX and R8. */
void xfsm_native_emit_hash(struct xfsm_emit *, const struct xfsm_instance *,
                           uint16_t key, enum xfsm_reg base, int32_t disp,
                           struct xfsm_native_prefix *prefix);

/* native-key.c: builds the words of the value.  Uses RCX. */
void xfsm_native_emit_words(struct xfsm_emit *, const struct xfsm_instance *,
                            uint16_t key, enum xfsm_reg base, int32_t disp);

/* native-key.c: does both, but jumps to 'absent' if the packet lacks a
 * field. */
void xfsm_native_emit_value(struct xfsm_emit *, const struct xfsm_instance *,
                            uint16_t key, enum xfsm_reg base, int32_t disp,
                            uint32_t absent);

/* Has the key no strings, so that code for it is emitted? */
bool xfsm_native_has_key(const struct xfsm_instance *, uint16_t key);

/* Begins a function, at an address that is good to jump to. */
static inline uint32_t
xfsm_native_begin(struct xfsm_emit *e)
{
    xfsm_emit_align(e, 16);
    return (uint32_t) e->n;
}

#endif /* xfsm/runtime/native-private.h */
