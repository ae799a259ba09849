/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include "ovs-plugin/mitigation-plan.h"

#include <stdlib.h>
#include <string.h>

#include "xfsm/io/event-decode.h"
#include "xfsm/packet/field.h"

/* Reads a number that JSON allows, and that is not negative. */
static bool
take_number(const struct xfsm_event_member *member, double *value)
{
    char buf[32];
    char *end;

    if (member->is_string || !member->value.len
        || member->value.len >= sizeof buf || member->value.p[0] < '0'
        || member->value.p[0] > '9') {
        return false;
    }
    memcpy(buf, member->value.p, member->value.len);
    buf[member->value.len] = '\0';
    *value = strtod(buf, &end);
    return !*end;
}

/* Reads the object "match", still in its braces. */
static bool
take_match(const struct xfsm_event_member *member, struct xfsm_packet *match)
{
    struct xfsm_str object = member->value;
    struct xfsm_event_member field;

    if (member->is_string || object.len < 2 || object.p[0] != '{') {
        return false;
    }
    object.p++;
    object.len -= 2;
    while (xfsm_event_next_member(&object, &field)) {
        int id = xfsm_field_lookup(field.name.p, field.name.len, NULL);

        if (id < 0 || !xfsm_mitigation_has_field((unsigned int) id)
            || xfsm_fieldset_has(&match->present, (unsigned int) id)
            || field.is_string == (xfsm_fields[id].type == XFSM_FT_UINT)
            || !xfsm_field_parse(match, (unsigned int) id, field.value.p,
                                 field.value.len)) {
            return false;
        }
    }
    return true;
}

static bool
take_action(const struct xfsm_event_member *member,
            enum xfsm_mitigation *action)
{
    for (int i = 0; i < XFSM_N_MITIGATIONS; i++) {
        if (member->is_string
            && xfsm_str_is(member->value, xfsm_mitigation_names[i])) {
            *action = (enum xfsm_mitigation) i;
            return true;
        }
    }
    return false;
}

static bool
take_port(const struct xfsm_event_member *member, char *port)
{
    if (!member->is_string || !member->value.len
        || member->value.len > XFSM_MAX_NAME
        || memchr(member->value.p, '\\', member->value.len)) {
        return false;
    }
    memcpy(port, member->value.p, member->value.len);
    port[member->value.len] = '\0';
    return true;
}

/* Bits of what a request has. */
enum { ACTION = 1, MATCH = 2, SECONDS = 4, RATE = 8, PORT = 16 };

/* Takes one member and stores which it was in '*what', 0 if it is another. */
static bool
take_member(const struct xfsm_event_member *member,
            struct mitigation_request *request, unsigned int *what)
{
    *what = xfsm_str_is(member->name, "action") ? ACTION
            : xfsm_str_is(member->name, "match") ? MATCH
            : xfsm_str_is(member->name, "seconds") ? SECONDS
            : xfsm_str_is(member->name, "rate") ? RATE
            : xfsm_str_is(member->name, "port") ? PORT : 0;
    switch (*what) {
    case ACTION: return take_action(member, &request->action);
    case MATCH: return take_match(member, &request->match);
    case SECONDS: return take_number(member, &request->seconds);
    case RATE: return take_number(member, &request->rate);
    case PORT: return take_port(member, request->port);
    default: return false;      /* What we do not know we do not do. */
    }
}

bool
mitigation_request_decode(const struct xfsm_event_view *view,
                          struct mitigation_request *requestp)
{
    static const unsigned int needs[XFSM_N_MITIGATIONS] = {
        [XFSM_MIT_BLOCK] = ACTION | MATCH | SECONDS,
        [XFSM_MIT_LIMIT] = ACTION | MATCH | SECONDS | RATE,
        [XFSM_MIT_MIRROR] = ACTION | MATCH | SECONDS | PORT,
    };
    struct mitigation_request request;
    struct xfsm_str fields = view->fields;
    struct xfsm_event_member member;
    unsigned int seen = 0, what;

    memset(&request, 0, sizeof request);
    if (!xfsm_str_is(view->label, XFSM_LABEL_MITIGATION) || !fields.p) {
        return false;
    }
    while (xfsm_event_next_member(&fields, &member)) {
        if (!take_member(&member, &request, &what) || seen & what) {
            return false;
        }
        seen |= what;
    }
    if (!(seen & ACTION) || seen != needs[request.action]) {
        return false;
    }
    *requestp = request;
    return true;
}
