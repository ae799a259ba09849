/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef XFSM_BASE_BASE64_H
#define XFSM_BASE_BASE64_H 1

/* Base64 (RFC 4648 section 4): how bytes travel where there is only text,
 * as the packet of an event in JSON, or an image in the column "image" of the
 * table Program.
 *
 * Thread-safety: any thread. */

#include <stddef.h>

/* Characters that 'len' bytes take. */
static inline size_t
xfsm_base64_length(size_t len)
{
    return (len + 2) / 3 * 4;
}

/* Writes the 'len' bytes at 'data' as xfsm_base64_length('len') characters at
 * 'out', not terminated. */
void xfsm_base64_encode(const void *data, size_t len, char *out);

/* Decodes the string 's', in which white space is skipped.  Returns NULL and
 * stores the bytes, allocated with malloc(), and their number, or an error
 * that the caller frees. */
char *xfsm_base64_decode(const char *s, void **datap, size_t *lenp);

#endif /* xfsm/base/base64.h */
