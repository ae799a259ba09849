/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef XFSM_PROGRAM_XML_SCAN_H
#define XFSM_PROGRAM_XML_SCAN_H 1

/* The guard in front of libxml2.
 *
 * libxml2's own documentation says not to give it untrusted data: entities,
 * encodings, attribute lists and nesting all have documents that cost it much
 * more than their size.  So the bytes are read here first, once, in time
 * linear in their number, and only a plain document passes: UTF-8, elements,
 * attributes, comments, the five predefined entities and character
 * references.  No document type, no other entity, no CDATA, no processing
 * instruction, no namespace, nothing over the limits below.
 *
 * The scan also notes the line on which each start tag and each attribute
 * begins, which libxml2 does not (it knows the line where the tag ends). */

#include <stdbool.h>
#include <stddef.h>

#include "xfsm/program/diag.h"

/* Limits of a document, beside XFSM_MAX_SOURCE_BYTES, XFSM_MAX_XML_DEPTH and
 * XFSM_MAX_NAME of model.h. */
#define XFSM_XML_MAX_ELEMENTS 49152     /* In the document. */
#define XFSM_XML_MAX_ATTRIBUTES 98304
#define XFSM_XML_MAX_ELEMENT_ATTRIBUTES 32
#define XFSM_XML_MAX_VALUE 65535        /* Bytes of one attribute. */

/* For each start tag in order: its line, then the lines of its attributes. */
struct xfsm_xml_lines {
    int *lines;
    size_t n, allocated;
};

/* Reads the 'len' bytes at 'text'.  Returns true if libxml2 may read them
 * too, and fills 'lines', which the caller frees with
 * xfsm_xml_lines_destroy().  Otherwise adds an error to 'diags' and returns
 * false. */
bool xfsm_xml_scan(const char *text, size_t len, struct xfsm_xml_lines *lines,
                   struct xfsm_diags *diags);

void xfsm_xml_lines_destroy(struct xfsm_xml_lines *lines);

#endif /* xfsm/program/xml-scan.h */
