/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include "utilities/bench-traffic.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "xfsm/base/error.h"
#include "xfsm/base/mem.h"

#define TCP_SYN 2
#define TCP_ACK 16

/* SplitMix64 (Steele, Lea and Flood, 2014). */
static uint64_t
next_random(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

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

/* Flow 'i': its source address is its own, the rest is drawn. */
static void
make_frame(uint8_t *frame, uint32_t i, const struct xfsm_traffic_options *o,
           uint64_t *random)
{
    uint64_t r = next_random(random);
    uint8_t *ip = frame + 14;
    uint8_t *tcp = ip + 20;

    memset(frame, 0, o->frame_len);
    frame[0] = frame[6] = 2;
    put16(frame + 12, 0x0800);
    ip[0] = 0x45;
    put16(ip + 2, o->frame_len - 14);
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
    uint64_t r = next_random(random);
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

char *
xfsm_traffic_create(const struct xfsm_traffic_options *o,
                    struct xfsm_traffic *t)
{
    uint64_t random = o->seed;
    uint32_t *shuffle;

    memset(t, 0, sizeof *t);
    t->frame_len = o->frame_len;
    t->stride = (o->frame_len + 63) / 64 * 64;
    t->n_packets = o->n_packets;
    t->frames_size = t->stride * o->n_flows;
    t->frames = xfsm_mem_map(t->frames_size, true);
    t->order = malloc(o->n_packets * sizeof *t->order);
    shuffle = malloc(o->n_flows * sizeof *shuffle);
    if (!t->frames || !t->order || !shuffle) {
        free(shuffle);
        xfsm_traffic_destroy(t);
        return xfsm_error("no memory for %u flows and %zu packets",
                          o->n_flows, o->n_packets);
    }

    /* Where a flow's frame lies has nothing to do with how often it comes. */
    for (uint32_t i = 0; i < o->n_flows; i++) {
        uint32_t j = (uint32_t) (next_random(&random) % (i + 1));

        shuffle[i] = shuffle[j];
        shuffle[j] = i;
    }
    for (uint32_t i = 0; i < o->n_flows; i++) {
        make_frame(t->frames + i * t->stride, i, o, &random);
    }
    for (size_t i = 0; i < o->n_packets; i++) {
        t->order[i] = shuffle[draw(o, i, &random)];
    }
    free(shuffle);
    return NULL;
}

void
xfsm_traffic_destroy(struct xfsm_traffic *t)
{
    xfsm_mem_unmap(t->frames, t->frames_size);
    free(t->order);
}
