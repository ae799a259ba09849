/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef OVS_PLUGIN_CAGE_SYSCALLS_H
#define OVS_PLUGIN_CAGE_SYSCALLS_H 1

/* The system calls that a caged process may make: an allow-list, because the
 * kernel gets new ones all the time.  What is not on it fails with EPERM,
 * which is easier to find in a log than a process that was killed.
 *
 * Arguments are looked at where one call can do very different things: no
 * mapping is ever executable, no new socket but by accept(), no ioctl(), no
 * signal to anybody but the process itself.
 *
 * The filter is inherited by no one, since there is no fork, and goes to all
 * threads of the process. */

#include "ovs-plugin/cage.h"

/* Loads the filter.  Returns 0 or a positive errno. */
int xfsm_cage_filter_syscalls(enum xfsm_cage_syscalls);

#endif /* ovs-plugin/cage-syscalls.h */
