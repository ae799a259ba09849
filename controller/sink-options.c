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

bool
xfsm_sink_needs_spool(const char *target)
{
    return target && (!strncmp(target, "nats://", 7)
                      || !strncmp(target, "tls://", 6)
                      || !strncmp(target, "kafka://", 8));
}
