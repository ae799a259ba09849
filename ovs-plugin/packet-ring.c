/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include <config.h>
#include "ovsdb-schema/ovs-compat.h"

#include "ovs-plugin/packet-ring.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/virtio_net.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "openvswitch/poll-loop.h"
#include "ovs-plugin/netdev-ring.h"
#include "ovs-plugin/segments.h"
#include "util.h"
#include "xfsm/packet/packet.h"

/* How often to look whether a device that is down was deleted. */
#define DOWN_POLL_MS 500

/* Has the kernel make the ring, and maps it. */
static int
map_ring(struct xfsm_packet_ring *ring)
{
    const int version = TPACKET_V3;
    const int on = 1;
    struct tpacket_req3 req = {
        .tp_block_size = XFSM_RING_BLOCK,
        .tp_block_nr = ring->config.kib / (XFSM_RING_BLOCK / 1024),
        .tp_frame_size = XFSM_RING_BLOCK,
        .tp_retire_blk_tov = ring->config.retire_ms,
    };
    void *map;

    req.tp_frame_nr = req.tp_block_nr;
    if (setsockopt(ring->fd, SOL_PACKET, PACKET_VERSION, &version,
                   sizeof version)) {
        return errno;
    }
    /* A kernel before 4.6 does not do that with a ring. */
    ring->vnet = (ring->config.segments
                  && !setsockopt(ring->fd, SOL_PACKET, PACKET_VNET_HDR, &on,
                                 sizeof on));
    if (setsockopt(ring->fd, SOL_PACKET, PACKET_RX_RING, &req, sizeof req)) {
        return errno;
    }
    ring->n_blocks = req.tp_block_nr;
    ring->map_len = (size_t) req.tp_block_nr * req.tp_block_size;
    map = mmap(NULL, ring->map_len, PROT_READ | PROT_WRITE, MAP_SHARED,
               ring->fd, 0);
    if (map == MAP_FAILED) {
        return errno;
    }
    ring->map = map;
    return 0;
}

int
xfsm_packet_ring_open(struct xfsm_packet_ring *ring, int ifindex,
                      const struct xfsm_packet_ring_config *config)
{
    struct sockaddr_ll sll = {
        .sll_family = AF_PACKET,
        .sll_protocol = htons(ETH_P_ALL),
        .sll_ifindex = ifindex,
    };
    int error;

    ring->config = *config;
    /* With protocol 0 nothing is captured before bind() names a device. */
    ring->fd = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    error = ring->fd < 0 ? errno : map_ring(ring);
    if (!error && bind(ring->fd, (struct sockaddr *) &sll, sizeof sll)) {
        error = errno;
    }
    return error;
}

void
xfsm_packet_ring_close(struct xfsm_packet_ring *ring)
{
    if (ring->map) {
        munmap(ring->map, ring->map_len);
        ring->map = NULL;
    }
    if (ring->fd >= 0) {
        close(ring->fd);
        ring->fd = -1;
    }
}

static void
read_kernel_stats(struct xfsm_packet_ring *ring)
{
    struct tpacket_stats_v3 stats;
    socklen_t len = sizeof stats;

    if (!getsockopt(ring->fd, SOL_PACKET, PACKET_STATISTICS, &stats, &len)) {
        ring->stats.received += stats.tp_packets;
        ring->stats.dropped += stats.tp_drops;
        ring->stats.freezes += stats.tp_freeze_q_cnt;
    }
}

static struct tpacket_block_desc *
current_block(const struct xfsm_packet_ring *ring)
{
    return ALIGNED_CAST(struct tpacket_block_desc *,
                        ring->map + (size_t) ring->block * XFSM_RING_BLOCK);
}

/* The kernel marks the blocks that it closed after it had to drop packets,
 * until it was asked how many. */
static void
note_losses(struct xfsm_packet_ring *ring,
            const struct tpacket_block_desc *block)
{
    if (block->hdr.bh1.block_status & TP_STATUS_LOSING) {
        read_kernel_stats(ring);
    }
    ring->lost += ring->stats.dropped - ring->lost_told;
    ring->lost_told = ring->stats.dropped;
}

/* Makes sure that there is a packet to read.  Returns false if there is
 * none. */
static bool
acquire_block(struct xfsm_packet_ring *ring)
{
    struct tpacket_block_desc *block = current_block(ring);

    if (ring->held && !ring->n_left) {
        __atomic_store_n(&block->hdr.bh1.block_status, TP_STATUS_KERNEL,
                         __ATOMIC_RELEASE);
        ring->held = false;
        ring->block = (ring->block + 1) % ring->n_blocks;
        block = current_block(ring);
    }
    if (!ring->held) {
        if (!(__atomic_load_n(&block->hdr.bh1.block_status, __ATOMIC_ACQUIRE)
              & TP_STATUS_USER)) {
            return false;
        }
        ring->held = true;
        note_losses(ring, block);
        ring->n_left = block->hdr.bh1.num_pkts;
        ring->next = ((const uint8_t *) block
                      + block->hdr.bh1.offset_to_first_pkt);
    }
    return ring->n_left > 0;
}

static uint8_t
get_direction(const struct xfsm_packet_ring *ring,
              const struct tpacket3_hdr *hdr)
{
    const struct sockaddr_ll *sll
        = ALIGNED_CAST(const struct sockaddr_ll *,
                       (const uint8_t *) hdr + TPACKET_ALIGN(sizeof *hdr));
    bool out = sll->sll_pkttype == PACKET_OUTGOING;

    return (ring->config.mirror ? XFSM_DIR_UNKNOWN
            : out != ring->config.inverted ? XFSM_DIR_OUT : XFSM_DIR_IN);
}

/* Segments of the packet at 'hdr'. */
static uint16_t
get_segments(const struct xfsm_packet_ring *ring,
             const struct tpacket3_hdr *hdr)
{
    const uint8_t *frame = (const uint8_t *) hdr + hdr->tp_mac;
    struct virtio_net_hdr vnet;

    if (!ring->vnet) {
        return 1;
    }
    memcpy(&vnet, frame - sizeof vnet, sizeof vnet);
    return xfsm_count_segments(&vnet, frame, hdr->tp_snaplen, hdr->tp_len);
}

static void
take_packet(struct xfsm_packet_ring *ring, struct dp_packet *packet)
{
    const struct tpacket3_hdr *hdr
        = ALIGNED_CAST(const struct tpacket3_hdr *, ring->next);
    struct xfsm_ring_meta *meta;

    dp_packet_use_const(packet, ring->next + hdr->tp_mac, hdr->tp_snaplen);
    meta = xfsm_ring_meta(packet);
    meta->ts = hdr->tp_sec * UINT64_C(1000000000) + hdr->tp_nsec;
    meta->wire_len = MAX(hdr->tp_len, hdr->tp_snaplen);
    meta->direction = get_direction(ring, hdr);
    meta->segs = get_segments(ring, hdr);
    meta->vlan_tci = 0;
    meta->vlan_tpid = 0;
    if (hdr->tp_status & TP_STATUS_VLAN_VALID) {
        meta->vlan_tci = hdr->hv1.tp_vlan_tci;
        meta->vlan_tpid = (hdr->tp_status & TP_STATUS_VLAN_TPID_VALID
                           ? hdr->hv1.tp_vlan_tpid : ETH_P_8021Q);
    }

    ring->stats.packets++;
    ring->stats.segments += meta->segs;
    ring->stats.bytes += meta->wire_len;
    if (meta->wire_len > hdr->tp_snaplen) {
        if (hdr->tp_snaplen == XFSM_RING_HEADERS) {
            ring->stats.headers++;
        } else {
            ring->stats.truncated++;
        }
    }
    ring->n_left--;
    ring->next += hdr->tp_next_offset;
}

/* Returns EAGAIN, or why there will be no more packets. */
static int
check_socket(struct xfsm_packet_ring *ring)
{
    struct sockaddr_ll sll;
    socklen_t len = sizeof sll;
    int error;

    if (ring->gone) {
        return ENODEV;
    }
    if (getsockopt(ring->fd, SOL_SOCKET, SO_ERROR, &error,
                   &(socklen_t) { sizeof error })) {
        return errno;
    }
    if (error == ENETDOWN) {
        ring->down = true;
        error = 0;
    }
    if (ring->down) {
        ring->gone = (getsockname(ring->fd, (struct sockaddr *) &sll, &len)
                      || sll.sll_ifindex <= 0);
    }
    return ring->gone ? ENODEV : error ? error : EAGAIN;
}

int
xfsm_packet_ring_recv(struct xfsm_packet_ring *ring,
                      struct dp_packet_batch *batch)
{
    dp_packet_batch_init(batch);
    while (ring->n_left || acquire_block(ring)) {
        ring->down = false;
        take_packet(ring, &ring->packets[batch->count]);
        batch->packets[batch->count] = &ring->packets[batch->count];
        batch->count++;
        if (!ring->n_left || batch->count == NETDEV_MAX_BURST) {
            return 0;
        }
    }
    return check_socket(ring);
}

void
xfsm_packet_ring_wait(const struct xfsm_packet_ring *ring)
{
    if (ring->n_left) {
        poll_immediate_wake();
    } else {
        poll_fd_wait(ring->fd, POLLIN);
        if (ring->down) {
            poll_timer_wait(DOWN_POLL_MS);
        }
    }
}

void
xfsm_packet_ring_drain(struct xfsm_packet_ring *ring)
{
    while (acquire_block(ring)) {
        ring->n_left = 0;
    }
}

int
xfsm_packet_ring_set_filter(struct xfsm_packet_ring *ring,
                            const struct sock_fprog *filter)
{
    int none = 0;

    if (filter) {
        return (setsockopt(ring->fd, SOL_SOCKET, SO_ATTACH_FILTER, filter,
                           sizeof *filter) ? errno : 0);
    }
    /* ENOENT: there was none. */
    return (setsockopt(ring->fd, SOL_SOCKET, SO_DETACH_FILTER, &none,
                       sizeof none) && errno != ENOENT ? errno : 0);
}

void
xfsm_packet_ring_add_stats(struct xfsm_packet_ring *ring,
                           struct xfsm_packet_ring_stats *sum)
{
    read_kernel_stats(ring);
#define ADD_STAT(NAME) sum->NAME += ring->stats.NAME;
    XFSM_PACKET_RING_STATS(ADD_STAT)
#undef ADD_STAT
}
