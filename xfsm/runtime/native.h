/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef XFSM_RUNTIME_NATIVE_H
#define XFSM_RUNTIME_NATIVE_H 1

/* The native back end: lowered code (lower.h) translated to machine code.
 *
 * What a packet needs before its turn comes (matching, the keys that its
 * event's handlers use, their hashes, fetching the memory found under them)
 * becomes one function; each handler becomes one.  Loads, comparisons,
 * arithmetic and jumps are inline, with every offset, table address and
 * hash secret a constant; sketches are called directly; what is rare or long
 * is left to the interpreter's code, operation by operation.
 *
 * Results are those of the interpreter to the bit: the same operations on
 * binary64 in the same order, each register written as it would be.  (The
 * sign and payload of a NaN are not a result.)
 *
 * The verifier has checked the image, so the code checks nothing.  It is
 * written to memory of its own that is made executable only when it is no
 * longer writable, and freed with the instance.  Where the machine is none
 * that we emit code for (anything but x86-64 with the System V ABI), or the
 * system refuses executable memory, as a sandbox may, there is no native
 * code and the interpreter runs: it needs no preparation.
 *
 * Cost: a pass over the operations, some 60 bytes of code for each.
 * Internal to the engine.  Thread-safety: read-only once made. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct xfsm_instance;
struct xfsm_key_row;
struct xfsm_key_value;
struct xfsm_packet;
struct xfsm_run;

/* The event that the packet goes to, or XFSM_NONE.  If there is one, builds
 * the keys that it is likely to need into the row and sends for the memory
 * that is found under them. */
typedef uint16_t xfsm_native_prepare(const struct xfsm_packet *,
                                     struct xfsm_key_row *);

/* xfsm_exec_match(). */
typedef uint16_t xfsm_native_match(const struct xfsm_packet *);

/* xfsm_instance_key() for one key: 'hash' and the words of the value. */
typedef bool xfsm_native_key(const struct xfsm_packet *,
                             struct xfsm_key_value *);

/* xfsm_interpret() for one handler.  The row is p->keys. */
typedef void xfsm_native_handler(struct xfsm_run *,
                                 const struct xfsm_key_row *);

/* All NULL where there is no native code. */
struct xfsm_native {
    void *code;                 /* Mapped, readable and executable. */
    size_t size;                /* Of the mapping. */
    xfsm_native_prepare *prepare;
    xfsm_native_match *match;
    xfsm_native_key **keys;     /* By key; NULL for those with strings. */
    xfsm_native_handler **handlers;     /* By handler. */
};

/* Translates the lowered code of the instance into its member 'native'.
 * Returns false, and leaves that empty, where there is no native code to be
 * had. */
bool xfsm_native_compile(struct xfsm_instance *);
void xfsm_native_destroy(struct xfsm_native *);

#endif /* xfsm/runtime/native.h */
