/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include "xfsm/io/message-decode.h"

#include <string.h>

#include "xfsm/io/event-decode.h"
#include "xfsm/packet/field.h"

#define MAX_FIELDS (XFSM_MAX_KEY_FIELDS + XFSM_MAX_MEMBERS)

/* ## Wants ## */

bool
xfsm_want_fits(const char *want, const char *topic, size_t len)
{
    size_t n = strlen(want);

    return n <= len && !memcmp(want, topic, n)
           && (n == len || topic[n] == '/');
}

static bool
is_covered(const char *const *topics, size_t n, size_t i)
{
    for (size_t j = 0; j < n; j++) {
        if (j != i
            && xfsm_want_fits(topics[j], topics[i], strlen(topics[i]))
            && (j < i || strcmp(topics[j], topics[i]))) {
            return true;
        }
    }
    return false;
}

size_t
xfsm_wants_reduce(const char **topics, size_t n)
{
    size_t kept = 0;

    while (kept < n) {
        if (is_covered(topics, n, kept)) {
            memmove(&topics[kept], &topics[kept + 1],
                    (n - kept - 1) * sizeof *topics);
            n--;
        } else {
            kept++;
        }
    }
    return n;
}

size_t
xfsm_wants_encode(const char *const *topics, size_t n, uint8_t *buf)
{
    size_t len = 0;

    buf[len++] = '\0';
    for (size_t i = 0; i < n && i < XFSM_WANTS_MAX; i++) {
        size_t size = strlen(topics[i]) + 1;

        if (size <= XFSM_WANT_LEN + 1) {
            memcpy(buf + len, topics[i], size);
            len += size;
        }
    }
    return len;
}

bool
xfsm_topic_is_valid(const void *topic, size_t len)
{
    const char *p = topic;

    for (size_t i = 0; i < len; i++) {
        if (p[i] <= ' ' || p[i] > '~') {
            return false;
        }
    }
    return len > 0 && len < XFSM_EVENT_TOPIC_MAX;
}

bool
xfsm_wants_decode(const void *data, size_t len,
                  const char *topics[XFSM_WANTS_MAX], size_t *np)
{
    struct xfsm_bytes b, topic;
    size_t n = 0;

    xfsm_bytes_init(&b, data, len);
    if (!xfsm_bytes_strip_first(&b, '\0')) {
        return false;
    }
    while (xfsm_bytes_remaining(&b)) {
        if (n >= XFSM_WANTS_MAX || !xfsm_bytes_split(&b, '\0', &topic)
            || xfsm_bytes_remaining(&topic) > XFSM_WANT_LEN
            || !xfsm_topic_is_valid(topic.p, xfsm_bytes_remaining(&topic))) {
            return false;
        }
        topics[n++] = (const char *) topic.p;
    }
    *np = n;
    return true;
}

/* ## Events ## */

bool
xfsm_message_split(const void *data, size_t len, struct xfsm_bytes *topicp,
                   struct xfsm_bytes *jsonp)
{
    struct xfsm_bytes topic, json;
    size_t n;

    xfsm_bytes_init(&json, data, len);
    if (!xfsm_bytes_split(&json, '\0', &topic)
        || !xfsm_topic_is_valid(topic.p, xfsm_bytes_remaining(&topic))) {
        return false;
    }
    n = xfsm_bytes_remaining(&json);
    if (n < 2 || n >= XFSM_EVENT_JSON_MAX || json.p[0] != '{'
        || json.end[-1] != '}') {
        return false;
    }
    *topicp = topic;
    *jsonp = json;
    return true;
}

static int
hex_value(char c)
{
    return c >= '0' && c <= '9' ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
           : -1;
}

/* Takes the byte that '*s' begins with, maybe escaped, off it; -1 if it is
 * none that a probe writes. */
static int
take_byte(struct xfsm_str *s)
{
    static const char escapes[] = "\"\\/bfnrt", meanings[] = "\"\\/\b\f\n\r\t";
    size_t taken = 1;
    int c = (unsigned char) s->p[0];

    if (c == '\\') {
        const char *at = s->len >= 2 ? memchr(escapes, s->p[1], 8) : NULL;

        taken = 2;
        if (at) {
            c = (unsigned char) meanings[at - escapes];
        } else if (s->len >= 6 && s->p[1] == 'u' && s->p[2] == '0'
                   && s->p[3] == '0') {
            taken = 6;
            c = hex_value(s->p[4]) << 4 | hex_value(s->p[5]);
        } else {
            return -1;
        }
    }
    s->p += taken;
    s->len -= (uint32_t) taken;
    return c;
}

/* Copies the text 's', without its escapes, and terminates it.  Stores its
 * length in '*lenp'.  Returns NULL if it is malformed.
 *
 * There is room: without its quotation marks and its escapes, a text with its
 * terminator is shorter than with them. */
static const char *
copy_text(struct xfsm_letter *letter, struct xfsm_str s, size_t *lenp)
{
    size_t start = letter->used;

    if (s.len >= sizeof letter->text - letter->used) {
        return NULL;
    }
    while (s.len) {
        int c = take_byte(&s);

        if (c < 0) {
            return NULL;
        }
        letter->text[letter->used++] = (char) c;
    }
    *lenp = letter->used - start;
    letter->text[letter->used++] = '\0';
    return letter->text + start;
}

/* The same for a name, which is terminated alone: it has no null byte.  One
 * that is not there is empty. */
static bool
copy_name(struct xfsm_letter *letter, struct xfsm_str s, const char **namep)
{
    size_t len = 0;

    *namep = s.p ? copy_text(letter, s, &len) : "";
    return *namep && strlen(*namep) == len;
}

/* Cuts a network to its address. */
static void
cut_prefix(struct xfsm_message_field *field)
{
    const char *slash = memchr(field->value, '/', field->len);
    int id;

    if (slash) {
        id = xfsm_field_lookup(field->name, field->name_len, NULL);
        if (id >= 0 && xfsm_fields[id].type == XFSM_FT_ADDR) {
            field->len = (size_t) (slash - field->value);
        }
    }
}

static bool
is_plain(const struct xfsm_event_member *member)
{
    return member->is_string
           || (member->value.len && member->value.p[0] != '{'
               && member->value.p[0] != '[');
}

static bool
copy_fields(struct xfsm_letter *letter, struct xfsm_str object)
{
    struct xfsm_message *message = &letter->message;
    struct xfsm_event_member member;

    while (xfsm_event_next_member(&object, &member)) {
        struct xfsm_message_field *field;

        if (!is_plain(&member)) {
            continue;
        } else if (message->n_fields >= MAX_FIELDS) {
            return false;
        }
        field = &letter->fields[message->n_fields];
        field->name = member.name.p;
        field->name_len = member.name.len;
        field->value = copy_text(letter, member.value, &field->len);
        if (!field->value) {
            return false;
        }
        cut_prefix(field);
        message->n_fields++;
    }
    return true;
}

bool
xfsm_message_decode(const char *json, size_t len, struct xfsm_letter *letter)
{
    struct xfsm_message *message = &letter->message;
    struct xfsm_event_view view;

    if (len >= XFSM_EVENT_JSON_MAX || !xfsm_event_decode(json, len, &view)
        || view.v != XFSM_EVENT_SCHEMA || !view.label.len
        || !view.program.len || !view.host.p || !view.bridge.p
        || !view.port.p) {
        return false;
    }
    *message = (struct xfsm_message) { .fields = letter->fields };
    letter->used = 0;
    message->hops = view.hops < XFSM_MESSAGE_HOPS ? (unsigned int) view.hops
                                                  : XFSM_MESSAGE_HOPS;
    return copy_name(letter, view.label, &message->label)
           && copy_name(letter, view.program, &message->program)
           && copy_name(letter, view.state, &message->state)
           && copy_name(letter, view.host, &message->host)
           && copy_name(letter, view.bridge, &message->bridge)
           && copy_name(letter, view.port, &message->port)
           && copy_fields(letter, view.key)
           && copy_fields(letter, view.fields);
}
