/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include <string.h>

#include "xfsm/program/expr.h"
#include "xfsm/program/xml-load.h"

/* Places where a handler can mention a metric. */
struct mentions {
    const struct xfsm_program *program;
    uint64_t metrics;           /* Bit i: metric i. */
};

static void
mention_feature(struct mentions *mentions, uint16_t index)
{
    const struct xfsm_expr feature = {
        .kind = XFSM_EX_FEATURE, .index = index
    };

    xfsm_expr_metrics(mentions->program, &feature, &mentions->metrics);
}

static void
mention_steps(struct mentions *mentions, const struct xfsm_steps *steps)
{
    int i, j;

    for (i = 0; i < steps->n_actions; i++) {
        const struct xfsm_action *action = &steps->actions[i];

        if (action->expr) {
            xfsm_expr_metrics(mentions->program, action->expr,
                              &mentions->metrics);
        }
        for (j = 0; j < action->text.n; j++) {
            const struct xfsm_text_part *part = &action->text.parts[j];

            if (part->kind == XFSM_TX_METRIC) {
                mentions->metrics |= UINT64_C(1) << part->index;
            } else if (part->kind == XFSM_TX_FEATURE) {
                mention_feature(mentions, part->index);
            } else if (part->expr) {
                xfsm_expr_metrics(mentions->program, part->expr,
                                  &mentions->metrics);
            }
        }
    }
}

/* Reports lists of metrics that no line uses, so that their keys have no
 * names. */
static void
review_lists(struct xfsm_load *load, const struct xfsm_xml_node *node,
             const struct xfsm_steps *steps)
{
    const struct xfsm_metric *metrics = load->parse.program->metrics;
    int i, j;

    for (i = 0; i < steps->n_actions; i++) {
        const struct xfsm_text *text = &steps->actions[i].text;

        for (j = 0; j < text->n; j++) {
            const struct xfsm_text_part *part = &text->parts[j];

            if (part->kind == XFSM_TX_LIST
                && !metrics[part->index].vm_key.n) {
                xfsm_load_at(load, node);
                LOAD_ERROR(load, "the state publishes the keys of metric "
                           "\"%s\", and nothing adds to that: a <use-metric> "
                           "with vm_update or vm_set is needed",
                           metrics[part->index].name);
            }
        }
    }
}

/* Reports metrics that a state mentions and does not use. */
static void
review_metrics(struct xfsm_load *load, const struct xfsm_xml_node *node,
               const struct xfsm_handler *handler)
{
    struct mentions mentions = { .program = load->parse.program };
    int i;

    for (i = 0; i < handler->n_conditions; i++) {
        if (handler->conditions[i].expr) {
            xfsm_expr_metrics(mentions.program, handler->conditions[i].expr,
                              &mentions.metrics);
        }
        mention_steps(&mentions, &handler->conditions[i].steps);
        review_lists(load, node, &handler->conditions[i].steps);
    }
    mention_steps(&mentions, &handler->post);
    review_lists(load, node, &handler->post);
    for (i = 0; i < handler->n_uses; i++) {
        mentions.metrics &= ~(UINT64_C(1) << handler->uses[i].metric);
    }
    for (i = 0; i < mentions.program->n_metrics; i++) {
        if (mentions.metrics >> i & 1) {
            xfsm_load_at(load, node);
            LOAD_WARN(load, "the state mentions metric \"%s\" but has no "
                      "<use-metric> for it: it reads 0 here",
                      mentions.program->metrics[i].name);
        }
    }
}

static void
review_event(struct xfsm_load *load, const struct xfsm_xml_node *node,
             const struct xfsm_event_decl *event)
{
    const struct xfsm_program *program = load->parse.program;
    const struct xfsm_xml_node *child;
    int i = 0;

    XFSM_LOAD_FOR_EACH (child, node, "state") {
        if (i < event->n_handlers) {
            review_metrics(load, child, &event->handlers[i]);
        }
        i++;
    }
    if (event->type == XFSM_EV_TIMEOUT && event->class != XFSM_NONE
        && !(load->classes_set >> event->class & 1)) {
        xfsm_load_attr(load, node, "class");
        LOAD_NOTE(load, "no <timeout_set> arms class \"%s\": the event never "
                  "fires", program->classes[event->class]);
    }
}

/* Reports packet events behind one that takes every packet. */
static void
review_order(struct xfsm_load *load)
{
    const struct xfsm_program *program = load->parse.program;
    const struct xfsm_event_decl *all = NULL;
    int i;

    for (i = 0; i < program->n_events; i++) {
        const struct xfsm_event_decl *event = &program->events[i];

        if (event->type != XFSM_EV_PACKET) {
            continue;
        } else if (all) {
            xfsm_load_at(load, load->event_nodes[i]);
            LOAD_WARN(load, "the event never fires: that on line %d takes "
                      "every packet; move it to the end", all->line);
        } else if (!xfsm_xml_attr(load->event_nodes[i], "selector")) {
            all = event;
        }
    }
}

/* Does a line of the event ask the detector of the metric, and add? */
static bool
asks_and_adds(const struct xfsm_event_decl *event, uint16_t metric)
{
    for (int i = 0; i < event->n_handlers; i++) {
        for (int j = 0; j < event->handlers[i].n_uses; j++) {
            const struct xfsm_use *use = &event->handlers[i].uses[j];

            if (use->metric == metric && use->vd_get.n && use->vm_set.n) {
                return true;
            }
        }
    }
    return false;
}

/* Reports metrics that are to add what repeats, where nothing tells that. */
static void
review_repeats(struct xfsm_load *load)
{
    const struct xfsm_program *program = load->parse.program;

    for (int i = 0; i < program->n_metrics; i++) {
        bool asks = program->metrics[i].vm_repeat_value == 0;

        for (int j = 0; j < program->n_events && !asks; j++) {
            asks = asks_and_adds(&program->events[j], (uint16_t) i);
        }
        if (!asks) {
            xfsm_load_attr(load, xfsm_load_child(load->metrics[i],
                                                 "variation_monitor"),
                           "repeat_value");
            LOAD_WARN(load, "\"repeat_value\" has no effect: no <use-metric> "
                      "of \"%s\" asks the detector and adds; give one "
                      "vd_update, or vd_get, and vm_update",
                      program->metrics[i].name);
        }
    }
}

void
xfsm_load_review(struct xfsm_load *load)
{
    const struct xfsm_program *program = load->parse.program;
    int i;

    xfsm_load_at(load, load->root);
    if (!program->n_states && !xfsm_load_count(load->root, "statedef")) {
        LOAD_ERROR(load, "no state is declared; write <statedef "
                   "id=\"default\"/>");
    }
    if (!load->n_events && !xfsm_load_count(load->root, "event")) {
        LOAD_ERROR(load, "no <event>: the program would do nothing");
    }
    for (i = 0; i < program->n_events; i++) {
        review_event(load, load->event_nodes[i], &program->events[i]);
    }
    review_order(load);
    review_repeats(load);
    for (i = 0; i < program->n_tables; i++) {
        if (!program->tables[i].key.n) {
            xfsm_load_at(load, load->tables[i]);
            LOAD_NOTE(load, "the table is never used");
        }
    }
}
