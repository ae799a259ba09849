/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include <config.h>
#include "ovsdb-schema/ovs-compat.h"

#include "controller/sink.h"

#include <stdlib.h>
#include <string.h>

#include "controller/spool.h"
#include "util.h"

char *
xfsm_sink_open(const struct xfsm_sink_options *o, struct xfsm_sink **sinkp)
{
    char *error;

    if (!xfsm_sink_needs_spool(o->target)) {
        return xfsm_sink_file_open(o, sinkp);
    }
    error = xfsm_sink_options_check(o);
    if (error) {
        return error;
    }
    if (!o->spool_dir) {
        return xasprintf("%s: needs --state-dir, where the spool of its "
                         "events is", o->target);
    }
    if (!strncmp(o->target, "kafka:", 6)) {
#ifdef HAVE_KAFKA
        return xfsm_sink_kafka_open(o, sinkp);
#else
        return xasprintf("%s: built without Kafka (librdkafka-dev)",
                         o->target);
#endif
    }
#ifdef HAVE_NATS
    return xfsm_sink_nats_open(o, sinkp);
#else
    return xasprintf("%s: built without NATS (libnats-dev)", o->target);
#endif
}

void
xfsm_sink_close(struct xfsm_sink *sink)
{
    if (sink) {
        xfsm_sink_flush(sink);
        sink->class->close(sink);
    }
}

int
xfsm_sink_put(struct xfsm_sink *sink, const char *json, size_t len,
              const struct xfsm_event_view *view)
{
    int error;

    ovs_mutex_lock(&sink->mutex);
    error = sink->class->put(sink, json, len, view);
    ovs_mutex_unlock(&sink->mutex);
    return error;
}

int
xfsm_sink_flush(struct xfsm_sink *sink)
{
    int error;

    ovs_mutex_lock(&sink->mutex);
    error = sink->class->flush(sink);
    ovs_mutex_unlock(&sink->mutex);
    return error;
}

bool
xfsm_sink_get_safe(struct xfsm_sink *sink, uint64_t *last, uint64_t *safe)
{
    if (!sink->class->get_spool) {
        return false;
    }
    ovs_mutex_lock(&sink->mutex);
    *last = xfsm_spool_last(sink->class->get_spool(sink));
    *safe = xfsm_spool_safe(sink->class->get_spool(sink));
    ovs_mutex_unlock(&sink->mutex);
    return true;
}

char *
xfsm_sink_reopen(struct xfsm_sink *sink)
{
    char *error = NULL;

    ovs_mutex_lock(&sink->mutex);
    if (sink->class->reopen) {
        error = sink->class->reopen(sink);
    }
    ovs_mutex_unlock(&sink->mutex);
    return error;
}

void
xfsm_sink_show(struct xfsm_sink *sink, struct ds *ds)
{
    ovs_mutex_lock(&sink->mutex);
    sink->class->show(sink, ds);
    ovs_mutex_unlock(&sink->mutex);
}

bool
xfsm_sink_get_status(struct xfsm_sink *sink, struct xfsm_sink_status *status)
{
    if (!sink->class->get_status) {
        return false;
    }
    ovs_mutex_lock(&sink->mutex);
    sink->class->get_status(sink, status);
    ovs_mutex_unlock(&sink->mutex);
    return true;
}
