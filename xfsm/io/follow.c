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
#include <time.h>

#include "xfsm/base/error.h"
#include "xfsm/io/clock.h"
#include "xfsm/io/gap.h"
#include "xfsm/io/replay-client.h"
#include "xfsm/io/zmq-sub.h"
#include "xfsm/runtime/event.h"

/* How long to wait for a sign that the subscriptions hold, in ms. */
#define CONNECT_PATIENCE 2000
#define GREETING_PATIENCE 500

/* Topics of the hub's own messages. */
static const char *const hub_topics[] = { "heartbeat/", "lost/",
                                          "suppressed/" };

/* An item that waits, with its message after it. */
struct queued {
    struct queued *next;
    struct xfsm_follow_item item;
    char data[];
};

struct xfsm_follow {
    const struct xfsm_follow_options *options;
    struct xfsm_zmq_sub *sub;
    struct xfsm_replay_client *replay;
    struct xfsm_gap_tracker *gaps;
    struct xfsm_gap_tracker *past;      /* What was had from the past. */
    bool all;                   /* All topics are subscribed. */
    bool began;
    uint64_t since_ms;          /* Of the past that is to come. */
    uint64_t heard_ms;          /* Of the last heartbeat. */
    uint64_t repeated;
    struct queued *head, **tail;
    struct queued *current;     /* Given to the caller. */
};

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
        error = xfsm_replay_client_create(o->context, o->keys, o->server_key,
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
            error = xfsm_replay_client_add(f->replay, o->endpoints[i]);
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
    f->since_ms = options->since_ms;
    f->tail = &f->head;
    f->gaps = create_tracker();
    f->past = create_tracker();
    error = open_sockets(f);
    if (error) {
        xfsm_follow_destroy(f);
    } else {
        *fp = f;
    }
    return error;
}

void
xfsm_follow_destroy(struct xfsm_follow *f)
{
    if (f) {
        while (f->head) {
            struct queued *q = f->head;

            f->head = q->next;
            free(q);
        }
        free(f->current);
        xfsm_zmq_sub_destroy(f->sub);
        xfsm_replay_client_destroy(f->replay);
        xfsm_gap_destroy(f->gaps);
        xfsm_gap_destroy(f->past);
        free(f);
    }
}

/* ## Queue. ## */

/* Appends a copy of 'item'. */
static void
push(struct xfsm_follow *f, const struct xfsm_follow_item *item)
{
    struct queued *q = malloc(sizeof *q + item->topic_len + item->body_len);

    if (!q) {
        abort();
    }
    q->next = NULL;
    q->item = *item;
    if (item->topic_len) {
        memcpy(q->data, item->topic, item->topic_len);
    }
    if (item->body_len) {
        memcpy(q->data + item->topic_len, item->body, item->body_len);
    }
    q->item.topic = q->data;
    q->item.body = q->data + item->topic_len;
    if (item->body_len) {
        xfsm_event_decode(q->item.body, q->item.body_len, &q->item.event);
    }
    *f->tail = q;
    f->tail = &q->next;
}

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
push_message(struct xfsm_follow *f, const char *topic, size_t topic_len,
             const char *body, size_t body_len, bool recovered)
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

    push(f, &item);
}

/* ## Gaps. ## */

/* A gap being filled. */
struct repair {
    struct xfsm_follow *f;
    const char *topic;          /* Only events of it; NULL: all. */
    size_t topic_len;
    uint64_t epoch, from, to;
    uint64_t chain;             /* Last number of the unbroken chain. */
    uint64_t recovered, accounted;
};

static uint64_t
overlap(const struct repair *r, const struct xfsm_event_view *e)
{
    uint64_t from = e->from > r->from ? e->from : r->from;
    uint64_t to = e->to < r->to ? e->to : r->to;

    return to >= from ? to - from + 1 : 0;
}

static bool
take_recovered(const char *topic, size_t topic_len, const char *body,
               size_t body_len, void *r_)
{
    struct repair *r = r_;
    struct xfsm_event_view e;

    if (!xfsm_event_decode(body, body_len, &e) || e.epoch != r->epoch) {
        return true;
    }
    if (is_record(topic, topic_len)) {
        if (!r->topic) {
            r->accounted += overlap(r, &e);
            push_message(r->f, topic, topic_len, body, body_len, true);
        }
    } else if (e.seq >= r->from && e.seq <= r->to
               && (!r->topic || (topic_len == r->topic_len
                                 && !memcmp(topic, r->topic, topic_len)))) {
        if (e.has_prev && e.prev <= r->chain) {
            r->chain = e.seq;
        }
        r->recovered++;
        push_message(r->f, topic, topic_len, body, body_len, true);
    }
    return r->recovered < XFSM_FOLLOW_REPAIR_MAX;
}

/* True if a journal may have events of 'topic'; NULL: of any. */
static bool
may_be_kept(const char *topic, size_t len)
{
    return (!topic || has_label(topic, len, XFSM_LABEL_ALERT)
            || has_label(topic, len, XFSM_LABEL_CRITICAL));
}

/* Fills a gap, and tells of it. */
static void
repair(struct xfsm_follow *f, const struct xfsm_event_view *seen_from,
       const char *topic, size_t topic_len, const char *body,
       size_t body_len, uint64_t from, uint64_t to)
{
    struct repair r = {
        .f = f, .topic = topic, .topic_len = topic_len,
        .epoch = seen_from->epoch, .from = from, .to = to,
        .chain = from - 1,
    };
    struct xfsm_follow_item item = {
        .kind = XFSM_FOLLOW_GAP, .body = body, .body_len = body_len,
    };

    item.answered = (!may_be_kept(topic, topic_len)
                     || !xfsm_replay_ask_range(f->replay, seen_from->host,
                                               seen_from->bridge,
                                               seen_from->port, r.epoch,
                                               from, to, take_recovered,
                                               &r));
    item.n_recovered = r.recovered;
    if (topic) {
        item.uncertain = r.chain < to;
        item.n_missing = r.chain < to;
    } else if (r.recovered + r.accounted < to - from + 1) {
        item.n_missing = to - from + 1 - r.recovered - r.accounted;
    }
    push(f, &item);
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
        repair(f, e, f->all ? NULL : topic, topic_len, body, body_len,
               gap.from, gap.to);
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

uint64_t
xfsm_follow_time_ms(const struct xfsm_event_view *e)
{
    char text[32];
    struct tm tm = { 0 };
    unsigned int ms = 0;

    xfsm_event_unescape(e->time, text, sizeof text);
    if (sscanf(text, "%4d-%2d-%2dT%2d:%2d:%2d.%3u", &tm.tm_year, &tm.tm_mon,
               &tm.tm_mday, &tm.tm_hour, &tm.tm_min, &tm.tm_sec, &ms) < 6) {
        return 0;
    }
    tm.tm_year -= 1900;
    tm.tm_mon--;
    return (uint64_t) timegm(&tm) * 1000 + ms;
}

static void
take_heartbeat(struct xfsm_follow *f, const struct xfsm_zmq_message *m,
               const struct xfsm_event_view *e)
{
    f->heard_ms = xfsm_follow_time_ms(e);
    if (f->all) {
        follow_number(f, e, NULL, 0, m->body, m->body_len,
                      (int64_t) e->last_seq, e->last_seq);
    } else {
        take_topics(f, m, e);
    }
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
        push_message(f, m->topic, m->topic_len, m->body, m->body_len, false);
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
            push_message(f, topic, topic_len, body, body_len, true);
        }
    }
    return true;
}

/* Gets the past, once the subscriptions hold, so that nothing is between it
 * and the present. */
static void
begin(struct xfsm_follow *f)
{
    int64_t start = xfsm_now_ms();
    struct xfsm_follow_item item = { .kind = XFSM_FOLLOW_PAST };
    struct queued *early, *q;
    struct xfsm_zmq_message m;
    bool greeted = false;

    f->began = true;
    if (!f->since_ms) {
        return;
    }
    while (!greeted
           && xfsm_now_ms() - start < (xfsm_zmq_sub_n_connected(f->sub)
                                  == f->options->n_endpoints
                                  ? GREETING_PATIENCE : CONNECT_PATIENCE)) {
        if (!xfsm_zmq_sub_recv(f->sub, 10, &m)) {
            take_message(f, &m);
            greeted = true;
        }
    }
    /* What came already is of the present: after the past, unless it is in
     * there as well. */
    early = f->head;
    f->head = NULL;
    f->tail = &f->head;
    item.complete = !xfsm_replay_ask_since(f->replay, f->since_ms,
                                           take_past, f, &item.oldest_ms);
    push(f, &item);
    while ((q = early) != NULL) {
        early = q->next;
        if (q->item.kind == XFSM_FOLLOW_EVENT && is_past(f, &q->item.event)) {
            free(q);
        } else {
            q->next = NULL;
            *f->tail = q;
            f->tail = &q->next;
        }
    }
}

void
xfsm_follow_know(struct xfsm_follow *f, struct xfsm_str host,
                 struct xfsm_str bridge, struct xfsm_str port,
                 uint64_t epoch, uint64_t seq)
{
    const struct xfsm_str names[] = { host, bridge, port };

    xfsm_gap_follow(f->gaps, names, 3, epoch, -1, seq);
}

void
xfsm_follow_again(struct xfsm_follow *f, uint64_t since_ms)
{
    f->since_ms = since_ms;
    f->began = false;
}

int
xfsm_follow_next(struct xfsm_follow *f, int timeout_ms,
                 struct xfsm_follow_item *item)
{
    int64_t deadline = xfsm_now_ms() + timeout_ms;
    struct xfsm_zmq_message m;
    int error = 0;

    if (!f->began) {
        begin(f);
    }
    while (!f->head && !error) {
        int64_t left = deadline - xfsm_now_ms();

        error = xfsm_zmq_sub_recv(f->sub, timeout_ms < 0 ? -1
                                  : left > 0 ? (int) left : 0, &m);
        if (!error) {
            error = take_message(f, &m);
        }
    }
    if (error) {
        return error;
    }
    free(f->current);
    f->current = f->head;
    f->head = f->head->next;
    if (!f->head) {
        f->tail = &f->head;
    }
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
    return !f->head;
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
