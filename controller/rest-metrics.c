/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include <config.h>
#include "ovsdb-schema/ovs-compat.h"

#include <inttypes.h>
#include <microhttpd.h>

#include "controller/collector.h"
#include "controller/fleet-db.h"
#include "controller/fleet.h"
#include "controller/fleetd.h"
#include "controller/recent.h"
#include "controller/rest-call.h"
#include "controller/rest-tenants.h"
#include "openvswitch/dynamic-string.h"
#include "util.h"

#define CONTENT_TYPE \
    "application/openmetrics-text; version=1.0.0; charset=utf-8"

static void
put_head(struct ds *ds, const char *name, const char *type, const char *help)
{
    ds_put_format(ds, "# TYPE %s %s\n# HELP %s %s\n", name, type, name, help);
}

static void
put_counter(struct ds *ds, const char *name, const char *help,
            uint64_t value)
{
    put_head(ds, name, "counter", help);
    ds_put_format(ds, "%s_total %"PRIu64"\n", name, value);
}

static void
put_gauge(struct ds *ds, const char *name, const char *help, uint64_t value)
{
    put_head(ds, name, "gauge", help);
    ds_put_format(ds, "%s %"PRIu64"\n", name, value);
}

/* Hosts that are ours, by state, and the sums over their probes. */
static void
put_hosts(const struct controller *ctl, struct ds *ds)
{
    unsigned int states[XFSM_HOST_DONE + 1] = { 0 };
    struct xfsm_health_sums sums = { 0 };
    const struct shash_node *node;
    uint64_t drifts = 0;
    size_t i;

    SHASH_FOR_EACH (node, &ctl->hosts) {
        struct xfsm_host_status status;

        xfsm_host_get_status(node->data, &status);
        states[status.state]++;
        drifts += status.drifts;
#define ADD_SUM(KEY, MEMBER) sums.MEMBER += status.sums.MEMBER;
        XFSM_HEALTH_SUMS(ADD_SUM)
#undef ADD_SUM
        xfsm_host_status_destroy(&status);
    }
    put_head(ds, "xfsm_fleet_hosts", "gauge",
             "Hosts of this controller, by state.");
    for (i = 0; i < ARRAY_SIZE(states); i++) {
        ds_put_format(ds, "xfsm_fleet_hosts{state=\"%s\"} %u\n",
                      xfsm_host_state_to_word(i), states[i]);
    }
#define PUT_SUM(KEY, MEMBER) \
    put_gauge(ds, "xfsm_fleet_" KEY, \
              "Sum over all probes: " KEY ".", sums.MEMBER);
    XFSM_HEALTH_SUMS(PUT_SUM)
#undef PUT_SUM
    put_counter(ds, "xfsm_fleet_drifts",
                "Changes by somebody else that were put back.", drifts);
}

static void
put_collector(const struct controller *ctl, struct ds *ds)
{
    uint64_t events, missed, refused, unheard;

    xfsm_collector_sum(ctl->collector, &events, &missed, &refused,
                       &unheard);
    put_counter(ds, "xfsm_collector_events", "Events received.", events);
    put_counter(ds, "xfsm_collector_lost", "Events lost on the way.",
                missed);
    put_counter(ds, "xfsm_collector_refused",
                "Messages that were no events.", refused);
    put_counter(ds, "xfsm_collector_unheard",
                "Events that this API was not in time for.", unheard);
}

static void
put_http(const struct xfsm_rest *rest, struct ds *ds)
{
    const struct xfsm_http_counters *c = xfsm_http_get_counters(rest->http);

#define PUT_HTTP(MEMBER) \
    put_counter(ds, "xfsm_http_" #MEMBER, \
                "The REST API: " #MEMBER ".", c->MEMBER);
    XFSM_HTTP_COUNTERS(PUT_HTTP)
#undef PUT_HTTP
    put_counter(ds, "xfsm_http_tokens_refused", "Wrong tokens.",
                rest->refused_tokens);
    put_counter(ds, "xfsm_http_programs_refused",
                "Programs not looked at: too many at a time.",
                rest->refused_jobs);
    put_counter(ds, "xfsm_http_previews_refused",
                "Previews not made: too many at a time.",
                rest->refused_previews);
    put_gauge(ds, "xfsm_http_streams", "Event streams that are open.",
              xfsm_http_n_streams(rest->http));
    put_counter(ds, "xfsm_http_events_dropped",
                "Events that made room for newer ones.",
                xfsm_recent_first(rest->events) - 1);
    put_gauge(ds, "xfsm_http_events_kept", "Events kept for users.",
              xfsm_recent_next(rest->events)
              - xfsm_recent_first(rest->events));
}

static void
put_tenants(const struct xfsm_rest *rest, struct ds *ds)
{
    const struct controller *ctl = rest->ctl;

    put_gauge(ds, "xfsm_fleet_tenants", "Tenants of the fleet.",
              ctl->fleet ? shash_count(&ctl->fleet->tenants) : 0);
    put_gauge(ds, "xfsm_fleet_programs_refused",
              "Versions of programs that are not signed as demanded.",
              ctl->db ? xfsm_fleet_db_n_refused(ctl->db) : 0);
    put_counter(ds, "xfsm_http_tenant_events_dropped",
                "Events not told a tenant: more than its events-rate.",
                xfsm_owners_n_dropped(rest->owners));
}

void
xfsm_rest_get_metrics(struct xfsm_rest_call *call)
{
    const struct controller *ctl = call->rest->ctl;
    const struct xfsm_fleet *fleet = ctl->fleet;
    struct ds ds = DS_EMPTY_INITIALIZER;

    put_head(&ds, "xfsm_controller", "info", "The controller.");
    ds_put_cstr(&ds, "xfsm_controller_info{version=\"" XFSM_VERSION
                "\"} 1\n");
    put_gauge(&ds, "xfsm_fleet_programs", "Programs of the fleet.",
              fleet ? shash_count(&fleet->programs) : 0);
    put_gauge(&ds, "xfsm_fleet_assignments", "Assignments of the fleet.",
              fleet ? shash_count(&fleet->assignments) : 0);
    put_hosts(ctl, &ds);
    put_collector(ctl, &ds);
    put_http(call->rest, &ds);
    put_tenants(call->rest, &ds);
    ds_put_cstr(&ds, "# EOF\n");
    xfsm_http_reply(call->request, MHD_HTTP_OK, CONTENT_TYPE, ds_cstr(&ds),
                    ds.length);
    ds_destroy(&ds);
}
