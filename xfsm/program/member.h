/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef XFSM_PROGRAM_MEMBER_H
#define XFSM_PROGRAM_MEMBER_H 1

/* Structured events: "Publish(alert, src=%ip_src, ports=port_rate * 10)".
 *
 * Each argument is NAME=VALUE, NAME a letter or "_" and then letters, digits
 * and "_".  VALUE is
 *
 *     %NAME         what a text template would put there (text.h), one such
 *                   reference alone: a number stays a number, and a packet
 *                   field that is absent leaves the whole argument out;
 *     'TEXT'        a text template, always a string; \"TEXT\" is the same;
 *     FIELD         a packet field, as %FIELD;
 *     METRIC.top(N)   the N keys that have the most, of a metric of type
 *                   "topk", so far in this window: an array;
 *     METRIC.last(N)  the same of the window before, which is complete;
 *     EXPRESSION    a number (expr.h).
 *
 * N, 1 to XFSM_MAX_TOP, is a number or the name of a parameter.
 *
 * A comma in parentheses or quotes does not end an argument.  A text whose
 * arguments are not all like this is free text. */

#include "xfsm/program/parse.h"

/* True if the 'len' bytes at 's' are a list of NAME=VALUE. */
bool xfsm_member_is_list(const char *s, size_t len);

/* Warns if the 'len' bytes at 's', which are free text, are a list of keys:
 * without a name for it they stay as they are. */
void xfsm_member_warn_nameless(struct xfsm_parse *parse, const char *s,
                               size_t len);

/* Parses such a list into 'text'.  False after reporting an error. */
bool xfsm_member_parse(struct xfsm_parse *parse, const char *s, size_t len,
                       struct xfsm_text *text);

#endif /* xfsm/program/member.h */
