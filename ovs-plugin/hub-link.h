/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef OVS_PLUGIN_HUB_LINK_H
#define OVS_PLUGIN_HUB_LINK_H 1

/* The agent's side of the hub: keeps xfsm-hub running, and joins probes to it.
 *
 * Each probe has a socket pair of its own to the hub, made here: one end goes
 * to the hub, the other to the probe.  The agent keeps a copy of the hub's
 * end, and hands it to the next hub if the first one dies: so events that were
 * on their way are not lost, and probes notice nothing.  A copy is closed when
 * its probe has ended and a hub has its socket.
 *
 * Thread-safety: none needed, all is done by the agent's one thread. */

#include <stdbool.h>
#include <stdint.h>

#include "openvswitch/list.h"
#include "ovs-plugin/counters.h"
#include "ovs-plugin/worker.h"

struct smap;

/* Sockets handed to the hub in one go, and how long it is given to take them,
 * in ms; and the time between two looks for those no longer needed. */
#define XFSM_HUB_LINK_BURST 64
#define XFSM_HUB_LINK_RETRY_MS 10
#define XFSM_HUB_LINK_SWEEP_MS 5000

/* How long the hub may be at work before it answers: a turn of a hub that has
 * much of all probes is long (hub-feed.h). */
#define XFSM_HUB_LINK_TURN_MS 5000

struct xfsm_hub_link {
    struct xfsm_worker worker;
    char *program;              /* Path of xfsm-hub. */
    char *user;                 /* Whom it becomes, or NULL. */
    char *endpoint;             /* Wanted. */
    char **options;             /* As arguments, NULL-terminated, or NULL. */
    bool enabled;               /* If not, no hub is to run. */
    char *bound;                /* As the hub told, or NULL. */
    char *note;                 /* What it lacks, as it told, or NULL. */
    struct xfsm_counters stats;  /* As the hub told. */
    struct ovs_list ends;       /* Struct end of hub-link.c. */
    size_t n_unsent;            /* Of them, how many this hub lacks. */
    long long int next_send;
    long long int next_sweep;
    uint64_t generation;        /* Of the sockets; 0 before there is a hub. */
    uint64_t last_generation;
};

void xfsm_hub_link_init(struct xfsm_hub_link *, const char *program,
                        const char *user);
void xfsm_hub_link_destroy(struct xfsm_hub_link *);

/* Says whether a hub is to run; at first, none is. */
void xfsm_hub_link_enable(struct xfsm_hub_link *, bool enable);

/* Sets the endpoint and the other options of the hub from the keys hub-* of
 * 'options'.  Other ones than before restart the hub. */
void xfsm_hub_link_configure(struct xfsm_hub_link *,
                             const struct smap *options,
                             const char *default_endpoint);

/* Joins a probe to the hub, once 'generation' is not 0.  Returns the probe's
 * end, which the caller owns, or -1. */
int xfsm_hub_link_join(struct xfsm_hub_link *, const char *probe);

/* Starts the hub if need be.  Returns true if its state changed. */
bool xfsm_hub_link_run(struct xfsm_hub_link *);
void xfsm_hub_link_wait(const struct xfsm_hub_link *);

/* What is wrong with the hub, also with one that runs, or NULL. */
const char *xfsm_hub_link_error(const struct xfsm_hub_link *);

/* "running", "starting" or "error". */
const char *xfsm_hub_link_status(const struct xfsm_hub_link *);

#endif /* ovs-plugin/hub-link.h */
