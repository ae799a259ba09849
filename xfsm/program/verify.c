/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include "xfsm/program/image.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "xfsm/base/error.h"
#include "xfsm/program/verify-private.h"

const char *const xfsm_opcode_names[XFSM_N_OPCODES] = {
#define OPCODE_NAME(ID, TEXT, OPERANDS, DOC) TEXT,
    XFSM_OPCODES(OPCODE_NAME)
#undef OPCODE_NAME
};

/* Most records of each section. */
static const uint32_t section_max[XFSM_N_SECTIONS] = {
    [XFSM_S_STRINGS] = XFSM_MAX_IMAGE_BYTES,
    [XFSM_S_FIELDS] = XFSM_N_FIELDS,
    [XFSM_S_KEYS] = XFSM_MAX_KEYS,
    [XFSM_S_STATES] = XFSM_MAX_STATES,
    [XFSM_S_METRICS] = XFSM_MAX_METRICS,
    [XFSM_S_TABLES] = XFSM_MAX_TABLES,
    [XFSM_S_ENTRIES] = XFSM_MAX_TABLES * XFSM_MAX_TABLE_ENTRIES,
    [XFSM_S_CLASSES] = XFSM_MAX_EVENTS,
    [XFSM_S_EVENTS] = XFSM_MAX_EVENTS,
    [XFSM_S_HANDLERS] = XFSM_MAX_EVENTS * XFSM_MAX_STATES,
    [XFSM_S_FEATURES] = UINT16_MAX,
    [XFSM_S_PREFIXES] = UINT16_MAX,
    [XFSM_S_TEXTS] = UINT16_MAX,
    [XFSM_S_PARTS] = XFSM_MAX_IMAGE_BYTES,
    [XFSM_S_REASONS] = XFSM_MAX_CODE,
    [XFSM_S_CODE] = XFSM_MAX_CODE,
};

static const size_t record_sizes[XFSM_N_SECTIONS] = {
#define RECORD_SIZE(ID, MEMBER, TYPE, DOC) [XFSM_S_##ID] = sizeof(TYPE),
    XFSM_SECTIONS(RECORD_SIZE)
#undef RECORD_SIZE
};

uint64_t
xfsm_image_checksum(const void *image, size_t len)
{
    static const struct xfsm_seed zero;
    size_t from = offsetof(struct xfsm_img_header, format);
    uint64_t digest[2];

    xfsm_digest(&zero, (const char *) image + from, len - from, digest);
    return digest[0];
}

unsigned int
xfsm_image_key_words(const struct xfsm_image *image, uint16_t key)
{
    const struct xfsm_img_key *k = &image->keys[key];
    unsigned int words = 0;

    for (unsigned int i = 0; i < k->n; i++) {
        words += xfsm_field_words(
            xfsm_fields[image->field_ids[k->fields[i]]].type);
    }
    return words;
}

unsigned int
xfsm_image_longest_key(const struct xfsm_image *image)
{
    unsigned int words = 1;

    for (uint32_t i = 0; i < image->n_keys; i++) {
        unsigned int n = xfsm_image_key_words(image, (uint16_t) i);

        words = n > words ? n : words;
    }
    return words;
}

/* ## Layout ## */

static char *
verify_layout(const void *bytes, size_t len, struct xfsm_image *image)
{
    const struct xfsm_img_header *h = bytes;

    if (len < sizeof *h) {
        return xfsm_error("image has %zu bytes, less than its header", len);
    }
    if (len > XFSM_MAX_IMAGE_BYTES) {
        return xfsm_error("image has %zu bytes, more than %d", len,
                          XFSM_MAX_IMAGE_BYTES);
    }
    if (memcmp(h->magic, XFSM_IMAGE_MAGIC, sizeof h->magic)) {
        return xfsm_error("not an image: it does not begin with \"%s\"",
                          XFSM_IMAGE_MAGIC);
    }
    if (h->format != XFSM_IMAGE_VERSION) {
        return xfsm_error("image has format %u, this build runs format %d: "
                          "compile the program again", h->format,
                          XFSM_IMAGE_VERSION);
    }
    if (h->length != len) {
        return xfsm_error("image is cut or has bytes too many: it says %u "
                          "bytes and has %zu", h->length, len);
    }
    if (h->checksum != xfsm_image_checksum(bytes, len)) {
        return xfsm_error("image is damaged: its checksum does not fit");
    }
    for (int i = 0; i < XFSM_N_SECTIONS; i++) {
        uint64_t size = (uint64_t) h->sections[i].n * record_sizes[i];

        if (h->sections[i].offset % 8 || h->sections[i].offset > len
            || h->sections[i].n > section_max[i]
            || size > len - h->sections[i].offset) {
            return xfsm_error("image section %d lies outside the image or "
                              "is too large", i);
        }
    }
    image->header = h;
#define SECTION_VIEW(ID, MEMBER, TYPE, DOC) \
    image->MEMBER = (const TYPE *) (const void *) \
        ((const char *) bytes + h->sections[XFSM_S_##ID].offset); \
    image->n_##MEMBER = h->sections[XFSM_S_##ID].n;
    XFSM_SECTIONS(SECTION_VIEW)
#undef SECTION_VIEW
    return NULL;
}

/* ## Declarations ## */

bool
xfsm_verify_text(const struct xfsm_image *image, uint32_t off)
{
    return off < image->n_strings;      /* The section ends in a null. */
}

bool
xfsm_verify_bytes(const struct xfsm_image *image, uint32_t off, uint32_t len)
{
    return off <= image->n_strings && len <= image->n_strings - off;
}

static char *
verify_names(struct xfsm_image *image)
{
    const struct xfsm_img_header *h = image->header;

    if (!image->n_strings || image->strings[image->n_strings - 1]) {
        return xfsm_error("text section does not end in a null byte");
    }
    if (!xfsm_verify_text(image, h->name)
        || !xfsm_verify_text(image, h->version)
        || !xfsm_verify_text(image, h->description)) {
        return xfsm_error("program name lies outside the text section");
    }
    if (!image->strings[h->name]
        || strlen(&image->strings[h->name]) > XFSM_MAX_NAME) {
        return xfsm_error("program name is empty or longer than %d bytes",
                          XFSM_MAX_NAME);
    }
    for (uint32_t i = 0; i < image->n_fields; i++) {
        const char *name;
        int id;

        if (!xfsm_verify_text(image, image->fields[i].name)) {
            return xfsm_error("field %u: name out of range", i);
        }
        name = &image->strings[image->fields[i].name];
        id = xfsm_field_lookup(name, strlen(name), NULL);
        if (id < 0) {
            return xfsm_error("this build has no packet field \"%.*s\"",
                              XFSM_MAX_NAME, name);
        }
        image->field_ids[i] = (uint8_t) id;
    }
    for (uint32_t i = 0; i < image->n_keys; i++) {
        const struct xfsm_img_key *k = &image->keys[i];

        if (!k->n || k->n > XFSM_MAX_KEY_FIELDS) {
            return xfsm_error("key %u has %u fields", i, k->n);
        }
        for (unsigned int j = 0; j < k->n; j++) {
            if (k->fields[j] >= image->n_fields) {
                return xfsm_error("key %u: field out of range", i);
            } else if (!xfsm_prefix_is_valid(
                           xfsm_fields[image->field_ids[k->fields[j]]].type,
                           k->prefixes[j])) {
                return xfsm_error("key %u: prefix out of range", i);
            }
        }
        if (xfsm_image_key_words(image, (uint16_t) i) > XFSM_KEY_WORDS) {
            return xfsm_error("key %u is too long", i);
        }
    }
    return NULL;
}

static char *
verify_states(const struct xfsm_image *image)
{
    if (!image->n_states) {
        return xfsm_error("program has no state");
    }
    for (uint32_t i = 0; i < image->n_states; i++) {
        if (!xfsm_verify_text(image, image->states[i].name)
            || image->states[i].timeout_state >= image->n_states) {
            return xfsm_error("state %u: index out of range", i);
        }
    }
    return NULL;
}

/* Is the monitor one that can be made? */
static bool
verify_monitor(const struct xfsm_img_metric *m)
{
    const struct xfsm_monitor_sizes *sizes;

    if (m->vm_type >= XFSM_N_MONITORS) {
        return false;
    }
    sizes = &xfsm_monitor_sizes[m->vm_type];
    return m->vm_size >= sizes->min && m->vm_size <= sizes->max
           && m->vm_window >= (m->vm_type < XFSM_MON_DISTINCT
                               ? 1 : XFSM_MIN_WINDOW)
           && m->vm_quantile >= 0 && m->vm_quantile <= 1
           && m->vm_on_full < XFSM_KEYTABLE_N_FULL;
}

/* Is the shape of the keys in the metric's list one that can be shown? */
static bool
verify_list_key(const struct xfsm_image *image,
                const struct xfsm_img_metric *m)
{
    const struct xfsm_img_key *key;

    if (m->vm_key == XFSM_NONE) {
        return true;
    } else if (!m->vm_on || m->vm_type != XFSM_MON_TOPK
               || m->vm_key >= image->n_keys
               || xfsm_image_key_words(image, m->vm_key) > m->key_words) {
        return false;
    }
    key = &image->keys[m->vm_key];
    for (unsigned int i = 0; i < key->n; i++) {
        if (xfsm_fields[image->field_ids[key->fields[i]]].type
            == XFSM_FT_STR) {
            return false;
        }
    }
    return true;
}

static char *
verify_sizes(const struct xfsm_image *image)
{
    const struct xfsm_img_header *h = image->header;

    if (h->state_size < XFSM_MIN_STATE_SIZE
        || h->state_size > XFSM_MAX_STATE_SIZE
        || h->state_on_full >= XFSM_KEYTABLE_N_FULL
        || !h->max_timers || h->max_timers > XFSM_MAX_TIMERS) {
        return xfsm_error("state table or timers: size out of range");
    }
    return NULL;
}

static char *
verify_metrics(const struct xfsm_image *image)
{
    for (uint32_t i = 0; i < image->n_metrics; i++) {
        const struct xfsm_img_metric *m = &image->metrics[i];

        if (!xfsm_verify_text(image, m->name)
            || (m->vd_slave != XFSM_NONE && m->vd_slave >= image->n_metrics)
            || m->vd_slave == i
            || m->vd_on > 1 || m->vm_on > 1
            || (m->vd_on && (m->vd_size < 6 || m->vd_size > 28
                             || !m->vd_nhash || m->vd_nhash > 16))
            || (m->vm_on && !verify_monitor(m))
            || !verify_list_key(image, m)
            || m->key_words > XFSM_KEY_WORDS) {
            return xfsm_error("metric %u: size or index out of range", i);
        }
    }
    return NULL;
}

/* Checks that an entry's packed key has exactly the fields of 'key'. */
static bool
verify_entry(const struct xfsm_image *image, const struct xfsm_img_key *key,
             const struct xfsm_img_entry *entry)
{
    const char *p;
    uint32_t left = entry->key_len;

    if (!xfsm_verify_bytes(image, entry->key, entry->key_len)) {
        return false;
    }
    p = &image->strings[entry->key];
    for (unsigned int i = 0; i < key->n; i++) {
        enum xfsm_field_type type =
            xfsm_fields[image->field_ids[key->fields[i]]].type;
        size_t size = type == XFSM_FT_STR ? strnlen(p, left) + 1
                      : type == XFSM_FT_ADDR ? 16 : 8;

        if (size > left) {
            return false;
        }
        p += size;
        left -= (uint32_t) size;
    }
    return !left;
}

static char *
verify_tables(const struct xfsm_image *image)
{
    for (uint32_t i = 0; i < image->n_tables; i++) {
        const struct xfsm_img_table *t = &image->tables[i];

        if (!xfsm_verify_text(image, t->name) || t->size < 3 || t->size > 26
            || t->on_full >= XFSM_KEYTABLE_N_FULL
            || (t->key != XFSM_NONE && t->key >= image->n_keys)
            || t->first_entry > image->n_entries
            || t->n_entries > image->n_entries - t->first_entry
            || t->n_entries > XFSM_MAX_TABLE_ENTRIES
            || (t->n_entries && t->key == XFSM_NONE) || t->is_text > 1) {
            return xfsm_error("table %u: size or index out of range", i);
        }
        for (uint32_t j = 0; j < t->n_entries; j++) {
            const struct xfsm_img_entry *entry =
                &image->entries[t->first_entry + j];

            if (!verify_entry(image, &image->keys[t->key], entry)
                || entry->text_len > XFSM_MAX_TABLE_TEXT
                || !xfsm_verify_bytes(image, entry->text, entry->text_len)) {
                return xfsm_error("table %u: entry %u malformed", i, j);
            }
        }
    }
    return NULL;
}

/* Has the event the topic or the period that its type needs, and no other? */
static bool
verify_occasion(const struct xfsm_image *image,
                const struct xfsm_img_event *event)
{
    if (event->type == XFSM_EV_PERIOD
        ? event->period < XFSM_MIN_PERIOD || event->period > XFSM_MAX_PERIOD
        : event->period != 0) {
        return false;
    }
    return xfsm_verify_text(image, event->topic)
           && strlen(&image->strings[event->topic]) <= XFSM_MAX_TOPIC
           && !image->strings[event->topic]
              == (event->type != XFSM_EV_MESSAGE);
}

static char *
verify_events(const struct xfsm_image *image)
{
    for (uint32_t i = 0; i < image->n_classes; i++) {
        const struct xfsm_img_class *c = &image->classes[i];

        if (!xfsm_verify_text(image, c->name)
            || (c->event != XFSM_NONE
                && (c->event >= image->n_events
                    || image->events[c->event].type != XFSM_EV_TIMEOUT))) {
            return xfsm_error("timer class %u: index out of range", i);
        }
    }
    for (uint32_t i = 0; i < image->n_events; i++) {
        const struct xfsm_img_event *event = &image->events[i];

        if (event->type >= XFSM_N_EVENT_TYPES
            || (event->primary == XFSM_NONE
                ? event->type == XFSM_EV_PACKET
                  || event->type == XFSM_EV_MESSAGE
                : xfsm_event_is_own(event->type)
                  || event->primary >= image->n_keys)) {
            return xfsm_error("event %u: type or key out of range", i);
        } else if (!verify_occasion(image, event)) {
            return xfsm_error("event %u: period or topic out of range", i);
        }
        for (uint32_t j = 0; j < XFSM_MAX_STATES; j++) {
            uint16_t handler = event->handler[j];

            if (handler != XFSM_NONE
                && (j >= image->n_states || handler >= image->n_handlers
                    || image->handlers[handler].event != i
                    || image->handlers[handler].state != j)) {
                return xfsm_error("event %u: handler out of range", i);
            }
        }
    }
    return NULL;
}

/* Does a name of a field, terminated, lie at 'part'? */
static bool
verify_member(const struct xfsm_image *image, const struct xfsm_img_part *part)
{
    return part->index < XFSM_N_MEMBER_FORMS && part->len
           && part->len <= XFSM_MAX_NAME
           && xfsm_verify_bytes(image, part->text, part->len + 1)
           && !image->strings[part->text + part->len]
           && !memchr(&image->strings[part->text], '\0', part->len);
}

/* Can the list be made? */
static bool
verify_list(const struct xfsm_image *image, const struct xfsm_img_part *part)
{
    return part->index < image->n_metrics
           && image->metrics[part->index].vm_key != XFSM_NONE
           && part->len && part->len <= XFSM_MAX_TOP && part->text <= 1;
}

/* Are the fields of a text, if it has any, in order, and lists where they
 * belong? */
static bool
verify_members(const struct xfsm_image *image,
               const struct xfsm_img_text *text)
{
    const struct xfsm_img_part *parts = &image->parts[text->first];
    uint32_t n = 0, n_lists = 0;

    for (uint32_t i = 0; i < text->n; i++) {
        if (parts[i].kind == XFSM_PART_LIST
            && (!i || parts[i - 1].kind != XFSM_PART_MEMBER
                || parts[i - 1].index != XFSM_MEMBER_PLAIN
                || ++n_lists > XFSM_MAX_LISTS)) {
            return false;
        } else if (parts[i].kind != XFSM_PART_MEMBER) {
            continue;
        } else if (parts[0].kind != XFSM_PART_MEMBER
                   || ++n > XFSM_MAX_MEMBERS) {
            return false;
        } else if (parts[i].index == XFSM_MEMBER_PLAIN
                   && (i + 1 >= text->n
                       || parts[i + 1].kind == XFSM_PART_MEMBER
                       || (i + 2 < text->n
                           && parts[i + 2].kind != XFSM_PART_MEMBER))) {
            return false;
        }
    }
    return true;
}

static char *
verify_texts(const struct xfsm_image *image)
{
    for (uint32_t i = 0; i < image->n_texts; i++) {
        if (image->texts[i].first > image->n_parts
            || image->texts[i].n > image->n_parts - image->texts[i].first
            || image->texts[i].n > XFSM_MAX_TEXT_PARTS) {
            return xfsm_error("text %u: parts out of range", i);
        } else if (!verify_members(image, &image->texts[i])) {
            return xfsm_error("text %u: fields out of order", i);
        }
    }
    for (uint32_t i = 0; i < image->n_parts; i++) {
        const struct xfsm_img_part *part = &image->parts[i];
        bool ok = true;

        switch (part->kind) {
        case XFSM_PART_LITERAL:
            ok = xfsm_verify_bytes(image, part->text, part->len);
            break;
        case XFSM_PART_FIELD:
            ok = part->index < image->n_fields;
            break;
        case XFSM_PART_REG:
            ok = part->index < XFSM_MAX_REGS;
            break;
        case XFSM_PART_TABLE:
            ok = xfsm_verify_table_key(image, part->index, part->key);
            break;
        case XFSM_PART_MEMBER:
            ok = verify_member(image, part);
            break;
        case XFSM_PART_LIST:
            ok = verify_list(image, part);
            break;
        case XFSM_PART_TS:
        case XFSM_PART_CLIENT_ID:
            break;
        default:
            ok = false;
        }
        if (!ok) {
            return xfsm_error("text part %u: kind or index out of range", i);
        }
    }
    return NULL;
}

static char *
verify_reasons(const struct xfsm_image *image)
{
    for (uint32_t i = 0; i < image->n_reasons; i++) {
        if (!xfsm_verify_text(image, image->reasons[i].expression)
            || !xfsm_verify_text(image, image->reasons[i].actions)) {
            return xfsm_error("reason %u: text out of range", i);
        }
    }
    return NULL;
}

char *
xfsm_image_verify(const void *bytes, size_t len, struct xfsm_image *view)
{
    struct xfsm_image image;
    char *error;

    memset(&image, 0, sizeof image);
    error = verify_layout(bytes, len, &image);
    error = error ? error : verify_names(&image);
    error = error ? error : verify_states(&image);
    error = error ? error : verify_sizes(&image);
    error = error ? error : verify_metrics(&image);
    error = error ? error : verify_tables(&image);
    error = error ? error : verify_events(&image);
    error = error ? error : verify_texts(&image);
    error = error ? error : verify_reasons(&image);
    error = error ? error : xfsm_verify_code(&image);
    if (!error) {
        *view = image;
    }
    return error;
}
