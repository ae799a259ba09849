/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "utilities/xfsm-settings.h"
#include "xfsm/program/compile.h"
#include "xfsm/program/image.h"
#include "xfsm/program/lint.h"
#include "xfsm/program/xml.h"

/* Limits under which text from standard input, that is, from somebody else,
 * is compiled. */
#define CPU_MAX 5                       /* Seconds. */
#define MEMORY_MAX (256 * 1024 * 1024)  /* Bytes of address space. */

/* Where the image goes. */
struct output {
    const char *path;           /* NULL for standard output. */
    char *tmp;                  /* Name until it is complete. */
    int fd;
};

static void
print_help(void)
{
    puts("xfsm compile: compile a program to an image\n"
         "usage: xfsm compile [OPTION]... PROGRAM -o IMAGE\n\n"
         "PROGRAM is a file, the name of a program in the library, or - for\n"
         "standard input, which is read under strict limits of time and\n"
         "memory.  IMAGE is a file, or - for standard output.\n\n"
         "  -o, --output IMAGE  where the image goes\n"
         "  --name NAME         name of the program, if its text has none\n"
         "  --param NAME=VALUE  set a parameter, for good; may be repeated\n"
         "  --lint              warn of what can never happen, as check does\n"
         "  -q, --quiet         print errors alone\n"
         "  -h, --help          print this\n\n"
         "Diagnostics go to standard error.  Exit status: 0, or 1 if the\n"
         "program has errors; then IMAGE is not written.");
}

/* Opens 'path', "-" for standard output.  A file is written under another
 * name first, so that nobody sees half of an image. */
static bool
open_output(const char *path, struct output *out)
{
    struct stat st;

    memset(out, 0, sizeof *out);
    out->fd = STDOUT_FILENO;
    if (!strcmp(path, "-")) {
        return true;
    }
    out->path = path;
    if (!stat(path, &st) && !S_ISREG(st.st_mode)) {
        /* A device or pipe: nothing to rename. */
        out->fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
    } else {
        if (asprintf(&out->tmp, "%s.XXXXXX", path) < 0) {
            abort();
        }
        out->fd = mkostemp(out->tmp, O_CLOEXEC);
        if (out->fd < 0) {
            free(out->tmp);
            out->tmp = NULL;
        } else {
            mode_t mask = umask(0);

            umask(mask);
            fchmod(out->fd, 0666 & ~mask);
        }
    }
    if (out->fd < 0) {
        xfsm_tool_complain("%s: cannot create (%s)", path, strerror(errno));
        return false;
    }
    return true;
}

/* Writes the image, if there is one, and puts it under its name. */
static bool
finish_output(struct output *out, const void *image, size_t len)
{
    const char *p = image;
    size_t done = 0;
    int error = 0;

    while (image && done < len && !error) {
        ssize_t n = write(out->fd, p + done, len - done);

        if (n >= 0) {
            done += n;
        } else if (errno != EINTR) {
            error = errno;
        }
    }
    if (out->path && close(out->fd) && !error) {
        error = errno;
    }
    if (image && !error && out->tmp && rename(out->tmp, out->path)) {
        error = errno;
    }
    if (out->tmp && (!image || error)) {
        unlink(out->tmp);
    }
    if (error) {
        xfsm_tool_complain("%s: cannot write the image (%s)",
                           out->path ? out->path : "standard output",
                           strerror(error));
    }
    free(out->tmp);
    return !error;
}

/* Adds to 'diags' what in the program, which is good, can never happen. */
static void
lint(const struct xfsm_document *doc, const char *name,
     const struct xfsm_settings *settings, size_t n_settings,
     struct xfsm_diags *diags)
{
    struct xfsm_program *program;
    struct xfsm_diags again;

    xfsm_diags_init(&again, doc->path);
    program = xfsm_xml_load_params(doc->data, doc->len, name,
                                   settings->selected, n_settings, &again);
    if (program) {
        xfsm_lint(program, diags);
    }
    xfsm_program_destroy(program);
    xfsm_diags_destroy(&again);
}

static bool
compile(const char *arg, const char *name, bool quiet, bool warn,
        struct xfsm_settings *settings, struct output *out)
{
    struct xfsm_document doc;
    struct xfsm_diags diags;
    size_t n_settings;
    void *image = NULL;
    size_t image_len = 0;
    char *text;
    bool ok;

    text = xfsm_document_read(arg, &doc);
    if (text) {
        xfsm_tool_complain("%s", text);
        free(text);
        finish_output(out, NULL, 0);
        return false;
    }
    if (!xfsm_settings_select(settings, &doc, &n_settings)
        || !xfsm_settings_check(settings)) {
        xfsm_document_destroy(&doc);
        finish_output(out, NULL, 0);
        return false;
    }
    xfsm_diags_init(&diags, !strcmp(arg, "-") && name ? name : doc.path);
    ok = xfsm_compile_xml_params(doc.data, doc.len, name ? name : doc.name,
                                 settings->selected, n_settings, &diags,
                                 &image, &image_len);
    if (ok && warn) {
        lint(&doc, name ? name : doc.name, settings, n_settings, &diags);
    }
    text = xfsm_diags_format(&diags, quiet ? XFSM_DIAG_ERROR
                                           : XFSM_DIAG_NOTE);
    fputs(text, stderr);
    free(text);
    xfsm_diags_destroy(&diags);
    ok = finish_output(out, ok ? image : NULL, image_len) && ok;
    free(image);
    xfsm_document_destroy(&doc);
    return ok;
}

/* Compiles what standard input has, in a process that limits itself before it
 * reads any of it.  That cannot put a file in its place any more, so if there
 * is one, it is a child. */
static bool
compile_confined(const char *name, bool quiet, bool warn,
                 struct xfsm_settings *settings, struct output *out)
{
    struct output inherited = { .fd = out->fd, .path = out->path };
    pid_t pid = out->path ? fork() : 0;
    int status = 0;
    bool ok;

    if (pid < 0) {
        xfsm_tool_complain("cannot start a process (%s)", strerror(errno));
        finish_output(out, NULL, 0);
        return false;
    } else if (!pid) {
        ok = (xfsm_tool_limit_self(CPU_MAX, MEMORY_MAX)
              && compile("-", name, quiet, warn, settings, &inherited));
        if (out->path) {
            fflush(NULL);
            _exit(ok ? XFSM_EXIT_OK : XFSM_EXIT_FAILURE);
        }
        return ok;
    }
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
        continue;
    }
    if (WIFSIGNALED(status)) {
        xfsm_tool_complain("stopped by signal %d: %s", WTERMSIG(status),
                           WTERMSIG(status) == SIGSYS
                           ? "it tried what it may not do"
                           : "the program takes more time or memory than it "
                             "may");
    }
    return finish_output(out, status ? NULL : "", 0) && !status;
}

int
xfsm_cmd_compile(int argc, char *argv[])
{
    enum { OPT_NAME = 256, OPT_PARAM, OPT_LINT };
    static const struct option options[] = {
        { "output", required_argument, NULL, 'o' },
        { "name", required_argument, NULL, OPT_NAME },
        { "param", required_argument, NULL, OPT_PARAM },
        { "lint", no_argument, NULL, OPT_LINT },
        { "quiet", no_argument, NULL, 'q' },
        { "help", no_argument, NULL, 'h' },
        { NULL, 0, NULL, 0 },
    };
    struct xfsm_settings settings = { .n = 0 };
    const char *output = NULL;
    const char *name = NULL;
    bool quiet = false;
    bool warn = false;
    struct output out;
    int c;

    while ((c = getopt_long(argc, argv, "o:qh", options, NULL)) != -1) {
        switch (c) {
        case 'o':
            output = optarg;
            break;
        case OPT_NAME:
            name = optarg;
            break;
        case OPT_PARAM:
            if (xfsm_settings_add(&settings, optarg)) {
                return XFSM_EXIT_USAGE;
            }
            break;
        case OPT_LINT:
            warn = true;
            break;
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
    if (argc - optind != 1) {
        return xfsm_tool_usage_error(optind == argc ? "which PROGRAM?"
                                     : "only one PROGRAM");
    }
    if (!output) {
        return xfsm_tool_usage_error("where to? Say -o IMAGE");
    }
    if (name && (!*name || strlen(name) > XFSM_MAX_NAME)) {
        return xfsm_tool_usage_error("--name takes 1 to %d characters",
                                     XFSM_MAX_NAME);
    }
    if (!open_output(output, &out)) {
        return XFSM_EXIT_FAILURE;
    }
    return (!strcmp(argv[optind], "-")
            ? compile_confined(name, quiet, warn, &settings, &out)
            : compile(argv[optind], name, quiet, warn, &settings, &out))
           ? XFSM_EXIT_OK : XFSM_EXIT_FAILURE;
}
