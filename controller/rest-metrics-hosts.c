/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include <config.h>
#include "ovsdb-schema/ovs-compat.h"

#include <stdlib.h>
#include <string.h>

#include "controller/fleetd.h"
#include "controller/rest-call.h"
#include "controller/rest-metrics.h"
#include "controller/source.h"
#include "controller/traffic.h"
#include "openvswitch/shash.h"
#include "ovsdb-schema/xfsm-idl.h"
#include "util.h"

/* S(NAME): status of a probe, as column "status" has it; "new" is none. */
#define STATUSES(S) \
    S(new) S(starting) S(running) S(degraded) S(error) S(stopped)

enum status {
#define STATUS_ENUM(NAME) STATUS_##NAME,
    STATUSES(STATUS_ENUM)
#undef STATUS_ENUM
    N_STATUSES
};

static const char *const status_names[] = {
#define STATUS_NAME(NAME) #NAME,
    STATUSES(STATUS_NAME)
#undef STATUS_NAME
};

/* A counter of traffic.h. */
struct traffic_family {
    const char *fleet, *host, *port;    /* Names. */
    const char *doc;
};

static const struct traffic_family traffic[] = {
#define FAMILY(NAME, KEY, DOC) \
    { "xfsm_fleet_" #NAME, "xfsm_host_" #NAME, "xfsm_port_" #NAME, DOC },
    XFSM_TRAFFIC(FAMILY)
#undef FAMILY
};

static const struct traffic_family hub_traffic[] = {
#define FAMILY(NAME, KEY, DOC) \
    { "xfsm_fleet_hub_" #NAME, "xfsm_host_hub_" #NAME, NULL, DOC },
    XFSM_TRAFFIC_HUB(FAMILY)
#undef FAMILY
};

/* A host, and all that is told of it. */
struct view {
    const char *name;
    struct xfsm_host_status status;
    const struct xfsm_traffic_sums *traffic;
    bool collected;             /* 'source' is valid. */
    struct xfsm_source_status source;
    unsigned int probes[N_STATUSES];
};

static enum status
find_status(const char *name)
{
    enum status i;

    for (i = 1; name && i < N_STATUSES; i++) {
        if (!strcmp(name, status_names[i])) {
            return i;
        }
    }
    return STATUS_new;
}

static void
look(const struct controller *ctl, const char *name, struct xfsm_host *host,
     struct view *view)
{
    struct ovsdb_idl *idl = xfsm_host_get_rows(host);
    const struct xfsmrec_probe *probe;

    memset(view, 0, sizeof *view);
    view->name = name;
    xfsm_host_get_status(host, &view->status);
    view->traffic = xfsm_host_get_traffic(host);
    view->collected = xfsm_collector_get(ctl->collector, name,
                                         &view->source);
    if (idl) {
        XFSMREC_PROBE_FOR_EACH (probe, idl) {
            view->probes[find_status(probe->status)]++;
        }
    }
}

/* Puts a counter of a family of 'traffic', or of 'hub_traffic'. */
static void
put_traffic(struct xfsm_metrics *m, const struct traffic_family *family,
            uint64_t value, const char *const labels[])
{
    if (family == &traffic[XFSM_TRAFFIC_probe_cpu_seconds]) {
        xfsm_metrics_put_ms(m, value, labels);
    } else {
        xfsm_metrics_put(m, value, labels);
    }
}

/* ## Sums ## */

static void
put_states(const struct view *views, size_t n, struct xfsm_metrics *m)
{
    unsigned int states[XFSM_HOST_DONE + 1] = { 0 };
    unsigned int probes[N_STATUSES] = { 0 };
    size_t i, j;

    for (i = 0; i < n; i++) {
        states[views[i].status.state]++;
        for (j = 0; j < N_STATUSES; j++) {
            probes[j] += views[i].probes[j];
        }
    }
    xfsm_metrics_begin(m, XFSM_METRIC_ID_HOSTS);
    for (i = 0; i < ARRAY_SIZE(states); i++) {
        const char *const labels[] = { xfsm_host_state_to_word(i) };

        xfsm_metrics_put(m, states[i], labels);
    }
    xfsm_metrics_begin(m, XFSM_METRIC_ID_PROBES);
    for (i = 0; i < N_STATUSES; i++) {
        xfsm_metrics_put(m, probes[i], &status_names[i]);
    }
}

static void
put_fleet_counters(const struct traffic_family families[],
                   const uint64_t sums[], size_t n, struct xfsm_metrics *m)
{
    size_t i;

    for (i = 0; i < n; i++) {
        xfsm_metrics_begin_named(m, families[i].fleet, XFSM_METRIC_COUNTER,
                                 "", families[i].doc);
        put_traffic(m, &families[i], sums[i], NULL);
    }
}

static void
put_sums(const struct controller *ctl, const struct view *views, size_t n,
         struct xfsm_metrics *m)
{
    struct xfsm_traffic_sums sums = ctl->gone;
    uint64_t drifts = ctl->gone_drifts;
    size_t i;

    put_states(views, n, m);
    for (i = 0; i < n; i++) {
        xfsm_traffic_add(&sums, views[i].traffic);
        drifts += views[i].status.drifts;
    }
    xfsm_metrics_put_one(m, XFSM_METRIC_ID_DRIFTS, drifts);
    put_fleet_counters(traffic, sums.probes, XFSM_TRAFFIC_N, m);
    put_fleet_counters(hub_traffic, sums.hub, XFSM_TRAFFIC_HUB_N, m);
}

/* ## Each host ## */

/* V(ID, PUT, VALUE): what is told of each host 'v', and of each whose hub is
 * followed, and by which function. */
#define HOST_VALUES(V) \
    V(HOST_UP, put, v->status.state != XFSM_HOST_CONNECTING) \
    V(HOST_IN_SYNC, put, v->status.state == XFSM_HOST_DONE) \
    V(HOST_SYNCED, put_ms, v->status.last_sync) \
    V(HOST_PROBES, put, v->status.sums.probes) \
    V(HOST_PROBES_FAILED, put, v->status.sums.probes_failed) \
    V(HOST_DRIFTS, put, v->status.drifts)
#define HUB_VALUES(V) \
    V(HOST_COLLECTED, put, v->source.connected) \
    V(HOST_HEARD, put_ms, v->source.event_ms) \
    V(HOST_LAG, put_ms, v->source.lag_ms)

static void
put_host_counters(const struct traffic_family families[], size_t n_families,
                  bool hub, const struct view *views, size_t n,
                  struct xfsm_metrics *m)
{
    const struct view *v;
    size_t i;

    for (i = 0; i < n_families; i++) {
        xfsm_metrics_begin_named(m, families[i].host, XFSM_METRIC_COUNTER,
                                 "host", families[i].doc);
        for (v = views; v < views + n; v++) {
            put_traffic(m, &families[i], hub ? v->traffic->hub[i]
                        : v->traffic->probes[i], &v->name);
        }
    }
}

static void
put_hosts(const struct view *views, size_t n, struct xfsm_metrics *m)
{
    const struct view *v;

#define PUT_VALUE(ID, PUT, VALUE) \
    xfsm_metrics_begin(m, XFSM_METRIC_ID_##ID); \
    for (v = views; v < views + n; v++) { \
        xfsm_metrics_##PUT(m, VALUE, &v->name); \
    }
    HOST_VALUES(PUT_VALUE)
#undef PUT_VALUE
#define PUT_VALUE(ID, PUT, VALUE) \
    xfsm_metrics_begin(m, XFSM_METRIC_ID_##ID); \
    for (v = views; v < views + n; v++) { \
        if (v->collected) { \
            xfsm_metrics_##PUT(m, VALUE, &v->name); \
        } \
    }
    HUB_VALUES(PUT_VALUE)
#undef PUT_VALUE
#define PUT_COUNTER(NAME, DOC) \
    xfsm_metrics_begin_named(m, "xfsm_collector_host_" #NAME, \
                             XFSM_METRIC_COUNTER, "host", DOC); \
    for (v = views; v < views + n; v++) { \
        if (v->collected) { \
            xfsm_metrics_put(m, v->source.counters.NAME, &v->name); \
        } \
    }
    XFSM_SOURCE_COUNTERS(PUT_COUNTER)
#undef PUT_COUNTER
    put_host_counters(traffic, XFSM_TRAFFIC_N, false, views, n, m);
    put_host_counters(hub_traffic, XFSM_TRAFFIC_HUB_N, true, views, n, m);
}

/* ## Each port ## */

struct port {
    const char *labels[XFSM_METRICS_MAX_LABELS];
    const struct xfsmrec_probe *probe;
    uint64_t values[XFSM_TRAFFIC_N];
};

static void
put_port_families(const struct port *ports, size_t n, struct xfsm_metrics *m)
{
    const struct port *p;
    size_t i;

    xfsm_metrics_begin(m, XFSM_METRIC_ID_PORT_UP);
    for (p = ports; p < ports + n; p++) {
        xfsm_metrics_put(m, find_status(p->probe->status) == STATUS_running,
                         p->labels);
    }
    xfsm_metrics_begin(m, XFSM_METRIC_ID_PORT_RESTARTS);
    for (p = ports; p < ports + n; p++) {
        xfsm_metrics_put(m, MAX(p->probe->restarts, 0), p->labels);
    }
    for (i = 0; i < XFSM_TRAFFIC_N; i++) {
        xfsm_metrics_begin_named(m, traffic[i].port, XFSM_METRIC_COUNTER,
                                 "host,bridge,port,interface",
                                 traffic[i].doc);
        for (p = ports; p < ports + n; p++) {
            put_traffic(m, &traffic[i], p->values[i], p->labels);
        }
    }
}

static void
put_ports(struct xfsm_rest *rest, struct xfsm_metrics *m)
{
    const struct shash_node **nodes;
    struct port *ports;
    struct shash all;
    size_t n, i;

    xfsm_rest_list_ports(rest, NULL, &all);
    n = MIN(shash_count(&all), rest->metrics_ports);
    xfsm_metrics_put_one(m, XFSM_METRIC_ID_PORTS_LEFT_OUT,
                         shash_count(&all) - n);
    nodes = n ? shash_sort(&all) : NULL;
    ports = xcalloc(n, sizeof *ports);
    for (i = 0; i < n; i++) {
        const char *name = nodes[i]->name;
        struct port *p = &ports[i];

        p->probe = nodes[i]->data;
        p->labels[0] = xmemdup0(name, strcspn(name, "/"));
        p->labels[1] = p->probe->bridge;
        p->labels[2] = p->probe->port;
        p->labels[3] = p->probe->interface;
        xfsm_traffic_read(p->probe, p->values);
    }
    if (n) {
        put_port_families(ports, n, m);
    }
    for (i = 0; i < n; i++) {
        free(CONST_CAST(char *, ports[i].labels[0]));
    }
    free(ports);
    free(nodes);
    shash_destroy(&all);
}

void
xfsm_rest_metrics_hosts(struct xfsm_rest *rest, struct xfsm_metrics *m)
{
    const struct shash_node **nodes = shash_sort(&rest->ctl->hosts);
    size_t n = shash_count(&rest->ctl->hosts);
    size_t shown = MIN(n, rest->metrics_hosts);
    struct view *views = xcalloc(n, sizeof *views);
    size_t i;

    for (i = 0; i < n; i++) {
        look(rest->ctl, nodes[i]->name, nodes[i]->data, &views[i]);
    }
    put_sums(rest->ctl, views, n, m);
    xfsm_metrics_put_one(m, XFSM_METRIC_ID_HOSTS_LEFT_OUT, n - shown);
    put_hosts(views, shown, m);
    put_ports(rest, m);
    for (i = 0; i < n; i++) {
        xfsm_host_status_destroy(&views[i].status);
    }
    free(views);
    free(nodes);
}
