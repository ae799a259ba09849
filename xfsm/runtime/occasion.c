/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include "xfsm/runtime/run.h"

#include <string.h>

/* The key of the program itself: no words. */
static const struct xfsm_key_value own_key = { .spec = XFSM_NONE };

/* ## Events about the program ## */

/* A packet without bytes, at 'ts', that has no other field. */
static struct xfsm_packet *
blank_packet(struct xfsm_exec *x, struct xfsm_instance *p, uint64_t ts)
{
    struct xfsm_packet *packet = &x->blank;

    memset(&packet->present, 0, sizeof packet->present);
    packet->data = NULL;
    packet->len = packet->caplen = 0;
    packet->ts = xfsm_clock_shown(&x->clock, ts);
    xfsm_fieldset_add(&packet->present, XFSM_F_TS);
    p->fired_keys.built = p->fired_keys.complete = 0;
    p->keys = &p->fired_keys;
    return packet;
}

static void
run_own_event(struct xfsm_exec *x, struct xfsm_instance *p, uint16_t event,
              uint64_t ts)
{
    x->stats.own_events += xfsm_exec_handle(x, p, event,
                                            blank_packet(x, p, ts), &own_key,
                                            ts);
}

static void
run_own_events(struct xfsm_exec *x, struct xfsm_instance *p,
               enum xfsm_event_type type)
{
    for (uint16_t i = 0; i < p->image.n_events; i++) {
        if (p->image.events[i].type == type) {
            run_own_event(x, p, i, x->clock.now);
        }
    }
}

/* ## Periods ## */

static uint64_t
later(uint64_t ts, uint64_t delay)
{
    return ts < UINT64_MAX - delay ? ts + delay : UINT64_MAX;
}

static void
start(struct xfsm_exec *x, struct xfsm_instance *p)
{
    p->started = true;
    for (uint32_t i = 0; i < p->image.n_events; i++) {
        p->period_due[i] = later(x->clock.now, p->image.events[i].period);
    }
    xfsm_instance_set_wake(p);
    run_own_events(x, p, XFSM_EV_START);
}

/* Runs the period that is due first, at p->wake. */
static void
run_period(struct xfsm_exec *x, struct xfsm_instance *p)
{
    uint16_t i = 0;
    uint64_t period, due, behind;

    while (p->image.events[i].type != XFSM_EV_PERIOD
           || p->period_due[i] != p->wake) {
        i++;
    }
    period = p->image.events[i].period;
    due = p->period_due[i];
    behind = (x->clock.now - due) / period;
    if (behind > XFSM_TIMER_CATCH_UP) {
        x->stats.timers_skipped += behind - XFSM_TIMER_CATCH_UP;
        due += (behind - XFSM_TIMER_CATCH_UP) * period;
    }
    p->period_due[i] = later(due, period);
    xfsm_instance_set_wake(p);
    run_own_event(x, p, i, due);
}

bool
xfsm_exec_wake(struct xfsm_exec *x, struct xfsm_instance *p)
{
    if (!p->started) {
        start(x, p);
    }
    while (p->wake <= x->clock.now && p->wake != UINT64_MAX) {
        if (!xfsm_exec_timers(x, p, p->wake)) {
            return false;
        }
        run_period(x, p);
        if (!xfsm_exec_spend(x)) {
            return false;
        }
    }
    return xfsm_exec_timers(x, p, x->clock.now);
}

void
xfsm_exec_stop(struct xfsm_exec *x, struct xfsm_instance *p)
{
    if (p->started && !p->stopped) {
        p->stopped = true;
        xfsm_instance_set_wake(p);
        run_own_events(x, p, XFSM_EV_STOP);
    }
}

/* ## Messages ## */

uint16_t
xfsm_exec_hears(const struct xfsm_instance *p, const char *topic)
{
    for (uint16_t i = 0; p->hears && i < p->image.n_events; i++) {
        const struct xfsm_img_event *event = &p->image.events[i];
        const char *prefix = &p->image.strings[event->topic];
        size_t n = strlen(prefix);

        if (event->type == XFSM_EV_MESSAGE && !strncmp(topic, prefix, n)
            && (!topic[n] || topic[n] == '/')) {
            return i;
        }
    }
    return XFSM_NONE;
}

static void
set_text(struct xfsm_packet *packet, unsigned int field, const char *text)
{
    size_t n = strlen(text);

    xfsm_field_parse(packet, field, text,
                     n < XFSM_FIELD_TEXT_MAX ? n : XFSM_FIELD_TEXT_MAX - 1);
}

/* Makes 'packet' show the message. */
static void
unpack(struct xfsm_packet *packet, const struct xfsm_message *message)
{
    set_text(packet, XFSM_F_MSG_LABEL, message->label);
    set_text(packet, XFSM_F_MSG_PROGRAM, message->program);
    set_text(packet, XFSM_F_MSG_HOST, message->host);
    set_text(packet, XFSM_F_MSG_BRIDGE, message->bridge);
    set_text(packet, XFSM_F_MSG_PORT, message->port);
    set_text(packet, XFSM_F_MSG_STATE, message->state);
    packet->msg_hops = (uint8_t) message->hops;
    xfsm_fieldset_add(&packet->present, XFSM_F_MSG_HOPS);
    for (size_t i = 0; i < message->n_fields; i++) {
        const struct xfsm_message_field *field = &message->fields[i];
        int id = xfsm_field_lookup(field->name, field->name_len, NULL);

        if (id >= 0 && xfsm_fields[id].layer != XFSM_FL_META
            && !xfsm_fieldset_has(&packet->present, (unsigned int) id)) {
            xfsm_field_parse(packet, (unsigned int) id, field->value,
                             field->len);
        }
    }
}

bool
xfsm_exec_message(struct xfsm_exec *x, struct xfsm_instance *p,
                  const struct xfsm_message *message, const char *topic)
{
    uint16_t event = xfsm_exec_hears(p, topic);
    const struct xfsm_key_value *key;
    struct xfsm_packet *packet;

    if (event == XFSM_NONE) {
        return false;
    }
    if (p->wake <= x->clock.now) {
        xfsm_exec_wake(x, p);
    }
    packet = blank_packet(x, p, x->clock.now);
    unpack(packet, message);
    key = xfsm_exec_key(p, packet, p->image.events[event].primary);
    if (!key) {
        x->stats.message_no_key++;
        return true;
    }
    x->hops = message->hops + 1;
    if (xfsm_exec_handle(x, p, event, packet, key, x->clock.now)) {
        x->stats.messages++;
    } else {
        x->stats.no_state++;
    }
    x->hops = 0;
    return true;
}
