/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

/* ARP for IPv4 over anything with 6-byte addresses (RFC 826): Ethernet is
 * hardware type 1, but in SNAP frames type 6 is seen. */

#include "xfsm/packet/decode-private.h"

#define ARP_HEADER_LEN 8        /* Up to and including the operation. */
#define ARP_BODY_LEN 20         /* Two pairs of MAC and IPv4 address. */
#define ARP_FORMAT_MASK UINT64_C(0x0000ffffffff0000)
#define ARP_FORMAT UINT64_C(0x0000080006040000) /* IPv4; sizes 6 and 4. */

void
xfsm_decode_arp(struct xfsm_decoder *d)
{
    struct xfsm_packet *packet = d->packet;
    struct xfsm_fieldset got = d->present;
    const uint8_t *header = xfsm_decoder_take(d, ARP_HEADER_LEN);
    const uint8_t *body;
    uint64_t word;

    if (!header) {
        xfsm_decoder_fail(d, XFSM_DE_ARP_SHORT);
        return;
    }
    word = xfsm_load_be64(header);
    packet->arp_op = word & 0xffff;
    XFSM_GOT(got, ARP_OP);

    body = xfsm_decoder_take(d, ARP_BODY_LEN);
    if (!body || (word & ARP_FORMAT_MASK) != ARP_FORMAT) {
        xfsm_decoder_fail(d, XFSM_DE_ARP_SHORT);
    } else {
        packet->arp_sha = xfsm_load_be48(body);
        xfsm_addr_set4(&packet->arp_spa, body + 6);
        packet->arp_tha = xfsm_load_be48(body + 10);
        xfsm_addr_set4(&packet->arp_tpa, body + 16);
        XFSM_GOT(got, ARP_SHA);
        XFSM_GOT(got, ARP_SPA);
        XFSM_GOT(got, ARP_THA);
        XFSM_GOT(got, ARP_TPA);
    }
    d->present = got;
}
