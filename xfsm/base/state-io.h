/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef XFSM_BASE_STATE_IO_H
#define XFSM_BASE_STATE_IO_H 1

/* Saving and restoring what structures hold, in one description.
 *
 * A structure has one function that names its contents in order, by the calls
 * below.  Whether that writes them or reads them is up to 'io', so the two
 * can never disagree.  Writing goes through a callback, reading comes from a
 * block of memory.
 *
 * What is read was written by anybody: each function that reads checks all
 * that its structure relies on with xfsm_state_check(), after which reading
 * fails as a whole.  A failed 'io' reads zeros, so loops must be bounded by
 * what the structure has, never by what was read alone.
 *
 * Format: little-endian numbers, in the order of the calls, as the host has
 * them in memory.  The checksum at the end tells accidents, not attackers.
 *
 * Thread-safety: none needed, an 'io' is its caller's. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "xfsm/base/bytes.h"
#include "xfsm/base/hash.h"

/* Writes 'len' bytes; false if that is not possible. */
typedef bool xfsm_state_writer(const void *data, size_t len, void *aux);

struct xfsm_state_io {
    xfsm_state_writer *write;   /* NULL: reading. */
    void *aux;
    struct xfsm_bytes in;       /* What is to be read. */

    /* What keys are hashed under: the program's, so the caller's to set. */
    const struct xfsm_seed *seed;
    uint64_t tweak;

    char *error;                /* The first one, or NULL. */
    uint64_t written;           /* Bytes. */

    /* Of the checksum of what was written. */
    uint64_t sum;
    uint8_t pending[8];
};

/* Starts writing by 'write', or reading the 'len' bytes at 'data', whose
 * checksum is checked first. */
void xfsm_state_begin_write(struct xfsm_state_io *, xfsm_state_writer *write,
                            void *aux);
void xfsm_state_begin_read(struct xfsm_state_io *, const void *data,
                           size_t len);

/* Ends it: writes the checksum, or checks that all was read.  Returns NULL or
 * an error that the caller frees. */
char *xfsm_state_end(struct xfsm_state_io *);

static inline bool
xfsm_state_reads(const struct xfsm_state_io *io)
{
    return !io->write;
}

static inline bool
xfsm_state_ok(const struct xfsm_state_io *io)
{
    return !io->error;
}

/* Writes 'len' bytes, or reads as many. */
void xfsm_state_bytes(struct xfsm_state_io *, void *data, size_t len);

/* The same for numbers. */
void xfsm_state_u8(struct xfsm_state_io *, uint8_t *);
void xfsm_state_u32(struct xfsm_state_io *, uint32_t *);
void xfsm_state_u64(struct xfsm_state_io *, uint64_t *);
void xfsm_state_double(struct xfsm_state_io *, double *);
void xfsm_state_bool(struct xfsm_state_io *, bool *);

/* A number that both sides know: reading fails if another one is there. */
void xfsm_state_same(struct xfsm_state_io *, uint64_t expected,
                     const char *what);

/* An array of 'n' units of 'size' bytes, of which most are zero: only the
 * others are written.  When reading, the array must be zero before, and each
 * unit must be as 'good', if that is not NULL, wants it.  'n' is less than
 * 2^32. */
void xfsm_state_sparse(struct xfsm_state_io *, void *array, size_t n,
                       size_t size, bool (*good)(const void *unit));

/* Are the 'n' doubles at 'values' numbers from 0 to 'max'? */
bool xfsm_state_doubles_good(const double *values, size_t n, double max);

/* Fails, unless 'good': 'what' is wrong with what was read. */
void xfsm_state_check(struct xfsm_state_io *, bool good, const char *what);

#endif /* xfsm/base/state-io.h */
