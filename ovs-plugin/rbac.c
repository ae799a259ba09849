/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include <config.h>
#include "ovsdb-schema/ovs-compat.h"

#include "ovs-plugin/agent.h"

#include "ovsdb-schema/xfsm-idl.h"
#include "util.h"

/* The role of those who say what is wanted. */
#define ROLE "xfsm-controller"

#define COLUMNS_MAX 5

/* What the role may do to a table: every column is listed that is neither
 * written by the agent nor fixed when a row is made.  Tables that are missing
 * here may be read only. */
struct permission {
    const char *table;
    bool insert_delete;
    const char *update[COLUMNS_MAX];
    size_t n_update;
};

static const struct permission permissions[] = {
    { "XFSM_Global", false, { "options", "next_cfg", "external_ids" }, 3 },
    { "Program", true,
      { "source", "image", "signature", "external_ids" }, 4 },
    { "Assignment", true,
      { "target", "programs", "params", "enabled", "external_ids" }, 5 },
};

void
xfsm_rbac_add_columns(struct ovsdb_idl *idl)
{
    static const struct ovsdb_idl_column *const columns[] = {
        &xfsmrec_rbac_role_col_name,
        &xfsmrec_rbac_role_col_permissions,
        &xfsmrec_rbac_permission_col_table,
        &xfsmrec_rbac_permission_col_authorization,
        &xfsmrec_rbac_permission_col_insert_delete,
        &xfsmrec_rbac_permission_col_update,
    };
    size_t i;

    for (i = 0; i < ARRAY_SIZE(columns); i++) {
        ovsdb_idl_add_column(idl, columns[i]);
    }
}

static const struct xfsmrec_rbac_role *
get_role(struct ovsdb_idl *idl, struct ovsdb_idl_txn *txn)
{
    const struct xfsmrec_rbac_role *row;

    XFSMREC_RBAC_ROLE_FOR_EACH (row, idl) {
        if (!strcmp(row->name, ROLE)) {
            return row;
        }
    }
    row = xfsmrec_rbac_role_insert(txn);
    xfsmrec_rbac_role_set_name(row, ROLE);
    return row;
}

static struct xfsmrec_rbac_permission *
get_permission(const struct xfsmrec_rbac_role *role,
               struct ovsdb_idl_txn *txn, const char *table)
{
    size_t i;

    for (i = 0; i < role->n_permissions; i++) {
        if (!strcmp(role->key_permissions[i], table)) {
            return role->value_permissions[i];
        }
    }
    return xfsmrec_rbac_permission_insert(txn);
}

void
xfsm_rbac_write(struct xfsm_agent *agent, struct ovsdb_idl_txn *txn)
{
    /* An empty name: all rows, whatever the client's certificate says. */
    static const char *everyone = "";
    const char *tables[ARRAY_SIZE(permissions)];
    struct xfsmrec_rbac_permission *rows[ARRAY_SIZE(permissions)];
    const struct xfsmrec_rbac_role *role;
    size_t i;

    /* A database of before version 1.2.0 does not have it. */
    if (!xfsmrec_server_has_rbac_role_table(agent->xfsm.idl)) {
        return;
    }
    role = get_role(agent->xfsm.idl, txn);
    for (i = 0; i < ARRAY_SIZE(permissions); i++) {
        const struct permission *p = &permissions[i];

        tables[i] = p->table;
        rows[i] = get_permission(role, txn, p->table);
        xfsmrec_rbac_permission_set_table(rows[i], p->table);
        xfsmrec_rbac_permission_set_authorization(rows[i], &everyone, 1);
        xfsmrec_rbac_permission_set_insert_delete(rows[i], p->insert_delete);
        xfsmrec_rbac_permission_set_update(
            rows[i], CONST_CAST(const char **, p->update), p->n_update);
    }
    xfsmrec_rbac_role_set_permissions(role, tables, rows,
                                      ARRAY_SIZE(permissions));
}
