/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include <config.h>
#include "ovsdb-schema/ovs-compat.h"

#include "utilities/xfsm-ctl.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "db-ctl-base.h"
#include "dirs.h"
#include "jsonrpc.h"
#include "openvswitch/json.h"
#include "unixctl.h"
#include "util.h"

/* How 'init' goes about it.
 *
 * The database is a file of its own, beside the switch's, and is added to the
 * switch's database server while that runs: neither the server nor the
 * switch's own database is ever restarted, removed or replaced.
 *
 * A database with an older schema is converted offline, between
 * ovsdb-server/remove-db and add-db, because an online conversion leaves the
 * server of Open vSwitch 3.1 with a stale copy of the schema.  The file as it
 * was is kept, and served again if the conversion fails.
 *
 * One 'init' at a time works on a database file; the others wait. */

struct init {
    const char *database;       /* Its name. */
    char *schema;               /* Schema file. */
    char *schema_version;       /* Its version. */
    char *db_file;              /* Database file. */
    char *socket;               /* Control socket of the server. */
    struct jsonrpc *control;    /* Connection to it. */
    int lock_fd;                /* Of the file that says we are at it. */
};

/* Stores in '*versionp' the version that the schema file 'name' states. */
static char *
read_schema_version(const char *name, char **versionp)
{
    struct json *schema = json_from_file(name);
    char *error = NULL;

    *versionp = NULL;
    if (schema->type == JSON_STRING) {
        error = xasprintf("%s: %s", name, json_string(schema));
    } else if (schema->type == JSON_OBJECT) {
        const struct json *version = shash_find_data(json_object(schema),
                                                     "version");
        if (version && version->type == JSON_STRING) {
            *versionp = xstrdup(json_string(version));
        }
    }
    if (!error && !*versionp) {
        error = xasprintf("%s: not a database schema with a version", name);
    }
    json_destroy(schema);
    return error;
}

/* Compares versions x.y.z as strcmp() does strings. */
static char *
compare_versions(const char *a, const char *b, int *orderp)
{
    unsigned int va[3], vb[3];

    if (!ovs_scan(a, "%u.%u.%u", &va[0], &va[1], &va[2])) {
        return xasprintf("schema version \"%s\" is not of the form x.y.z", a);
    }
    if (!ovs_scan(b, "%u.%u.%u", &vb[0], &vb[1], &vb[2])) {
        return xasprintf("schema version \"%s\" is not of the form x.y.z", b);
    }

    int order = 0;
    for (int i = 0; i < 3 && !order; i++) {
        order = (va[i] > vb[i]) - (va[i] < vb[i]);
    }
    *orderp = order;
    return NULL;
}

/* Runs ovsdb-tool with up to three arguments. */
static char *
ovsdb_tool(char **outputp, const char *verb, const char *a, const char *b,
           const char *c)
{
    const char *argv[] = { "ovsdb-tool", verb, a, b, c, NULL };
    bool missing;
    char *error = xfsm_ctl_run(argv, outputp, &missing);

    if (error && missing) {
        free(error);
        return xstrdup("ovsdb-tool was not found: it comes with Open vSwitch "
                       "(Debian: openvswitch-common)");
    } else if (error) {
        char *full = xasprintf("ovsdb-tool %s: %s%s%s", verb, error,
                               *outputp && **outputp ? ": " : "",
                               *outputp ? *outputp : "");
        free(error);
        return full;
    }
    return NULL;
}

/* Finds the control socket of the server that 'remote' leads to: beside its
 * database socket, else in the default folder. */
static char *
find_control_socket(const char *remote, char **socketp)
{
    if (strncmp(remote, "unix:", 5)) {
        return xasprintf("init needs the database server of this machine: "
                         "%s is not of the form unix:FILE", remote);
    }

    char *beside = dir_name(remote + 5);
    const char *const dirs[] = { beside, ovs_rundir() };
    *socketp = NULL;
    for (size_t i = 0; i < ARRAY_SIZE(dirs) && !*socketp; i++) {
        char *pidfile = xasprintf("%s/ovsdb-server.pid", dirs[i]);

        if (!access(pidfile, R_OK)) {
            pid_t pid = read_pidfile(pidfile);
            if (pid > 0) {
                *socketp = xasprintf("%s/ovsdb-server.%ld.ctl", dirs[i],
                                     (long int) pid);
            }
        }
        free(pidfile);
    }

    char *error = NULL;
    if (!*socketp) {
        error = xasprintf("no running ovsdb-server has a pidfile in %s: name "
                          "its control socket with --ctl", beside);
    }
    free(beside);
    return error;
}

/* Sends a command to the server.  One it refuses because it takes its
 * databases from a configuration file (Open vSwitch 3.3) is explained. */
static char *
server_command(struct init *init, const char *command, const char *argument)
{
    char *argv[] = { CONST_CAST(char *, argument) };
    char *result = NULL;
    char *refusal = NULL;
    char *error = NULL;
    int retval = unixctl_client_transact(init->control, command, 1, argv,
                                         &result, &refusal);

    if (retval) {
        error = xasprintf("%s: transaction error (%s)", init->socket,
                          ovs_retval_to_string(retval));
    } else if (refusal && strstr(refusal, "ovsdb-server/reload")) {
        error = xasprintf(
            "%s %s: this ovsdb-server was started with --config-file and "
            "refuses it: add the database to that file, or run a server "
            "of its own for %s and ovs-xfsmd with --xfsm-db (it said: %s)",
            command, argument, init->database, refusal);
    } else if (refusal) {
        error = xasprintf("%s %s: %s", command, argument, refusal);
    }
    if (error) {
        size_t n = strlen(error);
        while (n && error[n - 1] == '\n') {
            error[--n] = '\0';
        }
    }
    free(result);
    free(refusal);
    return error;
}

/* Makes the file and its owner those of the server, which may not run as
 * root. */
static char *
give_to_server(const struct init *init, const char *file)
{
    struct stat s;

    if (!stat(init->socket, &s) && s.st_uid != geteuid()
        && chown(file, s.st_uid, s.st_gid)) {
        return xasprintf("%s: cannot give it to uid %ld (%s)", file,
                         (long int) s.st_uid, ovs_strerror(errno));
    }
    return NULL;
}

static char *
create_file(struct init *init)
{
    char *output;
    char *error = ovsdb_tool(&output, "create", init->db_file, init->schema,
                             NULL);

    free(output);
    return error ? error : give_to_server(init, init->db_file);
}

/* Converts the database file, which no server has open, and keeps it as it
 * was as FILE.backup-VERSION. */
static char *
convert_file(struct init *init, const char *old_version)
{
    char *backup = xasprintf("%s.backup-%s", init->db_file, old_version);
    char *converted = xasprintf("%s.new", init->db_file);
    char *output = NULL;
    char *error = NULL;

    unlink(converted);
    unlink(backup);
    if (link(init->db_file, backup)) {
        error = xasprintf("%s: cannot be linked (%s)", backup,
                          ovs_strerror(errno));
    }
    if (!error) {
        error = ovsdb_tool(&output, "convert", init->db_file, init->schema,
                           converted);
    }
    if (!error) {
        error = give_to_server(init, converted);
    }
    if (!error && rename(converted, init->db_file)) {
        error = xasprintf("%s: cannot be renamed to %s (%s)", converted,
                          init->db_file, ovs_strerror(errno));
    }
    if (error) {
        unlink(converted);
    }
    free(output);
    free(converted);
    free(backup);
    return error;
}

/* Compares 'version', that of an existing database, with the schema's.
 * Refuses a newer one; stores in '*olderp' whether it must be converted. */
static char *
check_version(const struct init *init, const char *version, bool *olderp)
{
    int order = 0;
    char *error = compare_versions(version, init->schema_version, &order);

    if (!error && order > 0) {
        error = xasprintf("the database has schema version %s, newer than %s "
                          "of %s: upgrade this software", version,
                          init->schema_version, init->schema);
    }
    *olderp = !error && order < 0;
    return error;
}

/* The server has the database already: converts it if it is older. */
static char *
upgrade_served(struct init *init, struct jsonrpc *rpc)
{
    char *version;
    bool older = false;
    char *error = xfsm_ctl_server_version(rpc, init->database, &version);

    if (!error) {
        error = check_version(init, version, &older);
    }
    if (!error && older && access(init->db_file, F_OK)) {
        error = xasprintf("%s is served with the older schema version %s, "
                          "but not from %s: name its file with --db-file",
                          init->database, version, init->db_file);
    }
    if (error || !older) {
        if (!error) {
            printf("%s: served already, schema version %s\n",
                   init->database, version);
        }
        free(version);
        return error;
    }

    error = server_command(init, "ovsdb-server/remove-db",
                           init->database);
    if (!error) {
        error = convert_file(init, version);

        char *add_error = server_command(init, "ovsdb-server/add-db",
                                         init->db_file);
        if (!error) {
            error = add_error;
        } else {
            free(add_error);
        }
    }
    if (!error) {
        printf("%s: converted from schema version %s to %s\n", init->db_file,
               version, init->schema_version);
    }
    free(version);
    return error;
}

/* Makes or converts the file and has the server add it. */
static char *
add_to_server(struct init *init)
{
    const char *done = "added to the running ovsdb-server";
    char *version = NULL;
    char *error;

    if (access(init->db_file, F_OK)) {
        error = create_file(init);
        done = "created and added to the running ovsdb-server";
    } else {
        bool older = false;

        error = ovsdb_tool(&version, "db-version", init->db_file, NULL, NULL);
        if (!error) {
            error = check_version(init, version, &older);
        }
        if (!error && older) {
            error = convert_file(init, version);
            done = "converted and added to the running ovsdb-server";
        }
    }
    if (!error) {
        error = server_command(init, "ovsdb-server/add-db", init->db_file);
    }
    if (!error) {
        printf("%s: %s, schema version %s\n", init->db_file, done,
               init->schema_version);
    }
    free(version);
    return error;
}

/* Waits until no other 'init' works on the database: ovs-xfsmd runs one when
 * it finds the database missing, as it is while another one converts it. */
static char *
lock_file(struct init *init)
{
    char *name = xasprintf("%s.init-lock", init->db_file);
    char *error = NULL;

    init->lock_fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (init->lock_fd < 0 || flock(init->lock_fd, LOCK_EX)) {
        error = xasprintf("%s: cannot be locked (%s)", name,
                          ovs_strerror(errno));
    }
    free(name);
    return error;
}

static char *
option_or(const struct shash *options, const char *name, char *default_value)
{
    const char *value = shash_find_data(options, name);

    if (!value) {
        return default_value;
    }
    free(default_value);
    return xstrdup(value);
}

char *
xfsm_ctl_compare_schema(const char *schema, const char *version,
                        char **wantedp, bool *olderp)
{
    struct init init = { .schema = CONST_CAST(char *, schema) };
    char *error = read_schema_version(schema, &init.schema_version);

    if (!error) {
        error = check_version(&init, version, olderp);
    }
    *wantedp = init.schema_version;
    return error;
}

char *
xfsm_ctl_init(const char *remote, const char *database,
              const struct shash *options)
{
    struct sset databases = SSET_INITIALIZER(&databases);
    struct jsonrpc *rpc = NULL;
    struct init init = {
        .database = database,
        .lock_fd = -1,
        .schema = option_or(options, "--schema",
                            xasprintf("%s/xfsm.ovsschema",
                                      xfsm_ctl_pkgdatadir())),
        .db_file = option_or(options, "--db-file",
                             xasprintf("%s/xfsm.db", ovs_dbdir())),
        .socket = option_or(options, "--ctl", NULL),
    };
    char *error = read_schema_version(init.schema, &init.schema_version);

    if (!error && !init.socket) {
        error = find_control_socket(remote, &init.socket);
    }
    if (!error) {
        int retval = unixctl_client_create(init.socket, &init.control);
        if (retval) {
            error = xasprintf("%s: cannot connect to ovsdb-server (%s)",
                              init.socket, ovs_retval_to_string(retval));
        }
    }
    if (!error) {
        error = lock_file(&init);
    }
    if (!error) {
        error = xfsm_ctl_server_open(remote, &rpc);
    }
    if (!error) {
        error = xfsm_ctl_server_list(rpc, &databases);
    }
    if (!error) {
        if (sset_contains(&databases, database)) {
            error = upgrade_served(&init, rpc);
        } else {
            error = add_to_server(&init);
        }
    }

    if (init.lock_fd >= 0) {
        close(init.lock_fd);
    }
    jsonrpc_close(init.control);
    jsonrpc_close(rpc);
    sset_destroy(&databases);
    free(init.socket);
    free(init.db_file);
    free(init.schema_version);
    free(init.schema);
    return error;
}

/* Everything was done before the transaction. */
static void
cmd_init(struct ctl_context *ctx OVS_UNUSED)
{
}

const struct ctl_command_syntax xfsm_ctl_init_commands[] = {
    {"init", 0, 0, "", NULL, cmd_init, NULL,
     "--schema=,--db-file=,--ctl=", RW},
    {NULL, 0, 0, NULL, NULL, NULL, NULL, NULL, RO},
};
