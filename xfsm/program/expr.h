/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef XFSM_PROGRAM_EXPR_H
#define XFSM_PROGRAM_EXPR_H 1

/* Expressions: C arithmetic and comparison over features, metrics, parameters,
 * numeric fields and tables.
 *
 * A recursive-descent parser with C's precedences and associativities; "not"
 * binds as "!" does, since the original compiled expressions as C++.
 *
 * Limits: XFSM_MAX_EXPR_NODES nodes; parentheses, calls and signs nested
 * XFSM_MAX_EXPR_DEPTH deep; and no more than XFSM_MAX_EXPR_DEPTH values
 * needed at a time when it is evaluated from left to right on a stack. */

#include "xfsm/program/parse.h"

/* Parses the 'len' bytes at 's'.  Returns the expression, in the arena of the
 * program, or NULL after reporting what is wrong. */
struct xfsm_expr *xfsm_expr_parse(struct xfsm_parse *parse, const char *s,
                                  size_t len);

/* Number of values that evaluating 'expr' on a stack keeps there at most. */
int xfsm_expr_stack(const struct xfsm_expr *expr);

/* Returns the operator or function as it is written. */
const char *xfsm_expr_op_text(enum xfsm_expr_op op);

/* Adds the metrics that 'expr' depends on, features included, to the bit set
 * 'metrics', bit i being metric i. */
void xfsm_expr_metrics(const struct xfsm_program *program,
                       const struct xfsm_expr *expr, uint64_t *metrics);

#endif /* xfsm/program/expr.h */
