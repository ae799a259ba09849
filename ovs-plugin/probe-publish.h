/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef OVS_PLUGIN_PROBE_PUBLISH_H
#define OVS_PLUGIN_PROBE_PUBLISH_H 1

/* A probe's way to the hub.
 *
 * Events go as packets on a SOCK_SEQPACKET socket that the agent gave: each is
 * the topic, a null byte, and the JSON (event.h).  Those that come in one
 * turn, while a burst of packets is looked at, go together (event-batch.h)
 * when the turn ends or the batch is full, or at once if one is urgent: what
 * is lost when a probe dies in the middle of a turn is never an alert.  Beyond
 * XFSM_PUBLISH_PACKETS packets in a millisecond, turns go together, too, until
 * that is over: so a flood of turns with one event each costs no more than one
 * turn with many, and an event is a millisecond late at most.
 *
 * The agent sees to it that the socket takes a whole batch (ipc.h).  If it may
 * not, and the system's default is less, events go one by one, and what even
 * so is too long is dropped and counted.
 *
 * Sending never waits.  When the socket does not take a batch, or there is no
 * hub, that batch waits and all that follows goes to a queue (probe-queue.h);
 * what the queue does not take is dropped, and counted by label.
 *
 * Events are numbered here, from 1, in the order in which they go out.
 *
 * Those of label "mitigation" go to the agent as well, but for those beyond
 * XFSM_PUBLISH_MITIGATIONS a second: the socket is also that of answers to the
 * agent, which must not be crowded out.  What was told less than a second ago
 * is not told again, so that one host whose packets ask again and again does
 * not crowd out what is asked about others.
 *
 * Thread-safety: any thread may publish and flush; the rest is for the main
 * thread. */

#include <stdbool.h>
#include <stdint.h>

#include "ovs-plugin/ipc.h"
#include "ovs-plugin/port-ids.h"
#include "ovs-plugin/probe-queue.h"
#include "ovs-thread.h"
#include "xfsm/io/event-batch.h"
#include "xfsm/runtime/event.h"

/* L(LABEL, URGENT): labels whose drops are counted apart. */
#define XFSM_PUBLISH_LABELS(L) \
    L(critical, true) \
    L(alert, true) \
    L(log, false) \
    L(feature, false) \
    L(raw, false) \
    L(other, false)

enum xfsm_publish_label {
#define XFSM_PUBLISH_ENUM(LABEL, URGENT) XFSM_PUBLISH_##LABEL,
    XFSM_PUBLISH_LABELS(XFSM_PUBLISH_ENUM)
#undef XFSM_PUBLISH_ENUM
    XFSM_PUBLISH_N_LABELS
};

/* Longest text of the last event, terminator included. */
#define XFSM_PUBLISH_LAST_SIZE 256

/* Packets in a millisecond, but for full batches and those with something
 * urgent. */
#define XFSM_PUBLISH_PACKETS 16

/* Requests for mitigation a second that the agent is told. */
#define XFSM_PUBLISH_MITIGATIONS 50

/* Of these, how many are remembered: by a hash, of which a newer one may take
 * the place. */
#define XFSM_PUBLISH_RECENT 128

struct xfsm_publish_recent {
    uint32_t hash;
    long long int until;        /* Milliseconds. */
};

struct xfsm_publisher {
    struct ovs_mutex mutex;     /* Of all that follows. */
    struct xfsm_identity identity;
    struct xfsm_port_ids ids;   /* Of 'identity'. */
    uint64_t seq;               /* Of the last event. */
    int sock;                   /* To the hub, or -1. */
    struct xfsm_batch batch;    /* What goes out next. */
    bool stuck;                 /* The socket did not take it.  While this is
                                 * false, the queue is empty. */
    bool held;                  /* It waits for the millisecond's end. */
    bool untold;                /* One of both since the last flush. */
    long long int window;       /* The millisecond... */
    unsigned int n_window;      /* ...and the packets sent in it. */
    size_t n_delayed;           /* Events of 'batch' that had to wait. */
    struct xfsm_queue queue;    /* What comes after it. */
    char last[XFSM_PUBLISH_LAST_SIZE];  /* Topic and text of last event. */

    /* Counters. */
    uint64_t sent;              /* Events that the hub's socket took. */
    uint64_t delayed;           /* Of these, how many had to wait. */
    uint64_t dropped[XFSM_PUBLISH_N_LABELS];

    /* Requests for mitigation. */
    int ctl;                    /* To the agent, or -1; not ours to close. */
    long long int second;       /* The current one... */
    unsigned int n_second;      /* ...and requests sent in it. */
    uint32_t basis;             /* Secret, of hashes. */
    struct xfsm_publish_recent recent[XFSM_PUBLISH_RECENT];
    uint64_t mitigation_sent;
    uint64_t mitigation_repeated;
    uint64_t mitigation_dropped;
    uint8_t message[XFSM_IPC_MAX];
};

/* Initializes 'p' to publish on 'sock', or -1, which it then owns.
 * The strings of 'identity' must outlive it, and so must 'ctl', the socket of
 * the agent or -1. */
void xfsm_publisher_init(struct xfsm_publisher *p,
                         const struct xfsm_identity *identity, int sock,
                         int ctl);

/* Sends what a turn has left for the next one, and frees what 'p' holds. */
void xfsm_publisher_destroy(struct xfsm_publisher *);

/* Publishes on 'sock' from now on. */
void xfsm_publisher_set_socket(struct xfsm_publisher *, int sock);

/* Tells 'ids', which it then owns, in events from now on. */
void xfsm_publisher_set_ids(struct xfsm_publisher *,
                            const struct xfsm_port_ids *ids);

/* Publishes an event, at the next flush at the latest. */
void xfsm_publisher_publish(struct xfsm_publisher *,
                            const struct xfsm_event *);

/* The same, for struct xfsm_engine_options with the publisher as 'aux'. */
void xfsm_publisher_emit(const struct xfsm_event *, void *publisher);

/* Ends a turn: sends what was published in it, unless it has to wait.
 * Returns false if that is so for the first time, and the main thread is to
 * be woken up to wait for the socket or the millisecond's end. */
bool xfsm_publisher_flush(struct xfsm_publisher *);

/* Events that wait. */
size_t xfsm_publisher_count(const struct xfsm_publisher *);

/* Sends what waits, as far as possible. */
void xfsm_publisher_run(struct xfsm_publisher *);
void xfsm_publisher_wait(struct xfsm_publisher *);

/* Sends what waits, at the end: waits for a hub that is behind, until
 * 'deadline' (of time_msec()).  Returns how many events are lost. */
size_t xfsm_publisher_finish(struct xfsm_publisher *, long long int deadline);

/* ## What comes back (probe-mail.h). ## */

/* Sends 'len' bytes that are no event, past those that wait.  Returns false
 * if that is not possible now. */
bool xfsm_publisher_tell(struct xfsm_publisher *, const void *data,
                         size_t len);

/* Takes a packet that the hub sent, of at most 'size' bytes, of which the rest
 * is cut.  Returns its length, 0 if there is none. */
size_t xfsm_publisher_hear(struct xfsm_publisher *, void *buf, size_t size);

/* Waits for such a packet, and if 'tell', until xfsm_publisher_tell() may
 * succeed. */
void xfsm_publisher_wait_hear(struct xfsm_publisher *, bool tell);

/* Name of a label. */
const char *xfsm_publish_label_name(enum xfsm_publish_label);

#endif /* ovs-plugin/probe-publish.h */
