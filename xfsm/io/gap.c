/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include "xfsm/io/gap.h"

#include <stdlib.h>
#include <string.h>

#include "xfsm/base/hash.h"

/* A set-associative cache: a probe's digest chooses the bucket, and in a full
 * bucket the one not heard of for the longest time makes room. */
#define WAYS 8
#define BUCKETS (XFSM_GAP_SOURCES / WAYS)

struct source {
    uint64_t digest[2];
    uint64_t epoch;
    uint64_t seq;               /* Last one; 0 in an unused slot. */
    uint64_t heard;             /* Value of 'clock' then. */
};

struct xfsm_gap_tracker {
    struct xfsm_seed seed;
    uint64_t clock;             /* Events noted. */
    uint64_t forgotten;
    struct source sources[BUCKETS][WAYS];
};

struct xfsm_gap_tracker *
xfsm_gap_create(const uint8_t entropy[16])
{
    struct xfsm_gap_tracker *tracker = calloc(1, sizeof *tracker);

    if (!tracker) {
        abort();
    }
    xfsm_seed_init(&tracker->seed, entropy);
    return tracker;
}

void
xfsm_gap_destroy(struct xfsm_gap_tracker *tracker)
{
    free(tracker);
}

/* Digest of the names, each hashed apart so that none runs into the next. */
static void
digest_source(const struct xfsm_seed *seed, const struct xfsm_str *names,
              size_t n, uint64_t digest[2])
{
    uint64_t digests[XFSM_GAP_NAMES][2];
    size_t i;

    for (i = 0; i < n; i++) {
        xfsm_digest(seed, names[i].p ? names[i].p : "", names[i].len,
                    digests[i]);
    }
    xfsm_digest(seed, digests, n * sizeof digests[0], digest);
}

/* Returns the slot of the probe with 'digest', or one to put it in, whose
 * 'seq' is then 0. */
static struct source *
find_source(struct xfsm_gap_tracker *tracker, const uint64_t digest[2])
{
    struct source *bucket = tracker->sources[digest[0] % BUCKETS];
    struct source *oldest = bucket;
    int i;

    for (i = 0; i < WAYS; i++) {
        if (bucket[i].seq && bucket[i].digest[0] == digest[0]
            && bucket[i].digest[1] == digest[1]) {
            return &bucket[i];
        }
        if (bucket[i].heard < oldest->heard) {
            oldest = &bucket[i];
        }
    }
    if (oldest->seq) {
        tracker->forgotten++;
    }
    memset(oldest, 0, sizeof *oldest);
    memcpy(oldest->digest, digest, sizeof oldest->digest);
    return oldest;
}

struct xfsm_gap
xfsm_gap_follow(struct xfsm_gap_tracker *tracker,
                const struct xfsm_str *names, size_t n, uint64_t epoch,
                int64_t prev, uint64_t seq)
{
    struct xfsm_gap gap = { 0, 0, false };
    struct source *source;
    uint64_t digest[2];
    uint64_t last;

    if (!seq) {
        return gap;
    }
    digest_source(&tracker->seed, names, n, digest);
    source = find_source(tracker, digest);
    source->heard = ++tracker->clock;
    if (source->seq && (epoch < source->epoch
                        || (epoch == source->epoch && seq <= source->seq))) {
        gap.repeated = true;
        return gap;
    }
    last = epoch == source->epoch ? source->seq : 0;
    if (source->seq && prev > 0 && (uint64_t) prev > last) {
        gap.from = last + 1;
        gap.to = (uint64_t) prev;
    }
    source->epoch = epoch;
    source->seq = seq;
    return gap;
}

bool
xfsm_gap_last(const struct xfsm_gap_tracker *tracker,
              const struct xfsm_str *names, size_t n, uint64_t *epoch,
              uint64_t *seq)
{
    const struct source *bucket;
    uint64_t digest[2];
    int i;

    digest_source(&tracker->seed, names, n, digest);
    bucket = tracker->sources[digest[0] % BUCKETS];
    for (i = 0; i < WAYS; i++) {
        if (bucket[i].seq && bucket[i].digest[0] == digest[0]
            && bucket[i].digest[1] == digest[1]) {
            *epoch = bucket[i].epoch;
            *seq = bucket[i].seq;
            return true;
        }
    }
    return false;
}

uint64_t
xfsm_gap_forgotten(const struct xfsm_gap_tracker *tracker)
{
    return tracker->forgotten;
}
