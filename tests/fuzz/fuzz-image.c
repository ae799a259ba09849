/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

/* The verifier on any image, and the engine on what it accepts.
 *
 * Input: an image.  Magic number, format, length and checksum are set to what
 * they must be, so that the input meets the verifier itself.
 *
 * Required: an accepted image runs 64 packets and their timers without an
 * error of memory, as machine code in batches the same as interpreted one by
 * one.  Packets are fixed; they carry every protocol that programs look
 * into. */

#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/fuzz-packets.h"
#include "tests/unit/packet-builder.h"
#include "xfsm/program/image.h"

/* Memory that the tables of an image may have here: what is larger is the
 * operator's to refuse, and would only slow this down. */
#define BYTES_MAX (UINT64_C(1) << 30)

#define FRAME_SIZE 512

static size_t
make_frame(uint8_t buf[FRAME_SIZE], size_t i)
{
    static const char *const hosts[] = {
        "10.0.0.1", "10.0.0.2", "2001:db8::1", "2001:db8::2",
    };
    const char *src = hosts[i / 8 % 2 * 2];
    const char *dst = hosts[i / 8 % 2 * 2 + 1];
    struct packet_builder b;

    switch (i % 8) {
    case 0:
        return pb_tcp_frame(buf, FRAME_SIZE, src, 40000, dst, 1 + i, PB_SYN,
                            NULL);
    case 1:
        return pb_dns_query_frame(buf, FRAME_SIZE, src, dst,
                                  "www.example.org", PB_DNS_A);
    case 2:
        return pb_dns_response_frame(buf, FRAME_SIZE, dst, src, i / 16,
                                     "www.example.org", PB_DNS_A,
                                     i < 16 ? "192.0.2.1" : NULL);
    case 3:
        return pb_tcp_frame(buf, FRAME_SIZE, src, 40001, dst, 80,
                            PB_PSH | PB_ACK, "GET /x HTTP/1.1\r\n"
                            "Host: www.example.org\r\n\r\n");
    case 4:
        pb_init(&b, buf, FRAME_SIZE);
        pb_eth(&b, NULL, NULL);
        pb_vlan(&b, 0x8100, 7, 3);
        pb_ip(&b, src, dst);
        pb_tcp(&b, 40002, 502, PB_PSH | PB_ACK);
        pb_modbus(&b, i, 1, 3);
        return pb_finish(&b);
    case 5:
        return pb_arp_frame(buf, FRAME_SIZE, 1 + i / 8 % 2, "10.0.0.1",
                            "10.0.0.2");
    case 6:
        return pb_udp_frame(buf, FRAME_SIZE, src, 123, dst, 123, "text");
    default:
        return pb_icmp_frame(buf, FRAME_SIZE, src, dst, 8, 0);
    }
}

static const struct fuzz_packets *
fixed_packets(void)
{
    static struct fuzz_packets packets;
    size_t i;

    for (i = 0; packets.n < FUZZ_PACKETS_MAX; i++) {
        struct xfsm_packet *packet = &packets.packets[packets.n++];
        uint8_t buf[FRAME_SIZE];
        size_t len = make_frame(buf, i);

        pb_packet(packet, fuzz_dup(buf, len), len,
                  UINT64_C(1767225600000000000) + i * 700000000,
                  malloc(XFSM_PACKET_SCRATCH));
        packet->direction = (uint8_t) (i % 3);
    }
    return &packets;
}

/* Makes the header of 'image' what it must be. */
static void
mend_header(void *image, size_t len)
{
    struct xfsm_img_header *header = image;

    if (len >= sizeof *header) {
        memcpy(header->magic, XFSM_IMAGE_MAGIC, sizeof header->magic);
        header->format = XFSM_IMAGE_VERSION;
        header->length = (uint32_t) len;
        header->checksum = xfsm_image_checksum(image, len);
    }
}

/* True if the engine took the image, and ran it with the result in
 * '*digest'. */
static bool
run_image(const void *image, size_t len, enum xfsm_backend backend,
          size_t batch, uint64_t *digest)
{
    const struct fuzz_packets *packets = fixed_packets();
    struct xfsm_program_info info;
    struct fuzz_engine fe;
    char *error;
    bool ok;

    fuzz_engine_init(&fe, backend);
    error = xfsm_engine_load(fe.engine, image, len);
    ok = !error && xfsm_engine_get_program(fe.engine, 0, &info)
         && info.bytes <= BYTES_MAX;
    fuzz_require(!error || *error, "a refused image has a reason");
    free(error);
    if (ok) {
        fuzz_engine_run(&fe, packets, batch);
    }
    *digest = fe.digest;
    fuzz_engine_free(&fe);
    return ok;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    void *image = fuzz_dup(data, size);
    uint64_t digest[2];

    mend_header(image, size);
    if (run_image(image, size, XFSM_BACKEND_INTERPRETER, 1, &digest[0])) {
        fuzz_require(run_image(image, size, XFSM_BACKEND_AUTO,
                               FUZZ_PACKETS_MAX, &digest[1])
                     && digest[0] == digest[1],
                     "neither batches nor machine code change results");
    }
    free(image);
    return 0;
}
