/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef CONTROLLER_SOURCE_H
#define CONTROLLER_SOURCE_H 1

/* Follows one hub, in a thread of its own, and hands its events to the sink.
 *
 * xfsm/io/follow.h finds gaps and fills them from the hub's journal, for which
 * it may wait for the hub some seconds: hence the thread.  This adds what
 * lasts: how far it came (positions.h), which is written to a file after the
 * sink has taken the events, so that the order of a crash is always events
 * before positions, and none is missed.  What can happen is that some come
 * twice, namely those since the file was written, at most
 * XFSM_SOURCE_COMMIT_MS of a busy hub and none of a quiet one.
 *
 * At the start, and each time that the connection was lost, the hub is asked
 * for its journal since the time before which nothing was missing; no alert
 * is taken before it has answered, or failed to XFSM_SOURCE_ATTEMPTS times, as
 * what publishes and is no hub does.
 *
 * While the sink has no room the thread waits with the event in its hand.
 *
 * Thread-safety: the functions below are for the thread of the owner. */

#include <stdbool.h>
#include <stdint.h>

#define XFSM_SOURCE_COMMIT_MS 1000

/* Events after which the sink is flushed at the latest. */
#define XFSM_SOURCE_BURST 256

#define XFSM_SOURCE_ATTEMPTS 2

/* Heartbeats of all probes come within that time, in ms. */
#define XFSM_SOURCE_MARGIN_MS 10000

/* C(NAME, DOC): counters. */
#define XFSM_SOURCE_COUNTERS(C) \
    C(received, "Events taken") \
    C(lost, "Events missing for good") \
    C(refused, "Messages of hubs that are no events") \
    C(recovered, "Events taken that came from the journal of the hub") \
    C(repeated, "Events that came twice, and were dropped") \
    C(failed, "Events that the sink could not take")

/* L(NAME): labels that are counted by themselves; "other" is for the rest. */
#define XFSM_SOURCE_LABELS(L) \
    L(critical) L(alert) L(log) L(feature) L(raw) L(other)

enum xfsm_source_label {
#define XFSM_SOURCE_LABEL(NAME) XFSM_SOURCE_LABEL_##NAME,
    XFSM_SOURCE_LABELS(XFSM_SOURCE_LABEL)
#undef XFSM_SOURCE_LABEL
    XFSM_SOURCE_N_LABELS
};

struct xfsm_source_counters {
#define XFSM_SOURCE_COUNTER(NAME, DOC) uint64_t NAME;
    XFSM_SOURCE_COUNTERS(XFSM_SOURCE_COUNTER)
#undef XFSM_SOURCE_COUNTER
    uint64_t labels[XFSM_SOURCE_N_LABELS];      /* Of 'received'. */
};

struct xfsm_source_status {
    bool connected;
    bool waiting;               /* For room in the sink. */
    int64_t event_ms;           /* When an event was taken, in ms since 1970,
                                 * or 0; it may not be the very last one. */
    int64_t lag_ms;             /* How old it was then. */
    struct xfsm_source_counters counters;
};

struct ds;
struct xfsm_key_pair;
struct xfsm_relay;
struct xfsm_sink;
struct xfsm_source;

struct xfsm_source_options {
    const char *name;           /* Of the host. */
    const char *endpoint;
    const char *server_key;     /* NULL: no CURVE. */
    const struct xfsm_key_pair *keys;   /* Outlives the source. */
    const char *positions;      /* File, or NULL. */
    void *context;              /* Of ZeroMQ, outlives the source. */
    struct xfsm_sink *sink;     /* Outlives the source... */
    struct xfsm_relay *relay;   /* ...as what the sink has taken goes to. */
};

/* Starts to follow a hub.  Strings are copied.  Aborts if there can be no
 * thread. */
struct xfsm_source *xfsm_source_start(const struct xfsm_source_options *);

/* Asks it to end, which may take some seconds, and tells whether it has. */
void xfsm_source_stop(struct xfsm_source *);
bool xfsm_source_has_ended(const struct xfsm_source *);

/* Waits until it has ended, and frees it. */
void xfsm_source_join(struct xfsm_source *);

/* True if that is what it was started with. */
bool xfsm_source_is(const struct xfsm_source *, const char *endpoint,
                    const char *server_key);

/* Stores how it is. */
void xfsm_source_get_status(const struct xfsm_source *,
                            struct xfsm_source_status *);

/* Adds 'from' to 'to'. */
void xfsm_source_add(struct xfsm_source_counters *to,
                     const struct xfsm_source_counters *from);

/* Appends a line on its state. */
void xfsm_source_show(const struct xfsm_source *, struct ds *);

#endif /* controller/source.h */
