/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

/* Network and transport layers.  The link layer and the applications have
 * tests of their own. */

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/decode-frame.h"

static void
test_tables(void **state)
{
    unsigned int i;

    (void) state;
    for (i = 0; i < XFSM_N_DECODE_ERRORS; i++) {
        assert_true(xfsm_decode_error_names[i][0]);
        assert_true(xfsm_decode_error_docs[i][0]);
    }
}

static void
test_arp(void **state)
{
    (void) state;
    start_frame();
    pb_eth(&b, NULL, NULL);
    pb_arp(&b, 2, "0a:00:00:00:00:01", "192.0.2.1", "0a:00:00:00:00:02",
           "192.0.2.2");
    pb_finish(&b);
    pb_pad(&b, 60);
    decode();
    assert_decode_error(&dc, "none");
    assert_field(&dc, "arp_op", "2");
    assert_field(&dc, "arp_sha", "0a:00:00:00:00:01");
    assert_field(&dc, "arp_spa", "192.0.2.1");
    assert_field(&dc, "arp_tha", "0a:00:00:00:00:02");
    assert_field(&dc, "arp_tpa", "192.0.2.2");
    dc_every_cut_of_frame(&b);

    /* Another address size. */
    buf[14 + 4] = 8;
    decode();
    assert_decode_error(&dc, "arp_short");
    assert_field(&dc, "arp_op", "2");
    assert_field(&dc, "arp_spa", "-");
}

static void
test_ip4(void **state)
{
    uint8_t *ip;

    (void) state;
    start_ip("10.1.2.3", "255.255.255.255");
    ip = buf + b.ip_at;
    ip[1] = 46 << 2 | 3;
    ip[4] = 0xab;
    ip[5] = 0xcd;
    ip[8] = 255;
    pb_proto(&b, 89);
    finish();
    assert_decode_error(&dc, "none");
    assert_field(&dc, "ip_version", "4");
    assert_field(&dc, "ip_src", "10.1.2.3");
    assert_field(&dc, "ip_dst", "255.255.255.255");
    assert_field(&dc, "proto", "89");
    assert_field(&dc, "ip_ttl", "255");
    assert_field(&dc, "ip_dscp", "46");
    assert_field(&dc, "ip_ecn", "3");
    assert_field(&dc, "ip_id", "43981");
    assert_field(&dc, "ip_fragment", "0");
    assert_field(&dc, "ip_frag_offset", "-");
    assert_field(&dc, "src_port", "-");
}

static void
test_ip4_errors(void **state)
{
    (void) state;
    start_ip("10.0.0.1", "10.0.0.2");
    pb_ip4_options(&b, 40);
    pb_udp(&b, 1, 2);
    finish();
    assert_decode_error(&dc, "none");
    assert_field(&dc, "dst_port", "2");
    dc_every_cut_of_frame(&b);

    buf[b.ip_at + 2] = 0;
    buf[b.ip_at + 3] = 59;      /* The header has 60. */
    decode();
    assert_decode_error(&dc, "ip_len");
    assert_field(&dc, "ip_src", "10.0.0.1");
    assert_field(&dc, "src_port", "-");
    buf[b.ip_at + 3] = 60;
    decode();
    assert_decode_error(&dc, "l4_short");

    buf[b.ip_at] = 0x44;
    decode();
    assert_decode_error(&dc, "ip_hlen");
    assert_field(&dc, "ip_src", "-");
    buf[b.ip_at] = 0x55;
    decode();
    assert_decode_error(&dc, "ip_version");

    dc_free(&dc);
    dc_decode(&dc, XFSM_LINK_ETHERNET, buf, 33, 33);
    assert_decode_error(&dc, "ip_short");
    buf[b.ip_at] = 0x4f;
    dc_free(&dc);
    dc_decode(&dc, XFSM_LINK_ETHERNET, buf, 60, b.len);
    assert_decode_error(&dc, "ip_short");
    assert_field(&dc, "ip_src", "10.0.0.1");
}

static void
test_padding_and_payload(void **state)
{
    (void) state;
    /* Padding is no payload. */
    start_ip("10.0.0.1", "10.0.0.2");
    pb_tcp(&b, 1, 2, PB_ACK);
    pb_finish(&b);
    pb_pad(&b, 60);
    decode();
    assert_field(&dc, "payload_len", "0");
    assert_field(&dc, "len", "60");

    /* What was not captured is. */
    start_ip("10.0.0.1", "10.0.0.2");
    pb_tcp(&b, 1, 2, PB_ACK);
    pb_tcp_options(&b, 12);
    pb_fill(&b, 'x', 1000);
    pb_finish(&b);
    dc_free(&dc);
    dc_decode(&dc, XFSM_LINK_ETHERNET, buf, 96, b.len);
    assert_decode_error(&dc, "none");
    assert_field(&dc, "payload_len", "1000");

    /* UDP by its own length. */
    start_ip("10.0.0.1", "10.0.0.2");
    pb_udp(&b, 1, 2);
    pb_fill(&b, 'x', 100);
    pb_finish(&b);
    buf[b.l4_at + 5] = 8 + 60;
    decode();
    assert_field(&dc, "payload_len", "60");
}

/* Before segmentation offload the length fields are zero. */
static void
test_super_packet(void **state)
{
    static uint8_t frame[70000];
    struct packet_builder big;

    (void) state;
    pb_init(&big, frame, sizeof frame);
    pb_eth(&big, NULL, NULL);
    pb_ip(&big, "10.0.0.1", "10.0.0.2");
    pb_tcp(&big, 1, 2, PB_ACK);
    pb_fill(&big, 'x', 69000);
    memset(frame + big.ip_at + 2, 0, 2);
    dc_free(&dc);
    dc_decode(&dc, XFSM_LINK_ETHERNET, frame, big.len, big.len);
    assert_decode_error(&dc, "none");
    assert_field(&dc, "payload_len", "69000");
    dc_free(&dc);
    dc_decode(&dc, XFSM_LINK_ETHERNET, frame, 128, big.len);
    assert_field(&dc, "payload_len", "69000");

    pb_init(&big, frame, sizeof frame);
    pb_eth(&big, NULL, NULL);
    pb_ip(&big, "2001:db8::1", "2001:db8::2");
    pb_udp(&big, 1, 2);
    pb_fill(&big, 'x', 69000);
    dc_free(&dc);
    dc_decode(&dc, XFSM_LINK_ETHERNET, frame, big.len, big.len);
    assert_decode_error(&dc, "none");
    assert_field(&dc, "payload_len", "69000");
}

static void
check_fragment(const char *src, const char *dst, unsigned int offset,
               bool more)
{
    start_ip(src, dst);
    pb_fragment(&b, offset, more, 0xabcd);
    pb_udp(&b, 1, 2);
    pb_fill(&b, 'x', 24);
    pb_finish(&b);
    buf[b.l4_at + 4] = 0x10;    /* The length of the whole datagram. */
    decode();
    assert_decode_error(&dc, "none");
    assert_field(&dc, "proto", "17");
    assert_field(&dc, "ip_fragment", "1");
    assert_field(&dc, "ip_id", "43981");
    assert_int_equal(dc.packet.ip_frag_offset, offset);
    assert_string_not_equal(dc_text(&dc, "ip_frag_offset"), "-");
    assert_field(&dc, "src_port", offset ? "-" : "1");
    assert_field(&dc, "payload_len", offset ? "-" : "24");
    dc_every_cut_of_frame(&b);
}

static void
test_fragments(void **state)
{
    (void) state;
    check_fragment("10.0.0.1", "10.0.0.2", 0, true);
    check_fragment("10.0.0.1", "10.0.0.2", 8, true);
    check_fragment("10.0.0.1", "10.0.0.2", 65528, false);
    check_fragment("2001:db8::1", "2001:db8::2", 0, true);
    check_fragment("2001:db8::1", "2001:db8::2", 8, true);
    check_fragment("2001:db8::1", "2001:db8::2", 65528, false);

    /* A fragment header that fragments nothing (RFC 6946). */
    start_ip("2001:db8::1", "2001:db8::2");
    pb_fragment(&b, 0, false, 0xffffffff);
    pb_udp(&b, 1, 2);
    finish();
    assert_field(&dc, "ip_fragment", "0");
    assert_field(&dc, "ip_frag_offset", "-");
    assert_field(&dc, "ip_id", "4294967295");
    assert_field(&dc, "dst_port", "2");

    /* All of TCP's header in the first one. */
    start_ip("10.0.0.1", "10.0.0.2");
    pb_fragment(&b, 0, true, 1);
    pb_tcp(&b, 1, 2, PB_ACK);
    pb_fill(&b, 'x', 8);
    finish();
    assert_decode_error(&dc, "none");
    assert_field(&dc, "ip_fragment", "1");
    assert_field(&dc, "ip_frag_offset", "0");
    assert_field(&dc, "ip_more_fragments", "1");
    assert_field(&dc, "tcp_flags", "16");

    /* A transport header spread over fragments is cut, not impossible. */
    start_ip("10.0.0.1", "10.0.0.2");
    pb_fragment(&b, 0, true, 1);
    pb_tcp(&b, 1, 2, PB_SYN);
    buf[b.l4_at + 12] = 15 << 4;
    finish();
    assert_decode_error(&dc, "l4_short");
    assert_field(&dc, "tcp_flags", "2");
}

static void
test_ip6(void **state)
{
    (void) state;
    start_ip("2001:db8::1", "ff02::1");
    buf[b.ip_at] = 0x60 | 46 >> 2;      /* DSCP 46, ECN 1, flow 0xfffff. */
    memset(buf + b.ip_at + 1, 0xff, 3);
    buf[b.ip_at + 1] = (46 << 6 & 0xff) | 1 << 4 | 0x0f;
    buf[b.ip_at + 7] = 1;
    pb_icmp(&b, 128, 1);
    finish();
    assert_decode_error(&dc, "none");
    assert_field(&dc, "ip_version", "6");
    assert_field(&dc, "ip_src", "2001:db8::1");
    assert_field(&dc, "ip_dst", "ff02::1");
    assert_field(&dc, "ip_dscp", "46");
    assert_field(&dc, "ip_ecn", "1");
    assert_field(&dc, "ip_ttl", "1");
    assert_field(&dc, "ip_id", "-");
    assert_field(&dc, "ip_fragment", "0");
    assert_field(&dc, "proto", "58");
    assert_field(&dc, "icmp_type", "128");
    assert_field(&dc, "icmp_code", "1");
    dc_every_cut_of_frame(&b);

    buf[b.ip_at] = 0x40;
    decode();
    assert_decode_error(&dc, "ip_version");
    dc_free(&dc);
    dc_decode(&dc, XFSM_LINK_ETHERNET, buf, 53, 53);
    assert_decode_error(&dc, "ip_short");

    /* No next header. */
    start_ip("2001:db8::1", "2001:db8::2");
    finish();
    assert_decode_error(&dc, "none");
    assert_field(&dc, "proto", "59");
}

static void
test_ip6_extensions(void **state)
{
    (void) state;
    start_ip("2001:db8::1", "2001:db8::2");
    pb_ip6_ext(&b, PB_EXT_HOP_BY_HOP, 8);
    pb_ip6_ext(&b, PB_EXT_DEST_OPTIONS, 2048);
    pb_ip6_ext(&b, PB_EXT_ROUTING, 24);
    pb_fragment(&b, 0, false, 1);
    pb_ip6_ext(&b, PB_EXT_AUTH, 12);
    pb_ip6_ext(&b, PB_EXT_MOBILITY, 16);
    pb_tcp(&b, 1, 2, PB_SYN);
    pb_text(&b, "abc");
    finish();
    assert_decode_error(&dc, "none");
    assert_field(&dc, "proto", "6");
    assert_field(&dc, "tcp_flags", "2");
    assert_field(&dc, "payload_len", "3");

    start_ip("2001:db8::1", "2001:db8::2");
    pb_ip6_ext(&b, PB_EXT_HOP_BY_HOP, 16);
    pb_ip6_ext(&b, PB_EXT_AUTH, 24);
    pb_fragment(&b, 0, true, 1);
    pb_udp(&b, 1, 2);
    finish();
    assert_field(&dc, "dst_port", "2");
    dc_every_cut_of_frame(&b);

    /* One that is longer than the packet, by the packet's own length. */
    buf[b.ip_at + 41] = 255;
    decode();
    assert_decode_error(&dc, "ip6_ext");
    assert_field(&dc, "proto", "-");
    assert_field(&dc, "ip_src", "2001:db8::1");
}

static void
check_n_extensions(int n, const char *proto, const char *error)
{
    int i;

    start_ip("2001:db8::1", "2001:db8::2");
    for (i = 0; i < n; i++) {
        pb_ip6_ext(&b, PB_EXT_DEST_OPTIONS, 8);
    }
    pb_udp(&b, 1, 2);
    finish();
    assert_decode_error(&dc, error);
    assert_field(&dc, "proto", proto);
}

static void
test_ip6_extension_limit(void **state)
{
    (void) state;
    check_n_extensions(XFSM_IP6_EXT_MAX, "17", "none");
    check_n_extensions(XFSM_IP6_EXT_MAX + 1, "-", "ip6_deep");
}

static void
test_tcp(void **state)
{
    uint8_t *tcp;

    (void) state;
    start_ip("10.0.0.1", "10.0.0.2");
    tcp = pb_tcp(&b, 65535, 0, 0xff);
    memcpy(tcp + 4, "\xff\xee\xdd\xcc\x01\x02\x03\x04", 8);
    pb_tcp_options(&b, 40);
    pb_text(&b, "hello");
    finish();
    assert_decode_error(&dc, "none");
    assert_field(&dc, "src_port", "65535");
    assert_field(&dc, "dst_port", "0");
    assert_field(&dc, "tcp_flags", "255");
    assert_field(&dc, "tcp_seq", "4293844428");
    assert_field(&dc, "tcp_ack", "16909060");
    assert_field(&dc, "tcp_window", "64240");
    assert_field(&dc, "payload_len", "5");
    dc_every_cut_of_frame(&b);

    tcp[12] = 4 << 4;
    decode();
    assert_decode_error(&dc, "tcp_hlen");
    assert_field(&dc, "tcp_flags", "255");
    assert_field(&dc, "payload_len", "-");

    /* A header as long as the segment, and longer. */
    start_ip("10.0.0.1", "10.0.0.2");
    tcp = pb_tcp(&b, 1, 2, PB_SYN);
    pb_fill(&b, 0, 4);
    tcp[12] = 6 << 4;
    finish();
    assert_decode_error(&dc, "none");
    assert_field(&dc, "payload_len", "0");
    tcp[12] = 7 << 4;
    decode();
    assert_decode_error(&dc, "tcp_hlen");
}

/* Of a cut header the ports are kept if they are there. */
static void
test_l4_short(void **state)
{
    (void) state;
    start_ip("10.0.0.1", "10.0.0.2");
    pb_tcp(&b, 1, 2, PB_SYN);
    pb_finish(&b);
    dc_free(&dc);
    dc_decode(&dc, XFSM_LINK_ETHERNET, buf, b.l4_at + 19, b.len);
    assert_decode_error(&dc, "l4_short");
    assert_field(&dc, "dst_port", "2");
    assert_field(&dc, "tcp_flags", "-");
    dc_free(&dc);
    dc_decode(&dc, XFSM_LINK_ETHERNET, buf, b.l4_at + 3, b.len);
    assert_decode_error(&dc, "l4_short");
    assert_field(&dc, "dst_port", "-");
}

static void
check_udp_len(unsigned int len, const char *payload_len, const char *error)
{
    start_ip("10.0.0.1", "10.0.0.2");
    pb_udp(&b, 1, 2);
    pb_fill(&b, 'x', 10);
    pb_finish(&b);
    buf[b.l4_at + 4] = (uint8_t) (len >> 8);
    buf[b.l4_at + 5] = (uint8_t) len;
    decode();
    assert_decode_error(&dc, error);
    assert_field(&dc, "payload_len", payload_len);
    assert_field(&dc, "dst_port", "2");
}

static void
test_udp(void **state)
{
    (void) state;
    check_udp_len(18, "10", "none");
    check_udp_len(8, "0", "none");
    check_udp_len(7, "-", "udp_len");
    check_udp_len(0, "-", "udp_len");
    check_udp_len(19, "-", "udp_len");
    check_udp_len(65535, "-", "udp_len");
    start_ip("10.0.0.1", "10.0.0.2");
    pb_udp(&b, 1, 2);
    pb_text(&b, "x");
    pb_finish(&b);
    dc_every_cut_of_frame(&b);
}

static void
test_icmp_and_sctp(void **state)
{
    (void) state;
    start_ip("10.0.0.1", "10.0.0.2");
    pb_icmp(&b, 0, 0);
    finish();
    assert_field(&dc, "proto", "1");
    assert_field(&dc, "icmp_type", "0");
    assert_field(&dc, "icmp_code", "0");
    assert_field(&dc, "src_port", "-");
    assert_field(&dc, "payload_len", "-");
    dc_every_cut_of_frame(&b);

    start_ip("10.0.0.1", "10.0.0.2");
    pb_sctp(&b, 2905, 2906);
    finish();
    assert_decode_error(&dc, "none");
    assert_field(&dc, "proto", "132");
    assert_field(&dc, "src_port", "2905");
    assert_field(&dc, "dst_port", "2906");
    assert_field(&dc, "payload_len", "-");
    dc_every_cut_of_frame(&b);
}

/* Bytes that change under it: every value of every header byte. */
static void
test_mutations(void **state)
{
    (void) state;
    start_frame();
    pb_eth(&b, NULL, NULL);
    pb_vlan(&b, 0x8100, 7, 0);
    pb_ip(&b, "2001:db8::1", "2001:db8::2");
    pb_ip6_ext(&b, PB_EXT_HOP_BY_HOP, 8);
    pb_udp(&b, 53, 40000);
    pb_dns_response(&b, 1, 0, "www.a.example", PB_DNS_A, "192.0.2.1");
    pb_finish(&b);
    decode_mutations(12);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_tables, teardown),
        cmocka_unit_test_teardown(test_arp, teardown),
        cmocka_unit_test_teardown(test_ip4, teardown),
        cmocka_unit_test_teardown(test_ip4_errors, teardown),
        cmocka_unit_test_teardown(test_padding_and_payload, teardown),
        cmocka_unit_test_teardown(test_super_packet, teardown),
        cmocka_unit_test_teardown(test_fragments, teardown),
        cmocka_unit_test_teardown(test_ip6, teardown),
        cmocka_unit_test_teardown(test_ip6_extensions, teardown),
        cmocka_unit_test_teardown(test_ip6_extension_limit, teardown),
        cmocka_unit_test_teardown(test_tcp, teardown),
        cmocka_unit_test_teardown(test_l4_short, teardown),
        cmocka_unit_test_teardown(test_udp, teardown),
        cmocka_unit_test_teardown(test_icmp_and_sctp, teardown),
        cmocka_unit_test_teardown(test_mutations, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
