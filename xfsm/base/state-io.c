/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include "xfsm/base/state-io.h"

#include <string.h>

#include "xfsm/base/error.h"

#define SUM_START UINT64_C(0x9e3779b97f4a7c15)
#define SUM_FACTOR UINT64_C(0xc2b2ae3d27d4eb4f)

/* A run of units that are not zero ends at the next zero unit, or here. */
#define RUN_MAX 4096

static uint64_t
add_word(uint64_t sum, const uint8_t word[8])
{
    return xfsm_hash_fold(sum ^ xfsm_load_ne64(word), SUM_FACTOR) + SUM_START;
}

/* Adds 'len' bytes to the checksum of what was written before. */
static void
add_to_sum(struct xfsm_state_io *io, const uint8_t *p, size_t len)
{
    size_t have = io->written % 8;

    for (io->written += len; len; p++, len--) {
        io->pending[have++] = *p;
        if (have == 8) {
            io->sum = add_word(io->sum, io->pending);
            have = 0;
            for (; len > 8; p += 8, len -= 8) {
                io->sum = add_word(io->sum, p + 1);
            }
        }
    }
}

static uint64_t
finish_sum(struct xfsm_state_io *io)
{
    size_t have = io->written % 8;

    memset(io->pending + have, 0, 8 - have);
    return add_word(io->sum, io->pending) ^ io->written;
}

void
xfsm_state_begin_write(struct xfsm_state_io *io, xfsm_state_writer *write,
                       void *aux)
{
    memset(io, 0, sizeof *io);
    io->write = write;
    io->aux = aux;
    io->sum = SUM_START;
}

void
xfsm_state_begin_read(struct xfsm_state_io *io, const void *data, size_t len)
{
    const uint8_t *p = data;
    uint64_t sum;

    memset(io, 0, sizeof *io);
    io->sum = SUM_START;
    if (len < sizeof sum) {
        io->error = xfsm_error("a saved state is longer than %zu bytes", len);
        return;
    }
    len -= sizeof sum;
    add_to_sum(io, p, len);
    sum = finish_sum(io);
    if (sum != xfsm_load_ne64(p + len)) {
        io->error = xfsm_error("the saved state is damaged: its checksum is "
                               "wrong");
        return;
    }
    xfsm_bytes_init(&io->in, data, len);
}

char *
xfsm_state_end(struct xfsm_state_io *io)
{
    if (io->error) {
        return io->error;
    }
    if (xfsm_state_reads(io)) {
        xfsm_state_check(io, !xfsm_bytes_remaining(&io->in),
                         "there is something behind its end");
    } else {
        uint64_t sum = finish_sum(io);

        if (!io->write(&sum, sizeof sum, io->aux)) {
            io->error = xfsm_error("cannot write all of the state");
        }
    }
    return io->error;
}

void
xfsm_state_bytes(struct xfsm_state_io *io, void *data, size_t len)
{
    const uint8_t *from;

    if (!len) {
        return;
    }
    if (io->write) {
        if (!io->error) {
            add_to_sum(io, data, len);
            if (!io->write(data, len, io->aux)) {
                io->error = xfsm_error("cannot write all of the state");
            }
        }
        return;
    }
    from = io->error ? NULL : xfsm_bytes_take(&io->in, len);
    if (from) {
        memcpy(data, from, len);
    } else {
        memset(data, 0, len);
        xfsm_state_check(io, false, "it ends too early");
    }
}

/* A number of TYPE, as it is in memory. */
#define STATE_NUMBER(NAME, TYPE) \
    void \
    xfsm_state_##NAME(struct xfsm_state_io *io, TYPE *value) \
    { \
        xfsm_state_bytes(io, value, sizeof *value); \
    }
STATE_NUMBER(u8, uint8_t)
STATE_NUMBER(u32, uint32_t)
STATE_NUMBER(u64, uint64_t)
STATE_NUMBER(double, double)
#undef STATE_NUMBER

void
xfsm_state_bool(struct xfsm_state_io *io, bool *value)
{
    uint8_t byte = *value;

    xfsm_state_u8(io, &byte);
    *value = byte != 0;
}

void
xfsm_state_same(struct xfsm_state_io *io, uint64_t expected, const char *what)
{
    uint64_t value = expected;

    xfsm_state_u64(io, &value);
    xfsm_state_check(io, value == expected, what);
}

static bool
is_zero(const uint8_t *p, size_t len)
{
    return !len || (!p[0] && !memcmp(p, p + 1, len - 1));
}

/* Each run is its first unit, its length (0 ends the list), and its units. */
static void
write_sparse(struct xfsm_state_io *io, uint8_t *array, size_t n, size_t size)
{
    uint32_t run[2] = { 0, 0 };
    size_t i = 0;

    while (i < n) {
        size_t end = i;

        while (end < n && end - i < RUN_MAX
               && !is_zero(array + end * size, size)) {
            end++;
        }
        if (end > i) {
            run[0] = (uint32_t) i;
            run[1] = (uint32_t) (end - i);
            xfsm_state_bytes(io, run, sizeof run);
            xfsm_state_bytes(io, array + i * size, (end - i) * size);
            i = end;
        } else {
            i++;
        }
    }
    run[0] = run[1] = 0;
    xfsm_state_bytes(io, run, sizeof run);
}

void
xfsm_state_sparse(struct xfsm_state_io *io, void *array, size_t n, size_t size,
                  bool (*good)(const void *unit))
{
    uint32_t run[2];
    size_t least = 0;

    if (io->write) {
        write_sparse(io, array, n, size);
        return;
    }
    while (xfsm_state_ok(io)) {
        xfsm_state_bytes(io, run, sizeof run);
        if (!run[1]) {
            break;
        }
        if (run[0] < least || run[0] >= n || run[1] > n - run[0]) {
            xfsm_state_check(io, false, "a part of it does not fit");
            break;
        }
        xfsm_state_bytes(io, (uint8_t *) array + run[0] * size,
                         run[1] * size);
        least = (size_t) run[0] + run[1];
        for (size_t i = run[0]; good && i < least; i++) {
            xfsm_state_check(io, good((uint8_t *) array + i * size),
                             "a value is out of range");
        }
    }
}

bool
xfsm_state_doubles_good(const double *values, size_t n, double max)
{
    for (size_t i = 0; i < n; i++) {
        if (!(values[i] >= 0 && values[i] <= max)) {
            return false;
        }
    }
    return true;
}

void
xfsm_state_check(struct xfsm_state_io *io, bool good, const char *what)
{
    if (!good && !io->error) {
        io->error = xfsm_error("the saved state cannot be used: %s", what);
    }
}
