/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

/* Execution: one test for each rule about events, states, conditions, actions
 * and tables.  Metrics are in test-metrics-exec.c, timers in
 * test-timers-exec.c, text in test-text.c, selectors and expressions in
 * test-compile.c. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/exec-pieces.h"
#include "tests/unit/packet-builder.h"

/* ## Rule 1: events ## */

static void
test_first_matching_event_alone(void **state)
{
    struct eh eh;

    (void) state;
    start(&eh, EH_PROGRAM(
        STATES
        EH_ON("dst_port 80", "ip_src", EH_IN("s0", EH_IF("true",
            "print(first)", "")))
        EH_ON("proto tcp", "ip_src", EH_IN("s0", EH_IF("true",
            "print(second)", "")))
        EH_ON("", "ip_src", EH_IN("s0", EH_IF("true", "print(third)", "")))));
    eh_syn(&eh, 0, A, B, 80);
    eh_syn(&eh, 1, A, B, 81);
    eh_udp(&eh, 2, A, B, 81);
    eh_expect(&eh, "0 log first", "1 log second", "2 log third", NULL);
    eh_free(&eh);
}

/* The first event takes the packet though it says nothing of its state. */
static void
test_first_event_without_handler_takes_packet(void **state)
{
    struct eh eh;

    (void) state;
    start(&eh, EH_PROGRAM(
        STATES
        EH_ON("dst_port 80", "ip_src", EH_IN("s1", EH_IF("true",
            "print(first)", "")))
        EH_ON("proto tcp", "ip_src", EH_IN("s0", EH_IF("true",
            "print(second)", "")))));
    eh_syn(&eh, 0, A, B, 80);
    eh_expect(&eh, NULL);
    assert_int_equal(eh_stats(&eh).no_state, 1);
    assert_int_equal(eh_stats(&eh).handled, 0);
    eh_free(&eh);
}

static void
test_no_matching_event(void **state)
{
    struct eh eh;

    (void) state;
    start(&eh, EH_PROGRAM(STATES EH_ON("proto udp", "ip_src",
        EH_IN("s0", EH_IF("true", "print(x)", "")))));
    eh_syn(&eh, 0, A, B, 80);
    eh_expect(&eh, NULL);
    assert_int_equal(eh_stats(&eh).packets, 1);
    assert_int_equal(eh_stats(&eh).matched, 0);
    eh_free(&eh);
}

/* ## Rule 2: the key's state ## */

static void
test_state_is_per_key(void **state)
{
    struct eh eh;

    (void) state;
    start(&eh, EH_PROGRAM(
        STATES
        EH_ON(SYN, "ip_src",
              EH_IN("s0", EH_IF("true", "print(zero %ip_src)", "s1"))
              EH_IN("s1", EH_IF("true", "print(one %ip_src)", "s2"))
              EH_IN("s2", EH_IF("true", "print(two %ip_src)", "")))));
    eh_syn(&eh, 0, A, B, 80);
    eh_syn(&eh, 1, C, B, 80);
    eh_syn(&eh, 2, A, B, 80);
    eh_syn(&eh, 3, A, B, 80);
    eh_syn(&eh, 4, A, B, 80);
    eh_syn(&eh, 5, C, B, 80);
    eh_expect(&eh, "0 log zero 10.0.0.1", "1 log zero 10.0.0.3",
              "2 log one 10.0.0.1", "3 log two 10.0.0.1",
              "4 log two 10.0.0.1", "5 log one 10.0.0.3", NULL);
    eh_free(&eh);
}

/* The state that ip_src entered is that of the same address as ip_dst. */
static void
test_one_state_table_for_all_events(void **state)
{
    struct eh eh;

    (void) state;
    start(&eh, EH_PROGRAM(
        STATES
        EH_ON(SYN, "ip_src", EH_IN("s0", EH_IF("true", "", "s1")))
        EH_ON("proto udp", "ip_dst",
              EH_IN("s0", EH_IF("true", "print(zero)", ""))
              EH_IN("s1", EH_IF("true", "print(one)", "")))));
    eh_udp(&eh, 0, B, A, 9);
    eh_syn(&eh, 1, A, B, 80);
    eh_udp(&eh, 2, B, A, 9);
    eh_expect(&eh, "0 log zero", "2 log one", NULL);
    eh_free(&eh);
}

static void
test_no_handler_no_metric_moves(void **state)
{
    struct eh eh;

    (void) state;
    start(&eh, EH_PROGRAM(
        STATES
        DLEFT("m")
        EH_ON("dst_port 80", "ip_src",
              EH_IN("s1", EH_USE("m", "vm_update='ip_src'")))
        EH_ON("proto tcp", "ip_src",
              EH_IN("s0", EH_USE("m", "vm_get='ip_src'")
                    EH_IF("true", "print(%m)", "s1"))
              EH_IN("s1", EH_USE("m", "vm_get='ip_src'")
                    EH_IF("true", "print(%m)", "")))));
    eh_syn(&eh, 0, A, B, 80);       /* In s0, of which it says nothing. */
    eh_syn(&eh, 1, A, B, 81);
    eh_syn(&eh, 2, A, B, 80);       /* In s1: counts. */
    eh_syn(&eh, 3, A, B, 81);
    eh_expect(&eh, "1 log 0", "3 log 1", NULL);
    eh_free(&eh);
}

static void
test_key_incomplete(void **state)
{
    struct eh eh;

    (void) state;
    start(&eh, EH_PROGRAM(STATES EH_ON("", "domain_name",
        EH_IN("s0", EH_IF("true", "print(%domain_name)", "")))));
    eh_syn(&eh, 0, A, B, 80);
    eh_dns(&eh, 1, B, A, 0, "a.example");
    eh_expect(&eh, "1 log a.example", NULL);
    assert_int_equal(eh_stats(&eh).no_key, 1);
    eh_free(&eh);
}

static void
test_default_state_removes_key(void **state)
{
    struct xfsm_program_info info;
    struct eh eh;

    (void) state;
    start(&eh, EH_PROGRAM(STATES EH_ON(SYN, "ip_src",
        EH_IN("s0", EH_IF("true", "", "s1"))
        EH_IN("s1", EH_IF("true", "", "s0")))));
    eh_syn(&eh, 0, A, B, 80);
    assert_true(xfsm_engine_get_program(eh.engine, 0, &info));
    assert_int_equal(info.keys, 1);
    assert_int_equal(info.state_keys[1], 1);
    eh_syn(&eh, 1, A, B, 80);
    assert_true(xfsm_engine_get_program(eh.engine, 0, &info));
    assert_int_equal(info.keys, 0);
    assert_int_equal(info.state_keys[0], 0);
    assert_int_equal(info.state_keys[1], 0);
    eh_free(&eh);
}

/* ## State timeouts ## */

#define WITH_TIMEOUT(NEXT) EH_PROGRAM( \
    EH_STATE("s0") "<statedef id='s1' timeout='10'" NEXT "/>" \
    EH_STATE("s2") \
    EH_ON("dst_port 80", "ip_src", EH_IN("s0", EH_IF("true", "", "s1"))) \
    EH_ON("proto tcp", "ip_src", \
          EH_IN("s0", EH_IF("true", "print(zero)", "")) \
          EH_IN("s1", EH_IF("true", "print(one)", "")) \
          EH_IN("s2", EH_IF("true", "print(two)", ""))))

static void
test_state_timeout_to_default(void **state)
{
    struct xfsm_program_info info;
    struct eh eh;

    (void) state;
    start(&eh, WITH_TIMEOUT(""));
    eh_syn(&eh, 0, A, B, 80);
    eh_syn(&eh, 10, A, B, 81);              /* Not longer than 10 s. */
    eh_syn(&eh, 10.000000001, A, B, 81);    /* Longer. */
    eh_expect(&eh, "10 log one", "10 log zero", NULL);
    assert_true(xfsm_engine_get_program(eh.engine, 0, &info));
    assert_int_equal(info.keys, 0);
    eh_free(&eh);
}

static void
test_state_timeout_to_next_state(void **state)
{
    struct eh eh;

    (void) state;
    start(&eh, WITH_TIMEOUT(" next_state='s2'"));
    eh_syn(&eh, 0, A, B, 80);
    eh_syn(&eh, 100, A, B, 81);
    eh_syn(&eh, 1000, A, B, 81);    /* s2 has no timeout. */
    eh_expect(&eh, "100 log two", "1000 log two", NULL);
    eh_free(&eh);
}

/* A look-up by an event that says nothing of the state moves it as well. */
static void
test_state_timeout_on_any_look_up(void **state)
{
    struct eh eh;

    (void) state;
    start(&eh, EH_PROGRAM(
        EH_STATE("s0") "<statedef id='s1' timeout='10' next_state='s2'/>"
        "<statedef id='s2' timeout='10'/>"
        EH_ON("dst_port 80", "ip_src", EH_IN("s0", EH_IF("true", "", "s1")))
        EH_ON("proto tcp", "ip_src",
              EH_IN("s0", EH_IF("true", "print(zero)", ""))
              EH_IN("s2", EH_IF("true", "print(two)", "")))));
    eh_syn(&eh, 0, A, B, 80);
    eh_syn(&eh, 11, A, B, 80);      /* Moves to s2, now. */
    eh_syn(&eh, 20, A, B, 81);      /* In s2 for 9 s. */
    eh_syn(&eh, 22, A, B, 81);      /* For 11 s. */
    eh_expect(&eh, "20 log two", "22 log zero", NULL);
    eh_free(&eh);
}

/* ## Rule 5: conditions ## */

static void
test_first_true_condition_alone(void **state)
{
    struct eh eh;

    (void) state;
    start(&eh, EH_PROGRAM(STATES EH_ON(SYN, "ip_src",
        EH_IN("s0", EH_IF("dst_port &lt; 10", "print(low)", "")
              EH_IF("dst_port &lt; 100", "print(middle)", "")
              EH_IF("dst_port &lt; 1000", "print(high)", "")))));
    eh_syn(&eh, 0, A, B, 5);
    eh_syn(&eh, 1, A, B, 50);
    eh_syn(&eh, 2, A, B, 500);
    eh_syn(&eh, 3, A, B, 5000);
    eh_expect(&eh, "0 log low", "1 log middle", "2 log high", NULL);
    eh_free(&eh);
}

static void
test_empty_next_state_stays(void **state)
{
    struct eh eh;

    (void) state;
    start(&eh, EH_PROGRAM(STATES EH_ON(SYN, "ip_src",
        EH_IN("s0", EH_IF("true", "print(0)", "s1"))
        EH_IN("s1", EH_IF("true", "print(1)", "")))));
    for (int i = 0; i < 3; i++) {
        eh_syn(&eh, i, A, B, 80);
    }
    eh_expect(&eh, "0 log 0", "1 log 1", "2 log 1", NULL);
    eh_free(&eh);
}

static void
test_constant_conditions(void **state)
{
    struct eh eh;

    (void) state;
    start(&eh, EH_PROGRAM(STATES EH_ON(SYN, "ip_src",
        EH_IN("s0", EH_IF("false", "print(never)", "s2")
              EH_IF("0", "print(never)", "s2")
              EH_IF("1", "print(one)", "")
              EH_IF("true", "print(late)", "")))));
    eh_syn(&eh, 0, A, B, 80);
    eh_expect(&eh, "0 log one", NULL);
    eh_free(&eh);
}

static void
test_post_condition_always_and_last(void **state)
{
    struct eh eh;

    (void) state;
    start(&eh, EH_PROGRAM(STATES EH_ON(SYN, "ip_src",
        EH_IN("s0", EH_IF("dst_port == 1", "print(first)", "s1")
              EH_IF("dst_port == 2", "", "")
              EH_POST("print(post)"))
        EH_IN("s1", EH_POST("print(post of s1)")))));
    eh_syn(&eh, 0, A, B, 3);
    eh_syn(&eh, 1, A, B, 2);
    eh_syn(&eh, 2, A, B, 1);
    eh_syn(&eh, 3, A, B, 1);
    eh_expect(&eh, "0 log post", "1 log post", "2 log first", "2 log post",
              "3 log post of s1", NULL);
    eh_free(&eh);
}

/* ## Actions ## */

static void
test_actions_from_left_to_right(void **state)
{
    struct eh eh;

    (void) state;
    start(&eh, EH_PROGRAM(STATES EH_TABLE("t") EH_ON(SYN, "ip_src",
        EH_IN("s0", EH_IF("true", "print(a %t(ip_src)), t(ip_src)=1; "
                          "print(b %t(ip_src)); t(ip_src)+=2, "
                          "Publish(alert, c %t(ip_src))", "")))));
    eh_syn(&eh, 0, A, B, 80);
    eh_expect(&eh, "0 log a 0", "0 log b 1", "0 alert c 3", NULL);
    assert_int_equal(eh_stats(&eh).events, 3);
    assert_int_equal(eh_stats(&eh).alerts, 1);
    eh_free(&eh);
}

static void
test_publish_raw(void **state)
{
    static const uint8_t zero[4000] = { 0 };
    uint8_t buf[4000];
    struct packet_builder b;
    struct eh eh;
    char line[200];

    (void) state;
    start(&eh, EH_PROGRAM(STATES EH_ON("", "len", EH_IN("s0", EH_IF("true",
        "Publish(raw, raw);Publish(alert, raw)", "")))));
    eh_frame(&eh, 0, buf, pb_tcp_frame(buf, sizeof buf, A, 1, B, 2, PB_SYN,
                                       NULL));
    assert_non_null(strstr(eh.full.lines[0], " raw=020000000002020000000001"
                           "0800450000"));
    eh_expect(&eh, "0 raw  raw=54", "0 alert  raw=54", NULL);
    pb_init(&b, buf, sizeof buf);
    pb_eth(&b, NULL, NULL);
    pb_ip(&b, A, B);
    pb_udp(&b, 1, 2);
    pb_bytes(&b, zero, 2000);
    eh_frame(&eh, 1, buf, pb_finish(&b));
    snprintf(line, sizeof line, "1 raw  raw=%d", XFSM_EVENT_RAW_MAX);
    assert_string_equal(eh.brief.lines[0], line);
    eh_free(&eh);
}

static void
test_export_publishes_features(void **state)
{
    struct eh eh;

    (void) state;
    start(&eh, EH_PROGRAM(
        STATES DLEFT("m") EH_FEATURE("a", "m") EH_FEATURE("b", "m / 4")
        EH_ON(SYN, "ip_src",
              EH_IN("s0", EH_USE("m", "vm_update='ip_src'")
                    EH_POST("Export")))));
    eh_syn(&eh, 0, A, B, 80);
    eh_syn(&eh, 1, A, B, 80);
    eh_expect(&eh, "0 feature  {a=1 b=0.25}", "1 feature  {a=2 b=0.5}",
              NULL);
    eh_free(&eh);
}

static void
test_suspect_marks_events(void **state)
{
    struct eh eh;

    (void) state;
    start(&eh, EH_PROGRAM(
        STATES EH_FEATURE("f", "1")
        EH_ON(SYN, "ip_src",
              EH_IN("s0", EH_IF("dst_port == 1", "Suspect,Export,print(x)",
                                "")
                    EH_IF("true", "print(y)", "")))));
    eh_syn(&eh, 0, A, B, 1);
    eh_syn(&eh, 1, A, B, 2);
    eh_expect(&eh, "0 feature  suspect {f=1}", "0 log x suspect", "1 log y",
              NULL);
    eh_free(&eh);
}

static void
test_plot_is_a_feature_event(void **state)
{
    struct eh eh;

    (void) state;
    start(&eh, EH_PROGRAM(
        STATES DLEFT("m") EH_FEATURE("f", "m / 2")
        EH_ON(SYN, "ip_src",
              EH_IN("s0", EH_USE("m", "vm_update='ip_src'")
                    EH_IF("true", "plot(stream ip_src f m)", "")))));
    eh_syn(&eh, 0, A, B, 80);
    eh_expect(&eh, "0 feature stream 10.0.0.1 0.5 1", NULL);
    eh_free(&eh);
}

static void
test_exec_publishes_its_text(void **state)
{
    struct eh eh;

    (void) state;
    start(&eh, EH_PROGRAM(STATES EH_ON(SYN, "ip_src", EH_IN("s0",
        EH_IF("true", "exec(iptables -A INPUT -s %ip_src -j DROP)", "")))));
    eh_syn(&eh, 0, A, B, 80);
    eh_expect(&eh, "0 exec iptables -A INPUT -s 10.0.0.1 -j DROP", NULL);
    eh_free(&eh);
}

static void
test_drop_has_no_effect(void **state)
{
    struct eh eh;

    (void) state;
    start(&eh, EH_PROGRAM(STATES EH_ON(SYN, "ip_src", EH_IN("s0",
        EH_IF("true", "Drop;print(x)", "")))));
    eh_syn(&eh, 0, A, B, 80);
    eh_expect(&eh, "0 log x", NULL);
    eh_free(&eh);
}

/* ## Tables ## */

static void
test_table_operators(void **state)
{
    struct eh eh;

    (void) state;
    start(&eh, EH_PROGRAM(STATES EH_TABLE("t") EH_ON(SYN, "ip_src",
        EH_IN("s0",
              EH_IF("dst_port == 1", "t(ip_src)=7", "")
              EH_IF("dst_port == 2", "t(ip_src) += dst_port", "")
              EH_IF("dst_port == 3", "t(ip_src) -= 1", "")
              EH_IF("dst_port == 4", "t(ip_src) *= 2", "")
              EH_IF("dst_port == 5", "t(ip_src) /= 4", "")
              EH_IF("dst_port == 6", "t(ip_src) /= 0", "")
              EH_POST("print(%t(ip_src) %t(ip_dst))")))));
    for (unsigned int i = 1; i <= 6; i++) {
        eh_syn(&eh, i, A, B, i);
    }
    eh_syn(&eh, 7, C, A, 3);        /* Of what is missing: from 0. */
    eh_expect(&eh, "1 log 7 0", "2 log 9 0", "3 log 8 0", "4 log 16 0",
              "5 log 4 0", "6 log 0 0", "7 log -1 0", NULL);
    assert_int_equal(eh_stats(&eh).div_by_zero, 1);
    eh_free(&eh);
}

static void
test_table_reset(void **state)
{
    struct eh eh;

    (void) state;
    start(&eh, EH_PROGRAM(STATES EH_TABLE("t") EH_ON(SYN, "ip_src",
        EH_IN("s0",
              EH_IF("dst_port == 9", "t.reset()", "")
              EH_IF("!t(ip_src)", "t(ip_src)=1,print(set)", "")
              EH_IF("true", "print(is set)", "")))));
    eh_syn(&eh, 0, A, B, 80);
    eh_syn(&eh, 1, A, B, 80);
    eh_syn(&eh, 2, A, B, 9);
    eh_syn(&eh, 3, A, B, 80);
    eh_expect(&eh, "0 log set", "1 log is set", "3 log set", NULL);
    eh_free(&eh);
}

static void
test_table_entries_of_the_document(void **state)
{
    struct eh eh;

    (void) state;
    start(&eh, EH_PROGRAM(
        STATES
        "<table name='n' type='Map'><entry key='10.0.0.1-80' value='1.5'/>"
        "<entry key='2001:db8::1-443' value='2'/></table>"
        "<table name='d' type='Map'><entry key='bad-name.example' "
        "value='3'/></table>"
        "<table name='m' type='Map'><entry key='02:00:00:00:00:01' "
        "value='4'/></table>"
        EH_ON("proto tcp", "ip_src",
              EH_IN("s0", EH_IF("true", "print(%n(ip_src-dst_port) "
                                "%m(eth_src) %m(eth_dst))", "")))
        "<table name='dp' type='Map'><entry key='x.example-40000' "
        "value='6'/></table>"
        EH_ON("", "ip_src",
              EH_IN("s0", EH_IF("true", "print(%d(domain_name) "
                                "%dp(domain_name-dst_port))", "")))));
    eh_syn(&eh, 0, A, B, 80);
    eh_syn(&eh, 1, A, B, 81);
    eh_syn(&eh, 2, "2001:db8::1", "2001:db8::2", 443);
    eh_dns(&eh, 3, A, B, 0, "bad-name.example");
    eh_dns(&eh, 4, A, B, 0, "bad-name.exampl");
    eh_dns(&eh, 5, A, B, 0, "x.example");
    eh_expect(&eh, "0 log 1.5 4 0", "1 log 0 4 0", "2 log 2 4 0", "3 log 3 0",
              "4 log 0 0", "5 log 0 6", NULL);
    eh_free(&eh);
}

/* IPv6 works wherever an address does, and is never taken for IPv4. */
static void
test_ipv6_keys(void **state)
{
    struct eh eh;

    (void) state;
    start(&eh, EH_PROGRAM(STATES DLEFT("m") EH_ON(SYN, "ip_src",
        EH_IN("s0", EH_USE("m", "vm_update='ip_src'")
              EH_IF("true", "print(%ip_src %m)", "")))));
    eh_syn(&eh, 0, "2001:db8::1", "2001:db8::2", 80);
    eh_syn(&eh, 1, "::a00:1", "::a00:2", 80);
    eh_syn(&eh, 2, A, B, 80);
    eh_syn(&eh, 3, "2001:db8::1", "2001:db8::2", 80);
    eh_expect(&eh, "0 log 2001:db8::1 1", "1 log ::a00:1 1",
              "2 log 10.0.0.1 1", "3 log 2001:db8::1 2", NULL);
    eh_free(&eh);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_first_matching_event_alone),
        cmocka_unit_test(test_first_event_without_handler_takes_packet),
        cmocka_unit_test(test_no_matching_event),
        cmocka_unit_test(test_state_is_per_key),
        cmocka_unit_test(test_one_state_table_for_all_events),
        cmocka_unit_test(test_no_handler_no_metric_moves),
        cmocka_unit_test(test_key_incomplete),
        cmocka_unit_test(test_default_state_removes_key),
        cmocka_unit_test(test_state_timeout_to_default),
        cmocka_unit_test(test_state_timeout_to_next_state),
        cmocka_unit_test(test_state_timeout_on_any_look_up),
        cmocka_unit_test(test_first_true_condition_alone),
        cmocka_unit_test(test_empty_next_state_stays),
        cmocka_unit_test(test_constant_conditions),
        cmocka_unit_test(test_post_condition_always_and_last),
        cmocka_unit_test(test_actions_from_left_to_right),
        cmocka_unit_test(test_publish_raw),
        cmocka_unit_test(test_export_publishes_features),
        cmocka_unit_test(test_suspect_marks_events),
        cmocka_unit_test(test_plot_is_a_feature_event),
        cmocka_unit_test(test_exec_publishes_its_text),
        cmocka_unit_test(test_drop_has_no_effect),
        cmocka_unit_test(test_table_operators),
        cmocka_unit_test(test_table_reset),
        cmocka_unit_test(test_table_entries_of_the_document),
        cmocka_unit_test(test_ipv6_keys),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
