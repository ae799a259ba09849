/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include "xfsm/engine-private.h"

#include <string.h>

#include "xfsm/base/error.h"
#include "xfsm/runtime/inspect-private.h"

/* The number of the state called 'name', or XFSM_NONE. */
static uint16_t
find_state(const struct xfsm_instance *p, const char *name)
{
    for (uint32_t i = 0; i < p->image.n_states; i++) {
        if (!strcmp(p->state_names[i], name)) {
            return (uint16_t) i;
        }
    }
    return XFSM_NONE;
}

bool
xfsm_engine_walk(const struct xfsm_engine *e, const char *program,
                 const char *state, uint64_t *cursor, size_t n,
                 bool (*cb)(const struct xfsm_flow *, void *aux), void *aux)
{
    unsigned int i = xfsm_engine_find(e, program);
    uint16_t wanted = XFSM_NONE;

    if (i < e->n && state) {
        wanted = find_state(e->programs[i], state);
    }
    return i < e->n && (!state || wanted != XFSM_NONE)
           && xfsm_inspect_walk(e->programs[i], &e->exec.clock, wanted,
                                cursor, n, cb, aux);
}

/* Finds the program and reads the key. */
static char *
find_key(const struct xfsm_engine *e, const char *program, const char *key,
         struct xfsm_instance **pp, struct xfsm_key_query *q)
{
    unsigned int i = xfsm_engine_find(e, program);

    if (i == e->n) {
        return xfsm_error("no program of that name");
    }
    *pp = e->programs[i];
    return xfsm_query_parse(*pp, key, q);
}

char *
xfsm_engine_dump(struct xfsm_engine *e, const char *program, const char *key,
                 void (*cb)(const struct xfsm_fact *, void *aux), void *aux)
{
    struct xfsm_instance *p = NULL;
    struct xfsm_key_query q;
    char *error = find_key(e, program, key, &p, &q);

    if (!error) {
        xfsm_inspect_values(&e->exec, p, &q, cb, aux);
    }
    return error;
}

char *
xfsm_engine_why(const struct xfsm_engine *e, const char *program,
                const char *key,
                bool (*cb)(const struct xfsm_step *, void *aux), void *aux,
                struct xfsm_memory_of_steps *memory)
{
    struct xfsm_instance *p = NULL;
    struct xfsm_key_query q;
    char *error = find_key(e, program, key, &p, &q);

    if (!error) {
        uint64_t oldest = xfsm_history_oldest(p->history);

        memory->n = xfsm_history_count(p->history);
        memory->kept = memory->n < XFSM_HISTORY_ENTRIES
                       ? memory->n : XFSM_HISTORY_ENTRIES;
        memory->since = memory->n
                        ? xfsm_clock_shown(&e->exec.clock, oldest) : 0;
        xfsm_inspect_why(p, &e->exec.clock, &q, cb, aux);
    }
    return error;
}
