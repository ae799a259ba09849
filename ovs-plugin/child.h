/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef OVS_PLUGIN_CHILD_H
#define OVS_PLUGIN_CHILD_H 1

/* A child process of the agent: started, listened to, waited for.
 *
 * Used for probes, the hub, the compiler and "xfsm-ctl init" alike.  Open
 * vSwitch's process.h cannot pass descriptors, and its --monitor does not
 * restart what SIGKILL ended, so this is our own.
 *
 * What a child writes to its standard error comes through a pipe and goes to
 * the agent's log, line by line with the child's name in front.  A line of
 * the form "LEVEL|MODULE|TEXT", as our own processes write, is logged at that
 * level.  The pipe never blocks the child, and at most CHILD_LOG_RATE lines a
 * minute are logged of each, since what a child says can depend on packets.
 *
 * The end of a child is seen through a pidfd, so there is no signal handler.
 *
 * Thread-safety: none needed, all is done by the agent's one thread. */

#include <stdbool.h>
#include <sys/types.h>

/* Descriptors that a child can have beyond the standard ones. */
#define XFSM_CHILD_MAX_FDS 2

#define XFSM_CHILD_LINE_SIZE 1024

struct xfsm_child_spec {
    const char *const *argv;    /* argv[0] is the file; ends in NULL. */
    int in_fd, out_fd;          /* -1: /dev/null. */
    int fds[XFSM_CHILD_MAX_FDS];    /* Become 3 and 4... */
    int n_fds;                  /* ...if there are so many. */

    /* A helper, which has no business outside of its descriptors: it gets
     * these limits, no new privileges, and the uid and gid if not 0. */
    bool confined;
    size_t max_memory;          /* RLIMIT_AS, 0: none. */
    unsigned int max_cpu;       /* RLIMIT_CPU, seconds. */
    size_t max_file;            /* RLIMIT_FSIZE. */
    uid_t uid;
    gid_t gid;
};

struct xfsm_child {
    char *name;                 /* For the log. */
    pid_t pid;                  /* 0: none. */
    int pidfd;
    int err_fd;                 /* Its standard error. */
    bool ready;                 /* Set by watch.h: there is something to do. */
    char line[XFSM_CHILD_LINE_SIZE];    /* Beginning of a line. */
    size_t line_len;
    char last_line[XFSM_CHILD_LINE_SIZE];   /* Last error or other text. */
    struct vlog_rate_limit *rl;

    /* If not NULL, text on standard error that is not in the form above goes
     * here and not to the log, at most 'max_output' bytes of it. */
    struct ds *output;
    size_t max_output;
};

/* Initializes 'child' with no process. */
void xfsm_child_init(struct xfsm_child *, const char *name);

/* Kills the process, if there is one, and frees what 'child' holds. */
void xfsm_child_destroy(struct xfsm_child *);

/* Starts a process.  Returns 0 or a positive errno.  That the file cannot be
 * executed shows as exit status 127 and in 'last_line'. */
int xfsm_child_start(struct xfsm_child *, const struct xfsm_child_spec *);

static inline bool
xfsm_child_is_running(const struct xfsm_child *child)
{
    return child->pid != 0;
}

/* If 'ready' is set, clears it, reads standard error and looks whether the
 * process ended.  Returns true, once, if it did, and stores its wait status in
 * '*statusp'.  To wait, wait for watch.h. */
bool xfsm_child_run(struct xfsm_child *, int *statusp);

/* Sends a signal to the process, if there is one. */
void xfsm_child_kill(const struct xfsm_child *, int signal);

#endif /* ovs-plugin/child.h */
