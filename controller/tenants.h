/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef CONTROLLER_TENANTS_H
#define CONTROLLER_TENANTS_H 1

/* Tenants of a fleet: which ports are whose, and what they may have done
 * there.  See table Tenant of xfsm-fleet-db(5).
 *
 * An assignment of a tenant goes to hosts with the tenant's selector beside
 * its own, as keys "tenant:KEY" of the target, and the agent demands that both
 * match.  So where it reaches is decided where ports are known, for new ports
 * and moved ones, too, and by nothing that a tenant can write.  An agent that
 * is too old to know such keys takes the assignment for one of no port.
 *
 * Names of a tenant's assignments begin with the tenant's and a dot, so that
 * one tenant's names are never in the way of another's, nor tell of them.
 *
 * Pure functions.  Thread-safety: none. */

#include <stdbool.h>
#include <stddef.h>

#include "smap.h"
#include "sset.h"

struct xfsm_fleet;
struct xfsm_fleet_assignment;
struct xfsm_target_place;

/* Named limits: tenants, and patterns of programs of one. */
#define XFSM_FLEET_MAX_TENANTS 4096
#define XFSM_TENANT_MAX_PATTERNS 256

/* Assignments that users of a tenant can make where 'limit' can be enabled:
 * those that are not are room in the database, too, and count for the limit of
 * the fleet. */
#define XFSM_TENANT_MAX_ROWS(LIMIT) (2 * (LIMIT))

/* L(KEY, MEMBER, DEFAULT, MAX): limits that a row can set, of assignments that
 * have an effect, and of events a second that a user of the REST API is
 * given. */
#define XFSM_TENANT_LIMITS(L) \
    L("assignments", assignments, 64, 4096) \
    L("events-rate", events_rate, 1000, 1000000)

struct xfsm_tenant_limits {
#define XFSM_TENANT_LIMIT_MEMBER(KEY, MEMBER, DEFAULT, MAX) \
    unsigned int MEMBER;
    XFSM_TENANT_LIMITS(XFSM_TENANT_LIMIT_MEMBER)
#undef XFSM_TENANT_LIMIT_MEMBER
};

struct xfsm_fleet_tenant {
    char *name;
    struct smap target;         /* Which ports it has. */
    struct sset programs;       /* Patterns of names that it may use. */
    struct sset hosts;          /* Where it has ports... */
    bool all_hosts;             /* ...unless that is everywhere. */
    struct xfsm_tenant_limits limits;
    size_t n_assignments;       /* That count for the limit. */
    char *error;                /* Why it has no port, or NULL. */
};

/* Adds a tenant, which must not be there yet, without anything. */
struct xfsm_fleet_tenant *xfsm_fleet_add_tenant(struct xfsm_fleet *,
                                                const char *name);
void xfsm_fleet_tenant_destroy(struct xfsm_fleet_tenant *);

/* Tells whether both are the same. */
bool xfsm_fleet_tenant_equals(const struct xfsm_fleet_tenant *,
                              const struct xfsm_fleet_tenant *);

/* Returns NULL if 'name' can be that of a tenant, or says what would be
 * right. */
char *xfsm_tenant_check_name(const char *name);

/* Reads 'limits' from a row.  Returns NULL or an error; limits that are not
 * valid are then 0. */
char *xfsm_tenant_read_limits(const struct smap *row,
                              struct xfsm_tenant_limits *limits);

/* Tells whether the tenant may use 'program'. */
bool xfsm_tenant_may_use(const struct xfsm_fleet_tenant *,
                         const char *program);

/* Tells whether a port at 'place' of 'host' is the tenant's. */
bool xfsm_tenant_has_port(const struct xfsm_fleet_tenant *, const char *host,
                          const struct xfsm_target_place *place);

/* Tells whether 'assignment' can be the name of one of the tenant's. */
bool xfsm_tenant_has_name(const char *tenant, const char *assignment);

/* Adds the tenant's selector to 'target'. */
void xfsm_tenant_confine(const struct xfsm_fleet_tenant *,
                         struct smap *target);

/* Confines 'assignment', which has its hosts and programs, to what the tenant
 * named 'tenant' has and may use.  Returns NULL or why there cannot be such an
 * assignment, which is barred then. */
char *xfsm_fleet_confine(struct xfsm_fleet *,
                         struct xfsm_fleet_assignment *assignment,
                         const char *tenant);

#endif /* controller/tenants.h */
