/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include <config.h>
#include "ovsdb-schema/ovs-compat.h"

#include "utilities/xfsm-ctl.h"

#include <stdlib.h>
#include <string.h>

#include "controller/fleet.h"
#include "lib/vswitch-idl.h"
#include "openvswitch/dynamic-string.h"
#include "openvswitch/poll-loop.h"
#include "ovs-plugin/target.h"
#include "ovsdb-idl.h"
#include "smap.h"
#include "sset.h"
#include "svec.h"
#include "timeval.h"
#include "util.h"

/* Hosts that are asked at a time, and how long they have to answer, in
 * milliseconds. */
#define HOSTS_AT_A_TIME 64
#define ANSWER_TIMEOUT 3000

/* Ids of a port by which its owner says that it is not to be monitored. */
#define OFF_KEY "xfsm"
#define OFF_VALUE "none"

struct counts {
    size_t ports;
    size_t hosts;               /* With any of these. */
    size_t silent;              /* Hosts that did not answer. */
};

static struct ovsdb_idl *
connect_switch(const char *remote)
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

/* Waits until all 'n' databases are there, or the time is over. */
static void
wait_for_all(struct ovsdb_idl *const idls[], size_t n)
{
    long long int deadline = time_msec() + ANSWER_TIMEOUT;

    for (;;) {
        size_t left = 0;

        for (size_t i = 0; i < n; i++) {
            ovsdb_idl_run(idls[i]);
            left += !ovsdb_idl_has_ever_connected(idls[i]);
        }
        if (!left || time_msec() >= deadline) {
            return;
        }
        for (size_t i = 0; i < n; i++) {
            ovsdb_idl_wait(idls[i]);
        }
        poll_timer_wait_until(deadline);
        poll_block();
    }
}

/* Adds to 'lines' the interfaces of 'port' that 'target' means. */
static void
match_port(const char *host, const struct ovsrec_bridge *bridge,
           const struct ovsrec_port *port, const struct smap *target,
           struct svec *lines)
{
    const char *list = smap_get(&port->external_ids, OFF_KEY);
    bool off = list && !strcmp(list, OFF_VALUE);

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
            bool other = strcmp(interface->name, port->name);

            svec_add_nocopy(lines, xasprintf(
                "%s %s/%s%s%s%s", host, bridge->name, port->name,
                other ? " interface " : "", other ? interface->name : "",
                off ? " (off by external_ids:xfsm=none)" : ""));
        }
    }
}

static void
put_host(const char *host, const struct ovsdb_idl *idl,
         const struct smap *target, struct ds *out, struct counts *counts)
{
    const struct ovsrec_bridge *bridge;
    struct svec lines = SVEC_EMPTY_INITIALIZER;
    const char *line;
    size_t i;

    if (!ovsdb_idl_has_ever_connected(idl)) {
        ds_put_format(out, "%s: its switch did not answer within %d s\n",
                      host, ANSWER_TIMEOUT / 1000);
        counts->silent++;
        return;
    }
    OVSREC_BRIDGE_FOR_EACH (bridge, idl) {
        for (i = 0; i < bridge->n_ports; i++) {
            match_port(host, bridge, bridge->ports[i], target, &lines);
        }
    }
    svec_sort(&lines);
    SVEC_FOR_EACH (i, line, &lines) {
        ds_put_format(out, "%s\n", line);
    }
    counts->ports += lines.n;
    counts->hosts += lines.n > 0;
    svec_destroy(&lines);
}

/* Asks 'n' of the hosts. */
static void
ask_hosts(const struct xfsm_fleet *fleet, const char *const names[], size_t n,
          const struct smap *target, struct ds *out, struct counts *counts)
{
    struct ovsdb_idl *idls[HOSTS_AT_A_TIME];
    const char *asked[HOSTS_AT_A_TIME];
    size_t n_asked = 0;

    for (size_t i = 0; i < n; i++) {
        const struct xfsm_fleet_host *host
            = shash_find_data(&fleet->hosts, names[i]);

        if (host->error) {
            ds_put_format(out, "%s: %s\n", names[i], host->error);
            counts->silent++;
        } else {
            idls[n_asked] = connect_switch(host->ovsdb);
            asked[n_asked++] = names[i];
        }
    }
    wait_for_all(idls, n_asked);
    for (size_t i = 0; i < n_asked; i++) {
        put_host(asked[i], idls[i], target, out, counts);
        ovsdb_idl_destroy(idls[i]);
    }
}

void
xfsm_ctl_preview(const struct xfsm_fleet *fleet, const struct sset *hosts,
                 const struct smap *target, struct ds *out)
{
    const char **names = sset_sort(hosts);
    size_t n = sset_count(hosts);
    struct counts counts = { .ports = 0 };

    for (size_t i = 0; i < n; i += HOSTS_AT_A_TIME) {
        ask_hosts(fleet, &names[i], MIN(n - i, HOSTS_AT_A_TIME), target, out,
                  &counts);
    }
    free(names);
    ds_put_format(out, "%"PRIuSIZE" port%s on %"PRIuSIZE" of %"PRIuSIZE
                  " host%s", counts.ports, counts.ports == 1 ? "" : "s",
                  counts.hosts, n, n == 1 ? "" : "s");
    if (counts.silent) {
        ds_put_format(out, ", %"PRIuSIZE" of which did not answer",
                      counts.silent);
    }
    ds_put_char(out, '\n');
}
