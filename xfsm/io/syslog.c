/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include "xfsm/io/syslog.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "xfsm/base/error.h"
#include "xfsm/io/clock.h"
#include "xfsm/io/render.h"
#include "xfsm/io/syslog-flight.h"
#include "xfsm/runtime/event.h"

#define FACILITY 16             /* local0. */

/* How long a full Unix socket is waited for, in ms. */
#define PATIENCE 1000

/* Between two attempts to connect with TLS, in ms. */
#define TLS_RETRY 1000

struct xfsm_syslog {
    struct xfsm_tls_stream *tls;    /* If not NULL, 'fd' is idle. */
    int64_t next_try;           /* Of TLS, after a failure. */
    struct xfsm_flight flight;  /* Of TLS, as well. */
    int fd;                     /* -1: not connected. */
    struct sockaddr_storage address;
    socklen_t address_len;
    uint64_t lost;
};

static bool
is_loopback(const struct sockaddr_storage *ss)
{
    struct sockaddr_in in;
    struct sockaddr_in6 in6;

    memcpy(&in, ss, sizeof in);
    memcpy(&in6, ss, sizeof in6);
    return ss->ss_family == AF_INET ? ntohl(in.sin_addr.s_addr) >> 24 == 127
           : IN6_IS_ADDR_LOOPBACK(&in6.sin6_addr);
}

static bool
parse_udp(const char *s, struct xfsm_syslog *sink)
{
    struct sockaddr_in in = { .sin_family = AF_INET };
    struct sockaddr_in6 in6 = { .sin6_family = AF_INET6 };
    const char *colon = strrchr(s, ':');
    char host[64];
    size_t len = colon ? (size_t) (colon - s) : 0;
    unsigned long port;
    char *end;

    if (!len || len >= sizeof host || colon[1] < '0' || colon[1] > '9') {
        return false;
    }
    port = strtoul(colon + 1, &end, 10);
    if (*end || !port || port > 65535) {
        return false;
    }
    memcpy(host, s, len);
    host[len] = '\0';
    if (host[0] == '[' && host[len - 1] == ']') {
        host[len - 1] = '\0';
        in6.sin6_port = htons((uint16_t) port);
        memcpy(&sink->address, &in6, sizeof in6);
        if (inet_pton(AF_INET6, host + 1, &in6.sin6_addr) != 1) {
            return false;
        }
        memcpy(&sink->address, &in6, sizeof in6);
        sink->address_len = sizeof in6;
        return true;
    }
    if (inet_pton(AF_INET, host, &in.sin_addr) != 1) {
        return false;
    }
    in.sin_port = htons((uint16_t) port);
    memcpy(&sink->address, &in, sizeof in);
    sink->address_len = sizeof in;
    return true;
}

static bool
parse_unix(const char *path, struct xfsm_syslog *sink)
{
    struct sockaddr_un un = { .sun_family = AF_UNIX };

    if (!*path || strlen(path) >= sizeof un.sun_path) {
        return false;
    }
    strcpy(un.sun_path, path);
    memcpy(&sink->address, &un, sizeof un);
    sink->address_len = sizeof un;
    return true;
}

static int
reconnect(struct xfsm_syslog *sink)
{
    int error = 0;

    if (sink->fd >= 0) {
        close(sink->fd);
    }
    sink->fd = socket(sink->address.ss_family,
                      SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (sink->fd < 0
        || connect(sink->fd, (struct sockaddr *) &sink->address,
                   sink->address_len)) {
        error = errno;
        if (sink->fd >= 0) {
            close(sink->fd);
            sink->fd = -1;
        }
    }
    return error;
}

/* Splits "HOST[:PORT]" and creates a stream. */
static char *
open_tls(struct xfsm_syslog *sink, const char *s,
         const struct xfsm_tls_options *options)
{
    const char *host = *s == '[' ? s + 1 : s;
    const char *end = s + strlen(s);
    const char *port = XFSM_SYSLOG_TLS_PORT;
    char name[256];

    if (*s == '[') {
        end = strchr(s, ']');
        if (!end || (end[1] && end[1] != ':')) {
            return xfsm_error("expected tls:[ADDRESS]:PORT");
        }
        port = end[1] ? end + 2 : port;
    } else if (strchr(s, ':')) {
        end = strchr(s, ':');
        port = end + 1;
    }
    if (end == host || (size_t) (end - host) >= sizeof name || !*port
        || strspn(port, "0123456789") != strlen(port)
        || !strtoul(port, NULL, 10) || strtoul(port, NULL, 10) > 65535) {
        return xfsm_error("expected tls:HOST:PORT");
    }
    memcpy(name, host, (size_t) (end - host));
    name[end - host] = '\0';
    return xfsm_tls_stream_create(options, name, port, &sink->tls);
}

static char *
open_datagram(struct xfsm_syslog *sink, const char *where)
{
    int error;

    if (!strncmp(where, "unix:", 5) ? !parse_unix(where + 5, sink)
        : strncmp(where, "udp:", 4) || !parse_udp(where + 4, sink)) {
        return xfsm_error("expected unix:PATH, udp:127.0.0.1:PORT or "
                          "tls:HOST:PORT");
    } else if (sink->address.ss_family != AF_UNIX
               && !is_loopback(&sink->address)) {
        return xfsm_error("syslog over UDP goes to a loopback address only");
    }
    error = reconnect(sink);
    return error ? xfsm_error("%s", strerror(error)) : NULL;
}

char *
xfsm_syslog_open(const char *where, const struct xfsm_tls_options *tls,
                 struct xfsm_syslog **sinkp)
{
    struct xfsm_syslog *sink = calloc(1, sizeof *sink);
    char *error, *why;

    if (!sink) {
        abort();
    }
    sink->fd = -1;
    why = !strncmp(where, "tls:", 4) ? open_tls(sink, where + 4, tls)
                                     : open_datagram(sink, where);
    if (!why) {
        *sinkp = sink;
        return NULL;
    }
    error = xfsm_error("\"%s\": %s", where, why);
    free(why);
    xfsm_syslog_close(sink);
    return error;
}

void
xfsm_syslog_close(struct xfsm_syslog *sink)
{
    if (sink) {
        xfsm_tls_stream_destroy(sink->tls);
        xfsm_flight_destroy(&sink->flight);
        if (sink->fd >= 0) {
            close(sink->fd);
        }
        free(sink);
    }
}

/* Writes a word of the header: printable, without spaces, "-" if empty. */
static void
format_word(struct xfsm_str s, char *buf, size_t size)
{
    char *p;

    xfsm_event_unescape(s, buf, size);
    for (p = buf; *p; p++) {
        if (*p == ' ') {
            *p = '_';
        }
    }
    if (!*buf) {
        strcpy(buf, "-");
    }
}

/* Writes a value of structured data, of which '"', '\' and ']' are escaped. */
static void
format_value(struct xfsm_str s, char *buf, size_t size)
{
    char text[128];
    const char *p;
    size_t n = 0;

    xfsm_event_unescape(s, text, sizeof text);
    for (p = text; *p && n + 3 < size; p++) {
        if (strchr("\"\\]", *p)) {
            buf[n++] = '\\';
        }
        buf[n++] = *p;
    }
    buf[n] = '\0';
}

size_t
xfsm_syslog_format(const struct xfsm_event_view *event,
                   const char *message, size_t len, char *buf, size_t size)
{
    static const int severities[] = { 6, 5, 4, 3, 2 };
    char time[64], host[256], label[33];
    char program[264], bridge[264], port[264];
    int n;

    format_word(event->time, time, sizeof time);
    /* Fractions of a second have six digits at most. */
    if (strlen(time) == strlen("2026-11-23T16:42:36.123456789Z")) {
        strcpy(time + strlen("2026-11-23T16:42:36.123456"), "Z");
    }
    format_word(event->host, host, sizeof host);
    format_word(event->label, label, sizeof label);
    format_value(event->program, program, sizeof program);
    format_value(event->bridge, bridge, sizeof bridge);
    format_value(event->port, port, sizeof port);
    n = snprintf(buf, size, "<%d>1 %s %s ovs-xfsm - %s [xfsm@32473 "
                 "program=\"%s\" bridge=\"%s\" port=\"%s\" epoch=\"%"PRIu64
                 "\" seq=\"%"PRIu64"\"] %.*s",
                 FACILITY * 8 + severities[xfsm_event_severity(event)], time,
                 host, label, program, bridge, port, event->epoch,
                 event->seq, (int) len, message);
    return (size_t) n < size ? (size_t) n : size - 1;
}

/* Writes a message, which has its length in front, and tells where in the
 * connection it ends. */
static int
write_tls(struct xfsm_syslog *sink, const char *framed, size_t n,
          uint64_t *endp)
{
    int error = xfsm_tls_stream_write(sink->tls, framed, n);
    uint64_t acked;

    if (error) {
        sink->next_try = xfsm_now_ms() + TLS_RETRY;
    } else {
        xfsm_tls_stream_get_bytes(sink->tls, endp, &acked);
    }
    return error;
}

/* Takes note of what has arrived, or sends again what may not have. */
static int
send_again(struct xfsm_syslog *sink, int64_t now)
{
    const struct xfsm_flight_message *m;
    uint64_t written, acked;
    int error = 0;

    if (xfsm_tls_stream_is_connected(sink->tls)) {
        xfsm_tls_stream_get_bytes(sink->tls, &written, &acked);
        xfsm_flight_settle(&sink->flight, acked, now);
    } else {
        xfsm_flight_break(&sink->flight, now);
    }
    while (!error && (m = xfsm_flight_next(&sink->flight))) {
        error = write_tls(sink, m->text, m->len, &written);
        if (!error) {
            xfsm_flight_sent(&sink->flight, written, now);
        }
    }
    return error;
}

static int
send_tls(struct xfsm_syslog *sink, const char *message, size_t n)
{
    char framed[XFSM_SYSLOG_MAX + 16];
    size_t len = (size_t) sprintf(framed, "%zu ", n);
    int64_t now = xfsm_now_ms();
    uint64_t end;
    int error;

    if (now < sink->next_try) {
        return ENOTCONN;
    }
    memcpy(framed + len, message, n);
    error = send_again(sink, now);
    if (!error) {
        error = write_tls(sink, framed, len + n, &end);
    }
    if (!error) {
        xfsm_flight_add(&sink->flight, framed, len + n, end, now);
    }
    return error;
}

static int
send_datagram(struct xfsm_syslog *sink, const char *buf, size_t n)
{
    int tries;
    int error = 0;

    for (tries = 0; tries < 3; tries++) {
        if (sink->fd < 0) {
            error = reconnect(sink);
            if (error) {
                break;
            }
        }
        if (send(sink->fd, buf, n, MSG_NOSIGNAL) >= 0) {
            return 0;
        }
        error = errno;
        if (error == EAGAIN || error == ENOBUFS) {
            struct pollfd pfd = { .fd = sink->fd, .events = POLLOUT };

            poll(&pfd, 1, PATIENCE);
        } else if (error == ECONNREFUSED || error == ENOTCONN
                   || error == ECONNRESET) {
            reconnect(sink);
        } else if (error != EINTR) {
            break;
        }
    }
    return error;
}

int
xfsm_syslog_send(struct xfsm_syslog *sink, const struct xfsm_event_view *event,
                 const char *message, size_t len)
{
    char buf[XFSM_SYSLOG_MAX];
    size_t n = xfsm_syslog_format(event, message, len, buf, sizeof buf);
    int error = sink->tls ? send_tls(sink, buf, n)
                          : send_datagram(sink, buf, n);

    sink->lost += error != 0;
    return error;
}

const char *
xfsm_syslog_why(const struct xfsm_syslog *sink)
{
    return sink->tls ? xfsm_tls_stream_why(sink->tls) : "";
}

uint64_t
xfsm_syslog_lost(const struct xfsm_syslog *sink)
{
    return sink->lost;
}

uint64_t
xfsm_syslog_uncertain(const struct xfsm_syslog *sink)
{
    return sink->flight.uncertain;
}

uint64_t
xfsm_syslog_resent(const struct xfsm_syslog *sink)
{
    return sink->flight.resent;
}
