/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include <config.h>
#include "ovsdb-schema/ovs-compat.h"

#include "utilities/xfsm-ctl.h"

#include <dirent.h>
#include <stdio.h>

#include "db-ctl-base.h"
#include "jsonrpc.h"
#include "openvswitch/json.h"
#include "ovsdb-schema/xfsm-idl.h"
#include "smap.h"
#include "util.h"

#define SUFFIX ".xml"

/* Programs of one port, as the schema has it. */
#define PORT_PROGRAMS_MAX 32

static const struct xfsmrec_program *
find_program(const struct ctl_context *ctx, const char *name)
{
    const struct xfsmrec_program *program;

    XFSMREC_PROGRAM_FOR_EACH (program, ctx->idl) {
        if (!strcmp(program->name, name)) {
            return program;
        }
    }
    return NULL;
}

void
xfsm_ctl_library_programs(struct sset *names)
{
    char *path = xasprintf("%s/programs", xfsm_ctl_pkgdatadir());
    DIR *dir = opendir(path);

    free(path);
    if (!dir) {
        return;
    }

    const struct dirent *entry;
    while ((entry = readdir(dir))) {
        size_t n = strlen(entry->d_name);

        if (n > strlen(SUFFIX) && entry->d_name[0] != '.'
            && !strcmp(&entry->d_name[n - strlen(SUFFIX)], SUFFIX)) {
            sset_add_and_free(names, xmemdup0(entry->d_name,
                                              n - strlen(SUFFIX)));
        }
    }
    closedir(dir);
}

static void
pre_add_program(struct ctl_context *ctx)
{
    ovsdb_idl_add_column(ctx->idl, &xfsmrec_program_col_name);
    ovsdb_idl_add_column(ctx->idl, &xfsmrec_program_col_source);
    ovsdb_idl_add_column(ctx->idl, &xfsmrec_program_col_image);

    /* The checks are done here and not in cmd_add_program() because that may
     * run again if another client is writing. */
    const char *file = ctx->argv[1];
    char *name = (ctx->argc > 2 ? xstrdup(ctx->argv[2])
                  : xfsm_ctl_name_from_file(file));
    char *source = NULL;

    ctx->error = xfsm_ctl_check_program_name(name);
    if (!ctx->error) {
        ctx->error = xfsm_ctl_read_source(file, &source);
    }
    if (!ctx->error && !shash_find(&ctx->options, "--force")) {
        ctx->error = xfsm_ctl_check_file(file);
    }
    free(source);
    free(name);
}

static void
cmd_add_program(struct ctl_context *ctx)
{
    const char *file = ctx->argv[1];
    char *name = (ctx->argc > 2 ? xstrdup(ctx->argv[2])
                  : xfsm_ctl_name_from_file(file));
    char *source;

    ctx->error = xfsm_ctl_read_source(file, &source);
    if (!ctx->error) {
        const struct xfsmrec_program *program = find_program(ctx, name);

        if (!program) {
            program = xfsmrec_program_insert(ctx->txn);
            xfsmrec_program_set_name(program, name);
        }
        xfsmrec_program_set_source(program, source);
        xfsmrec_program_set_image(program, "");
    }
    free(source);
    free(name);
}

static void
pre_program_names(struct ctl_context *ctx)
{
    ovsdb_idl_add_column(ctx->idl, &xfsmrec_program_col_name);
}

static void
cmd_del_program(struct ctl_context *ctx)
{
    const char *name = ctx->argv[1];
    const struct xfsmrec_program *program = find_program(ctx, name);

    if (program) {
        xfsmrec_program_delete(program);
    } else if (!shash_find(&ctx->options, "--if-exists")) {
        ctl_error(ctx, "no program named \"%s\" in the database", name);
    }
}

/* Adds the comma-separated words of 'list' to 'names'.  Reports and returns
 * false if one is no name for a program. */
static bool
parse_programs(struct ctl_context *ctx, const char *list, struct sset *names)
{
    const char *p = list;

    do {
        size_t n = strcspn(p, ",");
        char *name = xmemdup0(p, n);
        char *error = xfsm_ctl_check_program_name(name);

        if (error) {
            ctl_error(ctx, "%s", error);
            free(error);
            free(name);
            return false;
        }
        sset_add_and_free(names, name);
        p += n;
    } while (*p++ == ',');
    return true;
}

/* Reports and returns false if a name is that of no program in the database
 * or the library. */
static bool
check_known(struct ctl_context *ctx, const struct sset *names)
{
    const struct xfsmrec_program *program;
    struct sset known = SSET_INITIALIZER(&known);
    const char *name;
    bool ok = true;

    XFSMREC_PROGRAM_FOR_EACH (program, ctx->idl) {
        sset_add(&known, program->name);
    }
    xfsm_ctl_library_programs(&known);

    SSET_FOR_EACH (name, names) {
        if (!sset_contains(&known, name)) {
            char *list = sset_join(&known, ", ", "");
            ctl_error(ctx, "no program named \"%s\" in the database or in "
                      "%s/programs (known: %s)", name, xfsm_ctl_pkgdatadir(),
                      *list ? list : "none");
            free(list);
            ok = false;
            break;
        }
    }
    sset_destroy(&known);
    return ok;
}

/* The row that 'enable' keeps for 'port', or NULL. */
static const struct xfsmrec_assignment *
find_port_assignment(const struct ctl_context *ctx, const char *port)
{
    const struct xfsmrec_assignment *row;
    char *name = xasprintf("port:%s", port);

    XFSMREC_ASSIGNMENT_FOR_EACH (row, ctx->idl) {
        if (!strcmp(row->name, name)) {
            break;
        }
    }
    free(name);
    return row;
}

static const struct xfsmrec_assignment *
insert_port_assignment(struct ctl_context *ctx, const char *port)
{
    const struct xfsmrec_assignment *row = xfsmrec_assignment_insert(ctx->txn);
    struct smap target = SMAP_CONST1(&target, "port", port);
    char *name = xasprintf("port:%s", port);

    xfsmrec_assignment_set_name(row, name);
    xfsmrec_assignment_set_target(row, &target);
    free(name);
    return row;
}

static void
set_programs(const struct xfsmrec_assignment *row, const struct sset *names)
{
    const char **array = sset_sort(names);

    xfsmrec_assignment_set_programs(row, array, sset_count(names));
    free(array);
}

static void
pre_assignment(struct ctl_context *ctx)
{
    ovsdb_idl_add_column(ctx->idl, &xfsmrec_program_col_name);
    ovsdb_idl_add_column(ctx->idl, &xfsmrec_assignment_col_name);
    ovsdb_idl_add_column(ctx->idl, &xfsmrec_assignment_col_target);
    ovsdb_idl_add_column(ctx->idl, &xfsmrec_assignment_col_programs);
    ovsdb_idl_add_column(ctx->idl, &xfsmrec_assignment_col_enabled);
}

static void
cmd_enable(struct ctl_context *ctx)
{
    const char *port = ctx->argv[1];
    const struct xfsmrec_assignment *row = find_port_assignment(ctx, port);
    struct sset names = SSET_INITIALIZER(&names);

    if (!parse_programs(ctx, ctx->argv[2], &names)
        || (!shash_find(&ctx->options, "--force")
            && !check_known(ctx, &names))) {
        goto exit;
    }
    if (row) {
        xfsmrec_assignment_verify_programs(row);
        sset_add_array(&names, row->programs, row->n_programs);
    }
    if (sset_count(&names) > PORT_PROGRAMS_MAX) {
        ctl_error(ctx, "%s: %"PRIuSIZE" programs, a port can run %d", port,
                  sset_count(&names), PORT_PROGRAMS_MAX);
        goto exit;
    }
    if (!row) {
        row = insert_port_assignment(ctx, port);
    }
    set_programs(row, &names);
    xfsmrec_assignment_set_enabled(row, true);

exit:
    sset_destroy(&names);
}

/* Says so if the switch has no such port: it may be one to come, or a slip of
 * the keyboard.  Says nothing where that cannot be known. */
static void
post_enable(struct ctl_context *ctx)
{
    const char *port = ctx->argv[1];
    struct jsonrpc *rpc = NULL;
    bool exists = true;

    if (!xfsm_ctl_serves(XFSM_CTL_SWITCH_DB)) {
        return;
    }

    char *error = xfsm_ctl_server_open(xfsm_ctl_remote(), &rpc);
    if (!error) {
        error = xfsm_ctl_server_has_port(rpc, port, &exists);
    }
    if (!error && !exists) {
        fprintf(stderr, "%s: the switch has no port named \"%s\" now; it will "
                "be monitored when there is one\n", program_name, port);
    }
    free(error);
    jsonrpc_close(rpc);
}

static void
cmd_disable(struct ctl_context *ctx)
{
    const char *port = ctx->argv[1];
    const struct xfsmrec_assignment *row = find_port_assignment(ctx, port);
    bool may_miss = shash_find(&ctx->options, "--if-exists");
    struct sset removed = SSET_INITIALIZER(&removed);
    struct sset names = SSET_INITIALIZER(&names);
    const char *name;

    if (!row) {
        if (!may_miss) {
            ctl_error(ctx, "nothing was enabled on port \"%s\" with "
                      "'xfsm-ctl enable'", port);
        }
        goto exit;
    }

    xfsmrec_assignment_verify_programs(row);
    if (ctx->argc > 2) {
        if (!parse_programs(ctx, ctx->argv[2], &removed)) {
            goto exit;
        }
        sset_add_array(&names, row->programs, row->n_programs);
        SSET_FOR_EACH (name, &removed) {
            if (!sset_find_and_delete(&names, name) && !may_miss) {
                ctl_error(ctx, "program \"%s\" was not enabled on port "
                          "\"%s\"", name, port);
                goto exit;
            }
        }
    }
    if (sset_is_empty(&names)) {
        xfsmrec_assignment_delete(row);
    } else {
        set_programs(row, &names);
    }

exit:
    sset_destroy(&names);
    sset_destroy(&removed);
}

const struct ctl_command_syntax xfsm_ctl_program_commands[] = {
    {"add-program", 1, 2, "FILE [NAME]", pre_add_program, cmd_add_program,
     NULL, "--force", RW},
    {"del-program", 1, 1, "NAME", pre_program_names, cmd_del_program, NULL,
     "--if-exists", RW},
    {"enable", 2, 2, "PORT PROGRAM[,PROGRAM...]", pre_assignment, cmd_enable,
     post_enable, "--force", RW},
    {"disable", 1, 2, "PORT [PROGRAM[,PROGRAM...]]", pre_assignment,
     cmd_disable, NULL, "--if-exists", RW},
    {NULL, 0, 0, NULL, NULL, NULL, NULL, NULL, RO},
};
