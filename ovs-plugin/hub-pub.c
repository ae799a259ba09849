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
#include "xfsm/io/keys.h"
#include "xfsm/io/zmq-socket.h"

/* Events queued for one subscriber. */
#define HUB_HWM 1024

/* Subscriptions of one subscriber that wait to be taken in.  ZeroMQ takes in
 * all there are before it lets us count them, and more than one would let it
 * go on for as long as the subscriber sends them. */
#define HUB_SUBSCRIPTION_HWM 1

#define IPC "ipc://"

struct xfsm_hub_pub {
    void *socket;
    xfsm_hub_pub_subscribed *subscribed;
    void *aux;
    struct xfsm_hub_pub_stats stats;
};

static bool
is_ipc(const char *endpoint)
{
    return !strncmp(endpoint, IPC, strlen(IPC));
}

char *
xfsm_hub_pub_check(const char *endpoint, bool secured, char **dirp)
{
    char *error = xfsm_zmq_check_endpoint(endpoint, false);

    if (!error && !is_ipc(endpoint) && !secured) {
        error = xasprintf("\"%s\": events leave by TCP only with the options "
                          "hub-key-file and hub-clients", endpoint);
    }
    if (!error) {
        *dirp = is_ipc(endpoint) ? dir_name(endpoint + strlen(IPC)) : NULL;
    }
    return error;
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

/* A name would have to be looked up in files that are out of reach, so the one
 * name that is there everywhere is replaced. */
int
xfsm_hub_bind(void *socket, const char *endpoint)
{
    static const char localhost[] = "tcp://localhost:";
    mode_t mask = umask(0177);
    char *numeric = NULL;
    int error;

    if (!strncmp(endpoint, localhost, strlen(localhost))) {
        numeric = xasprintf("tcp://127.0.0.1:%s",
                            endpoint + strlen(localhost));
    }
    error = (zmq_bind(socket, numeric ? numeric : endpoint)
             ? xfsm_zmq_errno() : 0);
    umask(mask);
    free(numeric);
    if (!error && is_ipc(endpoint)) {
        open_to_group(endpoint + strlen(IPC));
    }
    return error;
}

char *
xfsm_hub_pub_open(void *context, const char *endpoint,
                  const struct xfsm_key_pair *keys,
                  xfsm_hub_pub_subscribed *subscribed, void *aux,
                  struct xfsm_hub_pub **pubp)
{
    static const struct xfsm_zmq_limits limits = {
        .hwm = HUB_HWM,
        .frame_max = XFSM_ZMQ_SUBSCRIPTION_MAX,
        .linger = 100,
    };
    struct xfsm_hub_pub *pub = xzalloc(sizeof *pub);
    int subscription_hwm = HUB_SUBSCRIPTION_HWM;
    int verbose = 1;
    int error;

    pub->subscribed = subscribed;
    pub->aux = aux;
    error = xfsm_zmq_socket(context, ZMQ_XPUB, &limits, &pub->socket);
    if (!error && (zmq_setsockopt(pub->socket, ZMQ_XPUB_VERBOSER, &verbose,
                                  sizeof verbose)
                   || zmq_setsockopt(pub->socket, ZMQ_RCVHWM,
                                     &subscription_hwm,
                                     sizeof subscription_hwm))) {
        error = xfsm_zmq_errno();
    }
    if (!error && keys) {
        error = xfsm_key_set_server(pub->socket, keys);
    }
    if (!error) {
        error = xfsm_hub_bind(pub->socket, endpoint);
    }
    if (error) {
        xfsm_hub_pub_close(pub);
        return xasprintf("\"%s\": cannot publish there (%s)", endpoint,
                         ovs_strerror(error));
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
xfsm_hub_pub_send_frame(struct xfsm_hub_pub *pub, const void *frame,
                        size_t len)
{
    if (zmq_send(pub->socket, frame, len, ZMQ_DONTWAIT) >= 0) {
        pub->stats.published++;
    } else {
        pub->stats.failed++;
    }
}

bool
xfsm_hub_pub_run(struct xfsm_hub_pub *pub)
{
    char message[XFSM_ZMQ_SUBSCRIPTION_MAX];
    int n;

    while ((n = zmq_recv(pub->socket, message, sizeof message,
                         ZMQ_DONTWAIT)) >= 0) {
        if (n > 0 && message[0] == 1) {
            pub->stats.subscriptions++;
            pub->subscribed(message + 1, MIN(n, sizeof message) - 1, true,
                            pub->aux);
        } else if (n > 0 && !message[0] && pub->stats.subscriptions) {
            pub->stats.subscriptions--;
            pub->subscribed(message + 1, MIN(n, sizeof message) - 1, false,
                            pub->aux);
        }
        if (pub->stats.subscriptions > XFSM_HUB_MAX_SUBSCRIPTIONS) {
            return false;
        }
    }
    return true;
}

void
xfsm_hub_wait_socket(void *socket)
{
    size_t len = sizeof(int);
    int events = 0;
    int fd = -1;

    /* The descriptor tells of changes alone, so ask how it is now. */
    if (!zmq_getsockopt(socket, ZMQ_EVENTS, &events, &len)
        && (events & ZMQ_POLLIN)) {
        poll_immediate_wake();
    }
    if (!zmq_getsockopt(socket, ZMQ_FD, &fd, &len)) {
        poll_fd_wait(fd, POLLIN);
    }
}

void
xfsm_hub_pub_wait(struct xfsm_hub_pub *pub)
{
    xfsm_hub_wait_socket(pub->socket);
}

const struct xfsm_hub_pub_stats *
xfsm_hub_pub_stats(const struct xfsm_hub_pub *pub)
{
    return &pub->stats;
}
