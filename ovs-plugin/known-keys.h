/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef OVS_PLUGIN_KNOWN_KEYS_H
#define OVS_PLUGIN_KNOWN_KEYS_H 1

/* The keys that the agent knows: options of XFSM_Global, and external_ids of
 * Port and Bridge rows; and what their truth values are.
 *
 * A map takes any key, so one that is misspelt would do nothing and nobody
 * would be told.  xfsm-db(5) documents each; a test compares.
 *
 * Pure functions, without state. */

#include <stdbool.h>

struct ds;
struct smap;

/* Adds to 'errors' each of the options that is none, by name. */
void xfsm_known_keys_check_options(const struct smap *options,
                                   struct ds *errors);

/* Returns what an operator should know of the external_ids of a bridge and of
 * one of its ports: which keys look like ours and are not, or NULL.  The
 * caller frees it. */
char *xfsm_known_keys_note(const struct smap *bridge,
                           const struct smap *port);

/* Returns what "true" or "false" says, a constant, or NULL for all else. */
const bool *xfsm_known_keys_truth(const char *value);

#endif /* ovs-plugin/known-keys.h */
