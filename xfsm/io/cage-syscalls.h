/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef XFSM_IO_CAGE_SYSCALLS_H
#define XFSM_IO_CAGE_SYSCALLS_H 1

/* The system calls that a caged process may make: an allow-list, because the
 * kernel gets new ones all the time.  What is not on it fails with EPERM,
 * which is easier to find in a log than a process that was killed.
 *
 * Arguments are looked at where one call can do very different things: no
 * mapping is ever executable, no new socket but by accept(), no ioctl(), no
 * signal to anybody but the process itself.
 *
 * The toolbox, which looks at one program of a stranger and ends, is killed
 * (SIGSYS) if it tries what nothing but an intruder would: a new program,
 * process, thread or socket, or another process.  Whoever started it hears of
 * that.  What it started before, to draw what it writes, gets the second part
 * alone, as that needs files of its own.
 *
 * The filter goes to all threads of the process, and, where there are any, to
 * its children.
 *
 * Thread-safety: for the main thread. */

enum xfsm_cage_syscalls {
    XFSM_CAGE_PROBE,            /* One thread, packets, accepted sockets. */
    XFSM_CAGE_PROBE_NATIVE,     /* Also making code of memory that it wrote
                                 * and then cannot write any more. */
    XFSM_CAGE_HUB,              /* Also what ZeroMQ's threads need. */
    XFSM_CAGE_HUB_PEERS,        /* Also connections over IP (hub-peer.h). */
    XFSM_CAGE_SERVER,           /* Also waiting for accepted sockets. */
    XFSM_CAGE_TOOLBOX,          /* As XFSM_CAGE_PROBE_NATIVE, no sockets. */
    XFSM_CAGE_DRAWER,           /* All but what an intruder would. */
};

/* Loads the filter.  Returns 0 or a positive errno. */
int xfsm_cage_filter_syscalls(enum xfsm_cage_syscalls);

#endif /* xfsm/io/cage-syscalls.h */
