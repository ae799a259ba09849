/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

/* What reading a capture costs, without decoding: counts packets and bytes
 * through xfsm/io/capture.h, and looks at one byte of each frame.  The median
 * of processor time, and of real time, over ROUNDS readings.
 *
 *     bench-capture FILE
 *     bench-capture --make N FILE
 *     bench-capture --make-dns N FILE
 *
 * The second form writes a capture of N TCP packets of 64 bytes, of 100,000
 * flows in random order, one in ten of them of SYN packets; the third one of N
 * DNS responses to 100,000 clients in random order, each of them NXDOMAIN. */

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tests/unit/packet-builder.h"
#include "tests/unit/random.h"
#include "xfsm/io/capture.h"

#define ROUNDS 5
#define BATCH 32

#define N_FLOWS 100000
#define FRAME_LEN 64
#define START_NS UINT64_C(1700000000000000000)
#define INTERVAL_NS 1000
#define DNS_NXDOMAIN 3

static void
fail(const char *what, const char *why)
{
    fprintf(stderr, "bench-capture: %s: %s\n", what, why);
    exit(EXIT_FAILURE);
}

static void
make_capture(const char *path, long n)
{
    FILE *file = pb_pcap_open(path, PB_LINKTYPE_ETHERNET);
    uint64_t random = 1;
    long i;

    for (i = 0; i < n; i++) {
        unsigned int flow = random_below(&random, N_FLOWS);
        uint8_t frame[FRAME_LEN] = { 0 };
        char source[32], destination[32];

        snprintf(source, sizeof source, "10.%u.%u.%u", flow >> 16,
                 flow >> 8 & 255, flow & 255);
        flow *= 7919;
        snprintf(destination, sizeof destination, "172.16.%u.%u",
                 flow >> 8 & 255, flow & 255);
        pb_tcp_frame(frame, sizeof frame, source, 1024 + flow % 50000,
                     destination, flow / 7 % 65536,
                     flow % 10 ? PB_ACK : PB_SYN, NULL);
        pb_pcap_write(file, START_NS + (uint64_t) i * INTERVAL_NS, frame,
                      sizeof frame, sizeof frame);
    }
    pb_pcap_close(file);
}

static void
make_dns_capture(const char *path, long n)
{
    FILE *file = pb_pcap_open(path, PB_LINKTYPE_ETHERNET);
    uint64_t random = 1;
    long i;

    for (i = 0; i < n; i++) {
        unsigned int flow = random_below(&random, N_FLOWS);
        uint8_t frame[128];
        char client[32], name[32];
        size_t len;

        snprintf(client, sizeof client, "10.%u.%u.%u", flow >> 16,
                 flow >> 8 & 255, flow & 255);
        snprintf(name, sizeof name, "h%u.example.com",
                 (unsigned int) random_below(&random, 1000000));
        len = pb_dns_response_frame(frame, sizeof frame, "192.0.2.53", client,
                                    DNS_NXDOMAIN, name, PB_DNS_A, NULL);
        pb_pcap_write(file, START_NS + (uint64_t) i * INTERVAL_NS, frame, len,
                      len);
    }
    pb_pcap_close(file);
}

static double
read_clock(clockid_t clock)
{
    struct timespec ts;

    clock_gettime(clock, &ts);
    return (double) ts.tv_sec + (double) ts.tv_nsec / 1e9;
}

static uint64_t n_packets, n_bytes;
static volatile uint64_t sink;

static void
read_capture(const char *path)
{
    struct xfsm_packet packets[BATCH];
    struct xfsm_capture *capture;
    char *error = xfsm_capture_open(path, &capture);
    uint64_t sum = 0;
    int n, i;

    if (error) {
        fail("cannot read", error);
    }
    n_packets = n_bytes = 0;
    while ((n = xfsm_capture_next_batch(capture, packets, BATCH)) > 0) {
        n_packets += (unsigned int) n;
        for (i = 0; i < n; i++) {
            n_bytes += packets[i].len;
            sum += packets[i].caplen ? packets[i].data[0] : 0;
        }
    }
    if (n < 0) {
        fail("cannot read", xfsm_capture_error(capture));
    }
    sink = sum;
    xfsm_capture_close(capture);
}

static int
compare_doubles(const void *a_, const void *b_)
{
    const double *a = a_;
    const double *b = b_;

    return (*a > *b) - (*a < *b);
}

static double
median(double values[ROUNDS])
{
    qsort(values, ROUNDS, sizeof *values, compare_doubles);
    return values[ROUNDS / 2];
}

int
main(int argc, char *argv[])
{
    double real[ROUNDS], cpu[ROUNDS];
    int i;

    if (argc == 4 && !strcmp(argv[1], "--make") && atol(argv[2]) > 0) {
        make_capture(argv[3], atol(argv[2]));
        return 0;
    }
    if (argc == 4 && !strcmp(argv[1], "--make-dns") && atol(argv[2]) > 0) {
        make_dns_capture(argv[3], atol(argv[2]));
        return 0;
    }
    if (argc != 2) {
        fail("usage", "bench-capture [--make N | --make-dns N] FILE");
    }
    for (i = 0; i < ROUNDS; i++) {
        double start = read_clock(CLOCK_MONOTONIC);
        double start_cpu = read_clock(CLOCK_PROCESS_CPUTIME_ID);

        read_capture(argv[1]);
        cpu[i] = read_clock(CLOCK_PROCESS_CPUTIME_ID) - start_cpu;
        real[i] = read_clock(CLOCK_MONOTONIC) - start;
    }
    printf("%llu packets, %llu bytes: %.1f ns/packet of processor time, "
           "%.1f M packets/s; %.3f seconds\n",
           (unsigned long long) n_packets, (unsigned long long) n_bytes,
           median(cpu) * 1e9 / (double) n_packets,
           (double) n_packets / median(cpu) / 1e6, median(real));
    return 0;
}
