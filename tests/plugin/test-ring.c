/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include <config.h>
#include "ovsdb-schema/ovs-compat.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/virtio_net.h>
#include <net/if.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "netdev.h"
#include "openvswitch/poll-loop.h"
#include "ovs-plugin/netdev-ring.h"
#include "ovs-plugin/probe-source.h"
#include "ovs-plugin/segments.h"
#include "smap.h"
#include "timeval.h"
#include "util.h"
#include "xfsm/packet/packet.h"

/* The tests run in a network namespace of their own with a pair of devices,
 * va and vb: what is sent on one arrives on the other. */

#define DEADLINE_MS 5000

/* EtherType of the frames of these tests (RFC 5342: for experiments), to tell
 * them from what the kernel sends by itself. */
#define TEST_ETHERTYPE 0x88b5

static bool have_devices;

/* Socket to send with.  Closing one takes longer than a ring has blocks. */
static int sender;

static void
run(const char *command)
{
    if (system(command)) {
        fail_msg("failed: %s", command);
    }
}

static int
setup(void **state)
{
    (void) state;
    if (getuid()) {
        return 0;
    }
    if (unshare(CLONE_NEWNET)
        || system("ip link add va type veth peer name vb mtu 1500 "
                  "&& ip link set va mtu 65535 up "
                  "&& ip link set vb mtu 65535 up")) {
        return 0;
    }
    sender = socket(AF_PACKET, SOCK_RAW, 0);
    have_devices = sender >= 0;
    xfsm_ring_register();
    return 0;
}

#define NEED_DEVICES()                                              \
    if (!have_devices) {                                            \
        print_message("%s: needs root and veth\n", __func__);       \
        skip();                                                     \
    }

/* Sends a frame of 'len' bytes on 'device', marked with 'mark', with a VLAN
 * tag if 'tci' is not 0. */
static void
send_frame(const char *device, size_t len, uint8_t mark, uint16_t tci)
{
    struct sockaddr_ll sll = {
        .sll_family = AF_PACKET,
        .sll_protocol = htons(ETH_P_ALL),
        .sll_ifindex = if_nametoindex(device),
    };
    uint8_t *frame = xzalloc(len);
    size_t i = 12;

    memset(frame, 0xff, 6);
    memset(frame + 6, 2, 6);
    if (tci) {
        frame[i++] = ETH_P_8021Q >> 8;
        frame[i++] = ETH_P_8021Q & 0xff;
        frame[i++] = tci >> 8;
        frame[i++] = tci & 0xff;
    }
    frame[i++] = TEST_ETHERTYPE >> 8;
    frame[i++] = TEST_ETHERTYPE & 0xff;
    frame[i] = mark;
    assert_int_equal(sendto(sender, frame, len, 0, (struct sockaddr *) &sll,
                            sizeof sll), len);
    free(frame);
}

static struct xfsm_source *
open_source(const char *device, const char *option, const char *value)
{
    struct smap config = SMAP_INITIALIZER(&config);
    struct xfsm_source *source = NULL;
    char *error;
    int error_no;

    if (option) {
        smap_add(&config, option, value);
    }
    error = xfsm_source_open(device, XFSM_RING_CLASS, &config, &source,
                             &error_no);
    smap_destroy(&config);
    if (error) {
        fail_msg("%s", error);
    }
    return source;
}

/* EtherType of the frames that a test looks for. */
static int wanted_type = TEST_ETHERTYPE;

static bool
is_ours(const struct xfsm_packet *p)
{
    return (p->caplen > 14 && p->data[12] == wanted_type >> 8
            && p->data[13] == (wanted_type & 0xff));
}

/* A packet that was received. */
struct got {
    uint8_t mark;
    uint8_t direction;
    uint32_t len, caplen;
    uint16_t tci, tpid, segs;
    uint64_t ts;
};

/* Receives 'n' packets of ours. */
static void
receive(struct xfsm_source *source, struct got *got, size_t n)
{
    long long int deadline = time_msec() + DEADLINE_MS;
    size_t n_got = 0;

    while (n_got < n) {
        struct xfsm_packet *packets;
        size_t count, i;
        int error;

        error = xfsm_source_recv(source, &packets, &count);
        if (error) {
            assert_int_equal(error, EAGAIN);
            if (time_msec() >= deadline) {
                fail_msg("%zu packets of %zu", n_got, n);
            }
            xfsm_source_wait(source);
            poll_timer_wait_until(deadline);
            poll_block();
            continue;
        }
        for (i = 0; i < count; i++) {
            const struct xfsm_packet *p = &packets[i];

            if (is_ours(p) && n_got < n) {
                got[n_got++] = (struct got) {
                    .mark = p->data[14], .direction = p->direction,
                    .len = p->len, .caplen = p->caplen,
                    .tci = p->aux_vlan_tci, .tpid = p->aux_vlan_tpid,
                    .segs = p->segs, .ts = p->ts,
                };
            }
        }
        xfsm_source_release(source);
    }
}

static void
test_directions(void **state)
{
    struct xfsm_source *source;
    struct got got[2];
    uint64_t now;

    (void) state;
    NEED_DEVICES();
    source = open_source("va", NULL, NULL);
    assert_int_equal(xfsm_source_ifindex(source), if_nametoindex("va"));
    send_frame("vb", 60, 1, 0);
    send_frame("va", 1514, 2, 0);
    receive(source, got, 2);
    now = time_wall_msec() * UINT64_C(1000000);

    assert_int_equal(got[0].mark, 1);
    assert_int_equal(got[0].segs, 1);
    assert_int_equal(got[0].direction, XFSM_DIR_IN);
    assert_int_equal(got[0].len, 60);
    assert_int_equal(got[0].caplen, 60);
    assert_int_equal(got[0].tpid, 0);
    assert_int_equal(got[1].mark, 2);
    assert_int_equal(got[1].direction, XFSM_DIR_OUT);
    assert_int_equal(got[1].len, 1514);
    assert_true(got[0].ts <= got[1].ts);
    assert_true(got[1].ts <= now + 2000000
                && now - got[0].ts < UINT64_C(5000000000));
    xfsm_source_close(source);

    source = open_source("va", "inverted", "true");
    send_frame("vb", 60, 1, 0);
    send_frame("va", 60, 2, 0);
    receive(source, got, 2);
    assert_int_equal(got[0].direction, XFSM_DIR_OUT);
    assert_int_equal(got[1].direction, XFSM_DIR_IN);
    xfsm_source_close(source);
}

static void
test_vlan(void **state)
{
    struct xfsm_source *source;
    struct got got[1];

    (void) state;
    NEED_DEVICES();
    source = open_source("va", NULL, NULL);
    send_frame("vb", 64, 7, 0x6123);
    receive(source, got, 1);

    /* The tag is where the kernel put it, and not in the frame. */
    assert_int_equal(got[0].mark, 7);
    assert_int_equal(got[0].tci, 0x6123);
    assert_int_equal(got[0].tpid, ETH_P_8021Q);
    assert_int_equal(got[0].caplen, 60);
    xfsm_source_close(source);
}

/* Sends a TCP super-packet of 'payload' bytes in segments of 'mss' from vb,
 * with a header of 'words' words. */
static void
send_super(size_t payload, uint16_t mss, unsigned int words)
{
    struct sockaddr_ll sll = {
        .sll_family = AF_PACKET,
        .sll_protocol = htons(ETH_P_IP),
        .sll_ifindex = if_nametoindex("vb"),
        .sll_halen = 6,
        .sll_addr = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff },
    };
    size_t headers = 14 + 20 + 4 * words;
    size_t len = headers + payload;
    struct virtio_net_hdr vnet = {
        .flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
        .gso_type = VIRTIO_NET_HDR_GSO_TCPV4,
        .hdr_len = headers,
        .gso_size = mss,
        .csum_start = 34,
        .csum_offset = 16,
    };
    int fd = socket(AF_PACKET, SOCK_RAW, 0);
    uint8_t *buf = xzalloc(sizeof vnet + len);
    uint8_t *frame = buf + sizeof vnet;

    assert_return_code(setsockopt(fd, SOL_PACKET, PACKET_VNET_HDR,
                                  &(int) { 1 }, sizeof(int)), errno);
    memcpy(buf, &vnet, sizeof vnet);
    memset(frame, 0xff, 6);
    memset(frame + 6, 2, 6);
    memcpy(frame + 12, "\x08\x00\x45\x00", 4);
    frame[16] = (len - 14) >> 8;
    frame[17] = (len - 14) & 0xff;
    memcpy(frame + 20, "\0\0\x40\x06\0\0\x0a\0\0\x01\x0a\0\0\x02", 14);
    frame[34 + 12] = words << 4;
    frame[34 + 13] = 0x10;
    assert_int_equal(sendto(fd, buf, sizeof vnet + len, 0,
                            (struct sockaddr *) &sll, sizeof sll),
                     sizeof vnet + len);
    close(fd);
    free(buf);
}

/* A super-packet comes whole, and tells how many packets it is. */
static void
test_super_packet(void **state)
{
    static const struct {
        size_t payload;
        uint16_t mss;
        unsigned int words;
        uint16_t segs;
    } cases[] = {
        { 2 * 1448, 1448, 8, 2 },
        { 2 * 1448 + 1, 1448, 8, 3 },
        { 2 * 1460, 1460, 5, 2 },
        { 65160, 1448, 8, 45 },
        { 65161, 1448, 5, 46 },
        { 60000, 100, 15, 600 },
    };
    struct xfsm_ring_counts counts;
    struct xfsm_source *source;
    uint64_t segs = 0;
    struct got got;
    size_t i;

    (void) state;
    NEED_DEVICES();
    source = open_source("va", NULL, NULL);
    for (i = 0; i < ARRAY_SIZE(cases); i++) {
        wanted_type = ETH_P_IP;
        send_super(cases[i].payload, cases[i].mss, cases[i].words);
        receive(source, &got, 1);
        wanted_type = TEST_ETHERTYPE;
        assert_int_equal(got.len, 34 + 4 * cases[i].words + cases[i].payload);
        assert_int_equal(got.caplen, got.len);
        assert_int_equal(got.segs, cases[i].segs);
        segs += got.segs - 1;
    }
    send_frame("vb", 65000, 1, 0);
    receive(source, &(struct got) { .len = 0 }, 1);
    assert_true(xfsm_source_get_counts(source, &counts));
    assert_int_equal(counts.segments, counts.taken + segs);
    xfsm_source_close(source);

    /* Unless that is not asked for. */
    source = open_source("va", "segments", "false");
    wanted_type = ETH_P_IP;
    send_super(65160, 1448, 8);
    receive(source, &got, 1);
    wanted_type = TEST_ETHERTYPE;
    assert_int_equal(got.segs, 1);
    assert_int_equal(got.caplen, 65160 + 66);
    xfsm_source_close(source);
}

/* What the kernel may say of a frame, whatever the frame is. */
static void
test_count_segments(void **state)
{
    static const struct {
        struct virtio_net_hdr vnet;
        uint32_t caplen, len;
        uint16_t segs;
    } cases[] = {
        { { .gso_type = 0, .gso_size = 1000 }, 64, 9000, 1 },
        { { .gso_type = 1, .gso_size = 0 }, 64, 9000, 1 },
        /* TCP and UDP over IPv4 and IPv6, without and with ECN. */
        { { .gso_type = 1, .gso_size = 1000 }, 64, 54 + 9000, 9 },
        { { .gso_type = 0x81, .gso_size = 1000 }, 64, 54 + 9001, 10 },
        { { .gso_type = 4, .gso_size = 1000 }, 64, 74 + 9000, 9 },
        { { .gso_type = 5, .gso_size = 1000 }, 64, 42 + 9000, 9 },
        { { .gso_type = 5, .gso_size = 1000, .flags = 1, .csum_start = 54 },
          64, 62 + 9000, 9 },
        /* The header is not there, or says nonsense: the shortest one. */
        { { .gso_type = 1, .gso_size = 1000, .flags = 1, .csum_start = 60 },
          64, 80 + 9000, 9 },
        { { .gso_type = 1, .gso_size = 1000, .flags = 1, .csum_start = 34 },
          64, 54 + 9000, 9 },
        { { .gso_type = 1, .gso_size = 1000, .flags = 1,
            .csum_start = 65535 }, 64, 9000, 1 },
        { { .gso_type = 1, .gso_size = 1000 }, 54, 54, 1 },
        { { .gso_type = 1, .gso_size = 1 }, 64, 54 + 65534, 65534 },
        { { .gso_type = 1, .gso_size = 1 }, 64, 54 + 65536, 65535 },
    };
    uint8_t frame[64] = { 0 };
    size_t i;

    (void) state;
    for (i = 0; i < ARRAY_SIZE(cases); i++) {
        assert_int_equal(xfsm_count_segments(&cases[i].vnet, frame,
                                             cases[i].caplen, cases[i].len),
                         cases[i].segs);
    }
}

static void
test_long_frame(void **state)
{
    struct xfsm_source *source;
    struct netdev_stats stats;
    struct got got[1];

    (void) state;
    NEED_DEVICES();
    source = open_source("va", "ring-kib", "256");
    send_frame("vb", 65000, 9, 0);
    receive(source, got, 1);
    assert_int_equal(got[0].len, 65000);
    assert_int_equal(got[0].caplen, 65000);
    xfsm_source_get_stats(source, &stats);
    assert_int_equal(stats.rx_length_errors, 0);
    assert_int_equal(stats.rx_dropped, 0);
    xfsm_source_close(source);
}

/* Many packets, in order and complete, over several rounds of the ring. */
static void
test_stream(void **state)
{
    enum { N = 4000 };
    struct xfsm_source *source;
    struct netdev_stats stats;
    struct got *got = xcalloc(N, sizeof *got);
    int i;

    (void) state;
    if (!have_devices) {
        free(got);
    }
    NEED_DEVICES();
    source = open_source("va", "ring-kib", "1024");
    for (i = 0; i < N; i++) {
        send_frame("vb", 200, i, 0);
        if (i % 100 == 99) {
            receive(source, &got[i - 99], 100);
        }
    }
    for (i = 0; i < N; i++) {
        assert_int_equal(got[i].mark, i & 0xff);
    }
    xfsm_source_get_stats(source, &stats);
    assert_true(stats.rx_packets >= N);
    assert_true(stats.rx_bytes >= N * 200);
    assert_int_equal(stats.rx_dropped, 0);
    xfsm_source_close(source);
    free(got);
}

/* The kernel leaves out what a filter says, which may be changed, and how
 * much that was can be told. */
static void
test_filter(void **state)
{
    enum { N = 100 };
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 14),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 2, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, 262144),
        BPF_STMT(BPF_RET | BPF_K, 0),
    };
    const struct sock_fprog prog = { ARRAY_SIZE(code), code };
    long long int deadline = time_msec() + DEADLINE_MS;
    struct xfsm_source *source;
    struct got got[2];
    uint64_t spared;
    int i;

    (void) state;
    NEED_DEVICES();
    source = open_source("va", "filter", "false");
    assert_false(xfsm_source_can_filter(source));
    assert_int_equal(xfsm_source_set_filter(source, &prog), EOPNOTSUPP);
    xfsm_source_close(source);

    source = open_source("va", NULL, NULL);
    assert_true(xfsm_source_can_filter(source));
    assert_int_equal(xfsm_source_set_filter(source, NULL), 0);
    assert_int_equal(xfsm_source_set_filter(source, &prog), 0);
    for (i = 0; i < N; i++) {
        send_frame("vb", 60, 1, 0);
    }
    send_frame("va", 60, 2, 0);
    receive(source, got, 1);
    assert_int_equal(got[0].mark, 2);

    assert_int_equal(xfsm_source_set_filter(source, NULL), 0);
    send_frame("vb", 60, 1, 0);
    send_frame("vb", 60, 3, 0);
    receive(source, got, 2);
    assert_int_equal(got[0].mark, 1);
    assert_int_equal(got[1].mark, 3);

    while ((spared = xfsm_source_get_spared(source)) < N
           && time_msec() < deadline) {
        poll_timer_wait(10);
        poll_block();
    }
    /* The kernel's own packets may be among them. */
    assert_in_range(spared, N, N + 20);
    xfsm_source_close(source);
}

/* Of what the filter says so only the headers are copied, which is counted
 * apart from packets that were cut for want of room. */
static void
test_headers(void **state)
{
    struct sock_filter code[] = {
        BPF_STMT(BPF_RET | BPF_K, XFSM_RING_HEADERS),
    };
    const struct sock_fprog prog = { ARRAY_SIZE(code), code };
    struct xfsm_ring_counts counts;
    struct xfsm_source *source;
    struct netdev_stats stats;
    struct got got[3];

    (void) state;
    NEED_DEVICES();
    source = open_source("va", NULL, NULL);
    assert_int_equal(xfsm_source_set_filter(source, &prog), 0);
    send_frame("vb", XFSM_RING_HEADERS, 1, 0);
    send_frame("vb", XFSM_RING_HEADERS + 1, 2, 0);
    send_frame("va", 60000, 3, 0);
    receive(source, got, 3);
    assert_int_equal(got[0].caplen, XFSM_RING_HEADERS);
    assert_int_equal(got[0].len, XFSM_RING_HEADERS);
    assert_int_equal(got[1].caplen, XFSM_RING_HEADERS);
    assert_int_equal(got[1].len, XFSM_RING_HEADERS + 1);
    assert_int_equal(got[2].caplen, XFSM_RING_HEADERS);
    assert_int_equal(got[2].len, 60000);

    assert_true(xfsm_source_get_counts(source, &counts));
    assert_int_equal(counts.headers, 2);
    xfsm_source_get_stats(source, &stats);
    assert_int_equal(stats.rx_length_errors, 0);

    /* Another length is none that we asked for. */
    code[0].k = XFSM_RING_HEADERS - 1;
    assert_int_equal(xfsm_source_set_filter(source, &prog), 0);
    send_frame("vb", 1000, 4, 0);
    receive(source, got, 1);
    assert_int_equal(got[0].caplen, XFSM_RING_HEADERS - 1);
    xfsm_source_get_stats(source, &stats);
    assert_int_equal(stats.rx_length_errors, 1);
    assert_true(xfsm_source_get_counts(source, &counts));
    assert_int_equal(counts.headers, 2);
    xfsm_source_close(source);
}

/* Nobody reads: what was received and what was dropped is what was sent. */
static void
test_drops(void **state)
{
    enum { N = 3000, LEN = 1500 };
    struct xfsm_source *source;
    struct netdev_stats stats;
    long long int deadline;
    struct xfsm_packet *packets;
    struct xfsm_ring_counts counts;
    uint64_t lost, lost_sum = 0;
    struct got got;
    size_t n_ours = 0;
    size_t n, i;
    int j;

    (void) state;
    NEED_DEVICES();
    source = open_source("va", "ring-kib", "256");
    for (j = 0; j < N; j++) {
        send_frame("vb", LEN, 0, 0);
    }
    deadline = time_msec() + DEADLINE_MS;
    do {
        if (!xfsm_source_recv(source, &packets, &n)) {
            for (i = 0; i < n; i++) {
                n_ours += is_ours(&packets[i]);
            }
            xfsm_source_release(source);
            lost = xfsm_source_take_lost(source);
            /* The packets before the loss are not told of it. */
            assert_true(!lost || n_ours > 0);
            lost_sum += lost;
        }
        xfsm_source_get_stats(source, &stats);
    } while (n_ours + stats.rx_dropped < N && time_msec() < deadline);
    assert_true(n_ours > 0 && stats.rx_dropped > 0);
    assert_true(n_ours + stats.rx_dropped >= N);
    /* The kernel's own packets may be among those dropped. */
    assert_true(n_ours + stats.rx_dropped <= N + 20);
    assert_true(stats.rx_over_errors > 0);

    /* Every packet is somewhere. */
    assert_true(xfsm_source_get_counts(source, &counts));
    assert_int_equal(counts.received, counts.dropped + counts.taken);
    assert_int_equal(counts.dropped, stats.rx_dropped);
    assert_true(counts.taken >= n_ours);

    /* The next one to come tells of the loss. */
    send_frame("vb", LEN, 1, 0);
    do {
        receive(source, &got, 1);
        lost_sum += xfsm_source_take_lost(source);
    } while (got.mark != 1);
    assert_int_equal(lost_sum, counts.dropped);
    assert_int_equal(xfsm_source_take_lost(source), 0);
    xfsm_source_close(source);
}

/* Waits for recv to say 'expected'; returns whether it did. */
static bool
wait_error(struct xfsm_source *source, int expected)
{
    long long int deadline = time_msec() + DEADLINE_MS;

    while (time_msec() < deadline) {
        struct xfsm_packet *packets;
        size_t n;
        int error = xfsm_source_recv(source, &packets, &n);

        if (error == expected) {
            return true;
        } else if (!error) {
            xfsm_source_release(source);
        }
        xfsm_source_wait(source);
        poll_timer_wait(10);
        poll_block();
    }
    return false;
}

/* Waits until the kernel lets packets through both ends again: it does that
 * some time after the command to. */
static void
wait_for_link(void)
{
    run("timeout 5 sh -c 'until ip link show va | grep -q \"state UP\" "
        "&& ip link show vb | grep -q \"state UP\"; do :; done'");
}

static void
test_down_and_up(void **state)
{
    struct xfsm_source *source;
    struct got got[1];

    (void) state;
    NEED_DEVICES();
    run("ip link set va down");
    source = open_source("va", NULL, NULL);
    run("ip link set va up");
    wait_for_link();
    send_frame("vb", 60, 3, 0);
    receive(source, got, 1);
    assert_int_equal(got[0].mark, 3);
    run("ip link set va down && ip link set va up");
    wait_for_link();
    send_frame("vb", 60, 4, 0);
    receive(source, got, 1);
    assert_int_equal(got[0].mark, 4);
    xfsm_source_close(source);
}

static void
test_deleted(void **state)
{
    struct xfsm_source *source;

    (void) state;
    NEED_DEVICES();
    run("ip link add vc type veth peer name vd "
        "&& ip link set vc up && ip link set vd up");
    source = open_source("vc", NULL, NULL);
    run("ip link del vc && ip link add vc type veth peer name vd "
        "&& ip link set vc up && ip link set vd up");
    assert_true(wait_error(source, ENODEV));
    assert_true(wait_error(source, ENODEV));
    xfsm_source_close(source);
    run("ip link del vc");
}

static void
test_errors(void **state)
{
    static const struct {
        const char *device, *class, *option, *value;
        int error;
        const char *text;
    } cases[] = {
        { "nosuch", "xfsm", NULL, NULL, ENODEV, "nosuch" },
        { "va", "nosuch", NULL, NULL, EAFNOSUPPORT, "nosuch" },
        { "va", "xfsm", "ring-kib", "1", EINVAL, "ring-kib=1" },
        { "va", "xfsm", "ring-kib", "x", EINVAL, "ring-kib=x" },
        { "va", "xfsm", "ring-kib", "1048577", EINVAL, "ring-kib" },
        { "va", "xfsm", "retire-ms", "0", EINVAL, "retire-ms=0" },
        { "va", "xfsm", "workers", "0", EINVAL, "workers=0" },
        { "va", "xfsm", "workers", "17", EINVAL, "workers=17" },
        { "", "xfsm", NULL, NULL, EINVAL, "\"\"" },
    };
    size_t i;

    (void) state;
    NEED_DEVICES();
    for (i = 0; i < ARRAY_SIZE(cases); i++) {
        struct smap config = SMAP_INITIALIZER(&config);
        struct xfsm_source *source = NULL;
        int error_no = 0;
        char *error;

        if (cases[i].option) {
            smap_add(&config, cases[i].option, cases[i].value);
        }
        error = xfsm_source_open(cases[i].device, cases[i].class, &config,
                                 &source, &error_no);
        smap_destroy(&config);
        assert_non_null(error);
        assert_null(source);
        assert_int_equal(error_no, cases[i].error);
        if (!strstr(error, cases[i].text)) {
            fail_msg("\"%s\" does not tell of %s", error, cases[i].text);
        }
        free(error);
    }
}

/* A stock class works as well, with less to tell. */
static void
test_system_class(void **state)
{
    struct smap config = SMAP_INITIALIZER(&config);
    struct xfsm_source *source;
    struct netdev_stats stats;
    struct got got[1];
    int error_no;

    (void) state;
    NEED_DEVICES();
    assert_null(xfsm_source_open("vb", "system", &config, &source,
                                 &error_no));
    xfsm_source_run(source);
    send_frame("va", 100, 5, 0);
    receive(source, got, 1);
    assert_int_equal(got[0].mark, 5);
    assert_int_equal(got[0].direction, XFSM_DIR_UNKNOWN);
    xfsm_source_get_stats(source, &stats);
    assert_true(stats.rx_packets == UINT64_MAX);
    xfsm_source_close(source);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_directions),
        cmocka_unit_test(test_vlan),
        cmocka_unit_test(test_super_packet),
        cmocka_unit_test(test_count_segments),
        cmocka_unit_test(test_long_frame),
        cmocka_unit_test(test_stream),
        cmocka_unit_test(test_filter),
        cmocka_unit_test(test_headers),
        cmocka_unit_test(test_drops),
        cmocka_unit_test(test_down_and_up),
        cmocka_unit_test(test_deleted),
        cmocka_unit_test(test_errors),
        cmocka_unit_test(test_system_class),
    };

    return cmocka_run_group_tests(tests, setup, NULL);
}
