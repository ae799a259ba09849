/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

/* GRE, PPTP, ERSPAN. */

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/decode-frame.h"
#include "tests/unit/tunnel-builder.h"

#define PROTO_GRE 47
#define IP4 0x0800
#define IP6 0x86dd
#define ETHERNET 0x6558
#define PPP 0x880b
#define ERSPAN 0x88be
#define ERSPAN3 0x22eb
#define MPLS 0x8847

static void
start(void)
{
    tb_start_ip(&b, buf, sizeof buf, PROTO_GRE);
}

static void
check(const char *type, const char *id, const char *src, const char *dport)
{
    assert_decode_error(&dc, "none");
    assert_field(&dc, "ip_src", "192.0.2.1");
    assert_field(&dc, "proto", "47");
    assert_field(&dc, "src_port", "-");
    assert_field(&dc, "tun_type", type);
    assert_field(&dc, "tun_id", id);
    assert_field(&dc, "tun_depth", "1");
    assert_field(&dc, "inner_ip_src", src);
    assert_field(&dc, "inner_dst_port", dport);
    dc_every_cut_of_frame(&b);
}

static void
check_error(const char *error)
{
    assert_decode_error(&dc, error);
    assert_field(&dc, "ip_src", "192.0.2.1");
    assert_field(&dc, "tun_type", "-");
    assert_field(&dc, "inner_ip_src", "-");
}

static void
check_flags(unsigned int flags, const char *id)
{
    start();
    tb_gre(&b, flags, IP4, 0xfffefdfc);
    tb_ip4(&b, 1);
    finish();
    check("2", id, "10.1.0.1", "201");
}

static void
test_optional_fields(void **state)
{
    (void) state;
    check_flags(0, "-");
    check_flags(TB_GRE_CHECKSUM, "-");
    check_flags(TB_GRE_SEQUENCE, "-");
    check_flags(TB_GRE_KEY, "4294901244");
    check_flags(TB_GRE_CHECKSUM | TB_GRE_KEY | TB_GRE_SEQUENCE,
                "4294901244");
}

static void
test_payloads(void **state)
{
    (void) state;
    start();
    tb_gre(&b, 0, IP6, 0);
    tb_ip6(&b, 1);
    finish();
    check("2", "-", "2001:db8:1::1", "201");

    /* NVGRE: network 5, flow 7. */
    start();
    tb_gre(&b, TB_GRE_KEY, ETHERNET, 5 << 8 | 7);
    tb_frame(&b, 1);
    finish();
    check("2", "1287", "10.1.0.1", "201");
    assert_field(&dc, "inner_eth_src", "02:00:00:01:00:01");

    start();
    tb_gre(&b, 0, MPLS, 0);
    pb_be32(&b, 16 << 12 | 0x140);
    tb_ip4(&b, 1);
    finish();
    check("2", "-", "10.1.0.1", "201");
    assert_field(&dc, "mpls_label", "-");

    /* A keepalive, something unknown. */
    start();
    tb_gre(&b, 0, 0, 0);
    finish();
    check("2", "-", "-", "-");
    start();
    tb_gre(&b, 0, 0x1234, 0);
    tb_ip4(&b, 1);
    finish();
    check("2", "-", "-", "-");
}

static void
test_over_udp(void **state)
{
    (void) state;
    tb_start_udp(&b, buf, sizeof buf, 4754);
    tb_gre(&b, TB_GRE_KEY, IP4, 3);
    tb_ip4(&b, 1);
    finish();
    assert_decode_error(&dc, "none");
    assert_field(&dc, "dst_port", "4754");
    assert_field(&dc, "tun_type", "2");
    assert_field(&dc, "tun_id", "3");
    assert_field(&dc, "inner_dst_port", "201");
    dc_every_cut_of_frame(&b);
}

static void
test_malformed(void **state)
{
    unsigned int flags = TB_GRE_CHECKSUM | TB_GRE_KEY | TB_GRE_SEQUENCE;
    size_t cut;

    (void) state;
    start();
    tb_gre(&b, TB_GRE_ROUTING, IP4, 0);
    tb_ip4(&b, 1);
    finish();
    check_error("tunnel_header");
    start();
    tb_gre(&b, 2, IP4, 0);
    tb_ip4(&b, 1);
    finish();
    check_error("tunnel_header");
    for (cut = 1; cut <= 16; cut++) {
        start();
        tb_gre(&b, flags, IP4, 0);
        b.len -= cut;
        finish();
        check_error("tunnel_short");
    }
}

/* ERSPAN type I: the frame follows GRE. */
static void
test_erspan1(void **state)
{
    (void) state;
    start();
    tb_gre(&b, 0, ERSPAN, 0);
    tb_frame(&b, 1);
    finish();
    check("3", "-", "10.1.0.1", "201");
    assert_field(&dc, "inner_eth_dst", "02:00:00:01:00:02");
}

static void
test_erspan2(void **state)
{
    size_t at;

    (void) state;
    start();
    tb_gre(&b, TB_GRE_SEQUENCE, ERSPAN, 0);
    at = b.len;
    pb_be16(&b, 0x1000 | 100);          /* Version, VLAN. */
    pb_be16(&b, 0xfc00 | 1023);         /* Session. */
    pb_be32(&b, 1);
    tb_frame(&b, 1);
    finish();
    check("3", "1023", "10.1.0.1", "201");
    assert_field(&dc, "inner_vlan_id", "-");

    buf[at] = 0x20;
    decode();
    check_error("tunnel_header");
    start();
    tb_gre(&b, TB_GRE_SEQUENCE, ERSPAN, 0);
    pb_fill(&b, 0x10, 7);
    finish();
    check_error("tunnel_short");
}

static void
check_erspan3(bool subheader)
{
    start();
    tb_gre(&b, TB_GRE_SEQUENCE, ERSPAN3, 0);
    pb_be16(&b, 0x2000 | 100);
    pb_be16(&b, 9);
    pb_be32(&b, 0x12345678);            /* Time. */
    pb_be16(&b, 0);
    pb_be16(&b, subheader);
    if (subheader) {
        pb_fill(&b, 0xee, 8);
    }
    tb_frame(&b, 1);
    finish();
    check("3", "9", "10.1.0.1", "201");
}

static void
test_erspan3(void **state)
{
    (void) state;
    check_erspan3(false);
    check_erspan3(true);
    start();
    tb_gre(&b, TB_GRE_SEQUENCE, ERSPAN3, 0);
    pb_fill(&b, 0x21, 19);      /* The subheader is cut. */
    finish();
    check_error("tunnel_short");
    start();
    tb_gre(&b, TB_GRE_SEQUENCE, ERSPAN3, 0);
    pb_fill(&b, 0x10, 30);
    finish();
    check_error("tunnel_header");
}

/* PPTP: 'flags' besides key and version; the key is length 40, call 99. */
static void
start_pptp(unsigned int flags)
{
    start();
    pb_be16(&b, TB_GRE_KEY | 1 | flags);
    pb_be16(&b, PPP);
    pb_be32(&b, 40 << 16 | 99);
    if (flags & TB_GRE_SEQUENCE) {
        pb_be32(&b, 1);
    }
    if (flags & TB_GRE_ACK) {
        pb_be32(&b, 1);
    }
}

static void
check_pptp(unsigned int flags, const char *ppp, size_t ppp_len)
{
    start_pptp(TB_GRE_SEQUENCE | flags);
    pb_bytes(&b, ppp, ppp_len);
    tb_ip4(&b, 1);
    finish();
    check("2", "99", "10.1.0.1", "201");
}

static void
test_pptp(void **state)
{
    (void) state;
    check_pptp(0, "\0\x21", 2);
    check_pptp(TB_GRE_ACK, "\0\x21", 2);
    check_pptp(0, "\x21", 1);
    check_pptp(0, "\xff\3\0\x21", 4);
    check_pptp(0, "\xff\3\x21", 3);

    start_pptp(TB_GRE_SEQUENCE);
    pb_bytes(&b, "\0\x57", 2);
    tb_ip6(&b, 1);
    finish();
    check("2", "99", "2001:db8:1::1", "201");

    /* Negotiation; nothing. */
    start_pptp(TB_GRE_SEQUENCE);
    pb_bytes(&b, "\xc0\x21\1\1\0\4", 6);
    finish();
    check("2", "99", "-", "-");
    start_pptp(TB_GRE_SEQUENCE);
    finish();
    assert_decode_error(&dc, "link_short");
    assert_field(&dc, "tun_id", "99");

    /* An acknowledgment alone carries nothing; version 1 is PPTP's alone. */
    start_pptp(TB_GRE_ACK);
    finish();
    check_error("none");
    start();
    tb_gre(&b, 1 | TB_GRE_KEY | TB_GRE_SEQUENCE, IP4, 0);
    tb_ip4(&b, 1);
    finish();
    check_error("none");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_optional_fields, teardown),
        cmocka_unit_test_teardown(test_payloads, teardown),
        cmocka_unit_test_teardown(test_over_udp, teardown),
        cmocka_unit_test_teardown(test_malformed, teardown),
        cmocka_unit_test_teardown(test_erspan1, teardown),
        cmocka_unit_test_teardown(test_erspan2, teardown),
        cmocka_unit_test_teardown(test_erspan3, teardown),
        cmocka_unit_test_teardown(test_pptp, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
