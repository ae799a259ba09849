/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef XFSM_PROGRAM_LINT_H
#define XFSM_PROGRAM_LINT_H 1

/* Likely mistakes of a program that loads: what "xfsm check" warns of beyond
 * the loader.
 *
 *   - states that nothing leads to;
 *   - conditions that can never hold: constant ones, comparisons of one value
 *     that contradict each other or the width of a field, and conditions
 *     behind others that take all their cases;
 *   - timers that are armed and never removed;
 *   - metrics that are updated and never read, read and never updated, or not
 *     used;
 *   - parameters that are not used.
 *
 * What depends on the value of a parameter is not warned of: another value
 * may make sense of it.
 *
 * Time is linear in the size of the program, but for conditions, each of
 * which is compared with those before it in its state. */

#include "xfsm/program/diag.h"
#include "xfsm/program/model.h"

/* Adds a warning to 'diags' for each. */
void xfsm_lint(const struct xfsm_program *, struct xfsm_diags *diags);

/* Adds a note to 'diags' for each thing that has no effect where the program
 * runs on a port of a switch, rather than offline: its source and publisher,
 * which the agent decides. */
void xfsm_lint_port(const struct xfsm_program *, struct xfsm_diags *diags);

#endif /* xfsm/program/lint.h */
