/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef XFSM_IO_ZMQ_PUB_H
#define XFSM_IO_ZMQ_PUB_H 1

/* Publisher of events for offline runs.
 *
 * On a host the hub publishes.  This is what "xfsm run --publish" uses: one
 * process reads a capture and offers its events to whoever subscribes.
 *
 * An offline run is faster than its subscribers, and nobody is hurt if it
 * waits for them.  So, unlike a plain PUB socket, which drops without a word,
 * a send waits for the slowest subscriber up to XFSM_ZMQ_PUB_PATIENCE and
 * only then counts the event as dropped, without waiting again before that
 * subscriber has moved.
 *
 * Messages have two frames: the topic, and the event as JSON (event.h).
 *
 * Thread-safety: a publisher belongs to one thread. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How long a send waits for a full subscriber, in milliseconds. */
#define XFSM_ZMQ_PUB_PATIENCE 1000

struct xfsm_zmq_pub;

/* Binds a publisher to 'endpoint', which is as xfsm_zmq_check_endpoint() asks
 * of one to bind.  Returns NULL and stores it in '*pubp', or an error that
 * the caller frees. */
char *xfsm_zmq_pub_open(const char *endpoint, struct xfsm_zmq_pub **pubp);

/* Waits until somebody has subscribed, at most 'timeout_ms'.  Returns whether
 * somebody has. */
bool xfsm_zmq_pub_wait(struct xfsm_zmq_pub *, int timeout_ms);

/* Sends one message.  Returns 0, EAGAIN if a subscriber was full and the
 * message was dropped for all, or another positive errno. */
int xfsm_zmq_pub_send(struct xfsm_zmq_pub *,
                      const void *topic, size_t topic_len,
                      const void *body, size_t body_len);

/* Messages sent, and dropped, so far. */
uint64_t xfsm_zmq_pub_sent(const struct xfsm_zmq_pub *);
uint64_t xfsm_zmq_pub_dropped(const struct xfsm_zmq_pub *);

/* Closes it, after waiting up to XFSM_ZMQ_LINGER for what is still to be
 * sent.  NULL is accepted. */
void xfsm_zmq_pub_close(struct xfsm_zmq_pub *);

#endif /* xfsm/io/zmq-pub.h */
