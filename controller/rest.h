/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef CONTROLLER_REST_H
#define CONTROLLER_REST_H 1

#include <stddef.h>

/* The REST API of xfsm-controller, and the pages of its dashboard.
 *
 *   rest.c              which request is whose: routes, tokens, limits;
 *   rest-call.c         what answers have in common;
 *   rest-db.c           what is read from and written to XFSM_Fleet;
 *   rest-fleet.c        hosts, and lists of ports;
 *   rest-hosts.c        hosts that are added, changed and removed;
 *   rest-history.c      how much there was, for charts;
 *   rest-ports.c        one port, states of flows, top talkers;
 *   rest-programs.c     programs, and what the toolbox makes of them;
 *   rest-capture.c      programs on captures of users;
 *   rest-tool.c         the toolbox at work;
 *   rest-rollouts.c     roll-outs of programs;
 *   rest-probes.c       one program on one port;
 *   rest-assignments.c  assignments, and what a selector would select;
 *   rest-events.c       events;
 *   rest-audit.c        what users did;
 *   rest-metrics.c      metrics, and rest-metrics-hosts.c those of hosts and
 *                       ports;
 *   rest-web.c          files of the dashboard.
 *
 * controller/web/openapi.json describes all routes; tests/system/test-rest.py
 * holds both against each other.
 *
 * A fleet that comes from a file can be looked at, but not be written.
 *
 * Thread-safety: none. */

struct controller;
struct ds;
struct xfsm_rest;

/* Events that are kept in memory. */
#define XFSM_REST_MAX_EVENTS 10000
#define XFSM_REST_MAX_EVENT_BYTES (16 * 1024 * 1024)

/* Lists of top talkers that are kept. */
#define XFSM_REST_MAX_TALKERS 1024

/* Event streams of all users of one tenant. */
#define XFSM_REST_MAX_TENANT_STREAMS 8

/* Requests a second of a client, unless the user says otherwise, and attempts
 * with a wrong token, or at what the role does not allow, that are told apart
 * and noted. */
#define XFSM_REST_RATE 100
#define XFSM_REST_MAX_RATE 100000
#define XFSM_REST_ATTEMPT_RATE 1

/* Items of a list in an answer. */
#define XFSM_REST_MAX_LIMIT 1000
#define XFSM_REST_LIMIT 100

struct xfsm_rest_options {
    char *listen;               /* NULL: no REST API. */
    char *tokens;               /* File, see tokens.h. */
    char *web;                  /* Folder of the dashboard. */
    char *key, *cert;           /* For TLS, or NULL. */
    char *audit;                /* File, see audit.h, or NULL. */
    unsigned int rate;
    unsigned int metrics_hosts; /* That have metrics of their own... */
    unsigned int metrics_ports; /* ...and ports, see metrics.h. */
};

/* Starts to serve what 'ctl' knows.  Returns NULL and stores the server, or an
 * error, which the caller frees. */
char *xfsm_rest_create(struct controller *ctl,
                       const struct xfsm_rest_options *,
                       struct xfsm_rest **);
void xfsm_rest_destroy(struct xfsm_rest *);

void xfsm_rest_run(struct xfsm_rest *);
void xfsm_rest_wait(struct xfsm_rest *);

/* Reads the tokens again; the old ones stay if the file is bad.  Returns NULL
 * or an error, which the caller frees. */
char *xfsm_rest_reload(struct xfsm_rest *);

/* Forgets what is known of the host named 'host', which is let go of. */
void xfsm_rest_forget_host(struct xfsm_rest *, const char *host);

/* Notes, and logs, that the controller did 'action' to 'object'. */
void xfsm_rest_audit_own(struct xfsm_rest *, const char *action,
                         const char *object, const char *outcome);

/* Appends what users did, newest first, one a line: 'limit' entries at most,
 * with 'text' somewhere, unless that is NULL. */
void xfsm_rest_list_audit(const struct xfsm_rest *, size_t limit,
                          const char *text, struct ds *);

/* Appends all routes, one a line: method, path, least role. */
void xfsm_rest_list_routes(struct ds *);

#endif /* controller/rest.h */
