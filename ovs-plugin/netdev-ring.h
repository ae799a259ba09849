/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef OVS_PLUGIN_NETDEV_RING_H
#define OVS_PLUGIN_NETDEV_RING_H 1

/* The netdev class "xfsm": listens to a device that is a switch port.
 *
 * Open vSwitch's own classes are made to forward: they see only what a port
 * receives, copy each packet in a system call of its own kind, drop frames
 * longer than the MTU and tell neither time nor losses.  This class is made to
 * listen.  It maps a ring of the kernel's packet socket (TPACKET_V3), which
 *
 *   - has both directions, and tells which is which;
 *   - has frames of up to 64 KiB, as offloads make them, with their length on
 *     the wire where one was cut;
 *   - tells how many packets on the wire such a frame is (segments.h);
 *   - restores the VLAN tag that the kernel took off, as metadata;
 *   - stamps packets when they arrive, not when they are read;
 *   - counts what it had to drop, and tells between which packets.
 *
 * The kernel fills blocks of XFSM_RING_BLOCK bytes and hands each over when it
 * is full or 'retire-ms' old, which bounds the latency.  It also bounds how
 * long a reader may pause while there is little traffic: a ring of n blocks
 * is full after n times 'retire-ms', however few packets are in it (0.6 s by
 * default).  Nothing is sent, and nothing about the device is
 * changed.
 *
 * Packets: unlike with other classes, netdev_rxq_recv() *lends* the packets.
 * They lie in the ring, the dp_packets in the rxq, and both are good until the
 * next call; they must not be passed to dp_packet_delete().  What a dp_packet
 * has no member for is in a struct xfsm_ring_meta in its context bytes, see
 * xfsm_ring_meta().  No memory is allocated and nothing is copied.
 *
 * Life: a ring is bound to the device it was opened on, by index.  If that is
 * deleted, netdev_rxq_recv() returns ENODEV from then on, even if there is a
 * new device of the same name.  A device that goes down and up is no change.
 *
 * Configuration (netdev_set_config(), before netdev_rxq_open()):
 *
 *     ring-kib=N      size of the ring, default XFSM_RING_KIB; it is memory of
 *                     the kernel, taken as long as the rxq is open
 *     retire-ms=N     default XFSM_RING_RETIRE_MS
 *     workers=N       rxqs, default 1; packets are spread over them, see below
 *     inverted=true   the device's far end is the switch (an internal port, a
 *                     tap of the userspace datapath), so that what the host
 *                     sends on it goes into the switch
 *     segments=false  do not ask what super-packets consist of.  The kernel
 *                     cannot tell that of super-packets other than of TCP and
 *                     UDP (SCTP, UFO of old guests), and drops these, counted,
 *                     when asked
 *     mirror=true     the device gets copies of another one's packets, so that
 *                     their direction is unknown
 *
 * Filter: xfsm_ring_set_filter() has the kernel leave out packets before they
 * are copied, also from inside a cage and while packets are received.  How
 * many it spared is the difference between what the device carried and what
 * came here, see xfsm_ring_get_spared().  It also says how many bytes of a
 * packet are copied; one that it cut to XFSM_RING_HEADERS was not wanted
 * whole, so that it is not counted as truncated.
 *
 * Workers: with more than one rxq, each has a ring of its own, and the kernel
 * picks one for each packet by the program of xfsm_ring_set_steering(); until
 * then all go to the first.  All rxqs are to be open before packets count.
 * When the device goes up, the rxqs join one after the other, and for these
 * microseconds a packet may come to another rxq than it should.
 *
 * Thread-safety: as other netdevs; an rxq belongs to one thread.  Functions
 * that take a netdev look at all of its rxqs, so that none may be in use. */

#include <stdint.h>

#include "dp-packet.h"
#include "util.h"

#define XFSM_RING_CLASS "xfsm"

/* Bytes of a block: room for the longest frame and its headers. */
#define XFSM_RING_BLOCK (128 * 1024)

#define XFSM_RING_KIB 4096
#define XFSM_RING_KIB_MIN 256
#define XFSM_RING_KIB_MAX (1024 * 1024)
#define XFSM_RING_RETIRE_MS 20
#define XFSM_RING_RETIRE_MS_MAX 1000
#define XFSM_RING_WORKERS_MAX 16
#define XFSM_RING_HEADERS 128

/* What else is known of a packet from the ring. */
struct xfsm_ring_meta {
    uint64_t ts;                /* Arrival, ns since the epoch. */
    uint32_t wire_len;          /* Bytes on the wire, >= dp_packet_size(). */
    uint16_t vlan_tci;          /* Tag that the kernel took off... */
    uint16_t vlan_tpid;         /* ...and its type, 0 if there was none. */
    uint16_t segs;              /* Packets on the wire that it is. */
    uint8_t direction;          /* enum xfsm_direction. */
};

BUILD_ASSERT_DECL(sizeof(struct xfsm_ring_meta) <= DP_PACKET_CONTEXT_SIZE);

/* The metadata of a packet that netdev_rxq_recv() lent. */
static inline struct xfsm_ring_meta *
xfsm_ring_meta(struct dp_packet *packet)
{
    return (struct xfsm_ring_meta *) (void *) packet->data;
}

struct netdev;
struct netdev_rxq;
struct sock_fprog;

/* Has the kernel pass on only the packets that 'filter' accepts, NULL: all.
 * There is no moment without the old or the new one.  Returns 0 or a positive
 * errno, after which the old one holds. */
int xfsm_ring_set_filter(struct netdev_rxq *, const struct sock_fprog *filter);

/* Has the kernel spread packets over the rxqs of the netdev, of which this is
 * one, by what 'prog' returns, modulo their number.  Returns 0 or a positive
 * errno. */
int xfsm_ring_set_steering(struct netdev_rxq *, const struct sock_fprog *prog);

/* How many packets of the device the filter has spared, as far as that can be
 * known: those of the last moment are not counted yet, and neither is what
 * the device counts in other units than the socket (segments of a
 * super-packet). */
uint64_t xfsm_ring_get_spared(struct netdev *);

/* Returns how many packets were dropped, for want of room, before those that
 * netdev_rxq_recv() returned last, since this was last asked. */
uint64_t xfsm_ring_take_lost(struct netdev_rxq *);

/* What passed the filter: 'received' packets of which 'dropped' found no
 * room, 'taken' were handed out by netdev_rxq_recv(), and the rest waits in
 * the ring.  'segments' are those of the packets taken, 'headers' says of how
 * many of these the filter left no more than the headers. */
struct xfsm_ring_counts {
    uint64_t received, dropped, taken, segments, headers;
};

void xfsm_ring_get_counts(struct netdev *, struct xfsm_ring_counts *);

/* Registers the class with netdev_register_provider(). */
void xfsm_ring_register(void);

#endif /* ovs-plugin/netdev-ring.h */
