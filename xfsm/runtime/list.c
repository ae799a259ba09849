/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include "xfsm/runtime/list.h"

#include <assert.h>
#include <string.h>

#include "xfsm/packet/prefix.h"
#include "xfsm/runtime/number.h"

/* What a value takes at most, its quotation marks included: an IPv6 address
 * with a prefix, or a number. */
#define VALUE_MAX 64

/* The fixed parts of an entry, and two numbers. */
#define REST_MAX (40 + 2 * XFSM_NUMBER_MAX)

_Static_assert(XFSM_MAX_KEY_FIELDS * (VALUE_MAX + 32) + REST_MAX
               <= XFSM_LIST_ENTRY_MAX, "any entry fits");

struct out {
    char *start, *p;
};

static void
put(struct out *out, const char *s, size_t len)
{
    assert(len <= XFSM_LIST_ENTRY_MAX - (size_t) (out->p - out->start));
    memcpy(out->p, s, len);
    out->p += len;
}

static void
put_string(struct out *out, const char *s)
{
    put(out, s, strlen(s));
}

static void
put_number(struct out *out, double value)
{
    char buf[XFSM_NUMBER_MAX];

    put(out, buf, xfsm_number_format(value, buf));
}

/* Puts the value of field 'i' of 'key' that begins at '*w', between 'quote'
 * if it is no number, and moves '*w' behind it. */
static void
put_value(struct out *out, const struct xfsm_image *image,
          const struct xfsm_img_key *key, unsigned int i, const uint64_t **w,
          const char *quote)
{
    enum xfsm_field_type type =
        xfsm_fields[image->field_ids[key->fields[i]]].type;
    char buf[VALUE_MAX];
    union xfsm_addr addr;
    size_t len;

    if (type == XFSM_FT_ADDR) {
        memcpy(&addr, *w, sizeof addr);
        len = xfsm_prefix_format_addr(&addr, key->prefixes[i], buf,
                                      sizeof buf);
    } else if (type == XFSM_FT_MAC) {
        len = xfsm_field_format_mac(**w, buf, sizeof buf);
    } else {
        len = xfsm_number_format_uint(**w, buf);
        quote = "";
    }
    put_string(out, quote);
    put(out, buf, len);
    put_string(out, quote);
    *w += xfsm_field_words(type);
}

size_t
xfsm_list_format_json(const struct xfsm_image *image, uint16_t key,
                      const struct xfsm_topk_hitter *hitter,
                      char buf[XFSM_LIST_ENTRY_MAX])
{
    const struct xfsm_img_key *k = &image->keys[key];
    const uint64_t *w = hitter->key;
    struct out out = { buf, buf };

    put_string(&out, "{\"key\":{");
    for (unsigned int i = 0; i < k->n; i++) {
        put_string(&out, i ? ",\"" : "\"");
        put_string(&out, xfsm_fields[image->field_ids[k->fields[i]]].name);
        put_string(&out, "\":");
        put_value(&out, image, k, i, &w, "\"");
    }
    put_string(&out, "},\"count\":");
    put_number(&out, hitter->count);
    put_string(&out, ",\"error\":");
    put_number(&out, hitter->error);
    put_string(&out, "}");
    return (size_t) (out.p - buf);
}

size_t
xfsm_list_format_text(const struct xfsm_image *image, uint16_t key,
                      const struct xfsm_topk_hitter *hitter,
                      char buf[XFSM_LIST_ENTRY_MAX])
{
    const struct xfsm_img_key *k = &image->keys[key];
    const uint64_t *w = hitter->key;
    struct out out = { buf, buf };

    for (unsigned int i = 0; i < k->n; i++) {
        put_string(&out, i ? "-" : "");
        put_value(&out, image, k, i, &w, "");
    }
    put_string(&out, "(");
    put_number(&out, hitter->count);
    put_string(&out, ")");
    return (size_t) (out.p - buf);
}
