/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

/* PPP (RFC 1661, RFC 1662), alone and in PPPoE sessions (RFC 2516): the
 * protocol, in one byte or two, then IP.  What negotiates is passed over. */

#include "xfsm/packet/decode-private.h"

#define PPPOE_HEADER_LEN 6
#define PPPOE_VERSION_TYPE 0x11
#define PPPOE_CODE_SESSION 0

#define PPP_ADDRESS_CONTROL 0xff03

enum {
    PPP_IP4 = 0x0021,
    PPP_IP6 = 0x0057,
};

/* Takes the protocol field off.  A first byte that is odd ends it, for all
 * protocol numbers are (RFC 1661 section 2). */
static bool
ppp_take_protocol(struct xfsm_decoder *d, uint16_t *protocol)
{
    const uint8_t *p = xfsm_decoder_take(d, 1);

    if (!p) {
        return false;
    }
    *protocol = *p;
    if (!(*p & 1)) {
        p = xfsm_decoder_take(d, 1);
        if (!p) {
            return false;
        }
        *protocol = (uint16_t) (*protocol << 8 | *p);
    }
    return true;
}

void
xfsm_decode_ppp(struct xfsm_decoder *d)
{
    const uint8_t *start = xfsm_bytes_peek(&d->in, 2);
    uint16_t protocol;

    if (start && xfsm_load_be16(start) == PPP_ADDRESS_CONTROL) {
        xfsm_decoder_take(d, 2);
    }
    if (!ppp_take_protocol(d, &protocol)) {
        xfsm_decoder_fail(d, XFSM_DE_LINK_SHORT);
        return;
    }
    switch (protocol) {
    case PPP_IP4:
        xfsm_decode_ip4(d);
        break;
    case PPP_IP6:
        xfsm_decode_ip6(d);
        break;
    default:
        break;
    }
}

void
xfsm_decode_pppoe(struct xfsm_decoder *d)
{
    const uint8_t *pppoe = xfsm_decoder_take(d, PPPOE_HEADER_LEN);
    uint32_t len;

    if (!pppoe) {
        xfsm_decoder_fail(d, XFSM_DE_LINK_SHORT);
        return;
    }
    if (pppoe[0] != PPPOE_VERSION_TYPE || pppoe[1] != PPPOE_CODE_SESSION) {
        return;
    }
    d->packet->pppoe_session = xfsm_load_be16(pppoe + 2);
    XFSM_GOT(d->present, PPPOE_SESSION);
    len = xfsm_load_be16(pppoe + 4);
    if (len < d->wire) {
        xfsm_decoder_resize(d, len);
    }
    xfsm_decode_ppp(d);
}
