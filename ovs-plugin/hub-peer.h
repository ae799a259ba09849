/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef OVS_PLUGIN_HUB_PEER_H
#define OVS_PLUGIN_HUB_PEER_H 1

/* Peers: hubs of other hosts, whose events the probes of this one hear.
 *
 * The hub subscribes to each peer as any subscriber does, with its own key
 * pair, which the peer must have on its list of clients, and to the peer that
 * has the public key given here, to no other.  It asks for the topics that
 * probes of this host hear (hub-mail.h), and for nothing while none hears any.
 * What comes is offered to them, and neither published nor kept, so a peer
 * gets from this hub what its own probes publish and that alone.
 *
 * A peer is believed what it says about its probes, since its key was given;
 * but it may have been taken over, so what it sends is read as hostile: what
 * is no event, or uses a label of the hub's own messages, is counted and
 * dropped.  XFSM_HUB_PEER_BURST messages are taken from one peer before others
 * have their turn, and each has its token bucket.
 *
 * Connections are made, and made again when they break, by ZeroMQ's thread in
 * the cage, which for a hub with peers allows sockets of IP and connect().
 * Names cannot be looked up there, so addresses are numeric.
 *
 * Limits: XFSM_HUB_MAX_PEERS; XFSM_HUB_PEER_HWM messages of one wait for this
 * hub, what is more stays in the network and, in the end, is not sent.
 *
 * Thread-safety: for one thread. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ovs-plugin/hub-source.h"
#include "xfsm/io/keys.h"

struct ds;
struct xfsm_hub_mail;
struct xfsm_zmq_sub;

#define XFSM_HUB_MAX_PEERS 64
#define XFSM_HUB_PEER_BURST 64
#define XFSM_HUB_PEER_HWM 64

struct xfsm_hub_peer {
    char *endpoint;             /* tcp://ADDRESS:PORT. */
    char key[XFSM_KEY_TEXT_SIZE];       /* Its public key. */
    struct xfsm_zmq_sub *sub;   /* NULL: it is this hub itself. */
    struct xfsm_hub_bucket said;
    uint64_t messages;          /* Well-formed. */
    uint64_t malformed;
};

struct xfsm_hub_peers {
    size_t n;
    struct xfsm_hub_peer peers[XFSM_HUB_MAX_PEERS];
    struct xfsm_hub_mail *mail;
};

/* Adds the peers of "ENDPOINT=KEY,...".  Returns NULL or an error that the
 * caller frees. */
char *xfsm_hub_peers_parse(struct xfsm_hub_peers *, const char *s);

/* Opens the sockets, in the ZeroMQ context 'context', with the hub's 'keys',
 * and has 'mail' tell which topics are heard.  A peer with the hub's own
 * public key is left out, so that one list can serve all hosts.  Returns NULL
 * or an error that the caller frees. */
char *xfsm_hub_peers_open(struct xfsm_hub_peers *, void *context,
                          const struct xfsm_key_pair *keys,
                          struct xfsm_hub_mail *mail);
void xfsm_hub_peers_close(struct xfsm_hub_peers *);

/* Offers what has come in. */
void xfsm_hub_peers_run(struct xfsm_hub_peers *);
void xfsm_hub_peers_wait(const struct xfsm_hub_peers *);

/* Calls 'cb' for each counter. */
void xfsm_hub_peers_each_counter(const struct xfsm_hub_peers *,
                                 void (*cb)(const char *name, uint64_t value,
                                            void *aux),
                                 void *aux);

/* Adds a line for each peer. */
void xfsm_hub_peers_format(const struct xfsm_hub_peers *, struct ds *);

#endif /* ovs-plugin/hub-peer.h */
