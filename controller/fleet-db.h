/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef CONTROLLER_FLEET_DB_H
#define CONTROLLER_FLEET_DB_H 1

/* The connection to the database XFSM_Fleet, see xfsm-fleet-db(5).
 *
 * Whenever something in it changes, the fleet is read anew.  The controller
 * that has the lock "xfsm_fleet", the leader, also decides about roll-outs,
 * and writes that and what is wrong with rows.  A decision takes effect when
 * it comes back from the database, for the leader as for all others, so that
 * none is ever in effect that would be forgotten.
 *
 * Programs, and what parameters make of them, are compiled meanwhile
 * (compiler.h).  What changed takes effect when that is done, or after two
 * seconds: without what is not compiled, which then changes nothing on any
 * host, so that a slow program holds up nothing but itself.
 *
 * Thread-safety: none. */

#include <stdbool.h>
#include <stdint.h>

struct ds;
struct sset;
struct xfsm_fleet;
struct xfsm_fleet_db;
struct xfsm_releases;
struct xfsm_signature_keys;

/* Connects to the database at 'remote'.  'name' is that of this controller;
 * programs are compiled with the toolbox 'tool'.  With 'dry_run' nothing is
 * written, and the decisions that are due count as made. */
struct xfsm_fleet_db *xfsm_fleet_db_create(const char *remote,
                                           const char *name,
                                           const char *tool, bool dry_run);
void xfsm_fleet_db_destroy(struct xfsm_fleet_db *);

/* Demands that programs be signed by one of 'keys', which become the
 * database's; NULL: no more. */
void xfsm_fleet_db_set_keys(struct xfsm_fleet_db *,
                            struct xfsm_signature_keys *keys);

/* Which versions must not come back; the database's own.  Who changes that
 * has the fleet read again by the second function. */
struct xfsm_releases *xfsm_fleet_db_releases(struct xfsm_fleet_db *);
void xfsm_fleet_db_read_again(struct xfsm_fleet_db *);

/* Stores which programs were refused for their signature, and why, since the
 * last call; the caller destroys that.  And how many are now. */
void xfsm_fleet_db_take_refusals(struct xfsm_fleet_db *,
                                 struct sset *refusals);
size_t xfsm_fleet_db_n_refused(const struct xfsm_fleet_db *);

/* Makes progress.  Returns the fleet, which becomes the caller's, if it is
 * another one than 'old', which may be NULL; else NULL. */
struct xfsm_fleet *xfsm_fleet_db_run(struct xfsm_fleet_db *,
                                     const struct xfsm_fleet *old);
void xfsm_fleet_db_wait(struct xfsm_fleet_db *);

/* How many programs wait to be compiled, or are being so. */
size_t xfsm_fleet_db_n_pending(const struct xfsm_fleet_db *);

/* True if all that was read is decided and written, by whomever. */
bool xfsm_fleet_db_is_settled(const struct xfsm_fleet_db *);

/* Returns what column "next_cfg" of table Fleet was when the fleet that
 * xfsm_fleet_db_run() returned last had all that was due in it: all changes
 * up to that number are in that fleet. */
int64_t xfsm_fleet_db_get_cfg(const struct xfsm_fleet_db *);

/* Tell whether the database answers, and whether this controller is the
 * leader. */
bool xfsm_fleet_db_is_connected(const struct xfsm_fleet_db *);
bool xfsm_fleet_db_is_leader(const struct xfsm_fleet_db *);

/* Appends a line about the connection to 'ds'. */
void xfsm_fleet_db_show(const struct xfsm_fleet_db *, struct ds *ds);

#endif /* controller/fleet-db.h */
