/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef OVS_PLUGIN_AGENT_H
#define OVS_PLUGIN_AGENT_H 1

/* The parts of the agent, and what they share.
 *
 * The agent (ovs-xfsmd.c) compares what the databases ask for with what runs,
 * and acts on the difference:
 *
 *     rows.c       rows of the databases -> options, programs, desired.h
 *     monitor.h    one monitored interface: its probe made as desired
 *     programs.h   names -> images
 *     hub-link.h   the hub
 *     exporter-link.h, agent-metrics.h     metrics over HTTP
 *     status.c     outcome -> rows of the databases
 *     mirror.c     mirrors of ports that cannot be listened to
 *     db-init.h    the database XFSM, where the server forgot it
 *     mitigator.h  flows that programs ask for, where the operator wants it
 *     rbac.c       what clients of other hosts may write
 *     agent-show.c what ovs-appctl prints
 *     agent-start.c options, limits, and what an earlier agent left behind
 *
 * All of it is one thread, and none of it reads a packet or XML.  Children
 * are the only ones that do, and their word is not trusted. */

#include <stdbool.h>

#include "openvswitch/shash.h"
#include "ovsdb-idl.h"
#include "ovs-plugin/db-init.h"
#include "ovs-plugin/desired.h"
#include "ovs-plugin/epoch.h"
#include "ovs-plugin/exporter-link.h"
#include "ovs-plugin/hub-link.h"
#include "ovs-plugin/monitor.h"
#include "ovs-plugin/programs.h"
#include "simap.h"

/* How long nothing is written after a transaction failed... */
#define XFSM_STATUS_RETRY_MS 200

/* ...and at most after one that told of another status, so that what changes
 * on many ports at the same time makes few transactions: a millisecond for as
 * many probes as this. */
#define XFSM_STATUS_MS 100
#define XFSM_STATUS_PROBES_PER_MS 5

/* File in the folder of the switch's database that has what releases.h
 * remembers. */
#define XFSM_AGENT_RELEASES "xfsm-program-versions"

/* File there that has the last number of a probe's life, of epoch.h. */
#define XFSM_AGENT_EPOCH "xfsm-epoch"

struct xfsm_mitigator;

struct xfsm_agent {
    /* Where things are; from the command line. */
    char *remote;               /* Of the database server. */
    char *xfsm_remote;          /* Of another one that has XFSM, or NULL. */
    char *bindir;
    char *libexecdir;
    char *programs_dir;
    char *program_keys;         /* Or NULL: programs need no signature. */
    char *program_versions;     /* File of what must not come back of them. */
    char *user;                 /* Of confined processes, or NULL. */

    struct ovsdb_idl_loop ovs;  /* Database Open_vSwitch. */
    struct ovsdb_idl_loop xfsm; /* Database XFSM. */
    unsigned int ovs_seqno;     /* As of the last read... */
    unsigned int xfsm_seqno;    /* ...of rows. */
    long long int started;      /* When the agent started. */
    bool had_lock;              /* We were in charge of the database. */
    bool yielding;              /* Another agent was, when last heard. */
    bool lock_asked;            /* We ask for being so. */
    long long int connected_since;  /* While 'yielding'; 0: we are not. */
    bool refused;               /* The server lets us read only. */
    long long int lockless_since;   /* Connected, no answer on the lock. */
    bool exiting;
    bool unstarted;             /* Probes wait to be started, and now could. */

    struct xfsm_db_init db_init;
    struct xfsm_programs *programs;
    struct xfsm_hub_link hub;
    struct xfsm_exporter_link exporter;
    struct xfsm_epochs epochs;
    struct shash monitors;      /* struct xfsm_monitor, by interface. */
    struct xfsm_mitigator *mitigator;

    /* As of the last read of rows. */
    struct xfsm_monitor_settings settings;
    char *probe_path;           /* 'settings' points to these. */
    char *host;
    char *netdev_class;
    char *hw_offload;           /* Why not all packets are seen, or NULL. */
    bool mirror;                /* Mirror ports that cannot be listened to. */
    char *option_error;         /* Options that could not be used, or NULL. */
    char *assignment_error;     /* Assignments of no use, or NULL. */
    struct simap matches;       /* Interfaces of each Assignment, by name. */

    /* Of status.c. */
    bool status_changed;        /* Something is to be written now. */
    long long int next_stats;   /* When statistics may be written again. */
    long long int status_hold;  /* Nothing is written before that. */
};

/* True if another agent serves this host's databases. */
bool xfsm_agent_is_passive(const struct xfsm_agent *);

/* ## rows.c ## */

/* Asks for the columns that the agent needs, and no others. */
void xfsm_rows_init(struct xfsm_agent *);

/* Returns true if rows have changed since the last read. */
bool xfsm_rows_changed(const struct xfsm_agent *);

/* Reads the rows into 'settings', the programs, the hub's endpoint and
 * monitors, which are created and configured as desired.  Returns false if
 * only single monitors can have changed: what the agent itself writes to
 * Ports comes back as such a change. */
bool xfsm_rows_read(struct xfsm_agent *);

/* ## status.c ## */

/* Writes what is not in the rows as it should be.  A transaction is NULL while
 * there cannot be one. */
void xfsm_status_run(struct xfsm_agent *, struct ovsdb_idl_txn *ovs_txn,
                     struct ovsdb_idl_txn *xfsm_txn);
void xfsm_status_wait(const struct xfsm_agent *);

/* Has everything written anew: what was written did not get there. */
void xfsm_status_forget(struct xfsm_agent *);

/* ## rbac.c ## */

/* Asks for the columns that xfsm_rbac_write() needs. */
void xfsm_rbac_add_columns(struct ovsdb_idl *);

/* Makes the role "xfsm-controller" what it should be: it writes what is
 * wanted, and not what is. */
void xfsm_rbac_write(struct xfsm_agent *, struct ovsdb_idl_txn *xfsm_txn);

/* ## agent-start.c ## */

/* Parses the command line into 'agent' and '*unixctl_path', which is NULL for
 * the default.  Exits where that says so or is wrong. */
void xfsm_agent_parse_options(int argc, char *argv[], struct xfsm_agent *agent,
                              char **unixctl_path);

/* Sets what the process and its children need of limits and environment. */
void xfsm_agent_init_process(void);

/* Removes what probes that were killed have left behind. */
void xfsm_agent_remove_stale_files(void);

/* ## agent-show.c ## */

void xfsm_agent_show_init(struct xfsm_agent *);

#endif /* ovs-plugin/agent.h */
