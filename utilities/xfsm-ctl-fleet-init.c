/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include <config.h>
#include "ovsdb-schema/ovs-compat.h"

#include "utilities/xfsm-ctl.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dirs.h"
#include "jsonrpc.h"
#include "openvswitch/poll-loop.h"
#include "svec.h"
#include "timeval.h"
#include "unixctl.h"
#include "util.h"

/* How 'init' goes about the database of a fleet.
 *
 * Where a server is, the database is added to it, as that of a host is to the
 * switch's, see xfsm-ctl-init.c; where none is, and only with --start, one is
 * started that has nothing else: alone, or as the first or one more member of
 * a cluster.
 *
 * An older database of a cluster is converted by the cluster, all members at
 * once, and stays in use meanwhile.  One of a single server is converted
 * between remove-db and add-db, for the reason that xfsm-ctl-init.c tells;
 * clients connect again by themselves. */

/* How long a new member of a cluster may take to join it, in milliseconds. */
#define JOIN_MS 30000
#define JOIN_STEP_MS 100

/* Where what belongs to the server at the socket 'path' is: 'path' with
 * another end. */
static char *
beside(const char *path, const char *end)
{
    size_t len = strlen(path);

    if (len > 5 && !strcmp(&path[len - 5], ".sock")) {
        len -= 5;
    }
    return xasprintf("%.*s%s", (int) len, path, end);
}

static const char *
get_option(const struct shash *options, const char *name)
{
    return shash_find_data(options, name);
}

/* Runs 'argv' and tells what it said if it fails. */
static char *
run(const struct svec *argv)
{
    char *output;
    char *error = xfsm_ctl_run((const char *const *) argv->names, &output,
                               NULL);

    if (error && output && *output) {
        char *full = xasprintf("%s: %s", error, output);

        free(error);
        error = full;
    }
    free(output);
    return error;
}

static void
add_words(struct svec *argv, const char *list)
{
    while (list && *list) {
        size_t n = strcspn(list, ",");

        svec_add_nocopy(argv, xmemdup0(list, n));
        list += n + (list[n] == ',');
    }
}

/* Makes the file 'db', of a cluster if the options say so. */
static char *
create_file(const struct shash *options, const char *schema, const char *db)
{
    const char *raft = get_option(options, "--raft");
    const char *join = get_option(options, "--join");
    struct svec argv = SVEC_EMPTY_INITIALIZER;
    char *error;

    svec_add(&argv, "ovsdb-tool");
    if (!raft) {
        svec_add(&argv, "create");
        svec_add(&argv, db);
        svec_add(&argv, schema);
    } else if (!join) {
        svec_add(&argv, "create-cluster");
        svec_add(&argv, db);
        svec_add(&argv, schema);
        svec_add(&argv, raft);
    } else {
        svec_add(&argv, "join-cluster");
        svec_add(&argv, db);
        svec_add(&argv, XFSM_CTL_FLEET_DB);
        svec_add(&argv, raft);
        add_words(&argv, join);
    }
    svec_terminate(&argv);
    error = run(&argv);
    svec_destroy(&argv);
    return error;
}

/* Starts a server of 'db' at the socket 'path'. */
static char *
start_server(const struct shash *options, const char *path, const char *db)
{
    struct svec argv = SVEC_EMPTY_INITIALIZER;
    struct svec listen = SVEC_EMPTY_INITIALIZER;
    char *log = xasprintf("%s/xfsm-fleet-server.log", ovs_logdir());
    const char *where;
    char *error;
    size_t i;

    svec_add(&argv, "ovsdb-server");
    svec_add(&argv, "--detach");
    svec_add(&argv, "--monitor");
    svec_add(&argv, "-vconsole:off");
    svec_add_nocopy(&argv, xasprintf("--log-file=%s", log));
    for (i = 0; i < 2; i++) {
        char *file = beside(path, i ? ".ctl" : ".pid");

        svec_add_nocopy(&argv, xasprintf("--%s=%s", i ? "unixctl" : "pidfile",
                                         file));
        free(file);
    }
    svec_add_nocopy(&argv, xasprintf("--remote=punix:%s", path));
    add_words(&listen, get_option(options, "--listen"));
    SVEC_FOR_EACH (i, where, &listen) {
        svec_add_nocopy(&argv, xasprintf("--remote=%s", where));
    }
    xfsm_ctl_add_ssl_options(&argv);
    svec_add(&argv, db);
    svec_terminate(&argv);
    error = run(&argv);
    svec_destroy(&argv);
    svec_destroy(&listen);
    free(log);
    return error;
}

/* Tells whether the server with the control socket 'ctl' is a member of the
 * cluster. */
static bool
is_member(const char *ctl)
{
    char *argv[] = { CONST_CAST(char *, XFSM_CTL_FLEET_DB) };
    struct jsonrpc *rpc;
    char *result = NULL, *refusal = NULL;
    bool member = false;

    if (!unixctl_client_create(ctl, &rpc)) {
        if (!unixctl_client_transact(rpc, "cluster/status", 1, argv, &result,
                                     &refusal)) {
            member = result && strstr(result, "Status: cluster member")
                     && !strstr(result, "Leader: unknown");
        }
        jsonrpc_close(rpc);
    }
    free(result);
    free(refusal);
    return member;
}

/* Waits until the new member is one. */
static char *
wait_for_cluster(const char *path)
{
    long long int deadline = time_msec() + JOIN_MS;
    char *ctl = beside(path, ".ctl");
    char *error = NULL;

    while (!is_member(ctl)) {
        if (time_msec() >= deadline) {
            error = xasprintf("%s: is no member of the cluster after %d s; it "
                              "goes on trying", path, JOIN_MS / 1000);
            break;
        }
        poll_timer_wait(JOIN_STEP_MS);
        poll_block();
    }
    free(ctl);
    return error;
}

/* Makes the database and starts a server for it at 'remote'. */
static char *
start(const char *remote, const struct shash *options, const char *schema,
      const char *db)
{
    const char *path = remote + 5;
    bool exists = !access(db, F_OK);
    char *error = NULL;

    if (strncmp(remote, "unix:", 5)) {
        return xasprintf("a server can be started at unix:FILE only, %s is "
                         "none; --listen=ptcp:PORT or pssl:PORT makes it "
                         "listen elsewhere, too", remote);
    } else if (get_option(options, "--join")
               && !get_option(options, "--raft")) {
        return xstrdup("--join needs --raft=ADDRESS, that of the new member");
    } else if (exists && get_option(options, "--raft")) {
        return xasprintf("%s exists: a cluster is made, or joined, by a new "
                         "file; without --raft, what is there is served", db);
    }
    if (!exists) {
        error = create_file(options, schema, db);
    }
    if (!error) {
        error = start_server(options, path, db);
    }
    if (!error && get_option(options, "--raft")) {
        error = wait_for_cluster(path);
    }
    if (!error) {
        printf("%s: %s, and served at %s\n", db,
               exists ? "was there" : "created", remote);
    }
    return error;
}

/* Has the cluster convert its database if that is older than 'schema'. */
static char *
convert_cluster(struct jsonrpc *rpc, const char *schema)
{
    char *version, *wanted = NULL;
    bool older = false;
    char *error = xfsm_ctl_server_version(rpc, XFSM_CTL_FLEET_DB, &version);

    if (!error) {
        error = xfsm_ctl_compare_schema(schema, version, &wanted, &older);
    }
    if (!error && older) {
        error = xfsm_ctl_server_convert(rpc, XFSM_CTL_FLEET_DB, schema);
    }
    if (!error) {
        printf(older ? "%s: converted from schema version %s to %s\n"
               : "%s: served already, schema version %s\n",
               XFSM_CTL_FLEET_DB, version, wanted);
    }
    free(version);
    free(wanted);
    return error;
}

/* Options of the command for what is the same for hosts; the caller destroys
 * them with their data. */
static void
fill_options(const char *remote, const struct shash *given,
             const char *schema, const char *db, struct shash *options)
{
    const char *ctl = get_option(given, "--ctl");

    shash_add(options, "--schema", xstrdup(schema));
    shash_add(options, "--db-file", xstrdup(db));
    if (ctl) {
        shash_add(options, "--ctl", xstrdup(ctl));
    } else if (!strncmp(remote, "unix:", 5)) {
        char *path = beside(remote + 5, ".ctl");

        if (!access(path, F_OK)) {
            shash_add(options, "--ctl", path);
        } else {
            free(path);
        }
    }
}

/* There is a server: adds the database, or converts it. */
static char *
use_server(struct jsonrpc *rpc, const char *remote,
           const struct shash *given, const char *schema, const char *db)
{
    struct shash options = SHASH_INITIALIZER(&options);
    bool clustered;
    char *error = xfsm_ctl_server_is_clustered(rpc, XFSM_CTL_FLEET_DB,
                                               &clustered);

    if (!error && clustered) {
        error = convert_cluster(rpc, schema);
    } else if (!error) {
        fill_options(remote, given, schema, db, &options);
        if (!shash_find(&options, "--ctl")
            && (strlen(remote) < 8
                || strcmp(&remote[strlen(remote) - 8], "/db.sock"))) {
            error = xasprintf("%s: name the control socket of its server with "
                              "--ctl, on its machine", remote);
        } else {
            error = xfsm_ctl_init(remote, XFSM_CTL_FLEET_DB, &options);
        }
        shash_destroy_free_data(&options);
    }
    return error;
}

char *
xfsm_ctl_fleet_init(const char *remote, const struct shash *options)
{
    const char *given = get_option(options, "--schema");
    char *schema = (given ? xstrdup(given)
                    : xasprintf("%s/xfsm-fleet.ovsschema",
                                xfsm_ctl_pkgdatadir()));
    char *db = nullable_xstrdup(get_option(options, "--db-file"));
    struct jsonrpc *rpc;
    char *error;

    if (!db) {
        db = xasprintf("%s/xfsm-fleet.db", ovs_dbdir());
    }
    error = xfsm_ctl_server_open(remote, &rpc);
    if (!error) {
        error = use_server(rpc, remote, options, schema, db);
        jsonrpc_close(rpc);
    } else if (shash_find(options, "--start")) {
        free(error);
        error = start(remote, options, schema, db);
    } else {
        char *hint = xasprintf("%s; \"--start init\" starts a server there",
                               error);

        free(error);
        error = hint;
    }
    free(schema);
    free(db);
    return error;
}

/* Everything was done before the transaction. */
static void
cmd_init(struct ctl_context *ctx OVS_UNUSED)
{
}

const struct ctl_command_syntax xfsm_ctl_fleet_init_commands[] = {
    {"init", 0, 0, "", NULL, cmd_init, NULL,
     "--schema=,--db-file=,--ctl=,--start,--listen=,--raft=,--join=", RW},
    {NULL, 0, 0, NULL, NULL, NULL, NULL, NULL, RO},
};
