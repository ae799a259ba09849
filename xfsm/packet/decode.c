/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include "xfsm/packet/decode.h"

#include "xfsm/packet/decode-plain.h"
#include "xfsm/packet/decode-private.h"

#define ETH_HEADER_LEN 14
#define VLAN_HEADER_LEN 4
#define LLC_SNAP_LEN 8
#define SLL_HEADER_LEN 16
#define SLL2_HEADER_LEN 20
#define NULL_HEADER_LEN 4
#define NFLOG_HEADER_LEN 4
#define NFLOG_TLV_HEADER_LEN 4

#define NFLOG_TLV_MAX 64        /* Attributes of an NFLOG frame followed. */
#define NFLOG_TLV_PAYLOAD 9

/* From here on an Ethernet type field is a type, below it is a length. */
#define ETH_TYPE_MIN 0x0600

/* Protocol field of a "cooked" frame that holds an LLC header. */
#define SLL_PROTO_LLC 0x0004

/* Address families of IPv6 in a BSD loopback header: NetBSD, FreeBSD, Darwin
 * and, as some tools write it, Linux. */
enum {
    AF_IP4 = 2,
    AF_IP6_LINUX = 10,
    AF_IP6_NETBSD = 24,
    AF_IP6_FREEBSD = 28,
    AF_IP6_DARWIN = 30,
};

const char *const xfsm_decode_error_names[XFSM_N_DECODE_ERRORS] = {
    [XFSM_DE_NONE] = "none",
#define XFSM_DE_NAME(ID, NAME, DOC) [XFSM_DE_##ID] = NAME,
    XFSM_DECODE_ERRORS(XFSM_DE_NAME)
#undef XFSM_DE_NAME
};

const char *const xfsm_decode_error_docs[XFSM_N_DECODE_ERRORS] = {
    [XFSM_DE_NONE] = "Decoded to its end",
#define XFSM_DE_DOC(ID, NAME, DOC) [XFSM_DE_##ID] = DOC,
    XFSM_DECODE_ERRORS(XFSM_DE_DOC)
#undef XFSM_DE_DOC
};

/* Goes on by EtherType, after any VLAN tags. */
static inline void
decode_ethertype(struct xfsm_decoder *d, uint16_t type)
{
    d->packet->eth_type = type;
    XFSM_GOT(d->present, ETH_TYPE);
    switch (type) {
    case ETH_TYPE_IP4:
        xfsm_decode_ip4(d);
        break;
    case ETH_TYPE_IP6:
        xfsm_decode_ip6(d);
        break;
    case ETH_TYPE_ARP:
    case ETH_TYPE_RARP:
        xfsm_decode_arp(d);
        break;
    case ETH_TYPE_MPLS:
    case ETH_TYPE_MPLS_UPSTREAM:
        xfsm_decode_mpls(d);
        break;
    case ETH_TYPE_PPPOE:
        xfsm_decode_pppoe(d);
        break;
    default:
        break;
    }
}

/* At an IEEE 802.2 header.  Only the SNAP form names an EtherType; spanning
 * tree and its like end here, and are no error. */
static void
decode_llc(struct xfsm_decoder *d)
{
    const uint8_t *snap = xfsm_bytes_peek(&d->in, LLC_SNAP_LEN);

    if (snap && xfsm_load_be48(snap) == UINT64_C(0xaaaa03000000)) {
        uint16_t type = xfsm_load_be16(snap + 6);

        xfsm_decoder_take(d, LLC_SNAP_LEN);
        decode_ethertype(d, type);
    }
}

static inline bool
is_vlan_type(uint16_t type)
{
    return (type == ETH_TYPE_VLAN || type == ETH_TYPE_QINQ
            || type == ETH_TYPE_VLAN_OLD);
}

/* Notes VLAN tag number 'n' from outside, from 0. */
static void
add_vlan_tag(struct xfsm_decoder *d, int n, uint16_t tci)
{
    struct xfsm_packet *packet = d->packet;

    if (n == 0) {
        packet->vlan_id = tci & 0xfff;
        packet->vlan_pcp = tci >> 13;
        XFSM_GOT(d->present, VLAN_ID);
        XFSM_GOT(d->present, VLAN_PCP);
    } else if (n == 1) {
        packet->vlan_inner_id = tci & 0xfff;
        XFSM_GOT(d->present, VLAN_INNER_ID);
    }
}

/* After a type field of any value: takes VLAN tags off, resolves lengths. */
static __attribute__((noinline)) void
decode_tagged(struct xfsm_decoder *d, uint16_t type)
{
    int n = 0;

    if (d->packet->aux_vlan_tpid) {
        add_vlan_tag(d, n++, d->packet->aux_vlan_tci);
    }
    while (is_vlan_type(type)) {
        const uint8_t *tag;

        if (n == XFSM_VLAN_MAX) {
            xfsm_decoder_fail(d, XFSM_DE_VLAN_DEEP);
            return;
        }
        tag = xfsm_decoder_take(d, VLAN_HEADER_LEN);
        if (!tag) {
            xfsm_decoder_fail(d, XFSM_DE_LINK_SHORT);
            return;
        }
        add_vlan_tag(d, n++, xfsm_load_be16(tag));
        type = xfsm_load_be16(tag + 2);
    }
    if (type >= ETH_TYPE_MIN) {
        decode_ethertype(d, type);
    } else {
        if (type < d->wire) {
            xfsm_decoder_resize(d, type);
        }
        decode_llc(d);
    }
}

static inline void
decode_ethernet(struct xfsm_decoder *d)
{
    struct xfsm_packet *packet = d->packet;
    const uint8_t *eth = xfsm_decoder_take(d, ETH_HEADER_LEN);
    uint16_t type;

    if (!eth) {
        xfsm_decoder_fail(d, XFSM_DE_LINK_SHORT);
        return;
    }
    packet->eth_dst = xfsm_load_be64(eth) >> 16;
    packet->eth_src = xfsm_load_be64(eth + 4) & UINT64_C(0xffffffffffff);
    XFSM_GOT(d->present, ETH_DST);
    XFSM_GOT(d->present, ETH_SRC);

    type = xfsm_load_be16(eth + 12);
    if (type == ETH_TYPE_IP4 && !packet->aux_vlan_tpid) {
        decode_ethertype(d, ETH_TYPE_IP4);
    } else {
        decode_tagged(d, type);
    }
}

void
xfsm_decode_ethernet(struct xfsm_decoder *d)
{
    decode_ethernet(d);
}

void
xfsm_decode_ethertype(struct xfsm_decoder *d, uint16_t type)
{
    decode_ethertype(d, type);
}

void
xfsm_decode_ip(struct xfsm_decoder *d)
{
    const uint8_t *ip = xfsm_bytes_peek(&d->in, 1);

    if (!ip) {
        xfsm_decoder_fail(d, XFSM_DE_LINK_SHORT);
    } else if (ip[0] >> 4 == 4) {
        xfsm_decode_ip4(d);
    } else if (ip[0] >> 4 == 6) {
        xfsm_decode_ip6(d);
    } else {
        xfsm_decoder_fail(d, XFSM_DE_IP_VERSION);
    }
}

/* After a "cooked" header: 'addr' is its link-layer address of 'addr_len'
 * bytes, 'proto' its protocol field. */
static void
decode_cooked(struct xfsm_decoder *d, const uint8_t *addr, uint16_t addr_len,
              uint16_t proto)
{
    if (addr_len == 6) {
        d->packet->eth_src = xfsm_load_be48(addr);
        XFSM_GOT(d->present, ETH_SRC);
    }
    if (proto == SLL_PROTO_LLC) {
        decode_llc(d);
    } else if (proto >= ETH_TYPE_MIN) {
        decode_tagged(d, proto);
    }
}

static void
decode_sll(struct xfsm_decoder *d)
{
    const uint8_t *sll = xfsm_decoder_take(d, SLL_HEADER_LEN);

    if (!sll) {
        xfsm_decoder_fail(d, XFSM_DE_LINK_SHORT);
        return;
    }
    decode_cooked(d, sll + 6, xfsm_load_be16(sll + 4),
                  xfsm_load_be16(sll + 14));
}

static void
decode_sll2(struct xfsm_decoder *d)
{
    const uint8_t *sll = xfsm_decoder_take(d, SLL2_HEADER_LEN);

    if (!sll) {
        xfsm_decoder_fail(d, XFSM_DE_LINK_SHORT);
        return;
    }
    decode_cooked(d, sll + 12, sll[11], xfsm_load_be16(sll));
}

/* The address family is in the byte order of the machine that captured. */
static void
decode_null(struct xfsm_decoder *d)
{
    const uint8_t *header = xfsm_decoder_take(d, NULL_HEADER_LEN);
    uint32_t family;

    if (!header) {
        xfsm_decoder_fail(d, XFSM_DE_LINK_SHORT);
        return;
    }
    family = xfsm_load_le32(header);
    if (family > 0xffff) {
        family = xfsm_load_be32(header);
    }
    switch (family) {
    case AF_IP4:
        xfsm_decode_ip4(d);
        break;
    case AF_IP6_LINUX:
    case AF_IP6_NETBSD:
    case AF_IP6_FREEBSD:
    case AF_IP6_DARWIN:
        xfsm_decode_ip6(d);
        break;
    default:
        break;
    }
}

/* A 4-byte header, then attributes: length (its own header included) and type
 * in host byte order, value, padding to 4 bytes.  The packet is in one. */
static void
decode_nflog(struct xfsm_decoder *d)
{
    int n;

    if (!xfsm_decoder_take(d, NFLOG_HEADER_LEN)) {
        xfsm_decoder_fail(d, XFSM_DE_LINK_SHORT);
        return;
    }
    for (n = 0; n < NFLOG_TLV_MAX && xfsm_bytes_remaining(&d->in); n++) {
        const uint8_t *tlv = xfsm_decoder_take(d, NFLOG_TLV_HEADER_LEN);
        uint32_t len = tlv ? xfsm_load_ne16(tlv) : 0;

        if (len < NFLOG_TLV_HEADER_LEN) {
            break;
        }
        len -= NFLOG_TLV_HEADER_LEN;
        if (xfsm_load_ne16(tlv + 2) == NFLOG_TLV_PAYLOAD) {
            xfsm_decoder_resize(d, len);
            xfsm_decode_ip(d);
            return;
        }
        if (!xfsm_decoder_take(d, (len + 3) & ~UINT32_C(3))) {
            break;
        }
    }
    xfsm_decoder_fail(d, XFSM_DE_LINK_SHORT);
}

static __attribute__((noinline)) void
decode_other_link(struct xfsm_decoder *d)
{
    switch (d->packet->link_type) {
    case XFSM_LINK_RAW_IP:
        xfsm_decode_ip(d);
        break;
    case XFSM_LINK_LINUX_SLL:
        decode_sll(d);
        break;
    case XFSM_LINK_LINUX_SLL2:
        decode_sll2(d);
        break;
    case XFSM_LINK_NULL:
        decode_null(d);
        break;
    case XFSM_LINK_NFLOG:
        decode_nflog(d);
        break;
    default:
        break;
    }
}

void
xfsm_decode(struct xfsm_packet *packet, const struct xfsm_fieldset *want)
{
    struct xfsm_decoder d;

    packet->segs += !packet->segs;
    if (packet->link_type == XFSM_LINK_ETHERNET
        && xfsm_decode_plain(packet, want)) {
        return;
    }
    d.packet = packet;
    d.want = want;
    d.wire = packet->len > packet->caplen ? packet->len : packet->caplen;
    d.present = xfsm_layer_fields(XFSM_FL_META);
    d.unbounded = false;
    d.nested = false;
    xfsm_bytes_init(&d.in, packet->data, packet->caplen);
    packet->decode_error = XFSM_DE_NONE;

    if (packet->link_type == XFSM_LINK_ETHERNET) {
        decode_ethernet(&d);
    } else {
        decode_other_link(&d);
    }
    packet->present = d.present;
}
