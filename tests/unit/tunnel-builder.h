/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef XFSM_TESTS_TUNNEL_BUILDER_H
#define XFSM_TESTS_TUNNEL_BUILDER_H 1

/* Tunnels for tests: headers and payloads after what packet-builder.h makes.
 *
 *     tb_start_udp(&b, buf, sizeof buf, 4789);
 *     tb_vxlan(&b, 5);
 *     tb_frame(&b, 1);
 *     pb_finish(&b);
 *
 * The outer packet goes from 192.0.2.1 to 192.0.2.2.  Payload number 'n' goes
 * from 10.n.0.1 (2001:db8:n::1) port 100 + n to 10.n.0.2 (2001:db8:n::2) port
 * 200 + n, TCP with the flag SYN, between the MAC addresses 02:00:00:0n:00:01
 * and 02:00:00:0n:00:02.  It is finished, whatever is added around it. */

#include "tests/unit/packet-builder.h"

/* GRE header flags. */
#define TB_GRE_CHECKSUM 0x8000
#define TB_GRE_ROUTING 0x4000
#define TB_GRE_KEY 0x2000
#define TB_GRE_SEQUENCE 0x1000
#define TB_GRE_ACK 0x0080

/* Starts a frame with a UDP header to 'port', or an IP header with 'proto'. */
void tb_start_udp(struct packet_builder *, void *buf, size_t size,
                  unsigned int port);
void tb_start_ip(struct packet_builder *, void *buf, size_t size,
                 unsigned int proto);

/* Headers.  Each returns where it is. */
uint8_t *tb_vxlan(struct packet_builder *, unsigned int vni);
uint8_t *tb_geneve(struct packet_builder *, unsigned int vni,
                   unsigned int type, size_t options_len);

/* 'flags' are the E, S and PN bits; with any of them the optional part
 * follows, which says that the next extension header is 'next'. */
uint8_t *tb_gtp(struct packet_builder *, uint32_t teid, unsigned int flags,
                unsigned int next);

/* Fills in the length of the GTP-U header at 'gtp', up to here. */
void tb_gtp_finish(struct packet_builder *, uint8_t *gtp);

/* Adds a GRE header with the optional fields that 'flags' name: checksum 0,
 * 'key', sequence number 1. */
uint8_t *tb_gre(struct packet_builder *, unsigned int flags,
                unsigned int type, uint32_t key);

/* Payloads: an Ethernet frame, the IPv4 and the IPv6 packet. */
void tb_frame(struct packet_builder *, unsigned int n);
void tb_ip4(struct packet_builder *, unsigned int n);
void tb_ip6(struct packet_builder *, unsigned int n);

#endif /* tests/unit/tunnel-builder.h */
