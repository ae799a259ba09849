/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef XFSM_TESTS_IMAGE_VICTIM_H
#define XFSM_TESTS_IMAGE_VICTIM_H 1

/* An image to be broken, for tests of the verifier.
 *
 * It is compiled from a program that uses everything an image can say.  A
 * test sets one member of one record to a wrong value; the checksum is mended,
 * so that the checks behind it are reached:
 *
 *     struct victim v;
 *
 *     victim_init(&v);
 *     REFUSES(states[1].timeout_state, 3, "index out of range");
 *     free(v.bytes);
 *
 * The program: 3 states, 4 metrics (m, d, r, s), 2 tables (t by address, n by
 * name and port), 1 timer class; event 0 is the timeout event, event 1 takes
 * most packets, event 2 the rest; handler 0 is the timer's, 1 that of event 1
 * in s0, 2 in s1, 3 that of event 2. */

#include <stddef.h>
#include <stdint.h>

#include "xfsm/program/image.h"

struct victim {
    size_t len;
    uint8_t *bytes;             /* From malloc(). */
    struct xfsm_img_header *h;
    /* The sections. */
#define XFSM_VICTIM_MEMBER(ID, MEMBER, TYPE, DOC) TYPE *MEMBER;
    XFSM_SECTIONS(XFSM_VICTIM_MEMBER)
#undef XFSM_VICTIM_MEMBER
};

void victim_init(struct victim *);

/* Finds the header and the sections again, after 'bytes' was set. */
void victim_view(struct victim *);

/* Mends the checksum and verifies.  Returns the error, which the caller
 * frees. */
char *victim_judge(struct victim *);

/* Fails unless victim_judge() gives an error that contains 'part'; 'what' says
 * what was done to the image. */
void victim_expect_error(struct victim *, const char *part, const char *what);

/* Index of the n-th instruction of 'op', from 0. */
uint32_t victim_find(const struct victim *, enum xfsm_opcode op, int n);

/* Sets MEMBER of the victim 'v' to VALUE, expects an error that contains
 * PART, and sets it back. */
#define REFUSES(MEMBER, VALUE, PART) \
    do { \
        __typeof__(v.MEMBER) old_ = v.MEMBER; \
        \
        v.MEMBER = (__typeof__(old_)) (VALUE); \
        victim_expect_error(&v, PART, #MEMBER " = " #VALUE); \
        v.MEMBER = old_; \
    } while (0)

/* Same, and expects it to be accepted. */
#define ACCEPTS(MEMBER, VALUE) \
    do { \
        __typeof__(v.MEMBER) old_ = v.MEMBER; \
        \
        v.MEMBER = (__typeof__(old_)) (VALUE); \
        victim_expect_error(&v, NULL, #MEMBER " = " #VALUE); \
        v.MEMBER = old_; \
    } while (0)

#endif /* tests/unit/image-victim.h */
