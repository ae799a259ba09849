/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "utilities/xfsm.h"
#include "xfsm/packet/field.h"

static void
print_help(void)
{
    puts("xfsm fields: list the packet fields that programs can name\n"
         "usage: xfsm fields [--json]\n\n"
         "  --json      print a JSON array\n"
         "  -h, --help  print this");
}

static const char *
type_name(enum xfsm_field_type type)
{
    switch (type) {
    case XFSM_FT_UINT: return "integer";
    case XFSM_FT_MAC: return "mac";
    case XFSM_FT_ADDR: return "address";
    case XFSM_FT_STR: return "string";
    }
    return "?";
}

static void
print_table(void)
{
    size_t i;

    printf("%-20s %-8s %-7s %s\n", "NAME", "TYPE", "LAYER", "MEANING");
    for (i = 0; i < XFSM_N_FIELDS; i++) {
        const struct xfsm_field *f = &xfsm_fields[i];

        printf("%-20s %-8s %-7s %s\n", f->name, type_name(f->type),
               xfsm_field_layer_names[f->layer], f->doc);
    }
}

/* Names and documentation are ours: a quotation mark or backslash is all that
 * could need an escape. */
static void
print_json_string(const char *s)
{
    putchar('"');
    for (; *s; s++) {
        if (*s == '"' || *s == '\\') {
            putchar('\\');
        }
        putchar(*s);
    }
    putchar('"');
}

static void
print_json(void)
{
    size_t i;

    puts("[");
    for (i = 0; i < XFSM_N_FIELDS; i++) {
        const struct xfsm_field *f = &xfsm_fields[i];

        printf("  {\"name\":\"%s\",\"type\":\"%s\",\"layer\":\"%s\",\"doc\":",
               f->name, type_name(f->type), xfsm_field_layer_names[f->layer]);
        print_json_string(f->doc);
        puts(i + 1 < XFSM_N_FIELDS ? "}," : "}");
    }
    puts("]");
}

int
xfsm_cmd_fields(int argc, char *argv[])
{
    enum { OPT_JSON = 256 };
    static const struct option options[] = {
        { "json", no_argument, NULL, OPT_JSON },
        { "help", no_argument, NULL, 'h' },
        { NULL, 0, NULL, 0 },
    };
    bool json = false;
    int c;

    while ((c = getopt_long(argc, argv, "h", options, NULL)) != -1) {
        switch (c) {
        case OPT_JSON:
            json = true;
            break;
        case 'h':
            print_help();
            return XFSM_EXIT_OK;
        default:
            return xfsm_tool_bad_option();
        }
    }
    if (optind != argc) {
        return xfsm_tool_usage_error("takes no argument");
    }
    if (json) {
        print_json();
    } else {
        print_table();
    }
    return XFSM_EXIT_OK;
}
