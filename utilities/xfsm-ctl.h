/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef UTILITIES_XFSM_CTL_H
#define UTILITIES_XFSM_CTL_H 1

/* Parts of xfsm-ctl, the command line tool for the database XFSM of a host,
 * and, with --fleet, for the database XFSM_Fleet.
 *
 *   xfsm-ctl.c           options, one transaction for all commands, output
 *   xfsm-ctl-db.c        what is different between the two databases
 *   xfsm-ctl-init.c      'init': makes the database and has it served
 *   xfsm-ctl-fleet-init.c   the same for the database of a fleet
 *   xfsm-ctl-programs.c  programs, and what runs where
 *   xfsm-ctl-show.c      'show' and 'list-programs'
 *   xfsm-ctl-top.c       'top', what goes on
 *   xfsm-ctl-fleet.c     of a fleet: hosts and assignments
 *   xfsm-ctl-versions.c  of a fleet: programs, versions and roll-outs
 *   xfsm-ctl-sign.c      of a fleet: signatures of programs
 *   xfsm-ctl-tenants.c   of a fleet: tenants, roles and their tokens
 *   xfsm-ctl-probes.c    of a fleet: one program on one port
 *   xfsm-ctl-preview.c   of a fleet: which ports a selector means
 *   xfsm-ctl-overview.c  of a fleet: 'show'
 *   xfsm-ctl-source.c    a program from a file
 *   xfsm-ctl-server.c    what the IDL cannot ask a database server
 *   xfsm-ctl-run.c       running another program
 *
 * The commands are those of Open vSwitch's lib/db-ctl-base.h.  An error of a
 * command goes to ctl_error(), one before or after all commands to
 * ctl_fatal().  Functions that return 'char *' return NULL on success or an
 * error that the caller frees.
 *
 * Thread-safety: none; the program has one thread. */

#include <stdbool.h>
#include <stdint.h>

#include "db-ctl-base.h"
#include "openvswitch/dynamic-string.h"
#include "openvswitch/shash.h"
#include "sset.h"
#include "xfsm/io/signature.h"

struct fleetrec_program;
struct jsonrpc;
struct ovsdb_idl;
struct ovsdb_idl_column;
struct ovsdb_idl_table_class;
struct smap;
struct svec;
struct xfsm_fleet;

/* Names of our databases and of the switch's. */
#define XFSM_CTL_DB "XFSM"
#define XFSM_CTL_FLEET_DB "XFSM_Fleet"
#define XFSM_CTL_SWITCH_DB "Open_vSwitch"

/* The commands of each part, ended by one without a name. */
extern const struct ctl_command_syntax xfsm_ctl_init_commands[];
extern const struct ctl_command_syntax xfsm_ctl_program_commands[];
extern const struct ctl_command_syntax xfsm_ctl_show_commands[];
extern const struct ctl_command_syntax xfsm_ctl_fleet_init_commands[];
extern const struct ctl_command_syntax xfsm_ctl_fleet_commands[];
extern const struct ctl_command_syntax xfsm_ctl_version_commands[];
extern const struct ctl_command_syntax xfsm_ctl_sign_commands[];
extern const struct ctl_command_syntax xfsm_ctl_tenant_commands[];
extern const struct ctl_command_syntax xfsm_ctl_probe_commands[];
extern const struct ctl_command_syntax xfsm_ctl_overview_commands[];

/* xfsm-ctl-db.c */

/* A database that commands are for. */
struct xfsm_ctl_db {
    const char *name;
    const struct ovsdb_idl_class *class;
    const struct ctl_table_class *tables;
    const struct ctl_command_syntax *const *commands;   /* Ends in NULL. */
    const char *(*get_version)(void);   /* Of the schema. */
    const char *usage;          /* About 'commands'. */
    const char *missing;        /* What to do if it is not served. */

    /* How to wait for a change.  Of table 'global', with one row at most,
     * 'next_cfg' is incremented; then, with the columns that 'monitor_cfg'
     * asks for, 'is_taken_in' tells whether those who act on the database have
     * taken in all up to that number, and 'tell_late' appends who have not. */
    const struct ovsdb_idl_table_class *global;
    const struct ovsdb_idl_column *next_cfg;
    void (*monitor_cfg)(struct ovsdb_idl *);
    bool (*is_taken_in)(const struct ovsdb_idl *, int64_t cfg);
    void (*tell_late)(const struct ovsdb_idl *, int64_t cfg, struct ds *);
};

extern const struct xfsm_ctl_db xfsm_ctl_host_db;
extern const struct xfsm_ctl_db xfsm_ctl_fleet_db;

/* xfsm-ctl.c */

/* Where data files are: $XFSM_PKGDATADIR or the installed folder. */
const char *xfsm_ctl_pkgdatadir(void);

/* Adds to 'argv' the options --private-key, --certificate and --ca-cert that
 * were given. */
void xfsm_ctl_add_ssl_options(struct svec *argv);

/* The database server, from --db, and whether it serves 'database'. */
const char *xfsm_ctl_remote(void);
bool xfsm_ctl_serves(const char *database);

/* xfsm-ctl-init.c */

/* Makes the database called 'database' and has the server of 'remote' serve
 * it.  'options' are those of the command. */
char *xfsm_ctl_init(const char *remote, const char *database,
                    const struct shash *options);

/* Stores in '*olderp' whether 'version' is older than that of the schema file
 * 'schema', which '*wantedp' becomes, for the caller to free.  A newer one is
 * an error. */
char *xfsm_ctl_compare_schema(const char *schema, const char *version,
                              char **wantedp, bool *olderp);

/* xfsm-ctl-fleet-init.c */

/* The same for the database of a fleet. */
char *xfsm_ctl_fleet_init(const char *remote, const struct shash *options);

/* xfsm-ctl-programs.c */

/* Adds to 'names' the programs of the installed library. */
void xfsm_ctl_library_programs(struct sset *names);

/* xfsm-ctl-source.c */

/* Returns why 'name' is no name for a program, or NULL.  A name is part of
 * topics ('/' separates), lists (',' and space separate) and file names. */
char *xfsm_ctl_check_program_name(const char *name);

/* The name of the program in 'file' where none is given.  The caller frees
 * it. */
char *xfsm_ctl_name_from_file(const char *file);

/* Reads a source of at most XFSM_MAX_SOURCE_BYTES bytes into '*sourcep', which
 * the caller frees and which is NULL on error. */
char *xfsm_ctl_read_source(const char *file, char **sourcep);

/* Compiles 'file' with the tool xfsm, where that is installed.  What that
 * says, errors and warnings with their places, goes to stderr. */
char *xfsm_ctl_check_file(const char *file);

/* xfsm-ctl-fleet.c */

/* Asks for all columns of the fleet but the texts of programs. */
void xfsm_ctl_pre_fleet(struct ctl_context *);

/* Adds the 'n' arguments KEY=VALUE at 'args' to 'map'.  Reports and returns
 * false if one is not such. */
bool xfsm_ctl_parse_pairs(struct ctl_context *, char *const args[], int n,
                          struct smap *map);

/* Reads the fleet as a controller would, with what the commands of the
 * transaction have done so far.  Returns NULL after ctl_error(). */
struct xfsm_fleet *xfsm_ctl_read_fleet(struct ctl_context *);

/* The assignments, sorted, whose programs have 'program' among them. */
void xfsm_ctl_find_users(const struct ovsdb_idl *, const char *program,
                         struct sset *assignments);

/* xfsm-ctl-versions.c */

/* Appends the versions of a program, 'n' in all, that still matter: from the
 * newest to the one that is active, each on a line after 'prefix'; all with
 * 'all'. */
void xfsm_ctl_put_versions(struct ds *out, const struct ovsdb_idl *,
                           const struct fleetrec_program *const versions[],
                           size_t n, bool all, const char *prefix);

/* xfsm-ctl-sign.c */

/* Compiles 'source', called 'name', and signs it with the key of option --key
 * as 'version' next to 'versions', 'n' in all, newest first.  Of these, none
 * older than option --oldest says may run any more, by default than the one
 * that a roll-out would go back to. */
char *xfsm_ctl_sign(const struct ctl_context *, const char *name,
                    const char *source, int64_t version,
                    const struct fleetrec_program *const versions[], size_t n,
                    char signature[XFSM_SIGNATURE_SIZE]);

/* xfsm-ctl-tenants.c */

/* Appends tenants and roles, one a line. */
void xfsm_ctl_put_tenants(struct ds *out, const struct ovsdb_idl *);

/* xfsm-ctl-preview.c */

/* Asks the switch of each of 'hosts' of 'fleet' which of its ports 'target'
 * means now, and appends them to 'out', one a line, and how many there are. */
void xfsm_ctl_preview(const struct xfsm_fleet *fleet,
                      const struct sset *hosts, const struct smap *target,
                      struct ds *out);

/* xfsm-ctl-top.c */

/* Prints what goes on as often as 'options', those of the command, say.  All
 * columns must be monitored. */
void xfsm_ctl_top(struct ovsdb_idl *, const struct shash *options);

/* xfsm-ctl-server.c */

/* Connects to the first of the comma-separated 'remotes' that answers. */
char *xfsm_ctl_server_open(const char *remotes, struct jsonrpc **rpcp);

/* Adds the databases that the server serves to 'databases'. */
char *xfsm_ctl_server_list(struct jsonrpc *, struct sset *databases);

/* Stores in '*versionp' the schema version of 'database' as it is served;
 * the caller frees it. */
char *xfsm_ctl_server_version(struct jsonrpc *, const char *database,
                              char **versionp);

/* Stores in '*clusteredp' whether 'database' is served, and by a cluster. */
char *xfsm_ctl_server_is_clustered(struct jsonrpc *, const char *database,
                                   bool *clusteredp);

/* Has the server, of a cluster, convert 'database' to the schema in the file
 * 'schema'. */
char *xfsm_ctl_server_convert(struct jsonrpc *, const char *database,
                              const char *schema);

/* Stores in '*existsp' whether the switch has a port of that name now. */
char *xfsm_ctl_server_has_port(struct jsonrpc *, const char *port,
                               bool *existsp);

/* xfsm-ctl-run.c */

/* Runs 'argv', found in the folder of this program or in PATH, and waits for
 * it.  Stores what it wrote, both on stdout and stderr, in '*outputp', without
 * the last newline; the caller frees it, also on error.  An exit status other
 * than 0 is an error.  '*missingp', if nonnull, tells whether the program was
 * not found. */
char *xfsm_ctl_run(const char *const argv[], char **outputp, bool *missingp);

#endif /* utilities/xfsm-ctl.h */
