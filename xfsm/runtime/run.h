/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef XFSM_RUNTIME_RUN_H
#define XFSM_RUNTIME_RUN_H 1

/* One handler being run, and what the parts of the executor call each other
 * for: exec.c finds the handler, interp.c goes through its operations,
 * effect.c does what leaves the registers.
 *
 * Internal to the executor.  Thread-safety: none. */

#include "xfsm/runtime/exec.h"

struct xfsm_run {
    struct xfsm_exec *x;
    struct xfsm_instance *p;
    const struct xfsm_packet *packet;
    const struct xfsm_key_value *key;   /* Primary key. */
    uint64_t ts;                /* Engine time it runs at, ns. */
    uint16_t handler;           /* Of the image. */
    uint16_t next_state;        /* That the key was put into, or XFSM_NONE. */
    bool suspect;
    bool in_row;                /* 'key' is in p->keys, which may have no more
                                 * of it than its hash yet. */
    double regs[XFSM_MAX_REGS];
};

/* Packet time as keytable.h wants it. */
static inline uint32_t
xfsm_run_seconds(uint64_t ns)
{
    return (uint32_t) (ns / UINT64_C(1000000000));
}

/* Key 'key' of the run's packet; NULL, and counted, if the packet lacks one
 * of its fields. */
static inline const struct xfsm_key_value *
xfsm_run_key(struct xfsm_run *run, uint16_t key)
{
    const struct xfsm_key_value *value = xfsm_exec_key(run->p, run->packet,
                                                       key);

    run->x->stats.metric_no_key += !value;
    return value;
}

/* The primary key of the run, with its words. */
static inline const struct xfsm_key_value *
xfsm_run_primary(const struct xfsm_run *run)
{
    return (run->in_row ? xfsm_exec_key(run->p, run->packet, run->key->spec)
            : run->key);
}

/* Runs the operations of the run's handler, the 'index'th of the image. */
void xfsm_interpret(struct xfsm_run *run, uint32_t index);

/* Does one operation that is no jump, nor END: what native code does not do
 * itself.  For TGET, tells whether the key was found. */
bool xfsm_interpret_op(struct xfsm_run *run, const struct xfsm_op *op);

/* Does one instruction that acts on something outside the registers and is
 * rare or long: events, timers, resets, the state. */
void xfsm_effect(struct xfsm_run *run, const struct xfsm_insn *insn);

/* Runs what event 'event' says for the state of 'key' on 'packet' at 'ts',
 * with the keys that are in p->keys; false if it says nothing. */
bool xfsm_exec_handle(struct xfsm_exec *x, struct xfsm_instance *p,
                      uint16_t event, const struct xfsm_packet *packet,
                      const struct xfsm_key_value *key, uint64_t ts);

/* Puts 'key' into 'state' at 'ts'.  'cause' is why (history.h). */
void xfsm_enter_state(struct xfsm_instance *p,
                      const struct xfsm_key_value *key, uint16_t state,
                      uint64_t ts, uint32_t cause);

#endif /* xfsm/runtime/run.h */
