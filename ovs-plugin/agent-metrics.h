/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef OVS_PLUGIN_AGENT_METRICS_H
#define OVS_PLUGIN_AGENT_METRICS_H 1

/* The counters of all probes and of the hub as OpenMetrics text, from what the
 * agent has anyway: each tells its own about once a second.
 *
 * Families are xfsm_agent, xfsm_hub_NAME, and xfsm_probe_NAME with the labels
 * bridge, port and interface.  Names are those of "xfsm/stats"; one that does
 * not look like a name, which only a probe taken over could send, is left
 * out. */

struct ds;
struct xfsm_agent;

/* M(TYPE, NAME, DOC): what the agent itself tells of each probe. */
#define XFSM_AGENT_PROBE_METRICS(M) \
    M(gauge, up, "1 if all programs of the port run") \
    M(counter, restarts, "Times that the probe was started again") \
    M(gauge, state_keys, "Keys of a program in one of its states")

/* What xfsm_agent_info and xfsm_hub_up tell. */
#define XFSM_AGENT_INFO_DOC "The agent, and the host it is on"
#define XFSM_AGENT_HUB_UP_DOC "1 while the hub runs"

/* Appends the text, "# EOF" included. */
void xfsm_agent_metrics_format(const struct xfsm_agent *, struct ds *);

#endif /* ovs-plugin/agent-metrics.h */
