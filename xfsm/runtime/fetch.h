/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef XFSM_RUNTIME_FETCH_H
#define XFSM_RUNTIME_FETCH_H 1

/* What is done about a packet for one program before its turn: everything that
 * does not depend on what the packets before it did.  The memory of states
 * and metrics is on its way when the handler asks for it.  What is told here
 * of that memory is a guess; nothing but time depends on it.
 *
 * Internal to the engine.  Thread-safety: none. */

#include "xfsm/runtime/exec.h"

/* xfsm_fetch_match() without native code. */
void xfsm_fetch_interpreted(const struct xfsm_instance *,
                            const struct xfsm_packet *, struct xfsm_match *);

/* Matches the packet, builds the keys that its handler is likely to need and
 * sends for the memory that is found under them. */
static inline void
xfsm_fetch_match(const struct xfsm_instance *p,
                 const struct xfsm_packet *packet, struct xfsm_match *match)
{
    if (p->native.prepare) {
        match->event = p->native.prepare(packet, &match->keys);
    } else {
        xfsm_fetch_interpreted(p, packet, match);
    }
}

/* Of a packet that an event was found for: sends for the slots of its keys,
 * once the tags that tell them have come. */
void xfsm_fetch_slots(const struct xfsm_instance *, const struct xfsm_packet *,
                      struct xfsm_match *);

/* Where the instance has 'rare' for the event, and a slot was found: sends for
 * what only the handler of the state touches that the slot tells, probably
 * that of the key when the packet has its turn. */
void xfsm_fetch_rare(const struct xfsm_instance *, const struct xfsm_packet *,
                     struct xfsm_match *);

#endif /* xfsm/runtime/fetch.h */
