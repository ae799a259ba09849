/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include <config.h>
#include "ovsdb-schema/ovs-compat.h"

#include "utilities/xfsm-ctl.h"

#include <stdlib.h>
#include <string.h>

#include "controller/fleet.h"
#include "controller/tenants.h"
#include "controller/tokens.h"
#include "db-ctl-base.h"
#include "ovsdb-idl.h"
#include "ovsdb-schema/xfsm-fleet-idl.h"
#include "smap.h"
#include "sset.h"
#include "util.h"

/* Beginnings of arguments of add-tenant that are not about ports. */
#define HOST "host="
#define PROGRAM "program="
#define HOST_LABEL "host-label:"
#define LIMIT "limit:"

/* Most arguments of a command that takes any number. */
#define MAX_ARGS 1024

/* ## Tenants ## */

/* What a tenant has. */
struct rights {
    struct smap target, labels, limits;
    struct sset hosts, programs;
};

static void
rights_init(struct rights *r)
{
    smap_init(&r->target);
    smap_init(&r->labels);
    smap_init(&r->limits);
    sset_init(&r->hosts);
    sset_init(&r->programs);
}

static void
rights_destroy(struct rights *r)
{
    smap_destroy(&r->target);
    smap_destroy(&r->labels);
    smap_destroy(&r->limits);
    sset_destroy(&r->hosts);
    sset_destroy(&r->programs);
}

/* Adds the argument KEY=VALUE.  Reports and returns false if it is none. */
static bool
parse_right(struct ctl_context *ctx, const char *arg, struct rights *r)
{
    const char *equals = strchr(arg, '=');
    struct smap *map = &r->target;
    const char *key = arg;

    if (!strncmp(arg, HOST, strlen(HOST))) {
        sset_add(&r->hosts, arg + strlen(HOST));
        return true;
    } else if (!strncmp(arg, PROGRAM, strlen(PROGRAM))) {
        sset_add(&r->programs, arg + strlen(PROGRAM));
        return true;
    } else if (!strncmp(arg, HOST_LABEL, strlen(HOST_LABEL))) {
        map = &r->labels;
        key += strlen(HOST_LABEL);
    } else if (!strncmp(arg, LIMIT, strlen(LIMIT))) {
        map = &r->limits;
        key += strlen(LIMIT);
    }
    if (!equals || equals <= key) {
        ctl_error(ctx, "%s: not of the form KEY=VALUE", arg);
        return false;
    }
    char *name = xmemdup0(key, equals - key);

    smap_replace(map, name, equals + 1);
    free(name);
    return true;
}

static const struct fleetrec_tenant *
find_tenant(const struct ctl_context *ctx, const char *name)
{
    const struct fleetrec_tenant *row;

    FLEETREC_TENANT_FOR_EACH (row, ctx->idl) {
        if (row->name && !strcmp(row->name, name)) {
            return row;
        }
    }
    return NULL;
}

/* Reports what a controller would say about the tenant. */
static void
check_tenant(struct ctl_context *ctx, const char *name)
{
    struct xfsm_fleet *fleet = xfsm_ctl_read_fleet(ctx);

    if (fleet) {
        const struct xfsm_fleet_tenant *tenant
            = shash_find_data(&fleet->tenants, name);

        if (tenant->error) {
            ctl_error(ctx, "tenant %s: %s", name, tenant->error);
        }
        xfsm_fleet_destroy(fleet);
    }
}

static void
set_rights(const struct fleetrec_tenant *row, const struct rights *r)
{
    const char **programs = sset_sort(&r->programs);
    const char **hosts = sset_sort(&r->hosts);

    fleetrec_tenant_set_target(row, &r->target);
    fleetrec_tenant_set_host_labels(row, &r->labels);
    fleetrec_tenant_set_limits(row, &r->limits);
    fleetrec_tenant_set_programs(row, programs, sset_count(&r->programs));
    fleetrec_tenant_set_hosts(row, hosts, sset_count(&r->hosts));
    free(programs);
    free(hosts);
}

static void
cmd_add_tenant(struct ctl_context *ctx)
{
    const char *name = ctx->argv[1];
    const struct fleetrec_tenant *row = find_tenant(ctx, name);
    struct rights r;

    rights_init(&r);
    if (row && !shash_find(&ctx->options, "--may-exist")) {
        ctl_error(ctx, "there is a tenant %s already (--may-exist replaces "
                  "it)", name);
    }
    for (int i = 2; i < ctx->argc && !ctx->error; i++) {
        parse_right(ctx, ctx->argv[i], &r);
    }
    if (!ctx->error) {
        if (!row) {
            row = fleetrec_tenant_insert(ctx->txn);
            fleetrec_tenant_set_name(row, name);
        }
        set_rights(row, &r);
        check_tenant(ctx, name);
    }
    rights_destroy(&r);
}

/* Reports if assignments or roles are the tenant's, unless '--force'. */
static void
check_unused(struct ctl_context *ctx, const char *name)
{
    const struct fleetrec_assignment *assignment;
    const struct fleetrec_role *role;
    struct sset users = SSET_INITIALIZER(&users);

    FLEETREC_ASSIGNMENT_FOR_EACH (assignment, ctx->idl) {
        if (assignment->tenant && !strcmp(assignment->tenant, name)) {
            sset_add(&users, assignment->name);
        }
    }
    FLEETREC_ROLE_FOR_EACH (role, ctx->idl) {
        if (role->tenant && !strcmp(role->tenant, name)) {
            sset_add(&users, role->name);
        }
    }
    if (!sset_is_empty(&users) && !shash_find(&ctx->options, "--force")) {
        char *list = sset_join(&users, ", ", "");

        ctl_error(ctx, "tenant %s: these assignments and roles are its own: "
                  "%s (--force removes it all the same)", name, list);
        free(list);
    }
    sset_destroy(&users);
}

static void
cmd_del_tenant(struct ctl_context *ctx)
{
    const struct fleetrec_tenant *row = find_tenant(ctx, ctx->argv[1]);

    if (row) {
        check_unused(ctx, ctx->argv[1]);
        fleetrec_tenant_delete(row);
    } else if (!shash_find(&ctx->options, "--if-exists")) {
        ctl_error(ctx, "there is no tenant %s", ctx->argv[1]);
    }
}

/* ## Roles ## */

static const struct fleetrec_role *
find_role(const struct ctl_context *ctx, const char *name)
{
    const struct fleetrec_role *row;

    FLEETREC_ROLE_FOR_EACH (row, ctx->idl) {
        if (row->name && !strcmp(row->name, name)) {
            return row;
        }
    }
    return NULL;
}

/* The role of that name; reports if there is none. */
static const struct fleetrec_role *
get_role(struct ctl_context *ctx, const char *name)
{
    const struct fleetrec_role *row = find_role(ctx, name);

    if (!row) {
        ctl_error(ctx, "there is no role %s", name);
    }
    return row;
}

static void
cmd_add_role(struct ctl_context *ctx)
{
    const char *name = ctx->argv[1];
    const char *tenant = ctx->argc > 3 ? ctx->argv[3] : NULL;
    const struct fleetrec_role *row = find_role(ctx, name);
    enum xfsm_role level;

    ctx->error = xfsm_fleet_check_name(name);
    if (ctx->error) {
        return;
    } else if (!xfsm_role_from_name(ctx->argv[2], &level)) {
        ctl_error(ctx, "%s: is none of viewer, operator and admin",
                  ctx->argv[2]);
    } else if (tenant && !find_tenant(ctx, tenant)) {
        ctl_error(ctx, "there is no tenant %s", tenant);
    } else if (row && !shash_find(&ctx->options, "--may-exist")) {
        ctl_error(ctx, "there is a role %s already (--may-exist changes it)",
                  name);
    } else {
        if (!row) {
            row = fleetrec_role_insert(ctx->txn);
            fleetrec_role_set_name(row, name);
        }
        fleetrec_role_set_level(row, ctx->argv[2]);
        fleetrec_role_set_tenant(row, tenant);
    }
}

static void
cmd_del_role(struct ctl_context *ctx)
{
    const struct fleetrec_role *row = find_role(ctx, ctx->argv[1]);

    if (row) {
        fleetrec_role_delete(row);
    } else if (!shash_find(&ctx->options, "--if-exists")) {
        ctl_error(ctx, "there is no role %s", ctx->argv[1]);
    }
}

/* Prints a new token; only its digest is kept. */
static void
cmd_new_token(struct ctl_context *ctx)
{
    const struct fleetrec_role *row = get_role(ctx, ctx->argv[1]);
    char *token, *line, *spec;

    if (!row) {
        return;
    }
    spec = xasprintf("%s:%s", row->name, row->level);
    ctx->error = xfsm_tokens_make(spec, &token, &line);
    free(spec);
    if (!ctx->error) {
        fleetrec_role_update_tokens_addvalue(row, strrchr(line, ' ') + 1);
        ds_put_format(&ctx->output, "%s\n", token);
        free(token);
        free(line);
    }
}

static void
cmd_del_token(struct ctl_context *ctx)
{
    const struct fleetrec_role *row = get_role(ctx, ctx->argv[1]);

    if (!row) {
        return;
    } else if (ctx->argc < 3) {
        fleetrec_role_set_tokens(row, NULL, 0);
        return;
    }
    for (size_t i = 0; i < row->n_tokens; i++) {
        if (!strcmp(row->tokens[i], ctx->argv[2])) {
            fleetrec_role_update_tokens_delvalue(row, ctx->argv[2]);
            return;
        }
    }
    ctl_error(ctx, "role %s has no token %s", ctx->argv[1], ctx->argv[2]);
}

/* ## Showing ## */

static void
put_tenant(struct ds *out, const struct fleetrec_tenant *row)
{
    const struct smap_node *node;

    ds_put_format(out, "Tenant %s:", row->name);
    SMAP_FOR_EACH (node, &row->target) {
        ds_put_format(out, " %s=%s", node->key, node->value);
    }
    for (size_t i = 0; i < row->n_hosts; i++) {
        ds_put_format(out, " "HOST"%s", row->hosts[i]);
    }
    SMAP_FOR_EACH (node, &row->host_labels) {
        ds_put_format(out, " "HOST_LABEL"%s=%s", node->key, node->value);
    }
    for (size_t i = 0; i < row->n_programs; i++) {
        ds_put_format(out, " "PROGRAM"%s", row->programs[i]);
    }
    SMAP_FOR_EACH (node, &row->limits) {
        ds_put_format(out, " "LIMIT"%s=%s", node->key, node->value);
    }
    ds_put_format(out, " (%"PRId64" assignment%s)\n", row->assignments,
                  row->assignments == 1 ? "" : "s");
    if (row->error) {
        ds_put_format(out, "    error: %s\n", row->error);
    }
}

void
xfsm_ctl_put_tenants(struct ds *out, const struct ovsdb_idl *idl)
{
    const struct fleetrec_tenant *tenant;
    const struct fleetrec_role *role;

    FLEETREC_TENANT_FOR_EACH (tenant, idl) {
        put_tenant(out, tenant);
    }
    FLEETREC_ROLE_FOR_EACH (role, idl) {
        ds_put_format(out, "Role %s: %s%s%s, %"PRIuSIZE" token%s\n",
                      role->name, role->level,
                      role->tenant ? " of tenant " : "",
                      role->tenant ? role->tenant : "", role->n_tokens,
                      role->n_tokens == 1 ? "" : "s");
    }
}

static void
cmd_tenants(struct ctl_context *ctx)
{
    xfsm_ctl_put_tenants(&ctx->output, ctx->idl);
}

const struct ctl_command_syntax xfsm_ctl_tenant_commands[] = {
    {"add-tenant", 2, MAX_ARGS, "NAME SELECTOR...", xfsm_ctl_pre_fleet,
     cmd_add_tenant, NULL, "--may-exist", RW},
    {"del-tenant", 1, 1, "NAME", xfsm_ctl_pre_fleet, cmd_del_tenant, NULL,
     "--if-exists,--force", RW},
    {"add-role", 2, 3, "NAME LEVEL [TENANT]", xfsm_ctl_pre_fleet,
     cmd_add_role, NULL, "--may-exist", RW},
    {"del-role", 1, 1, "NAME", xfsm_ctl_pre_fleet, cmd_del_role, NULL,
     "--if-exists", RW},
    {"new-token", 1, 1, "ROLE", xfsm_ctl_pre_fleet, cmd_new_token, NULL, "",
     RW},
    {"del-token", 1, 2, "ROLE [DIGEST]", xfsm_ctl_pre_fleet, cmd_del_token,
     NULL, "", RW},
    {"tenants", 0, 0, "", xfsm_ctl_pre_fleet, cmd_tenants, NULL, "", RO},
    {NULL, 0, 0, NULL, NULL, NULL, NULL, NULL, RO},
};
