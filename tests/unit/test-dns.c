/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/decode-check.h"
#include "xfsm/packet/field.h"

static uint8_t buf[4096];

static void
start(struct packet_builder *b, unsigned int sport, unsigned int dport)
{
    pb_init(b, buf, sizeof buf);
    pb_eth(b, NULL, NULL);
    pb_ip(b, "10.0.0.1", "10.0.0.2");
    pb_udp(b, sport, dport);
}

static void
finish(struct packet_builder *b, struct decode_check *dc)
{
    pb_finish(b);
    dc_decode_frame(dc, b);
}

static void
test_query(void **state)
{
    struct packet_builder b;
    struct decode_check dc;

    (void) state;
    start(&b, 40000, 53);
    pb_dns_query(&b, 0x1234, "WWW.Example.COM", PB_DNS_AAAA);
    finish(&b, &dc);
    assert_decode_error(&dc, "none");
    assert_field(&dc, "dns_qr", "0");
    assert_field(&dc, "dns_rcode", "-");
    assert_field(&dc, "dns_opcode", "0");
    assert_field(&dc, "dns_id", "4660");
    assert_field(&dc, "dns_qtype", "28");
    assert_field(&dc, "dns_answers", "0");
    assert_field(&dc, "domain_name", "www.example.com");
    assert_field(&dc, "domain_second_level", "example.com");
    assert_field(&dc, "domain_addr", "-");
    dc_free(&dc);
}

static void
test_response(void **state)
{
    struct packet_builder b;
    struct decode_check dc;

    (void) state;
    start(&b, 53, 40000);
    pb_dns_response(&b, 7, 0, "a.example", PB_DNS_A, "192.0.2.7");
    finish(&b, &dc);
    assert_decode_error(&dc, "none");
    assert_field(&dc, "dns_qr", "1");
    assert_field(&dc, "dns_rcode", "0");
    assert_field(&dc, "dns_answers", "1");
    assert_field(&dc, "domain_name", "a.example");
    assert_field(&dc, "domain_addr", "192.0.2.7");
    dc_free(&dc);

    start(&b, 53, 40000);
    pb_dns_response(&b, 7, 3, "a.example", PB_DNS_A, NULL);
    finish(&b, &dc);
    assert_field(&dc, "dns_rcode", "3");
    assert_field(&dc, "domain_addr", "-");
    dc_free(&dc);
}

static void
check_answer(unsigned int type, const void *data, size_t len, const char *addr)
{
    struct packet_builder b;
    struct decode_check dc;

    start(&b, 53, 40000);
    pb_dns(&b, 1, 0x8180, 1, 2);
    pb_dns_question(&b, "a.example", type);
    pb_dns_answer(&b, type, data, len);
    pb_dns_answer_addr(&b, "2001:db8::9");
    finish(&b, &dc);
    assert_decode_error(&dc, "none");
    assert_field(&dc, "domain_addr", addr);
    dc_free(&dc);
}

/* The first record that is an address counts. */
static void
test_answers(void **state)
{
    (void) state;
    check_answer(PB_DNS_A, "\xc0\x00\x02\x01", 4, "192.0.2.1");
    check_answer(PB_DNS_A, "\xc0\x00\x02", 3, "2001:db8::9");
    check_answer(PB_DNS_AAAA, "\xc0\x00\x02\x01", 4, "2001:db8::9");
    check_answer(5, "\1b\xc0\x0c", 4, "2001:db8::9");
    check_answer(16, NULL, 0, "2001:db8::9");
}

/* An address behind 'n' other records. */
static void
check_nth_answer(unsigned int n, const char *addr)
{
    struct packet_builder b;
    struct decode_check dc;
    unsigned int i;

    start(&b, 53, 40000);
    pb_dns(&b, 1, 0x8180, 1, n);
    pb_dns_question(&b, "a.example", PB_DNS_A);
    for (i = 1; i < n; i++) {
        pb_dns_answer(&b, 16, "\0", 1);
    }
    pb_dns_answer_addr(&b, "192.0.2.1");
    finish(&b, &dc);
    assert_decode_error(&dc, "none");
    assert_field(&dc, "domain_addr", addr);
    dc_free(&dc);
}

static void
test_answer_limit(void **state)
{
    (void) state;
    check_nth_answer(XFSM_DNS_RR_MAX, "192.0.2.1");
    check_nth_answer(XFSM_DNS_RR_MAX + 1, "-");
}

/* The header promises more than there is. */
static void
test_counts_lie(void **state)
{
    struct packet_builder b;
    struct decode_check dc;

    (void) state;
    start(&b, 53, 40000);
    pb_dns(&b, 1, 0x8180, 1, 65535);
    pb_dns_question(&b, "a.example", PB_DNS_A);
    finish(&b, &dc);
    assert_decode_error(&dc, "dns_short");
    assert_field(&dc, "dns_answers", "65535");
    assert_field(&dc, "domain_name", "a.example");
    dc_free(&dc);

    start(&b, 53, 40000);
    pb_dns(&b, 1, 0x8180, 65535, 1);
    pb_dns_question(&b, "a.example", PB_DNS_A);
    finish(&b, &dc);
    assert_decode_error(&dc, "dns_short");
    assert_field(&dc, "domain_name", "a.example");
    dc_free(&dc);

    /* No question at all, as multicast DNS announces. */
    start(&b, 5353, 5353);
    pb_dns(&b, 0, 0x8400, 0, 1);
    pb_dns_name(&b, "host.local");
    pb_bytes(&b, "\0\1\x80\1\0\0\0\x78\0\4\xc0\0\2\x0a", 14);
    finish(&b, &dc);
    assert_decode_error(&dc, "none");
    assert_field(&dc, "domain_name", "-");
    assert_field(&dc, "dns_qtype", "-");
    assert_field(&dc, "domain_addr", "192.0.2.10");
    dc_free(&dc);
}

/* 'n' questions of which the header tells, then an answer. */
static void
check_questions(unsigned int n, const char *addr)
{
    struct packet_builder b;
    struct decode_check dc;
    unsigned int i;

    start(&b, 53, 40000);
    pb_dns(&b, 1, 0x8180, n, 1);
    for (i = 0; i < n; i++) {
        pb_dns_question(&b, i ? "other.example" : "a.example", PB_DNS_A);
    }
    pb_dns_answer_addr(&b, "192.0.2.1");
    finish(&b, &dc);
    assert_decode_error(&dc, "none");
    assert_field(&dc, "domain_name", "a.example");
    assert_field(&dc, "domain_addr", addr);
    dc_free(&dc);
}

static void
test_questions(void **state)
{
    (void) state;
    check_questions(2, "192.0.2.1");
    check_questions(XFSM_DNS_RR_MAX, "192.0.2.1");
    check_questions(XFSM_DNS_RR_MAX + 1, "-");
}

/* A query whose question starts with the 'len' bytes at 'raw'. */
static void
check_raw_name(const void *raw, size_t len, const char *name,
               const char *second_level, const char *error)
{
    struct packet_builder b;
    struct decode_check dc;

    start(&b, 40000, 53);
    pb_dns(&b, 1, 0, 1, 0);
    pb_bytes(&b, raw, len);
    finish(&b, &dc);
    assert_field(&dc, "domain_name", name);
    assert_field(&dc, "domain_second_level", second_level);
    assert_decode_error(&dc, error);
    assert_field(&dc, "dns_id", "1");
    dc_free(&dc);
}

#define CHECK_RAW_NAME(RAW, NAME, SECOND_LEVEL, ERROR) \
    check_raw_name(RAW, sizeof RAW - 1, NAME, SECOND_LEVEL, ERROR)

static void
test_names(void **state)
{
    (void) state;
    CHECK_RAW_NAME("\0\0\1\0\1", "", "", "none");
    CHECK_RAW_NAME("\3COM\0\0\1\0\1", "com", "com", "none");
    CHECK_RAW_NAME("\1a\3com\0\0\1\0\1", "a.com", "a.com", "none");
    CHECK_RAW_NAME("\1a\1b\1C\1d\0\0\1\0\1", "a.b.c.d", "c.d", "none");
    CHECK_RAW_NAME("\4@[`{\2\n\xff\0\0\1\0\1", "@[`{...", "@[`{...", "none");
    /* Through a pointer: forward, then to the end of this name. */
    CHECK_RAW_NAME("\1a\xc0\x14\0\1\0\1\1b\1c\0", "a.b.c", "b.c", "none");
    /* Cut. */
    CHECK_RAW_NAME("\3com\0\0\1\0", "com", "com", "dns_short");
    CHECK_RAW_NAME("\3com\0", "com", "com", "dns_short");
    CHECK_RAW_NAME("\3com", "-", "-", "dns_short");
    CHECK_RAW_NAME("\3co", "-", "-", "dns_short");
    CHECK_RAW_NAME("\xc0", "-", "-", "dns_short");
    CHECK_RAW_NAME("", "-", "-", "dns_short");
    /* Neither a length nor a pointer. */
    CHECK_RAW_NAME("\x40" "com\0\0\1\0\1", "-", "-", "dns_name");
    CHECK_RAW_NAME("\x80" "com\0\0\1\0\1", "-", "-", "dns_name");
    /* A pointer out of the message, and to itself. */
    CHECK_RAW_NAME("\xff\xff\0\1\0\1", "-", "-", "dns_name");
    CHECK_RAW_NAME("\xc0\x0c\0\1\0\1", "-", "-", "dns_name");
    CHECK_RAW_NAME("\1a\xc0\x0c\0\1\0\1", "-", "-", "dns_name");
}

/* The name "b.LABEL", of a label of 'len' times 'c', with 'n_behind' bytes
 * behind the question. */
static void
check_lower(unsigned int c, size_t len, size_t n_behind)
{
    char lower = (char) (c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
    struct packet_builder b;
    struct decode_check dc;

    start(&b, 40000, 53);
    pb_dns(&b, 1, 0, 1, 0);
    pb_text(&b, "\1B");
    pb_u8(&b, (unsigned int) len);
    pb_fill(&b, c, len);
    pb_u8(&b, 0);
    pb_be16(&b, 1);
    pb_be16(&b, 1);
    pb_fill(&b, 'Z', n_behind);
    finish(&b, &dc);
    assert_int_equal(dc.packet.domain_name.len, 2 + len);
    assert_memory_equal(dc.packet.domain_name.p, "b.", 2);
    for (size_t i = 0; i < len; i++) {
        assert_int_equal(dc.packet.domain_name.p[2 + i], lower);
    }
    dc_free(&dc);
}

/* Each byte, in labels of each length, with and without bytes behind them that
 * can be read. */
static void
test_lower(void **state)
{
    (void) state;
    for (unsigned int c = 0; c < 256; c++) {
        for (size_t len = 1; len <= 63; len += c == 'A' || c == 'Z' ? 1 : 5) {
            check_lower(c, len, 0);
            check_lower(c, len, 8);
        }
    }
}

/* A name of labels with 'n' bytes in all on the wire: 63-byte labels, a rest,
 * the root. */
static void
check_name_length(size_t n, bool ok)
{
    struct packet_builder b;
    struct decode_check dc;
    size_t left = n - 1;

    start(&b, 40000, 53);
    pb_dns(&b, 1, 0, 1, 0);
    while (left) {
        size_t label = left > 64 ? 63 : left - 1;

        pb_u8(&b, (unsigned int) label);
        pb_fill(&b, 'X', label);
        left -= label + 1;
    }
    pb_u8(&b, 0);
    pb_be16(&b, 1);
    pb_be16(&b, 1);
    finish(&b, &dc);
    assert_decode_error(&dc, ok ? "none" : "dns_name");
    if (ok) {
        assert_int_equal(dc.packet.domain_name.len, n - 2);
        assert_int_equal(dc.packet.domain_name.p[n - 3], 'x');
    } else {
        assert_field(&dc, "domain_name", "-");
    }
    dc_free(&dc);
}

static void
test_name_limit(void **state)
{
    (void) state;
    check_name_length(200, true);
    check_name_length(XFSM_DNS_NAME_MAX, true);
    check_name_length(XFSM_DNS_NAME_MAX + 1, false);
}

/* Each of 'n' pointers leads to the next, the last to the root. */
static void
check_jumps(unsigned int n, const char *name, const char *error)
{
    struct packet_builder b;
    struct decode_check dc;
    unsigned int i;

    start(&b, 40000, 53);
    pb_dns(&b, 1, 0, 1, 0);
    pb_text(&b, "\1a");
    pb_dns_pointer(&b, 20);     /* After type and class. */
    pb_be16(&b, 1);
    pb_be16(&b, 1);
    for (i = 1; i < n; i++) {
        pb_dns_pointer(&b, 20 + 2 * i);
    }
    pb_u8(&b, 0);
    finish(&b, &dc);
    assert_decode_error(&dc, error);
    assert_field(&dc, "domain_name", name);
    dc_free(&dc);
}

static void
test_jump_limit(void **state)
{
    (void) state;
    check_jumps(1, "a", "none");
    check_jumps(XFSM_DNS_JUMPS_MAX, "a", "none");
    check_jumps(XFSM_DNS_JUMPS_MAX + 1, "-", "dns_name");
}

static void
check_ports(unsigned int sport, unsigned int dport, const char *name)
{
    struct packet_builder b;
    struct decode_check dc;

    start(&b, sport, dport);
    pb_dns_query(&b, 1, "a.example", PB_DNS_A);
    finish(&b, &dc);
    assert_field(&dc, "domain_name", name);
    dc_free(&dc);
}

static void
test_ports(void **state)
{
    (void) state;
    check_ports(53, 1, "a.example");
    check_ports(1, 53, "a.example");
    check_ports(5353, 1, "a.example");
    check_ports(1, 5353, "a.example");
    check_ports(54, 5354, "-");
}

static void
test_short_payload(void **state)
{
    struct packet_builder b;
    struct decode_check dc;

    (void) state;
    start(&b, 40000, 53);
    finish(&b, &dc);
    assert_decode_error(&dc, "none");
    dc_free(&dc);

    start(&b, 40000, 53);
    pb_fill(&b, 0, 11);
    finish(&b, &dc);
    assert_decode_error(&dc, "dns_short");
    assert_field(&dc, "dns_id", "-");
    dc_free(&dc);
}

/* A query over TCP whose length field is off by 'extra'. */
static void
check_tcp(int extra, unsigned int flags, const char *name, const char *error)
{
    struct packet_builder b;
    struct decode_check dc;
    size_t at;

    pb_init(&b, buf, sizeof buf);
    pb_eth(&b, NULL, NULL);
    pb_ip(&b, "2001:db8::1", "2001:db8::2");
    pb_tcp(&b, 40000, 53, PB_ACK);
    at = b.len;
    pb_be16(&b, 0);
    pb_dns(&b, 1, flags, 1, 0);
    pb_dns_question(&b, "a.example", PB_DNS_A);
    b.buf[at + 1] = (uint8_t) ((int) (b.len - at - 2) + extra);
    finish(&b, &dc);
    assert_field(&dc, "domain_name", name);
    assert_decode_error(&dc, error);
    dc_free(&dc);
    dc_every_cut_of_frame(&b);
}

static void
test_tcp(void **state)
{
    (void) state;
    check_tcp(0, 0x0100, "a.example", "none");
    check_tcp(9, 0x0100, "a.example", "none");          /* More to come. */
    check_tcp(-1, 0x0100, "a.example", "dns_short");
    /* The middle of a message. */
    check_tcp(-16, 0x0100, "-", "none");
    check_tcp(0, 0x0040, "-", "none");
    check_tcp(0, 0x7800, "-", "none");
}

static void
test_no_scratch(void **state)
{
    struct xfsm_fieldset want = { { UINT64_MAX, UINT64_MAX } };
    struct xfsm_packet packet;
    size_t len;

    (void) state;
    len = pb_dns_response_frame(buf, sizeof buf, "10.0.0.2", "10.0.0.1", 0,
                                "www.a.example", PB_DNS_A, "192.0.2.1");
    pb_packet(&packet, buf, len, 0, NULL);
    xfsm_decode(&packet, &want);
    assert_int_equal(packet.decode_error, XFSM_DE_NONE);
    assert_false(xfsm_fieldset_has(&packet.present, XFSM_F_DOMAIN_NAME));
    assert_false(xfsm_fieldset_has(&packet.present,
                                   XFSM_F_DOMAIN_SECOND_LEVEL));
    assert_true(xfsm_fieldset_has(&packet.present, XFSM_F_DNS_QTYPE));
    assert_true(xfsm_fieldset_has(&packet.present, XFSM_F_DOMAIN_ADDR));
}

/* What nobody wants is not looked for. */
static void
test_not_wanted(void **state)
{
    struct xfsm_fieldset want = { { 0, 0 } };
    char scratch[XFSM_PACKET_SCRATCH];
    struct xfsm_packet packet;
    size_t len;

    (void) state;
    len = pb_dns_response_frame(buf, sizeof buf, "10.0.0.2", "10.0.0.1", 0,
                                "www.a.example", PB_DNS_A, "192.0.2.1");
    pb_packet(&packet, buf, len, 0, scratch);
    xfsm_decode(&packet, &want);
    assert_false(xfsm_fieldset_has(&packet.present, XFSM_F_DNS_ID));
    xfsm_fieldset_add(&want, XFSM_F_DNS_RCODE);
    xfsm_decode(&packet, &want);
    assert_true(xfsm_fieldset_has(&packet.present, XFSM_F_DOMAIN_NAME));
    assert_false(xfsm_fieldset_has(&packet.present, XFSM_F_DOMAIN_ADDR));
}

static void
test_truncated(void **state)
{
    struct packet_builder b;

    (void) state;
    start(&b, 53, 40000);
    pb_dns(&b, 1, 0x8180, 2, 2);
    pb_dns_question(&b, "www.a.example", PB_DNS_A);
    pb_dns_question(&b, "other.example", PB_DNS_A);
    pb_dns_answer(&b, 5, "\1b\xc0\x10", 4);
    pb_dns_answer_addr(&b, "192.0.2.1");
    pb_finish(&b);
    dc_every_cut_of_frame(&b);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_query),
        cmocka_unit_test(test_response),
        cmocka_unit_test(test_answers),
        cmocka_unit_test(test_answer_limit),
        cmocka_unit_test(test_counts_lie),
        cmocka_unit_test(test_questions),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_lower),
        cmocka_unit_test(test_name_limit),
        cmocka_unit_test(test_jump_limit),
        cmocka_unit_test(test_ports),
        cmocka_unit_test(test_short_payload),
        cmocka_unit_test(test_tcp),
        cmocka_unit_test(test_no_scratch),
        cmocka_unit_test(test_not_wanted),
        cmocka_unit_test(test_truncated),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
