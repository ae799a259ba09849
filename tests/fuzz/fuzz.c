/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include "tests/fuzz/fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void
fuzz_require(bool ok, const char *what)
{
    if (!ok) {
        fprintf(stderr, "not so: %s\n", what);
        abort();
    }
}

void *
fuzz_dup(const void *data, size_t len)
{
    void *copy = malloc(len ? len : 1);

    fuzz_require(copy != NULL, "there is memory");
    if (len) {
        memcpy(copy, data, len);
    }
    return copy;
}

void
fuzz_touch(const void *data, size_t len)
{
    const volatile uint8_t *p = data;
    size_t i;

    for (i = 0; i < len; i++) {
        (void) p[i];
    }
}

const uint8_t *
fuzz_bytes(struct fuzz_input *in, size_t max, size_t *lenp)
{
    const uint8_t *p = in->p;

    *lenp = max < in->left ? max : in->left;
    if (*lenp) {
        in->p += *lenp;
        in->left -= *lenp;
    }
    return p;
}

static uint64_t
take_number(struct fuzz_input *in, size_t width)
{
    size_t len;
    const uint8_t *p = fuzz_bytes(in, width, &len);
    uint64_t value = 0;

    while (len) {
        value = value << 8 | p[--len];
    }
    return value;
}

uint8_t
fuzz_u8(struct fuzz_input *in)
{
    return (uint8_t) take_number(in, 1);
}

uint16_t
fuzz_u16(struct fuzz_input *in)
{
    return (uint16_t) take_number(in, 2);
}

uint64_t
fuzz_u64(struct fuzz_input *in)
{
    return take_number(in, 8);
}
