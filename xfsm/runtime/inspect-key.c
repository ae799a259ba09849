/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include "xfsm/runtime/inspect-private.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* ## Words ## */

bool
xfsm_query_key(const struct xfsm_instance *p,
               const struct xfsm_key_query *q, uint16_t spec,
               struct xfsm_key_value *value)
{
    const struct xfsm_img_key *key = &p->image.keys[spec];
    uint64_t *w = value->w;

    for (unsigned int i = 0; i < key->n; i++) {
        unsigned int id = xfsm_inspect_field(p, spec, i);
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
        if (!copy_field(q, xfsm_inspect_field(p, q->spec, i), seen,
                        xfsm_inspect_field(p, e->primary, i))) {
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
        unsigned int id = xfsm_inspect_field(p, spec, i);

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
        unsigned int id = xfsm_inspect_field(p, spec, i);
        const struct xfsm_field *f = &xfsm_fields[id];
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
        unsigned int id = xfsm_inspect_field(p, spec, i);
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
