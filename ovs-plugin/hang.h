/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef OVS_PLUGIN_HANG_H
#define OVS_PLUGIN_HANG_H 1

/* Whether a process that was asked something and has not answered hangs.
 *
 * Silence alone does not tell: on a machine with more work than processors, a
 * healthy process may have to wait for seconds until it runs at all, and to
 * kill it would make that worse.  So the kernel is asked what the process did
 * meanwhile (/proc/PID/stat).  It hangs if, within 'limit' milliseconds,
 *
 *   - it was stopped (SIGSTOP, a debugger) all the time; or
 *   - it used the processor for half of that, times its threads, and still did
 *     not answer: so it was not the processor that it lacked.  One that may be
 *     at work for longer before it answers is given 'turn' milliseconds.
 *
 * One that sleeps or waits for a processor is not judged here: its owner gives
 * it a limit of another kind.
 *
 * A process that answers soon, as all do, is never looked at.
 *
 * Thread-safety: none needed, all state is the caller's. */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* Looks within 'limit'. */
#define XFSM_HANG_LOOKS 4

/* What is known of a process from /proc/PID/stat. */
struct xfsm_hang_stat {
    char state;                 /* 'R', 'S', 'T', ... */
    uint64_t cpu_ms;            /* That it used, user and system. */
    unsigned int threads;       /* At least 1. */
};

/* How long a process may take, ms. */
struct xfsm_hang_limits {
    unsigned int limit;         /* That is stopped... */
    unsigned int turn;          /* ...or at work; what is less than 'limit'
                                 * counts as that. */
};

struct xfsm_hang {
    long long int next_look;    /* Time of the next look. */
    bool looked;                /* There was one, ... */
    long long int looked_at;    /* ...then... */
    uint64_t cpu_ms;            /* ...with this usage. */
    bool stopped;               /* At each look. */
};

/* To be called when the process is asked. */
void xfsm_hang_start(struct xfsm_hang *, long long int now,
                     struct xfsm_hang_limits);

/* To be called while there is no answer, at 'next_look' or later.  Returns a
 * constant text that says why process 'pid' hangs, or NULL if it does not,
 * or not yet. */
const char *xfsm_hang_look(struct xfsm_hang *, pid_t pid, long long int now,
                           struct xfsm_hang_limits);

/* The same with what is known of the process. */
const char *xfsm_hang_judge(struct xfsm_hang *, const struct xfsm_hang_stat *,
                            long long int now, struct xfsm_hang_limits);

/* Parses the text of /proc/PID/stat, 'tick_hz' ticks a second.  Returns false
 * if it is not of that form. */
bool xfsm_hang_parse(const char *text, long int tick_hz,
                     struct xfsm_hang_stat *);

#endif /* ovs-plugin/hang.h */
