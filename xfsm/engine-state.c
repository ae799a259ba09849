/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include "xfsm/engine-private.h"

#include <stdlib.h>
#include <string.h>

#include "xfsm/base/error.h"
#include "xfsm/runtime/state-save.h"

static void
clock_state(struct xfsm_clock *clock, struct xfsm_state_io *io)
{
    uint64_t n_behind = clock->n_behind;

    xfsm_state_u64(io, &clock->now);
    xfsm_state_u64(io, &clock->offset);
    xfsm_state_u64(io, &clock->last);
    xfsm_state_u64(io, &n_behind);
    xfsm_state_check(io, clock->now <= XFSM_CLOCK_MAX
                         && n_behind < XFSM_CLOCK_CONFIRM,
                     "its clock is beyond its limits");
    clock->n_behind = (unsigned int) n_behind;
}

/* The state of all but the programs. */
static void
engine_state(struct xfsm_engine *e, struct xfsm_state_io *io)
{
    clock_state(&e->exec.clock, io);
    xfsm_state_u64(io, &e->exec.seq);
    xfsm_state_u64(io, &e->exec.lost);
    xfsm_state_u64(io, &e->exec.lost_until);
    xfsm_state_u64(io, &e->packet_no);
}

char *
xfsm_engine_save(struct xfsm_engine *e,
                 bool (*write)(const void *data, size_t len, void *aux),
                 void *aux)
{
    struct xfsm_state_io io;

    xfsm_state_begin_write(&io, write, aux);
    xfsm_state_head(&io);
    xfsm_state_bytes(&io, e->exec.options.entropy,
                     sizeof e->exec.options.entropy);
    engine_state(e, &io);
    xfsm_state_same(&io, e->n, "the number of programs");
    for (unsigned int i = 0; i < e->n; i++) {
        xfsm_state_program(&io, e->programs[i], e->exec.clock.now);
    }
    return xfsm_state_end(&io);
}

/* Loads the program of 'from' that the saved state names next, and reads what
 * it knew. */
static void
restore_program(struct xfsm_engine *e, const struct xfsm_engine *from,
                struct xfsm_state_io *io)
{
    struct xfsm_instance *p = NULL;
    struct xfsm_state_digest digest;
    char *error;

    xfsm_state_peek(io, &digest);
    for (unsigned int i = 0; i < from->n && !p; i++) {
        if (xfsm_state_is_of(&digest, from->programs[i])) {
            p = from->programs[i];
        }
    }
    xfsm_state_check(io, p && xfsm_engine_find(e, p->name) == e->n,
                     "it is of another program, or of another version");
    if (!xfsm_state_ok(io)) {
        return;
    }
    error = xfsm_engine_load_anew(e, p->bytes, p->n_bytes);
    if (error) {
        io->error = error;
        return;
    }
    xfsm_state_program(io, e->programs[e->n - 1], e->exec.clock.now);
}

char *
xfsm_engine_restore(const struct xfsm_engine *from, const void *data,
                    size_t len, struct xfsm_engine **newp)
{
    struct xfsm_engine_options options = from->exec.options;
    struct xfsm_engine *e = NULL;
    struct xfsm_state_io io;
    char *error;

    xfsm_state_begin_read(&io, data, len);
    xfsm_state_head(&io);
    xfsm_state_bytes(&io, options.entropy, sizeof options.entropy);
    if (xfsm_state_ok(&io)) {
        io.error = xfsm_engine_create(&options, &e);
    }
    if (xfsm_state_ok(&io)) {
        engine_state(e, &io);
        xfsm_state_same(&io, from->n, "it is of other programs");
        for (unsigned int i = 0; i < from->n && xfsm_state_ok(&io); i++) {
            restore_program(e, from, &io);
        }
    }
    error = xfsm_state_end(&io);
    if (error) {
        xfsm_engine_destroy(e);
        return error;
    }
    xfsm_engine_get_stats(from, &e->exec.stats);
    e->retired = e->exec.stats;

    /* The packets that 'from' has not come to are the new engine's, too. */
    e->n_decoded = from->n_decoded;
    e->redecode = from->redecode;
    e->exec.begun = from->exec.begun;
    e->exec.next_program = from->exec.next_program;
    e->overdue = from->overdue;
    *newp = e;
    return NULL;
}
