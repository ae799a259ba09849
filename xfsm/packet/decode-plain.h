/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef XFSM_PACKET_DECODE_PLAIN_H
#define XFSM_PACKET_DECODE_PLAIN_H 1

/* Plain packets, which most are: TCP in an IPv4 packet without options that is
 * no fragment, in an untagged Ethernet frame.  They are decoded in one go,
 * with the outcome of going layer by layer.
 *
 * Internal to the decoder.  Thread-safety: as of the packets. */

#include <stdbool.h>
#include <stdint.h>

#include "xfsm/packet/decode-private.h"

/* Where the headers of a plain TCP packet lie in its frame. */
#define XFSM_PLAIN_IP 14
#define XFSM_PLAIN_L4 (XFSM_PLAIN_IP + 20)
#define XFSM_PLAIN_LEN (XFSM_PLAIN_L4 + 20)

/* Fields that a plain TCP packet has, and those that its payload may have. */
static inline __attribute__((always_inline)) struct xfsm_fieldset
xfsm_plain_fields(void)
{
    struct xfsm_fieldset set = xfsm_layer_fields(XFSM_FL_META);

    XFSM_GOT(set, ETH_DST);
    XFSM_GOT(set, ETH_SRC);
    XFSM_GOT(set, ETH_TYPE);
    XFSM_GOT(set, IP_VERSION);
    XFSM_GOT(set, IP_DSCP);
    XFSM_GOT(set, IP_ECN);
    XFSM_GOT(set, IP_ID);
    XFSM_GOT(set, IP_FRAGMENT);
    XFSM_GOT(set, IP_TTL);
    XFSM_GOT(set, PROTO);
    XFSM_GOT(set, IP_SRC);
    XFSM_GOT(set, IP_DST);
    XFSM_GOT(set, SRC_PORT);
    XFSM_GOT(set, DST_PORT);
    XFSM_GOT(set, TCP_SEQ);
    XFSM_GOT(set, TCP_ACK);
    XFSM_GOT(set, TCP_FLAGS);
    XFSM_GOT(set, TCP_WINDOW);
    XFSM_GOT(set, PAYLOAD_LEN);
    return set;
}

/* The payload of a plain packet, from byte 'start' to 'end' of the frame,
 * whose other fields are there. */
void xfsm_decode_plain_payload(struct xfsm_packet *,
                               const struct xfsm_fieldset *want,
                               uint32_t start, uint32_t end);

/* Is the packet plain, and nothing wrong with it?  If so, sets payload_len,
 * and where the captured payload starts and ends in the frame. */
static inline bool
xfsm_plain_bounds(struct xfsm_packet *packet, uint32_t *start, uint32_t *end)
{
    const uint8_t *frame = packet->data;
    const uint8_t *ip = frame + XFSM_PLAIN_IP;
    uint32_t header_len, total_len;

    if (packet->caplen < XFSM_PLAIN_LEN || packet->aux_vlan_tpid
        || xfsm_load_be32(frame + 12) >> 8 != (ETH_TYPE_IP4 << 8 | 0x45)
        || xfsm_load_be16(ip + 6) & 0x3fff || ip[9] != PROTO_TCP) {
        return false;
    }
    total_len = xfsm_load_be16(ip + 2);
    header_len = (frame[XFSM_PLAIN_L4 + 12] >> 4) * 4;
    *start = XFSM_PLAIN_L4 + header_len;
    *end = XFSM_PLAIN_IP + total_len;
    if (header_len < XFSM_PLAIN_LEN - XFSM_PLAIN_L4) {
        return false;
    }
    packet->payload_len = *end - *start;
    *end = *end < packet->caplen ? *end : packet->caplen;
    return *start <= *end;
}

/* Decodes the packet.  False, and nothing of note done, where it is not plain,
 * or where anything is wrong with it. */
static inline bool
xfsm_decode_plain(struct xfsm_packet *packet, const struct xfsm_fieldset *want)
{
    const uint8_t *frame = packet->data;
    const uint8_t *ip = frame + XFSM_PLAIN_IP;
    const uint8_t *tcp = frame + XFSM_PLAIN_L4;
    uint32_t start, end, ports;

    if (!xfsm_plain_bounds(packet, &start, &end)) {
        return false;
    }
    packet->eth_dst = xfsm_load_be64(frame) >> 16;
    packet->eth_src = xfsm_load_be64(frame + 4) & UINT64_C(0xffffffffffff);
    packet->eth_type = ETH_TYPE_IP4;
    packet->ip_version = 4;
    packet->ip_dscp = ip[1] >> 2;
    packet->ip_ecn = ip[1] & 3;
    packet->ip_id = xfsm_load_be16(ip + 4);
    packet->ip_fragment = 0;
    packet->ip_frag_offset = 0;
    packet->ip_ttl = ip[8];
    packet->ip_proto = PROTO_TCP;
    xfsm_addr_set4(&packet->ip_src, ip + 12);
    xfsm_addr_set4(&packet->ip_dst, ip + 16);
    ports = xfsm_load_be32(tcp);
    packet->src_port = (uint16_t) (ports >> 16);
    packet->dst_port = (uint16_t) ports;
    packet->tcp_seq = xfsm_load_be32(tcp + 4);
    packet->tcp_ack = xfsm_load_be32(tcp + 8);
    packet->tcp_flags = tcp[13];
    packet->tcp_window = xfsm_load_be16(tcp + 14);
    packet->decode_error = XFSM_DE_NONE;
    packet->present = xfsm_plain_fields();
    if (start < end
        && xfsm_fieldsets_meet(*want, xfsm_tcp_payload_fields())) {
        xfsm_decode_plain_payload(packet, want, start, end);
    }
    return true;
}

#endif /* xfsm/packet/decode-plain.h */
