/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include <inttypes.h>
#include <string.h>

#include "xfsm/program/lexer.h"
#include "xfsm/program/xml-load.h"
#include "xfsm/program/xml-schema.h"

/* True if 'path' stays below the folder that it is looked for in. */
static bool
is_relative(const char *path)
{
    const char *p = path;

    if (*p == '/') {
        return false;
    }
    for (;;) {
        size_t n = strcspn(p, "/");

        if (n == 2 && p[0] == '.' && p[1] == '.') {
            return false;
        } else if (!p[n]) {
            return true;
        }
        p += n + 1;
    }
}

/* Reads "count": "N", or "N+" for at least N. */
static void
load_count(struct xfsm_load *load, const struct xfsm_xml_node *node,
           struct xfsm_expect *expect)
{
    const char *text = xfsm_load_attr(load, node, "count");
    char digits[XFSM_MAX_NAME + 1];
    size_t n;

    expect->min = 1;
    expect->max = UINT64_MAX;
    if (!text) {
        return;
    }
    n = strspn(text, "0123456789");
    if (!n || n > XFSM_MAX_NAME || strcmp(text + n, text[n] ? "+" : "")) {
        LOAD_ERROR(load, "\"%.*s\" is not a number of events: \"3\", or "
                   "\"3+\" for at least 3",
                   xfsm_parse_excerpt(strlen(text)), text);
        return;
    }
    memcpy(digits, text, n);
    digits[n] = '\0';
    if (!xfsm_number_parse_uint(digits, &expect->min)) {
        LOAD_ERROR(load, "the number is too large");
    } else if (!text[n]) {
        expect->max = expect->min;
    }
}

static void
load_expect(struct xfsm_load *load, const struct xfsm_xml_node *node,
            struct xfsm_expect *expect)
{
    const char *label;

    expect->line = node->line;
    label = xfsm_load_attr_required(load, node, "label", "the label of the "
                                    "events meant, as \"alert\"");
    if (label && !xfsm_names_is_label(label)) {
        LOAD_ERROR(load, "\"%.*s\" is not a label: letters, digits, \"_\", "
                   "\"-\" and \".\", at most %d",
                   xfsm_parse_excerpt(strlen(label)), label, XFSM_MAX_NAME);
    }
    expect->label = label ? xfsm_arena_strdup(load->arena, label) : "";
    expect->state = xfsm_load_attr_state(load, node, "state");
    expect->key = xfsm_load_attr_copy(load, node, "key", XFSM_MAX_TEXT);
    if (!strcmp(node->name, "expect")) {
        load_count(load, node, expect);
    }
}

static void
load_expects(struct xfsm_load *load, const struct xfsm_xml_node *node,
             struct xfsm_test *test)
{
    int n = xfsm_load_count(node, "expect")
            + xfsm_load_count(node, "expect-none");
    const struct xfsm_xml_node *child;

    if (!n) {
        xfsm_load_at(load, node);
        LOAD_ERROR(load, "the test expects nothing; write <expect "
                   "label=\"alert\"/> or <expect-none label=\"alert\"/>");
    } else if (n > XFSM_MAX_EXPECTS) {
        xfsm_load_at(load, node);
        LOAD_ERROR(load, "%d expectations; the limit is %d", n,
                   XFSM_MAX_EXPECTS);
        return;
    }
    test->expects = xfsm_arena_array(load->arena, (size_t) n,
                                     sizeof *test->expects);
    for (child = node->children; child; child = child->next) {
        load_expect(load, child, &test->expects[test->n_expects++]);
    }
}

/* Loads the values of parameters that attributes "param.NAME" set. */
static void
load_settings(struct xfsm_load *load, const struct xfsm_xml_node *node,
              struct xfsm_test *test)
{
    size_t prefix = strlen(XFSM_XML_SETTING);
    int i;

    test->settings = xfsm_arena_array(load->arena, (size_t) node->n_attrs,
                                      sizeof *test->settings);
    for (i = 0; i < node->n_attrs; i++) {
        const struct xfsm_xml_attr *attr = &node->attrs[i];
        struct xfsm_setting *setting;
        const struct xfsm_param *param;
        double value;

        if (strncmp(attr->name, XFSM_XML_SETTING, prefix)) {
            continue;
        }
        xfsm_load_attr(load, node, attr->name);
        param = xfsm_load_find_param(load, attr->name + prefix);
        if (param && xfsm_load_setting(load, param, attr->value, &value)) {
            setting = &test->settings[test->n_settings++];
            setting->name = param->name;
            setting->value = xfsm_arena_strdup(load->arena, attr->value);
        }
    }
}

/* Reads "with": names of programs, with blanks between them. */
static const char *
load_with(struct xfsm_load *load, const struct xfsm_xml_node *node)
{
    const char *with = xfsm_load_attr_copy(load, node, "with",
                                           XFSM_MAX_TEXT);
    const char *s = with;
    int n = 0;

    while (*(s += strspn(s, " "))) {
        size_t len = strcspn(s, " ");
        char *name = xfsm_arena_strndup(load->arena, s, len);

        if (!xfsm_names_is_label(name)) {
            LOAD_ERROR(load, "\"%.*s\" is not the name of a program",
                       xfsm_parse_excerpt(len), name);
        } else if (++n > XFSM_MAX_TEST_PROGRAMS) {
            LOAD_ERROR(load, "more than %d programs",
                       XFSM_MAX_TEST_PROGRAMS);
            break;
        }
        s += len;
    }
    return with;
}

static void
load_test(struct xfsm_load *load, const struct xfsm_xml_node *node,
          struct xfsm_test *test)
{
    const char *capture;
    int i;

    test->line = node->line;
    xfsm_load_attr_required(load, node, "name", "what the test shows");
    test->name = xfsm_load_attr_copy(load, node, "name", XFSM_MAX_TEXT);
    for (i = 0; i < load->parse.program->n_tests; i++) {
        const struct xfsm_test *other = &load->parse.program->tests[i];

        if (other != test && *test->name && !strcmp(other->name, test->name)) {
            LOAD_ERROR(load, "the test on line %d has this name", other->line);
        }
    }
    capture = xfsm_load_attr_required(load, node, "capture", "the path of a "
                                      "capture file");
    if (capture && !is_relative(capture)) {
        LOAD_ERROR(load, "a capture's path is relative and without \"..\": it "
                   "is looked for beside the program and in the folder of "
                   "captures");
    }
    test->capture = xfsm_load_attr_copy(load, node, "capture",
                                        XFSM_MAX_PATH);
    test->with = load_with(load, node);
    load_settings(load, node, test);
    load_expects(load, node, test);
}

void
xfsm_load_tests(struct xfsm_load *load)
{
    struct xfsm_program *program = load->parse.program;
    int n = xfsm_load_count(load->root, "test");
    const struct xfsm_xml_node *child;

    if (n > XFSM_MAX_TESTS) {
        xfsm_load_at(load, load->root);
        LOAD_ERROR(load, "%d <test> elements; the limit is %d", n,
                   XFSM_MAX_TESTS);
        return;
    }
    program->tests = xfsm_arena_array(load->arena, (size_t) n,
                                      sizeof *program->tests);
    XFSM_LOAD_FOR_EACH (child, load->root, "test") {
        load_test(load, child, &program->tests[program->n_tests++]);
    }
}
