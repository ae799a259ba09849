/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include <config.h>
#include "ovsdb-schema/ovs-compat.h"

#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>

#include "controller/fleet.h"
#include "controller/fleetd.h"
#include "controller/recent.h"
#include "controller/rest-call.h"
#include "controller/rest-db.h"
#include "controller/rest-tenants.h"
#include "openvswitch/json.h"
#include "ovsdb-idl.h"
#include "ovsdb-schema/xfsm-fleet-idl.h"
#include "ovsdb-schema/xfsm-idl.h"
#include "timeval.h"
#include "util.h"

/* ## Status ## */

void
xfsm_rest_get_status(struct xfsm_rest_call *call)
{
    const struct controller *ctl = call->rest->ctl;
    const struct xfsm_fleet *fleet = ctl->fleet;
    struct json *json = json_object_create();

    json_object_put_string(json, "name", ctl->name);
    json_object_put_string(json, "version", XFSM_VERSION);
    json_object_put_string(json, "source", ctl->db_remote ? "database"
                                                          : "file");
    json_object_put_string(json, "user", call->user);
    json_object_put_string(json, "role", xfsm_role_names[call->role]);
    if (call->tenant[0]) {
        json_object_put_string(json, "tenant", call->tenant);
        fleet = NULL;           /* The rest is not for tenants. */
    }
    json_object_put(json, "hosts", json_integer_create(
        fleet ? shash_count(&fleet->hosts) : 0));
    json_object_put(json, "own_hosts", json_integer_create(
        call->tenant[0] ? 0 : shash_count(&ctl->hosts)));
    json_object_put(json, "programs", json_integer_create(
        fleet ? shash_count(&fleet->programs) : 0));
    json_object_put(json, "assignments", json_integer_create(
        fleet ? shash_count(&fleet->assignments) : 0));
    json_object_put(json, "next_event", json_integer_create(
        call->tenant[0] ? xfsm_owners_next_own(call->rest, call->tenant)
        : xfsm_recent_next(call->rest->events)));
    json_object_put(json, "time", json_integer_create(time_wall_msec()));
    xfsm_rest_reply_json(call, MHD_HTTP_OK, json);
}

/* ## Hosts ## */

static struct json *
integers_to_json(char *const keys[], const int64_t values[], size_t n)
{
    struct json *json = json_object_create();
    size_t i;

    for (i = 0; i < n; i++) {
        json_object_put(json, keys[i], json_integer_create(values[i]));
    }
    return json;
}

/* A host of the database. */
static struct json *
build_row(struct xfsm_rest_call *call OVS_UNUSED, const char *name,
          const void *row_)
{
    const struct fleetrec_host *row = row_;
    struct json *json = json_object_create();

    json_object_put_string(json, "name", name);
    json_object_put(json, "remotes", xfsm_rest_strings_to_json(
        row->remotes, row->n_remotes));
    if (row->events) {
        json_object_put_string(json, "events", row->events);
    }
    if (row->hub_key) {
        json_object_put_string(json, "hub_key", row->hub_key);
    }
    json_object_put(json, "labels", xfsm_rest_smap_to_json(&row->labels));
    json_object_put(json, "leaving", json_boolean_create(row->n_leaving > 0));
    json_object_put_string(json, "state",
                           row->state ? row->state : "unknown");
    if (row->error) {
        json_object_put_string(json, "error", row->error);
    }
    json_object_put_string(json, "controller", row->controller);
    json_object_put_string(json, "agent_version", row->agent_version);
    if (row->n_last_sync) {
        json_object_put(json, "last_sync",
                        json_integer_create(row->last_sync[0]));
    }
    json_object_put(json, "canaries",
                    xfsm_rest_smap_to_json(&row->canaries));
    json_object_put(json, "statistics", integers_to_json(
        row->key_statistics, row->value_statistics, row->n_statistics));
    return json;
}

/* Puts what the connection to a host knows. */
static void
put_live(struct json *json, struct xfsm_host *host)
{
    struct json *statistics = json_object_create();
    struct xfsm_host_status status;

    xfsm_host_get_status(host, &status);
    json_object_put_string(json, "state",
                           xfsm_host_state_to_word(status.state));
    json_object_put_string(json, "agent_version", status.agent_version);
    if (status.last_sync) {
        json_object_put(json, "last_sync",
                        json_integer_create(status.last_sync));
    }
#define PUT_SUM(KEY, MEMBER) \
    json_object_put(statistics, KEY, \
                    json_integer_create(status.sums.MEMBER));
    XFSM_HEALTH_SUMS(PUT_SUM)
#undef PUT_SUM
    json_object_put(statistics, "drifts", json_integer_create(status.drifts));
    json_object_put(json, "statistics", statistics);
    xfsm_host_status_destroy(&status);
}

/* A host of a file. */
static struct json *
build_host(struct xfsm_rest_call *call, const char *name, const void *host_)
{
    const struct controller *ctl = call->rest->ctl;
    const struct xfsm_fleet_host *host = host_;
    struct json *remotes = json_array_create_empty();
    struct json *json = json_object_create();
    struct xfsm_host *live = shash_find_data(&ctl->hosts, name);
    char *copy = xstrdup(host->ovsdb);
    char *save = NULL;
    char *remote;

    for (remote = strtok_r(copy, ",", &save); remote;
         remote = strtok_r(NULL, ",", &save)) {
        json_array_add(remotes, json_string_create(remote));
    }
    free(copy);
    json_object_put_string(json, "name", name);
    json_object_put(json, "remotes", remotes);
    if (host->events) {
        json_object_put_string(json, "events", host->events);
    }
    json_object_put(json, "labels", json_object_create());
    json_object_put(json, "canaries", json_object_create());
    json_object_put_string(json, "controller", ctl->name);
    if (live) {
        put_live(json, live);
    } else {
        json_object_put_string(json, "state", "unknown");
        json_object_put_string(json, "agent_version", "");
        json_object_put(json, "statistics", json_object_create());
    }
    return json;
}

/* Puts all hosts into 'items'.  Returns false after answering that they are
 * not known. */
static bool
list_hosts(struct xfsm_rest_call *call, struct shash *items)
{
    const struct xfsm_fleet *fleet = call->rest->ctl->fleet;
    const struct fleetrec_host *row;
    const struct shash_node *node;
    struct ovsdb_idl *idl;

    shash_init(items);
    if (call->rest->db) {
        idl = xfsm_rest_db_rows(call);
        if (!idl) {
            return false;
        }
        FLEETREC_HOST_FOR_EACH (row, idl) {
            shash_add(items, row->name, row);
        }
    } else if (fleet) {
        SHASH_FOR_EACH (node, &fleet->hosts) {
            shash_add(items, node->name, node->data);
        }
    }
    return true;
}

void
xfsm_rest_get_hosts(struct xfsm_rest_call *call)
{
    struct shash items;

    if (list_hosts(call, &items)) {
        xfsm_rest_reply_page(call, &items,
                             call->rest->db ? build_row : build_host);
    }
}

/* Puts what the agent says of itself, if the host is ours. */
static void
put_agent(const struct controller *ctl, const char *name, struct json *json)
{
    struct xfsm_host *host = shash_find_data(&ctl->hosts, name);
    struct ovsdb_idl *idl = host ? xfsm_host_get_rows(host) : NULL;
    const struct xfsmrec_xfsm_global *global
        = idl ? xfsmrec_xfsm_global_first(idl) : NULL;

    if (global) {
        json_object_put(json, "agent",
                        xfsm_rest_smap_to_json(&global->status));
    }
}

void
xfsm_rest_get_host(struct xfsm_rest_call *call)
{
    struct json *json;
    struct shash items;
    const void *item;

    if (!list_hosts(call, &items)) {
        return;
    }
    item = shash_find_data(&items, call->name);
    if (item) {
        if (call->rest->db) {
            char *etag = xfsm_rest_host_etag(item);

            xfsm_http_add_header(call->request, "ETag", etag);
            free(etag);
        }
        json = (call->rest->db ? build_row : build_host)(call, call->name,
                                                         item);
        put_agent(call->rest->ctl, call->name, json);
        xfsm_rest_reply_json(call, MHD_HTTP_OK, json);
    } else {
        xfsm_rest_not_found(call);
    }
    shash_destroy(&items);
}

/* ## Ports ## */

static void
list_ports_of(const char *name, struct xfsm_host *host, struct shash *ports)
{
    struct ovsdb_idl *idl = xfsm_host_get_rows(host);
    const struct xfsmrec_probe *probe;

    if (idl) {
        XFSMREC_PROBE_FOR_EACH (probe, idl) {
            shash_add_nocopy(ports, xasprintf("%s/%s", name,
                                              probe->interface), probe);
        }
    }
}

void
xfsm_rest_list_ports(struct xfsm_rest *rest, const char *host,
                     struct shash *ports)
{
    const struct shash_node *node;

    shash_init(ports);
    SHASH_FOR_EACH (node, &rest->ctl->hosts) {
        if (!host || !strcmp(host, node->name)) {
            list_ports_of(node->name, node->data, ports);
        }
    }
}

struct json *
xfsm_rest_programs_to_json(const struct xfsm_rest_call *call,
                           char *const names[], size_t n)
{
    struct json *json = json_array_create_empty();
    size_t i;

    for (i = 0; i < n; i++) {
        if (xfsm_rest_may_see_program(call, names[i])) {
            json_array_add(json, json_string_create(names[i]));
        }
    }
    return json;
}

struct json *
xfsm_rest_build_port(struct xfsm_rest_call *call, const char *name,
                     const void *probe_)
{
    const struct xfsmrec_probe *probe = probe_;
    struct json *programs = xfsm_rest_programs_to_json(
        call, probe->programs, probe->n_programs);
    bool all = programs->array.n == probe->n_programs;
    struct json *json = json_object_create();

    json_object_put_string(json, "id", name);
    json_object_put(json, "host", json_string_create_nocopy(
        xmemdup0(name, strcspn(name, "/"))));
    json_object_put_string(json, "interface", probe->interface);
    json_object_put_string(json, "port", probe->port);
    json_object_put_string(json, "bridge", probe->bridge);
    json_object_put_string(json, "status",
                           probe->status ? probe->status : "new");
    /* Texts that may be on programs that are not for the user. */
    if (probe->error && all) {
        json_object_put_string(json, "error", probe->error);
    }
    json_object_put_string(json, "notes", all ? probe->notes : "");
    json_object_put(json, "programs", programs);
    json_object_put(json, "external_ids",
                    xfsm_rest_smap_to_json(&probe->external_ids));
    json_object_put(json, "restarts", json_integer_create(probe->restarts));
    json_object_put(json, "statistics", integers_to_json(
        probe->key_statistics, probe->value_statistics,
        probe->n_statistics));
    return json;
}
