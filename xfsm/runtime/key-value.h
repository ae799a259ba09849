/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef XFSM_RUNTIME_KEY_VALUE_H
#define XFSM_RUNTIME_KEY_VALUE_H 1

/* A key's value: what tables and sketches are addressed with.
 *
 * Internal to the engine.  Thread-safety: plain data. */

#include <stdint.h>

#include "xfsm/base/hash.h"

struct xfsm_key_value {
    uint64_t hash;
    uint16_t spec;              /* Which key of the image this is. */
    unsigned int n;             /* Words. */
    uint64_t w[XFSM_KEY_WORDS];
};

#endif /* xfsm/runtime/key-value.h */
