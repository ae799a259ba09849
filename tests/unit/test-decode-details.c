/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

/* What detection reads of the lower layers beyond addresses and ports; and
 * that the three ways to decode a plain packet agree. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/decode-frame.h"
#include "xfsm/packet/field.h"

/* An ICMP message of 'type' with 'n' bytes after its first eight. */
static void
check_icmp(const char *src, const char *dst, unsigned int type, size_t n,
           bool echo)
{
    uint8_t *icmp;
    char len[16];

    start_ip(src, dst);
    icmp = pb_icmp(&b, type, 0);
    memcpy(icmp + 4, "\x12\x34\xff\xfe", 4);
    pb_fill(&b, 'x', n);
    finish();
    snprintf(len, sizeof len, "%zu", n);
    assert_decode_error(&dc, "none");
    assert_field(&dc, "icmp_id", echo ? "4660" : "-");
    assert_field(&dc, "icmp_seq", echo ? "65534" : "-");
    assert_field(&dc, "icmp_payload_len", len);
    assert_field(&dc, "payload_len", "-");
    dc_every_cut_of_frame(&b);
}

static void
test_icmp_echo(void **state)
{
    (void) state;
    check_icmp("10.0.0.1", "10.0.0.2", 8, 56, true);
    check_icmp("10.0.0.1", "10.0.0.2", 0, 0, true);
    check_icmp("10.0.0.1", "10.0.0.2", 3, 28, false);
    check_icmp("10.0.0.1", "10.0.0.2", 128, 8, false);
    check_icmp("2001:db8::1", "2001:db8::2", 128, 1000, true);
    check_icmp("2001:db8::1", "2001:db8::2", 129, 1, true);
    check_icmp("2001:db8::1", "2001:db8::2", 8, 1, false);
    check_icmp("fe80::1", "ff02::1", 134, 56, false);
}

/* Padding is no payload, and a message of four bytes has none. */
static void
test_icmp_lengths(void **state)
{
    (void) state;
    start_ip("10.0.0.1", "10.0.0.2");
    pb_icmp(&b, 8, 0);
    pb_finish(&b);
    pb_pad(&b, 60);
    dc_free(&dc);
    dc_decode_frame(&dc, &b);
    assert_field(&dc, "icmp_payload_len", "0");

    buf[b.ip_at + 3] = 24;
    dc_free(&dc);
    dc_decode_frame(&dc, &b);
    assert_decode_error(&dc, "none");
    assert_field(&dc, "icmp_type", "8");
    assert_field(&dc, "icmp_payload_len", "-");
    assert_field(&dc, "icmp_id", "-");
}

static void
test_sctp(void **state)
{
    uint8_t *sctp;

    (void) state;
    start_ip("10.0.0.1", "10.0.0.2");
    sctp = pb_sctp(&b, 2905, 2906);
    memcpy(sctp + 4, "\xde\xad\xbe\xef", 4);
    pb_bytes(&b, "\1\0\0\x14", 4);
    pb_fill(&b, 0, 16);
    finish();
    assert_decode_error(&dc, "none");
    assert_field(&dc, "sctp_vtag", "3735928559");
    assert_field(&dc, "sctp_chunk", "1");
    dc_every_cut_of_frame(&b);

    /* No chunk. */
    start_ip("10.0.0.1", "10.0.0.2");
    pb_sctp(&b, 1, 2);
    finish();
    assert_field(&dc, "sctp_vtag", "0");
    assert_field(&dc, "sctp_chunk", "-");
}

static void
test_ip6_ext(void **state)
{
    (void) state;
    start_ip("2001:db8::1", "2001:db8::2");
    pb_udp(&b, 1, 2);
    finish();
    assert_field(&dc, "ip6_ext", "0");

    start_ip("2001:db8::1", "2001:db8::2");
    pb_ip6_ext(&b, PB_EXT_HOP_BY_HOP, 8);
    pb_ip6_ext(&b, PB_EXT_DEST_OPTIONS, 8);
    pb_ip6_ext(&b, PB_EXT_DEST_OPTIONS, 8);
    pb_udp(&b, 1, 2);
    finish();
    assert_field(&dc, "ip6_ext", "17");

    start_ip("2001:db8::1", "2001:db8::2");
    pb_ip6_ext(&b, PB_EXT_ROUTING, 8);
    pb_ip6_ext(&b, PB_EXT_AUTH, 12);
    pb_ip6_ext(&b, PB_EXT_MOBILITY, 8);
    pb_fragment(&b, 8, false, 1);
    pb_udp(&b, 1, 2);
    finish();
    assert_field(&dc, "ip6_ext", "46");
    dc_every_cut_of_frame(&b);

    start_ip("10.0.0.1", "10.0.0.2");
    pb_udp(&b, 1, 2);
    finish();
    assert_field(&dc, "ip6_ext", "-");
}

static void
check_more(const char *src, const char *dst, unsigned int offset, bool more,
           const char *text)
{
    start_ip(src, dst);
    pb_fragment(&b, offset, more, 1);
    pb_udp(&b, 1, 2);
    pb_fill(&b, 0, 8);
    finish();
    assert_field(&dc, "ip_more_fragments", text);
    dc_every_cut_of_frame(&b);
}

static void
test_more_fragments(void **state)
{
    (void) state;
    check_more("10.0.0.1", "10.0.0.2", 0, false, "-");
    check_more("10.0.0.1", "10.0.0.2", 0, true, "1");
    check_more("10.0.0.1", "10.0.0.2", 8, true, "1");
    check_more("10.0.0.1", "10.0.0.2", 8, false, "0");
    check_more("2001:db8::1", "2001:db8::2", 0, false, "-");
    check_more("2001:db8::1", "2001:db8::2", 0, true, "1");
    check_more("2001:db8::1", "2001:db8::2", 8, true, "1");
    check_more("2001:db8::1", "2001:db8::2", 8, false, "0");
}

/* The network layer on, of the IPv4 packet in 'frame': the same without an
 * Ethernet header, which is decoded layer by layer, as with one, which is
 * decoded in one go where that can be. */
static void
compare_ways(const uint8_t *frame, size_t caplen, size_t len)
{
    struct decode_check plain = { .data = NULL };
    struct xfsm_fieldset link = { { 0 } };
    struct decode_check layers = { .data = NULL };

    dc_decode(&plain, XFSM_LINK_ETHERNET, frame, caplen, len);
    dc_decode(&layers, XFSM_LINK_RAW_IP, frame + 14, caplen - 14, len - 14);
    xfsm_fieldset_add(&link, XFSM_F_ETH_SRC);
    xfsm_fieldset_add(&link, XFSM_F_ETH_DST);
    xfsm_fieldset_add(&link, XFSM_F_ETH_TYPE);
    for (int i = 0; i < XFSM_FIELDSET_WORDS; i++) {
        assert_int_equal(plain.packet.present.w[i] & ~link.w[i],
                         layers.packet.present.w[i]);
    }
    assert_int_equal(plain.packet.decode_error, layers.packet.decode_error);
    for (unsigned int i = 0; i < XFSM_N_FIELDS; i++) {
        if (strcmp(xfsm_fields[i].name, "len")
            && strcmp(xfsm_fields[i].name, "ip_len")
            && xfsm_fieldset_has(&layers.packet.present, i)) {
            const char *name = xfsm_fields[i].name;

            assert_string_equal(dc_text(&plain, name),
                                dc_text(&layers, name));
        }
    }
    dc_free(&plain);
    dc_free(&layers);
}

/* Ways to decode many at a time: as this processor does it, and as one that
 * knows nothing special. */
typedef size_t decode_many(struct xfsm_packet *, size_t,
                           const struct xfsm_fieldset *,
                           struct xfsm_decode_count *);
static decode_many *const ways[] = { xfsm_decode_many, xfsm_decode_narrow };
#define N_WAYS (sizeof ways / sizeof *ways)

/* Decodes the frame as one of many: the outcome of xfsm_decode(), if it does
 * it at all, which is returned. */
static size_t
compare_many(decode_many *way, const uint8_t *frame, size_t caplen, size_t len)
{
    struct decode_check one = { .data = NULL };
    struct decode_check many = { .data = NULL };
    struct xfsm_decode_count count = { 41, 1000 };
    size_t done;

    dc_decode(&one, XFSM_LINK_ETHERNET, frame, caplen, len);
    dc_decode(&many, XFSM_LINK_ETHERNET, frame, caplen, len);
    memset(&many.packet.present, 0xa5,
           sizeof many.packet - offsetof(struct xfsm_packet, present));
    done = way(&many.packet, 1,
               &(struct xfsm_fieldset) { { UINT64_MAX, UINT64_MAX } },
               &count);
    assert_int_equal(count.packet_no, 41 + done);
    assert_int_equal(count.bytes, 1000 + done * len);
    if (done) {
        assert_int_equal(many.packet.packet_no, 42);
        assert_int_equal(one.packet.decode_error, XFSM_DE_NONE);
        assert_int_equal(many.packet.decode_error, XFSM_DE_NONE);
        assert_memory_equal(&many.packet.present, &one.packet.present,
                            sizeof one.packet.present);
        for (unsigned int i = 0; i < XFSM_N_FIELDS; i++) {
            const char *name = xfsm_fields[i].name;

            if (strcmp(name, "packet_no")) {
                assert_string_equal(dc_text(&many, name),
                                    dc_text(&one, name));
            }
        }
    }
    dc_free(&one);
    dc_free(&many);
    return done;
}

/* A fragment, a tag and another link type are not for many at a time: those
 * before them are done. */
static void
test_many_ends(void **state)
{
    static const struct xfsm_fieldset none;
    struct xfsm_packet packets[4];

    (void) state;
    start_ip("10.1.2.3", "10.4.5.6");
    pb_tcp(&b, 1025, 80, 0x18);
    pb_finish(&b);
    for (size_t n = 0; n < 4 * N_WAYS; n++) {
        struct xfsm_decode_count count = { 0, 0 };
        size_t which = n / N_WAYS;
        uint8_t fragment[200];

        memcpy(fragment, b.buf, b.len);
        fragment[20] = 0x20;
        for (int i = 0; i < 4; i++) {
            pb_packet(&packets[i], b.buf, b.len, 0, NULL);
            packets[i].segs = 0;
        }
        packets[2].data = which == 0 ? fragment : b.buf;
        packets[2].aux_vlan_tpid = which == 1 ? 0x8100 : 0;
        packets[2].link_type = which == 2 ? XFSM_LINK_RAW_IP
                               : XFSM_LINK_ETHERNET;
        packets[2].caplen -= which == 3;
        assert_int_equal(ways[n % N_WAYS](packets, 4, &none, &count), 2);
        assert_int_equal(count.packet_no, 2);
        assert_int_equal(count.bytes, 2 * b.len);
        assert_int_equal(packets[1].packet_no, 2);
        assert_int_equal(packets[1].segs, 1);
    }
}

static void
test_plain(void **state)
{
    static const char payload[] = "GET /plain HTTP/1.1\r\nHost: a.b\r\n\r\n";
    uint8_t good[200], frame[200];
    uint64_t random = 1;
    size_t done = 0;
    size_t len;

    (void) state;
    start_ip("10.1.2.3", "10.4.5.6");
    pb_tcp(&b, 1025, 80, 0x18);
    pb_bytes(&b, payload, sizeof payload - 1);
    pb_finish(&b);
    len = b.len;
    memcpy(good, b.buf, len);
    for (int i = 0; i < 20000; i++) {
        size_t caplen;

        /* Mostly the bytes that decide: version to protocol, data offset. */
        memcpy(frame, good, len);
        for (int n = i % 3; n >= 0; n--) {
            random = random * UINT64_C(6364136223846793005) + 1;
            frame[14 + (random >> 40) % (n ? 10 : 40)]
                = (uint8_t) (random >> 33);
        }
        random = random * UINT64_C(6364136223846793005) + 1;
        caplen = i % 2 ? len : 15 + (random >> 33) % (len - 15);
        if (frame[14] >> 4 == 4) {
            compare_ways(frame, caplen, i % 5 ? len : caplen);
        }
        done += compare_many(ways[i / 2 % N_WAYS], frame, caplen,
                             i % 5 ? len : caplen);
    }
    assert_in_range(done, 2000, 18000);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_icmp_echo, teardown),
        cmocka_unit_test_teardown(test_icmp_lengths, teardown),
        cmocka_unit_test_teardown(test_sctp, teardown),
        cmocka_unit_test_teardown(test_ip6_ext, teardown),
        cmocka_unit_test_teardown(test_more_fragments, teardown),
        cmocka_unit_test_teardown(test_plain, teardown),
        cmocka_unit_test_teardown(test_many_ends, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
