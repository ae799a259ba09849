/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include <config.h>
#include "ovsdb-schema/ovs-compat.h"

#include "ovs-plugin/monitor-private.h"

#include "openvswitch/dynamic-string.h"
#include "openvswitch/vlog.h"
#include "ovs-plugin/netdev-ring.h"
#include "ovs-plugin/offload.h"
#include "util.h"

VLOG_DEFINE_THIS_MODULE(monitor_outcome);

/* Longest error told. */
#define ERROR_MAX 1024

const char *
xfsm_monitor_status_name(enum xfsm_monitor_status status)
{
    static const char *const names[] = {
#define STATUS_NAME(ID, NAME) NAME,
        XFSM_MONITOR_STATUSES(STATUS_NAME)
#undef STATUS_NAME
    };

    return names[status];
}

struct outcome {
    size_t n_loaded;
    size_t n_pending;           /* Neither loaded nor an error. */
    struct ds errors;
};

static void
put_error(struct outcome *o, const char *name, const char *error)
{
    ds_put_format(&o->errors, "%s%s: %s", o->errors.length ? "; " : "", name,
                  error);
}

/* Sums up the programs, and adds those that run to 'running'. */
static void
sum_up_programs(const struct xfsm_monitor *m, struct xfsm_programs *programs,
                struct outcome *o, struct svec *running)
{
    const char **names = sset_sort(&m->want.programs);
    size_t i;

    for (i = 0; i < sset_count(&m->want.programs); i++) {
        struct xfsm_agent_program p = monitor_get_program(m, programs,
                                                          names[i]);
        const struct monitor_slot *slot = shash_find_data(&m->slots, names[i]);
        const char *error = p.error ? p.error : slot ? slot->error : NULL;
        bool loaded = slot && slot->loaded;

        if (loaded) {
            o->n_loaded++;
            svec_add(running, names[i]);
        }
        if (p.pending || (!error && (!slot || slot->loaded != p.serial))) {
            o->n_pending++;
        } else if (error) {
            put_error(o, names[i], error);
        }
    }
    free(names);
}

static enum xfsm_monitor_status
judge(const struct xfsm_monitor *m, const struct outcome *o)
{
    bool ready = m->worker.state == XFSM_WORKER_READY;

    if (m->want.error || m->no_device) {
        return XFSM_MONITOR_ERROR;
    } else if (!ready && m->worker.error) {
        return (m->worker.blocked && !strcmp(m->worker.error,
                                             "stopped by request")
                ? XFSM_MONITOR_STOPPED : XFSM_MONITOR_ERROR);
    } else if (o->n_pending) {
        return XFSM_MONITOR_STARTING;
    } else if (o->errors.length) {
        return o->n_loaded ? XFSM_MONITOR_DEGRADED : XFSM_MONITOR_ERROR;
    }
    return ready ? XFSM_MONITOR_RUNNING : XFSM_MONITOR_STARTING;
}

static void
put_note(struct ds *notes, const char *note)
{
    if (note) {
        ds_put_format(notes, "%s%s", notes->length ? "; " : "", note);
    }
}

/* What an operator should know of a probe that runs all the same.  Returns
 * true if that changed. */
static bool
update_notes(struct xfsm_monitor *m, const struct xfsm_monitor_settings *s)
{
    char *ids_note = xfsm_port_ids_note(&m->want.ids);
    struct ds notes = DS_EMPTY_INITIALIZER;
    bool changed;

    if (s->visibility
        && (m->want.mirror || xfsm_offload_may_hide(m->interface))) {
        put_note(&notes, s->visibility);
    }
    if (m->want.mirror) {
        put_note(&notes, "packets come by a mirror of the port, which costs "
                 "the switch, and without their direction");
        put_note(&notes, m->mirror_error);
    } else if (strcmp(monitor_get_class(m, s), XFSM_RING_CLASS)) {
        put_note(&notes, "this netdev class sees only what the port "
                 "receives, and does not count losses");
    }
    put_note(&notes, m->told_note);
    put_note(&notes, ids_note);
    put_note(&notes, m->want.params_note);
    put_note(&notes, m->want.keys_note);
    free(ids_note);
    changed = strcmp(m->notes, ds_cstr(&notes));
    free(m->notes);
    m->notes = ds_steal_cstr(&notes);
    return changed;
}

bool
monitor_update_outcome(struct xfsm_monitor *m,
                       const struct xfsm_monitor_settings *s,
                       struct xfsm_programs *programs)
{
    struct svec running = SVEC_EMPTY_INITIALIZER;
    struct outcome o = { .errors = DS_EMPTY_INITIALIZER };
    enum xfsm_monitor_status status;
    bool changed;
    char *error;

    if (m->want.error) {
        ds_put_cstr(&o.errors, m->want.error);
    } else if (m->no_device) {
        ds_put_format(&o.errors, "no network device \"%s\" in the network "
                      "namespace of ovs-xfsmd", m->interface);
    } else if (m->worker.state != XFSM_WORKER_READY && m->worker.error) {
        ds_put_cstr(&o.errors, m->worker.error);
    }
    sum_up_programs(m, programs, &o, &running);
    status = judge(m, &o);
    if (o.errors.length > ERROR_MAX) {
        ds_truncate(&o.errors, ERROR_MAX);
        ds_put_cstr(&o.errors, "...");
    }
    error = o.errors.length ? ds_steal_cstr(&o.errors) : NULL;
    ds_destroy(&o.errors);
    if (error) {
        xfsm_text_sanitize(error);
    }

    changed = (status != m->status
               || !nullable_string_is_equal(error, m->error)
               || !svec_equal(&running, &m->running));
    if (status != m->status || !nullable_string_is_equal(error, m->error)) {
        VLOG_INFO("%s: %s%s%s", m->interface,
                  xfsm_monitor_status_name(status), error ? ": " : "",
                  error ? error : "");
    }
    m->status = status;
    free(m->error);
    m->error = error;
    svec_swap(&m->running, &running);
    svec_destroy(&running);
    return update_notes(m, s) || changed;
}
