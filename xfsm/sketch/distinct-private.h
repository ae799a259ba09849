/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef XFSM_SKETCH_DISTINCT_PRIVATE_H
#define XFSM_SKETCH_DISTINCT_PRIVATE_H 1

/* The two ways in which distinct.c counts: few elements exactly, many by
 * registers.  Idea, papers and error are in distinct.h.
 *
 * An element is its 64-bit hash.  Bits 0 to 15, scaled, choose its register;
 * the zeros that bits 16 and up begin with, plus one, are its rank.
 *
 * Private to distinct*.c and their test.  Thread-safety: none. */

#include <stdbool.h>
#include <stdint.h>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

/* Elements that a key counts exactly. */
#define XFSM_DISTINCT_SMALL 16

/* The 24 bits of each element, 16 and 8 of them apart for comparing: all that
 * a register of rank up to 8 would need to know. */
struct xfsm_distinct_small {
    uint16_t low[XFSM_DISTINCT_SMALL];      /* Bits 0 to 15. */
    uint8_t high[XFSM_DISTINCT_SMALL];      /* Bits 16 to 23. */
};

/* Returns a mask whose bit i is set where place i of 's' has 'element'.  The
 * vector version and the portable one give the same result. */
static inline unsigned int
xfsm_distinct_match_portable(const struct xfsm_distinct_small *s,
                             uint64_t element)
{
    uint16_t low = (uint16_t) element;
    uint8_t high = (uint8_t) (element >> 16);
    unsigned int mask = 0;
    unsigned int i;

    for (i = 0; i < XFSM_DISTINCT_SMALL; i++) {
        mask |= (unsigned int) ((s->low[i] == low) & (s->high[i] == high))
                << i;
    }
    return mask;
}

static inline unsigned int
xfsm_distinct_match(const struct xfsm_distinct_small *s, uint64_t element)
{
#ifdef __SSE2__
    __m128i low = _mm_set1_epi16((short) element);
    __m128i high = _mm_set1_epi8((char) (element >> 16));
    const __m128i *have = (const void *) s->low;
    __m128i first = _mm_cmpeq_epi16(_mm_loadu_si128(have), low);
    __m128i second = _mm_cmpeq_epi16(_mm_loadu_si128(have + 1), low);
    __m128i third = _mm_cmpeq_epi8(
        _mm_loadu_si128((const void *) s->high), high);

    return (unsigned int) _mm_movemask_epi8(
        _mm_and_si128(_mm_packs_epi16(first, second), third));
#else
    return xfsm_distinct_match_portable(s, element);
#endif
}

/* Registers of 4 bits, 16 in a word.  A register holds by how much the
 * highest rank that it met exceeds 'base', 15 at most. */
#define XFSM_DISTINCT_WORD_REGISTERS 16
#define XFSM_DISTINCT_REGISTER_MAX 15

/* What belongs to a set of registers. */
struct xfsm_distinct_counter {
    float estimate;             /* Of the distinct elements so far. */
    uint32_t open : 24;         /* Sum of 2^(14 - register) over those < 15. */
    uint32_t base : 8;
};

/* Where registers are: word i is 'words[i * stride]'. */
struct xfsm_distinct_registers {
    uint64_t *words;
    unsigned int stride;
    unsigned int n_words;
};

/* Makes 'c' belong to registers that are all 0, with 'estimate' elements
 * known already. */
static inline void
xfsm_distinct_counter_init(struct xfsm_distinct_counter *c,
                           unsigned int n_words, float estimate)
{
    c->estimate = estimate;
    c->open = (n_words * XFSM_DISTINCT_WORD_REGISTERS << 14) & 0xffffff;
    c->base = 0;
}

/* Raises register 'index', which is not full, to 'rank', which is above what
 * it holds. */
void xfsm_distinct_counter_raise(struct xfsm_distinct_counter *,
                                 struct xfsm_distinct_registers,
                                 unsigned int index, unsigned int rank);

/* Takes 'element'.  Usually it changes nothing. */
static inline void
xfsm_distinct_counter_add(struct xfsm_distinct_counter *c,
                          struct xfsm_distinct_registers r, uint64_t element)
{
    unsigned int n = r.n_words * XFSM_DISTINCT_WORD_REGISTERS;
    unsigned int index = (unsigned int) (element & UINT16_MAX) * n >> 16;
    unsigned int word = index / XFSM_DISTINCT_WORD_REGISTERS;
    unsigned int shift = index % XFSM_DISTINCT_WORD_REGISTERS * 4;
    unsigned int value = r.words[word * r.stride] >> shift & 15;
    unsigned int rank = 1 + (unsigned int) __builtin_ctzll(
        element >> 16 | UINT64_C(1) << 48);

    if (__builtin_expect(rank > c->base + value, 0)
        && value < XFSM_DISTINCT_REGISTER_MAX) {
        xfsm_distinct_counter_raise(c, r, index, rank);
    }
}

#endif /* xfsm/sketch/distinct-private.h */
