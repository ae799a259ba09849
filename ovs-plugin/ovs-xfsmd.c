/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include <config.h>
#include "ovsdb-schema/ovs-compat.h"

#include <signal.h>

#include "command-line.h"
#include "daemon.h"
#include "dirs.h"
#include "fatal-signal.h"
#include "if-notifier.h"
#include "lib/vswitch-idl.h"
#include "memory.h"
#include "openvswitch/poll-loop.h"
#include "openvswitch/vlog.h"
#include "ovs-plugin/agent-metrics.h"
#include "ovs-plugin/agent.h"
#include "ovs-plugin/mitigator.h"
#include "ovs-plugin/stopped.h"
#include "ovs-plugin/term-signal.h"
#include "ovs-plugin/user.h"
#include "ovs-plugin/watch.h"
#include "ovsdb-schema/xfsm-idl.h"
#include "timeval.h"
#include "unixctl.h"
#include "util.h"
#include "xfsm/io/releases.h"
#include "xfsm/io/signature.h"

VLOG_DEFINE_THIS_MODULE(ovs_xfsmd);

/* Name of the lock that makes one agent of a host the one in charge. */
#define LOCK_NAME "ovs_xfsmd"

/* At start, how long to wait for the database XFSM before working without. */
#define XFSM_PATIENCE_MS 2000

/* How long an agent that waits for another one leaves it the first word, once
 * the database is back. */
#define XFSM_YIELD_MS 2000

/* At exit, how long to wait for probes to stop and for the last status to be
 * written. */
#define EXIT_MS 3000
#define EXIT_POLL_MS 20

/* Network devices came or went. */
static bool devices_changed;

static void
note_devices_changed(void *aux OVS_UNUSED)
{
    devices_changed = true;
}

static const char *
get_xfsm_remote(const struct xfsm_agent *agent)
{
    return agent->xfsm_remote ? agent->xfsm_remote : agent->remote;
}

/* Asks for the lock, or does not any more. */
static void
set_lock(struct xfsm_agent *agent, bool ask)
{
    if (ask != agent->lock_asked) {
        ovsdb_idl_set_lock(agent->xfsm.idl, ask ? LOCK_NAME : NULL);
        agent->lock_asked = ask;
    }
}

/* Reads the keys that programs must be signed by.  Without the option there
 * are none. */
static struct xfsm_signature_keys *
read_keys(const struct xfsm_agent *agent)
{
    struct xfsm_signature_keys *keys = NULL;
    char *error = (agent->program_keys
                   ? xfsm_signature_keys_read(agent->program_keys, &keys)
                   : NULL);

    if (error) {
        VLOG_FATAL("--program-keys: %s", error);
    } else if (keys) {
        VLOG_INFO("programs must be signed by one of %"PRIuSIZE" keys",
                  xfsm_signature_keys_count(keys));
    }
    return keys;
}

/* Reads which versions of signed programs must not come back. */
static struct xfsm_releases *
read_releases(const struct xfsm_agent *agent)
{
    struct xfsm_releases *releases = xfsm_releases_create();
    char *error = xfsm_releases_load(releases, agent->program_versions);

    if (error) {
        VLOG_FATAL("--program-versions: %s", error);
    }
    return releases;
}

static void
agent_init(struct xfsm_agent *agent)
{
    struct xfsm_signature_keys *keys = read_keys(agent);
    struct xfsm_releases *releases = keys ? read_releases(agent) : NULL;
    char *path, *error;
    uid_t uid;
    gid_t gid;

    error = xfsm_user_resolve(agent->user, &uid, &gid);
    if (error) {
        VLOG_FATAL("%s", error);
    }
    xfsm_agent_init_process();
    agent->started = time_msec();
    agent->probe_path = xasprintf("%s/xfsm-probe", agent->libexecdir);
    shash_init(&agent->monitors);
    simap_init(&agent->matches);
    path = xasprintf("%s/" XFSM_AGENT_EPOCH, ovs_dbdir());
    xfsm_epochs_init(&agent->epochs, path);
    free(path);
    agent->mitigator = xfsm_mitigator_create(
        xfsm_epochs_next(&agent->epochs, time_wall_msec()));

    agent->ovs.idl = ovsdb_idl_create(agent->remote, &ovsrec_idl_class, false,
                                      true);
    agent->xfsm.idl = ovsdb_idl_create(get_xfsm_remote(agent),
                                       &xfsmrec_idl_class, false, true);
    ovsdb_idl_set_leader_only(agent->ovs.idl, false);
    set_lock(agent, true);
    xfsm_rows_init(agent);
    ovsdb_idl_set_write_changed_only_all(agent->xfsm.idl, true);

    path = xasprintf("%s/xfsm-ctl", agent->bindir);
    xfsm_db_init_init(&agent->db_init, path, agent->remote);
    free(path);

    path = xasprintf("%s/xfsm-compiler", agent->libexecdir);
    agent->programs = xfsm_programs_create(path, agent->programs_dir, uid,
                                           gid);
    xfsm_programs_set_keys(agent->programs, keys, releases);
    free(path);

    path = xasprintf("%s/xfsm-hub", agent->libexecdir);
    xfsm_hub_link_init(&agent->hub, path, agent->user);
    free(path);

    path = xasprintf("%s/xfsm-exporter", agent->libexecdir);
    xfsm_exporter_link_init(&agent->exporter, path, agent->user);
    free(path);
}

static void
agent_destroy(struct xfsm_agent *agent)
{
    struct shash_node *node;

    SHASH_FOR_EACH_SAFE (node, &agent->monitors) {
        xfsm_monitor_destroy(node->data);
        shash_delete(&agent->monitors, node);
    }
    shash_destroy(&agent->monitors);
    xfsm_mitigator_destroy(agent->mitigator);
    xfsm_epochs_destroy(&agent->epochs);
    xfsm_hub_link_destroy(&agent->hub);
    xfsm_exporter_link_destroy(&agent->exporter);
    xfsm_programs_destroy(agent->programs);
    xfsm_db_init_destroy(&agent->db_init);
    ovsdb_idl_loop_destroy(&agent->ovs);
    ovsdb_idl_loop_destroy(&agent->xfsm);
    simap_destroy(&agent->matches);
    free(agent->remote);
    free(agent->xfsm_remote);
    free(agent->bindir);
    free(agent->libexecdir);
    free(agent->programs_dir);
    free(agent->program_keys);
    free(agent->program_versions);
    free(agent->user);
    free(agent->probe_path);
    free(agent->host);
    free(agent->netdev_class);
    free(agent->hw_offload);
    free(agent->option_error);
    free(agent->assignment_error);
}

bool
xfsm_agent_is_passive(const struct xfsm_agent *agent)
{
    return ovsdb_idl_is_lock_contended(agent->xfsm.idl);
}

/* Where another agent is in charge, a database that goes away does not change
 * that: nothing is started meanwhile, and when it is back the other one gets
 * the lock, if it is still there. */
static void
run_yield(struct xfsm_agent *agent)
{
    if (!ovsdb_idl_is_connected(agent->xfsm.idl)) {
        agent->connected_since = 0;
        set_lock(agent, false);
    } else if (!agent->connected_since) {
        agent->connected_since = time_msec();
    } else if (time_msec() >= agent->connected_since + XFSM_YIELD_MS) {
        set_lock(agent, true);
    }
}

/* Finds out whether the server gives us the lock.  If its clients may only
 * read, it refuses, of which the IDL tells nothing. */
static void
run_lock(struct xfsm_agent *agent)
{
    bool has_lock = ovsdb_idl_has_lock(agent->xfsm.idl);

    agent->had_lock |= has_lock;
    agent->yielding = !has_lock && (agent->yielding
                                    || xfsm_agent_is_passive(agent));
    if (agent->yielding) {
        run_yield(agent);
    }
    if (has_lock || xfsm_agent_is_passive(agent) || !agent->lock_asked
        || !ovsdb_idl_is_connected(agent->xfsm.idl)) {
        agent->lockless_since = 0;
        agent->refused = false;
    } else if (!agent->lockless_since) {
        agent->lockless_since = time_msec();
    } else if (!agent->refused
               && time_msec() >= agent->lockless_since + XFSM_PATIENCE_MS) {
        agent->refused = true;
        VLOG_ERR("%s: not allowed to write: ports are monitored, but the "
                 "databases do not tell so", get_xfsm_remote(agent));
    }
}

/* True once it is known what is desired, and that we are in charge: nothing
 * may be stopped, and nothing be called unknown, before. */
static bool
knows_rows(const struct xfsm_agent *agent)
{
    return (ovsdb_idl_has_ever_connected(agent->ovs.idl)
            && (((agent->had_lock || agent->refused)
                 && ovsdb_idl_has_ever_connected(agent->xfsm.idl))
                || (!ovsdb_idl_is_connected(agent->xfsm.idl)
                    && !agent->yielding
                    && time_msec() >= agent->started + XFSM_PATIENCE_MS)));
}

/* Adds the database XFSM to a server of the switch that does not have it.  One
 * that is for that database alone has it, or is not there. */
static void
run_db_init(struct xfsm_agent *agent)
{
    bool missing = (!agent->xfsm_remote
                    && ovsdb_idl_is_connected(agent->ovs.idl)
                    && !ovsdb_idl_is_connected(agent->xfsm.idl));

    if (xfsm_db_init_run(&agent->db_init, missing)) {
        /* Connect now, instead of when the next attempt is due. */
        ovsdb_idl_set_remote(agent->xfsm.idl, NULL, true);
        ovsdb_idl_set_remote(agent->xfsm.idl, agent->remote, true);
    }
}

static bool
is_starting(const struct xfsm_monitor *m)
{
    return m->worker.state == XFSM_WORKER_STARTING;
}

static size_t
count_starting(const struct xfsm_agent *agent)
{
    const struct shash_node *node;
    size_t n = 0;

    SHASH_FOR_EACH (node, &agent->monitors) {
        n += is_starting(node->data);
    }
    return n;
}

/* Has those asked whether they are there that the kernel says were stopped, or
 * are at work. */
static void
doubt_stopped(struct xfsm_agent *agent)
{
    struct shash_node *node;
    pid_t pid;

    while ((pid = xfsm_stopped_next()) != 0) {
        bool found = xfsm_worker_doubt(&agent->hub.worker, pid);

        SHASH_FOR_EACH (node, &agent->monitors) {
            struct xfsm_monitor *m = node->data;

            if (found) {
                break;
            }
            found = xfsm_worker_doubt(&m->worker, pid);
        }
    }
}

/* Makes what runs what is desired. */
static void
reconcile(struct xfsm_agent *agent)
{
    bool changed = devices_changed;
    bool read = xfsm_rows_changed(agent);
    size_t n_starting = count_starting(agent);
    struct shash_node *node;

    devices_changed = false;
    agent->unstarted = false;
    doubt_stopped(agent);
    if (read) {
        changed |= xfsm_rows_read(agent);
        agent->status_changed = true;
    }
    changed |= xfsm_programs_run(agent->programs);
    if (agent->settings.hang_ms) {
        agent->hub.worker.hang_ms = agent->settings.hang_ms;
    }
    changed |= xfsm_hub_link_run(&agent->hub);
    agent->status_changed |= changed;
    SHASH_FOR_EACH_SAFE (node, &agent->monitors) {
        struct xfsm_monitor *m = node->data;
        bool may_start = n_starting < XFSM_MONITOR_STARTING_MAX;

        n_starting -= is_starting(m);
        agent->status_changed |= xfsm_monitor_run(m, changed, may_start,
                                                  &agent->settings,
                                                  agent->programs,
                                                  &agent->hub);
        xfsm_mitigator_take(agent->mitigator, m, agent->ovs.idl);
        n_starting += is_starting(m);
        agent->unstarted |= !may_start && xfsm_monitor_is_queued(m);
        if (xfsm_monitor_is_done(m)) {
            xfsm_monitor_destroy(m);
            shash_delete(&agent->monitors, node);
            agent->status_changed = true;
        }
    }
    xfsm_mitigator_run(agent->mitigator, agent->ovs.idl, &agent->monitors,
                       read || changed);
    xfsm_mitigator_publish(agent->mitigator, &agent->hub,
                           agent->settings.host);
    agent->unstarted &= n_starting < XFSM_MONITOR_STARTING_MAX;
}

static void
format_metrics(struct ds *s, void *agent)
{
    xfsm_agent_metrics_format(agent, s);
}

static void
stop_all(struct xfsm_agent *agent)
{
    struct shash_node *node;

    SHASH_FOR_EACH_SAFE (node, &agent->monitors) {
        xfsm_monitor_destroy(node->data);
        shash_delete(&agent->monitors, node);
    }
}

static void
agent_run(struct xfsm_agent *agent)
{
    struct ovsdb_idl_txn *ovs_txn, *xfsm_txn;

    if_notifier_run();
    xfsm_watch_run();
    ovs_txn = ovsdb_idl_loop_run(&agent->ovs);
    xfsm_txn = ovsdb_idl_loop_run(&agent->xfsm);
    run_db_init(agent);
    run_lock(agent);

    if (xfsm_agent_is_passive(agent)) {
        static struct vlog_rate_limit rl = VLOG_RATE_LIMIT_INIT(1, 1);

        VLOG_WARN_RL(&rl, "another ovs-xfsmd is in charge of this database; "
                     "waiting for it to end");
        stop_all(agent);
        xfsm_mitigator_stop(agent->mitigator);
        xfsm_hub_link_enable(&agent->hub, false);
        xfsm_hub_link_run(&agent->hub);
        xfsm_exporter_link_configure(&agent->exporter, 0);
        agent->had_lock = false;
        agent->xfsm_seqno = 0;
    } else if (knows_rows(agent)) {
        xfsm_hub_link_enable(&agent->hub, true);
        reconcile(agent);
        xfsm_status_run(agent, ovs_txn, xfsm_txn);
    }
    agent->status_changed |= xfsm_exporter_link_run(&agent->exporter,
                                                    format_metrics, agent);
}

static void
agent_wait(struct xfsm_agent *agent)
{
    struct shash_node *node;
    int ovs_done = ovsdb_idl_loop_commit_and_wait(&agent->ovs);
    int xfsm_done = ovsdb_idl_loop_commit_and_wait(&agent->xfsm);

    if (!ovs_done || !xfsm_done) {
        /* A transaction failed, so what it told was not told.  It may fail
         * for long (a full disk). */
        xfsm_status_forget(agent);
        agent->status_hold = time_msec() + XFSM_STATUS_RETRY_MS;
    }
    if (agent->unstarted) {
        poll_immediate_wake();
    }
    if_notifier_wait();
    xfsm_watch_wait();
    xfsm_db_init_wait(&agent->db_init);
    xfsm_programs_wait(agent->programs);
    xfsm_hub_link_wait(&agent->hub);
    xfsm_mitigator_wait(agent->mitigator);
    xfsm_exporter_link_wait(&agent->exporter);
    SHASH_FOR_EACH (node, &agent->monitors) {
        xfsm_monitor_wait(node->data);
    }
    if (xfsm_agent_is_passive(agent)) {
        return;
    } else if (knows_rows(agent)) {
        xfsm_status_wait(agent);
        return;
    }
    if (agent->yielding && !agent->lock_asked && agent->connected_since) {
        poll_timer_wait_until(agent->connected_since + XFSM_YIELD_MS);
    }
    if (time_msec() < agent->started + XFSM_PATIENCE_MS) {
        poll_timer_wait_until(agent->started + XFSM_PATIENCE_MS);
    }
    if (agent->lockless_since && !agent->refused) {
        poll_timer_wait_until(agent->lockless_since + XFSM_PATIENCE_MS);
    }
}

/* Answers "memory/show", and tells the log of memory that grows. */
static void
report_memory(struct xfsm_agent *agent)
{
    struct simap usage = SIMAP_INITIALIZER(&usage);

    memory_run();
    if (memory_should_report()) {
        simap_increase(&usage, "probes", shash_count(&agent->monitors));
        simap_increase(&usage, "programs",
                       xfsm_programs_count(agent->programs));
        ovsdb_idl_get_memory_usage(agent->ovs.idl, &usage);
        ovsdb_idl_get_memory_usage(agent->xfsm.idl, &usage);
        memory_report(&usage);
        simap_destroy(&usage);
    }
}

/* Stops all probes and tells the databases so. */
static void
shut_down(struct xfsm_agent *agent)
{
    long long int deadline = time_msec() + EXIT_MS;
    struct shash_node *node;
    bool written = false;

    xfsm_mitigator_stop(agent->mitigator);
    SHASH_FOR_EACH (node, &agent->monitors) {
        xfsm_monitor_configure(node->data, NULL);
    }
    while (time_msec() < deadline
           && (!written || !shash_is_empty(&agent->monitors)
               || agent->hub.worker.state != XFSM_WORKER_IDLE)) {
        struct ovsdb_idl_txn *ovs_txn = ovsdb_idl_loop_run(&agent->ovs);
        struct ovsdb_idl_txn *xfsm_txn = ovsdb_idl_loop_run(&agent->xfsm);
        int ovs_done, xfsm_done;

        xfsm_watch_run();
        SHASH_FOR_EACH_SAFE (node, &agent->monitors) {
            struct xfsm_monitor *m = node->data;

            xfsm_monitor_run(m, true, false, &agent->settings,
                             agent->programs, &agent->hub);
            if (xfsm_monitor_is_done(m)) {
                xfsm_monitor_destroy(m);
                shash_delete(&agent->monitors, node);
            }
        }
        if (shash_is_empty(&agent->monitors)) {
            /* The hub last: it has what the probes said at the end. */
            xfsm_hub_link_enable(&agent->hub, false);
        }
        xfsm_hub_link_run(&agent->hub);
        agent->status_changed = true;
        agent->status_hold = 0;
        if (knows_rows(agent) && !xfsm_agent_is_passive(agent)) {
            xfsm_status_run(agent, ovs_txn, xfsm_txn);
        }
        ovs_done = ovsdb_idl_loop_commit_and_wait(&agent->ovs);
        xfsm_done = ovsdb_idl_loop_commit_and_wait(&agent->xfsm);
        written = ((ovs_done == 1
                    || !ovsdb_idl_is_connected(agent->ovs.idl))
                   && (xfsm_done == 1
                       || !ovsdb_idl_is_connected(agent->xfsm.idl)));
        xfsm_watch_wait();
        xfsm_hub_link_wait(&agent->hub);
        poll_timer_wait(EXIT_POLL_MS);
        poll_block();
    }
}

int
main(int argc, char *argv[])
{
    struct xfsm_agent agent = { 0 };
    struct unixctl_server *unixctl;
    struct if_notifier *notifier;
    char *unixctl_path = NULL;

    ovs_cmdl_proctitle_init(argc, argv);
    ovs_set_program_name("ovs-xfsmd", XFSM_VERSION);
    xfsm_agent_parse_options(argc, argv, &agent, &unixctl_path);
    fatal_ignore_sigpipe();
    /* Where it is ignored, as who starts us may have it, children are gone
     * before they can be waited for. */
    signal(SIGCHLD, SIG_DFL);

    xfsm_daemonize_start(true);
    xfsm_term_signal_init();
    xfsm_stopped_init();
    if (unixctl_server_create(unixctl_path, &unixctl)) {
        exit(EXIT_FAILURE);
    }
    xfsm_agent_remove_stale_files();
    xfsm_agent_show_init(&agent);
    agent_init(&agent);
    notifier = if_notifier_create(note_devices_changed, NULL);
    daemonize_complete();
    VLOG_INFO("ovs-xfsmd %s", XFSM_VERSION);

    while (!agent.exiting && !xfsm_term_signal_received()) {
        agent_run(&agent);
        unixctl_server_run(unixctl);
        report_memory(&agent);
        memory_wait();
        unixctl_server_wait(unixctl);
        agent_wait(&agent);
        xfsm_term_signal_wait();
        if (agent.exiting) {
            poll_immediate_wake();
        }
        poll_block();
    }

    shut_down(&agent);
    if_notifier_destroy(notifier);
    agent_destroy(&agent);
    unixctl_server_destroy(unixctl);
    return 0;
}
