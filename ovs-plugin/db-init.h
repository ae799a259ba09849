/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef OVS_PLUGIN_DB_INIT_H
#define OVS_PLUGIN_DB_INIT_H 1

/* Brings back the database XFSM.
 *
 * ovsdb-server forgets at a restart what was added to it while it ran, and on
 * a new host it never knew.  When the server is there and the database is not,
 * this runs "xfsm-ctl init" as a child, which creates the file if need be and
 * adds it to the running server.  Meanwhile the agent works with what it last
 * read.
 *
 * Only a server on a Unix socket, that is, of this machine, is helped so.
 *
 * Thread-safety: none needed, all is done by the agent's one thread. */

#include <stdbool.h>

#include "ovs-plugin/backoff.h"
#include "ovs-plugin/child.h"

struct xfsm_db_init {
    struct xfsm_child child;
    char *tool;                 /* Path of xfsm-ctl. */
    char *remote;
    struct xfsm_backoff backoff;
    long long int missing_since;    /* 0: it is not missing. */
    long long int start_at;     /* No attempt before that... */
    long long int kill_at;      /* ...and an end to the one that runs. */
    char *error;                /* Why the last attempt failed, or NULL. */
};

void xfsm_db_init_init(struct xfsm_db_init *, const char *tool,
                       const char *remote);
void xfsm_db_init_destroy(struct xfsm_db_init *);

/* 'missing' says that the server is there without the database.  Returns true
 * if the database was added just now. */
bool xfsm_db_init_run(struct xfsm_db_init *, bool missing);
void xfsm_db_init_wait(const struct xfsm_db_init *);

#endif /* ovs-plugin/db-init.h */
