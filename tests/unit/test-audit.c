/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include <config.h>
#include "ovsdb-schema/ovs-compat.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "controller/audit.h"
#include "util.h"

struct world {
    char folder[64];
    char *file;
    struct xfsm_audit_limits limits;
    struct xfsm_audit *audit;
};

static int
setup(void **state)
{
    struct world *w = xzalloc(sizeof *w);

    strcpy(w->folder, "/tmp/test-audit-XXXXXX");
    assert_non_null(mkdtemp(w->folder));
    w->file = xasprintf("%s/log", w->folder);
    w->limits = (struct xfsm_audit_limits) { 1000, 3, 8 };
    *state = w;
    return 0;
}

static int
teardown(void **state)
{
    struct world *w = *state;
    unsigned int i;

    xfsm_audit_close(w->audit);
    for (i = 0; i < 5; i++) {
        char *name = i ? xasprintf("%s.%u", w->file, i) : xstrdup(w->file);

        unlink(name);
        free(name);
    }
    assert_int_equal(rmdir(w->folder), 0);
    free(w->file);
    free(w);
    return 0;
}

static void
open_log(struct world *w)
{
    xfsm_audit_close(w->audit);
    w->audit = NULL;
    assert_null(xfsm_audit_open(w->file, &w->limits, &w->audit));
}

static int
add(struct world *w, const char *object)
{
    const struct xfsm_audit_entry entry = {
        .time = 17, .controller = "c", .user = "me", .client = "192.0.2.1",
        .action = "put", .object = CONST_CAST(char *, object),
        .outcome = "done", .detail = "",
    };

    return xfsm_audit_add(w->audit, &entry);
}

/* Bytes of the file that is 'age' files old, or -1. */
static long int
get_size(const struct world *w, unsigned int age)
{
    char *name = age ? xasprintf("%s.%u", w->file, age) : xstrdup(w->file);
    struct stat s;
    long int size = stat(name, &s) ? -1 : s.st_size;

    free(name);
    return size;
}

/* What was written is there again, and numbers go on. */
static void
test_again(void **state)
{
    struct world *w = *state;
    const struct xfsm_audit_entry *e;

    open_log(w);
    assert_int_equal(xfsm_audit_count(w->audit), 0);
    assert_int_equal(add(w, "one"), 0);
    assert_int_equal(add(w, "two \"\\\n\xc3\xa4"), 0);
    open_log(w);
    assert_int_equal(xfsm_audit_count(w->audit), 2);
    e = xfsm_audit_get(w->audit, 0);
    assert_int_equal(e->id, 2);
    assert_int_equal(e->time, 17);
    assert_string_equal(e->object, "two \"\\\n\xc3\xa4");
    assert_string_equal(e->user, "me");
    assert_string_equal(xfsm_audit_get(w->audit, 1)->object, "one");
    assert_int_equal(add(w, "three"), 0);
    assert_int_equal(xfsm_audit_get(w->audit, 0)->id, 3);
    assert_int_equal(xfsm_audit_skipped(w->audit), 0);
}

/* Only the user that the controller runs as may read it. */
static void
test_mode(void **state)
{
    struct world *w = *state;
    struct stat s;

    open_log(w);
    assert_int_equal(stat(w->file, &s), 0);
    assert_int_equal(s.st_mode & 0777, 0600);
}

/* A line that is cut off costs that line, and no other. */
static void
test_torn(void **state)
{
    struct world *w = *state;

    open_log(w);
    add(w, "one");
    add(w, "two");
    assert_int_equal(truncate(w->file, get_size(w, 0) - 5), 0);
    open_log(w);
    assert_int_equal(xfsm_audit_count(w->audit), 1);
    assert_int_equal(xfsm_audit_skipped(w->audit), 1);
    add(w, "three");
    open_log(w);
    assert_int_equal(xfsm_audit_count(w->audit), 2);
    assert_string_equal(xfsm_audit_get(w->audit, 0)->object, "three");
    assert_int_equal(xfsm_audit_skipped(w->audit), 1);
}

/* Files at their limit, and one line past it; the oldest goes. */
static void
test_rotate(void **state)
{
    struct world *w = *state;
    long int line;
    int i;

    open_log(w);
    add(w, "10");
    line = get_size(w, 0);
    w->limits.max_bytes = 2 * line;
    open_log(w);
    add(w, "11");
    assert_int_equal(get_size(w, 0), 2 * line);
    assert_int_equal(get_size(w, 1), -1);
    add(w, "12");
    assert_int_equal(get_size(w, 0), line);
    assert_int_equal(get_size(w, 1), 2 * line);
    for (i = 13; i < 17; i++) {
        char *text = xasprintf("%d", i);

        assert_int_equal(add(w, text), 0);
        free(text);
    }
    assert_int_equal(get_size(w, 2), 2 * line);
    assert_int_equal(get_size(w, 3), -1);
    open_log(w);
    assert_int_equal(xfsm_audit_count(w->audit), 5);
    assert_string_equal(xfsm_audit_get(w->audit, 4)->object, "12");
    assert_string_equal(xfsm_audit_get(w->audit, 0)->object, "16");
    assert_int_equal(xfsm_audit_get(w->audit, 0)->id, 7);
}

/* One file alone begins anew. */
static void
test_one_file(void **state)
{
    struct world *w = *state;

    w->limits.n_files = 1;
    w->limits.max_bytes = 150;
    open_log(w);
    add(w, "one");
    add(w, "two");
    assert_int_equal(get_size(w, 1), -1);
    open_log(w);
    assert_int_equal(xfsm_audit_count(w->audit), 1);
    assert_string_equal(xfsm_audit_get(w->audit, 0)->object, "two");
}

/* Memory at its limit and past it, with a file and without. */
static void
test_memory(void **state)
{
    struct world *w = *state;
    int i, with;

    w->limits.max_bytes = 100000;
    for (with = 0; with < 2; with++) {
        xfsm_audit_close(w->audit);
        w->audit = NULL;
        assert_null(xfsm_audit_open(with ? w->file : NULL, &w->limits,
                                    &w->audit));
        for (i = 1; i <= 8; i++) {
            add(w, "x");
        }
        assert_int_equal(xfsm_audit_count(w->audit), 8);
        assert_int_equal(xfsm_audit_get(w->audit, 7)->id, 1);
        add(w, "x");
        assert_int_equal(xfsm_audit_count(w->audit), 8);
        assert_int_equal(xfsm_audit_get(w->audit, 7)->id, 2);
        assert_int_equal(xfsm_audit_get(w->audit, 0)->id, 9);
    }
    open_log(w);
    assert_int_equal(xfsm_audit_count(w->audit), 8);
    assert_int_equal(xfsm_audit_get(w->audit, 7)->id, 2);
}

/* A text at the limit and past it, cut between two characters. */
static void
test_text(void **state)
{
    struct world *w = *state;
    char text[XFSM_AUDIT_MAX_TEXT + 2];

    open_log(w);
    memset(text, 'x', sizeof text);
    text[XFSM_AUDIT_MAX_TEXT] = '\0';
    add(w, text);
    assert_string_equal(xfsm_audit_get(w->audit, 0)->object, text);
    text[XFSM_AUDIT_MAX_TEXT - 1] = '\xc3';
    text[XFSM_AUDIT_MAX_TEXT] = '\xa4';
    text[XFSM_AUDIT_MAX_TEXT + 1] = '\0';
    add(w, text);
    assert_int_equal(strlen(xfsm_audit_get(w->audit, 0)->object),
                     XFSM_AUDIT_MAX_TEXT - 1);
}

/* A link to somewhere else is not followed. */
static void
test_link(void **state)
{
    struct world *w = *state;
    char *error;

    assert_int_equal(symlink("/dev/null", w->file), 0);
    error = xfsm_audit_open(w->file, &w->limits, &w->audit);
    assert_non_null(error);
    free(error);
}

/* What cannot be written is told and counted, and written again later. */
static void
test_lost(void **state)
{
    struct world *w = *state;
    char *gone = xasprintf("%s-gone", w->folder);

    w->limits.max_bytes = 10;
    open_log(w);
    add(w, "one");
    assert_int_equal(rename(w->folder, gone), 0);
    assert_int_not_equal(add(w, "two"), 0);
    assert_int_equal(xfsm_audit_lost(w->audit), 1);
    assert_int_equal(xfsm_audit_count(w->audit), 2);
    assert_int_equal(rename(gone, w->folder), 0);
    assert_int_equal(add(w, "three"), 0);
    assert_int_equal(xfsm_audit_lost(w->audit), 1);
    free(gone);
}

/* Two processes do not write one file. */
static void
test_lock(void **state)
{
    struct world *w = *state;
    struct xfsm_audit *other;
    char *error;

    open_log(w);
    error = xfsm_audit_open(w->file, &w->limits, &other);
    assert_non_null(strstr(error, "another process"));
    free(error);
}

int
main(void)
{
#define TEST(NAME) \
    cmocka_unit_test_setup_teardown(test_##NAME, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(again), TEST(mode), TEST(torn), TEST(rotate), TEST(one_file),
        TEST(memory), TEST(text), TEST(link), TEST(lost),
        TEST(lock),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
