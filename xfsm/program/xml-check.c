/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include <stdio.h>
#include <string.h>

#include "xfsm/program/xml-load.h"

/* The elements of programs.  Lists are words separated by blanks. */
static const struct element {
    const char *name;
    const char *parents;        /* "/" is the root. */
    const char *attrs;
} elements[] = {
    { "source", "/", "type name" },
    { "publisher", "/", "protocol ip port" },
    { "statedef", "/", "id timeout next_state" },
    { "metrics", "/", "" },
    { "metric", "/ metrics", "name" },
    { "variation_detector", "metric",
      "status size nhash reset_after slave" },
    { "variation_monitor", "metric",
      "status type window time_window size nhash insert_value life" },
    { "table", "/ metrics",
      "name type key_type value_type nhash shash" },
    { "entry", "table", "key value" },
    { "features", "/", "" },
    { "feature", "/ features", "name body" },
    { "event", "/", "type selector class primary-key attack_type" },
    { "state", "event", "id level code description" },
    { "use-metric", "state",
      "id vd_update vd_get vd_set vm_update vm_get vm_set" },
    { "condition", "state condition", "expression action next_state" },
    { "post-condition-action", "state", "do" },
    { "timeout_set", "condition post-condition-action",
      "class key value primary-key" },
};

#define N_ELEMENTS (sizeof elements / sizeof elements[0])

/* Of the original's internals. */
static const char internals[] = "additional_block feed streamon socket";

/* Of dialect 2, for a later version. */
static const char future_elements[] = "param test";
static const char future_attrs[] = "memory ttl on-full topic attack";

static const struct element *
find_element(const char *name)
{
    size_t i;

    for (i = 0; i < N_ELEMENTS; i++) {
        if (!strcmp(elements[i].name, name)) {
            return &elements[i];
        }
    }
    return NULL;
}

/* Reports element 'node', which is known but has no place in its parent. */
static void
report_misplaced(struct xfsm_load *load, const struct xfsm_xml_node *node,
                 const struct element *element)
{
    const char *list = element->parents;
    char where[128] = "";
    size_t len = 0;

    while (*list) {
        size_t n = strcspn(list, " ");
        bool root = *list == '/';

        len += (size_t) snprintf(where + len, sizeof where - len,
                                 "%s%s%.*s%s", len ? " or " : "",
                                 root ? "the root element" : "<",
                                 root ? 0 : (int) n, list, root ? "" : ">");
        list += n;
        list += *list == ' ';
    }
    xfsm_parse_report(&load->parse, XFSM_DIAG_ERROR,
                      "<%s> has no place in <%s>; it stands in %s",
                      node->name, node->parent->name, where);
}

/* Reports element 'node', which has no place in its parent. */
static void
report_element(struct xfsm_load *load, const struct xfsm_xml_node *node)
{
    const struct element *element = find_element(node->name);
    struct xfsm_nearest nearest;
    size_t n = strlen(node->name), i;

    xfsm_load_at(load, node);
    if (xfsm_names_in_list(internals, node->name, n)) {
        xfsm_parse_warn(&load->parse, "<%s> belongs to the internals of the "
                        "original and has no effect", node->name);
        return;
    } else if (xfsm_names_in_list(future_elements, node->name, n)) {
        xfsm_parse_report(&load->parse, XFSM_DIAG_ERROR, "<%s> is of dialect "
                          "2 and not implemented yet", node->name);
        return;
    } else if (element) {
        report_misplaced(load, node, element);
        return;
    }
    xfsm_nearest_init(&nearest, node->name, n);
    for (i = 0; i < N_ELEMENTS && !xfsm_parse_full(&load->parse); i++) {
        xfsm_nearest_offer(&nearest, elements[i].name);
    }
    xfsm_parse_report(&load->parse, XFSM_DIAG_ERROR,
                      "unknown element <%s>%s%s%s", node->name,
                      nearest.best ? "; did you mean <" : "",
                      nearest.best ? nearest.best : "",
                      nearest.best ? ">?" : "");
}

/* Reports attribute 'attr', which is not one of 'known'. */
static void
report_attr(struct xfsm_load *load, const struct xfsm_xml_node *node,
            const struct xfsm_xml_attr *attr, const char *known)
{
    enum xfsm_diag_level level = load->parse.dialect == 1
                                 ? XFSM_DIAG_WARNING : XFSM_DIAG_ERROR;
    char buf[XFSM_MAX_NAME + 1];
    struct xfsm_nearest nearest;

    xfsm_load_at(load, node);
    load->parse.place.attr = attr->name;
    load->parse.place.line = attr->line;
    if (xfsm_names_in_list(future_attrs, attr->name, strlen(attr->name))) {
        xfsm_parse_report(&load->parse, level, "attribute \"%s\" is of "
                          "dialect 2 and not implemented yet", attr->name);
        return;
    }
    xfsm_nearest_init(&nearest, attr->name, strlen(attr->name));
    if (!xfsm_parse_full(&load->parse)) {
        xfsm_nearest_offer_list(&nearest, known, buf, sizeof buf);
    }
    xfsm_parse_report(&load->parse, level, "unknown attribute \"%s\"%s%s%s%s",
                      attr->name,
                      load->parse.dialect == 1 ? " has no effect" : "",
                      nearest.best ? "; did you mean \"" : "",
                      nearest.best ? nearest.best : "",
                      nearest.best ? "\"?" : "");
}

static void
check_attrs(struct xfsm_load *load, const struct xfsm_xml_node *node,
            const char *known)
{
    int i;

    for (i = 0; i < node->n_attrs; i++) {
        const struct xfsm_xml_attr *attr = &node->attrs[i];

        if (!xfsm_names_in_list(known, attr->name, strlen(attr->name))
            && (attr->value[0] || load->parse.dialect > 1)) {
            report_attr(load, node, attr, known);
        }
    }
}

static void
check_text(struct xfsm_load *load, const struct xfsm_xml_node *node)
{
    if (node->text) {
        xfsm_load_at(load, node);
        xfsm_parse_report(&load->parse, XFSM_DIAG_ERROR, "text in <%s> has "
                          "no meaning: \"%.*s\"; a program says everything "
                          "in attributes", node->name,
                          xfsm_parse_excerpt(strlen(node->text)), node->text);
    }
}

/* Checks the children of 'node', which is 'parent' in the table above, and
 * those in them.  Recursion is bounded by XFSM_MAX_XML_DEPTH. */
static void
check_children(struct xfsm_load *load, struct xfsm_xml_node *node,
               const char *parent)
{
    struct xfsm_xml_node **link = &node->children;

    while (*link) {
        struct xfsm_xml_node *child = *link;
        const struct element *element = find_element(child->name);

        if (!element || !xfsm_names_in_list(element->parents, parent,
                                            strlen(parent))) {
            report_element(load, child);
            *link = child->next;
            continue;
        }
        check_attrs(load, child, element->attrs);
        check_text(load, child);
        check_children(load, child, element->name);
        link = &child->next;
    }
}

void
xfsm_load_check(struct xfsm_load *load)
{
    check_attrs(load, load->root, load->parse.dialect == 1 ? ""
                : "name version description");
    check_text(load, load->root);
    check_children(load, load->root, "/");
}
