/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

/* The library for subscribers: its options and what it reads of events.  That
 * it receives them is shown by tests/system/test-subscriber.py. */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "xfsm/io/subscriber.h"

static void
expect_error(const struct xfsm_subscriber_options *options, const char *text)
{
    struct xfsm_subscriber *s;
    char *error = xfsm_subscriber_open(options, &s);

    assert_non_null(error);
    if (!strstr(error, text)) {
        fail_msg("no \"%s\" in \"%s\"", text, error);
    }
    free(error);
}

static void
test_options(void **state)
{
    const char *endpoints[XFSM_SUBSCRIBER_ENDPOINTS_MAX + 1];
    const char *topics[XFSM_SUBSCRIBER_TOPICS_MAX + 1];
    struct xfsm_subscriber_options o = { .endpoints = endpoints,
                                         .topics = topics };
    struct xfsm_subscriber_item item;
    struct xfsm_subscriber *s;

    (void) state;
    for (size_t i = 0; i < sizeof endpoints / sizeof *endpoints; i++) {
        endpoints[i] = "ipc:///nonexistent/socket";
    }
    for (size_t i = 0; i < sizeof topics / sizeof *topics; i++) {
        topics[i] = "alert";
    }
    o.n_endpoints = XFSM_SUBSCRIBER_ENDPOINTS_MAX + 1;
    expect_error(&o, "more than 64 endpoints");
    o.n_endpoints = XFSM_SUBSCRIBER_ENDPOINTS_MAX;
    o.n_topics = XFSM_SUBSCRIBER_TOPICS_MAX + 1;
    expect_error(&o, "more than 256 topics");
    o.n_topics = XFSM_SUBSCRIBER_TOPICS_MAX;
    assert_null(xfsm_subscriber_open(&o, &s));
    assert_int_equal(xfsm_subscriber_n_connected(s), 0);
    assert_int_equal(xfsm_subscriber_next(s, 0, &item), EAGAIN);
    assert_int_equal(xfsm_subscriber_repeated(s), 0);
    assert_string_equal(xfsm_subscriber_endpoint(s, 63), endpoints[63]);
    assert_null(xfsm_subscriber_endpoint(s, 64));
    xfsm_subscriber_close(s);

    o.n_endpoints = o.n_topics = 1;
    o.key_file = "/nonexistent/keys";
    expect_error(&o, "need each other");
    o.server_key = "/nonexistent/key";
    expect_error(&o, "/nonexistent/keys");
    o.key_file = o.server_key = NULL;
    endpoints[0] = "udp://x";
    expect_error(&o, "udp://x");
    xfsm_subscriber_close(NULL);
}

static void
test_default_endpoint(void **state)
{
    struct xfsm_subscriber_options o = { .n_topics = 0 };
    struct xfsm_subscriber *s;

    (void) state;
    setenv("OVS_RUNDIR", "/nonexistent", 1);
    assert_null(xfsm_subscriber_open(&o, &s));
    assert_string_equal(xfsm_subscriber_endpoint(s, 0),
                        "ipc:///nonexistent/xfsm-hub.events");
    xfsm_subscriber_close(s);
    unsetenv("OVS_RUNDIR");
    assert_null(xfsm_subscriber_open(&o, &s));
    assert_string_equal(xfsm_subscriber_endpoint(s, 0),
                        "ipc:///var/run/openvswitch/xfsm-hub.events");
    xfsm_subscriber_close(s);
}

static void
expect_member(const struct xfsm_subscriber_item *item, const char *member,
              const char *expected)
{
    char buf[16] = "untouched";
    bool found = xfsm_subscriber_get(item, member, buf, sizeof buf);

    assert_int_equal(found, expected != NULL);
    if (expected) {
        assert_string_equal(buf, expected);
    } else {
        assert_string_equal(buf, "untouched");
    }
}

static void
test_get(void **state)
{
    static const char json[] =
        " {\"seq\":17,\"text\":\"a\\\"b\\n\\u0001\",\"suspect\":true,"
        "\"long\":\"0123456789abcdefgh\",\"list\":[1],"
        "\"key\":{\"ip_src\":\"10.0.0.1\",\"proto\":6},"
        "\"fields\":{\"match\":{\"x\":{\"y\":{\"z\":1},\"w\":2}}}} ";
    struct xfsm_subscriber_item item = {
        .json = json, .json_len = sizeof json - 1,
    };

    (void) state;
    expect_member(&item, "seq", "17");
    expect_member(&item, "text", "a\"b \\u0001");
    expect_member(&item, "suspect", "true");
    expect_member(&item, "long", "0123456789abcde");
    expect_member(&item, "key.ip_src", "10.0.0.1");
    expect_member(&item, "key.proto", "6");
    expect_member(&item, "fields.match.x.w", "2");
    expect_member(&item, "fields.match.x.y.z", NULL);   /* Too deep. */
    expect_member(&item, "key", NULL);
    expect_member(&item, "list", NULL);
    expect_member(&item, "key.ip_dst", NULL);
    expect_member(&item, "se", NULL);
    expect_member(&item, "seq.x", NULL);
    expect_member(&item, "", NULL);
    item.json = NULL;
    expect_member(&item, "seq", NULL);
    item.json = "{";
    item.json_len = 1;
    expect_member(&item, "seq", NULL);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_options),
        cmocka_unit_test(test_default_endpoint),
        cmocka_unit_test(test_get),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
