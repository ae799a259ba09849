/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef XFSM_SKETCH_TAGS_H
#define XFSM_SKETCH_TAGS_H 1

/* Comparing 8 tags of 16 bits at once.
 *
 * Private to the sketches.  The vector version and the portable one give the
 * same result; a test compares them. */

#include <stdint.h>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#define XFSM_TAGS 8

/* Returns a mask whose bit i is set where 'tags[i]' is 'tag'. */
static inline unsigned int
xfsm_tags_match_portable(const uint16_t tags[XFSM_TAGS], uint16_t tag)
{
    unsigned int mask = 0;
    unsigned int i;

    for (i = 0; i < XFSM_TAGS; i++) {
        mask |= (unsigned int) (tags[i] == tag) << i;
    }
    return mask;
}

/* The same; 'tags' is aligned to 16 bytes. */
static inline unsigned int
xfsm_tags_match(const uint16_t tags[XFSM_TAGS], uint16_t tag)
{
#ifdef __SSE2__
    __m128i have = _mm_load_si128((const __m128i *) (const void *) tags);
    __m128i equal = _mm_cmpeq_epi16(have, _mm_set1_epi16((short) tag));

    return (unsigned int) _mm_movemask_epi8(
        _mm_packs_epi16(equal, _mm_setzero_si128()));
#else
    return xfsm_tags_match_portable(tags, tag);
#endif
}

#endif /* xfsm/sketch/tags.h */
