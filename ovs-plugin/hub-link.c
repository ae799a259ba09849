/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include <config.h>
#include "ovsdb-schema/ovs-compat.h"

#include "ovs-plugin/hub-link.h"

#include <unistd.h>

#include "openvswitch/poll-loop.h"
#include "openvswitch/vlog.h"
#include "util.h"

VLOG_DEFINE_THIS_MODULE(hub_link);

void
xfsm_hub_link_init(struct xfsm_hub_link *hub, const char *program,
                   const char *user)
{
    memset(hub, 0, sizeof *hub);
    xfsm_worker_init(&hub->worker, "hub", "xfsm-hub");
    hub->program = xstrdup(program);
    hub->user = nullable_xstrdup(user);
}

void
xfsm_hub_link_destroy(struct xfsm_hub_link *hub)
{
    xfsm_worker_destroy(&hub->worker);
    free(hub->program);
    free(hub->user);
    free(hub->endpoint);
    free(hub->bound);
    xfsm_counters_destroy(&hub->stats);
}

void
xfsm_hub_link_enable(struct xfsm_hub_link *hub, bool enable)
{
    hub->enabled = enable;
    if (!enable) {
        xfsm_worker_stop(&hub->worker);
    }
}

void
xfsm_hub_link_set_endpoint(struct xfsm_hub_link *hub, const char *endpoint)
{
    if (!hub->endpoint || strcmp(hub->endpoint, endpoint)) {
        free(hub->endpoint);
        hub->endpoint = xstrdup(endpoint);
        xfsm_worker_stop(&hub->worker);
        xfsm_worker_reset(&hub->worker);
    }
}

int
xfsm_hub_link_join(struct xfsm_hub_link *hub, const char *probe)
{
    static uint8_t message[XFSM_IPC_MAX];
    struct xfsm_ipc_writer w;
    int socks[2];

    if (xfsm_ipc_pair(socks)) {
        return -1;
    }
    xfsm_ipc_begin(&w, message, XFSM_IPC_PROBE);
    xfsm_ipc_put_text(&w, probe);
    xfsm_worker_send(&hub->worker, &w, socks[1]);
    close(socks[1]);
    return socks[0];
}

static void
put_counter(int list OVS_UNUSED, const char *name, uint64_t value, void *hub_)
{
    struct xfsm_hub_link *hub = hub_;

    xfsm_counters_add(&hub->stats, name, value);
}

static bool
handle_message(enum xfsm_ipc_type type, struct xfsm_bytes *payload,
               int *fdp OVS_UNUSED, void *hub_)
{
    struct xfsm_hub_link *hub = hub_;
    char text[XFSM_IPC_TEXT_SIZE];

    switch ((int) type) {
    case XFSM_IPC_ENDPOINT:
        if (!xfsm_ipc_get_text(payload, text, sizeof text)) {
            return false;
        }
        xfsm_text_sanitize(text);
        free(hub->bound);
        hub->bound = xstrdup(text);
        VLOG_INFO("events are published on %s", text);
        return true;

    case XFSM_IPC_STATS:
        xfsm_counters_clear(&hub->stats);
        return xfsm_worker_parse_stats(payload, put_counter, hub, text,
                                       sizeof text);

    default:
        return false;
    }
}

static void
start(struct xfsm_hub_link *hub)
{
    char *endpoint = xasprintf("--endpoint=%s", hub->endpoint);
    char *user = xasprintf("--user=%s", hub->user ? hub->user : "");
    const char *argv[] = { hub->program, "--ctl-fd=3", endpoint,
                           hub->user ? user : NULL, NULL };

    xfsm_counters_clear(&hub->stats);
    xfsm_worker_start(&hub->worker, argv, -1);
    free(endpoint);
    free(user);
}

static bool
wants_start(const struct xfsm_hub_link *hub)
{
    return (hub->enabled && hub->endpoint
            && xfsm_worker_may_start(&hub->worker));
}

bool
xfsm_hub_link_run(struct xfsm_hub_link *hub)
{
    enum xfsm_worker_state old_state = hub->worker.state;
    bool changed;

    xfsm_worker_run(&hub->worker, handle_message, hub);
    changed = hub->worker.state != old_state;
    if (wants_start(hub)) {
        start(hub);
        changed = true;
    }
    if (changed) {
        bool ready = hub->worker.state == XFSM_WORKER_READY;

        hub->generation = ready ? ++hub->last_generation : 0;
        if (!ready) {
            free(hub->bound);
            hub->bound = NULL;
        }
    }
    return changed;
}

void
xfsm_hub_link_wait(const struct xfsm_hub_link *hub)
{
    xfsm_worker_wait(&hub->worker);
    if (wants_start(hub)) {
        poll_immediate_wake();
    }
}

const char *
xfsm_hub_link_status(const struct xfsm_hub_link *hub)
{
    return (hub->worker.state == XFSM_WORKER_READY ? "running"
            : hub->worker.error ? "error"
            : "starting");
}
