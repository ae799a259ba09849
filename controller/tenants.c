/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include <config.h>
#include "ovsdb-schema/ovs-compat.h"

#include "controller/tenants.h"

#include <stdlib.h>
#include <string.h>

#include "controller/fleet.h"
#include "openvswitch/dynamic-string.h"
#include "ovs-plugin/target.h"
#include "util.h"
#include "xfsm/base/glob.h"

struct xfsm_fleet_tenant *
xfsm_fleet_add_tenant(struct xfsm_fleet *fleet, const char *name)
{
    struct xfsm_fleet_tenant *tenant = xzalloc(sizeof *tenant);

    tenant->name = xstrdup(name);
    smap_init(&tenant->target);
    sset_init(&tenant->programs);
    sset_init(&tenant->hosts);
    shash_add_assert(&fleet->tenants, name, tenant);
    return tenant;
}

void
xfsm_fleet_tenant_destroy(struct xfsm_fleet_tenant *tenant)
{
    free(tenant->name);
    free(tenant->error);
    smap_destroy(&tenant->target);
    sset_destroy(&tenant->programs);
    sset_destroy(&tenant->hosts);
    free(tenant);
}

bool
xfsm_fleet_tenant_equals(const struct xfsm_fleet_tenant *a,
                         const struct xfsm_fleet_tenant *b)
{
    return smap_equal(&a->target, &b->target)
           && sset_equals(&a->programs, &b->programs)
           && a->all_hosts == b->all_hosts
           && sset_equals(&a->hosts, &b->hosts)
           && !memcmp(&a->limits, &b->limits, sizeof a->limits)
           && !a->error == !b->error;
}

char *
xfsm_tenant_check_name(const char *name)
{
    char *error = xfsm_fleet_check_name(name);

    if (!error && strpbrk(name, ".:")) {
        error = xasprintf("the name of a tenant cannot have a \".\" or a "
                          "\":\"");
    }
    return error;
}

static void
read_limit(const struct smap *row, const char *key, unsigned int def,
           unsigned int max, unsigned int *limit, struct ds *errors)
{
    const char *text = smap_get(row, key);

    *limit = def;
    if (text && (!str_to_uint(text, 10, limit) || *limit > max)) {
        ds_put_format(errors, "%slimits:%s=%s is not a number from 0 to %u",
                      errors->length ? "; " : "", key, text, max);
        *limit = 0;
    }
}

char *
xfsm_tenant_read_limits(const struct smap *row,
                        struct xfsm_tenant_limits *limits)
{
    struct ds errors = DS_EMPTY_INITIALIZER;
    const struct smap_node *node;

#define READ_LIMIT(KEY, MEMBER, DEFAULT, MAX) \
    read_limit(row, KEY, DEFAULT, MAX, &limits->MEMBER, &errors);
    XFSM_TENANT_LIMITS(READ_LIMIT)
#undef READ_LIMIT
    SMAP_FOR_EACH (node, row) {
#define IS_LIMIT(KEY, MEMBER, DEFAULT, MAX) && strcmp(node->key, KEY)
        if (true XFSM_TENANT_LIMITS(IS_LIMIT)) {
            ds_put_format(&errors, "%slimits:%s is not known",
                          errors.length ? "; " : "", node->key);
        }
#undef IS_LIMIT
    }
    if (!errors.length) {
        ds_destroy(&errors);
        return NULL;
    }
    return ds_steal_cstr(&errors);
}

bool
xfsm_tenant_may_use(const struct xfsm_fleet_tenant *tenant,
                    const char *program)
{
    const char *pattern;

    SSET_FOR_EACH (pattern, &tenant->programs) {
        if (xfsm_glob_match(pattern, program)) {
            return true;
        }
    }
    return false;
}

bool
xfsm_tenant_has_port(const struct xfsm_fleet_tenant *tenant,
                     const char *host, const struct xfsm_target_place *place)
{
    return !tenant->error
           && (tenant->all_hosts || sset_contains(&tenant->hosts, host))
           && xfsm_target_matches(&tenant->target, place);
}

bool
xfsm_tenant_has_name(const char *tenant, const char *assignment)
{
    size_t len = strlen(tenant);

    return !strncmp(assignment, tenant, len) && assignment[len] == '.'
           && assignment[len + 1];
}

void
xfsm_tenant_confine(const struct xfsm_fleet_tenant *tenant,
                    struct smap *target)
{
    const struct smap_node *node;

    SMAP_FOR_EACH (node, &tenant->target) {
        smap_add_nocopy(target, xasprintf(XFSM_TARGET_TENANT "%s", node->key),
                        xstrdup(node->value));
    }
}

/* Leaves to 'assignment' only hosts where the tenant can have ports. */
static void
confine_hosts(const struct xfsm_fleet_tenant *tenant,
              struct xfsm_fleet_assignment *assignment)
{
    const char *host;

    if (!tenant->all_hosts) {
        SSET_FOR_EACH_SAFE (host, &assignment->hosts) {
            if (!sset_contains(&tenant->hosts, host)) {
                sset_find_and_delete(&assignment->hosts, host);
            }
        }
    }
}

static char *
check_programs(const struct xfsm_fleet_tenant *tenant,
               const struct xfsm_fleet_assignment *assignment)
{
    const char *program;

    SSET_FOR_EACH (program, &assignment->programs) {
        if (!xfsm_tenant_may_use(tenant, program)) {
            return xasprintf("tenant %s may not use program %s",
                             tenant->name, program);
        }
    }
    return NULL;
}

/* Does what xfsm_fleet_confine() does. */
static char *
confine(struct xfsm_fleet *fleet, struct xfsm_fleet_assignment *assignment,
        const char *name)
{
    struct xfsm_fleet_tenant *tenant = shash_find_data(&fleet->tenants, name);

    if (!tenant) {
        return xasprintf("there is no tenant \"%s\"", name);
    } else if (tenant->error) {
        return xasprintf("tenant %s: %s", name, tenant->error);
    } else if (!xfsm_tenant_has_name(name, assignment->name)) {
        return xasprintf("the name of an assignment of tenant %s must begin "
                         "with \"%s.\"", name, name);
    }
    if (assignment->enabled && !assignment->error
        && tenant->n_assignments++ >= tenant->limits.assignments) {
        return xasprintf("tenant %s may have %u assignments that are enabled, "
                         "and has others with names before this", name,
                         tenant->limits.assignments);
    }
    xfsm_tenant_confine(tenant, &assignment->target);
    confine_hosts(tenant, assignment);
    return check_programs(tenant, assignment);
}

char *
xfsm_fleet_confine(struct xfsm_fleet *fleet,
                   struct xfsm_fleet_assignment *assignment,
                   const char *name)
{
    char *error = confine(fleet, assignment, name);

    assignment->tenant = xstrdup(name);
    assignment->barred = error != NULL;
    return error;
}
