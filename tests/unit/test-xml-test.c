/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

/* The loader: the tests that a program carries. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/program-fixture.h"

#define PROGRAM(BODY) \
    "<xfsm><param name='p' default='1' max='9'/><statedef id='a'/>" \
    "<statedef id='b'/><event type='packet' primary-key='ip_src'>" \
    "<state id='a'/></event>\n" BODY "</xfsm>"
#define EXPECT "<expect label='alert'/>"

static void
refuse(const char *body, int line, const char *what)
{
    struct fixture fx;

    fixture_load(&fx, PROGRAM("%s"), body);
    fixture_assert_error(&fx, line, what);
    fixture_free(&fx);
}

static void
test_model(void **state)
{
    const struct xfsm_expect *e;
    const struct xfsm_test *t;
    struct fixture fx;

    (void) state;
    fixture_load(&fx, PROGRAM(
        "<test name='one' capture='x/y.pcap' param.p='3'>"
        "<expect label='alert'/>"
        "<expect-none label='log' key='10.0.0.1'/>\n"
        "<expect label='alert' state='b' count='7' key='10.0.0.1-80'/>"
        "<expect label='alert' count='2+'/>"
        "<expect label='x.y-z' count='0'/></test>\n"
        "<test name='two' capture='..z.pcap'>" EXPECT "</test>"));
    fixture_assert_loaded(&fx, true);
    assert_int_equal(fx.program->n_tests, 2);
    t = &fx.program->tests[0];
    assert_string_equal(t->name, "one");
    assert_string_equal(t->capture, "x/y.pcap");
    assert_int_equal(t->line, 2);
    assert_int_equal(t->n_settings, 1);
    assert_string_equal(t->settings[0].name, "p");
    assert_string_equal(t->settings[0].value, "3");
    assert_true(fx.program->params[0].value == 1);
    assert_int_equal(t->n_expects, 5);
    e = t->expects;
    assert_string_equal(e[0].label, "alert");
    assert_int_equal(e[0].state, XFSM_NONE);
    assert_string_equal(e[0].key, "");
    assert_true(e[0].min == 1 && e[0].max == UINT64_MAX);
    assert_string_equal(e[1].label, "log");
    assert_string_equal(e[1].key, "10.0.0.1");
    assert_true(e[1].min == 0 && e[1].max == 0);
    assert_int_equal(e[2].state, 1);
    assert_string_equal(e[2].key, "10.0.0.1-80");
    assert_true(e[2].min == 7 && e[2].max == 7);
    assert_int_equal(e[2].line, 3);
    assert_true(e[3].min == 2 && e[3].max == UINT64_MAX);
    assert_true(e[4].min == 0 && e[4].max == 0);
    assert_int_equal(fx.program->tests[1].n_settings, 0);
    fixture_free(&fx);
}

static void
test_errors(void **state)
{
    (void) state;
    refuse("<test capture='x'>" EXPECT "</test>", 2, "\"name\" is missing");
    refuse("<test name='x'>" EXPECT "</test>", 2, "\"capture\" is missing");
    refuse("<test name='x' capture='y'/>", 2, "the test expects nothing");
    refuse("<test name='x' capture='y'>" EXPECT "</test>\n"
           "<test name='x' capture='y'>" EXPECT "</test>", 3,
           "the test on line 2 has this name");
    refuse("<test name='x' capture='/y'>" EXPECT "</test>", 2,
           "path is relative and without \"..\"");
    refuse("<test name='x' capture='a/../y'>" EXPECT "</test>", 2,
           "path is relative");
    refuse("<test name='x' capture='..'>" EXPECT "</test>", 2,
           "path is relative");
    refuse("<test name='x' capture='y' param.q='1'>" EXPECT "</test>", 2,
           "there is no parameter \"q\" to be set; did you mean \"p\"?");
    refuse("<test name='x' capture='y' param.p='10'>" EXPECT "</test>", 2,
           "parameter \"p\" cannot be 10: it is at most 9");
    refuse("<test name='x' capture='y' param.p='$p'>" EXPECT "</test>", 2,
           "is not a number");
    refuse("<test name='x' capture='y' param='1'>" EXPECT "</test>", 2,
           "unknown attribute \"param\"");
    refuse("<test name='x' capture='y'>\n<expect/></test>", 3,
           "\"label\" is missing");
    refuse("<test name='x' capture='y'>\n<expect label='a b'/></test>", 3,
           "is not a label");
    refuse("<test name='x' capture='y'>\n<expect label='a' state='c'/>"
           "</test>", 3, "state \"c\" is not declared");
    refuse("<test name='x' capture='y'><expect label='a' count='-1'/>"
           "</test>", 2, "is not a number of events");
    refuse("<test name='x' capture='y'><expect label='a' count='1-2'/>"
           "</test>", 2, "is not a number of events");
    refuse("<test name='x' capture='y'><expect label='a' count="
           "'99999999999999999999'/></test>", 2, "too large");
    refuse("<test name='x' capture='y'><expect-none label='a' count='1'/>"
           "</test>", 2, "unknown attribute \"count\"");
    refuse("<test name='x' capture='y' with='a b/c'>" EXPECT "</test>", 2,
           "\"b/c\" is not the name of a program");
    refuse("<test name='x' capture='y' with='a a a a a a a a a a a a a a a a "
           "a'>" EXPECT "</test>", 2, "more than 16 programs");
    refuse("<expect label='a'/>", 2, "it stands in <test>");
}

static void
test_limits(void **state)
{
    char *doc;
    size_t len;
    FILE *out = open_memstream(&doc, &len);

    (void) state;
    assert_non_null(out);
    for (int i = 0; i <= XFSM_MAX_TESTS; i++) {
        fprintf(out, "<test name='%d' capture='x'>" EXPECT "</test>", i);
    }
    fclose(out);
    refuse(doc, 1, "65 <test> elements; the limit is 64");
    free(doc);
    out = open_memstream(&doc, &len);
    assert_non_null(out);
    fputs("<test name='x' capture='x'>", out);
    for (int i = 0; i <= XFSM_MAX_EXPECTS; i++) {
        fputs(EXPECT, out);
    }
    fputs("</test>", out);
    fclose(out);
    refuse(doc, 2, "65 expectations; the limit is 64");
    free(doc);
}

static void
test_dialect1(void **state)
{
    struct fixture fx;

    (void) state;
    fixture_load(&fx, "<botstream><statedef id='a'/><event type='packet' "
                 "primary-key='ip_src'><state id='a'/></event>\n"
                 "<test name='x' capture='y'>" EXPECT "</test></botstream>");
    fixture_assert_error(&fx, 2, "<test> is of dialect 2");
    fixture_free(&fx);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_model),
        cmocka_unit_test(test_errors),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_dialect1),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
