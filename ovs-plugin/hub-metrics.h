/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef OVS_PLUGIN_HUB_METRICS_H
#define OVS_PLUGIN_HUB_METRICS_H 1

/* Counters of the hub and of its probes in the text format of OpenMetrics
 * 1.0, which Prometheus reads too.
 *
 * "ovs-appctl -t xfsm-hub xfsm/metrics" prints it; written to a file NAME.prom
 * it is what the textfile collector of a node exporter takes.  Names begin
 * with xfsm_hub_ (the process) and xfsm_probe_ (labels: host, bridge, port).
 *
 * Thread-safety: for one thread. */

#include <stdint.h>

struct ds;
struct xfsm_hub_core;

/* Adds the metric 'xfsm_hub_NAME' with 'value'; a name in 'gauges' of
 * hub-metrics.c is a gauge, any other a counter. */
void xfsm_hub_metrics_add(const char *name, uint64_t value, void *ds);

/* Adds the metrics of all probes, and the end. */
void xfsm_hub_metrics_add_probes(const struct xfsm_hub_core *, struct ds *);

#endif /* ovs-plugin/hub-metrics.h */
