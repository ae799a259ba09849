/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include "xfsm/runtime/exec.h"

#include <string.h>

#include "xfsm/runtime/fetch.h"
#include "xfsm/runtime/mailbox.h"
#include "xfsm/runtime/run.h"

/* ## State ## */

/* The record of a key that has a state of its own, or NULL.  That of the
 * empty key, the program's, is not in the table and never evicted. */
static struct xfsm_state_entry *
find_entry(struct xfsm_instance *p, const struct xfsm_key_value *key)
{
    return key->n ? xfsm_keytable_find(p->states, key->hash, key->w, key->n)
           : p->own.state ? &p->own : NULL;
}

/* Remembers that a key changed its state, if it did. */
static inline void
record(struct xfsm_instance *p, const struct xfsm_key_value *key, uint64_t ts,
       uint16_t from, uint16_t to, uint32_t cause)
{
    if (from != to && cause != XFSM_CAUSE_NONE) {
        xfsm_history_add(p->history, key, ts, from, to, cause);
    }
}

/* Remembers that a key lost its place, in which it had the record 'old'. */
static __attribute__((noinline, cold)) void
record_gone(struct xfsm_instance *p, const struct xfsm_keytable_gone *gone,
            const struct xfsm_state_entry *old, uint64_t ts)
{
    struct xfsm_key_value key = { .n = gone->n };

    memcpy(key.w, gone->key, key.n * sizeof *key.w);
    key.hash = xfsm_hash_words(p->seed, p->tweak, key.w, key.n);
    xfsm_history_add(p->history, &key, ts, old->state, 0, XFSM_CAUSE_GONE);
}

void
xfsm_enter_state(struct xfsm_instance *p, const struct xfsm_key_value *key,
                 uint16_t state, uint64_t ts, uint32_t cause)
{
    struct xfsm_state_entry *entry = find_entry(p, key);
    uint16_t from = entry ? entry->state : 0;

    if (entry) {
        p->state_keys[from]--;
    }
    if (!key->n) {
        entry = &p->own;
        entry->state = 0;
    }
    if (!state) {
        if (entry && key->n) {
            xfsm_keytable_remove(p->states, key->hash, key->w, key->n);
        }
        record(p, key, ts, from, state, cause);
        return;
    }
    if (!entry) {
        struct xfsm_state_entry old;
        struct xfsm_keytable_gone gone;
        bool created;

        gone.record = &old;
        gone.n = 0;
        entry = xfsm_keytable_insert_evict(p->states, key->hash, key->w,
                                           key->n, xfsm_run_seconds(ts),
                                           &created, &gone);
        if (gone.n) {
            p->state_keys[old.state]--;
            if (cause != XFSM_CAUSE_NONE) {
                record_gone(p, &gone, &old, ts);
            }
        }
        if (!entry) {
            return;             /* No room: the key stays where it was. */
        }
    }
    if (key->n) {
        xfsm_keytable_stamp(p->states, entry, xfsm_run_seconds(ts),
                            p->state_lifetimes[state]);
    }
    entry->state = state;
    entry->since = ts;
    entry->spec = key->spec;
    p->state_keys[state]++;
    record(p, key, ts, from, state, cause);
}

/* The state of 'key' at 'ts' by its record, NULL if it has none. */
static inline uint16_t
entry_state(struct xfsm_instance *p, const struct xfsm_key_value *key,
            const struct xfsm_state_entry *entry, uint64_t ts)
{
    const struct xfsm_img_state *state;

    if (!entry) {
        return 0;
    }
    state = &p->image.states[entry->state];
    if (state->timeout && ts > entry->since
        && ts - entry->since > state->timeout) {
        xfsm_enter_state(p, key, (uint16_t) state->timeout_state, ts,
                         XFSM_CAUSE_TIMEOUT);
        return (uint16_t) state->timeout_state;
    }
    return entry->state;
}

static __attribute__((noinline)) uint16_t
find_state(struct xfsm_instance *p, const struct xfsm_key_value *key,
           uint64_t ts)
{
    return entry_state(p, key, find_entry(p, key), ts);
}

/* The state of 'key' at 'ts', state timeouts applied.  Most keys are in no
 * state of their own. */
static inline uint16_t
current_state(struct xfsm_instance *p, const struct xfsm_key_value *key,
              uint64_t ts)
{
    return !key->n || xfsm_keytable_may_have(p->states, key->hash)
           ? find_state(p, key, ts) : 0;
}

/* ## Handlers ## */

/* Runs a handler of 'p'.  'run' says for what. */
static inline __attribute__((always_inline)) void
run_handler(struct xfsm_run *run, struct xfsm_instance *p, uint16_t handler)
{
    run->p = p;
    run->handler = handler;
    run->next_state = XFSM_NONE;
    run->suspect = false;
    if (p->native.handlers) {
        p->native.handlers[handler](run, p->keys);
    } else {
        xfsm_interpret(run, handler);
    }
}

/* The state of the key where it may have one of its own.  Apart, so that the
 * usual case stays short. */
static __attribute__((noinline)) uint16_t
guessed_state(struct xfsm_instance *p, const struct xfsm_packet *packet,
              struct xfsm_key_row *keys, uint16_t primary, uint64_t ts)
{
    const struct xfsm_key_value *key = xfsm_exec_row_key(p, keys, packet,
                                                         primary);
    bool told = key->n && p->states->n > XFSM_FEW_STATES;

    return entry_state(p, key,
                       told ? xfsm_keytable_find_at(p->states, keys->slot,
                                                    key->hash, key->w, key->n)
                       : find_entry(p, key), ts);
}

/* Runs what the event that a packet goes to says for the state of its primary
 * key.  False if the packet has no such key, or it says nothing. */
static inline __attribute__((always_inline)) bool
run_event(struct xfsm_run *run, struct xfsm_instance *p,
          struct xfsm_match *match)
{
    const struct xfsm_plan *plan = &p->plans[match->event];
    const struct xfsm_key_value *key
        = (const void *) (match->keys.values + plan->key_offset);
    uint16_t state = 0;
    uint16_t handler;

    if (!(match->keys.complete & plan->primary)) {
        run->x->stats.no_key++;
        return false;
    }
    run->key = key;
    if (!key->n || xfsm_keytable_may_have(p->states, key->hash)) {
        state = guessed_state(p, run->packet, &match->keys, plan->key,
                              run->ts);
    }
    handler = plan->handlers[state];
    if (handler == XFSM_NONE) {
        run->x->stats.no_state++;
        return false;
    }
    p->keys = &match->keys;
    run->in_row = true;
    run_handler(run, p, handler);
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

/* xfsm_exec_packets() of what most probes have, a single program that looks at
 * nothing but the packet to match it, and has not had the first one yet, once
 * time has come to that: what is the same for all packets is at hand. */
static size_t
run_single(struct xfsm_exec *x, const struct xfsm_packet *packets,
           size_t start, size_t end)
{
    struct xfsm_match *match = &x->matches[0][start];
    struct xfsm_instance *p = x->programs[0];
    uint64_t matched = 0, handled = 0;
    struct xfsm_run run;
    size_t i = start;

    run.x = x;
    for (;;) {
        run.ts = x->clock.now;
        if (__builtin_expect(xfsm_exec_is_due(x, p), 0)
            && !xfsm_exec_wake(x, p)) {
            x->begun = true;
            break;
        }
        if (match->event != XFSM_NONE) {
            run.packet = &packets[i];
            matched++;
            handled += run_event(&run, p, match);
        }
        if (__builtin_expect(xfsm_mailbox_waits(x), 0)) {
            xfsm_mailbox_deliver(x);
        }
        if (++i == end) {
            break;
        }
        match++;
        tell_time(x, packets[i].ts);
    }
    x->stats.matched += matched;
    x->stats.handled += handled;
    p->handled += handled;
    return i;
}

/* xfsm_exec_packets() of any programs, from 'x->next_program' on for the first
 * packet. */
static size_t
run_several(struct xfsm_exec *x, const struct xfsm_packet *packets,
            size_t start, size_t end)
{
    unsigned int j = x->next_program;
    unsigned int n = x->n_programs;
    uint64_t matched = 0, handled = 0;
    struct xfsm_run run;
    size_t i = start;

    run.x = x;
    for (;;) {
        run.packet = &packets[i];
        run.ts = x->clock.now;
        for (; j < n; j++) {
            struct xfsm_match *match = &x->matches[j][i];
            struct xfsm_instance *p = x->programs[j];

            if (__builtin_expect(xfsm_exec_is_due(x, p), 0)
                && !xfsm_exec_wake(x, p)) {
                x->begun = true;
                goto out;
            }
            if (p->dynamic_matcher) {
                p->seconds = xfsm_run_seconds(run.ts);
                xfsm_fetch_match(p, run.packet, match);
            }
            if (match->event != XFSM_NONE) {
                bool done = run_event(&run, p, match);

                matched++;
                p->handled += done;
                handled += done;
            }
        }
        j = 0;
        if (__builtin_expect(xfsm_mailbox_waits(x), 0)) {
            xfsm_mailbox_deliver(x);
        }
        if (++i == end) {
            break;
        }
        tell_time(x, packets[i].ts);
    }

out:
    x->next_program = j;
    x->stats.matched += matched;
    x->stats.handled += handled;
    return i;
}

size_t
xfsm_exec_packets(struct xfsm_exec *x, const struct xfsm_packet *packets,
                  size_t start, size_t end)
{
    bool begun = x->begun;

    if (start == end) {
        return end;
    }
    x->begun = false;
    if (!begun) {
        tell_time(x, packets[start].ts);
    }
    return (x->n_programs == 1 && !x->next_program
            && !x->programs[0]->dynamic_matcher
            ? run_single(x, packets, start, end)
            : run_several(x, packets, start, end));
}

/* Runs one handler that no packet at hand brought. */
static void
run_once(struct xfsm_exec *x, struct xfsm_instance *p, uint16_t handler,
         const struct xfsm_packet *packet, const struct xfsm_key_value *key,
         uint64_t ts)
{
    struct xfsm_run run;

    run.x = x;
    run.packet = packet;
    run.key = key;
    run.ts = ts;
    run.in_row = false;
    p->handled++;
    run_handler(&run, p, handler);
}

bool
xfsm_exec_handle(struct xfsm_exec *x, struct xfsm_instance *p, uint16_t event,
                 const struct xfsm_packet *packet,
                 const struct xfsm_key_value *key, uint64_t ts)
{
    uint16_t state = find_state(p, key, ts);
    uint16_t handler = p->image.events[event].handler[state];

    if (handler == XFSM_NONE) {
        return false;
    }
    run_once(x, p, handler, packet, key, ts);
    return true;
}

/* Fires one timer that was just popped. */
static void
fire(struct xfsm_exec *x, struct xfsm_instance *p,
     const struct xfsm_timer_fired *fired)
{
    uint16_t event = (uint16_t) p->image.classes[fired->class].event;
    uint64_t periods = (x->clock.now - fired->deadline) / fired->delay;
    uint64_t deadline = fired->deadline;
    struct xfsm_key_value primary;
    uint16_t state, handler;

    if (event == XFSM_NONE) {
        return;
    }
    if (periods > XFSM_TIMER_CATCH_UP) {
        x->stats.timers_skipped += periods - XFSM_TIMER_CATCH_UP;
        deadline += (periods - XFSM_TIMER_CATCH_UP) * fired->delay;
    }
    memcpy(p->fired_payload, fired->payload,
           sizeof primary + p->snapshot.size);
    memcpy(&primary, p->fired_payload, sizeof primary);
    state = current_state(p, &primary, deadline);
    handler = p->image.events[event].handler[state];
    if (handler == XFSM_NONE && !state) {
        return;                 /* The key's entry is gone: so is it. */
    }

    xfsm_timers_set(p->timers, fired->class, fired->hash, fired->key,
                    fired->n_key, deadline, fired->delay);
    if (handler != XFSM_NONE) {
        xfsm_snapshot_unfold(&p->snapshot,
                             p->fired_payload + sizeof primary,
                             &p->fired_packet);
        p->fired_packet.ts = xfsm_clock_shown(&x->clock, deadline);
        p->fired_keys.built = p->fired_keys.complete = 0;
        p->keys = &p->fired_keys;
        x->stats.timeouts++;
        run_once(x, p, handler, &p->fired_packet, &primary, deadline);
    }
}

bool
xfsm_exec_timers(struct xfsm_exec *x, struct xfsm_instance *p, uint64_t limit)
{
    struct xfsm_timer_fired fired;

    while (p->timers) {
        if (xfsm_timers_pop(p->timers, limit, &fired)) {
            fire(x, p, &fired);
        } else if (xfsm_timers_next(p->timers) > limit) {
            break;
        }
        if (!xfsm_exec_spend(x)) {
            return false;
        }
    }
    return true;
}
