/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include "xfsm/io/zmq-pub.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

#include "xfsm/base/error.h"
#include "xfsm/io/zmq-socket.h"

struct xfsm_zmq_pub {
    void *context;
    void *socket;               /* XPUB, to hear of subscriptions. */
    int subscriptions;          /* Distinct topics subscribed to now. */
    bool impatient;             /* The last send ran out of patience. */
    uint64_t sent;
    uint64_t dropped;
};

static char *
open_error(const char *endpoint, int error)
{
    return xfsm_error("\"%s\": cannot publish there (%s)", endpoint,
                      strerror(error));
}

char *
xfsm_zmq_pub_open(const char *endpoint, struct xfsm_zmq_pub **pubp)
{
    static const struct xfsm_zmq_limits limits = {
        .hwm = XFSM_ZMQ_HWM,
        .frame_max = XFSM_ZMQ_SUBSCRIPTION_MAX,
        .linger = XFSM_ZMQ_LINGER,
    };
    int patience = XFSM_ZMQ_PUB_PATIENCE;
    struct xfsm_zmq_pub *pub;
    int nodrop = 1;
    char *text;
    int error;

    text = xfsm_zmq_check_endpoint(endpoint, true);
    if (text) {
        return text;
    }
    pub = calloc(1, sizeof *pub);
    if (!pub) {
        return open_error(endpoint, ENOMEM);
    }
    pub->context = zmq_ctx_new();
    if (!pub->context) {
        error = xfsm_zmq_errno();
        free(pub);
        return open_error(endpoint, error);
    }
    error = xfsm_zmq_socket(pub->context, ZMQ_XPUB, &limits, &pub->socket);
    if (!error
        && (zmq_setsockopt(pub->socket, ZMQ_XPUB_NODROP, &nodrop,
                           sizeof nodrop)
            || zmq_setsockopt(pub->socket, ZMQ_SNDTIMEO, &patience,
                              sizeof patience)
            || zmq_bind(pub->socket, endpoint))) {
        error = xfsm_zmq_errno();
    }
    if (error) {
        xfsm_zmq_pub_close(pub);
        return open_error(endpoint, error);
    }
    *pubp = pub;
    return NULL;
}

/* Takes what subscribers have asked for.  Reading it is what keeps it from
 * piling up in the socket; the socket itself acts on it. */
static void
read_subscriptions(struct xfsm_zmq_pub *pub)
{
    unsigned char message[XFSM_ZMQ_SUBSCRIPTION_MAX];

    for (;;) {
        int n = zmq_recv(pub->socket, message, sizeof message, ZMQ_DONTWAIT);

        if (n < 0) {
            return;
        }
        if (n > 0 && message[0] == 1) {
            pub->subscriptions++;
        } else if (n > 0 && message[0] == 0 && pub->subscriptions > 0) {
            pub->subscriptions--;
        }
    }
}

bool
xfsm_zmq_pub_wait(struct xfsm_zmq_pub *pub, int timeout_ms)
{
    zmq_pollitem_t item = { .socket = pub->socket, .events = ZMQ_POLLIN };

    read_subscriptions(pub);
    if (!pub->subscriptions) {
        zmq_poll(&item, 1, timeout_ms);
        read_subscriptions(pub);
    }
    return pub->subscriptions > 0;
}

int
xfsm_zmq_pub_send(struct xfsm_zmq_pub *pub,
                  const void *topic, size_t topic_len,
                  const void *body, size_t body_len)
{
    int flags = pub->impatient ? ZMQ_DONTWAIT : 0;
    int n;

    read_subscriptions(pub);
    do {
        n = zmq_send(pub->socket, topic, topic_len, ZMQ_SNDMORE | flags);
    } while (n < 0 && zmq_errno() == EINTR);
    if (n >= 0) {
        /* The socket has room for all of a message or for none of it. */
        do {
            n = zmq_send(pub->socket, body, body_len, flags);
        } while (n < 0 && zmq_errno() == EINTR);
    }
    if (n < 0) {
        pub->impatient = zmq_errno() == EAGAIN;
        pub->dropped++;
        return xfsm_zmq_errno();
    }
    pub->impatient = false;
    pub->sent++;
    return 0;
}

uint64_t
xfsm_zmq_pub_sent(const struct xfsm_zmq_pub *pub)
{
    return pub->sent;
}

uint64_t
xfsm_zmq_pub_dropped(const struct xfsm_zmq_pub *pub)
{
    return pub->dropped;
}

void
xfsm_zmq_pub_close(struct xfsm_zmq_pub *pub)
{
    if (pub) {
        if (pub->socket) {
            zmq_close(pub->socket);
        }
        zmq_ctx_term(pub->context);
        free(pub);
    }
}
