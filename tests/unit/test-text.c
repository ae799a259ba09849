/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

/* Text of events: every kind of substitution, and the limit. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/engine-harness.h"
#include "tests/unit/packet-builder.h"

#define A "10.0.0.1"
#define B "10.0.0.2"

/* Prints TEXT for each packet, with metric 'm' counting by ip_src, feature
 * 'f' a third of it and table 't'. */
#define PRINT(TEXT) EH_PROGRAM( \
    EH_STATE("s0") EH_METRIC("m", EH_VM("dleft")) EH_TABLE("t") \
    EH_FEATURE("f", "m / 3") EH_FEATURE("f_b", "100") \
    EH_ON("", "len", \
          "<state id='s0' code='D1' level='WARN' description='Port scan'>" \
          EH_USE("m", "vm_update='ip_src'") \
          "<condition expression='true' action='print(" TEXT ")'/>" \
          "<post-condition-action do='t(ip_src)=7'/></state>"))

/* Sends one TCP packet and compares the text. */
static void
expect(const char *xml, const char *text)
{
    struct eh eh;

    eh_init(&eh);
    eh_load(&eh, "p", xml);
    eh_syn(&eh, 0, A, B, 80);
    assert_int_equal(eh.brief.n, 1);
    assert_int_equal(strncmp(eh.brief.lines[0], "0 log ", 6), 0);
    assert_string_equal(eh.brief.lines[0] + 6, text);
    eh_free(&eh);
}

static void
test_literal(void **state)
{
    (void) state;
    expect(PRINT("plain text"), "plain text");
    expect(PRINT("a, b; c (d) e"), "a, b; c (d) e");
    expect(PRINT("!@#$^*_+-=[]{}|:.?/~`"), "!@#$^*_+-=[]{}|:.?/~`");
    expect(PRINT("&amp;&lt;&gt;&apos;&quot;"), "&<>'\"");
    expect(PRINT("\xc3\xa9"), "\xc3\xa9");
}

static void
test_escapes(void **state)
{
    (void) state;
    expect(PRINT("a\\nb\\tc"), "a\nb\tc");
    expect(PRINT("\\\"quoted\\\""), "\"quoted\"");
}

static void
test_percent(void **state)
{
    (void) state;
    expect(PRINT("100%%"), "100%");
    expect(PRINT("%%ip_src"), "%ip_src");
    expect(PRINT("%%%ip_src%%"), "%10.0.0.1%");
    expect(PRINT("50% of"), "50% of");
    expect(PRINT("end %"), "end %");
}

static void
test_fields(void **state)
{
    (void) state;
    expect(PRINT("%ip_src->%ip_dst:%dst_port"), "10.0.0.1->10.0.0.2:80");
    expect(PRINT("%proto %flags %ip_len %len"), "6 2 55 55");
    expect(PRINT("%eth_src"), "02:00:00:00:00:01");
    expect(PRINT("%packet_no"), "1");
}

/* A field that the packet lacks is nothing. */
static void
test_absent_field(void **state)
{
    (void) state;
    expect(PRINT("[%domain_name][%icmp_type]"), "[][]");
}

/* Text from the network is printable in the event's text. */
static void
test_field_of_hostile_bytes(void **state)
{
    struct packet_builder b;
    uint8_t buf[256];
    struct eh eh;

    (void) state;
    eh_init(&eh);
    eh_load(&eh, "p", PRINT("[%http_url]"));
    pb_init(&b, buf, sizeof buf);
    pb_eth(&b, NULL, NULL);
    pb_ip(&b, A, B);
    pb_tcp(&b, 1, 80, PB_ACK);
    pb_text(&b, "GET /%ip_src\x01\x80%n HTTP/1.1\r\nHost: h\r\n\r\n");
    eh_frame(&eh, 0, buf, pb_finish(&b));
    eh_expect(&eh, "0 log [/%ip_src..%n]", NULL);
    eh_free(&eh);
}

static void
test_metric_and_feature(void **state)
{
    (void) state;
    expect(PRINT("%m %f"), "1 0.333333");
}

/* The longest name wins: 'f_b' is not 'f' and "_b". */
static void
test_longest_name(void **state)
{
    (void) state;
    expect(PRINT("%f_b"), "100");
    expect(PRINT("%ip_src."), "10.0.0.1.");
    expect(PRINT("%f,%f_b;%f"), "0.333333,100;0.333333");
}

/* An unknown name stays as it is. */
static void
test_unknown_name(void **state)
{
    (void) state;
    expect(PRINT("%unknown %5 %_"), "%unknown %5 %_");
}

static void
test_time(void **state)
{
    (void) state;
    expect(PRINT("%ts"), "1767225600000000000");
}

static void
test_state(void **state)
{
    (void) state;
    expect(PRINT("%state.code %state.level \\\"%state.description\\\""),
           "D1 WARN \"Port scan\"");
    expect(EH_PROGRAM(EH_STATE("s0") EH_ON("", "len", EH_IN("s0",
               EH_IF("true", "print([%state.code%state.level"
                     "%state.description])", "")))), "[]");
}

static void
test_client_id(void **state)
{
    (void) state;
    expect(PRINT("%client.id"), "host0/br0/port0");
}

static void
test_table(void **state)
{
    struct eh eh;

    (void) state;
    eh_init(&eh);
    eh_load(&eh, "p", PRINT("%t(ip_src) %t(ip_dst)"));
    eh_syn(&eh, 0, A, B, 80);
    eh_syn(&eh, 1, A, B, 80);
    eh_syn(&eh, 2, B, A, 80);
    eh_expect(&eh, "0 log 0 0", "1 log 7 0", "2 log 0 7", NULL);
    eh_free(&eh);
}

/* Whole numbers with all digits, others with six significant ones. */
static void
test_numbers(void **state)
{
    (void) state;
    expect(EH_PROGRAM(
        EH_STATE("s0") EH_FEATURE("big", "123456789 * 1000")
        EH_FEATURE("neg", "0 - 2.5") EH_FEATURE("third", "1000000 / 3")
        EH_FEATURE("small", "1 / 300000") EH_FEATURE("inf", "exp(1000)")
        EH_ON("", "len", EH_IN("s0", EH_IF("true",
              "print(%big %neg %third %small %inf)", "")))),
           "123456789000 -2.5 333333 3.33333e-06 0");
}

/* Text that the whole program repeats: cut at the limit, which "..." tells,
 * and a counter. */
static void
test_limit(void **state)
{
    /* Each %ts has 19 digits: 107 of them are 2033 bytes. */
    static const char ts20[] = "%ts%ts%ts%ts%ts%ts%ts%ts%ts%ts"
                               "%ts%ts%ts%ts%ts%ts%ts%ts%ts%ts";
    static const char *const tails[] = {
        " 23456789012345", " 234567890123456", "%ts"
    };

    (void) state;
    for (size_t i = 0; i < sizeof tails / sizeof *tails; i++) {
        char text[1100] = "", xml[2000];
        const char *out;
        struct eh eh;

        for (int j = 0; j < 5; j++) {
            strcat(text, ts20);
        }
        strcat(text, "%ts%ts%ts%ts%ts%ts%ts");
        strcat(text, tails[i]);
        snprintf(xml, sizeof xml, EH_PROGRAM(EH_STATE("s0") EH_ON("", "len",
                 EH_IN("s0", EH_IF("true", "print(%s)", "")))), text);
        eh_init(&eh);
        eh_load(&eh, "p", xml);
        eh_syn(&eh, 0, A, B, 80);
        out = eh.brief.lines[0] + strlen("0 log ");
        assert_int_equal(strlen(out), XFSM_EVENT_TEXT_MAX);
        assert_string_equal(out + XFSM_EVENT_TEXT_MAX - 8,
                            i == 0 ? "89012345" : i == 1 ? "89012..."
                            : "60000...");
        assert_int_equal(eh_stats(&eh).text_cut, i > 0);
        eh_free(&eh);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_literal),
        cmocka_unit_test(test_escapes),
        cmocka_unit_test(test_percent),
        cmocka_unit_test(test_fields),
        cmocka_unit_test(test_absent_field),
        cmocka_unit_test(test_field_of_hostile_bytes),
        cmocka_unit_test(test_metric_and_feature),
        cmocka_unit_test(test_longest_name),
        cmocka_unit_test(test_unknown_name),
        cmocka_unit_test(test_time),
        cmocka_unit_test(test_state),
        cmocka_unit_test(test_client_id),
        cmocka_unit_test(test_table),
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_limit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
