/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef XFSM_IO_CAPTURE_H
#define XFSM_IO_CAPTURE_H 1

/* Packets from a capture file.
 *
 * Reads what libpcap reads: pcap in either byte order, with microseconds or
 * nanoseconds, and pcapng, as long as all interfaces of a pcapng file have one
 * link type.  Packets come out as struct xfsm_packet with the source members
 * set, ready for xfsm_decode(), times always in nanoseconds.
 *
 * Link types: Ethernet, raw IP (also the forms that say which version), Linux
 * "cooked" captures 1 and 2, BSD loopback in both forms, NFLOG.
 *
 * Packets come one by one or in batches, which are valid together.  Both may
 * be mixed; no packet is lost or given twice.
 *
 * A plain pcap file that is a regular file is read in large pieces, and
 * packets are handed out where they lie (pcap-reader.h).  Everything else goes
 * through libpcap, which also opens every file and decides what each error is:
 * pcapng, pipes, old and patched forms of pcap, records that are not as they
 * should be.  Nothing is mapped: a file that is truncated while it is read
 * ends there.
 *
 * A file that ends in the middle of a record, as one does whose writer died,
 * gives all packets before that point, then the error.  An error is final:
 * every later call returns it again.
 *
 * What a file claims is straightened so that the engine need not check: the
 * wire length is never below the captured length.  Times are taken as they
 * come, backwards too; a fraction of a second above one second is added, and
 * what 64 bits of nanoseconds cannot hold is their largest value.
 *
 * Ownership: the capture owns packet data and scratch memory, valid until the
 * next call of xfsm_capture_next(), xfsm_capture_next_batch() or
 * xfsm_capture_close() on it.
 *
 * Thread-safety: one thread at a time for each capture.
 *
 * Limits: below.  libpcap refuses records of more than 256 KiB.  Memory is
 * about 1.2 MB for each open capture that is read in batches, 2 MB more for
 * plain pcap with large frames.  Like OVS's xmalloc(), these functions abort()
 * where memory is refused. */

#include <stddef.h>
#include <stdint.h>

#include "xfsm/packet/packet.h"

struct xfsm_capture;

/* Longest frame, in captured bytes. */
#define XFSM_CAPTURE_FRAME_MAX (256 * 1024)

/* Most packets in a batch, and bytes of frames in it.  A batch ends at
 * whichever comes first. */
#define XFSM_CAPTURE_BATCH_MAX 256
#define XFSM_CAPTURE_BATCH_BYTES (1024 * 1024)

/* Opens the capture file 'path', "-" for standard input.  Returns NULL and
 * stores the capture in '*capturep', to be closed with xfsm_capture_close(),
 * or returns an error that names the file and the reason, which the caller
 * frees. */
char *xfsm_capture_open(const char *path, struct xfsm_capture **capturep);

/* Stores the next packet in '*packet'.  Returns 1, 0 at the end of the file,
 * or -1 with xfsm_capture_error() set. */
int xfsm_capture_next(struct xfsm_capture *, struct xfsm_packet *packet);

/* Stores up to 'n' packets in 'packets'.  Returns how many, at least 1 and
 * often fewer than 'n'; 0 at the end of the file; or -1 with
 * xfsm_capture_error() set.  'n' must not be 0.  Packets in front of an error
 * are returned first, the error by the next call. */
int xfsm_capture_next_batch(struct xfsm_capture *, struct xfsm_packet *packets,
                            size_t n);

/* Returns the error that reading ended with: file, number of the frame that
 * could not be read (from 1) and reason.  NULL if there was none.  Owned by
 * the capture. */
const char *xfsm_capture_error(const struct xfsm_capture *);

/* Returns what the data of each packet starts with. */
enum xfsm_link_type xfsm_capture_link_type(const struct xfsm_capture *);

/* Closes 'capture', which may be NULL. */
void xfsm_capture_close(struct xfsm_capture *capture);

#endif /* xfsm/io/capture.h */
