/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

/* xfsm-compiler: one program's text on standard input, its image on standard
 * output, what there is to say about it on standard error.
 *
 * The text may come from anybody who can write to the database, so the process
 * enters the cage of a probe before it reads the first byte, and lives for one
 * program.  Exit status: 0, 1 if the program has errors, 2 if it was called
 * wrongly, another one if it could not do its work. */

#include <config.h>
#include "ovsdb-schema/ovs-compat.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ovs-plugin/cage.h"
#include "ovs-plugin/programs.h"
#include "ovs-plugin/user.h"
#include "util.h"
#include "xfsm/program/compile.h"
#include "xfsm/program/image.h"
#include "xfsm/program/lint.h"
#include "xfsm/program/xml.h"

enum { EXIT_DONE = 0, EXIT_PROGRAM = 1, EXIT_USAGE = 2, EXIT_TROUBLE = 70 };

static void OVS_NO_RETURN
complain(int status, const char *what, const char *why)
{
    fprintf(stderr, "%s: %s%s%s\n", program_name, what, why ? ": " : "",
            why ? why : "");
    exit(status);
}

static void
enter_cage(void)
{
    struct xfsm_cage cage = {
        .max_memory = XFSM_PROGRAMS_MAX_MEMORY,
        .max_file = XFSM_PROGRAMS_MAX_IMAGE,
        .max_fds = 4,           /* To enter the cage takes one. */
        .syscalls = XFSM_CAGE_PROBE,
    };
    /* The agent has made us another user already. */
    char *error = xfsm_user_resolve(NULL, &cage.uid, &cage.gid);

    if (!error) {
        error = xfsm_cage_enter(&cage);
    }
    if (error) {
        complain(EXIT_TROUBLE, error, NULL);
    }
}

/* Reads all of standard input, which becomes the caller's. */
static char *
read_text(size_t *lenp)
{
    char *text = xmalloc(XFSM_PROGRAMS_MAX_SOURCE + 1);
    size_t len = 0;

    for (;;) {
        ssize_t n = read(STDIN_FILENO, text + len,
                         XFSM_PROGRAMS_MAX_SOURCE + 1 - len);

        if (n > 0) {
            len += n;
        } else if (!n) {
            break;
        } else if (errno != EINTR) {
            complain(EXIT_TROUBLE, "cannot read the program",
                     ovs_strerror(errno));
        }
        if (len > XFSM_PROGRAMS_MAX_SOURCE) {
            complain(EXIT_PROGRAM, "the program is longer than 1 MiB", NULL);
        }
    }
    *lenp = len;
    return text;
}

static void
write_image(const char *image, size_t len)
{
    size_t done = 0;

    while (done < len) {
        ssize_t n = write(STDOUT_FILENO, image + done, len - done);

        if (n >= 0) {
            done += n;
        } else if (errno != EINTR) {
            complain(EXIT_TROUBLE, "cannot write the image",
                     ovs_strerror(errno));
        }
    }
}

/* Takes "NAME=VALUE,NAME=VALUE..." apart.  Returns settings that point into
 * 'text', which it changes, and stores their number. */
static struct xfsm_setting *
parse_settings(char *text, size_t *np)
{
    struct xfsm_setting *settings = NULL;
    size_t allocated = 0;
    char *save = NULL;
    char *item;

    *np = 0;
    for (item = strtok_r(text, ",", &save); item;
         item = strtok_r(NULL, ",", &save)) {
        char *equals = strchr(item, '=');

        if (!equals || equals == item || !equals[1]) {
            complain(EXIT_PROGRAM, item, "a parameter is set as NAME=VALUE");
        }
        if (*np >= allocated) {
            settings = x2nrealloc(settings, &allocated, sizeof *settings);
        }
        *equals = '\0';
        settings[*np].name = item;
        settings[(*np)++].value = equals + 1;
    }
    return settings;
}

int
main(int argc, char *argv[])
{
    struct xfsm_setting *settings = NULL;
    struct xfsm_program *program;
    struct xfsm_diags diags;
    size_t len, image_len, n_settings = 0;
    void *image = NULL;
    char *text, *said;
    bool ok;

    ovs_set_program_name(argv[0], XFSM_VERSION);
    if (argc < 2 || argc > 3 || !argv[1][0]
        || strlen(argv[1]) > XFSM_MAX_NAME) {
        complain(EXIT_USAGE, "expected the name of a program, and its "
                 "parameters; started by ovs-xfsmd", NULL);
    }
    enter_cage();

    if (argc > 2) {
        settings = parse_settings(argv[2], &n_settings);
    }
    text = read_text(&len);
    xfsm_diags_init(&diags, argv[1]);
    program = xfsm_xml_load_params(text, len, argv[1], settings, n_settings,
                                   &diags);
    ok = program && xfsm_compile(program, &diags, &image, &image_len);
    if (program) {
        xfsm_lint_port(program, &diags);
    }
    said = xfsm_diags_format(&diags, XFSM_DIAG_NOTE);
    fputs(said, stderr);
    if (ok) {
        write_image(image, image_len);
    }
    free(image);
    xfsm_program_destroy(program);
    free(said);
    xfsm_diags_destroy(&diags);
    free(text);
    free(settings);
    return ok ? EXIT_DONE : EXIT_PROGRAM;
}
