/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

/* Link types, Ethernet, VLAN tags, LLC. */

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/decode-frame.h"

static void
test_ethernet(void **state)
{
    unsigned int n;

    (void) state;
    start_frame();
    pb_eth(&b, "0a:0b:0c:0d:0e:0f", "ff:ff:ff:ff:ff:fe");
    pb_type(&b, 0x88cc);
    pb_fill(&b, 0, 20);
    decode();
    assert_decode_error(&dc, "none");
    assert_field(&dc, "eth_src", "0a:0b:0c:0d:0e:0f");
    assert_field(&dc, "eth_dst", "ff:ff:ff:ff:ff:fe");
    assert_field(&dc, "eth_type", "35020");
    assert_field(&dc, "len", "34");
    assert_field(&dc, "ip_len", "34");
    assert_field(&dc, "dir", "0");
    assert_field(&dc, "ts", "0");
    assert_field(&dc, "packet_no", "0");
    assert_field(&dc, "vlan_id", "-");
    assert_field(&dc, "ip_src", "-");

    for (n = 0; n < 14; n++) {
        dc_free(&dc);
        dc_decode(&dc, XFSM_LINK_ETHERNET, buf, n, n);
        assert_decode_error(&dc, "link_short");
        assert_field(&dc, "eth_src", "-");
    }
}

static void
test_no_data(void **state)
{
    struct xfsm_fieldset want = { { UINT64_MAX, UINT64_MAX } };
    struct xfsm_packet packet;
    uint8_t link;

    (void) state;
    for (link = 0; link <= XFSM_LINK_NFLOG + 1; link++) {
        pb_packet(&packet, NULL, 0, 0, NULL);
        packet.link_type = link;
        xfsm_decode(&packet, &want);
        assert_int_equal(packet.decode_error, (link <= XFSM_LINK_NFLOG
                                               ? XFSM_DE_LINK_SHORT
                                               : XFSM_DE_NONE));
    }
}

/* Builds 'n' tags with ids 11, 12..., the first of them outermost. */
static void
build_vlan(int n)
{
    static const unsigned int tpids[] = { 0x88a8, 0x9100, 0x8100 };
    int i;

    start_frame();
    pb_eth(&b, NULL, NULL);
    for (i = 0; i < n; i++) {
        pb_vlan(&b, tpids[i % 3], 11u + (unsigned int) i, 7);
    }
    pb_ip(&b, "10.0.0.1", "10.0.0.2");
    pb_udp(&b, 1, 2);
    finish();
}

static void
test_vlan(void **state)
{
    (void) state;
    build_vlan(1);
    assert_field(&dc, "vlan_id", "11");
    assert_field(&dc, "vlan_pcp", "7");
    assert_field(&dc, "vlan_inner_id", "-");
    assert_field(&dc, "eth_type", "2048");
    assert_field(&dc, "dst_port", "2");

    build_vlan(2);
    assert_field(&dc, "vlan_id", "11");
    assert_field(&dc, "vlan_inner_id", "12");
    assert_field(&dc, "dst_port", "2");

    build_vlan(XFSM_VLAN_MAX);
    assert_decode_error(&dc, "none");
    assert_field(&dc, "vlan_inner_id", "12");
    assert_field(&dc, "dst_port", "2");

    build_vlan(XFSM_VLAN_MAX + 1);
    assert_decode_error(&dc, "vlan_deep");
    assert_field(&dc, "vlan_id", "11");
    assert_field(&dc, "eth_type", "-");
    assert_field(&dc, "ip_src", "-");
}

/* A tag that the kernel stripped is the outermost, and counts. */
static void
test_aux_vlan(void **state)
{
    struct xfsm_fieldset want = { { UINT64_MAX, UINT64_MAX } };

    (void) state;
    start_ip("10.0.0.1", "10.0.0.2");
    finish();
    dc.packet.aux_vlan_tpid = 0x8100;
    dc.packet.aux_vlan_tci = 5 << 13 | 4095;
    xfsm_decode(&dc.packet, &want);
    assert_field(&dc, "vlan_id", "4095");
    assert_field(&dc, "vlan_pcp", "5");
    assert_field(&dc, "vlan_inner_id", "-");
    assert_field(&dc, "ip_src", "10.0.0.1");

    /* Zero is an ID (priority tag); a TPID of zero is no tag. */
    dc.packet.aux_vlan_tci = 0;
    xfsm_decode(&dc.packet, &want);
    assert_field(&dc, "vlan_id", "0");
    dc.packet.aux_vlan_tpid = 0;
    xfsm_decode(&dc.packet, &want);
    assert_field(&dc, "vlan_id", "-");

    build_vlan(XFSM_VLAN_MAX - 1);
    dc.packet.aux_vlan_tpid = 0x88a8;
    dc.packet.aux_vlan_tci = 3;
    xfsm_decode(&dc.packet, &want);
    assert_decode_error(&dc, "none");
    assert_field(&dc, "vlan_id", "3");
    assert_field(&dc, "vlan_inner_id", "11");
    assert_field(&dc, "ip_src", "10.0.0.1");

    build_vlan(XFSM_VLAN_MAX);
    dc.packet.aux_vlan_tpid = 0x88a8;
    xfsm_decode(&dc.packet, &want);
    assert_decode_error(&dc, "vlan_deep");
}

static void
test_llc(void **state)
{
    (void) state;
    start_frame();
    pb_eth(&b, NULL, NULL);
    pb_snap(&b);
    pb_arp(&b, 1, "02:00:00:00:00:01", "10.0.0.1", "00:00:00:00:00:00",
           "10.0.0.2");
    pb_finish(&b);
    pb_pad(&b, 60);
    decode();
    assert_decode_error(&dc, "none");
    assert_field(&dc, "eth_type", "2054");
    assert_field(&dc, "arp_tpa", "10.0.0.2");
    dc_every_cut_of_frame(&b);

    /* The 802.3 length ends the frame, whatever follows. */
    buf[13] = 8 + 27;
    decode();
    assert_decode_error(&dc, "arp_short");
    buf[12] = 5;                /* Longer than the frame: not believed. */
    decode();
    assert_decode_error(&dc, "none");
    assert_field(&dc, "arp_tpa", "10.0.0.2");

    /* Spanning tree: no SNAP, no type, no error. */
    memcpy(buf + 14, "\x42\x42\x03", 3);
    decode();
    assert_decode_error(&dc, "none");
    assert_field(&dc, "eth_type", "-");
    assert_field(&dc, "eth_src", "02:00:00:00:00:01");
}

/* Finishes the frame, which is no Ethernet, and decodes it in every way. */
static void
finish_link(enum xfsm_link_type link)
{
    pb_finish(&b);
    dc_free(&dc);
    dc_decode(&dc, link, buf, b.len, b.len);
    dc_every_cut(link, buf, b.len);
}

static void
test_raw_ip(void **state)
{
    (void) state;
    start_frame();
    pb_ip(&b, "10.0.0.1", "10.0.0.2");
    pb_udp(&b, 1, 2);
    finish_link(XFSM_LINK_RAW_IP);
    assert_field(&dc, "dst_port", "2");
    assert_field(&dc, "eth_type", "-");
    start_frame();
    pb_ip(&b, "2001:db8::1", "2001:db8::2");
    pb_udp(&b, 1, 2);
    finish_link(XFSM_LINK_RAW_IP);
    assert_field(&dc, "dst_port", "2");
    buf[0] = 0x50;
    dc_free(&dc);
    dc_decode(&dc, XFSM_LINK_RAW_IP, buf, b.len, b.len);
    assert_decode_error(&dc, "ip_version");
}

static void
test_cooked(void **state)
{
    (void) state;
    start_frame();
    pb_sll(&b);
    pb_vlan(&b, 0x8100, 9, 0);
    pb_ip(&b, "10.0.0.1", "10.0.0.2");
    pb_udp(&b, 1, 2);
    finish_link(XFSM_LINK_LINUX_SLL);
    assert_field(&dc, "eth_src", "02:00:00:00:00:01");
    assert_field(&dc, "eth_dst", "-");
    assert_field(&dc, "eth_type", "2048");
    assert_field(&dc, "vlan_id", "9");
    assert_field(&dc, "dst_port", "2");

    start_frame();
    pb_sll2(&b);
    pb_ip(&b, "2001:db8::1", "2001:db8::2");
    pb_udp(&b, 1, 2);
    finish_link(XFSM_LINK_LINUX_SLL2);
    assert_field(&dc, "eth_src", "02:00:00:00:00:01");
    assert_field(&dc, "dst_port", "2");

    buf[11] = 8;                /* An address of another size. */
    dc_free(&dc);
    dc_decode(&dc, XFSM_LINK_LINUX_SLL2, buf, b.len, b.len);
    assert_field(&dc, "eth_src", "-");
    assert_field(&dc, "dst_port", "2");

    /* An address of another size, an LLC frame, a protocol of Linux's. */
    start_frame();
    pb_sll(&b);
    pb_type(&b, 4);
    pb_bytes(&b, "\xaa\xaa\x03\0\0\0\x88\xcc", 8);
    buf[5] = 8;
    finish_link(XFSM_LINK_LINUX_SLL);
    assert_decode_error(&dc, "none");
    assert_field(&dc, "eth_src", "-");
    assert_field(&dc, "eth_type", "35020");
    buf[15] = 1;
    dc_free(&dc);
    dc_decode(&dc, XFSM_LINK_LINUX_SLL, buf, b.len, b.len);
    assert_decode_error(&dc, "none");
    assert_field(&dc, "eth_type", "-");
}

static void
check_null(const char *family, const char *src, const char *dst, bool known)
{
    start_frame();
    pb_bytes(&b, family, 4);
    pb_ip(&b, src, dst);
    pb_udp(&b, 1, 2);
    finish_link(XFSM_LINK_NULL);
    assert_decode_error(&dc, "none");
    assert_field(&dc, "dst_port", known ? "2" : "-");
}

static void
test_null(void **state)
{
    (void) state;
    check_null("\2\0\0\0", "10.0.0.1", "10.0.0.2", true);
    check_null("\0\0\0\2", "10.0.0.1", "10.0.0.2", true);
    check_null("\x0a\0\0\0", "2001:db8::1", "2001:db8::2", true);
    check_null("\0\0\0\x18", "2001:db8::1", "2001:db8::2", true);
    check_null("\x1c\0\0\0", "2001:db8::1", "2001:db8::2", true);
    check_null("\0\0\0\x1e", "2001:db8::1", "2001:db8::2", true);
    check_null("\x07\0\0\0", "10.0.0.1", "10.0.0.2", false);
}

/* Adds an NFLOG attribute header, in host byte order, for 'len' bytes. */
static void
nflog_tlv(uint16_t len, uint16_t type)
{
    len += 4;
    pb_bytes(&b, &len, 2);
    pb_bytes(&b, &type, 2);
}

/* An NFLOG frame whose packet is behind 'n' other attributes. */
static void
build_nflog(int n)
{
    int i;

    start_frame();
    pb_bytes(&b, "\2\0\0\0", 4);
    for (i = 0; i < n; i++) {
        nflog_tlv(1, 10);
        pb_fill(&b, 0, 4);      /* One byte, padded. */
    }
    nflog_tlv(20 + 8 + 3, 9);
    pb_ip(&b, "10.0.0.1", "10.0.0.2");
    pb_udp(&b, 1, 2);
    pb_text(&b, "abc");
    pb_finish(&b);
    pb_fill(&b, 0, 1);
}

static void
test_nflog(void **state)
{
    uint16_t len = 3;

    (void) state;
    build_nflog(3);
    dc_free(&dc);
    dc_decode(&dc, XFSM_LINK_NFLOG, buf, b.len, b.len);
    assert_decode_error(&dc, "none");
    assert_field(&dc, "ip_dst", "10.0.0.2");
    assert_field(&dc, "payload_len", "3");
    dc_every_cut(XFSM_LINK_NFLOG, buf, b.len);

    /* An attribute shorter than its header must not hold the walk. */
    memcpy(buf + 4, &len, 2);
    dc_free(&dc);
    dc_decode(&dc, XFSM_LINK_NFLOG, buf, b.len, b.len);
    assert_decode_error(&dc, "link_short");

    /* Attributes without end. */
    build_nflog(63);
    dc_free(&dc);
    dc_decode(&dc, XFSM_LINK_NFLOG, buf, b.len, b.len);
    assert_decode_error(&dc, "none");
    build_nflog(64);
    dc_free(&dc);
    dc_decode(&dc, XFSM_LINK_NFLOG, buf, b.len, b.len);
    assert_decode_error(&dc, "link_short");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_ethernet, teardown),
        cmocka_unit_test_teardown(test_no_data, teardown),
        cmocka_unit_test_teardown(test_vlan, teardown),
        cmocka_unit_test_teardown(test_aux_vlan, teardown),
        cmocka_unit_test_teardown(test_llc, teardown),
        cmocka_unit_test_teardown(test_raw_ip, teardown),
        cmocka_unit_test_teardown(test_cooked, teardown),
        cmocka_unit_test_teardown(test_null, teardown),
        cmocka_unit_test_teardown(test_nflog, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
