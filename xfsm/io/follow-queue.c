/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include "xfsm/io/follow-queue.h"

#include <stdlib.h>
#include <string.h>

#include "xfsm/io/event-decode.h"

void
xfsm_follow_queue_init(struct xfsm_follow_queue *queue)
{
    queue->head = NULL;
    queue->tail = &queue->head;
}

struct xfsm_follow_queued *
xfsm_follow_queue_pop(struct xfsm_follow_queue *queue)
{
    struct xfsm_follow_queued *q = queue->head;

    queue->head = q->next;
    if (!queue->head) {
        queue->tail = &queue->head;
    }
    return q;
}

void
xfsm_follow_queue_put_before(struct xfsm_follow_queue *queue,
                             struct xfsm_follow_queue *others)
{
    if (others->head) {
        *others->tail = queue->head;
        if (!queue->head) {
            queue->tail = others->tail;
        }
        queue->head = others->head;
        xfsm_follow_queue_init(others);
    }
}

struct xfsm_follow_queued *
xfsm_follow_queue_push(struct xfsm_follow_queue *queue,
                       const struct xfsm_follow_item *item)
{
    struct xfsm_follow_queued *q = malloc(sizeof *q + item->topic_len
                                          + item->body_len);

    if (!q) {
        abort();
    }
    q->next = NULL;
    q->job = NULL;
    q->item = *item;
    if (item->topic_len) {
        memcpy(q->data, item->topic, item->topic_len);
    }
    if (item->body_len) {
        memcpy(q->data + item->topic_len, item->body, item->body_len);
    }
    q->item.topic = q->data;
    q->item.body = q->data + item->topic_len;
    if (item->body_len) {
        xfsm_event_decode(q->item.body, q->item.body_len, &q->item.event);
    }
    *queue->tail = q;
    queue->tail = &q->next;
    return q;
}

struct xfsm_follow_job *
xfsm_follow_queue_add_job(struct xfsm_follow_queued *q)
{
    q->job = calloc(1, sizeof *q->job);
    if (!q->job) {
        abort();
    }
    return q->job;
}

void
xfsm_follow_queue_clear(struct xfsm_follow_queue *queue)
{
    while (queue->head) {
        struct xfsm_follow_queued *q = xfsm_follow_queue_pop(queue);

        free(q->job);
        free(q);
    }
}
