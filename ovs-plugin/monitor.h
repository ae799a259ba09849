/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef OVS_PLUGIN_MONITOR_H
#define OVS_PLUGIN_MONITOR_H 1

/* A monitored interface: what it should be, and the probe that makes it so.
 *
 * xfsm_monitor_run() compares the two and acts on the difference: it starts
 * and stops the probe, loads and unloads programs, and joins it to the hub.
 * It may be called at any time and any number of times.
 *
 * A probe runs while there is at least one image to load.  A program that
 * cannot be had, or that the probe refuses, is an error next to the others,
 * which go on.
 *
 * Thread-safety: none needed, all is done by the agent's one thread. */

#include <stdbool.h>
#include <stdint.h>

#include "openvswitch/shash.h"
#include "ovs-plugin/counters.h"
#include "ovs-plugin/desired.h"
#include "ovs-plugin/worker.h"
#include "svec.h"

struct xfsm_epochs;
struct xfsm_hub_link;
struct xfsm_programs;

/* What all probes have in common. */
struct xfsm_monitor_settings {
    const char *program;        /* Path of xfsm-probe. */
    const char *host;
    const char *user;           /* Or NULL. */
    const char *netdev_class;
    unsigned int ring_kib;
    unsigned int retire_ms;
    unsigned int workers;
    unsigned int memory_mib;
    unsigned int hang_ms;       /* Of struct xfsm_worker. */
    const char *visibility;     /* Why not all packets are seen, or NULL. */
    bool kernel_filter;
    bool segments;
    bool machine_code;
    const bool *huge_pages;     /* A constant; NULL: where they are full. */
    struct xfsm_epochs *epochs; /* Of the lives of probes. */
};

/* Requests for mitigation that wait to be taken. */
#define XFSM_MONITOR_REQUESTS 128

/* S(ID, NAME): status of a monitor, worse ones later. */
#define XFSM_MONITOR_STATUSES(S) \
    S(RUNNING, "running") \
    S(STARTING, "starting") \
    S(DEGRADED, "degraded") \
    S(STOPPED, "stopped") \
    S(ERROR, "error")

enum xfsm_monitor_status {
#define XFSM_MONITOR_ENUM(ID, NAME) XFSM_MONITOR_##ID,
    XFSM_MONITOR_STATUSES(XFSM_MONITOR_ENUM)
#undef XFSM_MONITOR_ENUM
};

const char *xfsm_monitor_status_name(enum xfsm_monitor_status);

struct xfsm_monitor {
    char *interface;
    struct xfsm_desired_probe want;     /* A copy; 'error' is in it. */
    bool wanted;                /* If not, it is to stop and go away. */

    struct xfsm_worker worker;
    struct svec argv;           /* Of the process. */
    char *netdev_class;         /* Of the process. */
    struct shash slots;         /* Programs, struct slot of monitor.c. */
    uint64_t hub_generation;    /* Of the hub it is joined to, or 0... */
    long long int join_at;      /* ...and when to try again, or LLONG_MAX. */
    struct xfsm_port_ids told_ids;      /* Last told to the probe... */
    bool told;                  /* ...if anything was. */
    bool no_device;             /* Waits for the device to appear... */
    long long int look_at;      /* ...for which to look then. */
    bool dirty;                 /* Was configured, or its probe told of
                                 * something, since the last run. */
    bool no_work;               /* There was nothing to start it for. */

    /* As the probe told. */
    struct xfsm_counters stats;
    struct xfsm_counters state_keys;
    char *last_event;
    char *told_note;            /* What an operator should know, or NULL. */
    char *mirror_error;         /* Why its mirror has nothing, or NULL. */
    struct svec requests;       /* For mitigation, events as JSON; whoever
                                 * takes them clears it. */
    uint64_t requests_lost;     /* Requests that it did not take. */

    struct xfsm_port_state *state_request;      /* Not answered yet. */

    /* Outcome of xfsm_monitor_run(). */
    enum xfsm_monitor_status status;
    char *error;                /* Or NULL. */
    char *notes;                /* What else there is to know, or "". */
    struct svec running;        /* Programs that are loaded. */

    /* What is not in the database yet; cleared by who writes it. */
    bool status_unwritten;
    bool stats_unwritten;
};

/* Probes that start at the same time.  More would not be ready any sooner, and
 * the agent would have to share the processors with all of them. */
#define XFSM_MONITOR_STARTING_MAX 16

struct xfsm_monitor *xfsm_monitor_create(const char *interface);
void xfsm_monitor_destroy(struct xfsm_monitor *);

/* Sets what the monitor should be; NULL: gone. */
void xfsm_monitor_configure(struct xfsm_monitor *,
                            const struct xfsm_desired_probe *);

/* Stops the probe, to be started anew, earlier failures forgotten. */
void xfsm_monitor_restart(struct xfsm_monitor *);

/* Does what there is to do.  'changed' says that the settings, a program or
 * the hub changed, or that devices came or went.  No probe is started unless
 * 'may_start'.  Returns true if there is another status to be written. */
bool xfsm_monitor_run(struct xfsm_monitor *, bool changed, bool may_start,
                      const struct xfsm_monitor_settings *,
                      struct xfsm_programs *, struct xfsm_hub_link *);
void xfsm_monitor_wait(const struct xfsm_monitor *);

/* True if only 'may_start' keeps its probe from being started. */
bool xfsm_monitor_is_queued(const struct xfsm_monitor *);

/* True if it is not wanted and its process is gone. */
bool xfsm_monitor_is_done(const struct xfsm_monitor *);

#endif /* ovs-plugin/monitor.h */
