/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include <config.h>
#include "ovsdb-schema/ovs-compat.h"

#include "ovs-plugin/programs-private.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <signal.h>
#include <unistd.h>

#include "ovs-plugin/ipc.h"
#include "process.h"
#include "timeval.h"
#include "util.h"

/* Opens the source of 'p' for the compiler to read.  Returns NULL and stores
 * a descriptor, or an error, and whether that may be gone another time: when
 * there are file descriptors and memory again. */
static char *
open_source(const struct xfsm_programs *ps, const struct program *p, int *fdp,
            bool *temporary)
{
    char *path, *error = NULL;
    struct stat s;
    int error_no;

    *temporary = false;
    if (p->origin == FROM_SOURCE) {
        size_t len = strlen(p->text);

        if (len > XFSM_PROGRAMS_MAX_SOURCE) {
            return xasprintf("column \"source\": %"PRIuSIZE" bytes, the "
                             "limit is %d", len, XFSM_PROGRAMS_MAX_SOURCE);
        }
        error_no = xfsm_ipc_sealed_memfd(p->name, p->text, len, fdp);
        if (!error_no) {
            lseek(*fdp, 0, SEEK_SET);
            return NULL;
        }
        *temporary = true;
        return xasprintf("cannot hand over the source (%s)",
                         ovs_strerror(error_no));
    }

    path = programs_library_path(ps, p->name);
    *fdp = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (*fdp < 0 || fstat(*fdp, &s)) {
        error = xasprintf("%s: %s", path, ovs_strerror(errno));
        *temporary = true;
    } else if (!S_ISREG(s.st_mode)) {
        error = xasprintf("%s: not a regular file", path);
    } else if (s.st_size > XFSM_PROGRAMS_MAX_SOURCE) {
        error = xasprintf("%s: %lld bytes, the limit is %d", path,
                          (long long int) s.st_size,
                          XFSM_PROGRAMS_MAX_SOURCE);
    }
    if (error && *fdp >= 0) {
        close(*fdp);
    }
    free(path);
    return error;
}

void
programs_try_later(struct program *p)
{
    p->retry_at = time_msec() + xfsm_backoff_next(&p->backoff, 0);
}

void
programs_start_compiler(struct xfsm_programs *ps, struct program *p)
{
    const char *argv[] = {
        ps->tool, p->name, p->params[0] ? p->params : NULL, NULL,
    };
    struct xfsm_child_spec spec = {
        .argv = argv,
        .confined = true,
#ifndef __SANITIZE_ADDRESS__
        .max_memory = XFSM_PROGRAMS_MAX_MEMORY,
#endif
        .max_cpu = XFSM_PROGRAMS_MAX_CPU,
        .max_file = XFSM_PROGRAMS_MAX_IMAGE,
        .uid = ps->uid,
        .gid = ps->gid,
    };
    bool temporary;
    char *error;
    int error_no;

    error = open_source(ps, p, &spec.in_fd, &temporary);
    if (error) {
        programs_set_outcome(ps, p, error, NULL);
        if (temporary) {
            programs_try_later(p);
        }
        return;
    }
    ps->out_fd = memfd_create(p->name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
    error_no = ps->out_fd < 0 ? errno : 0;
    if (!error_no) {
        spec.out_fd = ps->out_fd;
        ds_clear(&ps->output);
        error_no = xfsm_child_start(&ps->compiler, &spec);
    }
    close(spec.in_fd);
    if (error_no) {
        if (ps->out_fd >= 0) {
            close(ps->out_fd);
            ps->out_fd = -1;
        }
        programs_set_outcome(ps, p,
                             xasprintf("cannot start the compiler (%s)",
                                       ovs_strerror(error_no)), NULL);
        programs_try_later(p);
        return;
    }
    ps->compiling = p;
    ps->compile_until = time_msec() + XFSM_PROGRAMS_MAX_TIME * 1000;
}

void
programs_watch_compiler(struct xfsm_programs *ps)
{
    if (xfsm_child_is_running(&ps->compiler)
        && time_msec() >= ps->compile_until) {
        xfsm_child_kill(&ps->compiler, SIGKILL);
        if (ps->compiling) {
            struct program *p = ps->compiling;

            ps->compiling = NULL;
            programs_set_outcome(ps, p,
                                 xasprintf("the compiler did not end within "
                                           "%d s", XFSM_PROGRAMS_MAX_TIME),
                                 NULL);
            programs_try_later(p);
        }
    }
}

/* Returns the first line of 's' that tells of an error. */
static char *
first_error(const char *s)
{
    const char *line;

    for (line = s; *line; line += strcspn(line, "\n")) {
        line += strspn(line, "\n");
        if (!memmem(line, strcspn(line, "\n"), "warning:", 8)
            && !memmem(line, strcspn(line, "\n"), "note:", 5)) {
            break;
        }
    }
    return (*line ? xmemdup0(line, strcspn(line, "\n"))
            : xstrdup("the compiler did not say why it failed"));
}

void
programs_finish_compiler(struct xfsm_programs *ps, int status)
{
    struct program *p = ps->compiling;
    char *diagnostics;
    struct stat s;

    ps->compiling = NULL;
    if (!p) {
        close(ps->out_fd);
        ps->out_fd = -1;
        return;
    }

    diagnostics = xstrdup(ds_cstr(&ps->output));
    if (WIFEXITED(status) && !WEXITSTATUS(status)
        && !fstat(ps->out_fd, &s) && s.st_size > 0) {
        programs_set_image(ps, p, ps->out_fd);
        programs_set_outcome(ps, p, NULL, diagnostics);
        ps->out_fd = -1;
        return;
    }
    close(ps->out_fd);
    ps->out_fd = -1;
    if (WIFEXITED(status) && WEXITSTATUS(status) == 1) {
        programs_set_outcome(ps, p, first_error(diagnostics), diagnostics);
    } else {
        char *how = process_status_msg(status);

        programs_set_outcome(ps, p,
                             xasprintf("the compiler failed (%s)%s%s", how,
                                       ps->compiler.last_line[0] ? ": " : "",
                                       ps->compiler.last_line), diagnostics);
        free(how);
        programs_try_later(p);
    }
}
