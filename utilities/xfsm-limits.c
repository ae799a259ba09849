/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include "utilities/xfsm.h"

#include <errno.h>
#include <string.h>
#include <sys/resource.h>

#include "xfsm/program/image.h"

bool
xfsm_tool_limit_self(unsigned int seconds, size_t bytes)
{
    const struct {
        int resource;
        rlim_t limit;
        const char *name;
    } limits[] = {
        { RLIMIT_CPU, seconds, "RLIMIT_CPU" },
#if !defined __SANITIZE_ADDRESS__
        /* The address sanitizer reserves terabytes of address space, and
         * opens files when it looks for leaks. */
        { RLIMIT_AS, bytes, "RLIMIT_AS" },
        { RLIMIT_NOFILE, 0, "RLIMIT_NOFILE" },
#endif
        { RLIMIT_FSIZE, XFSM_MAX_IMAGE_BYTES, "RLIMIT_FSIZE" },
        { RLIMIT_CORE, 0, "RLIMIT_CORE" },
    };
    size_t i;

    (void) bytes;
    for (i = 0; i < sizeof limits / sizeof limits[0]; i++) {
        struct rlimit rl = { limits[i].limit, limits[i].limit };

        if (setrlimit(limits[i].resource, &rl)) {
            xfsm_tool_complain("cannot set %s (%s)", limits[i].name,
                               strerror(errno));
            return false;
        }
    }
    return true;
}
