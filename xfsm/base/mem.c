/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include "xfsm/base/mem.h"

#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define HUGE_PAGE ((size_t) 2 << 20)

/* Up to here memset() costs less than the page faults that would follow
 * giving the pages back. */
#define CLEAR_BY_HAND ((size_t) 64 << 10)

/* xfsm_mem_want_huge(). */
static bool want_huge;

/* xfsm_mem_huge_bytes(). */
static size_t huge_bytes;

/* 'size' rounded up to pages, or 0 if it is 0 or absurd. */
static size_t
round_to_pages(size_t size)
{
    size_t page = (size_t) sysconf(_SC_PAGESIZE);

    return size > SIZE_MAX / 2 ? 0 : (size + page - 1) / page * page;
}

static void *
map_anonymous(size_t size)
{
    void *p = mmap(NULL, size, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    return p == MAP_FAILED ? NULL : p;
}

/* Maps 'size' bytes aligned to a huge page, by cutting both ends off a
 * mapping that is one huge page larger. */
static void *
map_aligned(size_t size)
{
    uint8_t *p = map_anonymous(size + HUGE_PAGE);
    size_t head;

    if (!p) {
        return NULL;
    }
    head = -(uintptr_t) p % HUGE_PAGE;
    if (head) {
        munmap(p, head);
    }
    if (HUGE_PAGE - head) {
        munmap(p + head + size, HUGE_PAGE - head);
    }
    return p + head;
}

void
xfsm_mem_want_huge(bool huge)
{
    want_huge = huge;
}

size_t
xfsm_mem_huge_bytes(void)
{
    return __atomic_load_n(&huge_bytes, __ATOMIC_RELAXED);
}

void *
xfsm_mem_map(size_t size, bool huge)
{
    void *p;

    huge |= want_huge;
    size = round_to_pages(size);
    if (!size) {
        return NULL;
    }
    if (size < HUGE_PAGE) {
        return map_anonymous(size);
    }
    p = huge ? map_aligned(size) : map_anonymous(size);
    if (p) {
        /* Advice: a kernel without huge pages may refuse it. */
        madvise(p, size, huge ? MADV_HUGEPAGE : MADV_NOHUGEPAGE);
        if (want_huge) {
            __atomic_fetch_add(&huge_bytes, size, __ATOMIC_RELAXED);
        }
    }
    return p;
}

void
xfsm_mem_unmap(void *p, size_t size)
{
    if (p) {
        size = round_to_pages(size);
        munmap(p, size);
        if (want_huge && size >= HUGE_PAGE) {
            __atomic_fetch_sub(&huge_bytes, size, __ATOMIC_RELAXED);
        }
    }
}

void
xfsm_mem_clear(void *p, size_t size)
{
    /* Locked memory cannot be given back. */
    if (size <= CLEAR_BY_HAND
        || madvise(p, round_to_pages(size), MADV_DONTNEED)) {
        memset(p, 0, size);
    }
}
