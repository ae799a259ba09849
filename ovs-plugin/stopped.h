/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef OVS_PLUGIN_STOPPED_H
#define OVS_PLUGIN_STOPPED_H 1

/* Children that were stopped (SIGSTOP).
 *
 * The kernel tells a parent of that by SIGCHLD, as it does of their ends.  So
 * an idle child that is stopped is doubted at once, not when it is next asked
 * whether it is there, and nobody wakes up for that as long as all is well.
 *
 * The signal is blocked and read from a descriptor (watch.h), so it interrupts
 * nothing.  Ends of children are left to whoever waits for them (child.h).
 *
 * Thread-safety: for the main thread. */

#include <sys/types.h>

/* To be called after daemonize_start() and before there are children. */
void xfsm_stopped_init(void);

/* Returns a child that was stopped and that was not told of yet, or 0 if there
 * is none.  xfsm_watch_wait() waits for more. */
pid_t xfsm_stopped_next(void);

#endif /* ovs-plugin/stopped.h */
