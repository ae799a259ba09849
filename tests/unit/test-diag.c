/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "xfsm/program/diag.h"

static void
check(const struct xfsm_diags *diags, enum xfsm_diag_level level,
      const char *expected)
{
    char *text = xfsm_diags_format(diags, level);

    assert_string_equal(text, expected);
    free(text);
}

static void
test_format(void **state)
{
    struct xfsm_diags diags;

    (void) state;
    xfsm_diags_init(&diags, "scan.xml");
    check(&diags, XFSM_DIAG_NOTE, "");
    xfsm_diags_add(&diags, XFSM_DIAG_NOTE, 9, "event[1]@class", "n %d", 1);
    xfsm_diags_add(&diags, XFSM_DIAG_ERROR, 3, "table[1] \"t\"", "e %s", "x");
    xfsm_diags_add(&diags, XFSM_DIAG_WARNING, 3, "", "w");
    xfsm_diags_add(&diags, XFSM_DIAG_ERROR, 0, NULL, "whole");
    check(&diags, XFSM_DIAG_NOTE,
          "scan.xml: whole\n"
          "scan.xml:3: table[1] \"t\": e x\n"
          "scan.xml:3: warning: w\n"
          "scan.xml:9: event[1]@class: note: n 1\n");
    check(&diags, XFSM_DIAG_WARNING,
          "scan.xml: whole\n"
          "scan.xml:3: table[1] \"t\": e x\n"
          "scan.xml:3: warning: w\n");
    check(&diags, XFSM_DIAG_ERROR,
          "scan.xml: whole\n"
          "scan.xml:3: table[1] \"t\": e x\n");
    assert_int_equal(diags.n_errors, 2);
    xfsm_diags_destroy(&diags);
}

/* What a document says cannot write to a terminal or forge a log line. */
static void
test_sanitize(void **state)
{
    struct xfsm_diags diags;

    (void) state;
    xfsm_diags_init(&diags, "f");
    xfsm_diags_add(&diags, XFSM_DIAG_ERROR, 1, "a\nb", "%s",
                   "x\033[31m\r\ny\x7f \xc2\x9b \xc3\xa9 \xff \xe2\x82");
    check(&diags, XFSM_DIAG_ERROR,
          "f:1: a b: x [31m  y  ?? \xc3\xa9 ? ??\n");
    xfsm_diags_destroy(&diags);
}

/* Long messages are cut, at a character. */
static void
test_long(void **state)
{
    struct xfsm_diags diags;
    char text[5001];
    size_t i;

    (void) state;
    for (i = 0; i + 1 < sizeof text; i += 2) {
        memcpy(text + i, "\xc3\xa9", 2);
    }
    text[5000] = '\0';
    xfsm_diags_init(&diags, "f");
    xfsm_diags_add(&diags, XFSM_DIAG_ERROR, 1, text, "%s", text);
    assert_true(strlen(diags.items[0].message) < 1024);
    assert_true(strlen(diags.items[0].path) < 1024);
    assert_int_equal(diags.items[0].message[1022], '?');
    xfsm_diags_destroy(&diags);
}

static void
test_limit(void **state)
{
    struct xfsm_diags diags;
    char *text;
    int i;

    (void) state;
    xfsm_diags_init(&diags, "f");
    for (i = 0; i < XFSM_DIAG_MAX; i++) {
        assert_false(xfsm_diags_closed(&diags, XFSM_DIAG_ERROR));
        xfsm_diags_add(&diags, XFSM_DIAG_ERROR, i + 1, "", "e");
    }
    assert_int_equal(diags.n, XFSM_DIAG_MAX);
    assert_int_equal(diags.n_dropped, 0);
    assert_true(xfsm_diags_closed(&diags, XFSM_DIAG_ERROR));
    xfsm_diags_add(&diags, XFSM_DIAG_ERROR, 5000, "", "one more");
    assert_int_equal(diags.n, XFSM_DIAG_MAX);
    assert_int_equal(diags.n_dropped, 1);
    assert_int_equal(diags.n_errors, XFSM_DIAG_MAX + 1);
    text = xfsm_diags_format(&diags, XFSM_DIAG_ERROR);
    assert_null(strstr(text, "one more"));
    assert_non_null(strstr(text, "f: 1 more not shown\n"));
    free(text);
    xfsm_diags_destroy(&diags);
}

/* Errors are not lost to warnings and notes that came before. */
static void
test_errors_first(void **state)
{
    struct xfsm_diags diags;
    char *text;
    int i;

    (void) state;
    xfsm_diags_init(&diags, "f");
    for (i = 0; i < XFSM_DIAG_MAX; i++) {
        xfsm_diags_add(&diags, i % 2 ? XFSM_DIAG_WARNING : XFSM_DIAG_NOTE,
                       i + 1, "", "w%d", i);
    }
    assert_true(xfsm_diags_closed(&diags, XFSM_DIAG_WARNING));
    assert_false(xfsm_diags_closed(&diags, XFSM_DIAG_ERROR));
    xfsm_diags_add(&diags, XFSM_DIAG_WARNING, 1, "", "late warning");
    for (i = 0; i < XFSM_DIAG_MAX / 2 + 1; i++) {
        xfsm_diags_add(&diags, XFSM_DIAG_ERROR, i + 1, "", "e%d.", i);
    }
    text = xfsm_diags_format(&diags, XFSM_DIAG_NOTE);
    assert_null(strstr(text, "note:"));
    assert_null(strstr(text, "late warning"));
    assert_null(strstr(text, "w99\n"));
    assert_non_null(strstr(text, "w97\n"));
    for (i = 0; i < XFSM_DIAG_MAX / 2 + 1; i++) {
        char what[16];

        snprintf(what, sizeof what, " e%d.\n", i);
        assert_non_null(strstr(text, what));
    }
    free(text);
    xfsm_diags_destroy(&diags);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_format),
        cmocka_unit_test(test_sanitize),
        cmocka_unit_test(test_long),
        cmocka_unit_test(test_limit),
        cmocka_unit_test(test_errors_first),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
