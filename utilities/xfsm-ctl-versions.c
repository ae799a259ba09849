/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include <config.h>
#include "ovsdb-schema/ovs-compat.h"

#include "utilities/xfsm-ctl.h"

#include <stdlib.h>
#include <string.h>

#include "controller/fleet.h"
#include "controller/operate.h"
#include "controller/rollout.h"
#include "db-ctl-base.h"
#include "ovsdb-idl.h"
#include "ovsdb-schema/xfsm-fleet-idl.h"
#include "smap.h"
#include "sset.h"
#include "timeval.h"
#include "util.h"

/* Most arguments of add-program: each option once. */
#define COUNT_OPTION(KEY, MEMBER, DEFAULT, MIN, MAX) + 1
#define MAX_ARGS (2 XFSM_ROLLOUT_OPTIONS(COUNT_OPTION))

/* ## Adding and removing ## */

static void
pre_add_program(struct ctl_context *ctx)
{
    xfsm_ctl_pre_fleet(ctx);
    ovsdb_idl_add_column(ctx->idl, &fleetrec_program_col_source);

    /* Once, while cmd_add_program() may run again if another client is
     * writing. */
    if (!shash_find(&ctx->options, "--force")) {
        char *source;

        ctx->error = xfsm_ctl_read_source(ctx->argv[1], &source);
        if (!ctx->error) {
            ctx->error = xfsm_ctl_check_file(ctx->argv[1]);
        }
        free(source);
    }
}

/* Adds to 'options' the arguments OPTION=VALUE from the one at 'first' on.
 * Reports and returns false if one is none; values are not looked at. */
static bool
parse_options(struct ctl_context *ctx, int first, struct smap *options)
{
#define OPTION_NAME(KEY, MEMBER, DEFAULT, MIN, MAX) KEY,
    static const char *const names[] = { XFSM_ROLLOUT_OPTIONS(OPTION_NAME) };
#undef OPTION_NAME

    for (int i = first; i < ctx->argc; i++) {
        size_t j;

        for (j = 0; j < ARRAY_SIZE(names); j++) {
            size_t n = strlen(names[j]);

            if (!strncmp(ctx->argv[i], names[j], n)
                && ctx->argv[i][n] == '=') {
                smap_replace(options, names[j], &ctx->argv[i][n + 1]);
                break;
            }
        }
        if (j >= ARRAY_SIZE(names)) {
            ctl_error(ctx, "%s: not an option of a roll-out, such as "
                      "%s=VALUE", ctx->argv[i], names[0]);
            return false;
        }
    }
    return true;
}

/* Reports what a controller would say about the newest version. */
static void
check_newest(struct ctl_context *ctx, const char *name)
{
    struct xfsm_fleet *fleet = xfsm_ctl_read_fleet(ctx);

    if (fleet) {
        const struct xfsm_fleet_program *newest
            = shash_find_data(&fleet->programs, name);

        if (newest->error || newest->blocked) {
            ctl_error(ctx, "program %s: %s", name,
                      newest->error ? newest->error : newest->blocked);
        }
        xfsm_fleet_destroy(fleet);
    }
}

/* Stores the number in 'arg'.  Reports and returns false if it is none. */
static bool
parse_version(struct ctl_context *ctx, const char *arg, int64_t *version)
{
    long long int value;

    if (!str_to_llong(arg, 10, &value)) {
        ctl_error(ctx, "%s: not the number of a version", arg);
        return false;
    }
    *version = value;
    return true;
}

/* Finds the number of the version after 'newest', or the one that option
 * --as-version says.  Reports and returns false if there is none. */
static bool
next_version(struct ctl_context *ctx, const char *name, int64_t newest,
             int64_t *version)
{
    const char *as = shash_find_data(&ctx->options, "--as-version");

    if (newest == INT64_MAX) {
        ctl_error(ctx, "program %s: there is no version after %"PRId64,
                  name, newest);
        return false;
    }
    *version = newest + 1;
    if (as && !parse_version(ctx, as, version)) {
        return false;
    } else if (*version <= newest) {
        ctl_error(ctx, "program %s: version %"PRId64" is not higher than "
                  "%"PRId64", the newest", name, *version, newest);
        return false;
    }
    return true;
}

/* Makes 'source' the version after 'versions', 'n' in all, newest first. */
static void
add_version(struct ctl_context *ctx, const char *name,
            const struct fleetrec_program *const versions[], size_t n,
            const char *source, const struct smap *options)
{
    const char *key = shash_find_data(&ctx->options, "--key");
    const struct fleetrec_program *newest = n ? versions[0] : NULL;
    char signature[XFSM_SIGNATURE_SIZE];
    const struct fleetrec_program *row;
    int64_t version = 0;

    if (newest && newest->source && !strcmp(newest->source, source)) {
        ds_put_format(&ctx->output, "%s is version %"PRId64" already\n",
                      name, newest->version);
        return;
    } else if (!next_version(ctx, name, newest ? newest->version : 0,
                             &version)) {
        return;
    }
    if (key) {
        ctx->error = xfsm_ctl_sign(ctx, name, source, version, versions, n,
                                   signature);
        if (ctx->error) {
            return;
        }
    }
    row = fleetrec_program_insert(ctx->txn);
    fleetrec_program_set_name(row, name);
    fleetrec_program_set_version(row, version);
    fleetrec_program_set_source(row, source);
    fleetrec_program_set_options(row, options);
    if (key) {
        fleetrec_program_set_signature(row, signature);
    }
    ds_put_format(&ctx->output, "%s version %"PRId64"\n", name, version);
    check_newest(ctx, name);
}

static void
cmd_add_program(struct ctl_context *ctx)
{
    bool named = ctx->argc > 2 && !strchr(ctx->argv[2], '=');
    char *name = (named ? xstrdup(ctx->argv[2])
                  : xfsm_ctl_name_from_file(ctx->argv[1]));
    struct smap options = SMAP_INITIALIZER(&options);
    char *source = NULL;

    ctx->error = xfsm_ctl_check_program_name(name);
    if (!ctx->error) {
        ctx->error = xfsm_ctl_read_source(ctx->argv[1], &source);
    }
    if (!ctx->error && parse_options(ctx, named ? 3 : 2, &options)) {
        size_t n;
        const struct fleetrec_program **versions
            = xfsm_operate_find_versions(ctx->idl, name, &n);

        add_version(ctx, name, versions, n, source, &options);
        free(versions);
    }
    smap_destroy(&options);
    free(source);
    free(name);
}

/* Reports if assignments have the program 'name', unless '--force'. */
static void
check_unused(struct ctl_context *ctx, const char *name)
{
    struct sset users = SSET_INITIALIZER(&users);

    xfsm_ctl_find_users(ctx->idl, name, &users);
    if (!sset_is_empty(&users) && !shash_find(&ctx->options, "--force")) {
        char *list = sset_join(&users, ", ", "");

        ctl_error(ctx, "program %s: these assignments have it: %s (--force "
                  "removes it all the same)", name, list);
        free(list);
    }
    sset_destroy(&users);
}

static void
cmd_del_program(struct ctl_context *ctx)
{
    const char *name = ctx->argv[1];
    const struct fleetrec_program **versions;
    int64_t version = 0;
    size_t removed = 0;
    size_t n;

    if (ctx->argc > 2 && !parse_version(ctx, ctx->argv[2], &version)) {
        return;
    }
    versions = xfsm_operate_find_versions(ctx->idl, name, &n);
    for (size_t i = 0; i < n; i++) {
        if (ctx->argc < 3 || versions[i]->version == version) {
            fleetrec_program_delete(versions[i]);
            removed++;
        }
    }
    free(versions);
    if (removed && removed == n) {
        check_unused(ctx, name);
    } else if (!removed && !shash_find(&ctx->options, "--if-exists")) {
        ctl_error(ctx, "there is no program %s%s%s", name,
                  ctx->argc > 2 ? ", version " : "",
                  ctx->argc > 2 ? ctx->argv[2] : "");
    }
}

/* ## Rolling out and back ## */

/* How xfsm-ctl is called in what it writes. */
#define WHO "xfsm-ctl"

/* Reports 'error', or prints what was 'done' to the program 'name'; frees
 * both. */
static void
finish(struct ctl_context *ctx, const char *name, char *error, char *done)
{
    if (error) {
        ctl_error(ctx, "%s", error);
    } else {
        ds_put_format(&ctx->output, "%s %s\n", name, done);
    }
    free(error);
    free(done);
}

static void
cmd_roll_back(struct ctl_context *ctx)
{
    char *done = NULL;
    char *error = xfsm_operate_roll_back(ctx->idl, ctx->argv[1], 0, WHO,
                                         &done);

    finish(ctx, ctx->argv[1], error, done);
}

static void
cmd_abort(struct ctl_context *ctx)
{
    char *done = NULL;
    char *error = xfsm_operate_abort(ctx->idl, ctx->argv[1], 0, WHO, &done);

    finish(ctx, ctx->argv[1], error, done);
}

static void
cmd_roll_out(struct ctl_context *ctx)
{
    struct smap options = SMAP_INITIALIZER(&options);
    int64_t version;

    if (parse_version(ctx, ctx->argv[2], &version)
        && parse_options(ctx, 3, &options)) {
        char *done = NULL;
        char *error = xfsm_operate_roll_out(ctx->idl, ctx->argv[1], version,
                                            &options, WHO, &done);

        finish(ctx, ctx->argv[1], error, done);
    }
    smap_destroy(&options);
}

/* ## Showing ## */

/* Appends how the hosts are that have 'row' first, each that is not well on a
 * line after 'prefix'. */
static void
put_canaries(struct ds *out, const struct ovsdb_idl *idl,
             const struct fleetrec_program *row, const char *prefix)
{
    char *key = xasprintf("%s/%"PRId64, row->name, row->version);
    struct ds ill = DS_EMPTY_INITIALIZER;
    const struct fleetrec_host *host;
    size_t well = 0;

    FLEETREC_HOST_FOR_EACH (host, idl) {
        const char *verdict = smap_get(&host->canaries, key);

        if (verdict && !strcmp(verdict, "well")) {
            well++;
        } else if (verdict) {
            ds_put_format(&ill, "%s    %s: %s\n", prefix, host->name,
                          verdict);
        }
    }
    free(key);
    ds_put_format(out, ", well on %"PRIuSIZE" host%s\n%s", well,
                  well == 1 ? "" : "s", ds_cstr(&ill));
    ds_destroy(&ill);
}

static void
put_version(struct ds *out, const struct ovsdb_idl *idl,
            const struct fleetrec_program *row, const char *prefix)
{
    enum xfsm_rollout_state state = xfsm_operate_get_state(row);

    ds_put_format(out, "%s%s version %"PRId64": %s", prefix, row->name,
                  row->version, state == XFSM_ROLLOUT_NEW ? "new"
                  : xfsm_rollout_state_names[state]);
    if (row->n_since) {
        char *since = xastrftime_msec("%Y-%m-%dT%H:%M:%SZ", row->since[0],
                                      true);

        ds_put_format(out, state == XFSM_ROLLOUT_CANARY ? ", well since %s"
                      : " since %s", since);
        free(since);
    }
    if (state == XFSM_ROLLOUT_CANARY) {
        put_canaries(out, idl, row, prefix);
    } else {
        ds_put_char(out, '\n');
    }
    if (row->error) {
        const char *line = row->error;

        while (*line) {
            size_t len = strcspn(line, "\n");

            ds_put_format(out, "%s    %.*s\n", prefix, (int) len, line);
            line += len + (line[len] == '\n');
        }
    }
}

void
xfsm_ctl_put_versions(struct ds *out, const struct ovsdb_idl *idl,
                      const struct fleetrec_program *const versions[],
                      size_t n, bool all, const char *prefix)
{
    for (size_t i = 0; i < n; i++) {
        put_version(out, idl, versions[i], prefix);
        if (!all
            && xfsm_operate_get_state(versions[i]) == XFSM_ROLLOUT_ACTIVE) {
            break;
        }
    }
}

static void
cmd_rollout(struct ctl_context *ctx)
{
    size_t n;
    const struct fleetrec_program **versions
        = xfsm_operate_find_versions(
            ctx->idl, ctx->argc > 1 ? ctx->argv[1] : NULL, &n);

    if (!n && ctx->argc > 1) {
        ctl_error(ctx, "there is no program %s", ctx->argv[1]);
    }
    xfsm_ctl_put_versions(&ctx->output, ctx->idl, versions, n, true, "");
    free(versions);
}

static void
pre_source(struct ctl_context *ctx)
{
    xfsm_ctl_pre_fleet(ctx);
    ovsdb_idl_add_column(ctx->idl, &fleetrec_program_col_source);
}

/* Prints the text of a version, the newest by default. */
static void
cmd_source(struct ctl_context *ctx)
{
    const struct fleetrec_program *found = NULL;
    unsigned long long int version = 0;
    size_t n;
    const struct fleetrec_program **versions
        = xfsm_operate_find_versions(ctx->idl, ctx->argv[1], &n);

    if (ctx->argc > 2 && !str_to_ullong(ctx->argv[2], 10, &version)) {
        ctl_error(ctx, "%s: not the number of a version", ctx->argv[2]);
    }
    for (size_t i = 0; i < n && !found; i++) {
        if (ctx->argc < 3 || versions[i]->version == version) {
            found = versions[i];
        }
    }
    if (found) {
        ds_put_cstr(&ctx->output, found->source);
    } else if (!ctx->error) {
        ctl_error(ctx, "there is no such version of a program %s",
                  ctx->argv[1]);
    }
    free(versions);
}

const struct ctl_command_syntax xfsm_ctl_version_commands[] = {
    {"add-program", 1, MAX_ARGS, "FILE [NAME] [OPTION=VALUE...]",
     pre_add_program, cmd_add_program, NULL,
     "--force,--key=,--oldest=,--as-version=", RW},
    {"del-program", 1, 2, "NAME [VERSION]", xfsm_ctl_pre_fleet,
     cmd_del_program, NULL, "--force,--if-exists", RW},
    {"rollout", 0, 1, "[NAME]", xfsm_ctl_pre_fleet, cmd_rollout, NULL, "",
     RO},
    {"source", 1, 2, "NAME [VERSION]", pre_source, cmd_source, NULL, "", RO},
    {"roll-back", 1, 1, "NAME", xfsm_ctl_pre_fleet, cmd_roll_back, NULL, "",
     RW},
    {"abort-rollout", 1, 1, "NAME", xfsm_ctl_pre_fleet, cmd_abort, NULL, "",
     RW},
    {"roll-out", 2, MAX_ARGS, "NAME VERSION [OPTION=VALUE...]",
     xfsm_ctl_pre_fleet, cmd_roll_out, NULL, "", RW},
    {NULL, 0, 0, NULL, NULL, NULL, NULL, NULL, RO},
};
