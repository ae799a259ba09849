/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef XFSM_TESTS_FUZZ_H
#define XFSM_TESTS_FUZZ_H 1

/* What fuzz targets share.
 *
 * A target is one function that takes any bytes: LLVMFuzzerTestOneInput(), in
 * tests/fuzz/fuzz-NAME.c, whose head says what an input is.  It must come back
 * without a memory error, and it checks what must hold whatever the bytes are
 * with fuzz_require(), so that a wrong answer is found as a crash is.
 *
 * The same targets are linked in two ways:
 *
 *   - with libFuzzer, by "make fuzz" (clang): new inputs, guided by coverage;
 *   - with fuzz-main.c, by "make check" (any compiler): given inputs are
 *     replayed, then mutated without guidance, in the same order each time.
 *
 * Memory that a target hands to the code under test comes from fuzz_dup(), a
 * block of just that size, so that AddressSanitizer sees a read past its end.
 *
 * Thread-safety: none. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The target.  Returns 0. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Fails the run, with 'what' as the reason, unless 'ok'. */
void fuzz_require(bool ok, const char *what);

/* Returns a copy of 'len' bytes in a block of that size, to be freed. */
void *fuzz_dup(const void *data, size_t len);

/* Reads 'len' bytes, for the sanitizers to see. */
void fuzz_touch(const void *data, size_t len);

/* An input that is taken apart from the front.  What is beyond its end reads
 * as zero. */
struct fuzz_input {
    const uint8_t *p;
    size_t left;
};

uint8_t fuzz_u8(struct fuzz_input *);
uint16_t fuzz_u16(struct fuzz_input *);
uint64_t fuzz_u64(struct fuzz_input *);

/* Takes at most 'max' bytes; stores how many there were. */
const uint8_t *fuzz_bytes(struct fuzz_input *, size_t max, size_t *lenp);

#endif /* tests/fuzz/fuzz.h */
