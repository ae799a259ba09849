/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef CONTROLLER_TOOL_H
#define CONTROLLER_TOOL_H 1

/* Runs the toolbox, xfsm, on a program: the controller parses no XML itself.
 *
 * The child has none of our descriptors, and limits its own time and memory,
 * and what it may ask the kernel for, before it reads the text.  One that does
 * not end in time is killed; one that the kernel killed for what it tried is
 * told of in the log, and counted.
 *
 * The main loop waits for it, with all else that it waits for.
 *
 * Thread-safety: none. */

#include <stdbool.h>
#include <stddef.h>

struct ds;
struct xfsm_tool;

/* Longest that a run may take, in milliseconds. */
#define XFSM_TOOL_DEADLINE 10000

/* Most that is kept of what the toolbox says is wrong, in bytes. */
#define XFSM_TOOL_MAX_DIAGNOSTICS 65536

/* Bytes that the toolbox is to read as a file. */
struct xfsm_tool_file {
    const void *data;
    size_t len;
};

/* Its name for the toolbox. */
#define XFSM_TOOL_FILE "/dev/fd/3"

/* Starts 'argv', which ends in NULL, with 'in' as its standard input, and with
 * 'file', if that is not NULL; both are copied.  Of its standard output,
 * 'max_out' bytes are kept.  Returns NULL and stores an error, which the
 * caller frees, if it cannot be started. */
struct xfsm_tool *xfsm_tool_start(char **argv, const char *in,
                                  const struct xfsm_tool_file *file,
                                  size_t max_out, char **errorp);

/* Goes on.  Returns true if it ended, or its time did. */
bool xfsm_tool_poll(struct xfsm_tool *);

/* Arranges for poll_block() to wake up when there is more to do. */
void xfsm_tool_wait(const struct xfsm_tool *);

/* What it said until now: warnings, and errors. */
const char *xfsm_tool_said(const struct xfsm_tool *);

/* Ends it.  Returns NULL and appends its standard output to 'out'; or an error
 * with the diagnostics, which the caller frees, and stores whether that says
 * nothing about the program in '*retry'. */
char *xfsm_tool_finish(struct xfsm_tool *, struct ds *out, bool *retry);

/* How many were killed because they tried what they may not. */
unsigned long long int xfsm_tool_n_caught(void);

#endif /* controller/tool.h */
