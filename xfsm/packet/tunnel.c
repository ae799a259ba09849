/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

/* Tunnels: takes header after header off, decodes what each one holds into a
 * packet of its own with the decoders of this folder, and keeps of the
 * innermost what the inner fields are.
 *
 * A nested packet that nothing could be decoded of leaves the one around it
 * as the innermost. */

#include "xfsm/packet/decode-private.h"

/* I(ID, INNER_MEMBER, MEMBER): inner fields and what they are in a nested
 * packet. */
#define INNER_FIELDS(I)                         \
    I(ETH_SRC, inner_eth_src, eth_src)          \
    I(ETH_DST, inner_eth_dst, eth_dst)          \
    I(ETH_TYPE, inner_eth_type, eth_type)       \
    I(VLAN_ID, inner_vlan_id, vlan_id)          \
    I(IP_SRC, inner_ip_src, ip_src)             \
    I(IP_DST, inner_ip_dst, ip_dst)             \
    I(IP_VERSION, inner_ip_version, ip_version) \
    I(PROTO, inner_ip_proto, ip_proto)          \
    I(IP_TTL, inner_ip_ttl, ip_ttl)             \
    I(SRC_PORT, inner_src_port, src_port)       \
    I(DST_PORT, inner_dst_port, dst_port)       \
    I(TCP_FLAGS, inner_tcp_flags, tcp_flags)    \
    I(ICMP_TYPE, inner_icmp_type, icmp_type)    \
    I(ICMP_CODE, inner_icmp_code, icmp_code)

/* Makes the inner fields of 'd' those that 'nested' has, if it has any. */
static void
tunnel_keep(struct xfsm_decoder *d, const struct xfsm_decoder *nested)
{
    struct xfsm_packet *packet = d->packet;
    const struct xfsm_packet *inner = nested->packet;
    const struct xfsm_fieldset *has = &nested->present;

    if (!has->w[0] && !has->w[1]) {
        return;
    }
#define INNER_KEEP(ID, INNER_MEMBER, MEMBER)                    \
    xfsm_fieldset_remove(&d->present, XFSM_F_INNER_##ID);       \
    if (xfsm_fieldset_has(has, XFSM_F_##ID)) {                  \
        packet->INNER_MEMBER = inner->MEMBER;                   \
        XFSM_GOT(d->present, INNER_##ID);                       \
    }
    INNER_FIELDS(INNER_KEEP)
#undef INNER_KEEP
}

/* Takes the header of the tunnel 'type' off.  False as the functions that it
 * calls. */
static bool
tunnel_take_header(struct xfsm_decoder *d, uint8_t type,
                   struct xfsm_tunnel_header *header)
{
    header->type = type;
    switch (type) {
    case XFSM_TUN_GRE:
        return xfsm_take_gre(d, header);
    case XFSM_TUN_VXLAN:
        return xfsm_take_vxlan(d, header);
    case XFSM_TUN_GENEVE:
        return xfsm_take_geneve(d, header);
    case XFSM_TUN_GTP:
        return xfsm_take_gtp(d, header);
    default:                    /* IP in IP has no header. */
        header->has_id = false;
        header->payload = XFSM_TUNNEL_IP;
        return true;
    }
}

/* Notes in the packet of 'd' a header that lies in 'n' others. */
static void
tunnel_note(struct xfsm_decoder *d, const struct xfsm_tunnel_header *header,
            int n)
{
    struct xfsm_packet *packet = d->packet;

    packet->tun_depth = (uint8_t) (n + 1);
    if (n) {
        return;
    }
    packet->tun_type = header->type;
    XFSM_GOT(d->present, TUN_TYPE);
    XFSM_GOT(d->present, TUN_DEPTH);
    if (header->has_id) {
        packet->tun_id = header->id;
        XFSM_GOT(d->present, TUN_ID);
    }
}

static void
tunnel_decode_payload(struct xfsm_decoder *nested, uint16_t payload)
{
    switch (payload) {
    case XFSM_TUNNEL_IP:
        xfsm_decode_ip(nested);
        break;
    case ETH_TYPE_ETHERNET:
        xfsm_decode_ethernet(nested);
        break;
    case ETH_TYPE_PPP:
        xfsm_decode_ppp(nested);
        break;
    default:
        xfsm_decode_ethertype(nested, payload);
        break;
    }
}

void
xfsm_decode_tunnels(struct xfsm_decoder *d)
{
    const struct xfsm_fieldset want = xfsm_layer_fields(XFSM_FL_TUNNEL);
    struct xfsm_decoder nested = *d;
    struct xfsm_packet inner;
    int n;

    inner.aux_vlan_tpid = 0;
    inner.decode_error = XFSM_DE_NONE;
    nested.nested = true;
    nested.packet = &inner;
    nested.want = &want;
    for (n = 0; nested.tunnel; n++) {
        struct xfsm_tunnel_header header;
        uint8_t type = nested.tunnel;

        if (n == XFSM_TUNNEL_MAX) {
            xfsm_decoder_fail(&nested, XFSM_DE_TUNNEL_DEEP);
            break;
        }
        nested.tunnel = XFSM_TUN_NONE;
        nested.unbounded = false;
        nested.present.w[0] = nested.present.w[1] = 0;
        if (!tunnel_take_header(&nested, type, &header)) {
            break;
        }
        tunnel_note(d, &header, n);
        tunnel_decode_payload(&nested, header.payload);
        tunnel_keep(d, &nested);
    }
    xfsm_decoder_fail(d, inner.decode_error);
}
