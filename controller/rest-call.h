/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef CONTROLLER_REST_CALL_H
#define CONTROLLER_REST_CALL_H 1

/* What the parts of rest.h share: a request of a user, and how it is
 * answered. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "controller/http.h"
#include "controller/rollout.h"
#include "controller/tokens.h"
#include "openvswitch/list.h"
#include "openvswitch/shash.h"

struct controller;
struct ds;
struct fleetrec_host;
struct json;
struct smap;
struct svec;
struct xfsm_audit;
struct xfsm_fleet_tenant;
struct xfsm_owners;
struct xfsm_recent;
struct xfsm_rest_db;
struct xfsm_rest_history;
struct xfsm_talkers;

struct xfsm_rest {
    struct controller *ctl;
    struct xfsm_http_server *http;
    struct xfsm_tokens *tokens;
    char *tokens_file;
    struct xfsm_http_limit *attempts;   /* At what is not theirs. */
    unsigned long long int refused_tokens;
    unsigned long long int forbidden;   /* Requests. */
    unsigned long long int generation;  /* Of the tokens. */
    unsigned int metrics_hosts; /* That have metrics of their own... */
    unsigned int metrics_ports; /* ...and ports. */
    unsigned int roles_seqno;   /* Of those in the database. */
    struct xfsm_rest_db *db;    /* NULL if the fleet is in a file. */
    struct ovs_list jobs;       /* Of rest-tool.c. */
    unsigned long long int refused_jobs;
    struct ovs_list previews;   /* Of rest-preview.c. */
    unsigned long long int refused_previews;
    struct xfsm_recent *events; /* "SOURCE\nEVENT". */
    struct xfsm_owners *owners; /* Whose these are. */
    struct xfsm_audit *audit;
    struct shash files;         /* struct xfsm_web_file, by path. */
    struct shash drawings;      /* SVG in a char *, by source. */
    struct xfsm_rest_history *history;
    struct xfsm_talkers *talkers;
};

/* Allocated with malloc(), the 'data' of its request. */
struct xfsm_rest_call {
    struct xfsm_rest *rest;
    struct xfsm_http_request *request;
    void (*handler)(struct xfsm_rest_call *);
    char name[128];             /* What stands for {name} in the path. */
    char port[128];             /* The same for {port}. */
    char user[XFSM_TOKENS_MAX_NAME + 1];        /* "" without a token. */
    enum xfsm_role role;
    char tenant[XFSM_TOKENS_MAX_NAME + 1];      /* "" without one. */
    char digest[XFSM_TOKENS_TEXT_SIZE];     /* Of the token, if that is in the
                                             * database, or "". */
    char detail[256];           /* What is done, for the user and audit. */
    char secret[XFSM_TOKENS_TEXT_SIZE]; /* A token that was made, for the user
                                         * alone, or "". */
    bool writes;                /* It is to be noted if it is refused. */
    bool audited;               /* It is noted already, or will be. */
};

/* ## Answers ## */

/* Each takes over 'json'.  With 'etag', the answer is 304 if the client has
 * that already. */
void xfsm_rest_reply_json(struct xfsm_rest_call *, unsigned int status,
                          struct json *json);
void xfsm_rest_reply_tagged(struct xfsm_rest_call *, struct json *json,
                            const char *etag);

/* Answers with JSON that is text already. */
void xfsm_rest_reply_text(struct xfsm_rest_call *, unsigned int status,
                          const char *json, size_t len);

/* Answers with an error as RFC 9457 says. */
void xfsm_rest_problem(struct xfsm_rest_call *, unsigned int status,
                       const char *title, const char *detail, ...)
    OVS_PRINTF_FORMAT(4, 5);

/* The same for what is not there. */
void xfsm_rest_not_found(struct xfsm_rest_call *);

/* Answers with a page of 'items' in the order of their names, by the
 * parameters "limit" and "after"; 'build' makes what is told of one.  Destroys
 * 'items', but not what is in there. */
void xfsm_rest_reply_page(struct xfsm_rest_call *, struct shash *items,
                          struct json *(*build)(struct xfsm_rest_call *,
                                                const char *name,
                                                const void *item));

/* Reads the parameter 'name' of the query, a number from 'min' to 'max', or
 * 'value' if it is not there.  Returns false after answering that it is
 * bad. */
bool xfsm_rest_query_number(struct xfsm_rest_call *, const char *name,
                            uint64_t min, uint64_t max, uint64_t *value);

/* ## Requests ## */

/* Reads the body, which must be an object in JSON.  Returns NULL after
 * answering that it is none. */
struct json *xfsm_rest_body_json(struct xfsm_rest_call *);

/* Hands each member of such a body to 'take', with 'aux'; it returns NULL, or
 * what is wrong with the value.  Returns false after answering that. */
bool xfsm_rest_read_body(struct xfsm_rest_call *,
                         char *(*take)(const char *name,
                                       const struct json *value, void *aux),
                         void *aux);

/* Answers that the body is bad, and why, unless 'error', which is taken over,
 * is NULL.  Returns false then. */
bool xfsm_rest_accept(struct xfsm_rest_call *, char *error);

/* The body as text.  Returns NULL after answering that it is none. */
const char *xfsm_rest_body_text(struct xfsm_rest_call *);

/* Take an array of at most 'max' strings, which 'svec' has sorted then, and an
 * object of strings.  Each returns NULL or an error. */
char *xfsm_rest_take_strings(const struct json *, size_t max, struct svec *);
char *xfsm_rest_take_map(const struct json *, struct smap *);

/* Holds the headers If-Match and If-None-Match against 'etag' of what is to be
 * written, NULL if it is not there yet.  Returns false after answering. */
bool xfsm_rest_may_write(struct xfsm_rest_call *, const char *etag);

/* ## Bits ## */

struct json *xfsm_rest_smap_to_json(const struct smap *);
struct json *xfsm_rest_strings_to_json(char *const strings[], size_t n);

/* The ETag of 'text', quoted; the caller frees it. */
char *xfsm_rest_make_etag(const char *text);

/* The same of 'json', which is destroyed. */
char *xfsm_rest_make_json_etag(struct json *json);

/* Copies 'text' to the 'detail' of the request, cut between two characters if
 * it is too long: what is no UTF-8 is no JSON. */
void xfsm_rest_set_detail(struct xfsm_rest_call *, const char *text);

/* Notes, and logs, that the user did 'action' to 'object'.  Where a user could
 * have that done without end, the caller limits it. */
void xfsm_rest_audit(struct xfsm_rest_call *, const char *action,
                     const char *object, const char *outcome);

/* The same for a request that would write, was refused, and is not noted yet,
 * as often as XFSM_REST_ATTEMPT_RATE lets it. */
void xfsm_rest_audit_refusal(struct xfsm_rest_call *, const char *outcome,
                             const char *why);

/* ## Handlers ##
 *
 * R(METHOD, PATH, ROLE, HANDLER): all routes.  {name} and {port} in a path
 * stand for one segment each, in this order. */
#define XFSM_REST_ROUTES(R) \
    R("GET", "/api/v1/status", VIEWER, get_status) \
    R("GET", "/api/v1/hosts", VIEWER, get_hosts) \
    R("GET", "/api/v1/hosts/{name}", VIEWER, get_host) \
    R("GET", "/api/v1/hosts/{name}/history", VIEWER, get_host_history) \
    R("GET", "/api/v1/hosts/{name}/ports/{port}", VIEWER, get_port) \
    R("GET", "/api/v1/hosts/{name}/ports/{port}/history", VIEWER, \
      get_port_history) \
    R("GET", "/api/v1/history", VIEWER, get_history) \
    R("PUT", "/api/v1/hosts/{name}", ADMIN, put_host) \
    R("DELETE", "/api/v1/hosts/{name}", ADMIN, delete_host) \
    R("GET", "/api/v1/ports", VIEWER, get_ports) \
    R("GET", "/api/v1/programs", VIEWER, get_programs) \
    R("POST", "/api/v1/programs/validate", OPERATOR, validate) \
    R("POST", "/api/v1/programs/test", OPERATOR, test_program) \
    R("GET", "/api/v1/programs/{name}", VIEWER, get_program) \
    R("GET", "/api/v1/programs/{name}/versions", VIEWER, get_versions) \
    R("GET", "/api/v1/programs/{name}/source", VIEWER, get_source) \
    R("PUT", "/api/v1/programs/{name}/source", OPERATOR, put_source) \
    R("GET", "/api/v1/programs/{name}/graph", VIEWER, get_graph) \
    R("GET", "/api/v1/programs/{name}/states", VIEWER, get_states) \
    R("GET", "/api/v1/talkers", VIEWER, get_talkers) \
    R("GET", "/api/v1/rollouts", VIEWER, get_rollouts) \
    R("GET", "/api/v1/programs/{name}/rollout", VIEWER, get_rollout) \
    R("GET", "/api/v1/programs/{name}/rollout/hosts", VIEWER, \
      get_rollout_hosts) \
    R("POST", "/api/v1/programs/{name}/rollout", OPERATOR, roll_out) \
    R("POST", "/api/v1/programs/{name}/rollback", OPERATOR, roll_back) \
    R("POST", "/api/v1/programs/{name}/abort", OPERATOR, abort_rollout) \
    R("GET", "/api/v1/probes", VIEWER, get_probes) \
    R("POST", "/api/v1/probes/install", OPERATOR, install_probe) \
    R("POST", "/api/v1/probes/start", OPERATOR, start_probe) \
    R("POST", "/api/v1/probes/stop", OPERATOR, stop_probe) \
    R("POST", "/api/v1/probes/remove", OPERATOR, remove_probe) \
    R("GET", "/api/v1/assignments", VIEWER, get_assignments) \
    R("POST", "/api/v1/assignments/preview", VIEWER, preview) \
    R("GET", "/api/v1/assignments/{name}", VIEWER, get_assignment) \
    R("PUT", "/api/v1/assignments/{name}", OPERATOR, put_assignment) \
    R("DELETE", "/api/v1/assignments/{name}", OPERATOR, \
      delete_assignment) \
    R("PUT", "/api/v1/programs/{name}/signature", OPERATOR, put_signature) \
    R("GET", "/api/v1/tenants", VIEWER, get_tenants) \
    R("GET", "/api/v1/tenants/{name}", VIEWER, get_tenant_row) \
    R("PUT", "/api/v1/tenants/{name}", ADMIN, put_tenant) \
    R("DELETE", "/api/v1/tenants/{name}", ADMIN, delete_tenant) \
    R("GET", "/api/v1/roles", ADMIN, get_roles) \
    R("GET", "/api/v1/roles/{name}", ADMIN, get_role) \
    R("PUT", "/api/v1/roles/{name}", ADMIN, put_role) \
    R("DELETE", "/api/v1/roles/{name}", ADMIN, delete_role) \
    R("POST", "/api/v1/roles/{name}/tokens", ADMIN, new_token) \
    R("DELETE", "/api/v1/roles/{name}/tokens", ADMIN, delete_tokens) \
    R("GET", "/api/v1/events", VIEWER, get_events) \
    R("GET", "/api/v1/events/stream", VIEWER, get_stream) \
    R("GET", "/api/v1/audit", ADMIN, get_audit) \
    R("GET", "/api/v1/openapi.json", NOBODY, get_file) \
    R("GET", "/metrics", VIEWER, get_metrics) \
    R("GET", "/", NOBODY, get_file) \
    R("GET", "/{name}", NOBODY, get_file)

/* P(HANDLER, NAMES): parameters that the query of a request can have, each
 * after a space; of handlers that are not here, none.  Who errs is told, for
 * what is not looked at can be what was to keep a request small. */
#define XFSM_REST_PARAMETERS(P) \
    P(get_hosts, " limit after") \
    P(delete_host, " force") \
    P(get_history, " range") \
    P(get_host_history, " range") \
    P(get_port_history, " range") \
    P(get_ports, " limit after host program") \
    P(get_programs, " limit after") \
    P(get_program, " version") \
    P(get_source, " version") \
    P(put_source, XFSM_ROLLOUT_OPTIONS(XFSM_REST_OPTION)) \
    P(get_graph, " version") \
    P(get_states, " limit after") \
    P(get_talkers, " limit after host port program") \
    P(get_rollouts, " limit after") \
    P(get_rollout_hosts, " limit after") \
    P(get_probes, " limit after host") \
    P(get_assignments, " limit after") \
    P(preview, " switches") \
    P(get_tenants, " limit after") \
    P(get_roles, " limit after") \
    P(delete_tokens, " digest") \
    P(get_events, " host label program port level q limit before") \
    P(get_stream, " host label program port level q") \
    P(get_audit, " user action outcome q limit before")

#define XFSM_REST_OPTION(KEY, MEMBER, DEFAULT, MIN, MAX) " " KEY

#define XFSM_REST_HANDLER(METHOD, PATH, ROLE, HANDLER) \
    void xfsm_rest_##HANDLER(struct xfsm_rest_call *);
XFSM_REST_ROUTES(XFSM_REST_HANDLER)
#undef XFSM_REST_HANDLER

/* Takes an event of the host named 'source'. */
void xfsm_rest_take_event(void *rest_, const char *source, const char *event,
                          size_t len);

/* Reads the files of the dashboard.  Returns NULL or an error. */
char *xfsm_rest_load_files(struct xfsm_rest *, const char *folder);
void xfsm_rest_free_files(struct xfsm_rest *);

/* The text of the program called 'name': of 'version' if 'has_version', else
 * of the newest.  Returns NULL if there is none, perhaps after answering
 * why. */
const char *xfsm_rest_find_source(struct xfsm_rest_call *, const char *name,
                                  bool has_version, uint64_t version);

/* Puts into 'ports' the probes, struct xfsmrec_probe, of the host named
 * 'host', or if that is NULL, of all hosts that are ours; by
 * "HOST/INTERFACE". */
void xfsm_rest_list_ports(struct xfsm_rest *, const char *host,
                          struct shash *ports);

/* Tells whether 'tenant', that of the user, may have an assignment called
 * 'name', which is enabled or not, or answers that it has too many. */
bool xfsm_rest_has_room(struct xfsm_rest_call *,
                        const struct xfsm_fleet_tenant *tenant,
                        const char *name, bool enabled);

/* The ETag of what users can say of a host; the caller frees it. */
char *xfsm_rest_host_etag(const struct fleetrec_host *);

/* Those of the 'n' programs called 'names' that the user may see. */
struct json *xfsm_rest_programs_to_json(const struct xfsm_rest_call *,
                                        char *const names[], size_t n);

/* What is told of such a port: of programs that the user may not see,
 * nothing. */
struct json *xfsm_rest_build_port(struct xfsm_rest_call *, const char *name,
                                  const void *probe);

#endif /* controller/rest-call.h */
