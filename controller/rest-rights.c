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
#include "controller/rest-call.h"
#include "controller/rest-db.h"
#include "controller/rest-rows.h"
#include "controller/tenants.h"
#include "openvswitch/json.h"
#include "ovsdb-idl.h"
#include "ovsdb-schema/xfsm-fleet-idl.h"
#include "svec.h"
#include "util.h"

/* Tenants, and signatures of programs. */

/* Hosts that a tenant's selector may name. */
#define MAX_PATTERNS 1024

static const struct ovsdb_idl_column *const columns[] = {
    &fleetrec_tenant_col_target, &fleetrec_tenant_col_hosts,
    &fleetrec_tenant_col_host_labels, &fleetrec_tenant_col_programs,
    &fleetrec_tenant_col_limits, NULL,
};

static const struct xfsm_rest_table tenants
    = XFSM_REST_TABLE(tenant, "tenant", columns);

/* What of a tenant is written. */
struct rights {
    struct svec hosts, programs;
    struct smap target, host_labels, limits;
};

static void
rights_init(struct rights *r)
{
    svec_init(&r->hosts);
    svec_init(&r->programs);
    smap_init(&r->target);
    smap_init(&r->host_labels);
    smap_init(&r->limits);
}

static void
rights_destroy(struct rights *r)
{
    svec_destroy(&r->hosts);
    svec_destroy(&r->programs);
    smap_destroy(&r->target);
    smap_destroy(&r->host_labels);
    smap_destroy(&r->limits);
}

/* ## Answers ## */

static struct json *
rights_to_json(const struct rights *r)
{
    struct json *json = json_object_create();

    json_object_put(json, "target", xfsm_rest_smap_to_json(&r->target));
    json_object_put(json, "hosts", xfsm_rest_strings_to_json(r->hosts.names,
                                                             r->hosts.n));
    json_object_put(json, "host_labels",
                    xfsm_rest_smap_to_json(&r->host_labels));
    json_object_put(json, "programs", xfsm_rest_strings_to_json(
        r->programs.names, r->programs.n));
    json_object_put(json, "limits", xfsm_rest_smap_to_json(&r->limits));
    return json;
}

static struct json *
row_to_json(const struct fleetrec_tenant *row)
{
    struct rights r;
    struct json *json;
    size_t i;

    rights_init(&r);
    for (i = 0; i < row->n_hosts; i++) {
        svec_add(&r.hosts, row->hosts[i]);
    }
    for (i = 0; i < row->n_programs; i++) {
        svec_add(&r.programs, row->programs[i]);
    }
    svec_sort(&r.hosts);
    svec_sort(&r.programs);
    smap_destroy(&r.target);
    smap_destroy(&r.host_labels);
    smap_destroy(&r.limits);
    smap_clone(&r.target, &row->target);
    smap_clone(&r.host_labels, &row->host_labels);
    smap_clone(&r.limits, &row->limits);
    json = rights_to_json(&r);
    rights_destroy(&r);
    return json;
}

static struct json *
build_row(struct xfsm_rest_call *call OVS_UNUSED, const char *name,
          const void *row_)
{
    const struct fleetrec_tenant *row = row_;
    struct json *json = row_to_json(row);

    json_object_put_string(json, "name", name);
    json_object_put(json, "assignments",
                    json_integer_create(row->assignments));
    if (row->error) {
        json_object_put_string(json, "error", row->error);
    }
    return json;
}

void
xfsm_rest_get_tenants(struct xfsm_rest_call *call)
{
    struct shash items = SHASH_INITIALIZER(&items);

    xfsm_rest_rows_list(call, &tenants, &items);
    if (!call->request->answered) {
        xfsm_rest_reply_page(call, &items, build_row);
    }
}

void
xfsm_rest_get_tenant_row(struct xfsm_rest_call *call)
{
    const struct fleetrec_tenant *row = xfsm_rest_rows_find(call, &tenants);

    if (row) {
        char *etag = xfsm_rest_make_json_etag(row_to_json(row));

        xfsm_rest_reply_tagged(call, build_row(call, call->name, row), etag);
        free(etag);
    } else if (!call->request->answered) {
        xfsm_rest_not_found(call);
    }
}

/* ## Writing ## */

static char *
take_member(const char *name, const struct json *json, void *rights)
{
    struct rights *r = rights;

    if (!strcmp(name, "hosts")) {
        return xfsm_rest_take_strings(json, MAX_PATTERNS, &r->hosts);
    } else if (!strcmp(name, "programs")) {
        return xfsm_rest_take_strings(json, XFSM_TENANT_MAX_PATTERNS,
                                      &r->programs);
    } else if (!strcmp(name, "target")) {
        return xfsm_rest_take_map(json, &r->target);
    } else if (!strcmp(name, "host_labels")) {
        return xfsm_rest_take_map(json, &r->host_labels);
    } else if (!strcmp(name, "limits")) {
        return xfsm_rest_take_map(json, &r->limits);
    }
    return xstrdup("is not known");
}

/* Returns what a controller would find wrong, or NULL. */
static char *
check_rights(const char *name, const struct rights *r)
{
    struct xfsm_tenant_limits limits;
    char *error = xfsm_tenant_check_name(name);
    const struct smap_node *node;

    SMAP_FOR_EACH (node, &r->target) {
        error = error ? error : xfsm_fleet_check_target(node->key,
                                                        node->value);
    }
    if (!error && smap_is_empty(&r->target)) {
        error = xstrdup("target: at least one key is needed; {\"port\": "
                        "\"*\"} is all ports");
    }
    return error ? error : xfsm_tenant_read_limits(&r->limits, &limits);
}

static void
write_row(struct xfsm_rest_call *call, const struct fleetrec_tenant *row,
          const struct rights *r)
{
    struct ovsdb_idl_txn *txn = xfsm_rest_db_begin(call);
    unsigned int status = row ? MHD_HTTP_OK : MHD_HTTP_CREATED;
    char *etag;

    if (!txn) {
        return;
    } else if (!row) {
        row = fleetrec_tenant_insert(txn);
        fleetrec_tenant_set_name(row, call->name);
    } else {
        xfsm_rest_rows_verify(call, &tenants, row);
    }
    fleetrec_tenant_set_target(row, &r->target);
    fleetrec_tenant_set_host_labels(row, &r->host_labels);
    fleetrec_tenant_set_limits(row, &r->limits);
    fleetrec_tenant_set_hosts(row, (const char **) r->hosts.names,
                              r->hosts.n);
    fleetrec_tenant_set_programs(row, (const char **) r->programs.names,
                                 r->programs.n);
    etag = xfsm_rest_make_json_etag(rights_to_json(r));
    xfsm_rest_db_commit(call, txn, status, etag, "put tenant");
    free(etag);
}

void
xfsm_rest_put_tenant(struct xfsm_rest_call *call)
{
    const struct fleetrec_tenant *row;
    struct rights r;
    char *etag;

    if (!call->rest->db) {
        xfsm_rest_db_begin(call);
        return;
    }
    rights_init(&r);
    if (xfsm_rest_read_body(call, take_member, &r)
        && xfsm_rest_accept(call, check_rights(call->name, &r))) {
        row = xfsm_rest_rows_find(call, &tenants);
        etag = row ? xfsm_rest_make_json_etag(row_to_json(row)) : NULL;
        if (!call->request->answered && xfsm_rest_may_write(call, etag)) {
            write_row(call, row, &r);
        }
        free(etag);
    }
    rights_destroy(&r);
}

void
xfsm_rest_delete_tenant(struct xfsm_rest_call *call)
{
    const struct fleetrec_tenant *row = xfsm_rest_rows_find(call, &tenants);

    xfsm_rest_rows_delete(call, &tenants, row, row
                          ? xfsm_rest_make_json_etag(row_to_json(row)) : NULL);
}

/* ## Signatures ## */

/* Reads version and signature.  Returns false after answering. */
static bool
read_signature(struct xfsm_rest_call *call, struct json **body,
               int64_t *version, const char **signature)
{
    const struct json *number, *text;

    *body = xfsm_rest_body_json(call);
    if (!*body) {
        return false;
    }
    number = shash_find_data(json_object(*body), "version");
    text = shash_find_data(json_object(*body), "signature");
    if (!number || number->type != JSON_INTEGER || !text
        || text->type != JSON_STRING
        || strlen(json_string(text)) >= XFSM_SIGNATURE_SIZE
        || shash_count(json_object(*body)) != 2) {
        xfsm_rest_problem(call, MHD_HTTP_BAD_REQUEST, "Bad body",
                          "must be {\"version\": NUMBER, \"signature\": "
                          "\"ed25519:...\"}");
        return false;
    }
    *version = json_integer(number);
    *signature = json_string(text);
    return true;
}

static void
write_signature(struct xfsm_rest_call *call, int64_t version,
                const char *signature)
{
    const struct fleetrec_program *row, *found = NULL;
    struct ovsdb_idl *idl = xfsm_rest_db_rows(call);
    struct ovsdb_idl_txn *txn;

    if (!idl) {
        return;
    }
    FLEETREC_PROGRAM_FOR_EACH (row, idl) {
        if (!strcmp(row->name, call->name) && row->version == version) {
            found = row;
        }
    }
    if (!found) {
        xfsm_rest_not_found(call);
        return;
    }
    txn = xfsm_rest_db_begin(call);
    if (txn) {
        fleetrec_program_set_signature(found, signature);
        xfsm_rest_db_commit(call, txn, MHD_HTTP_OK, NULL, "sign program");
    }
}

/* The private key stays with whom it is; whether the signature is good is for
 * controllers and hosts to find out, each by the keys that it trusts. */
void
xfsm_rest_put_signature(struct xfsm_rest_call *call)
{
    struct json *body = NULL;
    const char *signature;
    int64_t version;

    if (!call->rest->db) {
        xfsm_rest_db_begin(call);
    } else if (read_signature(call, &body, &version, &signature)) {
        write_signature(call, version, signature);
    }
    json_destroy(body);
}
