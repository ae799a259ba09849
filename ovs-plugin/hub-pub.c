/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include <config.h>
#include "ovsdb-schema/ovs-compat.h"

#include "ovs-plugin/hub-pub.h"

#include <errno.h>
#include <grp.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zmq.h>

#include "openvswitch/poll-loop.h"
#include "ovs-plugin/user.h"
#include "util.h"
#include "xfsm/io/zmq-socket.h"

/* Events queued for one subscriber. */
#define HUB_HWM 1024

#define IPC "ipc://"

struct xfsm_hub_pub {
    void *context;
    void *socket;
    int fd;                     /* Readable when 'socket' has news. */
    struct xfsm_hub_pub_stats stats;
};

char *
xfsm_hub_pub_check(const char *endpoint, char **dirp)
{
    char *error = xfsm_zmq_check_endpoint(endpoint, true);

    if (!error) {
        *dirp = (!strncmp(endpoint, IPC, strlen(IPC))
                 ? dir_name(endpoint + strlen(IPC)) : NULL);
    }
    return error;
}

/* Binds to 'endpoint'.  A name would have to be looked up in files that are
 * out of reach, so the one name that is allowed is replaced. */
static int
bind_endpoint(void *socket, const char *endpoint)
{
    static const char localhost[] = "tcp://localhost:";
    char *numeric = NULL;
    int retval;

    if (!strncmp(endpoint, localhost, strlen(localhost))) {
        numeric = xasprintf("tcp://127.0.0.1:%s",
                            endpoint + strlen(localhost));
    }
    retval = zmq_bind(socket, numeric ? numeric : endpoint);
    free(numeric);
    return retval;
}

/* Lets the group of our user subscribe, if there is such a group. */
static void
open_to_group(const char *path)
{
    const struct group *group = getgrnam(XFSM_USER);

    if (group && !chown(path, -1, group->gr_gid)) {
        ignore(chmod(path, 0660));
    }
}

char *
xfsm_hub_pub_open(const char *endpoint, struct xfsm_hub_pub **pubp)
{
    static const struct xfsm_zmq_limits limits = {
        .hwm = HUB_HWM,
        .frame_max = XFSM_ZMQ_SUBSCRIPTION_MAX,
        .linger = 100,
    };
    struct xfsm_hub_pub *pub = xzalloc(sizeof *pub);
    size_t len = sizeof pub->fd;
    mode_t mask = umask(0177);
    int error = 0;

    pub->context = zmq_ctx_new();
    if (!pub->context) {
        error = xfsm_zmq_errno();
    }
    if (!error) {
        error = xfsm_zmq_socket(pub->context, ZMQ_XPUB, &limits,
                                &pub->socket);
    }
    if (!error && (bind_endpoint(pub->socket, endpoint)
                   || zmq_getsockopt(pub->socket, ZMQ_FD, &pub->fd, &len))) {
        error = xfsm_zmq_errno();
    }
    umask(mask);
    if (error) {
        xfsm_hub_pub_close(pub);
        return xasprintf("\"%s\": cannot publish there (%s)", endpoint,
                         ovs_strerror(error));
    }
    if (!strncmp(endpoint, IPC, strlen(IPC))) {
        open_to_group(endpoint + strlen(IPC));
    }
    *pubp = pub;
    return NULL;
}

void
xfsm_hub_pub_close(struct xfsm_hub_pub *pub)
{
    if (pub) {
        if (pub->socket) {
            zmq_close(pub->socket);
        }
        if (pub->context) {
            zmq_ctx_term(pub->context);
        }
        free(pub);
    }
}

void
xfsm_hub_pub_send(struct xfsm_hub_pub *pub,
                  const void *topic, size_t topic_len,
                  const void *json, size_t json_len)
{
    if (zmq_send(pub->socket, topic, topic_len,
                 ZMQ_SNDMORE | ZMQ_DONTWAIT) >= 0
        && zmq_send(pub->socket, json, json_len, ZMQ_DONTWAIT) >= 0) {
        pub->stats.published++;
    } else {
        pub->stats.failed++;
    }
}

void
xfsm_hub_pub_run(struct xfsm_hub_pub *pub)
{
    unsigned char message[XFSM_ZMQ_SUBSCRIPTION_MAX];
    int n;

    while ((n = zmq_recv(pub->socket, message, sizeof message,
                         ZMQ_DONTWAIT)) >= 0) {
        if (n > 0 && message[0] == 1) {
            pub->stats.subscriptions++;
        } else if (n > 0 && !message[0] && pub->stats.subscriptions) {
            pub->stats.subscriptions--;
        }
    }
}

void
xfsm_hub_pub_wait(struct xfsm_hub_pub *pub)
{
    size_t len = sizeof(int);
    int events = 0;

    /* The descriptor tells of changes alone, so ask how it is now. */
    if (!zmq_getsockopt(pub->socket, ZMQ_EVENTS, &events, &len)
        && (events & ZMQ_POLLIN)) {
        poll_immediate_wake();
    }
    poll_fd_wait(pub->fd, POLLIN);
}

const struct xfsm_hub_pub_stats *
xfsm_hub_pub_stats(const struct xfsm_hub_pub *pub)
{
    return &pub->stats;
}
