/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef OVS_PLUGIN_WORKER_H
#define OVS_PLUGIN_WORKER_H 1

/* A worker: a child process that should always be there, with a socket to the
 * agent (ipc.h).  Probes and the hub are workers.
 *
 * A worker is started by its owner when xfsm_worker_may_start() says so, tells
 * the agent READY, and from then on answers each PING: one a second, and four
 * where the last one's answer came with anything else, which is to say that
 * there was something to do, so that it is awake anyway.  One that the kernel
 * says was stopped, or has worked for XFSM_WORKER_IDLE_MS where there seemed
 * to be nothing to do (stopped.h), is asked at once.  Whatever ends it, it may
 * start again: at once after XFSM_EXIT_RETRY, after a wait (backoff.h)
 * when it failed, and not before xfsm_worker_reset() when it ended by itself
 * or cannot work as configured.  One that does not get ready, does not answer,
 * or sends nonsense is killed, which is a failure like others.
 *
 * When does it not answer?  After 'hang_ms' if it is stopped or was running
 * for long enough to have answered (hang.h, which a hub is given 'turn_ms'
 * for), so that one that is stopped, or runs in circles, is replaced within a
 * second.  After XFSM_WORKER_SILENT_MS in any case, and not
 * before that if it was given something to do that may take long.
 *
 *                     start()            READY
 *     IDLE ---------------> STARTING ------------> READY
 *       ^                      |                     |
 *       |        the process   | stop()              | stop()
 *       |        ended         v                     v
 *       +----------------- STOPPING <----------------+
 *       +--------------------- (from any state) -----+
 *
 * A worker makes a pidfile and a control socket for ovs-appctl, and cannot
 * remove them from inside its cage: they are removed here.
 *
 * To stop a worker, its socket is closed, which it sees; one that is still
 * there after XFSM_WORKER_STOP_MS is killed.
 *
 * Thread-safety: none needed, all is done by the agent's one thread. */

#include <stdbool.h>
#include <stdint.h>

#include "ovs-plugin/backoff.h"
#include "ovs-plugin/child.h"
#include "ovs-plugin/hang.h"
#include "ovs-plugin/ipc.h"
#include "ovs-plugin/stopped.h"

/* Times, in milliseconds. */
#define XFSM_WORKER_READY_MS 15000      /* To get ready. */
#define XFSM_WORKER_PING_MS 1000        /* Between two PINGs, ... */
#define XFSM_WORKER_BUSY_MS 250         /* ...of one that has work. */
#define XFSM_WORKER_IDLE_MS 50          /* Of the processor's time, between
                                         * two PINGs of one that has none. */
#define XFSM_WORKER_SILENT_MS 5000      /* Until it counts as hung. */
#ifdef __SANITIZE_ADDRESS__
#define XFSM_WORKER_HANG_MS 2000        /* Until it can be seen to hang. */
#else
#define XFSM_WORKER_HANG_MS 400
#endif
#define XFSM_WORKER_HANG_MS_MIN 100
#define XFSM_WORKER_HANG_MS_MAX 3600000
#define XFSM_WORKER_STOP_MS 2000        /* To stop. */

enum xfsm_worker_state {
    XFSM_WORKER_IDLE,           /* There is no process. */
    XFSM_WORKER_STARTING,       /* It is not ready yet. */
    XFSM_WORKER_READY,
    XFSM_WORKER_STOPPING,       /* It was told to stop. */
};

struct xfsm_worker {
    struct xfsm_child child;
    char *program;              /* Name that it has for ovs-appctl. */
    pid_t pid;                  /* Of the process, also after its end. */
    int ctl;                    /* Socket, or -1. */
    bool ready;                 /* Set by watch.h: there is a message. */
    unsigned int hang_ms;       /* Changed by the owner at any time, as... */
    unsigned int turn_ms;       /* ...this: at work before it answers. */
    enum xfsm_worker_state state;

    bool blocked;               /* No start before xfsm_worker_reset(). */
    long long int start_at;     /* No start before that. */
    struct xfsm_backoff backoff;

    long long int since;        /* When the state was entered. */
    long long int heard;        /* When it last said something. */
    long long int next_ping;
    bool asked;                 /* A PING is not answered yet, ... */
    struct xfsm_hang hang;      /* ...whose answer is waited for. */
    unsigned int tasks;         /* That it was sent and has not done. */
    bool busy;                  /* Said something since the PING. */
    struct xfsm_stopped_alarm alarm;    /* Set while it is not. */

    uint64_t epoch;             /* As READY told... */
    unsigned int ifindex;       /* ...as well as the device, 0: none. */
    unsigned int restarts;      /* Starts but the first. */
    unsigned int starts;
    char *error;                /* Why it is not ready, or NULL. */
    const char *condemned;      /* Why it was killed by us, or NULL. */
};

/* Handles a message other than READY and PONG.  '*fdp' may be taken by
 * setting it to -1.  Returns false if the message is malformed. */
typedef bool xfsm_worker_handler(enum xfsm_ipc_type, struct xfsm_bytes *,
                                 int *fdp, void *aux);

/* 'name' is for the log, 'program' names pidfile and control socket. */
void xfsm_worker_init(struct xfsm_worker *, const char *name,
                      const char *program);

/* Kills the process, if there is one. */
void xfsm_worker_destroy(struct xfsm_worker *);

/* True if there is no process and it is time for one. */
bool xfsm_worker_may_start(const struct xfsm_worker *);

/* Starts the process; may_start() must be true.  'argv' must have
 * "--ctl-fd=3".  'fd', if not -1, becomes descriptor 4.  On failure there will
 * be another time. */
void xfsm_worker_start(struct xfsm_worker *, const char *const *argv, int fd);

/* Stops the process, if there is one. */
void xfsm_worker_stop(struct xfsm_worker *);

/* Forgets earlier failures: something changed that may help. */
void xfsm_worker_reset(struct xfsm_worker *);

/* Does what there is to do.  Returns true if the state changed. */
bool xfsm_worker_run(struct xfsm_worker *, xfsm_worker_handler *, void *aux);
void xfsm_worker_wait(const struct xfsm_worker *);

/* Process 'pid' was stopped, or is at work: if it is the worker's, it is asked
 * at once whether it is there.  Returns true if it is the worker's. */
bool xfsm_worker_doubt(struct xfsm_worker *, pid_t pid);

/* Sends a message.  If that fails the worker is killed, since it does not
 * read any more. */
void xfsm_worker_send(struct xfsm_worker *, struct xfsm_ipc_writer *, int fd);

/* The same for a message that may take the worker long, and whose end it tells
 * by ACK or DONE. */
void xfsm_worker_send_task(struct xfsm_worker *, struct xfsm_ipc_writer *,
                           int fd);

#endif /* ovs-plugin/worker.h */
