/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

/* Keys that go by the prefix of an address, as ip_src/24/56. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <arpa/inet.h>

#include <cmocka.h>
#include "tests/unit/engine-harness.h"
#include "tests/unit/program-fixture.h"
#include "xfsm/packet/prefix.h"

static union xfsm_addr
addr(const char *text)
{
    union xfsm_addr a = { .b = { [10] = 0xff, [11] = 0xff } };

    if (inet_pton(AF_INET, text, &a.b[12]) != 1) {
        assert_int_equal(inet_pton(AF_INET6, text, &a), 1);
    }
    return a;
}

static void
check(const char *address, uint8_t ip4, uint8_t ip6, const char *expected)
{
    union xfsm_addr a = addr(address);
    char text[XFSM_FIELD_TEXT_MAX];
    size_t len = xfsm_prefix_format_addr(
        &a, (struct xfsm_prefix_lengths) { ip4, ip6 }, text, sizeof text);

    assert_int_equal(len, strlen(expected));
    assert_memory_equal(text, expected, len);
}

static void
test_addresses(void **state)
{
    (void) state;
    check("10.1.2.255", 24, 64, "10.1.2.0/24");
    check("10.1.2.255", 32, 64, "10.1.2.255/32");
    check("10.1.2.255", 31, 64, "10.1.2.254/31");
    check("255.1.2.255", 1, 64, "128.0.0.0/1");
    check("10.1.2.255", 0, 0, "10.1.2.255");
    check("2001:db8:1:2:3:4:5:6", 24, 64, "2001:db8:1:2::/64");
    check("2001:db8:1:2:3:4:5:6", 24, 128, "2001:db8:1:2:3:4:5:6/128");
    check("2001:db8:1:2:3:4:5:6", 24, 31, "2001:db8::/31");
    check("ffff::1", 24, 1, "8000::/1");
}

static void
test_lengths(void **state)
{
    static const struct {
        enum xfsm_field_type type;
        struct xfsm_prefix_lengths lengths;
        bool valid;
    } cases[] = {
        { XFSM_FT_ADDR, { 0, 0 }, true }, { XFSM_FT_UINT, { 0, 0 }, true },
        { XFSM_FT_ADDR, { 1, 1 }, true }, { XFSM_FT_ADDR, { 32, 128 }, true },
        { XFSM_FT_ADDR, { 33, 64 }, false },
        { XFSM_FT_ADDR, { 0, 64 }, false },
        { XFSM_FT_ADDR, { 24, 129 }, false },
        { XFSM_FT_ADDR, { 24, 0 }, false },
        { XFSM_FT_UINT, { 8, 8 }, false }, { XFSM_FT_STR, { 8, 8 }, false },
    };

    (void) state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(xfsm_prefix_is_valid(cases[i].type,
                                              cases[i].lengths),
                         cases[i].valid);
    }
}

#define PROGRAM(ROOT, KEY, USE) \
    "<" ROOT "><statedef id='a'/><metric name='m'>" \
    "<variation_monitor status='on' type='dleft'/></metric>" \
    "<event type='packet' primary-key='" KEY "' selector='proto udp'>" \
    "<state id='a'><use-metric id='m' vm_update='" USE "'/>" \
    "<condition expression='true' action='Publish(log, %m)'/></state>" \
    "</event></" ROOT ">"

/* A table is used with keys of one shape. */
#define TWO_KEYS(A, B) \
    "<xfsm><statedef id='a'/><table name='t'/><event type='packet' " \
    "primary-key='ip_src'><state id='a'><condition expression='t(" A ") " \
    "&gt; t(" B ")'/></state></event></xfsm>"

static void
test_errors(void **state)
{
    static const struct {
        const char *xml, *what;
    } cases[] = {
        { PROGRAM("botstream", "ip_src/24", "ip_src"), "are of dialect 2" },
        { PROGRAM("xfsm", "dst_port/8", "ip_src"), "is no IP address" },
        { PROGRAM("xfsm", "ip_src/0", "ip_src"), "is no prefix" },
        { PROGRAM("xfsm", "ip_src/33", "ip_src"), "is no prefix" },
        { PROGRAM("xfsm", "ip_src/24/0", "ip_src"), "is no prefix" },
        { PROGRAM("xfsm", "ip_src/24/129", "ip_src"), "is no prefix" },
        { PROGRAM("xfsm", "ip_src/", "ip_src"), "is no prefix" },
        { PROGRAM("xfsm", "ip_src/24/", "ip_src"), "is no prefix" },
        { PROGRAM("xfsm", "ip_src/24/64/1", "ip_src"), "is no prefix" },
        { PROGRAM("xfsm", "ip_src/x", "ip_src"), "is no prefix" },
        { TWO_KEYS("ip_src", "ip_src/24"), "but with \"ip_src\" before" },
        { TWO_KEYS("ip_src/24", "ip_dst/16"), "with \"ip_src/24/64\" before" },
        { TWO_KEYS("ip_src/24/56", "ip_src/24"), "\"ip_src/24/56\" before" },
    };

    (void) state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct fixture fx;

        fixture_load(&fx, "%s", cases[i].xml);
        fixture_assert_error(&fx, 1, cases[i].what);
        fixture_free(&fx);
    }
}

static void
run(struct eh *eh)
{
    eh_load(eh, "p", PROGRAM("xfsm", "ip_src/24", "ip_src/24-dst_port"));
    eh_udp(eh, 0, "10.0.0.1", "10.0.9.2", 53);
    eh_udp(eh, 1, "10.0.0.255", "10.0.9.2", 53);
    eh_udp(eh, 2, "10.0.1.0", "10.0.9.2", 53);
    eh_udp(eh, 3, "10.0.0.7", "10.0.9.2", 80);
    eh_udp(eh, 4, "2001:db8::1", "2001:db8::2", 53);
    eh_udp(eh, 5, "2001:db8::ffff:0:0:1", "2001:db8::2", 53);
    eh_udp(eh, 6, "2001:db8:0:1::1", "2001:db8::2", 53);
    eh_expect(eh, "0 log 1", "1 log 2", "2 log 1", "3 log 1", "4 log 1",
              "5 log 2", "6 log 1", NULL);
}

/* Machine code and interpreter build the same keys. */
static void
test_keys(void **state)
{
    struct eh eh;

    (void) state;
    eh_init(&eh);
    run(&eh);
    eh_free(&eh);
    eh_init_backend(&eh, XFSM_BACKEND_INTERPRETER);
    run(&eh);
    eh_free(&eh);
}

static void
test_declared_entries(void **state)
{
    struct eh eh;

    (void) state;
    eh_init(&eh);
    eh_load(&eh, "p",
            "<xfsm><statedef id='a'/>"
            "<table name='nets'><entry key='10.1.0.0' value='5'/>"
            "<entry key='10.2.3.4' value='7'/></table>"
            "<event type='packet' primary-key='ip_src' "
            "selector='proto udp'><state id='a'>"
            "<condition expression='nets(ip_src/16) &gt; 0' "
            "action='Publish(log, %nets(ip_src/16))'/></state></event>"
            "</xfsm>");
    eh_udp(&eh, 0, "10.1.200.1", "10.9.9.9", 53);
    eh_udp(&eh, 1, "10.2.200.1", "10.9.9.9", 53);
    eh_udp(&eh, 2, "10.3.200.1", "10.9.9.9", 53);
    eh_expect(&eh, "0 log 5", "1 log 7", NULL);
    eh_free(&eh);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_addresses),
        cmocka_unit_test(test_lengths),
        cmocka_unit_test(test_errors),
        cmocka_unit_test(test_keys),
        cmocka_unit_test(test_declared_entries),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
