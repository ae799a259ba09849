/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef CONTROLLER_OPERATE_H
#define CONTROLLER_OPERATE_H 1

/* What a user can have done to roll-outs in the database XFSM_Fleet.  The REST
 * API and xfsm-ctl do it by these functions, so that both mean the same.
 *
 * Each changes rows in the transaction of 'idl' that is being made, and
 * verifies what it went by: if somebody else decides meanwhile, the
 * transaction fails.  Each stores in '*donep' what will be done, in words,
 * which the caller frees, and returns NULL, or returns an error, which the
 * caller frees.  'who' asks for it; it is told in column "error" of what goes.
 *
 * Thread-safety: none. */

#include <stddef.h>
#include <stdint.h>

#include "controller/rollout.h"

struct fleetrec_program;
struct ovsdb_idl;
struct smap;

/* Finds the versions of 'program', newest first, or if that is NULL those of
 * all programs, by name.  The caller frees the array. */
const struct fleetrec_program **xfsm_operate_find_versions(
    const struct ovsdb_idl *idl, const char *program, size_t *n);

/* The state of a version's roll-out. */
enum xfsm_rollout_state xfsm_operate_get_state(
    const struct fleetrec_program *);

/* Finds the version that is wanted of 'n', newest first, and the one that
 * would be wanted without it; each may be NULL. */
void xfsm_operate_find_wanted(const struct fleetrec_program *const versions[],
                              size_t n,
                              const struct fleetrec_program **wanted,
                              const struct fleetrec_program **before);

/* Returns which of 'n' versions, newest first, a roll-out of 'version' would
 * go back to should it fail, or 'version' if there is none: the oldest that
 * must be able to run after it. */
int64_t xfsm_operate_find_oldest(
    const struct fleetrec_program *const versions[], size_t n,
    int64_t version);

/* Has 'version' of 'program' rolled out.  One that was rolled back, and is
 * newer than what is wanted now, is tried again as its options say.  One that
 * is older takes the place of all that are newer, on all hosts at once.
 * 'options', not NULL, replace those of the version that they have a key
 * of. */
char *xfsm_operate_roll_out(const struct ovsdb_idl *idl, const char *program,
                            int64_t version, const struct smap *options,
                            const char *who, char **donep);

/* Goes back from the version that is wanted, which must be 'version' unless
 * that is 0, to the one before. */
char *xfsm_operate_roll_back(const struct ovsdb_idl *idl,
                             const char *program, int64_t version,
                             const char *who, char **donep);

/* Ends a roll-out that has not come to all hosts yet: the canaries get back
 * what the others have, nothing if this is the first version. */
char *xfsm_operate_abort(const struct ovsdb_idl *idl, const char *program,
                         int64_t version, const char *who, char **donep);

#endif /* controller/operate.h */
