/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include "xfsm/io/replay-client.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

#include "xfsm/base/error.h"
#include "xfsm/io/clock.h"
#include "xfsm/io/event-decode.h"
#include "xfsm/io/keys.h"
#include "xfsm/io/zmq-socket.h"
#include "xfsm/io/zmq-sub.h"

struct xfsm_replay_client {
    void *context;
    bool own_context;           /* Made here. */
    const struct xfsm_key_pair *keys;
    const char *server_key;
    size_t n;
    void *sockets[XFSM_ZMQ_SUB_ENDPOINTS];
    bool known[XFSM_ZMQ_SUB_ENDPOINTS];     /* It was connected before. */
    uint64_t id;                /* Of the last question. */
};

/* What came in an answer. */
struct answer {
    size_t count;
    uint64_t next;
    uint64_t oldest;
    bool more;                  /* The callback wants more. */
};

static char *
client_error(const char *endpoint, int error)
{
    return xfsm_error("\"%s\": cannot ask for events (%s)", endpoint,
                      strerror(error));
}

char *
xfsm_replay_client_create(void *context, const struct xfsm_key_pair *keys,
                          const char *server_key,
                          struct xfsm_replay_client **clientp)
{
    struct xfsm_replay_client *client = calloc(1, sizeof *client);

    if (!client) {
        abort();
    }
    client->keys = keys;
    client->server_key = server_key;
    client->own_context = !context;
    client->context = context ? context : zmq_ctx_new();
    if (!client->context) {
        int error = xfsm_zmq_errno();

        free(client);
        return client_error("ZeroMQ", error);
    }
    *clientp = client;
    return NULL;
}

void
xfsm_replay_client_destroy(struct xfsm_replay_client *client)
{
    size_t i;

    if (client) {
        for (i = 0; i < client->n; i++) {
            zmq_close(client->sockets[i]);
        }
        if (client->own_context) {
            zmq_ctx_term(client->context);
        }
        free(client);
    }
}

char *
xfsm_replay_client_add(struct xfsm_replay_client *client,
                       const char *endpoint)
{
    static const struct xfsm_zmq_limits limits = {
        .hwm = XFSM_ZMQ_HWM, .frame_max = XFSM_ZMQ_FRAME_MAX, .linger = 0,
    };
    char *replay = xfsm_zmq_replay_endpoint(endpoint);
    int immediate = 1;
    void *socket;
    char *text = NULL;
    int error;

    if (!replay || client->n >= XFSM_ZMQ_SUB_ENDPOINTS) {
        free(replay);
        return NULL;
    }
    error = xfsm_zmq_socket(client->context, ZMQ_DEALER, &limits, &socket);
    if (!error) {
        client->sockets[client->n++] = socket;
        /* Nothing is queued for who is not there. */
        if (zmq_setsockopt(socket, ZMQ_IMMEDIATE, &immediate,
                           sizeof immediate)) {
            error = xfsm_zmq_errno();
        }
    }
    if (!error && client->keys) {
        error = xfsm_key_set_client(socket, client->keys,
                                    client->server_key);
    }
    if (!error && zmq_connect(socket, replay)) {
        error = xfsm_zmq_errno();
    }
    if (error) {
        text = client_error(replay, error);
    }
    free(replay);
    return text;
}

static int
wait_for(void *socket, short int events, int64_t deadline)
{
    zmq_pollitem_t item = { .socket = socket, .events = events };
    int64_t left = deadline - xfsm_now_ms();
    int n = zmq_poll(&item, 1, left > 0 ? left : 0);

    return n < 0 ? xfsm_zmq_errno() : n ? 0 : ETIMEDOUT;
}

/* Takes the frames of one message.  The first tells whether it answers the
 * last question, and stores in '*mine' if so. */
static int
take_message(struct xfsm_replay_client *client, void *socket,
             struct answer *answer, bool *mine, xfsm_replay_cb *cb,
             void *aux)
{
    struct xfsm_event_view head;
    zmq_msg_t topic, frame;
    bool more = true;
    int error = 0;
    size_t n;

    zmq_msg_init(&topic);
    zmq_msg_init(&frame);
    *mine = false;
    for (n = 0; more && !error; n++) {
        zmq_msg_t *into = n % 2 ? &topic : &frame;

        if (zmq_msg_recv(into, socket, ZMQ_DONTWAIT) < 0) {
            error = xfsm_zmq_errno();
            break;
        }
        more = zmq_msg_more(into);
        if (!n) {
            *mine = xfsm_event_decode(zmq_msg_data(into),
                                      zmq_msg_size(into), &head)
                    && head.id == client->id;
            if (*mine) {
                answer->next = head.next;
                answer->oldest = head.oldest;
            }
        } else if (*mine && n % 2 == 0) {
            answer->count++;
            answer->more = answer->more
                           && cb(zmq_msg_data(&topic), zmq_msg_size(&topic),
                                 zmq_msg_data(&frame), zmq_msg_size(&frame),
                                 aux);
        }
    }
    zmq_msg_close(&topic);
    zmq_msg_close(&frame);
    return error;
}

/* Asks hub 'i' for what comes after number 'after', once.  'connect_ms' is how
 * long a first connection is waited for, here and below. */
static int
ask_once(struct xfsm_replay_client *client, size_t i, int connect_ms,
         const char *members, uint64_t after, struct answer *answer,
         xfsm_replay_cb *cb, void *aux)
{
    void *socket = client->sockets[i];
    bool mine = false;
    int64_t deadline;
    char *question;
    int error;

    error = wait_for(socket, ZMQ_POLLOUT, xfsm_now_ms()
                     + (client->known[i] ? XFSM_REPLAY_RECONNECT
                        : connect_ms));
    if (error) {
        client->known[i] = false;
        return ENOTCONN;
    }
    client->known[i] = true;
    if (asprintf(&question, "{\"v\":1,\"id\":%"PRIu64",\"after\":%"PRIu64
                 ",%s}", ++client->id, after, members) < 0) {
        abort();
    }
    if (zmq_send(socket, question, strlen(question), ZMQ_DONTWAIT) < 0) {
        error = xfsm_zmq_errno();
    }
    free(question);
    deadline = xfsm_now_ms() + XFSM_REPLAY_PATIENCE;
    while (!error && !mine) {
        error = wait_for(socket, ZMQ_POLLIN, deadline);
        if (!error) {
            error = take_message(client, socket, answer, &mine, cb, aux);
        }
    }
    return error;
}

/* Asks hub 'i' the question whose members are 'members', to the last page.
 * An answer comes whole or not at all, so the question can be asked again. */
static int
ask(struct xfsm_replay_client *client, size_t i, int connect_ms,
    const char *members, struct answer *answer, xfsm_replay_cb *cb, void *aux)
{
    uint64_t after = 0;
    int page;

    *answer = (struct answer) { .more = true };
    for (page = 0; page < XFSM_REPLAY_PAGES; page++) {
        int error = ETIMEDOUT;
        int j;

        for (j = 0; j < XFSM_REPLAY_ATTEMPTS && error == ETIMEDOUT; j++) {
            error = ask_once(client, i, connect_ms, members, after, answer,
                             cb, aux);
        }
        if (error || !answer->next || !answer->more) {
            return error;
        }
        after = answer->next;
    }
    return 0;
}

int
xfsm_replay_ask_range(struct xfsm_replay_client *client,
                      struct xfsm_str host, struct xfsm_str bridge,
                      struct xfsm_str port, uint64_t epoch,
                      uint64_t from, uint64_t to,
                      xfsm_replay_cb *cb, void *aux)
{
    int result = ETIMEDOUT;
    char *members;
    size_t i;

    if (asprintf(&members, "\"host\":\"%.*s\",\"bridge\":\"%.*s\","
                 "\"port\":\"%.*s\",\"epoch\":%"PRIu64",\"from\":%"PRIu64
                 ",\"to\":%"PRIu64, (int) host.len, host.p,
                 (int) bridge.len, bridge.p, (int) port.len, port.p, epoch,
                 from, to) < 0) {
        abort();
    }
    for (i = 0; i < client->n; i++) {
        struct answer answer;
        int error = ask(client, i, XFSM_REPLAY_CONNECT_GAP, members, &answer,
                        cb, aux);

        if (!error) {
            result = 0;
        } else if (result) {
            result = error;
        }
        if (answer.count) {
            break;
        }
    }
    free(members);
    return result;
}

int
xfsm_replay_ask_since(struct xfsm_replay_client *client, uint64_t since_ms,
                      xfsm_replay_cb *cb, void *aux, uint64_t *oldest_ms)
{
    char members[64];
    int result = 0;
    size_t i;

    *oldest_ms = 0;
    snprintf(members, sizeof members, "\"since\":%"PRIu64, since_ms);
    for (i = 0; i < client->n; i++) {
        struct answer answer;
        int error = ask(client, i, XFSM_REPLAY_CONNECT, members, &answer, cb,
                        aux);

        if (error) {
            result = error;
        }
        if (answer.oldest && (!*oldest_ms || answer.oldest < *oldest_ms)) {
            *oldest_ms = answer.oldest;
        }
    }
    return result;
}
