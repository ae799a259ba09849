/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include "xfsm/runtime/exec.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "xfsm/runtime/list.h"
#include "xfsm/runtime/number.h"
#include "xfsm/runtime/run.h"

/* Where text is put together; what does not fit is dropped and noted. */
struct sink {
    char *p;
    size_t left;
    bool cut;
};

static void
put(struct sink *sink, const char *p, size_t len)
{
    if (len > sink->left) {
        len = sink->left;
        sink->cut = true;
    }
    memcpy(sink->p, p, len);
    sink->p += len;
    sink->left -= len;
}

static void
put_string(struct sink *sink, const char *s)
{
    put(sink, s, strlen(s));
}

static void
put_number(struct sink *sink, double value)
{
    char buf[XFSM_NUMBER_MAX];

    put(sink, buf, xfsm_number_format(value, buf));
}

static void
put_uint(struct sink *sink, uint64_t value)
{
    char buf[XFSM_NUMBER_MAX];

    put(sink, buf, xfsm_number_format_uint(value, buf));
}

/* Puts the list of 'part' into the text, and as JSON into x->lists. */
static void
put_list(struct sink *sink, struct xfsm_exec *x, struct xfsm_instance *p,
         uint64_t ts, const struct xfsm_img_part *part)
{
    struct sink json = {
        .p = x->lists + x->n_lists,
        .left = sizeof x->lists - x->n_lists,
    };
    const struct xfsm_topk *topk = xfsm_summary_topk(
        p->metrics[part->index].summary);
    uint16_t key = p->image.metrics[part->index].vm_key;
    struct xfsm_topk_hitter hitters[XFSM_MAX_TOP];
    unsigned int n = xfsm_topk_list(topk, part->text, ts + x->clock.offset,
                                    part->len, hitters);

    put(&json, "[", 1);
    for (unsigned int i = 0; i < n; i++) {
        char text[XFSM_LIST_ENTRY_MAX], object[XFSM_LIST_ENTRY_MAX];
        size_t len = xfsm_list_format_text(&p->image, key, &hitters[i], text);
        size_t json_len = xfsm_list_format_json(&p->image, key, &hitters[i],
                                                object);

        /* A comma goes before each, and the end behind the last. */
        if (len + 1 > sink->left || json_len + 2 > json.left) {
            x->stats.text_cut++;
            break;
        }
        put(sink, ",", i > 0);
        put(sink, text, len);
        put(&json, ",", i > 0);
        put(&json, object, json_len);
    }
    put(&json, "]", 1);
    sink->cut |= json.cut;
    x->n_lists = (size_t) (json.p - x->lists);
}

static void
put_part(struct sink *sink, struct xfsm_exec *x, struct xfsm_instance *p,
         const struct xfsm_packet *packet, uint64_t ts, const double *regs,
         const struct xfsm_img_part *part)
{
    const struct xfsm_identity *identity = &x->options.identity;
    char buf[XFSM_FIELD_TEXT_MAX];

    switch (part->kind) {
    case XFSM_PART_LITERAL:
        put(sink, &p->image.strings[part->text], part->len);
        break;
    case XFSM_PART_FIELD:
        put(sink, buf, xfsm_field_format(packet,
                                         p->image.field_ids[part->index],
                                         buf, sizeof buf));
        break;
    case XFSM_PART_REG:
        put_number(sink, regs[part->index]);
        break;
    case XFSM_PART_TABLE: {
        const struct xfsm_key_value *key = xfsm_exec_key(p, packet,
                                                         part->key);
        const void *value = key ? xfsm_keytable_find_live(
            p->tables[part->index], key->hash, key->w, key->n,
            xfsm_run_seconds(ts + x->clock.offset)) : NULL;

        if (!p->image.tables[part->index].is_text) {
            put_number(sink, value ? *(const double *) value : 0);
        } else if (value) {
            const struct xfsm_table_text *text = value;

            put(sink, text->bytes, text->len);
        }
        break;
    }
    case XFSM_PART_TS:
        put_uint(sink, ts);
        break;
    case XFSM_PART_LIST:
        put_list(sink, x, p, ts, part);
        break;
    case XFSM_PART_CLIENT_ID:
        put_string(sink, identity->host);
        put(sink, "/", 1);
        put_string(sink, identity->bridge);
        put(sink, "/", 1);
        put_string(sink, identity->port);
        break;
    }
}

/* Will the value of a field that is 'part' alone be a number? */
static bool
is_number(const struct xfsm_instance *p, const struct xfsm_img_part *part)
{
    return part->kind == XFSM_PART_REG
           || (part->kind == XFSM_PART_TABLE
               && !p->image.tables[part->index].is_text)
           || part->kind == XFSM_PART_TS
           || (part->kind == XFSM_PART_FIELD
               && xfsm_fields[p->image.field_ids[part->index]].type
                  == XFSM_FT_UINT);
}

/* Is 'part' a field that the packet lacks? */
static bool
is_absent(const struct xfsm_instance *p, const struct xfsm_packet *packet,
          const struct xfsm_img_part *part)
{
    return part->kind == XFSM_PART_FIELD
           && !xfsm_fieldset_has(&packet->present,
                                 p->image.field_ids[part->index]);
}

/* Puts the field that begins at 'parts', the 'n' that are left, if there is
 * room for it.  Returns the number of parts it has. */
static uint32_t
put_field(struct sink *sink, struct xfsm_exec *x, struct xfsm_instance *p,
          const struct xfsm_packet *packet, uint64_t ts, const double *regs,
          const struct xfsm_img_part *parts, uint32_t n)
{
    struct xfsm_event_field *field = &x->fields[x->n_fields];
    bool plain = parts[0].index == XFSM_MEMBER_PLAIN;
    struct sink before = *sink;
    size_t lists = x->n_lists;
    uint32_t i;

    field->name = &p->image.strings[parts[0].text];
    field->number = plain && is_number(p, &parts[1]);
    field->list = plain && parts[1].kind == XFSM_PART_LIST;
    put(sink, " ", sink->p > x->text);
    put(sink, field->name, parts[0].len);
    put(sink, "=", 1);
    field->value = sink->p;
    for (i = 1; i < n && parts[i].kind != XFSM_PART_MEMBER; i++) {
        put_part(sink, x, p, packet, ts, regs, &parts[i]);
    }
    field->len = (size_t) (sink->p - field->value);
    if (field->list) {
        field->value = x->lists + lists;
        field->len = x->n_lists - lists;
    }
    if (sink->cut) {
        *sink = before;
        x->n_lists = lists;
        x->stats.text_cut++;
    } else if (plain && is_absent(p, packet, &parts[1])) {
        *sink = before;
    } else {
        x->n_fields++;
    }
    return i;
}

size_t
xfsm_exec_text(struct xfsm_exec *x, struct xfsm_instance *p,
               const struct xfsm_packet *packet, uint64_t ts,
               const double *regs, uint16_t text)
{
    const struct xfsm_img_text *t = &p->image.texts[text];
    struct sink sink = { .p = x->text, .left = XFSM_EVENT_TEXT_MAX };

    x->n_fields = 0;
    x->n_lists = 0;
    for (uint32_t i = 0; i < t->n && !sink.cut; ) {
        const struct xfsm_img_part *part = &p->image.parts[t->first + i];

        if (part->kind == XFSM_PART_MEMBER) {
            i += put_field(&sink, x, p, packet, ts, regs, part, t->n - i);
        } else {
            put_part(&sink, x, p, packet, ts, regs, part);
            i++;
        }
    }
    if (sink.cut) {
        x->stats.text_cut++;
        memcpy(sink.p - 3, "...", 3);
    }
    *sink.p = '\0';
    return (size_t) (sink.p - x->text);
}

void
xfsm_exec_table_text(struct xfsm_exec *x, struct xfsm_instance *p,
                     const struct xfsm_packet *packet, uint64_t ts,
                     const double *regs, uint16_t text,
                     struct xfsm_table_text *value)
{
    const struct xfsm_img_text *t = &p->image.texts[text];
    struct sink sink = { .p = value->bytes, .left = sizeof value->bytes };

    memset(value, 0, sizeof *value);
    for (uint32_t i = 0; i < t->n && !sink.cut; i++) {
        put_part(&sink, x, p, packet, ts, regs,
                 &p->image.parts[t->first + i]);
    }
    x->stats.text_cut += sink.cut;
    value->len = (uint8_t) (sink.p - value->bytes);
}
