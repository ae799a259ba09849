/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef CONTROLLER_HEALTH_H
#define CONTROLLER_HEALTH_H 1

/* How a host is, by the table Probe of its database: sums over all probes,
 * and a verdict about each version of a program that it has as a canary.
 *
 * A verdict is by what changed since the version was first to come to the
 * host, as told by xfsm_health_run().  Counters that are not there count as
 * 0, so an old agent is never ill for them.
 *
 * Costs a look at each probe for each canary.
 *
 * Thread-safety: none. */

#include <stdbool.h>
#include <stdint.h>

struct ovsdb_idl;
struct smap;
struct xfsm_fleet;
struct xfsm_health;

/* Packets before their losses are judged, and milliseconds before the use of
 * the processor is. */
#define XFSM_HEALTH_MIN_PACKETS 100
#define XFSM_HEALTH_MIN_MS 5000

/* What is said of a canary that nothing is wrong with. */
#define XFSM_HEALTH_WELL "well"

/* S(KEY, MEMBER): sums, as column "statistics" of table Host has them. */
#define XFSM_HEALTH_SUMS(S) \
    S("ports", ports) \
    S("probes", probes) \
    S("probes_failed", probes_failed) \
    S("packets", packets) \
    S("dropped", dropped) \
    S("events", events) \
    S("alerts", alerts)

struct xfsm_health_sums {
#define XFSM_HEALTH_MEMBER(KEY, MEMBER) int64_t MEMBER;
    XFSM_HEALTH_SUMS(XFSM_HEALTH_MEMBER)
#undef XFSM_HEALTH_MEMBER
};

struct xfsm_health *xfsm_health_create(void);
void xfsm_health_destroy(struct xfsm_health *);

/* Has the database of the host named 'host', which is to be as 'fleet' says,
 * looked at, at the time 'now' in milliseconds; 'done' tells whether all is
 * written and acknowledged.  Must be called before what is new in 'fleet' is
 * written. */
void xfsm_health_run(struct xfsm_health *, struct ovsdb_idl *,
                     const struct xfsm_fleet *fleet, const char *host,
                     bool done, long long int now);

/* Puts the verdicts into 'verdicts', as column "canaries" has them. */
void xfsm_health_get_verdicts(const struct xfsm_health *,
                              struct smap *verdicts);

/* Sums up the probes. */
void xfsm_health_sum(struct ovsdb_idl *, struct xfsm_health_sums *);

#endif /* controller/health.h */
