/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include <config.h>
#include "ovsdb-schema/ovs-compat.h"

#include "controller/fleet-db.h"

#include <stdlib.h>
#include <string.h>

#include "controller/compiler.h"
#include "controller/fleet-rows.h"
#include "controller/parameters.h"
#include "controller/programs.h"
#include "controller/signatures.h"
#include "controller/tenants.h"
#include "openvswitch/dynamic-string.h"
#include "openvswitch/poll-loop.h"
#include "openvswitch/vlog.h"
#include "ovsdb-idl.h"
#include "ovsdb-schema/xfsm-fleet-idl.h"
#include "timeval.h"
#include "util.h"
#include "xfsm/io/releases.h"
#include "xfsm/io/signature.h"

VLOG_DEFINE_THIS_MODULE(fleet_db);

#define LOCK_NAME "xfsm_fleet"

/* Pause after a transaction that failed, in milliseconds. */
#define RETRY 5000

/* How long a change of the fleet waits for programs to be compiled; then it
 * takes effect without those that are not, and what has come of these is
 * looked at again and again, in milliseconds. */
#define COMPILE_PATIENCE 2000
#define COMPILE_LOOK 500

struct xfsm_fleet_db {
    char *remote;
    char *name;
    struct xfsm_compiler *compiler;
    size_t n_pending;           /* Programs it had to compile at the last
                                 * read... */
    long long int pending_since;    /* ...without a break since then, or 0. */
    bool dry_run;
    struct ovsdb_idl *idl;
    struct ovsdb_idl_txn *txn;  /* In progress, or NULL. */
    unsigned int seqno;         /* Of the database, when last read. */
    bool was_leader;            /* Then. */
    bool settled;               /* Nothing was to be decided. */
    int64_t cfg;                /* As xfsm_fleet_db_get_cfg() tells. */
    long long int next;         /* When to read again in any case. */
    struct sset told;           /* Errors that are in the log. */
    struct xfsm_signature_keys *keys;   /* Or NULL. */
    struct xfsm_releases *releases;     /* Of signed programs. */
    size_t n_refused;           /* Programs, for their signature. */
    struct sset refused;        /* These, and why... */
    struct sset refusals;       /* ...and which of that nobody took yet. */
};

static void
monitor_columns(struct ovsdb_idl *idl)
{
    const struct ovsdb_idl_column *const read[] = {
        &fleetrec_fleet_col_next_cfg, &fleetrec_fleet_col_options,
        &fleetrec_host_col_name, &fleetrec_host_col_remotes,
        &fleetrec_host_col_events, &fleetrec_host_col_hub_key,
        &fleetrec_host_col_labels,
        &fleetrec_host_col_canaries, &fleetrec_host_col_leaving,
        &fleetrec_program_col_name, &fleetrec_program_col_version,
        &fleetrec_program_col_source, &fleetrec_program_col_options,
        &fleetrec_program_col_signature,
        &fleetrec_program_col_state, &fleetrec_program_col_since,
        &fleetrec_program_col_error,
        &fleetrec_assignment_col_name, &fleetrec_assignment_col_programs,
        &fleetrec_assignment_col_parameters, &fleetrec_assignment_col_target,
        &fleetrec_assignment_col_hosts, &fleetrec_assignment_col_host_labels,
        &fleetrec_assignment_col_enabled, &fleetrec_assignment_col_tenant,
        &fleetrec_tenant_col_name, &fleetrec_tenant_col_target,
        &fleetrec_tenant_col_hosts, &fleetrec_tenant_col_host_labels,
        &fleetrec_tenant_col_programs, &fleetrec_tenant_col_limits,
    };
    const struct ovsdb_idl_column *const written[] = {
        &fleetrec_fleet_col_status, &fleetrec_host_col_state,
        &fleetrec_host_col_error, &fleetrec_program_col_digest,
        &fleetrec_program_col_source_digest,
        &fleetrec_assignment_col_matches, &fleetrec_assignment_col_error,
        &fleetrec_tenant_col_assignments, &fleetrec_tenant_col_error,
    };
    size_t i;

    for (i = 0; i < ARRAY_SIZE(read); i++) {
        ovsdb_idl_add_column(idl, read[i]);
    }
    for (i = 0; i < ARRAY_SIZE(written); i++) {
        ovsdb_idl_add_column(idl, written[i]);
        ovsdb_idl_omit_alert(idl, written[i]);
    }
}

struct xfsm_fleet_db *
xfsm_fleet_db_create(const char *remote, const char *name, const char *tool,
                     bool dry_run)
{
    struct xfsm_fleet_db *db = xzalloc(sizeof *db);

    db->remote = xstrdup(remote);
    db->name = xstrdup(name);
    db->compiler = xfsm_compiler_create(tool);
    db->dry_run = dry_run;
    db->releases = xfsm_releases_create();
    sset_init(&db->told);
    sset_init(&db->refused);
    sset_init(&db->refusals);
    db->idl = ovsdb_idl_create(remote, &fleetrec_idl_class, false, true);
    ovsdb_idl_set_leader_only(db->idl, !dry_run);
    monitor_columns(db->idl);
    if (!dry_run) {
        ovsdb_idl_set_lock(db->idl, LOCK_NAME);
    }
    return db;
}

void
xfsm_fleet_db_destroy(struct xfsm_fleet_db *db)
{
    if (db) {
        if (db->txn) {
            ovsdb_idl_txn_destroy(db->txn);
        }
        ovsdb_idl_destroy(db->idl);
        sset_destroy(&db->told);
        sset_destroy(&db->refused);
        sset_destroy(&db->refusals);
        xfsm_signature_keys_destroy(db->keys);
        xfsm_releases_destroy(db->releases);
        free(db->remote);
        free(db->name);
        xfsm_compiler_destroy(db->compiler);
        free(db);
    }
}

static bool
is_known(const struct xfsm_fleet_db *db)
{
    return ovsdb_idl_has_ever_connected(db->idl);
}

static bool
is_leader(const struct xfsm_fleet_db *db)
{
    return !db->dry_run && ovsdb_idl_is_connected(db->idl)
           && ovsdb_idl_has_lock(db->idl);
}

/* ## What the leader writes ## */

/* Logs an error of a row, if 'error' is not NULL, once. */
static void
tell(struct xfsm_fleet_db *db, struct sset *told, const char *kind,
     const char *name, const char *error)
{
    if (error) {
        char *text = xasprintf("%s %s: %s", kind, name, error);

        if (!sset_contains(&db->told, text) && sset_add(told, text)) {
            VLOG_WARN("%s", text);
        }
        sset_add(told, text);
        free(text);
    }
}

static bool
differs(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) : a != b;
}

static const struct xfsm_fleet_program *
find_version(const struct xfsm_fleet *fleet,
             const struct fleetrec_program *row)
{
    const struct xfsm_fleet_program *p
        = shash_find_data(&fleet->programs, row->name);

    while (p && p->version != row->version) {
        p = p->older;
    }
    return p;
}

/* Returns true if a state changes. */
static bool
write_program(struct ovsdb_idl *idl, const struct fleetrec_program *row,
              const struct xfsm_fleet_program *program)
{
    const struct xfsm_rollout *v = &program->decision;
    const char *state = v->state ? xfsm_rollout_state_names[v->state] : NULL;
    bool changed = differs(row->state, state);

    if (!program->pending) {
        fleetrec_program_set_digest(row, program->image_digest);
    }
    /* A database of before version 1.2.0 does not have it. */
    if (fleetrec_server_has_program_table_col_source_digest(idl)) {
        fleetrec_program_set_source_digest(row, program->source_digest);
    }
    if (changed) {
        VLOG_INFO("program %s, version %"PRId64": %s%s%s", row->name,
                  row->version, state ? state : "new", v->error ? ": " : "",
                  v->error ? v->error : "");
        fleetrec_program_set_state(row, state);
    }
    if (v->since != (row->n_since ? row->since[0] : 0)) {
        fleetrec_program_set_since(row, &v->since, v->since ? 1 : 0);
        changed = true;
    }
    if (differs(row->error, v->error)) {
        fleetrec_program_set_error(row, v->error);
    }
    return changed;
}

static bool
write_programs(struct xfsm_fleet_db *db, const struct xfsm_fleet *fleet,
               struct sset *told)
{
    const struct fleetrec_program *row;
    bool changed = false;

    FLEETREC_PROGRAM_FOR_EACH (row, db->idl) {
        const struct xfsm_fleet_program *program = find_version(fleet, row);

        if (program) {
            char *name = xasprintf("%s, version %"PRId64, row->name,
                                   row->version);

            changed = write_program(db->idl, row, program) || changed;
            if (!program->pending) {
                tell(db, told, "program", name, program->decision.error);
            }
            free(name);
        }
    }
    return changed;
}

static void
write_assignments(struct xfsm_fleet_db *db, const struct xfsm_fleet *fleet,
                  struct sset *told)
{
    const struct fleetrec_assignment *row;

    FLEETREC_ASSIGNMENT_FOR_EACH (row, db->idl) {
        const struct xfsm_fleet_assignment *assignment
            = shash_find_data(&fleet->assignments, row->name);

        fleetrec_assignment_set_matches(row,
                                        sset_count(&assignment->hosts));
        fleetrec_assignment_set_error(row, assignment->error);
        if (!assignment->pending) {
            tell(db, told, "assignment", row->name, assignment->error);
        }
    }
}

static void
write_tenants(struct xfsm_fleet_db *db, const struct xfsm_fleet *fleet,
              struct sset *told)
{
    const struct fleetrec_tenant *row;

    FLEETREC_TENANT_FOR_EACH (row, db->idl) {
        const struct xfsm_fleet_tenant *tenant
            = shash_find_data(&fleet->tenants, row->name);

        fleetrec_tenant_set_assignments(row, tenant->n_assignments);
        fleetrec_tenant_set_error(row, tenant->error);
        tell(db, told, "tenant", row->name, tenant->error);
    }
}

/* Of hosts, only those that nobody can meet. */
static void
write_hosts(struct xfsm_fleet_db *db, const struct xfsm_fleet *fleet,
            struct sset *told)
{
    const struct fleetrec_host *row;

    FLEETREC_HOST_FOR_EACH (row, db->idl) {
        const struct xfsm_fleet_host *host
            = shash_find_data(&fleet->hosts, row->name);

        if (host->error) {
            fleetrec_host_set_state(row, "invalid");
            fleetrec_host_set_error(row, host->error);
            tell(db, told, "host", row->name, host->error);
        }
    }
}

static void
write_fleet(struct xfsm_fleet_db *db, struct sset *told)
{
    const struct fleetrec_fleet *row = fleetrec_fleet_first(db->idl);
    const struct smap none = SMAP_INITIALIZER(&none);
    struct smap status = SMAP_INITIALIZER(&status);
    struct xfsm_rollout_options options;
    char *error;

    if (!row) {
        row = fleetrec_fleet_insert(db->txn);
    }
    error = xfsm_rollout_read_options(&row->options, &none, &options);
    smap_add(&status, "leader", db->name);
    if (db->keys) {
        smap_add_format(&status, "programs-refused", "%"PRIuSIZE,
                        db->n_refused);
    }
    if (error) {
        smap_add(&status, "options-error", error);
    }
    fleetrec_fleet_set_status(row, &status);
    tell(db, told, "fleet", "options", error);
    smap_destroy(&status);
    free(error);
}

static void
commit(struct xfsm_fleet_db *db)
{
    enum ovsdb_idl_txn_status status = ovsdb_idl_txn_commit(db->txn);

    if (status == TXN_INCOMPLETE) {
        return;
    } else if (status == TXN_ERROR) {
        VLOG_WARN("cannot write to the database of the fleet: %s",
                  ovsdb_idl_txn_get_error(db->txn));
    }
    if (status != TXN_SUCCESS && status != TXN_UNCHANGED) {
        db->settled = false;
        db->next = time_msec() + (status == TXN_ERROR ? RETRY : 0);
    }
    ovsdb_idl_txn_destroy(db->txn);
    db->txn = NULL;
}

/* Writes what 'fleet', just read, has come to. */
static void
report(struct xfsm_fleet_db *db, const struct xfsm_fleet *fleet)
{
    struct sset told = SSET_INITIALIZER(&told);

    db->txn = ovsdb_idl_txn_create(db->idl);
    ovsdb_idl_txn_add_comment(db->txn, "xfsm-controller");
    db->settled = !write_programs(db, fleet, &told) && db->settled;
    write_assignments(db, fleet, &told);
    write_tenants(db, fleet, &told);
    write_hosts(db, fleet, &told);
    write_fleet(db, &told);
    sset_swap(&db->told, &told);
    sset_destroy(&told);
    commit(db);
}

/* ## What all read ## */

/* Sees to it that the fleet is read again at 'when', in milliseconds since the
 * Epoch, or before. */
static void
read_again_at(struct xfsm_fleet_db *db, int64_t when)
{
    if (when != INT64_MAX) {
        db->next = MIN(db->next, time_msec() + MAX(when - time_wall_msec(),
                                                   0));
    }
}

static bool
must_compile_again(const struct shash *programs)
{
    const struct shash_node *node;

    SHASH_FOR_EACH (node, programs) {
        const struct xfsm_fleet_program *p;

        for (p = node->data; p; p = p->older) {
            if (p->retry && !p->pending) {
                return true;
            }
        }
    }
    return false;
}

/* Takes note of the programs that were refused, for
 * xfsm_fleet_db_take_refusals() to tell of each once. */
static void
note_refusals(struct xfsm_fleet_db *db, const struct xfsm_fleet *fleet)
{
    struct sset refused = SSET_INITIALIZER(&refused);
    const struct shash_node *node;

    SHASH_FOR_EACH (node, &fleet->programs) {
        const struct xfsm_fleet_program *p;

        for (p = node->data; p; p = p->older) {
            if (p->refused) {
                char *text = xasprintf("%s version %"PRId64": %s", p->name,
                                       p->version, p->error);

                if (!sset_contains(&db->refused, text)) {
                    sset_add(&db->refusals, text);
                }
                sset_add_and_free(&refused, text);
            }
        }
    }
    sset_swap(&db->refused, &refused);
    sset_destroy(&refused);
}

/* Keeps what was learned of versions. */
static void
save_releases(struct xfsm_fleet_db *db)
{
    char *error = db->dry_run ? NULL : xfsm_releases_save(db->releases);

    if (error) {
        static struct vlog_rate_limit rl = VLOG_RATE_LIMIT_INIT(1, 1);

        VLOG_ERR_RL(&rl, "%s", error);
        free(error);
    }
}

/* Has programs compiled, checked, decided about and placed, and then what the
 * parameters of assignments make of them.  Returns how many are not compiled
 * yet. */
static size_t
work_out(struct xfsm_fleet_db *db, struct xfsm_fleet *fleet,
         const struct xfsm_fleet *old)
{
    size_t n;

    xfsm_compiler_begin(db->compiler);
    n = xfsm_fleet_compile_programs(fleet, old, db->compiler);
    xfsm_fleet_hold_pending(&fleet->programs);
    if (db->keys) {
        db->n_refused = xfsm_fleet_check_signatures(fleet, db->keys,
                                                    db->releases);
        note_refusals(db, fleet);
        save_releases(db);
    }
    if (db->was_leader || db->dry_run) {
        read_again_at(db, xfsm_fleet_rows_decide(fleet, time_wall_msec()));
    }
    xfsm_fleet_rows_place(fleet, db->dry_run);
    xfsm_fleet_add_variants(fleet);
    n += xfsm_fleet_compile_variants(fleet, old, db->compiler);
    xfsm_fleet_hold_pending(&fleet->variants);
    xfsm_compiler_end(db->compiler);
    xfsm_fleet_judge_variants(fleet);
    return n;
}

/* Reads the fleet.  Returns NULL if it is better to wait until what is new in
 * it is compiled. */
static struct xfsm_fleet *
read_fleet(struct xfsm_fleet_db *db, const struct xfsm_fleet *old)
{
    struct xfsm_fleet *fleet = xfsm_fleet_rows_read(db->idl);
    long long int now = time_msec();
    bool waits;

    db->seqno = ovsdb_idl_get_seqno(db->idl);
    db->was_leader = is_leader(db);
    db->next = LLONG_MAX;
    db->n_pending = work_out(db, fleet, old);
    db->settled = !db->n_pending;
    if (!db->n_pending) {
        db->pending_since = 0;
    } else if (!db->pending_since) {
        db->pending_since = now;
    }
    waits = db->n_pending && now < db->pending_since + COMPILE_PATIENCE;
    if (waits) {
        db->next = MIN(db->next, db->pending_since + COMPILE_PATIENCE);
        xfsm_fleet_destroy(fleet);
        return NULL;
    } else if (db->n_pending) {
        db->next = MIN(db->next, now + COMPILE_LOOK);
    }
    if (must_compile_again(&fleet->programs)
        || must_compile_again(&fleet->variants)) {
        db->next = MIN(db->next, now + XFSM_COMPILER_RETRY);
    }
    return fleet;
}

/* Tells whether the leader has decided about the version that is wanted of
 * each program of 'fleet', as far as it can. */
static bool
is_decided(const struct xfsm_fleet *fleet)
{
    const struct shash_node *node;

    SHASH_FOR_EACH (node, &fleet->programs) {
        const struct xfsm_fleet_program *p = node->data;

        while (p && (p->rollout.state == XFSM_ROLLOUT_INVALID
                     || p->rollout.state == XFSM_ROLLOUT_ROLLED_BACK)) {
            p = p->older;
        }
        if (p && !p->blocked && p->rollout.state == XFSM_ROLLOUT_NEW) {
            return false;
        }
    }
    return true;
}

struct xfsm_fleet *
xfsm_fleet_db_run(struct xfsm_fleet_db *db, const struct xfsm_fleet *old)
{
    struct xfsm_fleet *fleet;

    ovsdb_idl_run(db->idl);
    if (db->txn) {
        commit(db);
    }
    if (xfsm_compiler_run(db->compiler)
        && !xfsm_compiler_n_pending(db->compiler)) {
        db->next = 0;
    }
    if (db->txn || !is_known(db)
        || (db->seqno == ovsdb_idl_get_seqno(db->idl)
            && db->was_leader == is_leader(db) && time_msec() < db->next)) {
        return NULL;
    }
    fleet = read_fleet(db, old);
    if (!fleet) {
        return NULL;
    }
    if (db->was_leader) {
        report(db, fleet);
    }
    if (!db->n_pending && is_decided(fleet)) {
        const struct fleetrec_fleet *row = fleetrec_fleet_first(db->idl);

        db->cfg = row ? row->next_cfg : 0;
    }
    if (old && xfsm_fleet_equals(fleet, old)) {
        xfsm_fleet_destroy(fleet);
        return NULL;
    }
    return fleet;
}

void
xfsm_fleet_db_wait(struct xfsm_fleet_db *db)
{
    ovsdb_idl_wait(db->idl);
    xfsm_compiler_wait(db->compiler);
    if (db->txn) {
        ovsdb_idl_txn_wait(db->txn);
    } else if (is_known(db)) {
        poll_timer_wait_until(db->next);
    }
}

void
xfsm_fleet_db_set_keys(struct xfsm_fleet_db *db,
                       struct xfsm_signature_keys *keys)
{
    xfsm_signature_keys_destroy(db->keys);
    db->keys = keys;
    db->next = 0;
}

struct xfsm_releases *
xfsm_fleet_db_releases(struct xfsm_fleet_db *db)
{
    return db->releases;
}

void
xfsm_fleet_db_read_again(struct xfsm_fleet_db *db)
{
    db->next = 0;
}

void
xfsm_fleet_db_take_refusals(struct xfsm_fleet_db *db, struct sset *refusals)
{
    sset_init(refusals);
    sset_swap(&db->refusals, refusals);
}

size_t
xfsm_fleet_db_n_refused(const struct xfsm_fleet_db *db)
{
    return db->n_refused;
}

size_t
xfsm_fleet_db_n_pending(const struct xfsm_fleet_db *db)
{
    return xfsm_compiler_n_pending(db->compiler);
}

bool
xfsm_fleet_db_is_settled(const struct xfsm_fleet_db *db)
{
    return is_known(db) && !db->txn && db->settled;
}

int64_t
xfsm_fleet_db_get_cfg(const struct xfsm_fleet_db *db)
{
    return db->cfg;
}

bool
xfsm_fleet_db_is_connected(const struct xfsm_fleet_db *db)
{
    return ovsdb_idl_is_connected(db->idl);
}

bool
xfsm_fleet_db_is_leader(const struct xfsm_fleet_db *db)
{
    return is_leader(db);
}

void
xfsm_fleet_db_show(const struct xfsm_fleet_db *db, struct ds *ds)
{
    ds_put_format(ds, "%s: %s%s\n", db->remote,
                  ovsdb_idl_is_connected(db->idl) ? "connected"
                                                  : "not connected",
                  is_leader(db) ? ", leader" : "");
    if (xfsm_fleet_db_n_pending(db)) {
        ds_put_format(ds, "%"PRIuSIZE" programs wait to be compiled\n",
                      xfsm_fleet_db_n_pending(db));
    }
    if (db->keys) {
        ds_put_format(ds, "signatures by any of %"PRIuSIZE" keys are "
                      "demanded, and %"PRIuSIZE" programs refused\n",
                      xfsm_signature_keys_count(db->keys), db->n_refused);
    }
}
