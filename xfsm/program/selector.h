/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef XFSM_PROGRAM_SELECTOR_H
#define XFSM_PROGRAM_SELECTOR_H 1

/* Selectors: which packets an event is for.
 *
 *     selector := all { "or" all }
 *     all      := test { "and" test }
 *     test     := FIELD [OP] VALUE | KEY "in" TABLE | "(" selector ")"
 *
 * OP is one of == != < <= > >= (also as C++ and shell words: eq ne lt le gt
 * ge); without one it is ==.  "&&" and "||" stand for "and" and "or".
 * Parentheses are of dialect 2, and a note in dialect 1.
 *
 * What VALUE may be follows from the field: a number or a symbol (symbol.h),
 * symbols united by "|", an address or prefix, a MAC address, or text with or
 * without quotes.  "flags" compares the TCP flag byte, or, with a dns-...
 * symbol, the DNS response code. */

#include "xfsm/program/parse.h"

/* Parses 's'.  Returns the selector, in the arena of the program; NULL in
 * '*selector' matches every packet (if 's' is empty).  False after reporting
 * an error. */
bool xfsm_selector_parse(struct xfsm_parse *parse, const char *s,
                         struct xfsm_selector **selector);

#endif /* xfsm/program/selector.h */
