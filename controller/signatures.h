/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef CONTROLLER_SIGNATURES_H
#define CONTROLLER_SIGNATURES_H 1

/* The controller's part in signed programs, see xfsm/io/signature.h: with
 * --program-keys it rolls out no version of a program that is not signed by
 * one of the keys in that file or folder, and of the version that its row
 * says.
 *
 * Nor does it roll out one that is older than what was rolled out to all
 * hosts lets run (xfsm/io/releases.h).  What a version that is a canary says
 * counts on the hosts that have it alone, so that the others do not lose what
 * they have.  Versions that were replaced or rolled back are not refused for
 * that: they are old, and not in use.
 *
 * This protects from mistakes and from those who may write the database of
 * the fleet.  Who holds the controller itself is stopped by the hosts alone,
 * by the option of the same name of ovs-xfsmd. */

#include <stddef.h>

struct xfsm_fleet;
struct xfsm_releases;
struct xfsm_signature_keys;

/* Gives programs of 'fleet', which are compiled, an error where they are not
 * signed by one of 'keys', or too old, and has 'releases' note those that are
 * active.  Returns how many have one. */
size_t xfsm_fleet_check_signatures(struct xfsm_fleet *fleet,
                                   const struct xfsm_signature_keys *keys,
                                   struct xfsm_releases *releases);

#endif /* controller/signatures.h */
