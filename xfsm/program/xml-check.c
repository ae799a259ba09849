/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include <stdio.h>
#include <string.h>

#include "xfsm/program/xml-load.h"
#include "xfsm/program/xml-schema.h"

/* Of the original's internals. */
static const char internals[] = "additional_block feed streamon socket";

/* Reports element 'node', which is known but has no place in its parent. */
static void
report_misplaced(struct xfsm_load *load, const struct xfsm_xml_node *node,
                 const struct xfsm_xml_element_spec *element)
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
    const struct xfsm_xml_element_spec *element, *e;
    struct xfsm_nearest nearest;
    size_t n = strlen(node->name);

    element = xfsm_xml_find_element(node->name);

    xfsm_load_at(load, node);
    if (xfsm_names_in_list(internals, node->name, n)) {
        xfsm_parse_warn(&load->parse, "<%s> belongs to the internals of the "
                        "original and has no effect", node->name);
        return;
    } else if (element && element->dialect > load->parse.dialect) {
        xfsm_parse_report(&load->parse, XFSM_DIAG_ERROR, "<%s> is of dialect "
                          "2, whose root is <xfsm>, not <%s>", node->name,
                          load->root->name);
        return;
    } else if (element) {
        report_misplaced(load, node, element);
        return;
    }
    xfsm_nearest_init(&nearest, node->name, n);
    for (e = xfsm_xml_elements; e->name && !xfsm_parse_full(&load->parse);
         e++) {
        xfsm_nearest_offer(&nearest, e->name);
    }
    xfsm_parse_report(&load->parse, XFSM_DIAG_ERROR,
                      "unknown element <%s>%s%s%s", node->name,
                      nearest.best ? "; did you mean <" : "",
                      nearest.best ? nearest.best : "",
                      nearest.best ? ">?" : "");
}

/* Reports attribute 'attr', which is not one of 'known' or, if it is, of a
 * later dialect. */
static void
report_attr(struct xfsm_load *load, const struct xfsm_xml_node *node,
            const struct xfsm_xml_attr *attr,
            const struct xfsm_xml_attr_spec *known)
{
    enum xfsm_diag_level level = load->parse.dialect == 1
                                 ? XFSM_DIAG_WARNING : XFSM_DIAG_ERROR;
    struct xfsm_nearest nearest;

    xfsm_load_at(load, node);
    load->parse.place.attr = attr->name;
    load->parse.place.line = attr->line;
    if (xfsm_xml_find_attr(known, attr->name)) {
        xfsm_parse_report(&load->parse, level, "attribute \"%s\" is of "
                          "dialect 2, whose root is <xfsm>, and has no "
                          "effect", attr->name);
        return;
    }
    xfsm_nearest_init(&nearest, attr->name, strlen(attr->name));
    for (; known->name && !xfsm_parse_full(&load->parse); known++) {
        xfsm_nearest_offer(&nearest, known->name);
    }
    xfsm_parse_report(&load->parse, level, "unknown attribute \"%s\"%s%s%s%s",
                      attr->name,
                      load->parse.dialect == 1 ? " has no effect" : "",
                      nearest.best ? "; did you mean \"" : "",
                      nearest.best ? nearest.best : "",
                      nearest.best ? "\"?" : "");
}

/* Checks the attributes of 'node', of which 'known' are allowed and, with
 * 'settings', those that set a parameter. */
static void
check_attrs(struct xfsm_load *load, const struct xfsm_xml_node *node,
            const struct xfsm_xml_attr_spec *known, bool settings)
{
    int i;

    for (i = 0; i < node->n_attrs; i++) {
        const struct xfsm_xml_attr *attr = &node->attrs[i];
        const struct xfsm_xml_attr_spec *spec;

        spec = xfsm_xml_find_attr(known, attr->name);
        if ((!spec || spec->dialect > load->parse.dialect)
            && (attr->value[0] || load->parse.dialect > 1)
            && !(settings && !strncmp(attr->name, XFSM_XML_SETTING,
                                      strlen(XFSM_XML_SETTING)))) {
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

/* True if an element may stand in 'parent'. */
static bool
has_place(const struct xfsm_load *load,
          const struct xfsm_xml_element_spec *element, const char *parent)
{
    size_t n = strlen(parent);

    return element->dialect <= load->parse.dialect
           && (xfsm_names_in_list(element->parents, parent, n)
               || xfsm_names_in_list(element->old_parents, parent, n));
}

/* Checks the children of 'node', which is 'parent' in the table of elements,
 * and those in them.  Recursion is bounded by XFSM_MAX_XML_DEPTH. */
static void
check_children(struct xfsm_load *load, struct xfsm_xml_node *node,
               const char *parent)
{
    struct xfsm_xml_node **link = &node->children;

    while (*link) {
        struct xfsm_xml_node *child = *link;
        const struct xfsm_xml_element_spec *element;

        element = xfsm_xml_find_element(child->name);
        if (!element || !has_place(load, element, parent)) {
            report_element(load, child);
            *link = child->next;
            continue;
        }
        check_attrs(load, child, element->attrs, element->settings);
        check_text(load, child);
        check_children(load, child, element->name);
        link = &child->next;
    }
}

void
xfsm_load_check(struct xfsm_load *load)
{
    static const struct xfsm_xml_attr_spec none[] = { { .name = NULL } };

    check_attrs(load, load->root, load->parse.dialect == 1 ? none
                : xfsm_xml_root_attrs, false);
    check_text(load, load->root);
    check_children(load, load->root, "/");
}
