/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include "xfsm/program/action.h"

#include <string.h>
#include <strings.h>

#include "xfsm/program/expr.h"
#include "xfsm/program/key.h"
#include "xfsm/program/member.h"
#include "xfsm/program/mitigation.h"
#include "xfsm/program/text.h"

struct parser {
    struct xfsm_parse *parse;
    const char *p;              /* What is left. */
    struct xfsm_action actions[XFSM_MAX_ACTIONS];
    int n;
};

/* What stands between parentheses. */
struct args {
    bool given;
    const char *s;              /* Without blanks around it. */
    size_t len;
};

static void
skip_blanks(struct parser *p)
{
    while (xfsm_names_is_blank(*p->p)) {
        p->p++;
    }
}

static bool
at_separator(const char *s)
{
    while (xfsm_names_is_blank(*s)) {
        s++;
    }
    return !*s || *s == ';' || *s == ',';
}

/* True if an action seems to begin at 's': a word before "(", ".reset" or a
 * separator, or words before such. */
static bool
at_action(const char *s)
{
    for (;;) {
        while (xfsm_names_is_blank(*s)) {
            s++;
        }
        if (!xfsm_names_is_start(*s)) {
            return false;
        }
        while (xfsm_names_is_inner(*s)) {
            s++;
        }
        if (*s == '(' || !strncmp(s, ".reset", 6) || at_separator(s)) {
            return true;
        }
    }
}

/* Returns the ")" that ends the text which begins at 's', or NULL.  Stores in
 * '*balanced' whether the parentheses within balance. */
static const char *
find_close(const char *s, bool *balanced)
{
    const char *p, *last = NULL;
    int depth = 1;

    *balanced = true;
    for (p = s; *p; p++) {
        if (*p == '(') {
            depth++;
        } else if (*p == ')' && --depth == 0) {
            if (at_separator(p + 1) || at_action(p + 1)) {
                return p;
            }
            break;
        }
    }
    *balanced = false;
    for (p = s; (p = strchr(p, ')')) != NULL; p++) {
        last = p;
        if (at_separator(p + 1)) {
            return p;
        }
    }
    return last;
}

/* Moves to the next separator outside parentheses. */
static void
skip_action(struct parser *p)
{
    int depth = 0;

    for (; *p->p && (depth > 0 || (*p->p != ';' && *p->p != ',')); p->p++) {
        depth += *p->p == '(' ? 1 : *p->p == ')' ? -1 : 0;
    }
}

/* Takes "(...)" if it comes next.  False after reporting an error. */
static bool
take_args(struct parser *p, const char *name, struct args *args)
{
    const char *close;
    bool balanced;

    memset(args, 0, sizeof *args);
    args->s = "";
    if (*p->p != '(') {
        return true;
    }
    close = find_close(p->p + 1, &balanced);
    if (!close) {
        return xfsm_parse_error(p->parse, "the \"(\" of %s is never closed",
                                name);
    } else if (!balanced) {
        xfsm_parse_warn(p->parse, "parentheses in the text of %s do not "
                        "balance; it is taken to end at \"%.*s\"", name,
                        (int) (close - p->p < 20 ? close - p->p + 1 : 20),
                        close - p->p < 20 ? p->p : close - 19);
    }
    args->given = true;
    args->s = p->p + 1;
    while (args->s < close && xfsm_names_is_blank(*args->s)) {
        args->s++;
    }
    args->len = (size_t) (close - args->s);
    while (args->len && xfsm_names_is_blank(args->s[args->len - 1])) {
        args->len--;
    }
    p->p = close + 1;
    return true;
}

/* Returns a new action of 'kind'.  There is room: each of at most
 * XFSM_MAX_ACTIONS statements makes one at most. */
static struct xfsm_action *
add_action(struct parser *p, enum xfsm_action_kind kind)
{
    struct xfsm_action *action = &p->actions[p->n++];

    memset(action, 0, sizeof *action);
    action->kind = kind;
    action->label = "";
    action->index = XFSM_NONE;
    return action;
}

/* Adds an action that publishes the 'len' bytes at 's' as 'label'. */
static bool
add_text(struct parser *p, enum xfsm_action_kind kind, const char *label,
         const char *s, size_t len)
{
    struct xfsm_action *action = add_action(p, kind);

    action->label = label;
    return kind == XFSM_AC_PLOT
           ? xfsm_text_parse_plot(p->parse, s, len, &action->text)
           : xfsm_text_parse(p->parse, s, len, &action->text);
}

/* True if the 'len' bytes at 's' are "raw", or no text at all. */
static bool
is_raw(const char *label, const char *s, size_t len)
{
    return (len == 3 && !memcmp(s, "raw", 3))
           || (!strcmp(label, "raw")
               && (!len || (len == 2 && !memcmp(s, "\"\"", 2))
                   || (len == 4 && !memcmp(s, "\\\"\\\"", 4))));
}

static bool
do_publish(struct parser *p, const struct args *args)
{
    const char *comma = memchr(args->s, ',', args->len);
    const char *end = args->s + args->len, *text;
    char *label;
    size_t n;

    if (!args->given || !comma) {
        return xfsm_parse_error(p->parse, "Publish needs a label and a text, "
                                "as \"Publish(alert, scan by %%ip_src)\"");
    }
    for (n = (size_t) (comma - args->s);
         n && xfsm_names_is_blank(args->s[n - 1]); n--) {
        continue;
    }
    label = xfsm_arena_strndup(p->parse->program->arena, args->s, n);
    if (!xfsm_names_is_label(label)) {
        return xfsm_parse_error(p->parse, "\"%.*s\" is not a label: letters, "
                                "digits, \"_\", \"-\" and \".\", at most %d",
                                xfsm_parse_excerpt(n), label, XFSM_MAX_NAME);
    }
    if (p->parse->dialect > 1 && !strcmp(label, XFSM_LABEL_MITIGATION)) {
        return xfsm_parse_error(p->parse, "the label \"%s\" is that of "
                                "Block, Limit and Mirror; write one of them",
                                label);
    }
    for (text = comma + 1; text < end && xfsm_names_is_blank(*text); text++) {
        continue;
    }
    n = (size_t) (end - text);
    if (is_raw(label, text, n)) {
        add_action(p, XFSM_AC_PUBLISH_RAW)->label = label;
        return true;
    }
    if (p->parse->dialect > 1 && xfsm_member_is_list(text, n)) {
        struct xfsm_action *action = add_action(p, XFSM_AC_PUBLISH);

        action->label = label;
        return xfsm_member_parse(p->parse, text, n, &action->text);
    } else if (p->parse->dialect > 1) {
        xfsm_member_warn_nameless(p->parse, text, n);
    }
    return add_text(p, XFSM_AC_PUBLISH, label, text, n);
}

static bool
do_print(struct parser *p, const struct args *args)
{
    if (!args->given) {
        xfsm_parse_warn(p->parse, "print without text has no effect; write "
                        "\"print(text)\"");
        return true;
    }
    return add_text(p, XFSM_AC_PUBLISH, "log", args->s, args->len);
}

static bool
do_print_table(struct parser *p, const struct args *args)
{
    (void) args;
    xfsm_parse_warn(p->parse, "print_tab wrote the original's tables to its "
                    "terminal; here it has no effect");
    return true;
}

static bool
do_export(struct parser *p, const struct args *args)
{
    if (args->len) {
        xfsm_parse_warn(p->parse, "the arguments of Export have no effect: "
                        "it publishes the features of the key");
    }
    add_action(p, XFSM_AC_EXPORT)->label = "feature";
    return true;
}

static bool
do_plot(struct parser *p, const struct args *args)
{
    return add_text(p, XFSM_AC_PLOT, "feature", args->s, args->len);
}

static bool
do_suspect(struct parser *p, const struct args *args)
{
    if (args->len) {
        xfsm_parse_warn(p->parse, "the arguments of Suspect have no effect");
    }
    add_action(p, XFSM_AC_SUSPECT);
    return true;
}

static bool
do_drop(struct parser *p, const struct args *args)
{
    (void) args;
    xfsm_parse_warn(p->parse, "Drop has no effect: a passive probe drops no "
                    "packet; see Block");
    return true;
}

static bool
do_exec(struct parser *p, const struct args *args)
{
    if (!args->len) {
        return xfsm_parse_error(p->parse, "exec needs a text, which its "
                                "event carries");
    }
    xfsm_parse_warn(p->parse, "exec never runs a command: its event carries "
                    "the text; to mitigate, see Block");
    return add_text(p, XFSM_AC_EXEC, "exec", args->s, args->len);
}

static bool
mitigate(struct parser *p, const struct args *args, enum xfsm_mitigation kind)
{
    if (p->parse->dialect < 2) {
        return xfsm_parse_error(p->parse, "Block, Limit and Mirror are of "
                                "dialect 2, whose root is <xfsm>");
    }
    return xfsm_mitigation_parse(p->parse, kind, args->s, args->len,
                                 add_action(p, XFSM_AC_MITIGATE));
}

static bool
do_block(struct parser *p, const struct args *args)
{
    return mitigate(p, args, XFSM_MIT_BLOCK);
}

static bool
do_limit(struct parser *p, const struct args *args)
{
    return mitigate(p, args, XFSM_MIT_LIMIT);
}

static bool
do_mirror(struct parser *p, const struct args *args)
{
    return mitigate(p, args, XFSM_MIT_MIRROR);
}

static const struct verb {
    const char *name;
    bool (*function)(struct parser *, const struct args *);
} verbs[] = {
    { "Publish", do_publish },
    { "print", do_print },
    { "print_tab", do_print_table },
    { "PrintTimeoutTrigger", do_print_table },
    { "Export", do_export },
    { "plot", do_plot },
    { "Suspect", do_suspect },
    { "Drop", do_drop },
    { "exec", do_exec },
    { "Block", do_block },
    { "Limit", do_limit },
    { "Mirror", do_mirror },
};

#define N_VERBS (sizeof verbs / sizeof verbs[0])

/* Returns the verb that the 'len' bytes at 's' name, or NULL.  Warns if the
 * case of its letters differs. */
static const struct verb *
find_verb(struct parser *p, const char *s, size_t len)
{
    size_t i;

    for (i = 0; i < N_VERBS; i++) {
        if (strlen(verbs[i].name) == len
            && !strncasecmp(verbs[i].name, s, len)) {
            if (strncmp(verbs[i].name, s, len)) {
                xfsm_parse_warn(p->parse, "\"%.*s\" is taken as \"%s\"",
                                (int) len, s, verbs[i].name);
            }
            return &verbs[i];
        }
    }
    return NULL;
}

/* "NAME.reset" or "NAME.reset(key)", behind the name. */
static bool
do_reset(struct parser *p, const char *name, size_t len)
{
    uint16_t metric = xfsm_parse_find_metric(p->parse, name, len);
    uint16_t table = xfsm_parse_find_table(p->parse, name, len);
    struct xfsm_action *action;
    char hint[XFSM_HINT_MAX];
    struct args args;

    p->p += strlen(".reset");
    if (!take_args(p, "reset", &args)) {
        return false;
    } else if (metric == XFSM_NONE && table == XFSM_NONE) {
        return xfsm_parse_error(p->parse, "\"%.*s\" is not a metric or table "
                                "that could be reset%s",
                                xfsm_parse_excerpt(len), name,
                                xfsm_parse_hint(p->parse, XFSM_PK_METRIC
                                                | XFSM_PK_TABLE, name, len,
                                                hint));
    } else if (metric == XFSM_NONE && args.len) {
        return xfsm_parse_error(p->parse, "a table is reset as a whole; "
                                "write \"%.*s.reset\", or set the entry to "
                                "0", xfsm_parse_excerpt(len), name);
    }
    action = add_action(p, metric == XFSM_NONE ? XFSM_AC_TABLE_RESET
                        : XFSM_AC_RESET);
    action->index = metric == XFSM_NONE ? table : metric;
    return !args.len
           || (xfsm_key_parse(p->parse, args.s, args.len, &action->key)
               && (!xfsm_metric_lists(&p->parse->program->metrics[metric])
                   || xfsm_key_of_list(p->parse, metric, &action->key,
                                       false)));
}

/* Takes the assignment at p->p; false if there is none. */
static bool
take_assignment(struct parser *p, enum xfsm_expr_op *op)
{
    static const struct {
        const char *text;
        enum xfsm_expr_op op;
    } ops[] = {
        { "+=", XFSM_OP_ADD }, { "-=", XFSM_OP_SUB }, { "*=", XFSM_OP_MUL },
        { "/=", XFSM_OP_DIV }, { "=", XFSM_OP_EQ },
    };
    size_t i;

    skip_blanks(p);
    for (i = 0; i < sizeof ops / sizeof ops[0]; i++) {
        if (!strncmp(p->p, ops[i].text, strlen(ops[i].text))) {
            p->p += strlen(ops[i].text);
            *op = ops[i].op;
            return true;
        }
    }
    return false;
}

/* Behind "TABLE(key) =", of a table of texts. */
static bool
set_text(struct parser *p, struct xfsm_action *action)
{
    size_t n;

    action->kind = XFSM_AC_TABLE_TEXT;
    if (action->op != XFSM_OP_EQ) {
        return xfsm_parse_error(p->parse, "table \"%s\" has texts, which are "
                                "set by \"=\" alone",
                                p->parse->program->tables[action->index].name);
    }
    skip_blanks(p);
    n = xfsm_text_value_length(p->p);
    if (!xfsm_text_parse_value(p->parse, p->p, n, false, &action->text)) {
        return false;
    }
    p->p += n;
    return true;
}

/* "TABLE(key) = expression", behind the table's name. */
static bool
do_set(struct parser *p, uint16_t table)
{
    const char *name = p->parse->program->tables[table].name, *start;
    size_t n = xfsm_key_parenthesized(p->p);
    struct xfsm_action *action;
    bool ok;

    if (!n) {
        return xfsm_parse_error(p->parse, "table \"%s\" needs a key, as "
                                "\"%s(ip_src)=1\"", name, name);
    }
    action = add_action(p, XFSM_AC_TABLE_SET);
    action->index = table;
    ok = xfsm_key_parse_for_table(p->parse, table, p->p + 1, n - 2,
                                  &action->key);
    p->p += n;
    if (!take_assignment(p, &action->op) || *p->p == '=') {
        return xfsm_parse_error(p->parse, "\"%s(...)\" in an action sets an "
                                "entry: \"=\", \"+=\", \"-=\", \"*=\" or "
                                "\"/=\" is expected behind it", name);
    }
    if (p->parse->program->tables[table].is_text) {
        return set_text(p, action) && ok;
    }
    start = p->p;
    skip_action(p);
    action->expr = xfsm_expr_parse(p->parse, start, (size_t) (p->p - start));
    return ok && action->expr;
}

static bool
unknown_action(struct parser *p, const char *name, size_t len)
{
    struct xfsm_nearest nearest;
    const struct xfsm_program *program = p->parse->program;
    size_t i;

    xfsm_nearest_init(&nearest, name, len);
    for (i = 0; i < N_VERBS && !xfsm_parse_full(p->parse); i++) {
        xfsm_nearest_offer(&nearest, verbs[i].name);
    }
    for (i = 0; i < (size_t) program->n_tables
                && !xfsm_parse_full(p->parse); i++) {
        xfsm_nearest_offer(&nearest, program->tables[i].name);
    }
    if (!len) {
        return xfsm_parse_error(p->parse, "an action is expected at "
                                "\"%.20s\"", name);
    }
    return xfsm_parse_error(p->parse, "unknown action \"%.*s\"%s%s%s",
                            xfsm_parse_excerpt(len), name,
                            nearest.best ? "; did you mean \""
                            : p->parse->dialect > 1
                            ? "; an action is Publish, print, Export, plot, "
                              "Suspect, Block, Limit, Mirror, "
                              "METRIC.reset() or TABLE(key)=..."
                            : "; an action is Publish, print, Export, plot, "
                              "Suspect, METRIC.reset() or TABLE(key)=...",
                            nearest.best ? nearest.best : "",
                            nearest.best ? "\"?" : "");
}

/* Parses the action at p->p.  False after reporting an error. */
static bool
parse_action(struct parser *p)
{
    const char *name = p->p;
    const struct verb *verb;
    struct args args;
    uint16_t table;
    size_t len = 0;

    while (xfsm_names_is_inner(name[len])) {
        len++;
    }
    p->p += len;
    table = xfsm_parse_find_table(p->parse, name, len);
    if (len && !strncmp(p->p, ".reset", 6)
        && !xfsm_names_is_inner(p->p[6])) {
        return do_reset(p, name, len);
    }
    skip_blanks(p);
    if (table != XFSM_NONE) {
        return do_set(p, table);
    }
    verb = find_verb(p, name, len);
    if (!verb) {
        return unknown_action(p, name, len);
    }
    return take_args(p, verb->name, &args) && verb->function(p, &args);
}

/* Expects the end of an action at p->p: a separator, or another action. */
static bool
check_end(struct parser *p)
{
    if (at_separator(p->p)) {
        return true;
    }
    skip_blanks(p);
    if (at_action(p->p)) {
        xfsm_parse_warn(p->parse, "a \";\" is missing before \"%.20s\"",
                        p->p);
        return true;
    }
    return xfsm_parse_error(p->parse, "\";\" is expected before \"%.20s\"",
                            p->p);
}

bool
xfsm_action_parse(struct xfsm_parse *parse, const char *s,
                  struct xfsm_action **actions, int *n_actions)
{
    struct parser p = { .parse = parse, .p = s };
    int n_statements = 0;
    bool ok = true;

    for (;;) {
        skip_blanks(&p);
        if (!*p.p) {
            break;
        } else if (*p.p == ';' || *p.p == ',') {
            p.p++;
        } else if (++n_statements > XFSM_MAX_ACTIONS) {
            ok = xfsm_parse_error(parse, "more than %d actions",
                                  XFSM_MAX_ACTIONS);
            break;
        } else if (!parse_action(&p) || !check_end(&p)) {
            ok = false;
            skip_action(&p);
        }
    }
    *actions = xfsm_arena_memdup(parse->program->arena, p.actions,
                                 (size_t) p.n * sizeof p.actions[0]);
    *n_actions = p.n;
    return ok;
}
