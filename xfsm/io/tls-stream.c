/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include "xfsm/io/tls-stream.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/sockios.h>
#include <netdb.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "xfsm/base/error.h"
#include "xfsm/io/clock.h"

struct xfsm_tls_stream {
    char *host, *port;
    SSL_CTX *context;
    SSL *ssl;                   /* NULL: not connected. */
    int fd;
    char why[256];
};

/* ## Creating. ## */

/* What OpenSSL has to say about the last error. */
static const char *
ssl_reason(char *buf, size_t size)
{
    unsigned long int code = ERR_peek_last_error();
    const char *reason = code ? ERR_reason_error_string(code) : NULL;

    snprintf(buf, size, "%s", reason ? reason : "no reason given");
    ERR_clear_error();
    return buf;
}

static char *
set_files(SSL_CTX *context, const struct xfsm_tls_options *o)
{
    char reason[128];

    if (o->ca ? !SSL_CTX_load_verify_locations(context, o->ca, NULL)
        : !SSL_CTX_set_default_verify_paths(context)) {
        return xfsm_error("%s: no certificates of CAs (%s)",
                          o->ca ? o->ca : "the system",
                          ssl_reason(reason, sizeof reason));
    }
    if (o->cert
        && (SSL_CTX_use_certificate_chain_file(context, o->cert) != 1
            || SSL_CTX_use_PrivateKey_file(context, o->cert,
                                           SSL_FILETYPE_PEM) != 1)) {
        return xfsm_error("%s: no certificate and key (%s)", o->cert,
                          ssl_reason(reason, sizeof reason));
    }
    return NULL;
}

char *
xfsm_tls_stream_create(const struct xfsm_tls_options *options,
                       const char *host, const char *port,
                       struct xfsm_tls_stream **sp)
{
    struct xfsm_tls_stream *s = calloc(1, sizeof *s);
    char *error = NULL;

    if (!s) {
        abort();
    }
    s->fd = -1;
    s->host = strdup(host);
    s->port = strdup(port);
    s->context = SSL_CTX_new(TLS_client_method());
    if (!s->host || !s->port || !s->context) {
        abort();
    }
    SSL_CTX_set_min_proto_version(s->context, TLS1_2_VERSION);
    SSL_CTX_set_verify(s->context, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_mode(s->context, SSL_MODE_ENABLE_PARTIAL_WRITE
                     | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    error = set_files(s->context, options);
    if (error) {
        xfsm_tls_stream_destroy(s);
    } else {
        *sp = s;
    }
    return error;
}

static void
disconnect(struct xfsm_tls_stream *s)
{
    SSL_free(s->ssl);
    s->ssl = NULL;
    if (s->fd >= 0) {
        close(s->fd);
        s->fd = -1;
    }
}

void
xfsm_tls_stream_destroy(struct xfsm_tls_stream *s)
{
    if (s) {
        if (s->ssl) {
            SSL_shutdown(s->ssl);
        }
        disconnect(s);
        SSL_CTX_free(s->context);
        free(s->host);
        free(s->port);
        free(s);
    }
}

/* ## Connecting. ## */

static int
wait_for(int fd, short int events, int64_t deadline)
{
    struct pollfd pfd = { .fd = fd, .events = events };
    int64_t left = deadline - xfsm_now_ms();
    int n = left > 0 ? poll(&pfd, 1, (int) left) : 0;

    return n > 0 || (n < 0 && errno == EINTR) ? 0 : n ? errno : ETIMEDOUT;
}

/* Connects 's->fd' to one address. */
static int
connect_address(struct xfsm_tls_stream *s, const struct addrinfo *ai,
                int64_t deadline)
{
    socklen_t len = sizeof(int);
    int error = 0;

    s->fd = socket(ai->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
                   0);
    if (s->fd < 0) {
        return errno;
    }
    if (connect(s->fd, ai->ai_addr, ai->ai_addrlen)) {
        error = errno == EINPROGRESS ? wait_for(s->fd, POLLOUT, deadline)
                                     : errno;
        if (!error && getsockopt(s->fd, SOL_SOCKET, SO_ERROR, &error, &len)) {
            error = errno;
        }
    }
    if (error) {
        disconnect(s);
    }
    return error;
}

static int
connect_host(struct xfsm_tls_stream *s, int64_t deadline)
{
    const struct addrinfo hints = {
        .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM,
    };
    struct addrinfo *list, *ai;
    int error = getaddrinfo(s->host, s->port, &hints, &list);

    if (error) {
        snprintf(s->why, sizeof s->why, "%s", gai_strerror(error));
        return error == EAI_SYSTEM ? errno : EHOSTUNREACH;
    }
    for (ai = list; ai; ai = ai->ai_next) {
        error = connect_address(s, ai, deadline);
        if (!error) {
            break;
        }
    }
    freeaddrinfo(list);
    return error;
}

/* Makes of what SSL_connect() and the like returned an errno: 0 to call it
 * again. */
static int
handle_ssl(struct xfsm_tls_stream *s, int retval, int64_t deadline)
{
    long int verdict = SSL_get_verify_result(s->ssl);
    int saved = errno;
    char reason[128];

    switch (SSL_get_error(s->ssl, retval)) {
    case SSL_ERROR_WANT_READ:
        return wait_for(s->fd, POLLIN, deadline);
    case SSL_ERROR_WANT_WRITE:
        return wait_for(s->fd, POLLOUT, deadline);
    case SSL_ERROR_ZERO_RETURN:
        return ECONNRESET;
    case SSL_ERROR_SYSCALL:
        return saved ? saved : ECONNRESET;
    default:
        snprintf(s->why, sizeof s->why, "%s", verdict != X509_V_OK
                 ? X509_verify_cert_error_string(verdict)
                 : ssl_reason(reason, sizeof reason));
        return EPROTO;
    }
}

/* Says whom the certificate must be of. */
static bool
expect_host(struct xfsm_tls_stream *s)
{
    struct in6_addr address;

    if (inet_pton(AF_INET, s->host, &address) == 1
        || inet_pton(AF_INET6, s->host, &address) == 1) {
        return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(s->ssl),
                                             s->host) == 1;
    }
    return SSL_set1_host(s->ssl, s->host) == 1
           && SSL_set_tlsext_host_name(s->ssl, s->host) == 1;
}

static int
connect_tls(struct xfsm_tls_stream *s)
{
    int64_t deadline = xfsm_now_ms() + XFSM_TLS_PATIENCE_MS;
    int error = connect_host(s, deadline);
    int retval;

    if (error) {
        return error;
    }
    s->ssl = SSL_new(s->context);
    if (!s->ssl || !expect_host(s) || !SSL_set_fd(s->ssl, s->fd)) {
        return ENOMEM;
    }
    while (!error && (retval = SSL_connect(s->ssl)) != 1) {
        error = handle_ssl(s, retval, deadline);
    }
    return error;
}

/* ## Writing. ## */

/* True if the server has closed the connection.  Takes what it says, which is
 * nothing that anybody wants. */
static bool
is_closed(struct xfsm_tls_stream *s)
{
    char buf[256];
    int retval;

    ERR_clear_error();
    while ((retval = SSL_read(s->ssl, buf, sizeof buf)) > 0) {
        continue;
    }
    return SSL_get_error(s->ssl, retval) != SSL_ERROR_WANT_READ;
}

bool
xfsm_tls_stream_is_connected(struct xfsm_tls_stream *s)
{
    if (s->ssl && is_closed(s)) {
        disconnect(s);
    }
    return s->ssl != NULL;
}

void
xfsm_tls_stream_get_bytes(const struct xfsm_tls_stream *s, uint64_t *written,
                          uint64_t *acked)
{
    int waiting = 0;

    *written = s->ssl ? BIO_number_written(SSL_get_wbio(s->ssl)) : 0;
    *acked = *written;
    if (s->ssl && !ioctl(s->fd, SIOCOUTQ, &waiting)
        && (uint64_t) waiting <= *written) {
        *acked -= (uint64_t) waiting;
    }
}

int
xfsm_tls_stream_write(struct xfsm_tls_stream *s, const void *data_,
                      size_t len)
{
    const char *data = data_;
    int64_t deadline;
    int error = 0;

    s->why[0] = '\0';
    if (!xfsm_tls_stream_is_connected(s)) {
        error = connect_tls(s);
    }
    deadline = xfsm_now_ms() + XFSM_TLS_PATIENCE_MS;
    while (!error && len) {
        int n = SSL_write(s->ssl, data, len < INT_MAX ? (int) len : INT_MAX);

        if (n > 0) {
            data += n;
            len -= (size_t) n;
        } else {
            error = handle_ssl(s, n, deadline);
        }
    }
    if (error) {
        disconnect(s);
    }
    return error;
}

const char *
xfsm_tls_stream_why(const struct xfsm_tls_stream *s)
{
    return s->why;
}
