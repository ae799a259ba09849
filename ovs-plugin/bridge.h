/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef OVS_PLUGIN_BRIDGE_H
#define OVS_PLUGIN_BRIDGE_H 1

/* Bridges of the switch's database, by name.
 *
 * The IDL has no index of them: a look-up costs a walk through all bridges, of
 * which hosts have a few.
 *
 * Thread-safety: that of the IDL. */

struct ovsdb_idl;
struct ovsrec_bridge;

/* Returns the row of the bridge, or NULL if there is none of that name. */
const struct ovsrec_bridge *xfsm_bridge_find(struct ovsdb_idl *,
                                             const char *name);

#endif /* ovs-plugin/bridge.h */
