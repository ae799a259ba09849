# Copyright (c) 2026 The ovs-xfsm authors.
# SPDX-License-Identifier: Apache-2.0

"""Clocks of processes that can be set, by a library that is loaded before
others: not where sanitizers want to be."""

import os
import struct
import subprocess

CLOCK = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static const volatile long long int *offsets;   /* Wall, monotonic. */

__attribute__((constructor)) static void
init(void)
{
    int fd = open(getenv("XFSM_TEST_CLOCK"), O_RDONLY | O_CLOEXEC);
    void *p = mmap(NULL, 2 * sizeof *offsets, PROT_READ, MAP_SHARED, fd, 0);

    offsets = p == MAP_FAILED ? NULL : p;
    close(fd);
}

int
clock_gettime(clockid_t id, struct timespec *t)
{
    static int (*next)(clockid_t, struct timespec *);
    int error;

    if (!next) {
        next = (int (*)(clockid_t, struct timespec *))
            dlsym(RTLD_NEXT, "clock_gettime");
    }
    error = next(id, t);
    if (!error && offsets) {
        t->tv_sec += (id == CLOCK_REALTIME ? offsets[0]
                      : id == CLOCK_MONOTONIC ? offsets[1] : 0);
    }
    return error;
}

time_t
time(time_t *t)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    if (t) {
        *t = now.tv_sec;
    }
    return now.tv_sec;
}

int
gettimeofday(struct timeval *t, void *zone)
{
    struct timespec now;

    (void) zone;
    clock_gettime(CLOCK_REALTIME, &now);
    t->tv_sec = now.tv_sec;
    t->tv_usec = now.tv_nsec / 1000;
    return 0;
}
"""


def make_library(folder, name, text):
    """A library to be loaded before others."""
    source = os.path.join(folder, name + ".c")
    library = os.path.join(folder, name + ".so")
    with open(source, "w") as f:
        f.write(text)
    subprocess.run(os.environ.get("CC", "cc").split()
                   + ["-shared", "-fPIC", "-O1", "-o", library, source,
                      "-ldl"], check=True)
    return library


class Clock:
    """'env' has processes see clocks that can be set."""

    def __init__(self, folder, env):
        library = make_library(folder, "clock", CLOCK)
        path = os.path.join(folder, "clock")
        self.file = open(path, "wb", buffering=0)
        self.set()
        self.env = dict(env, LD_PRELOAD=library, XFSM_TEST_CLOCK=path)

    def set(self, wall=0, monotonic=0):
        """Sets them that many seconds ahead of what they are."""
        os.pwrite(self.file.fileno(), struct.pack("qq", wall, monotonic), 0)

    def close(self):
        self.file.close()
