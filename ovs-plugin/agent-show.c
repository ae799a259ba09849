/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include <config.h>
#include "ovsdb-schema/ovs-compat.h"

#include "ovs-plugin/agent.h"

#include "openvswitch/dynamic-string.h"
#include "openvswitch/poll-loop.h"
#include "openvswitch/vlog.h"
#include "ovs-plugin/agent-metrics.h"
#include "ovs-plugin/mitigator.h"
#include "ovs-plugin/port-state.h"
#include "unixctl.h"
#include "util.h"
#include "xfsm/io/releases.h"

VLOG_DEFINE_THIS_MODULE(agent_show);

static void
put_names(struct ds *s, char *const names[], size_t n)
{
    size_t i;

    for (i = 0; i < n; i++) {
        ds_put_format(s, "%s%s", i ? ", " : "", names[i]);
    }
    if (!n) {
        ds_put_cstr(s, "none");
    }
}

static void
show_monitor(const struct xfsm_monitor *m, struct ds *s)
{
    const char **programs = sset_sort(&m->want.programs);
    size_t i;

    ds_put_format(s, "    port %s, interface %s: %s", m->want.port,
                  m->interface, xfsm_monitor_status_name(m->status));
    if (m->worker.child.pid) {
        ds_put_format(s, ", pid %ld", (long int) m->worker.child.pid);
    }
    if (m->worker.restarts) {
        ds_put_format(s, ", %u restarts", m->worker.restarts);
    }
    ds_put_char(s, '\n');
    if (m->error) {
        ds_put_format(s, "        error: %s\n", m->error);
    }
    if (m->notes[0]) {
        ds_put_format(s, "        note: %s\n", m->notes);
    }
    ds_put_cstr(s, "        programs: ");
    put_names(s, (char *const *) programs, sset_count(&m->want.programs));
    for (i = 0; i < sset_count(&m->want.programs); i++) {
        const char *params = smap_get(&m->want.params, programs[i]);

        if (params) {
            ds_put_format(s, "\n        parameters of %s: %s", programs[i],
                          params);
        }
    }
    ds_put_cstr(s, "\n        running: ");
    put_names(s, m->running.names, m->running.n);
    ds_put_char(s, '\n');
    if (m->last_event[0]) {
        ds_put_format(s, "        last event: %s\n", m->last_event);
    }
    free(programs);
}

static void
show_databases(const struct xfsm_agent *agent, struct ds *s)
{
    ds_put_format(s, "database server %s\n", agent->remote);
    ds_put_format(s, "    Open_vSwitch: %s\n",
                  ovsdb_idl_is_connected(agent->ovs.idl)
                  ? "connected" : "not connected");
    if (agent->xfsm_remote) {
        ds_put_format(s, "database server %s\n", agent->xfsm_remote);
    }
    ds_put_format(s, "    XFSM: %s%s\n",
                  ovsdb_idl_is_connected(agent->xfsm.idl)
                  ? "connected" : "not connected",
                  xfsm_agent_is_passive(agent)
                  ? ", in the hands of another agent"
                  : agent->refused ? ", not allowed to write" : "");
    if (agent->db_init.error) {
        ds_put_format(s, "    error: %s\n", agent->db_init.error);
    }
}

static void
agent_show(struct unixctl_conn *conn, int argc OVS_UNUSED,
           const char *argv[] OVS_UNUSED, void *agent_)
{
    const struct xfsm_agent *agent = agent_;
    const struct shash_node **nodes = shash_sort(&agent->monitors);
    struct ds s = DS_EMPTY_INITIALIZER;
    size_t i;

    show_databases(agent, &s);
    ds_put_format(&s, "hub: %s", xfsm_hub_link_status(&agent->hub));
    if (agent->hub.worker.child.pid) {
        ds_put_format(&s, ", pid %ld",
                      (long int) agent->hub.worker.child.pid);
    }
    if (agent->hub.bound) {
        ds_put_format(&s, ", %s", agent->hub.bound);
    }
    ds_put_char(&s, '\n');
    if (xfsm_hub_link_error(&agent->hub)) {
        ds_put_format(&s, "    error: %s\n",
                      xfsm_hub_link_error(&agent->hub));
    }
    if (agent->option_error) {
        ds_put_format(&s, "options: %s\n", agent->option_error);
    }
    if (agent->assignment_error) {
        ds_put_format(&s, "assignments: %s\n", agent->assignment_error);
    }
    if (agent->hw_offload) {
        ds_put_format(&s, "visibility: %s\n", agent->hw_offload);
    }
    ds_put_format(&s, "probes: %"PRIuSIZE"\n",
                  shash_count(&agent->monitors));
    for (i = 0; i < shash_count(&agent->monitors); i++) {
        const struct xfsm_monitor *m = nodes[i]->data;

        if (m->wanted) {
            show_monitor(m, &s);
        }
    }
    free(nodes);
    unixctl_command_reply(conn, ds_cstr(&s));
    ds_destroy(&s);
}

static void
put_counters(struct ds *s, const struct xfsm_counters *c)
{
    size_t i;

    for (i = 0; i < c->n; i++) {
        if (c->values[i]) {
            ds_put_format(s, "    %-24s %"PRId64"\n", c->names[i],
                          c->values[i]);
        }
    }
}

static void
agent_stats(struct unixctl_conn *conn, int argc, const char *argv[],
            void *agent_)
{
    const struct xfsm_agent *agent = agent_;
    const struct shash_node **nodes = shash_sort(&agent->monitors);
    struct ds s = DS_EMPTY_INITIALIZER;
    size_t i;

    if (argc < 2) {
        ds_put_cstr(&s, "hub\n");
        put_counters(&s, &agent->hub.stats);
    }
    for (i = 0; i < shash_count(&agent->monitors); i++) {
        const struct xfsm_monitor *m = nodes[i]->data;

        if (argc < 2 || !strcmp(argv[1], m->interface)) {
            ds_put_format(&s, "%s\n", m->interface);
            put_counters(&s, &m->stats);
            put_counters(&s, &m->state_keys);
        }
    }
    free(nodes);
    if (s.length) {
        unixctl_command_reply(conn, ds_cstr(&s));
    } else {
        unixctl_command_reply_error(conn, "no such interface is monitored");
    }
    ds_destroy(&s);
}

static void
agent_metrics(struct unixctl_conn *conn, int argc OVS_UNUSED,
              const char *argv[] OVS_UNUSED, void *agent)
{
    struct ds s = DS_EMPTY_INITIALIZER;

    xfsm_agent_metrics_format(agent, &s);
    unixctl_command_reply(conn, ds_cstr(&s));
    ds_destroy(&s);
}

static void
agent_list_programs(struct unixctl_conn *conn, int argc OVS_UNUSED,
                    const char *argv[] OVS_UNUSED, void *agent_)
{
    const struct xfsm_agent *agent = agent_;
    struct shash names = SHASH_INITIALIZER(&names);
    struct ds s = DS_EMPTY_INITIALIZER;
    const struct shash_node **nodes;
    size_t i;

    xfsm_programs_list(agent->programs, &names);
    nodes = shash_sort(&names);
    for (i = 0; i < shash_count(&names); i++) {
        ds_put_format(&s, "%-32s %s\n", nodes[i]->name,
                      (const char *) nodes[i]->data);
    }
    free(nodes);
    shash_destroy(&names);
    unixctl_command_reply(conn, ds_cstr(&s));
    ds_destroy(&s);
}

static struct xfsm_releases *
get_releases(struct unixctl_conn *conn, const struct xfsm_agent *agent)
{
    struct xfsm_releases *releases = xfsm_programs_releases(agent->programs);

    if (!releases) {
        unixctl_command_reply_error(conn, "no signatures are demanded "
                                    "(--program-keys)");
    }
    return releases;
}

static void
agent_program_versions(struct unixctl_conn *conn, int argc OVS_UNUSED,
                       const char *argv[] OVS_UNUSED, void *agent)
{
    const struct xfsm_releases *releases = get_releases(conn, agent);

    if (releases) {
        char *text = xfsm_releases_format(releases);

        unixctl_command_reply(conn, text);
        free(text);
    }
}

/* Lets an older version of a signed program run. */
static void
agent_allow_version(struct unixctl_conn *conn, int argc OVS_UNUSED,
                    const char *argv[], void *agent_)
{
    struct xfsm_agent *agent = agent_;
    struct xfsm_releases *releases = get_releases(conn, agent);
    long long int version = 0;
    char *error;

    if (!releases) {
        return;
    }
    str_to_llong(argv[2], 10, &version);
    error = xfsm_releases_allow(releases, argv[1], version);
    if (!error) {
        error = xfsm_releases_save(releases);
        agent->xfsm_seqno = 0;  /* Have the rows read again. */
        poll_immediate_wake();
    }
    if (error) {
        unixctl_command_reply_error(conn, error);
        free(error);
    } else {
        VLOG_WARN("%s: version %lld and later ones are allowed, by "
                  "ovs-appctl", argv[1], version);
        unixctl_command_reply(conn, NULL);
    }
}

/* Restarts the probes of one interface or all, and the hub with all. */
static void
agent_restart(struct unixctl_conn *conn, int argc, const char *argv[],
              void *agent_)
{
    struct xfsm_agent *agent = agent_;
    struct shash_node *node;
    bool found = argc < 2;

    SHASH_FOR_EACH (node, &agent->monitors) {
        if (argc < 2 || !strcmp(argv[1], node->name)) {
            xfsm_monitor_restart(node->data);
            found = true;
        }
    }
    if (argc < 2) {
        xfsm_worker_stop(&agent->hub.worker);
        xfsm_worker_reset(&agent->hub.worker);
    }
    if (found) {
        unixctl_command_reply(conn, NULL);
    } else {
        unixctl_command_reply_error(conn, "no such interface is monitored");
    }
}

static void
agent_exit(struct unixctl_conn *conn, int argc OVS_UNUSED,
           const char *argv[] OVS_UNUSED, void *agent_)
{
    struct xfsm_agent *agent = agent_;

    agent->exiting = true;
    unixctl_command_reply(conn, NULL);
}

static void
agent_mitigation(struct unixctl_conn *conn, int argc OVS_UNUSED,
                 const char *argv[] OVS_UNUSED, void *agent_)
{
    const struct xfsm_agent *agent = agent_;
    struct ds s = DS_EMPTY_INITIALIZER;

    xfsm_mitigator_format(agent->mitigator, &s);
    unixctl_command_reply(conn, ds_cstr(&s));
    ds_destroy(&s);
}

void
xfsm_agent_show_init(struct xfsm_agent *agent)
{
    unixctl_command_register("xfsm/show", "", 0, 0, agent_show, agent);
    unixctl_command_register("xfsm/stats", "[interface]", 0, 1, agent_stats,
                             agent);
    unixctl_command_register("xfsm/metrics", "", 0, 0, agent_metrics, agent);
    unixctl_command_register("xfsm/list-programs", "", 0, 0,
                             agent_list_programs, agent);
    unixctl_command_register("xfsm/program-versions", "", 0, 0,
                             agent_program_versions, agent);
    unixctl_command_register("xfsm/allow-version", "program version", 2, 2,
                             agent_allow_version, agent);
    unixctl_command_register("xfsm/restart", "[interface]", 0, 1,
                             agent_restart, agent);
    unixctl_command_register("xfsm/mitigation", "", 0, 0, agent_mitigation,
                             agent);
    xfsm_port_state_init(agent);
    unixctl_command_register("exit", "", 0, 0, agent_exit, agent);
}
