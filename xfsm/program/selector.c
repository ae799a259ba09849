/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include "xfsm/program/selector.h"

#include <string.h>

#include "xfsm/program/key.h"
#include "xfsm/program/lexer.h"
#include "xfsm/program/symbol.h"

struct parser {
    struct xfsm_parse *parse;
    struct xfsm_arena *arena;
    const char *p;              /* What is left. */
    int depth;
    int n_tests;
    bool parens;                /* There were some. */
};

static struct xfsm_selector *parse_or(struct parser *);

#define FAIL(P, ...) \
    (xfsm_parse_report((P)->parse, XFSM_DIAG_ERROR, __VA_ARGS__), NULL)

/* Returns the length of the word at p->p, past blanks: what is left up to a
 * blank, a parenthesis or a comparison sign.  Quoted text is one word. */
static size_t
word_length(struct parser *p)
{
    size_t n = 0;

    while (xfsm_names_is_blank(*p->p)) {
        p->p++;
    }
    if (*p->p == '"' || *p->p == '\'') {
        const char *close = strchr(p->p + 1, *p->p);

        return close ? (size_t) (close - p->p) + 1 : strlen(p->p);
    }
    while (p->p[n] && !xfsm_names_is_blank(p->p[n])
           && !strchr("()=!<>&", p->p[n])
           && strncmp(p->p + n, "||", 2)) {
        n++;
    }
    return n;
}

/* Takes 'word' (or 'sign') if it comes next. */
static bool
take(struct parser *p, const char *word, const char *sign)
{
    size_t n = word_length(p);

    if (n == strlen(word) && !memcmp(p->p, word, n)) {
        p->p += n;
        return true;
    } else if (!n && !strncmp(p->p, sign, strlen(sign))) {
        p->p += strlen(sign);
        return true;
    }
    return false;
}

/* Takes an operator; == if there is none. */
static enum xfsm_expr_op
take_op(struct parser *p)
{
    static const struct {
        const char *word;
        const char *sign;
        enum xfsm_expr_op op;
    } ops[] = {
        { "eq", "==", XFSM_OP_EQ }, { "ne", "!=", XFSM_OP_NE },
        { "le", "<=", XFSM_OP_LE }, { "lt", "<", XFSM_OP_LT },
        { "ge", ">=", XFSM_OP_GE }, { "gt", ">", XFSM_OP_GT },
    };
    size_t i;

    for (i = 0; i < sizeof ops / sizeof ops[0]; i++) {
        if (take(p, ops[i].word, ops[i].sign)) {
            return ops[i].op;
        }
    }
    return XFSM_OP_EQ;
}

static struct xfsm_selector *
new_test(struct parser *p, enum xfsm_selector_kind kind)
{
    struct xfsm_selector *test;

    if (++p->n_tests > XFSM_MAX_SELECTOR_TESTS) {
        return FAIL(p, "the selector has more than %d tests",
                    XFSM_MAX_SELECTOR_TESTS);
    } else if (!xfsm_parse_take_part(p->parse)) {
        return NULL;
    }
    test = xfsm_arena_alloc(p->arena, sizeof *test);
    test->kind = kind;
    return test;
}

static struct xfsm_selector *
join(struct parser *p, enum xfsm_selector_kind kind, struct xfsm_selector *a,
     struct xfsm_selector *b)
{
    struct xfsm_selector *both;

    if (!a || !b) {
        return NULL;
    }
    both = xfsm_arena_alloc(p->arena, sizeof *both);
    both->kind = kind;
    both->a = a;
    both->b = b;
    return both;
}

static struct xfsm_selector *
new_uint(struct parser *p, int field, enum xfsm_expr_op op, uint64_t value)
{
    struct xfsm_selector *test = new_test(p, XFSM_SEL_UINT);

    if (test) {
        test->field = (uint8_t) field;
        test->op = op;
        test->value = value;
    }
    return test;
}

/* "flags dns-nxdomain": one response code, or several united by "|". */
static struct xfsm_selector *
parse_rcodes(struct parser *p, const char *value, enum xfsm_expr_op op)
{
    struct xfsm_selector *all = NULL;
    const char *s = value;

    do {
        size_t n = strcspn(s, "|");
        struct xfsm_selector *test;
        uint64_t rcode;

        if (!xfsm_symbol_lookup(XFSM_SYM_RCODE, s, n, &rcode)) {
            struct xfsm_nearest nearest;

            xfsm_nearest_init(&nearest, s, n);
            xfsm_symbol_offer(XFSM_SYM_RCODE, &nearest);
            return FAIL(p, "unknown DNS response code \"%.*s\"%s%s%s",
                        xfsm_parse_excerpt(n), s,
                        nearest.best ? "; did you mean \"" : "; it is one of "
                        "dns-noerror dns-formaterr dns-failed dns-nxdomain "
                        "dns-nimplemented",
                        nearest.best ? nearest.best : "",
                        nearest.best ? "\"?" : "");
        } else if (op != XFSM_OP_EQ && (op != XFSM_OP_NE || all || s[n])) {
            return FAIL(p, "DNS response codes are compared by \"==\" (or "
                        "one by \"!=\") alone");
        }
        test = new_uint(p, XFSM_F_DNS_RCODE, op, rcode);
        all = all ? join(p, XFSM_SEL_OR, all, test) : test;
        s += n;
    } while (all && *s++ == '|');
    return all;
}

/* Reports that 'value' is not one of 'set', unless the name that was meant is
 * certain: then warns and gives its value. */
static bool
correct_symbol(struct parser *p, int field, enum xfsm_symbol_set set,
               const char *value, size_t len, uint64_t *u)
{
    const char *name = xfsm_fields[field].name;
    struct xfsm_nearest nearest;

    xfsm_nearest_init(&nearest, value, len);
    xfsm_symbol_offer(set, &nearest);
    if (set == XFSM_SYM_PROTO && nearest.best && nearest.distance == 1
        && !nearest.tie && len > 1) {
        xfsm_parse_warn(p->parse, "unknown protocol \"%.*s\" is taken as "
                        "\"%s\"", xfsm_parse_excerpt(len), value,
                        nearest.best);
        return xfsm_symbol_lookup(set, nearest.best, strlen(nearest.best), u);
    } else if (nearest.best && !nearest.tie) {
        return xfsm_parse_error(p->parse, "unknown value \"%.*s\" for %s; "
                                "did you mean \"%s\"?",
                                xfsm_parse_excerpt(len), value, name,
                                nearest.best);
    }
    return xfsm_parse_error(p->parse, "unknown value \"%.*s\" for %s; %s",
                            xfsm_parse_excerpt(len), value, name,
                            set == XFSM_SYM_PROTO
                            ? "write a protocol's name, as \"tcp\", or "
                              "number"
                            : set == XFSM_SYM_TCP_FLAG
                            ? "write flags, as \"tcp-syn|tcp-ack\", a DNS "
                              "response code, as \"dns-nxdomain\", or a "
                              "number"
                            : set == XFSM_SYM_HTTP_METHOD
                            ? "write \"http-get\", \"http-head\", "
                              "\"http-post\" or a number"
                            : "write a number");
}

/* Returns the symbols that may be a value of 'field'. */
static enum xfsm_symbol_set
symbols_of(int field)
{
    return field == XFSM_F_PROTO ? XFSM_SYM_PROTO
           : field == XFSM_F_TCP_FLAGS ? XFSM_SYM_TCP_FLAG
           : field == XFSM_F_DNS_RCODE ? XFSM_SYM_RCODE
           : field == XFSM_F_HTTP_METHOD ? XFSM_SYM_HTTP_METHOD
           : XFSM_N_SYMBOL_SETS;
}

/* The original compared the first four bytes of a request as a little-endian
 * number.  Gives the method that 'u' stands for so. */
static bool
old_http_method(uint64_t u, uint64_t *method)
{
    static const char *const texts[] = {
        [XFSM_HTTP_GET] = "GET ", [XFSM_HTTP_HEAD] = "HEAD",
        [XFSM_HTTP_POST] = "POST",
    };
    int i, k;

    for (i = XFSM_HTTP_GET; i <= XFSM_HTTP_POST; i++) {
        uint64_t old = 0;

        for (k = 3; k >= 0; k--) {
            old = old << 8 | (uint8_t) texts[i][k];
        }
        if (u == old) {
            *method = (uint64_t) i;
            return true;
        }
    }
    return false;
}

/* Reads the 'n' bytes at 'word', a parameter, a symbol or a number, for
 * 'field'. */
static bool
parse_word(struct parser *p, int field, enum xfsm_symbol_set set,
           const char *word, size_t n, uint64_t *u)
{
    return xfsm_parse_is_param(p->parse, word)
           ? xfsm_parse_param_uint(p->parse, word, u)
           : (set != XFSM_N_SYMBOL_SETS
              && xfsm_symbol_lookup(set, word, n, u))
             || xfsm_number_parse_uint(word, u)
             || correct_symbol(p, field, set, word, n, u);
}

/* Reads 'value', a number or symbols joined by "|", for 'field'. */
static bool
parse_number(struct parser *p, int field, const char *value, uint64_t *u)
{
    int bits = 8 * xfsm_fields[field].width;
    enum xfsm_symbol_set set = symbols_of(field);
    const char *s = value;

    *u = 0;
    do {
        size_t n = strcspn(s, "|");
        char word[XFSM_MAX_NAME + 2];       /* "$" before a name. */
        uint64_t one;

        if (n > XFSM_MAX_NAME + 1 || !n) {
            return xfsm_parse_error(p->parse, "\"%.*s\" is not a value for "
                                    "%s", xfsm_parse_excerpt(strlen(value)),
                                    value, xfsm_fields[field].name);
        }
        memcpy(word, s, n);
        word[n] = '\0';
        if (!parse_word(p, field, set, word, n, &one)) {
            return false;
        } else if (s[n] == '|' && set != XFSM_SYM_TCP_FLAG) {
            return xfsm_parse_error(p->parse, "\"|\" unites TCP flags alone; "
                                    "join tests by \"or\"");
        }
        *u |= one;
        s += n;
    } while (*s++ == '|');

    if (field == XFSM_F_HTTP_METHOD && old_http_method(*u, u)) {
        xfsm_parse_warn(p->parse, "the number for an HTTP method is not "
                        "portable; write \"%s\"",
                        *u == XFSM_HTTP_GET ? "http-get"
                        : *u == XFSM_HTTP_HEAD ? "http-head" : "http-post");
    }
    if (bits < 64 && *u >> bits) {
        return xfsm_parse_error(p->parse, "%s does not fit field %s, whose "
                                "values are 0 to %llu", value,
                                xfsm_fields[field].name,
                                (1ULL << bits) - 1);
    }
    return true;
}

static struct xfsm_selector *
parse_addr(struct parser *p, int field, enum xfsm_expr_op op,
           const char *value)
{
    struct xfsm_selector *test = new_test(p, XFSM_SEL_ADDR);

    if (!test) {
        return NULL;
    }
    test->field = (uint8_t) field;
    test->op = op;
    if (!xfsm_symbol_parse_addr(value, &test->addr, &test->prefix)) {
        return FAIL(p, "\"%.*s\" is not an address or prefix for %s; write "
                    "as \"10.0.0.0/8\" or \"2001:db8::1\"",
                    xfsm_parse_excerpt(strlen(value)), value,
                    xfsm_fields[field].name);
    } else if (xfsm_symbol_mask_addr(&test->addr, test->prefix)) {
        xfsm_parse_warn(p->parse, "prefix \"%s\" has bits beyond its length, "
                        "which are ignored", value);
    }
    return test;
}

/* Text: quotes around it removed; in lower case where the field is. */
static struct xfsm_selector *
parse_string(struct parser *p, int field, enum xfsm_expr_op op, char *value)
{
    struct xfsm_selector *test = new_test(p, XFSM_SEL_STR);
    size_t n = strlen(value);

    if (!test) {
        return NULL;
    } else if (op != XFSM_OP_EQ && op != XFSM_OP_NE) {
        return FAIL(p, "text field %s is compared by \"==\" and \"!=\" alone",
                    xfsm_fields[field].name);
    } else if (n > XFSM_MAX_TEXT) {
        return FAIL(p, "the text for %s is too long; the limit is %d bytes",
                    xfsm_fields[field].name, XFSM_MAX_TEXT);
    }
    if (xfsm_field_is_lower((unsigned int) field)) {
        xfsm_symbol_lower(value);
    }
    test->field = (uint8_t) field;
    test->op = op;
    test->string = value;
    return test;
}

/* Takes the value of 'field'; NULL after reporting that there is none. */
static char *
take_value(struct parser *p, int field)
{
    size_t n = word_length(p);
    char *value;

    if (!n) {
        return FAIL(p, "a value for %s is missing%s", xfsm_fields[field].name,
                    *p->p == '=' ? "; equality is written \"==\" or not at "
                    "all" : "");
    } else if (*p->p == '"' || *p->p == '\'') {
        if (n < 2 || p->p[n - 1] != *p->p) {
            return FAIL(p, "the quote of %.*s is never closed",
                        xfsm_parse_excerpt(n), p->p);
        }
        value = xfsm_arena_strndup(p->arena, p->p + 1, n - 2);
    } else {
        value = xfsm_arena_strndup(p->arena, p->p, n);
    }
    p->p += n;
    return value;
}

/* "KEY in TABLE", behind "in". */
static struct xfsm_selector *
parse_in(struct parser *p, const char *key, size_t len)
{
    struct xfsm_selector *test = new_test(p, XFSM_SEL_IN);
    size_t n = word_length(p);
    char hint[XFSM_HINT_MAX];

    if (!test) {
        return NULL;
    }
    test->table = xfsm_parse_find_table(p->parse, p->p, n);
    if (test->table == XFSM_NONE) {
        return FAIL(p, "a table is expected after \"in\", not \"%.*s\"%s",
                    xfsm_parse_excerpt(n), p->p,
                    xfsm_parse_hint(p->parse, XFSM_PK_TABLE, p->p, n, hint));
    } else if (!xfsm_key_parse_for_table(p->parse, test->table, key, len,
                                         &test->key)) {
        return NULL;
    }
    p->p += n;
    return test;
}

static struct xfsm_selector *
parse_field_test(struct parser *p, const char *name, size_t len)
{
    bool flags = len == 5 && !memcmp(name, "flags", 5);
    char hint[XFSM_HINT_MAX];
    enum xfsm_expr_op op;
    uint64_t u;
    char *value;
    int field;

    field = xfsm_parse_find_field(p->parse, name, len);
    if (field < 0) {
        if (len == 3 && !memcmp(name, "not", 3)) {
            return FAIL(p, "a selector has no \"not\"; use \"!=\"");
        } else if (xfsm_symbol_lookup(XFSM_SYM_PROTO, name, len, &u)) {
            return FAIL(p, "\"%.*s\" is a protocol and not a field; write "
                        "\"proto %.*s\"", (int) len, name, (int) len, name);
        }
        return FAIL(p, "unknown field \"%.*s\" in the selector%s",
                    xfsm_parse_excerpt(len), name,
                    xfsm_parse_hint(p->parse, XFSM_PK_FIELD, name, len,
                                    hint));
    }
    op = take_op(p);
    value = take_value(p, field);
    if (!value) {
        return NULL;
    } else if (flags && !strncmp(value, "dns-", 4)) {
        return parse_rcodes(p, value, op);
    }
    switch (xfsm_fields[field].type) {
    case XFSM_FT_ADDR:
        return parse_addr(p, field, op, value);

    case XFSM_FT_STR:
        return parse_string(p, field, op, value);

    case XFSM_FT_MAC:
        if (!xfsm_symbol_parse_mac(value, &u)) {
            return FAIL(p, "\"%.*s\" is not a MAC address for %s; write as "
                        "\"00:11:22:33:44:55\"",
                        xfsm_parse_excerpt(strlen(value)), value,
                        xfsm_fields[field].name);
        }
        return new_uint(p, field, op, u);

    case XFSM_FT_UINT:
    default:
        return parse_number(p, field, value, &u) ? new_uint(p, field, op, u)
                                                 : NULL;
    }
}

static struct xfsm_selector *
parse_test(struct parser *p)
{
    struct xfsm_selector *test;
    const char *name;
    size_t n = word_length(p);

    if (*p->p == '(') {
        p->parens = true;
        p->p++;
        if (++p->depth > XFSM_MAX_EXPR_DEPTH) {
            return FAIL(p, "the selector is nested too deep; the limit is "
                        "%d levels", XFSM_MAX_EXPR_DEPTH);
        }
        test = parse_or(p);
        p->depth--;
        if (test && !take(p, ")", ")")) {
            return FAIL(p, "a \")\" is missing in the selector");
        }
        return test;
    } else if (!n) {
        return FAIL(p, *p->p == '!' ? "a selector has no \"!\"; use \"!=\""
                    : *p->p ? "a field's name is expected before \"%.20s\""
                    : "a test, as \"dst_port 53\", is missing at the end of "
                    "the selector", p->p);
    }
    name = p->p;
    p->p += n;
    return take(p, "in", "\n") ? parse_in(p, name, n)
                               : parse_field_test(p, name, n);
}

static struct xfsm_selector *
parse_and(struct parser *p)
{
    struct xfsm_selector *a = parse_test(p);

    while (a && take(p, "and", "&&")) {
        a = join(p, XFSM_SEL_AND, a, parse_test(p));
    }
    return a;
}

static struct xfsm_selector *
parse_or(struct parser *p)
{
    struct xfsm_selector *a = parse_and(p);

    while (a && take(p, "or", "||")) {
        a = join(p, XFSM_SEL_OR, a, parse_and(p));
    }
    return a;
}

bool
xfsm_selector_parse(struct xfsm_parse *parse, const char *s,
                    struct xfsm_selector **selector)
{
    struct parser p = {
        .parse = parse, .arena = parse->program->arena, .p = s,
    };
    struct xfsm_selector *root = NULL;

    if (word_length(&p) || *p.p) {
        root = parse_or(&p);
        if (!root) {
            return false;
        } else if (word_length(&p) || *p.p) {
            return xfsm_parse_error(parse, "\"and\" or \"or\" is expected "
                                    "before \"%.20s\"", p.p);
        }
    }
    if (p.parens && parse->dialect == 1) {
        xfsm_parse_note(parse, "parentheses in a selector are of dialect 2");
    }
    *selector = root;
    return true;
}
