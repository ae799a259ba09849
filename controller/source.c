/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include <config.h>
#include "ovsdb-schema/ovs-compat.h"

#include "controller/source.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "controller/positions.h"
#include "controller/relay.h"
#include "controller/sink.h"
#include "hash.h"
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

/* How long is waited for room in the sink, for a connection without news of
 * it, and before something that failed is tried again, in ms. */
#define WAIT_MS 250
#define CONNECT_MS 1000
#define RETRY_MS 1000

/* By then a hub that is connected again has the subscriptions: the queue may
 * still have messages of before, which tell nothing of that. */
#define SETTLE_MS 500

/* The positions of a hub without events are written that often, in ms; not
 * those of all hubs at once.  Of such a hub they save nothing but answers with
 * what it told before. */
#define IDLE_COMMIT_MS 60000

/* How old events are is looked at that often, in ms. */
#define LAG_MS 100

struct xfsm_source {
    char *name;
    char *endpoint;
    char *server_key;
    char *path;                 /* Of the positions, or NULL. */
    struct xfsm_source_options options;

    /* Of the thread. */
    int epoll_fd;
    void *data;                 /* Of input, for that. */
    struct xfsm_follow_options follow_options;
    struct xfsm_follow *follow; /* NULL: to be made, at... */
    int64_t retry_at;           /* ...monotonic ms. */
    struct xfsm_follow_item item;       /* In hand. */
    bool has_item;
    struct xfsm_positions *positions;
    uint64_t n_lost;            /* Connections, when the past was had. */
    bool caught_up;             /* All of the past was had. */
    bool again;                 /* The past is needed, once more. */
    bool started;               /* There was a connection. */
    bool answered;              /* A question on the past, once. */
    int attempts;               /* To have it that failed. */
    int64_t settle_at;          /* When to ask for the past, or 0. */
    uint64_t safe_since_ms;     /* To be told when... */
    uint64_t safe_number;       /* ...that is safe, or 0. */
    unsigned int uncommitted;   /* Events. */
    int64_t committed;          /* When, monotonic ms. */

    /* For the owner to see. */
    struct ovs_mutex mutex;
    bool stop;
    bool ended;
    struct xfsm_source_status status;
    uint64_t collected;         /* As get_collected() tells. */
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

/* ## Positions ## */

bool
xfsm_source_must_commit(const struct xfsm_source *s)
{
    int64_t age = xfsm_now_ms() - s->committed;

    return age >= (s->uncommitted ? XFSM_SOURCE_COMMIT_MS : IDLE_COMMIT_MS);
}

/* Takes note of the time before which nothing is missing: all was given out
 * that came before the last heartbeat. */
static void
update_since(struct xfsm_source *s)
{
    uint64_t heard = (s->follow && !s->has_item
                      && xfsm_follow_is_empty(s->follow)
                      ? xfsm_follow_heard_ms(s->follow) : 0);

    if (s->caught_up && heard > XFSM_SOURCE_MARGIN_MS) {
        xfsm_positions_set_since(s->positions, heard - XFSM_SOURCE_MARGIN_MS);
    }
}

/* Where the sink failed, the positions on the disk stay as they are. */
void
xfsm_source_commit(struct xfsm_source *s, int error)
{
    s->committed = xfsm_now_ms();
    s->uncommitted = 0;
    update_since(s);
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

void
xfsm_source_note_safe(struct xfsm_source *s, uint64_t last, uint64_t safe)
{
    if (s->safe_number && safe >= s->safe_number) {
        ovs_mutex_lock(&s->mutex);
        s->collected = s->safe_since_ms;
        ovs_mutex_unlock(&s->mutex);
        s->safe_number = 0;
    }
    update_since(s);
    /* It can go back: the clock of the hub can have been ahead. */
    if (!s->safe_number && last && s->caught_up
        && xfsm_positions_since(s->positions) != s->safe_since_ms) {
        s->safe_since_ms = xfsm_positions_since(s->positions);
        s->safe_number = last;
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

/* Gives an event to the sink.  Returns false if that has no room. */
static bool
put(struct xfsm_source *s, const struct xfsm_follow_item *item)
{
    int error = xfsm_sink_put(s->options.sink, item->body, item->body_len,
                              &item->event);

    set_flag(s, &s->status.waiting, error == EAGAIN);
    if (error && error != EAGAIN) {
        count(s, &s->status.counters.failed, 1);
        VLOG_WARN_RL(&rl, "cannot write events (%s)", ovs_strerror(error));
    }
    return error != EAGAIN;
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
    int64_t now = time_wall_msec(), then;

    ovs_mutex_lock(&s->mutex);
    status->counters.received++;
    status->counters.recovered += item->recovered;
    status->counters.forgotten = xfsm_positions_forgotten(s->positions);
    status->counters.labels[find_label(item->event.label)]++;
    /* Reading the time of each event would be a cost on a busy hub. */
    if (now - status->event_ms >= LAG_MS || now < status->event_ms) {
        then = xfsm_event_time_ms(&item->event);
        status->event_ms = now;
        status->lag_ms = then ? now - then : 0;
    }
    ovs_mutex_unlock(&s->mutex);
}

static bool
take_event(struct xfsm_source *s, const struct xfsm_follow_item *item)
{
    if (xfsm_positions_has(s->positions, &item->event)) {
        count(s, &s->status.counters.repeated, 1);
        return true;
    } else if (!put(s, item)) {
        return false;
    }
    xfsm_positions_note(s->positions, &item->event);
    count_event(s, item);
    xfsm_relay_put(s->options.relay, s->name, item->body, item->body_len);
    s->uncommitted++;
    return true;
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

/* Returns false if there is no room for it. */
static bool
take_item(struct xfsm_source *s, const struct xfsm_follow_item *item)
{
    switch (item->kind) {
    case XFSM_FOLLOW_EVENT:
    case XFSM_FOLLOW_RECORD:
        /* One that may have come right after a connection was made, and
         * before the past: it is a part of that. */
        return (xfsm_positions_is_kept(&item->event) && is_hub(s)
                && needs_past(s) && xfsm_follow_n_connected(s->follow))
               || take_event(s, item);
    case XFSM_FOLLOW_GAP:
        take_gap(s, item);
        return true;
    case XFSM_FOLLOW_PAST:
        take_past(s, item);
        return true;
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
    s->settle_at = 0;
    s->caught_up = false;
    s->n_lost = xfsm_follow_n_lost(s->follow);
    xfsm_follow_again(s->follow, xfsm_positions_since(s->positions));
}

/* Sees to the past, if that is needed.  Returns false if nothing can be taken
 * for now. */
static bool
run_past(struct xfsm_source *s)
{
    bool connected = xfsm_follow_n_connected(s->follow);
    uint64_t n_lost = xfsm_follow_n_lost(s->follow);

    set_flag(s, &s->status.connected, connected);
    if (!needs_past(s)) {
        return true;
    } else if (connected || (!s->started && n_lost)) {
        if (n_lost && !s->settle_at) {
            s->settle_at = xfsm_now_ms() + SETTLE_MS;
        }
        if (xfsm_now_ms() < s->settle_at) {
            return false;
        }
        catch_up(s);
        return true;
    }
    s->settle_at = 0;
    /* What waits in the queue can be taken, unless the past comes before
     * it. */
    return s->started && !(s->again && is_hub(s));
}

/* ZeroMQ closes a file descriptor some time after its socket: it is not to be
 * told of when the source is gone. */
static void
watch(int fd, bool there, void *s_)
{
    struct xfsm_source *s = s_;
    struct epoll_event event = { .events = EPOLLIN | EPOLLET,
                                 .data.ptr = s->data };

    epoll_ctl(s->epoll_fd, there ? EPOLL_CTL_ADD : EPOLL_CTL_DEL, fd,
              &event);
}

static void
close_follow(struct xfsm_source *s)
{
    xfsm_follow_destroy(s->follow);
    s->follow = NULL;
    s->has_item = false;
    set_flag(s, &s->status.connected, false);
}

/* Begins to follow.  Returns false if it cannot. */
static bool
open_follow(struct xfsm_source *s)
{
    char *error = xfsm_follow_create(&s->follow_options, &s->follow);

    s->retry_at = xfsm_now_ms() + RETRY_MS;
    if (error) {
        VLOG_ERR_RL(&rl, "%s: no events: %s", s->name, error);
        free(error);
        s->follow = NULL;
        return false;
    }
    xfsm_positions_each(s->positions, know, s->follow);
    s->again = true;
    s->started = false;
    s->settle_at = 0;
    s->n_lost = 0;
    return true;
}

/* Takes what there is, up to a burst.  Returns when to go on. */
static int64_t
take_items(struct xfsm_source *s)
{
    int i;

    for (i = 0; i < XFSM_SOURCE_BURST; i++) {
        int error;

        if ((!i || s->again) && !run_past(s)) {
            return s->settle_at ? s->settle_at : xfsm_now_ms() + CONNECT_MS;
        }
        error = (s->has_item ? 0
                 : xfsm_follow_next(s->follow, 0, &s->item));
        if (!error) {
            s->has_item = !take_item(s, &s->item);
            if (s->has_item) {
                return xfsm_now_ms() + WAIT_MS;
            }
        } else if (error == EPROTO) {
            count(s, &s->status.counters.refused, 1);
            VLOG_WARN_RL(&rl, "%s: refused a message that is no event",
                         s->name);
        } else if (error == EAGAIN) {
            int64_t deadline = xfsm_follow_deadline(s->follow);
            int64_t redial = xfsm_now_ms() + CONNECT_MS;

            return xfsm_follow_n_connected(s->follow)
                   ? deadline : MIN(deadline, redial);
        } else if (error != EINTR) {
            VLOG_WARN_RL(&rl, "%s: cannot receive events (%s)", s->name,
                         ovs_strerror(error));
            close_follow(s);
            return s->retry_at = xfsm_now_ms() + RETRY_MS;
        }
    }
    return 0;
}

void
xfsm_source_begin(struct xfsm_source *s, int epoll_fd, void *data)
{
    s->epoll_fd = epoll_fd;
    s->data = data;
    /* So that hubs take turns. */
    s->committed = xfsm_now_ms() - hash_string(s->name, 0) % IDLE_COMMIT_MS;
}

int64_t
xfsm_source_run(struct xfsm_source *s)
{
    if (must_stop(s)) {
        if (s->follow) {
            int error = xfsm_sink_flush(s->options.sink);

            xfsm_source_commit(s, error);
            close_follow(s);
        }
        return -1;
    }
    if (!s->follow && (xfsm_now_ms() < s->retry_at || !open_follow(s))) {
        return s->retry_at;
    }
    return take_items(s);
}

void
xfsm_source_end(struct xfsm_source *s)
{
    set_flag(s, &s->ended, true);
}

/* ## For the owner ## */

/* What another controller came to after we had the host is later than what we
 * know of its probes. */
static void
load_positions(struct xfsm_source *s)
{
    uint64_t collected = s->options.collected;

    if (!s->path) {
        xfsm_positions_set_since(s->positions, time_wall_msec());
    } else if (!xfsm_positions_load(s->positions, s->path)
               || !xfsm_positions_since(s->positions)) {
        xfsm_positions_set_since(s->positions, 1);
    }
    if (collected > xfsm_positions_since(s->positions)) {
        VLOG_INFO("%s: another controller collected its events up to %"PRIu64
                  " ms since 1970; the hub is asked for those after that",
                  s->name, collected);
        xfsm_positions_destroy(s->positions);
        s->positions = xfsm_positions_create();
        xfsm_positions_set_since(s->positions, collected);
    }
}

struct xfsm_source *
xfsm_source_create(const struct xfsm_source_options *options)
{
    struct xfsm_source *s = xzalloc(sizeof *s);

    s->options = *options;
    s->name = xstrdup(options->name);
    s->endpoint = xstrdup(options->endpoint);
    s->server_key = nullable_xstrdup(options->server_key);
    s->path = nullable_xstrdup(options->positions);
    s->follow_options = (struct xfsm_follow_options) {
        .endpoints = (const char *const *) &s->endpoint, .n_endpoints = 1,
        .context = options->context,
        .keys = s->server_key ? options->keys : NULL,
        .server_key = s->server_key,
        .watch = watch, .watch_aux = s,
    };
    s->positions = xfsm_positions_create();
    load_positions(s);
    ovs_mutex_init(&s->mutex);
    return s;
}

void
xfsm_source_stop(struct xfsm_source *s)
{
    set_flag(s, &s->stop, true);
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
xfsm_source_destroy(struct xfsm_source *s)
{
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

uint64_t
xfsm_source_get_collected(const struct xfsm_source *s)
{
    uint64_t collected;

    ovs_mutex_lock(&s->mutex);
    collected = s->collected;
    ovs_mutex_unlock(&s->mutex);
    return collected;
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
