/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

/* MPLS (RFC 3032): the label stack, then IP.
 *
 * Nothing in the header names the payload.  What starts with a 4 or a 6 is
 * taken as IP, as routers do that balance load; pseudowires that mind start
 * with another (RFC 4928), and decoding ends there. */

#include "xfsm/packet/decode-private.h"

#define MPLS_ENTRY_LEN 4
#define MPLS_BOTTOM 0x100

void
xfsm_decode_mpls(struct xfsm_decoder *d)
{
    struct xfsm_packet *packet = d->packet;
    const uint8_t *payload;
    uint32_t entry;
    int n = 0;

    do {
        const uint8_t *p;

        if (n == XFSM_MPLS_MAX) {
            xfsm_decoder_fail(d, XFSM_DE_MPLS_DEEP);
            return;
        }
        p = xfsm_decoder_take(d, MPLS_ENTRY_LEN);
        if (!p) {
            xfsm_decoder_fail(d, XFSM_DE_LINK_SHORT);
            return;
        }
        entry = xfsm_load_be32(p);
        if (!n++) {
            packet->mpls_label = entry >> 12;
            XFSM_GOT(d->present, MPLS_LABEL);
        }
    } while (!(entry & MPLS_BOTTOM));

    payload = xfsm_bytes_peek(&d->in, 1);
    if (payload && (payload[0] >> 4 == 4 || payload[0] >> 4 == 6)) {
        xfsm_decode_ip(d);
    }
}
