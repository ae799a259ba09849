/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/packet-builder.h"
#include "xfsm/packet/field.h"

static int
lookup(const char *name, bool *alias)
{
    return xfsm_field_lookup(name, strlen(name), alias);
}

static void
test_registry(void **state)
{
    unsigned int i, j;

    (void) state;
    for (i = 0; i < XFSM_N_FIELDS; i++) {
        const struct xfsm_field *f = &xfsm_fields[i];
        bool alias = true;

        assert_int_equal(lookup(f->name, &alias), i);
        assert_false(alias);
        assert_true(f->doc[0]);
        assert_true(f->offset + f->width <= sizeof(struct xfsm_packet));
        switch (f->type) {
        case XFSM_FT_UINT:
            assert_true(f->width == 1 || f->width == 2 || f->width == 4
                        || f->width == 8);
            break;
        case XFSM_FT_MAC:
            assert_int_equal(f->width, 8);
            break;
        case XFSM_FT_ADDR:
            assert_int_equal(f->width, sizeof(union xfsm_addr));
            break;
        case XFSM_FT_STR:
            assert_int_equal(f->width, sizeof(struct xfsm_str));
            break;
        }
        for (j = 0; j < i; j++) {
            assert_string_not_equal(f->name, xfsm_fields[j].name);
        }
    }
}

/* What belongs together: each inner field has the type of its outer twin. */
static void
test_inner_fields(void **state)
{
    unsigned int i, n = 0;

    (void) state;
    for (i = 0; i < XFSM_N_FIELDS; i++) {
        const struct xfsm_field *f = &xfsm_fields[i];
        int outer;

        if (strncmp(f->name, "inner_", 6)) {
            continue;
        }
        outer = lookup(f->name + 6, NULL);
        assert_true(outer >= 0);
        assert_int_equal(xfsm_fields[outer].type, f->type);
        assert_int_equal(xfsm_fields[outer].width, f->width);
        assert_int_equal(f->layer, XFSM_FL_TUNNEL);
        n++;
    }
    assert_true(n >= 14);
}

static void
test_lookup(void **state)
{
    bool alias = true;

    (void) state;
    assert_int_equal(lookup("flags", &alias), XFSM_F_TCP_FLAGS);
    assert_false(alias);
    assert_int_equal(lookup("tcp_sport", &alias), XFSM_F_SRC_PORT);
    assert_true(alias);
    assert_int_equal(lookup("udp_sport", &alias), XFSM_F_SRC_PORT);
    assert_int_equal(lookup("tcp_dport", &alias), XFSM_F_DST_PORT);
    assert_int_equal(lookup("udp_dport", &alias), XFSM_F_DST_PORT);
    assert_int_equal(lookup("udp_dport", NULL), XFSM_F_DST_PORT);

    /* Outer fields are the plain ones that have an inner twin. */
    assert_int_equal(lookup("outer_ip_src", &alias), XFSM_F_IP_SRC);
    assert_false(alias);
    assert_int_equal(lookup("outer_proto", NULL), XFSM_F_PROTO);
    assert_int_equal(lookup("outer_icmp_code", NULL), XFSM_F_ICMP_CODE);
    assert_int_equal(lookup("outer_tcp_seq", NULL), -1);
    assert_int_equal(lookup("outer_", NULL), -1);
    assert_int_equal(lookup("outer_inner_ip_src", NULL), -1);
    assert_int_equal(lookup("outer_0123456789012345678901234567", NULL), -1);
    alias = true;

    /* Unknown: the output is left alone. */
    assert_int_equal(lookup("no_such", &alias), -1);
    assert_true(alias);
    assert_int_equal(lookup("", NULL), -1);
    assert_int_equal(lookup("IP_SRC", NULL), -1);
    assert_int_equal(lookup("ip_srcx", NULL), -1);
    /* Not terminated: a length of its own. */
    assert_int_equal(xfsm_field_lookup("ip_srcx", 6, NULL), XFSM_F_IP_SRC);
    assert_int_equal(xfsm_field_lookup("ip_src", 5, NULL), -1);
}

/* Formats into memory of exactly 'size' bytes. */
static void
check_format(const struct xfsm_packet *packet, unsigned int field, size_t size,
             const char *text)
{
    char *buf = malloc(size);
    size_t len = xfsm_field_format(packet, field, buf, size);

    assert_int_equal(len, strlen(text));
    assert_memory_equal(buf, text, len);
    free(buf);
}

static void
test_format_uint_and_mac(void **state)
{
    struct xfsm_packet packet;

    (void) state;
    memset(&packet, 0, sizeof packet);
    packet.ts = UINT64_MAX;
    packet.eth_src = UINT64_C(0x0a0b0c0d0e0f);
    check_format(&packet, XFSM_F_TS, 32, "");
    check_format(&packet, XFSM_N_FIELDS, 32, "");

    xfsm_fieldset_add(&packet.present, XFSM_F_TS);
    xfsm_fieldset_add(&packet.present, XFSM_F_ETH_SRC);
    xfsm_fieldset_add(&packet.present, XFSM_F_SRC_PORT);
    check_format(&packet, XFSM_F_TS, 20, "18446744073709551615");
    check_format(&packet, XFSM_F_TS, 3, "184");
    check_format(&packet, XFSM_F_TS, 0, "");
    check_format(&packet, XFSM_F_SRC_PORT, 32, "0");
    check_format(&packet, XFSM_F_ETH_SRC, 17, "0a:0b:0c:0d:0e:0f");
    check_format(&packet, XFSM_F_ETH_SRC, 4, "0a:0");
}

/* The text of an address is what was parsed, in the form of RFC 5952. */
static void
check_addr(const char *addr, const char *text)
{
    struct xfsm_packet packet;
    struct packet_builder b;
    uint8_t buf[64];

    pb_init(&b, buf, sizeof buf);
    pb_ip6(&b, addr, "::");
    memset(&packet, 0, sizeof packet);
    memcpy(packet.ip_src.b, buf + 8, 16);
    xfsm_fieldset_add(&packet.present, XFSM_F_IP_SRC);
    check_format(&packet, XFSM_F_IP_SRC, 64, text);
}

static void
test_format_addr(void **state)
{
    (void) state;
    check_addr("::ffff:192.0.2.1", "192.0.2.1");
    check_addr("::ffff:0.0.0.0", "0.0.0.0");
    check_addr("::ffff:255.255.255.255", "255.255.255.255");
    for (unsigned int i = 0; i < 256; i++) {
        char mapped[40], plain[20];

        snprintf(plain, sizeof plain, "%u.%u.7.%u", i, 255 - i, i);
        snprintf(mapped, sizeof mapped, "::ffff:%s", plain);
        check_addr(mapped, plain);
    }
    check_addr("::", "::");
    check_addr("::1", "::1");
    check_addr("1::", "1::");
    check_addr("::192.0.2.1", "::c000:201");
    check_addr("2001:db8::1", "2001:db8::1");
    check_addr("2001:0db8:0000:0001:0001:0001:0001:0001",
               "2001:db8:0:1:1:1:1:1");
    check_addr("2001:0:0:1:0:0:0:1", "2001:0:0:1::1");
    check_addr("2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1");
    check_addr("0:0:1:1:1:1:0:0", "::1:1:1:1:0:0");
    check_addr("1:1:1:1:1:1:0:0", "1:1:1:1:1:1::");
    check_addr("0:1:1:1:1:1:1:0", "0:1:1:1:1:1:1:0");
    check_addr("2001:DB8::ABCD:EF", "2001:db8::abcd:ef");
    check_addr("1234:5678:9abc:def0:1234:5678:9abc:def0",
               "1234:5678:9abc:def0:1234:5678:9abc:def0");
}

static void
test_format_str(void **state)
{
    struct xfsm_packet packet;

    (void) state;
    memset(&packet, 0, sizeof packet);
    xfsm_fieldset_add(&packet.present, XFSM_F_HTTP_URL);
    check_format(&packet, XFSM_F_HTTP_URL, 8, "");
    packet.http_url.p = "/a b~\n\x7f\x80\0\"";
    packet.http_url.len = 10;
    check_format(&packet, XFSM_F_HTTP_URL, 10, "/a b~....\"");
    check_format(&packet, XFSM_F_HTTP_URL, 5, "/a b~");
}

static void
test_field_uint(void **state)
{
    struct xfsm_packet packet;

    (void) state;
    memset(&packet, 0xff, sizeof packet);
    packet.ip_ttl = 64;
    packet.src_port = 65535;
    packet.tcp_seq = 0x80000000;
    packet.eth_dst = UINT64_C(0x010203040506);
    assert_true(xfsm_field_uint(&packet, XFSM_F_IP_TTL) == 64);
    assert_true(xfsm_field_uint(&packet, XFSM_F_SRC_PORT) == 65535);
    assert_true(xfsm_field_uint(&packet, XFSM_F_TCP_SEQ) == 0x80000000);
    assert_true(xfsm_field_uint(&packet, XFSM_F_ETH_DST)
                == UINT64_C(0x010203040506));
}

/* What is written is read back. */
static void
test_parse(void **state)
{
    static const struct {
        unsigned int field;
        const char *text;
        bool ok;
    } cases[] = {
        { XFSM_F_IP_TTL, "0", true }, { XFSM_F_IP_TTL, "255", true },
        { XFSM_F_IP_TTL, "256", false }, { XFSM_F_IP_TTL, "", false },
        { XFSM_F_IP_TTL, "-1", false }, { XFSM_F_IP_TTL, "1 ", false },
        { XFSM_F_DST_PORT, "65535", true },
        { XFSM_F_DST_PORT, "65536", false },
        { XFSM_F_TCP_SEQ, "4294967295", true },
        { XFSM_F_TCP_SEQ, "4294967296", false },
        { XFSM_F_TS, "18446744073709551615", true },
        { XFSM_F_TS, "18446744073709551616", false },
        { XFSM_F_ETH_SRC, "02:00:00:00:00:1f", true },
        { XFSM_F_ETH_SRC, "02:00:00:00:00:1", false },
        { XFSM_F_ETH_SRC, "02:00:00:00:00:1g", false },
        { XFSM_F_ETH_SRC, "02-00:00:00:00:1f", false },
        { XFSM_F_IP_SRC, "10.0.0.1", true },
        { XFSM_F_IP_SRC, "2001:db8::1", true },
        { XFSM_F_IP_SRC, "10.0.0", false },
        { XFSM_F_IP_SRC, "2001:0db8:0000:0000:0000:0000:0000:00001", false },
        { XFSM_F_DOMAIN_NAME, "", true },
        { XFSM_F_DOMAIN_NAME, "a.example", true },
    };
    char long_text[XFSM_FIELD_TEXT_MAX + 1];
    struct xfsm_packet packet;

    (void) state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        size_t n = strlen(cases[i].text);
        char buf[XFSM_FIELD_TEXT_MAX];

        memset(&packet, 0, sizeof packet);
        assert_int_equal(xfsm_field_parse(&packet, cases[i].field,
                                          cases[i].text, n), cases[i].ok);
        assert_int_equal(xfsm_fieldset_has(&packet.present, cases[i].field),
                         cases[i].ok);
        if (cases[i].ok) {
            assert_int_equal(xfsm_field_format(&packet, cases[i].field, buf,
                                               sizeof buf), n);
            assert_memory_equal(buf, cases[i].text, n);
        }
    }
    memset(long_text, 'a', sizeof long_text);
    assert_true(xfsm_field_parse(&packet, XFSM_F_DOMAIN_NAME, long_text,
                                 XFSM_FIELD_TEXT_MAX - 1));
    assert_false(xfsm_field_parse(&packet, XFSM_F_DOMAIN_NAME, long_text,
                                  XFSM_FIELD_TEXT_MAX));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_registry),
        cmocka_unit_test(test_inner_fields),
        cmocka_unit_test(test_lookup),
        cmocka_unit_test(test_format_uint_and_mac),
        cmocka_unit_test(test_format_addr),
        cmocka_unit_test(test_format_str),
        cmocka_unit_test(test_field_uint),
        cmocka_unit_test(test_parse),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
