/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include <config.h>
#include "ovsdb-schema/ovs-compat.h"

#include "controller/http.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "controller/http-limit.h"
#include "openvswitch/list.h"
#include "openvswitch/poll-loop.h"
#include "openvswitch/vlog.h"
#include "packets.h"
#include "socket-util.h"
#include "timeval.h"
#include "util.h"

VLOG_DEFINE_THIS_MODULE(http);

#define PROBLEM "application/problem+json"

/* For GnuTLS: what is older than TLS 1.2 is refused. */
static char tls_priorities[]
    = "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2";

/* Turns of libmicrohttpd, when it stops, for answers that are under way. */
#define LAST_TURNS 4

/* Bytes of a form that are looked at a time. */
#define FORM_BUFFER 65536

/* Bytes that a stream is given at a time. */
#define STREAM_BLOCK 32768

struct xfsm_http_server {
    struct MHD_Daemon *daemon;
    char *key, *cert;           /* Their text, or NULL. */
    struct xfsm_http_options options;   /* Callbacks and 'aux' alone. */
    struct xfsm_http_limit limit;
    struct xfsm_http_counters counters;
    struct ovs_list streams;    /* struct xfsm_http_stream. */
    size_t n_streams;
    size_t body_bytes;          /* Of all requests. */
    bool stopping;
};

struct xfsm_http_stream {
    struct ovs_list node;
    struct xfsm_http_server *server;
    struct MHD_Connection *connection;
    bool (*fill)(void *data, struct ds *);
    void *data;
    struct ds text;             /* To be sent, from 'sent' on. */
    size_t sent;
    bool suspended;
    bool ended;
    long long int keepalive;
};

/* ## Requests ## */

const char *
xfsm_http_header(const struct xfsm_http_request *request, const char *name)
{
    return MHD_lookup_connection_value(request->connection, MHD_HEADER_KIND,
                                       name);
}

const char *
xfsm_http_query(const struct xfsm_http_request *request, const char *name)
{
    return MHD_lookup_connection_value(request->connection,
                                       MHD_GET_ARGUMENT_KIND, name);
}

struct query {
    xfsm_http_query_cb *cb;
    void *aux;
};

static enum MHD_Result
on_parameter(void *query_, enum MHD_ValueKind kind OVS_UNUSED,
             const char *name, const char *value)
{
    struct query *query = query_;

    return query->cb(query->aux, name, value) ? MHD_YES : MHD_NO;
}

void
xfsm_http_list_query(const struct xfsm_http_request *request,
                     xfsm_http_query_cb *cb, void *aux)
{
    struct query query = { .cb = cb, .aux = aux };

    MHD_get_connection_values(request->connection, MHD_GET_ARGUMENT_KIND,
                              on_parameter, &query);
}

struct form {
    xfsm_http_form_cb *cb;
    void *aux;
    bool ok;
};

static enum MHD_Result
on_field(void *form_, enum MHD_ValueKind kind OVS_UNUSED, const char *name,
         const char *file OVS_UNUSED, const char *type OVS_UNUSED,
         const char *encoding OVS_UNUSED, const char *data,
         uint64_t offset OVS_UNUSED, size_t len)
{
    struct form *form = form_;

    /* A part need not have a name. */
    form->ok = form->ok && name && form->cb(form->aux, name, data, len);
    return form->ok ? MHD_YES : MHD_NO;
}

bool
xfsm_http_read_form(struct xfsm_http_request *request, xfsm_http_form_cb *cb,
                    void *aux)
{
    struct form form = { .cb = cb, .aux = aux, .ok = true };
    struct MHD_PostProcessor *processor
        = MHD_create_post_processor(request->connection, FORM_BUFFER,
                                    on_field, &form);
    bool complete;

    if (!processor) {
        return false;
    }
    complete = MHD_post_process(processor, ds_cstr(&request->body),
                                request->body.length) == MHD_YES;
    complete = MHD_destroy_post_processor(processor) == MHD_YES && complete;
    return complete && form.ok;
}

void
xfsm_http_add_header(struct xfsm_http_request *request, const char *name,
                     const char *value)
{
    ds_put_buffer(&request->headers, name, strlen(name) + 1);
    ds_put_buffer(&request->headers, value, strlen(value) + 1);
}

static void
add_headers(struct xfsm_http_request *request, const char *type)
{
    const char *p = ds_cstr(&request->headers);
    const char *end = p + request->headers.length;

    MHD_add_response_header(request->response, MHD_HTTP_HEADER_CONTENT_TYPE,
                            type);
    while (p < end) {
        const char *value = p + strlen(p) + 1;

        MHD_add_response_header(request->response, p, value);
        p = value + strlen(value) + 1;
    }
}

void
xfsm_http_reply(struct xfsm_http_request *request, unsigned int status,
                const char *type, const char *body, size_t len)
{
    if (request->answered) {
        return;
    }
    request->response = MHD_create_response_from_buffer(
        len, CONST_CAST(char *, body), MHD_RESPMEM_MUST_COPY);
    if (!request->response) {
        out_of_memory();
    }
    add_headers(request, type);
    request->status = status;
    request->answered = true;
    request->server->counters.errors += status >= 400;
    if (request->deferred) {
        request->deferred = false;
        MHD_resume_connection(request->connection);
    }
}

void
xfsm_http_defer(struct xfsm_http_request *request)
{
    if (request->deferred) {
        return;
    }
    request->deferred = true;
    MHD_suspend_connection(request->connection);
}

static enum MHD_Result
queue_response(struct xfsm_http_request *request)
{
    struct MHD_Response *response = request->response;
    enum MHD_Result result;

    request->response = NULL;
    result = MHD_queue_response(request->connection, request->status,
                                response);
    MHD_destroy_response(response);
    return result;
}

static void
name_client(struct xfsm_http_request *request)
{
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(
        request->connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    const struct sockaddr *sa = info ? info->client_addr : NULL;

    if (sa && sa->sa_family == AF_INET) {
        inet_ntop(AF_INET, &ALIGNED_CAST(const struct sockaddr_in *,
                                         sa)->sin_addr,
                  request->own_client, sizeof request->own_client);
    } else if (sa && sa->sa_family == AF_INET6) {
        inet_ntop(AF_INET6, &ALIGNED_CAST(const struct sockaddr_in6 *,
                                          sa)->sin6_addr,
                  request->own_client, sizeof request->own_client);
    } else {
        ovs_strzcpy(request->own_client, "unknown",
                    sizeof request->own_client);
    }
    request->client = request->own_client;
}

static struct xfsm_http_request *
create_request(struct xfsm_http_server *server,
               struct MHD_Connection *connection, const char *url,
               const char *method)
{
    struct xfsm_http_request *request = xzalloc(sizeof *request);

    request->server = server;
    request->max_body = XFSM_HTTP_MAX_BODY;
    request->connection = connection;
    request->method = method;
    request->own_path = xstrdup(url);
    request->path = request->own_path;
    ds_init(&request->body);
    ds_init(&request->headers);
    name_client(request);
    return request;
}

static void
reply_problem(struct xfsm_http_request *request, unsigned int status,
              const char *title, const char *detail)
{
    char *body = xasprintf("{\"detail\":\"%s\",\"status\":%u,"
                           "\"title\":\"%s\",\"type\":\"about:blank\"}",
                           detail, status, title);

    xfsm_http_reply(request, status, PROBLEM, body, strlen(body));
    free(body);
}

/* Refuses what no handler need see. */
static void
check_rate(struct xfsm_http_request *request)
{
    struct xfsm_http_server *server = request->server;

    server->counters.requests++;
    server->counters.clients_evicted = server->limit.evicted;
    if (!xfsm_http_limit_check(&server->limit, request->client,
                               time_msec())) {
        server->counters.limited++;
        xfsm_http_add_header(request, MHD_HTTP_HEADER_RETRY_AFTER, "1");
        reply_problem(request, MHD_HTTP_TOO_MANY_REQUESTS,
                      "Too many requests", "come again in a second");
    }
}

/* Tells whether the server ends, after answering that it does: who handles
 * requests may be gone already. */
static bool
refuse_at_end(struct xfsm_http_request *request)
{
    if (request->server->stopping) {
        reply_problem(request, MHD_HTTP_SERVICE_UNAVAILABLE, "Stopping",
                      "the server is stopping");
    }
    return request->server->stopping;
}

/* Refuses a body that there is no room for, if its length is told. */
static void
check_length(struct xfsm_http_request *request)
{
    struct xfsm_http_server *server = request->server;
    const char *length = xfsm_http_header(request,
                                          MHD_HTTP_HEADER_CONTENT_LENGTH);
    unsigned long long int n = length ? strtoull(length, NULL, 10) : 0;

    if (n > request->max_body) {
        char *detail = xasprintf("at most %"PRIuSIZE" bytes",
                                 request->max_body);

        server->counters.too_large++;
        reply_problem(request, MHD_HTTP_CONTENT_TOO_LARGE,
                      "Body too large", detail);
        free(detail);
    } else if (n > XFSM_HTTP_MAX_BODIES - server->body_bytes) {
        server->counters.bodies_refused++;
        xfsm_http_add_header(request, MHD_HTTP_HEADER_RETRY_AFTER, "1");
        reply_problem(request, MHD_HTTP_SERVICE_UNAVAILABLE, "Busy",
                      "too much is being sent already");
    }
}

/* Takes a part of the body.  Returns false to close the connection: the
 * client did not say before that there would be so much, or others sent
 * meanwhile. */
static bool
take_body(struct xfsm_http_request *request, const char *data, size_t len)
{
    struct xfsm_http_server *server = request->server;

    if (request->body.length + len > request->max_body) {
        server->counters.too_large++;
        return false;
    } else if (len > XFSM_HTTP_MAX_BODIES - server->body_bytes) {
        server->counters.bodies_refused++;
        return false;
    }
    server->body_bytes += len;
    ds_put_buffer(&request->body, data, len);
    return true;
}

static enum MHD_Result
on_request(void *server_, struct MHD_Connection *connection, const char *url,
           const char *method, const char *version OVS_UNUSED,
           const char *data, size_t *data_len, void **request_)
{
    struct xfsm_http_server *server = server_;
    struct xfsm_http_request *request = *request_;

    if (!request) {
        *request_ = request = create_request(server, connection, url,
                                             method);
    }
    if (!request->started) {
        request->started = true;
        if (!refuse_at_end(request)) {
            check_rate(request);
        }
        if (!request->answered) {
            server->options.begin(request, server->options.aux);
        }
        if (!request->answered) {
            check_length(request);
        }
        return request->answered ? queue_response(request) : MHD_YES;
    } else if (*data_len) {
        bool ok = take_body(request, data, *data_len);

        *data_len = 0;
        return ok ? MHD_YES : MHD_NO;
    }
    if (!request->answered && !request->deferred
        && !refuse_at_end(request)) {
        server->options.handle(request, server->options.aux);
    }
    return request->response ? queue_response(request)
           : request->deferred ? MHD_YES : MHD_NO;
}

static void
on_completed(void *server_ OVS_UNUSED,
             struct MHD_Connection *connection OVS_UNUSED, void **request_,
             enum MHD_RequestTerminationCode why OVS_UNUSED)
{
    struct xfsm_http_request *request = *request_;

    if (request) {
        if (request->response) {
            MHD_destroy_response(request->response);
        }
        request->server->body_bytes -= request->body.length;
        ds_destroy(&request->body);
        ds_destroy(&request->headers);
        free(request->own_path);
        free(request->data);
        free(request);
        *request_ = NULL;
    }
}

/* ## Streams ## */

static ssize_t
on_stream_read(void *stream_, uint64_t pos OVS_UNUSED, char *buf, size_t max)
{
    struct xfsm_http_stream *stream = stream_;
    size_t n;

    if (stream->sent == stream->text.length && !stream->ended) {
        ds_clear(&stream->text);
        stream->sent = 0;
        stream->ended = stream->server->stopping
                        || !stream->fill(stream->data, &stream->text);
        if (!stream->text.length && time_msec() >= stream->keepalive) {
            ds_put_cstr(&stream->text, ":\n\n");
        }
    }
    n = MIN(max, stream->text.length - stream->sent);
    if (n) {
        memcpy(buf, ds_cstr(&stream->text) + stream->sent, n);
        stream->sent += n;
        stream->keepalive = time_msec() + XFSM_HTTP_KEEPALIVE;
    } else if (stream->ended) {
        return MHD_CONTENT_READER_END_OF_STREAM;
    } else {
        stream->suspended = true;
        MHD_suspend_connection(stream->connection);
    }
    return n;
}

static void
on_stream_free(void *stream_)
{
    struct xfsm_http_stream *stream = stream_;

    ovs_list_remove(&stream->node);
    stream->server->n_streams--;
    ds_destroy(&stream->text);
    free(stream->data);
    free(stream);
}

bool
xfsm_http_reply_stream(struct xfsm_http_request *request, const char *type,
                       bool (*fill)(void *data, struct ds *), void *data)
{
    struct xfsm_http_server *server = request->server;
    struct xfsm_http_stream *stream;

    if (server->n_streams >= XFSM_HTTP_MAX_STREAMS) {
        server->counters.streams_refused++;
        free(data);
        return false;
    }
    stream = xzalloc(sizeof *stream);
    stream->server = server;
    stream->connection = request->connection;
    stream->fill = fill;
    stream->data = data;
    ovs_list_push_back(&server->streams, &stream->node);
    server->n_streams++;
    request->response = MHD_create_response_from_callback(
        MHD_SIZE_UNKNOWN, STREAM_BLOCK, on_stream_read, stream,
        on_stream_free);
    if (!request->response) {
        out_of_memory();
    }
    add_headers(request, type);
    request->status = MHD_HTTP_OK;
    request->answered = true;
    return true;
}

size_t
xfsm_http_count_streams(const struct xfsm_http_server *server,
                        bool (*fill)(void *data, struct ds *),
                        bool (*is_like)(const void *data, const void *like),
                        const void *like)
{
    const struct xfsm_http_stream *stream;
    size_t n = 0;

    LIST_FOR_EACH (stream, node, &server->streams) {
        n += stream->fill == fill && is_like(stream->data, like);
    }
    return n;
}

static void
resume(struct xfsm_http_stream *stream)
{
    if (stream->suspended) {
        stream->suspended = false;
        MHD_resume_connection(stream->connection);
    }
}

void
xfsm_http_wake_streams(struct xfsm_http_server *server)
{
    struct xfsm_http_stream *stream;

    LIST_FOR_EACH (stream, node, &server->streams) {
        resume(stream);
    }
}

/* ## The server ## */

static char *
read_pem(const char *file, char **textp)
{
    struct ds text = DS_EMPTY_INITIALIZER;
    FILE *stream = fopen(file, "re");
    int c;

    if (!stream) {
        return xasprintf("cannot open %s (%s)", file, ovs_strerror(errno));
    }
    while ((c = getc(stream)) != EOF && text.length < 1024 * 1024) {
        ds_put_char(&text, c);
    }
    fclose(stream);
    *textp = ds_steal_cstr(&text);
    return NULL;
}

/* Decodes what is encoded with percent signs, unless that has a null byte,
 * which would make another text of it: "a%00b" would be "a". */
static size_t
on_unescape(void *aux OVS_UNUSED,
            struct MHD_Connection *connection OVS_UNUSED, char *text)
{
    return strstr(text, "%00") ? strlen(text) : MHD_http_unescape(text);
}

static bool
is_loopback(const struct sockaddr_storage *ss)
{
    if (ss->ss_family == AF_INET) {
        const struct sockaddr_in *sin
            = ALIGNED_CAST(const struct sockaddr_in *, ss);

        return ntohl(sin->sin_addr.s_addr) >> 24 == 127;
    } else {
        const struct sockaddr_in6 *sin6
            = ALIGNED_CAST(const struct sockaddr_in6 *, ss);

        return IN6_IS_ADDR_LOOPBACK(&sin6->sin6_addr);
    }
}

static char *
start(struct xfsm_http_server *server, const struct sockaddr_storage *ss,
      const struct xfsm_http_options *o)
{
    unsigned int flags = MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME
                         | (ss->ss_family == AF_INET6 ? MHD_USE_IPv6 : 0)
                         | (server->key ? MHD_USE_TLS : 0);
    struct MHD_OptionItem tls[] = {
        { MHD_OPTION_HTTPS_MEM_KEY, 0, server->key },
        { MHD_OPTION_HTTPS_MEM_CERT, 0, server->cert },
        { MHD_OPTION_HTTPS_PRIORITIES, 0, tls_priorities },
        { MHD_OPTION_END, 0, NULL },
    };

    server->daemon = MHD_start_daemon(
        flags, 0, NULL, NULL, on_request, server,
        MHD_OPTION_SOCK_ADDR, ss,
        MHD_OPTION_NOTIFY_COMPLETED, on_completed, server,
        MHD_OPTION_UNESCAPE_CALLBACK, on_unescape, NULL,
        MHD_OPTION_CONNECTION_LIMIT,
        (unsigned int) XFSM_HTTP_MAX_CONNECTIONS,
        MHD_OPTION_PER_IP_CONNECTION_LIMIT,
        (unsigned int) XFSM_HTTP_MAX_PER_CLIENT,
        MHD_OPTION_CONNECTION_TIMEOUT, (unsigned int) XFSM_HTTP_IDLE,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t) XFSM_HTTP_MAX_HEAD,
        MHD_OPTION_ARRAY, server->key ? tls : &tls[ARRAY_SIZE(tls) - 1],
        MHD_OPTION_END);
    return server->daemon ? NULL
           : xasprintf("cannot serve at %s (%s)%s", o->listen,
                       ovs_strerror(errno),
                       server->key ? "; key and certificate must be a pair"
                       : "");
}

char *
xfsm_http_create(const struct xfsm_http_options *o,
                 struct xfsm_http_server **serverp)
{
    struct xfsm_http_server *server;
    struct sockaddr_storage ss;
    char *error = NULL;

    if (!inet_parse_active(o->listen, -1, &ss, false, NULL)) {
        return xasprintf("\"%s\" is not ADDRESS:PORT", o->listen);
    } else if (!o->key != !o->cert) {
        return xstrdup("TLS needs both a private key and a certificate");
    } else if (!o->key && !is_loopback(&ss)) {
        return xasprintf("%s is no loopback address, so TLS is needed: "
                         "--private-key and --certificate", o->listen);
    } else if (o->key && MHD_is_feature_supported(MHD_FEATURE_TLS)
                         != MHD_YES) {
        return xstrdup("this libmicrohttpd has no TLS");
    }
    server = xzalloc(sizeof *server);
    server->options = *o;
    ovs_list_init(&server->streams);
    xfsm_http_limit_init(&server->limit, o->rate);
    if (o->key) {
        error = read_pem(o->key, &server->key);
    }
    if (!error && o->cert) {
        error = read_pem(o->cert, &server->cert);
    }
    if (!error) {
        error = start(server, &ss, o);
    }
    if (error) {
        xfsm_http_destroy(server);
        return error;
    }
    VLOG_INFO("serving HTTP%s at %s", server->key ? "S" : "", o->listen);
    *serverp = server;
    return NULL;
}

void
xfsm_http_destroy(struct xfsm_http_server *server)
{
    int i;

    if (server) {
        server->stopping = true;
        if (server->daemon) {
            for (i = 0; i < LAST_TURNS; i++) {
                xfsm_http_wake_streams(server);
                MHD_run(server->daemon);
            }
            xfsm_http_wake_streams(server);
            MHD_stop_daemon(server->daemon);
        }
        free(server->key);
        free(server->cert);
        free(server);
    }
}

void
xfsm_http_run(struct xfsm_http_server *server)
{
    struct xfsm_http_stream *stream;

    LIST_FOR_EACH (stream, node, &server->streams) {
        if (time_msec() >= stream->keepalive) {
            resume(stream);
        }
    }
    MHD_run(server->daemon);
}

void
xfsm_http_wait(struct xfsm_http_server *server)
{
    const union MHD_DaemonInfo *info
        = MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_EPOLL_FD);
    const struct xfsm_http_stream *stream;
    MHD_UNSIGNED_LONG_LONG timeout;

    poll_fd_wait(info->epoll_fd, POLLIN);
    if (MHD_get_timeout(server->daemon, &timeout) == MHD_YES) {
        poll_timer_wait(MIN(timeout, XFSM_HTTP_IDLE * 1000));
    }
    LIST_FOR_EACH (stream, node, &server->streams) {
        if (stream->suspended) {
            poll_timer_wait_until(stream->keepalive);
        }
    }
}

const struct xfsm_http_counters *
xfsm_http_get_counters(const struct xfsm_http_server *server)
{
    return &server->counters;
}

size_t
xfsm_http_n_streams(const struct xfsm_http_server *server)
{
    return server->n_streams;
}
