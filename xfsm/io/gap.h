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

#include <stdint.h>

#include "xfsm/packet/packet.h"

/* Probes remembered. */
#define XFSM_GAP_SOURCES 16384

struct xfsm_gap_tracker;

/* Creates a tracker, which hashes under the 16 random bytes at 'entropy'.
 * Aborts if there is no memory. */
struct xfsm_gap_tracker *xfsm_gap_create(const uint8_t entropy[16]);
void xfsm_gap_destroy(struct xfsm_gap_tracker *);

/* Takes note of event 'seq' in the life 'epoch' of the probe on 'port' of
 * 'bridge' of 'host'.  Returns how many of its events are missing right
 * before this one. */
uint64_t xfsm_gap_note(struct xfsm_gap_tracker *, struct xfsm_str host,
                       struct xfsm_str bridge, struct xfsm_str port,
                       uint64_t epoch, uint64_t seq);

/* Probes forgotten for want of room, so far. */
uint64_t xfsm_gap_forgotten(const struct xfsm_gap_tracker *);

#endif /* xfsm/io/gap.h */
