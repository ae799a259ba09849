/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

/* The loader: what the root and declarations become in the model, and what is
 * said of wrong ones. */

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
    refuse("<botstream>" STATE EVENT "\n<param name=\"x\" default=\"1\"/>"
           "</botstream>", 2, "<param> is of dialect 2, whose root is <xfsm>");
    refuse("<xfsm>" STATE "<metric name=\"m\" memory=\"1\"/>" EVENT
           "</xfsm>", 1, "unknown attribute \"memory\"");
    refuse("<botstream>" STATE "<event type=\"start\"><state id=\"a\"/>"
           "</event></botstream>", 1, "type \"start\" is of dialect 2");
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

/* What is written down and off is hardly meant to be, but in dialect 1. */
static void
test_no_status(void **state)
{
#define NO_STATUS(ROOT, BODY) \
    "<" ROOT ">" STATE "<metric name=\"m\">" BODY "</metric>" EVENT \
    "</" ROOT ">"
    struct fixture fx;

    (void) state;
    fixture_load(&fx, NO_STATUS("xfsm", "<variation_monitor type=\"rate\"/>"));
    fixture_assert_loaded(&fx, false);
    fixture_assert_says(&fx, XFSM_DIAG_WARNING, "write status=\"on\"");
    fixture_free(&fx);
    fixture_load(&fx, NO_STATUS("xfsm", "<variation_detector status=\"\"/>"));
    fixture_assert_says(&fx, XFSM_DIAG_WARNING, "write status=\"on\"");
    fixture_free(&fx);
    fixture_load(&fx, NO_STATUS("xfsm", "<variation_detector status=\"off\"/>"
                                "<variation_monitor status=\"on\"/>"));
    fixture_assert_loaded(&fx, true);
    fixture_free(&fx);
    fixture_load(&fx, NO_STATUS("botstream", "<variation_detector/>"
                                "<variation_monitor/>"));
    fixture_assert_loaded(&fx, true);
    fixture_free(&fx);
#undef NO_STATUS
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

/* A monitor of dialect 2, in line 2, and a use of it, in line 4. */
#define TYPED(MONITOR, USE) \
    "<xfsm><statedef id='a'/><metric name='m'>\n<variation_monitor " \
    "status='on' " MONITOR "/></metric>\n<event type='packet' " \
    "primary-key='ip_src'><state id='a'>\n" \
    "<use-metric id='m' " USE "/><condition expression='m > 1' " \
    "action='print(x)'/></state></event></xfsm>"

static void
test_types_of_dialect_2(void **state)
{
    struct fixture fx;
    const struct xfsm_metric *m;

    (void) state;
    fixture_load(&fx, "%s", TYPED("type='Distinct' window='5' size='12'",
                                  "vm_update='ip_src' "
                                  "vm_item='ip_dst-dst_port'"));
    fixture_assert_loaded(&fx, true);
    m = fx.program->metrics;
    assert_int_equal(m->vm_type, XFSM_MON_DISTINCT);
    assert_int_equal(m->vm_size, 12);
    assert_int_equal(m->vm_window, 5000000000);
    assert_int_equal(fx.program->events[0].handlers[0].uses[0].vm_item.n, 2);
    fixture_free(&fx);

    fixture_load(&fx, "%s", TYPED("type='quantile' quantile='0.25' "
                                  "insert_value='len'", "vm_update='ip_src'"));
    fixture_assert_loaded(&fx, true);
    m = fx.program->metrics;
    assert_int_equal(m->vm_type, XFSM_MON_QUANTILE);
    assert_true(m->vm_quantile == 0.25);
    assert_int_equal(m->vm_size, 12);
    fixture_free(&fx);

    fixture_load(&fx, "%s", TYPED("type='TopK' size='5' window='7'",
                                  "vm_get='ip_dst' vm_set='ip_src'"));
    fixture_assert_loaded(&fx, true);
    m = fx.program->metrics;
    assert_int_equal(m->vm_type, XFSM_MON_TOPK);
    assert_int_equal(m->vm_size, 5);
    assert_int_equal(m->vm_key.n, 1);
    assert_int_equal(m->vm_key.fields[0], XFSM_F_IP_SRC);
    fixture_free(&fx);

    says(TYPED("type='topk' size='11'", "vm_update='ip_src'"),
         XFSM_DIAG_WARNING, "3 to 10");
    says(TYPED("type='distinct' insert_value='2'",
               "vm_update='ip_src' vm_item='ip_dst'"), XFSM_DIAG_NOTE,
         "a \"distinct\" adds items");
    says(TYPED("type='rate' size='27'", "vm_update='ip_src'"),
         XFSM_DIAG_WARNING, "3 to 24");
    says(TYPED("type='countmin' size='2'", "vm_update='ip_src'"),
         XFSM_DIAG_WARNING, "4 to 26");
}

/* The same with a detector. */
#define REPEAT(STATUS, MONITOR, USE) \
    "<xfsm><statedef id='a'/><metric name='m'>\n<variation_detector " \
    "status='" STATUS "'/>\n<variation_monitor " MONITOR \
    "/></metric>\n<event type='packet' primary-key='ip_src'>" \
    "<state id='a'>\n<use-metric id='m' " USE "/>" \
    "<condition expression='m > 1' action='print(x)'/></state></event></xfsm>"

static void
test_repeat_value(void **state)
{
    struct fixture fx;

    (void) state;
    fixture_load(&fx, "%s", REPEAT("on", "status='on' type='tewma' "
                                   "repeat_value='.25'",
                                   "vd_get='ip_dst' vm_update='ip_src'"));
    fixture_assert_loaded(&fx, true);
    assert_true(fx.program->metrics[0].vm_repeat_value == 0.25);
    fixture_free(&fx);

    says(REPEAT("off", "status='on' repeat_value='1'", "vm_update='ip_src'"),
         XFSM_DIAG_WARNING,
         "\"repeat_value\" has no effect: the detector of \"m\" is off");
    says(REPEAT("on", "status='off' repeat_value='1'", "vd_update='ip_src'"),
         XFSM_DIAG_WARNING,
         "\"repeat_value\" has no effect: the monitor of \"m\" is off");
    says(REPEAT("on", "status='on' repeat_value='1'",
                "vd_set='ip_src' vm_update='ip_src'"), XFSM_DIAG_WARNING,
         "asks the detector and adds; give one vd_update");
    says(REPEAT("on", "status='on' repeat_value='1'",
                "vd_update='ip_src' vm_get='ip_src'"), XFSM_DIAG_WARNING,
         "asks the detector and adds; give one vd_update");
    says(REPEAT("on", "status='on' type='distinct' repeat_value='1'",
                "vd_update='ip_src' vm_update='ip_src' vm_item='ip_dst'"),
         XFSM_DIAG_NOTE, "a \"distinct\" adds items");
    says("<streamon>" STATE "<metric name=\"m\"><variation_monitor "
         "status=\"on\" repeat_value=\"1\"/></metric>" EVENT "</streamon>",
         XFSM_DIAG_WARNING, "\"repeat_value\" is of dialect 2");
    refuse(REPEAT("on", "status='on' repeat_value='len'",
                  "vd_update='ip_src' vm_update='ip_src'"), 3,
           "\"len\" is not a number");
}

static void
test_errors_of_types(void **state)
{
    (void) state;
    refuse(TYPED("type='distinct'", "vm_update='ip_src'"), 4,
           "say of what, vm_item=\"ip_dst\" for example");
    refuse(TYPED("type='distinct'", "vm_get='ip_src' vm_item='ip_dst'"), 4,
           "give vm_update or vm_set");
    refuse(TYPED("type='distinct'", "vm_update='ip_src' vm_item='ip_dest'"),
           4, "did you mean \"ip_dst\"?");
    refuse(TYPED("type='dleft'", "vm_update='ip_src' vm_item='ip_dst'"), 4,
           "declare the metric with type=\"distinct\"");
    refuse(TYPED("type='rate' quantile='1'", "vm_update='ip_src'"), 2,
           "only a monitor of type \"quantile\" has one");
    refuse(TYPED("type='quantile' insert_value='len'", "vm_update='ip_src'"),
           2, "needs to know which");
    refuse(TYPED("type='quantile' quantile='0.5'", "vm_update='ip_src'"), 2,
           "name the field that has them");
    refuse(TYPED("type='quantile' quantile='95' insert_value='len'",
                 "vm_update='ip_src'"), 2, "not a number from 0 to 1");
    refuse(TYPED("type='quantile' quantile='p95' insert_value='len'",
                 "vm_update='ip_src'"), 2, "\"p95\" is not a number");
    refuse(TYPED("type='rate' window='0.0009'", "vm_update='ip_src'"), 2,
           "less than 0.001 s");
    refuse(TYPED("type='topk' on-full='refuse'", "vm_update='ip_src'"), 2,
           "where the key that has the least makes room");
    refuse(TYPED("type='topk' ttl='60'", "vm_update='ip_src'"), 2,
           "only a \"dleft\" has one");
    refuse(TYPED("type='distinkt'", "vm_update='ip_src'"), 2,
           "did you mean \"distinct\"?");
    refuse("<botstream><statedef id='a'/><metric name='m'>\n"
           "<variation_monitor type='rate'/></metric></botstream>", 2,
           "of dialect 2, whose root is <xfsm>, not <botstream>");
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
#define VD "<variation_detector status=\"off\" "
#define VM "<variation_monitor status=\"off\" "
    static const struct {
        const char *element;
        unsigned int vd_size, vd_nhash, vm_size;
        bool warns;
    } sizes[] = {
        { VD "size=\"6\" nhash=\"1\"/>", 6, 1, 20, false },
        { VD "size=\"5\"/>", 6, 8, 20, true },
        { VD "size=\"28\" nhash=\"16\"/>", 28, 16, 20, false },
        { VD "size=\"29\"/>", 28, 8, 20, true },
        { VD "nhash=\"0\"/>", 20, 1, 20, true },
        { VD "nhash=\"17\"/>", 20, 16, 20, true },
        { VM "size=\"3\"/>", 20, 8, 3, false },
        { VM "size=\"2\"/>", 20, 8, 3, true },
        { VM "size=\"26\"/>", 20, 8, 26, false },
        { VM "size=\"27\"/>", 20, 8, 26, true },
    };
#undef VD
#undef VM
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
    says(TABLE("value_type=\"list\"", ""), XFSM_DIAG_WARNING,
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

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_minimal),
        cmocka_unit_test(test_dialect2),
        cmocka_unit_test(test_root),
        cmocka_unit_test(test_states),
        cmocka_unit_test(test_metrics),
        cmocka_unit_test(test_no_status),
        cmocka_unit_test(test_monitor_types),
        cmocka_unit_test(test_types_of_dialect_2),
        cmocka_unit_test(test_repeat_value),
        cmocka_unit_test(test_errors_of_types),
        cmocka_unit_test(test_metric_errors),
        cmocka_unit_test(test_clamps),
        cmocka_unit_test(test_tables),
        cmocka_unit_test(test_table_errors),
        cmocka_unit_test(test_features),
        cmocka_unit_test(test_source_publisher),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
