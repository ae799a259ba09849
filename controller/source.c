/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include <config.h>
#include "ovsdb-schema/ovs-compat.h"

#include "controller/source.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "controller/positions.h"
#include "controller/relay.h"
#include "controller/sink.h"
#include "openvswitch/dynamic-string.h"
#include "openvswitch/thread.h"
#include "openvswitch/vlog.h"
#include "timeval.h"
#include "util.h"
#include "xfsm/io/clock.h"
#include "xfsm/io/event-decode.h"
#include "xfsm/io/follow.h"
#include "xfsm/io/keys.h"

VLOG_DEFINE_THIS_MODULE(source);

/* How long is waited for one event, for a connection, and before something
 * that failed is tried again, in ms. */
#define WAIT_MS 250
#define CONNECT_MS 200
#define RETRY_MS 1000

/* By then a hub that is connected again has the subscriptions: the queue may
 * still have messages of before, which tell nothing of that. */
#define SETTLE_MS 500

/* The positions of a hub without events are written that often, in ms. */
#define IDLE_COMMIT_MS 10000

/* How old events are is looked at that often, in ms. */
#define LAG_MS 100

struct xfsm_source {
    char *name;
    char *endpoint;
    char *server_key;
    char *path;                 /* Of the positions, or NULL. */
    struct xfsm_source_options options;
    pthread_t thread;

    /* Of the thread. */
    struct xfsm_follow *follow;
    struct xfsm_positions *positions;
    uint64_t n_lost;            /* Connections, when the past was had. */
    bool caught_up;             /* All of the past was had. */
    bool again;                 /* The past is needed, once more. */
    bool started;               /* There was a connection. */
    bool answered;              /* A question on the past, once. */
    int attempts;               /* To have it that failed. */
    unsigned int uncommitted;   /* Events. */
    int64_t committed;          /* When, monotonic ms. */

    /* For the owner to see. */
    struct ovs_mutex mutex;
    pthread_cond_t wake;        /* 'stop' was set. */
    bool stop;
    bool ended;
    struct xfsm_source_status status;
};

static struct vlog_rate_limit rl = VLOG_RATE_LIMIT_INIT(5, 20);

static bool
must_stop(struct xfsm_source *s)
{
    bool stop;

    ovs_mutex_lock(&s->mutex);
    stop = s->stop;
    ovs_mutex_unlock(&s->mutex);
    return stop;
}

static void
set_flag(struct xfsm_source *s, bool *flag, bool value)
{
    ovs_mutex_lock(&s->mutex);
    *flag = value;
    ovs_mutex_unlock(&s->mutex);
}

static void
count(struct xfsm_source *s, uint64_t *counter, uint64_t n)
{
    ovs_mutex_lock(&s->mutex);
    *counter += n;
    ovs_mutex_unlock(&s->mutex);
}

/* Waits, but not after the end was asked for. */
static void
nap(struct xfsm_source *s, int ms)
{
    int64_t until = xfsm_now_ms() + ms;
    struct timespec t = { until / 1000, until % 1000 * 1000000 };

    ovs_mutex_lock(&s->mutex);
    while (!s->stop && xfsm_now_ms() < until) {
        pthread_cond_timedwait(&s->wake, &s->mutex.lock, &t);
    }
    ovs_mutex_unlock(&s->mutex);
}

/* ## Positions ## */

/* Has the sink make safe what it was given, and then notes how far that is.
 * Where the sink fails, the positions on the disk stay as they are. */
static void
commit(struct xfsm_source *s)
{
    uint64_t heard = (s->follow && xfsm_follow_is_empty(s->follow)
                      ? xfsm_follow_heard_ms(s->follow) : 0);
    int error = xfsm_sink_flush(s->options.sink);

    s->committed = xfsm_now_ms();
    s->uncommitted = 0;
    if (s->caught_up && heard > XFSM_SOURCE_MARGIN_MS) {
        xfsm_positions_set_since(s->positions, heard - XFSM_SOURCE_MARGIN_MS);
    }
    if (error) {
        VLOG_WARN_RL(&rl, "cannot write events (%s)", ovs_strerror(error));
    } else if (s->path) {
        error = xfsm_positions_save(s->positions, s->path);
        if (error) {
            VLOG_WARN_RL(&rl, "%s: cannot write (%s)", s->path,
                         ovs_strerror(error));
        }
    }
}

static void
know(struct xfsm_str host, struct xfsm_str bridge, struct xfsm_str port,
     uint64_t epoch, uint64_t seq, void *follow)
{
    xfsm_follow_know(follow, host, bridge, port, epoch, seq);
}

/* ## Items ## */

/* True if it is known to be a hub, with a journal, and no other publisher. */
static bool
is_hub(const struct xfsm_source *s)
{
    return s->answered || xfsm_follow_heard_ms(s->follow);
}

/* True if the past is to be had before what comes next from the hub. */
static bool
needs_past(const struct xfsm_source *s)
{
    return s->again || xfsm_follow_n_lost(s->follow) != s->n_lost;
}

/* Gives an event to the sink, and waits while that has no room.  Returns false
 * if the end came first. */
static bool
put(struct xfsm_source *s, const struct xfsm_follow_item *item)
{
    for (;;) {
        int error = xfsm_sink_put(s->options.sink, item->body, item->body_len,
                                  &item->event);

        if (error != EAGAIN) {
            if (error) {
                count(s, &s->status.counters.failed, 1);
                VLOG_WARN_RL(&rl, "cannot write events (%s)",
                             ovs_strerror(error));
            }
            set_flag(s, &s->status.waiting, false);
            return true;
        }
        set_flag(s, &s->status.waiting, true);
        if (s->uncommitted) {
            commit(s);
        }
        nap(s, WAIT_MS);
        if (must_stop(s)) {
            return false;
        }
    }
}

/* Which of the counted labels 'label' is. */
static enum xfsm_source_label
find_label(struct xfsm_str label)
{
    static const char *const names[] = {
#define LABEL_NAME(NAME) #NAME,
        XFSM_SOURCE_LABELS(LABEL_NAME)
#undef LABEL_NAME
    };
    enum xfsm_source_label i;

    for (i = 0; i < XFSM_SOURCE_LABEL_other; i++) {
        if (label.p && xfsm_str_is(label, names[i])) {
            break;
        }
    }
    return i;
}

/* Notes that the sink has taken 'item'. */
static void
count_event(struct xfsm_source *s, const struct xfsm_follow_item *item)
{
    struct xfsm_source_status *status = &s->status;
    int64_t now = time_wall_msec();

    ovs_mutex_lock(&s->mutex);
    status->counters.received++;
    status->counters.recovered += item->recovered;
    status->counters.labels[find_label(item->event.label)]++;
    /* Reading the time of each event would be a cost on a busy hub. */
    if (now - status->event_ms >= LAG_MS || now < status->event_ms) {
        status->event_ms = now;
        status->lag_ms = now - (int64_t) xfsm_follow_time_ms(&item->event);
    }
    ovs_mutex_unlock(&s->mutex);
}

static void
take_event(struct xfsm_source *s, const struct xfsm_follow_item *item)
{
    if (xfsm_positions_has(s->positions, &item->event)) {
        count(s, &s->status.counters.repeated, 1);
        return;
    }
    if (put(s, item)) {
        xfsm_positions_note(s->positions, &item->event);
        count_event(s, item);
        xfsm_relay_put(s->options.relay, s->name, item->body,
                       item->body_len);
        if (++s->uncommitted >= XFSM_SOURCE_BURST) {
            commit(s);
        }
    }
}

static void
take_gap(struct xfsm_source *s, const struct xfsm_follow_item *item)
{
    struct xfsm_event_view view;
    char port[128] = "";

    if (!item->n_missing) {
        return;
    }
    count(s, &s->status.counters.lost, item->n_missing);
    if (xfsm_event_decode(item->body, item->body_len, &view)) {
        xfsm_event_unescape(view.port, port, sizeof port);
    }
    VLOG_WARN_RL(&rl, "%s: %"PRIu64" events of port %s were lost%s", s->name,
                 item->n_missing, port,
                 item->answered ? "" : ", and the hub does not answer");
    if (!item->answered && s->caught_up) {
        s->caught_up = false;
        s->again = true;
    }
}

static void
take_past(struct xfsm_source *s, const struct xfsm_follow_item *item)
{
    s->answered |= item->complete;
    if (!item->complete && is_hub(s)
        && ++s->attempts < XFSM_SOURCE_ATTEMPTS) {
        s->again = true;
        return;
    }
    if (!item->complete) {
        VLOG_RL(&rl, is_hub(s) ? VLL_WARN : VLL_INFO,
                "%s: the hub does not tell its journal", s->name);
    }
    s->caught_up = item->complete;
    s->attempts = 0;
}

static void
take_item(struct xfsm_source *s, const struct xfsm_follow_item *item)
{
    switch (item->kind) {
    case XFSM_FOLLOW_EVENT:
    case XFSM_FOLLOW_RECORD:
        /* One that may have come right after a connection was made, and
         * before the past: it is a part of that. */
        if (!needs_past(s) || !is_hub(s)
            || !xfsm_follow_n_connected(s->follow)
            || !xfsm_positions_is_kept(&item->event)) {
            take_event(s, item);
        }
        break;
    case XFSM_FOLLOW_GAP:
        take_gap(s, item);
        break;
    case XFSM_FOLLOW_PAST:
        take_past(s, item);
        break;
    default:
        OVS_NOT_REACHED();
    }
}

/* ## The thread ## */

/* Has the past come, over the connection that there is now. */
static void
catch_up(struct xfsm_source *s)
{
    s->again = false;
    s->started = true;
    s->caught_up = false;
    s->n_lost = xfsm_follow_n_lost(s->follow);
    if (s->n_lost) {
        nap(s, SETTLE_MS);
    }
    xfsm_follow_again(s->follow, xfsm_positions_since(s->positions));
}

/* Sees to the past, if that is needed.  Returns false if nothing can be taken
 * for now. */
static bool
run_past(struct xfsm_source *s)
{
    bool connected = xfsm_follow_n_connected(s->follow);

    set_flag(s, &s->status.connected, connected);
    if (!needs_past(s)) {
        return true;
    } else if (connected
               || (!s->started && xfsm_follow_n_lost(s->follow))) {
        catch_up(s);
        return true;
    }
    /* What waits in the queue can be taken, unless the past comes before
     * it. */
    return s->started && !(s->again && is_hub(s));
}

static void
commit_in_time(struct xfsm_source *s, bool idle)
{
    int64_t age = xfsm_now_ms() - s->committed;

    if (s->uncommitted ? idle || age >= XFSM_SOURCE_COMMIT_MS
        : age >= IDLE_COMMIT_MS) {
        commit(s);
    }
}

/* Follows until the end, or an error of the system. */
static void
follow(struct xfsm_source *s)
{
    struct xfsm_follow_item item;

    xfsm_positions_each(s->positions, know, s->follow);
    s->again = true;
    s->started = false;
    s->n_lost = 0;
    while (!must_stop(s)) {
        int error;

        if (!run_past(s)) {
            commit_in_time(s, true);
            nap(s, CONNECT_MS);
            continue;
        }
        error = xfsm_follow_next(s->follow, WAIT_MS, &item);
        if (!error) {
            take_item(s, &item);
        } else if (error == EPROTO) {
            count(s, &s->status.counters.refused, 1);
            VLOG_WARN_RL(&rl, "%s: refused a message that is no event",
                         s->name);
        } else if (error != EAGAIN && error != EINTR && !must_stop(s)) {
            VLOG_WARN_RL(&rl, "%s: cannot receive events (%s)", s->name,
                         ovs_strerror(error));
            return;
        }
        commit_in_time(s, error == EAGAIN);
    }
}

static void *
source_main(void *s_)
{
    struct xfsm_source *s = s_;
    const char *endpoint = s->endpoint;
    const struct xfsm_follow_options options = {
        .endpoints = &endpoint, .n_endpoints = 1,
        .context = s->options.context,
        .keys = s->server_key ? s->options.keys : NULL,
        .server_key = s->server_key,
    };

    while (!must_stop(s)) {
        char *error = xfsm_follow_create(&options, &s->follow);

        if (error) {
            VLOG_ERR_RL(&rl, "%s: no events: %s", s->name, error);
            free(error);
            nap(s, RETRY_MS);
            continue;
        }
        follow(s);
        if (s->uncommitted) {
            commit(s);
        }
        xfsm_follow_destroy(s->follow);
        s->follow = NULL;
        set_flag(s, &s->status.connected, false);
        nap(s, CONNECT_MS);
    }
    commit(s);
    set_flag(s, &s->ended, true);
    return NULL;
}

/* ## For the owner ## */

struct xfsm_source *
xfsm_source_start(const struct xfsm_source_options *options)
{
    struct xfsm_source *s = xzalloc(sizeof *s);
    pthread_condattr_t attr;
    sigset_t all, old;
    int error;

    s->options = *options;
    s->name = xstrdup(options->name);
    s->endpoint = xstrdup(options->endpoint);
    s->server_key = nullable_xstrdup(options->server_key);
    s->path = nullable_xstrdup(options->positions);
    s->positions = xfsm_positions_create();
    if (!s->path) {
        xfsm_positions_set_since(s->positions, time_wall_msec());
    } else if (!xfsm_positions_load(s->positions, s->path)
               || !xfsm_positions_since(s->positions)) {
        xfsm_positions_set_since(s->positions, 1);
    }
    s->committed = xfsm_now_ms();
    ovs_mutex_init(&s->mutex);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&s->wake, &attr);
    pthread_condattr_destroy(&attr);

    /* Not by ovs_thread_create(), after which no child can be started. */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    error = pthread_create(&s->thread, NULL, source_main, s);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    if (error) {
        ovs_abort(error, "cannot create a thread");
    }
    return s;
}

void
xfsm_source_stop(struct xfsm_source *s)
{
    ovs_mutex_lock(&s->mutex);
    s->stop = true;
    pthread_cond_signal(&s->wake);
    ovs_mutex_unlock(&s->mutex);
}

bool
xfsm_source_has_ended(const struct xfsm_source *s)
{
    bool ended;

    ovs_mutex_lock(&s->mutex);
    ended = s->ended;
    ovs_mutex_unlock(&s->mutex);
    return ended;
}

void
xfsm_source_join(struct xfsm_source *s)
{
    pthread_join(s->thread, NULL);
    pthread_cond_destroy(&s->wake);
    ovs_mutex_destroy(&s->mutex);
    xfsm_positions_destroy(s->positions);
    free(s->name);
    free(s->endpoint);
    free(s->server_key);
    free(s->path);
    free(s);
}

bool
xfsm_source_is(const struct xfsm_source *s, const char *endpoint,
               const char *server_key)
{
    return (!strcmp(s->endpoint, endpoint)
            && nullable_string_is_equal(s->server_key, server_key));
}

void
xfsm_source_get_status(const struct xfsm_source *s,
                       struct xfsm_source_status *status)
{
    ovs_mutex_lock(&s->mutex);
    *status = s->status;
    ovs_mutex_unlock(&s->mutex);
}

void
xfsm_source_add(struct xfsm_source_counters *to,
                const struct xfsm_source_counters *from)
{
    size_t i;

#define ADD_COUNTER(NAME, DOC) to->NAME += from->NAME;
    XFSM_SOURCE_COUNTERS(ADD_COUNTER)
#undef ADD_COUNTER
    for (i = 0; i < XFSM_SOURCE_N_LABELS; i++) {
        to->labels[i] += from->labels[i];
    }
}

void
xfsm_source_show(const struct xfsm_source *s, struct ds *ds)
{
    ovs_mutex_lock(&s->mutex);
    ds_put_format(ds, "    events: %s: %s%s;", s->endpoint,
                  s->status.connected ? "connected" : "not connected",
                  s->status.waiting ? ", waits for room" : "");
#define SHOW_COUNTER(NAME, DOC) \
    ds_put_format(ds, " %"PRIu64" "#NAME",", s->status.counters.NAME);
    XFSM_SOURCE_COUNTERS(SHOW_COUNTER)
#undef SHOW_COUNTER
    ds_chomp(ds, ',');
    ds_put_char(ds, '\n');
    ovs_mutex_unlock(&s->mutex);
}
