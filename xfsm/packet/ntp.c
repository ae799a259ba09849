/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

/* NTP: the first bytes, which tell a client's request from those that make
 * servers into amplifiers.  Modes 1 to 5 are time (RFC 5905), 6 is control
 * (RFC 9327), 7 is private to an implementation: ntpd's "monlist" answers a
 * request of 8 bytes with up to a hundred packets.
 *
 * A port proves nothing, so mode 0 and versions that do not exist are left
 * alone in silence. */

#include "xfsm/packet/decode-private.h"

#define NTP_START_LEN 4
#define NTP_VERSION_MIN 1
#define NTP_VERSION_MAX 4

enum {
    NTP_MODE_RESERVED = 0,
    NTP_MODE_CONTROL = 6,
    NTP_MODE_PRIVATE = 7,
};

void
xfsm_decode_ntp(struct xfsm_decoder *d)
{
    struct xfsm_packet *packet = d->packet;
    const uint8_t *ntp = xfsm_bytes_peek(&d->in, NTP_START_LEN);
    uint8_t version, mode;

    if (!ntp) {
        xfsm_decoder_fail(d, XFSM_DE_NTP_SHORT);
        return;
    }
    version = ntp[0] >> 3 & 7;
    mode = ntp[0] & 7;
    if (mode == NTP_MODE_RESERVED || version < NTP_VERSION_MIN
        || version > NTP_VERSION_MAX) {
        return;
    }
    packet->ntp_version = version;
    packet->ntp_mode = mode;
    XFSM_GOT(d->present, NTP_VERSION);
    XFSM_GOT(d->present, NTP_MODE);
    if (mode == NTP_MODE_CONTROL) {
        packet->ntp_response = ntp[1] >> 7;
        packet->ntp_code = ntp[1] & 31;
    } else if (mode == NTP_MODE_PRIVATE) {
        packet->ntp_response = ntp[0] >> 7;
        packet->ntp_impl = ntp[2];
        packet->ntp_code = ntp[3];
        XFSM_GOT(d->present, NTP_IMPL);
    } else {
        return;
    }
    XFSM_GOT(d->present, NTP_RESPONSE);
    XFSM_GOT(d->present, NTP_CODE);
}
