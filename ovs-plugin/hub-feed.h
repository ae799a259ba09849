/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef OVS_PLUGIN_HUB_FEED_H
#define OVS_PLUGIN_HUB_FEED_H 1

/* The hub's feeds: one socket for each probe, from which events come.
 *
 * A packet is an event or several (xfsm/io/event-batch.h), or tells what the
 * probe hears of others (xfsm/io/message-decode.h, hub-mail.h).  A probe may
 * be in the hands of an attacker, so its form is checked; what is malformed is
 * counted and dropped.  Feeds are read in turn, up to XFSM_HUB_FEED_BURST
 * events each and the rest of a packet that was begun, so that no probe can
 * shut out the others.
 *
 * A packet is looked at first and taken off its socket when hub-core.h is
 * done with its events, that is, when the alerts are in the journal: should
 * the hub be killed in between, its successor, which gets the same socket
 * (hub-link.h), finds the packet still there, and publishes again those of its
 * events that this one had published.
 *
 * A feed ends when its probe does.
 *
 * Thread-safety: for one thread. */

#include <stddef.h>
#include <stdint.h>

#include "openvswitch/list.h"

struct xfsm_hub_core;
struct xfsm_hub_mail;

/* Probes at most. */
#define XFSM_HUB_MAX_FEEDS 4096

/* Events taken from one feed before the next one has its turn. */
#define XFSM_HUB_FEED_BURST 64

struct xfsm_hub_feeds {
    struct ovs_list feeds;      /* Struct feed of hub-feed.c. */
    size_t n;

    struct xfsm_hub_core *core; /* Where events go. */
    struct xfsm_hub_mail *mail; /* What comes back. */
    uint64_t refused;           /* Probes beyond XFSM_HUB_MAX_FEEDS. */
};

void xfsm_hub_feeds_init(struct xfsm_hub_feeds *, struct xfsm_hub_core *,
                         struct xfsm_hub_mail *);
void xfsm_hub_feeds_destroy(struct xfsm_hub_feeds *);

/* Adds a feed from 'sock', which it then owns. */
void xfsm_hub_feeds_add(struct xfsm_hub_feeds *, const char *name, int sock);

/* Hands on what has come in. */
void xfsm_hub_feeds_run(struct xfsm_hub_feeds *);
void xfsm_hub_feeds_wait(const struct xfsm_hub_feeds *);

#endif /* ovs-plugin/hub-feed.h */
