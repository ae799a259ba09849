/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include <config.h>
#include "ovsdb-schema/ovs-compat.h"

#include "openvswitch/vlog.h"
#include "ovs-plugin/child.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "openvswitch/dynamic-string.h"
#include "ovs-plugin/watch.h"
#include "socket-util.h"
#include "util.h"

VLOG_DEFINE_THIS_MODULE(child);

#define CHILD_LOG_RATE 60
#define CHILD_LOG_BURST 120

/* Exit status of a child that could not execute its file. */
#define EXIT_NO_EXEC 127

/* Where descriptors are put aside while those below are being arranged. */
#define FD_ASIDE 32

void
xfsm_child_init(struct xfsm_child *child, const char *name)
{
    memset(child, 0, sizeof *child);
    child->name = xstrdup(name);
    child->pidfd = -1;
    child->err_fd = -1;
    child->rl = xmalloc(sizeof *child->rl);
    *child->rl = (struct vlog_rate_limit)
        VLOG_RATE_LIMIT_INIT(CHILD_LOG_RATE, CHILD_LOG_BURST);
}

static void
close_watched(int *fdp)
{
    if (*fdp >= 0) {
        xfsm_watch_del(*fdp);
        close(*fdp);
        *fdp = -1;
    }
}

static void
forget_process(struct xfsm_child *child)
{
    close_watched(&child->pidfd);
    close_watched(&child->err_fd);
    child->pid = 0;
    child->ready = false;
}

void
xfsm_child_destroy(struct xfsm_child *child)
{
    if (child->pid) {
        xfsm_child_kill(child, SIGKILL);
        while (waitpid(child->pid, NULL, 0) < 0 && errno == EINTR) {
            continue;
        }
    }
    forget_process(child);
    free(child->rl);
    free(child->name);
    child->rl = NULL;
    child->name = NULL;
}

/* ## In the child, between fork() and exec(): system calls alone. ## */

static void OVS_NO_RETURN
child_fail(const char *what, const char *file)
{
    const char *reason = strerrordesc_np(errno);
    const char *const parts[] = { what, " ", file, ": ",
                                  reason ? reason : "error", "\n" };
    size_t i;

    for (i = 0; i < ARRAY_SIZE(parts); i++) {
        ignore(write(STDERR_FILENO, parts[i], strlen(parts[i])));
    }
    _exit(EXIT_NO_EXEC);
}

static void
child_arrange_fds(const struct xfsm_child_spec *spec, int err_fd)
{
    int from[3 + XFSM_CHILD_MAX_FDS];
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    int aside_errno = 0;
    int n = 0;
    int i;

    from[n++] = spec->in_fd >= 0 ? spec->in_fd : null;
    from[n++] = spec->out_fd >= 0 ? spec->out_fd : null;
    from[n++] = err_fd;
    for (i = 0; i < spec->n_fds; i++) {
        from[n++] = spec->fds[i];
    }
    for (i = 0; i < n; i++) {
        from[i] = fcntl(from[i], F_DUPFD_CLOEXEC, FD_ASIDE);
        if (from[i] < 0) {
            aside_errno = errno == EINVAL ? EMFILE : errno;
        }
    }
    for (i = 0; i < n; i++) {
        if (from[i] < 0 || dup2(from[i], i) < 0) {
            int error = errno;

            dup2(err_fd, STDERR_FILENO);
            errno = from[i] < 0 ? aside_errno : error;
            child_fail("cannot arrange", "file descriptors");
        }
    }
    syscall(SYS_close_range, n, ~0U, 0);
}

static void
child_limit(int resource, rlim_t value)
{
    const struct rlimit r = { .rlim_cur = value, .rlim_max = value };

    if (setrlimit(resource, &r)) {
        child_fail("cannot set a limit", "");
    }
}

static void
child_confine(const struct xfsm_child_spec *spec)
{
    child_limit(RLIMIT_CORE, 0);
    child_limit(RLIMIT_FSIZE, spec->max_file);
    child_limit(RLIMIT_CPU, spec->max_cpu);
    if (spec->max_memory) {
        child_limit(RLIMIT_AS, spec->max_memory);
    }
    if (spec->uid && !geteuid()
        && (syscall(SYS_setgroups, 0, NULL)
            || syscall(SYS_setresgid, spec->gid, spec->gid, spec->gid)
            || syscall(SYS_setresuid, spec->uid, spec->uid, spec->uid))) {
        child_fail("cannot change", "user");
    }
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)) {
        child_fail("cannot give up", "privileges");
    }
}

static void OVS_NO_RETURN
child_main(const struct xfsm_child_spec *spec, int err_fd, pid_t parent)
{
    sigset_t none;
    int exec_fd;
    int i;

    child_arrange_fds(spec, err_fd);

    /* The file may be in a folder that the user below cannot enter. */
    exec_fd = open(spec->argv[0], O_PATH | O_CLOEXEC);
    for (i = 1; i < NSIG; i++) {
        signal(i, SIG_DFL);
    }
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    setpgid(0, 0);
    if (spec->confined) {
        child_confine(spec);
    }
    prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    if (getppid() != parent) {
        _exit(EXIT_NO_EXEC);
    }
    if (exec_fd >= 0) {
        /* Fails with ENOENT for a script, whose interpreter could not open
         * it. */
        syscall(SYS_execveat, exec_fd, "", spec->argv, environ,
                AT_EMPTY_PATH);
    }
    execv(spec->argv[0], (char *const *) spec->argv);
    child_fail("cannot execute", spec->argv[0]);
}

/* ## In the agent. ## */

int
xfsm_child_start(struct xfsm_child *child, const struct xfsm_child_spec *spec)
{
    pid_t parent = getpid();
    int err[2];
    pid_t pid;

    ovs_assert(!child->pid);
    if (pipe2(err, O_CLOEXEC | O_NONBLOCK)) {
        return errno;
    }
    pid = fork();
    if (pid < 0) {
        int error = errno;

        close(err[0]);
        close(err[1]);
        return error;
    } else if (!pid) {
        child_main(spec, err[1], parent);
    }
    close(err[1]);

    child->pid = pid;
    child->pidfd = syscall(SYS_pidfd_open, pid, 0);
    if (child->pidfd < 0) {
        int error = errno;

        kill(pid, SIGKILL);
        waitpid(pid, NULL, 0);
        close(err[0]);
        child->pid = 0;
        return error;
    }
    child->err_fd = err[0];
    xfsm_watch_add(child->pidfd, &child->ready);
    xfsm_watch_add(child->err_fd, &child->ready);
    child->line_len = 0;
    child->last_line[0] = '\0';
    VLOG_DBG("%s: started %s, pid %ld", child->name, spec->argv[0],
             (long int) pid);
    return 0;
}

/* Splits a line of the form "LEVEL|MODULE|TEXT". */
static bool
parse_line(const char *line, enum vlog_level *levelp, const char **textp)
{
    const char *bar = strchr(line, '|');
    const char *text = bar ? strchr(bar + 1, '|') : NULL;
    char level[8];

    if (!text || bar - line >= sizeof level) {
        return false;
    }
    memcpy(level, line, bar - line);
    level[bar - line] = '\0';
    *levelp = vlog_get_level_val(level);
    *textp = text + 1;
    return *levelp < VLL_N_LEVELS;
}

static void
handle_line(struct xfsm_child *child)
{
    enum vlog_level level = VLL_WARN;
    const char *text = child->line;
    bool own = parse_line(child->line, &level, &text);

    if (!child->line[0]) {
        return;
    }
    if (!own || level <= VLL_ERR) {
        ovs_strlcpy(child->last_line, text, sizeof child->last_line);
    }
    if (!own && child->output) {
        if (child->output->length < child->max_output) {
            ds_put_format(child->output, "%s\n", child->line);
        }
        return;
    }
    /* An EMER line of a child is not the end of the agent's world. */
    level = MAX(level, VLL_ERR);
    vlog_rate_limit(&this_module, level, child->rl, "%s: %s", child->name,
                    text);
}

static void
read_lines(struct xfsm_child *child)
{
    int i;

    for (i = 0; child->err_fd >= 0 && i < 16; i++) {
        char buf[4096];
        ssize_t n = read(child->err_fd, buf, sizeof buf);
        ssize_t j;

        if (n < 0 && errno == EINTR) {
            continue;
        } else if (n < 0 && errno == EAGAIN) {
            return;
        } else if (n <= 0) {
            close_watched(&child->err_fd);
            return;
        }
        for (j = 0; j < n; j++) {
            if (buf[j] == '\n' || child->line_len + 1 >= sizeof child->line) {
                child->line[child->line_len] = '\0';
                handle_line(child);
                child->line_len = 0;
            }
            if (buf[j] != '\n') {
                unsigned char c = buf[j];

                child->line[child->line_len++]
                    = c >= ' ' && c != 0x7f ? c : ' ';
            }
        }
    }
}

bool
xfsm_child_run(struct xfsm_child *child, int *statusp)
{
    pid_t pid;

    if (!child->pid || !child->ready) {
        return false;
    }
    child->ready = false;
    read_lines(child);
    do {
        pid = waitpid(child->pid, statusp, WNOHANG);
    } while (pid < 0 && errno == EINTR);
    if (pid != child->pid) {
        return false;
    }

    read_lines(child);
    if (child->line_len) {
        child->line[child->line_len] = '\0';
        handle_line(child);
    }
    forget_process(child);
    return true;
}

void
xfsm_child_kill(const struct xfsm_child *child, int sig)
{
    if (child->pid) {
        kill(child->pid, sig);
    }
}
