/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include "xfsm/sketch/detector.h"

#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "xfsm/base/error.h"
#include "xfsm/base/hash.h"
#include "xfsm/base/mem.h"

#ifdef __x86_64__
#include <immintrin.h>
#endif

#define FILTER_BYTES 30
#define FILTER_BITS (FILTER_BYTES * 8)

_Static_assert(sizeof(struct xfsm_detector_line) == 64,
               "a line is one cache line");
_Static_assert(XFSM_DETECTOR_PROBES <= 8, "two words of 16-bit pieces");

/* The bits of a key within a filter: which byte, and which bit of that.  The
 * loops over them are unrolled, which keeps them in registers. */
struct probes {
    uint8_t byte[XFSM_DETECTOR_PROBES];
    uint8_t mask[XFSM_DETECTOR_PROBES];
};

/* The upper half of 'hash' chose the line, so the bits come from mixing all
 * of it again: each takes 16 bits of the outcome, scaled to the filter. */
#define MIX_LOW UINT64_C(0x9e3779b97f4a7c15)
#define MIX_HIGH UINT64_C(0xc2b2ae3d27d4eb4f)

static inline struct probes
make_probes(uint64_t hash)
{
    uint64_t mix[2] = {
        xfsm_hash_fold(hash, MIX_LOW), xfsm_hash_fold(hash, MIX_HIGH),
    };
    struct probes probes;
    unsigned int i;

#pragma GCC unroll 8
    for (i = 0; i < XFSM_DETECTOR_PROBES; i++) {
        unsigned int piece = (uint16_t) (mix[i / 4] >> i % 4 * 16);
        unsigned int bit = piece * FILTER_BITS >> 16;

        probes.byte[i] = (uint8_t) (bit / 8);
        probes.mask[i] = (uint8_t) (1u << bit % 8);
    }
    return probes;
}

static inline bool
filter_has(const uint8_t *filter, const struct probes *probes)
{
    unsigned int missing = 0;
    unsigned int i;

#pragma GCC unroll 8
    for (i = 0; i < XFSM_DETECTOR_PROBES; i++) {
        missing |= probes->mask[i] & ~(unsigned int) filter[probes->byte[i]];
    }
    return !missing;
}

static inline void
filter_add(uint8_t *filter, const struct probes *probes)
{
    unsigned int i;

#pragma GCC unroll 8
    for (i = 0; i < XFSM_DETECTOR_PROBES; i++) {
        filter[probes->byte[i]] |= probes->mask[i];
    }
}

/* What a line still knows depends on its age: of this epoch, both filters; of
 * the last one, the filter that learned then and detects now. */
static inline bool
line_has(const struct xfsm_detector_line *line, uint32_t epoch,
         const struct probes *probes)
{
    uint32_t age = epoch - line->epoch;
    bool learned = filter_has(line->filter[epoch % 2], probes);
    bool detected = filter_has(line->filter[(epoch + 1) % 2], probes);

    return (learned & (age == 0)) | (detected & (age <= 1));
}

static inline void
line_refresh(struct xfsm_detector_line *line, uint32_t epoch)
{
    uint32_t age = epoch - line->epoch;

    if (age == 1) {
        memset(line->filter[epoch % 2], 0, FILTER_BYTES);
    } else if (age) {
        memset(line->filter, 0, sizeof line->filter);
    }
    line->epoch = epoch;
}

/* Clears the line whose turn it is, if it is old.  A line without bits is
 * left alone whatever its epoch: it says the same in any, and writing to it
 * would make memory real that no key has touched. */
static void
scrub_line(struct xfsm_detector *d)
{
    static const uint8_t none[2][FILTER_BYTES];
    struct xfsm_detector_line *line = &d->lines[d->scrub];

    if (line->epoch != d->epoch
        && memcmp(line->filter, none, sizeof none)) {
        line_refresh(line, d->epoch);
    }
    d->scrub = d->scrub + 1 < d->n_lines ? d->scrub + 1 : 0;
}

/* So that an operation has one number to compare. */
static void
set_look(struct xfsm_detector *d)
{
    uint64_t at = d->started ? d->last_swap + d->reset_after : 0;

    d->look_at = (d->reset_after && (!d->started || at > d->last_swap)
                  ? at : UINT64_MAX);
}

static void
begin_epoch(struct xfsm_detector *d)
{
    d->epoch++;
    d->n = 0;
    scrub_line(d);
}

/* Swaps 'd' alone 'times' times, more than twice being no different in what
 * is remembered from twice. */
static void
swap_one(struct xfsm_detector *d, uint64_t times, uint64_t when)
{
    begin_epoch(d);
    if (times > 1) {
        begin_epoch(d);
    }
    d->swaps += times;
    if (!d->started || d->last_swap < when) {
        d->last_swap = when;
    }
    d->started = true;
    set_look(d);
}

/* Swaps 'd' and its slaves, each once. */
static void
swap_all(struct xfsm_detector *d, uint64_t times, uint64_t when)
{
    struct xfsm_detector *p;

    for (p = d; p && !p->swapping; p = p->slave) {
        p->swapping = true;
        swap_one(p, times, when);
    }
    for (p = d; p && p->swapping; p = p->slave) {
        p->swapping = false;
    }
}

/* At 'look_at' or later: the first time that is seen, or one 'reset_after'
 * later at least, or the end of all time. */
static __attribute__((noinline)) void
move_clock(struct xfsm_detector *d, uint64_t now)
{
    if (!d->reset_after) {
        return;
    } else if (!d->started) {
        d->started = true;
        d->last_swap = now;
        set_look(d);
    } else if (now - d->last_swap >= d->reset_after) {
        uint64_t times = (now - d->last_swap) / d->reset_after;

        swap_all(d, times, d->last_swap + times * d->reset_after);
    }
}

static inline void
run_clock(struct xfsm_detector *d, uint64_t now)
{
    if (now >= d->look_at) {
        move_clock(d, now);
    }
}

static inline void
set_probes(struct xfsm_detector *d, struct xfsm_detector_line *line,
           const struct probes *probes, uint64_t now)
{
    if (line->epoch != d->epoch) {
        line_refresh(line, d->epoch);
    }
    if (filter_has(line->filter[d->epoch % 2], probes)) {
        return;
    }
    filter_add(line->filter[d->epoch % 2], probes);
    if (++d->n >= d->design) {
        swap_all(d, 1, now);
    }
}

#ifdef __x86_64__

#define WIDE __attribute__((target("avx2,bmi2")))

static bool
has_wide(void)
{
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi2");
}

/* make_probes(): the numbers of the bits. */
static inline WIDE __m128i
wide_probes(uint64_t hash)
{
    __m128i mix = _mm_set_epi64x((int64_t) xfsm_hash_fold(hash, MIX_HIGH),
                                 (int64_t) xfsm_hash_fold(hash, MIX_LOW));

    return _mm_mulhi_epu16(mix, _mm_set1_epi16(FILTER_BITS));
}

/* filter_has() for the filter of the odd epochs or that of the even ones.
 * Each lies in 32 bytes of the line, eight words: that of the even epochs from
 * byte 4 on, that of the odd ones from byte 32 on, its first bit being bit 16
 * there. */
static inline WIDE bool
wide_has(const struct xfsm_detector_line *line, unsigned int odd,
         __m128i probes)
{
    const __m256i used = _mm256_setr_epi32(1, 1, 1, 1, 1, 1, 0, 0);
    const uint8_t *filter = (const uint8_t *) line + (odd ? 32 : 4);
    __m256i bits = _mm256_add_epi32(_mm256_cvtepu16_epi32(probes),
                                    _mm256_set1_epi32(odd ? 16 : 0));
    __m256i words = _mm256_loadu_si256((const void *) filter);
    __m256i masks = _mm256_sllv_epi32(
        used, _mm256_and_si256(bits, _mm256_set1_epi32(31)));

    words = _mm256_permutevar8x32_epi32(words, _mm256_srli_epi32(bits, 5));
    return _mm256_testc_si256(words, masks);
}

_Static_assert(XFSM_DETECTOR_PROBES == 6, "lanes 0 to 5 are used");
_Static_assert(offsetof(struct xfsm_detector_line, filter[1]) == 34,
               "the odd filter begins 16 bits into its words");

#else

static bool
has_wide(void)
{
    return false;
}

#endif

static char *
check_limits(unsigned int size, unsigned int nhash)
{
    if (size < XFSM_DETECTOR_SIZE_MIN || size > XFSM_DETECTOR_SIZE_MAX) {
        return xfsm_error("the size of a detector is %d to %d (log2 of "
                          "bits), not %u", XFSM_DETECTOR_SIZE_MIN,
                          XFSM_DETECTOR_SIZE_MAX, size);
    }
    if (!nhash || nhash > XFSM_DETECTOR_NHASH_MAX) {
        return xfsm_error("a detector has 1 to %d hash functions, not %u",
                          XFSM_DETECTOR_NHASH_MAX, nhash);
    }
    return NULL;
}

static size_t
lines_size(const struct xfsm_detector *d)
{
    return d->n_lines * sizeof *d->lines;
}

char *
xfsm_detector_create(unsigned int size, unsigned int nhash,
                     uint64_t reset_after, struct xfsm_detector **detectorp)
{
    char *error = check_limits(size, nhash);
    struct xfsm_detector *d;

    if (error) {
        return error;
    }
    d = calloc(1, sizeof *d);
    if (!d) {
        return xfsm_error("no memory for a detector");
    }
    d->wide = has_wide();
    d->design = (uint32_t) ((UINT32_C(1) << size) * M_LN2 / nhash);
    d->n_lines = (d->design + XFSM_DETECTOR_LINE_KEYS - 1)
                 / XFSM_DETECTOR_LINE_KEYS;
    d->reset_after = reset_after;
    set_look(d);
    d->lines = xfsm_mem_map(lines_size(d), false);
    if (!d->lines) {
        error = xfsm_error("no address space for a detector of %zu bytes",
                           lines_size(d));
        xfsm_detector_destroy(d);
        return error;
    }
    *detectorp = d;
    return NULL;
}

void
xfsm_detector_destroy(struct xfsm_detector *d)
{
    if (d) {
        xfsm_mem_unmap(d->lines, lines_size(d));
        free(d);
    }
}

void
xfsm_detector_set_slave(struct xfsm_detector *master,
                        struct xfsm_detector *slave)
{
    master->slave = slave;
}

bool
xfsm_detector_get(struct xfsm_detector *d, uint64_t hash, uint64_t now)
{
    struct probes probes = make_probes(hash);

    run_clock(d, now);
    return line_has(xfsm_detector_line(d, hash), d->epoch, &probes);
}

void
xfsm_detector_set(struct xfsm_detector *d, uint64_t hash, uint64_t now)
{
    struct probes probes = make_probes(hash);

    run_clock(d, now);
    set_probes(d, xfsm_detector_line(d, hash), &probes, now);
}

/* What is left of an update where the key is not known to have been seen in
 * this epoch.  Apart, so that the usual case stays short. */
static __attribute__((noinline)) bool
update_line(struct xfsm_detector *d, struct xfsm_detector_line *line,
            uint64_t hash, uint64_t now)
{
    struct probes probes = make_probes(hash);
    bool seen = line_has(line, d->epoch, &probes);

    set_probes(d, line, &probes, now);
    return seen;
}

#ifdef __x86_64__

/* update_line() where the processor is 'wide', and the key is not in the
 * filter that learns, if the line is of this epoch. */
static WIDE __attribute__((noinline)) bool
update_wide_line(struct xfsm_detector *d, struct xfsm_detector_line *line,
                 __m128i probes, uint64_t now)
{
    uint32_t age = d->epoch - line->epoch;
    bool seen = age <= 1 && wide_has(line, (d->epoch + 1) % 2, probes);
    uint8_t *filter = line->filter[d->epoch % 2];
    uint16_t bits[8];
    unsigned int i;

    if (age) {
        line_refresh(line, d->epoch);
    }
    _mm_storeu_si128((void *) bits, probes);
#pragma GCC unroll 8
    for (i = 0; i < XFSM_DETECTOR_PROBES; i++) {
        filter[bits[i] / 8] |= (uint8_t) (1u << bits[i] % 8);
    }
    if (++d->n >= d->design) {
        swap_all(d, 1, now);
    }
    return seen;
}

#endif

/* The same where the filters may have to swap first. */
static __attribute__((noinline)) bool
update_late(struct xfsm_detector *d, uint64_t hash, uint64_t now)
{
    move_clock(d, now);
    return update_line(d, xfsm_detector_line(d, hash), hash, now);
}

static bool
update_narrow(struct xfsm_detector *d, uint64_t hash, uint64_t now)
{
    if (__builtin_expect(now >= d->look_at, 0)) {
        return update_late(d, hash, now);
    }
    return update_line(d, xfsm_detector_line(d, hash), hash, now);
}

#ifdef __x86_64__

static WIDE bool
update_wide(struct xfsm_detector *d, uint64_t hash, uint64_t now)
{
    struct xfsm_detector_line *line = xfsm_detector_line(d, hash);
    __m128i probes;

    if (__builtin_expect(now >= d->look_at, 0)) {
        return update_late(d, hash, now);
    }
    probes = wide_probes(hash);
    return (line->epoch == d->epoch && wide_has(line, d->epoch % 2, probes))
           || update_wide_line(d, line, probes, now);
}

#else
#define update_wide update_narrow
#endif

xfsm_detector_updates *
xfsm_detector_updater(const struct xfsm_detector *d)
{
    return d->wide ? update_wide : update_narrow;
}

bool
xfsm_detector_update(struct xfsm_detector *d, uint64_t hash, uint64_t now)
{
    return (d->wide ? update_wide : update_narrow)(d, hash, now);
}

void
xfsm_detector_reset(struct xfsm_detector *d)
{
    begin_epoch(d);
    begin_epoch(d);
    d->started = false;
    set_look(d);
}

void
xfsm_detector_get_stats(const struct xfsm_detector *d,
                        struct xfsm_detector_stats *stats)
{
    stats->n = d->n;
    stats->design = d->design;
    stats->swaps = d->swaps;
    stats->bytes = sizeof *d + lines_size(d);
}

void
xfsm_detector_state(struct xfsm_detector *d, struct xfsm_state_io *io)
{
    xfsm_state_same(io, d->n_lines, "the size of a detector");
    xfsm_state_u32(io, &d->epoch);
    xfsm_state_u32(io, &d->n);
    xfsm_state_u64(io, &d->last_swap);
    xfsm_state_u64(io, &d->swaps);
    xfsm_state_u32(io, &d->scrub);
    xfsm_state_bool(io, &d->started);
    set_look(d);
    xfsm_state_check(io, d->scrub < d->n_lines, "a line of a detector");
    xfsm_state_sparse(io, d->lines, d->n_lines, sizeof *d->lines, NULL);
}
