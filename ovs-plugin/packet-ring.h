/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef OVS_PLUGIN_PACKET_RING_H
#define OVS_PLUGIN_PACKET_RING_H 1

/* A packet socket with a ring that it shares with the kernel (TPACKET_V3): one
 * rxq of the netdev class of netdev-ring.h, which tells what it is for.
 *
 * The kernel fills blocks and marks them ours; we take the packets of one
 * where they lie, and mark it the kernel's again when the next is asked for.
 * Packets are lent until then.
 *
 * The kernel tells once that the device went down, and nothing more when it is
 * then deleted, except that it forgets its index.  So from the one error on
 * that is looked at now and then, until there is a packet again.
 *
 * Thread-safety: a ring belongs to one thread. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dp-packet.h"

struct sock_fprog;

/* R(NAME): what a ring counts.  The kernel's counters start anew at each
 * reading, so they are added up here. */
#define XFSM_PACKET_RING_STATS(R) \
    R(received)                 /* Packets that passed the filter. */ \
    R(packets)                  /* Delivered. */ \
    R(segments)                 /* Of those, on the wire. */ \
    R(bytes)                    /* Of those, on the wire. */ \
    R(truncated)                /* Of those, not captured whole. */ \
    R(headers)                  /* Of those, cut by the filter. */ \
    R(dropped)                  /* By the kernel, for want of room. */ \
    R(freezes)                  /* Times that the ring was full. */

struct xfsm_packet_ring_stats {
#define XFSM_PACKET_RING_STAT(NAME) uint64_t NAME;
    XFSM_PACKET_RING_STATS(XFSM_PACKET_RING_STAT)
#undef XFSM_PACKET_RING_STAT
};

/* As the netdev has it (netdev-ring.h). */
struct xfsm_packet_ring_config {
    unsigned int kib;
    unsigned int retire_ms;
    bool inverted, mirror, segments;
};

struct xfsm_packet_ring {
    struct xfsm_packet_ring_config config;
    int fd;                     /* -1: closed. */
    bool down;                  /* It was down when last heard of. */
    bool gone;                  /* The device was deleted. */

    uint8_t *map;
    size_t map_len;
    unsigned int n_blocks;
    unsigned int block;         /* Block being read, or to be read next. */
    const uint8_t *next;        /* Next packet in it... */
    unsigned int n_left;        /* ...and how many there are. */
    bool held;                  /* The block is ours. */
    bool vnet;                  /* Before each packet is a virtio_net_hdr. */
    uint64_t lost;              /* Dropped before the packets at hand... */
    uint64_t lost_told;         /* ...and of all, how many were ever told. */

    struct xfsm_packet_ring_stats stats;    /* But see ..._add_stats(). */
    struct dp_packet packets[NETDEV_MAX_BURST];     /* Those lent. */
};

/* Opens the ring of the device 'ifindex'.  Returns 0 or a positive errno, and
 * then it is to be closed, too. */
int xfsm_packet_ring_open(struct xfsm_packet_ring *, int ifindex,
                          const struct xfsm_packet_ring_config *);
void xfsm_packet_ring_close(struct xfsm_packet_ring *);

/* Lends packets of one block at most.  Returns 0, EAGAIN, or another positive
 * errno that says why there will be no more. */
int xfsm_packet_ring_recv(struct xfsm_packet_ring *,
                          struct dp_packet_batch *);
void xfsm_packet_ring_wait(const struct xfsm_packet_ring *);

/* Drops what is there. */
void xfsm_packet_ring_drain(struct xfsm_packet_ring *);

/* Does what xfsm_ring_set_filter() does. */
int xfsm_packet_ring_set_filter(struct xfsm_packet_ring *,
                                const struct sock_fprog *filter);

/* Adds what the ring has counted until now to 'sum'. */
void xfsm_packet_ring_add_stats(struct xfsm_packet_ring *,
                                struct xfsm_packet_ring_stats *sum);

#endif /* ovs-plugin/packet-ring.h */
