/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include <config.h>
#include "ovsdb-schema/ovs-compat.h"

#include "controller/parameters.h"

#include <stdlib.h>
#include <string.h>

#include "openvswitch/dynamic-string.h"
#include "util.h"

/* What parts the settings of the text. */
#define SEPARATORS ", \t\r\n"

/* Returns NULL if "[PROGRAM:]NAME" can be set to 'value', or says why not. */
static char *
check_parameter(const char *key, const char *value)
{
    const char *colon = strchr(key, ':');
    const char *name = colon ? colon + 1 : key;

    if (!*name || colon == key || strpbrk(name, ":=" SEPARATORS)) {
        return xasprintf("\"%s\" is not of the form [PROGRAM:]NAME", key);
    } else if (!*value || strpbrk(value, SEPARATORS)) {
        return xasprintf("\"%s\" cannot be a value: it is empty, or has a "
                         "comma or a space", value);
    }
    return NULL;
}

/* Puts into 'own' those of 'parameters' that are for 'program'.  One that
 * names the program counts more than one that does not. */
static void
get_own(const struct smap *parameters, const char *program, struct smap *own)
{
    const struct smap_node *node;
    size_t len = strlen(program);

    SMAP_FOR_EACH (node, parameters) {
        if (!strchr(node->key, ':') && !smap_get(own, node->key)) {
            smap_add(own, node->key, node->value);
        } else if (!strncmp(node->key, program, len)
                   && node->key[len] == ':') {
            smap_replace(own, node->key + len + 1, node->value);
        }
    }
}

/* Checks that 'key' is of one of the programs. */
static char *
check_program(const struct xfsm_fleet_assignment *assignment, const char *key)
{
    const char *colon = strchr(key, ':');
    char *program;
    char *error = NULL;

    if (colon) {
        program = xmemdup0(key, colon - key);
        if (!sset_contains(&assignment->programs, program)) {
            error = xasprintf("\"%s\" is none of the programs of the "
                              "assignment", program);
        }
        free(program);
    }
    return error;
}

/* Appends the settings of one program. */
static void
put_program(struct ds *ds, const char *program, const struct smap *own)
{
    const struct smap_node **sorted = smap_sort(own);
    size_t i;

    for (i = 0; i < smap_count(own); i++) {
        ds_put_format(ds, "%s%s:%s=%s", ds->length ? "," : "", program,
                      sorted[i]->key, sorted[i]->value);
    }
    free(sorted);
}

char *
xfsm_fleet_set_parameters(struct xfsm_fleet_assignment *assignment,
                          const struct smap *parameters)
{
    const char **programs = sset_sort(&assignment->programs);
    struct ds text = DS_EMPTY_INITIALIZER;
    const struct smap_node *node;
    char *error = NULL;
    size_t i;

    smap_destroy(&assignment->parameters);
    smap_clone(&assignment->parameters, parameters);
    SMAP_FOR_EACH (node, parameters) {
        char *why = check_parameter(node->key, node->value);

        why = why ? why : check_program(assignment, node->key);
        if (why && !error) {
            error = xasprintf("parameters:%s: %s", node->key, why);
        }
        free(why);
    }
    for (i = 0; i < sset_count(&assignment->programs); i++) {
        struct smap own = SMAP_INITIALIZER(&own);

        get_own(parameters, programs[i], &own);
        put_program(&text, programs[i], &own);
        smap_destroy(&own);
    }
    free(programs);
    if (!error && text.length > XFSM_FLEET_MAX_PARAMS) {
        error = xasprintf("parameters: %"PRIuSIZE" bytes, written as hosts "
                          "have them; the limit is %d", text.length,
                          XFSM_FLEET_MAX_PARAMS);
    }
    free(assignment->params);
    assignment->params = ds_steal_cstr(&text);
    return error;
}

char *
xfsm_fleet_check_parameters(const char *const programs[], size_t n,
                            const struct smap *parameters)
{
    struct xfsm_fleet *fleet = xfsm_fleet_create();
    struct xfsm_fleet_assignment *a = xfsm_fleet_add_assignment(fleet, "");
    char *error;

    for (size_t i = 0; i < n; i++) {
        sset_add(&a->programs, programs[i]);
    }
    error = xfsm_fleet_set_parameters(a, parameters);
    xfsm_fleet_destroy(fleet);
    return error;
}

/* Adds one variant of 'program'. */
static void
add_variant(struct xfsm_fleet *fleet,
            const struct xfsm_fleet_assignment *assignment,
            const struct xfsm_fleet_program *program, const struct smap *own)
{
    struct xfsm_fleet_program *variant = xzalloc(sizeof *variant);

    variant->name = xstrdup(program->name);
    variant->version = program->version;
    variant->assignment = xstrdup(assignment->name);
    variant->source = nullable_xstrdup(program->source);
    smap_clone(&variant->parameters, own);
    sset_init(&variant->hosts);
    shash_add_nocopy(&fleet->variants,
                     xasprintf("%s %s %"PRId64, assignment->name,
                               program->name, program->version), variant);
}

static void
add_variants_of(struct xfsm_fleet *fleet,
                const struct xfsm_fleet_assignment *assignment)
{
    const char *name;

    SSET_FOR_EACH (name, &assignment->programs) {
        const struct xfsm_fleet_program *p
            = shash_find_data(&fleet->programs, name);
        struct smap own = SMAP_INITIALIZER(&own);

        get_own(&assignment->parameters, name, &own);
        for (; p && !smap_is_empty(&own); p = p->older) {
            if (!p->error) {
                add_variant(fleet, assignment, p, &own);
            }
        }
        smap_destroy(&own);
    }
}

void
xfsm_fleet_add_variants(struct xfsm_fleet *fleet)
{
    const struct shash_node *node;

    SHASH_FOR_EACH (node, &fleet->assignments) {
        const struct xfsm_fleet_assignment *assignment = node->data;

        if (!assignment->error) {
            add_variants_of(fleet, assignment);
        }
    }
}

/* Tells whether the program that 'variant' is one of is for some host. */
static bool
is_placed(const struct xfsm_fleet *fleet,
          const struct xfsm_fleet_program *variant)
{
    const struct xfsm_fleet_program *p
        = shash_find_data(&fleet->programs, variant->name);

    while (p && p->version != variant->version) {
        p = p->older;
    }
    return p && (p->all_hosts || !sset_is_empty(&p->hosts));
}

void
xfsm_fleet_judge_variants(struct xfsm_fleet *fleet)
{
    const struct shash_node **nodes = shash_sort(&fleet->variants);
    size_t i;

    for (i = 0; i < shash_count(&fleet->variants); i++) {
        const struct xfsm_fleet_program *variant = nodes[i]->data;
        struct xfsm_fleet_assignment *assignment
            = shash_find_data(&fleet->assignments, variant->assignment);

        if (variant->error && !assignment->error
            && is_placed(fleet, variant)) {
            assignment->pending = variant->pending;
            assignment->error = xasprintf(
                "parameters: program %s%s: %s", variant->name,
                variant->retry ? " is not checked yet" : " refuses them",
                variant->error);
        }
    }
    free(nodes);
}
