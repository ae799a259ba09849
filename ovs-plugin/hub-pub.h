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
 * ZeroMQ keeps every subscription in memory and lets nobody refuse one.  So
 * when there are more than XFSM_HUB_MAX_SUBSCRIPTIONS, the hub is to end and
 * be started again, which drops all of them.  Subscribers then connect again
 * and find by the numbers of the events what they missed, which is little: the
 * events of that time wait in the sockets of the probes.
 *
 * Endpoints: ipc://PATH, for the users of this host that the file's mode lets
 * in (root, and the group ovs-xfsm where there is one), or tcp://, which needs
 * keys (hub-auth.h): subscribers are authenticated and all is encrypted.
 *
 * Thread-safety: for one thread; ZeroMQ has threads of its own. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Counters of the socket. */
struct xfsm_hub_pub_stats {
    uint64_t published;         /* Events given to the socket. */
    uint64_t failed;            /* Events that it refused. */
    uint64_t subscriptions;     /* Of all subscribers, now. */
};

/* Subscriptions at most, of all subscribers together. */
#define XFSM_HUB_MAX_SUBSCRIPTIONS 16384

struct xfsm_hub_pub;
struct xfsm_key_pair;

/* Called with the topic prefix of each subscription that comes ('on') or
 * goes. */
typedef void xfsm_hub_pub_subscribed(const char *prefix, size_t len, bool on,
                                     void *aux);

/* Checks 'endpoint'; 'secured' tells whether there are keys.  Returns NULL and
 * stores the folder of its Unix socket, or NULL if it has none, which the
 * caller frees; or an error that the caller frees. */
char *xfsm_hub_pub_check(const char *endpoint, bool secured, char **dirp);

/* Opens the socket at 'endpoint', which must have been checked, in the ZeroMQ
 * context 'context'.  'keys' are those of the hub, or NULL.
 * 'subscribed' is called with 'aux' as said above.
 * Returns NULL and stores it in '*pubp', or an error that the caller frees. */
char *xfsm_hub_pub_open(void *context, const char *endpoint,
                        const struct xfsm_key_pair *keys,
                        xfsm_hub_pub_subscribed *subscribed, void *aux,
                        struct xfsm_hub_pub **pubp);

/* Binds 'socket' to 'endpoint', as the above does.  Returns 0 or a positive
 * errno. */
int xfsm_hub_bind(void *socket, const char *endpoint);

/* Waits, in the main loop, for input on a ZeroMQ socket. */
void xfsm_hub_wait_socket(void *socket);

void xfsm_hub_pub_close(struct xfsm_hub_pub *);

/* Publishes an event. */
void xfsm_hub_pub_send(struct xfsm_hub_pub *,
                       const void *topic, size_t topic_len,
                       const void *json, size_t json_len);

/* Publishes a message of one frame, which begins with its topic. */
void xfsm_hub_pub_send_frame(struct xfsm_hub_pub *, const void *frame,
                             size_t len);

/* Takes notice of subscriptions.  Returns false if there are too many. */
bool xfsm_hub_pub_run(struct xfsm_hub_pub *);
void xfsm_hub_pub_wait(struct xfsm_hub_pub *);

const struct xfsm_hub_pub_stats *xfsm_hub_pub_stats(
    const struct xfsm_hub_pub *);

#endif /* ovs-plugin/hub-pub.h */
