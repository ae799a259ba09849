/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef OVS_PLUGIN_HUB_PUB_H
#define OVS_PLUGIN_HUB_PUB_H 1

/* The hub's ZeroMQ socket: the host's one place where events leave.
 *
 * An XPUB socket, whose subscriptions come up as messages, which are counted.
 * A subscriber that does not keep up loses events, and events alone: nobody
 * waits for it.  Queues are bounded (HUB_HWM messages a subscriber), and so is
 * the process (cage.h).
 *
 * Endpoints: ipc://PATH, for the users of this host that the file's mode lets
 * in (root, and the group ovs-xfsm where there is one), or tcp:// on a
 * loopback address.  Any other is refused, since peers are not authenticated.
 *
 * Thread-safety: for one thread; ZeroMQ has threads of its own. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Counters of the socket. */
struct xfsm_hub_pub_stats {
    uint64_t published;         /* Events given to the socket. */
    uint64_t failed;            /* Events that it refused. */
    uint64_t subscriptions;     /* Distinct topics subscribed to now. */
};

struct xfsm_hub_pub;

/* Checks 'endpoint'.  Returns NULL and stores the folder of its Unix socket,
 * or NULL if it has none, which the caller frees; or an error that the caller
 * frees. */
char *xfsm_hub_pub_check(const char *endpoint, char **dirp);

/* Opens the socket, which must have been checked.  Starts ZeroMQ's threads.
 * Returns NULL and stores it in '*pubp', or an error that the caller frees. */
char *xfsm_hub_pub_open(const char *endpoint, struct xfsm_hub_pub **pubp);

void xfsm_hub_pub_close(struct xfsm_hub_pub *);

/* Publishes an event. */
void xfsm_hub_pub_send(struct xfsm_hub_pub *,
                       const void *topic, size_t topic_len,
                       const void *json, size_t json_len);

/* Takes notice of subscriptions. */
void xfsm_hub_pub_run(struct xfsm_hub_pub *);
void xfsm_hub_pub_wait(struct xfsm_hub_pub *);

const struct xfsm_hub_pub_stats *xfsm_hub_pub_stats(
    const struct xfsm_hub_pub *);

#endif /* ovs-plugin/hub-pub.h */
