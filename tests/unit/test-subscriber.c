/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

/* The library for subscribers: its options, what it reads of events and what
 * it forgets.  That it receives them is shown by
 * tests/system/test-subscriber.py. */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "xfsm/io/gap.h"
#include "xfsm/io/subscriber.h"
#include "xfsm/io/zmq-pub.h"

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

/* More ports than it remembers: it says so. */
static void
test_forgotten(void **state)
{
    struct xfsm_subscriber_options o = { .n_topics = 0 };
    struct xfsm_subscriber_item item;
    char dir[] = "/tmp/xfsm-test-XXXXXX";
    char endpoint[96], path[64], json[256], topic[64];
    const char *endpoints[] = { endpoint };
    struct xfsm_subscriber *s;
    struct xfsm_zmq_pub *pub;
    unsigned int i;

    (void) state;
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/events", dir);
    snprintf(endpoint, sizeof endpoint, "ipc://%s", path);
    o.endpoints = endpoints;
    o.n_endpoints = 1;
    assert_null(xfsm_zmq_pub_open(endpoint, &pub));
    assert_null(xfsm_subscriber_open(&o, &s));
    while (!xfsm_zmq_pub_wait(pub, 10)) {
        assert_int_equal(xfsm_subscriber_next(s, 0, &item), EAGAIN);
    }
    for (i = 0; i < 2 * XFSM_GAP_SOURCES; i++) {
        int topic_len = snprintf(topic, sizeof topic, "log/p/b/v%u", i);
        int len = snprintf(json, sizeof json,
                           "{\"v\":1,\"time\":\"2026-11-23T16:42:36Z\","
                           "\"seq\":1,\"epoch\":1,\"host\":\"h\","
                           "\"bridge\":\"b\",\"port\":\"v%u\","
                           "\"program\":\"p\",\"label\":\"log\"}", i);

        if (i == 1000) {
            assert_int_equal(xfsm_subscriber_forgotten(s), 0);
        }
        assert_int_equal(xfsm_zmq_pub_send(pub, topic, (size_t) topic_len,
                                           json, (size_t) len), 0);
        if (i % 100 == 99 || i + 1 == 2 * XFSM_GAP_SOURCES) {
            unsigned int n = i % 100 + 1;

            while (n > 0) {
                assert_int_equal(xfsm_subscriber_next(s, 10000, &item), 0);
                n -= item.kind == XFSM_SUBSCRIBER_EVENT;
            }
        }
    }
    assert_true(xfsm_subscriber_forgotten(s) >= XFSM_GAP_SOURCES);
    xfsm_subscriber_close(s);
    xfsm_zmq_pub_close(pub);
    unlink(path);
    rmdir(dir);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_options),
        cmocka_unit_test(test_default_endpoint),
        cmocka_unit_test(test_get),
        cmocka_unit_test(test_forgotten),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
