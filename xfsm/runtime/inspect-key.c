/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include "xfsm/runtime/inspect-private.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "xfsm/base/error.h"

/* A digest as text: '#' and two words. */
#define DIGEST_TEXT 33

static unsigned int
key_field(const struct xfsm_instance *p, uint16_t spec, unsigned int i)
{
    return p->image.field_ids[p->image.keys[spec].fields[i]];
}

/* ## Words ## */

bool
xfsm_query_key(const struct xfsm_instance *p,
               const struct xfsm_key_query *q, uint16_t spec,
               struct xfsm_key_value *value)
{
    const struct xfsm_img_key *key = &p->image.keys[spec];
    uint64_t *w = value->w;

    for (unsigned int i = 0; i < key->n; i++) {
        unsigned int id = key_field(p, spec, i);
        const char *from = (const char *) &q->packet + xfsm_fields[id].offset;
        union xfsm_addr addr;
        struct xfsm_str str;

        if (!xfsm_fieldset_has(&q->packet.present, id)) {
            return false;
        }
        switch (xfsm_fields[id].type) {
        case XFSM_FT_UINT:
        case XFSM_FT_MAC:
            *w++ = xfsm_field_uint(&q->packet, id);
            break;
        case XFSM_FT_ADDR:
            memcpy(&addr, from, sizeof addr);
            xfsm_prefix_apply(&addr, key->prefixes[i]);
            memcpy(w, &addr, sizeof addr);
            w += 2;
            break;
        case XFSM_FT_STR:
            if (xfsm_fieldset_has(&q->digested, id)) {
                memcpy(w, q->digests[id], sizeof q->digests[id]);
            } else {
                memcpy(&str, from, sizeof str);
                xfsm_digest(p->seed, str.p, str.len, w);
            }
            w += 2;
            break;
        }
    }
    value->spec = spec;
    value->n = (unsigned int) (w - value->w);
    value->hash = xfsm_hash_words(p->seed, p->tweak, value->w, value->n);
    return true;
}

static bool
same_words(const struct xfsm_key_value *a, const struct xfsm_key_value *b)
{
    return a->n == b->n && !memcmp(a->w, b->w, a->n * sizeof *a->w);
}

/* Makes field 'to' of 'seen' what field 'from' of 'q' is; false if it cannot
 * be. */
static bool
copy_field(const struct xfsm_key_query *q, unsigned int from,
           struct xfsm_key_query *seen, unsigned int to)
{
    char text[XFSM_FIELD_TEXT_MAX];
    size_t len;

    if (xfsm_fields[from].type != xfsm_fields[to].type) {
        return false;
    } else if (xfsm_fields[from].type != XFSM_FT_STR) {
        len = xfsm_field_format(&q->packet, from, text, sizeof text);
        return xfsm_field_parse(&seen->packet, to, text, len);
    }
    memcpy((char *) &seen->packet + xfsm_fields[to].offset,
           (const char *) &q->packet + xfsm_fields[from].offset,
           sizeof(struct xfsm_str));
    xfsm_fieldset_add(&seen->packet.present, to);
    if (xfsm_fieldset_has(&q->digested, from)) {
        memcpy(seen->digests[to], q->digests[from], sizeof seen->digests[to]);
        xfsm_fieldset_add(&seen->digested, to);
    }
    return true;
}

bool
xfsm_query_for_event(const struct xfsm_instance *p,
                     const struct xfsm_key_query *q, uint16_t event,
                     struct xfsm_key_query *seen)
{
    const struct xfsm_img_event *e = &p->image.events[event];
    struct xfsm_key_value value;

    *seen = *q;
    if (xfsm_event_is_own(e->type)) {
        return q->spec == XFSM_NONE;
    } else if (e->primary == XFSM_NONE) {
        return true;
    } else if (q->spec == XFSM_NONE) {
        return false;
    } else if (xfsm_query_key(p, q, e->primary, &value)
               && same_words(&value, &q->key)) {
        return true;
    }

    memset(&seen->packet, 0, sizeof seen->packet);
    memset(&seen->digested, 0, sizeof seen->digested);
    if (p->image.keys[e->primary].n != p->image.keys[q->spec].n) {
        return false;
    }
    for (unsigned int i = 0; i < p->image.keys[e->primary].n; i++) {
        if (!copy_field(q, key_field(p, q->spec, i), seen,
                        key_field(p, e->primary, i))) {
            return false;
        }
    }
    return xfsm_query_key(p, seen, e->primary, &value)
           && same_words(&value, &q->key);
}

/* ## Text of a key ## */

struct sink {
    char *text;
    size_t n;
};

/* Puts what precedes a value: its field's name, and a comma between two. */
static void
put_name(struct sink *sink, unsigned int id)
{
    sink->n += (size_t) snprintf(sink->text + sink->n,
                                 XFSM_KEY_TEXT_MAX - sink->n, "%s%s=",
                                 sink->n ? "," : "", xfsm_fields[id].name);
}

static void
put_digest(struct sink *sink, const uint64_t *w)
{
    sink->n += (size_t) snprintf(sink->text + sink->n,
                                 XFSM_KEY_TEXT_MAX - sink->n,
                                 "#%016"PRIx64"%016"PRIx64, w[0], w[1]);
}

size_t
xfsm_query_format(const struct xfsm_instance *p,
                  const struct xfsm_key_query *q, uint16_t spec,
                  char text[XFSM_KEY_TEXT_MAX])
{
    const struct xfsm_img_key *key = &p->image.keys[spec];
    struct sink sink = { text, 0 };

    for (unsigned int i = 0; i < key->n; i++) {
        unsigned int id = key_field(p, spec, i);

        put_name(&sink, id);
        if (xfsm_fieldset_has(&q->digested, id)) {
            put_digest(&sink, q->digests[id]);
        } else {
            sink.n += xfsm_prefix_format(&q->packet, id, key->prefixes[i],
                                         text + sink.n, XFSM_FIELD_TEXT_MAX);
        }
    }
    text[sink.n] = '\0';
    return sink.n;
}

/* Can the 'n' words be key 'spec'? */
static bool
is_plausible(const struct xfsm_instance *p, uint16_t spec,
             const uint64_t *words, unsigned int n)
{
    const struct xfsm_img_key *key = &p->image.keys[spec];

    if (xfsm_image_key_words(&p->image, spec) != n) {
        return false;
    }
    for (unsigned int i = 0; i < key->n; i++) {
        const struct xfsm_field *f = &xfsm_fields[key_field(p, spec, i)];
        union xfsm_addr addr;

        if (f->type == XFSM_FT_ADDR) {
            memcpy(&addr, words, sizeof addr);
            xfsm_prefix_apply(&addr, key->prefixes[i]);
            if (memcmp(&addr, words, sizeof addr)) {
                return false;
            }
        } else if (f->type != XFSM_FT_STR) {
            unsigned int bits = f->type == XFSM_FT_MAC ? 48 : 8u * f->width;

            if (bits < 64 && *words >> bits) {
                return false;
            }
        }
        words += xfsm_field_words(f->type);
    }
    return true;
}

/* The key that the words are: 'spec' if they can be, else the first primary
 * key that they can be, or XFSM_NONE. */
static uint16_t
choose_spec(const struct xfsm_instance *p, const uint64_t *words,
            unsigned int n, uint16_t spec)
{
    if (!p->specs_stale && spec < p->image.n_keys
        && is_plausible(p, spec, words, n)) {
        return spec;
    }
    for (uint32_t i = 0; i < p->image.n_events; i++) {
        spec = p->image.events[i].primary;
        if (spec != XFSM_NONE && is_plausible(p, spec, words, n)) {
            return spec;
        }
    }
    return XFSM_NONE;
}

size_t
xfsm_key_words_format(const struct xfsm_instance *p, const uint64_t *words,
                      unsigned int n, uint16_t spec,
                      char text[XFSM_KEY_TEXT_MAX])
{
    struct sink sink = { text, 0 };

    spec = choose_spec(p, words, n, spec);
    for (unsigned int i = 0; spec != XFSM_NONE && i < p->image.keys[spec].n;
         i++) {
        unsigned int id = key_field(p, spec, i);
        union xfsm_addr addr;

        put_name(&sink, id);
        switch (xfsm_fields[id].type) {
        case XFSM_FT_UINT:
            sink.n += (size_t) snprintf(text + sink.n,
                                        XFSM_KEY_TEXT_MAX - sink.n,
                                        "%"PRIu64, *words);
            break;
        case XFSM_FT_MAC:
            sink.n += xfsm_field_format_mac(*words, text + sink.n,
                                            XFSM_FIELD_TEXT_MAX);
            break;
        case XFSM_FT_ADDR:
            memcpy(&addr, words, sizeof addr);
            sink.n += xfsm_prefix_format_addr(&addr,
                                              p->image.keys[spec].prefixes[i],
                                              text + sink.n,
                                              XFSM_FIELD_TEXT_MAX);
            break;
        case XFSM_FT_STR:
            put_digest(&sink, words);
            break;
        }
        words += xfsm_field_words(xfsm_fields[id].type);
    }
    text[sink.n] = '\0';
    return sink.n;
}

/* ## Reading a key ## */

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
            if (key_field(p, spec, j) == field) {
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
            if (key_field(p, spec, j) == field
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
    unsigned int field = key_field(r->p, spec, i);
    size_t end;

    if (i == key->n - 1u) {
        return parse_value(r, field, &key->prefixes[i], from, r->len);
    }
    for (end = value_end(r, from); r->tries < XFSM_KEY_PARSE_TRIES;
         end = value_end(r, end + 1)) {
        r->tries++;
        if (end == r->len) {
            if (parse_value(r, field, &key->prefixes[i], from, end)) {
                note_wrong(r, end, 0, key_field(r->p, spec, i + 1),
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
        unsigned int id = key_field(r->p, spec, i);
        union xfsm_addr addr;
        uint8_t length;

        if (!xfsm_fieldset_has(&r->q->packet.present, id)) {
            return 0;
        }
        in_order &= !i || r->order[id]
                          > r->order[key_field(r->p, spec, i - 1)];
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
            n += (size_t) snprintf(buf + n, size - n, "%s%s",
                                   j ? "-" : listed ? " or " : "",
                                   xfsm_fields[key_field(p, spec, j)].name);
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
            if (xfsm_fields[key_field(r->p, spec, j)].type == XFSM_FT_STR) {
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
