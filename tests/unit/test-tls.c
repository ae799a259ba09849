/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/decode-frame.h"
#include "xfsm/packet/field.h"

#define EXT_NAME 0
#define EXT_ALPN 16
#define EXT_PADDING 21
#define EXT_KEY 41
#define EXT_VERSIONS 43

static size_t extensions_at;    /* Their length field; 0: none yet. */

static void
set_be16(size_t at, size_t x)
{
    buf[at] = (uint8_t) (x >> 8);
    buf[at + 1] = (uint8_t) x;
}

/* Starts a hello of 'version' with 'n' cipher suites. */
static void
start(unsigned int version, const uint16_t *ciphers, size_t n)
{
    size_t i;

    pb_init(&b, buf, sizeof buf);
    pb_eth(&b, NULL, NULL);
    pb_ip(&b, "10.0.0.1", "10.0.0.2");
    pb_tcp(&b, 40000, 4433, PB_ACK | PB_PSH);
    pb_bytes(&b, "\x16\3\1\0\0\1\0\0\0", 9);
    pb_be16(&b, version);
    pb_fill(&b, 0x5a, 32);
    pb_u8(&b, 32);
    pb_fill(&b, 0xa5, 32);
    pb_be16(&b, (unsigned int) n * 2);
    for (i = 0; i < n; i++) {
        pb_be16(&b, ciphers[i]);
    }
    pb_be16(&b, 0x0100);        /* One compression, none. */
    extensions_at = 0;
}

static void
extension(unsigned int type, const void *data, size_t len)
{
    if (!extensions_at) {
        extensions_at = b.len;
        pb_be16(&b, 0);
    }
    pb_be16(&b, type);
    pb_be16(&b, (unsigned int) len);
    pb_bytes(&b, data, len);
}

static void
name_extension(const char *name)
{
    size_t len = strlen(name);
    uint8_t data[512];

    data[0] = (uint8_t) ((len + 3) >> 8);
    data[1] = (uint8_t) (len + 3);
    data[2] = 0;
    data[3] = (uint8_t) (len >> 8);
    data[4] = (uint8_t) len;
    memcpy(data + 5, name, len);
    extension(EXT_NAME, data, len + 5);
}

static void
finish_hello(void)
{
    if (extensions_at) {
        set_be16(extensions_at, b.len - extensions_at - 2);
    }
    set_be16(b.payload_at + 3, b.len - b.payload_at - 5);
    set_be16(b.payload_at + 7, b.len - b.payload_at - 9);
    finish();
}

/* The fingerprint as it is documented, without the code that is tested. */
static uint64_t
hash(unsigned int tag, unsigned int value)
{
    const unsigned int bytes[3] = { tag, value / 256, value % 256 };
    uint64_t h = UINT64_C(14695981039346656037);
    int i;

    for (i = 0; i < 3; i++) {
        h ^= bytes[i];
        h *= UINT64_C(1099511628211);
    }
    return h;
}

static void
check_ja(uint64_t ja)
{
    char text[32];

    snprintf(text, sizeof text, "%" PRIu64, ja);
    assert_field(&dc, "tls_ja", text);
}

static void
test_hello(void **state)
{
    static const uint16_t ciphers[] = { 0x1301, 0xc02b, 0x009c };
    uint64_t ja = (hash(0, 0x0304) + hash(1, 0x1301) + hash(1, 0xc02b)
                   + hash(1, 0x009c) + hash(2, 10) + hash(2, EXT_VERSIONS));

    (void) state;
    start(0x0303, ciphers, 3);
    name_extension("www.a.example");
    extension(10, "\0\2\0\x1d", 4);
    extension(EXT_ALPN, "\0\x0c\2h2\x08http/1.1", 14);
    extension(EXT_VERSIONS, "\4\3\3\3\4", 5);
    extension(EXT_PADDING, "\0\0\0", 3);
    finish_hello();
    assert_decode_error(&dc, "none");
    assert_field(&dc, "tls_version", "772");
    assert_field(&dc, "tls_sni", "www.a.example");
    assert_field(&dc, "tls_alpn", "h2");
    check_ja(ja);
    dc_every_cut_of_frame(&b);

    /* In another order, with other random values, to another server. */
    start(0x0303, (const uint16_t[]) { 0x7a7a, 0x009c, 0x1301, 0xc02b }, 4);
    extension(0xdada, "", 0);
    extension(EXT_VERSIONS, "\6\x1a\x1a\3\4\3\3", 7);
    extension(10, "", 0);
    extension(EXT_KEY, "xyz", 3);
    finish_hello();
    assert_decode_error(&dc, "none");
    assert_field(&dc, "tls_version", "772");
    assert_field(&dc, "tls_sni", "-");
    check_ja(ja);

    /* Another client. */
    start(0x0303, ciphers, 3);
    extension(10, "", 0);
    extension(11, "", 0);
    extension(EXT_VERSIONS, "\4\3\3\3\4", 5);
    finish_hello();
    check_ja(ja + hash(2, 11));
    /* 0x0a1a looks like GREASE, but is none. */
    start(0x0303, (const uint16_t[]) { 0x0a1a }, 1);
    finish_hello();
    check_ja(hash(0, 0x0303) + hash(1, 0x0a1a));
}

/* Hellos of before TLS 1.2 have no extensions. */
static void
test_old(void **state)
{
    (void) state;
    start(0x0300, (const uint16_t[]) { 5 }, 1);
    finish_hello();
    assert_decode_error(&dc, "none");
    assert_field(&dc, "tls_version", "768");
    check_ja(hash(0, 0x0300) + hash(1, 5));
    dc_every_cut_of_frame(&b);

    /* Versions that are drafts or GREASE count as little as none. */
    start(0x0303, (const uint16_t[]) { 5 }, 1);
    extension(EXT_VERSIONS, "\4\x7f\x1c\xfa\xfa", 5);
    finish_hello();
    assert_field(&dc, "tls_version", "771");
}

static void
test_names(void **state)
{
    struct xfsm_fieldset want = { { UINT64_MAX, UINT64_MAX } };
    char longest[XFSM_TLS_NAME_MAX + 2];

    (void) state;
    start(0x0303, (const uint16_t[]) { 5 }, 1);
    name_extension("WWW.A-Z@[.Example");
    finish_hello();
    assert_decode_error(&dc, "none");
    assert_field(&dc, "tls_sni", "www.a-z@[.example");
    dc_every_cut_of_frame(&b);
    /* That took memory. */
    dc.packet.scratch = NULL;
    xfsm_decode(&dc.packet, &want);
    assert_field(&dc, "tls_sni", "-");
    assert_field(&dc, "tls_version", "771");

    memset(longest, 'A', sizeof longest);
    longest[XFSM_TLS_NAME_MAX] = '\0';
    start(0x0303, (const uint16_t[]) { 5 }, 1);
    name_extension(longest);
    finish_hello();
    assert_decode_error(&dc, "none");
    assert_int_equal(dc.packet.tls_sni.len, XFSM_TLS_NAME_MAX);
    longest[XFSM_TLS_NAME_MAX] = 'A';
    longest[XFSM_TLS_NAME_MAX + 1] = '\0';
    start(0x0303, (const uint16_t[]) { 5 }, 1);
    name_extension(longest);
    finish_hello();
    assert_decode_error(&dc, "tls_hello");
    assert_field(&dc, "tls_sni", "-");

    /* Empty, twice, no name of a host. */
    start(0x0303, (const uint16_t[]) { 5 }, 1);
    extension(EXT_NAME, "", 0);
    name_extension("a");
    name_extension("b");
    finish_hello();
    assert_field(&dc, "tls_sni", "a");
    start(0x0303, (const uint16_t[]) { 5 }, 1);
    extension(EXT_NAME, "\0\4\1\0\1a", 6);
    finish_hello();
    assert_decode_error(&dc, "none");
    assert_field(&dc, "tls_sni", "-");
}

/* An extension of 'type' that holds 'data', which does not fit. */
static void
check_malformed(unsigned int type, const char *data, size_t len)
{
    start(0x0303, (const uint16_t[]) { 5 }, 1);
    extension(type, data, len);
    finish_hello();
    assert_decode_error(&dc, "tls_hello");
    assert_field(&dc, "tls_ja", "-");
    assert_field(&dc, "tls_version", "-");
    dc_every_cut_of_frame(&b);
}

static void
test_malformed(void **state)
{
    (void) state;
    check_malformed(EXT_NAME, "\0", 1);
    check_malformed(EXT_NAME, "\0\5\0\0\1a", 6);
    check_malformed(EXT_NAME, "\0\4\0\0\2a", 6);
    check_malformed(EXT_ALPN, "\0\4\2h2", 5);
    check_malformed(EXT_ALPN, "\0\3\3h2", 5);
    check_malformed(EXT_ALPN, "", 0);
    check_malformed(EXT_VERSIONS, "\4\3\3", 3);
    check_malformed(EXT_VERSIONS, "", 0);

    /* Extensions longer than the hello. */
    start(0x0303, (const uint16_t[]) { 5 }, 1);
    extension(10, "", 0);
    finish_hello();
    buf[extensions_at + 1]++;
    decode();
    assert_decode_error(&dc, "tls_hello");
    /* Cipher suites, session. */
    buf[b.payload_at + 9 + 34 + 33] = 0xff;
    decode();
    assert_decode_error(&dc, "tls_hello");
    buf[b.payload_at + 9 + 34] = 255;
    decode();
    assert_decode_error(&dc, "tls_hello");
    assert_field(&dc, "tls_version", "-");
}

/* The hello goes on in another segment, in another record. */
static void
test_continued(void **state)
{
    (void) state;
    start(0x0303, (const uint16_t[]) { 5 }, 1);
    extension(EXT_VERSIONS, "\2\3\4", 3);
    name_extension("a.example");
    extension(10, "0123456789", 10);
    finish_hello();
    b.len -= 5;
    pb_finish(&b);
    decode();
    assert_decode_error(&dc, "tls_short");
    assert_field(&dc, "tls_sni", "a.example");
    assert_field(&dc, "tls_version", "772");
    assert_field(&dc, "tls_ja", "-");

    /* The record ends before the hello does. */
    b.len += 5;
    set_be16(b.payload_at + 3, b.len - b.payload_at - 5 - 5);
    pb_finish(&b);
    decode();
    assert_decode_error(&dc, "tls_short");
    assert_field(&dc, "tls_sni", "a.example");
    assert_field(&dc, "tls_ja", "-");
    set_be16(b.payload_at + 3, 3);
    decode();
    assert_decode_error(&dc, "tls_short");
    assert_field(&dc, "tls_sni", "-");

    /* More after the hello is no fault. */
    start(0x0303, (const uint16_t[]) { 5 }, 1);
    finish_hello();
    pb_fill(&b, 0, 10);
    pb_finish(&b);
    decode();
    assert_decode_error(&dc, "none");
    assert_field(&dc, "tls_version", "771");
}

static void
check_n_ciphers(size_t n, bool deep)
{
    uint16_t ciphers[XFSM_TLS_CIPHERS_MAX + 1];
    uint64_t ja = hash(0, 0x0303);
    size_t i;

    for (i = 0; i < n; i++) {
        ciphers[i] = (uint16_t) i;
        ja += hash(1, ciphers[i]);
    }
    start(0x0303, ciphers, n);
    name_extension("a");
    finish_hello();
    assert_decode_error(&dc, deep ? "tls_deep" : "none");
    assert_field(&dc, "tls_sni", "a");
    if (deep) {
        assert_field(&dc, "tls_ja", "-");
    } else {
        check_ja(ja);
    }
}

static void
check_n_extensions(unsigned int n, bool deep)
{
    unsigned int i;

    start(0x0303, (const uint16_t[]) { 5 }, 1);
    name_extension("a");
    extension(EXT_VERSIONS, "\2\3\4", 3);
    for (i = 2; i < n; i++) {
        extension(1000 + i, "", 0);
    }
    finish_hello();
    assert_decode_error(&dc, deep ? "tls_deep" : "none");
    assert_field(&dc, "tls_sni", "a");
    assert_field(&dc, "tls_version", "772");
    assert_int_equal(strcmp(dc_text(&dc, "tls_ja"), "-") == 0, deep);
}

static void
test_limits(void **state)
{
    (void) state;
    check_n_ciphers(XFSM_TLS_CIPHERS_MAX, false);
    check_n_ciphers(XFSM_TLS_CIPHERS_MAX + 1, true);
    check_n_extensions(XFSM_TLS_EXTENSIONS_MAX, false);
    check_n_extensions(XFSM_TLS_EXTENSIONS_MAX + 1, true);
}

/* What is no hello, or nobody asks for. */
static void
test_other(void **state)
{
    static const struct {
        size_t at;
        uint8_t value;
    } others[] = { { 0, 23 }, { 1, 2 }, { 5, 2 } };
    struct xfsm_fieldset want = { { 0, 0 } };
    size_t i;

    (void) state;
    for (i = 0; i < sizeof others / sizeof others[0]; i++) {
        start(0x0303, (const uint16_t[]) { 5 }, 1);
        finish_hello();
        buf[b.payload_at + others[i].at] = others[i].value;
        decode();
        assert_decode_error(&dc, "none");
        assert_field(&dc, "tls_version", "-");
    }
    start(0x0303, (const uint16_t[]) { 5 }, 1);
    finish_hello();
    b.len = b.payload_at + 5;
    pb_finish(&b);
    decode();
    assert_decode_error(&dc, "none");
    assert_field(&dc, "tls_version", "-");
    b.len++;
    pb_finish(&b);
    decode();
    assert_decode_error(&dc, "tls_short");

    xfsm_decode(&dc.packet, &want);
    assert_decode_error(&dc, "none");
    xfsm_fieldset_add(&want, XFSM_F_TLS_JA);
    xfsm_decode(&dc.packet, &want);
    assert_decode_error(&dc, "tls_short");
}

/* Every value of every byte of the headers. */
static void
test_mutations(void **state)
{
    (void) state;
    start(0x0303, (const uint16_t[]) { 5, 0x0a0a }, 2);
    name_extension("A.example");
    extension(EXT_ALPN, "\0\3\2h2", 5);
    extension(EXT_VERSIONS, "\4\3\3\3\4", 5);
    finish_hello();
    decode_mutations(b.payload_at);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_hello, teardown),
        cmocka_unit_test_teardown(test_old, teardown),
        cmocka_unit_test_teardown(test_names, teardown),
        cmocka_unit_test_teardown(test_malformed, teardown),
        cmocka_unit_test_teardown(test_continued, teardown),
        cmocka_unit_test_teardown(test_limits, teardown),
        cmocka_unit_test_teardown(test_other, teardown),
        cmocka_unit_test_teardown(test_mutations, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
