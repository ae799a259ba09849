/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef CONTROLLER_HOST_ROW_H
#define CONTROLLER_HOST_ROW_H 1

/* Adding, changing and removing hosts in the database XFSM_Fleet, as the REST
 * API and xfsm-ctl do it.
 *
 * A host that is removed leaves in two steps: first its row says that it is
 * leaving, so that its controller removes all that it wrote to the host, and
 * has that acknowledged by the agent; then the controller removes the row.
 * One that cannot be met any more is removed by force, at once, and keeps
 * what is there, which is told.
 *
 * Thread-safety: none. */

#include <stdbool.h>

#include "smap.h"
#include "svec.h"

struct fleetrec_host;
struct ovsdb_idl;
struct ovsdb_idl_txn;

/* Labels of a host, and characters of a key and of a value. */
#define XFSM_HOST_ROW_MAX_LABELS 64
#define XFSM_HOST_ROW_MAX_KEY 63
#define XFSM_HOST_ROW_MAX_VALUE 255

/* What a user can say of a host. */
struct xfsm_host_config {
    struct svec remotes;
    char *events;               /* Or NULL. */
    char *hub_key;              /* The same. */
    struct smap labels;
};

void xfsm_host_config_init(struct xfsm_host_config *);
void xfsm_host_config_destroy(struct xfsm_host_config *);

/* Returns NULL if there can be a host called 'name' that is so, in the fleet
 * that the database has, or what is wrong, which the caller frees. */
char *xfsm_host_config_check(const struct ovsdb_idl *, const char *name,
                             const struct xfsm_host_config *);

const struct fleetrec_host *xfsm_host_row_find(const struct ovsdb_idl *,
                                               const char *name);

/* Makes 'row', or a new one called 'name' if that is NULL, say what the
 * configuration does; a host that was leaving stays. */
void xfsm_host_row_put(struct ovsdb_idl_txn *,
                       const struct fleetrec_host *row, const char *name,
                       const struct xfsm_host_config *);

/* Has the host of 'row' leave, or with 'force' removes it at once, in 'txn',
 * the transaction of 'idl' that is being made.  Returns NULL and stores what
 * that means in '*donep', or returns why it cannot be; the caller frees
 * either. */
char *xfsm_host_row_remove(const struct ovsdb_idl *idl,
                           struct ovsdb_idl_txn *txn,
                           const struct fleetrec_host *row, bool force,
                           char **donep);

#endif /* controller/host-row.h */
