/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

/* Messages: what programs hear, from other ports and from each other. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/engine-harness.h"
#include "tests/unit/occasion.h"
#include "xfsm/runtime/exec.h"

/* ## Messages ## */

static struct xfsm_message_field
field(const char *name, const char *value)
{
    struct xfsm_message_field f = {
        name, strlen(name), value, strlen(value),
    };

    return f;
}

/* Sends an alert of program "scan", from port BRIDGE/PORT, about 'src' and
 * 'dst', which may be NULL. */
static bool
send_from(struct eh *eh, double seconds, const char *bridge, const char *port,
          const char *src, const char *dst, unsigned int hops)
{
    struct xfsm_message_field fields[2];
    struct xfsm_message message = {
        .ts = EH_EPOCH + (uint64_t) (seconds * 1e9), .label = "alert",
        .program = "scan", .state = "quiet", .host = "hv2",
        .bridge = bridge, .port = port, .hops = hops, .fields = fields,
    };

    fields[message.n_fields++] = field("ip_src", src);
    if (dst) {
        fields[message.n_fields++] = field("ip_dst", dst);
    }
    return xfsm_engine_message(eh->engine, &message);
}

static bool
send(struct eh *eh, double seconds, const char *src, const char *dst)
{
    return send_from(eh, seconds, "br1", "vnet9", src, dst, 0);
}

static void
test_message_fields(void **state)
{
    struct eh eh;

    (void) state;
    begin(&eh, PROGRAM2("p", HEAR("alert/scan", "ip_src", EH_IN("s0",
          SAY("%msg_label %msg_program %msg_host %msg_bridge %msg_port "
              "%msg_state %msg_hops %ip_src %ip_dst[%src_port] %ts")))));
    eh_advance(&eh, 5);
    assert_true(send(&eh, 2, A, B));
    eh_expect(&eh, "5 log alert scan hv2 br1 vnet9 quiet 0 10.0.0.1 10.0.0.2"
              "[] 1767225605000000000 hops=1", NULL);
    assert_int_equal(eh_stats(&eh).messages, 1);
    eh_free(&eh);
}

static void
test_topics_match_at_slashes(void **state)
{
    static const struct {
        const char *topic;
        bool heard;
    } cases[] = {
        { "alert", true }, { "alert/scan", true }, { "alert/scan/br1", true },
        { "alert/scan/br1/vnet9", true }, { "aler", false },
        { "alert/sca", false }, { "alert/scan/br1/vnet", false },
        { "alert/scan/br1/vnet99", false }, { "log", false },
        { "alert/scan2", false },
    };

    (void) state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *topics[2];
        char xml[512];
        struct eh eh;

        snprintf(xml, sizeof xml, PROGRAM2("p", HEAR("%s", "ip_src",
                 EH_IN("s0", SAY("heard")))), cases[i].topic);
        begin(&eh, xml);
        assert_int_equal(xfsm_engine_topics(eh.engine, topics, 2), 1);
        assert_string_equal(topics[0], cases[i].topic);
        assert_int_equal(send(&eh, 0, A, B), cases[i].heard);
        assert_int_equal(eh.brief.n, cases[i].heard);
        eh_free(&eh);
    }
}

/* The first event whose topic fits, in document order, and no other. */
static void
test_first_topic_wins(void **state)
{
    struct eh eh;

    (void) state;
    begin(&eh, PROGRAM2("p",
          HEAR("alert/scan/br2", "ip_src", EH_IN("s0", SAY("br2")))
          HEAR("alert", "ip_src", EH_IN("s0", SAY("alert")))
          HEAR("alert/scan", "ip_src", EH_IN("s0", SAY("scan")))));
    send(&eh, 0, A, B);
    send_from(&eh, 0, "br2", "x", A, B, 0);
    eh_expect(&eh, "0 log alert hops=1", "0 log br2 hops=1", NULL);
    eh_free(&eh);
}

/* As no_state, but among what packets matched it is not. */
static void
test_message_without_state_is_counted(void **state)
{
    static const char *const two[] = { "p", "q" };
    struct eh eh;

    (void) state;
    for (int n = 1; n <= 2; n++) {
        eh_init(&eh);
        for (int i = 0; i < n; i++) {
            eh_load(&eh, two[i], i
                    ? PROGRAM2("q", EH_ON("", "ip_src", EH_IN("s0", "")))
                    : PROGRAM2("p", HEAR("alert", "ip_src",
                                         EH_IN("s1", SAY("no")))));
        }
        send(&eh, 0, A, B);
        eh_syn(&eh, 1, A, B, 80);
        assert_int_equal(eh_stats(&eh).no_state, 1);
        assert_int_equal(eh_stats(&eh).matched, n - 1);
        assert_int_equal(eh_stats(&eh).handled, n - 1);
        eh_free(&eh);
    }
}

static void
test_message_without_key_is_counted(void **state)
{
    struct eh eh;

    (void) state;
    begin(&eh, PROGRAM2("p", HEAR("alert", "ip_src-ip_dst",
                                  EH_IN("s0", SAY("heard")))));
    send(&eh, 0, A, NULL);
    send(&eh, 0, "no address", B);
    eh_expect(&eh, NULL);
    assert_int_equal(eh_stats(&eh).message_no_key, 2);
    send(&eh, 0, A, B);
    eh_expect(&eh, "0 log heard hops=1", NULL);
    eh_free(&eh);
}

/* A key of messages and a key of packets are the same key. */
static void
test_message_changes_state_of_key(void **state)
{
    struct eh eh;

    (void) state;
    begin(&eh, PROGRAM2("p",
          HEAR("alert/scan", "ip_src", EH_IN("s0", EH_IF("true", "", "s1")))
          ON("packet", "primary-key='ip_dst'",
             EH_IN("s1", SAY("%ip_src answers %ip_dst")))));
    eh_syn(&eh, 0, B, A, 80);
    send(&eh, 0, A, B);
    eh_syn(&eh, 1, B, A, 80);
    eh_syn(&eh, 2, B, C, 80);
    eh_expect(&eh, "1 log 10.0.0.2 answers 10.0.0.1", NULL);
    eh_free(&eh);
}

/* What a message says of the frame, or of itself, is not believed. */
static void
test_meta_fields_are_not_taken(void **state)
{
    struct xfsm_message_field fields[] = {
        field("ip_src", A), field("len", "9999"), field("ts", "1"),
        field("msg_host", "liar"), field("ip_src", B), field("dst_port", "22"),
        field("src_port", "70000"), field("eth_src", "02:00:00:00:00:1f"),
        field("domain_name", "x.example"), field("no_field", "1"),
    };
    struct xfsm_message message = {
        .ts = EH_EPOCH, .label = "log", .program = "q", .state = "",
        .host = "h", .bridge = "b", .port = "p", .fields = fields,
        .n_fields = sizeof fields / sizeof *fields,
    };
    struct eh eh;

    (void) state;
    begin(&eh, PROGRAM2("p", HEAR("log", "ip_src", EH_IN("s0",
          SAY("%msg_host %ip_src %dst_port [%src_port] %eth_src "
              "%domain_name [%len] %ts")))));
    assert_true(xfsm_engine_message(eh.engine, &message));
    eh_expect(&eh, "0 log h 10.0.0.1 22 [] 02:00:00:00:00:1f x.example [] "
              "1767225600000000000 hops=1", NULL);
    eh_free(&eh);
}

static void
test_hops_are_bounded(void **state)
{
    struct eh eh;

    (void) state;
    begin(&eh, PROGRAM2("p", HEAR("alert", "ip_src",
                                  EH_IN("s0", SAY("hop %msg_hops")))));
    send_from(&eh, 0, "b", "p", A, B, XFSM_MESSAGE_HOPS - 1);
    eh_expect(&eh, "0 log hop 3 hops=4", NULL);
    assert_true(send_from(&eh, 0, "b", "p", A, B, XFSM_MESSAGE_HOPS));
    assert_true(send_from(&eh, 0, "b", "p", A, B, 1000000));
    eh_expect(&eh, NULL);
    assert_int_equal(eh_stats(&eh).message_loops, 2);
    eh_free(&eh);
}

/* A timer that a message's handler arms has the message's fields. */
static void
test_timer_of_message(void **state)
{
    struct eh eh;

    (void) state;
    begin(&eh, PROGRAM2("p",
          EH_TIMEOUT("t", EH_IN("s1",
              SAY("%msg_port %ip_dst")))
          HEAR("alert", "ip_src", EH_IN("s0", EH_IF_SET("true", "", "s1",
               EH_TIMER("t", "ip_src", "2"))))));
    send(&eh, 0, A, B);
    eh_advance(&eh, 2);
    eh_expect(&eh, "2 log vnet9 10.0.0.2", NULL);
    eh_free(&eh);
}

/* ## Programs of one engine ## */

#define SCANS PROGRAM2("scan", ON("packet", "primary-key='ip_src-ip_dst'", \
    EH_IN("s0", EH_IF("dst_port == 80", "Publish(alert, first %dst_port);" \
                      "Publish(alert, dst_port=dst_port, " \
                      "note=&apos;n&apos;)", ""))))

static void
test_programs_hear_each_other(void **state)
{
    struct eh eh;

    (void) state;
    begin(&eh, PROGRAM2("p",
          HEAR("alert/scan/br0/port0", "ip_dst", EH_IN("s0",
               SAY("%ip_src to %ip_dst %dst_port %msg_bridge")))
          ON("packet", "primary-key='ip_src'",
             EH_IN("s0", SAY("packet")))));
    eh_load(&eh, "scan", SCANS);
    eh_syn(&eh, 0, A, B, 80);
    eh_expect(&eh, "0 log packet", "0 alert first 80",
              "0 alert dst_port=80 note=n",
              "0 log 10.0.0.1 to 10.0.0.2  br0 hops=1",
              "0 log 10.0.0.1 to 10.0.0.2 80 br0 hops=1", NULL);
    assert_int_equal(eh_stats(&eh).messages, 2);
    eh_free(&eh);
}

/* Of a network they hear the first address, as programs of other ports do. */
static void
test_networks_are_heard(void **state)
{
    struct eh eh;

    (void) state;
    begin(&eh, PROGRAM2("p",
          HEAR("alert/q", "ip_src-ip_dst", EH_IN("s0",
               SAY("%ip_src to %ip_dst %dst_port")))));
    eh_load(&eh, "q", PROGRAM2("q",
            ON("packet", "primary-key='ip_src/24/56-ip_dst-dst_port'",
               EH_IN("s0", EH_IF("true", "Publish(alert, x %ip_src)", "")))));
    eh_syn(&eh, 0, "10.1.2.3", B, 80);
    eh_expect(&eh, "0 alert x 10.1.2.3",
              "0 log 10.1.2.0 to 10.0.0.2 80 hops=1", NULL);
    eh_syn(&eh, 1, "2001:db8::ffff:1", "2001:db8::2", 80);
    eh_expect(&eh, "1 alert x 2001:db8::ffff:1",
              "1 log 2001:db8:: to 2001:db8::2 80 hops=1", NULL);
    eh_free(&eh);
}

/* Nobody hears itself; two that hear each other stop. */
static void
test_loops_end(void **state)
{
    struct eh eh;

    (void) state;
    begin(&eh, PROGRAM2("p", HEAR("log", "ip_src", EH_IN("s0", SAY("p")))
          ON("packet", "primary-key='ip_src'", EH_IN("s0", SAY("begin")))));
    eh_syn(&eh, 0, A, B, 80);
    eh_expect(&eh, "0 log begin", NULL);
    eh_load(&eh, "q", PROGRAM2("q", HEAR("log", "ip_src",
                                         EH_IN("s0", SAY("q")))));
    eh_syn(&eh, 1, A, B, 80);
    eh_expect(&eh, "1 log begin", "1 log q hops=1", "1 log p hops=2",
              "1 log q hops=3", "1 log p hops=4", NULL);
    assert_int_equal(eh_stats(&eh).message_loops, 1);
    eh_free(&eh);
}

/* One packet causes XFSM_MESSAGE_QUEUE messages, and the next as many. */
static void
test_queue_is_bounded(void **state)
{
    char xml[8192], *p = xml;
    struct eh eh;

    (void) state;
    p += sprintf(p, "<xfsm name='q'>" EH_STATE("s0")
                 "<event type='packet' primary-key='ip_src'><state id='s0'>"
                 "<condition expression='true' action='");
    for (int i = 0; i < 31; i++) {
        p += sprintf(p, "Publish(log, %d);", i);
    }
    p += sprintf(p, "'/><post-condition-action do='");
    for (int i = 31; i < 62; i++) {
        p += sprintf(p, "Publish(log, %d);", i);
    }
    sprintf(p, "'/></state></event></xfsm>");
    begin(&eh, PROGRAM2("p", HEAR("log/q", "ip_src",
          EH_IN("s0", EH_IF("true", "Publish(alert, heard)", "")))));
    eh_load(&eh, "q", xml);
    eh_load(&eh, "r", PROGRAM2("r", HEAR("alert/p", "ip_src",
          EH_IN("s0", EH_IF("true", "Publish(critical, heard)", "")))));
    eh_syn(&eh, 0, A, B, 80);
    assert_int_equal(eh_stats(&eh).messages, XFSM_MESSAGE_QUEUE);
    assert_int_equal(eh_stats(&eh).messages_dropped, 60);
    eh_syn(&eh, 1, A, B, 80);
    assert_int_equal(eh_stats(&eh).messages, 2 * XFSM_MESSAGE_QUEUE);
    eh_free(&eh);
}

/* Timers, starts and stops are heard as packets are. */
static void
test_own_events_are_heard(void **state)
{
    struct eh eh;

    (void) state;
    begin(&eh, PROGRAM2("p", HEAR("log/q", "msg_program",
                                  EH_IN("s0", SAY("heard %msg_program")))));
    eh_load(&eh, "q", PROGRAM2("q",
          ON("start", "", EH_IN("s0", SAY("up")))
          ON("stop", "", EH_IN("s0", SAY("down")))
          TICK("1", EH_IN("s0", SAY("tick")))));
    eh_advance(&eh, 0);
    eh_advance(&eh, 1);
    assert_true(xfsm_engine_unload(eh.engine, "q"));
    eh_expect(&eh, "0 log up", "0 log heard q hops=1", "1 log tick",
              "1 log heard q hops=1", "1 log down", "1 log heard q hops=1",
              NULL);
    eh_free(&eh);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_message_fields),
        cmocka_unit_test(test_topics_match_at_slashes),
        cmocka_unit_test(test_first_topic_wins),
        cmocka_unit_test(test_message_without_key_is_counted),
        cmocka_unit_test(test_message_without_state_is_counted),
        cmocka_unit_test(test_message_changes_state_of_key),
        cmocka_unit_test(test_meta_fields_are_not_taken),
        cmocka_unit_test(test_hops_are_bounded),
        cmocka_unit_test(test_timer_of_message),
        cmocka_unit_test(test_programs_hear_each_other),
        cmocka_unit_test(test_networks_are_heard),
        cmocka_unit_test(test_loops_end),
        cmocka_unit_test(test_queue_is_bounded),
        cmocka_unit_test(test_own_events_are_heard),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
