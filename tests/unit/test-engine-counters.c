/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

/* What an engine counts and tells of itself: packets, decode errors, what was
 * evicted, programs; and what it is told of the port, losses and segments. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/engine-harness.h"
#include "tests/unit/engine-programs.h"
#include "tests/unit/packet-builder.h"
#include "tests/unit/random-program.h"

#define STATE_CAPACITY (1 << XFSM_DEFAULT_STATE_SIZE)

/* Each packet and program pair is counted as one thing or another. */
static void
test_counters_add_up(void **state)
{
    struct eh_packets packets = { 0, 0, NULL };
    struct xfsm_engine_stats stats;
    struct eh eh;

    (void) state;
    random_packets(11, 2000, &packets);
    eh_init(&eh);
    eh_load(&eh, "p", all);
    eh_run(&eh, &packets, 32);
    stats = eh_stats(&eh);
    assert_int_equal(stats.packets, 2000);
    assert_true(stats.matched > 0 && stats.matched < 2000);
    assert_int_equal(stats.matched,
                     stats.no_key + stats.no_state + stats.handled);
    assert_int_equal(stats.events, eh.full.n);
    eh_free(&eh);
    eh_packets_free(&packets);
}

static void
test_decode_errors_are_counted(void **state)
{
    struct eh eh;

    (void) state;
    eh_init(&eh);
    eh_frame(&eh, 0, "short", 5);
    assert_int_equal(eh_stats(&eh).decode_errors[XFSM_DE_LINK_SHORT], 1);
    eh_free(&eh);
}

static void
test_program_info(void **state)
{
    struct xfsm_program_info info;
    struct eh eh;

    (void) state;
    eh_init(&eh);
    assert_false(xfsm_engine_get_program(eh.engine, 0, &info));
    eh_load(&eh, "unused", "<xfsm name='scan' version='3.1' "
            "description='About'>" EH_STATE("s0") EH_STATE("s1")
            EH_TIMEOUT("t", EH_IN("s1", ""))
            EH_ON("", "ip_src", EH_IN("s0", EH_IF_SET("true", "print(x)",
                  "s1", EH_TIMER("t", "ip_src", "5")))) "</xfsm>");
    eh_syn(&eh, 0, A, B, 80);
    eh_syn(&eh, 0, B, A, 80);
    assert_true(xfsm_engine_get_program(eh.engine, 0, &info));
    assert_string_equal(info.name, "scan");
    assert_string_equal(info.version, "3.1");
    assert_string_equal(info.description, "About");
    assert_int_equal(info.handled, 2);
    assert_int_equal(info.events, 2);
    assert_int_equal(info.keys, 2);
    assert_int_equal(info.timers, 2);
    assert_int_equal(info.n_states, 2);
    assert_string_equal(info.state_names[1], "s1");
    assert_int_equal(info.state_keys[0], 0);
    assert_int_equal(info.state_keys[1], 2);
    assert_true(info.bytes > 1000);
    eh_free(&eh);
}

/* Counters of what was evicted survive the program. */
static void
test_evictions_survive_unloading(void **state)
{
    struct eh eh;

    (void) state;
    eh_init(&eh);
    eh_load(&eh, "p", EH_PROGRAM(EH_STATE("s0")
            EH_METRIC("m", "<variation_monitor status='on' type='dleft' "
                      "size='4'/>")
            "<table name='t' type='DLeft' shash='4'/>"
            EH_ON("", "ip_src", EH_IN("s0",
                  EH_USE("m", "vm_update='src_port-dst_port'")
                  EH_IF("true", "t(src_port-dst_port) = 1", "")))));
    for (unsigned int i = 0; i < 1000; i++) {
        eh_syn(&eh, i, A, B, i);
    }
    assert_in_range(eh_stats(&eh).table_evictions, 900, 1000);
    assert_in_range(eh_stats(&eh).counter_evictions, 900, 1000);
    xfsm_engine_unload(eh.engine, "p");
    assert_in_range(eh_stats(&eh).table_evictions, 900, 1000);
    assert_in_range(eh_stats(&eh).counter_evictions, 900, 1000);
    eh_free(&eh);
}

/* More keys than the state table has room for: it stays within its bounds,
 * and what it says of itself adds up. */
static void
test_more_keys_than_states(void **state)
{
    struct xfsm_program_info info;
    struct xfsm_engine_stats stats;
    uint8_t buf[128];
    struct eh eh;
    size_t len = pb_udp_frame(buf, sizeof buf, A, 1, B, 2, "x");

    (void) state;
    eh_init(&eh);
    eh_load(&eh, "p", EH_PROGRAM(EH_STATE("s0") EH_STATE("s1") EH_STATE("s2")
            EH_ON("", "ip_src", EH_IN("s0", EH_IF("packet_no % 3", "", "s1")
                                      EH_IF("true", "", "s2")))));
    for (uint32_t i = 0; i < 3 * STATE_CAPACITY / 2; i++) {
        for (int j = 0; j < 3; j++) {
            buf[14 + 12 + 1 + j] = (uint8_t) (i >> 8 * j);
        }
        eh_frame(&eh, 0, buf, len);
    }
    stats = eh_stats(&eh);
    assert_true(xfsm_engine_get_program(eh.engine, 0, &info));
    assert_in_range(info.keys, STATE_CAPACITY / 2, STATE_CAPACITY);
    assert_int_equal(info.keys + stats.state_evictions,
                     3 * STATE_CAPACITY / 2);
    assert_int_equal(info.keys, info.state_keys[1] + info.state_keys[2]);
    assert_true(info.state_keys[1] > info.state_keys[2]);
    eh_free(&eh);
}

/* The seed changes no result. */
static void
test_entropy_does_not_matter(void **state)
{
    struct eh_packets packets = { 0, 0, NULL };
    struct eh eh, other;

    (void) state;
    random_packets(5, 500, &packets);
    eh_init(&eh);
    eh_load(&eh, "p", all);
    eh_run(&eh, &packets, 32);
    for (uint8_t i = 1; i < 4; i++) {
        struct xfsm_engine_options options = {
            .entropy = { i, 2, 3 },
            .identity = { .host = "", .bridge = "", .port = "" },
        };

        memset(&other, 0, sizeof other);
        assert_null(xfsm_engine_create(&options, &other.engine));
        eh_load(&other, "p", all);
        eh_run(&other, &packets, 32);
        assert_int_equal(eh_stats(&other).events, eh.full.n);
        eh_free(&other);
    }
    eh_free(&eh);
    eh_packets_free(&packets);
}

/* A later fragment counts for the port that its first one named. */
static void
test_fragments_have_ports(void **state)
{
    static uint8_t buf[256];
    struct packet_builder b;
    struct eh eh;

    (void) state;
    eh_init(&eh);
    eh_load(&eh, "p", EH_PROGRAM(
        EH_STATE("s0")
        EH_ON("proto udp and dst_port 53", "ip_src",
              EH_IN("s0", EH_IF("true", "print(%src_port %ip_frag_offset)",
                                "")))));
    for (unsigned int i = 0; i < 3; i++) {
        pb_init(&b, buf, sizeof buf);
        pb_eth(&b, NULL, NULL);
        pb_ip4(&b, A, B);
        pb_fragment(&b, i == 1 ? 0 : 24, true, 7);
        if (i == 1) {
            pb_udp(&b, 4000, 53);
        } else {
            pb_proto(&b, 17);
        }
        pb_fill(&b, 'x', 16);
        eh_frame(&eh, i, buf, pb_finish(&b));
    }
    eh_expect(&eh, "1 log 4000 0", "2 log 4000 24", NULL);
    assert_int_equal(eh_stats(&eh).fragments_unknown, 1);
    assert_int_equal(eh_stats(&eh).fragments_resolved, 1);
    eh_free(&eh);
}

/* Where the engine stands is a field like any other, in selectors, keys,
 * texts and the packet that a timer remembers; and absent where it is not
 * known. */
static void
test_port_fields(void **state)
{
    static const char program[] = EH_PROGRAM(
        EH_STATE("s0") EH_STATE("s1")
        EH_TIMEOUT("t", EH_IN("s1", EH_IF("true",
            "print(timer [%bridge/%in_port])", "s0")))
        EH_ON("bridge br7 and in_port != vnet1", "in_port-bridge-ip_src",
            EH_IN("s0", EH_IF_SET("true", "print(at [%bridge/%in_port])",
                                  "s1", EH_TIMER("t", "in_port", "2")))
            EH_IN("s1", EH_IF("true", "print(again)", "")))
        EH_ON("in_port vnet1", "in_port",
            EH_IN("s0", EH_IF("true", "print(one [%bridge])", "")))
        EH_ON("", "ip_src",
            EH_IN("s0", EH_IF("true", "print(none [%bridge/%in_port])",
                              ""))));
    struct eh eh;

    (void) state;
    eh_init_port(&eh, "br7", "vnet2");
    eh_load(&eh, "p", program);
    eh_syn(&eh, 0, A, B, 80);
    eh_syn(&eh, 1, A, B, 80);
    eh_advance(&eh, 3);
    eh_expect(&eh, "0 log at [br7/vnet2]", "1 log again",
              "2 log timer [br7/vnet2]", NULL);
    eh_free(&eh);

    eh_init_port(&eh, "", "vnet1");
    eh_load(&eh, "p", program);
    eh_syn(&eh, 0, A, B, 80);
    eh_expect(&eh, "0 log one []", NULL);
    eh_free(&eh);

    eh_init_port(&eh, "", "");
    eh_load(&eh, "p", program);
    eh_syn(&eh, 0, A, B, 80);
    eh_expect(&eh, "0 log none [/]", NULL);
    eh_free(&eh);
}

/* Events tell of a loss for some time after it, those of timers too. */
static void
test_loss(void **state)
{
    struct eh eh;

    (void) state;
    eh_init(&eh);
    eh_load(&eh, "p", COUNTER("log"));
    eh_syn(&eh, 0, A, B, 1);
    xfsm_engine_note_loss(eh.engine, 5, EH_EPOCH + 1000000000);
    eh_syn(&eh, 1, A, B, 1);
    eh_syn(&eh, 10.5, A, B, 1);
    eh_syn(&eh, 11, A, B, 1);
    eh_expect(&eh, "0 log 1", "1 log again 2 lost=5",
              "10.5 log again 3 lost=5", "11 log again 4", NULL);

    /* Losses close to each other add up; later ones do not. */
    xfsm_engine_note_loss(eh.engine, 1, EH_EPOCH + UINT64_C(12000000000));
    eh_syn(&eh, 12, A, B, 1);
    xfsm_engine_note_loss(eh.engine, 2, EH_EPOCH + UINT64_C(20000000000));
    eh_syn(&eh, 20, A, B, 1);
    xfsm_engine_note_loss(eh.engine, 4, EH_EPOCH + UINT64_C(30000000000));
    eh_syn(&eh, 30, A, B, 1);
    eh_expect(&eh, "12 log again 5 lost=1", "20 log again 6 lost=3",
              "30 log again 7 lost=4", NULL);
    assert_int_equal(eh_stats(&eh).events_lossy, 5);
    eh_free(&eh);
}

/* A packet-rate program counts segments, and one is the least. */
static void
test_segments(void **state)
{
    static const char program[] = EH_PROGRAM(EH_STATE("s")
        EH_METRIC("m", "<variation_monitor status='on' type='dleft'"
                  " insert_value='segs'/>")
        EH_ON("segs &gt;= 1", "ip_src",
              EH_IN("s", EH_USE("m", "vm_update='ip_src'")
                    EH_IF("true", "Publish(log, %segs of %m)", ""))));
    static const uint16_t segs[] = { 0, 45, 1 };
    struct eh_packets packets = { 0, 0, NULL };
    uint8_t frame[128];
    struct xfsm_packet p = {
        .data = frame, .ts = EH_EPOCH, .link_type = XFSM_LINK_ETHERNET,
    };
    struct eh eh;

    (void) state;
    p.len = p.caplen = (uint32_t) pb_tcp_frame(frame, sizeof frame, A, 1, B,
                                               2, PB_ACK, NULL);
    for (size_t i = 0; i < sizeof segs / sizeof *segs; i++) {
        p.segs = segs[i];
        eh_packets_add(&packets, &p);
    }
    eh_init(&eh);
    eh_load(&eh, "p", program);
    eh_run(&eh, &packets, 2);
    eh_expect(&eh, "0 log 1 of 1", "0 log 45 of 46", "0 log 1 of 47", NULL);
    eh_free(&eh);
    eh_packets_free(&packets);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_counters_add_up),
        cmocka_unit_test(test_decode_errors_are_counted),
        cmocka_unit_test(test_program_info),
        cmocka_unit_test(test_evictions_survive_unloading),
        cmocka_unit_test(test_more_keys_than_states),
        cmocka_unit_test(test_entropy_does_not_matter),
        cmocka_unit_test(test_fragments_have_ports),
        cmocka_unit_test(test_port_fields),
        cmocka_unit_test(test_loss),
        cmocka_unit_test(test_segments),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
