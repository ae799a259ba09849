/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef OVS_PLUGIN_HUB_MAIL_H
#define OVS_PLUGIN_HUB_MAIL_H 1

/* Messages: events that the hub hands to probes whose programs hear them.
 *
 * A probe tells the hub, over the socket of its events, the topics that its
 * programs hear (xfsm/io/message-decode.h).  Each event that the hub publishes
 * goes to the probes that hear its topic as well, and so do those of other
 * hosts (hub-peer.h).  A probe never gets its own.
 *
 * A message is delivered once or not at all, and only to who is there:
 * nothing is kept, nobody is waited for, and publishing goes on whatever
 * becomes of it.  What is not delivered is counted by reason
 * (XFSM_HUB_MAIL_COUNTERS).  When a hub dies, what it was at may be delivered
 * twice.
 *
 *   - Loops: an event of XFSM_MESSAGE_HOPS hops goes no further.  The engine
 *     that heard a message adds the hop (xfsm/runtime/message.h), so the hub
 *     only looks.  What came from a peer is given to probes of this host and
 *     not published, so no peer hands it on.
 *   - Rates: each probe and peer has a token bucket for what it says, of which
 *     one token goes for an event that anybody hears, and each probe one for
 *     what it hears, both of options.message_rate tokens a second and as many
 *     at once; the hub has one of XFSM_HUB_MAIL_RATE for all deliveries.  Who
 *     says much cannot use up what a probe may hear of others, nor what the
 *     hub may deliver of others: hub-share.h.
 *   - A probe that does not keep up: its socket takes what the kernel lets it
 *     (net.core.wmem_default, some 100 messages), and what comes on top is
 *     shed.
 *
 *   - A probe may tell what it hears XFSM_HUB_LISTEN_RATE times a second, and
 *     as often at once.  What it tells on top is not looked at; it is asked
 *     again XFSM_HUB_ASK_MS later.
 *
 * Topics are found by hashing: an event's topic has four beginnings of whole
 * words, so it costs four look-ups, however many probes hear how many topics.
 * There are at most XFSM_HUB_MAX_WANTS different ones; more are refused.
 *
 * Thread-safety: for one thread. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "openvswitch/hmap.h"
#include "openvswitch/list.h"
#include "ovs-plugin/hub-share.h"
#include "ovs-plugin/hub-source.h"
#include "xfsm/io/message-decode.h"

struct ds;

/* Different topics that are heard, of all probes together. */
#define XFSM_HUB_MAX_WANTS 1024

/* Deliveries a second, to all probes together. */
#define XFSM_HUB_MAIL_RATE 20000

/* Lists of topics from one probe a second, and after how many ms it is asked
 * for one that was refused. */
#define XFSM_HUB_LISTEN_RATE 20
#define XFSM_HUB_ASK_MS 500

/* C(NAME): counters.  The first two are of messages that were heard and
 * delivered; one that several probes hear counts once in "said" and its like,
 * and as often as it is heard in "delivered" and its like. */
#define XFSM_HUB_MAIL_COUNTERS(C) \
    C(messages_said)            /* Events that anybody hears. */ \
    C(messages_delivered) \
    C(messages_looped)          /* Said after too many hops. */ \
    C(messages_shed_said)       /* Beyond the rate of who said it. */ \
    C(messages_shed_heard)      /* Beyond the rate of who hears it. */ \
    C(messages_shed_hub)        /* Beyond the rate of the hub. */ \
    C(messages_shed_full)       /* The probe does not keep up. */ \
    C(wants_malformed)          /* Packets with topics. */ \
    C(wants_early)              /* The same, beyond XFSM_HUB_LISTEN_RATE. */ \
    C(wants_refused)            /* Topics beyond XFSM_HUB_MAX_WANTS. */

/* A probe that may hear messages: part of its feed. */
struct xfsm_hub_listener {
    struct ovs_list node;       /* In xfsm_hub_mail's 'listeners'. */
    const char *name;           /* Of the feed. */
    int sock;                   /* As well. */
    struct xfsm_hub_source *source;     /* Who it is; NULL: not known yet. */
    struct ovs_list wants;      /* Struct want of hub-mail.c. */
    struct xfsm_hub_share heard;        /* Of messages... */
    struct xfsm_hub_bucket told;        /* ...and of lists of topics. */
    bool ask;                   /* To be asked again. */
    uint64_t event;             /* Last one that it was offered. */
    uint64_t delivered;
    uint64_t shed;
};

/* Called when a topic is heard for the first time, or not any more. */
typedef void xfsm_hub_mail_changed(const char *topic, bool heard, void *aux);

struct xfsm_hub_mail {
    struct hmap topics;         /* Struct topic of hub-mail.c. */
    uint32_t basis;             /* Of the hash of topics. */
    struct ovs_list listeners;
    unsigned int rate;          /* Of one probe; 0: no limit. */
    struct xfsm_hub_share all;
    uint64_t event;             /* Number of the event that is offered. */
    long long int ask_at;       /* When some are asked, LLONG_MAX: never. */
    xfsm_hub_mail_changed *changed;     /* May be NULL. */
    void *aux;
#define XFSM_HUB_MAIL_MEMBER(NAME) uint64_t NAME;
    XFSM_HUB_MAIL_COUNTERS(XFSM_HUB_MAIL_MEMBER)
#undef XFSM_HUB_MAIL_MEMBER
};

/* Draws a random number, so it must be called outside the cage. */
void xfsm_hub_mail_init(struct xfsm_hub_mail *, unsigned int rate);
void xfsm_hub_mail_destroy(struct xfsm_hub_mail *);

/* Adds a probe and asks it what it hears.  'name' and 'sock' must outlive the
 * listener, which the caller owns. */
void xfsm_hub_mail_join(struct xfsm_hub_mail *, struct xfsm_hub_listener *,
                        const char *name, int sock);
void xfsm_hub_mail_leave(struct xfsm_hub_mail *, struct xfsm_hub_listener *);

/* Takes the packet with which a probe tells what it hears.  Returns false if
 * it is malformed, which is counted and changes nothing, as one that comes too
 * early. */
bool xfsm_hub_mail_listen(struct xfsm_hub_mail *, struct xfsm_hub_listener *,
                          const void *data, size_t len);

/* Offers an event of 'hops' hops to all who hear its topic, but not to
 * 'source', who says it (NULL: a peer).  'said' is the bucket of who says
 * it. */
void xfsm_hub_mail_offer(struct xfsm_hub_mail *,
                         const struct xfsm_hub_source *source,
                         struct xfsm_hub_bucket *said,
                         const char *topic, size_t topic_len,
                         const char *json, size_t json_len, uint64_t hops);

/* Asks those again who told too often. */
void xfsm_hub_mail_run(struct xfsm_hub_mail *);
void xfsm_hub_mail_wait(const struct xfsm_hub_mail *);

/* Calls 'cb' for each counter. */
void xfsm_hub_mail_each_counter(const struct xfsm_hub_mail *,
                                void (*cb)(const char *name, uint64_t value,
                                           void *aux),
                                void *aux);

/* Adds a line for each probe that hears something. */
void xfsm_hub_mail_format(const struct xfsm_hub_mail *, struct ds *);

#endif /* ovs-plugin/hub-mail.h */
