/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef CONTROLLER_TALKERS_H
#define CONTROLLER_TALKERS_H 1

/* The newest list of keys that each program of each port told: its top
 * talkers, or whatever METRIC.top(N) and METRIC.last(N) of the program are
 * about.
 *
 * Lists are found in the fields of events (xfsm/runtime/list.h), whatever
 * their label.  Each is kept until the next one comes with the same name:
 * host, port, program and field.  When there are too many, the one that is
 * the oldest goes; one that is too long is left out; both are counted.  A list
 * that is older than XFSM_TALKERS_MAX_AGE goes, too.
 *
 * Costs a search for a word in each event, and a look at all lists for one of
 * a new name, when they are too many.
 *
 * Thread-safety: none. */

#include <stddef.h>
#include <stdint.h>

#include "openvswitch/shash.h"

struct json;

/* Bytes of a list: as long as an event can be. */
#define XFSM_TALKERS_MAX_BYTES 16384

/* Milliseconds that a list is kept: longer than the longest window of the
 * program toptalkers. */
#define XFSM_TALKERS_MAX_AGE (25 * 3600 * 1000LL)

struct xfsm_talkers_list {
    char *host;                 /* Of the fleet. */
    char *port;
    char *program;              /* As the host calls it. */
    char *field;
    char *time;                 /* Of the event, as it says it. */
    char *owners;               /* Tenants that may see the event, as
                                 * xfsm_owners_take() has them, each before
                                 * a comma. */
    long long int updated;      /* By our clock, in milliseconds. */
    struct json *entries;       /* An array of objects. */
};

struct xfsm_talkers {
    size_t max_lists;
    struct shash lists;         /* struct xfsm_talkers_list, by
                                 * "HOST/PORT/PROGRAM/FIELD". */
    uint64_t evicted;           /* Lists that made room for newer ones. */
    uint64_t too_long;          /* Lists that were left out. */
};

struct xfsm_talkers *xfsm_talkers_create(size_t max_lists);
void xfsm_talkers_destroy(struct xfsm_talkers *);

/* Takes the lists of an event of the host named 'host', which is for users of
 * the tenants 'owners' and came at 'now'. */
void xfsm_talkers_take(struct xfsm_talkers *, const char *host,
                       const char *owners, const char *event, size_t len,
                       long long int now);

/* Forgets lists that are too old. */
void xfsm_talkers_expire(struct xfsm_talkers *, long long int now);

#endif /* controller/talkers.h */
