/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include "tests/unit/reference.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/reference-private.h"
#include "xfsm/packet/decode.h"
#include "xfsm/runtime/exec.h"

/* ## Life ## */

struct reference *
reference_create(const struct xfsm_program *program,
                 const struct xfsm_identity *identity)
{
    struct reference *r = calloc(1, sizeof *r);

    if (!r) {
        abort();
    }
    r->program = program;
    r->identity = identity;
    if (xfsm_fragments_create(XFSM_FRAGMENTS_DEFAULT,
                              XFSM_FRAGMENTS_TIMEOUT_DEFAULT, &r->seed,
                              &r->fragments)) {
        abort();
    }
    for (int i = 0; i < program->n_metrics; i++) {
        const struct xfsm_metric *metric = &program->metrics[i];

        ref_monitor_init(&r->monitors[i], metric);
        ref_detector_init(&r->detectors[i], metric);
        if (metric->vd_slave != XFSM_NONE) {
            r->detectors[i].slave = &r->detectors[metric->vd_slave];
        }
    }
    for (int i = 0; i < program->n_tables; i++) {
        const struct xfsm_table *table = &program->tables[i];

        for (int j = 0; table->key.n && j < table->n_entries; j++) {
            struct ref_node *node;
            struct ref_key key;

            if (!ref_key_parse(&table->key, table->entries[j].key, &key)) {
                abort();
            }
            node = ref_map_add(&r->tables[i], &key);
            node->value = table->entries[j].value;
            if (table->is_text) {
                node->len = strlen(table->entries[j].text);
                memcpy(node->text, table->entries[j].text, node->len);
            }
            node->declared = true;
            ref_key_free(&key);
        }
    }
    return r;
}

static void
free_packet(struct xfsm_packet *packet)
{
    free((void *) (uintptr_t) packet->data);
    free(packet->scratch);
}

static void
name_port(struct xfsm_str *str, const char *name, unsigned int field,
          struct xfsm_packet *packet)
{
    str->p = name;
    str->len = (uint32_t) strlen(name);
    if (str->len) {
        xfsm_fieldset_add(&packet->present, field);
    }
}

/* Copies and decodes. */
static void
copy_packet(struct reference *r, struct xfsm_packet *to,
            const struct xfsm_packet *from)
{
    static const struct xfsm_fieldset all = { { UINT64_MAX, UINT64_MAX } };
    uint8_t *data = malloc(from->caplen ? from->caplen : 1);

    *to = *from;
    to->scratch = malloc(XFSM_PACKET_SCRATCH);
    if (!data || !to->scratch) {
        abort();
    }
    if (!from->data) {
        free(data);             /* Of an event without a packet. */
        to->data = NULL;
        return;
    }
    memcpy(data, from->data, from->caplen);
    to->data = data;
    xfsm_decode(to, &all);
    xfsm_fragments_resolve(r->fragments, to);
    name_port(&to->in_port, r->identity->port, XFSM_F_IN_PORT, to);
    name_port(&to->bridge, r->identity->bridge, XFSM_F_BRIDGE, to);
}

static void
free_timer(struct ref_timer *timer)
{
    ref_key_free(&timer->key);
    ref_key_free(&timer->primary);
    free_packet(&timer->packet);
    free(timer);
}

void
reference_destroy(struct reference *r)
{
    while (r->timers) {
        struct ref_timer *timer = r->timers;

        r->timers = timer->next;
        free_timer(timer);
    }
    for (int i = 0; i < XFSM_MAX_METRICS; i++) {
        ref_detector_reset(&r->detectors[i]);
        ref_monitor_reset(&r->monitors[i]);
    }
    for (int i = 0; i < XFSM_MAX_TABLES; i++) {
        ref_map_clear(&r->tables[i]);
    }
    ref_map_clear(&r->states);
    eh_lines_clear(&r->events);
    xfsm_fragments_destroy(r->fragments);
    free(r);
}

/* ## State ## */

static void
enter_state(struct reference *r, const struct ref_key *key, uint16_t state,
            uint64_t now)
{
    if (state) {
        struct ref_node *node = ref_map_add(&r->states, key);

        node->state = state;
        node->time = now;
    } else {
        ref_map_remove(&r->states, key);
    }
}

static uint16_t
look_up_state(struct reference *r, const struct ref_key *key, uint64_t now)
{
    const struct ref_node *node = ref_map_find(&r->states, key);
    const struct xfsm_state *state;

    if (!node) {
        return 0;
    }
    state = &r->program->states[node->state];
    if (state->timeout && now > node->time
        && now - node->time > state->timeout) {
        enter_state(r, key, state->timeout_state, now);
        return state->timeout_state;
    }
    return node->state;
}

static const struct xfsm_handler *
find_handler(const struct xfsm_event_decl *event, uint16_t state)
{
    for (int i = 0; i < event->n_handlers; i++) {
        if (event->handlers[i].state == state) {
            return &event->handlers[i];
        }
    }
    return NULL;
}

/* ## Metrics ## */

/* Key of the packet, NULL if incomplete; 'k' is where it is kept. */
static const struct ref_key *
build(const struct ref_run *run, const struct xfsm_key *key,
      struct ref_key *k)
{
    return ref_key_build(key, run->packet, k) ? k : NULL;
}

static double
field_value(const struct ref_run *run, uint8_t field)
{
    return xfsm_fieldset_has(&run->packet->present, field)
           ? (double) xfsm_field_uint(run->packet, field) : 0;
}

static bool
use_detector(struct ref_run *run, const struct xfsm_use *use)
{
    struct ref_detector *d = &run->r->detectors[use->metric];
    struct ref_key k;
    bool seen = true;           /* Not asked, or not to be told: not new. */

    if (use->vd_get.n && build(run, &use->vd_get, &k)) {
        seen = ref_detector_get(d, &k, run->now);
        ref_key_free(&k);
    }
    if (use->vd_set.n && build(run, &use->vd_set, &k)) {
        ref_detector_set(d, &k, run->now);
        ref_key_free(&k);
    }
    return seen;
}

static double
use_monitor(struct ref_run *run, const struct xfsm_use *use, bool add,
            bool repeats)
{
    const struct xfsm_metric *metric = &run->r->program->metrics[use->metric];
    struct ref_monitor *m = &run->r->monitors[use->metric];
    struct ref_key k = { 0, NULL };
    double value = 0;

    if (add && use->vm_set.n && use->vm_item.n) {
        struct ref_key item = { 0, NULL };

        ref_monitor_add_item(m, build(run, &use->vm_set, &k),
                             build(run, &use->vm_item, &item), run->now);
        ref_key_free(&k);
        ref_key_free(&item);
    } else if (add && use->vm_set.n) {
        ref_monitor_add(m, build(run, &use->vm_set, &k),
                        repeats ? metric->vm_repeat_value
                        : metric->vm_insert_is_field
                        ? field_value(run, metric->vm_insert_field)
                        : metric->vm_insert_value, run->now);
        ref_key_free(&k);
    }
    if (use->vm_get.n) {
        value = ref_monitor_get(m, build(run, &use->vm_get, &k), run->now);
        ref_key_free(&k);
    }
    return value;
}

static void
use_metric(struct ref_run *run, const struct xfsm_use *use)
{
    const struct xfsm_metric *metric = &run->r->program->metrics[use->metric];
    bool seen = metric->vd_on && use_detector(run, use);
    bool repeats = seen && use->vd_get.n && metric->vm_repeat_value != 0;
    double value;

    if (metric->vm_on) {
        value = use_monitor(run, use, !seen || repeats, repeats);
    } else if (metric->vd_on) {
        value = seen;
    } else {
        value = use->vm_get.n ? field_value(run, use->vm_get.fields[0]) : 0;
    }
    run->metrics[use->metric] = value;
}

/* ## Timers ## */

static struct ref_timer **
find_timer(struct reference *r, uint16_t class, const struct ref_key *key)
{
    struct ref_timer **link = &r->timers;

    while (*link && ((*link)->class != class
                     || !ref_key_equal(&(*link)->key, key))) {
        link = &(*link)->next;
    }
    return link;
}

static void
remove_timer(struct reference *r, uint16_t class, const struct ref_key *key)
{
    struct ref_timer **link = find_timer(r, class, key);

    if (*link) {
        struct ref_timer *timer = *link;

        *link = timer->next;
        free_timer(timer);
    }
}

static void
arm_timer(struct reference *r, uint16_t class, const struct ref_key *key,
          const struct ref_key *primary, const struct xfsm_key *shape,
          const struct xfsm_packet *packet, uint64_t deadline, uint64_t delay)
{
    struct ref_timer *timer = calloc(1, sizeof *timer);

    if (!timer) {
        abort();
    }
    timer->class = class;
    ref_key_copy(&timer->key, key);
    ref_key_copy(&timer->primary, primary);
    timer->shape = *shape;
    copy_packet(r, &timer->packet, packet);
    timer->deadline = deadline;
    timer->delay = delay;
    timer->order = ++r->order;
    remove_timer(r, class, key);
    timer->next = r->timers;
    r->timers = timer;
}

static const struct xfsm_event_decl *
timeout_event(const struct reference *r, uint16_t class)
{
    for (int i = 0; i < r->program->n_events; i++) {
        if (r->program->events[i].type == XFSM_EV_TIMEOUT
            && r->program->events[i].class == class) {
            return &r->program->events[i];
        }
    }
    return NULL;
}

static void
set_timeout(struct ref_run *run, const struct xfsm_timeout_set *set)
{
    const struct xfsm_event_decl *event = timeout_event(run->r, set->class);
    const struct xfsm_key *primary = set->primary.n ? &set->primary
                                     : &event->primary;
    struct ref_key key, p = { 0, NULL };

    if (!ref_key_build(&set->key, run->packet, &key)) {
        return;
    }
    if (!set->delay) {
        remove_timer(run->r, set->class, &key);
    } else if (!primary->n) {
        arm_timer(run->r, set->class, &key, run->primary, run->shape,
                  run->packet, run->now + set->delay, set->delay);
    } else if (ref_key_build(primary, run->packet, &p)) {
        arm_timer(run->r, set->class, &key, &p, primary, run->packet,
                  run->now + set->delay, set->delay);
        ref_key_free(&p);
    }
    ref_key_free(&key);
}

/* ## Actions ## */

static void
publish(struct ref_run *run, const struct xfsm_action *action)
{
    uint16_t next = run->next_state;
    const struct xfsm_program *program = run->r->program;
    const char *names[XFSM_MAX_FEATURES];
    struct eh_line line = {
        .ts = run->now - run->r->shift, .label = action->label,
        .program = program->name,
        .state = program->states[run->handler->state].name,
        .next_state = next != XFSM_NONE && next != run->handler->state
                      ? program->states[next].name : "",
        .code = run->handler->code, .level = run->handler->level,
        .description = run->handler->description, .packet = run->packet,
        .key_fields = run->shape->fields, .n_key_fields = run->shape->n,
        .key_prefixes = run->shape->prefixes,
        .suspect = run->suspect, .text = "", .hops = run->r->hops,
    };
    char *text = NULL;

    if (action->kind == XFSM_AC_PUBLISH_RAW) {
        line.raw = run->packet->caplen ? run->packet->data : NULL;
        line.raw_len = run->packet->caplen < run->raw_max
                       ? run->packet->caplen : run->raw_max;
    } else if (action->kind == XFSM_AC_EXPORT) {
        for (int i = 0; i < program->n_features; i++) {
            names[i] = program->features[i].name;
        }
        line.n_features = program->n_features;
        line.feature_names = names;
        line.feature_values = run->features;
    } else {
        text = ref_text(run, &action->text, &line.text_len);
        line.text = text;
    }
    eh_lines_add(&run->r->events, eh_line_format(&line));
    free(text);
}

static void
set_table(struct ref_run *run, const struct xfsm_action *action)
{
    struct ref_map *table = &run->r->tables[action->index];
    uint64_t ttl = run->r->program->tables[action->index].room.ttl;
    double value = ref_eval(run, action->expr), old;
    struct ref_key key;

    ref_table_get(run->r, action->index, &action->key, run->packet, run->now,
                  &old);
    switch ((int) action->op) {
    case XFSM_OP_EQ: break;
    case XFSM_OP_ADD: value = old + value; break;
    case XFSM_OP_SUB: value = old - value; break;
    case XFSM_OP_MUL: value = old * value; break;
    case XFSM_OP_DIV: value = value == 0 ? 0 : old / value; break;
    default: abort();
    }
    if (ref_key_build(&action->key, run->packet, &key)) {
        ref_map_write(table, &key, ttl, run->now)->value = value;
        ref_key_free(&key);
    }
}

static void
reset_metric(struct ref_run *run, const struct xfsm_action *action)
{
    struct reference *r = run->r;
    struct ref_key key;

    if (!action->key.n) {
        ref_detector_reset(&r->detectors[action->index]);
        ref_monitor_reset(&r->monitors[action->index]);
    } else if (ref_key_build(&action->key, run->packet, &key)) {
        ref_monitor_reset_key(&r->monitors[action->index], &key);
        ref_key_free(&key);
    }
}

static void
act(struct ref_run *run, const struct xfsm_action *action)
{
    switch (action->kind) {
    case XFSM_AC_PUBLISH:
    case XFSM_AC_PUBLISH_RAW:
    case XFSM_AC_EXPORT:
    case XFSM_AC_PLOT:
    case XFSM_AC_EXEC:
        publish(run, action);
        break;
    case XFSM_AC_MITIGATE: {
        struct ref_key key;

        if (ref_key_build(&action->key, run->packet, &key)) {
            publish(run, action);
            ref_key_free(&key);
        }
        break;
    }
    case XFSM_AC_RESET:
        reset_metric(run, action);
        break;
    case XFSM_AC_TABLE_RESET:
        ref_map_clear(&run->r->tables[action->index]);
        break;
    case XFSM_AC_TABLE_SET:
        set_table(run, action);
        break;
    case XFSM_AC_TABLE_TEXT:
        ref_set_text(run, action);
        break;
    case XFSM_AC_SUSPECT:
        run->suspect = true;
        break;
    }
}

/* ## Handlers ## */

static void
take_steps(struct ref_run *run, const struct xfsm_steps *steps)
{
    if (steps->next_state != XFSM_NONE) {
        run->next_state = steps->next_state;
    }
    for (int i = 0; i < steps->n_timeouts; i++) {
        set_timeout(run, &steps->timeouts[i]);
    }
    for (int i = 0; i < steps->n_actions; i++) {
        act(run, &steps->actions[i]);
    }
    if (steps->next_state != XFSM_NONE) {
        enter_state(run->r, run->primary, steps->next_state, run->now);
    }
}

static void
run_handler(struct ref_run *run)
{
    const struct xfsm_program *program = run->r->program;
    const struct xfsm_handler *handler = run->handler;

    run->next_state = XFSM_NONE;
    for (int i = 0; i < handler->n_uses; i++) {
        use_metric(run, &handler->uses[i]);
    }
    for (int i = 0; i < program->n_features; i++) {
        run->features[i] = ref_eval(run, program->features[i].body);
    }
    for (int i = 0; i < handler->n_conditions; i++) {
        if (ref_eval(run, handler->conditions[i].expr) != 0) {
            take_steps(run, &handler->conditions[i].steps);
            break;
        }
    }
    take_steps(run, &handler->post);
}

/* Takes the first timer that is due at 'limit' out of the list; NULL if there
 * is none. */
static struct ref_timer *
pop_timer(struct reference *r, uint64_t limit)
{
    struct ref_timer **first = NULL, **link, *timer;

    for (link = &r->timers; *link; link = &(*link)->next) {
        if ((*link)->deadline <= limit
            && (!first || (*link)->deadline < (*first)->deadline
                || ((*link)->deadline == (*first)->deadline
                    && (*link)->order < (*first)->order))) {
            first = link;
        }
    }
    if (!first) {
        return NULL;
    }
    timer = *first;
    *first = timer->next;
    return timer;
}

static void
fire_timer(struct reference *r, struct ref_timer *timer)
{
    uint64_t behind = (r->now - timer->deadline) / timer->delay;
    uint64_t skip = behind > XFSM_TIMER_CATCH_UP
                    ? behind - XFSM_TIMER_CATCH_UP : 0;
    uint64_t now = timer->deadline + skip * timer->delay;
    uint16_t state = look_up_state(r, &timer->primary, now);
    struct ref_run run = {
        .r = r, .handler = find_handler(timeout_event(r, timer->class), state),
        .packet = &timer->packet, .primary = &timer->primary,
        .shape = &timer->shape, .now = now, .raw_max = XFSM_SNAPSHOT_RAW_MAX,
    };

    if (!run.handler && !state) {
        return;
    }
    arm_timer(r, timer->class, &timer->key, &timer->primary, &timer->shape,
              &timer->packet, now + timer->delay, timer->delay);
    if (run.handler) {
        timer->packet.ts = now - r->shift;
        r->n_timeouts++;
        run_handler(&run);
    }
}

/* ## Events without a packet ## */

static void
run_event(struct reference *r, const struct xfsm_event_decl *event,
          const struct xfsm_packet *packet, const struct ref_key *key,
          uint64_t now)
{
    struct ref_run run = {
        .r = r, .packet = packet, .primary = key, .shape = &event->primary,
        .now = now, .raw_max = XFSM_EVENT_RAW_MAX,
    };

    run.handler = find_handler(event, look_up_state(r, key, now));
    if (run.handler) {
        run_handler(&run);
    }
}

static void
run_own_event(struct reference *r, const struct xfsm_event_decl *event,
              uint64_t now)
{
    struct xfsm_packet packet = { .ts = now - r->shift };
    uint8_t none = 0;           /* What an empty key points to. */
    struct ref_key key = { 0, &none };

    xfsm_fieldset_add(&packet.present, XFSM_F_TS);
    run_event(r, event, &packet, &key, now);
}

static void
run_own_events(struct reference *r, enum xfsm_event_type type)
{
    for (int i = 0; i < r->program->n_events; i++) {
        if (r->program->events[i].type == type) {
            run_own_event(r, &r->program->events[i], r->now);
        }
    }
}

static void
start(struct reference *r)
{
    r->started = true;
    for (int i = 0; i < r->program->n_events; i++) {
        r->due[i] = r->now + r->program->events[i].period;
    }
    run_own_events(r, XFSM_EV_START);
}

/* The period event that is due first, or -1. */
static int
find_period(const struct reference *r)
{
    int first = -1;

    for (int i = 0; i < r->program->n_events; i++) {
        if (r->program->events[i].type == XFSM_EV_PERIOD
            && r->due[i] <= r->now
            && (first < 0 || r->due[i] < r->due[first])) {
            first = i;
        }
    }
    return first;
}

static void
fire_timers(struct reference *r, uint64_t limit)
{
    struct ref_timer *timer;

    while ((timer = pop_timer(r, limit)) != NULL) {
        fire_timer(r, timer);
        free_timer(timer);
    }
}

void
reference_advance(struct reference *r, uint64_t now)
{
    int i;

    r->now = ref_clock_follows(r, now) ? now + r->shift : r->now;
    if (!r->started) {
        start(r);
    }
    while ((i = find_period(r)) >= 0) {
        uint64_t period = r->program->events[i].period;
        uint64_t behind = (r->now - r->due[i]) / period, due;

        fire_timers(r, r->due[i]);
        due = r->due[i] + (behind > XFSM_TIMER_CATCH_UP
                           ? (behind - XFSM_TIMER_CATCH_UP) * period : 0);
        r->due[i] = due + period;
        run_own_event(r, &r->program->events[i], due);
    }
    fire_timers(r, r->now);
}

void
reference_stop(struct reference *r)
{
    run_own_events(r, XFSM_EV_STOP);
}

static bool
fits(const char *topic, const struct xfsm_message *message)
{
    char whole[1024];
    size_t n = strlen(topic);

    snprintf(whole, sizeof whole, "%s/%s/%s/%s/", message->label,
             message->program, message->bridge, message->port);
    return !strncmp(whole, topic, n) && whole[n] == '/';
}

static void
set_string(struct xfsm_packet *packet, unsigned int field, struct xfsm_str *s,
           const char *text)
{
    s->p = text;
    s->len = (uint32_t) strlen(text);
    xfsm_fieldset_add(&packet->present, field);
}

void
reference_message(struct reference *r, const struct xfsm_message *message)
{
    const struct xfsm_event_decl *event = NULL;
    struct xfsm_packet packet = { .ts = r->now - r->shift };
    struct ref_key key;

    for (int i = 0; i < r->program->n_events && !event; i++) {
        if (r->program->events[i].type == XFSM_EV_MESSAGE
            && fits(r->program->events[i].topic, message)) {
            event = &r->program->events[i];
        }
    }
    if (!event || message->hops >= XFSM_MESSAGE_HOPS) {
        return;
    }
    xfsm_fieldset_add(&packet.present, XFSM_F_TS);
    set_string(&packet, XFSM_F_MSG_LABEL, &packet.msg_label, message->label);
    set_string(&packet, XFSM_F_MSG_PROGRAM, &packet.msg_program,
               message->program);
    set_string(&packet, XFSM_F_MSG_HOST, &packet.msg_host, message->host);
    set_string(&packet, XFSM_F_MSG_BRIDGE, &packet.msg_bridge,
               message->bridge);
    set_string(&packet, XFSM_F_MSG_PORT, &packet.msg_port, message->port);
    set_string(&packet, XFSM_F_MSG_STATE, &packet.msg_state, message->state);
    packet.msg_hops = (uint8_t) message->hops;
    xfsm_fieldset_add(&packet.present, XFSM_F_MSG_HOPS);
    for (size_t i = 0; i < message->n_fields; i++) {
        int id = xfsm_field_lookup(message->fields[i].name,
                                   message->fields[i].name_len, NULL);

        if (id >= 0) {
            xfsm_field_parse(&packet, (unsigned int) id,
                             message->fields[i].value,
                             message->fields[i].len);
        }
    }
    if (ref_key_build(&event->primary, &packet, &key)) {
        r->hops = message->hops + 1;
        run_event(r, event, &packet, &key, r->now);
        r->hops = 0;
        ref_key_free(&key);
    }
}

static void
run_packet(struct reference *r, const struct xfsm_packet *packet)
{
    const struct xfsm_program *program = r->program;
    const struct xfsm_event_decl *event = NULL;
    struct ref_run run = {
        .r = r, .packet = packet, .now = r->now,
        .raw_max = XFSM_EVENT_RAW_MAX,
    };
    struct ref_key key;

    for (int i = 0; i < program->n_events && !event; i++) {
        if (program->events[i].type == XFSM_EV_PACKET
            && ref_select(r, program->events[i].selector, packet)) {
            event = &program->events[i];
        }
    }
    if (!event || !ref_key_build(&event->primary, packet, &key)) {
        return;
    }
    run.primary = &key;
    run.shape = &event->primary;
    run.handler = find_handler(event, look_up_state(r, &key, r->now));
    if (run.handler) {
        run_handler(&run);
    }
    ref_key_free(&key);
}

void
reference_run(struct reference *r, const struct xfsm_packet *packet)
{
    struct xfsm_packet source = *packet, decoded;

    source.packet_no = ++r->packet_no;
    copy_packet(r, &decoded, &source);
    ref_clock_consider(r, packet->ts);
    reference_advance(r, packet->ts);
    run_packet(r, &decoded);
    free_packet(&decoded);
}

const struct eh_lines *
reference_events(const struct reference *r)
{
    return &r->events;
}

uint64_t
reference_timeouts(const struct reference *r)
{
    return r->n_timeouts;
}
