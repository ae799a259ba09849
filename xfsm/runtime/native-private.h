/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef XFSM_RUNTIME_NATIVE_PRIVATE_H
#define XFSM_RUNTIME_NATIVE_PRIVATE_H 1

/* What the parts of the native back end call each other for: native.c makes
 * the code executable, native-match.c writes the code for a packet before its
 * turn, native-handler.c that for its turn.
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
