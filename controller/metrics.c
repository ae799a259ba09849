/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include <config.h>
#include "ovsdb-schema/ovs-compat.h"

#include "controller/metrics.h"

#include <inttypes.h>
#include <string.h>

#include "openvswitch/dynamic-string.h"
#include "util.h"

static const struct {
    const char *name;
    enum xfsm_metric_type type;
    const char *labels;
    const char *doc;
} families[] = {
#define FAMILY(ID, TYPE, NAME, LABELS, DOC) \
    { NAME, XFSM_METRIC_##TYPE, LABELS, DOC },
    XFSM_METRICS(FAMILY)
#undef FAMILY
};

/* Returns what samples have at their end, beyond the family's name. */
static const char *
suffix(enum xfsm_metric_type type)
{
    return (type == XFSM_METRIC_COUNTER ? "_total"
            : type == XFSM_METRIC_INFO ? "_info" : "");
}

/* Returns what a family is called in the format that is spoken. */
static const char *
type_name(const struct xfsm_metrics *m, enum xfsm_metric_type type)
{
    return (type == XFSM_METRIC_COUNTER ? "counter"
            : type == XFSM_METRIC_INFO && m->openmetrics ? "info" : "gauge");
}

void
xfsm_metrics_begin_named(struct xfsm_metrics *m, const char *name,
                         enum xfsm_metric_type type, const char *labels,
                         const char *doc)
{
    const char *end = m->openmetrics ? "" : suffix(type);

    m->name = name;
    m->type = type;
    m->labels = labels;
    ds_put_format(m->ds, "# HELP %s%s %s.\n# TYPE %s%s %s\n", name, end, doc,
                  name, end, type_name(m, type));
}

void
xfsm_metrics_begin(struct xfsm_metrics *m, enum xfsm_metric id)
{
    xfsm_metrics_begin_named(m, families[id].name, families[id].type,
                             families[id].labels, families[id].doc);
}

static void
put_value_of_label(struct ds *ds, const char *s)
{
    for (; *s; s++) {
        if (*s == '\n') {
            ds_put_cstr(ds, "\\n");
            continue;
        } else if (*s == '"' || *s == '\\') {
            ds_put_char(ds, '\\');
        }
        ds_put_char(ds, *s);
    }
}

/* Puts name and labels of a sample, and a space. */
static void
put_head(struct xfsm_metrics *m, const char *const labels[])
{
    const char *name = m->labels;
    int i;

    ds_put_format(m->ds, "%s%s", m->name, suffix(m->type));
    for (i = 0; *name; i++) {
        size_t n = strcspn(name, ",");

        ovs_assert(i < XFSM_METRICS_MAX_LABELS);
        ds_put_format(m->ds, "%c%.*s=\"", i ? ',' : '{', (int) n, name);
        put_value_of_label(m->ds, labels[i]);
        ds_put_char(m->ds, '"');
        name += n + (name[n] == ',');
    }
    ds_put_cstr(m->ds, i ? "} " : " ");
}

void
xfsm_metrics_put(struct xfsm_metrics *m, uint64_t value,
                 const char *const labels[])
{
    put_head(m, labels);
    ds_put_format(m->ds, "%"PRIu64"\n", value);
}

void
xfsm_metrics_put_ms(struct xfsm_metrics *m, int64_t ms,
                    const char *const labels[])
{
    uint64_t size = ms < 0 ? -(uint64_t) ms : (uint64_t) ms;

    put_head(m, labels);
    ds_put_format(m->ds, "%s%"PRIu64".%03"PRIu64"\n", ms < 0 ? "-" : "",
                  size / 1000, size % 1000);
}

void
xfsm_metrics_put_one(struct xfsm_metrics *m, enum xfsm_metric id,
                     uint64_t value)
{
    xfsm_metrics_begin(m, id);
    xfsm_metrics_put(m, value, NULL);
}

void
xfsm_metrics_end(struct xfsm_metrics *m)
{
    if (m->openmetrics) {
        ds_put_cstr(m->ds, "# EOF\n");
    }
}
