/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include <config.h>
#include "ovsdb-schema/ovs-compat.h"

#include "controller/fleet.h"

#include <stdlib.h>
#include <string.h>

#include "controller/tenants.h"
#include "openvswitch/dynamic-string.h"
#include "ovs-plugin/target.h"
#include "stream.h"
#include "util.h"
#include "xfsm/io/keys.h"
#include "xfsm/base/glob.h"

#define ALNUM "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

struct xfsm_fleet *
xfsm_fleet_create(void)
{
    static uint64_t serial;
    struct xfsm_fleet *fleet = xzalloc(sizeof *fleet);

    fleet->serial = ++serial;
    shash_init(&fleet->hosts);
    shash_init(&fleet->programs);
    shash_init(&fleet->assignments);
    shash_init(&fleet->variants);
    shash_init(&fleet->tenants);
    return fleet;
}

struct xfsm_fleet_host *
xfsm_fleet_add_host(struct xfsm_fleet *fleet, const char *name)
{
    struct xfsm_fleet_host *host = xzalloc(sizeof *host);

    host->name = xstrdup(name);
    smap_init(&host->labels);
    smap_init(&host->canaries);
    shash_add_assert(&fleet->hosts, name, host);
    return host;
}

struct xfsm_fleet_program *
xfsm_fleet_add_program(struct xfsm_fleet *fleet, const char *name)
{
    struct xfsm_fleet_program *program = xzalloc(sizeof *program);

    program->name = xstrdup(name);
    program->all_hosts = true;
    smap_init(&program->parameters);
    sset_init(&program->hosts);
    program->older = shash_replace(&fleet->programs, name, program);
    return program;
}

struct xfsm_fleet_assignment *
xfsm_fleet_add_assignment(struct xfsm_fleet *fleet, const char *name)
{
    struct xfsm_fleet_assignment *assignment = xzalloc(sizeof *assignment);

    assignment->name = xstrdup(name);
    sset_init(&assignment->programs);
    sset_init(&assignment->hosts);
    smap_init(&assignment->target);
    smap_init(&assignment->parameters);
    assignment->params = xstrdup("");
    shash_add_assert(&fleet->assignments, name, assignment);
    return assignment;
}

static void
destroy_assignments(struct xfsm_fleet *fleet)
{
    struct shash_node *node;

    SHASH_FOR_EACH (node, &fleet->assignments) {
        struct xfsm_fleet_assignment *assignment = node->data;

        free(assignment->name);
        free(assignment->error);
        free(assignment->params);
        free(assignment->tenant);
        sset_destroy(&assignment->programs);
        sset_destroy(&assignment->hosts);
        smap_destroy(&assignment->target);
        smap_destroy(&assignment->parameters);
    }
    shash_destroy_free_data(&fleet->assignments);
}

static void
destroy_programs(struct shash *programs)
{
    struct shash_node *node;

    SHASH_FOR_EACH (node, programs) {
        struct xfsm_fleet_program *program = node->data;

        while (program) {
            struct xfsm_fleet_program *older = program->older;

            free(program->name);
            free(program->path);
            free(program->error);
            free(program->assignment);
            free(program->blocked);
            free(program->rollout.error);
            free(program->decision.error);
            free(program->source);
            free(program->image);
            free(program->signature);
            smap_destroy(&program->parameters);
            sset_destroy(&program->hosts);
            free(program);
            program = older;
        }
    }
    shash_destroy(programs);
}

static void
destroy_tenants(struct xfsm_fleet *fleet)
{
    struct shash_node *node;

    SHASH_FOR_EACH (node, &fleet->tenants) {
        xfsm_fleet_tenant_destroy(node->data);
    }
    shash_destroy(&fleet->tenants);
}

void
xfsm_fleet_destroy(struct xfsm_fleet *fleet)
{
    struct shash_node *node;

    if (!fleet) {
        return;
    }
    SHASH_FOR_EACH (node, &fleet->hosts) {
        struct xfsm_fleet_host *host = node->data;

        free(host->name);
        free(host->ovsdb);
        free(host->events);
        free(host->hub_key);
        free(host->error);
        smap_destroy(&host->labels);
        smap_destroy(&host->canaries);
    }
    shash_destroy_free_data(&fleet->hosts);
    destroy_programs(&fleet->programs);
    destroy_programs(&fleet->variants);
    destroy_tenants(fleet);
    destroy_assignments(fleet);
    free(fleet);
}

static void
put_error(struct ds *ds, const char *kind, const char *name,
          const char *error)
{
    if (error) {
        ds_put_format(ds, "%s %s: %s\n", kind, name, error);
    }
}

void
xfsm_fleet_put_errors(const struct xfsm_fleet *fleet, struct ds *ds)
{
    const struct shash_node *node;

    SHASH_FOR_EACH (node, &fleet->hosts) {
        const struct xfsm_fleet_host *host = node->data;

        put_error(ds, "host", host->name, host->error);
    }
    SHASH_FOR_EACH (node, &fleet->programs) {
        const struct xfsm_fleet_program *p;

        for (p = node->data; p; p = p->older) {
            char *name = xasprintf("%s, version %"PRId64, p->name,
                                   p->version);

            put_error(ds, "program", name, p->error ? p->error : p->blocked);
            free(name);
        }
    }
    SHASH_FOR_EACH (node, &fleet->assignments) {
        const struct xfsm_fleet_assignment *assignment = node->data;

        put_error(ds, "assignment", assignment->name, assignment->error);
    }
    SHASH_FOR_EACH (node, &fleet->tenants) {
        const struct xfsm_fleet_tenant *tenant = node->data;

        put_error(ds, "tenant", tenant->name, tenant->error);
    }
}

static bool
strings_equal(const char *a, const char *b)
{
    return a && b ? !strcmp(a, b) : a == b;
}

static bool
hosts_equal(const struct xfsm_fleet *a, const struct xfsm_fleet *b)
{
    const struct shash_node *node;

    SHASH_FOR_EACH (node, &a->hosts) {
        const struct xfsm_fleet_host *x = node->data;
        const struct xfsm_fleet_host *y
            = shash_find_data(&b->hosts, node->name);

        if (!y || !strings_equal(x->ovsdb, y->ovsdb)
            || !strings_equal(x->events, y->events)
            || !strings_equal(x->hub_key, y->hub_key)
            || x->leaving != y->leaving
            || !strings_equal(x->error, y->error)) {
            return false;
        }
    }
    return shash_count(&a->hosts) == shash_count(&b->hosts);
}

static bool
programs_equal(const struct xfsm_fleet *a, const struct xfsm_fleet *b)
{
    const struct shash_node *node;

    SHASH_FOR_EACH (node, &a->programs) {
        const struct xfsm_fleet_program *x = node->data;
        const struct xfsm_fleet_program *y
            = shash_find_data(&b->programs, node->name);

        for (; x && y; x = x->older, y = y->older) {
            if (x->version != y->version || x->all_hosts != y->all_hosts
                || x->rollout.state != y->rollout.state
                || !sset_equals(&x->hosts, &y->hosts)
                || memcmp(&x->rollout.options, &y->rollout.options,
                          sizeof x->rollout.options)
                || !strings_equal(x->source, y->source)
                || !strings_equal(x->image, y->image)
                || !strings_equal(x->signature, y->signature)
                || !x->error != !y->error) {
                return false;
            }
        }
        if (x || y) {
            return false;
        }
    }
    return shash_count(&a->programs) == shash_count(&b->programs);
}

static bool
assignments_equal(const struct xfsm_fleet *a, const struct xfsm_fleet *b)
{
    const struct shash_node *node;

    SHASH_FOR_EACH (node, &a->assignments) {
        const struct xfsm_fleet_assignment *x = node->data;
        const struct xfsm_fleet_assignment *y
            = shash_find_data(&b->assignments, node->name);

        if (!y || x->enabled != y->enabled || x->all_hosts != y->all_hosts
            || !sset_equals(&x->hosts, &y->hosts)
            || !sset_equals(&x->programs, &y->programs)
            || !smap_equal(&x->target, &y->target)
            || strcmp(x->params, y->params)
            || !strings_equal(x->tenant, y->tenant)
            || x->barred != y->barred || x->unplaced != y->unplaced
            || !strings_equal(x->error, y->error)) {
            return false;
        }
    }
    return shash_count(&a->assignments) == shash_count(&b->assignments);
}

static bool
tenants_equal(const struct xfsm_fleet *a, const struct xfsm_fleet *b)
{
    const struct shash_node *node;

    SHASH_FOR_EACH (node, &a->tenants) {
        const struct xfsm_fleet_tenant *tenant
            = shash_find_data(&b->tenants, node->name);

        if (!tenant || !xfsm_fleet_tenant_equals(node->data, tenant)) {
            return false;
        }
    }
    return shash_count(&a->tenants) == shash_count(&b->tenants);
}

bool
xfsm_fleet_equals(const struct xfsm_fleet *a, const struct xfsm_fleet *b)
{
    return hosts_equal(a, b) && programs_equal(a, b)
           && assignments_equal(a, b) && tenants_equal(a, b);
}

bool
xfsm_fleet_assignment_has_host(const struct xfsm_fleet_assignment *assignment,
                               const char *host)
{
    return assignment->all_hosts || sset_contains(&assignment->hosts, host);
}

static bool
labels_match(const struct smap *wanted, const struct smap *labels)
{
    const struct smap_node *node;

    SMAP_FOR_EACH (node, wanted) {
        const char *value = smap_get(labels, node->key);

        if (!value || strcmp(value, node->value)) {
            return false;
        }
    }
    return true;
}

bool
xfsm_fleet_host_is_meant(const struct xfsm_fleet_host *host,
                         char *const patterns[], size_t n_patterns,
                         const struct smap *labels)
{
    bool matches = !n_patterns;
    size_t i;

    for (i = 0; i < n_patterns && !matches; i++) {
        matches = xfsm_glob_match(patterns[i], host->name);
    }
    return matches && !host->leaving && labels_match(labels, &host->labels)
           && (n_patterns || !smap_is_empty(labels));
}

const struct xfsm_fleet_program *
xfsm_fleet_find_program(const struct xfsm_fleet *fleet, const char *host,
                        const char *name)
{
    const struct xfsm_fleet_program *program
        = shash_find_data(&fleet->programs, name);
    const struct xfsm_fleet_host *h = shash_find_data(&fleet->hosts, host);

    if (h && h->leaving) {
        return NULL;
    }
    while (program && !program->all_hosts
           && !sset_contains(&program->hosts, host)) {
        program = program->older;
    }
    return program;
}

/* ## Checks ## */

char *
xfsm_fleet_check_name(const char *name)
{
    size_t len = strlen(name);

    if (!len || len > XFSM_FLEET_MAX_NAME || !strspn(name, ALNUM)
        || strspn(name, ALNUM "-_.:") != len) {
        return xasprintf("the name must be 1 to %d letters, digits, "
                         "\"_\", \".\", \":\" and \"-\", beginning with a "
                         "letter or a digit", XFSM_FLEET_MAX_NAME);
    }
    return NULL;
}

char *
xfsm_fleet_check_program_name(const char *name)
{
    char *error = xfsm_fleet_check_name(name);

    if (!error && (!strcmp(name, "none") || strchr(name, ':'))) {
        error = xasprintf("a program cannot be called \"%s\"", name);
    }
    return error;
}

/* Tells whether the port of 'remote' can be one, if it has one. */
static bool
has_port(const char *remote)
{
    const char *colon = strrchr(remote, ':');
    int port;

    return (!strncmp(remote, "unix:", 5) || colon == strchr(remote, ':')
            || strchr(colon, ']')
            || (str_to_int(colon + 1, 10, &port) && port > 0
                && port <= UINT16_MAX));
}

char *
xfsm_fleet_check_remote(const char *remote)
{
    if (stream_verify_name(remote) || !has_port(remote)) {
        return xasprintf("\"%s\" is no OVSDB remote; expected unix:PATH, "
                         "tcp:IP:PORT or ssl:IP:PORT", remote);
    }
    return NULL;
}

char *
xfsm_fleet_check_hub_key(const char *key)
{
    return (xfsm_key_is_valid(key) ? NULL
            : xasprintf("\"%s\" is no public key, which has 40 characters, as "
                        "\"xfsm keygen\" prints it", key));
}

char *
xfsm_fleet_check_target(const char *key, const char *value)
{
#define TARGET_NAME(KEY) KEY,
    static const char *const names[] = { XFSM_FLEET_TARGETS(TARGET_NAME) };
#undef TARGET_NAME
    static const char *const prefixes[] = { "external_ids:", "neutron:" };
    struct ds known = DS_EMPTY_INITIALIZER;
    bool found = false;
    size_t i;

    for (i = 0; i < ARRAY_SIZE(names); i++) {
        found = found || !strcmp(names[i], key);
    }
    for (i = 0; i < ARRAY_SIZE(prefixes); i++) {
        size_t len = strlen(prefixes[i]);

        found = found || (!strncmp(key, prefixes[i], len) && key[len]);
    }
    if (!found) {
        ds_put_cstr(&known, "unknown key; expected ");
        for (i = 0; i < ARRAY_SIZE(names); i++) {
            ds_put_format(&known, "\"%s\", ", names[i]);
        }
        ds_put_cstr(&known, "\"external_ids:KEY\" or \"neutron:KEY\"");
        return ds_steal_cstr(&known);
    }
    if (!value[0]) {
        return xstrdup("empty; expected a string");
    } else if (strlen(key) > XFSM_FLEET_MAX_TARGET
               || strlen(value) > XFSM_FLEET_MAX_TARGET) {
        return xasprintf("more than %d bytes", XFSM_FLEET_MAX_TARGET);
    } else if (!strcmp(key, "tag") && !xfsm_target_is_list(value)) {
        return xasprintf("\"%s\" is no list of VLANs such as \"10,20-29\"",
                         value);
    }
    return NULL;
}
