/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef OVS_PLUGIN_MITIGATION_SWITCH_H
#define OVS_PLUGIN_MITIGATION_SWITCH_H 1

/* Flows of mitigation, put into a bridge.
 *
 * There is a connection to the management socket of the bridge, which
 * ovs-vswitchd has for ovs-ofctl(8).  It needs OpenFlow 1.3 or later.  The
 * first thing sent is that flows with our cookie be deleted: what an agent
 * that was killed has left is not counted by the caps of this one.
 *
 * Nothing here blocks.  What cannot be sent within MITIGATION_SEND_MS is
 * dropped, so that a flow is never late.
 *
 * Thread-safety: none needed, all is done by the agent's one thread. */

#include <stdbool.h>
#include <stdint.h>

struct mitigation_switch;

/* How long a flow may wait for the connection. */
#define MITIGATION_SEND_MS 5000

/* What became of flow 'id': 'error' is NULL if it was sent.  It may be called
 * again with an error of the switch. */
typedef void mitigation_switch_cb(uint32_t id, const char *error, void *aux);

/* Connects to the bridge, whose name must not have a slash. */
struct mitigation_switch *mitigation_switch_create(const char *bridge);
void mitigation_switch_destroy(struct mitigation_switch *);

/* Adds a flow, as mitigation_flow_format() writes it, whose cookie has 'id'
 * in its lower half. */
void mitigation_switch_add(struct mitigation_switch *, uint32_t id,
                           const char *flow);

/* Deletes that flow. */
void mitigation_switch_delete(struct mitigation_switch *, uint32_t id);

/* Does what there is to do. */
void mitigation_switch_run(struct mitigation_switch *,
                           mitigation_switch_cb *, void *aux);
void mitigation_switch_wait(struct mitigation_switch *);

/* True if nothing waits to be sent. */
bool mitigation_switch_is_idle(const struct mitigation_switch *);

#endif /* ovs-plugin/mitigation-switch.h */
