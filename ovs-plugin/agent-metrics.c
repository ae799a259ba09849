/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include <config.h>
#include "ovsdb-schema/ovs-compat.h"

#include "ovs-plugin/agent-metrics.h"

#include "openvswitch/dynamic-string.h"
#include "ovs-plugin/agent.h"
#include "ovs-plugin/hub-metrics.h"
#include "ovs-plugin/probe-counters.h"
#include "sset.h"
#include "util.h"

/* Names come from processes that read what attackers send.  One with a suffix
 * that has a meaning in the format is none of ours, either. */
static bool
is_name(const char *name)
{
    static const char *const suffixes[] = {
        "_total", "_created", "_info", "_bucket", "_count", "_sum",
    };
    size_t len = strlen(name);
    size_t i;

    for (i = 0; i < ARRAY_SIZE(suffixes); i++) {
        size_t n = strlen(suffixes[i]);

        if (len >= n && !strcmp(name + len - n, suffixes[i])) {
            return false;
        }
    }
    return len && strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_") == len;
}

/* NAME="VALUE", escaped. */
static void
put_label(struct ds *s, const char *name, const char *value)
{
    ds_put_format(s, "%s=\"", name);
    for (; *value; value++) {
        if (*value == '\n') {
            ds_put_cstr(s, "\\n");
        } else {
            if (*value == '"' || *value == '\\') {
                ds_put_char(s, '\\');
            }
            ds_put_char(s, *value);
        }
    }
    ds_put_char(s, '"');
}

static void
put_port(struct ds *s, const struct xfsm_monitor *m)
{
    put_label(s, "bridge", m->want.bridge);
    ds_put_char(s, ',');
    put_label(s, "port", m->want.port);
    ds_put_char(s, ',');
    put_label(s, "interface", m->interface);
}

static void
put_type(struct ds *s, const char *name, bool gauge, const char *doc)
{
    if (doc[0]) {
        ds_put_format(s, "# HELP xfsm_probe_%s %s.\n", name, doc);
    }
    ds_put_format(s, "# TYPE xfsm_probe_%s %s\n", name,
                  gauge ? "gauge" : "counter");
}

static void
put_sample(struct ds *s, const struct xfsm_monitor *m, const char *name,
           bool gauge, int64_t value)
{
    ds_put_format(s, "xfsm_probe_%s%s{", name, gauge ? "" : "_total");
    put_port(s, m);
    ds_put_format(s, "} %"PRId64"\n", MAX(value, 0));
}

/* The place of 'name' in 'c', or 'c->n'.  Probes list their counters in one
 * order, so it is likely to be at 'hint'. */
static size_t
find(const struct xfsm_counters *c, const char *name, size_t hint)
{
    size_t i;

    if (hint < c->n && !strcmp(c->names[hint], name)) {
        return hint;
    }
    for (i = 0; i < c->n && strcmp(c->names[i], name); i++) {
        continue;
    }
    return i;
}

/* What all probes have to say about the counter 'name', which is the 'i'th of
 * some probe. */
static void
put_family(struct ds *s, const struct shash_node **nodes, size_t n,
           const char *name, size_t i)
{
    bool gauge = xfsm_probe_counter_is_gauge(name);
    size_t j;

    put_type(s, name, gauge, xfsm_probe_counter_doc(name));
    for (j = 0; j < n; j++) {
        const struct xfsm_monitor *m = nodes[j]->data;
        size_t at = find(&m->stats, name, i);

        if (m->wanted && at < m->stats.n) {
            put_sample(s, m, name, gauge, m->stats.values[at]);
        }
    }
}

static void
put_counters(struct ds *s, const struct shash_node **nodes, size_t n)
{
    struct sset seen = SSET_INITIALIZER(&seen);
    size_t i, j;

    for (j = 0; j < n; j++) {
        const struct xfsm_monitor *m = nodes[j]->data;

        for (i = 0; m->wanted && i < m->stats.n; i++) {
            const char *name = m->stats.names[i];

            if (is_name(name) && sset_add(&seen, name)) {
                put_family(s, nodes, n, name, i);
            }
        }
    }
    sset_destroy(&seen);
}

static void
put_up(struct ds *s, const struct xfsm_monitor *m)
{
    put_sample(s, m, "up", true, m->status == XFSM_MONITOR_RUNNING);
}

static void
put_restarts(struct ds *s, const struct xfsm_monitor *m)
{
    put_sample(s, m, "restarts", false, m->worker.restarts);
}

/* Keys by state. */
static void
put_state_keys(struct ds *s, const struct xfsm_monitor *m)
{
    size_t i;

    for (i = 0; i < m->state_keys.n; i++) {
        char *program = xstrdup(m->state_keys.names[i]);
        char *slash = strchr(program, '/');

        if (slash) {
            *slash = '\0';
            ds_put_cstr(s, "xfsm_probe_state_keys{");
            put_port(s, m);
            ds_put_char(s, ',');
            put_label(s, "program", program);
            ds_put_char(s, ',');
            put_label(s, "state", slash + 1);
            ds_put_format(s, "} %"PRId64"\n",
                          MAX(m->state_keys.values[i], 0));
        }
        free(program);
    }
}

/* What the agent knows of the probes. */
static void
put_states(struct ds *s, const struct shash_node **nodes, size_t n)
{
    size_t j;

#define PUT_FAMILY(TYPE, NAME, DOC) \
    put_type(s, #NAME, #TYPE[0] == 'g', DOC); \
    for (j = 0; j < n; j++) { \
        const struct xfsm_monitor *m = nodes[j]->data; \
\
        if (m->wanted) { \
            put_##NAME(s, m); \
        } \
    }
    XFSM_AGENT_PROBE_METRICS(PUT_FAMILY)
#undef PUT_FAMILY
}

void
xfsm_agent_metrics_format(const struct xfsm_agent *agent, struct ds *s)
{
    const struct shash_node **nodes = shash_sort(&agent->monitors);
    const struct xfsm_counters *hub = &agent->hub.stats;
    size_t i;

    ds_put_cstr(s, "# HELP xfsm_agent " XFSM_AGENT_INFO_DOC ".\n"
                "# TYPE xfsm_agent info\nxfsm_agent_info{");
    put_label(s, "version", XFSM_VERSION);
    ds_put_char(s, ',');
    put_label(s, "host", agent->host ? agent->host : "");
    ds_put_format(s, "} 1\n# HELP xfsm_hub_up " XFSM_AGENT_HUB_UP_DOC ".\n"
                  "# TYPE xfsm_hub_up gauge\nxfsm_hub_up %d\n",
                  agent->hub.worker.state == XFSM_WORKER_READY);
    for (i = 0; i < hub->n; i++) {
        if (is_name(hub->names[i])) {
            xfsm_hub_metrics_add(hub->names[i], MAX(hub->values[i], 0), s);
        }
    }
    put_states(s, nodes, shash_count(&agent->monitors));
    put_counters(s, nodes, shash_count(&agent->monitors));
    ds_put_cstr(s, "# EOF\n");
    free(nodes);
}
