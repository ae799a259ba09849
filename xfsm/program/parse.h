/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef XFSM_PROGRAM_PARSE_H
#define XFSM_PROGRAM_PARSE_H 1

/* What the parsers of attribute values share: the program that names refer
 * to, and where to report what is wrong.
 *
 * A parser (key.h, expr.h, selector.h, text.h, action.h) gets the text of one
 * attribute and a struct xfsm_parse whose 'place' says which.  It reports
 * every mistake through xfsm_parse_report() and tells by its return value
 * whether there was an error, so that the caller can go on with the rest of
 * the document.
 *
 * What a program may hold in all (expression nodes, text parts) is one
 * budget, so that many small parts cannot make a large model. */

#include <stdbool.h>
#include <stddef.h>

#include "xfsm/base/arena.h"
#include "xfsm/program/diag.h"
#include "xfsm/program/model.h"
#include "xfsm/program/names.h"

/* Expression nodes, selector tests and text parts of a program. */
#define XFSM_MAX_PROGRAM_PARTS 16384

struct xfsm_xml_node;

/* The attribute being parsed. */
struct xfsm_place {
    const struct xfsm_xml_node *node;   /* NULL in tests. */
    const char *attr;                   /* NULL: the element as a whole. */
    int line;
};

struct xfsm_parse {
    struct xfsm_program *program;       /* Declarations are complete, but for
                                         * the bodies of features. */
    struct xfsm_diags *diags;
    struct xfsm_place place;
    int dialect;                        /* 1 or 2. */
    int n_parts;                        /* Of XFSM_MAX_PROGRAM_PARTS. */
    int n_features;                     /* Features that may be named: those
                                         * before the one whose body it is. */
    bool metrics_first;                 /* In the body of a feature, a name is
                                         * a metric's before a feature's. */
};

/* Reports at the place of 'parse'. */
void xfsm_parse_report(struct xfsm_parse *parse, enum xfsm_diag_level level,
                       const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#define xfsm_parse_error(PARSE, ...) \
    (xfsm_parse_report(PARSE, XFSM_DIAG_ERROR, __VA_ARGS__), false)
#define xfsm_parse_warn(PARSE, ...) \
    xfsm_parse_report(PARSE, XFSM_DIAG_WARNING, __VA_ARGS__)
#define xfsm_parse_note(PARSE, ...) \
    xfsm_parse_report(PARSE, XFSM_DIAG_NOTE, __VA_ARGS__)

/* True if nothing more can be reported, so that a costly explanation need not
 * be made. */
bool xfsm_parse_full(const struct xfsm_parse *parse);

/* Takes one part from the budget; reports and returns false if it is spent. */
bool xfsm_parse_take_part(struct xfsm_parse *parse);

/* Return the index of the declaration that the 'len' bytes at 'name' name,
 * or XFSM_NONE. */
uint16_t xfsm_parse_find_state(const struct xfsm_parse *, const char *name,
                               size_t len);
uint16_t xfsm_parse_find_metric(const struct xfsm_parse *, const char *name,
                                size_t len);
uint16_t xfsm_parse_find_table(const struct xfsm_parse *, const char *name,
                               size_t len);
uint16_t xfsm_parse_find_feature(const struct xfsm_parse *, const char *name,
                                 size_t len);
uint16_t xfsm_parse_find_class(const struct xfsm_parse *, const char *name,
                               size_t len);
uint16_t xfsm_parse_find_param(const struct xfsm_parse *, const char *name,
                               size_t len);

/* True if 's', where a number is expected, is "$NAME" of a parameter, as
 * dialect 2 has it. */
bool xfsm_parse_is_param(const struct xfsm_parse *, const char *s);

/* Reads the value of the parameter that 's', such a text, names, and marks
 * the parameter as used.  False after reporting that there is none. */
bool xfsm_parse_param(struct xfsm_parse *, const char *s, double *value);

/* The same where an unsigned integer is expected. */
bool xfsm_parse_param_uint(struct xfsm_parse *, const char *s,
                           uint64_t *value);

/* Kinds of names, for suggestions. */
enum xfsm_parse_kind {
    XFSM_PK_STATE = 1 << 0,
    XFSM_PK_METRIC = 1 << 1,
    XFSM_PK_FEATURE = 1 << 2,
    XFSM_PK_TABLE = 1 << 3,
    XFSM_PK_CLASS = 1 << 4,
    XFSM_PK_FIELD = 1 << 5,         /* Any field. */
    XFSM_PK_NUMERIC_FIELD = 1 << 6,
    XFSM_PK_FUNCTION = 1 << 7,      /* Of expressions. */
    XFSM_PK_PARAM = 1 << 8,
};

/* Room for the text of a hint. */
#define XFSM_HINT_MAX 128

/* Writes "; did you mean \"X\"?" to 'buf', X being the name of one of 'kinds'
 * that is nearest to the 'len' bytes at 'name'; or "" if none is near.
 * Returns 'buf'. */
const char *xfsm_parse_hint(const struct xfsm_parse *parse, unsigned int kinds,
                            const char *name, size_t len,
                            char buf[XFSM_HINT_MAX]);

/* Returns the field that the 'len' bytes at 'name' name, or -1.  Warns of an
 * alias.  Does not report an unknown name. */
int xfsm_parse_find_field(struct xfsm_parse *parse, const char *name,
                          size_t len);

/* Length of a piece of text for "%.*s" in a message: all or its start. */
int xfsm_parse_excerpt(size_t len);

#endif /* xfsm/program/parse.h */
