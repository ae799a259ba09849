/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef OVS_PLUGIN_HUB_CORE_H
#define OVS_PLUGIN_HUB_CORE_H 1

/* What happens to an event in the hub.
 *
 * Nothing is lost without a word.  The hub follows the numbers of each
 * probe's events (hub-source.h), and each event that comes in
 *
 *   - is checked: it must be an event (event-decode.h) with a probe's name,
 *     epoch and number, of the probe that the feed has been of so far;
 *   - if numbers before it are missing, is preceded by a record LOST;
 *   - is suppressed if its probe published too many lately, which a record
 *     SUPPRESSED tells;
 *   - gets the member "prev", the number of the event before it on its topic,
 *     so that a subscriber to some topics sees gaps too;
 *   - if its label is alert or critical, is written to the journal
 *     (xfsm/io/journal.h), unless it is there already;
 *   - is published;
 *   - is offered to the probes that hear it (hub-mail.h).
 *
 * Once a second the hub publishes a heartbeat for each probe, and to whoever
 * subscribes to heartbeats anew at once: so who comes late, or loses the last
 * events before a silence, knows within a second.
 *
 * Messages of the hub, in the form of events; LABEL is the first part of the
 * topic LABEL/hub/BRIDGE/PORT as well:
 *
 *     {"v":1,"time":"...","label":"heartbeat","program":"hub","host":"hv1",
 *      "bridge":"br0","port":"vnet7","epoch":E,"last_seq":17,
 *      "state":"running","events":17,"lost":0,"suppressed":0,
 *      "topics":{"alert/portscan":17,"log/portscan":16}}
 *
 *     {"v":1,"time":"...","label":"lost","program":"hub","host":"hv1",
 *      "bridge":"br0","port":"vnet7","epoch":E,"from":5,"to":9,"count":5,
 *      "text":"..."}
 *
 * and "suppressed" like "lost".  "state" is "running" or "gone".  LOST records
 * are journaled, SUPPRESSED ones are not.
 *
 * A hub that has just started takes the first number of each probe as given:
 * what its predecessor had published it does not know.  What that one had not
 * taken waits in the sockets of the probes (hub-link.h).
 *
 * Thread-safety: for one thread. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ovs-plugin/hub-source.h"

struct xfsm_hub_forms;
struct xfsm_hub_mail;
struct xfsm_hub_pub;
struct xfsm_journal;

/* Labels of the hub's own messages: no probe may use them, and none hears
 * them. */
#define XFSM_HUB_HEARTBEAT "heartbeat"
#define XFSM_HUB_LOST "lost"
#define XFSM_HUB_SUPPRESSED "suppressed"

/* Between two heartbeats of a probe, in ms; and between two answers to new
 * subscribers. */
#define XFSM_HUB_HEARTBEAT_MS 1000
#define XFSM_HUB_GREETING_MS 100

bool xfsm_hub_label_is_reserved(struct xfsm_str label);

struct xfsm_hub_core {
    struct xfsm_hub_sources sources;
    struct xfsm_hub_rates rates;
    struct xfsm_hub_mail *mail;     /* Owned by the caller... */
    struct xfsm_hub_pub *pub;       /* ...as this... */
    struct xfsm_hub_forms *forms;   /* ...and this. */
    struct xfsm_journal *journal;   /* Owned by the caller; NULL: none. */
    long long int next_heartbeat;
    long long int last_greeting;
    bool greet;                     /* Somebody subscribed to heartbeats. */
    uint64_t not_kept;              /* Records, since the journal worked. */

    /* Counters. */
    uint64_t received;              /* Well-formed events. */
    uint64_t received_bytes;
    uint64_t malformed;
    uint64_t lost;                  /* Missing before the hub. */
    uint64_t suppressed;
    uint64_t repeated;              /* In the journal already. */
    uint64_t topics_forgotten;      /* For want of room, hub-source.h. */
    uint64_t heartbeats;
};

void xfsm_hub_core_init(struct xfsm_hub_core *,
                        const struct xfsm_hub_rates *,
                        struct xfsm_hub_mail *);
void xfsm_hub_core_destroy(struct xfsm_hub_core *);

/* Goes to work with 'pub', 'forms' and 'journal', or NULL, and learns from the
 * latter what was published before. */
void xfsm_hub_core_start(struct xfsm_hub_core *, struct xfsm_hub_pub *pub,
                         struct xfsm_hub_forms *forms,
                         struct xfsm_journal *journal);

/* Takes an event from a feed.  '*sourcep' is the source of the feed, NULL if
 * it is not known yet, in which case it becomes that of the event.  Returns
 * false if it is malformed. */
bool xfsm_hub_core_take(struct xfsm_hub_core *,
                        struct xfsm_hub_source **sourcep,
                        const char *topic, size_t topic_len,
                        const char *json, size_t json_len);

/* The feed with that source has ended; NULL is accepted. */
void xfsm_hub_core_end_feed(struct xfsm_hub_core *, struct xfsm_hub_source *);

/* Heartbeats. */
void xfsm_hub_core_run(struct xfsm_hub_core *);
void xfsm_hub_core_wait(const struct xfsm_hub_core *);

/* Tells that somebody subscribed to topics that start with 'prefix'. */
void xfsm_hub_core_greet(struct xfsm_hub_core *, const char *prefix,
                         size_t len);

#endif /* ovs-plugin/hub-core.h */
