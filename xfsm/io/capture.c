/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include "xfsm/io/capture.h"

#include <errno.h>
#include <inttypes.h>
#include <pcap/pcap.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "xfsm/io/pcap-reader.h"

#define NSEC_PER_SEC UINT64_C(1000000000)

/* Loopback with the family in network byte order.  libpcap defines DLT_LOOP
 * differently on OpenBSD. */
#define DLT_LOOP_FILE 108

struct xfsm_capture {
    pcap_t *pcap;
    struct xfsm_pcap_reader *reader;    /* NULL: libpcap reads. */
    char *path;                         /* As given, for messages. */
    enum xfsm_link_type link_type;
    uint64_t n_frames;                  /* Read from the file so far. */
    bool at_end;
    char *error;                        /* What reading ended with. */

    /* A frame that was read but did not fit the batch any more.  It lies in
     * libpcap's buffer. */
    bool pending;
    struct pcap_pkthdr *header;
    const uint8_t *data;

    /* Allocated at the first use. */
    uint8_t *batch;                     /* XFSM_CAPTURE_BATCH_BYTES. */
    char *batch_scratch;                /* For each packet of a batch. */
    char scratch[XFSM_PACKET_SCRATCH];  /* For xfsm_capture_next(). */
};

struct link_map {
    int dlt;
    enum xfsm_link_type link_type;
};

static const struct link_map links[] = {
    { DLT_EN10MB, XFSM_LINK_ETHERNET },
    { DLT_RAW, XFSM_LINK_RAW_IP },
    { 12, XFSM_LINK_RAW_IP },           /* DLT_RAW of most systems, */
    { 14, XFSM_LINK_RAW_IP },           /* of OpenBSD, */
    { 101, XFSM_LINK_RAW_IP },          /* and in a file. */
    { DLT_IPV4, XFSM_LINK_RAW_IP },
    { DLT_IPV6, XFSM_LINK_RAW_IP },
    { DLT_LINUX_SLL, XFSM_LINK_LINUX_SLL },
    { DLT_LINUX_SLL2, XFSM_LINK_LINUX_SLL2 },
    { DLT_NULL, XFSM_LINK_NULL },
    { DLT_LOOP, XFSM_LINK_NULL },
    { DLT_LOOP_FILE, XFSM_LINK_NULL },
    { DLT_NFLOG, XFSM_LINK_NFLOG },
};

#define N_LINKS (sizeof links / sizeof links[0])

static void *
capture_alloc(size_t n, size_t size)
{
    void *p = calloc(n, size);

    if (!p) {
        abort();
    }
    return p;
}

static __attribute__((format(printf, 1, 0))) char *
capture_vformat(const char *format, va_list args)
{
    va_list again;
    size_t size;
    char *s;

    va_copy(again, args);
    size = (size_t) vsnprintf(NULL, 0, format, again) + 1;
    va_end(again);

    s = capture_alloc(1, size);
    vsnprintf(s, size, format, args);
    return s;
}

static __attribute__((format(printf, 1, 2))) char *
capture_format(const char *format, ...)
{
    va_list args;
    char *s;

    va_start(args, format);
    s = capture_vformat(format, args);
    va_end(args);
    return s;
}

/* Stores the link type of 'pcap' in '*link_type' or returns an error. */
static char *
capture_map_link(const char *path, pcap_t *pcap,
                 enum xfsm_link_type *link_type)
{
    int dlt = pcap_datalink(pcap);
    const char *name, *description;
    size_t i;

    for (i = 0; i < N_LINKS; i++) {
        if (links[i].dlt == dlt) {
            *link_type = links[i].link_type;
            return NULL;
        }
    }
    name = pcap_datalink_val_to_name(dlt);
    description = pcap_datalink_val_to_description(dlt);
    return capture_format("%s: link type %d (%s%s%s) is not supported; "
                          "supported are Ethernet, raw IP, Linux cooked, "
                          "BSD loopback and NFLOG", path, dlt,
                          name ? name : "unknown",
                          description ? ", " : "",
                          description ? description : "");
}

/* Opens 'path' with libpcap; '*pcapp' is set on success only. */
static char *
capture_open_pcap(const char *path, pcap_t **pcapp)
{
    char reason[PCAP_ERRBUF_SIZE] = "";
    FILE *file = strcmp(path, "-") ? fopen(path, "rbe") : stdin;
    pcap_t *pcap;

    if (!file) {
        return capture_format("%s: %s", path, strerror(errno));
    }
    pcap = pcap_fopen_offline_with_tstamp_precision(
        file, PCAP_TSTAMP_PRECISION_NANO, reason);
    if (!pcap) {
        if (file != stdin) {
            fclose(file);
        }
        return capture_format("%s: not a readable capture file: %s", path,
                              reason);
    }
    *pcapp = pcap;
    return NULL;
}

/* Returns the fast reader for the file that 'pcap' has just opened, NULL if it
 * is not for that. */
static struct xfsm_pcap_reader *
capture_create_reader(pcap_t *pcap, enum xfsm_link_type link_type)
{
    const struct xfsm_pcap_format format = {
        .link_type = link_type,
        .snaplen = (uint32_t) pcap_snapshot(pcap),
    };
    FILE *file = pcap_file(pcap);

    return file == stdin ? NULL
                         : xfsm_pcap_reader_create(fileno(file), &format);
}

char *
xfsm_capture_open(const char *path, struct xfsm_capture **capturep)
{
    struct xfsm_capture *capture;
    enum xfsm_link_type link_type = XFSM_LINK_ETHERNET;
    pcap_t *pcap = NULL;
    char *error;

    error = capture_open_pcap(path, &pcap);
    if (error) {
        return error;
    }
    error = capture_map_link(path, pcap, &link_type);
    if (error) {
        pcap_close(pcap);
        return error;
    }
    capture = capture_alloc(1, sizeof *capture);
    capture->pcap = pcap;
    capture->path = capture_format("%s", path);
    capture->link_type = link_type;
    capture->reader = capture_create_reader(pcap, link_type);
    *capturep = capture;
    return NULL;
}

static __attribute__((format(printf, 2, 3))) int
capture_fail(struct xfsm_capture *capture, const char *format, ...)
{
    va_list args;
    char *reason;

    va_start(args, format);
    reason = capture_vformat(format, args);
    va_end(args);
    capture->error = capture_format("%s: frame %"PRIu64": %s", capture->path,
                                    capture->n_frames + 1, reason);
    free(reason);
    return -1;
}

/* Makes the next frame pending unless one is.  Returns 1, 0 or -1 as
 * xfsm_capture_next() does. */
static int
capture_read(struct xfsm_capture *capture)
{
    if (capture->pending) {
        return 1;
    }
    if (capture->error) {
        return -1;
    }
    if (capture->at_end) {
        return 0;
    }
    switch (pcap_next_ex(capture->pcap, &capture->header, &capture->data)) {
    case 1:
        if (capture->header->caplen > XFSM_CAPTURE_FRAME_MAX) {
            return capture_fail(capture, "%u captured bytes, at most %d are "
                                "supported", capture->header->caplen,
                                XFSM_CAPTURE_FRAME_MAX);
        }
        capture->n_frames++;
        capture->pending = true;
        return 1;
    case PCAP_ERROR_BREAK:
        capture->at_end = true;
        return 0;
    default:
        return capture_fail(capture, "%s", pcap_geterr(capture->pcap));
    }
}

/* Seconds in a pcap record are unsigned, and last until 2106; libpcap takes
 * them for signed and extends the sign. */
static uint64_t
capture_time(const struct timeval *tv)
{
    uint64_t sec = (uint64_t) tv->tv_sec;
    uint64_t nsec = tv->tv_usec > 0 ? (uint64_t) tv->tv_usec : 0;
    uint64_t ts;

    if (tv->tv_sec < 0) {
        sec = tv->tv_sec >= INT32_MIN ? (uint32_t) tv->tv_sec : 0;
    }
    if (__builtin_mul_overflow(sec, NSEC_PER_SEC, &ts)
        || __builtin_add_overflow(ts, nsec, &ts)) {
        return UINT64_MAX;
    }
    return ts;
}

/* Hands the pending frame out in '*packet', with its data at 'data'. */
static void
capture_take(struct xfsm_capture *capture, const uint8_t *data, char *scratch,
             struct xfsm_packet *packet)
{
    const struct pcap_pkthdr *header = capture->header;

    packet->data = data;
    packet->caplen = header->caplen;
    packet->len = header->len > header->caplen ? header->len : header->caplen;
    packet->ts = capture_time(&header->ts);
    packet->direction = XFSM_DIR_UNKNOWN;
    packet->link_type = capture->link_type;
    packet->aux_vlan_tci = 0;
    packet->aux_vlan_tpid = 0;
    packet->segs = 1;
    packet->scratch = scratch;
    capture->pending = false;
}

/* Stores up to 'n' packets of the fast reader.  Where that ends, lets libpcap
 * go on from there and returns 0. */
static size_t
capture_read_fast(struct xfsm_capture *capture, struct xfsm_packet *packets,
                  size_t n, char *scratch)
{
    struct xfsm_pcap_reader *reader = capture->reader;
    uint64_t offset;

    n = xfsm_pcap_reader_next_batch(reader, packets, n, scratch);
    capture->n_frames += n;
    if (!n) {
        offset = xfsm_pcap_reader_offset(reader);
        if (fseeko(pcap_file(capture->pcap), (off_t) offset, SEEK_SET)) {
            capture_fail(capture, "%s", strerror(errno));
        }
        xfsm_pcap_reader_destroy(reader);
        capture->reader = NULL;
    }
    return n;
}

int
xfsm_capture_next(struct xfsm_capture *capture, struct xfsm_packet *packet)
{
    int retval;

    if (capture->reader
        && capture_read_fast(capture, packet, 1, capture->scratch)) {
        return 1;
    }
    retval = capture_read(capture);
    if (retval == 1) {
        capture_take(capture, capture->data, capture->scratch, packet);
    }
    return retval;
}

int
xfsm_capture_next_batch(struct xfsm_capture *capture,
                        struct xfsm_packet *packets, size_t n)
{
    size_t used = 0;
    size_t i;
    int retval = 0;

    if (n > XFSM_CAPTURE_BATCH_MAX) {
        n = XFSM_CAPTURE_BATCH_MAX;
    }
    if (!capture->batch_scratch) {
        capture->batch_scratch = capture_alloc(XFSM_CAPTURE_BATCH_MAX,
                                               XFSM_PACKET_SCRATCH);
    }
    if (capture->reader) {
        i = capture_read_fast(capture, packets, n, capture->batch_scratch);
        if (i) {
            return (int) i;
        }
    }
    if (!capture->batch) {
        capture->batch = capture_alloc(1, XFSM_CAPTURE_BATCH_BYTES);
    }
    for (i = 0; i < n; i++) {
        uint8_t *data = capture->batch + used;
        uint32_t caplen;

        retval = capture_read(capture);
        if (retval != 1) {
            break;
        }
        caplen = capture->header->caplen;
        if (caplen > XFSM_CAPTURE_BATCH_BYTES - used) {
            break;
        }
        memcpy(data, capture->data, caplen);
        used += caplen;
        capture_take(capture, data,
                     capture->batch_scratch + i * XFSM_PACKET_SCRATCH,
                     &packets[i]);
    }
    return i ? (int) i : retval;
}

const char *
xfsm_capture_error(const struct xfsm_capture *capture)
{
    return capture->error;
}

enum xfsm_link_type
xfsm_capture_link_type(const struct xfsm_capture *capture)
{
    return capture->link_type;
}

void
xfsm_capture_close(struct xfsm_capture *capture)
{
    if (capture) {
        xfsm_pcap_reader_destroy(capture->reader);
        pcap_close(capture->pcap);
        free(capture->path);
        free(capture->error);
        free(capture->batch);
        free(capture->batch_scratch);
        free(capture);
    }
}
