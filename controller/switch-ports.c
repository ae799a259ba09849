/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include <config.h>
#include "ovsdb-schema/ovs-compat.h"

#include "controller/switch-ports.h"

#include <string.h>

#include "lib/vswitch-idl.h"
#include "ovs-plugin/target.h"
#include "ovsdb-idl.h"
#include "smap.h"
#include "util.h"

/* Ids of a port by which its owner says that it is not to be monitored. */
#define OFF_KEY "xfsm"
#define OFF_VALUE "none"

struct ovsdb_idl *
xfsm_switch_connect(const char *remote)
{
    static const struct ovsdb_idl_column *const columns[] = {
        &ovsrec_bridge_col_name, &ovsrec_bridge_col_ports,
        &ovsrec_port_col_name, &ovsrec_port_col_interfaces,
        &ovsrec_port_col_tag, &ovsrec_port_col_external_ids,
        &ovsrec_interface_col_name, &ovsrec_interface_col_type,
        &ovsrec_interface_col_external_ids,
    };
    struct ovsdb_idl *idl = ovsdb_idl_create(remote, &ovsrec_idl_class, false,
                                             true);

    ovsdb_idl_set_leader_only(idl, false);
    for (size_t i = 0; i < ARRAY_SIZE(columns); i++) {
        ovsdb_idl_add_column(idl, columns[i]);
    }
    return idl;
}

static void
match_port(const struct ovsrec_bridge *bridge, const struct ovsrec_port *port,
           const struct smap *target,
           void (*take)(const struct xfsm_switch_port *, void *aux),
           void *aux)
{
    const char *list = smap_get(&port->external_ids, OFF_KEY);

    for (size_t i = 0; i < port->n_interfaces; i++) {
        const struct ovsrec_interface *interface = port->interfaces[i];
        const struct xfsm_target_place place = {
            .bridge = bridge->name,
            .port = port->name,
            .type = interface->type,
            .tag = port->n_tag ? port->tag[0] : -1,
            .interface_ids = &interface->external_ids,
            .port_ids = &port->external_ids,
        };

        if (xfsm_target_matches(target, &place)) {
            const struct xfsm_switch_port found = {
                .bridge = bridge->name,
                .port = port->name,
                .interface = interface->name,
                .off = list && !strcmp(list, OFF_VALUE),
            };

            take(&found, aux);
        }
    }
}

void
xfsm_switch_match(const struct ovsdb_idl *idl, const struct smap *target,
                  void (*take)(const struct xfsm_switch_port *, void *aux),
                  void *aux)
{
    const struct ovsrec_bridge *bridge;

    OVSREC_BRIDGE_FOR_EACH (bridge, idl) {
        for (size_t i = 0; i < bridge->n_ports; i++) {
            match_port(bridge, bridge->ports[i], target, take, aux);
        }
    }
}
