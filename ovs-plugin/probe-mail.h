/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef OVS_PLUGIN_PROBE_MAIL_H
#define OVS_PLUGIN_PROBE_MAIL_H 1

/* What a probe hears of other probes.
 *
 * The probe tells the hub which topics its programs' message events name,
 * whenever these change and when a hub asks, and hands what the hub sends
 * (xfsm/io/message-decode.h) to the engine.  All goes over the socket of the
 * publisher, since the cage lets no other be opened.
 *
 * Programs with message events are not split over workers (steer.h), so
 * messages go to lane 0 always, which is the main thread's and where all
 * packets then go too: no lock is needed, and each key's state is in one
 * place.
 *
 * At most XFSM_PROBE_MAIL_BURST messages are taken before packets have their
 * turn.  How many come at all the hub limits (ovs-plugin/hub-mail.h).
 *
 * A message of this very probe, which a hub never sends but a peer that
 * pretends might, is dropped.
 *
 * Thread-safety: for the main thread. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "xfsm/io/message-decode.h"

struct ds;
struct xfsm_probe;

#define XFSM_PROBE_MAIL_BURST 32

/* C(NAME): counters.  Those of the engine tell the rest: messages,
 * message_loops, message_no_key. */
#define XFSM_PROBE_MAIL_COUNTERS(C) \
    C(messages_received) \
    C(messages_malformed) \
    C(messages_own)             /* Said by this probe. */ \
    C(messages_unheard)         /* No program hears the topic any more. */ \
    C(topics_refused)           /* Topics beyond XFSM_WANTS_MAX. */

struct xfsm_probe_mail {
    char *topics[XFSM_WANTS_MAX];       /* That are heard. */
    size_t n_topics;
    bool untold;                /* The hub does not know them yet. */
#define XFSM_PROBE_MAIL_MEMBER(NAME) uint64_t NAME;
    XFSM_PROBE_MAIL_COUNTERS(XFSM_PROBE_MAIL_MEMBER)
#undef XFSM_PROBE_MAIL_MEMBER

    uint8_t out[XFSM_WANTS_SIZE];
    uint8_t in[XFSM_MESSAGE_PACKET_MAX];
    struct xfsm_letter letter;
};

/* Takes notice that programs came or went. */
void xfsm_probe_mail_update(struct xfsm_probe *);

/* Tells what is to be told, and hears what there is, up to a limit. */
void xfsm_probe_mail_run(struct xfsm_probe *);
void xfsm_probe_mail_wait(struct xfsm_probe *);

/* Calls 'cb' for each counter. */
void xfsm_probe_mail_each_counter(const struct xfsm_probe_mail *,
                                  void (*cb)(const char *name, uint64_t value,
                                             void *aux),
                                  void *aux);

/* Adds a line with what is heard, if anything is. */
void xfsm_probe_mail_format(const struct xfsm_probe_mail *, struct ds *);

#endif /* ovs-plugin/probe-mail.h */
