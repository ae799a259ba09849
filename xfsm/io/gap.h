/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef XFSM_IO_GAP_H
#define XFSM_IO_GAP_H 1

/* Finds events that were lost on the way.
 *
 * Each probe, known by host, bridge and port, numbers its events from 1 in
 * each of its lives, which its epoch tells apart.  Who receives all of a
 * probe's events in order can hence tell how many are missing.  (Who
 * subscribes to some topics only cannot.)
 *
 * The first event seen of a probe tells nothing about those before it.  A
 * number that was seen before is a repetition and no gap.
 *
 * Limits: XFSM_GAP_SOURCES probes are remembered.  When there are more, one
 * not heard of for long is forgotten and counts as new when it speaks again.
 * Probes are found by a keyed hash of their names, so that names chosen with
 * ill intent do not collide.
 *
 * Thread-safety: a tracker belongs to one thread. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "xfsm/packet/packet.h"

/* Names that together name something. */
#define XFSM_GAP_NAMES 4

/* Probes remembered. */
#define XFSM_GAP_SOURCES 16384

struct xfsm_gap_tracker;

/* Creates a tracker, which hashes under the 16 random bytes at 'entropy'.
 * Aborts if there is no memory. */
struct xfsm_gap_tracker *xfsm_gap_create(const uint8_t entropy[16]);
void xfsm_gap_destroy(struct xfsm_gap_tracker *);

/* What an event told about those before it. */
struct xfsm_gap {
    uint64_t from, to;          /* Numbers that are missing, or 0 and 0. */
    bool repeated;              /* It was seen before, or is of old. */
};

/* Takes note of event 'seq' in the life 'epoch' of what the 'n' 'names' name,
 * at most XFSM_GAP_NAMES, where the one before it has the number 'prev'; -1:
 * that is not known.  A number that is known to have been given, as by a
 * heartbeat, is noted with 'prev' equal to 'seq'.
 *
 * What is followed may be the events of one topic, whose numbers have gaps of
 * their own: then all that 'from' and 'to' say is between which numbers some
 * are missing. */
struct xfsm_gap xfsm_gap_follow(struct xfsm_gap_tracker *,
                                const struct xfsm_str *names, size_t n,
                                uint64_t epoch, int64_t prev, uint64_t seq);

/* Tells the last number noted of what the names name, and the life that it is
 * of.  Returns false if it is not known. */
bool xfsm_gap_last(const struct xfsm_gap_tracker *,
                   const struct xfsm_str *names, size_t n, uint64_t *epoch,
                   uint64_t *seq);

/* Probes forgotten for want of room, so far. */
uint64_t xfsm_gap_forgotten(const struct xfsm_gap_tracker *);

#endif /* xfsm/io/gap.h */
