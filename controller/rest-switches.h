/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef CONTROLLER_REST_SWITCHES_H
#define CONTROLLER_REST_SWITCHES_H 1

/* Asks the switches of the hosts that a selector means which of their ports
 * it does, while the main loop goes on.
 *
 * Thread-safety: none. */

struct smap;
struct sset;
struct xfsm_rest;
struct xfsm_rest_call;

/* Questions at a time, what is beyond is refused; switches that one asks, and
 * ports that its answer lists: the others are counted. */
#define XFSM_REST_SWITCHES_MAX 2
#define XFSM_REST_SWITCHES_MAX_HOSTS 64
#define XFSM_REST_SWITCHES_MAX_PORTS 1000

/* Asks the switches of 'hosts', names of the fleet, which ports 'target'
 * means, and defers the answer. */
void xfsm_rest_switches(struct xfsm_rest_call *, const struct sset *hosts,
                        const struct smap *target);

void xfsm_rest_switches_run(struct xfsm_rest *);
void xfsm_rest_switches_wait(const struct xfsm_rest *);

/* Ends all questions, and answers that it does. */
void xfsm_rest_switches_stop(struct xfsm_rest *);

#endif /* controller/rest-switches.h */
