/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

/* The loader: what each element and attribute becomes in the model, what is
 * said of wrong ones, and where. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/program-fixture.h"

#define S UINT64_C(1000000000)

/* An event that makes a document complete. */
#define EVENT \
    "<event type=\"packet\" primary-key=\"ip_src\"><state id=\"a\"/></event>"
#define STATE "<statedef id=\"a\"/>"

/* A document with one metric that has 'MONITOR'. */
#define METRIC(MONITOR) \
    "<xfsm>" STATE "<metric name=\"m\">" MONITOR "</metric>" EVENT "</xfsm>"

static void
refuse(const char *doc, int line, const char *what)
{
    struct fixture fx;

    fixture_load(&fx, "%s", doc);
    fixture_assert_error(&fx, line, what);
    fixture_free(&fx);
}

/* Loads 'doc', of which 'what' is said at 'level'. */
static void
says(const char *doc, enum xfsm_diag_level level, const char *what)
{
    struct fixture fx;

    fixture_load(&fx, "%s", doc);
    fixture_assert_loaded(&fx, false);
    fixture_assert_says(&fx, level, what);
    fixture_free(&fx);
}

static void
test_minimal(void **state)
{
    struct fixture fx;
    const struct xfsm_program *p;

    (void) state;
    fixture_load(&fx, "<botstream>" STATE EVENT "</botstream>");
    fixture_assert_loaded(&fx, true);
    p = fx.program;
    assert_string_equal(p->name, "doc");
    assert_string_equal(p->version, "");
    assert_string_equal(p->description, "");
    assert_null(p->source_name);
    assert_null(p->publisher_endpoint);
    assert_int_equal(p->n_states, 1);
    assert_int_equal(p->n_events, 1);
    assert_int_equal(p->events[0].type, XFSM_EV_PACKET);
    assert_null(p->events[0].selector);
    assert_int_equal(p->events[0].primary.n, 1);
    assert_int_equal(p->events[0].primary.fields[0], XFSM_F_IP_SRC);
    assert_int_equal(p->events[0].n_handlers, 1);
    assert_string_equal(p->events[0].handlers[0].level, "");
    fixture_free(&fx);

    fixture_load(&fx, "\xef\xbb\xbf<?xml version=\"1.0\" "
                 "encoding=\"utf-8\"?>\n<streamon>" STATE EVENT
                 "</streamon>");
    fixture_assert_loaded(&fx, true);
    fixture_free(&fx);
    fixture_load(&fx, "<?xml version='1.0' encoding='ISO-8859-1'?>"
                 "<streamon>" STATE EVENT "</streamon>");
    fixture_assert_loaded(&fx, true);
    fixture_free(&fx);
}

static void
test_dialect2(void **state)
{
    struct fixture fx;

    (void) state;
    fixture_load(&fx, "<xfsm name=\"scan\" version=\"1.2\" description=\"a "
                 "&lt;b&gt; &amp; &#233;\">"
                 STATE EVENT "</xfsm>");
    fixture_assert_loaded(&fx, true);
    assert_string_equal(fx.program->name, "scan");
    assert_string_equal(fx.program->version, "1.2");
    assert_string_equal(fx.program->description, "a <b> & \xc3\xa9");
    fixture_free(&fx);

    fixture_load(&fx, "<xfsm>" STATE EVENT "</xfsm>");
    fixture_assert_loaded(&fx, true);
    assert_string_equal(fx.program->name, "doc");
    fixture_free(&fx);

    refuse("<xfsm name=\"a b\">" STATE EVENT "</xfsm>", 1, "is not a name");
    refuse("<xfsm nam=\"a\">" STATE EVENT "</xfsm>", 1,
           "did you mean \"name\"?");
    refuse("<xfsm>" STATE EVENT "\n<param name=\"x\"/></xfsm>", 2,
           "<param> is of dialect 2 and not implemented yet");
    refuse("<xfsm>" STATE "<metric name=\"m\" memory=\"1\"/>" EVENT
           "</xfsm>", 1, "\"memory\" is of dialect 2");
    refuse("<xfsm>" STATE "<event type=\"start\"><state id=\"a\"/></event>"
           "</xfsm>", 1, "type \"start\" is of dialect 2");
    refuse(METRIC("<variation_monitor status=\"on\" type=\"topk\"/>"), 1,
           "type \"topk\" is of dialect 2");
    refuse("<xfsm>" STATE "<event type=\"timeout\"><state id=\"a\"/></event>"
           "</xfsm>", 1, "without a class can never fire");
}

static void
test_root(void **state)
{
    (void) state;
    refuse("<botstram/>", 1, "did you mean <botstream>?");
    refuse("\n\n<html/>", 3, "<html> is not the root of a program");
    refuse("<botstream/>", 1, "no state is declared");
    refuse("<botstream/>", 1, "no <event>");
    refuse("<botstream>\n hello <statedef id=\"a\"/></botstream>", 1,
           "text in <botstream> has no meaning: \"hello\"");
}

static void
test_states(void **state)
{
    struct fixture fx;
    const struct xfsm_state *s;

    (void) state;
    fixture_load(&fx, "<xfsm><statedef id=\"n\"/>"
                 "<statedef id=\"w\" timeout=\"1.5\" next_state=\"s\"/>\n"
                 "<statedef id=\"s\" timeout=\"60\"/>"
                 "<event type=\"packet\" primary-key=\"ip_src\">"
                 "<state id=\"s\" level=\"LOW\" code=\"A1\" "
                 "description=\"x &quot;y&quot;\"/></event></xfsm>");
    fixture_assert_loaded(&fx, true);
    s = fx.program->states;
    assert_int_equal(fx.program->n_states, 3);
    assert_string_equal(s[0].name, "n");
    assert_int_equal(s[0].timeout, 0);
    assert_int_equal(s[1].timeout, 3 * S / 2);
    assert_int_equal(s[1].timeout_state, 2);
    assert_int_equal(s[1].line, 1);
    assert_int_equal(s[2].timeout, 60 * S);
    assert_int_equal(s[2].timeout_state, 0);
    assert_int_equal(s[2].line, 2);
    assert_int_equal(fx.program->events[0].handlers[0].state, 2);
    assert_string_equal(fx.program->events[0].handlers[0].level, "LOW");
    assert_string_equal(fx.program->events[0].handlers[0].code, "A1");
    assert_string_equal(fx.program->events[0].handlers[0].description,
                        "x \"y\"");
    fixture_free(&fx);

    refuse("<xfsm>" STATE "\n" STATE EVENT "</xfsm>", 2,
           "<statedef> \"a\" is declared before, on line 1");
    refuse("<xfsm>" STATE "\n<statedef/>" EVENT "</xfsm>", 2,
           "attribute \"id\" is missing or empty");
    refuse("<xfsm>" STATE "\n<statedef id=\"b c\"/>" EVENT "</xfsm>", 2,
           "\"b c\" is not a name");
    refuse("<xfsm>" STATE "\n<statedef id=\"b\" timeout=\"soon\"/>" EVENT
           "</xfsm>", 2, "\"soon\" is not a number of seconds");
    refuse("<xfsm>" STATE "\n<statedef id=\"b\" timeout=\"-1\"/>" EVENT
           "</xfsm>", 2, "\"-1\" is not a number of seconds");
    refuse("<xfsm>" STATE "\n<statedef id=\"b\" timeout=\"1e30\"/>" EVENT
           "</xfsm>", 2, "is not a number of seconds");
    refuse("<xfsm>" STATE "\n<statedef id=\"b\" timeout=\"1\" "
           "next_state=\"c\"/>" EVENT "</xfsm>", 2,
           "state \"c\" is not declared");
    says("<xfsm>" STATE "<statedef id=\"b\" next_state=\"a\"/>" EVENT
         "</xfsm>", XFSM_DIAG_WARNING, "no effect without \"timeout\"");
    says("<xfsm><statedef id=\"a\" timeout=\"1\"/>" EVENT "</xfsm>",
         XFSM_DIAG_WARNING, "its timeout has no effect");
}

static void
test_metrics(void **state)
{
    struct fixture fx;
    const struct xfsm_metric *m;

    (void) state;
    fixture_load(&fx,
                 "<xfsm>" STATE "<metrics>"
                 "<metric name=\"m1\"><variation_detector status=\"on\" "
                 "size=\"16\" nhash=\"4\" reset_after=\"60\" slave=\"m3\"/>"
                 "<variation_monitor status=\"off\"/></metric></metrics>"
                 "<metric name=\"m2\"><variation_monitor status=\"on\" "
                 "type=\"tewma\" time_window=\"10.5\" size=\"12\" nhash=\"3\""
                 " insert_value=\"ip_len\"/></metric>"
                 "<metrics><metric name=\"m3\"><variation_detector "
                 "status=\"on\"/><variation_monitor status=\"on\" "
                 "type=\"simple\" insert_value=\"-2.5\"/></metric>"
                 "<metric name=\"m4\"/></metrics>" EVENT "</xfsm>");
    fixture_assert_loaded(&fx, true);
    assert_int_equal(fx.program->n_metrics, 4);
    m = fx.program->metrics;
    assert_true(m[0].vd_on);
    assert_false(m[0].vm_on);
    assert_int_equal(m[0].vd_size, 16);
    assert_int_equal(m[0].vd_nhash, 4);
    assert_int_equal(m[0].vd_reset_after, 60 * S);
    assert_int_equal(m[0].vd_slave, 2);
    assert_false(m[1].vd_on);
    assert_true(m[1].vm_on);
    assert_int_equal(m[1].vm_type, XFSM_MON_TEWMA);
    assert_int_equal(m[1].vm_window, 10500000000);
    assert_int_equal(m[1].vm_size, 12);
    assert_true(m[1].vm_insert_is_field);
    assert_int_equal(m[1].vm_insert_field, XFSM_F_IP_LEN);
    assert_int_equal(m[1].vd_slave, XFSM_NONE);
    assert_int_equal(m[2].vm_type, XFSM_MON_SIMPLE);
    assert_false(m[2].vm_insert_is_field);
    assert_true(m[2].vm_insert_value == -2.5);
    assert_int_equal(m[2].vd_size, 20);
    assert_int_equal(m[2].vd_nhash, 8);
    assert_false(m[3].vd_on);
    assert_false(m[3].vm_on);
    assert_true(m[3].vm_insert_value == 1);
    fixture_free(&fx);
}

static void
test_monitor_types(void **state)
{
    static const struct {
        const char *attrs;
        enum xfsm_monitor_type type;
        int notes;
    } types[] = {
        { "", XFSM_MON_DLEFT, 0 },
        { "type=\"dleft\"", XFSM_MON_DLEFT, 0 },
        { "type=\"DLeft\"", XFSM_MON_DLEFT, 0 },
        { "type=\"tewma\"", XFSM_MON_TEWMA, 0 },
        { "type=\"tewma-fast\" window=\"60\"", XFSM_MON_TEWMA, 0 },
        { "type=\"simple\"", XFSM_MON_SIMPLE, 0 },
        { "window=\"60\"", XFSM_MON_TEWMA, 1 },
        { "time_window=\"60\"", XFSM_MON_TEWMA, 1 },
        { "type=\"tewma\" window=\"6\"", XFSM_MON_TEWMA, 1 },
        { "type=\"tewma\" window=\"6.000001\"", XFSM_MON_TEWMA, 0 },
        { "type=\"dleft\" window=\"60\"", XFSM_MON_DLEFT, 1 },
        { "window=\"\" type=\"\" insert_value=\"\"", XFSM_MON_DLEFT, 0 },
    };
    size_t i;

    (void) state;
    for (i = 0; i < sizeof types / sizeof types[0]; i++) {
        struct fixture fx;

        fixture_load(&fx, METRIC("<variation_monitor status=\"on\" %s/>"),
                     types[i].attrs);
        fixture_assert_loaded(&fx, types[i].notes == 0);
        assert_int_equal(fixture_count(&fx, XFSM_DIAG_NOTE),
                         types[i].notes);
        assert_int_equal(fx.program->metrics[0].vm_type, types[i].type);
        fixture_free(&fx);
    }
    says(METRIC("<variation_monitor status=\"on\" type=\"tewma\" "
                "window=\"5\"/>"), XFSM_DIAG_NOTE, "exp(-1/window)");
}

static void
test_metric_errors(void **state)
{
    (void) state;
    refuse(METRIC("\n<variation_detector status=\"yes\"/>"), 2,
           "\"yes\" is neither \"on\" nor \"off\"");
    refuse(METRIC("\n<variation_detector size=\"big\"/>"), 2,
           "\"big\" is not an integer from 6 to 28");
    refuse(METRIC("\n<variation_detector slave=\"x\"/>"), 2,
           "\"x\" is not a metric");
    refuse(METRIC("\n<variation_detector slave=\"m\"/>"), 2,
           "cannot be its own slave");
    refuse(METRIC("\n<variation_detector/>\n<variation_detector/>"), 3,
           "a second <variation_detector>");
    refuse(METRIC("\n<variation_monitor type=\"tewmaa\"/>"), 2,
           "did you mean \"tewma\"?");
    refuse(METRIC("\n<variation_monitor window=\"0\"/>"), 2,
           "a window of 0 s");
    refuse(METRIC("\n<variation_monitor window=\"1\" time_window=\"2\"/>"),
           2, "\"time_window\" is another name of \"window\"");
    refuse(METRIC("\n<variation_monitor insert_value=\"ip_lenn\"/>"), 2,
           "did you mean \"ip_len\"?");
    refuse(METRIC("\n<variation_monitor insert_value=\"ip_src\"/>"), 2,
           "\"ip_src\" is not a number");
    refuse("<xfsm>" STATE "<metric name=\"m-1\"/>" EVENT "</xfsm>", 1,
           "\"m-1\" is not a name");
    refuse("<xfsm>" STATE "<metric name=\"and\"/>" EVENT "</xfsm>", 1,
           "\"and\" is not a name");
    refuse("<xfsm>" STATE "<metric name=\"1m\"/>" EVENT "</xfsm>", 1,
           "\"1m\" is not a name");
    refuse("<xfsm>" STATE "<metric name=\"m\"/><metrics><metric "
           "name=\"m\"/></metrics>" EVENT "</xfsm>", 1, "declared before");
    says("<xfsm>" STATE "<metric name=\"m\"><variation_detector "
         "status=\"on\" slave=\"n\"/></metric><metric name=\"n\"/>" EVENT
         "</xfsm>", XFSM_DIAG_WARNING, "the detector of \"n\" is off");
}

/* Sizes beyond what the engine can do are brought within, with a warning. */
static void
test_clamps(void **state)
{
    static const struct {
        const char *element;
        unsigned int vd_size, vd_nhash, vm_size;
        bool warns;
    } sizes[] = {
        { "<variation_detector size=\"6\" nhash=\"1\"/>", 6, 1, 20, false },
        { "<variation_detector size=\"5\"/>", 6, 8, 20, true },
        { "<variation_detector size=\"28\" nhash=\"16\"/>", 28, 16, 20,
          false },
        { "<variation_detector size=\"29\"/>", 28, 8, 20, true },
        { "<variation_detector nhash=\"0\"/>", 20, 1, 20, true },
        { "<variation_detector nhash=\"17\"/>", 20, 16, 20, true },
        { "<variation_monitor size=\"3\"/>", 20, 8, 3, false },
        { "<variation_monitor size=\"2\"/>", 20, 8, 3, true },
        { "<variation_monitor size=\"26\"/>", 20, 8, 26, false },
        { "<variation_monitor size=\"27\"/>", 20, 8, 26, true },
    };
    struct fixture fx;
    size_t i;

    (void) state;
    for (i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        fixture_load(&fx, METRIC("%s"), sizes[i].element);
        fixture_assert_loaded(&fx, !sizes[i].warns);
        assert_int_equal(fixture_count(&fx, XFSM_DIAG_WARNING),
                         sizes[i].warns);
        assert_int_equal(fx.program->metrics[0].vd_size, sizes[i].vd_size);
        assert_int_equal(fx.program->metrics[0].vd_nhash,
                         sizes[i].vd_nhash);
        assert_int_equal(fx.program->metrics[0].vm_size, sizes[i].vm_size);
        fixture_free(&fx);
    }
}

static void
test_tables(void **state)
{
    struct fixture fx;
    const struct xfsm_table *t;

    (void) state;
    fixture_load(&fx, "<xfsm>" STATE
                 "<table name=\"t\" type=\"Map\" key_type=\"\" "
                 "value_type=\"double\" nhash=\"8\" shash=\"3\">"
                 "<entry key=\"10.0.0.1\" value=\"1\"/>"
                 "<entry key=\"10.0.0.2-80\" value=\"-0x10\"/></table>"
                 "<metrics><table name=\"u\"/></metrics>"
                 "<event type=\"packet\" selector=\"ip_src in t and "
                 "ip_dst-src_port in u\" primary-key=\"ip_src\">"
                 "<state id=\"a\"/></event></xfsm>");
    fixture_assert_loaded(&fx, true);
    assert_int_equal(fx.program->n_tables, 2);
    t = fx.program->tables;
    assert_int_equal(t[0].size, 3);
    assert_int_equal(t[0].n_entries, 2);
    assert_string_equal(t[0].entries[0].key, "10.0.0.1");
    assert_true(t[0].entries[0].value == 1);
    assert_string_equal(t[0].entries[1].key, "10.0.0.2-80");
    assert_true(t[0].entries[1].value == -16);
    assert_int_equal(t[0].key.n, 1);
    assert_int_equal(t[1].key.n, 2);
    assert_int_equal(t[1].key.fields[1], XFSM_F_SRC_PORT);
    assert_int_equal(t[1].size, 20);
    fixture_free(&fx);
}

static void
test_table_errors(void **state)
{
#define TABLE(ATTRS, ENTRIES) \
    "<xfsm>" STATE "<table name=\"t\" " ATTRS ">" ENTRIES "</table>" EVENT \
    "</xfsm>"
    (void) state;
    refuse(TABLE("type=\"List\"", ""), 1, "unknown type \"List\"");
    refuse(TABLE("", "\n<entry key=\"a\" value=\"x\"/>"), 2,
           "\"x\" is not a number");
    refuse(TABLE("", "\n<entry value=\"1\"/>"), 2, "\"key\" is missing");
    refuse(TABLE("", "\n<entry key=\"a\"/>"), 2, "\"value\" is missing");
    refuse(TABLE("", "<entry key=\"a\" value=\"1\"/>\n<entry key=\"b\" "
                 "value=\"1\"/>\n<entry key=\"a\" value=\"2\"/>"), 3,
           "key \"a\" is in the table already, on line 1");
    says(TABLE("shash=\"27\"", ""), XFSM_DIAG_WARNING, "26 is used");
    says(TABLE("value_type=\"string\"", ""), XFSM_DIAG_WARNING,
         "values are numbers here");
    says(TABLE("key_type=\"ip\"", ""), XFSM_DIAG_NOTE, "has no effect");
    says(TABLE("", ""), XFSM_DIAG_NOTE, "the table is never used");
    says(TABLE("shash=\"3\"",
               "<entry key=\"1\" value=\"1\"/><entry key=\"2\" value=\"1\"/>"
               "<entry key=\"3\" value=\"1\"/><entry key=\"4\" value=\"1\"/>"
               "<entry key=\"5\" value=\"1\"/><entry key=\"6\" value=\"1\"/>"
               "<entry key=\"7\" value=\"1\"/><entry key=\"8\" value=\"1\"/>"),
         XFSM_DIAG_NOTE, "never used");
    refuse(TABLE("shash=\"3\"",
               "<entry key=\"1\" value=\"1\"/><entry key=\"2\" value=\"1\"/>"
               "<entry key=\"3\" value=\"1\"/><entry key=\"4\" value=\"1\"/>"
               "<entry key=\"5\" value=\"1\"/><entry key=\"6\" value=\"1\"/>"
               "<entry key=\"7\" value=\"1\"/><entry key=\"8\" value=\"1\"/>"
               "<entry key=\"9\" value=\"1\"/>"),
           1, "9 entries do not fit a table of 2^3");
#undef TABLE
}

static void
test_features(void **state)
{
    struct fixture fx;

    (void) state;
    /* In a body a name is a metric's first; elsewhere a feature's. */
    fixture_load(&fx, "<xfsm>" STATE "<metric name=\"m\"/><metric "
                 "name=\"n\"/><features><feature name=\"m\" body=\"m/n\"/>"
                 "<feature name=\"g\" body=\"2*h(ip_src)\"/></features>"
                 "<feature name=\"k\" body=\"g+1\"/>"
                 "<table name=\"h\"/>" EVENT "</xfsm>");
    fixture_assert_loaded(&fx, true);
    assert_int_equal(fx.program->n_features, 3);
    assert_int_equal(fx.program->features[0].body->args[0]->kind,
                     XFSM_EX_METRIC);
    assert_int_equal(fx.program->features[1].body->args[1]->kind,
                     XFSM_EX_TABLE);
    assert_int_equal(fx.program->features[2].body->args[0]->kind,
                     XFSM_EX_FEATURE);
    fixture_free(&fx);

    refuse("<xfsm>" STATE "\n<feature name=\"f\" body=\"m/2\"/>" EVENT
           "</xfsm>", 2, "unknown name \"m\"");
    refuse("<xfsm>" STATE "\n<feature name=\"f\" body=\"f+1\"/>" EVENT
           "</xfsm>", 2, "unknown name \"f\"");
    refuse("<xfsm>" STATE "\n<feature name=\"f\"/>" EVENT "</xfsm>", 2,
           "\"body\" is missing");
    refuse("<xfsm>" STATE "<feature name=\"f\" body=\"1\"/>\n"
           "<feature name=\"f\" body=\"2\"/>" EVENT "</xfsm>", 2,
           "<feature> \"f\" is declared before, on line 1");
}

static void
test_source_publisher(void **state)
{
    struct fixture fx;

    (void) state;
    fixture_load(&fx, "<xfsm><source type=\"trace\" name=\"/x/a.pcap\"/>"
                 "<publisher protocol=\"tcp\" ip=\"*\" port=\"5560\"/>"
                 STATE EVENT "</xfsm>");
    fixture_assert_loaded(&fx, true);
    assert_false(fx.program->source_live);
    assert_string_equal(fx.program->source_name, "/x/a.pcap");
    assert_string_equal(fx.program->publisher_endpoint, "tcp://*:5560");
    fixture_free(&fx);
    fixture_load(&fx, "<xfsm><source type=\"live\" name=\"eth0\"/>"
                 "<publisher ip=\"127.0.0.1\" port=\"1\"/>"
                 STATE EVENT "</xfsm>");
    fixture_assert_loaded(&fx, true);
    assert_true(fx.program->source_live);
    assert_string_equal(fx.program->publisher_endpoint, "tcp://127.0.0.1:1");
    fixture_free(&fx);

    refuse("<xfsm><source type=\"file\" name=\"x\"/>" STATE EVENT "</xfsm>",
           1, "unknown type \"file\"");
    refuse("<xfsm><source name=\"x\"/>\n<source name=\"y\"/>" STATE EVENT
           "</xfsm>", 2, "a second <source>");
    refuse("<xfsm><publisher port=\"0\"/>" STATE EVENT "</xfsm>", 1,
           "\"0\" is not a port");
    refuse("<xfsm><publisher port=\"65536\"/>" STATE EVENT "</xfsm>", 1,
           "\"65536\" is not a port");
    refuse("<xfsm><publisher/>" STATE EVENT "</xfsm>", 1,
           "\"port\" is missing");
    refuse("<xfsm><publisher protocol=\"udp\" port=\"1\"/>" STATE EVENT
           "</xfsm>", 1, "protocol \"udp\" is not supported");
    refuse("<xfsm><publisher ip=\"a b\" port=\"1\"/>" STATE EVENT
           "</xfsm>", 1, "\"a b\" is not an address");
    says("<xfsm><source type=\"live\"/>" STATE EVENT "</xfsm>",
         XFSM_DIAG_WARNING, "a source without a name");
}

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
    event_says(HANDLER("<condition expression=\"true\"/>"
                       "<condition expression=\"true\"/>"),
               XFSM_DIAG_NOTE, "condition 1 always holds");
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

/* Repeats 'part', in which %d is a number, from 0 to n - 1. */
static char *
repeat(const char *part, int n)
{
    size_t size = (size_t) n * (strlen(part) + 16) + 1, len = 0;
    char *text = malloc(size);
    const char *mark = strstr(part, "%d");
    int before = mark ? (int) (mark - part) : (int) strlen(part), i;

    assert_non_null(text);
    text[0] = '\0';
    for (i = 0; i < n; i++) {
        len += (size_t) snprintf(text + len, size - len, "%.*s", before,
                                 part);
        if (mark) {
            len += (size_t) snprintf(text + len, size - len, "%d%s", i,
                                     mark + 2);
        }
    }
    return text;
}

/* Loads 'before', then 'n' times 'part', then 'after'.  Expects 'what' to be
 * refused, or no error if it is NULL. */
static void
limit(const char *before, const char *part, int n, const char *after,
      const char *what)
{
    char *middle = repeat(part, n);
    struct fixture fx;

    fixture_load(&fx, "%s%s%s", before, middle, after);
    if (what) {
        fixture_assert_error(&fx, 1, what);
    } else {
        fixture_assert_loaded(&fx, false);
    }
    fixture_free(&fx);
    free(middle);
}

/* Tries 'part' at the limit of 'n', and one past it. */
static void
limits(const char *before, const char *part, int n, const char *after,
       const char *what)
{
    limit(before, part, n, after, NULL);
    limit(before, part, n + 1, after, what);
}

static void
test_limits(void **state)
{
    const char *start = "<xfsm>" STATE;
    const char *end = EVENT "</xfsm>";
    const char *handler = "<xfsm><statedef id=\"a\"/><metric name=\"m\"/>"
        "<event type=\"timeout\" class=\"c\"><state id=\"a\"/></event>"
        "<event type=\"packet\" primary-key=\"ip_src\"><state id=\"a\">";
    const char *handler_end = "</state></event></xfsm>";
    char doc[4096];

    (void) state;
    limits("<xfsm>" STATE, "<statedef id=\"s%d\"/>", XFSM_MAX_STATES - 1,
           end, "too many <statedef> elements; the limit is 64");
    limits(start, "<metric name=\"m%d\"/>", XFSM_MAX_METRICS, end,
           "too many <metric> elements; the limit is 32");
    limits(start, "<feature name=\"f%d\" body=\"1\"/>", XFSM_MAX_FEATURES,
           end, "too many <feature> elements; the limit is 64");
    limits(start, "<table name=\"t%d\"/>", XFSM_MAX_TABLES, end,
           "too many <table> elements; the limit is 16");
    limits(start, EVENT, XFSM_MAX_EVENTS, "</xfsm>",
           "too many <event> elements; the limit is 64");
    limits(start, "<event type=\"timeout\" class=\"c%d\"><state id=\"a\"/>"
           "</event>", XFSM_MAX_EVENTS, "</xfsm>",
           "too many <event> elements; the limit is 64");
    limits(handler, "<use-metric id=\"m\" vm_get=\"len\"/>", XFSM_MAX_USES,
           handler_end, "33 <use-metric> elements; the limit is 32");
    limits(handler, "<condition expression=\"1\"/>", XFSM_MAX_CONDITIONS,
           handler_end, "33 <condition> elements; the limit is 32");
    snprintf(doc, sizeof doc, "%s<condition expression=\"1\">", handler);
    limits(doc, "<condition expression=\"1\"/>", XFSM_MAX_CONDITIONS - 1,
           "</condition></state></event></xfsm>",
           "33 <condition> elements; the limit is 32");
    limits(doc, "<timeout_set class=\"c\" key=\"ip_src\" value=\"1\"/>",
           XFSM_MAX_TIMEOUT_SETS, "</condition></state></event></xfsm>",
           "17 <timeout_set> elements; the limit is 16");

    limits("<xfsm>" STATE "<statedef id=\"", "x", XFSM_MAX_NAME,
           "\"/>" EVENT "</xfsm>", "is not a name");
    limits("<xfsm>" STATE "<table name=\"", "x", XFSM_MAX_NAME,
           "\"/>" EVENT "</xfsm>", "is not a name");
    limits("<xfsm>" STATE "<event type=\"packet\" primary-key=\"ip_src\">"
           "<state id=\"a\" level=\"", "x", XFSM_MAX_NAME,
           "\"/></event></xfsm>", "64 bytes; the limit is 63");
    limits("<xfsm>" STATE "<event type=\"packet\" primary-key=\"ip_src\">"
           "<state id=\"a\" description=\"", "x", XFSM_MAX_TEXT,
           "\"/></event></xfsm>", "1025 bytes; the limit is 1024");
    limits("<xfsm>" STATE "<event type=\"packet\" primary-key=\"ip_src",
           "-ip_src", XFSM_MAX_KEY_FIELDS - 1, "\"><state id=\"a\"/></event>"
           "</xfsm>", "more than 8 fields");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_minimal),
        cmocka_unit_test(test_dialect2),
        cmocka_unit_test(test_root),
        cmocka_unit_test(test_states),
        cmocka_unit_test(test_metrics),
        cmocka_unit_test(test_monitor_types),
        cmocka_unit_test(test_metric_errors),
        cmocka_unit_test(test_clamps),
        cmocka_unit_test(test_tables),
        cmocka_unit_test(test_table_errors),
        cmocka_unit_test(test_features),
        cmocka_unit_test(test_source_publisher),
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
        cmocka_unit_test(test_limits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
