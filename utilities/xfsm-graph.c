/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include "utilities/xfsm-graph.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "utilities/xfsm-settings.h"
#include "xfsm/program/xml.h"

/* Limits of a drawing of a program from standard input, and of "dot". */
#define CPU_MAX 5                       /* Seconds. */
#define MEMORY_MAX (256 * 1024 * 1024)  /* Bytes of address space. */
#define DOT_CPU_MAX 8
#define DOT_MEMORY_MAX (1024 * 1024 * 1024)

extern char **environ;

enum format {
    FORMAT_SVG,
    FORMAT_DOT,
    FORMAT_MERMAID,
};

static void
print_help(void)
{
    puts("xfsm graph: draw the state machine of a program\n"
         "usage: xfsm graph [OPTION]... PROGRAM\n\n"
         "The drawing goes to standard output.\n\n"
         "  -f, --format svg      a picture, by Graphviz' \"dot\" (default)\n"
         "  -f, --format dot      text for Graphviz\n"
         "  -f, --format mermaid  text for Mermaid, a stateDiagram-v2\n"
         "  --param NAME=VALUE    set a parameter\n"
         "  -h, --help            print this");
}

/* Starts "dot".  Returns the end of a pipe to it, or a negative errno. */
static int
start_dot(pid_t *pid)
{
    char program[] = "dot", type[] = "-Tsvg";
    char *args[] = { program, type, NULL };
    posix_spawn_file_actions_t actions;
    int fds[2];
    int error;

    if (pipe2(fds, O_CLOEXEC)) {
        return -errno;
    }
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, fds[0], STDIN_FILENO);
    error = posix_spawnp(pid, program, &actions, NULL, args, environ);
    posix_spawn_file_actions_destroy(&actions);
    close(fds[0]);
    if (error) {
        close(fds[1]);
    }
    return error ? -error : fds[1];
}

/* Where a drawing goes. */
struct canvas {
    enum format format;
    pid_t dot;                  /* Graphviz, which draws SVG, or 0. */
    FILE *out;                  /* To it, or standard output. */
};

/* Gets ready to draw.  Returns false after complaining. */
static bool
open_canvas(enum format format, struct canvas *canvas)
{
    int fd;

    *canvas = (struct canvas) { .format = format, .out = stdout };
    if (format != FORMAT_SVG) {
        return true;
    }
    fflush(stdout);
    fd = start_dot(&canvas->dot);
    if (fd < 0) {
        xfsm_tool_complain("cannot run \"dot\" (%s): SVG needs Graphviz, on "
                           "Debian and Ubuntu \"apt-get install graphviz\"; "
                           "or use --format mermaid", strerror(-fd));
        return false;
    }
    canvas->out = fdopen(fd, "w");
    if (!canvas->out) {
        abort();
    }
    return true;
}

/* Has all be drawn.  Returns false after complaining. */
static bool
close_canvas(struct canvas *canvas)
{
    int status;

    if (!canvas->dot) {
        return true;
    }
    fclose(canvas->out);
    while (waitpid(canvas->dot, &status, 0) < 0) {
        if (errno != EINTR) {
            abort();
        }
    }
    if (!WIFEXITED(status) || WEXITSTATUS(status)) {
        xfsm_tool_complain("\"dot\" failed");
        return false;
    }
    return true;
}

static void
draw(const struct xfsm_program *program, const struct canvas *canvas)
{
    if (canvas->format == FORMAT_MERMAID) {
        xfsm_graph_mermaid(program, canvas->out);
    } else {
        xfsm_graph_dot(program, canvas->out);
    }
}

/* Gets ready to draw what comes from standard input: "dot" is started before
 * the first byte of that is read, and nothing after.  Returns false after
 * complaining. */
static bool
confine(enum format format, struct canvas *canvas)
{
    return ((format != FORMAT_SVG || xfsm_tool_limit_starter())
            && open_canvas(format, canvas)
            && (!canvas->dot || xfsm_tool_limit_other(
                    canvas->dot, DOT_CPU_MAX, DOT_MEMORY_MAX))
            && xfsm_tool_limit_self(CPU_MAX, MEMORY_MAX));
}

static bool
graph(const char *arg, enum format format, struct xfsm_settings *settings)
{
    bool confined = !strcmp(arg, "-");
    struct canvas canvas;
    struct xfsm_program *program = NULL;
    struct xfsm_document doc;
    struct xfsm_diags diags;
    bool ok = false;
    size_t n;
    char *text;

    if (confined && !confine(format, &canvas)) {
        return false;
    }
    text = xfsm_document_read(arg, &doc);
    if (text) {
        xfsm_tool_complain("%s", text);
        free(text);
        return false;
    }
    if (xfsm_document_is_image(&doc)) {
        xfsm_tool_complain("%s: an image cannot be drawn; give the program's "
                           "text", doc.path);
    } else if (xfsm_settings_select(settings, &doc, &n)
               && xfsm_settings_check(settings)) {
        xfsm_diags_init(&diags, doc.path);
        program = xfsm_xml_load_params(doc.data, doc.len, doc.name,
                                       settings->selected, n, &diags);
        text = xfsm_diags_format(&diags, XFSM_DIAG_ERROR);
        fputs(text, stderr);
        free(text);
        xfsm_diags_destroy(&diags);
        ok = program && (confined || open_canvas(format, &canvas));
    }
    if (ok) {
        draw(program, &canvas);
        ok = close_canvas(&canvas);
    } else if (confined && canvas.dot) {
        close_canvas(&canvas);
    }
    xfsm_program_destroy(program);
    xfsm_document_destroy(&doc);
    return ok;
}

int
xfsm_cmd_graph(int argc, char *argv[])
{
    enum { OPT_PARAM = 256 };
    static const struct option options[] = {
        { "format", required_argument, NULL, 'f' },
        { "param", required_argument, NULL, OPT_PARAM },
        { "help", no_argument, NULL, 'h' },
        { NULL, 0, NULL, 0 },
    };
    static const char *const formats[] = {
        [FORMAT_SVG] = "svg", [FORMAT_DOT] = "dot",
        [FORMAT_MERMAID] = "mermaid",
    };
    struct xfsm_settings settings = { .n = 0 };
    int format = FORMAT_SVG;
    int c;

    while ((c = getopt_long(argc, argv, "f:h", options, NULL)) != -1) {
        switch (c) {
        case 'f':
            for (format = FORMAT_SVG; strcmp(formats[format], optarg);
                 format++) {
                if (format == FORMAT_MERMAID) {
                    return xfsm_tool_usage_error("--format: \"%s\" is not "
                                                 "svg, dot or mermaid",
                                                 optarg);
                }
            }
            break;
        case OPT_PARAM:
            if (xfsm_settings_add(&settings, optarg)) {
                return XFSM_EXIT_USAGE;
            }
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
    return graph(argv[optind], (enum format) format, &settings)
           ? XFSM_EXIT_OK : XFSM_EXIT_FAILURE;
}
