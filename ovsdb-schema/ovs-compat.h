/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef OVSDB_SCHEMA_OVS_COMPAT_H
#define OVSDB_SCHEMA_OVS_COMPAT_H 1

/* What differs between the versions of Open vSwitch that we build against,
 * and a guard against the wrong <config.h>.
 *
 * Every source file that uses Open vSwitch headers begins with
 *
 *     #include <config.h>
 *     #include "ovsdb-schema/ovs-compat.h"
 *
 * Structures of Open vSwitch change their layout with its config.h.  Were
 * another file of that name found first, everything would compile and then
 * fail in odd ways at run time, so that is refused here, at compile time.
 *
 * Open vSwitch changes its internal API at will.  The build tells differences
 * by looking into its headers (m4/ovs.m4), and they are hidden here, so that
 * the rest of the code has no conditionals. */

#include <stdbool.h>
#include <stddef.h>

#include "daemon.h"
#include "openvswitch/json.h"

_Static_assert(!__builtin_strcmp(PACKAGE_NAME, "openvswitch"),
               "<config.h> is not the one of Open vSwitch");

/* daemonize_start() for a process that needs no hardware port access; since
 * Open vSwitch 3.2 it has an argument to ask for that.  'access_datapath'
 * keeps CAP_NET_ADMIN and CAP_NET_RAW across a change of user. */
static inline void
xfsm_daemonize_start(bool access_datapath)
{
#ifdef OVS_DAEMONIZE_START_HW
    daemonize_start(access_datapath, false);
#else
    daemonize_start(access_datapath);
#endif
}

/* Number of elements of the JSON array 'array', and the element at 'index'.
 * The array's representation became private after Open vSwitch 3.5. */
static inline size_t
xfsm_json_array_size(const struct json *array)
{
#ifdef OVS_JSON_ARRAY_AT
    return json_array_size(array);
#else
    return json_array(array)->n;
#endif
}

static inline const struct json *
xfsm_json_array_at(const struct json *array, size_t index)
{
#ifdef OVS_JSON_ARRAY_AT
    return json_array_at(array, index);
#else
    return json_array(array)->elems[index];
#endif
}

#endif /* OVSDB_SCHEMA_OVS_COMPAT_H */
