/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include <config.h>
#include "ovsdb-schema/ovs-compat.h"

#include "ovs-plugin/probe-publish.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "openvswitch/poll-loop.h"
#include "openvswitch/vlog.h"
#include "util.h"

VLOG_DEFINE_THIS_MODULE(probe_publish);

static struct vlog_rate_limit rl = VLOG_RATE_LIMIT_INIT(1, 5);

const char *
xfsm_publish_label_name(enum xfsm_publish_label label)
{
    static const char *const names[] = {
#define LABEL_NAME(LABEL, URGENT) #LABEL,
        XFSM_PUBLISH_LABELS(LABEL_NAME)
#undef LABEL_NAME
    };

    return names[label];
}

static bool
is_urgent(enum xfsm_publish_label label)
{
    static const bool urgent[] = {
#define LABEL_URGENT(LABEL, URGENT) URGENT,
        XFSM_PUBLISH_LABELS(LABEL_URGENT)
#undef LABEL_URGENT
    };

    return urgent[label];
}

static enum xfsm_publish_label
label_from_name(const char *name)
{
    enum xfsm_publish_label label;

    for (label = 0; label < XFSM_PUBLISH_other; label++) {
        if (!strcmp(name, xfsm_publish_label_name(label))) {
            break;
        }
    }
    return label;
}

void
xfsm_publisher_init(struct xfsm_publisher *p,
                    const struct xfsm_identity *identity, int sock)
{
    memset(p, 0, sizeof *p);
    p->identity = *identity;
    p->sock = sock;
    ovs_mutex_init(&p->mutex);
    xfsm_queue_init(&p->queue);
}

void
xfsm_publisher_destroy(struct xfsm_publisher *p)
{
    xfsm_publisher_set_socket(p, -1);
    xfsm_queue_destroy(&p->queue);
    xfsm_port_ids_destroy(&p->ids);
    ovs_mutex_destroy(&p->mutex);
}

static void
set_socket(struct xfsm_publisher *p, int sock)
{
    if (p->sock >= 0) {
        close(p->sock);
    }
    p->sock = sock;
}

void
xfsm_publisher_set_socket(struct xfsm_publisher *p, int sock)
{
    ovs_mutex_lock(&p->mutex);
    set_socket(p, sock);
    ovs_mutex_unlock(&p->mutex);
}

void
xfsm_publisher_set_ids(struct xfsm_publisher *p,
                       const struct xfsm_port_ids *ids)
{
    int i;

    ovs_mutex_lock(&p->mutex);
    xfsm_port_ids_destroy(&p->ids);
    p->ids = *ids;
    p->identity.interface_uuid = p->ids.uuid;
    for (i = 0; i < XFSM_N_IDENTITY_IDS; i++) {
        p->identity.ids[i] = p->ids.id[i];
    }
    ovs_mutex_unlock(&p->mutex);
}

/* Sends one message.  Returns false if it has to wait. */
static bool
send_message(struct xfsm_publisher *p, struct iovec *iov, int n)
{
    const struct msghdr msg = { .msg_iov = iov, .msg_iovlen = n };

    while (p->sock >= 0) {
        if (sendmsg(p->sock, &msg, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0) {
            p->sent++;
            return true;
        } else if (errno == EAGAIN || errno == ENOBUFS) {
            break;
        } else if (errno != EINTR) {
            VLOG_INFO_RL(&rl, "lost the hub (%s)", ovs_strerror(errno));
            set_socket(p, -1);
        }
    }
    return false;
}

static void
publish(struct xfsm_publisher *p, const struct xfsm_event *event)
{
    size_t topic_len = xfsm_event_format_topic(event, &p->identity, p->topic,
                                               sizeof p->topic);
    size_t json_len = xfsm_event_format_json(event, &p->identity, p->json,
                                             sizeof p->json);
    struct iovec iov[2] = {
        { .iov_base = p->topic, .iov_len = topic_len + 1 },
        { .iov_base = p->json, .iov_len = json_len },
    };

    snprintf(p->last, sizeof p->last, "%s %s: %s", event->label,
             event->program, event->text ? event->text : "");
    if (xfsm_queue_count(&p->queue) || !send_message(p, iov, 2)) {
        enum xfsm_publish_label label = label_from_name(event->label);

        if (!xfsm_queue_push(&p->queue, is_urgent(label), iov, 2)) {
            p->dropped[label]++;
        }
    }
}

bool
xfsm_publisher_publish(struct xfsm_publisher *p,
                       const struct xfsm_event *event)
{
    struct xfsm_event numbered = *event;
    bool empty;

    ovs_mutex_lock(&p->mutex);
    numbered.seq = ++p->seq;
    publish(p, &numbered);
    empty = !xfsm_queue_count(&p->queue);
    ovs_mutex_unlock(&p->mutex);
    return empty;
}

void
xfsm_publisher_emit(const struct xfsm_event *event, void *p)
{
    xfsm_publisher_publish(p, event);
}

void
xfsm_publisher_run(struct xfsm_publisher *p)
{
    struct iovec iov[2];
    int n;

    ovs_mutex_lock(&p->mutex);
    while ((n = xfsm_queue_peek(&p->queue, iov)) && send_message(p, iov, n)) {
        xfsm_queue_pop(&p->queue);
        p->delayed++;
    }
    ovs_mutex_unlock(&p->mutex);
}

void
xfsm_publisher_wait(struct xfsm_publisher *p)
{
    ovs_mutex_lock(&p->mutex);
    if (p->sock >= 0 && xfsm_queue_count(&p->queue)) {
        poll_fd_wait(p->sock, POLLOUT);
    }
    ovs_mutex_unlock(&p->mutex);
}
