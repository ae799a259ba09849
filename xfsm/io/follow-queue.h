/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef XFSM_IO_FOLLOW_QUEUE_H
#define XFSM_IO_FOLLOW_QUEUE_H 1

/* The queue of a follower (follow.h): items, in the order in which they are
 * given out, and among them questions to hubs, at the place where their
 * answers are to be.  What comes after a question waits for it.
 *
 * Thread-safety: none.  Functions abort if there is no memory. */

#include "xfsm/io/follow.h"

/* A question to hubs, at whose place in the queue its answer is to be: for
 * what fills a gap, or for the past. */
struct xfsm_follow_job {
    bool is_past;
    bool asked;                 /* The hubs are being asked. */

    /* Of a gap. */
    bool early;                 /* It came before the past was had. */
    bool has_topic;             /* Only events of it, or else of all. */
    uint64_t epoch, from, to;
    uint64_t chain;             /* Last number of the unbroken chain. */
    uint64_t recovered, accounted;

    /* Of the past. */
    int64_t start;              /* When it was asked for, monotonic ms. */
    bool greeted;               /* The subscriptions hold. */
};

/* An item that waits, with its message after it; or, with a job, what that
 * will be. */
struct xfsm_follow_queued {
    struct xfsm_follow_queued *next;
    struct xfsm_follow_item item;
    struct xfsm_follow_job *job;
    char data[];
};

struct xfsm_follow_queue {
    struct xfsm_follow_queued *head, **tail;
};

void xfsm_follow_queue_init(struct xfsm_follow_queue *);

/* Appends a copy of 'item', and returns it. */
struct xfsm_follow_queued *xfsm_follow_queue_push(
    struct xfsm_follow_queue *, const struct xfsm_follow_item *item);

/* Makes what was just pushed a question, of which all is zero. */
struct xfsm_follow_job *xfsm_follow_queue_add_job(
    struct xfsm_follow_queued *);

/* Takes the first one out of a queue that has one. */
struct xfsm_follow_queued *xfsm_follow_queue_pop(struct xfsm_follow_queue *);

/* Puts all of 'others', which is empty then, before what is in 'queue'. */
void xfsm_follow_queue_put_before(struct xfsm_follow_queue *queue,
                                  struct xfsm_follow_queue *others);

/* Frees all that are in a queue. */
void xfsm_follow_queue_clear(struct xfsm_follow_queue *);

#endif /* xfsm/io/follow-queue.h */
