/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef OVS_PLUGIN_BACKOFF_H
#define OVS_PLUGIN_BACKOFF_H 1

/* When to start a child again.
 *
 * The exit status says it: a child that knows why it ended uses one of the
 * codes below, and every other end (another code, any signal, SIGKILL of the
 * out-of-memory killer included) is a failure.  A failed child is started
 * again after 0.1 s, and each time that it fails without having been healthy
 * for XFSM_BACKOFF_HEALTHY the wait doubles, up to 60 s.
 *
 * Times are milliseconds of a monotonic clock.
 *
 * Thread-safety: none needed, all state is the caller's. */

#include <stdbool.h>

/* Exit codes of our processes (the numbers are those of sysexits.h). */
#define XFSM_EXIT_STOP 0            /* Done, as asked. */
#define XFSM_EXIT_RETRY 75          /* The port is gone: try again now. */
#define XFSM_EXIT_CONFIG 78         /* Cannot work as configured. */

#define XFSM_BACKOFF_MIN 100
#define XFSM_BACKOFF_MAX 60000
#define XFSM_BACKOFF_HEALTHY 1000

enum xfsm_exit {
    XFSM_EXITED_STOP,           /* Leave it stopped. */
    XFSM_EXITED_RETRY,          /* Start it as soon as it can work. */
    XFSM_EXITED_CONFIG,         /* Leave it until its configuration changed. */
    XFSM_EXITED_FAILED,         /* Start it after a wait. */
};

struct xfsm_backoff {
    long long int delay;        /* Last wait, 0 if none yet. */
};

/* Says what the wait status of a process, as from waitpid(), asks for. */
enum xfsm_exit xfsm_exit_classify(int status);

/* Returns how long to wait before the next start of a child that failed after
 * 'healthy' milliseconds of doing its work. */
long long int xfsm_backoff_next(struct xfsm_backoff *, long long int healthy);

/* Forgets earlier failures. */
void xfsm_backoff_reset(struct xfsm_backoff *);

#endif /* ovs-plugin/backoff.h */
