/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

/* Captures and decoding against the shared test data: real captures whose
 * contents are known, hostile ones that must do no harm. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/truth.h"
#include "xfsm/io/capture.h"
#include "xfsm/packet/decode.h"
#include "xfsm/packet/field.h"

#define N_VLAN_IDS 4096

/* What is counted in a capture, by us and by the truth. */
struct tally {
    unsigned long frames;
    unsigned long arp, ip4, ip6;
    unsigned long tcp, udp, icmp;
    unsigned long dns;                  /* Over UDP. */
    unsigned long fragments;            /* By us alone. */
    unsigned long vlan[N_VLAN_IDS];     /* By outermost ID. */
    bool starts_with_vlan;              /* By the truth alone. */
    int retval;                         /* Last of xfsm_capture_next(). */
};

static void
count(struct tally *tally, const struct xfsm_packet *packet)
{
    const struct xfsm_fieldset *present = &packet->present;

    tally->frames++;
    if (xfsm_fieldset_has(present, XFSM_F_VLAN_ID)) {
        tally->vlan[packet->vlan_id]++;
    }
    if (xfsm_fieldset_has(present, XFSM_F_ARP_OP)) {
        tally->arp++;
    }
    if (xfsm_fieldset_has(present, XFSM_F_IP_VERSION)) {
        tally->ip4 += packet->ip_version == 4;
        tally->ip6 += packet->ip_version == 6;
    }
    if (xfsm_fieldset_has(present, XFSM_F_IP_FRAG_OFFSET)) {
        tally->fragments++;
    }
    if (xfsm_fieldset_has(present, XFSM_F_TCP_FLAGS)) {
        tally->tcp++;
    } else if (xfsm_fieldset_has(present, XFSM_F_SRC_PORT)) {
        tally->udp += packet->ip_proto == 17;
        tally->dns += xfsm_fieldset_has(present, XFSM_F_DNS_ID);
    } else if (xfsm_fieldset_has(present, XFSM_F_ICMP_TYPE)) {
        tally->icmp++;
    }
}

/* Reads 'file' of 'folder' to its end or error, and checks that each field of
 * each packet has a text that is not too long. */
static struct tally *
read_capture(const char *folder, const char *file)
{
    struct xfsm_fieldset want = { { UINT64_MAX, UINT64_MAX } };
    struct tally *tally = calloc(1, sizeof *tally);
    char name[512], path[TRUTH_PATH_MAX];
    struct xfsm_capture *capture;
    struct xfsm_packet packets[64];
    char *error;

    snprintf(name, sizeof name, "%s/%s", folder, file);
    truth_path(path, name);
    error = xfsm_capture_open(path, &capture);
    if (error) {
        assert_non_null(strstr(error, file));
        free(error);
        tally->retval = -1;
        return tally;
    }
    while ((tally->retval = xfsm_capture_next_batch(capture, packets, 64))
           > 0) {
        int i;

        for (i = 0; i < tally->retval; i++) {
            char text[XFSM_FIELD_TEXT_MAX];
            unsigned int field;

            xfsm_decode(&packets[i], &want);
            assert_true(packets[i].decode_error < XFSM_N_DECODE_ERRORS);
            assert_true(packets[i].len >= packets[i].caplen);
            for (field = 0; field < XFSM_N_FIELDS; field++) {
                xfsm_field_format(&packets[i], field, text, sizeof text);
            }
            count(tally, &packets[i]);
        }
    }
    assert_true((tally->retval < 0) == (xfsm_capture_error(capture) != NULL));
    xfsm_capture_close(capture);
    return tally;
}

/* Everything goes through; what it means is for the tests below. */
static void
read_folder(const char *folder, unsigned int at_least)
{
    DIR *dir = truth_open_dir(folder);
    unsigned int n = 0;
    struct dirent *entry;

    while ((entry = readdir(dir))) {
        if (strstr(entry->d_name, ".pcap")) {
            free(read_capture(folder, entry->d_name));
            n++;
        }
    }
    closedir(dir);
    assert_true(n >= at_least);
}

static void
test_hostile_do_no_harm(void **state)
{
    (void) state;
    read_folder("hostile", 100);
    read_folder("programs", 2);
}

/* Hostile files: packets before the end, and whether that is an error. */
static void
test_hostile_files(void **state)
{
    static const struct {
        const char *file;
        unsigned long frames;
        bool error;
    } expected[] = {
        { "file-bad-magic.pcap", 0, true },
        { "file-big-endian.pcap", 29, false },
        { "file-caplen-gt-snaplen.pcap", 29, false },
        { "file-caplen-gt-wirelen.pcap", 29, false },
        { "file-caplen-huge.pcap", 1, true },
        { "file-empty.pcap", 0, true },
        { "file-hdr-only.pcap", 0, false },
        { "file-last-record-cut.pcap", 28, true },
        { "file-linktype-unknown.pcap", 0, true },
        { "file-nanosecond.pcap", 29, false },
        { "file-rec-hdr-cut.pcap", 1, true },
        { "file-short-frames-1to13.pcap", 42, false },
        { "file-shorthdr.pcap", 0, true },
        { "file-time-backwards.pcap", 29, false },
        { "file-usec-overflow.pcap", 29, false },
        { "file-version-9.pcap", 0, true },
        { "file-zero-len-frames.pcap", 58, false },
        { "ng-block-len-8.pcapng", 0, true },
        { "ng-block-len-huge.pcapng", 0, true },
        { "ng-cut-block.pcapng", 28, true },
        { "ng-epb-unknown-if.pcapng", 0, true },
        { "ng-two-sections.pcapng", 1, true },
        { "ng-valid.pcapng", 29, false },
    };
    size_t i;

    (void) state;
    closedir(truth_open_dir("hostile"));
    for (i = 0; i < sizeof expected / sizeof expected[0]; i++) {
        struct tally *tally = read_capture("hostile", expected[i].file);

        if (tally->frames != expected[i].frames
            || (tally->retval < 0) != expected[i].error) {
            fail_msg("%s: %lu frames, then %d", expected[i].file,
                     tally->frames, tally->retval);
        }
        free(tally);
    }
}

/* Truth. */

/* Tells whether the word that '*chain' starts with is one of 'words', a list
 * between colons, and moves past it if so. */
static bool
take_word(const char **chain, const char *words)
{
    size_t len = strcspn(*chain, ":");
    char word[64];

    if (!len || len > sizeof word - 3) {
        return false;
    }
    snprintf(word, sizeof word, ":%.*s:", (int) len, *chain);
    if (!strstr(words, word)) {
        return false;
    }
    *chain += len + ((*chain)[len] == ':');
    return true;
}

/* Adds 'frames' whose protocols are 'chain', outermost first, as in
 * "eth:ethertype:vlan:ethertype:ip:udp:dns". */
static void
count_chain(struct tally *tally, const char *chain, unsigned long frames)
{
    static const char shims[] =
        ":eth:ethertype:vlan:llc:sll:nflog:raw:mpls:pppoes:ppp:";
    static const char extensions[] =
        ":ipv6.hopopts:ipv6.routing:ipv6.fraghdr:ipv6.dstopts:ah:";

    tally->frames += frames;
    if (!strncmp(chain, "eth:ethertype:vlan", 18)) {
        tally->starts_with_vlan = true;
    }
    while (take_word(&chain, shims)) {
        continue;
    }
    if (take_word(&chain, ":arp:")) {
        tally->arp += frames;
        return;
    }
    if (take_word(&chain, ":ip:")) {
        tally->ip4 += frames;
    } else if (take_word(&chain, ":ipv6:")) {
        tally->ip6 += frames;
        while (take_word(&chain, extensions)) {
            continue;
        }
    } else {
        return;
    }
    if (take_word(&chain, ":tcp:")) {
        tally->tcp += frames;
    } else if (take_word(&chain, ":icmp:icmpv6:")) {
        tally->icmp += frames;
    } else if (take_word(&chain, ":udp:")) {
        tally->udp += frames;
        tally->dns += take_word(&chain, ":dns:mdns:") ? frames : 0;
    }
}

/* The truth may list only the most frequent chains of a capture: its numbers
 * are exact where it lists all frames, else lower bounds. */
static void
check_number(const char *file, const char *what, unsigned long ours,
             unsigned long truth, bool exact)
{
    if (exact ? ours != truth : ours < truth) {
        fail_msg("%s: %lu %s, should be %s%lu", file, ours, what,
                 exact ? "" : "at least ", truth);
    }
}

static void
check_layers(const char *file, const struct tally *ours,
             const struct tally *truth)
{
    bool exact = ours->frames == truth->frames;

    check_number(file, "frames", ours->frames, truth->frames, false);
    check_number(file, "ARP", ours->arp, truth->arp, exact);
    check_number(file, "IPv4", ours->ip4, truth->ip4, exact);
    check_number(file, "IPv6", ours->ip6, truth->ip6, exact);
    /* The truth was taken with reassembly, which puts the transport header
     * into the last fragment. */
    if (!ours->fragments) {
        check_number(file, "TCP", ours->tcp, truth->tcp, exact);
        check_number(file, "UDP", ours->udp, truth->udp, exact);
        check_number(file, "ICMP", ours->icmp, truth->icmp, exact);
        check_number(file, "DNS", ours->dns, truth->dns, exact);
    }
}

/* Adds the VLAN rows of 'file' to 'truth'. */
static void
add_vlan_truth(const char *file, struct tally *truth)
{
    FILE *tsv = truth_open("truth/tunnels.tsv");
    char line[4096];
    char *columns[4];

    while (truth_next_row(tsv, line, sizeof line, columns, 4)) {
        if (!strcmp(columns[1], file) && columns[3][0]) {
            unsigned long id = strtoul(columns[3], NULL, 10);

            assert_true(id < N_VLAN_IDS);
            truth->vlan[id] += strtoul(columns[2], NULL, 10);
        }
    }
    fclose(tsv);
}

/* Checks one capture against what was gathered of the truth about it. */
static bool
check_capture(const char *file, struct tally *truth)
{
    struct tally *ours = read_capture("captures", file);
    bool found = ours->frames > 0;
    unsigned int id;

    if (found) {
        assert_int_equal(ours->retval, 0);
        check_layers(file, ours, truth);
        if (truth->starts_with_vlan) {
            add_vlan_truth(file, truth);
            for (id = 0; id < N_VLAN_IDS; id++) {
                check_number(file, "VLAN", ours->vlan[id], truth->vlan[id],
                             false);
                assert_true(!ours->vlan[id] || truth->vlan[id]);
            }
        }
    }
    free(ours);
    return found;
}

static void
test_layers(void **state)
{
    FILE *tsv = truth_open("truth/layers.tsv");
    struct tally *truth = calloc(1, sizeof *truth);
    char line[4096], file[512] = "";
    char *columns[4];
    unsigned int n = 0;
    bool more;

    (void) state;
    truth_next_row(tsv, line, sizeof line, columns, 4);       /* Headings. */
    do {
        more = truth_next_row(tsv, line, sizeof line, columns, 4);
        if (!more || strcmp(columns[1], file)) {
            if (file[0]) {
                n += check_capture(file, truth);
            }
            memset(truth, 0, sizeof *truth);
            if (more) {
                snprintf(file, sizeof file, "%s", columns[1]);
            }
        }
        if (more) {
            count_chain(truth, columns[3], strtoul(columns[2], NULL, 10));
        }
    } while (more);
    fclose(tsv);
    free(truth);
    assert_true(n >= 50);
}

/* Each capture has as many packets as the manifest says. */
static void
test_packet_counts(void **state)
{
    FILE *tsv = truth_open("MANIFEST.tsv");
    char line[8192];
    char *columns[4];
    unsigned int n = 0;

    (void) state;
    while (truth_next_row(tsv, line, sizeof line, columns, 4)) {
        if (!strcmp(columns[0], "captures")) {
            struct tally *ours = read_capture("captures", columns[1]);

            if (ours->frames || !ours->retval) {
                assert_int_equal(ours->retval, 0);
                check_number(columns[1], "frames", ours->frames,
                             strtoul(columns[3], NULL, 10), true);
                n++;
            }
            free(ours);
        }
    }
    fclose(tsv);
    assert_true(n >= 100);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hostile_do_no_harm),
        cmocka_unit_test(test_hostile_files),
        cmocka_unit_test(test_packet_counts),
        cmocka_unit_test(test_layers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
