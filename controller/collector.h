/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef CONTROLLER_COLLECTOR_H
#define CONTROLLER_COLLECTOR_H 1

/* The collector: subscribes to every topic of every host's hub, and writes
 * the events, as received, to a sink.
 *
 * Only what decodes as an event is written, so each line of the sink is one
 * event and safe to print.  Gaps in the probes' numbers are counted and
 * logged.
 *
 * A host that floods gets no more than XFSM_COLLECTOR_BURST messages per turn
 * of the main loop, so the other hosts and the databases have theirs.
 *
 * Thread-safety: none. */

#include <stddef.h>
#include <stdint.h>

struct ds;
struct shash;
struct xfsm_collector;
struct xfsm_file_sink;
struct xfsm_fleet;

/* Messages of one host taken in one turn. */
#define XFSM_COLLECTOR_BURST 256

/* Creates a collector without hosts.  'sink' stays the caller's. */
struct xfsm_collector *xfsm_collector_create(struct xfsm_file_sink *sink);
void xfsm_collector_destroy(struct xfsm_collector *);

/* Has 'cb' called with each event, of the host named 'source'; NULL for
 * none. */
void xfsm_collector_set_listener(struct xfsm_collector *,
                                 void (*cb)(void *aux, const char *source,
                                            const char *event, size_t len),
                                 void *aux);

/* Stores the sums over all hosts: events received and lost, and messages that
 * were refused. */
void xfsm_collector_sum(const struct xfsm_collector *, uint64_t *events,
                        uint64_t *missed, uint64_t *refused);

/* Subscribes to the hosts of 'fleet' that have an "events" endpoint, and whose
 * name is in 'names', and to no others.  Subscriptions that stay the same are
 * not touched. */
void xfsm_collector_set_fleet(struct xfsm_collector *,
                              const struct xfsm_fleet *fleet,
                              const struct shash *names);

/* Takes and writes events, and arranges for poll_block() to wake up when
 * there are more. */
void xfsm_collector_run(struct xfsm_collector *);
void xfsm_collector_wait(struct xfsm_collector *);

/* Appends the state of the subscription to the host named 'host' to 'ds'. */
void xfsm_collector_show(struct xfsm_collector *, const char *host,
                         struct ds *ds);

#endif /* controller/collector.h */
