/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include <config.h>
#include "ovsdb-schema/ovs-compat.h"

#include "ovs-plugin/known-keys.h"

#include <stdlib.h>
#include <string.h>

#include "openvswitch/dynamic-string.h"
#include "smap.h"
#include "util.h"

/* Keys that begin with it are meant for us. */
#define OURS "xfsm"

/* A note has no more keys than that. */
#define NOTE_MAX 8

static const char *const options_known[] = {
    "hang-ms", "hub-clients", "hub-endpoint", "hub-journal",
    "hub-journal-days", "hub-journal-mib", "hub-journal-sync-ms",
    "hub-key-file", "hub-label-rates", "hub-message-rate", "hub-peers",
    "hub-rate", "huge-pages", "kernel-filter", "machine-code",
    "metrics-port", "mirror", "mitigation", "mitigation-actions",
    "mitigation-max-port-rules", "mitigation-max-rules",
    "mitigation-max-seconds", "mitigation-programs", "mitigation-protect",
    "netdev-class", "probe-memory-mib", "retire-ms", "ring-kib", "segments",
    "workers",
};

static const char *const bridge_known[] = { "xfsm", "xfsm-params" };

static const char *const port_known[] = {
    "xfsm", "xfsm-error", "xfsm-huge-pages", "xfsm-mirror", "xfsm-mirror-of",
    "xfsm-mitigation", "xfsm-mitigation-mirror", "xfsm-netdev-class",
    "xfsm-params", "xfsm-ring-kib", "xfsm-status", "xfsm-workers",
};

static bool
is_known(const char *key, const char *const known[], size_t n)
{
    size_t i;

    for (i = 0; i < n; i++) {
        if (!strcmp(key, known[i])) {
            return true;
        }
    }
    return false;
}

void
xfsm_known_keys_check_options(const struct smap *options, struct ds *errors)
{
    const struct smap_node **nodes = smap_sort(options);
    size_t i;

    for (i = 0; i < smap_count(options); i++) {
        if (!is_known(nodes[i]->key, options_known,
                      ARRAY_SIZE(options_known))) {
            ds_put_format(errors, "%sthere is no option \"%.64s\"",
                          errors->length ? "; " : "", nodes[i]->key);
        }
    }
    free(nodes);
}

/* Adds keys of 'ids' to 'note'. */
static void
note_unknown(const struct smap *ids, const char *where,
             const char *const known[], size_t n_known, struct ds *note)
{
    const struct smap_node **nodes = smap_sort(ids);
    size_t i;
    int n = 0;

    for (i = 0; i < smap_count(ids) && n < NOTE_MAX; i++) {
        const char *key = nodes[i]->key;

        if (!strncmp(key, OURS, strlen(OURS))
            && !is_known(key, known, n_known)) {
            ds_put_format(note, "%sexternal_ids:%.64s of the %s has no effect",
                          note->length ? "; " : "", key, where);
            n++;
        }
    }
    free(nodes);
}

char *
xfsm_known_keys_note(const struct smap *bridge, const struct smap *port)
{
    struct ds note = DS_EMPTY_INITIALIZER;

    note_unknown(port, "port", port_known, ARRAY_SIZE(port_known), &note);
    note_unknown(bridge, "bridge", bridge_known, ARRAY_SIZE(bridge_known),
                 &note);
    return note.length ? ds_steal_cstr(&note) : NULL;
}

const bool *
xfsm_known_keys_truth(const char *value)
{
    static const bool values[] = { false, true };

    return (!strcmp(value, "true") ? &values[true]
            : !strcmp(value, "false") ? &values[false] : NULL);
}
