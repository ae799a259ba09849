/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include "xfsm/program/lint.h"

#include <stdio.h>
#include <string.h>

#include "xfsm/program/expr.h"
#include "xfsm/program/lint-private.h"

struct lint {
    const struct xfsm_program *program;
    struct xfsm_diags *diags;
    struct xfsm_ranges ranges;
    uint64_t silent;            /* Bit i: no packet gets to event i. */
    uint64_t reached;           /* Bit i: something leads to state i. */
    uint64_t next[XFSM_MAX_STATES];     /* Bit j: state i leads to state j. */
    uint64_t returns;           /* Bit i: state i leads to the first one in
                                 * the end. */
    uint64_t set, cleared;      /* Bit i: timer class i is armed, removed. */
    uint64_t stuck;             /* Bit i: one of class i is armed for a key
                                 * that never gets to the first state. */
    int set_line[XFSM_MAX_EVENTS];      /* Where it is armed first. */
    uint64_t mentioned;         /* Bit i: the value of metric i is used. */
    uint64_t updated, asked;    /* Bit i: metric i is updated, read. */
};

/* Bit 'i' of a set. */
static uint64_t
bit(int i)
{
    return UINT64_C(1) << i;
}

/* ## Conditions ## */

/* True if condition 'i' of 'handler' can hold at all; else stores why not in
 * '*why', unless it is NULL. */
static bool
can_hold(struct lint *lint, const struct xfsm_handler *handler, int i,
         const char **why)
{
    struct xfsm_ranges *ranges = &lint->ranges;
    const char *reason = NULL;
    int j;

    xfsm_ranges_clear(ranges);
    xfsm_ranges_assume(ranges, handler->conditions[i].expr, true);
    if (xfsm_ranges_contradict(ranges)) {
        reason = ranges->never ? "it is always false"
                 : "what it compares contradicts itself or the values that "
                   "a field can have";
    }
    for (j = 0; j < i && !reason; j++) {
        xfsm_ranges_assume(ranges, handler->conditions[j].expr, false);
        if (xfsm_ranges_contradict(ranges)) {
            reason = "the conditions before it take all its cases";
        }
    }
    if (reason && why) {
        *why = reason;
    }
    return !reason;
}

static void
lint_conditions(struct lint *lint, const struct xfsm_event_decl *event,
                const struct xfsm_handler *handler)
{
    char path[XFSM_HANDLER_PATH_MAX], place[XFSM_HANDLER_PATH_MAX + 64];
    const char *why;
    int i;

    for (i = 0; i < handler->n_conditions; i++) {
        const struct xfsm_condition *condition = &handler->conditions[i];

        /* "false" is how to switch a condition off. */
        if ((condition->expr->kind == XFSM_EX_NUMBER
             && !condition->expr->number)
            || can_hold(lint, handler, i, &why)) {
            continue;
        }
        snprintf(place, sizeof place, "%s/condition[%d]@expression",
                 xfsm_handler_path(lint->program, event, handler, path),
                 i + 1);
        xfsm_diags_add(lint->diags, XFSM_DIAG_WARNING, condition->line, place,
                       "the condition can never hold: %s", why);
    }
}

/* ## What is used ## */

static void
note_expr(struct lint *lint, const struct xfsm_expr *expr)
{
    xfsm_expr_metrics(lint->program, expr, &lint->mentioned);
}

static void
note_feature(struct lint *lint, int index)
{
    struct xfsm_expr expr = {
        .kind = XFSM_EX_FEATURE, .index = (uint16_t) index,
    };

    note_expr(lint, &expr);
}

static void
note_text(struct lint *lint, const struct xfsm_text *text)
{
    int i;

    for (i = 0; i < text->n; i++) {
        const struct xfsm_text_part *part = &text->parts[i];

        if (part->kind == XFSM_TX_METRIC || part->kind == XFSM_TX_LIST) {
            lint->mentioned |= bit(part->index);
        } else if (part->kind == XFSM_TX_FEATURE) {
            note_feature(lint, part->index);
        } else if (part->expr) {
            note_expr(lint, part->expr);
        }
    }
}

static void
note_steps(struct lint *lint, const struct xfsm_steps *steps, int line)
{
    int i, j;

    for (i = 0; i < steps->n_timeouts; i++) {
        uint64_t class = bit(steps->timeouts[i].class);

        if (!steps->timeouts[i].delay) {
            lint->cleared |= class;
        } else if (!(lint->set & class)) {
            lint->set |= class;
            lint->set_line[steps->timeouts[i].class] = line;
        }
    }
    for (i = 0; i < steps->n_actions; i++) {
        const struct xfsm_action *action = &steps->actions[i];

        note_text(lint, &action->text);
        if (action->expr) {
            note_expr(lint, action->expr);
        }
        for (j = 0; action->kind == XFSM_AC_EXPORT
                    && j < lint->program->n_features; j++) {
            note_feature(lint, j);
        }
    }
}

static void
note_handler(struct lint *lint, const struct xfsm_handler *handler)
{
    int i;

    for (i = 0; i < handler->n_uses; i++) {
        const struct xfsm_use *use = &handler->uses[i];

        if (use->vd_set.n || use->vm_set.n) {
            lint->updated |= bit(use->metric);
        }
        if (use->vd_get.n || use->vm_get.n) {
            lint->asked |= bit(use->metric);
        }
    }
    for (i = 0; i < handler->n_conditions; i++) {
        note_expr(lint, handler->conditions[i].expr);
        note_steps(lint, &handler->conditions[i].steps,
                   handler->conditions[i].line);
    }
    note_steps(lint, &handler->post, handler->line);
}

/* ## Packets ## */

/* Reports packet events that no packet gets to. */
static void
lint_selectors(struct lint *lint)
{
    const struct xfsm_program *p = lint->program;
    char path[64];
    int i, j;

    for (i = 0; i < p->n_events; i++) {
        const struct xfsm_event_decl *event = &p->events[i];

        if (!event->selector) {
            continue;
        }
        snprintf(path, sizeof path, "event[%d]@selector", event->index);
        if (!xfsm_selector_can_match(event->selector)) {
            lint->silent |= bit(i);
            xfsm_diags_add(lint->diags, XFSM_DIAG_WARNING, event->line, path,
                           "the event never fires: what its selector tests "
                           "contradicts itself");
            continue;
        }
        for (j = 0; j < i; j++) {
            if (p->events[j].selector
                && xfsm_selector_implies(event->selector,
                                         p->events[j].selector)) {
                lint->silent |= bit(i);
                xfsm_diags_add(lint->diags, XFSM_DIAG_WARNING, event->line,
                               path, "the event never fires: what its "
                               "selector matches goes to the event on line "
                               "%d; move it in front of that, or put both "
                               "together", p->events[j].line);
                break;
            }
        }
    }
}

/* ## States ## */

/* Does the event ever fire, as far as is known? */
static bool
can_fire(const struct lint *lint, int i)
{
    const struct xfsm_event_decl *event = &lint->program->events[i];

    return !(lint->silent >> i & 1)
           && (event->type != XFSM_EV_TIMEOUT
               || lint->set >> event->class & 1);
}

/* Adds the states to which 'handler' leads. */
static void
follow_handler(struct lint *lint, const struct xfsm_handler *handler)
{
    uint64_t *next = &lint->next[handler->state];
    int i;

    for (i = 0; i < handler->n_conditions; i++) {
        uint16_t to = handler->conditions[i].steps.next_state;

        if (to != XFSM_NONE && can_hold(lint, handler, i, NULL)) {
            *next |= bit(to);
        }
    }
}

/* Finds which states lead to which at once. */
static void
follow_states(struct lint *lint)
{
    const struct xfsm_program *p = lint->program;
    int i, j;

    for (i = 1; i < p->n_states; i++) {
        if (p->states[i].timeout) {
            lint->next[i] |= bit(p->states[i].timeout_state);
        }
    }
    for (i = 0; i < p->n_events; i++) {
        for (j = 0; can_fire(lint, i) && j < p->events[i].n_handlers; j++) {
            follow_handler(lint, &p->events[i].handlers[j]);
        }
    }
}

/* Finds what the first state leads to, and what leads to it, in the end. */
static void
spread_states(struct lint *lint)
{
    uint64_t before;
    int i;

    lint->reached = lint->returns = 1;
    do {
        before = lint->reached;
        for (i = 0; i < lint->program->n_states; i++) {
            lint->reached |= before >> i & 1 ? lint->next[i] : 0;
        }
    } while (lint->reached != before);
    do {
        before = lint->returns;
        for (i = 0; i < lint->program->n_states; i++) {
            lint->returns |= lint->next[i] & before ? bit(i) : 0;
        }
    } while (lint->returns != before);
}

static void
lint_states(struct lint *lint)
{
    const struct xfsm_program *p = lint->program;
    char path[128];
    int i;

    follow_states(lint);
    spread_states(lint);
    for (i = 0; i < p->n_states; i++) {
        if (!(lint->reached >> i & 1)) {
            snprintf(path, sizeof path, "statedef[%d] \"%s\"", i + 1,
                     p->states[i].name);
            xfsm_diags_add(lint->diags, XFSM_DIAG_WARNING, p->states[i].line,
                           path, "nothing leads to the state");
        }
    }
}

/* ## Timers ## */

/* True if 'event' has something to do for keys in the default state: else a
 * timer ends when its key gets there. */
static bool
has_default(const struct xfsm_event_decl *event)
{
    int i;

    for (i = 0; i < event->n_handlers; i++) {
        if (!event->handlers[i].state) {
            return true;
        }
    }
    return false;
}

static bool
same_key(const struct xfsm_key *a, const struct xfsm_key *b)
{
    int i;

    for (i = 0; i < a->n && i < b->n; i++) {
        if (a->fields[i] != b->fields[i]
            || !xfsm_prefix_equal(a->prefixes[i], b->prefixes[i])) {
            return false;
        }
    }
    return a->n == b->n;
}

/* Notes timers that are armed, for the key that the event is about, where that
 * is in state 'after' from then on, which does not lead to the first. */
static void
note_stuck(struct lint *lint, const struct xfsm_event_decl *event,
           const struct xfsm_steps *steps, uint16_t after, int line)
{
    const struct xfsm_program *p = lint->program;
    int i, j;

    for (i = 0; i < steps->n_timeouts && !(lint->returns >> after & 1); i++) {
        const struct xfsm_timeout_set *set = &steps->timeouts[i];
        const struct xfsm_key *primary = &set->primary;

        for (j = 0; !primary->n && j < p->n_events; j++) {
            if (p->events[j].type == XFSM_EV_TIMEOUT
                && p->events[j].class == set->class) {
                primary = &p->events[j].primary;
            }
        }
        if (set->delay && !(lint->stuck >> set->class & 1)
            && (!primary->n || same_key(primary, &event->primary))) {
            lint->stuck |= bit(set->class);
            lint->set_line[set->class] = line;
        }
    }
}

/* The same for all that 'handler' of 'event' does.  What it does last it may
 * do for a key that a condition took elsewhere; but if that leads to the first
 * state, the handler's own does. */
static void
note_stuck_handler(struct lint *lint, const struct xfsm_event_decl *event,
                   const struct xfsm_handler *handler)
{
    int i;

    for (i = 0; i < handler->n_conditions; i++) {
        const struct xfsm_condition *condition = &handler->conditions[i];
        uint16_t next = condition->steps.next_state;

        note_stuck(lint, event, &condition->steps,
                   next == XFSM_NONE ? handler->state : next,
                   condition->line);
    }
    note_stuck(lint, event, &handler->post, handler->state, handler->line);
}

/* Will timers of the event's class never end? */
static bool
is_endless(const struct lint *lint, const struct xfsm_event_decl *event)
{
    return (!(lint->cleared >> event->class & 1)
            && (lint->stuck >> event->class & 1 || has_default(event)
                || !(lint->returns & lint->reached & ~bit(0))));
}

static void
lint_timers(struct lint *lint)
{
    const struct xfsm_program *p = lint->program;
    char path[64];
    int i, j;

    for (i = 0; i < p->n_events; i++) {
        for (j = 0; can_fire(lint, i) && j < p->events[i].n_handlers; j++) {
            if (lint->reached >> p->events[i].handlers[j].state & 1) {
                note_stuck_handler(lint, &p->events[i],
                                   &p->events[i].handlers[j]);
            }
        }
    }
    for (i = 0; i < p->n_events; i++) {
        const struct xfsm_event_decl *event = &p->events[i];

        if (event->type != XFSM_EV_TIMEOUT
            || !(lint->set >> event->class & 1)
            || !is_endless(lint, event)) {
            continue;
        }
        snprintf(path, sizeof path, "event[%d]@class", event->index);
        xfsm_diags_add(lint->diags, XFSM_DIAG_WARNING, event->line, path,
                       "timers of class \"%s\" are armed (line %d) and never "
                       "removed: they fire again and again; write "
                       "<timeout_set class=\"%s\" key=... value=\"0\"/>",
                       p->classes[event->class],
                       lint->set_line[event->class],
                       p->classes[event->class]);
    }
}

/* ## Metrics and parameters ## */

/* What is wrong with how metric 'i' is used, or NULL. */
static const char *
judge_metric(const struct lint *lint, int i)
{
    const struct xfsm_metric *metric = &lint->program->metrics[i];
    bool updated = lint->updated >> i & 1;
    bool mentioned = lint->mentioned >> i & 1;
    int j;

    for (j = 0; j < lint->program->n_metrics; j++) {
        if (lint->program->metrics[j].vd_slave == i) {
            return NULL;        /* It is there for its filters. */
        }
    }
    if (metric->vd_slave != XFSM_NONE) {
        return NULL;
    } else if (!updated && !mentioned && !(lint->asked >> i & 1)) {
        return "the metric is never used";
    } else if (updated && !mentioned) {
        return "the metric is updated and its value never used";
    } else if (!updated && (metric->vd_on || metric->vm_on)) {
        return "the metric is read and never updated: it is always 0";
    }
    return NULL;
}

static void
lint_metrics(struct lint *lint)
{
    const struct xfsm_program *p = lint->program;
    char path[128];
    int i;

    for (i = 0; i < p->n_metrics; i++) {
        const char *what = judge_metric(lint, i);

        if (what) {
            snprintf(path, sizeof path, "metric \"%s\"", p->metrics[i].name);
            xfsm_diags_add(lint->diags, XFSM_DIAG_WARNING,
                           p->metrics[i].line, path, "%s", what);
        }
    }
    for (i = 0; i < p->n_params; i++) {
        if (!p->params[i].used) {
            snprintf(path, sizeof path, "param \"%s\"", p->params[i].name);
            xfsm_diags_add(lint->diags, XFSM_DIAG_WARNING, p->params[i].line,
                           path, "the parameter is never used");
        }
    }
}

void
xfsm_lint(const struct xfsm_program *program, struct xfsm_diags *diags)
{
    struct lint lint = { .program = program, .diags = diags };
    int i, j;

    xfsm_ranges_init(&lint.ranges, program);
    for (i = 0; i < program->n_events; i++) {
        for (j = 0; j < program->events[i].n_handlers; j++) {
            note_handler(&lint, &program->events[i].handlers[j]);
        }
    }
    lint_selectors(&lint);
    lint_states(&lint);
    for (i = 0; i < program->n_events; i++) {
        for (j = 0; j < program->events[i].n_handlers; j++) {
            lint_conditions(&lint, &program->events[i],
                            &program->events[i].handlers[j]);
        }
    }
    lint_timers(&lint);
    lint_metrics(&lint);
}

void
xfsm_lint_port(const struct xfsm_program *program, struct xfsm_diags *diags)
{
    if (program->source_line) {
        xfsm_diags_add(diags, XFSM_DIAG_NOTE, program->source_line, "source",
                       "has no effect on a port, whose packets are those of "
                       "the port");
    }
    if (program->publisher_line) {
        xfsm_diags_add(diags, XFSM_DIAG_NOTE, program->publisher_line,
                       "publisher", "has no effect on a port, whose events "
                       "the hub publishes");
    }
}
