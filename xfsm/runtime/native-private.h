/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef XFSM_RUNTIME_NATIVE_PRIVATE_H
#define XFSM_RUNTIME_NATIVE_PRIVATE_H 1

/* What the parts of the native back end call each other for: native.c makes
 * the code executable, native-match.c writes the code for a packet before its
 * turn, native-handler.c that for its turn, for which native-live.c tells what
 * need not be kept.
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

/* A set of registers of a handler. */
#define XFSM_LIVE_WORDS (XFSM_MAX_REGS / 64)

struct xfsm_live {
    uint64_t w[XFSM_LIVE_WORDS];
};

static inline void
xfsm_live_add(struct xfsm_live *set, unsigned int reg)
{
    set->w[reg / 64] |= UINT64_C(1) << reg % 64;
}

static inline bool
xfsm_live_has(const struct xfsm_live *set, unsigned int reg)
{
    return set->w[reg / 64] >> reg % 64 & 1;
}

/* native-live.c: for each operation 'first' to 'end' of a handler, which
 * registers are read by it or later, 'before', and later, 'after'. */
void xfsm_native_find_live(const struct xfsm_instance *, uint32_t handler,
                           uint32_t first, uint32_t end,
                           struct xfsm_live *before, struct xfsm_live *after);

/* Has the operation a target? */
static inline bool
xfsm_native_jumps(const struct xfsm_op *op)
{
    return op->code == XFSM_L_JUMP || op->code == XFSM_L_JZ
           || op->code == XFSM_L_JNZ || op->code == XFSM_L_TGET
           || (op->code >= XFSM_L_JNEQ_K && op->code <= XFSM_L_JNGE_K);
}

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
