/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef XFSM_PROGRAM_VERIFY_PRIVATE_H
#define XFSM_PROGRAM_VERIFY_PRIVATE_H 1

/* What the halves of the verifier share: verify.c checks layout and
 * declarations, verify-code.c the instructions. */

#include <stdbool.h>

#include "xfsm/program/image.h"

/* Is 'off' the start of terminated text? */
bool xfsm_verify_text(const struct xfsm_image *, uint32_t off);

/* Are the 'len' bytes at 'off' in the strings section? */
bool xfsm_verify_bytes(const struct xfsm_image *, uint32_t off, uint32_t len);

/* Do 'table' and 'key' exist, and has the key the table's shape? */
bool xfsm_verify_table_key(const struct xfsm_image *, uint16_t table,
                           uint16_t key);

/* Verifies all instructions; the declarations are verified. */
char *xfsm_verify_code(const struct xfsm_image *);

#endif /* xfsm/program/verify-private.h */
