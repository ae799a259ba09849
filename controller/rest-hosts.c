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
#include "controller/host-row.h"
#include "controller/rest-call.h"
#include "controller/rest-db.h"
#include "controller/sync.h"
#include "openvswitch/json.h"
#include "ovsdb-idl.h"
#include "ovsdb-schema/xfsm-fleet-idl.h"
#include "ovsdb-schema/xfsm-idl.h"
#include "util.h"

/* ## Versions ## */

static char *
config_to_etag(char *const remotes[], size_t n_remotes, const char *events,
               const char *hub_key, const struct smap *labels)
{
    struct json *json = json_object_create();
    struct svec sorted = SVEC_EMPTY_INITIALIZER;

    for (size_t i = 0; i < n_remotes; i++) {
        svec_add(&sorted, remotes[i]);
    }
    svec_sort(&sorted);
    json_object_put(json, "remotes", xfsm_rest_strings_to_json(sorted.names,
                                                               sorted.n));
    svec_destroy(&sorted);
    json_object_put_string(json, "events", events ? events : "");
    json_object_put_string(json, "hub_key", hub_key ? hub_key : "");
    json_object_put(json, "labels", xfsm_rest_smap_to_json(labels));
    return xfsm_rest_make_json_etag(json);
}

char *
xfsm_rest_host_etag(const struct fleetrec_host *row)
{
    return config_to_etag(row->remotes, row->n_remotes, row->events,
                          row->hub_key, &row->labels);
}

/* ## Requests ## */

/* Takes the member 'name' of a body.  Returns NULL or an error. */
static char *
take_member(const char *name, const struct json *json, void *config)
{
    struct xfsm_host_config *c = config;
    const struct shash_node *node;

    if (!strcmp(name, "remotes") && json->type == JSON_ARRAY) {
        for (size_t i = 0; i < json->array.n; i++) {
            if (json->array.elems[i]->type != JSON_STRING) {
                return xstrdup("must be strings");
            }
            svec_add(&c->remotes, json_string(json->array.elems[i]));
        }
        svec_sort_unique(&c->remotes);
    } else if (!strcmp(name, "events") && json->type == JSON_STRING) {
        if (json_string(json)[0]) {
            c->events = xstrdup(json_string(json));
        }
    } else if (!strcmp(name, "hub_key") && json->type == JSON_STRING) {
        if (json_string(json)[0]) {
            c->hub_key = xstrdup(json_string(json));
        }
    } else if (!strcmp(name, "labels") && json->type == JSON_OBJECT) {
        SHASH_FOR_EACH (node, json_object(json)) {
            const struct json *value = node->data;

            if (value->type != JSON_STRING) {
                return xasprintf("%s must be a string", node->name);
            }
            smap_add(&c->labels, node->name, json_string(value));
        }
    } else {
        return xstrdup("is not known, or of another type");
    }
    return NULL;
}

/* Reads the body into 'c'.  Returns false after answering what is wrong. */
static bool
read_config(struct xfsm_rest_call *call, struct xfsm_host_config *c)
{
    struct ovsdb_idl *idl = xfsm_rest_db_rows(call);

    return idl && xfsm_rest_read_body(call, take_member, c)
           && xfsm_rest_accept(call, xfsm_host_config_check(idl, call->name,
                                                            c));
}

/* Finds the row of the host in the path, NULL if there is none, and tells
 * whether the request may write it; else it is answered. */
static bool
may_write(struct xfsm_rest_call *call, const struct fleetrec_host **rowp)
{
    struct ovsdb_idl *idl = xfsm_rest_db_rows(call);
    char *etag;
    bool may;

    if (!idl) {
        return false;
    }
    *rowp = xfsm_host_row_find(idl, call->name);
    etag = *rowp ? xfsm_rest_host_etag(*rowp) : NULL;
    may = xfsm_rest_may_write(call, etag);
    free(etag);
    return may;
}

static void
write_host(struct xfsm_rest_call *call, const struct fleetrec_host *row,
           const struct xfsm_host_config *c)
{
    struct ovsdb_idl_txn *txn = xfsm_rest_db_begin(call);
    char *etag;

    if (txn) {
        xfsm_host_row_put(txn, row, call->name, c);
        etag = config_to_etag(c->remotes.names, c->remotes.n, c->events,
                              c->hub_key, &c->labels);
        xfsm_rest_db_commit(call, txn, row ? MHD_HTTP_OK : MHD_HTTP_CREATED,
                            etag, "put host");
        free(etag);
    }
}

void
xfsm_rest_put_host(struct xfsm_rest_call *call)
{
    const struct fleetrec_host *row;
    struct xfsm_host_config c;

    if (!call->rest->db) {
        xfsm_rest_db_begin(call);
        return;
    }
    xfsm_host_config_init(&c);
    if (read_config(call, &c) && may_write(call, &row)) {
        write_host(call, row, &c);
    }
    xfsm_host_config_destroy(&c);
}

/* ## Removal ## */

static bool
is_ours(const struct smap *external_ids)
{
    const char *owner = smap_get(external_ids, XFSM_OWNER_KEY);

    return owner && !strcmp(owner, XFSM_OWNER);
}

/* Says how much of ours stays on the host, if that is known here. */
static char *
count_rest(struct xfsm_rest_call *call)
{
    struct xfsm_host *host = shash_find_data(&call->rest->ctl->hosts,
                                             call->name);
    struct ovsdb_idl *idl = host ? xfsm_host_get_rows(host) : NULL;
    const struct xfsmrec_assignment *assignment;
    const struct xfsmrec_program *program;
    size_t programs = 0, assignments = 0;

    if (!idl) {
        return xstrdup("");
    }
    XFSMREC_PROGRAM_FOR_EACH (program, idl) {
        programs += is_ours(&program->external_ids);
    }
    XFSMREC_ASSIGNMENT_FOR_EACH (assignment, idl) {
        assignments += is_ours(&assignment->external_ids);
    }
    return xasprintf(" (%"PRIuSIZE" programs and %"PRIuSIZE" assignments, "
                     "when it was last seen)", programs, assignments);
}

static void
remove_host(struct xfsm_rest_call *call, const struct fleetrec_host *row,
            bool force)
{
    struct ovsdb_idl_txn *txn = xfsm_rest_db_begin(call);
    char *done, *error, *rest;

    if (!txn) {
        return;
    }
    error = xfsm_host_row_remove(xfsm_rest_db_rows(call), txn, row, force,
                                 &done);
    if (error) {
        ovsdb_idl_txn_destroy(txn);
        xfsm_rest_problem(call, MHD_HTTP_CONFLICT, "Not possible", "%s",
                          error);
        free(error);
    } else {
        rest = force ? count_rest(call) : xstrdup("");
        snprintf(call->detail, sizeof call->detail, "%s%s", done, rest);
        xfsm_rest_db_commit(call, txn, force ? MHD_HTTP_OK
                            : MHD_HTTP_ACCEPTED, NULL,
                            force ? "remove host by force" : "remove host");
        free(rest);
        free(done);
    }
}

void
xfsm_rest_delete_host(struct xfsm_rest_call *call)
{
    const char *value = xfsm_http_query(call->request, "force");
    bool force = value && !strcmp(value, "true");
    const struct fleetrec_host *row = NULL;

    if (!call->rest->db) {
        xfsm_rest_db_begin(call);
    } else if (value && !force && strcmp(value, "false")) {
        xfsm_rest_problem(call, MHD_HTTP_BAD_REQUEST, "Bad parameter",
                          "force must be true or false");
    } else if (xfsm_rest_db_rows(call)
               && !xfsm_host_row_find(xfsm_rest_db_rows(call), call->name)) {
        xfsm_rest_not_found(call);
    } else if (!call->request->answered && may_write(call, &row)) {
        remove_host(call, row, force);
    }
}
