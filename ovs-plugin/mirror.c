/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include <config.h>
#include "ovsdb-schema/ovs-compat.h"

#include "ovs-plugin/mirror.h"

#include <errno.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "hash.h"
#include "lib/vswitch-idl.h"
#include "openvswitch/vlog.h"
#include "ovs-plugin/agent.h"
#include "ovs-plugin/bridge.h"
#include "smap.h"
#include "util.h"

VLOG_DEFINE_THIS_MODULE(mirror);

char *
xfsm_mirror_device(const char *port)
{
    return xasprintf("xfm%08"PRIx32, hash_string(port, 0));
}

char *
xfsm_mirror_bring_up(const char *device)
{
    int sock = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    struct ifreq ifr;
    int error = 0;

    memset(&ifr, 0, sizeof ifr);
    ovs_strzcpy(ifr.ifr_name, device, sizeof ifr.ifr_name);
    if (sock < 0 || ioctl(sock, SIOCGIFFLAGS, &ifr)) {
        error = errno;
    } else if (!(ifr.ifr_flags & IFF_UP)) {
        ifr.ifr_flags |= IFF_UP;
        error = ioctl(sock, SIOCSIFFLAGS, &ifr) ? errno : 0;
    }
    if (sock >= 0) {
        close(sock);
    }
    return (error ? xasprintf("the mirror's device %s cannot be brought up "
                              "(%s), so nothing is seen", device,
                              ovs_strerror(error)) : NULL);
}

static struct ovsrec_port *
find_port(const struct ovsrec_bridge *bridge, const char *name)
{
    size_t i;

    for (i = 0; i < bridge->n_ports; i++) {
        if (!strcmp(bridge->ports[i]->name, name)) {
            return bridge->ports[i];
        }
    }
    return NULL;
}

static const struct ovsrec_mirror *
find_mirror(const struct ovsrec_bridge *bridge, const char *name)
{
    size_t i;

    for (i = 0; i < bridge->n_mirrors; i++) {
        if (!strcmp(bridge->mirrors[i]->name, name)) {
            return bridge->mirrors[i];
        }
    }
    return NULL;
}

/* The monitor whose device is called 'name', if it wants a mirror on 'bridge'.
 */
static const struct xfsm_monitor *
find_monitor(const struct xfsm_agent *agent, const char *name,
             const struct ovsrec_bridge *bridge)
{
    const struct xfsm_monitor *m = shash_find_data(&agent->monitors, name);

    return (m && m->wanted && m->want.mirror && !m->want.error
            && !strcmp(m->want.bridge, bridge->name) ? m : NULL);
}

/* Removes from 'bridge' what is ours and not wanted. */
static void
remove_unwanted(const struct xfsm_agent *agent,
                const struct ovsrec_bridge *bridge)
{
    size_t i;

    for (i = 0; i < bridge->n_mirrors; i++) {
        struct ovsrec_mirror *mirror = bridge->mirrors[i];

        if (smap_get(&mirror->external_ids, XFSM_MIRROR_OF_KEY)
            && !find_monitor(agent, mirror->name, bridge)) {
            VLOG_INFO("%s: removing mirror %s", bridge->name, mirror->name);
            ovsrec_bridge_update_mirrors_delvalue(bridge, mirror);
        }
    }
    for (i = 0; i < bridge->n_ports; i++) {
        struct ovsrec_port *port = bridge->ports[i];

        if (smap_get(&port->external_ids, XFSM_MIRROR_OF_KEY)
            && !find_monitor(agent, port->name, bridge)) {
            VLOG_INFO("%s: removing port %s", bridge->name, port->name);
            ovsrec_bridge_update_ports_delvalue(bridge, port);
        }
    }
}

static struct ovsrec_port *
add_port(struct ovsdb_idl_txn *txn, const struct ovsrec_bridge *bridge,
         const struct xfsm_monitor *m)
{
    struct ovsrec_interface *interface = ovsrec_interface_insert(txn);
    struct ovsrec_port *port = ovsrec_port_insert(txn);

    ovsrec_interface_set_name(interface, m->interface);
    ovsrec_interface_set_type(interface, "internal");
    ovsrec_port_set_name(port, m->interface);
    ovsrec_port_set_interfaces(port, &interface, 1);
    ovsrec_port_update_external_ids_setkey(port, XFSM_MIRROR_OF_KEY,
                                           m->want.port);
    ovsrec_bridge_update_ports_addvalue(bridge, port);
    return port;
}

/* Makes sure that the port of 'm' is mirrored as it should be. */
static void
add_wanted(struct xfsm_agent *agent, struct ovsdb_idl_txn *txn,
           const struct xfsm_monitor *m)
{
    const struct ovsrec_bridge *bridge = xfsm_bridge_find(agent->ovs.idl,
                                                          m->want.bridge);
    struct ovsrec_port *source = bridge ? find_port(bridge, m->want.port)
                                        : NULL;
    const struct ovsrec_mirror *old;
    struct ovsrec_mirror *mirror;
    struct ovsrec_port *output;

    if (!source) {
        return;
    }
    output = find_port(bridge, m->interface);
    old = find_mirror(bridge, m->interface);
    if (output && old && old->output_port == output
        && old->n_select_src_port == 1 && old->select_src_port[0] == source
        && old->n_select_dst_port == 1 && old->select_dst_port[0] == source) {
        return;
    }
    VLOG_INFO("%s: mirroring port %s to %s", bridge->name, m->want.port,
              m->interface);
    if (!output) {
        output = add_port(txn, bridge, m);
    }
    if (old) {
        mirror = CONST_CAST(struct ovsrec_mirror *, old);
    } else {
        mirror = ovsrec_mirror_insert(txn);
        ovsrec_mirror_set_name(mirror, m->interface);
        ovsrec_mirror_update_external_ids_setkey(mirror, XFSM_MIRROR_OF_KEY,
                                                 m->want.port);
        ovsrec_bridge_update_mirrors_addvalue(bridge, mirror);
    }
    ovsrec_mirror_set_select_src_port(mirror, &source, 1);
    ovsrec_mirror_set_select_dst_port(mirror, &source, 1);
    ovsrec_mirror_set_output_port(mirror, output);
}

void
xfsm_mirrors_write(struct xfsm_agent *agent, struct ovsdb_idl_txn *txn)
{
    const struct ovsrec_bridge *bridge;
    const struct shash_node *node;

    OVSREC_BRIDGE_FOR_EACH (bridge, agent->ovs.idl) {
        remove_unwanted(agent, bridge);
    }
    SHASH_FOR_EACH (node, &agent->monitors) {
        const struct xfsm_monitor *m = node->data;

        if (m->wanted && m->want.mirror && !m->want.error) {
            add_wanted(agent, txn, m);
        }
    }
}
