/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

/* Reading events back, hostile ones too. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "xfsm/io/event-decode.h"

static const char sample[] =
    "{\"v\":1,\"time\":\"2026-11-23T16:42:36.123456789Z\",\"label\":\"alert\","
    "\"program\":\"portscan\",\"version\":\"1.0\",\"host\":\"hv1\","
    "\"bridge\":\"br0\",\"port\":\"vnet7\",\"epoch\":18446744073709551615,"
    "\"seq\":17,\"state\":\"suspicious\",\"code\":\"D1\",\"level\":\"WARN\","
    "\"description\":\"Port scan\",\"key\":{\"ip_src\":\"10.0.0.1\"},"
    "\"text\":\"a \\\"b\\\" \\u00e9\\n\",\"features\":{\"ports\":31.5e-3},"
    "\"suspect\":true,\"raw\":\"BASE64==\"}";

/* Decodes a copy of exact size, so that a sanitizer sees reads beyond it. */
static bool
decode(const char *text, size_t len, struct xfsm_event_view *view)
{
    char *copy = malloc(len ? len : 1);
    bool ok;

    memcpy(copy, text, len);
    ok = xfsm_event_decode(copy, len, view);
    free(copy);
    return ok;
}

static void
expect_text(struct xfsm_str s, const char *expected)
{
    char text[256];

    assert_non_null(s.p);
    xfsm_event_unescape(s, text, sizeof text);
    assert_string_equal(text, expected);
}

static void
test_sample(void **state)
{
    struct xfsm_event_view view;

    (void) state;
    assert_true(xfsm_event_decode(sample, strlen(sample), &view));
    expect_text(view.time, "2026-11-23T16:42:36.123456789Z");
    expect_text(view.label, "alert");
    expect_text(view.program, "portscan");
    expect_text(view.version, "1.0");
    expect_text(view.host, "hv1");
    expect_text(view.bridge, "br0");
    expect_text(view.port, "vnet7");
    expect_text(view.state, "suspicious");
    expect_text(view.code, "D1");
    expect_text(view.level, "WARN");
    expect_text(view.description, "Port scan");
    expect_text(view.text, "a \"b\" \\u00e9 ");
    assert_true(view.has_v && view.has_epoch && view.has_seq);
    assert_int_equal(view.v, 1);
    assert_true(view.epoch == UINT64_MAX);
    assert_int_equal(view.seq, 17);
}

/* No proper part of an event is an event. */
static void
test_cut(void **state)
{
    struct xfsm_event_view view;
    size_t n;

    (void) state;
    for (n = 0; n < strlen(sample); n++) {
        assert_false(decode(sample, n, &view));
    }
}

/* Any one byte may be replaced by any other: no misbehaviour, and nothing
 * that does not print is let through. */
static void
test_mutations(void **state)
{
    struct xfsm_event_view view;
    char text[sizeof sample];
    size_t i;
    int c;

    (void) state;
    memcpy(text, sample, sizeof text);
    for (i = 0; i < sizeof sample - 1; i++) {
        for (c = 0; c < 256; c++) {
            text[i] = (char) c;
            if (decode(text, sizeof sample - 1, &view)) {
                assert_in_range(c, ' ', '~');
            }
        }
        text[i] = sample[i];
    }
}

static void
test_bad(void **state)
{
    static const char *const bad[] = {
        "", " ", "[]", "null", "1", "\"x\"", "{", "{}}", "{} {}", "{,}",
        "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{a:1}", "{\"a\":01}",
        "{\"a\":+1}", "{\"a\":1.}", "{\"a\":.5}", "{\"a\":1e}",
        "{\"a\":-}", "{\"a\":tru}", "{\"a\":[1,]}", "{\"a\":[1}",
        "{\"a\":{\"b\"}}", "{\"a\":\"\\x\"}", "{\"a\":\"\\u12g4\"}",
        "{\"a\":\"\\u12", "{\"a\":\"\n\"}", "{\"a\":\"\x80\"}",
        "{\"a\":\"\033[31m\"}", "{\n}", "{\"a\":\"\x7f\"}",
        "{\"seq\":-1}", "{\"seq\":1.0}", "{\"seq\":\"1\"}", "{\"seq\":01}",
        "{\"seq\":18446744073709551616}", "{\"label\":1}", "{\"text\":null}",
    };
    struct xfsm_event_view view;
    size_t i;

    (void) state;
    for (i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        if (decode(bad[i], strlen(bad[i]), &view)) {
            fail_msg("accepted: %s", bad[i]);
        }
    }
    assert_false(decode("{\"a\":\"\0\"}", 9, &view));
}

static void
test_good(void **state)
{
    static const char *const good[] = {
        "{}", " { } ", "{\"a\":[]}", "{ \"a\" : [ 1 , { } , \"x\" ] }",
        "{\"a\":-0.5e+10}", "{\"a\":null,\"b\":true,\"c\":false}",
        "{\"seq\":0}", "{\"label\":\"\"}",
    };
    struct xfsm_event_view view;
    size_t i;

    (void) state;
    for (i = 0; i < sizeof good / sizeof good[0]; i++) {
        if (!decode(good[i], strlen(good[i]), &view)) {
            fail_msg("refused: %s", good[i]);
        }
    }
    assert_true(xfsm_event_decode("{}", 2, &view));
    assert_null(view.label.p);
    assert_false(view.has_seq);
    /* The first of two counts. */
    assert_true(decode("{\"seq\":1,\"seq\":2}", 17, &view));
    assert_int_equal(view.seq, 1);
}

static bool
decode_nested(int depth)
{
    struct xfsm_event_view view;
    char text[128];
    int n = 0;
    int i;

    n += sprintf(text, "{\"a\":");
    for (i = 1; i < depth; i++) {
        text[n++] = '[';
    }
    for (i = 1; i < depth; i++) {
        text[n++] = ']';
    }
    if (depth == 1) {
        text[n++] = '1';
    }
    text[n++] = '}';
    return decode(text, n, &view);
}

static void
test_depth(void **state)
{
    (void) state;
    assert_true(decode_nested(1));
    assert_true(decode_nested(XFSM_EVENT_JSON_DEPTH - 1));
    assert_false(decode_nested(XFSM_EVENT_JSON_DEPTH + 1));
}

static void
test_members(void **state)
{
    static const char text[] = "{\"key\": { \"a\":1 , \"b\\\"\" : \"x,y\","
        "\"c\":{\"d\":[1]},\"e\":-2},\"topics\":{},\"last_seq\":9}";
    struct xfsm_event_member m;
    struct xfsm_event_view view;
    struct xfsm_str object;
    uint64_t value;

    (void) state;
    assert_true(xfsm_event_decode(text, strlen(text), &view));
    assert_true(view.has_last_seq);
    assert_int_equal(view.last_seq, 9);
    object = view.key;
    assert_true(xfsm_event_next_member(&object, &m));
    assert_true(xfsm_str_is(m.name, "a"));
    assert_false(m.is_string);
    assert_true(xfsm_event_member_uint(&m, &value));
    assert_int_equal(value, 1);
    assert_true(xfsm_event_next_member(&object, &m));
    assert_true(xfsm_str_is(m.name, "b\\\""));
    assert_true(m.is_string);
    assert_true(xfsm_str_is(m.value, "x,y"));
    assert_false(xfsm_event_member_uint(&m, &value));
    assert_true(xfsm_event_next_member(&object, &m));
    assert_true(xfsm_str_is(m.value, "{\"d\":[1]}"));
    assert_true(xfsm_event_next_member(&object, &m));
    assert_false(xfsm_event_member_uint(&m, &value));
    assert_false(xfsm_event_next_member(&object, &m));
    object = view.topics;
    assert_non_null(object.p);
    assert_false(xfsm_event_next_member(&object, &m));
    object = view.features;
    assert_false(xfsm_event_next_member(&object, &m));
    assert_false(xfsm_event_decode("{\"key\":1}", 9, &view));
}

static void
test_unescape_limit(void **state)
{
    struct xfsm_str s = { .p = "abc\\\"d\\\\", .len = 8 };
    char buf[8];

    (void) state;
    assert_int_equal(xfsm_event_unescape(s, buf, sizeof buf), 6);
    assert_string_equal(buf, "abc\"d\\");
    assert_int_equal(xfsm_event_unescape(s, buf, 4), 3);
    assert_string_equal(buf, "abc");
    assert_int_equal(xfsm_event_unescape(s, buf, 1), 0);
    assert_string_equal(buf, "");
    assert_int_equal(xfsm_event_unescape(s, buf, 0), 0);
    s.p = NULL;
    s.len = 0;
    assert_int_equal(xfsm_event_unescape(s, buf, sizeof buf), 0);
}

static void
test_time(void **state)
{
    static const struct {
        const char *text;
        uint64_t ms;
    } times[] = {
        { "1970-01-01T00:00:00Z", 0 },
        { "2026-11-23T16:42:36.123456Z", UINT64_C(1795452156123) },
        { "2026-11-23T16:42:36.1Z", UINT64_C(1795452156100) },
        { "2026-11-23T16:42:36Z", UINT64_C(1795452156000) },
        { "1969-12-31T23:59:59.999Z", 0 },
        { "yesterday", 0 },
        { "", 0 },
    };
    size_t i;

    (void) state;
    for (i = 0; i < sizeof times / sizeof *times; i++) {
        struct xfsm_event_view e = {
            .time = { times[i].text, strlen(times[i].text) },
        };

        assert_true(xfsm_event_time_ms(&e) == times[i].ms);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sample),
        cmocka_unit_test(test_cut),
        cmocka_unit_test(test_mutations),
        cmocka_unit_test(test_bad),
        cmocka_unit_test(test_good),
        cmocka_unit_test(test_depth),
        cmocka_unit_test(test_members),
        cmocka_unit_test(test_unescape_limit),
        cmocka_unit_test(test_time),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
