/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include <config.h>
#include "ovsdb-schema/ovs-compat.h"

#include <microhttpd.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "controller/audit.h"
#include "controller/collector.h"
#include "controller/compiler.h"
#include "controller/fleet-db.h"
#include "controller/fleet.h"
#include "controller/fleetd.h"
#include "controller/recent.h"
#include "controller/rest-call.h"
#include "controller/rest-history.h"
#include "controller/rest-metrics.h"
#include "controller/rest-tenants.h"
#include "controller/source.h"
#include "controller/talkers.h"
#include "controller/tool.h"
#include "openvswitch/dynamic-string.h"
#include "timeval.h"
#include "util.h"

#define OPENMETRICS "application/openmetrics-text"
#define TEXT "text/plain"

static void
put_counter(struct xfsm_metrics *m, const char *name, const char *doc,
            uint64_t value)
{
    xfsm_metrics_begin_named(m, name, XFSM_METRIC_COUNTER, "", doc);
    xfsm_metrics_put(m, value, NULL);
}

/* ## The controller ## */

static void
put_process(struct xfsm_metrics *m)
{
    unsigned long long int pages = 0;
    struct rusage usage;
    FILE *f = fopen("/proc/self/statm", "re");

    if (f) {
        if (fscanf(f, "%*u %llu", &pages) != 1) {
            pages = 0;
        }
        fclose(f);
    }
    getrusage(RUSAGE_SELF, &usage);
    xfsm_metrics_begin(m, XFSM_METRIC_ID_START);
    xfsm_metrics_put_ms(m, time_wall_msec() - (time_msec()
                                               - time_boot_msec()), NULL);
    xfsm_metrics_begin(m, XFSM_METRIC_ID_CPU);
    xfsm_metrics_put_ms(m, timeval_to_msec(&usage.ru_utime)
                           + timeval_to_msec(&usage.ru_stime), NULL);
    xfsm_metrics_put_one(m, XFSM_METRIC_ID_MEMORY, pages * get_page_size());
}

static void
put_controller(const struct controller *ctl, struct xfsm_metrics *m)
{
    const char *const labels[] = { ctl->name, XFSM_VERSION,
                                   ctl->db ? "database" : "file" };

    xfsm_metrics_begin(m, XFSM_METRIC_ID_CONTROLLER);
    xfsm_metrics_put(m, 1, labels);
    put_process(m);
    if (ctl->db) {
        xfsm_metrics_put_one(m, XFSM_METRIC_ID_DB_CONNECTED,
                             xfsm_fleet_db_is_connected(ctl->db));
        xfsm_metrics_put_one(m, XFSM_METRIC_ID_LEADER,
                             xfsm_fleet_db_is_leader(ctl->db));
        xfsm_metrics_put_one(m, XFSM_METRIC_ID_VERSIONS_REFUSED,
                             xfsm_fleet_db_n_refused(ctl->db));
    } else {
        xfsm_metrics_put_one(m, XFSM_METRIC_ID_RELOAD_FAILED,
                             ctl->reload_error != NULL);
    }
}

/* ## The fleet, as it is described ## */

static void
put_versions(const unsigned int versions[XFSM_ROLLOUT_N_STATES],
             struct xfsm_metrics *m)
{
    size_t i;

    xfsm_metrics_begin(m, XFSM_METRIC_ID_VERSIONS);
    for (i = 0; i < XFSM_ROLLOUT_N_STATES; i++) {
        const char *name = xfsm_rollout_state_names[i];
        const char *const labels[] = { name[0] ? name : "new" };

        xfsm_metrics_put(m, versions[i], labels);
    }
}

static void
put_description(const struct xfsm_fleet *fleet, struct xfsm_metrics *m)
{
    unsigned int versions[XFSM_ROLLOUT_N_STATES] = { 0 };
    unsigned int programs = 0, faults = 0;
    const struct shash_node *node;

    SHASH_FOR_EACH (node, &fleet->programs) {
        const struct xfsm_fleet_program *p = node->data;

        programs += !p->assignment;
        for (; p && !p->assignment; p = p->older) {
            versions[p->rollout.state]++;
            faults += p->error != NULL;
        }
    }
    SHASH_FOR_EACH (node, &fleet->hosts) {
        const struct xfsm_fleet_host *host = node->data;

        faults += host->error != NULL;
    }
    SHASH_FOR_EACH (node, &fleet->assignments) {
        const struct xfsm_fleet_assignment *assignment = node->data;

        faults += assignment->error != NULL;
    }
    xfsm_metrics_put_one(m, XFSM_METRIC_ID_PROGRAMS, programs);
    put_versions(versions, m);
    xfsm_metrics_put_one(m, XFSM_METRIC_ID_ASSIGNMENTS,
                         shash_count(&fleet->assignments));
    xfsm_metrics_put_one(m, XFSM_METRIC_ID_TENANTS,
                         shash_count(&fleet->tenants));
    xfsm_metrics_put_one(m, XFSM_METRIC_ID_FAULTS, faults);
    xfsm_metrics_put_one(m, XFSM_METRIC_ID_HOSTS_WANTED,
                         shash_count(&fleet->hosts));
}

/* ## Events ## */

static void
put_collector_hosts(const struct controller *ctl, struct xfsm_metrics *m)
{
    static const char *const states[] = { "connected", "disconnected",
                                          "waiting" };
    unsigned int n[ARRAY_SIZE(states)] = { 0 };
    const struct shash_node *node;
    size_t i;

    SHASH_FOR_EACH (node, &ctl->hosts) {
        struct xfsm_source_status status;

        if (xfsm_collector_get(ctl->collector, node->name, &status)) {
            n[status.waiting ? 2 : !status.connected]++;
        }
    }
    xfsm_metrics_begin(m, XFSM_METRIC_ID_COLLECTOR_HOSTS);
    for (i = 0; i < ARRAY_SIZE(states); i++) {
        xfsm_metrics_put(m, n[i], &states[i]);
    }
}

static void
put_collector(const struct controller *ctl, struct xfsm_metrics *m)
{
    static const char *const labels[] = {
#define LABEL_NAME(NAME) #NAME,
        XFSM_SOURCE_LABELS(LABEL_NAME)
#undef LABEL_NAME
    };
    struct xfsm_source_counters sum;
    uint64_t unheard;
    size_t i;

    put_collector_hosts(ctl, m);
    xfsm_collector_sum(ctl->collector, &sum, &unheard);
#define PUT_COUNTER(NAME, DOC) \
    put_counter(m, "xfsm_collector_" #NAME, DOC, sum.NAME);
    XFSM_SOURCE_COUNTERS(PUT_COUNTER)
#undef PUT_COUNTER
    xfsm_metrics_begin(m, XFSM_METRIC_ID_COLLECTOR_LABELS);
    for (i = 0; i < XFSM_SOURCE_N_LABELS; i++) {
        xfsm_metrics_put(m, sum.labels[i], &labels[i]);
    }
    xfsm_metrics_put_one(m, XFSM_METRIC_ID_UNHEARD, unheard);
}

static void
put_sink(struct xfsm_sink *sink, struct xfsm_metrics *m)
{
    struct xfsm_sink_status status;

    if (!xfsm_sink_get_status(sink, &status)) {
        return;
    }
    if (status.tells_connection) {
        xfsm_metrics_put_one(m, XFSM_METRIC_ID_SINK_CONNECTED,
                             status.connected);
    }
    xfsm_metrics_put_one(m, XFSM_METRIC_ID_SPOOL_PENDING, status.pending);
#define PUT_COUNTER(NAME, DOC) \
    put_counter(m, "xfsm_spool_" #NAME, DOC, status.spool.NAME);
    XFSM_SPOOL_COUNTERS(PUT_COUNTER)
#undef PUT_COUNTER
}

/* ## The REST API ## */

static void
put_http(const struct xfsm_rest *rest, struct xfsm_metrics *m)
{
    const struct xfsm_http_counters *c = xfsm_http_get_counters(rest->http);
    uint64_t first = xfsm_recent_first(rest->events);

#define PUT_COUNTER(MEMBER, DOC) \
    put_counter(m, "xfsm_http_" #MEMBER, DOC, c->MEMBER);
    XFSM_HTTP_COUNTERS(PUT_COUNTER)
#undef PUT_COUNTER
    xfsm_metrics_put_one(m, XFSM_METRIC_ID_TOKENS_REFUSED,
                         rest->refused_tokens);
    xfsm_metrics_put_one(m, XFSM_METRIC_ID_FORBIDDEN, rest->forbidden);
    xfsm_metrics_put_one(m, XFSM_METRIC_ID_TENANT_EVENTS_DROPPED,
                         xfsm_owners_n_dropped(rest->owners));
    xfsm_metrics_put_one(m, XFSM_METRIC_ID_TENANT_HOSTS,
                         xfsm_owners_n_hosts(rest->owners));
    xfsm_metrics_put_one(m, XFSM_METRIC_ID_PROGRAMS_REFUSED,
                         rest->refused_jobs);
    xfsm_metrics_put_one(m, XFSM_METRIC_ID_PROGRAMS_CAUGHT,
                         xfsm_tool_n_caught());
    xfsm_metrics_put_one(m, XFSM_METRIC_ID_AUDIT_LOST,
                         xfsm_audit_lost(rest->audit));
    xfsm_metrics_put_one(m, XFSM_METRIC_ID_AUDIT_SKIPPED,
                         xfsm_audit_skipped(rest->audit));
    xfsm_metrics_put_one(m, XFSM_METRIC_ID_PREVIEWS_REFUSED,
                         rest->refused_previews);
    xfsm_metrics_put_one(m, XFSM_METRIC_ID_HISTORY_SERIES,
                         xfsm_rest_history_count(rest->history));
    xfsm_metrics_put_one(m, XFSM_METRIC_ID_HISTORY_REFUSED,
                         xfsm_rest_history_refused(rest->history));
    xfsm_metrics_put_one(m, XFSM_METRIC_ID_TALKERS,
                         shash_count(&rest->talkers->lists));
    xfsm_metrics_put_one(m, XFSM_METRIC_ID_TALKERS_EVICTED,
                         rest->talkers->evicted);
    xfsm_metrics_put_one(m, XFSM_METRIC_ID_TALKERS_TOO_LONG,
                         rest->talkers->too_long);
    xfsm_metrics_put_one(m, XFSM_METRIC_ID_STREAMS,
                         xfsm_http_n_streams(rest->http));
    xfsm_metrics_put_one(m, XFSM_METRIC_ID_EVENTS_DROPPED, first - 1);
    xfsm_metrics_put_one(m, XFSM_METRIC_ID_EVENTS_KEPT,
                         xfsm_recent_next(rest->events) - first);
}

/* ## The answer ## */

/* Only who asks for the text format alone gets that. */
static bool
wants_openmetrics(const struct xfsm_rest_call *call)
{
    const char *accept = xfsm_http_header(call->request, "Accept");

    return !accept || strstr(accept, OPENMETRICS) || !strstr(accept, TEXT);
}

void
xfsm_rest_get_metrics(struct xfsm_rest_call *call)
{
    const struct controller *ctl = call->rest->ctl;
    struct ds ds = DS_EMPTY_INITIALIZER;
    struct xfsm_metrics m = { .ds = &ds,
                              .openmetrics = wants_openmetrics(call) };

    put_controller(ctl, &m);
    xfsm_metrics_put_one(&m, XFSM_METRIC_ID_COMPILING,
                         ctl->db ? xfsm_fleet_db_n_pending(ctl->db)
                         : ctl->loading
                         ? xfsm_compiler_n_pending(ctl->compiler) : 0);
    if (ctl->fleet) {
        put_description(ctl->fleet, &m);
    }
    xfsm_rest_metrics_hosts(call->rest, &m);
    put_collector(ctl, &m);
    put_sink(ctl->sink, &m);
    put_http(call->rest, &m);
    xfsm_metrics_end(&m);
    xfsm_http_add_header(call->request, "Cache-Control", "no-store");
    xfsm_http_reply(call->request, MHD_HTTP_OK, m.openmetrics
                    ? OPENMETRICS "; version=1.0.0; charset=utf-8"
                    : TEXT "; version=0.0.4; charset=utf-8", ds_cstr(&ds),
                    ds.length);
    ds_destroy(&ds);
}
