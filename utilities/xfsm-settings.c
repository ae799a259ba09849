/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include "utilities/xfsm-settings.h"

#include <string.h>

int
xfsm_settings_add(struct xfsm_settings *settings, char *arg)
{
    char *equals = strchr(arg, '=');
    char *colon;

    if (!equals || equals == arg || !equals[1]) {
        return xfsm_tool_usage_error("--param: \"%s\" is not NAME=VALUE", arg);
    }
    if (settings->n >= XFSM_SETTINGS_MAX) {
        return xfsm_tool_usage_error("--param: more than %d of them",
                                     XFSM_SETTINGS_MAX);
    }
    *equals = '\0';
    colon = strrchr(arg, ':');
    if (colon) {
        *colon = '\0';
    }
    settings->items[settings->n].program = colon ? arg : NULL;
    settings->items[settings->n].setting.name = colon ? colon + 1 : arg;
    settings->items[settings->n].setting.value = equals + 1;
    settings->items[settings->n++].used = false;
    return XFSM_EXIT_OK;
}

bool
xfsm_settings_select(struct xfsm_settings *settings,
                     const struct xfsm_document *doc, size_t *n)
{
    int i;

    *n = 0;
    for (i = 0; i < settings->n; i++) {
        const char *program = settings->items[i].program;

        if (!program || !strcmp(program, doc->name)) {
            settings->items[i].used = true;
            settings->selected[(*n)++] = settings->items[i].setting;
        }
    }
    if (*n && xfsm_document_is_image(doc)) {
        xfsm_tool_complain("%s: the parameters of an image were set when it "
                           "was compiled", doc->path);
        return false;
    }
    return true;
}

bool
xfsm_settings_check(const struct xfsm_settings *settings)
{
    bool ok = true;
    int i;

    for (i = 0; i < settings->n; i++) {
        if (!settings->items[i].used) {
            xfsm_tool_complain("--param %s:%s: no program \"%s\" is given",
                               settings->items[i].program,
                               settings->items[i].setting.name,
                               settings->items[i].program);
            ok = false;
        }
    }
    return ok;
}
