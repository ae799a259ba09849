/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include <config.h>
#include "ovsdb-schema/ovs-compat.h"

#include "controller/rest.h"

#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>

#include "controller/audit.h"
#include "controller/collector.h"
#include "controller/fleetd.h"
#include "controller/http-limit.h"
#include "controller/recent.h"
#include "controller/rest-call.h"
#include "controller/rest-capture.h"
#include "controller/rest-db.h"
#include "controller/rest-history.h"
#include "controller/rest-preview.h"
#include "controller/rest-tenants.h"
#include "controller/rest-tool.h"
#include "controller/talkers.h"
#include "openvswitch/dynamic-string.h"
#include "openvswitch/vlog.h"
#include "ovsdb-idl.h"
#include "sset.h"
#include "timeval.h"
#include "unicode.h"
#include "util.h"

VLOG_DEFINE_THIS_MODULE(rest_server);

static struct vlog_rate_limit rl = VLOG_RATE_LIMIT_INIT(5, 20);

/* ## Routes ## */

struct route {
    const char *method;
    const char *path;
    enum xfsm_role role;
    void (*handler)(struct xfsm_rest_call *);
};

static const struct route routes[] = {
#define ROUTE(METHOD, PATH, ROLE, HANDLER) \
    { METHOD, PATH, XFSM_ROLE_##ROLE, xfsm_rest_##HANDLER },
    XFSM_REST_ROUTES(ROUTE)
#undef ROUTE
};

/* The parameters that a query for 'handler' can have, each after a space. */
static const char *
get_parameters(void (*handler)(struct xfsm_rest_call *))
{
    static const struct {
        void (*handler)(struct xfsm_rest_call *);
        const char *names;
    } parameters[] = {
#define PARAMETERS(HANDLER, NAMES) { xfsm_rest_##HANDLER, NAMES },
        XFSM_REST_PARAMETERS(PARAMETERS)
#undef PARAMETERS
    };

    for (size_t i = 0; i < ARRAY_SIZE(parameters); i++) {
        if (parameters[i].handler == handler) {
            return parameters[i].names;
        }
    }
    return "";
}

void
xfsm_rest_list_routes(struct ds *ds)
{
    size_t i;

    for (i = 0; i < ARRAY_SIZE(routes); i++) {
        ds_put_format(ds, "%s %s %s%s\n", routes[i].method, routes[i].path,
                      xfsm_role_names[routes[i].role],
                      get_parameters(routes[i].handler));
    }
}

/* Tells whether 'path' is of 'pattern', and stores what stands for {name} and
 * {port} in 'call'. */
static bool
path_matches(const char *pattern, const char *path,
             struct xfsm_rest_call *call)
{
    BUILD_ASSERT(sizeof call->name == sizeof call->port);

    call->name[0] = call->port[0] = '\0';
    while (*pattern) {
        if (*pattern == '{') {
            char *value = call->name[0] ? call->port : call->name;
            size_t n = strcspn(path, "/");

            if (!n || n >= sizeof call->name) {
                return false;
            }
            memcpy(value, path, n);
            value[n] = '\0';
            path += n;
            pattern = strchr(pattern, '}') + 1;
        } else if (*pattern++ != *path++) {
            return false;
        }
    }
    return !*path;
}

static bool
method_matches(const char *route, const char *method)
{
    return !strcmp(route, method)
           || (!strcmp(route, "GET") && !strcmp(method, "HEAD"));
}

/* Finds the route, or answers that there is none. */
static const struct route *
find_route(struct xfsm_rest_call *call)
{
    struct ds allowed = DS_EMPTY_INITIALIZER;
    const struct route *found = NULL;
    size_t i;

    for (i = 0; i < ARRAY_SIZE(routes) && !found; i++) {
        if (path_matches(routes[i].path, call->request->path, call)) {
            if (method_matches(routes[i].method, call->request->method)) {
                found = &routes[i];
            } else if (!strstr(ds_cstr(&allowed), routes[i].method)) {
                ds_put_format(&allowed, "%s%s", allowed.length ? ", " : "",
                              routes[i].method);
            }
        }
    }
    if (!found && allowed.length) {
        xfsm_http_add_header(call->request, "Allow", ds_cstr(&allowed));
        xfsm_rest_problem(call, MHD_HTTP_METHOD_NOT_ALLOWED,
                          "Method not allowed", "allowed here: %s",
                          ds_cstr(&allowed));
    } else if (!found) {
        xfsm_rest_not_found(call);
    }
    ds_destroy(&allowed);
    return found;
}

/* ## Queries ## */

struct query {
    const char *known;          /* Parameters, each after a space. */
    struct sset names;          /* Those that came. */
    char *error;
};

static bool
is_text(const char *text)
{
    size_t length;
    char *error = utf8_validate(text, &length);

    free(error);
    return !error;
}

static bool
is_listed(const char *list, const char *name)
{
    size_t len = strlen(name);

    while (*list) {
        size_t n = strcspn(++list, " ");

        if (n == len && !memcmp(list, name, n)) {
            return true;
        }
        list += n;
    }
    return false;
}

static bool
take_parameter(void *query_, const char *name, const char *value)
{
    struct query *query = query_;

    if (!name[0] && !value) {
        return true;            /* Nothing, between two "&". */
    } else if (!is_text(name) || (value && !is_text(value))) {
        query->error = xstrdup("the query is no text in UTF-8");
    } else if (!is_listed(query->known, name)) {
        query->error = xasprintf("\"%s\" is no parameter of this; known:%s",
                                 name, query->known[0] ? query->known
                                 : " none");
    } else if (!value) {
        query->error = xasprintf("%s has no value", name);
    } else if (!sset_add(&query->names, name)) {
        query->error = xasprintf("%s is there twice", name);
    }
    return !query->error;
}

/* Tells whether the query has but parameters that the handler knows, each
 * once, or answers that not. */
static bool
check_query(struct xfsm_rest_call *call)
{
    struct query query = {
        .known = get_parameters(call->handler),
        .names = SSET_INITIALIZER(&query.names),
    };

    xfsm_http_list_query(call->request, take_parameter, &query);
    if (query.error) {
        xfsm_rest_problem(call, MHD_HTTP_BAD_REQUEST, "Bad parameter", "%s",
                          query.error);
    }
    sset_destroy(&query.names);
    free(query.error);
    return !call->request->answered;
}

/* ## Tokens ## */

/* Refuses a token, or its lack. */
static void
refuse(struct xfsm_rest_call *call, const char *why)
{
    xfsm_http_add_header(call->request, "WWW-Authenticate",
                         "Bearer realm=\"xfsm-controller\"");
    xfsm_rest_problem(call, MHD_HTTP_UNAUTHORIZED, "Not signed in", "%s",
                      why);
}

/* Finds out who is calling.  Returns false after answering. */
static bool
authenticate(struct xfsm_rest_call *call)
{
    static const char scheme[] = "Bearer ";
    const char *value = xfsm_http_header(call->request, "Authorization");
    struct xfsm_rest *rest = call->rest;
    const char *client = call->request->client;
    const struct xfsm_token *token;
    struct xfsm_token found;

    if (!value || strncasecmp(value, scheme, strlen(scheme))) {
        refuse(call, "a token is needed: Authorization: Bearer TOKEN");
        return false;
    }
    token = xfsm_tokens_find(rest->tokens, value + strlen(scheme));
    if (!token) {
        xfsm_rest_digest_token(value + strlen(scheme), call->digest);
        if (xfsm_rest_find_role(rest, call->digest, &found)) {
            token = &found;
        }
    }
    if (!token) {
        rest->refused_tokens++;
        VLOG_WARN_RL(&rl, "%s: wrong token", client);
        if (xfsm_http_limit_check(rest->attempts, client, time_msec())) {
            refuse(call, "this token is not known");
        } else {
            xfsm_http_add_header(call->request, "Retry-After", "5");
            xfsm_rest_problem(call, MHD_HTTP_TOO_MANY_REQUESTS,
                              "Too many attempts",
                              "too many wrong tokens from this address");
        }
        return false;
    }
    ovs_strzcpy(call->user, token->name, sizeof call->user);
    ovs_strzcpy(call->tenant, token->tenant, sizeof call->tenant);
    call->role = token->role;
    return true;
}

/* ## Requests ## */

/* Counts and notes that the user may not do this. */
static void
note_forbidden(struct xfsm_rest_call *call)
{
    call->rest->forbidden++;
    if (xfsm_http_limit_check(call->rest->attempts, call->request->client,
                              time_msec())) {
        xfsm_rest_audit(call, call->request->method, call->request->path,
                        "forbidden");
    }
}

/* Tells whether the user may do this, as one of a tenant, or answers that
 * not. */
static bool
check_tenant(struct xfsm_rest_call *call)
{
    const char *refusal = xfsm_rest_tenant_refusal(call, call->handler);

    if (refusal) {
        note_forbidden(call);
        xfsm_rest_problem(call, MHD_HTTP_FORBIDDEN, "Forbidden", "%s",
                          refusal);
    }
    return !refusal;
}

static void
begin(struct xfsm_http_request *request, void *rest_)
{
    struct xfsm_rest_call *call = xzalloc(sizeof *call);
    const struct route *route;

    request->data = call;
    call->rest = rest_;
    call->request = request;
    if (!is_text(request->path)) {
        xfsm_rest_problem(call, MHD_HTTP_BAD_REQUEST, "Bad path",
                          "the path is no text in UTF-8");
        return;
    }
    route = find_route(call);
    if (!route) {
        return;
    }
    call->handler = route->handler;
    if (route->handler == xfsm_rest_test_program) {
        request->max_body = XFSM_REST_MAX_FORM;
    }
    if (route->role == XFSM_ROLE_NOBODY || !authenticate(call)) {
        return;
    }
    call->writes = (strcmp(route->method, "GET")
                    && route->role >= XFSM_ROLE_OPERATOR
                    && route->handler != xfsm_rest_validate
                    && route->handler != xfsm_rest_test_program);
    if (call->role < route->role) {
        note_forbidden(call);
        xfsm_rest_problem(call, MHD_HTTP_FORBIDDEN, "Forbidden",
                          "this needs the role %s; yours is %s",
                          xfsm_role_names[route->role],
                          xfsm_role_names[call->role]);
    } else if (check_tenant(call)) {
        check_query(call);
    }
}

static void
handle(struct xfsm_http_request *request, void *rest_ OVS_UNUSED)
{
    struct xfsm_rest_call *call = request->data;

    /* While the body was on its way, the tenant may have gone: without one,
     * handlers would take the user for the operator's. */
    if (check_tenant(call)) {
        call->handler(call);
    }
}

/* ## The server ## */

void
xfsm_rest_forget_host(struct xfsm_rest *rest, const char *host)
{
    xfsm_owners_forget_host(rest->owners, host);
}

char *
xfsm_rest_reload(struct xfsm_rest *rest)
{
    struct xfsm_tokens *tokens;
    char *error = xfsm_tokens_read(rest->tokens_file, &tokens);

    if (!error) {
        xfsm_tokens_destroy(rest->tokens);
        rest->tokens = tokens;
        rest->generation++;
        if (rest->http) {
            xfsm_http_wake_streams(rest->http);
        }
    }
    return error;
}

char *
xfsm_rest_create(struct controller *ctl, const struct xfsm_rest_options *o,
                 struct xfsm_rest **restp)
{
    struct xfsm_rest *rest = xzalloc(sizeof *rest);
    struct xfsm_http_options http = {
        .listen = o->listen, .key = o->key, .cert = o->cert,
        .rate = o->rate, .begin = begin, .handle = handle, .aux = rest,
    };
    const struct xfsm_audit_limits audit = {
        XFSM_AUDIT_FILE_BYTES, XFSM_AUDIT_FILES, XFSM_AUDIT_ENTRIES,
    };
    char *error;

    rest->ctl = ctl;
    rest->metrics_hosts = o->metrics_hosts;
    rest->metrics_ports = o->metrics_ports;
    rest->tokens_file = xstrdup(o->tokens);
    ovs_list_init(&rest->jobs);
    ovs_list_init(&rest->previews);
    shash_init(&rest->files);
    shash_init(&rest->drawings);
    rest->events = xfsm_recent_create(XFSM_REST_MAX_EVENTS,
                                      XFSM_REST_MAX_EVENT_BYTES);
    rest->owners = xfsm_owners_create(XFSM_REST_MAX_EVENTS);
    rest->history = xfsm_rest_history_create();
    rest->talkers = xfsm_talkers_create(XFSM_REST_MAX_TALKERS);
    rest->attempts = xmalloc(sizeof *rest->attempts);
    xfsm_http_limit_init(rest->attempts, XFSM_REST_ATTEMPT_RATE);
    error = xfsm_audit_open(o->audit, &audit, &rest->audit);
    if (!error) {
        error = xfsm_rest_reload(rest);
    }
    if (!error) {
        error = xfsm_rest_load_files(rest, o->web);
    }
    if (!error) {
        error = xfsm_http_create(&http, &rest->http);
    }
    if (error) {
        xfsm_rest_destroy(rest);
        return error;
    }
    if (ctl->db_remote) {
        rest->db = xfsm_rest_db_create(ctl->db_remote);
    }
    xfsm_collector_set_listener(ctl->collector, xfsm_rest_take_event, rest);
    *restp = rest;
    return NULL;
}

void
xfsm_rest_destroy(struct xfsm_rest *rest)
{
    if (rest) {
        if (rest->http) {
            xfsm_collector_set_listener(rest->ctl->collector, NULL, NULL);
        }
        xfsm_rest_tool_stop(rest);
        xfsm_rest_preview_stop(rest);
        xfsm_rest_db_destroy(rest->db);
        xfsm_http_destroy(rest->http);
        xfsm_tokens_destroy(rest->tokens);
        xfsm_recent_destroy(rest->events);
        xfsm_owners_destroy(rest->owners);
        xfsm_audit_close(rest->audit);
        xfsm_rest_history_destroy(rest->history);
        xfsm_talkers_destroy(rest->talkers);
        xfsm_rest_free_files(rest);
        shash_destroy_free_data(&rest->drawings);
        free(rest->attempts);
        free(rest->tokens_file);
        free(rest);
    }
}

/* Has event streams look whether their tokens are still there. */
static void
run_roles(struct xfsm_rest *rest)
{
    const struct ovsdb_idl *idl = xfsm_rest_db_idl(rest->db);

    if (idl && rest->roles_seqno != ovsdb_idl_get_seqno(idl)) {
        rest->roles_seqno = ovsdb_idl_get_seqno(idl);
        xfsm_http_wake_streams(rest->http);
    }
}

void
xfsm_rest_run(struct xfsm_rest *rest)
{
    if (rest->db) {
        xfsm_rest_db_run(rest->db);
        run_roles(rest);
    }
    xfsm_rest_history_run(rest);
    xfsm_rest_tool_run(rest);
    xfsm_rest_preview_run(rest);
    xfsm_http_run(rest->http);
}

void
xfsm_rest_wait(struct xfsm_rest *rest)
{
    if (rest->db) {
        xfsm_rest_db_wait(rest->db);
    }
    xfsm_rest_history_wait(rest);
    xfsm_rest_tool_wait(rest);
    xfsm_rest_preview_wait(rest);
    xfsm_http_wait(rest->http);
}
