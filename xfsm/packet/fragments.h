/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef XFSM_PACKET_FRAGMENTS_H
#define XFSM_PACKET_FRAGMENTS_H 1

/* Ports for fragments that have none.
 *
 * Only the first fragment of an IP datagram holds the transport header.  This
 * table remembers its ports for a while and gives them to the fragments that
 * follow, so that a flood of fragments counts for the service that it hits.
 * Nothing is reassembled: no byte of payload is kept.
 *
 * A datagram is told by both addresses, the outermost VLAN, the IP version,
 * its identification and, in IPv4, the protocol (RFC 791 section 3.2, RFC 8200
 * section 4.5).  The first fragment with offset 0 counts; another one before
 * the last fragment was seen (an overlap, as "teardrop" and evasions send it)
 * changes nothing.  After the last fragment, one with offset 0 starts a new
 * datagram, because identifications come around in seconds at high rates.  A
 * fragment that is ahead of the first one of its datagram stays without ports.
 *
 * In IPv6, "proto" of a later fragment is what its fragment header says, which
 * may be another extension header; it becomes that of the first fragment.
 *
 * Layout: buckets of 8 entries of one cache line each, chosen by the keyed
 * hash of xfsm/base/hash.h, so that nobody outside can fill a bucket at will.
 * A full bucket gives up its oldest entry.  Time is packet time.  An entry
 * ends when a packet is more than the timeout away from it, in either
 * direction; so one of a strange time takes the place of one entry, and is the
 * first to go.
 *
 * Ownership: the table owns its memory, fixed at creation (64 bytes an entry;
 * pages that no fragment touched cost nothing).  The seed must outlive it.
 *
 * Thread-safety: none; a table belongs to one thread.
 *
 * Cost: nothing for packets that are no fragments, else one bucket. */

#include <stdint.h>

#include "xfsm/base/hash.h"
#include "xfsm/packet/packet.h"

/* Datagrams remembered. */
#define XFSM_FRAGMENTS_MIN 8
#define XFSM_FRAGMENTS_MAX 65536
#define XFSM_FRAGMENTS_DEFAULT 4096

/* How long, in nanoseconds of packet time. */
#define XFSM_FRAGMENTS_TIMEOUT_MIN UINT64_C(2000000000)
#define XFSM_FRAGMENTS_TIMEOUT_MAX UINT64_C(30000000000)
#define XFSM_FRAGMENTS_TIMEOUT_DEFAULT UINT64_C(10000000000)

/* S(ID, DOC): what is counted. */
#define XFSM_FRAGMENTS_COUNTERS(S) \
    S(first, "First fragments remembered") \
    S(resolved, "Later fragments that got their ports") \
    S(unknown, "Later fragments whose first one was not seen, or too long " \
               "ago") \
    S(repeated, "First fragments of a datagram that had one") \
    S(evicted, "Datagrams forgotten early for want of room")

struct xfsm_fragments_stats {
#define XFSM_FRAGMENTS_MEMBER(ID, DOC) uint64_t ID;
    XFSM_FRAGMENTS_COUNTERS(XFSM_FRAGMENTS_MEMBER)
#undef XFSM_FRAGMENTS_MEMBER
};

struct xfsm_fragments;

/* Creates a table for 'n' datagrams (XFSM_FRAGMENTS_MIN to _MAX, rounded up to
 * a power of two), each remembered for 'timeout' nanoseconds
 * (XFSM_FRAGMENTS_TIMEOUT_MIN to _MAX).  Returns NULL and stores it in
 * '*tablep', or an error that the caller frees. */
char *xfsm_fragments_create(unsigned int n, uint64_t timeout,
                            const struct xfsm_seed *seed,
                            struct xfsm_fragments **tablep);

/* NULL is allowed. */
void xfsm_fragments_destroy(struct xfsm_fragments *);

/* To be called for each packet that xfsm_decode() found to be a fragment
 * (XFSM_F_IP_FRAG_OFFSET is present), in packet order; does nothing for
 * others.  Remembers a first fragment with ports; gives a later one src_port
 * and dst_port, and in IPv6 ip_proto, with their presence bits. */
void xfsm_fragments_resolve(struct xfsm_fragments *, struct xfsm_packet *);

/* The counters since creation. */
const struct xfsm_fragments_stats *
xfsm_fragments_stats(const struct xfsm_fragments *);

#endif /* xfsm/packet/fragments.h */
