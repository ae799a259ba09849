/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef CONTROLLER_FILES_H
#define CONTROLLER_FILES_H 1

/* File descriptors: how many a fleet takes, and having so many.
 *
 * A process may have as many as RLIMIT_NOFILE says, whose soft limit is often
 * 1024.  It is raised to what is needed, up to the hard limit, and where we
 * may (root), beyond that.  What is not enough is refused before it fails in
 * the middle, where ZeroMQ would abort. */

#include <stddef.h>

/* Of the process itself: logs, sockets for control, spool, brokers, the
 * children that compile; and of users of the REST API. */
#define XFSM_FILES_BASE 512

/* Of the database of a host: its connection, and one that is being made. */
#define XFSM_FILES_HOST 2

/* What 'n_hosts' take, of which the collector follows 'n_followed'. */
size_t xfsm_files_needed(size_t n_hosts, size_t n_followed);

/* How many hosts can be followed, of 'n_hosts', with the limit as it is. */
size_t xfsm_files_room(size_t n_hosts);

/* Has the process be able to open 'needed' at least.  Returns NULL, or an
 * error that the caller frees. */
char *xfsm_files_raise(size_t needed);

#endif /* controller/files.h */
