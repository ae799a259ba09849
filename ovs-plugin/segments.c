/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include <config.h>
#include "ovsdb-schema/ovs-compat.h"

#include "ovs-plugin/segments.h"

#include <linux/virtio_net.h>

#include "util.h"
#include "xfsm/base/bytes.h"

#define ETH_LEN 14
#define IP4_LEN 20
#define IP6_LEN 40
#define TCP_LEN 20
#define TCP_LEN_AT 12           /* Where a TCP header has its length. */
#define UDP_LEN 8

/* Of UDP payloads that are segments (Linux 5.18 and its headers). */
#define GSO_UDP_L4 5

/* Bytes of the headers that each segment has. */
static uint32_t
headers_len(const struct virtio_net_hdr *vnet, uint8_t type,
            const uint8_t *frame, uint32_t caplen)
{
    bool tcp = type != GSO_UDP_L4;
    struct xfsm_bytes b;
    uint8_t words;

    if (!(vnet->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM)) {
        return (ETH_LEN + (tcp ? TCP_LEN : UDP_LEN)
                + (type == VIRTIO_NET_HDR_GSO_TCPV6 ? IP6_LEN : IP4_LEN));
    }
    xfsm_bytes_init(&b, frame, caplen);
    if (!tcp) {
        return vnet->csum_start + UDP_LEN;
    } else if (xfsm_bytes_skip(&b, vnet->csum_start + TCP_LEN_AT)
               && xfsm_bytes_u8(&b, &words)) {
        return vnet->csum_start + MAX(words >> 4, TCP_LEN / 4) * 4;
    }
    return vnet->csum_start + TCP_LEN;
}

uint16_t
xfsm_count_segments(const struct virtio_net_hdr *vnet, const uint8_t *frame,
                    uint32_t caplen, uint32_t len)
{
    uint8_t type = vnet->gso_type & ~VIRTIO_NET_HDR_GSO_ECN;
    uint32_t headers;

    if (type == VIRTIO_NET_HDR_GSO_NONE || !vnet->gso_size) {
        return 1;
    }
    headers = headers_len(vnet, type, frame, caplen);
    return (len <= headers ? 1
            : MIN(DIV_ROUND_UP(len - headers, vnet->gso_size), UINT16_MAX));
}
