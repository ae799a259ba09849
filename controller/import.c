/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include <config.h>
#include "ovsdb-schema/ovs-compat.h"

#include "controller/import.h"

#include <stdlib.h>
#include <string.h>

#include "controller/fleet-json.h"
#include "controller/programs.h"
#include "dirs.h"
#include "openvswitch/poll-loop.h"
#include "ovsdb-idl.h"
#include "ovsdb-schema/xfsm-fleet-idl.h"
#include "timeval.h"
#include "util.h"

static void
put_host(struct ovsdb_idl *idl, struct ovsdb_idl_txn *txn,
         const struct xfsm_fleet_host *host)
{
    const char *remotes[XFSM_FLEET_MAX_REMOTES];
    const struct fleetrec_host *row;
    char *copy = xstrdup(host->ovsdb);
    char *save = NULL;
    char *remote;
    size_t n = 0;

    FLEETREC_HOST_FOR_EACH (row, idl) {
        if (!strcmp(row->name, host->name)) {
            break;
        }
    }
    if (!row) {
        row = fleetrec_host_insert(txn);
        fleetrec_host_set_name(row, host->name);
    }
    for (remote = strtok_r(copy, ",", &save);
         remote && n < ARRAY_SIZE(remotes);
         remote = strtok_r(NULL, ",", &save)) {
        remotes[n++] = remote;
    }
    fleetrec_host_set_remotes(row, remotes, n);
    fleetrec_host_set_events(row, host->events);
    fleetrec_host_set_hub_key(row, host->hub_key);
    free(copy);
}

static void
put_program(struct ovsdb_idl *idl, struct ovsdb_idl_txn *txn,
            const struct xfsm_fleet_program *program)
{
    const struct fleetrec_program *newest = NULL;
    const struct fleetrec_program *row;

    FLEETREC_PROGRAM_FOR_EACH (row, idl) {
        if (!strcmp(row->name, program->name)
            && (!newest || row->version > newest->version)) {
            newest = row;
        }
    }
    if (!newest || strcmp(newest->source, program->source)) {
        row = fleetrec_program_insert(txn);
        fleetrec_program_set_name(row, program->name);
        fleetrec_program_set_version(row, newest ? newest->version + 1 : 1);
        fleetrec_program_set_source(row, program->source);
    }
}

static void
put_assignment(struct ovsdb_idl *idl, struct ovsdb_idl_txn *txn,
               const struct xfsm_fleet_assignment *assignment)
{
    const char **programs = sset_sort(&assignment->programs);
    const char **hosts = sset_sort(&assignment->hosts);
    const char *all = "*";
    const struct fleetrec_assignment *row;

    FLEETREC_ASSIGNMENT_FOR_EACH (row, idl) {
        if (!strcmp(row->name, assignment->name)) {
            break;
        }
    }
    if (!row) {
        row = fleetrec_assignment_insert(txn);
        fleetrec_assignment_set_name(row, assignment->name);
    }
    fleetrec_assignment_set_programs(row, programs,
                                     sset_count(&assignment->programs));
    fleetrec_assignment_set_target(row, &assignment->target);
    fleetrec_assignment_set_parameters(row, &assignment->parameters);
    fleetrec_assignment_set_enabled(row, assignment->enabled);
    if (assignment->all_hosts) {
        fleetrec_assignment_set_hosts(row, &all, 1);
    } else {
        fleetrec_assignment_set_hosts(row, hosts,
                                      sset_count(&assignment->hosts));
    }
    free(programs);
    free(hosts);
}

static void
put_fleet(struct ovsdb_idl *idl, struct ovsdb_idl_txn *txn,
          const struct xfsm_fleet *fleet)
{
    const struct shash_node *node;

    SHASH_FOR_EACH (node, &fleet->hosts) {
        put_host(idl, txn, node->data);
    }
    SHASH_FOR_EACH (node, &fleet->programs) {
        put_program(idl, txn, node->data);
    }
    SHASH_FOR_EACH (node, &fleet->assignments) {
        put_assignment(idl, txn, node->data);
    }
}

/* Writes 'fleet' into the database.  Returns NULL or an error. */
static char *
write_fleet(const char *remote, const struct xfsm_fleet *fleet, int timeout)
{
    struct ovsdb_idl *idl = ovsdb_idl_create(remote, &fleetrec_idl_class,
                                             true, true);
    long long int deadline = time_msec() + timeout * 1000LL;
    enum ovsdb_idl_txn_status status = TXN_TRY_AGAIN;
    struct ovsdb_idl_txn *txn = NULL;
    char *error = NULL;

    do {
        ovsdb_idl_run(idl);
        if (!txn && ovsdb_idl_has_ever_connected(idl)) {
            txn = ovsdb_idl_txn_create(idl);
            ovsdb_idl_txn_add_comment(txn, "xfsm-controller --import");
            put_fleet(idl, txn, fleet);
        }
        if (txn) {
            status = ovsdb_idl_txn_commit(txn);
        }
        if (txn && status != TXN_INCOMPLETE) {
            error = (status == TXN_ERROR
                     ? xasprintf("%s: %s", remote,
                                 ovsdb_idl_txn_get_error(txn)) : NULL);
            ovsdb_idl_txn_destroy(txn);
            txn = NULL;
        }
        if (status == TXN_INCOMPLETE || status == TXN_TRY_AGAIN) {
            ovsdb_idl_wait(idl);
            if (txn) {
                ovsdb_idl_txn_wait(txn);
            }
            poll_timer_wait_until(deadline);
            poll_block();
        }
    } while ((status == TXN_INCOMPLETE || status == TXN_TRY_AGAIN)
             && time_msec() < deadline);
    if (txn) {
        ovsdb_idl_txn_destroy(txn);
    }
    ovsdb_idl_destroy(idl);
    if (!error && status != TXN_SUCCESS && status != TXN_UNCHANGED) {
        error = xasprintf("%s: not written within %d seconds", remote,
                          timeout);
    }
    return error;
}

char *
xfsm_fleet_import(const char *remote, const char *file, int timeout)
{
    struct xfsm_fleet *fleet;
    char *folder;
    char *error = xfsm_fleet_read_file(file, &fleet);

    if (error) {
        return error;
    }
    folder = dir_name(file);
    error = xfsm_fleet_read_sources(fleet, folder);
    free(folder);
    if (!error) {
        error = write_fleet(remote, fleet, timeout);
    } else {
        char *text = xasprintf("%s: %s", file, error);

        free(error);
        error = text;
    }
    xfsm_fleet_destroy(fleet);
    return error;
}
