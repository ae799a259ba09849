/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include "xfsm/runtime/inspect-private.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "xfsm/base/error.h"

/* A digest as text: '#' and two words. */
#define DIGEST_TEXT 33

/* One reading, and how far it got. */
struct reading {
    const struct xfsm_instance *p;
    struct xfsm_key_query *q;
    const char *text;
    size_t len;
    unsigned int tries;
    size_t furthest;            /* Where what follows is expected. */
    const char *wrong;          /* The value that is there... */
    size_t wrong_len;           /* ...in so many bytes. */
    int field;                  /* The field whose value is expected; -1 if
                                 * nothing was wrong yet. */
    struct xfsm_prefix_lengths prefix;
    uint8_t lengths[XFSM_N_FIELDS];     /* Prefix length behind an address, 0
                                         * if there is none. */
    unsigned int order[XFSM_N_FIELDS];  /* Of fields given by name, from 1. */
};

static void
note_wrong(struct reading *r, size_t at, size_t len, unsigned int field,
           struct xfsm_prefix_lengths prefix)
{
    if (r->field < 0 || at > r->furthest) {
        r->furthest = at;
        r->wrong = r->text + at;
        r->wrong_len = len;
        r->field = (int) field;
        r->prefix = prefix;
    }
}

static int
hex_digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool
parse_digest(const char *text, size_t len, uint64_t digest[2])
{
    if (len != DIGEST_TEXT || text[0] != '#') {
        return false;
    }
    digest[0] = digest[1] = 0;
    for (size_t i = 1; i < len; i++) {
        int digit = hex_digit(text[i]);

        if (digit < 0) {
            return false;
        }
        digest[i > 16] = digest[i > 16] << 4 | (uint64_t) digit;
    }
    return true;
}

/* The prefix that a field has in a primary key. */
static struct xfsm_prefix_lengths
prefix_of(const struct xfsm_instance *p, unsigned int field)
{
    for (uint32_t i = 0; i < p->image.n_events; i++) {
        uint16_t spec = p->image.events[i].primary;

        for (unsigned int j = 0;
             spec != XFSM_NONE && j < p->image.keys[spec].n; j++) {
            if (xfsm_inspect_field(p, spec, j) == field) {
                return p->image.keys[spec].prefixes[j];
            }
        }
    }
    return (struct xfsm_prefix_lengths) { 0, 0 };
}

static uint8_t
length_of(struct xfsm_prefix_lengths prefix, const union xfsm_addr *addr)
{
    return xfsm_addr_is_ip4(addr) ? prefix.ip4 : prefix.ip6;
}

/* Has 'field' in a primary key the prefix length 'length' for such an
 * address? */
static bool
has_length(const struct xfsm_instance *p, unsigned int field,
           const union xfsm_addr *addr, uint8_t length)
{
    for (uint32_t i = 0; i < p->image.n_events; i++) {
        uint16_t spec = p->image.events[i].primary;

        for (unsigned int j = 0;
             spec != XFSM_NONE && j < p->image.keys[spec].n; j++) {
            if (xfsm_inspect_field(p, spec, j) == field
                && length_of(p->image.keys[spec].prefixes[j], addr)
                   == length) {
                return true;
            }
        }
    }
    return false;
}

/* Reads an address, behind which may be the length of 'prefix', or if that is
 * NULL that of the field in any primary key. */
static bool
parse_network(struct reading *r, unsigned int field,
              const struct xfsm_prefix_lengths *prefix, const char *text,
              size_t len)
{
    const char *slash = memchr(text, '/', len);
    size_t addr_len = slash ? (size_t) (slash - text) : len;
    unsigned int length = 0;
    union xfsm_addr addr;

    if (!xfsm_addr_parse(text, addr_len, &addr)) {
        return false;
    }
    for (size_t i = addr_len + 1; i < len; i++) {
        if (text[i] < '0' || text[i] > '9' || length > XFSM_PREFIX_IP6_MAX) {
            return false;
        }
        length = 10 * length + (unsigned int) (text[i] - '0');
    }
    if (slash && (!length || length > XFSM_PREFIX_IP6_MAX
                  || !(prefix ? length_of(*prefix, &addr) == length
                       : has_length(r->p, field, &addr,
                                    (uint8_t) length)))) {
        return false;
    }
    r->lengths[field] = (uint8_t) length;
    return xfsm_field_parse(&r->q->packet, field, text, addr_len);
}

static bool
parse_value(struct reading *r, unsigned int field,
            const struct xfsm_prefix_lengths *prefix, size_t from, size_t to)
{
    struct xfsm_key_query *q = r->q;
    const char *text = r->text + from;
    bool ok;

    xfsm_fieldset_remove(&q->digested, field);
    if (to == from) {
        ok = false;
    } else if (xfsm_fields[field].type == XFSM_FT_STR
               && parse_digest(text, to - from, q->digests[field])) {
        xfsm_fieldset_add(&q->digested, field);
        ok = xfsm_field_parse(&q->packet, field, text, 0);
    } else if (xfsm_fields[field].type == XFSM_FT_ADDR) {
        ok = parse_network(r, field, prefix, text, to - from);
    } else {
        ok = xfsm_field_parse(&q->packet, field, text, to - from);
    }
    if (!ok) {
        note_wrong(r, from, to - from, field,
                   prefix ? *prefix : prefix_of(r->p, field));
    }
    return ok;
}

/* Where the next value separated by a '-' ends, or the text. */
static size_t
value_end(const struct reading *r, size_t from)
{
    const char *dash = from < r->len
                       ? memchr(r->text + from, '-', r->len - from) : NULL;

    return dash ? (size_t) (dash - r->text) : r->len;
}

/* Reads the values of key 'spec' from its 'i'th on, which begin at 'from'.
 * Text may have a '-' in it, so each is tried as the end of a value. */
static bool
parse_values(struct reading *r, uint16_t spec, unsigned int i, size_t from)
{
    const struct xfsm_img_key *key = &r->p->image.keys[spec];
    unsigned int field = xfsm_inspect_field(r->p, spec, i);
    size_t end;

    if (i == key->n - 1u) {
        return parse_value(r, field, &key->prefixes[i], from, r->len);
    }
    for (end = value_end(r, from); r->tries < XFSM_KEY_PARSE_TRIES;
         end = value_end(r, end + 1)) {
        r->tries++;
        if (end == r->len) {
            if (parse_value(r, field, &key->prefixes[i], from, end)) {
                note_wrong(r, end, 0, xfsm_inspect_field(r->p, spec, i + 1),
                           key->prefixes[i + 1]);
            }
            return false;
        } else if (parse_value(r, field, &key->prefixes[i], from, end)
                   && parse_values(r, spec, i + 1, end + 1)) {
            return true;
        }
    }
    return false;
}

/* Reads the text as values of the first primary key that it can be. */
static bool
parse_bare(struct reading *r)
{
    const struct xfsm_image *image = &r->p->image;

    for (uint32_t i = 0; i < image->n_events; i++) {
        uint16_t spec = image->events[i].primary;

        memset(&r->q->packet, 0, sizeof r->q->packet);
        memset(&r->q->digested, 0, sizeof r->q->digested);
        if (spec != XFSM_NONE && parse_values(r, spec, 0, 0)) {
            r->q->spec = spec;
            return true;
        }
    }
    return false;
}

/* The field whose name and '=' are at 'from', or -1; '*value' is where its
 * value begins. */
static int
field_at(const struct reading *r, size_t from, size_t *value)
{
    const char *equals = from < r->len
                         ? memchr(r->text + from, '=', r->len - from) : NULL;

    if (!equals) {
        return -1;
    }
    *value = (size_t) (equals - r->text) + 1;
    return xfsm_field_lookup(r->text + from, *value - 1 - from, NULL);
}

/* How well key 'spec' fits the fields that were given by name; 0 if they do
 * not make it.  A longer key is better, then one whose fields are given in its
 * order, then one that has no prefix where none was given. */
static unsigned int
fitness(const struct reading *r, uint16_t spec)
{
    const struct xfsm_img_key *key = &r->p->image.keys[spec];
    bool in_order = true, exact = true;

    for (unsigned int i = 0; i < key->n; i++) {
        unsigned int id = xfsm_inspect_field(r->p, spec, i);
        union xfsm_addr addr;
        uint8_t length;

        if (!xfsm_fieldset_has(&r->q->packet.present, id)) {
            return 0;
        }
        in_order &= !i || r->order[id]
                          > r->order[xfsm_inspect_field(r->p, spec, i - 1)];
        if (xfsm_fields[id].type == XFSM_FT_ADDR) {
            memcpy(&addr, (const char *) &r->q->packet
                          + xfsm_fields[id].offset, sizeof addr);
            length = length_of(key->prefixes[i], &addr);
            if (r->lengths[id] && r->lengths[id] != length) {
                return 0;
            }
            exact &= r->lengths[id] == length;
        }
    }
    return 4u * key->n + 2u * in_order + exact;
}

/* Reads "field=value,field=value".  A value ends where a comma and another
 * field's name follow. */
static bool
parse_named(struct reading *r)
{
    const struct xfsm_image *image = &r->p->image;
    size_t from = 0, value, end, next;
    unsigned int n = 0, best = 0;
    int field;

    while (from < r->len && (field = field_at(r, from, &value)) >= 0) {
        for (end = value; end < r->len; end++) {
            if (r->text[end] == ',' && field_at(r, end + 1, &next) >= 0) {
                break;
            }
        }
        if (!parse_value(r, (unsigned int) field, NULL, value, end)) {
            return false;
        }
        r->order[field] = ++n;
        from = end + 1;
    }
    for (uint32_t i = 0; i < image->n_events; i++) {
        uint16_t spec = image->events[i].primary;
        unsigned int fits = spec != XFSM_NONE ? fitness(r, spec) : 0;

        if (fits > best) {
            r->q->spec = spec;
            best = fits;
        }
    }
    return best > 0;
}

/* ## Errors ## */

/* The primary keys of the program: "ip_src-ip_dst or ip_dst-ip_src". */
static void
list_primaries(const struct xfsm_instance *p, char *buf, size_t size)
{
    uint64_t listed = 0;
    size_t n = 0;

    buf[0] = '\0';
    for (uint32_t i = 0; i < p->image.n_events && n < size; i++) {
        uint16_t spec = p->image.events[i].primary;

        if (spec == XFSM_NONE || listed >> spec & 1) {
            continue;
        }
        for (unsigned int j = 0; j < p->image.keys[spec].n && n < size; j++) {
            unsigned int id = xfsm_inspect_field(p, spec, j);

            n += (size_t) snprintf(buf + n, size - n, "%s%s",
                                   j ? "-" : listed ? " or " : "",
                                   xfsm_fields[id].name);
        }
        listed |= UINT64_C(1) << spec;
    }
}

/* What a value of the field looks like. */
static void
describe_value(const struct reading *r, char *buf, size_t size)
{
    const struct xfsm_field *f = &xfsm_fields[r->field];

    switch (f->type) {
    case XFSM_FT_UINT:
        snprintf(buf, size, "a number up to %"PRIu64,
                 UINT64_MAX >> (64 - 8 * f->width));
        break;
    case XFSM_FT_MAC:
        snprintf(buf, size, "a MAC address");
        break;
    case XFSM_FT_ADDR:
        if (r->prefix.ip4) {
            snprintf(buf, size, "an IPv4 or IPv6 address, with /%d or /%d or "
                     "nothing behind it", r->prefix.ip4, r->prefix.ip6);
        } else {
            snprintf(buf, size, "an IPv4 or IPv6 address");
        }
        break;
    case XFSM_FT_STR:
        snprintf(buf, size, "a text of 1 to %d bytes, or its digest",
                 XFSM_FIELD_TEXT_MAX - 1);
        break;
    }
}

/* What stands there, printable and short. */
static void
quote(const char *text, size_t len, char *buf, size_t size)
{
    size_t n = 0;

    for (; n < len && n < size - 1; n++) {
        buf[n] = text[n] >= ' ' && text[n] <= '~' ? text[n] : '.';
    }
    buf[n] = '\0';
}

static char *
explain(const struct reading *r, bool named)
{
    char primaries[512], expected[128], found[48];
    size_t value;

    list_primaries(r->p, primaries, sizeof primaries);
    if (!primaries[0]) {
        return xfsm_error("program %s has no key but its own, which is empty",
                          r->p->name);
    } else if (r->field >= 0) {
        describe_value(r, expected, sizeof expected);
        quote(r->wrong, r->wrong_len, found, sizeof found);
        return xfsm_error("character %zu of the key: expected %s, %s; found "
                          "%s%s%s; a key of program %s is %s",
                          r->furthest + 1, xfsm_fields[r->field].name,
                          expected, r->wrong_len ? "\"" : "",
                          r->wrong_len ? found : "nothing",
                          r->wrong_len ? "\"" : "", r->p->name, primaries);
    } else if (!named && memchr(r->text, '=', r->len)) {
        field_at(r, 0, &value);
        quote(r->text, value - 1, found, sizeof found);
        return xfsm_error("character 1 of the key: no field is called "
                          "\"%s\"; a key of program %s is %s", found,
                          r->p->name, primaries);
    }
    return xfsm_error("the fields given make no key of program %s, which is "
                      "%s", r->p->name, primaries);
}

/* Does the text begin as if with a field's name, and no key is a text? */
static bool
names_unknown_field(const struct reading *r)
{
    const struct xfsm_image *image = &r->p->image;
    size_t value;

    if (!memchr(r->text, '=', r->len) || field_at(r, 0, &value) >= 0) {
        return false;
    }
    for (uint32_t i = 0; i < image->n_events; i++) {
        uint16_t spec = image->events[i].primary;

        for (unsigned int j = 0; spec != XFSM_NONE && j < image->keys[spec].n;
             j++) {
            unsigned int id = xfsm_inspect_field(r->p, spec, j);

            if (xfsm_fields[id].type == XFSM_FT_STR) {
                return false;
            }
        }
    }
    return true;
}

char *
xfsm_query_parse(const struct xfsm_instance *p, const char *text,
                 struct xfsm_key_query *q)
{
    struct reading r = {
        .p = p, .q = q, .text = text, .len = strlen(text), .field = -1,
    };
    size_t value;
    bool named = field_at(&r, 0, &value) >= 0;

    memset(q, 0, sizeof *q);
    if (!r.len) {
        q->spec = q->key.spec = XFSM_NONE;
        return NULL;
    } else if (names_unknown_field(&r)
               || !(named ? parse_named(&r) : parse_bare(&r))) {
        return explain(&r, named);
    }
    xfsm_query_key(p, q, q->spec, &q->key);
    return NULL;
}
