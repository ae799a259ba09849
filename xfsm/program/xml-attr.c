/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include "xfsm/program/xml-load.h"

#include <inttypes.h>
#include <string.h>

#include "xfsm/program/key.h"
#include "xfsm/program/lexer.h"

void
xfsm_load_at(struct xfsm_load *load, const struct xfsm_xml_node *node)
{
    load->parse.place.node = node;
    load->parse.place.attr = NULL;
    load->parse.place.line = node->line;
}

const char *
xfsm_load_attr(struct xfsm_load *load, const struct xfsm_xml_node *node,
               const char *name)
{
    const struct xfsm_xml_attr *attr = xfsm_xml_attr(node, name);

    xfsm_load_at(load, node);
    if (!attr) {
        return NULL;
    }
    load->parse.place.attr = attr->name;
    load->parse.place.line = attr->line;
    return attr->value;
}

const char *
xfsm_load_attr_required(struct xfsm_load *load,
                        const struct xfsm_xml_node *node, const char *name,
                        const char *what)
{
    const char *value = xfsm_load_attr(load, node, name);

    if (!value) {
        xfsm_parse_report(&load->parse, XFSM_DIAG_ERROR,
                          "attribute \"%s\" is missing or empty; it is %s",
                          name, what);
    }
    return value;
}

const char *
xfsm_load_attr_copy(struct xfsm_load *load, const struct xfsm_xml_node *node,
                    const char *name, size_t max)
{
    const char *value = xfsm_load_attr(load, node, name);

    if (value && strlen(value) > max) {
        xfsm_parse_report(&load->parse, XFSM_DIAG_ERROR, "%zu bytes; the "
                          "limit is %zu", strlen(value), max);
        value = NULL;
    }
    return value ? xfsm_arena_strdup(load->arena, value) : "";
}

bool
xfsm_load_attr_on(struct xfsm_load *load, const struct xfsm_xml_node *node,
                  const char *name)
{
    const char *value = xfsm_load_attr(load, node, name);

    if (!value || !strcmp(value, "off")) {
        return false;
    } else if (!strcmp(value, "on")) {
        return true;
    }
    xfsm_parse_report(&load->parse, XFSM_DIAG_ERROR, "\"%.*s\" is neither "
                      "\"on\" nor \"off\"",
                      xfsm_parse_excerpt(strlen(value)), value);
    return false;
}

uint64_t
xfsm_load_attr_uint(struct xfsm_load *load, const struct xfsm_xml_node *node,
                    const char *name, uint64_t value, uint64_t min,
                    uint64_t max)
{
    const char *text = xfsm_load_attr(load, node, name);
    uint64_t u;

    if (!text) {
        return value;
    } else if (xfsm_parse_is_param(&load->parse, text)) {
        if (!xfsm_parse_param_uint(&load->parse, text, &u)) {
            return value;
        }
    } else if (!xfsm_number_parse_uint(text, &u)) {
        xfsm_parse_report(&load->parse, XFSM_DIAG_ERROR, "\"%.*s\" is not an "
                          "integer from %"PRIu64" to %"PRIu64,
                          xfsm_parse_excerpt(strlen(text)), text, min, max);
        return value;
    }
    if (u < min || u > max) {
        uint64_t new = u < min ? min : max;

        xfsm_parse_warn(&load->parse, "%"PRIu64" is beyond what is possible, "
                        "%"PRIu64" to %"PRIu64"; %"PRIu64" is used", u, min,
                        max, new);
        return new;
    }
    return u;
}

bool
xfsm_load_number(struct xfsm_load *load, const char *text, double *value)
{
    if (xfsm_parse_is_param(&load->parse, text)) {
        return xfsm_parse_param(&load->parse, text, value);
    } else if (!xfsm_number_parse(text, value)) {
        xfsm_parse_report(&load->parse, XFSM_DIAG_ERROR, "\"%.*s\" is not a "
                          "number", xfsm_parse_excerpt(strlen(text)), text);
        return false;
    }
    return true;
}

bool
xfsm_load_attr_seconds(struct xfsm_load *load,
                       const struct xfsm_xml_node *node, const char *name,
                       uint64_t *ns)
{
    const char *text = xfsm_load_attr(load, node, name);
    double seconds;

    if (!text) {
        return false;
    } else if (xfsm_parse_is_param(&load->parse, text)) {
        if (!xfsm_parse_param(&load->parse, text, &seconds)) {
            return false;
        }
    } else if (!xfsm_number_parse(text, &seconds)) {
        seconds = -1;
    }
    if (!(seconds >= 0)
               || seconds > XFSM_MAX_SECONDS) {
        xfsm_parse_report(&load->parse, XFSM_DIAG_ERROR, "\"%.*s\" is not a "
                          "number of seconds from 0 to %.0f",
                          xfsm_parse_excerpt(strlen(text)), text,
                          XFSM_MAX_SECONDS);
        return false;
    }
    *ns = (uint64_t) (seconds * 1e9 + 0.5);
    return true;
}

void
xfsm_load_attr_key(struct xfsm_load *load, const struct xfsm_xml_node *node,
                   const char *name, struct xfsm_key *key)
{
    const char *text = xfsm_load_attr(load, node, name);

    memset(key, 0, sizeof *key);
    if (text) {
        xfsm_key_parse(&load->parse, text, strlen(text), key);
    }
}

uint16_t
xfsm_load_attr_state(struct xfsm_load *load, const struct xfsm_xml_node *node,
                     const char *name)
{
    const char *text = xfsm_load_attr(load, node, name);
    char hint[XFSM_HINT_MAX];
    uint16_t state;
    size_t len;

    if (!text) {
        return XFSM_NONE;
    }
    len = strlen(text);
    state = xfsm_parse_find_state(&load->parse, text, len);
    if (state == XFSM_NONE) {
        xfsm_parse_report(&load->parse, XFSM_DIAG_ERROR, "state \"%.*s\" is "
                          "not declared by a <statedef>%s",
                          xfsm_parse_excerpt(len), text,
                          xfsm_parse_hint(&load->parse, XFSM_PK_STATE, text,
                                          len, hint));
    }
    return state;
}

int
xfsm_load_count(const struct xfsm_xml_node *node, const char *name)
{
    const struct xfsm_xml_node *child;
    int n = 0;

    XFSM_LOAD_FOR_EACH (child, node, name) {
        n++;
    }
    return n;
}

static struct xfsm_xml_node *
find_from(struct xfsm_xml_node *node, const char *name)
{
    while (node && strcmp(node->name, name)) {
        node = node->next;
    }
    return node;
}

struct xfsm_xml_node *
xfsm_load_child(const struct xfsm_xml_node *node, const char *name)
{
    return find_from(node->children, name);
}

struct xfsm_xml_node *
xfsm_load_next(const struct xfsm_xml_node *node)
{
    return find_from(node->next, node->name);
}

const struct xfsm_xml_node *
xfsm_load_only_child(struct xfsm_load *load,
                     const struct xfsm_xml_node *node, const char *name)
{
    const struct xfsm_xml_node *child = xfsm_load_child(node, name);
    const struct xfsm_xml_node *second = child ? xfsm_load_next(child) : NULL;

    if (second) {
        xfsm_load_at(load, second);
        LOAD_ERROR(load, "a second <%s>; there is one at most", name);
    }
    return child;
}
