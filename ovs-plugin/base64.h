/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef OVS_PLUGIN_BASE64_H
#define OVS_PLUGIN_BASE64_H 1

/* Base64 (RFC 4648 section 4), in which the column "image" of the table
 * Program holds an image, since strings of OVSDB are text. */

#include <stddef.h>

/* Decodes the string 's', in which white space is skipped.  Returns NULL and
 * stores the bytes, allocated with malloc(), and their number, or an error
 * that the caller frees. */
char *xfsm_base64_decode(const char *s, void **datap, size_t *lenp);

#endif /* ovs-plugin/base64.h */
