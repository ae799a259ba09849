/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include "xfsm/program/key.h"

#include <stdio.h>
#include <string.h>

/* Reads a prefix length of 1 to 'max' bits from the 'len' bytes at 's'. */
static bool
read_length(const char *s, size_t len, unsigned int max, uint8_t *lengthp)
{
    unsigned int length = 0;
    size_t i;

    for (i = 0; i < len && i < 4 && s[i] >= '0' && s[i] <= '9'; i++) {
        length = length * 10 + (unsigned int) (s[i] - '0');
    }
    if (!len || i < len || !length || length > max) {
        return false;
    }
    *lengthp = (uint8_t) length;
    return true;
}

/* Reads the lengths behind a field's name, the 'len' bytes at 's', which begin
 * with a slash. */
static bool
parse_lengths(struct xfsm_parse *parse, const char *s, size_t len,
              unsigned int field, struct xfsm_prefix_lengths *lengths)
{
    const char *slash = memchr(s + 1, '/', len - 1);
    size_t n = slash ? (size_t) (slash - s) : len;

    if (parse->dialect == 1) {
        return xfsm_parse_error(parse, "prefixes in keys, as \"%s%.*s\", are "
                                "of dialect 2, whose root is <xfsm>",
                                xfsm_fields[field].name,
                                xfsm_parse_excerpt(len), s);
    } else if (xfsm_fields[field].type != XFSM_FT_ADDR) {
        return xfsm_parse_error(parse, "field \"%s\" is no IP address, so it "
                                "has no prefix; leave out \"%.*s\"",
                                xfsm_fields[field].name,
                                xfsm_parse_excerpt(len), s);
    }
    lengths->ip6 = XFSM_PREFIX_IP6_DEFAULT;
    if (!read_length(s + 1, n - 1, XFSM_PREFIX_IP4_MAX, &lengths->ip4)
        || (slash && !read_length(slash + 1, len - n - 1,
                                  XFSM_PREFIX_IP6_MAX, &lengths->ip6))) {
        return xfsm_parse_error(parse, "\"%.*s\" is no prefix: write the "
                                "length for IPv4, 1 to %d, then, if it is "
                                "not %d, that for IPv6, 1 to %d, as "
                                "\"%s/24/56\"", xfsm_parse_excerpt(len), s,
                                XFSM_PREFIX_IP4_MAX, XFSM_PREFIX_IP6_DEFAULT,
                                XFSM_PREFIX_IP6_MAX, xfsm_fields[field].name);
    }
    return true;
}

/* Adds the field named by the 'len' bytes at 's' to 'key'. */
static bool
add_field(struct xfsm_parse *parse, const char *s, size_t len,
          struct xfsm_key *key)
{
    struct xfsm_prefix_lengths *lengths = &key->prefixes[key->n];
    char hint[XFSM_HINT_MAX];
    const char *slash;
    size_t n;
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
    slash = memchr(s, '/', len);
    n = slash ? (size_t) (slash - s) : len;
    field = xfsm_parse_find_field(parse, s, n);
    if (field < 0) {
        return xfsm_parse_error(parse, "unknown field \"%.*s\" in a key%s",
                                xfsm_parse_excerpt(n), s,
                                memchr(s, ',', n)
                                ? "; names are joined by \"-\""
                                : xfsm_parse_hint(parse, XFSM_PK_FIELD, s, n,
                                                  hint));
    } else if (slash && !parse_lengths(parse, slash, len - n,
                                       (unsigned int) field, lengths)) {
        return false;
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
        const struct xfsm_prefix_lengths *prefix = &key->prefixes[i];

        len += (size_t) snprintf(buf + len, size - len, "%s%s", i ? "-" : "",
                                 xfsm_fields[key->fields[i]].name);
        if (prefix->ip4 && len < size) {
            len += (size_t) snprintf(buf + len, size - len, "/%u/%u",
                                     prefix->ip4, prefix->ip6);
        }
    }
    return buf;
}

static bool
same_shape(const struct xfsm_key *a, const struct xfsm_key *b)
{
    int i;

    for (i = 0; i < a->n && i < b->n; i++) {
        if (xfsm_fields[a->fields[i]].type != xfsm_fields[b->fields[i]].type
            || !xfsm_prefix_equal(a->prefixes[i], b->prefixes[i])) {
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
                                "same, and prefixes", table->name,
                                describe_key(&new, a, sizeof a),
                                describe_key(&table->key, b, sizeof b));
    }
    *key = new;
    return true;
}

bool
xfsm_key_of_list(struct xfsm_parse *parse, uint16_t index,
                 const struct xfsm_key *key, bool adds)
{
    struct xfsm_metric *metric = &parse->program->metrics[index];
    char a[256], b[256];
    int i;

    for (i = 0; i < key->n; i++) {
        const struct xfsm_field *field = &xfsm_fields[key->fields[i]];

        if (field->type == XFSM_FT_STR) {
            return xfsm_parse_error(parse, "metric \"%s\" lists its keys, "
                                    "and of the text of field \"%s\" only a "
                                    "digest is kept, which cannot be shown: "
                                    "a \"topk\" needs a key of numbers and "
                                    "addresses", metric->name, field->name);
        }
    }
    if (metric->vm_key.n && !same_shape(&metric->vm_key, key)) {
        return xfsm_parse_error(parse, "metric \"%s\" is used with key "
                                "\"%s\", but with \"%s\" before: in the list "
                                "of a \"topk\" the number and the types of "
                                "the fields must be the same, and prefixes",
                                metric->name, describe_key(key, a, sizeof a),
                                describe_key(&metric->vm_key, b, sizeof b));
    }
    if (!metric->vm_key.n || (adds && !metric->vm_key_added)) {
        metric->vm_key = *key;
    }
    metric->vm_key_added |= adds;
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
