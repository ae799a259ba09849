/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef UTILITIES_XFSM_H
#define UTILITIES_XFSM_H 1

/* What the commands of the program toolbox, xfsm(1), share.
 *
 * Each command is a function in a file of its own, xfsm-COMMAND.c, which
 * parses its options with getopt_long() and returns an exit code.  The list
 * below is the only one: dispatch and help come from it. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "xfsm/engine.h"
#include "xfsm/program/diag.h"

/* C(NAME, SUMMARY) */
#define XFSM_COMMANDS(C) \
    C(check, "check programs and say what is wrong with them") \
    C(compile, "compile a program to an image") \
    C(bench, "measure programs on packets in memory") \
    C(run, "run programs on a capture file, without Open vSwitch") \
    C(test, "run the tests that programs carry") \
    C(graph, "draw the state machine of a program") \
    C(events, "show the events that probes publish") \
    C(keygen, "make keys for events over a network") \
    C(fields, "list the packet fields that programs can name")

#define XFSM_COMMAND_PROTOTYPE(NAME, SUMMARY) \
    int xfsm_cmd_##NAME(int argc, char *argv[]);
XFSM_COMMANDS(XFSM_COMMAND_PROTOTYPE)
#undef XFSM_COMMAND_PROTOTYPE

/* Exit codes, documented in xfsm(1). */
enum {
    XFSM_EXIT_OK = 0,
    XFSM_EXIT_FAILURE = 1,      /* Errors in a program, or anything else. */
    XFSM_EXIT_CAPTURE = 2,      /* The capture could not be read to its end. */
    XFSM_EXIT_USAGE = 64,       /* Wrong command line. */
};

/* Environment variable with the folder of the library of programs. */
#define XFSM_PROGRAMS_DIR_ENV "XFSM_PROGRAMS_DIR"

/* ## Messages ## */

/* Prints "xfsm COMMAND: MESSAGE" on stderr. */
void xfsm_tool_complain(const char *format, ...)
    __attribute__((format(printf, 1, 2)));

/* The same about the command line, with a pointer to --help.  Returns
 * XFSM_EXIT_USAGE. */
int xfsm_tool_usage_error(const char *format, ...)
    __attribute__((format(printf, 1, 2)));

/* For the "default" of a getopt_long() loop: getopt_long() has said what is
 * wrong, this adds the pointer to --help.  Returns XFSM_EXIT_USAGE. */
int xfsm_tool_bad_option(void);

/* ## Documents ## */

/* The text of a program, or an image. */
struct xfsm_document {
    char *path;                 /* As diagnostics name it. */
    char *name;                 /* Name of the program in it. */
    char *data;
    size_t len;
};

/* Reads the program that the argument 'arg' means into '*doc': the file of
 * that name; else, if it has no '/', ARG or ARG.xml in the library; or
 * standard input for "-".  Images are read the same way.  Returns NULL, or an
 * error that the caller frees. */
char *xfsm_document_read(const char *arg, struct xfsm_document *doc);
void xfsm_document_destroy(struct xfsm_document *);

/* Tells whether 'doc' is an image. */
bool xfsm_document_is_image(const struct xfsm_document *);

/* Verifies 'len' bytes of image in an engine of its own.  Returns NULL, or an
 * error that the caller frees.  Stores the address space that the program's
 * memory takes in '*bytes', unless that is NULL. */
char *xfsm_tool_verify(const void *image, size_t len, uint64_t *bytes);

/* Prints how much memory each part of the image may take, of 'total' bytes,
 * lines that begin with 'path'. */
void xfsm_tool_print_memory(const char *path, const void *image, size_t len,
                            uint64_t total);

/* Number of warnings in 'diags'. */
size_t xfsm_tool_n_warnings(const struct xfsm_diags *diags);

/* ## Limits ## */

/* Confines the process for what comes from somebody else: from now on it opens
 * nothing, starts nothing, takes 'seconds' of the processor and 'bytes' of
 * address space at most, and ends if it takes more, or tries what only an
 * intruder would, see xfsm/io/cage-syscalls.h.  Returns false after
 * complaining. */
bool xfsm_tool_limit_self(unsigned int seconds, size_t bytes);

/* Does so as far as another program can still be started, which gets
 * xfsm_tool_limit_other() then. */
bool xfsm_tool_limit_starter(void);
bool xfsm_tool_limit_other(pid_t pid, unsigned int seconds, size_t bytes);

/* ## Numbers ## */

/* Parses 's' as a number of seconds, not negative, with an optional fraction,
 * of at most 'max'.  Returns false if it is none. */
bool xfsm_tool_parse_seconds(const char *s, double max, double *seconds);

/* Parses 's' as a decimal integer from 'min' to 'max'. */
bool xfsm_tool_parse_int(const char *s, long min, long max, long *value);

/* Parses the value of --backend, "auto" or "interpreter".  Returns false,
 * after complaining, if it is neither. */
bool xfsm_tool_parse_backend(const char *s, enum xfsm_backend *backend);

#endif /* utilities/xfsm.h */
