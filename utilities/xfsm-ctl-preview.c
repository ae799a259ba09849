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
#include "controller/switch-ports.h"
#include "openvswitch/dynamic-string.h"
#include "openvswitch/poll-loop.h"
#include "ovsdb-idl.h"
#include "smap.h"
#include "sset.h"
#include "svec.h"
#include "timeval.h"
#include "util.h"

/* Hosts that are asked at a time. */
#define HOSTS_AT_A_TIME 64

struct counts {
    size_t ports;
    size_t hosts;               /* With any of these. */
    size_t silent;              /* Hosts that did not answer. */
};

/* Waits until all 'n' databases are there, or the time is over. */
static void
wait_for_all(struct ovsdb_idl *const idls[], size_t n)
{
    long long int deadline = time_msec() + XFSM_SWITCH_TIMEOUT;

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

/* Lines about a host. */
struct lines {
    const char *host;
    struct svec svec;
};

static void
take_port(const struct xfsm_switch_port *p, void *lines_)
{
    struct lines *lines = lines_;
    bool other = strcmp(p->interface, p->port);

    svec_add_nocopy(&lines->svec, xasprintf(
        "%s %s/%s%s%s%s", lines->host, p->bridge, p->port,
        other ? " interface " : "", other ? p->interface : "",
        p->off ? " (off by external_ids:xfsm=none)" : ""));
}

static void
put_host(const char *host, const struct ovsdb_idl *idl,
         const struct smap *target, struct ds *out, struct counts *counts)
{
    struct lines lines = { host, SVEC_EMPTY_INITIALIZER };
    const char *line;
    size_t i;

    if (!ovsdb_idl_has_ever_connected(idl)) {
        ds_put_format(out, "%s: its switch did not answer within %d s\n",
                      host, XFSM_SWITCH_TIMEOUT / 1000);
        counts->silent++;
        return;
    }
    xfsm_switch_match(idl, target, take_port, &lines);
    svec_sort(&lines.svec);
    SVEC_FOR_EACH (i, line, &lines.svec) {
        ds_put_format(out, "%s\n", line);
    }
    counts->ports += lines.svec.n;
    counts->hosts += lines.svec.n > 0;
    svec_destroy(&lines.svec);
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
            idls[n_asked] = xfsm_switch_connect(host->ovsdb);
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
