/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef CONTROLLER_ROLLOUT_H
#define CONTROLLER_ROLLOUT_H 1

/* The roll-out of a program's versions: what state each is to be in, by the
 * rules that table Program of xfsm-fleet-db(5) tells.
 *
 * The newest version that is neither invalid nor rolled back is the one that
 * is wanted.  It is either active at once, or first a canary on some hosts,
 * until these were well for long enough; should one be ill, it is rolled
 * back, and what was active all the time for the other hosts is so for all.
 *
 * States are kept in the database, so whoever decides next goes on from
 * there.  Decided twice with the same input, the second time changes nothing.
 *
 * Pure functions: time and health are passed in. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct smap;
struct sset;

/* S(ID, NAME): states, as column "state" has them. */
#define XFSM_ROLLOUT_STATES(S) \
    S(NEW, "") \
    S(CANARY, "canary") \
    S(ACTIVE, "active") \
    S(REPLACED, "replaced") \
    S(ROLLED_BACK, "rolled-back") \
    S(INVALID, "invalid")

enum xfsm_rollout_state {
#define XFSM_ROLLOUT_ENUM(ID, NAME) XFSM_ROLLOUT_##ID,
    XFSM_ROLLOUT_STATES(XFSM_ROLLOUT_ENUM)
#undef XFSM_ROLLOUT_ENUM
    XFSM_ROLLOUT_N_STATES
};

extern const char *const xfsm_rollout_state_names[XFSM_ROLLOUT_N_STATES];

/* O(KEY, MEMBER, DEFAULT, MIN, MAX): options. */
#define XFSM_ROLLOUT_OPTIONS(O) \
    O("canary-percent", canary_percent, 100, 1, 100) \
    O("canary-seconds", canary_seconds, 300, 1, 604800) \
    O("max-errors", max_errors, 0, 0, 1000000) \
    O("max-drop-percent", max_drop_percent, 5, 0, 100) \
    O("max-cpu-percent", max_cpu_percent, 100000, 1, 100000)

struct xfsm_rollout_options {
#define XFSM_ROLLOUT_MEMBER(KEY, MEMBER, DEFAULT, MIN, MAX) \
    unsigned int MEMBER;
    XFSM_ROLLOUT_OPTIONS(XFSM_ROLLOUT_MEMBER)
#undef XFSM_ROLLOUT_MEMBER
};

/* How the hosts that have a canary are, together. */
enum xfsm_rollout_health {
    XFSM_ROLLOUT_UNKNOWN,       /* One of them is not up to date. */
    XFSM_ROLLOUT_WELL,
    XFSM_ROLLOUT_ILL,
};

/* One version of a program. */
struct xfsm_rollout {
    enum xfsm_rollout_state state;
    int64_t since;              /* Milliseconds since the Epoch; of a canary,
                                 * since when its hosts are well, or 0. */
    struct xfsm_rollout_options options;

    /* Input of the decision.  Strings are borrowed. */
    const char *invalid;        /* Why it does not compile, or NULL... */
    bool unknown;               /* ...and whether it does is not known yet:
                                 * one that was invalid stays so. */
    const char *blocked;        /* Why it must wait to be decided, or NULL. */
    size_t n_hosts;             /* That would have it as a canary. */
    enum xfsm_rollout_health health;    /* Of those, if it is one. */
    const char *reason;         /* Why they are ill, or NULL. */

    /* Output. */
    char *error;                /* To tell, or NULL.  The caller frees it. */
};

/* Decides about the 'n' versions of one program, newest first, at the time
 * 'now', in milliseconds since the Epoch.  Returns when to decide again if
 * nothing else changes, or INT64_MAX. */
int64_t xfsm_rollout_decide(struct xfsm_rollout *const versions[], size_t n,
                            int64_t now);

/* Reads options from 'own', or where it lacks one, from 'common'.  Returns
 * NULL, or an error, which the caller frees; values that are not valid are
 * then the defaults. */
char *xfsm_rollout_read_options(const struct smap *own,
                                const struct smap *common,
                                struct xfsm_rollout_options *);

/* Adds to 'canaries' those of 'hosts', 'percent' of them and at least one,
 * that get 'program' first.  They are the same each time. */
void xfsm_rollout_pick(const char *program, const struct sset *hosts,
                       unsigned int percent, struct sset *canaries);

/* Stores the state called 'name', which may be NULL.  False if there is
 * none. */
bool xfsm_rollout_state_from_name(const char *name,
                                  enum xfsm_rollout_state *);

#endif /* controller/rollout.h */
