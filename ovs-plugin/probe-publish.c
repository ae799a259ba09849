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
    xfsm_batch_clear(&p->batch);
    xfsm_queue_init(&p->queue);
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

/* Sends one packet.  Returns 0, EAGAIN if it has to wait, or EMSGSIZE if the
 * socket will never take so long a one. */
static int
send_packet(struct xfsm_publisher *p, const void *data, size_t len)
{
    while (p->sock >= 0) {
        if (send(p->sock, data, len, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0) {
            return 0;
        } else if (errno == EMSGSIZE) {
            return EMSGSIZE;
        } else if (errno == EAGAIN || errno == ENOBUFS) {
            break;
        } else if (errno != EINTR) {
            lose_hub(p, ovs_strerror(errno));
        }
    }
    return EAGAIN;
}

/* The text of a structured event has all its fields. */
static uint32_t
hash_request(const struct xfsm_publisher *p, const struct xfsm_event *event)
{
    return hash_string(event->text ? event->text : "",
                       hash_string(event->program, p->basis));
}

/* Tells the agent of the request for mitigation 'json', a string. */
static void
ask_agent(struct xfsm_publisher *p, const struct xfsm_event *event,
          const char *json, size_t json_len)
{
    uint32_t hash = hash_request(p, event);
    struct xfsm_publish_recent *recent
        = &p->recent[hash % XFSM_PUBLISH_RECENT];
    long long int now = time_msec();
    struct xfsm_ipc_writer w;

    if (recent->until > now && recent->hash == hash) {
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
    xfsm_ipc_begin(&w, p->message, XFSM_IPC_MITIGATION);
    xfsm_ipc_put_text(&w, json);
    if (xfsm_ipc_send(p->ctl, &w, -1)) {
        p->mitigation_dropped++;
    } else {
        p->mitigation_sent++;
        recent->hash = hash;
        recent->until = now + 1000;
    }
}

/* Counts an event that no packet can hold. */
static void
drop_long(struct xfsm_publisher *p, const struct xfsm_bytes *event)
{
    const char *topic = (const char *) event->p;
    size_t len = xfsm_bytes_remaining(event);
    char label[32];

    ovs_strzcpy(label, topic, MIN(sizeof label, len));
    label[strcspn(label, "/")] = '\0';
    VLOG_WARN_RL(&rl, "dropped an event of %"PRIuSIZE" bytes, for which the "
                 "socket's buffer is too small", len);
    p->dropped[label_from_name(label)]++;
}

/* Sends the events of the batch one by one, for a socket that takes no packet
 * as long as that.  What has to wait stays in the batch.  Returns how many
 * were sent. */
static size_t
send_singly(struct xfsm_publisher *p)
{
    struct xfsm_batch_reader reader;
    struct xfsm_bytes event;
    size_t n = 0;
    int error = 0;

    xfsm_batch_read(&reader, p->batch.packet, p->batch.len);
    xfsm_batch_clear(&p->batch);
    while (xfsm_batch_next(&reader, &event)) {
        size_t len = xfsm_bytes_remaining(&event);

        if (error != EAGAIN) {
            error = send_packet(p, event.p, len);
        }
        if (!error) {
            n++;
        } else if (error == EMSGSIZE) {
            drop_long(p, &event);
        } else {
            /* Never behind where it is. */
            memmove(xfsm_batch_room(&p->batch), event.p, len);
            xfsm_batch_add(&p->batch, len);
        }
    }
    return n;
}

/* Sends the batch.  Returns false if it has to wait. */
static bool
send_batch(struct xfsm_publisher *p)
{
    const void *packet;
    size_t n, len;
    int error;

    if (!p->batch.n) {
        return true;
    }
    packet = xfsm_batch_get(&p->batch, &len);
    error = send_packet(p, packet, len);
    n = error == EMSGSIZE ? send_singly(p) : error ? 0 : p->batch.n;
    p->sent += n;
    p->delayed += MIN(n, p->n_delayed);
    if (error && p->batch.n) {
        p->untold |= !p->stuck;
        p->stuck = true;
        p->n_delayed = p->batch.n;
        return false;
    }
    p->n_delayed = 0;
    p->held = false;
    p->n_window++;
    xfsm_batch_clear(&p->batch);
    return true;
}

/* Sends the batch at the end of a turn, unless there were too many packets in
 * this millisecond. */
static void
end_turn(struct xfsm_publisher *p)
{
    long long int now;

    if (!p->batch.n) {
        return;
    }
    now = time_msec();
    if (now > p->window) {
        p->window = now;
        p->n_window = 0;
    }
    if (p->n_window < XFSM_PUBLISH_PACKETS) {
        send_batch(p);
    } else {
        p->untold |= !p->held;
        p->held = true;
    }
}

void
xfsm_publisher_destroy(struct xfsm_publisher *p)
{
    if (p->held) {
        send_batch(p);
    }
    xfsm_publisher_set_socket(p, -1);
    xfsm_queue_destroy(&p->queue);
    xfsm_port_ids_destroy(&p->ids);
    ovs_mutex_destroy(&p->mutex);
}

/* Moves what waits in the queue to the batch, which is empty, as far as that
 * takes it. */
static void
refill_batch(struct xfsm_publisher *p)
{
    struct iovec iov[2];
    int i, n;

    while (!xfsm_batch_is_full(&p->batch)
           && (n = xfsm_queue_peek(&p->queue, iov)) > 0) {
        char *room = xfsm_batch_room(&p->batch);
        size_t len = 0;

        for (i = 0; i < n; i++) {
            memcpy(room + len, iov[i].iov_base, iov[i].iov_len);
            len += iov[i].iov_len;
        }
        xfsm_batch_add(&p->batch, len);
        xfsm_queue_pop(&p->queue);
    }
    p->n_delayed = p->batch.n;
}

/* Remembers what an operator is shown. */
static void
set_last(struct xfsm_publisher *p, const struct xfsm_event *event)
{
    const char *const pieces[] = {
        event->label, " ", event->program, ": ", event->text,
    };
    size_t len = 0;
    size_t i;

    for (i = 0; i < ARRAY_SIZE(pieces) && pieces[i]; i++) {
        size_t n = strnlen(pieces[i], sizeof p->last - 1 - len);

        memcpy(p->last + len, pieces[i], n);
        len += n;
    }
    p->last[len] = '\0';
}

static void
publish(struct xfsm_publisher *p, const struct xfsm_event *event)
{
    enum xfsm_publish_label label = label_from_name(event->label);
    char *topic = xfsm_batch_room(&p->batch);
    size_t topic_len = xfsm_event_format_topic(event, &p->identity, topic,
                                               XFSM_EVENT_TOPIC_MAX);
    char *json = topic + topic_len + 1;
    size_t json_len = xfsm_event_format_json(event, &p->identity, json,
                                             XFSM_EVENT_JSON_MAX);
    size_t len = topic_len + 1 + json_len;

    set_last(p, event);
    if (!strcmp(event->label, XFSM_LABEL_MITIGATION)) {
        ask_agent(p, event, json, json_len);
    }
    if (p->stuck) {
        const struct iovec iov = { topic, len };

        if (!xfsm_queue_push(&p->queue, is_urgent(label), &iov, 1)) {
            p->dropped[label]++;
        }
        return;
    }
    xfsm_batch_add(&p->batch, len);
    if (is_urgent(label) || xfsm_batch_is_full(&p->batch)) {
        send_batch(p);
    }
}

void
xfsm_publisher_publish(struct xfsm_publisher *p,
                       const struct xfsm_event *event)
{
    struct xfsm_event numbered = *event;

    ovs_mutex_lock(&p->mutex);
    numbered.seq = ++p->seq;
    publish(p, &numbered);
    ovs_mutex_unlock(&p->mutex);
}

void
xfsm_publisher_emit(const struct xfsm_event *event, void *p)
{
    xfsm_publisher_publish(p, event);
}

bool
xfsm_publisher_flush(struct xfsm_publisher *p)
{
    bool told;

    ovs_mutex_lock(&p->mutex);
    if (!p->stuck) {
        end_turn(p);
    }
    told = !p->untold;
    p->untold = false;
    ovs_mutex_unlock(&p->mutex);
    return told;
}

size_t
xfsm_publisher_count(const struct xfsm_publisher *p)
{
    return p->batch.n + xfsm_queue_count(&p->queue);
}

void
xfsm_publisher_run(struct xfsm_publisher *p)
{
    ovs_mutex_lock(&p->mutex);
    if (!p->stuck) {
        end_turn(p);
    } else {
        while (p->batch.n && send_batch(p)) {
            p->stuck = false;
            refill_batch(p);
        }
    }
    p->untold = false;
    ovs_mutex_unlock(&p->mutex);
}

void
xfsm_publisher_wait(struct xfsm_publisher *p)
{
    ovs_mutex_lock(&p->mutex);
    if (p->sock >= 0 && p->stuck) {
        poll_fd_wait(p->sock, POLLOUT);
    } else if (p->batch.n && !p->stuck) {
        poll_timer_wait_until(p->held ? p->window + 1 : LLONG_MIN);
    }
    ovs_mutex_unlock(&p->mutex);
}

size_t
xfsm_publisher_finish(struct xfsm_publisher *p, long long int deadline)
{
    size_t n;

    for (;;) {
        xfsm_publisher_run(p);
        n = xfsm_publisher_count(p);
        if (!n || p->sock < 0 || time_msec() >= deadline) {
            return n;
        }
        xfsm_publisher_wait(p);
        poll_timer_wait_until(deadline);
        poll_block();
    }
}

bool
xfsm_publisher_tell(struct xfsm_publisher *p, const void *data, size_t len)
{
    bool sent;

    ovs_mutex_lock(&p->mutex);
    sent = !send_packet(p, data, len);
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
