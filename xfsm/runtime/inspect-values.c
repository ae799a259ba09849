/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include "xfsm/runtime/inspect-private.h"

#include <stdio.h>
#include <string.h>

#include "xfsm/runtime/run.h"

/* One telling. */
struct telling {
    struct xfsm_exec *x;
    struct xfsm_instance *p;
    void (*cb)(const struct xfsm_fact *, void *aux);
    void *aux;
    unsigned int n_told;
    uint64_t told[XFSM_FACTS_MAX];      /* What was told, as hashes. */
};

static const char *const monitor_names[] = {
    [XFSM_MON_DLEFT] = "dleft",
    [XFSM_MON_TEWMA] = "tewma",
    [XFSM_MON_SIMPLE] = "simple",
    [XFSM_MON_DISTINCT] = "distinct",
    [XFSM_MON_COUNTMIN] = "countmin",
    [XFSM_MON_RATE] = "rate",
    [XFSM_MON_QUANTILE] = "quantile",
    [XFSM_MON_TOPK] = "topk",
};

_Static_assert(sizeof monitor_names / sizeof *monitor_names
               == XFSM_N_MONITORS, "a name for each");

static const char *
string_at(const struct xfsm_instance *p, uint32_t offset)
{
    return &p->image.strings[offset];
}

/* Notes that something will be told; false if it was before, or if there is
 * no more room to know. */
static bool
is_new(struct telling *t, const uint64_t *words, unsigned int n)
{
    uint64_t hash = xfsm_hash_words(t->p->seed, t->p->tweak, words, n);
    struct xfsm_fact cut = {
        .kind = XFSM_FACT_CUT, .name = "", .type = "", .key = "",
        .there = true,
    };

    for (unsigned int i = 0; i < t->n_told && i < XFSM_FACTS_MAX; i++) {
        if (t->told[i] == hash) {
            return false;
        }
    }
    if (t->n_told < XFSM_FACTS_MAX) {
        t->told[t->n_told++] = hash;
        return true;
    } else if (t->n_told == XFSM_FACTS_MAX) {
        t->n_told++;
        t->cb(&cut, t->aux);
    }
    return false;
}

/* ## State ## */

static uint16_t
tell_state(struct telling *t, const struct xfsm_key_query *q)
{
    const struct xfsm_instance *p = t->p;
    const struct xfsm_clock *clock = &t->x->clock;
    const struct xfsm_state_entry *entry = xfsm_inspect_entry(p, &q->key);
    uint16_t state = entry ? entry->state : 0;
    char key[XFSM_KEY_TEXT_MAX] = "";
    struct xfsm_fact fact = {
        .kind = XFSM_FACT_STATE, .name = p->state_names[state], .type = "",
        .key = key, .there = true,
    };

    if (q->spec != XFSM_NONE) {
        xfsm_query_format(p, q, q->spec, key);
    }
    if (entry) {
        fact.since = xfsm_clock_shown(clock, entry->since);
        fact.times_out = xfsm_inspect_left(p, clock, state, entry->since,
                                           &fact.left, &fact.next);
    }
    t->cb(&fact, t->aux);
    return state;
}

/* ## Metrics, tables and timers ## */

/* Lists the fields of key 'spec' that the query lacks. */
static void
list_missing(const struct xfsm_instance *p, const struct xfsm_key_query *q,
             uint16_t spec, char *buf, size_t size)
{
    const struct xfsm_img_key *key = &p->image.keys[spec];
    size_t n = 0;

    buf[0] = '\0';
    for (unsigned int i = 0; i < key->n && n < size; i++) {
        unsigned int id = p->image.field_ids[key->fields[i]];

        if (!xfsm_fieldset_has(&q->packet.present, id)) {
            n += (size_t) snprintf(buf + n, size - n, "%s%s", n ? "," : "",
                                   xfsm_fields[id].name);
        }
    }
}

/* Stores how long the record of a key lives. */
static void
tell_deadline(const struct telling *t, const struct xfsm_keytable *table,
              const void *record, struct xfsm_fact *fact)
{
    uint64_t deadline = xfsm_keytable_deadline(table, record);

    if (deadline) {
        fact->times_out = true;
        fact->left = (int64_t) (deadline * UINT64_C(1000000000)
                                - t->x->clock.now);
    }
}

static void
read_text(const struct telling *t, const struct xfsm_keytable *table,
          const struct xfsm_key_value *key, struct xfsm_fact *fact)
{
    const struct xfsm_table_text *text = xfsm_keytable_find_live(
        table, key->hash, key->w, key->n,
        xfsm_run_seconds(t->x->clock.now));

    fact->there = text != NULL;
    if (text) {
        fact->text = text->bytes;
        fact->len = text->len;
        tell_deadline(t, table, text, fact);
    }
}

static double
read_table(const struct telling *t, const struct xfsm_keytable *table,
           const struct xfsm_key_value *key, struct xfsm_fact *fact)
{
    const double *value = xfsm_keytable_find_live(
        table, key->hash, key->w, key->n,
        xfsm_run_seconds(t->x->clock.now));

    fact->there = value != NULL;
    if (value) {
        tell_deadline(t, table, value, fact);
    }
    return value ? *value : 0;
}

static double
read_monitor(const struct telling *t, uint16_t metric,
             const struct xfsm_key_value *key, struct xfsm_fact *fact)
{
    const struct xfsm_metric_memory *m = &t->p->metrics[metric];
    uint64_t now = t->x->clock.now;

    if (m->tewma) {
        return xfsm_tewma_get(m->tewma, key->hash, now);
    } else if (m->counters) {
        double value = read_table(t, m->counters, key, fact);

        fact->there = true;     /* A counter that is not there is 0. */
        return value;
    } else if (m->summary) {
        return xfsm_summary_get(m->summary, key, now);
    }
    return m->simple;
}

static void
read_timer(const struct telling *t, uint16_t class,
           const struct xfsm_key_value *key, struct xfsm_fact *fact)
{
    struct xfsm_timer_fired armed;

    fact->there = xfsm_timers_find(t->p->timers, class, key->hash, key->w,
                                   key->n, &armed);
    if (fact->there) {
        fact->value = (double) armed.delay / 1e9;
        fact->times_out = true;
        fact->left = (int64_t) (armed.deadline - t->x->clock.now);
    }
}

static const char *
fact_name(const struct xfsm_instance *p, enum xfsm_fact_kind kind,
          uint16_t index)
{
    return string_at(p, kind == XFSM_FACT_TABLE ? p->image.tables[index].name
                        : kind == XFSM_FACT_TIMER
                          ? p->image.classes[index].name
                          : p->image.metrics[index].name);
}

/* Tells what number 'index' of its kind has under key 'spec' of the query. */
static void
tell_kept(struct telling *t, const struct xfsm_key_query *q,
          enum xfsm_fact_kind kind, uint16_t index, uint16_t spec)
{
    struct xfsm_instance *p = t->p;
    struct xfsm_key_value key = { .n = 0 };
    bool known = xfsm_query_key(p, q, spec, &key);
    uint64_t words[3 + XFSM_KEY_WORDS] = { kind, index, known ? 0 : spec + 1 };
    char text[XFSM_KEY_TEXT_MAX] = "", missing[256];
    struct xfsm_fact fact = {
        .kind = kind, .name = fact_name(p, kind, index), .type = "",
        .key = text, .there = true,
    };

    memcpy(words + 3, key.w, known ? key.n * sizeof *words : 0);
    if (!is_new(t, words, 3 + (known ? key.n : 0))) {
        return;
    }
    if (!known) {
        list_missing(p, q, spec, missing, sizeof missing);
        fact.missing = missing;
    } else {
        xfsm_query_format(p, q, spec, text);
    }
    if (kind == XFSM_FACT_MONITOR) {
        fact.type = monitor_names[p->image.metrics[index].vm_type];
    }
    if (known) {
        switch (kind) {
        case XFSM_FACT_DETECTOR:
            fact.value = xfsm_detector_get(p->metrics[index].detector,
                                           key.hash, t->x->clock.now);
            break;
        case XFSM_FACT_MONITOR:
            fact.value = read_monitor(t, index, &key, &fact);
            break;
        case XFSM_FACT_TABLE:
            if (p->image.tables[index].is_text) {
                read_text(t, p->tables[index], &key, &fact);
            } else {
                fact.value = read_table(t, p->tables[index], &key, &fact);
            }
            break;
        default:
            read_timer(t, index, &key, &fact);
            break;
        }
    }
    t->cb(&fact, t->aux);
}

/* Tells what one instruction uses. */
static void
tell_used(struct telling *t, const struct xfsm_key_query *q,
          const struct xfsm_insn *insn)
{
    switch (insn->op) {
    case XFSM_I_VDGET: case XFSM_I_VDSET:
        tell_kept(t, q, XFSM_FACT_DETECTOR, insn->b, insn->d);
        break;
    case XFSM_I_VMADD: case XFSM_I_VMITEM: case XFSM_I_VMGET:
        tell_kept(t, q, XFSM_FACT_MONITOR, insn->b, insn->d);
        break;
    case XFSM_I_TGET: case XFSM_I_TSET: case XFSM_I_TIS:
    case XFSM_I_TTEXT:
        tell_kept(t, q, XFSM_FACT_TABLE, insn->b, insn->d);
        break;
    case XFSM_I_TIMER: case XFSM_I_CANCEL:
        tell_kept(t, q, XFSM_FACT_TIMER, insn->b, insn->d);
        break;
    default:
        break;
    }
}

/* ## Features ## */

/* A handler of the key's state, computed up to its first effect without
 * changing anything.  Registers whose values depend on what is not known are
 * not known either. */
struct evaluation {
    struct telling *t;
    const struct xfsm_key_query *q;
    bool known[XFSM_MAX_REGS];
    uint32_t unsure_until;      /* Instructions before that may not have run,
                                 * because a jump's condition is unknown. */
    struct xfsm_run run;
};

static void
set_register(struct evaluation *e, uint32_t at, uint8_t reg, bool known,
             double value)
{
    e->known[reg] = known && at >= e->unsure_until;
    e->run.regs[reg] = value;
}

/* What an instruction that reads something into a register reads; false if
 * that is not known. */
static bool
read_value(struct evaluation *e, const struct xfsm_insn *insn, double *value)
{
    struct xfsm_instance *p = e->t->p;
    struct xfsm_fact ignored;
    struct xfsm_key_value key;
    unsigned int field;

    switch (insn->op) {
    case XFSM_I_LDI:
        *value = insn->k.f;
        return true;
    case XFSM_I_LDF:
        field = p->image.field_ids[insn->b];
        if (!xfsm_fieldset_has(&e->q->packet.present, field)) {
            return false;
        }
        *value = (double) xfsm_field_uint(&e->q->packet, field);
        return true;
    case XFSM_I_VDGET:
        if (!xfsm_query_key(p, e->q, insn->d, &key)) {
            return false;
        }
        *value = xfsm_detector_get(p->metrics[insn->b].detector, key.hash,
                                   e->t->x->clock.now);
        return true;
    default:
        if (!xfsm_query_key(p, e->q, insn->d, &key)) {
            return false;
        }
        *value = read_monitor(e->t, insn->b, &key, &ignored);
        return true;
    }
}

static void
compute(struct evaluation *e, uint32_t at, const struct xfsm_insn *insn)
{
    uint8_t code = (uint8_t) (XFSM_L_MOV + insn->op - XFSM_I_MOV);
    struct xfsm_op op = {
        .code = code,
        .a = insn->a, .b = (uint8_t) insn->b, .c = (uint8_t) insn->c,
    };
    bool binary = (insn->op >= XFSM_I_ADD && insn->op <= XFSM_I_GE)
                  || insn->op == XFSM_I_FMIN || insn->op == XFSM_I_FMAX
                  || insn->op == XFSM_I_POW;
    bool known = e->known[op.b] && (!binary || e->known[op.c]);

    if (known) {
        xfsm_interpret_op(&e->run, &op);
    }
    set_register(e, at, op.a, known, e->run.regs[op.a]);
}

/* Where a jump leads that is taken if 'taken', which may not be 'known'. */
static uint32_t
jump(struct evaluation *e, uint32_t at, uint16_t target, bool known,
     bool taken)
{
    if (known && at >= e->unsure_until) {
        return taken ? target : at + 1;
    }
    if (target > e->unsure_until) {
        e->unsure_until = target;
    }
    return at + 1;
}

/* Does instruction 'at' and returns the next one, or 'at' at the end. */
static uint32_t
evaluate_insn(struct evaluation *e, uint32_t at)
{
    const struct xfsm_insn *insn = &e->t->p->image.code[at];
    struct xfsm_key_value key;
    struct xfsm_fact entry;
    double value = 0;
    bool known;

    switch (insn->op) {
    case XFSM_I_LDI: case XFSM_I_LDF: case XFSM_I_VDGET: case XFSM_I_VMGET:
        known = read_value(e, insn, &value);
        set_register(e, at, insn->a, known, value);
        return at + 1;
    case XFSM_I_VDSET: case XFSM_I_VMADD: case XFSM_I_VMITEM:
        return at + 1;
    case XFSM_I_TIS:            /* Texts are not put together here. */
        set_register(e, at, insn->a, false, 0);
        return at + 1;
    case XFSM_I_TGET:
        known = xfsm_query_key(e->t->p, e->q, insn->d, &key);
        if (known) {
            value = read_table(e->t, e->t->p->tables[insn->b], &key, &entry);
        }
        set_register(e, at, insn->a, known, value);
        return jump(e, at, insn->c, known, known && !entry.there);
    case XFSM_I_JZ:
    case XFSM_I_JNZ:
        return jump(e, at, insn->c, e->known[insn->a],
                    (e->run.regs[insn->a] == 0) == (insn->op == XFSM_I_JZ));
    case XFSM_I_JUMP:
        return jump(e, at, insn->c, true, true);
    default:
        if (insn->op < XFSM_I_MOV || insn->op > XFSM_I_CEIL) {
            return at;
        }
        compute(e, at, insn);
        return at + 1;
    }
}

static void
tell_features(struct telling *t, const struct xfsm_key_query *q,
              const struct xfsm_img_handler *h)
{
    const struct xfsm_image *image = &t->p->image;
    struct xfsm_engine_stats stats = t->x->stats;
    struct evaluation e;
    char type[32];
    uint32_t at, next = h->code;

    memset(&e, 0, sizeof e);
    e.t = t;
    e.q = q;
    e.run.x = t->x;
    do {
        at = next;
        next = evaluate_insn(&e, at);
    } while (next != at);
    t->x->stats = stats;        /* Nothing was divided by zero. */

    snprintf(type, sizeof type, "event %u", h->event + 1u);
    for (uint32_t i = 0; i < h->n_features; i++) {
        const struct xfsm_img_feature *f =
            &image->features[h->first_feature + i];
        uint64_t words[3] = { XFSM_FACT_FEATURE, h->event, f->name };
        struct xfsm_fact fact = {
            .kind = XFSM_FACT_FEATURE, .name = string_at(t->p, f->name),
            .type = type, .key = "", .there = true,
            .missing = e.known[f->reg] ? NULL : "",
            .value = e.run.regs[f->reg],
        };

        if (is_new(t, words, 3)) {
            t->cb(&fact, t->aux);
        }
    }
}

/* ## All of it ## */

/* Calls 'tell' for each handler of an event that is about the key, with the
 * key as the event sees it; only for those of 'state', unless that is
 * XFSM_NONE. */
static void
for_each_handler(struct telling *t, const struct xfsm_key_query *q,
                 uint16_t state,
                 void (*tell)(struct telling *, const struct xfsm_key_query *,
                              const struct xfsm_img_handler *))
{
    const struct xfsm_image *image = &t->p->image;
    struct xfsm_key_query seen;

    for (uint32_t i = 0; i < image->n_handlers; i++) {
        const struct xfsm_img_handler *h = &image->handlers[i];

        if ((state == XFSM_NONE || state == h->state)
            && xfsm_query_for_event(t->p, q, h->event, &seen)) {
            tell(t, &seen, h);
        }
    }
}

static void
tell_handler(struct telling *t, const struct xfsm_key_query *q,
             const struct xfsm_img_handler *h)
{
    for (uint32_t i = 0; i < h->n_code; i++) {
        tell_used(t, q, &t->p->image.code[h->code + i]);
    }
}

void
xfsm_inspect_values(struct xfsm_exec *x, struct xfsm_instance *p,
                    const struct xfsm_key_query *q,
                    void (*cb)(const struct xfsm_fact *, void *aux),
                    void *aux)
{
    struct telling t;
    uint16_t state;

    t.x = x;
    t.p = p;
    t.cb = cb;
    t.aux = aux;
    t.n_told = 0;
    state = tell_state(&t, q);
    for_each_handler(&t, q, XFSM_NONE, tell_handler);
    for_each_handler(&t, q, state, tell_features);
}
