/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include <config.h>
#include "ovsdb-schema/ovs-compat.h"

#include "ovs-plugin/target.h"

#include <stdlib.h>
#include <string.h>

#include "ovs-plugin/port-ids.h"
#include "smap.h"
#include "util.h"
#include "xfsm/base/glob.h"

#define ANY_ID "external_ids:"
#define NEUTRON "neutron:"

/* Reads a number of at most 5 digits. */
static bool
read_number(const char **p, int64_t *number)
{
    size_t n = strspn(*p, "0123456789");

    if (n < 1 || n > 5) {
        return false;
    }
    *number = atoi(*p);
    *p += n;
    return true;
}

bool
xfsm_target_in_list(const char *list, int64_t number)
{
    int64_t first, last;

    for (;;) {
        if (!read_number(&list, &first)) {
            return false;
        }
        last = first;
        if (*list == '-' && (list++, !read_number(&list, &last))) {
            return false;
        }
        if (*list && *list != ',') {
            return false;
        } else if (number >= first && number <= last) {
            return true;
        } else if (!*list++) {
            return false;
        }
    }
}

static bool
id_matches(const char *key, const char *value,
           const struct xfsm_target_place *at)
{
    const char *id = xfsm_port_ids_find(key, at->interface_ids,
                                        at->port_ids);

    return id && xfsm_glob_match(value, id);
}

static bool
key_matches(const char *key, const char *value,
            const struct xfsm_target_place *at)
{
#define TARGET_NAME(KEY) KEY,
    static const char *const known[] = { XFSM_TARGETS(TARGET_NAME) };
#undef TARGET_NAME
    size_t i;

    if (!strcmp(key, "port")) {
        return xfsm_glob_match(value, at->port);
    } else if (!strcmp(key, "bridge")) {
        return xfsm_glob_match(value, at->bridge);
    } else if (!strcmp(key, "type")) {
        return xfsm_glob_match(value, at->type[0] ? at->type : "system");
    } else if (!strcmp(key, "tag")) {
        return at->tag >= 0 && xfsm_target_in_list(value, at->tag);
    } else if (!strncmp(key, ANY_ID, strlen(ANY_ID))) {
        return id_matches(key + strlen(ANY_ID), value, at);
    } else if (!strncmp(key, NEUTRON, strlen(NEUTRON))) {
        return id_matches(key, value, at);
    }
    for (i = 0; i < ARRAY_SIZE(known); i++) {
        if (!strcmp(key, known[i])) {
            return id_matches(key, value, at);
        }
    }
    return false;
}

bool
xfsm_target_matches(const struct smap *target,
                    const struct xfsm_target_place *at)
{
    const struct smap_node *node;

    SMAP_FOR_EACH (node, target) {
        const char *key = node->key;

        if (!strncmp(key, XFSM_TARGET_TENANT, strlen(XFSM_TARGET_TENANT))) {
            key += strlen(XFSM_TARGET_TENANT);
        }
        if (!key_matches(key, node->value, at)) {
            return false;
        }
    }
    return !smap_is_empty(target);
}

bool
xfsm_target_is_tenants(const struct smap *target)
{
    const struct smap_node *node;

    SMAP_FOR_EACH (node, target) {
        if (!strncmp(node->key, XFSM_TARGET_TENANT,
                     strlen(XFSM_TARGET_TENANT))) {
            return true;
        }
    }
    return false;
}
