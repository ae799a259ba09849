/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include "xfsm/base/arena.h"

#include <stdalign.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK_MIN 4096
#define BLOCK_MAX (1024 * 1024)

struct block {
    struct block *next;
    max_align_t data[];
};

struct xfsm_arena {
    struct block *blocks;       /* Newest first. */
    char *free;                 /* Unused bytes of the current block... */
    size_t n_free;              /* ...and how many they are. */
    size_t next_size;           /* Of the next block. */
};

struct xfsm_arena *
xfsm_arena_create(void)
{
    struct xfsm_arena *arena = calloc(1, sizeof *arena);

    if (!arena) {
        abort();
    }
    arena->next_size = BLOCK_MIN;
    return arena;
}

void
xfsm_arena_destroy(struct xfsm_arena *arena)
{
    if (arena) {
        struct block *block, *next;

        for (block = arena->blocks; block; block = next) {
            next = block->next;
            free(block);
        }
        free(arena);
    }
}

/* Returns the data of a new block of 'size' bytes. */
static char *
add_block(struct xfsm_arena *arena, size_t size)
{
    struct block *block;

    if (size > SIZE_MAX - sizeof *block) {
        abort();
    }
    block = calloc(1, sizeof *block + size);
    if (!block) {
        abort();
    }
    block->next = arena->blocks;
    arena->blocks = block;
    return (char *) block->data;
}

void *
xfsm_arena_alloc(struct xfsm_arena *arena, size_t size)
{
    const size_t align = alignof(max_align_t);
    void *p;

    if (size > SIZE_MAX - align) {
        abort();
    }
    size = size ? (size + align - 1) / align * align : align;
    if (size > BLOCK_MAX / 4) {
        return add_block(arena, size);
    }
    if (size > arena->n_free) {
        while (arena->next_size < size) {
            arena->next_size *= 2;
        }
        arena->free = add_block(arena, arena->next_size);
        arena->n_free = arena->next_size;
        if (arena->next_size < BLOCK_MAX) {
            arena->next_size *= 2;
        }
    }
    p = arena->free;
    arena->free += size;
    arena->n_free -= size;
    return p;
}

void *
xfsm_arena_array(struct xfsm_arena *arena, size_t n, size_t size)
{
    if (size && n > SIZE_MAX / size) {
        abort();
    }
    return xfsm_arena_alloc(arena, n * size);
}

void *
xfsm_arena_memdup(struct xfsm_arena *arena, const void *p, size_t size)
{
    void *copy = xfsm_arena_alloc(arena, size);

    if (size) {
        memcpy(copy, p, size);
    }
    return copy;
}

char *
xfsm_arena_strndup(struct xfsm_arena *arena, const char *s, size_t len)
{
    char *copy;

    if (len == SIZE_MAX) {
        abort();
    }
    copy = xfsm_arena_alloc(arena, len + 1);
    if (len) {
        memcpy(copy, s, len);
    }
    return copy;
}

char *
xfsm_arena_strdup(struct xfsm_arena *arena, const char *s)
{
    return xfsm_arena_strndup(arena, s, strlen(s));
}

char *
xfsm_arena_printf(struct xfsm_arena *arena, const char *format, ...)
{
    va_list args;
    char *s;
    int len;

    va_start(args, format);
    len = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (len < 0) {
        abort();
    }

    s = xfsm_arena_alloc(arena, (size_t) len + 1);
    va_start(args, format);
    vsnprintf(s, (size_t) len + 1, format, args);
    va_end(args);
    return s;
}
