/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include <config.h>
#include "ovsdb-schema/ovs-compat.h"

#include "ovs-plugin/probe-queue.h"

#include <stdlib.h>
#include <string.h>

struct record {
    uint64_t order;
    uint64_t len;
};

void
xfsm_queue_init(struct xfsm_queue *q)
{
    memset(q, 0, sizeof *q);
    q->urgent.size = XFSM_QUEUE_URGENT;
    q->other.size = XFSM_QUEUE_OTHER;
}

void
xfsm_queue_destroy(struct xfsm_queue *q)
{
    free(q->urgent.buf);
    free(q->other.buf);
}

/* Stores in 'iov' where the 'len' bytes are that begin 'offset' bytes after
 * the head of 'part'.  Returns the number of pieces. */
static int
locate(const struct xfsm_queue_part *part, size_t offset, size_t len,
       struct iovec iov[2])
{
    size_t start = (part->head + offset) % part->size;
    size_t first = len < part->size - start ? len : part->size - start;

    iov[0].iov_base = part->buf + start;
    iov[0].iov_len = first;
    iov[1].iov_base = part->buf;
    iov[1].iov_len = len - first;
    return iov[1].iov_len ? 2 : 1;
}

static void
append(struct xfsm_queue_part *part, const void *data, size_t len)
{
    const uint8_t *p = data;
    struct iovec iov[2];
    int i, n;

    n = locate(part, part->used, len, iov);
    for (i = 0; i < n; i++) {
        memcpy(iov[i].iov_base, p, iov[i].iov_len);
        p += iov[i].iov_len;
    }
    part->used += len;
}

static void
read_record(const struct xfsm_queue_part *part, struct record *record)
{
    uint8_t *p = (uint8_t *) record;
    struct iovec iov[2];
    int i, n;

    n = locate(part, 0, sizeof *record, iov);
    for (i = 0; i < n; i++) {
        memcpy(p, iov[i].iov_base, iov[i].iov_len);
        p += iov[i].iov_len;
    }
}

bool
xfsm_queue_push(struct xfsm_queue *q, bool urgent, const struct iovec *iov,
                int n)
{
    struct xfsm_queue_part *part = urgent ? &q->urgent : &q->other;
    struct record record = { .order = q->order };
    int i;

    for (i = 0; i < n; i++) {
        record.len += iov[i].iov_len;
    }
    if (record.len + sizeof record > part->size - part->used) {
        return false;
    }
    if (!part->buf) {
        part->buf = malloc(part->size);
        if (!part->buf) {
            return false;
        }
    }
    append(part, &record, sizeof record);
    for (i = 0; i < n; i++) {
        append(part, iov[i].iov_base, iov[i].iov_len);
    }
    part->n++;
    q->order++;
    return true;
}

/* Returns the part with the oldest record, and the record, or NULL. */
static const struct xfsm_queue_part *
oldest(const struct xfsm_queue *q, struct record *record)
{
    const struct xfsm_queue_part *part = NULL;

    if (q->urgent.n) {
        part = &q->urgent;
        read_record(part, record);
    }
    if (q->other.n) {
        struct record other;

        read_record(&q->other, &other);
        if (!part || other.order < record->order) {
            part = &q->other;
            *record = other;
        }
    }
    return part;
}

int
xfsm_queue_peek(const struct xfsm_queue *q, struct iovec iov[2])
{
    const struct xfsm_queue_part *part;
    struct record record;

    part = oldest(q, &record);
    return part ? locate(part, sizeof record, record.len, iov) : 0;
}

void
xfsm_queue_pop(struct xfsm_queue *q)
{
    struct record record;
    struct xfsm_queue_part *part
        = oldest(q, &record) == &q->urgent ? &q->urgent : &q->other;
    size_t len = sizeof record + record.len;

    part->head = (part->head + len) % part->size;
    part->used -= len;
    part->n--;
}

size_t
xfsm_queue_count(const struct xfsm_queue *q)
{
    return q->urgent.n + q->other.n;
}
