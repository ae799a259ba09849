/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include <config.h>
#include "ovsdb-schema/ovs-compat.h"

#include "controller/fleetd.h"

#include <stdlib.h>
#include <string.h>

#include "controller/fleet-db.h"
#include "controller/fleet-json.h"
#include "controller/members.h"
#include "controller/programs.h"
#include "dirs.h"
#include "openvswitch/vlog.h"
#include "util.h"

VLOG_DEFINE_THIS_MODULE(fleetd);

/* ## The fleet ## */

/* Reads and compiles the description.  Returns NULL and stores it, or an
 * error. */
static char *
load_fleet(const struct controller *ctl, struct xfsm_fleet **fleetp)
{
    struct xfsm_fleet *fleet;
    char *folder;
    char *error = xfsm_fleet_read_file(ctl->fleet_file, &fleet);

    if (error) {
        return error;
    }
    folder = dir_name(ctl->fleet_file);
    error = xfsm_fleet_compile(fleet, ctl->fleet, ctl->tool, folder);
    free(folder);
    if (error) {
        char *text = xasprintf("%s: %s", ctl->fleet_file, error);

        xfsm_fleet_destroy(fleet);
        free(error);
        return text;
    }
    *fleetp = fleet;
    return NULL;
}

/* Tells whether 'wanted', which may be NULL, is to be met by us. */
static bool
is_ours(const struct controller *ctl, const struct xfsm_fleet_host *wanted)
{
    return wanted && !wanted->error
           && (!ctl->members || xfsm_members_owns(ctl->members,
                                                  wanted->name));
}

/* Keeps what a host counted. */
static void
keep_counters(struct controller *ctl, struct xfsm_host *host)
{
    struct xfsm_host_status status;

    xfsm_traffic_add(&ctl->gone, xfsm_host_get_traffic(host));
    xfsm_host_get_status(host, &status);
    ctl->gone_drifts += status.drifts;
    xfsm_host_status_destroy(&status);
}

/* Lets go of hosts that are not ours any more, or are somewhere else. */
static void
remove_hosts(struct controller *ctl, const struct xfsm_fleet *fleet)
{
    struct shash_node *node;

    SHASH_FOR_EACH_SAFE (node, &ctl->hosts) {
        const struct xfsm_fleet_host *wanted
            = shash_find_data(&fleet->hosts, node->name);

        if (!is_ours(ctl, wanted)
            || strcmp(wanted->ovsdb, xfsm_host_get_remote(node->data))) {
            keep_counters(ctl, node->data);
            xfsm_host_destroy(node->data);
            shash_delete(&ctl->hosts, node);
        }
    }
}

/* Meets those of 'fleet' that are ours.  'changed' tells whether the fleet is
 * another one. */
static void
add_hosts(struct controller *ctl, const struct xfsm_fleet *fleet,
          bool changed)
{
    const struct shash_node *node;

    SHASH_FOR_EACH (node, &fleet->hosts) {
        const struct xfsm_fleet_host *wanted = node->data;
        struct xfsm_host *host = shash_find_data(&ctl->hosts, wanted->name);

        if (!is_ours(ctl, wanted)) {
            continue;
        } else if (!host) {
            host = xfsm_host_create(wanted->name, wanted->ovsdb, ctl->mode);
            shash_add(&ctl->hosts, wanted->name, host);
            xfsm_host_set_fleet(host, fleet);
        } else if (changed) {
            xfsm_host_set_fleet(host, fleet);
        }
    }
}

/* Makes 'fleet', which becomes the controller's unless it is so already, the
 * one that hosts are written by. */
static void
set_fleet(struct controller *ctl, struct xfsm_fleet *fleet)
{
    remove_hosts(ctl, fleet);
    add_hosts(ctl, fleet, fleet != ctl->fleet);
    if (ctl->collector) {
        xfsm_collector_set_fleet(ctl->collector, fleet, &ctl->hosts);
    }
    if (fleet != ctl->fleet) {
        xfsm_fleet_destroy(ctl->fleet);
        ctl->fleet = fleet;
    }
    if (ctl->members) {
        ctl->members_seqno = xfsm_members_seqno(ctl->members);
    }
}

const char *
xfsm_fleetd_reload(struct controller *ctl)
{
    struct xfsm_fleet *fleet = NULL;

    if (ctl->db) {
        return NULL;
    }
    free(ctl->reload_error);
    ctl->reload_error = load_fleet(ctl, &fleet);
    if (ctl->reload_error) {
        VLOG_ERR("the fleet stays as it was:\n%s", ctl->reload_error);
    } else {
        set_fleet(ctl, fleet);
        VLOG_INFO("%s: %"PRIuSIZE" hosts, %"PRIuSIZE" programs, %"PRIuSIZE
                  " assignments", ctl->fleet_file,
                  shash_count(&ctl->fleet->hosts),
                  shash_count(&ctl->fleet->programs),
                  shash_count(&ctl->fleet->assignments));
    }
    return ctl->reload_error;
}

const char *
xfsm_fleetd_start(struct controller *ctl)
{
    struct xfsm_fleet *fleet;

    if (!ctl->db_remote) {
        ctl->reload_error = load_fleet(ctl, &fleet);
        if (!ctl->reload_error) {
            set_fleet(ctl, fleet);
        }
        return ctl->reload_error;
    }
    ctl->db = xfsm_fleet_db_create(ctl->db_remote, ctl->name, ctl->tool,
                                   ctl->mode == XFSM_HOST_DRY_RUN);
    if (!ctl->once) {
        ctl->members = xfsm_members_create(ctl->db_remote, ctl->name);
    }
    return NULL;
}

char *
xfsm_fleetd_reopen(struct controller *ctl)
{
    char *error = ctl->sink ? xfsm_sink_reopen(ctl->sink) : NULL;

    if (error) {
        VLOG_ERR("%s", error);
    }
    return error;
}

/* ## Main loop ## */

/* Takes what is new in the database. */
static void
run_db(struct controller *ctl)
{
    struct xfsm_fleet *fleet = xfsm_fleet_db_run(ctl->db, ctl->fleet);

    if (ctl->members) {
        xfsm_members_run(ctl->members, &ctl->hosts, ctl->cfg);
    }
    if (fleet) {
        set_fleet(ctl, fleet);
    } else if (ctl->fleet && ctl->members
               && xfsm_members_seqno(ctl->members) != ctl->members_seqno) {
        set_fleet(ctl, ctl->fleet);
    }
    ctl->cfg = xfsm_fleet_db_get_cfg(ctl->db);
}

void
xfsm_fleetd_run(struct controller *ctl)
{
    struct shash_node *node;

    if (ctl->db) {
        run_db(ctl);
    }
    SHASH_FOR_EACH (node, &ctl->hosts) {
        xfsm_host_run(node->data);
    }
    if (ctl->collector) {
        xfsm_collector_run(ctl->collector);
    }
}

void
xfsm_fleetd_wait(struct controller *ctl)
{
    struct shash_node *node;

    if (ctl->db) {
        xfsm_fleet_db_wait(ctl->db);
    }
    if (ctl->members) {
        xfsm_members_wait(ctl->members);
    }
    SHASH_FOR_EACH (node, &ctl->hosts) {
        xfsm_host_wait(node->data);
    }
    if (ctl->collector) {
        xfsm_collector_wait(ctl->collector);
    }
}

void
xfsm_fleetd_destroy(struct controller *ctl)
{
    struct shash_node *node;

    xfsm_rest_destroy(ctl->rest);
    xfsm_collector_destroy(ctl->collector);
    SHASH_FOR_EACH (node, &ctl->hosts) {
        xfsm_host_destroy(node->data);
    }
    shash_destroy(&ctl->hosts);
    xfsm_members_destroy(ctl->members);
    xfsm_fleet_db_destroy(ctl->db);
    xfsm_sink_close(ctl->sink);
    xfsm_sink_options_destroy(&ctl->events);
    xfsm_fleet_destroy(ctl->fleet);
    free(ctl->reload_error);
    free(ctl->fleet_file);
    free(ctl->db_remote);
    free(ctl->name);
    free(ctl->state_dir);
    free(ctl->key_file);
    free(ctl->hub_keys);
    free(ctl->tool);
    free(ctl->http.listen);
    free(ctl->http.tokens);
    free(ctl->http.web);
    free(ctl->http.key);
    free(ctl->http.audit);
    free(ctl->http.cert);
}
