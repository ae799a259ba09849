/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef CONTROLLER_SOURCE_H
#define CONTROLLER_SOURCE_H 1

/* Follows one hub, and hands its events to the sink.
 *
 * xfsm/io/follow.h finds gaps and fills them from the hub's journal.  This
 * adds what lasts: how far it came (positions.h), which is written to a file
 * after the sink has taken the events, so that the order of a crash is always
 * events before positions, and none is missed.  What can happen is that some
 * come twice, namely those since the file was written, at most
 * XFSM_SOURCE_COMMIT_MS of a busy hub and none of a quiet one.
 *
 * At the start, and each time that the connection was lost, the hub is asked
 * for its journal since the time before which nothing was missing; no alert
 * is taken before it has answered, or failed to XFSM_SOURCE_ATTEMPTS times, as
 * what publishes and is no hub does.
 *
 * What is on this host can be gone with it.  So it is told, too, up to when
 * all is safe with the broker, if there is one: a time before which nothing is
 * missing in the spool, from when on all is that was in the spool then.
 * Whoever takes over the hub begins there, if that is later than what it has
 * itself.
 *
 * While the sink has no room the source waits with the event in its hand.
 *
 * Thread-safety: a source has an owner, which makes and frees it, and one
 * thread of a pool (pool.h) that drives it in between.  Neither of the two
 * waits in a function of the source. */

#include <stdbool.h>
#include <stdint.h>

/* The least and, while its thread is not busy, the most between two times that
 * positions of a hub with events are written, in ms. */
#define XFSM_SOURCE_COMMIT_MS 250

/* Events that a source takes before others of its thread have a turn. */
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
    C(failed, "Events that the sink could not take") \
    C(forgotten, "Probes forgotten for want of room: events may come twice")

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
/* File descriptors of a source while it asks its hub, of which two are closed
 * then: of its three ZeroMQ sockets, and the one that ZeroMQ adds to tell of
 * connections, and of its two connections; and ZeroMQ sockets. */
#define XFSM_SOURCE_FILES 6
#define XFSM_SOURCE_SOCKETS 4

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
    uint64_t collected;         /* Up to where another controller came, which
                                 * had the same broker; 0: not known. */
    void *context;              /* Of ZeroMQ, outlives the source. */
    struct xfsm_sink *sink;     /* Outlives the source... */
    struct xfsm_relay *relay;   /* ...as what the sink has taken goes to. */
};

/* ## For the owner ## */

/* Makes a source.  Strings are copied. */
struct xfsm_source *xfsm_source_create(const struct xfsm_source_options *);

/* Asks it to end, at its next turn, and tells whether it has. */
void xfsm_source_stop(struct xfsm_source *);
bool xfsm_source_has_ended(const struct xfsm_source *);

/* Frees it; the pool has it no more. */
void xfsm_source_destroy(struct xfsm_source *);

/* True if that is what it was started with. */
bool xfsm_source_is(const struct xfsm_source *, const char *endpoint,
                    const char *server_key);

/* Stores how it is. */
void xfsm_source_get_status(const struct xfsm_source *,
                            struct xfsm_source_status *);

/* Adds 'from' to 'to'. */
void xfsm_source_add(struct xfsm_source_counters *to,
                     const struct xfsm_source_counters *from);

/* The time before which nothing is missing in the broker, by the clock of the
 * hub, in ms since 1970; 0 if that is not known. */
uint64_t xfsm_source_get_collected(const struct xfsm_source *);

/* Appends a line on its state. */
void xfsm_source_show(const struct xfsm_source *, struct ds *);

/* ## For the thread ## */

/* The first call, which is to have input for the source told by 'epoll_fd',
 * with 'data'. */
void xfsm_source_begin(struct xfsm_source *, int epoll_fd, void *data);

/* Has a turn.  Returns when the next one is due, monotonic ms, if there is no
 * input before; 0 for at once; or -1 if it has ended. */
int64_t xfsm_source_run(struct xfsm_source *);

/* The last call, after that: the owner may free it at any time. */
void xfsm_source_end(struct xfsm_source *);

/* Tells whether its positions are to be written, which is after a flush of the
 * sink, whose result is 'error'. */
bool xfsm_source_must_commit(const struct xfsm_source *);
void xfsm_source_commit(struct xfsm_source *, int error);

/* Tells what xfsm_sink_get_safe() did, now. */
void xfsm_source_note_safe(struct xfsm_source *, uint64_t last,
                           uint64_t safe);

#endif /* controller/source.h */
