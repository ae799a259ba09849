/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef XFSM_TESTS_FUZZ_PACKETS_H
#define XFSM_TESTS_FUZZ_PACKETS_H 1

/* Packets and engines for fuzz targets.
 *
 * Packets are taken from an input one after the other: a byte for the time
 * since the one before, a byte with the direction, two bytes (little-endian)
 * for the length, the frame.  The low six bits of the time byte are the
 * exponent of two of a number of nanoseconds, up to some 36 minutes; bit 6
 * makes time go back instead.
 *
 * An engine made here checks each of its events: as JSON it must decode, its
 * topic must fit, and what it says is summed up in a hash, so that two runs
 * can be compared. */

#include <stddef.h>
#include <stdint.h>

#include "tests/fuzz/fuzz.h"
#include "xfsm/engine.h"

#define FUZZ_PACKETS_MAX 64

struct fuzz_packets {
    struct xfsm_packet packets[FUZZ_PACKETS_MAX];
    size_t n;
};

/* Takes up to FUZZ_PACKETS_MAX packets from 'in', the frames copied. */
void fuzz_packets_take(struct fuzz_packets *, struct fuzz_input *in);
void fuzz_packets_free(struct fuzz_packets *);

struct fuzz_engine {
    struct xfsm_engine *engine;
    uint64_t digest;            /* Of all events. */
    uint64_t n_events;
    uint64_t last_seq;
    bool goes_on;               /* Numbers of events begin anywhere. */
};

void fuzz_engine_init(struct fuzz_engine *, enum xfsm_backend);
void fuzz_engine_free(struct fuzz_engine *);

/* Runs all packets, 'batch' at a time, then lets 100 seconds go by.  Looks at
 * some of the keys before that: what is told of one is printable, and is what
 * it is asked for by. */
void fuzz_engine_run(struct fuzz_engine *, const struct fuzz_packets *,
                     size_t batch);

#endif /* tests/fuzz/fuzz-packets.h */
