/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include "xfsm/runtime/state-save.h"

#include <stdlib.h>
#include <string.h>

#include "xfsm/runtime/instance.h"

#define MAGIC UINT64_C(0x544154534d534658)      /* "XFSMSTAT". */

/* ## Which program it is of ## */

static struct xfsm_state_digest
digest_of(const struct xfsm_instance *p)
{
    static const uint8_t nothing[16];
    struct xfsm_state_digest digest;
    struct xfsm_seed seed;

    xfsm_seed_init(&seed, nothing);
    xfsm_digest(&seed, p->bytes, p->n_bytes, digest.w);
    return digest;
}

void
xfsm_state_head(struct xfsm_state_io *io)
{
    xfsm_state_same(io, MAGIC, "it is something else");
    xfsm_state_same(io, XFSM_STATE_VERSION, "it is of another version");
}

void
xfsm_state_peek(const struct xfsm_state_io *io,
                struct xfsm_state_digest *digest)
{
    struct xfsm_bytes in = io->in;
    const void *from = xfsm_bytes_take(&in, sizeof *digest);

    memset(digest, 0, sizeof *digest);
    if (from) {
        memcpy(digest, from, sizeof *digest);
    }
}

bool
xfsm_state_is_of(const struct xfsm_state_digest *digest,
                 const struct xfsm_instance *p)
{
    struct xfsm_state_digest own = digest_of(p);

    return !memcmp(&own, digest, sizeof own);
}

/* ## States ## */

static bool
entry_good(const void *entry_, void *p_)
{
    const struct xfsm_state_entry *entry = entry_;
    struct xfsm_instance *p = p_;

    if (!entry->state || entry->state >= p->image.n_states) {
        return false;
    }
    p->state_keys[entry->state]++;
    return true;
}

/* ## Timers ## */

struct saved_timer {
    uint64_t order, deadline, delay;
    uint16_t class;
    uint8_t n_key;
    uint8_t reserved[5];
};

/* What timers are written with. */
struct timers_writer {
    struct xfsm_state_io *io;
    size_t payload;
};

static bool
write_timer(const struct xfsm_timer_fired *timer, uint64_t order, void *w_)
{
    struct timers_writer *w = w_;
    struct saved_timer saved = {
        .order = order,
        .deadline = timer->deadline,
        .delay = timer->delay,
        .class = timer->class,
        .n_key = (uint8_t) timer->n_key,
    };
    uint64_t key[XFSM_KEY_WORDS] = { 0 };

    memcpy(key, timer->key, timer->n_key * sizeof *key);
    xfsm_state_bytes(w->io, &saved, sizeof saved);
    xfsm_state_bytes(w->io, key, sizeof key);
    xfsm_state_bytes(w->io, timer->payload, w->payload);
    return true;
}

/* Is the payload that of a timer of 'p'?  Computes the hash of its key. */
static bool
check_payload(struct xfsm_state_io *io, const struct xfsm_instance *p,
              char *payload)
{
    struct xfsm_key_value primary;

    memcpy(&primary, payload, sizeof primary);
    if ((primary.spec < p->image.n_keys
         ? primary.n != xfsm_image_key_words(&p->image, primary.spec)
         : primary.spec != XFSM_NONE || primary.n)
        || !xfsm_snapshot_good(&p->snapshot, payload + sizeof primary)) {
        return false;
    }
    primary.hash = primary.n ? xfsm_hash_words(io->seed, io->tweak, primary.w,
                                               primary.n) : 0;
    memcpy(payload, &primary, sizeof primary);
    return true;
}

static bool
read_timer(struct xfsm_state_io *io, struct xfsm_instance *p, uint64_t now,
           char *payload, size_t size)
{
    uint64_t key[XFSM_KEY_WORDS];
    struct saved_timer saved;
    struct xfsm_timer_fired timer;
    void *to;

    xfsm_state_bytes(io, &saved, sizeof saved);
    xfsm_state_bytes(io, key, sizeof key);
    xfsm_state_bytes(io, payload, size);
    if (!saved.n_key || saved.n_key > xfsm_timers_key_words(p->timers)
        || saved.class >= p->image.n_classes || !saved.delay
        || saved.delay > XFSM_TIMER_DELAY_MAX
        || (saved.deadline > now
            && saved.deadline - now > XFSM_TIMER_DELAY_MAX)
        || saved.order > UINT64_MAX / 2 || !check_payload(io, p, payload)) {
        return false;
    }
    timer = (struct xfsm_timer_fired) {
        .class = saved.class,
        .key = key,
        .n_key = saved.n_key,
        .hash = xfsm_hash_words(io->seed, io->tweak, key, saved.n_key),
        .deadline = saved.deadline,
        .delay = saved.delay,
    };
    to = xfsm_timers_restore(p->timers, &timer, saved.order, now);
    if (!to) {
        return false;
    }
    memcpy(to, payload, size);
    return true;
}

static void
read_timers(struct xfsm_state_io *io, struct xfsm_instance *p, uint64_t now,
            uint64_t n, size_t size)
{
    struct xfsm_timers_stats stats;
    char *payload = malloc(size);

    xfsm_timers_get_stats(p->timers, &stats);
    xfsm_state_check(io, payload && n <= stats.capacity,
                     "it has too many timers");
    for (uint64_t i = 0; i < n && xfsm_state_ok(io); i++) {
        xfsm_state_check(io, read_timer(io, p, now, payload, size),
                         "a timer is wrong");
    }
    free(payload);
}

static void
timers_state(struct xfsm_state_io *io, struct xfsm_instance *p, uint64_t now)
{
    size_t size = sizeof(struct xfsm_key_value) + p->snapshot.size;
    struct timers_writer w = { io, size };
    struct xfsm_timers_stats stats;
    uint64_t n;

    xfsm_timers_get_stats(p->timers, &stats);
    n = stats.n;
    xfsm_state_same(io, size, "the payload of timers");
    xfsm_state_u64(io, &n);
    if (xfsm_state_reads(io)) {
        read_timers(io, p, now, n, size);
    } else {
        xfsm_timers_foreach(p->timers, write_timer, &w);
    }
}

/* ## All of it ## */

static void
metric_state(struct xfsm_state_io *io, struct xfsm_metric_memory *m)
{
    if (m->detector) {
        xfsm_detector_state(m->detector, io);
    }
    if (m->tewma) {
        xfsm_tewma_state(m->tewma, io);
    }
    if (m->counters) {
        xfsm_keytable_state(m->counters, io, NULL, NULL);
    }
    if (m->summary) {
        xfsm_summary_state(m->summary, io);
    }
    xfsm_state_double(io, &m->simple);
}

static bool
text_good(const void *text_, void *aux)
{
    const struct xfsm_table_text *text = text_;

    (void) aux;
    return text->len <= XFSM_MAX_TABLE_TEXT;
}

static void
states_state(struct xfsm_state_io *io, struct xfsm_instance *p)
{
    xfsm_keytable_state(p->states, io, xfsm_state_reads(io) ? entry_good
                        : NULL, p);
}

/* What the program knows of itself. */
static void
own_state(struct xfsm_state_io *io, struct xfsm_instance *p)
{
    uint64_t state = p->own.state;
    uint64_t started = p->started;
    uint64_t stopped = p->stopped;

    xfsm_state_u64(io, &state);
    xfsm_state_u64(io, &p->own.since);
    xfsm_state_u64(io, &started);
    xfsm_state_u64(io, &stopped);
    xfsm_state_bytes(io, p->period_due,
                     p->image.n_events * sizeof *p->period_due);
    xfsm_state_check(io, state < p->image.n_states && started <= 1
                         && stopped <= 1,
                     "what it says of the program is out of range");
    if (xfsm_state_reads(io) && xfsm_state_ok(io)) {
        p->own.state = (uint16_t) state;
        p->state_keys[state] += state != 0;
        p->started = started;
        p->stopped = stopped;
        xfsm_instance_set_wake(p);
    }
}

void
xfsm_state_program(struct xfsm_state_io *io, struct xfsm_instance *p,
                   uint64_t now)
{
    struct xfsm_state_digest digest = digest_of(p);

    io->seed = p->seed;
    io->tweak = p->tweak;
    xfsm_state_bytes(io, &digest, sizeof digest);
    xfsm_state_u64(io, &p->handled);
    xfsm_state_u64(io, &p->events);
    for (uint32_t i = 0; i < p->image.n_metrics && xfsm_state_ok(io); i++) {
        metric_state(io, &p->metrics[i]);
    }
    for (uint32_t i = 0; i < p->image.n_tables && xfsm_state_ok(io); i++) {
        if (p->tables[i]) {
            if (xfsm_state_reads(io)) {
                xfsm_keytable_clear(p->tables[i]);      /* What is declared. */
            }
            xfsm_keytable_state(p->tables[i], io,
                                p->image.tables[i].is_text ? text_good : NULL,
                                NULL);
        }
    }
    if (xfsm_state_ok(io)) {
        states_state(io, p);
        own_state(io, p);
    }
    if (p->timers && xfsm_state_ok(io)) {
        timers_state(io, p, now);
    }
}
