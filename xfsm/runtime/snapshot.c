/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include "xfsm/runtime/instance.h"

#include <string.h>

/* The snapshot begins with the fields' presence. */
#define FIELDS_OFFSET sizeof(struct xfsm_fieldset)

/* A text.  Of one that was cut the digest of the whole is kept, so that keys
 * with it stay the keys that they were. */
struct snapshot_text {
    uint64_t digest[2];         /* If 'cut'. */
    uint16_t len;               /* Of what is kept. */
    uint16_t cut;               /* 0 or 1. */
    char bytes[XFSM_SNAPSHOT_TEXT_MAX];
};

/* The packet itself. */
struct snapshot_raw {
    uint64_t len;               /* On the wire. */
    uint64_t caplen;
    uint8_t bytes[XFSM_SNAPSHOT_RAW_MAX];
};

static void
read_key(const struct xfsm_image *image, uint16_t key,
         struct xfsm_fieldset *set)
{
    if (key != XFSM_NONE) {
        for (unsigned int i = 0; i < image->keys[key].n; i++) {
            xfsm_fieldset_add(set,
                              image->field_ids[image->keys[key].fields[i]]);
        }
    }
}

static void
read_text(const struct xfsm_image *image, uint16_t text,
          struct xfsm_fieldset *set)
{
    const struct xfsm_img_text *t = &image->texts[text];

    for (uint32_t i = 0; i < t->n; i++) {
        const struct xfsm_img_part *part = &image->parts[t->first + i];

        if (part->kind == XFSM_PART_FIELD) {
            xfsm_fieldset_add(set, image->field_ids[part->index]);
        } else if (part->kind == XFSM_PART_TABLE) {
            read_key(image, part->key, set);
        }
    }
}

/* Adds to 'set' what one instruction reads of the packet. */
static void
read_insn(const struct xfsm_image *image, const struct xfsm_insn *insn,
          struct xfsm_fieldset *set, bool *raw)
{
    switch (insn->op) {
    case XFSM_I_LDF:
        xfsm_fieldset_add(set, image->field_ids[insn->b]);
        break;
    case XFSM_I_TIMER: case XFSM_I_VMITEM:
        read_key(image, insn->c, set);
        read_key(image, insn->d, set);
        break;
    case XFSM_I_VDGET: case XFSM_I_VDSET: case XFSM_I_VMADD:
    case XFSM_I_VMGET: case XFSM_I_RESETK: case XFSM_I_TGET:
    case XFSM_I_TSET: case XFSM_I_CANCEL:
        read_key(image, insn->d, set);
        break;
    case XFSM_I_MITIGATE:
        read_key(image, insn->d, set);
        read_text(image, insn->b, set);
        break;
    case XFSM_I_TIS: case XFSM_I_TTEXT:
        read_key(image, insn->d, set);
        read_text(image, insn->c, set);
        break;
    case XFSM_I_PUBLISH:
        read_text(image, insn->b, set);
        break;
    case XFSM_I_PUBRAW:
        *raw = true;
        break;
    default:
        break;
    }
}

void
xfsm_snapshot_lay_out(const struct xfsm_image *image,
                      struct xfsm_snapshot_layout *layout)
{
    struct xfsm_fieldset set;
    size_t offset = FIELDS_OFFSET;

    memset(layout, 0, sizeof *layout);
    memset(&set, 0, sizeof set);
    for (uint32_t i = 0; i < image->n_events; i++) {
        read_key(image, image->events[i].primary, &set);
    }
    for (uint32_t i = 0; i < image->n_handlers; i++) {
        const struct xfsm_img_handler *h = &image->handlers[i];

        for (uint32_t j = 0; j < h->n_code; j++) {
            const struct xfsm_insn *insn = &image->code[h->code + j];

            if (image->events[h->event].type == XFSM_EV_TIMEOUT) {
                read_insn(image, insn, &set, &layout->raw);
            } else if (insn->op == XFSM_I_TIMER) {
                read_key(image, insn->c, &set);     /* The primary key. */
            }
        }
    }

    for (unsigned int i = 0; i < XFSM_N_FIELDS; i++) {
        if (xfsm_fieldset_has(&set, i)) {
            struct xfsm_snapshot_field *f =
                &layout->fields[layout->n_fields++];

            f->field_id = (uint8_t) i;
            f->offset = (uint16_t) offset;
            offset += xfsm_fields[i].type == XFSM_FT_STR
                      ? sizeof(struct snapshot_text) : 16;
        }
    }
    if (layout->raw) {
        layout->raw_offset = (uint16_t) offset;
        offset += sizeof(struct snapshot_raw);
    }
    layout->size = offset;
}

void
xfsm_snapshot_take(const struct xfsm_snapshot_layout *layout,
                   const struct xfsm_seed *seed,
                   const struct xfsm_packet *packet, char *payload)
{
    memcpy(payload, &packet->present, sizeof packet->present);
    for (unsigned int i = 0; i < layout->n_fields; i++) {
        const struct xfsm_field *f =
            &xfsm_fields[layout->fields[i].field_id];
        const char *from = (const char *) packet + f->offset;
        char *to = payload + layout->fields[i].offset;

        if (!xfsm_fieldset_has(&packet->present,
                               layout->fields[i].field_id)) {
            continue;
        }
        if (f->type == XFSM_FT_STR) {
            struct snapshot_text *text = (void *) to;
            struct xfsm_str str;

            memcpy(&str, from, sizeof str);
            text->cut = str.len > sizeof text->bytes;
            if (text->cut) {
                xfsm_digest(seed, str.p, str.len, text->digest);
                str.len = sizeof text->bytes;
            }
            text->len = (uint16_t) str.len;
            memcpy(text->bytes, str.p, str.len);
        } else {
            memcpy(to, from, f->width);
        }
    }
    if (layout->raw) {
        struct snapshot_raw raw;

        raw.len = packet->len;
        raw.caplen = packet->caplen < sizeof raw.bytes ? packet->caplen
                                                       : sizeof raw.bytes;
        if (raw.caplen) {
            memcpy(raw.bytes, packet->data, raw.caplen);
        }
        memcpy(payload + layout->raw_offset, &raw,
               offsetof(struct snapshot_raw, bytes) + raw.caplen);
    }
}

void
xfsm_snapshot_unfold(const struct xfsm_snapshot_layout *layout,
                     char *payload, struct xfsm_packet *packet)
{
    struct xfsm_fieldset present;

    memset(packet, 0, sizeof *packet);
    memcpy(&present, payload, sizeof present);
    for (unsigned int i = 0; i < layout->n_fields; i++) {
        unsigned int id = layout->fields[i].field_id;
        const struct xfsm_field *f = &xfsm_fields[id];
        char *from = payload + layout->fields[i].offset;
        char *to = (char *) packet + f->offset;

        if (!xfsm_fieldset_has(&present, id)) {
            continue;
        }
        xfsm_fieldset_add(&packet->present, id);
        if (f->type == XFSM_FT_STR) {
            struct snapshot_text *text = (void *) from;
            struct xfsm_str str = { .p = text->bytes, .len = text->len };

            memcpy(to, &str, sizeof str);
        } else {
            memcpy(to, from, f->width);
        }
    }
    if (layout->raw) {
        char *from = payload + layout->raw_offset;
        uint64_t len;

        memcpy(&len, from + offsetof(struct snapshot_raw, len), sizeof len);
        packet->len = (uint32_t) len;
        memcpy(&len, from + offsetof(struct snapshot_raw, caplen),
               sizeof len);
        packet->caplen = (uint32_t) len;
        packet->data = (uint8_t *) from + offsetof(struct snapshot_raw,
                                                   bytes);
    }
}

bool
xfsm_snapshot_digest(const struct xfsm_str *str, uint64_t digest[2])
{
    const struct snapshot_text *text = (const void *)
        (str->p - offsetof(struct snapshot_text, bytes));

    if (text->cut) {
        memcpy(digest, text->digest, sizeof text->digest);
    }
    return text->cut;
}

bool
xfsm_snapshot_good(const struct xfsm_snapshot_layout *layout,
                   const char *payload)
{
    for (unsigned int i = 0; i < layout->n_fields; i++) {
        const struct snapshot_text *text
            = (const void *) (payload + layout->fields[i].offset);

        if (xfsm_fields[layout->fields[i].field_id].type == XFSM_FT_STR
            && (text->len > sizeof text->bytes || text->cut > 1)) {
            return false;
        }
    }
    if (layout->raw) {
        const struct snapshot_raw *raw
            = (const void *) (payload + layout->raw_offset);

        return (raw->caplen <= sizeof raw->bytes && raw->len >= raw->caplen
                && raw->len <= UINT32_MAX);
    }
    return true;
}
