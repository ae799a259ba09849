/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

/* Timers of programs: rule 6 of the execution, piece by piece. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/exec-pieces.h"
#include "tests/unit/packet-builder.h"
#include "xfsm/runtime/clock.h"
#include "xfsm/runtime/exec.h"

/* Port 80 arms timer "t" of ip_src for 2 s and enters s1; port 9 leaves s1;
 * what a timer does is BODY. */
#define ARMED(BODY) EH_PROGRAM( \
    STATES \
    EH_TIMEOUT("t", BODY) \
    EH_ON("dst_port 80", "ip_src", \
          EH_IN("s0", EH_IF_SET("true", "", "s1", \
                                EH_TIMER("t", "ip_src", "2"))) \
          EH_IN("s1", EH_IF_SET("true", "", "", \
                                EH_TIMER("t", "ip_src", "2")))) \
    EH_ON("dst_port 9", "ip_src", EH_IN("s1", EH_IF("true", "", "s0"))) \
    EH_ON("dst_port 8", "ip_src", \
          EH_IN("s1", EH_IF_SET("true", "", "", \
                                EH_TIMER("t", "ip_src", "0")))))

static uint64_t
armed(const struct eh *eh)
{
    struct xfsm_program_info info;

    assert_true(xfsm_engine_get_program(eh->engine, 0, &info));
    return info.timers;
}

static void
test_fires_after_value_seconds(void **state)
{
    struct eh eh;

    (void) state;
    start(&eh, ARMED(EH_IN("s1", EH_IF("true", "print(fired)", ""))));
    eh_syn(&eh, 0, A, B, 80);
    eh_advance(&eh, 1.999999999);
    eh_expect(&eh, NULL);
    eh_advance(&eh, 2);
    eh_expect(&eh, "2 log fired", NULL);
    assert_int_equal(eh_stats(&eh).timeouts, 1);
    eh_free(&eh);
}

/* The key whose state counts is the packet's primary one, which nothing but
 * the timer asked for so far. */
static void
test_timer_of_another_key(void **state)
{
    struct eh eh;

    (void) state;
    start(&eh, EH_PROGRAM(
        STATES
        EH_TIMEOUT("t", EH_IN("s1", EH_IF("true", "print(fired %ip_src)",
                                          "")))
        EH_ON("dst_port 80", "ip_src",
              EH_IN("s0", EH_IF_SET("true", "", "s1",
                                    EH_TIMER("t", "ip_dst", "2"))))));
    eh_syn(&eh, 0, A, B, 80);
    eh_syn(&eh, 1, C, A, 80);
    eh_advance(&eh, 3);
    eh_expect(&eh, "2 log fired 10.0.0.1", "3 log fired 10.0.0.3", NULL);
    eh_free(&eh);
}

/* Time is the packets': one that no event takes fires timers as well, before
 * it is looked at. */
static void
test_packets_move_time(void **state)
{
    struct eh eh;

    (void) state;
    start(&eh, ARMED(EH_IN("s1", EH_IF("true", "print(fired)", ""))));
    eh_syn(&eh, 0, A, B, 80);
    eh_udp(&eh, 1, C, B, 1);
    eh_expect(&eh, NULL);
    eh_udp(&eh, 2.5, C, B, 1);
    eh_expect(&eh, "2 log fired", NULL);
    eh_free(&eh);
}

static void
test_fires_again_and_again(void **state)
{
    struct eh eh;

    (void) state;
    start(&eh, ARMED(EH_IN("s1", EH_IF("true", "print(fired)", ""))));
    eh_syn(&eh, 0.25, A, B, 80);
    eh_advance(&eh, 5);
    eh_advance(&eh, 9);
    eh_expect(&eh, "2.25 log fired", "4.25 log fired", "6.25 log fired",
              "8.25 log fired", NULL);
    assert_int_equal(armed(&eh), 1);
    eh_free(&eh);
}

static void
test_until_set_to_0_by_a_packet(void **state)
{
    struct eh eh;

    (void) state;
    start(&eh, ARMED(EH_IN("s1", EH_IF("true", "print(fired)", ""))));
    eh_syn(&eh, 0, A, B, 80);
    eh_advance(&eh, 2);
    eh_syn(&eh, 3, A, B, 8);
    assert_int_equal(armed(&eh), 0);
    eh_advance(&eh, 100);
    eh_expect(&eh, "2 log fired", NULL);
    eh_free(&eh);
}

static void
test_until_set_to_0_by_itself(void **state)
{
    struct eh eh;

    (void) state;
    start(&eh, ARMED(EH_IN("s1", EH_IF_SET("true", "print(fired)", "",
        EH_TIMER("t", "ip_src", "0")))));
    eh_syn(&eh, 0, A, B, 80);
    eh_advance(&eh, 100);
    eh_expect(&eh, "2 log fired", NULL);
    assert_int_equal(armed(&eh), 0);
    eh_free(&eh);
}

/* The key's entry is gone, by a packet or by the timer itself. */
static void
test_until_entry_gone(void **state)
{
    struct eh eh;

    (void) state;
    start(&eh, ARMED(EH_IN("s1", EH_IF("true", "print(fired)", ""))));
    eh_syn(&eh, 0, A, B, 80);
    eh_advance(&eh, 2);
    eh_syn(&eh, 3, A, B, 9);
    eh_advance(&eh, 100);
    eh_expect(&eh, "2 log fired", NULL);
    assert_int_equal(armed(&eh), 0);
    eh_free(&eh);

    start(&eh, ARMED(EH_IN("s1", EH_IF("true", "print(fired)", "s0"))));
    eh_syn(&eh, 0, A, B, 80);
    eh_advance(&eh, 100);
    eh_expect(&eh, "2 log fired", NULL);
    assert_int_equal(armed(&eh), 0);
    eh_free(&eh);
}

/* A key of the default state that the timeout event handles: goes on. */
static void
test_default_state_with_handler(void **state)
{
    struct eh eh;

    (void) state;
    start(&eh, EH_PROGRAM(
        STATES
        EH_TIMEOUT("t", EH_IN("s0", EH_IF("true", "print(fired)", "")))
        EH_ON("", "ip_src", EH_IN("s0",
              EH_IF_SET("true", "", "", EH_TIMER("t", "ip_src", "2"))))));
    eh_syn(&eh, 0, A, B, 80);
    eh_advance(&eh, 5);
    eh_expect(&eh, "2 log fired", "4 log fired", NULL);
    eh_free(&eh);
}

/* A state without handler keeps the timer: it goes on in silence. */
static void
test_state_without_handler_keeps_timer(void **state)
{
    struct eh eh;

    (void) state;
    start(&eh, EH_PROGRAM(
        STATES
        EH_TIMEOUT("t", EH_IN("s2", EH_IF("true", "print(fired)", "")))
        EH_ON("", "ip_src",
              EH_IN("s0", EH_IF_SET("true", "", "s1",
                                    EH_TIMER("t", "ip_src", "2")))
              EH_IN("s1", EH_IF("true", "", "s2")))));
    eh_syn(&eh, 0, A, B, 80);
    eh_syn(&eh, 5, A, B, 80);
    eh_advance(&eh, 8);
    eh_expect(&eh, "6 log fired", "8 log fired", NULL);
    eh_free(&eh);
}

static void
test_setting_moves_it(void **state)
{
    struct eh eh;

    (void) state;
    start(&eh, ARMED(EH_IN("s1", EH_IF("true", "print(%src_port)", ""))));
    eh_syn(&eh, 0, A, B, 80);
    eh_syn(&eh, 1.5, A, B, 80);
    eh_syn(&eh, 3, A, B, 80);
    assert_int_equal(armed(&eh), 1);
    eh_advance(&eh, 5);
    eh_expect(&eh, "5 log 40000", NULL);
    eh_free(&eh);
}

/* Moved from its own handler, with another delay: that is the period then. */
static void
test_handler_moves_its_own_timer(void **state)
{
    struct eh eh;

    (void) state;
    start(&eh, ARMED(
        EH_IN("s1", EH_IF_SET("true", "print(one)", "s2",
                              EH_TIMER("t", "ip_src", "5")))
        EH_IN("s2", EH_IF("true", "print(two)", ""))));
    eh_syn(&eh, 0, A, B, 80);
    eh_advance(&eh, 13);
    eh_expect(&eh, "2 log one", "7 log two", "12 log two", NULL);
    eh_free(&eh);
}

/* It carries the fields of the packet that armed it: text, keys and numbers,
 * of the one that moved it last. */
static void
test_fields_of_the_arming_packet(void **state)
{
    struct eh eh;

    (void) state;
    start(&eh, EH_PROGRAM(
        STATES EH_METRIC("m", EH_VM("dleft")) EH_METRIC("off", "")
        EH_TABLE("t")
        EH_TIMEOUT("w", EH_IN("s1",
              EH_USE("m", "vm_get='domain_name'")
              EH_USE("off", "vm_get='len'")
              EH_IF("src_port == 53",
                    "print(%ip_src %ip_dst %domain_name %m %off %proto "
                    "%t(ip_dst) %packet_no %icmp_type);t(ip_dst) += 1", "")))
        EH_ON("proto udp", "ip_dst",
              EH_IN("s0", EH_USE("m", "vm_update='domain_name'")
                    EH_IF_SET("true", "", "s1",
                              EH_TIMER("w", "domain_name", "2")))
              EH_IN("s1", EH_USE("m", "vm_update='domain_name'")))));
    eh_dns(&eh, 0, A, B, 3, "x.example");
    eh_dns(&eh, 1, C, B, 3, "y.example");
    eh_dns(&eh, 1, C, B, 3, "x.example");
    eh_syn(&eh, 4, C, C, 1);
    eh_expect(&eh, "2 log 10.0.0.1 10.0.0.2 x.example 2 69 17 0 1 ",
              "4 log 10.0.0.1 10.0.0.2 x.example 2 69 17 1 1 ", NULL);
    eh_free(&eh);
}

/* A timer that publishes the packet publishes the one that armed it. */
static void
test_raw_of_the_arming_packet(void **state)
{
    struct eh eh;
    char line[64];

    (void) state;
    start(&eh, ARMED(EH_IN("s1", EH_IF("true", "Publish(raw, raw)", ""))));
    eh_syn(&eh, 0, A, B, 80);
    eh_udp(&eh, 2, C, B, 1);
    assert_int_equal(eh.full.n, 1);
    assert_non_null(strstr(eh.full.lines[0], "9c400050"));
    snprintf(line, sizeof line, "2 raw  raw=%d", 14 + 20 + 20 + 1);
    eh_expect(&eh, line, NULL);
    eh_free(&eh);
}

/* The state it runs on: of the primary key that timeout_set gives, else that
 * of the event, else that of the key that armed it. */
static void
test_primary_key_of_timeout_set(void **state)
{
    struct eh eh;

    (void) state;
    start(&eh, EH_PROGRAM(
        STATES
        EH_TIMEOUT("t",
              EH_IN("s0", EH_IF("true", "print(zero)", ""))
              EH_IN("s1", EH_IF("true", "print(one)", "")))
        EH_ON("dst_port 80", "ip_src", EH_IN("s0", EH_IF("true", "", "s1")))
        EH_ON("dst_port 81", "ip_src", EH_IN("s0",
              EH_IF_SET("true", "", "",
                        "<timeout_set class='t' key='ip_src' value='1' "
                        "primary-key='ip_dst'/>")))
        EH_ON("dst_port 82", "ip_src", EH_IN("s0",
              EH_IF_SET("true", "", "", EH_TIMER("t", "ip_src", "1"))))));
    eh_syn(&eh, 0, A, B, 80);       /* A is in s1. */
    eh_syn(&eh, 0, B, A, 81);       /* On the state of A. */
    eh_syn(&eh, 0.5, C, A, 82);     /* On that of C. */
    eh_advance(&eh, 1.9);
    eh_expect(&eh, "1 log one", "1.5 log zero", NULL);
    eh_free(&eh);
}

static void
test_primary_key_of_the_event(void **state)
{
    struct eh eh;

    (void) state;
    start(&eh, EH_PROGRAM(
        STATES
        "<event type='timeout' class='t' primary-key='ip_dst'>"
              EH_IN("s0", EH_IF("true", "print(zero)", ""))
              EH_IN("s1", EH_IF("true", "print(one)", "s2"))
              EH_IN("s2", EH_IF("true", "print(two)", "")) "</event>"
        EH_ON("dst_port 80", "ip_src", EH_IN("s0", EH_IF("true", "", "s1")))
        EH_ON("dst_port 81", "ip_src", EH_IN("s0",
              EH_IF_SET("true", "", "", EH_TIMER("t", "src_port", "1"))))
        EH_ON("dst_port 82", "ip_src",
              EH_IN("s2", EH_IF("true", "print(A is in two)", "")))));
    eh_syn(&eh, 0, A, B, 80);
    eh_syn(&eh, 0, C, A, 81);
    eh_advance(&eh, 2);
    eh_syn(&eh, 2, A, B, 82);
    eh_expect(&eh, "1 log one", "2 log two", "2 log A is in two", NULL);
    eh_free(&eh);
}

/* Timers of one class with different keys, and of different classes with one
 * key, are different timers. */
static void
test_class_and_key_make_a_timer(void **state)
{
    struct eh eh;

    (void) state;
    start(&eh, EH_PROGRAM(
        STATES
        EH_TIMEOUT("t", EH_IN("s0", EH_IF_SET("true", "print(t %dst_port)",
              "", EH_TIMER("t", "ip_src-dst_port", "0"))))
        EH_TIMEOUT("u", EH_IN("s0", EH_IF_SET("true", "print(u %dst_port)",
              "", EH_TIMER("u", "ip_src-dst_port", "0"))))
        EH_ON("", "ip_src", EH_IN("s0", EH_IF_SET("true", "", "",
              EH_TIMER("t", "ip_src-dst_port", "2")
              EH_TIMER("u", "ip_src-dst_port", "1"))))));
    eh_syn(&eh, 0, A, B, 80);
    eh_syn(&eh, 0.5, A, B, 81);
    assert_int_equal(armed(&eh), 4);
    eh_advance(&eh, 10);
    eh_expect(&eh, "1 log u 80", "1.5 log u 81", "2 log t 80", "2.5 log t 81",
              NULL);
    eh_free(&eh);
}

/* By deadline; equal deadlines in the order of arming. */
static void
test_order(void **state)
{
    struct eh eh;

    (void) state;
    start(&eh, EH_PROGRAM(
        STATES
        EH_TIMEOUT("slow", EH_IN("s0", EH_IF_SET("true",
              "print(slow %dst_port)", "", EH_TIMER("slow", "dst_port",
                                                    "0"))))
        EH_TIMEOUT("fast", EH_IN("s0", EH_IF_SET("true",
              "print(fast %dst_port)", "", EH_TIMER("fast", "dst_port",
                                                    "0"))))
        EH_ON("", "ip_src", EH_IN("s0", EH_IF_SET("true", "", "",
              EH_TIMER("slow", "dst_port", "3")
              EH_TIMER("fast", "dst_port", "2"))))));
    eh_syn(&eh, 0, A, B, 3);
    eh_syn(&eh, 0, A, B, 1);
    eh_syn(&eh, 1, A, B, 2);
    eh_advance(&eh, 10);
    eh_expect(&eh, "2 log fast 3", "2 log fast 1", "3 log slow 3",
              "3 log slow 1", "3 log fast 2", "4 log slow 2", NULL);
    eh_free(&eh);
}

/* Timers come before actions, and both before the next state; one set in the
 * post-condition moves the one of the condition. */
static void
test_post_condition_sets_last(void **state)
{
    struct eh eh;

    (void) state;
    start(&eh, EH_PROGRAM(
        STATES
        EH_TIMEOUT("t", EH_IN("s1", EH_IF("true", "print(fired)", "s0")))
        EH_ON("", "ip_src", EH_IN("s0",
              EH_IF_SET("true", "", "s1", EH_TIMER("t", "ip_src", "1"))
              "<post-condition-action do=''>" EH_TIMER("t", "ip_src", "3")
              "</post-condition-action>"))));
    eh_syn(&eh, 0, A, B, 1);
    eh_advance(&eh, 10);
    eh_expect(&eh, "3 log fired", NULL);
    eh_free(&eh);
}

/* State timeouts apply when a timer looks the key up. */
static void
test_state_timeout_at_a_timer(void **state)
{
    struct eh eh;

    (void) state;
    start(&eh, EH_PROGRAM(
        EH_STATE("s0") "<statedef id='s1' timeout='5' next_state='s2'/>"
        EH_STATE("s2")
        EH_TIMEOUT("t", EH_IN("s1", EH_IF("true", "print(one)", ""))
                        EH_IN("s2", EH_IF("true", "print(two)", "s0")))
        EH_ON("", "ip_src", EH_IN("s0",
              EH_IF_SET("true", "", "s1", EH_TIMER("t", "ip_src", "2"))))));
    eh_syn(&eh, 0, A, B, 1);
    eh_advance(&eh, 100);
    eh_expect(&eh, "2 log one", "4 log one", "6 log two", NULL);
    eh_free(&eh);
}

/* Metrics that a timer reads are decayed to the time it fires at, however
 * late that is noticed. */
static void
test_time_of_a_timer_is_its_deadline(void **state)
{
    struct eh eh;

    (void) state;
    start(&eh, EH_PROGRAM(
        STATES EH_METRIC("m", EH_VM("tewma"))
        EH_TIMEOUT("t", EH_IN("s1", EH_USE("m", "vm_get='ip_src'")
              EH_IF("true", "print(%ts %m)", "s0")))
        EH_ON("", "ip_src", EH_IN("s0", EH_USE("m", "vm_update='ip_src'")
              EH_IF_SET("true", "", "s1", EH_TIMER("t", "ip_src", "1"))))));
    eh_syn(&eh, 0, A, B, 1);
    eh_syn(&eh, 50, B, C, 1);
    eh_expect(&eh, "1 log 1767225601000000000 0.164185", NULL);
    eh_free(&eh);
}

/* A jump of time: the last XFSM_TIMER_CATCH_UP periods, the rest counted. */
static void
test_catch_up_is_bounded(void **state)
{
    struct eh eh;
    char last[64];

    (void) state;
    start(&eh, ARMED(EH_IN("s1", EH_IF("true", "print(fired)", ""))));
    eh_syn(&eh, 0, A, B, 80);
    eh_advance(&eh, 2.0 * 5000);
    assert_int_equal(eh.brief.n, XFSM_TIMER_CATCH_UP + 1);
    assert_int_equal(eh_stats(&eh).timers_skipped,
                     5000 - 1 - XFSM_TIMER_CATCH_UP);
    snprintf(last, sizeof last, "%d log fired", 2 * 5000);
    assert_string_equal(eh.brief.lines[XFSM_TIMER_CATCH_UP], last);
    eh_free(&eh);
}

/* The pool is full: told by a counter, and those that are armed fire. */
static void
test_pool_is_bounded(void **state)
{
    struct eh eh;
    uint8_t buf[128];
    char src[32];

    (void) state;
    start(&eh, EH_PROGRAM(
        STATES
        EH_TIMEOUT("t", EH_IN("s1", EH_IF("true", "", "s0")))
        EH_ON("", "ip_src-src_port", EH_IN("s0", EH_IF_SET("true", "", "s1",
              EH_TIMER("t", "ip_src-src_port", "2"))))));
    for (unsigned int i = 0; i < XFSM_DEFAULT_TIMERS + 10; i++) {
        snprintf(src, sizeof src, "10.1.0.%u", i >> 16 & 255);
        eh_frame(&eh, 0, buf, pb_tcp_frame(buf, sizeof buf, src, i & 0xffff,
                                           B, 1, PB_SYN, NULL));
    }
    assert_int_equal(armed(&eh), XFSM_DEFAULT_TIMERS);
    assert_int_equal(eh_stats(&eh).timers_refused, 10);
    eh_advance(&eh, 2);
    assert_int_equal(eh_stats(&eh).timeouts, XFSM_DEFAULT_TIMERS);
    eh_advance(&eh, 4);
    assert_int_equal(armed(&eh), 0);
    eh_free(&eh);
}

/* A timer that lacks a field of its key or of its primary key is not armed. */
static void
test_incomplete_keys_arm_nothing(void **state)
{
    struct eh eh;

    (void) state;
    start(&eh, EH_PROGRAM(
        STATES
        EH_TIMEOUT("t", EH_IN("s0", EH_IF("true", "print(no)", "")))
        "<event type='timeout' class='u' primary-key='domain_name'>"
        EH_IN("s0", EH_IF("true", "print(no)", "")) "</event>"
        EH_ON("", "ip_src", EH_IN("s0", EH_IF_SET("true", "", "",
              EH_TIMER("t", "domain_name", "1")
              EH_TIMER("u", "ip_src", "1")
              "<timeout_set class='t' key='ip_src' value='1' "
              "primary-key='http_host'/>")))));
    eh_syn(&eh, 0, A, B, 80);
    assert_int_equal(armed(&eh), 0);
    eh_advance(&eh, 10);
    eh_expect(&eh, NULL);
    eh_free(&eh);
}

static void
test_next_timer(void **state)
{
    struct eh eh;

    (void) state;
    start(&eh, ARMED(EH_IN("s1", EH_IF("true", "print(fired)", ""))));
    assert_true(xfsm_engine_next_timer(eh.engine) == UINT64_MAX);
    eh_syn(&eh, 0, A, B, 80);

    /* May be early, never late: whoever sleeps until then gets there. */
    for (int i = 0; i < 100 && !eh.brief.n; i++) {
        uint64_t next = xfsm_engine_next_timer(eh.engine);

        assert_true(next <= EH_EPOCH + UINT64_C(2000000000));
        assert_true(next > EH_EPOCH);
        xfsm_engine_advance(eh.engine, next);
    }
    eh_expect(&eh, "2 log fired", NULL);
    eh_free(&eh);
}

/* Time never goes back: a late packet counts as of now. */
static void
test_late_packets(void **state)
{
    struct eh eh;

    (void) state;
    start(&eh, ARMED(EH_IN("s1", EH_IF("true", "print(fired)", ""))));
    eh_syn(&eh, 10, C, B, 7);
    eh_syn(&eh, 5, A, B, 80);
    assert_int_equal(eh_stats(&eh).time_backward, 1);
    eh_advance(&eh, 11.9);
    eh_expect(&eh, NULL);
    eh_advance(&eh, 12);
    eh_advance(&eh, 3);
    eh_expect(&eh, "12 log fired", NULL);
    eh_free(&eh);
}

/* One timestamp from another decade is one jump of time, and no end of it:
 * once enough packets agree on another time, it goes on from there. */
static void
test_time_rebases(void **state)
{
    struct eh eh;

    (void) state;
    start(&eh, ARMED(EH_IN("s1", EH_IF("true", "print(fired)", ""))));
    eh_syn(&eh, 10, C, B, 7);
    eh_syn(&eh, 400000000, C, B, 7);
    for (int i = 0; i < XFSM_CLOCK_CONFIRM - 1; i++) {
        eh_syn(&eh, 11, C, B, 7);
    }
    assert_int_equal(eh_stats(&eh).time_rebased, 0);
    eh_syn(&eh, 12, C, B, 7);
    assert_int_equal(eh_stats(&eh).time_rebased, 1);
    assert_int_equal(eh_stats(&eh).time_backward, XFSM_CLOCK_CONFIRM);

    eh_syn(&eh, 20, A, B, 80);
    assert_int_equal(eh_stats(&eh).time_backward, XFSM_CLOCK_CONFIRM);
    eh_advance(&eh, 21.9);
    eh_expect(&eh, NULL);
    eh_advance(&eh, 22);
    eh_expect(&eh, "22 log fired", NULL);
    eh_free(&eh);
}

/* Late packets that do not agree, that are not far behind or not in a row are
 * no reason to believe them. */
static void
test_time_does_not_rebase(void **state)
{
    struct eh eh;

    (void) state;
    start(&eh, ARMED(EH_IN("s1", EH_IF("true", "print(fired)", ""))));
    eh_syn(&eh, 1000000, C, B, 7);
    for (int i = 0; i < 3 * XFSM_CLOCK_CONFIRM; i++) {
        eh_syn(&eh, 1000 + 61 * i, C, B, 7);        /* Apart. */
    }
    for (int i = 0; i < 3 * XFSM_CLOCK_CONFIRM; i++) {
        eh_syn(&eh, 1000000 - 60, C, B, 7);         /* Near. */
    }
    for (int i = 0; i < 3 * XFSM_CLOCK_CONFIRM; i++) {
        eh_syn(&eh, i % (XFSM_CLOCK_CONFIRM - 1) ? 10 : 1000000 - i % 2,
               C, B, 7);                            /* Interrupted. */
    }
    assert_int_equal(eh_stats(&eh).time_rebased, 0);
    for (int i = 0; i < XFSM_CLOCK_CONFIRM; i++) {
        eh_syn(&eh, 1000000 - 61 - 60 * i, C, B, 7);
    }
    assert_int_equal(eh_stats(&eh).time_rebased, 1);
    eh_free(&eh);
}

/* However often time jumps, it does not run out: beyond the limit it stays
 * where it is, and goes on when timestamps are sane. */
static void
test_time_does_not_run_out(void **state)
{
    struct eh eh;

    (void) state;
    start(&eh, ARMED(EH_IN("s1", EH_IF("true", "print(fired)", ""))));
    for (int i = 0; i < 20; i++) {
        eh_syn(&eh, 800000000.0, C, B, 7);
        for (int j = 0; j < XFSM_CLOCK_CONFIRM; j++) {
            eh_syn(&eh, 30, C, B, 7);
        }
    }
    assert_in_range(eh_stats(&eh).time_rebased, 2, 20);
    eh_syn(&eh, 40, A, B, 80);
    eh_advance(&eh, 42);
    eh_expect(&eh, "42 log fired", NULL);
    eh_free(&eh);
}

/* A text too long for a snapshot is cut in what a timer prints, but a key of
 * it stays the key that the packet had. */
static void
test_long_text_keeps_its_key(void **state)
{
    static uint8_t buf[1024];
    static const size_t lengths[] = { 10, 254, 255, 256, 600 };

    (void) state;
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        struct packet_builder b;
        struct eh eh;

        eh_init(&eh);
        eh_load(&eh, "p", EH_PROGRAM(
            EH_STATE("s0") EH_STATE("s1")
            EH_METRIC("m", EH_VM("dleft"))
            EH_TIMEOUT("c", EH_IN("s1", EH_USE("m", "vm_get='http_url'")
                  EH_IF_SET("true", "print(%m)", "s0",
                            EH_TIMER("c", "http_url", "0"))))
            EH_ON("http_method http-get", "ip_src",
                  EH_IN("s0", EH_USE("m", "vm_update='http_url'")
                        EH_IF_SET("true", "", "s1",
                                  EH_TIMER("c", "http_url", "1"))))));
        pb_init(&b, buf, sizeof buf);
        pb_eth(&b, NULL, NULL);
        pb_ip4(&b, "10.0.0.1", "10.0.0.2");
        pb_tcp(&b, 40000, 80, 0x18);
        pb_text(&b, "GET /");
        pb_fill(&b, 'x', lengths[i] - 1);
        pb_text(&b, " HTTP/1.1\r\n\r\n");
        eh_frame(&eh, 0, buf, pb_finish(&b));
        eh_advance(&eh, 5);
        eh_expect(&eh, "1 log 1", NULL);
        eh_free(&eh);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fires_after_value_seconds),
        cmocka_unit_test(test_timer_of_another_key),
        cmocka_unit_test(test_packets_move_time),
        cmocka_unit_test(test_fires_again_and_again),
        cmocka_unit_test(test_until_set_to_0_by_a_packet),
        cmocka_unit_test(test_until_set_to_0_by_itself),
        cmocka_unit_test(test_until_entry_gone),
        cmocka_unit_test(test_default_state_with_handler),
        cmocka_unit_test(test_state_without_handler_keeps_timer),
        cmocka_unit_test(test_setting_moves_it),
        cmocka_unit_test(test_handler_moves_its_own_timer),
        cmocka_unit_test(test_fields_of_the_arming_packet),
        cmocka_unit_test(test_raw_of_the_arming_packet),
        cmocka_unit_test(test_primary_key_of_timeout_set),
        cmocka_unit_test(test_primary_key_of_the_event),
        cmocka_unit_test(test_class_and_key_make_a_timer),
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_post_condition_sets_last),
        cmocka_unit_test(test_state_timeout_at_a_timer),
        cmocka_unit_test(test_time_of_a_timer_is_its_deadline),
        cmocka_unit_test(test_catch_up_is_bounded),
        cmocka_unit_test(test_pool_is_bounded),
        cmocka_unit_test(test_incomplete_keys_arm_nothing),
        cmocka_unit_test(test_next_timer),
        cmocka_unit_test(test_late_packets),
        cmocka_unit_test(test_time_rebases),
        cmocka_unit_test(test_time_does_not_rebase),
        cmocka_unit_test(test_time_does_not_run_out),
        cmocka_unit_test(test_long_text_keeps_its_key),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
