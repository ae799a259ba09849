/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include <config.h>
#include "ovsdb-schema/ovs-compat.h"

#include "controller/members.h"

#include <stdlib.h>
#include <string.h>

#include "controller/collector.h"
#include "controller/health.h"
#include "controller/host.h"
#include "hash.h"
#include "openvswitch/poll-loop.h"
#include "openvswitch/shash.h"
#include "openvswitch/vlog.h"
#include "ovsdb-idl.h"
#include "ovsdb-schema/xfsm-fleet-idl.h"
#include "smap.h"
#include "timeval.h"
#include "util.h"

VLOG_DEFINE_THIS_MODULE(members);

/* How long leaving may take, in milliseconds. */
#define LEAVE 1000

struct member {
    int64_t heartbeat;
    long long int changed;      /* When that was seen to change. */
    bool alive;
};

struct xfsm_members {
    char *name;
    struct ovsdb_idl *idl;
    struct ovsdb_idl_index *by_name;    /* Hosts. */
    struct ovsdb_idl_txn *txn;  /* In progress, or NULL. */
    struct shash members;       /* struct member, by name. */
    unsigned int seqno;
    int64_t heartbeat;
    long long int next_heartbeat;
    long long int next_write;
    long long int next_statistics;
    long long int connected;    /* When it was last so; 0 if never. */
    bool joined;                /* Our row is there, or was. */
    bool away;                  /* From the database, for too long. */
};

struct xfsm_members *
xfsm_members_create(const char *remote, const char *name)
{
    const struct ovsdb_idl_column *const columns[] = {
        &fleetrec_controller_col_name, &fleetrec_controller_col_heartbeat,
        &fleetrec_host_col_name, &fleetrec_host_col_leaving,
    };
    const struct ovsdb_idl_column *const written[] = {
        &fleetrec_controller_col_version, &fleetrec_controller_col_hosts,
        &fleetrec_host_col_state, &fleetrec_host_col_error,
        &fleetrec_host_col_controller, &fleetrec_host_col_agent_version,
        &fleetrec_host_col_last_sync, &fleetrec_host_col_statistics,
        &fleetrec_host_col_canaries, &fleetrec_host_col_cur_cfg,
        &fleetrec_host_col_collected, &fleetrec_host_col_programs,
    };
    struct xfsm_members *m = xzalloc(sizeof *m);
    size_t i;

    m->name = xstrdup(name);
    m->idl = ovsdb_idl_create(remote, &fleetrec_idl_class, false, true);
    shash_init(&m->members);
    for (i = 0; i < ARRAY_SIZE(columns); i++) {
        ovsdb_idl_add_column(m->idl, columns[i]);
    }
    for (i = 0; i < ARRAY_SIZE(written); i++) {
        ovsdb_idl_add_column(m->idl, written[i]);
        ovsdb_idl_omit_alert(m->idl, written[i]);
    }
    m->by_name = ovsdb_idl_index_create1(m->idl, &fleetrec_host_col_name);
    return m;
}

static const struct fleetrec_controller *
find_row(const struct xfsm_members *m, const char *name)
{
    const struct fleetrec_controller *row;

    FLEETREC_CONTROLLER_FOR_EACH (row, m->idl) {
        if (!strcmp(row->name, name)) {
            return row;
        }
    }
    return NULL;
}

static bool
is_connected(const struct xfsm_members *m)
{
    return ovsdb_idl_is_connected(m->idl)
           && ovsdb_idl_has_ever_connected(m->idl);
}

/* Removes our row. */
static void
leave(struct xfsm_members *m)
{
    const struct fleetrec_controller *row;
    long long int deadline = time_msec() + LEAVE;
    struct ovsdb_idl_txn *txn;

    if (m->txn) {
        ovsdb_idl_txn_destroy(m->txn);
        m->txn = NULL;
    }
    ovsdb_idl_run(m->idl);
    row = is_connected(m) ? find_row(m, m->name) : NULL;
    if (!row) {
        return;
    }
    txn = ovsdb_idl_txn_create(m->idl);
    fleetrec_controller_delete(row);
    while (ovsdb_idl_txn_commit(txn) == TXN_INCOMPLETE
           && time_msec() < deadline) {
        ovsdb_idl_run(m->idl);
        ovsdb_idl_wait(m->idl);
        ovsdb_idl_txn_wait(txn);
        poll_timer_wait_until(deadline);
        poll_block();
    }
    ovsdb_idl_txn_destroy(txn);
}

void
xfsm_members_destroy(struct xfsm_members *m)
{
    if (m) {
        leave(m);
        ovsdb_idl_destroy(m->idl);
        shash_destroy_free_data(&m->members);
        free(m->name);
        free(m);
    }
}

/* ## Who lives ## */

static bool
set_alive(struct member *member, bool alive)
{
    bool changed = member->alive != alive;

    member->alive = alive;
    return changed;
}

/* Forgets those without a row. */
static bool
forget_members(struct xfsm_members *m)
{
    struct shash_node *node;
    bool changed = false;

    SHASH_FOR_EACH_SAFE (node, &m->members) {
        if (!find_row(m, node->name)) {
            VLOG_INFO("controller %s has left", node->name);
            free(node->data);
            shash_delete(&m->members, node);
            changed = true;
        }
    }
    return changed;
}

/* Finds out who lives; we do, once we have joined. */
static void
watch_members(struct xfsm_members *m)
{
    const struct fleetrec_controller *row;
    bool changed = forget_members(m);
    long long int now = time_msec();

    FLEETREC_CONTROLLER_FOR_EACH (row, m->idl) {
        struct member *member = shash_find_data(&m->members, row->name);
        bool ours = !strcmp(row->name, m->name);

        if (!member) {
            VLOG_INFO("controller %s is there%s", row->name,
                      ours ? ", which is this one" : "");
            member = xzalloc(sizeof *member);
            member->heartbeat = row->heartbeat - 1;
            shash_add(&m->members, row->name, member);
        }
        m->joined = m->joined || ours;
        if (ours || member->heartbeat != row->heartbeat) {
            member->heartbeat = row->heartbeat;
            member->changed = now;
            changed = set_alive(member, true) || changed;
        } else if (now - member->changed >= XFSM_MEMBERS_DEAD
                   && set_alive(member, false)) {
            VLOG_WARN("controller %s is dead; the others take over",
                      row->name);
            changed = true;
        }
    }
    m->seqno += changed;
}

/* Notices that the database is away. */
static void
watch_connection(struct xfsm_members *m)
{
    bool away = (time_msec() - m->connected >= XFSM_MEMBERS_DEAD
                 && shash_count(&m->members) > 1);

    if (away != m->away) {
        if (away) {
            VLOG_WARN("the database of the fleet is away: hosts are left to "
                      "the other controllers");
        }
        m->away = away;
        m->seqno++;
    }
}

unsigned int
xfsm_members_seqno(const struct xfsm_members *m)
{
    return m->seqno;
}

bool
xfsm_members_owns(const struct xfsm_members *m, const char *host)
{
    const char *owner = NULL;
    const struct shash_node *node;
    uint32_t best = 0;

    if (!m->joined || m->away) {
        return false;
    }
    SHASH_FOR_EACH (node, &m->members) {
        const struct member *member = node->data;
        uint32_t hash = hash_string(node->name, hash_string(host, 0));

        if (member->alive
            && (!owner || hash > best
                || (hash == best && strcmp(node->name, owner) > 0))) {
            owner = node->name;
            best = hash;
        }
    }
    return owner && !strcmp(owner, m->name);
}

uint64_t
xfsm_members_get_collected(const struct xfsm_members *m, const char *host)
{
    struct fleetrec_host *key = fleetrec_host_index_init_row(m->by_name);
    const struct fleetrec_host *row;

    fleetrec_host_index_set_name(key, host);
    row = fleetrec_host_index_find(m->by_name, key);
    fleetrec_host_index_destroy_row(key);
    return row && row->n_collected ? MAX(*row->collected, 0) : 0;
}

/* ## What is told ## */

static void
write_statistics(const struct fleetrec_host *row,
                 const struct xfsm_host_status *status)
{
    const char *names[] = {
#define SUM_NAME(KEY, MEMBER) KEY,
        XFSM_HEALTH_SUMS(SUM_NAME)
#undef SUM_NAME
        "drifts",
    };
    const int64_t values[] = {
#define SUM_VALUE(KEY, MEMBER) status->sums.MEMBER,
        XFSM_HEALTH_SUMS(SUM_VALUE)
#undef SUM_VALUE
        status->drifts,
    };

    fleetrec_host_set_statistics(row, names, values, ARRAY_SIZE(names));
}

/* Writes 'programs' if they are others: the host's row is looked at often, and
 * they seldom change. */
static void
write_versions(const struct xfsm_members *m, const struct fleetrec_host *row,
               const struct smap *programs)
{
    if (fleetrec_server_has_host_table_col_programs(m->idl)
        && !smap_equal(&row->programs, programs)) {
        fleetrec_host_set_programs(row, programs);
    }
}

static void
write_host(const struct xfsm_members *m, const struct fleetrec_host *row,
           struct xfsm_host *host, int64_t cfg, bool statistics)
{
    struct xfsm_host_status status;
    char *problems = xstrdup(xfsm_host_get_problems(host));
    size_t len = strlen(problems);

    if (len && problems[len - 1] == '\n') {
        problems[len - 1] = '\0';
    }
    if (statistics) {
        xfsm_host_get_status(host, &status);
    } else {
        xfsm_host_get_brief_status(host, &status);
    }
    fleetrec_host_set_state(row, xfsm_host_state_to_word(status.state));
    fleetrec_host_set_error(row, problems[0] ? problems : NULL);
    fleetrec_host_set_controller(row, m->name);
    fleetrec_host_set_agent_version(row, status.agent_version);
    fleetrec_host_set_last_sync(row, &status.last_sync,
                                status.last_sync ? 1 : 0);
    fleetrec_host_set_canaries(row, &status.canaries);
    if (status.state == XFSM_HOST_DONE) {
        fleetrec_host_set_cur_cfg(row, cfg);
        write_versions(m, row, status.programs);
    }
    if (statistics) {
        write_statistics(row, &status);
    }
    xfsm_host_status_destroy(&status);
    free(problems);
}

/* Tells whether the host of 'row' was to leave, and has left. */
static bool
has_left(const struct fleetrec_host *row, const struct xfsm_host *host,
         int64_t cfg)
{
    return row->n_leaving && cfg >= row->leaving[0]
           && xfsm_host_get_state(host) == XFSM_HOST_DONE;
}

static void
write_collected(const struct fleetrec_host *row,
                const struct xfsm_collector *collector)
{
    int64_t collected = (collector
                         ? xfsm_collector_get_collected(collector, row->name)
                         : 0);

    if (collected) {
        fleetrec_host_set_collected(row, &collected, 1);
    }
}

static void
write_hosts(struct xfsm_members *m, const struct shash *hosts,
            const struct xfsm_collector *collector, int64_t cfg)
{
    bool statistics = time_msec() >= m->next_statistics;
    const struct fleetrec_host *row;

    if (statistics) {
        m->next_statistics = time_msec() + XFSM_MEMBERS_STATISTICS;
    }
    FLEETREC_HOST_FOR_EACH_SAFE (row, m->idl) {
        struct xfsm_host *host = shash_find_data(hosts, row->name);

        if (host && has_left(row, host, cfg)) {
            VLOG_INFO("host %s has left", row->name);
            fleetrec_host_verify_leaving(row);
            fleetrec_host_delete(row);
        } else if (host) {
            write_host(m, row, host, cfg, statistics);
            if (statistics && fleetrec_server_has_host_table_col_collected(
                    m->idl)) {
                write_collected(row, collector);
            }
        }
    }
}

static void
write_members(struct xfsm_members *m, const struct shash *hosts)
{
    const struct fleetrec_controller *row = find_row(m, m->name);
    const struct fleetrec_controller *other;

    if (!row) {
        row = fleetrec_controller_insert(m->txn);
        fleetrec_controller_set_name(row, m->name);
    }
    fleetrec_controller_set_version(row, XFSM_VERSION);
    fleetrec_controller_set_hosts(row, shash_count(hosts));
    if (time_msec() >= m->next_heartbeat) {
        fleetrec_controller_set_heartbeat(row, ++m->heartbeat);
        m->next_heartbeat = time_msec() + XFSM_MEMBERS_HEARTBEAT;
    }
    FLEETREC_CONTROLLER_FOR_EACH_SAFE (other, m->idl) {
        const struct member *member = shash_find_data(&m->members,
                                                      other->name);

        if (other != row && member && !member->alive) {
            fleetrec_controller_delete(other);
        }
    }
}

static void
commit(struct xfsm_members *m)
{
    enum ovsdb_idl_txn_status status = ovsdb_idl_txn_commit(m->txn);

    if (status == TXN_INCOMPLETE) {
        return;
    } else if (status == TXN_ERROR) {
        static struct vlog_rate_limit rl = VLOG_RATE_LIMIT_INIT(1, 5);

        VLOG_WARN_RL(&rl, "cannot write to the database of the fleet: %s",
                     ovsdb_idl_txn_get_error(m->txn));
    }
    ovsdb_idl_txn_destroy(m->txn);
    m->txn = NULL;
}

void
xfsm_members_run(struct xfsm_members *m, const struct shash *hosts,
                 const struct xfsm_collector *collector, int64_t cfg)
{
    ovsdb_idl_run(m->idl);
    if (is_connected(m)) {
        m->connected = time_msec();
        watch_members(m);
    }
    watch_connection(m);
    if (m->txn) {
        commit(m);
    } else if (is_connected(m) && time_msec() >= m->next_write) {
        m->next_write = time_msec() + XFSM_MEMBERS_WRITE;
        m->txn = ovsdb_idl_txn_create(m->idl);
        write_members(m, hosts);
        write_hosts(m, hosts, collector, cfg);
        commit(m);
    }
}

void
xfsm_members_wait(struct xfsm_members *m)
{
    ovsdb_idl_wait(m->idl);
    if (m->txn) {
        ovsdb_idl_txn_wait(m->txn);
    }
    poll_timer_wait_until(m->txn ? time_msec() + XFSM_MEMBERS_WRITE
                                 : m->next_write);
}
