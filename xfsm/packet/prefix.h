/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef XFSM_PACKET_PREFIX_H
#define XFSM_PACKET_PREFIX_H 1

/* Networks: how much of an address a key goes by.
 *
 * A key of a program may have "ip_src/24/56" where others have "ip_src": the
 * first 24 bits of an IPv4 address and the first 56 of an IPv6 one.  Addresses
 * are 16 bytes either way (packet.h), and so they stay, with the bits behind
 * the prefix zero. */

#include <stdbool.h>
#include <stdint.h>

#include "xfsm/packet/field.h"

#define XFSM_PREFIX_IP4_MAX 32
#define XFSM_PREFIX_IP6_MAX 128

/* The IPv6 prefix where a program names none: a subnet of RFC 4291. */
#define XFSM_PREFIX_IP6_DEFAULT 64

/* Bits that are kept, 1 to XFSM_PREFIX_IP4_MAX and 1 to XFSM_PREFIX_IP6_MAX.
 * Both are 0 where the whole address is meant, or no address. */
struct xfsm_prefix_lengths {
    uint8_t ip4, ip6;
};

static inline bool
xfsm_prefix_equal(struct xfsm_prefix_lengths a, struct xfsm_prefix_lengths b)
{
    return a.ip4 == b.ip4 && a.ip6 == b.ip6;
}

/* Can these be the lengths for a field of type 'type'? */
bool xfsm_prefix_is_valid(enum xfsm_field_type type,
                          struct xfsm_prefix_lengths lengths);

/* Clears the bits of 'addr' behind the prefix. */
void xfsm_prefix_apply(union xfsm_addr *addr,
                       struct xfsm_prefix_lengths lengths);

/* As xfsm_field_format(), of an address with "/LENGTH" behind its network.
 * With no lengths it is the same. */
size_t xfsm_prefix_format(const struct xfsm_packet *packet,
                          unsigned int field,
                          struct xfsm_prefix_lengths lengths,
                          char *buf, size_t size);

/* The same of 'addr', which is masked here if it is not yet. */
size_t xfsm_prefix_format_addr(const union xfsm_addr *addr,
                               struct xfsm_prefix_lengths lengths,
                               char *buf, size_t size);

#endif /* xfsm/packet/prefix.h */
