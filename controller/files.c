/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include <config.h>
#include "ovsdb-schema/ovs-compat.h"

#include "controller/files.h"

#include <sys/resource.h>

#include "controller/source.h"
#include "util.h"

size_t
xfsm_files_needed(size_t n_hosts, size_t n_followed)
{
    return (XFSM_FILES_BASE + n_hosts * XFSM_FILES_HOST
            + n_followed * XFSM_SOURCE_FILES);
}

size_t
xfsm_files_room(size_t n_hosts)
{
    size_t others = xfsm_files_needed(n_hosts, 0);
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit)) {
        return n_hosts;
    }
    return limit.rlim_cur > others
           ? (limit.rlim_cur - others) / XFSM_SOURCE_FILES : 0;
}

char *
xfsm_files_raise(size_t needed)
{
    struct rlimit limit, wanted;

    if (getrlimit(RLIMIT_NOFILE, &limit) || limit.rlim_cur >= needed) {
        return NULL;
    }
    wanted.rlim_cur = needed;
    wanted.rlim_max = MAX(limit.rlim_max, needed);
    if (setrlimit(RLIMIT_NOFILE, &wanted)) {
        return xasprintf("%"PRIuSIZE" file descriptors are needed, and %llu "
                         "is the limit (ulimit -Hn; LimitNOFILE of a unit of "
                         "systemd)", needed,
                         (unsigned long long int) limit.rlim_max);
    }
    return NULL;
}
