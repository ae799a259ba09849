/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include <config.h>
#include "ovsdb-schema/ovs-compat.h"

#include "ovs-plugin/params.h"

#include <string.h>

#include "smap.h"
#include "sset.h"
#include "util.h"

static void
append(struct smap *params, const char *program, const char *setting)
{
    const char *old = smap_get(params, program);

    if (old) {
        char *both = xasprintf("%s,%s", old, setting);

        smap_replace(params, program, both);
        free(both);
    } else {
        smap_add(params, program, setting);
    }
}

char *
xfsm_params_add(const char *text, const struct sset *programs,
                struct smap *params, struct sset *strangers)
{
    char *copy, *item, *save = NULL;

    if (strlen(text) > XFSM_PARAMS_MAX_LEN) {
        return xasprintf("%"PRIuSIZE" bytes, the limit is %d", strlen(text),
                         XFSM_PARAMS_MAX_LEN);
    }
    copy = xstrdup(text);
    for (item = strtok_r(copy, ", \t\r\n", &save); item;
         item = strtok_r(NULL, ", \t\r\n", &save)) {
        char *colon = strchr(item, ':');
        const char *program;

        if (!colon) {
            SSET_FOR_EACH (program, programs) {
                append(params, program, item);
            }
            continue;
        }
        *colon = '\0';
        if (sset_contains(programs, item)) {
            append(params, item, colon + 1);
        } else if (strangers) {
            sset_add(strangers, item);
        }
    }
    free(copy);
    return NULL;
}
