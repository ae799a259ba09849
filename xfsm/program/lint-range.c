/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include "xfsm/program/lint-private.h"

#include <math.h>
#include <string.h>

static const struct xfsm_known unknown;

/* ## Constants ## */

static double
finite_or_zero(double value)
{
    return isfinite(value) ? value : 0;
}

/* What the executor makes of operator 'op'. */
static double
apply(enum xfsm_expr_op op, double a, double b)
{
    switch (op) {
    case XFSM_OP_NEG: return -a;
    case XFSM_OP_NOT: return a == 0;
    case XFSM_OP_ADD: return a + b;
    case XFSM_OP_SUB: return a - b;
    case XFSM_OP_MUL: return a * b;
    case XFSM_OP_DIV: return b != 0 ? a / b : 0;
    case XFSM_OP_MOD: return b != 0 ? fmod(a, b) : 0;
    case XFSM_OP_EQ: return a == b;
    case XFSM_OP_NE: return a != b;
    case XFSM_OP_LT: return a < b;
    case XFSM_OP_LE: return a <= b;
    case XFSM_OP_GT: return a > b;
    case XFSM_OP_GE: return a >= b;
    case XFSM_OP_AND: return a != 0 && b != 0;
    case XFSM_OP_OR: return a != 0 || b != 0;
    case XFSM_OP_ABS: return fabs(a);
    case XFSM_OP_MIN: return fmin(a, b);
    case XFSM_OP_MAX: return fmax(a, b);
    case XFSM_OP_LOG: return a > 0 ? log(a) : 0;
    case XFSM_OP_LOG2: return a > 0 ? log2(a) : 0;
    case XFSM_OP_EXP: return exp(a);
    case XFSM_OP_SQRT: return a >= 0 ? sqrt(a) : 0;
    case XFSM_OP_POW: return finite_or_zero(pow(a, b));
    case XFSM_OP_FLOOR: return floor(a);
    case XFSM_OP_CEIL: return ceil(a);
    case XFSM_N_EXPR_OPS:
    default:
        return 0;
    }
}

static struct xfsm_known
known(double value)
{
    return (struct xfsm_known) { true, value };
}

/* The value of 'expr', if it is always the same. */
static struct xfsm_known
fold(const struct xfsm_ranges *ranges, const struct xfsm_expr *expr)
{
    struct xfsm_known a, b;

    switch (expr->kind) {
    case XFSM_EX_NUMBER:
        return expr->is_param ? unknown : known(expr->number);
    case XFSM_EX_FEATURE:
        return ranges->features[expr->index];
    case XFSM_EX_UNARY:
    case XFSM_EX_BINARY:
    case XFSM_EX_CALL:
        break;
    case XFSM_EX_METRIC:
    case XFSM_EX_FIELD:
    case XFSM_EX_TABLE:
    default:
        return unknown;
    }
    a = fold(ranges, expr->args[0]);
    b = expr->n_args > 1 ? fold(ranges, expr->args[1]) : known(0);
    if (a.known && b.known) {
        return known(apply(expr->op, a.value, b.value));
    } else if (expr->op == XFSM_OP_AND
               && ((a.known && a.value == 0) || (b.known && b.value == 0))) {
        return known(0);
    } else if (expr->op == XFSM_OP_OR
               && ((a.known && a.value != 0) || (b.known && b.value != 0))) {
        return known(1);
    }
    return unknown;
}

/* ## Ranges ## */

void
xfsm_ranges_init(struct xfsm_ranges *ranges,
                 const struct xfsm_program *program)
{
    int i;

    memset(ranges, 0, sizeof *ranges);
    ranges->program = program;
    /* A feature mentions only those before it. */
    for (i = 0; i < program->n_features; i++) {
        ranges->features[i] = fold(ranges, program->features[i].body);
    }
}

void
xfsm_ranges_clear(struct xfsm_ranges *ranges)
{
    ranges->n = 0;
    ranges->never = false;
}

/* Tells what 'expr' is if it is something that can be compared; a feature
 * that is another name of something is that. */
static bool
find_subject(const struct xfsm_ranges *ranges, const struct xfsm_expr *expr,
             struct xfsm_subject *subject)
{
    while (expr->kind == XFSM_EX_FEATURE
           && (ranges->program->features[expr->index].body->kind
               == XFSM_EX_FEATURE
               || ranges->program->features[expr->index].body->kind
                  == XFSM_EX_METRIC
               || ranges->program->features[expr->index].body->kind
                  == XFSM_EX_FIELD)) {
        expr = ranges->program->features[expr->index].body;
    }
    memset(subject, 0, sizeof *subject);
    subject->kind = expr->kind;
    subject->index = expr->index;
    if (expr->kind == XFSM_EX_TABLE) {
        subject->key.n = expr->key.n;
        memcpy(subject->key.fields, expr->key.fields, expr->key.n);
    }
    return expr->kind == XFSM_EX_FEATURE || expr->kind == XFSM_EX_METRIC
           || expr->kind == XFSM_EX_FIELD || expr->kind == XFSM_EX_TABLE;
}

static bool
same_subject(const struct xfsm_subject *a, const struct xfsm_subject *b)
{
    return a->kind == b->kind && a->index == b->index && a->key.n == b->key.n
           && !memcmp(a->key.fields, b->key.fields, a->key.n);
}

/* Sets what is certain of the value of 'metric': a detector's is 0 or 1, and
 * most monitors take what is negative for 0. */
static void
bound_metric(const struct xfsm_metric *metric, struct xfsm_range *range)
{
    if (!metric->vm_on && metric->vd_on) {
        range->integer = true;
        range->min = 0;
        range->max = 1;
    } else if (!metric->vm_on || (metric->vm_type != XFSM_MON_DLEFT
                                  && metric->vm_type != XFSM_MON_SIMPLE)) {
        range->min = 0;
    }
}

/* Returns the range of 'subject', new if need be; NULL if there are too
 * many. */
static struct xfsm_range *
find_range(struct xfsm_ranges *ranges, const struct xfsm_subject *subject)
{
    struct xfsm_range *range;
    int i;

    for (i = 0; i < ranges->n; i++) {
        if (same_subject(&ranges->items[i].subject, subject)) {
            return &ranges->items[i];
        }
    }
    if (ranges->n >= XFSM_MAX_RANGES) {
        return NULL;
    }
    range = &ranges->items[ranges->n++];
    memset(range, 0, sizeof *range);
    range->subject = *subject;
    range->min = -INFINITY;
    range->max = INFINITY;
    if (subject->kind == XFSM_EX_FIELD) {
        range->integer = true;
        range->min = 0;
        range->max = ldexp(1, 8 * xfsm_fields[subject->index].width) - 1;
    } else if (subject->kind == XFSM_EX_METRIC) {
        bound_metric(&ranges->program->metrics[subject->index], range);
    }
    return range;
}

static void
raise_min(struct xfsm_range *range, double value, bool open)
{
    if (value > range->min || (value == range->min && open)) {
        range->min = value;
        range->min_open = open;
    }
}

static void
lower_max(struct xfsm_range *range, double value, bool open)
{
    if (value < range->max || (value == range->max && open)) {
        range->max = value;
        range->max_open = open;
    }
}

/* Assumes that the subject of 'range' compares by 'op' to 'value'. */
static void
narrow(struct xfsm_range *range, enum xfsm_expr_op op, double value)
{
    switch ((int) op) {
    case XFSM_OP_EQ:
        raise_min(range, value, false);
        lower_max(range, value, false);
        break;
    case XFSM_OP_NE:
        if (range->n_except
            < (int) (sizeof range->except / sizeof range->except[0])) {
            range->except[range->n_except++] = value;
        }
        break;
    case XFSM_OP_LT:
    case XFSM_OP_LE:
        lower_max(range, value, op == XFSM_OP_LT);
        break;
    case XFSM_OP_GT:
    case XFSM_OP_GE:
        raise_min(range, value, op == XFSM_OP_GT);
        break;
    default:
        break;
    }
}

/* Returns the opposite of comparison 'op'. */
static enum xfsm_expr_op
negate(enum xfsm_expr_op op)
{
    static const enum xfsm_expr_op opposites[] = {
        [XFSM_OP_EQ] = XFSM_OP_NE, [XFSM_OP_NE] = XFSM_OP_EQ,
        [XFSM_OP_LT] = XFSM_OP_GE, [XFSM_OP_LE] = XFSM_OP_GT,
        [XFSM_OP_GT] = XFSM_OP_LE, [XFSM_OP_GE] = XFSM_OP_LT,
    };

    return opposites[op];
}

/* Returns comparison 'op' with its sides exchanged. */
static enum xfsm_expr_op
mirror(enum xfsm_expr_op op)
{
    return op == XFSM_OP_LT ? XFSM_OP_GT : op == XFSM_OP_GT ? XFSM_OP_LT
           : op == XFSM_OP_LE ? XFSM_OP_GE : op == XFSM_OP_GE ? XFSM_OP_LE
           : op;
}

/* Assumes a comparison of one subject with a constant.  That of an entry of a
 * table is false as well where there is no entry, so that its being false
 * says nothing. */
static void
assume_comparison(struct xfsm_ranges *ranges, const struct xfsm_expr *a,
                  enum xfsm_expr_op op, const struct xfsm_expr *b, bool holds)
{
    struct xfsm_known value = fold(ranges, b);
    struct xfsm_subject subject;
    struct xfsm_range *range;

    if (!value.known) {
        const struct xfsm_expr *other = a;

        value = fold(ranges, a);
        a = b;
        b = other;
        op = mirror(op);
    }
    if (!value.known || !find_subject(ranges, a, &subject)
        || (subject.kind == XFSM_EX_TABLE && !holds)) {
        return;
    }
    range = find_range(ranges, &subject);
    if (range) {
        narrow(range, holds ? op : negate(op), value.value);
    }
}

void
xfsm_ranges_assume(struct xfsm_ranges *ranges, const struct xfsm_expr *expr,
                   bool holds)
{
    struct xfsm_known value = fold(ranges, expr);
    static const struct xfsm_expr zero = { .kind = XFSM_EX_NUMBER };

    if (value.known) {
        ranges->never = ranges->never || (value.value != 0) != holds;
    } else if (expr->kind == XFSM_EX_UNARY && expr->op == XFSM_OP_NOT) {
        xfsm_ranges_assume(ranges, expr->args[0], !holds);
    } else if (expr->kind == XFSM_EX_BINARY
               && expr->op == (holds ? XFSM_OP_AND : XFSM_OP_OR)) {
        xfsm_ranges_assume(ranges, expr->args[0], holds);
        xfsm_ranges_assume(ranges, expr->args[1], holds);
    } else if (expr->kind == XFSM_EX_BINARY && expr->op >= XFSM_OP_EQ
               && expr->op <= XFSM_OP_GE) {
        assume_comparison(ranges, expr->args[0], expr->op, expr->args[1],
                          holds);
    } else if (!expr->n_args) {
        assume_comparison(ranges, expr, XFSM_OP_NE, &zero, holds);
    }
}

static bool
is_empty(const struct xfsm_range *range)
{
    double min = range->min, max = range->max;
    int i;

    if (range->integer) {
        min = range->min_open ? floor(min) + 1 : ceil(min);
        max = range->max_open ? ceil(max) - 1 : floor(max);
        if (min > max) {
            return true;
        }
    } else if (min > max
               || (min == max && (range->min_open || range->max_open))) {
        return true;
    }
    for (i = 0; i < range->n_except; i++) {
        if (min == max && range->except[i] == min) {
            return true;
        }
    }
    return false;
}

bool
xfsm_ranges_contradict(const struct xfsm_ranges *ranges)
{
    int i;

    for (i = 0; i < ranges->n; i++) {
        if (is_empty(&ranges->items[i])) {
            return true;
        }
    }
    return ranges->never;
}
