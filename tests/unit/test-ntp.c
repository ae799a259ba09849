/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/decode-frame.h"
#include "xfsm/packet/field.h"

/* Decodes a UDP packet with the 'len' bytes at 'payload'. */
static void
decode_udp(unsigned int sport, unsigned int dport, const void *payload,
       size_t len)
{
    pb_init(&b, buf, sizeof buf);
    pb_eth(&b, NULL, NULL);
    pb_ip(&b, "10.0.0.1", "10.0.0.2");
    pb_udp(&b, sport, dport);
    pb_bytes(&b, payload, len);
    finish();
}

static void
test_time(void **state)
{
    uint8_t ntp[48] = { 4 << 3 | 3 };

    (void) state;
    decode_udp(40000, 123, ntp, sizeof ntp);
    assert_decode_error(&dc, "none");
    assert_field(&dc, "ntp_version", "4");
    assert_field(&dc, "ntp_mode", "3");
    assert_field(&dc, "ntp_response", "-");
    assert_field(&dc, "ntp_impl", "-");
    assert_field(&dc, "ntp_code", "-");
    dc_every_cut_of_frame(&b);

    ntp[0] = 3 << 6 | 1 << 3 | 4;
    decode_udp(123, 40000, ntp, sizeof ntp);
    assert_field(&dc, "ntp_version", "1");
    assert_field(&dc, "ntp_mode", "4");
}

static void
test_monlist(void **state)
{
    (void) state;
    decode_udp(80, 123, "\x17\x00\x03\x2a\x00\x00\x00\x00", 8);
    assert_field(&dc, "ntp_version", "2");
    assert_field(&dc, "ntp_mode", "7");
    assert_field(&dc, "ntp_response", "0");
    assert_field(&dc, "ntp_impl", "3");
    assert_field(&dc, "ntp_code", "42");
    dc_every_cut_of_frame(&b);

    /* The answer: more to come. */
    decode_udp(123, 80, "\xd7\x00\x03\x2a\x00\x06\x00\x48", 8);
    assert_field(&dc, "ntp_mode", "7");
    assert_field(&dc, "ntp_response", "1");
    assert_field(&dc, "ntp_code", "42");
}

static void
test_control(void **state)
{
    (void) state;
    decode_udp(40000, 123, "\x16\x02\0\1\0\0\0\0\0\0\0\0", 12);
    assert_field(&dc, "ntp_mode", "6");
    assert_field(&dc, "ntp_response", "0");
    assert_field(&dc, "ntp_impl", "-");
    assert_field(&dc, "ntp_code", "2");
    decode_udp(123, 40000, "\x16\xe2\0\1\0\0\0\0\0\0\0\0", 12);
    assert_field(&dc, "ntp_response", "1");
    assert_field(&dc, "ntp_code", "2");
}

static void
test_not_ntp(void **state)
{
    (void) state;
    decode_udp(40000, 123, "\x18\0\0\0", 4);        /* Mode 0. */
    assert_decode_error(&dc, "none");
    assert_field(&dc, "ntp_mode", "-");
    decode_udp(40000, 123, "\x03\0\0\0", 4);        /* Version 0. */
    assert_field(&dc, "ntp_mode", "-");
    decode_udp(40000, 123, "\x2b\0\0\0", 4);        /* Version 5. */
    assert_field(&dc, "ntp_mode", "-");
    decode_udp(40000, 124, "\x23\0\0\0", 4);        /* Another port. */
    assert_field(&dc, "ntp_mode", "-");
    decode_udp(40000, 123, "\x23\0\0", 3);
    assert_decode_error(&dc, "ntp_short");
    decode_udp(40000, 123, "", 0);
    assert_decode_error(&dc, "none");
}

/* Nobody asks: nothing is decoded. */
static void
test_unwanted(void **state)
{
    struct xfsm_fieldset want = { { 0, 0 } };

    (void) state;
    decode_udp(40000, 123, "\x23", 1);
    assert_decode_error(&dc, "ntp_short");
    xfsm_fieldset_add(&want, XFSM_F_DHCP_TYPE);
    xfsm_decode(&dc.packet, &want);
    assert_decode_error(&dc, "none");
    xfsm_fieldset_add(&want, XFSM_F_NTP_CODE);
    xfsm_decode(&dc.packet, &want);
    assert_decode_error(&dc, "ntp_short");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_time, teardown),
        cmocka_unit_test_teardown(test_monlist, teardown),
        cmocka_unit_test_teardown(test_control, teardown),
        cmocka_unit_test_teardown(test_not_ntp, teardown),
        cmocka_unit_test_teardown(test_unwanted, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
