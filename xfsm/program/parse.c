/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include "xfsm/program/parse.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "xfsm/program/expr.h"
#include "xfsm/program/xml-tree.h"

/* Longest piece of a program's text in a message. */
#define EXCERPT_MAX 60

bool
xfsm_parse_full(const struct xfsm_parse *parse)
{
    return parse->diags->n >= XFSM_DIAG_MAX;
}

void
xfsm_parse_report(struct xfsm_parse *parse, enum xfsm_diag_level level,
                  const char *format, ...)
{
    char path[XFSM_XML_PATH_MAX], message[1024];
    va_list args;

    if (xfsm_diags_closed(parse->diags, level)) {
        xfsm_diags_add(parse->diags, level, 0, "", "not kept");
        return;
    }
    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    xfsm_xml_path(parse->place.node, parse->place.attr, path, sizeof path);
    xfsm_diags_add(parse->diags, level, parse->place.line, path, "%s",
                   message);
}

bool
xfsm_parse_take_part(struct xfsm_parse *parse)
{
    if (parse->n_parts < XFSM_MAX_PROGRAM_PARTS) {
        parse->n_parts++;
        return true;
    }
    return xfsm_parse_error(parse, "the program is too large: its "
                            "expressions, selectors and texts have more "
                            "than %d parts in all", XFSM_MAX_PROGRAM_PARTS);
}

static bool
equals(const char *known, const char *name, size_t len)
{
    return !strncmp(known, name, len) && !known[len];
}

/* Defines xfsm_parse_find_KIND(), which looks through the first N of ARRAY
 * for one whose NAME it is. */
#define DEFINE_FIND(KIND, ARRAY, N, NAME) \
    uint16_t \
    xfsm_parse_find_##KIND(const struct xfsm_parse *parse, \
                           const char *name, size_t len) \
    { \
        const struct xfsm_program *program = parse->program; \
        int i; \
        \
        for (i = 0; i < N; i++) { \
            if (equals(program->ARRAY[i] NAME, name, len)) { \
                return (uint16_t) i; \
            } \
        } \
        return XFSM_NONE; \
    }

DEFINE_FIND(state, states, program->n_states, .name)
DEFINE_FIND(metric, metrics, program->n_metrics, .name)
DEFINE_FIND(table, tables, program->n_tables, .name)
DEFINE_FIND(feature, features, parse->n_features, .name)
DEFINE_FIND(class, classes, program->n_classes, )
DEFINE_FIND(param, params, program->n_params, .name)

/* Offers every name of the 'kinds'. */
static void
offer_kinds(struct xfsm_nearest *nearest, const struct xfsm_parse *parse,
            unsigned int kinds)
{
    const struct xfsm_program *program = parse->program;
    int i;

    for (i = 0; kinds & XFSM_PK_STATE && i < program->n_states; i++) {
        xfsm_nearest_offer(nearest, program->states[i].name);
    }
    for (i = 0; kinds & XFSM_PK_METRIC && i < program->n_metrics; i++) {
        xfsm_nearest_offer(nearest, program->metrics[i].name);
    }
    for (i = 0; kinds & XFSM_PK_FEATURE && i < parse->n_features; i++) {
        xfsm_nearest_offer(nearest, program->features[i].name);
    }
    for (i = 0; kinds & XFSM_PK_TABLE && i < program->n_tables; i++) {
        xfsm_nearest_offer(nearest, program->tables[i].name);
    }
    for (i = 0; kinds & XFSM_PK_PARAM && i < program->n_params; i++) {
        xfsm_nearest_offer(nearest, program->params[i].name);
    }
    for (i = 0; kinds & XFSM_PK_CLASS && i < program->n_classes; i++) {
        xfsm_nearest_offer(nearest, program->classes[i]);
    }
    for (i = 0; i < XFSM_N_FIELDS; i++) {
        if (kinds & XFSM_PK_FIELD
            || (kinds & XFSM_PK_NUMERIC_FIELD
                && xfsm_fields[i].type == XFSM_FT_UINT)) {
            xfsm_nearest_offer(nearest, xfsm_fields[i].name);
        }
    }
    for (i = XFSM_OP_ABS; kinds & XFSM_PK_FUNCTION && i < XFSM_N_EXPR_OPS;
         i++) {
        xfsm_nearest_offer(nearest,
                           xfsm_expr_op_text((enum xfsm_expr_op) i));
    }
}

const char *
xfsm_parse_hint(const struct xfsm_parse *parse, unsigned int kinds,
                const char *name, size_t len, char buf[XFSM_HINT_MAX])
{
    struct xfsm_nearest nearest;

    buf[0] = '\0';
    if (!xfsm_parse_full(parse)) {
        xfsm_nearest_init(&nearest, name, len);
        offer_kinds(&nearest, parse, kinds);
        if (nearest.best) {
            snprintf(buf, XFSM_HINT_MAX, "; did you mean \"%s\"?",
                     nearest.best);
        }
    }
    return buf;
}

bool
xfsm_parse_is_param(const struct xfsm_parse *parse, const char *s)
{
    return parse->dialect > 1 && s[0] == '$';
}

bool
xfsm_parse_param(struct xfsm_parse *parse, const char *s, double *value)
{
    size_t len = strlen(s + 1);
    uint16_t index = xfsm_parse_find_param(parse, s + 1, len);
    char hint[XFSM_HINT_MAX];

    if (index == XFSM_NONE) {
        return xfsm_parse_error(parse, "there is no parameter \"%.*s\"%s",
                                xfsm_parse_excerpt(len), s + 1,
                                xfsm_parse_hint(parse, XFSM_PK_PARAM, s + 1,
                                                len, hint));
    }
    parse->program->params[index].used = true;
    *value = parse->program->params[index].value;
    return true;
}

bool
xfsm_parse_param_uint(struct xfsm_parse *parse, const char *s,
                      uint64_t *value)
{
    double number;

    if (!xfsm_parse_param(parse, s, &number)) {
        return false;
    } else if (!(number >= 0 && number < 0x1p53) || number != floor(number)) {
        return xfsm_parse_error(parse, "parameter \"%.*s\" is %g, where an "
                                "integer that is not negative is needed",
                                XFSM_MAX_NAME, s + 1, number);
    }
    *value = (uint64_t) number;
    return true;
}

int
xfsm_parse_find_field(struct xfsm_parse *parse, const char *name, size_t len)
{
    bool alias;
    int field = xfsm_field_lookup(name, len, &alias);

    if (field >= 0 && alias) {
        xfsm_parse_warn(parse, "\"%.*s\" is not a field's name; it is taken "
                        "as \"%s\"", xfsm_parse_excerpt(len), name,
                        xfsm_fields[field].name);
    }
    return field;
}

int
xfsm_parse_excerpt(size_t len)
{
    return len < EXCERPT_MAX ? (int) len : EXCERPT_MAX;
}
