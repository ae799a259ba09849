/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

/* Packets are spread over workers by the kernel itself, as steer.h says. */

#include <config.h>
#include "ovsdb-schema/ovs-compat.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ovs-plugin/netdev-ring.h"
#include "ovs-plugin/probe-source.h"
#include "ovs-plugin/steer.h"
#include "smap.h"
#include "timeval.h"
#include "util.h"
#include "xfsm/packet/packet.h"

#define DEADLINE_MS 5000

/* Frames of a kind. */
#define FRAMES 64

static bool have_devices;
static int sender;

static int
setup(void **state)
{
    (void) state;
    if (!getuid() && !unshare(CLONE_NEWNET)
        && !system("ip link add va type veth peer name vb "
                   "&& ip link set va up && ip link set vb up")) {
        sender = socket(AF_PACKET, SOCK_RAW, 0);
        have_devices = sender >= 0;
    }
    xfsm_ring_register();
    return 0;
}

#define WORKERS 4

/* Writes a UDP packet with 'mark' as its payload, in IPv4 or IPv6, behind the
 * 'n' bytes at 'head', and returns its length.  'p' gets its addresses. */
static size_t
write_ip_frame(uint8_t *frame, bool ip6, uint8_t mark, const uint8_t *head,
               size_t n, struct xfsm_packet *p)
{
    size_t l3 = 12 + n;
    size_t l4 = l3 + (ip6 ? 40 : 20);
    uint8_t *ip = frame + l3;

    memset(frame, 0, 200);
    memset(frame, 0xff, 6);
    memset(frame + 6, 2, 6);
    memcpy(frame + 12, head, n);
    memset(p->ip_src.b, 0, 16);
    memset(p->ip_dst.b, 0, 16);
    p->ip_src.b[15] = mark;
    p->ip_dst.b[15] = mark / 16;
    p->ip_src.b[12] = p->ip_dst.b[12] = 10;
    if (ip6) {
        p->ip_src.b[0] = p->ip_dst.b[0] = 0xfd;
        ip[0] = 0x60;
        ip[5] = 30;
        ip[6] = 17;
        memcpy(ip + 8, &p->ip_src, 16);
        memcpy(ip + 24, &p->ip_dst, 16);
    } else {
        memset(&p->ip_src.b[10], 0xff, 2);
        memset(&p->ip_dst.b[10], 0xff, 2);
        ip[0] = 0x45;
        ip[3] = 50;
        ip[9] = 17;
        memcpy(ip + 12, &p->ip_src.b[12], 4);
        memcpy(ip + 16, &p->ip_dst.b[12], 4);
    }
    frame[l4 + 5] = 30;
    memcpy(frame + l4 + 8, "xfsm", 4);
    frame[l4 + 12] = mark;
    return l4 + 30;
}

/* The mark of a frame of write_ip_frame(), or -1. */
static int
find_mark(const struct xfsm_packet *p)
{
    const uint8_t *s = memmem(p->data, p->caplen, "xfsm", 4);

    return s ? s[4] : -1;
}

/* Receives all that is there, and notes in which worker each mark came. */
static size_t
receive_marks(struct xfsm_source *sources[WORKERS], int came_to[256])
{
    size_t n_got = 0;
    int w;

    for (w = 0; w < WORKERS; w++) {
        struct xfsm_packet *packets;
        size_t n, i;

        while (!xfsm_source_recv(sources[w], &packets, &n)) {
            for (i = 0; i < n; i++) {
                int mark = find_mark(&packets[i]);

                if (mark >= 0) {
                    came_to[mark] = w;
                    n_got++;
                }
            }
            xfsm_source_release(sources[w]);
        }
    }
    return n_got;
}

struct kind {
    const char *name;
    uint8_t head[16];           /* From the EtherType on... */
    size_t n;                   /* ...so many bytes. */
    bool ip6;
};

/* Sends FRAMES frames, from both ends in turn, and stores the worker that each
 * should come to. */
static void
send_frames(const struct kind *kind, enum xfsm_steer steer, int expected[256])
{
    const char *const devices[] = { "va", "vb" };
    int mark;

    for (mark = 0; mark < FRAMES; mark++) {
        struct sockaddr_ll sll = {
            .sll_family = AF_PACKET,
            .sll_protocol = htons(ETH_P_ALL),
            .sll_ifindex = if_nametoindex(devices[mark % 2]),
        };
        struct xfsm_packet p;
        uint8_t frame[256];
        size_t len = write_ip_frame(frame, kind->ip6, mark, kind->head,
                                    kind->n, &p);

        expected[mark] = xfsm_steer_hash(steer, &p) % WORKERS;
        assert_int_equal(sendto(sender, frame, len, 0,
                                (struct sockaddr *) &sll, sizeof sll), len);
    }
}

static void
check_kind(struct xfsm_source *sources[WORKERS], const struct kind *kind,
           enum xfsm_steer steer)
{
    long long int deadline = time_msec() + DEADLINE_MS;
    int came_to[256], expected[256];
    size_t n_got = 0;
    int mark;

    memset(came_to, 0xff, sizeof came_to);
    send_frames(kind, steer, expected);
    while (n_got < FRAMES && time_msec() < deadline) {
        n_got += receive_marks(sources, came_to);
    }
    assert_int_equal(n_got, FRAMES);
    for (mark = 0; mark < FRAMES; mark++) {
        if (came_to[mark] != expected[mark]) {
            fail_msg("%s, %s, frame %d: worker %d, not %d", kind->name,
                     xfsm_steer_text(steer), mark, came_to[mark],
                     expected[mark]);
        }
    }
}

/* The kernel finds the addresses where steer.h says, in both directions and
 * behind whatever there is. */
static void
test_workers(void **state)
{
    static const struct kind kinds[] = {
        { "IPv4", "\x08\x00", 2, false },
        { "IPv6", "\x86\xdd", 2, true },
        { "VLAN", "\x81\x00\x00\x05\x08\x00", 6, false },
        { "VLAN, IPv6", "\x81\x00\x00\x05\x86\xdd", 6, true },
        { "QinQ", "\x88\xa8\x00\x05\x81\x00\x00\x06\x08\x00", 10,
          false },
        { "MPLS", "\x88\x47\x00\x00\x00\x40\x00\x00\x01\x40", 10,
          false },
        { "PPPoE", "\x88\x64\x11\x00\x00\x01\x00\x34\x00\x21", 10,
          false },
    };
    struct smap config = SMAP_INITIALIZER(&config);
    struct sock_filter code[XFSM_STEER_CODE_MAX];
    struct sock_fprog prog = { .filter = code };
    struct xfsm_source *sources[WORKERS];
    enum xfsm_steer steer;
    int error_no, w;
    size_t i;

    (void) state;
    if (!have_devices) {
        print_message("needs root and veth\n");
        skip();
    }
    smap_add_format(&config, "workers", "%d", WORKERS);
    assert_null(xfsm_source_open("va", XFSM_RING_CLASS, &config, &sources[0],
                                 &error_no));
    assert_int_equal(xfsm_source_n_queues(sources[0]), WORKERS);
    for (w = 1; w < WORKERS; w++) {
        assert_null(xfsm_source_open_more(sources[0], w, &sources[w]));
    }
    for (steer = 0; steer <= XFSM_STEER_NONE; steer++) {
        prog.len = xfsm_steer_code(steer, false, code);
        assert_int_equal(xfsm_source_set_steering(sources[0], &prog), 0);
        for (i = 0; i < ARRAY_SIZE(kinds); i++) {
            check_kind(sources, &kinds[i], steer);
        }
    }

    /* A device that goes down and up is no change. */
    prog.len = xfsm_steer_code(XFSM_STEER_PAIR, false, code);
    assert_int_equal(xfsm_source_set_steering(sources[0], &prog), 0);
    for (i = 0; i < 3; i++) {
        if (system("ip link set va down && ip link set va up && "
                   "timeout 5 sh -c 'until ip link show va "
                   "| grep -q \"state UP\" && ip link show vb "
                   "| grep -q \"state UP\"; do :; done'")) {
            fail_msg("va does not come up");
        }
        check_kind(sources, &kinds[0], XFSM_STEER_PAIR);
    }
    for (w = 0; w < WORKERS; w++) {
        xfsm_source_close(sources[w]);
    }
    smap_destroy(&config);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_workers),
    };

    return cmocka_run_group_tests(tests, setup, NULL);
}
