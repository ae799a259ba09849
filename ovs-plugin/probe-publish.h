/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef OVS_PLUGIN_PROBE_PUBLISH_H
#define OVS_PLUGIN_PROBE_PUBLISH_H 1

/* A probe's way to the hub.
 *
 * Each event becomes one packet on a SOCK_SEQPACKET socket that the agent
 * gave: the topic, a null byte, and the JSON (event.h).  Sending never waits.
 * What the socket does not take goes to a queue (probe-queue.h), as does
 * everything while there is no hub; what the queue does not take is dropped,
 * and counted by label.
 *
 * Events are numbered here, from 1, in the order in which they go out.
 *
 * Thread-safety: any thread may publish; the rest is for the main thread. */

#include <stdbool.h>
#include <stdint.h>

#include "ovs-plugin/port-ids.h"
#include "ovs-plugin/probe-queue.h"
#include "ovs-thread.h"
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

struct xfsm_publisher {
    struct ovs_mutex mutex;     /* Of all that follows. */
    struct xfsm_identity identity;
    struct xfsm_port_ids ids;   /* Of 'identity'. */
    uint64_t seq;               /* Of the last event. */
    int sock;                   /* To the hub, or -1. */
    struct xfsm_queue queue;
    char last[XFSM_PUBLISH_LAST_SIZE];  /* Topic and text of last event. */

    /* Counters. */
    uint64_t sent;              /* Events that the hub's socket took. */
    uint64_t delayed;           /* Of these, how many had to wait. */
    uint64_t dropped[XFSM_PUBLISH_N_LABELS];

    char topic[XFSM_EVENT_TOPIC_MAX];
    char json[XFSM_EVENT_JSON_MAX];
};

/* Initializes 'p' to publish on 'sock', or -1, which it then owns.
 * The strings of 'identity' must outlive it. */
void xfsm_publisher_init(struct xfsm_publisher *p,
                         const struct xfsm_identity *identity, int sock);
void xfsm_publisher_destroy(struct xfsm_publisher *);

/* Publishes on 'sock' from now on. */
void xfsm_publisher_set_socket(struct xfsm_publisher *, int sock);

/* Tells 'ids', which it then owns, in events from now on. */
void xfsm_publisher_set_ids(struct xfsm_publisher *,
                            const struct xfsm_port_ids *ids);

/* Publishes an event; for struct xfsm_engine_options, with the publisher as
 * 'aux'. */
void xfsm_publisher_emit(const struct xfsm_event *, void *publisher);

/* The same.  Returns false if events wait to be sent. */
bool xfsm_publisher_publish(struct xfsm_publisher *,
                            const struct xfsm_event *);

/* Sends what waits, as far as possible. */
void xfsm_publisher_run(struct xfsm_publisher *);
void xfsm_publisher_wait(struct xfsm_publisher *);

/* Name of a label. */
const char *xfsm_publish_label_name(enum xfsm_publish_label);

#endif /* ovs-plugin/probe-publish.h */
