/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef OVSDB_SCHEMA_SORTED_ROWS_H
#define OVSDB_SCHEMA_SORTED_ROWS_H 1

/* The rows of a table, of either database, in an order: the IDL has them in
 * none that a reader would want. */

#include <stddef.h>

struct ovsdb_idl;
struct ovsdb_idl_table_class;

/* Returns all rows of the table 'class', in the order that 'compare' says, as
 * for qsort(), and stores their number in '*n'.  It is an array of pointers to
 * rows, whose type is that of the table, for the caller to free; NULL if there
 * are none. */
void *xfsm_sorted_rows(const struct ovsdb_idl *,
                       const struct ovsdb_idl_table_class *class,
                       int (*compare)(const void *a, const void *b),
                       size_t *n);

#endif /* ovsdb-schema/sorted-rows.h */
