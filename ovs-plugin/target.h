/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef OVS_PLUGIN_TARGET_H
#define OVS_PLUGIN_TARGET_H 1

/* Whether an interface is meant by column "target" of table Assignment: it is
 * if each key that is set matches, and there is at least one.
 *
 * Keys, beside "external_ids:KEY" for any KEY and "neutron:KEY", which is
 * short for "external_ids:neutron:KEY", are those of XFSM_TARGETS.  Values
 * are patterns (xfsm/base/glob.h).  That of "tag" is a list of numbers and
 * ranges, such as "10,20-29"; a port without a tag matches none.
 *
 * Ids are those of the Interface, or, where it has none of that name, of the
 * Port.
 *
 * Each of these can be there once more behind "tenant:", and must match as
 * well: what a tenant's assignment says, and which ports the tenant has, are
 * two things, of which neither can widen the other.
 *
 * A key that is none of these matches nothing: an assignment of a newer
 * controller must not be taken for one that means more ports.
 *
 * Pure functions.  A comparison costs at most the product of both lengths. */

#include <stdbool.h>
#include <stdint.h>

struct smap;

/* T(KEY): keys, other than of any external_ids. */
#define XFSM_TARGETS(T) \
    T("port") T("bridge") T("type") T("tag") T("iface-id") T("vm-uuid") \
    T("vm-id") T("attached-mac")

/* Beginning of keys that say which ports the tenant has whose assignment it
 * is. */
#define XFSM_TARGET_TENANT "tenant:"

/* What is known of an interface.  All is borrowed. */
struct xfsm_target_place {
    const char *bridge;
    const char *port;
    const char *type;           /* Of the Interface; "" is "system". */
    int64_t tag;                /* Of the Port, or -1. */
    const struct smap *interface_ids;
    const struct smap *port_ids;
};

bool xfsm_target_matches(const struct smap *target,
                         const struct xfsm_target_place *);

/* Returns why 'target' can match no interface at all, or NULL.  The caller
 * frees it. */
char *xfsm_target_check(const struct smap *target);

/* True if 'target' is of a tenant's assignment. */
bool xfsm_target_is_tenants(const struct smap *target);

/* True if 'number' is in 'list'.  A list that is malformed has no numbers from
 * the mistake on. */
bool xfsm_target_in_list(const char *list, int64_t number);

/* True if 'list' is one from end to end. */
bool xfsm_target_is_list(const char *list);

#endif /* ovs-plugin/target.h */
