/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include <config.h>
#include "ovsdb-schema/ovs-compat.h"

#include "controller/sink.h"

#include <stdlib.h>
#include <string.h>

#include "util.h"

/* ## Options ## */

void
xfsm_sink_options_init(struct xfsm_sink_options *o)
{
    memset(o, 0, sizeof *o);
#define INIT_NUMBER(ID, NAME, MIN, MAX, DEFAULT, DOC) o->NAME = DEFAULT;
    XFSM_SINK_NUMBERS(INIT_NUMBER)
#undef INIT_NUMBER
#define INIT_STRING(NAME, DEFAULT, DOC) o->NAME = nullable_xstrdup(DEFAULT);
    XFSM_SINK_STRINGS(INIT_STRING)
#undef INIT_STRING
}

void
xfsm_sink_options_destroy(struct xfsm_sink_options *o)
{
    free(o->target);
    free(o->spool_dir);
#define FREE_STRING(NAME, DEFAULT, DOC) free(o->NAME);
    XFSM_SINK_STRINGS(FREE_STRING)
#undef FREE_STRING
}

/* True if 'setting' begins with the name of the member 'name' and "=". */
static bool
names(const char *setting, const char *name)
{
    for (; *name; name++, setting++) {
        if (*setting != (*name == '_' ? '-' : *name)) {
            return false;
        }
    }
    return *setting == '=';
}

static char *
set_number(int *number, const char *setting, int min, int max)
{
    int value;

    if (!str_to_int(strchr(setting, '=') + 1, 10, &value) || value < min
        || value > max) {
        return xasprintf("\"%s\": must be a number from %d to %d", setting,
                         min, max);
    }
    *number = value;
    return NULL;
}

static char *
set_string(char **string, const char *setting)
{
    const char *value = strchr(setting, '=') + 1;

    if (!*value) {
        return xasprintf("\"%s\": there is no value", setting);
    }
    free(*string);
    *string = xstrdup(value);
    return NULL;
}

char *
xfsm_sink_options_set(struct xfsm_sink_options *o, const char *setting)
{
#define TAKE_NUMBER(ID, NAME, MIN, MAX, DEFAULT, DOC) \
    if (names(setting, #NAME)) { \
        return set_number(&o->NAME, setting, MIN, MAX); \
    }
    XFSM_SINK_NUMBERS(TAKE_NUMBER)
#undef TAKE_NUMBER
#define TAKE_STRING(NAME, DEFAULT, DOC) \
    if (names(setting, #NAME)) { \
        return set_string(&o->NAME, setting); \
    }
    XFSM_SINK_STRINGS(TAKE_STRING)
#undef TAKE_STRING
    return xasprintf("\"%s\": there is no such option of events", setting);
}

/* ## Sinks ## */

bool
xfsm_sink_needs_spool(const char *target)
{
    return target && (!strncmp(target, "nats://", 7)
                      || !strncmp(target, "tls://", 6));
}

char *
xfsm_sink_open(const struct xfsm_sink_options *o, struct xfsm_sink **sinkp)
{
    if (!xfsm_sink_needs_spool(o->target)) {
        return xfsm_sink_file_open(o, sinkp);
    }
#ifdef HAVE_NATS
    if (!o->spool_dir) {
        return xasprintf("events for NATS need --state-dir, where their "
                         "spool is");
    }
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
