/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include <config.h>
#include "ovsdb-schema/ovs-compat.h"

#include "controller/operate.h"

#include <stdlib.h>
#include <string.h>

#include "controller/rollout.h"
#include "openvswitch/dynamic-string.h"
#include "ovsdb-idl.h"
#include "ovsdb-schema/xfsm-fleet-idl.h"
#include "smap.h"
#include "timeval.h"
#include "util.h"
#include "xfsm/io/signature.h"

static int
compare_versions(const void *a_, const void *b_)
{
    const struct fleetrec_program *const *a = a_;
    const struct fleetrec_program *const *b = b_;
    int order = strcmp((*a)->name, (*b)->name);

    return order ? order : ((*a)->version < (*b)->version)
                           - ((*a)->version > (*b)->version);
}

const struct fleetrec_program **
xfsm_operate_find_versions(const struct ovsdb_idl *idl, const char *program,
                           size_t *n)
{
    const struct fleetrec_program **rows = NULL;
    const struct fleetrec_program *row;
    size_t allocated = 0;

    *n = 0;
    FLEETREC_PROGRAM_FOR_EACH (row, idl) {
        if (row->name && (!program || !strcmp(row->name, program))) {
            if (*n >= allocated) {
                rows = x2nrealloc(rows, &allocated, sizeof *rows);
            }
            rows[(*n)++] = row;
        }
    }
    if (*n) {
        qsort(rows, *n, sizeof *rows, compare_versions);
    }
    return rows;
}

enum xfsm_rollout_state
xfsm_operate_get_state(const struct fleetrec_program *row)
{
    enum xfsm_rollout_state state;

    return (xfsm_rollout_state_from_name(row->state, &state) ? state
            : XFSM_ROLLOUT_NEW);
}

/* Tells whether 'row' is out of the game. */
static bool
is_out(const struct fleetrec_program *row)
{
    enum xfsm_rollout_state state = xfsm_operate_get_state(row);

    return (state == XFSM_ROLLOUT_INVALID
            || state == XFSM_ROLLOUT_ROLLED_BACK);
}

void
xfsm_operate_find_wanted(const struct fleetrec_program *const versions[],
                         size_t n, const struct fleetrec_program **wanted,
                         const struct fleetrec_program **before)
{
    *wanted = *before = NULL;
    for (size_t i = 0; i < n; i++) {
        if (is_out(versions[i])) {
            continue;
        } else if (!*wanted) {
            *wanted = versions[i];
        } else {
            *before = versions[i];
            return;
        }
    }
}

int64_t
xfsm_operate_find_oldest(const struct fleetrec_program *const versions[],
                         size_t n, int64_t version)
{
    int64_t oldest = version;
    bool active = false;

    for (size_t i = 0; i < n; i++) {
        active |= (versions[i]->version < version
                   && (xfsm_operate_get_state(versions[i])
                       == XFSM_ROLLOUT_ACTIVE));
    }
    for (size_t i = 0; i < n; i++) {
        enum xfsm_rollout_state state = xfsm_operate_get_state(versions[i]);

        if (versions[i]->version >= version || is_out(versions[i])) {
            continue;
        }
        oldest = versions[i]->version;
        if (state == XFSM_ROLLOUT_ACTIVE
            || (!active && state == XFSM_ROLLOUT_REPLACED)) {
            break;
        }
    }
    return oldest;
}

/* Takes 'row' out of the game, since 'why'. */
static void
take_out(const struct fleetrec_program *row, const char *why)
{
    const int64_t now = time_wall_msec();

    fleetrec_program_verify_state(row);
    fleetrec_program_set_state(
        row, xfsm_rollout_state_names[XFSM_ROLLOUT_ROLLED_BACK]);
    fleetrec_program_set_since(row, &now, 1);
    fleetrec_program_set_error(row, why);
}

/* ## Options ## */

/* Sets 'options' of 'row', as far as they are given. */
static char *
set_options(const struct fleetrec_program *row, const struct smap *options)
{
#define OPTION_NAME(KEY, MEMBER, DEFAULT, MIN, MAX) KEY,
    static const char *const names[] = { XFSM_ROLLOUT_OPTIONS(OPTION_NAME) };
#undef OPTION_NAME
    const struct smap none = SMAP_INITIALIZER(&none);
    struct xfsm_rollout_options values;
    const struct smap_node *node;
    struct smap all;
    char *error;

    SMAP_FOR_EACH (node, options) {
        bool known = false;

        for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
            known = known || !strcmp(names[i], node->key);
        }
        if (!known) {
            return xasprintf("%s is no option of a roll-out, such as %s",
                             node->key, names[0]);
        }
    }
    error = xfsm_rollout_read_options(options, &none, &values);
    if (!error) {
        smap_clone(&all, &row->options);
        SMAP_FOR_EACH (node, options) {
            smap_replace(&all, node->key, node->value);
        }
        fleetrec_program_verify_options(row);
        fleetrec_program_set_options(row, &all);
        smap_destroy(&all);
    }
    return error;
}

/* ## Rolling out ## */

/* Returns why 'row' cannot take the place of what is active of 'versions', as
 * the signature of that says, or NULL.  Who demands signatures would refuse
 * it, and hosts be without. */
static char *
check_release(const struct fleetrec_program *const versions[], size_t n,
              const struct fleetrec_program *row)
{
    for (size_t i = 0; i < n; i++) {
        struct xfsm_release release;

        if (xfsm_operate_get_state(versions[i]) == XFSM_ROLLOUT_ACTIVE
            && xfsm_signature_read_release(versions[i]->signature, &release)
            && row->version < release.oldest) {
            return xasprintf("program %s: version %"PRId64" was signed so "
                             "that none older than %"PRId64" may run after "
                             "it; to go back further, add the text of "
                             "version %"PRId64" as a new one and sign that",
                             row->name, versions[i]->version, release.oldest,
                             row->version);
        }
    }
    return NULL;
}

/* Puts 'versions[i]' in the place of all that are newer. */
static void
put_in_place(const struct fleetrec_program *const versions[], size_t i,
             const char *who)
{
    const struct fleetrec_program *row = versions[i];
    const enum xfsm_rollout_state state = xfsm_operate_get_state(row);
    char *why = xasprintf("version %"PRId64" was rolled out instead, by %s",
                          row->version, who);
    bool replaces = false;

    for (size_t j = 0; j < i; j++) {
        if (!is_out(versions[j])) {
            replaces |= (xfsm_operate_get_state(versions[j])
                         == XFSM_ROLLOUT_ACTIVE);
            take_out(versions[j], why);
        }
    }
    free(why);
    fleetrec_program_verify_state(row);
    if (state == XFSM_ROLLOUT_ROLLED_BACK) {
        /* What is in its stead of an active one becomes active at once, so
         * that no host is ever without any. */
        fleetrec_program_set_state(
            row, replaces ? xfsm_rollout_state_names[XFSM_ROLLOUT_REPLACED]
            : NULL);
        fleetrec_program_set_since(row, NULL, 0);
        fleetrec_program_set_error(row, NULL);
    }
}

char *
xfsm_operate_roll_out(const struct ovsdb_idl *idl, const char *program,
                      int64_t version, const struct smap *options,
                      const char *who, char **donep)
{
    size_t n, i;
    const struct fleetrec_program **versions
        = xfsm_operate_find_versions(idl, program, &n);
    const struct fleetrec_program *wanted, *before;
    bool has_options = options && !smap_is_empty(options);
    char *error = NULL;

    for (i = 0; i < n && versions[i]->version != version; i++) {
        continue;
    }
    xfsm_operate_find_wanted(versions, n, &wanted, &before);
    if (i >= n) {
        error = xasprintf("there is no program %s, version %"PRId64, program,
                          version);
    } else if (xfsm_operate_get_state(versions[i]) == XFSM_ROLLOUT_INVALID) {
        error = xasprintf("program %s, version %"PRId64" is invalid%s%s",
                          program, version, versions[i]->error ? ": " : "",
                          versions[i]->error ? versions[i]->error : "");
    } else if (wanted == versions[i] && !has_options) {
        error = xasprintf("program %s, version %"PRId64" is rolled out "
                          "already", program, version);
    } else {
        error = check_release(versions, n, versions[i]);
    }
    if (!error && has_options) {
        error = set_options(versions[i], options);
    }
    if (!error) {
        *donep = (wanted && wanted != versions[i]
                  ? xasprintf("version %"PRId64" instead of %"PRId64,
                              version, wanted->version)
                  : xasprintf("version %"PRId64, version));
        put_in_place(versions, i, who);
    }
    free(versions);
    return error;
}

/* ## Rolling back ## */

/* Finds the version that is to go, and the one before it.  Returns NULL and
 * stores them, or an error; with 'back', it is one if the latter is none, or
 * too old. */
static char *
find_to_go(const struct ovsdb_idl *idl, const char *program, int64_t version,
           bool back, const struct fleetrec_program **wanted,
           const struct fleetrec_program **before)
{
    char *error = NULL;
    size_t n;
    const struct fleetrec_program **versions
        = xfsm_operate_find_versions(idl, program, &n);

    xfsm_operate_find_wanted(versions, n, wanted, before);
    if (!n) {
        error = xasprintf("there is no program %s", program);
    } else if (!*wanted) {
        error = xasprintf("program %s: no version is rolled out", program);
    } else if (version && (*wanted)->version != version) {
        error = xasprintf("program %s: version %"PRId64" is rolled out, not "
                          "%"PRId64, program, (*wanted)->version, version);
    } else if (back && !*before) {
        error = xasprintf("program %s: there is no version before %"PRId64,
                          program, (*wanted)->version);
    } else if (back) {
        error = check_release(versions, n, *before);
    }
    free(versions);
    return error;
}

char *
xfsm_operate_roll_back(const struct ovsdb_idl *idl, const char *program,
                       int64_t version, const char *who, char **donep)
{
    const struct fleetrec_program *wanted, *before;
    char *error = find_to_go(idl, program, version, true, &wanted, &before);
    char *why;

    if (error) {
        return error;
    }
    why = xasprintf("rolled back by %s", who);
    fleetrec_program_verify_state(before);
    take_out(wanted, why);
    free(why);
    *donep = xasprintf("version %"PRId64" instead of %"PRId64,
                       before->version, wanted->version);
    return NULL;
}

char *
xfsm_operate_abort(const struct ovsdb_idl *idl, const char *program,
                   int64_t version, const char *who, char **donep)
{
    const struct fleetrec_program *wanted, *before;
    char *error = find_to_go(idl, program, version, false, &wanted, &before);
    char *why;

    if (!error && xfsm_operate_get_state(wanted) != XFSM_ROLLOUT_CANARY
        && xfsm_operate_get_state(wanted) != XFSM_ROLLOUT_NEW) {
        error = xasprintf("program %s: version %"PRId64" is on all hosts "
                          "already; it can be rolled back", program,
                          wanted->version);
    }
    if (error) {
        return error;
    }
    why = xasprintf("aborted by %s", who);
    if (before) {
        fleetrec_program_verify_state(before);
    }
    take_out(wanted, why);
    free(why);
    *donep = (before ? xasprintf("version %"PRId64" stays, not %"PRId64,
                                 before->version, wanted->version)
              : xasprintf("no version %"PRId64, wanted->version));
    return NULL;
}
