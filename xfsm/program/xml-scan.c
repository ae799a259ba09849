/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include "xfsm/program/xml-scan.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "xfsm/program/model.h"

struct tag {
    const char *name;
    int len;
    int line;
};

struct scan {
    const char *p, *end;
    int line;                   /* Of 'p'. */
    bool ascii;                 /* No byte above 0x7f in the document. */
    int depth;
    struct tag open[XFSM_MAX_XML_DEPTH];
    size_t n_elements, n_attributes;
    struct xfsm_xml_lines *lines;
    struct xfsm_diags *diags;
};

#define REFUSE(SCAN, LINE, ...) \
    (xfsm_diags_add((SCAN)->diags, XFSM_DIAG_ERROR, LINE, "", __VA_ARGS__), \
     false)

void
xfsm_xml_lines_destroy(struct xfsm_xml_lines *lines)
{
    free(lines->lines);
    memset(lines, 0, sizeof *lines);
}

static void
note_line(struct xfsm_xml_lines *lines, int line)
{
    if (lines->n >= lines->allocated) {
        lines->allocated = lines->allocated ? lines->allocated * 2 : 256;
        lines->lines = realloc(lines->lines,
                               lines->allocated * sizeof *lines->lines);
        if (!lines->lines) {
            abort();
        }
    }
    lines->lines[lines->n++] = line;
}

static bool
is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool
is_name(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')
        || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.'
        || c == ':' || (uint8_t) c >= 0x80;
}

static bool
looking_at(const struct scan *scan, const char *s)
{
    size_t n = strlen(s);

    return (size_t) (scan->end - scan->p) >= n && !memcmp(scan->p, s, n);
}

/* Moves past 'n' bytes, counting lines. */
static void
advance(struct scan *scan, size_t n)
{
    const char *to = scan->p + n;

    while (scan->p < to) {
        scan->line += *scan->p++ == '\n';
    }
}

static void
skip_blanks(struct scan *scan)
{
    while (scan->p < scan->end && is_blank(*scan->p)) {
        scan->line += *scan->p++ == '\n';
    }
}

/* Returns where 'mark' begins between 'p' and 'end', or NULL. */
static const char *
find(const char *p, const char *end, const char *mark)
{
    size_t n = strlen(mark);

    while ((size_t) (end - p) >= n) {
        p = memchr(p, mark[0], (size_t) (end - p) - n + 1);
        if (!p || !memcmp(p, mark, n)) {
            return p;
        }
        p++;
    }
    return NULL;
}

/* Moves past the next 'mark'; false if there is none. */
static bool
skip_past(struct scan *scan, const char *mark)
{
    const char *at = find(scan->p, scan->end, mark);

    if (!at) {
        return false;
    }
    advance(scan, (size_t) (at - scan->p) + strlen(mark));
    return true;
}

/* Returns the length of the UTF-8 character at 'p', or 0 if it is none. */
static size_t
utf8_length(const uint8_t *p, const uint8_t *end)
{
    size_t left = (size_t) (end - p);

    if (p[0] < 0x80) {
        return 1;
    } else if (p[0] >= 0xc2 && p[0] <= 0xdf) {
        return left >= 2 && (p[1] & 0xc0) == 0x80 ? 2 : 0;
    } else if ((p[0] & 0xf0) == 0xe0) {
        return left >= 3 && (p[1] & 0xc0) == 0x80 && (p[2] & 0xc0) == 0x80
               && (p[0] != 0xe0 || p[1] >= 0xa0)
               && (p[0] != 0xed || p[1] <= 0x9f) ? 3 : 0;
    } else if (p[0] >= 0xf0 && p[0] <= 0xf4) {
        return left >= 4 && (p[1] & 0xc0) == 0x80 && (p[2] & 0xc0) == 0x80
               && (p[3] & 0xc0) == 0x80
               && (p[0] != 0xf0 || p[1] >= 0x90)
               && (p[0] != 0xf4 || p[1] <= 0x8f) ? 4 : 0;
    }
    return 0;
}

/* Checks that the whole document is UTF-8 text. */
static bool
check_bytes(struct scan *scan)
{
    const uint8_t *p = (const uint8_t *) scan->p;
    const uint8_t *end = (const uint8_t *) scan->end;
    size_t n = (size_t) (end - p);
    int line = 1;

    if (n >= 2 && ((p[0] == 0xff && p[1] == 0xfe)
                   || (p[0] == 0xfe && p[1] == 0xff))) {
        return REFUSE(scan, 1, "this is UTF-16 or UTF-32; save the program "
                      "as UTF-8");
    }
    if (looking_at(scan, "\xef\xbb\xbf")) {
        p += 3;
    }
    scan->ascii = true;
    while (p < end) {
        size_t len = utf8_length(p, end);

        if (!*p) {
            return REFUSE(scan, line, "a NUL byte; a program is text in "
                          "UTF-8");
        } else if (*p < 0x20 && !is_blank((char) *p)) {
            return REFUSE(scan, line, "control character 0x%02x; a program "
                          "is text in UTF-8", *p);
        } else if (!len) {
            return REFUSE(scan, line, "byte 0x%02x is not valid UTF-8; save "
                          "the program as UTF-8", *p);
        }
        scan->ascii = scan->ascii && *p < 0x80;
        line += *p == '\n';
        p += len;
    }
    return true;
}

/* True if a document that declares encoding 'name' may be read as UTF-8. */
static bool
encoding_ok(const struct scan *scan, const char *name, int len)
{
    static const char *const utf8[] = { "utf-8", "utf8", "us-ascii", "ascii" };
    size_t i;

    for (i = 0; i < sizeof utf8 / sizeof utf8[0]; i++) {
        if ((size_t) len == strlen(utf8[i])
            && !strncasecmp(name, utf8[i], (size_t) len)) {
            return true;
        }
    }
    /* These agree with UTF-8 on every byte that such a document has. */
    return scan->ascii && ((len > 9 && !strncasecmp(name, "iso-8859-", 9))
                           || (len > 9
                               && !strncasecmp(name, "windows-125", 11)));
}

/* Reads "<?xml ...?>" at the start of the document. */
static bool
scan_declaration(struct scan *scan)
{
    const char *start = scan->p, *value, *stop;
    const char *at;
    int line = scan->line;

    if (!skip_past(scan, "?>")) {
        return REFUSE(scan, line, "the XML declaration is never closed; "
                      "end it with \"?>\"");
    }
    at = find(start, scan->p, "encoding");
    if (!at) {
        return true;
    }
    for (value = at + 8; value < scan->p && (is_blank(*value)
                                             || *value == '='); value++) {
        continue;
    }
    if (*value != '"' && *value != '\'') {
        return true;            /* libxml2 will say what is wrong. */
    }
    stop = memchr(value + 1, *value, (size_t) (scan->p - value - 1));
    if (stop && !encoding_ok(scan, value + 1, (int) (stop - value - 1))) {
        return REFUSE(scan, line, "encoding \"%.*s\" is not accepted; save "
                      "the program as UTF-8",
                      (int) (stop - value - 1 < 40 ? stop - value - 1 : 40),
                      value + 1);
    }
    return true;
}

/* Checks the reference at 'p' ('&') and returns its length, or 0 if it is not
 * one of those that XML itself defines. */
static size_t
reference_length(const char *p, const char *end)
{
    static const char *const known[] = {
        "&lt;", "&gt;", "&amp;", "&quot;", "&apos;"
    };
    size_t left = (size_t) (end - p), i, n;

    for (i = 0; i < sizeof known / sizeof known[0]; i++) {
        n = strlen(known[i]);
        if (left >= n && !memcmp(p, known[i], n)) {
            return n;
        }
    }
    if (left >= 4 && p[1] == '#') {
        for (i = 2; i < left && i < 12; i++) {
            if (p[i] == ';') {
                return i + 1;
            }
        }
    }
    return 0;
}

/* Checks the text from scan->p to 'to' for references. */
static bool
scan_text(struct scan *scan, const char *to)
{
    while (scan->p < to) {
        size_t n = 1;

        if (*scan->p == '&') {
            n = reference_length(scan->p, to);
            if (!n) {
                return REFUSE(scan, scan->line, "\"%.*s\" is not one of "
                              "&lt; &gt; &amp; &quot; &apos; or a character "
                              "reference; write \"&amp;\" for the character "
                              "itself",
                              (int) (to - scan->p < 16 ? to - scan->p : 16),
                              scan->p);
            }
        }
        advance(scan, n);
    }
    return true;
}

/* Reads a name at scan->p into '*name' and '*len'. */
static bool
scan_name(struct scan *scan, const char *what, const char **name, int *len)
{
    const char *start = scan->p;
    size_t n;

    while (scan->p < scan->end && is_name(*scan->p)) {
        scan->p++;
    }
    n = (size_t) (scan->p - start);
    if (!n) {
        return REFUSE(scan, scan->line, "the name of an %s is expected here; "
                      "write \"&lt;\" for the character itself", what);
    } else if (n > XFSM_MAX_NAME) {
        return REFUSE(scan, scan->line, "\"%.20s...\" is too long for the "
                      "name of an %s; the limit is %d characters", start,
                      what, XFSM_MAX_NAME);
    } else if (memchr(start, ':', n) || (n == 5 && !memcmp(start, "xmlns",
                                                           5))) {
        return REFUSE(scan, scan->line, "\"%.*s\": XML namespaces are not "
                      "used in programs; remove it", (int) n, start);
    }
    *name = start;
    *len = (int) n;
    return true;
}

/* Reads one attribute of element 'tag'. */
static bool
scan_attribute(struct scan *scan, const struct tag *tag)
{
    const char *name, *stop;
    int line = scan->line, len;

    note_line(scan->lines, line);
    if (!scan_name(scan, "attribute", &name, &len)) {
        return false;
    }
    skip_blanks(scan);
    if (scan->p >= scan->end || *scan->p != '=') {
        return REFUSE(scan, line, "attribute \"%.*s\" of <%.*s> has no "
                      "value; write %.*s=\"...\"", len, name, tag->len,
                      tag->name, len, name);
    }
    scan->p++;
    skip_blanks(scan);
    if (scan->p >= scan->end || (*scan->p != '"' && *scan->p != '\'')) {
        return REFUSE(scan, line, "the value of attribute \"%.*s\" of "
                      "<%.*s> is not quoted; write %.*s=\"...\"", len, name,
                      tag->len, tag->name, len, name);
    }
    stop = memchr(scan->p + 1, *scan->p,
                  (size_t) (scan->end - scan->p - 1));
    if (!stop) {
        return REFUSE(scan, line, "the value of attribute \"%.*s\" of "
                      "<%.*s> is never closed; a quote is missing", len,
                      name, tag->len, tag->name);
    } else if (stop - scan->p - 1 > XFSM_XML_MAX_VALUE) {
        return REFUSE(scan, line, "the value of attribute \"%.*s\" of "
                      "<%.*s> is too long; the limit is %d bytes", len, name,
                      tag->len, tag->name, XFSM_XML_MAX_VALUE);
    } else if (memchr(scan->p + 1, '<', (size_t) (stop - scan->p - 1))) {
        return REFUSE(scan, line, "the value of attribute \"%.*s\" of "
                      "<%.*s> has a \"<\" in it; write \"&lt;\", or close "
                      "the quote before it", len, name, tag->len, tag->name);
    }
    scan->p++;
    if (!scan_text(scan, stop)) {
        return false;
    }
    scan->p++;
    if (scan->p < scan->end && !is_blank(*scan->p) && *scan->p != '/'
        && *scan->p != '>') {
        return REFUSE(scan, scan->line, "a blank is missing after attribute "
                      "\"%.*s\" of <%.*s>", len, name, tag->len, tag->name);
    }
    return true;
}

/* Counts a new element and its attribute against the limits. */
static bool
count_element(struct scan *scan, const struct tag *tag)
{
    if (scan->depth >= XFSM_MAX_XML_DEPTH) {
        return REFUSE(scan, tag->line, "<%.*s> is nested too deep; the limit "
                      "is %d levels", tag->len, tag->name,
                      XFSM_MAX_XML_DEPTH);
    } else if (scan->n_elements >= XFSM_XML_MAX_ELEMENTS) {
        return REFUSE(scan, tag->line, "too many elements; the limit is %d",
                      XFSM_XML_MAX_ELEMENTS);
    }
    scan->n_elements++;
    note_line(scan->lines, tag->line);
    return true;
}

static bool
scan_start_tag(struct scan *scan)
{
    struct tag tag = { .line = scan->line };
    int n = 0;

    scan->p++;
    if (!scan_name(scan, "element", &tag.name, &tag.len)
        || !count_element(scan, &tag)) {
        return false;
    }
    for (;;) {
        skip_blanks(scan);
        if (scan->p >= scan->end) {
            return REFUSE(scan, tag.line, "tag <%.*s> is never closed; a "
                          "\">\" is missing", tag.len, tag.name);
        } else if (looking_at(scan, "/>")) {
            scan->p += 2;
            return true;
        } else if (*scan->p == '>') {
            scan->p++;
            scan->open[scan->depth++] = tag;
            return true;
        } else if (n++ >= XFSM_XML_MAX_ELEMENT_ATTRIBUTES) {
            return REFUSE(scan, tag.line, "<%.*s> has too many attributes; "
                          "the limit is %d", tag.len, tag.name,
                          XFSM_XML_MAX_ELEMENT_ATTRIBUTES);
        } else if (scan->n_attributes++ >= XFSM_XML_MAX_ATTRIBUTES) {
            return REFUSE(scan, tag.line, "too many attributes; the limit "
                          "is %d in a program", XFSM_XML_MAX_ATTRIBUTES);
        } else if (!scan_attribute(scan, &tag)) {
            return false;
        }
    }
}

static bool
scan_end_tag(struct scan *scan)
{
    const struct tag *open;
    int line = scan->line, len;
    const char *name;

    scan->p += 2;
    if (!scan_name(scan, "element", &name, &len)) {
        return false;
    }
    skip_blanks(scan);
    if (scan->p >= scan->end || *scan->p != '>') {
        return REFUSE(scan, line, "tag </%.*s> is never closed; a \">\" is "
                      "missing", len, name);
    }
    scan->p++;
    if (!scan->depth) {
        return REFUSE(scan, line, "</%.*s> closes an element that is not "
                      "open; remove it", len, name);
    }
    open = &scan->open[--scan->depth];
    if (open->len != len || memcmp(open->name, name, (size_t) len)) {
        return REFUSE(scan, line, "</%.*s> where </%.*s> is expected: <%.*s> "
                      "of line %d is not closed", len, name, open->len,
                      open->name, open->len, open->name, open->line);
    }
    return true;
}

/* Reads what begins with the "<" at scan->p. */
static bool
scan_markup(struct scan *scan)
{
    int line = scan->line;

    if (looking_at(scan, "<!--")) {
        scan->p += 4;
        return skip_past(scan, "-->")
               || REFUSE(scan, line, "this comment is never closed; end it "
                         "with \"-->\"");
    } else if (looking_at(scan, "<![CDATA[")) {
        return REFUSE(scan, line, "CDATA sections are not accepted; a "
                      "program says everything in attributes");
    } else if (looking_at(scan, "<!")) {
        return REFUSE(scan, line, "document types and entity declarations "
                      "are not accepted; remove \"%.*s...\"",
                      (int) (scan->end - scan->p < 9 ? scan->end - scan->p
                             : 9), scan->p);
    } else if (looking_at(scan, "<?")) {
        return REFUSE(scan, line, "processing instructions are not accepted "
                      "(the XML declaration may stand at the very start); "
                      "remove this one");
    } else if (looking_at(scan, "</")) {
        return scan_end_tag(scan);
    }
    return scan_start_tag(scan);
}

bool
xfsm_xml_scan(const char *text, size_t len, struct xfsm_xml_lines *lines,
              struct xfsm_diags *diags)
{
    struct scan scan = {
        .p = text, .end = text + len, .line = 1, .lines = lines,
        .diags = diags,
    };

    memset(lines, 0, sizeof *lines);
    if (len > XFSM_MAX_SOURCE_BYTES) {
        return REFUSE(&scan, 0, "the program has %zu bytes; the limit is %d",
                      len, XFSM_MAX_SOURCE_BYTES);
    } else if (!check_bytes(&scan)) {
        return false;
    }
    if (looking_at(&scan, "\xef\xbb\xbf")) {
        scan.p += 3;
    }
    if (looking_at(&scan, "<?xml") && scan.end - scan.p > 5
        && is_blank(scan.p[5]) && !scan_declaration(&scan)) {
        return false;
    }

    while (scan.p < scan.end) {
        const char *next = memchr(scan.p, '<',
                                  (size_t) (scan.end - scan.p));

        if (!scan_text(&scan, next ? next : scan.end)
            || (next && !scan_markup(&scan))) {
            xfsm_xml_lines_destroy(lines);
            return false;
        }
    }
    if (!scan.n_elements) {
        return REFUSE(&scan, 0, "there is no XML element; a program is one "
                      "<botstream> (or <streamon>, <xfsm>) element");
    } else if (scan.depth) {
        const struct tag *open = &scan.open[scan.depth - 1];

        xfsm_xml_lines_destroy(lines);
        return REFUSE(&scan, open->line, "<%.*s> is never closed; </%.*s> "
                      "is missing", open->len, open->name, open->len,
                      open->name);
    }
    return true;
}
