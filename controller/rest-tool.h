/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef CONTROLLER_REST_TOOL_H
#define CONTROLLER_REST_TOOL_H 1

/* The toolbox at work for users of the REST API, while the main loop goes on:
 * a program that takes long hinders nothing but the request that brought it.
 *
 * Thread-safety: none. */

#include <stdbool.h>
#include <stddef.h>

struct ds;
struct xfsm_rest;
struct xfsm_rest_call;
struct xfsm_tool_file;

/* Runs at a time, and those of all tenants, so that they do not keep others
 * from it; what is beyond is refused. */
#define XFSM_REST_TOOL_MAX 4
#define XFSM_REST_TOOL_TENANTS 2
#define XFSM_REST_TOOL_MAX_FILES 2

/* Runs the toolbox with 'argv', the first element of which is filled in here,
 * on 'source', and defers the answer.  'done' is called then, and answers,
 * with 'error' as of tool.h, NULL if all went well, and what the toolbox
 * 'said', warnings in that case. */
void xfsm_rest_tool(struct xfsm_rest_call *, const char *argv[],
                    const char *source, size_t max_out,
                    void (*done)(struct xfsm_rest_call *, const char *source,
                                 const struct ds *out, const char *said,
                                 const char *error, bool retry));

/* The same with a file, XFSM_TOOL_FILE for the toolbox: runs that take longer,
 * of which there are XFSM_REST_TOOL_MAX_FILES at a time. */
void xfsm_rest_tool_file(struct xfsm_rest_call *, const char *argv[],
                         const char *source,
                         const struct xfsm_tool_file *file, size_t max_out,
                         void (*done)(struct xfsm_rest_call *,
                                      const char *source,
                                      const struct ds *out, const char *said,
                                      const char *error, bool retry));

void xfsm_rest_tool_run(struct xfsm_rest *);
void xfsm_rest_tool_wait(const struct xfsm_rest *);

/* Ends all runs, and answers that it does. */
void xfsm_rest_tool_stop(struct xfsm_rest *);

#endif /* controller/rest-tool.h */
