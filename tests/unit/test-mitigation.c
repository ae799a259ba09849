/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

/* Block, Limit and Mirror: what a program may write, and what it publishes. */

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
#include "xfsm/program/mitigation.h"

#define A "10.0.0.1"
#define B "10.0.0.2"

#define DOES(ACTION) \
    "<xfsm name='p'><param name='n' default='60' min='0' max='1e9'/>" \
    EH_STATE("s0") \
    "<event type='packet' primary-key='eth_src'>" \
    EH_IN("s0", EH_IF("true", ACTION, "")) "</event></xfsm>"

static void
refuse(const char *action, const char *part)
{
    char xml[1024];

    snprintf(xml, sizeof xml, DOES("%s"), action);
    eh_refuse(xml, part);
}

static void
allow(const char *action)
{
    char xml[1024];

    snprintf(xml, sizeof xml, DOES("%s"), action);
    xfsm_program_destroy(eh_model("p", xml));
}

static void
test_events(void **state)
{
    struct eh eh;

    (void) state;
    eh_init(&eh);
    eh_load(&eh, "p", DOES("Block(ip_src-ip_dst, n);"
            "Limit(ip_src-proto-dst_port, 100, 2.5);"
            "Mirror(eth_dst, span-0, 3600)"));
    eh_syn(&eh, 0, A, B, 80);
    eh_expect(&eh, "0 mitigation action=block match.ip_src=10.0.0.1 "
              "match.ip_dst=10.0.0.2 seconds=60",
              "0 mitigation action=limit match.ip_src=10.0.0.1 match.proto=6 "
              "match.dst_port=80 seconds=2.5 rate=100",
              "0 mitigation action=mirror match.eth_dst=02:00:00:00:00:02 "
              "seconds=3600 port=span-0", NULL);
    eh_free(&eh);
}

/* A match is never wider than it is written. */
static void
test_absent_field_asks_for_nothing(void **state)
{
    uint8_t buf[256];
    struct eh eh;

    (void) state;
    eh_init(&eh);
    eh_load(&eh, "p", DOES("Block(ip_src-proto-dst_port, 60)"));
    eh_frame(&eh, 0, buf, pb_icmp_frame(buf, sizeof buf, A, B, 8, 0));
    eh_frame(&eh, 0, buf, pb_arp_frame(buf, sizeof buf, 1, A, B));
    eh_expect(&eh, NULL);
    assert_int_equal(eh_stats(&eh).mitigation_no_field, 2);
    eh_free(&eh);
}

/* A timer's packet has what the match needs. */
static void
test_in_timer(void **state)
{
    struct eh eh;

    (void) state;
    eh_init(&eh);
    eh_load(&eh, "p", "<xfsm name='p'>" EH_STATE("s0") EH_STATE("s1")
            EH_TIMEOUT("t", EH_IN("s1", EH_IF("true",
                "Block(ip_src-proto-dst_port, 5)", "s0")))
            "<event type='packet' primary-key='ip_dst'>"
            EH_IN("s0", EH_IF_SET("true", "", "s1",
                                  EH_TIMER("t", "ip_dst", "1")))
            "</event></xfsm>");
    eh_syn(&eh, 0, A, B, 80);
    eh_advance(&eh, 1);
    eh_expect(&eh, "1 mitigation action=block match.ip_src=10.0.0.1 "
              "match.proto=6 match.dst_port=80 seconds=5", NULL);
    eh_free(&eh);
}

struct json {
    char text[XFSM_EVENT_JSON_MAX];
};

static void
keep_json(const struct xfsm_event *event, void *json_)
{
    const struct xfsm_identity id = { .host = "", .bridge = "", .port = "" };
    struct json *json = json_;

    xfsm_event_format_json(event, &id, json->text, sizeof json->text);
}

/* The match is an object. */
static void
test_json(void **state)
{
    struct json json = { "" };
    struct xfsm_engine_options options = {
        .identity = { .host = "", .bridge = "", .port = "" },
        .emit = keep_json, .aux = &json,
    };
    struct xfsm_engine *engine;
    char scratch[XFSM_PACKET_SCRATCH];
    struct xfsm_packet packet;
    uint8_t buf[256];
    size_t len;
    void *image = eh_image("p", DOES("Limit(ip_src-proto-dst_port, 9, 60)"),
                           &len);

    (void) state;
    assert_null(xfsm_engine_create(&options, &engine));
    assert_null(xfsm_engine_load(engine, image, len));
    len = pb_tcp_frame(buf, sizeof buf, A, 1, B, 80, PB_SYN, NULL);
    pb_packet(&packet, buf, len, EH_EPOCH, scratch);
    xfsm_engine_run(engine, &packet, 1);
    if (!strstr(json.text, "\"fields\":{\"action\":\"limit\",\"match\":{"
                "\"ip_src\":\"10.0.0.1\",\"proto\":6,\"dst_port\":80},"
                "\"seconds\":60,\"rate\":9},\"text\":")) {
        fail_msg("%s", json.text);
    }
    xfsm_engine_destroy(engine);
    free(image);
}

static void
test_limits(void **state)
{
    (void) state;
    allow("Block(ip_src, 1)");
    allow("Block(ip_src, 86400)");
    refuse("Block(ip_src, 0.9)", "\"0.9\" is no seconds");
    refuse("Block(ip_src, 86401)", "from 1 to 86400");
    allow("Limit(ip_src, 1, n)");
    allow("Limit(ip_src, 10000000, n)");
    refuse("Limit(ip_src, 0, n)", "\"0\" is no rate");
    refuse("Limit(ip_src, 10000001, n)", "from 1 to 10000000");
}

static void
test_errors(void **state)
{
    (void) state;
    refuse("Block(ip_src)", "Block takes 2 arguments");
    refuse("Block(ip_src, 1, 2)", "Block takes 2 arguments");
    refuse("Limit(ip_src, 1)", "Limit takes 3 arguments");
    refuse("Mirror(ip_src, 1)", "Mirror takes 3 arguments");
    refuse("Block(ip_srk, 1)", "did you mean \"ip_src\"?");
    refuse("Block(domain_name, 1)", "a switch cannot match \"domain_name\"");
    refuse("Block(ip_src-ip_src, 1)", "\"ip_src\" is given twice");
    refuse("Block(ip_src-dst_port, 1)", "without \"proto\"");
    refuse("Block(eth_src-proto, 1)", "without \"ip_src\" or \"ip_dst\"");
    refuse("Block(vlan_id, 1)", "names no host");
    refuse("Block(ip_src, len)", "\"len\" is no seconds");
    refuse("Mirror(ip_src, a b, 1)", "\"a b\" is not the name of a port");
    refuse("Publish(mitigation, action=1)", "is that of Block");
    eh_refuse(EH_PROGRAM(EH_STATE("s0") EH_ON("proto tcp", "ip_src",
              EH_IN("s0", EH_IF("true", "Block(ip_src, 1)", "")))),
              "of dialect 2");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_events),
        cmocka_unit_test(test_absent_field_asks_for_nothing),
        cmocka_unit_test(test_in_timer),
        cmocka_unit_test(test_json),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_errors),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
