/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include "xfsm/program/lint-private.h"

#include <string.h>

#include "xfsm/program/symbol.h"

/* Steps after which a question stays open. */
#define STEPS_MAX 2000

/* ## Single tests ## */

/* Values of a UINT test on their own; false if they are no range. */
static bool
get_range(const struct xfsm_selector *s, uint64_t *min, uint64_t *max)
{
    *min = 0;
    *max = UINT64_MAX >> (64 - 8 * xfsm_fields[s->field].width);
    switch ((int) s->op) {
    case XFSM_OP_EQ: *min = *max = s->value; return true;
    case XFSM_OP_LE: *max = s->value; return true;
    case XFSM_OP_GE: *min = s->value; return true;
    case XFSM_OP_LT: *max = s->value - 1; return s->value > 0;
    case XFSM_OP_GT: *min = s->value + 1; return s->value < UINT64_MAX;
    default: return false;
    }
}

/* Are all addresses of prefix 'a' in prefix 'b'? */
static bool
is_within(const struct xfsm_selector *a, const struct xfsm_selector *b)
{
    union xfsm_addr addr = a->addr;

    if (a->prefix < b->prefix) {
        return false;
    }
    xfsm_symbol_mask_addr(&addr, b->prefix);
    return !memcmp(&addr, &b->addr, sizeof addr);
}

/* Is it certain that two tests of the same field are never both true? */
static bool
exclude(const struct xfsm_selector *a, const struct xfsm_selector *b)
{
    uint64_t a_min, a_max, b_min, b_max;
    bool swap = a->op == XFSM_OP_NE;
    const struct xfsm_selector *first = swap ? b : a;
    const struct xfsm_selector *other = swap ? a : b;

    if (first->op == XFSM_OP_NE) {
        return false;           /* Both are. */
    }
    switch ((int) a->kind) {
    case XFSM_SEL_UINT:
        if (!get_range(first, &a_min, &a_max)) {
            return false;
        } else if (other->op == XFSM_OP_NE) {
            return a_min == a_max && a_min == other->value;
        }
        return get_range(other, &b_min, &b_max)
               && (a_max < b_min || b_max < a_min);
    case XFSM_SEL_ADDR:
        return first->op == XFSM_OP_EQ
               && (other->op == XFSM_OP_NE ? is_within(first, other)
                   : other->op == XFSM_OP_EQ && !is_within(first, other)
                     && !is_within(other, first));
    case XFSM_SEL_STR:
        return !strcmp(a->string, b->string) == (other->op == XFSM_OP_NE);
    default:
        return false;
    }
}

static bool
is_same(const struct xfsm_selector *a, const struct xfsm_selector *b)
{
    switch ((int) a->kind) {
    case XFSM_SEL_UINT:
        return a->op == b->op && a->value == b->value;
    case XFSM_SEL_ADDR:
        return (a->op == b->op && a->prefix == b->prefix
                && !memcmp(&a->addr, &b->addr, sizeof a->addr));
    case XFSM_SEL_STR:
        return a->op == b->op && !strcmp(a->string, b->string);
    case XFSM_SEL_IN:
        return (a->table == b->table && a->key.n == b->key.n
                && !memcmp(a->key.fields, b->key.fields, a->key.n));
    default:
        return false;
    }
}

/* Is it certain that where test 'a' is true, 'b' is? */
static bool
test_implies(const struct xfsm_selector *a, const struct xfsm_selector *b)
{
    uint64_t a_min, a_max, b_min, b_max;

    if (a->kind != b->kind
        || (a->kind != XFSM_SEL_IN && a->field != b->field)) {
        return false;
    } else if (is_same(a, b)) {
        return true;
    }
    switch ((int) a->kind) {
    case XFSM_SEL_UINT:
        if (!get_range(a, &a_min, &a_max)) {
            return false;
        } else if (b->op == XFSM_OP_NE) {
            return b->value < a_min || b->value > a_max;
        }
        return get_range(b, &b_min, &b_max) && a_min >= b_min
               && a_max <= b_max;
    case XFSM_SEL_ADDR:
        return a->op == XFSM_OP_EQ && b->op == XFSM_OP_EQ && is_within(a, b);
    case XFSM_SEL_STR:
        return a->op == XFSM_OP_EQ && b->op == XFSM_OP_NE
               && strcmp(a->string, b->string);
    default:
        return false;
    }
}

/* ## Whole selectors ## */

/* What is left to be true, besides the tests that are taken to be so. */
struct pending {
    const struct xfsm_selector *selector;
    const struct pending *next;
};

struct search {
    int steps;                  /* That are left. */
    int n;
    const struct xfsm_selector *tests[XFSM_MAX_SELECTOR_TESTS];
};

static bool can_be(struct search *, const struct pending *);

/* The same where the first thing that is left is a single test. */
static bool
can_test_be(struct search *search, const struct pending *pending)
{
    const struct xfsm_selector *test = pending->selector;
    uint64_t min, max;
    bool can;

    if (test->kind == XFSM_SEL_UINT && test->op != XFSM_OP_NE
        && (!get_range(test, &min, &max) || min > max)) {
        return false;           /* Below 0, or above all there is. */
    }
    for (int i = 0; i < search->n; i++) {
        if (search->tests[i]->kind == test->kind
            && search->tests[i]->field == test->field
            && exclude(search->tests[i], test)) {
            return false;
        }
    }
    search->tests[search->n++] = test;
    can = can_be(search, pending->next);
    search->n--;
    return can;
}

static bool
can_be(struct search *search, const struct pending *pending)
{
    const struct xfsm_selector *s = pending ? pending->selector : NULL;
    struct pending a, b;

    if (!s || --search->steps < 0) {
        return true;
    }
    a.selector = s->a;
    b.selector = s->b;
    b.next = pending->next;
    switch (s->kind) {
    case XFSM_SEL_AND:
        a.next = &b;
        return can_be(search, &a);
    case XFSM_SEL_OR:
        a.next = pending->next;
        return can_be(search, &a) || can_be(search, &b);
    case XFSM_SEL_UINT:
    case XFSM_SEL_ADDR:
    case XFSM_SEL_STR:
    case XFSM_SEL_IN:
    default:
        return can_test_be(search, pending);
    }
}

bool
xfsm_selector_can_match(const struct xfsm_selector *selector)
{
    struct search search = { .steps = STEPS_MAX };
    struct pending pending = { selector, NULL };

    return can_be(&search, &pending);
}

static bool
implies(const struct xfsm_selector *a, const struct xfsm_selector *b,
        int *steps)
{
    if (--*steps < 0) {
        return false;
    } else if (a->kind == XFSM_SEL_OR) {
        return implies(a->a, b, steps) && implies(a->b, b, steps);
    } else if (b->kind == XFSM_SEL_AND) {
        return implies(a, b->a, steps) && implies(a, b->b, steps);
    } else if (b->kind == XFSM_SEL_OR
               && (implies(a, b->a, steps) || implies(a, b->b, steps))) {
        return true;
    } else if (a->kind == XFSM_SEL_AND) {
        return implies(a->a, b, steps) || implies(a->b, b, steps);
    }
    return b->kind != XFSM_SEL_OR && test_implies(a, b);
}

bool
xfsm_selector_implies(const struct xfsm_selector *a,
                      const struct xfsm_selector *b)
{
    int steps = STEPS_MAX;

    return implies(a, b, &steps);
}
