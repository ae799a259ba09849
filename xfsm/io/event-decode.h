/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef XFSM_IO_EVENT_DECODE_H
#define XFSM_IO_EVENT_DECODE_H 1

/* Reads an event back from its JSON form (xfsm/runtime/event.h), and with it
 * the hub's own messages, which have the same form and a few members more
 * (ovs-plugin/hub-core.h, xfsm/io/follow.h).
 *
 * Events come from the network, so they are read as hostile: the text must be
 * one JSON object (RFC 8259) of printable ASCII and spaces, which is all that
 * xfsm_event_format_json() ever writes.  Hence an event that decodes is one
 * line that is safe to print on a terminal or to append to a file.
 *
 * Nothing is copied or allocated: strings stay where they are, still escaped.
 * Members that are not listed below are checked for their syntax and
 * skipped.  A member that comes twice counts once, the first time.
 *
 * Thread-safety: these functions keep no state. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "xfsm/packet/packet.h"

/* Nesting of objects and arrays that is followed. */
#define XFSM_EVENT_JSON_DEPTH 8

/* M(NAME): members that are strings, numbers, and objects. */
#define XFSM_EVENT_STRINGS(M) \
    M(time) M(label) M(program) M(version) M(host) M(bridge) M(port) \
    M(interface_uuid) M(state) M(next_state) M(code) M(level) \
    M(description) M(attack) M(text) M(topic)
#define XFSM_EVENT_NUMBERS(M) \
    M(v) M(epoch) M(seq) M(prev) M(last_seq) M(from) M(to) M(count) \
    M(lost) M(id) M(since) M(after) M(limit) M(next) M(oldest) M(hops)
#define XFSM_EVENT_OBJECTS(M) M(key) M(external_ids) M(fields) M(features) \
    M(topics)

struct xfsm_event_view {
    /* Text between the quotation marks, with its escapes; p is NULL where
     * the event lacks the member. */
#define XFSM_EVENT_VIEW_STRING(NAME) struct xfsm_str NAME;
    XFSM_EVENT_STRINGS(XFSM_EVENT_VIEW_STRING)
#undef XFSM_EVENT_VIEW_STRING

    /* 0 where the event lacks the member, and 'has_NAME' tells. */
#define XFSM_EVENT_VIEW_NUMBER(NAME) uint64_t NAME; bool has_##NAME;
    XFSM_EVENT_NUMBERS(XFSM_EVENT_VIEW_NUMBER)
#undef XFSM_EVENT_VIEW_NUMBER

    /* What is between the braces, for xfsm_event_next_member(); p is NULL
     * where the event lacks the member. */
#define XFSM_EVENT_VIEW_OBJECT(NAME) struct xfsm_str NAME;
    XFSM_EVENT_OBJECTS(XFSM_EVENT_VIEW_OBJECT)
#undef XFSM_EVENT_VIEW_OBJECT
};

/* A member of an object. */
struct xfsm_event_member {
    struct xfsm_str name;       /* Still escaped, as the value. */
    struct xfsm_str value;      /* Without its quotation marks. */
    bool is_string;
};

/* Reads the 'len' bytes at 'json'.  Returns true and fills in '*view', which
 * points into 'json', or returns false if they are not such an object. */
bool xfsm_event_decode(const char *json, size_t len,
                       struct xfsm_event_view *view);

/* Takes the first member off '*object', which is of a view.  Returns false if
 * there is none. */
bool xfsm_event_next_member(struct xfsm_str *object,
                            struct xfsm_event_member *member);

/* Value of a member that is an unsigned integer; false if it is none. */
bool xfsm_event_member_uint(const struct xfsm_event_member *member,
                            uint64_t *value);

/* True if the text 's' is 'text'. */
bool xfsm_str_is(struct xfsm_str s, const char *text);

/* Writes the text of 's' without its escapes at 'buf', at most 'size' - 1
 * bytes and a terminator, and returns its length.  The result is printable
 * ASCII: escapes of other characters stay as they are, but for newlines and
 * tabs, which become spaces. */
size_t xfsm_event_unescape(struct xfsm_str s, char *buf, size_t size);

/* Time of an event in ms since 1970; 0 if it has none that can be read. */
uint64_t xfsm_event_time_ms(const struct xfsm_event_view *);

#endif /* xfsm/io/event-decode.h */
