/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/parser-fixture.h"
#include "xfsm/program/expr.h"
#include "xfsm/program/selector.h"
#include "xfsm/program/symbol.h"

/* Writes 's' in prefix form. */
static void
print(const struct xfsm_selector *s, FILE *stream)
{
    char text[INET6_ADDRSTRLEN];
    int i;

    switch (s->kind) {
    case XFSM_SEL_AND:
    case XFSM_SEL_OR:
        fprintf(stream, "(%s ", s->kind == XFSM_SEL_AND ? "and" : "or");
        print(s->a, stream);
        fputs(" ", stream);
        print(s->b, stream);
        fputs(")", stream);
        break;
    case XFSM_SEL_UINT:
        fprintf(stream, "%s%s%llu", xfsm_fields[s->field].name,
                xfsm_expr_op_text(s->op), (unsigned long long) s->value);
        break;
    case XFSM_SEL_ADDR:
        assert_non_null(inet_ntop(AF_INET6, s->addr.b, text, sizeof text));
        fprintf(stream, "%s%s%s/%d", xfsm_fields[s->field].name,
                xfsm_expr_op_text(s->op), text, s->prefix);
        break;
    case XFSM_SEL_STR:
        fprintf(stream, "%s%s'%s'", xfsm_fields[s->field].name,
                xfsm_expr_op_text(s->op), s->string);
        break;
    case XFSM_SEL_IN:
    default:
        for (i = 0; i < s->key.n; i++) {
            fprintf(stream, "%s%s", i ? "-" : "",
                    xfsm_fields[s->key.fields[i]].name);
        }
        fprintf(stream, " in %s", parse.program->tables[s->table].name);
        break;
    }
}

static void
check(const char *text, const char *expected)
{
    struct xfsm_selector *selector;
    char *printed = NULL;
    FILE *stream;
    size_t size;

    if (!xfsm_selector_parse(&parse, text, &selector)) {
        fail_msg("\"%s\": %s", text, fx.diags.items[0].message);
    }
    assert_non_null(selector);
    stream = open_memstream(&printed, &size);
    assert_non_null(stream);
    print(selector, stream);
    fclose(stream);
    assert_string_equal(printed, expected);
    free(printed);
}

static void
refuse(const char *text, const char *what)
{
    struct xfsm_selector *selector;

    fixture_clear(&fx);
    assert_false(xfsm_selector_parse(&parse, text, &selector));
    assert_int_equal(fx.diags.n_errors, 1);
    fixture_assert_says(&fx, XFSM_DIAG_ERROR, what);
}

static void
test_empty(void **state)
{
    struct xfsm_selector *selector;

    (void) state;
    assert_true(xfsm_selector_parse(&parse, "", &selector));
    assert_null(selector);
    assert_true(xfsm_selector_parse(&parse, "  ", &selector));
    assert_null(selector);
}

static void
test_structure(void **state)
{
    (void) state;
    check("proto tcp", "proto==6");
    check(" proto tcp and dst_port 502 or proto tcp and src_port 502 ",
          "(or (and proto==6 dst_port==502) (and proto==6 src_port==502))");
    check("ip_ttl 1 or ip_ttl 2 or ip_ttl 3",
          "(or (or ip_ttl==1 ip_ttl==2) ip_ttl==3)");
    check("ip_ttl 1 && ip_ttl 2||ip_ttl 3",
          "(or (and ip_ttl==1 ip_ttl==2) ip_ttl==3)");
    assert_int_equal(fx.diags.n, 0);

    check("proto tcp and (dst_port 80 or dst_port 443)",
          "(and proto==6 (or dst_port==80 dst_port==443))");
    fixture_assert_says(&fx, XFSM_DIAG_NOTE, "of dialect 2");
    fixture_clear(&fx);
    parse.dialect = 2;
    check("((ip_ttl 1))", "ip_ttl==1");
    assert_int_equal(fx.diags.n, 0);
}

static void
test_operators(void **state)
{
    (void) state;
    check("src_port > 1023 and dst_port>1023",
          "(and src_port>1023 dst_port>1023)");
    check("dst_port == 53", "dst_port==53");
    check("dst_port!=53", "dst_port!=53");
    check("ip_len <= 0x40", "ip_len<=64");
    check("ip_len < 64u", "ip_len<64");
    check("ip_len >= 64UL", "ip_len>=64");
    check("ip_len gt 1 and ip_len le 2 and ip_len ne 3",
          "(and (and ip_len>1 ip_len<=2) ip_len!=3)");
    assert_int_equal(fx.diags.n, 0);
}

static void
test_symbols(void **state)
{
    (void) state;
    check("proto icmp6 or proto sctp or proto 47",
          "(or (or proto==58 proto==132) proto==47)");
    check("flags tcp-syn", "tcp_flags==2");
    check("flags tcp-syn|tcp-ack", "tcp_flags==18");
    check("tcp_flags != tcp-rst|0x10", "tcp_flags!=20");
    check("flags 0x12", "tcp_flags==18");
    check("flags dns-nxdomain", "dns_rcode==3");
    check("flags dns-noerror", "dns_rcode==0");
    check("flags != dns-noerror", "dns_rcode!=0");
    check("dns_rcode dns-failed", "dns_rcode==2");
    check("flags dns-noerror|dns-nxdomain",
          "(or dns_rcode==0 dns_rcode==3)");
    check("http_method http-get or http_method http-head or "
          "http_method http-post",
          "(or (or http_method==1 http_method==2) http_method==3)");
    assert_int_equal(fx.diags.n, 0);
    refuse("flags dns-nxdomian", "did you mean \"dns-nxdomain\"?");
    refuse("flags tcp-synn", "did you mean \"tcp-syn\"?");
    refuse("flags tcp-syn|dns-nxdomain", "unknown value \"dns-nxdomain\"");
    refuse("flags dns-noerror|tcp-syn", "unknown DNS response code");
    refuse("flags > dns-noerror", "compared by \"==\"");
    refuse("dst_port 80|443", "\"|\" unites TCP flags alone");
    refuse("proto tcp|udp", "\"|\" unites TCP flags alone");
}

/* The original compared the first four bytes of the request. */
static void
test_old_http_method(void **state)
{
    (void) state;
    check("http_method 0x20544547U", "http_method==1");
    check("http_method 0x44414548U", "http_method==2");
    check("http_method 0x54534f50", "http_method==3");
    fixture_assert_says(&fx, XFSM_DIAG_WARNING, "write \"http-post\"");
    refuse("http_method 0x12345678", "does not fit");
}

static void
test_misspelt_protocol(void **state)
{
    (void) state;
    check("proto tco and dst_port 502", "(and proto==6 dst_port==502)");
    fixture_assert_says(&fx, XFSM_DIAG_WARNING,
                        "unknown protocol \"tco\" is taken as \"tcp\"");
    refuse("proto ucp", "unknown value \"ucp\" for proto");
    refuse("proto xyz", "unknown value \"xyz\" for proto");
    refuse("proto tpc", "unknown value \"tpc\" for proto");
}

static void
test_addresses(void **state)
{
    (void) state;
    check("ip_src 10.0.0.1", "ip_src==::ffff:10.0.0.1/128");
    check("ip_src 10.0.0.0/8", "ip_src==::ffff:10.0.0.0/104");
    check("ip_src != 0.0.0.0/0", "ip_src!=::ffff:0.0.0.0/96");
    check("ip_dst 2001:db8::1", "ip_dst==2001:db8::1/128");
    check("ip_dst fe80::/10", "ip_dst==fe80::/10");
    check("ip_dst == ::/0", "ip_dst==::/0");
    check("arp_spa 192.168.0.0/16", "arp_spa==::ffff:192.168.0.0/112");
    check("ip_src >= 10.0.0.1", "ip_src>=::ffff:10.0.0.1/128");
    assert_int_equal(fx.diags.n, 0);
    check("ip_src 10.1.2.3/12", "ip_src==::ffff:10.0.0.0/108");
    fixture_assert_says(&fx, XFSM_DIAG_WARNING, "bits beyond its length");
    refuse("ip_src 10.0.0", "is not an address");
    refuse("ip_src 10.0.0.256", "is not an address");
    refuse("ip_src 10.0.0.0/33", "is not an address");
    refuse("ip_src ::/129", "is not an address");
    refuse("ip_src ::1/", "is not an address");
    refuse("ip_src 10.0.0.0/8/8", "is not an address");
    refuse("ip_src localhost", "is not an address");
}

static void
test_other_values(void **state)
{
    (void) state;
    check("eth_src 00:11:22:aa:bb:CC", "eth_src==73596058572");
    check("domain_name WWW.Example.com", "domain_name=='www.example.com'");
    check("domain_name != \"a b\"", "domain_name!='a b'");
    check("tls_sni WWW.Example.com", "tls_sni=='www.example.com'");
    check("http_host == 'Example.com'", "http_host=='Example.com'");
    check("http_url \"/a?b=(c)\"", "http_url=='/a?b=(c)'");
    assert_int_equal(fx.diags.n, 0);
    refuse("eth_src 00:11:22:33:44", "is not a MAC address");
    refuse("eth_src 00:11:22:33:44:55:66", "is not a MAC address");
    refuse("eth_src 0:11:22:33:44:55", "is not a MAC address");
    refuse("domain_name > a", "compared by \"==\" and \"!=\" alone");
    refuse("domain_name \"a", "is never closed");
}

static void
test_tables(void **state)
{
    (void) state;
    check("ip_src in t", "ip_src in t");
    check("proto tcp and ip_dst in t", "(and proto==6 ip_dst in t)");
    assert_int_equal(fx.diags.n, 0);
    refuse("ip_src in u", "a table is expected after \"in\", not \"u\"");
    refuse("ip_src in", "a table is expected");
    refuse("dst_port in t", "with \"ip_src\" before");
    refuse("ip_src-dst_port in t", "with \"ip_src\" before");
    refuse("nothing in t", "unknown field \"nothing\" in a key");
}

static void
test_joined_key(void **state)
{
    (void) state;
    check("ip_src-dst_port in t", "ip_src-dst_port in t");
    check("ip_dst-src_port in t", "ip_dst-src_port in t");
}

static void
test_errors(void **state)
{
    (void) state;
    refuse("prot tcp", "did you mean \"proto\"?");
    refuse("zzzzzz 1", "unknown field \"zzzzzz\"");
    refuse("tcp and dst_port 22", "write \"proto tcp\"");
    refuse("ip_src,ip_dst in t", "names are joined by \"-\"");
    refuse("proto", "a value for proto is missing");
    refuse("proto tcp and", "is missing at the end");
    refuse("and proto tcp", "unknown field \"and\"");
    refuse("proto tcp dst_port 80", "\"and\" or \"or\" is expected");
    refuse("proto = tcp", "equality is written \"==\"");
    refuse("dst_port 70000", "70000 does not fit field dst_port, whose "
           "values are 0 to 65535");
    refuse("dst_port http", "unknown value \"http\" for dst_port");
    refuse("dst_port 80x", "unknown value \"80x\"");
    refuse("dst_port -1", "unknown value \"-1\"");
    refuse("dst_port 1.5", "unknown value \"1.5\"");
    refuse("not proto tcp", "no \"not\"");
    refuse("!proto tcp", "no \"!\"");
    refuse("(proto tcp", "a \")\" is missing");
    refuse("proto tcp)", "is expected before \")\"");
    refuse("()", "a field's name is expected before \")\"");
    refuse("flags tcp-syn|", "is not a value");
    check("tcp_dport 80", "dst_port==80");
    fixture_assert_says(&fx, XFSM_DIAG_WARNING, "taken as \"dst_port\"");
}

static void
repeat(char *text, const char *part, int n, const char *tail)
{
    text[0] = '\0';
    while (n-- > 0) {
        strcat(text, part);
    }
    strcat(text, tail);
}

static void
test_limits(void **state)
{
    struct xfsm_selector *selector;
    char text[8192];

    (void) state;
    repeat(text, "dst_port 1 or ", XFSM_MAX_SELECTOR_TESTS - 1, "proto tcp");
    assert_true(xfsm_selector_parse(&parse, text, &selector));
    repeat(text, "dst_port 1 or ", XFSM_MAX_SELECTOR_TESTS, "proto tcp");
    refuse(text, "more than 64 tests");

    repeat(text, "(", XFSM_MAX_EXPR_DEPTH, "proto tcp");
    repeat(text + strlen(text), ")", XFSM_MAX_EXPR_DEPTH, "");
    assert_true(xfsm_selector_parse(&parse, text, &selector));
    repeat(text, "(", XFSM_MAX_EXPR_DEPTH + 1, "proto tcp");
    repeat(text + strlen(text), ")", XFSM_MAX_EXPR_DEPTH + 1, "");
    refuse(text, "nested too deep");

    repeat(text, "ip_src-", XFSM_MAX_KEY_FIELDS, "ip_src in t");
    refuse(text, "more than 8 fields");
    repeat(text, "ip_src-", XFSM_MAX_KEY_FIELDS - 1, "ip_src in t");
    fixture_clear(&fx);
    assert_true(xfsm_selector_parse(&parse, text, &selector));
    assert_int_equal(selector->key.n, XFSM_MAX_KEY_FIELDS);
}

int
main(void)
{
#define TEST(NAME) cmocka_unit_test_setup_teardown(NAME, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_empty),
        TEST(test_structure),
        TEST(test_operators),
        TEST(test_symbols),
        TEST(test_old_http_method),
        TEST(test_misspelt_protocol),
        TEST(test_addresses),
        TEST(test_other_values),
        TEST(test_tables),
        TEST(test_joined_key),
        TEST(test_errors),
        TEST(test_limits),
    };
#undef TEST

    return cmocka_run_group_tests(tests, NULL, NULL);
}
