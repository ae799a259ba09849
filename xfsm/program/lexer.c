/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include "xfsm/program/lexer.h"

#include <math.h>
#include <string.h>

#include "xfsm/program/names.h"

/* Returns the value of hexadecimal digit 'c', or -1. */
static int
hex_value(char c)
{
    return c >= '0' && c <= '9' ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static bool
is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static size_t
scan_hex(const char *s, struct xfsm_number *number)
{
    uint64_t u = 0;
    size_t i = 2;

    for (; hex_value(s[i]) >= 0; i++) {
        if (u >> 60) {
            return 0;
        }
        u = u << 4 | (uint64_t) hex_value(s[i]);
    }
    number->u = u;
    number->integer = true;
    number->value = (double) u;
    return i > 2 ? i : 0;
}

/* Reads digits at 's' into '*u', as many as fit into 64 bits; from then on,
 * when it is '*full', they are counted in '*skipped'. */
static size_t
scan_digits(const char *s, uint64_t *u, bool *full, int *skipped)
{
    size_t i;

    for (i = 0; is_digit(s[i]); i++) {
        uint64_t digit = (uint64_t) (s[i] - '0');

        *full = *full || *u > (UINT64_MAX - digit) / 10;
        if (*full) {
            ++*skipped;
        } else {
            *u = *u * 10 + digit;
        }
    }
    return i;
}

/* Decimal: exact where the digits are at most 15 and the exponent at most 22,
 * as Clinger showed ("How to read floating point numbers accurately", 1990),
 * and within one unit of the last place beyond. */
static size_t
scan_decimal(const char *s, struct xfsm_number *number)
{
    int skipped = 0, ignored = 0, exponent = 0;
    size_t i, whole, n, fraction = 0;
    bool full = false;
    uint64_t u = 0;

    i = whole = scan_digits(s, &u, &full, &skipped);
    if (s[i] == '.') {
        fraction = scan_digits(s + i + 1, &u, &full, &ignored);
        exponent = -(int) (fraction - (size_t) ignored);
        i += fraction + 1;
    }
    if (!whole && !fraction) {
        return 0;
    }
    number->integer = i == whole && !skipped;
    if (s[i] == 'e' || s[i] == 'E') {
        bool minus = s[i + 1] == '-';
        int e = 0;

        n = 1 + (s[i + 1] == '-' || s[i + 1] == '+');
        if (!is_digit(s[i + n])) {
            return 0;
        }
        for (; is_digit(s[i + n]); n++) {
            e = e < 10000 ? e * 10 + (s[i + n] - '0') : e;
        }
        exponent += minus ? -e : e;
        number->integer = false;
        i += n;
    }
    exponent += skipped;
    number->u = u;
    number->value = !u ? 0
        : exponent < 0 && exponent >= -300 ? (double) u / pow(10, -exponent)
        : (double) u * pow(10, exponent);
    return isfinite(number->value) ? i : 0;
}

size_t
xfsm_number_scan(const char *s, struct xfsm_number *number)
{
    bool hex = s[0] == '0' && (s[1] == 'x' || s[1] == 'X');
    size_t n, i;

    memset(number, 0, sizeof *number);
    n = hex ? scan_hex(s, number) : scan_decimal(s, number);
    if (!n) {
        return 0;
    }
    if (!hex && (s[n] == 'f' || s[n] == 'F')) {
        number->integer = false;
        n++;
    } else {
        for (i = 0; i < 3 && s[n] && strchr("uUlL", s[n]); i++) {
            n++;
        }
    }
    return xfsm_names_is_inner(s[n]) || s[n] == '.' ? 0 : n;
}

bool
xfsm_number_parse(const char *s, double *value)
{
    struct xfsm_number number;
    bool minus = s[0] == '-';
    size_t n;

    s += s[0] == '-' || s[0] == '+';
    n = xfsm_number_scan(s, &number);
    if (!n || s[n]) {
        return false;
    }
    *value = minus ? -number.value : number.value;
    return true;
}

bool
xfsm_number_parse_uint(const char *s, uint64_t *value)
{
    struct xfsm_number number;
    size_t n = xfsm_number_scan(s, &number);

    if (!n || s[n] || !number.integer) {
        return false;
    }
    *value = number.u;
    return true;
}

/* A word or sign that is an operator. */
struct op_text {
    const char *text;
    enum xfsm_expr_op op;
};

/* Longer signs before those that they start with. */
static const struct op_text signs[] = {
    { "==", XFSM_OP_EQ }, { "!=", XFSM_OP_NE }, { "<=", XFSM_OP_LE },
    { ">=", XFSM_OP_GE }, { "&&", XFSM_OP_AND }, { "||", XFSM_OP_OR },
    { "<", XFSM_OP_LT }, { ">", XFSM_OP_GT }, { "!", XFSM_OP_NOT },
    { "+", XFSM_OP_ADD }, { "-", XFSM_OP_SUB }, { "*", XFSM_OP_MUL },
    { "/", XFSM_OP_DIV }, { "%", XFSM_OP_MOD },
};

static const struct op_text words[] = {
    { "and", XFSM_OP_AND }, { "or", XFSM_OP_OR }, { "not", XFSM_OP_NOT },
    { "eq", XFSM_OP_EQ }, { "ne", XFSM_OP_NE }, { "lt", XFSM_OP_LT },
    { "le", XFSM_OP_LE }, { "gt", XFSM_OP_GT }, { "ge", XFSM_OP_GE },
};

#define N_SIGNS (sizeof signs / sizeof signs[0])
#define N_WORDS (sizeof words / sizeof words[0])

/* Reads a name, or an operator that is a word. */
static void
read_name(struct xfsm_token *token)
{
    size_t n = 1, i;

    while (xfsm_names_is_inner(token->start[n])) {
        n++;
    }
    token->len = n;
    token->type = XFSM_TOK_NAME;
    for (i = 0; i < N_WORDS; i++) {
        if (strlen(words[i].text) == n
            && !memcmp(words[i].text, token->start, n)) {
            token->type = XFSM_TOK_OP;
            token->op = words[i].op;
        }
    }
}

static void
read_sign(struct xfsm_token *token)
{
    size_t i;

    for (i = 0; i < N_SIGNS; i++) {
        size_t n = strlen(signs[i].text);

        if (!strncmp(token->start, signs[i].text, n)) {
            token->type = XFSM_TOK_OP;
            token->op = signs[i].op;
            token->len = n;
            return;
        }
    }
    token->len = 1;
    token->type = *token->start == '(' ? XFSM_TOK_OPEN
                  : *token->start == ')' ? XFSM_TOK_CLOSE
                  : *token->start == ',' ? XFSM_TOK_COMMA
                  : *token->start == '=' ? XFSM_TOK_ASSIGN : XFSM_TOK_BAD;
}

const char *
xfsm_lexer_next(const char *s, struct xfsm_token *token)
{
    memset(token, 0, sizeof *token);
    while (xfsm_names_is_blank(*s)) {
        s++;
    }
    token->start = s;
    if (!*s) {
        token->type = XFSM_TOK_END;
    } else if (is_digit(*s) || (*s == '.' && is_digit(s[1]))) {
        token->len = xfsm_number_scan(s, &token->number);
        token->type = token->len ? XFSM_TOK_NUMBER : XFSM_TOK_BAD;
        while (token->type == XFSM_TOK_BAD
               && (xfsm_names_is_inner(s[token->len])
                   || s[token->len] == '.')) {
            token->len++;
        }
    } else if (xfsm_names_is_start(*s)) {
        read_name(token);
    } else {
        read_sign(token);
    }
    return token->start + token->len;
}
