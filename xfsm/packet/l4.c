/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

/* TCP (RFC 9293), UDP (RFC 768), SCTP (RFC 9260), ICMP (RFC 792, RFC 4443),
 * and the choice of the application decoder. */

#include "xfsm/packet/decode-private.h"

/* ICMP and ICMPv6 messages that carry an identifier and a number. */
enum {
    ICMP_ECHO_REPLY = 0,
    ICMP_ECHO = 8,
    ICMP6_ECHO = 128,
    ICMP6_ECHO_REPLY = 129,
};

#define PORTS_LEN 4
#define TCP_HEADER_LEN 20
#define UDP_HEADER_LEN 8
#define SCTP_HEADER_LEN 12
#define ICMP_HEADER_LEN 4       /* What all messages have. */
#define ICMP_REST_LEN 4         /* What echo has its numbers in. */

#define PORT_DNS 53
#define PORT_MDNS 5353
#define PORT_DHCP_SERVER 67
#define PORT_DHCP_CLIENT 68
#define PORT_NTP 123
#define PORT_DHCP6_CLIENT 546
#define PORT_DHCP6_SERVER 547
#define PORT_GTP 2152
#define PORT_GRE 4754           /* GRE in UDP (RFC 8086). */
#define PORT_VXLAN 4789
#define PORT_GENEVE 6081
#define PORT_VXLAN_LINUX 8472   /* Linux's choice before the assignment. */
#define PORT_MODBUS 502
#define PORT_MODBUS_ALT 20000

static inline bool
l4_has_port(const struct xfsm_packet *packet, uint16_t port)
{
    return packet->src_port == port || packet->dst_port == port;
}

static inline void
l4_set_ports(struct xfsm_packet *packet, struct xfsm_fieldset *got,
             const uint8_t *header)
{
    uint32_t ports = xfsm_load_be32(header);

    packet->src_port = ports >> 16;
    packet->dst_port = ports & 0xffff;
    XFSM_GOT(*got, SRC_PORT);
    XFSM_GOT(*got, DST_PORT);
}

/* A transport header that was cut: the ports may still be there. */
static __attribute__((noinline, cold)) void
l4_fail_short(struct xfsm_decoder *d)
{
    const uint8_t *ports = xfsm_bytes_peek(&d->in, PORTS_LEN);

    if (ports) {
        l4_set_ports(d->packet, &d->present, ports);
    }
    xfsm_decoder_fail(d, XFSM_DE_L4_SHORT);
}

void
xfsm_decode_tcp_payload(struct xfsm_decoder *d)
{
    const struct xfsm_packet *packet = d->packet;

    if (xfsm_decoder_wants(d, XFSM_FL_HTTP) && xfsm_decode_http(d)) {
        return;
    }
    if (xfsm_decoder_wants(d, XFSM_FL_TLS) && xfsm_decode_tls(d)) {
        return;
    }
    if (l4_has_port(packet, PORT_DNS)) {
        if (xfsm_decoder_wants(d, XFSM_FL_DNS)) {
            xfsm_decode_dns_tcp(d);
        }
    } else if (l4_has_port(packet, PORT_MODBUS)
               || l4_has_port(packet, PORT_MODBUS_ALT)) {
        if (xfsm_decoder_wants(d, XFSM_FL_MODBUS)) {
            xfsm_decode_modbus(d);
        }
    }
}

static void
l4_decode_tcp(struct xfsm_decoder *d, bool fragment)
{
    struct xfsm_packet *packet = d->packet;
    struct xfsm_fieldset got = d->present;
    const uint8_t *tcp = xfsm_bytes_peek(&d->in, TCP_HEADER_LEN);
    uint32_t header_len;

    if (!tcp) {
        l4_fail_short(d);
        return;
    }
    l4_set_ports(packet, &got, tcp);
    packet->tcp_seq = xfsm_load_be32(tcp + 4);
    packet->tcp_ack = xfsm_load_be32(tcp + 8);
    packet->tcp_flags = tcp[13];
    packet->tcp_window = xfsm_load_be16(tcp + 14);
    XFSM_GOT(got, TCP_SEQ);
    XFSM_GOT(got, TCP_ACK);
    XFSM_GOT(got, TCP_FLAGS);
    XFSM_GOT(got, TCP_WINDOW);

    header_len = (tcp[12] >> 4) * 4;
    if (header_len < TCP_HEADER_LEN || header_len > d->wire) {
        d->present = got;
        xfsm_decoder_fail(d, (header_len >= TCP_HEADER_LEN && fragment
                              ? XFSM_DE_L4_SHORT : XFSM_DE_TCP_HLEN));
        return;
    }
    packet->payload_len = d->wire - header_len;
    XFSM_GOT(got, PAYLOAD_LEN);
    d->present = got;

    if (!xfsm_decoder_take(d, header_len)) {
        xfsm_decoder_fail(d, XFSM_DE_L4_SHORT);
    } else if (xfsm_bytes_remaining(&d->in)) {
        xfsm_decode_tcp_payload(d);
    }
}

/* Decodes what 'port' is for, on one side of a UDP packet.  False where that
 * is nothing of interest. */
static bool
l4_decode_udp_port(struct xfsm_decoder *d, uint16_t port)
{
    switch (port) {
    case PORT_NTP:
        if (xfsm_decoder_wants(d, XFSM_FL_NTP)) {
            xfsm_decode_ntp(d);
        }
        return true;
    case PORT_DHCP_SERVER:
    case PORT_DHCP_CLIENT:
        if (xfsm_decoder_wants(d, XFSM_FL_DHCP)) {
            xfsm_decode_dhcp(d);
        }
        return true;
    case PORT_DHCP6_CLIENT:
    case PORT_DHCP6_SERVER:
        if (xfsm_decoder_wants(d, XFSM_FL_DHCP)) {
            xfsm_decode_dhcp6(d);
        }
        return true;
    default:
        return false;
    }
}

/* Which tunnel UDP packets to 'port' are. */
static enum xfsm_tunnel
l4_udp_tunnel(uint16_t port)
{
    switch (port) {
    case PORT_GTP: return XFSM_TUN_GTP;
    case PORT_GRE: return XFSM_TUN_GRE;
    case PORT_VXLAN: return XFSM_TUN_VXLAN;
    case PORT_VXLAN_LINUX: return XFSM_TUN_VXLAN;
    case PORT_GENEVE: return XFSM_TUN_GENEVE;
    default: return XFSM_TUN_NONE;
    }
}

/* At the header of 'tunnel', if anybody cares. */
static void
l4_decode_tunnel(struct xfsm_decoder *d, enum xfsm_tunnel tunnel)
{
    if (xfsm_decoder_wants(d, XFSM_FL_TUNNEL)) {
        d->tunnel = (uint8_t) tunnel;
        if (!d->nested) {
            xfsm_decode_tunnels(d);
        }
    }
}

/* Fields that a UDP payload may have, DNS apart. */
static inline struct xfsm_fieldset
l4_udp_fields(void)
{
    struct xfsm_fieldset ntp = xfsm_layer_fields(XFSM_FL_NTP);
    struct xfsm_fieldset dhcp = xfsm_layer_fields(XFSM_FL_DHCP);
    struct xfsm_fieldset tunnel = xfsm_layer_fields(XFSM_FL_TUNNEL);
    struct xfsm_fieldset set = { {
        ntp.w[0] | dhcp.w[0] | tunnel.w[0],
        ntp.w[1] | dhcp.w[1] | tunnel.w[1],
    } };

    return set;
}

static void
l4_decode_udp_payload(struct xfsm_decoder *d)
{
    const struct xfsm_packet *packet = d->packet;
    enum xfsm_tunnel tunnel;

    if (l4_has_port(packet, PORT_DNS) || l4_has_port(packet, PORT_MDNS)) {
        if (xfsm_decoder_wants(d, XFSM_FL_DNS)) {
            xfsm_decode_dns(d);
        }
        return;
    }
    if (!xfsm_decoder_wants_any(d, l4_udp_fields())) {
        return;
    }
    tunnel = l4_udp_tunnel(packet->dst_port);
    if (tunnel) {
        l4_decode_tunnel(d, tunnel);
    } else if (!l4_decode_udp_port(d, packet->dst_port)) {
        l4_decode_udp_port(d, packet->src_port);
    }
}

static void
l4_decode_udp(struct xfsm_decoder *d, bool fragment)
{
    struct xfsm_packet *packet = d->packet;
    struct xfsm_fieldset got = d->present;
    const uint8_t *udp = xfsm_bytes_peek(&d->in, UDP_HEADER_LEN);
    uint32_t len;

    if (!udp) {
        l4_fail_short(d);
        return;
    }
    l4_set_ports(packet, &got, udp);
    len = xfsm_load_be16(udp + 4);
    if (len >= UDP_HEADER_LEN && len <= d->wire) {
        xfsm_decoder_resize(d, len);
    } else if (!(fragment && len >= UDP_HEADER_LEN)
               && !(d->unbounded && !len)) {
        d->present = got;
        xfsm_decoder_fail(d, XFSM_DE_UDP_LEN);
        return;
    }
    xfsm_decoder_take(d, UDP_HEADER_LEN);
    packet->payload_len = d->wire;
    XFSM_GOT(got, PAYLOAD_LEN);
    d->present = got;

    if (d->wire) {
        l4_decode_udp_payload(d);
    }
}

static void
l4_decode_sctp(struct xfsm_decoder *d)
{
    const uint8_t *sctp = xfsm_decoder_take(d, SCTP_HEADER_LEN);
    const uint8_t *chunk;

    if (!sctp) {
        l4_fail_short(d);
        return;
    }
    l4_set_ports(d->packet, &d->present, sctp);
    d->packet->sctp_vtag = xfsm_load_be32(sctp + 4);
    XFSM_GOT(d->present, SCTP_VTAG);
    chunk = xfsm_bytes_peek(&d->in, 1);
    if (chunk) {
        d->packet->sctp_chunk = *chunk;
        XFSM_GOT(d->present, SCTP_CHUNK);
    }
}

/* Whether a message of 'type' is an echo request or reply of its protocol. */
static inline bool
icmp_is_echo(uint8_t protocol, uint8_t type)
{
    return (protocol == PROTO_ICMP
            ? type == ICMP_ECHO || type == ICMP_ECHO_REPLY
            : type == ICMP6_ECHO || type == ICMP6_ECHO_REPLY);
}

static void
l4_decode_icmp(struct xfsm_decoder *d)
{
    struct xfsm_packet *packet = d->packet;
    struct xfsm_fieldset got = d->present;
    const uint8_t *icmp = xfsm_decoder_take(d, ICMP_HEADER_LEN);
    const uint8_t *rest;

    if (!icmp) {
        xfsm_decoder_fail(d, XFSM_DE_L4_SHORT);
        return;
    }
    packet->icmp_type = icmp[0];
    packet->icmp_code = icmp[1];
    XFSM_GOT(got, ICMP_TYPE);
    XFSM_GOT(got, ICMP_CODE);
    if (d->wire >= ICMP_REST_LEN) {
        packet->icmp_payload_len = d->wire - ICMP_REST_LEN;
        XFSM_GOT(got, ICMP_PAYLOAD_LEN);
    }
    rest = xfsm_bytes_peek(&d->in, ICMP_REST_LEN);
    if (rest && icmp_is_echo(packet->ip_proto, packet->icmp_type)) {
        packet->icmp_id = xfsm_load_be16(rest);
        packet->icmp_seq = xfsm_load_be16(rest + 2);
        XFSM_GOT(got, ICMP_ID);
        XFSM_GOT(got, ICMP_SEQ);
    }
    d->present = got;
}

static __attribute__((noinline)) void
l4_decode_other(struct xfsm_decoder *d)
{
    switch (d->packet->ip_proto) {
    case PROTO_ICMP:
    case PROTO_ICMP6:
        l4_decode_icmp(d);
        break;
    case PROTO_SCTP:
        l4_decode_sctp(d);
        break;
    case PROTO_IP4:
    case PROTO_IP6:
        l4_decode_tunnel(d, XFSM_TUN_IP);
        break;
    case PROTO_GRE:
        l4_decode_tunnel(d, XFSM_TUN_GRE);
        break;
    default:
        break;
    }
}

void
xfsm_decode_l4(struct xfsm_decoder *d, bool fragment)
{
    uint8_t protocol = d->packet->ip_proto;

    if (protocol == PROTO_TCP) {
        l4_decode_tcp(d, fragment);
    } else if (protocol == PROTO_UDP) {
        l4_decode_udp(d, fragment);
    } else {
        l4_decode_other(d);
    }
}
