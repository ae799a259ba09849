/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include <config.h>
#include "ovsdb-schema/ovs-compat.h"

#include "ovs-plugin/hub-metrics.h"

#include "openvswitch/dynamic-string.h"
#include "ovs-plugin/hub-core.h"
#include "util.h"

struct metric {
    const char *type;
    const char *name;
    const char *doc;
};

static const struct metric *
find_metric(const char *name)
{
    static const struct metric metrics[] = {
#define METRIC(TYPE, NAME, DOC) { #TYPE, NAME, DOC },
        XFSM_HUB_METRICS(METRIC)
#undef METRIC
    };
    static const struct metric unknown = { "counter", "", NULL };
    size_t i;

    for (i = 0; i < ARRAY_SIZE(metrics); i++) {
        if (!strcmp(name, metrics[i].name)) {
            return &metrics[i];
        }
    }
    return &unknown;
}

void
xfsm_hub_metrics_add(const char *name, uint64_t value, void *ds)
{
    const struct metric *metric = find_metric(name);

    if (metric->doc) {
        ds_put_format(ds, "# HELP xfsm_hub_%s %s.\n", name, metric->doc);
    }
    ds_put_format(ds, "# TYPE xfsm_hub_%s %s\nxfsm_hub_%s%s %"PRIu64"\n",
                  name, metric->type, name,
                  metric->type[0] == 'g' ? "" : "_total", value);
}

/* Puts a name, which is escaped as in JSON, of which the format allows \\, \"
 * and \n only. */
static void
put_label(struct ds *ds, const char *s)
{
    for (; *s; s++) {
        if (*s == '\\' && s[1] && !strchr("\\\"n", s[1])) {
            ds_put_char(ds, '\\');
        } else if (*s == '\\' && s[1]) {
            ds_put_char(ds, *s++);
        }
        ds_put_char(ds, *s);
    }
}

static void
put_family(struct ds *ds, const struct xfsm_hub_core *core, const char *name,
           const char *type, size_t offset)
{
    const struct xfsm_hub_source *source;

    ds_put_format(ds, "# TYPE xfsm_probe_%s %s\n", name, type);
    HMAP_FOR_EACH (source, node, &core->sources.map) {
        uint64_t value = *(const uint64_t *) ((const char *) source + offset);

        ds_put_format(ds, "xfsm_probe_%s%s{host=\"", name,
                      type[0] == 'c' ? "_total" : "");
        put_label(ds, source->host);
        ds_put_cstr(ds, "\",bridge=\"");
        put_label(ds, source->bridge);
        ds_put_cstr(ds, "\",port=\"");
        put_label(ds, source->port);
        ds_put_format(ds, "\"} %"PRIu64"\n", value);
    }
}

void
xfsm_hub_metrics_add_probes(const struct xfsm_hub_core *core, struct ds *ds)
{
    put_family(ds, core, "events", "counter",
               offsetof(struct xfsm_hub_source, events));
    put_family(ds, core, "events_lost", "counter",
               offsetof(struct xfsm_hub_source, lost));
    put_family(ds, core, "events_suppressed", "counter",
               offsetof(struct xfsm_hub_source, suppressed));
    put_family(ds, core, "last_sequence", "gauge",
               offsetof(struct xfsm_hub_source, last_seq));
    put_family(ds, core, "epoch", "gauge",
               offsetof(struct xfsm_hub_source, epoch));
    ds_put_cstr(ds, "# EOF\n");
}
