/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include <config.h>
#include "ovsdb-schema/ovs-compat.h"

#include "utilities/xfsm-ctl.h"

#include <string.h>

#include "db-ctl-base.h"
#include "openvswitch/dynamic-string.h"
#include "ovsdb-idl.h"
#include "ovsdb-schema/xfsm-fleet-idl.h"
#include "ovsdb-schema/xfsm-idl.h"
#include "util.h"

/* Hosts that are named of those that are waited for. */
#define LATE_HOSTS 5

/* Commands take a row by these columns or by UUID. */
static const struct ctl_table_class host_tables[XFSMREC_N_TABLES] = {
    [XFSMREC_TABLE_PROGRAM].row_ids[0]
    = {&xfsmrec_program_col_name, NULL, NULL},

    [XFSMREC_TABLE_ASSIGNMENT].row_ids[0]
    = {&xfsmrec_assignment_col_name, NULL, NULL},

    [XFSMREC_TABLE_PROBE].row_ids[0]
    = {&xfsmrec_probe_col_interface, NULL, NULL},
    [XFSMREC_TABLE_PROBE].row_ids[1]
    = {&xfsmrec_probe_col_port, NULL, NULL},

    [XFSMREC_TABLE_CONNECTION].row_ids[0]
    = {&xfsmrec_connection_col_target, NULL, NULL},

    [XFSMREC_TABLE_RBAC_ROLE].row_ids[0]
    = {&xfsmrec_rbac_role_col_name, NULL, NULL},

    [XFSMREC_TABLE_RBAC_PERMISSION].row_ids[0]
    = {&xfsmrec_rbac_permission_col_table, NULL, NULL},
};

static const struct ctl_command_syntax *const host_commands[] = {
    xfsm_ctl_init_commands, xfsm_ctl_program_commands,
    xfsm_ctl_show_commands, NULL
};

static void
monitor_host_cfg(struct ovsdb_idl *idl)
{
    ovsdb_idl_add_column(idl, &xfsmrec_xfsm_global_col_cur_cfg);
}

/* The agent has. */
static bool
is_host_taken_in(const struct ovsdb_idl *idl, int64_t cfg)
{
    const struct xfsmrec_xfsm_global *row = xfsmrec_xfsm_global_first(idl);

    return row && row->cur_cfg >= cfg;
}

static void
tell_late_host(const struct ovsdb_idl *idl OVS_UNUSED,
               int64_t cfg OVS_UNUSED, struct ds *ds)
{
    ds_put_cstr(ds, "ovs-xfsmd, which may not be running");
}

static const char host_usage[] = "\
Database:\n\
  [--schema=FILE] [--db-file=FILE] [--ctl=SOCKET]\n\
  init                        make the database XFSM and have the running\n\
                              ovsdb-server serve it\n\
  show                        print what is monitored, and how it goes\n\
  [--interval=SECS] [--iterations=N] top\n\
                              print what goes on, again and again\n\
  save-state PORT FILE        save what a port's programs know\n\
  restore-state PORT FILE     have a port's programs go on with it\n\
  flows PORT PROGRAM [STATE] [LIMIT]\n\
                              print keys that are in a state\n\
  flow PORT PROGRAM KEY       print what is known of a key\n\
  why PORT PROGRAM KEY [LIMIT]\n\
                              print why a key is in its state\n\
\n\
Program commands:\n\
  [--force] add-program FILE [NAME]  store a program, or a new version of it\n\
  [--if-exists] del-program NAME     delete a stored program\n\
  list-programs               print the stored and the installed programs\n\
\n\
Port commands:\n\
  [--force] enable PORT PROGRAM[,PROGRAM...]\n\
                              run programs on a port\n\
  [--if-exists] disable PORT [PROGRAM[,PROGRAM...]]\n\
                              stop programs, or all, on a port\n";

const struct xfsm_ctl_db xfsm_ctl_host_db = {
    .name = XFSM_CTL_DB,
    .class = &xfsmrec_idl_class,
    .tables = host_tables,
    .commands = host_commands,
    .get_version = xfsmrec_get_db_version,
    .usage = host_usage,
    .missing = "run \"xfsm-ctl init\" on its host",
    .global = &xfsmrec_table_xfsm_global,
    .next_cfg = &xfsmrec_xfsm_global_col_next_cfg,
    .monitor_cfg = monitor_host_cfg,
    .is_taken_in = is_host_taken_in,
    .tell_late = tell_late_host,
};

/* The same; a program of which there are several versions by UUID only. */
static const struct ctl_table_class fleet_tables[FLEETREC_N_TABLES] = {
    [FLEETREC_TABLE_HOST].row_ids[0]
    = {&fleetrec_host_col_name, NULL, NULL},

    [FLEETREC_TABLE_PROGRAM].row_ids[0]
    = {&fleetrec_program_col_name, NULL, NULL},

    [FLEETREC_TABLE_ASSIGNMENT].row_ids[0]
    = {&fleetrec_assignment_col_name, NULL, NULL},

    [FLEETREC_TABLE_TENANT].row_ids[0]
    = {&fleetrec_tenant_col_name, NULL, NULL},

    [FLEETREC_TABLE_ROLE].row_ids[0]
    = {&fleetrec_role_col_name, NULL, NULL},

    [FLEETREC_TABLE_CONTROLLER].row_ids[0]
    = {&fleetrec_controller_col_name, NULL, NULL},
};

static const struct ctl_command_syntax *const fleet_commands[] = {
    xfsm_ctl_fleet_init_commands, xfsm_ctl_fleet_commands,
    xfsm_ctl_version_commands, xfsm_ctl_sign_commands,
    xfsm_ctl_probe_commands, xfsm_ctl_tenant_commands,
    xfsm_ctl_overview_commands, NULL
};

static void
monitor_fleet_cfg(struct ovsdb_idl *idl)
{
    ovsdb_idl_add_column(idl, &fleetrec_host_col_name);
    ovsdb_idl_add_column(idl, &fleetrec_host_col_state);
    ovsdb_idl_add_column(idl, &fleetrec_host_col_cur_cfg);
}

/* Tells whether 'row' is a host that can be met, and has not. */
static bool
is_late(const struct fleetrec_host *row, int64_t cfg)
{
    return (row->cur_cfg < cfg
            && !(row->state && !strcmp(row->state, "invalid")));
}

static bool
is_fleet_taken_in(const struct ovsdb_idl *idl, int64_t cfg)
{
    const struct fleetrec_host *row;

    FLEETREC_HOST_FOR_EACH (row, idl) {
        if (is_late(row, cfg)) {
            return false;
        }
    }
    return true;
}

static void
tell_late_fleet(const struct ovsdb_idl *idl, int64_t cfg, struct ds *ds)
{
    const struct fleetrec_host *row;
    size_t n = 0;

    FLEETREC_HOST_FOR_EACH (row, idl) {
        if (is_late(row, cfg) && n++ < LATE_HOSTS) {
            ds_put_format(ds, "%s%s (%s)", n > 1 ? ", " : "", row->name,
                          row->state ? row->state : "no controller has it");
        }
    }
    if (n > LATE_HOSTS) {
        ds_put_format(ds, " and %"PRIuSIZE" more", n - LATE_HOSTS);
    }
}

static const char fleet_usage[] = "\
Fleet:\n\
  [--start [--listen=REMOTE] [--raft=ADDRESS [--join=ADDRESS]]]\n\
  [--schema=FILE] [--db-file=FILE] [--ctl=SOCKET]\n\
  init                        make the database XFSM_Fleet, alone or of a\n\
                              cluster, or convert an older one\n\
  [--all] show                print hosts, programs and assignments, and\n\
                              how they are\n\
  sync                        wait until all hosts are up to date\n\
  [--control=SOCKET] audit [LIMIT [TEXT]]\n\
                              print what users of the REST API did\n\
\n\
Host commands:\n\
  [--may-exist] [--events=ENDPOINT] [--hub-key=KEY]\n\
  add-host HOST REMOTE[,REMOTE...] [LABEL=VALUE...]\n\
                              add a host, or change it\n\
  [--force] [--if-exists] del-host HOST\n\
                              clean a host, and remove it; or at once\n\
\n\
Program commands:\n\
  [--force] [--as-version=VERSION] [--key=FILE [--oldest=VERSION]]\n\
  add-program FILE [NAME] [OPTION=VALUE...]\n\
                              add a program, or a new version of it\n\
  --key=FILE [--oldest=VERSION] sign NAME [VERSION]\n\
                              sign a version that is there\n\
  --keys=PATH verify [NAME]   print which versions are signed\n\
  [--force] [--if-exists] del-program NAME [VERSION]\n\
                              remove a program, or a version of it\n\
  rollout [NAME]              print the versions and how they are rolled out\n\
  source NAME [VERSION]       print the text of a program\n\
  roll-back NAME              go back to the version before\n\
  abort-rollout NAME          end a roll-out that is not on all hosts yet\n\
  roll-out NAME VERSION [OPTION=VALUE...]\n\
                              roll out a version that was rolled back, or an\n\
                              older one\n\
\n\
Port commands:\n\
  install-probe HOST PORT PROGRAM [PARAMETER=VALUE...]\n\
                              have a program ready for a port\n\
  start-probe HOST PORT PROGRAM [PARAMETER=VALUE...]\n\
                              run a program on a port\n\
  stop-probe HOST PORT PROGRAM    stop it there\n\
  remove-probe HOST PORT PROGRAM  remove it from there\n\
  list-probes [HOST]          print what was installed so\n\
\n\
Assignment commands:\n\
  [--may-exist] [--force] [--disabled] [--tenant=TENANT]\n\
  assign NAME PROGRAM[,PROGRAM...] SELECTOR...\n\
                              run programs on the ports that are meant\n\
  [--if-exists] unassign NAME stop that\n\
  enable-assignment NAME      let one have its effect\n\
  disable-assignment NAME     and let it have none\n\
  preview NAME                print which ports an assignment means now\n\
  preview SELECTOR...         print which ports one would mean\n\
  where SELECTOR is host=PATTERN, host-label:LABEL=VALUE, param:NAME=VALUE,\n\
  or a KEY=PATTERN of ports, such as bridge=br-int or vm-uuid=...\n\
\n\
Tenant commands:\n\
  [--may-exist] add-tenant NAME SELECTOR...\n\
                              add a tenant with the ports that are meant;\n\
                              also program=PATTERN and limit:KEY=NUMBER\n\
  [--if-exists] [--force] del-tenant NAME  remove a tenant\n\
  [--may-exist] add-role NAME viewer|operator|admin [TENANT]\n\
                              add a user of the REST API\n\
  [--if-exists] del-role NAME remove a user\n\
  new-token ROLE              print a new token of a user\n\
  del-token ROLE [DIGEST]     remove a token, or all, of a user\n\
  tenants                     print tenants and roles\n";

const struct xfsm_ctl_db xfsm_ctl_fleet_db = {
    .name = XFSM_CTL_FLEET_DB,
    .class = &fleetrec_idl_class,
    .tables = fleet_tables,
    .commands = fleet_commands,
    .get_version = fleetrec_get_db_version,
    .usage = fleet_usage,
    .missing = "\"xfsm-ctl --fleet init\" makes one, see xfsm-ctl(8)",
    .global = &fleetrec_table_fleet,
    .next_cfg = &fleetrec_fleet_col_next_cfg,
    .monitor_cfg = monitor_fleet_cfg,
    .is_taken_in = is_fleet_taken_in,
    .tell_late = tell_late_fleet,
};
