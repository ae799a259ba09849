/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include "xfsm/runtime/run.h"

#include <string.h>

#include "xfsm/runtime/mailbox.h"

/* ## Metrics and tables ## */

static void
metric_reset(struct xfsm_run *run, const struct xfsm_insn *insn, bool keyed)
{
    struct xfsm_metric_memory *m = &run->p->metrics[insn->b];

    if (keyed) {
        const struct xfsm_key_value *key = xfsm_run_key(run, insn->d);

        if (key && m->tewma) {
            xfsm_tewma_reset_key(m->tewma, key->hash);
        } else if (key && m->counters) {
            xfsm_keytable_remove(m->counters, key->hash, key->w, key->n);
        } else if (key && m->summary) {
            xfsm_summary_reset_key(m->summary, key);
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
    if (m->summary) {
        xfsm_summary_reset(m->summary);
    }
    m->simple = 0;
}

/* The same tables, of texts. */
static void
table_text(struct xfsm_run *run, const struct xfsm_insn *insn)
{
    const struct xfsm_key_value *key = xfsm_run_key(run, insn->d);
    struct xfsm_keytable *table = run->p->tables[insn->b];
    uint32_t now = xfsm_run_seconds(run->ts);
    struct xfsm_table_text text, *have;
    bool created;

    if (!key) {
        if (insn->op == XFSM_I_TIS) {
            run->regs[insn->a] = 0;
        }
        return;
    }
    xfsm_exec_table_text(run->x, run->p, run->packet,
                         xfsm_clock_shown(&run->x->clock, run->ts),
                         run->regs, insn->c, &text);
    if (insn->op == XFSM_I_TTEXT) {
        have = xfsm_keytable_insert(table, key->hash, key->w, key->n, now,
                                    &created);
        if (have) {
            *have = text;
        }
        return;
    }
    have = xfsm_keytable_find_live(table, key->hash, key->w, key->n, now);
    run->regs[insn->a] = have
                         && (have->len == text.len
                             && !memcmp(have->bytes, text.bytes, text.len))
                            == !insn->k.u;
}

/* ## Timers ## */

static void
timer_set(struct xfsm_run *run, const struct xfsm_insn *insn)
{
    struct xfsm_instance *p = run->p;
    const struct xfsm_key_value *key = xfsm_run_key(run, insn->d);
    const struct xfsm_key_value *primary = xfsm_run_primary(run);
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
    memcpy(payload, primary, xfsm_key_value_size(primary->n));
    xfsm_snapshot_take(&p->snapshot, p->seed, run->packet,
                       payload + sizeof *primary);
}

static void
timer_cancel(struct xfsm_run *run, const struct xfsm_insn *insn)
{
    const struct xfsm_key_value *key = xfsm_run_key(run, insn->d);

    if (key) {
        xfsm_timers_cancel(run->p->timers, insn->b, key->hash, key->w,
                           key->n);
    }
}

/* ## Events ## */

static const struct xfsm_img_handler *
image_handler(const struct xfsm_run *run)
{
    return &run->p->image.handlers[run->handler];
}

/* Name of the state that the key is in when the handler is done, if that is
 * another one than it was in, else "". */
static const char *
next_state_name(const struct xfsm_run *run, const struct xfsm_insn *insn)
{
    uint16_t next = insn->c != XFSM_NONE ? insn->c : run->next_state;

    return next == XFSM_NONE || next == image_handler(run)->state
           ? "" : run->p->state_names[next];
}

static void
publish(struct xfsm_run *run, const struct xfsm_insn *insn, size_t text_len,
        bool raw, bool features)
{
    struct xfsm_exec *x = run->x;
    struct xfsm_instance *p = run->p;
    const struct xfsm_image *image = &p->image;
    const struct xfsm_img_handler *handler = image_handler(run);
    const struct xfsm_img_key *primary = run->key->n
                                         ? &image->keys[run->key->spec]
                                         : NULL;
    uint8_t key_fields[XFSM_MAX_KEY_FIELDS];
    struct xfsm_event event = {
        .ts = xfsm_clock_shown(&x->clock, run->ts),
        .seq = ++x->seq,
        .program = p->name,
        .version = &image->strings[image->header->version],
        .label = &image->strings[insn->k.s.off],
        .state = p->state_names[handler->state],
        .next_state = next_state_name(run, insn),
        .code = &image->strings[handler->state_code],
        .level = &image->strings[handler->level],
        .description = &image->strings[handler->description],
        .attack = &image->strings[handler->attack],
        .text = x->text,
        .text_len = text_len,
        .fields = x->fields,
        .n_fields = text_len ? x->n_fields : 0,
        .packet = run->packet,
        .key_fields = key_fields,
        .n_key_fields = primary ? primary->n : 0,
        .key_prefixes = primary ? primary->prefixes : NULL,
        .hops = x->hops,
        .suspect = run->suspect,
        .lost = run->ts < x->lost_until ? x->lost : 0,
    };

    x->text[text_len] = '\0';
    for (int i = 0; i < event.n_key_fields; i++) {
        key_fields[i] = image->field_ids[primary->fields[i]];
    }
    if (raw && run->packet->caplen) {
        event.raw = run->packet->data;
        event.raw_len = run->packet->caplen < XFSM_EVENT_RAW_MAX
                        ? run->packet->caplen : XFSM_EVENT_RAW_MAX;
    }
    if (features) {
        event.n_features = (int) handler->n_features;
        for (uint32_t i = 0; i < handler->n_features; i++) {
            const struct xfsm_img_feature *f =
                &image->features[handler->first_feature + i];

            x->feature_names[i] = &image->strings[f->name];
            x->feature_values[i] = run->regs[f->reg];
        }
        event.feature_names = x->feature_names;
        event.feature_values = x->feature_values;
    }

    x->stats.events++;
    x->stats.alerts += !strcmp(event.label, XFSM_LABEL_ALERT)
                       || !strcmp(event.label, XFSM_LABEL_CRITICAL);
    x->stats.events_lossy += event.lost > 0;
    p->events++;
    if (x->options.emit) {
        x->options.emit(&event, x->options.aux);
    }
    if (x->mailbox) {
        xfsm_mailbox_put(x, p, &event);
    }
}

/* Asks for mitigation, unless the packet lacks a field of the match: without
 * it the match would be a wider one. */
static void
mitigate(struct xfsm_run *run, const struct xfsm_insn *insn)
{
    if (xfsm_exec_key(run->p, run->packet, insn->d)) {
        publish(run, insn, xfsm_exec_text(run->x, run->p, run->packet,
                                          run->ts, run->regs, insn->b),
                false, false);
    } else {
        run->x->stats.mitigation_no_field++;
    }
}

void
xfsm_effect(struct xfsm_run *run, const struct xfsm_insn *insn)
{
    struct xfsm_instance *p = run->p;

    switch (insn->op) {
    case XFSM_I_RESET:
    case XFSM_I_RESETK:
        metric_reset(run, insn, insn->op == XFSM_I_RESETK);
        break;
    case XFSM_I_TRESET:
        if (p->tables[insn->b]) {
            xfsm_keytable_clear(p->tables[insn->b]);
        }
        break;
    case XFSM_I_TIS:
    case XFSM_I_TTEXT:
        table_text(run, insn);
        break;
    case XFSM_I_PUBLISH:
        publish(run, insn,
                xfsm_exec_text(run->x, p, run->packet,
                               xfsm_clock_shown(&run->x->clock, run->ts),
                               run->regs, insn->b), false, false);
        break;
    case XFSM_I_MITIGATE:
        mitigate(run, insn);
        break;
    case XFSM_I_PUBRAW:
        publish(run, insn, 0, true, false);
        break;
    case XFSM_I_EXPORT:
        publish(run, insn, 0, false, true);
        break;
    case XFSM_I_SUSPECT:
        run->suspect = true;
        break;
    case XFSM_I_TIMER:
        timer_set(run, insn);
        break;
    case XFSM_I_CANCEL:
        timer_cancel(run, insn);
        break;
    case XFSM_I_STATE:
        run->next_state = insn->b;
        xfsm_enter_state(p, xfsm_run_primary(run), insn->b, run->ts,
                         (uint32_t) (insn - p->image.code));
        break;
    default:
        break;
    }
}
