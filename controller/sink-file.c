/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include <config.h>
#include "ovsdb-schema/ovs-compat.h"

#include "controller/sink.h"

#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

#include "openvswitch/dynamic-string.h"
#include "util.h"
#include "xfsm/io/file-sink.h"

/* Lines in a file, or on standard output. */
struct file_sink {
    struct xfsm_sink up;
    const char *name;
    struct xfsm_file_sink *file;
};

static struct file_sink *
file_sink_cast(struct xfsm_sink *sink)
{
    return CONTAINER_OF(sink, struct file_sink, up);
}

static int
put(struct xfsm_sink *sink, const char *json, size_t len,
    const struct xfsm_event_view *view OVS_UNUSED)
{
    return xfsm_file_sink_write(file_sink_cast(sink)->file, json, len);
}

static int
flush(struct xfsm_sink *sink)
{
    return xfsm_file_sink_flush(file_sink_cast(sink)->file);
}

static char *
reopen(struct xfsm_sink *sink)
{
    return xfsm_file_sink_reopen(file_sink_cast(sink)->file);
}

static void
show(struct xfsm_sink *sink, struct ds *ds)
{
    const struct file_sink *s = file_sink_cast(sink);

    ds_put_format(ds, "events: %s; %"PRIu64" written, %"PRIu64" lost\n",
                  s->name, xfsm_file_sink_written(s->file),
                  xfsm_file_sink_lost(s->file));
}

static void
close_sink(struct xfsm_sink *sink)
{
    struct file_sink *s = file_sink_cast(sink);

    xfsm_file_sink_close(s->file);
    ovs_mutex_destroy(&sink->mutex);
    free(s);
}

char *
xfsm_sink_file_open(const struct xfsm_sink_options *o,
                    struct xfsm_sink **sinkp)
{
    static const struct xfsm_sink_class class = {
        put, flush, NULL, reopen, show, NULL, close_sink,
    };
    struct xfsm_file_sink *file;
    struct file_sink *s;

    if (o->target) {
        char *error = xfsm_file_sink_open(o->target, &file);

        if (error) {
            return error;
        }
        if (o->rotate_mib) {
            xfsm_file_sink_set_rotation(file, (uint64_t) o->rotate_mib << 20,
                                        o->keep);
        }
    } else {
        file = xfsm_file_sink_from_fd(STDOUT_FILENO);
    }
    s = xmalloc(sizeof *s);
    s->up.class = &class;
    ovs_mutex_init(&s->up.mutex);
    s->name = o->target ? o->target : "standard output";
    s->file = file;
    *sinkp = &s->up;
    return NULL;
}
