/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "utilities/xfsm-settings.h"
#include "xfsm/program/compile.h"
#include "xfsm/program/lint.h"
#include "xfsm/program/xml-schema.h"
#include "xfsm/program/xml.h"

struct check {
    struct xfsm_settings settings;      /* --param. */
    bool quiet;
    bool params;                /* List the parameters instead. */
    bool memory;                /* List what each part may take. */
    uint64_t max_memory;        /* Bytes; more is an error. */
};

static void
print_help(void)
{
    printf("xfsm check: check programs and say what is wrong with them\n"
           "usage: xfsm check [OPTION]... PROGRAM...\n\n"
           "PROGRAM is a file, or the name of a program in the library\n"
           "(%s, or $" XFSM_PROGRAMS_DIR_ENV ").\n\n"
           "  --param [PROGRAM:]NAME=VALUE\n"
           "                set a parameter, of all programs given or of one\n"
           "  --params      list the parameters instead\n"
           "  --memory      list how much memory each part may take\n"
           "  --max-memory MIB\n"
           "                refuse programs that may take more, in MiB\n"
           "  --schema      print the schema of programs, RELAX NG, and end\n"
           "  -q, --quiet   print errors alone\n"
           "  -h, --help    print this\n\n"
           "Exit status: 0 if all programs are good (warnings allowed), "
           "else 1.\n", XFSM_PKGDATADIR "/programs");
}

/* Checks the image in 'doc'. */
static bool
check_image(const struct xfsm_document *doc, bool quiet)
{
    char *error = xfsm_tool_verify(doc->data, doc->len, NULL);

    if (error) {
        printf("%s: %s\n", doc->path, error);
        free(error);
        return false;
    }
    if (!quiet) {
        printf("%s: ok (image)\n", doc->path);
    }
    return true;
}

static void
print_bound(const char *what, double value)
{
    if (isfinite(value)) {
        printf(" %s %.15g", what, value);
    }
}

static void
print_params(const struct xfsm_document *doc,
             const struct xfsm_program *program)
{
    int i;

    for (i = 0; i < program->n_params; i++) {
        const struct xfsm_param *param = &program->params[i];

        printf("%s: %s = %.15g%s%s (default %.15g", doc->path, param->name,
               param->value, *param->unit ? " " : "", param->unit,
               param->initial);
        print_bound("min", param->min);
        print_bound("max", param->max);
        printf(")%s%s\n", *param->description ? ": " : "",
               param->description);
    }
    if (!program->n_params) {
        printf("%s: no parameters\n", doc->path);
    }
}

/* Compiles and verifies 'program', and says what memory it needs. */
static bool
check_program(const struct check *check, const struct xfsm_document *doc,
              const struct xfsm_program *program, struct xfsm_diags *diags)
{
    void *image = NULL;
    uint64_t bytes;
    size_t len;
    char *error;

    if (!xfsm_compile(program, diags, &image, &len)) {
        return false;
    }
    xfsm_lint(program, diags);
    error = xfsm_tool_verify(image, len, &bytes);
    if (!error && check->memory) {
        xfsm_tool_print_memory(doc->path, image, len, bytes);
    }
    free(image);
    if (error) {
        xfsm_diags_add(diags, XFSM_DIAG_ERROR, 0, "",
                       "the compiled program does not verify: %s", error);
        free(error);
        return false;
    }
    if (check->max_memory && bytes > check->max_memory) {
        xfsm_diags_add(diags, XFSM_DIAG_ERROR, 0, "", "needs up to %.1f MiB "
                       "of memory on each port, more than the %.1f allowed; "
                       "see the attributes \"memory\" and \"size\"",
                       bytes / (1024.0 * 1024.0),
                       check->max_memory / (1024.0 * 1024.0));
        return false;
    }
    xfsm_diags_add(diags, XFSM_DIAG_NOTE, 0, "", "needs up to %.1f MiB of "
                   "memory on each port", bytes / (1024.0 * 1024.0));
    return true;
}

static void
print_verdict(const struct xfsm_document *doc, const struct xfsm_diags *diags,
              bool ok, bool quiet)
{
    size_t n_warnings = xfsm_tool_n_warnings(diags);

    if (!ok) {
        printf("%s: refused: %zu error%s\n", doc->path, diags->n_errors,
               diags->n_errors == 1 ? "" : "s");
    } else if (!quiet && n_warnings) {
        printf("%s: ok, %zu warning%s\n", doc->path, n_warnings,
               n_warnings == 1 ? "" : "s");
    } else if (!quiet) {
        printf("%s: ok\n", doc->path);
    }
}

/* Checks the XML in 'doc': it must load, compile and verify. */
static bool
check_xml(struct check *check, const struct xfsm_document *doc,
          size_t n_settings)
{
    struct xfsm_program *program;
    struct xfsm_diags diags;
    bool ok = false;
    char *text;

    xfsm_diags_init(&diags, doc->path);
    program = xfsm_xml_load_params(doc->data, doc->len, doc->name,
                                   check->settings.selected, n_settings,
                                   &diags);
    if (program && check->params) {
        print_params(doc, program);
        ok = true;
    } else if (program) {
        ok = check_program(check, doc, program, &diags);
    }
    if (!ok || !check->params) {
        text = xfsm_diags_format(&diags, check->quiet || check->params
                                 ? XFSM_DIAG_ERROR : XFSM_DIAG_NOTE);
        fputs(text, stdout);
        free(text);
        print_verdict(doc, &diags, ok, check->quiet);
    }
    xfsm_program_destroy(program);
    xfsm_diags_destroy(&diags);
    return ok;
}

static bool
check_one(struct check *check, const char *arg)
{
    struct xfsm_document doc;
    size_t n_settings;
    char *error;
    bool ok;

    error = xfsm_document_read(arg, &doc);
    if (error) {
        printf("%s\n", error);
        free(error);
        return false;
    }
    ok = xfsm_settings_select(&check->settings, &doc, &n_settings)
         && (xfsm_document_is_image(&doc) ? check_image(&doc, check->quiet)
                                          : check_xml(check, &doc,
                                                      n_settings));
    xfsm_document_destroy(&doc);
    return ok;
}

static void
print_schema(void)
{
    char *schema = xfsm_xml_schema();

    fputs(schema, stdout);
    free(schema);
}

static bool
parse_mib(const char *text, uint64_t *bytes)
{
    char *end;
    double mib = strtod(text, &end);

    if (end == text || *end || !(mib >= 1 && mib < 1e9)) {
        return false;
    }
    *bytes = (uint64_t) (mib * 1024 * 1024);
    return true;
}

enum {
    OPT_PARAM = 256,
    OPT_PARAMS,
    OPT_MEMORY,
    OPT_MAX_MEMORY,
    OPT_SCHEMA,
};

static const struct option check_options[] = {
    { "param", required_argument, NULL, OPT_PARAM },
    { "params", no_argument, NULL, OPT_PARAMS },
    { "memory", no_argument, NULL, OPT_MEMORY },
    { "max-memory", required_argument, NULL, OPT_MAX_MEMORY },
    { "schema", no_argument, NULL, OPT_SCHEMA },
    { "quiet", no_argument, NULL, 'q' },
    { "help", no_argument, NULL, 'h' },
    { NULL, 0, NULL, 0 },
};

int
xfsm_cmd_check(int argc, char *argv[])
{
    struct check check = { .quiet = false };
    bool ok = true;
    int c;

    while ((c = getopt_long(argc, argv, "qh", check_options, NULL)) != -1) {
        switch (c) {
        case OPT_PARAM:
            if (xfsm_settings_add(&check.settings, optarg)) {
                return XFSM_EXIT_USAGE;
            }
            break;
        case OPT_PARAMS:
            check.params = true;
            break;
        case OPT_MEMORY:
            check.memory = true;
            break;
        case OPT_MAX_MEMORY:
            if (!parse_mib(optarg, &check.max_memory)) {
                return xfsm_tool_usage_error("--max-memory takes a number of "
                                             "MiB, 1 or more");
            }
            break;
        case OPT_SCHEMA:
            print_schema();
            return XFSM_EXIT_OK;
        case 'q':
            check.quiet = true;
            break;
        case 'h':
            print_help();
            return XFSM_EXIT_OK;
        default:
            return xfsm_tool_bad_option();
        }
    }
    if (optind == argc) {
        return xfsm_tool_usage_error("which PROGRAM?");
    }
    for (; optind < argc; optind++) {
        ok = check_one(&check, argv[optind]) && ok;
    }
    ok = xfsm_settings_check(&check.settings) && ok;
    return ok ? XFSM_EXIT_OK : XFSM_EXIT_FAILURE;
}
