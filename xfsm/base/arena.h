/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef XFSM_BASE_ARENA_H
#define XFSM_BASE_ARENA_H 1

/* Memory that is given piece by piece and taken back all at once.
 *
 * A model is thousands of small objects that live and die together: an arena
 * makes each of them a pointer bump, and makes freeing them one call that
 * cannot miss any.  Pieces come from blocks of doubling size, from 4 KiB to
 * 1 MiB; a piece larger than that gets a block of its own.
 *
 * Ownership: whoever creates an arena destroys it, and with it everything
 * that was allocated from it.
 *
 * Errors: like OVS's xmalloc(), these functions never return NULL.  They call
 * abort() where the system has no memory, because what the arena is for is
 * bounded by its callers' limits.
 *
 * Thread-safety: none; an arena belongs to one thread at a time. */

#include <stddef.h>

struct xfsm_arena;

struct xfsm_arena *xfsm_arena_create(void);

/* Frees 'arena' and all that came from it.  NULL is allowed. */
void xfsm_arena_destroy(struct xfsm_arena *arena);

/* Returns 'size' zeroed bytes, aligned for any type.  'size' may be 0. */
void *xfsm_arena_alloc(struct xfsm_arena *arena, size_t size);

/* Returns 'n' zeroed objects of 'size' bytes; aborts if that overflows. */
void *xfsm_arena_array(struct xfsm_arena *arena, size_t n, size_t size);

/* Returns a copy of the 'size' bytes at 'p'. */
void *xfsm_arena_memdup(struct xfsm_arena *arena, const void *p, size_t size);

/* Returns a terminated copy of the 'len' bytes at 's'. */
char *xfsm_arena_strndup(struct xfsm_arena *arena, const char *s, size_t len);

/* Returns a copy of the string 's'. */
char *xfsm_arena_strdup(struct xfsm_arena *arena, const char *s);

/* Returns formatted text. */
char *xfsm_arena_printf(struct xfsm_arena *arena, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif /* xfsm/base/arena.h */
