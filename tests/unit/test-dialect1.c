/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

/* The programs that the original shipped: each loads without an error, says
 * just what is expected, and becomes the model that its author meant.  Then,
 * in our own words, the quirks of those that are not at hand.
 *
 * What dialect 1 demands in all, and which test fails where it is not so, is
 * in dialect1.tsv beside this file; most are tests of one module.
 *
 * $XFSM_SHARED_DATA names the folder of the programs' folder, by default
 * ../shared/data beside the top of the tree; where it is absent the tests on
 * it are skipped. */

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/engine-harness.h"
#include "tests/unit/packet-builder.h"
#include "tests/unit/program-fixture.h"

#define S UINT64_C(1000000000)

/* What a program becomes. */
struct expected {
    const char *file;
    int states, metrics, tables, features, classes, events;
    int handlers, conditions, uses;     /* In all events together. */
    int warnings, notes;
};

static const struct expected programs[] = {
    { "conf_modbus2.xml", 1, 1, 0, 1, 0, 1, 1, 1, 1, 0, 0 },
    { "conf_modbus4-2.xml", 4, 2, 0, 1, 1, 2, 6, 7, 7, 1, 0 },
    { "conf_modbus5.xml", 4, 1, 1, 1, 1, 2, 7, 9, 7, 0, 0 },
    { "config_2.xml", 1, 2, 0, 1, 0, 2, 2, 2, 3, 0, 0 },
    { "config_4.xml", 3, 4, 0, 4, 0, 5, 5, 7, 7, 1, 0 },
    { "config_6.xml", 4, 1, 0, 1, 1, 5, 19, 19, 19, 2, 0 },
    { "config_DNS_SRFG_1.xml", 3, 1, 0, 1, 0, 1, 3, 3, 3, 0, 0 },
    { "config_cede_v4.tables.xml", 2, 2, 2, 2, 1, 2, 4, 4, 5, 1, 1 },
    { "config_conficker-to.xml", 3, 4, 1, 4, 1, 5, 12, 12, 17, 0, 1 },
    { "config_ddos-stat.xml", 4, 6, 2, 6, 2, 3, 11, 15, 35, 0, 0 },
    { "config_ddos.xml", 4, 1, 2, 1, 1, 2, 7, 10, 7, 0, 0 },
    { "config_dnsorphan_http2.xml", 2, 1, 0, 1, 1, 3, 4, 4, 3, 1, 0 },
    { "config_dnstun.xml", 1, 4, 0, 4, 1, 3, 3, 3, 7, 3, 2 },
    { "config_msg.xml", 1, 1, 0, 1, 0, 1, 1, 1, 1, 0, 0 },
    { "config_plot_prova_4_features.xml", 3, 1, 0, 4, 2, 3, 6, 6, 6, 4, 0 },
    { "config_portscan.xml", 3, 1, 0, 1, 1, 2, 3, 5, 3, 0, 0 },
};

#define N_PROGRAMS (sizeof programs / sizeof programs[0])

/* Returns the folder of the programs; skips the test if it is absent. */
static const char *
find_programs(void)
{
    static char folder[4200];
    const char *data = fixture_shared_data();

    if (!data) {
        skip();
    }
    snprintf(folder, sizeof folder, "%s/programs", data);
    return folder;
}

static void
load_file(struct fixture *fx, const char *file)
{
    size_t len;
    char *text = fixture_read(find_programs(), file, &len);

    fixture_load_bytes(fx, text, len);
    free(text);
    fixture_assert_loaded(fx, false);
}

static void
check_counts(const struct expected *expected)
{
    struct fixture fx;
    const struct xfsm_program *p;
    int handlers = 0, conditions = 0, uses = 0, i, j;

    load_file(&fx, expected->file);
    p = fx.program;
    for (i = 0; i < p->n_events; i++) {
        handlers += p->events[i].n_handlers;
        for (j = 0; j < p->events[i].n_handlers; j++) {
            conditions += p->events[i].handlers[j].n_conditions;
            uses += p->events[i].handlers[j].n_uses;
        }
    }
    if (p->n_states != expected->states || p->n_metrics != expected->metrics
        || p->n_tables != expected->tables
        || p->n_features != expected->features
        || p->n_classes != expected->classes
        || p->n_events != expected->events || handlers != expected->handlers
        || conditions != expected->conditions || uses != expected->uses
        || fixture_count(&fx, XFSM_DIAG_WARNING) != expected->warnings
        || fixture_count(&fx, XFSM_DIAG_NOTE) != expected->notes) {
        fail_msg("%s: states %d metrics %d tables %d features %d classes %d "
                 "events %d handlers %d conditions %d uses %d\n%s",
                 expected->file, p->n_states, p->n_metrics, p->n_tables,
                 p->n_features, p->n_classes, p->n_events, handlers,
                 conditions, uses, fx.text);
    }
    fixture_free(&fx);
}

static void
test_counts(void **state)
{
    size_t i;

    (void) state;
    for (i = 0; i < N_PROGRAMS; i++) {
        check_counts(&programs[i]);
    }
}

/* No program of the folder is missing above. */
static void
test_all_listed(void **state)
{
    DIR *dir = opendir(find_programs());
    const struct dirent *entry;
    size_t i;

    (void) state;
    assert_non_null(dir);
    while ((entry = readdir(dir)) != NULL) {
        size_t n = strlen(entry->d_name);

        if (n > 4 && !strcmp(entry->d_name + n - 4, ".xml")) {
            for (i = 0; i < N_PROGRAMS
                        && strcmp(programs[i].file, entry->d_name); i++) {
                continue;
            }
            assert_true(i < N_PROGRAMS);
        }
    }
    closedir(dir);
}

static void
test_portscan(void **state)
{
    struct fixture fx;
    const struct xfsm_program *p;
    const struct xfsm_handler *h;
    const struct xfsm_condition *c;

    (void) state;
    load_file(&fx, "config_portscan.xml");
    p = fx.program;
    assert_true(p->source_live);
    assert_string_equal(p->source_name, "eth1");
    assert_string_equal(p->publisher_endpoint, "tcp://*:5560");
    assert_string_equal(p->states[0].name, "default");
    assert_true(p->metrics[0].vd_on && p->metrics[0].vm_on);
    assert_int_equal(p->metrics[0].vm_type, XFSM_MON_DLEFT);

    h = &p->events[0].handlers[0];
    assert_int_equal(p->events[0].type, XFSM_EV_TIMEOUT);
    assert_int_equal(h->state, 1);
    assert_string_equal(h->level, "WARN");
    assert_string_equal(h->code, "D1");
    assert_string_equal(h->description, "Port Scan Detected");
    c = &h->conditions[0];
    assert_int_equal(c->expr->kind, XFSM_EX_BINARY);
    assert_int_equal(c->expr->op, XFSM_OP_GT);
    assert_int_equal(c->expr->args[0]->kind, XFSM_EX_FEATURE);
    assert_int_equal(c->steps.n_actions, 2);
    assert_int_equal(c->steps.actions[0].kind, XFSM_AC_PUBLISH);
    assert_string_equal(c->steps.actions[0].label, "alert");
    assert_int_equal(c->steps.actions[0].text.n, 4);
    assert_string_equal(c->steps.actions[0].text.parts[2].literal,
                        " contacted more than 5 ports/s on ");
    assert_int_equal(c->steps.actions[1].kind, XFSM_AC_PUBLISH_RAW);
    assert_int_equal(c->steps.next_state, 2);
    assert_int_equal(c->steps.timeouts[0].delay, 0);
    assert_int_equal(h->conditions[1].steps.actions[0].kind, XFSM_AC_RESET);
    assert_int_equal(h->conditions[1].steps.actions[0].key.n, 2);

    h = &p->events[1].handlers[0];
    assert_int_equal(p->events[1].selector->kind, XFSM_SEL_AND);
    assert_int_equal(p->events[1].selector->b->field, XFSM_F_TCP_FLAGS);
    assert_int_equal(p->events[1].selector->b->value, 2);
    assert_int_equal(h->uses[0].vd_set.n, 3);
    assert_int_equal(h->uses[0].vm_set.n, 2);
    assert_int_equal(h->conditions[0].steps.timeouts[0].delay, S);
    fixture_free(&fx);
}

static void
test_modbus(void **state)
{
    struct fixture fx;
    const struct xfsm_steps *post;

    (void) state;
    /* expression="true ". */
    load_file(&fx, "conf_modbus2.xml");
    assert_false(fx.program->source_live);
    assert_int_equal(fx.program->events[0].handlers[0].conditions[0].expr
                     ->kind, XFSM_EX_NUMBER);
    fixture_free(&fx);

    /* "m1.reset() m2.reset()". */
    load_file(&fx, "conf_modbus4-2.xml");
    fixture_assert_says(&fx, XFSM_DIAG_WARNING, "a \";\" is missing before");
    post = &fx.program->events[1].handlers[3].post;
    assert_int_equal(post->n_actions, 2);
    assert_int_equal(post->actions[0].kind, XFSM_AC_RESET);
    assert_int_equal(post->actions[0].index, 0);
    assert_int_equal(post->actions[0].key.n, 0);
    assert_int_equal(post->actions[1].index, 1);
    fixture_free(&fx);

    /* A table without a key type; "and" binds tighter than "or". */
    load_file(&fx, "conf_modbus5.xml");
    assert_int_equal(fx.program->tables[0].size, 20);
    assert_int_equal(fx.program->tables[0].key.n, 1);
    assert_int_equal(fx.program->tables[0].key.fields[0], XFSM_F_IP_DST);
    assert_int_equal(fx.program->events[1].selector->kind, XFSM_SEL_OR);
    assert_int_equal(fx.program->events[1].selector->b->kind, XFSM_SEL_AND);
    post = &fx.program->events[0].handlers[0].post;
    assert_int_equal(post->n_actions, 3);
    assert_int_equal(post->actions[1].kind, XFSM_AC_TABLE_SET);
    fixture_free(&fx);
}

static void
test_warnings(void **state)
{
    struct fixture fx;
    const struct xfsm_program *p;
    const struct xfsm_action *action;

    (void) state;
    load_file(&fx, "config_4.xml");
    fixture_assert_says(&fx, XFSM_DIAG_WARNING, "mentions metric \"m4\"");
    assert_int_equal(fx.program->events[2].selector->b->value, 0x12);
    fixture_free(&fx);

    load_file(&fx, "config_6.xml");
    fixture_assert_says(&fx, XFSM_DIAG_WARNING, "see Block");
    action = &fx.program->events[0].handlers[2].conditions[0].steps
             .actions[1];
    assert_int_equal(action->kind, XFSM_AC_EXEC);
    assert_string_equal(action->label, "exec");
    assert_int_equal(action->text.n, 3);
    fixture_free(&fx);

    /* A monitor with a window and no type; a state with a timeout. */
    load_file(&fx, "config_cede_v4.tables.xml");
    p = fx.program;
    fixture_assert_says(&fx, XFSM_DIAG_WARNING, "<additional_block>");
    fixture_assert_says(&fx, XFSM_DIAG_NOTE, "(\"tewma\") is meant");
    assert_int_equal(p->metrics[0].vm_type, XFSM_MON_TEWMA);
    assert_int_equal(p->states[1].timeout, 60 * S);
    assert_int_equal(p->states[1].timeout_state, 0);
    assert_int_equal(p->tables[1].key.fields[0], XFSM_F_DOMAIN_NAME);
    assert_int_equal(p->events[1].selector->b->field, XFSM_F_DNS_RCODE);
    assert_int_equal(p->events[1].handlers[1].post.n_actions, 2);
    assert_int_equal(p->events[1].handlers[1].post.actions[0].kind,
                     XFSM_AC_SUSPECT);
    assert_int_equal(p->events[1].handlers[1].post.actions[1].kind,
                     XFSM_AC_EXPORT);
    fixture_free(&fx);

    load_file(&fx, "config_dnsorphan_http2.xml");
    fixture_assert_says(&fx, XFSM_DIAG_WARNING, "asks for nothing");
    fixture_free(&fx);

    /* Metrics that are not declared: the lines have no effect. */
    load_file(&fx, "config_dnstun.xml");
    p = fx.program;
    fixture_assert_says(&fx, XFSM_DIAG_WARNING, "\"pktlen\" is not declared");
    fixture_assert_says(&fx, XFSM_DIAG_WARNING,
                        "\"dns_traffic_per_domain\" is not declared");
    fixture_assert_says(&fx, XFSM_DIAG_WARNING,
                        "\"%DnsTrafficDomain\" names nothing");
    assert_true(p->metrics[1].vm_insert_is_field);
    assert_int_equal(p->metrics[1].vm_insert_field, XFSM_F_IP_LEN);
    assert_int_equal(p->events[2].handlers[0].n_uses, 2);
    fixture_free(&fx);
}

static void
test_plot(void **state)
{
    struct fixture fx;
    const struct xfsm_program *p;
    const struct xfsm_action *action;

    (void) state;
    load_file(&fx, "config_plot_prova_4_features.xml");
    p = fx.program;
    fixture_assert_says(&fx, XFSM_DIAG_WARNING, "taken as \"dst_port\"");
    fixture_assert_says(&fx, XFSM_DIAG_WARNING, "\"|\" joins the fields");
    assert_int_equal(p->events[2].handlers[2].uses[0].vd_set.n, 3);
    assert_int_equal(p->events[2].handlers[2].uses[0].vd_set.fields[2],
                     XFSM_F_DST_PORT);
    action = p->events[0].handlers[0].conditions[0].steps.actions;
    assert_int_equal(action->kind, XFSM_AC_PLOT);
    assert_string_equal(action->label, "feature");
    assert_int_equal(action->text.n, 10);
    assert_string_equal(action->text.parts[0].literal, "test_plot ");
    assert_int_equal(action->text.parts[1].kind, XFSM_TX_FIELD);
    assert_int_equal(action->text.parts[9].kind, XFSM_TX_FEATURE);
    assert_int_equal(action->text.parts[9].index, 3);
    fixture_free(&fx);
}

static void
test_ddos(void **state)
{
    struct fixture fx;
    const struct xfsm_program *p;
    const struct xfsm_condition *c;

    (void) state;
    load_file(&fx, "config_ddos-stat.xml");
    assert_int_equal(fx.program->metrics[1].vm_type, XFSM_MON_SIMPLE);
    assert_int_equal(fx.program->metrics[0].vm_window, 60 * S);
    fixture_free(&fx);

    load_file(&fx, "config_ddos.xml");
    p = fx.program;
    c = p->events[1].handlers[0].conditions;
    assert_int_equal(c[0].expr->op, XFSM_OP_AND);
    assert_int_equal(c[0].expr->args[1]->op, XFSM_OP_NOT);
    assert_int_equal(c[0].expr->args[1]->args[0]->kind, XFSM_EX_TABLE);
    assert_int_equal(c[0].steps.n_actions, 2);
    assert_int_equal(c[0].steps.actions[0].text.n, 4);
    assert_string_equal(c[0].steps.actions[0].text.parts[2].literal, "->");
    assert_int_equal(c[0].steps.actions[1].kind, XFSM_AC_TABLE_SET);
    assert_int_equal(c[0].steps.actions[1].op, XFSM_OP_EQ);
    fixture_free(&fx);
}

static void
test_text(void **state)
{
    struct fixture fx;
    const struct xfsm_text *text;

    (void) state;
    load_file(&fx, "config_DNS_SRFG_1.xml");
    text = &fx.program->events[0].handlers[0].conditions[0].steps.actions[0]
           .text;
    assert_int_equal(text->n, 17);
    assert_int_equal(text->parts[0].kind, XFSM_TX_TS);
    assert_int_equal(text->parts[2].kind, XFSM_TX_CLIENT_ID);
    assert_int_equal(text->parts[4].kind, XFSM_TX_STATE_CODE);
    assert_int_equal(text->parts[6].kind, XFSM_TX_STATE_LEVEL);
    assert_string_equal(text->parts[7].literal, " \"");
    assert_int_equal(text->parts[8].kind, XFSM_TX_STATE_DESCRIPTION);
    assert_string_equal(text->parts[9].literal, "\" ip_src=");
    assert_int_equal(text->parts[16].kind, XFSM_TX_FEATURE);
    fixture_free(&fx);
}

#define STATES "<statedef id=\"a\"/><statedef id=\"b\"/>"
#define PACKET(ATTRS, LINES) \
    "<event type=\"packet\" primary-key=\"ip_src\" " ATTRS ">" \
    "<state id=\"a\">" LINES "</state></event>"

/* A timeout event that names no class, but a selector. */
static void
test_timeout_without_class(void **state)
{
    struct fixture fx;

    (void) state;
    fixture_load(&fx, "<botstream>" STATES
                 "<event type=\"timeout\" selector=\" proto tcp\" "
                 "primary-key=\"ip_src\"><state id=\"b\"/></event>"
                 PACKET("selector=\"proto tco and dst_port 502\"", "")
                 "</botstream>");
    fixture_assert_loaded(&fx, false);
    assert_int_equal(fixture_count(&fx, XFSM_DIAG_WARNING), 3);
    assert_int_equal(fx.program->n_classes, 0);
    assert_int_equal(fx.program->n_events, 1);
    assert_int_equal(fx.program->events[0].type, XFSM_EV_PACKET);
    assert_int_equal(fx.program->events[0].selector->a->value, 6);
    fixture_free(&fx);
}

/* Timers that no event handles; resets without parentheses; a table's dump;
 * a raw event without text. */
static void
test_loose_actions(void **state)
{
    struct fixture fx;
    const struct xfsm_handler *h;

    (void) state;
    fixture_load(&fx, "<streamon>" STATES
                 "<metric name=\"m1\"><variation_monitor status=\"on\"/>"
                 "</metric>"
                 PACKET("", "<condition expression=\"true\" "
                        "action='Publish(raw, \\\"\\\");print_tab,"
                        "m1.reset() m1.reset' next_state = \"b\">"
                        "<timeout_set class=\"none\" key=\"ip_src\" "
                        "value=\"3\" primary-key=\"\"/></condition>")
                 "</streamon>");
    fixture_assert_loaded(&fx, false);
    assert_int_equal(fixture_count(&fx, XFSM_DIAG_WARNING), 3);
    h = &fx.program->events[0].handlers[0];
    assert_int_equal(h->conditions[0].steps.n_timeouts, 0);
    assert_int_equal(h->conditions[0].steps.n_actions, 3);
    assert_int_equal(h->conditions[0].steps.actions[0].kind,
                     XFSM_AC_PUBLISH_RAW);
    assert_string_equal(h->conditions[0].steps.actions[0].label, "raw");
    fixture_free(&fx);
}

/* Selectors and texts over several lines; "gt" and "lt"; states declared
 * later; a state without conditions. */
static void
test_loose_layout(void **state)
{
    struct fixture fx;

    (void) state;
    fixture_load(&fx, "\n<botstream>"
                 "<statedef id=\"a\"/><statedef id=\"w\" timeout=\"10\" "
                 "next_state=\"z\"/>"
                 PACKET("selector=\"proto tcp and dst_port 502\n\t or "
                        "src_port &gt; 1023\"",
                        "<use-metric id=\"m\" vm_update=\"ip_src\"/>"
                        "<condition expression=\"f gt 0.2 and (f lt 5)\n\""
                        " action=\"print(f: %%f \\tdone\\n)\"/>"
                        "<post-condition-action do= \"\"/>")
                 "<features><feature name=\"f\" body=\"m\"/></features>"
                 "<metrics><metric name=\"m\"><variation_monitor "
                 "status =\"on\" type=\"tewma\" window=\"0.1\" "
                 "life=\"0.01\"/></metric></metrics>"
                 "<statedef id=\"z\" timeout=\"60\"/>"
                 "</botstream>");
    fixture_assert_loaded(&fx, false);
    assert_int_equal(fixture_count(&fx, XFSM_DIAG_WARNING), 0);
    assert_int_equal(fx.program->states[1].timeout_state, 2);
    assert_int_equal(fx.program->metrics[0].vm_window, S / 10);
    assert_int_equal(fx.program->events[0].selector->kind, XFSM_SEL_OR);
    fixture_free(&fx);
}

/* What has no status is off, as if it were not there. */
static void
test_left_out_is_off(void **state)
{
    struct fixture fx;

    (void) state;
    fixture_load(&fx, "<botstream>" STATES "<metric name=\"m\">"
                 "<variation_detector size=\"20\"/><variation_monitor "
                 "type=\"dleft\"/></metric>" PACKET("", "")
                 "</botstream>");
    fixture_assert_loaded(&fx, false);
    assert_false(fx.program->metrics[0].vd_on);
    assert_false(fx.program->metrics[0].vm_on);
    fixture_free(&fx);
}

static void
test_attack_type(void **state)
{
    struct fixture fx;

    (void) state;
    fixture_load(&fx, "<botstream>" STATES
                 PACKET("attack_type=\"dos\"", "") "</botstream>");
    fixture_assert_loaded(&fx, true);
    fixture_free(&fx);
}

/* The fields that the original had, by its names. */
static void
test_fields(void **state)
{
    static const struct {
        const char *name;
        enum xfsm_field_id field;
    } names[] = {
        { "ip_src", XFSM_F_IP_SRC }, { "ip_dst", XFSM_F_IP_DST },
        { "src_port", XFSM_F_SRC_PORT }, { "dst_port", XFSM_F_DST_PORT },
        { "proto", XFSM_F_PROTO }, { "flags", XFSM_F_TCP_FLAGS },
        { "domain_name", XFSM_F_DOMAIN_NAME },
        { "domain_addr", XFSM_F_DOMAIN_ADDR },
        { "domain_second_level", XFSM_F_DOMAIN_SECOND_LEVEL },
        { "http_url", XFSM_F_HTTP_URL },
        { "http_method", XFSM_F_HTTP_METHOD },
        { "http_host", XFSM_F_HTTP_HOST },
        { "modbus_ti", XFSM_F_MODBUS_TI }, { "modbus_fc", XFSM_F_MODBUS_FC },
        { "packet_no", XFSM_F_PACKET_NO }, { "ip_len", XFSM_F_IP_LEN },
    };
    size_t i;

    (void) state;
    for (i = 0; i < sizeof names / sizeof names[0]; i++) {
        const struct xfsm_action *action;
        struct fixture fx;

        fixture_load(&fx, "<botstream>" STATES "<event type=\"packet\" "
                     "primary-key=\"%s\"><state id=\"a\"><condition "
                     "expression=\"1\" action=\"print(%%%s)\"/></state>"
                     "</event></botstream>", names[i].name, names[i].name);
        fixture_assert_loaded(&fx, true);
        assert_int_equal(fx.program->events[0].primary.fields[0],
                         names[i].field);
        action = fx.program->events[0].handlers[0].conditions[0].steps
                 .actions;
        assert_int_equal(action->text.parts[0].kind, XFSM_TX_FIELD);
        assert_int_equal(action->text.parts[0].index, names[i].field);
        fixture_free(&fx);
    }
}

/* The length on the wire: neither what was captured of the frame, nor what
 * the IP header states. */
static void
test_ip_len(void **state)
{
    struct eh_packets packets = { 0, 0, NULL };
    struct xfsm_packet packet = { .ts = EH_EPOCH, .len = 1514 };
    uint8_t frame[100];
    struct eh eh;

    (void) state;
    packet.data = frame;
    packet.caplen = (uint32_t) pb_tcp_frame(frame, sizeof frame, "10.0.0.1",
                                            1, "10.0.0.2", 80, PB_SYN, NULL);
    eh_packets_add(&packets, &packet);
    eh_init(&eh);
    eh_load(&eh, "p", EH_PROGRAM(EH_STATE("a") EH_ON("ip_len 1514", "ip_src",
            EH_IN("a", EH_IF("ip_len == 1514", "print(%ip_len)", "")))));
    eh_run(&eh, &packets, 1);
    eh_expect(&eh, "0 log 1514", NULL);
    eh_free(&eh);
    eh_packets_free(&packets);
}

/* Of a condition: its timers in order, then its actions in order, then its
 * next state, then what is done last. */
static void
test_order_of_steps(void **state)
{
    struct eh eh;

    (void) state;
    eh_init(&eh);
    eh_load(&eh, "p", EH_PROGRAM(
        EH_STATE("a") EH_STATE("b") EH_TABLE("t")
        EH_TIMEOUT("c", EH_IN("a", EH_IF("true", "print(in a)", ""))
                   EH_IN("b", EH_IF("true", "print(in b %t(ip_src))", "a")))
        EH_ON("", "ip_src",
              EH_IN("a", EH_IF_SET("true", "print(%t(ip_src)); t(ip_src)=1; "
                                   "print(%t(ip_src))", "b",
                                   EH_TIMER("c", "ip_src", "1")
                                   EH_TIMER("c", "ip_src", "0")
                                   EH_TIMER("c", "ip_src", "2"))
                    EH_POST("print(post)")))));
    eh_syn(&eh, 0, "10.0.0.1", "10.0.0.2", 80);
    eh_advance(&eh, 2);
    eh_expect(&eh, "0 log 0", "0 log 1", "0 log post", "2 log in b 1", NULL);
    eh_free(&eh);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_counts),
        cmocka_unit_test(test_all_listed),
        cmocka_unit_test(test_portscan),
        cmocka_unit_test(test_modbus),
        cmocka_unit_test(test_warnings),
        cmocka_unit_test(test_plot),
        cmocka_unit_test(test_ddos),
        cmocka_unit_test(test_text),
        cmocka_unit_test(test_timeout_without_class),
        cmocka_unit_test(test_loose_actions),
        cmocka_unit_test(test_loose_layout),
        cmocka_unit_test(test_left_out_is_off),
        cmocka_unit_test(test_attack_type),
        cmocka_unit_test(test_fields),
        cmocka_unit_test(test_ip_len),
        cmocka_unit_test(test_order_of_steps),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
