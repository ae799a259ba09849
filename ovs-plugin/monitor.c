/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include <config.h>
#include "ovsdb-schema/ovs-compat.h"

#include "ovs-plugin/monitor-private.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <net/if.h>
#include <unistd.h>

#include "openvswitch/poll-loop.h"
#include "openvswitch/vlog.h"
#include "ovs-plugin/epoch.h"
#include "ovs-plugin/hub-link.h"
#include "ovs-plugin/mirror.h"
#include "ovs-plugin/port-state.h"
#include "ovs-plugin/probe-publish.h"
#include "timeval.h"
#include "util.h"
#include "uuid.h"

VLOG_DEFINE_THIS_MODULE(monitor);

/* How often to look for a device, should the kernel's notice be lost. */
#define DEVICE_POLL_MS 1000

/* How long until a probe is given its socket to the hub after all. */
#define JOIN_RETRY_MS 1000

struct xfsm_monitor *
xfsm_monitor_create(const char *interface)
{
    struct xfsm_monitor *m = xzalloc(sizeof *m);
    char *name = xasprintf("probe %s", interface);
    char *program = xasprintf("xfsm-probe.%s", interface);

    m->interface = xstrdup(interface);
    xfsm_worker_init(&m->worker, name, program);
    free(name);
    free(program);
    memset(&m->want, 0, sizeof m->want);
    sset_init(&m->want.programs);
    smap_init(&m->want.params);
    smap_init(&m->want.all_ids);
    svec_init(&m->argv);
    svec_init(&m->running);
    svec_init(&m->requests);
    shash_init(&m->slots);
    m->last_event = xstrdup("");
    m->notes = xstrdup("");
    m->netdev_class = xstrdup("");
    m->join_at = LLONG_MAX;
    m->status = XFSM_MONITOR_STARTING;
    m->status_unwritten = true;
    return m;
}

static void
destroy_slot(struct xfsm_monitor *m, struct shash_node *node)
{
    struct monitor_slot *slot = node->data;

    free(slot->error);
    free(slot);
    shash_delete(&m->slots, node);
}

/* The process is gone, and so is what it knew. */
static void
forget_process(struct xfsm_monitor *m)
{
    struct shash_node *node;

    SHASH_FOR_EACH_SAFE (node, &m->slots) {
        destroy_slot(m, node);
    }
    xfsm_port_state_cancel(&m->state_request, "the probe ended");
    m->hub_generation = 0;
    m->join_at = LLONG_MAX;
    m->told = false;
    xfsm_counters_clear(&m->state_keys);
    m->stats_unwritten = true;
    free(m->told_note);
    m->told_note = NULL;
}

static void
clear_want(struct xfsm_monitor *m)
{
    xfsm_desired_probe_destroy(&m->want);
    memset(&m->want, 0, sizeof m->want);
    sset_init(&m->want.programs);
    smap_init(&m->want.params);
    smap_init(&m->want.all_ids);
}

void
xfsm_monitor_destroy(struct xfsm_monitor *m)
{
    if (m) {
        xfsm_worker_destroy(&m->worker);
        forget_process(m);
        shash_destroy(&m->slots);
        xfsm_desired_probe_destroy(&m->want);
        xfsm_port_ids_destroy(&m->told_ids);
        svec_destroy(&m->argv);
        svec_destroy(&m->running);
        svec_destroy(&m->requests);
        xfsm_counters_destroy(&m->stats);
        xfsm_counters_destroy(&m->state_keys);
        free(m->interface);
        free(m->netdev_class);
        free(m->last_event);
        free(m->told_note);
        free(m->mirror_error);
        free(m->notes);
        free(m->error);
        free(m);
    }
}

void
xfsm_monitor_configure(struct xfsm_monitor *m,
                       const struct xfsm_desired_probe *want)
{
    bool same;

    if (!want) {
        m->dirty |= m->wanted;
        m->wanted = false;
        return;
    }
    same = (m->wanted
            && uuid_equals(&m->want.uuid, &want->uuid)
            && sset_equals(&m->want.programs, &want->programs)
            && smap_equal(&m->want.params, &want->params)
            && !strcmp(m->want.port, want->port)
            && !strcmp(m->want.bridge, want->bridge)
            && !strcmp(m->want.type, want->type)
            && m->want.mirror == want->mirror
            && m->want.workers == want->workers
            && m->want.ring_kib == want->ring_kib
            && m->want.huge_pages == want->huge_pages
            && nullable_string_is_equal(m->want.netdev_class,
                                        want->netdev_class));
    if (same && m->want.wanted_by == want->wanted_by
        && m->want.mitigation == want->mitigation
        && xfsm_port_ids_equal(&m->want.ids, &want->ids)
        && m->want.tag == want->tag
        && smap_equal(&m->want.all_ids, &want->all_ids)
        && nullable_string_is_equal(m->want.params_note, want->params_note)
        && nullable_string_is_equal(m->want.keys_note, want->keys_note)
        && nullable_string_is_equal(m->want.error, want->error)) {
        return;
    }
    m->dirty = true;
    m->status_unwritten = true;
    if (m->wanted && !uuid_equals(&m->want.uuid, &want->uuid)) {
        /* Another interface of the same name. */
        xfsm_worker_stop(&m->worker);
    }
    if (!same) {
        xfsm_worker_reset(&m->worker);
    }
    clear_want(m);
    sset_destroy(&m->want.programs);
    smap_destroy(&m->want.params);
    smap_destroy(&m->want.all_ids);
    m->wanted = true;
    xfsm_desired_probe_clone(&m->want, want);
}

void
xfsm_monitor_restart(struct xfsm_monitor *m)
{
    xfsm_worker_stop(&m->worker);
    xfsm_worker_reset(&m->worker);
    m->dirty = true;
}

/* ## Messages of the probe. ## */

static void
put_stat(int list, const char *name, uint64_t value, void *m_)
{
    struct xfsm_monitor *m = m_;

    xfsm_counters_add(list ? &m->state_keys : &m->stats, name, value);
}

static bool
handle_ack(struct xfsm_monitor *m, struct xfsm_bytes *payload)
{
    char name[XFSM_PROGRAMS_MAX_NAME + 1];
    char error[XFSM_IPC_TEXT_SIZE];
    struct monitor_slot *slot;
    uint64_t serial;

    if (!xfsm_ipc_get_u64(payload, &serial)
        || !xfsm_ipc_get_text(payload, name, sizeof name)
        || !xfsm_ipc_get_text(payload, error, sizeof error)) {
        return false;
    }
    slot = shash_find_data(&m->slots, name);
    if (slot && slot->sent == serial) {
        xfsm_text_sanitize(error);
        free(slot->error);
        slot->error = error[0] ? xstrdup(error) : NULL;
        if (!slot->error) {
            slot->loaded = serial;
        }
    }
    return true;
}

static bool
handle_note(struct xfsm_monitor *m, struct xfsm_bytes *payload)
{
    char note[XFSM_IPC_TEXT_SIZE];

    if (!xfsm_ipc_get_text(payload, note, sizeof note)) {
        return false;
    }
    xfsm_text_sanitize(note);
    free(m->told_note);
    m->told_note = note[0] ? xstrdup(note) : NULL;
    m->dirty = true;
    return true;
}

static bool
handle_mitigation(struct xfsm_monitor *m, struct xfsm_bytes *payload)
{
    char event[XFSM_IPC_TEXT_SIZE];

    if (!xfsm_ipc_get_text(payload, event, sizeof event)) {
        return false;
    }
    if (m->requests.n < XFSM_MONITOR_REQUESTS) {
        svec_add(&m->requests, event);
    } else {
        m->requests_lost++;
    }
    return true;
}

static bool
handle_message(enum xfsm_ipc_type type, struct xfsm_bytes *payload,
               int *fdp OVS_UNUSED, void *m_)
{
    struct xfsm_monitor *m = m_;
    char last[XFSM_PUBLISH_LAST_SIZE];
    bool ok;

    switch ((int) type) {
    case XFSM_IPC_ACK:
        m->dirty = true;
        return handle_ack(m, payload);

    case XFSM_IPC_NOTE:
        return handle_note(m, payload);

    case XFSM_IPC_DONE:
        return xfsm_port_state_done(&m->state_request, payload);

    case XFSM_IPC_MITIGATION:
        return handle_mitigation(m, payload);

    case XFSM_IPC_STATS:
        m->stats_unwritten = true;
        xfsm_counters_clear(&m->stats);
        xfsm_counters_clear(&m->state_keys);
        ok = xfsm_ipc_get_stats(payload, put_stat, m, last, sizeof last);
        if (ok) {
            xfsm_text_sanitize(last);
            free(m->last_event);
            m->last_event = xstrdup(last);
        }
        return ok;

    default:
        return false;
    }
}

/* ## Starting and feeding the probe. ## */

const char *
monitor_get_class(const struct xfsm_monitor *m,
                  const struct xfsm_monitor_settings *s)
{
    return m->want.netdev_class ? m->want.netdev_class : s->netdev_class;
}

static void
compose_argv(const struct xfsm_monitor *m,
             const struct xfsm_monitor_settings *s, struct svec *argv)
{
    const bool *huge_pages = (m->want.huge_pages ? m->want.huge_pages
                              : s->huge_pages);

    svec_add(argv, s->program);
    svec_add_nocopy(argv, xasprintf("--interface=%s", m->interface));
    svec_add_nocopy(argv, xasprintf("--bridge=%s", m->want.bridge));
    svec_add_nocopy(argv, xasprintf("--port=%s", m->want.port));
    svec_add_nocopy(argv, xasprintf("--host=%s", s->host));
    svec_add_nocopy(argv, xasprintf("--netdev-class=%s",
                                    monitor_get_class(m, s)));
    svec_add_nocopy(argv, xasprintf("--netdev-option=ring-kib=%u",
                                    m->want.ring_kib ? m->want.ring_kib
                                    : s->ring_kib));
    svec_add_nocopy(argv, xasprintf("--netdev-option=workers=%u",
                                    m->want.workers ? m->want.workers
                                    : s->workers));
    svec_add_nocopy(argv, xasprintf("--netdev-option=retire-ms=%u",
                                    s->retire_ms));
    svec_add_nocopy(argv, xasprintf("--netdev-option=filter=%s",
                                    s->kernel_filter ? "true" : "false"));
    svec_add_nocopy(argv, xasprintf("--netdev-option=inverted=%s",
                                    xfsm_desired_type_is_inverted(
                                        m->want.type) ? "true" : "false"));
    if (!s->segments) {
        svec_add(argv, "--netdev-option=segments=false");
    }
    if (m->want.mirror) {
        svec_add(argv, "--netdev-option=mirror=true");
    }
    svec_add_nocopy(argv, xasprintf("--memory-mib=%u", s->memory_mib));
    if (s->machine_code) {
        svec_add(argv, "--machine-code");
    }
    if (huge_pages) {
        svec_add(argv, *huge_pages ? "--huge-pages" : "--no-huge-pages");
    }
    if (s->user) {
        svec_add_nocopy(argv, xasprintf("--user=%s", s->user));
    }
    svec_add(argv, "--ctl-fd=3");
    svec_terminate(argv);
}

/* Returns the index of a device, 0 if there is none of that name, or UINT_MAX
 * if that cannot be told, for want of file descriptors. */
static unsigned int
find_device(const char *name)
{
    unsigned int ifindex = if_nametoindex(name);

    return ifindex || errno == ENODEV ? ifindex : UINT_MAX;
}

/* Has the mirror's device be up.  Once is not enough: the switch, which reads
 * the flags of a new device and writes them back with its own, may take the
 * flag away again. */
static void
keep_mirror_up(struct xfsm_monitor *m)
{
    if (m->want.mirror && !m->no_device) {
        free(m->mirror_error);
        m->mirror_error = xfsm_mirror_bring_up(m->interface);
    }
}

/* Starts the probe if it can be started now. */
static void
start(struct xfsm_monitor *m, const struct xfsm_monitor_settings *s)
{
    struct svec argv;

    /* A netdev of class "dummy" exists in the probe alone. */
    m->no_device = (strncmp(monitor_get_class(m, s), "dummy", 5)
                    && !find_device(m->interface));
    m->look_at = time_msec() + DEVICE_POLL_MS;
    if (!m->no_device) {
        free(m->netdev_class);
        m->netdev_class = xstrdup(monitor_get_class(m, s));
        svec_clone(&argv, &m->argv);
        svec_add_nocopy(&argv, xasprintf("--epoch=%"PRIu64, xfsm_epochs_next(
            s->epochs, time_wall_msec())));
        svec_terminate(&argv);
        xfsm_worker_start(&m->worker, (const char *const *) argv.names, -1);
        svec_destroy(&argv);
    }
}

/* Stops a probe that was started with other arguments than it should be. */
static void
check_argv(struct xfsm_monitor *m, const struct xfsm_monitor_settings *s)
{
    struct svec argv = SVEC_EMPTY_INITIALIZER;

    compose_argv(m, s, &argv);
    if (!svec_equal(&argv, &m->argv)) {
        svec_swap(&argv, &m->argv);
        xfsm_worker_stop(&m->worker);
        xfsm_worker_reset(&m->worker);
    }
    svec_destroy(&argv);
}

static void
send_program(struct xfsm_monitor *m, enum xfsm_ipc_type type,
             const char *name, uint64_t serial, int fd)
{
    static uint8_t buf[XFSM_IPC_MAX];
    struct xfsm_ipc_writer w;

    xfsm_ipc_begin(&w, buf, type);
    xfsm_ipc_put_u64(&w, serial);
    xfsm_ipc_put_text(&w, name);
    xfsm_worker_send_task(&m->worker, &w, fd);
}

struct xfsm_agent_program
monitor_get_program(const struct xfsm_monitor *m,
                    struct xfsm_programs *programs, const char *name)
{
    return xfsm_programs_get(programs, name,
                             smap_get_def(&m->want.params, name, ""));
}

/* Makes the programs of a probe that is ready those it should have. */
static void
feed_programs(struct xfsm_monitor *m, struct xfsm_programs *programs)
{
    struct shash_node *node;
    const char *name;

    SHASH_FOR_EACH (node, &m->slots) {
        struct monitor_slot *slot = node->data;

        slot->wanted = false;
    }
    SSET_FOR_EACH (name, &m->want.programs) {
        struct xfsm_agent_program p = monitor_get_program(m, programs, name);
        struct monitor_slot *slot = shash_find_data(&m->slots, name);

        if (p.image_fd < 0) {
            if (slot) {
                slot->wanted = p.exists;
            }
            continue;
        }
        if (!slot) {
            slot = xzalloc(sizeof *slot);
            shash_add(&m->slots, name, slot);
        }
        slot->wanted = true;
        if (slot->sent != p.serial) {
            slot->sent = p.serial;
            free(slot->error);
            slot->error = NULL;
            send_program(m, XFSM_IPC_LOAD, name, p.serial, p.image_fd);
        }
    }
    SHASH_FOR_EACH_SAFE (node, &m->slots) {
        const struct monitor_slot *slot = node->data;

        if (!slot->wanted) {
            send_program(m, XFSM_IPC_UNLOAD, node->name, 0, -1);
            destroy_slot(m, node);
        }
    }
}

/* Tells the probe which machine its port is of, if it does not know yet. */
static void
introduce(struct xfsm_monitor *m)
{
    static uint8_t buf[XFSM_IPC_MAX];
    struct xfsm_ipc_writer w;

    if (!m->told || !xfsm_port_ids_equal(&m->told_ids, &m->want.ids)) {
        xfsm_port_ids_compose(&m->want.ids, buf, &w);
        xfsm_worker_send(&m->worker, &w, -1);
        xfsm_port_ids_destroy(&m->told_ids);
        xfsm_port_ids_clone(&m->told_ids, &m->want.ids);
        m->told = true;
    }
}

static void
join_hub(struct xfsm_monitor *m, struct xfsm_hub_link *hub)
{
    static uint8_t buf[XFSM_IPC_MAX];
    struct xfsm_ipc_writer w;
    int sock;

    m->join_at = LLONG_MAX;
    if (hub->generation && hub->generation != m->hub_generation) {
        sock = xfsm_hub_link_join(hub, m->interface);
        if (sock >= 0) {
            xfsm_ipc_begin(&w, buf, XFSM_IPC_HUB);
            xfsm_worker_send(&m->worker, &w, sock);
            close(sock);
            m->hub_generation = hub->generation;
        } else {
            /* No file descriptor is left. */
            m->join_at = time_msec() + JOIN_RETRY_MS;
        }
    }
}

/* ## Running. ## */

/* True if there should be a process: there is a program for it, or there is
 * going to be one for the process that is there already, or that goes on with
 * the program as it was before its parameters became wrong. */
static bool
has_work(const struct xfsm_monitor *m, struct xfsm_programs *programs)
{
    bool running = (m->worker.state == XFSM_WORKER_STARTING
                    || m->worker.state == XFSM_WORKER_READY);
    const char *name;

    SSET_FOR_EACH (name, &m->want.programs) {
        struct xfsm_agent_program p = monitor_get_program(m, programs, name);

        if (p.image_fd >= 0
            || (running && (p.pending
                            || (p.exists && shash_find(&m->slots, name))))) {
            return true;
        }
    }
    return false;
}

/* True if the probe listens to a device that the interface is not any more:
 * one that was given another name. */
static bool
lost_device(const struct xfsm_monitor *m)
{
    unsigned int ifindex;

    if (m->worker.state != XFSM_WORKER_READY || !m->worker.ifindex) {
        return false;
    }
    ifindex = find_device(m->interface);
    return ifindex != UINT_MAX && ifindex != m->worker.ifindex;
}

/* Acts on the difference between what is and what is wanted.  Returns true if
 * status, error or running programs changed. */
static bool
run(struct xfsm_monitor *m, bool changed, bool may_start,
    const struct xfsm_monitor_settings *settings,
    struct xfsm_programs *programs, struct xfsm_hub_link *hub)
{
    if (changed && lost_device(m)) {
        VLOG_INFO("%s: this is another device now", m->interface);
        xfsm_monitor_restart(m);
    }
    if (m->no_device && !changed && time_msec() < m->look_at) {
        return false;
    }
    m->no_device = false;
    m->no_work = false;
    if (!m->wanted || m->want.error || !has_work(m, programs)) {
        xfsm_worker_stop(&m->worker);
        if (!m->wanted) {
            return false;
        }
        m->no_work = true;
    } else {
        check_argv(m, settings);
        if (may_start && xfsm_worker_may_start(&m->worker)) {
            start(m, settings);
        }
        keep_mirror_up(m);
    }
    if (m->worker.state == XFSM_WORKER_READY) {
        introduce(m);
        feed_programs(m, programs);
        join_hub(m, hub);
    }
    return monitor_update_outcome(m, settings, programs);
}

bool
xfsm_monitor_run(struct xfsm_monitor *m, bool changed, bool may_start,
                 const struct xfsm_monitor_settings *settings,
                 struct xfsm_programs *programs, struct xfsm_hub_link *hub)
{
    enum xfsm_worker_state old_state = m->worker.state;
    pid_t old_pid = m->worker.pid;

    m->worker.hang_ms = settings->hang_ms;
    changed |= xfsm_worker_run(&m->worker, handle_message, m);
    changed |= m->dirty;
    m->dirty = false;
    if (time_msec() >= m->join_at) {
        m->join_at = LLONG_MAX;
        changed = true;
    }
    if (!changed && !(may_start && xfsm_monitor_is_queued(m))) {
        return false;
    }
    if (m->worker.state != old_state
        && m->worker.state != XFSM_WORKER_READY) {
        forget_process(m);
    }
    if (run(m, changed, may_start, settings, programs, hub)
        || m->worker.state != old_state || m->worker.pid != old_pid) {
        m->status_unwritten = true;
    }
    return m->status_unwritten;
}

bool
xfsm_monitor_is_queued(const struct xfsm_monitor *m)
{
    return (!m->no_work && (!m->no_device || time_msec() >= m->look_at)
            && xfsm_worker_may_start(&m->worker));
}

void
xfsm_monitor_wait(const struct xfsm_monitor *m)
{
    if (m->dirty) {
        poll_immediate_wake();
    }
    xfsm_worker_wait(&m->worker);
    if (m->no_device) {
        poll_timer_wait_until(m->look_at);
    }
    if (m->join_at != LLONG_MAX) {
        poll_timer_wait_until(m->join_at);
    }
}

bool
xfsm_monitor_is_done(const struct xfsm_monitor *m)
{
    return !m->wanted && m->worker.state == XFSM_WORKER_IDLE;
}
