/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef XFSM_PROGRAM_XML_LOAD_H
#define XFSM_PROGRAM_XML_LOAD_H 1

/* Inside the XML loader: what its files share.
 *
 *   - xml.c        runs the steps below;
 *   - xml-scan.c   refuses hostile documents, xml-tree.c parses the rest;
 *   - xml-schema.c knows which elements and attributes there are,
 *     xml-check.c  checks that there are no others;
 *   - xml-decl.c   finds all declarations, loads states, features, source;
 *   - xml-param.c  loads parameters and gives them their values;
 *   - xml-metric.c loads metrics, xml-table.c tables;
 *   - xml-event.c  loads events, states in them and conditions;
 *   - xml-test.c   loads the tests that a program carries;
 *   - xml-review.c looks at the whole model for likely mistakes.
 *
 * Declarations come first, wherever they stand, so that names may be used
 * before the line that declares them.  Every step goes on after an error, so
 * that all are reported. */

#include "xfsm/program/parse.h"
#include "xfsm/program/xml-tree.h"

struct xfsm_load {
    struct xfsm_parse parse;
    struct xfsm_arena *arena;   /* Of the model. */
    struct xfsm_xml_node *root;

    /* The node of each declaration, by its index in the model. */
    struct xfsm_xml_node *params[XFSM_MAX_PARAMS];
    struct xfsm_xml_node *tests[XFSM_MAX_TESTS];
    struct xfsm_xml_node *states[XFSM_MAX_STATES];
    struct xfsm_xml_node *metrics[XFSM_MAX_METRICS];
    struct xfsm_xml_node *tables[XFSM_MAX_TABLES];
    struct xfsm_xml_node *features[XFSM_MAX_FEATURES];
    struct xfsm_xml_node *events[XFSM_MAX_EVENTS];
    int n_events;               /* In the document. */
    const struct xfsm_xml_node *event_nodes[XFSM_MAX_EVENTS]; /* In model. */

    uint64_t classes_set;       /* Bit i: a timeout_set arms class i. */

    const struct xfsm_setting *settings;    /* Of parameters, by the one who
                                             * loads. */
    size_t n_settings;
};

/* ## xml-check.c ## */

/* Reports unknown elements and attributes, and text, in all of the document.
 * Unknown elements are removed from the tree. */
void xfsm_load_check(struct xfsm_load *);

/* ## xml-decl.c ## */

/* Finds all declarations and loads all but the events. */
void xfsm_load_declarations(struct xfsm_load *);

/* ## xml-param.c ## */

/* Loads the parameters, whose names are known, as those of all else. */
void xfsm_load_params(struct xfsm_load *);

/* Checks that parameter 'param' can be 'text'.  Gives the number, or reports
 * what is wrong and returns false. */
bool xfsm_load_setting(struct xfsm_load *, const struct xfsm_param *param,
                       const char *text, double *value);

/* Finds the parameter called 'name'; reports and returns NULL if there is
 * none. */
struct xfsm_param *xfsm_load_find_param(struct xfsm_load *, const char *name);

/* ## xml-metric.c, xml-table.c ## */

/* Load the metrics and tables, whose names are known. */
void xfsm_load_metrics(struct xfsm_load *);
void xfsm_load_tables(struct xfsm_load *);

/* ## xml-event.c ## */

/* Loads the events. */
void xfsm_load_events(struct xfsm_load *);

/* ## xml-test.c ## */

/* Loads the tests. */
void xfsm_load_tests(struct xfsm_load *);

/* ## xml-review.c ## */

/* Reports what is allowed, but hardly meant. */
void xfsm_load_review(struct xfsm_load *);

/* Short forms, for the loader alone. */
#define LOAD_ERROR(LOAD, ...) \
    xfsm_parse_report(&(LOAD)->parse, XFSM_DIAG_ERROR, __VA_ARGS__)
#define LOAD_WARN(LOAD, ...) xfsm_parse_warn(&(LOAD)->parse, __VA_ARGS__)
#define LOAD_NOTE(LOAD, ...) xfsm_parse_note(&(LOAD)->parse, __VA_ARGS__)

/* Defaults of dialect 1. */
#define XFSM_DEFAULT_SIZE 20                /* log2 of a detector's bits. */
#define XFSM_DEFAULT_NHASH 8
#define XFSM_DEFAULT_WINDOW UINT64_C(60000000000)   /* ns. */

/* ## Attributes (xml-attr.c) ##
 *
 * Each sets the place of reports to the attribute, or to the element if it
 * has no such attribute. */

/* Sets the place of reports to 'node'. */
void xfsm_load_at(struct xfsm_load *, const struct xfsm_xml_node *node);

/* Returns the value of attribute 'name', or NULL if it is absent or empty. */
const char *xfsm_load_attr(struct xfsm_load *, const struct xfsm_xml_node *,
                           const char *name);

/* Returns the value of attribute 'name'; reports and returns NULL if it is
 * absent or empty. */
const char *xfsm_load_attr_required(struct xfsm_load *,
                                    const struct xfsm_xml_node *,
                                    const char *name, const char *what);

/* Returns a copy of the value of attribute 'name' of at most 'max' bytes, ""
 * if it is absent or (after reporting it) too long. */
const char *xfsm_load_attr_copy(struct xfsm_load *,
                                const struct xfsm_xml_node *,
                                const char *name, size_t max);

/* Returns whether attribute 'name' is "on"; it is off if absent. */
bool xfsm_load_attr_on(struct xfsm_load *, const struct xfsm_xml_node *,
                       const char *name);

/* Returns the integer of attribute 'name', 'value' if it is absent or no
 * integer.  Beyond 'min' and 'max' it is brought within, with a warning. */
uint64_t xfsm_load_attr_uint(struct xfsm_load *, const struct xfsm_xml_node *,
                             const char *name, uint64_t value, uint64_t min,
                             uint64_t max);

/* Reads 'text' as a number or "$NAME" of a parameter.  False after reporting
 * that it is neither. */
bool xfsm_load_number(struct xfsm_load *, const char *text, double *value);

/* Reads "memory" of 'node', if it may have one, into '*memory' (bytes, 0 if
 * absent), and reports the attribute called 'size' beside it; NULL: there is
 * none. */
void xfsm_load_memory(struct xfsm_load *, const struct xfsm_xml_node *node,
                      const char *size, uint64_t *memory);

/* The same, and reads "ttl" and "on-full". */
void xfsm_load_room(struct xfsm_load *, const struct xfsm_xml_node *node,
                    const char *size, struct xfsm_room *room);

/* Reads <state-table> and <timers>; after the states. */
void xfsm_load_state_table(struct xfsm_load *);

/* Longest time in a program, in seconds: ten years. */
#define XFSM_MAX_SECONDS (3653.0 * 86400)

/* Reads the seconds of attribute 'name' into '*ns'.  False if the attribute
 * is absent or empty, or, after reporting it, no time from 0 to
 * XFSM_MAX_SECONDS. */
bool xfsm_load_attr_seconds(struct xfsm_load *, const struct xfsm_xml_node *,
                            const char *name, uint64_t *ns);

/* Reads the key of attribute 'name'.  'key' is empty if the attribute is
 * absent or empty or, after reporting it, no key. */
void xfsm_load_attr_key(struct xfsm_load *, const struct xfsm_xml_node *,
                        const char *name, struct xfsm_key *key);

/* Returns the state that attribute 'name' names; XFSM_NONE if the attribute
 * is absent or empty or, after reporting it, names none. */
uint16_t xfsm_load_attr_state(struct xfsm_load *,
                              const struct xfsm_xml_node *, const char *name);

/* Number of children of 'node' called 'name'. */
int xfsm_load_count(const struct xfsm_xml_node *node, const char *name);

/* The first child of 'node' called 'name', or NULL; and the next one after
 * 'node' called the same. */
struct xfsm_xml_node *xfsm_load_child(const struct xfsm_xml_node *node,
                                      const char *name);
struct xfsm_xml_node *xfsm_load_next(const struct xfsm_xml_node *node);

/* The first child of 'node' called 'name', or NULL.  Reports a second one. */
const struct xfsm_xml_node *xfsm_load_only_child(struct xfsm_load *,
                                                 const struct xfsm_xml_node *,
                                                 const char *name);

#define XFSM_LOAD_FOR_EACH(CHILD, NODE, NAME) \
    for ((CHILD) = xfsm_load_child(NODE, NAME); (CHILD); \
         (CHILD) = xfsm_load_next(CHILD))

#endif /* xfsm/program/xml-load.h */
