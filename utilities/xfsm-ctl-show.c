/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include <config.h>
#include "ovsdb-schema/ovs-compat.h"

#include "utilities/xfsm-ctl.h"

#include "db-ctl-base.h"
#include "openvswitch/dynamic-string.h"
#include "ovsdb-schema/sorted-rows.h"
#include "ovsdb-schema/xfsm-idl.h"
#include "smap.h"
#include "util.h"

/* Statistics that 'show' prints even if they are 0, and first. */
static const char *const main_statistics[] = {
    "packets", "dropped", "events", "alerts"
};

/* Asks for all columns of all tables: there are few. */
static void
pre_everything(struct ctl_context *ctx)
{
    for (size_t i = 0; i < XFSMREC_N_TABLES; i++) {
        const struct ovsdb_idl_table_class *table = &xfsmrec_table_classes[i];

        for (size_t j = 0; j < table->n_columns; j++) {
            ovsdb_idl_add_column(ctx->idl, &table->columns[j]);
        }
    }
}

/* Appends 'names' separated by ", ". */
static void
put_list(struct ds *out, char *const names[], size_t n)
{
    for (size_t i = 0; i < n; i++) {
        ds_put_format(out, "%s%s", i ? ", " : "", names[i]);
    }
}

static bool
is_main_statistic(const char *key)
{
    for (size_t i = 0; i < ARRAY_SIZE(main_statistics); i++) {
        if (!strcmp(key, main_statistics[i])) {
            return true;
        }
    }
    return false;
}

static void
put_statistics(struct ds *out, const struct xfsmrec_probe *probe)
{
    const char *separator = "";

    for (size_t i = 0; i < ARRAY_SIZE(main_statistics); i++) {
        for (size_t j = 0; j < probe->n_statistics; j++) {
            if (!strcmp(probe->key_statistics[j], main_statistics[i])) {
                ds_put_format(out, "%s%s %"PRId64, separator,
                              main_statistics[i], probe->value_statistics[j]);
                separator = ", ";
            }
        }
    }
    for (size_t j = 0; j < probe->n_statistics; j++) {
        if (probe->value_statistics[j]
            && !is_main_statistic(probe->key_statistics[j])) {
            ds_put_format(out, "%s%s %"PRId64, separator,
                          probe->key_statistics[j],
                          probe->value_statistics[j]);
            separator = ", ";
        }
    }
}

static void
put_probe(struct ds *out, const struct xfsmrec_probe *probe)
{
    ds_put_format(out, "        Interface %s: %s", probe->interface,
                  probe->status ? probe->status : "not started");
    if (probe->n_pid) {
        ds_put_format(out, ", pid %"PRId64, probe->pid[0]);
    }
    if (*probe->netdev_class) {
        ds_put_format(out, ", class %s", probe->netdev_class);
    }
    if (probe->restarts) {
        ds_put_format(out, ", %"PRId64" restarts", probe->restarts);
    }
    ds_put_char(out, '\n');

    if (probe->error) {
        ds_put_format(out, "            error: %s\n", probe->error);
    }
    if (probe->notes && *probe->notes) {
        ds_put_format(out, "            note: %s\n", probe->notes);
    }
    ds_put_cstr(out, "            programs: ");
    put_list(out, probe->programs, probe->n_programs);
    if (probe->n_wanted_by) {
        ds_put_cstr(out, " (wanted by ");
        put_list(out, probe->wanted_by, probe->n_wanted_by);
        ds_put_char(out, ')');
    }
    ds_put_cstr(out, "\n            running: ");
    put_list(out, probe->running_programs, probe->n_running_programs);
    ds_put_cstr(out, probe->n_running_programs ? "\n" : "none\n");

    for (size_t i = 0; i < probe->n_state_keys; i++) {
        ds_put_format(out, "            state %s: %"PRId64" keys\n",
                      probe->key_state_keys[i], probe->value_state_keys[i]);
    }
    if (probe->n_statistics) {
        ds_put_cstr(out, "            ");
        put_statistics(out, probe);
        ds_put_char(out, '\n');
    }
    if (*probe->last_event) {
        ds_put_format(out, "            last event: %s\n", probe->last_event);
    }
}

static int
compare_probes(const void *a_, const void *b_)
{
    const struct xfsmrec_probe *const *a = a_;
    const struct xfsmrec_probe *const *b = b_;
    int order = strcmp((*a)->bridge, (*b)->bridge);

    if (!order) {
        order = strcmp((*a)->port, (*b)->port);
    }
    return order ? order : strcmp((*a)->interface, (*b)->interface);
}

/* The tree of bridges, ports and interfaces. */
static void
put_probes(struct ds *out, const struct ovsdb_idl *idl)
{
    size_t n;
    const struct xfsmrec_probe **probes
        = xfsm_sorted_rows(idl, &xfsmrec_table_probe, compare_probes, &n);
    const char *bridge = NULL;
    const char *port = NULL;

    for (size_t i = 0; i < n; i++) {
        const struct xfsmrec_probe *probe = probes[i];

        if (!bridge || strcmp(bridge, probe->bridge)) {
            bridge = probe->bridge;
            port = NULL;
            ds_put_format(out, "Bridge %s\n", *bridge ? bridge : "(unknown)");
        }
        if (!port || strcmp(port, probe->port)) {
            port = probe->port;
            ds_put_format(out, "    Port %s\n", *port ? port : "(unknown)");
        }
        put_probe(out, probe);
    }
    free(probes);
}

static int
compare_programs(const void *a_, const void *b_)
{
    const struct xfsmrec_program *const *a = a_;
    const struct xfsmrec_program *const *b = b_;

    return strcmp((*a)->name, (*b)->name);
}

/* The programs of the database, one a line after 'prefix'. */
static void
put_programs(struct ds *out, const struct ovsdb_idl *idl, const char *prefix)
{
    size_t n;
    const struct xfsmrec_program **programs
        = xfsm_sorted_rows(idl, &xfsmrec_table_program, compare_programs, &n);

    for (size_t i = 0; i < n; i++) {
        const struct xfsmrec_program *program = programs[i];

        ds_put_format(out, "%s%s: database, %s\n", prefix, program->name,
                      program->status ? program->status : "not compiled");

        const char *line = program->diagnostics;
        while (*line) {
            size_t len = strcspn(line, "\n");

            ds_put_format(out, "    %.*s\n", (int) len, line);
            line += len + (line[len] == '\n');
        }
    }
    free(programs);
}

static int
compare_assignments(const void *a_, const void *b_)
{
    const struct xfsmrec_assignment *const *a = a_;
    const struct xfsmrec_assignment *const *b = b_;

    return strcmp((*a)->name, (*b)->name);
}

static void
put_assignment(struct ds *out, const struct xfsmrec_assignment *row)
{
    const struct smap_node **target = smap_sort(&row->target);
    size_t n = smap_count(&row->target);

    ds_put_format(out, "Assignment %s: ", row->name);
    put_list(out, row->programs, row->n_programs);
    ds_put_cstr(out, " on ");
    for (size_t i = 0; i < n; i++) {
        ds_put_format(out, "%s%s=%s", i ? "," : "", target[i]->key,
                      target[i]->value);
    }
    free(target);
    if (!row->enabled) {
        ds_put_cstr(out, " (not enabled)\n");
    } else {
        ds_put_format(out, " (%"PRId64" match%s)\n", row->matches,
                      row->matches == 1 ? "" : "es");
    }
}

static void
put_assignments(struct ds *out, const struct ovsdb_idl *idl)
{
    size_t n;
    const struct xfsmrec_assignment **rows
        = xfsm_sorted_rows(idl, &xfsmrec_table_assignment,
                           compare_assignments, &n);

    for (size_t i = 0; i < n; i++) {
        put_assignment(out, rows[i]);
    }
    free(rows);
}

static void
cmd_show(struct ctl_context *ctx)
{
    const struct xfsmrec_xfsm_global *global
        = xfsmrec_xfsm_global_first(ctx->idl);
    struct ds *out = &ctx->output;

    if (global && *global->agent_version) {
        ds_put_format(out, "Host %s: agent %s", global->hostname,
                      global->agent_version);
        if (*global->hub_endpoint) {
            ds_put_format(out, ", events at %s", global->hub_endpoint);
        }
        ds_put_char(out, '\n');
    } else {
        ds_put_cstr(out, "No agent (ovs-xfsmd) has connected yet\n");
    }
    put_probes(out, ctx->idl);
    put_assignments(out, ctx->idl);
    put_programs(out, ctx->idl, "Program ");
}

static void
cmd_list_programs(struct ctl_context *ctx)
{
    struct sset library = SSET_INITIALIZER(&library);
    const struct xfsmrec_program *program;

    put_programs(&ctx->output, ctx->idl, "");

    xfsm_ctl_library_programs(&library);
    XFSMREC_PROGRAM_FOR_EACH (program, ctx->idl) {
        sset_find_and_delete(&library, program->name);
    }

    const char **names = sset_sort(&library);
    for (size_t i = 0; i < sset_count(&library); i++) {
        ds_put_format(&ctx->output, "%s: library\n", names[i]);
    }
    free(names);
    sset_destroy(&library);
}

/* What 'top' prints comes after the transaction. */
static void
cmd_top(struct ctl_context *ctx OVS_UNUSED)
{
}

/* 'save-state' and 'restore-state': the agent of this host does it. */
static void
cmd_state(struct ctl_context *ctx)
{
    char *command = xasprintf("xfsm/%s", ctx->argv[0]);
    char *file = abs_file_name(NULL, ctx->argv[2]);
    const char *const argv[] = {
        "ovs-appctl", "-t", "ovs-xfsmd", command, ctx->argv[1], file, NULL
    };
    char *output;
    char *error = xfsm_ctl_run(argv, &output, NULL);

    if (error) {
        ctl_error(ctx, "%s%s%s", error, output && *output ? ": " : "",
                  output ? output : "");
    }
    free(error);
    free(output);
    free(command);
    free(file);
}

/* 'flows', 'flow' and 'why': the port's probe tells. */
static void
cmd_inspect(struct ctl_context *ctx)
{
    static const char *const commands[][2] = {
        { "flows", "xfsm/list" }, { "flow", "xfsm/dump" },
        { "why", "xfsm/why" },
    };
    const char *argv[9] = { "ovs-appctl", "-t" };
    char *target = xasprintf("xfsm-probe.%s", ctx->argv[1]);
    char *output = NULL;
    char *error = NULL;
    size_t n = 3;

    argv[2] = target;
    for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
        if (!strcmp(ctx->argv[0], commands[i][0])) {
            argv[n++] = commands[i][1];
        }
    }
    for (int i = 2; i < ctx->argc; i++) {
        argv[n++] = ctx->argv[i];
    }
    error = strchr(ctx->argv[1], '/')
            ? xasprintf("%s: not the name of an interface", ctx->argv[1])
            : xfsm_ctl_run(argv, &output, NULL);
    if (error) {
        ctl_error(ctx, "%s%s%s", error, output && *output ? ": " : "",
                  output ? output : "");
    } else if (output) {
        ds_put_format(&ctx->output, "%s\n", output);
    }
    free(error);
    free(output);
    free(target);
}

const struct ctl_command_syntax xfsm_ctl_show_commands[] = {
    {"show", 0, 0, "", pre_everything, cmd_show, NULL, "", RO},
    {"list-programs", 0, 0, "", pre_everything, cmd_list_programs, NULL, "",
     RO},
    {"top", 0, 0, "", pre_everything, cmd_top, NULL,
     "--interval=,--iterations=", RO},
    {"save-state", 2, 2, "INTERFACE FILE", NULL, cmd_state, NULL, "", RO},
    {"restore-state", 2, 2, "INTERFACE FILE", NULL, cmd_state, NULL, "", RO},
    {"flows", 2, 4, "INTERFACE PROGRAM [STATE] [LIMIT]", NULL, cmd_inspect,
     NULL, "", RO},
    {"flow", 3, 3, "INTERFACE PROGRAM KEY", NULL, cmd_inspect, NULL, "", RO},
    {"why", 3, 4, "INTERFACE PROGRAM KEY [LIMIT]", NULL, cmd_inspect, NULL,
     "", RO},
    {NULL, 0, 0, NULL, NULL, NULL, NULL, NULL, RO},
};
