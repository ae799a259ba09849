/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include <config.h>
#include "ovsdb-schema/ovs-compat.h"

#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>

#include "controller/fleetd.h"
#include "controller/port-probe.h"
#include "controller/rest-call.h"
#include "controller/rest-db.h"
#include "controller/rest-tenants.h"
#include "controller/tenants.h"
#include "openvswitch/json.h"
#include "ovsdb-idl.h"
#include "ovsdb-schema/xfsm-fleet-idl.h"
#include "ovsdb-schema/xfsm-idl.h"
#include "smap.h"
#include "util.h"

/* ## Answers ## */

/* Tells whether 'row' runs the program of 'assignment', which has a name of
 * its own where it has parameters. */
static bool
runs(const struct xfsmrec_probe *row,
     const struct fleetrec_assignment *assignment)
{
    char *own = xasprintf("%s.%s", assignment->programs[0],
                          assignment->name);
    bool found = false;

    for (size_t i = 0; i < row->n_programs; i++) {
        found = found || !strcmp(row->programs[i], own)
                || !strcmp(row->programs[i], assignment->programs[0]);
    }
    free(own);
    return found;
}

/* Tells whether the user may know of the port of 'probe', and it has a
 * probe. */
static bool
is_own_port(const struct xfsm_rest_call *call,
            const struct xfsm_port_probe *probe)
{
    char *id = xasprintf("%s/%s", probe->host, probe->port);
    struct shash ports;
    bool own;

    xfsm_rest_list_ports(call->rest, probe->host, &ports);
    xfsm_rest_keep_own_ports(call, &ports);
    own = shash_find(&ports, id);
    shash_destroy(&ports);
    free(id);
    return own;
}

/* Puts how it goes on the host, as far as this controller keeps that. */
static void
put_live(struct xfsm_rest_call *call,
         const struct fleetrec_assignment *assignment,
         const struct xfsm_port_probe *probe, struct json *json)
{
    struct xfsm_host *host = shash_find_data(&call->rest->ctl->hosts,
                                             probe->host);
    struct ovsdb_idl *idl = host ? xfsm_host_get_rows(host) : NULL;
    const char *status = assignment->enabled ? "waiting" : "stopped";
    const struct xfsmrec_probe *row;

    if (!idl || (call->tenant[0] && !is_own_port(call, probe))) {
        json_object_put_string(json, "status", "unknown");
        return;
    }
    XFSMREC_PROBE_FOR_EACH (row, idl) {
        if (!strcmp(row->port, probe->port) && runs(row, assignment)) {
            status = row->status ? row->status : "starting";
            if (row->error) {
                json_object_put_string(json, "error", row->error);
            }
            break;
        }
    }
    json_object_put_string(json, "status", status);
}

static struct json *
build_probe(struct xfsm_rest_call *call, const char *name, const void *row_)
{
    const struct fleetrec_assignment *row = row_;
    struct json *json = json_object_create();
    struct xfsm_port_probe probe;

    ovs_assert(xfsm_port_probe_from_row(row, &probe));
    json_object_put_string(json, "id", name);
    json_object_put_string(json, "assignment", row->name);
    json_object_put_string(json, "host", probe.host);
    json_object_put_string(json, "port", probe.port);
    json_object_put_string(json, "program", probe.program);
    json_object_put(json, "parameters",
                    xfsm_rest_smap_to_json(&row->parameters));
    json_object_put(json, "started", json_boolean_create(row->enabled));
    put_live(call, row, &probe, json);
    if (row->error) {
        json_object_put_string(json, "error", row->error);
    }
    return json;
}

void
xfsm_rest_get_probes(struct xfsm_rest_call *call)
{
    struct ovsdb_idl *idl = call->rest->db ? xfsm_rest_db_rows(call) : NULL;
    const char *host = xfsm_http_query(call->request, "host");
    struct shash items = SHASH_INITIALIZER(&items);
    const struct fleetrec_assignment *row;
    struct xfsm_port_probe probe;

    if (call->request->answered) {
        return;
    }
    if (idl) {
        FLEETREC_ASSIGNMENT_FOR_EACH (row, idl) {
            if (xfsm_port_probe_from_row(row, &probe)
                && !strcmp(probe.tenant ? probe.tenant : "", call->tenant)
                && (!host || !strcmp(host, probe.host))) {
                shash_add_nocopy(&items, xasprintf("%s/%s/%s", probe.host,
                                                   probe.port,
                                                   probe.program), row);
            }
        }
    }
    xfsm_rest_reply_page(call, &items, build_probe);
}

/* ## Verbs ## */

/* Reads the members of the body 'json'.  Returns NULL or an error. */
static char *
read_members(const struct json *json, struct xfsm_port_probe *probe,
             struct smap *parameters)
{
    const struct { const char *name; const char **value; } members[] = {
        { "host", &probe->host }, { "port", &probe->port },
        { "program", &probe->program },
    };
    const struct shash_node *node, *other;

    SHASH_FOR_EACH (node, json_object(json)) {
        const struct json *value = node->data;
        size_t i;

        for (i = 0; i < ARRAY_SIZE(members)
             && strcmp(members[i].name, node->name); i++) {
            continue;
        }
        if (i < ARRAY_SIZE(members)) {
            if (value->type != JSON_STRING) {
                return xasprintf("%s must be a string", node->name);
            }
            *members[i].value = json_string(value);
        } else if (strcmp(node->name, "parameters")
                   || value->type != JSON_OBJECT) {
            return xasprintf("%s is not known, or no object", node->name);
        } else {
            SHASH_FOR_EACH (other, json_object(value)) {
                const struct json *text = other->data;

                if (text->type != JSON_STRING) {
                    return xasprintf("parameters: %s must be a string",
                                     other->name);
                }
                smap_add(parameters, other->name, json_string(text));
            }
        }
    }
    for (size_t i = 0; i < ARRAY_SIZE(members); i++) {
        if (!*members[i].value) {
            return xasprintf("%s is needed", members[i].name);
        }
    }
    return NULL;
}

/* Tells whether the user may have 'probe', or answers why not. */
static bool
may_have(struct xfsm_rest_call *call, bool start,
         const struct xfsm_port_probe *probe)
{
    const struct xfsm_fleet_tenant *tenant = xfsm_rest_get_tenant(call);
    char *name = xfsm_port_probe_make_name(probe);

    if (!tenant || !xfsm_tenant_may_use(tenant, probe->program)) {
        xfsm_rest_problem(call, MHD_HTTP_FORBIDDEN, "Forbidden",
                          "program %s is none that you may use",
                          probe->program);
    } else if (!is_own_port(call, probe)) {
        xfsm_rest_problem(call, MHD_HTTP_NOT_FOUND, "Not found",
                          "%s/%s is no port of yours that has a probe",
                          probe->host, probe->port);
    } else {
        xfsm_rest_has_room(call, tenant, name, start);
    }
    free(name);
    return !call->request->answered;
}

static void
write_probe(struct xfsm_rest_call *call, enum xfsm_port_verb verb,
            const struct xfsm_port_probe *probe,
            const struct smap *parameters)
{
    struct ovsdb_idl *idl = xfsm_rest_db_rows(call);
    bool starts = verb == XFSM_PORT_VERB_START;
    bool adds = starts || verb == XFSM_PORT_VERB_INSTALL;
    struct ovsdb_idl_txn *txn
        = (idl && (!probe->tenant || !adds || may_have(call, starts, probe))
           ? xfsm_rest_db_begin(call) : NULL);
    char *action, *error;
    char *done = NULL;

    if (!txn) {
        return;
    }
    error = xfsm_port_probe_do(idl, txn, verb, probe, parameters, &done);
    if (error) {
        ovsdb_idl_txn_destroy(txn);
        xfsm_rest_problem(call, MHD_HTTP_CONFLICT, "Not possible", "%s",
                          error);
    } else {
        action = xasprintf("%s probe", xfsm_port_verb_names[verb]);
        xfsm_rest_set_detail(call, done);
        xfsm_rest_db_commit(call, txn, MHD_HTTP_OK, NULL, action);
        free(action);
    }
    free(error);
    free(done);
}

static void
handle_verb(struct xfsm_rest_call *call, enum xfsm_port_verb verb)
{
    struct smap parameters = SMAP_INITIALIZER(&parameters);
    struct xfsm_port_probe probe = {
        .tenant = call->tenant[0] ? call->tenant : NULL,
    };
    struct json *json;
    char *error;

    if (!call->rest->db) {
        xfsm_rest_db_begin(call);
        return;
    }
    json = xfsm_rest_body_json(call);
    if (!json) {
        return;
    }
    error = read_members(json, &probe, &parameters);
    if (error) {
        xfsm_rest_problem(call, MHD_HTTP_BAD_REQUEST, "Bad body", "%s",
                          error);
        free(error);
    } else {
        write_probe(call, verb, &probe, &parameters);
    }
    smap_destroy(&parameters);
    json_destroy(json);
}

void
xfsm_rest_install_probe(struct xfsm_rest_call *call)
{
    handle_verb(call, XFSM_PORT_VERB_INSTALL);
}

void
xfsm_rest_start_probe(struct xfsm_rest_call *call)
{
    handle_verb(call, XFSM_PORT_VERB_START);
}

void
xfsm_rest_stop_probe(struct xfsm_rest_call *call)
{
    handle_verb(call, XFSM_PORT_VERB_STOP);
}

void
xfsm_rest_remove_probe(struct xfsm_rest_call *call)
{
    handle_verb(call, XFSM_PORT_VERB_REMOVE);
}
