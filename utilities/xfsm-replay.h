/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef UTILITIES_XFSM_REPLAY_H
#define UTILITIES_XFSM_REPLAY_H 1

/* A capture file through an engine: the working part of "xfsm run".
 *
 * Time is that of the packets.  After the last one it goes on for a while, so
 * that timers that are armed fire, as they do on a live port that falls
 * silent. */

#include <stdbool.h>
#include <stdint.h>

#include "xfsm/engine.h"
#include "xfsm/io/file-sink.h"
#include "xfsm/io/zmq-pub.h"

/* Labels that --label chooses at most. */
#define XFSM_REPLAY_LABELS 32

struct xfsm_replay {
    /* Set by the caller. */
    struct xfsm_identity identity;
    struct xfsm_file_sink *sink;    /* Takes the events. */
    bool flush;                     /* After each batch. */
    struct xfsm_zmq_pub *pub;       /* Takes them too; NULL for none. */
    const char *labels[XFSM_REPLAY_LABELS];
    int n_labels;                   /* 0: events of any label. */
    uint64_t linger;                /* ns that time goes on at the end. */
    uint64_t max_events;            /* To stop at; 0 for none. */

    /* Results. */
    uint64_t n_events;              /* Written. */
    uint64_t last_ts;               /* Of the latest packet. */
    double seconds;                 /* Of real time that the run took. */
    int write_error;                /* errno of the first that failed. */
};

/* Callback of the engine: 'aux' is the struct xfsm_replay. */
void xfsm_replay_emit(const struct xfsm_event *event, void *aux);

/* Runs the packets of 'path' through 'engine', whose callback is the above.
 * Stops early if events cannot be written any more.  Returns NULL, or an
 * error about the capture, which the caller frees; the packets in front of
 * what could not be read have been processed. */
char *xfsm_replay_run(struct xfsm_replay *, struct xfsm_engine *engine,
                      const char *path);

/* Prints what was done on stderr. */
void xfsm_replay_print_stats(const struct xfsm_replay *,
                             const struct xfsm_engine *);

#endif /* utilities/xfsm-replay.h */
