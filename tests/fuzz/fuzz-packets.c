/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include "tests/fuzz/fuzz-packets.h"

#include <stdlib.h>
#include <string.h>

#include "xfsm/io/event-decode.h"

#define EPOCH UINT64_C(1767225600000000000)
#define LINGER UINT64_C(100000000000)

/* Largest exponent of a time step: 2^41 ns are 36 minutes. */
#define STEP_EXPONENT_MAX 41
#define TIME_BACK 0x40

static uint64_t
next_time(uint64_t now, unsigned int code)
{
    unsigned int exponent = code & 0x3f;
    uint64_t step;

    if (exponent > STEP_EXPONENT_MAX) {
        exponent = STEP_EXPONENT_MAX;
    }
    step = exponent ? UINT64_C(1) << exponent : 0;
    return code & TIME_BACK ? now - step : now + step;
}

void
fuzz_packets_take(struct fuzz_packets *p, struct fuzz_input *in)
{
    uint64_t now = EPOCH;

    p->n = 0;
    while (in->left && p->n < FUZZ_PACKETS_MAX) {
        struct xfsm_packet *packet = &p->packets[p->n++];
        const uint8_t *frame;
        size_t len;

        memset(packet, 0, sizeof *packet);
        now = next_time(now, fuzz_u8(in));
        packet->ts = now;
        packet->direction = fuzz_u8(in) % 3;
        frame = fuzz_bytes(in, fuzz_u16(in), &len);
        packet->data = fuzz_dup(frame, len);
        packet->caplen = packet->len = (uint32_t) len;
        packet->scratch = malloc(XFSM_PACKET_SCRATCH);
        fuzz_require(packet->scratch != NULL, "there is memory");
    }
}

void
fuzz_packets_free(struct fuzz_packets *p)
{
    size_t i;

    for (i = 0; i < p->n; i++) {
        free((void *) (uintptr_t) p->packets[i].data);
        free(p->packets[i].scratch);
    }
}

/* FNV-1a (Fowler, Noll and Vo). */
static uint64_t
digest_add(uint64_t digest, const char *text, size_t len)
{
    size_t i;

    for (i = 0; i < len; i++) {
        digest = (digest ^ (uint8_t) text[i]) * UINT64_C(0x100000001b3);
    }
    return digest;
}

static const struct xfsm_identity identity = {
    .host = "host", .bridge = "br0", .port = "port1", .epoch = 1,
};

static void
take_event(const struct xfsm_event *event, void *aux)
{
    struct fuzz_engine *fe = aux;
    struct xfsm_event_view view;
    char topic[XFSM_EVENT_TOPIC_MAX];
    char json[XFSM_EVENT_JSON_MAX];
    size_t len;

    len = xfsm_event_format_topic(event, &identity, topic, sizeof topic);
    fuzz_require(len < sizeof topic && len == strlen(topic),
                 "a topic fits");
    len = xfsm_event_format_json(event, &identity, json, sizeof json);
    fuzz_require(len < sizeof json && len == strlen(json), "an event fits");
    fuzz_require(xfsm_event_decode(json, len, &view), "an event decodes");
    fuzz_require(view.seq == fe->last_seq + 1
                 || (fe->goes_on && !fe->n_events), "events are numbered");
    fe->last_seq = view.seq;
    fe->digest = digest_add(fe->digest, json, len);
    fe->n_events++;
}

void
fuzz_engine_init(struct fuzz_engine *fe, enum xfsm_backend backend)
{
    struct xfsm_engine_options options = {
        .identity = identity,
        .backend = backend,
        .emit = take_event,
        .aux = fe,
    };
    char *error;

    memset(fe, 0, sizeof *fe);
    fe->digest = UINT64_C(0xcbf29ce484222325);
    error = xfsm_engine_create(&options, &fe->engine);
    fuzz_require(!error, error ? error : "");
}

void
fuzz_engine_free(struct fuzz_engine *fe)
{
    xfsm_engine_destroy(fe->engine);
}

/* ## Looking ## */

/* Keys that are looked at. */
#define LOOKS 8

struct look {
    struct xfsm_engine *engine;
    const char *program;
    const char *state;          /* That the walk tells. */
    unsigned int n;
};

static void
require_printable(const char *text)
{
    for (; *text; text++) {
        fuzz_require(*text >= ' ' && *text <= '~', "what is told is ASCII");
    }
}

static void
look_at_fact(const struct xfsm_fact *fact, void *look_)
{
    struct look *look = look_;

    require_printable(fact->key);
    if (fact->kind == XFSM_FACT_STATE) {
        fuzz_require(!strcmp(fact->name, look->state),
                     "a key is asked for by what is told of it");
    }
}

static bool
look_at_step(const struct xfsm_step *step, void *n_)
{
    unsigned int *n = n_;

    fuzz_require(step->from && step->to, "a transition has two ends");
    return --*n > 0;
}

static bool
look_at_flow(const struct xfsm_flow *flow, void *look_)
{
    struct look *look = look_;
    struct xfsm_memory_of_steps memory;
    unsigned int n = LOOKS;
    char *error;

    require_printable(flow->key);
    look->state = flow->state;
    error = xfsm_engine_dump(look->engine, look->program, flow->key,
                             look_at_fact, look);
    fuzz_require(!error, error ? error : "");
    error = xfsm_engine_why(look->engine, look->program, flow->key,
                            look_at_step, &n, &memory);
    fuzz_require(!error, error ? error : "");
    return --look->n > 0;
}

static void
look_at_programs(struct xfsm_engine *engine)
{
    struct xfsm_program_info info;
    unsigned int i;

    for (i = 0; xfsm_engine_get_program(engine, i, &info); i++) {
        struct look look = { engine, info.name, NULL, LOOKS };
        uint64_t cursor = 0;

        xfsm_engine_walk(engine, info.name, NULL, &cursor, 1 << 12,
                         look_at_flow, &look);
    }
}

void
fuzz_engine_run(struct fuzz_engine *fe, const struct fuzz_packets *p,
                size_t batch)
{
    struct xfsm_packet packets[FUZZ_PACKETS_MAX];
    struct xfsm_engine_stats stats;
    uint64_t latest = 0;
    size_t i;

    memcpy(packets, p->packets, p->n * sizeof packets[0]);
    for (i = 0; i < p->n; i += batch) {
        size_t n = p->n - i < batch ? p->n - i : batch;

        xfsm_engine_run(fe->engine, &packets[i], n);
    }
    for (i = 0; i < p->n; i++) {
        if (packets[i].ts > latest) {
            latest = packets[i].ts;
        }
    }
    look_at_programs(fe->engine);
    xfsm_engine_advance(fe->engine, latest + LINGER);
    xfsm_engine_get_stats(fe->engine, &stats);
    fuzz_require(stats.packets == p->n, "each packet is counted");
    fuzz_require(stats.events == fe->n_events, "each event is counted");
}
