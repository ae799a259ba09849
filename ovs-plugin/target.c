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

bool
xfsm_target_is_list(const char *list)
{
    int64_t number;

    do {
        if (!read_number(&list, &number)
            || (*list == '-' && (list++, !read_number(&list, &number)))) {
            return false;
        }
    } while (*list++ == ',');
    return !list[-1];
}

static bool
id_matches(const char *key, const char *value,
           const struct xfsm_target_place *at)
{
    const char *id = xfsm_port_ids_find(key, at->interface_ids,
                                        at->port_ids);

    return id && xfsm_glob_match(value, id);
}

/* True if 'key' is one of XFSM_TARGETS. */
static bool
is_known(const char *key)
{
#define TARGET_NAME(KEY) KEY,
    static const char *const known[] = { XFSM_TARGETS(TARGET_NAME) };
#undef TARGET_NAME
    size_t i;

    for (i = 0; i < ARRAY_SIZE(known); i++) {
        if (!strcmp(key, known[i])) {
            return true;
        }
    }
    return false;
}

static bool
key_matches(const char *key, const char *value,
            const struct xfsm_target_place *at)
{
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
    return is_known(key) && id_matches(key, value, at);
}

/* 'key' without "tenant:". */
static const char *
own_key(const char *key)
{
    size_t n = strlen(XFSM_TARGET_TENANT);

    return key + (strncmp(key, XFSM_TARGET_TENANT, n) ? 0 : n);
}

char *
xfsm_target_check(const struct smap *target)
{
    const struct smap_node *node;

    if (smap_is_empty(target)) {
        return xstrdup("it has no target");
    }
    SMAP_FOR_EACH (node, target) {
        const char *key = own_key(node->key);

        if (!is_known(key) && strncmp(key, ANY_ID, strlen(ANY_ID))
            && strncmp(key, NEUTRON, strlen(NEUTRON))) {
            return xasprintf("target:%.64s is no key", node->key);
        } else if (!strcmp(key, "tag") && !xfsm_target_is_list(node->value)) {
            return xasprintf("target:%s=%.64s is no list of numbers",
                             node->key, node->value);
        }
    }
    return NULL;
}

bool
xfsm_target_matches(const struct smap *target,
                    const struct xfsm_target_place *at)
{
    const struct smap_node *node;

    SMAP_FOR_EACH (node, target) {
        if (!key_matches(own_key(node->key), node->value, at)) {
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
