/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include <config.h>
#include "ovsdb-schema/ovs-compat.h"

#include "ovsdb-schema/sorted-rows.h"

#include <stdlib.h>

#include "ovsdb-idl.h"
#include "util.h"

void *
xfsm_sorted_rows(const struct ovsdb_idl *idl,
                 const struct ovsdb_idl_table_class *class,
                 int (*compare)(const void *a, const void *b), size_t *n)
{
    const struct ovsdb_idl_row **rows = NULL;
    const struct ovsdb_idl_row *row;
    size_t allocated = 0;

    *n = 0;
    for (row = ovsdb_idl_first_row(idl, class); row;
         row = ovsdb_idl_next_row(row)) {
        if (*n >= allocated) {
            rows = x2nrealloc(rows, &allocated, sizeof *rows);
        }
        rows[(*n)++] = row;
    }
    if (*n) {
        qsort(rows, *n, sizeof *rows, compare);
    }
    return rows;
}
