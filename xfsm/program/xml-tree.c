/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include "xfsm/program/xml-tree.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <libxml/parser.h>
#include <libxml/tree.h>

#include "xfsm/program/model.h"
#include "xfsm/program/xml-scan.h"

/* Different names among the children of one element that are counted for
 * paths. */
#define MAX_SIBLING_NAMES 32

struct build {
    struct xfsm_arena *arena;
    struct xfsm_diags *diags;
    const int *lines;           /* Of tags and attributes, in order... */
    size_t n_lines;             /* ...those not used yet. */
};

static pthread_once_t libxml_once = PTHREAD_ONCE_INIT;

/* Loads nothing, ever. */
static xmlParserInputPtr
deny_entity(const char *url, const char *id, xmlParserCtxtPtr ctxt)
{
    (void) url;
    (void) id;
    (void) ctxt;
    return NULL;
}

static void
init_libxml(void)
{
    xmlInitParser();
    xmlSetExternalEntityLoader(deny_entity);
}

static bool
is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* Returns a copy of 's' without blanks around it. */
static char *
copy_trimmed(struct build *build, const char *s)
{
    size_t n;

    while (is_blank(*s)) {
        s++;
    }
    n = strlen(s);
    while (n && is_blank(s[n - 1])) {
        n--;
    }
    return xfsm_arena_strndup(build->arena, s, n);
}

static int
take_line(struct build *build)
{
    if (!build->n_lines) {
        return 0;
    }
    build->n_lines--;
    return *build->lines++;
}

static bool
refuse(struct build *build, int line, const char *what)
{
    xfsm_diags_add(build->diags, XFSM_DIAG_ERROR, line, "",
                   "%s; a program is elements and attributes alone", what);
    return false;
}

static bool
build_attrs(struct build *build, struct xfsm_xml_node *node,
            const xmlNode *element)
{
    const xmlAttr *attr;
    int n = 0;

    for (attr = element->properties; attr; attr = attr->next) {
        n++;
    }
    node->attrs = xfsm_arena_array(build->arena, (size_t) n,
                                   sizeof *node->attrs);
    for (attr = element->properties; attr; attr = attr->next) {
        struct xfsm_xml_attr *a = &node->attrs[node->n_attrs++];
        const xmlNode *child;
        xmlChar *value;

        a->line = take_line(build);
        for (child = attr->children; child; child = child->next) {
            if (child->type != XML_TEXT_NODE) {
                return refuse(build, a->line, "an entity in an attribute");
            }
        }
        a->name = xfsm_arena_strdup(build->arena, (const char *) attr->name);
        value = xmlNodeListGetString(element->doc, attr->children, 1);
        a->value = copy_trimmed(build, value ? (const char *) value : "");
        xmlFree(value);
    }
    return true;
}

/* Sets the 'index' of the children of 'node'. */
static void
number_children(struct xfsm_xml_node *node)
{
    struct {
        const char *name;
        int n;
    } seen[MAX_SIBLING_NAMES];
    struct xfsm_xml_node *child;
    int n_seen = 0, i;

    for (child = node->children; child; child = child->next) {
        for (i = 0; i < n_seen && strcmp(seen[i].name, child->name); i++) {
            continue;
        }
        if (i == n_seen && n_seen < MAX_SIBLING_NAMES) {
            seen[n_seen].name = child->name;
            seen[n_seen++].n = 0;
        }
        child->index = i < n_seen ? ++seen[i].n : 0;
    }
}

/* Converts 'element' and what is in it.  Recursion is bounded by
 * XFSM_MAX_XML_DEPTH, which the scan has checked. */
static struct xfsm_xml_node *
build_node(struct build *build, const xmlNode *element,
           struct xfsm_xml_node *parent)
{
    struct xfsm_xml_node *node, **tail;
    const xmlNode *child;

    node = xfsm_arena_alloc(build->arena, sizeof *node);
    node->line = take_line(build);
    node->name = xfsm_arena_strdup(build->arena, (const char *) element->name);
    node->parent = parent;
    node->index = 1;
    if (element->ns || element->nsDef) {
        refuse(build, node->line, "an XML namespace");
        return NULL;
    } else if (!build_attrs(build, node, element)) {
        return NULL;
    }

    tail = &node->children;
    for (child = element->children; child; child = child->next) {
        if (child->type == XML_ELEMENT_NODE) {
            *tail = build_node(build, child, node);
            if (!*tail) {
                return NULL;
            }
            tail = &(*tail)->next;
        } else if (child->type == XML_TEXT_NODE) {
            if (!node->text && !xmlIsBlankNode(child)) {
                node->text = copy_trimmed(build,
                                          (const char *) child->content);
            }
        } else if (child->type != XML_COMMENT_NODE) {
            refuse(build, node->line, "something other than an element");
            return NULL;
        }
    }
    number_children(node);
    return node;
}

/* Adds what libxml2 said last. */
static void
add_libxml_error(struct xfsm_diags *diags, xmlParserCtxtPtr ctxt)
{
    const xmlError *error = xmlCtxtGetLastError(ctxt);
    const char *message = error && error->message ? error->message
                          : "it cannot be parsed";

    xfsm_diags_add(diags, XFSM_DIAG_ERROR, error ? error->line : 0, "",
                   "not well-formed XML: %.*s",
                   (int) strcspn(message, "\n"), message);
}

static struct xfsm_xml_node *
parse_scanned(const char *text, size_t len,
              const struct xfsm_xml_lines *lines, struct xfsm_arena *arena,
              struct xfsm_diags *diags)
{
    struct build build = {
        .arena = arena, .diags = diags, .lines = lines->lines,
        .n_lines = lines->n,
    };
    struct xfsm_xml_node *root = NULL;
    xmlParserCtxtPtr ctxt;
    const xmlNode *element;
    xmlDocPtr doc;

    pthread_once(&libxml_once, init_libxml);
    ctxt = xmlNewParserCtxt();
    if (!ctxt) {
        xfsm_diags_add(diags, XFSM_DIAG_ERROR, 0, "", "out of memory");
        return NULL;
    }
    doc = xmlCtxtReadMemory(ctxt, text, (int) len, NULL, "UTF-8",
                            XML_PARSE_NONET | XML_PARSE_BIG_LINES
                            | XML_PARSE_NOCDATA | XML_PARSE_NOERROR
                            | XML_PARSE_NOWARNING);
    element = doc ? xmlDocGetRootElement(doc) : NULL;
    if (!element || !ctxt->wellFormed || !ctxt->nsWellFormed) {
        add_libxml_error(diags, ctxt);
    } else if (doc->intSubset || doc->extSubset) {
        refuse(&build, 1, "a document type");
    } else {
        root = build_node(&build, element, NULL);
    }
    xmlFreeDoc(doc);
    xmlFreeParserCtxt(ctxt);
    return root;
}

struct xfsm_xml_node *
xfsm_xml_parse(const char *text, size_t len, struct xfsm_arena *arena,
               struct xfsm_diags *diags)
{
    struct xfsm_xml_node *root = NULL;
    struct xfsm_xml_lines lines;

    if (xfsm_xml_scan(text, len, &lines, diags)) {
        root = parse_scanned(text, len, &lines, arena, diags);
        xfsm_xml_lines_destroy(&lines);
    }
    return root;
}

const struct xfsm_xml_attr *
xfsm_xml_attr(const struct xfsm_xml_node *node, const char *name)
{
    int i;

    for (i = 0; i < node->n_attrs; i++) {
        if (!strcmp(node->attrs[i].name, name)) {
            return node->attrs[i].value[0] ? &node->attrs[i] : NULL;
        }
    }
    return NULL;
}

/* True for elements that stand once in their parent, whose number in a path
 * would say nothing. */
static bool
is_single(const char *name)
{
    static const char *const names[] = {
        "source", "publisher", "metrics", "features", "variation_detector",
        "variation_monitor", "post-condition-action",
    };
    size_t i;

    for (i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (!strcmp(names[i], name)) {
            return true;
        }
    }
    return false;
}

static void
append(char *buf, size_t size, size_t *len, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

static void
append(char *buf, size_t size, size_t *len, const char *format, ...)
{
    va_list args;
    int n;

    if (*len + 1 < size) {
        va_start(args, format);
        n = vsnprintf(buf + *len, size - *len, format, args);
        va_end(args);
        *len += n > 0 ? (size_t) n : 0;
    }
}

void
xfsm_xml_path(const struct xfsm_xml_node *node, const char *attr, char *buf,
              size_t size)
{
    const struct xfsm_xml_node *chain[XFSM_MAX_XML_DEPTH];
    size_t len = 0;
    int n = 0;

    buf[0] = '\0';
    for (; node && node->parent && n < XFSM_MAX_XML_DEPTH;
         node = node->parent) {
        chain[n++] = node;
    }
    while (n > 0) {
        const struct xfsm_xml_attr *name;

        node = chain[--n];
        append(buf, size, &len, "%s%s", len ? "/" : "", node->name);
        if (node->index > 1 || (node->index && !is_single(node->name))) {
            append(buf, size, &len, "[%d]", node->index);
        }
        name = xfsm_xml_attr(node, "id");
        name = name ? name : xfsm_xml_attr(node, "name");
        if (name && strcmp(node->name, "source")) {
            append(buf, size, &len, " \"%.*s\"", XFSM_MAX_NAME, name->value);
        }
    }
    if (attr) {
        append(buf, size, &len, "@%s", attr);
    }
}
