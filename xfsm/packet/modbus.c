/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

/* Modbus/TCP: the MBAP header (MODBUS Messaging on TCP/IP Implementation Guide
 * 1.0b, section 3.1.3) and the function code, requests and responses alike.
 *
 * A port proves nothing (20000 is DNP3's), so the header has to fit: protocol
 * identifier 0, a length that a message can have and that the segment holds.
 * Of several messages in a segment the first is taken. */

#include "xfsm/packet/decode-private.h"

#define MBAP_LEN 7              /* Unit identifier included. */
#define MBAP_UNCOUNTED 6        /* Bytes in front of what 'length' counts. */
#define MODBUS_LEN_MIN 2        /* Unit identifier and function code. */
#define MODBUS_LEN_MAX 254      /* Unit identifier and a PDU of 253 bytes. */

void
xfsm_decode_modbus(struct xfsm_decoder *d)
{
    struct xfsm_packet *packet = d->packet;
    uint32_t wire = d->wire;
    const uint8_t *mbap = xfsm_decoder_take(d, MBAP_LEN + 1);
    uint32_t len;

    if (!mbap) {
        xfsm_decoder_fail(d, XFSM_DE_MODBUS_SHORT);
        return;
    }
    len = xfsm_load_be16(mbap + 4);
    if (xfsm_load_be16(mbap + 2) || len < MODBUS_LEN_MIN
        || len > MODBUS_LEN_MAX || MBAP_UNCOUNTED + len > wire) {
        return;
    }
    packet->modbus_ti = xfsm_load_be16(mbap);
    packet->modbus_fc = mbap[MBAP_LEN];
    XFSM_GOT(d->present, MODBUS_TI);
    XFSM_GOT(d->present, MODBUS_FC);
}
