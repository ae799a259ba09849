/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef OVS_PLUGIN_COUNTERS_H
#define OVS_PLUGIN_COUNTERS_H 1

/* Named counters that a worker told the agent, in the shape of an OVSDB map
 * from string to integer.
 *
 * A worker cannot make it grow without bounds: at most XFSM_COUNTERS_MAX are
 * kept.  Names are made valid text for OVSDB.
 *
 * Thread-safety: none needed, all is done by the agent's one thread. */

#include <stddef.h>
#include <stdint.h>

#define XFSM_COUNTERS_MAX 1024

struct xfsm_counters {
    char **names;
    int64_t *values;
    size_t n, allocated;
};

#define XFSM_COUNTERS_INITIALIZER { NULL, NULL, 0, 0 }

void xfsm_counters_clear(struct xfsm_counters *);
void xfsm_counters_destroy(struct xfsm_counters *);

/* Adds a counter; if there is one of that name, adds to it. */
void xfsm_counters_add(struct xfsm_counters *, const char *name,
                       uint64_t value);

/* Returns the value of a counter, 0 if there is none of that name. */
int64_t xfsm_counters_get(const struct xfsm_counters *, const char *name);

/* Makes 's' valid text for OVSDB: where it is not UTF-8, everything that is
 * not printable ASCII becomes '?'. */
void xfsm_text_sanitize(char *s);

#endif /* ovs-plugin/counters.h */
