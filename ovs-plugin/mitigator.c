/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include <config.h>
#include "ovsdb-schema/ovs-compat.h"

#include "ovs-plugin/mitigator.h"

#include <inttypes.h>

#include "lib/vswitch-idl.h"
#include "openvswitch/dynamic-string.h"
#include "openvswitch/list.h"
#include "openvswitch/poll-loop.h"
#include "ovs-plugin/bridge.h"
#include "ovs-plugin/counters.h"
#include "ovs-plugin/mitigation-plan.h"
#include "ovs-plugin/mitigation-report.h"
#include "ovs-plugin/mitigation-rules.h"
#include "ovs-plugin/mitigation-switch.h"
#include "ovs-plugin/monitor.h"
#include "random.h"
#include "smap.h"
#include "timeval.h"
#include "util.h"
#include "xfsm/io/event-decode.h"

/* A switch counts whole seconds, so its flow may live this much longer. */
#define GRACE_MS 1500

/* A bridge, while we have something to do with it. */
struct bridge {
    struct mitigation_switch *sw;
    long long int used;         /* When there was a rule last. */
};

struct xfsm_mitigator {
    struct mitigator_options options;
    struct mitigation_books books;
    struct shash bridges;       /* struct bridge, by name. */
    bool clean_all;             /* Before anything else, in all bridges. */
    struct mitigation_report report;
    struct {
#define COUNTER_MEMBER(NAME, DOC) uint64_t NAME;
        MITIGATION_COUNTERS(COUNTER_MEMBER)
#undef COUNTER_MEMBER
    } n;
    uint64_t refused[MITIGATION_N_REFUSALS];
};

static void
refuse(struct xfsm_mitigator *mt, const struct xfsm_monitor *m,
       const char *program, enum mitigation_refusal why)
{
    mt->n.refused++;
    mt->refused[why]++;
    mitigation_report_refusal(&mt->report, m->want.bridge, m->interface,
                              program, why);
}

/* ## The policy ## */

static enum xfsm_mitigation_mode
get_mode(const struct xfsm_mitigator *mt, const struct xfsm_monitor *m)
{
    return (!m->wanted || mt->options.error ? XFSM_MITIGATION_OFF
            : m->want.mitigation ? m->want.mitigation : mt->options.mode);
}

static uint32_t
get_number(const struct ovsrec_interface *row)
{
    return row && row->n_ofport && row->ofport[0] > 0 ? row->ofport[0] : 0;
}

/* Returns the ports of the bridge that copies may go to, which the caller
 * frees, and stores their number in '*np'. */
static struct mitigation_port *
get_mirrors(const struct ovsrec_bridge *bridge, size_t *np)
{
    struct mitigation_port *ports = NULL;
    size_t allocated = 0, i;

    *np = 0;
    for (i = 0; bridge && i < bridge->n_ports; i++) {
        const struct ovsrec_port *port = bridge->ports[i];

        if (port->n_interfaces == 1
            && smap_get_bool(&port->external_ids, MITIGATION_MIRROR_KEY,
                             false)) {
            if (*np >= allocated) {
                ports = x2nrealloc(ports, &allocated, sizeof *ports);
            }
            ports[(*np)++] = (struct mitigation_port) {
                .name = port->name,
                .number = get_number(port->interfaces[0]),
            };
        }
    }
    return ports;
}

/* Returns what the operator allows to programs of a monitor; 'program' is not
 * filled in, and ports that copies may go to only with 'mirrorsp', where they
 * are stored for the caller to free. */
static struct mitigation_policy
get_policy(const struct xfsm_mitigator *mt, const struct xfsm_monitor *m,
           struct ovsdb_idl *idl, struct mitigation_port **mirrorsp)
{
    const struct mitigator_options *o = &mt->options;
    const struct ovsrec_bridge *bridge = xfsm_bridge_find(idl, m->want.bridge);
    struct mitigation_policy policy = {
        .enforce = get_mode(mt, m) == XFSM_MITIGATION_ENFORCE,
        .actions = o->actions,
        .max_seconds = o->max_seconds,
        .max_rules = o->max_rules,
        .rules_per_minute = MITIGATION_PER_MINUTE,
        .max_port_rules = o->max_port_rules,
        .port_rules_per_minute = MITIGATION_PORT_PER_MINUTE,
        .n_prefixes = o->n_prefixes,
        .prefixes = o->prefixes,
        .n_macs = o->n_macs,
        .macs = o->macs,
    };

    /* A bridge with a slash has no socket that could be named. */
    policy.in_port = strchr(m->want.bridge, '/') ? 0 : get_number(
        ovsrec_interface_get_for_uuid(idl, &m->want.uuid));
    policy.normal = (bridge && !bridge->n_controller
                     && (!bridge->fail_mode
                         || !strcmp(bridge->fail_mode, "standalone")));
    if (mirrorsp) {
        *mirrorsp = get_mirrors(bridge, &policy.n_mirrors);
        policy.mirrors = *mirrorsp;
    }
    return policy;
}

static bool
may_ask(const struct xfsm_mitigator *mt, const char *program)
{
    return sset_is_empty(&mt->options.programs)
           || sset_contains(&mt->options.programs, program);
}

/* Would the rule be planned the same now? */
static bool
is_still_planned(const struct xfsm_mitigator *mt,
                 const struct mitigation_rule *rule,
                 const struct xfsm_monitor *m, struct ovsdb_idl *idl)
{
    struct mitigation_usage unused = { .next_id = rule->id };
    bool is_mirror = rule->flow.action == XFSM_MIT_MIRROR;
    struct mitigation_port *mirrors = NULL;
    struct mitigation_policy policy = get_policy(mt, m, idl,
                                                 is_mirror ? &mirrors : NULL);
    struct mitigation_flow flow;
    bool same;

    policy.program = may_ask(mt, rule->program);
    same = (!strcmp(rule->bridge, m->want.bridge)
            && uuid_equals(&rule->uuid, &m->want.uuid)
            && !mitigation_plan(&rule->request, &policy, &unused, &flow)
            && flow.dry_run == rule->flow.dry_run
            && flow.in_port == rule->flow.in_port
            && flow.output == rule->flow.output
            && flow.hard_timeout >= rule->flow.hard_timeout);
    free(mirrors);
    return same;
}

/* ## Requests ## */

static struct bridge *
get_bridge(struct xfsm_mitigator *mt, const char *name)
{
    struct bridge *bridge = shash_find_data(&mt->bridges, name);

    if (!bridge) {
        bridge = xmalloc(sizeof *bridge);
        bridge->sw = mitigation_switch_create(name);
        bridge->used = time_msec();
        shash_add(&mt->bridges, name, bridge);
    }
    return bridge;
}

static void
handle_request(struct xfsm_mitigator *mt, const struct xfsm_monitor *m,
               const struct mitigation_policy *policy, const char *program,
               const struct mitigation_request *request)
{
    struct mitigation_usage usage = mitigation_books_usage(
        &mt->books, m->interface, !policy->enforce, time_msec());
    struct mitigation_usage unused = { .next_id = usage.next_id };
    struct mitigation_flow flow;
    struct mitigation_rule *rule;
    enum mitigation_refusal why;
    char *key;

    /* What there is already takes no more room. */
    why = mitigation_plan(request, policy, &unused, &flow);
    if (why) {
        refuse(mt, m, program, why);
        return;
    }
    key = mitigation_key(&flow, m->want.bridge);
    why = mitigation_plan(request, policy, &usage, &flow);
    if (mitigation_books_has(&mt->books, key, flow.dry_run)) {
        mt->n.repeated++;
    } else if (why) {
        refuse(mt, m, program, why);
    } else {
        rule = mitigation_books_add(&mt->books, request, &flow, m->interface,
                                    m->want.bridge, program, time_msec());
        rule->uuid = m->want.uuid;
        if (flow.dry_run) {
            mt->n.dry_run++;
        } else {
            mitigation_switch_add(get_bridge(mt, rule->bridge)->sw, &flow);
        }
        mitigation_report_rule(&mt->report, rule,
                               flow.dry_run ? "dry run" : "installing");
    }
    free(key);
}

static void
take_request(struct xfsm_mitigator *mt, const struct xfsm_monitor *m,
             struct mitigation_policy *policy, const char *json)
{
    struct mitigation_request request;
    struct xfsm_event_view view;
    char program[XFSM_MAX_NAME + 1];

    mt->n.asked++;
    if (get_mode(mt, m) == XFSM_MITIGATION_OFF) {
        mt->n.off++;
    } else if (!xfsm_event_decode(json, strlen(json), &view)
               || !view.program.p || view.program.len >= sizeof program
               || !mitigation_request_decode(&view, &request)) {
        refuse(mt, m, "?", MITIGATION_REFUSED_MALFORMED);
    } else {
        xfsm_event_unescape(view.program, program, sizeof program);
        policy->program = may_ask(mt, program);
        handle_request(mt, m, policy, program, &request);
    }
}

void
xfsm_mitigator_take(struct xfsm_mitigator *mt, struct xfsm_monitor *m,
                    struct ovsdb_idl *idl)
{
    struct mitigation_policy policy;
    struct mitigation_port *mirrors;
    size_t i;

    mt->n.lost += m->requests_lost;
    m->requests_lost = 0;
    if (m->requests.n) {
        policy = get_policy(mt, m, idl, &mirrors);
        for (i = 0; i < m->requests.n; i++) {
            take_request(mt, m, &policy, m->requests.names[i]);
        }
        svec_clear(&m->requests);
        free(mirrors);
    }
}

/* ## Rules ## */

/* Removes the rule, and its flow if it is in the switch. */
static void
end_rule(struct xfsm_mitigator *mt, struct mitigation_rule *rule,
         const char *outcome)
{
    struct bridge *bridge = shash_find_data(&mt->bridges, rule->bridge);

    if (bridge && !rule->flow.dry_run) {
        mitigation_switch_delete(bridge->sw, &rule->flow);
        bridge->used = time_msec();
    }
    mitigation_report_rule(&mt->report, rule, outcome);
    mitigation_rule_destroy(rule);
}

static void
fail_rule(struct xfsm_mitigator *mt, struct mitigation_rule *rule,
          const char *error)
{
    char *outcome = xasprintf("failed (%s)", error);

    mt->n.failed++;
    end_rule(mt, rule, outcome);
    free(outcome);
}

static void
handle_outcome(uint32_t id, const char *error, void *mt_)
{
    struct xfsm_mitigator *mt = mt_;
    struct mitigation_rule *rule = mitigation_books_find(&mt->books, id);

    if (!rule) {
        return;
    } else if (error) {
        fail_rule(mt, rule, error);
    } else if (!rule->installed) {
        rule->installed = true;
        rule->until = time_msec() + rule->flow.hard_timeout * 1000LL;
        mt->n.installed++;
        mitigation_report_rule(&mt->report, rule, "installed");
    }
}

/* Ends rules that are over, and those that are not to be any more. */
static void
run_rules(struct xfsm_mitigator *mt, struct ovsdb_idl *idl,
          const struct shash *monitors, bool changed)
{
    long long int now = time_msec();
    struct mitigation_rule *rule;

    LIST_FOR_EACH_SAFE (rule, node, &mt->books.rules) {
        const struct xfsm_monitor *m = shash_find_data(monitors,
                                                       rule->interface);
        bool waits = !rule->flow.dry_run && !rule->installed;

        if (!m || !m->wanted
            || (changed && !is_still_planned(mt, rule, m, idl))) {
            mt->n.withdrawn += !rule->flow.dry_run;
            end_rule(mt, rule, "withdrawn");
        } else if (waits && now >= rule->asked + MITIGATION_INSTALL_MS) {
            fail_rule(mt, rule, "the bridge does not answer, or not with "
                      "OpenFlow 1.3 or later");
        } else if (!waits && now >= rule->until + GRACE_MS) {
            mt->n.expired += !rule->flow.dry_run;
            end_rule(mt, rule, "expired");
        }
    }
}

/* ## Bridges ## */

static void
destroy_bridge(struct xfsm_mitigator *mt, struct shash_node *node)
{
    struct bridge *bridge = node->data;

    mitigation_switch_destroy(bridge->sw);
    free(bridge);
    shash_delete(&mt->bridges, node);
}

static bool
has_rules(const struct xfsm_mitigator *mt, const char *bridge)
{
    const struct mitigation_rule *rule;

    LIST_FOR_EACH (rule, node, &mt->books.rules) {
        if (!rule->flow.dry_run && !strcmp(rule->bridge, bridge)) {
            return true;
        }
    }
    return false;
}

/* Connects to all bridges, which deletes what was left there. */
static void
clean_all(struct xfsm_mitigator *mt, struct ovsdb_idl *idl)
{
    const struct ovsrec_bridge *row;

    OVSREC_BRIDGE_FOR_EACH (row, idl) {
        if (!strchr(row->name, '/')) {
            get_bridge(mt, row->name);
        }
    }
    mt->clean_all = false;
}

/* Adds to a bridge the rules that are to be there, for the time they have. */
static void
fill_bridge(struct xfsm_mitigator *mt, const char *name,
            const struct bridge *bridge)
{
    const struct mitigation_rule *rule;

    LIST_FOR_EACH (rule, node, &mt->books.rules) {
        struct mitigation_flow flow = rule->flow;
        long long int left = rule->until - time_msec();

        if (flow.dry_run || strcmp(rule->bridge, name)) {
            continue;
        } else if (rule->installed) {
            flow.hard_timeout = MIN(DIV_ROUND_UP(MAX(left, 0), 1000),
                                    flow.hard_timeout);
            flow.idle_timeout = flow.hard_timeout;
        }
        if (flow.hard_timeout) {
            mitigation_switch_add(bridge->sw, &flow);
        }
    }
}

static void
run_bridges(struct xfsm_mitigator *mt)
{
    struct shash_node *node;

    SHASH_FOR_EACH_SAFE (node, &mt->bridges) {
        struct bridge *bridge = node->data;

        if (mitigation_switch_run(bridge->sw, handle_outcome, mt)) {
            fill_bridge(mt, node->name, bridge);
        }
        if (!has_rules(mt, node->name)
            && (mitigation_switch_is_idle(bridge->sw)
                || time_msec() >= bridge->used + MITIGATION_CLEAN_MS)) {
            destroy_bridge(mt, node);
        }
    }
}

/* ## The module ## */

struct xfsm_mitigator *
xfsm_mitigator_create(uint64_t epoch)
{
    struct xfsm_mitigator *mt = xzalloc(sizeof *mt);

    mt->options.mode = XFSM_MITIGATION_OFF;
    sset_init(&mt->options.programs);
    mitigation_books_init(&mt->books, random_uint32());
    mitigation_report_init(&mt->report, epoch);
    shash_init(&mt->bridges);
    mt->clean_all = true;
    return mt;
}

void
xfsm_mitigator_destroy(struct xfsm_mitigator *mt)
{
    struct shash_node *node;

    SHASH_FOR_EACH_SAFE (node, &mt->bridges) {
        destroy_bridge(mt, node);
    }
    shash_destroy(&mt->bridges);
    mitigation_books_destroy(&mt->books);
    mitigation_report_destroy(&mt->report);
    mitigator_options_destroy(&mt->options);
    free(mt);
}

void
xfsm_mitigator_configure(struct xfsm_mitigator *mt,
                         const struct smap *options, struct ds *errors)
{
    mitigator_options_destroy(&mt->options);
    mitigator_options_init(&mt->options, options);
    if (mt->options.error) {
        ds_put_format(errors, "%s%s; mitigation is off",
                      errors->length ? "; " : "", mt->options.error);
    }
}

void
xfsm_mitigator_run(struct xfsm_mitigator *mt, struct ovsdb_idl *idl,
                   const struct shash *monitors, bool changed)
{
    if (mt->clean_all) {
        clean_all(mt, idl);
    }
    run_rules(mt, idl, monitors, changed);
    run_bridges(mt);
}

void
xfsm_mitigator_publish(struct xfsm_mitigator *mt, struct xfsm_hub_link *hub,
                       const char *host)
{
    mitigation_report_run(&mt->report, hub, host);
}

void
xfsm_mitigator_stop(struct xfsm_mitigator *mt)
{
    struct mitigation_rule *rule;
    struct shash_node *node;

    LIST_FOR_EACH_SAFE (rule, node, &mt->books.rules) {
        mt->n.withdrawn += !rule->flow.dry_run;
        end_rule(mt, rule, "withdrawn");
    }
    SHASH_FOR_EACH_SAFE (node, &mt->bridges) {
        destroy_bridge(mt, node);
    }
    mt->clean_all = true;
}

void
xfsm_mitigator_wait(const struct xfsm_mitigator *mt)
{
    const struct mitigation_rule *rule;
    const struct shash_node *node;

    SHASH_FOR_EACH (node, &mt->bridges) {
        const struct bridge *bridge = node->data;

        mitigation_switch_wait(bridge->sw);
        if (!has_rules(mt, node->name)) {
            poll_timer_wait_until(bridge->used + MITIGATION_CLEAN_MS);
        }
    }
    mitigation_report_wait(&mt->report);
    LIST_FOR_EACH (rule, node, &mt->books.rules) {
        bool waits = !rule->flow.dry_run && !rule->installed;

        poll_timer_wait_until(waits ? rule->asked + MITIGATION_INSTALL_MS
                              : rule->until + GRACE_MS);
    }
}

void
xfsm_mitigator_count(const struct xfsm_mitigator *mt,
                     struct xfsm_counters *counters)
{
    int i;

#define ADD_COUNTER(NAME, DOC) \
    xfsm_counters_add(counters, "mitigation_" #NAME, mt->n.NAME);
    MITIGATION_COUNTERS(ADD_COUNTER)
#undef ADD_COUNTER
    for (i = 0; i < MITIGATION_N_REFUSALS; i++) {
        if (mt->refused[i]) {
            char *name = xasprintf("mitigation_refused_%s",
                                   mitigation_refusal_names[i]);

            xfsm_counters_add(counters, name, mt->refused[i]);
            free(name);
        }
    }
}

static void
format_rule(const struct mitigation_rule *rule, struct ds *s)
{
    char text[MITIGATION_TEXT_MAX];

    mitigation_flow_format(&rule->flow, text);
    ds_put_format(s, "    %s: %s: %s: %s, %lld s left: %s\n", rule->bridge,
                  rule->interface, rule->program,
                  rule->flow.dry_run ? "dry run"
                  : rule->installed ? "installed" : "installing",
                  MAX(rule->until - time_msec(), 0) / 1000, text);
    if (rule->flow.meter) {
        mitigation_meter_format(&rule->flow, text);
        ds_put_format(s, "        %s\n", text);
    }
}

void
xfsm_mitigator_format(const struct xfsm_mitigator *mt, struct ds *s)
{
    struct xfsm_counters counters = XFSM_COUNTERS_INITIALIZER;
    const struct mitigation_rule *rule;
    size_t i;

    xfsm_mitigator_count(mt, &counters);
    for (i = 0; i < counters.n; i++) {
        ds_put_format(s, "%s %"PRId64"\n", counters.names[i],
                      counters.values[i]);
    }
    xfsm_counters_destroy(&counters);
    ds_put_cstr(s, "rules:\n");
    LIST_FOR_EACH (rule, node, &mt->books.rules) {
        format_rule(rule, s);
    }
    mitigation_report_format(&mt->report, s);
}
