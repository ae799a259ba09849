/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

/* The follower, before a hub that says what the test wants, when it wants:
 * the rest is shown by tests/system/test-subscriber.py and
 * test-collector.py. */

#include <errno.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <zmq.h>

#include "xfsm/io/clock.h"
#include "xfsm/io/follow.h"
#include "xfsm/io/replay-client.h"

#define DEADLINE 20000          /* ms. */
#define TOPIC "alert/x/b/p"

/* A hub: what it publishes on, and what it is asked on. */
struct hub {
    char dir[64];
    char events[128], replay[128];
    void *context, *pub, *router;
    char identity[256];         /* Of the last question... */
    size_t identity_len;
    char question[1024];        /* ...and its text. */
    const char *endpoint;       /* 'events', for the follower... */
    struct xfsm_follow_options options;         /* ...and its options. */
};

static char event[256];

/* Makes an event of number 'seq'. */
static const char *
make_event(int seq)
{
    snprintf(event, sizeof event, "{\"v\":1,\"host\":\"h\",\"bridge\":\"b\","
             "\"port\":\"p\",\"label\":\"alert\",\"program\":\"x\","
             "\"epoch\":1,\"seq\":%d}", seq);
    return event;
}

static void *
bind_socket(struct hub *hub, int type, const char *endpoint)
{
    void *socket = zmq_socket(hub->context, type);
    int linger = 0;

    assert_non_null(socket);
    zmq_setsockopt(socket, ZMQ_LINGER, &linger, sizeof linger);
    assert_int_equal(zmq_bind(socket, endpoint), 0);
    return socket;
}

/* Starts a hub and returns one who follows it. */
static struct xfsm_follow *
start(struct hub *hub)
{
    struct xfsm_follow *f;

    strcpy(hub->dir, "/tmp/xfsm-follow.XXXXXX");
    assert_non_null(mkdtemp(hub->dir));
    snprintf(hub->events, sizeof hub->events, "ipc://%s/hub.events",
             hub->dir);
    snprintf(hub->replay, sizeof hub->replay, "ipc://%s/hub.events.replay",
             hub->dir);
    hub->endpoint = hub->events;
    hub->options = (struct xfsm_follow_options) {
        .endpoints = &hub->endpoint, .n_endpoints = 1,
    };
    hub->context = zmq_ctx_new();
    hub->pub = bind_socket(hub, ZMQ_PUB, hub->events);
    hub->router = bind_socket(hub, ZMQ_ROUTER, hub->replay);
    assert_null(xfsm_follow_create(&hub->options, &f));
    return f;
}

static void
stop(struct hub *hub, struct xfsm_follow *f)
{
    xfsm_follow_destroy(f);
    zmq_close(hub->pub);
    zmq_close(hub->router);
    zmq_ctx_term(hub->context);
    unlink(hub->events + strlen("ipc://"));
    unlink(hub->replay + strlen("ipc://"));
    assert_int_equal(rmdir(hub->dir), 0);
}

static void
publish(struct hub *hub, int seq)
{
    const char *json = make_event(seq);

    zmq_send(hub->pub, TOPIC, strlen(TOPIC), ZMQ_SNDMORE);
    zmq_send(hub->pub, json, strlen(json), 0);
}

/* Publishes event 'seq' until it is given out: the follower may not be there
 * yet, or have had too much. */
static void
publish_until_there(struct hub *hub, struct xfsm_follow *f, int seq)
{
    int64_t deadline = xfsm_now_ms() + DEADLINE;
    struct xfsm_follow_item item;

    do {
        assert_true(xfsm_now_ms() < deadline);
        publish(hub, seq);
    } while (xfsm_follow_next(f, 10, &item) == EAGAIN);
    assert_int_equal(item.event.seq, seq);
}

/* Takes the next item; the hub says nothing until it was asked something,
 * which is returned as EAGAIN. */
static int
next(struct hub *hub, struct xfsm_follow *f, struct xfsm_follow_item *item)
{
    int64_t deadline = xfsm_now_ms() + DEADLINE;
    int error, n;

    while ((error = xfsm_follow_next(f, 10, item)) == EAGAIN) {
        assert_true(xfsm_now_ms() < deadline);
        n = zmq_recv(hub->router, hub->identity, sizeof hub->identity,
                     ZMQ_DONTWAIT);
        if (n > 0) {
            hub->identity_len = (size_t) n;
            n = zmq_recv(hub->router, hub->question,
                         sizeof hub->question - 1, 0);
            assert_true(n > 0);
            hub->question[n] = '\0';
            return EAGAIN;
        }
    }
    return error;
}

/* Answers the last question with the events 'from' to 'to'; 'more' come if
 * asked for. */
static void
answer(struct hub *hub, int from, int to, bool more)
{
    const char *id = strstr(hub->question, "\"id\":");
    char head[256];
    int seq;

    assert_non_null(id);
    snprintf(head, sizeof head, "{\"v\":1,\"id\":%llu,\"next\":%d,"
             "\"oldest\":1}", strtoull(id + strlen("\"id\":"), NULL, 10),
             more ? to : 0);
    zmq_send(hub->router, hub->identity, hub->identity_len, ZMQ_SNDMORE);
    zmq_send(hub->router, head, strlen(head),
             from <= to ? ZMQ_SNDMORE : 0);
    for (seq = from; seq <= to; seq++) {
        const char *json = make_event(seq);

        zmq_send(hub->router, TOPIC, strlen(TOPIC), ZMQ_SNDMORE);
        zmq_send(hub->router, json, strlen(json),
                 seq < to ? ZMQ_SNDMORE : 0);
    }
}

static void
expect_event(struct hub *hub, struct xfsm_follow *f, uint64_t seq)
{
    struct xfsm_follow_item item;

    assert_int_equal(next(hub, f, &item), 0);
    assert_int_equal(item.kind, XFSM_FOLLOW_EVENT);
    assert_int_equal(item.event.seq, seq);
}

static void
expect_question(struct hub *hub, struct xfsm_follow *f, const char *text)
{
    struct xfsm_follow_item item;

    assert_int_equal(next(hub, f, &item), EAGAIN);
    assert_non_null(strstr(hub->question, text));
}

/* The past is wanted while a gap is filled, of which a part is there and not
 * given out yet: the gap is filled after it all the same. */
static void
test_past_in_gap(void **state)
{
    struct xfsm_follow_item item;
    struct xfsm_follow *f;
    struct hub hub;

    (void) state;
    f = start(&hub);
    publish_until_there(&hub, f, 1);

    publish(&hub, 6);
    expect_question(&hub, f, "\"from\":2,\"to\":5");
    answer(&hub, 2, 3, true);
    expect_event(&hub, f, 2);
    xfsm_follow_again(f, 1);
    expect_question(&hub, f, "\"since\":1");
    answer(&hub, 1, 0, false);
    assert_int_equal(next(&hub, f, &item), 0);
    assert_int_equal(item.kind, XFSM_FOLLOW_PAST);
    assert_true(item.complete);
    expect_event(&hub, f, 3);
    expect_question(&hub, f, "\"from\":2,\"to\":5");
    answer(&hub, 2, 5, false);
    for (uint64_t seq = 2; seq <= 5; seq++) {
        expect_event(&hub, f, seq);
    }
    assert_int_equal(next(&hub, f, &item), 0);
    assert_int_equal(item.kind, XFSM_FOLLOW_GAP);
    assert_int_equal(item.n_missing, 0);
    assert_int_equal(item.n_recovered, 4);
    expect_event(&hub, f, 6);
    stop(&hub, f);
}

/* Messages that are nothing to give out end a turn, which goes on at once. */
static void
test_turn(void **state)
{
    int64_t deadline = xfsm_now_ms() + DEADLINE;
    struct xfsm_follow_item item;
    struct xfsm_follow *f;
    struct hub hub;
    int i;

    (void) state;
    f = start(&hub);
    publish_until_there(&hub, f, 1);
    do {
        assert_true(xfsm_now_ms() < deadline);
        for (i = 0; i < 2 * XFSM_FOLLOW_TURN; i++) {
            publish(&hub, 1);
        }
        assert_int_equal(xfsm_follow_next(f, 0, &item), EAGAIN);
    } while (xfsm_follow_deadline(f));
    publish_until_there(&hub, f, 2);
    stop(&hub, f);
}

/* Has a follower ask for the events from 2 on: event 1 came, and number
 * 'last'. */
static void
open_gap(struct hub *hub, struct xfsm_follow *f, int last)
{
    publish_until_there(hub, f, 1);
    publish(hub, last);
    expect_question(hub, f, "\"from\":2,");
}

/* An answer of as many events as one can have is taken, and one more is too
 * much. */
static void
test_longest_answer(void **state)
{
    int n;

    (void) state;
    for (n = XFSM_REPLAY_EVENTS; n <= XFSM_REPLAY_EVENTS + 1; n++) {
        bool fits = n == XFSM_REPLAY_EVENTS;
        struct xfsm_follow_item item;
        struct xfsm_follow *f;
        struct hub hub;
        int i;

        f = start(&hub);
        open_gap(&hub, f, n + 2);
        answer(&hub, 2, n + 1, false);
        for (i = 0; i < XFSM_REPLAY_EVENTS; i++) {
            expect_event(&hub, f, 2 + (uint64_t) i);
        }
        assert_int_equal(next(&hub, f, &item), 0);
        assert_int_equal(item.kind, XFSM_FOLLOW_GAP);
        assert_int_equal(item.answered, fits);
        assert_int_equal(item.n_missing, !fits);
        expect_event(&hub, f, (uint64_t) n + 2);
        stop(&hub, f);
    }
}

/* What is no answer ends a turn, too, is not waited after, and does not keep
 * the question from being asked again. */
static void
test_answer_flood(void **state)
{
    static const char foreign[] = "{\"v\":1,\"id\":0,\"error\":\"?\"}";
    int64_t deadline = xfsm_now_ms() + DEADLINE;
    struct xfsm_follow_item item;
    struct xfsm_follow *f;
    struct hub hub;
    bool turn_ended = false;
    int error, i;

    (void) state;
    f = start(&hub);
    open_gap(&hub, f, 3);
    do {
        assert_true(xfsm_now_ms() < deadline);
        for (i = 0; i < 2 * XFSM_FOLLOW_TURN; i++) {
            zmq_send(hub.router, hub.identity, hub.identity_len,
                     ZMQ_SNDMORE | ZMQ_DONTWAIT);
            zmq_send(hub.router, foreign, strlen(foreign), ZMQ_DONTWAIT);
        }
        assert_int_equal(xfsm_follow_next(f, 0, &item), EAGAIN);
        turn_ended = turn_ended || !xfsm_follow_deadline(f);
        error = zmq_recv(hub.router, hub.identity, sizeof hub.identity,
                         ZMQ_DONTWAIT) < 0 ? EAGAIN : 0;
    } while (error);
    assert_true(turn_ended);
    zmq_recv(hub.router, hub.question, sizeof hub.question - 1, 0);
    do {                        /* What is too much for the queue is lost. */
        answer(&hub, 2, 2, false);
        error = next(&hub, f, &item);
    } while (error == EAGAIN);
    assert_int_equal(error, 0);
    assert_int_equal(item.event.seq, 2);
    stop(&hub, f);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_past_in_gap),
        cmocka_unit_test(test_turn),
        cmocka_unit_test(test_longest_answer),
        cmocka_unit_test(test_answer_flood),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
