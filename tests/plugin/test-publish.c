/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

/* A probe's way to the hub: what goes at once, what goes together, what waits
 * and what is dropped, with the hub's end of the socket in our hands. */

#include <config.h>
#include "ovsdb-schema/ovs-compat.h"

#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "ovs-plugin/ipc.h"
#include "ovs-plugin/probe-publish.h"
#include "timeval.h"
#include "util.h"
#include "xfsm/io/event-decode.h"
#include "xfsm/program/mitigation.h"

static struct xfsm_publisher publisher;
static int hub;                 /* The hub's end. */
static char fill_with = 'x';    /* Texts of events. */

/* What was received. */
static uint64_t n_received, n_alerts, last_seq;

static int
setup(void **state OVS_UNUSED)
{
    static const struct xfsm_identity identity = {
        .host = "hv1", .bridge = "br0", .port = "vm1", .epoch = 1,
    };
    int socks[2];

    assert_int_equal(xfsm_ipc_pair(socks), 0);
    hub = socks[1];
    xfsm_publisher_init(&publisher, &identity, socks[0], -1);
    n_received = n_alerts = last_seq = 0;
    return 0;
}

static int
teardown(void **state OVS_UNUSED)
{
    xfsm_publisher_destroy(&publisher);
    close(hub);
    return 0;
}

static void
publish(const char *label, size_t text_len)
{
    static char text[XFSM_EVENT_TEXT_MAX + 1];
    const struct xfsm_event event = {
        .program = "p", .label = label, .text = text, .text_len = text_len,
    };

    memset(text, fill_with, text_len);
    text[text_len] = '\0';
    xfsm_publisher_publish(&publisher, &event);
}

/* Takes an event, which must be the next one or, after some that are missing,
 * a later one. */
static void
take_event(const struct xfsm_bytes *event)
{
    struct xfsm_bytes topic, json;
    struct xfsm_event_view view;

    assert_true(xfsm_message_split(event->p, xfsm_bytes_remaining(event),
                                   &topic, &json));
    assert_true(xfsm_event_decode((const char *) json.p,
                                  xfsm_bytes_remaining(&json), &view));
    assert_true(view.seq > last_seq);
    last_seq = view.seq;
    n_received++;
    n_alerts += xfsm_str_is(view.label, XFSM_LABEL_ALERT);
}

/* Takes a packet.  Returns the number of its events, 0 if there is none. */
static size_t
take(void)
{
    static uint8_t packet[XFSM_BATCH_PACKET_MAX];
    struct xfsm_batch_reader reader;
    struct xfsm_bytes event;
    ssize_t n = recv(hub, packet, sizeof packet, MSG_DONTWAIT | MSG_TRUNC);

    if (n <= 0) {
        return 0;
    }
    assert_true(n <= sizeof packet);
    if (!xfsm_batch_read(&reader, packet, n)) {
        xfsm_bytes_init(&event, packet, n);
        take_event(&event);
        return 1;
    }
    while (xfsm_batch_next(&reader, &event)) {
        take_event(&event);
    }
    assert_false(reader.malformed);
    return reader.n;
}

static void
test_turn(void **state OVS_UNUSED)
{
    int i;

    for (i = 0; i < 3; i++) {
        publish("log", 10);
    }
    assert_int_equal(take(), 0);
    assert_int_equal(xfsm_publisher_count(&publisher), 3);
    assert_true(xfsm_publisher_flush(&publisher));
    assert_int_equal(take(), 3);
    assert_int_equal(take(), 0);

    /* One alone, and none. */
    publish("log", 10);
    assert_true(xfsm_publisher_flush(&publisher));
    assert_true(xfsm_publisher_flush(&publisher));
    assert_int_equal(take(), 1);
    assert_int_equal(take(), 0);
    assert_int_equal(publisher.sent, 4);
    assert_int_equal(publisher.delayed, 0);
    assert_string_equal(publisher.last, "log p: xxxxxxxxxx");
}

/* A socket whose buffer is too small for a batch takes its events one by one,
 * and what is too long for it by itself is dropped and counted. */
static void
test_small_buffer(void **state OVS_UNUSED)
{
    const int size = 1;         /* The kernel's minimum, some 4 KiB. */
    uint64_t n;
    int i;

    assert_int_equal(setsockopt(publisher.sock, SOL_SOCKET, SO_SNDBUF, &size,
                                sizeof size), 0);
    for (i = 0; i < 30; i++) {
        publish("log", 400);
        fill_with = i == 3 ? '\1' : 'x';    /* As JSON six times as long. */
        publish("feature", i == 3 ? XFSM_EVENT_TEXT_MAX : 10);
    }
    while (xfsm_publisher_count(&publisher) || n_received < publisher.sent) {
        xfsm_publisher_run(&publisher);
        take();
    }
    assert_true(publisher.sock >= 0);
    n = publisher.dropped[XFSM_PUBLISH_feature];
    assert_int_equal(n, 1);
    assert_int_equal(publisher.dropped[XFSM_PUBLISH_log], 0);
    assert_int_equal(n_received + n, publisher.seq);
    assert_int_equal(publisher.sent, n_received);
}

/* The current millisecond does not end. */
static void
hold_time(struct xfsm_publisher *p)
{
    p->window = LLONG_MAX - 1;
    p->n_window = 0;
}

/* Turns of one event each go together beyond so many packets in a ms; the main
 * thread is told once, and what is held goes when the ms is over. */
static void
test_turns_go_together(void **state OVS_UNUSED)
{
    unsigned int i, told = 0;

    hold_time(&publisher);
    for (i = 0; i < XFSM_PUBLISH_PACKETS + 100; i++) {
        publish("log", 10);
        told += !xfsm_publisher_flush(&publisher);
        assert_int_equal(take(), i < XFSM_PUBLISH_PACKETS);
    }
    assert_int_equal(told, 1);
    assert_int_equal(xfsm_publisher_count(&publisher), 100);
    xfsm_publisher_run(&publisher);
    assert_int_equal(take(), 0);
    publisher.window = 0;
    xfsm_publisher_run(&publisher);
    assert_int_equal(take(), 100);
    assert_int_equal(publisher.delayed, 0);

    /* An alert takes along what is held, a full batch goes. */
    hold_time(&publisher);
    for (i = 0; i <= XFSM_PUBLISH_PACKETS; i++) {
        publish("log", 10);
        assert_int_equal(xfsm_publisher_flush(&publisher),
                         i < XFSM_PUBLISH_PACKETS);
    }
    while (take()) {
        continue;
    }
    publish("alert", 10);
    assert_int_equal(take(), 2);
    for (i = 0; i < XFSM_BATCH_EVENTS; i++) {
        publish("log", 0);
        xfsm_publisher_flush(&publisher);
    }
    assert_true(take() > XFSM_BATCH_EVENTS / 8);
}

/* What is held goes when the publisher ends. */
static void
test_held_goes_at_the_end(void **state OVS_UNUSED)
{
    static const struct xfsm_identity identity = {
        .host = "hv1", .bridge = "br0", .port = "vm2", .epoch = 1,
    };
    struct xfsm_publisher *p = xmalloc(sizeof *p);
    const struct xfsm_event event = {
        .program = "p", .label = "log", .text = "",
    };
    int i;

    xfsm_publisher_init(p, &identity, dup(publisher.sock), -1);
    hold_time(p);
    for (i = 0; i <= XFSM_PUBLISH_PACKETS; i++) {
        xfsm_publisher_publish(p, &event);
        xfsm_publisher_flush(p);
    }
    assert_int_equal(xfsm_publisher_count(p), 1);
    xfsm_publisher_destroy(p);
    free(p);
    for (i = 0; i <= XFSM_PUBLISH_PACKETS; i++) {
        assert_int_equal(take(), 1);
    }
}

static void
test_urgent_goes_at_once(void **state OVS_UNUSED)
{
    publish("log", 10);
    publish("alert", 10);
    assert_int_equal(take(), 2);
    publish("critical", 10);
    assert_int_equal(take(), 1);
    assert_int_equal(xfsm_publisher_count(&publisher), 0);
}

static void
test_full_batch_goes(void **state OVS_UNUSED)
{
    size_t n = 0;

    /* By bytes. */
    while (xfsm_publisher_count(&publisher) == n) {
        publish("log", XFSM_EVENT_TEXT_MAX);
        n++;
    }
    n--;
    assert_int_equal(take(), n + 1);
    assert_in_range(n, XFSM_BATCH_FULL / (XFSM_EVENT_TEXT_MAX + 400),
                    XFSM_BATCH_FULL / XFSM_EVENT_TEXT_MAX);

    /* What is remembered of the last is cut. */
    assert_int_equal(strlen(publisher.last), XFSM_PUBLISH_LAST_SIZE - 1);
}

/* Publishes until logs are dropped. */
static void
fill(void)
{
    do {
        publish("log", 100);
        xfsm_publisher_flush(&publisher);
    } while (!publisher.dropped[XFSM_PUBLISH_log]);
}

static void
test_logs_are_shed_before_alerts(void **state OVS_UNUSED)
{
    uint64_t dropped, n = 0;
    int i;

    fill();
    for (i = 0; i < 500; i++) {
        publish("alert", 100);
        publish("log", 100);
    }
    dropped = publisher.dropped[XFSM_PUBLISH_log];
    assert_true(dropped > 400);
    assert_int_equal(publisher.dropped[XFSM_PUBLISH_alert], 0);
    assert_int_equal(publisher.sent + dropped
                     + xfsm_publisher_count(&publisher), publisher.seq);

    /* The hub is there again: all else comes, in order, few packets. */
    while (xfsm_publisher_count(&publisher) || n_received < publisher.sent) {
        n += take() > 0;
        xfsm_publisher_run(&publisher);
    }
    assert_int_equal(n_alerts, 500);
    assert_int_equal(n_received + dropped, publisher.seq);
    assert_int_equal(n_received, publisher.sent);
    assert_true(publisher.delayed > 500 && publisher.delayed < n_received);
    assert_true(n < n_received / 2);

    /* As if nothing had been. */
    publisher.window = 0;       /* Also in the same millisecond. */
    publish("log", 10);
    assert_true(xfsm_publisher_flush(&publisher));
    assert_int_equal(take(), 1);
}

static void
test_stuck_is_told_once(void **state OVS_UNUSED)
{
    size_t told = 0;

    while (!publisher.dropped[XFSM_PUBLISH_log]) {
        publish("log", 100);
        told += !xfsm_publisher_flush(&publisher) && publisher.stuck;
    }
    assert_int_equal(told, 1);

    /* An urgent one that finds the socket full is told by the next flush. */
    while (xfsm_publisher_count(&publisher)) {
        take();
        xfsm_publisher_run(&publisher);
    }
    while (!publisher.stuck) {
        publish("alert", 100);
    }
    assert_false(xfsm_publisher_flush(&publisher));
    assert_true(xfsm_publisher_flush(&publisher));
}

static void
test_new_hub(void **state OVS_UNUSED)
{
    int socks[2];
    int i;

    /* The first batch that it finds out with waits too. */
    close(hub);
    for (i = 0; i < 10; i++) {
        publish("log", 10);
        publish("alert", 10);
        xfsm_publisher_flush(&publisher);
    }
    assert_int_equal(publisher.sent, 0);
    assert_int_equal(xfsm_publisher_count(&publisher), 20);
    assert_int_equal(xfsm_ipc_pair(socks), 0);
    hub = socks[1];
    xfsm_publisher_set_socket(&publisher, socks[0]);
    xfsm_publisher_run(&publisher);
    assert_int_equal(take() + take() + take(), 20);
    assert_int_equal(last_seq, 20);
    assert_int_equal(publisher.delayed, 20);
}

/* Has the agent been told of as many requests in this second as it may be. */
static void
use_up_second(void)
{
    publisher.second = time_msec() / 1000;
    publisher.n_second = XFSM_PUBLISH_MITIGATIONS;
}

/* A request that was beyond the rate is told when it comes again, and from
 * then on it is one that repeats itself. */
static void
test_request_beyond_the_rate(void **state OVS_UNUSED)
{
    int socks[2];

    assert_int_equal(xfsm_ipc_pair(socks), 0);
    publisher.ctl = socks[0];
    while (!publisher.mitigation_dropped) {
        fill_with++;            /* Should the second have ended just then. */
        use_up_second();
        publish(XFSM_LABEL_MITIGATION, 10);
    }
    publisher.mitigation_sent = 0;
    publisher.n_second = 0;
    publish(XFSM_LABEL_MITIGATION, 10);
    assert_int_equal(publisher.mitigation_sent, 1);
    assert_int_equal(publisher.mitigation_repeated, 0);
    publish(XFSM_LABEL_MITIGATION, 10);
    assert_int_equal(publisher.mitigation_sent, 1);
    assert_int_equal(publisher.mitigation_repeated, 1);
    assert_int_equal(publisher.mitigation_dropped, 1);
    fill_with = 'x';
    publisher.ctl = -1;
    close(socks[0]);
    close(socks[1]);
}

static bool
sleeps(pid_t pid)
{
    char path[64], stat[256];
    const char *state;
    FILE *f;

    snprintf(path, sizeof path, "/proc/%ld/stat", (long int) pid);
    f = fopen(path, "r");
    state = f && fgets(stat, sizeof stat, f) ? strrchr(stat, ')') : NULL;
    if (f) {
        fclose(f);
    }
    return state && state[2] == 'S';
}

static void
test_finish(void **state OVS_UNUSED)
{
    pid_t pid, self = getpid();
    size_t n_left;
    uint64_t n;

    /* A hub that takes nothing: what is left is counted. */
    for (n = 0; !publisher.stuck || n < 5; n++) {
        publish("alert", 1000);
    }
    publish("alert", 1000);
    n++;
    n_left = xfsm_publisher_finish(&publisher, time_msec() + 20);
    assert_int_equal(n_left, n - publisher.sent);
    assert_true(n_left > 1);

    /* One that is behind gets all. */
    pid = fork();
    assert_true(pid >= 0);
    if (!pid) {
        while (getppid() == self && !sleeps(self)) {
            sched_yield();
        }
        while (getppid() == self && n_received < n) {
            if (!take()) {
                struct pollfd pfd = { .fd = hub, .events = POLLIN };

                poll(&pfd, 1, 100);
            }
        }
        _exit(0);
    }
    assert_int_equal(xfsm_publisher_finish(&publisher, time_msec() + 20000),
                     0);
    assert_int_equal(publisher.sent, n);
    assert_int_equal(waitpid(pid, NULL, 0), pid);

    /* One that is gone is not waited for. */
    for (publisher.stuck = false; !publisher.stuck; ) {
        publish("alert", 1000);
    }
    xfsm_publisher_set_socket(&publisher, -1);
    assert_true(xfsm_publisher_finish(&publisher, LLONG_MAX) > 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_turn, setup, teardown),
        cmocka_unit_test_setup_teardown(test_urgent_goes_at_once, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_full_batch_goes, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_logs_are_shed_before_alerts,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(test_stuck_is_told_once, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_new_hub, setup, teardown),
        cmocka_unit_test_setup_teardown(test_small_buffer, setup, teardown),
        cmocka_unit_test_setup_teardown(test_turns_go_together, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_request_beyond_the_rate, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_finish, setup, teardown),
        cmocka_unit_test_setup_teardown(test_held_goes_at_the_end, setup,
                                        teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
