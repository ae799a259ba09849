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

/* Skips a test where there are no huge pages of 512 small ones. */
static void
need_huge_pages(void)
{
    if (access("/sys/kernel/mm/transparent_hugepage", F_OK)
        || sysconf(_SC_PAGESIZE) != 4096) {
        print_message("no huge pages of 512 here: skipped\n");
        skip();
    }
}

/* Touches the first pages of a block. */
static void
touch(uint8_t *p, size_t n_pages)
{
    while (n_pages--) {
        p[n_pages * 4096] = 1;
    }
}

/* Parts get huge pages where they are full, in turn. */
static void
test_promote(void **state)
{
    const size_t full = 512 * XFSM_MEM_FULL / 8;
    uint8_t *p, *q;

    (void) state;
    need_huge_pages();
    xfsm_mem_promote(1);                /* There is none. */
    p = xfsm_mem_map(6 * MIB + 4096, false);
    assert_non_null(p);
    touch(p, full);
    touch(p + 2 * MIB, full - 1);
    touch(p + 4 * MIB, 512);

    xfsm_mem_promote(0);
    assert_false(has_flag(p, " hg"));
    xfsm_mem_promote(2);
    assert_true(has_flag(p, " hg"));
    assert_false(has_flag(p + 2 * MIB, " hg"));
    assert_false(has_flag(p + 4 * MIB, " hg"));
    assert_int_equal(xfsm_mem_huge_bytes(), 2 * MIB);
    xfsm_mem_promote(1);
    assert_true(has_flag(p + 4 * MIB, " hg"));
    assert_false(has_flag(p + 6 * MIB, " hg"));
    assert_int_equal(xfsm_mem_huge_bytes(), 4 * MIB);

    /* The second block is looked at after the first one, which goes while it
     * has its turn; what is small or has huge pages is not looked at. */
    q = xfsm_mem_map(2 * MIB, false);
    assert_non_null(q);
    touch(q, 512);
    xfsm_mem_promote(1);
    assert_true(has_flag(q, " hg"));
    xfsm_mem_promote(4);
    assert_int_equal(xfsm_mem_huge_bytes(), 6 * MIB);
    xfsm_mem_unmap(p, 6 * MIB + 4096);
    assert_int_equal(xfsm_mem_huge_bytes(), 2 * MIB);
    p = xfsm_mem_map(2 * MIB - 4096, false);
    touch(p, 511);
    xfsm_mem_promote(2);
    assert_false(has_flag(p, " hg"));
    xfsm_mem_unmap(p, 2 * MIB - 4096);

    /* What was cleared is not full any more, and may be again. */
    xfsm_mem_clear(q, 2 * MIB);
    xfsm_mem_promote(1);
    assert_false(has_flag(q, " hg"));
    assert_int_equal(xfsm_mem_huge_bytes(), 0);
    assert_zero(q, 2 * MIB);
    xfsm_mem_promote(1);
    assert_true(has_flag(q, " hg"));
    xfsm_mem_unmap(q, 2 * MIB);
    assert_int_equal(xfsm_mem_huge_bytes(), 0);
    xfsm_mem_promote(1);
}

/* KiB of huge pages that the kernel has given where 'p' is. */
static size_t
huge_kib(const void *p)
{
    FILE *smaps = fopen("/proc/self/smaps", "r");
    char line[1024];
    bool here = false;
    size_t found = 0;

    assert_non_null(smaps);
    while (fgets(line, sizeof line, smaps)) {
        unsigned long start, end, kib;

        if (sscanf(line, "%lx-%lx ", &start, &end) == 2) {
            here = start <= (uintptr_t) p && (uintptr_t) p < end;
        } else if (here && sscanf(line, "AnonHugePages: %lu", &kib) == 1) {
            found = kib;
        }
    }
    fclose(smaps);
    return found;
}

/* All that is full at once, with what is in it. */
static void
test_promote_now(void **state)
{
    uint8_t *p = xfsm_mem_map(6 * MIB, false);

    (void) state;
    need_huge_pages();
    assert_non_null(p);
    memset(p, 0x5a, 2 * MIB);
    touch(p + 2 * MIB, 400);
    memset(p + 4 * MIB, 0x5a, 2 * MIB);
    xfsm_mem_promote_now();
    assert_int_equal(xfsm_mem_huge_bytes(), 4 * MIB);
    for (size_t i = 0; i < 2 * MIB; i++) {
        assert_int_equal(p[i], 0x5a);
        assert_int_equal(p[4 * MIB + i], 0x5a);
    }
    print_message("%zu KiB in huge pages\n", huge_kib(p));
    assert_int_equal(huge_kib(p + 2 * MIB), 0);
    xfsm_mem_unmap(p, 6 * MIB);
    assert_int_equal(xfsm_mem_huge_bytes(), 0);
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
        cmocka_unit_test(test_promote),
        cmocka_unit_test(test_promote_now),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_untouched_is_free),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
