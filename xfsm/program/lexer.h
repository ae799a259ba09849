/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef XFSM_PROGRAM_LEXER_H
#define XFSM_PROGRAM_LEXER_H 1

/* Numbers, and the words of expressions.
 *
 * The text is that of an XML attribute: short, terminated, in UTF-8.  Numbers
 * are read the same in every locale. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "xfsm/program/model.h"

/* A number as written. */
struct xfsm_number {
    double value;
    bool integer;               /* It has no fraction and no exponent... */
    uint64_t u;                 /* ...and this is its value. */
};

/* Reads the number that 's' starts with: decimal, with a fraction and an
 * exponent, or hexadecimal, and then a C suffix (u, l, ul, ull, f...).
 * Returns its length, or 0 if 's' does not start with one, it does not fit,
 * or it runs into a letter.  No sign. */
size_t xfsm_number_scan(const char *s, struct xfsm_number *number);

/* Reads all of 's' as a number, a sign allowed before it. */
bool xfsm_number_parse(const char *s, double *value);

/* Reads all of 's' as an unsigned integer. */
bool xfsm_number_parse_uint(const char *s, uint64_t *value);

enum xfsm_token_type {
    XFSM_TOK_END,
    XFSM_TOK_NUMBER,            /* 'number'. */
    XFSM_TOK_NAME,              /* The 'len' bytes at 'start'. */
    XFSM_TOK_OP,                /* 'op': SUB may turn out to be NEG. */
    XFSM_TOK_OPEN,              /* "(". */
    XFSM_TOK_CLOSE,             /* ")". */
    XFSM_TOK_COMMA,
    XFSM_TOK_ASSIGN,            /* "=", which is no operator here. */
    XFSM_TOK_BAD,               /* Anything else. */
};

struct xfsm_token {
    enum xfsm_token_type type;
    const char *start;
    size_t len;
    enum xfsm_expr_op op;
    struct xfsm_number number;
};

/* Reads the token that begins at or after 's' and returns where it ends. */
const char *xfsm_lexer_next(const char *s, struct xfsm_token *token);

#endif /* xfsm/program/lexer.h */
