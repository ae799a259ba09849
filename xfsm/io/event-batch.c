/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include "xfsm/io/event-batch.h"

_Static_assert(XFSM_MESSAGE_PACKET_MAX <= UINT16_MAX,
               "the length of an event takes two bytes");

void
xfsm_batch_clear(struct xfsm_batch *batch)
{
    batch->n = 0;
    batch->packet[0] = XFSM_BATCH_MARK;
    batch->len = 1;
}

char *
xfsm_batch_room(struct xfsm_batch *batch)
{
    return (char *) batch->packet + batch->len + XFSM_BATCH_HEADER;
}

void
xfsm_batch_add(struct xfsm_batch *batch, size_t len)
{
    uint8_t *header = batch->packet + batch->len;

    header[0] = len & 0xff;
    header[1] = len >> 8;
    batch->len += XFSM_BATCH_HEADER + len;
    batch->n++;
}

bool
xfsm_batch_is_full(const struct xfsm_batch *batch)
{
    return batch->n >= XFSM_BATCH_EVENTS || batch->len >= XFSM_BATCH_FULL;
}

const void *
xfsm_batch_get(const struct xfsm_batch *batch, size_t *lenp)
{
    size_t skip = batch->n > 1 ? 0 : 1 + XFSM_BATCH_HEADER;

    *lenp = batch->len - skip;
    return batch->packet + skip;
}

bool
xfsm_batch_read(struct xfsm_batch_reader *reader, const void *packet,
                size_t len)
{
    xfsm_bytes_init(&reader->rest, packet, len);
    reader->n = 0;
    reader->malformed = false;
    return xfsm_bytes_strip_first(&reader->rest, XFSM_BATCH_MARK);
}

bool
xfsm_batch_next(struct xfsm_batch_reader *reader, struct xfsm_bytes *event)
{
    uint16_t len;

    if (reader->malformed || !xfsm_bytes_remaining(&reader->rest)) {
        return false;
    }
    if (reader->n >= XFSM_BATCH_EVENTS
        || !xfsm_bytes_le16(&reader->rest, &len) || !len
        || !xfsm_bytes_sub(&reader->rest, len, event)) {
        reader->malformed = true;
        return false;
    }
    reader->n++;
    return true;
}
