/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "xfsm/base/arena.h"

static void
test_alignment(void **state)
{
    struct xfsm_arena *arena = xfsm_arena_create();
    size_t size;

    (void) state;
    for (size = 0; size < 100; size++) {
        char *p = xfsm_arena_alloc(arena, size);
        size_t i;

        assert_int_equal((uintptr_t) p % 16, 0);
        for (i = 0; i < size; i++) {
            assert_int_equal(p[i], 0);
        }
        memset(p, 0xa5, size);
    }
    xfsm_arena_destroy(arena);
}

/* Pieces of all sizes keep their contents, so they do not overlap. */
static void
test_no_overlap(void **state)
{
    static const size_t sizes[] = { 1, 17, 4096, 100000, 300000, 2000000, 3 };
    enum { N = 200 };
    struct xfsm_arena *arena = xfsm_arena_create();
    unsigned char *pieces[N];
    size_t i, j;

    (void) state;
    for (i = 0; i < N; i++) {
        size_t size = sizes[i % (sizeof sizes / sizeof sizes[0])];

        pieces[i] = xfsm_arena_alloc(arena, size);
        memset(pieces[i], (int) i, size);
    }
    for (i = 0; i < N; i++) {
        size_t size = sizes[i % (sizeof sizes / sizeof sizes[0])];

        for (j = 0; j < size; j += 13) {
            assert_int_equal(pieces[i][j], i & 0xff);
        }
    }
    xfsm_arena_destroy(arena);
}

static void
test_copies(void **state)
{
    struct xfsm_arena *arena = xfsm_arena_create();
    int numbers[3] = { 1, 2, 3 };
    const int *copy;
    char text[3000];

    (void) state;
    assert_string_equal(xfsm_arena_strdup(arena, "tables"), "tables");
    assert_string_equal(xfsm_arena_strndup(arena, "tables", 3), "tab");
    assert_string_equal(xfsm_arena_strndup(arena, "", 0), "");
    assert_string_equal(xfsm_arena_printf(arena, "%s-%d", "x", 7), "x-7");
    memset(text, 'y', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    assert_string_equal(xfsm_arena_printf(arena, "%s", text), text);
    copy = xfsm_arena_memdup(arena, numbers, sizeof numbers);
    assert_ptr_not_equal(copy, numbers);
    assert_memory_equal(copy, numbers, sizeof numbers);
    copy = xfsm_arena_array(arena, 5, sizeof *copy);
    assert_int_equal(copy[4], 0);
    xfsm_arena_destroy(arena);
}

/* Many small pieces cost no more than their size: they lie one behind the
 * other, but for the beginnings of blocks. */
static void
test_overhead(void **state)
{
    struct xfsm_arena *arena = xfsm_arena_create();
    const unsigned char *before = NULL;
    int n_blocks = 0;
    int i;

    (void) state;
    for (i = 0; i < 100000; i++) {
        const unsigned char *piece = xfsm_arena_alloc(arena, 32);

        n_blocks += !before || piece != before + 32;
        before = piece;
    }
    assert_in_range(n_blocks, 1, 100);
    xfsm_arena_destroy(arena);
    xfsm_arena_destroy(NULL);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_alignment),
        cmocka_unit_test(test_no_overlap),
        cmocka_unit_test(test_copies),
        cmocka_unit_test(test_overhead),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
