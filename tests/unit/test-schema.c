/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

/* The published schema: that it is what the loader's table says, that shipped
 * programs are valid, and that it and the loader agree. */

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <libxml/parser.h>
#include <libxml/relaxng.h>

#include "tests/unit/program-fixture.h"
#include "xfsm/program/xml-schema.h"

static xmlRelaxNG *schema;
static char last_error[512];

/* How libxml2 declares such a function depends on its version. */
static void
on_error(void *aux, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void
on_error(void *aux, const char *format, ...)
{
    va_list args;

    (void) aux;
    va_start(args, format);
    vsnprintf(last_error, sizeof last_error, format, args);
    va_end(args);
}

static const char *
top(void)
{
    const char *dir = getenv("top_srcdir");

    return dir ? dir : ".";
}

/* Reads the schema from its file, as an editor would. */
static int
set_up(void **state)
{
    xmlRelaxNGParserCtxt *ctxt;
    size_t len;
    char *text;

    (void) state;
    text = fixture_read(top(), "xfsm/program/xfsm.rng", &len);
    ctxt = xmlRelaxNGNewMemParserCtxt(text, (int) len);
    assert_non_null(ctxt);
    xmlRelaxNGSetParserErrors(ctxt, on_error, on_error, NULL);
    schema = xmlRelaxNGParse(ctxt);
    xmlRelaxNGFreeParserCtxt(ctxt);
    free(text);
    if (!schema) {
        print_error("%s\n", last_error);
    }
    return !schema;
}

static int
tear_down(void **state)
{
    (void) state;
    xmlRelaxNGFree(schema);
    return 0;
}

static bool
is_valid(const char *text, size_t len)
{
    xmlDoc *doc = xmlReadMemory(text, (int) len, "doc", NULL,
                                XML_PARSE_NONET);
    xmlRelaxNGValidCtxt *ctxt = xmlRelaxNGNewValidCtxt(schema);
    int result;

    assert_non_null(doc);
    assert_non_null(ctxt);
    xmlRelaxNGSetValidErrors(ctxt, on_error, on_error, NULL);
    result = xmlRelaxNGValidateDoc(ctxt, doc);
    assert_true(result >= 0);
    xmlRelaxNGFreeValidCtxt(ctxt);
    xmlFreeDoc(doc);
    return !result;
}

static void
test_is_current(void **state)
{
    char *written = xfsm_xml_schema();
    size_t len;
    char *text = fixture_read(top(), "xfsm/program/xfsm.rng", &len);

    (void) state;
    if (len != strlen(written) || memcmp(text, written, len)) {
        fail_msg("xfsm/program/xfsm.rng is out of date: write it again with "
                 "\"xfsm check --schema\"");
    }
    free(text);
    free(written);
}

static void
test_programs(void **state)
{
    char folder[4096];
    struct dirent *entry;
    int n = 0;
    DIR *dir;

    (void) state;
    snprintf(folder, sizeof folder, "%s/utilities/programs", top());
    dir = opendir(folder);
    assert_non_null(dir);
    while ((entry = readdir(dir)) != NULL) {
        if (strstr(entry->d_name, ".xml")) {
            size_t len;
            char *text = fixture_read(folder, entry->d_name, &len);

            if (!is_valid(text, len)) {
                fail_msg("%s: %s", entry->d_name, last_error);
            }
            free(text);
            n++;
        }
    }
    closedir(dir);
    assert_true(n >= 3);
}

#define STATE "<statedef id='a'/>"
#define EVENT \
    "<event type='packet' primary-key='ip_src'><state id='a'/></event>"
#define HANDLER(BODY) "<event type='packet' primary-key='ip_src'>" \
    "<state id='a'>" BODY "</state></event>"
#define METRIC(BODY) \
    "<metric name='m'>" BODY "</metric>"

/* Asserts that the schema and the loader take a program with 'body' or, if
 * 'good' is false, refuse it. */
static void
agree(const char *body, bool good)
{
    struct fixture fx;
    char doc[2048];
    bool valid;

    snprintf(doc, sizeof doc, "<xfsm>" STATE "<param name='p' default='9'/>"
             "%s" EVENT "<event type='timeout' class='c'><state id='a'/>"
             "</event></xfsm>", body);
    fixture_load(&fx, "%s", doc);
    if (!fx.program != !good) {
        fail_msg("the loader %s %s\n%s", good ? "refuses" : "takes", body,
                 fx.text);
    }
    fixture_free(&fx);
    valid = is_valid(doc, strlen(doc));
    if (valid != good) {
        fail_msg("the schema %s %s\n%s", good ? "refuses" : "takes", body,
                 valid ? "" : last_error);
    }
}

static void
test_valid(void **state)
{
    static const char *const bodies[] = {
        "",
        "<source type='trace' name='x'/><publisher port='5560'/>",
        "<statedef id='b-1.x' timeout='1.5e2' next_state='a'/>",
        "<statedef id='b' timeout='$p' next_state=''/>",
        "<param name='q' default='-1.5' min='-0x10' max='+3' unit='s'/>",
        METRIC("<variation_detector status='on' size='0x10' nhash='8u'/>"),
        METRIC("<variation_detector status='' size='$p' reset_after='3'/>"),
        METRIC("<variation_monitor status='on' type='dLeft'/>"),
        METRIC("<variation_monitor status='on' type='tewma-fast' "
               "window=' 60 ' insert_value='ip_len'/>"),
        METRIC("<variation_monitor status='on' type='simple' "
               "insert_value='$p'/>"),
        METRIC("<variation_monitor status='on' type='simple' "
               "insert_value='-2'/>"),
        METRIC("<variation_monitor status='on' repeat_value='.25'/>"),
        METRIC("<variation_monitor status='on' repeat_value='$p'/>"),
        "<metrics><metric name='m'/><table name='t' type='Map' shash='5'>"
        "<entry key='1.2.3.4' value='.5'/></table></metrics>",
        "<table name='t' type='Map' value_type='string'>"
        "<entry key='1.2.3.4' value='gateway of \xc3\xa9'/></table>",
        "<state-table memory='16M' ttl='$p' on-full='refuse'/>"
        "<timers max='0x100'/>",
        "<table name='t' memory='1M' ttl='600' on-full='evict-oldest'/>",
        METRIC("<variation_detector status='on' memory='65536'/>"),
        METRIC("<variation_monitor status='on' type='dleft' memory='4M' "
               "ttl='300' on-full='refuse'/>"),
        METRIC("<variation_monitor status='on' type='quantile' "
               "quantile='.99' insert_value='len'/>"),
        METRIC("<variation_monitor status='on' type='distinct'/>")
        HANDLER("<use-metric id='m' vm_update='ip_src/24/56' "
                "vm_item='ip_dst/16-dst_port'/>"),
        "<event type='message' topic='alert/x' primary-key='ip_src'>"
        "<state id='a'/></event>",
        "<event type='period' every='0.5'><state id='a'/></event>"
        "<event type='start'><state id='a'/></event>",
        "<test name='x' capture='y' with='portscan hostscan'>"
        "<expect label='a'/></test>",
        "<features><feature name='f' body='1 + 1'/></features>"
        "<feature name='g' body='f'/>",
        METRIC("") HANDLER("<use-metric id='m' vm_get='dst_port'/>"),
        HANDLER("<condition expression='true' action='' next_state='a'>"
                "<timeout_set class='c' key='ip_src - dst_port' value='5'/>"
                "<timeout_set class='c' key='ip_src' value='$p' "
                "primary-key='ip_dst'/></condition>"
                "<post-condition-action do='Suspect'/>"),
        "<event type='packet' selector='proto tcp' primary-key='ip_src'>"
        "<state id='a' level='x' code='y' description='z' "
        "attack='T1595.001'/></event>",
        "<test name='x' capture='y' param.p='3'><expect label='a' count='3+' "
        "state='a' key='x'/><expect-none label='b'/></test>",
    };

    (void) state;
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        agree(bodies[i], true);
    }
}

static void
test_invalid(void **state)
{
    static const char *const bodies[] = {
        "<nothing/>", "text", "<entry key='1' value='1'/>",
        "<publisher port='5560'/><publisher port='5561'/>", "<publisher/>",
        "<source type='dead' name='x'/>",
        "<statedef/>", "<statedef id=''/>", "<statedef id='a b'/>",
        "<statedef id='b' timeout='-1'/>", "<statedef id='b' timeout='x'/>",
        "<statedef id='b' more='x'/>", "<statedef id='b'><state/></statedef>",
        "<param name='q'/>", "<param default='1'/>",
        "<param name='q' default='$p'/>", "<param name='q.r' default='1'/>",
        "<metric/>", "<metric name='a-b'/>",
        METRIC("<variation_detector status='ON'/>"),
        METRIC("<variation_detector size='1.5'/>"),
        METRIC("<variation_detector/><variation_detector/>"),
        METRIC("<variation_monitor type='x'/>"),
        METRIC("<variation_monitor insert_value='1 1'/>"),
        METRIC("<variation_monitor repeat_value='len'/>"),
        "<table name='t'><entry key='1'/></table>",
        "<table name='t' value_type='string'><entry key='1' value=''/>"
        "</table>",
        "<state-table memory='16T'/>", "<state-table on-full='grow'/>",
        "<state-table/><state-table/>", "<timers/>", "<timers max='few'/>",
        "<table name='t' ttl='-1'/>",
        "<event type='period' every='x'><state id='a'/></event>",
        METRIC("<variation_monitor status='on' type='distinct'/>")
        HANDLER("<use-metric id='m' vm_update='ip_src/24/56/1' "
                "vm_item='ip_dst'/>"),
        "<feature name='f'/>", "<feature name='f' body='  '/>",
        "<event type='paket' primary-key='ip_src'/>", "<event/>",
        "<event type='packet' primary-key='ip_src--x'/>",
        HANDLER("<condition/>"), HANDLER("<use-metric vm_get='ip_len'/>"),
        HANDLER("<post-condition-action/><post-condition-action/>"),
        HANDLER("<condition expression='1'><timeout_set class='c' "
                "key='ip_src'/></condition>"),
        "<event type='packet' primary-key='ip_src'><state id='a' "
        "attack='T1'/></event>",
        "<test name='x' capture='y' param.p='z'><expect label='a'/></test>",
        "<test name='x'><expect label='a'/></test>",
        "<test name='x' capture='y'><expect label='a b'/></test>",
        "<test name='x' capture='y'><expect label='a' count='few'/></test>",
    };

    (void) state;
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        agree(bodies[i], false);
    }
}

/* Each element stands in its parents, with its attributes, for the loader's
 * check too: with every element and attribute named once, it knows all. */
static void
test_table(void **state)
{
    const struct xfsm_xml_element_spec *e;

    (void) state;
    for (e = xfsm_xml_elements; e->name; e++) {
        const struct xfsm_xml_attr_spec *attr;
        struct fixture fx;
        char doc[2048];
        const char *parent = strcspn(e->parents, " ") == 1
                             ? "" : e->parents;
        int n = (int) strcspn(parent, " ");

        assert_true(e->dialect == 1 || e->dialect == 2);
        for (attr = e->attrs; attr->name; attr++) {
            assert_ptr_equal(xfsm_xml_find_attr(e->attrs, attr->name), attr);
            assert_true(attr->dialect >= e->dialect);
            assert_true((attr->type == XFSM_XT_WORD
                         || attr->type == XFSM_XT_ANY_CASE) == !!*attr->words);
            assert_true(attr - e->attrs < XFSM_XML_MAX_ATTRS - 1);
        }
        assert_ptr_equal(xfsm_xml_find_element(e->name), e);
        if (*parent && strcmp(parent, "metrics") && strcmp(parent, "metric")
            && strcmp(parent, "table") && strcmp(parent, "test")) {
            continue;           /* Its parents have required parts. */
        }
        snprintf(doc, sizeof doc, *parent ? "<xfsm><%.*s name='x' capture='y'>"
                 "<%s no-such=''/></%.*s></xfsm>" : "<xfsm>%.*s<%s "
                 "no-such=''/>%.*s</xfsm>", n, parent, e->name, n, parent);
        fixture_load(&fx, "%s", doc);
        fixture_assert_error(&fx, 1, "unknown attribute \"no-such\"");
        for (size_t i = 0; i < fx.diags.n; i++) {
            assert_null(strstr(fx.diags.items[i].message, "has no place"));
        }
        fixture_free(&fx);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_is_current),
        cmocka_unit_test(test_programs),
        cmocka_unit_test(test_valid),
        cmocka_unit_test(test_invalid),
        cmocka_unit_test(test_table),
    };
    int failed = cmocka_run_group_tests(tests, set_up, tear_down);

    xmlCleanupParser();
    return failed;
}
