/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include <config.h>
#include "ovsdb-schema/ovs-compat.h"

#include "controller/programs.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "openvswitch/dynamic-string.h"
#include "socket-util.h"
#include "timeval.h"
#include "unicode.h"
#include "util.h"
#include "xfsm/base/base64.h"
#include "xfsm/program/image.h"

/* The child's standard input, output and error; our ends. */
enum { IN, OUT, ERR, N_PIPES };

struct child {
    pid_t pid;
    int fds[N_PIPES];           /* -1 once closed. */
    const char *in;             /* What is still to be written. */
    size_t in_len;
    struct ds out;              /* The image. */
    struct ds err;              /* Diagnostics. */
};

/* What the compiler is run with, ending in NULL.  The strings are the
 * result's own from 'argv[N_FIXED]' on, up to the one before the last. */
#define N_FIXED 6

static char **
make_argv(const char *tool, const struct xfsm_fleet_program *program)
{
    const char *const fixed[N_FIXED] = {
        tool, "compile", "--name", program->name, "-o", "-"
    };
    char **argv = xcalloc(N_FIXED + smap_count(&program->parameters) + 2,
                          sizeof *argv);
    const struct smap_node *node;
    size_t n;

    for (n = 0; n < N_FIXED; n++) {
        argv[n] = CONST_CAST(char *, fixed[n]);
    }
    SMAP_FOR_EACH (node, &program->parameters) {
        argv[n++] = xasprintf("--param=%s=%s", node->key, node->value);
    }
    argv[n] = CONST_CAST(char *, "-");
    return argv;
}

static void
free_argv(char **argv)
{
    size_t i;

    for (i = N_FIXED; argv[i + 1]; i++) {
        free(argv[i]);
    }
    free(argv);
}

/* In the child: becomes the compiler. */
static void OVS_NO_RETURN
become_compiler(char **argv, int pipes[N_PIPES][2])
{
    sigset_t none;

    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    if (dup2(pipes[IN][0], STDIN_FILENO) >= 0
        && dup2(pipes[OUT][1], STDOUT_FILENO) >= 0
        && dup2(pipes[ERR][1], STDERR_FILENO) >= 0) {
        execv(argv[0], argv);
    }
    _exit(127);
}

static void
close_fd(int *fd)
{
    if (*fd >= 0) {
        close(*fd);
        *fd = -1;
    }
}

/* Starts the compiler.  Returns 0 or a positive errno. */
static int
start_child(struct child *child, const char *tool,
            const struct xfsm_fleet_program *program)
{
    char **argv = make_argv(tool, program);
    int pipes[N_PIPES][2] = { { -1, -1 }, { -1, -1 }, { -1, -1 } };
    int error = 0;
    int i;

    for (i = 0; i < N_PIPES && !error; i++) {
        error = pipe2(pipes[i], O_CLOEXEC) ? errno : 0;
    }
    if (!error) {
        child->pid = fork();
        if (!child->pid) {
            become_compiler(argv, pipes);
        }
        error = child->pid < 0 ? errno : 0;
    }
    for (i = 0; i < N_PIPES; i++) {
        int ours = i == IN ? 1 : 0;

        close_fd(&pipes[i][!ours]);
        if (error) {
            close_fd(&pipes[i][ours]);
        } else {
            set_nonblocking(pipes[i][ours]);
        }
        child->fds[i] = pipes[i][ours];
    }
    free_argv(argv);
    return error;
}

static void
feed_child(struct child *child)
{
    ssize_t n = write(child->fds[IN], child->in, child->in_len);

    if (n > 0) {
        child->in += n;
        child->in_len -= n;
    } else if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
        return;
    }
    /* A compiler that does not read it all has a reason, and says it. */
    if (n < 0 || !child->in_len) {
        close_fd(&child->fds[IN]);
    }
}

/* Reads what the child wrote to 'fd' into 'ds', up to 'max' bytes; what is
 * beyond is dropped, so that the child never waits. */
static void
drain_child(int *fd, struct ds *ds, size_t max)
{
    char buffer[16384];
    ssize_t n = read(*fd, buffer, sizeof buffer);

    if (n > 0) {
        ds_put_buffer(ds, buffer, MIN((size_t) n, max - MIN(max,
                                                            ds->length)));
    } else if (!n || (errno != EAGAIN && errno != EINTR)) {
        close_fd(fd);
    }
}

/* Talks to the child until it closed its end or the deadline is over.
 * Returns false then. */
static bool
serve_child(struct child *child)
{
    long long int deadline = time_boot_msec() + XFSM_PROGRAMS_DEADLINE;

    while (child->fds[OUT] >= 0 || child->fds[ERR] >= 0) {
        struct pollfd pfds[N_PIPES] = {
            { .fd = child->fds[IN], .events = POLLOUT },
            { .fd = child->fds[OUT], .events = POLLIN },
            { .fd = child->fds[ERR], .events = POLLIN },
        };
        long long int left = deadline - time_boot_msec();

        if (left <= 0) {
            return false;
        }
        poll(pfds, N_PIPES, left);
        if (pfds[IN].revents) {
            feed_child(child);
        }
        if (pfds[OUT].revents) {
            drain_child(&child->fds[OUT], &child->out,
                        XFSM_MAX_IMAGE_BYTES + 1);
        }
        if (pfds[ERR].revents) {
            drain_child(&child->fds[ERR], &child->err,
                        XFSM_PROGRAMS_MAX_DIAGNOSTICS);
        }
    }
    return true;
}

/* Returns the 'len' bytes at 'data' in base64. */
static char *
encode_base64(const char *data, size_t len)
{
    size_t n = xfsm_base64_length(len);
    char *text = xmalloc(n + 1);

    xfsm_base64_encode(data, len, text);
    text[n] = '\0';
    return text;
}

/* Waits for the child and tells how it went: NULL, or an error.  Sets '*retry'
 * if that says nothing about the program. */
static char *
reap_child(struct child *child, const char *tool, bool in_time, bool *retry)
{
    int status;

    *retry = true;
    if (!in_time) {
        kill(child->pid, SIGKILL);
    }
    while (waitpid(child->pid, &status, 0) < 0) {
        if (errno != EINTR) {
            return xasprintf("lost sight of the compiler (%s)",
                             ovs_strerror(errno));
        }
    }
    if (in_time && WIFEXITED(status) && WEXITSTATUS(status) == 127) {
        return xasprintf("cannot run the compiler, %s", tool);
    }
    *retry = false;
    if (!in_time) {
        return xasprintf("the compiler did not end within %d seconds",
                         XFSM_PROGRAMS_DEADLINE / 1000);
    } else if (WIFSIGNALED(status)) {
        return xasprintf("the compiler was stopped by signal %d: the program "
                         "takes more time or memory than it may",
                         WTERMSIG(status));
    } else if (WEXITSTATUS(status)) {
        return xstrdup("has errors");
    } else if (child->out.length > XFSM_MAX_IMAGE_BYTES) {
        return xasprintf("the image is longer than %d bytes",
                         XFSM_MAX_IMAGE_BYTES);
    }
    return NULL;
}

/* Compiles the source of 'program'.  Returns NULL, or an error with the
 * compiler's diagnostics. */
static char *
compile_program(struct xfsm_fleet_program *program, const char *tool)
{
    struct child child = {
        .in = program->source,
        .in_len = strlen(program->source),
        .out = DS_EMPTY_INITIALIZER,
        .err = DS_EMPTY_INITIALIZER,
    };
    char *error;
    int retval;
    int i;

    retval = start_child(&child, tool, program);
    if (retval) {
        program->retry = true;
        return xasprintf("cannot start the compiler (%s)",
                         ovs_strerror(retval));
    }
    error = reap_child(&child, tool, serve_child(&child), &program->retry);
    for (i = 0; i < N_PIPES; i++) {
        close_fd(&child.fds[i]);
    }
    if (!error) {
        program->image = encode_base64(ds_cstr(&child.out),
                                       child.out.length);
    } else if (child.err.length) {
        char *text = xasprintf("%s:\n%s", error, ds_cstr(&child.err));

        free(error);
        error = text;
    }
    ds_destroy(&child.out);
    ds_destroy(&child.err);
    return error;
}

/* Checks that 'text' can be a program and a string of OVSDB. */
static char *
check_text(struct ds *text)
{
    size_t length;
    char *error;

    if (!text->length) {
        return xstrdup("is empty");
    } else if (text->length > XFSM_MAX_SOURCE_BYTES) {
        return xasprintf("is longer than the %d bytes that a program can "
                         "have", XFSM_MAX_SOURCE_BYTES);
    } else if (strlen(ds_cstr(text)) != text->length) {
        return xstrdup("is no text: it has a null byte");
    }
    error = utf8_validate(ds_cstr(text), &length);
    if (error) {
        free(error);
        return xstrdup("is not in UTF-8, the one encoding that a database "
                       "takes; iconv(1) converts it");
    }
    return NULL;
}

/* Reads the file at 'path' into '*textp'. */
static char *
read_source(const char *path, char **textp)
{
    struct ds text = DS_EMPTY_INITIALIZER;
    struct stat st;
    char buffer[16384];
    FILE *stream;
    char *error;
    int retval;
    size_t n;

    stream = fopen(path, "re");
    if (!stream) {
        return xasprintf("cannot open the file (%s)", ovs_strerror(errno));
    }
    if (!fstat(fileno(stream), &st) && !S_ISREG(st.st_mode)) {
        fclose(stream);
        return xstrdup("is no file");
    }
    while (text.length <= XFSM_MAX_SOURCE_BYTES
           && (n = fread(buffer, 1, sizeof buffer, stream)) > 0) {
        ds_put_buffer(&text, buffer, n);
    }
    retval = ferror(stream) ? errno : 0;
    fclose(stream);
    error = retval ? xasprintf("cannot read the file (%s)",
                               ovs_strerror(retval)) : check_text(&text);
    if (!error) {
        *textp = ds_steal_cstr(&text);
    }
    ds_destroy(&text);
    return error;
}

/* Returns what 'old', which may be NULL, has with the same text, name and
 * parameters as 'program', or NULL. */
static const struct xfsm_fleet_program *
find_same(const struct xfsm_fleet *old,
          const struct xfsm_fleet_program *program)
{
    const struct xfsm_fleet_program *p
        = old ? shash_find_data(&old->programs, program->name) : NULL;

    while (p && (!p->source || strcmp(p->source, program->source)
                 || !smap_equal(&p->parameters, &program->parameters))) {
        p = p->older;
    }
    return p;
}

/* Fills in the image of 'program'.  Returns NULL or an error. */
static char *
make_image(struct xfsm_fleet_program *program, const struct xfsm_fleet *old,
           const char *tool)
{
    const struct xfsm_fleet_program *same = find_same(old, program);

    if (same && same->image) {
        program->image = xstrdup(same->image);
        return NULL;
    } else if (same && same->error && !same->retry) {
        return xstrdup(same->error);
    }
    return compile_program(program, tool);
}

/* Reads the source of the program of each node of 'fleet', and, with 'tool',
 * compiles it. */
static char *
load_programs(struct xfsm_fleet *fleet, const struct xfsm_fleet *old,
              const char *tool, const char *folder)
{
    const struct shash_node **nodes = shash_sort(&fleet->programs);
    size_t n = shash_count(&fleet->programs);
    struct ds errors = DS_EMPTY_INITIALIZER;
    size_t i;

    for (i = 0; i < n; i++) {
        struct xfsm_fleet_program *program = nodes[i]->data;
        char *path = abs_file_name(folder, program->path);
        char *error = read_source(path, &program->source);

        if (!error && tool) {
            error = make_image(program, old, tool);
        }
        if (error) {
            ds_put_format(&errors, "/programs/%s: %s: %s\n", program->name,
                          path, error);
            ds_chomp(&errors, '\n');
            ds_put_char(&errors, '\n');
            free(error);
        }
        free(path);
    }
    free(nodes);
    if (!errors.length) {
        ds_destroy(&errors);
        return NULL;
    }
    ds_chomp(&errors, '\n');
    return ds_steal_cstr(&errors);
}

char *
xfsm_fleet_read_sources(struct xfsm_fleet *fleet, const char *folder)
{
    return load_programs(fleet, NULL, NULL, folder);
}

char *
xfsm_fleet_compile(struct xfsm_fleet *fleet, const struct xfsm_fleet *old,
                   const char *tool, const char *folder)
{
    return load_programs(fleet, old, tool, folder);
}

void
xfsm_fleet_compile_sources(struct xfsm_fleet *fleet,
                           const struct xfsm_fleet *old, const char *tool)
{
    const struct shash_node *node;

    SHASH_FOR_EACH (node, &fleet->programs) {
        struct xfsm_fleet_program *program;

        for (program = node->data; program; program = program->older) {
            if (!program->error && !program->image) {
                program->error = make_image(program, old, tool);
            }
        }
    }
}
