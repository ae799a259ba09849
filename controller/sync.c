/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include <config.h>
#include "ovsdb-schema/ovs-compat.h"

#include "controller/sync.h"

#include <inttypes.h>
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
    struct sset present;        /* Programs that the host has. */
};

static bool
is_ours(const struct smap *external_ids)
{
    const char *owner = smap_get(external_ids, XFSM_OWNER_KEY);

    return owner && !strcmp(owner, XFSM_OWNER);
}

/* Tells of a difference; 'detail' is NULL or what it is in particular, and is
 * freed. */
static void
note_change(struct sync *s, const char *verb, const char *kind,
            const char *name, char *detail)
{
    ds_put_format(s->changes, "%s %s %s%s%s\n", verb, kind, name,
                  detail ? ": " : "", detail ? detail : "");
    free(detail);
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

static const char *
get_signature(const struct xfsm_fleet_program *program)
{
    return program->signature ? program->signature : "";
}

/* Tells whether the host has another signature.  One whose database is too
 * old for them does not look at them. */
static bool
signature_differs(struct sync *s, const struct xfsmrec_program *row,
                  const struct xfsm_fleet_program *program)
{
    return xfsmrec_server_has_program_table_col_signature(s->idl)
           && strcmp(row->signature, get_signature(program));
}

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
    if (xfsmrec_server_has_program_table_col_signature(s->idl)) {
        xfsmrec_program_set_signature(row, get_signature(program));
    }
}

/* Says in which lines the source differs, or that only the image does. */
static char *
describe_program(const struct xfsmrec_program *row,
                 const struct xfsm_fleet_program *program)
{
    const char *a = row->source;
    const char *b = program->source;
    int line = 1;

    if (!strcmp(a, b)) {
        return xstrdup(strcmp(row->image, program->image)
                       ? "another image of the same source"
                       : "its signature");
    }
    for (; *a == *b; a++, b++) {
        line += *a == '\n';
    }
    return xasprintf("its source, from line %d on", line);
}

static void
sync_program_row(struct sync *s, const struct xfsmrec_program *row)
{
    const struct xfsm_fleet_program *program
        = xfsm_fleet_find_program(s->fleet, s->host, row->name);

    if (program && program->error) {
        return;                 /* What is there is better than nothing. */
    } else if (program && !is_ours(&row->external_ids)) {
        note_conflict(s, "program", row->name);
    } else if (program && (strcmp(row->source, program->source)
                           || strcmp(row->image, program->image)
                           || signature_differs(s, row, program))) {
        note_change(s, "change", "program", row->name,
                    describe_program(row, program));
        if (s->txn) {
            put_program(s, row, program);
        }
    } else if (!program && is_ours(&row->external_ids)) {
        note_change(s, "remove", "program", row->name, NULL);
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
    size_t i, n;

    XFSMREC_PROGRAM_FOR_EACH_SAFE (row, s->idl) {
        sset_add(&s->present, row->name);
        sync_program_row(s, row);
    }
    nodes = shash_sort(&s->fleet->programs);
    n = shash_count(&s->fleet->programs);
    for (i = 0; i < n; i++) {
        const struct xfsm_fleet_program *program
            = xfsm_fleet_find_program(s->fleet, s->host, nodes[i]->name);

        if (program && !program->error
            && !sset_contains(&s->present, nodes[i]->name)) {
            note_change(s, "add", "program", nodes[i]->name, NULL);
            if (s->txn) {
                put_program(s, NULL, program);
            }
        }
    }
    free(nodes);
}

/* ## Assignments ## */

/* Returns those of the programs of 'assignment' that the host has or gets. */
static void
get_programs(const struct sync *s,
             const struct xfsm_fleet_assignment *assignment,
             struct sset *programs)
{
    const char *name;

    sset_init(programs);
    SSET_FOR_EACH (name, &assignment->programs) {
        const struct xfsm_fleet_program *program
            = xfsm_fleet_find_program(s->fleet, s->host, name);

        if (program && (!program->error
                        || sset_contains(&s->present, name))) {
            sset_add(programs, name);
        }
    }
}

/* Makes 'row', or a new row if NULL, say what 'assignment' does. */
static void
put_assignment(struct sync *s, const struct xfsmrec_assignment *row,
               const struct xfsm_fleet_assignment *assignment)
{
    struct sset names;
    const char **programs;

    if (!row) {
        const struct smap owner = SMAP_CONST1(&owner, XFSM_OWNER_KEY,
                                              XFSM_OWNER);

        row = xfsmrec_assignment_insert(s->txn);
        xfsmrec_assignment_set_name(row, assignment->name);
        xfsmrec_assignment_set_external_ids(row, &owner);
    }
    get_programs(s, assignment, &names);
    programs = sset_sort(&names);
    xfsmrec_assignment_set_programs(row, programs, sset_count(&names));
    xfsmrec_assignment_set_target(row, &assignment->target);
    if (xfsmrec_server_has_assignment_table_col_params(s->idl)) {
        xfsmrec_assignment_set_params(row, assignment->params);
    }
    xfsmrec_assignment_set_enabled(row, assignment->enabled);
    free(programs);
    sset_destroy(&names);
}

static void
put_names(struct ds *ds, const struct sset *names)
{
    const char **sorted = sset_sort(names);
    size_t i;

    for (i = 0; i < sset_count(names); i++) {
        ds_put_format(ds, "%s%s", i ? "," : "", sorted[i]);
    }
    free(sorted);
}

static void
put_smap(struct ds *ds, const struct smap *smap)
{
    const struct smap_node **sorted = smap_sort(smap);
    size_t i;

    ds_put_char(ds, '{');
    for (i = 0; i < smap_count(smap); i++) {
        ds_put_format(ds, "%s%s=%s", i ? ", " : "", sorted[i]->key,
                      sorted[i]->value);
    }
    ds_put_char(ds, '}');
    free(sorted);
}

/* Returns what 'row' has otherwise than 'assignment', or NULL if nothing. */
static char *
describe_assignment(const struct sync *s, const struct xfsmrec_assignment *row,
                    const struct xfsm_fleet_assignment *assignment)
{
    struct sset has = SSET_INITIALIZER(&has);
    struct ds ds = DS_EMPTY_INITIALIZER;
    struct sset wanted;

    get_programs(s, assignment, &wanted);
    sset_add_array(&has, row->programs, row->n_programs);
    if (!sset_equals(&has, &wanted)) {
        ds_put_cstr(&ds, "programs ");
        put_names(&ds, &has);
        ds_put_cstr(&ds, " -> ");
        put_names(&ds, &wanted);
    }
    if (!smap_equal(&row->target, &assignment->target)) {
        ds_put_format(&ds, "%starget ", ds.length ? ", " : "");
        put_smap(&ds, &row->target);
        ds_put_cstr(&ds, " -> ");
        put_smap(&ds, &assignment->target);
    }
    if (strcmp(row->params, assignment->params)) {
        ds_put_format(&ds, "%sparams \"%s\" -> \"%s\"", ds.length ? ", " : "",
                      row->params, assignment->params);
    }
    if (row->enabled != assignment->enabled) {
        ds_put_format(&ds, "%senabled %s -> %s", ds.length ? ", " : "",
                      row->enabled ? "true" : "false",
                      assignment->enabled ? "true" : "false");
    }
    sset_destroy(&has);
    sset_destroy(&wanted);
    if (!ds.length) {
        ds_destroy(&ds);
        return NULL;
    }
    return ds_steal_cstr(&ds);
}

/* Tells of an assignment with parameters if the host cannot take these.  With
 * version 1.4.0, that of column "signature", came agents that can set
 * parameters of a program with an image. */
static bool
check_params(struct sync *s, const struct xfsm_fleet_assignment *assignment)
{
    if (assignment->params[0]
        && !xfsmrec_server_has_program_table_col_signature(s->idl)) {
        ds_put_format(s->conflicts, "assignment %s has parameters, which this "
                      "host's database is too old for; run \"xfsm-ctl init\" "
                      "there\n", assignment->name);
        return false;
    }
    return true;
}

/* Returns the assignment called 'name', if it concerns the host and there is
 * something to run, or it has an error. */
static const struct xfsm_fleet_assignment *
find_assignment(const struct sync *s, const char *name)
{
    const struct xfsm_fleet_assignment *assignment
        = shash_find_data(&s->fleet->assignments, name);
    const struct xfsm_fleet_host *host
        = shash_find_data(&s->fleet->hosts, s->host);
    struct sset programs;
    bool empty;

    if ((host && host->leaving) || (assignment && assignment->barred)) {
        return NULL;
    } else if (!assignment || assignment->unplaced) {
        return assignment;
    } else if (!xfsm_fleet_assignment_has_host(assignment, s->host)) {
        return NULL;
    } else if (assignment->error) {
        return assignment;
    }
    get_programs(s, assignment, &programs);
    empty = sset_is_empty(&programs);
    sset_destroy(&programs);
    return empty ? NULL : assignment;
}

/* Disables 'row', of which what is wanted has an error, if that is not to be
 * enabled.  What else is there is better than nothing. */
static void
sync_wrong_row(struct sync *s, const struct xfsmrec_assignment *row,
               const struct xfsm_fleet_assignment *assignment)
{
    if (row->enabled && !assignment->enabled && is_ours(&row->external_ids)) {
        note_change(s, "change", "assignment", row->name,
                    xstrdup("enabled true -> false"));
        if (s->txn) {
            xfsmrec_assignment_set_enabled(row, false);
        }
    }
}

static void
sync_assignment_row(struct sync *s, const struct xfsmrec_assignment *row)
{
    const struct xfsm_fleet_assignment *assignment
        = find_assignment(s, row->name);
    char *detail;

    if (assignment && assignment->error) {
        sync_wrong_row(s, row, assignment);
    } else if (assignment && !is_ours(&row->external_ids)) {
        note_conflict(s, "assignment", row->name);
    } else if (assignment && check_params(s, assignment)) {
        detail = describe_assignment(s, row, assignment);
        if (detail) {
            note_change(s, "change", "assignment", row->name, detail);
            if (s->txn) {
                put_assignment(s, row, assignment);
            }
        }
    } else if (!assignment && is_ours(&row->external_ids)) {
        note_change(s, "remove", "assignment", row->name, NULL);
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
        const struct xfsm_fleet_assignment *assignment
            = find_assignment(s, nodes[i]->name);

        if (assignment && !assignment->error
            && !sset_contains(&present, nodes[i]->name)
            && check_params(s, assignment)) {
            note_change(s, "add", "assignment", nodes[i]->name, NULL);
            if (s->txn) {
                put_assignment(s, NULL, assignment);
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
        .present = SSET_INITIALIZER(&s.present),
    };

    sync_programs(&s);
    sync_assignments(&s);
    sset_destroy(&s.present);
    return s.n;
}

/* ## Versions ## */

/* Returns the version of a program that 'row' is of, or NULL. */
static const struct xfsm_fleet_program *
find_version(const struct xfsm_fleet *fleet, const char *host,
             const struct xfsmrec_program *row)
{
    const struct xfsm_fleet_program *program
        = xfsm_fleet_find_program(fleet, host, row->name);

    if (program && program->error) {
        program = shash_find_data(&fleet->programs, row->name);
        while (program && (!program->source
                           || strcmp(program->source, row->source))) {
            program = program->older;
        }
    }
    return program;
}

void
xfsm_sync_get_versions(struct ovsdb_idl *idl, const struct xfsm_fleet *fleet,
                       const char *host, struct smap *versions)
{
    const struct xfsmrec_program *row;

    XFSMREC_PROGRAM_FOR_EACH (row, idl) {
        const struct xfsm_fleet_program *program
            = (is_ours(&row->external_ids) ? find_version(fleet, host, row)
               : NULL);

        if (program && program->version) {
            smap_add_format(versions, row->name, "%"PRId64,
                            program->version);
        }
    }
}
