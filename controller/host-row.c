/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include <config.h>
#include "ovsdb-schema/ovs-compat.h"

#include "controller/host-row.h"

#include <stdlib.h>
#include <string.h>

#include "controller/fleet.h"
#include "ovsdb-idl.h"
#include "ovsdb-schema/xfsm-fleet-idl.h"
#include "util.h"
#include "xfsm/io/zmq-socket.h"

void
xfsm_host_config_init(struct xfsm_host_config *c)
{
    svec_init(&c->remotes);
    c->events = c->hub_key = NULL;
    smap_init(&c->labels);
}

void
xfsm_host_config_destroy(struct xfsm_host_config *c)
{
    svec_destroy(&c->remotes);
    free(c->events);
    free(c->hub_key);
    smap_destroy(&c->labels);
}

/* ## Checks ## */

static char *
check_labels(const struct smap *labels)
{
    const struct smap_node *node;

    if (smap_count(labels) > XFSM_HOST_ROW_MAX_LABELS) {
        return xasprintf("labels: more than %d", XFSM_HOST_ROW_MAX_LABELS);
    }
    SMAP_FOR_EACH (node, labels) {
        size_t len = strlen(node->key);

        if (!len || len > XFSM_HOST_ROW_MAX_KEY) {
            return xasprintf("labels: a key has 1 to %d characters",
                             XFSM_HOST_ROW_MAX_KEY);
        } else if (strlen(node->value) > XFSM_HOST_ROW_MAX_VALUE) {
            return xasprintf("labels: %s: a value has %d characters at most",
                             node->key, XFSM_HOST_ROW_MAX_VALUE);
        }
    }
    return NULL;
}

/* Says so if there are too many hosts for one called 'name'. */
static char *
check_count(const struct ovsdb_idl *idl, const char *name)
{
    const struct fleetrec_host *row;
    size_t n = 0;

    FLEETREC_HOST_FOR_EACH (row, idl) {
        n += row->name && strcmp(row->name, name);
    }
    return (n >= XFSM_FLEET_MAX_HOSTS
            ? xasprintf("a fleet has %d hosts at most", XFSM_FLEET_MAX_HOSTS)
            : NULL);
}

char *
xfsm_host_config_check(const struct ovsdb_idl *idl, const char *name,
                       const struct xfsm_host_config *c)
{
    char *error = xfsm_fleet_check_name(name);
    const char *remote;
    size_t i;

    if (!error && (c->remotes.n < 1
                   || c->remotes.n > XFSM_FLEET_MAX_REMOTES)) {
        error = xasprintf("remotes: a host has 1 to %d remotes",
                          XFSM_FLEET_MAX_REMOTES);
    }
    SVEC_FOR_EACH (i, remote, &c->remotes) {
        error = error ? error : xfsm_fleet_check_remote(remote);
    }
    if (!error && c->events) {
        error = xfsm_zmq_check_endpoint(c->events, false);
    }
    if (!error && c->hub_key) {
        error = (fleetrec_server_has_host_table_col_hub_key(idl)
                 ? xfsm_fleet_check_hub_key(c->hub_key)
                 : xstrdup("hub_key: the database has a schema of before "
                           "version 1.2.0; convert it"));
    }
    error = error ? error : check_labels(&c->labels);
    return error ? error : check_count(idl, name);
}

/* ## Rows ## */

const struct fleetrec_host *
xfsm_host_row_find(const struct ovsdb_idl *idl, const char *name)
{
    const struct fleetrec_host *row;

    FLEETREC_HOST_FOR_EACH (row, idl) {
        if (row->name && !strcmp(row->name, name)) {
            return row;
        }
    }
    return NULL;
}

/* Has a transaction fail if somebody changes 'row' meanwhile. */
static void
verify(const struct fleetrec_host *row, bool hub_key)
{
    fleetrec_host_verify_remotes(row);
    fleetrec_host_verify_events(row);
    fleetrec_host_verify_labels(row);
    if (hub_key) {              /* An older schema has none. */
        fleetrec_host_verify_hub_key(row);
    }
}

void
xfsm_host_row_put(struct ovsdb_idl_txn *txn, const struct fleetrec_host *row,
                  const char *name, const struct xfsm_host_config *c)
{
    if (!row) {
        row = fleetrec_host_insert(txn);
        fleetrec_host_set_name(row, name);
    } else {
        verify(row, c->hub_key || row->hub_key);
        if (row->n_leaving) {
            fleetrec_host_set_leaving(row, NULL, 0);
        }
    }
    fleetrec_host_set_remotes(row, (const char **) c->remotes.names,
                              c->remotes.n);
    fleetrec_host_set_events(row, c->events);
    if (c->hub_key || row->hub_key) {
        fleetrec_host_set_hub_key(row, c->hub_key);
    }
    fleetrec_host_set_labels(row, &c->labels);
}

/* Returns the number that the changes of 'txn' have, in column "next_cfg". */
static int64_t
number_change(const struct ovsdb_idl *idl, struct ovsdb_idl_txn *txn)
{
    const struct fleetrec_fleet *row = fleetrec_fleet_first(idl);
    int64_t number;

    if (!row) {
        row = fleetrec_fleet_insert(txn);
    } else {
        fleetrec_fleet_verify_next_cfg(row);
    }
    number = row->next_cfg + 1;
    fleetrec_fleet_set_next_cfg(row, number);
    return number;
}

char *
xfsm_host_row_remove(const struct ovsdb_idl *idl, struct ovsdb_idl_txn *txn,
                     const struct fleetrec_host *row, bool force,
                     char **donep)
{
    int64_t number;

    verify(row, row->hub_key);
    if (force) {
        *donep = xasprintf("%s is removed; programs and assignments that "
                           "were written to it stay there, and run",
                           row->name);
        fleetrec_host_delete(row);
        return NULL;
    } else if (row->state && !strcmp(row->state, "invalid")) {
        return xasprintf("host %s cannot be met (%s), so what may be there "
                         "cannot be removed; it can be taken off the list by "
                         "force", row->name, row->error ? row->error : "");
    } else if (!fleetrec_server_has_host_table_col_leaving(idl)) {
        return xasprintf("host %s cannot leave clean: the database has a "
                         "schema of before version 1.2.0; convert it, or take "
                         "the host off the list by force", row->name);
    } else if (row->n_leaving) {
        return xasprintf("host %s is leaving already; one that cannot be met "
                         "can be taken off the list by force", row->name);
    }
    number = number_change(idl, txn);
    fleetrec_host_verify_leaving(row);
    fleetrec_host_set_leaving(row, &number, 1);
    *donep = xasprintf("%s is leaving: its controller removes the programs "
                       "and assignments that it wrote there, then the host",
                       row->name);
    return NULL;
}
