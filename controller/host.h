/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef CONTROLLER_HOST_H
#define CONTROLLER_HOST_H 1

/* One host of the fleet: a connection to its ovsdb-server that keeps its XFSM
 * database as the fleet description wants it.
 *
 * Whenever the database or the description changes, and after each
 * reconnection, the difference (sync.h) is written in one transaction, which
 * also increments XFSM_Global:next_cfg.  The host's agent acknowledges by
 * copying that to cur_cfg.
 *
 * A difference without a change of the description is drift: somebody else
 * changed what is ours.  It is told, counted and put back.
 *
 * Writers hold the OVSDB lock "xfsm_controller", so that of two controllers
 * on one host the second waits for the first to go.
 *
 * The main loop calls xfsm_host_run() and xfsm_host_wait().
 *
 * Thread-safety: none. */

#include <stdbool.h>
#include <stdint.h>

#include "controller/health.h"
#include "smap.h"

struct ds;
struct ovsdb_idl;
struct xfsm_fleet;
struct xfsm_host;
struct xfsm_traffic_sums;

enum xfsm_host_mode {
    XFSM_HOST_WRITE,            /* Keep the database as wanted. */
    XFSM_HOST_DRY_RUN,          /* Only look what would be written. */
};

/* S(ID, WORD, NAME): how far a host is; the word is that of column "state" of
 * table Host of xfsm-fleet-db(5). */
#define XFSM_HOST_STATES(S) \
    S(CONNECTING, "connecting", "not connected") \
    S(STANDBY, "standby", "another xfsm-controller has the lock") \
    S(WRITING, "writing", "being written") \
    S(REFUSED, "refused", "the database refused a transaction") \
    S(CONFLICT, "conflict", "written, but for conflicts") \
    S(WRITTEN, "written", "written, not yet acknowledged by the agent") \
    S(DONE, "done", "up to date")

enum xfsm_host_state {
#define XFSM_HOST_STATE_ENUM(ID, WORD, NAME) XFSM_HOST_##ID,
    XFSM_HOST_STATES(XFSM_HOST_STATE_ENUM)
#undef XFSM_HOST_STATE_ENUM
};

/* How a host is, for xfsm-fleet-db(5). */
struct xfsm_host_status {
    enum xfsm_host_state state;
    const char *agent_version;  /* "" if it was not seen. */
    int64_t last_sync;          /* Milliseconds since the Epoch, or 0. */
    int64_t drifts;
    struct xfsm_health_sums sums;
    struct smap canaries;       /* Verdicts. */
    const struct smap *programs;    /* Which versions it has, as column
                                     * "programs" tells; NULL unless it is up
                                     * to date. */
};

/* Creates a host called 'name' at the OVSDB remote 'remote'. */
struct xfsm_host *xfsm_host_create(const char *name, const char *remote,
                                   enum xfsm_host_mode mode);

/* Disconnects.  The host's rows stay.  NULL is accepted. */
void xfsm_host_destroy(struct xfsm_host *);

/* Sets what is wanted; 'fleet' must stay until it is set to another one. */
void xfsm_host_set_fleet(struct xfsm_host *, const struct xfsm_fleet *fleet);

const char *xfsm_host_get_remote(const struct xfsm_host *);

/* Makes progress, and arranges for poll_block() to wake up when there may be
 * more. */
void xfsm_host_run(struct xfsm_host *);
void xfsm_host_wait(struct xfsm_host *);

/* How far it is, as text with XFSM_HOST_STATES, and what stands in the way:
 * lines, empty if nothing. */
enum xfsm_host_state xfsm_host_get_state(const struct xfsm_host *);
const char *xfsm_host_state_to_string(enum xfsm_host_state);
const char *xfsm_host_state_to_word(enum xfsm_host_state);
const char *xfsm_host_get_problems(const struct xfsm_host *);

/* In a dry run: tells whether the differences are known, and returns them,
 * one a line. */
const char *xfsm_host_get_plan(const struct xfsm_host *);

/* Stores how the host is; the caller destroys that before the host is run
 * again. */
void xfsm_host_get_status(struct xfsm_host *, struct xfsm_host_status *);

/* The same without the sums, which take a walk through all rows of probes. */
void xfsm_host_get_brief_status(struct xfsm_host *,
                                struct xfsm_host_status *);
void xfsm_host_status_destroy(struct xfsm_host_status *);

/* Returns what its probes and its hub counted (traffic.h), until now. */
const struct xfsm_traffic_sums *xfsm_host_get_traffic(struct xfsm_host *);

/* Returns the host's database, to read, or NULL if it is not known. */
struct ovsdb_idl *xfsm_host_get_rows(const struct xfsm_host *);

/* Appends a description of the host and its probes to 'ds'. */
void xfsm_host_show(const struct xfsm_host *, struct ds *ds);

#endif /* controller/host.h */
