/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

/* Events of dialect 2: structured fields and ATT&CK techniques, from the
 * program's text to JSON. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/engine-harness.h"
#include "tests/unit/packet-builder.h"
#include "tests/unit/program-fixture.h"
#include "xfsm/program/image.h"

/* The last event as JSON, and number of events. */
struct seen {
    char json[XFSM_EVENT_JSON_MAX];
    int n;
};

static const struct xfsm_identity identity = {
    .host = "h", .bridge = "b", .port = "p",
};

static void
on_event(const struct xfsm_event *event, void *aux)
{
    struct seen *seen = aux;

    seen->n++;
    xfsm_event_format_json(event, &identity, seen->json, sizeof seen->json);
}

/* Runs the program of dialect 2 whose only condition does 'action' on one
 * packet from 10.0.0.1 to 10.0.0.2 port 80. */
static void
run(struct seen *seen, const char *attack, const char *action)
{
    const struct xfsm_engine_options options = {
        .identity = identity, .emit = on_event, .aux = seen,
    };
    struct xfsm_engine *engine;
    struct xfsm_packet packet;
    uint8_t frame[256];
    char doc[4096];
    void *image;
    size_t len;

    snprintf(doc, sizeof doc,
             "<xfsm name=\"x\"><param name=\"limit\" default=\"4.5\"/>"
             "<statedef id=\"a\"/><metric name=\"m\">"
             "<variation_monitor status=\"on\" type=\"dleft\"/></metric>"
             "<metric name=\"unused\"/>"
             "<table name=\"t\"/><feature name=\"f\" body=\"m * 2\"/>"
             "<feature name=\"g\" body=\"f / 4\"/>"
             "<event type=\"packet\" primary-key=\"ip_src\">"
             "<state id=\"a\" code=\"C1\" attack=\"%s\">"
             "<use-metric id=\"m\" vm_update=\"ip_src\"/>"
             "<condition expression=\"true\" action=\"%s\"/></state></event>"
             "</xfsm>", attack, action);
    image = eh_image("x", doc, &len);
    assert_null(xfsm_engine_create(&options, &engine));
    assert_null(xfsm_engine_load(engine, image, len));
    free(image);
    memset(seen, 0, sizeof *seen);
    len = pb_tcp_frame(frame, sizeof frame, "10.0.0.1", 40000, "10.0.0.2", 80,
                       2, "x");
    memset(&packet, 0, sizeof packet);
    packet.data = frame;
    packet.caplen = packet.len = (uint32_t) len;
    packet.ts = EH_EPOCH;
    xfsm_engine_run(engine, &packet, 1);
    xfsm_engine_destroy(engine);
}

/* Asserts that 'action' gives one event that has 'part'. */
static void
expect(const char *action, const char *part)
{
    struct seen seen;

    run(&seen, "", action);
    assert_int_equal(seen.n, 1);
    if (!strstr(seen.json, part)) {
        fail_msg("no %s in %s", part, seen.json);
    }
}

static void
test_values(void **state)
{
    (void) state;
    expect("Publish(alert, src=%ip_src, port=%dst_port)",
           "\"fields\":{\"src\":\"10.0.0.1\",\"port\":80},"
           "\"text\":\"src=10.0.0.1 port=80\"");
    expect("Publish(alert,a=1)", "\"fields\":{\"a\":1}");
    expect("Publish(alert, a = m, b= f ,c =g+1 )",
           "\"fields\":{\"a\":1,\"b\":2,\"c\":1.5}");
    expect("Publish(alert, a=%m, b=%f, c=%limit, d=limit*2)",
           "\"fields\":{\"a\":1,\"b\":2,\"c\":4.5,\"d\":9}");
    expect("Publish(alert, a=min(m, 3, 0.5), b=(1 + 2) * 2)",
           "\"fields\":{\"a\":0.5,\"b\":6}");
    expect("Publish(alert, x=max(m, 7), y=dst_port &gt; 79)",
           "\"fields\":{\"x\":7,\"y\":1}");
    expect("Publish(alert, t=%t(ip_src), u=!t(ip_src))",
           "\"fields\":{\"t\":0,\"u\":1}");
    expect("t(ip_src)=3; Publish(alert, t=%t(ip_src), u=t(ip_src) + 1)",
           "\"fields\":{\"t\":3,\"u\":4}");
    expect("Publish(alert, src=ip_src, mac=eth_src)",
           "\"fields\":{\"src\":\"10.0.0.1\",\"mac\":\"");
    expect("Publish(alert, c=%state.code, i=%client.id, ts=%ts)",
           "\"fields\":{\"c\":\"C1\",\"i\":\"h/b/p\","
           "\"ts\":1767225600000000000}");
    expect("Publish(alert, ts=ts, port=dst_port)",
           "\"fields\":{\"ts\":1767225600000000000,\"port\":80}");
    expect("Publish(alert, z=unused, y=%unused)",
           "\"fields\":{\"z\":0,\"y\":0}");
}

static void
test_text(void **state)
{
    (void) state;
    expect("Publish(alert, why='too many, %m from %ip_src', n=m)",
           "\"fields\":{\"why\":\"too many, 1 from 10.0.0.1\",\"n\":1}");
    expect("Publish(alert, n='%m')", "\"fields\":{\"n\":\"1\"}");
    expect("Publish(alert, n='')", "\"fields\":{\"n\":\"\"}");
    expect("Publish(alert, n='it\\'s', m=\\&quot;a &lt; b\\&quot;)",
           "\"text\":\"n=");
    expect("Publish(alert, q=&quot;a'b&quot;)",
           "\"fields\":{\"q\":\"a'b\"}");
    expect("Publish(alert, q='&quot;\\\\ &#233;')",
           "\"fields\":{\"q\":\"\\\"\\\\ \\u00c3\\u00a9\"}");
}

/* A field that the packet lacks is left out; in an expression it is 0. */
static void
test_absent(void **state)
{
    (void) state;
    expect("Publish(alert, a=%domain_name, b=%vlan_id, c=vlan_id, d=1, "
           "e=vlan_id + 0)",
           "\"fields\":{\"d\":1,\"e\":0},\"text\":\"d=1 e=0\"");
    expect("Publish(alert, a='%domain_name')", "\"fields\":{\"a\":\"\"}");
}

/* Not all arguments are NAME=VALUE: free text, as in dialect 1. */
static void
test_free_text(void **state)
{
    static const char *const texts[] = {
        "a=1, and more", "scan by %ip_src", "a==1", "=1", "a=", "a=1,",
        "1a=1", "a=1, ,b=2", "a.b=1", "a='b", "%m=1",
    };
    char action[256];
    struct seen seen;

    (void) state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        snprintf(action, sizeof action, "Publish(alert, %s)", texts[i]);
        run(&seen, "", action);
        assert_int_equal(seen.n, 1);
        assert_null(strstr(seen.json, "\"fields\""));
        assert_non_null(strstr(seen.json, "\"text\""));
    }
}

static void
test_dialect1(void **state)
{
    struct eh eh;

    (void) state;
    eh_init(&eh);
    eh_load(&eh, "p", EH_PROGRAM(EH_STATE("a") EH_ON("", "ip_src", EH_IN("a",
            EH_IF("true", "Publish(log, a=1, b=%ip_src)", "")))));
    eh_syn(&eh, 0, "10.0.0.1", "10.0.0.2", 80);
    eh_expect(&eh, "0 log a=1, b=10.0.0.1", NULL);
    eh_free(&eh);
}

/* A parameter goes before the field whose name it has, as elsewhere. */
static void
test_parameter_of_that_name(void **state)
{
    struct eh eh;

    (void) state;
    eh_init(&eh);
    eh_load(&eh, "p", "<xfsm><param name='dst_port' default='5'/>"
            "<statedef id='a'/><event type='packet' primary-key='ip_src'>"
            "<state id='a'><condition expression='true' action='"
            "Publish(log, a=dst_port, b=src_port)'/></state></event></xfsm>");
    eh_syn(&eh, 0, "10.0.0.1", "10.0.0.2", 80);
    eh_expect(&eh, "0 log a=5 b=40000", NULL);
    eh_free(&eh);
}

static void
refuse(const char *action, const char *what)
{
    struct fixture fx;

    fixture_load(&fx, "<xfsm><statedef id='a'/><event type='packet' "
                 "primary-key='ip_src'><state id='a'>\n<condition "
                 "expression='true' action=\"%s\"/></state></event></xfsm>",
                 action);
    fixture_assert_error(&fx, 2, what);
    fixture_free(&fx);
}

static void
test_errors(void **state)
{
    char action[2048] = "Publish(alert, a0=0";

    (void) state;
    refuse("Publish(alert, a=nothing)", "unknown name \"nothing\"");
    refuse("Publish(alert, a=1 +)", "is expected at the end");
    refuse("Publish(alert, a=%ip_src and more)", "is not one value");
    refuse("Publish(alert, a=%nothing)", "is not one value");
    refuse("Publish(alert, a=1, a=2)", "\"a\" is given twice");
    for (int i = 1; i <= XFSM_MAX_MEMBERS; i++) {
        snprintf(action + strlen(action), 32, ", a%d=%d", i, i);
    }
    strcat(action, ")");
    refuse(action, "more than 32 fields");
}

/* A key is not a field of a text that came before. */
static void
test_other_events(void **state)
{
    struct seen seen;

    (void) state;
    run(&seen, "", "Publish(alert, a=1); Export");
    assert_int_equal(seen.n, 2);
    assert_null(strstr(seen.json, "\"fields\""));
    assert_non_null(strstr(seen.json, "\"features\":{\"f\":2,\"g\":0.5}"));
    run(&seen, "", "Publish(alert, a=1); Publish(log, b)");
    assert_null(strstr(seen.json, "\"fields\""));
}

/* Fields that do not fit are left out, the others are not. */
static void
test_long(void **state)
{
    char action[2048], text[1000];
    struct seen seen;

    (void) state;
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    snprintf(action, sizeof action, "Publish(alert, a='%s', b=1)", text);
    run(&seen, "", action);
    assert_non_null(strstr(seen.json, "xxx\",\"b\":1}"));
}

/* Changes one part of an image's text by 'change' and returns whether the
 * image is refused. */
static bool
refuses(const void *image, size_t len, uint32_t part,
        void (*change)(struct xfsm_img_part *))
{
    char *copy = malloc(len), *error;
    struct xfsm_img_header *h;
    struct xfsm_image view;
    bool refused;

    assert_non_null(copy);
    memcpy(copy, image, len);
    h = (struct xfsm_img_header *) (void *) copy;
    change((struct xfsm_img_part *) (void *)
           (copy + h->sections[XFSM_S_PARTS].offset) + part);
    h->checksum = xfsm_image_checksum(copy, len);
    error = xfsm_image_verify(copy, len, &view);
    refused = error != NULL;
    free(error);
    free(copy);
    return refused;
}

static void
change_nothing(struct xfsm_img_part *part)
{
    (void) part;
}

static void
change_form(struct xfsm_img_part *part)
{
    part->index = XFSM_N_MEMBER_FORMS;
}

static void
change_shorter(struct xfsm_img_part *part)
{
    part->len--;
}

static void
change_longer(struct xfsm_img_part *part)
{
    part->len++;
}

static void
change_empty(struct xfsm_img_part *part)
{
    part->text += part->len;
    part->len = 0;
}

static void
change_outside(struct xfsm_img_part *part)
{
    part->text = UINT32_MAX;
}

static void
change_plain(struct xfsm_img_part *part)
{
    part->index = XFSM_MEMBER_PLAIN;
}

static void
change_to_time(struct xfsm_img_part *part)
{
    part->kind = XFSM_PART_TS;
}

static void
change_to_member(struct xfsm_img_part *part)
{
    *part = part[-1];
}

static void
change_member_behind(struct xfsm_img_part *part)
{
    *part = part[-7];
}

/* Parts: ab, its value; cd, its two values; ef without any; the two of a free
 * text. */
static void
test_verifier(void **state)
{
    size_t len;
    void *image = eh_image("x", "<xfsm name='x'><statedef id='a'/><event "
                           "type='packet' primary-key='ip_src'><state id='a'>"
                           "<condition expression='true' action=\"Publish("
                           "log, ab=1, cd='b %ip_src', ef=''); Publish(log, "
                           "hm %ip_src)\"/></state></event></xfsm>", &len);

    (void) state;
    assert_false(refuses(image, len, 0, change_nothing));
    assert_true(refuses(image, len, 0, change_form));
    assert_true(refuses(image, len, 0, change_shorter));
    assert_true(refuses(image, len, 0, change_longer));
    assert_true(refuses(image, len, 0, change_empty));
    assert_true(refuses(image, len, 0, change_outside));
    assert_true(refuses(image, len, 0, change_to_time));
    assert_true(refuses(image, len, 1, change_to_member));
    assert_true(refuses(image, len, 2, change_plain));
    assert_false(refuses(image, len, 3, change_to_time));
    assert_true(refuses(image, len, 5, change_plain));
    assert_true(refuses(image, len, 7, change_member_behind));
    free(image);
}

static void
test_attack(void **state)
{
    static const char *const wrong[] = {
        "T1", "T10466", "X1046", "t1046", "T1046.", "T1046.1", "T1046.0011",
        "1046", "T104a",
    };
    struct fixture fx;
    struct seen seen;

    (void) state;
    run(&seen, "T1595.001", "Publish(alert, text)");
    assert_non_null(strstr(seen.json, "\"attack\":\"T1595.001\""));
    run(&seen, "T1046", "Publish(alert, text)");
    assert_non_null(strstr(seen.json, "\"attack\":\"T1046\""));
    run(&seen, "", "Publish(alert, text)");
    assert_null(strstr(seen.json, "\"attack\""));

    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        fixture_load(&fx, "<xfsm><statedef id='a'/><event type='packet' "
                     "primary-key='ip_src'>\n<state id='a' attack='%s'/>"
                     "</event></xfsm>", wrong[i]);
        fixture_assert_error(&fx, 2, "MITRE ATT&CK technique");
        fixture_free(&fx);
    }
    fixture_load(&fx, "<botstream><statedef id='a'/><event type='packet' "
                 "primary-key='ip_src'><state id='a' attack='T1046'/>"
                 "</event></botstream>");
    fixture_assert_loaded(&fx, false);
    fixture_assert_says(&fx, XFSM_DIAG_WARNING, "has no effect");
    assert_string_equal(fx.program->events[0].handlers[0].attack, "");
    fixture_free(&fx);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_text),
        cmocka_unit_test(test_absent),
        cmocka_unit_test(test_parameter_of_that_name),
        cmocka_unit_test(test_free_text),
        cmocka_unit_test(test_dialect1),
        cmocka_unit_test(test_errors),
        cmocka_unit_test(test_other_events),
        cmocka_unit_test(test_long),
        cmocka_unit_test(test_verifier),
        cmocka_unit_test(test_attack),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
