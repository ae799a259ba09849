/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include <config.h>
#include "ovsdb-schema/ovs-compat.h"

#include "ovs-plugin/exporter-link.h"

#include <unistd.h>

#include "openvswitch/dynamic-string.h"
#include "openvswitch/poll-loop.h"
#include "openvswitch/vlog.h"
#include "svec.h"
#include "timeval.h"
#include "util.h"

VLOG_DEFINE_THIS_MODULE(exporter_link);

static struct vlog_rate_limit rl = VLOG_RATE_LIMIT_INIT(1, 1);

void
xfsm_exporter_link_init(struct xfsm_exporter_link *x, const char *program,
                        const char *user)
{
    memset(x, 0, sizeof *x);
    xfsm_worker_init(&x->worker, "exporter", "xfsm-exporter");
    x->program = xstrdup(program);
    x->user = nullable_xstrdup(user);
}

void
xfsm_exporter_link_destroy(struct xfsm_exporter_link *x)
{
    xfsm_worker_destroy(&x->worker);
    free(x->program);
    free(x->user);
}

void
xfsm_exporter_link_configure(struct xfsm_exporter_link *x, unsigned int port)
{
    if (port != x->port) {
        x->port = port;
        xfsm_worker_stop(&x->worker);
        xfsm_worker_reset(&x->worker);
    }
}

static void
start(struct xfsm_exporter_link *x)
{
    struct svec argv = SVEC_EMPTY_INITIALIZER;

    svec_add(&argv, x->program);
    svec_add(&argv, "--ctl-fd=3");
    svec_add_nocopy(&argv, xasprintf("--port=%u", x->port));
    if (x->user) {
        svec_add_nocopy(&argv, xasprintf("--user=%s", x->user));
    }
    svec_terminate(&argv);
    xfsm_worker_start(&x->worker, (const char *const *) argv.names, -1);
    svec_destroy(&argv);
}

/* Gives the exporter a text to serve. */
static void
send_text(struct xfsm_exporter_link *x, const struct ds *text)
{
    static uint8_t buf[XFSM_IPC_MAX];
    struct xfsm_ipc_writer w;
    int fd;
    int error = xfsm_ipc_sealed_memfd("xfsm-metrics", text->string,
                                      text->length, &fd);

    if (error) {
        VLOG_WARN_RL(&rl, "no metrics (%s)", ovs_strerror(error));
        return;
    }
    xfsm_ipc_begin(&w, buf, XFSM_IPC_METRICS);
    xfsm_worker_send(&x->worker, &w, fd);
    close(fd);
}

static bool
handle_message(enum xfsm_ipc_type type OVS_UNUSED,
               struct xfsm_bytes *payload OVS_UNUSED, int *fdp OVS_UNUSED,
               void *aux OVS_UNUSED)
{
    return false;
}

static bool
wants_start(const struct xfsm_exporter_link *x)
{
    return x->port && xfsm_worker_may_start(&x->worker);
}

bool
xfsm_exporter_link_run(struct xfsm_exporter_link *x,
                       void (*format)(struct ds *, void *aux), void *aux)
{
    enum xfsm_worker_state old_state = x->worker.state;

    xfsm_worker_run(&x->worker, handle_message, NULL);
    if (wants_start(x)) {
        start(x);
        x->next_text = 0;
    }
    if (x->worker.state == XFSM_WORKER_READY && time_msec() >= x->next_text) {
        struct ds text = DS_EMPTY_INITIALIZER;

        x->next_text = time_msec() + XFSM_EXPORTER_PERIOD_MS;
        format(&text, aux);
        send_text(x, &text);
        ds_destroy(&text);
    }
    return x->worker.state != old_state;
}

void
xfsm_exporter_link_wait(const struct xfsm_exporter_link *x)
{
    xfsm_worker_wait(&x->worker);
    if (wants_start(x)) {
        poll_immediate_wake();
    }
    if (x->worker.state == XFSM_WORKER_READY) {
        poll_timer_wait_until(x->next_text);
    }
}

const char *
xfsm_exporter_link_status(const struct xfsm_exporter_link *x)
{
    return (!x->port ? NULL
            : x->worker.state == XFSM_WORKER_READY ? "running"
            : x->worker.error ? "error"
            : "starting");
}
