/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef UTILITIES_XFSM_CTL_H
#define UTILITIES_XFSM_CTL_H 1

/* Parts of xfsm-ctl, the command line tool for the database XFSM.
 *
 *   xfsm-ctl.c           options, one transaction for all commands, output
 *   xfsm-ctl-init.c      'init': makes the database and has it served
 *   xfsm-ctl-programs.c  programs, and what runs where
 *   xfsm-ctl-show.c      'show' and 'list-programs'
 *   xfsm-ctl-top.c       'top', what goes on
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

#include "db-ctl-base.h"
#include "openvswitch/shash.h"
#include "sset.h"

struct jsonrpc;
struct ovsdb_idl;

/* Name of our database and of the switch's. */
#define XFSM_CTL_DB "XFSM"
#define XFSM_CTL_SWITCH_DB "Open_vSwitch"

/* The commands of each part, ended by one without a name. */
extern const struct ctl_command_syntax xfsm_ctl_init_commands[];
extern const struct ctl_command_syntax xfsm_ctl_program_commands[];
extern const struct ctl_command_syntax xfsm_ctl_show_commands[];

/* xfsm-ctl.c */

/* Where data files are: $XFSM_PKGDATADIR or the installed folder. */
const char *xfsm_ctl_pkgdatadir(void);

/* The database server, from --db, and whether it serves 'database'. */
const char *xfsm_ctl_remote(void);
bool xfsm_ctl_serves(const char *database);

/* xfsm-ctl-init.c */

/* Makes the database and has the server of 'remote' serve it.  'options' are
 * those of the command. */
char *xfsm_ctl_init(const char *remote, const struct shash *options);

/* xfsm-ctl-programs.c */

/* Adds to 'names' the programs of the installed library. */
void xfsm_ctl_library_programs(struct sset *names);

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
