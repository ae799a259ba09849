/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/decode-check.h"
#include "tests/unit/truth.h"
#include "xfsm/io/capture.h"
#include "xfsm/packet/field.h"
#include "xfsm/packet/fragments.h"

#define SECOND UINT64_C(1000000000)
#define TIMEOUT (5 * SECOND)
#define START (1000 * SECOND)

static struct xfsm_seed seed;
static struct xfsm_fragments *table;
static uint8_t buf[512];
static struct packet_builder b;
static struct decode_check dc;
static uint64_t now;

static void
create(unsigned int n)
{
    char *error;

    xfsm_fragments_destroy(table);
    table = NULL;
    error = xfsm_fragments_create(n, TIMEOUT, &seed, &table);
    assert_null(error);
    now = START;
}

static int
setup(void **state)
{
    (void) state;
    xfsm_seed_init(&seed, (const uint8_t *) "0123456789abcdef");
    create(XFSM_FRAGMENTS_DEFAULT);
    return 0;
}

static int
teardown(void **state)
{
    (void) state;
    xfsm_fragments_destroy(table);
    table = NULL;
    dc_free(&dc);
    memset(&dc, 0, sizeof dc);
    return 0;
}

static void
start(const char *src, unsigned int vlan)
{
    pb_init(&b, buf, sizeof buf);
    pb_eth(&b, NULL, NULL);
    if (vlan) {
        pb_vlan(&b, 0x8100, vlan, 0);
    }
    pb_ip(&b, src, strchr(src, ':') ? "2001:db8::2" : "10.0.0.2");
}

/* Decodes and resolves the frame. */
static void
resolve(void)
{
    pb_finish(&b);
    dc_free(&dc);
    dc_decode_frame(&dc, &b);
    dc.packet.ts = now;
    xfsm_fragments_resolve(table, &dc.packet);
}

static void
first(const char *src, unsigned int vlan, uint32_t id, unsigned int port)
{
    start(src, vlan);
    pb_fragment(&b, 0, true, id);
    pb_udp(&b, port, 53);
    pb_fill(&b, 'x', 16);
    resolve();
}

/* A later fragment; checks that it gets source port 'port', "-" for none. */
static void
later(const char *src, unsigned int vlan, uint32_t id, bool more,
      const char *port)
{
    start(src, vlan);
    pb_fragment(&b, 24, more, id);
    pb_proto(&b, 17);
    pb_fill(&b, 'x', 16);
    resolve();
    assert_field(&dc, "src_port", port);
    assert_field(&dc, "dst_port", port[0] == '-' ? "-" : "53");
    assert_field(&dc, "proto", "17");
    assert_field(&dc, "payload_len", "-");
}

static void
check_stats(uint64_t n_first, uint64_t resolved, uint64_t unknown,
            uint64_t repeated, uint64_t evicted)
{
    const struct xfsm_fragments_stats *stats = xfsm_fragments_stats(table);

    assert_int_equal(stats->first, n_first);
    assert_int_equal(stats->resolved, resolved);
    assert_int_equal(stats->unknown, unknown);
    assert_int_equal(stats->repeated, repeated);
    assert_int_equal(stats->evicted, evicted);
}

static void
test_create(void **state)
{
    struct xfsm_fragments *t = NULL;
    char *error;

    (void) state;
    error = xfsm_fragments_create(XFSM_FRAGMENTS_MIN - 1, TIMEOUT, &seed, &t);
    assert_non_null(strstr(error, "7 entries"));
    free(error);
    error = xfsm_fragments_create(XFSM_FRAGMENTS_MAX + 1, TIMEOUT, &seed, &t);
    assert_non_null(error);
    free(error);
    error = xfsm_fragments_create(XFSM_FRAGMENTS_MIN,
                                  XFSM_FRAGMENTS_TIMEOUT_MIN - 1, &seed, &t);
    assert_non_null(strstr(error, "timeout"));
    free(error);
    error = xfsm_fragments_create(XFSM_FRAGMENTS_MIN,
                                  XFSM_FRAGMENTS_TIMEOUT_MAX + 1, &seed, &t);
    assert_non_null(error);
    free(error);
    assert_null(t);
    assert_null(xfsm_fragments_create(XFSM_FRAGMENTS_MAX,
                                      XFSM_FRAGMENTS_TIMEOUT_MAX, &seed, &t));
    xfsm_fragments_destroy(t);
    xfsm_fragments_destroy(NULL);
}

static void
test_ports(void **state)
{
    (void) state;
    first("10.0.0.1", 0, 7, 1000);
    later("10.0.0.1", 0, 7, true, "1000");
    later("10.0.0.1", 0, 7, false, "1000");
    check_stats(1, 2, 0, 0, 0);
    first("2001:db8::1", 0, 7, 2000);
    later("2001:db8::1", 0, 7, true, "2000");
    later("2001:db8::1", 0, 7, false, "2000");
    check_stats(2, 4, 0, 0, 0);
}

/* What makes datagrams different. */
static void
test_keys(void **state)
{
    (void) state;
    first("10.0.0.1", 0, 7, 1000);
    later("10.0.0.1", 0, 8, true, "-");
    later("10.0.0.9", 0, 7, true, "-");
    later("10.0.0.1", 5, 7, true, "-");
    check_stats(1, 0, 3, 0, 0);
    first("10.0.0.1", 5, 7, 1005);
    first("10.0.0.1", 0, 8, 1008);
    later("10.0.0.1", 5, 7, true, "1005");
    later("10.0.0.1", 0, 8, true, "1008");
    later("10.0.0.1", 0, 7, true, "1000");

    /* IPv4: another protocol. */
    start("10.0.0.1", 0);
    pb_fragment(&b, 24, true, 7);
    pb_proto(&b, 6);
    resolve();
    assert_field(&dc, "src_port", "-");
    check_stats(3, 3, 4, 0, 0);
}

/* IPv6: the fragment header names what the first fragment goes on with. */
static void
test_ip6_options(void **state)
{
    (void) state;
    start("2001:db8::1", 0);
    pb_fragment(&b, 0, true, 7);
    pb_ip6_ext(&b, PB_EXT_DEST_OPTIONS, 8);
    pb_udp(&b, 1000, 53);
    pb_fill(&b, 'x', 16);
    resolve();
    assert_field(&dc, "proto", "17");
    start("2001:db8::1", 0);
    pb_fragment(&b, 32, false, 7);
    pb_proto(&b, PB_EXT_DEST_OPTIONS);
    pb_fill(&b, 0, 16);
    resolve();
    assert_field(&dc, "proto", "17");
    assert_field(&dc, "src_port", "1000");
    check_stats(1, 1, 0, 0, 0);
}

/* What has no ports is not counted as missing them. */
static void
test_no_ports(void **state)
{
    (void) state;
    start("10.0.0.1", 0);
    pb_fragment(&b, 0, true, 7);
    pb_icmp(&b, 8, 0);
    resolve();
    start("10.0.0.1", 0);
    pb_fragment(&b, 8, false, 7);
    pb_proto(&b, 1);
    resolve();
    assert_field(&dc, "src_port", "-");

    /* No fragments at all. */
    start("10.0.0.1", 0);
    pb_udp(&b, 1000, 53);
    resolve();
    assert_field(&dc, "src_port", "1000");
    start("10.0.0.1", 0);
    b.len = 20;
    dc_free(&dc);
    dc_decode_frame(&dc, &b);
    xfsm_fragments_resolve(table, &dc.packet);
    check_stats(0, 0, 0, 0, 0);
}

static void
test_overlap(void **state)
{
    (void) state;
    /* A second first fragment cannot change the ports... */
    first("10.0.0.1", 0, 7, 1000);
    first("10.0.0.1", 0, 7, 6666);
    later("10.0.0.1", 0, 7, true, "1000");
    check_stats(1, 1, 0, 1, 0);
    /* ...nor after the datagram's end... */
    later("10.0.0.1", 0, 7, false, "1000");
    later("10.0.0.1", 0, 7, true, "1000");
    check_stats(1, 3, 0, 1, 0);
    /* ...unless it is a new datagram. */
    first("10.0.0.1", 0, 7, 2000);
    later("10.0.0.1", 0, 7, true, "2000");
    check_stats(2, 4, 0, 1, 0);
}

static void
test_expiry(void **state)
{
    (void) state;
    first("10.0.0.1", 0, 7, 1000);
    now = START + TIMEOUT;
    later("10.0.0.1", 0, 7, true, "1000");
    now++;
    later("10.0.0.1", 0, 7, true, "-");
    first("10.0.0.1", 0, 7, 2000);
    later("10.0.0.1", 0, 7, true, "2000");

    /* Time that runs backwards: a little, too much. */
    now -= TIMEOUT;
    later("10.0.0.1", 0, 7, true, "2000");
    now--;
    later("10.0.0.1", 0, 7, true, "-");
    first("10.0.0.1", 0, 7, 3000);
    later("10.0.0.1", 0, 7, true, "3000");
    check_stats(3, 4, 2, 0, 0);
}

/* One bucket, all of it, and one more: the oldest goes. */
static void
test_eviction(void **state)
{
    unsigned int i;

    (void) state;
    create(XFSM_FRAGMENTS_MIN);
    for (i = 0; i < XFSM_FRAGMENTS_MIN; i++) {
        first("10.0.0.1", 0, i, 1000 + i);
        now++;
    }
    check_stats(8, 0, 0, 0, 0);
    later("10.0.0.1", 0, 0, true, "1000");
    first("10.0.0.1", 0, 8, 1008);
    check_stats(9, 1, 0, 0, 1);
    later("10.0.0.1", 0, 0, true, "-");
    later("10.0.0.1", 0, 1, true, "1001");
    later("10.0.0.1", 0, 7, true, "1007");
    later("10.0.0.1", 0, 8, true, "1008");

    /* What has expired goes first, and is no loss. */
    now += TIMEOUT + 1;
    first("10.0.0.1", 0, 9, 1009);
    check_stats(10, 4, 1, 0, 1);
}

/* One fragment from the far future, or past, costs the others nothing, though
 * the table goes by the times of packets as they are: what is far from each
 * other has no use for each other, in either order. */
static void
test_strange_times(void **state)
{
    static const uint64_t strange[] = {
        UINT64_MAX, START + (UINT64_C(1) << 62), 0, 1,
    };
    unsigned int i;

    (void) state;
    for (i = 0; i < XFSM_FRAGMENTS_MIN - 1; i++) {
        first("10.0.0.1", 0, i, 1000 + i);
    }
    for (i = 0; i < sizeof strange / sizeof strange[0]; i++) {
        char port[8];

        now = strange[i];
        first("10.0.0.9", 0, 100 + i, 2000);
        later("10.0.0.9", 0, 100 + i, true, "2000");

        now = START + 1;
        snprintf(port, sizeof port, "%u", 1000 + i);
        later("10.0.0.1", 0, i, true, port);
    }

    /* It is what makes room. */
    first("10.0.0.1", 0, 200, 3000);
    later("10.0.0.1", 0, 200, true, "3000");
    for (i = 1; i < XFSM_FRAGMENTS_MIN - 1; i++) {
        char port[8];

        snprintf(port, sizeof port, "%u", 1000 + i);
        later("10.0.0.1", 0, i, true, port);
    }
    assert_int_equal(xfsm_fragments_stats(table)->evicted, 0);
}

/* Ten times as many datagrams as there is room for: counted, and most of the
 * room is in use. */
static void
test_flood(void **state)
{
    const unsigned int n = 1024;
    struct xfsm_packet packet;
    const struct xfsm_fragments_stats *stats;
    unsigned int i;

    (void) state;
    create(n - 1);              /* Rounded up. */
    first("10.0.0.1", 0, 0, 1000);
    packet = dc.packet;
    for (i = 1; i < 10 * n; i++) {
        packet.ip_id = i;
        packet.ts++;
        xfsm_fragments_resolve(table, &packet);
    }
    stats = xfsm_fragments_stats(table);
    assert_int_equal(stats->first, 10 * n);
    assert_int_equal(stats->first - stats->evicted, n);

    /* The newest are there, but for a few in crowded buckets. */
    packet.ip_frag_offset = 24;
    for (i = 10 * n - n / 4; i < 10 * n; i++) {
        packet.ip_id = i;
        xfsm_fragments_resolve(table, &packet);
    }
    assert_int_equal(stats->resolved + stats->unknown, n / 4);
    assert_true(stats->unknown < n / 4 / 50);
}

/* Of the later fragments in the capture 'file', 'n_resolved' belong to first
 * ones before them, with 'port' on one side, and 'n_unknown' to none. */
static void
check_capture(const char *file, unsigned int port, unsigned long n_resolved,
              unsigned long n_unknown)
{
    struct xfsm_fieldset want = { { 0, 0 } };
    char path[TRUTH_PATH_MAX];
    struct xfsm_capture *capture;
    struct xfsm_packet packet;
    unsigned long n = 0;

    truth_path(path, file);
    assert_null(xfsm_capture_open(path, &capture));
    create(XFSM_FRAGMENTS_DEFAULT);
    while (xfsm_capture_next(capture, &packet) > 0) {
        xfsm_decode(&packet, &want);
        xfsm_fragments_resolve(table, &packet);
        if (xfsm_fieldset_has(&packet.present, XFSM_F_IP_FRAG_OFFSET)
            && packet.ip_frag_offset
            && xfsm_fieldset_has(&packet.present, XFSM_F_SRC_PORT)) {
            n += packet.src_port == port || packet.dst_port == port;
        }
    }
    xfsm_capture_close(capture);
    assert_int_equal(n, n_resolved);
    assert_int_equal(xfsm_fragments_stats(table)->resolved, n_resolved);
    assert_int_equal(xfsm_fragments_stats(table)->unknown, n_unknown);
}

static void
test_captures(void **state)
{
    (void) state;
    closedir(truth_open_dir("captures"));
    check_capture("captures/encap-ipv6-fragmented-dns.pcap", 53, 2, 1);
    check_capture("captures/encap-gtp-gtp1_gn_normal_incl_fragmentation.pcap",
                  2152, 36, 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_create, setup, teardown),
        cmocka_unit_test_setup_teardown(test_ports, setup, teardown),
        cmocka_unit_test_setup_teardown(test_keys, setup, teardown),
        cmocka_unit_test_setup_teardown(test_ip6_options, setup, teardown),
        cmocka_unit_test_setup_teardown(test_no_ports, setup, teardown),
        cmocka_unit_test_setup_teardown(test_overlap, setup, teardown),
        cmocka_unit_test_setup_teardown(test_expiry, setup, teardown),
        cmocka_unit_test_setup_teardown(test_eviction, setup, teardown),
        cmocka_unit_test_setup_teardown(test_strange_times, setup, teardown),
        cmocka_unit_test_setup_teardown(test_flood, setup, teardown),
        cmocka_unit_test_setup_teardown(test_captures, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
