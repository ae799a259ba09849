/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef CONTROLLER_HTTP_H
#define CONTROLLER_HTTP_H 1

/* An HTTP server in the main loop, by libmicrohttpd, with one thread.
 *
 * It knows nothing of what it serves: each request is shown to 'begin' when
 * its head is there, and to 'handle' when its body is.  Either may answer it,
 * 'handle' may also defer that.  What a client can do without being asked who
 * it is, is limited here: connections, requests a second (http-limit.h),
 * bytes of head and body, of which there is a sum, too.
 *
 * With a key and a certificate it speaks TLS; without, it listens on loopback
 * addresses only, since tokens would be there for all to read.
 *
 * Thread-safety: none. */

#include <stdbool.h>
#include <stddef.h>

#include "openvswitch/dynamic-string.h"

struct MHD_Connection;
struct MHD_Response;
struct xfsm_http_server;
struct xfsm_http_stream;

/* Named limits. */
#define XFSM_HTTP_MAX_CONNECTIONS 256
#define XFSM_HTTP_MAX_PER_CLIENT 64     /* Connections of an address. */
#define XFSM_HTTP_MAX_STREAMS 32
#define XFSM_HTTP_MAX_HEAD 16384        /* Bytes. */
#define XFSM_HTTP_MAX_BODY (1024 * 1024 + 4096)     /* Bytes. */
#define XFSM_HTTP_MAX_BODIES (64 * 1024 * 1024)     /* Of all, together. */
#define XFSM_HTTP_IDLE 30               /* Seconds. */

/* Between signs of life on a stream, in milliseconds. */
#define XFSM_HTTP_KEEPALIVE 10000

/* C(MEMBER, DOC): what was served, refused and dropped. */
#define XFSM_HTTP_COUNTERS(C) \
    C(requests, "Requests") \
    C(errors, "Requests answered with 4xx or 5xx") \
    C(limited, "Requests refused: too many of one client") \
    C(too_large, "Requests refused: body over the limit") \
    C(bodies_refused, "Requests refused: bodies of all over the limit") \
    C(streams_refused, "Event streams refused: too many of them") \
    C(clients_evicted, "Clients whose rate was forgotten for want of room")

struct xfsm_http_counters {
#define XFSM_HTTP_COUNTER(MEMBER, DOC) unsigned long long int MEMBER;
    XFSM_HTTP_COUNTERS(XFSM_HTTP_COUNTER)
#undef XFSM_HTTP_COUNTER
};

struct xfsm_http_request {
    const char *method;
    const char *path;           /* Decoded, without the query. */
    const char *client;         /* Address. */
    struct ds body;
    size_t max_body;            /* 'begin' may change it: bytes. */

    /* For whoever handles it: data of its own, freed with free(). */
    void *data;

    /* Private. */
    struct xfsm_http_server *server;
    struct MHD_Connection *connection;
    struct MHD_Response *response;      /* Made, not yet queued. */
    unsigned int status;
    char *own_path;
    char own_client[64];
    struct ds headers;          /* NAME\0VALUE\0... of the answer. */
    bool started;               /* 'begin' was called. */
    bool answered;
    bool deferred;
};

struct xfsm_http_options {
    const char *listen;         /* "ADDRESS:PORT" or "[ADDRESS]:PORT". */
    const char *key;            /* Files in PEM, both or neither. */
    const char *cert;
    unsigned int rate;          /* Requests a second of a client. */
    void (*begin)(struct xfsm_http_request *, void *aux);
    void (*handle)(struct xfsm_http_request *, void *aux);
    void *aux;
};

/* Starts to listen.  Returns NULL and stores the server, or an error, which
 * the caller frees. */
char *xfsm_http_create(const struct xfsm_http_options *,
                       struct xfsm_http_server **);

/* Stops.  Requests that are deferred must have been answered; those that come
 * meanwhile are refused, without a callback. */
void xfsm_http_destroy(struct xfsm_http_server *);

void xfsm_http_run(struct xfsm_http_server *);
void xfsm_http_wait(struct xfsm_http_server *);

const struct xfsm_http_counters *xfsm_http_get_counters(
    const struct xfsm_http_server *);
size_t xfsm_http_n_streams(const struct xfsm_http_server *);

/* Value of a header, or of a parameter of the query, or NULL. */
const char *xfsm_http_header(const struct xfsm_http_request *,
                             const char *name);
const char *xfsm_http_query(const struct xfsm_http_request *,
                            const char *name);

/* Takes a parameter of the query; 'value' is NULL if it has none.  Returns
 * false to take no more. */
typedef bool xfsm_http_query_cb(void *aux, const char *name,
                                const char *value);

/* Hands each parameter of the query to 'cb', in their order. */
void xfsm_http_list_query(const struct xfsm_http_request *,
                          xfsm_http_query_cb *cb, void *aux);

/* Takes a part of the field 'name' of a form: the 'len' bytes at 'data', which
 * follow those of the part before, if that had the same name.  Returns false
 * to take no more. */
typedef bool xfsm_http_form_cb(void *aux, const char *name, const char *data,
                               size_t len);

/* Has 'cb' called with all of a body of the type multipart/form-data.  Returns
 * false if the body is none, or is not complete, or 'cb' did. */
bool xfsm_http_read_form(struct xfsm_http_request *, xfsm_http_form_cb *cb,
                         void *aux);

/* Adds a header to the answer to come. */
void xfsm_http_add_header(struct xfsm_http_request *, const char *name,
                          const char *value);

/* Answers with the 'len' bytes at 'body', which are copied. */
void xfsm_http_reply(struct xfsm_http_request *, unsigned int status,
                     const char *type, const char *body, size_t len);

/* Puts the answer off; xfsm_http_reply() must be called later.  May be called
 * again before that. */
void xfsm_http_defer(struct xfsm_http_request *);

/* Answers with a stream.  'fill' is called when xfsm_http_wake_streams() was,
 * and appends what there is to send to 'ds'; it returns false to end the
 * stream.  'data' is freed with free().  Returns false, without an answer, if
 * there are too many. */
bool xfsm_http_reply_stream(struct xfsm_http_request *, const char *type,
                            bool (*fill)(void *data, struct ds *ds),
                            void *data);

/* Counts the streams with 'fill' whose 'data' is like 'like', as 'is_like'
 * tells. */
size_t xfsm_http_count_streams(const struct xfsm_http_server *,
                               bool (*fill)(void *data, struct ds *),
                               bool (*is_like)(const void *data,
                                               const void *like),
                               const void *like);
void xfsm_http_wake_streams(struct xfsm_http_server *);

#endif /* controller/http.h */
