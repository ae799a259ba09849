/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

/* The loader: every limit of a program, at the limit and one past it.  Limits
 * of attribute values are in test-expr.c, test-selector.c and test-action.c,
 * those of the document in test-xml-hostile.c.  XFSM_MAX_TABLE_ENTRIES cannot
 * be reached in XFSM_MAX_SOURCE_BYTES. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/program-fixture.h"

/* An event that makes a document complete. */
#define EVENT \
    "<event type=\"packet\" primary-key=\"ip_src\"><state id=\"a\"/></event>"
#define STATE "<statedef id=\"a\"/>"

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
        cmocka_unit_test(test_limits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
