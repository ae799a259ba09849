/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

/* The kernel filter passes what programs want: for each field alone, for
 * random selectors and for all programs at hand, on captures, on the same
 * packets with bytes changed, cut or tagged, with the same events with and
 * without it; and where it has only the headers copied, they are enough. */

#include <config.h>
#include "ovsdb-schema/ovs-compat.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <pcap/pcap.h>

#include <cmocka.h>

#include "ovs-plugin/filter.h"
#include "tests/unit/engine-harness.h"
#include "tests/unit/random.h"
#include "util.h"
#include "xfsm/packet/decode.h"
#include "xfsm/packet/field.h"
#include "xfsm/program/image.h"
#include "xfsm/runtime/clock.h"

/* Packets of a capture that are looked at. */
#define CAPTURE_PACKETS EH_ROUNDS(3000, 200)

/* Packets kept for the tests of fields and selectors, per capture. */
#define SAMPLE 60

#define RANDOM_SELECTORS EH_ROUNDS(400, 60)
#define RANDOM_PACKETS EH_ROUNDS(20000, 2000)
#define MAX_PROGRAMS 64

struct filter_code {
    char *text, *whole;
    struct bpf_program bpf;
};

static struct eh_packets sample;

/* Compiles the filter of the programs whose images are given. */
static struct filter_code
make_filter(void *const *images, const size_t *lens, size_t n)
{
    struct xfsm_filter filter = XFSM_FILTER_INITIALIZER;
    struct filter_code code;
    char *error;
    size_t i;

    for (i = 0; i < n; i++) {
        struct xfsm_image image;
        char name[32];

        error = xfsm_image_verify(images[i], lens[i], &image);
        assert_null(error);
        snprintf(name, sizeof name, "p%zu", i);
        xfsm_filter_set(&filter, name, &image);
    }
    code.text = xfsm_filter_text(&filter);
    code.whole = xfsm_filter_whole(&filter);
    error = xfsm_filter_compile(code.text, code.whole, &code.bpf);
    if (error) {
        print_error("%s\n%s\n", error, code.text);
        fail();
    }
    assert_true(bpf_validate(code.bpf.bf_insns, (int) code.bpf.bf_len));
    xfsm_filter_destroy(&filter);
    return code;
}

static void
free_filter(struct filter_code *code)
{
    free(code->text);
    free(code->whole);
    pcap_freecode(&code->bpf);
}

/* Cuts 'p' as the kernel does.  False: it is left out. */
static bool
passes(const struct filter_code *code, struct xfsm_packet *p)
{
    unsigned int wanted = bpf_filter(code->bpf.bf_insns, p->data, p->caplen,
                                     p->caplen);

    if (!wanted || wanted >= p->caplen) {
        return wanted != 0;
    }
    assert_int_equal(wanted, XFSM_FILTER_HEADERS);
    p->caplen = wanted;
    return true;
}

/* Decodes 'p' and writes its field, if it has that, to 'value'. */
static bool
get_field(struct xfsm_packet *p, unsigned int field,
          char value[XFSM_FIELD_TEXT_MAX + 1])
{
    struct xfsm_fieldset want = { { 0, 0 } };
    char scratch[XFSM_PACKET_SCRATCH];

    p->scratch = scratch;
    p->packet_no = 1;
    xfsm_fieldset_add(&want, field);
    xfsm_decode(p, &want);
    if (!xfsm_fieldset_has(&p->present, field)) {
        return false;
    }
    value[xfsm_field_format(p, field, value, XFSM_FIELD_TEXT_MAX)] = '\0';
    return true;
}

static void *
compile(const char *selector, const char *key, size_t *lenp)
{
    char *xml = NULL;
    void *image;

    if (asprintf(&xml, "<xfsm name='t' version='1'><statedef id='s'/>"
                 "<event type='packet' selector='%s' primary-key='%s'>"
                 "<state id='s'><condition expression='true'"
                 " action='Publish(log, hit)'/></state></event></xfsm>",
                 selector, key) < 0) {
        abort();
    }
    image = eh_image("t", xml, lenp);
    free(xml);
    return image;
}

/* ## The packets ## */

/* A copy of 'p' that was mistreated: bytes changed, cut, tagged. */
static void
add_mutant(struct eh_packets *to, const struct xfsm_packet *p, uint64_t *r)
{
    uint8_t data[4096];
    struct xfsm_packet q = *p;
    uint32_t n = MIN(p->caplen, sizeof data - 8);
    uint64_t i;

    memcpy(data, p->data, n);
    for (i = random_below(r, 4); n && i; i--) {
        data[random_below(r, MIN(n, 90))] = (uint8_t) random_next(r);
    }
    switch (random_below(r, 6)) {
    case 0:
        n = (uint32_t) random_below(r, n + 1);
        break;
    case 1:
        if (n >= 14) {
            memmove(data + 16, data + 12, n - 12);
            memcpy(data + 12, "\x81\x00\x00\x05", 4);
            n += 4;
        }
        break;
    case 2:
        q.aux_vlan_tci = 5;
        q.aux_vlan_tpid = 0x8100;
        break;
    case 3:
        if (n > 23) {
            static const uint8_t protos[] = { 1, 4, 6, 17, 41, 47, 58, 132 };

            data[23] = protos[random_below(r, sizeof protos)];
        }
        break;
    default:
        break;
    }
    q.data = data;
    q.caplen = q.len = n;
    eh_packets_add(to, &q);
}

/* Writes something that looks like IP at 'p', of 'n' bytes. */
static void
write_random_ip(uint8_t *p, size_t n, bool ip6, uint64_t *r)
{
    static const uint8_t protos[] = { 1, 4, 6, 6, 17, 17, 41, 44, 47, 58,
                                      132 };
    static const uint16_t ports[] = { 22, 53, 67, 80, 123, 443, 502, 2152,
                                      4789, 6081, 8472 };
    uint8_t proto = protos[random_below(r, sizeof protos)];
    size_t l4 = ip6 ? 40 : 20;
    size_t i;

    p[0] = ip6 ? 0x60 : random_below(r, 8) ? 0x45 : 0x46;
    if (ip6) {
        p[4] = (n - 40) >> 8;
        p[5] = (n - 40) & 0xff;
        p[6] = proto;
    } else {
        p[2] = n >> 8;
        p[3] = n & 0xff;
        p[6] = random_below(r, 4) ? 0 : (uint8_t) random_below(r, 0x40);
        p[7] = random_below(r, 4) ? 0 : (uint8_t) random_next(r);
        p[9] = proto;
    }
    /* Few addresses, so that there are keys that come again. */
    for (i = 0; i < 2; i++) {
        uint8_t *addr = ip6 ? p + 8 + 16 * i : p + 12 + 4 * i;

        memset(addr, 0, ip6 ? 16 : 4);
        addr[0] = ip6 ? 0x20 : 10;
        addr[ip6 ? 15 : 3] = (uint8_t) random_below(r, 4);
    }
    for (i = 0; i < 2; i++) {
        if (random_below(r, 4)) {
            uint16_t port = ports[random_below(r, ARRAY_SIZE(ports))];

            p[l4 + 2 * i] = port >> 8;
            p[l4 + 2 * i + 1] = port & 0xff;
        }
    }
    if (proto == 6) {
        p[l4 + 12] = 0x50;
        p[l4 + 13] = random_below(r, 2) ? 0x02 : (uint8_t) random_next(r);
    }
}

/* Packets of no capture: random bytes behind headers that are mostly right,
 * with and without tags, in fragments and in tunnels. */
static void
add_random_packets(struct eh_packets *to)
{
    static const uint16_t types[] = { 0x0800, 0x0800, 0x0800, 0x86dd, 0x86dd,
                                      0x0806, 0x8847, 0x8864, 0x88cc, 0x0100 };
    uint64_t r = 7;
    int i;

    for (i = 0; i < RANDOM_PACKETS; i++) {
        struct xfsm_packet p = {
            .link_type = XFSM_LINK_ETHERNET,
            .ts = EH_EPOCH + (uint64_t) i * 1000000,
        };
        uint16_t type = types[random_below(&r, ARRAY_SIZE(types))];
        uint8_t data[256];
        size_t at = 14;
        size_t n = 110 + random_below(&r, 146);
        size_t j;

        for (j = 0; j < n; j++) {
            data[j] = (uint8_t) random_next(&r);
        }
        for (j = random_below(&r, 4) ? 0 : 1 + random_below(&r, 3); j; j--) {
            data[at - 2] = 0x81;
            data[at - 1] = 0x00;
            at += 4;
        }
        data[at - 2] = type >> 8;
        data[at - 1] = type & 0xff;
        if (type == 0x0800 || type == 0x86dd) {
            bool ip6 = type == 0x86dd;
            size_t payload = at + (ip6 ? 40 : 20);

            write_random_ip(data + at, n - at, ip6, &r);
            if (data[ip6 ? at + 6 : at + 9] == 4 && n - payload >= 40) {
                write_random_ip(data + payload, n - payload, false, &r);
            }
        }
        if (!random_below(&r, 4)) {
            p.aux_vlan_tci = 7;
            p.aux_vlan_tpid = 0x8100;
        }
        p.data = data;
        p.caplen = random_below(&r, 8) ? n : random_below(&r, n + 1);
        p.len = p.caplen;
        eh_packets_add(to, &p);
    }
}

static void
add_sample(const char *name, const struct eh_packets *packets)
{
    uint64_t r = name[0];
    size_t step = packets->n / SAMPLE + 1;
    size_t i;

    for (i = 0; i < packets->n; i += step) {
        eh_packets_add(&sample, &packets->packets[i]);
        add_mutant(&sample, &packets->packets[i], &r);
        add_mutant(&sample, &packets->packets[i], &r);
    }
}

static void
need_sample(void)
{
    if (!eh_shared_data()) {
        skip();
    }
    if (!sample.n) {
        eh_for_each_capture("captures", CAPTURE_PACKETS, add_sample);
        eh_for_each_capture("hostile", CAPTURE_PACKETS, add_sample);
        print_message("%zu packets\n", sample.n);
    }
    assert_true(sample.n > 1000);
}

/* ## Tests ## */

/* Where the decoder finds a field, the filter for it passes. */
static void
test_fields(void **state OVS_UNUSED)
{
    unsigned int field;
    size_t spared = 0, cut = 0, total = 0;

    need_sample();
    for (field = 0; field < XFSM_N_FIELDS; field++) {
        const char *name = xfsm_fields[field].name;
        struct filter_code code;
        size_t i, len;
        void *image = compile("", name, &len);

        code = make_filter(&image, &len, 1);
        for (i = 0; i < sample.n; i++) {
            char value[XFSM_FIELD_TEXT_MAX + 1];
            char seen[XFSM_FIELD_TEXT_MAX + 1];
            struct xfsm_packet p = sample.packets[i];
            struct xfsm_packet q = p;
            bool pass = passes(&code, &q);

            if (get_field(&p, field, value)
                && !(pass && get_field(&q, field, seen)
                     && !strcmp(value, seen))) {
                print_error("packet %zu of the sample has %s, but does not "
                            "pass, or not all of it:\n%s\nwhole: %s\n", i,
                            name, code.text, code.whole);
                fail();
            }
            spared += !pass;
            cut += pass && q.caplen < p.caplen;
            total++;
        }
        free_filter(&code);
        free(image);
    }
    print_message("fields: %zu of %zu spared, %zu cut\n", spared, total, cut);
    assert_true(spared > total / 4);
    assert_true(cut > total / 20);
}

/* Appends a test of a field that 'p' has, or nothing. */
static bool
random_test(const struct xfsm_packet *p, uint64_t *r, char *buf, size_t size)
{
    static const char *const ops[] = { "==", "!=", "&lt;", "&lt;=", "&gt;",
                                       "&gt;=" };
    char value[XFSM_FIELD_TEXT_MAX + 1];
    unsigned int field = (unsigned int) random_below(r, XFSM_N_FIELDS);
    unsigned int n_ops = xfsm_fields[field].type == XFSM_FT_UINT ? 6 : 2;
    const char *op = ops[random_below(r, 3) ? 0 : random_below(r, n_ops)];
    size_t n;

    if (!xfsm_fieldset_has(&p->present, field) || field == XFSM_F_TS
        || xfsm_fields[field].type == XFSM_FT_STR) {
        return false;
    }
    n = xfsm_field_format(p, field, value, sizeof value - 1);
    value[n] = '\0';
    if (xfsm_fields[field].type == XFSM_FT_ADDR) {
        unsigned int bits = (unsigned int) random_below(
            r, strchr(value, ':') ? 129 : 33);

        snprintf(buf, size, "%s %s %s/%u", xfsm_fields[field].name, op, value,
                 bits);
    } else {
        snprintf(buf, size, "%s %s %s", xfsm_fields[field].name, op, value);
    }
    return true;
}

static char *
random_selector(uint64_t *r)
{
    struct xfsm_fieldset want = { { UINT64_MAX, UINT64_MAX } };
    char scratch[XFSM_PACKET_SCRATCH];
    char text[2048] = "";
    int i, n = 1 + (int) random_below(r, 5);
    struct xfsm_packet p = sample.packets[random_below(r, sample.n)];

    p.scratch = scratch;
    p.packet_no = 1;
    xfsm_decode(&p, &want);
    xfsm_fieldset_remove(&p.present, XFSM_F_PACKET_NO);
    for (i = 0; i < n; ) {
        char test[600];

        if (random_test(&p, r, test, sizeof test)) {
            size_t len = strlen(text);

            snprintf(text + len, sizeof text - len, "%s%s",
                     !len ? "" : random_below(r, 3) ? " and " : " or ", test);
            i++;
        }
    }
    return xstrdup(text);
}

static bool
matches(struct eh *eh, struct xfsm_packet *p)
{
    struct eh_packets one = { 1, 1, p };
    bool hit;

    eh_run(eh, &one, 1);
    hit = eh->brief.n > 0;
    eh_lines_clear(&eh->brief);
    eh_lines_clear(&eh->full);
    return hit;
}

/* What matches a random selector passes its filter. */
static void
test_selectors(void **state OVS_UNUSED)
{
    uint64_t r = 4;
    size_t hits = 0, spared = 0, total = 0;
    int i;

    need_sample();
    for (i = 0; i < RANDOM_SELECTORS; i++) {
        char *selector = random_selector(&r);
        struct filter_code code;
        struct eh eh;
        size_t j, len;
        void *image = compile(selector, "eth_src", &len);
        char *error;

        code = make_filter(&image, &len, 1);
        eh_init(&eh);
        error = xfsm_engine_load(eh.engine, image, len);
        assert_null(error);
        for (j = i % 7; j < sample.n; j += 7) {
            struct xfsm_packet p = sample.packets[j];
            bool pass = passes(&code, &p);
            bool hit = matches(&eh, &sample.packets[j]);

            if (hit && !(pass && matches(&eh, &p))) {
                print_error("packet %zu of the sample matches %s, but does "
                            "not pass, or not all of it:\n%s\nwhole: %s\n",
                            j, selector, code.text, code.whole);
                fail();
            }
            hits += hit;
            spared += !pass;
            total++;
        }
        eh_free(&eh);
        free_filter(&code);
        free(image);
        free(selector);
    }
    print_message("selectors: %zu of %zu matched, %zu spared\n", hits, total,
                  spared);
    assert_true(hits > 1000);
    assert_true(spared > total / 4);
}

static struct {
    size_t n;
    char *names[MAX_PROGRAMS];
    void *images[MAX_PROGRAMS];
    size_t lens[MAX_PROGRAMS];
    struct filter_code filters[MAX_PROGRAMS];
    size_t events, spared, cut, packets;
} programs;

static void
add_program(const char *path, const char *name, void *aux OVS_UNUSED)
{
    size_t at = programs.n++;
    size_t len;
    char *text = eh_read_file(path, &len);

    assert_true(at < MAX_PROGRAMS);
    programs.names[at] = xstrdup(name);
    programs.images[at] = eh_image(name, text, &programs.lens[at]);
    programs.filters[at] = make_filter(&programs.images[at],
                                       &programs.lens[at], 1);
    free(text);
}

/* Runs a program on packets, on those that pass 'code' if it is nonnull. */
static size_t
run_program(struct eh *eh, size_t program, const struct eh_packets *packets,
            const struct filter_code *code)
{
    size_t i, spared = 0;
    char *error;

    eh_init(eh);
    error = xfsm_engine_load(eh->engine, programs.images[program],
                             programs.lens[program]);
    assert_null(error);
    for (i = 0; i < packets->n; i++) {
        struct xfsm_packet p = packets->packets[i];
        struct eh_packets one = { 1, 1, &p };

        if (code && !passes(code, &p)) {
            /* As a probe does that has nothing to read. */
            xfsm_engine_advance(eh->engine, p.ts);
            spared++;
        } else {
            programs.cut += p.caplen < packets->packets[i].caplen;
            eh_run(eh, &one, 1);
        }
    }
    xfsm_engine_advance(eh->engine, packets->packets[packets->n - 1].ts
                                    + UINT64_C(10000000000));
    return spared;
}

static void
compare_capture(const char *name, const struct eh_packets *packets)
{
    size_t i, j;

    /* The engine's time neither goes back nor beyond its end: where packets of
     * a capture do, the time of one is that of others, which may be spared. */
    for (i = 0; i < packets->n; i++) {
        uint64_t before = i ? packets->packets[i - 1].ts : 0;

        packets->packets[i].ts = MIN(MAX(packets->packets[i].ts, before),
                                     XFSM_CLOCK_MAX);
    }

    for (i = 0; i < programs.n; i++) {
        struct eh with, without;

        run_program(&without, i, packets, NULL);
        programs.spared += run_program(&with, i, packets,
                                       &programs.filters[i]);
        programs.packets += packets->n;
        programs.events += without.full.n;
        for (j = 0; j < without.full.n || j < with.full.n; j++) {
            const char *a = j < without.full.n ? without.full.lines[j] : "-";
            const char *b = j < with.full.n ? with.full.lines[j] : "-";

            if (strcmp(a, b)) {
                print_error("%s on %s, event %zu: without filter %s, with "
                            "%s\n%s\nwhole: %s\n", programs.names[i], name,
                            j, a, b, programs.filters[i].text,
                            programs.filters[i].whole);
                fail();
            }
        }
        eh_free(&with);
        eh_free(&without);
    }
}

static void
test_programs(void **state OVS_UNUSED)
{
    struct eh_packets random = { 0, 0, NULL };
    size_t i;

    need_sample();
    eh_for_each_program(add_program, NULL);
    assert_true(programs.n >= 3);

    eh_for_each_capture("captures", CAPTURE_PACKETS, compare_capture);
    eh_for_each_capture("programs", CAPTURE_PACKETS, compare_capture);
    eh_for_each_capture("hostile", CAPTURE_PACKETS, compare_capture);

    /* The sample with its mutants, and packets by chance. */
    compare_capture("the sample", &sample);
    add_random_packets(&random);
    compare_capture("random packets", &random);
    eh_packets_free(&random);
    print_message("%zu programs: the same %zu events, %zu of %zu packets "
                  "spared, %zu cut\n", programs.n, programs.events,
                  programs.spared, programs.packets, programs.cut);
    assert_true(programs.events > 1000);
    assert_true(programs.spared > programs.packets / 4);
    assert_true(programs.cut > programs.packets / 50);
    for (i = 0; i < programs.n; i++) {
        free(programs.names[i]);
        free(programs.images[i]);
        free_filter(&programs.filters[i]);
    }
    eh_packets_free(&sample);
}

/* What the filter of 'selector' and 'action' has copied of a frame of 'len'
 * bytes, of Ethernet 'type' and 'proto', TCP or UDP to 'port', with 'head' the
 * first byte of the IP header. */
static unsigned int
copied(const char *selector, const char *action, uint16_t type, uint8_t head,
       uint8_t proto, uint16_t port, unsigned int len)
{
    static uint8_t frame[2000];
    struct xfsm_image image;
    struct filter_code code;
    unsigned int n, l4;
    char *xml = xasprintf("<xfsm name='t' version='1'><statedef id='s'/>"
                          "<event type='packet' selector='%s' "
                          "primary-key='ip_src'><state id='s'><condition "
                          "expression='true' action='%s'/></state></event>"
                          "</xfsm>", selector, action);
    size_t image_len;
    void *data = eh_image("t", xml, &image_len);

    assert_null(xfsm_image_verify(data, image_len, &image));
    memset(frame, 0, sizeof frame);
    l4 = type == 0x800 ? 34 : 54;
    frame[12] = type >> 8;
    frame[13] = type & 0xff;
    frame[14] = head;
    frame[type == 0x800 ? 23 : 20] = proto;
    frame[l4 + 2] = port >> 8;
    frame[l4 + 3] = port & 0xff;
    code = make_filter(&data, &image_len, 1);
    n = bpf_filter(code.bpf.bf_insns, frame, len, len);
    free_filter(&code);
    free(data);
    free(xml);
    return n;
}

/* Of how much the kernel copies. */
static void
test_headers(void **state OVS_UNUSED)
{
    const char *tcp = "proto tcp";
    const char *log = "Publish(log, hit)";
    const char *name = "Publish(log, %domain_name)";
    const char *raw = "Publish(log, raw)";
    const unsigned int h = XFSM_FILTER_HEADERS;

    /* At the limit and one past it. */
    assert_true(copied(tcp, log, 0x800, 0x45, 6, 80, h) >= h);
    assert_int_equal(copied(tcp, log, 0x800, 0x45, 6, 80, h + 1), h);
    assert_int_equal(copied(tcp, log, 0x86dd, 0x60, 6, 80, 1500), h);
    assert_int_equal(copied("", log, 0x800, 0x45, 47, 0, 1500), h);

    /* Left out is left out. */
    assert_int_equal(copied(tcp, log, 0x800, 0x45, 17, 80, 1500), 0);
    assert_int_equal(copied(tcp, log, 0x800, 0x45, 17, 80, 100), 0);

    /* Headers in unusual places, and what the programs read. */
    assert_true(copied(tcp, log, 0x8100, 0, 0, 0, 1500) > 1500);
    assert_true(copied(tcp, log, 0x800, 0x4f, 6, 80, 1500) > 1500);
    assert_true(copied(tcp, log, 0x86dd, 0x60, 0, 0, 1500) > 1500);
    assert_true(copied(tcp, raw, 0x800, 0x45, 6, 80, 1500) > 1500);
    assert_true(copied("", name, 0x800, 0x45, 17, 53, 1500) > 1500);
    assert_true(copied("", name, 0x86dd, 0x60, 17, 53, 1500) > 1500);
    assert_int_equal(copied("", name, 0x800, 0x45, 17, 54, 1500), h);
    assert_true(copied("inner_proto 6", log, 0x800, 0x45, 17, 4789, 1500)
                > 1500);
    assert_true(copied("", "Publish(log, %tls_sni)", 0x800, 0x45, 6, 443,
                       1500) > 1500);
}

/* Filters whose text can be told beforehand. */
static void
test_text(void **state OVS_UNUSED)
{
    struct filter_code code;
    void *images[2];
    size_t lens[2];
    int i;

    code = make_filter(NULL, NULL, 0);
    assert_string_equal(code.text, XFSM_FILTER_NONE);
    free_filter(&code);

    images[0] = compile("", "len", &lens[0]);
    code = make_filter(images, lens, 1);
    assert_non_null(strstr(code.text, "len < 34"));
    free_filter(&code);

    /* Two programs: what either wants. */
    images[1] = compile("proto tcp and dst_port 22", "ip_src", &lens[1]);
    code = make_filter(&images[1], &lens[1], 1);
    assert_non_null(strstr(code.text, "ether[36:2] = 22"));
    assert_null(strstr(code.text, "0x806"));
    free_filter(&code);
    code = make_filter(images, lens, 2);
    assert_non_null(strstr(code.text, "0x806"));
    free_filter(&code);
    free(images[0]);
    free(images[1]);

    /* The number of a packet depends on all packets. */
    images[0] = compile("proto tcp", "packet_no", &lens[0]);
    code = make_filter(images, lens, 1);
    assert_string_equal(code.text, XFSM_FILTER_ALL);
    free_filter(&code);
    free(images[0]);

    /* Where the probe stands is nothing of a packet. */
    images[0] = compile("bridge br0 and in_port != vnet1", "in_port",
                        &lens[0]);
    code = make_filter(images, lens, 1);
    assert_non_null(strstr(code.text, "or (ether[12:2] = 0x800)\n"));
    assert_non_null(strstr(code.text, "or (ether[12:2] = 0x86dd)\n"));
    assert_non_null(strstr(code.text, "or ((ether[12:2] != 0x800 and "
                           "ether[12:2] != 0x86dd and ether[12:2] != 0x806 "
                           "and ether[12:2] != 0x8035))"));
    free_filter(&code);
    free(images[0]);

    /* Too much for a filter: products of two sums of nine. */
    {
        char text[4096] = "(";
        static const char *const names[] = { "src_port", "dst_port" };

        for (i = 0; i < 18; i++) {
            size_t len = strlen(text);

            snprintf(text + len, sizeof text - len, "%s%s %d",
                     i == 9 ? ") and (" : i ? " or " : "", names[i / 9], i);
        }
        strcat(text, ")");
        images[0] = compile(text, "ip_src", &lens[0]);
        code = make_filter(images, lens, 1);
        assert_string_equal(code.text, XFSM_FILTER_ALL);
        free_filter(&code);
        free(images[0]);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text),
        cmocka_unit_test(test_headers),
        cmocka_unit_test(test_fields),
        cmocka_unit_test(test_selectors),
        cmocka_unit_test(test_programs),
    };

    return cmocka_run_group_tests_name("filter", tests, NULL, NULL);
}
