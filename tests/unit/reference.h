/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef XFSM_TESTS_REFERENCE_H
#define XFSM_TESTS_REFERENCE_H 1

/* The reference executor: what a program means.
 *
 * It interprets the model of a program, one packet at a time, without
 * compiler, image, verifier, batches, sketches or fixed memory: selectors and
 * expressions are walked as trees, keys are kept whole, timers are a list.
 * It shares with the engine the packet decoder, the registry of fields and
 * the model, and nothing else, so that a mistake in one is a difference
 * between both.
 *
 * Exactness: detectors, rates and counters are exact here.  Compare with an
 * engine whose sketches are large for the keys they get.
 *
 * Limits that the engine states are kept, since a program can see them:
 * length of a text, bytes of a raw event, periods that a timer catches up.
 *
 * Ownership: the program must outlive the executor.  Thread-safety: none. */

#include "tests/unit/engine-harness.h"
#include "xfsm/program/model.h"

struct reference;

struct reference *reference_create(const struct xfsm_program *,
                                   const struct xfsm_identity *);
void reference_destroy(struct reference *);

/* Processes a packet whose source members are set; it is not changed. */
void reference_run(struct reference *, const struct xfsm_packet *);

/* Lets time go on to 'now' (ns) without a packet. */
void reference_advance(struct reference *, uint64_t now);

/* A message, and the end. */
void reference_message(struct reference *, const struct xfsm_message *);
void reference_stop(struct reference *);

/* All events so far, as eh_line_format() writes them. */
const struct eh_lines *reference_events(const struct reference *);

/* Handlers run by timers so far. */
uint64_t reference_timeouts(const struct reference *);

#endif /* tests/unit/reference.h */
