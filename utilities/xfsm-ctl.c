/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include <config.h>
#include "ovsdb-schema/ovs-compat.h"

#include "utilities/xfsm-ctl.h"

#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "command-line.h"
#include "db-ctl-base.h"
#include "dirs.h"
#include "fatal-signal.h"
#include "jsonrpc.h"
#include "openvswitch/dynamic-string.h"
#include "openvswitch/poll-loop.h"
#include "openvswitch/vlog.h"
#include "ovsdb-data.h"
#include "ovsdb-idl.h"
#include "process.h"
#include "stream-ssl.h"
#include "stream.h"
#include "svec.h"
#include "table.h"
#include "timeval.h"
#include "util.h"

VLOG_DEFINE_THIS_MODULE(xfsm_ctl);

/* After that long is said who is waited for. */
#define WAIT_PATIENCE_MS 3000

/* --db or --fleet: the database server to contact. */
static const char *remote;

/* The database that commands are for. */
static const struct xfsm_ctl_db *db = &xfsm_ctl_host_db;

/* --oneline: each command's output on one line. */
static bool oneline;

/* --dry-run: commit nothing. */
static bool dry_run;

/* --wait: wait until the agent, or all of the fleet, has taken in the
 * change. */
static bool wait_for_agent;

/* "sync" is among the commands: wait, also where nothing has changed. */
static bool force_wait;

/* --timeout: seconds until we give up, 0 for never. */
static unsigned int timeout;

static struct table_style table_style = TABLE_STYLE_DEFAULT;

/* The databases that the server serves. */
static struct sset the_databases = SSET_INITIALIZER(&the_databases);

/* The connection and the transaction, for clean_exit() to free. */
static struct ovsdb_idl *the_idl;
static struct ovsdb_idl_txn *the_txn;

OVS_NO_RETURN static void
clean_exit(int status)
{
    if (the_txn) {
        ovsdb_idl_txn_abort(the_txn);
        ovsdb_idl_txn_destroy(the_txn);
    }
    ovsdb_idl_destroy(the_idl);
    sset_destroy(&the_databases);
    exit(status);
}

const char *
xfsm_ctl_pkgdatadir(void)
{
    const char *dir = getenv("XFSM_PKGDATADIR");

    return dir && *dir ? dir : XFSM_PKGDATADIR;
}

const char *
xfsm_ctl_remote(void)
{
    return remote;
}

bool
xfsm_ctl_serves(const char *database)
{
    return sset_contains(&the_databases, database);
}

/* The database of the fleet where --fleet does not say. */
static const char *
default_fleet(void)
{
    static char *fleet;

    if (!fleet) {
        const char *env = getenv("XFSM_FLEET_DB");

        fleet = (env && *env ? xstrdup(env)
                 : xasprintf("unix:%s/xfsm-fleet.sock", ovs_rundir()));
    }
    return fleet;
}

OVS_NO_RETURN static void
usage(void)
{
    printf("\
%s: XFSM monitoring configuration utility\n\
usage: %s [OPTIONS] COMMAND [ARG...] [-- COMMAND [ARG...]]...\n\
\n\
%s\n\
%s\
%s\
\n\
Options:\n\
  --db=DATABASE               connect to DATABASE\n\
                              (default: %s)\n\
  --fleet[=DATABASE]          commands are for the fleet in DATABASE, see\n\
                              --fleet --help (default: %s)\n\
  --wait                      wait until ovs-xfsmd, or all hosts of the\n\
                              fleet, have taken the change in\n\
  --no-wait                   do not wait for it (default)\n\
  -t, --timeout=SECS          wait at most SECS seconds\n\
  --dry-run                   do not commit changes to database\n\
  --oneline                   print exactly one line of output per command\n",
           program_name, program_name, db->usage, ctl_get_db_cmd_usage(),
           ctl_list_db_tables_usage(), ctl_default_db(), default_fleet());
    table_usage();
    vlog_usage();
    printf("  --no-syslog                 equivalent to "
           "--verbose=xfsm_ctl:syslog:warn\n");
    stream_usage("database", true, true, false);
    printf("\n\
Other options:\n\
  -h, --help                  display this help message\n\
  -V, --version               display version information\n");
    exit(EXIT_SUCCESS);
}

enum {
    OPT_DB = UCHAR_MAX + 1,
    OPT_FLEET,
    OPT_ONELINE,
    OPT_NO_SYSLOG,
    OPT_DRY_RUN,
    OPT_WAIT,
    OPT_NO_WAIT,
    OPT_PEER_CA_CERT,
    OPT_LOCAL,
    VLOG_OPTION_ENUMS,
    TABLE_OPTION_ENUMS,
    SSL_OPTION_ENUMS,
};

static const struct option global_options[] = {
    {"db", required_argument, NULL, OPT_DB},
    {"fleet", optional_argument, NULL, OPT_FLEET},
    {"no-syslog", no_argument, NULL, OPT_NO_SYSLOG},
    {"dry-run", no_argument, NULL, OPT_DRY_RUN},
    {"oneline", no_argument, NULL, OPT_ONELINE},
    {"wait", no_argument, NULL, OPT_WAIT},
    {"no-wait", no_argument, NULL, OPT_NO_WAIT},
    {"timeout", required_argument, NULL, 't'},
    {"help", no_argument, NULL, 'h'},
    {"version", no_argument, NULL, 'V'},
    VLOG_LONG_OPTIONS,
    TABLE_LONG_OPTIONS,
    STREAM_SSL_LONG_OPTIONS,
    {"peer-ca-cert", required_argument, NULL, OPT_PEER_CA_CERT},
    {NULL, 0, NULL, 0},
};

static void
add_local_option(struct shash *local_options, const char *name)
{
    char *option = xasprintf("--%s", name);

    if (shash_find(local_options, option)) {
        ctl_fatal("'%s' option specified multiple times", option);
    }
    shash_add_nocopy(local_options, option, nullable_xstrdup(optarg));
}

/* Files for TLS, in the order of 'ssl_options'. */
static const char *ssl_files[3];
static const char *const ssl_options[ARRAY_SIZE(ssl_files)] = {
    "--private-key", "--certificate", "--ca-cert",
};

void
xfsm_ctl_add_ssl_options(struct svec *argv)
{
    for (size_t i = 0; i < ARRAY_SIZE(ssl_files); i++) {
        if (ssl_files[i]) {
            svec_add_nocopy(argv, xasprintf("%s=%s", ssl_options[i],
                                            ssl_files[i]));
        }
    }
}

/* Keeps the name of a file for TLS. */
static void
note_ssl_file(int c)
{
    static const char letters[] = "pcC";
    const char *letter = c > 0 && c < UCHAR_MAX ? strchr(letters, c) : NULL;

    if (letter) {
        ssl_files[letter - letters] = optarg;
    }
}

static void
handle_option(int c)
{
    note_ssl_file(c);
    switch (c) {
    case OPT_DB:
        remote = optarg;
        break;

    case OPT_FLEET:
        if (db != &xfsm_ctl_fleet_db) {
            ctl_fatal("--fleet must come before options of commands");
        }
        remote = optarg ? optarg : default_fleet();
        break;

    case OPT_ONELINE:
        oneline = true;
        break;

    case OPT_NO_SYSLOG:
        vlog_set_levels(&this_module, VLF_SYSLOG, VLL_WARN);
        break;

    case OPT_DRY_RUN:
        dry_run = true;
        break;

    case OPT_WAIT:
        wait_for_agent = true;
        break;

    case OPT_NO_WAIT:
        wait_for_agent = false;
        break;

    case OPT_PEER_CA_CERT:
        stream_ssl_set_peer_ca_cert_file(optarg);
        break;

    case 'h':
        usage();

    case 'V':
        printf("%s (ovs-xfsm) %s\nOpen vSwitch %s\nDB Schema %s\n",
               program_name, XFSM_VERSION, PACKAGE_VERSION,
               db->get_version());
        exit(EXIT_SUCCESS);

    case 't':
        if (!str_to_uint(optarg, 10, &timeout) || !timeout) {
            ctl_fatal("value %s on -t or --timeout is invalid", optarg);
        }
        break;

    VLOG_OPTION_HANDLERS
    TABLE_OPTION_HANDLERS(&table_style)
    STREAM_SSL_OPTION_HANDLERS

    case '?':
        exit(EXIT_FAILURE);

    default:
        abort();
    }
}

/* Chooses the database before the options are parsed, since it has commands
 * and options of its own. */
static void
choose_db(int argc, char *argv[])
{
    char *tmp = ovs_cmdl_long_options_to_short_options(global_options);
    char *short_options = xasprintf("+%s", tmp);
    int c;

    opterr = 0;
    while ((c = getopt_long(argc, argv, short_options, global_options, NULL))
           != -1) {
        if (c == OPT_FLEET) {
            db = &xfsm_ctl_fleet_db;
        }
    }
    optind = 0;                 /* Begin anew. */
    opterr = 1;
    free(short_options);
    free(tmp);
}

/* Parses the global options, and those that stand before the first command.
 * getopt_long() wants both in one array. */
static void
parse_options(int argc, char *argv[], struct shash *local_options)
{
    const size_t n_global = ARRAY_SIZE(global_options) - 1;
    char *tmp = ovs_cmdl_long_options_to_short_options(global_options);
    char *short_options = xasprintf("+%s", tmp);
    struct option *options = xmemdup(global_options, sizeof global_options);
    size_t allocated = ARRAY_SIZE(global_options);
    size_t n = n_global;

    free(tmp);
    ctl_add_cmd_options(&options, &n, &allocated, OPT_LOCAL);
    for (;;) {
        int idx;
        int c = getopt_long(argc, argv, short_options, options, &idx);

        if (c == -1) {
            break;
        } else if (c == OPT_LOCAL) {
            add_local_option(local_options, options[idx].name);
        } else {
            handle_option(c);
        }
    }
    free(short_options);
    for (size_t i = n_global; options[i].name; i++) {
        free(CONST_CAST(char *, options[i].name));
    }
    free(options);

    if (!remote) {
        remote = ctl_default_db();
    }
}

/* Connects to the server, obeys 'init' where it is among the commands, and
 * makes sure that the database is served: the IDL would wait for it without a
 * word. */
static void
prepare_server(const struct ctl_command *commands, size_t n_commands)
{
    struct jsonrpc *rpc = NULL;
    char *error = NULL;

    for (size_t i = 0; !error && i < n_commands; i++) {
        if (!strcmp(commands[i].syntax->name, "init")) {
            error = (db == &xfsm_ctl_fleet_db
                     ? xfsm_ctl_fleet_init(remote, &commands[i].options)
                     : xfsm_ctl_init(remote, db->name,
                                     &commands[i].options));
        }
    }
    if (!error) {
        error = xfsm_ctl_server_open(remote, &rpc);
    }
    if (!error) {
        error = xfsm_ctl_server_list(rpc, &the_databases);
    }
    jsonrpc_close(rpc);
    if (error) {
        ctl_fatal("%s", error);
    }
    if (!xfsm_ctl_serves(db->name)) {
        ctl_fatal("%s: the server has no database %s: %s", remote, db->name,
                  db->missing);
    }
}

static void
run_prerequisites(struct ctl_command *commands, size_t n_commands,
                  struct ovsdb_idl *idl)
{
    ovsdb_idl_add_table(idl, db->global);
    if (wait_for_agent) {
        db->monitor_cfg(idl);
    }
    for (struct ctl_command *c = commands; c < &commands[n_commands]; c++) {
        if (c->syntax->prerequisites) {
            struct ctl_context ctx;

            ds_init(&c->output);
            c->table = NULL;
            ctl_context_init(&ctx, c, idl, NULL, NULL, NULL);
            c->syntax->prerequisites(&ctx);
            if (ctx.error) {
                ctl_fatal("%s", ctx.error);
            }
            ctl_context_done(&ctx, c);
        }
    }
}

/* Runs the commands in 'txn'.  Returns false if they must be tried again
 * when the database has changed. */
static bool
run_commands(struct ctl_command *commands, size_t n_commands,
             struct ovsdb_idl *idl, struct ovsdb_idl_txn *txn,
             struct ovsdb_symbol_table *symtab)
{
    struct ctl_context ctx;
    bool ok = true;

    for (struct ctl_command *c = commands; c < &commands[n_commands]; c++) {
        ds_init(&c->output);
        c->table = NULL;
    }
    ctl_context_init(&ctx, NULL, idl, txn, symtab, NULL);
    for (size_t i = 0; ok && i < n_commands; i++) {
        struct ctl_command *c = &commands[i];

        ctl_context_init_command(&ctx, c, i == n_commands - 1);
        c->syntax->run(&ctx);
        if (ctx.error) {
            ctl_fatal("%s", ctx.error);
        }
        ctl_context_done_command(&ctx, c);
        ok = !ctx.try_again;
    }
    ctl_context_done(&ctx, NULL);
    return ok;
}

static void
check_symbols(const struct ovsdb_symbol_table *symtab)
{
    const struct shash_node *node;

    SHASH_FOR_EACH (node, &symtab->sh) {
        const struct ovsdb_symbol *symbol = node->data;

        if (!symbol->created) {
            ctl_fatal("row id \"%s\" is referenced but never created "
                      "(e.g. with \"-- --id=%s create ...\")",
                      node->name, node->name);
        }
    }
}

static void
run_postprocess(struct ctl_command *commands, size_t n_commands,
                struct ovsdb_idl *idl, struct ovsdb_idl_txn *txn,
                struct ovsdb_symbol_table *symtab)
{
    for (struct ctl_command *c = commands; c < &commands[n_commands]; c++) {
        if (c->syntax->postprocess) {
            struct ctl_context ctx;

            ctl_context_init(&ctx, c, idl, txn, symtab, NULL);
            c->syntax->postprocess(&ctx);
            if (ctx.error) {
                ctl_fatal("%s", ctx.error);
            }
            ctl_context_done(&ctx, c);
        }
    }
}

/* Prints 's' on one line, with escapes. */
static void
print_oneline(struct ds *s)
{
    ds_chomp(s, '\n');
    for (const char *p = ds_cstr(s); *p; p++) {
        if (*p == '\n') {
            fputs("\\n", stdout);
        } else if (*p == '\\') {
            fputs("\\\\", stdout);
        } else {
            putchar(*p);
        }
    }
    putchar('\n');
}

static void
free_output(struct ctl_command *c)
{
    ds_destroy(&c->output);
    table_destroy(c->table);
    free(c->table);
    c->table = NULL;
}

static void
print_output(struct ctl_command *commands, size_t n_commands)
{
    for (struct ctl_command *c = commands; c < &commands[n_commands]; c++) {
        if (c->table) {
            table_print(c->table, &table_style);
        } else if (oneline) {
            print_oneline(&c->output);
        } else {
            fputs(ds_cstr(&c->output), stdout);
        }
        free_output(c);
        shash_destroy_free_data(&c->options);
    }
    fflush(stdout);
}

/* Tries all commands in one transaction.  Returns false if they must be tried
 * again when the database has changed.  Otherwise stores in '*next_cfgp' what
 * the agent must write into 'cur_cfg' once it has taken the change in, or 0 if
 * nothing has changed. */
static bool
try_commands(const char *args, struct ctl_command *commands,
             size_t n_commands, struct ovsdb_idl *idl, int64_t *next_cfgp)
{
    struct ovsdb_symbol_table *symtab = ovsdb_symbol_table_create();
    struct ovsdb_idl_txn *txn = the_txn = ovsdb_idl_txn_create(idl);
    enum ovsdb_idl_txn_status status = TXN_TRY_AGAIN;

    if (dry_run) {
        ovsdb_idl_txn_set_dry_run(txn);
    }
    ovsdb_idl_txn_add_comment(txn, "xfsm-ctl: %s", args);

    const struct ovsdb_idl_row *global = ovsdb_idl_first_row(idl, db->global);
    if (wait_for_agent && global) {
        ovsdb_idl_txn_increment(txn, global, db->next_cfg, force_wait);
    }

    if (run_commands(commands, n_commands, idl, txn, symtab)) {
        check_symbols(symtab);
        status = ovsdb_idl_txn_commit_block(txn);
    } else {
        ovsdb_idl_txn_abort(txn);
    }

    *next_cfgp = 0;
    if (status == TXN_SUCCESS && wait_for_agent && global && !dry_run) {
        *next_cfgp = ovsdb_idl_txn_get_increment_new_value(txn);
    }
    if (status == TXN_SUCCESS || status == TXN_UNCHANGED) {
        run_postprocess(commands, n_commands, idl, txn, symtab);
    } else if (status == TXN_TRY_AGAIN) {
        for (size_t i = 0; i < n_commands; i++) {
            free_output(&commands[i]);
        }
    } else {
        ctl_fatal("transaction %s: %s", ovsdb_idl_txn_status_to_string(status),
                  ovsdb_idl_txn_get_error(txn));
    }

    ovsdb_symbol_table_destroy(symtab);
    ovsdb_idl_txn_destroy(txn);
    the_txn = NULL;
    return status != TXN_TRY_AGAIN;
}

static void
check_alive(const struct ovsdb_idl *idl)
{
    if (!ovsdb_idl_is_alive(idl)) {
        int retval = ovsdb_idl_get_last_error(idl);
        ctl_fatal("%s: database connection failed (%s)", remote,
                  ovs_retval_to_string(retval));
    }
}

/* Makes the row of table 'db->global' if there is none.  Returns false if that
 * must be tried again when the database has changed.
 *
 * The table has one row at most, and others make it too.  So
 * this is a transaction of its own, which may fail because another was
 * faster. */
static bool
try_global(struct ovsdb_idl *idl)
{
    if (ovsdb_idl_first_row(idl, db->global)) {
        return true;
    }

    struct ovsdb_idl_txn *txn = the_txn = ovsdb_idl_txn_create(idl);
    ovsdb_idl_txn_insert(txn, db->global, NULL);

    enum ovsdb_idl_txn_status status = ovsdb_idl_txn_commit_block(txn);
    const char *error = ovsdb_idl_txn_get_error(txn);
    if (status == TXN_ERROR && !strstr(error, "constraint violation")) {
        ctl_fatal("transaction error: %s", error);
    }
    ovsdb_idl_txn_destroy(txn);
    the_txn = NULL;
    return status == TXN_SUCCESS;
}

/* Tries the commands until the transaction succeeds, but only once for each
 * state of the database: if it failed, it was for a change that we are about
 * to see. */
static int64_t
run_transaction(const char *args, struct ctl_command *commands,
                size_t n_commands, struct ovsdb_idl *idl)
{
    bool writes = ctl_might_write_to_db(commands, n_commands) && !dry_run;
    unsigned int seqno = ovsdb_idl_get_seqno(idl);

    for (;;) {
        int64_t next_cfg;

        ovsdb_idl_run(idl);
        check_alive(idl);
        if (seqno != ovsdb_idl_get_seqno(idl)) {
            seqno = ovsdb_idl_get_seqno(idl);
            if ((!writes || try_global(idl))
                && try_commands(args, commands, n_commands, idl, &next_cfg)) {
                return next_cfg;
            }
        }
        if (seqno == ovsdb_idl_get_seqno(idl)) {
            ovsdb_idl_wait(idl);
            poll_block();
        }
    }
}

/* Waits until the change numbered 'next_cfg' has been taken in, through
 * restarts of the database server.  Says once, if that takes long, who has not
 * yet. */
static void
wait_for_cfg(struct ovsdb_idl *idl, int64_t next_cfg)
{
    long long int patience = time_msec() + WAIT_PATIENCE_MS;

    ovsdb_idl_enable_reconnect(idl);
    for (;;) {
        ovsdb_idl_run(idl);
        if (db->is_taken_in(idl, next_cfg)) {
            return;
        } else if (time_msec() >= patience) {
            struct ds late = DS_EMPTY_INITIALIZER;

            db->tell_late(idl, next_cfg, &late);
            fprintf(stderr, "%s: waiting for %s\n", program_name,
                    ds_cstr(&late));
            ds_destroy(&late);
            patience = LLONG_MAX;
        }
        if (patience != LLONG_MAX) {
            poll_timer_wait_until(patience);
        }
        ovsdb_idl_wait(idl);
        poll_block();
    }
}

/* Does what 'top' is for, where it is among the commands. */
static void
run_top(const struct ctl_command *commands, size_t n_commands)
{
    for (size_t i = 0; i < n_commands; i++) {
        if (!strcmp(commands[i].syntax->name, "top")) {
            xfsm_ctl_top(the_idl, &commands[i].options);
        }
    }
}

int
main(int argc, char *argv[])
{
    struct ctl_command *commands;
    struct shash local_options = SHASH_INITIALIZER(&local_options);
    size_t n_commands;

    set_program_name(argv[0]);
    fatal_ignore_sigpipe();
    vlog_set_levels(NULL, VLF_CONSOLE, VLL_WARN);
    vlog_set_levels_from_string_assert("reconnect:warn");

    choose_db(argc, argv);
    ctl_init__(db->class, db->tables, NULL, clean_exit);
    for (size_t i = 0; db->commands[i]; i++) {
        ctl_register_commands(db->commands[i]);
    }

    char *args = process_escape_args(argv);
    parse_options(argc, argv, &local_options);

    char *error = ctl_parse_commands(argc - optind, argv + optind,
                                     &local_options, &commands, &n_commands);
    if (error) {
        ctl_fatal("%s", error);
    }
    VLOG(ctl_might_write_to_db(commands, n_commands) ? VLL_INFO : VLL_DBG,
         "Called as %s", args);
    ctl_timeout_setup(timeout);
    for (size_t i = 0; i < n_commands; i++) {
        force_wait |= !strcmp(commands[i].syntax->name, "sync");
    }
    wait_for_agent |= force_wait;

    the_idl = ovsdb_idl_create(remote, db->class, false, false);
    /* The one member of a cluster that was named passes on what it is told. */
    ovsdb_idl_set_leader_only(the_idl, strchr(remote, ',') != NULL);
    run_prerequisites(commands, n_commands, the_idl);
    prepare_server(commands, n_commands);

    int64_t next_cfg = run_transaction(args, commands, n_commands, the_idl);
    run_top(commands, n_commands);
    print_output(commands, n_commands);
    if (next_cfg) {
        wait_for_cfg(the_idl, next_cfg);
    }
    free(commands);
    free(args);
    clean_exit(EXIT_SUCCESS);
}
