/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

/* IPv4 (RFC 791) and IPv6 with its extension headers (RFC 8200). */

#include "xfsm/packet/decode-private.h"

#define IP4_HEADER_LEN 20
#define IP4_MORE_FRAGMENTS 0x2000
#define IP4_OFFSET_MASK 0x1fff
#define IP6_HEADER_LEN 40
#define IP6_FRAGMENT_LEN 8
#define IP6_OFFSET_MASK 0xfff8
#define IP6_MORE_FRAGMENTS 0x0001

/* IPv6 extension headers that are followed, by protocol number. */
enum {
    IP6_HOP_BY_HOP = 0,
    IP6_ROUTING = 43,
    IP6_FRAGMENT = 44,
    IP6_AUTH = 51,
    IP6_DEST_OPTIONS = 60,
    IP6_MOBILITY = 135,
};

/* Traffic class: DSCP (RFC 2474) and ECN (RFC 3168). */
static inline void
ip_set_class(struct xfsm_packet *packet, uint8_t class)
{
    packet->ip_dscp = class >> 2;
    packet->ip_ecn = class & 3;
}

void
xfsm_decode_ip4(struct xfsm_decoder *d)
{
    struct xfsm_packet *packet = d->packet;
    struct xfsm_fieldset got = d->present;
    const uint8_t *ip = xfsm_bytes_peek(&d->in, IP4_HEADER_LEN);
    uint32_t header_len, total_len, frag, offset;
    bool fragment;

    if (!ip) {
        xfsm_decoder_fail(d, XFSM_DE_IP_SHORT);
        return;
    }
    if (ip[0] >> 4 != 4) {
        xfsm_decoder_fail(d, XFSM_DE_IP_VERSION);
        return;
    }
    header_len = (ip[0] & 15) * 4;
    if (header_len < IP4_HEADER_LEN) {
        xfsm_decoder_fail(d, XFSM_DE_IP_HLEN);
        return;
    }
    total_len = xfsm_load_be16(ip + 2);
    frag = xfsm_load_be16(ip + 6);
    fragment = (frag & (IP4_MORE_FRAGMENTS | IP4_OFFSET_MASK)) != 0;
    offset = (frag & IP4_OFFSET_MASK) * 8;

    packet->ip_version = 4;
    ip_set_class(packet, ip[1]);
    packet->ip_id = xfsm_load_be16(ip + 4);
    packet->ip_fragment = fragment;
    packet->ip_frag_offset = offset;
    packet->ip_ttl = ip[8];
    packet->ip_proto = ip[9];
    xfsm_addr_set4(&packet->ip_src, ip + 12);
    xfsm_addr_set4(&packet->ip_dst, ip + 16);
    XFSM_GOT(got, IP_VERSION);
    XFSM_GOT(got, IP_DSCP);
    XFSM_GOT(got, IP_ECN);
    XFSM_GOT(got, IP_ID);
    XFSM_GOT(got, IP_FRAGMENT);
    XFSM_GOT(got, IP_TTL);
    XFSM_GOT(got, PROTO);
    XFSM_GOT(got, IP_SRC);
    XFSM_GOT(got, IP_DST);
    if (fragment) {
        packet->ip_more_fragments = (frag & IP4_MORE_FRAGMENTS) != 0;
        XFSM_GOT(got, IP_FRAG_OFFSET);
        XFSM_GOT(got, IP_MORE_FRAGMENTS);
    }
    d->present = got;

    if (total_len >= header_len) {
        xfsm_decoder_resize(d, total_len);
    } else if (!total_len) {
        d->unbounded = true;
    } else {
        xfsm_decoder_fail(d, XFSM_DE_IP_LEN);
        return;
    }
    if (!xfsm_decoder_take(d, header_len)) {
        xfsm_decoder_fail(d, XFSM_DE_IP_SHORT);
    } else if (!offset) {
        xfsm_decode_l4(d, fragment);
    }
}

unsigned int
xfsm_ip6_extension(uint8_t protocol)
{
    switch (protocol) {
    case IP6_HOP_BY_HOP: return XFSM_IP6X_HOP_BY_HOP;
    case IP6_ROUTING: return XFSM_IP6X_ROUTING;
    case IP6_FRAGMENT: return XFSM_IP6X_FRAGMENT;
    case IP6_AUTH: return XFSM_IP6X_AUTH;
    case IP6_DEST_OPTIONS: return XFSM_IP6X_DEST_OPTIONS;
    case IP6_MOBILITY: return XFSM_IP6X_MOBILITY;
    default: return 0;
    }
}

/* Takes one extension header off, whose type is '*protocol', which then
 * becomes that of the next header.  Notes in the packet what a fragment header
 * says.  False where it is cut. */
static bool
ip6_take_extension(struct xfsm_decoder *d, uint8_t *protocol)
{
    struct xfsm_packet *packet = d->packet;
    const uint8_t *ext = xfsm_bytes_peek(&d->in, 2);
    uint32_t ext_len, offset;

    if (!ext) {
        return false;
    }
    ext_len = (*protocol == IP6_FRAGMENT ? IP6_FRAGMENT_LEN
               : *protocol == IP6_AUTH ? (ext[1] + 2) * 4
               : (ext[1] + 1) * 8);
    ext = xfsm_decoder_take(d, ext_len);
    if (!ext) {
        return false;
    }
    if (*protocol == IP6_FRAGMENT) {
        offset = xfsm_load_be16(ext + 2);
        packet->ip_id = xfsm_load_be32(ext + 4);
        XFSM_GOT(d->present, IP_ID);
        /* An "atomic" fragment (RFC 6946) is a whole packet. */
        if (offset & (IP6_OFFSET_MASK | IP6_MORE_FRAGMENTS)) {
            packet->ip_fragment = 1;
            packet->ip_frag_offset = offset & IP6_OFFSET_MASK;
            packet->ip_more_fragments = offset & IP6_MORE_FRAGMENTS;
            XFSM_GOT(d->present, IP_FRAGMENT);
            XFSM_GOT(d->present, IP_FRAG_OFFSET);
            XFSM_GOT(d->present, IP_MORE_FRAGMENTS);
        }
    }
    *protocol = ext[0];
    return true;
}

/* Follows extension headers from type 'protocol' on.  False, with the error
 * recorded, where that ends in none. */
static bool
ip6_walk_extensions(struct xfsm_decoder *d, uint8_t protocol)
{
    struct xfsm_packet *packet = d->packet;
    unsigned int met = 0;
    unsigned int ext;
    int n;

    for (n = 0; (ext = xfsm_ip6_extension(protocol)); n++) {
        /* What follows the header of a later fragment is its payload. */
        if (packet->ip_fragment && packet->ip_frag_offset) {
            break;
        }
        if (n == XFSM_IP6_EXT_MAX) {
            xfsm_decoder_fail(d, XFSM_DE_IP6_DEEP);
            return false;
        }
        if (!ip6_take_extension(d, &protocol)) {
            xfsm_decoder_fail(d, XFSM_DE_IP6_EXT);
            return false;
        }
        met |= ext;
    }
    packet->ip6_ext = (uint8_t) met;
    XFSM_GOT(d->present, IP6_EXT);
    packet->ip_proto = protocol;
    XFSM_GOT(d->present, PROTO);
    XFSM_GOT(d->present, IP_FRAGMENT);  /* Known only now that it is none. */
    return true;
}

void
xfsm_decode_ip6(struct xfsm_decoder *d)
{
    struct xfsm_packet *packet = d->packet;
    struct xfsm_fieldset got = d->present;
    const uint8_t *ip = xfsm_decoder_take(d, IP6_HEADER_LEN);
    uint32_t payload_len;

    if (!ip) {
        xfsm_decoder_fail(d, XFSM_DE_IP_SHORT);
        return;
    }
    if (ip[0] >> 4 != 6) {
        xfsm_decoder_fail(d, XFSM_DE_IP_VERSION);
        return;
    }
    payload_len = xfsm_load_be16(ip + 4);

    packet->ip_version = 6;
    ip_set_class(packet, xfsm_load_be16(ip) >> 4 & 0xff);
    packet->ip_fragment = 0;
    packet->ip_frag_offset = 0;
    packet->ip_ttl = ip[7];
    xfsm_addr_set6(&packet->ip_src, ip + 8);
    xfsm_addr_set6(&packet->ip_dst, ip + 24);
    XFSM_GOT(got, IP_VERSION);
    XFSM_GOT(got, IP_DSCP);
    XFSM_GOT(got, IP_ECN);
    XFSM_GOT(got, IP_TTL);
    XFSM_GOT(got, IP_SRC);
    XFSM_GOT(got, IP_DST);
    d->present = got;

    /* Zero: before segmentation, or a jumbogram (RFC 2675). */
    if (payload_len) {
        xfsm_decoder_resize(d, payload_len);
    } else {
        d->unbounded = true;
    }
    if (ip6_walk_extensions(d, ip[6]) && !packet->ip_frag_offset) {
        xfsm_decode_l4(d, packet->ip_fragment);
    }
}
