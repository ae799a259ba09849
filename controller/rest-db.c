/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include <config.h>
#include "ovsdb-schema/ovs-compat.h"

#include "controller/rest-db.h"

#include <microhttpd.h>
#include <stdlib.h>

#include "controller/rest-call.h"
#include "openvswitch/json.h"
#include "openvswitch/list.h"
#include "openvswitch/poll-loop.h"
#include "ovsdb-idl.h"
#include "ovsdb-schema/xfsm-fleet-idl.h"
#include "timeval.h"
#include "util.h"

/* A request that waits for the database. */
struct pending {
    struct ovs_list node;
    struct xfsm_rest_call *call;
    struct ovsdb_idl_txn *txn;
    unsigned int status;
    char *etag;
    char *action;
    long long int deadline;
};

struct xfsm_rest_db {
    struct ovsdb_idl *idl;
    struct ovs_list pending;    /* struct pending. */
    size_t n_pending;
};

struct xfsm_rest_db *
xfsm_rest_db_create(const char *remote)
{
    struct xfsm_rest_db *db = xzalloc(sizeof *db);

    db->idl = ovsdb_idl_create(remote, &fleetrec_idl_class, true, true);
    ovs_list_init(&db->pending);
    return db;
}

static void
finish(struct xfsm_rest_db *db, struct pending *p)
{
    ovs_list_remove(&p->node);
    db->n_pending--;
    ovsdb_idl_txn_destroy(p->txn);
    free(p->etag);
    free(p->action);
    free(p);
}

void
xfsm_rest_db_destroy(struct xfsm_rest_db *db)
{
    struct pending *p;

    if (db) {
        LIST_FOR_EACH_SAFE (p, node, &db->pending) {
            xfsm_rest_audit(p->call, p->action, p->call->request->path,
                            "not known");
            xfsm_rest_problem(p->call, MHD_HTTP_SERVICE_UNAVAILABLE,
                              "Stopping", "the controller is stopping");
            finish(db, p);
        }
        ovsdb_idl_destroy(db->idl);
        free(db);
    }
}

static void
answer(struct pending *p)
{
    struct json *json = json_object_create();

    json_object_put_string(json, "outcome", p->status == MHD_HTTP_CREATED
                           ? "created" : p->status == MHD_HTTP_ACCEPTED
                           ? "accepted" : "written");
    if (p->call->detail[0]) {
        json_object_put_string(json, "detail", p->call->detail);
    }
    if (p->call->secret[0]) {
        json_object_put_string(json, "token", p->call->secret);
    }
    if (p->etag) {
        xfsm_http_add_header(p->call->request, "ETag", p->etag);
    }
    xfsm_rest_audit(p->call, p->action, p->call->request->path, "done");
    xfsm_rest_reply_json(p->call, p->status, json);
}

/* Goes on with 'p'.  Returns false if it is not finished. */
static bool
commit(struct pending *p)
{
    enum ovsdb_idl_txn_status status = ovsdb_idl_txn_commit(p->txn);
    const char *outcome;

    if (status == TXN_INCOMPLETE && time_msec() < p->deadline) {
        return false;
    } else if (status == TXN_SUCCESS || status == TXN_UNCHANGED) {
        answer(p);
        return true;
    } else if (status == TXN_INCOMPLETE) {
        outcome = "not known";
        xfsm_rest_problem(p->call, MHD_HTTP_GATEWAY_TIMEOUT, "No answer",
                          "the database did not answer within %d seconds; "
                          "whether it was written is not known",
                          XFSM_REST_DB_DEADLINE / 1000);
    } else if (status == TXN_TRY_AGAIN) {
        outcome = "changed meanwhile";
        xfsm_rest_problem(p->call, MHD_HTTP_PRECONDITION_FAILED, "Changed",
                          "somebody else changed it at the same time; read "
                          "it again");
    } else {
        outcome = "refused";
        xfsm_rest_problem(p->call, MHD_HTTP_CONFLICT, "Refused",
                          "the database refused it: %s",
                          ovsdb_idl_txn_get_error(p->txn));
    }
    xfsm_rest_audit(p->call, p->action, p->call->request->path, outcome);
    return true;
}

void
xfsm_rest_db_run(struct xfsm_rest_db *db)
{
    struct pending *p;

    ovsdb_idl_run(db->idl);
    LIST_FOR_EACH_SAFE (p, node, &db->pending) {
        if (commit(p)) {
            finish(db, p);
        }
    }
}

void
xfsm_rest_db_wait(struct xfsm_rest_db *db)
{
    struct pending *p;

    ovsdb_idl_wait(db->idl);
    LIST_FOR_EACH (p, node, &db->pending) {
        ovsdb_idl_txn_wait(p->txn);
        poll_timer_wait_until(p->deadline);
    }
}

const struct ovsdb_idl *
xfsm_rest_db_idl(const struct xfsm_rest_db *db)
{
    return ovsdb_idl_has_ever_connected(db->idl) ? db->idl : NULL;
}

struct ovsdb_idl *
xfsm_rest_db_peek(struct xfsm_rest_db *db)
{
    return ovsdb_idl_has_ever_connected(db->idl) ? db->idl : NULL;
}

struct ovsdb_idl *
xfsm_rest_db_rows(struct xfsm_rest_call *call)
{
    struct ovsdb_idl *idl = xfsm_rest_db_peek(call->rest->db);

    if (!idl) {
        xfsm_rest_problem(call, MHD_HTTP_SERVICE_UNAVAILABLE,
                          "Not connected",
                          "the database of the fleet is not connected yet");
    }
    return idl;
}

struct ovsdb_idl_txn *
xfsm_rest_db_begin(struct xfsm_rest_call *call)
{
    struct xfsm_rest_db *db = call->rest->db;
    struct ovsdb_idl_txn *txn;

    if (!db) {
        xfsm_rest_problem(call, MHD_HTTP_CONFLICT, "Read only",
                          "this fleet is in a file, which is not written "
                          "here: change the file, or run the controller "
                          "with --db");
        return NULL;
    } else if (!ovsdb_idl_is_connected(db->idl)
               || !xfsm_rest_db_rows(call)) {
        xfsm_rest_problem(call, MHD_HTTP_SERVICE_UNAVAILABLE,
                          "Not connected",
                          "the database of the fleet is not connected");
        return NULL;
    } else if (db->n_pending >= XFSM_REST_DB_MAX_TXNS) {
        xfsm_rest_problem(call, MHD_HTTP_SERVICE_UNAVAILABLE, "Busy",
                          "%d requests wait for the database",
                          XFSM_REST_DB_MAX_TXNS);
        return NULL;
    }
    txn = ovsdb_idl_txn_create(db->idl);
    ovsdb_idl_txn_add_comment(txn, "xfsm-controller: %s of user %s",
                              call->request->path, call->user);
    return txn;
}

void
xfsm_rest_db_commit(struct xfsm_rest_call *call, struct ovsdb_idl_txn *txn,
                    unsigned int status, const char *etag,
                    const char *action)
{
    struct xfsm_rest_db *db = call->rest->db;
    struct pending *p = xzalloc(sizeof *p);

    call->audited = true;       /* When it is known how it went. */
    p->call = call;
    p->txn = txn;
    p->status = status;
    p->etag = nullable_xstrdup(etag);
    p->action = xstrdup(action);
    p->deadline = time_msec() + XFSM_REST_DB_DEADLINE;
    ovs_list_push_back(&db->pending, &p->node);
    db->n_pending++;
    if (commit(p)) {
        finish(db, p);
    } else {
        xfsm_http_defer(call->request);
    }
}
