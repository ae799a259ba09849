/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef XFSM_SUBSCRIBER_H
#define XFSM_SUBSCRIBER_H 1

/* Receives the events of ovs-xfsm: the header for programs of others, and all
 * that "xfsm events" is made of.  It includes nothing but the C library; link
 * with what "pkg-config --libs ovs-xfsm-subscriber" says.
 *
 *     struct xfsm_subscriber_options options = {
 *         .topics = (const char *const []) { "alert", "critical" },
 *         .n_topics = 2,
 *     };
 *     char *error = xfsm_subscriber_open(&options, &s);
 *     while (!xfsm_subscriber_next(s, -1, &item)) {
 *         if (item.kind == XFSM_SUBSCRIBER_EVENT) {
 *             puts(item.json);
 *         } else if (item.kind == XFSM_SUBSCRIBER_GAP && item.n_missing) {
 *             ...
 *         }
 *     }
 *
 * PUB/SUB of ZeroMQ drops messages and tells nobody; this does:
 *
 *   - gaps are found, by the numbers of events and by the hubs' heartbeats;
 *   - a gap is filled from the hub's journal, which keeps the labels alert and
 *     critical, and what is missing for good is an item of its own;
 *   - no event comes twice, and all come in their order;
 *   - events of the past can be had first;
 *   - over TCP all is encrypted, and hub and subscriber know each other by
 *     their keys (CURVE; "xfsm keygen" makes them).
 *
 * Events are JSON as event.schema.json says: one object on one line of
 * printable ASCII, whoever sent it.
 *
 * Connections are made in the background, again and again: that a hub is not
 * there is no error.  Nothing is printed, no signal is touched; there are
 * threads of ZeroMQ, which block all signals.
 *
 * Thread-safety: a subscriber belongs to one thread.  Errors that are returned
 * as text are freed by the caller, with free(). */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Endpoints and topics of one subscriber. */
#define XFSM_SUBSCRIBER_ENDPOINTS_MAX 64
#define XFSM_SUBSCRIBER_TOPICS_MAX 256

struct xfsm_subscriber_options {
    /* Where hubs publish, "ipc://PATH" or "tcp://HOST:PORT"; none: that of
     * this host, in the folder $OVS_RUNDIR or /var/run/openvswitch. */
    const char *const *endpoints;
    size_t n_endpoints;

    /* Beginnings of topics, LABEL/PROGRAM/BRIDGE/PORT; none: everything. */
    const char *const *topics;
    size_t n_topics;

    const char *key_file;       /* Own key pair, or NULL: no encryption. */
    const char *server_key;     /* Key of the hubs, or a file with it. */

    /* Events of the journals since then, in ms since 1970, come first, and
     * after them an item XFSM_SUBSCRIBER_PAST; 0: none. */
    uint64_t since_ms;
};

enum xfsm_subscriber_kind {
    XFSM_SUBSCRIBER_EVENT,      /* An event. */
    XFSM_SUBSCRIBER_RECORD,     /* Of the hub: events that it never got, or
                                 * suppressed (labels lost, suppressed). */
    XFSM_SUBSCRIBER_GAP,        /* Events were missed on the way here. */
    XFSM_SUBSCRIBER_PAST,       /* That was the past. */
};

/* Good until the next call with the same subscriber. */
struct xfsm_subscriber_item {
    enum xfsm_subscriber_kind kind;

    /* Of an event and a record, and of a gap that from which it was seen;
     * NULL else.  'json' is terminated. */
    const char *json;
    size_t json_len;
    const char *topic;          /* Not terminated; NULL for a gap. */
    size_t topic_len;

    bool recovered;             /* It comes from a journal. */
    bool subscribed;            /* Its topic was asked for.  Records come in
                                 * any case. */

    /* Of a gap: events that came before it, from the journal, and those that
     * are missing for good.  Where only some topics are subscribed, it may be
     * 'uncertain', and more are missing. */
    uint64_t n_recovered;
    uint64_t n_missing;
    bool uncertain;
    bool answered;              /* A hub was asked, and answered. */

    /* Of the past. */
    bool complete;              /* All hubs told theirs... */
    uint64_t oldest_ms;         /* ...which begins there; 0: it is empty. */
};

struct xfsm_subscriber;

/* Opens a subscriber; 'options' are copied.  Returns NULL and stores it in
 * '*sp', or an error. */
char *xfsm_subscriber_open(const struct xfsm_subscriber_options *options,
                           struct xfsm_subscriber **sp);
void xfsm_subscriber_close(struct xfsm_subscriber *);

/* Takes the next item, after waiting for it up to 'timeout_ms', -1 for ever.
 * While a gap is filled it may take some seconds more.  Returns 0; EAGAIN if
 * none came in time; EINTR if a signal was caught; EPROTO if a malformed
 * message came, which was dropped; or another positive errno. */
int xfsm_subscriber_next(struct xfsm_subscriber *, int timeout_ms,
                         struct xfsm_subscriber_item *);

/* Stores the text or number of a member of an event in 'buf' of 'size' bytes,
 * terminated and cut to fit.  "key.ip_src" is a member of the object "key".
 * The result is printable: escapes of characters that are not stay as they
 * are, but for newlines and tabs, which become spaces.  False if the event has
 * no such member, or it is an object. */
bool xfsm_subscriber_get(const struct xfsm_subscriber_item *,
                         const char *member, char *buf, size_t size);

/* The 'i'-th endpoint, NULL past the end. */
const char *xfsm_subscriber_endpoint(const struct xfsm_subscriber *,
                                     size_t i);

/* How many endpoints are connected now; how often a hub refused our key or our
 * lack of one; how many events came twice and were dropped; and how many ports
 * (or topics of ports, where not all topics are subscribed to) were forgotten
 * since there were more than 16384, so that a gap in their numbers may not be
 * found. */
unsigned int xfsm_subscriber_n_connected(struct xfsm_subscriber *);
uint64_t xfsm_subscriber_refused(struct xfsm_subscriber *);
uint64_t xfsm_subscriber_repeated(const struct xfsm_subscriber *);
uint64_t xfsm_subscriber_forgotten(const struct xfsm_subscriber *);

#ifdef __cplusplus
}
#endif

#endif /* xfsm/io/subscriber.h */
