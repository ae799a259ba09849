/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include "xfsm/sketch/distinct-private.h"

/* The lowest bit of each register of a word. */
#define ONES UINT64_C(0x1111111111111111)

static bool
any_zero(struct xfsm_distinct_registers r)
{
    unsigned int i;

    for (i = 0; i < r.n_words; i++) {
        uint64_t word = r.words[i * r.stride];

        if (((word | word >> 1 | word >> 2 | word >> 3) & ONES) != ONES) {
            return true;
        }
    }
    return false;
}

/* Raises the base by one.  No register is 0.  One that was full stays at the
 * rank it is known to have, and is open again. */
static void
raise_base(struct xfsm_distinct_counter *c, struct xfsm_distinct_registers r)
{
    unsigned int full = 0;
    unsigned int i;

    for (i = 0; i < r.n_words; i++) {
        uint64_t *word = &r.words[i * r.stride];

        full += (unsigned int) __builtin_popcountll(
            *word & *word >> 1 & *word >> 2 & *word >> 3 & ONES);
        *word -= ONES;
    }
    c->open = (2u * c->open + full) & 0xffffff;
    c->base++;
}

void
xfsm_distinct_counter_raise(struct xfsm_distinct_counter *c,
                            struct xfsm_distinct_registers r,
                            unsigned int index, unsigned int rank)
{
    unsigned int n = r.n_words * XFSM_DISTINCT_WORD_REGISTERS;
    uint64_t *word = &r.words[index / XFSM_DISTINCT_WORD_REGISTERS
                              * r.stride];
    unsigned int shift = index % XFSM_DISTINCT_WORD_REGISTERS * 4;
    unsigned int old = *word >> shift & 15;
    unsigned int new = rank - c->base;
    unsigned int open = c->open;

    /* The chance that a new element changes a register was
     * open / (2^14 * n * 2^base). */
    c->estimate = (float) (c->estimate
                           + (double) (UINT64_C(1) << 14 << c->base) * n
                             / open);
    open -= 1u << 14 >> old;
    if (new < XFSM_DISTINCT_REGISTER_MAX) {
        open += 1u << 14 >> new;
    } else {
        new = XFSM_DISTINCT_REGISTER_MAX;
    }
    c->open = open & 0xffffff;
    *word += (uint64_t) (new - old) << shift;
    if (!old) {
        while (!any_zero(r)) {
            raise_base(c, r);
        }
    }
}
