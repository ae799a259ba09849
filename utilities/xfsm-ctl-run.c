/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include <config.h>
#include "ovsdb-schema/ovs-compat.h"

#include "utilities/xfsm-ctl.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "openvswitch/dynamic-string.h"
#include "process.h"
#include "util.h"

/* Output kept of a program that will not stop talking. */
#define MAX_OUTPUT (4 * 1024 * 1024)

/* The program 'name' beside this one, else 'name' itself, for a search in
 * PATH.  The caller frees it. */
static char *
find_program(const char *name)
{
    char self[4096];
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);

    if (n > 0) {
        self[n] = '\0';

        char *dir = dir_name(self);
        char *path = xasprintf("%s/%s", dir, name);
        free(dir);
        if (!access(path, X_OK)) {
            return path;
        }
        free(path);
    }
    return xstrdup(name);
}

/* Starts 'path' with stdout and stderr in 'fd'.  Returns a positive errno
 * or 0. */
static int
spawn(const char *path, const char *const argv[], int fd, pid_t *pidp)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attr;
    sigset_t defaults;
    int error;

    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null",
                                     O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, fd, STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, fd, STDERR_FILENO);

    sigemptyset(&defaults);
    sigaddset(&defaults, SIGPIPE);
    posix_spawnattr_init(&attr);
    posix_spawnattr_setsigdefault(&attr, &defaults);
    posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGDEF);

    error = posix_spawnp(pidp, path, &actions, &attr,
                         (char *const *) argv, environ);

    posix_spawnattr_destroy(&attr);
    posix_spawn_file_actions_destroy(&actions);
    return error;
}

/* Reads all there is in 'fd', keeps the beginning. */
static char *
read_output(int fd)
{
    struct ds output = DS_EMPTY_INITIALIZER;

    for (;;) {
        char buffer[4096];
        ssize_t n = read(fd, buffer, sizeof buffer);

        if (n < 0 && errno == EINTR) {
            continue;
        } else if (n <= 0) {
            break;
        } else if (output.length < MAX_OUTPUT) {
            ds_put_buffer(&output, buffer, n);
        }
    }
    ds_chomp(&output, '\n');
    return ds_steal_cstr(&output);
}

char *
xfsm_ctl_run(const char *const argv[], char **outputp, bool *missingp)
{
    int fds[2];
    int status;
    pid_t pid;

    *outputp = NULL;
    if (missingp) {
        *missingp = false;
    }
    if (pipe2(fds, O_CLOEXEC)) {
        return xasprintf("pipe failed (%s)", ovs_strerror(errno));
    }

    char *path = find_program(argv[0]);
    int error = spawn(path, argv, fds[1], &pid);
    free(path);
    close(fds[1]);
    if (error) {
        close(fds[0]);
        if (missingp) {
            *missingp = error == ENOENT;
        }
        return xasprintf("cannot run %s (%s)", argv[0], ovs_strerror(error));
    }

    *outputp = read_output(fds[0]);
    close(fds[0]);
    while (waitpid(pid, &status, 0) < 0) {
        if (errno != EINTR) {
            return xasprintf("cannot wait for %s (%s)", argv[0],
                             ovs_strerror(errno));
        }
    }
    if (status) {
        char *reason = process_status_msg(status);
        char *message = xasprintf("%s failed (%s)", argv[0], reason);
        free(reason);
        return message;
    }
    return NULL;
}
