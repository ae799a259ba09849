/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include <config.h>
#include "ovsdb-schema/ovs-compat.h"

#include "ovs-plugin/hub-mail.h"

#include <sys/socket.h>

#include "hash.h"
#include "openvswitch/dynamic-string.h"
#include "openvswitch/poll-loop.h"
#include "random.h"
#include "timeval.h"
#include "util.h"

/* Words of a topic. */
#define TOPIC_WORDS 4

/* A topic that is heard. */
struct topic {
    struct hmap_node node;
    struct ovs_list wants;      /* Who hears it: struct want. */
    char *name;
};

/* That a listener hears a topic. */
struct want {
    struct ovs_list of_topic;
    struct ovs_list of_listener;
    struct topic *topic;
    struct xfsm_hub_listener *listener;
};

void
xfsm_hub_mail_init(struct xfsm_hub_mail *mail, unsigned int rate)
{
    memset(mail, 0, sizeof *mail);
    hmap_init(&mail->topics);
    ovs_list_init(&mail->listeners);
    mail->basis = random_uint32();
    mail->rate = rate;
    mail->ask_at = LLONG_MAX;
}

void
xfsm_hub_mail_destroy(struct xfsm_hub_mail *mail)
{
    ovs_assert(hmap_is_empty(&mail->topics));
    hmap_destroy(&mail->topics);
}

/* ## Topics. ## */

static struct topic *
find_topic(const struct xfsm_hub_mail *mail, const char *name, size_t len)
{
    struct topic *topic;

    HMAP_FOR_EACH_WITH_HASH (topic, node,
                             hash_bytes(name, len, mail->basis),
                             &mail->topics) {
        if (strlen(topic->name) == len && !memcmp(topic->name, name, len)) {
            return topic;
        }
    }
    return NULL;
}

static void
tell(struct xfsm_hub_mail *mail, const struct topic *topic, bool heard)
{
    if (mail->changed) {
        mail->changed(topic->name, heard, mail->aux);
    }
}

static void
add_want(struct xfsm_hub_mail *mail, struct xfsm_hub_listener *listener,
         const char *name)
{
    size_t len = strlen(name);
    struct topic *topic = find_topic(mail, name, len);
    struct want *want;

    if (!topic) {
        if (hmap_count(&mail->topics) >= XFSM_HUB_MAX_WANTS) {
            mail->wants_refused++;
            return;
        }
        topic = xzalloc(sizeof *topic);
        topic->name = xstrdup(name);
        ovs_list_init(&topic->wants);
        hmap_insert(&mail->topics, &topic->node,
                    hash_bytes(name, len, mail->basis));
        tell(mail, topic, true);
    }
    want = xzalloc(sizeof *want);
    want->topic = topic;
    want->listener = listener;
    ovs_list_push_back(&topic->wants, &want->of_topic);
    ovs_list_push_back(&listener->wants, &want->of_listener);
}

static void
remove_want(struct xfsm_hub_mail *mail, struct want *want)
{
    struct topic *topic = want->topic;

    ovs_list_remove(&want->of_topic);
    ovs_list_remove(&want->of_listener);
    free(want);
    if (ovs_list_is_empty(&topic->wants)) {
        tell(mail, topic, false);
        hmap_remove(&mail->topics, &topic->node);
        free(topic->name);
        free(topic);
    }
}

/* ## Listeners. ## */

/* Asks a probe what it hears.  One that does not keep up now will not miss
 * much. */
static void
ask(const struct xfsm_hub_listener *listener)
{
    ignore(send(listener->sock, "", 1, MSG_DONTWAIT | MSG_NOSIGNAL));
}

void
xfsm_hub_mail_join(struct xfsm_hub_mail *mail,
                   struct xfsm_hub_listener *listener, const char *name,
                   int sock)
{
    memset(listener, 0, sizeof *listener);
    listener->name = name;
    listener->sock = sock;
    ovs_list_init(&listener->wants);
    ovs_list_push_back(&mail->listeners, &listener->node);
    ask(listener);
}

void
xfsm_hub_mail_leave(struct xfsm_hub_mail *mail,
                    struct xfsm_hub_listener *listener)
{
    struct want *want;

    LIST_FOR_EACH_SAFE (want, of_listener, &listener->wants) {
        remove_want(mail, want);
    }
    ovs_list_remove(&listener->node);
}

bool
xfsm_hub_mail_listen(struct xfsm_hub_mail *mail,
                     struct xfsm_hub_listener *listener, const void *data,
                     size_t len)
{
    const char *topics[XFSM_WANTS_MAX];
    struct ovs_list old = OVS_LIST_INITIALIZER(&old);
    struct want *want;
    size_t i, n;

    if (!xfsm_wants_decode(data, len, topics, &n)) {
        mail->wants_malformed++;
        return false;
    } else if (!xfsm_hub_bucket_take(&listener->told, XFSM_HUB_LISTEN_RATE,
                                     time_msec())) {
        mail->wants_early++;
        mail->ask_at = MIN(mail->ask_at, time_msec() + XFSM_HUB_ASK_MS);
        listener->ask = true;
        return true;
    }
    /* What is heard before and after is not forgotten in between. */
    ovs_list_push_back_all(&old, &listener->wants);
    n = xfsm_wants_reduce(topics, n);
    for (i = 0; i < n; i++) {
        add_want(mail, listener, topics[i]);
    }
    LIST_FOR_EACH_SAFE (want, of_listener, &old) {
        remove_want(mail, want);
    }
    return true;
}

void
xfsm_hub_mail_run(struct xfsm_hub_mail *mail)
{
    struct xfsm_hub_listener *listener;

    if (time_msec() < mail->ask_at) {
        return;
    }
    mail->ask_at = LLONG_MAX;
    LIST_FOR_EACH (listener, node, &mail->listeners) {
        if (listener->ask) {
            listener->ask = false;
            ask(listener);
        }
    }
}

void
xfsm_hub_mail_wait(const struct xfsm_hub_mail *mail)
{
    if (mail->ask_at != LLONG_MAX) {
        poll_timer_wait_until(mail->ask_at);
    }
}

/* ## Events. ## */

/* What is known of an event while it is offered. */
struct offer {
    long long int now;          /* Monotonic ms; 0: nobody hears it so far. */
    uint32_t who;               /* Hash of who says it. */
    bool refused;               /* Nobody will get it. */
    bool spent;                 /* The hub may not deliver it further. */
};

/* Sends a message, or does not. */
static void
deliver(struct xfsm_hub_mail *mail, struct offer *offer,
        struct xfsm_hub_listener *listener, const char *topic,
        size_t topic_len, const char *json, size_t json_len)
{
    struct iovec iov[] = {
        { CONST_CAST(char *, topic), topic_len },
        { CONST_CAST(char *, ""), 1 },
        { CONST_CAST(char *, json), json_len },
    };
    const struct msghdr msg = { .msg_iov = iov, .msg_iovlen = 3 };

    if (offer->spent) {
        mail->messages_shed_hub++;
    } else if (!xfsm_hub_share_take(&listener->heard, mail->rate,
                                    offer->who, offer->now)) {
        mail->messages_shed_heard++;
    } else if (!xfsm_hub_share_take(&mail->all, XFSM_HUB_MAIL_RATE,
                                    offer->who, offer->now)) {
        mail->messages_shed_hub++;
        offer->spent = true;
    } else if (sendmsg(listener->sock, &msg,
                       MSG_DONTWAIT | MSG_NOSIGNAL) < 0) {
        /* Or it has ended, which its feed finds out. */
        mail->messages_shed_full++;
    } else {
        mail->messages_delivered++;
        listener->delivered++;
        return;
    }
    listener->shed++;
}

/* Decides whether an event that somebody hears may be said. */
static bool
may_say(struct xfsm_hub_mail *mail, struct offer *offer,
        struct xfsm_hub_bucket *said, uint64_t hops)
{
    if (!offer->now) {
        offer->now = time_msec();
        mail->messages_said++;
        if (hops >= XFSM_MESSAGE_HOPS) {
            mail->messages_looped++;
            offer->refused = true;
        } else if (!xfsm_hub_bucket_take(said, mail->rate, offer->now)) {
            mail->messages_shed_said++;
            offer->refused = true;
        }
    }
    return !offer->refused;
}

void
xfsm_hub_mail_offer(struct xfsm_hub_mail *mail,
                    const struct xfsm_hub_source *source,
                    struct xfsm_hub_bucket *said,
                    const char *topic, size_t topic_len,
                    const char *json, size_t json_len, uint64_t hops)
{
    struct offer offer = { .who = hash_pointer(said, mail->basis) };
    size_t words = 0;
    size_t i;

    if (hmap_is_empty(&mail->topics)) {
        return;
    }
    mail->event++;
    for (i = 1; i <= topic_len && words < TOPIC_WORDS; i++) {
        struct topic *t;
        struct want *want;

        if (i < topic_len && topic[i] != '/') {
            continue;
        }
        words++;
        t = find_topic(mail, topic, i);
        if (!t) {
            continue;
        }
        LIST_FOR_EACH (want, of_topic, &t->wants) {
            struct xfsm_hub_listener *listener = want->listener;

            if ((source && listener->source == source)
                || listener->event == mail->event) {
                continue;
            }
            listener->event = mail->event;
            if (!may_say(mail, &offer, said, hops)) {
                return;
            }
            deliver(mail, &offer, listener, topic, topic_len, json,
                    json_len);
        }
    }
}

/* ## Introspection. ## */

void
xfsm_hub_mail_each_counter(const struct xfsm_hub_mail *mail,
                           void (*cb)(const char *name, uint64_t value,
                                      void *aux),
                           void *aux)
{
#define MAIL_COUNTER(NAME) cb(#NAME, mail->NAME, aux);
    XFSM_HUB_MAIL_COUNTERS(MAIL_COUNTER)
#undef MAIL_COUNTER
    cb("topics_heard", hmap_count(&mail->topics), aux);
}

void
xfsm_hub_mail_format(const struct xfsm_hub_mail *mail, struct ds *s)
{
    const struct xfsm_hub_listener *listener;
    const struct want *want;

    LIST_FOR_EACH (listener, node, &mail->listeners) {
        const char *separator = " ";

        if (ovs_list_is_empty(&listener->wants)) {
            continue;
        }
        ds_put_format(s, "%s hears", listener->name);
        LIST_FOR_EACH (want, of_listener, &listener->wants) {
            ds_put_format(s, "%s%s", separator, want->topic->name);
            separator = ", ";
        }
        ds_put_format(s, ": %"PRIu64" messages, %"PRIu64" shed\n",
                      listener->delivered, listener->shed);
    }
}
