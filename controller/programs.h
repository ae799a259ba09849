/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef CONTROLLER_PROGRAMS_H
#define CONTROLLER_PROGRAMS_H 1

/* The programs of a fleet, from file to image.
 *
 * The controller parses no XML itself: each program is compiled by a child
 * process, "xfsm compile", see tool.h.
 *
 * Compiling blocks the caller, some milliseconds a program as a rule.
 *
 * Thread-safety: none. */

#include "controller/fleet.h"

/* Reads the 'source' of all programs of 'fleet', files relative to 'folder'.
 * Returns NULL, or one or more lines of errors, without a newline at the end,
 * which the caller frees. */
char *xfsm_fleet_read_sources(struct xfsm_fleet *fleet, const char *folder);

/* Does that and compiles them with the toolbox 'tool'.  A program whose text
 * and parameters are the same in 'old', which may be NULL, is taken from
 * there.  Returns NULL, or errors as before. */
char *xfsm_fleet_compile(struct xfsm_fleet *fleet,
                         const struct xfsm_fleet *old, const char *tool,
                         const char *folder);

/* Compiles for a fleet whose programs and variants have their 'source'
 * already.  One that does not compile gets an 'error'; one that has an error
 * or an image is passed over.  The image of a variant is "": it is not
 * needed. */
void xfsm_fleet_compile_sources(struct xfsm_fleet *fleet,
                                const struct xfsm_fleet *old,
                                const char *tool);

#endif /* controller/programs.h */
