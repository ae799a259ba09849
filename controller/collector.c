/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include <config.h>
#include "ovsdb-schema/ovs-compat.h"

#include "controller/collector.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "controller/fleet.h"
#include "entropy.h"
#include "openvswitch/dynamic-string.h"
#include "openvswitch/poll-loop.h"
#include "openvswitch/shash.h"
#include "openvswitch/vlog.h"
#include "util.h"
#include "xfsm/io/event-decode.h"
#include "xfsm/io/file-sink.h"
#include "xfsm/io/gap.h"
#include "xfsm/io/zmq-sub.h"

VLOG_DEFINE_THIS_MODULE(collector);

/* Subscribers are looked after at least this often, in milliseconds. */
#define PERIOD 2000

/* The subscription to one host. */
struct source {
    char *name;
    char *endpoint;
    struct xfsm_zmq_sub *sub;
    struct xfsm_gap_tracker *gaps;
    bool drained;               /* Nothing more to read for now. */
    uint64_t events;
    uint64_t refused;           /* Messages that are no events. */
    uint64_t missed;
};

struct xfsm_collector {
    struct xfsm_file_sink *sink;
    struct shash sources;       /* struct source, by name of the host. */
    void (*listener)(void *aux, const char *source, const char *event,
                     size_t len);       /* Or NULL. */
    void *listener_aux;
};

static struct vlog_rate_limit rl = VLOG_RATE_LIMIT_INIT(5, 20);

struct xfsm_collector *
xfsm_collector_create(struct xfsm_file_sink *sink)
{
    struct xfsm_collector *c = xzalloc(sizeof *c);

    c->sink = sink;
    shash_init(&c->sources);
    return c;
}

void
xfsm_collector_set_listener(struct xfsm_collector *c,
                            void (*cb)(void *aux, const char *source,
                                       const char *event, size_t len),
                            void *aux)
{
    c->listener = cb;
    c->listener_aux = aux;
}

void
xfsm_collector_sum(const struct xfsm_collector *c, uint64_t *events,
                   uint64_t *missed, uint64_t *refused)
{
    const struct shash_node *node;

    *events = *missed = *refused = 0;
    SHASH_FOR_EACH (node, &c->sources) {
        const struct source *source = node->data;

        *events += source->events;
        *missed += source->missed;
        *refused += source->refused;
    }
}

static void
destroy_source(struct source *source)
{
    xfsm_zmq_sub_destroy(source->sub);
    xfsm_gap_destroy(source->gaps);
    free(source->name);
    free(source->endpoint);
    free(source);
}

void
xfsm_collector_destroy(struct xfsm_collector *c)
{
    struct shash_node *node;

    if (c) {
        SHASH_FOR_EACH (node, &c->sources) {
            destroy_source(node->data);
        }
        shash_destroy(&c->sources);
        free(c);
    }
}

/* Subscribes to 'host'.  Returns NULL after logging why it cannot. */
static struct source *
create_source(const struct xfsm_fleet_host *host)
{
    struct source *source;
    struct xfsm_zmq_sub *sub;
    uint8_t entropy[16];
    char *error;

    error = xfsm_zmq_sub_create(&sub);
    if (!error) {
        error = xfsm_zmq_sub_connect(sub, host->events);
        if (error) {
            xfsm_zmq_sub_destroy(sub);
        }
    }
    if (error) {
        VLOG_ERR("%s: no events: %s", host->name, error);
        free(error);
        return NULL;
    }
    xfsm_zmq_sub_subscribe(sub, "");
    get_entropy_or_die(entropy, sizeof entropy);
    source = xzalloc(sizeof *source);
    source->name = xstrdup(host->name);
    source->endpoint = xstrdup(host->events);
    source->sub = sub;
    source->gaps = xfsm_gap_create(entropy);
    return source;
}

void
xfsm_collector_set_fleet(struct xfsm_collector *c,
                         const struct xfsm_fleet *fleet,
                         const struct shash *names)
{
    struct shash_node *node;

    SHASH_FOR_EACH_SAFE (node, &c->sources) {
        const struct source *source = node->data;
        const struct xfsm_fleet_host *host
            = shash_find_data(&fleet->hosts, source->name);

        if (!host || !host->events || !shash_find(names, source->name)
            || strcmp(host->events, source->endpoint)) {
            destroy_source(node->data);
            shash_delete(&c->sources, node);
        }
    }
    SHASH_FOR_EACH (node, &fleet->hosts) {
        const struct xfsm_fleet_host *host = node->data;

        if (host->events && shash_find(names, host->name)
            && !shash_find(&c->sources, host->name)) {
            struct source *source = create_source(host);

            if (source) {
                shash_add(&c->sources, host->name, source);
            }
        }
    }
}

static void
note_gap(struct source *source, const struct xfsm_event_view *event)
{
    uint64_t missing;
    char port[128];

    if (event->has_epoch && event->has_seq) {
        missing = xfsm_gap_note(source->gaps, event->host, event->bridge,
                                event->port, event->epoch, event->seq);
        if (missing) {
            source->missed += missing;
            xfsm_event_unescape(event->port, port, sizeof port);
            VLOG_WARN_RL(&rl, "%s: %"PRIu64" events of port %s were lost",
                         source->name, missing, port);
        }
    }
}

static void
take_message(struct xfsm_collector *c, struct source *source,
             const struct xfsm_zmq_message *message)
{
    struct xfsm_event_view event;
    int error;

    if (!xfsm_event_decode(message->body, message->body_len, &event)) {
        source->refused++;
        VLOG_WARN_RL(&rl, "%s: refused a message that is no event",
                     source->name);
        return;
    }
    if (xfsm_str_is(event.label, "heartbeat")) {
        return;
    }
    source->events++;
    note_gap(source, &event);
    if (c->listener) {
        c->listener(c->listener_aux, source->name, message->body,
                    message->body_len);
    }
    error = xfsm_file_sink_write(c->sink, message->body, message->body_len);
    if (error) {
        VLOG_WARN_RL(&rl, "cannot write events (%s)", ovs_strerror(error));
    }
}

static void
run_source(struct xfsm_collector *c, struct source *source)
{
    struct xfsm_zmq_message message;
    int error;
    int i;

    source->drained = false;
    for (i = 0; i < XFSM_COLLECTOR_BURST; i++) {
        error = xfsm_zmq_sub_recv(source->sub, 0, &message);
        if (!error) {
            take_message(c, source, &message);
        } else if (error == EPROTO) {
            source->refused++;
            VLOG_WARN_RL(&rl, "%s: refused a malformed message",
                         source->name);
        } else if (error == EAGAIN) {
            source->drained = true;
            return;
        } else if (error != EINTR) {
            VLOG_WARN_RL(&rl, "%s: cannot receive events (%s)", source->name,
                         ovs_strerror(error));
            source->drained = true;
            return;
        }
    }
}

void
xfsm_collector_run(struct xfsm_collector *c)
{
    struct shash_node *node;
    int error;

    SHASH_FOR_EACH (node, &c->sources) {
        run_source(c, node->data);
    }
    error = xfsm_file_sink_flush(c->sink);
    if (error) {
        VLOG_WARN_RL(&rl, "cannot write events (%s)", ovs_strerror(error));
    }
}

void
xfsm_collector_wait(struct xfsm_collector *c)
{
    struct shash_node *node;

    SHASH_FOR_EACH (node, &c->sources) {
        const struct source *source = node->data;

        if (source->drained) {
            poll_fd_wait(xfsm_zmq_sub_fd(source->sub), POLLIN);
        } else {
            poll_immediate_wake();
        }
    }
    if (!shash_is_empty(&c->sources)) {
        poll_timer_wait(PERIOD);
    }
}

void
xfsm_collector_show(struct xfsm_collector *c, const char *host,
                    struct ds *ds)
{
    struct source *source = shash_find_data(&c->sources, host);

    if (!source) {
        ds_put_cstr(ds, "    events: not subscribed\n");
        return;
    }
    ds_put_format(ds, "    events: %s: %s; %"PRIu64" received, %"PRIu64
                  " lost, %"PRIu64" refused\n", source->endpoint,
                  xfsm_zmq_sub_n_connected(source->sub)
                  ? "connected" : "not connected",
                  source->events, source->missed, source->refused);
}
