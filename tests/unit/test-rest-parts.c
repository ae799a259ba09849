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
#include <unistd.h>

#include "controller/http-limit.h"
#include "controller/recent.h"
#include "controller/tokens.h"
#include "openvswitch/dynamic-string.h"
#include "util.h"

/* ## http-limit.h ## */

/* The burst, one past it, and what comes back with time. */
static void
test_rate(void **state OVS_UNUSED)
{
    struct xfsm_http_limit *limit = xmalloc(sizeof *limit);
    int i;

    xfsm_http_limit_init(limit, 2);
    for (i = 0; i < 2 * XFSM_HTTP_LIMIT_BURST; i++) {
        assert_true(xfsm_http_limit_check(limit, "a", 1000));
    }
    assert_false(xfsm_http_limit_check(limit, "a", 1000));
    assert_true(xfsm_http_limit_check(limit, "b", 1000));
    assert_false(xfsm_http_limit_check(limit, "a", 1499));
    assert_true(xfsm_http_limit_check(limit, "a", 1500));
    assert_false(xfsm_http_limit_check(limit, "a", 1500));
    for (i = 0; i < 2 * XFSM_HTTP_LIMIT_BURST; i++) {
        assert_true(xfsm_http_limit_check(limit, "a", 1000000));
    }
    assert_false(xfsm_http_limit_check(limit, "a", 1000000));
    free(limit);
}

/* A table that is full forgets the client of longest ago. */
static void
test_clients(void **state OVS_UNUSED)
{
    struct xfsm_http_limit *limit = xmalloc(sizeof *limit);
    char name[16];
    int i, j;

    xfsm_http_limit_init(limit, 1);
    for (i = 0; i < XFSM_HTTP_LIMIT_CLIENTS; i++) {
        snprintf(name, sizeof name, "c%d", i);
        for (j = 0; j < XFSM_HTTP_LIMIT_BURST; j++) {
            assert_true(xfsm_http_limit_check(limit, name, 1000 + i));
        }
    }
    assert_false(xfsm_http_limit_check(limit, "c0", 1000 + i));
    assert_int_equal(limit->evicted, 0);
    assert_true(xfsm_http_limit_check(limit, "new", 1000 + i));
    assert_int_equal(limit->evicted, 1);
    assert_false(xfsm_http_limit_check(limit, "c0", 1000 + i));
    assert_true(xfsm_http_limit_check(limit, "c1", 1000 + i));
    assert_int_equal(limit->evicted, 2);
    free(limit);
}

/* ## recent.h ## */

static void
test_recent(void **state OVS_UNUSED)
{
    struct xfsm_recent *recent = xfsm_recent_create(3, 10);
    uint64_t n;

    assert_int_equal(xfsm_recent_first(recent), xfsm_recent_next(recent));
    for (n = 1; n <= 3; n++) {
        xfsm_recent_add(recent, "abc", 3);
    }
    assert_int_equal(xfsm_recent_first(recent), 1);
    xfsm_recent_add(recent, "d", 1);
    assert_int_equal(xfsm_recent_first(recent), 2);
    assert_int_equal(xfsm_recent_next(recent), 5);
    assert_string_equal(xfsm_recent_get(recent, 4)->text, "d");
    assert_int_equal(xfsm_recent_get(recent, 2)->number, 2);

    /* At the limit of bytes, one past it, and more than there may be. */
    xfsm_recent_add(recent, "123456", 6);
    assert_int_equal(xfsm_recent_first(recent), 3);
    xfsm_recent_add(recent, "1234", 4);
    assert_int_equal(xfsm_recent_first(recent), 5);
    xfsm_recent_add(recent, "x", 1);
    assert_int_equal(xfsm_recent_first(recent), 6);
    xfsm_recent_add(recent, "12345678901", 11);
    assert_int_equal(xfsm_recent_first(recent), 8);
    assert_int_equal(xfsm_recent_next(recent), 9);
    xfsm_recent_destroy(recent);
}

/* ## tokens.h ## */

/* Reads a file that has 'text'. */
static char *
read_tokens(const char *text, struct xfsm_tokens **tokens)
{
    char name[] = "tokens-XXXXXX";
    int fd = mkstemp(name);
    FILE *stream = fdopen(fd, "w");
    char *error;

    assert_non_null(stream);
    fputs(text, stream);
    assert_int_equal(fclose(stream), 0);
    error = xfsm_tokens_read(name, tokens);
    unlink(name);
    return error;
}

static void
test_tokens(void **state OVS_UNUSED)
{
    struct ds text = DS_EMPTY_INITIALIZER;
    const struct xfsm_token *found;
    struct xfsm_tokens *tokens;
    char *token, *line;

    /* SHA-256 of "abc", as FIPS 180-4 has it. */
    assert_null(xfsm_tokens_make("me:operator", &token, &line));
    ds_put_format(&text, "# who\n\n%s\nabc viewer sha256:ba7816bf8f01cfea41414"
                  "0de5dae2223b00361a396177a9cb410ff61f20015ad # x\n", line);
    assert_null(read_tokens(ds_cstr(&text), &tokens));
    found = xfsm_tokens_find(tokens, token);
    assert_non_null(found);
    assert_string_equal(found->name, "me");
    assert_int_equal(found->role, XFSM_ROLE_OPERATOR);
    found = xfsm_tokens_find(tokens, "abc");
    assert_non_null(found);
    assert_int_equal(found->role, XFSM_ROLE_VIEWER);
    assert_null(xfsm_tokens_find(tokens, "abd"));
    assert_null(xfsm_tokens_find(tokens, ""));
    xfsm_tokens_destroy(tokens);
    ds_destroy(&text);
    free(token);
    free(line);
}

static void
test_bad_tokens(void **state OVS_UNUSED)
{
    static const char *const bad[] = {
        "me", "me viewer", "me nobody sha256:00", "me viewer sha256:00",
        "me viewer sha1:00", "a/b viewer sha256:00",
    };
    struct xfsm_tokens *tokens;
    char *token, *line, *error;
    size_t i;

    for (i = 0; i < ARRAY_SIZE(bad); i++) {
        error = read_tokens(bad[i], &tokens);
        assert_non_null(error);
        assert_non_null(strstr(error, ":1: "));
        free(error);
    }
    error = xfsm_tokens_make("me:root", &token, &line);
    assert_non_null(error);
    free(error);
    error = xfsm_tokens_read("/nonexistent", &tokens);
    assert_non_null(error);
    free(error);
}

/* As many tokens as there may be, and one more. */
static void
test_many_tokens(void **state OVS_UNUSED)
{
    struct ds text = DS_EMPTY_INITIALIZER;
    struct xfsm_tokens *tokens;
    char *error;
    int i;

    for (i = 0; i <= XFSM_TOKENS_MAX; i++) {
        if (i == XFSM_TOKENS_MAX) {
            assert_null(read_tokens(ds_cstr(&text), &tokens));
            xfsm_tokens_destroy(tokens);
        }
        ds_put_format(&text, "t%d viewer sha256:%064x\n", i, i);
    }
    error = read_tokens(ds_cstr(&text), &tokens);
    assert_non_null(error);
    assert_non_null(strstr(error, "more than 256 tokens"));
    free(error);
    ds_destroy(&text);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rate),
        cmocka_unit_test(test_clients),
        cmocka_unit_test(test_recent),
        cmocka_unit_test(test_tokens),
        cmocka_unit_test(test_bad_tokens),
        cmocka_unit_test(test_many_tokens),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
