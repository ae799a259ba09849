/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include <config.h>
#include "ovsdb-schema/ovs-compat.h"

#include "controller/fleet-rows.h"

#include <stdlib.h>
#include <string.h>

#include "controller/parameters.h"
#include "controller/tenants.h"
#include "openvswitch/dynamic-string.h"
#include "ovsdb-idl.h"
#include "ovsdb-schema/sorted-rows.h"
#include "ovsdb-schema/xfsm-fleet-idl.h"
#include "util.h"
#include "xfsm/io/zmq-socket.h"
#include "xfsm/program/image.h"

/* Adds 'error', if not NULL, to what is in '*errorp', and frees it. */
static void
add_error(char **errorp, char *error)
{
    if (error && *errorp) {
        char *both = xasprintf("%s; %s", *errorp, error);

        free(*errorp);
        free(error);
        *errorp = both;
    } else if (error) {
        *errorp = error;
    }
}

/* ## Hosts ## */

static void
read_host(const struct fleetrec_host *row, struct xfsm_fleet *fleet)
{
    struct xfsm_fleet_host *host = xfsm_fleet_add_host(fleet, row->name);
    struct ds remotes = DS_EMPTY_INITIALIZER;
    size_t i;

    add_error(&host->error, xfsm_fleet_check_name(row->name));
    for (i = 0; i < row->n_remotes; i++) {
        add_error(&host->error, xfsm_fleet_check_remote(row->remotes[i]));
        ds_put_format(&remotes, "%s%s", i ? "," : "", row->remotes[i]);
    }
    if (shash_count(&fleet->hosts) > XFSM_FLEET_MAX_HOSTS) {
        add_error(&host->error, xasprintf("more than %d hosts",
                                          XFSM_FLEET_MAX_HOSTS));
    }
    if (row->events) {
        add_error(&host->error,
                  xfsm_zmq_check_endpoint(row->events, false));
        host->events = xstrdup(row->events);
    }
    if (row->hub_key) {
        add_error(&host->error, xfsm_fleet_check_hub_key(row->hub_key));
        host->hub_key = xstrdup(row->hub_key);
    }
    host->ovsdb = ds_steal_cstr(&remotes);
    host->leaving = row->n_leaving > 0;
    smap_clone(&host->labels, &row->labels);
    smap_clone(&host->canaries, &row->canaries);
}

/* ## Programs ## */

static int
compare_versions(const void *a_, const void *b_)
{
    const struct fleetrec_program *const *a = a_;
    const struct fleetrec_program *const *b = b_;
    int diff = strcmp((*a)->name, (*b)->name);

    return diff ? diff : ((*a)->version > (*b)->version)
                         - ((*a)->version < (*b)->version);
}

static void
read_program(const struct fleetrec_program *row, const struct smap *common,
             struct xfsm_fleet *fleet)
{
    struct xfsm_fleet_program *p = xfsm_fleet_add_program(fleet, row->name);

    p->all_hosts = false;
    p->version = row->version;
    p->source = xstrdup(row->source);
    p->signature = row->signature[0] ? xstrdup(row->signature) : NULL;
    add_error(&p->error, xfsm_fleet_check_program_name(row->name));
    if (strlen(row->source) > XFSM_MAX_SOURCE_BYTES) {
        add_error(&p->error,
                  xasprintf("is longer than the %d bytes that a program can "
                            "have", XFSM_MAX_SOURCE_BYTES));
    }
    if (shash_count(&fleet->programs) > XFSM_FLEET_MAX_PROGRAMS) {
        add_error(&p->error, xasprintf("more than %d programs",
                                       XFSM_FLEET_MAX_PROGRAMS));
    }
    p->blocked = xfsm_rollout_read_options(&row->options, common,
                                           &p->rollout.options);
    if (!xfsm_rollout_state_from_name(row->state, &p->rollout.state)) {
        p->rollout.state = XFSM_ROLLOUT_NEW;
    }
    p->rollout.since = row->n_since ? row->since[0] : 0;
    if (p->rollout.state == XFSM_ROLLOUT_ROLLED_BACK
        || p->rollout.state == XFSM_ROLLOUT_INVALID) {
        p->rollout.error = nullable_xstrdup(row->error);
    }
}

/* Reads the newest versions of each program, oldest first. */
static void
read_programs(struct ovsdb_idl *idl, struct xfsm_fleet *fleet)
{
    const struct fleetrec_fleet *global = fleetrec_fleet_first(idl);
    const struct smap none = SMAP_INITIALIZER(&none);
    size_t n, i;
    const struct fleetrec_program **rows
        = xfsm_sorted_rows(idl, &fleetrec_table_program, compare_versions,
                           &n);

    for (i = 0; i < n; i++) {
        if (i + XFSM_FLEET_MAX_VERSIONS >= n
            || strcmp(rows[i]->name,
                      rows[i + XFSM_FLEET_MAX_VERSIONS]->name)) {
            read_program(rows[i], global ? &global->options : &none, fleet);
        }
    }
    free(rows);
}

/* ## Tenants ## */

/* Finds the hosts where the tenant of 'row' can have ports: where neither
 * column is set, all. */
static void
find_tenant_hosts(const struct fleetrec_tenant *row,
                  const struct xfsm_fleet *fleet,
                  struct xfsm_fleet_tenant *tenant)
{
    const struct shash_node *node;

    tenant->all_hosts = !row->n_hosts && smap_is_empty(&row->host_labels);
    SHASH_FOR_EACH (node, &fleet->hosts) {
        if (!tenant->all_hosts
            && xfsm_fleet_host_is_meant(node->data, row->hosts, row->n_hosts,
                                        &row->host_labels)) {
            sset_add(&tenant->hosts, node->name);
        }
    }
}

static void
read_tenant(const struct fleetrec_tenant *row, struct xfsm_fleet *fleet)
{
    struct xfsm_fleet_tenant *tenant = xfsm_fleet_add_tenant(fleet,
                                                             row->name);
    const struct smap_node *node;

    add_error(&tenant->error, xfsm_tenant_check_name(row->name));
    if (shash_count(&fleet->tenants) > XFSM_FLEET_MAX_TENANTS) {
        add_error(&tenant->error, xasprintf("more than %d tenants",
                                            XFSM_FLEET_MAX_TENANTS));
    }
    SMAP_FOR_EACH (node, &row->target) {
        char *error = xfsm_fleet_check_target(node->key, node->value);

        if (error) {
            add_error(&tenant->error, xasprintf("target:%s: %s", node->key,
                                                error));
            free(error);
        }
    }
    if (smap_is_empty(&row->target)) {
        add_error(&tenant->error, xstrdup("no target, so it has no port"));
    }
    if (row->n_programs > XFSM_TENANT_MAX_PATTERNS) {
        add_error(&tenant->error, xasprintf("more than %d patterns of "
                                            "programs",
                                            XFSM_TENANT_MAX_PATTERNS));
    }
    smap_clone(&tenant->target, &row->target);
    sset_add_array(&tenant->programs, row->programs, row->n_programs);
    find_tenant_hosts(row, fleet, tenant);
    add_error(&tenant->error, xfsm_tenant_read_limits(&row->limits,
                                                      &tenant->limits));
}

/* ## Assignments ## */

/* Finds the hosts that 'row' selects. */
static void
select_hosts(const struct fleetrec_assignment *row,
             const struct xfsm_fleet *fleet,
             struct xfsm_fleet_assignment *assignment)
{
    const struct shash_node *node;

    SHASH_FOR_EACH (node, &fleet->hosts) {
        const struct xfsm_fleet_host *host = node->data;

        if (xfsm_fleet_host_is_meant(host, row->hosts, row->n_hosts,
                                     &row->host_labels)) {
            sset_add(&assignment->hosts, host->name);
        }
    }
    if (!row->n_hosts && smap_is_empty(&row->host_labels)) {
        sset_clear(&assignment->hosts);
        assignment->unplaced = true;
        add_error(&assignment->error,
                  xstrdup("neither hosts nor host_labels are set, so no host "
                          "is meant; hosts=\"*\" is all"));
    }
}

static void
read_assignment(const struct fleetrec_assignment *row,
                struct xfsm_fleet *fleet)
{
    struct xfsm_fleet_assignment *assignment
        = xfsm_fleet_add_assignment(fleet, row->name);
    const struct smap_node *node;
    size_t i;

    add_error(&assignment->error, xfsm_fleet_check_name(row->name));
    if (shash_count(&fleet->assignments) > XFSM_FLEET_MAX_ASSIGNMENTS) {
        add_error(&assignment->error, xasprintf("more than %d assignments",
                                                XFSM_FLEET_MAX_ASSIGNMENTS));
    }
    for (i = 0; i < row->n_programs; i++) {
        sset_add(&assignment->programs, row->programs[i]);
        if (!shash_find(&fleet->programs, row->programs[i])) {
            add_error(&assignment->error,
                      xasprintf("there is no program \"%s\"",
                                row->programs[i]));
        }
    }
    if (!row->n_programs) {
        add_error(&assignment->error, xstrdup("no programs"));
    }
    SMAP_FOR_EACH (node, &row->target) {
        char *error = xfsm_fleet_check_target(node->key, node->value);

        if (error) {
            add_error(&assignment->error, xasprintf("target:%s: %s",
                                                    node->key, error));
            free(error);
        }
    }
    if (smap_is_empty(&row->target)) {
        add_error(&assignment->error,
                  xstrdup("no target, so no port is meant; port=\"*\" is "
                          "all"));
    }
    smap_clone(&assignment->target, &row->target);
    add_error(&assignment->error,
              xfsm_fleet_set_parameters(assignment, &row->parameters));
    assignment->enabled = row->enabled;
    select_hosts(row, fleet, assignment);
    if (row->tenant) {
        add_error(&assignment->error,
                  xfsm_fleet_confine(fleet, assignment, row->tenant));
    }
}

static int
compare_assignments(const void *a_, const void *b_)
{
    const struct fleetrec_assignment *const *a = a_;
    const struct fleetrec_assignment *const *b = b_;

    return strcmp((*a)->name, (*b)->name);
}

/* Reads all, in the order of their names, by which the limits of tenants
 * go. */
static void
read_assignments(struct ovsdb_idl *idl, struct xfsm_fleet *fleet)
{
    size_t n, i;
    const struct fleetrec_assignment **rows
        = xfsm_sorted_rows(idl, &fleetrec_table_assignment,
                           compare_assignments, &n);

    for (i = 0; i < n; i++) {
        read_assignment(rows[i], fleet);
    }
    free(rows);
}

struct xfsm_fleet *
xfsm_fleet_rows_read(struct ovsdb_idl *idl)
{
    struct xfsm_fleet *fleet = xfsm_fleet_create();
    const struct fleetrec_tenant *tenant;
    const struct fleetrec_host *host;

    FLEETREC_HOST_FOR_EACH (host, idl) {
        read_host(host, fleet);
    }
    read_programs(idl, fleet);
    FLEETREC_TENANT_FOR_EACH (tenant, idl) {
        read_tenant(tenant, fleet);
    }
    read_assignments(idl, fleet);
    return fleet;
}

/* ## Which version for whom ## */

/* Adds to 'hosts' those that an assignment gives 'program' to. */
static void
find_users(const struct xfsm_fleet *fleet, const char *program,
           struct sset *hosts)
{
    const struct shash_node *node;

    SHASH_FOR_EACH (node, &fleet->assignments) {
        const struct xfsm_fleet_assignment *assignment = node->data;
        const char *host;

        if (!assignment->error && assignment->enabled
            && sset_contains(&assignment->programs, program)) {
            SSET_FOR_EACH (host, &assignment->hosts) {
                sset_add(hosts, host);
            }
        }
    }
}

static void
find_canaries(const struct xfsm_fleet *fleet,
              const struct xfsm_fleet_program *program, struct sset *canaries)
{
    struct sset users = SSET_INITIALIZER(&users);

    find_users(fleet, program->name, &users);
    xfsm_rollout_pick(program->name, &users,
                      program->rollout.options.canary_percent, canaries);
    sset_destroy(&users);
}

/* Finds out how the hosts of 'canaries' are with 'program'.  Returns what is
 * wrong, or NULL. */
static char *
get_health(const struct xfsm_fleet *fleet,
           const struct xfsm_fleet_program *program,
           const struct sset *canaries, enum xfsm_rollout_health *health)
{
    char *key = xasprintf("%s/%"PRId64, program->name, program->version);
    char *reason = NULL;
    const char *name;

    *health = XFSM_ROLLOUT_WELL;
    SSET_FOR_EACH (name, canaries) {
        const struct xfsm_fleet_host *host
            = shash_find_data(&fleet->hosts, name);
        const char *verdict = smap_get(&host->canaries, key);

        if (!verdict) {
            *health = (*health == XFSM_ROLLOUT_ILL ? XFSM_ROLLOUT_ILL
                       : XFSM_ROLLOUT_UNKNOWN);
        } else if (strcmp(verdict, "well")) {
            *health = XFSM_ROLLOUT_ILL;
            add_error(&reason, xasprintf("%s: %s", name, verdict));
        }
    }
    free(key);
    return reason;
}

static int64_t
decide_program(struct xfsm_fleet *fleet, struct xfsm_fleet_program *newest,
               int64_t now)
{
    struct xfsm_rollout *versions[XFSM_FLEET_MAX_VERSIONS];
    char *reasons[XFSM_FLEET_MAX_VERSIONS];
    struct xfsm_fleet_program *p = newest;
    size_t n = 0, i;
    int64_t next;

    do {
        struct sset canaries = SSET_INITIALIZER(&canaries);

        p->decision = p->rollout;
        p->decision.error = nullable_xstrdup(p->rollout.error);
        find_canaries(fleet, p, &canaries);
        reasons[n] = get_health(fleet, p, &canaries, &p->decision.health);
        p->decision.n_hosts = sset_count(&canaries);
        p->decision.reason = reasons[n];
        p->decision.invalid = p->retry ? NULL : p->error;
        p->decision.unknown = p->retry;
        p->decision.blocked = p->retry ? p->error : p->blocked;
        versions[n++] = &p->decision;
        sset_destroy(&canaries);
        p = p->older;
    } while (p);
    next = xfsm_rollout_decide(versions, n, now);
    for (i = 0; i < n; i++) {
        free(reasons[i]);
        versions[i]->reason = NULL;
    }
    return next;
}

int64_t
xfsm_fleet_rows_decide(struct xfsm_fleet *fleet, int64_t now)
{
    const struct shash_node *node;
    int64_t next = INT64_MAX;

    SHASH_FOR_EACH (node, &fleet->programs) {
        int64_t due = decide_program(fleet, node->data, now);

        next = MIN(next, due);
    }
    return next;
}

/* Says which hosts each version of a program is for.  If the one that was
 * active is not there any more, the one that it replaced is as good, until
 * that is decided: or hosts would be without any for a moment. */
static void
place_program(const struct xfsm_fleet *fleet,
              struct xfsm_fleet_program *newest)
{
    struct xfsm_fleet_program *replaced = NULL;
    struct xfsm_fleet_program *p;
    bool active = false;

    for (p = newest; p; p = p->older) {
        p->all_hosts = p->rollout.state == XFSM_ROLLOUT_ACTIVE;
        active = active || p->all_hosts;
        if (p->rollout.state == XFSM_ROLLOUT_CANARY) {
            find_canaries(fleet, p, &p->hosts);
        } else if (p->rollout.state == XFSM_ROLLOUT_REPLACED && !replaced) {
            replaced = p;
        }
    }
    if (!active && replaced) {
        replaced->all_hosts = true;
    }
}

void
xfsm_fleet_rows_place(struct xfsm_fleet *fleet, bool decided)
{
    const struct shash_node *node;

    SHASH_FOR_EACH (node, &fleet->programs) {
        struct xfsm_fleet_program *p;

        for (p = node->data; p && decided; p = p->older) {
            p->rollout.state = p->decision.state;
        }
        place_program(fleet, node->data);
    }
}
