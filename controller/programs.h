/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef CONTROLLER_PROGRAMS_H
#define CONTROLLER_PROGRAMS_H 1

/* The programs of a fleet, from file to image.
 *
 * The controller parses no XML itself: each program is compiled by a child
 * process, "xfsm compile", while the main loop goes on, see compiler.h.  So
 * what is needed is asked for until it is there.
 *
 * Thread-safety: none. */

#include "controller/fleet.h"

struct xfsm_compiler;

/* Reads the 'source' of all programs of 'fleet', files relative to 'folder'.
 * Returns NULL, or one or more lines of errors, without a newline at the end,
 * which the caller frees. */
char *xfsm_fleet_read_sources(struct xfsm_fleet *fleet, const char *folder);

/* Goes on to compile programs and variants of 'fleet', which has their
 * sources, and is described in 'folder'.  Returns false if 'compiler' must
 * have run before the next call; else true, and stores NULL, or errors as
 * before. */
bool xfsm_fleet_compile(struct xfsm_fleet *fleet, const struct xfsm_fleet *old,
                        struct xfsm_compiler *compiler, const char *folder,
                        char **errorp);

/* The parts of that: fill in the images of the programs, or of the variants,
 * that have their source; one that does not compile gets an 'error', one that
 * has an error or an image is passed over.  What has the same text and
 * parameters in 'old', which may be NULL, is taken from there.  The image of a
 * variant is "": it is not needed.  Return how many are being compiled as yet,
 * and thus 'pending'.  To be called between xfsm_compiler_begin() and
 * xfsm_compiler_end(). */
size_t xfsm_fleet_compile_programs(struct xfsm_fleet *fleet,
                                   const struct xfsm_fleet *old,
                                   struct xfsm_compiler *compiler);
size_t xfsm_fleet_compile_variants(struct xfsm_fleet *fleet,
                                   const struct xfsm_fleet *old,
                                   struct xfsm_compiler *compiler);

/* Gives those of 'programs' that are pending an error that says so, as the
 * others are not to wait for them. */
void xfsm_fleet_hold_pending(struct shash *programs);

#endif /* controller/programs.h */
