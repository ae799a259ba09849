/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include "utilities/bench-traffic.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "utilities/bench-random.h"
#include "xfsm/base/error.h"
#include "xfsm/base/mem.h"

#define TCP_SYN 2
#define TCP_ACK 16

static void
put16(uint8_t *p, uint32_t value)
{
    p[0] = (uint8_t) (value >> 8);
    p[1] = (uint8_t) value;
}

static void
put32(uint8_t *p, uint32_t value)
{
    put16(p, value >> 16);
    put16(p + 2, value);
}

/* Bytes of the frame of a flow that drew 'r'. */
static uint32_t
choose_length(const struct xfsm_traffic_options *o, uint64_t r)
{
    uint32_t part = r % 12;

    if (o->frame_len) {
        return o->frame_len;
    }
    return part < 7 ? 60 : part < 11 ? 590 : 1514;
}

/* Flow 'i': its source address is its own, the rest is drawn. */
static void
make_frame(uint8_t *frame, uint32_t len, uint32_t i,
           const struct xfsm_traffic_options *o, uint64_t *random)
{
    uint64_t r = xfsm_bench_random(random);
    uint8_t *ip = frame + 14;
    uint8_t *tcp = ip + 20;

    frame[0] = frame[6] = 2;
    put16(frame + 12, 0x0800);
    ip[0] = 0x45;
    put16(ip + 2, len - 14);
    ip[8] = 64;
    ip[9] = 6;
    put32(ip + 12, 10u << 24 | i);
    put32(ip + 16, 172u << 24 | 16u << 16 | (uint32_t) (r & 0xffff));
    put16(tcp, (uint32_t) (r >> 16) | 1024);
    put16(tcp + 2, (uint32_t) (r >> 32) & 0xffff);
    tcp[12] = 5 << 4;
    tcp[13] = (r >> 40) % 100 < o->syn_percent ? TCP_SYN : TCP_ACK;
}

/* Zipf's law by inversion of the continuous 1/x distribution. */
static uint32_t
draw(const struct xfsm_traffic_options *o, size_t i, uint64_t *random)
{
    uint64_t r = xfsm_bench_random(random);
    double u;

    switch (o->order) {
    case XFSM_TRAFFIC_ONCE:
        return (uint32_t) (i % o->n_flows);
    case XFSM_TRAFFIC_ZIPF:
        u = (double) (r >> 11) * 0x1p-53;
        return (uint32_t) (pow((double) o->n_flows + 1, u) - 1) % o->n_flows;
    case XFSM_TRAFFIC_UNIFORM:
    default:
        return (uint32_t) ((r >> 32) * o->n_flows >> 32);
    }
}

/* Decides how long the flows' frames are and where they lie. */
static void
lay_out(const struct xfsm_traffic_options *o, struct xfsm_traffic_flow *flows,
        struct xfsm_traffic *t)
{
    uint64_t random = ~o->seed;
    uint64_t bytes = 0;
    uint32_t line = 0;

    for (uint32_t i = 0; i < o->n_flows; i++) {
        uint32_t len = choose_length(o, xfsm_bench_random(&random));

        flows[i] = (struct xfsm_traffic_flow) { line, len };
        line += (len + XFSM_TRAFFIC_LINE - 1) / XFSM_TRAFFIC_LINE;
        bytes += len;
    }
    t->frames_size = (size_t) line * XFSM_TRAFFIC_LINE;
    t->mean_len = (double) bytes / o->n_flows;
}

/* Where a flow's frame lies has nothing to do with how often it comes. */
static void
shuffle_flows(struct xfsm_traffic_flow *flows, uint32_t n, uint64_t *random)
{
    for (uint32_t i = n; i > 1; i--) {
        uint32_t j = (uint32_t) (xfsm_bench_random(random) % i);
        struct xfsm_traffic_flow flow = flows[j];

        flows[j] = flows[i - 1];
        flows[i - 1] = flow;
    }
}

char *
xfsm_traffic_create(const struct xfsm_traffic_options *o,
                    struct xfsm_traffic *t)
{
    struct xfsm_traffic_flow *flows;
    uint64_t random = o->seed;

    memset(t, 0, sizeof *t);
    t->n_packets = o->n_packets;
    t->order = malloc(o->n_packets * sizeof *t->order);
    flows = malloc(o->n_flows * sizeof *flows);
    if (flows) {
        lay_out(o, flows, t);
        t->frames = xfsm_mem_map(t->frames_size, true);
    }
    if (!t->frames || !t->order) {
        free(flows);
        xfsm_traffic_destroy(t);
        return xfsm_error("no memory for %u flows and %zu packets",
                          o->n_flows, o->n_packets);
    }
    for (uint32_t i = 0; i < o->n_flows; i++) {
        make_frame(t->frames + (size_t) flows[i].line * XFSM_TRAFFIC_LINE,
                   flows[i].len, i, o, &random);
    }
    shuffle_flows(flows, o->n_flows, &random);
    for (size_t i = 0; i < o->n_packets; i++) {
        t->order[i] = flows[draw(o, i, &random)];
    }
    free(flows);
    return NULL;
}

void
xfsm_traffic_destroy(struct xfsm_traffic *t)
{
    xfsm_mem_unmap(t->frames, t->frames_size);
    free(t->order);
}
