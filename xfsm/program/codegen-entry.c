/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

/* Keys of the entries that a table has from the start: text, which becomes
 * values of the fields that the table is used with. */

#include "xfsm/program/codegen.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "xfsm/program/lexer.h"
#include "xfsm/program/symbol.h"

/* Longest value of one field. */
#define VALUE_MAX 255

/* One field of a key. */
struct entry_field {
    unsigned int id;            /* enum xfsm_field_id. */
    struct xfsm_prefix_lengths prefix;
};

/* Reads a number that the field can have, or the name of a protocol. */
static bool
read_uint(unsigned int id, const char *text, uint64_t *number)
{
    unsigned int bits = 8u * xfsm_fields[id].width;

    return (id == XFSM_F_PROTO
            && xfsm_symbol_lookup(XFSM_SYM_PROTO, text, strlen(text),
                                  number))
           || (xfsm_number_parse_uint(text, number)
               && (bits >= 64 || !(*number >> bits)));
}

/* Reads an address; a prefix length behind it has to be that of the key, which
 * it is without. */
static bool
read_addr(const struct entry_field *field, const char *text,
          union xfsm_addr *addr)
{
    unsigned int own = field->prefix.ip4 ? field->prefix.ip6 : 128;
    uint8_t length;

    if (!xfsm_symbol_parse_addr(text, addr, &length)) {
        return false;
    }
    if (field->prefix.ip4 && xfsm_addr_is_ip4(addr)) {
        own = 96u + field->prefix.ip4;
    }
    return !strchr(text, '/') || length == own;
}

/* Packs the value of one field, the 'len' bytes at 'text', behind what is in
 * the strings section.  False if the text is no such value. */
static bool
build_field(struct xfsm_builder *b, const struct entry_field *field,
            const char *text, size_t len)
{
    char value[VALUE_MAX + 1];
    union xfsm_addr addr;
    uint64_t number;

    if (!len || len > VALUE_MAX) {
        return false;
    }
    memcpy(value, text, len);
    value[len] = '\0';

    switch (xfsm_fields[field->id].type) {
    case XFSM_FT_UINT:
        if (!read_uint(field->id, value, &number)) {
            return false;
        }
        xfsm_builder_bytes(b, &number, sizeof number);
        return true;
    case XFSM_FT_MAC:
        if (!xfsm_symbol_parse_mac(value, &number)) {
            return false;
        }
        xfsm_builder_bytes(b, &number, sizeof number);
        return true;
    case XFSM_FT_ADDR:
        if (!read_addr(field, value, &addr)) {
            return false;
        }
        xfsm_prefix_apply(&addr, field->prefix);
        xfsm_builder_bytes(b, &addr, sizeof addr);
        return true;
    case XFSM_FT_STR:
        if (xfsm_field_is_lower(field->id)) {
            xfsm_symbol_lower(value);
        }
        xfsm_builder_bytes(b, value, len + 1);
        return true;
    }
    return false;
}

/* Writes what a value of the field is to 'buf'. */
static void
explain(const struct entry_field *field, char *buf, size_t size)
{
    const struct xfsm_field *f = &xfsm_fields[field->id];

    switch (f->type) {
    case XFSM_FT_UINT:
        snprintf(buf, size, "\"%s\" is a number from 0 to %llu%s", f->name,
                 (unsigned long long) (UINT64_MAX >> (64 - 8 * f->width)),
                 field->id == XFSM_F_PROTO ? " or the name of a protocol"
                 : "");
        break;
    case XFSM_FT_MAC:
        snprintf(buf, size, "\"%s\" is as \"00:11:22:33:44:55\"", f->name);
        break;
    case XFSM_FT_ADDR:
        if (field->prefix.ip4) {
            snprintf(buf, size, "\"%s/%d/%d\" is as \"10.0.0.0/%d\" or "
                     "\"2001:db8::/%d\"", f->name, field->prefix.ip4,
                     field->prefix.ip6, field->prefix.ip4,
                     field->prefix.ip6);
        } else {
            snprintf(buf, size, "\"%s\" is an address, as \"10.0.0.1\" or "
                     "\"2001:db8::1\"", f->name);
        }
        break;
    case XFSM_FT_STR:
        snprintf(buf, size, "\"%s\" is a text of 1 to %d bytes", f->name,
                 VALUE_MAX);
        break;
    }
}

bool
xfsm_codegen_entry_key(struct xfsm_builder *b, const struct xfsm_key *key,
                       const char *text, char *why, size_t size)
{
    for (int i = 0; i < key->n; i++) {
        const struct entry_field field = { key->fields[i], key->prefixes[i] };
        const char *dash = i + 1 < key->n ? strchr(text, '-') : NULL;
        size_t len = dash ? (size_t) (dash - text) : strlen(text);

        if (i + 1 < key->n && !dash) {
            snprintf(why, size, "it has %d values joined by \"-\"", key->n);
            return false;
        } else if (!build_field(b, &field, text, len)) {
            explain(&field, why, size);
            return false;
        }
        text += len + 1;
    }
    return true;
}

/* A packed key, and which entry's it is. */
struct packed {
    const void *key;
    size_t len;
    uint32_t entry;
};

static int
compare_packed(const void *a_, const void *b_)
{
    const struct packed *a = a_;
    const struct packed *b = b_;
    int order = memcmp(a->key, b->key, a->len < b->len ? a->len : b->len);

    if (!order) {
        order = (a->len > b->len) - (a->len < b->len);
    }
    return order ? order : (a->entry > b->entry) - (a->entry < b->entry);
}

uint32_t
xfsm_codegen_find_twin(struct xfsm_builder *b, uint32_t first, uint32_t n,
                       uint32_t *twin)
{
    struct packed *keys = calloc(n + 1, sizeof *keys);
    uint32_t found = n;

    if (!keys) {
        abort();
    }
    for (uint32_t i = 0; i < n; i++) {
        const struct xfsm_img_entry *entry = xfsm_builder_at(
            b, XFSM_S_ENTRIES, first + i);

        keys[i].key = xfsm_builder_at(b, XFSM_S_STRINGS, entry->key);
        keys[i].len = entry->key_len;
        keys[i].entry = i;
    }
    qsort(keys, n, sizeof *keys, compare_packed);
    for (uint32_t i = 1; i < n && found == n; i++) {
        if (keys[i].len == keys[i - 1].len
            && !memcmp(keys[i].key, keys[i - 1].key, keys[i].len)) {
            found = keys[i].entry;
            *twin = keys[i - 1].entry;
        }
    }
    free(keys);
    return found;
}
