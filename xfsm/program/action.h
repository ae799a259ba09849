/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef XFSM_PROGRAM_ACTION_H
#define XFSM_PROGRAM_ACTION_H 1

/* Lists of actions, separated by ";" or "," outside parentheses.
 *
 * Text in parentheses may hold separators and parentheses of its own; it ends
 * where they balance or, if they do not, at the first ")" that a separator or
 * the end follows.  Actions that follow each other without a separator are
 * taken as separated, with a warning: the original's programs have such. */

#include "xfsm/program/parse.h"

/* Parses 's' into '*actions' and '*n_actions', in the arena of the program.
 * False after reporting an error; the rest of the list is looked at all the
 * same. */
bool xfsm_action_parse(struct xfsm_parse *parse, const char *s,
                       struct xfsm_action **actions, int *n_actions);

#endif /* xfsm/program/action.h */
