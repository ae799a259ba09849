/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

/* Publisher, subscriber, and the limits of their sockets. */

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>
#include <zmq.h>

#include "xfsm/io/clock.h"
#include "xfsm/io/zmq-pub.h"
#include "xfsm/io/zmq-socket.h"
#include "xfsm/io/zmq-sub.h"
#include "xfsm/runtime/event.h"

#define DEADLINE 20000          /* ms. */

static char folder[] = "/tmp/xfsm-test-zmq-XXXXXX";
static char endpoint[64];

static int
make_folder(void **state)
{
    (void) state;
    if (!mkdtemp(folder)) {
        return -1;
    }
    snprintf(endpoint, sizeof endpoint, "ipc://%s/socket", folder);
    return 0;
}

static int
remove_folder(void **state)
{
    (void) state;
    unlink(endpoint + strlen("ipc://"));
    return rmdir(folder);
}

static struct xfsm_zmq_pub *
open_pub(void)
{
    struct xfsm_zmq_pub *pub;

    assert_null(xfsm_zmq_pub_open(endpoint, &pub));
    return pub;
}

static struct xfsm_zmq_sub *
open_sub(const char *topic)
{
    struct xfsm_zmq_sub *sub;

    assert_null(xfsm_zmq_sub_create_in(NULL, NULL, &sub));
    assert_null(xfsm_zmq_sub_connect(sub, endpoint));
    assert_int_equal(xfsm_zmq_sub_subscribe(sub, topic), 0);
    return sub;
}

static void
send_text(struct xfsm_zmq_pub *pub, const char *topic, const char *body)
{
    assert_int_equal(xfsm_zmq_pub_send(pub, topic, strlen(topic),
                                       body, strlen(body)), 0);
}

static void
expect(struct xfsm_zmq_sub *sub, const char *topic, const char *body)
{
    struct xfsm_zmq_message m;

    assert_int_equal(xfsm_zmq_sub_recv(sub, DEADLINE, &m), 0);
    assert_int_equal(m.topic_len, strlen(topic));
    assert_memory_equal(m.topic, topic, m.topic_len);
    assert_int_equal(m.body_len, strlen(body));
    assert_memory_equal(m.body, body, m.body_len);
}

static void
test_by_topic(void **state)
{
    struct xfsm_zmq_pub *pub = open_pub();
    struct xfsm_zmq_sub *sub = open_sub("alert");
    struct xfsm_zmq_message m;

    (void) state;
    assert_true(xfsm_zmq_pub_wait(pub, DEADLINE));
    send_text(pub, "log/p//x", "{\"seq\":1}");
    send_text(pub, "alert/p//x", "{\"seq\":2}");
    send_text(pub, "alert/q//x", "{\"seq\":3}");
    expect(sub, "alert/p//x", "{\"seq\":2}");
    expect(sub, "alert/q//x", "{\"seq\":3}");
    assert_int_equal(xfsm_zmq_sub_recv(sub, 0, &m), EAGAIN);
    assert_int_equal(xfsm_zmq_pub_sent(pub), 3);
    assert_int_equal(xfsm_zmq_pub_dropped(pub), 0);
    xfsm_zmq_sub_destroy(sub);
    xfsm_zmq_pub_close(pub);
}

/* A subscriber that is slower than the publisher loses nothing, as long as it
 * moves within the publisher's patience. */
static void
test_slow_subscriber(void **state)
{
    struct xfsm_zmq_pub *pub = open_pub();
    struct xfsm_zmq_sub *sub = open_sub("");
    struct xfsm_zmq_message m;
    int received = 0;
    char body[256];
    int sent = 0;

    (void) state;
    assert_true(xfsm_zmq_pub_wait(pub, DEADLINE));
    memset(body, 'x', sizeof body);
    /* Fill up everything between the two until a message is refused. */
    while (xfsm_zmq_pub_send(pub, "t", 1, body, sizeof body) == 0) {
        sent++;
        assert_true(sent < 10 * XFSM_ZMQ_HWM);
    }
    assert_true(sent >= XFSM_ZMQ_HWM);
    assert_int_equal(xfsm_zmq_pub_dropped(pub), 1);
    /* Impatient now: refused at once. */
    assert_int_equal(xfsm_zmq_pub_send(pub, "t", 1, body, sizeof body),
                     EAGAIN);
    while (received < sent) {
        assert_int_equal(xfsm_zmq_sub_recv(sub, DEADLINE, &m), 0);
        received++;
    }
    assert_int_equal(xfsm_zmq_sub_recv(sub, 0, &m), EAGAIN);
    assert_int_equal(xfsm_zmq_pub_sent(pub), sent);
    assert_int_equal(xfsm_zmq_pub_dropped(pub), 2);
    xfsm_zmq_sub_destroy(sub);
    xfsm_zmq_pub_close(pub);
}

static void
test_nobody_subscribed(void **state)
{
    struct xfsm_zmq_pub *pub = open_pub();

    (void) state;
    assert_false(xfsm_zmq_pub_wait(pub, 0));
    send_text(pub, "alert", "{}");
    xfsm_zmq_pub_close(pub);
    xfsm_zmq_pub_close(NULL);
}

/* Returns a raw publisher. */
static void *
open_raw(void *context)
{
    void *socket = zmq_socket(context, ZMQ_XPUB);

    zmq_setsockopt(socket, ZMQ_RCVTIMEO, &(int) { DEADLINE }, sizeof(int));
    assert_int_equal(zmq_bind(socket, endpoint), 0);
    return socket;
}

/* Returns a raw publisher in '*contextp' that 'sub' is subscribed to. */
static void *
open_raw_pub(void **contextp)
{
    char byte[8];
    void *socket;

    *contextp = zmq_ctx_new();
    socket = open_raw(*contextp);
    assert_int_equal(zmq_recv(socket, byte, sizeof byte, 0), 1);
    return socket;
}

static void
test_malformed(void **state)
{
    struct xfsm_zmq_sub *sub = open_sub("");
    char topic[XFSM_EVENT_TOPIC_MAX];
    struct xfsm_zmq_message m;
    void *context;
    void *raw = open_raw_pub(&context);

    (void) state;
    zmq_send(raw, "one frame", 9, 0);
    assert_int_equal(xfsm_zmq_sub_recv(sub, DEADLINE, &m), EPROTO);

    zmq_send(raw, "three", 5, ZMQ_SNDMORE);
    zmq_send(raw, "frames", 6, ZMQ_SNDMORE);
    zmq_send(raw, "came", 4, 0);
    assert_int_equal(xfsm_zmq_sub_recv(sub, DEADLINE, &m), EPROTO);

    /* A topic one byte too long, and the longest one. */
    memset(topic, 'a', sizeof topic);
    zmq_send(raw, topic, XFSM_EVENT_TOPIC_MAX, ZMQ_SNDMORE);
    zmq_send(raw, "{}", 2, 0);
    assert_int_equal(xfsm_zmq_sub_recv(sub, DEADLINE, &m), EPROTO);
    zmq_send(raw, topic, XFSM_EVENT_TOPIC_MAX - 1, ZMQ_SNDMORE);
    zmq_send(raw, "", 0, 0);
    assert_int_equal(xfsm_zmq_sub_recv(sub, DEADLINE, &m), 0);
    assert_int_equal(m.topic_len, XFSM_EVENT_TOPIC_MAX - 1);
    assert_int_equal(m.body_len, 0);

    xfsm_zmq_sub_destroy(sub);
    zmq_setsockopt(raw, ZMQ_LINGER, &(int) { 0 }, sizeof(int));
    zmq_close(raw);
    zmq_ctx_term(context);
}

/* A frame beyond MAXMSGSIZE costs the sender its connection; the longest
 * frame passes. */
static void
test_frame_limit(void **state)
{
    static char frame[XFSM_ZMQ_FRAME_MAX + 1];
    struct xfsm_zmq_sub *sub = open_sub("");
    struct xfsm_zmq_message m;
    char byte[8];
    void *context;
    void *raw = open_raw_pub(&context);
    int tries;

    (void) state;
    zmq_send(raw, "t", 1, ZMQ_SNDMORE);
    zmq_send(raw, frame, XFSM_ZMQ_FRAME_MAX, 0);
    assert_int_equal(xfsm_zmq_sub_recv(sub, DEADLINE, &m), 0);
    assert_int_equal(m.body_len, XFSM_ZMQ_FRAME_MAX);

    zmq_send(raw, "t", 1, ZMQ_SNDMORE);
    zmq_send(raw, frame, XFSM_ZMQ_FRAME_MAX + 1, 0);
    /* The subscriber hangs up and never gets to see the message, but comes
     * back: it unsubscribes, then subscribes. */
    assert_int_equal(zmq_recv(raw, byte, sizeof byte, 0), 1);
    assert_int_equal(byte[0], 0);
    for (tries = 0; zmq_recv(raw, byte, sizeof byte, ZMQ_DONTWAIT) < 0;
         tries++) {
        assert_true(tries < DEADLINE / 10);
        assert_int_equal(xfsm_zmq_sub_recv(sub, 10, &m), EAGAIN);
    }
    assert_int_equal(byte[0], 1);
    zmq_send(raw, "t", 1, ZMQ_SNDMORE);
    zmq_send(raw, "next", 4, 0);
    expect(sub, "t", "next");

    xfsm_zmq_sub_destroy(sub);
    zmq_setsockopt(raw, ZMQ_LINGER, &(int) { 0 }, sizeof(int));
    zmq_close(raw);
    zmq_ctx_term(context);
}

static void
wait_connected(struct xfsm_zmq_sub *sub, unsigned int n)
{
    struct xfsm_zmq_message m;
    int tries;

    for (tries = 0; xfsm_zmq_sub_n_connected(sub) != n; tries++) {
        assert_true(tries < DEADLINE / 10);
        xfsm_zmq_sub_recv(sub, 10, &m);
    }
}

/* Waits until 'sub', which must be called for that, has subscribed. */
static void
wait_subscribed(struct xfsm_zmq_pub *pub, struct xfsm_zmq_sub *sub)
{
    struct xfsm_zmq_message m;
    int tries;

    for (tries = 0; !xfsm_zmq_pub_wait(pub, 10); tries++) {
        assert_true(tries < DEADLINE / 10);
        assert_int_equal(xfsm_zmq_sub_recv(sub, 0, &m), EAGAIN);
    }
}

/* A subscriber may come first, and survives its publisher. */
static void
test_reconnect(void **state)
{
    struct xfsm_zmq_sub *sub = open_sub("");
    struct xfsm_zmq_pub *pub;

    (void) state;
    assert_int_equal(xfsm_zmq_sub_n_connected(sub), 0);
    pub = open_pub();
    wait_subscribed(pub, sub);
    wait_connected(sub, 1);
    xfsm_zmq_pub_close(pub);
    wait_connected(sub, 0);
    pub = open_pub();
    wait_subscribed(pub, sub);
    send_text(pub, "t", "again");
    expect(sub, "t", "again");
    wait_connected(sub, 1);
    xfsm_zmq_pub_close(pub);
    xfsm_zmq_sub_destroy(sub);
    xfsm_zmq_sub_destroy(NULL);
}

/* What ZeroMQ calls a TCP connection that it made again is told apart. */
static void
test_reconnect_tcp(void **state)
{
    struct sockaddr_in sin = {
        .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    socklen_t len = sizeof sin;
    int sock = socket(AF_INET, SOCK_STREAM, 0);
    char ipc[sizeof endpoint];
    struct xfsm_zmq_pub *pub;
    struct xfsm_zmq_sub *sub;
    int i;

    (void) state;
    assert_int_equal(bind(sock, (struct sockaddr *) &sin, sizeof sin), 0);
    assert_int_equal(getsockname(sock, (struct sockaddr *) &sin, &len), 0);
    close(sock);
    memcpy(ipc, endpoint, sizeof ipc);
    snprintf(endpoint, sizeof endpoint, "tcp://127.0.0.1:%d",
             ntohs(sin.sin_port));
    sub = open_sub("");
    for (i = 0; i < 2; i++) {
        pub = open_pub();
        wait_subscribed(pub, sub);
        send_text(pub, "t", "hello");
        expect(sub, "t", "hello");
        assert_int_equal(xfsm_zmq_sub_n_connected(sub), 1);
        xfsm_zmq_pub_close(pub);
        wait_connected(sub, 0);
    }
    xfsm_zmq_sub_destroy(sub);
    memcpy(endpoint, ipc, sizeof endpoint);
}

#define N_EARLY 16

/* Looks, as who follows many does: at those alone of which there is news. */
static void
look_at_news(struct xfsm_zmq_sub *subs[N_EARLY], int timeout)
{
    struct pollfd fds[2 * N_EARLY];
    int i;

    for (i = 0; i < N_EARLY; i++) {
        fds[2 * i] = (struct pollfd) {
            .fd = xfsm_zmq_sub_fd(subs[i]), .events = POLLIN,
        };
        fds[2 * i + 1] = (struct pollfd) {
            .fd = xfsm_zmq_sub_monitor_fd(subs[i]), .events = POLLIN,
        };
    }
    assert_true(poll(fds, 2 * N_EARLY, timeout) >= 0);
    for (i = 0; i < N_EARLY; i++) {
        if (fds[2 * i].revents || fds[2 * i + 1].revents) {
            xfsm_zmq_sub_n_connected(subs[i]);
        }
    }
}

/* Publishers that come just after an attempt to connect was given up, and
 * another one begun, have one subscriber each, which stays. */
static void
test_given_up(void **state)
{
    int64_t start = xfsm_now_ms();
    void *context = zmq_ctx_new();
    struct xfsm_zmq_sub *subs[N_EARLY];
    struct xfsm_zmq_pub *pubs[N_EARLY];
    char names[N_EARLY][sizeof endpoint + 16];
    int n_sent = 0;
    int i;

    (void) state;
    for (i = 0; i < N_EARLY; i++) {
        snprintf(names[i], sizeof names[i], "%s-%d", endpoint, i);
        assert_null(xfsm_zmq_sub_create_in(context, NULL, &subs[i]));
        assert_int_equal(xfsm_zmq_sub_subscribe(subs[i], ""), 0);
        assert_null(xfsm_zmq_sub_connect(subs[i], names[i]));
    }
    while (xfsm_now_ms() < start + XFSM_ZMQ_REDIAL) {
        look_at_news(subs, 100);
    }
    for (i = 0; i < N_EARLY; i++) {
        assert_int_equal(xfsm_zmq_sub_n_connected(subs[i]), 0);
    }
    /* By then, at the rate of XFSM_ZMQ_RECONNECT, many of the first attempts
     * would be the next to be made. */
    while (xfsm_now_ms() < start + XFSM_ZMQ_REDIAL
           + 5 * XFSM_ZMQ_RECONNECT) {
        look_at_news(subs, 10);
    }
    for (i = 0; i < N_EARLY; i++) {
        assert_null(xfsm_zmq_pub_open(names[i], &pubs[i]));
    }
    while (n_sent < N_EARLY) {
        assert_true(xfsm_now_ms() < start + XFSM_ZMQ_REDIAL + DEADLINE);
        for (i = 0; i < N_EARLY; i++) {
            if (!xfsm_zmq_pub_sent(pubs[i])
                && xfsm_zmq_pub_wait(pubs[i], 0)) {
                send_text(pubs[i], "t", names[i]);
                n_sent++;
            }
        }
        look_at_news(subs, 1);
    }
    for (i = 0; i < N_EARLY; i++) {
        expect(subs[i], "t", names[i]);
        xfsm_zmq_pub_close(pubs[i]);
        unlink(names[i] + strlen("ipc://"));
        xfsm_zmq_sub_destroy(subs[i]);
    }
    zmq_ctx_term(context);
}

/* Several subscribers share a context; each takes its own topics back. */
static void
test_shared_context(void **state)
{
    static const struct xfsm_zmq_limits limits = {
        .hwm = 10, .frame_max = 1000, .linger = 0,
    };
    static const char *const topics[] = { "a", "b" };
    void *context = zmq_ctx_new();
    void *raw = open_raw(context);
    struct xfsm_zmq_sub *subs[2];
    char message[2];
    int i;

    (void) state;
    for (i = 0; i < 2; i++) {
        assert_null(xfsm_zmq_sub_create_in(context, &limits, &subs[i]));
        assert_null(xfsm_zmq_sub_connect(subs[i], endpoint));
        wait_connected(subs[i], 1);
        assert_int_equal(xfsm_zmq_sub_subscribe(subs[i], topics[i]), 0);
        assert_int_equal(zmq_recv(raw, message, 2, 0), 2);
        assert_memory_equal(message + 1, topics[i], 1);
    }
    assert_int_equal(xfsm_zmq_sub_unsubscribe(subs[0], "a"), 0);
    assert_int_equal(zmq_recv(raw, message, 2, 0), 2);
    assert_memory_equal(message, "\0a", 2);
    for (i = 0; i < 2; i++) {
        zmq_send(raw, topics[i], 1, ZMQ_SNDMORE);
        zmq_send(raw, "x", 1, 0);
    }
    expect(subs[1], "b", "x");
    for (i = 0; i < 2; i++) {
        xfsm_zmq_sub_destroy(subs[i]);
    }
    zmq_setsockopt(raw, ZMQ_LINGER, &(int) { 0 }, sizeof(int));
    zmq_close(raw);
    zmq_ctx_term(context);
}

static void
test_sub_limits(void **state)
{
    struct xfsm_zmq_sub *sub = open_sub("");
    char topic[XFSM_EVENT_TOPIC_MAX + 1];
    char *error;
    int i;

    (void) state;
    memset(topic, 'a', sizeof topic);
    topic[XFSM_EVENT_TOPIC_MAX - 1] = '\0';
    assert_int_equal(xfsm_zmq_sub_subscribe(sub, topic), 0);
    topic[XFSM_EVENT_TOPIC_MAX - 1] = 'a';
    topic[XFSM_EVENT_TOPIC_MAX] = '\0';
    assert_int_equal(xfsm_zmq_sub_subscribe(sub, topic), ENAMETOOLONG);

    for (i = 1; i < XFSM_ZMQ_SUB_ENDPOINTS; i++) {
        assert_null(xfsm_zmq_sub_connect(sub, endpoint));
    }
    error = xfsm_zmq_sub_connect(sub, endpoint);
    assert_non_null(error);
    assert_non_null(strstr(error, "already"));
    free(error);
    assert_true(xfsm_zmq_sub_fd(sub) >= 0);
    xfsm_zmq_sub_destroy(sub);
}

static void
check_endpoint(const char *text, bool bind, const char *expected)
{
    char *error = xfsm_zmq_check_endpoint(text, bind);

    if (!expected) {
        assert_null(error);
    } else {
        assert_non_null(error);
        if (!strstr(error, expected)) {
            fail_msg("%s: got %s, expected ...%s...", text, error, expected);
        }
        free(error);
    }
}

static void
test_endpoints(void **state)
{
    char path[200];
    int n;

    (void) state;
    check_endpoint("ipc:///run/x", true, NULL);
    check_endpoint("ipc://@abstract", false, NULL);
    check_endpoint("ipc://", false, "expected ipc://PATH");
    check_endpoint("ipc://*", true, "expected ipc://PATH");
    check_endpoint("inproc://x", false, "expected ipc://PATH or tcp://");
    check_endpoint("", false, "expected ipc://PATH or tcp://");
    check_endpoint("tcp://192.0.2.1:5560", false, NULL);
    check_endpoint("tcp://hv1.example:1", false, NULL);
    check_endpoint("tcp://[2001:db8::1]:65535", false, NULL);
    check_endpoint("tcp://2001:db8::1:5560", false, "brackets");
    check_endpoint("tcp://x", false, "expected tcp://HOST:PORT");
    check_endpoint("tcp://:5560", false, "expected tcp://HOST:PORT");
    check_endpoint("tcp://x:", false, "from 1 to 65535");
    check_endpoint("tcp://x:0", false, "from 1 to 65535");
    check_endpoint("tcp://x:65536", false, "from 1 to 65535");
    check_endpoint("tcp://x:5560x", false, "from 1 to 65535");
    check_endpoint("tcp://x:-1", false, "from 1 to 65535");
    check_endpoint("tcp://a b:5560", false, "expected tcp://HOST:PORT");
    check_endpoint("tcp://a;b:5560", false, "expected tcp://HOST:PORT");
    check_endpoint("tcp://127.0.0.1:5560", true, NULL);
    check_endpoint("tcp://[::1]:5560", true, NULL);
    check_endpoint("tcp://localhost:5560", true, NULL);
    check_endpoint("tcp://*:5560", true, "anyone on the network");
    check_endpoint("tcp://0.0.0.0:5560", true, "tcp://127.0.0.1:5560");
    check_endpoint("tcp://127.0.0.1.example:5560", true, "anyone");

    /* The longest path of a Unix socket, and one byte more. */
    n = snprintf(path, sizeof path, "ipc:///%0106d", 0);
    assert_int_equal(n, 6 + 107);
    check_endpoint(path, true, NULL);
    snprintf(path, sizeof path, "ipc:///%0107d", 0);
    check_endpoint(path, true, "longer than the 107 bytes");
}

static void
test_bind_errors(void **state)
{
    struct xfsm_zmq_pub *pub = NULL;
    char *error;

    (void) state;
    error = xfsm_zmq_pub_open("ipc:///nonexistent-folder/x", &pub);
    assert_non_null(error);
    assert_non_null(strstr(error, "cannot publish there"));
    free(error);
    error = xfsm_zmq_pub_open("tcp://*:5560", &pub);
    assert_non_null(error);
    free(error);
    assert_null(pub);
}

static int
get_int(void *socket, int option)
{
    size_t size = sizeof(int);
    int value = -2;

    assert_int_equal(zmq_getsockopt(socket, option, &value, &size), 0);
    return value;
}

static void
test_socket_limits(void **state)
{
    struct xfsm_zmq_limits limits = { .hwm = 7, .frame_max = 99,
                                      .linger = 5 };
    void *context = zmq_ctx_new();
    void *socket = NULL;
    int64_t frame_max;
    size_t size = sizeof frame_max;

    (void) state;
    assert_int_equal(xfsm_zmq_socket(context, ZMQ_XPUB, &limits, &socket), 0);
    assert_int_equal(get_int(socket, ZMQ_SNDHWM), 7);
    assert_int_equal(get_int(socket, ZMQ_RCVHWM), 7);
    assert_int_equal(get_int(socket, ZMQ_LINGER), 5);
    assert_int_equal(get_int(socket, ZMQ_HANDSHAKE_IVL), XFSM_ZMQ_HANDSHAKE);
    assert_int_equal(get_int(socket, ZMQ_HEARTBEAT_IVL), XFSM_ZMQ_HEARTBEAT);
    assert_int_equal(get_int(socket, ZMQ_HEARTBEAT_TIMEOUT),
                     XFSM_ZMQ_HEARTBEAT_TIMEOUT);
    assert_int_equal(get_int(socket, ZMQ_RECONNECT_IVL_MAX),
                     XFSM_ZMQ_RECONNECT_MAX);
    assert_int_equal(zmq_getsockopt(socket, ZMQ_MAXMSGSIZE, &frame_max,
                                    &size), 0);
    assert_int_equal(frame_max, 99);
    zmq_close(socket);

    /* No limit is no option. */
    limits.hwm = 0;
    assert_int_equal(xfsm_zmq_socket(context, ZMQ_XPUB, &limits, &socket),
                     EINVAL);
    limits.hwm = 1;
    limits.frame_max = -1;
    assert_int_equal(xfsm_zmq_socket(context, ZMQ_XPUB, &limits, &socket),
                     EINVAL);
    limits.frame_max = 1;
    limits.linger = -1;
    assert_int_equal(xfsm_zmq_socket(context, ZMQ_XPUB, &limits, &socket),
                     EINVAL);
    zmq_ctx_term(context);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_by_topic),
        cmocka_unit_test(test_slow_subscriber),
        cmocka_unit_test(test_nobody_subscribed),
        cmocka_unit_test(test_malformed),
        cmocka_unit_test(test_frame_limit),
        cmocka_unit_test(test_reconnect),
        cmocka_unit_test(test_reconnect_tcp),
        cmocka_unit_test(test_given_up),
        cmocka_unit_test(test_shared_context),
        cmocka_unit_test(test_sub_limits),
        cmocka_unit_test(test_endpoints),
        cmocka_unit_test(test_bind_errors),
        cmocka_unit_test(test_socket_limits),
    };

    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
