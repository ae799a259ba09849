/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include "xfsm/runtime/exec.h"

#include <math.h>
#include <string.h>

/* One handler being run. */
struct run {
    struct xfsm_exec *x;
    struct xfsm_instance *p;
    const struct xfsm_img_handler *handler;
    const struct xfsm_packet *packet;
    const struct xfsm_key_value *key;   /* Primary key. */
    uint64_t ts;                /* The time it runs at, ns. */
    bool suspect;
    double regs[XFSM_MAX_REGS];
};

/* ## State ## */

static uint32_t
seconds(uint64_t ns)
{
    return (uint32_t) (ns / UINT64_C(1000000000));
}

static void
enter_state(struct xfsm_instance *p, const struct xfsm_key_value *key,
            uint16_t state, uint64_t ts)
{
    struct xfsm_state_entry *entry = xfsm_keytable_find(p->states, key->hash,
                                                        key->w, key->n);

    if (entry) {
        p->state_keys[entry->state]--;
    }
    if (!state) {
        if (entry) {
            xfsm_keytable_remove(p->states, key->hash, key->w, key->n);
        }
        return;
    }
    if (!entry) {
        struct xfsm_state_entry old = { .state = 0 };
        bool created;

        entry = xfsm_keytable_insert_evict(p->states, key->hash, key->w,
                                           key->n, seconds(ts), &created,
                                           &old);
        if (old.state) {
            p->state_keys[old.state]--;
        }
    }
    entry->state = state;
    entry->since = ts;
    p->state_keys[state]++;
}

/* The state of 'key' at 'ts', state timeouts applied. */
static uint16_t
current_state(struct xfsm_instance *p, const struct xfsm_key_value *key,
              uint64_t ts)
{
    const struct xfsm_state_entry *entry = xfsm_keytable_find(
        p->states, key->hash, key->w, key->n);
    const struct xfsm_img_state *state;

    if (!entry) {
        return 0;
    }
    state = &p->image.states[entry->state];
    if (state->timeout && ts > entry->since
        && ts - entry->since > state->timeout) {
        enter_state(p, key, (uint16_t) state->timeout_state, ts);
        return (uint16_t) state->timeout_state;
    }
    return entry->state;
}

/* ## Metrics and tables ## */

static const struct xfsm_key_value *
metric_key(struct run *run, const struct xfsm_insn *insn)
{
    const struct xfsm_key_value *key = xfsm_exec_key(run->p, run->packet,
                                                     insn->d);

    run->x->stats.metric_no_key += !key;
    return key;
}

static double
detector_get(struct run *run, const struct xfsm_insn *insn)
{
    const struct xfsm_key_value *key = metric_key(run, insn);

    return !key || xfsm_detector_get(run->p->metrics[insn->b].detector,
                                     key->hash, run->ts);
}

static void
detector_set(struct run *run, const struct xfsm_insn *insn)
{
    const struct xfsm_key_value *key = metric_key(run, insn);

    if (key) {
        xfsm_detector_set(run->p->metrics[insn->b].detector, key->hash,
                          run->ts);
    }
}

static void
keytable_add(struct xfsm_keytable *table, const struct xfsm_key_value *key,
             uint64_t ts, double value, bool set)
{
    bool created;
    double *slot = xfsm_keytable_insert(table, key->hash, key->w, key->n,
                                        seconds(ts), &created);

    *slot = set ? value : *slot + value;
}

static void
monitor_add(struct run *run, const struct xfsm_insn *insn)
{
    struct xfsm_metric_memory *m = &run->p->metrics[insn->b];
    double q = run->regs[insn->a];
    const struct xfsm_key_value *key;

    if (!m->tewma && !m->counters) {
        m->simple += q;
        return;
    }
    key = metric_key(run, insn);
    if (!key) {
        return;
    }
    if (m->tewma) {
        xfsm_tewma_add(m->tewma, key->hash, q, run->ts);
    } else {
        keytable_add(m->counters, key, run->ts, q, false);
    }
}

static double
monitor_get(struct run *run, const struct xfsm_insn *insn)
{
    struct xfsm_metric_memory *m = &run->p->metrics[insn->b];
    const struct xfsm_key_value *key;
    const double *slot;

    if (!m->tewma && !m->counters) {
        return m->simple;
    }
    key = metric_key(run, insn);
    if (!key) {
        return 0;
    }
    if (m->tewma) {
        return xfsm_tewma_get(m->tewma, key->hash, run->ts);
    }
    slot = xfsm_keytable_find(m->counters, key->hash, key->w, key->n);
    return slot ? *slot : 0;
}

static void
metric_reset(struct run *run, const struct xfsm_insn *insn, bool keyed)
{
    struct xfsm_metric_memory *m = &run->p->metrics[insn->b];

    if (keyed) {
        const struct xfsm_key_value *key = metric_key(run, insn);

        if (key && m->tewma) {
            xfsm_tewma_reset_key(m->tewma, key->hash);
        } else if (key && m->counters) {
            xfsm_keytable_remove(m->counters, key->hash, key->w, key->n);
        } else if (key) {
            m->simple = 0;
        }
        return;
    }
    if (m->detector) {
        xfsm_detector_reset(m->detector);
    }
    if (m->tewma) {
        xfsm_tewma_reset(m->tewma);
    }
    if (m->counters) {
        xfsm_keytable_clear(m->counters);
    }
    m->simple = 0;
}

/* ## Timers ## */

static void
timer_set(struct run *run, const struct xfsm_insn *insn)
{
    struct xfsm_instance *p = run->p;
    const struct xfsm_key_value *key = metric_key(run, insn);
    const struct xfsm_key_value *primary = run->key;
    uint16_t event = (uint16_t) p->image.classes[insn->b].event;
    uint16_t spec = insn->c;
    char *payload;

    if (spec == XFSM_NONE && event != XFSM_NONE) {
        spec = p->image.events[event].primary;
    }
    if (spec != XFSM_NONE) {
        primary = xfsm_exec_key(p, run->packet, spec);
    }
    if (!key || !primary) {
        return;
    }
    payload = xfsm_timers_set(p->timers, insn->b, key->hash, key->w, key->n,
                              run->ts, insn->k.u);
    if (!payload) {
        run->x->stats.timers_refused++;
        return;
    }
    memcpy(payload, primary, sizeof *primary);
    xfsm_snapshot_take(&p->snapshot, run->packet, payload + sizeof *primary);
}

static void
timer_cancel(struct run *run, const struct xfsm_insn *insn)
{
    const struct xfsm_key_value *key = metric_key(run, insn);

    if (key) {
        xfsm_timers_cancel(run->p->timers, insn->b, key->hash, key->w,
                           key->n);
    }
}

/* ## Events ## */

static void
publish(struct run *run, const struct xfsm_insn *insn, size_t text_len,
        bool raw, bool features)
{
    struct xfsm_exec *x = run->x;
    struct xfsm_instance *p = run->p;
    const struct xfsm_image *image = &p->image;
    const struct xfsm_img_key *primary = &image->keys[run->key->spec];
    uint8_t key_fields[XFSM_MAX_KEY_FIELDS];
    struct xfsm_event event = {
        .ts = run->ts,
        .seq = ++x->seq,
        .program = p->name,
        .version = &image->strings[image->header->version],
        .label = &image->strings[insn->k.s.off],
        .state = p->state_names[run->handler->state],
        .code = &image->strings[run->handler->state_code],
        .level = &image->strings[run->handler->level],
        .description = &image->strings[run->handler->description],
        .text = x->text,
        .text_len = text_len,
        .packet = run->packet,
        .key_fields = key_fields,
        .n_key_fields = primary->n,
        .suspect = run->suspect,
    };

    x->text[text_len] = '\0';
    for (int i = 0; i < primary->n; i++) {
        key_fields[i] = image->field_ids[primary->fields[i]];
    }
    if (raw && run->packet->data) {
        event.raw = run->packet->data;
        event.raw_len = run->packet->caplen < XFSM_EVENT_RAW_MAX
                        ? run->packet->caplen : XFSM_EVENT_RAW_MAX;
    }
    if (features) {
        event.n_features = (int) run->handler->n_features;
        for (uint32_t i = 0; i < run->handler->n_features; i++) {
            const struct xfsm_img_feature *f =
                &image->features[run->handler->first_feature + i];

            x->feature_names[i] = &image->strings[f->name];
            x->feature_values[i] = run->regs[f->reg];
        }
        event.feature_names = x->feature_names;
        event.feature_values = x->feature_values;
    }

    x->stats.events++;
    x->stats.alerts += !strcmp(event.label, XFSM_LABEL_ALERT)
                       || !strcmp(event.label, XFSM_LABEL_CRITICAL);
    p->events++;
    if (x->options.emit) {
        x->options.emit(&event, x->options.aux);
    }
}

/* ## Instructions ## */

static double
divide(struct run *run, double a, double b)
{
    if (b == 0) {
        run->x->stats.div_by_zero++;
        return 0;
    }
    return a / b;
}

static double
modulo(struct run *run, double a, double b)
{
    if (b == 0) {
        run->x->stats.div_by_zero++;
        return 0;
    }
    return fmod(a, b);
}

static double
power(double a, double b)
{
    double value = pow(a, b);

    return isfinite(value) ? value : 0;
}

static double
load_field(const struct run *run, const struct xfsm_insn *insn)
{
    unsigned int id = run->p->image.field_ids[insn->b];

    return xfsm_fieldset_has(&run->packet->present, id)
           ? (double) xfsm_field_uint(run->packet, id) : 0;
}

/* Does the instructions that act on memory outside the registers.  Returns
 * false for those that compute. */
static bool
execute_effect(struct run *run, const struct xfsm_insn *insn)
{
    struct xfsm_instance *p = run->p;
    const struct xfsm_key_value *key;

    switch (insn->op) {
    case XFSM_I_VDSET:
        detector_set(run, insn);
        return true;
    case XFSM_I_VMADD:
        monitor_add(run, insn);
        return true;
    case XFSM_I_RESET:
    case XFSM_I_RESETK:
        metric_reset(run, insn, insn->op == XFSM_I_RESETK);
        return true;
    case XFSM_I_TSET:
        key = metric_key(run, insn);
        if (key) {
            keytable_add(p->tables[insn->b], key, run->ts,
                         run->regs[insn->a], true);
        }
        return true;
    case XFSM_I_TRESET:
        if (p->tables[insn->b]) {
            xfsm_keytable_clear(p->tables[insn->b]);
        }
        return true;
    case XFSM_I_PUBLISH:
        publish(run, insn, xfsm_exec_text(run->x, p, run->packet, run->ts,
                                          run->regs, insn->b), false, false);
        return true;
    case XFSM_I_PUBRAW:
        publish(run, insn, 0, true, false);
        return true;
    case XFSM_I_EXPORT:
        publish(run, insn, 0, false, true);
        return true;
    case XFSM_I_SUSPECT:
        run->suspect = true;
        return true;
    case XFSM_I_TIMER:
        timer_set(run, insn);
        return true;
    case XFSM_I_CANCEL:
        timer_cancel(run, insn);
        return true;
    case XFSM_I_STATE:
        enter_state(p, run->key, insn->b, run->ts);
        return true;
    default:
        return false;
    }
}

/* The value that a computing instruction gives to register 'a'. */
static double
compute(struct run *run, const struct xfsm_insn *insn)
{
    const double *r = run->regs;
    double b, c;

    switch (insn->op) {
    case XFSM_I_VDGET: return detector_get(run, insn);
    case XFSM_I_VMGET: return monitor_get(run, insn);
    case XFSM_I_LDI: return insn->k.f;
    case XFSM_I_LDF: return load_field(run, insn);
    default: break;
    }

    b = r[insn->b];
    switch (insn->op) {
    case XFSM_I_MOV: return b;
    case XFSM_I_NEG: return -b;
    case XFSM_I_NOT: return b == 0;
    case XFSM_I_BOOL: return b != 0;
    case XFSM_I_ABS: return fabs(b);
    case XFSM_I_LOG: return b > 0 ? log(b) : 0;
    case XFSM_I_LOG2: return b > 0 ? log2(b) : 0;
    case XFSM_I_EXP: return exp(b);
    case XFSM_I_SQRT: return b > 0 ? sqrt(b) : 0;
    case XFSM_I_FLOOR: return floor(b);
    case XFSM_I_CEIL: return ceil(b);
    default: break;
    }

    c = r[insn->c];
    switch (insn->op) {
    case XFSM_I_ADD: return b + c;
    case XFSM_I_SUB: return b - c;
    case XFSM_I_MUL: return b * c;
    case XFSM_I_DIV: return divide(run, b, c);
    case XFSM_I_MOD: return modulo(run, b, c);
    case XFSM_I_EQ: return b == c;
    case XFSM_I_NE: return b != c;
    case XFSM_I_LT: return b < c;
    case XFSM_I_LE: return b <= c;
    case XFSM_I_GT: return b > c;
    case XFSM_I_GE: return b >= c;
    case XFSM_I_FMIN: return fmin(b, c);
    case XFSM_I_FMAX: return fmax(b, c);
    case XFSM_I_POW: return power(b, c);
    default: return 0;
    }
}

static void
execute(struct run *run)
{
    const struct xfsm_insn *code = run->p->image.code;
    uint32_t pc = run->handler->code;

    for (;;) {
        const struct xfsm_insn *insn = &code[pc++];

        switch (insn->op) {
        case XFSM_I_END:
            return;
        case XFSM_I_JUMP:
            pc = insn->c;
            break;
        case XFSM_I_JZ:
            pc = run->regs[insn->a] == 0 ? insn->c : pc;
            break;
        case XFSM_I_JNZ:
            pc = run->regs[insn->a] != 0 ? insn->c : pc;
            break;
        case XFSM_I_TGET: {
            const struct xfsm_key_value *key = metric_key(run, insn);
            const double *value = key ? xfsm_keytable_find(
                run->p->tables[insn->b], key->hash, key->w, key->n) : NULL;

            run->regs[insn->a] = value ? *value : 0;
            pc = value ? pc : insn->c;
            break;
        }
        default:
            if (!execute_effect(run, insn)) {
                run->regs[insn->a] = compute(run, insn);
            }
            break;
        }
    }
}

static void
run_handler(struct xfsm_exec *x, struct xfsm_instance *p, uint16_t handler,
            const struct xfsm_packet *packet,
            const struct xfsm_key_value *key, uint64_t ts)
{
    struct run run;

    run.x = x;
    run.p = p;
    run.handler = &p->image.handlers[handler];
    run.packet = packet;
    run.key = key;
    run.ts = ts;
    run.suspect = false;
    p->handled++;
    execute(&run);
}

void
xfsm_exec_packet(struct xfsm_exec *x, struct xfsm_instance *p,
                 const struct xfsm_packet *packet, uint16_t event,
                 const struct xfsm_key_value *key)
{
    uint16_t state = current_state(p, key, x->now);
    uint16_t handler = p->image.events[event].handler[state];

    if (handler == XFSM_NONE) {
        x->stats.no_state++;
        return;
    }
    x->stats.handled++;
    run_handler(x, p, handler, packet, key, x->now);
}

/* Fires one timer that was just popped. */
static void
fire(struct xfsm_exec *x, struct xfsm_instance *p,
     const struct xfsm_timer_fired *fired)
{
    uint16_t event = (uint16_t) p->image.classes[fired->class].event;
    uint64_t periods = (x->now - fired->deadline) / fired->delay;
    uint64_t deadline = fired->deadline;
    struct xfsm_key_value primary;
    uint16_t state, handler;

    if (event == XFSM_NONE) {
        return;
    }
    if (periods > XFSM_TIMER_CATCH_UP) {
        x->stats.timers_skipped += periods - XFSM_TIMER_CATCH_UP;
        deadline += (periods - XFSM_TIMER_CATCH_UP) * fired->delay;
    }
    memcpy(p->fired_payload, fired->payload,
           sizeof primary + p->snapshot.size);
    memcpy(&primary, p->fired_payload, sizeof primary);
    state = current_state(p, &primary, deadline);
    handler = p->image.events[event].handler[state];
    if (handler == XFSM_NONE && !state) {
        return;                 /* The key's entry is gone: so is it. */
    }

    xfsm_timers_set(p->timers, fired->class, fired->hash, fired->key,
                    fired->n_key, deadline, fired->delay);
    if (handler != XFSM_NONE) {
        xfsm_snapshot_unfold(&p->snapshot,
                             p->fired_payload + sizeof primary,
                             &p->fired_packet);
        p->fired_packet.ts = deadline;
        p->keys_built = p->keys_complete = 0;
        x->stats.timeouts++;
        run_handler(x, p, handler, &p->fired_packet, &primary, deadline);
    }
}

void
xfsm_exec_timers(struct xfsm_exec *x, struct xfsm_instance *p)
{
    struct xfsm_timer_fired fired;

    while (xfsm_timers_pop(p->timers, x->now, &fired)) {
        fire(x, p, &fired);
    }
}
