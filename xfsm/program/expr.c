/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include "xfsm/program/expr.h"

#include <string.h>

#include "xfsm/program/key.h"
#include "xfsm/program/lexer.h"
#include "xfsm/program/text.h"

static const char *const op_texts[] = {
#define OP_TEXT(ID, TEXT) TEXT,
    XFSM_EXPR_OPS(OP_TEXT)
#undef OP_TEXT
};

struct parser {
    struct xfsm_parse *parse;
    struct xfsm_arena *arena;
    const char *text;           /* All of it, terminated. */
    const char *rest;           /* Behind 'token'. */
    struct xfsm_token token;
    int depth;                  /* Of recursion. */
    int n_nodes;
};

static struct xfsm_expr *parse_or(struct parser *);

const char *
xfsm_expr_op_text(enum xfsm_expr_op op)
{
    return op_texts[op];
}

static void
next(struct parser *p)
{
    p->rest = xfsm_lexer_next(p->rest, &p->token);
}

/* Reports that 'expected' is not what stands at the current token. */
static struct xfsm_expr *
unexpected(struct parser *p, const char *expected)
{
    const struct xfsm_token *token = &p->token;

    if (token->type == XFSM_TOK_END) {
        xfsm_parse_report(p->parse, XFSM_DIAG_ERROR,
                          "%s is expected at the end of \"%.*s\"", expected,
                          xfsm_parse_excerpt(strlen(p->text)), p->text);
    } else {
        xfsm_parse_report(p->parse, XFSM_DIAG_ERROR,
                          "%s is expected before \"%.*s\" (character %zu)%s",
                          expected, xfsm_parse_excerpt(token->len),
                          token->start,
                          (size_t) (token->start - p->text) + 1,
                          token->type == XFSM_TOK_ASSIGN
                          ? "; comparison is written \"==\""
                          : *token->start == '$' && p->parse->dialect > 1
                          ? "; a parameter in an expression has no \"$\""
                          : "");
    }
    return NULL;
}

static struct xfsm_expr *
new_node(struct parser *p, enum xfsm_expr_kind kind)
{
    struct xfsm_expr *expr;

    if (++p->n_nodes > XFSM_MAX_EXPR_NODES) {
        xfsm_parse_report(p->parse, XFSM_DIAG_ERROR, "the expression is too "
                          "long: more than %d operands and operators",
                          XFSM_MAX_EXPR_NODES);
        return NULL;
    } else if (!xfsm_parse_take_part(p->parse)) {
        return NULL;
    }
    expr = xfsm_arena_alloc(p->arena, sizeof *expr);
    expr->kind = kind;
    return expr;
}

static struct xfsm_expr *
new_operation(struct parser *p, enum xfsm_expr_kind kind,
              enum xfsm_expr_op op, struct xfsm_expr *a, struct xfsm_expr *b)
{
    struct xfsm_expr *expr = a ? new_node(p, kind) : NULL;

    if (expr) {
        expr->op = op;
        expr->args[0] = a;
        expr->args[1] = b;
        expr->n_args = b ? 2 : 1;
    }
    return expr;
}

static struct xfsm_expr *
new_number(struct parser *p, double number)
{
    struct xfsm_expr *expr = new_node(p, XFSM_EX_NUMBER);

    if (expr) {
        expr->number = number;
    }
    return expr;
}

static struct xfsm_expr *
new_reference(struct parser *p, enum xfsm_expr_kind kind, uint16_t index)
{
    struct xfsm_expr *expr = new_node(p, kind);

    if (expr) {
        expr->index = index;
    }
    return expr;
}

/* What a table's text is compared with: behind the current token, if that is
 * "==" or "!=", else with the empty text, which it is not. */
static struct xfsm_expr *
parse_comparison(struct parser *p, struct xfsm_expr *expr)
{
    size_t n = 0;

    expr->op = XFSM_OP_NE;
    expr->text = xfsm_arena_alloc(p->arena, sizeof *expr->text);
    if (p->token.type != XFSM_TOK_OP
        || (p->token.op != XFSM_OP_EQ && p->token.op != XFSM_OP_NE)) {
        return expr;
    }
    expr->op = p->token.op;
    p->rest += strspn(p->rest, " \t\r\n");
    n = xfsm_text_value_length(p->rest);
    if (!xfsm_text_parse_value(p->parse, p->rest, n, true, expr->text)) {
        return NULL;
    }
    p->rest += n;
    next(p);
    return expr;
}

/* "TABLE(key)": the current token is the name, the parenthesis follows. */
static struct xfsm_expr *
parse_table(struct parser *p, uint16_t table)
{
    bool is_text = p->parse->program->tables[table].is_text;
    struct xfsm_expr *expr = new_reference(p, is_text ? XFSM_EX_TABLE_IS
                                           : XFSM_EX_TABLE, table);
    size_t n = xfsm_key_parenthesized(p->rest);

    if (!expr) {
        return NULL;
    } else if (!n) {
        next(p);
        return unexpected(p, "a key in parentheses");
    } else if (!xfsm_key_parse_for_table(p->parse, table, p->rest + 1, n - 2,
                                         &expr->key)) {
        return NULL;
    }
    p->rest += n;
    next(p);
    return is_text ? parse_comparison(p, expr) : expr;
}

/* Returns the function that 'token' names, or XFSM_N_EXPR_OPS. */
static enum xfsm_expr_op
find_function(const struct xfsm_token *token)
{
    int op;

    for (op = XFSM_OP_ABS; op < XFSM_N_EXPR_OPS; op++) {
        if (strlen(op_texts[op]) == token->len
            && !memcmp(op_texts[op], token->start, token->len)) {
            break;
        }
    }
    return (enum xfsm_expr_op) op;
}

/* "FUNCTION(a, b)": the current token is the parenthesis.  min() and max()
 * take more than two arguments as calls within calls. */
static struct xfsm_expr *
parse_call(struct parser *p, enum xfsm_expr_op op)
{
    bool many = op == XFSM_OP_MIN || op == XFSM_OP_MAX;
    int n_args = many || op == XFSM_OP_POW ? 2 : 1, n = 0;
    struct xfsm_expr *expr = NULL;

    do {
        struct xfsm_expr *arg;

        next(p);
        arg = parse_or(p);
        if (!arg) {
            return NULL;
        }
        expr = ++n == 1 ? arg : new_operation(p, XFSM_EX_CALL, op, expr, arg);
        if (!expr) {
            return NULL;
        }
    } while (p->token.type == XFSM_TOK_COMMA);
    if (p->token.type != XFSM_TOK_CLOSE) {
        return unexpected(p, "\")\"");
    } else if (n < n_args || (n > n_args && !many)) {
        xfsm_parse_report(p->parse, XFSM_DIAG_ERROR, "%s() takes %d "
                          "argument%s%s, not %d", op_texts[op], n_args,
                          n_args > 1 ? "s" : "", many ? " or more" : "", n);
        return NULL;
    }
    next(p);
    return n_args == 1 ? new_operation(p, XFSM_EX_CALL, op, expr, NULL)
                       : expr;
}

static struct xfsm_expr *
new_param(struct parser *p, uint16_t index)
{
    struct xfsm_param *param = &p->parse->program->params[index];
    struct xfsm_expr *expr = new_number(p, param->value);

    param->used = true;
    if (expr) {
        expr->is_param = true;
        expr->index = index;
    }
    return expr;
}

/* A name that is no function, no table and no constant. */
static struct xfsm_expr *
resolve_name(struct parser *p, const struct xfsm_token *name)
{
    uint16_t param = xfsm_parse_find_param(p->parse, name->start, name->len);
    uint16_t feature = xfsm_parse_find_feature(p->parse, name->start,
                                               name->len);
    uint16_t metric = xfsm_parse_find_metric(p->parse, name->start,
                                             name->len);
    char hint[XFSM_HINT_MAX];
    int field;

    if (metric != XFSM_NONE
        && (feature == XFSM_NONE || p->parse->metrics_first)) {
        return new_reference(p, XFSM_EX_METRIC, metric);
    } else if (feature != XFSM_NONE) {
        return new_reference(p, XFSM_EX_FEATURE, feature);
    } else if (param != XFSM_NONE) {
        return new_param(p, param);
    }
    field = xfsm_parse_find_field(p->parse, name->start, name->len);
    if (field >= 0 && xfsm_fields[field].type == XFSM_FT_UINT) {
        return new_reference(p, XFSM_EX_FIELD, (uint16_t) field);
    } else if (field >= 0) {
        xfsm_parse_report(p->parse, XFSM_DIAG_ERROR, "field \"%s\" is not a "
                          "number; an expression takes numeric fields",
                          xfsm_fields[field].name);
    } else {
        xfsm_parse_report(p->parse, XFSM_DIAG_ERROR, "unknown name "
                          "\"%.*s\": not a feature, metric%snumeric "
                          "field%s", xfsm_parse_excerpt(name->len),
                          name->start,
                          p->parse->dialect > 1 ? ", parameter or " : " or ",
                          xfsm_parse_hint(p->parse, XFSM_PK_FEATURE
                                          | XFSM_PK_METRIC | XFSM_PK_PARAM
                                          | XFSM_PK_NUMERIC_FIELD,
                                          name->start, name->len, hint));
    }
    return NULL;
}

static struct xfsm_expr *
parse_name(struct parser *p)
{
    struct xfsm_token name = p->token;
    uint16_t table = xfsm_parse_find_table(p->parse, name.start, name.len);
    bool call = p->rest[strspn(p->rest, " ")] == '(';
    char hint[XFSM_HINT_MAX];

    if (call && table != XFSM_NONE) {
        p->rest += strspn(p->rest, " ");
        return parse_table(p, table);
    } else if (call) {
        enum xfsm_expr_op op = find_function(&name);

        next(p);
        if (op != XFSM_N_EXPR_OPS) {
            return parse_call(p, op);
        }
        xfsm_parse_report(p->parse, XFSM_DIAG_ERROR, "\"%.*s\" is not a "
                          "table or a function%s",
                          xfsm_parse_excerpt(name.len), name.start,
                          xfsm_parse_hint(p->parse, XFSM_PK_TABLE
                                          | XFSM_PK_FUNCTION, name.start,
                                          name.len, hint));
        return NULL;
    }
    next(p);
    if (xfsm_names_in_list("true false", name.start, name.len)) {
        return new_number(p, name.len == 4);
    } else if (table != XFSM_NONE
               && xfsm_parse_find_feature(p->parse, name.start, name.len)
               == XFSM_NONE
               && xfsm_parse_find_metric(p->parse, name.start, name.len)
               == XFSM_NONE) {
        xfsm_parse_report(p->parse, XFSM_DIAG_ERROR, "table \"%s\" needs a "
                          "key, as \"%s(ip_src)\"",
                          p->parse->program->tables[table].name,
                          p->parse->program->tables[table].name);
        return NULL;
    }
    return resolve_name(p, &name);
}

static struct xfsm_expr *
parse_primary(struct parser *p)
{
    struct xfsm_expr *expr;

    switch (p->token.type) {
    case XFSM_TOK_NUMBER:
        expr = new_number(p, p->token.number.value);
        next(p);
        return expr;

    case XFSM_TOK_NAME:
        return parse_name(p);

    case XFSM_TOK_OPEN:
        next(p);
        expr = parse_or(p);
        if (expr && p->token.type != XFSM_TOK_CLOSE) {
            return unexpected(p, "\")\"");
        }
        next(p);
        return expr;

    case XFSM_TOK_END:
    case XFSM_TOK_OP:
    case XFSM_TOK_CLOSE:
    case XFSM_TOK_COMMA:
    case XFSM_TOK_ASSIGN:
    case XFSM_TOK_BAD:
    default:
        return unexpected(p, "a number or a name");
    }
}

/* True at an operator that compares. */
static bool
at_comparison(const struct parser *p)
{
    return p->token.type == XFSM_TOK_OP && p->token.op >= XFSM_OP_EQ
           && p->token.op <= XFSM_OP_GE;
}

static struct xfsm_expr *
parse_unary(struct parser *p)
{
    enum xfsm_expr_op op = p->token.op;
    struct xfsm_expr *expr;

    if (p->token.type != XFSM_TOK_OP
        || (op != XFSM_OP_SUB && op != XFSM_OP_NOT && op != XFSM_OP_ADD)) {
        return parse_primary(p);
    } else if (++p->depth > XFSM_MAX_EXPR_DEPTH) {
        xfsm_parse_report(p->parse, XFSM_DIAG_ERROR, "the expression is "
                          "nested too deep; the limit is %d levels",
                          XFSM_MAX_EXPR_DEPTH);
        return NULL;
    }
    next(p);
    expr = parse_unary(p);
    p->depth--;
    if (op == XFSM_OP_ADD) {
        return expr;
    }
    expr = new_operation(p, XFSM_EX_UNARY,
                         op == XFSM_OP_SUB ? XFSM_OP_NEG : XFSM_OP_NOT, expr,
                         NULL);
    if (expr && op == XFSM_OP_NOT && at_comparison(p)) {
        xfsm_parse_warn(p->parse, "\"!\" binds tighter than \"%.*s\"; write "
                        "\"!(a %.*s b)\" if the comparison is meant",
                        (int) p->token.len, p->token.start,
                        (int) p->token.len, p->token.start);
    }
    return expr;
}

/* Returns how tightly binary operator 'op' binds, from 1; 0 if it is none. */
static int
binding(enum xfsm_expr_op op)
{
    switch ((int) op) {
    case XFSM_OP_OR:
        return 1;
    case XFSM_OP_AND:
        return 2;
    case XFSM_OP_EQ:
    case XFSM_OP_NE:
        return 3;
    case XFSM_OP_LT:
    case XFSM_OP_LE:
    case XFSM_OP_GT:
    case XFSM_OP_GE:
        return 4;
    case XFSM_OP_ADD:
    case XFSM_OP_SUB:
        return 5;
    case XFSM_OP_MUL:
    case XFSM_OP_DIV:
    case XFSM_OP_MOD:
        return 6;
    default:
        return 0;
    }
}

/* Parses operators that bind at least as tightly as 'min'. */
static struct xfsm_expr *
parse_binary(struct parser *p, int min)
{
    struct xfsm_expr *a = parse_unary(p);

    while (a && p->token.type == XFSM_TOK_OP) {
        enum xfsm_expr_op op = p->token.op;
        int level = binding(op);
        struct xfsm_expr *b;

        if (!level || level < min) {
            break;
        }
        next(p);
        b = parse_binary(p, level + 1);
        a = b ? new_operation(p, XFSM_EX_BINARY, op, a, b) : NULL;
        if (a && (level == 3 || level == 4) && at_comparison(p)
            && binding(p->token.op) == level) {
            xfsm_parse_warn(p->parse, "comparisons in a row compare the "
                            "result of the first, 0 or 1; write \"a < b and "
                            "b < c\"");
        }
    }
    return a;
}

static struct xfsm_expr *
parse_or(struct parser *p)
{
    struct xfsm_expr *expr = NULL;

    if (++p->depth > XFSM_MAX_EXPR_DEPTH) {
        xfsm_parse_report(p->parse, XFSM_DIAG_ERROR, "the expression is "
                          "nested too deep; the limit is %d levels",
                          XFSM_MAX_EXPR_DEPTH);
    } else {
        expr = parse_binary(p, 1);
    }
    p->depth--;
    return expr;
}

int
xfsm_expr_stack(const struct xfsm_expr *expr)
{
    int a, b;

    if (!expr->n_args) {
        return 1;
    }
    a = xfsm_expr_stack(expr->args[0]);
    b = expr->n_args > 1 ? xfsm_expr_stack(expr->args[1]) + 1 : 0;
    return a > b ? a : b;
}

/* Adds what 'expr' itself mentions. */
static void
collect(const struct xfsm_expr *expr, uint64_t *metrics, uint64_t *features)
{
    int i;

    if (expr->kind == XFSM_EX_METRIC) {
        *metrics |= UINT64_C(1) << expr->index;
    } else if (expr->kind == XFSM_EX_FEATURE) {
        *features |= UINT64_C(1) << expr->index;
    }
    for (i = 0; i < expr->n_args; i++) {
        collect(expr->args[i], metrics, features);
    }
}

void
xfsm_expr_metrics(const struct xfsm_program *program,
                  const struct xfsm_expr *expr, uint64_t *metrics)
{
    uint64_t features = 0;
    int i;

    collect(expr, metrics, &features);
    /* A feature mentions only those before it. */
    for (i = program->n_features - 1; i >= 0; i--) {
        if (features >> i & 1 && program->features[i].body) {
            collect(program->features[i].body, metrics, &features);
        }
    }
}

struct xfsm_expr *
xfsm_expr_parse(struct xfsm_parse *parse, const char *s, size_t len)
{
    struct xfsm_arena *arena = parse->program->arena;
    struct parser p = { .parse = parse, .arena = arena };
    struct xfsm_expr *expr;

    p.text = p.rest = xfsm_arena_strndup(arena, s, len);
    next(&p);
    expr = parse_or(&p);
    if (!expr) {
        return NULL;
    } else if (p.token.type != XFSM_TOK_END) {
        return unexpected(&p, p.token.type == XFSM_TOK_BAD
                          || p.token.type == XFSM_TOK_CLOSE
                          ? "the end or an operator" : "an operator");
    } else if (xfsm_expr_stack(expr) > XFSM_MAX_EXPR_DEPTH) {
        xfsm_parse_report(parse, XFSM_DIAG_ERROR, "the expression needs more "
                          "than %d values at a time; split it into features",
                          XFSM_MAX_EXPR_DEPTH);
        return NULL;
    }
    return expr;
}
