/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef XFSM_PACKET_PACKET_H
#define XFSM_PACKET_PACKET_H 1

/* A packet as the engine sees it.
 *
 * A source (see xfsm/io/ and ovs-plugin/) fills the first group of members
 * and leaves the bytes where they are: the engine never copies or writes
 * packet data.  xfsm_decode() (decode.h) fills the rest.  A decoded value is
 * meaningful only where its bit in 'present' is set, because zero is a value
 * like any other: port 0, ICMP type 0 and an empty DNS name all occur.
 *
 * Every decoded value is a field of the registry in field.h, which is the one
 * list that names, documents and locates them.
 *
 * Ownership: 'data' and 'scratch' belong to the source and must stay valid
 * and unchanged until the engine has returned from the batch.  String views
 * point into either of them, or into memory of the engine.
 *
 * Thread-safety: none; a packet is owned by one thread. */

#include <stdbool.h>
#include <stdint.h>

/* Number of words in a field set: room for 128 fields. */
#define XFSM_FIELDSET_WORDS 2

/* A set of fields, one bit for each enum xfsm_field_id. */
struct xfsm_fieldset {
    uint64_t w[XFSM_FIELDSET_WORDS];
};

static inline void
xfsm_fieldset_add(struct xfsm_fieldset *set, unsigned int field)
{
    set->w[field / 64] |= UINT64_C(1) << (field % 64);
}

static inline void
xfsm_fieldset_remove(struct xfsm_fieldset *set, unsigned int field)
{
    set->w[field / 64] &= ~(UINT64_C(1) << (field % 64));
}

static inline bool
xfsm_fieldset_has(const struct xfsm_fieldset *set, unsigned int field)
{
    return set->w[field / 64] >> (field % 64) & 1;
}

/* An IPv6 address, or an IPv4 address in its IPv4-mapped form ::ffff:a.b.c.d
 * (RFC 4291 section 2.5.5.2), in network byte order.  One form for both
 * families keeps keys one size.  An IPv6 packet that really carries a mapped
 * address, which must not appear on the wire (RFC 4942 section 2.2), is
 * indistinguishable from IPv4 here. */
union xfsm_addr {
    uint8_t b[16];
    uint64_t w[2];
};

static inline bool
xfsm_addr_is_ip4(const union xfsm_addr *addr)
{
    return !addr->w[0] && !addr->b[8] && !addr->b[9] && addr->b[10] == 0xff
           && addr->b[11] == 0xff;
}

/* A string that lies elsewhere: not terminated, may hold any byte. */
struct xfsm_str {
    const char *p;
    uint32_t len;
};

/* Bytes of scratch memory that decoding one packet may need, for text that
 * does not lie in the packet as such (a DNS name is stored in pieces). */
#define XFSM_PACKET_SCRATCH 512

enum xfsm_direction {
    XFSM_DIR_UNKNOWN = 0,       /* A capture file does not tell. */
    XFSM_DIR_IN = 1,            /* From the VM (or wire) into the switch. */
    XFSM_DIR_OUT = 2,           /* From the switch to the VM (or wire). */
};

/* What 'data' starts with. */
enum xfsm_link_type {
    XFSM_LINK_ETHERNET = 0,
    XFSM_LINK_RAW_IP,           /* IPv4 or IPv6, told by the version nibble. */
    XFSM_LINK_LINUX_SLL,        /* Linux "cooked" capture, version 1. */
    XFSM_LINK_LINUX_SLL2,       /* Linux "cooked" capture, version 2. */
    XFSM_LINK_NULL,             /* BSD loopback: 4-byte address family. */
    XFSM_LINK_NFLOG,            /* Linux netfilter log. */
};

struct xfsm_packet {
    /* Set by the source. */
    const uint8_t *data;        /* First captured byte. */
    uint32_t caplen;            /* Bytes at 'data'. */
    uint32_t len;               /* Bytes on the wire, >= caplen. */
    uint64_t ts;                /* Nanoseconds since the epoch. */
    uint8_t direction;          /* enum xfsm_direction. */
    uint8_t link_type;          /* enum xfsm_link_type. */
    uint16_t aux_vlan_tci;      /* VLAN tag the kernel stripped... */
    uint16_t aux_vlan_tpid;     /* ...and its TPID; 0 where there was none. */
    uint16_t segs;              /* Packets on the wire that this is, 0: one. */
    char *scratch;              /* XFSM_PACKET_SCRATCH bytes. */

    /* Set by the engine. */
    uint64_t packet_no;         /* 1 for the first packet of this engine. */

    /* Set by xfsm_decode().  What most programs read comes first and fills,
     * with the members above, the first four cache lines; what is read by the
     * way comes after it, in groups. */
    struct xfsm_fieldset present;

    /* IPv4 (RFC 791), IPv6 (RFC 8200). */
    union xfsm_addr ip_src, ip_dst;
    uint8_t ip_version;         /* 4 or 6. */
    uint8_t ip_proto;           /* After any IPv6 extension headers. */
    uint8_t ip_ttl;             /* Or hop limit. */
    uint8_t ip_dscp;
    uint8_t ip_ecn;
    uint8_t ip_fragment;        /* 1 in any fragment, else 0. */
    uint16_t ip_frag_offset;    /* Bytes. */
    uint32_t ip_id;

    /* TCP, UDP, SCTP. */
    uint16_t src_port, dst_port;
    uint8_t tcp_flags;          /* Byte 13 of the header, CWR to FIN. */
    uint8_t decode_error;       /* enum xfsm_decode_error, 0 if none. */
    uint16_t tcp_window;
    uint32_t tcp_seq, tcp_ack;
    uint32_t payload_len;       /* Bytes of TCP or UDP payload on the wire. */

    /* Ethernet, 802.1Q. */
    uint64_t eth_src, eth_dst;  /* 48 bits, most significant octet first. */
    uint16_t eth_type;          /* EtherType after any VLAN tags. */
    uint16_t vlan_id;           /* Outermost tag. */
    uint16_t vlan_inner_id;     /* Second tag (QinQ). */
    uint8_t vlan_pcp;

    uint8_t ip_more_fragments;  /* 1 in any fragment but the last. */
    uint8_t icmp_type, icmp_code;

    /* DNS (RFC 1035). */
    uint8_t dns_qr;             /* 0 query, 1 response. */
    uint8_t dns_rcode;          /* Present in responses alone. */
    uint8_t dns_opcode;

    uint8_t http_method;        /* enum xfsm_http_method. */
    uint8_t modbus_fc;          /* Function code. */
    uint8_t ip6_ext;            /* Set of enum xfsm_ip6_ext. */
    uint16_t modbus_ti;         /* Transaction identifier. */

    uint16_t dns_id;
    uint16_t dns_qtype;
    uint16_t dns_answers;       /* ANCOUNT. */
    struct xfsm_str domain_name;            /* QNAME, lower case, no end dot.*/
    struct xfsm_str domain_second_level;    /* Its last two labels. */
    union xfsm_addr domain_addr;            /* First A or AAAA answer. */

    /* HTTP/1 request (RFC 9112). */
    struct xfsm_str http_url;   /* Request target. */
    struct xfsm_str http_host;  /* Host header. */

    /* MPLS (RFC 3032), PPPoE (RFC 2516). */
    uint32_t mpls_label;        /* Top of the stack. */
    uint16_t pppoe_session;

    /* ARP (RFC 826). */
    uint16_t arp_op;
    uint64_t arp_sha, arp_tha;
    union xfsm_addr arp_spa, arp_tpa;

    /* ICMP (RFC 792), ICMPv6 (RFC 4443). */
    uint16_t icmp_id, icmp_seq; /* Of an echo request or reply. */
    uint32_t icmp_payload_len;  /* After the first 8 bytes of the message. */

    /* SCTP (RFC 9260). */
    uint32_t sctp_vtag;         /* Verification tag. */
    uint8_t sctp_chunk;         /* Type of the first chunk. */

    /* DNS, more of it. */
    uint8_t dns_qname_len;      /* Bytes of domain_name. */
    uint8_t dns_labels;         /* Labels in it. */
    uint8_t dns_label_max;      /* Bytes of the longest one. */
    uint32_t dns_len;           /* Bytes of the message. */
    uint32_t dns_ttl;           /* Of the first answer, seconds. */
    uint32_t dns_answer_len;    /* Bytes of data in the answers. */
    uint16_t dns_answer_type;   /* Of the first answer. */
    uint8_t dns_addrs;          /* A and AAAA records among the answers. */

    /* NTP (RFC 5905), its control messages (RFC 9327) and private ones. */
    uint8_t ntp_version;
    uint8_t ntp_mode;           /* 3 client, 4 server, 6 control, 7 private. */
    uint8_t ntp_response;       /* 1 in a response of modes 6 and 7. */
    uint8_t ntp_impl;           /* Mode 7: implementation number. */
    uint8_t ntp_code;           /* Mode 6: operation; mode 7: request code. */

    /* DHCP (RFC 2131), DHCPv6 (RFC 8415). */
    uint8_t dhcp_op;            /* 1 from a client, 2 from a server. */
    uint8_t dhcp_type;          /* Option 53. */
    uint8_t dhcp6_type;         /* Message type of DHCPv6. */
    uint32_t dhcp_xid;
    uint64_t dhcp_client_mac;
    union xfsm_addr dhcp_addr;      /* The client's, as a server gives it. */
    union xfsm_addr dhcp_server_id; /* Option 54. */
    union xfsm_addr dhcp_router;    /* Option 3, the first. */
    union xfsm_addr dhcp_dns;       /* Option 6, the first. */

    /* TLS ClientHello (RFC 8446). */
    uint16_t tls_version;       /* Highest offered. */
    uint64_t tls_ja;            /* Fingerprint of the client, see tls.c. */
    struct xfsm_str tls_sni;    /* Server name, lower case. */
    struct xfsm_str tls_alpn;   /* First protocol offered. */

    /* Tunnels: what they are, and the innermost packet decoded. */
    uint8_t tun_type;           /* enum xfsm_tunnel, of the outermost. */
    uint8_t tun_depth;          /* Tunnel headers taken off. */
    uint32_t tun_id;            /* VNI, key, session or TEID, of the same. */
    uint64_t inner_eth_src, inner_eth_dst;
    uint16_t inner_eth_type;
    uint16_t inner_vlan_id;
    union xfsm_addr inner_ip_src, inner_ip_dst;
    uint8_t inner_ip_version;
    uint8_t inner_ip_proto;
    uint8_t inner_ip_ttl;
    uint8_t inner_tcp_flags;
    uint16_t inner_src_port, inner_dst_port;
    uint8_t inner_icmp_type, inner_icmp_code;

    /* Set by the engine, with their presence, where a program reads them. */
    struct xfsm_str in_port;    /* The port watched. */
    struct xfsm_str bridge;     /* Its bridge. */
    /* Set for message events instead (xfsm/runtime/message.h), never by
     * xfsm_decode(). */
    uint8_t msg_hops;
    struct xfsm_str msg_label, msg_program;
    struct xfsm_str msg_host, msg_bridge, msg_port;
    struct xfsm_str msg_state;
};

/* IPv6 extension headers, as bits of ip6_ext. */
enum xfsm_ip6_ext {
    XFSM_IP6X_HOP_BY_HOP = 1,
    XFSM_IP6X_ROUTING = 2,
    XFSM_IP6X_FRAGMENT = 4,
    XFSM_IP6X_AUTH = 8,
    XFSM_IP6X_DEST_OPTIONS = 16,
    XFSM_IP6X_MOBILITY = 32,
};

/* Values of tun_type. */
enum xfsm_tunnel {
    XFSM_TUN_NONE = 0,
    XFSM_TUN_IP,                /* IPv4 or IPv6 in IP (RFC 2003, RFC 4213). */
    XFSM_TUN_GRE,               /* RFC 2784; also PPTP's (RFC 2637). */
    XFSM_TUN_ERSPAN,            /* Mirrored frames in GRE. */
    XFSM_TUN_VXLAN,             /* RFC 7348. */
    XFSM_TUN_GENEVE,            /* RFC 8926. */
    XFSM_TUN_GTP,               /* GTP-U (3GPP TS 29.281). */
};

enum xfsm_http_method {
    XFSM_HTTP_OTHER = 0,
    XFSM_HTTP_GET = 1,
    XFSM_HTTP_HEAD = 2,
    XFSM_HTTP_POST = 3,
};

#endif /* xfsm/packet/packet.h */
