/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include <config.h>
#include "ovsdb-schema/ovs-compat.h"

#include "ovs-plugin/agent.h"

#include "lib/vswitch-idl.h"
#include "ovs-plugin/mirror.h"
#include "ovs-plugin/mitigator.h"
#include "openvswitch/poll-loop.h"
#include "ovsdb-schema/xfsm-idl.h"
#include "smap.h"
#include "timeval.h"
#include "util.h"

/* How often statistics are written. */
#define STATS_MS 1000

/* Keys of a Port's external_ids. */
#define STATUS_KEY "xfsm-status"
#define ERROR_KEY "xfsm-error"

/* Columns of a row are simply set, all of them, if any may have changed: the
 * library leaves out what would change nothing. */

/* In the middle between two PINGs (worker.h), when all have answered. */
static long long int
next_stats(long long int now)
{
    return (ROUND_DOWN(now - STATS_MS / 2, STATS_MS) + STATS_MS
            + STATS_MS / 2);
}

/* ## Table XFSM_Global. ## */

static void
put_error(struct smap *status, const char *key, const char *error)
{
    if (error) {
        char *copy = xstrdup(error);

        xfsm_text_sanitize(copy);
        smap_add_nocopy(status, xstrdup(key), copy);
    }
}

/* True if everything is as the rows ask for, or an error tells why not. */
static bool
is_settled(const struct xfsm_agent *agent)
{
    const struct shash_node *node;

    SHASH_FOR_EACH (node, &agent->monitors) {
        const struct xfsm_monitor *m = node->data;

        if (!m->wanted || m->status == XFSM_MONITOR_STARTING) {
            return false;
        }
    }
    return true;
}

static void
write_global(struct xfsm_agent *agent, struct ovsdb_idl_txn *txn, bool stats)
{
    const struct xfsmrec_xfsm_global *row
        = xfsmrec_xfsm_global_first(agent->xfsm.idl);
    const struct xfsm_hub_link *hub = &agent->hub;
    struct smap status = SMAP_INITIALIZER(&status);

    if (!row) {
        row = xfsmrec_xfsm_global_insert(txn);
    }
    xfsmrec_xfsm_global_set_hostname(row, agent->host);
    xfsmrec_xfsm_global_set_agent_version(row, XFSM_VERSION);
    xfsmrec_xfsm_global_set_hub_endpoint(row, hub->bound ? hub->bound : "");
    if (is_settled(agent)) {
        xfsmrec_xfsm_global_set_cur_cfg(row, row->next_cfg);
    }

    smap_add(&status, "hub", xfsm_hub_link_status(hub));
    put_error(&status, "hub-error", xfsm_hub_link_error(hub));
    if (xfsm_exporter_link_status(&agent->exporter)) {
        smap_add(&status, "metrics",
                 xfsm_exporter_link_status(&agent->exporter));
    }
    put_error(&status, "metrics-error", agent->exporter.worker.error);
    put_error(&status, "options-error", agent->option_error);
    put_error(&status, "assignments-error", agent->assignment_error);
    put_error(&status, "visibility", agent->hw_offload);
    xfsmrec_xfsm_global_set_status(row, &status);
    smap_destroy(&status);

    if (stats) {
        struct xfsm_counters all = XFSM_COUNTERS_INITIALIZER;
        size_t i;

        for (i = 0; i < hub->stats.n; i++) {
            xfsm_counters_add(&all, hub->stats.names[i],
                              hub->stats.values[i]);
        }
        xfsm_mitigator_count(agent->mitigator, &all);
        if (agent->program_keys) {
            xfsm_counters_add(&all, "programs_refused",
                              xfsm_programs_n_refused(agent->programs));
        }
        xfsmrec_xfsm_global_set_statistics(row, (const char **) all.names,
                                           all.values, all.n);
        xfsm_counters_destroy(&all);
    }
}

/* ## Tables Program and Assignment. ## */

static void
write_programs(struct xfsm_agent *agent)
{
    const struct xfsmrec_program *row;

    XFSMREC_PROGRAM_FOR_EACH (row, agent->xfsm.idl) {
        struct xfsm_agent_program p = xfsm_programs_get(agent->programs,
                                                        row->name, "");
        char *diagnostics;

        if (p.pending) {
            continue;
        }
        diagnostics = xstrdup(p.diagnostics);
        xfsm_text_sanitize(diagnostics);
        xfsmrec_program_set_status(row, (p.error ? "error"
                                         : diagnostics[0] ? "warning"
                                         : "ok"));
        xfsmrec_program_set_diagnostics(row, diagnostics);
        free(diagnostics);
    }
}

static void
write_assignments(struct xfsm_agent *agent)
{
    const struct xfsmrec_assignment *row;

    XFSMREC_ASSIGNMENT_FOR_EACH (row, agent->xfsm.idl) {
        xfsmrec_assignment_set_matches(row, simap_get(&agent->matches,
                                                      row->name));
    }
}

/* ## Table Probe. ## */

/* Which columns the database has; it may be older. */
struct columns {
    bool notes;
    bool place;                 /* "type", "tag" and "ids". */
};

static void
write_config(const struct xfsmrec_probe *row, const struct xfsm_monitor *m,
             bool place)
{
    const char *wanted_by[XFSM_N_WANTED_BY];
    const char **programs = sset_array(&m->want.programs);
    size_t n_wanted_by = 0;
    int i;

    for (i = 0; i < XFSM_N_WANTED_BY; i++) {
        if (m->want.wanted_by & (1u << i)) {
            wanted_by[n_wanted_by++] = xfsm_wanted_by_names[i];
        }
    }
    xfsmrec_probe_set_port(row, m->want.port);
    xfsmrec_probe_set_bridge(row, m->want.bridge);
    xfsmrec_probe_set_interface_uuid(row, &m->want.uuid, 1);
    /* A database of before version 1.4.0 does not have these. */
    if (place) {
        xfsmrec_probe_set_type(row, m->want.type);
        xfsmrec_probe_set_tag(row, &m->want.tag, m->want.tag >= 0 ? 1 : 0);
        xfsmrec_probe_set_ids(row, &m->want.all_ids);
    }
    xfsmrec_probe_set_wanted_by(row, wanted_by, n_wanted_by);
    xfsmrec_probe_set_programs(row, programs,
                               MIN(sset_count(&m->want.programs),
                                   XFSM_DESIRED_MAX_PROGRAMS));
    free(programs);
}

static void
write_probe_status(const struct xfsmrec_probe *row,
                   const struct xfsm_monitor *m, const struct columns *has)
{
    int64_t pid = m->worker.child.pid;
    int64_t epoch = m->worker.epoch;

    write_config(row, m, has->place);
    xfsmrec_probe_set_status(row, xfsm_monitor_status_name(m->status));
    xfsmrec_probe_set_error(row, m->error);
    /* A database of before version 1.1.0 does not have it. */
    if (has->notes) {
        xfsmrec_probe_set_notes(row, m->notes);
    }
    xfsmrec_probe_set_running_programs(row, (const char **) m->running.names,
                                       m->running.n);
    xfsmrec_probe_set_netdev_class(row, pid ? m->netdev_class : "");
    xfsmrec_probe_set_pid(row, &pid, pid ? 1 : 0);
    xfsmrec_probe_set_epoch(row, &epoch,
                            m->worker.state == XFSM_WORKER_READY ? 1 : 0);
    xfsmrec_probe_set_restarts(row, m->worker.restarts);
}

static void
write_probe_stats(const struct xfsmrec_probe *row,
                  const struct xfsm_monitor *m)
{
    xfsmrec_probe_set_statistics(row, (const char **) m->stats.names,
                                 m->stats.values, m->stats.n);
    xfsmrec_probe_set_state_keys(row, (const char **) m->state_keys.names,
                                 m->state_keys.values, m->state_keys.n);
    xfsmrec_probe_set_last_event(row, m->last_event);
}

/* Writes what is not written yet, of the two that are asked for. */
static void
write_probe(const struct xfsmrec_probe *row, struct xfsm_monitor *m,
            bool status, bool stats, const struct columns *has)
{
    if (status && m->status_unwritten) {
        write_probe_status(row, m, has);
        m->status_unwritten = false;
    }
    if (stats && m->stats_unwritten) {
        write_probe_stats(row, m);
        m->stats_unwritten = false;
    }
}

static void
write_statistics(struct xfsm_agent *agent)
{
    const struct xfsmrec_probe *row;

    XFSMREC_PROBE_FOR_EACH (row, agent->xfsm.idl) {
        struct xfsm_monitor *m = shash_find_data(&agent->monitors,
                                                 row->interface);

        if (m && m->wanted) {
            write_probe(row, m, false, true, NULL);
        }
    }
}

static void
write_probes(struct xfsm_agent *agent, struct ovsdb_idl_txn *txn, bool stats)
{
    const struct xfsmrec_probe *row;
    const struct columns has = {
        .notes = xfsmrec_server_has_probe_table_col_notes(agent->xfsm.idl),
        .place = xfsmrec_server_has_probe_table_col_ids(agent->xfsm.idl),
    };
    struct shash missing = SHASH_INITIALIZER(&missing);
    struct shash_node *node;

    SHASH_FOR_EACH (node, &agent->monitors) {
        const struct xfsm_monitor *m = node->data;

        if (m->wanted) {
            shash_add(&missing, node->name, m);
        }
    }
    XFSMREC_PROBE_FOR_EACH_SAFE (row, agent->xfsm.idl) {
        struct xfsm_monitor *m = shash_find_and_delete(&missing,
                                                       row->interface);

        if (m) {
            write_probe(row, m, true, stats, &has);
        } else {
            xfsmrec_probe_delete(row);
        }
    }
    SHASH_FOR_EACH (node, &missing) {
        struct xfsm_monitor *m = node->data;

        m->status_unwritten = true;
        m->stats_unwritten = true;
        row = xfsmrec_probe_insert(txn);
        xfsmrec_probe_set_interface(row, node->name);
        write_probe(row, m, true, true, &has);
    }
    shash_destroy(&missing);
}

/* ## Table Port of the database Open_vSwitch. ## */

/* What a Port should say: of its monitors, the worst. */
struct port_status {
    enum xfsm_monitor_status status;
    const char *error;          /* Or NULL. */
};

static void
collect_ports(const struct xfsm_agent *agent, struct shash *ports)
{
    const struct shash_node *node;

    SHASH_FOR_EACH (node, &agent->monitors) {
        const struct xfsm_monitor *m = node->data;
        struct port_status *p;

        if (!m->wanted) {
            continue;
        }
        p = shash_find_data(ports, m->want.port);
        if (!p) {
            p = xzalloc(sizeof *p);
            shash_add(ports, m->want.port, p);
        }
        if (m->status >= p->status) {
            p->status = m->status;
            p->error = m->error ? m->error : p->error;
        }
    }
}

/* Sets or removes a key. */
static void
write_port_key(const struct ovsrec_port *row, const char *key,
               const char *value)
{
    const char *old = smap_get(&row->external_ids, key);

    if (value && (!old || strcmp(old, value))) {
        ovsrec_port_update_external_ids_setkey(row, key, value);
    } else if (!value && old) {
        ovsrec_port_update_external_ids_delkey(row, key);
    }
}

static void
write_ports(struct xfsm_agent *agent)
{
    struct shash ports = SHASH_INITIALIZER(&ports);
    const struct ovsrec_port *row;

    collect_ports(agent, &ports);
    OVSREC_PORT_FOR_EACH (row, agent->ovs.idl) {
        const struct port_status *p = shash_find_data(&ports, row->name);

        write_port_key(row, STATUS_KEY,
                       p ? xfsm_monitor_status_name(p->status) : NULL);
        write_port_key(row, ERROR_KEY, p ? p->error : NULL);
    }
    shash_destroy_free_data(&ports);
}

/* How long to wait for other ports to change as well. */
static long long int
hold_ms(const struct xfsm_agent *agent)
{
    return MIN(XFSM_STATUS_MS, (shash_count(&agent->monitors)
                                / XFSM_STATUS_PROBES_PER_MS));
}

void
xfsm_status_run(struct xfsm_agent *agent, struct ovsdb_idl_txn *ovs_txn,
                struct ovsdb_idl_txn *xfsm_txn)
{
    bool stats = time_msec() >= agent->next_stats;
    bool status = agent->status_changed;

    if ((!status && !stats) || time_msec() < agent->status_hold) {
        return;
    }
    if (status && ovs_txn) {
        xfsm_mirrors_write(agent, ovs_txn);
        write_ports(agent);
    }
    if (xfsm_txn && ovsdb_idl_has_lock(agent->xfsm.idl)) {
        write_global(agent, xfsm_txn, stats);
        if (status) {
            xfsm_rbac_write(agent, xfsm_txn);
            write_programs(agent);
            write_assignments(agent);
            write_probes(agent, xfsm_txn, stats);
        } else {
            write_statistics(agent);
        }
    }
    if (status) {
        agent->status_changed = !ovs_txn || !xfsm_txn;
        agent->status_hold = time_msec() + hold_ms(agent);
    }
    if (stats) {
        agent->next_stats = next_stats(time_msec());
    }
}

void
xfsm_status_forget(struct xfsm_agent *agent)
{
    const struct shash_node *node;

    SHASH_FOR_EACH (node, &agent->monitors) {
        struct xfsm_monitor *m = node->data;

        m->status_unwritten = true;
        m->stats_unwritten = true;
    }
    agent->status_changed = true;
}

void
xfsm_status_wait(const struct xfsm_agent *agent)
{
    poll_timer_wait_until(MAX(agent->next_stats, agent->status_hold));
    if (agent->status_changed && agent->status_hold > time_msec()) {
        poll_timer_wait_until(agent->status_hold);
    }
}
