/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef XFSM_TESTS_RANDOM_PROGRAM_H
#define XFSM_TESTS_RANDOM_PROGRAM_H 1

/* Random programs and random packets, from a seed, for property tests.
 *
 * A program is a dialect 1 document, or one of dialect 2, that loads without
 * errors: states with timeouts, metrics of all types, tables, features, packet
 * and timeout events, conditions and actions of every kind.  Packets come from
 * a few addresses, ports and names, so that keys meet again, with steps of
 * time that often are those of the timers.
 *
 * Rates of a tewma are compared and stored rounded to 1/1000 (plus an odd
 * offset), so that two ways to compute one do not decide a comparison.
 *
 * Thread-safety: none of the functions has state. */

#include <stddef.h>
#include <stdint.h>

#include "tests/unit/engine-harness.h"

/* A generator: splitmix64 (Steele, Lea and Flood, "Fast splittable
 * pseudorandom number generators", 2014). */
struct random_source {
    uint64_t state;
};

uint64_t random_next(struct random_source *);

/* A number from 0 to 'n' - 1. */
unsigned int random_below(struct random_source *, unsigned int n);

/* Returns the document of 'seed', which the caller frees.  The second is of
 * dialect 2, with events start, stop, period and message. */
char *random_program(uint64_t seed);
char *random_program2(uint64_t seed);

/* Makes '*message' a random one that such programs may hear.  It points to
 * constant text and to 'fields', of RANDOM_MESSAGE_FIELDS. */
#define RANDOM_MESSAGE_FIELDS 3
struct xfsm_message;
struct xfsm_message_field;
void random_message(struct random_source *, struct xfsm_message *message,
                    struct xfsm_message_field *fields);

/* Adds 'n' packets of 'seed' to 'list', the first at EH_EPOCH. */
void random_packets(uint64_t seed, size_t n, struct eh_packets *list);

/* Breaks the clock of packets: it is set forward and back, for one packet or
 * for many. */
void random_clocks(uint64_t seed, struct eh_packets *);

#endif /* tests/unit/random-program.h */
