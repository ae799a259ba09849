/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

/* Packets are spread over lanes so that results stay right: which programs can
 * be split and how; that the kernel's program finds the addresses where the
 * decoder does, on captures, on packets with bytes changed and in every
 * encapsulation; and that programs on several engines say what one says. */

#include <config.h>
#include "ovsdb-schema/ovs-compat.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <pcap/pcap.h>

#include <cmocka.h>

#include "ovs-plugin/steer.h"
#include "tests/unit/engine-harness.h"
#include "tests/unit/random.h"
#include "util.h"
#include "xfsm/packet/decode.h"
#include "xfsm/packet/field.h"
#include "xfsm/program/image.h"

#define CAPTURE_PACKETS EH_ROUNDS(3000, 300)
#define LANES 4

BUILD_ASSERT_DECL(sizeof(struct bpf_insn) == sizeof(struct sock_filter));

/* ## Which programs, and how ## */

#define STATES EH_STATE("s") EH_STATE("t")
#define TOPK(NAME) \
    EH_METRIC(NAME, "<variation_monitor status='on' type='topk'/>")
#define PAIR (1u << XFSM_STEER_PAIR)
#define SRC (1u << XFSM_STEER_SRC)
#define DST (1u << XFSM_STEER_DST)

static void
test_ways(void **state OVS_UNUSED)
{
    static const struct {
        const char *body;
        unsigned int may;
        const char *why;
    } cases[] = {
        { EH_ON("", "ip_src", EH_IN("s", "")), SRC, NULL },
        { EH_ON("", "ip_dst", EH_IN("s", "")), DST, NULL },
        { EH_ON("", "ip_src-ip_dst", EH_IN("s", "")), PAIR | SRC | DST,
          NULL },
        { EH_ON("", "src_port-ip_src", EH_IN("s", "")), SRC, NULL },
        { EH_ON("", "eth_src", EH_IN("s", "")), 0, "eth_src" },
        /* Hosts of a network must meet. */
        { EH_ON("", "ip_src/24", EH_IN("s", "")), 0, "ip_src" },
        { EH_ON("", "ip_src/24-ip_dst", EH_IN("s", "")), DST, NULL },
        { EH_ON("", "inner_ip_src", EH_IN("s", "")), 0, "inner_ip_src" },
        /* The answer turns the pair around: the pair alone is the same. */
        { EH_ON("flags tcp-syn", "ip_src-ip_dst", EH_IN("s", ""))
          EH_ON("proto tcp", "ip_dst-ip_src", EH_IN("s", "")), PAIR, NULL },
        { EH_ON("flags tcp-syn", "ip_src", EH_IN("s", ""))
          EH_ON("proto tcp", "ip_dst", EH_IN("s", "")), 0, "ip_dst" },
        { EH_METRIC("m", EH_VM("dleft"))
          EH_ON("", "ip_src", EH_IN("s",
                EH_USE("m", "vm_set='ip_src' vm_get='ip_dst'")
                EH_IF("m &gt; 1", "print(x)", "t"))), 0, "ip_dst" },
        /* The same fields in another place. */
        { EH_ON("flags tcp-syn", "ip_src-src_port", EH_IN("s", ""))
          EH_ON("proto tcp", "src_port-ip_src", EH_IN("s", "")), 0,
          "src_port-ip_src" },
        { EH_METRIC("m", EH_VM("dleft"))
          EH_ON("", "ip_src-ip_dst", EH_IN("s",
                EH_USE("m", "vm_update='ip_src'")
                EH_IF("m &gt; 1", "print(x)", "t"))), SRC, NULL },
        { EH_METRIC("m", EH_VM("dleft"))
          EH_ON("", "ip_src-ip_dst", EH_IN("s",
                EH_USE("m", "vm_update='dst_port'")
                EH_IF("m &gt; 1", "print(x)", "t"))), 0, "dst_port" },
        { EH_METRIC("m", EH_VM("simple"))
          EH_ON("", "ip_src", EH_IN("s",
                EH_USE("m", "vm_update='ip_src'")
                EH_IF("m &gt; 1", "print(x)", "t"))), 0, "all keys" },
        { EH_METRIC("m", EH_VM("dleft"))
          EH_ON("", "ip_src", EH_IN("s",
                EH_USE("m", "vm_update='ip_src'")
                EH_IF("m &gt; 1", "m.reset()", "t"))), 0, "resets" },
        { EH_METRIC("m", EH_VM("dleft"))
          EH_ON("", "ip_src", EH_IN("s",
                EH_USE("m", "vm_update='ip_src'")
                EH_IF("m &gt; 1", "m.reset(ip_src)", "t"))), SRC, NULL },
        { EH_TABLE("x") EH_ON("ip_dst in x", "ip_src-ip_dst",
                              EH_IN("s", "")), DST, NULL },
        { EH_TABLE("x") EH_ON("", "ip_src-ip_dst", EH_IN("s",
          EH_IF("true", "x(ip_src)=1;print(%x(ip_src))", ""))), SRC, NULL },
        { EH_ON("", "ip_src", EH_IN("s", EH_IF("true",
          "print(%packet_no)", ""))), 0, "packet_no" },
        /* The estimates of a topk are those of one engine, its list is not. */
        { TOPK("m") EH_ON("", "ip_src-ip_dst", EH_IN("s",
          EH_USE("m", "vm_update='ip_src'") EH_IF("m", "print(%m)", ""))),
          SRC, NULL },
        { TOPK("m") EH_ON("", "ip_src", EH_IN("s",
          EH_USE("m", "vm_update='ip_dst'") EH_IF("m", "print(%m)", ""))),
          0, "key ip_dst" },
        { TOPK("m") EH_ON("", "ip_src", EH_IN("s",
          EH_USE("m", "vm_update='ip_src'")
          EH_IF("m", "Publish(log, l=m.top(2))", ""))), 0, "a list of keys" },
        { EH_TIMEOUT("c", EH_IN("s", EH_IF("true", "print(x)", "")))
          EH_ON("", "ip_src", EH_IN("s", EH_IF_SET("true", "", "t",
          EH_TIMER("c", "ip_src", "1")))), SRC, NULL },
        { EH_TIMEOUT("c", EH_IN("s", EH_IF("true", "print(x)", "")))
          EH_ON("", "ip_src", EH_IN("s", EH_IF_SET("true", "", "t",
          EH_TIMER("c", "dst_port", "1")))), 0, "dst_port" },
    };
    size_t i;

    for (i = 0; i < ARRAY_SIZE(cases); i++) {
        char xml[2048];
        struct xfsm_image image;
        void *bytes;
        char *why, *error;
        size_t len;
        unsigned int may;

        snprintf(xml, sizeof xml, "<xfsm>" STATES "%s</xfsm>",
                 cases[i].body);
        bytes = eh_image("p", xml, &len);
        error = xfsm_image_verify(bytes, len, &image);
        assert_null(error);
        may = xfsm_steer_of_image(&image, &why);
        if (may != cases[i].may || !why != !cases[i].why
            || (why && !strstr(why, cases[i].why))) {
            fail_msg("case %zu: may %x, why %s", i, may, why ? why : "-");
        }
        free(why);
        free(bytes);
    }
}

static void
test_pick(void **state OVS_UNUSED)
{
    assert_int_equal(xfsm_steer_pick(0, XFSM_STEER_SRC), XFSM_STEER_NONE);
    assert_int_equal(xfsm_steer_pick(PAIR | SRC, XFSM_STEER_NONE),
                     XFSM_STEER_PAIR);
    assert_int_equal(xfsm_steer_pick(PAIR | SRC, XFSM_STEER_SRC),
                     XFSM_STEER_SRC);
    assert_int_equal(xfsm_steer_pick(PAIR | DST, XFSM_STEER_SRC),
                     XFSM_STEER_PAIR);
    assert_int_equal(xfsm_steer_pick(DST, XFSM_STEER_NONE), XFSM_STEER_DST);
}

/* ## The kernel's program ## */

static struct bpf_program code[XFSM_STEER_NONE + 1];

static void
make_code(void)
{
    enum xfsm_steer steer;

    for (steer = 0; steer <= XFSM_STEER_NONE; steer++) {
        static struct sock_filter buf[XFSM_STEER_NONE + 1]
                                     [XFSM_STEER_CODE_MAX];

        code[steer].bf_len = (unsigned int) xfsm_steer_code(steer, true,
                                                            buf[steer]);
        code[steer].bf_insns = (struct bpf_insn *) (void *) buf[steer];
        assert_true(bpf_validate(code[steer].bf_insns,
                                 (int) code[steer].bf_len));
    }
}

static struct {
    size_t n, n_ip, lanes[LANES];
} checked;

/* Where the decoder finds addresses, the program returns their hash. */
static void
check_packet(const struct xfsm_packet *packet, const char *what)
{
    struct xfsm_fieldset want = { { 0, 0 } };
    char scratch[XFSM_PACKET_SCRATCH];
    struct xfsm_packet p = *packet;
    enum xfsm_steer steer;

    p.scratch = scratch;
    p.packet_no = 1;
    xfsm_fieldset_add(&want, XFSM_F_IP_SRC);
    xfsm_fieldset_add(&want, XFSM_F_IP_DST);
    xfsm_decode(&p, &want);
    checked.n++;
    if (!xfsm_fieldset_has(&p.present, XFSM_F_IP_SRC)) {
        return;
    }
    checked.n_ip++;
    for (steer = 0; steer <= XFSM_STEER_NONE; steer++) {
        uint32_t got = bpf_filter(code[steer].bf_insns, p.data, p.caplen,
                                  p.caplen);
        uint32_t expected = xfsm_steer_hash(steer, &p);

        if (got != expected) {
            fail_msg("%s, told apart %s: %x instead of %x", what,
                     xfsm_steer_text(steer), got, expected);
        }
    }
    checked.lanes[xfsm_steer_hash(XFSM_STEER_PAIR, &p) % LANES]++;
}

/* Puts 'n' bytes in front of the payload of an Ethernet frame, which is given
 * another EtherType. */
static void
check_wrapped(const struct xfsm_packet *p, uint16_t type, const void *head,
              size_t n, const char *what)
{
    uint8_t data[4096];
    struct xfsm_packet q = *p;
    size_t payload = MIN(p->caplen - 14, sizeof data - 14 - n);

    memcpy(data, p->data, 12);
    data[12] = type >> 8;
    data[13] = type & 0xff;
    memcpy(data + 14, head, n);
    memcpy(data + 14 + n, p->data + 14, payload);
    q.data = data;
    q.caplen = q.len = 14 + n + payload;
    check_packet(&q, what);
}

static void
check_encapsulations(const struct xfsm_packet *p)
{
    uint8_t head[64] = { 0 };
    const uint8_t *type = p->data + 12;
    bool ip6 = type[0] == 0x86;
    size_t i, n;

    for (n = 1; n <= XFSM_VLAN_MAX + 1; n++) {
        for (i = 0; i < n; i++) {
            memcpy(&head[4 * i], "\x00\x05\x88\xa8", 4);
        }
        memcpy(&head[4 * n - 2], type, 2);
        check_wrapped(p, n & 1 ? 0x8100 : 0x9100, head, 4 * n, "VLAN");
    }
    for (n = 1; n <= XFSM_MPLS_MAX + 1; n++) {
        memset(head, 0, sizeof head);
        head[4 * n - 2] = 1;
        check_wrapped(p, n & 1 ? 0x8847 : 0x8848, head, 4 * n, "MPLS");
    }
    n = p->caplen - 14;
    memcpy(head, "\x11\x00\x00\x01", 4);
    head[4] = (n + 2) >> 8;
    head[5] = (n + 2) & 0xff;
    memcpy(head + 6, ip6 ? "\x00\x57" : "\x00\x21", 2);
    check_wrapped(p, 0x8864, head, 8, "PPPoE");
    memcpy(head + 6, ip6 ? "\x57" : "\x21", 1);
    check_wrapped(p, 0x8864, head, 7, "PPPoE, short");
    head[5] += 2;
    memcpy(head + 6, ip6 ? "\xff\x03\x00\x57" : "\xff\x03\x00\x21", 4);
    check_wrapped(p, 0x8864, head, 10, "PPPoE, control");
    memcpy(head, "\xaa\xaa\x03\x00\x00\x00", 6);
    memcpy(head + 6, type, 2);
    check_wrapped(p, MIN(n + 8, 1500), head, 8, "SNAP");
    /* VLAN and PPPoE. */
    memcpy(head, "\x00\x05\x88\x64\x11\x00\x00\x01\x05\x00", 10);
    memcpy(head + 10, ip6 ? "\x00\x57" : "\x00\x21", 2);
    check_wrapped(p, 0x8100, head, 12, "VLAN, PPPoE");
}

static void
check_mutants(const struct xfsm_packet *p, uint64_t *r)
{
    uint8_t data[4096];
    struct xfsm_packet q = *p;
    size_t n = MIN(p->caplen, sizeof data);
    uint64_t i;

    memcpy(data, p->data, n);
    for (i = random_below(r, 5); n && i; i--) {
        data[random_below(r, MIN(n, 40))] = (uint8_t) random_next(r);
    }
    q.data = data;
    q.caplen = q.len = random_below(r, 3) ? n : random_below(r, n + 1);
    check_packet(&q, "changed");
}

static void
each_capture(void (*cb)(const char *name, const struct eh_packets *))
{
    eh_for_each_capture("captures", CAPTURE_PACKETS, cb);
    eh_for_each_capture("hostile", CAPTURE_PACKETS, cb);
    eh_for_each_capture("programs", CAPTURE_PACKETS, cb);
}

static void
check_capture(const char *name, const struct eh_packets *packets)
{
    uint64_t r = name[0];
    size_t i;

    for (i = 0; i < packets->n; i++) {
        const struct xfsm_packet *p = &packets->packets[i];

        check_packet(p, name);
        check_mutants(p, &r);
        if (i % 16 == 0 && p->caplen > 34
            && (!memcmp(p->data + 12, "\x08\x00", 2)
                || !memcmp(p->data + 12, "\x86\xdd", 2))) {
            check_encapsulations(p);
        }
    }
}

static void
test_code(void **state OVS_UNUSED)
{
    size_t i;

    make_code();
    if (!eh_shared_data()) {
        skip();
    }
    each_capture(check_capture);
    print_message("%zu frames, %zu of IP, in lanes:", checked.n,
                  checked.n_ip);
    for (i = 0; i < LANES; i++) {
        print_message(" %zu", checked.lanes[i]);
        assert_true(checked.lanes[i] > checked.n_ip / LANES / 4);
    }
    print_message("\n");
    assert_true(checked.n_ip > 10000);
}

/* ## The same results ## */

#define MAX_PROGRAMS 64

static struct {
    size_t n, split, events;
    char *names[MAX_PROGRAMS];
    void *images[MAX_PROGRAMS];
    size_t lens[MAX_PROGRAMS];
    enum xfsm_steer steer[MAX_PROGRAMS];
} programs;

static void
add_program(const char *path, const char *name, void *aux OVS_UNUSED)
{
    size_t at = programs.n++;
    struct xfsm_image image;
    size_t len;
    char *text = eh_read_file(path, &len);

    assert_true(programs.n <= MAX_PROGRAMS);
    programs.names[at] = xstrdup(name);
    programs.images[at] = eh_image(name, text, &programs.lens[at]);
    assert_null(xfsm_image_verify(programs.images[at], programs.lens[at],
                                  &image));
    programs.steer[at] = xfsm_steer_pick(xfsm_steer_of_image(&image, NULL),
                                         XFSM_STEER_NONE);
    programs.split += programs.steer[at] != XFSM_STEER_NONE;
    free(text);
}

static int
compare_lines(const void *a_, const void *b_)
{
    char *const *a = a_;
    char *const *b = b_;

    return strcmp(*a, *b);
}

/* The full form of an event without its number, which is its lane's. */
static void
drop_numbers(struct eh_lines *lines)
{
    size_t i;

    for (i = 0; i < lines->n; i++) {
        char *s = strstr(lines->lines[i], "seq=");

        for (; s && *s && *s != ' '; s++) {
            *s = '-';
        }
    }
    if (lines->n) {
        qsort(lines->lines, lines->n, sizeof *lines->lines, compare_lines);
    }
}

static void
compare_program(size_t program, const char *name,
                const struct eh_packets *packets)
{
    uint64_t end = packets->packets[packets->n - 1].ts
                   + UINT64_C(10000000000);
    struct eh_lines split = { 0, 0, NULL };
    struct eh one, lane[LANES];
    size_t i, j;

    eh_init(&one);
    assert_null(xfsm_engine_load(one.engine, programs.images[program],
                                 programs.lens[program]));
    for (i = 0; i < LANES; i++) {
        eh_init(&lane[i]);
        assert_null(xfsm_engine_load(lane[i].engine, programs.images[program],
                                     programs.lens[program]));
    }
    for (i = 0; i < packets->n; i++) {
        struct eh_packets packet = { 1, 1, &packets->packets[i] };
        uint32_t hash = bpf_filter(code[programs.steer[program]].bf_insns,
                                   packets->packets[i].data,
                                   packets->packets[i].caplen,
                                   packets->packets[i].caplen);

        /* As live lanes do, whose time goes on without packets. */
        for (j = 0; j < LANES; j++) {
            xfsm_engine_advance(lane[j].engine, packets->packets[i].ts);
        }
        eh_run(&one, &packet, 1);
        eh_run(&lane[hash % LANES], &packet, 1);
    }
    xfsm_engine_advance(one.engine, end);
    for (i = 0; i < LANES; i++) {
        xfsm_engine_advance(lane[i].engine, end);
        for (j = 0; j < lane[i].brief.n; j++) {
            eh_lines_add(&split, xstrdup(lane[i].brief.lines[j]));
        }
        eh_free(&lane[i]);
    }
    drop_numbers(&split);
    drop_numbers(&one.brief);
    for (i = 0; i < split.n || i < one.brief.n; i++) {
        const char *a = i < one.brief.n ? one.brief.lines[i] : "-";
        const char *b = i < split.n ? split.lines[i] : "-";

        if (strcmp(a, b)) {
            fail_msg("%s on %s, event %zu: one engine %s, several %s",
                     programs.names[program], name, i, a, b);
        }
    }
    programs.events += one.brief.n;
    eh_lines_clear(&split);
    free(split.lines);
    eh_free(&one);
}

static void
compare_capture(const char *name, const struct eh_packets *packets)
{
    size_t i;

    /* Engines' times do not go back, and each sees some packets alone. */
    for (i = 1; i < packets->n; i++) {
        packets->packets[i].ts = MAX(packets->packets[i].ts,
                                     packets->packets[i - 1].ts);
    }
    for (i = 0; i < programs.n; i++) {
        if (programs.steer[i] != XFSM_STEER_NONE) {
            compare_program(i, name, packets);
        }
    }
}

static void
test_programs(void **state OVS_UNUSED)
{
    size_t i;

    if (!eh_shared_data()) {
        skip();
    }
    eh_for_each_program(add_program, NULL);
    for (i = 0; i < programs.n; i++) {
        print_message("%s: %s\n", programs.names[i],
                      xfsm_steer_text(programs.steer[i]));
    }
    assert_true(programs.split > 10);
    each_capture(compare_capture);
    print_message("%zu programs of %zu can be split: the same %zu events\n",
                  programs.split, programs.n, programs.events);
    assert_true(programs.events > 1000);
    for (i = 0; i < programs.n; i++) {
        free(programs.names[i]);
        free(programs.images[i]);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ways),
        cmocka_unit_test(test_pick),
        cmocka_unit_test(test_code),
        cmocka_unit_test(test_programs),
    };

    return cmocka_run_group_tests_name("steer", tests, NULL, NULL);
}
