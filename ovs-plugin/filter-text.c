/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

/* The text of a filter: which bytes of a frame a test is about.
 *
 * All offsets are those of frames without anything unusual in them, because
 * the others pass by 'unusual' below.  The clauses are written once for each
 * kind of frame ("family") for which they can hold. */

#include <config.h>
#include "ovsdb-schema/ovs-compat.h"

#include "ovs-plugin/filter.h"

#include <pcap/pcap.h>
#include <string.h>

#include "openvswitch/dynamic-string.h"
#include "util.h"
#include "xfsm/packet/field.h"
#include "xfsm/program/image.h"

/* Clauses of all programs together, at most. */
#define CLAUSES_MAX 256

/* Longest packet that the kernel hands over. */
#define SNAPLEN 262144

/* Frames that pass whatever they are:
 *
 *   - shorter than Ethernet and IPv4 headers;
 *   - LLC, VLAN tags, MPLS, PPPoE;
 *   - IPv4 with options, in fragments, or of another version;
 *   - IPv6 with extension headers, cut, or of another version. */
static const char unusual[] =
    "len < 34"
    " or ether[12:2] < 0x600"
    " or ether[12:2] = 0x8100 or ether[12:2] = 0x88a8"
    " or ether[12:2] = 0x9100"
    " or ether[12:2] = 0x8847 or ether[12:2] = 0x8848"
    " or ether[12:2] = 0x8864"
    " or (ether[12:2] = 0x800"
    " and (ether[14] != 0x45 or ether[20:2] & 0x3fff != 0))"
    " or (ether[12:2] = 0x86dd"
    " and (len < 54 or ether[14] & 0xf0 != 0x60"
    " or ether[20] = 0 or ether[20] = 43 or ether[20] = 44"
    " or ether[20] = 51 or ether[20] = 60 or ether[20] = 135))";

enum family { IP4, IP6, ARP, OTHER, N_FAMILIES };

static const char *const family_texts[N_FAMILIES] = {
    [IP4] = "ether[12:2] = 0x800",
    [IP6] = "ether[12:2] = 0x86dd",
    [ARP] = "(ether[12:2] = 0x806 or ether[12:2] = 0x8035)",
    [OTHER] = "(ether[12:2] != 0x800 and ether[12:2] != 0x86dd"
              " and ether[12:2] != 0x806 and ether[12:2] != 0x8035)",
};

/* Where things are, by IP version. */
struct layout {
    unsigned int proto, ttl, src, dst, l4;
};

static const struct layout layouts[] = {
    [IP4] = { 23, 22, 26, 30, 34 },
    [IP6] = { 20, 21, 22, 38, 54 },
};

/* Transport protocols, as a set. */
enum {
    P_TCP = 1 << 0,
    P_UDP = 1 << 1,
    P_SCTP = 1 << 2,
    P_ICMP = 1 << 3,
    P_ICMP6 = 1 << 4,
    P_IP4 = 1 << 5,
    P_IP6 = 1 << 6,
    P_GRE = 1 << 7,
    P_OTHER = 1 << 8,
    P_ALL = (1 << 9) - 1
};

static const uint8_t proto_numbers[] = { 6, 17, 132, 1, 58, 4, 41, 47 };

/* One clause being written for one family. */
struct writer {
    enum family family;
    const struct layout *at;    /* NULL unless IP. */
    unsigned int protos;        /* Set that is left. */
    unsigned int min_len;       /* That the loads need. */
    struct ds text;             /* Tests, each after " and ". */
};

static unsigned int
proto_bit(uint64_t number)
{
    size_t i;

    for (i = 0; i < ARRAY_SIZE(proto_numbers); i++) {
        if (proto_numbers[i] == number) {
            return 1u << i;
        }
    }
    return P_OTHER;
}

static const char *
op_text(uint8_t op)
{
    switch (op) {
    case XFSM_OP_EQ: return "=";
    case XFSM_OP_NE: return "!=";
    case XFSM_OP_LT: return "<";
    case XFSM_OP_LE: return "<=";
    case XFSM_OP_GT: return ">";
    case XFSM_OP_GE: return ">=";
    default: return NULL;
    }
}

static bool
compare(uint8_t op, uint64_t a, uint64_t b)
{
    switch (op) {
    case XFSM_OP_EQ: return a == b;
    case XFSM_OP_NE: return a != b;
    case XFSM_OP_LT: return a < b;
    case XFSM_OP_LE: return a <= b;
    case XFSM_OP_GT: return a > b;
    case XFSM_OP_GE: return a >= b;
    default: return true;
    }
}

/* The test's comparison of the 'size' bytes at 'offset'.  A value that does
 * not fit is left to the program. */
static void
write_number(struct writer *w, const struct xfsm_filter_test *test,
             unsigned int offset, unsigned int size)
{
    const char *op = op_text(test->op);

    w->min_len = MAX(w->min_len, offset + size);
    if (op && !(test->value >> (8 * size))) {
        ds_put_format(&w->text, " and ether[%u:%u] %s %"PRIu64, offset, size,
                      op, test->value);
    }
}

/* The same for the MAC address at 'offset'. */
static void
write_mac(struct writer *w, const struct xfsm_filter_test *test,
          unsigned int offset)
{
    bool equal = test->op == XFSM_OP_EQ;

    if ((equal || test->op == XFSM_OP_NE) && !(test->value >> 48)) {
        ds_put_format(&w->text,
                      " and (ether[%u:4] %s %"PRIu64
                      " %s ether[%u:2] %s %"PRIu64")",
                      offset, equal ? "=" : "!=", test->value >> 16,
                      equal ? "and" : "or",
                      offset + 4, equal ? "=" : "!=", test->value & 0xffff);
    }
}

static uint32_t
get_word(const union xfsm_addr *addr, int i)
{
    const uint8_t *p = &addr->b[4 * i];

    return (uint32_t) p[0] << 24 | p[1] << 16 | p[2] << 8 | p[3];
}

/* True if IPv4 addresses in their mapped form can equal the test's prefix. */
static bool
may_be_ip4(const struct xfsm_filter_test *test)
{
    static const uint32_t mapped[3] = { 0, 0, 0xffff };
    int i;

    for (i = 0; i < 3; i++) {
        if ((mapped[i] & get_word(&test->mask, i))
            != get_word(&test->addr, i)) {
            return false;
        }
    }
    return true;
}

/* The test of the address at 'offset'.  Returns false if it cannot hold. */
static bool
write_addr(struct writer *w, const struct xfsm_filter_test *test,
           unsigned int offset)
{
    bool equal = test->op == XFSM_OP_EQ;
    bool any = false;
    int i = 0;

    if (!equal && test->op != XFSM_OP_NE) {
        return true;
    }
    if (w->family == IP4) {
        if (!may_be_ip4(test)) {
            return !equal;
        }
        i = 3;
        offset -= 12;
    }
    for (; i < 4; i++) {
        uint32_t mask = get_word(&test->mask, i);

        if (mask) {
            ds_put_cstr(&w->text, !any ? " and (" : equal ? " and " : " or ");
            ds_put_format(&w->text, "ether[%u:4]", offset + 4 * i);
            /* libpcap 1.10 takes "& 0xffffffff = 0" for never true. */
            if (mask != UINT32_MAX) {
                ds_put_format(&w->text, " & 0x%"PRIx32, mask);
            }
            ds_put_format(&w->text, " %s 0x%"PRIx32, equal ? "=" : "!=",
                          get_word(&test->addr, i));
            any = true;
        }
    }
    if (any) {
        ds_put_char(&w->text, ')');
    }
    return any || equal;        /* A prefix of no bits has all addresses. */
}

/* Fields of the link header and of the source. */
static bool
write_link(struct writer *w, const struct xfsm_filter_test *test)
{
    switch (test->field) {
    case XFSM_F_ETH_DST:
        write_mac(w, test, 0);
        return true;
    case XFSM_F_ETH_SRC:
        write_mac(w, test, 6);
        return true;
    case XFSM_F_ETH_TYPE:
        write_number(w, test, 12, 2);
        return true;
    case XFSM_F_MPLS_LABEL:
    case XFSM_F_PPPOE_SESSION:
        return false;           /* Such frames pass as they are. */
    default:
        return true;
    }
}

static bool
write_l3(struct writer *w, const struct xfsm_filter_test *test)
{
    switch (test->field) {
    case XFSM_F_ARP_OP:
        write_number(w, test, 20, 2);
        return w->family == ARP;
    case XFSM_F_ARP_SHA:
    case XFSM_F_ARP_THA:
    case XFSM_F_ARP_SPA:
    case XFSM_F_ARP_TPA:
        return w->family == ARP;
    default:
        break;
    }
    if (!w->at) {
        return false;
    }
    switch (test->field) {
    case XFSM_F_IP_VERSION:
        return compare(test->op, w->family == IP4 ? 4 : 6, test->value);
    case XFSM_F_IP_SRC:
        return write_addr(w, test, w->at->src);
    case XFSM_F_IP_DST:
        return write_addr(w, test, w->at->dst);
    case XFSM_F_IP_TTL:
        write_number(w, test, w->at->ttl, 1);
        return true;
    case XFSM_F_PROTO:
        if (test->op == XFSM_OP_EQ && proto_bit(test->value) != P_OTHER) {
            w->protos &= proto_bit(test->value);
        } else {
            write_number(w, test, w->at->proto, 1);
        }
        return true;
    case XFSM_F_IP_FRAG_OFFSET:
    case XFSM_F_IP_MORE_FRAGMENTS:
        return false;           /* Fragments pass as they are. */
    default:
        return true;
    }
}

static void
write_l4(struct writer *w, const struct xfsm_filter_test *test)
{
    unsigned int l4 = w->at->l4;

    switch (test->field) {
    case XFSM_F_SRC_PORT:
        w->protos &= P_TCP | P_UDP | P_SCTP;
        write_number(w, test, l4, 2);
        break;
    case XFSM_F_DST_PORT:
        w->protos &= P_TCP | P_UDP | P_SCTP;
        write_number(w, test, l4 + 2, 2);
        break;
    case XFSM_F_TCP_FLAGS:
        w->protos &= P_TCP;
        write_number(w, test, l4 + 13, 1);
        break;
    case XFSM_F_TCP_WINDOW:
    case XFSM_F_TCP_SEQ:
    case XFSM_F_TCP_ACK:
        w->protos &= P_TCP;
        break;
    case XFSM_F_PAYLOAD_LEN:
        w->protos &= P_TCP | P_UDP;
        break;
    case XFSM_F_ICMP_TYPE:
        w->protos &= P_ICMP | P_ICMP6;
        write_number(w, test, l4, 1);
        break;
    case XFSM_F_ICMP_CODE:
        w->protos &= P_ICMP | P_ICMP6;
        write_number(w, test, l4 + 1, 1);
        break;
    case XFSM_F_ICMP_ID:
    case XFSM_F_ICMP_SEQ:
    case XFSM_F_ICMP_PAYLOAD_LEN:
        w->protos &= P_ICMP | P_ICMP6;
        break;
    case XFSM_F_SCTP_VTAG:
    case XFSM_F_SCTP_CHUNK:
        w->protos &= P_SCTP;
        break;
    default:
        break;
    }
}

/* That one of the ports is among the 'n' at 'ports'. */
static void
write_ports(struct writer *w, const uint16_t *ports, size_t n)
{
    size_t i;

    w->min_len = MAX(w->min_len, w->at->l4 + 4);
    for (i = 0; i < n; i++) {
        ds_put_format(&w->text, "%sether[%u:2] = %u or ether[%u:2] = %u",
                      i ? " or " : " and (", w->at->l4, ports[i],
                      w->at->l4 + 2, ports[i]);
    }
    ds_put_char(&w->text, ')');
}

/* Tunnels: in IP, in GRE, or in UDP to one of the ports. */
static void
write_tunnel(struct writer *w)
{
    static const uint16_t ports[] = { 2152, 4754, 4789, 6081, 8472 };
    unsigned int at = w->at->proto;
    size_t i;

    w->protos &= P_IP4 | P_IP6 | P_GRE | P_UDP;
    ds_put_format(&w->text, " and (ether[%u] != 17 or (len >= %u and (", at,
                  w->at->l4 + 4);
    for (i = 0; i < ARRAY_SIZE(ports); i++) {
        ds_put_format(&w->text, "%sether[%u:2] = %u", i ? " or " : "",
                      w->at->l4 + 2, ports[i]);
    }
    ds_put_cstr(&w->text, ")))");
}

/* Fields of what TCP and UDP carry. */
static void
write_payload(struct writer *w, enum xfsm_field_layer layer)
{
    static const uint16_t dns[] = { 53, 5353 };
    static const uint16_t modbus[] = { 502, 20000 };
    static const uint16_t ntp[] = { 123 };
    static const uint16_t dhcp[] = { 67, 68, 546, 547 };

    switch ((int) layer) {
    case XFSM_FL_DNS:
        w->protos &= P_TCP | P_UDP;
        write_ports(w, dns, ARRAY_SIZE(dns));
        break;
    case XFSM_FL_HTTP:
    case XFSM_FL_TLS:
        w->protos &= P_TCP;
        break;
    case XFSM_FL_MODBUS:
        w->protos &= P_TCP;
        write_ports(w, modbus, ARRAY_SIZE(modbus));
        break;
    case XFSM_FL_NTP:
        w->protos &= P_UDP;
        write_ports(w, ntp, ARRAY_SIZE(ntp));
        break;
    case XFSM_FL_DHCP:
        w->protos &= P_UDP;
        write_ports(w, dhcp, ARRAY_SIZE(dhcp));
        break;
    default:                    /* A layer that this does not know. */
        break;
    }
}

/* Writes one test.  Returns false if it cannot hold in this family. */
static bool
write_test(struct writer *w, const struct xfsm_filter_test *test)
{
    enum xfsm_field_layer layer = xfsm_fields[test->field].layer;

    switch ((int) layer) {
    case XFSM_FL_META:
    case XFSM_FL_PORT:
        return true;
    case XFSM_FL_L2:
        return write_link(w, test);
    case XFSM_FL_L3:
        return write_l3(w, test);
    default:
        break;
    }
    if (!w->at) {
        return false;
    }
    switch ((int) layer) {
    case XFSM_FL_L4:
        write_l4(w, test);
        return true;
    case XFSM_FL_TUNNEL:
        write_tunnel(w);
        return true;
    default:
        write_payload(w, layer);
        return true;
    }
}

/* Writes that the protocol is in the set that is left. */
static void
write_protos(const struct writer *w, struct ds *out)
{
    const char *separator = " and (";
    size_t i;

    if (!w->at || w->protos & P_OTHER) {
        return;
    }
    for (i = 0; i < ARRAY_SIZE(proto_numbers); i++) {
        if (w->protos & 1u << i) {
            ds_put_format(out, "%sether[%u] = %u", separator, w->at->proto,
                          proto_numbers[i]);
            separator = " or ";
        }
    }
    ds_put_char(out, ')');
}

/* Writes a clause for a family, unless it cannot hold there. */
static void
write_clause(const struct xfsm_filter_clause *clause, enum family family,
             struct ds *out)
{
    struct writer w = {
        .family = family,
        .at = family == IP4 || family == IP6 ? &layouts[family] : NULL,
        .protos = P_ALL,
        .text = DS_EMPTY_INITIALIZER,
    };
    size_t i;

    for (i = 0; i < clause->n; i++) {
        if (!write_test(&w, &clause->tests[i])) {
            break;
        }
    }
    if (i >= clause->n && w.protos) {
        ds_put_format(out, "\nor (%s", family_texts[family]);
        if (w.min_len > 34) {
            ds_put_format(out, " and len >= %u", w.min_len);
        }
        write_protos(&w, out);
        ds_put_format(out, "%s)", ds_cstr(&w.text));
    }
    ds_destroy(&w.text);
}

/* The sum of all programs' sums. */
static void
unite(const struct xfsm_filter *filter, struct xfsm_filter_sum *sum)
{
    size_t i;

    *sum = (struct xfsm_filter_sum) { 0, 0, NULL };
    for (i = 0; i < filter->n; i++) {
        xfsm_filter_sum_add(sum, &filter->programs[i].sum, CLAUSES_MAX);
    }
}

char *
xfsm_filter_text(const struct xfsm_filter *filter)
{
    struct xfsm_filter_sum sum;
    struct ds out = DS_EMPTY_INITIALIZER;
    int family;
    size_t i;

    unite(filter, &sum);
    if (!sum.n) {
        ds_put_cstr(&out, XFSM_FILTER_NONE);
    } else if (!sum.clauses[0].n) {
        ds_put_cstr(&out, XFSM_FILTER_ALL);
    } else {
        ds_put_cstr(&out, unusual);
        for (family = 0; family < N_FAMILIES; family++) {
            for (i = 0; i < sum.n; i++) {
                write_clause(&sum.clauses[i], family, &out);
            }
        }
    }
    xfsm_filter_sum_destroy(&sum);
    return ds_steal_cstr(&out);
}

/* Layers whose fields lie in the headers. */
#define HEADER_LAYERS (1u << XFSM_FL_META | 1u << XFSM_FL_PORT \
                       | 1u << XFSM_FL_L2 | 1u << XFSM_FL_L3 \
                       | 1u << XFSM_FL_L4 | 1u << XFSM_FL_MESSAGE)

/* Writes which packets may carry 'layer': those that have a field of it. */
static void
write_layer(enum xfsm_field_layer layer, struct ds *out)
{
    struct xfsm_filter_clause clause = { .n = 1 };
    unsigned int field = 0;

    while (field < XFSM_N_FIELDS && xfsm_fields[field].layer != layer) {
        field++;
    }
    clause.tests[0].field = (uint8_t) field;
    clause.tests[0].op = XFSM_FILTER_PRESENT;
    write_clause(&clause, IP4, out);
    write_clause(&clause, IP6, out);
}

char *
xfsm_filter_whole(const struct xfsm_filter *filter)
{
    struct ds out = DS_EMPTY_INITIALIZER;
    uint32_t layers = 0;
    size_t i;

    for (i = 0; i < filter->n; i++) {
        layers |= filter->programs[i].layers;
        if (filter->programs[i].raw) {
            return xstrdup(XFSM_FILTER_ALL);
        }
    }
    ds_put_format(&out, "len <= %d or %s", XFSM_FILTER_HEADERS, unusual);
    for (i = 0; i < XFSM_N_FIELD_LAYERS; i++) {
        if (layers & ~HEADER_LAYERS & 1u << i) {
            write_layer((enum xfsm_field_layer) i, &out);
        }
    }
    return ds_steal_cstr(&out);
}

/* A program of one instruction. */
static void
set_constant(struct bpf_program *program, unsigned int accepted)
{
    struct bpf_insn *insn = xmalloc(sizeof *insn);

    *insn = (struct bpf_insn) BPF_STMT(BPF_RET | BPF_K, accepted);
    program->bf_len = 1;
    program->bf_insns = insn;
}

/* Has 'program' go on with 'whole' where it would return, but for 0, and
 * return XFSM_FILTER_HEADERS where that returns 0. */
static void
chain(struct bpf_program *program, const struct bpf_program *whole)
{
    unsigned int n = program->bf_len, i;
    struct bpf_insn *insns;

    insns = xmalloc((n + whole->bf_len) * sizeof *insns);
    for (i = 0; i < n; i++) {
        insns[i] = program->bf_insns[i];
        if (BPF_CLASS(insns[i].code) == BPF_RET && insns[i].k) {
            insns[i] = (struct bpf_insn) BPF_STMT(BPF_JMP | BPF_JA,
                                                  n - i - 1);
        }
    }
    for (i = 0; i < whole->bf_len; i++) {
        insns[n + i] = whole->bf_insns[i];
        if (BPF_CLASS(insns[n + i].code) == BPF_RET && !insns[n + i].k) {
            insns[n + i].k = XFSM_FILTER_HEADERS;
        }
    }
    free(program->bf_insns);
    program->bf_insns = insns;
    program->bf_len = n + whole->bf_len;
}

/* Compiles one expression. */
static char *
compile_text(const char *text, struct bpf_program *program)
{
    char *error = NULL;
    pcap_t *pcap;

    if (!strcmp(text, XFSM_FILTER_ALL)) {
        set_constant(program, SNAPLEN);
        return NULL;
    } else if (!strcmp(text, XFSM_FILTER_NONE)) {
        set_constant(program, 0);
        return NULL;
    }
    pcap = pcap_open_dead(DLT_EN10MB, SNAPLEN);
    if (!pcap) {
        return xstrdup("no memory to compile a filter");
    }
    if (pcap_compile(pcap, program, text, 1, PCAP_NETMASK_UNKNOWN)) {
        error = xasprintf("cannot compile the filter (%s)",
                          pcap_geterr(pcap));
    }
    pcap_close(pcap);
    return error;
}

char *
xfsm_filter_compile(const char *text, const char *whole,
                    struct bpf_program *program)
{
    struct bpf_program more;
    char *error = compile_text(text, program);

    if (error || !strcmp(whole, XFSM_FILTER_ALL)) {
        return error;
    }
    error = compile_text(whole, &more);
    if (error) {
        pcap_freecode(program);
        return error;
    }
    chain(program, &more);
    pcap_freecode(&more);
    return NULL;
}
