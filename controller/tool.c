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
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "openvswitch/dynamic-string.h"
#include "openvswitch/poll-loop.h"
#include "openvswitch/vlog.h"
#include "socket-util.h"
#include "timeval.h"
#include "util.h"

VLOG_DEFINE_THIS_MODULE(tool);

/* Children that xfsm_tool_n_caught() tells of. */
static unsigned long long int n_caught;

/* The child's standard input, output and error; our ends. */
enum { IN, OUT, ERR, N_PIPES };

struct xfsm_tool {
    pid_t pid;
    char *name;
    int fds[N_PIPES];           /* -1 once closed. */
    char *text;                 /* Its standard input. */
    const char *in;             /* What of that is still to be written. */
    size_t in_len;
    struct ds out;              /* What it is run for. */
    size_t max_out;             /* Bytes of that. */
    struct ds err;              /* Diagnostics. */
    long long int deadline;
    bool in_time;
};

/* The child's descriptor of its file, if it gets one. */
#define FILE_FD 3

/* In the child: becomes the toolbox. */
static void OVS_NO_RETURN
become_toolbox(char **argv, int pipes[N_PIPES][2], int file)
{
    sigset_t none;

    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    if (dup2(pipes[IN][0], STDIN_FILENO) >= 0
        && dup2(pipes[OUT][1], STDOUT_FILENO) >= 0
        && dup2(pipes[ERR][1], STDERR_FILENO) >= 0
        && (file < 0 || (file == FILE_FD ? !fcntl(file, F_SETFD, 0)
                         : dup2(file, FILE_FD) >= 0))) {
        /* It parses what users wrote: it is to have no connection of ours,
         * not all of which are closed by themselves. */
        syscall(SYS_close_range, file < 0 ? FILE_FD : FILE_FD + 1, ~0U, 0);
        prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
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

/* Makes a file of 'file', without a name; -1 if that is NULL.  Returns 0 or a
 * positive errno. */
static int
make_file(const struct xfsm_tool_file *file, int *fd)
{
    int error = 0;
    size_t n = 0;

    *fd = file ? memfd_create("xfsm-tool", MFD_CLOEXEC) : -1;
    if (file && *fd < 0) {
        return errno;
    }
    while (file && n < file->len && !error) {
        ssize_t retval = write(*fd, (const char *) file->data + n,
                               file->len - n);

        if (retval >= 0) {
            n += retval;
        } else if (errno != EINTR) {
            error = errno;
        }
    }
    return error;
}

/* Starts the toolbox.  Returns 0 or a positive errno. */
static int
start_child(struct xfsm_tool *tool, char **argv,
            const struct xfsm_tool_file *file)
{
    int pipes[N_PIPES][2] = { { -1, -1 }, { -1, -1 }, { -1, -1 } };
    int file_fd;
    int error = make_file(file, &file_fd);
    int i;

    for (i = 0; i < N_PIPES && !error; i++) {
        error = pipe2(pipes[i], O_CLOEXEC) ? errno : 0;
    }
    if (!error) {
        tool->pid = fork();
        if (!tool->pid) {
            become_toolbox(argv, pipes, file_fd);
        }
        error = tool->pid < 0 ? errno : 0;
    }
    for (i = 0; i < N_PIPES; i++) {
        int ours = i == IN ? 1 : 0;

        close_fd(&pipes[i][!ours]);
        if (error) {
            close_fd(&pipes[i][ours]);
        } else {
            set_nonblocking(pipes[i][ours]);
        }
        tool->fds[i] = pipes[i][ours];
    }
    close_fd(&file_fd);
    return error;
}

static void
feed_child(struct xfsm_tool *tool)
{
    ssize_t n = write(tool->fds[IN], tool->in, tool->in_len);

    if (n > 0) {
        tool->in += n;
        tool->in_len -= n;
    } else if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
        return;
    }
    /* A toolbox that does not read it all has a reason, and says it. */
    if (n < 0 || !tool->in_len) {
        close_fd(&tool->fds[IN]);
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

bool
xfsm_tool_poll(struct xfsm_tool *tool)
{
    if (tool->fds[IN] >= 0) {
        feed_child(tool);
    }
    if (tool->fds[OUT] >= 0) {
        drain_child(&tool->fds[OUT], &tool->out, tool->max_out + 1);
    }
    if (tool->fds[ERR] >= 0) {
        drain_child(&tool->fds[ERR], &tool->err, XFSM_TOOL_MAX_DIAGNOSTICS);
    }
    if (tool->fds[OUT] < 0 && tool->fds[ERR] < 0) {
        tool->in_time = true;
        return true;
    }
    return time_msec() >= tool->deadline;
}

void
xfsm_tool_wait(const struct xfsm_tool *tool)
{
    int i;

    for (i = 0; i < N_PIPES; i++) {
        if (tool->fds[i] >= 0) {
            poll_fd_wait(tool->fds[i], i == IN ? POLLOUT : POLLIN);
        }
    }
    poll_timer_wait(MAX(tool->deadline - time_msec(), 0));
}

/* Tells of a child that the filter of system calls caught: a mistake of ours,
 * or somebody who found one. */
static char *
tell_caught(const struct xfsm_tool *tool)
{
    static struct vlog_rate_limit rl = VLOG_RATE_LIMIT_INIT(10, 10);

    n_caught++;
    VLOG_ERR_RL(&rl, "%s was killed as it looked at a program of %"PRIuSIZE
                " bytes: it tried a system call that only an intruder would "
                "(xfsm_http_programs_caught)", tool->name,
                strlen(tool->text));
    return xstrdup("the toolbox was killed: with this program it tried what "
                   "it may not do (a system call that is forbidden)");
}

unsigned long long int
xfsm_tool_n_caught(void)
{
    return n_caught;
}

/* Waits for the child and tells how it went: NULL, or an error.  Sets '*retry'
 * if that says nothing about the program. */
static char *
reap_child(struct xfsm_tool *tool, bool *retry)
{
    int status;

    *retry = true;
    if (!tool->in_time) {
        kill(tool->pid, SIGKILL);
    }
    while (waitpid(tool->pid, &status, 0) < 0) {
        if (errno != EINTR) {
            return xasprintf("lost sight of the toolbox (%s)",
                             ovs_strerror(errno));
        }
    }
    if (tool->in_time && WIFEXITED(status) && WEXITSTATUS(status) == 127) {
        return xasprintf("cannot run the toolbox, %s", tool->name);
    }
    *retry = false;
    if (!tool->in_time) {
        return xasprintf("the toolbox did not end within %d seconds",
                         XFSM_TOOL_DEADLINE / 1000);
    } else if (WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS) {
        return tell_caught(tool);
    } else if (WIFSIGNALED(status)) {
        return xasprintf("the toolbox was stopped by signal %d: the program "
                         "takes more time or memory than it may",
                         WTERMSIG(status));
    } else if (WEXITSTATUS(status)) {
        return xstrdup("has errors");
    } else if (tool->out.length > tool->max_out) {
        return xasprintf("the result is longer than %"PRIuSIZE" bytes",
                         tool->max_out);
    }
    return NULL;
}

struct xfsm_tool *
xfsm_tool_start(char **argv, const char *in,
                const struct xfsm_tool_file *file, size_t max_out,
                char **errorp)
{
    struct xfsm_tool *tool = xzalloc(sizeof *tool);
    int retval;

    tool->name = xstrdup(argv[0]);
    tool->text = xstrdup(in);
    tool->in = tool->text;
    tool->in_len = strlen(in);
    tool->max_out = max_out;
    tool->deadline = time_msec() + XFSM_TOOL_DEADLINE;
    ds_init(&tool->out);
    ds_init(&tool->err);
    retval = start_child(tool, argv, file);
    if (retval) {
        *errorp = xasprintf("cannot start the toolbox (%s)",
                            ovs_strerror(retval));
        free(tool->name);
        free(tool->text);
        free(tool);
        return NULL;
    }
    return tool;
}

const char *
xfsm_tool_said(const struct xfsm_tool *tool)
{
    return ds_cstr_ro(&tool->err);
}

char *
xfsm_tool_finish(struct xfsm_tool *tool, struct ds *out, bool *retry)
{
    char *error = reap_child(tool, retry);
    int i;

    for (i = 0; i < N_PIPES; i++) {
        close_fd(&tool->fds[i]);
    }
    if (!error) {
        ds_put_buffer(out, ds_cstr(&tool->out), tool->out.length);
    } else if (tool->err.length) {
        char *text = xasprintf("%s:\n%s", error, ds_cstr(&tool->err));

        free(error);
        error = text;
    }
    ds_destroy(&tool->out);
    ds_destroy(&tool->err);
    free(tool->name);
    free(tool->text);
    free(tool);
    return error;
}
