/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

/* DHCP (RFC 2131) with the options (RFC 2132) that tell who serves and what
 * for; BOOTP, which has no options; of DHCPv6 (RFC 8415) the message type.
 *
 * Of an option given twice the first counts.  Options that overflow into the
 * fields for server and file name (option 52) are not looked for there. */

#include "xfsm/packet/decode-private.h"

#define DHCP_HEADER_LEN 236
#define DHCP_COOKIE_LEN 4
#define DHCP_COOKIE 0x63825363
#define DHCP6_HEADER_LEN 4      /* Type and transaction. */

#define DHCP_OP_REQUEST 1
#define DHCP_OP_REPLY 2
#define DHCP_HTYPE_ETHERNET 1

enum {
    OPTION_PAD = 0,
    OPTION_ROUTER = 3,
    OPTION_DNS = 6,
    OPTION_TYPE = 53,
    OPTION_SERVER_ID = 54,
    OPTION_END = 255,
};

/* Stores the first address of an option's value, unless there was one. */
static void
dhcp_set_addr(struct xfsm_decoder *d, enum xfsm_field_id field,
              union xfsm_addr *addr, const struct xfsm_bytes *value)
{
    const uint8_t *p = xfsm_bytes_peek(value, 4);

    if (p && !xfsm_fieldset_has(&d->present, field)) {
        xfsm_addr_set4(addr, p);
        xfsm_fieldset_add(&d->present, field);
    }
}

static void
dhcp_set_option(struct xfsm_decoder *d, uint8_t code,
                const struct xfsm_bytes *value)
{
    struct xfsm_packet *packet = d->packet;
    const uint8_t *p = xfsm_bytes_peek(value, 1);

    switch (code) {
    case OPTION_TYPE:
        if (p && !xfsm_fieldset_has(&d->present, XFSM_F_DHCP_TYPE)) {
            packet->dhcp_type = *p;
            XFSM_GOT(d->present, DHCP_TYPE);
        }
        break;
    case OPTION_SERVER_ID:
        dhcp_set_addr(d, XFSM_F_DHCP_SERVER_ID, &packet->dhcp_server_id,
                      value);
        break;
    case OPTION_ROUTER:
        dhcp_set_addr(d, XFSM_F_DHCP_ROUTER, &packet->dhcp_router, value);
        break;
    case OPTION_DNS:
        dhcp_set_addr(d, XFSM_F_DHCP_DNS, &packet->dhcp_dns, value);
        break;
    default:
        break;
    }
}

/* Goes through the options at 'd'.  False where they are cut. */
static bool
dhcp_walk_options(struct xfsm_decoder *d)
{
    int n;

    for (n = 0; n < XFSM_DHCP_OPTIONS_MAX; n++) {
        struct xfsm_bytes value;
        uint8_t code, len;

        if (!xfsm_bytes_u8(&d->in, &code)) {
            return false;
        }
        if (code == OPTION_END) {
            return true;
        }
        if (code == OPTION_PAD) {
            continue;
        }
        if (!xfsm_bytes_u8(&d->in, &len)
            || !xfsm_bytes_sub(&d->in, len, &value)) {
            return false;
        }
        dhcp_set_option(d, code, &value);
    }
    return true;
}

void
xfsm_decode_dhcp(struct xfsm_decoder *d)
{
    struct xfsm_packet *packet = d->packet;
    const uint8_t *dhcp = xfsm_bytes_take(&d->in, DHCP_HEADER_LEN);
    const uint8_t *cookie;

    if (!dhcp) {
        xfsm_decoder_fail(d, XFSM_DE_DHCP_SHORT);
        return;
    }
    if (dhcp[0] != DHCP_OP_REQUEST && dhcp[0] != DHCP_OP_REPLY) {
        return;
    }
    packet->dhcp_op = dhcp[0];
    packet->dhcp_xid = xfsm_load_be32(dhcp + 4);
    XFSM_GOT(d->present, DHCP_OP);
    XFSM_GOT(d->present, DHCP_XID);
    if (dhcp[1] == DHCP_HTYPE_ETHERNET && dhcp[2] == 6) {
        packet->dhcp_client_mac = xfsm_load_be48(dhcp + 28);
        XFSM_GOT(d->present, DHCP_CLIENT_MAC);
    }
    if (packet->dhcp_op == DHCP_OP_REPLY) {
        xfsm_addr_set4(&packet->dhcp_addr, dhcp + 16);
        XFSM_GOT(d->present, DHCP_ADDR);
    }
    cookie = xfsm_bytes_take(&d->in, DHCP_COOKIE_LEN);
    if (!cookie || (xfsm_load_be32(cookie) == DHCP_COOKIE
                    && !dhcp_walk_options(d))) {
        xfsm_decoder_fail(d, XFSM_DE_DHCP_SHORT);
    }
}

void
xfsm_decode_dhcp6(struct xfsm_decoder *d)
{
    const uint8_t *dhcp = xfsm_bytes_peek(&d->in, DHCP6_HEADER_LEN);

    if (!dhcp) {
        xfsm_decoder_fail(d, XFSM_DE_DHCP_SHORT);
        return;
    }
    d->packet->dhcp6_type = dhcp[0];
    XFSM_GOT(d->present, DHCP6_TYPE);
}
