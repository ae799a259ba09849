/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef XFSM_RUNTIME_STATE_SAVE_H
#define XFSM_RUNTIME_STATE_SAVE_H 1

/* What a program knows, written and read: a part of xfsm_engine_save() and
 * xfsm_engine_restore().
 *
 * Internal to the engine.  Thread-safety: none. */

#include <stdbool.h>
#include <stdint.h>

#include "xfsm/base/state-io.h"

/* Version of the format: changes with each change of what is saved. */
#define XFSM_STATE_VERSION 3

struct xfsm_instance;

/* Tells images apart. */
struct xfsm_state_digest {
    uint64_t w[2];
};

/* What a saved state begins with. */
void xfsm_state_head(struct xfsm_state_io *);

/* Writes or reads all that a program knows at 'now' (packet time, ns), its
 * digest in front.  One that is read into is freshly loaded. */
void xfsm_state_program(struct xfsm_state_io *, struct xfsm_instance *,
                        uint64_t now);

/* Stores the digest of the program that is next to be read, without going
 * on. */
void xfsm_state_peek(const struct xfsm_state_io *,
                     struct xfsm_state_digest *);
bool xfsm_state_is_of(const struct xfsm_state_digest *,
                      const struct xfsm_instance *);

#endif /* xfsm/runtime/state-save.h */
