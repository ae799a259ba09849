/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include <config.h>
#include "ovsdb-schema/ovs-compat.h"

#include "controller/fleetd.h"

#include <stdlib.h>
#include <string.h>

#include "controller/compiler.h"
#include "controller/files.h"
#include "controller/fleet-db.h"
#include "controller/fleet-json.h"
#include "controller/members.h"
#include "controller/programs.h"
#include "controller/rest.h"
#include "dirs.h"
#include "openvswitch/poll-loop.h"
#include "openvswitch/vlog.h"
#include "timeval.h"
#include "unixctl.h"
#include "util.h"
#include "xfsm/io/releases.h"
#include "xfsm/io/signature.h"

VLOG_DEFINE_THIS_MODULE(fleetd);

/* ## The fleet ## */

/* Tells whether 'wanted', which may be NULL, is to be met by us. */
static bool
is_ours(const struct controller *ctl, const struct xfsm_fleet_host *wanted)
{
    return wanted && !wanted->error
           && (!ctl->members || xfsm_members_owns(ctl->members,
                                                  wanted->name));
}

/* Has there be enough file descriptors for the hosts of 'fleet' that are
 * ours.  Returns NULL or an error. */
static char *
raise_files(const struct controller *ctl, const struct xfsm_fleet *fleet)
{
    const struct shash_node *node;
    size_t n_followed = 0;
    size_t n = 0;

    SHASH_FOR_EACH (node, &fleet->hosts) {
        const struct xfsm_fleet_host *host = node->data;

        if (is_ours(ctl, host)) {
            n++;
            n_followed += ctl->collector && host->events;
        }
    }
    return xfsm_files_raise(xfsm_files_needed(n, n_followed));
}

/* Returns 'error', which is freed, as one of the description, or NULL if it is
 * NULL. */
static char *
file_error(const struct controller *ctl, char *error)
{
    char *text = error ? xasprintf("%s: %s", ctl->fleet_file, error) : NULL;

    free(error);
    return text;
}

/* Begins to load the description: reads it, with its programs.  Returns NULL
 * or an error. */
static char *
begin_load(struct controller *ctl)
{
    struct xfsm_fleet *fleet;
    char *folder;
    char *error = xfsm_fleet_read_file(ctl->fleet_file, &fleet);

    if (error) {
        return error;
    }
    folder = dir_name(ctl->fleet_file);
    error = xfsm_fleet_read_sources(fleet, folder);
    free(folder);
    if (error) {
        xfsm_fleet_destroy(fleet);
        return file_error(ctl, error);
    }
    xfsm_fleet_destroy(ctl->loading);
    ctl->loading = fleet;
    if (!ctl->compiler) {
        ctl->compiler = xfsm_compiler_create(ctl->tool);
    }
    return NULL;
}

/* Goes on with that.  Returns true when it has come to an end, and then stores
 * NULL and the fleet, or an error. */
static bool
continue_load(struct controller *ctl, struct xfsm_fleet **fleetp,
              char **errorp)
{
    char *folder;
    bool done;

    xfsm_compiler_run(ctl->compiler);
    if (xfsm_compiler_n_pending(ctl->compiler)) {
        return false;
    }
    folder = dir_name(ctl->fleet_file);
    done = xfsm_fleet_compile(ctl->loading, ctl->fleet, ctl->compiler, folder,
                              errorp);
    free(folder);
    if (!done) {
        return false;
    }
    if (!*errorp) {
        *errorp = raise_files(ctl, ctl->loading);
    }
    *errorp = file_error(ctl, *errorp);
    if (*errorp) {
        xfsm_fleet_destroy(ctl->loading);
    } else {
        *fleetp = ctl->loading;
    }
    ctl->loading = NULL;
    return true;
}

/* Does all of it, before there is a main loop that could wait. */
static char *
load_fleet(struct controller *ctl, struct xfsm_fleet **fleetp)
{
    char *error = begin_load(ctl);

    while (!error && !continue_load(ctl, fleetp, &error)) {
        xfsm_compiler_wait(ctl->compiler);
        poll_block();
    }
    return error;
}

/* Keeps what a host counted. */
static void
keep_counters(struct controller *ctl, struct xfsm_host *host)
{
    struct xfsm_host_status status;

    xfsm_traffic_add(&ctl->gone, xfsm_host_get_traffic(host));
    xfsm_host_get_brief_status(host, &status);
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
            if (ctl->rest) {
                xfsm_rest_forget_host(ctl->rest, node->name);
            }
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
    char *error = raise_files(ctl, fleet);

    if (error) {
        static struct vlog_rate_limit rl = VLOG_RATE_LIMIT_INIT(1, 1);

        VLOG_ERR_RL(&rl, "not all hosts can be followed: %s", error);
        free(error);
    }
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

/* Reads the keys that programs must be signed by.  Returns NULL or an
 * error. */
static char *
set_keys(struct controller *ctl)
{
    struct xfsm_signature_keys *keys;
    char *why = xfsm_signature_keys_read(ctl->program_keys, &keys);
    char *error = why ? xasprintf("--program-keys: %s", why) : NULL;

    if (!error) {
        xfsm_fleet_db_set_keys(ctl->db, keys);
    }
    free(why);
    return error;
}

/* Reads which versions of signed programs must not come back.  Returns NULL or
 * an error. */
static char *
read_releases(struct controller *ctl)
{
    return (ctl->program_versions
            ? xfsm_releases_load(xfsm_fleet_db_releases(ctl->db),
                                 ctl->program_versions) : NULL);
}

/* Tells those who wait how a reload went. */
static void
tell_reloads(struct controller *ctl)
{
    for (size_t i = 0; i < ctl->n_reloads; i++) {
        if (ctl->reload_error) {
            unixctl_command_reply_error(ctl->reloads[i], ctl->reload_error);
        } else {
            unixctl_command_reply(ctl->reloads[i], NULL);
        }
    }
    ctl->n_reloads = 0;
}

/* Ends a reload, with the error, if any, that is to be the controller's. */
static void
end_reload(struct controller *ctl, char *error)
{
    free(ctl->reload_error);
    ctl->reload_error = error;
    if (error && ctl->db) {
        VLOG_ERR("the keys stay as they were: %s", error);
    } else if (error) {
        VLOG_ERR("the fleet stays as it was:\n%s", error);
    }
    tell_reloads(ctl);
}

void
xfsm_fleetd_reload(struct controller *ctl, struct unixctl_conn *conn)
{
    char *error;

    if (conn) {
        if (ctl->n_reloads >= ctl->allocated_reloads) {
            ctl->reloads = x2nrealloc(ctl->reloads, &ctl->allocated_reloads,
                                      sizeof *ctl->reloads);
        }
        ctl->reloads[ctl->n_reloads++] = conn;
    }
    if (ctl->db) {
        end_reload(ctl, ctl->program_keys ? set_keys(ctl) : NULL);
        return;
    }
    error = begin_load(ctl);
    if (error) {
        end_reload(ctl, error);
    }
}

/* Goes on with a reload of the file. */
static void
run_reload(struct controller *ctl)
{
    struct xfsm_fleet *fleet;
    char *error = NULL;

    if (!continue_load(ctl, &fleet, &error)) {
        return;
    }
    if (!error) {
        set_fleet(ctl, fleet);
        VLOG_INFO("%s: %"PRIuSIZE" hosts, %"PRIuSIZE" programs, %"PRIuSIZE
                  " assignments", ctl->fleet_file,
                  shash_count(&ctl->fleet->hosts),
                  shash_count(&ctl->fleet->programs),
                  shash_count(&ctl->fleet->assignments));
    }
    end_reload(ctl, error);
}

static uint64_t
get_collected(void *members, const char *host)
{
    return xfsm_members_get_collected(members, host);
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
    if (ctl->program_keys) {
        ctl->reload_error = set_keys(ctl);
        if (!ctl->reload_error) {
            ctl->reload_error = read_releases(ctl);
        }
        if (ctl->reload_error) {
            return ctl->reload_error;
        }
    }
    if (!ctl->once) {
        ctl->members = xfsm_members_create(ctl->db_remote, ctl->name);
    }
    if (ctl->members && ctl->collector) {
        xfsm_collector_set_taking_over(ctl->collector, get_collected,
                                       ctl->members);
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

/* Has the audit log tell of programs that were refused. */
static void
audit_refusals(struct controller *ctl)
{
    struct sset refusals;
    const char *text;

    xfsm_fleet_db_take_refusals(ctl->db, &refusals);
    SSET_FOR_EACH (text, &refusals) {
        if (ctl->rest) {
            xfsm_rest_audit_own(ctl->rest, "refuse program", text, "refused");
        }
    }
    sset_destroy(&refusals);
}

/* Takes what is new in the database. */
static void
run_db(struct controller *ctl)
{
    struct xfsm_fleet *fleet = xfsm_fleet_db_run(ctl->db, ctl->fleet);

    if (ctl->members) {
        xfsm_members_run(ctl->members, &ctl->hosts, ctl->collector,
                         ctl->cfg);
    }
    if (fleet) {
        set_fleet(ctl, fleet);
    } else if (ctl->fleet && ctl->members
               && xfsm_members_seqno(ctl->members) != ctl->members_seqno) {
        set_fleet(ctl, ctl->fleet);
    }
    ctl->cfg = xfsm_fleet_db_get_cfg(ctl->db);
    audit_refusals(ctl);
}

/* Gives all hosts a turn.  Each of them has something to do every few seconds,
 * if only to tell its server that it is there: of many hosts, those that come
 * in a while are seen to together, as a turn of all takes the longer the more
 * there are. */
static void
run_hosts(struct controller *ctl)
{
    struct shash_node *node;

    ctl->hosts_held = time_msec() < ctl->hosts_next;
    if (!ctl->hosts_held) {
        SHASH_FOR_EACH (node, &ctl->hosts) {
            xfsm_host_run(node->data);
        }
        ctl->hosts_next = time_msec() + (shash_count(&ctl->hosts)
                                         / XFSM_FLEETD_HOSTS_A_MS);
    }
}

static void
wait_for_hosts(struct controller *ctl)
{
    struct shash_node *node;

    if (ctl->hosts_held) {
        poll_timer_wait_until(ctl->hosts_next);
        return;
    }
    SHASH_FOR_EACH (node, &ctl->hosts) {
        xfsm_host_wait(node->data);
    }
}

void
xfsm_fleetd_run(struct controller *ctl)
{
    if (ctl->db) {
        run_db(ctl);
    }
    if (ctl->loading) {
        run_reload(ctl);
    }
    run_hosts(ctl);
    if (ctl->collector) {
        xfsm_collector_run(ctl->collector);
    }
}

void
xfsm_fleetd_wait(struct controller *ctl)
{
    if (ctl->db) {
        xfsm_fleet_db_wait(ctl->db);
    }
    if (ctl->loading) {
        xfsm_compiler_wait(ctl->compiler);
    }
    if (ctl->members) {
        xfsm_members_wait(ctl->members);
    }
    wait_for_hosts(ctl);
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
    xfsm_fleet_destroy(ctl->loading);
    xfsm_compiler_destroy(ctl->compiler);
    free(ctl->reloads);
    free(ctl->reload_error);
    free(ctl->fleet_file);
    free(ctl->db_remote);
    free(ctl->name);
    free(ctl->state_dir);
    free(ctl->key_file);
    free(ctl->hub_keys);
    free(ctl->tool);
    free(ctl->program_keys);
    free(ctl->program_versions);
    free(ctl->http.listen);
    free(ctl->http.tokens);
    free(ctl->http.web);
    free(ctl->http.key);
    free(ctl->http.audit);
    free(ctl->http.cert);
}
