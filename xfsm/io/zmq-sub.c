/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include "xfsm/io/zmq-sub.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

#include "xfsm/base/error.h"
#include "xfsm/io/clock.h"
#include "xfsm/io/keys.h"
#include "xfsm/io/zmq-socket.h"
#include "xfsm/runtime/event.h"

struct endpoint {
    char *name;
    bool connected;
    int64_t since;              /* Monotonic ms; see redial(). */
};

struct xfsm_zmq_sub {
    void *context;
    bool own_context;           /* Made here. */
    void *socket;
    void *monitor;              /* Tells of connections made and lost. */
    unsigned int n_endpoints;
    struct endpoint endpoints[XFSM_ZMQ_SUB_ENDPOINTS];
    zmq_msg_t topic, body;      /* Of the last message. */
    uint64_t refused;
    uint64_t lost;              /* Connections. */
};

#define HANDSHAKE_FAILED \
    (ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL \
     | ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL | ZMQ_EVENT_HANDSHAKE_FAILED_AUTH)

static char *
sub_error(const char *what, int error)
{
    return xfsm_error("%s (%s)", what, strerror(error));
}

/* Frames are taken one by one into the two messages, so both are always
 * initialised. */
static int
open_sockets(struct xfsm_zmq_sub *sub, const struct xfsm_zmq_limits *limits)
{
    int no_linger = 0;
    char monitor[64];
    int error;

    /* Its name is that of no other in the context. */
    snprintf(monitor, sizeof monitor, "inproc://monitor-%p", (void *) sub);
    error = xfsm_zmq_socket(sub->context, ZMQ_SUB, limits, &sub->socket);
    if (error) {
        return error;
    }
    /* No connection is made for the sake of subscriptions alone; see
     * settle(). */
    if (zmq_setsockopt(sub->socket, ZMQ_LINGER, &no_linger, sizeof no_linger)
        || zmq_socket_monitor(sub->socket, monitor,
                              ZMQ_EVENT_HANDSHAKE_SUCCEEDED
                              | ZMQ_EVENT_DISCONNECTED | HANDSHAKE_FAILED)) {
        return xfsm_zmq_errno();
    }
    error = xfsm_zmq_socket(sub->context, ZMQ_PAIR, NULL, &sub->monitor);
    if (error) {
        return error;
    }
    return zmq_connect(sub->monitor, monitor) ? xfsm_zmq_errno() : 0;
}

char *
xfsm_zmq_sub_create_in(void *context, const struct xfsm_zmq_limits *limits,
                       struct xfsm_zmq_sub **subp)
{
    struct xfsm_zmq_sub *sub = calloc(1, sizeof *sub);
    int error;

    if (!sub) {
        return sub_error("cannot create a subscriber", ENOMEM);
    }
    zmq_msg_init(&sub->topic);
    zmq_msg_init(&sub->body);
    sub->own_context = !context;
    sub->context = context ? context : zmq_ctx_new();
    error = sub->context ? open_sockets(sub, limits) : xfsm_zmq_errno();
    if (error) {
        xfsm_zmq_sub_destroy(sub);
        return sub_error("cannot create a subscriber", error);
    }
    *subp = sub;
    return NULL;
}

void
xfsm_zmq_sub_destroy(struct xfsm_zmq_sub *sub)
{
    unsigned int i;

    if (sub) {
        for (i = 0; i < sub->n_endpoints; i++) {
            free(sub->endpoints[i].name);
        }
        zmq_msg_close(&sub->topic);
        zmq_msg_close(&sub->body);
        /* The socket must not report any more when nobody reads: ZeroMQ loses
         * the memory of such a report. */
        if (sub->monitor) {
            zmq_socket_monitor(sub->socket, NULL, 0);
            zmq_close(sub->monitor);
        }
        if (sub->socket) {
            zmq_close(sub->socket);
        }
        if (sub->context && sub->own_context) {
            zmq_ctx_term(sub->context);
        }
        free(sub);
    }
}

int
xfsm_zmq_sub_set_keys(struct xfsm_zmq_sub *sub,
                      const struct xfsm_key_pair *keys,
                      const char *server_key)
{
    return xfsm_key_set_client(sub->socket, keys, server_key);
}

char *
xfsm_zmq_sub_connect(struct xfsm_zmq_sub *sub, const char *endpoint)
{
    char *error = xfsm_zmq_check_endpoint(endpoint, false);
    char *name;

    if (error) {
        return error;
    }
    if (sub->n_endpoints >= XFSM_ZMQ_SUB_ENDPOINTS) {
        return xfsm_error("\"%s\": already %d endpoints, the most that "
                          "one subscriber connects to", endpoint,
                          XFSM_ZMQ_SUB_ENDPOINTS);
    }
    if (zmq_connect(sub->socket, endpoint)) {
        return xfsm_error("\"%s\": cannot connect (%s)", endpoint,
                          strerror(xfsm_zmq_errno()));
    }
    name = strdup(endpoint);
    if (!name) {
        abort();
    }
    sub->endpoints[sub->n_endpoints].name = name;
    sub->endpoints[sub->n_endpoints].since = xfsm_now_ms();
    sub->n_endpoints++;
    return NULL;
}

static int
set_subscription(struct xfsm_zmq_sub *sub, int option, const char *prefix)
{
    size_t len = strlen(prefix);

    if (len >= XFSM_EVENT_TOPIC_MAX) {
        return ENAMETOOLONG;
    }
    return zmq_setsockopt(sub->socket, option, prefix, len)
           ? xfsm_zmq_errno() : 0;
}

int
xfsm_zmq_sub_subscribe(struct xfsm_zmq_sub *sub, const char *prefix)
{
    return set_subscription(sub, ZMQ_SUBSCRIBE, prefix);
}

int
xfsm_zmq_sub_unsubscribe(struct xfsm_zmq_sub *sub, const char *prefix)
{
    return set_subscription(sub, ZMQ_UNSUBSCRIBE, prefix);
}

/* Finds the endpoint that ZeroMQ calls 'name'.  The first time that is what it
 * was told to connect to; when it connects again by itself, it is the address
 * that came of that, "tcp://[::ffff:127.0.0.1]:5560" for 127.0.0.1, so the
 * port has to do, with a connection that is not yet in that state. */
static struct endpoint *
find_endpoint(struct xfsm_zmq_sub *sub, const char *name, bool connected)
{
    const char *port = strrchr(name, ':');
    unsigned int i;

    for (i = 0; i < sub->n_endpoints; i++) {
        if (!strcmp(sub->endpoints[i].name, name)) {
            return &sub->endpoints[i];
        }
    }
    for (i = 0; port && i < sub->n_endpoints; i++) {
        const char *own = strrchr(sub->endpoints[i].name, ':');

        if (own && !strcmp(own, port)
            && sub->endpoints[i].connected != connected) {
            return &sub->endpoints[i];
        }
    }
    return NULL;
}

/* Notes that the connection to 'name' was made or lost. */
static void
set_connected(struct xfsm_zmq_sub *sub, const char *name, bool connected)
{
    struct endpoint *endpoint = find_endpoint(sub, name, connected);

    if (endpoint) {
        sub->lost += endpoint->connected && !connected;
        endpoint->connected = connected;
        endpoint->since = xfsm_now_ms();
    }
}

/* Reads what the socket tells of its connections. */
static void
read_monitor(struct xfsm_zmq_sub *sub)
{
    /* Frame 1 is the event's number, 16 bits, and a value; frame 2 the
     * endpoint. */
    char frame[256];
    uint16_t event;
    int len;

    while (zmq_recv(sub->monitor, &event, sizeof event, ZMQ_DONTWAIT) > 0) {
        len = zmq_recv(sub->monitor, frame, sizeof frame - 1, ZMQ_DONTWAIT);
        if (event & HANDSHAKE_FAILED) {
            sub->refused++;
        } else if (len >= 0 && len < (int) sizeof frame) {
            frame[len] = '\0';
            set_connected(sub, frame, event == ZMQ_EVENT_HANDSHAKE_SUCCEEDED);
        }
    }
}

/* Has the socket see to what came of redial().  An attempt that was given up
 * goes on beside the new one as long as it lingers, and then until the socket
 * has heard that it can end.  Then it does, even if it has become a connection
 * meanwhile, and the monitor does not tell.  So that must not wait for anybody
 * to receive, as nobody does before there is a connection.  What comes
 * meanwhile is no news any more for who waits for the file descriptor: not to
 * be called while all are connected. */
static void
settle(struct xfsm_zmq_sub *sub)
{
    size_t size = sizeof(int);
    unsigned int i;
    int events;

    for (i = 0; i < sub->n_endpoints; i++) {
        if (!sub->endpoints[i].connected) {
            zmq_getsockopt(sub->socket, ZMQ_EVENTS, &events, &size);
            return;
        }
    }
}

/* ZeroMQ reconnects by itself after all errors but one: a peer that broke the
 * protocol, with a frame beyond MAXMSGSIZE for example, it never tries again.
 * So endpoints that were away for long are connected to anew. */
static void
redial(struct xfsm_zmq_sub *sub)
{
    int64_t now = xfsm_now_ms();
    unsigned int i;

    for (i = 0; i < sub->n_endpoints; i++) {
        struct endpoint *ep = &sub->endpoints[i];

        if (!ep->connected && now - ep->since >= XFSM_ZMQ_REDIAL) {
            zmq_disconnect(sub->socket, ep->name);
            zmq_connect(sub->socket, ep->name);
            ep->since = now;
        }
    }
}

/* Takes the frames of one message that has arrived: the first two are kept,
 * others dropped.  Stores their number in '*n'. */
static int
recv_frames(struct xfsm_zmq_sub *sub, int *n)
{
    zmq_msg_t rest;
    bool more = true;
    int error = 0;

    zmq_msg_init(&rest);
    for (*n = 0; more && !error; ++*n) {
        zmq_msg_t *frame = *n == 0 ? &sub->topic
                           : *n == 1 ? &sub->body : &rest;

        if (zmq_msg_recv(frame, sub->socket, ZMQ_DONTWAIT) < 0) {
            error = xfsm_zmq_errno();
        } else {
            more = zmq_msg_more(frame);
        }
    }
    zmq_msg_close(&rest);
    return error;
}

int
xfsm_zmq_sub_recv(struct xfsm_zmq_sub *sub, int timeout_ms,
                  struct xfsm_zmq_message *message)
{
    zmq_pollitem_t item = { .socket = sub->socket, .events = ZMQ_POLLIN };
    int n_frames;
    int error;
    int n;

    n = zmq_poll(&item, 1, timeout_ms);
    if (n < 0) {
        return xfsm_zmq_errno();
    } else if (!n) {
        read_monitor(sub);
        redial(sub);
        return EAGAIN;
    }
    error = recv_frames(sub, &n_frames);
    if (error) {
        return error;
    }
    if (n_frames != 2 || zmq_msg_size(&sub->topic) >= XFSM_EVENT_TOPIC_MAX
        || zmq_msg_size(&sub->body) > XFSM_ZMQ_FRAME_MAX) {
        return EPROTO;
    }
    message->topic = zmq_msg_data(&sub->topic);
    message->topic_len = zmq_msg_size(&sub->topic);
    message->body = zmq_msg_data(&sub->body);
    message->body_len = zmq_msg_size(&sub->body);
    return 0;
}

int
xfsm_zmq_sub_fd(const struct xfsm_zmq_sub *sub)
{
    return xfsm_zmq_fd(sub->socket);
}

int
xfsm_zmq_sub_monitor_fd(const struct xfsm_zmq_sub *sub)
{
    return xfsm_zmq_fd(sub->monitor);
}

void *
xfsm_zmq_sub_socket(const struct xfsm_zmq_sub *sub)
{
    return sub->socket;
}

unsigned int
xfsm_zmq_sub_n_connected(struct xfsm_zmq_sub *sub)
{
    unsigned int n = 0;
    unsigned int i;

    read_monitor(sub);
    settle(sub);
    redial(sub);
    for (i = 0; i < sub->n_endpoints; i++) {
        n += sub->endpoints[i].connected;
    }
    return n;
}

uint64_t
xfsm_zmq_sub_n_lost(struct xfsm_zmq_sub *sub)
{
    read_monitor(sub);
    return sub->lost;
}

uint64_t
xfsm_zmq_sub_refused(struct xfsm_zmq_sub *sub)
{
    read_monitor(sub);
    return sub->refused;
}
