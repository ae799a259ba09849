/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

/* The loader: what events, states in them and conditions become in the model,
 * what is said of wrong ones, and where. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/program-fixture.h"

#define S UINT64_C(1000000000)

static void
test_handler(void **state)
{
    struct fixture fx;
    const struct xfsm_event_decl *e;
    const struct xfsm_handler *h;
    const struct xfsm_condition *c;

    (void) state;
    fixture_load_with(&fx,
        "<event type=\"packet\" selector=\"proto tcp\" "
        "primary-key=\"ip_src-ip_dst\" attack_type=\"\">\n"
        "<state id=\"b\">"
        "<use-metric id=\"m1\" vd_update=\"ip_src-dst_port\" "
        "vm_get=\"ip_src\" vm_set=\"ip_dst\"/>"
        "<use-metric id=\"m2\" vm_update=\"ip_src\"/>\n"
        "<condition expression=\"f > 2\" action=\"Suspect;Export\" "
        "next_state=\"a\">"
        "<timeout_set class=\"c\" key=\"ip_src\" value=\"0.5\" "
        "primary-key=\"ip_dst\"/></condition>"
        "<condition expression=\"false\" action=\"\" next_state=\"\"/>"
        "<post-condition-action do=\"m1.reset()\">"
        "<timeout_set class=\"c\" key=\"ip_src\" value=\"0\"/>"
        "</post-condition-action></state></event>");
    fixture_assert_loaded(&fx, false);
    assert_int_equal(fixture_count(&fx, XFSM_DIAG_WARNING), 0);
    assert_int_equal(fx.program->n_classes, 1);
    assert_string_equal(fx.program->classes[0], "c");
    assert_int_equal(fx.program->n_events, 2);
    assert_int_equal(fx.program->events[0].type, XFSM_EV_TIMEOUT);
    assert_int_equal(fx.program->events[0].class, 0);
    e = &fx.program->events[1];
    assert_non_null(e->selector);
    assert_int_equal(e->primary.n, 2);
    assert_int_equal(e->n_handlers, 1);
    h = &e->handlers[0];
    assert_int_equal(h->state, 1);
    assert_int_equal(h->line, e->line + 1);
    assert_int_equal(h->n_uses, 2);
    assert_int_equal(h->uses[0].metric, 0);
    assert_int_equal(h->uses[0].vd_get.n, 2);
    assert_memory_equal(&h->uses[0].vd_get, &h->uses[0].vd_set,
                        sizeof(struct xfsm_key));
    assert_int_equal(h->uses[0].vm_get.fields[0], XFSM_F_IP_SRC);
    assert_int_equal(h->uses[0].vm_set.fields[0], XFSM_F_IP_DST);
    assert_int_equal(h->uses[1].metric, 1);
    assert_int_equal(h->uses[1].vd_get.n, 0);
    assert_int_equal(h->uses[1].vm_get.n, 1);
    assert_int_equal(h->uses[1].vm_set.n, 1);
    assert_int_equal(h->n_conditions, 2);
    c = &h->conditions[0];
    assert_int_equal(c->line, e->line + 2);
    assert_int_equal(c->steps.next_state, 0);
    assert_int_equal(c->steps.n_actions, 2);
    assert_int_equal(c->steps.n_timeouts, 1);
    assert_int_equal(c->steps.timeouts[0].class, 0);
    assert_int_equal(c->steps.timeouts[0].delay, S / 2);
    assert_int_equal(c->steps.timeouts[0].key.fields[0], XFSM_F_IP_SRC);
    assert_int_equal(c->steps.timeouts[0].primary.fields[0], XFSM_F_IP_DST);
    assert_int_equal(h->conditions[1].steps.next_state, XFSM_NONE);
    assert_int_equal(h->conditions[1].steps.n_actions, 0);
    assert_int_equal(h->post.next_state, XFSM_NONE);
    assert_int_equal(h->post.n_actions, 1);
    assert_int_equal(h->post.n_timeouts, 1);
    assert_int_equal(h->post.timeouts[0].delay, 0);
    assert_int_equal(h->post.timeouts[0].primary.n, 0);
    fixture_free(&fx);
}

#define PACKET(STATES) \
    "<event type=\"packet\" primary-key=\"ip_src\">" STATES "</event>"

/* Refuses 'event' in the document of fixture_load_with(), where it begins on
 * line 13. */
static void
refuse_event(const char *event, int line, const char *what)
{
    struct fixture fx;

    fixture_load_with(&fx, event);
    fixture_assert_error(&fx, line + 12, what);
    fixture_free(&fx);
}

static void
event_says(const char *event, enum xfsm_diag_level level, const char *what)
{
    struct fixture fx;

    fixture_load_with(&fx, event);
    fixture_assert_loaded(&fx, false);
    fixture_assert_says(&fx, level, what);
    fixture_free(&fx);
}

static void
test_event_errors(void **state)
{
    (void) state;
    refuse_event("<event><state id=\"a\"/></event>", 1,
                 "\"type\" is missing or empty");
    refuse_event("<event type=\"paket\"/>", 1, "did you mean \"packet\"?");
    refuse_event("<event type=\"packet\"><state id=\"a\"/></event>", 1,
                 "\"primary-key\" is missing or empty");
    refuse_event("<event type=\"packet\" primary-key=\"ip_scr\"/>", 1,
                 "did you mean \"ip_src\"?");
    refuse_event("<event type=\"timeout\" class=\"c\"/>", 1,
                 "there is a timeout event of class \"c\" before");
    refuse_event("<event type=\"timeout\" class=\"c d\"/>", 1,
                 "\"c d\" is not a name");
    refuse_event(PACKET("<state id=\"a\"/>\n<state id=\"a\"/>"), 2,
                 "the event has this state already, on line 13");
    refuse_event(PACKET("\n<state/>"), 2, "\"id\" is missing or empty");
    refuse_event(PACKET("<state id=\"a\"><post-condition-action/>\n"
                        "<post-condition-action/></state>"), 2,
                 "a second <post-condition-action>");
    event_says(PACKET(""), XFSM_DIAG_WARNING, "an event without <state>");
    event_says("<event type=\"packet\" class=\"c\" primary-key=\"ip_src\">"
               "<state id=\"a\"/></event>", XFSM_DIAG_WARNING,
               "a packet event has no class");
    event_says("<event type=\"timeout\" class=\"d\" selector=\"proto tcp\">"
               "<state id=\"a\"/></event>", XFSM_DIAG_WARNING,
               "a timeout event has no selector");
    event_says("<event type=\"timeout\"><state id=\"a\"/></event>",
               XFSM_DIAG_WARNING, "without a class can never fire");
    event_says("<event type=\"timeout\" class=\"d\"><state id=\"a\"/>"
               "</event>", XFSM_DIAG_NOTE, "no <timeout_set> arms class "
               "\"d\"");
    event_says(PACKET("<state id=\"a\"/>") PACKET("<state id=\"a\"/>"),
               XFSM_DIAG_WARNING, "the event never fires: that on line 13 "
               "takes every packet");
}

static void
test_suggests_state(void **state)
{
    struct fixture fx;

    (void) state;
    fixture_load(&fx, "<botstream><statedef id=\"suspicious\"/>\n"
                 "<event type=\"packet\" primary-key=\"ip_src\">\n"
                 "<state id=\"suspicous\"/></event></botstream>");
    fixture_assert_error(&fx, 3, "state \"suspicous\" is not declared by a "
                         "<statedef>; did you mean \"suspicious\"?");
    fixture_free(&fx);
}

#define HANDLER(LINES) PACKET("<state id=\"a\">" LINES "</state>")

static void
test_use_errors(void **state)
{
    (void) state;
    refuse_event(HANDLER("\n<use-metric vm_get=\"ip_src\"/>"), 2,
                 "\"id\" is missing");
    refuse_event(HANDLER("\n<use-metric id=\"m1\" vm_get=\"x\"/>"), 2,
                 "unknown field \"x\"");
    refuse_event(HANDLER("<use-metric id=\"m1\"\n vm_update=\"ip_src\"\n"
                         " vm_get=\"ip_dst\"/>"), 2,
                 "\"vm_update\" means \"vm_get\" and \"vm_set\"");
    event_says(HANDLER("<use-metric id=\"m3\" vm_get=\"ip_src\"/>"),
               XFSM_DIAG_WARNING, "metric \"m3\" is not declared");
    event_says(HANDLER("<use-metric id=\"m1\"/>"), XFSM_DIAG_WARNING,
               "asks for nothing");
    event_says(HANDLER("<use-metric id=\"m1\" vm_get=\"ip_src\"/>"
                       "<use-metric id=\"m1\" vm_get=\"ip_dst\"/>"),
               XFSM_DIAG_WARNING, "is used before in this state");
    event_says(HANDLER("<use-metric id=\"m2\" vd_get=\"ip_src\" "
                       "vm_get=\"ip_src\"/>"),
               XFSM_DIAG_WARNING, "the detector of metric \"m2\" is off");
    event_says("<metric name=\"v\"><variation_detector status=\"on\"/>"
               "</metric>" HANDLER("<use-metric id=\"v\" vd_get=\"ip_src\" "
                                   "vm_get=\"ip_src\"/>"),
               XFSM_DIAG_WARNING, "the monitor of metric \"v\" is off");
    event_says(HANDLER("<condition expression=\"f > 1\"/>"),
               XFSM_DIAG_WARNING, "mentions metric \"m2\" but has no "
               "<use-metric>");
    event_says(HANDLER("<post-condition-action do=\"print(%f)\"/>"),
               XFSM_DIAG_WARNING, "mentions metric \"m1\" but has no");
    event_says(HANDLER("<post-condition-action do=\"t(ip_src)=m2\"/>"),
               XFSM_DIAG_WARNING, "mentions metric \"m2\" but has no");
}

/* A metric with both parts off is the field that vm_get names. */
static void
test_field_metric(void **state)
{
    struct fixture fx;
    const struct xfsm_use *use;

    (void) state;
    fixture_load_with(&fx, "<metric name=\"v\"/>"
                      HANDLER("<use-metric id=\"v\" vm_get=\"ip_len\"/>"));
    fixture_assert_loaded(&fx, false);
    assert_int_equal(fixture_count(&fx, XFSM_DIAG_WARNING), 0);
    use = &fx.program->events[1].handlers[0].uses[0];
    assert_int_equal(use->vm_get.n, 1);
    assert_int_equal(use->vm_get.fields[0], XFSM_F_IP_LEN);
    fixture_free(&fx);
    refuse_event("<metric name=\"v\"/>"
                 HANDLER("<use-metric id=\"v\" vm_get=\"ip_src\"/>"), 1,
                 "one numeric field is expected");
    refuse_event("<metric name=\"v\"/>"
                 HANDLER("<use-metric id=\"v\" vm_get=\"ip_len-len\"/>"), 1,
                 "one numeric field is expected");
}

static void
test_condition_errors(void **state)
{
    (void) state;
    refuse_event(HANDLER("\n<condition/>"), 2,
                 "\"expression\" is missing or empty; it is \"true\"");
    refuse_event(HANDLER("\n<condition expression=\"\"/>"), 2,
                 "\"expression\" is missing or empty");
    refuse_event(HANDLER("\n<condition expression=\"1 +\"/>"), 2,
                 "at the end of \"1 +\"");
    refuse_event(HANDLER("\n<condition expression=\"1\" "
                         "next_state=\"c\"/>"), 2, "\"c\" is not declared");
    refuse_event(HANDLER("<condition expression=\"1\"\n\naction=\"jump\"/>"),
                 3, "unknown action \"jump\"");
    refuse_event(HANDLER("<condition expression=\"1\">\n<timeout_set "
                         "class=\"c\" key=\"ip_src\"/></condition>"), 2,
                 "\"value\" is missing");
    refuse_event(HANDLER("<condition expression=\"1\">\n<timeout_set "
                         "class=\"c\" value=\"1\"/></condition>"), 2,
                 "\"key\" is missing");
    refuse_event(HANDLER("<condition expression=\"1\">\n<timeout_set "
                         "key=\"ip_src\" value=\"1\"/></condition>"), 2,
                 "\"class\" is missing");
    event_says(HANDLER("<condition expression=\"1\"><timeout_set "
                       "class=\"cc\" key=\"ip_src\" value=\"1\"/>"
                       "</condition>"), XFSM_DIAG_WARNING,
               "no timeout event has class \"cc\": the line has no effect; "
               "did you mean \"c\"?");
}

/* A condition in another one is the next one. */
static void
test_nested_condition(void **state)
{
    struct fixture fx;
    const struct xfsm_handler *h;

    (void) state;
    fixture_load_with(&fx, HANDLER(
        "<condition expression=\"1\" next_state=\"a\">"
        "<condition expression=\"2\" next_state=\"b\"/>"
        "<timeout_set class=\"c\" key=\"ip_src\" value=\"10\"/></condition>"
        "<condition expression=\"3\"/>"));
    fixture_assert_loaded(&fx, false);
    fixture_assert_says(&fx, XFSM_DIAG_WARNING,
                        "a condition stands in another one");
    h = &fx.program->events[1].handlers[0];
    assert_int_equal(h->n_conditions, 3);
    assert_int_equal(h->conditions[0].steps.n_timeouts, 1);
    assert_int_equal(h->conditions[0].steps.next_state, 0);
    assert_true(h->conditions[1].expr->number == 2);
    assert_int_equal(h->conditions[1].steps.n_timeouts, 0);
    assert_int_equal(h->conditions[1].steps.next_state, 1);
    assert_true(h->conditions[2].expr->number == 3);
    fixture_free(&fx);
}

static void
test_unknown(void **state)
{
    (void) state;
    refuse_event("<evnt/>", 1, "unknown element <evnt>; did you mean "
                 "<event>?");
    refuse_event("<nonsense/>", 1, "unknown element <nonsense>");
    refuse_event("<entry/>", 1, "<entry> has no place in <botstream>; it "
                 "stands in <table>");
    refuse_event("<features><metric name=\"q\"/></features>", 1,
                 "<metric> has no place in <features>; it stands in the "
                 "root element or <metrics>");
    refuse_event(HANDLER("\n<state id=\"a\"/>"), 2,
                 "<state> has no place in <state>");
    refuse_event(HANDLER("\nhello"), 1, "text in <state> has no meaning");
    event_says("<additional_block name=\"x\"><feed/></additional_block>",
               XFSM_DIAG_WARNING, "belongs to the internals");
    event_says("<socket path=\"/x\"/><streamon/><feed/>", XFSM_DIAG_WARNING,
               "<socket> belongs to the internals");
    event_says(HANDLER("<condition expression=\"1\" acton=\"Suspect\"/>"),
               XFSM_DIAG_WARNING, "unknown attribute \"acton\" has no "
               "effect; did you mean \"action\"?");
    event_says("<metric name=\"q\" config=\"x\"/>", XFSM_DIAG_WARNING,
               "unknown attribute \"config\"");
}

/* Empty attributes are absent ones, known or not. */
static void
test_empty_attributes(void **state)
{
    struct fixture fx;

    (void) state;
    fixture_load(&fx, "<botstream x=\"\"><source/><statedef id=\"a\" "
                 "timeout=\"\" next_state=\" \"/>"
                 "<metric name=\"m\" config=\"\"><variation_detector "
                 "status=\"\" size=\"\" nhash=\"\" reset_after=\"\" "
                 "slave=\"\"/></metric>"
                 "<event type=\"packet\" selector=\"\" class=\"\" "
                 "primary-key=\"ip_src\" attack_type=\"\"><state id=\"a\" "
                 "level=\"\"><condition expression=\"true\" action=\" \" "
                 "next_state=\"\"/><post-condition-action do=\"\"/></state>"
                 "</event></botstream>");
    fixture_assert_loaded(&fx, false);
    assert_int_equal(fx.diags.n, 1);            /* The empty source. */
    fixture_free(&fx);
}

static void
test_paths(void **state)
{
    struct fixture fx;

    (void) state;
    fixture_load(&fx,
                 "<botstream><statedef id=\"suspicious\"/>\n"
                 "<metrics><metric name=\"m\">\n"
                 "<variation_detector\n size=\"x\"/></metric></metrics>\n"
                 "<event type=\"timeout\" class=\"c\"/>\n"
                 "<event type=\"packet\"\n primary-key=\"ip_src\">\n"
                 "<state id=\"suspicious\">\n"
                 "<condition\n"
                 "  action=\"\"\n"
                 "  expression=\"oops\"/>\n"
                 "</state></event></botstream>");
    assert_null(fx.program);
    assert_non_null(strstr(fx.text, "doc:4: metrics/metric[1] \"m\"/"
                           "variation_detector@size: \"x\" is not"));
    assert_non_null(strstr(fx.text, "doc:11: event[2]/state[1] "
                           "\"suspicious\"/condition[1]@expression: unknown "
                           "name \"oops\""));
    fixture_free(&fx);
}

/* Every mistake of a document is reported, in order of lines. */
static void
test_all_errors(void **state)
{
    struct fixture fx;
    const char *a, *b, *c, *d;

    (void) state;
    fixture_load(&fx,
                 "<botstream><statedef id=\"a\"/>\n"
                 "<metric name=\"m\"><variation_monitor type=\"x\"/>"
                 "</metric>\n"
                 "<feature name=\"f\" body=\"(\"/>\n"
                 "<event type=\"packet\" selector=\"proto\" "
                 "primary-key=\"ip_src\">\n"
                 "<state id=\"zz\"><condition expression=\"g\"/></state>"
                 "</event></botstream>");
    assert_null(fx.program);
    assert_int_equal(fx.diags.n_errors, 5);
    a = strstr(fx.text, "doc:2: ");
    b = strstr(fx.text, "doc:3: ");
    c = strstr(fx.text, "doc:4: ");
    d = strstr(fx.text, "doc:5: ");
    assert_true(a && b && c && d);
    assert_true(a < b && b < c && c < d);
    fixture_free(&fx);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_handler),
        cmocka_unit_test(test_event_errors),
        cmocka_unit_test(test_suggests_state),
        cmocka_unit_test(test_use_errors),
        cmocka_unit_test(test_field_metric),
        cmocka_unit_test(test_condition_errors),
        cmocka_unit_test(test_nested_condition),
        cmocka_unit_test(test_unknown),
        cmocka_unit_test(test_empty_attributes),
        cmocka_unit_test(test_paths),
        cmocka_unit_test(test_all_errors),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
