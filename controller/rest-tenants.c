/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include <config.h>
#include "ovsdb-schema/ovs-compat.h"

#include "controller/rest-tenants.h"

#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>

#include "controller/fleet.h"
#include "controller/fleetd.h"
#include "controller/recent.h"
#include "controller/rest-call.h"
#include "controller/rest-db.h"
#include "controller/tenants.h"
#include "openvswitch/dynamic-string.h"
#include "ovs-plugin/target.h"
#include "ovsdb-idl.h"
#include "ovsdb-schema/xfsm-fleet-idl.h"
#include "ovsdb-schema/xfsm-idl.h"
#include "timeval.h"
#include "util.h"
#include "uuid.h"
#include "xfsm/io/event-decode.h"

/* ## What users of a tenant may see ## */

const char *
xfsm_rest_tenant_refusal(const struct xfsm_rest_call *call,
                         void (*handler)(struct xfsm_rest_call *))
{
    static void (*const handlers[])(struct xfsm_rest_call *) = {
#define TENANT_ROUTE(HANDLER) xfsm_rest_##HANDLER,
        XFSM_REST_TENANT_ROUTES(TENANT_ROUTE)
#undef TENANT_ROUTE
    };
    size_t i;

    if (!call->tenant[0]) {
        return NULL;
    }
    for (i = 0; i < ARRAY_SIZE(handlers) && handlers[i] != handler; i++) {
        continue;
    }
    return (i >= ARRAY_SIZE(handlers) ? "this is not for users of a tenant"
            : !xfsm_rest_get_tenant(call) ? "your tenant is not there"
            : NULL);
}

const struct xfsm_fleet_tenant *
xfsm_rest_get_tenant(const struct xfsm_rest_call *call)
{
    const struct xfsm_fleet *fleet = call->rest->ctl->fleet;

    return call->tenant[0] && fleet ? shash_find_data(&fleet->tenants,
                                                      call->tenant) : NULL;
}

bool
xfsm_rest_may_see_program(const struct xfsm_rest_call *call,
                          const char *name)
{
    const struct xfsm_fleet_tenant *tenant = xfsm_rest_get_tenant(call);

    return !call->tenant[0] || (tenant && xfsm_tenant_may_use(tenant, name));
}

bool
xfsm_rest_may_see_assignment(const struct xfsm_rest_call *call,
                             const char *tenant)
{
    return !call->tenant[0] || (tenant && !strcmp(tenant, call->tenant));
}

void
xfsm_rest_place_probe(const struct xfsmrec_probe *probe,
                      struct xfsm_target_place *place)
{
    static const struct smap none = SMAP_INITIALIZER(&none);

    *place = (struct xfsm_target_place) {
        .bridge = probe->bridge,
        .port = probe->port,
        .type = probe->type,
        .tag = probe->n_tag ? probe->tag[0] : -1,
        .interface_ids = &probe->ids,
        .port_ids = &none,
    };
}

/* Tells whether the port of 'probe' is the tenant's.  A host that is too old
 * to tell what a port is has none. */
static bool
has_probe(const struct xfsm_fleet_tenant *tenant, const char *host,
          struct ovsdb_idl *idl, const struct xfsmrec_probe *probe)
{
    struct xfsm_target_place place;

    xfsm_rest_place_probe(probe, &place);
    return xfsmrec_server_has_probe_table_col_ids(idl) && probe->type[0]
           && xfsm_tenant_has_port(tenant, host, &place);
}

void
xfsm_rest_keep_own_ports(const struct xfsm_rest_call *call,
                         struct shash *ports)
{
    const struct xfsm_fleet_tenant *tenant = xfsm_rest_get_tenant(call);
    struct shash_node *node;

    if (!call->tenant[0]) {
        return;
    }
    SHASH_FOR_EACH_SAFE (node, ports) {
        char *name = xmemdup0(node->name, strcspn(node->name, "/"));
        struct xfsm_host *host = shash_find_data(&call->rest->ctl->hosts,
                                                 name);
        struct ovsdb_idl *idl = host ? xfsm_host_get_rows(host) : NULL;

        if (!tenant || !idl || !has_probe(tenant, name, idl, node->data)) {
            shash_delete(ports, node);
        }
        free(name);
    }
}

/* ## Users in the database ## */

void
xfsm_rest_digest_token(const char *token, char digest[XFSM_TOKENS_TEXT_SIZE])
{
    memcpy(digest, XFSM_TOKENS_PREFIX, strlen(XFSM_TOKENS_PREFIX));
    xfsm_signature_digest(token, strlen(token),
                          &digest[strlen(XFSM_TOKENS_PREFIX)]);
}

static bool
has_token(const struct fleetrec_role *row, const char *digest)
{
    size_t i;

    for (i = 0; i < row->n_tokens; i++) {
        if (!strcmp(row->tokens[i], digest)) {
            return true;
        }
    }
    return false;
}

bool
xfsm_rest_find_role(const struct xfsm_rest *rest, const char *digest,
                    struct xfsm_token *token)
{
    const struct ovsdb_idl *idl = rest->db ? xfsm_rest_db_idl(rest->db)
                                           : NULL;
    const struct fleetrec_role *row;

    if (idl) {
        FLEETREC_ROLE_FOR_EACH (row, idl) {
            char *error = xfsm_fleet_check_name(row->name);
            bool found = !error && has_token(row, digest)
                         && xfsm_role_from_name(row->level, &token->role);

            free(error);
            if (found) {
                ovs_strzcpy(token->name, row->name, sizeof token->name);
                ovs_strzcpy(token->tenant, row->tenant ? row->tenant : "",
                            sizeof token->tenant);
                /* "" and what is cut are the names of no tenant. */
                return !row->tenant || (row->tenant[0] && !strcmp(
                    token->tenant, row->tenant));
            }
        }
    }
    return false;
}

/* ## Whose events are ## */

/* What is known of a host's interfaces, as long as its rows and the fleet stay
 * as they are. */
struct host_owners {
    unsigned int seqno;         /* Of the host's rows. */
    uint64_t fleet;             /* Serial number. */
    struct shash owners;        /* Names of tenants in a char *, each before a
                                 * comma, by the interface's UUID. */
};

/* Events of a tenant: in this second, and ever. */
struct rate {
    long long int second;
    unsigned int n;
    uint64_t n_ever;
};

struct xfsm_owners {
    struct shash hosts;         /* struct host_owners, by name. */
    struct xfsm_recent *lines;  /* Owners of each event that is kept, as
                                 * xfsm_owners_take() returns them. */
    struct shash rates;         /* struct rate, by tenant. */
    unsigned long long int n_dropped;
};

struct xfsm_owners *
xfsm_owners_create(size_t max_events)
{
    struct xfsm_owners *owners = xzalloc(sizeof *owners);

    shash_init(&owners->hosts);
    shash_init(&owners->rates);
    owners->lines = xfsm_recent_create(max_events, XFSM_OWNERS_MAX_BYTES);
    return owners;
}

static void
forget_host(struct xfsm_owners *owners, struct shash_node *node)
{
    struct host_owners *host = node->data;

    shash_destroy_free_data(&host->owners);
    free(host);
    shash_delete(&owners->hosts, node);
}

void
xfsm_owners_destroy(struct xfsm_owners *owners)
{
    struct shash_node *node;

    if (owners) {
        SHASH_FOR_EACH_SAFE (node, &owners->hosts) {
            forget_host(owners, node);
        }
        shash_destroy(&owners->hosts);
        shash_destroy_free_data(&owners->rates);
        xfsm_recent_destroy(owners->lines);
        free(owners);
    }
}

/* What is known of the host named 'source', forgotten if it is out of date. */
static struct host_owners *
get_host(struct xfsm_owners *owners, const char *source,
         struct ovsdb_idl *idl, const struct xfsm_fleet *fleet)
{
    struct host_owners *host = shash_find_data(&owners->hosts, source);

    if (!host) {
        host = xzalloc(sizeof *host);
        shash_init(&host->owners);
        shash_add(&owners->hosts, source, host);
    }
    if (host->seqno != ovsdb_idl_get_seqno(idl)
        || host->fleet != fleet->serial) {
        shash_clear_free_data(&host->owners);
        host->seqno = ovsdb_idl_get_seqno(idl);
        host->fleet = fleet->serial;
    }
    return host;
}

static const struct xfsmrec_probe *
find_probe(const struct ovsdb_idl *idl, const struct uuid *uuid)
{
    const struct xfsmrec_probe *probe;

    XFSMREC_PROBE_FOR_EACH (probe, idl) {
        if (probe->n_interface_uuid
            && uuid_equals(&probe->interface_uuid[0], uuid)) {
            return probe;
        }
    }
    return NULL;
}

/* Returns who has the interface 'uuid' of the host named 'source'. */
static const char *
find_owners(struct xfsm_rest *rest, const char *source, const char *text)
{
    const struct xfsm_fleet *fleet = rest->ctl->fleet;
    struct xfsm_host *connection = shash_find_data(&rest->ctl->hosts, source);
    struct ovsdb_idl *idl = connection ? xfsm_host_get_rows(connection)
                                       : NULL;
    const struct xfsmrec_probe *probe;
    const struct shash_node *node;
    struct host_owners *host;
    struct uuid uuid;
    struct ds ds = DS_EMPTY_INITIALIZER;
    char *known;

    if (!idl || !uuid_from_string(&uuid, text)) {
        return "";
    }
    host = get_host(rest->owners, source, idl, fleet);
    known = shash_find_data(&host->owners, text);
    if (known) {
        return known;
    }
    probe = find_probe(idl, &uuid);
    if (!probe) {
        return "";
    }
    SHASH_FOR_EACH (node, &fleet->tenants) {
        if (has_probe(node->data, source, idl, probe)) {
            ds_put_format(&ds, "%s,", node->name);
        }
    }
    known = ds_steal_cstr(&ds);
    shash_add(&host->owners, text, known);
    return known;
}

/* Forgets tenants that are not there any more, if there are many. */
static void
forget_rates(struct xfsm_owners *owners, const struct xfsm_fleet *fleet)
{
    struct shash_node *node;

    if (shash_count(&owners->rates) < XFSM_FLEET_MAX_TENANTS) {
        return;
    }
    SHASH_FOR_EACH_SAFE (node, &owners->rates) {
        const struct xfsm_fleet_tenant *tenant
            = shash_find_data(&fleet->tenants, node->name);

        if (!tenant || tenant->error) {
            free(node->data);
            shash_delete(&owners->rates, node);
        }
    }
}

/* Tells whether the tenant may have one more event in this second, and stores
 * the number that it has for it. */
static bool
may_have_more(struct xfsm_rest *rest, const struct xfsm_fleet_tenant *tenant,
              uint64_t *own)
{
    struct xfsm_owners *owners = rest->owners;
    long long int now = time_msec() / 1000;
    struct rate *rate = shash_find_data(&owners->rates, tenant->name);

    if (!rate) {
        forget_rates(owners, rest->ctl->fleet);
        rate = xzalloc(sizeof *rate);
        shash_add(&owners->rates, tenant->name, rate);
    }
    if (rate->second != now) {
        rate->second = now;
        rate->n = 0;
    }
    if (rate->n++ >= tenant->limits.events_rate) {
        return false;
    }
    *own = rate->n_ever++;
    return true;
}

/* Appends to 'allowed' those of 'names' that may use 'program' and have one
 * more event, each with its number. */
static void
limit_owners(struct xfsm_rest *rest, const char *names, const char *program,
             struct ds *allowed)
{
    char *copy = xstrdup(names);
    char *save = NULL;
    char *name;

    for (name = strtok_r(copy, ",", &save); name;
         name = strtok_r(NULL, ",", &save)) {
        const struct xfsm_fleet_tenant *tenant
            = shash_find_data(&rest->ctl->fleet->tenants, name);

        uint64_t own;

        if (tenant && !xfsm_tenant_may_use(tenant, program)) {
            continue;
        } else if (tenant && may_have_more(rest, tenant, &own)) {
            ds_put_format(allowed, "%s:%"PRIu64",", name, own);
        } else {
            rest->owners->n_dropped++;
        }
    }
    free(copy);
}

const char *
xfsm_owners_take(struct xfsm_rest *rest, const char *source,
                 const char *event, size_t len)
{
    const struct xfsm_fleet *fleet = rest->ctl->fleet;
    struct ds allowed = DS_EMPTY_INITIALIZER;
    struct xfsm_event_view view;

    if (fleet && !shash_is_empty(&fleet->tenants)
        && xfsm_event_decode(event, len, &view) && view.interface_uuid.p
        && view.program.p) {
        char *uuid = xmemdup0(view.interface_uuid.p, view.interface_uuid.len);
        char *program = xmemdup0(view.program.p, view.program.len);

        limit_owners(rest, find_owners(rest, source, uuid), program,
                     &allowed);
        free(program);
        free(uuid);
    }
    xfsm_recent_add(rest->owners->lines, ds_cstr(&allowed), allowed.length);
    ds_destroy(&allowed);
    return xfsm_recent_get(rest->owners->lines,
                           xfsm_recent_next(rest->owners->lines) - 1)->text;
}

/* Tells whether 'name' is in 'list', of xfsm_owners_take(), and stores its
 * number there. */
static bool
is_listed(const char *list, const char *name, uint64_t *own)
{
    size_t len = strlen(name);

    while (*list) {
        size_t n = strcspn(list, ":,");

        if (n == len && !memcmp(list, name, n)) {
            *own = strtoull(list + n + (list[n] == ':'), NULL, 10);
            return true;
        }
        list += strcspn(list, ",");
        list += *list == ',';
    }
    return false;
}

bool
xfsm_owners_get_own(const struct xfsm_rest *rest, const char *tenant,
                    uint64_t number, uint64_t *own)
{
    const struct xfsm_recent *lines = rest->owners->lines;

    return (number >= xfsm_recent_first(lines)
            && number < xfsm_recent_next(lines)
            && is_listed(xfsm_recent_get(lines, number)->text, tenant, own));
}

uint64_t
xfsm_owners_next_own(const struct xfsm_rest *rest, const char *tenant)
{
    const struct rate *rate = shash_find_data(&rest->owners->rates, tenant);

    return rate ? rate->n_ever : 0;
}

uint64_t
xfsm_owners_find_own(const struct xfsm_rest *rest, const char *tenant,
                     uint64_t own)
{
    const struct xfsm_recent *lines = rest->owners->lines;
    uint64_t i = xfsm_recent_next(lines);
    uint64_t number;

    while (i > xfsm_recent_first(lines)
           && (!xfsm_owners_get_own(rest, tenant, i - 1, &number)
               || number >= own)) {
        i--;
    }
    return i;
}

bool
xfsm_owners_may_see_program(const struct xfsm_rest *rest, const char *name,
                            const char *owners, const char *program)
{
    const struct xfsm_fleet *fleet = rest->ctl->fleet;
    const struct xfsm_fleet_tenant *tenant
        = fleet ? shash_find_data(&fleet->tenants, name) : NULL;

    uint64_t own;

    return tenant && !tenant->error && is_listed(owners, name, &own)
           && xfsm_tenant_may_use(tenant, program);
}

bool
xfsm_owners_may_see(const struct xfsm_rest *rest, const char *name,
                    uint64_t number, const struct xfsm_event_view *view)
{
    const struct xfsm_recent *lines = rest->owners->lines;
    char *program;
    bool may_see;

    if (!view->program.p || number < xfsm_recent_first(lines)
        || number >= xfsm_recent_next(lines)) {
        return false;
    }
    program = xmemdup0(view->program.p, view->program.len);
    may_see = xfsm_owners_may_see_program(
        rest, name, xfsm_recent_get(lines, number)->text, program);
    free(program);
    return may_see;
}

void
xfsm_owners_forget_host(struct xfsm_owners *owners, const char *source)
{
    struct shash_node *node = shash_find(&owners->hosts, source);

    if (node) {
        forget_host(owners, node);
    }
}

size_t
xfsm_owners_n_hosts(const struct xfsm_owners *owners)
{
    return shash_count(&owners->hosts);
}

unsigned long long int
xfsm_owners_n_dropped(const struct xfsm_owners *owners)
{
    return owners->n_dropped;
}
