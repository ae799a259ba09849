/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef CONTROLLER_REST_TENANTS_H
#define CONTROLLER_REST_TENANTS_H 1

/* What users of a tenant (tenants.h) are shown and allowed by the REST API.
 *
 * A route is refused to them unless XFSM_REST_TENANT_ROUTES has it, so that
 * one that was added without a thought of tenants shows them nothing.  What is
 * not theirs is not there, 404, whether there is something of that name or
 * not; what they may never do is forbidden, 403.
 *
 * Whose an event is, is found out when it comes, by the UUID of the interface
 * that it tells and the row of that interface's probe: so the events of a port
 * that went never are those of another that came in its place.  Of the history
 * of a port they are shown what is of the time since the port is what it is,
 * and the tenant has the selector and hosts that it has.
 *
 * Users without a tenant are allowed all of this.  Thread-safety: none. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "controller/tokens.h"

struct shash;
struct xfsm_event_view;
struct xfsm_fleet_tenant;
struct xfsm_owners;
struct xfsm_rest;
struct xfsm_rest_call;
struct xfsm_target_place;
struct xfsmrec_probe;

/* T(HANDLER): routes for users of tenants; the handler sees to it that they
 * are shown what is theirs. */
#define XFSM_REST_TENANT_ROUTES(T) \
    T(get_status) T(get_ports) T(get_port) T(get_states) T(get_talkers) \
    T(get_probes) T(install_probe) T(start_probe) T(stop_probe) \
    T(remove_probe) T(get_port_history) T(get_programs) T(validate) \
    T(get_program) T(get_versions) T(get_source) T(get_graph) \
    T(get_assignments) T(preview) T(get_assignment) T(put_assignment) \
    T(delete_assignment) T(get_events) T(get_stream) T(get_audit)

/* Bytes of what is kept about events, whose they are. */
#define XFSM_OWNERS_MAX_BYTES (2 * 1024 * 1024)

/* Returns NULL if the user may call 'handler', or why not. */
const char *xfsm_rest_tenant_refusal(
    const struct xfsm_rest_call *,
    void (*handler)(struct xfsm_rest_call *));

/* The tenant of the user, or NULL if that is none, or there is no such
 * tenant. */
const struct xfsm_fleet_tenant *xfsm_rest_get_tenant(
    const struct xfsm_rest_call *);

/* Tell whether the user may see a program, and an assignment that is the
 * tenant's called 'tenant', or the operator's if that is NULL. */
bool xfsm_rest_may_see_program(const struct xfsm_rest_call *,
                               const char *name);
bool xfsm_rest_may_see_assignment(const struct xfsm_rest_call *,
                                  const char *tenant);

/* Stores where the port of 'probe' is, and what it is, as far as its host
 * tells. */
void xfsm_rest_place_probe(const struct xfsmrec_probe *probe,
                           struct xfsm_target_place *place);

/* Removes from 'ports', of xfsm_rest_list_ports(), what the user may not
 * see. */
void xfsm_rest_keep_own_ports(const struct xfsm_rest_call *,
                              struct shash *ports);

/* ## Users in the database ## */

/* Finds the token whose digest is 'digest', in table Role of the database.
 * Returns true and stores whose it is. */
bool xfsm_rest_find_role(const struct xfsm_rest *, const char *digest,
                         struct xfsm_token *);

/* Stores the digest of 'token' as that table has it. */
void xfsm_rest_digest_token(const char *token,
                            char digest[XFSM_TOKENS_TEXT_SIZE]);

/* ## Whose events are ##
 *
 * An event that is kept has a number for users without a tenant, and another
 * one for each tenant that it is for: of how many came before it that were
 * for the tenant, too.  So no tenant learns how many the others have. */

struct xfsm_owners *xfsm_owners_create(size_t max_events);
void xfsm_owners_destroy(struct xfsm_owners *);

/* Takes note whose the event is that comes next, of the host named 'source'.
 * Returns that, until the next comes: of each tenant the name, a colon, its
 * number for the event, and a comma. */
const char *xfsm_owners_take(struct xfsm_rest *, const char *source,
                             const char *event, size_t len);

/* Stores the number that 'tenant' has for the event of that number.  Returns
 * false if it is not the tenant's, or not kept any more. */
bool xfsm_owners_get_own(const struct xfsm_rest *, const char *tenant,
                         uint64_t number, uint64_t *own);

/* The number that the next event of 'tenant' gets. */
uint64_t xfsm_owners_next_own(const struct xfsm_rest *, const char *tenant);

/* Returns a number before which all events of 'tenant' have own numbers below
 * 'own', and from which on none has, of events that are kept. */
uint64_t xfsm_owners_find_own(const struct xfsm_rest *, const char *tenant,
                              uint64_t own);

/* Tells whether the event of that number, and what 'view' has of it, is
 * for users of 'tenant'. */
bool xfsm_owners_may_see(const struct xfsm_rest *, const char *tenant,
                         uint64_t number, const struct xfsm_event_view *view);

/* The same for what 'program' told in an event of 'owners', of
 * xfsm_owners_take(). */
bool xfsm_owners_may_see_program(const struct xfsm_rest *, const char *tenant,
                                 const char *owners, const char *program);

/* Forgets what is known of the host named 'source', which goes, or comes again
 * as another one. */
void xfsm_owners_forget_host(struct xfsm_owners *, const char *source);

/* Hosts that something is known of. */
size_t xfsm_owners_n_hosts(const struct xfsm_owners *);

/* Events that were more than a tenant is allowed in a second. */
unsigned long long int xfsm_owners_n_dropped(const struct xfsm_owners *);

#endif /* controller/rest-tenants.h */
