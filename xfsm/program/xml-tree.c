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

#include <libxml/SAX2.h>
#include <libxml/parser.h>

#include "xfsm/program/model.h"
#include "xfsm/program/xml-scan.h"

/* Different names among the children of one element that are counted for
 * paths. */
#define MAX_SIBLING_NAMES 32

/* Longest piece of text that is kept for a message. */
#define MAX_TEXT_KEPT 80

struct build {
    struct xfsm_arena *arena;
    struct xfsm_diags *diags;
    const int *lines;           /* Of tags and attributes, in order... */
    size_t n_lines;             /* ...those not used yet. */
    struct xfsm_xml_node *root;
    struct xfsm_xml_node *node; /* The open element. */
    struct xfsm_xml_node **tails[XFSM_MAX_XML_DEPTH];   /* Where the next
                                 * child of each open element goes. */
    int depth;                  /* Number of open elements. */
    bool refused;
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

static int
take_line(struct build *build)
{
    if (!build->n_lines) {
        return 0;
    }
    build->n_lines--;
    return *build->lines++;
}

/* Stops libxml2 at something that the scan should not have let through. */
static void
refuse(xmlParserCtxtPtr ctxt, const char *what)
{
    struct build *build = ctxt->_private;

    if (!build->refused) {
        build->refused = true;
        xfsm_diags_add(build->diags, XFSM_DIAG_ERROR,
                       xmlSAX2GetLineNumber(ctxt), "", "%s; a program is "
                       "elements and attributes alone", what);
    }
    xmlStopParser(ctxt);
}

/* Returns a copy of the 'len' bytes at 's' without blanks around it.  libxml2
 * leaves one reference in attributes, that to "&" itself, as "&#38;". */
static char *
copy_value(struct build *build, const char *s, size_t len)
{
    static const char reference[] = "&#38;";
    const size_t n_reference = sizeof reference - 1;
    char *copy, *out;

    while (len && is_blank(s[0])) {
        s++;
        len--;
    }
    while (len && is_blank(s[len - 1])) {
        len--;
    }
    copy = out = xfsm_arena_strndup(build->arena, s, len);
    if (memchr(s, '&', len)) {
        const char *end = s + len;

        while (s < end) {
            bool is_reference = (size_t) (end - s) >= n_reference
                                && !memcmp(s, reference, n_reference);

            *out++ = *s;
            s += is_reference ? n_reference : 1;
        }
        *out = '\0';
    }
    return copy;
}

/* Reads what libxml2 gives as attributes: for each its name, prefix, URI, and
 * the start and end of its value. */
static void
build_attrs(struct build *build, struct xfsm_xml_node *node, int n,
            const xmlChar **attrs)
{
    int i;

    node->attrs = xfsm_arena_array(build->arena, (size_t) n,
                                   sizeof *node->attrs);
    for (i = 0; i < n; i++, attrs += 5) {
        struct xfsm_xml_attr *attr = &node->attrs[i];

        attr->line = take_line(build);
        attr->name = xfsm_arena_strdup(build->arena,
                                       (const char *) attrs[0]);
        attr->value = copy_value(build, (const char *) attrs[3],
                                 (size_t) (attrs[4] - attrs[3]));
    }
    node->n_attrs = n;
}

static void
on_start(void *ctxt_, const xmlChar *name, const xmlChar *prefix,
         const xmlChar *uri, int n_namespaces, const xmlChar **namespaces,
         int n_attrs, int n_defaulted, const xmlChar **attrs)
{
    xmlParserCtxtPtr ctxt = ctxt_;
    struct build *build = ctxt->_private;
    struct xfsm_xml_node *node;

    (void) namespaces;
    if (prefix || uri || n_namespaces || n_defaulted) {
        refuse(ctxt, "an XML namespace");
        return;
    } else if (build->depth >= XFSM_MAX_XML_DEPTH) {
        refuse(ctxt, "elements nested too deep");
        return;
    }
    node = xfsm_arena_alloc(build->arena, sizeof *node);
    node->name = xfsm_arena_strdup(build->arena, (const char *) name);
    node->line = take_line(build);
    node->index = 1;
    node->parent = build->node;
    build_attrs(build, node, n_attrs, attrs);

    if (build->depth) {
        *build->tails[build->depth - 1] = node;
        build->tails[build->depth - 1] = &node->next;
    } else {
        build->root = node;
    }
    build->tails[build->depth++] = &node->children;
    build->node = node;
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

static void
on_end(void *ctxt_, const xmlChar *name, const xmlChar *prefix,
       const xmlChar *uri)
{
    xmlParserCtxtPtr ctxt = ctxt_;
    struct build *build = ctxt->_private;

    (void) name;
    (void) prefix;
    (void) uri;
    if (build->node) {
        number_children(build->node);
        build->node = build->node->parent;
        build->depth--;
    }
}

static void
on_text(void *ctxt_, const xmlChar *text, int len)
{
    xmlParserCtxtPtr ctxt = ctxt_;
    struct build *build = ctxt->_private;

    while (len && is_blank((char) *text)) {
        text++;
        len--;
    }
    if (len && build->node && !build->node->text) {
        build->node->text = copy_value(build, (const char *) text,
                                       len < MAX_TEXT_KEPT ? (size_t) len
                                       : MAX_TEXT_KEPT);
    }
}

static void
on_instruction(void *ctxt, const xmlChar *target, const xmlChar *data)
{
    (void) target;
    (void) data;
    refuse(ctxt, "a processing instruction");
}

static void
on_reference(void *ctxt, const xmlChar *name)
{
    (void) name;
    refuse(ctxt, "an entity");
}

static void
on_subset(void *ctxt, const xmlChar *name, const xmlChar *id,
          const xmlChar *uri)
{
    (void) name;
    (void) id;
    (void) uri;
    refuse(ctxt, "a document type");
}

/* Has libxml2 tell this file what it finds, and build nothing itself. */
static void
set_handlers(xmlSAXHandler *sax)
{
    sax->startElementNs = on_start;
    sax->endElementNs = on_end;
    sax->characters = on_text;
    sax->ignorableWhitespace = on_text;
    sax->cdataBlock = on_text;
    sax->comment = NULL;
    sax->processingInstruction = on_instruction;
    sax->reference = on_reference;
    sax->internalSubset = on_subset;
    sax->externalSubset = on_subset;
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
    xmlParserCtxtPtr ctxt;
    bool ok;

    pthread_once(&libxml_once, init_libxml);
    ctxt = xmlNewParserCtxt();
    if (!ctxt) {
        xfsm_diags_add(diags, XFSM_DIAG_ERROR, 0, "", "out of memory");
        return NULL;
    }
    ctxt->_private = &build;
    set_handlers(ctxt->sax);
    xmlFreeDoc(xmlCtxtReadMemory(ctxt, text, (int) len, NULL, "UTF-8",
                                 XML_PARSE_NONET | XML_PARSE_BIG_LINES
                                 | XML_PARSE_NOCDATA | XML_PARSE_NOERROR
                                 | XML_PARSE_NOWARNING));
    ok = ctxt->wellFormed && ctxt->nsWellFormed && !build.refused
         && build.root;
    if (!ok && !build.refused) {
        add_libxml_error(diags, ctxt);
    }
    xmlFreeParserCtxt(ctxt);
    return ok ? build.root : NULL;
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
