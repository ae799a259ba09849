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

/* Appends the text, "# EOF" included. */
void xfsm_agent_metrics_format(const struct xfsm_agent *, struct ds *);

#endif /* ovs-plugin/agent-metrics.h */
