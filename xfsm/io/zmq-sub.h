/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef XFSM_IO_ZMQ_SUB_H
#define XFSM_IO_ZMQ_SUB_H 1

/* Subscriber to events.
 *
 * One subscriber connects to any number of publishers, which need not be
 * there yet: it connects, and reconnects, as long as xfsm_zmq_sub_recv() is
 * called every few seconds.  What arrives is checked for its form only (two
 * frames, topic and body, within the limits); event-decode.h reads the body.
 *
 * ZeroMQ never says that messages were lost on the way: gap.h finds out from
 * the events' numbers.
 *
 * Thread-safety: a subscriber belongs to one thread. */

#include <stddef.h>
#include <stdint.h>

/* Publishers that one subscriber connects to at most. */
#define XFSM_ZMQ_SUB_ENDPOINTS 256

struct xfsm_key_pair;
struct xfsm_zmq_limits;
struct xfsm_zmq_sub;

/* A message.  Good until the next call with its subscriber. */
struct xfsm_zmq_message {
    const char *topic;          /* Not terminated. */
    size_t topic_len;
    const char *body;           /* Not terminated. */
    size_t body_len;
};

/* Creates a subscriber to nothing in the ZeroMQ context 'context', which must
 * outlive it, or in one of its own if that is NULL, and with 'limits', or the
 * usual ones if that is NULL.  Returns NULL and stores it in '*subp', or an
 * error that the caller frees. */
char *xfsm_zmq_sub_create_in(void *context,
                             const struct xfsm_zmq_limits *limits,
                             struct xfsm_zmq_sub **subp);

/* Closes it.  NULL is accepted. */
void xfsm_zmq_sub_destroy(struct xfsm_zmq_sub *);

/* Authenticates with 'keys' to publishers that have the public key
 * 'server_key', and to no others; before the first connection.  Returns 0 or
 * a positive errno. */
int xfsm_zmq_sub_set_keys(struct xfsm_zmq_sub *,
                          const struct xfsm_key_pair *keys,
                          const char *server_key);

/* Connects to the publisher at 'endpoint' as well.  Returns NULL or an error
 * that the caller frees.  A publisher that is not there is no error. */
char *xfsm_zmq_sub_connect(struct xfsm_zmq_sub *, const char *endpoint);

/* Subscribes to the topics that start with 'prefix'; "" is all of them.
 * Returns 0 or a positive errno. */
int xfsm_zmq_sub_subscribe(struct xfsm_zmq_sub *, const char *prefix);

/* Takes one such subscription back.  Returns 0 or a positive errno. */
int xfsm_zmq_sub_unsubscribe(struct xfsm_zmq_sub *, const char *prefix);

/* Takes one message, after waiting for it up to 'timeout_ms' (0 not at all,
 * -1 for ever).  Returns 0 and fills in '*message'; EAGAIN if there is none;
 * EPROTO if there was one that is none of ours, which is counted and gone;
 * EINTR on a signal; or another positive errno. */
int xfsm_zmq_sub_recv(struct xfsm_zmq_sub *, int timeout_ms,
                      struct xfsm_zmq_message *message);

/* A file descriptor to poll for input.  It is edge-triggered: it must be
 * waited for only after xfsm_zmq_sub_recv(sub, 0, ...) returned EAGAIN. */
int xfsm_zmq_sub_fd(const struct xfsm_zmq_sub *);

/* The same for news of connections made and lost, which
 * xfsm_zmq_sub_n_connected() takes. */
int xfsm_zmq_sub_monitor_fd(const struct xfsm_zmq_sub *);

/* The socket itself, to be waited for by zmq_poll(). */
void *xfsm_zmq_sub_socket(const struct xfsm_zmq_sub *);

/* Publishers connected to now, that is, whose handshake is done.  If these are
 * not all, this is to be asked again soon, or something received: what comes
 * before that may be no news for the file descriptor. */
unsigned int xfsm_zmq_sub_n_connected(struct xfsm_zmq_sub *);

/* Connections lost so far: one that is back at once shows here only. */
uint64_t xfsm_zmq_sub_n_lost(struct xfsm_zmq_sub *);

/* Connections whose handshake failed: this side or the other has no keys, the
 * wrong ones, or is not welcome. */
uint64_t xfsm_zmq_sub_refused(struct xfsm_zmq_sub *);

#endif /* xfsm/io/zmq-sub.h */
