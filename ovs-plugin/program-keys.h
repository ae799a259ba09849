/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef OVS_PLUGIN_PROGRAM_KEYS_H
#define OVS_PLUGIN_PROGRAM_KEYS_H 1

/* Whether a row of table Program is signed as the agent's option
 * --program-keys demands, see xfsm/io/signature.h, and of a version that may
 * still run, see xfsm/io/releases.h.
 *
 * The digests are those of what will be run, not of what the row says they
 * are: a row costs a SHA-256 of its text and its image whenever the database
 * changes, some milliseconds for a hundred programs. */

struct xfsm_releases;
struct xfsm_signature_keys;

/* Returns NULL if 'keys' is NULL, or if the row is signed by one of them and
 * not too old, which 'releases' then takes note of; else why it is refused,
 * which the caller frees.  'image' is in base64. */
char *xfsm_program_keys_check(const struct xfsm_signature_keys *keys,
                              struct xfsm_releases *releases,
                              const char *name, const char *source,
                              const char *image, const char *signature);

#endif /* ovs-plugin/program-keys.h */
