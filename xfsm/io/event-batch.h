/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef XFSM_IO_EVENT_BATCH_H
#define XFSM_IO_EVENT_BATCH_H 1

/* Several events in one packet from a probe to its hub (message-decode.h).
 *
 * A system call and a wake-up for each event cost more than all that is done
 * with it, so events that a probe has at the same time go together:
 *
 *     \1 (length 2 bytes, little-endian | TOPIC \0 JSON)...
 *
 * An event that is alone goes as it is, TOPIC \0 JSON, which no topic begins
 * as a batch does.  Events are written where they are sent from, so nothing is
 * copied.
 *
 * A batch is full, and has to be sent, when it holds XFSM_BATCH_EVENTS events
 * or XFSM_BATCH_FULL bytes; there is always room for one more before that.
 *
 * Whoever reads one trusts nothing of it: what does not hold together, is
 * empty, or comes after XFSM_BATCH_EVENTS events ends the batch.
 *
 * Thread-safety: none needed, all state is the caller's. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "xfsm/base/bytes.h"
#include "xfsm/io/message-decode.h"

/* First byte of a batch. */
#define XFSM_BATCH_MARK 1

/* Bytes before each event. */
#define XFSM_BATCH_HEADER 2

#define XFSM_BATCH_EVENTS 512
#define XFSM_BATCH_FULL (32 * 1024)

/* A buffer of this size takes any batch. */
#define XFSM_BATCH_PACKET_MAX \
    (XFSM_BATCH_FULL + XFSM_BATCH_HEADER + XFSM_MESSAGE_PACKET_MAX)

/* A batch that is being written. */
struct xfsm_batch {
    size_t n;                   /* Events. */
    size_t len;                 /* Bytes of 'packet'. */
    uint8_t packet[XFSM_BATCH_PACKET_MAX];
};

/* Makes the batch empty. */
void xfsm_batch_clear(struct xfsm_batch *);

/* Returns where to write the next event: XFSM_MESSAGE_PACKET_MAX bytes, which
 * are the caller's until the batch is used again.  The batch must not be
 * full. */
char *xfsm_batch_room(struct xfsm_batch *);

/* Adds the 'len' bytes that were written there, 1 at least. */
void xfsm_batch_add(struct xfsm_batch *, size_t len);

bool xfsm_batch_is_full(const struct xfsm_batch *);

/* Returns the packet to send, and stores its length.  The batch must not be
 * empty. */
const void *xfsm_batch_get(const struct xfsm_batch *, size_t *lenp);

/* Reads a batch. */
struct xfsm_batch_reader {
    struct xfsm_bytes rest;
    size_t n;                   /* Events so far. */
    bool malformed;             /* It ended before its end. */
};

/* Starts to read the 'len' bytes at 'packet'.  Returns false if that is no
 * batch. */
bool xfsm_batch_read(struct xfsm_batch_reader *, const void *packet,
                     size_t len);

/* Stores the next event, which is yet to be looked at.  Returns false at the
 * end. */
bool xfsm_batch_next(struct xfsm_batch_reader *, struct xfsm_bytes *event);

#endif /* xfsm/io/event-batch.h */
