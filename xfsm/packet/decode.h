/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef XFSM_PACKET_DECODE_H
#define XFSM_PACKET_DECODE_H 1

/* Packet decoding.
 *
 * Decoding is total: any bytes of any length give a packet with some fields
 * present and, where a header was cut or contradicted itself, the first such
 * error.  What was decoded before the error stays.  All reading goes through
 * the bounds-checked cursor of bytes.h, every walk (VLAN tags, IPv6 extension
 * headers, DNS labels and compression pointers) has a fixed bound, and no
 * length a packet states is believed beyond the captured bytes.
 *
 * Tunnels: the plain fields are always those of the outermost packet.  Where
 * 'want' has a field of layer "tunnel", tunnel headers are taken off too, and
 * the innermost packet that could be decoded fills the inner fields.  tun_type
 * and tun_id are of the outermost tunnel, the one that the network made: what
 * a tenant nests in it cannot change them.  MPLS and PPPoE are no tunnels:
 * what follows their headers fills the plain fields.
 *
 * Cost: L2 to L4 always; the other decoders run only if 'want' has a field of
 * theirs and the ports or first bytes fit. */

#include <stddef.h>
#include <stdint.h>

#include "xfsm/packet/packet.h"

/* E(ID, NAME, DOC): why a packet could not be decoded to its end. */
#define XFSM_DECODE_ERRORS(E) \
    E(LINK_SHORT, "link_short", "Frame too short for its link header") \
    E(VLAN_DEEP, "vlan_deep", "More VLAN tags than are followed") \
    E(ARP_SHORT, "arp_short", "ARP packet cut or of unknown format") \
    E(IP_SHORT, "ip_short", "IP header cut") \
    E(IP_VERSION, "ip_version", "IP version does not match EtherType") \
    E(IP_HLEN, "ip_hlen", "IP header length impossible") \
    E(IP_LEN, "ip_len", "IP total length smaller than its header") \
    E(IP6_EXT, "ip6_ext", "IPv6 extension header cut") \
    E(IP6_DEEP, "ip6_deep", "More IPv6 extension headers than are followed") \
    E(L4_SHORT, "l4_short", "Transport header cut") \
    E(TCP_HLEN, "tcp_hlen", "TCP header length impossible") \
    E(UDP_LEN, "udp_len", "UDP length impossible") \
    E(DNS_SHORT, "dns_short", "DNS message cut") \
    E(DNS_NAME, "dns_name", "DNS name malformed") \
    E(HTTP_LINE, "http_line", "HTTP request line malformed") \
    E(MODBUS_SHORT, "modbus_short", "Modbus header cut") \
    E(NTP_SHORT, "ntp_short", "NTP message cut") \
    E(DHCP_SHORT, "dhcp_short", "DHCP message or option cut") \
    E(MPLS_DEEP, "mpls_deep", "More MPLS labels than are followed") \
    E(TUNNEL_SHORT, "tunnel_short", "Tunnel header cut") \
    E(TUNNEL_HEADER, "tunnel_header", "Tunnel header malformed") \
    E(TUNNEL_DEEP, "tunnel_deep", "More nested tunnels than are followed") \
    E(TLS_SHORT, "tls_short", \
      "TLS ClientHello cut, or continued in another segment or record") \
    E(TLS_HELLO, "tls_hello", "TLS ClientHello malformed") \
    E(TLS_DEEP, "tls_deep", \
      "More TLS cipher suites or extensions than are followed")

enum xfsm_decode_error {
    XFSM_DE_NONE = 0,
#define XFSM_DE_ENUM(ID, NAME, DOC) XFSM_DE_##ID,
    XFSM_DECODE_ERRORS(XFSM_DE_ENUM)
#undef XFSM_DE_ENUM
    XFSM_N_DECODE_ERRORS
};

/* Named limits. */
#define XFSM_VLAN_MAX 3             /* VLAN tags followed. */
#define XFSM_MPLS_MAX 8             /* MPLS labels followed. */
#define XFSM_IP6_EXT_MAX 8          /* IPv6 extension headers followed. */
#define XFSM_DNS_NAME_MAX 255       /* RFC 1035 section 2.3.4. */
#define XFSM_DNS_JUMPS_MAX 16       /* Compression pointers followed. */
#define XFSM_DNS_RR_MAX 32          /* Answer records looked through. */
#define XFSM_HTTP_HEADERS_MAX 64    /* HTTP header lines looked through. */
#define XFSM_DHCP_OPTIONS_MAX 128   /* DHCP options looked through, padding
                                     * included. */
#define XFSM_TUNNEL_MAX 4           /* Nested tunnels followed. */
#define XFSM_GTP_EXT_MAX 8          /* GTP-U extension headers followed. */
#define XFSM_TLS_CIPHERS_MAX 256    /* TLS cipher suites looked through. */
#define XFSM_TLS_EXTENSIONS_MAX 64  /* TLS extensions looked through. */
#define XFSM_TLS_NAME_MAX 255       /* Longest server name. */

/* Name and documentation of each error, by enum xfsm_decode_error. */
extern const char *const xfsm_decode_error_names[XFSM_N_DECODE_ERRORS];
extern const char *const xfsm_decode_error_docs[XFSM_N_DECODE_ERRORS];

/* Decodes 'packet', whose source members are set, as far as the fields in
 * 'want' ask.  Overwrites 'present', 'decode_error' and the decoded
 * members.  Members whose presence bit is clear hold garbage afterwards. */
void xfsm_decode(struct xfsm_packet *packet, const struct xfsm_fieldset *want);

/* What xfsm_decode_many() counts on: the number of the last packet, and the
 * bytes of all on the wire. */
struct xfsm_decode_count {
    uint64_t packet_no;
    uint64_t bytes;
};

/* Decodes packets, with xfsm_decode()'s outcome but faster, as long as they
 * are of the usual kind and nothing is wrong with them, and numbers and counts
 * them.  Returns how many it has done: the next one, if there is one, is
 * xfsm_decode()'s, not yet numbered nor counted. */
size_t xfsm_decode_many(struct xfsm_packet *packets, size_t n,
                        const struct xfsm_fieldset *want,
                        struct xfsm_decode_count *);

/* The same as a processor does it that has nothing special for it. */
size_t xfsm_decode_narrow(struct xfsm_packet *packets, size_t n,
                          const struct xfsm_fieldset *want,
                          struct xfsm_decode_count *);

#endif /* xfsm/packet/decode.h */
