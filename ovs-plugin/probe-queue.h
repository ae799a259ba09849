/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef OVS_PLUGIN_PROBE_QUEUE_H
#define OVS_PLUGIN_PROBE_QUEUE_H 1

/* Events that wait for the hub.
 *
 * While the hub is away or behind, a probe keeps events in memory of fixed
 * size, in two parts: one for urgent events (alert and critical) and one for
 * all others.  So a flood of log events can never push out an alert.  A part
 * that is full refuses further events: what is kept is the beginning of the
 * story, and the sequence numbers of events tell where it has holes.
 *
 * Events come out in the order in which they went in, over both parts.
 *
 * The memory is taken at the first event that has to wait, since most probes
 * never have one.
 *
 * Thread-safety: none needed, a queue belongs to one thread. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#define XFSM_QUEUE_URGENT (192 * 1024)
#define XFSM_QUEUE_OTHER (64 * 1024)

/* A ring of bytes that holds records, each a header and a message. */
struct xfsm_queue_part {
    uint8_t *buf;               /* NULL until needed. */
    size_t size;
    size_t head;                /* Offset of the oldest record. */
    size_t used;                /* Bytes of all records. */
    size_t n;                   /* Records. */
};

struct xfsm_queue {
    struct xfsm_queue_part urgent;
    struct xfsm_queue_part other;
    uint64_t order;             /* Number of the next record. */
};

void xfsm_queue_init(struct xfsm_queue *);
void xfsm_queue_destroy(struct xfsm_queue *);

/* Adds the message that the 'n' pieces at 'iov' make.  Returns false if there
 * is no room. */
bool xfsm_queue_push(struct xfsm_queue *, bool urgent,
                     const struct iovec *iov, int n);

/* Stores where the oldest message is, which takes one or two pieces.  Returns
 * their number, 0 if the queue is empty. */
int xfsm_queue_peek(const struct xfsm_queue *, struct iovec iov[2]);

/* Removes the oldest message, of which there must be one. */
void xfsm_queue_pop(struct xfsm_queue *);

/* Messages in the queue. */
size_t xfsm_queue_count(const struct xfsm_queue *);

#endif /* ovs-plugin/probe-queue.h */
