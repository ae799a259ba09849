/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef XFSM_PROGRAM_TEXT_H
#define XFSM_PROGRAM_TEXT_H 1

/* Text templates: the text of an event, with "%name" where a value goes.
 *
 * A name is as long as it can be: "%ip_src_port" is one name, and "%m10" is
 * never "%m1" with a "0" behind it.  It is that of a feature, one of ts,
 * state.code, state.level, state.description and client.id, of a metric, a
 * table with a key in parentheses, a parameter or a field, in this order.
 * "%%" is a percent sign; a "%name" of none of these stays as it is, with a
 * warning.
 * "\"", "\'", "\\", "\n" and "\t" are understood as in C. */

#include "xfsm/program/parse.h"

/* Parses the 'len' bytes at 's' into 'text'.  False after reporting an
 * error: text longer than XFSM_MAX_TEXT, or a wrong key. */
bool xfsm_text_parse(struct xfsm_parse *parse, const char *s, size_t len,
                     struct xfsm_text *text);

/* Parses the arguments of plot(), the 'len' bytes at 's': a stream's name,
 * which is text, then names as in "%name".  The template is all of them,
 * substituted, with blanks between. */
bool xfsm_text_parse_plot(struct xfsm_parse *parse, const char *s, size_t len,
                          struct xfsm_text *text);

/* Length of the value at 's', where a text is expected: one in quotation marks
 * of either kind, or a name, of a table with its key behind it; 0 if there is
 * none. */
size_t xfsm_text_value_length(const char *s);

/* Parses such a value of 'len' bytes: what is between the quotation marks is a
 * template, a name is that of a value.  'of_packet': nothing but literals,
 * fields, tables, the time and the client may be in it.  False after reporting
 * an error. */
bool xfsm_text_parse_value(struct xfsm_parse *parse, const char *s, size_t len,
                           bool of_packet, struct xfsm_text *text);

/* Adds an empty part of 'kind' to the '*n' in 'parts', of which there are at
 * most 'max'.  NULL if they, or the budget of the program, are spent. */
struct xfsm_text_part *xfsm_text_add_part(struct xfsm_parse *parse,
                                          struct xfsm_text_part parts[],
                                          int *n, int max,
                                          enum xfsm_text_kind kind);

#endif /* xfsm/program/text.h */
