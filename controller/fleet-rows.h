/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef CONTROLLER_FLEET_ROWS_H
#define CONTROLLER_FLEET_ROWS_H 1

/* The fleet from the rows of the database XFSM_Fleet.
 *
 * A row that is wrong comes with an 'error', where its name can be one at
 * all, and no other row suffers.
 *
 * Thread-safety: none. */

#include "controller/fleet.h"

struct ovsdb_idl;

/* Reads hosts, assignments and all versions of programs, none of which is for
 * any host yet. */
struct xfsm_fleet *xfsm_fleet_rows_read(struct ovsdb_idl *);

/* Decides about the roll-out of all programs of 'fleet', which are compiled:
 * stores in their 'decision' what 'rollout' is to be.  Returns when to decide
 * again, or INT64_MAX. */
int64_t xfsm_fleet_rows_decide(struct xfsm_fleet *, int64_t now);

/* Says which hosts each version of a program is for, by the state that it is
 * in, or, with 'decided', that it is to be in. */
void xfsm_fleet_rows_place(struct xfsm_fleet *, bool decided);

#endif /* controller/fleet-rows.h */
