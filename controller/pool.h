/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef CONTROLLER_POOL_H
#define CONTROLLER_POOL_H 1

/* A few threads that drive many sources (source.h).
 *
 * Each source belongs to the thread that had the fewest when it was added, for
 * all of its life: nobody else touches what is the thread's, and there is no
 * lock but on a list of those that are new.  A thread sleeps in epoll_wait()
 * on the file descriptors of its sources, which ZeroMQ makes readable when
 * there is something new, and until the next of them is due; so it looks at
 * those alone that have something to do.
 *
 * What sources have put into the sink is flushed once for all those of a
 * thread, and then their positions are written: a sync of the disk for each
 * round, and not for each hub.
 *
 * Thread-safety: the functions are for one thread, the owner's. */

#include <stdbool.h>

struct xfsm_pool;
struct xfsm_sink;
struct xfsm_source;

/* Threads at most. */
#define XFSM_POOL_MAX 64

/* Makes a pool of 'n_threads' threads, 1 to XFSM_POOL_MAX, whose sources put
 * into 'sink'.  Returns NULL and stores it in '*poolp', or an error that the
 * caller frees. */
char *xfsm_pool_create(int n_threads, struct xfsm_sink *sink,
                       struct xfsm_pool **poolp);

/* Waits until all sources have ended, each of which was asked to, and ends the
 * threads. */
void xfsm_pool_destroy(struct xfsm_pool *);

/* Has 'source' driven until it ends, of which xfsm_source_has_ended()
 * tells. */
void xfsm_pool_add(struct xfsm_pool *, struct xfsm_source *source);

/* Has the threads look whether sources were asked to end. */
void xfsm_pool_wake(struct xfsm_pool *);

#endif /* controller/pool.h */
