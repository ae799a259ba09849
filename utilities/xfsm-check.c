/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#include "utilities/xfsm.h"
#include "xfsm/program/compile.h"

static void
print_help(void)
{
    printf("xfsm check: check programs and say what is wrong with them\n"
           "usage: xfsm check [-q] PROGRAM...\n\n"
           "PROGRAM is a file, or the name of a program in the library\n"
           "(%s, or $" XFSM_PROGRAMS_DIR_ENV ").\n\n"
           "  -q, --quiet   print errors alone\n"
           "  -h, --help    print this\n\n"
           "Exit status: 0 if all programs are good (warnings allowed), "
           "else 1.\n", XFSM_PKGDATADIR "/programs");
}

/* Checks the image in 'doc'. */
static bool
check_image(const struct xfsm_document *doc, bool quiet)
{
    char *error = xfsm_tool_verify(doc->data, doc->len);

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

/* Checks the XML in 'doc': it must load, compile and verify. */
static bool
check_xml(const struct xfsm_document *doc, bool quiet)
{
    struct xfsm_diags diags;
    size_t n_warnings;
    void *image = NULL;
    size_t image_len;
    char *text;
    bool ok;

    xfsm_diags_init(&diags, doc->path);
    ok = xfsm_compile_xml(doc->data, doc->len, doc->name, &diags, &image,
                          &image_len);
    if (ok) {
        char *error = xfsm_tool_verify(image, image_len);

        if (error) {
            xfsm_diags_add(&diags, XFSM_DIAG_ERROR, 0, "",
                           "the compiled program does not verify: %s", error);
            free(error);
            ok = false;
        }
        free(image);
    }

    text = xfsm_diags_format(&diags, quiet ? XFSM_DIAG_ERROR
                                           : XFSM_DIAG_NOTE);
    fputs(text, stdout);
    free(text);
    n_warnings = xfsm_tool_n_warnings(&diags);
    if (!ok) {
        printf("%s: refused: %zu error%s\n", doc->path, diags.n_errors,
               diags.n_errors == 1 ? "" : "s");
    } else if (!quiet && n_warnings) {
        printf("%s: ok, %zu warning%s\n", doc->path, n_warnings,
               n_warnings == 1 ? "" : "s");
    } else if (!quiet) {
        printf("%s: ok\n", doc->path);
    }
    xfsm_diags_destroy(&diags);
    return ok;
}

static bool
check_one(const char *arg, bool quiet)
{
    struct xfsm_document doc;
    char *error;
    bool ok;

    error = xfsm_document_read(arg, &doc);
    if (error) {
        printf("%s\n", error);
        free(error);
        return false;
    }
    ok = xfsm_document_is_image(&doc) ? check_image(&doc, quiet)
                                      : check_xml(&doc, quiet);
    xfsm_document_destroy(&doc);
    return ok;
}

int
xfsm_cmd_check(int argc, char *argv[])
{
    static const struct option options[] = {
        { "quiet", no_argument, NULL, 'q' },
        { "help", no_argument, NULL, 'h' },
        { NULL, 0, NULL, 0 },
    };
    bool quiet = false;
    bool ok = true;
    int c;

    while ((c = getopt_long(argc, argv, "qh", options, NULL)) != -1) {
        switch (c) {
        case 'q':
            quiet = true;
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
        ok = check_one(argv[optind], quiet) && ok;
    }
    return ok ? XFSM_EXIT_OK : XFSM_EXIT_FAILURE;
}
