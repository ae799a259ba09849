/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/decode-check.h"

/* Decodes 'payload' in a TCP segment to 'port'. */
static void
decode_modbus(struct decode_check *dc, unsigned int sport, unsigned int dport,
              const void *payload, size_t len)
{
    struct packet_builder b;
    uint8_t buf[512];

    pb_init(&b, buf, sizeof buf);
    pb_eth(&b, NULL, NULL);
    pb_ip(&b, "10.0.0.1", "10.0.0.2");
    pb_tcp(&b, sport, dport, PB_ACK);
    pb_bytes(&b, payload, len);
    pb_finish(&b);
    pb_pad(&b, 70);
    dc_decode_frame(dc, &b);
}

static void
check_ports(unsigned int sport, unsigned int dport, bool decoded)
{
    static const uint8_t message[] = { 0x12, 0x34, 0, 0, 0, 2, 1, 3 };
    struct decode_check dc;

    decode_modbus(&dc, sport, dport, message, sizeof message);
    assert_field(&dc, "modbus_ti", decoded ? "4660" : "-");
    assert_field(&dc, "modbus_fc", decoded ? "3" : "-");
    assert_decode_error(&dc, "none");
    dc_free(&dc);
}

static void
test_ports(void **state)
{
    (void) state;
    check_ports(40000, 502, true);
    check_ports(502, 40000, true);
    check_ports(40000, 20000, true);
    check_ports(20000, 40000, true);
    check_ports(40000, 503, false);
}

/* A header with protocol 'id' and 'len', on 'n' bytes of payload. */
static void
check_header(unsigned int id, unsigned int len, size_t n, const char *fc,
             const char *error)
{
    uint8_t message[300] = { 0 };
    struct decode_check dc;

    message[3] = (uint8_t) id;
    message[4] = (uint8_t) (len >> 8);
    message[5] = (uint8_t) len;
    message[7] = 16;
    decode_modbus(&dc, 40000, 502, message, n);
    assert_field(&dc, "modbus_fc", fc);
    assert_decode_error(&dc, error);
    dc_free(&dc);
}

static void
test_header(void **state)
{
    (void) state;
    check_header(0, 2, 8, "16", "none");
    check_header(1, 2, 8, "-", "none");
    check_header(0, 1, 8, "-", "none");
    check_header(0, 3, 8, "-", "none");         /* More than is there. */
    check_header(0, 3, 9, "16", "none");
    check_header(0, 2, 20, "16", "none");       /* Another may follow. */
    check_header(0, 254, 260, "16", "none");
    check_header(0, 255, 261, "-", "none");
    check_header(0, 2, 7, "-", "modbus_short");
    check_header(0, 2, 1, "-", "modbus_short");
    check_header(0, 2, 0, "-", "none");         /* A bare acknowledgment. */
}

static void
test_truncated(void **state)
{
    struct packet_builder b;
    uint8_t buf[128];

    (void) state;
    pb_init(&b, buf, sizeof buf);
    pb_eth(&b, NULL, NULL);
    pb_ip(&b, "10.0.0.1", "10.0.0.2");
    pb_tcp(&b, 40000, 502, PB_ACK);
    pb_modbus(&b, 7, 1, 3);
    pb_finish(&b);
    dc_every_cut_of_frame(&b);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ports),
        cmocka_unit_test(test_header),
        cmocka_unit_test(test_truncated),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
