/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include "xfsm/runtime/history.h"

#include <stdlib.h>
#include <string.h>

#include "xfsm/base/mem.h"

_Static_assert(!(XFSM_HISTORY_ENTRIES & (XFSM_HISTORY_ENTRIES - 1)),
               "a power of two");

struct xfsm_history {
    char *entries;
    size_t entry_size;          /* Bytes. */
    uint64_t n;                 /* Ever added. */
};

static struct xfsm_transition *
entry_at(const struct xfsm_history *h, uint64_t i)
{
    return (struct xfsm_transition *) (void *)
           (h->entries + (i % XFSM_HISTORY_ENTRIES) * h->entry_size);
}

/* Number of the oldest one that is there. */
static uint64_t
first(const struct xfsm_history *h)
{
    return h->n > XFSM_HISTORY_ENTRIES ? h->n - XFSM_HISTORY_ENTRIES : 0;
}

struct xfsm_history *
xfsm_history_create(unsigned int key_words)
{
    struct xfsm_history *h = calloc(1, sizeof *h);

    if (h) {
        h->entry_size = sizeof(struct xfsm_transition)
                        + key_words * sizeof(uint64_t);
        h->entries = xfsm_mem_map(h->entry_size * XFSM_HISTORY_ENTRIES,
                                  false);
        if (!h->entries) {
            free(h);
            h = NULL;
        }
    }
    return h;
}

void
xfsm_history_destroy(struct xfsm_history *h)
{
    if (h) {
        xfsm_mem_unmap(h->entries, h->entry_size * XFSM_HISTORY_ENTRIES);
        free(h);
    }
}

void
xfsm_history_add(struct xfsm_history *h, const struct xfsm_key_value *key,
                 uint64_t ts, uint16_t from, uint16_t to, uint32_t cause)
{
    struct xfsm_transition *t = entry_at(h, h->n++);

    t->ts = ts;
    t->hash = key->hash;
    t->cause = cause;
    t->from = from;
    t->to = to;
    t->n = key->n;
    memcpy(t->key, key->w, key->n * sizeof *key->w);
}

uint64_t
xfsm_history_count(const struct xfsm_history *h)
{
    return h->n;
}

const struct xfsm_transition *
xfsm_history_find(const struct xfsm_history *h,
                  const struct xfsm_key_value *key, uint64_t *cursor)
{
    uint64_t i = *cursor < h->n ? *cursor : h->n;

    while (i > first(h)) {
        const struct xfsm_transition *t = entry_at(h, --i);

        if (t->hash == key->hash && t->n == key->n
            && !memcmp(t->key, key->w, key->n * sizeof *key->w)) {
            *cursor = i;
            return t;
        }
    }
    return NULL;
}

uint64_t
xfsm_history_oldest(const struct xfsm_history *h)
{
    return h->n ? entry_at(h, first(h))->ts : 0;
}

uint64_t
xfsm_history_bytes(const struct xfsm_history *h)
{
    return sizeof *h + h->entry_size * XFSM_HISTORY_ENTRIES;
}
