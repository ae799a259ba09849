/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef OVS_PLUGIN_WATCH_H
#define OVS_PLUGIN_WATCH_H 1

/* Which of many descriptors are ready.
 *
 * poll_block() asks the kernel about each descriptor anew and then cannot say
 * which one it was, so a loop over a thousand probes would make thousands of
 * system calls for one message.  Here descriptors are put into an epoll set,
 * each with a flag that is set when there is something to read (or the other
 * end is closed).  The owner of a flag clears it and then reads until there is
 * no more; what it leaves sets the flag again.
 *
 * Thread-safety: one set a process, for its main thread. */

#include <stdbool.h>

/* Watches 'fd' and sets '*ready' when it is readable.  '*ready' must live
 * until xfsm_watch_del(). */
void xfsm_watch_add(int fd, bool *ready);

/* To be called before 'fd' is closed. */
void xfsm_watch_del(int fd);

/* Sets the flags of what is ready. */
void xfsm_watch_run(void);
void xfsm_watch_wait(void);

#endif /* ovs-plugin/watch.h */
