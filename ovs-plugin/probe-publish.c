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

#include "hash.h"
#include "openvswitch/poll-loop.h"
#include "openvswitch/vlog.h"
#include "random.h"
#include "timeval.h"
#include "util.h"
#include "xfsm/program/mitigation.h"

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
                    const struct xfsm_identity *identity, int sock,
                    int ctl)
{
    memset(p, 0, sizeof *p);
    p->ctl = ctl;
    p->basis = random_uint32();
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

static void
lose_hub(struct xfsm_publisher *p, const char *why)
{
    VLOG_INFO_RL(&rl, "lost the hub (%s)", why);
    set_socket(p, -1);
}

/* Sends one packet.  Returns false if it has to wait. */
static bool
send_packet(struct xfsm_publisher *p, struct iovec *iov, int n)
{
    const struct msghdr msg = { .msg_iov = iov, .msg_iovlen = n };

    while (p->sock >= 0) {
        if (sendmsg(p->sock, &msg, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0) {
            return true;
        } else if (errno == EAGAIN || errno == ENOBUFS) {
            break;
        } else if (errno != EINTR) {
            lose_hub(p, ovs_strerror(errno));
        }
    }
    return false;
}

/* Was the agent told the same in the last second?  The text of a structured
 * event has all its fields. */
static bool
was_asked(struct xfsm_publisher *p, const struct xfsm_event *event,
          long long int now)
{
    uint32_t hash = hash_string(event->text ? event->text : "",
                                hash_string(event->program, p->basis));
    struct xfsm_publish_recent *recent
        = &p->recent[hash % XFSM_PUBLISH_RECENT];

    if (recent->until > now && recent->hash == hash) {
        return true;
    }
    recent->hash = hash;
    recent->until = now + 1000;
    return false;
}

/* Tells the agent of the request for mitigation that is in p->json. */
static void
ask_agent(struct xfsm_publisher *p, const struct xfsm_event *event,
          size_t json_len)
{
    long long int now = time_msec();
    struct xfsm_ipc_writer w;

    if (was_asked(p, event, now)) {
        p->mitigation_repeated++;
        return;
    }
    if (p->second != now / 1000) {
        p->second = now / 1000;
        p->n_second = 0;
    }
    if (p->ctl < 0 || json_len > XFSM_IPC_TEXT_MAX
        || p->n_second >= XFSM_PUBLISH_MITIGATIONS) {
        p->mitigation_dropped++;
        return;
    }
    p->n_second++;
    p->json[json_len] = '\0';
    xfsm_ipc_begin(&w, p->message, XFSM_IPC_MITIGATION);
    xfsm_ipc_put_text(&w, p->json);
    if (xfsm_ipc_send(p->ctl, &w, -1)) {
        p->mitigation_dropped++;
    } else {
        p->mitigation_sent++;
    }
}

/* Sends one event.  Returns false if it has to wait. */
static bool
send_message(struct xfsm_publisher *p, struct iovec *iov, int n)
{
    bool sent = send_packet(p, iov, n);

    p->sent += sent;
    return sent;
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
    if (!strcmp(event->label, XFSM_LABEL_MITIGATION)) {
        ask_agent(p, event, json_len);
    }
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

bool
xfsm_publisher_tell(struct xfsm_publisher *p, const void *data, size_t len)
{
    struct iovec iov = { CONST_CAST(void *, data), len };
    bool sent;

    ovs_mutex_lock(&p->mutex);
    sent = send_packet(p, &iov, 1);
    ovs_mutex_unlock(&p->mutex);
    return sent;
}

size_t
xfsm_publisher_hear(struct xfsm_publisher *p, void *buf, size_t size)
{
    ssize_t n = 0;

    ovs_mutex_lock(&p->mutex);
    if (p->sock >= 0) {
        n = recv(p->sock, buf, size, MSG_DONTWAIT);
        if (!n) {
            lose_hub(p, "it closed the connection");
        } else if (n < 0 && errno != EAGAIN && errno != EINTR) {
            lose_hub(p, ovs_strerror(errno));
        }
    }
    ovs_mutex_unlock(&p->mutex);
    return n > 0 ? n : 0;
}

void
xfsm_publisher_wait_hear(struct xfsm_publisher *p, bool tell)
{
    ovs_mutex_lock(&p->mutex);
    if (p->sock >= 0) {
        poll_fd_wait(p->sock, tell ? POLLIN | POLLOUT : POLLIN);
    }
    ovs_mutex_unlock(&p->mutex);
}
