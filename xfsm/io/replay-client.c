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

/* What came in an answer. */
struct answer {
    size_t count;
    uint64_t next;
    uint64_t oldest;
    bool more;                  /* The callback wants more. */
};

/* The question in progress; 'members' is NULL if there is none. */
struct question {
    char *members;              /* Of the question, in JSON. */
    bool everyone;              /* All hubs, and not until one has some. */
    int connect_ms;             /* How long a first connection may take. */
    xfsm_replay_cb *cb;
    void *aux;
    size_t i;                   /* The hub that is asked. */
    int page, attempt;
    uint64_t after;             /* Number before the page. */
    bool sent;                  /* An answer is waited for, until... */
    int64_t deadline;           /* ...or else a connection, until then. */
    struct answer answer;
    int result;
    uint64_t oldest_ms;
};

struct xfsm_replay_client {
    void *context;
    bool own_context;           /* Made here. */
    const struct xfsm_key_pair *keys;
    const char *server_key;
    xfsm_zmq_watch_cb *watch;   /* Or NULL. */
    void *watch_aux;
    size_t n;
    char *endpoints[XFSM_ZMQ_SUB_ENDPOINTS];
    void *sockets[XFSM_ZMQ_SUB_ENDPOINTS];  /* NULL: closed. */
    bool known[XFSM_ZMQ_SUB_ENDPOINTS];     /* It was connected before. */
    uint64_t id;                /* Of the last question. */
    int64_t ended;              /* When that was, monotonic ms. */
    struct question q;
};

char *
xfsm_replay_client_create(void *context, const struct xfsm_key_pair *keys,
                          const char *server_key,
                          xfsm_zmq_watch_cb *watch, void *watch_aux,
                          struct xfsm_replay_client **clientp)
{
    struct xfsm_replay_client *client = calloc(1, sizeof *client);

    if (!client) {
        abort();
    }
    client->keys = keys;
    client->server_key = server_key;
    client->watch = watch;
    client->watch_aux = watch_aux;
    client->own_context = !context;
    client->context = context ? context : zmq_ctx_new();
    if (!client->context) {
        int error = xfsm_zmq_errno();

        free(client);
        return xfsm_error("cannot ask for events (%s)", strerror(error));
    }
    *clientp = client;
    return NULL;
}

static void
close_socket(struct xfsm_replay_client *client, size_t i)
{
    if (client->sockets[i]) {
        if (client->watch) {
            client->watch(xfsm_zmq_fd(client->sockets[i]), false,
                          client->watch_aux);
        }
        zmq_close(client->sockets[i]);
        client->sockets[i] = NULL;
    }
}

void
xfsm_replay_client_destroy(struct xfsm_replay_client *client)
{
    size_t i;

    if (client) {
        for (i = 0; i < client->n; i++) {
            close_socket(client, i);
            free(client->endpoints[i]);
        }
        if (client->own_context) {
            zmq_ctx_term(client->context);
        }
        free(client->q.members);
        free(client);
    }
}

void
xfsm_replay_client_add(struct xfsm_replay_client *client,
                       const char *endpoint)
{
    char *replay = xfsm_zmq_replay_endpoint(endpoint);

    if (replay && client->n < XFSM_ZMQ_SUB_ENDPOINTS) {
        client->endpoints[client->n++] = replay;
    } else {
        free(replay);
    }
}

/* Opens the socket to hub 'i', if it is not open.  Returns 0 or a positive
 * errno. */
static int
open_socket(struct xfsm_replay_client *client, size_t i)
{
    static const struct xfsm_zmq_limits limits = {
        .hwm = XFSM_ZMQ_HWM, .frame_max = XFSM_ZMQ_FRAME_MAX, .linger = 0,
    };
    int immediate = 1;
    void *socket;
    int error;

    if (client->sockets[i]) {
        return 0;
    }
    error = xfsm_zmq_socket(client->context, ZMQ_DEALER, &limits, &socket);
    if (error) {
        return error;
    }
    /* Nothing is queued for who is not there. */
    if (zmq_setsockopt(socket, ZMQ_IMMEDIATE, &immediate,
                       sizeof immediate)) {
        error = xfsm_zmq_errno();
    }
    if (!error && client->keys) {
        error = xfsm_key_set_client(socket, client->keys,
                                    client->server_key);
    }
    if (!error && zmq_connect(socket, client->endpoints[i])) {
        error = xfsm_zmq_errno();
    }
    if (error) {
        zmq_close(socket);
        return error;
    }
    client->sockets[i] = socket;
    if (client->watch) {
        client->watch(xfsm_zmq_fd(socket), true, client->watch_aux);
    }
    return 0;
}

/* Takes the frames of one message.  The first tells whether it answers the
 * last question, and stores in '*mine' if so.  Returns 0, or a positive errno:
 * EMSGSIZE if there are more frames than an answer can have, which are not
 * taken. */
static int
take_message(struct xfsm_replay_client *client, void *socket, bool *mine)
{
    struct question *q = &client->q;
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

        if (n > 2 * XFSM_REPLAY_EVENTS) {
            error = EMSGSIZE;
            break;
        } else if (zmq_msg_recv(into, socket, ZMQ_DONTWAIT) < 0) {
            error = xfsm_zmq_errno();
            break;
        }
        more = zmq_msg_more(into);
        if (!n) {
            *mine = xfsm_event_decode(zmq_msg_data(into),
                                      zmq_msg_size(into), &head)
                    && head.id == client->id;
            if (*mine) {
                q->answer.next = head.next;
                q->answer.oldest = head.oldest;
            }
        } else if (*mine && n % 2 == 0) {
            q->answer.count++;
            q->answer.more = q->answer.more
                             && q->cb(zmq_msg_data(&topic),
                                      zmq_msg_size(&topic),
                                      zmq_msg_data(&frame),
                                      zmq_msg_size(&frame), q->aux);
        }
    }
    zmq_msg_close(&topic);
    zmq_msg_close(&frame);
    return error;
}

/* Turns to the next attempt, page or hub: it is to be connected by then. */
static void
turn(struct xfsm_replay_client *client)
{
    struct question *q = &client->q;

    q->sent = false;
    q->deadline = xfsm_now_ms() + (q->i < client->n && client->known[q->i]
                                   ? XFSM_REPLAY_RECONNECT : q->connect_ms);
}

/* Done with a hub: it has answered, or there was an error. */
static void
end_hub(struct xfsm_replay_client *client, int error)
{
    struct question *q = &client->q;

    if (q->everyone ? error : !error || q->result) {
        q->result = error;
    }
    if (q->answer.oldest && (!q->oldest_ms
                             || q->answer.oldest < q->oldest_ms)) {
        q->oldest_ms = q->answer.oldest;
    }
    q->i = !q->everyone && q->answer.count ? client->n : q->i + 1;
    q->page = q->attempt = 0;
    q->after = 0;
    q->answer = (struct answer) { .more = true };
    turn(client);
}

/* Asks the hub whose turn it is, if it is connected. */
static int
send_question(struct xfsm_replay_client *client)
{
    struct question *q = &client->q;
    void *socket = client->sockets[q->i];
    size_t size = sizeof(int);
    int events = 0;
    int error = 0;
    char *text;

    if (!socket) {
        return ENOTCONN;        /* It could not be opened. */
    } else if (zmq_getsockopt(socket, ZMQ_EVENTS, &events, &size)) {
        return xfsm_zmq_errno();
    } else if (!(events & ZMQ_POLLOUT)) {
        if (xfsm_now_ms() < q->deadline) {
            return EAGAIN;
        }
        client->known[q->i] = false;
        return ENOTCONN;
    }
    client->known[q->i] = true;
    if (asprintf(&text, "{\"v\":1,\"id\":%"PRIu64",\"after\":%"PRIu64
                 ",%s}", ++client->id, q->after, q->members) < 0) {
        abort();
    }
    if (zmq_send(socket, text, strlen(text), ZMQ_DONTWAIT) < 0) {
        error = xfsm_zmq_errno();
    }
    free(text);
    if (error == EAGAIN) {      /* It went meanwhile. */
        return xfsm_now_ms() < q->deadline ? EAGAIN : ENOTCONN;
    }
    q->sent = true;
    q->deadline = xfsm_now_ms() + XFSM_REPLAY_PATIENCE;
    return error;
}

/* Takes one message, the answer if it has come.  One that does not come in
 * time, whatever else comes, is asked for again: it comes as a whole or not at
 * all.  Returns 0 if there may be more to do now, EINPROGRESS if it was a page
 * and not the last, or no answer, or EAGAIN. */
static int
take_answer(struct xfsm_replay_client *client)
{
    struct question *q = &client->q;
    bool mine;
    int error = take_message(client, client->sockets[q->i], &mine);

    if (error == EAGAIN || (!error && !mine)) {
        if (xfsm_now_ms() < q->deadline) {
            return error ? EAGAIN : EINPROGRESS;
        } else if (++q->attempt < XFSM_REPLAY_ATTEMPTS) {
            turn(client);
            return 0;
        }
        error = ETIMEDOUT;
    } else if (error == EMSGSIZE) {
        close_socket(client, q->i);     /* With the rest of it. */
    }
    if (error || !q->answer.next || !q->answer.more
        || ++q->page >= XFSM_REPLAY_PAGES) {
        end_hub(client, error);
        return 0;
    }
    q->after = q->answer.next;
    q->attempt = 0;
    turn(client);
    return EINPROGRESS;
}

int
xfsm_replay_go_on(struct xfsm_replay_client *client, uint64_t *oldest_ms)
{
    struct question *q = &client->q;

    while (q->i < client->n) {
        int error = q->sent ? 0 : send_question(client);

        if (!error) {
            error = take_answer(client);
            if (error) {
                return error;
            }
        } else if (error == EAGAIN) {
            return EAGAIN;
        } else {
            end_hub(client, error);
        }
    }
    free(q->members);
    q->members = NULL;
    client->ended = xfsm_now_ms();
    *oldest_ms = q->oldest_ms;
    return q->result;
}

int64_t
xfsm_replay_deadline(const struct xfsm_replay_client *client)
{
    return client->q.deadline;
}

void *
xfsm_replay_socket(const struct xfsm_replay_client *client,
                   short int *events)
{
    const struct question *q = &client->q;

    *events = q->sent ? ZMQ_POLLIN : ZMQ_POLLOUT;
    return q->i < client->n ? client->sockets[q->i] : NULL;
}

void
xfsm_replay_close_idle(struct xfsm_replay_client *client)
{
    size_t i;

    if (!client->q.members
        && xfsm_now_ms() - client->ended >= XFSM_REPLAY_IDLE) {
        for (i = 0; i < client->n; i++) {
            close_socket(client, i);
        }
    }
}

/* Begins a question whose members are 'members', which is taken over.  All
 * sockets are opened at once, so as to connect while others answer. */
static void
begin(struct xfsm_replay_client *client, const struct question *question,
      char *members)
{
    size_t i;

    for (i = 0; i < client->n; i++) {
        open_socket(client, i);
    }
    free(client->q.members);
    client->q = *question;
    client->q.members = members;
    client->q.answer.more = true;
    turn(client);
}

void
xfsm_replay_begin_range(struct xfsm_replay_client *client,
                        struct xfsm_str host, struct xfsm_str bridge,
                        struct xfsm_str port, uint64_t epoch,
                        uint64_t from, uint64_t to,
                        xfsm_replay_cb *cb, void *aux)
{
    const struct question q = {
        .connect_ms = XFSM_REPLAY_CONNECT_GAP, .cb = cb, .aux = aux,
        .result = ETIMEDOUT,
    };
    char *members;

    if (asprintf(&members, "\"host\":\"%.*s\",\"bridge\":\"%.*s\","
                 "\"port\":\"%.*s\",\"epoch\":%"PRIu64",\"from\":%"PRIu64
                 ",\"to\":%"PRIu64, (int) host.len, host.p,
                 (int) bridge.len, bridge.p, (int) port.len, port.p, epoch,
                 from, to) < 0) {
        abort();
    }
    begin(client, &q, members);
}

void
xfsm_replay_begin_since(struct xfsm_replay_client *client, uint64_t since_ms,
                        xfsm_replay_cb *cb, void *aux)
{
    const struct question q = {
        .everyone = true, .connect_ms = XFSM_REPLAY_CONNECT, .cb = cb,
        .aux = aux,
    };
    char *members;

    if (asprintf(&members, "\"since\":%"PRIu64, since_ms) < 0) {
        abort();
    }
    begin(client, &q, members);
}
