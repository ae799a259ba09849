/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include <config.h>
#include "ovsdb-schema/ovs-compat.h"

#include "utilities/xfsm-ctl.h"

#include "controller/preview.h"
#include "openvswitch/dynamic-string.h"
#include "openvswitch/poll-loop.h"
#include "util.h"

static void
put_port(const char *host, const struct xfsm_preview_port *port,
         struct ds *out)
{
    bool other = strcmp(port->interface, port->port);

    ds_put_format(out, "%s %s/%s%s%s%s\n", host, port->bridge, port->port,
                  other ? " interface " : "", other ? port->interface : "",
                  port->off ? " (off by external_ids:xfsm=none)" : "");
}

void
xfsm_ctl_preview(const struct xfsm_fleet *fleet, const struct sset *hosts,
                 const struct smap *target, struct ds *out)
{
    struct xfsm_preview *preview = xfsm_preview_create(fleet, hosts, target,
                                                       0);
    size_t n = sset_count(hosts);
    size_t n_ports = 0, n_hosts = 0, n_silent = 0;

    while (!xfsm_preview_run(preview)) {
        xfsm_preview_wait(preview);
        poll_block();
    }
    for (size_t i = 0; i < n; i++) {
        const struct xfsm_preview_host *host = xfsm_preview_get(preview, i);

        if (host->error) {
            ds_put_format(out, "%s: %s\n", host->name, host->error);
            n_silent++;
        }
        for (size_t j = 0; j < host->n_ports; j++) {
            put_port(host->name, &host->ports[j], out);
        }
        n_ports += host->n_ports;
        n_hosts += host->n_ports > 0;
    }
    xfsm_preview_destroy(preview);
    ds_put_format(out, "%"PRIuSIZE" port%s on %"PRIuSIZE" of %"PRIuSIZE
                  " host%s", n_ports, n_ports == 1 ? "" : "s", n_hosts, n,
                  n == 1 ? "" : "s");
    if (n_silent) {
        ds_put_format(out, ", %"PRIuSIZE" of which did not answer", n_silent);
    }
    ds_put_char(out, '\n');
}
