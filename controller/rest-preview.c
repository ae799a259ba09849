/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include <config.h>
#include "ovsdb-schema/ovs-compat.h"

#include "controller/rest-preview.h"

#include <microhttpd.h>
#include <stdlib.h>

#include "controller/fleetd.h"
#include "controller/preview.h"
#include "controller/rest-call.h"
#include "controller/rest-tenants.h"
#include "openvswitch/json.h"
#include "openvswitch/list.h"
#include "ovs-plugin/target.h"
#include "ovsdb-schema/xfsm-idl.h"
#include "smap.h"
#include "sset.h"
#include "util.h"

struct job {
    struct ovs_list node;
    struct xfsm_rest_call *call;
    struct xfsm_preview *preview;
    struct smap target;
};

/* Tells whether one more is too many. */
static bool
is_busy(const struct xfsm_rest_call *call)
{
    const struct job *job;
    size_t n = 0, n_tenants = 0;

    LIST_FOR_EACH (job, node, &call->rest->previews) {
        n_tenants += job->call->tenant[0] != '\0';
        n++;
    }
    return n >= XFSM_REST_PREVIEW_MAX
           || (call->tenant[0] && n_tenants >= XFSM_REST_PREVIEW_TENANTS);
}

void
xfsm_rest_preview_start(struct xfsm_rest_call *call,
                        const struct sset *hosts, const struct smap *target)
{
    struct xfsm_rest *rest = call->rest;
    struct job *job;

    if (is_busy(call)) {
        rest->refused_previews++;
        xfsm_http_add_header(call->request, "Retry-After", "1");
        xfsm_rest_problem(call, MHD_HTTP_SERVICE_UNAVAILABLE, "Busy",
                          "too many selectors are being looked at already");
        return;
    }
    job = xzalloc(sizeof *job);
    job->call = call;
    smap_clone(&job->target, target);
    job->preview = xfsm_preview_create(rest->ctl->fleet, hosts, target,
                                       XFSM_REST_PREVIEW_MS);
    ovs_list_push_back(&rest->previews, &job->node);
    xfsm_http_defer(call->request);
}

static void
free_job(struct job *job)
{
    ovs_list_remove(&job->node);
    xfsm_preview_destroy(job->preview);
    smap_destroy(&job->target);
    free(job);
}

/* ## Answers ## */

/* The parts of an answer. */
struct answer {
    struct xfsm_rest_call *call;
    const struct smap *target;
    struct json *hosts, *silent, *ports;
    size_t n_ports;             /* Of which the first are in 'ports'. */
};

static void
answer_init(struct answer *a, struct xfsm_rest_call *call,
            const struct smap *target)
{
    *a = (struct answer) {
        .call = call,
        .target = target,
        .hosts = json_array_create_empty(),
        .silent = json_array_create_empty(),
        .ports = json_array_create_empty(),
    };
}

static void
answer_send(struct answer *a)
{
    struct json *json = json_object_create();

    json_object_put(json, "hosts", a->hosts);
    json_object_put(json, "silent", a->silent);
    json_object_put(json, "ports", a->ports);
    json_object_put(json, "total", json_integer_create(a->n_ports));
    xfsm_rest_reply_json(a->call, MHD_HTTP_OK, json);
}

static void
put_port(struct answer *a, const char *host, const char *bridge,
         const char *port, const char *interface, bool off, bool sure)
{
    struct json *json;

    if (a->n_ports++ < XFSM_REST_PREVIEW_PORTS) {
        json = json_object_create();
        json_object_put(json, "id", json_string_create_nocopy(
            xasprintf("%s/%s", host, interface)));
        json_object_put_string(json, "bridge", bridge);
        json_object_put_string(json, "port", port);
        json_object_put(json, "off", json_boolean_create(off));
        json_object_put(json, "sure", json_boolean_create(sure));
        json_array_add(a->ports, json);
    }
}

/* Puts what the probes of a host told whose switch did not, or was not
 * asked. */
static void
put_probes(struct answer *a, const char *host)
{
    const struct shash_node **nodes;
    struct shash probes;
    size_t i;

    xfsm_rest_list_ports(a->call->rest, host, &probes);
    xfsm_rest_keep_own_ports(a->call, &probes);
    nodes = shash_sort(&probes);
    for (i = 0; i < shash_count(&probes); i++) {
        const struct xfsmrec_probe *probe = nodes[i]->data;
        struct xfsm_target_place place;

        xfsm_rest_place_probe(probe, &place);
        if (xfsm_target_matches(a->target, &place)) {
            put_port(a, host, probe->bridge, probe->port, probe->interface,
                     false, false);
        }
    }
    free(nodes);
    shash_destroy(&probes);
}

/* Puts what the switch of a host told, if it did. */
static void
put_host(struct answer *a, const struct xfsm_preview_host *host)
{
    size_t i;

    if (host->error) {
        if (!a->call->tenant[0]) {
            json_array_add(a->silent, json_string_create(host->name));
        }
        put_probes(a, host->name);
    }
    for (i = 0; i < host->n_ports; i++) {
        const struct xfsm_preview_port *port = &host->ports[i];

        put_port(a, host->name, port->bridge, port->port, port->interface,
                 port->off, true);
    }
}

/* Which hosts there are is told a tenant only of those that have ports of
 * its own. */
static void
name_host(struct answer *a, const char *name, size_t n_ports_before)
{
    if (!a->call->tenant[0] || a->n_ports > n_ports_before) {
        json_array_add(a->hosts, json_string_create(name));
    }
}

static void
reply(struct job *job)
{
    struct answer a;
    size_t i;

    answer_init(&a, job->call, &job->target);
    for (i = 0; i < xfsm_preview_n_hosts(job->preview); i++) {
        const struct xfsm_preview_host *host = xfsm_preview_get(job->preview,
                                                                i);
        size_t before = a.n_ports;

        put_host(&a, host);
        name_host(&a, host->name, before);
    }
    answer_send(&a);
}

void
xfsm_rest_preview_probes(struct xfsm_rest_call *call,
                         const struct sset *hosts, const struct smap *target)
{
    const char **names = sset_sort(hosts);
    struct answer a;
    size_t i;

    answer_init(&a, call, target);
    for (i = 0; i < sset_count(hosts); i++) {
        size_t before = a.n_ports;

        put_probes(&a, names[i]);
        name_host(&a, names[i], before);
    }
    free(names);
    answer_send(&a);
}

void
xfsm_rest_preview_run(struct xfsm_rest *rest)
{
    struct job *job;

    LIST_FOR_EACH_SAFE (job, node, &rest->previews) {
        if (xfsm_preview_run(job->preview)) {
            reply(job);
            free_job(job);
        }
    }
}

void
xfsm_rest_preview_wait(const struct xfsm_rest *rest)
{
    const struct job *job;

    LIST_FOR_EACH (job, node, &rest->previews) {
        xfsm_preview_wait(job->preview);
    }
}

void
xfsm_rest_preview_stop(struct xfsm_rest *rest)
{
    struct job *job;

    LIST_FOR_EACH_SAFE (job, node, &rest->previews) {
        xfsm_rest_problem(job->call, MHD_HTTP_SERVICE_UNAVAILABLE,
                          "Stopping", "the controller is stopping");
        free_job(job);
    }
}
