/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef XFSM_IO_PCAP_READER_H
#define XFSM_IO_PCAP_READER_H 1

/* The fast way through a plain pcap file, for capture.c alone.
 *
 * Reads large pieces of a regular file into a buffer of its own and hands
 * packets out where they lie there.  It takes well-formed records only.  At
 * whatever else it meets (the end of the file, a record cut short, longer than
 * the file's limit, with a time that is none, an error in reading) it stops
 * for good and tells where; libpcap takes over at that record, and decides
 * what it is.  So there is one authority on errors, and this reader cannot
 * disagree with it.
 *
 * Why not mmap(): reading 256 KiB at a time, which stay in the level 2 cache,
 * costs no more than mapping does (measured: tests/bench/RESULTS.md), and
 * neither a file that is truncated meanwhile nor an error of the disk is a
 * signal.
 *
 * Ownership: the caller owns the file descriptor, which must outlive the
 * reader, and whose file offset is left alone.  Packet data are the reader's,
 * valid until the next call.
 *
 * Thread-safety: one thread at a time for each reader.
 *
 * Limits: version 2.4 of the format, with microseconds or nanoseconds, in
 * either byte order.  Memory is 2 MB of address space, of which large frames
 * alone use more than 0.5 MB. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "xfsm/packet/packet.h"

struct xfsm_pcap_reader;

/* What the packets of a file have in common. */
struct xfsm_pcap_format {
    enum xfsm_link_type link_type;
    uint32_t snaplen;           /* Longest frame, in captured bytes. */
};

/* Returns a reader of the file behind 'fd', or NULL where that is none for
 * this reader.  Aborts where memory is refused. */
struct xfsm_pcap_reader *xfsm_pcap_reader_create(
    int fd, const struct xfsm_pcap_format *);

/* Stores up to 'n' packets in 'packets', with scratch memory for packet I at
 * 'scratch' + I * XFSM_PACKET_SCRATCH; frames of at most
 * XFSM_CAPTURE_BATCH_BYTES in all.  Returns how many.  0, for an 'n' that is
 * not 0, means that libpcap must go on at xfsm_pcap_reader_offset(). */
size_t xfsm_pcap_reader_next_batch(struct xfsm_pcap_reader *,
                                   struct xfsm_packet *packets, size_t n,
                                   char *scratch);

/* Returns where in the file the next record starts. */
uint64_t xfsm_pcap_reader_offset(const struct xfsm_pcap_reader *);

/* Frees 'reader', which may be NULL. */
void xfsm_pcap_reader_destroy(struct xfsm_pcap_reader *reader);

#endif /* xfsm/io/pcap-reader.h */
