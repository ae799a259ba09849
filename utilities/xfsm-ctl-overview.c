/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include <config.h>
#include "ovsdb-schema/ovs-compat.h"

#include "utilities/xfsm-ctl.h"

#include <stdlib.h>
#include <string.h>

#include "controller/operate.h"
#include "db-ctl-base.h"
#include "openvswitch/dynamic-string.h"
#include "ovsdb-idl.h"
#include "ovsdb-schema/sorted-rows.h"
#include "ovsdb-schema/xfsm-fleet-idl.h"
#include "smap.h"
#include "util.h"

/* Most rows of a kind that are shown without --all, for one screen: those that
 * need care come first. */
#define MAX_SHOWN 12

/* Statistics that are shown even if they are 0, and in that order. */
static const char *const main_statistics[] = {
    "probes", "packets", "dropped", "events", "alerts"
};

/* Statistics that are shown only if they are not. */
static const char *const bad_statistics[] = { "probes_failed", "drifts" };

static int64_t
get_statistic(const struct fleetrec_host *row, const char *key)
{
    for (size_t i = 0; i < row->n_statistics; i++) {
        if (!strcmp(row->key_statistics[i], key)) {
            return row->value_statistics[i];
        }
    }
    return 0;
}

static const char *
get_host_state(const struct fleetrec_host *row)
{
    return row->state ? row->state : "new";
}

static bool
is_well(const struct fleetrec_host *row)
{
    return !strcmp(get_host_state(row), "done") && !row->error
           && !get_statistic(row, "probes_failed");
}

/* Appends 'map' as KEY=VALUE, each after 'prefix'. */
static void
put_map(struct ds *out, const struct smap *map, const char *prefix)
{
    const struct smap_node **nodes = smap_sort(map);
    size_t n = smap_count(map);

    for (size_t i = 0; i < n; i++) {
        ds_put_format(out, " %s%s=%s", prefix, nodes[i]->key,
                      nodes[i]->value);
    }
    free(nodes);
}

/* Appends the lines of 'text' indented. */
static void
put_error(struct ds *out, const char *text)
{
    while (text && *text) {
        size_t len = strcspn(text, "\n");

        ds_put_format(out, "    error: %.*s\n", (int) len, text);
        text += len + (text[len] == '\n');
    }
}

static void
put_rest(struct ds *out, size_t n, size_t shown, const char *kind)
{
    if (n > shown) {
        ds_put_format(out, "... and %"PRIuSIZE" more %s (--all shows them)\n",
                      n - shown, kind);
    }
}

/* ## Controllers and hosts ## */

static int
compare_hosts(const void *a_, const void *b_)
{
    const struct fleetrec_host *const *a = a_;
    const struct fleetrec_host *const *b = b_;
    int order = is_well(*a) - is_well(*b);

    return order ? order : strcmp((*a)->name ? (*a)->name : "",
                                  (*b)->name ? (*b)->name : "");
}

static void
put_host(struct ds *out, const struct fleetrec_host *row)
{
    ds_put_format(out, "Host %s: %s", row->name, get_host_state(row));
    if (row->n_leaving) {
        ds_put_cstr(out, ", leaving");
    }
    if (row->controller && *row->controller) {
        ds_put_format(out, ", by %s", row->controller);
    }
    if (row->agent_version && *row->agent_version) {
        ds_put_format(out, ", agent %s", row->agent_version);
    }
    if (!smap_is_empty(&row->labels)) {
        ds_put_cstr(out, ", labels");
        put_map(out, &row->labels, "");
    }
    ds_put_char(out, '\n');
    if (row->n_statistics) {
        const char *separator = "    ";

        for (size_t i = 0; i < ARRAY_SIZE(main_statistics); i++) {
            ds_put_format(out, "%s%s %"PRId64, separator, main_statistics[i],
                          get_statistic(row, main_statistics[i]));
            separator = ", ";
        }
        for (size_t i = 0; i < ARRAY_SIZE(bad_statistics); i++) {
            if (get_statistic(row, bad_statistics[i])) {
                ds_put_format(out, ", %s %"PRId64, bad_statistics[i],
                              get_statistic(row, bad_statistics[i]));
            }
        }
        ds_put_char(out, '\n');
    }
    put_error(out, row->error);
}

static void
put_hosts(struct ds *out, const struct ovsdb_idl *idl, bool all)
{
    size_t n, n_well = 0, shown;
    const struct fleetrec_host **rows
        = xfsm_sorted_rows(idl, &fleetrec_table_host, compare_hosts, &n);

    for (size_t i = 0; i < n; i++) {
        n_well += is_well(rows[i]);
    }
    shown = all ? n : MIN(n, MAX_SHOWN);
    ds_put_format(out, "%"PRIuSIZE" host%s, %"PRIuSIZE" of them well\n", n,
                  n == 1 ? "" : "s", n_well);
    for (size_t i = 0; i < shown; i++) {
        put_host(out, rows[i]);
    }
    put_rest(out, n, shown, "hosts");
    free(rows);
}

static void
put_controllers(struct ds *out, const struct ovsdb_idl *idl)
{
    const struct fleetrec_fleet *fleet = fleetrec_fleet_first(idl);
    const char *leader = fleet ? smap_get(&fleet->status, "leader") : NULL;
    const struct fleetrec_controller *row;
    size_t n = 0;

    FLEETREC_CONTROLLER_FOR_EACH (row, idl) {
        ds_put_format(out, "Controller %s: %"PRId64" host%s%s\n", row->name,
                      row->hosts, row->hosts == 1 ? "" : "s",
                      leader && row->name && !strcmp(leader, row->name)
                      ? ", leader" : "");
        n++;
    }
    if (!n) {
        ds_put_cstr(out, "No controller runs\n");
    }
    put_error(out, fleet ? smap_get(&fleet->status, "options-error") : NULL);
}

/* ## Programs and assignments ## */

/* From the newest version to the active one of each program. */
static void
put_programs(struct ds *out, const struct ovsdb_idl *idl, bool all)
{
    size_t n, shown = 0, programs = 0, next;
    const struct fleetrec_program **rows
        = xfsm_operate_find_versions(idl, NULL, &n);

    for (size_t i = 0; i < n; i = next) {
        for (next = i + 1; next < n
             && !strcmp(rows[next]->name, rows[i]->name); ) {
            next++;
        }
        if (all || programs < MAX_SHOWN) {
            xfsm_ctl_put_versions(out, idl, &rows[i], next - i, false,
                                  "Program ");
            shown++;
        }
        programs++;
    }
    put_rest(out, programs, shown, "programs");
    free(rows);
}

static int
compare_assignments(const void *a_, const void *b_)
{
    const struct fleetrec_assignment *const *a = a_;
    const struct fleetrec_assignment *const *b = b_;
    int order = !(*a)->error - !(*b)->error;

    return order ? order : strcmp((*a)->name ? (*a)->name : "",
                                  (*b)->name ? (*b)->name : "");
}

/* As 'assign' takes it. */
static void
put_assignment(struct ds *out, const struct fleetrec_assignment *row)
{
    ds_put_format(out, "Assignment %s:", row->name);
    for (size_t i = 0; i < row->n_programs; i++) {
        ds_put_format(out, "%s%s", i ? "," : " ", row->programs[i]);
    }
    if (row->tenant) {
        ds_put_format(out, " tenant %s", row->tenant);
    }
    put_map(out, &row->parameters, "param:");
    put_map(out, &row->target, "");
    for (size_t i = 0; i < row->n_hosts; i++) {
        ds_put_format(out, " host=%s", row->hosts[i]);
    }
    put_map(out, &row->host_labels, "host-label:");
    if (row->enabled) {
        ds_put_format(out, " (%"PRId64" host%s)\n", row->matches,
                      row->matches == 1 ? "" : "s");
    } else {
        ds_put_cstr(out, " (not enabled)\n");
    }
    put_error(out, row->error);
}

static void
put_assignments(struct ds *out, const struct ovsdb_idl *idl, bool all)
{
    size_t n, shown;
    const struct fleetrec_assignment **rows
        = xfsm_sorted_rows(idl, &fleetrec_table_assignment,
                           compare_assignments, &n);

    shown = all ? n : MIN(n, MAX_SHOWN);
    for (size_t i = 0; i < shown; i++) {
        put_assignment(out, rows[i]);
    }
    put_rest(out, n, shown, "assignments");
    free(rows);
}

static void
cmd_show(struct ctl_context *ctx)
{
    bool all = shash_find(&ctx->options, "--all");

    put_controllers(&ctx->output, ctx->idl);
    put_hosts(&ctx->output, ctx->idl, all);
    put_programs(&ctx->output, ctx->idl, all);
    put_assignments(&ctx->output, ctx->idl, all);
    if (all) {
        xfsm_ctl_put_tenants(&ctx->output, ctx->idl);
    }
}

/* 'audit': a controller of this machine tells. */
static void
cmd_audit(struct ctl_context *ctx)
{
    const struct shash_node *control = shash_find(&ctx->options,
                                                  "--control");
    const char *argv[7] = {
        "ovs-appctl", "-t", control ? control->data : "xfsm-controller",
        "audit/list",
    };
    char *output = NULL;
    char *error;

    for (int i = 1; i < ctx->argc; i++) {
        argv[3 + i] = ctx->argv[i];
    }
    error = xfsm_ctl_run(argv, &output, NULL);
    if (error) {
        ctl_error(ctx, "%s%s%s", error, output && *output ? ": " : "",
                  output ? output : "");
    } else if (output && *output) {
        ds_put_format(&ctx->output, "%s\n", output);
    }
    free(error);
    free(output);
}

const struct ctl_command_syntax xfsm_ctl_overview_commands[] = {
    {"audit", 0, 2, "[LIMIT [TEXT]]", NULL, cmd_audit, NULL, "--control=",
     RO},
    {"show", 0, 0, "", xfsm_ctl_pre_fleet, cmd_show, NULL, "--all", RO},
    {NULL, 0, 0, NULL, NULL, NULL, NULL, NULL, RO},
};
