/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef XFSM_PROGRAM_XML_SCHEMA_H
#define XFSM_PROGRAM_XML_SCHEMA_H 1

/* Which elements and attributes a program may have: the one table of them.
 *
 * The loader checks documents against the table (xml-check.c), and the
 * schema that is published, xfsm.rng, is written from it.  To add an element
 * or attribute: add it to the table in xml-schema.c, load it, and write the
 * file again with "xfsm check --schema"; a test tells if that was forgotten.
 *
 * The schema is for who writes documents of dialect 2.  It tells structure
 * and the form of values; that names are declared, numbers in range and
 * expressions right, only the loader knows.
 *
 * Thread-safety: the table is constant. */

#include <stdbool.h>
#include <stddef.h>

/* The form of an attribute's value.  A number can be "$NAME" of a
 * parameter, but for those of a parameter itself. */
enum xfsm_xml_type {
    XFSM_XT_TEXT,               /* Anything. */
    XFSM_XT_WORD,               /* One of 'words'. */
    XFSM_XT_ANY_CASE,           /* The same, whatever the case of letters. */
    XFSM_XT_LABEL,              /* xfsm_names_is_label(). */
    XFSM_XT_IDENTIFIER,         /* xfsm_names_is_identifier(). */
    XFSM_XT_KEY,                /* Fields joined by "-". */
    XFSM_XT_NUMBER,
    XFSM_XT_CONSTANT,           /* A number, but no "$NAME". */
    XFSM_XT_INTEGER,
    XFSM_XT_SECONDS,            /* A number that is not negative. */
    XFSM_XT_VALUE,              /* A number or the name of a field. */
    XFSM_XT_ATTACK,             /* A MITRE ATT&CK technique, as "T1595.001". */
    XFSM_XT_COUNT,              /* "N", or "N+" for N and more. */
    XFSM_XT_MEMORY,             /* Bytes, as "65536", "64K", "16M" or "1G". */
    XFSM_N_XML_TYPES
};

/* Types of metrics, known to the loader of metrics too. */
#define XFSM_XML_ON_FULL "evict-oldest refuse"
#define XFSM_XML_MONITOR_TYPES \
    "dleft tewma tewma-fast simple distinct countmin rate quantile topk"

/* Types of events, those of XFSM_EVENT_TYPES (model.h). */
#define XFSM_XML_EVENT_TYPES "packet timeout message start stop period"

struct xfsm_xml_attr_spec {
    const char *name;           /* NULL behind the last one. */
    enum xfsm_xml_type type;
    const char *words;          /* XFSM_XT_WORD, XFSM_XT_ANY_CASE: separated
                                 * by blanks. */
    int dialect;                /* The first that has it. */
    bool required;
};

#define XFSM_XML_MAX_ATTRS 16

struct xfsm_xml_element_spec {
    const char *name;
    const char *parents;        /* Separated by blanks; "/" is the root. */
    const char *old_parents;    /* Others in which it is found and taken for
                                 * a mistake, not in the schema; or "". */
    int dialect;                /* The first that has it. */
    bool once;                  /* At most once in its parent. */
    bool settings;              /* May have any attributes "param.NAME". */
    struct xfsm_xml_attr_spec attrs[XFSM_XML_MAX_ATTRS];
};

/* All elements but the root; one without a name is behind the last. */
extern const struct xfsm_xml_element_spec xfsm_xml_elements[];

/* Attributes of the root element of dialect 2. */
extern const struct xfsm_xml_attr_spec xfsm_xml_root_attrs[];

/* What the names of attributes begin with that set parameters. */
#define XFSM_XML_SETTING "param."

/* Returns the element called 'name', or NULL. */
const struct xfsm_xml_element_spec *xfsm_xml_find_element(const char *name);

/* Returns the attribute called 'name' of 'attrs', or NULL. */
const struct xfsm_xml_attr_spec *xfsm_xml_find_attr(
    const struct xfsm_xml_attr_spec *attrs, const char *name);

/* Returns the schema of dialect 2, RELAX NG in XML; the caller frees it. */
char *xfsm_xml_schema(void);

#endif /* xfsm/program/xml-schema.h */
