/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include <string.h>

#include "xfsm/program/action.h"
#include "xfsm/program/expr.h"
#include "xfsm/program/key.h"
#include "xfsm/program/selector.h"
#include "xfsm/program/xml-load.h"
#include "xfsm/program/xml-schema.h"

/* ## What is done: actions, timers, next state ## */

static void
load_timeout_set(struct xfsm_load *load, const struct xfsm_xml_node *node,
                 struct xfsm_steps *steps)
{
    struct xfsm_timeout_set set;
    const char *class, *key;
    char hint[XFSM_HINT_MAX];
    bool delay;

    key = xfsm_load_attr_required(load, node, "key", "a key, as \"ip_src\"");
    xfsm_load_attr_key(load, node, "key", &set.key);
    xfsm_load_attr_key(load, node, "primary-key", &set.primary);
    xfsm_load_attr_required(load, node, "value", "a number of seconds, 0 to "
                            "remove the timer");
    delay = xfsm_load_attr_seconds(load, node, "value", &set.delay);
    class = xfsm_load_attr_required(load, node, "class",
                                    "that of a timeout event");
    if (!class || !key || !set.key.n || !delay) {
        return;
    }
    set.class = xfsm_parse_find_class(&load->parse, class, strlen(class));
    if (set.class == XFSM_NONE) {
        LOAD_WARN(load, "no timeout event has class \"%.*s\": the line has "
                  "no effect%s", xfsm_parse_excerpt(strlen(class)), class,
                  xfsm_parse_hint(&load->parse, XFSM_PK_CLASS, class,
                                  strlen(class), hint));
        return;
    }
    if (set.delay) {
        load->classes_set |= UINT64_C(1) << set.class;
    }
    steps->timeouts[steps->n_timeouts++] = set;
}

/* Loads the timers and the actions of 'node', the latter from attribute
 * 'attr'. */
static void
load_steps(struct xfsm_load *load, const struct xfsm_xml_node *node,
           const char *attr, struct xfsm_steps *steps)
{
    int n = xfsm_load_count(node, "timeout_set");
    const struct xfsm_xml_node *child;
    const char *actions;

    steps->next_state = XFSM_NONE;
    steps->actions = xfsm_arena_alloc(load->arena, 0);
    if (n > XFSM_MAX_TIMEOUT_SETS) {
        xfsm_load_at(load, node);
        LOAD_ERROR(load, "%d <timeout_set> elements; the limit is %d", n,
                   XFSM_MAX_TIMEOUT_SETS);
        return;
    }
    steps->timeouts = xfsm_arena_array(load->arena, (size_t) n,
                                       sizeof *steps->timeouts);
    XFSM_LOAD_FOR_EACH (child, node, "timeout_set") {
        load_timeout_set(load, child, steps);
    }
    steps->source = "";
    actions = xfsm_load_attr(load, node, attr);
    if (actions) {
        steps->source = xfsm_arena_strdup(load->arena, actions);
        xfsm_action_parse(&load->parse, actions, &steps->actions,
                          &steps->n_actions);
    }
}

/* ## Conditions ## */

/* Loads condition 'node' and, behind it, those that stand in it: one of the
 * original's programs has a condition before the end of another. */
static void
load_condition(struct xfsm_load *load, const struct xfsm_xml_node *node,
               struct xfsm_handler *handler)
{
    struct xfsm_condition *condition;
    const struct xfsm_xml_node *child;
    const char *expression;

    condition = &handler->conditions[handler->n_conditions++];
    condition->line = node->line;
    expression = xfsm_load_attr_required(load, node, "expression",
                                         "\"true\" for a condition that "
                                         "always holds");
    condition->source = "";
    if (expression) {
        condition->source = xfsm_arena_strdup(load->arena, expression);
        condition->expr = xfsm_expr_parse(&load->parse, expression,
                                          strlen(expression));
    }
    load_steps(load, node, "action", &condition->steps);
    condition->steps.next_state = xfsm_load_attr_state(load, node,
                                                       "next_state");
    XFSM_LOAD_FOR_EACH (child, node, "condition") {
        xfsm_load_at(load, child);
        LOAD_WARN(load, "a condition stands in another one; it is taken as "
                  "the next. Close the first before it");
        load_condition(load, child, handler);
    }
}

/* Number of conditions in 'node', nested ones too. */
static int
count_conditions(const struct xfsm_xml_node *node)
{
    const struct xfsm_xml_node *child;
    int n = 0;

    XFSM_LOAD_FOR_EACH (child, node, "condition") {
        n += 1 + count_conditions(child);
    }
    return n;
}

static void
load_conditions(struct xfsm_load *load, const struct xfsm_xml_node *node,
                struct xfsm_handler *handler)
{
    int n = count_conditions(node);
    const struct xfsm_xml_node *child;

    if (n > XFSM_MAX_CONDITIONS) {
        xfsm_load_at(load, node);
        LOAD_ERROR(load, "%d <condition> elements; the limit is %d", n,
                   XFSM_MAX_CONDITIONS);
        return;
    }
    handler->conditions = xfsm_arena_array(load->arena, (size_t) n,
                                           sizeof *handler->conditions);
    XFSM_LOAD_FOR_EACH (child, node, "condition") {
        load_condition(load, child, handler);
    }
}

/* ## Use of metrics ## */

/* Reads attributes 'update', 'get' and 'set'; 'update' stands for both. */
static void
load_use_keys(struct xfsm_load *load, const struct xfsm_xml_node *node,
              const char *update, const char *get, const char *set,
              struct xfsm_key *get_key, struct xfsm_key *set_key)
{
    struct xfsm_key both;

    xfsm_load_attr_key(load, node, update, &both);
    xfsm_load_attr_key(load, node, get, get_key);
    xfsm_load_attr_key(load, node, set, set_key);
    if (xfsm_load_attr(load, node, update)) {
        if (get_key->n || set_key->n) {
            LOAD_ERROR(load, "\"%s\" means \"%s\" and \"%s\" with the same "
                       "key; give either it or them", update, get, set);
        }
        *get_key = *set_key = both;
    }
}

/* Removes from 'use' what the metric's being off makes meaningless. */
static void
drop_meaningless(struct xfsm_load *load, const struct xfsm_xml_node *node,
                 const struct xfsm_metric *metric, struct xfsm_use *use)
{
    xfsm_load_at(load, node);
    if (!metric->vd_on && (use->vd_get.n || use->vd_set.n)) {
        LOAD_WARN(load, "the detector of metric \"%s\" is off: vd_... has no "
                  "effect", metric->name);
        use->vd_get.n = use->vd_set.n = 0;
    }
    if (metric->vm_on) {
        return;
    } else if (metric->vd_on && (use->vm_get.n || use->vm_set.n)) {
        LOAD_WARN(load, "the monitor of metric \"%s\" is off: vm_... has no "
                  "effect", metric->name);
        use->vm_get.n = use->vm_set.n = 0;
    } else if (!metric->vd_on) {
        use->vm_set.n = 0;
        if (use->vm_get.n > 1
            || (use->vm_get.n == 1 && xfsm_fields[use->vm_get.fields[0]].type
                != XFSM_FT_UINT)) {
            LOAD_ERROR(load, "metric \"%s\" has its detector and its monitor "
                       "off, so it is the field that vm_get names: one "
                       "numeric field is expected there", metric->name);
            use->vm_get.n = 0;
        }
    }
}

/* Reads "vm_item", what a metric of type "distinct" counts, and no other. */
static void
load_use_item(struct xfsm_load *load, const struct xfsm_xml_node *node,
              const struct xfsm_metric *metric, struct xfsm_use *use)
{
    const char *item = load->parse.dialect > 1
                       ? xfsm_load_attr(load, node, "vm_item") : NULL;
    bool distinct = metric->vm_type == XFSM_MON_DISTINCT;

    if (item && !distinct) {
        LOAD_ERROR(load, "metric \"%s\" counts no items: remove the "
                   "attribute, or declare the metric with type=\"distinct\"",
                   metric->name);
    } else if (item && !xfsm_load_attr(load, node, "vm_set")
               && !xfsm_load_attr(load, node, "vm_update")) {
        xfsm_load_attr(load, node, "vm_item");
        LOAD_ERROR(load, "nothing adds the item; give vm_update or vm_set, "
                   "whose key it is added to");
    } else if (item) {
        xfsm_load_attr_key(load, node, "vm_item", &use->vm_item);
    } else if (distinct && use->vm_set.n) {
        xfsm_load_at(load, node);
        LOAD_ERROR(load, "metric \"%s\" counts different items: say of what, "
                   "vm_item=\"ip_dst\" for example", metric->name);
    }
}

/* Checks the keys of a metric that lists them. */
static void
check_list_keys(struct xfsm_load *load, const struct xfsm_xml_node *node,
                const struct xfsm_use *use)
{
    const char *update = xfsm_xml_attr(node, "vm_update") ? "vm_update" : NULL;

    if (use->vm_set.n) {
        xfsm_load_attr(load, node, update ? update : "vm_set");
        xfsm_key_of_list(&load->parse, use->metric, &use->vm_set, true);
    }
    if (use->vm_get.n && !update) {
        xfsm_load_attr(load, node, "vm_get");
        xfsm_key_of_list(&load->parse, use->metric, &use->vm_get, false);
    }
}

static void
load_use(struct xfsm_load *load, const struct xfsm_xml_node *node,
         struct xfsm_handler *handler)
{
    const char *id = xfsm_load_attr_required(load, node, "id", "a metric");
    const struct xfsm_program *program = load->parse.program;
    char hint[XFSM_HINT_MAX];
    struct xfsm_use use;
    int i;

    memset(&use, 0, sizeof use);
    load_use_keys(load, node, "vd_update", "vd_get", "vd_set", &use.vd_get,
                  &use.vd_set);
    load_use_keys(load, node, "vm_update", "vm_get", "vm_set", &use.vm_get,
                  &use.vm_set);
    if (!id) {
        return;
    }
    use.metric = xfsm_parse_find_metric(&load->parse, id, strlen(id));
    xfsm_load_attr(load, node, "id");
    if (use.metric == XFSM_NONE) {
        LOAD_WARN(load, "metric \"%.*s\" is not declared: the line has no "
                  "effect%s", xfsm_parse_excerpt(strlen(id)), id,
                  xfsm_parse_hint(&load->parse, XFSM_PK_METRIC, id,
                                  strlen(id), hint));
        return;
    }
    load_use_item(load, node, &program->metrics[use.metric], &use);
    drop_meaningless(load, node, &program->metrics[use.metric], &use);
    if (xfsm_metric_lists(&program->metrics[use.metric])) {
        check_list_keys(load, node, &use);
    }
    if (!use.vd_get.n && !use.vd_set.n && !use.vm_get.n && !use.vm_set.n) {
        LOAD_WARN(load, "the line asks for nothing and has no effect; give "
                  "it vm_update, vm_get, vm_set, vd_update, vd_get or "
                  "vd_set");
        return;
    }
    for (i = 0; i < handler->n_uses; i++) {
        if (handler->uses[i].metric == use.metric) {
            LOAD_WARN(load, "metric \"%s\" is used before in this state; its "
                      "value is that of the last line", id);
            break;
        }
    }
    handler->uses[handler->n_uses++] = use;
}

/* ## States in events ## */

static bool
are_digits(const char *s, size_t n)
{
    return strspn(s, "0123456789") == n;
}

/* Reads "attack": a technique of MITRE ATT&CK, "T1595", or a part of one,
 * "T1595.001". */
static const char *
load_attack(struct xfsm_load *load, const struct xfsm_xml_node *node)
{
    const char *id = load->parse.dialect > 1
                     ? xfsm_load_attr(load, node, "attack") : NULL;

    if (!id) {
        return "";
    } else if (id[0] != 'T' || !are_digits(id + 1, 4)
               || (id[5] && (id[5] != '.' || !are_digits(id + 6, 3)
                             || id[9]))) {
        LOAD_ERROR(load, "\"%.*s\" is not the id of a MITRE ATT&CK technique, "
                   "as \"T1046\" or \"T1595.001\"",
                   xfsm_parse_excerpt(strlen(id)), id);
        return "";
    }
    return xfsm_arena_strdup(load->arena, id);
}

static void
load_handler(struct xfsm_load *load, const struct xfsm_xml_node *node,
             struct xfsm_handler *handler)
{
    const struct xfsm_xml_node *child;
    int n = xfsm_load_count(node, "use-metric");

    handler->line = node->line;
    handler->level = xfsm_load_attr_copy(load, node, "level", XFSM_MAX_NAME);
    handler->code = xfsm_load_attr_copy(load, node, "code", XFSM_MAX_NAME);
    handler->description = xfsm_load_attr_copy(load, node, "description",
                                               XFSM_MAX_TEXT);
    handler->attack = load_attack(load, node);
    if (n > XFSM_MAX_USES) {
        xfsm_load_at(load, node);
        LOAD_ERROR(load, "%d <use-metric> elements; the limit is %d", n,
                   XFSM_MAX_USES);
    } else {
        handler->uses = xfsm_arena_array(load->arena, (size_t) n,
                                         sizeof *handler->uses);
        XFSM_LOAD_FOR_EACH (child, node, "use-metric") {
            load_use(load, child, handler);
        }
    }
    load_conditions(load, node, handler);

    handler->post.next_state = XFSM_NONE;
    handler->post.source = "";
    child = xfsm_load_only_child(load, node, "post-condition-action");
    if (child) {
        load_steps(load, child, "do", &handler->post);
    }
}

static void
load_handlers(struct xfsm_load *load, const struct xfsm_xml_node *node,
              struct xfsm_event_decl *event)
{
    int n = xfsm_load_count(node, "state"), i;
    const struct xfsm_xml_node *child;

    if (!n) {
        xfsm_load_at(load, node);
        LOAD_WARN(load, "an event without <state> has no effect, but that "
                  "what it matches reaches no later event");
    } else if (n > XFSM_MAX_STATES) {
        xfsm_load_at(load, node);
        LOAD_ERROR(load, "%d <state> elements; the limit is %d", n,
                   XFSM_MAX_STATES);
        return;
    }
    event->handlers = xfsm_arena_array(load->arena, (size_t) n,
                                       sizeof *event->handlers);
    XFSM_LOAD_FOR_EACH (child, node, "state") {
        struct xfsm_handler *handler = &event->handlers[event->n_handlers++];

        xfsm_load_attr_required(load, child, "id", "a state");
        handler->state = xfsm_load_attr_state(load, child, "id");
        for (i = 0; i < event->n_handlers - 1; i++) {
            if (handler->state != XFSM_NONE
                && event->handlers[i].state == handler->state) {
                LOAD_ERROR(load, "the event has this state already, on line "
                           "%d; put both together", event->handlers[i].line);
                break;
            }
        }
        load_handler(load, child, handler);
    }
}

/* ## Events ## */

static const struct {
    const char *name;
    int dialect;
} event_types[XFSM_N_EVENT_TYPES] = {
#define EVENT_TYPE(ID, NAME, DIALECT) [XFSM_EV_##ID] = { NAME, DIALECT },
    XFSM_EVENT_TYPES(EVENT_TYPE)
#undef EVENT_TYPE
};

/* Reads "type"; false after reporting that there is none such. */
static bool
load_event_type(struct xfsm_load *load, const struct xfsm_xml_node *node,
                enum xfsm_event_type *type)
{
    const char *text = xfsm_load_attr_required(load, node, "type",
                                               "\"packet\" or \"timeout\"");
    struct xfsm_nearest nearest;
    int i;

    *type = XFSM_EV_PACKET;
    if (!text) {
        return false;
    }
    xfsm_nearest_init(&nearest, text, strlen(text));
    for (i = 0; i < XFSM_N_EVENT_TYPES; i++) {
        if (!strcmp(text, event_types[i].name)) {
            if (event_types[i].dialect > load->parse.dialect) {
                LOAD_ERROR(load, "type \"%s\" is of dialect 2, whose root is "
                           "<xfsm>; here there is \"packet\" and "
                           "\"timeout\"", text);
                return false;
            }
            *type = (enum xfsm_event_type) i;
            return true;
        } else if (event_types[i].dialect <= load->parse.dialect) {
            xfsm_nearest_offer(&nearest, event_types[i].name);
        }
    }
    LOAD_ERROR(load, "unknown type \"%.*s\"; %s%s%s",
               xfsm_parse_excerpt(strlen(text)), text,
               nearest.best ? "did you mean \""
               : load->parse.dialect == 1 ? "it is \"packet\" or \"timeout\""
               : "it is one of " XFSM_XML_EVENT_TYPES,
               nearest.best ? nearest.best : "", nearest.best ? "\"?" : "");
    return false;
}

/* Warns of attribute 'attr', which the event's type gives no meaning. */
static void
refuse_attr(struct xfsm_load *load, const struct xfsm_xml_node *node,
            enum xfsm_event_type type, const char *attr)
{
    if (xfsm_load_attr(load, node, attr)) {
        LOAD_WARN(load, "a %s event has no %s: it has no effect",
                  event_types[type].name, attr);
    }
}

static void
load_packet_event(struct xfsm_load *load, const struct xfsm_xml_node *node,
                  struct xfsm_event_decl *event)
{
    const char *selector = xfsm_load_attr(load, node, "selector");

    if (selector) {
        event->source = xfsm_arena_strdup(load->arena, selector);
        xfsm_selector_parse(&load->parse, selector, &event->selector);
    }
    xfsm_load_attr_required(load, node, "primary-key", "the key whose state "
                            "the event concerns, as \"ip_src\"");
    refuse_attr(load, node, event->type, "class");
}

/* Returns false if no timer can ever fire the event. */
static bool
load_timeout_event(struct xfsm_load *load, const struct xfsm_xml_node *node,
                   struct xfsm_event_decl *event)
{
    const char *class;

    refuse_attr(load, node, event->type, "selector");
    class = xfsm_load_attr(load, node, "class");
    if (!class) {
        xfsm_parse_report(&load->parse, load->parse.dialect == 1
                          ? XFSM_DIAG_WARNING : XFSM_DIAG_ERROR, "a timeout "
                          "event without a class can never fire; give it "
                          "class=\"...\" and a <timeout_set> of that class");
        return false;
    }
    event->class = xfsm_parse_find_class(&load->parse, class, strlen(class));
    return true;
}

static bool
is_topic(const char *topic)
{
    size_t len = strlen(topic);
    int n_slashes = 0;
    size_t i;

    if (!len || len > XFSM_MAX_TOPIC || topic[0] == '/'
        || topic[len - 1] == '/') {
        return false;
    }
    for (i = 0; i < len; i++) {
        if (topic[i] <= ' ' || topic[i] > '~'
            || (topic[i] == '/' && (topic[i + 1] == '/'
                                    || ++n_slashes > 3))) {
            return false;
        }
    }
    return true;
}

static void
load_message_event(struct xfsm_load *load, const struct xfsm_xml_node *node,
                   struct xfsm_event_decl *event)
{
    const char *topic;

    refuse_attr(load, node, event->type, "selector");
    refuse_attr(load, node, event->type, "class");
    xfsm_load_attr_required(load, node, "primary-key", "the key whose state "
                            "the event concerns, of fields that the "
                            "message's own key has, as \"ip_src\"");
    topic = xfsm_load_attr_required(load, node, "topic", "the beginning of a "
                                    "topic, as \"alert/portscan\"");
    if (topic && !is_topic(topic)) {
        LOAD_ERROR(load, "\"%.*s\" is not the beginning of a topic, which is "
                   "LABEL/PROGRAM/BRIDGE/PORT: up to four words with \"/\" "
                   "between them, at most %d characters",
                   xfsm_parse_excerpt(strlen(topic)), topic, XFSM_MAX_TOPIC);
    } else if (topic) {
        event->topic = xfsm_arena_strdup(load->arena, topic);
    }
}

static void
load_own_event(struct xfsm_load *load, const struct xfsm_xml_node *node,
               struct xfsm_event_decl *event)
{
    refuse_attr(load, node, event->type, "selector");
    refuse_attr(load, node, event->type, "class");
    if (xfsm_load_attr(load, node, "primary-key")) {
        LOAD_ERROR(load, "a %s event comes without a packet and concerns the "
                   "program's own state: it has no primary key; remove the "
                   "attribute", event_types[event->type].name);
    }
    if (event->type != XFSM_EV_PERIOD) {
        return;
    }
    if (xfsm_load_attr_required(load, node, "every", "a number of seconds")
        && xfsm_load_attr_seconds(load, node, "every", &event->period)
        && (event->period < XFSM_MIN_PERIOD
            || event->period > XFSM_MAX_PERIOD)) {
        LOAD_ERROR(load, "a period is %g to %.0f seconds",
                   (double) XFSM_MIN_PERIOD / 1e9,
                   (double) XFSM_MAX_PERIOD / 1e9);
    }
}

/* Loads what events of the type have of their own.  Returns false if this one
 * can never come. */
static bool
load_occasion(struct xfsm_load *load, const struct xfsm_xml_node *node,
              struct xfsm_event_decl *event)
{
    if (event->type != XFSM_EV_MESSAGE && load->parse.dialect > 1) {
        refuse_attr(load, node, event->type, "topic");
    }
    if (event->type != XFSM_EV_PERIOD && load->parse.dialect > 1) {
        refuse_attr(load, node, event->type, "every");
    }
    switch (event->type) {
    case XFSM_EV_PACKET:
        load_packet_event(load, node, event);
        return true;
    case XFSM_EV_TIMEOUT:
        return load_timeout_event(load, node, event);
    case XFSM_EV_MESSAGE:
        load_message_event(load, node, event);
        return true;
    default:
        load_own_event(load, node, event);
        return true;
    }
}

static void
load_event(struct xfsm_load *load, const struct xfsm_xml_node *node)
{
    struct xfsm_program *program = load->parse.program;
    struct xfsm_event_decl *event = &program->events[program->n_events];
    bool keep = true;

    memset(event, 0, sizeof *event);
    event->line = node->line;
    event->index = node->index;
    event->source = event->topic = "";
    event->class = XFSM_NONE;
    if (load_event_type(load, node, &event->type)) {
        keep = load_occasion(load, node, event);
    }
    if (!xfsm_event_is_own(event->type)) {
        xfsm_load_attr_key(load, node, "primary-key", &event->primary);
    }
    load_handlers(load, node, event);
    if (keep) {
        load->event_nodes[program->n_events++] = node;
    }
}

void
xfsm_load_events(struct xfsm_load *load)
{
    struct xfsm_program *program = load->parse.program;
    int i;

    program->events = xfsm_arena_array(load->arena, XFSM_MAX_EVENTS,
                                       sizeof *program->events);
    for (i = 0; i < load->n_events; i++) {
        load_event(load, load->events[i]);
    }
}
