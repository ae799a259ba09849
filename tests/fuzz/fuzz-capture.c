/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

/* The reader of capture files on any file.
 *
 * Input: the file.
 *
 * Required: reading ends; what cannot be opened or read has a reason; packets
 * have their bytes; and packets one by one are the same as in batches. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/fuzz/fuzz.h"
#include "xfsm/io/capture.h"

#define BATCH 16

/* What was read. */
struct sum {
    uint64_t packets;
    uint64_t bytes;
    uint64_t times;
};

static void
take_packet(struct sum *sum, const struct xfsm_packet *packet)
{
    fuzz_require(packet->caplen <= packet->len,
                 "no more is captured than was on the wire");
    fuzz_require(packet->caplen <= XFSM_CAPTURE_FRAME_MAX, "frames fit");
    fuzz_require(packet->scratch != NULL, "packets have scratch memory");
    fuzz_touch(packet->data, packet->caplen);
    sum->packets++;
    sum->bytes += packet->caplen;
    sum->times = sum->times * 31 + packet->ts;
}

static void
read_all(struct xfsm_capture *capture, size_t batch, struct sum *sum)
{
    struct xfsm_packet packets[BATCH];
    int n;
    int i;

    for (;;) {
        n = batch == 1 ? xfsm_capture_next(capture, packets)
                       : xfsm_capture_next_batch(capture, packets, batch);
        if (n <= 0) {
            break;
        }
        fuzz_require((size_t) n <= batch, "a batch fits");
        for (i = 0; i < n; i++) {
            take_packet(sum, &packets[i]);
        }
    }
    fuzz_require((n < 0) == (xfsm_capture_error(capture) != NULL),
                 "a failure has a reason");
}

static struct sum
read_file(const char *path, size_t batch)
{
    struct sum sum = { 0, 0, 0 };
    struct xfsm_capture *capture;
    char *error = xfsm_capture_open(path, &capture);

    if (error) {
        fuzz_require(*error, "a refused file has a reason");
        free(error);
    } else {
        read_all(capture, batch, &sum);
        xfsm_capture_close(capture);
    }
    return sum;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int fd = memfd_create("capture", 0);
    struct sum one, many;
    char path[64];

    fuzz_require(fd >= 0 && write(fd, data, size) == (ssize_t) size,
                 "the file can be written");
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    one = read_file(path, 1);
    many = read_file(path, BATCH);
    fuzz_require(one.packets == many.packets && one.bytes == many.bytes
                 && one.times == many.times,
                 "batches do not change packets");
    close(fd);
    return 0;
}
