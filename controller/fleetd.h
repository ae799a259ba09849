/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef CONTROLLER_FLEETD_H
#define CONTROLLER_FLEETD_H 1

/* The parts of xfsm-controller that its main() puts together:
 *
 *   fleetd.c       where the fleet comes from, and which hosts are kept up;
 *   fleetd-show.c  what ovs-appctl can ask;
 *   fleetd-once.c  --once and --dry-run.
 *
 * Thread-safety: none. */

#include <stdbool.h>

#include "controller/collector.h"
#include "controller/host.h"
#include "controller/rest.h"
#include "controller/sink.h"
#include "controller/traffic.h"
#include "openvswitch/shash.h"

struct unixctl_conn;
struct unixctl_server;
struct xfsm_compiler;
struct xfsm_fleet;
struct xfsm_fleet_db;
struct xfsm_members;

/* Hosts for each millisecond between two turns of all of them: 100 ms between
 * those of 10000. */
#define XFSM_FLEETD_HOSTS_A_MS 100

struct controller {
    /* Options. */
    char *fleet_file;           /* Absolute, or NULL with 'db_remote'. */
    char *db_remote;            /* NULL with 'fleet_file'; both to import. */
    char *name;                 /* Ours, among several controllers. */
    char *program_keys;         /* Who may sign programs, or NULL: they need
                                 * no signature. */
    char *program_versions;     /* File of what must not come back of them,
                                 * or NULL. */
    char *tool;                 /* The toolbox, xfsm. */
    struct xfsm_sink_options events;    /* Where they go. */
    struct xfsm_collector_options collect;
    char *state_dir;            /* Absolute, or NULL. */
    char *key_file;             /* The same. */
    char *hub_keys;             /* The same. */
    int n_threads;              /* That collect events; 0: by processors. */
    const char *unixctl_path;
    enum xfsm_host_mode mode;
    bool once;
    bool import;
    int timeout;                /* Seconds. */
    struct xfsm_rest_options http;

    struct xfsm_fleet *fleet;   /* NULL until the database told. */
    struct xfsm_fleet *loading; /* Of the file, being compiled, or NULL. */
    struct xfsm_compiler *compiler;     /* For that, or NULL. */
    struct unixctl_conn **reloads;      /* Who waits for it, ... */
    size_t n_reloads, allocated_reloads;    /* ...and how many. */
    struct xfsm_fleet_db *db;   /* NULL with 'fleet_file'. */
    struct xfsm_members *members;   /* NULL if all hosts are ours. */
    unsigned int members_seqno; /* When 'hosts' were chosen. */
    int64_t cfg;                /* Changes that 'fleet' has, by number. */
    char *reload_error;         /* Of the last attempt, or NULL. */
    struct shash hosts;         /* struct xfsm_host, by name. */
    struct xfsm_traffic_sums gone;      /* Of hosts that were ours... */
    int64_t gone_drifts;        /* ...and times that they were put back. */
    long long int hosts_next;   /* No turn for them before, in ms. */
    bool hosts_held;            /* One is due then. */
    struct xfsm_collector *collector;   /* NULL with 'once'. */
    struct xfsm_sink *sink;
    int state_lock;
    struct xfsm_rest *rest;     /* NULL without --http. */
    bool exiting;
};

/* Reads the file, or connects to the database.  Returns an error, which is
 * the controller's, or NULL. */
const char *xfsm_fleetd_start(struct controller *);

/* Frees all members. */
void xfsm_fleetd_destroy(struct controller *);

/* Reads the file again, or with a database the keys of programs; if it is bad,
 * the old one stays.  'conn', which may be NULL, is told how that went, as
 * soon as the programs are compiled. */
void xfsm_fleetd_reload(struct controller *, struct unixctl_conn *conn);

/* Opens the file of the events again.  Returns an error, which the caller
 * frees, or NULL. */
char *xfsm_fleetd_reopen(struct controller *);

/* Makes progress, and arranges for poll_block() to wake up when there may be
 * more. */
void xfsm_fleetd_run(struct controller *);
void xfsm_fleetd_wait(struct controller *);

/* Registers the commands of ovs-appctl.  Exits on failure. */
struct unixctl_server *xfsm_fleetd_listen(struct controller *);

/* Runs until all hosts are up to date, or the time is over, and prints how
 * that went.  Returns the exit status. */
int xfsm_fleetd_once(struct controller *);

#endif /* controller/fleetd.h */
