/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include "xfsm/runtime/inspect-private.h"

#include <string.h>

/* ## States ## */

const struct xfsm_state_entry *
xfsm_inspect_entry(const struct xfsm_instance *p,
                   const struct xfsm_key_value *key)
{
    return key->n ? xfsm_keytable_find(p->states, key->hash, key->w, key->n)
           : p->own.state ? &p->own : NULL;
}

bool
xfsm_inspect_left(const struct xfsm_instance *p,
                  const struct xfsm_clock *clock, uint16_t state,
                  uint64_t since, int64_t *left, const char **next)
{
    const struct xfsm_img_state *s = &p->image.states[state];

    if (!s->timeout) {
        return false;
    }
    *left = (int64_t) (since + s->timeout - clock->now);
    *next = p->state_names[s->timeout_state];
    return true;
}

/* ## The state table ## */

struct walk {
    const struct xfsm_instance *p;
    const struct xfsm_clock *clock;
    uint16_t state;             /* The one asked for, or XFSM_NONE. */
    bool (*cb)(const struct xfsm_flow *, void *aux);
    void *aux;
    bool stopped;
};

static bool
tell_flow(const uint64_t *key, unsigned int n, void *entry_, void *walk_)
{
    const struct xfsm_state_entry *entry = entry_;
    struct walk *walk = walk_;
    const struct xfsm_instance *p = walk->p;
    char text[XFSM_KEY_TEXT_MAX];
    struct xfsm_flow flow = {
        .key = text,
        .state = p->state_names[entry->state],
        .since = xfsm_clock_shown(walk->clock, entry->since),
    };

    if (walk->state != XFSM_NONE && walk->state != entry->state) {
        return true;
    }
    xfsm_key_words_format(p, key, n, n ? entry->spec : XFSM_NONE, text);
    flow.times_out = xfsm_inspect_left(p, walk->clock, entry->state,
                                       entry->since, &flow.left, &flow.next);
    walk->stopped = !walk->cb(&flow, walk->aux);
    return !walk->stopped;
}

bool
xfsm_inspect_walk(const struct xfsm_instance *p,
                  const struct xfsm_clock *clock, uint16_t state,
                  uint64_t *cursor, size_t n,
                  bool (*cb)(const struct xfsm_flow *, void *aux), void *aux)
{
    struct walk walk = { p, clock, state, cb, aux, false };
    size_t bucket = *cursor ? (size_t) (*cursor - 1) : 0;
    bool more;

    if (!*cursor && p->own.state) {
        struct xfsm_state_entry own = p->own;

        tell_flow(NULL, 0, &own, &walk);
    }
    more = !walk.stopped
           && xfsm_keytable_walk(p->states, &bucket, n, tell_flow, &walk);
    *cursor = (uint64_t) bucket + 1;
    return more && !walk.stopped;
}

/* ## Why a key is where it is ## */

/* Which handler has instruction 'at'? */
static const struct xfsm_img_handler *
find_handler(const struct xfsm_image *image, uint32_t at)
{
    for (uint32_t i = 0; i < image->n_handlers; i++) {
        const struct xfsm_img_handler *h = &image->handlers[i];

        if (at >= h->code && at - h->code < h->n_code) {
            return h;
        }
    }
    return NULL;
}

/* The timer class of a timeout event, the topic of a message, or nothing. */
static const char *
event_detail(const struct xfsm_image *image, uint16_t event)
{
    if (image->events[event].type == XFSM_EV_MESSAGE) {
        return &image->strings[image->events[event].topic];
    }
    for (uint32_t i = 0; i < image->n_classes; i++) {
        if (image->classes[i].event == event) {
            return &image->strings[image->classes[i].name];
        }
    }
    return "";
}

/* Adds what the program says of the instruction that was the cause. */
static void
explain(const struct xfsm_image *image, uint32_t cause,
        struct xfsm_step *step)
{
    static const char *const types[] = {
#define TYPE_NAME(ID, NAME, DIALECT) NAME,
        XFSM_EVENT_TYPES(TYPE_NAME)
#undef TYPE_NAME
    };
    const struct xfsm_img_handler *h = find_handler(image, cause);
    uint16_t reason = image->code[cause].c;

    if (!h) {
        return;
    }
    step->event = types[image->events[h->event].type];
    step->event_no = h->event + 1u;
    step->detail = event_detail(image, h->event);
    if (reason) {
        const struct xfsm_img_reason *r = &image->reasons[reason - 1];

        step->condition = r->number;
        step->line = r->line;
        step->expression = &image->strings[r->expression];
        step->actions = &image->strings[r->actions];
    }
}

void
xfsm_inspect_why(const struct xfsm_instance *p,
                 const struct xfsm_clock *clock,
                 const struct xfsm_key_query *q,
                 bool (*cb)(const struct xfsm_step *, void *aux), void *aux)
{
    const struct xfsm_transition *t;
    uint64_t cursor = UINT64_MAX;

    while ((t = xfsm_history_find(p->history, &q->key, &cursor))) {
        struct xfsm_step step = {
            .ts = xfsm_clock_shown(clock, t->ts),
            .from = p->state_names[t->from],
            .to = p->state_names[t->to],
            .detail = "",
            .expression = "",
            .actions = "",
            .gone = t->cause == XFSM_CAUSE_GONE,
        };

        if (t->cause != XFSM_CAUSE_TIMEOUT && !step.gone) {
            explain(&p->image, t->cause, &step);
        }
        if (!cb(&step, aux)) {
            break;
        }
    }
}
