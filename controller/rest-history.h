/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef CONTROLLER_REST_HISTORY_H
#define CONTROLLER_REST_HISTORY_H 1

/* What the charts of the dashboard show: each five seconds, what is counted of
 * each host and port is looked at, and kept in history.h.
 *
 * Hosts that this controller writes to are looked at port by port; of those of
 * other controllers there are sums in the database of the fleet, each five
 * seconds.  The fleet is the sum of all hosts.  A host that is not connected
 * has points, but no values.
 *
 * Costs a look at each port, and for each series up to 10 KB (a port), 18 KB
 * (a host) or 21 KB (the fleet).
 *
 * Thread-safety: none. */

#include <stddef.h>
#include <stdint.h>

struct xfsm_rest;
struct xfsm_rest_history;

/* Series that are kept: 41 MB of ports. */
#define XFSM_REST_MAX_SERIES 4096

struct xfsm_rest_history *xfsm_rest_history_create(void);
void xfsm_rest_history_destroy(struct xfsm_rest_history *);

void xfsm_rest_history_run(struct xfsm_rest *);
void xfsm_rest_history_wait(const struct xfsm_rest *);

/* Series that are kept, and samples that were refused for want of room. */
size_t xfsm_rest_history_count(const struct xfsm_rest_history *);
uint64_t xfsm_rest_history_refused(const struct xfsm_rest_history *);

#endif /* controller/rest-history.h */
