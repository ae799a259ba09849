/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include "xfsm/program/key.h"

#include <stdio.h>
#include <string.h>

/* Adds the field named by the 'len' bytes at 's' to 'key'. */
static bool
add_field(struct xfsm_parse *parse, const char *s, size_t len,
          struct xfsm_key *key)
{
    char hint[XFSM_HINT_MAX];
    int field;

    while (len && xfsm_names_is_blank(s[0])) {
        s++;
        len--;
    }
    while (len && xfsm_names_is_blank(s[len - 1])) {
        len--;
    }
    if (!len) {
        return xfsm_parse_error(parse, "a field's name is missing in the "
                                "key; join names by \"-\", as "
                                "\"ip_src-dst_port\"");
    } else if (key->n >= XFSM_MAX_KEY_FIELDS) {
        return xfsm_parse_error(parse, "the key has more than %d fields",
                                XFSM_MAX_KEY_FIELDS);
    }
    field = xfsm_parse_find_field(parse, s, len);
    if (field < 0) {
        return xfsm_parse_error(parse, "unknown field \"%.*s\" in a key%s",
                                xfsm_parse_excerpt(len), s,
                                xfsm_parse_hint(parse, XFSM_PK_FIELD, s, len,
                                                hint));
    }
    key->fields[key->n++] = (uint8_t) field;
    return true;
}

bool
xfsm_key_parse(struct xfsm_parse *parse, const char *s, size_t len,
               struct xfsm_key *key)
{
    const char *end = s + len, *p;
    struct xfsm_key new = { .n = 0 };
    bool bar = false;

    for (p = s; ; p++) {
        if (p == end || *p == '-' || *p == '|') {
            if (!add_field(parse, s, (size_t) (p - s), &new)) {
                return false;
            }
            if (p == end) {
                break;
            }
            bar = bar || *p == '|';
            s = p + 1;
        }
    }
    if (bar) {
        xfsm_parse_warn(parse, "\"|\" joins the fields of a key here; write "
                        "\"-\"");
    }
    *key = new;
    return true;
}

/* Writes the fields of 'key' to 'buf'. */
static const char *
describe_key(const struct xfsm_key *key, char *buf, size_t size)
{
    size_t len = 0;
    int i;

    buf[0] = '\0';
    for (i = 0; i < key->n && len < size; i++) {
        len += (size_t) snprintf(buf + len, size - len, "%s%s", i ? "-" : "",
                                 xfsm_fields[key->fields[i]].name);
    }
    return buf;
}

static bool
same_shape(const struct xfsm_key *a, const struct xfsm_key *b)
{
    int i;

    for (i = 0; i < a->n && i < b->n; i++) {
        if (xfsm_fields[a->fields[i]].type != xfsm_fields[b->fields[i]].type) {
            return false;
        }
    }
    return a->n == b->n;
}

bool
xfsm_key_parse_for_table(struct xfsm_parse *parse, uint16_t index,
                         const char *s, size_t len, struct xfsm_key *key)
{
    struct xfsm_table *table = &parse->program->tables[index];
    struct xfsm_key new;
    char a[256], b[256];

    if (!xfsm_key_parse(parse, s, len, &new)) {
        return false;
    } else if (!table->key.n) {
        table->key = new;
    } else if (!same_shape(&table->key, &new)) {
        return xfsm_parse_error(parse, "table \"%s\" is used with key "
                                "\"%s\", but with \"%s\" before: the number "
                                "and the types of the fields must be the "
                                "same", table->name,
                                describe_key(&new, a, sizeof a),
                                describe_key(&table->key, b, sizeof b));
    }
    *key = new;
    return true;
}

size_t
xfsm_key_parenthesized(const char *s)
{
    const char *close;

    if (*s != '(') {
        return 0;
    }
    close = strchr(s, ')');
    return close ? (size_t) (close - s) + 1 : 0;
}
