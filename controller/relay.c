/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include <config.h>
#include "ovsdb-schema/ovs-compat.h"

#include "controller/relay.h"

#include <string.h>

#include "latch.h"
#include "openvswitch/list.h"
#include "openvswitch/thread.h"
#include "util.h"

struct waiting {
    struct ovs_list node;
    char *source;
    size_t len;
    char event[];
};

struct xfsm_relay {
    struct latch latch;         /* Something was put. */
    struct ovs_mutex mutex;     /* Of all that follows. */
    struct ovs_list queue;      /* struct waiting. */
    size_t n;
    uint64_t n_dropped;
    xfsm_relay_cb *cb;          /* Or NULL. */
    void *aux;
};

struct xfsm_relay *
xfsm_relay_create(void)
{
    struct xfsm_relay *relay = xzalloc(sizeof *relay);

    latch_init(&relay->latch);
    ovs_mutex_init(&relay->mutex);
    ovs_list_init(&relay->queue);
    return relay;
}

static void
free_all(struct ovs_list *queue)
{
    struct waiting *w;

    LIST_FOR_EACH_POP (w, node, queue) {
        free(w->source);
        free(w);
    }
}

void
xfsm_relay_destroy(struct xfsm_relay *relay)
{
    if (relay) {
        free_all(&relay->queue);
        ovs_mutex_destroy(&relay->mutex);
        latch_destroy(&relay->latch);
        free(relay);
    }
}

void
xfsm_relay_put(struct xfsm_relay *relay, const char *source,
               const char *event, size_t len)
{
    ovs_mutex_lock(&relay->mutex);
    if (relay->cb && relay->n >= XFSM_RELAY_MAX) {
        relay->n_dropped++;
    } else if (relay->cb) {
        struct waiting *w = xmalloc(sizeof *w + len);

        w->source = xstrdup(source);
        w->len = len;
        memcpy(w->event, event, len);
        ovs_list_push_back(&relay->queue, &w->node);
        if (!relay->n++) {
            latch_set(&relay->latch);
        }
    }
    ovs_mutex_unlock(&relay->mutex);
}

void
xfsm_relay_set_listener(struct xfsm_relay *relay, xfsm_relay_cb *cb,
                        void *aux)
{
    ovs_mutex_lock(&relay->mutex);
    relay->cb = cb;
    relay->aux = aux;
    if (!cb) {
        free_all(&relay->queue);
        relay->n = 0;
    }
    ovs_mutex_unlock(&relay->mutex);
}

void
xfsm_relay_run(struct xfsm_relay *relay)
{
    struct ovs_list queue;
    struct waiting *w;

    if (!latch_poll(&relay->latch)) {
        return;
    }
    ovs_list_init(&queue);
    ovs_mutex_lock(&relay->mutex);
    ovs_list_push_back_all(&queue, &relay->queue);
    relay->n = 0;
    ovs_mutex_unlock(&relay->mutex);
    LIST_FOR_EACH (w, node, &queue) {
        relay->cb(relay->aux, w->source, w->event, w->len);
    }
    free_all(&queue);
}

void
xfsm_relay_wait(const struct xfsm_relay *relay)
{
    latch_wait(&relay->latch);
}

uint64_t
xfsm_relay_n_dropped(const struct xfsm_relay *relay)
{
    uint64_t n;

    ovs_mutex_lock(&relay->mutex);
    n = relay->n_dropped;
    ovs_mutex_unlock(&relay->mutex);
    return n;
}
