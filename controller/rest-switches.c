/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include <config.h>
#include "ovsdb-schema/ovs-compat.h"

#include "controller/rest-switches.h"

#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>

#include "controller/fleet.h"
#include "controller/fleetd.h"
#include "controller/rest-call.h"
#include "controller/switch-ports.h"
#include "openvswitch/json.h"
#include "openvswitch/list.h"
#include "openvswitch/poll-loop.h"
#include "ovsdb-idl.h"
#include "smap.h"
#include "sset.h"
#include "timeval.h"
#include "util.h"

struct asked {
    char *host;
    struct ovsdb_idl *idl;
};

struct question {
    struct ovs_list node;
    struct xfsm_rest_call *call;
    struct smap target;
    struct asked asked[XFSM_REST_SWITCHES_MAX_HOSTS];
    size_t n;
    size_t not_asked;           /* Hosts over the limit. */
    long long int deadline;
};

/* What is said of the ports of one host after the other. */
struct answer {
    const char *host;
    struct json *ports;
    size_t total;
};

static void
finish(struct question *q)
{
    ovs_list_remove(&q->node);
    for (size_t i = 0; i < q->n; i++) {
        ovsdb_idl_destroy(q->asked[i].idl);
        free(q->asked[i].host);
    }
    smap_destroy(&q->target);
    free(q);
}

static void
take_port(const struct xfsm_switch_port *port, void *answer_)
{
    struct answer *answer = answer_;
    struct json *json;

    if (answer->total++ < XFSM_REST_SWITCHES_MAX_PORTS) {
        json = json_object_create();
        json_object_put_string(json, "host", answer->host);
        json_object_put_string(json, "bridge", port->bridge);
        json_object_put_string(json, "port", port->port);
        json_object_put_string(json, "interface", port->interface);
        json_object_put(json, "off", json_boolean_create(port->off));
        json_array_add(answer->ports, json);
    }
}

static bool
has_answered(const struct asked *asked)
{
    return ovsdb_idl_has_ever_connected(asked->idl);
}

static void
reply(struct question *q)
{
    struct answer answer = { .ports = json_array_create_empty() };
    struct json *silent = json_array_create_empty();
    struct json *json = json_object_create();

    for (size_t i = 0; i < q->n; i++) {
        answer.host = q->asked[i].host;
        if (has_answered(&q->asked[i])) {
            xfsm_switch_match(q->asked[i].idl, &q->target, take_port,
                              &answer);
        } else {
            json_array_add(silent, json_string_create(answer.host));
        }
    }
    json_object_put(json, "ports", answer.ports);
    json_object_put(json, "total", json_integer_create(answer.total));
    json_object_put(json, "asked", json_integer_create(q->n));
    json_object_put(json, "not_asked", json_integer_create(q->not_asked));
    json_object_put(json, "silent", silent);
    xfsm_rest_reply_json(q->call, MHD_HTTP_OK, json);
}

void
xfsm_rest_switches(struct xfsm_rest_call *call, const struct sset *hosts,
                   const struct smap *target)
{
    const struct xfsm_fleet *fleet = call->rest->ctl->fleet;
    struct xfsm_rest *rest = call->rest;
    struct question *q;
    const char **names;

    if (ovs_list_size(&rest->questions) >= XFSM_REST_SWITCHES_MAX) {
        rest->refused_questions++;
        xfsm_http_add_header(call->request, "Retry-After", "3");
        xfsm_rest_problem(call, MHD_HTTP_SERVICE_UNAVAILABLE, "Busy",
                          "%d such questions are being asked already",
                          XFSM_REST_SWITCHES_MAX);
        return;
    }
    q = xzalloc(sizeof *q);
    q->call = call;
    q->deadline = time_msec() + XFSM_SWITCH_TIMEOUT;
    smap_clone(&q->target, target);
    names = sset_sort(hosts);
    for (size_t i = 0; i < sset_count(hosts); i++) {
        const struct xfsm_fleet_host *host
            = shash_find_data(&fleet->hosts, names[i]);

        if (q->n >= XFSM_REST_SWITCHES_MAX_HOSTS || host->error) {
            q->not_asked++;
        } else {
            q->asked[q->n].host = xstrdup(names[i]);
            q->asked[q->n++].idl = xfsm_switch_connect(host->ovsdb);
        }
    }
    free(names);
    ovs_list_push_back(&rest->questions, &q->node);
    xfsm_http_defer(call->request);
}

void
xfsm_rest_switches_run(struct xfsm_rest *rest)
{
    struct question *q;

    LIST_FOR_EACH_SAFE (q, node, &rest->questions) {
        size_t left = 0;

        for (size_t i = 0; i < q->n; i++) {
            ovsdb_idl_run(q->asked[i].idl);
            left += !has_answered(&q->asked[i]);
        }
        if (!left || time_msec() >= q->deadline) {
            reply(q);
            finish(q);
        }
    }
}

void
xfsm_rest_switches_wait(const struct xfsm_rest *rest)
{
    const struct question *q;

    LIST_FOR_EACH (q, node, &rest->questions) {
        for (size_t i = 0; i < q->n; i++) {
            ovsdb_idl_wait(q->asked[i].idl);
        }
        if (!q->n) {
            poll_immediate_wake();
        }
        poll_timer_wait_until(q->deadline);
    }
}

void
xfsm_rest_switches_stop(struct xfsm_rest *rest)
{
    struct question *q;

    LIST_FOR_EACH_SAFE (q, node, &rest->questions) {
        xfsm_rest_problem(q->call, MHD_HTTP_SERVICE_UNAVAILABLE, "Stopping",
                          "the controller is stopping");
        finish(q);
    }
}
