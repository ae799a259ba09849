/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include <config.h>
#include "ovsdb-schema/ovs-compat.h"

#include "openvswitch/vlog.h"
#include "ovs-plugin/hub-feed.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "openvswitch/poll-loop.h"
#include "ovs-plugin/hub-core.h"
#include "ovs-plugin/hub-mail.h"
#include "ovs-plugin/watch.h"
#include "util.h"
#include "xfsm/base/bytes.h"
#include "xfsm/io/event-batch.h"

VLOG_DEFINE_THIS_MODULE(hub_feed);

static struct vlog_rate_limit rl = VLOG_RATE_LIMIT_INIT(5, 5);

struct feed {
    struct ovs_list node;
    char *name;
    int sock;
    bool ready;                 /* Set by watch.h. */
    struct xfsm_hub_listener listener;
};

void
xfsm_hub_feeds_init(struct xfsm_hub_feeds *feeds,
                    struct xfsm_hub_core *core, struct xfsm_hub_mail *mail)
{
    memset(feeds, 0, sizeof *feeds);
    feeds->core = core;
    feeds->mail = mail;
    ovs_list_init(&feeds->feeds);
}

static void
remove_feed(struct xfsm_hub_feeds *feeds, struct feed *feed)
{
    VLOG_DBG("%s: gone", feed->name);
    xfsm_hub_mail_leave(feeds->mail, &feed->listener);
    xfsm_hub_core_end_feed(feeds->core, feed->listener.source);
    xfsm_watch_del(feed->sock);
    close(feed->sock);
    ovs_list_remove(&feed->node);
    feeds->n--;
    free(feed->name);
    free(feed);
}

void
xfsm_hub_feeds_destroy(struct xfsm_hub_feeds *feeds)
{
    struct feed *feed;

    LIST_FOR_EACH_SAFE (feed, node, &feeds->feeds) {
        remove_feed(feeds, feed);
    }
}

void
xfsm_hub_feeds_add(struct xfsm_hub_feeds *feeds, const char *name, int sock)
{
    struct feed *feed;

    if (feeds->n >= XFSM_HUB_MAX_FEEDS) {
        VLOG_WARN_RL(&rl, "%s: refused, there are %d probes", name,
                     XFSM_HUB_MAX_FEEDS);
        feeds->refused++;
        close(sock);
        return;
    }
    feed = xzalloc(sizeof *feed);
    feed->name = xstrdup(name);
    feed->sock = sock;
    xfsm_hub_mail_join(feeds->mail, &feed->listener, feed->name, sock);
    xfsm_watch_add(sock, &feed->ready);
    ovs_list_push_back(&feeds->feeds, &feed->node);
    feeds->n++;
}

static void
handle_event(struct xfsm_hub_feeds *feeds, struct feed *feed,
             const void *data, size_t len)
{
    struct xfsm_bytes json, topic;

    if (!xfsm_message_split(data, len, &topic, &json)
        || !xfsm_hub_core_take(feeds->core, &feed->listener.source,
                               (const char *) topic.p,
                               xfsm_bytes_remaining(&topic),
                               (const char *) json.p,
                               xfsm_bytes_remaining(&json))) {
        VLOG_WARN_RL(&rl, "%s: dropped a malformed event", feed->name);
        feeds->core->malformed++;
    }
}

/* Hands on the events of a batch.  Returns their number. */
static size_t
handle_batch(struct xfsm_hub_feeds *feeds, struct feed *feed,
             struct xfsm_batch_reader *reader)
{
    struct xfsm_bytes event;

    while (xfsm_batch_next(reader, &event)) {
        handle_event(feeds, feed, event.p, xfsm_bytes_remaining(&event));
    }
    if (reader->malformed) {
        VLOG_WARN_RL(&rl, "%s: dropped the rest of a malformed batch",
                     feed->name);
        feeds->core->malformed++;
    }
    return reader->n;
}

/* Returns how many events the packet was, or is worth. */
static size_t
handle_packet(struct xfsm_hub_feeds *feeds, struct feed *feed,
              const uint8_t *data, size_t len)
{
    struct xfsm_batch_reader reader;

    if (xfsm_batch_read(&reader, data, len)) {
        return 1 + handle_batch(feeds, feed, &reader);
    } else if (data[0]) {
        handle_event(feeds, feed, data, len);
    } else if (!xfsm_hub_mail_listen(feeds->mail, &feed->listener, data,
                                     len)) {
        VLOG_WARN_RL(&rl, "%s: malformed list of topics", feed->name);
    }
    return 1;
}

/* Removes the packet that was looked at. */
static void
take_off(int sock)
{
    char none;

    while (recv(sock, &none, 0, MSG_DONTWAIT) < 0
           && (errno == ECONNRESET || errno == EINTR)) {
        /* It is still there, run_feed() tells why. */
    }
}

/* Takes events from 'feed'.  Returns false if it has ended. */
static bool
run_feed(struct xfsm_hub_feeds *feeds, struct feed *feed)
{
    static uint8_t buf[MAX(XFSM_BATCH_PACKET_MAX, XFSM_WANTS_SIZE)];
    size_t taken = 0;

    while (taken < XFSM_HUB_FEED_BURST) {
        /* No room for control messages: descriptors are not taken. */
        ssize_t n = recv(feed->sock, buf, sizeof buf,
                         MSG_DONTWAIT | MSG_PEEK | MSG_TRUNC);

        if (n < 0 && errno == ECONNRESET) {
            /* It ended without reading what we said; this is told once, and
             * what it said before is still there. */
            taken++;
            continue;
        } else if (n < 0) {
            return errno == EAGAIN || errno == EINTR;
        } else if (!n) {
            return false;
        } else if (n > sizeof buf) {
            VLOG_WARN_RL(&rl, "%s: dropped a packet of %"PRIuSIZE" bytes",
                         feed->name, (size_t) n);
            feeds->core->malformed++;
            taken++;
        } else {
            taken += handle_packet(feeds, feed, buf, n);
        }
        take_off(feed->sock);
    }
    return true;
}

void
xfsm_hub_feeds_run(struct xfsm_hub_feeds *feeds)
{
    struct feed *feed;

    LIST_FOR_EACH_SAFE (feed, node, &feeds->feeds) {
        if (feed->ready) {
            feed->ready = false;
            if (!run_feed(feeds, feed)) {
                remove_feed(feeds, feed);
            }
        }
    }
}

void
xfsm_hub_feeds_wait(const struct xfsm_hub_feeds *feeds OVS_UNUSED)
{
    xfsm_watch_wait();
}
