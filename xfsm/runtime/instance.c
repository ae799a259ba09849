/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include "xfsm/runtime/instance.h"

#include <stdlib.h>
#include <string.h>

#include "xfsm/base/error.h"

static char *
create_metrics(struct xfsm_instance *p)
{
    const struct xfsm_image *image = &p->image;

    for (uint32_t i = 0; i < image->n_metrics; i++) {
        const struct xfsm_img_metric *m = &image->metrics[i];
        struct xfsm_metric_memory *memory = &p->metrics[i];
        char *error = NULL;

        if (m->vd_on) {
            error = xfsm_detector_create(m->vd_size, m->vd_nhash,
                                         m->vd_reset_after,
                                         &memory->detector);
        }
        if (!error && m->vm_on && m->vm_type == XFSM_MON_TEWMA) {
            error = xfsm_tewma_create(m->vm_size, (double) m->vm_window / 1e9,
                                      &memory->tewma);
        }
        if (!error && m->vm_on && m->vm_type == XFSM_MON_DLEFT) {
            error = xfsm_keytable_create(m->key_words ? m->key_words : 1,
                                         sizeof(double),
                                         (size_t) 1 << m->vm_size,
                                         &memory->counters);
            if (!error) {
                xfsm_keytable_set_policy(memory->counters, m->vm_on_full,
                                         m->vm_ttl);
            }
        }
        if (!error && m->vm_on && m->vm_type >= XFSM_MON_DISTINCT) {
            error = xfsm_summary_create(m, &memory->summary);
        }
        if (error) {
            return error;
        }
    }
    xfsm_instance_link(p);
    return NULL;
}

void
xfsm_instance_link(struct xfsm_instance *p)
{
    for (uint32_t i = 0; i < p->image.n_metrics; i++) {
        uint16_t slave = p->image.metrics[i].vd_slave;

        if (p->metrics[i].detector) {
            xfsm_detector_set_slave(p->metrics[i].detector,
                                    slave != XFSM_NONE
                                    ? p->metrics[slave].detector : NULL);
        }
    }
}

/* Masks the address in the two words at 'w'. */
static void
mask_words(uint64_t *w, struct xfsm_prefix_lengths prefix)
{
    union xfsm_addr addr;

    memcpy(&addr, w, sizeof addr);
    xfsm_prefix_apply(&addr, prefix);
    memcpy(w, &addr, sizeof addr);
}

/* Turns the packed key of a table's entry into a key value. */
static void
unpack_key(const struct xfsm_instance *p, const struct xfsm_img_key *key,
           const char *bytes, struct xfsm_key_value *value)
{
    value->n = 0;
    for (unsigned int i = 0; i < key->n; i++) {
        switch (xfsm_fields[p->image.field_ids[key->fields[i]]].type) {
        case XFSM_FT_UINT:
        case XFSM_FT_MAC:
            memcpy(&value->w[value->n++], bytes, 8);
            bytes += 8;
            break;
        case XFSM_FT_ADDR:
            memcpy(&value->w[value->n], bytes, 16);
            mask_words(&value->w[value->n], key->prefixes[i]);
            value->n += 2;
            bytes += 16;
            break;
        case XFSM_FT_STR:
            xfsm_digest(p->seed, bytes, strlen(bytes), &value->w[value->n]);
            value->n += 2;
            bytes += strlen(bytes) + 1;
            break;
        }
    }
    value->hash = xfsm_hash_words(p->seed, p->tweak, value->w, value->n);
}

static void
set_entry(const struct xfsm_image *image, const struct xfsm_img_table *t,
          const struct xfsm_img_entry *entry, void *record)
{
    struct xfsm_table_text *text = record;

    if (t->is_text) {
        text->len = (uint8_t) entry->text_len;
        memcpy(text->bytes, &image->strings[entry->text], entry->text_len);
    } else {
        *(double *) record = entry->value;
    }
}

/* Number of the lifetime of declared entries of tables, which is none. */
#define FOR_EVER 1

static char *
create_tables(struct xfsm_instance *p)
{
    const struct xfsm_image *image = &p->image;

    for (uint32_t i = 0; i < image->n_tables; i++) {
        const struct xfsm_img_table *t = &image->tables[i];
        char *error;

        if (t->key == XFSM_NONE) {
            continue;
        }
        error = xfsm_keytable_create(xfsm_image_key_words(image, t->key),
                                     t->is_text
                                     ? sizeof(struct xfsm_table_text)
                                     : sizeof(double), (size_t) 1 << t->size,
                                     &p->tables[i]);
        if (error) {
            return error;
        }
        xfsm_keytable_set_policy(p->tables[i], t->on_full, t->ttl);
        for (uint32_t j = 0; j < t->n_entries; j++) {
            const struct xfsm_img_entry *entry =
                &image->entries[t->first_entry + j];
            struct xfsm_key_value key;
            void *value;
            bool created;

            unpack_key(p, &image->keys[t->key], &image->strings[entry->key],
                       &key);
            value = xfsm_keytable_insert(p->tables[i], key.hash, key.w,
                                         key.n, 0, &created);
            if (!value) {
                return xfsm_error("table \"%s\" has no room for its entries",
                                  &image->strings[t->name]);
            }
            xfsm_keytable_stamp(p->tables[i], value, 0, FOR_EVER);
            set_entry(image, t, entry, value);
        }
    }
    return NULL;
}

static int
compare_seconds(const void *a_, const void *b_)
{
    const uint32_t *a = a_;
    const uint32_t *b = b_;

    return (*a > *b) - (*a < *b);
}

/* Sets the lifetimes of the state table for keys that live for 'seconds', 'n'
 * of them, which it sorts.  Where they are more than there are lifetimes, the
 * longest is one of these, and the others are spread evenly. */
static void
choose_lifetimes(struct xfsm_keytable *states, uint32_t *seconds, uint32_t n)
{
    const uint32_t max = XFSM_KEYTABLE_LIFETIMES - 1;
    uint32_t n_different = 0;
    uint32_t kept;

    qsort(seconds, n, sizeof *seconds, compare_seconds);
    for (uint32_t i = 0; i < n; i++) {
        if (!i || seconds[i] != seconds[n_different - 1]) {
            seconds[n_different++] = seconds[i];
        }
    }
    kept = n_different < max ? n_different : max;
    for (uint32_t i = 1; i <= kept; i++) {
        uint32_t last = (i * n_different + kept - 1) / kept - 1;

        xfsm_keytable_set_lifetime(states, i, seconds[last]);
    }
}

/* The number of the shortest lifetime that is no shorter than 'seconds', which
 * is one of those that they were chosen for. */
static uint8_t
find_lifetime(const struct xfsm_keytable *states, uint32_t seconds)
{
    uint8_t i = 1;

    while (states->lifetimes[i] < seconds) {
        i++;
    }
    return i;
}

/* How many seconds a key lives after it came into state 's', 0 if until it is
 * evicted: a key whose state times out into the default state may make room
 * from then on, because that is where it is found to be.  Rounded up, which is
 * safe for both ends of the time. */
static uint32_t
state_seconds(const struct xfsm_img_state *s)
{
    uint64_t seconds = s->timeout / UINT64_C(1000000000) + 2;

    return s->timeout && !s->timeout_state && seconds <= UINT32_MAX
           ? (uint32_t) seconds : 0;
}

static char *
create_states(struct xfsm_instance *p, unsigned int words)
{
    const struct xfsm_img_header *header = p->image.header;
    char *error = xfsm_keytable_create(words, sizeof(struct xfsm_state_entry),
                                       (size_t) 1 << header->state_size,
                                       &p->states);
    uint32_t seconds[XFSM_MAX_STATES];
    uint32_t n = 0;

    if (error) {
        return error;
    }
    xfsm_keytable_set_policy(p->states, header->state_on_full, 0);
    for (uint32_t i = 1; i < p->image.n_states; i++) {
        if (state_seconds(&p->image.states[i])) {
            seconds[n++] = state_seconds(&p->image.states[i]);
        }
    }
    choose_lifetimes(p->states, seconds, n);
    for (uint32_t i = 1; i < p->image.n_states; i++) {
        uint32_t s = state_seconds(&p->image.states[i]);

        p->state_lifetimes[i] = s ? find_lifetime(p->states, s) : 0;
    }
    return NULL;
}

void
xfsm_instance_set_wake(struct xfsm_instance *p)
{
    p->wake = UINT64_MAX;
    for (uint32_t i = 0; i < p->image.n_events && !p->stopped; i++) {
        uint8_t type = p->image.events[i].type;

        if (!p->started && xfsm_event_is_own(type)) {
            p->wake = 0;
        } else if (type == XFSM_EV_PERIOD && p->period_due[i] < p->wake) {
            p->wake = p->period_due[i];
        }
    }
}

/* Notes the fields that the program reads, and where its keys are in a row. */
static void
survey(struct xfsm_instance *p)
{
    const struct xfsm_image *image = &p->image;

    for (uint32_t i = 0; i < image->n_fields; i++) {
        xfsm_fieldset_add(&p->wants, image->field_ids[i]);
    }
    for (uint32_t i = 0; i < image->n_keys; i++) {
        unsigned int n = xfsm_image_key_words(image, (uint16_t) i);

        p->key_offsets[i + 1] = (uint16_t) (p->key_offsets[i]
                                            + xfsm_key_value_size(n));
    }
    for (uint32_t i = 0; i < image->header->matcher_len; i++) {
        p->dynamic_matcher |= image->code[i].op == XFSM_I_MIN;
    }
    for (uint32_t i = 0; i < image->n_events; i++) {
        p->hears |= image->events[i].type == XFSM_EV_MESSAGE;
    }
    xfsm_instance_set_wake(p);
    for (uint32_t i = 0; i < image->n_states; i++) {
        p->state_names[i] = &image->strings[image->states[i].name];
    }
}

static void
add_touch(struct xfsm_touches *touches, int kind, const void *memory,
          uint16_t key)
{
    for (unsigned int i = 0; i < touches->n; i++) {
        if (touches->list[i].memory == memory && touches->list[i].key == key) {
            return;
        }
    }
    if (memory && touches->n < XFSM_MAX_TOUCHES) {
        struct xfsm_touch *touch = &touches->list[touches->n++];

        touch->kind = kind;
        touch->memory = memory;
        touch->key = key;
        touches->tables |= kind == XFSM_TOUCH_KEYTABLE;
    }
}

static void
add_monitor_touch(struct xfsm_touches *touches,
                  const struct xfsm_metric_memory *m, uint16_t key)
{
    add_touch(touches, XFSM_TOUCH_TEWMA, m->tewma, key);
    add_touch(touches, XFSM_TOUCH_KEYTABLE, m->counters, key);
    if (m->summary) {
        add_touch(touches, XFSM_TOUCH_COUNTMIN,
                  xfsm_summary_countmin(m->summary), key);
        add_touch(touches, XFSM_TOUCH_KEYTABLE,
                  xfsm_summary_table(m->summary), key);
    }
}

/* Adds what handler 'handler' touches, but for rates that it reads behind a
 * jump that most packets take. */
static void
add_touches(const struct xfsm_instance *p, uint16_t handler,
            struct xfsm_touches *touches)
{
    const struct xfsm_img_handler *h = &p->image.handlers[handler];
    uint16_t primary = p->image.events[h->event].primary;
    uint64_t sunk = xfsm_sunk_metrics(p, handler);

    for (uint32_t j = 0; j < h->n_code; j++) {
        const struct xfsm_insn *insn = &p->image.code[h->code + j];

        switch (insn->op) {
        case XFSM_I_VDGET: case XFSM_I_VDSET:
            add_touch(touches, XFSM_TOUCH_DETECTOR,
                      p->metrics[insn->b].detector, insn->d);
            break;
        case XFSM_I_VMADD: case XFSM_I_VMITEM: case XFSM_I_VMGET:
            if (insn->d != primary || !(sunk >> insn->b & 1)) {
                add_monitor_touch(touches, &p->metrics[insn->b], insn->d);
            }
            break;
        case XFSM_I_TGET: case XFSM_I_TSET: case XFSM_I_TIS:
        case XFSM_I_TTEXT:
            add_touch(touches, XFSM_TOUCH_KEYTABLE, p->tables[insn->b],
                      insn->d);
            break;
        default:
            break;
        }
    }
}

static bool
has_touch(const struct xfsm_touches *touches, const struct xfsm_touch *touch)
{
    for (unsigned int i = 0; i < touches->n; i++) {
        if (touches->list[i].memory == touch->memory
            && touches->list[i].key == touch->key) {
            return true;
        }
    }
    return false;
}

/* Is it fetched ahead for keys that are in the state table? */
static bool
is_fetched(const struct xfsm_touches *touches, const struct xfsm_touch *touch)
{
    for (unsigned int i = 0; i < touches->n; i++) {
        if (touches->list[i].memory == touch->memory
            && touches->list[i].key == touch->key) {
            return !touches->list[i].first;
        }
    }
    return false;
}

/* Marks those of 'touches' that are not among 'usual', those of keys in other
 * states than the first. */
static void
mark_firsts(struct xfsm_touches *touches, const struct xfsm_touches *usual)
{
    for (unsigned int i = 0; i < touches->n; i++) {
        struct xfsm_touch *touch = &touches->list[i];

        touch->first = (touch->kind == XFSM_TOUCH_DETECTOR
                        || touch->kind == XFSM_TOUCH_TEWMA)
                       && !has_touch(usual, touch);
        touches->firsts |= touch->first;
    }
}

/* In how many states other than the first the handler of 'event' touches
 * what 'touch' says. */
static unsigned int
count_states(const struct xfsm_instance *p, const struct xfsm_img_event *event,
             const struct xfsm_touch *touch)
{
    unsigned int n = 0;

    for (uint32_t state = 1; state < p->image.n_states; state++) {
        struct xfsm_touches here = { .n = 0 };

        if (event->handler[state] != XFSM_NONE) {
            add_touches(p, event->handler[state], &here);
        }
        n += has_touch(&here, touch);
    }
    return n;
}

/* Collects what the handlers of an event touch.  Most keys are in the first
 * state: what its handler does not touch is fetched ahead only if the handlers
 * of most other states do, and for a key that is in another state only that.
 * Where the first state has no handler, all is.  For the rest see
 * plan_rare_touches(). */
static void
plan_event_touches(struct xfsm_instance *p, const struct xfsm_img_event *event,
                   struct xfsm_touches *touches)
{
    bool has_first = event->handler[0] != XFSM_NONE;
    struct xfsm_touches later = { .n = 0 }, usual = { .n = 0 };

    for (uint32_t state = 0; state < p->image.n_states; state++) {
        if (event->handler[state] != XFSM_NONE) {
            add_touches(p, event->handler[state],
                        state || !has_first ? &later : touches);
        }
    }
    for (unsigned int i = 0; i < later.n; i++) {
        const struct xfsm_touch *touch = &later.list[i];

        if (!has_first
            || 2 * count_states(p, event, touch) >= p->image.n_states) {
            add_touch(&usual, (int) touch->kind, touch->memory, touch->key);
            add_touch(touches, (int) touch->kind, touch->memory, touch->key);
        }
    }
    if (p->image.n_states > 1 && later.n < XFSM_MAX_TOUCHES) {
        mark_firsts(touches, &usual);
    }
}

/* Collects what the handler of each state but the first, whose keys have no
 * slot that tells it, touches that is not fetched for all keys in the state
 * table.  Returns false if there is no memory for it. */
static bool
plan_rare_touches(struct xfsm_instance *p, uint32_t i)
{
    const struct xfsm_img_event *event = &p->image.events[i];
    struct xfsm_touches *rare = calloc(p->image.n_states, sizeof *rare);
    unsigned int n = 0;

    if (!rare) {
        return false;
    }
    for (uint32_t state = 1; state < p->image.n_states; state++) {
        struct xfsm_touches here = { .n = 0 };

        if (event->handler[state] != XFSM_NONE) {
            add_touches(p, event->handler[state], &here);
        }
        for (unsigned int j = 0; j < here.n; j++) {
            const struct xfsm_touch *touch = &here.list[j];

            if (!is_fetched(&p->touches[i], touch)) {
                add_touch(&rare[state], (int) touch->kind, touch->memory,
                          touch->key);
                n++;
            }
        }
    }
    if (!n) {
        free(rare);
        return true;
    }
    p->rare[i] = rare;
    p->has_rare = true;
    return true;
}

static bool
plan_touches(struct xfsm_instance *p)
{
    for (uint32_t i = 0; i < p->image.n_events; i++) {
        plan_event_touches(p, &p->image.events[i], &p->touches[i]);
        p->has_tables |= p->touches[i].tables;
        if (p->image.n_states > 1 && !plan_rare_touches(p, i)) {
            return false;
        }
    }
    return true;
}

static void
plan_events(struct xfsm_instance *p)
{
    for (uint32_t i = 0; i < p->image.n_events; i++) {
        uint16_t primary = p->image.events[i].primary;

        if (primary != XFSM_NONE) {
            p->plans[i].primary = UINT64_C(1) << primary;
            p->plans[i].key_offset = p->key_offsets[primary];
            p->plans[i].key = primary;
            p->plans[i].handlers = p->image.events[i].handler;
        }
    }
}

uint64_t
xfsm_instance_first_keys(const struct xfsm_instance *p, uint32_t event)
{
    const struct xfsm_touches *touches = &p->touches[event];
    uint64_t first = 0, other = UINT64_C(1) << p->image.events[event].primary;

    for (unsigned int i = 0; i < touches->n; i++) {
        *(touches->list[i].first ? &first : &other)
            |= UINT64_C(1) << touches->list[i].key;
    }
    return first & ~other;
}

bool
xfsm_key_row_init(const struct xfsm_instance *p, struct xfsm_key_row *row)
{
    row->built = row->complete = 0;
    row->slot = 0;
    row->values = malloc(p->key_offsets[p->image.n_keys] + 1u);
    for (uint16_t i = 0; row->values && i < p->image.n_keys; i++) {
        struct xfsm_key_value *value = xfsm_key_row_value(p, row, i);

        value->spec = i;
        value->n = p->lowered.keys[i].n_words;
    }
    return row->values != NULL;
}

void
xfsm_key_row_destroy(struct xfsm_key_row *row)
{
    free(row->values);
}

char *
xfsm_instance_create(const void *bytes, size_t len,
                     const struct xfsm_seed *seed,
                     struct xfsm_instance **instancep)
{
    struct xfsm_instance *p = calloc(1, sizeof *p);
    unsigned int words;
    uint64_t name[2];
    char *error;

    if (!p || !(p->bytes = malloc(len ? len : 1))) {
        free(p);
        return xfsm_error("out of memory");
    }
    memcpy(p->bytes, bytes, len);
    p->n_bytes = len;
    p->seed = seed;
    error = xfsm_image_verify(p->bytes, len, &p->image);
    if (error) {
        goto fail;
    }
    p->name = &p->image.strings[p->image.header->name];
    xfsm_digest(seed, p->name, strlen(p->name), name);
    p->tweak = name[0];
    survey(p);
    words = xfsm_image_longest_key(&p->image);
    xfsm_snapshot_lay_out(&p->image, &p->snapshot);

    error = create_metrics(p);
    error = error ? error : create_tables(p);
    error = error ? error : create_states(p, words);
    if (!error && !(p->history = xfsm_history_create(words))) {
        error = xfsm_error("out of memory");
    }
    if (!error && p->image.n_classes) {
        /* Payload: the primary key, then the snapshot. */
        size_t size = sizeof(struct xfsm_key_value) + p->snapshot.size;

        p->fired_payload = malloc(size);
        error = p->fired_payload
                ? xfsm_timers_create(p->image.header->max_timers, words,
                                     size, &p->timers)
                : xfsm_error("out of memory");
    }
    if (error) {
        goto fail;
    }
    *instancep = p;
    return NULL;

fail:
    xfsm_instance_destroy(p);
    return error;
}

bool
xfsm_instance_prepare(struct xfsm_instance *p)
{
    if (!xfsm_lower(p) || !xfsm_key_row_init(p, &p->fired_keys)) {
        return false;
    }
    plan_events(p);
    return plan_touches(p);
}

void
xfsm_instance_destroy(struct xfsm_instance *p)
{
    if (!p) {
        return;
    }
    for (int i = 0; i < XFSM_MAX_METRICS; i++) {
        xfsm_detector_destroy(p->metrics[i].detector);
        xfsm_tewma_destroy(p->metrics[i].tewma);
        xfsm_keytable_destroy(p->metrics[i].counters);
        xfsm_summary_destroy(p->metrics[i].summary);
    }
    for (int i = 0; i < XFSM_MAX_TABLES; i++) {
        xfsm_keytable_destroy(p->tables[i]);
    }
    xfsm_keytable_destroy(p->states);
    xfsm_history_destroy(p->history);
    xfsm_timers_destroy(p->timers);
    xfsm_key_row_destroy(&p->fired_keys);
    xfsm_native_destroy(&p->native);
    xfsm_lowered_destroy(&p->lowered);
    for (int i = 0; i < XFSM_MAX_EVENTS; i++) {
        free(p->rare[i]);
    }
    free(p->fired_payload);
    free(p->bytes);
    free(p);
}

static uint64_t
keytable_bytes(const struct xfsm_keytable *table)
{
    struct xfsm_keytable_stats stats;

    if (!table) {
        return 0;
    }
    xfsm_keytable_get_stats(table, &stats);
    return stats.bytes;
}

uint64_t
xfsm_instance_bytes(const struct xfsm_instance *p)
{
    uint64_t bytes = sizeof *p + p->n_bytes + keytable_bytes(p->states)
                     + xfsm_history_bytes(p->history);

    for (uint32_t i = 0; i < p->image.n_metrics; i++) {
        const struct xfsm_metric_memory *m = &p->metrics[i];

        if (m->detector) {
            struct xfsm_detector_stats stats;

            xfsm_detector_get_stats(m->detector, &stats);
            bytes += stats.bytes;
        }
        if (m->tewma) {
            bytes += xfsm_tewma_bytes(m->tewma);
        }
        bytes += keytable_bytes(m->counters);
        if (m->summary) {
            bytes += xfsm_summary_bytes(m->summary);
        }
    }
    for (uint32_t i = 0; i < p->image.n_tables; i++) {
        bytes += keytable_bytes(p->tables[i]);
    }
    if (p->timers) {
        struct xfsm_timers_stats stats;

        xfsm_timers_get_stats(p->timers, &stats);
        bytes += stats.bytes;
    }
    return bytes;
}

bool
xfsm_instance_key(const struct xfsm_instance *p, uint16_t key,
                  const struct xfsm_packet *packet,
                  struct xfsm_key_value *value)
{
    const struct xfsm_key_plan *plan = &p->lowered.keys[key];
    uint64_t *w = value->w;

    for (int i = 0; i < XFSM_FIELDSET_WORDS; i++) {
        if (~packet->present.w[i] & plan->needs.w[i]) {
            return false;
        }
    }
    for (unsigned int i = 0; i < plan->n_steps; i++) {
        const char *from = (const char *) packet + plan->steps[i].offset;
        struct xfsm_str str;

        switch (plan->steps[i].width) {
        case 16:
            memcpy(w, from, 16);
            if (plan->has_prefixes) {
                mask_words(w, plan->steps[i].prefix);
            }
            w += 2;
            break;
        case 1:
            *w++ = *(const uint8_t *) from;
            break;
        case 2:
            *w++ = *(const uint16_t *) (const void *) from;
            break;
        case 4:
            *w++ = *(const uint32_t *) (const void *) from;
            break;
        case 8:
            *w++ = *(const uint64_t *) (const void *) from;
            break;
        default:
            memcpy(&str, from, sizeof str);
            if (packet != &p->fired_packet || !xfsm_snapshot_digest(&str, w)) {
                xfsm_digest(p->seed, str.p, str.len, w);
            }
            w += 2;
            break;
        }
    }
    value->spec = key;
    value->n = plan->n_words;
    value->hash = xfsm_hash_words(p->seed, p->tweak, value->w,
                                  plan->n_words);
    return true;
}
