/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include <config.h>
#include "ovsdb-schema/ovs-compat.h"

#include "ovs-plugin/hub-auth.h"

#include <zmq.h>

#include "openvswitch/vlog.h"
#include "ovs-plugin/hub-pub.h"
#include "util.h"
#include "xfsm/io/zmq-socket.h"

VLOG_DEFINE_THIS_MODULE(hub_auth);

static struct vlog_rate_limit rl = VLOG_RATE_LIMIT_INIT(5, 5);

#define ZAP_ENDPOINT "inproc://zeromq.zap.01"
#define ZAP_VERSION "1.0"

/* Frames of a request, and room for one. */
enum {
    F_VERSION, F_ID, F_DOMAIN, F_ADDRESS, F_IDENTITY, F_MECHANISM, F_KEY,
    N_FRAMES
};
#define FRAME_SIZE 256

char *
xfsm_hub_auth_open(struct xfsm_hub_auth *auth, void *context,
                   const struct xfsm_key_list *clients)
{
    int error = xfsm_zmq_socket(context, ZMQ_REP, NULL, &auth->socket);

    auth->clients = clients;
    if (!error && zmq_bind(auth->socket, ZAP_ENDPOINT)) {
        error = xfsm_zmq_errno();
    }
    return (error ? xasprintf("cannot authenticate clients (%s)",
                              ovs_strerror(error)) : NULL);
}

void
xfsm_hub_auth_close(struct xfsm_hub_auth *auth)
{
    if (auth->socket) {
        zmq_close(auth->socket);
        auth->socket = NULL;
    }
}

struct request {
    int n;                      /* Frames, at most N_FRAMES are kept. */
    int len[N_FRAMES];
    char frames[N_FRAMES][FRAME_SIZE];
};

/* Takes a request.  Returns false if there is none. */
static bool
take_request(void *socket, struct request *r)
{
    int more = 1;

    for (r->n = 0; more; r->n++) {
        char rest[FRAME_SIZE];
        char *frame = r->n < N_FRAMES ? r->frames[r->n] : rest;
        size_t size = sizeof more;
        int n = zmq_recv(socket, frame, FRAME_SIZE, ZMQ_DONTWAIT);

        if (n < 0) {
            return false;
        }
        if (r->n < N_FRAMES) {
            r->len[r->n] = n;
        }
        zmq_getsockopt(socket, ZMQ_RCVMORE, &more, &size);
    }
    return true;
}

static bool
frame_is(const struct request *r, int i, const char *text)
{
    return (r->len[i] == (int) strlen(text)
            && !memcmp(r->frames[i], text, strlen(text)));
}

static bool
is_allowed(const struct xfsm_hub_auth *auth, const struct request *r)
{
    return (r->n == N_FRAMES && frame_is(r, F_VERSION, ZAP_VERSION)
            && frame_is(r, F_MECHANISM, "CURVE")
            && r->len[F_KEY] == XFSM_KEY_BYTES
            && xfsm_key_list_has(auth->clients, r->frames[F_KEY]));
}

static void
answer(struct xfsm_hub_auth *auth, const struct request *r)
{
    bool allowed = is_allowed(auth, r);
    const char *status = allowed ? "200" : "400";
    int id_len = r->n > F_ID ? MIN(r->len[F_ID], FRAME_SIZE) : 0;

    if (allowed) {
        auth->allowed++;
    } else {
        auth->denied++;
        VLOG_WARN_RL(&rl, "refused a client at %.*s: its key is not on the "
                     "list", r->n > F_ADDRESS
                     ? MIN(r->len[F_ADDRESS], FRAME_SIZE) : 0,
                     r->frames[F_ADDRESS]);
    }
    zmq_send(auth->socket, ZAP_VERSION, strlen(ZAP_VERSION), ZMQ_SNDMORE);
    zmq_send(auth->socket, r->frames[F_ID], id_len, ZMQ_SNDMORE);
    zmq_send(auth->socket, status, 3, ZMQ_SNDMORE);
    zmq_send(auth->socket, "", 0, ZMQ_SNDMORE);     /* Text. */
    zmq_send(auth->socket, "", 0, ZMQ_SNDMORE);     /* User. */
    zmq_send(auth->socket, "", 0, 0);               /* Metadata. */
}

void
xfsm_hub_auth_run(struct xfsm_hub_auth *auth)
{
    struct request request;

    while (auth->socket && take_request(auth->socket, &request)) {
        answer(auth, &request);
    }
}

void
xfsm_hub_auth_wait(const struct xfsm_hub_auth *auth)
{
    if (auth->socket) {
        xfsm_hub_wait_socket(auth->socket);
    }
}
