/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

/* Values of fields in real captures, as Wireshark 4.0 tells them without
 * reassembly: how many packets have each, packets quoted in ICMP left out. */

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

/* Packets of 'file' in which 'field' is 'value'. */
static const struct expected {
    const char *file, *field, *value;
    unsigned long packets;
} expected[] = {
    { "dnstunnel-dns2tcp.pcap", "domain_name",
      "aaaaao1kqa.=auth.srv.tunnel.com", 2 },
    { "dnstunnel-dns2tcp.pcap", "domain_name", "hvmaaaabba.srv.tunnel.com",
      2 },
    { "dnstunnel-dns2tcp.pcap", "dns_qtype", "16", 161 },
    { "botnet-tinba-dga.pcap", "dns_rcode", "3", 9450 },
    { "botnet-tinba-dga.pcap", "dns_rcode", "0", 2 },
    { "botnet-tinba-dga.pcap", "domain_name", "bcibbyxefcxe.xyz", 28 },
    { "botnet-tinba-dga.pcap", "domain_name", "ggwgtuxwgtcb.xyz", 26 },
    { "botnet-tinba-dga.pcap", "ip_ttl", "128", 10939 },
    { "botnet-tinba-dga.pcap", "ip_ttl", "64", 9452 },
    { "botnet-tinba-dga.pcap", "ip_ttl", "255", 1483 + 4 },     /* IPv6: 4. */
    { "botnet-periodic-https-2s.pcap", "tls_sni", "testing.com", 299 },
    { "benign-http_espn.pcapng", "http_host", "a.espncdn.com", 31 },
    { "benign-http_espn.pcapng", "http_host", "espn.go.com", 5 },
    { "benign-http_espn.pcapng", "http_host", "adsatt.espn.go.com", 4 },
    { "benign-http_espn.pcapng", "tcp_window", "1002", 60 },
    { "benign-http_espn.pcapng", "tcp_window", "4783", 47 },
    { "benign-http_espn.pcapng", "ip_dscp", "0", 956 },
    { "benign-http_espn.pcapng", "ip_ecn", "0", 956 },
    { "benign-http_ip4and6.pcapng", "http_url", "/", 2 },
    { "proto-suri-sctp.pcap", "sctp_chunk", "0", 8 },
    { "proto-suri-sctp.pcap", "sctp_chunk", "3", 7 },
    { "proto-suri-sctp.pcap", "sctp_chunk", "1", 1 },
    { "proto-suri-sctp.pcap", "sctp_chunk", "11", 1 },
    { "proto-suri-sctp.pcap", "sctp_vtag", "3714634557", 8 },
    { "proto-suri-sctp.pcap", "sctp_vtag", "0", 1 },
    { "proto-suri-sctp.pcap", "dst_port", "6303", 10 },
    { "proto-suri-sctp.pcap", "dst_port", "2906", 8 },
    { "scan-nmap-syn-1000ports.pcap", "tcp_flags", "2", 1002 },
    { "scan-nmap-syn-1000ports.pcap", "tcp_flags", "20", 995 },
    { "scan-nmap-syn-1000ports.pcap", "tcp_flags", "18", 5 },
    { "flood-icmpv6-rsmurf.pcap", "icmp_type", "128", 1000 },
};

#define N_EXPECTED (sizeof expected / sizeof expected[0])

static void
check(const struct expected *e)
{
    struct xfsm_fieldset want = { { UINT64_MAX, UINT64_MAX } };
    int field = xfsm_field_lookup(e->field, strlen(e->field), NULL);
    char name[600], path[TRUTH_PATH_MAX];
    struct xfsm_capture *capture;
    struct xfsm_packet packet;
    unsigned long n = 0;
    char *error;

    assert_true(field >= 0);
    snprintf(name, sizeof name, "captures/%s", e->file);
    truth_path(path, name);
    error = xfsm_capture_open(path, &capture);
    if (error) {
        fail_msg("%s", error);
    }
    while (xfsm_capture_next(capture, &packet) > 0) {
        char text[XFSM_FIELD_TEXT_MAX];
        size_t len;

        xfsm_decode(&packet, &want);
        len = xfsm_field_format(&packet, (unsigned int) field, text,
                                sizeof text);
        n += xfsm_fieldset_has(&packet.present, (unsigned int) field)
             && len == strlen(e->value) && !memcmp(text, e->value, len);
    }
    xfsm_capture_close(capture);
    if (n != e->packets) {
        fail_msg("%s: %s is %s in %lu packets, should be %lu", e->file,
                 e->field, e->value, n, e->packets);
    }
}

static void
test_values(void **state)
{
    (void) state;
    closedir(truth_open_dir("captures"));
    for (size_t i = 0; i < N_EXPECTED; i++) {
        check(&expected[i]);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
