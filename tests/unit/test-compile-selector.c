/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

/* What the compiler makes of selectors, told by the packets that they take. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/engine-harness.h"
#include "tests/unit/packet-builder.h"

#define A "10.0.0.1"
#define B "10.0.0.2"
#define A6 "2001:db8::1"
#define B6 "2001:db8::2"

/* Frames to select from, in the order of the letters in select(). */
static const struct {
    const char *kind;
    const char *src, *dst;
    unsigned int sport, dport;
    unsigned int flags;         /* TCP; the code of a DNS response. */
    const char *text;
} frames[] = {
    { "tcp", A, B, 40000, 80, PB_SYN, NULL },                       /* a */
    { "tcp", B, A, 80, 40000, PB_SYN | PB_ACK, NULL },              /* b */
    { "tcp", A, B, 40000, 80, PB_ACK,                               /* c */
      "GET / HTTP/1.1\r\nHost: h.example\r\n\r\n" },
    { "udp", "192.168.1.1", "10.255.0.1", 5000, 5001, 0, "x" },     /* d */
    { "query", A, "10.0.0.53", 0, 0, 0, "www.example.com" },        /* e */
    { "response", "10.0.0.53", A, 0, 0, 3, "www.example.com" },     /* f */
    { "response", "10.0.0.53", A, 0, 0, 0, "other.example.com" },   /* g */
    { "icmp", A, B, 8, 0, 0, NULL },                                /* h */
    { "tcp", A6, B6, 1, 443, PB_SYN, NULL },                        /* i */
    { "arp", A, B, 0, 0, 0, NULL },                                 /* j */
};

static size_t
build(size_t i, uint8_t *buf, size_t size)
{
    const char *kind = frames[i].kind;

    return !strcmp(kind, "tcp")
           ? pb_tcp_frame(buf, size, frames[i].src, frames[i].sport,
                          frames[i].dst, frames[i].dport, frames[i].flags,
                          frames[i].text)
           : !strcmp(kind, "udp")
           ? pb_udp_frame(buf, size, frames[i].src, frames[i].sport,
                          frames[i].dst, frames[i].dport, frames[i].text)
           : !strcmp(kind, "query")
           ? pb_dns_query_frame(buf, size, frames[i].src, frames[i].dst,
                                frames[i].text, PB_DNS_A)
           : !strcmp(kind, "response")
           ? pb_dns_response_frame(buf, size, frames[i].src, frames[i].dst,
                                   frames[i].flags, frames[i].text, PB_DNS_A,
                                   NULL)
           : !strcmp(kind, "icmp")
           ? pb_icmp_frame(buf, size, frames[i].src, frames[i].dst,
                           frames[i].sport, frames[i].dport)
           : pb_arp_frame(buf, size, 1, frames[i].src, frames[i].dst);
}

/* Compares the letters of the frames that 'selector' takes. */
static void
selects(const char *selector, const char *expected)
{
    char letters[sizeof frames / sizeof *frames + 1] = "";
    char xml[1024];
    struct eh eh;
    size_t n = 0;

    snprintf(xml, sizeof xml, EH_PROGRAM(EH_STATE("s0")
             "<table name='t' type='DLeft'>"
             "<entry key='10.0.0.1' value='0'/></table>"
             EH_ON("%s", "len", EH_IN("s0", EH_IF("true", "print(x)", "")))),
             selector);
    eh_init(&eh);
    eh_load(&eh, "p", xml);
    for (size_t i = 0; i < sizeof frames / sizeof *frames; i++) {
        uint8_t buf[256];
        size_t before = eh.brief.n;

        eh_frame(&eh, (double) i, buf, build(i, buf, sizeof buf));
        if (eh.brief.n > before) {
            letters[n++] = (char) ('a' + (int) i);
        }
    }
    if (strcmp(letters, expected)) {
        print_error("selector \"%s\"\n", selector);
    }
    assert_string_equal(letters, expected);
    eh_free(&eh);
}

static void
test_selector_empty_takes_all(void **state)
{
    (void) state;
    selects("", "abcdefghij");
}

static void
test_selector_numbers(void **state)
{
    (void) state;
    selects("proto tcp", "abci");
    selects("proto udp", "defg");
    selects("proto 6", "abci");
    selects("proto 0x6", "abci");
    selects("proto icmp", "h");
    selects("dst_port 80", "ac");
    selects("dst_port == 80", "ac");
    selects("dst_port != 80", "bdefgi");
    selects("dst_port &lt; 80", "e");
    selects("dst_port &lt;= 80", "ace");
    selects("dst_port &gt; 443", "bdfg");
    selects("dst_port &gt;= 443", "bdfgi");
    selects("eth_src 02:00:00:00:00:01", "abcdefghij");
    selects("arp_op 1", "j");
}

/* A test of a field that is absent is false, whatever its operator. */
static void
test_selector_absent_fields(void **state)
{
    (void) state;
    selects("icmp_type != 9", "h");
    selects("domain_name != x", "efg");
    selects("ip_src != 1.2.3.4", "abcdefghi");
    selects("dns_rcode &lt; 100", "fg");
}

static void
test_selector_addresses(void **state)
{
    (void) state;
    selects("ip_src 10.0.0.1", "aceh");
    selects("ip_src 10.0.0.0/8", "abcefgh");
    selects("ip_src != 10.0.0.0/8", "di");
    selects("ip_src 0.0.0.0/0", "abcdefgh");
    selects("ip_src 2001:db8::/32", "i");
    selects("ip_src ::/0", "abcdefghi");
    selects("ip_src 10.0.0.0/31", "aceh");
    selects("ip_dst 10.128.0.0/9", "d");
    selects("ip_src &gt; 10.0.0.1", "bdfgi");
    selects("ip_src &lt;= 10.0.0.1", "aceh");
}

static void
test_selector_flags(void **state)
{
    (void) state;
    selects("flags tcp-syn", "ai");
    selects("flags tcp-syn|tcp-ack", "b");
    selects("flags tcp-ack", "c");
    selects("flags 2", "ai");
}

static void
test_selector_dns(void **state)
{
    (void) state;
    selects("flags dns-nxdomain", "f");
    selects("flags dns-noerror", "g");
    selects("proto udp and src_port 53 and flags dns-nxdomain", "f");
    selects("domain_name www.example.com", "ef");
    selects("domain_name WWW.example.com", "ef");
    selects("domain_name != www.example.com", "g");
    selects("domain_second_level example.com", "efg");
    selects("domain_name example.com", "");
}

static void
test_selector_http(void **state)
{
    (void) state;
    selects("http_method http-get", "c");
    selects("http_method http-post", "");
    selects("http_host h.example", "c");
}

/* 'and' binds tighter than 'or'; parentheses override that. */
static void
test_selector_logic(void **state)
{
    (void) state;
    selects("proto tcp and dst_port 80", "ac");
    selects("proto icmp or dst_port 80", "ach");
    selects("proto icmp or proto tcp and dst_port 80", "ach");
    selects("proto tcp and dst_port 80 or proto icmp", "ach");
    selects("proto tcp and dst_port 80 or proto tcp and dst_port 443",
            "aci");
    selects("proto tcp and (dst_port 80 or dst_port 443)", "aci");
    selects("(proto tcp or proto udp) and (dst_port 80 or dst_port 5001)",
            "acd");
    selects("(proto icmp or proto tcp and flags tcp-syn) and ip_src "
            "10.0.0.1", "ah");
}

/* In the table, whatever the value. */
static void
test_selector_in_table(void **state)
{
    (void) state;
    selects("ip_src in t", "aceh");
    selects("ip_dst in t and proto udp", "fg");
    selects("ip_dst in t or proto icmp", "bfgh");
}

/* The table changes as packets go by: each sees what those before it did,
 * though they are of one batch. */
static void
test_selector_in_table_within_a_batch(void **state)
{
    struct eh_packets packets = { 0, 0, NULL };
    struct eh eh;

    (void) state;
    for (int i = 0; i < 10; i++) {
        struct xfsm_packet packet;
        uint8_t buf[128];

        pb_packet(&packet, buf,
                  pb_tcp_frame(buf, sizeof buf, i % 2 ? A : B, 1, B,
                               (unsigned int) i, PB_SYN, NULL),
                  EH_EPOCH, NULL);
        eh_packets_add(&packets, &packet);
    }
    eh_init(&eh);
    eh_load(&eh, "p", EH_PROGRAM(
        EH_STATE("s0") EH_TABLE("t")
        EH_ON("ip_src in t", "ip_src", EH_IN("s0", EH_IF("true",
              "print(in %dst_port)", "")))
        EH_ON("", "ip_src", EH_IN("s0", EH_IF("dst_port == 3 or dst_port == 6",
              "t(ip_src)=1", "")))));
    eh_run(&eh, &packets, 10);
    eh_expect(&eh, "0 log in 5", "0 log in 7", "0 log in 8", "0 log in 9",
              NULL);
    eh_packets_free(&packets);
    eh_free(&eh);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_selector_empty_takes_all),
        cmocka_unit_test(test_selector_numbers),
        cmocka_unit_test(test_selector_absent_fields),
        cmocka_unit_test(test_selector_addresses),
        cmocka_unit_test(test_selector_flags),
        cmocka_unit_test(test_selector_dns),
        cmocka_unit_test(test_selector_http),
        cmocka_unit_test(test_selector_logic),
        cmocka_unit_test(test_selector_in_table),
        cmocka_unit_test(test_selector_in_table_within_a_batch),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
