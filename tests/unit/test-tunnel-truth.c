/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

/* Tunnels, MPLS and PPPoE in the shared captures against what is known of
 * them: for each combination of VLAN, label, tunnel identifier and addresses,
 * how many frames have it. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/truth.h"
#include "xfsm/io/capture.h"
#include "xfsm/packet/decode.h"
#include "xfsm/packet/field.h"

#define ROWS_MAX 512
#define LAYERS_MAX 8
#define ADDR_TEXT_MAX 48

enum {
    COLUMN_FILE = 1,
    COLUMN_FRAMES,
    COLUMN_VLAN,
    COLUMN_MPLS,
    COLUMN_VXLAN,
    COLUMN_GENEVE,
    COLUMN_GRE,
    COLUMN_GTP,
    COLUMN_SRC4,
    COLUMN_DST4,
    COLUMN_SRC6,
    COLUMN_DST6,
    N_COLUMNS
};

/* Addresses of one family, outermost first. */
struct addrs {
    int n;
    char text[LAYERS_MAX][ADDR_TEXT_MAX];
};

/* What a row states, or what a packet has. */
struct row {
    unsigned long frames;       /* Stated by the row. */
    unsigned long found;        /* Counted by us. */
    long vlan, mpls, id;        /* -1 where absent. */
    struct addrs src[2], dst[2];        /* IPv4, IPv6. */
};

static struct row rows[ROWS_MAX];
static int n_rows;

/* Files of which the truth tells what we do not: other encapsulations, and
 * packets after reassembly. */
static const char *const passed_over[] = {
    "encap-Teredo.pcap",        /* Teredo. */
    "encap-ayiya3.pcap",        /* AYIYA. */
    "encap-pbb.pcap",           /* 802.1ah. */
    "encap-suri-802.1br-etag.pcap",     /* 802.1BR. */
    "encap-suri-nsh.pcap",      /* NSH. */
    "encap-vntag_vlan_sandwich_clean.pcap",     /* VN-tag. */
    "encap-gtp-gtp1_gn_normal_incl_fragmentation.pcap", /* Reassembled. */
};

static bool
is_passed_over(const char *file)
{
    size_t i;

    for (i = 0; i < sizeof passed_over / sizeof passed_over[0]; i++) {
        if (!strcmp(file, passed_over[i])) {
            return true;
        }
    }
    return false;
}

/* The first number in a list between commas, -1 of an empty one. */
static long
first_number(const char *list)
{
    return list[0] ? strtol(list, NULL, 0) : -1;
}

static void
split_addrs(struct addrs *addrs, char *list)
{
    char *addr;

    addrs->n = 0;
    while (list[0] && (addr = strsep(&list, ","))) {
        assert_true(addrs->n < LAYERS_MAX);
        snprintf(addrs->text[addrs->n++], ADDR_TEXT_MAX, "%s", addr);
        if (!list) {
            break;
        }
    }
}

static void
add_row(char *columns[])
{
    struct row *row = &rows[n_rows++];
    int i;

    assert_true(n_rows < ROWS_MAX);
    row->frames = strtoul(columns[COLUMN_FRAMES], NULL, 10);
    row->found = 0;
    row->vlan = first_number(columns[COLUMN_VLAN]);
    row->mpls = first_number(columns[COLUMN_MPLS]);
    row->id = -1;
    for (i = COLUMN_VXLAN; i <= COLUMN_GTP && row->id < 0; i++) {
        row->id = first_number(columns[i]);
    }
    split_addrs(&row->src[0], columns[COLUMN_SRC4]);
    split_addrs(&row->dst[0], columns[COLUMN_DST4]);
    split_addrs(&row->src[1], columns[COLUMN_SRC6]);
    split_addrs(&row->dst[1], columns[COLUMN_DST6]);
}

/* Tells whether 'field' of the packet is number 'i' of 'addrs'. */
static bool
is_addr(const struct xfsm_packet *packet, unsigned int field,
        const struct addrs *addrs, int i)
{
    char text[ADDR_TEXT_MAX];
    size_t len = xfsm_field_format(packet, field, text, sizeof text - 1);

    text[len] = '\0';
    return i >= 0 && i < addrs->n && !strcmp(text, addrs->text[i]);
}

/* Tells whether a message of the protocol and type that these fields have
 * quotes a packet, the addresses of which the truth lists too. */
static bool
quotes_packet(const struct xfsm_packet *packet, unsigned int version_field,
              unsigned int type_field)
{
    unsigned long type;

    if (!xfsm_fieldset_has(&packet->present, type_field)) {
        return false;
    }
    type = xfsm_field_uint(packet, type_field);
    if (xfsm_field_uint(packet, version_field) == 6) {
        return type < 128;
    }
    return type == 3 || type == 4 || type == 5 || type == 11;
}

static bool
row_has_addrs(const struct row *row, const struct xfsm_packet *packet)
{
    int outer = packet->ip_version == 6;
    int n = row->src[0].n + row->src[1].n;
    int inner, depth, last;
    bool quotes;

    if (!is_addr(packet, XFSM_F_IP_SRC, &row->src[outer], 0)
        || !is_addr(packet, XFSM_F_IP_DST, &row->dst[outer], 0)) {
        return false;
    }
    if (!xfsm_fieldset_has(&packet->present, XFSM_F_INNER_IP_SRC)) {
        quotes = quotes_packet(packet, XFSM_F_IP_VERSION, XFSM_F_ICMP_TYPE);
        return quotes ? n > 1 : n == 1;
    }
    quotes = quotes_packet(packet, XFSM_F_INNER_IP_VERSION,
                           XFSM_F_INNER_ICMP_TYPE);
    inner = packet->inner_ip_version == 6;
    depth = packet->tun_depth;
    last = quotes ? depth : row->src[inner].n - 1;
    return ((quotes ? n > depth + 1 : n == depth + 1)
            && is_addr(packet, XFSM_F_INNER_IP_SRC, &row->src[inner], last)
            && is_addr(packet, XFSM_F_INNER_IP_DST, &row->dst[inner], last));
}

static long
field_or(const struct xfsm_packet *packet, unsigned int field, long otherwise)
{
    return (xfsm_fieldset_has(&packet->present, field)
            ? (long) xfsm_field_uint(packet, field) : otherwise);
}

static bool
row_has_packet(const struct row *row, const struct xfsm_packet *packet)
{
    long inner_vlan = field_or(packet, XFSM_F_INNER_VLAN_ID, -1);
    long id = field_or(packet, XFSM_F_TUN_ID, -1);

    /* The truth has no ERSPAN sessions. */
    if (xfsm_fieldset_has(&packet->present, XFSM_F_TUN_TYPE)
        && packet->tun_type == XFSM_TUN_ERSPAN) {
        id = -1;
    }
    return (row->vlan == field_or(packet, XFSM_F_VLAN_ID, inner_vlan)
            && row->mpls == field_or(packet, XFSM_F_MPLS_LABEL, -1)
            && row->id == id
            && row_has_addrs(row, packet));
}

static void
count_packet(const char *file, struct xfsm_packet *packet)
{
    struct xfsm_fieldset want = { { UINT64_MAX, UINT64_MAX } };
    int i;

    xfsm_decode(packet, &want);
    if (!xfsm_fieldset_has(&packet->present, XFSM_F_IP_SRC)) {
        return;
    }
    for (i = 0; i < n_rows; i++) {
        if (row_has_packet(&rows[i], packet)) {
            rows[i].found++;
            return;
        }
    }
    fail_msg("%s: packet %lu is in no row", file,
             (unsigned long) packet->packet_no);
}

/* Checks 'file' against the rows gathered about it.  False where it is not
 * there. */
static bool
check_file(const char *file)
{
    char name[600], path[TRUTH_PATH_MAX];
    struct xfsm_capture *capture;
    struct xfsm_packet packet;
    char *error;
    int i;

    snprintf(name, sizeof name, "captures/%s", file);
    truth_path(path, name);
    error = xfsm_capture_open(path, &capture);
    if (error) {
        free(error);
        return false;
    }
    packet.packet_no = 0;
    while (xfsm_capture_next(capture, &packet) > 0) {
        packet.packet_no++;
        count_packet(file, &packet);
    }
    xfsm_capture_close(capture);
    for (i = 0; i < n_rows; i++) {
        const struct row *row = &rows[i];

        if (row->src[0].n + row->src[1].n && row->found != row->frames) {
            fail_msg("%s: %lu frames as in row %d, should be %lu", file,
                     row->found, i + 1, row->frames);
        }
    }
    return true;
}

static void
test_tunnels(void **state)
{
    FILE *tsv = truth_open("truth/tunnels.tsv");
    char line[4096], file[512] = "";
    char *columns[N_COLUMNS];
    unsigned int n = 0;
    bool more;

    (void) state;
    truth_next_row(tsv, line, sizeof line, columns, N_COLUMNS);
    do {
        more = truth_next_row(tsv, line, sizeof line, columns, N_COLUMNS);
        if (!more || strcmp(columns[COLUMN_FILE], file)) {
            if (file[0] && !is_passed_over(file)) {
                n += check_file(file);
            }
            n_rows = 0;
            if (more) {
                snprintf(file, sizeof file, "%s", columns[COLUMN_FILE]);
            }
        }
        if (more) {
            add_row(columns);
        }
    } while (more);
    fclose(tsv);
    assert_true(n >= 30);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tunnels),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
