/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include <config.h>
#include "ovsdb-schema/ovs-compat.h"

#include "utilities/xfsm-ctl.h"

#include <stdlib.h>
#include <string.h>

#include "controller/port-probe.h"
#include "db-ctl-base.h"
#include "ovsdb-idl.h"
#include "ovsdb-schema/xfsm-fleet-idl.h"
#include "smap.h"
#include "svec.h"
#include "util.h"

/* Most arguments of a command that takes any number. */
#define MAX_ARGS 1024

static void
do_verb(struct ctl_context *ctx, enum xfsm_port_verb verb)
{
    const struct xfsm_port_probe probe = { ctx->argv[1], ctx->argv[2],
                                           ctx->argv[3], NULL };
    struct smap parameters = SMAP_INITIALIZER(&parameters);
    char *done = NULL;
    char *error;

    if (xfsm_ctl_parse_pairs(ctx, &ctx->argv[4], ctx->argc - 4,
                             &parameters)) {
        error = xfsm_port_probe_do(ctx->idl, ctx->txn, verb, &probe,
                                   &parameters, &done);
        if (error) {
            ctl_error(ctx, "%s", error);
        } else {
            ds_put_format(&ctx->output, "%s\n", done);
        }
        free(error);
        free(done);
    }
    smap_destroy(&parameters);
}

static void
cmd_install(struct ctl_context *ctx)
{
    do_verb(ctx, XFSM_PORT_VERB_INSTALL);
}

static void
cmd_start(struct ctl_context *ctx)
{
    do_verb(ctx, XFSM_PORT_VERB_START);
}

static void
cmd_stop(struct ctl_context *ctx)
{
    do_verb(ctx, XFSM_PORT_VERB_STOP);
}

static void
cmd_remove(struct ctl_context *ctx)
{
    do_verb(ctx, XFSM_PORT_VERB_REMOVE);
}

static void
cmd_list(struct ctl_context *ctx)
{
    struct svec lines = SVEC_EMPTY_INITIALIZER;
    const struct fleetrec_assignment *row;
    struct xfsm_port_probe probe;
    const char *line;
    size_t i;

    FLEETREC_ASSIGNMENT_FOR_EACH (row, ctx->idl) {
        if (xfsm_port_probe_from_row(row, &probe)
            && (ctx->argc < 2 || !strcmp(ctx->argv[1], probe.host))) {
            svec_add_nocopy(&lines, xasprintf(
                "%s/%s %s%s%s: %s%s%s", probe.host, probe.port,
                probe.program, probe.tenant ? " of tenant " : "",
                probe.tenant ? probe.tenant : "",
                row->enabled ? "started" : "stopped",
                row->error ? ": " : "", row->error ? row->error : ""));
        }
    }
    svec_sort(&lines);
    SVEC_FOR_EACH (i, line, &lines) {
        ds_put_format(&ctx->output, "%s\n", line);
    }
    svec_destroy(&lines);
}

const struct ctl_command_syntax xfsm_ctl_probe_commands[] = {
    {"install-probe", 3, MAX_ARGS, "HOST PORT PROGRAM [PARAMETER=VALUE...]",
     xfsm_ctl_pre_fleet, cmd_install, NULL, "", RW},
    {"start-probe", 3, MAX_ARGS, "HOST PORT PROGRAM [PARAMETER=VALUE...]",
     xfsm_ctl_pre_fleet, cmd_start, NULL, "", RW},
    {"stop-probe", 3, 3, "HOST PORT PROGRAM", xfsm_ctl_pre_fleet, cmd_stop,
     NULL, "", RW},
    {"remove-probe", 3, 3, "HOST PORT PROGRAM", xfsm_ctl_pre_fleet,
     cmd_remove, NULL, "", RW},
    {"list-probes", 0, 1, "[HOST]", xfsm_ctl_pre_fleet, cmd_list, NULL, "",
     RO},
    {NULL, 0, 0, NULL, NULL, NULL, NULL, NULL, RO},
};
