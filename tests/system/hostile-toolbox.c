/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

/* A toolbox that a program has taken over: it is in its cage, and has another
 * program run.  For test-rest.py, which shows what becomes of that. */

#include <stdio.h>
#include <unistd.h>

#include "xfsm/io/cage-syscalls.h"

int
main(void)
{
    char *argv[] = { (char *) "sh", (char *) "-c",
                     (char *) "echo taken over >&2", NULL };

    if (xfsm_cage_filter_syscalls(XFSM_CAGE_TOOLBOX)) {
        fputs("no cage\n", stderr);
        return 1;
    }
    execv("/bin/sh", argv);
    fputs("no program, but no end, either\n", stderr);
    return 1;
}
