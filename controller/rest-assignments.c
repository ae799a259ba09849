/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include <config.h>
#include "ovsdb-schema/ovs-compat.h"

#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>

#include "controller/fleet.h"
#include "controller/fleetd.h"
#include "controller/http-limit.h"
#include "controller/operate.h"
#include "controller/parameters.h"
#include "controller/rest-call.h"
#include "controller/rest-db.h"
#include "controller/rest-preview.h"
#include "controller/rest-rows.h"
#include "controller/rest-tenants.h"
#include "controller/tenants.h"
#include "openvswitch/json.h"
#include "ovsdb-idl.h"
#include "ovsdb-schema/xfsm-fleet-idl.h"
#include "svec.h"
#include "timeval.h"
#include "util.h"

/* Hosts that a selector may name. */
#define MAX_PATTERNS 1024

static const struct ovsdb_idl_column *const columns[] = {
    &fleetrec_assignment_col_programs, &fleetrec_assignment_col_parameters,
    &fleetrec_assignment_col_target, &fleetrec_assignment_col_hosts,
    &fleetrec_assignment_col_host_labels, &fleetrec_assignment_col_enabled,
    &fleetrec_assignment_col_tenant, NULL,
};

static const struct xfsm_rest_table assignments
    = XFSM_REST_TABLE(assignment, "assignment", columns);

/* What of an assignment is written. */
struct config {
    struct svec programs;
    struct svec hosts;
    struct smap parameters, target, host_labels;
    bool enabled;
    bool preview;               /* Only what is needed for that. */
    char *tenant;               /* NULL: the operator's. */
};

static void
config_init(struct config *c)
{
    svec_init(&c->programs);
    svec_init(&c->hosts);
    smap_init(&c->parameters);
    smap_init(&c->target);
    smap_init(&c->host_labels);
    c->enabled = true;
    c->preview = false;
    c->tenant = NULL;
}

static void
config_destroy(struct config *c)
{
    svec_destroy(&c->programs);
    svec_destroy(&c->hosts);
    smap_destroy(&c->parameters);
    smap_destroy(&c->target);
    smap_destroy(&c->host_labels);
    free(c->tenant);
}

/* ## Answers ## */

static struct json *
config_to_json(const struct config *c)
{
    struct json *json = json_object_create();

    json_object_put(json, "programs", xfsm_rest_strings_to_json(
        c->programs.names, c->programs.n));
    json_object_put(json, "hosts", xfsm_rest_strings_to_json(
        c->hosts.names, c->hosts.n));
    json_object_put(json, "parameters",
                    xfsm_rest_smap_to_json(&c->parameters));
    json_object_put(json, "target", xfsm_rest_smap_to_json(&c->target));
    json_object_put(json, "host_labels",
                    xfsm_rest_smap_to_json(&c->host_labels));
    json_object_put(json, "enabled", json_boolean_create(c->enabled));
    if (c->tenant) {
        json_object_put_string(json, "tenant", c->tenant);
    }
    return json;
}

static void
add_all(struct svec *svec, char *const strings[], size_t n)
{
    size_t i;

    for (i = 0; i < n; i++) {
        svec_add(svec, strings[i]);
    }
    svec_sort(svec);
}

static struct json *
row_config(const struct fleetrec_assignment *row)
{
    struct config c;
    struct json *json;

    config_init(&c);
    add_all(&c.programs, row->programs, row->n_programs);
    add_all(&c.hosts, row->hosts, row->n_hosts);
    smap_destroy(&c.parameters);
    smap_destroy(&c.target);
    smap_destroy(&c.host_labels);
    smap_clone(&c.parameters, &row->parameters);
    smap_clone(&c.target, &row->target);
    smap_clone(&c.host_labels, &row->host_labels);
    c.enabled = row->enabled;
    c.tenant = nullable_xstrdup(row->tenant);
    json = config_to_json(&c);
    config_destroy(&c);
    return json;
}

static struct json *
build_row(struct xfsm_rest_call *call, const char *name, const void *row_)
{
    const struct fleetrec_assignment *row = row_;
    struct json *json = row_config(row);

    json_object_put_string(json, "name", name);
    /* How many hosts there are is not for tenants. */
    json_object_put(json, "matches", json_integer_create(
        call->tenant[0] ? 0 : row->matches));
    if (row->error) {
        json_object_put_string(json, "error", row->error);
    }
    return json;
}

/* Of a file. */
static struct json *
build_assignment(struct xfsm_rest_call *call, const char *name,
                 const void *assignment_)
{
    const struct xfsm_fleet_assignment *a = assignment_;
    const struct shash *all = &call->rest->ctl->fleet->hosts;
    const char *s;
    struct config c;
    struct json *json;

    config_init(&c);
    SSET_FOR_EACH (s, &a->programs) {
        svec_add(&c.programs, s);
    }
    SSET_FOR_EACH (s, &a->hosts) {
        svec_add(&c.hosts, s);
    }
    if (a->all_hosts) {
        svec_add(&c.hosts, "*");
    }
    svec_sort(&c.programs);
    svec_sort(&c.hosts);
    smap_destroy(&c.target);
    smap_clone(&c.target, &a->target);
    smap_destroy(&c.parameters);
    smap_clone(&c.parameters, &a->parameters);
    c.enabled = a->enabled;
    json = config_to_json(&c);
    config_destroy(&c);
    json_object_put_string(json, "name", name);
    json_object_put(json, "matches", json_integer_create(
        a->all_hosts ? shash_count(all) : sset_count(&a->hosts)));
    return json;
}

void
xfsm_rest_get_assignments(struct xfsm_rest_call *call)
{
    const struct xfsm_fleet *fleet = call->rest->ctl->fleet;
    const struct fleetrec_assignment *row;
    const struct shash_node *node;
    struct shash items = SHASH_INITIALIZER(&items);

    if (call->rest->db) {
        struct ovsdb_idl *idl = xfsm_rest_db_rows(call);

        if (!idl) {
            return;
        }
        FLEETREC_ASSIGNMENT_FOR_EACH (row, idl) {
            if (xfsm_rest_may_see_assignment(call, row->tenant)) {
                shash_add(&items, row->name, row);
            }
        }
    } else if (fleet) {
        SHASH_FOR_EACH (node, &fleet->assignments) {
            shash_add(&items, node->name, node->data);
        }
    }
    xfsm_rest_reply_page(call, &items, call->rest->db ? build_row
                                                      : build_assignment);
}

/* The assignment that the path names, or NULL if the user may not see it. */
static const struct fleetrec_assignment *
find_row(struct xfsm_rest_call *call)
{
    const struct fleetrec_assignment *row
        = xfsm_rest_rows_find(call, &assignments);

    return row && xfsm_rest_may_see_assignment(call, row->tenant) ? row
                                                                  : NULL;
}

void
xfsm_rest_get_assignment(struct xfsm_rest_call *call)
{
    const struct xfsm_fleet *fleet = call->rest->ctl->fleet;
    const struct fleetrec_assignment *row = find_row(call);
    const struct xfsm_fleet_assignment *a
        = fleet && !call->rest->db ? shash_find_data(&fleet->assignments,
                                                     call->name) : NULL;

    if (row) {
        char *etag = xfsm_rest_make_json_etag(row_config(row));

        xfsm_rest_reply_tagged(call, build_row(call, call->name, row), etag);
        free(etag);
    } else if (a) {
        xfsm_rest_reply_json(call, MHD_HTTP_OK,
                             build_assignment(call, call->name, a));
    } else {
        xfsm_rest_not_found(call);
    }
}

/* ## Requests ## */

static char *
take_member(const char *name, const struct json *json, void *config)
{
    struct config *c = config;

    if (!strcmp(name, "hosts")) {
        return xfsm_rest_take_strings(json, MAX_PATTERNS, &c->hosts);
    } else if (!strcmp(name, "host_labels")) {
        return xfsm_rest_take_map(json, &c->host_labels);
    } else if (!strcmp(name, "target")) {
        return xfsm_rest_take_map(json, &c->target);
    } else if (!c->preview && !strcmp(name, "programs")) {
        return xfsm_rest_take_strings(json, XFSM_FLEET_MAX_PER_ASSIGNMENT,
                                      &c->programs);
    } else if (!c->preview && !strcmp(name, "parameters")) {
        return xfsm_rest_take_map(json, &c->parameters);
    } else if (!strcmp(name, "tenant")) {
        if (json->type != JSON_STRING || !json_string(json)[0]) {
            return xstrdup("must be the name of a tenant");
        }
        c->tenant = xstrdup(json_string(json));
        return NULL;
    } else if (!c->preview && !strcmp(name, "enabled")) {
        if (json->type != JSON_TRUE && json->type != JSON_FALSE) {
            return xstrdup("must be true or false");
        }
        c->enabled = json_boolean(json);
        return NULL;
    }
    return xstrdup("is not known");
}

/* Checks what the schema cannot.  Returns NULL or an error. */
static char *
check_config(const struct config *c)
{
    const struct smap_node *node;

    if (!c->preview && !c->programs.n) {
        return xstrdup("programs: at least one is needed");
    } else if (smap_is_empty(&c->target)) {
        return xstrdup("target: at least one key is needed; "
                       "{\"port\": \"*\"} is all ports");
    } else if (!c->hosts.n && smap_is_empty(&c->host_labels)) {
        return xstrdup("hosts or host_labels are needed; [\"*\"] is all "
                       "hosts");
    }
    if (smap_count(&c->target) > XFSM_FLEET_MAX_TARGETS) {
        return xasprintf("target: more than %d keys",
                         XFSM_FLEET_MAX_TARGETS);
    }
    SMAP_FOR_EACH (node, &c->target) {
        char *error = xfsm_fleet_check_target(node->key, node->value);

        if (error) {
            char *text = xasprintf("target: %.64s: %s", node->key, error);

            free(error);
            return text;
        }
    }
    return (c->preview ? NULL : xfsm_fleet_check_parameters(
        (const char *const *) c->programs.names, c->programs.n,
        &c->parameters));
}

/* A tenant need not say which hosts are meant. */
static void
set_defaults(const struct xfsm_rest_call *call, struct config *c)
{
    if (call->tenant[0] && !c->hosts.n && smap_is_empty(&c->host_labels)) {
        svec_add(&c->hosts, "*");
    }
    if (call->tenant[0] && !c->tenant) {
        c->tenant = xstrdup(call->tenant);
    }
}

/* Reads the body into 'c'.  Returns false after answering what is wrong. */
static bool
read_config(struct xfsm_rest_call *call, struct config *c)
{
    if (!xfsm_rest_read_body(call, take_member, c)) {
        return false;
    }
    set_defaults(call, c);
    return xfsm_rest_accept(call, check_config(c));
}

/* ## Writing ## */

/* Says which of what 'c' names is not there. */
static char *
find_missing(struct xfsm_rest_call *call, const struct config *c)
{
    const struct ovsdb_idl *idl = xfsm_rest_db_rows(call);
    const struct fleetrec_tenant *tenant;
    bool found = !c->tenant;
    size_t i, n = 1;

    if (!idl) {
        return NULL;            /* It is answered. */
    }
    for (i = 0; i < c->programs.n && n; i++) {
        free(xfsm_operate_find_versions(idl, c->programs.names[i], &n));
    }
    if (!n) {
        return xasprintf("programs: there is no program \"%s\"",
                         c->programs.names[i - 1]);
    } else if (c->tenant) {
        FLEETREC_TENANT_FOR_EACH (tenant, idl) {
            found = found || !strcmp(tenant->name, c->tenant);
        }
    }
    return found ? NULL : xasprintf("tenant: there is no tenant \"%s\"",
                                    c->tenant);
}

/* A database of before version 1.2.0 has no tenants. */
static bool
has_tenants(const struct xfsm_rest_call *call)
{
    return fleetrec_server_has_tenant_table(xfsm_rest_db_idl(call->rest->db));
}

static void
write_row(struct xfsm_rest_call *call,
          const struct fleetrec_assignment *row, const struct config *c)
{
    struct ovsdb_idl_txn *txn = xfsm_rest_db_begin(call);
    unsigned int status = row ? MHD_HTTP_OK : MHD_HTTP_CREATED;
    char *etag;

    if (!txn) {
        return;
    }
    if (!row) {
        row = fleetrec_assignment_insert(txn);
        fleetrec_assignment_set_name(row, call->name);
    } else {
        xfsm_rest_rows_verify(call, &assignments, row);
    }
    fleetrec_assignment_set_programs(
        row, (const char **) c->programs.names, c->programs.n);
    fleetrec_assignment_set_hosts(
        row, (const char **) c->hosts.names, c->hosts.n);
    fleetrec_assignment_set_parameters(row, &c->parameters);
    fleetrec_assignment_set_target(row, &c->target);
    fleetrec_assignment_set_host_labels(row, &c->host_labels);
    fleetrec_assignment_set_enabled(row, c->enabled);
    if (has_tenants(call)) {
        fleetrec_assignment_set_tenant(row, c->tenant);
    }
    etag = xfsm_rest_make_json_etag(config_to_json(c));
    xfsm_rest_db_commit(call, txn, status, etag, "put assignment");
    free(etag);
}

static bool
forbid(struct xfsm_rest_call *call, const char *detail, const char *what)
{
    if (xfsm_http_limit_check(call->rest->attempts, call->request->client,
                              time_msec())) {
        xfsm_rest_audit(call, call->request->method, call->request->path,
                        "forbidden");
    }
    xfsm_rest_problem(call, MHD_HTTP_FORBIDDEN, "Forbidden", detail, what);
    return false;
}

/* Tells whether the user may have an assignment of that name, or answers that
 * not: the same whether there is one or not. */
static bool
may_have_name(struct xfsm_rest_call *call)
{
    const struct fleetrec_assignment *row;

    if (!call->tenant[0]) {
        return true;
    }
    row = xfsm_rest_rows_find(call, &assignments);
    if (call->request->answered) {
        return false;
    } else if (!xfsm_tenant_has_name(call->tenant, call->name)
               || (row && !xfsm_rest_may_see_assignment(call,
                                                        row->tenant))) {
        return forbid(call, "names of your assignments begin with \"%s.\", "
                      "and some of these are the operator's", call->tenant);
    }
    return true;
}

bool
xfsm_rest_has_room(struct xfsm_rest_call *call,
                   const struct xfsm_fleet_tenant *tenant, const char *name,
                   bool enabled)
{
    unsigned int limit = tenant->limits.assignments;
    const struct fleetrec_assignment *row;
    size_t n = 0, n_enabled = 0;
    bool is_new = true;

    FLEETREC_ASSIGNMENT_FOR_EACH (row, xfsm_rest_db_idl(call->rest->db)) {
        if (!strcmp(row->name, name)) {
            is_new = false;
        } else if (row->tenant && !strcmp(row->tenant, call->tenant)) {
            n++;
            n_enabled += row->enabled;
        }
    }
    if (enabled && n_enabled >= limit) {
        xfsm_rest_problem(call, MHD_HTTP_CONFLICT, "Too many",
                          "you may have %u assignments that are enabled",
                          limit);
        return false;
    } else if (is_new && n >= XFSM_TENANT_MAX_ROWS(limit)) {
        xfsm_rest_problem(call, MHD_HTTP_CONFLICT, "Too many",
                          "you may have %u assignments, with those that are "
                          "disabled: remove some",
                          XFSM_TENANT_MAX_ROWS(limit));
        return false;
    }
    return true;
}

/* Tells whether the user may choose hosts as 'c' does, or answers that not:
 * even a look would tell a tenant of names and labels. */
static bool
may_choose_hosts(struct xfsm_rest_call *call, const struct config *c)
{
    return !call->tenant[0]
           || (c->hosts.n == 1 && !strcmp(c->hosts.names[0], "*")
               && smap_is_empty(&c->host_labels))
           || forbid(call, "hosts are not for users of a tenant to choose by; "
                     "leave %s out", "hosts and host_labels");
}

/* Tells whether the user may have such an assignment, or answers why not. */
static bool
may_have(struct xfsm_rest_call *call, const struct config *c)
{
    const struct xfsm_fleet_tenant *tenant = xfsm_rest_get_tenant(call);
    size_t i;

    if (!tenant) {
        return true;            /* The operator. */
    } else if (!c->tenant || strcmp(c->tenant, call->tenant)) {
        return forbid(call, "your tenant is %s", call->tenant);
    } else if (!may_choose_hosts(call, c)) {
        return false;
    }
    for (i = 0; i < c->programs.n; i++) {
        if (!xfsm_tenant_may_use(tenant, c->programs.names[i])) {
            return forbid(call, "program %s is none that you may use",
                          c->programs.names[i]);
        }
    }
    return xfsm_rest_has_room(call, tenant, call->name, c->enabled);
}

void
xfsm_rest_put_assignment(struct xfsm_rest_call *call)
{
    const struct fleetrec_assignment *row;
    struct config c;
    char *error, *etag;

    if (!call->rest->db) {
        xfsm_rest_db_begin(call);
        return;
    }
    error = xfsm_fleet_check_name(call->name);
    if (error) {
        xfsm_rest_problem(call, MHD_HTTP_BAD_REQUEST, "Bad name", "%s",
                          error);
        free(error);
        return;
    }
    config_init(&c);
    if (may_have_name(call) && read_config(call, &c)
        && may_have(call, &c)
        && xfsm_rest_accept(call, find_missing(call, &c))) {
        row = find_row(call);
        etag = row ? xfsm_rest_make_json_etag(row_config(row)) : NULL;
        if (row && row->tenant && !c.tenant) {
            /* Else it would reach the ports of all. */
            c.tenant = xstrdup(row->tenant);
        }
        if (!call->request->answered && xfsm_rest_may_write(call, etag)) {
            write_row(call, row, &c);
        }
        free(etag);
    }
    config_destroy(&c);
}

void
xfsm_rest_delete_assignment(struct xfsm_rest_call *call)
{
    const struct fleetrec_assignment *row = find_row(call);

    xfsm_rest_rows_delete(call, &assignments, row, row
                          ? xfsm_rest_make_json_etag(row_config(row)) : NULL);
}

/* ## Preview ## */

/* Finds the hosts that 'c' means, as far as the user has ports there. */
static void
find_hosts(const struct xfsm_rest_call *call, const struct config *c,
           const struct xfsm_fleet_tenant *tenant, struct sset *hosts)
{
    const struct xfsm_fleet *fleet = call->rest->ctl->fleet;
    const struct shash_node *node;

    SHASH_FOR_EACH (node, &fleet->hosts) {
        if (xfsm_fleet_host_is_meant(node->data, c->hosts.names, c->hosts.n,
                                     &c->host_labels)
            && (!tenant || tenant->all_hosts
                || sset_contains(&tenant->hosts, node->name))) {
            sset_add(hosts, node->name);
        }
    }
}

/* Finds the tenant whose ports alone are meant, NULL if there is none such.
 * Returns false after answering that there is no such tenant. */
static bool
find_tenant(struct xfsm_rest_call *call, const struct config *c,
            const struct xfsm_fleet_tenant **tenant)
{
    *tenant = xfsm_rest_get_tenant(call);
    if (*tenant && strcmp(c->tenant, call->tenant)) {
        return forbid(call, "your tenant is %s", call->tenant);
    } else if (!*tenant && c->tenant) {
        *tenant = shash_find_data(&call->rest->ctl->fleet->tenants,
                                  c->tenant);
    }
    if ((c->tenant && !*tenant) || (*tenant && (*tenant)->error)) {
        xfsm_rest_problem(call, MHD_HTTP_BAD_REQUEST, "Bad body",
                          "tenant: there is none such that has ports");
        return false;
    }
    return true;
}

void
xfsm_rest_preview(struct xfsm_rest_call *call)
{
    const struct xfsm_fleet_tenant *tenant;
    const char *switches = xfsm_http_query(call->request, "switches");
    struct sset hosts = SSET_INITIALIZER(&hosts);
    struct config c;

    if (switches && strcmp(switches, "yes") && strcmp(switches, "no")) {
        xfsm_rest_problem(call, MHD_HTTP_BAD_REQUEST, "Bad query",
                          "switches is yes or no");
        return;
    } else if (!call->rest->ctl->fleet) {
        xfsm_rest_problem(call, MHD_HTTP_SERVICE_UNAVAILABLE,
                          "Not connected", "the fleet is not known yet");
        return;
    }
    config_init(&c);
    c.preview = true;
    if (read_config(call, &c) && find_tenant(call, &c, &tenant)
        && may_choose_hosts(call, &c)) {
        find_hosts(call, &c, tenant, &hosts);
        if (tenant) {
            xfsm_tenant_confine(tenant, &c.target);
        }
        if (switches && !strcmp(switches, "no")) {
            xfsm_rest_preview_probes(call, &hosts, &c.target);
        } else {
            xfsm_rest_preview_start(call, &hosts, &c.target);
        }
    }
    config_destroy(&c);
    sset_destroy(&hosts);
}
