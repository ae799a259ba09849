/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef CONTROLLER_RELAY_H
#define CONTROLLER_RELAY_H 1

/* Hands events from the threads that collect them (source.h) to a listener in
 * the main thread.
 *
 * The listener is there to show what happens; what must not be lost goes to
 * the sink (sink.h).  So there is no waiting: up to XFSM_RELAY_MAX events
 * queue, those beyond are left out and counted, and without a listener none
 * queue at all. */

#include <stddef.h>
#include <stdint.h>

#define XFSM_RELAY_MAX 4096

struct xfsm_relay;

typedef void xfsm_relay_cb(void *aux, const char *source, const char *event,
                           size_t len);

struct xfsm_relay *xfsm_relay_create(void);
void xfsm_relay_destroy(struct xfsm_relay *);

/* Puts an event of the host named 'source'.  From any thread. */
void xfsm_relay_put(struct xfsm_relay *, const char *source,
                    const char *event, size_t len);

/* Main thread alone: has 'cb' called with each event from now on, by
 * xfsm_relay_run(); NULL for none. */
void xfsm_relay_set_listener(struct xfsm_relay *, xfsm_relay_cb *cb,
                             void *aux);
void xfsm_relay_run(struct xfsm_relay *);
void xfsm_relay_wait(const struct xfsm_relay *);

/* Events that were left out. */
uint64_t xfsm_relay_n_dropped(const struct xfsm_relay *);

#endif /* controller/relay.h */
