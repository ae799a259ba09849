/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include <config.h>
#include "ovsdb-schema/ovs-compat.h"

#include "controller/traffic.h"

#include <stdbool.h>
#include <string.h>

#include "openvswitch/shash.h"
#include "ovsdb-idl.h"
#include "ovsdb-schema/xfsm-idl.h"
#include "util.h"

/* A probe, as it was last seen. */
struct seen {
    unsigned int run;           /* When that was. */
    bool counted;               /* 'values' is what it had. */
    uint64_t values[XFSM_TRAFFIC_N];
};

struct xfsm_traffic {
    struct shash probes;        /* struct seen, by interface. */
    bool hub_counted;           /* 'hub' is what it had. */
    uint64_t hub[XFSM_TRAFFIC_HUB_N];
    struct xfsm_traffic_sums sums;
    unsigned int run;           /* Times that was looked. */
    int64_t epoch;              /* The greatest of all probes as yet. */
};

static const char *const keys[] = {
#define KEY_OF(NAME, KEY, DOC) KEY,
    XFSM_TRAFFIC(KEY_OF)
};

static const char *const hub_keys[] = {
    XFSM_TRAFFIC_HUB(KEY_OF)
#undef KEY_OF
};

struct xfsm_traffic *
xfsm_traffic_create(void)
{
    struct xfsm_traffic *t = xzalloc(sizeof *t);

    shash_init(&t->probes);
    t->epoch = INT64_MAX;
    return t;
}

void
xfsm_traffic_destroy(struct xfsm_traffic *t)
{
    if (t) {
        shash_destroy_free_data(&t->probes);
        free(t);
    }
}

/* Looks the 'n' names of 'wanted' up in a column, which is sorted by name. */
static void
read_column(const char *const wanted[], size_t n, char *const names[],
            const int64_t values[], size_t n_names, uint64_t out[])
{
    size_t i;

    for (i = 0; i < n; i++) {
        size_t low = 0, high = n_names;

        out[i] = 0;
        while (low < high) {
            size_t middle = low + (high - low) / 2;
            int order = strcmp(wanted[i], names[middle]);

            if (!order) {
                out[i] = MAX(values[middle], 0);
                break;
            } else if (order < 0) {
                high = middle;
            } else {
                low = middle + 1;
            }
        }
    }
}

void
xfsm_traffic_read(const struct xfsmrec_probe *probe,
                  uint64_t values[XFSM_TRAFFIC_N])
{
    read_column(keys, XFSM_TRAFFIC_N, probe->key_statistics,
                probe->value_statistics, probe->n_statistics, values);
}

/* Adds to the 'n' sums what 'now' is more than 'before', which becomes the
 * same; what is less began anew. */
static void
add_increases(uint64_t sums[], uint64_t before[], const uint64_t now[],
              size_t n)
{
    size_t i;

    for (i = 0; i < n; i++) {
        sums[i] += now[i] >= before[i] ? now[i] - before[i] : now[i];
        before[i] = now[i];
    }
}

/* Takes what 'probe' has.  Returns its epoch, 0 if it has none yet. */
static int64_t
run_probe(struct xfsm_traffic *t, const struct xfsmrec_probe *probe)
{
    struct seen *seen = shash_find_data(&t->probes, probe->interface);
    int64_t epoch = probe->n_epoch ? probe->epoch[0] : 0;
    uint64_t now[XFSM_TRAFFIC_N];

    if (!seen) {
        if (!epoch) {
            return 0;
        }
        seen = xzalloc(sizeof *seen);
        seen->counted = epoch > t->epoch;
        shash_add(&t->probes, probe->interface, seen);
    }
    seen->run = t->run;
    if (probe->n_statistics) {
        xfsm_traffic_read(probe, now);
        if (!seen->counted) {
            memcpy(seen->values, now, sizeof now);
            seen->counted = true;
        }
        add_increases(t->sums.probes, seen->values, now, XFSM_TRAFFIC_N);
    }
    return epoch;
}

static void
run_hub(struct xfsm_traffic *t, struct ovsdb_idl *idl)
{
    const struct xfsmrec_xfsm_global *global = xfsmrec_xfsm_global_first(idl);
    uint64_t now[XFSM_TRAFFIC_HUB_N];

    if (global && global->n_statistics) {
        read_column(hub_keys, XFSM_TRAFFIC_HUB_N, global->key_statistics,
                    global->value_statistics, global->n_statistics, now);
        if (!t->hub_counted) {
            memcpy(t->hub, now, sizeof now);
            t->hub_counted = true;
        }
        add_increases(t->sums.hub, t->hub, now, XFSM_TRAFFIC_HUB_N);
    }
}

void
xfsm_traffic_run(struct xfsm_traffic *t, struct ovsdb_idl *idl)
{
    const struct xfsmrec_probe *probe;
    struct shash_node *node;
    int64_t epoch = t->run ? t->epoch : 0;

    t->run++;
    XFSMREC_PROBE_FOR_EACH (probe, idl) {
        epoch = MAX(epoch, run_probe(t, probe));
    }
    run_hub(t, idl);
    t->epoch = epoch;
    SHASH_FOR_EACH_SAFE (node, &t->probes) {
        struct seen *seen = node->data;

        if (seen->run != t->run) {
            free(seen);
            shash_delete(&t->probes, node);
        }
    }
}

const struct xfsm_traffic_sums *
xfsm_traffic_get(const struct xfsm_traffic *t)
{
    return &t->sums;
}

void
xfsm_traffic_add(struct xfsm_traffic_sums *to,
                 const struct xfsm_traffic_sums *from)
{
    size_t i;

    for (i = 0; i < XFSM_TRAFFIC_N; i++) {
        to->probes[i] += from->probes[i];
    }
    for (i = 0; i < XFSM_TRAFFIC_HUB_N; i++) {
        to->hub[i] += from->hub[i];
    }
}
