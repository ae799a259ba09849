/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef UTILITIES_XFSM_SETTINGS_H
#define UTILITIES_XFSM_SETTINGS_H 1

/* What options "--param [PROGRAM:]NAME=VALUE" of a command say.
 *
 * Values are checked by the loader, which knows the parameters.  Text of
 * options is cut up and must stay. */

#include <stdbool.h>
#include <stddef.h>

#include "utilities/xfsm.h"
#include "xfsm/program/model.h"

/* Options that a command takes. */
#define XFSM_SETTINGS_MAX 256

struct xfsm_settings {
    int n;
    struct {
        const char *program;    /* NULL: all that the command gets. */
        struct xfsm_setting setting;
        bool used;
    } items[XFSM_SETTINGS_MAX];

    /* What xfsm_settings_select() found. */
    struct xfsm_setting selected[XFSM_SETTINGS_MAX];
};

/* Adds what option 'arg' says.  Returns XFSM_EXIT_OK, or XFSM_EXIT_USAGE
 * after saying what is wrong. */
int xfsm_settings_add(struct xfsm_settings *, char *arg);

/* Stores the settings for the program of 'doc' in 'selected' and returns
 * their number.  For an image that is an error: false is returned after
 * saying so. */
bool xfsm_settings_select(struct xfsm_settings *, const struct xfsm_document *,
                          size_t *n);

/* Says which settings were for a program that the command did not get; false
 * if there is any. */
bool xfsm_settings_check(const struct xfsm_settings *);

#endif /* utilities/xfsm-settings.h */
