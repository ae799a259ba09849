/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

/* Tunnels over UDP and IP, and what holds for all of them: which packet fills
 * which fields, depth, cost. */

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/decode-frame.h"
#include "tests/unit/tunnel-builder.h"
#include "xfsm/packet/field.h"

#define ETHERNET 0x6558

/* The plain fields are those of the outer packet, whatever it holds. */
static void
check_outer(void)
{
    assert_decode_error(&dc, "none");
    assert_field(&dc, "eth_src", "02:00:00:00:00:01");
    assert_field(&dc, "ip_src", "192.0.2.1");
    assert_field(&dc, "ip_dst", "192.0.2.2");
    assert_field(&dc, "outer_ip_dst", "192.0.2.2");
    assert_field(&dc, "tcp_flags", "-");
}

static void
check_tunnel(const char *type, const char *id, const char *depth)
{
    check_outer();
    assert_field(&dc, "tun_type", type);
    assert_field(&dc, "tun_id", id);
    assert_field(&dc, "tun_depth", depth);
}

/* Checks the inner fields against payload number 'n'. */
static void
check_inner(unsigned int n, bool ip6)
{
    char text[64];

    snprintf(text, sizeof text, ip6 ? "2001:db8:%x::1" : "10.%u.0.1", n);
    assert_field(&dc, "inner_ip_src", text);
    snprintf(text, sizeof text, ip6 ? "2001:db8:%x::2" : "10.%u.0.2", n);
    assert_field(&dc, "inner_ip_dst", text);
    assert_field(&dc, "inner_ip_version", ip6 ? "6" : "4");
    assert_field(&dc, "inner_proto", "6");
    assert_field(&dc, "inner_ip_ttl", "64");
    snprintf(text, sizeof text, "%u", 100 + n);
    assert_field(&dc, "inner_src_port", text);
    snprintf(text, sizeof text, "%u", 200 + n);
    assert_field(&dc, "inner_dst_port", text);
    assert_field(&dc, "inner_tcp_flags", "2");
    assert_field(&dc, "inner_icmp_type", "-");
}

static void
check_inner_frame(unsigned int n)
{
    char text[64];

    snprintf(text, sizeof text, "02:00:00:%02x:00:01", n);
    assert_field(&dc, "inner_eth_src", text);
    snprintf(text, sizeof text, "02:00:00:%02x:00:02", n);
    assert_field(&dc, "inner_eth_dst", text);
    assert_field(&dc, "inner_eth_type", "2048");
    check_inner(n, false);
}

/* No tunnel at all, and no error. */
static void
check_none(void)
{
    assert_decode_error(&dc, "none");
    assert_field(&dc, "tun_type", "-");
    assert_field(&dc, "tun_depth", "-");
    assert_field(&dc, "inner_ip_src", "-");
}

static void
check_vxlan(unsigned int port)
{
    tb_start_udp(&b, buf, sizeof buf, port);
    tb_vxlan(&b, 0xfffffe);
    tb_frame(&b, 1);
    finish();
    check_tunnel("4", "16777214", "1");
    check_inner_frame(1);
    assert_field(&dc, "src_port", "50000");
    assert_field(&dc, "inner_vlan_id", "-");
    dc_every_cut_of_frame(&b);
}

static void
test_vxlan(void **state)
{
    (void) state;
    check_vxlan(4789);
    check_vxlan(8472);

    /* A packet on the port that is none, one that is cut. */
    buf[b.l4_at + 8] = 0;
    decode();
    check_none();
    tb_start_udp(&b, buf, sizeof buf, 4789);
    tb_vxlan(&b, 1);
    b.len--;
    finish();
    assert_decode_error(&dc, "tunnel_short");
    assert_field(&dc, "tun_type", "-");

    /* The other direction is somebody's ephemeral port. */
    tb_start_udp(&b, buf, sizeof buf, 50000);
    tb_vxlan(&b, 1);
    tb_frame(&b, 1);
    pb_finish(&b);
    memcpy(buf + b.l4_at, "\x12\xb5", 2);
    decode();
    assert_field(&dc, "src_port", "4789");
    check_none();
}

static void
test_inner_layers(void **state)
{
    uint8_t frame[256];
    struct packet_builder in;

    (void) state;
    /* A VLAN tag and ICMPv6. */
    pb_init(&in, frame, sizeof frame);
    pb_eth(&in, NULL, NULL);
    pb_vlan(&in, 0x8100, 7, 0);
    pb_ip(&in, "fe80::1", "ff02::1");
    pb_icmp(&in, 134, 1);
    pb_finish(&in);
    tb_start_udp(&b, buf, sizeof buf, 4789);
    tb_vxlan(&b, 1);
    pb_bytes(&b, frame, in.len);
    finish();
    check_tunnel("4", "1", "1");
    assert_field(&dc, "inner_vlan_id", "7");
    assert_field(&dc, "inner_eth_type", "34525");
    assert_field(&dc, "inner_ip_version", "6");
    assert_field(&dc, "inner_icmp_type", "134");
    assert_field(&dc, "inner_icmp_code", "1");
    assert_field(&dc, "inner_dst_port", "-");
    assert_field(&dc, "icmp_type", "-");
    assert_field(&dc, "vlan_id", "-");
    dc_every_cut_of_frame(&b);

    /* ARP. */
    pb_init(&in, frame, sizeof frame);
    pb_eth(&in, NULL, NULL);
    pb_arp(&in, 1, "02:00:00:00:00:01", "10.0.0.1", "00:00:00:00:00:00",
           "10.0.0.2");
    tb_start_udp(&b, buf, sizeof buf, 4789);
    tb_vxlan(&b, 1);
    pb_bytes(&b, frame, in.len);
    finish();
    check_tunnel("4", "1", "1");
    assert_field(&dc, "inner_eth_type", "2054");
    assert_field(&dc, "inner_ip_src", "-");
    assert_field(&dc, "arp_op", "-");
}

/* What is wrong inside is told, and what was decoded before stays. */
static void
test_inner_error(void **state)
{
    (void) state;
    tb_start_udp(&b, buf, sizeof buf, 4789);
    tb_vxlan(&b, 1);
    tb_frame(&b, 1);
    pb_finish(&b);
    buf[b.l4_at + 8 + 8 + 14] = 0x41;
    decode();
    assert_decode_error(&dc, "ip_hlen");
    assert_field(&dc, "ip_src", "192.0.2.1");
    assert_field(&dc, "tun_id", "1");
    assert_field(&dc, "inner_eth_src", "02:00:00:01:00:01");
    assert_field(&dc, "inner_ip_src", "-");
}

static void
check_geneve(size_t options_len)
{
    tb_start_udp(&b, buf, sizeof buf, 6081);
    tb_geneve(&b, 5, ETHERNET, options_len);
    tb_frame(&b, 1);
    finish();
    check_tunnel("5", "5", "1");
    check_inner_frame(1);
    dc_every_cut_of_frame(&b);
}

static void
test_geneve(void **state)
{
    (void) state;
    check_geneve(0);
    check_geneve(4);
    check_geneve(252);

    /* IP without Ethernet, other payload. */
    tb_start_udp(&b, buf, sizeof buf, 6081);
    tb_geneve(&b, 5, 0x86dd, 0);
    tb_ip6(&b, 1);
    finish();
    check_tunnel("5", "5", "1");
    check_inner(1, true);
    assert_field(&dc, "inner_eth_src", "-");
    assert_field(&dc, "inner_eth_type", "34525");
    tb_start_udp(&b, buf, sizeof buf, 6081);
    tb_geneve(&b, 5, 0x1234, 0);
    finish();
    check_tunnel("5", "5", "1");
    assert_field(&dc, "inner_eth_type", "4660");

    /* Options longer than the packet; another version. */
    tb_start_udp(&b, buf, sizeof buf, 6081);
    tb_geneve(&b, 5, ETHERNET, 8);
    finish();
    buf[b.l4_at + 8] = 3;
    decode();
    assert_decode_error(&dc, "tunnel_short");
    assert_field(&dc, "tun_type", "-");
    buf[b.l4_at + 8] = 0x40;
    decode();
    check_none();
}

static void
check_gtp(unsigned int flags, bool ip6)
{
    uint8_t *gtp;

    tb_start_udp(&b, buf, sizeof buf, 2152);
    gtp = tb_gtp(&b, 0xfedcba98, flags, 0);
    if (ip6) {
        tb_ip6(&b, 1);
    } else {
        tb_ip4(&b, 1);
    }
    tb_gtp_finish(&b, gtp);
    finish();
    check_tunnel("6", "4275878552", "1");
    check_inner(1, ip6);
    assert_field(&dc, "inner_eth_type", "-");
    dc_every_cut_of_frame(&b);
}

static void
test_gtp(void **state)
{
    (void) state;
    check_gtp(0, false);
    check_gtp(0, true);
    check_gtp(1, false);
    check_gtp(2, false);
    check_gtp(4, false);

    /* An echo request; GTP'; version 2. */
    tb_start_udp(&b, buf, sizeof buf, 2152);
    tb_gtp(&b, 1, 0, 0)[1] = 1;
    finish();
    check_none();
    tb_start_udp(&b, buf, sizeof buf, 2152);
    tb_gtp(&b, 1, 0, 0)[0] = 0x20;
    finish();
    check_none();
    tb_start_udp(&b, buf, sizeof buf, 2152);
    tb_gtp(&b, 1, 0, 0)[0] = 0x50;
    finish();
    check_none();

    /* Neither IPv4 nor IPv6. */
    tb_start_udp(&b, buf, sizeof buf, 2152);
    tb_gtp_finish(&b, tb_gtp(&b, 1, 0, 0));
    pb_u8(&b, 0);
    buf[b.l4_at + 11] = 1;
    finish();
    assert_decode_error(&dc, "ip_version");
    assert_field(&dc, "tun_type", "6");
}

/* 'n' extension headers of 4 bytes. */
static void
start_gtp_extensions(int n)
{
    uint8_t *gtp;

    tb_start_udp(&b, buf, sizeof buf, 2152);
    gtp = tb_gtp(&b, 7, 4, 0xc0);
    for (; n > 0; n--) {
        pb_u8(&b, 1);
        pb_be16(&b, 0);
        pb_u8(&b, n == 1 ? 0 : 0xc0);
    }
    tb_ip4(&b, 1);
    tb_gtp_finish(&b, gtp);
    finish();
}

/* That the outer packet does not say its length, as before segmentation, says
 * nothing of the inner one. */
static void
test_super_packet(void **state)
{
    struct packet_builder inner;
    uint8_t frame[128];

    (void) state;
    pb_init(&inner, frame, sizeof frame);
    pb_eth(&inner, NULL, NULL);
    pb_ip(&inner, "10.0.0.1", "10.0.0.2");
    pb_udp(&inner, 1, 2);
    pb_fill(&inner, 'x', 8);
    pb_finish(&inner);
    memset(frame + inner.l4_at + 4, 0, 2);

    tb_start_udp(&b, buf, sizeof buf, 4789);
    tb_vxlan(&b, 1);
    pb_bytes(&b, frame, inner.len);
    finish();
    memset(buf + b.ip_at + 2, 0, 2);
    decode();
    assert_field(&dc, "inner_dst_port", "2");
    assert_decode_error(&dc, "udp_len");
}

static void
test_gtp_extensions(void **state)
{
    (void) state;
    start_gtp_extensions(1);
    check_tunnel("6", "7", "1");
    check_inner(1, false);
    dc_every_cut_of_frame(&b);
    start_gtp_extensions(XFSM_GTP_EXT_MAX);
    check_tunnel("6", "7", "1");
    check_inner(1, false);
    start_gtp_extensions(XFSM_GTP_EXT_MAX + 1);
    assert_decode_error(&dc, "tunnel_header");
    assert_field(&dc, "tun_type", "-");

    /* One without length, one longer than the packet. */
    start_gtp_extensions(1);
    buf[b.l4_at + 20] = 0;
    decode();
    assert_decode_error(&dc, "tunnel_header");
    buf[b.l4_at + 20] = 255;
    decode();
    assert_decode_error(&dc, "tunnel_short");
}

static void
test_ip_in_ip(void **state)
{
    (void) state;
    tb_start_ip(&b, buf, sizeof buf, 4);
    tb_ip4(&b, 1);
    finish();
    check_tunnel("1", "-", "1");
    check_inner(1, false);
    assert_field(&dc, "proto", "4");
    assert_field(&dc, "src_port", "-");
    dc_every_cut_of_frame(&b);

    tb_start_ip(&b, buf, sizeof buf, 41);
    tb_ip6(&b, 2);
    finish();
    check_tunnel("1", "-", "1");
    check_inner(2, true);
    dc_every_cut_of_frame(&b);
}

/* 'n' VXLAN headers, one in another, the outermost with network 1. */
static void
start_nested(int n)
{
    uint8_t frames[2][2048];
    size_t len = 0;
    int i;

    for (i = n; i > 0; i--) {
        tb_start_udp(&b, frames[i & 1], sizeof frames[0], 4789);
        tb_vxlan(&b, (unsigned int) i);
        if (i == n) {
            tb_frame(&b, 9);
        } else {
            pb_bytes(&b, frames[(i + 1) & 1], len);
        }
        len = pb_finish(&b);
    }
    pb_init(&b, buf, sizeof buf);
    pb_bytes(&b, frames[1], len);
    decode();
}

static void
test_nested(void **state)
{
    size_t n;

    (void) state;
    start_nested(2);
    check_tunnel("4", "1", "2");
    check_inner_frame(9);
    start_nested(XFSM_TUNNEL_MAX);
    check_tunnel("4", "1", "4");
    check_inner_frame(9);

    /* One more: what was decoded up to there stays. */
    start_nested(XFSM_TUNNEL_MAX + 1);
    assert_decode_error(&dc, "tunnel_deep");
    assert_field(&dc, "tun_depth", "4");
    assert_field(&dc, "inner_ip_src", "192.0.2.1");
    assert_field(&dc, "inner_dst_port", "4789");

    /* Cut anywhere, some packet is the innermost, and whole. */
    for (n = 0; n < b.len; n++) {
        dc_free(&dc);
        dc_decode(&dc, XFSM_LINK_ETHERNET, buf, n, b.len);
        assert_string_not_equal(dc_text(&dc, "inner_ip_src"), "10.9.0.1");
        assert_true(dc.packet.decode_error < XFSM_N_DECODE_ERRORS);
    }
}

/* A tunnel within that holds nothing leaves the packet around it. */
static void
test_nested_empty(void **state)
{
    uint8_t frame[256];
    struct packet_builder in;

    (void) state;
    tb_start_udp(&in, frame, sizeof frame, 4789);
    tb_vxlan(&in, 2);
    pb_finish(&in);
    tb_start_udp(&b, buf, sizeof buf, 4789);
    tb_vxlan(&b, 1);
    pb_bytes(&b, frame, in.len);
    finish();
    assert_decode_error(&dc, "link_short");
    assert_field(&dc, "tun_id", "1");
    assert_field(&dc, "tun_depth", "2");
    assert_field(&dc, "inner_ip_src", "192.0.2.1");
    assert_field(&dc, "inner_dst_port", "4789");

    /* A deeper packet leaves nothing of the one around it. */
    tb_start_ip(&in, frame, sizeof frame, 4);
    tb_ip4(&in, 3);
    pb_finish(&in);
    tb_start_udp(&b, buf, sizeof buf, 4789);
    tb_vxlan(&b, 1);
    pb_bytes(&b, frame, in.len);
    finish();
    check_tunnel("4", "1", "2");
    check_inner(3, false);
    assert_field(&dc, "inner_eth_src", "-");
}

/* Only who asks pays, and sees what is wrong. */
static void
test_unwanted(void **state)
{
    struct xfsm_fieldset want = { { UINT64_MAX, UINT64_MAX } };
    unsigned int i;

    (void) state;
    start_nested(XFSM_TUNNEL_MAX + 1);
    assert_decode_error(&dc, "tunnel_deep");
    for (i = 0; i < XFSM_N_FIELDS; i++) {
        if (xfsm_fields[i].layer == XFSM_FL_TUNNEL) {
            xfsm_fieldset_remove(&want, i);
        }
    }
    xfsm_decode(&dc.packet, &want);
    check_none();
    xfsm_fieldset_add(&want, XFSM_F_INNER_ICMP_CODE);
    xfsm_decode(&dc.packet, &want);
    assert_decode_error(&dc, "tunnel_deep");
}

/* Fragments after the first hold no header; the first holds one. */
static void
test_fragments(void **state)
{
    (void) state;
    pb_init(&b, buf, sizeof buf);
    pb_eth(&b, NULL, NULL);
    pb_ip(&b, "192.0.2.1", "192.0.2.2");
    pb_fragment(&b, 0, true, 1);
    pb_udp(&b, 50000, 4789);
    tb_vxlan(&b, 1);
    tb_frame(&b, 1);
    pb_finish(&b);
    buf[b.l4_at + 4] = 0x05;    /* The length of the whole datagram. */
    decode();
    check_tunnel("4", "1", "1");
    check_inner_frame(1);

    tb_start_ip(&b, buf, sizeof buf, 4);
    pb_fragment(&b, 8, false, 1);
    tb_ip4(&b, 1);
    finish();
    check_none();
}

/* Every value of every byte of the headers. */
static void
test_mutations(void **state)
{
    (void) state;
    start_nested(2);
    decode_mutations(12);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_vxlan, teardown),
        cmocka_unit_test_teardown(test_inner_layers, teardown),
        cmocka_unit_test_teardown(test_inner_error, teardown),
        cmocka_unit_test_teardown(test_geneve, teardown),
        cmocka_unit_test_teardown(test_gtp, teardown),
        cmocka_unit_test_teardown(test_super_packet, teardown),
        cmocka_unit_test_teardown(test_gtp_extensions, teardown),
        cmocka_unit_test_teardown(test_ip_in_ip, teardown),
        cmocka_unit_test_teardown(test_nested, teardown),
        cmocka_unit_test_teardown(test_nested_empty, teardown),
        cmocka_unit_test_teardown(test_unwanted, teardown),
        cmocka_unit_test_teardown(test_fragments, teardown),
        cmocka_unit_test_teardown(test_mutations, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
