/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

/* What detection reads of DNS beyond names and codes: lengths, counts, times
 * to live. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/decode-frame.h"
#include "xfsm/packet/field.h"

#define DNS_TXT 16
#define DNS_CNAME 5

static void
start(unsigned int sport, unsigned int dport)
{
    pb_init(&b, buf, sizeof buf);
    pb_eth(&b, NULL, NULL);
    pb_ip(&b, "10.0.0.1", "10.0.0.2");
    pb_udp(&b, sport, dport);
}

static void
check_name(const char *name, const char *len, const char *labels,
           const char *label_max)
{
    start(40000, 53);
    pb_dns_query(&b, 1, name, DNS_TXT);
    finish();
    assert_decode_error(&dc, "none");
    assert_field(&dc, "dns_qname_len", len);
    assert_field(&dc, "dns_labels", labels);
    assert_field(&dc, "dns_label_max", label_max);
    assert_field(&dc, "dns_ttl", "-");
    assert_field(&dc, "dns_answer_type", "-");
    assert_field(&dc, "dns_addrs", "-");
    assert_field(&dc, "dns_answer_len", "-");
    dc_every_cut_of_frame(&b);
}

static void
test_names(void **state)
{
    char longest[254], text[8];
    size_t i;

    (void) state;
    check_name("", "0", "0", "0");
    check_name("a", "1", "1", "1");
    check_name("abc.de.example", "14", "3", "7");
    check_name("0123456789012345678901234567890123456789012345678901234567890"
               "12.t.example", "73", "3", "63");
    /* As long as a name may be: 255 bytes on the wire. */
    for (i = 0; i < sizeof longest - 1; i++) {
        longest[i] = i % 2 ? '.' : 'a';
    }
    longest[i] = '\0';
    snprintf(text, sizeof text, "%zu", i);
    check_name(longest, text, "127", "1");
}

/* Counted even where there is no memory for the name itself. */
static void
test_no_scratch(void **state)
{
    struct xfsm_fieldset want = { { UINT64_MAX, UINT64_MAX } };

    (void) state;
    start(40000, 53);
    pb_dns_query(&b, 1, "a.example", 1);
    finish();
    dc.packet.scratch = NULL;
    xfsm_decode(&dc.packet, &want);
    assert_field(&dc, "domain_name", "-");
    assert_field(&dc, "dns_qname_len", "9");
}

static void
test_length(void **state)
{
    uint8_t *length;

    (void) state;
    start(40000, 53);
    pb_dns_query(&b, 1, "a.example", 1);
    finish();
    assert_field(&dc, "dns_len", "27");
    assert_field(&dc, "payload_len", "27");

    pb_init(&b, buf, sizeof buf);
    pb_eth(&b, NULL, NULL);
    pb_ip(&b, "10.0.0.1", "10.0.0.2");
    pb_tcp(&b, 40000, 53, PB_ACK);
    length = pb_fill(&b, 0, 2);
    length[1] = 27;
    pb_dns_query(&b, 1, "a.example", 1);
    pb_fill(&b, 0, 10);
    finish();
    assert_field(&dc, "dns_len", "27");
    dc_every_cut_of_frame(&b);
}

static void
test_answers(void **state)
{
    (void) state;
    start(53, 40000);
    pb_dns(&b, 1, 0x8180, 1, 5);
    pb_dns_question(&b, "a.example", 1);
    pb_dns_answer(&b, DNS_CNAME, "\1b\xc0\x0c", 4);
    pb_dns_answer_addr(&b, "192.0.2.1");
    pb_dns_answer_addr(&b, "2001:db8::1");
    pb_dns_answer_addr(&b, "192.0.2.2");
    pb_dns_answer(&b, DNS_TXT, "\2xy", 3);
    finish();
    assert_decode_error(&dc, "none");
    assert_field(&dc, "dns_ttl", "300");
    assert_field(&dc, "dns_answer_type", "5");
    assert_field(&dc, "dns_addrs", "3");
    assert_field(&dc, "dns_answer_len", "31");
    assert_field(&dc, "domain_addr", "192.0.2.1");
    dc_every_cut_of_frame(&b);

    /* Answers, but none in them. */
    start(53, 40000);
    pb_dns_response(&b, 1, 3, "a.example", 1, NULL);
    finish();
    assert_field(&dc, "dns_ttl", "-");
    assert_field(&dc, "dns_addrs", "0");
    assert_field(&dc, "dns_answer_len", "0");
}

/* An address of the wrong size or class is none. */
static void
test_odd_answers(void **state)
{
    uint8_t *record;

    (void) state;
    start(53, 40000);
    pb_dns(&b, 1, 0x8180, 1, 3);
    pb_dns_question(&b, "a.example", 1);
    pb_dns_answer(&b, PB_DNS_A, "\1\2\3", 3);
    pb_dns_answer(&b, PB_DNS_AAAA, "\1\2\3\4", 4);
    record = buf + b.len;
    pb_dns_answer(&b, PB_DNS_A, "\1\2\3\4", 4);
    record[5] = 3;              /* Class CH. */
    memset(record + 6, 0xff, 4);
    finish();
    assert_decode_error(&dc, "none");
    assert_field(&dc, "dns_ttl", "300");
    assert_field(&dc, "dns_addrs", "0");
    assert_field(&dc, "dns_answer_len", "11");
    assert_field(&dc, "domain_addr", "-");

    /* One record less than stated: what was counted is not the truth. */
    buf[b.dns_at + 7] = 4;
    dc_free(&dc);
    dc_decode_frame(&dc, &b);
    assert_decode_error(&dc, "dns_short");
    assert_field(&dc, "dns_ttl", "300");
    assert_field(&dc, "dns_addrs", "-");
    assert_field(&dc, "dns_answer_len", "-");
}

static void
check_n_addrs(unsigned int n, const char *text)
{
    unsigned int i;

    start(53, 40000);
    pb_dns(&b, 1, 0x8180, 1, n);
    pb_dns_question(&b, "a.example", 1);
    for (i = 0; i < n; i++) {
        pb_dns_answer_addr(&b, "192.0.2.1");
    }
    finish();
    assert_field(&dc, "dns_addrs", text);
}

static void
test_answer_limit(void **state)
{
    (void) state;
    check_n_addrs(XFSM_DNS_RR_MAX, "32");
    check_n_addrs(XFSM_DNS_RR_MAX + 1, "32");
}

/* Only who asks pays: a walk for the first address ends there. */
static void
test_wants(void **state)
{
    struct xfsm_fieldset want = { { 0, 0 } };

    (void) state;
    start(53, 40000);
    pb_dns(&b, 1, 0x8180, 1, 2);
    pb_dns_question(&b, "a.example", 1);
    pb_dns_answer_addr(&b, "192.0.2.1");
    finish();
    assert_decode_error(&dc, "dns_short");

    xfsm_fieldset_add(&want, XFSM_F_DOMAIN_NAME);
    xfsm_decode(&dc.packet, &want);
    assert_decode_error(&dc, "none");
    assert_field(&dc, "dns_ttl", "-");
    xfsm_fieldset_add(&want, XFSM_F_DNS_TTL);
    xfsm_decode(&dc.packet, &want);
    assert_decode_error(&dc, "none");
    assert_field(&dc, "dns_ttl", "300");
    assert_field(&dc, "domain_addr", "192.0.2.1");
    assert_field(&dc, "dns_addrs", "-");
    xfsm_fieldset_add(&want, XFSM_F_DNS_ANSWER_LEN);
    xfsm_decode(&dc.packet, &want);
    assert_decode_error(&dc, "dns_short");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_names, teardown),
        cmocka_unit_test_teardown(test_no_scratch, teardown),
        cmocka_unit_test_teardown(test_length, teardown),
        cmocka_unit_test_teardown(test_answers, teardown),
        cmocka_unit_test_teardown(test_odd_answers, teardown),
        cmocka_unit_test_teardown(test_answer_limit, teardown),
        cmocka_unit_test_teardown(test_wants, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
