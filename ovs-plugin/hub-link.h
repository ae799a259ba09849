/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef OVS_PLUGIN_HUB_LINK_H
#define OVS_PLUGIN_HUB_LINK_H 1

/* The agent's side of the hub: keeps xfsm-hub running, and joins probes to it.
 *
 * Each probe has a socket pair of its own to the hub, made here: one end goes
 * to the hub, the other to the probe.  When the hub was restarted, all probes
 * need new ones; 'generation' tells.
 *
 * Thread-safety: none needed, all is done by the agent's one thread. */

#include <stdbool.h>
#include <stdint.h>

#include "ovs-plugin/counters.h"
#include "ovs-plugin/worker.h"

struct xfsm_hub_link {
    struct xfsm_worker worker;
    char *program;              /* Path of xfsm-hub. */
    char *user;                 /* Whom it becomes, or NULL. */
    char *endpoint;             /* Wanted. */
    bool enabled;               /* If not, no hub is to run. */
    char *bound;                /* As the hub told, or NULL. */
    struct xfsm_counters stats;  /* As the hub told. */
    uint64_t generation;        /* Of the hub that is ready, else 0. */
    uint64_t last_generation;
};

void xfsm_hub_link_init(struct xfsm_hub_link *, const char *program,
                        const char *user);
void xfsm_hub_link_destroy(struct xfsm_hub_link *);

/* Says whether a hub is to run; at first, none is. */
void xfsm_hub_link_enable(struct xfsm_hub_link *, bool enable);

/* Sets the endpoint.  Another one than before restarts the hub. */
void xfsm_hub_link_set_endpoint(struct xfsm_hub_link *, const char *endpoint);

/* Joins a probe to the hub, which must be ready.  Returns the probe's end,
 * which the caller owns, or -1. */
int xfsm_hub_link_join(struct xfsm_hub_link *, const char *probe);

/* Starts the hub if need be.  Returns true if its state changed. */
bool xfsm_hub_link_run(struct xfsm_hub_link *);
void xfsm_hub_link_wait(const struct xfsm_hub_link *);

/* "running", "starting" or "error". */
const char *xfsm_hub_link_status(const struct xfsm_hub_link *);

#endif /* ovs-plugin/hub-link.h */
