/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef CONTROLLER_PARAMETERS_H
#define CONTROLLER_PARAMETERS_H 1

/* Parameters that an assignment sets of its programs.
 *
 * They travel to hosts as text, column "params" of table Assignment of
 * xfsm-db(5), where the agent compiles a variant of the program from the
 * source that is next to its image.  So that what is wrong is known before it
 * is on any host, the controller compiles each such variant, too, once, and
 * keeps nothing of it but whether that went well.
 *
 * Thread-safety: none. */

#include "controller/fleet.h"

/* Bytes of the text for hosts; as the agent has it. */
#define XFSM_FLEET_MAX_PARAMS 4096

/* Checks 'parameters' of 'assignment', which has its programs, and stores in
 * the latter what hosts are to have.  Returns NULL or an error. */
char *xfsm_fleet_set_parameters(struct xfsm_fleet_assignment *assignment,
                                const struct smap *parameters);

/* The same for an assignment to come, of the 'n' programs in 'programs': as
 * far as it takes no compiler. */
char *xfsm_fleet_check_parameters(const char *const programs[], size_t n,
                                  const struct smap *parameters);

/* Adds to the variants of 'fleet' those of its assignments, which
 * xfsm_fleet_compile_variants() compiles. */
void xfsm_fleet_add_variants(struct xfsm_fleet *fleet);

/* Gives assignments the errors of variants of which the program is for some
 * host. */
void xfsm_fleet_judge_variants(struct xfsm_fleet *fleet);

#endif /* controller/parameters.h */
