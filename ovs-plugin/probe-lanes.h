/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef OVS_PLUGIN_PROBE_LANES_H
#define OVS_PLUGIN_PROBE_LANES_H 1

/* The lanes of a probe: where packets meet programs.
 *
 * A lane is a source of packets and an engine.  A probe has one, which its
 * main thread runs between other things, and for a busy port ("workers")
 * several: the others have a thread each, and the kernel spreads the packets
 * over them (steer.h) so that the programs' results stay right.  Where the
 * programs do not allow that, all packets go to lane 0 and a note says why.
 *
 * What differs with several lanes: events of different keys may come in
 * another order, and when a program is added that needs packets to be told
 * apart in another way than now, all programs begin anew with empty state,
 * since keys move; packets that are in the rings at that time still are where
 * they were.
 *
 * Locking: the main thread looks into the other lanes between
 * xfsm_lanes_lock() and xfsm_lanes_unlock() only.  A lane's lock is held for a
 * burst of packets at a time, and the main thread always gets the next turn.
 * A lane that has nothing to do sleeps on; it is not woken up for that.
 *
 * Timers that are due fire before the next packet, however many they are.  A
 * lane lets some of them fire (XFSM_TIMER_BURST) and then, as after a burst of
 * packets, others have their turn: the agent is answered, and programs come
 * and go, in the middle of a batch if need be.  The packets that wait for it
 * do so in the ring, and where that is full they are lost and counted.
 *
 * Threads are made before the cage is entered, since none can be later. */

#include <semaphore.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "latch.h"
#include "ovs-plugin/netdev-ring.h"
#include "ovs-plugin/steer.h"
#include "ovs-thread.h"
#include "xfsm/engine.h"

struct xfsm_publisher;
struct xfsm_source;
struct xfsm_image;

#define XFSM_LANES_MAX XFSM_RING_WORKERS_MAX

struct xfsm_lane {
    struct xfsm_lanes *lanes;
    struct xfsm_source *source;
    struct xfsm_engine *engine;
    struct xfsm_packet *packets;    /* Received, and not yet run... */
    size_t n_packets;               /* ...so many. */

    /* For lanes other than 0. */
    struct ovs_mutex turn;      /* Who waits for 'use' first gets it first. */
    struct ovs_mutex use;       /* Of 'source' and 'engine'. */
    struct latch wake;          /* Set to have the thread look at 'exit'. */
    atomic_bool exit;
    pthread_t thread;
    bool started;
};

struct xfsm_lanes {
    size_t n;                   /* Lanes, at least 1. */
    struct xfsm_lane lane[XFSM_LANES_MAX];
    struct xfsm_publisher *publisher;
    struct latch wake;          /* Of the main thread: events wait. */
    sem_t ready;                /* A thread and those it needs are there. */

    /* With more than one lane: how packets are told apart, and the programs,
     * for the day when that changes. */
    enum xfsm_steer steer;
    struct xfsm_lane_program {
        char *name;
        void *image;
        size_t len;
        unsigned int may;       /* Set of enum xfsm_steer. */
        char *why;              /* Why 'may' is empty, or NULL. */
    } programs[XFSM_MAX_PROGRAMS];
    size_t n_programs;
    uint64_t resteered;         /* Times that programs began anew. */
    char *note;                 /* Why one lane has to do, or NULL. */
};

/* Makes 'n' lanes; 'source' is that of the first, opened for as many workers,
 * and is then the lanes'.  'options' are for the engines, but for 'emit'.
 * Returns NULL or an error that the caller frees. */
char *xfsm_lanes_init(struct xfsm_lanes *, size_t n, struct xfsm_source *,
                      const struct xfsm_engine_options *options,
                      struct xfsm_publisher *);

/* Starts the threads, and waits until they have started those that they
 * need. */
void xfsm_lanes_start(struct xfsm_lanes *);

/* Ends them, and with them the programs, whose stop events run. */
void xfsm_lanes_stop(struct xfsm_lanes *);

/* Keeps the other lanes from running.  Not recursive. */
void xfsm_lanes_lock(struct xfsm_lanes *);
void xfsm_lanes_unlock(struct xfsm_lanes *);

/* Receives and processes what there is in lane 0, up to a limit.  Returns 0 or
 * a positive errno if there will be no packets any more. */
int xfsm_lanes_run(struct xfsm_lanes *);
void xfsm_lanes_wait(struct xfsm_lanes *);

/* Adds or replaces the program of 'name', or removes it, in all lanes, which
 * must be locked.  Return NULL or an error that the caller frees.  On error
 * nothing has changed, in any lane, of any program: where packets are to be
 * told apart in another way, there must be room for all programs twice. */
char *xfsm_lanes_load(struct xfsm_lanes *, const char *name,
                      const void *data, size_t len,
                      const struct xfsm_image *);
char *xfsm_lanes_unload(struct xfsm_lanes *, const char *name);

/* Sums over all lanes, which must be locked.  The program's state_keys are
 * good until the next call. */
void xfsm_lanes_get_stats(const struct xfsm_lanes *,
                          struct xfsm_engine_stats *);
bool xfsm_lanes_get_program(const struct xfsm_lanes *, unsigned int i,
                            struct xfsm_program_info *);

#endif /* ovs-plugin/probe-lanes.h */
