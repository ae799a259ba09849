/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include <config.h>
#include "ovsdb-schema/ovs-compat.h"

#include "ovs-plugin/mitigation-report.h"

#include <string.h>

#include "openvswitch/dynamic-string.h"
#include "openvswitch/vlog.h"
#include "ovs-plugin/hub-link.h"
#include "ovs-plugin/mitigation-rules.h"
#include "ovs-plugin/probe-publish.h"
#include "timeval.h"
#include "util.h"

VLOG_DEFINE_THIS_MODULE(mitigation);

/* Of refusals: one a second, and so many at once.  Tokens are milliseconds. */
#define REFUSAL_TOKENS 1000
#define REFUSAL_BURST (60 * REFUSAL_TOKENS)

void
mitigation_report_init(struct mitigation_report *r, uint64_t epoch)
{
    *r = (struct mitigation_report) {
        .identity = {
            .host = xstrdup(""), .bridge = "ovs-xfsmd", .port = "mitigation",
            .epoch = epoch,
        },
    };
    token_bucket_init(&r->tokens, 1, REFUSAL_BURST);
}

/* ## Lists ## */

static void
history_add(struct mitigation_history *h, const char *line)
{
    char **entry = &h->entries[h->next++ % MITIGATION_HISTORY];
    char *now = xastrftime_msec("%Y-%m-%dT%H:%M:%S.###Z", time_wall_msec(),
                                true);

    free(*entry);
    *entry = xasprintf("%s %s", now, line);
    free(now);
}

static void
history_format(const struct mitigation_history *h, struct ds *s)
{
    size_t i;

    for (i = 0; i < MITIGATION_HISTORY; i++) {
        const char *entry = h->entries[(h->next + i) % MITIGATION_HISTORY];

        if (entry) {
            ds_put_format(s, "    %s\n", entry);
        }
    }
}

static void
history_destroy(struct mitigation_history *h)
{
    size_t i;

    for (i = 0; i < MITIGATION_HISTORY; i++) {
        free(h->entries[i]);
    }
}

void
mitigation_report_format(const struct mitigation_report *r, struct ds *s)
{
    ds_put_cstr(s, "what became of the last rules:\n");
    history_format(&r->rules, s);
    ds_put_cstr(s, "last refusals:\n");
    history_format(&r->refusals, s);
}

void
mitigation_report_destroy(struct mitigation_report *r)
{
    history_destroy(&r->rules);
    history_destroy(&r->refusals);
    if (r->publisher) {
        xfsm_publisher_destroy(r->publisher);
        free(r->publisher);
    }
    free(CONST_CAST(char *, r->identity.host));
}

/* ## Events ## */

static void
publish(struct mitigation_report *r, const char *program, const char *line,
        const struct xfsm_event_field *fields, int n_fields)
{
    const struct xfsm_event event = {
        .ts = time_wall_msec() * UINT64_C(1000000),
        .program = program,
        .label = MITIGATION_LABEL,
        .text = line,
        .text_len = MIN(strlen(line), XFSM_EVENT_TEXT_MAX),
        .n_fields = n_fields,
        .fields = fields,
    };

    if (!r->publisher) {
        r->publisher = xmalloc(sizeof *r->publisher);
        xfsm_publisher_init(r->publisher, &r->identity, -1, -1);
    }
    xfsm_publisher_publish(r->publisher, &event);
}

static struct xfsm_event_field
field(const char *name, const char *value)
{
    return (struct xfsm_event_field) {
        .name = name, .value = value, .len = strlen(value),
    };
}

void
mitigation_report_run(struct mitigation_report *r, struct xfsm_hub_link *hub,
                      const char *host)
{
    if (strcmp(r->identity.host, host)) {
        free(CONST_CAST(char *, r->identity.host));
        r->identity.host = xstrdup(host);
    }
    if (!r->publisher) {
        return;
    }
    if (hub->generation && hub->generation != r->hub_generation) {
        int sock = xfsm_hub_link_join(hub, r->identity.bridge);

        if (sock >= 0) {
            xfsm_publisher_set_socket(r->publisher, sock);
            r->hub_generation = hub->generation;
        }
    }
    xfsm_publisher_run(r->publisher);
}

void
mitigation_report_wait(const struct mitigation_report *r)
{
    if (r->publisher) {
        xfsm_publisher_wait(r->publisher);
    }
}

/* ## Reports ## */

void
mitigation_report_rule(struct mitigation_report *r,
                       const struct mitigation_rule *rule,
                       const char *outcome)
{
    char text[MITIGATION_TEXT_MAX];
    struct xfsm_event_field fields[] = {
        field("outcome", outcome), field("bridge", rule->bridge),
        field("interface", rule->interface),
        field("action", xfsm_mitigation_names[rule->flow.action]),
        { .name = "flow" },
    };
    char *line;

    mitigation_flow_format(&rule->flow, text);
    fields[ARRAY_SIZE(fields) - 1] = field("flow", text);
    line = xasprintf("%s: %s: %s: %s: %s", rule->bridge, rule->interface,
                     rule->program, outcome, text);
    VLOG_INFO("%s", line);
    history_add(&r->rules, line);
    publish(r, rule->program, line, fields, ARRAY_SIZE(fields));
    free(line);
}

void
mitigation_report_refusal(struct mitigation_report *r, const char *bridge,
                          const char *interface, const char *program,
                          enum mitigation_refusal why)
{
    char *outcome = xasprintf("refused (%s)", mitigation_refusal_names[why]);
    char *line = xasprintf("%s: %s: %s: %s: %s", bridge, interface, program,
                           outcome, mitigation_refusal_docs[why]);
    const struct xfsm_event_field fields[] = {
        field("outcome", outcome), field("bridge", bridge),
        field("interface", interface),
    };

    history_add(&r->refusals, line);
    if (token_bucket_withdraw(&r->tokens, REFUSAL_TOKENS)) {
        VLOG_INFO("%s", line);
        publish(r, program, line, fields, ARRAY_SIZE(fields));
    }
    free(line);
    free(outcome);
}
