/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include <config.h>
#include "ovsdb-schema/ovs-compat.h"

#include "ovs-plugin/probe.h"

#include <sys/resource.h>

#include "memory.h"
#include "netdev.h"
#include "openvswitch/dynamic-string.h"
#include "ovs-plugin/netdev-ring.h"
#include "ovs-plugin/probe-counters.h"
#include "ovs-plugin/probe-source.h"
#include "simap.h"
#include "unixctl.h"
#include "util.h"
#include "xfsm/base/mem.h"

/* Milliseconds. */
#define CPU_STEP 100

/* Returns the processor time that this process used, in milliseconds, in steps
 * of CPU_STEP: were it exact, the counters of an idle probe would change, and
 * be sent, each time somebody looks. */
static uint64_t
get_cpu_ms(void)
{
    struct rusage usage;
    uint64_t ms = 0;

    if (!getrusage(RUSAGE_SELF, &usage)) {
        ms = (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * UINT64_C(1000)
             + (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1000;
    }
    return ms - ms % CPU_STEP;
}

void
xfsm_probe_each_counter(struct xfsm_probe *probe,
                        void (*cb)(const char *name, uint64_t value,
                                   void *aux),
                        void *aux)
{
    static const char *const drop_names[] = {
#define DROP_NAME(LABEL, URGENT) "publish_drop_" #LABEL,
        XFSM_PUBLISH_LABELS(DROP_NAME)
#undef DROP_NAME
    };
    static const char *const decode_names[] = {
        NULL,
#define DECODE_NAME(ID, NAME, DOC) "decode_" NAME,
        XFSM_DECODE_ERRORS(DECODE_NAME)
#undef DECODE_NAME
    };
    struct xfsm_engine_stats stats;
    struct xfsm_ring_counts counts;
    struct netdev_stats rx;
    int i;

    xfsm_lanes_lock(&probe->lanes);
    xfsm_lanes_get_stats(&probe->lanes, &stats);
#define ENGINE_COUNTER(NAME, DOC) cb(#NAME, stats.NAME, aux);
    XFSM_ENGINE_COUNTERS(ENGINE_COUNTER)
#undef ENGINE_COUNTER
    for (i = 1; i < XFSM_N_DECODE_ERRORS; i++) {
        cb(decode_names[i], stats.decode_errors[i], aux);
    }

    xfsm_source_get_stats(probe->source, &rx);
    if (xfsm_source_get_counts(probe->source, &counts)) {
        cb("rx_received", counts.received, aux);
        cb("rx_packets", counts.taken, aux);
        cb("rx_waiting", counts.received - counts.dropped - counts.taken,
           aux);
        cb("rx_segments", counts.segments, aux);
        cb("rx_headers", counts.headers, aux);
        cb("rx_truncated", rx.rx_length_errors, aux);
        cb("dropped", counts.dropped, aux);
        cb("rx_ring_full", rx.rx_over_errors, aux);
        cb("rx_filtered", xfsm_source_get_spared(probe->source), aux);
    }

    cb("publish_sent", probe->publisher.sent, aux);
    cb("publish_delayed", probe->publisher.delayed, aux);
    cb("publish_queued", xfsm_publisher_count(&probe->publisher), aux);
    for (i = 0; i < XFSM_PUBLISH_N_LABELS; i++) {
        cb(drop_names[i], probe->publisher.dropped[i], aux);
    }
    cb("mitigation_sent", probe->publisher.mitigation_sent, aux);
    cb("mitigation_repeated", probe->publisher.mitigation_repeated, aux);
    cb("mitigation_dropped", probe->publisher.mitigation_dropped, aux);
    xfsm_probe_mail_each_counter(&probe->mail, cb, aux);
    cb("cpu_ms", get_cpu_ms(), aux);
    cb("workers", probe->lanes.n, aux);
    cb("workers_split", probe->lanes.steer != XFSM_STEER_NONE, aux);
    cb("workers_resteered", probe->lanes.resteered, aux);
    xfsm_lanes_unlock(&probe->lanes);
}

void
xfsm_probe_report_memory(struct xfsm_probe *probe)
{
    struct simap usage = SIMAP_INITIALIZER(&usage);
    struct xfsm_program_info info;
    unsigned int i;

    memory_run();
    if (!memory_should_report()) {
        return;
    }
    xfsm_lanes_lock(&probe->lanes);
    for (i = 0; xfsm_lanes_get_program(&probe->lanes, i, &info); i++) {
        simap_increase(&usage, "programs", 1);
        simap_increase(&usage, "keys", MIN(info.keys, UINT_MAX));
        simap_increase(&usage, "timers", MIN(info.timers, UINT_MAX));
        simap_increase(&usage, "table-KiB", MIN(info.bytes / 1024, UINT_MAX));
    }
    xfsm_lanes_unlock(&probe->lanes);
    if (xfsm_mem_huge_bytes()) {
        simap_increase(&usage, "huge-KiB",
                       MIN(xfsm_mem_huge_bytes() / 1024, UINT_MAX));
    }
    simap_increase(&usage, "queued-events",
                   xfsm_publisher_count(&probe->publisher));
    memory_report(&usage);
    simap_destroy(&usage);
}

static void
show_program(const struct xfsm_program_info *info, struct ds *s)
{
    int i;

    ds_put_format(s, "program %s", info->name);
    if (info->version && info->version[0]) {
        ds_put_format(s, " version %s", info->version);
    }
    ds_put_format(s, "\n    back end %s", info->backend);
    ds_put_format(s, "\n    handlers run %"PRIu64", events %"PRIu64
                  ", keys %"PRIu64", timers %"PRIu64"\n",
                  info->handled, info->events, info->keys, info->timers);
    ds_put_format(s, "    tables %"PRIu64" KiB of address space\n",
                  info->bytes / 1024);
    ds_put_cstr(s, "    states");
    for (i = 0; i < info->n_states; i++) {
        ds_put_format(s, "%s %s", i ? "," : "", info->state_names[i]);
        if (info->state_keys[i]) {
            ds_put_format(s, " %"PRIu64, info->state_keys[i]);
        }
    }
    ds_put_char(s, '\n');
}

static void
probe_show(struct unixctl_conn *conn, int argc OVS_UNUSED,
           const char *argv[] OVS_UNUSED, void *probe_)
{
    struct xfsm_probe *probe = probe_;
    struct ds s = DS_EMPTY_INITIALIZER;
    struct xfsm_program_info info;
    unsigned int i;

    ds_put_format(&s, "interface %s (index %u), netdev class %s\n",
                  probe->interface, xfsm_source_ifindex(probe->source),
                  probe->netdev_class);
    ds_put_format(&s, "bridge %s, port %s, epoch %"PRIu64"\n",
                  probe->identity.bridge, probe->identity.port,
                  probe->identity.epoch);
    ds_put_format(&s, "hub %s, %"PRIuSIZE" events wait\n",
                  probe->publisher.sock >= 0 ? "connected" : "absent",
                  xfsm_publisher_count(&probe->publisher));
    xfsm_probe_mail_format(&probe->mail, &s);
    if (probe->filter_text) {
        ds_put_format(&s, "kernel filter:\n%s\n", probe->filter_text);
    }
    if (probe->lanes.n > 1) {
        ds_put_format(&s, "%"PRIuSIZE" workers, packets are told apart %s\n",
                      probe->lanes.n, xfsm_steer_text(probe->lanes.steer));
    }
    if (probe->lanes.note) {
        ds_put_format(&s, "%s\n", probe->lanes.note);
    }
    xfsm_lanes_lock(&probe->lanes);
    for (i = 0; xfsm_lanes_get_program(&probe->lanes, i, &info); i++) {
        show_program(&info, &s);
    }
    xfsm_lanes_unlock(&probe->lanes);
    if (!i) {
        ds_put_cstr(&s, "no program\n");
    }
    unixctl_command_reply(conn, ds_cstr(&s));
    ds_destroy(&s);
}

static void
put_counter(const char *name, uint64_t value, void *s)
{
    ds_put_format(s, "%-24s %-12"PRIu64" %s\n", name, value,
                  xfsm_probe_counter_doc(name));
}

static void
probe_stats(struct unixctl_conn *conn, int argc OVS_UNUSED,
            const char *argv[] OVS_UNUSED, void *probe)
{
    struct ds s = DS_EMPTY_INITIALIZER;

    xfsm_probe_each_counter(probe, put_counter, &s);
    unixctl_command_reply(conn, ds_cstr(&s));
    ds_destroy(&s);
}

static void
probe_exit(struct unixctl_conn *conn, int argc OVS_UNUSED,
           const char *argv[] OVS_UNUSED, void *probe_)
{
    struct xfsm_probe *probe = probe_;

    probe->exiting = true;
    unixctl_command_reply(conn, NULL);
}

void
xfsm_probe_show_init(struct xfsm_probe *probe)
{
    unixctl_command_register("xfsm/show", "", 0, 0, probe_show, probe);
    unixctl_command_register("xfsm/stats", "", 0, 0, probe_stats, probe);
    unixctl_command_register("exit", "", 0, 0, probe_exit, probe);
}
