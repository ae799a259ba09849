/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include "xfsm/program/image-builder.h"

#include <stdlib.h>
#include <string.h>

static const size_t record_sizes[XFSM_N_SECTIONS] = {
#define RECORD_SIZE(ID, MEMBER, TYPE, DOC) [XFSM_S_##ID] = sizeof(TYPE),
    XFSM_SECTIONS(RECORD_SIZE)
#undef RECORD_SIZE
};

void
xfsm_builder_init(struct xfsm_builder *b)
{
    memset(b, 0, sizeof *b);
    for (int i = 0; i < XFSM_N_SECTIONS; i++) {
        b->sections[i].size = record_sizes[i];
    }
    /* Offset 0 is the empty string. */
    xfsm_builder_add(b, XFSM_S_STRINGS, 1);
}

void
xfsm_builder_destroy(struct xfsm_builder *b)
{
    for (int i = 0; i < XFSM_N_SECTIONS; i++) {
        free(b->sections[i].data);
    }
}

uint32_t
xfsm_builder_add(struct xfsm_builder *b, enum xfsm_section_id id, size_t n)
{
    size_t index = b->sections[id].n;
    size_t size = b->sections[id].size;

    if (index + n > b->sections[id].allocated) {
        size_t allocated = (index + n) * 2;
        char *data = realloc(b->sections[id].data, allocated * size);

        if (!data) {
            abort();
        }
        b->sections[id].data = data;
        b->sections[id].allocated = allocated;
    }
    if (n) {
        memset(b->sections[id].data + index * size, 0, n * size);
    }
    b->sections[id].n = index + n;
    return (uint32_t) index;
}

void *
xfsm_builder_at(const struct xfsm_builder *b, enum xfsm_section_id id,
                uint32_t index)
{
    return b->sections[id].data + index * b->sections[id].size;
}

uint32_t
xfsm_builder_bytes(struct xfsm_builder *b, const void *p, size_t len)
{
    uint32_t off = xfsm_builder_add(b, XFSM_S_STRINGS, len);

    if (len) {
        memcpy(xfsm_builder_at(b, XFSM_S_STRINGS, off), p, len);
    }
    return off;
}

uint32_t
xfsm_builder_string(struct xfsm_builder *b, const char *s)
{
    const char *data = b->sections[XFSM_S_STRINGS].data;
    size_t n = b->sections[XFSM_S_STRINGS].n;
    size_t len = strlen(s) + 1;
    const char *found = memmem(data, n, s, len);

    return found ? (uint32_t) (found - data) : xfsm_builder_bytes(b, s, len);
}

/* Returns the index of the record of 'id' equal to 'record', appended if
 * there is none.  'max' records are the limit, 'what' names them. */
static uint16_t
intern(struct xfsm_builder *b, enum xfsm_section_id id, const void *record,
       size_t max, const char *what)
{
    size_t size = b->sections[id].size;
    size_t n = b->sections[id].n;

    for (size_t i = 0; i < n; i++) {
        if (!memcmp(b->sections[id].data + i * size, record, size)) {
            return (uint16_t) i;
        }
    }
    if (n >= max) {
        b->overflow = what;
        return 0;
    }
    memcpy(xfsm_builder_at(b, id, xfsm_builder_add(b, id, 1)), record, size);
    return (uint16_t) n;
}

uint16_t
xfsm_builder_field(struct xfsm_builder *b, uint8_t field_id)
{
    struct xfsm_img_name record = {
        .name = xfsm_builder_string(b, xfsm_fields[field_id].name),
    };

    return intern(b, XFSM_S_FIELDS, &record, XFSM_N_FIELDS, "fields");
}

uint16_t
xfsm_builder_key(struct xfsm_builder *b, const struct xfsm_key *key)
{
    struct xfsm_img_key record;

    if (!key->n) {
        return XFSM_NONE;
    }
    memset(&record, 0, sizeof record);
    record.n = key->n;
    for (int i = 0; i < key->n; i++) {
        record.fields[i] = (uint8_t) xfsm_builder_field(b, key->fields[i]);
        record.prefixes[i] = key->prefixes[i];
    }
    return intern(b, XFSM_S_KEYS, &record, XFSM_MAX_KEYS, "different keys");
}

uint16_t
xfsm_builder_prefix(struct xfsm_builder *b, const union xfsm_addr *addr,
                    unsigned int bits)
{
    struct xfsm_img_prefix record;

    for (unsigned int i = 0; i < 16; i++) {
        unsigned int left = bits > 8 * i ? bits - 8 * i : 0;

        record.mask[i] = (uint8_t) (left >= 8 ? 0xff : 0xff00 >> left);
        record.addr[i] = addr->b[i] & record.mask[i];
    }
    return intern(b, XFSM_S_PREFIXES, &record, UINT16_MAX, "prefixes");
}

void *
xfsm_builder_finish(const struct xfsm_builder *b,
                    const struct xfsm_img_header *header, size_t *lenp)
{
    struct xfsm_img_header h = *header;
    size_t len = sizeof h;
    char *image;

    memcpy(h.magic, XFSM_IMAGE_MAGIC, sizeof h.magic);
    h.format = XFSM_IMAGE_VERSION;
    for (int i = 0; i < XFSM_N_SECTIONS; i++) {
        len = (len + 7) & ~(size_t) 7;
        h.sections[i].offset = (uint32_t) len;
        h.sections[i].n = (uint32_t) b->sections[i].n;
        len += b->sections[i].n * b->sections[i].size;
    }
    h.length = (uint32_t) len;

    image = calloc(1, len);
    if (!image) {
        abort();
    }
    for (int i = 0; i < XFSM_N_SECTIONS; i++) {
        if (b->sections[i].n) {
            memcpy(image + h.sections[i].offset, b->sections[i].data,
                   b->sections[i].n * b->sections[i].size);
        }
    }
    memcpy(image, &h, sizeof h);
    h.checksum = xfsm_image_checksum(image, len);
    memcpy(image, &h, sizeof h);
    *lenp = len;
    return image;
}
