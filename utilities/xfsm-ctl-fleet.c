/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include <config.h>
#include "ovsdb-schema/ovs-compat.h"

#include "utilities/xfsm-ctl.h"

#include <stdlib.h>
#include <string.h>

#include "controller/fleet-rows.h"
#include "controller/fleet.h"
#include "controller/host-row.h"
#include "db-ctl-base.h"
#include "ovsdb-idl.h"
#include "ovsdb-schema/xfsm-fleet-idl.h"
#include "smap.h"
#include "sset.h"
#include "svec.h"
#include "util.h"

/* Beginnings of selectors that are not about ports. */
#define HOST_LABEL "host-label:"
#define PARAMETER "param:"

/* Most arguments of a command that takes any number. */
#define MAX_ARGS 1024

/* What an assignment says, beside its programs. */
struct selector {
    struct smap target;
    struct smap labels;
    struct smap parameters;
    struct sset hosts;
};

void
xfsm_ctl_pre_fleet(struct ctl_context *ctx)
{
    for (size_t i = 0; i < FLEETREC_N_TABLES; i++) {
        const struct ovsdb_idl_table_class *table = &fleetrec_table_classes[i];

        for (size_t j = 0; j < table->n_columns; j++) {
            if (&table->columns[j] != &fleetrec_program_col_source) {
                ovsdb_idl_add_column(ctx->idl, &table->columns[j]);
            }
        }
    }
}

/* Takes note of a row of table 'kind'.  Reports and returns false if another
 * command of the transaction has made it without a name, or with one that is
 * taken: that could not be committed. */
static bool
check_row(struct ctl_context *ctx, struct sset *names, const char *kind,
          const char *name)
{
    if (!name || !sset_add(names, name)) {
        ctl_error(ctx, "a row of table %s would have no name, or that of "
                  "another one", kind);
        return false;
    }
    return true;
}

/* Tells whether all rows have names. */
static bool
check_rows(struct ctl_context *ctx)
{
    struct sset hosts = SSET_INITIALIZER(&hosts);
    struct sset assignments = SSET_INITIALIZER(&assignments);
    const struct fleetrec_assignment *assignment;
    struct sset tenants = SSET_INITIALIZER(&tenants);
    const struct fleetrec_program *program;
    const struct fleetrec_tenant *tenant;
    const struct fleetrec_host *host;
    bool ok = true;

    FLEETREC_HOST_FOR_EACH (host, ctx->idl) {
        ok = ok && check_row(ctx, &hosts, "Host", host->name);
    }
    FLEETREC_ASSIGNMENT_FOR_EACH (assignment, ctx->idl) {
        ok = ok && check_row(ctx, &assignments, "Assignment",
                             assignment->name);
    }
    FLEETREC_TENANT_FOR_EACH (tenant, ctx->idl) {
        ok = ok && check_row(ctx, &tenants, "Tenant", tenant->name);
    }
    FLEETREC_PROGRAM_FOR_EACH (program, ctx->idl) {
        if (ok && !program->name) {
            ctl_error(ctx, "a row of table Program would have no name");
            ok = false;
        }
    }
    sset_destroy(&hosts);
    sset_destroy(&assignments);
    sset_destroy(&tenants);
    return ok;
}

struct xfsm_fleet *
xfsm_ctl_read_fleet(struct ctl_context *ctx)
{
    return check_rows(ctx) ? xfsm_fleet_rows_read(ctx->idl) : NULL;
}

/* ## Hosts ## */

bool
xfsm_ctl_parse_pairs(struct ctl_context *ctx, char *const args[], int n,
                     struct smap *map)
{
    for (int i = 0; i < n; i++) {
        const char *equals = strchr(args[i], '=');
        char *key = equals ? xmemdup0(args[i], equals - args[i]) : NULL;

        if (!key || !*key || smap_get(map, key)) {
            ctl_error(ctx, key && *key ? "%s: \"%s\" is given twice"
                      : "%s: not of the form KEY=VALUE", args[i], key);
            free(key);
            return false;
        }
        smap_add_nocopy(map, key, xstrdup(equals + 1));
    }
    return true;
}

/* Reads the configuration of the host from the command line, and what is not
 * there from 'row', which may be NULL.  Reports and returns false if it is
 * none. */
static bool
parse_host(struct ctl_context *ctx, const struct fleetrec_host *row,
           struct xfsm_host_config *c)
{
    const struct shash_node *events = shash_find(&ctx->options, "--events");
    const struct shash_node *key = shash_find(&ctx->options, "--hub-key");
    char *error;

    if (!xfsm_ctl_parse_pairs(ctx, &ctx->argv[3], ctx->argc - 3,
                              &c->labels)) {
        return false;
    }
    for (const char *p = ctx->argv[2]; *p; ) {
        size_t n = strcspn(p, ",");

        svec_add_nocopy(&c->remotes, xmemdup0(p, n));
        p += n + (p[n] == ',');
    }
    svec_sort_unique(&c->remotes);
    c->events = nullable_xstrdup(events ? events->data
                                 : row ? row->events : NULL);
    if (c->events && !*c->events) {
        free(c->events);
        c->events = NULL;
    }
    c->hub_key = nullable_xstrdup(key ? key->data
                                  : row ? row->hub_key : NULL);
    if (c->hub_key && !*c->hub_key) {
        free(c->hub_key);
        c->hub_key = NULL;
    }
    if (row && smap_is_empty(&c->labels)) {
        smap_destroy(&c->labels);
        smap_clone(&c->labels, &row->labels);
    }
    error = xfsm_host_config_check(ctx->idl, ctx->argv[1], c);
    if (error) {
        ctl_error(ctx, "host %s: %s", ctx->argv[1], error);
        free(error);
        return false;
    }
    return true;
}

static void
cmd_add_host(struct ctl_context *ctx)
{
    const struct fleetrec_host *row = xfsm_host_row_find(ctx->idl,
                                                         ctx->argv[1]);
    struct xfsm_host_config c;

    xfsm_host_config_init(&c);
    if (row && !shash_find(&ctx->options, "--may-exist")) {
        ctl_error(ctx, "there is a host %s already (--may-exist changes it)",
                  ctx->argv[1]);
    } else if (parse_host(ctx, row, &c)) {
        xfsm_host_row_put(ctx->txn, row, ctx->argv[1], &c);
    }
    xfsm_host_config_destroy(&c);
}

static void
cmd_del_host(struct ctl_context *ctx)
{
    const struct fleetrec_host *row = xfsm_host_row_find(ctx->idl,
                                                         ctx->argv[1]);
    bool force = shash_find(&ctx->options, "--force");
    char *done, *error;

    if (row) {
        error = xfsm_host_row_remove(ctx->idl, ctx->txn, row, force, &done);
        if (error) {
            ctl_error(ctx, "%s (--force)", error);
            free(error);
        } else {
            ds_put_format(&ctx->output, "%s\n", done);
            free(done);
        }
    } else if (!shash_find(&ctx->options, "--if-exists")) {
        ctl_error(ctx, "there is no host %s", ctx->argv[1]);
    }
}

/* ## Assignments ## */

static const struct fleetrec_assignment *
find_assignment(const struct ctl_context *ctx, const char *name)
{
    const struct fleetrec_assignment *row;

    FLEETREC_ASSIGNMENT_FOR_EACH (row, ctx->idl) {
        if (row->name && !strcmp(row->name, name)) {
            return row;
        }
    }
    return NULL;
}

void
xfsm_ctl_find_users(const struct ovsdb_idl *idl, const char *program,
                    struct sset *assignments)
{
    const struct fleetrec_assignment *row;

    FLEETREC_ASSIGNMENT_FOR_EACH (row, idl) {
        for (size_t i = 0; i < row->n_programs; i++) {
            if (!strcmp(row->programs[i], program)) {
                sset_add(assignments, row->name ? row->name : "");
            }
        }
    }
}

static void
selector_init(struct selector *s)
{
    smap_init(&s->target);
    smap_init(&s->labels);
    smap_init(&s->parameters);
    sset_init(&s->hosts);
}

static void
selector_destroy(struct selector *s)
{
    smap_destroy(&s->target);
    smap_destroy(&s->labels);
    smap_destroy(&s->parameters);
    sset_destroy(&s->hosts);
}

/* Moves what begins with 'prefix' from 's->target' to 'map'. */
static void
sort_out(struct selector *s, const char *prefix, struct smap *map)
{
    struct smap_node *node;

    SMAP_FOR_EACH_SAFE (node, &s->target) {
        if (!strncmp(node->key, prefix, strlen(prefix))) {
            smap_add(map, node->key + strlen(prefix), node->value);
            smap_remove_node(&s->target, node);
        }
    }
}

/* Reads the 'n' selectors at 'args'.  Reports and returns false if one is
 * wrong, or if no port or no host is meant. */
static bool
parse_selectors(struct ctl_context *ctx, char *const args[], int n,
                struct selector *s)
{
    const struct smap_node *node;

    for (int i = 0; i < n; i++) {
        if (!strncmp(args[i], "host=", 5)) {
            sset_add(&s->hosts, args[i] + 5);
        } else if (!xfsm_ctl_parse_pairs(ctx, &args[i], 1, &s->target)) {
            return false;
        }
    }
    sort_out(s, HOST_LABEL, &s->labels);
    sort_out(s, PARAMETER, &s->parameters);
    SMAP_FOR_EACH (node, &s->target) {
        char *error = xfsm_fleet_check_target(node->key, node->value);

        if (error) {
            ctl_error(ctx, "%s=%s: %s%s", node->key, node->value, error,
                      strncmp(error, "unknown", 7) ? ""
                      : ", \"host\", \"" HOST_LABEL "KEY\", \"" PARAMETER
                        "NAME\"");
            free(error);
            return false;
        }
    }
    if (smap_is_empty(&s->target)) {
        ctl_error(ctx, "no port is meant; port=\"*\" is all");
    } else if (sset_is_empty(&s->hosts) && smap_is_empty(&s->labels)) {
        ctl_error(ctx, "no host is meant; host=\"*\" is all");
    }
    return !ctx->error;
}

static void
set_selector(const struct fleetrec_assignment *row, const struct selector *s)
{
    const char **hosts = sset_sort(&s->hosts);

    fleetrec_assignment_set_target(row, &s->target);
    fleetrec_assignment_set_hosts(row, hosts, sset_count(&s->hosts));
    fleetrec_assignment_set_host_labels(row, &s->labels);
    fleetrec_assignment_set_parameters(row, &s->parameters);
    free(hosts);
}

static void
set_programs(struct ctl_context *ctx, const struct fleetrec_assignment *row,
             const char *list)
{
    struct sset names = SSET_INITIALIZER(&names);
    const char **array;

    sset_from_delimited_string(&names, list, ",");
    if (sset_count(&names) > XFSM_FLEET_MAX_PER_ASSIGNMENT) {
        ctl_error(ctx, "%"PRIuSIZE" programs, an assignment can have %d",
                  sset_count(&names), XFSM_FLEET_MAX_PER_ASSIGNMENT);
    } else {
        array = sset_sort(&names);
        fleetrec_assignment_set_programs(row, array, sset_count(&names));
        free(array);
    }
    sset_destroy(&names);
}

/* Reports what a controller would say about the assignment, unless
 * '--force'. */
static void
check_assignment(struct ctl_context *ctx, const char *name)
{
    struct xfsm_fleet *fleet = ctx->error ? NULL : xfsm_ctl_read_fleet(ctx);

    if (fleet) {
        const struct xfsm_fleet_assignment *assignment
            = shash_find_data(&fleet->assignments, name);

        if (assignment->error && !shash_find(&ctx->options, "--force")) {
            ctl_error(ctx, "assignment %s: %s", name, assignment->error);
        }
        xfsm_fleet_destroy(fleet);
    }
}

static void
cmd_assign(struct ctl_context *ctx)
{
    const struct fleetrec_assignment *row = find_assignment(ctx, ctx->argv[1]);
    const char *tenant = shash_find_data(&ctx->options, "--tenant");
    struct selector s;

    selector_init(&s);
    if (row && !shash_find(&ctx->options, "--may-exist")) {
        ctl_error(ctx, "there is an assignment %s already (--may-exist "
                  "replaces it)", ctx->argv[1]);
    } else if (parse_selectors(ctx, &ctx->argv[3], ctx->argc - 3, &s)) {
        if (!row) {
            row = fleetrec_assignment_insert(ctx->txn);
            fleetrec_assignment_set_name(row, ctx->argv[1]);
        }
        set_selector(row, &s);
        set_programs(ctx, row, ctx->argv[2]);
        if (tenant) {           /* Else it stays whose it was. */
            fleetrec_assignment_set_tenant(row, tenant);
        }
        fleetrec_assignment_set_enabled(row, !shash_find(&ctx->options,
                                                         "--disabled"));
        check_assignment(ctx, ctx->argv[1]);
    }
    selector_destroy(&s);
}

static void
cmd_unassign(struct ctl_context *ctx)
{
    const struct fleetrec_assignment *row = find_assignment(ctx, ctx->argv[1]);

    if (row) {
        fleetrec_assignment_delete(row);
    } else if (!shash_find(&ctx->options, "--if-exists")) {
        ctl_error(ctx, "there is no assignment %s", ctx->argv[1]);
    }
}

/* 'enable-assignment' and 'disable-assignment'. */
static void
cmd_enable(struct ctl_context *ctx)
{
    const struct fleetrec_assignment *row = find_assignment(ctx, ctx->argv[1]);

    if (row) {
        fleetrec_assignment_set_enabled(row, ctx->argv[0][0] == 'e');
    } else {
        ctl_error(ctx, "there is no assignment %s", ctx->argv[1]);
    }
}

/* Prints what 'row' means. */
static void
preview_row(struct ctl_context *ctx, const struct fleetrec_assignment *row)
{
    struct xfsm_fleet *fleet = xfsm_ctl_read_fleet(ctx);

    if (fleet) {
        const struct xfsm_fleet_assignment *assignment
            = shash_find_data(&fleet->assignments, row->name);

        xfsm_ctl_preview(fleet, &assignment->hosts, &assignment->target,
                         &ctx->output);
        xfsm_fleet_destroy(fleet);
    }
}

static void
cmd_preview(struct ctl_context *ctx)
{
    const struct fleetrec_assignment *row;
    struct selector s;

    if (ctx->argc == 2 && !strchr(ctx->argv[1], '=')) {
        row = find_assignment(ctx, ctx->argv[1]);
        if (row) {
            preview_row(ctx, row);
        } else {
            ctl_error(ctx, "there is no assignment %s", ctx->argv[1]);
        }
        return;
    }
    selector_init(&s);
    if (parse_selectors(ctx, &ctx->argv[1], ctx->argc - 1, &s)) {
        /* A row that nobody else ever sees; no other has such a name. */
        row = fleetrec_assignment_insert(ctx->txn);
        fleetrec_assignment_set_name(row, "");
        set_selector(row, &s);
        preview_row(ctx, row);
        fleetrec_assignment_delete(row);
    }
    selector_destroy(&s);
}

/* What 'sync' is for comes after the transaction. */
static void
cmd_sync(struct ctl_context *ctx OVS_UNUSED)
{
}

const struct ctl_command_syntax xfsm_ctl_fleet_commands[] = {
    {"add-host", 2, MAX_ARGS, "HOST REMOTE[,REMOTE...] [LABEL=VALUE...]",
     xfsm_ctl_pre_fleet, cmd_add_host, NULL,
     "--may-exist,--events=,--hub-key=", RW},
    {"del-host", 1, 1, "HOST", xfsm_ctl_pre_fleet, cmd_del_host, NULL,
     "--force,--if-exists", RW},
    {"assign", 3, MAX_ARGS, "NAME PROGRAM[,PROGRAM...] SELECTOR...",
     xfsm_ctl_pre_fleet, cmd_assign, NULL,
     "--may-exist,--force,--disabled,--tenant=", RW},
    {"unassign", 1, 1, "NAME", xfsm_ctl_pre_fleet, cmd_unassign, NULL,
     "--if-exists", RW},
    {"enable-assignment", 1, 1, "NAME", xfsm_ctl_pre_fleet, cmd_enable, NULL,
     "", RW},
    {"disable-assignment", 1, 1, "NAME", xfsm_ctl_pre_fleet, cmd_enable,
     NULL, "", RW},
    {"preview", 1, MAX_ARGS, "NAME|SELECTOR...", xfsm_ctl_pre_fleet,
     cmd_preview, NULL, "", RO},
    {"sync", 0, 0, "", NULL, cmd_sync, NULL, "", RW},
    {NULL, 0, 0, NULL, NULL, NULL, NULL, NULL, RO},
};
