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
 * Thread-safety: read-only once made. */

#include <stddef.h>
#include <stdint.h>

enum xfsm_traffic_order {
    XFSM_TRAFFIC_UNIFORM,
    XFSM_TRAFFIC_ZIPF,
    XFSM_TRAFFIC_ONCE,
};

struct xfsm_traffic_options {
    uint32_t n_flows;           /* 1 to 2^24. */
    size_t n_packets;           /* In one run. */
    uint32_t frame_len;         /* Bytes: 60 to 1514. */
    uint32_t syn_percent;       /* Flows whose frame is a SYN; others ACK. */
    enum xfsm_traffic_order order;
    uint64_t seed;
};

struct xfsm_traffic {
    uint8_t *frames;            /* n_flows frames, 'stride' bytes apart. */
    size_t stride;
    uint32_t frame_len;
    uint32_t *order;            /* n_packets indexes of flows. */
    size_t n_packets;
    size_t frames_size;
};

/* Makes the traffic.  Returns NULL, or an error that the caller frees. */
char *xfsm_traffic_create(const struct xfsm_traffic_options *,
                          struct xfsm_traffic *);
void xfsm_traffic_destroy(struct xfsm_traffic *);

static inline const uint8_t *
xfsm_traffic_frame(const struct xfsm_traffic *t, size_t i)
{
    return t->frames + t->order[i] * t->stride;
}

#endif /* utilities/bench-traffic.h */
