/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include <config.h>
#include "ovsdb-schema/ovs-compat.h"

#include "controller/fleetd.h"

#include <stdio.h>
#include <stdlib.h>

#include "controller/fleet-db.h"
#include "controller/fleet.h"
#include "openvswitch/dynamic-string.h"
#include "openvswitch/poll-loop.h"
#include "timeval.h"
#include "util.h"

/* Tells whether nothing is left to be done on 'host'. */
static bool
is_finished(const struct controller *ctl, const struct xfsm_host *host)
{
    enum xfsm_host_state state = xfsm_host_get_state(host);

    return ctl->mode == XFSM_HOST_DRY_RUN
           ? xfsm_host_get_plan(host) != NULL
           : state == XFSM_HOST_DONE || state == XFSM_HOST_CONFLICT;
}

/* Prints how a run with --once ended.  Returns true if all went well. */
static bool
report(const struct controller *ctl)
{
    const struct shash_node **nodes = shash_sort(&ctl->hosts);
    size_t n = shash_count(&ctl->hosts);
    struct ds errors = DS_EMPTY_INITIALIZER;
    bool ok = true;
    size_t i;

    if (ctl->fleet) {
        xfsm_fleet_put_errors(ctl->fleet, &errors);
        fputs(ds_cstr(&errors), stdout);
        ok = !errors.length;
    } else {
        printf("%s: not connected\n", ctl->db_remote);
    }
    ds_destroy(&errors);

    for (i = 0; i < n; i++) {
        const struct xfsm_host *host = nodes[i]->data;
        enum xfsm_host_state state = xfsm_host_get_state(host);
        const char *plan = xfsm_host_get_plan(host);

        if (ctl->mode == XFSM_HOST_WRITE || !plan) {
            printf("%s: %s\n", nodes[i]->name,
                   xfsm_host_state_to_string(state));
            ok = ok && state == XFSM_HOST_DONE;
        } else {
            printf("%s: %s\n%s", nodes[i]->name,
                   plan[0] ? "would be changed:" : "no difference", plan);
        }
        fputs(xfsm_host_get_problems(host), stdout);
        ok = ok && !xfsm_host_get_problems(host)[0];
    }
    free(nodes);
    return ok;
}

/* Tells whether nothing is left to be done. */
static bool
all_finished(const struct controller *ctl)
{
    const struct shash_node *node;

    if (!ctl->fleet
        || (ctl->db && (xfsm_fleet_db_n_pending(ctl->db)
                        || (ctl->mode == XFSM_HOST_WRITE
                            && !xfsm_fleet_db_is_settled(ctl->db))))) {
        return false;
    }
    SHASH_FOR_EACH (node, &ctl->hosts) {
        if (!is_finished(ctl, node->data)) {
            return false;
        }
    }
    return true;
}

int
xfsm_fleetd_once(struct controller *ctl)
{
    long long int deadline = time_msec() + ctl->timeout * 1000LL;
    bool finished;

    do {
        xfsm_fleetd_run(ctl);
        finished = all_finished(ctl);
        if (!finished) {
            xfsm_fleetd_wait(ctl);
            poll_timer_wait_until(deadline);
            poll_block();
        }
    } while (!finished && time_msec() < deadline);
    return report(ctl) && finished ? EXIT_SUCCESS : EXIT_FAILURE;
}
