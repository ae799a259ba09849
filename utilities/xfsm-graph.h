/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef UTILITIES_XFSM_GRAPH_H
#define UTILITIES_XFSM_GRAPH_H 1

/* The state machine of a program as text for programs that draw: the working
 * part of "xfsm graph".
 *
 * States are nodes, with their timeout and the ATT&CK techniques that states
 * in events name.  Each condition but "false" is an edge from its state to the
 * next, or back to the same one, labelled "event: condition / actions"; timers
 * that it arms or removes are among the actions.  The timeout of a state is an
 * edge "after N s".
 *
 * What comes from the program is escaped, so that no name or text of it can
 * be taken for a part of the drawing's language, and cut where it is long. */

#include <stdio.h>

#include "xfsm/program/model.h"

/* Writes 'program' in the language of Graphviz. */
void xfsm_graph_dot(const struct xfsm_program *program, FILE *out);

/* Writes 'program' as a Mermaid stateDiagram-v2. */
void xfsm_graph_mermaid(const struct xfsm_program *program, FILE *out);

#endif /* utilities/xfsm-graph.h */
