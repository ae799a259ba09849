/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include <config.h>
#include "ovsdb-schema/ovs-compat.h"

#include "controller/sync.h"

#include <stdlib.h>
#include <string.h>

#include "openvswitch/dynamic-string.h"
#include "ovsdb-idl.h"
#include "ovsdb-schema/xfsm-idl.h"
#include "util.h"

/* One comparison. */
struct sync {
    struct ovsdb_idl *idl;
    struct ovsdb_idl_txn *txn;  /* NULL to change nothing. */
    const struct xfsm_fleet *fleet;
    const char *host;
    struct ds *changes;
    struct ds *conflicts;
    int n;
};

static bool
is_ours(const struct smap *external_ids)
{
    const char *owner = smap_get(external_ids, XFSM_OWNER_KEY);

    return owner && !strcmp(owner, XFSM_OWNER);
}

static void
note_change(struct sync *s, const char *verb, const char *kind,
            const char *name)
{
    ds_put_format(s->changes, "%s %s %s\n", verb, kind, name);
    s->n++;
}

static void
note_conflict(struct sync *s, const char *kind, const char *name)
{
    ds_put_format(s->conflicts, "%s %s exists and belongs to somebody else "
                  "(no external_ids:" XFSM_OWNER_KEY "=" XFSM_OWNER
                  "); rename one of the two\n", kind, name);
}

/* ## Programs ## */

/* Makes 'row', or a new row if NULL, say what 'program' does. */
static void
put_program(struct sync *s, const struct xfsmrec_program *row,
            const struct xfsm_fleet_program *program)
{
    if (!row) {
        const struct smap owner = SMAP_CONST1(&owner, XFSM_OWNER_KEY,
                                              XFSM_OWNER);

        row = xfsmrec_program_insert(s->txn);
        xfsmrec_program_set_name(row, program->name);
        xfsmrec_program_set_external_ids(row, &owner);
    }
    xfsmrec_program_set_source(row, program->source);
    xfsmrec_program_set_image(row, program->image);
}

static void
sync_program_row(struct sync *s, const struct xfsmrec_program *row)
{
    const struct xfsm_fleet_program *program
        = shash_find_data(&s->fleet->programs, row->name);

    if (program && !is_ours(&row->external_ids)) {
        note_conflict(s, "program", row->name);
    } else if (program && (strcmp(row->source, program->source)
                           || strcmp(row->image, program->image))) {
        note_change(s, "change", "program", row->name);
        if (s->txn) {
            put_program(s, row, program);
        }
    } else if (!program && is_ours(&row->external_ids)) {
        note_change(s, "remove", "program", row->name);
        if (s->txn) {
            xfsmrec_program_delete(row);
        }
    }
}

static void
sync_programs(struct sync *s)
{
    const struct xfsmrec_program *row;
    const struct shash_node **nodes;
    struct sset present = SSET_INITIALIZER(&present);
    size_t i, n;

    XFSMREC_PROGRAM_FOR_EACH_SAFE (row, s->idl) {
        sset_add(&present, row->name);
        sync_program_row(s, row);
    }
    nodes = shash_sort(&s->fleet->programs);
    n = shash_count(&s->fleet->programs);
    for (i = 0; i < n; i++) {
        if (!sset_contains(&present, nodes[i]->name)) {
            note_change(s, "add", "program", nodes[i]->name);
            if (s->txn) {
                put_program(s, NULL, nodes[i]->data);
            }
        }
    }
    free(nodes);
    sset_destroy(&present);
}

/* ## Assignments ## */

/* Makes 'row', or a new row if NULL, say what 'assignment' does. */
static void
put_assignment(struct sync *s, const struct xfsmrec_assignment *row,
               const struct xfsm_fleet_assignment *assignment)
{
    const char **programs = sset_sort(&assignment->programs);

    if (!row) {
        const struct smap owner = SMAP_CONST1(&owner, XFSM_OWNER_KEY,
                                              XFSM_OWNER);

        row = xfsmrec_assignment_insert(s->txn);
        xfsmrec_assignment_set_name(row, assignment->name);
        xfsmrec_assignment_set_external_ids(row, &owner);
    }
    xfsmrec_assignment_set_programs(row, programs,
                                    sset_count(&assignment->programs));
    xfsmrec_assignment_set_target(row, &assignment->target);
    xfsmrec_assignment_set_enabled(row, assignment->enabled);
    free(programs);
}

static bool
assignment_equals(const struct xfsmrec_assignment *row,
                  const struct xfsm_fleet_assignment *assignment)
{
    size_t i;

    if (row->enabled != assignment->enabled
        || !smap_equal(&row->target, &assignment->target)
        || row->n_programs != sset_count(&assignment->programs)) {
        return false;
    }
    for (i = 0; i < row->n_programs; i++) {
        if (!sset_contains(&assignment->programs, row->programs[i])) {
            return false;
        }
    }
    return true;
}

/* Returns the assignment called 'name', if it concerns the host. */
static const struct xfsm_fleet_assignment *
find_assignment(const struct sync *s, const char *name)
{
    const struct xfsm_fleet_assignment *assignment
        = shash_find_data(&s->fleet->assignments, name);

    return assignment && xfsm_fleet_assignment_has_host(assignment, s->host)
           ? assignment : NULL;
}

static void
sync_assignment_row(struct sync *s, const struct xfsmrec_assignment *row)
{
    const struct xfsm_fleet_assignment *assignment
        = find_assignment(s, row->name);

    if (assignment && !is_ours(&row->external_ids)) {
        note_conflict(s, "assignment", row->name);
    } else if (assignment && !assignment_equals(row, assignment)) {
        note_change(s, "change", "assignment", row->name);
        if (s->txn) {
            put_assignment(s, row, assignment);
        }
    } else if (!assignment && is_ours(&row->external_ids)) {
        note_change(s, "remove", "assignment", row->name);
        if (s->txn) {
            xfsmrec_assignment_delete(row);
        }
    }
}

static void
sync_assignments(struct sync *s)
{
    const struct xfsmrec_assignment *row;
    const struct shash_node **nodes;
    struct sset present = SSET_INITIALIZER(&present);
    size_t i, n;

    XFSMREC_ASSIGNMENT_FOR_EACH_SAFE (row, s->idl) {
        sset_add(&present, row->name);
        sync_assignment_row(s, row);
    }
    nodes = shash_sort(&s->fleet->assignments);
    n = shash_count(&s->fleet->assignments);
    for (i = 0; i < n; i++) {
        if (find_assignment(s, nodes[i]->name)
            && !sset_contains(&present, nodes[i]->name)) {
            note_change(s, "add", "assignment", nodes[i]->name);
            if (s->txn) {
                put_assignment(s, NULL, nodes[i]->data);
            }
        }
    }
    free(nodes);
    sset_destroy(&present);
}

int
xfsm_sync(struct ovsdb_idl *idl, struct ovsdb_idl_txn *txn,
          const struct xfsm_fleet *fleet, const char *host,
          struct ds *changes, struct ds *conflicts)
{
    struct sync s = {
        .idl = idl,
        .txn = txn,
        .fleet = fleet,
        .host = host,
        .changes = changes,
        .conflicts = conflicts,
    };

    sync_programs(&s);
    sync_assignments(&s);
    return s.n;
}
