/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef CONTROLLER_COMPILER_H
#define CONTROLLER_COMPILER_H 1

/* Has programs compiled while the main loop goes on, by the toolbox (tool.h).
 *
 * Whoever wants a fleet asks for each of its programs, between begin and end,
 * as often as it reads the fleet anew.  What is known is filled in at once;
 * what is not waits in a queue, in the order of asking, and is there when it
 * is asked for again.  What is not asked for any more is forgotten, and
 * stopped if it is being compiled.
 *
 * The same text with the same parameters is compiled once, however many ask
 * for it, and is in memory once.
 *
 * A turn starts one process at most, and reads what others have written: its
 * length does not depend on how much there is to do, or on how long that
 * takes.
 *
 * Limits: XFSM_COMPILER_RUNS processes at a time, XFSM_COMPILER_MAX programs
 * asked for; what is beyond is told to be tried again later.
 *
 * Thread-safety: none. */

#include <stdbool.h>
#include <stddef.h>

struct xfsm_compiler;
struct xfsm_fleet_program;

/* Processes at a time, and programs known or waiting. */
#define XFSM_COMPILER_RUNS 2
#define XFSM_COMPILER_MAX 16384

/* How long what could not be compiled for no fault of its own is left alone,
 * in milliseconds. */
#define XFSM_COMPILER_RETRY 5000

/* Makes one that runs the toolbox 'tool'. */
struct xfsm_compiler *xfsm_compiler_create(const char *tool);
void xfsm_compiler_destroy(struct xfsm_compiler *);

/* Asks for 'program', which has a source and its digest.  If it is compiled,
 * returns true after filling in image and digest of that, or error and
 * whether to try again.  The image of one with parameters is "": it is not
 * kept. */
void xfsm_compiler_begin(struct xfsm_compiler *);
bool xfsm_compiler_get(struct xfsm_compiler *, struct xfsm_fleet_program *);
void xfsm_compiler_end(struct xfsm_compiler *);

/* Makes progress.  Returns true if something was compiled. */
bool xfsm_compiler_run(struct xfsm_compiler *);
void xfsm_compiler_wait(const struct xfsm_compiler *);

/* How many wait or are being compiled, how many are being compiled, and how
 * often one was begun. */
size_t xfsm_compiler_n_pending(const struct xfsm_compiler *);
size_t xfsm_compiler_n_running(const struct xfsm_compiler *);
unsigned long long int xfsm_compiler_n_started(const struct xfsm_compiler *);

#endif /* controller/compiler.h */
