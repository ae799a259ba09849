/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include "xfsm/packet/prefix.h"

#include <string.h>

/* Bits in front of an IPv4 address. */
#define IP4_BITS 96

bool
xfsm_prefix_is_valid(enum xfsm_field_type type,
                     struct xfsm_prefix_lengths lengths)
{
    if (!lengths.ip4 && !lengths.ip6) {
        return true;
    }
    return type == XFSM_FT_ADDR
           && lengths.ip4 && lengths.ip4 <= XFSM_PREFIX_IP4_MAX
           && lengths.ip6 && lengths.ip6 <= XFSM_PREFIX_IP6_MAX;
}

void
xfsm_prefix_apply(union xfsm_addr *addr, struct xfsm_prefix_lengths lengths)
{
    unsigned int bits = xfsm_addr_is_ip4(addr) ? IP4_BITS + lengths.ip4
                                                 : lengths.ip6;
    unsigned int byte = bits / 8;

    if (!lengths.ip4 || byte >= sizeof addr->b) {
        return;
    }
    addr->b[byte] &= (uint8_t) (0xff00 >> bits % 8);
    memset(&addr->b[byte + 1], 0, sizeof addr->b - byte - 1);
}

size_t
xfsm_prefix_format_addr(const union xfsm_addr *addr,
                        struct xfsm_prefix_lengths lengths,
                        char *buf, size_t size)
{
    union xfsm_addr network = *addr;
    unsigned int bits = xfsm_addr_is_ip4(addr) ? lengths.ip4 : lengths.ip6;
    char length[4];
    size_t len, n = 0;

    xfsm_prefix_apply(&network, lengths);
    len = xfsm_field_format_addr(&network, buf, size);
    if (!lengths.ip4) {
        return len;
    }
    length[n++] = '/';
    if (bits >= 100) {
        length[n++] = '1';
    }
    if (bits >= 10) {
        length[n++] = (char) ('0' + bits / 10 % 10);
    }
    length[n++] = (char) ('0' + bits % 10);
    n = n < size - len ? n : size - len;
    memcpy(buf + len, length, n);
    return len + n;
}

size_t
xfsm_prefix_format(const struct xfsm_packet *packet, unsigned int field,
                   struct xfsm_prefix_lengths lengths, char *buf, size_t size)
{
    union xfsm_addr addr;

    if (!lengths.ip4 || field >= XFSM_N_FIELDS
        || xfsm_fields[field].type != XFSM_FT_ADDR
        || !xfsm_fieldset_has(&packet->present, field)) {
        return xfsm_field_format(packet, field, buf, size);
    }
    memcpy(&addr, (const char *) packet + xfsm_fields[field].offset,
           sizeof addr);
    return xfsm_prefix_format_addr(&addr, lengths, buf, size);
}
