/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef CONTROLLER_METRICS_H
#define CONTROLLER_METRICS_H 1

/* The metrics of xfsm-controller, and how they are written.
 *
 * XFSM_METRICS lists those that are nobody's counter.  Each counter is a
 * family too, and has its text where it is defined:
 *
 *     XFSM_HTTP_COUNTERS       xfsm_http_NAME
 *     XFSM_SOURCE_COUNTERS     xfsm_collector_NAME, and with the label host
 *                              xfsm_collector_host_NAME
 *     XFSM_SPOOL_COUNTERS      xfsm_spool_NAME
 *     XFSM_TRAFFIC             xfsm_fleet_NAME, with the label host
 *                              xfsm_host_NAME, and with host, bridge, port and
 *                              interface xfsm_port_NAME
 *     XFSM_TRAFFIC_HUB         xfsm_fleet_hub_NAME, xfsm_host_hub_NAME
 *
 * utilities/list-metrics makes xfsm-metrics(7) of all of these lists, and
 * tests/system/test-controller-metrics.py holds that against what is served.
 *
 * Two formats are spoken: OpenMetrics 1.0, in which a counter's family has no
 * "_total", and the text format of Prometheus, in which it has.
 *
 * Costs some 15 us for each host, and 35 us for each port, that has metrics of
 * its own, whenever somebody asks, in the main loop.
 *
 * Thread-safety: for one thread. */

#include <stdbool.h>
#include <stdint.h>

struct ds;

enum xfsm_metric_type {
    XFSM_METRIC_COUNTER,        /* Its samples end in "_total". */
    XFSM_METRIC_GAUGE,
    XFSM_METRIC_INFO,           /* Its samples end in "_info", and are 1. */
};

/* M(ID, TYPE, NAME, LABELS, DOC). */
#define XFSM_METRICS(M) \
    M(CONTROLLER, INFO, "xfsm_controller", "name,version,source", \
      "This controller, and where the fleet comes from: database or file") \
    M(START, GAUGE, "process_start_time_seconds", "", \
      "When the controller started, in seconds since 1970") \
    M(CPU, COUNTER, "process_cpu_seconds", "", \
      "Processor time that the controller used") \
    M(MEMORY, GAUGE, "process_resident_memory_bytes", "", \
      "Memory of the controller") \
    M(DB_CONNECTED, GAUGE, "xfsm_controller_database_connected", "", \
      "1 while the database of the fleet answers; absent if the fleet is in " \
      "a file") \
    M(LEADER, GAUGE, "xfsm_controller_leader", "", \
      "1 if this controller decides about roll-outs; absent if the fleet is " \
      "in a file") \
    M(VERSIONS_REFUSED, GAUGE, "xfsm_fleet_programs_refused", "", \
      "Versions of programs that are not signed as demanded; absent if the " \
      "fleet is in a file") \
    M(RELOAD_FAILED, GAUGE, "xfsm_controller_reload_failed", "", \
      "1 if the file of the fleet was bad when it was read last; absent if " \
      "the fleet is in a database") \
    M(COMPILING, GAUGE, "xfsm_fleet_programs_compiling", "", \
      "Programs that wait to be compiled, with the parameters of " \
      "assignments, or are being so") \
    M(PROGRAMS, GAUGE, "xfsm_fleet_programs", "", "Programs of the fleet") \
    M(ASSIGNMENTS, GAUGE, "xfsm_fleet_assignments", "", \
      "Assignments of the fleet") \
    M(TENANTS, GAUGE, "xfsm_fleet_tenants", "", "Tenants of the fleet") \
    M(FAULTS, GAUGE, "xfsm_fleet_faults", "", \
      "Hosts, programs and assignments that are described wrongly") \
    M(VERSIONS, GAUGE, "xfsm_fleet_versions", "state", \
      "Versions of programs, by the state of their roll-out") \
    M(HOSTS_WANTED, GAUGE, "xfsm_fleet_hosts_wanted", "", \
      "Hosts of the fleet, those of other controllers included") \
    M(HOSTS, GAUGE, "xfsm_fleet_hosts", "state", \
      "Hosts of this controller, by state") \
    M(PROBES, GAUGE, "xfsm_fleet_probes", "status", \
      "Probes, one a port that is monitored, by status") \
    M(DRIFTS, COUNTER, "xfsm_fleet_drifts", "", \
      "Changes by somebody else that were put back") \
    M(COLLECTOR_HOSTS, GAUGE, "xfsm_collector_hosts", "state", \
      "Hubs that are followed, by state: connected, disconnected, and " \
      "waiting, for room in the sink") \
    M(COLLECTOR_LABELS, COUNTER, "xfsm_collector_label_events", "label", \
      "Events taken, by label; those that programs made up are other") \
    M(UNHEARD, COUNTER, "xfsm_collector_unheard", "", \
      "Events that the REST API was not in time for") \
    M(SINK_CONNECTED, GAUGE, "xfsm_sink_connected", "", \
      "1 while NATS, or a broker of Kafka, is connected; absent with files") \
    M(SPOOL_PENDING, GAUGE, "xfsm_spool_pending", "", \
      "Events in the spool that the broker has not acknowledged") \
    M(TOKENS_REFUSED, COUNTER, "xfsm_http_tokens_refused", "", \
      "Wrong tokens") \
    M(FORBIDDEN, COUNTER, "xfsm_http_forbidden", "", \
      "Requests that the role of the token does not allow") \
    M(TENANT_EVENTS_DROPPED, COUNTER, "xfsm_http_tenant_events_dropped", \
      "", "Events not told a tenant: more than its events-rate") \
    M(TENANT_HOSTS, GAUGE, "xfsm_http_tenant_hosts", "", \
      "Hosts of which it is kept whose ports theirs are") \
    M(PROGRAMS_REFUSED, COUNTER, "xfsm_http_programs_refused", "", \
      "Programs not looked at: too many at a time") \
    M(PROGRAMS_CAUGHT, COUNTER, "xfsm_http_programs_caught", "", \
      "Programs at which the toolbox was killed, as it tried a system call " \
      "that only an intruder would") \
    M(AUDIT_LOST, COUNTER, "xfsm_http_audit_lost", "", \
      "Actions of users that the audit log does not have") \
    M(AUDIT_SKIPPED, COUNTER, "xfsm_http_audit_skipped", "", \
      "Lines of the audit log that were no entries") \
    M(PREVIEWS_REFUSED, COUNTER, "xfsm_http_previews_refused", "", \
      "Previews not made: too many at a time") \
    M(HISTORY_SERIES, GAUGE, "xfsm_history_series", "", \
      "Series kept for charts") \
    M(HISTORY_REFUSED, COUNTER, "xfsm_history_refused", "", \
      "Samples not kept: too many hosts and ports") \
    M(TALKERS, GAUGE, "xfsm_talkers_lists", "", \
      "Lists of top talkers that are kept") \
    M(TALKERS_EVICTED, COUNTER, "xfsm_talkers_evicted", "", \
      "Lists of top talkers that made room for newer ones") \
    M(TALKERS_TOO_LONG, COUNTER, "xfsm_talkers_too_long", "", \
      "Lists of top talkers that were too long") \
    M(STREAMS, GAUGE, "xfsm_http_streams", "", "Event streams that are open")\
    M(EVENTS_DROPPED, COUNTER, "xfsm_http_events_dropped", "", \
      "Events in memory that made room for newer ones") \
    M(EVENTS_KEPT, GAUGE, "xfsm_http_events_kept", "", \
      "Events in memory, for lists and streams") \
    M(HOSTS_LEFT_OUT, GAUGE, "xfsm_metrics_hosts_left_out", "", \
      "Hosts without metrics of their own, by --metrics-hosts") \
    M(PORTS_LEFT_OUT, GAUGE, "xfsm_metrics_ports_left_out", "", \
      "Ports without metrics of their own, by --metrics-ports") \
    M(HOST_UP, GAUGE, "xfsm_host_up", "host", \
      "1 while the database of the host answers") \
    M(HOST_IN_SYNC, GAUGE, "xfsm_host_in_sync", "host", \
      "1 while the host is as wanted, and its agent has acknowledged that") \
    M(HOST_SYNCED, GAUGE, "xfsm_host_last_sync_timestamp_seconds", "host", \
      "When the host was last as wanted, in seconds since 1970, or 0") \
    M(HOST_PROBES, GAUGE, "xfsm_host_probes", "host", "Probes of the host") \
    M(HOST_PROBES_FAILED, GAUGE, "xfsm_host_probes_failed", "host", \
      "Probes of the host that neither run nor are being started") \
    M(HOST_DRIFTS, COUNTER, "xfsm_host_drifts", "host", \
      "Changes by somebody else that were put back") \
    M(HOST_COLLECTED, GAUGE, "xfsm_collector_host_connected", "host", \
      "1 while the hub of the host is connected; absent if it is not " \
      "followed") \
    M(HOST_HEARD, GAUGE, "xfsm_collector_host_event_timestamp_seconds", \
      "host", "When the last event of the host was taken, in seconds since " \
      "1970, or 0") \
    M(HOST_LAG, GAUGE, "xfsm_collector_host_lag_seconds", "host", \
      "How old that event was then, by the clocks of host and controller") \
    M(PORT_UP, GAUGE, "xfsm_port_up", "host,bridge,port,interface", \
      "1 if all programs of the port run") \
    M(PORT_RESTARTS, COUNTER, "xfsm_port_restarts", \
      "host,bridge,port,interface", \
      "Times that the probe was started again")

enum xfsm_metric {
#define XFSM_METRIC_ENUM(ID, TYPE, NAME, LABELS, DOC) XFSM_METRIC_ID_##ID,
    XFSM_METRICS(XFSM_METRIC_ENUM)
#undef XFSM_METRIC_ENUM
};

/* Hosts and ports that have metrics of their own, unless the user says
 * otherwise, and at most. */
#define XFSM_METRICS_HOSTS 1000
#define XFSM_METRICS_MAX_HOSTS 16384
#define XFSM_METRICS_PORTS 0
#define XFSM_METRICS_MAX_PORTS 100000

#define XFSM_METRICS_MAX_LABELS 4

struct xfsm_metrics {
    struct ds *ds;              /* The caller's. */
    bool openmetrics;

    /* The family at hand. */
    const char *name;
    enum xfsm_metric_type type;
    const char *labels;         /* Names, separated by commas. */
};

/* Begins a family; what is passed must outlive it. */
void xfsm_metrics_begin(struct xfsm_metrics *, enum xfsm_metric);
void xfsm_metrics_begin_named(struct xfsm_metrics *, const char *name,
                              enum xfsm_metric_type, const char *labels,
                              const char *doc);

/* Puts a sample of it, with the values of its labels, in their order. */
void xfsm_metrics_put(struct xfsm_metrics *, uint64_t value,
                      const char *const labels[]);

/* The same for a time in milliseconds, which is told in seconds. */
void xfsm_metrics_put_ms(struct xfsm_metrics *, int64_t ms,
                         const char *const labels[]);

/* A family of one sample, without labels. */
void xfsm_metrics_put_one(struct xfsm_metrics *, enum xfsm_metric,
                          uint64_t value);

/* The end. */
void xfsm_metrics_end(struct xfsm_metrics *);

#endif /* controller/metrics.h */
