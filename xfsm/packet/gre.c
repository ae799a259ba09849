/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

/* GRE (RFC 2784, RFC 2890), the form of it that PPTP uses (RFC 2637), and
 * ERSPAN, mirrored Ethernet frames in GRE (draft-foschiano-erspan-03; type I
 * has no header of its own, types II and III have).
 *
 * NVGRE (RFC 7637) is Ethernet in GRE with a key. */

#include "xfsm/packet/decode-private.h"

#define GRE_HEADER_LEN 4
#define ERSPAN2_HEADER_LEN 8
#define ERSPAN3_HEADER_LEN 12
#define ERSPAN3_SUBHEADER_LEN 8

/* Flags and version. */
enum {
    GRE_CHECKSUM = 0x8000,
    GRE_ROUTING = 0x4000,       /* RFC 1701, not in use since. */
    GRE_KEY = 0x2000,
    GRE_SEQUENCE = 0x1000,
    GRE_ACK = 0x0080,           /* Version 1 alone. */
    GRE_VERSION = 0x0007,
};

#define ERSPAN2_VERSION 1
#define ERSPAN3_VERSION 2
#define ERSPAN_SESSION_MASK 0x3ff
#define ERSPAN3_FLAG_SUBHEADER 0x01

/* Takes 'n' bytes of header off, or records that they are cut. */
static const uint8_t *
gre_take(struct xfsm_decoder *d, uint32_t n)
{
    const uint8_t *p = xfsm_decoder_take(d, n);

    if (!p) {
        xfsm_decoder_fail(d, XFSM_DE_TUNNEL_SHORT);
    }
    return p;
}

/* Takes ERSPAN's header off, type II or III. */
static bool
gre_take_erspan(struct xfsm_decoder *d, struct xfsm_tunnel_header *header,
                uint8_t version, uint32_t len)
{
    const uint8_t *erspan = gre_take(d, len);

    if (!erspan) {
        return false;
    }
    if (erspan[0] >> 4 != version) {
        xfsm_decoder_fail(d, XFSM_DE_TUNNEL_HEADER);
        return false;
    }
    if (version == ERSPAN3_VERSION && erspan[11] & ERSPAN3_FLAG_SUBHEADER
        && !gre_take(d, ERSPAN3_SUBHEADER_LEN)) {
        return false;
    }
    header->has_id = true;
    header->id = xfsm_load_be16(erspan + 2) & ERSPAN_SESSION_MASK;
    return true;
}

/* After a GRE header with 'flags': what its type of payload starts with. */
static bool
gre_take_payload_header(struct xfsm_decoder *d,
                        struct xfsm_tunnel_header *header, uint16_t flags)
{
    bool ok = true;

    if (header->payload == ETH_TYPE_ERSPAN3) {
        ok = gre_take_erspan(d, header, ERSPAN3_VERSION, ERSPAN3_HEADER_LEN);
    } else if (header->payload == ETH_TYPE_ERSPAN && flags & GRE_SEQUENCE) {
        ok = gre_take_erspan(d, header, ERSPAN2_VERSION, ERSPAN2_HEADER_LEN);
    } else if (header->payload != ETH_TYPE_ERSPAN) {
        return true;
    }
    header->type = XFSM_TUN_ERSPAN;
    header->payload = ETH_TYPE_ETHERNET;
    return ok;
}

/* PPTP: the key is the payload's length and the call, a packet may be but an
 * acknowledgment. */
static bool
gre_take_pptp(struct xfsm_decoder *d, struct xfsm_tunnel_header *header,
              uint16_t flags)
{
    const uint8_t *key;

    if (header->payload != ETH_TYPE_PPP || !(flags & GRE_KEY)) {
        return false;
    }
    key = gre_take(d, 4);
    if (!key || (flags & GRE_SEQUENCE && !gre_take(d, 4))
        || (flags & GRE_ACK && !gre_take(d, 4))) {
        return false;
    }
    header->has_id = true;
    header->id = xfsm_load_be16(key + 2);
    return flags & GRE_SEQUENCE;
}

bool
xfsm_take_gre(struct xfsm_decoder *d, struct xfsm_tunnel_header *header)
{
    const uint8_t *gre = gre_take(d, GRE_HEADER_LEN);
    const uint8_t *key;
    uint16_t flags;

    if (!gre) {
        return false;
    }
    flags = xfsm_load_be16(gre);
    header->has_id = false;
    header->payload = xfsm_load_be16(gre + 2);
    if ((flags & GRE_VERSION) == 1) {
        return gre_take_pptp(d, header, flags);
    }
    if (flags & (GRE_VERSION | GRE_ROUTING)) {
        xfsm_decoder_fail(d, XFSM_DE_TUNNEL_HEADER);
        return false;
    }
    if (flags & GRE_CHECKSUM && !gre_take(d, 4)) {
        return false;
    }
    if (flags & GRE_KEY) {
        key = gre_take(d, 4);
        if (!key) {
            return false;
        }
        header->has_id = true;
        header->id = xfsm_load_be32(key);
    }
    if (flags & GRE_SEQUENCE && !gre_take(d, 4)) {
        return false;
    }
    return gre_take_payload_header(d, header, flags);
}
