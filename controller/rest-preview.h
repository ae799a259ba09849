/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef CONTROLLER_REST_PREVIEW_H
#define CONTROLLER_REST_PREVIEW_H 1

/* Which ports a selector means, for users of the REST API: what preview.h
 * finds, and where a host's switch does not answer, what its probes last told
 * of the ports that have one.
 *
 * Thread-safety: none. */

struct smap;
struct sset;
struct xfsm_rest;
struct xfsm_rest_call;

/* Previews at a time, and how many of these can be of users of tenants; what
 * is beyond is refused.  And how long one may take, in milliseconds. */
#define XFSM_REST_PREVIEW_MAX 4
#define XFSM_REST_PREVIEW_TENANTS 2
#define XFSM_REST_PREVIEW_MS 20000

/* Ports that an answer lists; it tells how many there are. */
#define XFSM_REST_PREVIEW_PORTS 1000

/* Answers, later, which ports of 'hosts' of the fleet 'target' means. */
void xfsm_rest_preview_start(struct xfsm_rest_call *,
                             const struct sset *hosts,
                             const struct smap *target);

/* Answers, at once, which ports of 'hosts' that have a probe 'target' means:
 * nobody is asked. */
void xfsm_rest_preview_probes(struct xfsm_rest_call *,
                              const struct sset *hosts,
                              const struct smap *target);

void xfsm_rest_preview_run(struct xfsm_rest *);
void xfsm_rest_preview_wait(const struct xfsm_rest *);

/* Ends all, and answers that it does. */
void xfsm_rest_preview_stop(struct xfsm_rest *);

#endif /* controller/rest-preview.h */
