/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "xfsm/program/xml-load.h"

static int
compare_entries(const void *a_, const void *b_)
{
    const struct xfsm_xml_node *a = *(struct xfsm_xml_node *const *) a_;
    const struct xfsm_xml_node *b = *(struct xfsm_xml_node *const *) b_;
    int order = strcmp(xfsm_xml_attr(a, "key")->value,
                       xfsm_xml_attr(b, "key")->value);

    return order ? order : (a->index > b->index) - (a->index < b->index);
}

/* Reports keys of a table that 'n' of its 'entries' have in common.  Reorders
 * 'entries'. */
static void
check_duplicates(struct xfsm_load *load,
                 const struct xfsm_xml_node *entries[], size_t n)
{
    size_t i;

    if (n) {
        qsort(entries, n, sizeof entries[0], compare_entries);
    }
    for (i = 1; i < n; i++) {
        const char *key = xfsm_xml_attr(entries[i], "key")->value;

        if (!strcmp(xfsm_xml_attr(entries[i - 1], "key")->value, key)) {
            xfsm_load_attr(load, entries[i], "key");
            LOAD_ERROR(load, "key \"%.*s\" is in the table already, on line "
                       "%d", xfsm_parse_excerpt(strlen(key)), key,
                       entries[i - 1]->line);
        }
    }
}

/* Reads the value of an entry, a number into '*number'.  Returns its text, or
 * NULL after reporting an error. */
static const char *
load_value(struct xfsm_load *load, const struct xfsm_xml_node *node,
           const struct xfsm_table *table, double *number)
{
    const char *value = xfsm_load_attr_required(
        load, node, "value", table->is_text ? "a text" : "a number");

    if (!value) {
        return NULL;
    } else if (!table->is_text) {
        return xfsm_load_number(load, value, number) ? value : NULL;
    } else if (strlen(value) > XFSM_MAX_TABLE_TEXT) {
        LOAD_ERROR(load, "a text of %zu bytes; the limit is %d",
                   strlen(value), XFSM_MAX_TABLE_TEXT);
        return NULL;
    }
    return value;
}

static void
load_entries(struct xfsm_load *load, const struct xfsm_xml_node *node,
             struct xfsm_table *table)
{
    int max = xfsm_load_count(node, "entry"), n = 0;
    const struct xfsm_xml_node **nodes, *child;

    if (max > XFSM_MAX_TABLE_ENTRIES) {
        xfsm_load_at(load, node);
        LOAD_ERROR(load, "%d entries in the table; the limit is %d", max,
                   XFSM_MAX_TABLE_ENTRIES);
        return;
    }
    table->entries = xfsm_arena_array(load->arena, (size_t) max,
                                      sizeof *table->entries);
    nodes = calloc((size_t) max + 1, sizeof *nodes);
    if (!nodes) {
        abort();
    }
    XFSM_LOAD_FOR_EACH (child, node, "entry") {
        const char *key, *value;
        double number = 0;

        key = xfsm_load_attr_required(load, child, "key", "what the entry "
                                      "is found by, as \"10.0.0.1\"");
        value = load_value(load, child, table, &number);
        if (key && value) {
            nodes[n] = child;
            table->entries[n].key = xfsm_arena_strdup(load->arena, key);
            table->entries[n].line = child->line;
            table->entries[n].text = table->is_text
                                     ? xfsm_arena_strdup(load->arena, value)
                                     : NULL;
            table->entries[n++].value = number;
        }
    }
    table->n_entries = n;
    check_duplicates(load, nodes, (size_t) n);
    free(nodes);
}

static void
load_table(struct xfsm_load *load, const struct xfsm_xml_node *node,
           struct xfsm_table *table)
{
    static const char numeric[] =
        "int unsigned long short char bool float double int8_t int16_t "
        "int32_t int64_t uint8_t uint16_t uint32_t uint64_t size_t";
    static const char textual[] = "string std::string";
    const char *value;

    value = xfsm_load_attr(load, node, "type");
    if (value && strcasecmp(value, "dleft") && strcasecmp(value, "map")) {
        LOAD_ERROR(load, "unknown type \"%.*s\"; a table is a DLeft or a Map",
                   xfsm_parse_excerpt(strlen(value)), value);
    }
    value = xfsm_load_attr(load, node, "key_type");
    if (value) {
        LOAD_NOTE(load, "has no effect: what a key is made of follows from "
                  "the use of the table");
    }
    value = xfsm_load_attr(load, node, "value_type");
    table->is_text = value && xfsm_names_in_list(textual, value,
                                                 strlen(value));
    if (value && !xfsm_names_in_list(numeric, value, strlen(value))
        && !table->is_text) {
        LOAD_WARN(load, "values are numbers here, not \"%.*s\"; \"string\" "
                  "is for texts", xfsm_parse_excerpt(strlen(value)), value);
    }
    xfsm_load_attr_uint(load, node, "nhash", XFSM_DEFAULT_NHASH, 1, 64);
    table->size = (uint8_t) xfsm_load_attr_uint(load, node, "shash",
                                                XFSM_DEFAULT_SIZE, 3, 26);
    xfsm_load_room(load, node, "shash", &table->room);
    load_entries(load, node, table);
    if (!table->room.memory && table->n_entries > 1 << table->size) {
        xfsm_load_attr(load, node, "shash");
        LOAD_ERROR(load, "%d entries do not fit a table of 2^%d",
                   table->n_entries, table->size);
    }
}

void
xfsm_load_tables(struct xfsm_load *load)
{
    struct xfsm_program *program = load->parse.program;
    int i;

    for (i = 0; i < program->n_tables; i++) {
        load_table(load, load->tables[i], &program->tables[i]);
    }
}
