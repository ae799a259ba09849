/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef OVS_PLUGIN_STOPPED_H
#define OVS_PLUGIN_STOPPED_H 1

/* Children that were stopped (SIGSTOP), or are at work while they should have
 * nothing to do.
 *
 * The kernel tells a parent that a child was stopped by SIGCHLD, as it does of
 * their ends.  That one is at work a timer tells that runs by the processor
 * time of the child (timer_create(2), clock_getcpuclockid(3)).  So an idle
 * child that hangs is doubted at once, not when it is next asked whether it is
 * there, and nobody wakes up for that as long as all is well.  To set a timer
 * costs a microsecond.
 *
 * The signals are blocked and read from a descriptor (watch.h), so they
 * interrupt nothing.  Ends of children are left to whoever waits for them
 * (child.h).
 *
 * Thread-safety: for the main thread. */

#include <sys/types.h>
#include <time.h>

/* To be called after daemonize_start() and before there are children. */
void xfsm_stopped_init(void);

/* Returns a child that was stopped, or whose alarm went off, and that was not
 * told of yet, or 0 if there is none.  xfsm_watch_wait() waits for more. */
pid_t xfsm_stopped_next(void);

/* The alarm of a child; all zeros: none. */
struct xfsm_stopped_alarm {
    pid_t pid;                  /* The child, or 0. */
    timer_t timer;
};

/* Has the alarm go off once the child 'pid' has used the processor for 'ms'
 * milliseconds from now on, by all of its threads.  Returns 0 or a positive
 * errno: the child is gone, or there is no timer. */
int xfsm_stopped_set_alarm(struct xfsm_stopped_alarm *, pid_t pid,
                           unsigned int ms);
void xfsm_stopped_clear_alarm(struct xfsm_stopped_alarm *);

#endif /* ovs-plugin/stopped.h */
