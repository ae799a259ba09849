/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

/* Geneve (RFC 8926).  Options, 252 bytes at most, are passed over as a
 * whole. */

#include "xfsm/packet/decode-private.h"

#define GENEVE_HEADER_LEN 8
#define GENEVE_VERSION 0

bool
xfsm_take_geneve(struct xfsm_decoder *d, struct xfsm_tunnel_header *header)
{
    const uint8_t *geneve = xfsm_decoder_take(d, GENEVE_HEADER_LEN);

    if (!geneve) {
        xfsm_decoder_fail(d, XFSM_DE_TUNNEL_SHORT);
        return false;
    }
    if (geneve[0] >> 6 != GENEVE_VERSION) {
        return false;
    }
    if (!xfsm_decoder_take(d, (geneve[0] & 63) * 4)) {
        xfsm_decoder_fail(d, XFSM_DE_TUNNEL_SHORT);
        return false;
    }
    header->has_id = true;
    header->id = xfsm_load_be24(geneve + 4);
    header->payload = xfsm_load_be16(geneve + 2);
    return true;
}
