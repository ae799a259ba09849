/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef XFSM_PROGRAM_DIAG_H
#define XFSM_PROGRAM_DIAG_H 1

/* Diagnostics of a program: errors, warnings and notes, each with its place.
 *
 * Loading never stops at the first mistake: all of them are collected here
 * and printed as "FILE:LINE: element path: what is wrong, what would be
 * right", where what is no error begins with "warning: " or "note: ".  At most
 * XFSM_DIAG_MAX are kept; a last line tells of the rest.  What a terminal
 * could take for a command is replaced in paths and messages.
 *
 * Thread-safety: none. */

#include <stdbool.h>
#include <stddef.h>

#define XFSM_DIAG_MAX 100

enum xfsm_diag_level {
    XFSM_DIAG_ERROR,
    XFSM_DIAG_WARNING,
    XFSM_DIAG_NOTE,
};

struct xfsm_diag {
    enum xfsm_diag_level level;
    int line;                   /* 0: the document as a whole. */
    char *path;                 /* "event[2]/state[1]/condition[1]@action". */
    char *message;
};

struct xfsm_diags {
    char *file;                 /* Name printed in front. */
    size_t n;
    struct xfsm_diag items[XFSM_DIAG_MAX];
    size_t n_dropped;           /* Beyond XFSM_DIAG_MAX. */
    size_t n_errors;            /* Errors, kept or dropped. */
};

void xfsm_diags_init(struct xfsm_diags *, const char *file);
void xfsm_diags_destroy(struct xfsm_diags *);

/* Adds one.  'path' is copied.  Where there are XFSM_DIAG_MAX already, an
 * error takes the place of a warning or note, and anything else is counted
 * alone. */
void xfsm_diags_add(struct xfsm_diags *, enum xfsm_diag_level, int line,
                    const char *path, const char *format, ...)
    __attribute__((format(printf, 5, 6)));

/* True if one of 'level' would be counted alone, so that its message need not
 * be made. */
bool xfsm_diags_closed(const struct xfsm_diags *, enum xfsm_diag_level);

/* Returns all of them as text, a line each, in order of line; with 'levels'
 * as the least severe level to print.  The caller frees it. */
char *xfsm_diags_format(const struct xfsm_diags *, enum xfsm_diag_level);

#endif /* xfsm/program/diag.h */
