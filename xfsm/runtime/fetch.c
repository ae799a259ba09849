/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include "xfsm/runtime/fetch.h"

#include "xfsm/sketch/countmin.h"

static inline void
fetch_buckets(const struct xfsm_keytable *table, uint64_t hash)
{
    if (xfsm_keytable_may_have(table, hash)) {
        xfsm_keytable_prefetch(table, hash);
    }
}

/* Builds the key of 'touch' and sends for what is found under it. */
static inline void
fetch_touch(const struct xfsm_instance *p, const struct xfsm_packet *packet,
            struct xfsm_match *match, const struct xfsm_touch *touch)
{
    const struct xfsm_key_value *key
        = match->keys.complete >> touch->key & 1
          ? xfsm_key_row_value(p, &match->keys, touch->key)
          : xfsm_exec_row_key(p, &match->keys, packet, touch->key);

    if (!key) {
        return;
    }
    switch (touch->kind) {
    case XFSM_TOUCH_DETECTOR:
        xfsm_detector_prefetch(touch->memory, key->hash);
        break;
    case XFSM_TOUCH_TEWMA:
        xfsm_tewma_prefetch(touch->memory, key->hash);
        break;
    case XFSM_TOUCH_COUNTMIN:
        xfsm_countmin_prefetch(touch->memory, key->hash);
        break;
    case XFSM_TOUCH_KEYTABLE:
        fetch_buckets(touch->memory, key->hash);
        break;
    }
}

/* Does so for what only keys in the first state need, or for all else. */
static inline void
fetch_touches(const struct xfsm_instance *p, const struct xfsm_packet *packet,
              struct xfsm_match *match, bool first)
{
    const struct xfsm_touches *touches = &p->touches[match->event];

    for (unsigned int i = 0; i < touches->n; i++) {
        if (touches->list[i].first == first) {
            fetch_touch(p, packet, match, &touches->list[i]);
        }
    }
}

/* Builds the keys that the packet's handler is likely to need and sends for
 * the memory that is found under them. */
static void
fetch(const struct xfsm_instance *p, const struct xfsm_packet *packet,
      struct xfsm_match *match)
{
    const struct xfsm_key_value *key = xfsm_exec_row_key(
        p, &match->keys, packet, p->image.events[match->event].primary);

    if (!key) {
        return;
    }
    if (xfsm_keytable_may_have(p->states, key->hash)) {
        xfsm_keytable_prefetch(p->states, key->hash);
    } else if (p->touches[match->event].firsts) {
        fetch_touches(p, packet, match, true);
    }
    fetch_touches(p, packet, match, false);
}

void
xfsm_fetch_interpreted(const struct xfsm_instance *p,
                       const struct xfsm_packet *packet,
                       struct xfsm_match *match)
{
    match->event = xfsm_exec_match(p, packet);
    match->keys.built = match->keys.complete = 0;
    if (match->event != XFSM_NONE) {
        fetch(p, packet, match);
    }
}

void
xfsm_fetch_slots(const struct xfsm_instance *p,
                 const struct xfsm_packet *packet, struct xfsm_match *match)
{
    const struct xfsm_touches *touches = &p->touches[match->event];
    const struct xfsm_plan *plan = &p->plans[match->event];
    const struct xfsm_key_row *keys = &match->keys;

    if (keys->complete & plan->primary) {
        const struct xfsm_key_value *key
            = (const void *) (keys->values + plan->key_offset);

        match->keys.slot = 0;
        if (xfsm_keytable_may_have(p->states, key->hash)) {
            match->keys.slot = xfsm_keytable_prefetch_slot(p->states,
                                                           key->hash);
            if (!match->keys.slot && touches->firsts) {
                fetch_touches(p, packet, match, true);
            }
        }
    }
    for (unsigned int i = 0; touches->tables && i < touches->n; i++) {
        const struct xfsm_touch *touch = &touches->list[i];

        if (touch->kind == XFSM_TOUCH_KEYTABLE
            && keys->complete >> touch->key & 1) {
            xfsm_keytable_prefetch_slot(
                touch->memory, xfsm_key_row_value(p, keys, touch->key)->hash);
        }
    }
}

void
xfsm_fetch_rare(const struct xfsm_instance *p,
                const struct xfsm_packet *packet, struct xfsm_match *match)
{
    const struct xfsm_state_entry *entry
        = xfsm_keytable_guess(p->states, match->keys.slot);
    const struct xfsm_touches *rare;

    if (entry->state < p->image.n_states) {
        rare = &p->rare[match->event][entry->state];
        for (unsigned int i = 0; i < rare->n; i++) {
            fetch_touch(p, packet, match, &rare->list[i]);
        }
    }
}
