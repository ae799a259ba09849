/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include "xfsm/io/event-cbor.h"

#include <cbor/encoding.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "xfsm/io/event-decode.h"

/* JSON that was found valid, and where its CBOR goes. */
struct transcoder {
    const char *p, *end;
    uint8_t *out;
    size_t left;
    bool overflow;
};

/* Takes notice that 'n' bytes were written; 0 says that they did not fit. */
static void
wrote(struct transcoder *t, size_t n)
{
    t->overflow |= !n;
    t->out += n;
    t->left -= n;
}

static void
skip_space(struct transcoder *t)
{
    while (t->p < t->end && *t->p == ' ') {
        t->p++;
    }
}

/* ## Strings. ## */

static uint32_t
take_hex(struct transcoder *t)
{
    uint32_t code = 0;

    for (int i = 0; i < 4; i++, t->p++) {
        char c = *t->p;

        code = code << 4 | (uint32_t) (c <= '9' ? c - '0'
                                       : (c | 0x20) - 'a' + 10);
    }
    return code;
}

/* Takes the next character of a string, as its code point.  Half of a
 * surrogate pair is no character. */
static uint32_t
take_char(struct transcoder *t)
{
    static const char escapes[] = "b\bf\fn\nr\rt\t";
    const char *escape;
    uint32_t code, low;

    if (*t->p != '\\') {
        return (unsigned char) *t->p++;
    }
    t->p += 2;
    if (t->p[-1] != 'u') {
        escape = strchr(escapes, t->p[-1]);
        return (unsigned char) (escape ? escape[1] : t->p[-1]);
    }
    code = take_hex(t);
    if (code >= 0xd800 && code < 0xdc00 && t->p[0] == '\\'
        && t->p[1] == 'u') {
        const char *before = t->p;

        t->p += 2;
        low = take_hex(t);
        if (low >= 0xdc00 && low < 0xe000) {
            return 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
        }
        t->p = before;
    }
    return code >= 0xd800 && code < 0xe000 ? 0xfffd : code;
}

/* Writes a code point as UTF-8 at 'utf8' and returns its length. */
static size_t
put_utf8(uint32_t code, uint8_t utf8[4])
{
    size_t n = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    static const uint8_t first[] = { 0, 0, 0xc0, 0xe0, 0xf0 };

    for (size_t i = n; i-- > 1; code >>= 6) {
        utf8[i] = (uint8_t) (0x80 | (code & 0x3f));
    }
    utf8[0] = (uint8_t) (first[n] | code);
    return n;
}

static void
put_string(struct transcoder *t)
{
    const char *start = ++t->p;
    uint8_t utf8[4];
    size_t len = 0;

    while (*t->p != '"') {
        len += put_utf8(take_char(t), utf8);
    }
    wrote(t, cbor_encode_string_start(len, t->out, t->left));
    if (t->overflow || len > t->left) {
        t->overflow = true;
    } else {
        t->p = start;
        while (*t->p != '"') {
            size_t n = put_utf8(take_char(t), utf8);

            memcpy(t->out, utf8, n);
            t->out += n;
            t->left -= n;
        }
    }
    t->p++;
}

/* ## Other values. ## */

static void
put_number(struct transcoder *t)
{
    size_t n = strspn(t->p, "+-.0123456789eE");
    bool negative = *t->p == '-';
    const char *digits = t->p + negative;
    unsigned long long int value;
    char *end;
    double d;

    errno = 0;
    value = strtoull(digits, &end, 10);
    if (end == t->p + n && !errno) {
        wrote(t, negative && value
              ? cbor_encode_negint(value - 1, t->out, t->left)
              : cbor_encode_uint(value, t->out, t->left));
    } else {
        d = strtod(t->p, NULL);
        wrote(t, (double) (float) d == d
              ? cbor_encode_single((float) d, t->out, t->left)
              : cbor_encode_double(d, t->out, t->left));
    }
    t->p += n;
}

static void put_value(struct transcoder *);

/* Writes an object or array, up to its closing bracket.  The nesting was
 * found to be bounded. */
static void
put_members(struct transcoder *t)
{
    char close = *t->p == '{' ? '}' : ']';

    wrote(t, close == '}' ? cbor_encode_indef_map_start(t->out, t->left)
             : cbor_encode_indef_array_start(t->out, t->left));
    t->p++;
    skip_space(t);
    while (*t->p != close) {
        if (close == '}') {
            put_string(t);
            skip_space(t);
            t->p++;             /* The colon. */
            skip_space(t);
        }
        put_value(t);
        if (t->overflow) {
            return;
        }
        skip_space(t);
        t->p += *t->p == ',';
        skip_space(t);
    }
    t->p++;
    wrote(t, cbor_encode_break(t->out, t->left));
}

static void
put_value(struct transcoder *t)
{
    switch (*t->p) {
    case '"':
        put_string(t);
        break;
    case '{':
    case '[':
        put_members(t);
        break;
    case 't':
    case 'f':
        wrote(t, cbor_encode_bool(*t->p == 't', t->out, t->left));
        t->p += *t->p == 't' ? strlen("true") : strlen("false");
        break;
    case 'n':
        wrote(t, cbor_encode_null(t->out, t->left));
        t->p += strlen("null");
        break;
    default:
        put_number(t);
        break;
    }
}

size_t
xfsm_event_to_cbor(const char *json, size_t len, uint8_t *buf, size_t size)
{
    struct transcoder t = {
        .p = json, .end = json + len, .out = buf, .left = size,
    };
    struct xfsm_event_view view;

    if (!xfsm_event_decode(json, len, &view)) {
        return 0;
    }
    skip_space(&t);
    put_members(&t);
    return t.overflow ? 0 : (size_t) (t.out - buf);
}
