/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef XFSM_ENGINE_H
#define XFSM_ENGINE_H 1

/* The engine: programs on packets.  This is the header most callers need.
 *
 * An engine runs any number of programs, each from a verified image, on one
 * stream of packets.  Packets are decoded once for all of them.  It has no
 * clock: time is the packets' time, and xfsm_engine_advance() tells it of
 * time that passes without packets.  Timestamps from another decade, and
 * clocks that are set back, do not stop it for good: xfsm/runtime/clock.h says
 * how it follows them.  It never opens, logs, waits or, once its
 * programs are loaded, allocates.
 *
 *     char *error = xfsm_engine_create(&options, &engine);
 *     error = xfsm_engine_load(engine, image, image_len);
 *     while ((n = next_batch(packets))) {
 *         xfsm_engine_run(engine, packets, n);
 *     }
 *
 * Results do not depend on how packets are cut into batches: they are those
 * of one packet at a time.
 *
 * No operation of tables, metrics and timers depends on how much they hold;
 * each takes microseconds.  But all timers that are due fire before the next
 * packet is looked at, and that may be every timer there is, a thousand times
 * each where time jumps.  Who must not be away for so long calls
 * xfsm_engine_run_some() and xfsm_engine_advance_some(), which come back in
 * between.
 *
 * Thread-safety: an engine belongs to one thread. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "xfsm/packet/decode.h"
#include "xfsm/packet/packet.h"
#include "xfsm/runtime/event.h"
#include "xfsm/runtime/inspect.h"
#include "xfsm/runtime/message.h"
#include "xfsm/runtime/options.h"

/* Packets that the engine takes through its stages together.  A longer batch
 * is fine: it is cut. */
#define XFSM_BATCH 32

/* Programs in one engine. */
#define XFSM_MAX_PROGRAMS 64

struct xfsm_engine;

/* Creates an engine without programs.  Returns NULL and stores it in
 * '*enginep', or an error that the caller frees. */
char *xfsm_engine_create(const struct xfsm_engine_options *,
                         struct xfsm_engine **enginep);
void xfsm_engine_destroy(struct xfsm_engine *);

/* Verifies and adds the image of 'len' bytes, which is copied.  A program of
 * the same name is replaced.  On error nothing has changed.
 *
 * The new program goes on with what the old one knew, as far as both declare
 * it alike, and begins anew with the rest:
 *
 *   - A detector or a monitor of a metric, if the metric's name, all that is
 *     declared of it, and the keys it is used with are the same.
 *
 *   - A table, if its name, key, size, policy and declared entries are the
 *     same.
 *
 *   - Keys stay in their states, known by the states' names, if the events'
 *     primary keys are the same ones.  A key whose state is gone is in the
 *     default state.  Timeouts of states count from when the state was
 *     entered.
 *
 *   - Timers, if the timeout handlers read the same fields of packets: those
 *     of a class that is still there, by name, keep their deadlines.
 *
 * So what only handlers and thresholds say can be changed at any time without
 * a key being forgotten.  The stop events of the old program run before, and
 * the start events of the new one when time goes on; its own state, which
 * these have, begins anew. */
char *xfsm_engine_load(struct xfsm_engine *, const void *image, size_t len);

/* The same, but the new program begins with nothing. */
char *xfsm_engine_load_anew(struct xfsm_engine *, const void *image,
                            size_t len);

/* Either in two steps, for who loads a program into several engines or into
 * none of them.
 *
 * xfsm_engine_prepare() does all that can fail, and stores in '*loadp' what
 * the other two take; with 'anew' the program will begin with nothing.  Of
 * the engine nothing has changed yet, nor may it be used until one of them is
 * called, but for programs of other names that are prepared to begin anew as
 * well: xfsm_engine_commit() has the program run, xfsm_engine_cancel(), which
 * takes NULL as well, forgets it. */
struct xfsm_engine_load;

char *xfsm_engine_prepare(struct xfsm_engine *, const void *image, size_t len,
                          bool anew, struct xfsm_engine_load **loadp);
void xfsm_engine_commit(struct xfsm_engine_load *);
void xfsm_engine_cancel(struct xfsm_engine_load *);

/* ## State that travels ##
 *
 * What an engine knows can be saved, and another engine, also in another
 * process on another host, can go on with it: what it publishes then is what
 * the first one would have published.
 *
 * The engine that goes on has the same programs, to the byte; the same build
 * is not needed.  Saved are the time, metrics, tables, states, timers, what
 * programs know of themselves, and the secret that keys are hashed under, so
 * keep what is saved as secret.  Not saved are the counters of
 * XFSM_ENGINE_COUNTERS and the fragments that later ones wait for.
 *
 * The format has a version and a checksum.  What is read is trusted in
 * nothing: it is refused, or an engine comes of it in which each index is in
 * its range and each key where it can be found. */

/* Writes the state by 'write', which returns false if it cannot.  Returns NULL
 * or an error that the caller frees. */
char *xfsm_engine_save(struct xfsm_engine *,
                       bool (*write)(const void *data, size_t len, void *aux),
                       void *aux);

/* Makes an engine with the programs, options and counters of 'engine' and the
 * state in the 'len' bytes at 'data', and stores it in '*newp'.  'engine'
 * stays as it is.  Returns NULL or an error that the caller frees. */
char *xfsm_engine_restore(const struct xfsm_engine *engine, const void *data,
                          size_t len, struct xfsm_engine **newp);

/* Removes a program, whose stop events run; false if there is none of that
 * name. */
bool xfsm_engine_unload(struct xfsm_engine *, const char *name);

/* Decodes and processes 'n' packets, in order.  The source members of each
 * must be set (packet.h). */
void xfsm_engine_run(struct xfsm_engine *, struct xfsm_packet *, size_t n);

/* Timers and periods that xfsm_engine_run_some() and
 * xfsm_engine_advance_some() let fire in one call, at most; moving some 30
 * timers within the wheel (timers.h) counts as one.  Well below 20 ms, unless
 * the handlers publish much. */
#define XFSM_TIMER_BURST 1024

/* The same up to a packet before which more timers are due than may fire in
 * one call.  Returns how many packets are done; the next call must have those
 * that are not, unchanged, before any others.  Meanwhile anything may be done
 * with the engine: programs that are loaded have the packets from the next one
 * on, messages do not wait for the timers. */
size_t xfsm_engine_run_some(struct xfsm_engine *, struct xfsm_packet *,
                            size_t n);

/* Lets time go on to 'now' (ns since the epoch) without a packet: timers up
 * to then fire.  A 'now' in the past does nothing. */
void xfsm_engine_advance(struct xfsm_engine *, uint64_t now);

/* The same, but fires no more timers than may fire in one call.  Returns false
 * if some are still due, for the next call of any of these functions. */
bool xfsm_engine_advance_some(struct xfsm_engine *, uint64_t now);

/* How long after a loss of packets events tell of it, ns. */
#define XFSM_LOSS_PERIOD UINT64_C(10000000000)

/* Notes that 'n' packets were lost just before the one of 'ts' (ns since the
 * epoch), which is to be run next.  Events of XFSM_LOSS_PERIOD from then on
 * tell how many were lost since the first of the losses that are no further
 * than that apart: what they rest on may be incomplete. */
void xfsm_engine_note_loss(struct xfsm_engine *, uint64_t n, uint64_t ts);
/* Ends: the stop events of all programs run, unless they have.  To be called
 * when no more packets come; xfsm_engine_destroy() runs none. */
void xfsm_engine_stop(struct xfsm_engine *);

/* Gives the programs an event of another engine (message.h).  The caller
 * leaves out events of this very one: its programs have heard them.  False,
 * and nothing done, if no program hears its topic; one that went through too
 * many hops is refused and counted. */
bool xfsm_engine_message(struct xfsm_engine *, const struct xfsm_message *);

/* Stores the beginnings of topics that the programs hear in 'topics', at most
 * 'max', each once, and returns how many there are in all.  They are good
 * until a program is loaded or unloaded. */
size_t xfsm_engine_topics(const struct xfsm_engine *, const char **topics,
                          size_t max);

/* When the next timer may fire (ns since the epoch), or UINT64_MAX.  May be
 * early, never late. */
uint64_t xfsm_engine_next_timer(const struct xfsm_engine *);

void xfsm_engine_get_stats(const struct xfsm_engine *,
                           struct xfsm_engine_stats *);

/* One program of an engine. */
struct xfsm_program_info {
    const char *name;
    const char *version;
    const char *description;
    const char *backend;        /* "native" or "interpreter". */
    uint64_t handled;           /* Handlers run. */
    uint64_t events;            /* Events published. */
    uint64_t keys;              /* Keys in a state other than the default. */
    uint64_t timers;            /* Armed. */
    uint64_t bytes;             /* Address space of its tables. */
    int n_states;
    const char *const *state_names;
    const uint64_t *state_keys; /* Keys in each; the default state's is 0. */
};

/* Describes the 'i'-th program, from 0; false past the end.  What it points
 * to is good until the engine is called again. */
bool xfsm_engine_get_program(const struct xfsm_engine *, unsigned int i,
                             struct xfsm_program_info *);

/* ## Looking into a program ##
 *
 * inspect.h says how keys are written and what is told. */

/* Calls 'cb' for keys of 'program' that are in 'state', or in any other than
 * the default one if that is NULL, until it returns false.  Looks at 'n'
 * buckets of the state table, of 8 keys each, from '*cursor' on (0 at first),
 * moves '*cursor' behind them and returns true while there are more.  So a
 * large table can be walked in steps between batches of packets; keys that
 * come and go meanwhile may be left out or told twice.  False, and nothing
 * done, if there is no such program or state. */
bool xfsm_engine_walk(const struct xfsm_engine *, const char *program,
                      const char *state, uint64_t *cursor, size_t n,
                      bool (*cb)(const struct xfsm_flow *, void *aux),
                      void *aux);

/* Calls 'cb' for each thing that 'program' knows of 'key'.  What that costs
 * depends on the size of the program, not on the number of keys.  Returns
 * NULL, or an error that the caller frees and that says where the key is
 * wrong. */
char *xfsm_engine_dump(struct xfsm_engine *, const char *program,
                       const char *key,
                       void (*cb)(const struct xfsm_fact *, void *aux),
                       void *aux);

/* Calls 'cb' for each transition of 'key' that is remembered, newest first,
 * until it returns false, and stores how far the memory reaches.  Returns NULL
 * or an error as above.
 *
 * The last XFSM_HISTORY_ENTRIES (4096) transitions of a program are, those
 * since it was loaded or replaced. */
char *xfsm_engine_why(const struct xfsm_engine *, const char *program,
                      const char *key,
                      bool (*cb)(const struct xfsm_step *, void *aux),
                      void *aux, struct xfsm_memory_of_steps *);

#endif /* xfsm/engine.h */
