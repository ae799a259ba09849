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
#include "xfsm/runtime/fetch.h"
#include "xfsm/runtime/mailbox.h"

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
    e->exec.matches = e->matches;
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
}

/* Adds what the engine knows of the port to packets 'start' to 'end'. */
static inline void
name_ports(const struct xfsm_engine *e, struct xfsm_packet *packets,
           size_t start, size_t end)
{
    for (size_t i = start; i < end && e->names_port; i++) {
        name_port(e, &packets[i]);
    }
}

/* Decodes packets 'start' to 'end', which are numbered and counted. */
static void
decode_packets(struct xfsm_engine *e, struct xfsm_packet *packets,
               size_t start, size_t end)
{
    struct xfsm_engine_stats *stats = &e->exec.stats;
    struct xfsm_decode_count count = { e->packet_no, 0 };
    uint64_t bad = 0;

    for (size_t i = start; i < end; i++) {
        i += xfsm_decode_many(&packets[i], end - i, &e->wants, &count);
        if (i < end) {
            packets[i].packet_no = ++count.packet_no;
            count.bytes += packets[i].len;
            decode(e, &packets[i]);
            if (packets[i].decode_error != XFSM_DE_NONE) {
                stats->decode_errors[packets[i].decode_error]++;
                bad++;
            }
        }
    }
    name_ports(e, packets, start, end);
    e->packet_no = count.packet_no;
    stats->packets += end - start;
    stats->bytes += count.bytes;
    stats->decode_errors[XFSM_DE_NONE] += end - start - bad;
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
        name_ports(e, packets, i, i + 1);
    }
    decode_packets(e, packets, decoded, end);
    for (unsigned int j = 0; j < e->n; j++) {
        const struct xfsm_instance *p = e->programs[j];

        for (size_t i = start; i < end && !p->dynamic_matcher; i++) {
            xfsm_fetch_match(p, &packets[i], &e->matches[j][i]);
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
        struct xfsm_match *matches = e->matches[j];

        if (p->dynamic_matcher
            || (p->states->n <= XFSM_FEW_STATES && !p->has_tables)) {
            continue;
        }
        for (size_t i = start; i < end; i++) {
            if (matches[i].event != XFSM_NONE) {
                xfsm_fetch_slots(p, &packets[i], &matches[i]);
            }
        }
        for (size_t i = start; i < end && p->has_rare && p->states->n; i++) {
            if (matches[i].event != XFSM_NONE && p->rare[matches[i].event]
                && matches[i].keys.slot) {
                xfsm_fetch_rare(p, &packets[i], &matches[i]);
            }
        }
    }
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

            done = xfsm_exec_packets(&e->exec, packets, done, end);
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
