/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef OVS_PLUGIN_MONITOR_PRIVATE_H
#define OVS_PLUGIN_MONITOR_PRIVATE_H 1

/* A monitor, as monitor.c, which has a probe do its work, and
 * monitor-outcome.c, which tells what came of that, know it.  See
 * monitor.h. */

#include <stdbool.h>
#include <stdint.h>

#include "ovs-plugin/monitor.h"
#include "ovs-plugin/programs.h"

/* A program of a monitor, as far as its probe knows of it. */
struct monitor_slot {
    uint64_t sent;              /* Serial last sent to the probe, or 0. */
    uint64_t loaded;            /* Serial that runs, or 0. */
    bool wanted;
    char *error;                /* What the probe said of 'sent', or NULL. */
};

/* The netdev class of the probe. */
const char *monitor_get_class(const struct xfsm_monitor *,
                              const struct xfsm_monitor_settings *);

/* The program of that name with the parameters that it has here. */
struct xfsm_agent_program monitor_get_program(const struct xfsm_monitor *,
                                              struct xfsm_programs *,
                                              const char *name);

/* Brings status, error, notes and the list of running programs up to date.
 * Returns true if one of them changed. */
bool monitor_update_outcome(struct xfsm_monitor *,
                            const struct xfsm_monitor_settings *,
                            struct xfsm_programs *);

#endif /* ovs-plugin/monitor-private.h */
