/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include <config.h>
#include "ovsdb-schema/ovs-compat.h"

#include "ovs-plugin/cage.h"

#include <cap-ng.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/landlock.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1

/* Finding leaks needs ptrace() and a thread, neither of which a caged process
 * can have: the unit tests look for leaks instead. */
const char *__asan_default_options(void);

const char *
__asan_default_options(void)
{
    return "detect_leaks=0";
}
#else
#define SANITIZED 0
#endif

/* Rights of Landlock's first version; later kernels have more, which are
 * added by version below. */
#define LANDLOCK_FS_V1 ((UINT64_C(1) << 13) - 1)

bool
xfsm_cage_is_sanitized(void)
{
    return SANITIZED;
}

static char * __attribute__((format(printf, 1, 2)))
cage_error(const char *format, ...)
{
    int error = errno;
    char *text, *s;
    va_list args;

    va_start(args, format);
    if (vasprintf(&text, format, args) < 0) {
        abort();
    }
    va_end(args);
    if (asprintf(&s, "cannot enter the sandbox: %s (%s)", text,
                 strerror(error)) < 0) {
        abort();
    }
    free(text);
    return s;
}

static char *
restrict_limits(const struct xfsm_cage *cage)
{
    const struct {
        __rlimit_resource_t resource;
        const char *name;
        size_t value;
        bool apply;
    } limits[] = {
        { RLIMIT_NOFILE, "RLIMIT_NOFILE", cage->max_fds, cage->max_fds },
        { RLIMIT_CORE, "RLIMIT_CORE", 0, true },
        { RLIMIT_NPROC, "RLIMIT_NPROC", 0, !SANITIZED },
        { RLIMIT_FSIZE, "RLIMIT_FSIZE", cage->max_file, true },
        { RLIMIT_AS, "RLIMIT_AS", cage->max_memory,
          cage->max_memory && !SANITIZED },
        { RLIMIT_DATA, "RLIMIT_DATA", cage->max_data,
          cage->max_data && !SANITIZED },
    };
    size_t i;

    for (i = 0; i < sizeof limits / sizeof limits[0]; i++) {
        const struct rlimit r = {
            .rlim_cur = limits[i].value,
            .rlim_max = limits[i].value,
        };

        if (limits[i].apply && setrlimit(limits[i].resource, &r)) {
            return cage_error("%s", limits[i].name);
        }
    }
    return NULL;
}

/* Allows making and removing sockets in 'dir'. */
static int
landlock_allow_sockets(int ruleset, const char *dir)
{
    struct landlock_path_beneath_attr path = {
        .allowed_access = (LANDLOCK_ACCESS_FS_MAKE_SOCK
                           | LANDLOCK_ACCESS_FS_REMOVE_FILE),
        .parent_fd = open(dir, O_PATH | O_CLOEXEC | O_DIRECTORY),
    };
    int error = 0;

    if (path.parent_fd < 0) {
        return errno;
    }
    if (syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH,
                &path, 0)) {
        error = errno;
    }
    close(path.parent_fd);
    return error;
}

static char *
landlock(struct xfsm_cage *cage)
{
    struct landlock_ruleset_attr attr = {
        .handled_access_fs = LANDLOCK_FS_V1,
    };
    int version = syscall(SYS_landlock_create_ruleset, NULL, 0,
                          LANDLOCK_CREATE_RULESET_VERSION);
    int ruleset, error;

    if (version < 0) {
        if (errno == ENOSYS || errno == EOPNOTSUPP) {
            cage->warning = "this kernel has no Landlock";
            return NULL;
        }
        return cage_error("Landlock");
    }
    if (version >= 2) {
        attr.handled_access_fs |= UINT64_C(1) << 13;    /* REFER. */
    }
    if (version >= 3) {
        attr.handled_access_fs |= UINT64_C(1) << 14;    /* TRUNCATE. */
    }
    ruleset = syscall(SYS_landlock_create_ruleset, &attr, sizeof attr, 0);
    if (ruleset < 0) {
        return cage_error("Landlock rules");
    }
    error = (cage->socket_dir
             ? landlock_allow_sockets(ruleset, cage->socket_dir) : 0);
    if (!error && syscall(SYS_landlock_restrict_self, ruleset, 0)) {
        error = errno;
    }
    close(ruleset);
    errno = error;
    return error ? cage_error("Landlock restriction") : NULL;
}

char *
xfsm_cage_restrict_paths(struct xfsm_cage *cage)
{
    char *error = NULL;

    if (!cage->paths_done) {
        if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)) {
            return cage_error("no new privileges");
        }
        error = landlock(cage);
        cage->paths_done = !error;
    }
    return error;
}

static char *
drop_privileges(const struct xfsm_cage *cage)
{
    bool root = !geteuid();

    if (root) {
        capng_clear(CAPNG_SELECT_BOTH);
        if (capng_apply(CAPNG_SELECT_BOUNDS)) {
            return cage_error("capability bounding set");
        }
        if (setgroups(0, NULL)
            || setresgid(cage->gid, cage->gid, cage->gid)
            || setresuid(cage->uid, cage->uid, cage->uid)) {
            return cage_error("uid %ld", (long int) cage->uid);
        }
    }
    capng_clear(CAPNG_SELECT_BOTH);
    if (capng_apply(CAPNG_SELECT_CAPS)) {
        return cage_error("capabilities");
    }
    if (root && (!setuid(0) || !getuid() || !geteuid())) {
        errno = EPERM;
        return cage_error("uid 0 could be had again");
    }
    return NULL;
}

void
xfsm_cage_drop_thread_privileges(void)
{
    if (geteuid()) {
        capng_clear(CAPNG_SELECT_BOTH);
        capng_apply(CAPNG_SELECT_CAPS);
    }
}

char *
xfsm_cage_enter(struct xfsm_cage *cage)
{
    /* Limits first: to raise one takes privileges. */
    char *error = restrict_limits(cage);

    if (!error) {
        error = xfsm_cage_restrict_paths(cage);
    }
    if (!error) {
        error = drop_privileges(cage);
    }
    if (error) {
        return error;
    }

    /* A change of uid has cleared the signal for the parent's death. */
    if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0)
        || (!SANITIZED && prctl(PR_SET_DUMPABLE, 0, 0, 0, 0))) {
        return cage_error("process flags");
    }
    if (!SANITIZED) {
        errno = xfsm_cage_filter_syscalls(cage->syscalls);
        if (errno) {
            return cage_error("system call filter");
        }
    }
    return NULL;
}
