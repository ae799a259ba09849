/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef CONTROLLER_REST_DB_H
#define CONTROLLER_REST_DB_H 1

/* What the REST API reads from the database XFSM_Fleet, and how it writes
 * there.
 *
 * This is a connection apart from that of fleet-db.h: that one writes only
 * while it has a lock, and any controller of a fleet may be asked to write.
 *
 * Thread-safety: none. */

struct ovsdb_idl;
struct ovsdb_idl_txn;
struct xfsm_rest_call;
struct xfsm_rest_db;

/* How long a transaction may take, in milliseconds, and how many there may be
 * at a time. */
#define XFSM_REST_DB_DEADLINE 10000
#define XFSM_REST_DB_MAX_TXNS 64

struct xfsm_rest_db *xfsm_rest_db_create(const char *remote);

/* Answers all that waits. */
void xfsm_rest_db_destroy(struct xfsm_rest_db *);

void xfsm_rest_db_run(struct xfsm_rest_db *);
void xfsm_rest_db_wait(struct xfsm_rest_db *);

/* The rows, or NULL while they are not known. */
const struct ovsdb_idl *xfsm_rest_db_idl(const struct xfsm_rest_db *);

/* The same, or NULL, after answering so, while they are not known. */
struct ovsdb_idl *xfsm_rest_db_rows(struct xfsm_rest_call *);

/* The same without an answer. */
struct ovsdb_idl *xfsm_rest_db_peek(struct xfsm_rest_db *);

/* Starts to write.  Returns NULL after answering why that cannot be. */
struct ovsdb_idl_txn *xfsm_rest_db_begin(struct xfsm_rest_call *);

/* Commits 'txn', and then answers with 'status', and 'etag' unless that is
 * NULL; or why it could not be written.  Takes note of it as 'action'. */
void xfsm_rest_db_commit(struct xfsm_rest_call *, struct ovsdb_idl_txn *txn,
                         unsigned int status, const char *etag,
                         const char *action);

#endif /* controller/rest-db.h */
