/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef XFSM_PROGRAM_COMPILE_H
#define XFSM_PROGRAM_COMPILE_H 1

/* The compiler: a model (model.h) in, an image (image.h) out.
 *
 * Every selector becomes a chain of tests, every handler a straight run of
 * instructions with forward jumps only.  What can be known now is: constant
 * conditions, %state.* texts, keys' shapes.  The compiler trusts the loader
 * for syntax and the verifier trusts nobody, this compiler included. */

#include <stdbool.h>
#include <stddef.h>

#include "xfsm/program/diag.h"
#include "xfsm/program/model.h"

/* Compiles 'program'.  Returns true and stores the image and its length, the
 * image allocated with malloc(), or returns false and has added errors to
 * 'diags'. */
bool xfsm_compile(const struct xfsm_program *program,
                  struct xfsm_diags *diags, void **imagep, size_t *lenp);

/* The same from the text of a document: xfsm_xml_load(), then
 * xfsm_compile(). */
bool xfsm_compile_xml(const char *text, size_t len, const char *name,
                      struct xfsm_diags *diags, void **imagep, size_t *lenp);

/* The same with 'n' parameters set: xfsm_xml_load_params(). */
bool xfsm_compile_xml_params(const char *text, size_t len, const char *name,
                             const struct xfsm_setting *settings, size_t n,
                             struct xfsm_diags *diags, void **imagep,
                             size_t *lenp);

#endif /* xfsm/program/compile.h */
