/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include <config.h>
#include "ovsdb-schema/ovs-compat.h"

#include "controller/tool.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "openvswitch/dynamic-string.h"
#include "socket-util.h"
#include "timeval.h"
#include "util.h"

/* The child's standard input, output and error; our ends. */
enum { IN, OUT, ERR, N_PIPES };

struct child {
    pid_t pid;
    int fds[N_PIPES];           /* -1 once closed. */
    const char *in;             /* What is still to be written. */
    size_t in_len;
    struct ds *out;             /* What it is run for. */
    size_t max_out;             /* Bytes of that. */
    struct ds err;              /* Diagnostics. */
};

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
start_child(struct child *child, char **argv)
{
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
    long long int deadline = time_boot_msec() + XFSM_TOOL_DEADLINE;

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
            drain_child(&child->fds[OUT], child->out,
                        child->max_out + 1);
        }
        if (pfds[ERR].revents) {
            drain_child(&child->fds[ERR], &child->err,
                        XFSM_TOOL_MAX_DIAGNOSTICS);
        }
    }
    return true;
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
                         XFSM_TOOL_DEADLINE / 1000);
    } else if (WIFSIGNALED(status)) {
        return xasprintf("the compiler was stopped by signal %d: the program "
                         "takes more time or memory than it may",
                         WTERMSIG(status));
    } else if (WEXITSTATUS(status)) {
        return xstrdup("has errors");
    } else if (child->out->length > child->max_out) {
        return xasprintf("the result is longer than %"PRIuSIZE" bytes",
                         child->max_out);
    }
    return NULL;
}

char *
xfsm_tool_run(char **argv, const char *in, size_t max_out, struct ds *out,
              bool *retry)
{
    struct child child = {
        .in = in,
        .in_len = strlen(in),
        .out = out,
        .max_out = max_out,
        .err = DS_EMPTY_INITIALIZER,
    };
    char *error;
    int retval;
    int i;

    retval = start_child(&child, argv);
    if (retval) {
        *retry = true;
        return xasprintf("cannot start the compiler (%s)",
                         ovs_strerror(retval));
    }
    error = reap_child(&child, argv[0], serve_child(&child), retry);
    for (i = 0; i < N_PIPES; i++) {
        close_fd(&child.fds[i]);
    }
    if (error && child.err.length) {
        char *text = xasprintf("%s:\n%s", error, ds_cstr(&child.err));

        free(error);
        error = text;
    }
    ds_destroy(&child.err);
    return error;
}
