/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef OVS_PLUGIN_SEGMENTS_H
#define OVS_PLUGIN_SEGMENTS_H 1

/* Super-packets: how many packets on the wire one of them is.
 *
 * Offloads hand the kernel's stack frames of up to 64 KiB, which the device
 * cuts up when it sends them (TSO, GSO) or has put together of what it
 * received (GRO).  A packet socket sees them whole.  The kernel tells in a
 * struct virtio_net_hdr how long the payload of a segment is, and where the
 * transport header starts, whatever is before it: tags, tunnels, options.
 *
 * Thread-safety: none needed, there is no state. */

#include <stdint.h>

struct virtio_net_hdr;

/* Returns the number of segments of the frame of 'len' bytes on the wire, of
 * which 'caplen' are at 'frame'.  At least 1, and 1 where 'vnet' says that it
 * is no super-packet.  Where 'vnet' does not say where the transport header
 * starts, the shortest headers are assumed, which may give one too many. */
uint16_t xfsm_count_segments(const struct virtio_net_hdr *vnet,
                             const uint8_t *frame, uint32_t caplen,
                             uint32_t len);

#endif /* ovs-plugin/segments.h */
