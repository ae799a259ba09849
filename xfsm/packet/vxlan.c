/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

/* VXLAN (RFC 7348).  Without the flag that says so, there is no network
 * identifier, and a packet on the port is something else. */

#include "xfsm/packet/decode-private.h"

#define VXLAN_HEADER_LEN 8
#define VXLAN_FLAG_ID 0x08

bool
xfsm_take_vxlan(struct xfsm_decoder *d, struct xfsm_tunnel_header *header)
{
    const uint8_t *vxlan = xfsm_decoder_take(d, VXLAN_HEADER_LEN);

    if (!vxlan) {
        xfsm_decoder_fail(d, XFSM_DE_TUNNEL_SHORT);
        return false;
    }
    if (!(vxlan[0] & VXLAN_FLAG_ID)) {
        return false;
    }
    header->has_id = true;
    header->id = xfsm_load_be24(vxlan + 4);
    header->payload = ETH_TYPE_ETHERNET;
    return true;
}
