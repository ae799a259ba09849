/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef CONTROLLER_SYNC_H
#define CONTROLLER_SYNC_H 1

/* The difference between what a host's XFSM database holds and what the fleet
 * description wants there.
 *
 * The controller marks its rows with external_ids:owner.  It adds, changes
 * and removes such rows only.  A row of somebody else's with a name that the
 * fleet wants is a conflict: it is left alone and told.
 *
 * Run twice in a row, the second run finds no difference. */

#include "controller/fleet.h"

struct ds;
struct ovsdb_idl;
struct ovsdb_idl_txn;

/* Key in external_ids, and our value of it. */
#define XFSM_OWNER_KEY "owner"
#define XFSM_OWNER "xfsm-controller"

/* Compares the database in 'idl' with what 'fleet' wants on the host named
 * 'host'.  Appends one line for each difference to 'changes', and one for
 * each conflict to 'conflicts'.  With 'txn' not NULL, makes the changes in
 * it.  Returns the number of differences, conflicts not counted. */
int xfsm_sync(struct ovsdb_idl *idl, struct ovsdb_idl_txn *txn,
              const struct xfsm_fleet *fleet, const char *host,
              struct ds *changes, struct ds *conflicts);

/* Adds the versions of the programs that the host named 'host' has to
 * 'versions', as column "programs" of table Host in xfsm-fleet-db(5) has them:
 * the database in 'idl' is as 'fleet' wants it, so they are those of 'fleet',
 * or where that has an error, the one whose text is there. */
void xfsm_sync_get_versions(struct ovsdb_idl *idl,
                            const struct xfsm_fleet *fleet, const char *host,
                            struct smap *versions);

#endif /* controller/sync.h */
