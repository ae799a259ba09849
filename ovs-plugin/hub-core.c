/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include <config.h>
#include "ovsdb-schema/ovs-compat.h"

#include "ovs-plugin/hub-core.h"

#include <time.h>

#include "openvswitch/dynamic-string.h"
#include "openvswitch/poll-loop.h"
#include "openvswitch/vlog.h"
#include "ovs-plugin/hub-forms.h"
#include "ovs-plugin/hub-mail.h"
#include "ovs-plugin/hub-pub.h"
#include "timeval.h"
#include "util.h"
#include "xfsm/io/journal.h"
#include "xfsm/runtime/event.h"

VLOG_DEFINE_THIS_MODULE(hub_core);

/* Bytes of a topic in a heartbeat, at most, beside its name. */
#define ENTRY_BYTES 32

static struct vlog_rate_limit rl = VLOG_RATE_LIMIT_INIT(5, 5);

void
xfsm_hub_core_init(struct xfsm_hub_core *core,
                   const struct xfsm_hub_rates *rates,
                   struct xfsm_hub_mail *mail)
{
    memset(core, 0, sizeof *core);
    core->rates = *rates;
    core->mail = mail;
    xfsm_hub_sources_init(&core->sources);
}

void
xfsm_hub_core_destroy(struct xfsm_hub_core *core)
{
    xfsm_hub_sources_destroy(&core->sources);
}

/* Labels whose events the journal keeps. */
static bool
is_kept(struct xfsm_str label)
{
    return (xfsm_str_is(label, XFSM_LABEL_ALERT)
            || xfsm_str_is(label, XFSM_LABEL_CRITICAL));
}

bool
xfsm_hub_label_is_reserved(struct xfsm_str label)
{
    return (xfsm_str_is(label, XFSM_HUB_HEARTBEAT)
            || xfsm_str_is(label, XFSM_HUB_LOST)
            || xfsm_str_is(label, XFSM_HUB_SUPPRESSED));
}

/* First part of a topic. */
static struct xfsm_str
topic_label(const char *topic, size_t len)
{
    const char *slash = memchr(topic, '/', len);

    return (struct xfsm_str) { topic, slash ? slash - topic : len };
}

static bool
has_name(const struct xfsm_event_view *view)
{
    return (view->host.p && view->bridge.p && view->port.p && view->has_epoch
            && view->epoch);
}

void
xfsm_hub_core_start(struct xfsm_hub_core *core, struct xfsm_hub_pub *pub,
                    struct xfsm_hub_forms *forms,
                    struct xfsm_journal *journal)
{
    struct xfsm_journal_query query = { 0 };
    struct xfsm_journal_record record;

    core->pub = pub;
    core->forms = forms;
    core->journal = journal;
    while (journal && !xfsm_journal_read(journal, &query, &record)) {
        struct xfsm_hub_source *source;
        struct xfsm_event_view view;
        struct xfsm_hub_topic *topic;

        query.after = record.number;
        if (!xfsm_event_decode(record.body, record.body_len, &view)
            || !has_name(&view) || !view.has_seq) {
            continue;
        }
        source = xfsm_hub_sources_get(&core->sources, &view, record.topic,
                                      record.topic_len);
        if (source && view.epoch >= source->epoch) {
            if (view.epoch > source->epoch) {
                xfsm_hub_source_begin(source, view.epoch);
            }
            source->ended = time_msec();
            source->last_seq = source->journaled_seq = view.seq;
            topic = xfsm_hub_source_topic(source, record.topic,
                                          record.topic_len,
                                          &core->topics_forgotten);
            if (topic) {
                topic->seq = view.seq;
            }
        }
    }
}

/* ## Journal. ## */

/* Appends to the journal, if there is one, what 'view' shows.  Returns true if
 * it is there.  What is not is counted by the journal and published all the
 * same; the log tells the first and the last of a series. */
static bool
keep_record(struct xfsm_hub_core *core, const char *topic, size_t topic_len,
            const char *body, size_t body_len,
            const struct xfsm_event_view *view)
{
    int error = xfsm_journal_append(core->journal, time_wall_msec(), topic,
                                    topic_len, body, body_len, view);

    if (error && !core->not_kept++) {
        VLOG_ERR("cannot write the journal, alerts are published but not "
                 "kept: %s", ovs_strerror(error));
    } else if (!error && core->not_kept) {
        VLOG_INFO("the journal is written again; %"PRIu64" records were not "
                  "kept", core->not_kept);
        core->not_kept = 0;
    }
    return !error;
}

/* ## Messages of the hub. ## */

/* Begins a message. */
static void
begin_message(struct ds *s, const struct xfsm_hub_source *source,
              const char *label)
{
    long long int now = time_wall_msec();
    time_t seconds = now / 1000;
    char time[32];
    struct tm tm;

    gmtime_r(&seconds, &tm);
    strftime(time, sizeof time, "%Y-%m-%dT%H:%M:%S", &tm);
    ds_put_format(s, "{\"v\":%d,\"time\":\"%s.%03lldZ\",\"label\":\"%s\","
                  "\"program\":\"hub\",\"host\":\"%s\",\"bridge\":\"%s\","
                  "\"port\":\"%s\",\"epoch\":%"PRIu64, XFSM_EVENT_SCHEMA,
                  time, now % 1000, label, source->host, source->bridge,
                  source->port, source->epoch);
}

static void
publish_message(struct xfsm_hub_core *core, struct ds *s,
                const struct xfsm_hub_source *source, const char *label,
                bool keep)
{
    char topic[XFSM_EVENT_TOPIC_MAX];
    struct xfsm_event_view view;
    int len;

    ds_put_char(s, '}');
    len = snprintf(topic, sizeof topic, "%s/hub/%s", label, source->topic);
    len = MIN(len, sizeof topic - 1);
    if (keep && core->journal
        && xfsm_event_decode(ds_cstr(s), s->length, &view)) {
        keep_record(core, topic, len, ds_cstr(s), s->length, &view);
    }
    xfsm_hub_pub_send(core->pub, topic, len, ds_cstr(s), s->length);
    xfsm_hub_forms_send(core->forms, topic, len, ds_cstr(s), s->length);
    ds_destroy(s);
}

static void
publish_range(struct xfsm_hub_core *core, struct xfsm_hub_source *source,
              const char *label, uint64_t from, uint64_t to,
              const char *text)
{
    struct ds s = DS_EMPTY_INITIALIZER;

    begin_message(&s, source, label);
    ds_put_format(&s, ",\"from\":%"PRIu64",\"to\":%"PRIu64",\"count\":%"PRIu64
                  ",\"level\":\"WARN\",\"text\":\"%"PRIu64" event%s %s\"",
                  from, to, to - from + 1, to - from + 1,
                  to == from ? "" : "s", text);
    publish_message(core, &s, source, label, !strcmp(label, XFSM_HUB_LOST));
}

static void
publish_lost(struct xfsm_hub_core *core, struct xfsm_hub_source *source,
             uint64_t from, uint64_t to)
{
    source->lost += to - from + 1;
    core->lost += to - from + 1;
    VLOG_WARN_RL(&rl, "%s: events %"PRIu64" to %"PRIu64" never came",
                 source->topic, from, to);
    publish_range(core, source, XFSM_HUB_LOST, from, to,
                  "dropped by the probe, whose queue was full");
}

static void
publish_suppressed(struct xfsm_hub_core *core,
                   struct xfsm_hub_source *source)
{
    if (source->suppressed_to) {
        publish_range(core, source, XFSM_HUB_SUPPRESSED,
                      source->suppressed_from, source->suppressed_to,
                      "beyond the rate that a probe may publish at");
        source->suppressed_from = source->suppressed_to = 0;
    }
}

static void
publish_heartbeat(struct xfsm_hub_core *core,
                  const struct xfsm_hub_source *source)
{
    struct ds s = DS_EMPTY_INITIALIZER;
    const char *separator = "";
    size_t i;

    begin_message(&s, source, XFSM_HUB_HEARTBEAT);
    ds_put_format(&s, ",\"last_seq\":%"PRIu64",\"state\":\"%s\",\"events\":%"
                  PRIu64",\"lost\":%"PRIu64",\"suppressed\":%"PRIu64
                  ",\"topics\":{", source->last_seq,
                  source->feeds ? "running" : "gone", source->events,
                  source->lost, source->suppressed);
    for (i = 0; i < source->n_topics; i++) {
        const struct xfsm_hub_topic *t = &source->topics[i];

        if (strpbrk(t->name, "\"\\")
            || s.length + t->len > XFSM_EVENT_JSON_MAX - ENTRY_BYTES) {
            continue;
        }
        ds_put_format(&s, "%s\"%s\":%"PRIu64, separator, t->name, t->seq);
        separator = ",";
    }
    ds_put_char(&s, '}');
    core->heartbeats++;
    publish_message(core, &s, source, XFSM_HUB_HEARTBEAT, false);
}

/* ## Events. ## */

/* True if the event, which is of the source's present life, may be published.
 */
static bool
may_publish(struct xfsm_hub_core *core, struct xfsm_hub_source *source,
            struct xfsm_str label, bool kept)
{
    long long int now;
    size_t i;

    if (!core->rates.n && (kept || !core->rates.all)) {
        return true;
    }
    now = time_msec();
    for (i = 0; i < core->rates.n; i++) {
        if (xfsm_str_is(label, core->rates.labels[i].label)
            && !xfsm_hub_bucket_take(&source->labels[i],
                                     core->rates.labels[i].rate, now)) {
            return false;
        }
    }
    return kept || xfsm_hub_bucket_take(&source->all, core->rates.all, now);
}

/* Appends ',"prev":PREV}' to the 'len' bytes at 'body', in place of their
 * closing brace, and returns the new length. */
static size_t
append_prev(char *body, size_t len, uint64_t prev)
{
    static const char name[] = ",\"prev\":";
    char digits[20];
    size_t n = 0;

    memcpy(body + len - 1, name, sizeof name - 1);
    len += sizeof name - 2;
    do {
        digits[n++] = '0' + prev % 10;
        prev /= 10;
    } while (prev);
    while (n) {
        body[len++] = digits[--n];
    }
    body[len++] = '}';
    return len;
}

/* Journals, publishes and offers an event of 'hops' hops; 'prev' is -1 if it
 * is not known. */
static void
publish_event(struct xfsm_hub_core *core, struct xfsm_hub_source *source,
              const char *topic, size_t topic_len,
              const char *json, size_t json_len, long long int prev,
              bool keep, uint64_t hops)
{
    static char body[XFSM_EVENT_JSON_MAX + 32];
    struct xfsm_event_view view;
    size_t len = json_len;

    memcpy(body, json, json_len);
    if (prev >= 0) {
        len = append_prev(body, json_len, prev);
    }
    if (keep && core->journal
        && xfsm_event_decode(body, len, &view)
        && keep_record(core, topic, topic_len, body, len, &view)) {
        source->journaled_seq = MAX(source->journaled_seq, view.seq);
    }
    source->events++;
    xfsm_hub_pub_send(core->pub, topic, topic_len, body, len);
    xfsm_hub_mail_offer(core->mail, source, &source->said, topic, topic_len,
                        json, json_len, hops);
    xfsm_hub_forms_send(core->forms, topic, topic_len, body, len);
}

/* Follows the numbers of the source, of which the event is new. */
static void
take_new(struct xfsm_hub_core *core, struct xfsm_hub_source *source,
         const struct xfsm_event_view *view, const char *topic,
         size_t topic_len, const char *json, size_t json_len)
{
    bool kept = is_kept(view->label);
    struct xfsm_hub_topic *t;
    long long int prev = -1;
    bool exact = source->followed;

    if (view->epoch > source->epoch) {
        publish_suppressed(core, source);
        xfsm_hub_source_begin(source, view->epoch);
        exact |= view->seq == 1;
    } else if (kept && core->journal && !exact) {
        /* What was kept before is in the journal. */
        exact = source->journaled_seq > 0;
    }
    if (source->followed && view->seq > source->last_seq + 1) {
        publish_suppressed(core, source);
        publish_lost(core, source, source->last_seq + 1, view->seq - 1);
    }
    source->followed = true;
    source->last_seq = view->seq;
    if (!may_publish(core, source, view->label, kept)) {
        source->suppressed++;
        core->suppressed++;
        if (!source->suppressed_to) {
            source->suppressed_from = view->seq;
        }
        source->suppressed_to = view->seq;
        return;
    }
    publish_suppressed(core, source);
    t = xfsm_hub_source_topic(source, topic, topic_len,
                              &core->topics_forgotten);
    if (t) {
        if (t->seq || (exact && !source->topics_forgotten)) {
            prev = t->seq;
        }
        t->seq = view->seq;
    }
    publish_event(core, source, topic, topic_len, json, json_len, prev, kept,
                  view->hops);
}

bool
xfsm_hub_core_take(struct xfsm_hub_core *core,
                   struct xfsm_hub_source **sourcep,
                   const char *topic, size_t topic_len,
                   const char *json, size_t json_len)
{
    struct xfsm_hub_source *source = *sourcep;
    struct xfsm_event_view view;
    struct xfsm_str label = topic_label(topic, topic_len);

    if (!xfsm_event_decode(json, json_len, &view) || !has_name(&view)
        || !view.seq || view.seq >= INT64_MAX || !view.label.p
        || json[json_len - 1] != '}' || view.has_prev || view.has_from
        || xfsm_hub_label_is_reserved(label)
        || is_kept(label) != is_kept(view.label)
        || (is_kept(label) && (label.len != view.label.len
                               || memcmp(label.p, view.label.p, label.len)))
        || (source && !xfsm_hub_source_is(source, &view))) {
        return false;
    }
    if (!source) {
        source = xfsm_hub_sources_get(&core->sources, &view, topic,
                                      topic_len);
        if (!source) {
            return true;
        }
        source->feeds++;
        *sourcep = source;
    }
    core->received++;
    core->received_bytes += topic_len + json_len;
    if (view.epoch > source->epoch
        || (view.epoch == source->epoch && view.seq > source->last_seq)) {
        take_new(core, source, &view, topic, topic_len, json, json_len);
    } else if (view.epoch == source->epoch
               && view.seq <= source->journaled_seq) {
        /* A former hub wrote it down and was killed before it took it off
         * the socket; whether it published it nobody knows. */
        core->repeated++;
        publish_event(core, source, topic, topic_len, json, json_len, -1,
                      false, view.hops);
    } else {
        /* Of a former life, taken late. */
        publish_event(core, source, topic, topic_len, json, json_len, -1,
                      is_kept(view.label), view.hops);
    }
    return true;
}

void
xfsm_hub_core_end_feed(struct xfsm_hub_core *core,
                       struct xfsm_hub_source *source)
{
    if (source && !--source->feeds) {
        source->ended = time_msec();
        publish_suppressed(core, source);
        publish_heartbeat(core, source);
    }
}

/* ## Heartbeats. ## */

void
xfsm_hub_core_greet(struct xfsm_hub_core *core, const char *prefix,
                    size_t len)
{
    size_t n = MIN(len, strlen(XFSM_HUB_HEARTBEAT));

    core->greet |= !memcmp(prefix, XFSM_HUB_HEARTBEAT, n);
}

void
xfsm_hub_core_run(struct xfsm_hub_core *core)
{
    long long int now = time_msec();
    struct xfsm_hub_source *source;

    if (now >= core->next_heartbeat) {
        core->next_heartbeat = now + XFSM_HUB_HEARTBEAT_MS;
        xfsm_hub_sources_expire(&core->sources, now);
    } else if (!core->greet
               || now < core->last_greeting + XFSM_HUB_GREETING_MS) {
        return;
    } else {
        core->last_greeting = now;
    }
    core->greet = false;
    HMAP_FOR_EACH (source, node, &core->sources.map) {
        publish_suppressed(core, source);
        publish_heartbeat(core, source);
    }
}

void
xfsm_hub_core_wait(const struct xfsm_hub_core *core)
{
    poll_timer_wait_until(core->greet
                          ? MIN(core->next_heartbeat, core->last_greeting
                                + XFSM_HUB_GREETING_MS)
                          : core->next_heartbeat);
}
