/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef CONTROLLER_RECENT_H
#define CONTROLLER_RECENT_H 1

/* The newest lines of something, in memory: events, what users did.
 *
 * Each has a number, one more than that of the line before; the oldest goes
 * when there are too many, or too many bytes.
 *
 * Thread-safety: none. */

#include <stddef.h>
#include <stdint.h>

struct xfsm_recent;

struct xfsm_recent_line {
    uint64_t number;
    char *text;
    size_t len;
};

/* Keeps 'max_lines' lines of 'max_bytes' in all. */
struct xfsm_recent *xfsm_recent_create(size_t max_lines, size_t max_bytes);
void xfsm_recent_destroy(struct xfsm_recent *);

void xfsm_recent_add(struct xfsm_recent *, const char *text, size_t len);

/* Numbers of the oldest line that is there, and of the next to come; equal if
 * there is none. */
uint64_t xfsm_recent_first(const struct xfsm_recent *);
uint64_t xfsm_recent_next(const struct xfsm_recent *);

/* The line with that number, which must be there. */
const struct xfsm_recent_line *xfsm_recent_get(const struct xfsm_recent *,
                                               uint64_t number);

#endif /* controller/recent.h */
