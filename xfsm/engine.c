/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include "xfsm/engine.h"

#include <stdlib.h>
#include <string.h>

#include "xfsm/base/error.h"
#include "xfsm/engine-private.h"
#include "xfsm/packet/fragments.h"
#include "xfsm/runtime/mailbox.h"
#include "xfsm/runtime/run.h"
#include "xfsm/sketch/countmin.h"

/* Packets that a stage takes together: as many as a core has cache lines on
 * their way at once, or so. */
#define GROUP 16

char *
xfsm_engine_create(const struct xfsm_engine_options *options,
                   struct xfsm_engine **enginep)
{
    const struct xfsm_identity *id = &options->identity;
    struct xfsm_engine *e = calloc(1, sizeof *e);
    size_t host = strlen(id->host) + 1;
    size_t bridge = strlen(id->bridge) + 1;
    size_t port = strlen(id->port) + 1;
    char *error;

    if (!e || !(e->identity = malloc(host + bridge + port))) {
        free(e);
        return xfsm_error("out of memory");
    }
    e->exec.options = *options;
    e->exec.options.identity.host = memcpy(e->identity, id->host, host);
    e->exec.options.identity.bridge = memcpy(e->identity + host, id->bridge,
                                             bridge);
    e->exec.options.identity.port = memcpy(e->identity + host + bridge,
                                           id->port, port);
    e->exec.options.identity.interface_uuid = NULL;
    memset(e->exec.options.identity.ids, 0,
           sizeof e->exec.options.identity.ids);
    e->in_port = (struct xfsm_str) { e->exec.options.identity.port,
                                     (uint32_t) port - 1 };
    e->bridge = (struct xfsm_str) { e->exec.options.identity.bridge,
                                    (uint32_t) bridge - 1 };
    e->exec.programs = e->programs;
    xfsm_seed_init(&e->exec.seed, options->entropy);
    error = xfsm_fragments_create(XFSM_FRAGMENTS_DEFAULT,
                                  XFSM_FRAGMENTS_TIMEOUT_DEFAULT,
                                  &e->exec.seed, &e->fragments);
    if (error) {
        xfsm_engine_destroy(e);
        return error;
    }
    *enginep = e;
    return NULL;
}

void
xfsm_engine_destroy(struct xfsm_engine *e)
{
    if (e) {
        for (unsigned int i = 0; i < e->n; i++) {
            xfsm_instance_destroy(e->programs[i]);
            xfsm_engine_destroy_matches(e->matches[i]);
        }
        xfsm_mailbox_destroy(e->exec.mailbox);
        xfsm_fragments_destroy(e->fragments);
        free(e->identity);
        free(e);
    }
}

/* ## Packets ## */

static inline void
fetch_buckets(const struct xfsm_keytable *table, uint64_t hash)
{
    if (xfsm_keytable_may_have(table, hash)) {
        xfsm_keytable_prefetch(table, hash);
    }
}

static inline size_t
min_size(size_t a, size_t b)
{
    return a < b ? a : b;
}

static inline size_t
max_size(size_t a, size_t b)
{
    return a > b ? a : b;
}

/* Builds the key of 'touch' and sends for what is found under it. */
static inline void
fetch_touch(const struct xfsm_instance *p, const struct xfsm_packet *packet,
            struct match *match, const struct xfsm_touch *touch)
{
    const struct xfsm_key_value *key
        = xfsm_exec_row_key(p, &match->keys, packet, touch->key);

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
              struct match *match, bool first)
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
      struct match *match)
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

static inline void
match_packet(const struct xfsm_instance *p, const struct xfsm_packet *packet,
             struct match *match)
{
    if (p->native.prepare) {
        match->event = p->native.prepare(packet, &match->keys);
        return;
    }
    match->event = xfsm_exec_match(p, packet);
    match->keys.built = match->keys.complete = 0;
    if (match->event != XFSM_NONE) {
        fetch(p, packet, match);
    }
}

/* Sends for the slots of its keys, once the tags that tell them have come. */
static inline void
fetch_slots(const struct xfsm_instance *p, const struct xfsm_packet *packet,
            struct match *match)
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

/* Sends for what only the handler of the state touches that the slot tells:
 * probably that of the key when the packet has its turn. */
static inline void
fetch_rare(const struct xfsm_instance *p, const struct xfsm_packet *packet,
           struct match *match)
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

/* Adds what the engine knows of the port. */
static void
name_port(const struct xfsm_engine *e, struct xfsm_packet *packet)
{
    packet->in_port = e->in_port;
    packet->bridge = e->bridge;
    for (int i = 0; i < XFSM_FIELDSET_WORDS; i++) {
        packet->present.w[i] |= e->port_fields.w[i];
    }
}

static inline void
decode(struct xfsm_engine *e, struct xfsm_packet *packet)
{
    xfsm_decode(packet, &e->wants);
    if (xfsm_fieldset_has(&packet->present, XFSM_F_IP_FRAG_OFFSET)) {
        xfsm_fragments_resolve(e->fragments, packet);
    }
    if (e->names_port) {
        name_port(e, packet);
    }
}

/* Decodes packets 'start' to 'end', which are numbered and counted. */
static void
decode_packets(struct xfsm_engine *e, struct xfsm_packet *packets,
               size_t start, size_t end)
{
    struct xfsm_engine_stats *stats = &e->exec.stats;
    uint64_t packet_no = e->packet_no;
    uint64_t bytes = 0, good = 0;

    for (size_t i = start; i < end; i++) {
        packets[i].packet_no = ++packet_no;
        decode(e, &packets[i]);
        bytes += packets[i].len;
        if (packets[i].decode_error == XFSM_DE_NONE) {
            good++;
        } else {
            stats->decode_errors[packets[i].decode_error]++;
        }
    }
    e->packet_no = packet_no;
    stats->packets += end - start;
    stats->bytes += bytes;
    stats->decode_errors[XFSM_DE_NONE] += good;
}

/* First stage of packets 'start' to 'end': everything about them that does not
 * depend on what the packets before them did.  The memory of states and
 * metrics is on its way when the last stage asks for it. */
static void
prepare(struct xfsm_engine *e, struct xfsm_packet *packets, size_t start,
        size_t end)
{
    size_t decoded = min_size(max_size(start, e->n_decoded), end);

    for (size_t i = start; i < decoded && e->redecode; i++) {
        decode(e, &packets[i]);
    }
    decode_packets(e, packets, decoded, end);
    for (unsigned int j = 0; j < e->n; j++) {
        const struct xfsm_instance *p = e->programs[j];

        for (size_t i = start; i < end && !p->dynamic_matcher; i++) {
            match_packet(p, &packets[i], &e->matches[j][i]);
        }
    }
}

/* Second stage: what can be told once the memory that the first one sent for
 * has come. */
static void
prepare_slots(struct xfsm_engine *e, const struct xfsm_packet *packets,
              size_t start, size_t end)
{
    for (unsigned int j = 0; j < e->n; j++) {
        const struct xfsm_instance *p = e->programs[j];

        if (p->dynamic_matcher || !(p->states->n || p->has_tables)) {
            continue;
        }
        for (size_t i = start; i < end; i++) {
            if (e->matches[j][i].event != XFSM_NONE) {
                fetch_slots(p, &packets[i], &e->matches[j][i]);
            }
        }
        for (size_t i = start; i < end && p->has_rare && p->states->n; i++) {
            struct match *match = &e->matches[j][i];

            if (match->event != XFSM_NONE && p->rare[match->event]
                && match->keys.slot) {
                fetch_rare(p, &packets[i], match);
            }
        }
    }
}

/* False: there is more to be done before the packet. */
static inline bool
run_program(struct xfsm_exec *x, struct xfsm_instance *p,
            const struct xfsm_packet *packet, struct match *match)
{
    if (xfsm_exec_is_due(x, p) && !xfsm_exec_wake(x, p)) {
        return false;
    }
    if (p->dynamic_matcher) {
        p->seconds = xfsm_run_seconds(x->clock.now);
        match_packet(p, packet, match);
    }
    if (match->event == XFSM_NONE) {
        return true;
    }
    x->stats.matched++;
    xfsm_exec_packet(x, p, packet, &p->plans[match->event], &match->keys);
    return true;
}

static inline void
tell_time(struct xfsm_exec *x, uint64_t ts)
{
    if (xfsm_clock_advance(&x->clock, ts)) {
        x->clock.n_behind = 0;
    } else {
        x->stats.time_backward++;
        x->stats.time_rebased += xfsm_clock_hold(&x->clock, ts);
    }
}

/* Last stage: what changes states and metrics, and what is published.  Returns
 * the packet before which more timers are due than may fire now, or 'end'. */
static size_t
run_packets(struct xfsm_engine *e, const struct xfsm_packet *packets,
            size_t start, size_t end)
{
    struct xfsm_exec *x = &e->exec;
    unsigned int j = e->next_program;
    bool begun = e->begun;

    e->begun = false;
    e->next_program = 0;
    for (size_t i = start; i < end; i++) {
        if (!begun) {
            tell_time(x, packets[i].ts);
        }
        begun = false;
        for (; j < e->n; j++) {
            if (!run_program(x, e->programs[j], &packets[i],
                             &e->matches[j][i])) {
                e->begun = true;
                e->next_program = j;
                return i;
            }
        }
        j = 0;
        if (xfsm_mailbox_waits(x)) {
            xfsm_mailbox_deliver(x);
        }
    }
    return end;
}

/* The stages work on groups of packets, each stage one group ahead of the
 * next, so that the memory one group sends for comes while another is being
 * computed.  Returns how many packets are done. */
static size_t
run_batch(struct xfsm_engine *e, struct xfsm_packet *packets, size_t n)
{
    size_t done = 0;

    for (size_t i = 0; i < n + 2 * GROUP; i += GROUP) {
        if (i < n) {
            prepare(e, packets, i, min_size(i + GROUP, n));
        }
        if (i >= GROUP && i - GROUP < n) {
            prepare_slots(e, packets, i - GROUP, min_size(i, n));
        }
        if (i >= 2 * GROUP) {
            size_t end = min_size(i - GROUP, n);

            done = run_packets(e, packets, done, end);
            if (done < end) {
                e->n_decoded = max_size(e->n_decoded, min_size(i + GROUP, n));
                break;
            }
        }
    }
    e->n_decoded -= min_size(e->n_decoded, done);
    e->redecode = e->redecode && e->n_decoded;
    return done;
}

size_t
xfsm_engine_run_some(struct xfsm_engine *e, struct xfsm_packet *packets,
                     size_t n)
{
    size_t done = 0;

    e->exec.budget = XFSM_TIMER_BURST;
    while (done < n) {
        size_t batch = min_size(n - done, XFSM_BATCH);
        size_t taken = run_batch(e, packets + done, batch);

        done += taken;
        if (taken < batch) {
            break;
        }
    }
    return done;
}

void
xfsm_engine_run(struct xfsm_engine *e, struct xfsm_packet *packets, size_t n)
{
    while (n) {
        size_t done = xfsm_engine_run_some(e, packets, n);

        packets += done;
        n -= done;
    }
}

bool
xfsm_engine_advance_some(struct xfsm_engine *e, uint64_t now)
{
    struct xfsm_exec *x = &e->exec;

    if (!xfsm_clock_advance(&x->clock, now) && !e->overdue) {
        return true;
    }
    x->budget = XFSM_TIMER_BURST;
    e->overdue = true;
    for (unsigned int i = 0; i < e->n; i++) {
        if (xfsm_exec_is_due(x, e->programs[i])
            && !xfsm_exec_wake(x, e->programs[i])) {
            return false;
        }
    }
    e->overdue = false;
    xfsm_mailbox_deliver(x);
    return true;
}

void
xfsm_engine_advance(struct xfsm_engine *e, uint64_t now)
{
    while (!xfsm_engine_advance_some(e, now)) {
        continue;
    }
}

void
xfsm_engine_stop(struct xfsm_engine *e)
{
    for (unsigned int i = 0; i < e->n; i++) {
        xfsm_engine_stop_program(e, i);
    }
}

/* ## Messages ## */

bool
xfsm_engine_message(struct xfsm_engine *e, const struct xfsm_message *message)
{
    struct xfsm_exec *x = &e->exec;
    char topic[XFSM_EVENT_TOPIC_MAX];
    bool heard = false;

    xfsm_message_format_topic(message, topic, sizeof topic);
    for (unsigned int i = 0; i < e->n; i++) {
        heard |= xfsm_exec_hears(e->programs[i], topic) != XFSM_NONE;
    }
    if (!heard) {
        return false;
    } else if (message->hops >= XFSM_MESSAGE_HOPS) {
        x->stats.message_loops++;
        return true;
    }
    if (!x->clock.now) {
        xfsm_engine_advance(e, message->ts);
    }
    x->budget = XFSM_TIMER_BURST;
    for (unsigned int i = 0; i < e->n; i++) {
        xfsm_exec_message(x, e->programs[i], message, topic);
    }
    xfsm_mailbox_deliver(x);
    return true;
}

static bool
has_topic(const char *const *topics, size_t n, const char *topic)
{
    for (size_t i = 0; i < n; i++) {
        if (!strcmp(topics[i], topic)) {
            return true;
        }
    }
    return false;
}

size_t
xfsm_engine_topics(const struct xfsm_engine *e, const char **topics,
                   size_t max)
{
    size_t n = 0;

    for (unsigned int i = 0; i < e->n; i++) {
        const struct xfsm_image *image = &e->programs[i]->image;

        for (uint32_t j = 0; j < image->n_events; j++) {
            const char *topic = &image->strings[image->events[j].topic];

            if (image->events[j].type == XFSM_EV_MESSAGE
                && !has_topic(topics, n < max ? n : max, topic)) {
                if (n < max) {
                    topics[n] = topic;
                }
                n++;
            }
        }
    }
    return n;
}

void
xfsm_engine_note_loss(struct xfsm_engine *e, uint64_t n, uint64_t ts)
{
    struct xfsm_exec *x = &e->exec;

    ts += x->clock.offset;
    x->lost = (ts < x->lost_until ? x->lost : 0) + n;
    x->lost_until = ts + XFSM_LOSS_PERIOD;
}

uint64_t
xfsm_engine_next_timer(const struct xfsm_engine *e)
{
    uint64_t next = UINT64_MAX;

    for (unsigned int i = 0; i < e->n; i++) {
        next = e->programs[i]->wake < next ? e->programs[i]->wake : next;
        if (e->programs[i]->timers) {
            uint64_t t = xfsm_timers_next(e->programs[i]->timers);

            next = t < next ? t : next;
        }
    }
    return next == UINT64_MAX ? next : xfsm_clock_shown(&e->exec.clock, next);
}
