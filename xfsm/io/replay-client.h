/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef XFSM_IO_REPLAY_CLIENT_H
#define XFSM_IO_REPLAY_CLIENT_H 1

/* Asks hubs for events once more (the protocol is in ovs-plugin/hub-replay.h).
 *
 * One client has a socket to each of the hubs that its owner subscribes to.
 * Questions are rare, and a socket is memory and a connection here and at the
 * hub: it is open while there is a question, and a while after that.
 *
 * A question is begun, and goes on by xfsm_replay_go_on(), which never waits.
 * It waits for its answer at most XFSM_REPLAY_PATIENCE, and is asked again if
 * none came: the hub may have died over it.  One that was there before is
 * waited for longer, as it is being started again.  A publisher without such
 * an endpoint, as "xfsm run --publish" is, costs XFSM_REPLAY_CONNECT.
 *
 * A hub is not trusted to send answers only, or short ones: each call of
 * xfsm_replay_go_on() takes one message, of at most XFSM_REPLAY_EVENTS events,
 * and what else comes does not prolong the wait for an answer.
 *
 * Thread-safety: a client belongs to one thread. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "xfsm/io/zmq-socket.h"
#include "xfsm/packet/packet.h"

/* How long one answer is waited for, and how long a connection, in ms. */
#define XFSM_REPLAY_PATIENCE 2000
#define XFSM_REPLAY_CONNECT 3000

/* The same for a gap, which a hub has shown that is there: longer than the
 * longest time between two attempts to connect (zmq-socket.h). */
#define XFSM_REPLAY_CONNECT_GAP 6000

/* The same for a hub that was connected before: longer than the agent waits
 * before it starts one again that died five times in a row. */
#define XFSM_REPLAY_RECONNECT 10000

/* How often a question is asked: the hub may die over it. */
#define XFSM_REPLAY_ATTEMPTS 3

/* Answers to one question that are asked for. */
#define XFSM_REPLAY_PAGES 4096

/* Events of one answer, four times what a hub sends (hub-replay.h): one that
 * has more is none, and its hub is left. */
#define XFSM_REPLAY_EVENTS 1024

struct xfsm_key_pair;
struct xfsm_replay_client;

/* How long a socket stays open after the last question, in ms. */
#define XFSM_REPLAY_IDLE 5000

/* Creates a client, in the ZeroMQ context 'context', which must outlive it, or
 * one of its own if that is NULL.  'keys' and 'server_key' are NULL or as for
 * xfsm_zmq_sub_set_keys().  'watch', which may be NULL, is told of the file
 * descriptors of its sockets.  Returns NULL and stores it in '*clientp', or an
 * error that the caller frees. */
char *xfsm_replay_client_create(void *context,
                                const struct xfsm_key_pair *keys,
                                const char *server_key,
                                xfsm_zmq_watch_cb *watch, void *watch_aux,
                                struct xfsm_replay_client **clientp);
void xfsm_replay_client_destroy(struct xfsm_replay_client *);

/* Adds the hub that publishes on 'endpoint', a valid one. */
void xfsm_replay_client_add(struct xfsm_replay_client *,
                            const char *endpoint);

/* Handles an event of an answer.  Returns false to hear no more. */
typedef bool xfsm_replay_cb(const char *topic, size_t topic_len,
                            const char *body, size_t body_len, void *aux);

/* Begins to ask all hubs in turn for the events 'from' to 'to' in the life
 * 'epoch' of a probe, whose names are as in an event, until one has some; 'cb'
 * is called for each, by xfsm_replay_go_on().  What was asked before is
 * forgotten. */
void xfsm_replay_begin_range(struct xfsm_replay_client *,
                             struct xfsm_str host, struct xfsm_str bridge,
                             struct xfsm_str port, uint64_t epoch,
                             uint64_t from, uint64_t to,
                             xfsm_replay_cb *cb, void *aux);

/* The same for the events since 'since_ms', in ms since 1970, of all hubs. */
void xfsm_replay_begin_since(struct xfsm_replay_client *, uint64_t since_ms,
                             xfsm_replay_cb *cb, void *aux);

/* Goes on with the question.  Returns EAGAIN while there is nothing to do
 * before xfsm_replay_deadline(), monotonic ms, or input; EINPROGRESS after a
 * part of the answer, or a message that is none, if there is more to do.  Else
 * it is over: returns 0 if a hub has answered, or all of them where all were
 * asked, or another positive errno; and stores the time of the oldest event
 * that a hub has in '*oldest_ms', 0 if there is none. */
int xfsm_replay_go_on(struct xfsm_replay_client *, uint64_t *oldest_ms);
int64_t xfsm_replay_deadline(const struct xfsm_replay_client *);

/* Returns the socket that is waited for, and stores for what, as zmq_poll()
 * has it; NULL if there is none. */
void *xfsm_replay_socket(const struct xfsm_replay_client *,
                         short int *events);

/* Closes the sockets if nothing was asked for a while. */
void xfsm_replay_close_idle(struct xfsm_replay_client *);

#endif /* xfsm/io/replay-client.h */
