/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <stdio.h>
#include <unistd.h>

#include "xfsm/base/mem.h"

#define MIB ((size_t) 1 << 20)

/* Real memory of this process, in bytes. */
static size_t
resident(void)
{
    FILE *stream = fopen("/proc/self/statm", "r");
    unsigned long total, pages;

    assert_non_null(stream);
    assert_int_equal(fscanf(stream, "%lu %lu", &total, &pages), 2);
    fclose(stream);
    return pages * (size_t) sysconf(_SC_PAGESIZE);
}

/* By how much it has grown since it was 'before'. */
static size_t
growth(size_t before)
{
    size_t now = resident();

    return now > before ? now - before : 0;
}

static void
assert_zero(const uint8_t *p, size_t size)
{
    size_t i;

    for (i = 0; i < size; i++) {
        assert_int_equal(p[i], 0);
    }
}

static void
test_sizes(void **state)
{
    static const size_t sizes[] = {
        1, 4095, 4096, 4097, 2 * MIB - 1, 2 * MIB, 2 * MIB + 1
    };
    size_t i;
    int huge;

    (void) state;
    for (i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        for (huge = 0; huge < 2; huge++) {
            uint8_t *p = xfsm_mem_map(sizes[i], huge);

            assert_non_null(p);
            assert_int_equal((uintptr_t) p % 4096, 0);
            if (huge && sizes[i] >= 2 * MIB) {
                assert_int_equal((uintptr_t) p % (2 * MIB), 0);
            }
            assert_zero(p, sizes[i]);
            memset(p, 0xa5, sizes[i]);
            xfsm_mem_clear(p, sizes[i]);
            assert_zero(p, sizes[i]);
            xfsm_mem_unmap(p, sizes[i]);
        }
    }
}

/* Has the block the flag, of /proc/PID/smaps? */
static bool
has_flag(const void *p, const char *flag)
{
    FILE *smaps = fopen("/proc/self/smaps", "r");
    char line[1024];
    bool here = false, found = false;

    assert_non_null(smaps);
    while (fgets(line, sizeof line, smaps)) {
        unsigned long start, end;

        if (sscanf(line, "%lx-%lx ", &start, &end) == 2) {
            here = start <= (uintptr_t) p && (uintptr_t) p < end;
        } else if (here && !strncmp(line, "VmFlags:", 8)) {
            found = strstr(line, flag) != NULL;
        }
    }
    fclose(smaps);
    return found;
}

/* A process that wants huge pages gets them without asking for each block. */
static void
test_want_huge(void **state)
{
    (void) state;
    if (access("/sys/kernel/mm/transparent_hugepage", F_OK)) {
        print_message("no huge pages here: skipped\n");
        skip();
    }
    for (int huge = 1; huge >= 0; huge--) {
        uint8_t *p, *q;

        xfsm_mem_want_huge(huge);
        p = xfsm_mem_map(4 * MIB, false);
        assert_non_null(p);
        assert_true(has_flag(p, huge ? " hg" : " nh"));
        assert_int_equal(xfsm_mem_huge_bytes(), huge ? 4 * MIB : 0);
        assert_zero(p, 4 * MIB);

        /* One page less than a huge one is none. */
        q = xfsm_mem_map(2 * MIB - 4096, false);
        assert_non_null(q);
        assert_int_equal(xfsm_mem_huge_bytes(), huge ? 4 * MIB : 0);
        xfsm_mem_unmap(q, 2 * MIB - 4096);
        xfsm_mem_unmap(p, 4 * MIB);
        assert_int_equal(xfsm_mem_huge_bytes(), 0);
    }
}

static void
test_refusals(void **state)
{
    (void) state;
    assert_null(xfsm_mem_map(0, false));
    assert_null(xfsm_mem_map(SIZE_MAX, false));
    assert_null(xfsm_mem_map(SIZE_MAX, true));
    assert_null(xfsm_mem_map(SIZE_MAX / 2, false));
    assert_null(xfsm_mem_map(SIZE_MAX / 2, true));
    xfsm_mem_unmap(NULL, 5);
}

static void
test_untouched_is_free(void **state)
{
    const size_t size = 1024 * MIB;
    size_t before = resident();
    uint8_t *p = xfsm_mem_map(size, false);
    size_t i;

    (void) state;
    assert_non_null(p);
    for (i = 0; i < size; i += 16 * MIB) {
        p[i] = 1;
    }
    assert_in_range(growth(before), 0, 4 * MIB);

    memset(p, 1, 64 * MIB);
    assert_true(growth(before) >= 60 * MIB);
    xfsm_mem_clear(p, size);
    assert_in_range(growth(before), 0, 4 * MIB);
    assert_zero(p, MIB);
    xfsm_mem_unmap(p, size);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_want_huge),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_untouched_is_free),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
