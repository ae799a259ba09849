/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef CONTROLLER_POSITIONS_H
#define CONTROLLER_POSITIONS_H 1

/* How far the events of one host were collected, in memory and on disk.
 *
 * For each probe (host, bridge and port, as its events tell them) the number
 * of its last event and of its last one that a hub's journal keeps (labels
 * alert, critical and lost).  The latter tells repetitions: what comes from a
 * journal again is in the order of a probe's lives and numbers.  Other events
 * never come from a journal, and are no repetitions.
 *
 * And for the whole host a time by the clock of its hub, before which nothing
 * is missing: what is asked for after a restart is the journal since then, so
 * that probes are found, too, that ended meanwhile.
 *
 * The file is text: a line "xfsm-positions 1 SINCE_MS", then for each probe
 * one with epoch and number of the last event, epoch and number of the last
 * one that is kept, host, bridge and port, separated by tabs, and then "end".
 * It is replaced as a whole.  One that cannot be read is as none: then the
 * whole journal comes, and what came already comes twice.
 *
 * Limits: XFSM_POSITIONS_MAX probes of a host; when there are more, the one
 * not heard of for longest is forgotten.
 *
 * Thread-safety: positions belong to one thread. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "xfsm/packet/packet.h"

/* Probes remembered: as many as a hub has, and those that ended lately. */
#define XFSM_POSITIONS_MAX 8192

struct xfsm_event_view;
struct xfsm_positions;

struct xfsm_positions *xfsm_positions_create(void);
void xfsm_positions_destroy(struct xfsm_positions *);

/* Reads the file 'path' into 'p', which is empty.  Returns false if there is
 * none that can be read, and leaves 'p' empty. */
bool xfsm_positions_load(struct xfsm_positions *p, const char *path);

/* Replaces the file 'path'.  Returns 0 or a positive errno. */
int xfsm_positions_save(const struct xfsm_positions *, const char *path);

/* True if a journal keeps events with that label. */
bool xfsm_positions_is_kept(const struct xfsm_event_view *);

/* True if the event, or record of a hub, is a repetition.  One without a
 * number never is. */
bool xfsm_positions_has(const struct xfsm_positions *,
                        const struct xfsm_event_view *);

/* Takes note of an event, or record, which is no repetition. */
void xfsm_positions_note(struct xfsm_positions *,
                         const struct xfsm_event_view *);

/* Calls 'cb' with the position of each probe. */
void xfsm_positions_each(const struct xfsm_positions *,
                         void (*cb)(struct xfsm_str host,
                                    struct xfsm_str bridge,
                                    struct xfsm_str port, uint64_t epoch,
                                    uint64_t seq, void *aux),
                         void *aux);

/* The time since which events may be missing; 0: not known. */
uint64_t xfsm_positions_since(const struct xfsm_positions *);
void xfsm_positions_set_since(struct xfsm_positions *, uint64_t since_ms);

/* Probes known, and forgotten for want of room. */
size_t xfsm_positions_count(const struct xfsm_positions *);
uint64_t xfsm_positions_forgotten(const struct xfsm_positions *);

#endif /* controller/positions.h */
