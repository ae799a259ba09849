/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include "xfsm/program/member.h"

#include <string.h>

#include "xfsm/program/expr.h"
#include "xfsm/program/lexer.h"
#include "xfsm/program/text.h"

/* Most parts of a structured text. */
#define PARTS_MAX (XFSM_MAX_TEXT + XFSM_MAX_MEMBERS)

/* One NAME=VALUE. */
struct argument {
    const char *name;
    size_t name_len;
    const char *value;          /* Without blanks around it. */
    size_t len;
};

struct builder {
    struct xfsm_parse *parse;
    struct xfsm_text_part parts[PARTS_MAX];
    int n;
    int n_members, n_lists;
};

/* Takes the argument that begins at '*s', up to a comma or 'end', and moves
 * '*s' behind it.  Returns false if it is not NAME=VALUE. */
static bool
take_argument(const char **s, const char *end, struct argument *arg)
{
    const char *p = *s, *last;
    char quote = '\0';
    int depth = 0;

    while (p < end && xfsm_names_is_blank(*p)) {
        p++;
    }
    arg->name = p;
    while (p < end && xfsm_names_is_inner(*p)) {
        p++;
    }
    arg->name_len = (size_t) (p - arg->name);
    while (p < end && xfsm_names_is_blank(*p)) {
        p++;
    }
    if (!arg->name_len || !xfsm_names_is_start(arg->name[0])
        || end - p < 2 || p[0] != '=' || p[1] == '=') {
        return false;
    }
    for (p++; p < end && xfsm_names_is_blank(*p); p++) {
        continue;
    }
    arg->value = p;
    for (; p < end && (quote || depth > 0 || *p != ','); p++) {
        if (quote && *p == '\\' && p + 1 < end) {
            p++;
        } else if (quote) {
            quote = *p == quote ? '\0' : quote;
        } else if (*p == '\'' || *p == '"') {
            quote = *p;
        } else {
            depth += *p == '(' ? 1 : *p == ')' ? -1 : 0;
        }
    }
    last = p;
    while (last > arg->value && xfsm_names_is_blank(last[-1])) {
        last--;
    }
    arg->len = (size_t) (last - arg->value);
    *s = p < end ? p + 1 : p;
    return arg->len > 0 && !quote && (p == end || p + 1 < end);
}

bool
xfsm_member_is_list(const char *s, size_t len)
{
    const char *end = s + len;
    struct argument arg;

    do {
        if (!take_argument(&s, end, &arg)) {
            return false;
        }
    } while (s < end);
    return true;
}

static struct xfsm_text_part *
add_part(struct builder *b, enum xfsm_text_kind kind)
{
    return xfsm_text_add_part(b->parse, b->parts, &b->n, PARTS_MAX, kind);
}

/* Begins the field that 'arg' names. */
static bool
add_member(struct builder *b, const struct argument *arg,
           enum xfsm_member_form form)
{
    struct xfsm_text_part *part;
    int i;

    for (i = 0; i < b->n; i++) {
        part = &b->parts[i];
        if (part->kind == XFSM_TX_MEMBER && part->len == arg->name_len
            && !memcmp(part->literal, arg->name, arg->name_len)) {
            return xfsm_parse_error(b->parse, "\"%s\" is given twice",
                                    part->literal);
        }
    }
    if (arg->name_len > XFSM_MAX_NAME) {
        return xfsm_parse_error(b->parse, "a name of %zu characters; the "
                                "limit is %d", arg->name_len, XFSM_MAX_NAME);
    } else if (++b->n_members > XFSM_MAX_MEMBERS) {
        return xfsm_parse_error(b->parse, "more than %d fields in an event",
                                XFSM_MAX_MEMBERS);
    }
    part = add_part(b, XFSM_TX_MEMBER);
    if (!part) {
        return false;
    }
    part->literal = xfsm_arena_strndup(b->parse->program->arena, arg->name,
                                       arg->name_len);
    part->len = arg->name_len;
    part->index = (uint16_t) form;
    return true;
}

/* Adds the parts of template 's'. */
static bool
add_template(struct builder *b, const char *s, size_t len, bool single)
{
    struct xfsm_text text;
    int i;

    if (!xfsm_text_parse(b->parse, s, len, &text)) {
        return false;
    } else if (single && (text.n != 1
                          || text.parts[0].kind == XFSM_TX_LITERAL)) {
        return xfsm_parse_error(b->parse, "\"%.*s\" is not one value; write "
                                "text in single quotes",
                                xfsm_parse_excerpt(len), s);
    }
    for (i = 0; i < text.n; i++) {
        struct xfsm_text_part *part = add_part(b, text.parts[i].kind);

        if (!part) {
            return false;
        }
        *part = text.parts[i];
    }
    return true;
}

static bool
add_expression(struct builder *b, const struct argument *arg)
{
    struct xfsm_expr *expr = xfsm_expr_parse(b->parse, arg->value, arg->len);
    struct xfsm_text_part *part = expr ? add_part(b, XFSM_TX_EXPR) : NULL;

    if (part) {
        part->expr = expr;
    }
    return part != NULL;
}

/* True if the value is the name of a field.  As "%NAME" all its digits are
 * there: an expression has 53 bits. */
static bool
is_field(const struct argument *arg)
{
    return xfsm_field_lookup(arg->value, arg->len, NULL) >= 0;
}

/* ## Lists ## */

/* A value "METRIC.top(N)" or "METRIC.last(N)". */
struct list {
    size_t name_len;            /* Of the metric's name, the value's start. */
    bool before;
    const char *n;
    size_t n_len;
};

/* True if the value is of that form. */
static bool
find_list(const struct argument *arg, struct list *list)
{
    static const char *const calls[] = { ".top(", ".last(" };
    const char *name = arg->value, *end = name + arg->len - 1;
    size_t i, len;

    memset(list, 0, sizeof *list);
    while (list->name_len < arg->len
           && xfsm_names_is_inner(name[list->name_len])) {
        list->name_len++;
    }
    for (i = 0; i < sizeof calls / sizeof *calls; i++) {
        len = list->name_len + strlen(calls[i]);
        if (len < arg->len && *end == ')'
            && !memcmp(name + list->name_len, calls[i], strlen(calls[i]))) {
            list->before = i > 0;
            list->n = name + len;
            list->n_len = (size_t) (end - list->n);
            return true;
        }
    }
    return false;
}

/* Reads how many keys a list has. */
static bool
parse_top(struct xfsm_parse *parse, const struct list *list, uint8_t *top)
{
    char text[XFSM_MAX_NAME + 1] = "";
    const char *s = list->n;
    size_t len = list->n_len;
    double n = 0;
    uint16_t param;

    for (; len && xfsm_names_is_blank(*s); s++, len--) {
        continue;
    }
    while (len && xfsm_names_is_blank(s[len - 1])) {
        len--;
    }
    param = xfsm_parse_find_param(parse, s, len);
    memcpy(text, s, len <= XFSM_MAX_NAME ? len : 0);
    if (param != XFSM_NONE) {
        parse->program->params[param].used = true;
        n = parse->program->params[param].value;
    } else if (!xfsm_number_parse(text, &n)) {
        n = 0;
    }
    if (!(n >= 1 && n <= XFSM_MAX_TOP) || n != (int) n) {
        return xfsm_parse_error(parse, "\"%.*s\" is not how many keys a list "
                                "can have: a whole number from 1 to %d, or a "
                                "parameter that is one",
                                xfsm_parse_excerpt(len), s, XFSM_MAX_TOP);
    }
    *top = (uint8_t) n;
    return true;
}

static bool
add_list(struct builder *b, const struct argument *arg,
         const struct list *list)
{
    const char *name = arg->value;
    uint16_t index = xfsm_parse_find_metric(b->parse, name, list->name_len);
    const struct xfsm_metric *metric;
    struct xfsm_text_part *part;
    char hint[XFSM_HINT_MAX];
    uint8_t top;

    if (index == XFSM_NONE) {
        return xfsm_parse_error(b->parse, "\"%.*s\" is not a metric%s",
                                xfsm_parse_excerpt(list->name_len), name,
                                xfsm_parse_hint(b->parse, XFSM_PK_METRIC,
                                                name, list->name_len, hint));
    }
    metric = &b->parse->program->metrics[index];
    if (!xfsm_metric_lists(metric)) {
        return xfsm_parse_error(b->parse, "metric \"%s\" has no list of "
                                "keys: that needs a monitor of type \"topk\", "
                                "which is on", metric->name);
    } else if (!parse_top(b->parse, list, &top)) {
        return false;
    } else if (++b->n_lists > XFSM_MAX_LISTS) {
        return xfsm_parse_error(b->parse, "more than %d lists in an event",
                                XFSM_MAX_LISTS);
    } else if (!metric->vm_room.memory && top > 1 << metric->vm_size) {
        xfsm_parse_warn(b->parse, "a list of %d keys of metric \"%s\", which "
                        "has counters for %d; see its \"size\"", top,
                        metric->name, 1 << metric->vm_size);
    }
    part = add_part(b, XFSM_TX_LIST);
    if (part) {
        part->index = index;
        part->top = top;
        part->before = list->before;
    }
    return part != NULL;
}

void
xfsm_member_warn_nameless(struct xfsm_parse *parse, const char *s, size_t len)
{
    const struct argument arg = { .value = s, .len = len };
    struct list list;

    if (len && find_list(&arg, &list)
        && xfsm_parse_find_metric(parse, s, list.name_len) != XFSM_NONE) {
        xfsm_parse_warn(parse, "a list of keys is a field of an event and "
                        "needs a name, as \"keys=%.*s\": this stays text",
                        xfsm_parse_excerpt(len), s);
    }
}

static bool
parse_argument(struct builder *b, const struct argument *arg)
{
    struct list list;
    char quote = arg->value[0];

    if ((quote == '\'' || quote == '"') && arg->len > 1
        && arg->value[arg->len - 1] == quote) {
        return add_member(b, arg, XFSM_MEMBER_STRING)
               && add_template(b, arg->value + 1, arg->len - 2, false);
    } else if (!add_member(b, arg, XFSM_MEMBER_PLAIN)) {
        return false;
    } else if (is_field(arg)) {
        char reference[XFSM_MAX_NAME + 2] = "%";

        memcpy(reference + 1, arg->value,
               arg->len < XFSM_MAX_NAME ? arg->len : XFSM_MAX_NAME);
        return add_template(b, reference, strlen(reference), true);
    }
    return arg->value[0] == '%'
           ? add_template(b, arg->value, arg->len, true)
           : find_list(arg, &list) ? add_list(b, arg, &list)
           : add_expression(b, arg);
}

bool
xfsm_member_parse(struct xfsm_parse *parse, const char *s, size_t len,
                  struct xfsm_text *text)
{
    struct builder b = { .parse = parse };
    const char *end = s + len;
    struct argument arg;
    bool ok = true;

    if (len > XFSM_MAX_TEXT) {
        return xfsm_parse_error(parse, "fields of %zu bytes; the limit is %d",
                                len, XFSM_MAX_TEXT);
    }
    while (s < end && take_argument(&s, end, &arg)) {
        ok = parse_argument(&b, &arg) && ok;
    }
    if (ok) {
        text->n = b.n;
        text->parts = xfsm_arena_memdup(parse->program->arena, b.parts,
                                        (size_t) b.n * sizeof b.parts[0]);
    }
    return ok;
}
