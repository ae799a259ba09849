/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

/* GTP-U (3GPP TS 29.281): user packets of mobile networks.  Messages that
 * carry none (echo, error indication) are no tunnel. */

#include "xfsm/packet/decode-private.h"

#define GTP_HEADER_LEN 8
#define GTP_OPTIONAL_LEN 4      /* Sequence, N-PDU number, next extension. */
#define GTP_VERSION_MASK 0xf0   /* Version and protocol type. */
#define GTP_VERSION 0x30        /* Version 1, not GTP'. */
#define GTP_FLAG_EXTENSION 0x04
#define GTP_FLAGS_OPTIONAL 0x07
#define GTP_TYPE_PDU 255

/* Takes extension headers off, from type 'next' on: length in units of four
 * bytes, content, type of the next one. */
static bool
gtp_take_extensions(struct xfsm_decoder *d, uint8_t next)
{
    int n;

    for (n = 0; next; n++) {
        const uint8_t *ext = xfsm_bytes_peek(&d->in, 1);
        uint32_t len = ext ? ext[0] * 4u : 4;

        if (!len || n == XFSM_GTP_EXT_MAX) {
            xfsm_decoder_fail(d, XFSM_DE_TUNNEL_HEADER);
            return false;
        }
        ext = xfsm_decoder_take(d, len);
        if (!ext) {
            xfsm_decoder_fail(d, XFSM_DE_TUNNEL_SHORT);
            return false;
        }
        next = ext[len - 1];
    }
    return true;
}

bool
xfsm_take_gtp(struct xfsm_decoder *d, struct xfsm_tunnel_header *header)
{
    const uint8_t *gtp = xfsm_decoder_take(d, GTP_HEADER_LEN);
    const uint8_t *optional;
    uint32_t len;

    if (!gtp) {
        xfsm_decoder_fail(d, XFSM_DE_TUNNEL_SHORT);
        return false;
    }
    if ((gtp[0] & GTP_VERSION_MASK) != GTP_VERSION
        || gtp[1] != GTP_TYPE_PDU) {
        return false;
    }
    len = xfsm_load_be16(gtp + 2);
    if (len < d->wire) {
        xfsm_decoder_resize(d, len);
    }
    if (gtp[0] & GTP_FLAGS_OPTIONAL) {
        optional = xfsm_decoder_take(d, GTP_OPTIONAL_LEN);
        if (!optional) {
            xfsm_decoder_fail(d, XFSM_DE_TUNNEL_SHORT);
            return false;
        }
        if (gtp[0] & GTP_FLAG_EXTENSION
            && !gtp_take_extensions(d, optional[3])) {
            return false;
        }
    }
    header->has_id = true;
    header->id = xfsm_load_be32(gtp + 4);
    header->payload = XFSM_TUNNEL_IP;
    return true;
}
