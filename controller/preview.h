/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef CONTROLLER_PREVIEW_H
#define CONTROLLER_PREVIEW_H 1

/* Which ports a target means now, for the REST API and for xfsm-ctl: asks the
 * database Open_vSwitch of each host itself, at the remotes where its XFSM is,
 * and matches with what the hosts' agents match with (ovs-plugin/target.h).
 * So ports are found that nothing monitors yet, and an answer of a host is
 * what its agent would do.
 *
 * The caller's main loop calls xfsm_preview_run() and xfsm_preview_wait()
 * until it is done.  Some hosts are connected to at a time; one that does not
 * answer soon is told as silent.
 *
 * Thread-safety: none. */

#include <stdbool.h>
#include <stddef.h>

struct smap;
struct sset;
struct xfsm_fleet;
struct xfsm_preview;

/* Hosts that are asked at a time, and how long each has to answer, in
 * milliseconds. */
#define XFSM_PREVIEW_AT_A_TIME 64
#define XFSM_PREVIEW_HOST_MS 3000

/* An interface that is meant. */
struct xfsm_preview_port {
    char *bridge;
    char *port;
    char *interface;
    bool off;                   /* By external_ids:xfsm=none of its port. */
};

struct xfsm_preview_host {
    char *name;
    char *error;                /* Why there is no answer, or NULL. */
    struct xfsm_preview_port *ports;    /* Sorted. */
    size_t n_ports;
};

/* Begins to ask 'hosts' of 'fleet' for ports that 'target' means.  With
 * 'timeout', in milliseconds, hosts that were not asked by then are silent;
 * 0: all are.  Nothing is borrowed. */
struct xfsm_preview *xfsm_preview_create(const struct xfsm_fleet *fleet,
                                         const struct sset *hosts,
                                         const struct smap *target,
                                         long long int timeout);
void xfsm_preview_destroy(struct xfsm_preview *);

/* Makes progress.  Returns true when it is done. */
bool xfsm_preview_run(struct xfsm_preview *);
void xfsm_preview_wait(const struct xfsm_preview *);

/* What was found, by the names of hosts, once it is done. */
size_t xfsm_preview_n_hosts(const struct xfsm_preview *);
const struct xfsm_preview_host *xfsm_preview_get(const struct xfsm_preview *,
                                                 size_t i);

#endif /* controller/preview.h */
