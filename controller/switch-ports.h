/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef CONTROLLER_SWITCH_PORTS_H
#define CONTROLLER_SWITCH_PORTS_H 1

/* Which ports a switch has that a target means, by its database Open_vSwitch,
 * which is only read: for previews, of ports that no program watches yet, by
 * xfsm-ctl and the REST API.
 *
 * A preview that takes a few seconds is worth a connection to each host, while
 * one for each host all the time would cost a controller more than all else.
 *
 * Thread-safety: none. */

#include <stdbool.h>

struct ovsdb_idl;
struct smap;

/* How long a switch has to answer, in milliseconds. */
#define XFSM_SWITCH_TIMEOUT 3000

/* An interface that is meant.  All is borrowed. */
struct xfsm_switch_port {
    const char *bridge;
    const char *port;
    const char *interface;
    bool off;                   /* Its owner wants no monitoring. */
};

/* Connects to the switch whose database server is at 'remote', or, with
 * commas, those of a cluster. */
struct ovsdb_idl *xfsm_switch_connect(const char *remote);

/* Calls 'take' for each interface that 'target' means, in any order. */
void xfsm_switch_match(const struct ovsdb_idl *, const struct smap *target,
                       void (*take)(const struct xfsm_switch_port *,
                                    void *aux), void *aux);

#endif /* controller/switch-ports.h */
