/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include "utilities/xfsm.h"

#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct command {
    const char *name;
    const char *summary;
    int (*run)(int argc, char *argv[]);
};

static const struct command commands[] = {
#define COMMAND_ENTRY(NAME, SUMMARY) { #NAME, SUMMARY, xfsm_cmd_##NAME },
    XFSM_COMMANDS(COMMAND_ENTRY)
#undef COMMAND_ENTRY
};

#define N_COMMANDS (sizeof commands / sizeof commands[0])

/* Command that runs, as getopt_long() prints it: "xfsm check". */
static char *invocation;

static void
print_help(FILE *stream)
{
    size_t i;

    fprintf(stream, "xfsm: programs for stream monitoring of Open vSwitch "
            "ports\n"
            "usage: xfsm COMMAND [ARGUMENT...]\n\nCommands:\n");
    for (i = 0; i < N_COMMANDS; i++) {
        fprintf(stream, "  %-10s%s\n", commands[i].name, commands[i].summary);
    }
    fprintf(stream, "\n\"xfsm COMMAND --help\" tells more of each.\n"
            "Other options: --help, --version.\n");
}

static const struct command *
find_command(const char *name)
{
    size_t i;

    for (i = 0; i < N_COMMANDS; i++) {
        if (!strcmp(commands[i].name, name)) {
            return &commands[i];
        }
    }
    return NULL;
}

static void __attribute__((format(printf, 1, 0)))
complain_valist(const char *format, va_list args)
{
    fflush(stdout);
    fprintf(stderr, "%s: ", invocation ? invocation : "xfsm");
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
}

void
xfsm_tool_complain(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    complain_valist(format, args);
    va_end(args);
}

int
xfsm_tool_bad_option(void)
{
    fprintf(stderr, "Try \"%s --help\".\n", invocation ? invocation : "xfsm");
    return XFSM_EXIT_USAGE;
}

int
xfsm_tool_usage_error(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    complain_valist(format, args);
    va_end(args);
    return xfsm_tool_bad_option();
}

bool
xfsm_tool_parse_seconds(const char *s, double max, double *seconds)
{
    char *end;
    double x;

    if ((s[0] < '0' || s[0] > '9') && s[0] != '.') {
        return false;
    }
    x = strtod(s, &end);
    if (*end || !isfinite(x) || x < 0 || x > max) {
        return false;
    }
    *seconds = x;
    return true;
}

bool
xfsm_tool_parse_int(const char *s, long min, long max, long *value)
{
    char *end;
    long x;

    errno = 0;
    x = strtol(s, &end, 10);
    if (s[0] < '0' || s[0] > '9' || *end || errno || x < min || x > max) {
        return false;
    }
    *value = x;
    return true;
}

bool
xfsm_tool_parse_backend(const char *s, enum xfsm_backend *backend)
{
    if (strcmp(s, "auto") && strcmp(s, "interpreter")) {
        xfsm_tool_usage_error("--backend: \"%s\" is neither \"auto\" nor "
                              "\"interpreter\"", s);
        return false;
    }
    *backend = !strcmp(s, "auto") ? XFSM_BACKEND_AUTO
                                  : XFSM_BACKEND_INTERPRETER;
    return true;
}

static int
run_command(int argc, char *argv[])
{
    const struct command *command = find_command(argv[1]);
    int exit_code;

    if (!command) {
        return xfsm_tool_usage_error("unknown command \"%s\"", argv[1]);
    }
    if (asprintf(&invocation, "xfsm %s", command->name) < 0) {
        abort();
    }
    argv[1] = invocation;
    exit_code = command->run(argc - 1, argv + 1);
    if (fflush(stdout) && errno != EPIPE && exit_code == XFSM_EXIT_OK) {
        xfsm_tool_complain("cannot write to standard output (%s)",
                           strerror(errno));
        exit_code = XFSM_EXIT_FAILURE;
    }
    free(invocation);
    return exit_code;
}

int
main(int argc, char *argv[])
{
    /* A reader that went away is an error of a write, not our death. */
    signal(SIGPIPE, SIG_IGN);

    if (argc < 2) {
        print_help(stderr);
        return XFSM_EXIT_USAGE;
    } else if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h")
               || !strcmp(argv[1], "help")) {
        print_help(stdout);
        return XFSM_EXIT_OK;
    } else if (!strcmp(argv[1], "--version") || !strcmp(argv[1], "-V")) {
        printf("xfsm (ovs-xfsm) %s\n", XFSM_VERSION);
        return XFSM_EXIT_OK;
    } else if (argv[1][0] == '-') {
        return xfsm_tool_usage_error("unknown option \"%s\"", argv[1]);
    }
    return run_command(argc, argv);
}
