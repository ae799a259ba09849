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
#include "controller/rest-tenants.h"
#include "controller/tokens.h"
#include "openvswitch/json.h"
#include "ovsdb-idl.h"
#include "ovsdb-schema/xfsm-fleet-idl.h"
#include "sset.h"
#include "util.h"

/* Users in the database, and their tokens, which nobody is told but who has
 * one made, once. */

static const struct ovsdb_idl_column *const columns[] = {
    &fleetrec_role_col_level, &fleetrec_role_col_tenant, NULL,
};

static const struct xfsm_rest_table roles
    = XFSM_REST_TABLE(role, "role", columns);

/* What of a role is written. */
struct config {
    const char *level;          /* Of the body. */
    const char *tenant;         /* The same; NULL: none. */
};

/* ## Answers ## */

static char *
make_etag(const char *level, const char *tenant)
{
    char *text = xasprintf("%s@%s", level, tenant ? tenant : "");
    char *etag = xfsm_rest_make_etag(text);

    free(text);
    return etag;
}

static struct json *
build_row(struct xfsm_rest_call *call OVS_UNUSED, const char *name,
          const void *row_)
{
    const struct fleetrec_role *row = row_;
    struct json *json = json_object_create();

    json_object_put_string(json, "name", name);
    json_object_put_string(json, "level", row->level);
    if (row->tenant) {
        json_object_put_string(json, "tenant", row->tenant);
    }
    json_object_put(json, "tokens", xfsm_rest_strings_to_json(row->tokens,
                                                              row->n_tokens));
    return json;
}

void
xfsm_rest_get_roles(struct xfsm_rest_call *call)
{
    struct shash items = SHASH_INITIALIZER(&items);

    xfsm_rest_rows_list(call, &roles, &items);
    if (!call->request->answered) {
        xfsm_rest_reply_page(call, &items, build_row);
    }
}

/* The row that the path names, or NULL after answering. */
static const struct fleetrec_role *
get_row(struct xfsm_rest_call *call)
{
    const struct fleetrec_role *row = xfsm_rest_rows_find(call, &roles);

    if (!row && !call->request->answered) {
        xfsm_rest_not_found(call);
    }
    return row;
}

void
xfsm_rest_get_role(struct xfsm_rest_call *call)
{
    const struct fleetrec_role *row = get_row(call);

    if (row) {
        char *etag = make_etag(row->level, row->tenant);

        xfsm_rest_reply_tagged(call, build_row(call, call->name, row), etag);
        free(etag);
    }
}

/* ## Writing ## */

static char *
check_config(struct xfsm_rest_call *call, const struct config *c)
{
    struct ovsdb_idl *idl = xfsm_rest_db_peek(call->rest->db);
    const struct fleetrec_tenant *row;
    char *error = xfsm_fleet_check_name(call->name);
    bool found = !c->tenant;
    enum xfsm_role role;

    if (!error && (!c->level || !xfsm_role_from_name(c->level, &role))) {
        error = xstrdup("level must be viewer, operator or admin");
    }
    if (!error && idl && c->tenant) {
        FLEETREC_TENANT_FOR_EACH (row, idl) {
            found = found || !strcmp(row->name, c->tenant);
        }
    }
    return error || found ? error : xstrdup("tenant: there is none such");
}

/* Reads 'body' into 'c', which borrows from it.  Returns false after answering
 * what is wrong. */
static bool
read_config(struct xfsm_rest_call *call, const struct json *body,
            struct config *c)
{
    const struct shash_node *node;
    char *error = NULL;

    SHASH_FOR_EACH (node, json_object(body)) {
        const struct json *value = node->data;
        const char **member = (!strcmp(node->name, "level") ? &c->level
                               : !strcmp(node->name, "tenant") ? &c->tenant
                               : NULL);

        if (member && value->type == JSON_STRING) {
            *member = json_string(value);
        } else if (!error) {
            error = xasprintf("%s is not known, or no string", node->name);
        }
    }
    return xfsm_rest_accept(call, error ? error : check_config(call, c));
}

static void
write_row(struct xfsm_rest_call *call, const struct config *c)
{
    const struct fleetrec_role *row = xfsm_rest_rows_find(call, &roles);
    char *etag = row ? make_etag(row->level, row->tenant) : NULL;
    unsigned int status = row ? MHD_HTTP_OK : MHD_HTTP_CREATED;
    struct ovsdb_idl_txn *txn
        = (!call->request->answered && xfsm_rest_may_write(call, etag)
           ? xfsm_rest_db_begin(call) : NULL);

    free(etag);
    if (!txn) {
        return;
    } else if (!row) {
        row = fleetrec_role_insert(txn);
        fleetrec_role_set_name(row, call->name);
    } else {
        xfsm_rest_rows_verify(call, &roles, row);
    }
    fleetrec_role_set_level(row, c->level);
    fleetrec_role_set_tenant(row, c->tenant);
    snprintf(call->detail, sizeof call->detail, "%s%s%s", c->level,
             c->tenant ? " of tenant " : "", c->tenant ? c->tenant : "");
    etag = make_etag(c->level, c->tenant);
    xfsm_rest_db_commit(call, txn, status, etag, "put role");
    free(etag);
}

void
xfsm_rest_put_role(struct xfsm_rest_call *call)
{
    struct config c = { NULL, NULL };
    struct json *body;

    if (!call->rest->db) {
        xfsm_rest_db_begin(call);
        return;
    }
    body = xfsm_rest_body_json(call);
    if (body && read_config(call, body, &c)) {
        write_row(call, &c);
    }
    json_destroy(body);
}

void
xfsm_rest_delete_role(struct xfsm_rest_call *call)
{
    const struct fleetrec_role *row = xfsm_rest_rows_find(call, &roles);

    xfsm_rest_rows_delete(call, &roles, row, row
                          ? make_etag(row->level, row->tenant) : NULL);
}

/* ## Tokens ## */

/* Begins to write the tokens of the row that the path names.  Returns NULL
 * after answering. */
static struct ovsdb_idl_txn *
begin_tokens(struct xfsm_rest_call *call, const struct fleetrec_role **row)
{
    struct ovsdb_idl_txn *txn;

    if (call->rest->db) {
        *row = get_row(call);
        if (!*row) {
            return NULL;
        }
    }
    txn = xfsm_rest_db_begin(call);
    if (txn) {
        fleetrec_role_verify_tokens(*row);
    }
    return txn;
}

static void
set_tokens(const struct fleetrec_role *row, const struct sset *tokens)
{
    const char **sorted = sset_sort(tokens);

    fleetrec_role_set_tokens(row, sorted, sset_count(tokens));
    free(sorted);
}

void
xfsm_rest_new_token(struct xfsm_rest_call *call)
{
    struct sset tokens = SSET_INITIALIZER(&tokens);
    const struct fleetrec_role *row = NULL;
    struct ovsdb_idl_txn *txn = begin_tokens(call, &row);
    char *spec, *token, *line, *error;

    if (!txn) {
        return;
    } else if (row->n_tokens >= XFSM_ROLE_MAX_TOKENS) {
        ovsdb_idl_txn_destroy(txn);
        xfsm_rest_problem(call, MHD_HTTP_CONFLICT, "Too many",
                          "a role has %d tokens at most",
                          XFSM_ROLE_MAX_TOKENS);
        return;
    }
    spec = xasprintf("%s:%s", row->name, row->level);
    error = xfsm_tokens_make(spec, &token, &line);
    free(spec);
    if (error) {
        ovsdb_idl_txn_destroy(txn);
        xfsm_rest_problem(call, MHD_HTTP_CONFLICT, "Not possible", "%s",
                          error);
        free(error);
        return;
    }
    sset_add_array(&tokens, row->tokens, row->n_tokens);
    sset_add(&tokens, strrchr(line, ' ') + 1);
    set_tokens(row, &tokens);
    ovs_strzcpy(call->detail, strrchr(line, ' ') + 1, sizeof call->detail);
    ovs_strzcpy(call->secret, token, sizeof call->secret);
    xfsm_rest_db_commit(call, txn, MHD_HTTP_CREATED, NULL, "new token");
    sset_destroy(&tokens);
    free(token);
    free(line);
}

void
xfsm_rest_delete_tokens(struct xfsm_rest_call *call)
{
    const char *digest = xfsm_http_query(call->request, "digest");
    struct sset tokens = SSET_INITIALIZER(&tokens);
    const struct fleetrec_role *row = NULL;
    struct ovsdb_idl_txn *txn = begin_tokens(call, &row);

    if (!txn) {
        return;
    }
    sset_add_array(&tokens, row->tokens, row->n_tokens);
    if (digest && !sset_find_and_delete(&tokens, digest)) {
        ovsdb_idl_txn_destroy(txn);
        xfsm_rest_problem(call, MHD_HTTP_NOT_FOUND, "Not found",
                          "this role has no such token");
    } else {
        if (!digest) {
            sset_clear(&tokens);
        }
        set_tokens(row, &tokens);
        ovs_strzcpy(call->detail, digest ? digest : "all",
                    sizeof call->detail);
        xfsm_rest_db_commit(call, txn, MHD_HTTP_OK, NULL, "delete tokens");
    }
    sset_destroy(&tokens);
}
