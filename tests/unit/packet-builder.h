/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef XFSM_TESTS_PACKET_BUILDER_H
#define XFSM_TESTS_PACKET_BUILDER_H 1

/* Frames and capture files for tests.
 *
 * A frame is built front to back in a buffer of the caller.  Each layer tells
 * the one below what follows it; pb_finish() fills in lengths and checksums:
 *
 *     uint8_t buf[256];
 *     struct packet_builder b;
 *
 *     pb_init(&b, buf, sizeof buf);
 *     pb_eth(&b, NULL, NULL);
 *     pb_vlan(&b, 0x8100, 7, 3);
 *     pb_ip(&b, "10.0.0.1", "10.0.0.2");
 *     pb_tcp(&b, 40000, 80, PB_SYN);
 *     pb_text(&b, "GET / HTTP/1.1\r\n\r\n");
 *     len = pb_finish(&b);
 *
 * A frame is wrong only where a test wants it so: the functions that add a
 * header return where it is, and 'ip_at', 'l4_at' and 'payload_at' remain for
 * changes after pb_finish().
 *
 * The functions that build a whole frame, pb_tcp_frame() and its kin, take the
 * buffer and its size and return the length.
 *
 * Errors: a frame that outgrows its buffer, an address that is none and a file
 * that cannot be written abort(), because a test that goes on would test
 * something else. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "xfsm/packet/packet.h"

/* TCP flags. */
#define PB_FIN 0x01
#define PB_SYN 0x02
#define PB_RST 0x04
#define PB_PSH 0x08
#define PB_ACK 0x10

/* DNS record types. */
#define PB_DNS_A 1
#define PB_DNS_AAAA 28

/* Link types of capture files. */
#define PB_LINKTYPE_ETHERNET 1

/* IPv6 extension headers. */
#define PB_EXT_HOP_BY_HOP 0
#define PB_EXT_ROUTING 43
#define PB_EXT_FRAGMENT 44
#define PB_EXT_AUTH 51
#define PB_EXT_DEST_OPTIONS 60
#define PB_EXT_MOBILITY 135

struct packet_builder {
    uint8_t *buf;               /* The caller's. */
    size_t size;                /* Bytes at 'buf'. */
    size_t len;                 /* Bytes built so far. */

    size_t type_at;             /* Where the EtherType of the next layer goes,
                                 * SIZE_MAX: nowhere. */
    size_t proto_at;            /* Same for the IP protocol number. */
    size_t llc_at;              /* An 802.3 length, SIZE_MAX: none. */
    size_t ip_at;               /* IP header, SIZE_MAX: none. */
    size_t l4_at;               /* Transport header, SIZE_MAX: none. */
    size_t payload_at;          /* What follows it. */
    uint8_t l4_proto;           /* Protocol number of it. */
    size_t dns_at;              /* DNS message. */
};

/* Starts a frame in the 'size' bytes at 'buf'. */
void pb_init(struct packet_builder *, void *buf, size_t size);

/* Fills in lengths and checksums; returns the length of the frame. */
size_t pb_finish(struct packet_builder *);

/* Pads the frame with zero bytes up to 'len', as Ethernet does up to 60.  To
 * be called after pb_finish(), for padding is no part of any layer. */
size_t pb_pad(struct packet_builder *, size_t len);

/* Bytes. */
uint8_t *pb_bytes(struct packet_builder *, const void *, size_t);
uint8_t *pb_fill(struct packet_builder *, int byte, size_t n);
void pb_text(struct packet_builder *, const char *);
void pb_u8(struct packet_builder *, unsigned int);
void pb_be16(struct packet_builder *, unsigned int);
void pb_be32(struct packet_builder *, uint32_t);

/* Link layer.  MAC addresses are text, or NULL for 02:00:00:00:00:01 (source)
 * and 02:00:00:00:00:02 (destination). */
uint8_t *pb_eth(struct packet_builder *, const char *src, const char *dst);
uint8_t *pb_vlan(struct packet_builder *, unsigned int tpid, unsigned int id,
                 unsigned int pcp);
uint8_t *pb_snap(struct packet_builder *);
uint8_t *pb_sll(struct packet_builder *);
uint8_t *pb_sll2(struct packet_builder *);

/* States what follows the link layer, where no function here does it. */
void pb_type(struct packet_builder *, unsigned int ether_type);

/* ARP. */
uint8_t *pb_arp(struct packet_builder *, unsigned int op, const char *sha,
                const char *spa, const char *tha, const char *tpa);

/* IP; pb_ip() chooses the version by the look of 'src'.  TTL is 64. */
uint8_t *pb_ip(struct packet_builder *, const char *src, const char *dst);
uint8_t *pb_ip4(struct packet_builder *, const char *src, const char *dst);
uint8_t *pb_ip6(struct packet_builder *, const char *src, const char *dst);

/* Adds 'n' bytes of IPv4 options, a multiple of 4, all "no operation". */
void pb_ip4_options(struct packet_builder *, size_t n);

/* Adds an IPv6 extension header of 'len' bytes, a multiple of 8 (of 4 for
 * PB_EXT_AUTH), all zero but for its length and next header. */
uint8_t *pb_ip6_ext(struct packet_builder *, unsigned int type, size_t len);

/* Makes the packet a fragment: IPv4 in its header, IPv6 by a fragment header.
 * 'offset' is in bytes. */
void pb_fragment(struct packet_builder *, unsigned int offset, bool more,
                 uint32_t id);

/* States what follows the IP headers, where no function here does it. */
void pb_proto(struct packet_builder *, unsigned int protocol);

/* Transport.  pb_icmp() is ICMPv6 over IPv6. */
uint8_t *pb_tcp(struct packet_builder *, unsigned int sport,
                unsigned int dport, unsigned int flags);
uint8_t *pb_udp(struct packet_builder *, unsigned int sport,
                unsigned int dport);
uint8_t *pb_sctp(struct packet_builder *, unsigned int sport,
                 unsigned int dport);
uint8_t *pb_icmp(struct packet_builder *, unsigned int type,
                 unsigned int code);

/* Adds 'n' bytes of TCP options, a multiple of 4, all "no operation". */
void pb_tcp_options(struct packet_builder *, size_t n);

/* DNS.  pb_dns() adds the header with its counts, the others what follows.
 * A pointer's offset is from the header on. */
uint8_t *pb_dns(struct packet_builder *, unsigned int id, unsigned int flags,
                unsigned int n_questions, unsigned int n_answers);
void pb_dns_name(struct packet_builder *, const char *name);
void pb_dns_pointer(struct packet_builder *, unsigned int offset);
void pb_dns_question(struct packet_builder *, const char *name,
                     unsigned int type);

/* Adds an answer to the first question, class IN, with 'len' bytes of data. */
void pb_dns_answer(struct packet_builder *, unsigned int type,
                   const void *data, size_t len);

/* Adds an answer with the address 'addr', A or AAAA by its look. */
void pb_dns_answer_addr(struct packet_builder *, const char *addr);

/* Whole messages.  'addr' NULL: no answer. */
void pb_dns_query(struct packet_builder *, unsigned int id, const char *name,
                  unsigned int type);
void pb_dns_response(struct packet_builder *, unsigned int id,
                     unsigned int rcode, const char *name, unsigned int type,
                     const char *addr);

/* A Modbus/TCP message without data. */
void pb_modbus(struct packet_builder *, unsigned int ti, unsigned int unit,
               unsigned int fc);

/* Whole Ethernet frames.  'payload' may be NULL. */
size_t pb_tcp_frame(void *buf, size_t size, const char *src,
                    unsigned int sport, const char *dst, unsigned int dport,
                    unsigned int flags, const char *payload);
size_t pb_udp_frame(void *buf, size_t size, const char *src,
                    unsigned int sport, const char *dst, unsigned int dport,
                    const char *payload);
size_t pb_icmp_frame(void *buf, size_t size, const char *src, const char *dst,
                     unsigned int type, unsigned int code);
size_t pb_arp_frame(void *buf, size_t size, unsigned int op, const char *spa,
                    const char *tpa);
size_t pb_dns_query_frame(void *buf, size_t size, const char *client,
                          const char *server, const char *name,
                          unsigned int type);
size_t pb_dns_response_frame(void *buf, size_t size, const char *server,
                             const char *client, unsigned int rcode,
                             const char *name, unsigned int type,
                             const char *addr);

/* Sets the source members of 'packet' for the 'len' bytes at 'data', Ethernet
 * at 'ts' nanoseconds.  'scratch' may be NULL. */
void pb_packet(struct xfsm_packet *packet, const void *data, size_t len,
               uint64_t ts, char *scratch);

/* Capture files, nanosecond pcap.  'ts' is in nanoseconds; 'wire_len' is what
 * the record says, 'len' what it holds. */
FILE *pb_pcap_open(const char *path, unsigned int linktype);
void pb_pcap_write(FILE *, uint64_t ts, const void *data, size_t len,
                   size_t wire_len);
void pb_pcap_close(FILE *);

#endif /* tests/unit/packet-builder.h */
