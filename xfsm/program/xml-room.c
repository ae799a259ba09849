/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include <string.h>

#include "xfsm/program/footprint.h"
#include "xfsm/program/lexer.h"
#include "xfsm/program/xml-load.h"
#include "xfsm/program/xml-schema.h"

#define NS_PER_S UINT64_C(1000000000)

/* More than any structure can take. */
#define MEMORY_MAX (UINT64_C(1) << 40)

static uint64_t
load_bytes(struct xfsm_load *load, const struct xfsm_xml_node *node)
{
    const char *text = xfsm_load_attr(load, node, "memory");
    uint64_t bytes = 0;
    const char *p;

    if (!text) {
        return 0;
    }
    for (p = text; *p >= '0' && *p <= '9' && bytes <= MEMORY_MAX; p++) {
        bytes = bytes * 10 + (uint64_t) (*p - '0');
    }
    if (p != text && *p && strchr("KMG", *p)) {
        bytes <<= *p == 'K' ? 10 : *p == 'M' ? 20 : 30;
        p++;
    }
    if (p == text || *p) {
        LOAD_ERROR(load, "\"%.*s\" is no amount of memory; write bytes, or "
                   "as \"64K\", \"16M\" or \"1G\"",
                   xfsm_parse_excerpt(strlen(text)), text);
        return 0;
    } else if (bytes < XFSM_FOOTPRINT_MIN || bytes > MEMORY_MAX) {
        LOAD_ERROR(load, "\"%.*s\" is beyond what is possible, 1K to 1024G",
                   xfsm_parse_excerpt(strlen(text)), text);
        return 0;
    }
    return bytes;
}

/* Reports "size", or what it is called, beside "memory". */
static void
check_size(struct xfsm_load *load, const struct xfsm_xml_node *node,
           const char *size)
{
    if (xfsm_xml_attr(node, "memory") && size && xfsm_xml_attr(node, size)) {
        xfsm_load_attr(load, node, size);
        LOAD_ERROR(load, "\"memory\" says how large it is; give one of them");
    }
}

void
xfsm_load_memory(struct xfsm_load *load, const struct xfsm_xml_node *node,
                 const char *size, uint64_t *memory)
{
    if (load->parse.dialect > 1) {
        *memory = load_bytes(load, node);
        check_size(load, node, size);
    }
}

static void
load_on_full(struct xfsm_load *load, const struct xfsm_xml_node *node,
             struct xfsm_room *room)
{
    const char *text = xfsm_load_attr(load, node, "on-full");

    if (!text || !strcmp(text, "evict-oldest")) {
        room->on_full = XFSM_KEYTABLE_EVICT;
    } else if (!strcmp(text, "refuse")) {
        room->on_full = XFSM_KEYTABLE_REFUSE;
    } else {
        LOAD_ERROR(load, "unknown policy \"%.*s\"; it is evict-oldest or "
                   "refuse", xfsm_parse_excerpt(strlen(text)), text);
    }
}

void
xfsm_load_room(struct xfsm_load *load, const struct xfsm_xml_node *node,
               const char *size, struct xfsm_room *room)
{
    uint64_t ttl = 0;

    if (load->parse.dialect < 2) {
        return;
    }
    xfsm_load_memory(load, node, size, &room->memory);
    load_on_full(load, node, room);
    if (xfsm_load_attr_seconds(load, node, "ttl", &ttl)
        && (!ttl || ttl % NS_PER_S || ttl / NS_PER_S > UINT32_MAX)) {
        LOAD_ERROR(load, "a ttl is a whole number of seconds, at least 1");
    } else {
        room->ttl = (uint32_t) (ttl / NS_PER_S);
    }
}

void
xfsm_load_state_table(struct xfsm_load *load)
{
    const struct xfsm_xml_node *node
        = xfsm_load_only_child(load, load->root, "state-table");
    const struct xfsm_xml_node *timers
        = xfsm_load_only_child(load, load->root, "timers");
    struct xfsm_program *program = load->parse.program;

    program->max_timers = XFSM_DEFAULT_TIMERS;
    if (timers) {
        xfsm_load_attr_required(load, timers, "max", "a number of timers");
        program->max_timers = (uint32_t) xfsm_load_attr_uint(
            load, timers, "max", XFSM_DEFAULT_TIMERS, 1, XFSM_MAX_TIMERS);
    }
    if (!node) {
        return;
    }
    program->state_line = node->line;
    xfsm_load_room(load, node, NULL, &program->state_room);
    for (int i = 1; i < program->n_states; i++) {
        struct xfsm_state *state = &program->states[i];

        if (!state->timeout) {
            state->timeout = program->state_room.ttl * NS_PER_S;
            state->timeout_state = 0;
        }
    }
}
