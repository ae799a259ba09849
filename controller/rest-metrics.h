/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef CONTROLLER_REST_METRICS_H
#define CONTROLLER_REST_METRICS_H 1

/* What the parts of the metrics (metrics.h) share. */

#include "controller/metrics.h"

struct xfsm_rest;

/* Puts what is known of the controller's hosts and their ports: sums over all,
 * and those of each host, and each port, as many as may have metrics of their
 * own: in the order of their names, the first ones. */
void xfsm_rest_metrics_hosts(struct xfsm_rest *, struct xfsm_metrics *);

#endif /* controller/rest-metrics.h */
