/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef XFSM_PROGRAM_XML_H
#define XFSM_PROGRAM_XML_H 1

/* The XML loader: a document in, a model out.
 *
 * A program may come from anywhere, so the document is read as hostile: at
 * most XFSM_MAX_SOURCE_BYTES, XFSM_MAX_XML_DEPTH deep, no document type, no
 * entity reference but the five of XML itself, no external access of any
 * kind.  libxml2 is told so and what it returns is checked again here.
 *
 * Thread-safety: calls may run in different threads.  The first one
 * initializes libxml2 and forbids it external entities in this process. */

#include <stddef.h>

#include "xfsm/program/diag.h"
#include "xfsm/program/model.h"

/* Loads the 'len' bytes at 'text' as a program of 'name' (dialect 1 documents
 * have no name of their own; dialect 2 documents that have one keep it).
 * Adds everything worth saying to 'diags'.  Returns the program, which the
 * caller destroys, or NULL if there was any error. */
struct xfsm_program *xfsm_xml_load(const char *text, size_t len,
                                   const char *name, struct xfsm_diags *diags);

/* The same with 'n' of the program's parameters set.  That a parameter does
 * not exist, or cannot have the value, is an error about the document as a
 * whole.  Of two settings of one parameter the later one counts. */
struct xfsm_program *xfsm_xml_load_params(const char *text, size_t len,
                                          const char *name,
                                          const struct xfsm_setting *settings,
                                          size_t n, struct xfsm_diags *diags);

#endif /* xfsm/program/xml.h */
