/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include <config.h>
#include "ovsdb-schema/ovs-compat.h"

#include "ovs-plugin/desired.h"

#include "ovs-plugin/known-keys.h"
#include "ovs-plugin/mirror.h"
#include "ovs-plugin/netdev-ring.h"
#include "ovs-plugin/params.h"
#include "ovs-plugin/target.h"
#include "smap.h"
#include "util.h"

#define KEY "xfsm"
#define MIRROR_KEY "xfsm-mirror"

const char *const xfsm_wanted_by_names[XFSM_N_WANTED_BY] = {
#define WANTED_NAME(ID, NAME) NAME,
    XFSM_WANTED_BY(WANTED_NAME)
#undef WANTED_NAME
};

/* Where an interface is. */
struct place {
    const struct xfsm_in_bridge *bridge;
    const struct xfsm_in_port *port;
    const struct xfsm_in_interface *interface;
};

bool
xfsm_desired_type_has_device(const char *type)
{
    static const char *const types[] = {
        "", "system", "internal", "tap", "dummy",
    };
    size_t i;

    for (i = 0; i < ARRAY_SIZE(types); i++) {
        if (!strcmp(type, types[i])) {
            return true;
        }
    }
    return false;
}

/* True if interfaces of that type are Open vSwitch's alone: the kernel, or
 * what listens to it, does not see their packets. */
static bool
type_is_private(const char *type)
{
    return !strncmp(type, "dpdk", 4) || !strncmp(type, "afxdp", 5);
}

bool
xfsm_desired_type_is_inverted(const char *type)
{
    return !strcmp(type, "internal") || !strcmp(type, "tap");
}

/* Adds the programs of a comma-separated list to 'programs'; spaces around
 * names and empty names do not count. */
static void
parse_list(const char *list, struct sset *programs)
{
    char *copy = xstrdup(list);
    char *save = NULL;
    char *name;

    for (name = strtok_r(copy, ", \t\r\n", &save); name;
         name = strtok_r(NULL, ", \t\r\n", &save)) {
        sset_add(programs, name);
    }
    free(copy);
}

static bool
assignment_matches(const struct xfsm_in_assignment *a, const struct place *at)
{
    const struct xfsm_target_place place = {
        .bridge = at->bridge->name,
        .port = at->port->name,
        .type = at->interface->type,
        .tag = at->port->has_tag ? at->port->tag : -1,
        .interface_ids = at->interface->external_ids,
        .port_ids = at->port->external_ids,
    };

    return a->enabled && xfsm_target_matches(a->target, &place);
}

/* Adds to 'programs' what is wanted at 'at', and to '*wanted_by' by whom. */
static void
collect_programs(const struct xfsm_desired_input *in, const struct place *at,
                 size_t *matches, struct sset *programs,
                 unsigned int *wanted_by)
{
    const char *list;
    size_t i;

    list = smap_get(at->port->external_ids, KEY);
    if (list) {
        if (!strcmp(list, XFSM_DESIRED_NONE)) {
            return;
        }
        parse_list(list, programs);
        *wanted_by |= sset_is_empty(programs) ? 0 : 1u << XFSM_WANTED_PORT;
    }
    list = smap_get(at->bridge->external_ids, KEY);
    if (list && strcmp(list, XFSM_DESIRED_NONE)) {
        struct sset own = SSET_INITIALIZER(&own);

        parse_list(list, &own);
        if (!sset_is_empty(&own)) {
            const char *name;

            SSET_FOR_EACH (name, &own) {
                sset_add(programs, name);
            }
            *wanted_by |= 1u << XFSM_WANTED_BRIDGE;
        }
        sset_destroy(&own);
    }
    for (i = 0; i < in->n_assignments; i++) {
        const struct xfsm_in_assignment *a = &in->assignments[i];

        if (assignment_matches(a, at)) {
            sset_add_array(programs, CONST_CAST(char **, a->programs),
                           a->n_programs);
            *wanted_by |= 1u << XFSM_WANTED_ASSIGNMENT;
            matches[i]++;
        }
    }
}

/* Stores the number at 'key' of the port in '*valuep', if there is one. */
static char *
get_number(const struct place *at, const char *key, unsigned int min,
           unsigned int max, unsigned int *valuep)
{
    const char *s = smap_get(at->port->external_ids, key);

    if (s && (!str_to_uint(s, 10, valuep) || *valuep < min
              || *valuep > max)) {
        return xasprintf("external_ids:%s=%s of port %s is not a number from "
                         "%u to %u", key, s, at->port->name, min, max);
    }
    return NULL;
}

/* Stores the truth value at 'key' of the port in '*valuep', if there is
 * one. */
static char *
get_bool(const struct place *at, const char *key, const bool **valuep)
{
    const char *s = smap_get(at->port->external_ids, key);

    *valuep = s ? xfsm_known_keys_truth(s) : NULL;
    if (s && !*valuep) {
        return xasprintf("external_ids:%s=%s of port %s is not true or "
                         "false", key, s, at->port->name);
    }
    return NULL;
}

static char *
get_settings(const struct place *at, struct xfsm_desired_probe *probe)
{
    const char *mitigation = smap_get(at->port->external_ids,
                                      "xfsm-mitigation");
    const bool *mirror;         /* See wants_mirror(). */
    char *error = get_number(at, "xfsm-workers", 1, XFSM_RING_WORKERS_MAX,
                             &probe->workers);

    if (!error) {
        error = get_number(at, "xfsm-ring-kib", XFSM_RING_KIB_MIN,
                           XFSM_RING_KIB_MAX, &probe->ring_kib);
    }
    if (!error) {
        error = get_bool(at, "xfsm-huge-pages", &probe->huge_pages);
    }
    if (!error) {
        error = get_bool(at, MIRROR_KEY, &mirror);
    }
    if (!error && mitigation
        && !xfsm_mitigation_mode_from_name(mitigation, &probe->mitigation)) {
        error = xasprintf("external_ids:xfsm-mitigation=%s of port %s is not "
                          "off, dry-run or enforce", mitigation,
                          at->port->name);
    }
    probe->netdev_class = nullable_xstrdup(
        smap_get(at->port->external_ids, "xfsm-netdev-class"));
    return error;
}

static int
compare_assignments(const void *a_, const void *b_)
{
    const struct xfsm_in_assignment *const *a = a_;
    const struct xfsm_in_assignment *const *b = b_;

    return strcmp((*a)->name, (*b)->name);
}

/* Adds to 'programs' what is wanted at 'at' by others than tenants. */
static void
collect_operators(const struct xfsm_desired_input *in, const struct place *at,
                  struct sset *programs)
{
    const char *const lists[] = {
        smap_get(at->port->external_ids, KEY),
        smap_get(at->bridge->external_ids, KEY),
    };
    size_t i;

    for (i = 0; i < ARRAY_SIZE(lists); i++) {
        if (lists[i]) {
            parse_list(lists[i], programs);
        }
    }
    for (i = 0; i < in->n_assignments; i++) {
        const struct xfsm_in_assignment *a = &in->assignments[i];

        if (!xfsm_target_is_tenants(a->target) && assignment_matches(a, at)) {
            sset_add_array(programs, CONST_CAST(char **, a->programs),
                           a->n_programs);
        }
    }
}

/* Adds to 'own' the programs that 'a' may set parameters of: a tenant's
 * assignment not those that somebody else wants, too. */
static void
collect_own(const struct xfsm_desired_input *in, const struct place *at,
            const struct xfsm_in_assignment *a, struct sset *own)
{
    sset_add_array(own, CONST_CAST(char **, a->programs), a->n_programs);
    if (xfsm_target_is_tenants(a->target)) {
        struct sset others = SSET_INITIALIZER(&others);
        const char *name;

        collect_operators(in, at, &others);
        SSET_FOR_EACH (name, &others) {
            sset_find_and_delete(own, name);
        }
        sset_destroy(&others);
    }
}

/* Gives the programs of 'probe' the parameters of assignments.  Returns NULL
 * or why it cannot. */
static char *
get_assigned_params(const struct xfsm_desired_input *in,
                    const struct place *at, struct xfsm_desired_probe *probe)
{
    const struct xfsm_in_assignment **sorted;
    char *why = NULL, *error = NULL;
    size_t i, n = 0;

    sorted = xmalloc(MAX(in->n_assignments, 1) * sizeof *sorted);
    for (i = 0; i < in->n_assignments; i++) {
        const struct xfsm_in_assignment *a = &in->assignments[i];

        if (a->params && a->params[0] && assignment_matches(a, at)) {
            sorted[n++] = a;
        }
    }
    qsort(sorted, n, sizeof *sorted, compare_assignments);
    for (i = 0; i < n && !why; i++) {
        struct sset own = SSET_INITIALIZER(&own);

        collect_own(in, at, sorted[i], &own);
        why = xfsm_params_add(sorted[i]->params, &own, &probe->params, NULL);
        if (why) {
            error = xasprintf("params of Assignment %s: %s", sorted[i]->name,
                              why);
        }
        sset_destroy(&own);
    }
    free(why);
    free(sorted);
    return error;
}

/* Gives the programs of 'probe' their parameters.  Returns NULL or why it
 * cannot. */
static char *
get_params(const struct xfsm_desired_input *in, const struct place *at,
           struct xfsm_desired_probe *probe)
{
    const char *bridge = smap_get(at->bridge->external_ids, XFSM_PARAMS_KEY);
    const char *port = smap_get(at->port->external_ids, XFSM_PARAMS_KEY);
    struct sset strangers = SSET_INITIALIZER(&strangers);
    const char *where = "bridge";
    char *error = NULL, *why = NULL;

    if (bridge) {
        why = xfsm_params_add(bridge, &probe->programs, &probe->params, NULL);
    }
    if (!why) {
        error = get_assigned_params(in, at, probe);
    }
    if (!why && !error && port) {
        where = "port";
        why = xfsm_params_add(port, &probe->programs, &probe->params,
                              &strangers);
    }
    if (why) {
        error = xasprintf("external_ids:"XFSM_PARAMS_KEY" of the %s: %s",
                          where, why);
        free(why);
    }
    if (!sset_is_empty(&strangers)) {
        char *names = sset_join(&strangers, ", ", "");

        probe->params_note = xasprintf(
            "external_ids:"XFSM_PARAMS_KEY" of the port sets parameters of "
            "programs that are not wanted here: %s", names);
        free(names);
    }
    sset_destroy(&strangers);
    return error;
}

bool
xfsm_mitigation_mode_from_name(const char *name,
                               enum xfsm_mitigation_mode *mode)
{
    static const char *const names[XFSM_N_MITIGATION_MODES] = {
#define MODE_NAME(ID, NAME) [XFSM_MITIGATION_##ID] = NAME,
        XFSM_MITIGATION_MODES(MODE_NAME)
#undef MODE_NAME
    };
    int i;

    for (i = XFSM_MITIGATION_DEFAULT + 1; i < XFSM_N_MITIGATION_MODES; i++) {
        if (!strcmp(name, names[i])) {
            *mode = i;
            return true;
        }
    }
    return false;
}

static bool
wants_mirror(const struct xfsm_desired_input *in, const struct place *at)
{
    return (smap_get_bool(at->port->external_ids, MIRROR_KEY, false)
            || (in->mirror && type_is_private(at->interface->type)));
}

static char *
check_probe(const struct place *at, bool mirror, const struct sset *programs)
{
    if (!mirror && type_is_private(at->interface->type)) {
        return xasprintf("interface %s of type \"%s\" belongs to Open vSwitch "
                         "alone, the kernel sees none of its packets; with "
                         "external_ids:xfsm-mirror=true on port %s the switch "
                         "mirrors them to a port of the probe",
                         at->interface->name, at->interface->type,
                         at->port->name);
    } else if (!mirror && !xfsm_desired_type_has_device(at->interface->type)) {
        return xasprintf("interface %s of type \"%s\" is not a network "
                         "device of the kernel, so there is nothing to listen "
                         "to", at->interface->name, at->interface->type);
    } else if (sset_count(programs) > XFSM_DESIRED_MAX_PROGRAMS) {
        return xasprintf("%"PRIuSIZE" programs, the limit is %d",
                         sset_count(programs), XFSM_DESIRED_MAX_PROGRAMS);
    }
    return NULL;
}

void
xfsm_desired_probe_destroy(struct xfsm_desired_probe *probe)
{
    free(probe->interface);
    free(probe->port);
    free(probe->bridge);
    free(probe->type);
    free(probe->netdev_class);
    free(probe->error);
    xfsm_port_ids_destroy(&probe->ids);
    sset_destroy(&probe->programs);
    smap_destroy(&probe->params);
    smap_destroy(&probe->all_ids);
    free(probe->params_note);
    free(probe->keys_note);
}

void
xfsm_desired_probe_clone(struct xfsm_desired_probe *copy,
                         const struct xfsm_desired_probe *probe)
{
    *copy = *probe;
    copy->interface = xstrdup(probe->interface);
    copy->port = xstrdup(probe->port);
    copy->bridge = xstrdup(probe->bridge);
    copy->type = xstrdup(probe->type);
    copy->netdev_class = nullable_xstrdup(probe->netdev_class);
    copy->error = nullable_xstrdup(probe->error);
    xfsm_port_ids_clone(&copy->ids, &probe->ids);
    sset_clone(&copy->programs, &probe->programs);
    smap_clone(&copy->params, &probe->params);
    smap_clone(&copy->all_ids, &probe->all_ids);
    copy->params_note = nullable_xstrdup(probe->params_note);
    copy->keys_note = nullable_xstrdup(probe->keys_note);
}

/* Puts into 'ids' those of the interface and, where it has none of that name,
 * of the port; our own keys, which the agent writes, are none. */
static void
get_ids(const struct place *at, struct smap *ids)
{
    const struct smap *const maps[] = {
        at->interface->external_ids, at->port->external_ids,
    };
    const struct smap_node *node;
    size_t i;

    smap_init(ids);
    for (i = 0; i < ARRAY_SIZE(maps); i++) {
        SMAP_FOR_EACH (node, maps[i]) {
            if (strncmp(node->key, KEY, strlen(KEY))
                && !smap_get(ids, node->key)) {
                smap_add(ids, node->key, node->value);
            }
        }
    }
}

static void
add_probe(struct xfsm_desired *d, const struct xfsm_desired_input *in,
          const struct place *at, bool mirror, struct sset *programs,
          unsigned int wanted_by)
{
    const char *type = at->interface->type;
    struct xfsm_desired_probe *probe = xzalloc(sizeof *probe);
    char *error;

    probe->interface = (mirror ? xfsm_mirror_device(at->port->name)
                        : xstrdup(at->interface->name));
    probe->port = xstrdup(at->port->name);
    probe->bridge = xstrdup(at->bridge->name);
    probe->type = xstrdup(type[0] ? type : "system");
    probe->uuid = at->interface->uuid;
    xfsm_port_ids_read(&probe->ids, &probe->uuid,
                       at->interface->external_ids, at->port->external_ids);
    probe->tag = at->port->has_tag ? at->port->tag : -1;
    get_ids(at, &probe->all_ids);
    probe->wanted_by = wanted_by;
    probe->mirror = mirror;
    probe->error = check_probe(at, mirror, programs);
    sset_init(&probe->programs);
    sset_swap(&probe->programs, programs);
    smap_init(&probe->params);
    probe->keys_note = xfsm_known_keys_note(at->bridge->external_ids,
                                            at->port->external_ids);
    error = get_settings(at, probe);
    if (!error) {
        error = get_params(in, at, probe);
    }
    if (probe->error) {
        free(error);
    } else {
        probe->error = error;
    }
    if (!shash_add_once(&d->probes, probe->interface, probe)) {
        xfsm_desired_probe_destroy(probe);
        free(probe);
    }
}

static void
add_interface(struct xfsm_desired *d, const struct xfsm_desired_input *in,
              const struct place *at)
{
    struct sset programs = SSET_INITIALIZER(&programs);
    const char *type = at->interface->type;
    bool mirror = wants_mirror(in, at);
    unsigned int wanted_by = 0;

    if (!smap_get(at->port->external_ids, XFSM_MIRROR_OF_KEY)) {
        collect_programs(in, at, d->matches, &programs, &wanted_by);
    }
    if (!sset_is_empty(&programs)
        && (wanted_by != 1u << XFSM_WANTED_BRIDGE || mirror
            || xfsm_desired_type_has_device(type)
            || type_is_private(type))) {
        add_probe(d, in, at, mirror, &programs, wanted_by);
    }
    sset_destroy(&programs);
}

void
xfsm_desired_init(struct xfsm_desired *d,
                  const struct xfsm_desired_input *in)
{
    size_t i, j, k;

    shash_init(&d->probes);
    d->matches = xcalloc(MAX(in->n_assignments, 1), sizeof *d->matches);
    for (i = 0; i < in->n_bridges; i++) {
        const struct xfsm_in_bridge *bridge = &in->bridges[i];

        for (j = 0; j < bridge->n_ports; j++) {
            const struct xfsm_in_port *port = &bridge->ports[j];

            for (k = 0; k < port->n_interfaces; k++) {
                const struct place at = {
                    .bridge = bridge,
                    .port = port,
                    .interface = &port->interfaces[k],
                };

                add_interface(d, in, &at);
            }
        }
    }
}

void
xfsm_desired_destroy(struct xfsm_desired *d)
{
    struct shash_node *node;

    SHASH_FOR_EACH (node, &d->probes) {
        xfsm_desired_probe_destroy(node->data);
        free(node->data);
    }
    shash_destroy(&d->probes);
    free(d->matches);
}
