/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include <config.h>
#include "ovsdb-schema/ovs-compat.h"

#include "ovs-plugin/probe-source.h"

#include <errno.h>

#include "netdev.h"
#include "ovs-plugin/netdev-ring.h"
#include "smap.h"
#include "util.h"

struct xfsm_source {
    struct netdev *netdev;
    struct netdev_rxq *rxq;
    bool ring;                  /* Of our own class: packets are lent. */
    bool filter;                /* It may leave packets out. */
    uint64_t delay;
    unsigned int ifindex;

    struct dp_packet_batch batch;
    struct xfsm_packet packets[XFSM_SOURCE_BATCH];
    char scratch[XFSM_SOURCE_BATCH][XFSM_PACKET_SCRATCH];
};

static char *
open_error(const char *interface, const char *class, const char *what,
           int error)
{
    if (error == ENODEV) {
        return xasprintf("no network device \"%s\" in the network namespace "
                         "of the agent", interface);
    } else if (error == EAFNOSUPPORT) {
        return (!strncmp(class, "afxdp", 5) || !strncmp(class, "dpdk", 4)
                ? xasprintf("the Open vSwitch library of this probe was built "
                            "without netdev class \"%s\"", class)
                : xasprintf("unknown netdev class \"%s\"", class));
    }
    return xasprintf("cannot %s \"%s\" with netdev class \"%s\" (%s)", what,
                     interface, class, ovs_strerror(error));
}

static void
init_batch(struct xfsm_source *source)
{
    size_t i;

    for (i = 0; i < XFSM_SOURCE_BATCH; i++) {
        source->packets[i].scratch = source->scratch[i];
    }
    dp_packet_batch_init(&source->batch);
}

char *
xfsm_source_open(const char *interface, const char *class,
                 const struct smap *config, struct xfsm_source **sourcep,
                 int *errnop)
{
    struct xfsm_source *source = xzalloc(sizeof *source);
    const char *what = "open";
    char *text = NULL;
    int error, ifindex;

    source->ring = !strcmp(class, XFSM_RING_CLASS);
    error = netdev_open(interface, class, &source->netdev);
    if (!error && source->ring) {
        error = netdev_set_config(source->netdev, config, &text);
    }
    if (!error && netdev_is_reconf_required(source->netdev)) {
        error = netdev_reconfigure(source->netdev);
        error = error == EOPNOTSUPP ? 0 : error;
    }
    if (!error) {
        what = "receive from";
        error = netdev_rxq_open(source->netdev, &source->rxq, 0);
    }
    if (error) {
        *errnop = error;
        text = text ? text : open_error(interface, class, what, error);
        xfsm_source_close(source);
        return text;
    }

    /* A packet waits for its block: 'retire-ms', and as long again because
     * the kernel's timer runs on its own. */
    if (source->ring) {
        source->delay = (2 * smap_get_ullong(config, "retire-ms",
                                             XFSM_RING_RETIRE_MS) + 5)
                        * UINT64_C(1000000);
    }
    source->filter = source->ring && smap_get_bool(config, "filter", true);
    ifindex = netdev_get_ifindex(source->netdev);
    source->ifindex = ifindex > 0 ? ifindex : 0;
    init_batch(source);
    *sourcep = source;
    return NULL;
}

char *
xfsm_source_open_more(const struct xfsm_source *first, int queue,
                      struct xfsm_source **sourcep)
{
    struct xfsm_source *source = xzalloc(sizeof *source);
    int error;

    source->ring = first->ring;
    source->filter = first->filter;
    source->delay = first->delay;
    source->ifindex = first->ifindex;
    source->netdev = netdev_ref(first->netdev);
    error = netdev_rxq_open(source->netdev, &source->rxq, queue);
    if (error) {
        xfsm_source_close(source);
        return xasprintf("cannot spread the packets of \"%s\" over several "
                         "workers (%s)", netdev_get_name(first->netdev),
                         ovs_strerror(error));
    }
    init_batch(source);
    *sourcep = source;
    return NULL;
}

void
xfsm_source_close(struct xfsm_source *source)
{
    if (source) {
        netdev_rxq_close(source->rxq);
        netdev_close(source->netdev);
        free(source);
    }
}

size_t
xfsm_source_n_queues(const struct xfsm_source *source)
{
    return source->ring ? netdev_n_rxq(source->netdev) : 1;
}

static void
set_from_ring(struct xfsm_packet *p, struct dp_packet *dp)
{
    const struct xfsm_ring_meta *meta = xfsm_ring_meta(dp);

    p->len = meta->wire_len;
    p->ts = meta->ts;
    p->direction = meta->direction;
    p->aux_vlan_tci = meta->vlan_tci;
    p->aux_vlan_tpid = meta->vlan_tpid;
    p->segs = meta->segs;
}

static void
set_from_stock(struct xfsm_packet *p, const struct dp_packet *dp, uint64_t ts)
{
    p->len = dp_packet_size(dp);
    p->ts = ts;
    p->direction = XFSM_DIR_UNKNOWN;
    p->aux_vlan_tci = 0;
    p->aux_vlan_tpid = 0;
    p->segs = 1;
}

int
xfsm_source_recv(struct xfsm_source *source, struct xfsm_packet **packetsp,
                 size_t *np)
{
    int error = netdev_rxq_recv(source->rxq, &source->batch, NULL);
    struct timespec now;
    uint64_t ts = 0;
    size_t i;

    if (error) {
        return error;
    }
    if (!source->ring) {
        clock_gettime(CLOCK_REALTIME, &now);
        ts = now.tv_sec * UINT64_C(1000000000) + now.tv_nsec;
    }
    for (i = 0; i < source->batch.count; i++) {
        struct dp_packet *dp = source->batch.packets[i];
        struct xfsm_packet *p = &source->packets[i];

        p->data = dp_packet_data(dp);
        p->caplen = dp_packet_size(dp);
        p->link_type = XFSM_LINK_ETHERNET;
        if (source->ring) {
            set_from_ring(p, dp);
        } else {
            set_from_stock(p, dp, ts);
        }
    }
    *packetsp = source->packets;
    *np = source->batch.count;
    return 0;
}

void
xfsm_source_release(struct xfsm_source *source)
{
    if (!source->ring) {
        dp_packet_delete_batch(&source->batch, true);
    }
    dp_packet_batch_init(&source->batch);
}

void
xfsm_source_run(struct xfsm_source *source)
{
    if (!source->ring) {
        netdev_run();
    }
}

void
xfsm_source_wait(struct xfsm_source *source)
{
    if (!source->ring) {
        netdev_wait();
    }
    netdev_rxq_wait(source->rxq);
}

uint64_t
xfsm_source_delay(const struct xfsm_source *source)
{
    return source->delay;
}

unsigned int
xfsm_source_ifindex(const struct xfsm_source *source)
{
    return source->ifindex;
}

bool
xfsm_source_can_filter(const struct xfsm_source *source)
{
    return source->filter;
}

int
xfsm_source_set_filter(struct xfsm_source *source,
                       const struct sock_fprog *filter)
{
    return (source->filter ? xfsm_ring_set_filter(source->rxq, filter)
            : EOPNOTSUPP);
}

int
xfsm_source_set_steering(struct xfsm_source *source,
                         const struct sock_fprog *prog)
{
    return (source->ring ? xfsm_ring_set_steering(source->rxq, prog)
            : EOPNOTSUPP);
}

uint64_t
xfsm_source_get_spared(const struct xfsm_source *source)
{
    return source->filter ? xfsm_ring_get_spared(source->netdev) : 0;
}

uint64_t
xfsm_source_take_lost(struct xfsm_source *source)
{
    return source->ring ? xfsm_ring_take_lost(source->rxq) : 0;
}

bool
xfsm_source_get_counts(const struct xfsm_source *source,
                       struct xfsm_ring_counts *counts)
{
    if (source->ring) {
        xfsm_ring_get_counts(source->netdev, counts);
    }
    return source->ring;
}

void
xfsm_source_get_stats(const struct xfsm_source *source,
                      struct netdev_stats *stats)
{
    /* A stock class would tell the device's counters, not ours, and it would
     * have to open a socket to ask for them. */
    if (!source->ring || netdev_get_stats(source->netdev, stats)) {
        memset(stats, 0xff, sizeof *stats);
    }
}
