/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include <config.h>
#include "ovsdb-schema/ovs-compat.h"

#include "controller/fleetd.h"

#include <stdlib.h>

#include "controller/fleet-db.h"
#include "controller/fleet.h"
#include "openvswitch/dynamic-string.h"
#include "openvswitch/poll-loop.h"
#include "openvswitch/vlog.h"
#include "unixctl.h"
#include "util.h"
#include "xfsm/io/releases.h"

VLOG_DEFINE_THIS_MODULE(fleetd_show);

static void
cmd_exit(struct unixctl_conn *conn, int argc OVS_UNUSED,
         const char *argv[] OVS_UNUSED, void *ctl_)
{
    struct controller *ctl = ctl_;

    ctl->exiting = true;
    unixctl_command_reply(conn, NULL);
}

/* Appends where the fleet comes from, how large it is, and what is wrong with
 * it. */
static void
show_fleet(const struct controller *ctl, struct ds *ds)
{
    const struct xfsm_fleet *fleet = ctl->fleet;

    if (ctl->db) {
        xfsm_fleet_db_show(ctl->db, ds);
    }
    if (!fleet) {
        return;
    }
    ds_put_format(ds, "%s: %"PRIuSIZE" hosts, %"PRIuSIZE" programs, %"
                  PRIuSIZE" assignments\n",
                  ctl->db ? ctl->name : ctl->fleet_file,
                  shash_count(&ctl->hosts), shash_count(&fleet->programs),
                  shash_count(&fleet->assignments));
    if (ctl->reload_error) {
        ds_put_format(ds, "not reloaded:\n%s\n", ctl->reload_error);
    }
    xfsm_fleet_put_errors(fleet, ds);
}

static void
cmd_show(struct unixctl_conn *conn, int argc OVS_UNUSED,
         const char *argv[] OVS_UNUSED, void *ctl_)
{
    struct controller *ctl = ctl_;
    const struct shash_node **nodes = shash_sort(&ctl->hosts);
    size_t n = shash_count(&ctl->hosts);
    struct ds ds = DS_EMPTY_INITIALIZER;
    size_t i;

    show_fleet(ctl, &ds);
    for (i = 0; i < n; i++) {
        xfsm_host_show(nodes[i]->data, &ds);
        if (ctl->collector) {
            xfsm_collector_show(ctl->collector, nodes[i]->name, &ds);
        }
    }
    if (ctl->sink) {
        xfsm_sink_show(ctl->sink, &ds);
    }
    free(nodes);
    unixctl_command_reply(conn, ds_cstr(&ds));
    ds_destroy(&ds);
}

static void
cmd_reload(struct unixctl_conn *conn, int argc OVS_UNUSED,
           const char *argv[] OVS_UNUSED, void *ctl_)
{
    xfsm_fleetd_reload(ctl_, conn);
    poll_immediate_wake();
}

static void
cmd_reopen(struct unixctl_conn *conn, int argc OVS_UNUSED,
           const char *argv[] OVS_UNUSED, void *ctl_)
{
    char *error = xfsm_fleetd_reopen(ctl_);

    if (error) {
        unixctl_command_reply_error(conn, error);
        free(error);
    } else {
        unixctl_command_reply(conn, NULL);
    }
}

static struct xfsm_releases *
get_releases(struct unixctl_conn *conn, const struct controller *ctl)
{
    if (!ctl->db || !ctl->program_keys) {
        unixctl_command_reply_error(conn, "no signatures are demanded "
                                    "(--program-keys)");
        return NULL;
    }
    return xfsm_fleet_db_releases(ctl->db);
}

static void
cmd_program_versions(struct unixctl_conn *conn, int argc OVS_UNUSED,
                     const char *argv[] OVS_UNUSED, void *ctl)
{
    const struct xfsm_releases *releases = get_releases(conn, ctl);

    if (releases) {
        char *text = xfsm_releases_format(releases);

        unixctl_command_reply(conn, text);
        free(text);
    }
}

/* Lets an older version of a signed program be rolled out. */
static void
cmd_allow_version(struct unixctl_conn *conn, int argc OVS_UNUSED,
                  const char *argv[], void *ctl_)
{
    struct controller *ctl = ctl_;
    struct xfsm_releases *releases = get_releases(conn, ctl);
    long long int version = 0;
    char *error;

    if (!releases) {
        return;
    }
    str_to_llong(argv[2], 10, &version);
    error = xfsm_releases_allow(releases, argv[1], version);
    if (!error) {
        error = xfsm_releases_save(releases);
        xfsm_fleet_db_read_again(ctl->db);
        poll_immediate_wake();
    }
    if (error) {
        unixctl_command_reply_error(conn, error);
        free(error);
    } else {
        VLOG_WARN("%s: version %lld and later ones are allowed, by "
                  "ovs-appctl", argv[1], version);
        unixctl_command_reply(conn, NULL);
    }
}

static void
cmd_routes(struct unixctl_conn *conn, int argc OVS_UNUSED,
           const char *argv[] OVS_UNUSED, void *aux OVS_UNUSED)
{
    struct ds ds = DS_EMPTY_INITIALIZER;

    xfsm_rest_list_routes(&ds);
    unixctl_command_reply(conn, ds_cstr(&ds));
    ds_destroy(&ds);
}

static void
cmd_audit(struct unixctl_conn *conn, int argc, const char *argv[],
          void *ctl_)
{
    struct controller *ctl = ctl_;
    struct ds ds = DS_EMPTY_INITIALIZER;
    unsigned int limit = XFSM_REST_LIMIT;

    if (!ctl->rest) {
        unixctl_command_reply_error(conn, "it serves no REST API (--http)");
    } else if (argc > 1 && (!str_to_uint(argv[1], 10, &limit) || !limit)) {
        unixctl_command_reply_error(conn, "LIMIT must be a number");
    } else {
        xfsm_rest_list_audit(ctl->rest, limit, argc > 2 ? argv[2] : NULL,
                             &ds);
        unixctl_command_reply(conn, ds_cstr(&ds));
    }
    ds_destroy(&ds);
}

struct unixctl_server *
xfsm_fleetd_listen(struct controller *ctl)
{
    struct unixctl_server *unixctl;

    if (unixctl_server_create(ctl->unixctl_path, &unixctl)) {
        exit(EXIT_FAILURE);
    }
    unixctl_command_register("exit", "", 0, 0, cmd_exit, ctl);
    unixctl_command_register("fleet/show", "", 0, 0, cmd_show, ctl);
    unixctl_command_register("fleet/reload", "", 0, 0, cmd_reload, ctl);
    unixctl_command_register("fleet/program-versions", "", 0, 0,
                             cmd_program_versions, ctl);
    unixctl_command_register("fleet/allow-version", "PROGRAM VERSION", 2, 2,
                             cmd_allow_version, ctl);
    unixctl_command_register("events/reopen", "", 0, 0, cmd_reopen, ctl);
    unixctl_command_register("audit/list", "[LIMIT [TEXT]]", 0, 2, cmd_audit,
                             ctl);
    unixctl_command_register("http/routes", "", 0, 0, cmd_routes, ctl);
    return unixctl;
}
