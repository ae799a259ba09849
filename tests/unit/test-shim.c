/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

/* Headers between Ethernet and IP that are no tunnel: MPLS, PPPoE. */

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/decode-frame.h"
#include "tests/unit/tunnel-builder.h"
#include "xfsm/packet/field.h"

#define MPLS 0x8847
#define MPLS_UPSTREAM 0x8848
#define PPPOE 0x8864

static void
start(unsigned int type)
{
    pb_init(&b, buf, sizeof buf);
    pb_eth(&b, NULL, NULL);
    pb_type(&b, type);
}

/* Adds 'n' labels, the first of them 'label', then counting up. */
static void
put_labels(int n, unsigned int label)
{
    for (; n > 0; n--) {
        pb_be32(&b, label++ << 12 | 7 << 9 | (n == 1 ? 0x100 : 0) | 64);
    }
}

static void
check_plain(const char *src, const char *type)
{
    assert_decode_error(&dc, "none");
    assert_field(&dc, "eth_type", type);
    assert_field(&dc, "ip_src", src);
    assert_field(&dc, "src_port", "101");
    assert_field(&dc, "dst_port", "201");
    assert_field(&dc, "tun_type", "-");
    assert_field(&dc, "inner_ip_src", "-");
    dc_every_cut_of_frame(&b);
}

static void
test_mpls(void **state)
{
    (void) state;
    start(MPLS);
    put_labels(1, 0xfffff);
    tb_ip4(&b, 1);
    decode();
    assert_field(&dc, "mpls_label", "1048575");
    check_plain("10.1.0.1", "34887");

    start(MPLS_UPSTREAM);
    put_labels(3, 16);
    tb_ip6(&b, 1);
    decode();
    assert_field(&dc, "mpls_label", "16");
    check_plain("2001:db8:1::1", "34888");
}

/* It follows a VLAN tag as well, and needs nobody to ask for it. */
static void
test_mpls_in_vlan(void **state)
{
    struct xfsm_fieldset want = { { 0, 0 } };

    (void) state;
    pb_init(&b, buf, sizeof buf);
    pb_eth(&b, NULL, NULL);
    pb_vlan(&b, 0x8100, 7, 0);
    pb_type(&b, MPLS);
    put_labels(2, 0);
    tb_ip4(&b, 1);
    decode();
    assert_field(&dc, "vlan_id", "7");
    assert_field(&dc, "mpls_label", "0");
    check_plain("10.1.0.1", "34887");
    xfsm_decode(&dc.packet, &want);
    assert_field(&dc, "mpls_label", "0");
    assert_field(&dc, "ip_src", "10.1.0.1");
}

static void
test_mpls_limit(void **state)
{
    (void) state;
    start(MPLS);
    put_labels(XFSM_MPLS_MAX, 16);
    tb_ip4(&b, 1);
    decode();
    check_plain("10.1.0.1", "34887");
    start(MPLS);
    put_labels(XFSM_MPLS_MAX + 1, 16);
    tb_ip4(&b, 1);
    decode();
    assert_decode_error(&dc, "mpls_deep");
    assert_field(&dc, "mpls_label", "16");
    assert_field(&dc, "ip_src", "-");
}

static void
test_mpls_other(void **state)
{
    (void) state;
    /* A pseudowire, an empty one, a label that is cut. */
    start(MPLS);
    put_labels(1, 16);
    pb_be32(&b, 0);
    tb_frame(&b, 1);
    decode();
    assert_decode_error(&dc, "none");
    assert_field(&dc, "mpls_label", "16");
    assert_field(&dc, "ip_src", "-");
    start(MPLS);
    put_labels(1, 16);
    decode();
    assert_decode_error(&dc, "none");
    b.len--;
    decode();
    assert_decode_error(&dc, "link_short");
    assert_field(&dc, "mpls_label", "-");
}

/* Adds a PPPoE header for a payload of 'len' bytes. */
static uint8_t *
put_pppoe(unsigned int session, size_t len)
{
    uint8_t *pppoe = b.buf + b.len;

    pb_be16(&b, 0x1100);
    pb_be16(&b, session);
    pb_be16(&b, (unsigned int) len);
    return pppoe;
}

static void
test_pppoe(void **state)
{
    (void) state;
    start(PPPOE);
    put_pppoe(65535, 2 + 47);
    pb_be16(&b, 0x0021);
    tb_ip4(&b, 1);
    pb_pad(&b, 120);
    decode();
    assert_field(&dc, "pppoe_session", "65535");
    check_plain("10.1.0.1", "34916");

    start(PPPOE);
    put_pppoe(1, 1 + 67);
    pb_u8(&b, 0x57);
    tb_ip6(&b, 1);
    decode();
    assert_field(&dc, "pppoe_session", "1");
    check_plain("2001:db8:1::1", "34916");
}

static void
test_pppoe_other(void **state)
{
    uint8_t *pppoe;

    (void) state;
    /* Negotiation. */
    start(PPPOE);
    pppoe = put_pppoe(7, 6);
    pb_bytes(&b, "\xc0\x21\1\1\0\4", 6);
    decode();
    assert_decode_error(&dc, "none");
    assert_field(&dc, "pppoe_session", "7");
    assert_field(&dc, "ip_src", "-");
    /* Its length leaves no room for a protocol. */
    pppoe[5] = 1;
    decode();
    assert_decode_error(&dc, "link_short");
    pppoe[5] = 0;
    decode();
    assert_decode_error(&dc, "link_short");
    /* Another code, another version. */
    pppoe[1] = 9;
    decode();
    assert_decode_error(&dc, "none");
    assert_field(&dc, "pppoe_session", "-");
    pppoe[1] = 0;
    pppoe[0] = 0x21;
    decode();
    assert_field(&dc, "pppoe_session", "-");
    /* Cut. */
    start(PPPOE);
    put_pppoe(7, 6);
    b.len--;
    decode();
    assert_decode_error(&dc, "link_short");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_mpls, teardown),
        cmocka_unit_test_teardown(test_mpls_in_vlan, teardown),
        cmocka_unit_test_teardown(test_mpls_limit, teardown),
        cmocka_unit_test_teardown(test_mpls_other, teardown),
        cmocka_unit_test_teardown(test_pppoe, teardown),
        cmocka_unit_test_teardown(test_pppoe_other, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
