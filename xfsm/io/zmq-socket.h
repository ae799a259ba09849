/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef XFSM_IO_ZMQ_SOCKET_H
#define XFSM_IO_ZMQ_SOCKET_H 1

/* The one place that makes ZeroMQ sockets.
 *
 * A ZeroMQ socket left to its defaults takes messages of any size, waits for
 * ever for a peer that says nothing and keeps unsent messages for ever after
 * it was closed.  Every socket of the project is made here, so that each has
 * all of its limits:
 *
 *   - SNDHWM, RCVHWM: messages queued for one peer;
 *   - MAXMSGSIZE: a peer that sends a longer frame is disconnected;
 *   - LINGER: how long zmq_ctx_term() waits for what is still to be sent;
 *   - HANDSHAKE_IVL, CONNECT_TIMEOUT, HEARTBEAT_*: a peer that is silent is
 *     given up, on TCP as well, where a vanished host sends no FIN;
 *   - RECONNECT_IVL, RECONNECT_IVL_MAX: reconnection backs off.
 *
 * Memory: a queue costs at most its high water mark times MAXMSGSIZE per
 * peer.
 *
 * Ownership: the caller closes the socket with zmq_close(), and its context
 * with zmq_ctx_term(). */

#include <stdbool.h>

/* Messages queued for one peer, in each direction. */
#define XFSM_ZMQ_HWM 4096

/* Longest frame, in bytes: more than the longest event (event.h). */
#define XFSM_ZMQ_FRAME_MAX (32 * 1024)

/* Longest frame that a publisher takes from a subscriber, in bytes: more than
 * the longest topic. */
#define XFSM_ZMQ_SUBSCRIPTION_MAX 512

/* Times, in milliseconds. */
#define XFSM_ZMQ_LINGER 1000
#define XFSM_ZMQ_HANDSHAKE 2000
#define XFSM_ZMQ_CONNECT_TIMEOUT 3000
#define XFSM_ZMQ_HEARTBEAT 2000         /* Between two of ours. */
#define XFSM_ZMQ_HEARTBEAT_TIMEOUT 6000 /* Until a silent peer is dropped. */
#define XFSM_ZMQ_RECONNECT 100
#define XFSM_ZMQ_RECONNECT_MAX 5000
#define XFSM_ZMQ_REDIAL 6000            /* Of a subscriber: zmq-sub.c. */

struct xfsm_zmq_limits {
    int hwm;                    /* SNDHWM and RCVHWM; never 0, no limit. */
    int frame_max;              /* MAXMSGSIZE, in bytes. */
    int linger;                 /* LINGER, in milliseconds. */
};

/* Creates a socket of 'type' (ZMQ_SUB...) in 'context' with 'limits', or the
 * defaults above if that is NULL, and stores it in '*socketp'.  Returns 0 or
 * a positive errno. */
int xfsm_zmq_socket(void *context, int type,
                    const struct xfsm_zmq_limits *limits, void **socketp);

/* Checks the text of an endpoint: ipc://PATH or tcp://HOST:PORT.  Returns
 * NULL or an error, which the caller frees.
 *
 * With 'bind', a TCP address must be a loopback address ("127.0.0.1", "[::1]"
 * or "localhost"): a socket made here does not authenticate its peers, so it
 * must not be offered to a network. */
char *xfsm_zmq_check_endpoint(const char *endpoint, bool bind);

/* Returns the endpoint at which a hub that publishes on 'endpoint', which is a
 * valid one, answers questions (follow.h): the Unix socket PATH.replay, or the
 * TCP port after that one.  The caller frees it; NULL if there is no such
 * endpoint, since the path is too long or the port the last one. */
char *xfsm_zmq_replay_endpoint(const char *endpoint);

/* The same for the endpoint of other forms of events
 * (ovs-plugin/hub-forms.h): PATH.forms, or the TCP port after the next. */
char *xfsm_zmq_forms_endpoint(const char *endpoint);

/* A file descriptor to poll for input, which is edge-triggered: it tells that
 * there is something new, and no more until all that was there was taken, that
 * is, until a call that does not wait returned EAGAIN. */
int xfsm_zmq_fd(void *socket);

/* Is told that 'fd', of that kind, is there, or will not be any more. */
typedef void xfsm_zmq_watch_cb(int fd, bool there, void *aux);

/* Positive errno of the last failed ZeroMQ call, of which the errors that
 * ZeroMQ invented are mapped to those of POSIX. */
int xfsm_zmq_errno(void);

#endif /* xfsm/io/zmq-socket.h */
