/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef OVS_PLUGIN_MIRROR_H
#define OVS_PLUGIN_MIRROR_H 1

/* Mirrors: how a port is monitored that cannot be listened to.
 *
 * The packets of DPDK and AF_XDP ports never come through the kernel.  For
 * such a port, where the operator wants it, the agent adds an internal port to
 * the bridge, and a mirror that copies to it what the port receives and sends;
 * the probe listens to that device.  It costs the switch a copy of each packet
 * (tests/bench/RESULTS-switch.md), which listening does not.
 *
 * Both rows are marked: external_ids:xfsm-mirror-of of the port, and of the
 * mirror, names the port that is mirrored.  What is marked and not wanted is
 * removed, whoever left it: an agent that was killed, one that was there
 * before.  So nothing stays behind for longer than there is no agent.  An
 * agent that ends in order removes them all.
 *
 * Thread-safety: none needed, all is done by the agent's one thread. */

struct ovsdb_idl_txn;
struct xfsm_agent;

/* Key of external_ids of ports and mirrors that are ours. */
#define XFSM_MIRROR_OF_KEY "xfsm-mirror-of"

/* Name of the device to which 'port' is mirrored, which the caller frees: the
 * same each time, of 15 characters at most. */
char *xfsm_mirror_device(const char *port);

/* Adds the mirrors that monitors want to the transaction, and removes those
 * that they do not. */
void xfsm_mirrors_write(struct xfsm_agent *, struct ovsdb_idl_txn *);

/* Has the kernel pass packets of the device on, which a new one does not.
 * Takes CAP_NET_ADMIN.  Returns NULL, or an error that the caller frees. */
char *xfsm_mirror_bring_up(const char *device);

#endif /* ovs-plugin/mirror.h */
