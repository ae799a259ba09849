/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include <config.h>
#include "ovsdb-schema/ovs-compat.h"

#include "ovs-plugin/hub-peer.h"

#include <arpa/inet.h>
#include <errno.h>

#include "openvswitch/dynamic-string.h"
#include "openvswitch/poll-loop.h"
#include "openvswitch/vlog.h"
#include "ovs-plugin/hub-core.h"
#include "ovs-plugin/hub-mail.h"
#include "util.h"
#include "xfsm/io/message-decode.h"
#include "xfsm/io/zmq-socket.h"
#include "xfsm/io/zmq-sub.h"

VLOG_DEFINE_THIS_MODULE(hub_peer);

static struct vlog_rate_limit rl = VLOG_RATE_LIMIT_INIT(1, 5);

/* While there are peers, how often connections that were given up are made
 * anew, in ms (zmq-sub.h wants to be called for that). */
#define REDIAL_MS 2000

#define TCP "tcp://"

/* ## Configuration. ## */

static bool
is_numeric(const char *endpoint)
{
    const char *host = endpoint + strlen(TCP);
    const char *colon = strrchr(host, ':');
    bool ip6 = host[0] == '[';
    struct in6_addr addr6;
    struct in_addr addr;
    char *text;
    bool ok;

    text = ip6 ? xmemdup0(host + 1, colon - host - 2)
               : xmemdup0(host, colon - host);
    ok = ip6 ? inet_pton(AF_INET6, text, &addr6) == 1
             : inet_pton(AF_INET, text, &addr) == 1;
    free(text);
    return ok;
}

static char *
check_endpoint(const struct xfsm_hub_peers *peers, const char *endpoint)
{
    char *error = xfsm_zmq_check_endpoint(endpoint, false);
    size_t i;

    if (!error && (strncmp(endpoint, TCP, strlen(TCP))
                   || !is_numeric(endpoint))) {
        error = xasprintf("\"%s\": a peer is at tcp://ADDRESS:PORT, with a "
                          "numeric address", endpoint);
    }
    for (i = 0; i < peers->n && !error; i++) {
        if (!strcmp(peers->peers[i].endpoint, endpoint)) {
            error = xasprintf("\"%s\": named twice", endpoint);
        }
    }
    return error;
}

static char *
add_peer(struct xfsm_hub_peers *peers, char *item)
{
    char *equals = strchr(item, '=');
    struct xfsm_hub_peer *peer;
    char *error;

    if (!equals || !xfsm_key_is_valid(equals + 1)) {
        return xasprintf("\"%s\": expected ENDPOINT=PUBLIC_KEY", item);
    } else if (peers->n >= XFSM_HUB_MAX_PEERS) {
        return xasprintf("more than %d peers", XFSM_HUB_MAX_PEERS);
    }
    *equals = '\0';
    error = check_endpoint(peers, item);
    if (!error) {
        peer = &peers->peers[peers->n++];
        peer->endpoint = xstrdup(item);
        ovs_strlcpy(peer->key, equals + 1, sizeof peer->key);
    }
    return error;
}

char *
xfsm_hub_peers_parse(struct xfsm_hub_peers *peers, const char *s)
{
    char *copy = xstrdup(s);
    char *save = NULL;
    char *error = NULL;
    char *item;

    for (item = strtok_r(copy, ", ", &save); item && !error;
         item = strtok_r(NULL, ", ", &save)) {
        error = add_peer(peers, item);
    }
    free(copy);
    return error;
}

/* ## Sockets. ## */

/* Has all peers send a topic, or not any more. */
static void
topic_changed(const char *topic, bool heard, void *peers_)
{
    struct xfsm_hub_peers *peers = peers_;
    size_t i;

    for (i = 0; i < peers->n; i++) {
        struct xfsm_zmq_sub *sub = peers->peers[i].sub;
        int error = !sub ? 0
                    : heard ? xfsm_zmq_sub_subscribe(sub, topic)
                    : xfsm_zmq_sub_unsubscribe(sub, topic);

        if (error) {
            VLOG_WARN_RL(&rl, "%s: cannot subscribe to %s (%s)",
                         peers->peers[i].endpoint, topic,
                         ovs_strerror(error));
        }
    }
}

static char *
open_peer(struct xfsm_hub_peer *peer, void *context,
          const struct xfsm_key_pair *keys)
{
    static const struct xfsm_zmq_limits limits = {
        .hwm = XFSM_HUB_PEER_HWM,
        .frame_max = XFSM_EVENT_JSON_MAX + 64,
        .linger = 0,
    };
    char *error;
    int errno_;

    error = xfsm_zmq_sub_create_in(context, &limits, &peer->sub);
    if (error) {
        return error;
    }
    errno_ = xfsm_zmq_sub_set_keys(peer->sub, keys, peer->key);
    return errno_ ? xasprintf("cannot use keys (%s)", ovs_strerror(errno_))
                  : xfsm_zmq_sub_connect(peer->sub, peer->endpoint);
}

char *
xfsm_hub_peers_open(struct xfsm_hub_peers *peers, void *context,
                    const struct xfsm_key_pair *keys,
                    struct xfsm_hub_mail *mail)
{
    char *error = NULL;
    size_t i;

    peers->mail = mail;
    mail->changed = topic_changed;
    mail->aux = peers;
    for (i = 0; i < peers->n && !error; i++) {
        struct xfsm_hub_peer *peer = &peers->peers[i];

        if (!strcmp(peer->key, keys->public_key)) {
            VLOG_INFO("%s has the key of this hub: left out",
                      peer->endpoint);
        } else {
            error = open_peer(peer, context, keys);
        }
    }
    return error;
}

void
xfsm_hub_peers_close(struct xfsm_hub_peers *peers)
{
    size_t i;

    if (peers->mail) {
        peers->mail->changed = NULL;
    }
    for (i = 0; i < peers->n; i++) {
        xfsm_zmq_sub_destroy(peers->peers[i].sub);
        free(peers->peers[i].endpoint);
    }
    peers->n = 0;
}

/* ## Messages. ## */

static bool
offer(struct xfsm_hub_peers *peers, struct xfsm_hub_peer *peer,
      const struct xfsm_zmq_message *message)
{
    struct xfsm_event_view view;

    if (!xfsm_event_decode(message->body, message->body_len, &view)
        || message->body_len >= XFSM_EVENT_JSON_MAX
        || !view.label.len || xfsm_hub_label_is_reserved(view.label)
        || !xfsm_topic_is_valid(message->topic, message->topic_len)) {
        return false;
    }
    xfsm_hub_mail_offer(peers->mail, NULL, &peer->said, message->topic,
                        message->topic_len, message->body, message->body_len,
                        view.hops);
    return true;
}

static void
run_peer(struct xfsm_hub_peers *peers, struct xfsm_hub_peer *peer)
{
    struct xfsm_zmq_message message;
    int i;

    for (i = 0; i < XFSM_HUB_PEER_BURST; i++) {
        int error = xfsm_zmq_sub_recv(peer->sub, 0, &message);

        if (error == EPROTO || (!error && !offer(peers, peer, &message))) {
            VLOG_WARN_RL(&rl, "%s: dropped a malformed event",
                         peer->endpoint);
            peer->malformed++;
        } else if (error) {
            return;
        } else {
            peer->messages++;
        }
    }
    poll_immediate_wake();
}

void
xfsm_hub_peers_run(struct xfsm_hub_peers *peers)
{
    size_t i;

    for (i = 0; i < peers->n; i++) {
        if (peers->peers[i].sub) {
            run_peer(peers, &peers->peers[i]);
        }
    }
}

void
xfsm_hub_peers_wait(const struct xfsm_hub_peers *peers)
{
    size_t i;

    for (i = 0; i < peers->n; i++) {
        if (peers->peers[i].sub) {
            poll_fd_wait(xfsm_zmq_sub_fd(peers->peers[i].sub), POLLIN);
        }
    }
    if (peers->n) {
        poll_timer_wait(REDIAL_MS);
    }
}

/* ## Introspection. ## */

void
xfsm_hub_peers_each_counter(const struct xfsm_hub_peers *peers,
                            void (*cb)(const char *name, uint64_t value,
                                       void *aux),
                            void *aux)
{
    uint64_t n = 0, connected = 0, refused = 0, messages = 0, malformed = 0;
    size_t i;

    for (i = 0; i < peers->n; i++) {
        const struct xfsm_hub_peer *peer = &peers->peers[i];

        if (peer->sub) {
            n++;
            connected += xfsm_zmq_sub_n_connected(peer->sub);
            refused += xfsm_zmq_sub_refused(peer->sub);
            messages += peer->messages;
            malformed += peer->malformed;
        }
    }
    cb("peers", n, aux);
    cb("peers_connected", connected, aux);
    cb("peers_refused", refused, aux);
    cb("peer_messages", messages, aux);
    cb("peer_malformed", malformed, aux);
}

void
xfsm_hub_peers_format(const struct xfsm_hub_peers *peers, struct ds *s)
{
    size_t i;

    for (i = 0; i < peers->n; i++) {
        const struct xfsm_hub_peer *peer = &peers->peers[i];

        ds_put_format(s, "peer %s: %s, %"PRIu64" messages, %"PRIu64
                      " malformed\n", peer->endpoint,
                      !peer->sub ? "this hub"
                      : xfsm_zmq_sub_n_connected(peer->sub) ? "connected"
                      : xfsm_zmq_sub_refused(peer->sub)
                        ? "not connected, a handshake failed"
                      : "not connected", peer->messages, peer->malformed);
    }
}
