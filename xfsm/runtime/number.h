/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef XFSM_RUNTIME_NUMBER_H
#define XFSM_RUNTIME_NUMBER_H 1

/* Numbers as text, the same in event texts and in JSON: whole numbers below
 * 2^53 with all their digits, others with six significant ones (as the
 * original's C++ streams did).  What is no number comes out as 0, which JSON
 * can say.  Thread-safe as long as nobody changes the locale. */

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Longest text of a number. */
#define XFSM_NUMBER_MAX 32

/* Writes the number at 'buf', not terminated, and returns its length. */
size_t xfsm_number_format(double value, char buf[XFSM_NUMBER_MAX]);
size_t xfsm_number_format_uint(uint64_t value, char buf[XFSM_NUMBER_MAX]);

/* The two digits of each number below 100, one number after another. */
extern const char xfsm_number_pairs[200];

/* Writes 'value', below 100, in two digits. */
static inline void
xfsm_number_put_pair(char *p, uint64_t value)
{
    memcpy(p, &xfsm_number_pairs[2 * value], 2);
}

#endif /* xfsm/runtime/number.h */
