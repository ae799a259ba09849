/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include <config.h>
#include "ovsdb-schema/ovs-compat.h"

#include "ovs-plugin/probe-counters.h"

#include <string.h>

#include "ovs-plugin/probe-publish.h"
#include "util.h"
#include "xfsm/packet/decode.h"
#include "xfsm/runtime/options.h"

struct counter {
    const char *name;
    const char *doc;
    bool gauge;
};

static const struct counter *
find(const char *name)
{
    enum { counter, gauge };
    static const struct counter counters[] = {
#define PROBE_COUNTER(TYPE, NAME, DOC) { #NAME, DOC, TYPE == gauge },
        XFSM_PROBE_COUNTERS(PROBE_COUNTER)
#undef PROBE_COUNTER
#define ENGINE_COUNTER(NAME, DOC) { #NAME, DOC, false },
        XFSM_ENGINE_COUNTERS(ENGINE_COUNTER)
#undef ENGINE_COUNTER
#define DECODE_COUNTER(ID, NAME, DOC) { "decode_" NAME, DOC, false },
        XFSM_DECODE_ERRORS(DECODE_COUNTER)
#undef DECODE_COUNTER
#define DROP_COUNTER(LABEL, URGENT) \
        { "publish_drop_" #LABEL, "Events lost since the hub was too slow", \
          false },
        XFSM_PUBLISH_LABELS(DROP_COUNTER)
#undef DROP_COUNTER
    };
    static const struct counter unknown = { "", "", false };
    size_t i;

    for (i = 0; i < ARRAY_SIZE(counters); i++) {
        if (!strcmp(name, counters[i].name)) {
            return &counters[i];
        }
    }
    return &unknown;
}

const char *
xfsm_probe_counter_doc(const char *name)
{
    return find(name)->doc;
}

bool
xfsm_probe_counter_is_gauge(const char *name)
{
    return find(name)->gauge;
}
