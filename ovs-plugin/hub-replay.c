/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include <config.h>
#include "ovsdb-schema/ovs-compat.h"

#include "ovs-plugin/hub-replay.h"

#include <zmq.h>

#include "ovs-plugin/hub-pub.h"
#include "util.h"
#include "xfsm/io/journal.h"
#include "xfsm/io/keys.h"
#include "xfsm/io/replay-client.h"
#include "xfsm/io/zmq-socket.h"
#include "xfsm/runtime/event.h"

/* Longest question, and longest name that ZeroMQ gives a client. */
#define QUESTION_MAX 2048
#define CLIENT_MAX 256

/* Frames queued for one client: two answers of the longest kind. */
#define REPLAY_HWM 2048

BUILD_ASSERT_DECL(XFSM_HUB_REPLY_EVENTS <= XFSM_REPLAY_EVENTS);

/* An answer being made. */
struct answer {
    char client[CLIENT_MAX];
    int client_len;
    struct xfsm_event_view question;
    struct xfsm_journal_query query;
    uint64_t next;
    size_t n, bytes;
    zmq_msg_t frames[2 * XFSM_HUB_REPLY_EVENTS];
};

char *
xfsm_hub_replay_open(struct xfsm_hub_replay *replay, void *context,
                     const char *endpoint, const struct xfsm_key_pair *keys,
                     struct xfsm_journal *journal)
{
    static const struct xfsm_zmq_limits limits = {
        .hwm = REPLAY_HWM,
        .frame_max = QUESTION_MAX,
        .linger = 100,
    };
    int error;

    replay->journal = journal;
    error = xfsm_zmq_socket(context, ZMQ_ROUTER, &limits, &replay->socket);
    if (!error && keys) {
        error = xfsm_key_set_server(replay->socket, keys);
    }
    if (!error) {
        error = xfsm_hub_bind(replay->socket, endpoint);
    }
    return (error ? xasprintf("\"%s\": cannot answer there (%s)", endpoint,
                              ovs_strerror(error)) : NULL);
}

void
xfsm_hub_replay_close(struct xfsm_hub_replay *replay)
{
    if (replay->socket) {
        zmq_close(replay->socket);
        replay->socket = NULL;
    }
}

/* Takes the next question into 'buf' of QUESTION_MAX bytes.  Returns its
 * length, 0 for one that is none, or -1 if there is no message. */
static int
take_question(struct xfsm_hub_replay *replay, struct answer *a, char *buf)
{
    size_t size = sizeof(int);
    int more = 1;
    int n, len = 0;

    a->client_len = zmq_recv(replay->socket, a->client, sizeof a->client,
                             ZMQ_DONTWAIT);
    if (a->client_len < 0) {
        return -1;
    }
    zmq_getsockopt(replay->socket, ZMQ_RCVMORE, &more, &size);
    for (n = 0; more; n++) {
        char rest[1];
        int retval = zmq_recv(replay->socket, n ? rest : buf,
                              n ? sizeof rest : QUESTION_MAX, ZMQ_DONTWAIT);

        if (retval < 0) {
            return 0;
        }
        len = n ? 0 : retval;
        zmq_getsockopt(replay->socket, ZMQ_RCVMORE, &more, &size);
    }
    return a->client_len <= CLIENT_MAX && len <= QUESTION_MAX ? len : 0;
}

/* Reads the question.  Returns NULL or what is wrong with it. */
static const char *
parse_question(struct xfsm_hub_replay *replay, struct answer *a,
               const char *text, int len)
{
    const struct xfsm_event_view *v = &a->question;

    if (!xfsm_event_decode(text, len, &a->question)) {
        memset(&a->question, 0, sizeof a->question);
        return "not a JSON object of the right form";
    }
    if (v->v != XFSM_EVENT_SCHEMA) {
        return "\\\"v\\\" is not 1";
    }
    a->query = (struct xfsm_journal_query) { .after = v->after };
    if (v->has_since) {
        a->query.since_ms = v->since;
    } else if (v->host.p && v->bridge.p && v->port.p && v->has_epoch
               && v->has_from && v->has_to) {
        a->query.has_source = true;
        a->query.epoch = v->epoch;
        a->query.from = v->from;
        a->query.to = v->to;
        if (replay->journal) {
            a->query.source = xfsm_journal_source(replay->journal, v->host,
                                                  v->bridge, v->port);
        }
    } else {
        return "neither \\\"since\\\" nor host, bridge, port, epoch, from "
               "and to";
    }
    return NULL;
}

static void
put_frame(zmq_msg_t *frame, const void *data, size_t len)
{
    if (zmq_msg_init_size(frame, len)) {
        out_of_memory();
    }
    memcpy(zmq_msg_data(frame), data, len);
}

/* Reads events from the journal. */
static void
collect(struct xfsm_hub_replay *replay, struct answer *a)
{
    struct xfsm_journal_record record;

    a->n = a->bytes = a->next = 0;
    while (replay->journal
           && !xfsm_journal_read(replay->journal, &a->query, &record)) {
        size_t len = record.topic_len + record.body_len;

        if (a->n >= XFSM_HUB_REPLY_EVENTS
            || (a->n && a->bytes + len > XFSM_HUB_REPLY_BYTES)) {
            a->next = a->query.after;
            break;
        }
        put_frame(&a->frames[2 * a->n], record.topic, record.topic_len);
        put_frame(&a->frames[2 * a->n + 1], record.body, record.body_len);
        a->n++;
        a->bytes += len;
        a->query.after = record.number;
    }
    replay->replayed += a->n;
}

/* Time of the oldest record, or 0. */
static uint64_t
get_oldest(const struct xfsm_hub_replay *replay)
{
    const struct xfsm_journal_query all = { 0 };
    struct xfsm_journal_record record;

    return (replay->journal
            && !xfsm_journal_read(replay->journal, &all, &record)
            ? record.time_ms : 0);
}

static void
send_answer(struct xfsm_hub_replay *replay, struct answer *a,
            const char *error)
{
    uint64_t oldest = get_oldest(replay);
    char *head;
    size_t i;

    if (error) {
        head = xasprintf("{\"v\":1,\"id\":%"PRIu64",\"error\":\"%s\"}",
                         a->question.id, error);
    } else if (oldest) {
        head = xasprintf("{\"v\":1,\"id\":%"PRIu64",\"count\":%"PRIuSIZE
                         ",\"next\":%"PRIu64",\"oldest\":%"PRIu64"}",
                         a->question.id, a->n, a->next, oldest);
    } else {
        head = xasprintf("{\"v\":1,\"id\":%"PRIu64",\"count\":0,\"next\":0}",
                         a->question.id);
    }
    zmq_send(replay->socket, a->client, a->client_len,
             ZMQ_SNDMORE | ZMQ_DONTWAIT);
    zmq_send(replay->socket, head, strlen(head),
             (a->n ? ZMQ_SNDMORE : 0) | ZMQ_DONTWAIT);
    for (i = 0; i < 2 * a->n; i++) {
        zmq_msg_send(&a->frames[i], replay->socket,
                     (i + 1 < 2 * a->n ? ZMQ_SNDMORE : 0) | ZMQ_DONTWAIT);
        zmq_msg_close(&a->frames[i]);
    }
    free(head);
}

void
xfsm_hub_replay_run(struct xfsm_hub_replay *replay)
{
    static struct answer answer;
    char question[QUESTION_MAX];
    int i;

    for (i = 0; replay->socket && i < XFSM_HUB_REPLAY_BURST; i++) {
        const char *error = "not one frame";
        int len = take_question(replay, &answer, question);

        if (len < 0) {
            break;
        }
        replay->requests++;
        answer.n = 0;
        memset(&answer.question, 0, sizeof answer.question);
        if (len) {
            error = parse_question(replay, &answer, question, len);
        }
        if (error) {
            replay->refused++;
        } else {
            collect(replay, &answer);
        }
        send_answer(replay, &answer, error);
    }
}

void
xfsm_hub_replay_wait(const struct xfsm_hub_replay *replay)
{
    if (replay->socket) {
        xfsm_hub_wait_socket(replay->socket);
    }
}
