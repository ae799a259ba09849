/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef OVS_PLUGIN_CAGE_H
#define OVS_PLUGIN_CAGE_H 1

/* The cage: how a process gives up everything it could do to the host.
 *
 * A probe reads what attackers send.  It opens its packet source and its
 * sockets first, then enters the cage, then reads the first packet: whatever
 * takes it over finds no privilege, no path, no new socket and no new
 * process.  The steps, each of which must work or the process exits:
 *
 *   1. limits: descriptors, processes, core size, locked memory, memory;
 *   2. PR_SET_NO_NEW_PRIVS;
 *   3. Landlock: no path may be opened, created, renamed or executed, but for
 *      sockets in one directory if asked for.  A kernel without Landlock
 *      (before 5.13, or switched off) is told of in a warning: the uid and
 *      the system call filter still hold;
 *   4. groups, gid and uid of an unprivileged user, and no capability, in the
 *      bounding set neither;
 *   5. PR_SET_DUMPABLE off: no core file, no ptrace by others of that uid;
 *   6. seccomp: an allow-list of system calls, everything else is EPERM.
 *
 * An already open packet socket keeps working in there.  So do accept(),
 * read(), write(), mmap() of memory and what malloc() needs.
 *
 * A process with threads (the hub: ZeroMQ has some) enters in two steps,
 * because Landlock and capabilities are a thread's own:
 * xfsm_cage_restrict_paths() before the first thread, xfsm_cage_enter() after
 * the last.
 *
 * With sanitizers compiled in, the memory limit and the system call filter
 * are left out: their run-time reserves terabytes and calls what it likes.
 *
 * Thread-safety: for the main thread. */

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "xfsm/io/cage-syscalls.h"

struct xfsm_cage {
    /* Whom to become (user.h); no change if the process is not root. */
    uid_t uid;
    gid_t gid;

    /* Directory in which sockets may be made and removed, or NULL. */
    const char *socket_dir;

    size_t max_memory;          /* Bytes of RLIMIT_AS, 0: as it is. */
    size_t max_data;            /* Bytes of RLIMIT_DATA, 0: as it is. */
    size_t max_file;            /* RLIMIT_FSIZE: bytes of a file. */
    unsigned int max_fds;       /* RLIMIT_NOFILE. */
    enum xfsm_cage_syscalls syscalls;

    /* Set by xfsm_cage_restrict_paths(). */
    bool paths_done;
    const char *warning;        /* What could not be had, or NULL. */
};

/* Steps 2 and 3.  Returns NULL or an error that the caller frees. */
char *xfsm_cage_restrict_paths(struct xfsm_cage *);

/* The steps not taken yet.  Returns NULL or an error that the caller frees,
 * after which the process must exit: it is half caged. */
char *xfsm_cage_enter(struct xfsm_cage *);

/* For a thread that is there before xfsm_cage_enter(): gives up its
 * capabilities, if it has any without being root.  Those of root go with the
 * uid, which all threads change together. */
void xfsm_cage_drop_thread_privileges(void);

/* True if this build leaves out limits and filter for a sanitizer. */
bool xfsm_cage_is_sanitized(void);

#endif /* ovs-plugin/cage.h */
