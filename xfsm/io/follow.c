/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include "xfsm/io/follow.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <zmq.h>

#include "xfsm/base/error.h"
#include "xfsm/io/clock.h"
#include "xfsm/io/follow-queue.h"
#include "xfsm/io/gap.h"
#include "xfsm/io/replay-client.h"
#include "xfsm/io/zmq-socket.h"
#include "xfsm/io/zmq-sub.h"
#include "xfsm/runtime/event.h"

/* How long to wait for a sign that the subscriptions hold, in ms. */
#define CONNECT_PATIENCE 2000
#define GREETING_PATIENCE 500

/* The subscriber is called that often, for it to connect anew, in ms. */
#define REDIAL_CHECK_MS 1000

/* Topics of the hub's own messages. */
static const char *const hub_topics[] = { "heartbeat/", "lost/",
                                          "suppressed/" };

struct xfsm_follow {
    const struct xfsm_follow_options *options;
    struct xfsm_zmq_sub *sub;
    struct xfsm_replay_client *replay;
    struct xfsm_gap_tracker *gaps;
    struct xfsm_gap_tracker *past;      /* What was had from the past. */
    bool all;                   /* All topics are subscribed. */
    uint64_t since_ms;          /* Of the past that is to come. */
    uint64_t heard_ms;          /* Of the last heartbeat. */
    uint64_t repeated;
    bool more;                  /* A turn ended while messages were coming. */
    struct xfsm_follow_queue queue;
    struct xfsm_follow_queue answers;   /* To the job at the head. */
    struct xfsm_follow_queued *current;     /* Given to the caller. */
};

/* ## Life. ## */

static struct xfsm_gap_tracker *
create_tracker(void)
{
    uint8_t entropy[16];

    if (getrandom(entropy, sizeof entropy, 0) != sizeof entropy) {
        abort();
    }
    return xfsm_gap_create(entropy);
}

static char *
subscribe(struct xfsm_follow *f, const char *topic)
{
    int error = xfsm_zmq_sub_subscribe(f->sub, topic);

    return error ? xfsm_error("topic \"%s\" (%s)", topic, strerror(error))
                 : NULL;
}

/* Tells that the subscriber's file descriptors are there, or will not be. */
static void
watch_sub(const struct xfsm_follow *f, bool there)
{
    const struct xfsm_follow_options *o = f->options;

    if (o->watch) {
        o->watch(xfsm_zmq_sub_fd(f->sub), there, o->watch_aux);
        o->watch(xfsm_zmq_sub_monitor_fd(f->sub), there, o->watch_aux);
    }
}

static char *
open_sockets(struct xfsm_follow *f)
{
    const struct xfsm_follow_options *o = f->options;
    char *error;
    size_t i;

    error = xfsm_zmq_sub_create_in(o->context, NULL, &f->sub);
    if (!error && o->keys) {
        xfsm_zmq_sub_set_keys(f->sub, o->keys, o->server_key);
    }
    if (!error) {
        watch_sub(f, true);
        error = xfsm_replay_client_create(o->context, o->keys, o->server_key,
                                          o->watch, o->watch_aux,
                                          &f->replay);
    }
    for (i = 0; i < o->n_topics && !error; i++) {
        error = subscribe(f, o->topics[i]);
        f->all |= !*o->topics[i];
    }
    if (!error && f->all) {
        error = subscribe(f, "");
    }
    for (i = 0; i < sizeof hub_topics / sizeof *hub_topics && !error; i++) {
        error = subscribe(f, hub_topics[i]);
    }
    for (i = 0; i < o->n_endpoints && !error; i++) {
        error = xfsm_zmq_sub_connect(f->sub, o->endpoints[i]);
        if (!error) {
            xfsm_replay_client_add(f->replay, o->endpoints[i]);
        }
    }
    return error;
}

char *
xfsm_follow_create(const struct xfsm_follow_options *options,
                   struct xfsm_follow **fp)
{
    struct xfsm_follow *f = calloc(1, sizeof *f);
    char *error;

    if (!f) {
        abort();
    }
    f->options = options;
    f->all = !options->n_topics;
    xfsm_follow_queue_init(&f->queue);
    xfsm_follow_queue_init(&f->answers);
    f->gaps = create_tracker();
    f->past = create_tracker();
    error = open_sockets(f);
    if (error) {
        xfsm_follow_destroy(f);
        return error;
    }
    if (options->since_ms) {
        xfsm_follow_again(f, options->since_ms);
    }
    *fp = f;
    return NULL;
}

void
xfsm_follow_destroy(struct xfsm_follow *f)
{
    if (f) {
        xfsm_follow_queue_clear(&f->queue);
        xfsm_follow_queue_clear(&f->answers);
        free(f->current);
        if (f->sub) {
            watch_sub(f, false);
        }
        xfsm_zmq_sub_destroy(f->sub);
        xfsm_replay_client_destroy(f->replay);
        xfsm_gap_destroy(f->gaps);
        xfsm_gap_destroy(f->past);
        free(f);
    }
}

/* ## Topics. ## */

static bool
is_subscribed(const struct xfsm_follow *f, const char *topic, size_t len)
{
    size_t i;

    for (i = 0; i < f->options->n_topics; i++) {
        const char *prefix = f->options->topics[i];

        if (strlen(prefix) <= len && !memcmp(prefix, topic, strlen(prefix))) {
            return true;
        }
    }
    return f->all;
}

static bool
has_label(const char *topic, size_t len, const char *label)
{
    return len > strlen(label) && !memcmp(topic, label, strlen(label))
           && topic[strlen(label)] == '/';
}

static bool
is_record(const char *topic, size_t len)
{
    return has_label(topic, len, "lost")
           || has_label(topic, len, "suppressed");
}

static void
push_message(struct xfsm_follow *f, struct xfsm_follow_queue *queue,
             const char *topic, size_t topic_len, const char *body,
             size_t body_len, bool recovered)
{
    const struct xfsm_follow_item item = {
        .kind = (is_record(topic, topic_len)
                 ? XFSM_FOLLOW_RECORD : XFSM_FOLLOW_EVENT),
        .topic = topic,
        .topic_len = topic_len,
        .body = body,
        .body_len = body_len,
        .recovered = recovered,
        .subscribed = is_subscribed(f, topic, topic_len),
    };

    xfsm_follow_queue_push(queue, &item);
}

/* True if an event of the past, which was had already. */
static bool
is_past(const struct xfsm_follow *f, const struct xfsm_event_view *e)
{
    const struct xfsm_str names[] = { e->host, e->bridge, e->port };
    uint64_t epoch, seq;

    return ((xfsm_str_is(e->label, XFSM_LABEL_ALERT)
             || xfsm_str_is(e->label, XFSM_LABEL_CRITICAL))
            && xfsm_gap_last(f->past, names, 3, &epoch, &seq)
            && e->epoch == epoch && e->seq <= seq);
}

/* ## Gaps. ## */

static uint64_t
overlap(const struct xfsm_follow_job *job, const struct xfsm_event_view *e)
{
    uint64_t from = e->from > job->from ? e->from : job->from;
    uint64_t to = e->to < job->to ? e->to : job->to;

    return to >= from ? to - from + 1 : 0;
}

/* Takes an event that fills the gap at the head of the queue. */
static bool
take_recovered(const char *topic, size_t topic_len, const char *body,
               size_t body_len, void *f_)
{
    struct xfsm_follow *f = f_;
    const struct xfsm_follow_queued *q = f->queue.head;
    struct xfsm_follow_job *job = q->job;
    struct xfsm_event_view e;

    if (!xfsm_event_decode(body, body_len, &e) || e.epoch != job->epoch) {
        return true;
    }
    if (is_record(topic, topic_len)) {
        if (!job->has_topic) {
            job->accounted += overlap(job, &e);
            push_message(f, &f->answers, topic, topic_len, body, body_len,
                         true);
        }
    } else if (e.seq >= job->from && e.seq <= job->to
               && (!job->has_topic
                   || (topic_len == q->item.topic_len
                       && !memcmp(topic, q->item.topic, topic_len)))) {
        if (e.has_prev && e.prev <= job->chain) {
            job->chain = e.seq;
        }
        job->recovered++;
        if (!job->early || !is_past(f, &e)) {
            push_message(f, &f->answers, topic, topic_len, body, body_len,
                         true);
        }
    }
    return job->recovered < XFSM_FOLLOW_REPAIR_MAX;
}

/* True if a journal may have events of 'topic'. */
static bool
may_be_kept(const char *topic, size_t len)
{
    return (has_label(topic, len, XFSM_LABEL_ALERT)
            || has_label(topic, len, XFSM_LABEL_CRITICAL));
}

/* Queues what will fill a gap, and tell of it; 'topic' is NULL if it is one
 * of all topics. */
static void
repair(struct xfsm_follow *f, uint64_t epoch, const char *topic,
       size_t topic_len, const char *body, size_t body_len, uint64_t from,
       uint64_t to)
{
    const struct xfsm_follow_item item = {
        .kind = XFSM_FOLLOW_GAP, .topic = topic, .topic_len = topic_len,
        .body = body, .body_len = body_len,
    };
    bool early = f->queue.head && f->queue.head->job
                 && f->queue.head->job->is_past;
    struct xfsm_follow_job *job = xfsm_follow_queue_add_job(
        xfsm_follow_queue_push(&f->queue, &item));

    job->early = early;
    job->has_topic = topic != NULL;
    job->epoch = epoch;
    job->from = from;
    job->to = to;
}

/* Goes on with filling the gap at the head of the queue.  Returns EAGAIN
 * before that is over, and then makes it the item that tells of it. */
static int
run_repair(struct xfsm_follow *f)
{
    struct xfsm_follow_queued *q = f->queue.head;
    struct xfsm_follow_job *job = q->job;
    struct xfsm_follow_item *item = &q->item;
    uint64_t oldest_ms;
    int error = 0;

    if (!job->has_topic || may_be_kept(item->topic, item->topic_len)) {
        if (!job->asked) {
            const struct xfsm_event_view *e = &item->event;

            job->asked = true;
            job->chain = job->from - 1;
            job->recovered = job->accounted = 0;
            xfsm_replay_begin_range(f->replay, e->host, e->bridge, e->port,
                                    job->epoch, job->from, job->to,
                                    take_recovered, f);
        }
        error = xfsm_replay_go_on(f->replay, &oldest_ms);
        if (error == EAGAIN || error == EINPROGRESS) {
            return error;
        }
    } else {
        job->chain = job->from - 1;
    }
    item->answered = !error;
    item->n_recovered = job->recovered;
    if (job->has_topic) {
        item->uncertain = job->chain < job->to;
        item->n_missing = job->chain < job->to;
    } else if (job->recovered + job->accounted < job->to - job->from + 1) {
        item->n_missing = job->to - job->from + 1 - job->recovered
                          - job->accounted;
    }
    item->topic_len = 0;
    return 0;
}

/* Follows an event, or a number that a heartbeat told.  Returns true if it is
 * a repetition. */
static bool
follow_number(struct xfsm_follow *f, const struct xfsm_event_view *e,
              const char *topic, size_t topic_len, const char *body,
              size_t body_len, int64_t prev, uint64_t seq)
{
    const struct xfsm_str names[XFSM_GAP_NAMES] = {
        e->host, e->bridge, e->port, { topic, (uint32_t) topic_len },
    };
    struct xfsm_gap gap;

    gap = xfsm_gap_follow(f->gaps, names, f->all ? 3 : 4, e->epoch, prev,
                          seq);
    if (gap.to) {
        repair(f, e->epoch, f->all ? NULL : topic, f->all ? 0 : topic_len,
               body, body_len, gap.from, gap.to);
    }
    return gap.repeated;
}

/* ## Messages. ## */

/* The topics of a heartbeat: "LABEL/PROGRAM":SEQ each. */
static void
take_topics(struct xfsm_follow *f, const struct xfsm_zmq_message *m,
            const struct xfsm_event_view *e)
{
    struct xfsm_str topics = e->topics;
    struct xfsm_event_member member;
    char topic[XFSM_EVENT_TOPIC_MAX];
    const char *tail = memchr(m->topic, '/', m->topic_len);
    uint64_t seq;

    tail = tail ? memchr(tail + 1, '/', m->topic + m->topic_len - tail - 1)
           : NULL;
    while (tail && xfsm_event_next_member(&topics, &member)) {
        int tail_len = (int) (m->topic + m->topic_len - tail);
        int len = snprintf(topic, sizeof topic, "%.*s%.*s",
                           (int) member.name.len, member.name.p, tail_len,
                           tail);

        if (len > 0 && len < (int) sizeof topic
            && xfsm_event_member_uint(&member, &seq)
            && is_subscribed(f, topic, (size_t) len)) {
            follow_number(f, e, topic, (size_t) len, m->body, m->body_len,
                          (int64_t) seq, seq);
        }
    }
}

static void
take_heartbeat(struct xfsm_follow *f, const struct xfsm_zmq_message *m,
               const struct xfsm_event_view *e)
{
    f->heard_ms = xfsm_event_time_ms(e);
    if (f->all) {
        follow_number(f, e, NULL, 0, m->body, m->body_len,
                      (int64_t) e->last_seq, e->last_seq);
    } else {
        take_topics(f, m, e);
    }
}

static int
take_message(struct xfsm_follow *f, const struct xfsm_zmq_message *m)
{
    struct xfsm_event_view e;
    bool repeated = false;

    if (!xfsm_event_decode(m->body, m->body_len, &e)) {
        return EPROTO;
    }
    if (has_label(m->topic, m->topic_len, "heartbeat")) {
        take_heartbeat(f, m, &e);
        return 0;
    } else if (is_record(m->topic, m->topic_len)) {
        if (f->all && e.has_from && e.from) {
            repeated = follow_number(f, &e, NULL, 0, m->body, m->body_len,
                                     (int64_t) e.from - 1, e.to);
        }
    } else if (e.has_epoch && e.has_seq) {
        int64_t prev = f->all ? (int64_t) e.seq - 1
                       : e.has_prev ? (int64_t) e.prev : -1;

        repeated = follow_number(f, &e, m->topic, m->topic_len, m->body,
                                 m->body_len, prev, e.seq)
                   || is_past(f, &e);
    }
    if (repeated) {
        f->repeated++;
    } else {
        push_message(f, &f->queue, m->topic, m->topic_len, m->body,
                     m->body_len, false);
    }
    return 0;
}

static bool
take_past(const char *topic, size_t topic_len, const char *body,
          size_t body_len, void *f_)
{
    struct xfsm_follow *f = f_;
    struct xfsm_event_view e;

    if (xfsm_event_decode(body, body_len, &e)) {
        const struct xfsm_str names[] = { e.host, e.bridge, e.port };

        xfsm_gap_follow(f->past, names, 3, e.epoch, -1, e.seq);
        if (is_subscribed(f, topic, topic_len)) {
            push_message(f, &f->answers, topic, topic_len, body, body_len,
                         true);
        }
    }
    return true;
}

/* When the wait for a sign that the subscriptions hold ends. */
static int64_t
greeting_deadline(const struct xfsm_follow *f,
                  const struct xfsm_follow_job *job)
{
    return job->start + (xfsm_zmq_sub_n_connected(f->sub)
                         == f->options->n_endpoints
                         ? GREETING_PATIENCE : CONNECT_PATIENCE);
}

/* Drops what is in the queue, but for its head, and was in the past, too. */
static void
drop_past(struct xfsm_follow *f)
{
    struct xfsm_follow_queued **qp = &f->queue.head->next;

    while (*qp) {
        struct xfsm_follow_queued *q = *qp;

        if (!q->job && q->item.kind == XFSM_FOLLOW_EVENT
            && is_past(f, &q->item.event)) {
            *qp = q->next;
            free(q);
        } else {
            qp = &q->next;
        }
    }
    f->queue.tail = qp;
}

/* Goes on with getting the past, once the subscriptions hold, so that nothing
 * is between it and the present: what comes already is after it.  As
 * run_repair(). */
static int
run_past(struct xfsm_follow *f)
{
    struct xfsm_follow_queued *q = f->queue.head;
    struct xfsm_follow_job *job = q->job;
    struct xfsm_zmq_message m;
    int error;

    if (!job->greeted && !xfsm_zmq_sub_recv(f->sub, 0, &m)) {
        take_message(f, &m);
        job->greeted = true;
    }
    if (!job->greeted && xfsm_now_ms() < greeting_deadline(f, job)) {
        return EAGAIN;
    }
    job->greeted = true;
    if (!job->asked) {
        job->asked = true;
        xfsm_replay_begin_since(f->replay, f->since_ms, take_past, f);
    }
    error = xfsm_replay_go_on(f->replay, &q->item.oldest_ms);
    if (error == EAGAIN || error == EINPROGRESS) {
        return error;
    }
    q->item.complete = !error;
    drop_past(f);
    return 0;
}

void
xfsm_follow_know(struct xfsm_follow *f, struct xfsm_str host,
                 struct xfsm_str bridge, struct xfsm_str port,
                 uint64_t epoch, uint64_t seq)
{
    const struct xfsm_str names[] = { host, bridge, port };

    xfsm_gap_follow(f->gaps, names, 3, epoch, -1, seq);
}

/* The first job of the queue, the only one that can be in progress: before it
 * are what it was answered, if anything, and has yet to be given out. */
static struct xfsm_follow_job *
first_job(const struct xfsm_follow *f)
{
    const struct xfsm_follow_queued *q = f->queue.head;

    while (q && !q->job) {
        q = q->next;
    }
    return q ? q->job : NULL;
}

void
xfsm_follow_again(struct xfsm_follow *f, uint64_t since_ms)
{
    static const struct xfsm_follow_item item = { .kind = XFSM_FOLLOW_PAST };
    struct xfsm_follow_job *job = first_job(f);
    struct xfsm_follow_queue queue;

    if (job) {
        job->asked = false;     /* To be asked anew. */
        job->early = true;
    }
    if (!job || !job->is_past) {
        xfsm_follow_queue_init(&queue);
        job = xfsm_follow_queue_add_job(xfsm_follow_queue_push(&queue,
                                                               &item));
        job->is_past = true;
        xfsm_follow_queue_put_before(&f->queue, &queue);
    }
    job->greeted = false;
    job->start = xfsm_now_ms();
    f->since_ms = since_ms;
}

/* Makes the head of the queue an item, from what is there.  Returns EAGAIN if
 * that is not enough, or so much of it was nothing to give out that others are
 * to have a turn. */
static int
step(struct xfsm_follow *f)
{
    int n;

    f->more = false;
    for (n = 0; n < XFSM_FOLLOW_TURN; n++) {
        struct xfsm_follow_queued *q = f->queue.head;
        struct xfsm_zmq_message m;
        int error;

        if (!q) {
            error = xfsm_zmq_sub_recv(f->sub, 0, &m);
            if (!error) {
                error = take_message(f, &m);
            } else if (error == EAGAIN) {
                xfsm_replay_close_idle(f->replay);
            }
        } else if (!q->job) {
            return 0;
        } else {
            error = q->job->is_past ? run_past(f) : run_repair(f);
            if (!error) {
                free(q->job);
                q->job = NULL;
            }
            xfsm_follow_queue_put_before(&f->queue, &f->answers);
            if (error == EINPROGRESS
                || (error == EAGAIN && !f->queue.head->job)) {
                error = 0;
            }
        }
        if (error) {
            return error;
        }
    }
    f->more = true;
    return EAGAIN;
}

int64_t
xfsm_follow_deadline(const struct xfsm_follow *f)
{
    const struct xfsm_follow_queued *q = f->queue.head;

    if (f->more) {
        return 0;
    } else if (!q) {
        return INT64_MAX;
    } else if (!q->job) {
        return 0;
    } else if (q->job->asked) {
        return xfsm_replay_deadline(f->replay);
    }
    return greeting_deadline(f, q->job);
}

/* Waits until something can be done, at most until 'deadline'. */
static int
wait_until(struct xfsm_follow *f, int64_t deadline)
{
    const struct xfsm_follow_queued *q = f->queue.head;
    zmq_pollitem_t item = {
        .socket = xfsm_zmq_sub_socket(f->sub), .events = ZMQ_POLLIN,
    };
    int64_t now = xfsm_now_ms();
    int64_t left;

    if (xfsm_follow_deadline(f) < deadline) {
        deadline = xfsm_follow_deadline(f);
    }
    if (q && q->job && q->job->asked) {
        item.socket = xfsm_replay_socket(f->replay, &item.events);
    } else if (deadline > now + REDIAL_CHECK_MS) {
        /* The subscriber wants to be called now and then. */
        deadline = now + REDIAL_CHECK_MS;
    }
    left = deadline - now;
    return zmq_poll(&item, 1, left > 0 ? left : 0) < 0 ? xfsm_zmq_errno() : 0;
}

int
xfsm_follow_next(struct xfsm_follow *f, int timeout_ms,
                 struct xfsm_follow_item *item)
{
    int64_t deadline = (timeout_ms < 0 ? INT64_MAX
                        : xfsm_now_ms() + timeout_ms);
    int error;

    while ((error = step(f)) == EAGAIN && xfsm_now_ms() < deadline) {
        error = wait_until(f, deadline);
        if (error) {
            break;
        }
    }
    if (error) {
        return error;
    }
    free(f->current);
    f->current = xfsm_follow_queue_pop(&f->queue);
    *item = f->current->item;
    return 0;
}

unsigned int
xfsm_follow_n_connected(struct xfsm_follow *f)
{
    return xfsm_zmq_sub_n_connected(f->sub);
}

uint64_t
xfsm_follow_n_lost(struct xfsm_follow *f)
{
    return xfsm_zmq_sub_n_lost(f->sub);
}

uint64_t
xfsm_follow_heard_ms(const struct xfsm_follow *f)
{
    return f->heard_ms;
}

bool
xfsm_follow_is_empty(const struct xfsm_follow *f)
{
    return !f->queue.head;
}

uint64_t
xfsm_follow_refused(struct xfsm_follow *f)
{
    return xfsm_zmq_sub_refused(f->sub);
}

uint64_t
xfsm_follow_repeated(const struct xfsm_follow *f)
{
    return f->repeated;
}

uint64_t
xfsm_follow_forgotten(const struct xfsm_follow *f)
{
    return xfsm_gap_forgotten(f->gaps);
}
