/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

/* Events as JSON and as topics: always valid, whatever a packet holds. */

#include <inttypes.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/packet-builder.h"
#include "tests/unit/strict-json.h"
#include "xfsm/packet/decode.h"
#include "xfsm/packet/field.h"
#include "xfsm/runtime/event.h"
#include "xfsm/runtime/number.h"

#define NS UINT64_C(1000000000)

/* ## Fixtures ## */

static const struct xfsm_identity identity = {
    .host = "host0", .bridge = "br0", .port = "port0", .epoch = 42,
};

static const struct xfsm_packet no_packet;

static struct xfsm_event
plain_event(void)
{
    struct xfsm_event event = {
        .ts = 1, .seq = 7, .program = "p", .version = "", .label = "log",
        .state = "s", .code = "", .level = "", .description = "",
        .text = "", .packet = &no_packet,
    };

    return event;
}

/* Formats into memory of exactly the promised size. */
static char *
format_as(const struct xfsm_event *event, const struct xfsm_identity *id)
{
    char *buf = malloc(XFSM_EVENT_JSON_MAX);
    size_t len;

    assert_non_null(buf);
    len = xfsm_event_format_json(event, id, buf, XFSM_EVENT_JSON_MAX);
    assert_true(len < XFSM_EVENT_JSON_MAX);
    assert_int_equal(strlen(buf), len);
    json_check(buf);
    return buf;
}

static char *
format(const struct xfsm_event *event)
{
    return format_as(event, &identity);
}

static void
expect_member(const struct xfsm_event *event, const char *name,
              const char *expected)
{
    char *json = format(event);
    char *value = json_member(json, name, NULL);

    if (!expected) {
        assert_null(value);
    } else {
        assert_non_null(value);
        assert_string_equal(value, expected);
    }
    free(value);
    free(json);
}

/* ## Members ## */

static void
test_smallest_event(void **state)
{
    struct xfsm_event event = plain_event();
    char *json = format(&event);

    (void) state;
    assert_string_equal(json,
                        "{\"v\":1,\"time\":\"1970-01-01T00:00:00.000000001Z\""
                        ",\"label\":\"log\",\"program\":\"p\","
                        "\"host\":\"host0\",\"bridge\":\"br0\","
                        "\"port\":\"port0\",\"epoch\":42,\"seq\":7,"
                        "\"state\":\"s\"}");
    free(json);
}

static void
test_all_members(void **state)
{
    static const char *const names[] = { "ports", "rate" };
    static const double values[] = { 31, 0.25 };
    static const uint8_t key[] = { XFSM_F_IP_SRC, XFSM_F_DST_PORT,
                                   XFSM_F_ETH_SRC };
    struct xfsm_event event = plain_event();
    struct xfsm_fieldset want = { { UINT64_MAX, UINT64_MAX } };
    struct xfsm_packet packet;
    uint8_t buf[128];
    char *json;

    (void) state;
    pb_packet(&packet, buf,
              pb_tcp_frame(buf, sizeof buf, "10.0.0.1", 1, "10.0.0.2", 80,
                           PB_SYN, NULL), 1, NULL);
    xfsm_decode(&packet, &want);
    event.version = "1.0";
    event.code = "D1";
    event.level = "WARN";
    event.description = "Port scan";
    event.text = "hi";
    event.text_len = 2;
    event.packet = &packet;
    event.key_fields = key;
    event.n_key_fields = 3;
    event.n_features = 2;
    event.feature_names = names;
    event.feature_values = values;
    event.raw = (const uint8_t *) "foob";
    event.raw_len = 4;
    event.suspect = true;
    event.lost = 12;
    json = format(&event);
    assert_string_equal(json,
                        "{\"v\":1,\"time\":\"1970-01-01T00:00:00.000000001Z\""
                        ",\"label\":\"log\",\"program\":\"p\","
                        "\"version\":\"1.0\",\"host\":\"host0\","
                        "\"bridge\":\"br0\",\"port\":\"port0\",\"epoch\":42,"
                        "\"seq\":7,\"state\":\"s\",\"code\":\"D1\","
                        "\"level\":\"WARN\",\"description\":\"Port scan\","
                        "\"text\":\"hi\",\"suspect\":true,\"lost\":12,"
                        "\"key\":{\"ip_src\":\"10.0.0.1\",\"dst_port\":80,"
                        "\"eth_src\":\"02:00:00:00:00:01\"},"
                        "\"features\":{\"ports\":31,\"rate\":0.25},"
                        "\"raw\":\"Zm9vYg==\"}");
    free(json);
}

/* A field of the key that the packet lacks is left out, the rest stays. */
static void
test_key_of_absent_fields(void **state)
{
    static const uint8_t key[] = { XFSM_F_IP_SRC, XFSM_F_LEN };
    struct xfsm_packet packet = { .len = 60 };
    struct xfsm_event event = plain_event();

    (void) state;
    event.packet = &packet;
    event.key_fields = key;
    event.n_key_fields = 2;
    expect_member(&event, "key", "{}");
    xfsm_fieldset_add(&packet.present, XFSM_F_LEN);
    expect_member(&event, "key", "{\"len\":60}");
}

/* Whose port it is, and nothing where that is not known. */
static void
test_identity(void **state)
{
    struct xfsm_event event = plain_event();
    struct xfsm_identity id = identity;
    char *json = format_as(&event, &id);

    (void) state;
    assert_null(strstr(json, "next_state"));
    assert_null(strstr(json, "interface_uuid"));
    assert_null(strstr(json, "external_ids"));
    free(json);
    id.interface_uuid = "6f1c9d3e-0000-4000-8000-00000000000a";
    id.ids[XFSM_ID_VM_ID] = "";
    event.next_state = "t";
    json = format_as(&event, &id);
    assert_non_null(strstr(json, ",\"state\":\"s\",\"next_state\":\"t\""));
    assert_non_null(strstr(json, "\"port\":\"port0\",\"interface_uuid\":"
                                 "\"6f1c9d3e-0000-4000-8000-00000000000a\","
                                 "\"epoch\":42,"));
    assert_null(strstr(json, "external_ids"));
    free(json);
    id.ids[XFSM_ID_IFACE_ID] = "a\"b";
    id.ids[XFSM_ID_ATTACHED_MAC] = "02:00:00:00:00:01";
    json = format_as(&event, &id);
    assert_non_null(strstr(json, ",\"external_ids\":{\"iface-id\":"
                                 "\"a\\\"b\",\"attached-mac\":"
                                 "\"02:00:00:00:00:01\"}}"));
    free(json);
}

static void
test_identity_limits(void **state)
{
    char value[XFSM_IDENTITY_ID_MAX + 2];

    (void) state;
    memset(value, 'x', sizeof value);
    value[XFSM_IDENTITY_ID_MAX] = '\0';
    assert_true(xfsm_identity_id_fits(value));
    value[XFSM_IDENTITY_ID_MAX] = 'x';
    value[XFSM_IDENTITY_ID_MAX + 1] = '\0';
    assert_false(xfsm_identity_id_fits(value));
    assert_true(xfsm_identity_id_fits(" ~"));
    assert_false(xfsm_identity_id_fits(""));
    assert_false(xfsm_identity_id_fits("a\nb"));
    assert_false(xfsm_identity_id_fits("a\x7f"));
    assert_false(xfsm_identity_id_fits("caf\xc3\xa9"));
}

static void
test_numbers_of_64_bits(void **state)
{
    struct xfsm_event event = plain_event();
    struct xfsm_identity id = identity;
    char *json, *value;

    (void) state;
    event.seq = UINT64_MAX;
    id.epoch = UINT64_MAX;
    json = format_as(&event, &id);
    value = json_member(json, "seq", NULL);
    assert_string_equal(value, "18446744073709551615");
    free(value);
    value = json_member(json, "epoch", NULL);
    assert_string_equal(value, "18446744073709551615");
    free(value);
    free(json);
}

/* ## Time ## */

static void
test_time(void **state)
{
    static const struct {
        uint64_t ns;
        const char *text;
    } times[] = {
        { 0, "1970-01-01T00:00:00.000000000Z" },
        { 951782399 * NS, "2000-02-28T23:59:59.000000000Z" },
        { 951782400 * NS, "2000-02-29T00:00:00.000000000Z" },
        { 951868800 * NS, "2000-03-01T00:00:00.000000000Z" },
        { 1709164800 * NS + 1, "2024-02-29T00:00:00.000000001Z" },
        /* The same minute, the next ones, and back. */
        { 1709164859 * NS, "2024-02-29T00:00:59.000000000Z" },
        { 1709164860 * NS, "2024-02-29T00:01:00.000000000Z" },
        { 1709168460 * NS, "2024-02-29T01:01:00.000000000Z" },
        { 1709164860 * NS - 1, "2024-02-29T00:00:59.999999999Z" },
        { 1735689599 * NS + 999999999, "2024-12-31T23:59:59.999999999Z" },
        { UINT64_C(2147483648) * NS, "2038-01-19T03:14:08.000000000Z" },
        { UINT64_C(4107542400) * NS, "2100-03-01T00:00:00.000000000Z" },
        { UINT64_C(4107456000) * NS, "2100-02-28T00:00:00.000000000Z" },
        { UINT64_C(4294967296) * NS, "2106-02-07T06:28:16.000000000Z" },
        /* The last nanosecond that there is. */
        { UINT64_MAX, "2554-07-21T23:34:33.709551615Z" },
    };

    (void) state;
    for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
        struct xfsm_event event = plain_event();

        event.ts = times[i].ns;
        expect_member(&event, "time", times[i].text);
    }
}

/* Each day up to the end of time follows the one before by the calendar. */
static void
test_time_every_day(void **state)
{
    static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30,
                                31 };
    struct xfsm_event event = plain_event();
    int year = 1970, month = 0, day = 1;
    char buf[XFSM_EVENT_JSON_MAX];

    (void) state;
    for (uint64_t n = 0; n < UINT64_MAX / (86400 * NS); n++) {
        bool leap = (year % 4 == 0 && year % 100) || year % 400 == 0;
        char expected[128];

        event.ts = n * 86400 * NS + 3661 * NS;
        xfsm_event_format_json(&event, &identity, buf, sizeof buf);
        snprintf(expected, sizeof expected, "{\"v\":1,\"time\":\"%04d-%02d-"
                 "%02dT01:01:01.000000000Z\"", year, month + 1, day);
        assert_memory_equal(buf, expected, strlen(expected));
        if (++day > days[month] + (month == 1 && leap)) {
            day = 1;
            month++;
        }
        if (month == 12) {
            month = 0;
            year++;
        }
    }
}

/* ## Text ## */

/* Every byte comes back as it went in. */
static void
test_text_of_every_byte(void **state)
{
    struct xfsm_event event = plain_event();
    char text[257];
    char *json, *value;
    size_t len;

    (void) state;
    for (int i = 0; i < 256; i++) {
        text[i] = (char) i;
    }
    text[256] = '\0';
    event.text = text;
    event.text_len = 256;
    json = format(&event);
    value = json_member(json, "text", &len);
    assert_int_equal(len, 256);
    assert_memory_equal(value, text, 256);
    free(value);
    free(json);
}

static void
test_text_escapes(void **state)
{
    struct xfsm_event event = plain_event();
    char *json;

    (void) state;
    event.text = "a\"b\\c\n\t\x7f\xff</script>";
    event.text_len = strlen(event.text);
    json = format(&event);
    assert_non_null(strstr(json, "\"a\\\"b\\\\c\\n\\t\\u007f\\u00ff"
                                 "</script>\""));
    free(json);
}

/* Any byte at any place of a text of any length, looked at 8 at a time or
 * not. */
static void
test_any_byte_anywhere(void **state)
{
    struct xfsm_event event = plain_event();

    (void) state;
    for (size_t len = 1; len <= 20; len++) {
        for (size_t at = 0; at < len; at++) {
            for (int c = 0; c < 256; c++) {
                bool special = c < 0x20 || c >= 0x7f || c == '"' || c == '\\';
                char text[20];
                char *json, *value;
                size_t n;

                memset(text, 'x', len);
                text[at] = (char) c;
                event.text = text;
                event.text_len = len;
                json = format(&event);
                value = json_member(json, "text", &n);
                assert_int_equal(n, len);
                assert_memory_equal(value, text, len);
                assert_int_equal(strchr(strstr(json, "\"text\":"), '\\')
                                 != NULL, special);
                free(value);
                free(json);
            }
        }
    }
}

/* Text at its limit, each byte escaped, and the longest of all else: nothing
 * is lost. */
static void
test_everything_at_its_limit(void **state)
{
    char text[XFSM_EVENT_TEXT_MAX + 1], name[64];
    char longest[XFSM_IDENTITY_ID_MAX + 1];
    uint8_t raw[XFSM_EVENT_RAW_MAX];
    struct xfsm_event event = plain_event();
    struct xfsm_identity id = {
        .host = name, .bridge = name, .port = name, .epoch = UINT64_MAX,
        .interface_uuid = "6f1c9d3e-0000-4000-8000-00000000000a",
    };
    char *json, *value;
    size_t len;

    (void) state;
    memset(text, 0x01, sizeof text);
    text[XFSM_EVENT_TEXT_MAX] = '\0';
    memset(raw, 0xff, sizeof raw);
    memset(name, 'n', sizeof name);
    name[63] = '\0';
    event.text = text;
    event.text_len = XFSM_EVENT_TEXT_MAX;
    event.raw = raw;
    event.raw_len = sizeof raw;
    event.label = event.program = event.state = event.code = name;
    event.next_state = name;
    memset(longest, '"', sizeof longest);
    longest[XFSM_IDENTITY_ID_MAX] = '\0';
    for (int i = 0; i < XFSM_N_IDENTITY_IDS; i++) {
        id.ids[i] = longest;
    }
    json = format_as(&event, &id);
    value = json_member(json, "external_ids", &len);
    assert_int_equal(len, strlen("{\"iface-id\":\"\",\"vm-uuid\":\"\","
                                 "\"vm-id\":\"\",\"attached-mac\":\"\"}")
                          + 8 * XFSM_IDENTITY_ID_MAX);
    free(value);
    value = json_member(json, "text", &len);
    assert_int_equal(len, XFSM_EVENT_TEXT_MAX);
    free(value);
    value = json_member(json, "raw", &len);
    assert_int_equal(len, (XFSM_EVENT_RAW_MAX + 2) / 3 * 4);
    free(value);
    free(json);
}

/* What is longer than any program may say is left out as a whole, and the
 * rest is still valid: tried at every length around the end of the buffer. */
static void
test_past_every_limit(void **state)
{
    static const char *const names[] = { "f" };
    static const double values[] = { 1 };
    size_t size = 2 * XFSM_EVENT_JSON_MAX;
    char *text = malloc(size);
    struct xfsm_event event = plain_event();

    (void) state;
    assert_non_null(text);
    event.suspect = true;
    event.n_features = 1;
    event.feature_names = names;
    event.feature_values = values;
    event.raw = (const uint8_t *) "x";
    event.raw_len = 1;
    for (size_t n = XFSM_EVENT_JSON_MAX - 400; n < XFSM_EVENT_JSON_MAX + 50;
         n++) {
        memset(text, 'a', n);
        text[n] = '\0';
        event.text = text;
        event.text_len = n;
        free(format(&event));
        event.text = "";
        event.text_len = 0;
        event.label = text;
        free(format(&event));
        event.label = "log";
        event.description = text;
        free(format(&event));
        event.description = "";
    }
    free(text);
}

static void
test_raw_is_capped(void **state)
{
    uint8_t raw[XFSM_EVENT_RAW_MAX + 1] = { 0 };
    struct xfsm_event event = plain_event();
    size_t len;

    (void) state;
    event.raw = raw;
    for (size_t n = XFSM_EVENT_RAW_MAX - 1; n <= XFSM_EVENT_RAW_MAX + 1;
         n++) {
        char *json, *value;

        event.raw_len = n;
        json = format(&event);
        value = json_member(json, "raw", &len);
        assert_int_equal(len, ((n < XFSM_EVENT_RAW_MAX
                                ? n : XFSM_EVENT_RAW_MAX) + 2) / 3 * 4);
        free(value);
        free(json);
    }
}

/* RFC 4648 section 10. */
static void
test_base64_vectors(void **state)
{
    static const char *const vectors[][2] = {
        { "", "" }, { "f", "Zg==" }, { "fo", "Zm8=" }, { "foo", "Zm9v" },
        { "foob", "Zm9vYg==" }, { "fooba", "Zm9vYmE=" },
        { "foobar", "Zm9vYmFy" }, { "\xfb\xff\xbf", "+/+/" },
    };

    (void) state;
    for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++) {
        struct xfsm_event event = plain_event();

        event.raw = (const uint8_t *) vectors[i][0];
        event.raw_len = strlen(vectors[i][0]);
        expect_member(&event, "raw", vectors[i][1]);
    }
}

/* Names that a hostile image may have: anything. */
static void
test_hostile_names(void **state)
{
    static const char *const bad[] = { "\"", "\\", "\"}{", "\x80\n\x01" };

    (void) state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        const char *const names[] = { bad[i] };
        static const double values[] = { 1 };
        struct xfsm_event event = plain_event();
        struct xfsm_identity id = {
            .host = bad[i], .bridge = bad[i], .port = bad[i],
            .interface_uuid = bad[i], .ids = { bad[i], bad[i], "", NULL },
        };

        event.label = event.program = event.version = event.state = bad[i];
        event.code = event.level = event.description = bad[i];
        event.n_features = 1;
        event.feature_names = names;
        event.feature_values = values;
        free(format_as(&event, &id));
    }
}

/* A host name from a packet, decoded and published as key. */
static void
test_hostile_key(void **state)
{
    static const uint8_t key[] = { XFSM_F_HTTP_HOST, XFSM_F_DOMAIN_NAME };
    char bytes[1024];
    struct xfsm_packet packet = { .len = 1 };
    struct xfsm_event event = plain_event();

    (void) state;
    for (size_t i = 0; i < sizeof bytes; i++) {
        bytes[i] = (char) i;
    }
    packet.http_host = (struct xfsm_str) { bytes, sizeof bytes };
    packet.domain_name = (struct xfsm_str) { bytes + 34, 1 };
    xfsm_fieldset_add(&packet.present, XFSM_F_HTTP_HOST);
    xfsm_fieldset_add(&packet.present, XFSM_F_DOMAIN_NAME);
    event.packet = &packet;
    event.key_fields = key;
    event.n_key_fields = 2;
    free(format(&event));
}

/* ## Numbers ## */

static void
expect_number(double value, const char *expected)
{
    char buf[XFSM_NUMBER_MAX + 1];
    size_t len = xfsm_number_format(value, buf);

    assert_true(len < XFSM_NUMBER_MAX);
    buf[len] = '\0';
    assert_string_equal(buf, expected);
    json_check_number(buf);
}

static void
test_numbers(void **state)
{
    char buf[XFSM_NUMBER_MAX];

    (void) state;
    expect_number(0, "0");
    expect_number(-0.0, "0");
    expect_number(1, "1");
    expect_number(-17, "-17");
    expect_number(1e6, "1000000");
    expect_number(123456789, "123456789");
    expect_number(9007199254740991, "9007199254740991");
    expect_number(-9007199254740991, "-9007199254740991");
    expect_number(9007199254740992, "9.0072e+15");
    expect_number(0.5, "0.5");
    expect_number(1.0 / 3, "0.333333");
    expect_number(-2.0 / 3, "-0.666667");
    expect_number(1234567.5, "1.23457e+06");
    expect_number(1e-5, "1e-05");
    expect_number(1e300, "1e+300");
    expect_number(5e-324, "4.94066e-324");
    expect_number(INFINITY, "0");
    expect_number(-INFINITY, "0");
    expect_number(NAN, "0");
    for (uint64_t n = 1; n < UINT64_MAX / 10; n *= 10) {
        for (int i = -1; i <= 1; i++) {
            char expected[XFSM_NUMBER_MAX];
            size_t len = (size_t) snprintf(expected, sizeof expected,
                                           "%"PRIu64, n + i);

            assert_int_equal(xfsm_number_format_uint(n + i, buf), len);
            assert_memory_equal(buf, expected, len);
        }
    }
    assert_int_equal(xfsm_number_format_uint(UINT64_MAX, buf), 20);
    assert_memory_equal(buf, "18446744073709551615", 20);
}

/* ## Topics ## */

static void
expect_topic(const char *label, const char *program, const char *bridge,
             const char *port, const char *expected)
{
    struct xfsm_event event = plain_event();
    struct xfsm_identity id = {
        .host = "h", .bridge = bridge, .port = port, .epoch = 1,
    };
    char *buf = malloc(XFSM_EVENT_TOPIC_MAX);
    size_t len;

    assert_non_null(buf);
    event.label = label;
    event.program = program;
    len = xfsm_event_format_topic(&event, &id, buf, XFSM_EVENT_TOPIC_MAX);
    assert_int_equal(len, strlen(buf));
    assert_string_equal(buf, expected);
    free(buf);
}

static void
test_topic(void **state)
{
    (void) state;
    expect_topic("alert", "portscan", "br0", "vnet7",
                 "alert/portscan/br0/vnet7");
    expect_topic("alert", "p", "", "", "alert/p//");
    expect_topic("a/b", "c d", "e\tf", "g\x7fh\xff",
                 "a_b/c_d/e_f/g_h_");
}

/* Parts are cut, so that all of them always are there. */
static void
test_topic_limits(void **state)
{
    char part[1000], expected[XFSM_EVENT_TOPIC_MAX];

    (void) state;
    memset(part, 'x', sizeof part);
    part[sizeof part - 1] = '\0';
    snprintf(expected, sizeof expected, "%.64s/%.64s/%.64s/%.64s", part, part,
             part, part);
    expect_topic(part, part, part, part, expected);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_smallest_event),
        cmocka_unit_test(test_all_members),
        cmocka_unit_test(test_key_of_absent_fields),
        cmocka_unit_test(test_identity),
        cmocka_unit_test(test_identity_limits),
        cmocka_unit_test(test_numbers_of_64_bits),
        cmocka_unit_test(test_time),
        cmocka_unit_test(test_time_every_day),
        cmocka_unit_test(test_text_of_every_byte),
        cmocka_unit_test(test_text_escapes),
        cmocka_unit_test(test_any_byte_anywhere),
        cmocka_unit_test(test_everything_at_its_limit),
        cmocka_unit_test(test_past_every_limit),
        cmocka_unit_test(test_raw_is_capped),
        cmocka_unit_test(test_base64_vectors),
        cmocka_unit_test(test_hostile_names),
        cmocka_unit_test(test_hostile_key),
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_topic),
        cmocka_unit_test(test_topic_limits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
