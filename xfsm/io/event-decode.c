/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include "xfsm/io/event-decode.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* What is still to be read. */
struct cursor {
    const char *p;
    const char *end;
};

static bool skip_value(struct cursor *, int depth);

static void
skip_space(struct cursor *c)
{
    while (c->p < c->end && *c->p == ' ') {
        c->p++;
    }
}

/* Takes the character 'ch', if it comes next. */
static bool
take(struct cursor *c, char ch)
{
    if (c->p < c->end && *c->p == ch) {
        c->p++;
        return true;
    }
    return false;
}

static bool
is_digit(char ch)
{
    return ch >= '0' && ch <= '9';
}

static bool
is_hex(char ch)
{
    return is_digit(ch) || (ch >= 'a' && ch <= 'f')
           || (ch >= 'A' && ch <= 'F');
}

/* Takes an escape, whose backslash was taken. */
static bool
take_escape(struct cursor *c)
{
    int i;

    if (c->p >= c->end || !memchr("\"\\/bfnrtu", *c->p, 9)) {
        return false;
    }
    if (*c->p++ == 'u') {
        for (i = 0; i < 4; i++, c->p++) {
            if (c->p >= c->end || !is_hex(*c->p)) {
                return false;
            }
        }
    }
    return true;
}

/* Characters of a string that stand for themselves: printable ASCII but for
 * the quotation mark and the backslash. */
static const bool plain[256] = {
    [' ' ... '!'] = true, ['#' ... '['] = true, [']' ... '~'] = true,
};

static bool
take_string(struct cursor *c, struct xfsm_str *s)
{
    const char *start;

    if (!take(c, '"')) {
        return false;
    }
    start = c->p;
    while (c->p < c->end) {
        char ch = *c->p++;

        if (plain[(unsigned char) ch]) {
            continue;
        } else if (ch == '"') {
            s->p = start;
            s->len = c->p - 1 - start;
            return true;
        } else if (ch != '\\' || !take_escape(c)) {
            return false;
        }
    }
    return false;
}

static bool
take_digits(struct cursor *c)
{
    const char *start = c->p;

    while (c->p < c->end && is_digit(*c->p)) {
        c->p++;
    }
    return c->p > start;
}

static bool
skip_number(struct cursor *c)
{
    take(c, '-');
    if (!take(c, '0') && !take_digits(c)) {
        return false;
    }
    if (take(c, '.') && !take_digits(c)) {
        return false;
    }
    if (take(c, 'e') || take(c, 'E')) {
        if (!take(c, '+')) {
            take(c, '-');
        }
        return take_digits(c);
    }
    return true;
}

static bool
skip_word(struct cursor *c, const char *word)
{
    size_t len = strlen(word);

    if ((size_t) (c->end - c->p) < len || memcmp(c->p, word, len)) {
        return false;
    }
    c->p += len;
    return true;
}

/* Skips the members of an array or object up to 'close'; the opening bracket
 * was taken. */
static bool
skip_members(struct cursor *c, char close, int depth)
{
    struct xfsm_str name;

    if (depth >= XFSM_EVENT_JSON_DEPTH) {
        return false;
    }
    skip_space(c);
    if (take(c, close)) {
        return true;
    }
    do {
        skip_space(c);
        if (close == '}') {
            if (!take_string(c, &name)) {
                return false;
            }
            skip_space(c);
            if (!take(c, ':')) {
                return false;
            }
            skip_space(c);
        }
        if (!skip_value(c, depth)) {
            return false;
        }
        skip_space(c);
    } while (take(c, ','));
    return take(c, close);
}

static bool
skip_value(struct cursor *c, int depth)
{
    struct xfsm_str s;

    if (c->p >= c->end) {
        return false;
    }
    switch (*c->p) {
    case '"':
        return take_string(c, &s);
    case '{':
        c->p++;
        return skip_members(c, '}', depth + 1);
    case '[':
        c->p++;
        return skip_members(c, ']', depth + 1);
    case 't':
        return skip_word(c, "true");
    case 'f':
        return skip_word(c, "false");
    case 'n':
        return skip_word(c, "null");
    default:
        return skip_number(c);
    }
}

/* Takes an unsigned integer of 64 bits. */
static bool
take_uint(struct cursor *c, uint64_t *value)
{
    uint64_t v = 0;

    if (c->p >= c->end || !is_digit(*c->p)
        || (*c->p == '0' && c->end - c->p > 1 && is_digit(c->p[1]))) {
        return false;
    }
    for (; c->p < c->end && is_digit(*c->p); c->p++) {
        if (__builtin_mul_overflow(v, 10, &v)
            || __builtin_add_overflow(v, (uint64_t) (*c->p - '0'), &v)) {
            return false;
        }
    }
    *value = v;
    return true;
}

bool
xfsm_str_is(struct xfsm_str s, const char *text)
{
    return s.p && s.len == strlen(text) && !memcmp(s.p, text, s.len);
}

/* Takes an object and stores what is between its braces. */
static bool
take_object(struct cursor *c, struct xfsm_str *object)
{
    const char *start = c->p;

    if (!take(c, '{') || !skip_members(c, '}', 1)) {
        return false;
    }
    object->p = start + 1;
    object->len = (uint32_t) (c->p - start - 2);
    return true;
}

/* xfsm_str_is() for a constant, which costs a comparison of lengths where it
 * is another one. */
#define NAME_IS(S, TEXT) \
    ((S)->len == sizeof TEXT - 1 && !memcmp((S)->p, TEXT, sizeof TEXT - 1))

/* Takes the value of the member 'name'. */
static bool
take_member(struct cursor *c, const struct xfsm_str *name,
            struct xfsm_event_view *view)
{
#define TAKE_STRING(NAME) \
    if (NAME_IS(name, #NAME) && !view->NAME.p) { \
        return take_string(c, &view->NAME); \
    }
    XFSM_EVENT_STRINGS(TAKE_STRING)
#undef TAKE_STRING

#define TAKE_NUMBER(NAME) \
    if (NAME_IS(name, #NAME) && !view->has_##NAME) { \
        view->has_##NAME = true; \
        return take_uint(c, &view->NAME); \
    }
    XFSM_EVENT_NUMBERS(TAKE_NUMBER)
#undef TAKE_NUMBER

#define TAKE_OBJECT(NAME) \
    if (NAME_IS(name, #NAME) && !view->NAME.p) { \
        return take_object(c, &view->NAME); \
    }
    XFSM_EVENT_OBJECTS(TAKE_OBJECT)
#undef TAKE_OBJECT

    return skip_value(c, 1);
}

bool
xfsm_event_decode(const char *json, size_t len, struct xfsm_event_view *viewp)
{
    struct cursor c = { .p = json, .end = json + len };
    struct xfsm_event_view view;
    struct xfsm_str name;

    memset(&view, 0, sizeof view);
    skip_space(&c);
    if (!take(&c, '{')) {
        return false;
    }
    skip_space(&c);
    if (!take(&c, '}')) {
        do {
            skip_space(&c);
            if (!take_string(&c, &name)) {
                return false;
            }
            skip_space(&c);
            if (!take(&c, ':')) {
                return false;
            }
            skip_space(&c);
            if (!take_member(&c, &name, &view)) {
                return false;
            }
            skip_space(&c);
        } while (take(&c, ','));
        if (!take(&c, '}')) {
            return false;
        }
    }
    skip_space(&c);
    if (c.p != c.end) {
        return false;
    }
    *viewp = view;
    return true;
}

bool
xfsm_event_next_member(struct xfsm_str *object,
                       struct xfsm_event_member *member)
{
    struct cursor c;
    const char *start;

    if (!object->p) {
        return false;
    }
    c.p = object->p;
    c.end = object->p + object->len;
    skip_space(&c);
    if (take(&c, ',')) {
        skip_space(&c);
    }
    if (!take_string(&c, &member->name)) {
        return false;
    }
    skip_space(&c);
    take(&c, ':');
    skip_space(&c);
    start = c.p;
    member->is_string = c.p < c.end && *c.p == '"';
    if (member->is_string ? !take_string(&c, &member->value)
        : !skip_value(&c, 2)) {
        return false;
    }
    if (!member->is_string) {
        member->value.p = start;
        member->value.len = (uint32_t) (c.p - start);
    }
    object->p = c.p;
    object->len = (uint32_t) (c.end - c.p);
    return true;
}

bool
xfsm_event_member_uint(const struct xfsm_event_member *member,
                       uint64_t *value)
{
    struct cursor c = {
        .p = member->value.p, .end = member->value.p + member->value.len,
    };
    uint64_t v;

    if (member->is_string || !take_uint(&c, &v) || c.p != c.end) {
        return false;
    }
    *value = v;
    return true;
}

size_t
xfsm_event_unescape(struct xfsm_str s, char *buf, size_t size)
{
    size_t n = 0;
    uint32_t i;

    for (i = 0; i < s.len && n + 1 < size; i++) {
        char ch = s.p[i];

        if (ch == '\\' && i + 1 < s.len) {
            char next = s.p[i + 1];

            if (memchr("\"\\/", next, 3)) {
                ch = next;
                i++;
            } else if (memchr("nrt", next, 3)) {
                ch = ' ';
                i++;
            }
        }
        buf[n++] = ch;
    }
    if (size) {
        buf[n] = '\0';
    }
    return n;
}

uint64_t
xfsm_event_time_ms(const struct xfsm_event_view *e)
{
    char text[64];
    struct tm tm = { .tm_isdst = 0 };
    unsigned int ms = 0;
    int n = 0, i;
    int64_t seconds;

    xfsm_event_unescape(e->time, text, sizeof text);
    if (sscanf(text, "%4d-%2d-%2dT%2d:%2d:%2d%n", &tm.tm_year, &tm.tm_mon,
               &tm.tm_mday, &tm.tm_hour, &tm.tm_min, &tm.tm_sec, &n) != 6) {
        return 0;
    }
    n += text[n] == '.';
    for (i = 0; i < 3; i++) {
        ms = ms * 10 + (isdigit((unsigned char) text[n])
                        ? (unsigned int) (text[n++] - '0') : 0);
    }
    tm.tm_year -= 1900;
    tm.tm_mon--;
    seconds = timegm(&tm);
    return seconds < 0 ? 0 : (uint64_t) seconds * 1000 + ms;
}
