/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include <config.h>
#include "ovsdb-schema/ovs-compat.h"

#include "ovs-plugin/hub-link.h"

#include <errno.h>
#include <poll.h>
#include <unistd.h>

#include "openvswitch/poll-loop.h"
#include "openvswitch/vlog.h"
#include "ovs-plugin/hub-options.h"
#include "smap.h"
#include "svec.h"
#include "timeval.h"
#include "util.h"

VLOG_DEFINE_THIS_MODULE(hub_link);

/* The hub's end of the socket pair of a probe. */
struct end {
    struct ovs_list node;
    char *probe;
    int sock;
    bool sent;                  /* The present hub has it. */
    bool replaced;              /* The probe has another one. */
};

void
xfsm_hub_link_init(struct xfsm_hub_link *hub, const char *program,
                   const char *user)
{
    memset(hub, 0, sizeof *hub);
    xfsm_worker_init(&hub->worker, "hub", "xfsm-hub");
    hub->worker.turn_ms = XFSM_HUB_LINK_TURN_MS;
    hub->program = xstrdup(program);
    hub->user = nullable_xstrdup(user);
    ovs_list_init(&hub->ends);
}

static void
close_end(struct xfsm_hub_link *hub, struct end *end)
{
    hub->n_unsent -= !end->sent;
    ovs_list_remove(&end->node);
    close(end->sock);
    free(end->probe);
    free(end);
}

static void
close_all_ends(struct xfsm_hub_link *hub)
{
    struct end *end;

    LIST_FOR_EACH_SAFE (end, node, &hub->ends) {
        close_end(hub, end);
    }
}

static void
free_options(char **options)
{
    size_t i;

    for (i = 0; options && options[i]; i++) {
        free(options[i]);
    }
    free(options);
}

void
xfsm_hub_link_destroy(struct xfsm_hub_link *hub)
{
    xfsm_worker_destroy(&hub->worker);
    close_all_ends(hub);
    free_options(hub->options);
    free(hub->program);
    free(hub->user);
    free(hub->endpoint);
    free(hub->bound);
    free(hub->note);
    xfsm_counters_destroy(&hub->stats);
}

void
xfsm_hub_link_enable(struct xfsm_hub_link *hub, bool enable)
{
    hub->enabled = enable;
    if (!enable) {
        xfsm_worker_stop(&hub->worker);
        close_all_ends(hub);
        hub->generation = 0;
    }
}

/* Returns the options as arguments of xfsm-hub. */
static char **
make_options(const struct smap *options)
{
    static const char *const names[] = {
#define OPTION_NAME(NAME) NAME,
        XFSM_HUB_OPTIONS(OPTION_NAME)
#undef OPTION_NAME
    };
    char **args = xcalloc(ARRAY_SIZE(names) + 1, sizeof *args);
    size_t i, n = 0;

    for (i = 0; i < ARRAY_SIZE(names); i++) {
        const char *value = smap_get(options, names[i]);

        if (value) {
            args[n++] = xasprintf("--%s=%s", names[i] + strlen("hub-"),
                                  value);
        }
    }
    return args;
}

static bool
options_equal(char **a, char **b)
{
    size_t i;

    for (i = 0; a && a[i] && b[i]; i++) {
        if (strcmp(a[i], b[i])) {
            return false;
        }
    }
    return a && !a[i] && !b[i];
}

void
xfsm_hub_link_configure(struct xfsm_hub_link *hub,
                        const struct smap *options,
                        const char *default_endpoint)
{
    const char *endpoint = smap_get_def(options, "hub-endpoint",
                                        default_endpoint);
    char **args = make_options(options);

    if (hub->endpoint && !strcmp(hub->endpoint, endpoint)
        && options_equal(hub->options, args)) {
        free_options(args);
        return;
    }
    free(hub->endpoint);
    hub->endpoint = xstrdup(endpoint);
    free_options(hub->options);
    hub->options = args;
    xfsm_worker_stop(&hub->worker);
    xfsm_worker_reset(&hub->worker);
}

int
xfsm_hub_link_join(struct xfsm_hub_link *hub, const char *probe)
{
    struct end *end;
    int socks[2];

    if (xfsm_ipc_pair(socks)) {
        return -1;
    }
    LIST_FOR_EACH (end, node, &hub->ends) {
        end->replaced |= !strcmp(end->probe, probe);
    }
    end = xzalloc(sizeof *end);
    end->probe = xstrdup(probe);
    end->sock = socks[1];
    ovs_list_push_back(&hub->ends, &end->node);
    hub->n_unsent++;
    hub->next_send = 0;
    return socks[0];
}

/* Hands to the hub what it lacks, as far as it takes it now. */
static void
send_ends(struct xfsm_hub_link *hub)
{
    static uint8_t message[XFSM_IPC_MAX];
    struct xfsm_ipc_writer w;
    struct end *end;
    int n = 0;

    if (!hub->n_unsent || time_msec() < hub->next_send) {
        return;
    }
    LIST_FOR_EACH (end, node, &hub->ends) {
        if (end->sent) {
            continue;
        }
        xfsm_ipc_begin(&w, message, XFSM_IPC_PROBE);
        xfsm_ipc_put_text(&w, end->probe);
        if (n++ >= XFSM_HUB_LINK_BURST
            || xfsm_ipc_send(hub->worker.ctl, &w, end->sock)) {
            hub->next_send = time_msec() + XFSM_HUB_LINK_RETRY_MS;
            return;
        }
        end->sent = true;
        hub->n_unsent--;
    }
}

/* True if the probe has closed its end. */
static bool
has_ended(const struct end *end)
{
    struct pollfd pfd = { .fd = end->sock };

    return poll(&pfd, 1, 0) > 0 && pfd.revents & (POLLHUP | POLLERR);
}

/* Closes what the hub has and no later one needs. */
static void
sweep(struct xfsm_hub_link *hub)
{
    struct end *end;

    if (time_msec() >= hub->next_sweep) {
        hub->next_sweep = time_msec() + XFSM_HUB_LINK_SWEEP_MS;
        LIST_FOR_EACH_SAFE (end, node, &hub->ends) {
            if (end->sent && (end->replaced || has_ended(end))) {
                close_end(hub, end);
            }
        }
    }
}

/* Makes all sockets to be handed to the next hub. */
static void
unsend_ends(struct xfsm_hub_link *hub)
{
    struct end *end;

    LIST_FOR_EACH (end, node, &hub->ends) {
        hub->n_unsent += end->sent;
        end->sent = false;
    }
}

static void
put_counter(int list OVS_UNUSED, const char *name, uint64_t value, void *hub_)
{
    struct xfsm_hub_link *hub = hub_;

    xfsm_counters_add(&hub->stats, name, value);
}

/* Puts the text of a message in place of '*textp'. */
static bool
take_text(struct xfsm_bytes *payload, char **textp)
{
    char text[XFSM_IPC_TEXT_SIZE];

    if (!xfsm_ipc_get_text(payload, text, sizeof text)) {
        return false;
    }
    xfsm_text_sanitize(text);
    free(*textp);
    *textp = xstrdup(text);
    return true;
}

static bool
handle_message(enum xfsm_ipc_type type, struct xfsm_bytes *payload,
               int *fdp OVS_UNUSED, void *hub_)
{
    struct xfsm_hub_link *hub = hub_;
    char text[XFSM_IPC_TEXT_SIZE];

    switch ((int) type) {
    case XFSM_IPC_ENDPOINT:
        if (!take_text(payload, &hub->bound)) {
            return false;
        }
        VLOG_INFO("events are published on %s", hub->bound);
        return true;

    case XFSM_IPC_NOTE:
        return take_text(payload, &hub->note);

    case XFSM_IPC_STATS:
        xfsm_counters_clear(&hub->stats);
        return xfsm_ipc_get_stats(payload, put_counter, hub, text,
                                  sizeof text);

    default:
        return false;
    }
}

static void
start(struct xfsm_hub_link *hub)
{
    struct svec argv = SVEC_EMPTY_INITIALIZER;
    size_t i;

    svec_add(&argv, hub->program);
    svec_add(&argv, "--ctl-fd=3");
    svec_add_nocopy(&argv, xasprintf("--endpoint=%s", hub->endpoint));
    if (hub->user) {
        svec_add_nocopy(&argv, xasprintf("--user=%s", hub->user));
    }
    for (i = 0; hub->options[i]; i++) {
        svec_add(&argv, hub->options[i]);
    }
    svec_terminate(&argv);
    xfsm_counters_clear(&hub->stats);
    xfsm_worker_start(&hub->worker, (const char *const *) argv.names, -1);
    svec_destroy(&argv);
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
        if (hub->worker.state == XFSM_WORKER_READY) {
            if (!hub->generation) {
                hub->generation = ++hub->last_generation;
            }
        } else {
            unsend_ends(hub);
            free(hub->bound);
            hub->bound = NULL;
            free(hub->note);
            hub->note = NULL;
        }
    }
    if (hub->worker.state == XFSM_WORKER_READY) {
        send_ends(hub);
        sweep(hub);
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
    if (hub->n_unsent && hub->worker.state == XFSM_WORKER_READY) {
        poll_timer_wait_until(hub->next_send);
    }
}

const char *
xfsm_hub_link_error(const struct xfsm_hub_link *hub)
{
    return hub->worker.error ? hub->worker.error : hub->note;
}

const char *
xfsm_hub_link_status(const struct xfsm_hub_link *hub)
{
    return (hub->worker.state == XFSM_WORKER_READY ? "running"
            : hub->worker.error ? "error"
            : "starting");
}
