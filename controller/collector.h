/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef CONTROLLER_COLLECTOR_H
#define CONTROLLER_COLLECTOR_H 1

/* The collector: follows every host's hub (source.h) and hands the events, as
 * received, to a sink (sink.h).
 *
 * Only what decodes as an event is handed on, so each line of a file is one
 * event and safe to print.  Gaps are filled from the hubs' journals,
 * repetitions dropped, and how far it came is kept in the folder of its state:
 *
 *     positions/HOST       see positions.h
 *     spool/               see spool.h; only for sinks that need it
 *     lock                 held by the one process that has the folder
 *
 * Without such a folder nothing is asked for of the time before the start.
 *
 * The keys of hubs are in a file like ssh's known_hosts, a host and its public
 * key in Z85 on each line, and comments in lines of their own that start with
 * "# ".  A host without a line has the key that the fleet says; the host "*"
 * stands for those that have neither, if their endpoint is tcp.  Where keys
 * are used, no hub on tcp is followed whose key is not known.
 *
 * The hubs are driven by a few threads (pool.h).
 *
 * Costs: XFSM_SOURCE_SOCKETS of ZeroMQ and XFSM_SOURCE_FILES file descriptors
 * a host, and memory for its queue.
 *
 * Limits: XFSM_COLLECTOR_MAX hosts, for the sockets that a context of ZeroMQ
 * can have, and as many as there are file descriptors for (files.h); those
 * beyond are not followed, which is logged and shown.
 *
 * Thread-safety: none. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Hosts that are followed at most. */
#define XFSM_COLLECTOR_MAX 16383

struct ds;
struct shash;
struct xfsm_collector;
struct xfsm_fleet;
struct xfsm_sink;
struct xfsm_source_counters;
struct xfsm_source_status;

struct xfsm_collector_options {
    const char *state_dir;      /* Or NULL. */
    const char *key_file;       /* Our key pair, or NULL: no CURVE. */
    const char *hub_keys;       /* File of the hubs' keys, or NULL. */
    int n_threads;              /* 0: as many as there are processors. */
};

/* Creates 'state_dir', with its folders, and locks it.  Returns NULL and
 * stores a descriptor that holds the lock in '*lockp', or an error. */
char *xfsm_collector_lock(const char *state_dir, int *lockp);

/* Creates a collector without hosts; 'options' and 'sink' must outlive it.
 * Returns NULL and stores it in '*cp', or an error that the caller frees. */
char *xfsm_collector_create(const struct xfsm_collector_options *options,
                            struct xfsm_sink *sink,
                            struct xfsm_collector **cp);

/* Ends all its threads; what they took was written then. */
void xfsm_collector_destroy(struct xfsm_collector *);

/* Has 'cb' called with each event, of the host named 'source', by
 * xfsm_collector_run(); NULL for none (relay.h). */
void xfsm_collector_set_listener(struct xfsm_collector *,
                                 void (*cb)(void *aux, const char *source,
                                            const char *event, size_t len),
                                 void *aux);

/* Stores what was counted for all hosts, those of before as well; and the
 * events that the listener was not in time for. */
void xfsm_collector_sum(const struct xfsm_collector *,
                        struct xfsm_source_counters *, uint64_t *unheard);

/* Stores how the subscription to the host named 'host' is.  False if there is
 * none. */
bool xfsm_collector_get(const struct xfsm_collector *, const char *host,
                        struct xfsm_source_status *);

/* Has 'cb' tell up to where another controller collected the events of the
 * host named 'host', as xfsm_collector_get_collected() told it; 0 if that is
 * not known. */
void xfsm_collector_set_taking_over(struct xfsm_collector *,
                                    uint64_t (*cb)(void *aux,
                                                   const char *host),
                                    void *aux);

/* Returns the time before which no event of the host named 'host' is missing
 * in the broker (source.h), or 0. */
uint64_t xfsm_collector_get_collected(const struct xfsm_collector *,
                                      const char *host);

/* Follows the hosts of 'fleet' that have an "events" endpoint, and whose name
 * is in 'names', and no others, with the keys that the file has now.  Those
 * that stay the same are not touched. */
void xfsm_collector_set_fleet(struct xfsm_collector *,
                              const struct xfsm_fleet *fleet,
                              const struct shash *names);

/* Frees what has ended, and arranges for poll_block() to wake up for it. */
void xfsm_collector_run(struct xfsm_collector *);
void xfsm_collector_wait(struct xfsm_collector *);

/* Appends the state of the subscription to the host named 'host' to 'ds'. */
void xfsm_collector_show(struct xfsm_collector *, const char *host,
                         struct ds *ds);

#endif /* controller/collector.h */
