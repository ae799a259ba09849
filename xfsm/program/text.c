/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include "xfsm/program/text.h"

#include <string.h>

#include "xfsm/program/key.h"

struct builder {
    struct xfsm_parse *parse;
    struct xfsm_arena *arena;
    int n;
    struct xfsm_text_part parts[XFSM_MAX_TEXT];     /* More cannot be. */
    char *literal;              /* Text not yet a part... */
    size_t n_literal;           /* ...and its length. */
};

/* Names beside those that a program declares. */
static const struct {
    const char *name;
    enum xfsm_text_kind kind;
} specials[] = {
    { "ts", XFSM_TX_TS },
    { "state.code", XFSM_TX_STATE_CODE },
    { "state.level", XFSM_TX_STATE_LEVEL },
    { "state.description", XFSM_TX_STATE_DESCRIPTION },
    { "client.id", XFSM_TX_CLIENT_ID },
};

#define N_SPECIALS (sizeof specials / sizeof specials[0])

/* Prepares for a text of 'len' bytes.  Room for literals is three times that:
 * a terminator behind each, a blank between words of plot(). */
static bool
init(struct builder *b, struct xfsm_parse *parse, size_t len)
{
    if (len > XFSM_MAX_TEXT) {
        return xfsm_parse_error(parse, "a text of %zu bytes; the limit is %d",
                                len, XFSM_MAX_TEXT);
    }
    b->parse = parse;
    b->arena = parse->program->arena;
    b->n = 0;
    b->literal = xfsm_arena_alloc(b->arena, 3 * len + 1);
    b->n_literal = 0;
    return true;
}

struct xfsm_text_part *
xfsm_text_add_part(struct xfsm_parse *parse, struct xfsm_text_part parts[],
                   int *n, int max, enum xfsm_text_kind kind)
{
    struct xfsm_text_part *part;

    if (*n >= max || !xfsm_parse_take_part(parse)) {
        return NULL;
    }
    part = &parts[(*n)++];
    memset(part, 0, sizeof *part);
    part->kind = kind;
    part->literal = "";
    return part;
}

static struct xfsm_text_part *
add_part(struct builder *b, enum xfsm_text_kind kind)
{
    return xfsm_text_add_part(b->parse, b->parts, &b->n, XFSM_MAX_TEXT, kind);
}

/* Makes what is in 'literal' a part. */
static bool
flush(struct builder *b)
{
    struct xfsm_text_part *part;

    if (!b->n_literal) {
        return true;
    }
    part = add_part(b, XFSM_TX_LITERAL);
    if (!part) {
        return false;
    }
    part->literal = b->literal;
    part->len = b->n_literal;
    b->literal += b->n_literal + 1;
    b->n_literal = 0;
    return true;
}

/* Makes what was built 'text'. */
static bool
finish(struct builder *b, struct xfsm_text *text)
{
    if (!flush(b)) {
        return false;
    }
    text->n = b->n;
    text->parts = xfsm_arena_memdup(b->arena, b->parts,
                                    (size_t) b->n * sizeof b->parts[0]);
    return true;
}

static bool
add_reference(struct builder *b, enum xfsm_text_kind kind, uint16_t index)
{
    struct xfsm_text_part *part = flush(b) ? add_part(b, kind) : NULL;

    if (part) {
        part->index = index;
    }
    return part != NULL;
}

/* The value of parameter 'index'. */
static bool
add_param(struct builder *b, uint16_t index)
{
    struct xfsm_param *param = &b->parse->program->params[index];
    struct xfsm_text_part *part = flush(b) ? add_part(b, XFSM_TX_EXPR) : NULL;

    param->used = true;
    if (part) {
        part->expr = xfsm_arena_alloc(b->arena, sizeof *part->expr);
        part->expr->kind = XFSM_EX_NUMBER;
        part->expr->number = param->value;
        part->expr->is_param = true;
        part->expr->index = index;
    }
    return part != NULL;
}

/* "%TABLE(key)": the 'len' bytes at 'name' are followed by the key.  Stores
 * the length of it all in '*used', 0 if it is not a table's. */
static bool
add_table(struct builder *b, const char *name, size_t len, const char *end,
          size_t *used)
{
    uint16_t table = xfsm_parse_find_table(b->parse, name, len);
    size_t n = name + len < end ? xfsm_key_parenthesized(name + len) : 0;
    struct xfsm_text_part *part;

    *used = 0;
    if (table == XFSM_NONE || !n || name + len + n > end) {
        return true;
    }
    part = flush(b) ? add_part(b, XFSM_TX_TABLE) : NULL;
    if (!part) {
        return false;
    }
    part->index = table;
    *used = len + n;
    return xfsm_key_parse_for_table(b->parse, table, name + len + 1, n - 2,
                                    &part->key);
}

/* Adds what the 'len' bytes at 'name', which text up to 'end' follows, name.
 * Stores in '*used' how many bytes that takes, 0 if they name nothing. */
static bool
add_name(struct builder *b, const char *name, size_t len, const char *end,
         size_t *used)
{
    uint16_t index = xfsm_parse_find_feature(b->parse, name, len);
    size_t i;
    int field;

    *used = len;
    if (index != XFSM_NONE) {
        return add_reference(b, XFSM_TX_FEATURE, index);
    }
    for (i = 0; i < N_SPECIALS; i++) {
        if (strlen(specials[i].name) == len
            && !memcmp(specials[i].name, name, len)) {
            return add_reference(b, specials[i].kind, 0);
        }
    }
    index = xfsm_parse_find_metric(b->parse, name, len);
    if (index != XFSM_NONE) {
        return add_reference(b, XFSM_TX_METRIC, index);
    } else if (xfsm_parse_find_table(b->parse, name, len) != XFSM_NONE) {
        return add_table(b, name, len, end, used);
    }
    index = xfsm_parse_find_param(b->parse, name, len);
    if (index != XFSM_NONE) {
        return add_param(b, index);
    }
    field = xfsm_parse_find_field(b->parse, name, len);
    if (field >= 0) {
        return add_reference(b, XFSM_TX_FIELD, (uint16_t) field);
    }
    *used = 0;
    return true;
}

/* Returns the length of the name at 's': letters, digits, underscores. */
static size_t
name_length(const char *s, const char *end)
{
    size_t n = 0;

    while (s + n < end && xfsm_names_is_inner(s[n])) {
        n++;
    }
    return n;
}

/* Warns of an unknown name, which counts as a part: false if the budget of
 * the program is spent. */
static bool
warn_unknown(struct builder *b, const char *name, size_t len)
{
    char hint[XFSM_HINT_MAX];

    if (!xfsm_parse_take_part(b->parse)) {
        return false;
    }
    xfsm_parse_warn(b->parse, "\"%%%.*s\" names nothing and stays as it "
                    "is%s", xfsm_parse_excerpt(len), name,
                    xfsm_parse_hint(b->parse, XFSM_PK_FEATURE | XFSM_PK_METRIC
                                    | XFSM_PK_PARAM | XFSM_PK_FIELD
                                    | XFSM_PK_TABLE, name, len, hint));
    return true;
}

/* Adds the reference at 's', behind a "%".  Stores in '*used' how many bytes
 * it takes; 0 if the "%" is text. */
static bool
add_percent(struct builder *b, const char *s, const char *end, size_t *used)
{
    size_t n = name_length(s, end), dotted = n;

    *used = 0;
    if (!n || !xfsm_names_is_start(s[0])) {
        return true;
    }
    if (s + n + 1 < end && s[n] == '.' && xfsm_names_is_start(s[n + 1])) {
        dotted = n + 1 + name_length(s + n + 1, end);
        if (!add_name(b, s, dotted, end, used)) {
            return false;
        }
    }
    if (!*used && !add_name(b, s, n, end, used)) {
        return false;
    }
    return *used || warn_unknown(b, s, n);
}

/* Returns the character that a backslash and 'c' stand for, or 0. */
static char
escape(char c)
{
    return c == 'n' ? '\n' : c == 't' ? '\t'
           : c == '"' || c == '\'' || c == '\\' ? c : '\0';
}

bool
xfsm_text_parse(struct xfsm_parse *parse, const char *s, size_t len,
                struct xfsm_text *text)
{
    const char *end = s + len;
    struct builder b;

    if (!init(&b, parse, len)) {
        return false;
    }
    while (s < end) {
        size_t used = 1;
        char c = *s;

        if (c == '\\' && s + 1 < end && escape(s[1])) {
            c = escape(s[1]);
            used = 2;
        } else if (c == '%' && s + 1 < end && s[1] == '%') {
            used = 2;
        } else if (c == '%') {
            if (!add_percent(&b, s + 1, end, &used)) {
                return false;
            }
            s++;
            if (used) {
                s += used;
                continue;
            }
        }
        b.literal[b.n_literal++] = c;
        s += used;
    }
    return finish(&b, text);
}

bool
xfsm_text_parse_plot(struct xfsm_parse *parse, const char *s, size_t len,
                     struct xfsm_text *text)
{
    const char *end = s + len;
    struct builder b;
    int words = 0;

    if (!init(&b, parse, len)) {
        return false;
    }
    while (s < end) {
        size_t used = 0, n = 0;

        while (s < end && (xfsm_names_is_blank(*s) || *s == ',')) {
            s++;
        }
        while (s + n < end && !xfsm_names_is_blank(s[n]) && s[n] != ',') {
            n++;
        }
        if (!n) {
            break;
        }
        if (words++) {
            b.literal[b.n_literal++] = ' ';
            if (!add_percent(&b, s, s + n, &used)) {
                return false;
            }
        }
        memcpy(b.literal + b.n_literal, s + used, n - used);
        b.n_literal += n - used;
        s += n;
    }
    if (!words) {
        return xfsm_parse_error(parse, "plot() needs the name of a stream, "
                                "then names of what to plot");
    }
    return finish(&b, text);
}

/* ## Values ## */

static bool
is_quote(char c)
{
    return c == '"' || c == '\'';
}

size_t
xfsm_text_value_length(const char *s)
{
    size_t n = 0;

    if (is_quote(*s)) {
        for (n = 1; s[n] && s[n] != s[0]; n++) {
            n += s[n] == '\\' && s[n + 1];
        }
        return s[n] ? n + 1 : 0;
    }
    while (xfsm_names_is_inner(s[n])) {
        n++;
    }
    return n ? n + xfsm_key_parenthesized(s + n) : 0;
}

bool
xfsm_text_parse_value(struct xfsm_parse *parse, const char *s, size_t len,
                      bool of_packet, struct xfsm_text *text)
{
    bool quoted = len && is_quote(*s);
    char name[XFSM_MAX_TEXT + 2];
    int i;

    if (quoted) {
        if (!xfsm_text_parse(parse, s + 1, len - 2, text)) {
            return false;
        }
    } else if (len && len < XFSM_MAX_TEXT) {
        name[0] = '%';
        memcpy(name + 1, s, len);
        if (!xfsm_text_parse(parse, name, len + 1, text)) {
            return false;
        }
    }
    if (!quoted && (text->n != 1
                    || text->parts[0].kind == XFSM_TX_LITERAL)) {
        return xfsm_parse_error(parse, "a text in quotation marks, or the "
                                "name of a field, is expected before "
                                "\"%.*s\"", xfsm_parse_excerpt(strlen(s)), s);
    }
    for (i = 0; of_packet && i < text->n; i++) {
        switch ((int) text->parts[i].kind) {
        case XFSM_TX_LITERAL: case XFSM_TX_FIELD: case XFSM_TX_TABLE:
        case XFSM_TX_TS: case XFSM_TX_CLIENT_ID:
            break;
        default:
            return xfsm_parse_error(parse, "a table's text is compared with "
                                    "text, fields and tables alone, not with "
                                    "what is computed");
        }
    }
    return true;
}
