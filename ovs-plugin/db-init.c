/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include <config.h>
#include "ovsdb-schema/ovs-compat.h"

#include "openvswitch/vlog.h"
#include "ovs-plugin/db-init.h"

#include <signal.h>
#include <sys/wait.h>

#include "openvswitch/poll-loop.h"
#include "timeval.h"
#include "util.h"

VLOG_DEFINE_THIS_MODULE(db_init);

/* How long the database must be missing: connecting takes a moment. */
#define PATIENCE_MS 500

/* How long "xfsm-ctl init" may take. */
#define INIT_MS 30000

void
xfsm_db_init_init(struct xfsm_db_init *d, const char *tool,
                  const char *remote)
{
    memset(d, 0, sizeof *d);
    xfsm_child_init(&d->child, "xfsm-ctl init");
    d->tool = xstrdup(tool);
    d->remote = xstrdup(remote);
}

void
xfsm_db_init_destroy(struct xfsm_db_init *d)
{
    xfsm_child_destroy(&d->child);
    free(d->tool);
    free(d->remote);
    free(d->error);
}

static void
finish(struct xfsm_db_init *d, char *error)
{
    free(d->error);
    d->error = error;
    if (error) {
        d->start_at = time_msec() + xfsm_backoff_next(&d->backoff, 0);
        VLOG_WARN("cannot add the database XFSM: %s", error);
    } else {
        xfsm_backoff_reset(&d->backoff);
        d->start_at = 0;
        d->missing_since = 0;
        VLOG_INFO("added the database XFSM to the server");
    }
}

static void
start(struct xfsm_db_init *d)
{
    char *db = xasprintf("--db=%s", d->remote);
    const char *argv[] = { d->tool, db, "init", NULL };
    const struct xfsm_child_spec spec = {
        .argv = argv, .in_fd = -1, .out_fd = -1,
    };
    int error = xfsm_child_start(&d->child, &spec);

    if (error) {
        finish(d, xasprintf("cannot start %s (%s)", d->tool,
                            ovs_strerror(error)));
    }
    d->kill_at = time_msec() + INIT_MS;
    free(db);
}

bool
xfsm_db_init_run(struct xfsm_db_init *d, bool missing)
{
    long long int now = time_msec();
    int status;

    if (xfsm_child_run(&d->child, &status)) {
        bool ok = WIFEXITED(status) && !WEXITSTATUS(status);

        finish(d, (ok ? NULL
                   : xstrdup(d->child.last_line[0] ? d->child.last_line
                             : "xfsm-ctl init failed")));
        return ok;
    }
    if (xfsm_child_is_running(&d->child)) {
        if (now >= d->kill_at) {
            xfsm_child_kill(&d->child, SIGKILL);
        }
    } else if (!missing || strncmp(d->remote, "unix:", 5)) {
        d->missing_since = 0;
    } else if (!d->missing_since) {
        d->missing_since = now;
    } else if (now >= d->missing_since + PATIENCE_MS && now >= d->start_at) {
        start(d);
    }
    return false;
}

void
xfsm_db_init_wait(const struct xfsm_db_init *d)
{
    if (xfsm_child_is_running(&d->child)) {
        poll_timer_wait_until(d->kill_at);
    } else if (d->missing_since) {
        poll_timer_wait_until(MAX(d->missing_since + PATIENCE_MS,
                                  d->start_at));
    }
}
