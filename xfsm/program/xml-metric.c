/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include <string.h>
#include <strings.h>

#include "xfsm/program/lexer.h"
#include "xfsm/program/xml-load.h"
#include "xfsm/program/xml-schema.h"

/* Reads "status" of a detector or monitor.  The original's are off without it,
 * which nobody who writes one down means. */
static bool
load_status(struct xfsm_load *load, const struct xfsm_xml_node *node)
{
    bool on = xfsm_load_attr_on(load, node, "status");

    if (load->parse.dialect > 1 && !xfsm_xml_attr(node, "status")) {
        LOAD_WARN(load, "it is off: write status=\"on\", or \"off\" if that "
                  "is meant");
    }
    return on;
}

static void
load_detector(struct xfsm_load *load, const struct xfsm_xml_node *node,
              struct xfsm_metric *metric)
{
    const char *slave;
    char hint[XFSM_HINT_MAX];

    metric->vd_on = load_status(load, node);
    metric->vd_size = (uint8_t) xfsm_load_attr_uint(load, node, "size",
                                                    XFSM_DEFAULT_SIZE, 6, 28);
    metric->vd_nhash = (uint8_t) xfsm_load_attr_uint(load, node, "nhash",
                                                     XFSM_DEFAULT_NHASH, 1,
                                                     16);
    xfsm_load_memory(load, node, "size", &metric->vd_memory);
    xfsm_load_attr_seconds(load, node, "reset_after",
                           &metric->vd_reset_after);
    slave = xfsm_load_attr(load, node, "slave");
    if (!slave) {
        return;
    }
    metric->vd_slave = xfsm_parse_find_metric(&load->parse, slave,
                                              strlen(slave));
    if (metric->vd_slave == XFSM_NONE) {
        LOAD_ERROR(load, "\"%.*s\" is not a metric%s",
                   xfsm_parse_excerpt(strlen(slave)), slave,
                   xfsm_parse_hint(&load->parse, XFSM_PK_METRIC, slave,
                                   strlen(slave), hint));
    } else if (&load->parse.program->metrics[metric->vd_slave] == metric) {
        LOAD_ERROR(load, "a metric cannot be its own slave; name another one");
    }
}

static const struct monitor_name {
    const char *name;
    enum xfsm_monitor_type type;
} monitor_names[] = {
    { "dleft", XFSM_MON_DLEFT },
    { "tewma", XFSM_MON_TEWMA },
    { "tewma-fast", XFSM_MON_TEWMA },
    { "simple", XFSM_MON_SIMPLE },
    { "distinct", XFSM_MON_DISTINCT },
    { "countmin", XFSM_MON_COUNTMIN },
    { "rate", XFSM_MON_RATE },
    { "quantile", XFSM_MON_QUANTILE },
    { "topk", XFSM_MON_TOPK },
};

#define N_MONITOR_NAMES (sizeof monitor_names / sizeof *monitor_names)

static void
report_type(struct xfsm_load *load, const char *type)
{
    static const char known[] = XFSM_XML_MONITOR_TYPES;
    struct xfsm_nearest nearest;
    char buf[XFSM_MAX_NAME + 1];
    size_t len = strlen(type);

    xfsm_nearest_init(&nearest, type, len);
    xfsm_nearest_offer_list(&nearest, known, buf, sizeof buf);
    LOAD_ERROR(load, "unknown type \"%.*s\"; %s%s%s",
               xfsm_parse_excerpt(len), type,
               nearest.best ? "did you mean \""
               : load->parse.dialect == 1
               ? "it is dleft, tewma, tewma-fast or simple"
               : "it is dleft, tewma, tewma-fast, simple, distinct, countmin, "
               "rate, quantile or topk",
               nearest.best ? nearest.best : "",
               nearest.best ? "\"?" : "");
}

/* Reads "type"; 'window' tells whether a window is given. */
static enum xfsm_monitor_type
load_monitor_type(struct xfsm_load *load, const struct xfsm_xml_node *node,
                  bool on, bool window)
{
    const char *type = xfsm_load_attr(load, node, "type");
    size_t i;

    if (!type) {
        if (on && window) {
            LOAD_NOTE(load, "no \"type\", but a window: a decaying rate "
                      "(\"tewma\") is meant");
        }
        return window ? XFSM_MON_TEWMA : XFSM_MON_DLEFT;
    }
    for (i = 0; i < N_MONITOR_NAMES; i++) {
        if (strcasecmp(type, monitor_names[i].name)) {
            continue;
        } else if (monitor_names[i].type >= XFSM_MON_DISTINCT
                   && load->parse.dialect == 1) {
            LOAD_ERROR(load, "type \"%s\" is of dialect 2, whose root is "
                       "<xfsm>, not <%s>", type, load->root->name);
            return XFSM_MON_DLEFT;
        }
        return monitor_names[i].type;
    }
    report_type(load, type);
    return XFSM_MON_DLEFT;
}

/* Reads "insert_value": a number or the name of a numeric field. */
static void
load_insert_value(struct xfsm_load *load, const struct xfsm_xml_node *node,
                  struct xfsm_metric *metric)
{
    const char *value = xfsm_load_attr(load, node, "insert_value");
    char hint[XFSM_HINT_MAX];
    size_t len;
    int field;

    metric->vm_insert_value = 1;
    if (!value || xfsm_number_parse(value, &metric->vm_insert_value)) {
        return;
    } else if (xfsm_parse_is_param(&load->parse, value)) {
        xfsm_parse_param(&load->parse, value, &metric->vm_insert_value);
        return;
    }
    len = strlen(value);
    field = xfsm_parse_find_field(&load->parse, value, len);
    if (field < 0) {
        LOAD_ERROR(load, "\"%.*s\" is neither a number nor a field%s",
                   xfsm_parse_excerpt(len), value,
                   xfsm_parse_hint(&load->parse, XFSM_PK_NUMERIC_FIELD,
                                   value, len, hint));
    } else if (xfsm_fields[field].type != XFSM_FT_UINT) {
        LOAD_ERROR(load, "field \"%s\" is not a number; a metric adds numbers",
                   xfsm_fields[field].name);
    } else {
        metric->vm_insert_is_field = true;
        metric->vm_insert_field = (uint8_t) field;
    }
}

/* Reads "repeat_value", of dialect 2. */
static void
load_repeat_value(struct xfsm_load *load, const struct xfsm_xml_node *node,
                  struct xfsm_metric *metric)
{
    const char *value = load->parse.dialect > 1
                        ? xfsm_load_attr(load, node, "repeat_value") : NULL;

    if (value) {
        xfsm_load_number(load, value, &metric->vm_repeat_value);
    }
}

/* Notes that a monitor of items adds no numbers. */
static void
review_amounts(struct xfsm_load *load, const struct xfsm_xml_node *node,
               struct xfsm_metric *metric)
{
    static const char *const amounts[] = { "insert_value", "repeat_value" };

    for (size_t i = 0; i < sizeof amounts / sizeof *amounts; i++) {
        if (metric->vm_type == XFSM_MON_DISTINCT
            && xfsm_load_attr(load, node, amounts[i])) {
            LOAD_NOTE(load, "a \"distinct\" adds items, which vm_item of "
                      "<use-metric> names: it has no effect here");
            metric->vm_repeat_value = 0;
        }
    }
}

static void
load_window(struct xfsm_load *load, const struct xfsm_xml_node *node,
            struct xfsm_metric *metric)
{
    uint64_t other = 0;
    bool given = xfsm_load_attr_seconds(load, node, "window",
                                        &metric->vm_window);
    bool other_given = xfsm_load_attr_seconds(load, node, "time_window",
                                              &other);

    if (given && other_given && other != metric->vm_window) {
        LOAD_ERROR(load, "\"time_window\" is another name of \"window\"; "
                   "give one of them");
    }
    if (!given) {
        metric->vm_window = other_given ? other : XFSM_DEFAULT_WINDOW;
        given = other_given;
    }
    metric->vm_type = load_monitor_type(load, node, metric->vm_on, given);
    xfsm_load_attr(load, node,
                   xfsm_xml_attr(node, "window") ? "window" : "time_window");
    if (!metric->vm_window) {
        LOAD_ERROR(load, "a window of 0 s; it must be longer");
        metric->vm_window = XFSM_DEFAULT_WINDOW;
    } else if (!metric->vm_on) {
        return;
    } else if (metric->vm_type >= XFSM_MON_DISTINCT) {
        if (metric->vm_window < XFSM_MIN_WINDOW) {
            LOAD_ERROR(load, "a window of less than 0.001 s; it must be "
                       "longer");
        }
    } else if (metric->vm_type != XFSM_MON_TEWMA && given) {
        LOAD_NOTE(load, "a \"dleft\" or \"simple\" has no window: it has no "
                  "effect here");
    } else if (metric->vm_type == XFSM_MON_TEWMA
               && metric->vm_window <= UINT64_C(6000000000)) {
        LOAD_NOTE(load, "a window of 6 s or less decays by exp(-1/window) a "
                  "second");
    }
}

/* Reads "quantile", and checks that there is a value for one. */
static void
load_quantile(struct xfsm_load *load, const struct xfsm_xml_node *node,
              struct xfsm_metric *metric)
{
    const char *text = load->parse.dialect > 1
                       ? xfsm_load_attr(load, node, "quantile") : NULL;

    if (metric->vm_type != XFSM_MON_QUANTILE) {
        if (text) {
            LOAD_ERROR(load, "only a monitor of type \"quantile\" has one");
        }
        return;
    } else if (!text) {
        xfsm_load_at(load, node);
        LOAD_ERROR(load, "a \"quantile\" needs to know which: "
                   "quantile=\"0.95\", for example");
    } else if (xfsm_load_number(load, text, &metric->vm_quantile)
               && !(metric->vm_quantile >= 0 && metric->vm_quantile <= 1)) {
        LOAD_ERROR(load, "\"%.*s\" is not a number from 0 to 1",
                   xfsm_parse_excerpt(strlen(text)), text);
        metric->vm_quantile = 0;
    }
    if (!xfsm_load_attr(load, node, "insert_value")) {
        xfsm_load_at(load, node);
        LOAD_ERROR(load, "a \"quantile\" is one of values: name the field "
                   "that has them, insert_value=\"len\" for example");
    }
}

/* Reads "memory", "ttl" and "on-full", as far as the type has them. */
static void
load_monitor_room(struct xfsm_load *load, const struct xfsm_xml_node *node,
                  struct xfsm_metric *metric)
{
    static const char *const keyed[] = { "on-full", "ttl" };

    xfsm_load_room(load, node, "size", &metric->vm_room);
    for (size_t i = 0; i < sizeof keyed / sizeof *keyed; i++) {
        bool has_keys = metric->vm_type != XFSM_MON_TEWMA
                        && metric->vm_type != XFSM_MON_SIMPLE
                        && metric->vm_type != XFSM_MON_COUNTMIN;

        if (load->parse.dialect < 2
            || !xfsm_load_attr(load, node, keyed[i])) {
            continue;
        } else if (!i && metric->vm_type == XFSM_MON_TOPK) {
            LOAD_ERROR(load, "has no effect on a \"topk\", where the key "
                       "that has the least makes room");
        } else if (!has_keys) {
            LOAD_ERROR(load, "has no effect on this type of monitor, which "
                       "stores no keys");
        } else if (i && metric->vm_type != XFSM_MON_DLEFT) {
            LOAD_ERROR(load, "only a \"dleft\" has one: this type of monitor "
                       "forgets by its window");
        }
    }
    if (metric->vm_room.memory && metric->vm_type == XFSM_MON_SIMPLE) {
        xfsm_load_attr(load, node, "memory");
        LOAD_ERROR(load, "a \"simple\" is one number; it takes no memory");
        metric->vm_room.memory = 0;
    }
}

static void
load_monitor(struct xfsm_load *load, const struct xfsm_xml_node *node,
             struct xfsm_metric *metric)
{
    const struct xfsm_monitor_sizes *sizes;

    metric->vm_on = load_status(load, node);
    load_window(load, node, metric);
    sizes = &xfsm_monitor_sizes[metric->vm_type];
    metric->vm_size = (uint8_t) xfsm_load_attr_uint(load, node, "size",
                                                    sizes->initial,
                                                    sizes->min, sizes->max);
    xfsm_load_attr_uint(load, node, "nhash", XFSM_DEFAULT_NHASH, 1, 64);
    load_insert_value(load, node, metric);
    load_repeat_value(load, node, metric);
    load_monitor_room(load, node, metric);
    review_amounts(load, node, metric);
    load_quantile(load, node, metric);
}

static void
load_metric(struct xfsm_load *load, const struct xfsm_xml_node *node,
            struct xfsm_metric *metric)
{
    const struct xfsm_xml_node *child;

    metric->vd_size = metric->vm_size = XFSM_DEFAULT_SIZE;
    metric->vd_nhash = XFSM_DEFAULT_NHASH;
    metric->vd_slave = XFSM_NONE;
    metric->vm_window = XFSM_DEFAULT_WINDOW;
    metric->vm_insert_value = 1;

    child = xfsm_load_only_child(load, node, "variation_detector");
    if (child) {
        load_detector(load, child, metric);
    }
    child = xfsm_load_only_child(load, node, "variation_monitor");
    if (child) {
        load_monitor(load, child, metric);
    }
}

/* Reports slaves that have no filters to swap. */
static void
check_slaves(struct xfsm_load *load)
{
    const struct xfsm_program *program = load->parse.program;
    int i;

    for (i = 0; i < program->n_metrics; i++) {
        struct xfsm_metric *metric = &program->metrics[i];
        const struct xfsm_xml_node *node;

        if (metric->vd_slave == XFSM_NONE) {
            continue;
        }
        node = xfsm_load_child(load->metrics[i], "variation_detector");
        xfsm_load_attr(load, node, "slave");
        if (!metric->vd_on || !program->metrics[metric->vd_slave].vd_on) {
            LOAD_WARN(load, "\"slave\" has no effect: the detector of "
                      "\"%s\" is off", !metric->vd_on ? metric->name
                      : program->metrics[metric->vd_slave].name);
            metric->vd_slave = XFSM_NONE;
        }
    }
}

/* Reports that what repeated keys add is never added, for want of a detector
 * that tells them. */
static void
check_repeats(struct xfsm_load *load)
{
    const struct xfsm_program *program = load->parse.program;

    for (int i = 0; i < program->n_metrics; i++) {
        struct xfsm_metric *metric = &program->metrics[i];

        if (metric->vm_repeat_value != 0
            && !(metric->vd_on && metric->vm_on)) {
            xfsm_load_attr(load, xfsm_load_child(load->metrics[i],
                                                 "variation_monitor"),
                           "repeat_value");
            LOAD_WARN(load, "\"repeat_value\" has no effect: the %s of \"%s\" "
                      "is off", metric->vm_on ? "detector" : "monitor",
                      metric->name);
            metric->vm_repeat_value = 0;
        }
    }
}

void
xfsm_load_metrics(struct xfsm_load *load)
{
    struct xfsm_program *program = load->parse.program;
    int i;

    for (i = 0; i < program->n_metrics; i++) {
        load_metric(load, load->metrics[i], &program->metrics[i]);
    }
    check_slaves(load);
    check_repeats(load);
}
