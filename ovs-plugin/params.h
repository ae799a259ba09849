/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef OVS_PLUGIN_PARAMS_H
#define OVS_PLUGIN_PARAMS_H 1

/* Parameters of programs, as external_ids:xfsm-params of a Bridge or a Port
 * sets them: "[PROGRAM:]NAME=VALUE", more of them after commas or spaces.
 * Without PROGRAM, a setting is for all programs of the port.
 *
 * Whether a program has the parameter, and may have the value, is for the
 * compiler to say, which gets the settings as they are written: so what is
 * wrong is told in one place, next to the program's other errors.
 *
 * Pure functions, without state. */

#include <stddef.h>

struct smap;
struct sset;

/* Key in external_ids, and the longest text that it may have. */
#define XFSM_PARAMS_KEY "xfsm-params"
#define XFSM_PARAMS_MAX_LEN 4096

/* Appends the settings of 'text' to 'params', which has for each of
 * 'programs' that has any "NAME=VALUE,NAME=VALUE...", in the order in which
 * they came.  If 'strangers' is not NULL, adds to it what is named as a
 * program and is none of 'programs'.  Returns NULL or, if 'text' is too long,
 * an error, and then changes nothing. */
char *xfsm_params_add(const char *text, const struct sset *programs,
                      struct smap *params, struct sset *strangers);

#endif /* ovs-plugin/params.h */
