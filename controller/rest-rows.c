/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include <config.h>
#include "ovsdb-schema/ovs-compat.h"

#include "controller/rest-rows.h"

#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>

#include "controller/rest-call.h"
#include "controller/rest-db.h"
#include "openvswitch/shash.h"
#include "ovsdb-idl-provider.h"
#include "util.h"

/* The rows of the database, or NULL if there is none, or after answering that
 * they are not known. */
static const struct ovsdb_idl *
get_idl(struct xfsm_rest_call *call)
{
    return call->rest->db ? xfsm_rest_db_rows(call) : NULL;
}

static const char *
get_name(const struct xfsm_rest_table *table, const struct ovsdb_idl_row *row)
{
    const char *p = (const char *) row + table->name;
    const char *name;

    memcpy(&name, p, sizeof name);
    return name;
}

void
xfsm_rest_rows_list(struct xfsm_rest_call *call,
                    const struct xfsm_rest_table *table, struct shash *items)
{
    const struct ovsdb_idl *idl = get_idl(call);
    const struct ovsdb_idl_row *row;

    if (idl) {
        for (row = ovsdb_idl_first_row(idl, table->class); row;
             row = ovsdb_idl_next_row(row)) {
            shash_add(items, get_name(table, row), row);
        }
    }
}

const void *
xfsm_rest_rows_find(struct xfsm_rest_call *call,
                    const struct xfsm_rest_table *table)
{
    const struct ovsdb_idl *idl = get_idl(call);
    const struct ovsdb_idl_row *row
        = idl ? ovsdb_idl_first_row(idl, table->class) : NULL;

    while (row && strcmp(get_name(table, row), call->name)) {
        row = ovsdb_idl_next_row(row);
    }
    return row;
}

void
xfsm_rest_rows_verify(const struct xfsm_rest_call *call,
                      const struct xfsm_rest_table *table, const void *row)
{
    const struct ovsdb_idl *idl = xfsm_rest_db_idl(call->rest->db);
    const struct ovsdb_idl_column *const *column;

    for (column = table->columns; *column; column++) {
        /* The database may be of an older version. */
        if (ovsdb_idl_server_has_column(idl, *column)) {
            ovsdb_idl_txn_verify(row, *column);
        }
    }
}

void
xfsm_rest_rows_delete(struct xfsm_rest_call *call,
                      const struct xfsm_rest_table *table, const void *row,
                      char *etag)
{
    if (!call->rest->db) {
        xfsm_rest_db_begin(call);
    } else if (!row && !call->request->answered) {
        xfsm_rest_not_found(call);
    } else if (row && xfsm_rest_may_write(call, etag)) {
        struct ovsdb_idl_txn *txn = xfsm_rest_db_begin(call);

        if (txn) {
            char *action = xasprintf("delete %s", table->noun);

            xfsm_rest_rows_verify(call, table, row);
            ovsdb_idl_txn_delete(row);
            xfsm_rest_db_commit(call, txn, MHD_HTTP_OK, NULL, action);
            free(action);
        }
    }
    free(etag);
}
