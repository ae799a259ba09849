/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef XFSM_RUNTIME_OPTIONS_H
#define XFSM_RUNTIME_OPTIONS_H 1

/* What an engine is told when it is made, and what it counts: the part of the
 * facade, engine.h, that the executor needs as well. */

#include <stdint.h>

#include "xfsm/packet/decode.h"
#include "xfsm/runtime/event.h"

/* What runs the programs' code. */
enum xfsm_backend {
    XFSM_BACKEND_AUTO,          /* Machine code, if it can be had. */
    XFSM_BACKEND_INTERPRETER,
};

struct xfsm_engine_options {
    /* Secret of all hashing.  Zeros are a seed like any other, good for
     * reproducible runs and nothing else. */
    uint8_t entropy[16];

    struct xfsm_identity identity;      /* Copied. */

    enum xfsm_backend backend;

    /* Called for each event, in order. */
    void (*emit)(const struct xfsm_event *, void *aux);
    void *aux;
};

/* C(NAME, DOC): counters of an engine. */
#define XFSM_ENGINE_COUNTERS(C) \
    C(packets, "Packets processed") \
    C(bytes, "Bytes of those packets, on the wire") \
    C(matched, "Packet and program pairs in which an event was selected") \
    C(no_key, "Selected, but the packet lacks a field of the primary key") \
    C(no_state, "Selected, but the event says nothing of the key's state") \
    C(handled, "Handlers run for packets") \
    C(timeouts, "Handlers run for timers") \
    C(timers_refused, "Timers not armed because the pool was full") \
    C(timers_skipped, "Firings left out because time had jumped") \
    C(own_events, "Handlers run for events start, stop and period") \
    C(messages, "Handlers run for messages of other programs and probes") \
    C(message_no_key, "Messages that lack a field of the primary key") \
    C(message_loops, "Messages refused after too many hops") \
    C(messages_dropped, "Messages between programs beyond those that a " \
      "packet may cause") \
    C(time_backward, "Packets older than one before them") \
    C(time_rebased, "Times at which the clock followed packets back") \
    C(events, "Events published") \
    C(alerts, "Events with the label alert or critical") \
    C(events_lossy, "Events that tell of packets lost shortly before") \
    C(text_cut, "Events whose text was cut at the limit") \
    C(div_by_zero, "Divisions by zero, which gave 0") \
    C(metric_no_key, "Metric operations left out for want of a key field") \
    C(mitigation_no_field, "Mitigations not asked for, since the packet " \
      "lacks a field of the match") \
    C(state_evictions, "Keys evicted from state tables") \
    C(state_expired, "Keys past their time that made room in state tables") \
    C(state_refused, "Keys that full state tables did not take") \
    C(fragments_resolved, "Later IP fragments that got their ports") \
    C(fragments_unknown, "Later IP fragments whose first was not seen") \
    C(fragments_evicted, "Datagrams in fragments forgotten for want of room")\
    C(counter_evictions, "Keys evicted from monitors") \
    C(counter_refused, "Keys that full monitors did not take") \
    C(topk_replaced, "Keys that lost their counter in a full topk") \
    C(table_evictions, "Keys evicted from tables of programs") \
    C(table_refused, "Keys that full tables of programs did not take")

struct xfsm_engine_stats {
#define XFSM_ENGINE_COUNTER_MEMBER(NAME, DOC) uint64_t NAME;
    XFSM_ENGINE_COUNTERS(XFSM_ENGINE_COUNTER_MEMBER)
#undef XFSM_ENGINE_COUNTER_MEMBER
    uint64_t decode_errors[XFSM_N_DECODE_ERRORS];
};

#endif /* xfsm/runtime/options.h */
