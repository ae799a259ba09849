/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include "xfsm/io/zmq-socket.h"

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <zmq.h>

static const struct xfsm_zmq_limits default_limits = {
    .hwm = XFSM_ZMQ_HWM,
    .frame_max = XFSM_ZMQ_FRAME_MAX,
    .linger = XFSM_ZMQ_LINGER,
};

int
xfsm_zmq_errno(void)
{
    int error = zmq_errno();

    switch (error) {
    case 0:
    case EFSM:
    case ENOCOMPATPROTO:
    case EMTHREAD:
        return EPROTO;
    case ETERM:
        return ESHUTDOWN;
    default:
        return error;
    }
}

int
xfsm_zmq_fd(void *socket)
{
    size_t size = sizeof(int);
    int fd = -1;

    zmq_getsockopt(socket, ZMQ_FD, &fd, &size);
    return fd;
}

int
xfsm_zmq_socket(void *context, int type,
                const struct xfsm_zmq_limits *limits, void **socketp)
{
    const struct xfsm_zmq_limits *l = limits ? limits : &default_limits;
    const struct {
        int option;
        int value;
    } options[] = {
        { ZMQ_SNDHWM, l->hwm },
        { ZMQ_RCVHWM, l->hwm },
        { ZMQ_LINGER, l->linger },
        { ZMQ_HANDSHAKE_IVL, XFSM_ZMQ_HANDSHAKE },
        { ZMQ_CONNECT_TIMEOUT, XFSM_ZMQ_CONNECT_TIMEOUT },
        { ZMQ_HEARTBEAT_IVL, XFSM_ZMQ_HEARTBEAT },
        { ZMQ_HEARTBEAT_TIMEOUT, XFSM_ZMQ_HEARTBEAT_TIMEOUT },
        { ZMQ_HEARTBEAT_TTL, XFSM_ZMQ_HEARTBEAT_TIMEOUT },
        { ZMQ_RECONNECT_IVL, XFSM_ZMQ_RECONNECT },
        { ZMQ_RECONNECT_IVL_MAX, XFSM_ZMQ_RECONNECT_MAX },
        { ZMQ_IPV6, 1 },
    };
    int64_t frame_max = l->frame_max;
    void *socket;
    size_t i;

    if (l->hwm <= 0 || l->frame_max <= 0 || l->linger < 0) {
        return EINVAL;
    }
    socket = zmq_socket(context, type);
    if (!socket) {
        return xfsm_zmq_errno();
    }
    if (zmq_setsockopt(socket, ZMQ_MAXMSGSIZE, &frame_max,
                       sizeof frame_max)) {
        goto error;
    }
    for (i = 0; i < sizeof options / sizeof options[0]; i++) {
        if (zmq_setsockopt(socket, options[i].option, &options[i].value,
                           sizeof options[i].value)) {
            goto error;
        }
    }
    *socketp = socket;
    return 0;

error:
    {
        int error = xfsm_zmq_errno();

        zmq_close(socket);
        return error;
    }
}

static char * __attribute__((format(printf, 2, 3)))
endpoint_error(const char *endpoint, const char *format, ...)
{
    char reason[256];
    char *error;
    va_list args;

    va_start(args, format);
    vsnprintf(reason, sizeof reason, format, args);
    va_end(args);
    if (asprintf(&error, "\"%s\": %s", endpoint, reason) < 0) {
        abort();
    }
    return error;
}

static bool
is_loopback(const char *host, size_t len)
{
    static const char *const names[] = { "localhost", "[::1]", "::1" };
    size_t i;

    for (i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strlen(names[i]) == len && !memcmp(names[i], host, len)) {
            return true;
        }
    }
    return len > 4 && !memcmp(host, "127.", 4)
           && strspn(host, "0123456789.") >= len;
}

static char *
check_tcp(const char *endpoint, const char *address, bool bind)
{
    const char *colon = strrchr(address, ':');
    size_t host_len = colon ? (size_t) (colon - address) : 0;
    unsigned long port;
    char *end;

    if (!host_len || strpbrk(address, " \t\r\n/;")) {
        return endpoint_error(endpoint, "expected tcp://HOST:PORT");
    }
    if (memchr(address, ':', host_len)
        && (address[0] != '[' || colon[-1] != ']')) {
        return endpoint_error(endpoint, "an IPv6 address needs brackets: "
                              "tcp://[ADDRESS]:PORT");
    }
    port = strtoul(colon + 1, &end, 10);
    if (colon[1] < '0' || colon[1] > '9' || *end || !port || port > 65535) {
        return endpoint_error(endpoint,
                              "the port must be a number from 1 to 65535");
    }
    if (bind && !is_loopback(address, host_len)) {
        return endpoint_error(endpoint, "would let anyone on the network "
                              "read the events; use ipc://PATH or "
                              "tcp://127.0.0.1:%lu", port);
    }
    return NULL;
}

char *
xfsm_zmq_check_endpoint(const char *endpoint, bool bind)
{
    const struct sockaddr_un *un = NULL;

    if (!strncmp(endpoint, "ipc://", 6)) {
        const char *path = endpoint + 6;

        if (!*path || !strcmp(path, "*")) {
            return endpoint_error(endpoint, "expected ipc://PATH");
        }
        if (strlen(path) >= sizeof un->sun_path) {
            return endpoint_error(endpoint, "the path is longer than the %zu "
                                  "bytes that a Unix socket's name can have",
                                  sizeof un->sun_path - 1);
        }
        return NULL;
    }
    if (!strncmp(endpoint, "tcp://", 6)) {
        return check_tcp(endpoint, endpoint + 6, bind);
    }
    return endpoint_error(endpoint, "expected ipc://PATH or "
                          "tcp://HOST:PORT");
}

/* The endpoint next to another one: the Unix socket with that suffix, or the
 * TCP port so many further on. */
static char *
neighbour(const char *endpoint, const char *suffix, unsigned int distance)
{
    const char *colon = strrchr(endpoint, ':');
    char *other, *error;
    int retval;

    if (!strncmp(endpoint, "ipc://", 6)) {
        retval = asprintf(&other, "%s%s", endpoint, suffix);
    } else {
        retval = asprintf(&other, "%.*s:%lu", (int) (colon - endpoint),
                          endpoint, strtoul(colon + 1, NULL, 10) + distance);
    }
    if (retval < 0) {
        abort();
    }
    error = xfsm_zmq_check_endpoint(other, false);
    if (error) {
        free(error);
        free(other);
        return NULL;
    }
    return other;
}

char *
xfsm_zmq_replay_endpoint(const char *endpoint)
{
    return neighbour(endpoint, ".replay", 1);
}

char *
xfsm_zmq_forms_endpoint(const char *endpoint)
{
    return neighbour(endpoint, ".forms", 2);
}
