/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef CONTROLLER_REST_ROWS_H
#define CONTROLLER_REST_ROWS_H 1

/* Rows of the fleet's database that paths of the REST API name: one way to
 * find, list, guard and delete those of any table.
 *
 * A row is a const void * here, which the caller knows the type of: that of
 * the table, as the IDL has it.
 *
 * Thread-safety: none. */

#include <stddef.h>

#include "ovsdb-idl.h"
#include "ovsdb-schema/xfsm-fleet-idl.h"

struct shash;
struct xfsm_rest_call;

/* A table whose rows go by a column "name". */
struct xfsm_rest_table {
    const struct ovsdb_idl_table_class *class;
    const char *noun;           /* What a row is. */
    size_t name;                /* Where in a row the name is. */
    const struct ovsdb_idl_column *const *columns;  /* What users write, and
                                                     * then NULL. */
};

/* Initializes one, of a table as the IDL calls it. */
#define XFSM_REST_TABLE(TABLE, NOUN, COLUMNS) {             \
        .class = &fleetrec_table_##TABLE,                   \
        .noun = NOUN,                                       \
        .name = offsetof(struct fleetrec_##TABLE, name),    \
        .columns = COLUMNS,                                 \
    }

/* Adds all rows to 'items', by their names.  Adds none if there is no
 * database, or after answering that it is not connected. */
void xfsm_rest_rows_list(struct xfsm_rest_call *,
                         const struct xfsm_rest_table *, struct shash *items);

/* Returns the row that the path names, or NULL if there is none, or after
 * answering that the database is not connected. */
const void *xfsm_rest_rows_find(struct xfsm_rest_call *,
                                const struct xfsm_rest_table *);

/* Has the transaction that is being made fail if somebody else writes to 'row'
 * meanwhile what users write. */
void xfsm_rest_rows_verify(const struct xfsm_rest_call *,
                           const struct xfsm_rest_table *, const void *row);

/* Deletes 'row', the one that the path names, or NULL if there is none, whose
 * ETag is 'etag', which is taken over.  Answers. */
void xfsm_rest_rows_delete(struct xfsm_rest_call *,
                           const struct xfsm_rest_table *, const void *row,
                           char *etag);

#endif /* controller/rest-rows.h */
