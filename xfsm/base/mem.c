/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include "xfsm/base/mem.h"

#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define HUGE_PAGE ((size_t) 2 << 20)

#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25        /* Linux 6.1; before, EINVAL. */
#endif

/* Up to here memset() costs less than the page faults that would follow
 * giving the pages back. */
#define CLEAR_BY_HAND ((size_t) 64 << 10)

/* A block of huge pages' size that did not ask for them as a whole. */
struct block {
    struct block *next;
    uint8_t *p;
    size_t n_parts;             /* Whole ones. */
    bool promoted[];            /* Part by part. */
};

/* xfsm_mem_want_huge(). */
static bool want_huge;

/* xfsm_mem_huge_bytes(). */
static size_t huge_bytes;

static pthread_mutex_t blocks_mutex = PTHREAD_MUTEX_INITIALIZER;
static struct block *blocks;

/* The next part to be looked at, of no block at first. */
static struct block *next_block;
static size_t next_part;

/* 'size' rounded up to pages, or 0 if it is 0 or absurd. */
static size_t
round_to_pages(size_t size)
{
    size_t page = (size_t) sysconf(_SC_PAGESIZE);

    return size > SIZE_MAX / 2 ? 0 : (size + page - 1) / page * page;
}

static void
count_huge(size_t bytes)
{
    __atomic_fetch_add(&huge_bytes, bytes, __ATOMIC_RELAXED);
}

/* ## Blocks ## */

/* Notes that 'p' may be promoted.  Without memory for that, it never is. */
static void
add_block(uint8_t *p, size_t size)
{
    size_t n_parts = size / HUGE_PAGE;
    struct block *b = calloc(1, sizeof *b + n_parts * sizeof *b->promoted);

    if (b) {
        b->p = p;
        b->n_parts = n_parts;
        pthread_mutex_lock(&blocks_mutex);
        b->next = blocks;
        blocks = b;
        pthread_mutex_unlock(&blocks_mutex);
    }
}

/* Returns what points to the block at 'p', to NULL if there is none. */
static struct block **
find_block(const uint8_t *p)
{
    struct block **link;

    for (link = &blocks; *link && (*link)->p != p; link = &(*link)->next) {
        continue;
    }
    return link;
}

/* Notes that the block's huge pages are no more. */
static void
demote(struct block *b)
{
    size_t i;

    for (i = 0; i < b->n_parts; i++) {
        if (b->promoted[i]) {
            b->promoted[i] = false;
            count_huge(-HUGE_PAGE);
        }
    }
}

/* Takes the block at 'p' out of the list.  False if it is not there. */
static bool
remove_block(const uint8_t *p)
{
    struct block **link, *b;

    pthread_mutex_lock(&blocks_mutex);
    link = find_block(p);
    b = *link;
    if (b) {
        *link = b->next;
        if (next_block == b) {
            next_block = b->next;
            next_part = 0;
        }
        demote(b);
    }
    pthread_mutex_unlock(&blocks_mutex);
    free(b);
    return b != NULL;
}

/* Has the pages of the block at 'p' be in use one by one again. */
static void
clear_block(const uint8_t *p)
{
    struct block *b;

    pthread_mutex_lock(&blocks_mutex);
    b = *find_block(p);
    if (b) {
        madvise(b->p, b->n_parts * HUGE_PAGE, MADV_NOHUGEPAGE);
        demote(b);
    }
    pthread_mutex_unlock(&blocks_mutex);
}

static bool
is_full(uint8_t *part)
{
    size_t n = HUGE_PAGE / (size_t) sysconf(_SC_PAGESIZE);
    unsigned char pages[HUGE_PAGE / 4096];
    size_t in_use = 0;
    size_t i;

    if (mincore(part, HUGE_PAGE, pages)) {
        return false;
    }
    for (i = 0; i < n; i++) {
        in_use += pages[i] & 1;
    }
    return in_use * 8 >= n * XFSM_MEM_FULL;
}

/* Asks for a huge page for part 'i' of the block, if it is full. */
static void
promote_part(struct block *b, size_t i)
{
    uint8_t *part = b->p + i * HUGE_PAGE;

    if (!b->promoted[i] && is_full(part)
        && !madvise(part, HUGE_PAGE, MADV_HUGEPAGE)) {
        b->promoted[i] = true;
        count_huge(HUGE_PAGE);
    }
}

void
xfsm_mem_promote(unsigned int n)
{
    pthread_mutex_lock(&blocks_mutex);
    for (; n && blocks; n--) {
        struct block *b = next_block ? next_block : blocks;

        promote_part(b, next_part);
        next_block = b;
        if (++next_part == b->n_parts) {
            next_block = b->next;
            next_part = 0;
        }
    }
    pthread_mutex_unlock(&blocks_mutex);
}

void
xfsm_mem_promote_now(void)
{
    struct block *b;
    size_t i;

    pthread_mutex_lock(&blocks_mutex);
    for (b = blocks; b; b = b->next) {
        for (i = 0; i < b->n_parts; i++) {
            promote_part(b, i);
            if (b->promoted[i]) {
                madvise(b->p + i * HUGE_PAGE, HUGE_PAGE, MADV_COLLAPSE);
            }
        }
    }
    pthread_mutex_unlock(&blocks_mutex);
}

/* ## Memory ## */

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
    p = map_aligned(size);
    if (p) {
        /* Advice: a kernel without huge pages may refuse it. */
        madvise(p, size, huge ? MADV_HUGEPAGE : MADV_NOHUGEPAGE);
        if (want_huge) {
            count_huge(size);
        } else if (!huge) {
            add_block(p, size);
        }
    }
    return p;
}

void
xfsm_mem_unmap(void *p, size_t size)
{
    if (!p) {
        return;
    }
    size = round_to_pages(size);
    if (size >= HUGE_PAGE && !remove_block(p) && want_huge) {
        count_huge(-size);
    }
    munmap(p, size);
}

void
xfsm_mem_clear(void *p, size_t size)
{
    /* Locked memory cannot be given back. */
    if (size <= CLEAR_BY_HAND
        || madvise(p, round_to_pages(size), MADV_DONTNEED)) {
        memset(p, 0, size);
    }
    if (size > CLEAR_BY_HAND) {
        clear_block(p);
    }
}
