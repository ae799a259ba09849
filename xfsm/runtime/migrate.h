/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef XFSM_RUNTIME_MIGRATE_H
#define XFSM_RUNTIME_MIGRATE_H 1

/* What a program that is replaced leaves to its successor.
 *
 * The policy is engine.h's.  What both declare alike changes hands as it is,
 * at no cost, by xfsm_migrate_swap(): the hashes of a program depend on its
 * name and the engine's seed only, so memory that one wrote the other can
 * read.  Where states or timers are numbered otherwise now, they are copied
 * one by one, by xfsm_migrate_copy().
 *
 * Internal to the engine.  Thread-safety: none. */

#include <stdint.h>

struct xfsm_instance;

/* Exchanges the memory that both programs, which have the same name, declare
 * alike.  To be called before xfsm_instance_prepare(); a second call undoes
 * the first. */
void xfsm_migrate_swap(struct xfsm_instance *, struct xfsm_instance *old);

/* Then, when nothing can fail any more, copies what could not be exchanged
 * but has a place in the new program.  'now' is packet time, ns. */
void xfsm_migrate_copy(struct xfsm_instance *,
                       const struct xfsm_instance *old, uint64_t now);

#endif /* xfsm/runtime/migrate.h */
