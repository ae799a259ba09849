/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef XFSM_TESTS_EXEC_PIECES_H
#define XFSM_TESTS_EXEC_PIECES_H 1

/* Short names for what the tests of execution say again and again, besides
 * the pieces of engine-harness.h.  For them alone. */

#include "tests/unit/engine-harness.h"

#define A "10.0.0.1"
#define B "10.0.0.2"
#define C "10.0.0.3"

#define SYN "proto tcp and flags tcp-syn"
#define STATES EH_STATE("s0") EH_STATE("s1") EH_STATE("s2")
#define DLEFT(NAME) EH_METRIC(NAME, EH_VM("dleft"))

/* Loads a program into a fresh engine. */
static inline void
start(struct eh *eh, const char *xml)
{
    eh_init(eh);
    eh_load(eh, "p", xml);
}

#endif /* tests/unit/exec-pieces.h */
