/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef CONTROLLER_MEMBERS_H
#define CONTROLLER_MEMBERS_H 1

/* The controllers that share a fleet, and what this one tells of its hosts.
 *
 * Each controller has a row in table Controller of XFSM_Fleet whose heartbeat
 * it increments.  One whose heartbeat does not change for a while is dead to
 * the others, by their own clocks, so clocks need not agree.  A host belongs
 * to that living controller whose name, hashed with the host's, is greatest:
 * all agree on it without a word, and when one dies only its hosts move.
 *
 * Should two be wrong about each other for a while, the lock in the host's
 * database still lets one write only.
 *
 * A controller that lost the database, and knows of others, must assume that
 * they take over, and lets go of its hosts; one that is alone keeps them.
 *
 * This is a connection apart from that of fleet-db.h, since one with a lock
 * writes only while it has that.
 *
 * Thread-safety: none. */

#include <stdbool.h>
#include <stdint.h>

struct shash;
struct xfsm_collector;
struct xfsm_members;

/* Between heartbeats, and until one is dead, in milliseconds. */
#define XFSM_MEMBERS_HEARTBEAT 2000
#define XFSM_MEMBERS_DEAD 6000

/* Between two writes about hosts, and about their statistics, in
 * milliseconds. */
#define XFSM_MEMBERS_WRITE 500
#define XFSM_MEMBERS_STATISTICS 5000

/* Joins the controllers of the database at 'remote' as 'name'. */
struct xfsm_members *xfsm_members_create(const char *remote,
                                         const char *name);

/* Leaves, and tells the others if the database is there to do so. */
void xfsm_members_destroy(struct xfsm_members *);

/* Makes progress, and arranges for poll_block() to wake up when there may be
 * more.  'hosts' are those of this controller, struct xfsm_host by name, of
 * which the database is told; those that are done have the changes up to
 * number 'cfg'.  'collector', which may be NULL, has their events. */
void xfsm_members_run(struct xfsm_members *, const struct shash *hosts,
                      const struct xfsm_collector *collector, int64_t cfg);
void xfsm_members_wait(struct xfsm_members *);

/* Changes whenever xfsm_members_owns() may. */
unsigned int xfsm_members_seqno(const struct xfsm_members *);

/* Returns up to where a controller told that it has collected the events of
 * the host named 'host' (collector.h), or 0. */
uint64_t xfsm_members_get_collected(const struct xfsm_members *,
                                    const char *host);

/* Tells whether the host named 'host' belongs to this controller. */
bool xfsm_members_owns(const struct xfsm_members *, const char *host);

#endif /* controller/members.h */
