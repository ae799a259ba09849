/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include "xfsm/program/xml-schema.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "xfsm/program/names.h"

/* ## The table ## */

/* Attributes: optional and required, of dialect 1 and of 2. */
#define OPT(NAME, TYPE) { NAME, XFSM_XT_##TYPE, "", 1, false }
#define REQ(NAME, TYPE) { NAME, XFSM_XT_##TYPE, "", 1, true }
#define OPT2(NAME, TYPE) { NAME, XFSM_XT_##TYPE, "", 2, false }
#define REQ2(NAME, TYPE) { NAME, XFSM_XT_##TYPE, "", 2, true }
#define WORD(NAME, WORDS) { NAME, XFSM_XT_WORD, WORDS, 1, false }
#define ANY_CASE(NAME, WORDS) { NAME, XFSM_XT_ANY_CASE, WORDS, 1, false }
#define WORD2(NAME, WORDS) { NAME, XFSM_XT_WORD, WORDS, 2, false }
#define REQ_WORD(NAME, WORDS) { NAME, XFSM_XT_WORD, WORDS, 1, true }

const struct xfsm_xml_attr_spec xfsm_xml_root_attrs[] = {
    OPT2("name", LABEL), OPT2("version", TEXT), OPT2("description", TEXT),
    { .name = NULL },
};

const struct xfsm_xml_element_spec xfsm_xml_elements[] = {
    { "source", "/", "", 1, true, false, {
        WORD("type", "live trace"), OPT("name", TEXT) } },
    { "publisher", "/", "", 1, true, false, {
        WORD("protocol", "tcp"), OPT("ip", TEXT), REQ("port", INTEGER) } },
    { "param", "/", "", 2, false, false, {
        REQ2("name", IDENTIFIER), REQ2("default", CONSTANT),
        OPT2("min", CONSTANT), OPT2("max", CONSTANT), OPT2("unit", TEXT),
        OPT2("description", TEXT) } },
    { "statedef", "/", "", 1, false, false, {
        REQ("id", LABEL), OPT("timeout", SECONDS),
        OPT("next_state", LABEL) } },
    { "state-table", "/", "", 2, true, false, {
        OPT2("memory", MEMORY), OPT2("ttl", SECONDS),
        WORD2("on-full", XFSM_XML_ON_FULL) } },
    { "timers", "/", "", 2, true, false, { REQ2("max", INTEGER) } },
    { "metrics", "/", "", 1, false, false, { { .name = NULL } } },
    { "metric", "/ metrics", "", 1, false, false, {
        REQ("name", IDENTIFIER) } },
    { "variation_detector", "metric", "", 1, true, false, {
        WORD("status", "on off"), OPT("size", INTEGER),
        OPT("nhash", INTEGER), OPT("reset_after", SECONDS),
        OPT("slave", IDENTIFIER), OPT2("memory", MEMORY) } },
    { "variation_monitor", "metric", "", 1, true, false, {
        WORD("status", "on off"), ANY_CASE("type", XFSM_XML_MONITOR_TYPES),
        OPT("window", SECONDS), OPT("time_window", SECONDS),
        OPT("size", INTEGER), OPT("nhash", INTEGER),
        OPT("insert_value", VALUE), OPT("life", TEXT),
        OPT2("repeat_value", NUMBER), OPT2("quantile", NUMBER),
        OPT2("memory", MEMORY), OPT2("ttl", SECONDS),
        WORD2("on-full", XFSM_XML_ON_FULL) } },
    { "table", "/ metrics", "", 1, false, false, {
        REQ("name", IDENTIFIER), ANY_CASE("type", "dleft map"),
        OPT("key_type", TEXT), OPT("value_type", TEXT),
        OPT("nhash", INTEGER), OPT("shash", INTEGER),
        OPT2("memory", MEMORY), OPT2("ttl", SECONDS),
        WORD2("on-full", XFSM_XML_ON_FULL) } },
    { "entry", "table", "", 1, false, false, {
        REQ("key", TEXT), REQ("value", TEXT) } },
    { "features", "/", "", 1, false, false, { { .name = NULL } } },
    { "feature", "/ features", "", 1, false, false, {
        REQ("name", IDENTIFIER), REQ("body", TEXT) } },
    { "event", "/", "", 1, false, false, {
        REQ_WORD("type", XFSM_XML_EVENT_TYPES), OPT("selector", TEXT),
        OPT("class", LABEL), OPT("primary-key", KEY),
        OPT("attack_type", TEXT), OPT2("topic", TEXT),
        OPT2("every", SECONDS) } },
    { "state", "event", "", 1, false, false, {
        REQ("id", LABEL), OPT("level", TEXT), OPT("code", TEXT),
        OPT("description", TEXT), OPT2("attack", ATTACK) } },
    { "use-metric", "state", "", 1, false, false, {
        REQ("id", IDENTIFIER), OPT("vd_update", KEY), OPT("vd_get", KEY),
        OPT("vd_set", KEY), OPT("vm_update", KEY), OPT("vm_get", KEY),
        OPT("vm_set", KEY), OPT2("vm_item", KEY) } },
    { "condition", "state", "condition", 1, false, false, {
        REQ("expression", TEXT), OPT("action", TEXT),
        OPT("next_state", LABEL) } },
    { "post-condition-action", "state", "", 1, true, false, {
        OPT("do", TEXT) } },
    { "timeout_set", "condition post-condition-action", "", 1, false, false, {
        REQ("class", LABEL), REQ("key", KEY), REQ("value", SECONDS),
        OPT("primary-key", KEY) } },
    { "test", "/", "", 2, false, true, {
        REQ2("name", TEXT), REQ2("capture", TEXT), OPT2("with", TEXT) } },
    { "expect", "test", "", 2, false, false, {
        REQ2("label", LABEL), OPT2("state", LABEL), OPT2("count", COUNT),
        OPT2("key", TEXT) } },
    { "expect-none", "test", "", 2, false, false, {
        REQ2("label", LABEL), OPT2("state", LABEL), OPT2("key", TEXT) } },
    { .name = NULL },
};

const struct xfsm_xml_element_spec *
xfsm_xml_find_element(const char *name)
{
    const struct xfsm_xml_element_spec *e;

    for (e = xfsm_xml_elements; e->name; e++) {
        if (!strcmp(e->name, name)) {
            return e;
        }
    }
    return NULL;
}

const struct xfsm_xml_attr_spec *
xfsm_xml_find_attr(const struct xfsm_xml_attr_spec *attrs, const char *name)
{
    for (; attrs->name; attrs++) {
        if (!strcmp(attrs->name, name)) {
            return attrs;
        }
    }
    return NULL;
}

/* ## The schema ## */

/* Pieces of patterns, which are those of XML Schema: "$" is a character like
 * any other. */
#define NAME "[A-Za-z_][A-Za-z0-9_]{0,62}"
#define COMPONENT NAME "(/[0-9]{1,2}(/[0-9]{1,3})?)?"
#define HEX "0[xX][0-9a-fA-F]+[uUlL]{0,3}"
#define DECIMAL "([0-9]+([.][0-9]*)?|[.][0-9]+)([eE][+\\-]?[0-9]+)?" \
    "([uUlL]{0,3}|[fF])"

/* The pattern of each type; NULL for any text, and for words. */
static const char *const patterns[XFSM_N_XML_TYPES] = {
    [XFSM_XT_LABEL] = "[A-Za-z0-9_.\\-]{1,63}",
    [XFSM_XT_IDENTIFIER] = NAME,
    [XFSM_XT_KEY] = "\\s*" COMPONENT "\\s*([\\-|]\\s*" COMPONENT "\\s*)*",
    [XFSM_XT_NUMBER] = "[+\\-]?(" HEX "|" DECIMAL ")|[$]" NAME,
    [XFSM_XT_CONSTANT] = "[+\\-]?(" HEX "|" DECIMAL ")",
    [XFSM_XT_INTEGER] = HEX "|[0-9]+[uUlL]{0,3}|[$]" NAME,
    [XFSM_XT_SECONDS] = "[+]?(" HEX "|" DECIMAL ")|[$]" NAME,
    [XFSM_XT_VALUE] = "[+\\-]?(" HEX "|" DECIMAL ")|[$]?" NAME,
    [XFSM_XT_ATTACK] = "T[0-9]{4}([.][0-9]{3})?",
    [XFSM_XT_COUNT] = "[0-9]+[+]?",
    [XFSM_XT_MEMORY] = "[0-9]+[KMG]?",
};

static const char *const type_names[XFSM_N_XML_TYPES] = {
    [XFSM_XT_LABEL] = "label", [XFSM_XT_IDENTIFIER] = "identifier",
    [XFSM_XT_KEY] = "key", [XFSM_XT_NUMBER] = "number",
    [XFSM_XT_CONSTANT] = "constant", [XFSM_XT_INTEGER] = "integer",
    [XFSM_XT_SECONDS] = "seconds", [XFSM_XT_VALUE] = "value",
    [XFSM_XT_ATTACK] = "attack", [XFSM_XT_COUNT] = "count",
    [XFSM_XT_MEMORY] = "memory",
};

static void
print_data(FILE *out, const char *indent, const char *pattern)
{
    fprintf(out, "%s<data type=\"token\">\n", indent);
    fprintf(out, "%s  <param name=\"pattern\">%s</param>\n", indent, pattern);
    fprintf(out, "%s</data>\n", indent);
}

static void
print_words(FILE *out, const char *words)
{
    while (*words) {
        size_t n = strcspn(words, " ");

        fprintf(out, "            <value>%.*s</value>\n", (int) n, words);
        words += n + (words[n] == ' ');
    }
}

/* Prints a pattern for 'words' in letters of any case. */
static void
print_any_case(FILE *out, const char *words)
{
    char pattern[512];
    size_t n = 0;

    for (; *words && n + 5 < sizeof pattern; words++) {
        char c = *words;

        if (c >= 'a' && c <= 'z') {
            pattern[n++] = '[';
            pattern[n++] = c;
            pattern[n++] = (char) toupper((unsigned char) c);
            pattern[n++] = ']';
        } else if (c == '-') {
            pattern[n++] = '\\';
            pattern[n++] = '-';
        } else {
            pattern[n++] = c == ' ' ? '|' : c;
        }
    }
    pattern[n] = '\0';
    print_data(out, "            ", pattern);
}

/* Prints attribute 'attr'.  Empty means absent, so that is allowed where the
 * attribute may be absent. */
static void
print_attr(FILE *out, const struct xfsm_xml_attr_spec *attr)
{
    if (!attr->required) {
        fputs("      <optional>\n", out);
    }
    fprintf(out, "        <attribute name=\"%s\">\n", attr->name);
    if (attr->type == XFSM_XT_TEXT && attr->required) {
        print_data(out, "          ", "(.|\\s)*\\S(.|\\s)*");
    } else if (attr->type == XFSM_XT_TEXT) {
        fputs("          <text/>\n", out);
    } else {
        fputs("          <choice>\n", out);
        if (!attr->required) {
            fputs("            <value type=\"token\"></value>\n", out);
        }
        if (attr->type == XFSM_XT_WORD) {
            print_words(out, attr->words);
        } else if (attr->type == XFSM_XT_ANY_CASE) {
            print_any_case(out, attr->words);
        } else {
            fprintf(out, "            <ref name=\"type-%s\"/>\n",
                    type_names[attr->type]);
        }
        fputs("          </choice>\n", out);
    }
    fputs("        </attribute>\n", out);
    if (!attr->required) {
        fputs("      </optional>\n", out);
    }
}

/* Prints that any attribute is allowed besides 'attrs': RELAX NG cannot say
 * that its name begins with "param.". */
static void
print_settings(FILE *out, const struct xfsm_xml_attr_spec *attrs)
{
    fputs("      <zeroOrMore>\n        <attribute>\n"
          "          <anyName>\n            <except>\n"
          "              <nsName ns=\"http://www.w3.org/2000/xmlns/\"/>\n",
          out);
    for (; attrs->name; attrs++) {
        fprintf(out, "              <name>%s</name>\n", attrs->name);
    }
    fputs("            </except>\n          </anyName>\n"
          "          <ref name=\"type-constant\"/>\n"
          "        </attribute>\n      </zeroOrMore>\n", out);
}

static void
print_children(FILE *out, const char *parent)
{
    const struct xfsm_xml_element_spec *e;
    int n = 0;

    for (e = xfsm_xml_elements; e->name; e++) {
        n += xfsm_names_in_list(e->parents, parent, strlen(parent));
    }
    if (n > 1) {
        fputs("      <interleave>\n", out);
    }
    for (e = xfsm_xml_elements; e->name; e++) {
        const char *wrap = e->once ? "optional" : "zeroOrMore";

        if (xfsm_names_in_list(e->parents, parent, strlen(parent))) {
            fprintf(out, "        <%s><ref name=\"%s\"/></%s>\n", wrap,
                    e->name, wrap);
        }
    }
    if (n > 1) {
        fputs("      </interleave>\n", out);
    } else if (!n) {
        fputs("      <empty/>\n", out);
    }
}

static void
print_element(FILE *out, const char *name, const char *as_parent,
              const struct xfsm_xml_attr_spec *attrs, bool settings)
{
    const struct xfsm_xml_attr_spec *attr;

    fprintf(out, "    <element name=\"%s\">\n", name);
    for (attr = attrs; attr->name; attr++) {
        print_attr(out, attr);
    }
    if (settings) {
        print_settings(out, attrs);
    }
    print_children(out, as_parent);
    fputs("    </element>\n", out);
}

char *
xfsm_xml_schema(void)
{
    const struct xfsm_xml_element_spec *e;
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    int i;

    if (!out) {
        abort();
    }
    fputs("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
          "<!-- Copyright (c) 2026 The ovs-xfsm authors.\n"
          "     SPDX-License-Identifier: Apache-2.0 -->\n\n"
          "<!-- Programs of dialect 2.  Written by xfsm check: do not "
          "edit. -->\n"
          "<grammar xmlns=\"http://relaxng.org/ns/structure/1.0\"\n"
          "         datatypeLibrary="
          "\"http://www.w3.org/2001/XMLSchema-datatypes\">\n"
          "  <start>\n", out);
    print_element(out, "xfsm", "/", xfsm_xml_root_attrs, false);
    fputs("  </start>\n", out);
    for (e = xfsm_xml_elements; e->name; e++) {
        fprintf(out, "  <define name=\"%s\">\n", e->name);
        print_element(out, e->name, e->name, e->attrs, e->settings);
        fputs("  </define>\n", out);
    }
    for (i = 0; i < XFSM_N_XML_TYPES; i++) {
        if (patterns[i]) {
            fprintf(out, "  <define name=\"type-%s\">\n", type_names[i]);
            print_data(out, "    ", patterns[i]);
            fputs("  </define>\n", out);
        }
    }
    fputs("</grammar>\n", out);
    if (fclose(out) || !text) {
        abort();
    }
    return text;
}
