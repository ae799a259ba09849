/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef CONTROLLER_SPOOL_H
#define CONTROLLER_SPOOL_H 1

/* What a broker was sent, and is to be sent, on the disk.
 *
 * A journal (xfsm/io/journal.h) of events, and two places in it: up to where
 * the broker has acknowledged all, and how far it was sent.  Events that were
 * acknowledged are held for some time, since a broker may acknowledge before
 * it has written: JetStream's default is to sync every two minutes, so that a
 * cluster that loses power forgets what it acknowledged.  After an outage
 * what is held is sent again, under the same name, by which the broker knows
 * what it has.
 *
 * The file "acknowledged", beside the journal's, has lines "MS NUMBER": at
 * that time, by the wall clock, all events up to that number had been
 * acknowledged.  It is replaced as a whole every XFSM_SPOOL_SAMPLE_MS.  One
 * that cannot be read costs nothing but that all of the spool is sent again.
 *
 * Limits: the size of the journal.  An event that is not acknowledged is never
 * written over: xfsm_spool_put() refuses new ones instead.  One that is, but
 * is held, makes room before its time, and is counted (unheld).
 *
 * Thread-safety: none. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Events that are sent and not acknowledged at a time. */
#define XFSM_SPOOL_WINDOW 4096

/* Between two samples, and how many of them there can be. */
#define XFSM_SPOOL_SAMPLE_MS 10000
#define XFSM_SPOOL_SAMPLES 8704     /* Of a day, and some. */

struct ds;
struct xfsm_event_view;
struct xfsm_spool;

/* C(NAME, DOC): counters. */
#define XFSM_SPOOL_COUNTERS(C) \
    C(put, "Events that the spool took") \
    C(full, "Refusals for want of room in the spool") \
    C(failed, "Events that the spool could not write, or not read back") \
    C(sent, "Events given out to the broker, again and again") \
    C(acknowledged, "Events that the broker acknowledged") \
    C(repeated, "Events sent that were sent before") \
    C(unheld, "Events that made room in the spool before their time")

struct xfsm_spool_stats {
#define XFSM_SPOOL_COUNTER(NAME, DOC) uint64_t NAME;
    XFSM_SPOOL_COUNTERS(XFSM_SPOOL_COUNTER)
#undef XFSM_SPOOL_COUNTER
};

/* Opens the spool in the folder 'dir', with 'mib' MiB, and holds events for
 * 'hold_ms'.  Returns NULL and stores it in '*sp', or an error that the caller
 * frees. */
char *xfsm_spool_open(const char *dir, int mib, uint64_t hold_ms,
                      struct xfsm_spool **sp);
void xfsm_spool_close(struct xfsm_spool *);

/* Takes an event.  Returns 0 when it is with the kernel; EAGAIN if there is no
 * room before others are acknowledged; or another positive errno. */
int xfsm_spool_put(struct xfsm_spool *, const char *json, size_t len,
                   const struct xfsm_event_view *);

/* Gives out the next event to send, good until the next call.  Returns false
 * if there is none, or enough are on their way. */
bool xfsm_spool_next(struct xfsm_spool *, uint64_t *number,
                     const char **json, size_t *len);

/* The event 'number', which was given out, is acknowledged. */
void xfsm_spool_acknowledge(struct xfsm_spool *, uint64_t number);

/* Sends again, next, what is not acknowledged; if 'held', with what is
 * held. */
void xfsm_spool_rewind(struct xfsm_spool *, bool held);

/* Events that are not acknowledged. */
uint64_t xfsm_spool_pending(const struct xfsm_spool *);

/* The number of the last event that was put, and that up to which all are safe
 * with the broker: acknowledged, and for the time that events are held. */
uint64_t xfsm_spool_last(const struct xfsm_spool *);
uint64_t xfsm_spool_safe(const struct xfsm_spool *);

/* Takes note of the time.  To be called every second or so. */
void xfsm_spool_run(struct xfsm_spool *);

/* Syncs it to the disk. */
void xfsm_spool_sync(struct xfsm_spool *);

/* Appends the counters to 'ds'. */
void xfsm_spool_show(const struct xfsm_spool *, struct ds *ds);

const struct xfsm_spool_stats *xfsm_spool_stats(const struct xfsm_spool *);

#endif /* controller/spool.h */
