/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef XFSM_PACKET_DECODE_PRIVATE_H
#define XFSM_PACKET_DECODE_PRIVATE_H 1

/* What the protocol decoders of this folder share.  Nobody else includes it.
 *
 * A decoder continues where the layer below it stopped: 'in' is what of the
 * layer was captured, 'wire' how long the layer is by the headers so far.  The
 * two differ where a capture cut the frame, which is no fault of the packet.
 * Each decoder sets members of the packet and their presence bits, narrows
 * 'in' and 'wire' to its payload and calls the next decoder; or it records an
 * error and returns, which ends decoding.
 *
 * Stores to the one-byte members of a packet may alias anything as far as the
 * compiler can tell.  Decoders therefore gather presence bits in a local
 * variable and write it back once. */

#include "xfsm/base/bytes.h"
#include "xfsm/packet/decode.h"
#include "xfsm/packet/field.h"
#include "xfsm/packet/packet.h"

/* EtherTypes. */
enum {
    ETH_TYPE_IP4 = 0x0800,
    ETH_TYPE_ARP = 0x0806,
    ETH_TYPE_ERSPAN3 = 0x22eb,
    ETH_TYPE_ETHERNET = 0x6558, /* "Transparent Ethernet bridging". */
    ETH_TYPE_RARP = 0x8035,     /* RFC 903; ARP with other operations. */
    ETH_TYPE_VLAN = 0x8100,     /* IEEE 802.1Q. */
    ETH_TYPE_IP6 = 0x86dd,
    ETH_TYPE_PPP = 0x880b,
    ETH_TYPE_MPLS = 0x8847,
    ETH_TYPE_MPLS_UPSTREAM = 0x8848,    /* RFC 5332; once multicast. */
    ETH_TYPE_PPPOE = 0x8864,    /* Session stage. */
    ETH_TYPE_QINQ = 0x88a8,     /* IEEE 802.1ad. */
    ETH_TYPE_ERSPAN = 0x88be,   /* Types I and II. */
    ETH_TYPE_VLAN_OLD = 0x9100, /* QinQ before 802.1ad. */
};

/* IP protocols. */
enum {
    PROTO_ICMP = 1,
    PROTO_IP4 = 4,
    PROTO_TCP = 6,
    PROTO_UDP = 17,
    PROTO_IP6 = 41,
    PROTO_GRE = 47,
    PROTO_ICMP6 = 58,
    PROTO_SCTP = 132,
};

struct xfsm_decoder {
    struct xfsm_packet *packet;         /* What is decoded. */
    const struct xfsm_fieldset *want;   /* Fields that somebody reads. */
    struct xfsm_bytes in;               /* Captured bytes of this layer. */
    uint32_t wire;                      /* Its length on the wire, never
                                         * less than 'in' holds. */
    struct xfsm_fieldset present;       /* Becomes packet->present. */
    bool unbounded;                     /* IP length field was 0: a packet
                                         * before segmentation offload. */
    bool nested;                        /* In a tunnel: a tunnel is noted in
                                         * 'tunnel', not decoded. */
    uint8_t tunnel;                     /* enum xfsm_tunnel: 'in' is at such
                                         * a header.  Unset but in the above
                                         * case, and for tunnel.c. */
};

/* Marks a field as present in the local set 'SET'. */
#define XFSM_GOT(SET, ID) xfsm_fieldset_add(&(SET), XFSM_F_##ID)

/* Records why decoding ends here. */
static inline void
xfsm_decoder_fail(struct xfsm_decoder *d, enum xfsm_decode_error error)
{
    d->packet->decode_error = error;
}

/* Takes a header of 'n' bytes off this layer, or returns NULL where it was not
 * captured whole. */
static inline const uint8_t *
xfsm_decoder_take(struct xfsm_decoder *d, uint32_t n)
{
    const uint8_t *p = xfsm_bytes_take(&d->in, n);

    if (p) {
        d->wire -= n;
    }
    return p;
}

/* Sets the length of this layer to the 'n' bytes that a header states. */
static inline void
xfsm_decoder_resize(struct xfsm_decoder *d, uint32_t n)
{
    xfsm_bytes_limit(&d->in, n);
    d->wire = n;
}

/* Stores the IPv4 address in the 4 bytes at 'p', in mapped form.  One 8-byte
 * store, so that a reader of the word need not wait for two. */
static inline void
xfsm_addr_set4(union xfsm_addr *addr, const uint8_t *p)
{
    addr->w[0] = 0;
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    addr->w[1] = (uint64_t) xfsm_load_ne32(p) << 32 | 0xffff0000;
#else
    addr->w[1] = UINT64_C(0xffff) << 32 | xfsm_load_ne32(p);
#endif
}

/* Stores the IPv6 address in the 16 bytes at 'p'. */
static inline void
xfsm_addr_set6(union xfsm_addr *addr, const uint8_t *p)
{
    addr->w[0] = xfsm_load_ne64(p);
    addr->w[1] = xfsm_load_ne64(p + 8);
}

/* Returns the fields of 'layer'.  Folds to a constant where 'layer' is one. */
static inline __attribute__((always_inline)) struct xfsm_fieldset
xfsm_layer_fields(enum xfsm_field_layer layer)
{
    struct xfsm_fieldset set = { { 0, 0 } };

#define XFSM_LAYER_ADD(ID, NAME, TYPE, LAYER, MEMBER, DOC) \
    if (layer == XFSM_FL_##LAYER) {                        \
        xfsm_fieldset_add(&set, XFSM_F_##ID);              \
    }
    XFSM_FIELDS(XFSM_LAYER_ADD)
#undef XFSM_LAYER_ADD
    return set;
}

/* Have the two sets a field in common? */
static inline bool
xfsm_fieldsets_meet(struct xfsm_fieldset a, struct xfsm_fieldset b)
{
    return ((a.w[0] & b.w[0]) | (a.w[1] & b.w[1])) != 0;
}

/* Tells whether somebody reads a field in 'set'. */
static inline bool
xfsm_decoder_wants_any(const struct xfsm_decoder *d, struct xfsm_fieldset set)
{
    return xfsm_fieldsets_meet(*d->want, set);
}

/* Tells whether somebody reads a field of 'layer'. */
static inline __attribute__((always_inline)) bool
xfsm_decoder_wants(const struct xfsm_decoder *d, enum xfsm_field_layer layer)
{
    return xfsm_decoder_wants_any(d, xfsm_layer_fields(layer));
}

/* Returns the fields that a TCP payload may have. */
static inline __attribute__((always_inline)) struct xfsm_fieldset
xfsm_tcp_payload_fields(void)
{
    struct xfsm_fieldset http = xfsm_layer_fields(XFSM_FL_HTTP);
    struct xfsm_fieldset tls = xfsm_layer_fields(XFSM_FL_TLS);
    struct xfsm_fieldset dns = xfsm_layer_fields(XFSM_FL_DNS);
    struct xfsm_fieldset modbus = xfsm_layer_fields(XFSM_FL_MODBUS);
    struct xfsm_fieldset set = { {
        http.w[0] | tls.w[0] | dns.w[0] | modbus.w[0],
        http.w[1] | tls.w[1] | dns.w[1] | modbus.w[1],
    } };

    return set;
}

/* ip.c: returns the bit of the IPv6 extension header that 'protocol' is (enum
 * xfsm_ip6_ext), 0 where it is none that is followed. */
unsigned int xfsm_ip6_extension(uint8_t protocol);

/* decode.c: at an Ethernet header; at what EtherType 'type' says; at an IP
 * header of any version. */
void xfsm_decode_ethernet(struct xfsm_decoder *);
void xfsm_decode_ethertype(struct xfsm_decoder *, uint16_t type);
void xfsm_decode_ip(struct xfsm_decoder *);

/* mpls.c: at a label stack. */
void xfsm_decode_mpls(struct xfsm_decoder *);

/* ppp.c: at a PPPoE session header; at a PPP frame. */
void xfsm_decode_pppoe(struct xfsm_decoder *);
void xfsm_decode_ppp(struct xfsm_decoder *);

/* ip.c: at the IP header. */
void xfsm_decode_ip4(struct xfsm_decoder *);
void xfsm_decode_ip6(struct xfsm_decoder *);

/* arp.c: at the ARP packet. */
void xfsm_decode_arp(struct xfsm_decoder *);

/* l4.c: after the IP headers, by packet->ip_proto.  'fragment' tells that the
 * packet is the first of several fragments, so that lengths in the transport
 * header are those of the whole datagram. */
void xfsm_decode_l4(struct xfsm_decoder *, bool fragment);

/* l4.c: at a TCP payload that was captured in part at least. */
void xfsm_decode_tcp_payload(struct xfsm_decoder *);

/* dns.c: at the transport payload.  Over TCP a message follows a two-byte
 * length. */
void xfsm_decode_dns(struct xfsm_decoder *);
void xfsm_decode_dns_tcp(struct xfsm_decoder *);

/* http.c: at a TCP payload.  False, and nothing done, where that does not
 * start an HTTP/1 request. */
bool xfsm_decode_http(struct xfsm_decoder *);

/* modbus.c: at a TCP payload on a port of Modbus/TCP, which need not be it. */
void xfsm_decode_modbus(struct xfsm_decoder *);

/* tls.c: at a TCP payload.  False, and nothing done, where that does not start
 * a TLS ClientHello. */
bool xfsm_decode_tls(struct xfsm_decoder *);

/* ntp.c: at a UDP payload on the port of NTP. */
void xfsm_decode_ntp(struct xfsm_decoder *);

/* dhcp.c: at a UDP payload on a port of DHCP, of DHCPv6. */
void xfsm_decode_dhcp(struct xfsm_decoder *);
void xfsm_decode_dhcp6(struct xfsm_decoder *);

/* tunnel.c: at the tunnel header that d->tunnel tells, the outermost. */
void xfsm_decode_tunnels(struct xfsm_decoder *);

/* Payload of a tunnel that is IP of any version.  No other EtherType is this
 * (RFC 1701 reserves it). */
#define XFSM_TUNNEL_IP 0xffff

/* What a tunnel header says. */
struct xfsm_tunnel_header {
    uint8_t type;               /* enum xfsm_tunnel. */
    bool has_id;
    uint16_t payload;           /* EtherType, or XFSM_TUNNEL_IP. */
    uint32_t id;
};

/* gre.c, vxlan.c, geneve.c, gtp.c: each takes its header off and stores what
 * it says, all members but 'type'.  False where it is none, or, with the error
 * recorded, where it is cut or malformed. */
bool xfsm_take_gre(struct xfsm_decoder *, struct xfsm_tunnel_header *);
bool xfsm_take_vxlan(struct xfsm_decoder *, struct xfsm_tunnel_header *);
bool xfsm_take_geneve(struct xfsm_decoder *, struct xfsm_tunnel_header *);
bool xfsm_take_gtp(struct xfsm_decoder *, struct xfsm_tunnel_header *);

#endif /* xfsm/packet/decode-private.h */
