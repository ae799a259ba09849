/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include "xfsm/program/compile.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "xfsm/program/codegen.h"
#include "xfsm/program/footprint.h"
#include "xfsm/program/xml.h"
#include "xfsm/sketch/detector.h"

static void
build_states(struct xfsm_builder *b, const struct xfsm_program *p)
{
    xfsm_builder_add(b, XFSM_S_STATES, (size_t) p->n_states);
    for (int i = 0; i < p->n_states; i++) {
        struct xfsm_img_state *s = xfsm_builder_at(b, XFSM_S_STATES,
                                                   (uint32_t) i);

        s->name = xfsm_builder_string(b, p->states[i].name);
        s->timeout = p->states[i].timeout;
        s->timeout_state = p->states[i].timeout_state;
    }
}

static void
build_metrics(struct xfsm_builder *b, const struct xfsm_program *p)
{
    xfsm_builder_add(b, XFSM_S_METRICS, (size_t) p->n_metrics);
    for (int i = 0; i < p->n_metrics; i++) {
        const struct xfsm_metric *metric = &p->metrics[i];
        struct xfsm_img_metric *m = xfsm_builder_at(b, XFSM_S_METRICS,
                                                    (uint32_t) i);

        m->name = xfsm_builder_string(b, metric->name);
        m->vd_on = metric->vd_on;
        m->vd_size = metric->vd_size;
        m->vd_nhash = metric->vd_nhash;
        m->vd_reset_after = metric->vd_reset_after;
        m->vd_slave = metric->vd_slave;
        m->vm_on = metric->vm_on;
        m->vm_type = (uint8_t) metric->vm_type;
        m->vm_size = metric->vm_size;
        m->vm_window = metric->vm_window;
        m->vm_quantile = metric->vm_quantile;
        m->vm_on_full = (uint8_t) metric->vm_room.on_full;
        m->vm_ttl = metric->vm_room.ttl;
        m->vm_key = xfsm_metric_lists(metric)
                    ? xfsm_builder_key(b, &metric->vm_key) : XFSM_NONE;
    }
}

#define ENTRY_PATH_MAX (XFSM_MAX_NAME + 64)

/* Writes the path of the key of entry 'i' to 'buf'. */
static const char *
entry_path(const struct xfsm_table *table, uint32_t i,
           char buf[ENTRY_PATH_MAX])
{
    snprintf(buf, ENTRY_PATH_MAX, "table \"%s\"/entry[%"PRIu32"]@key",
             table->name, i + 1);
    return buf;
}

/* Packs the key of entry 'i' of 'table'. */
static void
build_entry_key(struct xfsm_builder *b, const struct xfsm_table *table,
                uint32_t i, struct xfsm_diags *diags)
{
    const struct xfsm_table_entry *entry = &table->entries[i];
    char path[ENTRY_PATH_MAX], why[256];

    if (!xfsm_codegen_entry_key(b, &table->key, entry->key, why,
                                sizeof why)) {
        xfsm_diags_add(diags, XFSM_DIAG_ERROR, entry->line,
                       entry_path(table, i, path),
                       "entry key \"%.*s\" does not fit the key that the "
                       "table is used with: %s", XFSM_MAX_NAME, entry->key,
                       why);
    }
}

/* Reports an entry of 'table', whose entries are from 'first' on, that has the
 * key of another, however that is written. */
static void
check_entries(struct xfsm_builder *b, const struct xfsm_table *table,
              uint32_t first, uint32_t n, struct xfsm_diags *diags)
{
    uint32_t twin;
    uint32_t i = xfsm_codegen_find_twin(b, first, n, &twin);
    char path[ENTRY_PATH_MAX];

    if (i < n) {
        xfsm_diags_add(diags, XFSM_DIAG_ERROR, table->entries[i].line,
                       entry_path(table, i, path), "key \"%.*s\" is \"%.*s\" "
                       "on line %d, too, as the table is used; leave one of "
                       "them", XFSM_MAX_NAME, table->entries[i].key,
                       XFSM_MAX_NAME, table->entries[twin].key,
                       table->entries[twin].line);
    }
}

static void
build_tables(struct xfsm_builder *b, const struct xfsm_program *p,
             struct xfsm_diags *diags)
{
    size_t n_errors = diags->n_errors;

    xfsm_builder_add(b, XFSM_S_TABLES, (size_t) p->n_tables);
    for (int i = 0; i < p->n_tables; i++) {
        const struct xfsm_table *table = &p->tables[i];
        uint32_t name = xfsm_builder_string(b, table->name);
        uint16_t key = xfsm_builder_key(b, &table->key);
        uint32_t n = key == XFSM_NONE ? 0 : (uint32_t) table->n_entries;
        uint32_t first = xfsm_builder_add(b, XFSM_S_ENTRIES, n);
        struct xfsm_img_table *t = xfsm_builder_at(b, XFSM_S_TABLES,
                                                   (uint32_t) i);

        t->name = name;
        t->key = key;
        t->size = table->size;
        t->on_full = (uint8_t) table->room.on_full;
        t->ttl = table->room.ttl;
        t->first_entry = first;
        t->n_entries = n;
        t->is_text = table->is_text;
        for (uint32_t j = 0; j < n; j++) {
            uint32_t off = (uint32_t) b->sections[XFSM_S_STRINGS].n;
            struct xfsm_img_entry *entry;

            build_entry_key(b, table, j, diags);
            entry = xfsm_builder_at(b, XFSM_S_ENTRIES, first + j);
            entry->key = off;
            entry->key_len = (uint32_t) b->sections[XFSM_S_STRINGS].n - off;
            entry->value = table->entries[j].value;
            if (table->is_text) {
                const char *value = table->entries[j].text;
                uint32_t at = xfsm_builder_bytes(b, value, strlen(value));

                entry = xfsm_builder_at(b, XFSM_S_ENTRIES, first + j);
                entry->text = at;
                entry->text_len = (uint32_t) strlen(value);
            }
        }
        if (diags->n_errors == n_errors) {
            check_entries(b, table, first, n, diags);
        }
    }
}

static void
build_classes(struct xfsm_builder *b, const struct xfsm_program *p)
{
    xfsm_builder_add(b, XFSM_S_CLASSES, (size_t) p->n_classes);
    for (int i = 0; i < p->n_classes; i++) {
        struct xfsm_img_class *c = xfsm_builder_at(b, XFSM_S_CLASSES,
                                                   (uint32_t) i);

        c->name = xfsm_builder_string(b, p->classes[i]);
        c->event = XFSM_NONE;
        for (int j = 0; j < p->n_events && c->event == XFSM_NONE; j++) {
            if (p->events[j].type == XFSM_EV_TIMEOUT
                && p->events[j].class == i) {
                c->event = (uint32_t) j;
            }
        }
    }
}

static void
build_events(struct xfsm_codegen *cg)
{
    const struct xfsm_program *p = cg->program;
    struct xfsm_builder *b = cg->b;

    xfsm_builder_add(b, XFSM_S_EVENTS, (size_t) p->n_events);
    for (int i = 0; i < p->n_events; i++) {
        const struct xfsm_event_decl *event = &p->events[i];
        struct xfsm_img_event img;

        memset(&img, 0, sizeof img);
        memset(img.handler, 0xff, sizeof img.handler);
        img.type = (uint8_t) event->type;
        img.period = event->period;
        img.topic = xfsm_builder_string(b, event->topic);
        img.primary = xfsm_builder_key(b, &event->primary);
        for (int j = 0; j < event->n_handlers; j++) {
            struct xfsm_img_handler handler;
            uint32_t index;

            memset(&handler, 0, sizeof handler);
            handler.event = (uint16_t) i;
            xfsm_codegen_handler(cg, &event->handlers[j], &handler);
            index = xfsm_builder_add(b, XFSM_S_HANDLERS, 1);
            memcpy(xfsm_builder_at(b, XFSM_S_HANDLERS, index), &handler,
                   sizeof handler);
            img.handler[handler.state] = (uint16_t) index;
        }
        memcpy(xfsm_builder_at(b, XFSM_S_EVENTS, (uint32_t) i), &img,
               sizeof img);
    }
}

/* Words of a key's values. */
static unsigned int
key_words(struct xfsm_builder *b, uint16_t key)
{
    const struct xfsm_img_key *k = xfsm_builder_at(b, XFSM_S_KEYS, key);
    unsigned int words = 0;

    for (int j = 0; j < k->n; j++) {
        const struct xfsm_img_name *field = xfsm_builder_at(
            b, XFSM_S_FIELDS, k->fields[j]);
        const char *name = xfsm_builder_at(b, XFSM_S_STRINGS, field->name);
        int id = xfsm_field_lookup(name, strlen(name), NULL);

        words += xfsm_field_words(xfsm_fields[id].type);
    }
    return words;
}

/* Finds the longest key that each metric is used with, if only in code that
 * never runs. */
static void
measure_metric_keys(struct xfsm_builder *b)
{
    for (uint32_t i = 0; i < b->sections[XFSM_S_CODE].n; i++) {
        const struct xfsm_insn *insn = xfsm_builder_at(b, XFSM_S_CODE, i);
        struct xfsm_img_metric *m;
        uint8_t words;

        if (insn->op != XFSM_I_VMADD && insn->op != XFSM_I_VMITEM
            && insn->op != XFSM_I_VMGET && insn->op != XFSM_I_RESETK
            && insn->op != XFSM_I_VDGET && insn->op != XFSM_I_VDSET) {
            continue;
        }
        m = xfsm_builder_at(b, XFSM_S_METRICS, insn->b);
        words = (uint8_t) key_words(b, insn->d);
        if (m->key_words < words) {
            m->key_words = words;
        }
    }
    for (uint32_t i = 0; i < b->sections[XFSM_S_METRICS].n; i++) {
        struct xfsm_img_metric *m = xfsm_builder_at(b, XFSM_S_METRICS, i);

        if (m->vm_key != XFSM_NONE && m->key_words < key_words(b, m->vm_key)) {
            m->key_words = (uint8_t) key_words(b, m->vm_key);
        }
    }
}

/* ## Memory ## */

/* One structure whose size the memory it may take decides. */
struct sizing {
    uint64_t memory;            /* Bytes; 0: the size stays. */
    unsigned int min, max;      /* Sizes. */
    uint64_t (*bytes)(unsigned int size, const struct sizing *);
    unsigned int key_words, param;      /* For 'bytes'. */
    int line;
    const char *element;        /* That has the attribute "memory"; of... */
    const char *name;           /* ...what is called so, unless NULL. */
};

/* Writes the path of the attribute to 'buf'. */
static const char *
sizing_path(const struct sizing *s, char *buf, size_t size)
{
    const char *slash = strchr(s->element, '/');
    int n = slash ? (int) (slash - s->element) : (int) strlen(s->element);

    if (s->name) {
        snprintf(buf, size, "%.*s \"%s\"%s@memory", n, s->element, s->name,
                 slash ? slash : "");
    } else {
        snprintf(buf, size, "%s@memory", s->element);
    }
    return buf;
}

/* Finds the largest size that the memory is enough for. */
static uint8_t
fit_size(const struct sizing *s, uint8_t size, struct xfsm_diags *diags)
{
    char path[XFSM_MAX_NAME + 64];
    unsigned int best = s->max;

    if (!s->memory) {
        return size;
    }
    while (best > s->min && s->bytes(best, s) > s->memory) {
        best--;
    }
    if (s->bytes(best, s) > s->memory) {
        xfsm_diags_add(diags, XFSM_DIAG_ERROR, s->line,
                       sizing_path(s, path, sizeof path),
                       "memory of %llu bytes is not enough; the least is "
                       "%llu", (unsigned long long) s->memory,
                       (unsigned long long) s->bytes(best, s));
    }
    return (uint8_t) best;
}

static uint64_t
detector_bytes(unsigned int size, const struct sizing *s)
{
    return xfsm_footprint_detector(size, s->param);
}

static uint64_t
monitor_bytes(unsigned int size, const struct sizing *s)
{
    return xfsm_footprint_monitor(s->param, s->key_words, size);
}

static uint64_t
table_bytes(unsigned int size, const struct sizing *s)
{
    return xfsm_footprint_table(s->key_words, s->param, size);
}

static void
size_metric(struct xfsm_builder *b, const struct xfsm_metric *metric,
            uint32_t i, struct xfsm_diags *diags)
{
    struct xfsm_img_metric *m = xfsm_builder_at(b, XFSM_S_METRICS, i);
    struct sizing detector = {
        .memory = metric->vd_memory, .min = XFSM_DETECTOR_SIZE_MIN,
        .max = XFSM_DETECTOR_SIZE_MAX, .bytes = detector_bytes,
        .param = metric->vd_nhash, .line = metric->line,
        .element = "metric/variation_detector", .name = metric->name,
    };
    struct sizing monitor = {
        .memory = metric->vm_room.memory,
        .min = xfsm_monitor_sizes[metric->vm_type].min,
        .max = xfsm_monitor_sizes[metric->vm_type].max,
        .bytes = monitor_bytes, .key_words = m->key_words ? m->key_words : 1,
        .param = metric->vm_type, .line = metric->line,
        .element = "metric/variation_monitor", .name = metric->name,
    };

    m->vd_size = fit_size(&detector, m->vd_size, diags);
    m->vm_size = fit_size(&monitor, m->vm_size, diags);
}

/* Sets what depends on the keys: the sizes of what may take so much memory,
 * and those of the state table and the timers. */
static void
build_sizes(struct xfsm_builder *b, const struct xfsm_program *p,
            struct xfsm_img_header *header, struct xfsm_diags *diags)
{
    struct sizing states = {
        .memory = p->state_room.memory, .min = XFSM_MIN_STATE_SIZE,
        .max = XFSM_MAX_STATE_SIZE, .bytes = table_bytes, .key_words = 1,
        .param = XFSM_STATE_RECORD, .line = p->state_line,
        .element = "state-table",
    };

    for (uint32_t i = 0; i < (uint32_t) p->n_metrics; i++) {
        size_metric(b, &p->metrics[i], i, diags);
    }
    for (uint32_t i = 0; i < (uint32_t) p->n_tables; i++) {
        struct xfsm_img_table *t = xfsm_builder_at(b, XFSM_S_TABLES, i);
        struct sizing table = {
            .memory = p->tables[i].room.memory, .min = 3, .max = 26,
            .bytes = table_bytes,
            .param = xfsm_footprint_value(p->tables[i].is_text),
            .line = p->tables[i].line, .element = "table",
            .name = p->tables[i].name,
        };

        if (t->key != XFSM_NONE) {
            table.key_words = key_words(b, t->key);
            t->size = fit_size(&table, t->size, diags);
        }
        if (t->n_entries > 1u << t->size) {
            char path[XFSM_MAX_NAME + 64];

            xfsm_diags_add(diags, XFSM_DIAG_ERROR, table.line,
                           sizing_path(&table, path, sizeof path),
                           "%u entries do not fit the memory", t->n_entries);
        }
    }
    for (uint32_t i = 0; i < b->sections[XFSM_S_KEYS].n; i++) {
        unsigned int words = key_words(b, (uint16_t) i);

        states.key_words = words > states.key_words ? words
                                                    : states.key_words;
    }
    header->state_size = fit_size(&states, XFSM_DEFAULT_STATE_SIZE, diags);
    header->state_on_full = (uint8_t) p->state_room.on_full;
    header->max_timers = p->max_timers;
}

/* Makes the image.  What the verifier would refuse later is told now, to the
 * one who can mend it. */
static bool
finish(const struct xfsm_builder *b, const struct xfsm_img_header *header,
       struct xfsm_diags *diags, void **imagep, size_t *lenp)
{
    struct xfsm_image view;
    size_t len;
    void *image = xfsm_builder_finish(b, header, &len);
    char *error = xfsm_image_verify(image, len, &view);

    if (error) {
        xfsm_diags_add(diags, XFSM_DIAG_ERROR, 0, "program",
                       "the image would be refused: %s", error);
        free(error);
        free(image);
        return false;
    }
    *imagep = image;
    *lenp = len;
    return true;
}

bool
xfsm_compile(const struct xfsm_program *p, struct xfsm_diags *diags,
             void **imagep, size_t *lenp)
{
    size_t n_errors = diags->n_errors;
    struct xfsm_codegen *cg = calloc(1, sizeof *cg);
    struct xfsm_img_header header;
    struct xfsm_builder b;
    bool ok = false;

    if (!cg) {
        abort();
    }
    memset(&header, 0, sizeof header);
    xfsm_builder_init(&b);
    cg->program = p;
    cg->b = &b;
    cg->diags = diags;

    header.name = xfsm_builder_string(&b, p->name);
    header.version = xfsm_builder_string(&b, p->version);
    header.description = xfsm_builder_string(&b, p->description);
    build_states(&b, p);
    build_metrics(&b, p);
    build_tables(&b, p, diags);
    build_classes(&b, p);
    xfsm_codegen_matcher(cg);
    header.matcher_len = (uint32_t) b.sections[XFSM_S_CODE].n;
    build_events(cg);
    measure_metric_keys(&b);
    build_sizes(&b, p, &header, diags);
    xfsm_builder_bytes(&b, "", 1);     /* Text ends in a null byte. */

    if (b.overflow) {
        xfsm_diags_add(diags, XFSM_DIAG_ERROR, 0, "program",
                       "too many %s; split the program", b.overflow);
    } else if (diags->n_errors == n_errors) {
        ok = finish(&b, &header, diags, imagep, lenp);
    }
    xfsm_builder_destroy(&b);
    free(cg);
    return ok;
}

bool
xfsm_compile_xml(const char *text, size_t len, const char *name,
                 struct xfsm_diags *diags, void **imagep, size_t *lenp)
{
    return xfsm_compile_xml_params(text, len, name, NULL, 0, diags, imagep,
                                   lenp);
}

bool
xfsm_compile_xml_params(const char *text, size_t len, const char *name,
                        const struct xfsm_setting *settings, size_t n,
                        struct xfsm_diags *diags, void **imagep, size_t *lenp)
{
    struct xfsm_program *program = xfsm_xml_load_params(text, len, name,
                                                        settings, n, diags);
    bool ok = program && xfsm_compile(program, diags, imagep, lenp);

    xfsm_program_destroy(program);
    return ok;
}
