/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef XFSM_PACKET_FIELD_H
#define XFSM_PACKET_FIELD_H 1

/* The field registry: the one list of what a program can name in a packet.
 *
 * Names, types, locations, text form and documentation ("xfsm fields") all
 * come from XFSM_FIELDS.  To add a field: add its member to struct
 * xfsm_packet, one line here, and the code in decode.c (or a protocol's own
 * file) that sets it and its presence bit.
 *
 * Compiled images refer to fields by name, so the order here may change. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "xfsm/packet/packet.h"

enum xfsm_field_type {
    XFSM_FT_UINT,               /* Unsigned integer of 1, 2, 4 or 8 bytes. */
    XFSM_FT_MAC,                /* uint64_t, 48 bits used. */
    XFSM_FT_ADDR,               /* union xfsm_addr. */
    XFSM_FT_STR,                /* struct xfsm_str. */
};

/* Which decoder produces a field, so that decoders nobody needs do not run.
 * L(ID, NAME) */
#define XFSM_FIELD_LAYERS(L) \
    L(META, "meta")             /* From the source: length, time... */ \
    L(PORT, "port")             /* From the engine: where it stands. */ \
    L(L2, "l2") \
    L(L3, "l3") \
    L(L4, "l4") \
    L(DNS, "dns") \
    L(HTTP, "http") \
    L(MODBUS, "modbus") \
    L(NTP, "ntp") \
    L(DHCP, "dhcp") \
    L(TUNNEL, "tunnel") \
    L(TLS, "tls") \
    L(MESSAGE, "message")       /* No decoder: xfsm/runtime/message.h. */

enum xfsm_field_layer {
#define XFSM_FIELD_LAYER_ENUM(ID, NAME) XFSM_FL_##ID,
    XFSM_FIELD_LAYERS(XFSM_FIELD_LAYER_ENUM)
#undef XFSM_FIELD_LAYER_ENUM
    XFSM_N_FIELD_LAYERS
};

/* Name of each layer, by enum xfsm_field_layer. */
extern const char *const xfsm_field_layer_names[XFSM_N_FIELD_LAYERS];

/* F(ID, NAME, TYPE, LAYER, MEMBER, DOC) */
#define XFSM_FIELDS(F) \
    F(PACKET_NO, "packet_no", UINT, META, packet_no, \
      "Number of the packet since the probe started, from 1") \
    F(IP_LEN, "ip_len", UINT, META, len, \
      "Length of the frame on the wire, in bytes (the original's name)") \
    F(LEN, "len", UINT, META, len, \
      "Length of the frame on the wire, in bytes") \
    F(TS, "ts", UINT, META, ts, \
      "Packet time, in nanoseconds since the epoch") \
    F(DIR, "dir", UINT, META, direction, \
      "Direction: 1 from the port into the switch, 2 out to the port, " \
      "0 unknown") \
    F(IN_PORT, "in_port", STR, PORT, in_port, \
      "Name of the port that is watched, as events tell it") \
    F(BRIDGE, "bridge", STR, PORT, bridge, \
      "Name of the bridge that the port is on; absent where none is known") \
    F(SEGS, "segs", UINT, META, segs, \
      "Packets on the wire that the frame stands for: 1, or more where the " \
      "device is to cut it up (TSO, GSO) or has put it together (GRO)") \
    F(ETH_SRC, "eth_src", MAC, L2, eth_src, "Source MAC address") \
    F(ETH_DST, "eth_dst", MAC, L2, eth_dst, "Destination MAC address") \
    F(ETH_TYPE, "eth_type", UINT, L2, eth_type, \
      "EtherType after any VLAN tags") \
    F(VLAN_ID, "vlan_id", UINT, L2, vlan_id, "VLAN ID of the outermost tag") \
    F(VLAN_PCP, "vlan_pcp", UINT, L2, vlan_pcp, \
      "Priority code point of the outermost VLAN tag") \
    F(VLAN_INNER_ID, "vlan_inner_id", UINT, L2, vlan_inner_id, \
      "VLAN ID of the second tag") \
    F(MPLS_LABEL, "mpls_label", UINT, L2, mpls_label, \
      "MPLS label on top of the stack") \
    F(PPPOE_SESSION, "pppoe_session", UINT, L2, pppoe_session, \
      "PPPoE session ID") \
    F(ARP_OP, "arp_op", UINT, L3, arp_op, \
      "ARP operation: 1 request, 2 reply") \
    F(ARP_SHA, "arp_sha", MAC, L3, arp_sha, "ARP sender hardware address") \
    F(ARP_THA, "arp_tha", MAC, L3, arp_tha, "ARP target hardware address") \
    F(ARP_SPA, "arp_spa", ADDR, L3, arp_spa, "ARP sender protocol address") \
    F(ARP_TPA, "arp_tpa", ADDR, L3, arp_tpa, "ARP target protocol address") \
    F(IP_SRC, "ip_src", ADDR, L3, ip_src, "Source IPv4 or IPv6 address") \
    F(IP_DST, "ip_dst", ADDR, L3, ip_dst, "Destination IPv4 or IPv6 address")\
    F(IP_VERSION, "ip_version", UINT, L3, ip_version, "IP version: 4 or 6") \
    F(PROTO, "proto", UINT, L3, ip_proto, \
      "IP protocol number, after any IPv6 extension headers") \
    F(IP_TTL, "ip_ttl", UINT, L3, ip_ttl, "IPv4 TTL or IPv6 hop limit") \
    F(IP_DSCP, "ip_dscp", UINT, L3, ip_dscp, "Differentiated services code") \
    F(IP_ECN, "ip_ecn", UINT, L3, ip_ecn, "Explicit congestion notification")\
    F(IP_FRAGMENT, "ip_fragment", UINT, L3, ip_fragment, \
      "1 if the packet is a fragment, else 0") \
    F(IP_FRAG_OFFSET, "ip_frag_offset", UINT, L3, ip_frag_offset, \
      "Fragment offset, in bytes; present in fragments") \
    F(IP_MORE_FRAGMENTS, "ip_more_fragments", UINT, L3, ip_more_fragments, \
      "1 in a fragment that is not the last, 0 in the last; present in " \
      "fragments") \
    F(IP_ID, "ip_id", UINT, L3, ip_id, \
      "IPv4 identification, or that of an IPv6 fragment header") \
    F(IP6_EXT, "ip6_ext", UINT, L3, ip6_ext, \
      "IPv6 extension headers in the packet, the sum of: hop-by-hop 1, " \
      "routing 2, fragment 4, authentication 8, destination options 16, " \
      "mobility 32") \
    F(SRC_PORT, "src_port", UINT, L4, src_port, \
      "TCP, UDP or SCTP source port") \
    F(DST_PORT, "dst_port", UINT, L4, dst_port, \
      "TCP, UDP or SCTP destination port") \
    F(TCP_FLAGS, "tcp_flags", UINT, L4, tcp_flags, \
      "TCP flag byte: FIN 1, SYN 2, RST 4, PSH 8, ACK 16, URG 32, ECE 64, " \
      "CWR 128") \
    F(TCP_WINDOW, "tcp_window", UINT, L4, tcp_window, "TCP window") \
    F(TCP_SEQ, "tcp_seq", UINT, L4, tcp_seq, "TCP sequence number") \
    F(TCP_ACK, "tcp_ack", UINT, L4, tcp_ack, "TCP acknowledgment number") \
    F(PAYLOAD_LEN, "payload_len", UINT, L4, payload_len, \
      "Bytes of TCP or UDP payload, by the IP and transport headers") \
    F(ICMP_TYPE, "icmp_type", UINT, L4, icmp_type, "ICMP or ICMPv6 type") \
    F(ICMP_CODE, "icmp_code", UINT, L4, icmp_code, "ICMP or ICMPv6 code") \
    F(ICMP_ID, "icmp_id", UINT, L4, icmp_id, \
      "Identifier of an ICMP or ICMPv6 echo request or reply") \
    F(ICMP_SEQ, "icmp_seq", UINT, L4, icmp_seq, \
      "Sequence number of an ICMP or ICMPv6 echo request or reply") \
    F(ICMP_PAYLOAD_LEN, "icmp_payload_len", UINT, L4, icmp_payload_len, \
      "Bytes of an ICMP or ICMPv6 message after its first eight") \
    F(SCTP_VTAG, "sctp_vtag", UINT, L4, sctp_vtag, \
      "SCTP verification tag") \
    F(SCTP_CHUNK, "sctp_chunk", UINT, L4, sctp_chunk, \
      "Type of the first SCTP chunk: DATA 0, INIT 1, INIT ACK 2, ABORT 6") \
    F(DNS_QR, "dns_qr", UINT, DNS, dns_qr, \
      "DNS: 0 in a query, 1 in a response") \
    F(DNS_RCODE, "dns_rcode", UINT, DNS, dns_rcode, \
      "DNS response code; present in responses") \
    F(DNS_OPCODE, "dns_opcode", UINT, DNS, dns_opcode, "DNS operation code") \
    F(DNS_ID, "dns_id", UINT, DNS, dns_id, "DNS message ID") \
    F(DNS_QTYPE, "dns_qtype", UINT, DNS, dns_qtype, \
      "Type of the first DNS question") \
    F(DNS_ANSWERS, "dns_answers", UINT, DNS, dns_answers, \
      "Number of DNS answer records, as the header states it") \
    F(DOMAIN_NAME, "domain_name", STR, DNS, domain_name, \
      "Name in the first DNS question, lower case") \
    F(DOMAIN_SECOND_LEVEL, "domain_second_level", STR, DNS, \
      domain_second_level, "Last two labels of domain_name") \
    F(DOMAIN_ADDR, "domain_addr", ADDR, DNS, domain_addr, \
      "First address in a DNS answer") \
    F(DNS_LEN, "dns_len", UINT, DNS, dns_len, \
      "Bytes of the DNS message") \
    F(DNS_QNAME_LEN, "dns_qname_len", UINT, DNS, dns_qname_len, \
      "Length of domain_name") \
    F(DNS_LABELS, "dns_labels", UINT, DNS, dns_labels, \
      "Number of labels in domain_name") \
    F(DNS_LABEL_MAX, "dns_label_max", UINT, DNS, dns_label_max, \
      "Length of the longest label in domain_name") \
    F(DNS_TTL, "dns_ttl", UINT, DNS, dns_ttl, \
      "Time to live of the first DNS answer record, in seconds") \
    F(DNS_ANSWER_TYPE, "dns_answer_type", UINT, DNS, dns_answer_type, \
      "Type of the first DNS answer record") \
    F(DNS_ADDRS, "dns_addrs", UINT, DNS, dns_addrs, \
      "Number of addresses (A and AAAA) among the first 32 DNS answer " \
      "records") \
    F(DNS_ANSWER_LEN, "dns_answer_len", UINT, DNS, dns_answer_len, \
      "Bytes of data in the first 32 DNS answer records") \
    F(HTTP_METHOD, "http_method", UINT, HTTP, http_method, \
      "HTTP request method: GET 1, HEAD 2, POST 3, other 0") \
    F(HTTP_URL, "http_url", STR, HTTP, http_url, "HTTP request target") \
    F(HTTP_HOST, "http_host", STR, HTTP, http_host, "HTTP Host header") \
    F(MODBUS_TI, "modbus_ti", UINT, MODBUS, modbus_ti, \
      "Modbus/TCP transaction identifier; port 502 or 20000 on either side") \
    F(MODBUS_FC, "modbus_fc", UINT, MODBUS, modbus_fc, \
      "Modbus function code") \
    F(NTP_VERSION, "ntp_version", UINT, NTP, ntp_version, "NTP version") \
    F(NTP_MODE, "ntp_mode", UINT, NTP, ntp_mode, \
      "NTP mode: 1 and 2 symmetric, 3 client, 4 server, 5 broadcast, " \
      "6 control, 7 private; port 123 on either side") \
    F(NTP_RESPONSE, "ntp_response", UINT, NTP, ntp_response, \
      "1 in an NTP response of mode 6 or 7, 0 in a request") \
    F(NTP_IMPL, "ntp_impl", UINT, NTP, ntp_impl, \
      "Implementation number of an NTP message of mode 7: 2 or 3 ntpd") \
    F(NTP_CODE, "ntp_code", UINT, NTP, ntp_code, \
      "Operation of an NTP message of mode 6 (2 is readvar), or request " \
      "code of one of mode 7 (20 and 42 are monlist)") \
    F(DHCP_OP, "dhcp_op", UINT, DHCP, dhcp_op, \
      "DHCP or BOOTP: 1 from a client, 2 from a server; port 67 or 68") \
    F(DHCP_TYPE, "dhcp_type", UINT, DHCP, dhcp_type, \
      "DHCP message type: DISCOVER 1, OFFER 2, REQUEST 3, DECLINE 4, ACK 5, "\
      "NAK 6, RELEASE 7, INFORM 8") \
    F(DHCP_XID, "dhcp_xid", UINT, DHCP, dhcp_xid, "DHCP transaction ID") \
    F(DHCP_CLIENT_MAC, "dhcp_client_mac", MAC, DHCP, dhcp_client_mac, \
      "Client MAC address in a DHCP message") \
    F(DHCP_ADDR, "dhcp_addr", ADDR, DHCP, dhcp_addr, \
      "Address that a DHCP server gives the client; present in replies") \
    F(DHCP_SERVER_ID, "dhcp_server_id", ADDR, DHCP, dhcp_server_id, \
      "DHCP server identifier") \
    F(DHCP_ROUTER, "dhcp_router", ADDR, DHCP, dhcp_router, \
      "First router that a DHCP message names") \
    F(DHCP_DNS, "dhcp_dns", ADDR, DHCP, dhcp_dns, \
      "First name server that a DHCP message names") \
    F(DHCP6_TYPE, "dhcp6_type", UINT, DHCP, dhcp6_type, \
      "DHCPv6 message type: SOLICIT 1, ADVERTISE 2, REQUEST 3, REPLY 7; " \
      "port 546 or 547") \
    F(TUN_TYPE, "tun_type", UINT, TUNNEL, tun_type, \
      "Outermost tunnel: 1 IP in IP, 2 GRE, 3 ERSPAN, 4 VXLAN, 5 Geneve, " \
      "6 GTP-U") \
    F(TUN_ID, "tun_id", UINT, TUNNEL, tun_id, \
      "Identifier in the outermost tunnel header: VXLAN or Geneve network, " \
      "GRE key (an NVGRE network is the key over 256), ERSPAN session, " \
      "GTP-U endpoint") \
    F(TUN_DEPTH, "tun_depth", UINT, TUNNEL, tun_depth, \
      "Tunnel headers in the packet, one in another") \
    F(INNER_ETH_SRC, "inner_eth_src", MAC, TUNNEL, inner_eth_src, \
      "Source MAC address of the innermost packet, as all inner fields") \
    F(INNER_ETH_DST, "inner_eth_dst", MAC, TUNNEL, inner_eth_dst, \
      "Inner destination MAC address") \
    F(INNER_ETH_TYPE, "inner_eth_type", UINT, TUNNEL, inner_eth_type, \
      "Inner EtherType, where an Ethernet or tunnel header states one") \
    F(INNER_VLAN_ID, "inner_vlan_id", UINT, TUNNEL, inner_vlan_id, \
      "Inner VLAN ID of the outermost tag") \
    F(INNER_IP_SRC, "inner_ip_src", ADDR, TUNNEL, inner_ip_src, \
      "Inner source IPv4 or IPv6 address") \
    F(INNER_IP_DST, "inner_ip_dst", ADDR, TUNNEL, inner_ip_dst, \
      "Inner destination IPv4 or IPv6 address") \
    F(INNER_IP_VERSION, "inner_ip_version", UINT, TUNNEL, inner_ip_version, \
      "Inner IP version: 4 or 6") \
    F(INNER_PROTO, "inner_proto", UINT, TUNNEL, inner_ip_proto, \
      "Inner IP protocol number, after any IPv6 extension headers") \
    F(INNER_IP_TTL, "inner_ip_ttl", UINT, TUNNEL, inner_ip_ttl, \
      "Inner IPv4 TTL or IPv6 hop limit") \
    F(INNER_SRC_PORT, "inner_src_port", UINT, TUNNEL, inner_src_port, \
      "Inner TCP, UDP or SCTP source port") \
    F(INNER_DST_PORT, "inner_dst_port", UINT, TUNNEL, inner_dst_port, \
      "Inner TCP, UDP or SCTP destination port") \
    F(INNER_TCP_FLAGS, "inner_tcp_flags", UINT, TUNNEL, inner_tcp_flags, \
      "Inner TCP flag byte") \
    F(INNER_ICMP_TYPE, "inner_icmp_type", UINT, TUNNEL, inner_icmp_type, \
      "Inner ICMP or ICMPv6 type") \
    F(INNER_ICMP_CODE, "inner_icmp_code", UINT, TUNNEL, inner_icmp_code, \
      "Inner ICMP or ICMPv6 code") \
    F(TLS_VERSION, "tls_version", UINT, TLS, tls_version, \
      "Highest version that a TLS ClientHello offers: 771 is 1.2, 772 is 1.3")\
    F(TLS_SNI, "tls_sni", STR, TLS, tls_sni, \
      "Server name in a TLS ClientHello, lower case") \
    F(TLS_ALPN, "tls_alpn", STR, TLS, tls_alpn, \
      "First application protocol that a TLS ClientHello offers") \
    F(TLS_JA, "tls_ja", UINT, TLS, tls_ja, \
      "Fingerprint of a TLS client in the manner of JA3 and JA4, but a hash " \
      "of its own: 64-bit FNV-1a over 0 and the highest version, 1 and a " \
      "cipher suite, 2 and an extension (3 bytes each time), added up over " \
      "all but GREASE values and extensions 0, 16, 21, 41, 42, 44") \
    F(MSG_LABEL, "msg_label", STR, MESSAGE, msg_label, \
      "Label of the event that a message event brings, as all msg_ fields") \
    F(MSG_PROGRAM, "msg_program", STR, MESSAGE, msg_program, \
      "Program that published it") \
    F(MSG_HOST, "msg_host", STR, MESSAGE, msg_host, "Host it comes from") \
    F(MSG_BRIDGE, "msg_bridge", STR, MESSAGE, msg_bridge, \
      "Bridge it comes from") \
    F(MSG_PORT, "msg_port", STR, MESSAGE, msg_port, "Port it comes from") \
    F(MSG_STATE, "msg_state", STR, MESSAGE, msg_state, \
      "State of the key it concerns, in that program") \
    F(MSG_HOPS, "msg_hops", UINT, MESSAGE, msg_hops, \
      "Message events it went through before, 0 if a packet or timer caused " \
      "it")

enum xfsm_field_id {
#define XFSM_FIELD_ENUM(ID, NAME, TYPE, LAYER, MEMBER, DOC) XFSM_F_##ID,
    XFSM_FIELDS(XFSM_FIELD_ENUM)
#undef XFSM_FIELD_ENUM
    XFSM_N_FIELDS
};

struct xfsm_field {
    const char *name;
    enum xfsm_field_type type;
    enum xfsm_field_layer layer;
    uint16_t offset;            /* In struct xfsm_packet. */
    uint8_t width;              /* Bytes of the member. */
    const char *doc;
};

/* Indexed by enum xfsm_field_id. */
extern const struct xfsm_field xfsm_fields[XFSM_N_FIELDS];

/* Returns the field named by the 'len' bytes at 'name', or -1.  Knows the
 * aliases that dialect 1 programs use: "flags" is tcp_flags, and tcp_sport,
 * tcp_dport, udp_sport and udp_dport are the ports.  If 'alias' is nonnull,
 * tells whether the name was one of the latter four, which deserve a
 * warning.  "outer_X" is X wherever there is a field "inner_X". */
int xfsm_field_lookup(const char *name, size_t len, bool *alias);

/* Does decoding put the text of 'field' into lower case?  What it is compared
 * with has to be, too. */
static inline bool
xfsm_field_is_lower(unsigned int field)
{
    return (field == XFSM_F_DOMAIN_NAME || field == XFSM_F_DOMAIN_SECOND_LEVEL
            || field == XFSM_F_TLS_SNI);
}

/* Longest text of a field, terminator included. */
#define XFSM_FIELD_TEXT_MAX 256

/* Writes the text of 'field' in 'packet' at 'buf' (at most 'size' bytes, not
 * terminated) and returns its length; cuts what does not fit.  Nothing is
 * written and 0 returned where the field is absent.  Bytes of strings that
 * are not printable ASCII come out as '.', so that the text is always safe to
 * log.  Addresses are written as RFC 5952 says, IPv4 in dotted form. */
size_t xfsm_field_format(const struct xfsm_packet *packet, unsigned int field,
                         char *buf, size_t size);

/* The same for an address that is nobody's field. */
size_t xfsm_field_format_addr(const union xfsm_addr *addr, char *buf,
                              size_t size);

/* The same for a MAC address. */
size_t xfsm_field_format_mac(uint64_t mac, char *buf, size_t size);
/* Reads what xfsm_field_format() wrote: sets 'field' of 'packet' to the value
 * that the 'len' bytes at 'text' are, and marks it present.  A string is not
 * copied; it is less than XFSM_FIELD_TEXT_MAX bytes.  False, and nothing set,
 * if they are no such value. */
bool xfsm_field_parse(struct xfsm_packet *packet, unsigned int field,
                      const char *text, size_t len);

/* Words that the value of a field of 'type' takes in a key: 2 for an address
 * or for the digest of a string. */
static inline unsigned int
xfsm_field_words(enum xfsm_field_type type)
{
    return type == XFSM_FT_ADDR || type == XFSM_FT_STR ? 2 : 1;
}

/* Reads the 'len' bytes at 'text', an IPv4 or IPv6 address, into '*addr'.
 * False if they are none. */
bool xfsm_addr_parse(const char *text, size_t len, union xfsm_addr *addr);

/* Returns the value of a UINT or MAC field that is present. */
static inline uint64_t
xfsm_field_uint(const struct xfsm_packet *packet, unsigned int field)
{
    const uint8_t *p = (const uint8_t *) packet + xfsm_fields[field].offset;

    switch (xfsm_fields[field].width) {
    case 1: return *p;
    case 2: return *(const uint16_t *) (const void *) p;
    case 4: return *(const uint32_t *) (const void *) p;
    default: return *(const uint64_t *) (const void *) p;
    }
}

#endif /* xfsm/packet/field.h */
