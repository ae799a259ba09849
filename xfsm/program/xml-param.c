/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "xfsm/program/lexer.h"
#include "xfsm/program/xml-load.h"

/* Reads the number of attribute 'name'; 'value' if it is absent or none. */
static double
load_constant(struct xfsm_load *load, const struct xfsm_xml_node *node,
              const char *name, double value)
{
    const char *text = xfsm_load_attr(load, node, name);

    if (text && !xfsm_number_parse(text, &value)) {
        LOAD_ERROR(load, "\"%.*s\" is not a number",
                   xfsm_parse_excerpt(strlen(text)), text);
    }
    return value;
}

/* Writes why 'param' cannot be 'value' to 'buf'; false if it can. */
static bool
explain_range(const struct xfsm_param *param, double value, char *buf,
              size_t size)
{
    bool low = value < param->min;

    if (!low && !(value > param->max)) {
        return false;
    }
    snprintf(buf, size, "cannot be %.15g: it is at %s %.15g%s%.*s", value,
             low ? "least" : "most", low ? param->min : param->max,
             *param->unit ? " " : "", XFSM_MAX_NAME, param->unit);
    return true;
}

/* Reports a name that means something else already. */
static void
check_name(struct xfsm_load *load, const struct xfsm_xml_node *node,
           const char *name)
{
    size_t len = strlen(name);
    const char *other
        = xfsm_parse_find_metric(&load->parse, name, len) != XFSM_NONE
          ? "metric"
          : xfsm_parse_find_table(&load->parse, name, len) != XFSM_NONE
          ? "table"
          : xfsm_parse_find_feature(&load->parse, name, len) != XFSM_NONE
          ? "feature" : NULL;

    xfsm_load_attr(load, node, "name");
    if (other) {
        LOAD_ERROR(load, "there is a %s \"%s\" as well; choose another name",
                   other, name);
    } else if (xfsm_field_lookup(name, len, NULL) >= 0) {
        LOAD_WARN(load, "\"%s\" is a packet field too; in expressions it is "
                  "the parameter", name);
    }
}

static void
load_param(struct xfsm_load *load, const struct xfsm_xml_node *node,
           struct xfsm_param *param)
{
    char reason[256];

    check_name(load, node, param->name);
    param->unit = xfsm_load_attr_copy(load, node, "unit", XFSM_MAX_NAME);
    param->description = xfsm_load_attr_copy(load, node, "description",
                                             XFSM_MAX_TEXT);
    param->min = load_constant(load, node, "min", -INFINITY);
    param->max = load_constant(load, node, "max", INFINITY);
    if (param->min > param->max) {
        LOAD_ERROR(load, "\"max\" is less than \"min\"");
    }
    xfsm_load_attr_required(load, node, "default", "a number");
    param->initial = load_constant(load, node, "default", 0);
    if (xfsm_xml_attr(node, "default") && param->min <= param->max
        && explain_range(param, param->initial, reason, sizeof reason)) {
        LOAD_ERROR(load, "the default %s", reason);
    }
    param->value = param->initial;
}

struct xfsm_param *
xfsm_load_find_param(struct xfsm_load *load, const char *name)
{
    const struct xfsm_program *program = load->parse.program;
    size_t len = strlen(name);
    uint16_t index = xfsm_parse_find_param(&load->parse, name, len);
    char hint[XFSM_HINT_MAX];

    if (index != XFSM_NONE) {
        return &program->params[index];
    }
    LOAD_ERROR(load, "there is no parameter \"%.*s\" to be set%s",
               xfsm_parse_excerpt(len), name, !program->n_params
               ? "; the program has none"
               : xfsm_parse_hint(&load->parse, XFSM_PK_PARAM, name, len,
                                 hint));
    return NULL;
}

bool
xfsm_load_setting(struct xfsm_load *load, const struct xfsm_param *param,
                  const char *text, double *value)
{
    char reason[256];
    double number;

    if (!xfsm_number_parse(text, &number)) {
        LOAD_ERROR(load, "parameter \"%s\" is set to \"%.*s\", which is not "
                   "a number", param->name, xfsm_parse_excerpt(strlen(text)),
                   text);
        return false;
    } else if (explain_range(param, number, reason, sizeof reason)) {
        LOAD_ERROR(load, "parameter \"%s\" %s", param->name, reason);
        return false;
    }
    *value = number;
    return true;
}

void
xfsm_load_params(struct xfsm_load *load)
{
    struct xfsm_program *program = load->parse.program;
    size_t i;

    for (i = 0; i < (size_t) program->n_params; i++) {
        load_param(load, load->params[i], &program->params[i]);
    }
    for (i = 0; i < load->n_settings; i++) {
        const struct xfsm_setting *setting = &load->settings[i];
        struct xfsm_param *param;

        xfsm_load_at(load, load->root);
        param = xfsm_load_find_param(load, setting->name);
        if (param) {
            xfsm_load_setting(load, param, setting->value, &param->value);
        }
    }
}
