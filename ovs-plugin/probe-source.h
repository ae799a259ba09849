/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef OVS_PLUGIN_PROBE_SOURCE_H
#define OVS_PLUGIN_PROBE_SOURCE_H 1

/* A probe's packets: an OVS netdev, read in batches.
 *
 * The class "xfsm" (netdev-ring.h) is made for this.  With a class of Open
 * vSwitch itself a packet's time is when it was read, its direction is
 * unknown, and losses are not counted.
 *
 * Thread-safety: none needed, a source belongs to one thread. */

#include <stdbool.h>
#include <stdint.h>

#include "dp-packet.h"
#include "xfsm/packet/packet.h"

struct netdev_stats;
struct smap;
struct sock_fprog;
struct xfsm_source;

/* Packets in a batch at most. */
#define XFSM_SOURCE_BATCH NETDEV_MAX_BURST

/* Opens 'interface' with the netdev class 'class', configured with 'config'.
 * Returns NULL and stores the source in '*sourcep', or an error that the
 * caller frees, and a positive errno in '*errnop': ENODEV if there is no such
 * device (now). */
char *xfsm_source_open(const char *interface, const char *class,
                       const struct smap *config,
                       struct xfsm_source **sourcep, int *errnop);

/* Opens another queue of 'first', which was configured with more than 'queue'
 * workers.  Returns NULL and stores the source, or an error that the caller
 * frees. */
char *xfsm_source_open_more(const struct xfsm_source *first, int queue,
                            struct xfsm_source **sourcep);
void xfsm_source_close(struct xfsm_source *);

/* Queues that the device has, this one included. */
size_t xfsm_source_n_queues(const struct xfsm_source *);

/* Receives a batch of up to XFSM_SOURCE_BATCH packets, which are good until
 * xfsm_source_release().  Returns 0 and the source members of '*packetsp' are
 * set, EAGAIN if there is none now, or another positive errno if there will be
 * none any more. */
int xfsm_source_recv(struct xfsm_source *, struct xfsm_packet **packetsp,
                     size_t *np);
void xfsm_source_release(struct xfsm_source *);

/* Does what the netdev class wants done now and then. */
void xfsm_source_run(struct xfsm_source *);
void xfsm_source_wait(struct xfsm_source *);

/* How old (ns) a packet may be when it is received from a source that had
 * nothing to receive just before. */
uint64_t xfsm_source_delay(const struct xfsm_source *);

/* Index of the device, 0 if it has none. */
unsigned int xfsm_source_ifindex(const struct xfsm_source *);

/* True if the source can be told which packets to leave out, and was not
 * configured ("filter=false") not to be. */
bool xfsm_source_can_filter(const struct xfsm_source *);

/* Has the kernel leave out what 'filter' does not accept, NULL: nothing.
 * Returns 0 or a positive errno. */
int xfsm_source_set_filter(struct xfsm_source *,
                           const struct sock_fprog *filter);

/* Has the kernel pick one of the sources of the device for each packet by
 * 'prog'.  Returns 0 or a positive errno. */
int xfsm_source_set_steering(struct xfsm_source *,
                             const struct sock_fprog *prog);

/* Packets that were left out, as far as known.  As with all functions that
 * count, nobody may receive from another source of the device meanwhile. */
uint64_t xfsm_source_get_spared(const struct xfsm_source *);

/* Packets that were lost before those that xfsm_source_recv() returned last,
 * since this was last asked. */
uint64_t xfsm_source_take_lost(struct xfsm_source *);

/* What came and where it went: of 'received' packets that the kernel let
 * through the filter, 'dropped' found the ring full, 'taken' (on the wire
 * 'segments') were received here, and the rest waits.  Returns false if the
 * class does not count that. */
struct xfsm_ring_counts;
bool xfsm_source_get_counts(const struct xfsm_source *,
                            struct xfsm_ring_counts *);

/* What was received and lost here; counters that the class does not have are
 * UINT64_MAX. */
void xfsm_source_get_stats(const struct xfsm_source *, struct netdev_stats *);

#endif /* ovs-plugin/probe-source.h */
