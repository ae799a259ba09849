/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef OVS_PLUGIN_PROBE_H
#define OVS_PLUGIN_PROBE_H 1

/* The parts of a probe, and what they share.
 *
 * A probe (probe.c) is one thread: a source of packets (probe-source.h), an
 * engine, a publisher (probe-publish.h), what it hears of other probes
 * (probe-mail.h), the agent's socket (probe-ctl.c) and the commands of
 * ovs-appctl (probe-show.c, probe-inspect.c).  For a busy port there are more
 * sources and engines, which have threads (probe-lanes.h). */

#include <stdbool.h>
#include <stdint.h>

#include "ovs-plugin/filter.h"
#include "ovs-plugin/ipc.h"
#include "ovs-plugin/probe-lanes.h"
#include "ovs-plugin/probe-mail.h"
#include "ovs-plugin/probe-publish.h"
#include "xfsm/engine.h"

struct ds;
struct xfsm_source;

struct xfsm_probe {
    const char *interface;
    const char *netdev_class;
    struct xfsm_identity identity;

    struct xfsm_lanes lanes;
    struct xfsm_source *source; /* Of lane 0... */
    struct xfsm_engine *engine; /* ...as this. */
    struct xfsm_publisher publisher;
    struct xfsm_probe_mail mail;
    bool exiting;
    bool small_pages;           /* No huge pages, not even where full. */

    struct xfsm_filter filter;  /* What the programs want of the packets. */
    char *filter_text;          /* What the source was told, or NULL. */

    /* Socket to the agent, -1 if the probe runs by itself. */
    int ctl;
    uint8_t in[XFSM_IPC_MAX];
    uint8_t out[XFSM_IPC_MAX];
    uint8_t last_stats[XFSM_IPC_MAX];   /* Last STATS sent... */
    size_t last_stats_len;              /* ...and its length. */
    char *last_note;                    /* Last NOTE sent, or NULL. */
};

/* Locks the lanes and calls 'cb' for each counter of the probe, by name: those
 * of the engines, decode errors by reason, the sources' and the publisher's.
 * Names are literals or otherwise constant. */
void xfsm_probe_each_counter(struct xfsm_probe *,
                             void (*cb)(const char *name, uint64_t value,
                                        void *aux),
                             void *aux);

/* ## probe-ctl.c: messages of the agent. ## */

/* Tells the agent that the probe is ready. */
void xfsm_probe_ctl_ready(struct xfsm_probe *);

/* Tells the agent what an operator should know, if that changed. */
void xfsm_probe_ctl_note(struct xfsm_probe *);

/* Handles messages.  Returns 0, ESHUTDOWN if the agent is gone, or another
 * positive errno. */
int xfsm_probe_ctl_run(struct xfsm_probe *);
void xfsm_probe_ctl_wait(const struct xfsm_probe *);

/* ## probe-state.c ## */

/* Saves the state to the memory 'fd' and stores its length, or goes on with
 * the state in the memfd 'fd'.  Return NULL or an error that the caller
 * frees. */
char *xfsm_probe_save(struct xfsm_probe *, int fd, uint64_t *lenp);
char *xfsm_probe_restore(struct xfsm_probe *, int fd);

/* ## probe-filter.c: packets that nobody wants. ## */

/* Has the source pass on everything: a program is about to be added. */
void xfsm_probe_filter_open(struct xfsm_probe *);

/* Has the source leave out what no program in 'probe->filter' wants. */
void xfsm_probe_filter_update(struct xfsm_probe *);

/* ## probe-show.c: what ovs-appctl prints. ## */

void xfsm_probe_show_init(struct xfsm_probe *);

/* Answers "memory/show", and tells the log of memory that grows. */
void xfsm_probe_report_memory(struct xfsm_probe *);

/* ## probe-inspect.c: what ovs-appctl prints of keys. ##
 *
 * "xfsm/list" walks the state tables, which may be large, so it does that in
 * steps: one each time xfsm_probe_inspect_run() is called, which is between
 * two turns of packets. */

void xfsm_probe_inspect_init(struct xfsm_probe *);
void xfsm_probe_inspect_run(struct xfsm_probe *);
void xfsm_probe_inspect_wait(void);

#endif /* ovs-plugin/probe.h */
