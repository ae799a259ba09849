/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/decode-frame.h"

static uint8_t *dhcp;           /* Header of the message in 'buf'. */

/* Starts a message with operation 'op', options to follow. */
static void
start(unsigned int sport, unsigned int dport, unsigned int op)
{
    pb_init(&b, buf, sizeof buf);
    pb_eth(&b, NULL, NULL);
    pb_ip(&b, "10.0.0.1", "255.255.255.255");
    pb_udp(&b, sport, dport);
    dhcp = pb_fill(&b, 0, 236);
    dhcp[0] = (uint8_t) op;
    dhcp[1] = 1;
    dhcp[2] = 6;
    memcpy(dhcp + 4, "\x12\x34\x56\x78", 4);
    memcpy(dhcp + 16, "\xc0\0\2\x63", 4);
    memcpy(dhcp + 28, "\2\0\0\0\0\x99", 6);
    pb_be32(&b, 0x63825363);
}

static void
option(unsigned int code, const char *value, size_t len)
{
    pb_u8(&b, code);
    pb_u8(&b, (unsigned int) len);
    pb_bytes(&b, value, len);
}

static void
test_discover(void **state)
{
    (void) state;
    start(68, 67, 1);
    option(53, "\1", 1);
    option(55, "\1\3\6", 3);
    pb_u8(&b, 255);
    pb_fill(&b, 0, 40);
    finish();
    assert_decode_error(&dc, "none");
    assert_field(&dc, "dhcp_op", "1");
    assert_field(&dc, "dhcp_type", "1");
    assert_field(&dc, "dhcp_xid", "305419896");
    assert_field(&dc, "dhcp_client_mac", "02:00:00:00:00:99");
    assert_field(&dc, "dhcp_addr", "-");
    assert_field(&dc, "dhcp_server_id", "-");
    dc_every_cut_of_frame(&b);
}

static void
test_offer(void **state)
{
    (void) state;
    start(67, 68, 2);
    pb_fill(&b, 0, 3);
    option(53, "\2", 1);
    option(54, "\xc0\0\2\1", 4);
    option(3, "\xc0\0\2\2\xc0\0\2\3", 8);
    option(6, "\xc0\0\2\4\xc0\0\2\5", 8);
    option(53, "\5", 1);        /* The first counts. */
    option(54, "\xc0\0\2\6", 4);
    pb_u8(&b, 255);
    finish();
    assert_decode_error(&dc, "none");
    assert_field(&dc, "dhcp_op", "2");
    assert_field(&dc, "dhcp_type", "2");
    assert_field(&dc, "dhcp_addr", "192.0.2.99");
    assert_field(&dc, "dhcp_server_id", "192.0.2.1");
    assert_field(&dc, "dhcp_router", "192.0.2.2");
    assert_field(&dc, "dhcp_dns", "192.0.2.4");
    dc_every_cut_of_frame(&b);
}

static void
test_malformed_options(void **state)
{
    (void) state;
    /* Values too short for what they are. */
    start(67, 68, 2);
    option(53, "", 0);
    option(54, "\xc0\0\2", 3);
    pb_u8(&b, 255);
    finish();
    assert_decode_error(&dc, "none");
    assert_field(&dc, "dhcp_type", "-");
    assert_field(&dc, "dhcp_server_id", "-");

    /* No end; one that is longer than the message; one without length. */
    start(67, 68, 2);
    option(53, "\2", 1);
    finish();
    assert_decode_error(&dc, "dhcp_short");
    assert_field(&dc, "dhcp_type", "2");
    pb_u8(&b, 54);
    finish();
    assert_decode_error(&dc, "dhcp_short");
    pb_u8(&b, 255);
    finish();
    assert_decode_error(&dc, "dhcp_short");
    assert_field(&dc, "dhcp_server_id", "-");
}

/* 'n' pads, then the type. */
static void
check_n_options(unsigned int n, const char *type)
{
    start(67, 68, 2);
    pb_fill(&b, 0, n);
    option(53, "\2", 1);
    pb_u8(&b, 255);
    finish();
    assert_decode_error(&dc, "none");
    assert_field(&dc, "dhcp_type", type);
}

static void
test_option_limit(void **state)
{
    (void) state;
    check_n_options(XFSM_DHCP_OPTIONS_MAX - 1, "2");
    check_n_options(XFSM_DHCP_OPTIONS_MAX, "-");
}

static void
test_other_messages(void **state)
{
    (void) state;
    /* BOOTP has no cookie. */
    start(67, 68, 2);
    dhcp[236] = 0;
    finish();
    assert_decode_error(&dc, "none");
    assert_field(&dc, "dhcp_op", "2");
    assert_field(&dc, "dhcp_type", "-");

    /* Another kind of address. */
    dhcp[1] = 32;
    decode();
    assert_field(&dc, "dhcp_client_mac", "-");

    /* Not DHCP. */
    dhcp[0] = 3;
    decode();
    assert_decode_error(&dc, "none");
    assert_field(&dc, "dhcp_op", "-");

    /* Cut before the cookie, and before the end of the header. */
    start(67, 68, 2);
    b.len -= 1;
    finish();
    assert_decode_error(&dc, "dhcp_short");
    assert_field(&dc, "dhcp_op", "2");
    b.len -= 4;
    finish();
    assert_decode_error(&dc, "dhcp_short");
    assert_field(&dc, "dhcp_op", "-");
}

static void
check_dhcp6(unsigned int sport, unsigned int dport, size_t len,
            const char *type, const char *error)
{
    pb_init(&b, buf, sizeof buf);
    pb_eth(&b, NULL, NULL);
    pb_ip(&b, "fe80::1", "ff02::1:2");
    pb_udp(&b, sport, dport);
    pb_bytes(&b, "\2\1\2\3\0\1\0\0", len);
    finish();
    assert_decode_error(&dc, error);
    assert_field(&dc, "dhcp6_type", type);
    assert_field(&dc, "dhcp_type", "-");
    dc_every_cut_of_frame(&b);
}

static void
test_dhcp6(void **state)
{
    (void) state;
    check_dhcp6(546, 547, 8, "2", "none");
    check_dhcp6(547, 546, 4, "2", "none");
    check_dhcp6(547, 40000, 4, "2", "none");
    check_dhcp6(547, 546, 3, "-", "dhcp_short");
    check_dhcp6(548, 549, 8, "-", "none");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_discover, teardown),
        cmocka_unit_test_teardown(test_offer, teardown),
        cmocka_unit_test_teardown(test_malformed_options, teardown),
        cmocka_unit_test_teardown(test_option_limit, teardown),
        cmocka_unit_test_teardown(test_other_messages, teardown),
        cmocka_unit_test_teardown(test_dhcp6, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
