/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include "xfsm/runtime/event.h"

#include <string.h>

#include "xfsm/base/base64.h"
#include "xfsm/packet/field.h"
#include "xfsm/runtime/number.h"

const char *const xfsm_identity_id_names[XFSM_N_IDENTITY_IDS] = {
#define IDENTITY_NAME(ID, NAME) NAME,
    XFSM_IDENTITY_IDS(IDENTITY_NAME)
#undef IDENTITY_NAME
};

bool
xfsm_identity_id_fits(const char *value)
{
    size_t n = 0;

    while (value[n] >= ' ' && value[n] <= '~' && n <= XFSM_IDENTITY_ID_MAX) {
        n++;
    }
    return n && !value[n] && n <= XFSM_IDENTITY_ID_MAX;
}

#define STRINGIZE_(X) #X
#define STRINGIZE(X) STRINGIZE_(X)

/* Output.  What does not fit is left out, and 'overflow' says so. */
struct out {
    char *p;
    size_t left;
    bool overflow;
};

static inline void
put(struct out *out, const char *p, size_t len)
{
    if (len <= out->left) {
        memcpy(out->p, p, len);
        out->p += len;
        out->left -= len;
    } else {
        out->overflow = true;
    }
}

/* A text that is a literal. */
#define PUT(OUT, LITERAL) put(OUT, LITERAL, sizeof LITERAL - 1)

/* Takes back all since 'before' if it did not fit as a whole. */
static void
all_or_nothing(struct out *out, struct out before)
{
    if (out->overflow) {
        *out = before;
    }
}

static void
put_string(struct out *out, const char *s)
{
    put(out, s, strlen(s));
}

/* Bytes of a time up to its seconds. */
#define MINUTE_LEN 17

/* The start of a minute as "2026-11-23T16:42:": the proleptic Gregorian
 * calendar, by way of days since 1 March of year 0, when the leap day ends the
 * year. */
static __attribute__((noinline)) void
format_minute(uint64_t minutes, char *text)
{
    uint64_t days = minutes / 1440 + 719468;
    uint64_t era = days / 146097;
    uint64_t day = days % 146097;
    uint64_t year = (day - day / 1460 + day / 36524 - day / 146096) / 365;
    uint64_t in_year = day - (365 * year + year / 4 - year / 100);
    uint64_t month = (5 * in_year + 2) / 153;

    memcpy(text, "YYYY-MM-DDThh:mm:", MINUTE_LEN);
    year += era * 400 + (month >= 10);
    xfsm_number_put_pair(text, year / 100 % 100);
    xfsm_number_put_pair(text + 2, year % 100);
    xfsm_number_put_pair(text + 5, month < 10 ? month + 3 : month - 9);
    xfsm_number_put_pair(text + 8, in_year - (153 * month + 2) / 5 + 1);
    xfsm_number_put_pair(text + 11, minutes / 60 % 24);
    xfsm_number_put_pair(text + 14, minutes % 60);
}

/* "2026-11-23T16:42:36.123456789Z".  Most events are of the minute of the one
 * before. */
static void
put_time(struct out *out, uint64_t ns)
{
    static _Thread_local struct {
        uint64_t minutes;
        char text[MINUTE_LEN];
    } last = { .minutes = UINT64_MAX };
    uint64_t seconds = ns / UINT64_C(1000000000);
    uint32_t fraction = (uint32_t) (ns % UINT64_C(1000000000));
    uint64_t minutes = seconds / 60;
    char text[] = "YYYY-MM-DDThh:mm:ss.nnnnnnnnnZ";

    if (minutes != last.minutes) {
        format_minute(minutes, last.text);
        last.minutes = minutes;
    }
    memcpy(text, last.text, MINUTE_LEN);
    xfsm_number_put_pair(text + 17, seconds % 60);
    text[20] = (char) ('0' + fraction / 100000000);
    xfsm_number_put_pair(text + 21, fraction / 1000000 % 100);
    xfsm_number_put_pair(text + 23, fraction / 10000 % 100);
    xfsm_number_put_pair(text + 25, fraction / 100 % 100);
    xfsm_number_put_pair(text + 27, fraction % 100);
    put(out, text, sizeof text - 1);
}

/* Does the character stand for itself in a JSON string? */
static inline bool
is_plain(unsigned char c)
{
    return c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
}

/* The same for 8 characters: 0 if it is so of all of them, and only then.
 * (The terms have the upper bits of bytes below 0x20, of 0x7f, from 0x80 on,
 * of '"' and of '\\'; what they borrow or carry comes from such a byte.) */
static inline uint64_t
has_special(uint64_t w)
{
    const uint64_t ones = UINT64_C(0x0101010101010101);
    uint64_t quotes = w ^ ones * '"';
    uint64_t slashes = w ^ ones * '\\';

    return ((w - ones * 0x20) | (w + ones) | w | (quotes - ones)
            | (slashes - ones)) & ones * 0x80;
}

static inline uint64_t
copy64(char *p, const char *s)
{
    uint64_t w;

    memcpy(&w, s, sizeof w);
    memcpy(p, &w, sizeof w);
    return w;
}

static inline uint32_t
copy32(char *p, const char *s)
{
    uint32_t w;

    memcpy(&w, s, sizeof w);
    memcpy(p, &w, sizeof w);
    return w;
}

/* Copies less than 8 characters, and returns them beside others that stand for
 * themselves. */
static inline uint64_t
copy_few(char *p, const char *s, size_t len)
{
    uint64_t w = UINT64_C(0x6161616161616161);

    if (len >= 4) {
        return (uint64_t) copy32(p, s) << 32
               | copy32(&p[len - 4], &s[len - 4]);
    }
    for (size_t i = 0; i < len; i++) {
        p[i] = s[i];
        w = w << 8 | (unsigned char) s[i];
    }
    return w;
}

/* Copies 'len' characters, for which there is room, and tells whether all of
 * them stand for themselves.  The last 8 are copied together, perhaps some of
 * them for the second time. */
static __attribute__((noinline)) bool
copy_plain(char *p, const char *s, size_t len)
{
    uint64_t special = 0;

    if (len < 8) {
        return !has_special(copy_few(p, s, len));
    }
    for (size_t i = 0; i + 8 < len; i += 8) {
        special |= has_special(copy64(&p[i], &s[i]));
    }
    return !(special | has_special(copy64(&p[len - 8], &s[len - 8])));
}

static void
put_special(struct out *out, unsigned char c)
{
    static const char hex[] = "0123456789abcdef";

    if (c == '"' || c == '\\') {
        char escape[2] = { '\\', (char) c };

        put(out, escape, sizeof escape);
    } else if (c == '\n') {
        PUT(out, "\\n");
    } else if (c == '\t') {
        PUT(out, "\\t");
    } else {
        char escape[6] = { '\\', 'u', '0', '0', hex[c >> 4], hex[c & 15] };

        put(out, escape, sizeof escape);
    }
}

/* Writes a string that has special characters, or no room. */
static __attribute__((noinline)) void
put_specials(struct out *out, const char *s, size_t len)
{
    PUT(out, "\"");
    for (size_t i = 0; i < len; i++) {
        if (is_plain((unsigned char) s[i])) {
            put(out, &s[i], 1);
        } else {
            put_special(out, (unsigned char) s[i]);
        }
    }
    PUT(out, "\"");
}

static void
put_escaped(struct out *out, const char *s, size_t len)
{
    char *p = out->p;

    if (len + 2 <= out->left && copy_plain(&p[1], s, len)) {
        p[0] = p[len + 1] = '"';
        out->p += len + 2;
        out->left -= len + 2;
    } else {
        put_specials(out, s, len);
    }
}

static __attribute__((noinline)) void
put_special_member(struct out *out, const char *head, size_t n_head,
                   const char *value, size_t len)
{
    struct out before = *out;

    put(out, head, n_head);
    put_specials(out, value, len);
    all_or_nothing(out, before);
}

/* ,"NAME":"VALUE", of which 'head' is all up to the colon. */
static inline __attribute__((always_inline)) void
put_member(struct out *out, const char *head, size_t n_head,
           const char *value, size_t len)
{
    size_t n = n_head + len + 2;
    char *p = out->p + n_head;

    if (n <= out->left && copy_plain(p + 1, value, len)) {
        memcpy(out->p, head, n_head);
        p[0] = p[len + 1] = '"';
        out->p += n;
        out->left -= n;
    } else {
        put_special_member(out, head, n_head, value, len);
    }
}

#define PUT_MEMBER(OUT, NAME, VALUE, LEN) \
    put_member(OUT, ",\"" NAME "\":", sizeof NAME + 3, VALUE, LEN)

#define PUT_STRING(OUT, NAME, VALUE) \
    PUT_MEMBER(OUT, NAME, VALUE, strlen(VALUE))

/* The same, but nothing where there is no value. */
#define PUT_OPTIONAL(OUT, NAME, VALUE) \
    do { \
        if ((VALUE) && *(VALUE)) { \
            PUT_STRING(OUT, NAME, VALUE); \
        } \
    } while (0)

static void
put_member_uint(struct out *out, const char *head, size_t n_head,
                uint64_t value)
{
    struct out before = *out;
    char buf[XFSM_NUMBER_MAX];

    put(out, head, n_head);
    put(out, buf, xfsm_number_format_uint(value, buf));
    all_or_nothing(out, before);
}

#define PUT_UINT(OUT, NAME, VALUE) \
    put_member_uint(OUT, ",\"" NAME "\":", sizeof NAME + 3, VALUE)

size_t
xfsm_event_format_key(const struct xfsm_event *event, int i, char *buf,
                      size_t size)
{
    static const struct xfsm_prefix_lengths whole;

    return xfsm_prefix_format(event->packet, event->key_fields[i],
                              event->key_prefixes ? event->key_prefixes[i]
                                                  : whole, buf, size);
}

static void
put_key(struct out *out, const struct xfsm_event *event)
{
    const char *separator = "";

    if (!event->n_key_fields) {
        return;
    }
    PUT(out, ",\"key\":{");
    for (int i = 0; i < event->n_key_fields; i++) {
        const struct xfsm_field *field = &xfsm_fields[event->key_fields[i]];
        char text[XFSM_FIELD_TEXT_MAX];
        size_t len;

        if (!xfsm_fieldset_has(&event->packet->present,
                               event->key_fields[i])) {
            continue;
        }
        len = xfsm_event_format_key(event, i, text, sizeof text);
        put_string(out, separator);
        put_escaped(out, field->name, strlen(field->name));
        put(out, ":", 1);
        if (field->type == XFSM_FT_UINT) {
            put(out, text, len);
        } else {
            put_escaped(out, text, len);
        }
        separator = ",";
    }
    put(out, "}", 1);
}

/* Length of the part of a field's name in front of a ".", 0 if it has none:
 * fields that share one, one after another, make an object of that name. */
static size_t
group_len(const struct xfsm_event_field *field)
{
    const char *dot = strchr(field->name, '.');

    return dot ? (size_t) (dot - field->name) : 0;
}

static void
put_fields(struct out *out, const struct xfsm_event *event)
{
    struct out before = *out;
    const char *group = "";     /* That is open, 'n_group' bytes. */
    size_t n_group = 0;

    if (!event->n_fields) {
        return;
    }
    PUT(out, ",\"fields\":{");
    for (int i = 0; i < event->n_fields; i++) {
        const struct xfsm_event_field *field = &event->fields[i];
        size_t n = group_len(field);
        bool same = n && n == n_group && !memcmp(field->name, group, n);

        put(out, "}", n_group && !same);
        put(out, ",", i > 0);
        if (n && !same) {
            put_escaped(out, field->name, n);
            put(out, ":{", 2);
        }
        group = field->name;
        n_group = n;
        n += n > 0;
        put_escaped(out, field->name + n, strlen(field->name) - n);
        put(out, ":", 1);
        if (field->number || field->list) {
            put(out, field->value, field->len);
        } else {
            put_escaped(out, field->value, field->len);
        }
    }
    put(out, "}}", n_group ? 2 : 1);
    all_or_nothing(out, before);
}

static void
put_ids(struct out *out, const struct xfsm_identity *identity)
{
    const char *separator = ",\"external_ids\":{";
    struct out before = *out;

    for (int i = 0; i < XFSM_N_IDENTITY_IDS; i++) {
        const char *value = identity->ids[i];

        if (value && *value) {
            put_string(out, separator);
            put_escaped(out, xfsm_identity_id_names[i],
                        strlen(xfsm_identity_id_names[i]));
            put(out, ":", 1);
            put_escaped(out, value, strlen(value));
            separator = ",";
        }
    }
    put(out, "}", *separator && !separator[1]);
    all_or_nothing(out, before);
}

static void
put_features(struct out *out, const struct xfsm_event *event)
{
    if (!event->n_features) {
        return;
    }
    PUT(out, ",\"features\":{");
    for (int i = 0; i < event->n_features; i++) {
        const char *name = event->feature_names[i];
        char buf[XFSM_NUMBER_MAX];

        put(out, ",", i > 0);
        put_escaped(out, name, strlen(name));
        put(out, ":", 1);
        put(out, buf, xfsm_number_format(event->feature_values[i], buf));
    }
    put(out, "}", 1);
}

static void
put_base64(struct out *out, const uint8_t *p, size_t len)
{
    for (size_t i = 0; i < len; i += 3) {
        char four[4];

        xfsm_base64_encode(p + i, len - i < 3 ? len - i : 3, four);
        put(out, four, sizeof four);
    }
}

static void
put_raw(struct out *out, const struct xfsm_event *event)
{
    if (event->raw) {
        size_t len = event->raw_len < XFSM_EVENT_RAW_MAX
                     ? event->raw_len : XFSM_EVENT_RAW_MAX;

        PUT(out, ",\"raw\":\"");
        put_base64(out, event->raw, len);
        put(out, "\"", 1);
    }
}

/* Writes a member that comes as a whole or not at all. */
static void
put_whole(struct out *out,
          void (*function)(struct out *, const struct xfsm_event *),
          const struct xfsm_event *event)
{
    struct out before = *out;

    function(out, event);
    all_or_nothing(out, before);
}

/* Names are bounded by the limits of a program and an identity, text takes at
 * most six bytes a byte: they fit.  Should anything else not, it is left out
 * as a whole, so that what leaves is always valid. */
size_t
xfsm_event_format_json(const struct xfsm_event *event,
                       const struct xfsm_identity *identity,
                       char *buf, size_t size)
{
    struct out out = { .p = buf, .left = size - 2 };

    PUT(&out, "{\"v\":" STRINGIZE(XFSM_EVENT_SCHEMA) ",\"time\":\"");
    put_time(&out, event->ts);
    PUT(&out, "\"");
    PUT_STRING(&out, "label", event->label);
    PUT_STRING(&out, "program", event->program);
    PUT_OPTIONAL(&out, "version", event->version);
    PUT_STRING(&out, "host", identity->host);
    PUT_STRING(&out, "bridge", identity->bridge);
    PUT_STRING(&out, "port", identity->port);
    PUT_OPTIONAL(&out, "interface_uuid", identity->interface_uuid);
    PUT_UINT(&out, "epoch", identity->epoch);
    PUT_UINT(&out, "seq", event->seq);
    PUT_OPTIONAL(&out, "state", event->state);
    PUT_OPTIONAL(&out, "next_state", event->next_state);
    PUT_OPTIONAL(&out, "code", event->code);
    PUT_OPTIONAL(&out, "level", event->level);
    PUT_OPTIONAL(&out, "description", event->description);
    PUT_OPTIONAL(&out, "attack", event->attack);
    put_fields(&out, event);
    if (event->text_len) {
        PUT_MEMBER(&out, "text", event->text, event->text_len);
    }
    if (event->suspect) {
        PUT(&out, ",\"suspect\":true");
    }
    if (event->lost) {
        PUT_UINT(&out, "lost", event->lost);
    }
    if (event->hops) {
        PUT_UINT(&out, "hops", event->hops);
    }
    put_whole(&out, put_key, event);
    put_ids(&out, identity);
    put_whole(&out, put_features, event);
    put_whole(&out, put_raw, event);
    *out.p++ = '}';
    *out.p = '\0';
    return (size_t) (out.p - buf);
}

static void
put_topic_part(struct out *out, const char *s)
{
    for (size_t n = 0; *s && n < 64; s++, n++) {
        char c = *s > 0x20 && *s < 0x7f && *s != '/' ? *s : '_';

        put(out, &c, 1);
    }
}

size_t
xfsm_event_format_topic(const struct xfsm_event *event,
                        const struct xfsm_identity *identity,
                        char *buf, size_t size)
{
    struct out out = { .p = buf, .left = size - 1 };

    put_topic_part(&out, event->label);
    put(&out, "/", 1);
    put_topic_part(&out, event->program);
    put(&out, "/", 1);
    put_topic_part(&out, identity->bridge);
    put(&out, "/", 1);
    put_topic_part(&out, identity->port);
    *out.p = '\0';
    return (size_t) (out.p - buf);
}
