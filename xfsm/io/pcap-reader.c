/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include "xfsm/io/pcap-reader.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

#include "xfsm/io/capture.h"

#define NSEC_PER_SEC UINT64_C(1000000000)

#define MAGIC_MICRO UINT32_C(0xa1b2c3d4)
#define MAGIC_NANO UINT32_C(0xa1b23c4d)

#define FILE_HEADER_LEN 24
#define RECORD_HEADER_LEN 16

/* Bytes asked of the file at once. */
#define PIECE (256 * 1024)

/* A batch starts with this much in the buffer, unless the file has no more:
 * enough for a batch of small frames, and little to move. */
#define START_MIN (32 * 1024)

/* A batch starts no later than this in the buffer, unless the file has no
 * more, so that the rest of the buffer has room for all of it. */
#define START_MAX (START_MIN + PIECE)

#define BUFFER_SIZE (2 * 1024 * 1024)

_Static_assert(BUFFER_SIZE >= START_MAX + XFSM_CAPTURE_BATCH_BYTES
               + XFSM_CAPTURE_BATCH_MAX * RECORD_HEADER_LEN,
               "the largest batch must fit");

struct xfsm_pcap_reader {
    int fd;
    bool swapped;               /* The other byte order. */
    uint32_t nsec_per_tick;     /* Of the fraction of a second: 1 or 1000. */
    struct xfsm_pcap_format format;

    uint8_t *buffer;            /* BUFFER_SIZE bytes. */
    size_t have;                /* Bytes in it. */
    size_t at;                  /* Where the next record starts in it. */
    uint64_t offset;            /* Of the buffer's start in the file. */
    bool exhausted;             /* There is no more to read. */
    bool stopped;               /* At a record for libpcap. */
};

static inline uint32_t
get32(const struct xfsm_pcap_reader *reader, const uint8_t *p)
{
    uint32_t value;

    memcpy(&value, p, sizeof value);
    return reader->swapped ? __builtin_bswap32(value) : value;
}

/* Finds out the form of the file from its header.  False: not for us. */
static bool
parse_header(struct xfsm_pcap_reader *reader, const uint8_t *header)
{
    uint32_t magic = get32(reader, header);
    uint16_t major, minor;

    if (magic != MAGIC_MICRO && magic != MAGIC_NANO) {
        reader->swapped = true;
        magic = get32(reader, header);
    }
    memcpy(&major, header + 4, sizeof major);
    memcpy(&minor, header + 6, sizeof minor);
    if (reader->swapped) {
        major = __builtin_bswap16(major);
        minor = __builtin_bswap16(minor);
    }
    reader->nsec_per_tick = magic == MAGIC_MICRO ? 1000 : 1;
    return (magic == MAGIC_MICRO || magic == MAGIC_NANO)
           && major == 2 && minor == 4;
}

/* True unless frames have parts in the byte order of the machine that wrote
 * the file, which libpcap may turn round. */
static bool
is_plain_link(enum xfsm_link_type link_type)
{
    return link_type == XFSM_LINK_ETHERNET || link_type == XFSM_LINK_RAW_IP;
}

struct xfsm_pcap_reader *
xfsm_pcap_reader_create(int fd, const struct xfsm_pcap_format *format)
{
    struct xfsm_pcap_reader start = {
        .fd = fd,
        .format = *format,
        .offset = FILE_HEADER_LEN,
    };
    uint8_t header[FILE_HEADER_LEN];
    struct xfsm_pcap_reader *reader;
    struct stat s;

    if (fstat(fd, &s) || !S_ISREG(s.st_mode)
        || pread(fd, header, sizeof header, 0) != sizeof header
        || !parse_header(&start, header)
        || (start.swapped && !is_plain_link(format->link_type))) {
        return NULL;
    }
    if (start.format.snaplen > XFSM_CAPTURE_FRAME_MAX) {
        start.format.snaplen = XFSM_CAPTURE_FRAME_MAX;
    }
    start.buffer = malloc(BUFFER_SIZE);
    reader = malloc(sizeof *reader);
    if (!start.buffer || !reader) {
        abort();
    }
    *reader = start;
    return reader;
}

/* Adds to the buffer from the file.  Returns false if it got nothing. */
static bool
read_piece(struct xfsm_pcap_reader *reader)
{
    size_t room = BUFFER_SIZE - reader->have;
    ssize_t n;

    if (reader->exhausted || !room) {
        return false;
    }
    n = pread(reader->fd, reader->buffer + reader->have,
              room < PIECE ? room : PIECE,
              (off_t) (reader->offset + reader->have));
    if (n <= 0) {
        reader->exhausted = true;
        return false;
    }
    reader->have += (size_t) n;
    return true;
}

/* Moves what is left to the start of the buffer and reads on. */
static void
refill(struct xfsm_pcap_reader *reader)
{
    reader->have -= reader->at;
    memmove(reader->buffer, reader->buffer + reader->at, reader->have);
    reader->offset += reader->at;
    reader->at = 0;
    read_piece(reader);
}

/* Returns true once 'size' bytes from the next record on are in the buffer,
 * false if the file or the room ends before. */
static inline bool
need(struct xfsm_pcap_reader *reader, size_t size)
{
    while (__builtin_expect(reader->have - reader->at < size, 0)) {
        if (!read_piece(reader)) {
            return false;
        }
    }
    return true;
}

size_t
xfsm_pcap_reader_next_batch(struct xfsm_pcap_reader *reader,
                            struct xfsm_packet *packets, size_t n,
                            char *scratch)
{
    uint32_t room = XFSM_CAPTURE_BATCH_BYTES;
    size_t i;

    if (reader->stopped) {
        return 0;
    }
    if (!reader->exhausted && (reader->have - reader->at < START_MIN
                               || reader->at > START_MAX)) {
        refill(reader);
    }
    for (i = 0; i < n; i++) {
        struct xfsm_packet *packet = &packets[i];
        uint32_t fraction, caplen, len;
        const uint8_t *record;

        if (!need(reader, RECORD_HEADER_LEN)) {
            break;
        }
        record = reader->buffer + reader->at;
        fraction = get32(reader, record + 4);
        caplen = get32(reader, record + 8);
        len = get32(reader, record + 12);
        if (caplen > reader->format.snaplen || fraction > INT32_MAX
            || caplen > room || !need(reader, RECORD_HEADER_LEN + caplen)) {
            break;
        }
        room -= caplen;
        reader->at += RECORD_HEADER_LEN + caplen;

        packet->data = record + RECORD_HEADER_LEN;
        packet->caplen = caplen;
        packet->len = len > caplen ? len : caplen;
        packet->ts = get32(reader, record) * NSEC_PER_SEC
                     + (uint64_t) fraction * reader->nsec_per_tick;
        packet->direction = XFSM_DIR_UNKNOWN;
        packet->link_type = reader->format.link_type;
        packet->aux_vlan_tci = 0;
        packet->aux_vlan_tpid = 0;
        packet->segs = 1;
        packet->scratch = scratch + i * XFSM_PACKET_SCRATCH;
    }
    reader->stopped = !i && n;
    return i;
}

uint64_t
xfsm_pcap_reader_offset(const struct xfsm_pcap_reader *reader)
{
    return reader->offset + reader->at;
}

void
xfsm_pcap_reader_destroy(struct xfsm_pcap_reader *reader)
{
    if (reader) {
        free(reader->buffer);
        free(reader);
    }
}
