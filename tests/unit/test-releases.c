/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

/* Which versions of signed programs must not come back, in memory and in a
 * file. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "xfsm/io/releases.h"

static char folder[] = "/tmp/xfsm-test-releases-XXXXXX";
static char path[64];

static int
setup(void **state)
{
    (void) state;
    if (!mkdtemp(folder)) {
        return -1;
    }
    snprintf(path, sizeof path, "%s/releases", folder);
    return 0;
}

static int
teardown(void **state)
{
    char command[64];

    (void) state;
    snprintf(command, sizeof command, "rm -r %s", folder);
    return system(command);
}

/* Expects 'error' to say 'why'. */
static void
expect(char *error, const char *why)
{
    assert_non_null(error);
    assert_non_null(strstr(error, why));
    free(error);
}

static void
note(struct xfsm_releases *rs, const char *name, int64_t version,
     int64_t oldest)
{
    const struct xfsm_release release = { version, oldest };

    assert_null(xfsm_releases_note(rs, name, &release));
}

/* What may run from 'oldest' on. */
static void
expect_oldest(const struct xfsm_releases *rs, const char *name,
              int64_t oldest)
{
    assert_null(xfsm_releases_check(rs, name, oldest));
    assert_null(xfsm_releases_check(rs, name, oldest + 1));
    if (oldest > 1) {
        expect(xfsm_releases_check(rs, name, oldest - 1), "may run");
    }
}

static struct xfsm_releases *
load(void)
{
    struct xfsm_releases *rs = xfsm_releases_create();

    assert_null(xfsm_releases_load(rs, path));
    return rs;
}

static void
test_memory(void **state)
{
    struct xfsm_releases *rs = xfsm_releases_create();
    char *text;

    (void) state;
    expect_oldest(rs, "a", 1);
    note(rs, "a", 3, 2);
    expect_oldest(rs, "a", 2);
    expect_oldest(rs, "b", 1);
    expect(xfsm_releases_check(rs, "a", 1), "it is version 1, and since "
           "version 3 was signed none older than 2 may run");
    /* What says less changes nothing; what says more of an old one does. */
    note(rs, "a", 2, 1);
    note(rs, "a", 9, 1);
    expect_oldest(rs, "a", 2);
    note(rs, "a", 3, 3);
    expect_oldest(rs, "a", 3);

    /* The operator's word holds until more is said. */
    expect(xfsm_releases_allow(rs, "c", 1), "no signed program c");
    expect(xfsm_releases_allow(rs, "a", 0), "not the number");
    assert_null(xfsm_releases_allow(rs, "a", 2));
    expect_oldest(rs, "a", 2);
    note(rs, "a", 3, 3);
    note(rs, "a", 4, 3);
    expect_oldest(rs, "a", 2);
    text = xfsm_releases_format(rs);
    assert_string_equal(text, "a: none older than version 3, since version 4; "
                        "but version 2 is allowed\n");
    free(text);
    note(rs, "a", 4, 4);
    expect_oldest(rs, "a", 4);
    assert_null(xfsm_releases_allow(rs, "a", 1));
    assert_null(xfsm_releases_allow(rs, "a", 7));   /* No exception. */
    expect_oldest(rs, "a", 4);
    assert_null(xfsm_releases_save(rs));    /* Has no file. */
    xfsm_releases_destroy(rs);
}

static void
test_file(void **state)
{
    struct xfsm_releases *rs = load();  /* There is none yet. */
    struct stat s;

    (void) state;
    assert_null(xfsm_releases_save(rs));
    assert_int_not_equal(stat(path, &s), 0);    /* Nothing to tell. */
    note(rs, "b", INT64_MAX, INT64_MAX);
    note(rs, "a", 3, 2);
    note(rs, "c", 5, 5);
    assert_null(xfsm_releases_allow(rs, "c", 4));
    assert_null(xfsm_releases_save(rs));
    xfsm_releases_destroy(rs);

    rs = load();
    assert_int_equal(xfsm_releases_count(rs), 3);
    assert_string_equal(xfsm_releases_get(rs, 0).name, "a");
    assert_int_equal(xfsm_releases_get(rs, 0).release.version, 3);
    assert_int_equal(xfsm_releases_get(rs, 0).allowed, -1);
    assert_int_equal(xfsm_releases_get(rs, 1).release.oldest, INT64_MAX);
    assert_int_equal(xfsm_releases_get(rs, 2).allowed, 4);
    expect_oldest(rs, "a", 2);
    expect_oldest(rs, "c", 4);
    xfsm_releases_destroy(rs);
}

static void
write_file(const char *text)
{
    FILE *stream = fopen(path, "w");

    assert_non_null(stream);
    fputs(text, stream);
    assert_int_equal(fclose(stream), 0);
}

/* A file that is damaged is an error: who damages it must not be the one who
 * says what may come back. */
static void
test_damaged(void **state)
{
    static const char *const damaged[] = {
        "", "xfsm-releases 1\n", "xfsm-releases 2\nend\n",
        "xfsm-releases 1\na 3 2 -\n", "xfsm-releases 1\na 3 2\nend\n",
        "xfsm-releases 1\na 2 3 -\nend\n", "xfsm-releases 1\na 1 0 -\nend\n",
        "xfsm-releases 1\na 3 2 x\nend\n", "xfsm-releases 1\na 3 2 0\nend\n",
        "xfsm-releases 1\na 3 2 1x\nend\n",
        "xfsm-releases 1\na 3 2 - 1\nend\n",
        "xfsm-releases 1\nb 3 2 -\na 3 2 -\nend\n",
        "xfsm-releases 1\na 3 2 -\na 3 2 -\nend\n",
        "xfsm-releases 1\na 3 2 -\nend\nb 3 2 -\n",
        "xfsm-releases 1\n"
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa "
        "3 2 -\nend\n",
    };
    struct xfsm_releases *rs;
    size_t i;

    (void) state;
    for (i = 0; i < sizeof damaged / sizeof damaged[0]; i++) {
        write_file(damaged[i]);
        rs = xfsm_releases_create();
        expect(xfsm_releases_load(rs, path), "damaged");
        xfsm_releases_destroy(rs);
    }
    write_file("xfsm-releases 1\na 3 2 -\nend\n");
    xfsm_releases_destroy(load());
    rs = xfsm_releases_create();
    expect(xfsm_releases_load(rs, folder), "damaged");
    xfsm_releases_destroy(rs);
}

static void
test_unwritable(void **state)
{
    struct xfsm_releases *rs = xfsm_releases_create();
    char file[96], new[128];

    (void) state;
    snprintf(file, sizeof file, "%s/file", folder);
    snprintf(new, sizeof new, "%s.new", file);
    assert_null(xfsm_releases_load(rs, file));
    assert_int_equal(mkdir(new, 0700), 0);
    note(rs, "a", 2, 2);
    expect(xfsm_releases_save(rs), "cannot be written");
    expect(xfsm_releases_save(rs), "cannot be written");
    expect_oldest(rs, "a", 2);
    assert_int_equal(rmdir(new), 0);
    assert_null(xfsm_releases_save(rs));    /* Tried again. */
    assert_int_equal(access(file, F_OK), 0);
    xfsm_releases_destroy(rs);
}

/* The most names, and one more; the longest name, and one more. */
static void
test_limits(void **state)
{
    static const struct xfsm_release release = { 2, 2 };
    char name[XFSM_RELEASES_MAX_NAME + 2];
    struct xfsm_releases *rs = xfsm_releases_create();
    int i;

    (void) state;
    memset(name, 'n', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    expect(xfsm_releases_note(rs, name, &release), "not the name");
    expect(xfsm_releases_note(rs, "", &release), "not the name");
    expect(xfsm_releases_note(rs, "a b", &release), "not the name");
    note(rs, &name[1], 2, 2);
    for (i = 1; i < XFSM_RELEASES_MAX; i++) {
        snprintf(name, sizeof name, "p%d", i);
        note(rs, name, 2, 2);
    }
    expect(xfsm_releases_note(rs, "more", &release), "no room");
    expect(xfsm_releases_note(rs, "zzz", &release), "no room");
    assert_null(xfsm_releases_check(rs, "zzz", 1));
    expect_oldest(rs, "p1", 2);
    note(rs, "p1", 3, 3);
    expect_oldest(rs, "p1", 3);
    assert_int_equal(unlink(path), 0);
    assert_null(xfsm_releases_load(rs, path));
    assert_null(xfsm_releases_save(rs));
    xfsm_releases_destroy(rs);
    rs = load();
    assert_int_equal(xfsm_releases_count(rs), XFSM_RELEASES_MAX);
    expect_oldest(rs, "p1", 3);
    xfsm_releases_destroy(rs);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_memory),
        cmocka_unit_test(test_file),
        cmocka_unit_test(test_damaged),
        cmocka_unit_test(test_unwritable),
        cmocka_unit_test(test_limits),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
