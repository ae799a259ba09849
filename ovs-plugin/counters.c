/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include <config.h>
#include "ovsdb-schema/ovs-compat.h"

#include "ovs-plugin/counters.h"

#include "unicode.h"
#include "util.h"

void
xfsm_counters_clear(struct xfsm_counters *c)
{
    while (c->n) {
        free(c->names[--c->n]);
    }
}

void
xfsm_counters_destroy(struct xfsm_counters *c)
{
    xfsm_counters_clear(c);
    free(c->names);
    free(c->values);
    *c = (struct xfsm_counters) XFSM_COUNTERS_INITIALIZER;
}

static int64_t *
find(const struct xfsm_counters *c, const char *name)
{
    size_t i;

    for (i = 0; i < c->n; i++) {
        if (!strcmp(c->names[i], name)) {
            return &c->values[i];
        }
    }
    return NULL;
}

void
xfsm_counters_add(struct xfsm_counters *c, const char *name, uint64_t value)
{
    int64_t limited = MIN(value, INT64_MAX);
    int64_t *old = find(c, name);

    if (old) {
        *old = limited > INT64_MAX - *old ? INT64_MAX : *old + limited;
        return;
    }
    if (c->n >= XFSM_COUNTERS_MAX) {
        return;
    }
    if (c->n >= c->allocated) {
        c->allocated = c->allocated ? 2 * c->allocated : 64;
        c->names = xrealloc(c->names, c->allocated * sizeof *c->names);
        c->values = xrealloc(c->values, c->allocated * sizeof *c->values);
    }
    c->names[c->n] = xstrdup(name);
    xfsm_text_sanitize(c->names[c->n]);
    c->values[c->n++] = limited;
}

int64_t
xfsm_counters_get(const struct xfsm_counters *c, const char *name)
{
    const int64_t *value = find(c, name);

    return value ? *value : 0;
}

void
xfsm_text_sanitize(char *s)
{
    char *error = utf8_validate(s, NULL);
    char *p;

    for (p = s; error && *p; p++) {
        if (*p < ' ' || *p > '~') {
            *p = '?';
        }
    }
    free(error);
}
