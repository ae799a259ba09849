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
 * first thing done on each connection is that flows with our cookie, and
 * meters with our numbers, are deleted: what an agent that was killed has left
 * does no harm longer than that, and no flow is there that is not in our
 * books.  The caller then adds what there is to be.
 *
 * A flow is installed in two steps, each of them ended by a barrier.  First
 * the switch is asked what is there, so that nobody else's flow is hurt:
 *
 *   - A flow of others with the same match and priority, which ours would
 *     replace, is left alone, and ours is refused.
 *   - A flow of Limit or Mirror ends in NORMAL, in place of what the flows of
 *     the bridge would do.  So it is refused unless NORMAL is all that they
 *     do: but for ours there must be one flow, in table 0, that matches all
 *     and whose action is NORMAL.
 *
 * Then meter and flow are sent.  A meter has no timeout, so it can stay when
 * the agent dies, without a flow that uses it and so without effect, until
 * the next agent connects.
 *
 * Nothing here blocks, and there is no time: the caller gives up on a flow
 * that is not answered.
 *
 * Thread-safety: none needed, all is done by the agent's one thread. */

#include <stdbool.h>
#include <stdint.h>

struct mitigation_flow;
struct mitigation_switch;

/* What became of flow 'id', the lower half of its cookie: 'error' is NULL if
 * the switch has it.  Called once for a flow. */
typedef void mitigation_switch_cb(uint32_t id, const char *error, void *aux);

/* Connects to the bridge, whose name must not have a slash. */
struct mitigation_switch *mitigation_switch_create(const char *bridge);
void mitigation_switch_destroy(struct mitigation_switch *);

/* Adds a flow, if there is a connection: when there is a new one, the caller
 * is told and adds all flows anew. */
void mitigation_switch_add(struct mitigation_switch *,
                           const struct mitigation_flow *);

/* Deletes that flow and its meter, whether they are there or not; without a
 * connection, on the next one. */
void mitigation_switch_delete(struct mitigation_switch *,
                              const struct mitigation_flow *);

/* Does what there is to do.  Returns true if there is a new connection. */
bool mitigation_switch_run(struct mitigation_switch *,
                           mitigation_switch_cb *, void *aux);
void mitigation_switch_wait(struct mitigation_switch *);

/* True if nothing is left to be deleted or to be answered. */
bool mitigation_switch_is_idle(const struct mitigation_switch *);

#endif /* ovs-plugin/mitigation-switch.h */
