/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include <config.h>
#include "ovsdb-schema/ovs-compat.h"

#include "controller/preview.h"

#include <stdlib.h>
#include <string.h>

#include "controller/fleet.h"
#include "lib/vswitch-idl.h"
#include "openvswitch/poll-loop.h"
#include "ovs-plugin/target.h"
#include "ovsdb-idl.h"
#include "smap.h"
#include "sset.h"
#include "timeval.h"
#include "util.h"

/* Id of a port by which its owner says that it is not to be monitored. */
#define OFF_KEY "xfsm"
#define OFF_VALUE "none"

/* A host that is, or is to be, asked. */
struct question {
    struct xfsm_preview_host answer;
    char *remote;
    struct ovsdb_idl *idl;      /* While it is asked. */
    long long int deadline;
    size_t allocated;           /* Of 'answer.ports'. */
    bool done;
};

struct xfsm_preview {
    struct smap target;
    struct question *questions;
    size_t n;
    size_t next;                /* To be asked. */
    size_t n_open;
    long long int deadline;     /* Of all; LLONG_MAX: none. */
};

struct xfsm_preview *
xfsm_preview_create(const struct xfsm_fleet *fleet, const struct sset *hosts,
                    const struct smap *target, long long int timeout)
{
    struct xfsm_preview *p = xzalloc(sizeof *p);
    const char **names = sset_sort(hosts);
    size_t i;

    smap_clone(&p->target, target);
    p->n = sset_count(hosts);
    p->questions = xcalloc(MAX(p->n, 1), sizeof *p->questions);
    p->deadline = timeout ? time_msec() + timeout : LLONG_MAX;
    for (i = 0; i < p->n; i++) {
        const struct xfsm_fleet_host *host
            = shash_find_data(&fleet->hosts, names[i]);
        struct question *q = &p->questions[i];

        q->answer.name = xstrdup(names[i]);
        q->remote = xstrdup(host->ovsdb);
        q->answer.error = nullable_xstrdup(host->error);
        q->done = host->error != NULL;
    }
    free(names);
    return p;
}

/* Stops to ask. */
static void
finish(struct xfsm_preview *p, struct question *q, char *error)
{
    if (q->idl) {
        ovsdb_idl_destroy(q->idl);
        q->idl = NULL;
        p->n_open--;
    }
    q->answer.error = error;
    q->done = true;
}

void
xfsm_preview_destroy(struct xfsm_preview *p)
{
    size_t i, j;

    if (!p) {
        return;
    }
    for (i = 0; i < p->n; i++) {
        struct question *q = &p->questions[i];

        for (j = 0; j < q->answer.n_ports; j++) {
            free(q->answer.ports[j].bridge);
            free(q->answer.ports[j].port);
            free(q->answer.ports[j].interface);
        }
        ovsdb_idl_destroy(q->idl);
        free(q->answer.ports);
        free(q->answer.name);
        free(q->answer.error);
        free(q->remote);
    }
    free(p->questions);
    smap_destroy(&p->target);
    free(p);
}

static void
ask(struct xfsm_preview *p, struct question *q)
{
    static const struct ovsdb_idl_column *const columns[] = {
        &ovsrec_bridge_col_name, &ovsrec_bridge_col_ports,
        &ovsrec_port_col_name, &ovsrec_port_col_interfaces,
        &ovsrec_port_col_tag, &ovsrec_port_col_external_ids,
        &ovsrec_interface_col_name, &ovsrec_interface_col_type,
        &ovsrec_interface_col_external_ids,
    };
    size_t i;

    q->idl = ovsdb_idl_create(q->remote, &ovsrec_idl_class, false, true);
    ovsdb_idl_set_leader_only(q->idl, false);
    for (i = 0; i < ARRAY_SIZE(columns); i++) {
        ovsdb_idl_add_column(q->idl, columns[i]);
    }
    q->deadline = MIN(time_msec() + XFSM_PREVIEW_HOST_MS, p->deadline);
    p->n_open++;
}

/* Adds the interfaces of 'port' that are meant. */
static void
match_port(struct question *q, const struct smap *target,
           const struct ovsrec_bridge *bridge, const struct ovsrec_port *port)
{
    const char *list = smap_get(&port->external_ids, OFF_KEY);
    struct xfsm_preview_host *answer = &q->answer;
    size_t i;

    for (i = 0; i < port->n_interfaces; i++) {
        const struct ovsrec_interface *interface = port->interfaces[i];
        const struct xfsm_target_place place = {
            .bridge = bridge->name,
            .port = port->name,
            .type = interface->type,
            .tag = port->n_tag ? port->tag[0] : -1,
            .interface_ids = &interface->external_ids,
            .port_ids = &port->external_ids,
        };

        if (!xfsm_target_matches(target, &place)) {
            continue;
        } else if (answer->n_ports >= q->allocated) {
            answer->ports = x2nrealloc(answer->ports, &q->allocated,
                                       sizeof *answer->ports);
        }
        answer->ports[answer->n_ports++] = (struct xfsm_preview_port) {
            .bridge = xstrdup(bridge->name),
            .port = xstrdup(port->name),
            .interface = xstrdup(interface->name),
            .off = list && !strcmp(list, OFF_VALUE),
        };
    }
}

static int
compare_ports(const void *a_, const void *b_)
{
    const struct xfsm_preview_port *a = a_;
    const struct xfsm_preview_port *b = b_;
    int order = strcmp(a->bridge, b->bridge);

    order = order ? order : strcmp(a->port, b->port);
    return order ? order : strcmp(a->interface, b->interface);
}

static void
match_host(struct question *q, const struct smap *target)
{
    const struct ovsrec_bridge *bridge;
    size_t i;

    OVSREC_BRIDGE_FOR_EACH (bridge, q->idl) {
        for (i = 0; i < bridge->n_ports; i++) {
            match_port(q, target, bridge, bridge->ports[i]);
        }
    }
    if (q->answer.n_ports) {
        qsort(q->answer.ports, q->answer.n_ports, sizeof *q->answer.ports,
              compare_ports);
    }
}

static void
run_question(struct xfsm_preview *p, struct question *q)
{
    ovsdb_idl_run(q->idl);
    if (ovsdb_idl_has_ever_connected(q->idl)) {
        match_host(q, &p->target);
        finish(p, q, NULL);
    } else if (time_msec() >= q->deadline) {
        finish(p, q, xasprintf("its switch did not answer within %d s",
                               XFSM_PREVIEW_HOST_MS / 1000));
    }
}

bool
xfsm_preview_run(struct xfsm_preview *p)
{
    size_t i;

    for (i = 0; i < p->next; i++) {
        if (p->questions[i].idl) {
            run_question(p, &p->questions[i]);
        }
    }
    while (p->next < p->n && p->n_open < XFSM_PREVIEW_AT_A_TIME) {
        struct question *q = &p->questions[p->next++];

        if (time_msec() >= p->deadline && !q->done) {
            finish(p, q, xstrdup("it was not asked: there was no time left"));
        } else if (!q->done) {
            ask(p, q);
            run_question(p, q);
        }
    }
    return p->next >= p->n && !p->n_open;
}

void
xfsm_preview_wait(const struct xfsm_preview *p)
{
    size_t i;

    for (i = 0; i < p->next; i++) {
        const struct question *q = &p->questions[i];

        if (q->idl) {
            ovsdb_idl_wait(q->idl);
            poll_timer_wait_until(q->deadline);
        }
    }
    if (p->next < p->n && p->n_open < XFSM_PREVIEW_AT_A_TIME) {
        poll_immediate_wake();
    }
}

size_t
xfsm_preview_n_hosts(const struct xfsm_preview *p)
{
    return p->n;
}

const struct xfsm_preview_host *
xfsm_preview_get(const struct xfsm_preview *p, size_t i)
{
    return &p->questions[i].answer;
}
