/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef XFSM_PROGRAM_LINT_PRIVATE_H
#define XFSM_PROGRAM_LINT_PRIVATE_H 1

/* What can be said of expressions and selectors without a packet.  Internal to
 * the lint. */

#include "xfsm/program/model.h"

/* The value of an expression, if it is always the same. */
struct xfsm_known {
    bool known;
    double value;
};

/* A value that comparisons are about: a feature, metric, field or entry of a
 * table. */
struct xfsm_subject {
    enum xfsm_expr_kind kind;
    uint16_t index;
    struct xfsm_key key;        /* XFSM_EX_TABLE. */
};

/* What comparisons say of one subject. */
struct xfsm_range {
    struct xfsm_subject subject;
    double min, max;
    bool min_open, max_open;    /* The bound itself is out. */
    bool integer;
    int n_except;
    double except[8];           /* Values that are out. */
};

/* Subjects of a conjunction that are followed. */
#define XFSM_MAX_RANGES 64

struct xfsm_ranges {
    const struct xfsm_program *program;
    struct xfsm_known features[XFSM_MAX_FEATURES];
    int n;
    struct xfsm_range items[XFSM_MAX_RANGES];
    bool never;                 /* A part is always false. */
};

/* Prepares for expressions of 'program'. */
void xfsm_ranges_init(struct xfsm_ranges *, const struct xfsm_program *);

/* Forgets what was assumed. */
void xfsm_ranges_clear(struct xfsm_ranges *);

/* Assumes that 'expr' is true or, without 'holds', false. */
void xfsm_ranges_assume(struct xfsm_ranges *, const struct xfsm_expr *expr,
                        bool holds);

/* True if no packet can make all that was assumed so. */
bool xfsm_ranges_contradict(const struct xfsm_ranges *);

/* False if it is certain that no packet matches 'selector'. */
bool xfsm_selector_can_match(const struct xfsm_selector *selector);

/* True if it is certain that each packet that matches 'a' matches 'b'. */
bool xfsm_selector_implies(const struct xfsm_selector *a,
                           const struct xfsm_selector *b);

#endif /* xfsm/program/lint-private.h */
