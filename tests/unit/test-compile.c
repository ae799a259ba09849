/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

/* What the compiler makes of expressions, told by what they do, and what it
 * refuses.  Selectors are in test-compile-selector.c. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/engine-harness.h"
#include "xfsm/program/compile.h"
#include "xfsm/program/image.h"

#define A "10.0.0.1"
#define B "10.0.0.2"

/* ## Expressions ## */

/* Compares the value of an expression, as text.  'm' is 3, 'f' is 1.5; t has
 * 5 for ip_src and 0 for ip_dst, u nothing. */
static void
yields(const char *expression, const char *expected)
{
    char xml[2048];
    struct eh eh;

    snprintf(xml, sizeof xml, EH_PROGRAM(EH_STATE("s0")
             "<table name='t' type='DLeft'>"
             "<entry key='10.0.0.1' value='5'/>"
             "<entry key='10.0.0.2' value='0'/></table>"
             EH_TABLE("u") EH_TABLE("out")
             EH_METRIC("m", "<variation_monitor status='on' type='dleft' "
                       "insert_value='3'/>")
             EH_FEATURE("f", "m / 2")
             EH_ON("", "len", EH_IN("s0", EH_USE("m", "vm_update='ip_src'")
                   EH_IF("u(len)", "", "")
                   EH_IF("true", "out(ip_src) = %s; print(%%out(ip_src))",
                         "")))), expression);
    eh_init(&eh);
    eh_load(&eh, "p", xml);
    eh_syn(&eh, 0, A, B, 80);
    assert_int_equal(eh.brief.n, 1);
    if (strcmp(eh.brief.lines[0] + 6, expected)) {
        print_error("expression \"%s\"\n", expression);
    }
    assert_string_equal(eh.brief.lines[0] + 6, expected);
    eh_free(&eh);
}

static void
test_expression_arithmetic(void **state)
{
    (void) state;
    yields("1 + 2 * 3", "7");
    yields("(1 + 2) * 3", "9");
    yields("10 - 2 - 3", "5");
    yields("2 - -3", "5");
    yields("7 / 2", "3.5");
    yields("7 % 4", "3");
    yields("-7 % 4", "-3");
    yields("12 / 3 / 2", "2");
    yields("1 / 0", "0");
    yields("1 % 0", "0");
    yields("0x10 + 1e2", "116");
    yields("10U + 2L", "12");
}

static void
test_expression_comparisons(void **state)
{
    (void) state;
    yields("1 &lt; 2", "1");
    yields("2 &lt; 2", "0");
    yields("2 &lt;= 2", "1");
    yields("3 &gt; 2", "1");
    yields("2 &gt;= 3", "0");
    yields("2 == 2", "1");
    yields("2 != 2", "0");
    yields("2 lt 3", "1");
    yields("2 le 1", "0");
    yields("2 gt 1", "1");
    yields("2 ge 2", "1");
    yields("2 eq 2", "1");
    yields("2 ne 2", "0");
    yields("(1 &lt; 2) + (3 &gt; 2)", "2");
}

static void
test_expression_logic(void **state)
{
    (void) state;
    yields("1 and 2", "1");
    yields("1 and 0", "0");
    yields("0 or 7", "1");
    yields("0 or 0", "0");
    yields("1 or 0 and 0", "1");
    yields("(1 or 0) and 0", "0");
    yields("not 0", "1");
    yields("not 5", "0");
    yields("!0 + !1", "1");
    yields("1 &amp;&amp; 1", "1");
    yields("0 || 1", "1");
    yields("!(1 and 1)", "0");
    yields("1 &lt; 2 and 2 &lt; 3", "1");
}

/* The right side is not evaluated where the left decides: no division is
 * counted. */
static void
test_expression_logic_is_lazy(void **state)
{
    struct eh eh;

    (void) state;
    eh_init(&eh);
    eh_load(&eh, "p", EH_PROGRAM(EH_STATE("s0") EH_ON("", "len", EH_IN("s0",
            EH_IF("0 and 1 / 0", "", "") EH_IF("1 or 1 / 0", "print(x)",
                                               "")))));
    eh_syn(&eh, 0, A, B, 80);
    eh_expect(&eh, "0 log x", NULL);
    assert_int_equal(eh_stats(&eh).div_by_zero, 0);
    eh_free(&eh);
}

static void
test_expression_functions(void **state)
{
    (void) state;
    yields("abs(-2.5)", "2.5");
    yields("min(3, 2)", "2");
    yields("max(3, 2)", "3");
    yields("max(1, 2, 3, 2)", "3");
    yields("log(1)", "0");
    yields("log(0)", "0");
    yields("log(-1)", "0");
    yields("log2(8)", "3");
    yields("log2(0)", "0");
    yields("exp(0)", "1");
    yields("sqrt(9)", "3");
    yields("sqrt(-1)", "0");
    yields("pow(2, 10)", "1024");
    yields("pow(0, -1)", "0");
    yields("pow(-1, 0.5)", "0");
    yields("floor(-1.5)", "-2");
    yields("ceil(-1.5)", "-1");
}

static void
test_expression_names(void **state)
{
    (void) state;
    yields("m", "3");
    yields("f", "1.5");
    yields("m + f * 2", "6");
    yields("dst_port", "80");
    yields("icmp_type", "0");
    yields("true + true", "2");
    yields("false", "0");
}

static void
test_expression_tables(void **state)
{
    (void) state;
    yields("t(ip_src)", "5");
    yields("t(ip_src) + t(ip_src) * 2", "15");
    yields("t(ip_src) &gt; 4", "1");
    yields("!t(ip_src)", "0");
    yields("!t(ip_dst)", "1");
    yields("t(ip_dst) == 0", "1");
}

/* A missing entry makes the comparison it stands in false... */
static void
test_expression_missing_entry_comparison(void **state)
{
    (void) state;
    yields("u(len) == 0", "0");
    yields("u(len) != 0", "0");
    yields("u(len) &lt; 1", "0");
    yields("u(len) &gt; 1", "0");
    yields("1 &gt; u(len)", "0");
    yields("u(len) + 1 &gt; 0", "0");
    yields("1.2 * u(len) &lt;= 7", "0");
    yields("abs(u(len)) == 0", "0");
    yields("t(ip_src) &gt; u(len)", "0");
    yields("u(len) == u(len)", "0");
    yields("max(u(len), 9) == 9", "0");
}

/* ...the innermost one, and no other. */
static void
test_expression_missing_entry_innermost(void **state)
{
    (void) state;
    yields("!(u(len) == 0)", "1");
    yields("(u(len) &gt; 1) == 0", "1");
    yields("u(len) == 0 or 1", "1");
    yields("1 and t(ip_src) == 5", "1");
    yields("(u(len) == 0) + 3", "3");
    yields("(u(len) or 0) == 0", "1");
    yields("(1 and !u(len)) == 1", "1");
}

/* ...and reads 0 elsewhere; !TABLE(key) is true. */
static void
test_expression_missing_entry_elsewhere(void **state)
{
    (void) state;
    yields("u(len)", "0");
    yields("u(len) + 4", "4");
    yields("!u(len)", "1");
    yields("not u(len)", "1");
    yields("!u(len) and dst_port == 80", "1");
    yields("(!u(len)) == 1", "1");
    yields("0 &lt; 1 + !u(len)", "1");
    yields("u(len) or 0", "0");
    yields("-u(len) + 2", "2");
    yields("!(u(len) + 0)", "1");
}

/* As deep as is allowed, each level with a value waiting. */
static void
test_expression_depth(void **state)
{
    char text[512] = "";

    (void) state;
    for (int i = 0; i < XFSM_MAX_EXPR_DEPTH - 1; i++) {
        strcat(text, "1 + (");
    }
    strcat(text, "1");
    for (int i = 0; i < XFSM_MAX_EXPR_DEPTH - 1; i++) {
        strcat(text, ")");
    }
    yields(text, "32");
}

/* ## What is refused, and what fits ## */

/* A program of 'n' times 'piece', between 'head' and 'tail'. */
static char *
repeat(const char *head, const char *piece, int n, const char *tail)
{
    size_t size = strlen(head) + strlen(piece) * (size_t) n + strlen(tail)
                  + 1;
    char *text = malloc(size), *p = text;

    assert_non_null(text);
    p = stpcpy(p, head);
    for (int i = 0; i < n; i++) {
        p = stpcpy(p, piece);
    }
    strcpy(p, tail);
    return text;
}

/* An entry's key must fit what the table is used with. */
static void
test_refuses_entries_that_do_not_fit(void **state)
{
    static const char *const keys[][2] = {
        { "ip_src", "abc" }, { "ip_src", "10.0.0.1-1" }, { "ip_src", "" },
        { "dst_port", "10.0.0.1" }, { "dst_port", "-1" },
        { "dst_port", "80x" }, { "ip_src-dst_port", "10.0.0.1" },
        { "ip_src-dst_port", "10.0.0.1-" }, { "eth_src", "02:00" },
        { "eth_src", "02:00:00:00:00:01:02" },
        { "domain_name-dst_port", "x" }, { "dst_port", "65536" },
        { "dst_port", "+80" }, { "dst_port", "tcp" }, { "proto", "tcq" },
        { "proto", "256" }, { "eth_src", "102:00:00:00:00:01" },
        { "eth_src", "2:0:0:0:0:1" }, { "ip_src", "10.0.0.0/24" },
    };

    (void) state;
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        char xml[1024];

        snprintf(xml, sizeof xml, EH_PROGRAM(EH_STATE("s0")
                 "<table name='t'><entry key='%s' value='1'/></table>"
                 EH_ON("", "len", EH_IN("s0", EH_IF("t(%s)", "", "")))),
                 keys[i][1], keys[i][0]);
        eh_refuse(xml, keys[i][1][0] ? "entry key \"" : "key");
    }
}

/* A table that is used with 'key' has the entries 'first' and 'second', of
 * which the second one is refused with both texts. */
static void
check_refused_entry(const char *key, const char *first, const char *second,
                    const char *error, const char *why)
{
    char xml[1024];

    snprintf(xml, sizeof xml, "<xfsm><statedef id='s'/><table name='t'>"
             "\n<entry key='%s' value='1'/>\n<entry key='%s' value='1'/>"
             "</table><event type='packet' primary-key='len'>"
             "<state id='s'><condition expression='t(%s)'/></state>"
             "</event></xfsm>", first, second, key);
    eh_refuse(xml, error);
    eh_refuse(xml, why);
}

/* It says which entry, and what would fit. */
static void
test_says_what_fits(void **state)
{
    static const char *const cases[][3] = {
        { "dst_port", "65536", "\"dst_port\" is a number from 0 to 65535" },
        { "proto", "x", "from 0 to 255 or the name of a protocol" },
        { "tls_ja", "x", "from 0 to 18446744073709551615" },
        { "eth_src", "x", "\"eth_src\" is as \"00:11:22:33:44:55\"" },
        { "ip_src", "x", "\"ip_src\" is an address" },
        { "ip_src-dst_port", "1.2.3.4", "2 values joined by \"-\"" },
        { "ip_src/24", "10.0.0.0/16", "\"ip_src/24/64\" is as "
          "\"10.0.0.0/24\"" },
        { "ip_src/24", "10.0.0.0/24-1", "\"10.0.0.0/24\"" },
    };

    (void) state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        check_refused_entry(cases[i][0], "0", cases[i][1],
                            "p:3: table \"t\"/entry[2]@key: entry key \"",
                            cases[i][2]);
    }
}

/* Decimal whatever it begins with, hexadecimal, protocols by name, names in
 * any case, networks as events write them. */
static void
test_entries_that_fit(void **state)
{
    static const char *const cases[][2] = {
        { "src_port", "53" }, { "src_port", "0053" },
        { "src_port", "0x35" }, { "proto", "udp" }, { "proto", "17" },
        { "eth_src", "02:00:00:00:00:01" },
        { "domain_name", "WWW.Example.COM" },
        { "ip_src-domain_second_level", "10.0.0.1-Example.com" },
        { "ip_src", "10.0.0.1" }, { "ip_src", "10.0.0.1/32" },
        { "ip_src/24", "10.0.0.1" }, { "ip_src/24", "10.0.0.0/24" },
        { "ip_src/24/48", "10.0.0.77/24" },
        { "proto-ip_src/8", "udp-10.0.0.0/8" },
    };

    (void) state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char xml[1024];
        struct eh eh;

        snprintf(xml, sizeof xml, "<xfsm><statedef id='s'/><table name='t'>"
                 "<entry key='%s' value='7'/></table><event type='packet' "
                 "primary-key='len' selector='%s in t'><state id='s'>"
                 "<condition expression='t(%s)' action='print(%s)'/></state>"
                 "</event></xfsm>", cases[i][1], cases[i][0], cases[i][0],
                 cases[i][1]);
        eh_init(&eh);
        eh_load(&eh, "p", xml);
        eh_dns(&eh, 0, "10.0.0.1", "10.0.0.2", 0, "www.Example.com");
        snprintf(xml, sizeof xml, "0 log %s", cases[i][1]);
        eh_expect(&eh, xml, NULL);
        eh_free(&eh);
    }
}

/* Two keys that are one however they are written. */
static void
test_refuses_twin_entries(void **state)
{
    static const char *const cases[][3] = {
        { "dst_port", "80", "0x50" }, { "dst_port", "80", "080" },
        { "proto", "tcp", "6" }, { "ip_src/24", "10.0.0.1", "10.0.0.7" },
        { "eth_src", "02:00:00:00:00:0a", "02:00:00:00:00:0A" },
        { "domain_name", "Example.com", "example.com" },
        { "ip_src-proto", "2001:db8::1-tcp", "2001:DB8::1-6" },
    };

    (void) state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        check_refused_entry(cases[i][0], cases[i][1], cases[i][2],
                            "p:3: table \"t\"/entry[2]@key: key \"",
                            "on line 2, too");
    }
}

/* Values of 64 bits are exact. */
static void
test_entry_of_64_bits(void **state)
{
    static const uint64_t value = UINT64_MAX - 4;
    struct xfsm_image view;
    void *image;
    size_t len;

    (void) state;
    image = eh_image("p", "<xfsm><statedef id='s'/><table name='t'><entry "
                     "key='18446744073709551611' value='7'/></table><event "
                     "type='packet' primary-key='len' selector='tls_ja in t'>"
                     "<state id='s'/></event></xfsm>", &len);
    assert_null(xfsm_image_verify(image, len, &view));
    assert_int_equal(view.entries[0].key_len, sizeof value);
    assert_memory_equal(&view.strings[view.entries[0].key], &value,
                        sizeof value);
    free(image);
}

/* Entries of a table that no one uses have no shape: they are left out. */
static void
test_unused_table(void **state)
{
    struct eh eh;

    (void) state;
    eh_init(&eh);
    eh_load(&eh, "p", EH_PROGRAM(EH_STATE("s0")
            "<table name='t'><entry key='anything' value='1'/></table>"
            EH_ON("", "len", EH_IN("s0", EH_IF("true", "t.reset(),print(x)",
                                               "")))));
    eh_syn(&eh, 0, A, B, 80);
    eh_expect(&eh, "0 log x", NULL);
    eh_free(&eh);
}

/* One more action that publishes than a handler may have. */
static void
test_refuses_too_many_events(void **state)
{
    static const char head[] = "<botstream>" EH_STATE("s0")
        "<event type='packet' primary-key='len'><state id='s0'>";
    static const char tail[] = "</state></event></botstream>";
    char *condition = repeat("<condition expression='len' action='",
                             "print(x);", 32, "'/>");
    char *xml = repeat(head, condition, XFSM_MAX_HANDLER_EVENTS / 32, tail);
    struct eh eh;

    (void) state;
    eh_init(&eh);
    eh_load(&eh, "p", xml);
    eh_syn(&eh, 0, A, B, 80);
    assert_int_equal(eh.brief.n, 32);
    eh_free(&eh);
    free(xml);
    xml = repeat(head, condition, XFSM_MAX_HANDLER_EVENTS / 32,
                 "<post-condition-action do='print(x)'/>"
                 "</state></event></botstream>");
    eh_refuse(xml, "too much to publish: 257 actions");
    free(xml);
    free(condition);
}

/* Long expressions in many conditions of one state. */
static void
test_refuses_too_long_a_handler(void **state)
{
    static const char head[] = "<botstream>" EH_STATE("s0")
        "<event type='packet' primary-key='len'><state id='s0'>";
    static const char tail[] = "</state></event></botstream>";
    char *condition = repeat("<condition expression='len",
                             " + len", 120, "' action='print(x)'/>");
    char *xml = repeat(head, condition, 10, tail);
    size_t len;

    (void) state;
    free(eh_image("p", xml, &len));
    free(xml);
    xml = repeat(head, condition, 32, tail);
    eh_refuse(xml, "too much to do:");
    free(xml);
    free(condition);
}

/* All tests that selectors may have, of all events that there may be. */
static void
test_many_selectors(void **state)
{
    char *and = repeat("<event type='packet' primary-key='len' "
                       "selector='len 1", " and len 1", 63,
                       "'><state id='s0'/></event>");
    char *or = repeat("<event type='packet' primary-key='len' "
                      "selector='len 1", " or len 1", 63,
                      "'><state id='s0'/></event>");
    char *xml = repeat("<botstream>" EH_STATE("s0"), and, 64,
                       "</botstream>");
    size_t len;

    (void) state;
    free(eh_image("p", xml, &len));
    free(xml);
    xml = repeat("<botstream>" EH_STATE("s0"), or, 16, "</botstream>");
    free(eh_image("p", xml, &len));
    free(xml);
    xml = repeat("<botstream>" EH_STATE("s0"), or, 64, "</botstream>");
    eh_refuse(xml, "too many");
    free(xml);
    free(and);
    free(or);
}

/* More different keys than a program can have. */
static void
test_refuses_too_many_keys(void **state)
{
    static const char *const fields[] = {
        "ip_src", "ip_dst", "src_port", "dst_port", "proto", "ip_ttl",
        "eth_src", "eth_dst", "len",
    };
    char xml[40000] = "<botstream>" EH_STATE("s0")
        EH_METRIC("m", EH_VM("dleft"))
        "<event type='packet' primary-key='len'><state id='s0'>";
    char *p = xml + strlen(xml);

    (void) state;
    for (int i = 0; i < 66; i++) {
        if (i == 32 || i == 64) {
            p = stpcpy(p, "</state></event><event type='packet' "
                       "primary-key='len'><state id='s0'>");
        }
        p += sprintf(p, "<use-metric id='m' vm_update='%s-%s'/>",
                     fields[i / 9], fields[i % 9]);
    }
    strcpy(p, "</state></event></botstream>");
    eh_refuse(xml, "too many different keys");
}

/* A name that the verifier would refuse later is refused now. */
static void
test_refuses_what_the_verifier_would(void **state)
{
    static const char xml[] = EH_PROGRAM(EH_STATE("s0")
        EH_ON("", "len", EH_IN("s0", "")));
    struct xfsm_program *program = eh_model("p", xml);
    char name[XFSM_MAX_NAME + 2];
    struct xfsm_diags diags;
    void *image = NULL;
    char *text;
    size_t len;

    (void) state;
    memset(name, 'n', sizeof name);
    name[sizeof name - 1] = '\0';
    program->name = name;
    xfsm_diags_init(&diags, "p");
    assert_false(xfsm_compile(program, &diags, &image, &len));
    text = xfsm_diags_format(&diags, XFSM_DIAG_ERROR);
    assert_non_null(strstr(text, "program name is empty or longer"));
    free(text);
    xfsm_diags_destroy(&diags);
    name[XFSM_MAX_NAME] = '\0';
    free(eh_image_of_model(program, &len));
    xfsm_program_destroy(program);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_expression_arithmetic),
        cmocka_unit_test(test_expression_comparisons),
        cmocka_unit_test(test_expression_logic),
        cmocka_unit_test(test_expression_logic_is_lazy),
        cmocka_unit_test(test_expression_functions),
        cmocka_unit_test(test_expression_names),
        cmocka_unit_test(test_expression_tables),
        cmocka_unit_test(test_expression_missing_entry_comparison),
        cmocka_unit_test(test_expression_missing_entry_innermost),
        cmocka_unit_test(test_expression_missing_entry_elsewhere),
        cmocka_unit_test(test_expression_depth),
        cmocka_unit_test(test_refuses_entries_that_do_not_fit),
        cmocka_unit_test(test_says_what_fits),
        cmocka_unit_test(test_entries_that_fit),
        cmocka_unit_test(test_refuses_twin_entries),
        cmocka_unit_test(test_entry_of_64_bits),
        cmocka_unit_test(test_unused_table),
        cmocka_unit_test(test_refuses_too_many_events),
        cmocka_unit_test(test_refuses_too_long_a_handler),
        cmocka_unit_test(test_many_selectors),
        cmocka_unit_test(test_refuses_too_many_keys),
        cmocka_unit_test(test_refuses_what_the_verifier_would),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
