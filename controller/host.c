/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include <config.h>
#include "ovsdb-schema/ovs-compat.h"

#include "controller/host.h"

#include <stdlib.h>
#include <string.h>

#include "controller/sync.h"
#include "controller/traffic.h"
#include "openvswitch/dynamic-string.h"
#include "openvswitch/poll-loop.h"
#include "openvswitch/vlog.h"
#include "ovsdb-idl.h"
#include "ovsdb-schema/xfsm-idl.h"
#include "simap.h"
#include "timeval.h"
#include "util.h"

VLOG_DEFINE_THIS_MODULE(host);

#define LOCK_NAME "xfsm_controller"

/* Pauses in milliseconds: after a transaction that the database refused, and
 * after one that came too early or was overtaken. */
#define RETRY 5000
#define RETRY_SOON 50

struct xfsm_host {
    char *name;
    char *remote;
    enum xfsm_host_mode mode;
    const struct xfsm_fleet *fleet;

    struct ovsdb_idl *idl;
    struct ovsdb_idl_txn *txn;  /* In progress, or NULL. */
    bool txn_is_old;            /* 'fleet' is another one than it writes. */
    unsigned int seqno;         /* Of the database, when last compared. */
    bool dirty;                 /* Compare again in any case. */
    bool compared;              /* Since the last change of the fleet. */
    long long int retry_at;     /* Not before; LLONG_MIN: at once. */
    bool refused;               /* By the last transaction. */
    int64_t wanted_cfg;         /* What cur_cfg must reach. */
    bool settled;               /* It once was as this fleet wants it. */
    struct smap programs;       /* Which versions it has... */
    bool programs_known;        /* ...since it was up to date with this
                                 * fleet. */
    int64_t last_sync;          /* When it was so last, or 0. */
    int64_t drifts;
    struct xfsm_health *health;
    struct xfsm_traffic *traffic;
    struct ds plan;             /* Differences, when last compared. */
    struct ds problems;         /* Conflicts and refusals. */
};

static void
monitor_columns(struct ovsdb_idl *idl)
{
    const struct ovsdb_idl_column *const columns[] = {
        &xfsmrec_program_col_name, &xfsmrec_program_col_source,
        &xfsmrec_program_col_image, &xfsmrec_program_col_signature,
        &xfsmrec_program_col_external_ids,
        &xfsmrec_program_col_status, &xfsmrec_assignment_col_name,
        &xfsmrec_assignment_col_target, &xfsmrec_assignment_col_programs,
        &xfsmrec_assignment_col_params, &xfsmrec_assignment_col_enabled,
        &xfsmrec_assignment_col_external_ids,
        &xfsmrec_xfsm_global_col_next_cfg, &xfsmrec_xfsm_global_col_cur_cfg,
        &xfsmrec_xfsm_global_col_agent_version,
        &xfsmrec_xfsm_global_col_status,
        &xfsmrec_probe_col_interface, &xfsmrec_probe_col_status,
        &xfsmrec_probe_col_error, &xfsmrec_probe_col_programs,
        &xfsmrec_probe_col_restarts, &xfsmrec_probe_col_statistics,
        &xfsmrec_probe_col_port, &xfsmrec_probe_col_bridge,
        &xfsmrec_probe_col_notes, &xfsmrec_probe_col_external_ids,
        &xfsmrec_probe_col_epoch, &xfsmrec_xfsm_global_col_statistics,
        &xfsmrec_probe_col_interface_uuid, &xfsmrec_probe_col_type,
        &xfsmrec_probe_col_tag, &xfsmrec_probe_col_ids,
        &xfsmrec_probe_col_running_programs, &xfsmrec_probe_col_last_event,
        &xfsmrec_probe_col_netdev_class, &xfsmrec_probe_col_state_keys,
    };
    size_t i;

    for (i = 0; i < ARRAY_SIZE(columns); i++) {
        ovsdb_idl_add_column(idl, columns[i]);
    }
    ovsdb_idl_omit_alert(idl, &xfsmrec_program_col_status);
    ovsdb_idl_omit_alert(idl, &xfsmrec_xfsm_global_col_cur_cfg);
    ovsdb_idl_omit_alert(idl, &xfsmrec_xfsm_global_col_agent_version);
    ovsdb_idl_omit_alert(idl, &xfsmrec_xfsm_global_col_statistics);
    ovsdb_idl_omit_alert(idl, &xfsmrec_xfsm_global_col_status);
    ovsdb_idl_omit_alert(idl, &xfsmrec_probe_col_interface);
    ovsdb_idl_omit_alert(idl, &xfsmrec_probe_col_status);
    ovsdb_idl_omit_alert(idl, &xfsmrec_probe_col_error);
    ovsdb_idl_omit_alert(idl, &xfsmrec_probe_col_programs);
    ovsdb_idl_omit_alert(idl, &xfsmrec_probe_col_restarts);
    ovsdb_idl_omit_alert(idl, &xfsmrec_probe_col_statistics);
    ovsdb_idl_omit_alert(idl, &xfsmrec_probe_col_notes);
    ovsdb_idl_omit_alert(idl, &xfsmrec_probe_col_external_ids);
    ovsdb_idl_omit_alert(idl, &xfsmrec_probe_col_epoch);
    ovsdb_idl_omit_alert(idl, &xfsmrec_probe_col_running_programs);
    ovsdb_idl_omit_alert(idl, &xfsmrec_probe_col_last_event);
    ovsdb_idl_omit_alert(idl, &xfsmrec_probe_col_netdev_class);
    ovsdb_idl_omit_alert(idl, &xfsmrec_probe_col_state_keys);
}

struct xfsm_host *
xfsm_host_create(const char *name, const char *remote,
                 enum xfsm_host_mode mode)
{
    struct xfsm_host *host = xzalloc(sizeof *host);

    host->name = xstrdup(name);
    host->remote = xstrdup(remote);
    host->mode = mode;
    host->retry_at = LLONG_MIN;
    smap_init(&host->programs);
    host->health = xfsm_health_create();
    host->traffic = xfsm_traffic_create();
    ds_init(&host->plan);
    ds_init(&host->problems);
    host->idl = ovsdb_idl_create(remote, &xfsmrec_idl_class, false, true);
    ovsdb_idl_set_leader_only(host->idl, mode == XFSM_HOST_WRITE);
    monitor_columns(host->idl);
    if (mode == XFSM_HOST_WRITE) {
        ovsdb_idl_set_lock(host->idl, LOCK_NAME);
    }
    return host;
}

void
xfsm_host_destroy(struct xfsm_host *host)
{
    if (host) {
        if (host->txn) {
            ovsdb_idl_txn_destroy(host->txn);
        }
        ovsdb_idl_destroy(host->idl);
        smap_destroy(&host->programs);
        xfsm_health_destroy(host->health);
        xfsm_traffic_destroy(host->traffic);
        ds_destroy(&host->plan);
        ds_destroy(&host->problems);
        free(host->name);
        free(host->remote);
        free(host);
    }
}

void
xfsm_host_set_fleet(struct xfsm_host *host, const struct xfsm_fleet *fleet)
{
    host->fleet = fleet;
    host->dirty = true;
    host->compared = false;
    host->settled = false;
    host->programs_known = false;
    host->txn_is_old = true;
    host->retry_at = LLONG_MIN;
}

const char *
xfsm_host_get_remote(const struct xfsm_host *host)
{
    return host->remote;
}

/* Puts the difference into a new transaction. */
static void
start_transaction(struct xfsm_host *host)
{
    const struct xfsmrec_xfsm_global *global;
    struct ds changes = DS_EMPTY_INITIALIZER;
    struct ds conflicts = DS_EMPTY_INITIALIZER;

    host->txn = ovsdb_idl_txn_create(host->idl);
    host->txn_is_old = false;
    ovsdb_idl_txn_add_comment(host->txn, "xfsm-controller");
    xfsm_sync(host->idl, host->txn, host->fleet, host->name, &changes,
              &conflicts);
    global = xfsmrec_xfsm_global_first(host->idl);
    if (!global) {
        global = xfsmrec_xfsm_global_insert(host->txn);
    }
    ovsdb_idl_txn_increment(host->txn, &global->header_,
                            &xfsmrec_xfsm_global_col_next_cfg, false);
    VLOG_INFO("%s: writing:\n%s", host->name, ds_cstr(&changes));
    ds_destroy(&changes);
    ds_destroy(&conflicts);
}

static void
run_health(struct xfsm_host *host)
{
    xfsm_health_run(host->health, host->idl, host->fleet, host->name,
                    xfsm_host_get_state(host) == XFSM_HOST_DONE,
                    time_msec());
}

static void
settle(struct xfsm_host *host)
{
    host->compared = true;
    host->settled = true;
    host->last_sync = time_wall_msec();
}

/* Tells that what is ours was changed, by 'host->plan'. */
static void
note_drift(struct xfsm_host *host)
{
    static struct vlog_rate_limit rl = VLOG_RATE_LIMIT_INIT(10, 60);

    host->drifts++;
    VLOG_WARN_RL(&rl, "%s: somebody changed what is written here; to put it "
                 "back:\n%s", host->name, ds_cstr(&host->plan));
}

/* Compares, and writes the difference if there is one. */
static void
reconcile(struct xfsm_host *host)
{
    const struct xfsmrec_xfsm_global *global;
    char *old = xstrdup(ds_cstr(&host->problems));
    bool had_problems;
    int n;

    run_health(host);
    xfsm_traffic_run(host->traffic, host->idl);
    host->seqno = ovsdb_idl_get_seqno(host->idl);
    host->dirty = false;
    host->refused = false;
    ds_clear(&host->plan);
    ds_clear(&host->problems);
    n = xfsm_sync(host->idl, NULL, host->fleet, host->name, &host->plan,
                  &host->problems);
    if (host->problems.length && strcmp(old, ds_cstr(&host->problems))) {
        VLOG_WARN("%s: %s", host->name, ds_cstr(&host->problems));
    }
    had_problems = old[0] != '\0';
    free(old);
    if (!n) {
        global = xfsmrec_xfsm_global_first(host->idl);
        host->wanted_cfg = global ? global->next_cfg : 0;
        settle(host);
    } else if (host->mode == XFSM_HOST_WRITE) {
        if (host->settled && !had_problems) {
            note_drift(host);
        }
        start_transaction(host);
    } else {
        host->compared = true;
    }
}

/* Goes on with the transaction in progress. */
static void
commit(struct xfsm_host *host)
{
    enum ovsdb_idl_txn_status status = ovsdb_idl_txn_commit(host->txn);

    switch (status) {
    case TXN_INCOMPLETE:
        return;
    case TXN_SUCCESS:
        host->wanted_cfg
            = ovsdb_idl_txn_get_increment_new_value(host->txn);
        if (!host->txn_is_old) {
            settle(host);
        }
        break;
    case TXN_TRY_AGAIN:
        host->retry_at = time_msec() + RETRY_SOON;
        host->dirty = true;
        break;
    case TXN_UNCHANGED:
    case TXN_NOT_LOCKED:
        host->dirty = true;
        break;
    case TXN_UNCOMMITTED:
    case TXN_ABORTED:
    case TXN_ERROR:
    default:
        ds_clear(&host->problems);
        ds_put_format(&host->problems, "transaction failed: %s\n",
                      ovsdb_idl_txn_get_error(host->txn));
        VLOG_WARN("%s: %s", host->name, ds_cstr(&host->problems));
        host->refused = true;
        host->dirty = true;
        host->retry_at = time_msec() + RETRY;
        break;
    }
    ovsdb_idl_txn_destroy(host->txn);
    host->txn = NULL;
}

/* Tells whether the database is known and may be written. */
static bool
is_ready(const struct xfsm_host *host)
{
    return ovsdb_idl_is_connected(host->idl)
           && ovsdb_idl_has_ever_connected(host->idl)
           && (host->mode != XFSM_HOST_WRITE
               || ovsdb_idl_has_lock(host->idl));
}

void
xfsm_host_run(struct xfsm_host *host)
{
    ovsdb_idl_run(host->idl);
    if (host->txn) {
        commit(host);
    }
    if (!host->txn && host->fleet && is_ready(host)
        && time_msec() >= host->retry_at
        && (host->dirty || host->seqno != ovsdb_idl_get_seqno(host->idl))) {
        reconcile(host);
        if (host->txn) {
            commit(host);
        }
    }
}

void
xfsm_host_wait(struct xfsm_host *host)
{
    ovsdb_idl_wait(host->idl);
    if (host->txn) {
        ovsdb_idl_txn_wait(host->txn);
    } else if (host->dirty && is_ready(host)) {
        poll_timer_wait_until(host->retry_at);
    }
}

enum xfsm_host_state
xfsm_host_get_state(const struct xfsm_host *host)
{
    const struct xfsmrec_xfsm_global *global;

    if (!ovsdb_idl_is_connected(host->idl)
        || !ovsdb_idl_has_ever_connected(host->idl)) {
        return XFSM_HOST_CONNECTING;
    } else if (!is_ready(host)) {
        return XFSM_HOST_STANDBY;
    } else if (host->refused) {
        return XFSM_HOST_REFUSED;
    } else if (host->txn || host->dirty || !host->compared) {
        return XFSM_HOST_WRITING;
    } else if (host->problems.length) {
        return XFSM_HOST_CONFLICT;
    }
    global = xfsmrec_xfsm_global_first(host->idl);
    return !host->wanted_cfg
           || (global && global->cur_cfg >= host->wanted_cfg)
           ? XFSM_HOST_DONE : XFSM_HOST_WRITTEN;
}

const char *
xfsm_host_state_to_string(enum xfsm_host_state state)
{
    switch (state) {
#define STATE_NAME(ID, WORD, NAME) case XFSM_HOST_##ID: return NAME;
    XFSM_HOST_STATES(STATE_NAME)
#undef STATE_NAME
    }
    OVS_NOT_REACHED();
}

const char *
xfsm_host_state_to_word(enum xfsm_host_state state)
{
    switch (state) {
#define STATE_WORD(ID, WORD, NAME) case XFSM_HOST_##ID: return WORD;
    XFSM_HOST_STATES(STATE_WORD)
#undef STATE_WORD
    }
    OVS_NOT_REACHED();
}

void
xfsm_host_get_status(struct xfsm_host *host, struct xfsm_host_status *status)
{
    xfsm_host_get_brief_status(host, status);
    xfsm_host_get_traffic(host);
    xfsm_health_sum(host->idl, &status->sums);
}

/* Returns which versions the host has, which is up to date. */
static const struct smap *
get_programs(struct xfsm_host *host)
{
    if (!host->programs_known) {
        smap_clear(&host->programs);
        xfsm_sync_get_versions(host->idl, host->fleet, host->name,
                               &host->programs);
        host->programs_known = true;
    }
    return &host->programs;
}

void
xfsm_host_get_brief_status(struct xfsm_host *host,
                           struct xfsm_host_status *status)
{
    const struct xfsmrec_xfsm_global *global
        = xfsmrec_xfsm_global_first(host->idl);

    *status = (struct xfsm_host_status) {
        .state = xfsm_host_get_state(host),
        .agent_version = global ? global->agent_version : "",
        .last_sync = host->last_sync,
        .drifts = host->drifts,
    };
    smap_init(&status->canaries);
    if (status->state == XFSM_HOST_DONE) {
        status->programs = get_programs(host);
    }
    if (host->fleet && is_ready(host)) {
        run_health(host);
        xfsm_health_get_verdicts(host->health, &status->canaries);
    }
}

void
xfsm_host_status_destroy(struct xfsm_host_status *status)
{
    smap_destroy(&status->canaries);
}

const char *
xfsm_host_get_problems(const struct xfsm_host *host)
{
    return ds_cstr_ro(&host->problems);
}

const char *
xfsm_host_get_plan(const struct xfsm_host *host)
{
    return is_ready(host) && host->compared ? ds_cstr_ro(&host->plan) : NULL;
}

const struct xfsm_traffic_sums *
xfsm_host_get_traffic(struct xfsm_host *host)
{
    if (ovsdb_idl_has_ever_connected(host->idl)) {
        xfsm_traffic_run(host->traffic, host->idl);
    }
    return xfsm_traffic_get(host->traffic);
}

struct ovsdb_idl *
xfsm_host_get_rows(const struct xfsm_host *host)
{
    return ovsdb_idl_has_ever_connected(host->idl) ? host->idl : NULL;
}

/* Appends how many probes there are in each status, and what is wrong with
 * them. */
static void
show_probes(const struct xfsm_host *host, struct ds *ds)
{
    struct simap counts = SIMAP_INITIALIZER(&counts);
    const struct simap_node **nodes;
    const struct xfsmrec_probe *probe;
    size_t i, n;

    XFSMREC_PROBE_FOR_EACH (probe, host->idl) {
        simap_increase(&counts, probe->status ? probe->status : "new", 1);
    }
    ds_put_cstr(ds, "    probes:");
    nodes = simap_sort(&counts);
    n = simap_count(&counts);
    for (i = 0; i < n; i++) {
        ds_put_format(ds, "%s %u %s", i ? "," : "", nodes[i]->data,
                      nodes[i]->name);
    }
    ds_put_cstr(ds, n ? "\n" : " none\n");
    free(nodes);
    simap_destroy(&counts);
    XFSMREC_PROBE_FOR_EACH (probe, host->idl) {
        if (probe->error) {
            ds_put_format(ds, "        %s: %s\n", probe->interface,
                          probe->error);
        }
    }
}

void
xfsm_host_show(const struct xfsm_host *host, struct ds *ds)
{
    const struct xfsmrec_xfsm_global *global;
    char *problems = xstrdup(xfsm_host_get_problems(host));
    char *save = NULL;
    char *line;

    ds_put_format(ds, "%s\n    ovsdb: %s: %s\n", host->name, host->remote,
                  xfsm_host_state_to_string(xfsm_host_get_state(host)));
    for (line = strtok_r(problems, "\n", &save); line;
         line = strtok_r(NULL, "\n", &save)) {
        ds_put_format(ds, "        %s\n", line);
    }
    free(problems);
    if (host->drifts) {
        ds_put_format(ds, "        changed by somebody else and put back: %"
                      PRId64" times\n", host->drifts);
    }
    if (ovsdb_idl_has_ever_connected(host->idl)) {
        global = xfsmrec_xfsm_global_first(host->idl);
        ds_put_format(ds, "    agent: %s\n",
                      global && global->agent_version[0]
                      ? global->agent_version : "not seen");
        show_probes(host, ds);
    }
}
