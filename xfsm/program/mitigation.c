/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include "xfsm/program/mitigation.h"

#include <string.h>

#include "xfsm/program/expr.h"
#include "xfsm/program/key.h"
#include "xfsm/program/names.h"

/* Parts of an event's text: two for each member. */
#define PARTS_MAX (2 * (XFSM_MAX_KEY_FIELDS + 3))

/* ## Arguments ## */

struct argument {
    const char *s;              /* Without blanks around it. */
    size_t len;
};

/* Splits the text at commas.  Returns the number of arguments, of which at
 * most 'max' are stored. */
static size_t
split(const char *s, size_t len, struct argument *args, size_t max)
{
    const char *end = s + len;
    size_t n = 0;

    for (;;) {
        const char *comma = memchr(s, ',', (size_t) (end - s));
        const char *last = comma ? comma : end;

        if (n < max) {
            while (s < last && xfsm_names_is_blank(*s)) {
                s++;
            }
            args[n].s = s;
            args[n].len = (size_t) (last - s);
            while (args[n].len
                   && xfsm_names_is_blank(s[args[n].len - 1])) {
                args[n].len--;
            }
        }
        n++;
        if (!comma) {
            return n;
        }
        s = comma + 1;
    }
}

/* ## The event ## */

struct builder {
    struct xfsm_parse *parse;
    struct xfsm_text_part parts[PARTS_MAX];
    int n;
};

static struct xfsm_text_part *
add_part(struct builder *b, enum xfsm_text_kind kind)
{
    struct xfsm_text_part *part = &b->parts[b->n];

    if (!xfsm_parse_take_part(b->parse)) {
        return NULL;
    }
    b->n++;
    memset(part, 0, sizeof *part);
    part->kind = kind;
    part->literal = "";
    return part;
}

/* Adds member "PREFIXNAME", whose value is a part of 'kind', which is
 * returned; NULL after reporting an error. */
static struct xfsm_text_part *
add_member(struct builder *b, const char *prefix, const char *name,
           enum xfsm_text_kind kind)
{
    char whole[XFSM_MAX_NAME + 1];
    size_t n_prefix = strlen(prefix);
    struct xfsm_text_part *part = add_part(b, XFSM_TX_MEMBER);

    if (!part) {
        return NULL;
    }
    memcpy(whole, prefix, n_prefix);
    strcpy(whole + n_prefix, name);
    part->literal = xfsm_arena_strdup(b->parse->program->arena, whole);
    part->len = strlen(whole);
    part->index = kind == XFSM_TX_LITERAL ? XFSM_MEMBER_STRING
                                          : XFSM_MEMBER_PLAIN;
    return add_part(b, kind);
}

static bool
add_word(struct builder *b, const char *name, const char *word, size_t len)
{
    struct xfsm_text_part *part = add_member(b, "", name, XFSM_TX_LITERAL);

    if (part) {
        part->literal = xfsm_arena_strndup(b->parse->program->arena, word,
                                           len);
        part->len = len;
    }
    return part != NULL;
}

static bool
add_match(struct builder *b, const struct argument *arg, struct xfsm_key *key)
{
    struct xfsm_fieldset match = { { 0 } };
    const char *wrong;

    if (!xfsm_key_parse(b->parse, arg->s, arg->len, key)) {
        return false;
    }
    for (int i = 0; i < key->n; i++) {
        const char *name = xfsm_fields[key->fields[i]].name;
        struct xfsm_text_part *part;

        if (!xfsm_mitigation_has_field(key->fields[i])) {
            return xfsm_parse_error(b->parse, "a switch cannot match "
                                    "\"%s\"", name);
        } else if (xfsm_fieldset_has(&match, key->fields[i])) {
            return xfsm_parse_error(b->parse, "\"%s\" is given twice", name);
        }
        xfsm_fieldset_add(&match, key->fields[i]);
        part = add_member(b, XFSM_MITIGATION_MATCH, name, XFSM_TX_FIELD);
        if (!part) {
            return false;
        }
        part->index = key->fields[i];
    }
    wrong = xfsm_mitigation_check(&match);
    return !wrong || xfsm_parse_error(b->parse, "the match \"%.*s\" %s",
                                      xfsm_parse_excerpt(arg->len), arg->s,
                                      wrong);
}

/* Adds a number within bounds, a constant or a parameter. */
static bool
add_number(struct builder *b, const char *name, const struct argument *arg,
           double min, double max)
{
    struct xfsm_expr *expr = xfsm_expr_parse(b->parse, arg->s, arg->len);
    struct xfsm_text_part *part;

    if (!expr) {
        return false;
    } else if (expr->kind != XFSM_EX_NUMBER || !(expr->number >= min)
               || expr->number > max) {
        return xfsm_parse_error(b->parse, "\"%.*s\" is no %s: a number or a "
                                "parameter, from %.0f to %.0f",
                                xfsm_parse_excerpt(arg->len), arg->s, name,
                                min, max);
    }
    part = add_member(b, "", name, XFSM_TX_EXPR);
    if (part) {
        part->expr = expr;
    }
    return part != NULL;
}

static bool
add_port(struct builder *b, const struct argument *arg)
{
    char *name = xfsm_arena_strndup(b->parse->program->arena, arg->s,
                                    arg->len);

    return xfsm_names_is_label(name)
           ? add_word(b, "port", name, arg->len)
           : xfsm_parse_error(b->parse, "\"%.*s\" is not the name of a port: "
                              "letters, digits, \"_\", \"-\" and \".\", at "
                              "most %d", xfsm_parse_excerpt(arg->len), arg->s,
                              XFSM_MAX_NAME);
}

bool
xfsm_mitigation_parse(struct xfsm_parse *parse, enum xfsm_mitigation kind,
                      const char *s, size_t len, struct xfsm_action *action)
{
    static const char *const usage[XFSM_N_MITIGATIONS] = {
        [XFSM_MIT_BLOCK] = "Block(ip_src, 60)",
        [XFSM_MIT_LIMIT] = "Limit(ip_src, 100, 60)",
        [XFSM_MIT_MIRROR] = "Mirror(ip_src, span0, 60)",
    };
    size_t wanted = kind == XFSM_MIT_BLOCK ? 2 : 3;
    struct builder b = { .parse = parse };
    const char *name = xfsm_mitigation_names[kind];
    struct argument args[3];

    if (split(s, len, args, 3) != wanted) {
        return xfsm_parse_error(parse, "%s takes %zu arguments, as \"%s\"",
                                xfsm_mitigation_verbs[kind], wanted,
                                usage[kind]);
    } else if (!add_word(&b, "action", name, strlen(name))
               || !add_match(&b, &args[0], &action->key)
               || !add_number(&b, "seconds", &args[wanted - 1],
                              XFSM_MITIGATION_SECONDS_MIN,
                              XFSM_MITIGATION_SECONDS_MAX)) {
        return false;
    } else if (kind == XFSM_MIT_LIMIT
               ? !add_number(&b, "rate", &args[1], XFSM_MITIGATION_RATE_MIN,
                             XFSM_MITIGATION_RATE_MAX)
               : kind == XFSM_MIT_MIRROR && !add_port(&b, &args[1])) {
        return false;
    }
    action->label = XFSM_LABEL_MITIGATION;
    action->text.n = b.n;
    action->text.parts = xfsm_arena_memdup(parse->program->arena, b.parts,
                                           (size_t) b.n * sizeof b.parts[0]);
    return true;
}
