/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include <config.h>
#include "ovsdb-schema/ovs-compat.h"

#include "ovs-plugin/netdev-ring.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/virtio_net.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "netdev-provider.h"
#include "openvswitch/poll-loop.h"
#include "openvswitch/vlog.h"
#include "ovs-plugin/link-count.h"
#include "ovs-plugin/segments.h"
#include "smap.h"
#include "timeval.h"
#include "util.h"
#include "xfsm/packet/packet.h"

VLOG_DEFINE_THIS_MODULE(netdev_ring);

/* How often to look whether a device that is down was deleted. */
#define DOWN_POLL_MS 500

/* How long (beyond twice 'retire-ms') a packet that the device has counted
 * may be on its way to the reader. */
#define SPARED_SETTLE_MS 200

struct rxq_ring;

/* R(NAME): counters of an rxq.  The kernel's start anew at each reading, so
 * they are added up here. */
#define RING_STATS(R) \
    R(received)                 /* Packets that passed the filter. */ \
    R(packets)                  /* Delivered. */ \
    R(segments)                 /* Of those, on the wire. */ \
    R(bytes)                    /* Of those, on the wire. */ \
    R(truncated)                /* Of those, not captured whole. */ \
    R(headers)                  /* Of those, cut by the filter. */ \
    R(dropped)                  /* By the kernel, for want of room. */ \
    R(freezes)                  /* Times that the ring was full. */

struct ring_stats {
#define RING_STAT(NAME) uint64_t NAME;
    RING_STATS(RING_STAT)
#undef RING_STAT
};

struct netdev_ring {
    struct netdev up;
    int ifindex;
    unsigned int ring_kib;
    unsigned int retire_ms;
    bool inverted;
    bool mirror;
    bool segments;

    struct rxq_ring *rxqs[XFSM_RING_WORKERS_MAX];   /* NULL: not open. */
    int fanout;                 /* Id of the rxqs' fanout group, or -1. */
    struct ring_stats closed;   /* Of rxqs that are closed. */

    /* What the filter spared: packets of the device that were not received.
     * The device is asked now and then. */
    struct xfsm_link_count link;
    uint64_t link_start;        /* Its count when first asked... */
    uint64_t link_sample;       /* ...and when it was last asked, ... */
    long long int sampled;      /* ...which was then. */
    uint64_t spared;
};

struct rxq_ring {
    struct netdev_rxq up;
    int fd;
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

    struct ring_stats stats;
    struct dp_packet packets[NETDEV_MAX_BURST];
};

static struct netdev_ring *
netdev_ring_cast(const struct netdev *netdev)
{
    return CONTAINER_OF(netdev, struct netdev_ring, up);
}

static struct rxq_ring *
rxq_ring_cast(const struct netdev_rxq *rxq)
{
    return CONTAINER_OF(rxq, struct rxq_ring, up);
}

static struct netdev *
netdev_ring_alloc(void)
{
    struct netdev_ring *dev = xzalloc(sizeof *dev);

    return &dev->up;
}

static int
netdev_ring_construct(struct netdev *netdev)
{
    struct netdev_ring *dev = netdev_ring_cast(netdev);

    dev->ifindex = if_nametoindex(netdev_get_name(netdev));
    if (!dev->ifindex) {
        return errno == ENXIO ? ENODEV : errno;
    }
    dev->ring_kib = XFSM_RING_KIB;
    dev->retire_ms = XFSM_RING_RETIRE_MS;
    dev->segments = true;
    dev->fanout = -1;
    return 0;
}

static void
netdev_ring_destruct(struct netdev *netdev)
{
    xfsm_link_count_destroy(&netdev_ring_cast(netdev)->link);
}

static void
netdev_ring_dealloc(struct netdev *netdev)
{
    free(netdev_ring_cast(netdev));
}

/* Stores the number at 'key' in '*valuep', if there is one.  Returns NULL or
 * an error. */
static char *
get_number(const struct smap *args, const char *key, unsigned int min,
           unsigned int max, unsigned int *valuep)
{
    const char *s = smap_get(args, key);
    unsigned int value;

    if (s) {
        if (!str_to_uint(s, 10, &value) || value < min || value > max) {
            return xasprintf("%s=%s: not a number from %u to %u", key, s,
                             min, max);
        }
        *valuep = value;
    }
    return NULL;
}

static int
netdev_ring_set_config(struct netdev *netdev, const struct smap *args,
                       char **errp)
{
    struct netdev_ring *dev = netdev_ring_cast(netdev);
    unsigned int workers = 1;
    char *error;

    error = get_number(args, "ring-kib", XFSM_RING_KIB_MIN,
                       XFSM_RING_KIB_MAX, &dev->ring_kib);
    if (!error) {
        error = get_number(args, "retire-ms", 1, XFSM_RING_RETIRE_MS_MAX,
                           &dev->retire_ms);
    }
    if (!error) {
        error = get_number(args, "workers", 1, XFSM_RING_WORKERS_MAX,
                           &workers);
    }
    if (error) {
        if (errp) {
            *errp = error;
        } else {
            free(error);
        }
        return EINVAL;
    }
    dev->inverted = smap_get_bool(args, "inverted", false);
    dev->mirror = smap_get_bool(args, "mirror", false);
    dev->segments = smap_get_bool(args, "segments", true);
    netdev->n_rxq = workers;
    return 0;
}

static int
netdev_ring_get_config(const struct netdev *netdev, struct smap *args)
{
    const struct netdev_ring *dev = netdev_ring_cast(netdev);

    smap_add_format(args, "ring-kib", "%u", dev->ring_kib);
    smap_add_format(args, "retire-ms", "%u", dev->retire_ms);
    smap_add_format(args, "workers", "%d", netdev->n_rxq);
    smap_add(args, "inverted", dev->inverted ? "true" : "false");
    return 0;
}

static int
netdev_ring_get_ifindex(const struct netdev *netdev)
{
    return netdev_ring_cast(netdev)->ifindex;
}

/* Tells whether the device is up; changes nothing. */
static int
netdev_ring_update_flags(struct netdev *netdev, enum netdev_flags off,
                         enum netdev_flags on, enum netdev_flags *old_flags)
{
    struct ifreq ifr;
    int error = 0;
    int sock;

    if (off || on) {
        return EOPNOTSUPP;
    }
    sock = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (sock < 0) {
        return errno;
    }
    ovs_strzcpy(ifr.ifr_name, netdev_get_name(netdev), sizeof ifr.ifr_name);
    if (ioctl(sock, SIOCGIFFLAGS, &ifr)) {
        error = errno;
    } else {
        *old_flags = ((ifr.ifr_flags & IFF_UP ? NETDEV_UP : 0)
                      | (ifr.ifr_flags & IFF_PROMISC ? NETDEV_PROMISC : 0)
                      | (ifr.ifr_flags & IFF_LOOPBACK ? NETDEV_LOOPBACK : 0));
    }
    close(sock);
    return error;
}

static void
read_kernel_stats(struct rxq_ring *rx)
{
    struct tpacket_stats_v3 stats;
    socklen_t len = sizeof stats;

    if (!getsockopt(rx->fd, SOL_PACKET, PACKET_STATISTICS, &stats, &len)) {
        rx->stats.received += stats.tp_packets;
        rx->stats.dropped += stats.tp_drops;
        rx->stats.freezes += stats.tp_freeze_q_cnt;
    }
}

static void
add_stats(struct ring_stats *to, const struct ring_stats *from)
{
#define ADD_STAT(NAME) to->NAME += from->NAME;
    RING_STATS(ADD_STAT)
#undef ADD_STAT
}

/* Sum over all rxqs, as it is now. */
static struct ring_stats
sum_stats(struct netdev_ring *dev)
{
    struct ring_stats sum = dev->closed;
    size_t i;

    for (i = 0; i < ARRAY_SIZE(dev->rxqs); i++) {
        if (dev->rxqs[i]) {
            read_kernel_stats(dev->rxqs[i]);
            add_stats(&sum, &dev->rxqs[i]->stats);
        }
    }
    return sum;
}

static int
netdev_ring_get_stats(const struct netdev *netdev, struct netdev_stats *stats)
{
    struct ring_stats sum = sum_stats(netdev_ring_cast(netdev));

    memset(stats, 0xff, sizeof *stats);
    stats->rx_packets = sum.packets;
    stats->rx_bytes = sum.bytes;
    stats->rx_dropped = sum.dropped;
    stats->rx_over_errors = sum.freezes;
    stats->rx_length_errors = sum.truncated;
    return 0;
}

static struct netdev_rxq *
netdev_ring_rxq_alloc(void)
{
    struct rxq_ring *rx = xzalloc(sizeof *rx);

    rx->fd = -1;
    return &rx->up;
}

/* Makes the ring of 'rx' and maps it. */
static int
rxq_ring_map(struct rxq_ring *rx, const struct netdev_ring *dev)
{
    const int version = TPACKET_V3;
    const int on = 1;
    struct tpacket_req3 req = {
        .tp_block_size = XFSM_RING_BLOCK,
        .tp_block_nr = dev->ring_kib / (XFSM_RING_BLOCK / 1024),
        .tp_frame_size = XFSM_RING_BLOCK,
        .tp_retire_blk_tov = dev->retire_ms,
    };
    void *map;

    req.tp_frame_nr = req.tp_block_nr;
    if (setsockopt(rx->fd, SOL_PACKET, PACKET_VERSION, &version,
                   sizeof version)) {
        return errno;
    }
    /* A kernel before 4.6 does not do that with a ring. */
    rx->vnet = dev->segments && !setsockopt(rx->fd, SOL_PACKET,
                                            PACKET_VNET_HDR, &on, sizeof on);
    if (setsockopt(rx->fd, SOL_PACKET, PACKET_RX_RING, &req, sizeof req)) {
        return errno;
    }
    rx->n_blocks = req.tp_block_nr;
    rx->map_len = (size_t) req.tp_block_nr * req.tp_block_size;
    map = mmap(NULL, rx->map_len, PROT_READ | PROT_WRITE, MAP_SHARED, rx->fd,
               0);
    if (map == MAP_FAILED) {
        return errno;
    }
    rx->map = map;
    return 0;
}

static void
netdev_ring_rxq_destruct(struct netdev_rxq *rxq)
{
    struct rxq_ring *rx = rxq_ring_cast(rxq);
    struct netdev_ring *dev = netdev_ring_cast(rxq->netdev);

    if (dev->rxqs[rxq->queue_id] == rx) {
        read_kernel_stats(rx);
        add_stats(&dev->closed, &rx->stats);
        dev->rxqs[rxq->queue_id] = NULL;
    }
    if (rx->map) {
        munmap(rx->map, rx->map_len);
    }
    if (rx->fd >= 0) {
        close(rx->fd);
    }
}

/* Puts the socket of 'rx' into the fanout group of 'dev', and makes that with
 * the first one.  All packets go to the first, until xfsm_ring_set_steering().
 */
static int
join_fanout(struct rxq_ring *rx, struct netdev_ring *dev)
{
    unsigned int flags = dev->fanout < 0 ? PACKET_FANOUT_FLAG_UNIQUEID : 0;
    uint32_t arg = ((PACKET_FANOUT_CBPF | flags) << 16
                    | (dev->fanout < 0 ? 0 : dev->fanout));
    struct sock_filter first = BPF_STMT(BPF_RET | BPF_K, 0);
    const struct sock_fprog prog = { 1, &first };
    socklen_t len = sizeof arg;

    if (setsockopt(rx->fd, SOL_PACKET, PACKET_FANOUT, &arg, sizeof arg)) {
        return errno;
    }
    if (dev->fanout < 0) {
        if (getsockopt(rx->fd, SOL_PACKET, PACKET_FANOUT, &arg, &len)
            || setsockopt(rx->fd, SOL_PACKET, PACKET_FANOUT_DATA, &prog,
                          sizeof prog)) {
            return errno;
        }
        dev->fanout = arg & 0xffff;
    }
    return 0;
}

/* Begins to count what the device carries. */
static void
start_link_count(struct netdev_ring *dev)
{
    int error = xfsm_link_count_init(&dev->link, dev->ifindex);

    if (!error) {
        error = xfsm_link_count_read(&dev->link, &dev->link_start);
    }
    if (error) {
        VLOG_INFO("%s: cannot count the packets of the device (%s)",
                  netdev_get_name(&dev->up), ovs_strerror(error));
        xfsm_link_count_destroy(&dev->link);
    }
    dev->link_sample = dev->link_start;
    dev->sampled = time_msec();
}

static int
netdev_ring_rxq_construct(struct netdev_rxq *rxq)
{
    struct rxq_ring *rx = rxq_ring_cast(rxq);
    struct netdev_ring *dev = netdev_ring_cast(rxq->netdev);
    struct sockaddr_ll sll = {
        .sll_family = AF_PACKET,
        .sll_protocol = htons(ETH_P_ALL),
        .sll_ifindex = dev->ifindex,
    };
    int error;

    if (rxq->queue_id >= ARRAY_SIZE(dev->rxqs) || dev->rxqs[rxq->queue_id]) {
        return EBUSY;
    }

    /* With protocol 0 nothing is captured before bind() names a device. */
    rx->fd = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    error = rx->fd < 0 ? errno : rxq_ring_map(rx, dev);
    if (!error && bind(rx->fd, (struct sockaddr *) &sll, sizeof sll)) {
        error = errno;
    }
    if (!error && rxq->netdev->n_rxq > 1) {
        error = join_fanout(rx, dev);
    }
    if (error) {
        netdev_ring_rxq_destruct(rxq);
        return error;
    }
    dev->rxqs[rxq->queue_id] = rx;
    if (!dev->link.sock) {
        start_link_count(dev);
    }
    return 0;
}

static void
netdev_ring_rxq_dealloc(struct netdev_rxq *rxq)
{
    free(rxq_ring_cast(rxq));
}

static struct tpacket_block_desc *
current_block(const struct rxq_ring *rx)
{
    return ALIGNED_CAST(struct tpacket_block_desc *,
                        rx->map + (size_t) rx->block * XFSM_RING_BLOCK);
}

/* The kernel marks the blocks that it closed after it had to drop packets,
 * until it was asked how many. */
static void
note_losses(struct rxq_ring *rx, const struct tpacket_block_desc *block)
{
    if (block->hdr.bh1.block_status & TP_STATUS_LOSING) {
        read_kernel_stats(rx);
    }
    rx->lost += rx->stats.dropped - rx->lost_told;
    rx->lost_told = rx->stats.dropped;
}

/* Makes sure that there is a packet to read.  Returns false if there is
 * none. */
static bool
acquire_block(struct rxq_ring *rx)
{
    struct tpacket_block_desc *block = current_block(rx);

    if (rx->held && !rx->n_left) {
        __atomic_store_n(&block->hdr.bh1.block_status, TP_STATUS_KERNEL,
                         __ATOMIC_RELEASE);
        rx->held = false;
        rx->block = (rx->block + 1) % rx->n_blocks;
        block = current_block(rx);
    }
    if (!rx->held) {
        if (!(__atomic_load_n(&block->hdr.bh1.block_status, __ATOMIC_ACQUIRE)
              & TP_STATUS_USER)) {
            return false;
        }
        rx->held = true;
        note_losses(rx, block);
        rx->n_left = block->hdr.bh1.num_pkts;
        rx->next = ((const uint8_t *) block
                    + block->hdr.bh1.offset_to_first_pkt);
    }
    return rx->n_left > 0;
}

static uint8_t
get_direction(const struct netdev_ring *dev, const struct tpacket3_hdr *hdr)
{
    const struct sockaddr_ll *sll
        = ALIGNED_CAST(const struct sockaddr_ll *,
                       (const uint8_t *) hdr + TPACKET_ALIGN(sizeof *hdr));
    bool out = sll->sll_pkttype == PACKET_OUTGOING;

    return (dev->mirror ? XFSM_DIR_UNKNOWN
            : out != dev->inverted ? XFSM_DIR_OUT : XFSM_DIR_IN);
}

/* Segments of the packet at 'hdr'. */
static uint16_t
get_segments(const struct rxq_ring *rx, const struct tpacket3_hdr *hdr)
{
    const uint8_t *frame = (const uint8_t *) hdr + hdr->tp_mac;
    struct virtio_net_hdr vnet;

    if (!rx->vnet) {
        return 1;
    }
    memcpy(&vnet, frame - sizeof vnet, sizeof vnet);
    return xfsm_count_segments(&vnet, frame, hdr->tp_snaplen, hdr->tp_len);
}

static void
take_packet(struct rxq_ring *rx, const struct netdev_ring *dev,
            struct dp_packet *packet)
{
    const struct tpacket3_hdr *hdr
        = ALIGNED_CAST(const struct tpacket3_hdr *, rx->next);
    struct xfsm_ring_meta *meta;

    dp_packet_use_const(packet, rx->next + hdr->tp_mac, hdr->tp_snaplen);
    meta = xfsm_ring_meta(packet);
    meta->ts = hdr->tp_sec * UINT64_C(1000000000) + hdr->tp_nsec;
    meta->wire_len = MAX(hdr->tp_len, hdr->tp_snaplen);
    meta->direction = get_direction(dev, hdr);
    meta->segs = get_segments(rx, hdr);
    meta->vlan_tci = 0;
    meta->vlan_tpid = 0;
    if (hdr->tp_status & TP_STATUS_VLAN_VALID) {
        meta->vlan_tci = hdr->hv1.tp_vlan_tci;
        meta->vlan_tpid = (hdr->tp_status & TP_STATUS_VLAN_TPID_VALID
                           ? hdr->hv1.tp_vlan_tpid : ETH_P_8021Q);
    }

    rx->stats.packets++;
    rx->stats.segments += meta->segs;
    rx->stats.bytes += meta->wire_len;
    if (meta->wire_len > hdr->tp_snaplen) {
        if (hdr->tp_snaplen == XFSM_RING_HEADERS) {
            rx->stats.headers++;
        } else {
            rx->stats.truncated++;
        }
    }
    rx->n_left--;
    rx->next += hdr->tp_next_offset;
}

/* Returns EAGAIN, or why there will be no more packets.
 *
 * The kernel tells once that a device went down, and nothing more when it is
 * then deleted, except that it forgets its index.  So from the one error on
 * that must be looked at now and then, until there is a packet again. */
static int
check_socket(struct rxq_ring *rx)
{
    struct sockaddr_ll sll;
    socklen_t len = sizeof sll;
    int error;

    if (rx->gone) {
        return ENODEV;
    }
    if (getsockopt(rx->fd, SOL_SOCKET, SO_ERROR, &error,
                   &(socklen_t) { sizeof error })) {
        return errno;
    }
    if (error == ENETDOWN) {
        rx->down = true;
        error = 0;
    }
    if (rx->down) {
        rx->gone = (getsockname(rx->fd, (struct sockaddr *) &sll, &len)
                    || sll.sll_ifindex <= 0);
    }
    return rx->gone ? ENODEV : error ? error : EAGAIN;
}

static int
netdev_ring_rxq_recv(struct netdev_rxq *rxq, struct dp_packet_batch *batch,
                     int *qfill)
{
    struct rxq_ring *rx = rxq_ring_cast(rxq);
    struct netdev_ring *dev = netdev_ring_cast(rxq->netdev);

    dp_packet_batch_init(batch);
    if (qfill) {
        *qfill = -ENOTSUP;
    }
    while (rx->n_left || acquire_block(rx)) {
        rx->down = false;
        take_packet(rx, dev, &rx->packets[batch->count]);
        batch->packets[batch->count] = &rx->packets[batch->count];
        batch->count++;
        if (!rx->n_left || batch->count == NETDEV_MAX_BURST) {
            return 0;
        }
    }
    return check_socket(rx);
}

static void
netdev_ring_rxq_wait(struct netdev_rxq *rxq)
{
    struct rxq_ring *rx = rxq_ring_cast(rxq);

    if (rx->n_left) {
        poll_immediate_wake();
    } else {
        poll_fd_wait(rx->fd, POLLIN);
        if (rx->down) {
            poll_timer_wait(DOWN_POLL_MS);
        }
    }
}

static int
netdev_ring_rxq_drain(struct netdev_rxq *rxq)
{
    struct rxq_ring *rx = rxq_ring_cast(rxq);

    while (acquire_block(rx)) {
        rx->n_left = 0;
    }
    return 0;
}

int
xfsm_ring_set_filter(struct netdev_rxq *rxq, const struct sock_fprog *filter)
{
    struct rxq_ring *rx = rxq_ring_cast(rxq);
    int none = 0;

    if (filter) {
        return (setsockopt(rx->fd, SOL_SOCKET, SO_ATTACH_FILTER, filter,
                           sizeof *filter) ? errno : 0);
    }
    /* ENOENT: there was none. */
    return (setsockopt(rx->fd, SOL_SOCKET, SO_DETACH_FILTER, &none,
                       sizeof none) && errno != ENOENT ? errno : 0);
}

int
xfsm_ring_set_steering(struct netdev_rxq *rxq, const struct sock_fprog *prog)
{
    return (setsockopt(rxq_ring_cast(rxq)->fd, SOL_PACKET, PACKET_FANOUT_DATA,
                       prog, sizeof *prog) ? errno : 0);
}

uint64_t
xfsm_ring_get_spared(struct netdev *netdev)
{
    struct netdev_ring *dev = netdev_ring_cast(netdev);
    long long int now = time_msec();

    /* What the device had carried some time ago has come here by now, or will
     * not come any more. */
    if (now - dev->sampled >= SPARED_SETTLE_MS + 2 * dev->retire_ms) {
        uint64_t carried = dev->link_sample - dev->link_start;
        struct ring_stats sum = sum_stats(dev);
        uint64_t seen = sum.packets + sum.dropped;

        if (carried > seen && carried - seen > dev->spared) {
            dev->spared = carried - seen;
        }
        if (!xfsm_link_count_read(&dev->link, &dev->link_sample)) {
            dev->sampled = now;
        }
    }
    return dev->spared;
}

uint64_t
xfsm_ring_take_lost(struct netdev_rxq *rxq)
{
    struct rxq_ring *rx = rxq_ring_cast(rxq);
    uint64_t lost = rx->lost;

    rx->lost = 0;
    return lost;
}

void
xfsm_ring_get_counts(struct netdev *netdev, struct xfsm_ring_counts *counts)
{
    struct ring_stats sum = sum_stats(netdev_ring_cast(netdev));

    *counts = (struct xfsm_ring_counts) {
        .received = sum.received,
        .dropped = sum.dropped,
        .taken = sum.packets,
        .segments = sum.segments,
        .headers = sum.headers,
    };
}

static const struct netdev_class ring_class = {
    .type = XFSM_RING_CLASS,
    .is_pmd = false,
    .alloc = netdev_ring_alloc,
    .construct = netdev_ring_construct,
    .destruct = netdev_ring_destruct,
    .dealloc = netdev_ring_dealloc,
    .get_config = netdev_ring_get_config,
    .set_config = netdev_ring_set_config,
    .get_ifindex = netdev_ring_get_ifindex,
    .get_stats = netdev_ring_get_stats,
    .update_flags = netdev_ring_update_flags,
    .rxq_alloc = netdev_ring_rxq_alloc,
    .rxq_construct = netdev_ring_rxq_construct,
    .rxq_destruct = netdev_ring_rxq_destruct,
    .rxq_dealloc = netdev_ring_rxq_dealloc,
    .rxq_recv = netdev_ring_rxq_recv,
    .rxq_wait = netdev_ring_rxq_wait,
    .rxq_drain = netdev_ring_rxq_drain,
};

void
xfsm_ring_register(void)
{
    netdev_register_provider(&ring_class);
}
