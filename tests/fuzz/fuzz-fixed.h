/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef XFSM_TESTS_FUZZ_FIXED_H
#define XFSM_TESTS_FUZZ_FIXED_H 1

/* Packets and programs that are always the same, for targets that have
 * something else as their input. */

struct fuzz_packets;
struct xfsm_engine;

/* Packets that carry every protocol that programs look into, to be run but not
 * freed. */
const struct fuzz_packets *fuzz_fixed_packets(void);

/* Loads programs that use every kind of metric, table, timer, action and
 * condition, with tables small enough to be forced full. */
void fuzz_fixed_load(struct xfsm_engine *);

#endif /* tests/fuzz/fuzz-fixed.h */
