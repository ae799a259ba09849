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
#include "openvswitch/vlog.h"
#include "ovs-plugin/counters.h"
#include "ovs-plugin/mitigation-plan.h"
#include "ovs-plugin/mitigation-switch.h"
#include "ovs-plugin/monitor.h"
#include "smap.h"
#include "timeval.h"
#include "util.h"
#include "xfsm/io/event-decode.h"

VLOG_DEFINE_THIS_MODULE(mitigator);

static struct vlog_rate_limit rl = VLOG_RATE_LIMIT_INIT(60, 60);

#define MINUTE_MS 60000

/* A switch counts whole seconds, so its flow may live this much longer. */
#define GRACE_MS 1500

/* A flow that is, or in a dry run would be, in the switch. */
struct rule {
    struct ovs_list node;
    uint32_t id;
    bool dry_run;
    char *interface;
    char *bridge;
    char *text;                 /* As ovs-ofctl has it. */
    char *match;                /* What is the same for the same match. */
    long long int expires;
};

struct xfsm_mitigator {
    struct mitigator_options options;
    struct ovs_list rules;      /* struct rule, oldest first. */
    struct shash switches;      /* struct mitigation_switch, by bridge. */
    uint32_t next_id;           /* Never 0. */
    long long int planned[MITIGATION_PER_MINUTE];       /* When, in a ring. */
    size_t next_planned;
    char *history[MITIGATION_HISTORY];  /* The last requests, in a ring. */
    size_t next_history;
    struct {
#define COUNTER_MEMBER(NAME, DOC) uint64_t NAME;
        MITIGATION_COUNTERS(COUNTER_MEMBER)
#undef COUNTER_MEMBER
    } n;
    uint64_t refused[MITIGATION_N_REFUSALS];
};

/* ## Rules ## */

static void
destroy_rule(struct rule *rule)
{
    ovs_list_remove(&rule->node);
    free(rule->interface);
    free(rule->bridge);
    free(rule->text);
    free(rule->match);
    free(rule);
}

/* What two flows with the same match have in common. */
static char *
format_match(const struct mitigation_flow *flow, const char *bridge)
{
    struct mitigation_flow plain = *flow;
    char text[MITIGATION_TEXT_MAX];
    char *actions;

    plain.cookie = 0;
    plain.idle_timeout = plain.hard_timeout = 0;
    mitigation_flow_format(&plain, text);
    actions = strstr(text, ",actions=");
    if (actions) {
        *actions = '\0';
    }
    return xasprintf("%s %s", bridge, text);
}

static bool
has_match(const struct xfsm_mitigator *mt, const char *match, bool dry_run)
{
    const struct rule *rule;

    LIST_FOR_EACH (rule, node, &mt->rules) {
        if (rule->dry_run == dry_run && !strcmp(rule->match, match)) {
            return true;
        }
    }
    return false;
}

static struct mitigation_usage
get_usage(const struct xfsm_mitigator *mt, bool dry_run)
{
    struct mitigation_usage usage = { .next_id = mt->next_id };
    long long int since = time_msec() - MINUTE_MS;
    const struct rule *rule;
    size_t i;

    LIST_FOR_EACH (rule, node, &mt->rules) {
        usage.n_rules += rule->dry_run == dry_run;
    }
    for (i = 0; i < MITIGATION_PER_MINUTE; i++) {
        usage.n_last_minute += mt->planned[i] && mt->planned[i] > since;
    }
    return usage;
}

/* Remembers what became of a request. */
static void
note(struct xfsm_mitigator *mt, const struct xfsm_monitor *m, char *outcome)
{
    char **entry = &mt->history[mt->next_history++ % MITIGATION_HISTORY];

    free(*entry);
    *entry = xasprintf("%s: %s", m->interface, outcome);
    VLOG_INFO_RL(&rl, "%s", *entry);
    free(outcome);
}

static void
add_rule(struct xfsm_mitigator *mt, const struct xfsm_monitor *m,
         const struct mitigation_flow *flow, char *match)
{
    char text[MITIGATION_TEXT_MAX];
    struct rule *rule = xmalloc(sizeof *rule);

    mitigation_flow_format(flow, text);
    *rule = (struct rule) {
        .id = mt->next_id,
        .dry_run = flow->dry_run,
        .interface = xstrdup(m->interface),
        .bridge = xstrdup(m->want.bridge),
        .text = xstrdup(text),
        .match = match,
        .expires = time_msec() + flow->hard_timeout * 1000LL + GRACE_MS,
    };
    ovs_list_push_back(&mt->rules, &rule->node);
    mt->next_id = mt->next_id == UINT32_MAX ? 1 : mt->next_id + 1;
    mt->planned[mt->next_planned++ % MITIGATION_PER_MINUTE] = time_msec();
    if (flow->dry_run) {
        mt->n.dry_run++;
        note(mt, m, xasprintf("dry run: %s", text));
    } else {
        struct mitigation_switch *sw = shash_find_data(&mt->switches,
                                                       rule->bridge);

        if (!sw) {
            sw = mitigation_switch_create(rule->bridge);
            shash_add(&mt->switches, rule->bridge, sw);
        }
        /* It may wait for the connection. */
        rule->expires += MITIGATION_SEND_MS;
        mitigation_switch_add(sw, rule->id, text);
        note(mt, m, xasprintf("installing: %s", text));
    }
}

/* ## Requests ## */

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
get_mirrors(struct ovsdb_idl *idl, const char *name, size_t *np)
{
    struct mitigation_port *ports = NULL;
    const struct ovsrec_bridge *bridge;
    size_t allocated = 0, i;

    *np = 0;
    OVSREC_BRIDGE_FOR_EACH (bridge, idl) {
        for (i = 0; !strcmp(bridge->name, name) && i < bridge->n_ports; i++) {
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
    }
    return ports;
}

static void
refuse(struct xfsm_mitigator *mt, const struct xfsm_monitor *m,
       enum mitigation_refusal why, const char *text)
{
    mt->n.refused++;
    mt->refused[why]++;
    note(mt, m, xasprintf("refused (%s): %s", mitigation_refusal_names[why],
                          text));
}

static void
handle_request(struct xfsm_mitigator *mt, const struct xfsm_monitor *m,
               const struct mitigation_policy *policy,
               const struct mitigation_request *request)
{
    struct mitigation_usage usage = get_usage(mt, !policy->enforce);
    struct mitigation_usage unused = { .next_id = mt->next_id };
    struct mitigation_flow flow;
    enum mitigation_refusal why;
    char *match;

    if (request->action == XFSM_MIT_LIMIT) {
        refuse(mt, m, MITIGATION_REFUSED_ACTION,
               "Limit takes a meter, which would stay in the switch if the "
               "agent died");
        return;
    }

    /* What there is already takes no more room. */
    why = mitigation_plan(request, policy, &unused, &flow);
    if (why) {
        refuse(mt, m, why, mitigation_refusal_docs[why]);
        return;
    }
    match = format_match(&flow, m->want.bridge);
    why = mitigation_plan(request, policy, &usage, &flow);
    if (has_match(mt, match, flow.dry_run)) {
        mt->n.repeated++;
    } else if (why) {
        refuse(mt, m, why, mitigation_refusal_docs[why]);
    } else {
        add_rule(mt, m, &flow, match);
        return;
    }
    free(match);
}

static void
take_request(struct xfsm_mitigator *mt, const struct xfsm_monitor *m,
             const struct mitigation_policy *policy, const char *json)
{
    struct mitigation_request request;
    struct xfsm_event_view view;

    mt->n.asked++;
    if (get_mode(mt, m) == XFSM_MITIGATION_OFF) {
        mt->n.off++;
    } else if (!xfsm_event_decode(json, strlen(json), &view)
               || !mitigation_request_decode(&view, &request)) {
        refuse(mt, m, MITIGATION_REFUSED_MALFORMED,
               mitigation_refusal_docs[MITIGATION_REFUSED_MALFORMED]);
    } else if (strchr(m->want.bridge, '/')) {
        refuse(mt, m, MITIGATION_REFUSED_IN_PORT,
               "the name of the bridge has a slash");
    } else {
        handle_request(mt, m, policy, &request);
    }
}

void
xfsm_mitigator_take(struct xfsm_mitigator *mt, struct xfsm_monitor *m,
                    struct ovsdb_idl *idl)
{
    const struct mitigator_options *o = &mt->options;
    struct mitigation_policy policy;
    struct mitigation_port *mirrors;
    size_t n_mirrors, i;

    mt->n.lost += m->requests_lost;
    m->requests_lost = 0;
    if (!m->requests.n) {
        return;
    }
    mirrors = get_mirrors(idl, m->want.bridge, &n_mirrors);
    policy = (struct mitigation_policy) {
        .enforce = get_mode(mt, m) == XFSM_MITIGATION_ENFORCE,
        .actions = 1u << XFSM_MIT_BLOCK | 1u << XFSM_MIT_MIRROR,
        .max_seconds = o->max_seconds,
        .max_rules = o->max_rules,
        .rules_per_minute = MITIGATION_PER_MINUTE,
        .in_port = get_number(ovsrec_interface_get_for_uuid(idl,
                                                            &m->want.uuid)),
        .n_prefixes = o->n_prefixes,
        .prefixes = o->prefixes,
        .n_macs = o->n_macs,
        .macs = o->macs,
        .n_mirrors = n_mirrors,
        .mirrors = mirrors,
    };
    for (i = 0; i < m->requests.n; i++) {
        take_request(mt, m, &policy, m->requests.names[i]);
    }
    svec_clear(&m->requests);
    free(mirrors);
}

/* ## Running ## */

struct xfsm_mitigator *
xfsm_mitigator_create(void)
{
    struct xfsm_mitigator *mt = xzalloc(sizeof *mt);

    mt->options.mode = XFSM_MITIGATION_OFF;
    ovs_list_init(&mt->rules);
    shash_init(&mt->switches);
    mt->next_id = 1;
    return mt;
}

void
xfsm_mitigator_destroy(struct xfsm_mitigator *mt)
{
    struct shash_node *node;
    struct rule *rule;
    size_t i;

    LIST_FOR_EACH_SAFE (rule, node, &mt->rules) {
        destroy_rule(rule);
    }
    SHASH_FOR_EACH (node, &mt->switches) {
        mitigation_switch_destroy(node->data);
    }
    shash_destroy(&mt->switches);
    for (i = 0; i < MITIGATION_HISTORY; i++) {
        free(mt->history[i]);
    }
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

static void
handle_outcome(uint32_t id, const char *error, void *mt_)
{
    struct xfsm_mitigator *mt = mt_;
    struct rule *rule;

    LIST_FOR_EACH_SAFE (rule, node, &mt->rules) {
        if (rule->id != id || rule->dry_run) {
            continue;
        } else if (error) {
            VLOG_WARN_RL(&rl, "%s: %s: %s", rule->bridge, rule->text, error);
            mt->n.failed++;
            destroy_rule(rule);
        } else {
            mt->n.installed++;
        }
    }
}

/* Forgets rules that are over, and deletes those that are not to be any
 * more. */
static void
run_rules(struct xfsm_mitigator *mt, const struct shash *monitors)
{
    struct rule *rule;

    LIST_FOR_EACH_SAFE (rule, node, &mt->rules) {
        const struct xfsm_monitor *m = shash_find_data(monitors,
                                                       rule->interface);
        struct mitigation_switch *sw = shash_find_data(&mt->switches,
                                                       rule->bridge);

        if (time_msec() >= rule->expires) {
            destroy_rule(rule);
        } else if (sw && !rule->dry_run
                   && (!m || get_mode(mt, m) != XFSM_MITIGATION_ENFORCE)) {
            VLOG_INFO_RL(&rl, "%s: withdrawing: %s", rule->interface,
                         rule->text);
            mitigation_switch_delete(sw, rule->id);
            mt->n.withdrawn++;
            destroy_rule(rule);
        }
    }
}

static bool
has_rules(const struct xfsm_mitigator *mt, const char *bridge)
{
    const struct rule *rule;

    LIST_FOR_EACH (rule, node, &mt->rules) {
        if (!rule->dry_run && !strcmp(rule->bridge, bridge)) {
            return true;
        }
    }
    return false;
}

void
xfsm_mitigator_run(struct xfsm_mitigator *mt, const struct shash *monitors)
{
    struct shash_node *node;

    run_rules(mt, monitors);
    SHASH_FOR_EACH_SAFE (node, &mt->switches) {
        mitigation_switch_run(node->data, handle_outcome, mt);
        if (!has_rules(mt, node->name)
            && mitigation_switch_is_idle(node->data)) {
            mitigation_switch_destroy(node->data);
            shash_delete(&mt->switches, node);
        }
    }
}

void
xfsm_mitigator_wait(const struct xfsm_mitigator *mt)
{
    const struct shash_node *node;
    const struct rule *rule;

    SHASH_FOR_EACH (node, &mt->switches) {
        mitigation_switch_wait(node->data);
    }
    LIST_FOR_EACH (rule, node, &mt->rules) {
        poll_timer_wait_until(rule->expires);
    }
}

/* ## What is told ## */

void
xfsm_mitigator_count(const struct xfsm_mitigator *mt,
                     struct xfsm_counters *counters)
{
#define ADD_COUNTER(NAME, DOC) \
    xfsm_counters_add(counters, "mitigation_" #NAME, mt->n.NAME);
    MITIGATION_COUNTERS(ADD_COUNTER)
#undef ADD_COUNTER
}

void
xfsm_mitigator_format(const struct xfsm_mitigator *mt, struct ds *s)
{
    long long int now = time_msec();
    const struct rule *rule;
    size_t i;

#define PUT_COUNTER(NAME, DOC) \
    ds_put_format(s, "%-16s %"PRIu64"\n", #NAME, mt->n.NAME);
    MITIGATION_COUNTERS(PUT_COUNTER)
#undef PUT_COUNTER
    for (i = 0; i < MITIGATION_N_REFUSALS; i++) {
        if (mt->refused[i]) {
            ds_put_format(s, "refused_%s %"PRIu64"\n",
                          mitigation_refusal_names[i], mt->refused[i]);
        }
    }
    ds_put_cstr(s, "rules:\n");
    LIST_FOR_EACH (rule, node, &mt->rules) {
        ds_put_format(s, "    %s, %s, at most %lld s: %s\n", rule->bridge,
                      rule->dry_run ? "dry run" : "enforced",
                      MAX(rule->expires - now, 0) / 1000, rule->text);
    }
    ds_put_cstr(s, "last requests:\n");
    for (i = 0; i < MITIGATION_HISTORY; i++) {
        const char *entry = mt->history[(mt->next_history + i)
                                        % MITIGATION_HISTORY];

        if (entry) {
            ds_put_format(s, "    %s\n", entry);
        }
    }
}
