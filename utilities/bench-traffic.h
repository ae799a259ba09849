/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef UTILITIES_BENCH_TRAFFIC_H
#define UTILITIES_BENCH_TRAFFIC_H 1

/* Packets in memory for measurements: TCP over IPv4 in Ethernet frames.
 *
 * One frame is made for each flow and lies in cache lines of its own.  A run
 * goes through the frames in an order drawn once: uniformly, or by Zipf's law
 * with exponent 1 (flow k is met in proportion to 1/k), as flow sizes in real
 * traffic roughly are; or each flow exactly once, which is what a flood with
 * spoofed sources looks like.  The same seed gives the same traffic.
 *
 * Frames are of one length, or a mix as in real traffic: of 12 flows, 7 have
 * frames of 60 bytes, 4 of 590 and 1 of 1514 ("simple IMIX").
 *
 * Thread-safety: read-only once made. */

#include <stddef.h>
#include <stdint.h>

#define XFSM_TRAFFIC_LINE 64    /* Bytes. */

enum xfsm_traffic_order {
    XFSM_TRAFFIC_UNIFORM,
    XFSM_TRAFFIC_ZIPF,
    XFSM_TRAFFIC_ONCE,
};

struct xfsm_traffic_options {
    uint32_t n_flows;           /* 1 to 2^24. */
    size_t n_packets;           /* In one run. */
    uint32_t frame_len;         /* Bytes: 60 to 1514, or 0: a mix. */
    uint32_t syn_percent;       /* Flows whose frame is a SYN; others ACK. */
    enum xfsm_traffic_order order;
    uint64_t seed;
};

/* A flow's frame: 'len' bytes, from line 'line' of the frames on. */
struct xfsm_traffic_flow {
    uint32_t line;
    uint32_t len;
};

struct xfsm_traffic {
    uint8_t *frames;
    struct xfsm_traffic_flow *order;    /* One for each of n_packets. */
    size_t n_packets;
    size_t frames_size;
    double mean_len;            /* Of the flows' frames. */
};

/* Makes the traffic.  Returns NULL, or an error that the caller frees. */
char *xfsm_traffic_create(const struct xfsm_traffic_options *,
                          struct xfsm_traffic *);
void xfsm_traffic_destroy(struct xfsm_traffic *);

/* The frame of packet 'i' of a run, of '*len' bytes. */
static inline const uint8_t *
xfsm_traffic_frame(const struct xfsm_traffic *t, size_t i, uint32_t *len)
{
    const struct xfsm_traffic_flow *flow = &t->order[i];

    *len = flow->len;
    return t->frames + (size_t) flow->line * XFSM_TRAFFIC_LINE;
}

#endif /* utilities/bench-traffic.h */
