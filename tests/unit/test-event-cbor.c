/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

/* Events as CBOR: byte by byte, and at the limits. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "xfsm/io/event-cbor.h"

static uint8_t buf[XFSM_EVENT_CBOR_MAX];

/* Expects the value 'json' to be the bytes 'hex'. */
static void
expect(const char *json, const char *hex)
{
    char event[256], found[256] = "";
    size_t len, i;

    snprintf(event, sizeof event, "{\"a\":%s}", json);
    len = xfsm_event_to_cbor(event, strlen(event), buf, sizeof buf);
    assert_true(len > 4 && len < 100);
    assert_memory_equal(buf, "\xbf\x61" "a", 3);
    assert_int_equal(buf[len - 1], 0xff);
    for (i = 3; i < len - 1; i++) {
        sprintf(found + strlen(found), "%02x", buf[i]);
    }
    assert_string_equal(found, hex);
}

static void
test_numbers(void **state)
{
    (void) state;
    expect("0", "00");
    expect("-0", "00");
    expect("23", "17");
    expect("24", "1818");
    expect("-1", "20");
    expect("-500", "3901f3");
    expect("18446744073709551615", "1bffffffffffffffff");
    expect("18446744073709551616", "fa5f800000");
    expect("-18446744073709551615", "3bfffffffffffffffe");
    expect("1.5", "fa3fc00000");
    expect("1.0", "fa3f800000");
    expect("1e2", "fa42c80000");
    expect("0.1", "fb3fb999999999999a");
    expect("-4.5e-3", "fbbf726e978d4fdf3b");
    expect("1e300", "fb7e37e43c8800759c");
}

static void
test_text(void **state)
{
    (void) state;
    expect("\"\"", "60");
    expect("\"a\\\"\\\\\\/\"", "6461225c2f");
    expect("\"\\b\\f\\n\\r\\t\"", "65080c0a0d09");
    expect("\"\\u0000\\u007f\\u0080\\u00FF\"", "66007fc280c3bf");
    expect("\"\\u20ac\"", "63e282ac");
    expect("\"\\ud83d\\ude00\"", "64f09f9880");
    /* Halves of a pair. */
    expect("\"\\ud83d\"", "63efbfbd");
    expect("\"\\ud83d\\u0041\"", "64efbfbd41");
    expect("\"\\ude00x\"", "64efbfbd78");
}

static void
test_others(void **state)
{
    (void) state;
    expect("true", "f5");
    expect("false", "f4");
    expect("null", "f6");
    expect("{}", "bfff");
    expect("[ ]", "9fff");
    expect("{ \"b\" : [1 , \"c\",{}] , \"d\":2 }",
           "bf61629f016163bfffff616402ff");
}

static void
test_not_an_event(void **state)
{
    static const char *const bad[] = {
        "", "{", "}", "[]", "1", "{\"a\":}", "{\"a\":01}", "{\"a\":\"\n\"}",
        "{\"a\":1}x", "{\"a\":\"\\x\"}",
        "{\"a\":[[[[[[[[[[[[1]]]]]]]]]]]]}",
    };

    (void) state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(xfsm_event_to_cbor(bad[i], strlen(bad[i]), buf,
                                            sizeof buf), 0);
    }
}

/* Each buffer that is too small is found to be, and none is left. */
static void
test_no_room(void **state)
{
    static const char json[] =
        "{\"a\":{\"b\":[1,-500,0.1,true,null],\"c\":\"\\u00e9t\\u00e9\"},"
        "\"d\":{},\"e\":\"x\"}";
    size_t len = xfsm_event_to_cbor(json, strlen(json), buf, sizeof buf);

    (void) state;
    assert_true(len > 30);
    for (size_t n = 0; n <= len; n++) {
        uint8_t *small = malloc(n ? n : 1);
        char *text = malloc(strlen(json));

        assert_non_null(small);
        assert_non_null(text);
        memcpy(text, json, strlen(json));
        assert_int_equal(xfsm_event_to_cbor(text, strlen(json), small, n),
                         n < len ? 0 : len);
        free(small);
        free(text);
    }
}

/* The longest event of what grows most fits. */
static void
test_longest(void **state)
{
    char *json = malloc(XFSM_EVENT_JSON_MAX);
    size_t n = 0;

    (void) state;
    assert_non_null(json);
    n += (size_t) sprintf(json, "{\"a\":[0.1");
    while (n + 4 + 2 < XFSM_EVENT_JSON_MAX) {
        memcpy(json + n, ",0.1", 4);
        n += 4;
    }
    memcpy(json + n, "]}", 2);
    n += 2;
    assert_true(xfsm_event_to_cbor(json, n, buf, sizeof buf)
                > 2 * XFSM_EVENT_JSON_MAX);
    free(json);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_text),
        cmocka_unit_test(test_others),
        cmocka_unit_test(test_not_an_event),
        cmocka_unit_test(test_no_room),
        cmocka_unit_test(test_longest),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
