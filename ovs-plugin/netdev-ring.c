/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include <config.h>
#include "ovsdb-schema/ovs-compat.h"

#include "ovs-plugin/netdev-ring.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "netdev-provider.h"
#include "openvswitch/vlog.h"
#include "ovs-plugin/link-count.h"
#include "ovs-plugin/packet-ring.h"
#include "smap.h"
#include "timeval.h"
#include "util.h"

VLOG_DEFINE_THIS_MODULE(netdev_ring);

/* How long (beyond twice 'retire-ms') a packet that the device has counted
 * may be on its way to the reader. */
#define SPARED_SETTLE_MS 200

struct rxq_ring;

struct netdev_ring {
    struct netdev up;
    int ifindex;
    struct xfsm_packet_ring_config config;

    struct rxq_ring *rxqs[XFSM_RING_WORKERS_MAX];   /* NULL: not open. */
    int fanout;                 /* Id of the rxqs' fanout group, or -1. */
    struct xfsm_packet_ring_stats closed;   /* Of rxqs that are closed. */

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
    struct xfsm_packet_ring ring;
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
    dev->config = (struct xfsm_packet_ring_config) {
        .kib = XFSM_RING_KIB, .retire_ms = XFSM_RING_RETIRE_MS,
        .segments = true,
    };
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
                       XFSM_RING_KIB_MAX, &dev->config.kib);
    if (!error) {
        error = get_number(args, "retire-ms", 1, XFSM_RING_RETIRE_MS_MAX,
                           &dev->config.retire_ms);
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
    dev->config.inverted = smap_get_bool(args, "inverted", false);
    dev->config.mirror = smap_get_bool(args, "mirror", false);
    dev->config.segments = smap_get_bool(args, "segments", true);
    netdev->n_rxq = workers;
    return 0;
}

static int
netdev_ring_get_config(const struct netdev *netdev, struct smap *args)
{
    const struct netdev_ring *dev = netdev_ring_cast(netdev);

    smap_add_format(args, "ring-kib", "%u", dev->config.kib);
    smap_add_format(args, "retire-ms", "%u", dev->config.retire_ms);
    smap_add_format(args, "workers", "%d", netdev->n_rxq);
    smap_add(args, "inverted", dev->config.inverted ? "true" : "false");
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

/* Sum over all rxqs, as it is now. */
static struct xfsm_packet_ring_stats
sum_stats(struct netdev_ring *dev)
{
    struct xfsm_packet_ring_stats sum = dev->closed;
    size_t i;

    for (i = 0; i < ARRAY_SIZE(dev->rxqs); i++) {
        if (dev->rxqs[i]) {
            xfsm_packet_ring_add_stats(&dev->rxqs[i]->ring, &sum);
        }
    }
    return sum;
}

static int
netdev_ring_get_stats(const struct netdev *netdev, struct netdev_stats *stats)
{
    struct xfsm_packet_ring_stats sum = sum_stats(netdev_ring_cast(netdev));

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

    rx->ring.fd = -1;
    return &rx->up;
}

static void
netdev_ring_rxq_destruct(struct netdev_rxq *rxq)
{
    struct rxq_ring *rx = rxq_ring_cast(rxq);
    struct netdev_ring *dev = netdev_ring_cast(rxq->netdev);

    if (dev->rxqs[rxq->queue_id] == rx) {
        xfsm_packet_ring_add_stats(&rx->ring, &dev->closed);
        dev->rxqs[rxq->queue_id] = NULL;
    }
    xfsm_packet_ring_close(&rx->ring);
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

    if (setsockopt(rx->ring.fd, SOL_PACKET, PACKET_FANOUT, &arg, sizeof arg)) {
        return errno;
    }
    if (dev->fanout < 0) {
        if (getsockopt(rx->ring.fd, SOL_PACKET, PACKET_FANOUT, &arg, &len)
            || setsockopt(rx->ring.fd, SOL_PACKET, PACKET_FANOUT_DATA, &prog,
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
    int error;

    if (rxq->queue_id >= ARRAY_SIZE(dev->rxqs) || dev->rxqs[rxq->queue_id]) {
        return EBUSY;
    }
    error = xfsm_packet_ring_open(&rx->ring, dev->ifindex, &dev->config);
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

static int
netdev_ring_rxq_recv(struct netdev_rxq *rxq, struct dp_packet_batch *batch,
                     int *qfill)
{
    if (qfill) {
        *qfill = -ENOTSUP;
    }
    return xfsm_packet_ring_recv(&rxq_ring_cast(rxq)->ring, batch);
}

static void
netdev_ring_rxq_wait(struct netdev_rxq *rxq)
{
    xfsm_packet_ring_wait(&rxq_ring_cast(rxq)->ring);
}

static int
netdev_ring_rxq_drain(struct netdev_rxq *rxq)
{
    xfsm_packet_ring_drain(&rxq_ring_cast(rxq)->ring);
    return 0;
}

int
xfsm_ring_set_filter(struct netdev_rxq *rxq, const struct sock_fprog *filter)
{
    return xfsm_packet_ring_set_filter(&rxq_ring_cast(rxq)->ring, filter);
}

int
xfsm_ring_set_steering(struct netdev_rxq *rxq, const struct sock_fprog *prog)
{
    return (setsockopt(rxq_ring_cast(rxq)->ring.fd, SOL_PACKET,
                       PACKET_FANOUT_DATA, prog, sizeof *prog) ? errno : 0);
}

uint64_t
xfsm_ring_get_spared(struct netdev *netdev)
{
    struct netdev_ring *dev = netdev_ring_cast(netdev);
    long long int now = time_msec();

    /* What the device had carried some time ago has come here by now, or will
     * not come any more. */
    if (now - dev->sampled >= SPARED_SETTLE_MS + 2 * dev->config.retire_ms) {
        uint64_t carried = dev->link_sample - dev->link_start;
        struct xfsm_packet_ring_stats sum = sum_stats(dev);
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
    struct xfsm_packet_ring *ring = &rxq_ring_cast(rxq)->ring;
    uint64_t lost = ring->lost;

    ring->lost = 0;
    return lost;
}

void
xfsm_ring_get_counts(struct netdev *netdev, struct xfsm_ring_counts *counts)
{
    struct xfsm_packet_ring_stats sum = sum_stats(netdev_ring_cast(netdev));

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
