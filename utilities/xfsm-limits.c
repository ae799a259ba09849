/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include "utilities/xfsm.h"

#include <errno.h>
#include <string.h>
#include <sys/resource.h>

#include "xfsm/io/cage-syscalls.h"
#include "xfsm/program/image.h"

/* The address sanitizer reserves terabytes of address space, opens files when
 * it looks for leaks, and calls what it likes. */
#if defined __SANITIZE_ADDRESS__
#define SANITIZED 1
#else
#define SANITIZED 0
#endif

struct limit {
    int resource;
    rlim_t limit;
    const char *name;
    bool apply;
};

/* Sets 'n' limits of the process 'pid', 0 for this one. */
static bool
set_limits(pid_t pid, const struct limit limits[], size_t n)
{
    size_t i;

    for (i = 0; i < n; i++) {
        struct rlimit rl = { limits[i].limit, limits[i].limit };

        if (limits[i].apply && prlimit(pid, limits[i].resource, &rl, NULL)) {
            xfsm_tool_complain("cannot set %s (%s)", limits[i].name,
                               strerror(errno));
            return false;
        }
    }
    return true;
}

static bool
filter(enum xfsm_cage_syscalls kind)
{
    int error = SANITIZED ? 0 : xfsm_cage_filter_syscalls(kind);

    if (error) {
        xfsm_tool_complain("cannot restrict system calls (%s)",
                           strerror(error));
    }
    return !error;
}

bool
xfsm_tool_limit_self(unsigned int seconds, size_t bytes)
{
    const struct limit limits[] = {
        { RLIMIT_CPU, seconds, "RLIMIT_CPU", true },
        { RLIMIT_AS, bytes, "RLIMIT_AS", !SANITIZED },
        { RLIMIT_NOFILE, 0, "RLIMIT_NOFILE", !SANITIZED },
        { RLIMIT_FSIZE, XFSM_MAX_IMAGE_BYTES, "RLIMIT_FSIZE", true },
        { RLIMIT_CORE, 0, "RLIMIT_CORE", true },
    };

    return set_limits(0, limits, sizeof limits / sizeof limits[0])
           && filter(XFSM_CAGE_TOOLBOX);
}

bool
xfsm_tool_limit_starter(void)
{
    return filter(XFSM_CAGE_DRAWER);
}

bool
xfsm_tool_limit_other(pid_t pid, unsigned int seconds, size_t bytes)
{
    const struct limit limits[] = {
        { RLIMIT_CPU, seconds, "RLIMIT_CPU", true },
        { RLIMIT_AS, bytes, "RLIMIT_AS", true },
        { RLIMIT_FSIZE, XFSM_MAX_IMAGE_BYTES, "RLIMIT_FSIZE", true },
        { RLIMIT_CORE, 0, "RLIMIT_CORE", true },
    };

    return set_limits(pid, limits, sizeof limits / sizeof limits[0]);
}
