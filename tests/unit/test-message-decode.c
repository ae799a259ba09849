/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

/* Messages between probes: what is heard, and what comes of an event. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "xfsm/io/message-decode.h"
#include "xfsm/packet/field.h"
#include "xfsm/packet/packet.h"

#define NAMES \
    "\"v\":1,\"label\":\"alert\",\"program\":\"p\",\"host\":\"h\"," \
    "\"bridge\":\"b\",\"port\":\"q\""

static struct xfsm_letter letter;

/* Decodes a copy of exact size, of which the names of fields are left. */
static char *copy;

static bool
decode(const char *json)
{
    size_t len = strlen(json);

    free(copy);
    copy = malloc(len);
    memcpy(copy, json, len);
    return xfsm_message_decode(copy, len, &letter);
}

static int
teardown(void **state)
{
    (void) state;
    free(copy);
    copy = NULL;
    return 0;
}

static void
expect_field(size_t i, const char *name, const void *value, size_t len)
{
    const struct xfsm_message_field *field = &letter.message.fields[i];

    assert_true(i < letter.message.n_fields);
    assert_int_equal(field->name_len, strlen(name));
    assert_memory_equal(field->name, name, field->name_len);
    assert_int_equal(field->len, len);
    assert_memory_equal(field->value, value, len);
}

/* ## Topics ## */

static bool
fits(const char *want, const char *topic)
{
    return xfsm_want_fits(want, topic, strlen(topic));
}

static void
test_whole_words_fit(void **state)
{
    (void) state;
    assert_true(fits("alert", "alert/portscan/br0/vm1"));
    assert_true(fits("alert/portscan", "alert/portscan/br0/vm1"));
    assert_true(fits("alert/portscan/br0/vm1", "alert/portscan/br0/vm1"));
    assert_false(fits("alert/portscan", "alert/portscan2/br0/vm1"));
    assert_false(fits("alert/portscan/br0/vm1", "alert/portscan/br0/vm"));
    assert_false(fits("alert/", "alert"));
    assert_false(fits("log", "alert"));
}

static void
test_covered_topics_go(void **state)
{
    const char *topics[] = { "a/b", "log", "a", "a/b/c", "ab", "log", "a" };
    const char *same[] = { "x", "x", "x" };

    (void) state;
    assert_int_equal(xfsm_wants_reduce(topics, 7), 3);
    assert_string_equal(topics[0], "log");
    assert_string_equal(topics[1], "a");
    assert_string_equal(topics[2], "ab");
    assert_int_equal(xfsm_wants_reduce(same, 3), 1);
    assert_int_equal(xfsm_wants_reduce(topics, 0), 0);
}

static void
test_wants_come_back(void **state)
{
    const char *topics[] = { "alert/portscan", "log" };
    const char *got[XFSM_WANTS_MAX];
    uint8_t buf[XFSM_WANTS_SIZE];
    size_t len, n;

    (void) state;
    len = xfsm_wants_encode(topics, 2, buf);
    assert_int_equal(len, 1 + 15 + 4);
    assert_memory_equal(buf, "\0alert/portscan\0log", len);
    assert_true(xfsm_wants_decode(buf, len, got, &n));
    assert_int_equal(n, 2);
    assert_string_equal(got[0], topics[0]);
    assert_string_equal(got[1], topics[1]);
    len = xfsm_wants_encode(NULL, 0, buf);
    assert_true(xfsm_wants_decode(buf, len, got, &n));
    assert_int_equal(n, 0);
}

static void
test_wants_are_bounded(void **state)
{
    static char names[XFSM_WANTS_MAX + 1][XFSM_WANT_LEN + 2];
    const char *topics[XFSM_WANTS_MAX + 1], *got[XFSM_WANTS_MAX];
    uint8_t buf[XFSM_WANTS_SIZE + 2];
    size_t i, len, n;

    (void) state;
    for (i = 0; i <= XFSM_WANTS_MAX; i++) {
        memset(names[i], 'x', XFSM_WANT_LEN);
        topics[i] = names[i];
    }
    len = xfsm_wants_encode(topics, XFSM_WANTS_MAX + 1, buf);
    assert_int_equal(len, XFSM_WANTS_SIZE);
    assert_true(xfsm_wants_decode(buf, len, got, &n));
    assert_int_equal(n, XFSM_WANTS_MAX);
    memcpy(buf + len, "x", 2);
    assert_false(xfsm_wants_decode(buf, len + 2, got, &n));

    names[0][XFSM_WANT_LEN] = 'x';
    assert_int_equal(xfsm_wants_encode(topics, 1, buf), 1);
    memcpy(buf + 1, names[0], XFSM_WANT_LEN + 2);
    assert_false(xfsm_wants_decode(buf, XFSM_WANT_LEN + 3, got, &n));
}

static void
test_bad_wants(void **state)
{
    static const struct {
        const char *text;
        size_t len;
    } bad[] = {
        { "", 0 }, { "a\0", 2 }, { "\0a", 2 }, { "\0\0", 2 },
        { "\0a\0\0", 4 }, { "\0a b\0", 5 }, { "\0\xc3\xa9\0", 4 },
        { "\0a\n\0", 4 },
    };
    const char *got[XFSM_WANTS_MAX];
    size_t i, n;

    (void) state;
    for (i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_false(xfsm_wants_decode(bad[i].text, bad[i].len, got, &n));
    }
}

/* ## Packets ## */

static void
test_packets_come_apart(void **state)
{
    struct xfsm_bytes topic, json;
    char packet[XFSM_EVENT_TOPIC_MAX + XFSM_EVENT_JSON_MAX + 8];
    size_t i;

    (void) state;
    assert_true(xfsm_message_split("a/b\0{}", 6, &topic, &json));
    assert_int_equal(xfsm_bytes_remaining(&topic), 3);
    assert_int_equal(xfsm_bytes_remaining(&json), 2);
    assert_false(xfsm_message_split("a/b", 3, &topic, &json));
    assert_false(xfsm_message_split("\0{}", 3, &topic, &json));
    assert_false(xfsm_message_split("a b\0{}", 6, &topic, &json));
    assert_false(xfsm_message_split("a\0{", 3, &topic, &json));
    assert_false(xfsm_message_split("a\0[]", 4, &topic, &json));
    assert_false(xfsm_message_split("a\0{]", 4, &topic, &json));
    assert_false(xfsm_message_split("", 0, &topic, &json));

    /* At the limits and one past them. */
    for (i = 0; i < 2; i++) {
        size_t n = XFSM_EVENT_TOPIC_MAX - 1 + i;

        memset(packet, 'x', n);
        memcpy(packet + n, "\0{}", 3);
        assert_int_equal(xfsm_message_split(packet, n + 3, &topic, &json),
                         !i);
        n = XFSM_EVENT_JSON_MAX - 1 + i;
        memset(packet, ' ', sizeof packet);
        memcpy(packet, "a\0{", 3);
        packet[2 + n - 1] = '}';
        assert_int_equal(xfsm_message_split(packet, 2 + n, &topic, &json),
                         !i);
    }
}

/* ## Events ## */

static void
test_event(void **state)
{
    (void) state;
    assert_true(decode("{" NAMES ",\"time\":\"x\",\"state\":\"s\",\"hops\":2,"
                       "\"key\":{\"ip_src\":\"10.0.0.1\",\"dst_port\":80},"
                       "\"fields\":{\"rate\":4.5,\"match\":{\"a\":\"b\"},"
                       "\"list\":[1],\"target\":\"t\"},"
                       "\"features\":{\"n\":1}}"));
    assert_string_equal(letter.message.label, "alert");
    assert_string_equal(letter.message.program, "p");
    assert_string_equal(letter.message.host, "h");
    assert_string_equal(letter.message.bridge, "b");
    assert_string_equal(letter.message.port, "q");
    assert_string_equal(letter.message.state, "s");
    assert_int_equal(letter.message.hops, 2);
    assert_int_equal(letter.message.ts, 0);
    assert_int_equal(letter.message.n_fields, 4);
    expect_field(0, "ip_src", "10.0.0.1", 8);
    expect_field(1, "dst_port", "80", 2);
    expect_field(2, "rate", "4.5", 3);
    expect_field(3, "target", "t", 1);

    assert_true(decode("{" NAMES "}"));
    assert_string_equal(letter.message.state, "");
    assert_int_equal(letter.message.hops, 0);
    assert_int_equal(letter.message.n_fields, 0);
}

/* What an event says of a packet, the message says as well: texts as
 * xfsm_field_format() writes them. */
static void
test_event_that_was_written(void **state)
{
    static const uint8_t key_fields[] = { XFSM_F_IP_SRC, XFSM_F_HTTP_HOST,
                                          XFSM_F_DST_PORT };
    static const char host[] = "a\"\\/\n\xff\0z";
    static const char shown[] = "a\"\\/...z";
    struct xfsm_packet packet, heard;
    struct xfsm_event event = {
        .label = "log", .program = "p", .packet = &packet,
        .key_fields = key_fields, .n_key_fields = 3, .hops = 3,
        .version = "", .state = "a\"b", .code = "", .level = "",
        .description = "", .attack = "", .text = "",
    };
    const struct xfsm_identity identity = {
        .host = "h\"1", .bridge = "", .port = "\xe9",
    };
    char json[XFSM_EVENT_JSON_MAX];
    size_t len, i;

    (void) state;
    memset(&packet, 0, sizeof packet);
    memset(&heard, 0, sizeof heard);
    assert_true(xfsm_field_parse(&packet, XFSM_F_IP_SRC, "2001:db8::1", 11));
    assert_true(xfsm_field_parse(&packet, XFSM_F_HTTP_HOST, host,
                                 sizeof host - 1));
    assert_true(xfsm_field_parse(&packet, XFSM_F_DST_PORT, "80", 2));
    len = xfsm_event_format_json(&event, &identity, json, sizeof json);
    assert_true(xfsm_message_decode(json, len, &letter));
    assert_string_equal(letter.message.host, "h\"1");
    assert_string_equal(letter.message.bridge, "");
    assert_string_equal(letter.message.port, "\xe9");
    assert_string_equal(letter.message.state, "a\"b");
    assert_int_equal(letter.message.n_fields, 3);
    for (i = 0; i < 3; i++) {
        const struct xfsm_message_field *field = &letter.fields[i];

        assert_true(xfsm_field_parse(&heard, key_fields[i], field->value,
                                     field->len));
    }
    assert_memory_equal(&heard.ip_src, &packet.ip_src, sizeof heard.ip_src);
    assert_int_equal(heard.dst_port, 80);
    assert_int_equal(heard.http_host.len, sizeof shown - 1);
    assert_memory_equal(heard.http_host.p, shown, sizeof shown - 1);
}

static void
test_escapes(void **state)
{
    (void) state;
    assert_true(decode("{" NAMES ",\"key\":{\"a\":\"\\\"\\\\\\/\\b\\f\\n\\r"
                       "\\t\\u0000\\u00fF\"}}"));
    expect_field(0, "a", "\"\\/\b\f\n\r\t\0\xff", 10);
    assert_false(decode("{" NAMES ",\"key\":{\"a\":\"\\u0100\"}}"));
    assert_false(decode("{" NAMES ",\"state\":\"\\u20ac\"}"));
    assert_false(decode("{" NAMES ",\"state\":\"a\\u0000b\"}"));
}

static void
test_networks_become_addresses(void **state)
{
    (void) state;
    assert_true(decode("{" NAMES ",\"key\":{\"ip_src\":\"10.0.0.0/24\","
                       "\"ip_dst\":\"2001:db8::/64\","
                       "\"http_url\":\"/a/b\"}}"));
    expect_field(0, "ip_src", "10.0.0.0", 8);
    expect_field(1, "ip_dst", "2001:db8::", 10);
    expect_field(2, "http_url", "/a/b", 4);
}

static void
test_hops_are_bounded(void **state)
{
    (void) state;
    assert_true(decode("{" NAMES ",\"hops\":3}"));
    assert_int_equal(letter.message.hops, 3);
    assert_true(decode("{" NAMES ",\"hops\":4}"));
    assert_int_equal(letter.message.hops, XFSM_MESSAGE_HOPS);
    assert_true(decode("{" NAMES ",\"hops\":18446744073709551615}"));
    assert_int_equal(letter.message.hops, XFSM_MESSAGE_HOPS);
    assert_false(decode("{" NAMES ",\"hops\":-1}"));
    assert_false(decode("{" NAMES ",\"hops\":\"1\"}"));
}

static void
test_fields_are_bounded(void **state)
{
    const size_t max = XFSM_MAX_KEY_FIELDS + XFSM_MAX_MEMBERS;
    char json[4096];
    size_t i, more;

    (void) state;
    for (more = 0; more < 2; more++) {
        int n = sprintf(json, "{" NAMES ",\"fields\":{\"f\":1");

        for (i = 1; i < max + more; i++) {
            n += sprintf(json + n, ",\"f%zu\":%zu", i, i);
        }
        strcpy(json + n, "}}");
        assert_int_equal(decode(json), !more);
    }
}

static void
test_length_is_bounded(void **state)
{
    static char json[XFSM_EVENT_JSON_MAX + 2];
    size_t more;

    (void) state;
    for (more = 0; more < 2; more++) {
        size_t len = XFSM_EVENT_JSON_MAX - 1 + more;
        int n = sprintf(json, "{" NAMES ",\"state\":\"");

        memset(json + n, 'x', len - (size_t) n - 2);
        strcpy(json + len - 2, "\"}");
        assert_int_equal(strlen(json), len);
        assert_int_equal(decode(json), !more);
    }
}

static void
test_what_is_no_message(void **state)
{
    static const char *const bad[] = {
        "", "{}", "[]", "{" NAMES, "{" NAMES "}}",
        "{\"v\":2,\"label\":\"a\",\"program\":\"p\",\"host\":\"h\","
        "\"bridge\":\"b\",\"port\":\"q\"}",
        "{\"v\":1,\"program\":\"p\",\"host\":\"h\",\"bridge\":\"b\","
        "\"port\":\"q\"}",
        "{\"v\":1,\"label\":\"\",\"program\":\"p\",\"host\":\"h\","
        "\"bridge\":\"b\",\"port\":\"q\"}",
        "{\"v\":1,\"label\":\"a\",\"host\":\"h\",\"bridge\":\"b\","
        "\"port\":\"q\"}",
        "{\"v\":1,\"label\":\"a\",\"program\":\"p\",\"bridge\":\"b\","
        "\"port\":\"q\"}",
        "{\"v\":1,\"label\":\"a\",\"program\":\"p\",\"host\":\"h\","
        "\"port\":\"q\"}",
        "{\"v\":1,\"label\":\"a\",\"program\":\"p\",\"host\":\"h\","
        "\"bridge\":\"b\"}",
    };
    size_t i;

    (void) state;
    for (i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_false(decode(bad[i]));
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whole_words_fit),
        cmocka_unit_test(test_covered_topics_go),
        cmocka_unit_test(test_wants_come_back),
        cmocka_unit_test(test_wants_are_bounded),
        cmocka_unit_test(test_bad_wants),
        cmocka_unit_test(test_packets_come_apart),
        cmocka_unit_test_teardown(test_event, teardown),
        cmocka_unit_test(test_event_that_was_written),
        cmocka_unit_test_teardown(test_escapes, teardown),
        cmocka_unit_test_teardown(test_networks_become_addresses, teardown),
        cmocka_unit_test_teardown(test_hops_are_bounded, teardown),
        cmocka_unit_test_teardown(test_fields_are_bounded, teardown),
        cmocka_unit_test_teardown(test_length_is_bounded, teardown),
        cmocka_unit_test_teardown(test_what_is_no_message, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
